"""The loops of :class:`~..phases.PhasePlan`: many phases of few outputs each, several of them summed together.

    y[P i + p] = Σ_k tap_k · x[Q i + s_k]   for the taps k of phase p

Neighbouring phases read nearly the same places: a *group* of them is summed at once, and a vector of x that is loaded
serves all.  A few places at the ends are read by some phases of the group only: each phase has a list of *own* taps
besides the *common* ones, so that no output reads what it does not depend on.

Arguments, beside those of :mod:`.tiles`:

    own, common   rows of taps, one per phase of a group; group after group
    own_at        places in a patch that they read, one per own tap, and
    common_at     one per row of common taps
    groups        records of :class:`~.layout.Group`
    chunks        records of :class:`~.layout.Chunk`: phases that are neighbours, whose inputs make one patch
    tables        one record of :class:`~.layout.PhaseTiles`
    work          a patch and its row of zeros, then the sums of a chunk

Why the loops stand as they do.  A tile is a chunk of phases by three vectors of i: what a group reads of the patch
stays in the first-level cache, and taps go by once, in the order in which they lie in memory.  Columns go fastest, so
that the taps of a chunk stay in the second level.  Own lists are made equally long by reading the row of zeros.  Every
sum is taken in the order of its lists, whatever the tile and the thread.

Indices are not checked here; ``compiled.phases`` makes tables that stay inside.
"""

from __future__ import annotations

import numpy as np

