"""Overlap-save in Numba: eight blocks at once, one in each lane of a vector, in double precision.

    y[L' k + p] = Σ_q Σ_e h_pq[e] · x[M' (k − e) + q]   along one axis, by FFTs of blocks of N points that overlap

A *series* is one row of an array, or one phase of it, or the real or the imaginary parts of that.  Sixteen series are
the real and the imaginary parts of the eight transforms of a *group*.  For every phase q of the input a group of blocks
is gathered and transformed; for every phase p of the output the products with the spectra h_{pq} are summed,
transformed back and written.  The last forward step, the product and the first inverse step are one.

Arguments:

    y, x          flat arrays of one dtype, in entries
    spectra       (L' M', 2 N)  of each pair of phases the transform of the taps, real and imaginary parts in turn
    twiddles      roots of one, see :func:`~..overlap.twiddles`
    held          for every phase of x and one for y 16 N numbers: point n of the eight transforms at 16 n, eight real
                  parts, then eight imaginary ones, each a vector of one lane per transform
    stage         eight runs of STAGE samples, a run per lane
    table         a record of :class:`~.layout.Transforms`
    limit         the largest number of the dtype; what is beyond it is computed otherwise
    first, stop   the groups that this call computes

Why the loops stand as they do.  With a transform in every lane a butterfly needs no shuffle, and one twiddle factor
serves all lanes.  Transforms split by four until :data:`CLOSE` points are left, which stay in the first-level cache:
such a piece goes forwards, times the spectrum and back before the next is touched.  Samples are gathered STAGE at a
time into runs, and turned by squares of 8 × 8 into lanes, so that x is read in long runs.

Indices are not checked here; ``compiled.overlap`` makes tables that stay inside.
"""

from __future__ import annotations

from numba import float64

from .butterflies import add_filter2, add_filter4, filter2, filter4, join4, split4
from .layout import LANES, POINT, STAGE, STAGE_STEP, ZERO
from .machine import arguments, jit
from .patches import fold, transpose

CLOSE = 256  # points that stay in the first-level cache: blocks of so many are finished one after the other


@jit
def _place(b, half, table):
    """Of a series of block b: where its row begins in x and in y, and the first output of its block in each phase.

    ``half``: 0 for the real parts of the transforms, 1 for the imaginary ones.
    """
    beside, parts = table.beside, table.parts
    step = table.size - table.taps + 1
    per_row = (table.outputs + table.ups * step - 1) // (table.ups * step)
    beside_row, b = b % beside, b // beside
    row, block = b // per_row, b % per_row
    part = half if parts == 2 else 0
    source = (row * table.inputs * beside + beside_row) * parts + part
    return source, (row * table.outputs * beside + beside_row) * parts + part, block * step


@jit
def _outside(x, source, m, stride, table):
    """Sample m of a row, which lies outside, by the rule of the boundary."""
    found = fold(m, table.inputs, table.rule)
    if found < -1:
        return -float64(x[source + (-2 - found) * stride])
    return float64(x[source + found * stride])


@jit
def _copy(y, x):
    """y[i] = x[i], from one dtype to another."""
    for i in range(x.size):
        y[i] = x[i]


