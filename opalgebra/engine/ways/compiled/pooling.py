"""Maxima of windows, sums into chosen places, and shuffles of samples between channels and space, compiled.

Results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from . import runs
from .kernels import loop
from .loops.layout import Shuffle, Span, packed
from .runs import only_read
from .threads import get_threads, share

#: What maxima are taken of.
ORDERED = frozenset(map(np.dtype, ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")))
#: What is added into chosen places.
ADDED = frozenset(map(np.dtype, ("f4", "f8", "i8")))
#: Bytes of the samples that are shuffled.
MOVED = (4, 8)


def _threads(operations: int, samples: int) -> int:
    return get_threads() if operations + runs.SAMPLE_COST * samples > runs.THREAD_WORK else 1


def _flat(x: np.ndarray) -> np.ndarray:
    """The samples in C order, of an array that is only read."""
    return only_read(x).reshape(-1)


class Sweep(NamedTuple):
    """One axis of a sliding window: output m reads m·stride + j·dilation + start for 0 ≤ j < kernel, where inside."""

    kernel: int
    stride: int
    dilation: int
    start: int
    inputs: int
    outputs: int


class Windows:
    """Where sliding windows lie in an array.

    Attributes
    ----------
    rows : ndarray
        For each row of outputs the first samples of the rows that it reads, −1 for rows outside.
    spans : ndarray
        A :class:`~.layout.Span` for each tap of the last axis that reads anything.
    """

    def __init__(self, axes: Sequence[Sweep]) -> None:
        *lead, last = axes
        self.sizes, self.out = tuple([a.inputs for a in axes]), tuple([a.outputs for a in axes])
        self.step, self.taps = last.stride, prod(a.kernel for a in axes)
        self.rows = self._rows(lead)
        reads = [last.start + j * last.dilation for j in range(last.kernel)]
        first = [max(0, -(at // last.stride)) for at in reads]
        stop = [min(last.outputs, (last.inputs - 1 - at) // last.stride + 1) for at in reads]
        spans = [Span(a, b - a, at + a * last.stride) for a, b, at in zip(first, stop, reads, strict=True) if a < b]
        self.spans = packed(Span, spans)

    def _rows(self, lead: Sequence[Sweep]) -> np.ndarray:
        rank, places, inside = len(lead), np.zeros((), np.int64), np.ones((), bool)
        for axis, sweep in enumerate(lead):
            m, j = np.arange(sweep.outputs)[:, None], np.arange(sweep.kernel)
            at = m * sweep.stride + j * sweep.dilation + sweep.start
            on = tuple(other for other in range(2 * rank) if other not in (axis, rank + axis))  # outputs, then taps
            places = places + np.expand_dims(at * prod(self.sizes[axis + 1 :]), on)
            inside = inside & np.expand_dims((at >= 0) & (at < sweep.inputs), on)
        shape = prod(self.out[:rank]), prod(sweep.kernel for sweep in lead)
        return np.where(inside, places, -1).reshape(shape)

    def maxima(self, x: np.ndarray) -> np.ndarray:
        """The largest sample of each window of x (…, \\*sizes), the smallest number where there is none."""
        return self._pooled(x, ())

    def chosen(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same, and the place of each in the flattened window axes, the first of equal ones; −1 for none."""
        places = self._empty(x, np.int64)
        return self._pooled(x, (places.reshape(-1),)), places

    def _pooled(self, x: np.ndarray, places: tuple[np.ndarray, ...]) -> np.ndarray:
        y, code = self._empty(x, x.dtype), loop("samples._chosen" if places else "samples._maxima", x.dtype)
        lowest = x.dtype.type(-np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
        run, given = code.holding(self.rows, self.spans, self.step, prod(self.sizes), lowest), (*places, _flat(x))
        if y.size:
            threads = _threads(y.size * self.taps, y.size + x.size)
            share(lambda first, stop, _: run(first, stop, y.reshape(-1), *given), y.size // self.out[-1], threads)
        return y

    def _empty(self, x: np.ndarray, dtype: Any) -> np.ndarray:
        return np.empty((*x.shape[: x.ndim - len(self.sizes)], *self.out), dtype)


def add_at(y: np.ndarray, places: np.ndarray, x: np.ndarray) -> None:
    """y[places[n]] += x[n] in the order of n, on one axis; negative places take nothing."""
    loop("samples._scatter", y.dtype).holding()(0, places.size, y, _flat(x), _flat(places))


def shuffle(x: np.ndarray, factor: Sequence[int], coarse: Sequence[int], splits: bool) -> np.ndarray:
    """Channels c·r^d + p on ``coarse`` windows as samples r m + p of fewer channels, or ``splits`` the other way.

    Parameters
    ----------
    x : ndarray
        Shape (…, channels, \\*window), of 4 or 8 bytes per sample.
    """
    rank, count, last = len(factor), prod(factor), factor[-1]
    fine = tuple(n * r for n, r in zip(coarse, factor, strict=True))
    lead, channels = x.shape[: x.ndim - rank - 1], x.shape[x.ndim - rank - 1]
    shape = (channels * count, *coarse) if splits else (channels // count, *fine)
    y = np.empty((*lead, *shape), x.dtype)
    if not y.size:
        return y
    plane = prod(coarse)
    rows, phase = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for axis in range(rank - 1):
        m, p = np.divmod(np.arange(fine[axis]), factor[axis])
        rows = np.add.outer(rows, m * prod(coarse[axis + 1 :])).reshape(-1)
        phase = np.add.outer(phase, p * prod(factor[axis + 1 :])).reshape(-1)
    kind = np.dtype(f"i{x.itemsize}")
    into, data, table = y.reshape(-1).view(kind), _flat(x).view(kind), rows + phase * plane
    pair = (data, into) if splits else (into, data)
    shuffles = packed(Shuffle, [(last, coarse[-1], plane, plane * count, splits)])
    run = loop("samples._interleave", kind).holding(table, shuffles)
    share(lambda first, stop, _: run(first, stop, *pair), x.size // fine[-1], _threads(0, 2 * x.size))
    return y
