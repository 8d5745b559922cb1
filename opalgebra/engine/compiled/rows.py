"""The loops of :mod:`.separable` in Numba: rows combined, and rows filtered.

Nothing is read or written outside of the arrays, and every sum is taken in the order of its list, whatever the tile
and the thread.  Indices are not checked; :mod:`.separable` makes tables that stay inside.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import from_dtype, int64

from .kernels import _fold, _gather_row, _join, _machine_code, _sums, jit
from .layout import (
    COLUMNS,
    COUNT,
    DOWN,
    E_MIN,
    E_REACH,
    IN,
    LOW,
    MODE,
    OUT,
    PATCH,
    REACH,
    UP,
    VECTOR_BYTES,
    WIDTH,
    E,
    K,
    N,
    P,
    Q,
)

# Entries of ``sizes``: which axis goes first, rows of y in a tile, tiles in an array, distance of rows that are kept,
# entries of x and of y in one array of the batch, and whether to add to y.
ROWS_FIRST, CHUNK, CHUNKS, PITCH, X_SIZE, Y_SIZE, ADD = range(7)


@jit
def _combine(y, to, x, source, taps, at, ptr, count):
    """y[to + i] = Σ_k taps[k] x[source + at[k] + i] for i < count and ptr[0] ≤ k < ptr[1]."""
    lanes = VECTOR_BYTES // y.itemsize
    whole = count // lanes * lanes
    _sums(y, to, x, source, taps, at, ptr, 1, whole)
    for i in range(whole, count):
        total = y.dtype.type(0)
        for k in range(ptr[0], ptr[1]):
            total += taps[k] * x[source + at[k] + i]
        y[to + i] = total


@jit
def _filter_row(y, to, x, source, taps, at, ptr, last, work):
    """One row of x through the filter of the last axis, tile by tile."""
    lanes = VECTOR_BYTES // y.itemsize
    phases, total = last[P], last[K] * last[E]
    patch, buffer = work[: last[PATCH]], work[last[PATCH] :]
    for column in range(last[COLUMNS]):
        i0 = column * last[WIDTH]
        count = min(last[WIDTH], last[COUNT] - i0)
        width = -(-count // lanes) * lanes
        first, reach = i0 + last[E_MIN], last[E_REACH]
        inside = last[Q] == 1 and first >= 0 and first + count + reach <= total
        inside = inside and source + first + width + reach <= x.size
        whole = min(count, last[N] // phases - i0)
        direct = phases == 1 and width == count
        target, place = (y, to + i0) if direct else (buffer, 0)
        if inside:
            _sums(target, place, x, source + i0, taps, at[0], ptr, phases, width)
        else:
            _gather_row(patch, 0, x, source, i0, width, last)
            _sums(target, place, patch, 0, taps, at[1], ptr, phases, width)
        if not direct:
            at_y = to + phases * i0
            _join(y, at_y, buffer, width, whole, phases, False)
            for p in range((count - whole) * (last[N] % phases)):
                y[at_y + phases * whole + p] = buffer[p * width + whole]


@jit
def _finish(y, to, row, count, scale, add):
    """y = scale · row, or added to it."""
    if add:
        for i in range(count):
            y[to + i] += scale * row[i]
    else:
        for i in range(count):
            y[to + i] = scale * row[i]


@jit
def _kept_row(kept, at, x, source, step, m, taps, tables, ptr, last, axis, work):
    """Row m of x, which may lie outside, filtered along the last axis."""
    sign = 1
    if m < 0 or m >= axis[IN]:
        m = _fold(m, axis[IN], axis[MODE])
        if m < -1:
            sign, m = -1, -2 - m
    if m < 0:
        kept[at : at + last[N]] = 0
        return
    _filter_row(kept, at, x, source + m * step, taps, tables, ptr, last, work)
    if sign < 0:
        for i in range(at, at + last[N]):
            kept[i] = -kept[i]


@jit
def _inside_or_listed(x_step, base, taps, at, first, stop, axis, listed, places):
    """How many taps of a phase read a row of x, with their (signed) taps and places, for rows that lie outside."""
    count = 0
    for k in range(first, stop):
        m, tap = base + at[k], taps[k]
        if m < 0 or m >= axis[IN]:
            m = _fold(m, axis[IN], axis[MODE])
            if m == -1:
                continue
            if m < -1:
                tap, m = -tap, -2 - m
        listed[count], places[count] = tap, m * x_step
        count += 1
    return count


def _separable(y, x, taps, tables, ptr, last, lead, lead_at, lead_ptr, axis, scale, sizes, work, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk."""
    pitch, outs, ins = sizes[PITCH], last[N], last[K] * last[E]
    scratch = last[PATCH] + last[P] * last[WIDTH]
    extra, kept = work[scratch : scratch + pitch], work[scratch + pitch :]
    direct = scale == 1 and sizes[ADD] == 0
    step = pitch if sizes[ROWS_FIRST] else ins
    at = lead_at * step
    listed, places, bounds = np.empty_like(lead), np.empty_like(lead_at), np.zeros(2, np.int64)
    for t in range(first, stop):
        batch = t // sizes[CHUNKS]
        n0 = (t - batch * sizes[CHUNKS]) * sizes[CHUNK]
        n1 = min(axis[OUT], n0 + sizes[CHUNK])
        source, into = batch * sizes[X_SIZE], batch * sizes[Y_SIZE]
        low, done = axis[DOWN] * (n0 // axis[UP]), 0
        for n in range(n0, n1):
            i = n // axis[UP]
            p = n - i * axis[UP]
            target, to = (y, into + n * outs) if direct else (extra, 0)
            base = axis[DOWN] * i
            if sizes[ROWS_FIRST]:
                while done <= base - low + axis[REACH]:
                    m = low + axis[LOW] + done
                    _kept_row(kept, done * pitch, x, source, ins, m, taps, tables, ptr, last, axis, work)
                    done += 1
                _combine(target, to, kept, (base - low) * pitch, lead, at, lead_ptr[p:], outs)
            else:
                base += axis[LOW]
                if base >= 0 and base + axis[REACH] < axis[IN]:
                    _combine(kept, 0, x, source + base * ins, lead, at, lead_ptr[p:], ins)
                else:
                    bounds[1] = _inside_or_listed(
                        ins, base, lead, lead_at, lead_ptr[p], lead_ptr[p + 1], axis, listed, places
                    )
                    _combine(kept, 0, x, source, listed, places, bounds, ins)
                _filter_row(target, to, kept, 0, taps, tables, ptr, last, work)
            if not direct:
                _finish(y, into + n * outs, extra, outs, scale, sizes[ADD])


@lru_cache
def separable(real: np.dtype) -> Any:
    """The tiles first ≤ t < stop of a separable filter, for entries of this dtype."""
    number = from_dtype(real)
    row, indices, table = number[::1], int64[::1], int64[:, ::1]
    return _machine_code(_separable, real, row, row, row, table, indices, indices, row, indices, indices, indices,
                         number, indices, row, int64, int64)  # fmt: skip
