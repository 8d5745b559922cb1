"""The loops of ``compiled.mixing`` in Numba: gather all input channels of a tile, sum for a few output channels, store.

    y[o, P i + p] = Σ_k Σ_c tap_k[o, c] · x[c, Q (i + e_k) + q_k]

on three axes.  A patch holds every phase q of the inputs as a plane of its own, so that a tap is an offset in the patch
whatever i is.  The positions i of a tile are then one run that goes on from row to row, over the few columns between
rows that are computed and not stored.  Sums of some outputs by some vectors of positions stay in registers while all
taps and inputs go by.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import binding
from numba import int64

from .. import layout
from ..layout import (
    ADD,
    CHUNKS,
    COLUMNS,
    COUNT,
    DOWN,
    E_MIN,
    E_REACH,
    GROUPS,
    IN,
    INS,
    LOW,
    MODE,
    OUT,
    PATCH,
    PATCH_CHANNEL,
    PATCH_STEP,
    POSITIONS,
    REACH,
    RULE,
    RUN,
    TILE,
    TILES,
    UP,
    VECTOR_BYTES,
    WIDTH,
    X_BATCH,
    X_CHANNEL,
    X_STEP,
    Y_BATCH,
    Y_CHANNEL,
    Y_STEP,
    ZERO,
    E,
    K,
    N,
    P,
    Q,
)
from .tiles import _fold, _join, _sample, _split, jit, machine_code, part_of, row_types, version
from .vectors import block, copy, dots

#: Outputs by vectors of 64 bytes whose sums fit into the registers, beside the samples and a tap: 32 registers of 64
#: bytes, or as few as 16 of 32.  The last vectors of a run are taken fewer at a time.
_HAS_LARGE_REGISTERS = bool(binding.get_host_cpu_features().get("avx512f"))
SHAPES = ((8, 3), (4, 6), (1, 8)) if _HAS_LARGE_REGISTERS else ((6, 1), (2, 2), (1, 4))
OUTPUTS = tuple([outs for outs, _ in SHAPES])


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


@part_of
def _gather_planes(patch, x, base, pairs, starts, counts, axes, last, mix):
    """All planes of all input channels of a tile; ``pairs`` are the phases along the first two axes."""
    phases, first, width = last[Q], starts[2] + last[E_MIN], last[WIDTH] + last[E_REACH]
    low = min(width, max(0, -first))
    inside, more = last[K] * last[E] // phases - first, last[K] * last[E] % phases
    high = max(low, min(width, inside))
    more = more if inside == high < width else 0
    fill = last[COLUMNS] > 1  # else the same places are always outside, and have been 0 from the beginning
    size, parts = last[K], last[E]
    line = (first, low, high, more, fill, width, phases, last[RUN], size, parts, last[RULE])  # once, not for every row
    rows0, rows1 = counts[0] + axes[0, REACH], counts[1] + axes[1, REACH]
    down0, down1, size0, size1 = axes[0, DOWN], axes[1, DOWN], axes[0, IN], axes[1, IN]
    step0, step1, x_step0, x_step1 = axes[0, PATCH_STEP], axes[1, PATCH_STEP], axes[0, X_STEP], axes[1, X_STEP]
    rule0, rule1 = axes[0, MODE], axes[1, MODE]
    for channel in range(mix[INS]):
        for pair in range(len(pairs)):
            plane, row = channel * mix[PATCH_CHANNEL] + pair * phases * last[RUN], base + channel * mix[X_CHANNEL]
            first0 = down0 * (starts[0] + axes[0, LOW]) + pairs[pair, 0]
            first1 = down1 * (starts[1] + axes[1, LOW]) + pairs[pair, 1]
            for j0 in range(rows0):
                m0 = first0 + down0 * j0
                if m0 < 0 or m0 >= size0:
                    m0 = _fold(m0, size0, rule0)
                for j1 in range(rows1):
                    m1 = first1 + down1 * j1
                    if m1 < 0 or m1 >= size1:
                        m1 = _fold(m1, size1, rule1)
                    at = plane + j0 * step0 + j1 * step1
                    if m0 == -1 or m1 == -1:
                        _fill(patch, at, line)
                        continue
                    kept0, kept1 = m0 if m0 >= 0 else -2 - m0, m1 if m1 >= 0 else -2 - m1
                    _gather_line(patch, at, x, row + kept0 * x_step0 + kept1 * x_step1, line)
                    if (m0 < 0) != (m1 < 0):
                        _negate(patch, at, line)


@part_of
def _gather_line(patch, at, x, row, line):
    """One row of x into its planes, continued by the rule of the last axis."""
    first, low, high, more, fill, width, phases, run, _, _, rule = line
    if phases == 1:  # a call would cost as much as the copy
        copy(patch, at + low, x, row + first + low, high - low)
    else:
        _split(patch, at + low, run, x, row + phases * (first + low), high - low, phases)
    if rule == ZERO:
        for q in range(phases * fill):
            for i in range(at + q * run, at + q * run + low):
                patch[i] = 0
            for i in range(at + q * run + high, at + q * run + width):
                patch[i] = 0
        for q in range(more):  # some phases go on for a sample
            patch[at + q * run + high] = x[row + phases * (first + high) + q]
    else:
        _continue_line(patch, at, x, row, line)


@jit
def _continue_line(patch, at, x, row, line):
    first, low, high, _, _, width, phases, run, size, parts, rule = line
    for q in range(phases):
        for i in range(low):
            patch[at + q * run + i] = _sample(x, row, phases * (first + i) + q, size, parts, rule)
        for i in range(high, width):
            patch[at + q * run + i] = _sample(x, row, phases * (first + i) + q, size, parts, rule)


@jit
def _fill(patch, at, line):
    _, _, _, _, _, width, phases, run, _, _, _ = line
    for q in range(phases):
        for i in range(at + q * run, at + q * run + width):
            patch[i] = 0


@jit
def _negate(patch, at, line):
    _, _, _, _, _, width, phases, run, _, _, _ = line
    for q in range(phases):
        for i in range(at + q * run, at + q * run + width):
            patch[i] = -patch[i]


@part_of
def _store_planes(y, base, buffer, source, width, starts, counts, axes, last, mix):
    """One output channel of a tile: the phases of all axes interleave again."""
    phases, run, rest, add = last[P], width * mix[POSITIONS], last[N] % last[P], last[ADD]
    whole = min(counts[2], last[N] // phases - starts[2])
    up0, up1, size0, size1 = axes[0, UP], axes[1, UP], axes[0, OUT], axes[1, OUT]
    step0, step1, y_step0, y_step1 = axes[0, PATCH_STEP], axes[1, PATCH_STEP], axes[0, Y_STEP], axes[1, Y_STEP]
    base += phases * starts[2]
    for p0 in range(up0):
        for i0 in range(min(counts[0], (size0 - p0 + up0 - 1) // up0 - starts[0])):
            row = base + (up0 * (starts[0] + i0) + p0) * y_step0
            for p1 in range(up1):
                at = source + (p0 * up1 + p1) * phases * run + i0 * step0
                for i1 in range(min(counts[1], (size1 - p1 + up1 - 1) // up1 - starts[1])):
                    to = row + (up1 * (starts[1] + i1) + p1) * y_step1
                    _join(y, to, buffer, at + i1 * step1, run, whole, phases, add)
                    for p in range((counts[2] - whole) * rest):
                        value, place = buffer[at + i1 * step1 + p * run + whole], to + phases * whole + p
                        y[place] = value + y[place] if add else value


@part_of
def _place(tile, axes, last, lanes):
    """What numbers tiles beside their place, where a tile starts, its size, and the run of its positions."""
    t2, rest = tile % last[COLUMNS], tile // last[COLUMNS]
    t1, rest = rest % axes[1, TILES], rest // axes[1, TILES]
    t0, rest = rest % axes[0, TILES], rest // axes[0, TILES]
    starts = (t0 * axes[0, TILE], t1 * axes[1, TILE], t2 * last[WIDTH])
    counts = (
        min(axes[0, TILE], -(-axes[0, OUT] // axes[0, UP]) - starts[0]),
        min(axes[1, TILE], -(-axes[1, OUT] // axes[1, UP]) - starts[1]),
        min(last[WIDTH], last[COUNT] - starts[2]),
    )
    width = (counts[0] - 1) * axes[0, PATCH_STEP] + (counts[1] - 1) * axes[1, PATCH_STEP] + counts[2]
    return rest, starts, counts, -(-width // lanes) * lanes


def _mixed(y, x, taps, at, ptr, work, blocks, pairs, axes, last, mix, first, stop):
    """The steps first ≤ t < stop, in the order batch, group, tile, share of the outputs."""
    lanes, packed = VECTOR_BYTES // y.itemsize, -1
    patch, buffer = work[: last[PATCH]], work[last[PATCH] :]
    columns = blocks[-1, 0] + blocks[-1, 1]
    for t in range(first, stop):
        chunk, tile = t % last[CHUNKS], t // last[CHUNKS]
        rest, starts, counts, width = _place(tile, axes, last, lanes)
        group, batch = rest % mix[GROUPS], rest // mix[GROUPS]
        if packed != tile:
            base = batch * mix[X_BATCH] + group * mix[INS] * mix[X_CHANNEL]
            _gather_planes(patch, x, base, pairs, starts, counts, axes, last, mix)
            packed = tile
        for b in range(len(blocks) * chunk // last[CHUNKS], len(blocks) * (chunk + 1) // last[CHUNKS]):
            outs, column, low, high = blocks[b]
            table = (group * columns + column) * len(at)
            for p in range(len(ptr) - 1):
                to = p * outs * mix[POSITIONS]
                if outs == MOST:
                    _most(buffer, to, mix[POSITIONS], patch, taps, table, at, ptr[p], ptr[p + 1], width)
                elif outs == FEW:
                    _few(buffer, to, mix[POSITIONS], patch, taps, table, at, ptr[p], ptr[p + 1], width)
                else:
                    _single(buffer, to, mix[POSITIONS], patch, taps, table, at, ptr[p], ptr[p + 1], width)
            for o in range(low, high):
                base = batch * mix[Y_BATCH] + o * mix[Y_CHANNEL] + group * mix[layout.OUTS] * mix[Y_CHANNEL]
                _store_planes(y, base, buffer, (o - low) * mix[POSITIONS], outs, starts, counts, axes, last, mix)


# The gradient of the taps ---------------------------------------------------------------------------------------------

#: Outputs by taps whose products with each other are summed in registers.
DOTS = (4, 6) if _HAS_LARGE_REGISTERS else (2, 2)
_products, _of_one = dots(*DOTS), dots(1, DOTS[1])
DOT_OUTPUTS, DOT_TAPS = DOTS


@part_of
def _load_planes(buffer, to, width, y, base, starts, counts, axes, last, mix):
    """The phases of one output channel of a tile; positions between rows and behind them are left as they are."""
    phases, run, rest = last[P], width * mix[POSITIONS], last[N] % last[P]
    whole = min(counts[2], last[N] // phases - starts[2])
    up0, up1, size0, size1 = axes[0, UP], axes[1, UP], axes[0, OUT], axes[1, OUT]
    step0, step1, y_step0, y_step1 = axes[0, PATCH_STEP], axes[1, PATCH_STEP], axes[0, Y_STEP], axes[1, Y_STEP]
    base += phases * starts[2]
    for p0 in range(up0):
        for i0 in range(min(counts[0], (size0 - p0 + up0 - 1) // up0 - starts[0])):
            row = base + (up0 * (starts[0] + i0) + p0) * y_step0
            for p1 in range(up1):
                at = to + (p0 * up1 + p1) * phases * run + i0 * step0
                for i1 in range(min(counts[1], (size1 - p1 + up1 - 1) // up1 - starts[1])):
                    source = row + (up1 * (starts[1] + i1) + p1) * y_step1
                    _split(buffer, at + i1 * step1, run, y, source, whole, phases)
                    for p in range((counts[2] - whole) * rest):
                        buffer[at + i1 * step1 + p * run + whole] = y[source + phases * whole + p]


def _unmixed(found, y, x, at, ptr, work, pairs, axes, last, mix, parts, width, first, stop):
    """The steps first ≤ t < stop, in the order part of the tiles, group, share of the outputs."""
    lanes, outs = VECTOR_BYTES // y.itemsize, mix[layout.OUTS]
    patch, buffer = work[: last[PATCH]], work[last[PATCH] :]
    for t in range(first, stop):
        chunk, group, number = t % last[CHUNKS], t // last[CHUNKS] % mix[GROUPS], t // last[CHUNKS] // mix[GROUPS]
        blocks = -(-outs // width)
        table = (number * mix[GROUPS] + group) * blocks * width * len(at)
        for tile in range(parts[number], parts[number + 1]):
            batch, starts, counts, run = _place(tile, axes, last, lanes)
            base = batch * mix[X_BATCH] + group * mix[INS] * mix[X_CHANNEL]
            _gather_planes(patch, x, base, pairs, starts, counts, axes, last, mix)
            for b in range(blocks * chunk // last[CHUNKS], blocks * (chunk + 1) // last[CHUNKS]):
                for i in range((len(ptr) - 1) * width * mix[POSITIONS]):
                    buffer[i] = 0
                for o in range(b * width, min(outs, (b + 1) * width)):
                    base = batch * mix[Y_BATCH] + (group * outs + o) * mix[Y_CHANNEL]
                    _load_planes(
                        buffer, (o - b * width) * mix[POSITIONS], width, y, base, starts, counts, axes, last, mix
                    )
                for p in range(len(ptr) - 1):
                    source = p * width * mix[POSITIONS]
                    for e in range(ptr[p], ptr[p + 1], DOT_TAPS):
                        to = table + b * width * len(at) + e
                        if width == 1:
                            _of_one(found, to, len(at), buffer, source, mix[POSITIONS], patch, at, e, run // lanes)
                        else:
                            _products(found, to, len(at), buffer, source, mix[POSITIONS], patch, at, e, run // lanes)


_VERSION = version(__name__, SHAPES, DOTS)


@lru_cache
def mixed(real: np.dtype) -> Any:
    """The steps first ≤ t < stop of a plan, for entries of this dtype."""
    row, indices, table = row_types(real)
    tables = (table, table, table, indices, indices)
    return machine_code(_mixed, f"{real}_{_VERSION}", row, row, row, indices, indices, row, *tables, int64, int64)


@lru_cache
def unmixed(real: np.dtype) -> Any:
    """The steps first ≤ t < stop of a gradient, for entries of this dtype."""
    row, indices, table = row_types(real)
    arrays = (row, row, row, indices, indices, row, table, table, indices, indices, indices)
    return machine_code(_unmixed, f"{real}_{_VERSION}", *arrays, int64, int64, int64)
