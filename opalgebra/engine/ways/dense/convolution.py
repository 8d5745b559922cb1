"""Filters between channels, and their gradients in the taps, as convolutions of oneDNN.

The work is cut into units by its shapes alone: some arrays of the batch, and where these are few some of the outputs.
A unit is computed by one thread, so that the number of threads changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from itertools import pairwise, product
from math import ceil, prod
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..compiled.threads import get_threads, share
from .costs import blocked
from .costs import plain as on_plain
from .geometry import Geometry
from .onednn import BACKWARD, FORWARD, GRADIENT, Executor, Kind, OneThread, Primitive, Shapes

UNIT, THREADED = 60_000, 150_000  # nanoseconds of a unit at least, and of work that threads share
UNITS, PARTS = 16, 4  # at most so many where one would do, where channels are cut
BLOCK = 32  # channels at least that are cut off, which oneDNN computes together
SUMS = 2**22  # entries of all sums of a gradient
SCRATCH = 2**26  # bytes of scratch memory of a thread at most: where copies would take more, nothing is copied


class Unit(NamedTuple):
    """Some arrays of the batch, some groups and some of the channels of each: from where on, and where they stop."""

    arrays: tuple[int, int]
    groups: tuple[int, int]
    narrow: tuple[int, int]
    wide: tuple[int, int]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many of each."""
        return tuple([stop - first for first, stop in self])

    @property
    def weights(self) -> tuple[slice, ...]:
        """Where the weights of the unit lie."""
        return tuple([slice(*span) for span in self[1:]])


class Piece(NamedTuple):
    """A unit, and where its arrays begin, in bytes."""

    unit: Unit
    key: Any  # of executors that serve it
    large: int
    small: int
    outputs: tuple[slice, ...]  # of (batch, groups, outs)


@lru_cache(maxsize=128)
def _primitive(kind: Kind, shapes: Shapes, plain: bool) -> Primitive:
    return Primitive(kind, shapes, plain)


def cuts(size: int, pieces: int, step: int = 1) -> list[tuple[int, int]]:
    """0 … size in about so many pieces, each but the last a multiple of ``step``."""
    width = ceil(ceil(size / max(1, pieces)) / step) * step
    return list(pairwise([*range(0, size, width), size]))


def in_order(x: np.ndarray) -> np.ndarray:
    """x as the library reads it."""
    return x if x.flags.c_contiguous and x.flags.aligned else np.array(x, order="C")


