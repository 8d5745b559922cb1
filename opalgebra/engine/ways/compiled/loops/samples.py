"""The loops of ``compiled.pooling`` in Numba: largest samples of windows, and samples that only move.

Indices are not checked; ``compiled.pooling`` makes tables that stay inside.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import from_dtype, int64

from .tiles import _join, _split, machine_code, part_of, version


@part_of
def _wins(sample, best):
    """Whether a sample takes the place of the best so far: the first of equal ones stays, a NaN is the largest."""
    return sample > best or sample != sample


def _maxima(y, x, rows, spans, step, size, lowest, first, stop):
    """The rows first ≤ r < stop of y: maxima over rows[r, t] + spans[j] of x, whose arrays have ``size`` entries."""
    outs = y.size // max(1, len(rows) * (x.size // size))
    for r in range(first, stop):
        batch = r // len(rows)
        to, row = r * outs, r - batch * len(rows)
        for i in range(outs):
            y[to + i] = lowest
        for t in range(rows.shape[1]):
            if rows[row, t] < 0:
                continue
            for j in range(len(spans)):
                target, source = to + spans[j, 0], batch * size + rows[row, t] + spans[j, 2]
                if step == 1:  # a step that is known makes vectors
                    for i in range(spans[j, 1]):
                        best, sample = y[target + i], x[source + i]
                        y[target + i] = sample if _wins(sample, best) else best
                elif step == 2:
                    for i in range(spans[j, 1]):
                        best, sample = y[target + i], x[source + 2 * i]
                        y[target + i] = sample if _wins(sample, best) else best
                else:
                    for i in range(spans[j, 1]):
                        best, sample = y[target + i], x[source + step * i]
                        y[target + i] = sample if _wins(sample, best) else best


def _chosen(y, places, x, rows, spans, step, size, lowest, first, stop):
    """As :func:`_maxima`, and for every maximum its place in an array of ``size`` entries, −1 where there is none."""
    outs = y.size // max(1, len(rows) * (x.size // size))
    for r in range(first, stop):
        batch = r // len(rows)
        to, row = r * outs, r - batch * len(rows)
        for i in range(outs):
            y[to + i], places[to + i] = lowest, -1
        for t in range(rows.shape[1]):
            if rows[row, t] < 0:
                continue
            for j in range(len(spans)):
                target, place = to + spans[j, 0], rows[row, t] + spans[j, 2]
                source = batch * size + place
                for i in range(spans[j, 1]):
                    best, sample, before = y[target + i], x[source + step * i], places[target + i]
                    wins = before < 0 or _wins(sample, best)
                    y[target + i] = sample if wins else best
                    places[target + i] = place + step * i if wins else before


def _scatter(y, x, places):
    """y[places[n]] += x[n], in the order of n, where the place is not negative."""
    for n in range(len(places)):
        if places[n] >= 0:
            y[places[n]] += x[n]


def _interleave(fine, coarse, rows, sizes, first, stop):
    """The rows first ≤ r < stop of ``fine`` from its phases, which are rows of ``coarse``, or these from it.

    ``sizes``: the phases, samples of a coarse row, distance of its phases, samples of a channel, and 1 to split.
    """
    phases, count, run, size, splits = sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]
    for r in range(first, stop):
        channel = r // len(rows)
        source = channel * size + rows[r - channel * len(rows)]
        if splits:
            _split(coarse, source, run, fine, r * phases * count, count, phases)
        else:
            _join(fine, r * phases * count, coarse, source, run, count, phases, False)


_VERSION = version(__name__)


@lru_cache
def maxima(dtype: np.dtype, places: bool) -> Any:
    """The rows first ≤ r < stop of a max pooling, with their places or without."""
    number = from_dtype(dtype)
    row, indices, table = number[::1], int64[::1], int64[:, ::1]
    windows = row, table, table, int64, int64, number
    if places:
        return machine_code(_chosen, f"{dtype}_{_VERSION}", row, indices, *windows, int64, int64, counts=False)
    return machine_code(_maxima, f"{dtype}_{_VERSION}", row, *windows, int64, int64, counts=False)


@lru_cache
def scatter(dtype: np.dtype) -> Any:
    """y[places] += x."""
    row = from_dtype(dtype)[::1]
    return machine_code(_scatter, f"{dtype}_{_VERSION}", row, row, int64[::1], counts=False)


@lru_cache
def interleave(dtype: np.dtype) -> Any:
    """Rows from their phases, or phases from rows."""
    row, indices = from_dtype(dtype)[::1], int64[::1]
    return machine_code(_interleave, f"{dtype}_{_VERSION}", row, row, indices, indices, int64, int64, counts=False)
