"""The loops of :class:`~..phases.PhasePlan`: many phases of few outputs each, several of them summed together.

    y[P i + p] = Σ_k tap_k · x[Q i + s_k]   for the taps k of phase p

Neighbouring phases read nearly the same places: a *group* of them is summed at once, and a vector of x that is loaded
serves all.  A few places at the ends are read by some phases of the group only: each phase has a list of *own* taps
besides the *common* ones, so that no output reads what it does not depend on.

Arguments, beside those of :mod:`.tiles`:

    own, common   rows of taps, one per phase of a group; group after group
    own_at        places in a patch that they read, one per own tap, and
    common_at     one per row of common taps
    groups        records of :class:`~..layout.Group`
    chunks        records of :class:`~..layout.Chunk`: phases that are neighbours, whose inputs make one patch
    tables        one record of :class:`~..layout.PhaseTiles`
    work          a patch and its row of zeros, then the sums of a chunk

Why the loops stand as they do.  A tile is a chunk of phases by three vectors of i: what a group reads of the patch
stays in the first-level cache, and taps go by once, in the order in which they lie in memory.  Columns go fastest, so
that the taps of a chunk stay in the second level.  Own lists are made equally long by reading the row of zeros.  Every
sum is taken in the order of its lists, whatever the tile and the thread.

Indices are not checked here; ``compiled.phases`` makes tables that stay inside.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import int64

from ..layout import VECTOR_BYTES, ZERO, Chunk, Group, PhaseTiles
from .machine import HAS_LARGE_REGISTERS, INDICES, jit, machine_code, numbers, part_of, rows_of
from .patches import continued, transpose
from .vectors import group_of

#: Phases by vectors of 64 bytes whose sums fit into the registers, beside the samples and a tap.
PHASES, MOST = (8, 3) if HAS_LARGE_REGISTERS else (6, 1)

_group3, _group2, _group1 = (group_of(PHASES, min(count, MOST)) for count in (3, 2, 1))


@jit
def _gather_ends(patch, at, x, row, first, rows, run, table):
    """patch[at + r·run] = entry first + r of a row of x, some of which lie outside."""
    low = min(rows, max(0, -first))
    high = max(low, min(rows, table.samples * table.parts - first))
    for r in range(low, high):
        patch[at + r * run] = x[row + first + r]
    for start, stop in ((0, low), (high, rows)):
        for r in range(start, stop):
            if table.rule == ZERO:
                patch[at + r * run] = 0
            else:
                patch[at + r * run] = continued(x, row, first + r, table.samples, table.parts, table.rule)


@jit
def _gather(patch, x, row, i0, count, width, chunk, table):
    """patch[r·run + i] = entry Q·(i0 + i) + low + r of a row of x, continued outside, and zeros for i ≥ count."""
    step, rows, run = table.downs, chunk.rows, table.run
    first, total = step * i0 + chunk.low, table.samples * table.parts
    low = min(count, max(0, -(first // step)))
    high = max(low, min(count, (total - rows - first) // step + 1))
    transpose(patch, low, run, x, row + first + step * low, step, high - low, rows)
    for i in range(count):
        if i < low or i >= high:
            _gather_ends(patch, i, x, row, first + step * i, rows, run, table)
    for r in range(rows):
        for i in range(count, width):
            patch[r * run + i] = 0


@part_of
def _sums(buffer, patch, own, own_at, common, common_at, group, width, run):
    """The sums of a group of phases, for ``width`` values of i, whole vectors."""
    lanes, i, step = VECTOR_BYTES // buffer.itemsize, 0, group.step * run
    r0, r1, r2, r3 = group.own, group.own_stop, group.common, group.common_stop
    while i < width:
        to, left = group.to * run + i, min(MOST, (width - i) // lanes)
        if left == 3:
            _group3(buffer, to, step, patch, i, own, own_at, common, common_at, r0, r1, r2, r3)
        elif left == 2:
            _group2(buffer, to, step, patch, i, own, own_at, common, common_at, r0, r1, r2, r3)
        else:
            _group1(buffer, to, step, patch, i, own, own_at, common, common_at, r0, r1, r2, r3)
        i += left * lanes


@part_of
def _store(y, to, buffer, at, phases, count, table):
    """y[to + P·i + p] = the sum of phase p at i, or += where ``add``."""
    if table.add:
        for i in range(count):
            for p in range(phases):
                y[to + table.ups * i + p] += buffer[at + p * table.width + i]
    else:
        transpose(y, to, table.ups, buffer, at, table.width, phases, count)


def _tiles(y, x, own, own_at, common, common_at, groups, chunks, tables, work, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk, column."""
    table, lanes = tables[0], VECTOR_BYTES // y.itemsize
    width, ups = table.width, table.ups
    patch, buffer = work[: table.patch], work[table.patch :]
    patch[table.patch - width :] = 0
    for tile in range(first, stop):
        column, rest = tile % table.columns, tile // table.columns
        chunk, batch = chunks[rest % len(chunks)], rest // len(chunks)
        i0 = column * width
        count = min(width, table.steps - i0)
        vectors = -(-count // lanes) * lanes  # whole ones: what is beyond the count is computed and not stored
        row, to = batch * table.samples * table.parts, batch * table.outputs + ups * i0 + chunk.first
        _gather(patch, x, row, i0, count + table.reach, vectors + table.reach, chunk, table)
        for g in range(chunk.group, chunk.stop):
            _sums(buffer, patch, own, own_at, common, common_at, groups[g], vectors, width)
        left = table.outputs - ups * (i0 + count - 1) - chunk.first  # outputs of the last i
        if left < chunk.phases:  # not all phases have it
            count -= 1
            _store(y, to + ups * count, buffer, count, max(0, left), 1, table)
        _store(y, to, buffer, 0, chunk.phases, count, table)


@lru_cache
def tiles(real: np.dtype) -> Any:
    """The tiles first ≤ t < stop of a plan, for entries of this dtype."""
    row, tables = numbers(real), (rows_of(Group), rows_of(Chunk), rows_of(PhaseTiles))
    return machine_code(_tiles, real, row, row, row, INDICES, row, INDICES, *tables, row, int64, int64)