class Dense:
    """What filters and gradients share.

    Parameters
    ----------
    geometry : Geometry
    plain : bool
        Whether arrays stay in C order, and convolutions are products of matrices; else the library copies them to
        blocks of channels.

    Raises
    ------
    NotImplementedError
        Where the library has no code for one array but its reference, which is slow.
    """

    one_thread: ClassVar[type[AbstractContextManager[None]]] = OneThread  # of the library

    def __init__(self, geometry: Geometry, plain: bool, gradient: bool = False) -> None:
        self.geometry, self.plain, self.is_gradient = geometry, plain, gradient
        self.kind = GRADIENT if gradient else FORWARD if geometry.gathers else BACKWARD
        self.free: dict[Any, list[Executor]] = {}
        self._of_batch: dict[int, list[Piece]] = {}
        self.primitive(self._one_by_one(1)[0])

    def pieces(self, batch: int) -> list[Piece]:
        """How the work is cut, for a batch."""
        found = self._of_batch.get(batch)
        if found is None:
            found = self._of_batch[batch] = list(map(self._piece, self._units(batch)))
        return found

    def _units(self, batch: int) -> list[Unit]:
        """Units for which the library has code."""
        units = self._wanted(batch)
        try:
            for unit in units:
                self.primitive(unit)
        except NotImplementedError:
            return self._one_by_one(batch)
        return units

    def _one_by_one(self, batch: int) -> list[Unit]:
        g = self.geometry
        return [Unit((i, i + 1), (0, g.groups), (0, g.narrow), (0, g.wide)) for i in range(batch)]

    def _wanted(self, batch: int) -> list[Unit]:
        g, gradient = self.geometry, self.is_gradient
        cost = (on_plain if self.plain else blocked)(g, batch, gradient)
        count = int(min(UNITS, cost / UNIT)) if cost > THREADED else 1
        most = max(1, SUMS // g.weights_count) if gradient else batch
        arrays = cuts(batch, min(most, max(count, int(cost / UNIT / 2)) if count > 1 else 1))
        parts = min(count, PARTS) // len(arrays) if len(arrays) == batch else 1  # channels of several lie apart
        groups, narrow, wide = [(0, g.groups)], [(0, g.narrow)], [(0, g.wide)]
        if parts > 1 and g.groups > 1:
            groups = cuts(g.groups, parts)
        elif parts > 1 and (gradient or g.gathers):
            narrow = cuts(g.narrow, min(parts, g.narrow // BLOCK), BLOCK)
        elif parts > 1:
            wide = cuts(g.wide, min(parts, g.wide // BLOCK), BLOCK)
        return [Unit(*cut) for cut in product(arrays, groups, narrow, wide)]

    def _piece(self, unit: Unit) -> Piece:
        g, (batch, groups, narrow, wide) = self.geometry, (first for first, _ in unit)
        rows, item = batch * g.groups + groups, np.dtype(np.float32).itemsize
        large = item * (rows * g.wide + wide) * prod(g.large)
        small = item * (rows * g.narrow + narrow) * prod(g.small)
        outs = unit.narrow if g.gathers else unit.wide
        key = unit.sizes if self.kind is GRADIENT else (unit.sizes, *unit[1:])
        return Piece(unit, key, large, small, (slice(*unit.arrays), slice(*unit.groups), slice(*outs)))

    def primitive(self, unit: Unit) -> Primitive:
        """What computes a unit."""
        g, (batch, groups, narrow, wide) = self.geometry, unit.sizes
        large, small = (batch, groups * wide, *g.large), (batch, groups * narrow, *g.small)
        weights = (groups,) * (groups > 1) + (narrow, wide, *g.kernel)
        shapes = Shapes(large, weights, small, g.stride, g.dilation, g.before, g.after)
        made = _primitive(self.kind, shapes, self.plain)
        if made.scratch > SCRATCH:
            raise NotImplementedError(f"oneDNN would need {made.scratch:,} bytes of scratch memory for {shapes}")
        return made

    def share(self, part: Callable[[Piece], None], pieces: list[Piece], threads: int) -> None:
        """part(piece) for all of them."""

        def several(first: int, stop: int, _: None) -> None:
            with self.one_thread():
                for piece in pieces[first:stop]:
                    part(piece)

        share(several, len(pieces), threads)

    def compute(self, piece: Piece, *places: int) -> None:
        """Run with an executor that no other thread uses."""
        free = self.free.setdefault(piece.key, [])
        try:
            run = free.pop()
        except IndexError:  # asking first would leave time for another thread to take it
            run = self.executor(piece.unit)
        run(*places)
        free.append(run)

    def executor(self, unit: Unit) -> Executor:
        """A new one for a unit."""
        return Executor(self.primitive(unit), None)


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
        x = in_order(x)
        made = np.empty(lead + self.shape_out, np.float32) if y is None or add else y
        if made.size:
            self._fill(x, made, prod(lead), get_threads() if threads is None else threads)
        if add and y is not None:
            y += made
            return y
        return made

    def _fill(self, x: np.ndarray, y: np.ndarray, batch: int, threads: int) -> None:
        large, small = (a.ctypes.data for a in ((x, y) if self.geometry.gathers else (y, x)))
        channels, marks = y.reshape(batch, self.geometry.groups, self.geometry.outs, -1), []

        def part(piece: Piece) -> None:
            self.compute(piece, large + piece.large, small + piece.small)
            marks.append(np.maximum.reduce(channels[piece.outputs], axis=None))

        self.share(part, self.pieces(batch), threads)
        if any(mark != mark for mark in marks):
            y[...] = 0
            self.otherwise(y, x)

    def executor(self, unit: Unit) -> Executor:
        """A new one for a unit, which reads its weights."""
        primitive, key = self.primitive(unit), (unit.sizes, *unit[1:])
        found = self.ordered.get(key)
        if found is None:  # several threads may come here at once: one of their arrays is kept
            made = primitive.reordered(np.ascontiguousarray(self.weights[unit.weights]))
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
        self.put, self.count = geometry.numbered(numbers), int(numbers.max())

    def run(self, y: np.ndarray, x: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The gradient (groups, outs, ins, taps) for y (batch, groups · outs, \\*space) and x (batch, groups · ins, …).

        Where the result is not finite, a NaN may have reached taps that do not read it: compute it otherwise.
        """
        g = self.geometry
        if not x.size or not y.size:
            return np.zeros((g.groups, g.outs, g.ins, self.count), np.float32)
        x, y = in_order(x), in_order(y)
        large, small = (a.ctypes.data for a in ((x, y) if g.gathers else (y, x)))
        pieces = self.pieces(len(x))
        width = pieces[0].unit.sizes[0]  # of the batch, of all but the last
        sums = np.empty((-(-len(x) // width), g.groups, g.narrow, g.wide, g.taps), np.float32)

        def part(piece: Piece) -> None:
            to = sums[piece.unit.arrays[0] // width][piece.unit.weights]
            self.compute(piece, large + piece.large, small + piece.small, to.ctypes.data)

        self.share(part, pieces, get_threads() if threads is None else threads)
        found = sums[0]
        for more in sums[1:]:
            found += more
        found = self.put(found)
        return found if g.gathers else found.swapaxes(1, 2)
