"""Filters on one axis for short arrays, by what NumPy has in machine code: correlations and matrix products.

    y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j.

With g = gcd(L, M), L = g L', M = g M' the output L' further on reads what lies M' further on.  So the outputs
p, p + L', p + 2 L' … are every M'-th value of one correlation (:class:`Dots`), and b L' outputs in a row come from the
samples that they read by one matrix, the same for every such *block* (:class:`BlockToeplitz`).

A matrix has zeros where a tap reads nothing, and 0 · NaN is NaN: samples that are not finite are left to slices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Any, Literal

import numpy as np

from ..arrays.arithmetic import put
from ..arrays.window import Window
from ..filters.fir import Fir
from ..filters.remembered import remembered
from .compiled.axes import axis_of
from .way import spans

ENTRIES = 4096  # of a matrix that is applied at once, not block by block
PRODUCTS = 2**18  # multiply-adds of one matrix product, below which BLAS starts no threads
SHORT_TAPS = 11  # up to which NumPy's correlation of real numbers is no list of dot products
MANY_PHASES = 8
INDEX_LIMIT = 2**40  # beyond, indices are left to slices

# Nanoseconds (measured): of a call, of a multiply-add.  A call of tiles takes 4500; the rest is for loading the code.
CALL_DOTS, CALL_PLACED, CALL_MATRIX, CALL_BLOCKS, CALL_FINITE, CALL_TILES = 500, 500, 1200, 3500, 700, 8000
PRODUCT = {"f4": 0.03, "f8": 0.08, "c8": 0.2, "c16": 0.4}


class Geometry:
    """Which samples the outputs of a window read: output p + L' i reads x at M' i + e, for each tap its p and e.

    Attributes
    ----------
    up, down : int
        L' and M'; where M is negative, of x read backwards.
    outputs, inputs : int
        The sizes of the windows.
    where, phase, offset : ndarray
        Of every tap that reads and is not zero: its place, its p and its e.
    """

    def __init__(self, fir: Fir, written: Window, read: Window) -> None:
        (out,), (self.inputs,), (start,), (up,), (down,) = spans(written), read.shape, fir.start, fir.up, fir.down
        self.outputs, self.is_reversed, where = out[1], down < 0, np.flatnonzero(fir.taps)
        axis = axis_of((where if fir.places is None else fir.places[0]) + start, up, down, out, spans(read)[0])
        self.up, self.down, self.where = axis.up, axis.down, where[axis.reads]
        self.phase, self.offset = axis.phase[axis.reads], axis.offset[axis.reads]

    @cached_property
    def ends(self) -> tuple[int, int]:
        """The least and the largest e."""
        return int(self.offset.min()), int(self.offset.max())

    @cached_property
    def reach(self) -> int:
        """How many samples one step of all phases reads."""
        return self.ends[1] - self.ends[0] + 1

    @property
    def steps(self) -> int:
        """How many i there are."""
        return -(-self.outputs // self.up)


def geometry(fir: Fir, written: Window, read: Window) -> Geometry | None:
    """The geometry of a filter on one axis, remembered with it; None where nothing is read or numbers are too large."""
    return remembered(fir, "_geometry", (written, read), lambda: (_geometry(fir, written, read),))[0]


def _geometry(fir: Fir, written: Window, read: Window) -> Geometry | None:
    if len(fir.start) != 1 or fir.mixes or not written.size or not read.size:
        return None
    numbers = (*written.starts, *written.shape, *read.starts, *read.shape, *fir.start, *fir.shape)
    if max(map(abs, numbers)) * max(*fir.up, *map(abs, fir.down)) ** 2 > INDEX_LIMIT:
        return None
    found = Geometry(fir, written, read)
    return found if found.where.size else None


# What each way costs ------------------------------------------------------------------------------------------


def dots_cost(g: Geometry, batch: int, dtype: Any) -> float | None:
    """Nanoseconds of :class:`Dots`; None where it cannot be taken."""
    if batch != 1 or g.up > MANY_PHASES:
        return None
    placed = 2 * CALL_PLACED if g.up > 1 else CALL_PLACED if g.down > 1 else 0
    return g.up * (CALL_DOTS + placed) + _output(min(g.reach, g.inputs), dtype) * g.outputs * g.down


def tiles_cost(work: int, batch: int, dtype: Any) -> float:
    """Nanoseconds of compiled tiles."""
    return CALL_TILES + 500 * batch + 2 * work * PRODUCT.get(dtype.str[1:], 1.0)


def slices_cost(fir: Fir, written: Window, batch: int) -> float:
    """Nanoseconds of one slice per tap."""
    return 3000 + np.count_nonzero(fir.taps) * (1500 + batch * written.size / prod(fir.up))


def _output(taps: int, dtype: Any) -> float:
    if dtype.kind == "c":
        return 20 + 0.4 * taps
    if dtype.kind == "i":
        return 3 + 0.7 * taps
    return 0.4 + 0.25 * taps if taps <= SHORT_TAPS else 14 + 0.15 * taps


def blocks_cost(g: Geometry, batch: int, dtype: Any) -> float | None:
    """Nanoseconds of :class:`BlockToeplitz`; None where it cannot be taken."""
    if dtype.kind == "i":
        return None
    steps = _steps_of_block(g)
    width, height = g.down * (steps - 1) + g.reach, g.up * steps
    width = min(width, g.inputs) if steps == g.steps else width
    count = batch * -(-g.steps // steps)
    work = count * width * height
    if work * (4 if dtype.kind == "c" else 1) > PRODUCTS:
        return None
    call = CALL_MATRIX if steps == g.steps else CALL_BLOCKS
    return call + CALL_FINITE + work * PRODUCT[dtype.str[1:]] + 0.5 * count * (width + height)


def _steps_of_block(g: Geometry) -> int:
    """How many i make a block: all where the matrix is small, else such that its outputs fill the registers of BLAS."""
    if min(g.down * (g.steps - 1) + g.reach, g.inputs) * g.outputs <= ENTRIES or g.steps == 1:
        return g.steps
    wanted = max(1, -(-max(32, g.reach) // (g.up * g.down)))
    count = -(-g.steps // min(wanted, g.steps))
    return -(-g.steps // count)


# Running ------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Small:
    """What both ways share: the filter, the windows, and slices where a result is not finite."""

    fir: Fir
    written: Window
    read: Window
    dtype: Any
    g: Geometry

    def run(self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False) -> np.ndarray:
        """y, or y + the filtered x where ``add``; x has the shape (…, samples)."""
        found = self.filtered(x)
        if found is None:
            if y is None:
                y = np.zeros((*x.shape[:-1], self.g.outputs), self.dtype)
            elif not add:
                y[...] = 0
            self.fir.add_to(y, x, self.written, self.read)
            return y
        return found if y is None else put(found, y, add)

    def filtered(self, x: np.ndarray) -> np.ndarray | None:
        """The filtered x, or None where a zero could carry a NaN to it."""
        raise NotImplementedError

    def ready(self, ndim: int) -> Callable[[np.ndarray], np.ndarray]:
        """``run`` for arrays of the dtype and of so many axes."""
        return self.run


@dataclass(eq=False)
class _Phase:
    """One correlation: its taps, what it reads and how, and where its results go."""

    taps: np.ndarray
    source: slice
    mode: Literal["valid", "full"]
    found: slice
    to: slice


class Dots(_Small):
    """One correlation for every phase of the output, for an array without a batch."""

    @cached_property
    def _phases(self) -> list[_Phase]:
        """Those that read anything."""
        found = []
        for p in range(min(self.g.up, self.g.outputs)):
            at = np.flatnonzero(self.g.phase == p)
            if at.size:
                found += self._phase(p, self.g.offset[at], self.fir.taps_in(self.dtype)[self.g.where[at]])
        return found

    def _phase(self, p: int, offset: np.ndarray, entries: np.ndarray) -> list[_Phase]:
        g, low, high = self.g, int(offset.min()), int(offset.max())
        taps = np.zeros(high - low + 1, self.dtype)
        taps[offset - low] = entries.conj()  # numpy.correlate conjugates them again
        steps = -(-(g.outputs - p) // g.up)
        first, stop = max(0, low), min(g.inputs, g.down * (steps - 1) + high + 1)
        if stop <= first:
            return []
        is_inside = low >= 0 and stop == g.down * (steps - 1) + high + 1
        # The correlation has a value for each place of the first tap from ``begin`` on.
        begin = first if is_inside else first - (taps.size - 1)
        count = stop - first + (taps.size - 1) * (-1 if is_inside else 1)
        i0 = max(0, -((low - begin) // g.down))
        i1 = min(steps, -((low - begin - count) // g.down))
        at = g.down * i0 + low - begin
        found = slice(at, at + g.down * (i1 - i0 - 1) + 1, g.down)
        to = slice(p + g.up * i0, p + g.up * (i1 - 1) + 1, g.up)
        return [_Phase(taps, slice(first, stop), "valid" if is_inside else "full", found, to)] if i1 > i0 else []

    @cached_property
    def _is_exact(self) -> bool:
        """Whether no number that is multiplied is zero, nor a part of it, so that none can carry a NaN."""
        parts = [(p.taps.real, p.taps.imag) if self.dtype.kind == "c" else (p.taps,) for p in self._phases]
        return self.dtype.kind == "i" or all(part.all() for pair in parts for part in pair)

    @cached_property
    def _only(self) -> _Phase | None:
        """The one phase whose results are the output, where there is no other."""
        phases = self._phases
        return phases[0] if len(phases) == 1 and phases[0].to == slice(0, self.g.outputs, 1) else None

    def ready(self, ndim: int) -> Callable[[np.ndarray], np.ndarray]:
        """``run`` for arrays of the dtype and of so many axes: a call of NumPy alone where that is all."""
        g, only = self.g, self._only
        if only is None or ndim > 1 or g.is_reversed:
            return self.run
        alone, zeros = self._alone(only), np.zeros(g.inputs, self.dtype)
        return alone if self._is_exact else lambda x: alone(x) if np.vdot(x, zeros) == 0 else self.run(x)

    def _alone(self, only: _Phase) -> Callable[[np.ndarray], np.ndarray]:
        """The one correlation, for samples that are finite or not multiplied by 0."""
        g = self.g
        source, taps, mode, found = only.source, only.taps, only.mode, only.found
        if found.step > 1:
            return lambda x: np.correlate(x[source], taps, mode)[found].copy()
        made = source.stop - source.start + (taps.size - 1) * (-1 if mode == "valid" else 1)
        if source == slice(0, g.inputs) and found == slice(0, made, 1):
            return partial(np.correlate, v=taps, mode=mode)
        return lambda x: np.correlate(x[source], taps, mode)[found]

    def filtered(self, x: np.ndarray) -> np.ndarray | None:
        """The filtered x, or None where a zero could carry a NaN to it."""
        if not self._is_exact and not is_finite(x):
            return None
        data = x if x.ndim == 1 else x.reshape(-1)
        data = data if data.dtype == self.dtype else data.astype(self.dtype)
        data = data[::-1] if self.g.is_reversed else data
        only = self._only
        if only is not None:
            y = np.correlate(data[only.source], only.taps, only.mode)[only.found]
            y = y if self.g.down == 1 else y.copy()
        else:
            y = np.zeros(self.g.outputs, self.dtype)
            for p in self._phases:
                y[p.to] = np.correlate(data[p.source], p.taps, p.mode)[p.found]
        return y if x.ndim == 1 else y.reshape(*x.shape[:-1], -1)


class BlockToeplitz(_Small):
    """Blocks of outputs, each the product of the samples that it reads with one matrix."""

    @cached_property
    def steps(self) -> int:
        """How many i make a block."""
        return _steps_of_block(self.g)

    @cached_property
    def count(self) -> int:
        """How many blocks there are."""
        return -(-self.g.steps // self.steps)

    @cached_property
    def matrix(self) -> np.ndarray:
        """From the samples of a block, as rows, to its outputs; of a single block, for the samples that are there."""
        g = self.g
        matrix = np.zeros((g.down * (self.steps - 1) + g.reach, g.up * self.steps), self.dtype)
        i = np.arange(self.steps)[:, None]
        matrix[g.down * i + g.offset - g.ends[0], g.up * i + g.phase] = self.fir.taps_in(self.dtype)[g.where]
        if self.count > 1:
            return matrix
        _, to = self._source
        return np.ascontiguousarray(matrix[to, : g.outputs])

    @cached_property
    def _source(self) -> tuple[slice, slice]:
        """Which samples are read, and where they stand among all that the blocks read, the first at ``ends[0]``."""
        g = self.g
        low = g.ends[0]
        first = max(0, low)
        stop = max(first, min(g.inputs, low + self._length))
        return slice(first, stop), slice(first - low, stop - low)

    @cached_property
    def _length(self) -> int:
        return self.g.down * (self.count * self.steps - 1) + self.g.reach

    def filtered(self, x: np.ndarray) -> np.ndarray | None:
        """The filtered x, or None where a zero could carry a NaN to it."""
        if not is_finite(x):
            return None
        g, matrix = self.g, self.matrix
        source, to = self._source
        data = x[..., ::-1] if g.is_reversed else x
        if self.count == 1:
            data = data[..., source]
            return (data if data.dtype == self.dtype else data.astype(self.dtype)).dot(matrix)
        batch = prod(x.shape[:-1])
        padded = np.zeros((*x.shape[:-1], self._length), self.dtype)
        padded[..., to] = data[..., source]
        item, step = padded.itemsize, g.down * self.steps
        strides = (self._length * item, step * item, item)
        rows = np.ndarray((batch, self.count, len(matrix)), self.dtype, padded, 0, strides)
        y = rows.reshape(-1, len(matrix)).dot(matrix).reshape(*x.shape[:-1], -1)
        return y if y.shape[-1] == g.outputs else np.ascontiguousarray(y[..., : g.outputs])


def is_finite(x: np.ndarray) -> bool:
    """Whether all samples are; unlike ufuncs and other products this one warns of nothing."""
    return bool(np.vdot(x, np.zeros(x.size, x.dtype)) == 0)