from .layout import VECTOR_BYTES, ZERO
from .machine import arguments, jit, on_stack, part_of
from .patches import continued, transpose
from .processor import MOST, PHASES
from .vectors import clear, group_of

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
def _sums(buffer, patch, own, own_at, common, common_at, group, chunk, width, run):
    """The sums of a group of phases, for ``width`` values of i, whole vectors."""
    lanes, i, step, first = VECTOR_BYTES // buffer.itemsize, 0, group.step * run, group.first - chunk.first
    r0, r1, r2, r3 = group.own, group.own_stop, group.common, group.common_stop
    while i < width:
        to, left = first * run + i, min(MOST, (width - i) // lanes)
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


def _tiles(held, given, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk, column."""
    y, x, own, own_at, common, common_at, groups, chunks, tables, work = arguments(held, given)
    table, lanes = tables[0], VECTOR_BYTES // y.itemsize
    width, ups = table.width, table.ups
    patch, buffer = work[: table.patch], work[table.patch :]
    clear(patch, table.patch - width, width)
    for tile in range(first, stop):
        column, rest = tile % table.columns, tile // table.columns
        chunk, batch = chunks[rest % len(chunks)], rest // len(chunks)
        i0 = column * width
        count = min(width, table.steps - i0)
        vectors = -(-count // lanes) * lanes  # whole ones: what is beyond the count is computed and not stored
        row, to = batch * table.samples * table.parts, batch * table.outputs + ups * i0 + chunk.first
        _gather(patch, x, row, i0, count + table.reach, vectors + table.reach, chunk, table)
        for g in range(chunk.group, chunk.stop):
            _sums(buffer, patch, own, own_at, common, common_at, groups[g], chunk, vectors, width)
        left = table.outputs - ups * (i0 + count - 1) - chunk.first  # outputs of the last i
        if left < chunk.phases:  # not all phases have it
            count -= 1
            _store(y, to + ups * count, buffer, count, max(0, left), 1, table)
        _store(y, to, buffer, 0, chunk.phases, count, table)


# Sum by sum -----------------------------------------------------------------------------------------------------------


@part_of
def _tap(values, phase, e):
    """Entry e of a phase."""
    at = phase.begin - phase.jump * (e >> (phase.unit - 1)) + (e & (phase.unit - 1))
    return values[np.uint64(at)]  # unsigned, for a place that might be negative is counted from the end


@part_of
def _term(values, at, x, place):
    """A tap times what it reads; one that is 0 reads nothing."""
    tap = values[np.uint64(at)]
    return tap * (x[np.uint64(place)] if tap != 0 else x.dtype.type(0))


@jit
def _dot(values, at, jump, x, place, step, count):
    """Σ_e values[at − jump e] x[place + step e] for e < count: four sums, so that none waits for the one before."""
    zero = x.dtype.type(0)
    a, b, c, d = zero, zero, zero, zero
    for _ in range(count >> 2):
        a += _term(values, at, x, place)
        b += _term(values, at - jump, x, place + step)
        c += _term(values, at - 2 * jump, x, place + 2 * step)
        d += _term(values, at - 3 * jump, x, place + 3 * step)
        at -= 4 * jump
        place += 4 * step
    for _ in range(count & 3):
        a += _term(values, at, x, place)
        at -= jump
        place += step
    return a + b + (c + d)


@jit
def _dot_of_pairs(values, at, jump, x, place, count):
    """The same for taps of two entries that read two places side by side."""
    zero = x.dtype.type(0)
    a, b, c, d = zero, zero, zero, zero
    for _ in range(count >> 2):
        a += _term(values, at, x, place)
        b += _term(values, at + 1, x, place + 1)
        c += _term(values, at - jump, x, place + 2)
        d += _term(values, at - jump + 1, x, place + 3)
        at -= 2 * jump
        place += 4
    if count & 2:
        a += _term(values, at, x, place)
        b += _term(values, at + 1, x, place + 1)
    return a + b + (c + d)


def _each(held, given, first, stop):
    """Entries first ≤ n < stop of y, one sum after the other, with the taps where they lie."""
    y, x, values, phases, tables = arguments(held, given)
    table = tables[0]
    total, outputs, ups, downs = table.samples * table.parts, table.outputs, table.ups, table.downs
    row, left = first // outputs, outputs - first % outputs
    p, shift = (outputs - left) % ups, (outputs - left) // ups * downs
    for n in range(first, stop):
        phase = phases[p]
        source, place = row * total, shift + phase.first
        is_inside = place >= 0 and place + phase.step * (phase.entries - 1) < total
        if is_inside and phase.unit == 1:
            found = _dot(values, phase.begin, phase.jump, x, source + place, phase.step, phase.entries)
        elif is_inside:
            found = _dot_of_pairs(values, phase.begin, phase.jump, x, source + place, phase.entries)
        else:
            found = y.dtype.type(0)
            for e in range(phase.entries):
                tap = _tap(values, phase, e)
                if tap != 0:
                    found += tap * continued(x, source, place + phase.step * e, table.samples, table.parts, table.rule)
        y[n] = found + y[n] if table.add else found
        p, left = p + 1, left - 1
        if left == 0:
            row, left, p, shift = row + 1, outputs, 0, 0
        elif p == ups:
            p, shift = 0, shift + downs


# The lists ------------------------------------------------------------------------------------------------------------


@part_of
def _taps_at(row, to, values, phases, group, place):
    """Put the taps of all phases of a group for a place, 0 where there is none; how many are not 0."""
    found = 0
    for o in range(PHASES):
        phase = phases[group.first + o * group.step]
        e, tap = (place - phase.first) >> (phase.step - 1), row.dtype.type(0)
        if 0 <= e < phase.entries:
            tap = _tap(values, phase, e)
        row[to + o] = tap
        found += tap != 0
    return found


@jit
def _give_own(own, own_at, row, source, at, counts, owns, nowhere):
    """Append the taps of a row that are not 0 to the lists of their phases; how many rows there are."""
    for o in range(PHASES):
        if row[source + o] != 0:
            if counts[o] == owns:
                for k in range(owns * PHASES, (owns + 1) * PHASES):
                    own[k], own_at[k] = 0, nowhere
                owns += 1
            own[counts[o] * PHASES + o], own_at[counts[o] * PHASES + o] = row[source + o], at
            counts[o] += 1
    return owns


def _lists(held, given, first, stop):
    """The rows of taps of the groups first ≤ g < stop, and where they begin and end; there is room for one more row."""
    values, phases, groups, chunks, tables, own, own_at, common, common_at = arguments(held, given)
    table, counts, owns, commons = tables[0], on_stack(PHASES), 0, 0
    for g in range(first, stop):
        group, chunk = groups[g], chunks[groups[g].chunk]
        low = high = phases[group.first].first
        for o in range(PHASES):
            phase = phases[group.first + o * group.step]
            low, high, counts[o] = min(low, phase.first), max(high, phase.first + phase.step * phase.entries), owns
        group.own, group.common = owns, commons
        for place in range(low, high, group.step):
            found, q = _taps_at(common, commons * PHASES, values, phases, group, place), place - chunk.low
            at = q * table.run if q < table.downs else q % table.downs * table.run + q // table.downs
            common_at[commons] = at
            if found == PHASES:
                commons += 1
            elif found:
                owns = _give_own(own, own_at, common, commons * PHASES, at, counts, owns, table.patch - table.width)
        group.own_stop, group.common_stop = owns, commons
