"""The loops of :class:`~..mixing.MixingPlan`: gather all inputs of a tile, sum for a few outputs, store.

    y[o, P i + p] = Σ_k Σ_c tap_k[o, c] · x[c, Q (i + e_k) + q_k]

on three axes.  A patch holds every phase q of the inputs as a plane of its own, so that a tap is an offset in the patch
whatever i is.  The positions i of a tile are then one run that goes on from row to row, over the few columns between
rows that are computed and not stored.

Arguments, beside those of :mod:`.tiles`:

    taps          for each block of outputs and each k of ``at`` a column of ``width`` numbers
    at            (taps · ins,)   places in a patch that a tap and an input channel read, in entries
    ptr           (phases + 1,)   entries ptr[p] ≤ k < ptr[p + 1] of the lists make phase p
    work          a patch, then ``phases · width · positions`` sums
    blocks        records of :class:`~.layout.OutputBlock`
    pairs         (pairs, 2)      the phases of x along the first two axes that any tap reads
    mixes         one record of :class:`~.layout.Channels`
    first, stop   the steps that this call computes: a tile each, or a share of the outputs of a tile

Why the loops stand as they do.  A tile is gathered once, for all outputs, and its patch stays in the second-level
cache.  Then go blocks of outputs, then phases, then strips of a few vectors of positions, and innermost all taps and
inputs.  Some outputs by some vectors of sums stay in registers meanwhile: each sample that is loaded serves all
outputs of the block, each tap all vectors of the strip, so that there are more multiply-adds than loads.

Indices are not checked here; ``compiled.mixing`` makes tables that stay inside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .layout import VECTOR_BYTES, ZERO
from .machine import arguments, jit, part_of
from .patches import continued, fold, gather_strided, join, split
from .processor import DOT_TAPS, DOTS, OUTPUTS, SHAPES
from .vectors import block, copy, dots


def _strips(outs: int, count: int) -> Any:
    """y[to + o·run + i] = Σ_k taps[t0 + o + outs·k] x[at[k] + i] for i < width, a multiple of the lanes."""
    many, some, one = block(outs, count), block(outs, max(1, count // 2)), block(outs, 1)
    several = max(1, count // 2)

    @jit
    def strips(y, to, run, x, taps, t0, at, first, stop, width):
        lanes, i = VECTOR_BYTES // y.itemsize, 0
        while i + count * lanes <= width:
            many(y, to + i, run, x, i, taps, t0, at, first, stop)
            i += count * lanes
        while i + several * lanes <= width:
            some(y, to + i, run, x, i, taps, t0, at, first, stop)
            i += several * lanes
        while i < width:
            one(y, to + i, run, x, i, taps, t0, at, first, stop)
            i += lanes

    return strips


_most, _few, _single = (_strips(*shape) for shape in SHAPES)
MOST, FEW, _ = OUTPUTS


# Patches of planes ----------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """What all rows of a tile have in common: found once, not for every row."""

    first: int  # the first sample of a phase, in samples of the phase
    low: int  # positions before the row begins
    high: int  # and up to where it ends
    more: int  # phases that go on for one sample
    fill: bool  # whether zeros are written outside
    width: int  # positions in all
    phases: int  # of x
    run: int  # entries from phase to phase
    size: int  # samples of a row of x
    parts: int  # entries of a sample
    rule: int  # beyond the row


@part_of
def _line_of(start, last):
    """For the positions of a tile from ``start`` on."""
    phases, first, width = last.downs, start + last.low, last.width + last.reach
    low = min(width, max(0, -first))
    inside, more = last.samples * last.parts // phases - first, last.samples * last.parts % phases
    high = max(low, min(width, inside))
    more = more if inside == high < width else 0
    fill = last.columns > 1  # else the same places are always outside, and have been 0 from the beginning
    return _Line(first, low, high, more, fill, width, phases, last.run, last.samples, last.parts, last.rule)


@part_of
def _gather_planes(patch, x, base, pairs, starts, counts, axes, last, mix):
    """All planes of all input channels of a tile, of the group of x that starts at ``base``.

    The tile: counts[a] values of i from starts[a] on, per axis.
    """
    if pairs.shape[1] == 3:
        _gather_apart(patch, x, base, pairs, starts, counts, axes, last, mix)
        return
    line, axis0, axis1 = _line_of(starts[2], last), axes[0], axes[1]
    rows0, rows1 = counts[0] + axis0.reach, counts[1] + axis1.reach
    down0, down1, size0, size1 = axis0.down, axis1.down, axis0.inputs, axis1.inputs
    step0, step1, x_step0, x_step1 = axis0.patch_step, axis1.patch_step, axis0.x_step, axis1.x_step
    rule0, rule1 = axis0.rule, axis1.rule
    for channel in range(mix.ins):
        for pair in range(len(pairs)):
            plane, row = channel * mix.patch_channel + pair * line.phases * last.run, base + channel * mix.x_channel
            first0 = down0 * (starts[0] + axis0.low) + pairs[pair, 0]
            first1 = down1 * (starts[1] + axis1.low) + pairs[pair, 1]
            for j0 in range(rows0):
                m0 = first0 + down0 * j0
                if m0 < 0 or m0 >= size0:
                    m0 = fold(m0, size0, rule0)
                for j1 in range(rows1):
                    m1 = first1 + down1 * j1
                    if m1 < 0 or m1 >= size1:
                        m1 = fold(m1, size1, rule1)
                    at = plane + j0 * step0 + j1 * step1
                    if m0 == -1 or m1 == -1:
                        _fill(patch, at, line)
                        continue
                    kept0, kept1 = m0 if m0 >= 0 else -2 - m0, m1 if m1 >= 0 else -2 - m1
                    _gather_line(patch, at, x, row + kept0 * x_step0 + kept1 * x_step1, line)
                    if (m0 < 0) != (m1 < 0):
                        _negate(patch, at, line)


@jit
def _gather_apart(patch, x, base, pairs, starts, counts, axes, last, mix):
    """The same for taps that each have a plane of their own: rows, and entries along the last axis, in ``pairs``."""
    axis0, axis1 = axes[0], axes[1]
    for channel in range(mix.ins):
        for pair in range(len(pairs)):
            plane, row = channel * mix.patch_channel + pair * last.run, base + channel * mix.x_channel
            s = last.downs * starts[2] + pairs[pair, 2]
            for j0 in range(counts[0]):
                m0 = axis0.down * (starts[0] + j0) + pairs[pair, 0]
                if m0 < 0 or m0 >= axis0.inputs:
                    m0 = fold(m0, axis0.inputs, axis0.rule)
                for j1 in range(counts[1]):
                    m1 = axis1.down * (starts[1] + j1) + pairs[pair, 1]
                    if m1 < 0 or m1 >= axis1.inputs:
                        m1 = fold(m1, axis1.inputs, axis1.rule)
                    at = plane + j0 * axis0.patch_step + j1 * axis1.patch_step
                    if m0 == -1 or m1 == -1:
                        patch[at : at + counts[2]] = 0
                        continue
                    kept0, kept1 = m0 if m0 >= 0 else -2 - m0, m1 if m1 >= 0 else -2 - m1
                    source = row + kept0 * axis0.x_step + kept1 * axis1.x_step
                    gather_strided(patch, at, x, source, s, counts[2], last)
                    if (m0 < 0) != (m1 < 0):
                        for i in range(at, at + counts[2]):
                            patch[i] = -patch[i]


@part_of
def _gather_line(patch, at, x, row, line):
    """patch[at + q·run + i] = entry phases·(first + i) + q of a row of x, continued by the rule of the last axis."""
    first, phases, run = line.first, line.phases, line.run
    if phases == 1:  # a call would cost as much as the copy
        copy(patch, at + line.low, x, row + first + line.low, line.high - line.low)
    else:
        split(patch, at + line.low, run, x, row + phases * (first + line.low), line.high - line.low, phases)
    if line.rule == ZERO:
        for q in range(phases * line.fill):
            for i in range(at + q * run, at + q * run + line.low):
                patch[i] = 0
            for i in range(at + q * run + line.high, at + q * run + line.width):
                patch[i] = 0
        for q in range(line.more):  # some phases go on for a sample
            patch[at + q * run + line.high] = x[row + phases * (first + line.high) + q]
    else:
        _continue_line(patch, at, x, row, line)


@jit
def _continue_line(patch, at, x, row, line):
    """What a row has before its first and after its last sample."""
    for q in range(line.phases):
        place, s = at + q * line.run, line.phases * line.first + q
        for i in range(line.low):
            patch[place + i] = continued(x, row, s + line.phases * i, line.size, line.parts, line.rule)
        for i in range(line.high, line.width):
            patch[place + i] = continued(x, row, s + line.phases * i, line.size, line.parts, line.rule)


@jit
def _fill(patch, at, line):
    """A row of a patch that is outside."""
    for q in range(line.phases):
        for i in range(at + q * line.run, at + q * line.run + line.width):
            patch[i] = 0


@jit
def _negate(patch, at, line):
    """A row of a patch times −1."""
    for q in range(line.phases):
        for i in range(at + q * line.run, at + q * line.run + line.width):
            patch[i] = -patch[i]


# Outputs --------------------------------------------------------------------------------------------------------------


@part_of
def _planes(y, base, buffer, source, width, starts, counts, axes, last, mix, loads):
    """One output channel of a tile: the phases in the buffer interleave to rows of y again, or are loaded from them.

    Row by row of y, so that its cache lines are touched once: phase p0 and position i0 of the first axis, p1 and i1 of
    the second.  Positions of the buffer between rows and behind them are not stored, nor loaded.  ``loads`` is known
    where this is inlined, so that one of the two is left.
    """
    phases, run, rest, add = last.ups, width * mix.positions, last.outputs % last.ups, last.add
    whole = min(counts[2], last.outputs // phases - starts[2])
    up0, up1, size0, size1 = axes[0].up, axes[1].up, axes[0].outputs, axes[1].outputs
    step0, step1, y_step0, y_step1 = axes[0].patch_step, axes[1].patch_step, axes[0].y_step, axes[1].y_step
    base += phases * starts[2]
    for p0 in range(up0):
        for i0 in range(min(counts[0], (size0 - p0 + up0 - 1) // up0 - starts[0])):
            row = base + (up0 * (starts[0] + i0) + p0) * y_step0
            for p1 in range(up1):
                first = source + (p0 * up1 + p1) * phases * run + i0 * step0
                for i1 in range(min(counts[1], (size1 - p1 + up1 - 1) // up1 - starts[1])):
                    to, at = row + (up1 * (starts[1] + i1) + p1) * y_step1, first + i1 * step1
                    if loads:
                        split(buffer, at, run, y, to, whole, phases)
                    else:
                        join(y, to, buffer, at, run, whole, phases, add)
                    for p in range((counts[2] - whole) * rest):  # phases that go on for one entry
                        place, more = at + p * run + whole, to + phases * whole + p
                        if loads:
                            buffer[place] = y[more]
                        else:
                            y[more] = buffer[place] + y[more] if add else buffer[place]


@part_of
def _place(tile, axes, last, lanes):
    """What numbers tiles beside their place, where a tile starts, its size, and the run of its positions."""
    axis0, axis1 = axes[0], axes[1]
    t2, rest = tile % last.columns, tile // last.columns
    t1, rest = rest % axis1.tiles, rest // axis1.tiles
    t0, rest = rest % axis0.tiles, rest // axis0.tiles
    starts = (t0 * axis0.tile, t1 * axis1.tile, t2 * last.width)
    counts = (
        min(axis0.tile, -(-axis0.outputs // axis0.up) - starts[0]),
        min(axis1.tile, -(-axis1.outputs // axis1.up) - starts[1]),
        min(last.width, last.steps - starts[2]),
    )
    width = (counts[0] - 1) * axis0.patch_step + (counts[1] - 1) * axis1.patch_step + counts[2]
    return rest, starts, counts, -(-width // lanes) * lanes


def _mixed(held, given, first, stop):
    """The steps first ≤ t < stop, in the order batch, group, tile, share of the outputs."""
    y, x, taps, at, ptr, work, blocks, pairs, axes, lasts, mixes = arguments(held, given)
    last, mix = lasts[0], mixes[0]
    lanes, packed = VECTOR_BYTES // y.itemsize, -1
    patch, buffer = work[: last.patch], work[last.patch :]
    columns = blocks[-1].width + blocks[-1].before
    for t in range(first, stop):
        chunk, tile = t % last.chunks, t // last.chunks
        rest, starts, counts, width = _place(tile, axes, last, lanes)
        group, batch = rest % mix.groups, rest // mix.groups
        if packed != tile:
            base = batch * mix.x_batch + group * mix.ins * mix.x_channel
            _gather_planes(patch, x, base, pairs, starts, counts, axes, last, mix)
            packed = tile
        for b in range(len(blocks) * chunk // last.chunks, len(blocks) * (chunk + 1) // last.chunks):
            outs, low = blocks[b].width, blocks[b].first
            table = (group * columns + blocks[b].before) * len(at)
            for p in range(len(ptr) - 1):
                to = p * outs * mix.positions
                if outs == MOST:
                    _most(buffer, to, mix.positions, patch, taps, table, at, ptr[p], ptr[p + 1], width)
                elif outs == FEW:
                    _few(buffer, to, mix.positions, patch, taps, table, at, ptr[p], ptr[p + 1], width)
                else:
                    _single(buffer, to, mix.positions, patch, taps, table, at, ptr[p], ptr[p + 1], width)
            for o in range(low, blocks[b].stop):
                base = batch * mix.y_batch + (group * mix.outs + o) * mix.y_channel
                _planes(y, base, buffer, (o - low) * mix.positions, outs, starts, counts, axes, last, mix, False)


# The gradient of the taps ---------------------------------------------------------------------------------------------

_products, _of_one = dots(*DOTS), dots(1, DOTS[1])


def _unmixed(held, given, first, stop):
    """The steps first ≤ t < stop, in the order part of the tiles, group, share of the outputs.

    found[part, group, o, e] += Σ_n y[o, n] x[at[e] + n] over the tiles parts[part] ≤ tile < parts[part + 1], for blocks
    of ``width`` outputs.  Some outputs by some taps stay in registers while all positions of a tile go by; a part is
    summed by one thread, so that results do not depend on how many there are.
    """
    found, y, x, at, ptr, work, pairs, axes, lasts, mixes, parts, width = arguments(held, given)
    last, mix = lasts[0], mixes[0]
    lanes, outs = VECTOR_BYTES // y.itemsize, mix.outs
    patch, buffer = work[: last.patch], work[last.patch :]
    for t in range(first, stop):
        chunk, group, number = t % last.chunks, t // last.chunks % mix.groups, t // last.chunks // mix.groups
        blocks = -(-outs // width)
        table = (number * mix.groups + group) * blocks * width * len(at)
        for tile in range(parts[number], parts[number + 1]):
            batch, starts, counts, run = _place(tile, axes, last, lanes)
            base = batch * mix.x_batch + group * mix.ins * mix.x_channel
            _gather_planes(patch, x, base, pairs, starts, counts, axes, last, mix)
            for b in range(blocks * chunk // last.chunks, blocks * (chunk + 1) // last.chunks):
                for i in range((len(ptr) - 1) * width * mix.positions):
                    buffer[i] = 0
                for o in range(b * width, min(outs, (b + 1) * width)):
                    base, to = batch * mix.y_batch + (group * outs + o) * mix.y_channel, (o - b * width) * mix.positions
                    _planes(y, base, buffer, to, width, starts, counts, axes, last, mix, True)
                for p in range(len(ptr) - 1):
                    source = p * width * mix.positions
                    for e in range(ptr[p], ptr[p + 1], DOT_TAPS):
                        to = table + b * width * len(at) + e
                        if width == 1:
                            _of_one(found, to, len(at), buffer, source, mix.positions, patch, at, e, run // lanes)
                        else:
                            _products(found, to, len(at), buffer, source, mix.positions, patch, at, e, run // lanes)
