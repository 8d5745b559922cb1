"""Patches: the input of a tile, laid out so that the sums of a phase read runs of memory, and its output put back.

A row whose phases interleave, x[phases·i + q], becomes one contiguous run for every phase: then neighbouring outputs
read neighbouring entries, which fill a vector, whatever the rates are.  Beyond the ends of a row the rule of the
boundary says what is read, so that no padded copy of x is made.

In all of this file ``x``, ``y``, ``patch`` and ``buffer`` are flat arrays of one dtype; places (``at``, ``to``,
``source``, ``row``), steps and counts are entries, of which a complex sample has two.  Nothing is checked.
"""

from __future__ import annotations

from .layout import VECTOR_BYTES, ZERO
from .machine import jit, part_of
from .vectors import SHUFFLED, SQUARE, copy, join_step, split_step, transpose_square

# Beyond the ends ------------------------------------------------------------------------------------------------------


@jit
def fold(m, size, rule):
    """The sample that stands at m outside of [0, size): its index, −1 for none, −2 − index for its negative.

    The formula and the bits of ``rule`` are those of ``engine/arrays/rules.py``.
    """
    if rule == ZERO:
        return -1
    skipped = rule >> 2 & 1
    period = (rule & 3) * size - 2 * skipped
    if period == 0:
        r = 0 if m < 0 else size - 1
    else:
        r = m % period
        if r < size:
            return r
        r = 2 * size - 1 - skipped - r
    return -2 - r if rule >> 4 else r


@jit
def continued(x, row, s, size, parts, rule):
    """Entry s of the row of x that starts at ``row``: ``size`` samples of ``parts`` entries, continued outside."""
    m = s if parts == 1 else s // parts  # a division costs more than all else here
    if 0 <= m < size:
        return x[row + s]
    found = fold(m, size, rule)
    if found == -1:
        return x.dtype.type(0)
    if found < -1:
        return -x[row + (-2 - found) * parts + s % parts]
    return x[row + found * parts + s % parts]


# Phases that interleave -----------------------------------------------------------------------------------------------


@jit
def transpose(y, to, y_step, x, source, x_step, rows, columns):
    """y[to + c·y_step + r] = x[source + r·x_step + c] for r < rows, c < columns.

    Squares of 8 × 8 go through registers: each line of a cache is read and written once, not once per entry.
    """
    if rows < SQUARE or columns < SQUARE:
        for r in range(rows):
            for c in range(columns):
                y[to + c * y_step + r] = x[source + r * x_step + c]
        return
    for r in range(0, rows, SQUARE):
        r = min(r, rows - SQUARE)  # the last squares overlap those before
        for c in range(0, columns, SQUARE):
            c = min(c, columns - SQUARE)
            transpose_square(y, to + c * y_step + r, y_step, x, source + r * x_step + c, x_step)


@part_of
def split(patch, at, run, x, source, count, phases):
    """patch[at + q·run + i] = x[source + phases·i + q] for i < count, q < phases: every phase becomes a run.

    One phase is copied; two to four are shuffled in registers, a vector of i at a time; more are transposed.
    """
    if phases == 1:
        copy(patch, at, x, source, count)
        return
    i = 0
    if phases <= SHUFFLED:
        lanes = VECTOR_BYTES // x.itemsize
        while i < count >= lanes:
            i = min(i, count - lanes)  # the last vectors overlap those before
            split_step(patch, at + i, run, x, source + phases * i, phases)
            i += lanes
    if i < count:
        transpose(patch, at + i, run, x, source + phases * i, phases, count - i, phases)


@part_of
def join(y, to, buffer, at, run, count, phases, add):
    """y[to + phases·i + p] = buffer[at + p·run + i], or += where ``add``: the phases interleave again."""
    if add:
        for p in range(phases):
            for i in range(count):
                y[to + phases * i + p] += buffer[at + p * run + i]
        return
    if phases == 1:
        copy(y, to, buffer, at, count)
        return
    i = 0
    if phases <= SHUFFLED:
        lanes = VECTOR_BYTES // y.itemsize
        while i < count >= lanes:
            i = min(i, count - lanes)
            join_step(y, to + phases * i, buffer, at + i, run, phases)
            i += lanes
    if i < count:
        transpose(y, to + phases * i, phases, buffer, at + i, run, phases, count - i)


@part_of
def gather_row(patch, at, x, row, i0, width, last):
    """The runs of one row: patch[at + q·run + i] = entry downs·(i0 + low + i) + q of the row of x, continued outside.

    i < width + reach.  What is inside, from ``low`` to ``high``, goes as vectors; only the few entries at the ends
    are looked up one by one.
    """
    phases, run, first = last.downs, last.run, i0 + last.low
    width += last.reach
    inside = last.samples * last.parts // phases
    low = min(width, max(0, -first))
    high = max(low, min(width, inside - first))
    split(patch, at + low, run, x, row + phases * (first + low), high - low, phases)
    if last.rule == ZERO:
        total = last.samples * last.parts
        for q in range(phases):
            for i in range(low):
                patch[at + q * run + i] = 0
            for i in range(high, width):
                s = phases * (first + i) + q
                patch[at + q * run + i] = x[row + s] if 0 <= s < total else 0
        return
    for q in range(phases):
        for i in range(low):
            patch[at + q * run + i] = continued(x, row, phases * (first + i) + q, last.samples, last.parts, last.rule)
        for i in range(high, width):
            patch[at + q * run + i] = continued(x, row, phases * (first + i) + q, last.samples, last.parts, last.rule)


@jit
def gather_strided(patch, to, x, row, s, count, last):
    """patch[to + i] = entry s + downs·i of the row of x, continued outside, for i < count."""
    step, total = last.downs, last.samples * last.parts
    low = min(count, max(0, -(s // step)))
    high = max(low, min(count, -(-(total - s) // step)))
    if step == 1:
        copy(patch, to + low, x, row + s + low, high - low)
    else:
        for i in range(low, high):
            patch[to + i] = x[row + s + step * i]
    for i in range(low):
        patch[to + i] = continued(x, row, s + step * i, last.samples, last.parts, last.rule)
    for i in range(high, count):
        patch[to + i] = continued(x, row, s + step * i, last.samples, last.parts, last.rule)
