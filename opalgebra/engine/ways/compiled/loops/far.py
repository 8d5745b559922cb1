"""The loops of :class:`~..far.FarPlan`: for every part of a row of y, some taps at a time.

    y[P i + p] = Σ_k tap_k · x[Q i + entry_k]   for the taps k of phase p

Where all taps of a group read inside, one entry after the other, they read x where it lies; else their samples are
gathered first, one run for each tap, continued by the rule of the boundary.  Either way every sum is taken in the order
of the list, with the same roundings.

Arguments as in :mod:`.tiles`, but

    at            (axes, taps)       rows that they read, per leading axis, and entries along the last
    ptr           (phases + 1,)      taps ptr[p] ≤ k < ptr[p + 1] make phase p
    work          scratch memory of the thread: a group of taps, their samples, then ``ups · width`` sums

Indices are not checked here; ``compiled.far`` makes tables that stay inside.
"""

from __future__ import annotations

from .layout import GROUP, VECTOR_BYTES, ZERO
from .machine import arguments, on_stack, part_of
from .patches import fold, gather_strided, join
from .vectors import clear, more1, more2, more4, more8


@part_of
def _add(y, to, x, taps, at, count, width):
    """y[to + i] += Σ_k taps[k] x[at[k] + i] for k < count, i < width, a multiple of the lanes."""
    lanes, i = VECTOR_BYTES // y.itemsize, 0
    while i + 8 * lanes <= width:
        more8(y, to + i, x, i, taps, at, count)
        i += 8 * lanes
    if i + 4 * lanes <= width:
        more4(y, to + i, x, i, taps, at, count)
        i += 4 * lanes
    if i + 2 * lanes <= width:
        more2(y, to + i, x, i, taps, at, count)
        i += 2 * lanes
    if i < width:
        more1(y, to + i, x, i, taps, at, count)


@part_of
def _sum(buffer, to, x, base, taps, at, k, stop, lead, i0, count, width, patch, weights, rows, places, axes, last):
    """buffer[to + i] = Σ_k taps[k] · (what tap k reads for i0 + i)."""
    rank, total = len(axes), last.samples * last.parts
    clear(buffer, to, width)
    while k < stop:
        n, direct = 0, last.downs == 1
        while k < stop and n < GROUP:
            weight, row, s = taps[k], base, last.downs * i0 + at[rank, k]
            used = weight != 0 and (last.rule != ZERO or (s < total and s + last.downs * (count - 1) >= 0))
            for r in range(rank):
                m = axes[r].down * lead[r] + at[r, k]
                if m < 0 or m >= axes[r].inputs:
                    m = fold(m, axes[r].inputs, axes[r].rule)
                    if m == -1:
                        used = False
                    elif m < -1:
                        weight, m = -weight, -2 - m
                row += m * axes[r].x_step
            if used:
                weights[n], rows[n], places[n] = weight, row, s
                direct = direct and s >= 0 and s + count <= total and row + s + width <= x.size
                n += 1
            k += 1
        if direct:
            for j in range(n):
                places[j] += rows[j]
            _add(buffer, to, x, weights, places, n, width)
        else:
            for j in range(n):
                gather_strided(patch, j * width, x, rows[j], places[j], count, last)
                places[j] = j * width
            _add(buffer, to, patch, weights, places, n, width)


def _far(held, given, first, stop):
    """The tiles first ≤ t < stop, in the order batch, row, column; an array of x has ``x_size`` entries."""
    y, x, taps, at, ptr, work, axes, lasts, x_size, y_size = arguments(held, given)
    last = lasts[0]
    rank, phases, lanes = len(axes), last.ups, VECTOR_BYTES // y.itemsize
    weights, patch, buffer = work[:GROUP], work[GROUP : GROUP + last.patch], work[GROUP + last.patch :]
    rows, places, lead = on_stack(GROUP), on_stack(GROUP), on_stack(rank)
    for t in range(first, stop):
        i0, rest, batch = (
            t % last.columns * last.width,
            t // last.columns % last.chunks,
            t // last.columns // last.chunks,
        )
        count = min(last.width, last.steps - i0)
        width = -(-count // lanes) * lanes  # vectors are whole: what is beyond the count is computed and not stored
        phase, factor, to = 0, 1, batch * y_size
        for r in range(rank - 1, -1, -1):
            n = rest % axes[r].outputs
            rest //= axes[r].outputs
            lead[r] = n // axes[r].up
            phase += factor * (n - lead[r] * axes[r].up)
            factor *= axes[r].up
            to += n * axes[r].y_step
        for p in range(phases):
            k0, k1 = ptr[phase * phases + p], ptr[phase * phases + p + 1]
            _sum(buffer, p * width, x, batch * x_size, taps, at, k0, k1, lead, i0, count, width, patch, weights, rows,
                 places, axes, last)  # fmt: skip
        to += phases * i0
        whole = min(count, last.outputs // phases - i0)
        join(y, to, buffer, 0, width, whole, phases, last.add)
        for p in range((count - whole) * (last.outputs % phases)):  # the last i, which not all phases have
            value = buffer[p * width + whole]
            y[to + phases * whole + p] = value + y[to + phases * whole + p] if last.add else value
