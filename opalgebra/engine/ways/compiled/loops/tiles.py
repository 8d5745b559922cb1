"""The loops of :class:`~..plans.Plan`: gather a patch, take the sums, interleave the phases.

    y[P i + p] = Σ_k tap_k · x[Q (i + e_k) + q_k]   for the taps k of phase p

A tile of y has some rows and I values of i.  Its input is used where it lies if Q = 1 and nothing is outside; else it
is gathered into a patch, one contiguous run per phase, continued by the rule of the boundary.  Every sum is taken in
the order of the list, whatever the tile and the thread that computes it: how many threads there are changes no bit.

Arguments, here as in all kernels:

    y, x          flat arrays of one dtype, in entries: all arrays of the batch, one after the other
    taps          (taps,)       of all phases, phase by phase
    at            (3, taps)     places that they read, in entries: rows IN_X, IN_PATCH, IN_ROW of the layout
    ptr           (phases, 4)   taps ptr[p, 0] ≤ k < ptr[p, 1] go by in fours, a vector apart, up to ptr[p, 2] in twos,
                                up to ptr[p, 3] alone
    work          scratch memory of the thread: a patch, then ``ups · width`` sums
    axes, last    records of :class:`~.layout.LeadingAxis`, one per axis, and of :class:`~.layout.LastAxis`
    first, stop   the tiles that this call computes

Why the loops stand as they do.  Outside go batch, chunks of the first axis and columns of the last, so that a tile's
rows of x, which its outputs share, stay in the second-level cache.  Then go the rows of y, then phases, then eight
vectors of i, and innermost the taps: the eight sums stay in registers while all taps go by, so that each output is
written once and never read.  Taps outside would write every sum once per tap.

Indices are not checked here; ``compiled.plans`` makes tables that stay inside.
"""

from __future__ import annotations

from .layout import IN_PATCH, IN_X, VECTOR_BYTES
from .machine import arguments, jit, on_stack, part_of
from .patches import continued, fold, gather_row, join
from .vectors import block1, block2, block4, block8, clear


@jit
def _gather(patch, x, batch, low, rows, i0, width, axes, last):
    """The patch of a tile of the array that starts at ``batch``: rows[r] rows from low[r] on per leading axis."""
    total = 1
    for r in range(len(axes)):
        total *= rows[r]
    for row in range(total):
        rest, source, at, sign, empty = row, batch, 0, 1, False
        for r in range(len(axes) - 1, -1, -1):
            axis = axes[r]
            k = rest % rows[r]
            rest //= rows[r]
            at += k * axis.patch_step
            m = low[r] + k
            if m < 0 or m >= axis.inputs:
                m = fold(m, axis.inputs, axis.rule)
                if m == -1:
                    empty = True
                elif m < -1:
                    sign, m = -sign, -2 - m
            source += m * axis.x_step
        size = last.downs * last.run
        if empty:
            clear(patch, at, size)
        else:
            gather_row(patch, at, x, source, i0, width, last)
            if sign < 0:
                for i in range(at, at + size):
                    patch[i] = -patch[i]


@part_of
def sums(y, to, x, source, taps, at, ptr, phases, width):
    """y[to + p·width + i] = Σ_k taps[k] x[source + at[k] + i], k in row p of ptr, width a multiple of the lanes.

    Eight vectors of i at a time, the rest by four, two and one: with fewer sums in flight a processor waits for the
    one before, and more do not fit into its registers.
    """
    lanes = VECTOR_BYTES // y.itemsize
    for p in range(phases):
        k0, k1, k2, k3, i = ptr[p, 0], ptr[p, 1], ptr[p, 2], ptr[p, 3], 0
        while i + 8 * lanes <= width:
            block8(y, to + i, x, source + i, taps, at, k0, k1, k2, k3)
            i += 8 * lanes
        if i + 4 * lanes <= width:
            block4(y, to + i, x, source + i, taps, at, k0, k1, k2, k3)
            i += 4 * lanes
        if i + 2 * lanes <= width:
            block2(y, to + i, x, source + i, taps, at, k0, k1, k2, k3)
            i += 2 * lanes
        if i < width:
            block1(y, to + i, x, source + i, taps, at, k0, k1, k2, k3)
        to += width


