"""Filters between channels, and their gradients in the taps, as convolutions of oneDNN.

The work is cut into units by its shapes alone: some arrays of the batch, and where these are few some of the outputs.
A unit is computed by one thread, so that the number of threads changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from math import ceil, prod
from typing import Any, NamedTuple

import numpy as np

from ..compiled.threads import get_threads, share
from .costs import blocked
from .costs import plain as in_order
from .geometry import Geometry
from .onednn import BACKWARD, FORWARD, GRADIENT, Executor, Kind, OneThread, Primitive, Shapes

UNIT, THREADED = 60_000, 150_000  # nanoseconds of a unit at least, and of work that threads share
UNITS, PARTS = 16, 4  # at most so many where one would do, where channels are cut
BLOCK = 32  # channels at least that are cut off, which oneDNN computes together
SUMS = 2**22  # entries of all sums of a gradient


class Unit(NamedTuple):
    """Some arrays of the batch, some groups and some of the channels of each."""

    arrays: tuple[int, int]
    groups: tuple[int, int]
    narrow: tuple[int, int]
    wide: tuple[int, int]


@lru_cache(maxsize=512)
def _primitive(kind: Kind, shapes: Shapes, plain: bool) -> Primitive:
    return Primitive(kind, shapes, plain)


def _shapes(g: Geometry, unit: Unit) -> Shapes:
    """What one unit is for the library."""
    batch, groups, narrow, wide = (stop - first for first, stop in unit)
    large, small = (batch, groups * wide, *g.large), (batch, groups * narrow, *g.small)
    weights = (groups,) * (groups > 1) + (narrow, wide, *g.kernel)
    return Shapes(large, weights, small, g.stride, g.dilation, g.before, g.after)


def _cuts(size: int, pieces: int, step: int = 1) -> list[tuple[int, int]]:
    """0 … size in about so many pieces, each but the last a multiple of ``step``."""
    width = ceil(ceil(size / max(1, pieces)) / step) * step
    return list(pairwise([*range(0, size, width), size]))


class Dense:
    """What filters and gradients share.

    Parameters
    ----------
    geometry : Geometry
    plain : bool
        Whether arrays stay in C order, and convolutions are products of matrices; else the library copies them to
        blocks of channels.
    """

    def __init__(self, geometry: Geometry, plain: bool, gradient: bool = False) -> None:
        self.geometry, self.plain = geometry, plain
        self.cost = in_order if plain else blocked
        self.kind = GRADIENT if gradient else FORWARD if geometry.gathers else BACKWARD
        self.free: dict[Unit, list[Executor]] = {}
        self._of_batch: dict[int, list[Unit]] = {}
        self.primitive(self.units(1)[0])  # what the library has no code for is said here

    def units(self, batch: int) -> list[Unit]:
        """How the work is cut, for a batch."""
        found = self._of_batch.get(batch)
        if found is None:
            found = self._of_batch[batch] = self._units(batch)
        return found

    def _units(self, batch: int) -> list[Unit]:
        g, gradient = self.geometry, self.kind is GRADIENT
        cost = self.cost(g, batch, gradient)
        wanted = int(min(UNITS, cost / UNIT)) if cost > THREADED else 1
        most = max(1, SUMS // (g.groups * g.narrow * g.wide * g.taps)) if gradient else batch
        arrays = _cuts(batch, min(most, max(wanted, int(cost / UNIT / 2)) if wanted > 1 else 1))
        parts = min(wanted, PARTS) // len(arrays) if len(arrays) == batch else 1  # channels of several lie apart
        whole = (0, g.groups), (0, g.narrow), (0, g.wide)
        if parts < 2:
            return [Unit(a, *whole) for a in arrays]
        if g.groups > 1:
            return [Unit(a, part, *whole[1:]) for a in arrays for part in _cuts(g.groups, parts)]
        is_narrow = gradient or g.gathers
        size = g.narrow if is_narrow else g.wide
        pieces = _cuts(size, min(parts, size // BLOCK), BLOCK)
        channels = [(piece, whole[2]) if is_narrow else (whole[1], piece) for piece in pieces]
        return [Unit(a, whole[0], *c) for a in arrays for c in channels]

    def primitive(self, unit: Unit) -> Primitive:
        """What computes a unit."""
        return _primitive(self.kind, _shapes(self.geometry, unit), self.plain)

    def share(self, part: Callable[[Unit], None], units: list[Unit], threads: int) -> None:
        """part(unit) for all of them."""

        def several(first: int, stop: int, _: None) -> None:
            with OneThread():
                for unit in units[first:stop]:
                    part(unit)

        share(several, len(units), threads)

    def places(self, large: np.ndarray, small: np.ndarray, unit: Unit) -> tuple[int, int]:
        """Where the arrays of a unit begin."""
        g, (batch, groups, narrow, wide) = self.geometry, (first for first, _ in unit)
        rows = batch * g.groups + groups
        return (
            large.ctypes.data + large.itemsize * (rows * g.wide + wide) * prod(g.large),
            small.ctypes.data + small.itemsize * (rows * g.narrow + narrow) * prod(g.small),
        )


class Convolution(Dense):
    """y_n = Σ_j H_j x_{(M n − j)/L} where L = 1 or M = 1, in float32, ready to run.

    Parameters
    ----------
    geometry, plain
        As of :class:`Dense`.
    taps : ndarray
        Those of the filter, in float32.
    otherwise : function
        y from x where NaNs occur: the library may multiply them by zeros.
    """

    def __init__(self, geometry: Geometry, plain: bool, taps: np.ndarray, otherwise: Callable[..., None]) -> None:
        super().__init__(geometry, plain)
        self.weights, self.otherwise = geometry.weights(taps), otherwise
        self.ordered: dict[Any, np.ndarray] = {}
        outs, ins = geometry.groups * geometry.outs, geometry.groups * geometry.ins
        before, after = (geometry.large, geometry.small)[:: 1 if geometry.gathers else -1]
        self.shape_in, self.shape_out = (ins, *before), (outs, *after)

    def run(self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None) -> Any:
        """y, or y + the filtered x where ``add``; x has the shape (…, \\*shape_in)."""
        lead = x.shape[: x.ndim - len(self.shape_in)]
        x = np.ascontiguousarray(x)
        made = np.empty(lead + self.shape_out, np.float32) if y is None or add else y
        if made.size:
            self._fill(x, made, prod(lead), get_threads() if threads is None else threads)
        if add and y is not None:
            y += made
            return y
        return made

    def _fill(self, x: np.ndarray, y: np.ndarray, batch: int, threads: int) -> None:
        large, small = (x, y) if self.geometry.gathers else (y, x)
        units, marks = self.units(batch), []
        channels = y.reshape(batch, self.geometry.groups, self.geometry.outs, -1)

        def part(unit: Unit) -> None:
            free = self._free(unit)
            run = free.pop() if free else self._executor(unit)
            run(*self.places(large, small, unit))
            free.append(run)
            arrays, groups, *sides = unit
            of_unit = slice(*arrays), slice(*groups), slice(*sides[0 if self.geometry.gathers else 1])
            marks.append(np.maximum.reduce(channels[of_unit], axis=None))

        self.share(part, units, threads)
        if any(mark != mark for mark in marks):
            y[...] = 0
            self.otherwise(y, x)

    def _free(self, unit: Unit) -> list[Executor]:
        """Executors that no thread uses, for units of one shape that read the same weights."""
        (first, stop), *where = unit
        key: Any = (stop - first, *where)
        found = self.free.get(key)
        return self.free.setdefault(key, []) if found is None else found

    def _executor(self, unit: Unit) -> Executor:
        primitive = self.primitive(unit)
        where = tuple(unit[1:])
        key: Any = where, primitive.shapes.large[0]  # the layout may depend on how many arrays there are
        found = self.ordered.get(key)
        if found is None:  # several threads may come here at once: one of their arrays is kept
            cut = tuple(slice(*span) for span in where)
            made = primitive.reordered(np.ascontiguousarray(self.weights[cut]))
            found = self.ordered.setdefault(key, made)
        return Executor(primitive, found)


class Gradient(Dense):
    """G_j[o, i] = Σ_n y[o, n] x[i, (M n − j)/L] in float32.

    Parameters
    ----------
    geometry, plain
        As of :class:`Dense`.
    numbers : ndarray
        Taps of the filter, each the number of its entry in the result, from 1 on.
    """

    def __init__(self, geometry: Geometry, plain: bool, numbers: np.ndarray) -> None:
        super().__init__(geometry, plain, gradient=True)
        self.order = geometry.weights(numbers)[0, 0, 0].reshape(-1).astype(np.int64) - 1
        self.count = int(numbers.max())
        self.is_ordered = np.array_equal(self.order, np.arange(self.count))

    def run(self, y: np.ndarray, x: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The gradient (groups, outs, ins, taps) for y (batch, groups · outs, \\*space) and x (batch, groups · ins, …).

        Where the result is not finite, a NaN may have reached taps that do not read it: compute it otherwise.
        """
        g = self.geometry
        large, small = (np.ascontiguousarray(a, np.float32) for a in ((x, y) if g.gathers else (y, x)))
        if not x.size or not y.size:
            return np.zeros((g.groups, g.outs, g.ins, self.count), np.float32)
        units = self.units(len(x))
        spans = list(dict.fromkeys(unit.arrays for unit in units))
        sums = np.empty((len(spans), g.groups, g.narrow, g.wide, g.taps), np.float32)

        def part(unit: Unit) -> None:
            to = sums[spans.index(unit.arrays)][tuple(slice(*span) for span in unit[1:])]
            free = self.free.setdefault(_alike(unit), [])
            run = free.pop() if free else Executor(self.primitive(unit), None)
            run(*self.places(large, small, unit), to.ctypes.data)
            free.append(run)

        self.share(part, units, get_threads() if threads is None else threads)
        found = sums[0]
        for more in sums[1:]:
            found = found + more
        if not self.is_ordered:
            ordered = np.zeros((*found.shape[:3], self.count), np.float32)  # some taps may meet no sample
            ordered[..., self.order] = found
            found = ordered
        return found if g.gathers else found.swapaxes(1, 2)


def _alike(unit: Unit) -> Any:
    """What units have in common that one executor serves."""
    return Unit(*((0, stop - first) for first, stop in unit))
