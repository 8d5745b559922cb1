"""The loops of ``compiled.separable`` in Numba: rows combined, and rows filtered.

Nothing is read or written outside of the arrays, and every sum is taken in the order of its list, whatever the tile
and the thread.  Indices are not checked; ``compiled.separable`` makes tables that stay inside.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import from_dtype, int64

from ..layout import (
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
from .tiles import _fold, _gather_row, _join, _sums, machine_code, part_of, version
from .vectors import block1, block4

# Entries of ``sizes``: rows of y in a tile, tiles in an array, distance of rows that are kept, entries of x and of y in
# one array of the batch, and whether to add to y.
CHUNK, CHUNKS, PITCH, X_SIZE, Y_SIZE, ADD = range(6)


@part_of
def _combine(y, to, x, source, taps, at, first, stop, count):
    """y[to + i] = Σ_k taps[k] x[source + at[k] + i] for i < count and first ≤ k < stop."""
    lanes = VECTOR_BYTES // y.itemsize
    i = 0
    while i + 4 * lanes <= count:
        block4(y, to + i, x, source + i, taps, at, first, first, first, stop)
        i += 4 * lanes
    while i + lanes <= count:
        block1(y, to + i, x, source + i, taps, at, first, first, first, stop)
        i += lanes
    while i < count:
        total = y.dtype.type(0)
        for k in range(first, stop):
            total += taps[k] * x[source + at[k] + i]
        y[to + i] = total
        i += 1


@part_of
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
        if not inside:
            _gather_row(patch, 0, x, source, i0, width, last)
        offsets, read, begin = (at[0], x, source + i0) if inside else (at[1], patch, 0)
        direct = phases == 1 and width == count
        target, place = (y, to + i0) if direct else (buffer, 0)
        _sums(target, place, read, begin, taps, offsets, ptr, phases, width)
        if not direct:
            into, whole = to + phases * i0, count
            if phases * (i0 + count) > last[N]:
                whole -= 1
                for p in range(last[N] - phases * (i0 + whole)):
                    y[into + phases * whole + p] = buffer[p * width + whole]
            _join(y, into, buffer, 0, width, whole, phases, False)


@part_of
def _finish(y, to, row, count, divisor, add):
    """y = row / divisor, or added to it; integers are never divided."""
    if add and divisor == 1:
        for i in range(count):
            y[to + i] += row[i]
    elif add:
        for i in range(count):
            y[to + i] += row[i] / divisor
    else:
        for i in range(count):
            y[to + i] = row[i] / divisor


def _rows_first(y, x, taps, tables, ptr, last, lead, at, lead_ptr, axis, divisor, sizes, work, places, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk: rows are filtered, then combined."""
    pitch, outs, ins = sizes[PITCH], last[N], last[K] * last[E]
    scratch = last[PATCH] + last[P] * last[WIDTH]
    extra, kept = work[scratch : scratch + pitch], work[scratch + pitch :]
    direct = divisor == 1 and sizes[ADD] == 0
    for t in range(first, stop):
        batch = t // sizes[CHUNKS]
        n0 = (t - batch * sizes[CHUNKS]) * sizes[CHUNK]
        low, done = axis[DOWN] * (n0 // axis[UP]), 0
        for n in range(n0, min(axis[OUT], n0 + sizes[CHUNK])):
            i = n // axis[UP]
            base, p = axis[DOWN] * i - low, n - i * axis[UP]
            while done <= base + axis[REACH]:
                m, place, sign = low + axis[LOW] + done, done * pitch, 1
                if m < 0 or m >= axis[IN]:
                    m = _fold(m, axis[IN], axis[MODE])
                    if m < -1:
                        sign, m = -1, -2 - m
                if m < 0:
                    kept[place : place + outs] = 0
                else:
                    _filter_row(kept, place, x, batch * sizes[X_SIZE] + m * ins, taps, tables, ptr, last, work)
                if sign < 0:
                    for j in range(place, place + outs):
                        kept[j] = -kept[j]
                done += 1
            into = batch * sizes[Y_SIZE] + n * outs
            target, to = (y, into) if direct else (extra, 0)
            _combine(target, to, kept, base * pitch, lead, at[1], lead_ptr[p], lead_ptr[p + 1], outs)
            if not direct:
                _finish(y, into, extra, outs, divisor, sizes[ADD])


@part_of
def _listed(taps, at, first, stop, base, axis, step, found, places):
    """The taps first ≤ k < stop that read a row, one that may lie outside, with their signs; how many there are."""
    count = 0
    for k in range(first, stop):
        m, tap = base + at[k], taps[k]
        if m < 0 or m >= axis[IN]:
            m = _fold(m, axis[IN], axis[MODE])
            if m < -1:
                tap, m = -tap, -2 - m
        if m >= 0:
            found[count], places[count] = tap, m * step
            count += 1
    return count


def _rows_last(y, x, taps, tables, ptr, last, lead, at, lead_ptr, axis, divisor, sizes, work, places, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk: rows are combined, then filtered."""
    pitch, outs, ins = sizes[PITCH], last[N], last[K] * last[E]
    scratch = last[PATCH] + last[P] * last[WIDTH]
    extra, row = work[scratch : scratch + pitch], work[scratch + pitch :]
    direct = divisor == 1 and sizes[ADD] == 0
    signed = row[pitch:]
    for t in range(first, stop):
        batch = t // sizes[CHUNKS]
        n0 = (t - batch * sizes[CHUNKS]) * sizes[CHUNK]
        source = batch * sizes[X_SIZE]
        for n in range(n0, min(axis[OUT], n0 + sizes[CHUNK])):
            i = n // axis[UP]
            base, p = axis[DOWN] * i + axis[LOW], n - i * axis[UP]
            k0, k1 = lead_ptr[p], lead_ptr[p + 1]
            inside = base >= 0 and base + axis[REACH] < axis[IN]
            if not inside:
                k0, k1 = 0, _listed(lead, at[0], k0, k1, base, axis, ins, signed, places)
            chosen, rows, begin = (lead, at[1], source + base * ins) if inside else (signed, places, source)
            _combine(row, 0, x, begin, chosen, rows, k0, k1, ins)
            into = batch * sizes[Y_SIZE] + n * outs
            target, to = (y, into) if direct else (extra, 0)
            _filter_row(target, to, row, 0, taps, tables, ptr, last, work)
            if not direct:
                _finish(y, into, extra, outs, divisor, sizes[ADD])


_VERSION = version(__name__)


@lru_cache
def separable(real: np.dtype, rows_first: bool) -> Any:
    """The tiles first ≤ t < stop of a separable filter, for entries of this dtype."""
    number = from_dtype(real)
    row, indices, table = number[::1], int64[::1], int64[:, ::1]
    code = _rows_first if rows_first else _rows_last
    filtered, combined = (row, table, table, indices), (row, table, indices, indices)
    return machine_code(code, f"{real}_{_VERSION}", row, row, *filtered, *combined, number, indices, row, indices,
                        int64, int64, counts=False, checks=False)  # fmt: skip