@part_of
def _is_inside(low, rows, i0, lanes, batch, size, axes, last):
    """Whether a tile can read x where it lies: one phase, nothing outside, no vector past the end of memory."""
    count = min(last.width, last.steps - i0)
    first, reach = i0 + last.low, last.reach
    if last.downs != 1 or first < 0 or first + count + reach > last.samples * last.parts:
        return False
    end = batch + first + reach + -(-count // lanes) * lanes
    for r in range(len(axes)):
        if low[r] < 0 or low[r] + rows[r] > axes[r].inputs:
            return False
        end += (low[r] + rows[r] - 1) * axes[r].x_step
    return end <= size


@part_of
def _tile(y, x, taps, at, ptr, work, low, rows, batches, chunk, i0, axes, last):
    """One tile: all rows of a chunk of the first axis, the outputs of i0 ≤ i < i0 + I along the last.

    ``low`` and ``rows``: memory for what it reads, per leading axis; ``batches``: where the array begins in x and in y.
    """
    lanes = VECTOR_BYTES // y.itemsize
    rank, phases = len(axes), last.ups
    total, row0 = 1, 0
    for r in range(rank):
        axis = axes[r]
        n0, n1 = 0, axis.outputs
        if r == 0:
            n0 = row0 = chunk * last.rows
            n1 = min(n1, n0 + last.rows)
        total *= n1 - n0
        low[r] = axis.down * (n0 // axis.up) + axis.low
        rows[r] = axis.down * ((n1 - 1) // axis.up - n0 // axis.up) + axis.reach + 1
    patch, buffer = work[: last.patch], work[last.patch :]
    inside = _is_inside(low, rows, i0, lanes, batches[0], x.size, axes, last)
    count = min(last.width, last.steps - i0)
    width = -(-count // lanes) * lanes  # vectors are whole: what is beyond the count is computed and not stored
    if not inside:
        _gather(patch, x, batches[0], low, rows, i0, width, axes, last)
    offsets, read = (at[IN_X], x) if inside else (at[IN_PATCH], patch)
    for row in range(total):
        rest, phase, factor, to = row, 0, 1, batches[1]
        source = batches[0] + i0 if inside else 0
        for r in range(rank - 1, -1, -1):
            axis = axes[r]
            n = row0 + rest if r == 0 else rest % axis.outputs
            rest //= axis.outputs
            i = n // axis.up
            phase += factor * (n - i * axis.up)
            factor *= axis.up
            to += n * axis.y_step
            if inside:
                source += i * axis.down * axis.x_step
            else:
                source += (i * axis.down + axis.low - low[r]) * axis.patch_step
        to += phases * i0
        direct = phases == 1 and width == count and not last.add
        target, place = (y, to) if direct else (buffer, 0)
        sums(target, place, read, source, taps, offsets, ptr[phase * phases :], phases, width)
        if not direct:
            whole = min(count, last.outputs // phases - i0)
            join(y, to, buffer, 0, width, whole, phases, last.add)
            for p in range((count - whole) * (last.outputs % phases)):  # the last i, which not all phases have
                value = buffer[p * width + whole]
                y[to + phases * whole + p] = value + y[to + phases * whole + p] if last.add else value


def _tiles(held, given, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk, column; an array of x has ``x_size`` entries."""
    y, x, taps, at, ptr, work, axes, lasts, x_size, y_size = arguments(held, given)
    last, low, rows = lasts[0], on_stack(len(axes)), on_stack(len(axes))
    for t in range(first, stop):
        column = t % last.columns
        chunk = t // last.columns % last.chunks
        batch = t // (last.columns * last.chunks)
        starts = (batch * x_size, batch * y_size)
        _tile(y, x, taps, at, ptr, work, low, rows, starts, chunk, column * last.width, axes, last)


def _each(held, given, first, stop):
    """Entries first ≤ n < stop of y, on one axis, one sum after the other; ``at`` is the row IN_ROW.

    Where there are many phases and few outputs of each, vectors of i would be mostly empty.
    """
    y, x, taps, at, ptr, lasts = arguments(held, given)
    last = lasts[0]
    for n in range(first, stop):
        row = n // last.outputs
        i, p = divmod(n - row * last.outputs, last.ups)
        source, total = row * last.samples * last.parts, y.dtype.type(0)
        for k in range(ptr[p, 0], ptr[p, -1]):
            total += taps[k] * continued(x, source, last.downs * i + at[k], last.samples, last.parts, last.rule)
        y[n] = total + y[n] if last.add else total
