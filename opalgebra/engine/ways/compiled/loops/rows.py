"""The loops of :class:`~..separable.Separable`: rows combined, and rows filtered.

    y[n, m] = (1/c) Σ_j h_j Σ_k g_k x[(M n − j)/L, (M' m − k)/L']

Arguments, beside those of :mod:`.tiles` (``taps``, ``at``, ``ptr``, ``last`` are the filter g of one row):

    lead          (taps,)       the taps h
    lead_at       (2, taps)     the rows that they read, behind the first: counted in rows, and in entries
    lead_ptr      (phases + 1,) taps lead_ptr[p] ≤ k < lead_ptr[p + 1] make phase p
    axes, tables  one record of :class:`~.layout.LeadingAxis` and of :class:`~.layout.RowTiles`
    divisor       c, of the dtype of the entries
    work          a patch, then ``ups · width`` sums, a row, and the rows that are kept or the signed taps
    places        (taps,)       for the rows that the signed taps read

Why the loops stand as they do.  A row is filtered whole while it is in the first-level cache, and rows are combined
over whole rows, so that every access is a run of vectors.  Where there are more rows of y than of x, each row of x is
filtered once, just before the first output that combines it, and kept in a tile that fits the second-level cache; where
there are fewer, rows are combined first, and one row per output is filtered.  Either way what lies between the two
axes never leaves the caches.

Nothing is read or written outside of the arrays, and every sum is taken in the order of its list, whatever the tile
and the thread.  Indices are not checked; ``compiled.separable`` makes tables that stay inside.
"""

from __future__ import annotations

from .layout import IN_PATCH, IN_X, VECTOR_BYTES
from .machine import arguments, part_of
from .patches import fold, gather_row, join
from .tiles import sums
from .vectors import block1, block4


@part_of
def _combine(y, to, x, source, taps, at, first, stop, count):
    """y[to + i] = Σ_k taps[k] x[source + at[k] + i] for i < count and first ≤ k < stop.

    Four vectors, then single ones, then entry by entry, so that nothing beyond the row is touched.
    """
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
    phases, total = last.ups, last.samples * last.parts
    patch, buffer = work[: last.patch], work[last.patch :]
    for column in range(last.columns):
        i0 = column * last.width
        count = min(last.width, last.steps - i0)
        width = -(-count // lanes) * lanes
        first, reach = i0 + last.low, last.reach
        inside = last.downs == 1 and first >= 0 and first + count + reach <= total
        inside = inside and source + first + width + reach <= x.size
        if not inside:
            gather_row(patch, 0, x, source, i0, width, last)
        offsets, read, begin = (at[IN_X], x, source + i0) if inside else (at[IN_PATCH], patch, 0)
        direct = phases == 1 and width == count
        target, place = (y, to + i0) if direct else (buffer, 0)
        sums(target, place, read, begin, taps, offsets, ptr, phases, width)
        if not direct:
            into, whole = to + phases * i0, count
            if phases * (i0 + count) > last.outputs:
                whole -= 1
                for p in range(last.outputs - phases * (i0 + whole)):
                    y[into + phases * whole + p] = buffer[p * width + whole]
            join(y, into, buffer, 0, width, whole, phases, False)


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


def _rows_first(held, given, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk: rows are filtered, then combined."""
    y, x, taps, at, ptr, lasts, lead, lead_at, lead_ptr, axes, divisor, tables, work, _ = arguments(held, given)
    last, axis, tile = lasts[0], axes[0], tables[0]
    pitch, outs, ins = tile.pitch, last.outputs, last.samples * last.parts
    scratch = last.patch + last.ups * last.width
    extra, kept = work[scratch : scratch + pitch], work[scratch + pitch :]
    direct = divisor == 1 and tile.add == 0
    for t in range(first, stop):
        batch = t // tile.chunks
        n0 = (t - batch * tile.chunks) * tile.chunk
        low, done = axis.down * (n0 // axis.up), 0
        for n in range(n0, min(axis.outputs, n0 + tile.chunk)):
            i = n // axis.up
            base, p = axis.down * i - low, n - i * axis.up
            while done <= base + axis.reach:
                m, place, sign = low + axis.low + done, done * pitch, 1
                if m < 0 or m >= axis.inputs:
                    m = fold(m, axis.inputs, axis.rule)
                    if m < -1:
                        sign, m = -1, -2 - m
                if m < 0:
                    kept[place : place + outs] = 0
                else:
                    _filter_row(kept, place, x, batch * tile.x_size + m * ins, taps, at, ptr, last, work)
                if sign < 0:
                    for j in range(place, place + outs):
                        kept[j] = -kept[j]
                done += 1
            into = batch * tile.y_size + n * outs
            target, to = (y, into) if direct else (extra, 0)
            _combine(target, to, kept, base * pitch, lead, lead_at[1], lead_ptr[p], lead_ptr[p + 1], outs)
            if not direct:
                _finish(y, into, extra, outs, divisor, tile.add)


@part_of
def _listed(taps, at, first, stop, base, axis, step, found, places):
    """The taps first ≤ k < stop that read a row, one that may lie outside, with their signs; how many there are."""
    count = 0
    for k in range(first, stop):
        m, tap = base + at[k], taps[k]
        if m < 0 or m >= axis.inputs:
            m = fold(m, axis.inputs, axis.rule)
            if m < -1:
                tap, m = -tap, -2 - m
        if m >= 0:
            found[count], places[count] = tap, m * step
            count += 1
    return count


def _rows_last(held, given, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk: rows are combined, then filtered."""
    y, x, taps, at, ptr, lasts, lead, lead_at, lead_ptr, axes, divisor, tables, work, places = arguments(held, given)
    last, axis, tile = lasts[0], axes[0], tables[0]
    pitch, outs, ins = tile.pitch, last.outputs, last.samples * last.parts
    scratch = last.patch + last.ups * last.width
    extra, row = work[scratch : scratch + pitch], work[scratch + pitch :]
    direct = divisor == 1 and tile.add == 0
    signed = row[pitch:]
    for t in range(first, stop):
        batch = t // tile.chunks
        n0 = (t - batch * tile.chunks) * tile.chunk
        source = batch * tile.x_size
        for n in range(n0, min(axis.outputs, n0 + tile.chunk)):
            i = n // axis.up
            base, p = axis.down * i + axis.low, n - i * axis.up
            k0, k1 = lead_ptr[p], lead_ptr[p + 1]
            inside = base >= 0 and base + axis.reach < axis.inputs
            if not inside:
                k0, k1 = 0, _listed(lead, lead_at[0], k0, k1, base, axis, ins, signed, places)
            chosen, rows, begin = (lead, lead_at[1], source + base * ins) if inside else (signed, places, source)
            _combine(row, 0, x, begin, chosen, rows, k0, k1, ins)
            into = batch * tile.y_size + n * outs
            target, to = (y, into) if direct else (extra, 0)
            _filter_row(target, to, row, 0, taps, at, ptr, last, work)
            if not direct:
                _finish(y, into, extra, outs, divisor, tile.add)