@jit
def _gather_series(stage, at, x, source, m, needed, table):
    """STAGE samples of a row from sample m on, ``downs`` apart; zeros from ``needed`` on, which no output reads."""
    down, stride = table.downs, table.beside * table.parts
    needed = max(0, min(STAGE, needed))
    low = min(needed, max(0, -(m // down)))
    high = max(low, min(needed, -((m - table.inputs) // down)))
    if table.rule == ZERO:
        stage[at : at + low] = 0
        stage[at + high : at + STAGE] = 0
    else:
        for i in range(low):
            stage[at + i] = _outside(x, source, m + down * i, stride, table)
        for i in range(high, needed):
            stage[at + i] = _outside(x, source, m + down * i, stride, table)
        stage[at + needed : at + STAGE] = 0
    first, jump, count = source + (m + down * low) * stride, down * stride, high - low
    if jump == 1:  # said apart, so that it is vectorised
        _copy(stage[at + low : at + high], x[first : first + count])
    else:
        _copy(stage[at + low : at + high], x[first : first + count * jump : jump])


@jit
def _gather(data, x, first, stop, q, table, stage):
    """Phase q of the input of the blocks first ≤ b < stop."""
    apart, outputs = 0 if table.parts == 2 else LANES, (table.outputs + table.ups - 1) // table.ups
    for n0 in range(0, table.size, STAGE):
        for half in range(2):
            for lane in range(LANES):
                at, b = lane * STAGE_STEP, first + lane + half * apart
                if b < stop:
                    source, _, n = _place(b, half, table)
                    m = table.downs * (table.begin + n + n0) + q
                    _gather_series(stage, at, x, source, m, outputs - n + table.taps - 1 - n0, table)
                else:
                    stage[at : at + STAGE] = 0
            transpose(data, n0 * POINT + half * LANES, POINT, stage, 0, STAGE_STEP, LANES, STAGE)


@jit
def _write(y, data, first, stop, p, table, stage, limit):
    """Phase p of the output of the blocks first ≤ b < stop; whether no number is beyond the limit."""
    apart, wrong = 0 if table.parts == 2 else LANES, False
    step, up, stride = table.size - table.taps + 1, table.ups, table.beside * table.parts
    count = (table.outputs - p + up - 1) // up
    for n0 in range(0, step, STAGE):
        width = min(STAGE, step - n0)
        for half in range(2):
            point = table.taps - 1 + n0
            transpose(stage, 0, STAGE_STEP, data, point * POINT + half * LANES, POINT, width, LANES)
            for lane in range(LANES):
                at, b = lane * STAGE_STEP, first + lane + half * apart
                if b >= stop:
                    break
                _, target, n = _place(b, half, table)
                n, jump = n + n0, up * stride
                to, stays = target + (up * n + p) * stride, min(width, count - n)
                if stays <= 0:
                    continue
                made = stage[at : at + stays]
                for i in range(stays):
                    wrong |= not abs(made[i]) <= limit
                if jump == 1:
                    _copy(y[to : to + stays], made)
                else:
                    _copy(y[to : to + stays * jump : jump], made)
    return not wrong


@jit
def _forward(data, start, length, size, stop, twiddles):
    """Splits blocks of ``size`` points until they have ``stop``, from start to start + length."""
    whole = data.size // POINT
    while size > stop:
        for block in range(start, start + length, size):
            for j in range(size // 4):
                split4(data, block + j, size // 4, twiddles, 2 * (whole - size) + 6 * j)
        size //= 4


@jit
def _inverse(data, start, length, size, stop, twiddles):
    """Joins blocks of ``size`` points until they have ``stop``, from start to start + length."""
    whole = data.size // POINT
    while size < stop:
        size *= 4
        for block in range(start, start + length, size):
            for j in range(size // 4):
                join4(data, block + j, size // 4, twiddles, 2 * (whole - size) + 6 * j)


@jit
def _filter(data, source, start, length, radix, spectrum, adds):
    """The last ``radix`` points forwards, times the spectrum, and back."""
    if radix == 4:
        for n in range(start, start + length, 4):
            if adds:
                add_filter4(data, source, n, spectrum, 2 * n)
            else:
                filter4(data, source, n, spectrum, 2 * n)
    else:
        for n in range(start, start + length, 2):
            if adds:
                add_filter2(data, source, n, spectrum, 2 * n)
            else:
                filter2(data, source, n, spectrum, 2 * n)


def _groups(held, given, first, stop):
    """The groups first ≤ g < stop; ``fine`` becomes 0 where a number is beyond the limit.

    ``held`` has points for every phase of the input, and more for the output unless there is one phase of each.
    """
    y, x, spectra, twiddles, held, stage, tables, limit, fine = arguments(held, given)
    table = tables[0]
    size, ups, downs = table.size, table.ups, table.downs
    blocks = 2 * LANES // table.parts
    close, radix, is_fine = size, size, True
    while close > CLOSE:
        close //= 4
    while radix > 4:
        radix //= 4
    points = POINT * size
    result = held[held.size - points :]
    for g in range(first, stop):
        b0, b1 = g * blocks, min((g + 1) * blocks, table.blocks)
        for q in range(downs):
            phase = held[q * points : (q + 1) * points]
            _gather(phase, x, b0, b1, q, table, stage)
            _forward(phase, 0, size, size, close, twiddles)
        for p in range(ups):
            for start in range(0, size, close):
                for q in range(downs):
                    phase = held[q * points : (q + 1) * points]
                    if p == 0:
                        _forward(phase, start, close, close, radix, twiddles)
                    _filter(result, phase, start, close, radix, spectra[p * downs + q], q > 0)
                _inverse(result, start, close, radix, close, twiddles)
            _inverse(result, 0, size, close, size, twiddles)
            is_fine &= _write(y, result, b0, b1, p, table, stage, limit)
    if not is_fine:
        fine[0] = 0
