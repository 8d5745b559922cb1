"""The loops of plans and transforms in Numba: gather a patch, take the sums, interleave the phases.

    y[P i + p] = Σ_k tap_k · x[Q (i + e_k) + q_k]

for the taps k of phase p.  A tile of y has some rows and I values of i.  Its input is used where it lies if Q = 1 and
nothing is outside; else it is gathered into a patch, one contiguous run per phase, continued by the rule of the
boundary.  Every sum is taken in the order of the list, whatever the tile and the thread that computes it: results do
not depend on the number of threads.

Indices are not checked here; ``compiled.plans`` makes tables that stay inside.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import binding
from numba import from_dtype, int64, njit, types

from ....arrays import rules
from .. import layout
from ..layout import (
    ADD,
    CHUNKS,
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
    PATCH_STEP,
    REACH,
    ROWS,
    RULE,
    RUN,
    UP,
    VECTOR_BYTES,
    WIDTH,
    X_STEP,
    Y_STEP,
    ZERO,
    E,
    K,
    N,
    P,
    Q,
)
from . import vectors
from .vectors import (
    SHUFFLED,
    SQUARE,
    block1,
    block2,
    block4,
    block8,
    copy,
    join_step,
    split_step,
    transpose_square,
)

jit = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
part_of = njit(inline="always")  # a call with arrays costs 0.1 µs, as much as a short row


@jit
def _fold(m, size, rule):
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
def _sample(x, row, s, size, parts, rule):
    """Entry s of the row of x that starts at ``row``, continued outside; ``parts`` entries make one sample."""
    m = s if parts == 1 else s // parts  # a division costs more than all else here
    if 0 <= m < size:
        return x[row + s]
    found = _fold(m, size, rule)
    if found == -1:
        return x.dtype.type(0)
    if found < -1:
        return -x[row + (-2 - found) * parts + s % parts]
    return x[row + found * parts + s % parts]


@jit
def _transpose(y, to, y_step, x, source, x_step, rows, columns):
    """y[to + c·y_step + r] = x[source + r·x_step + c] for r < rows, c < columns."""
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
def _split(patch, at, run, x, source, count, phases):
    """patch[at + q·run + i] = x[source + phases·i + q]: every phase becomes a run."""
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
        _transpose(patch, at + i, run, x, source + phases * i, phases, count - i, phases)


@part_of
def _join(y, to, buffer, at, run, count, phases, add):
    """y[to + phases·i + p] = buffer[at + p·run + i]: the phases interleave again."""
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
        _transpose(y, to + phases * i, phases, buffer, at + i, run, phases, count - i)


@part_of
def _gather_row(patch, at, x, row, i0, width, last):
    """The runs of one row of the patch: phase q at position i is entry Q (i0 + e_min + i) + q of the row of x."""
    phases, run, first = last[Q], last[RUN], i0 + last[E_MIN]
    width += last[E_REACH]
    inside = last[K] * last[E] // phases
    low = min(width, max(0, -first))
    high = max(low, min(width, inside - first))
    _split(patch, at + low, run, x, row + phases * (first + low), high - low, phases)
    if last[RULE] == ZERO:
        total = last[K] * last[E]
        for q in range(phases):
            for i in range(low):
                patch[at + q * run + i] = 0
            for i in range(high, width):
                s = phases * (first + i) + q
                patch[at + q * run + i] = x[row + s] if 0 <= s < total else 0
        return
    for q in range(phases):
        for i in range(low):
            patch[at + q * run + i] = _sample(x, row, phases * (first + i) + q, last[K], last[E], last[RULE])
        for i in range(high, width):
            patch[at + q * run + i] = _sample(x, row, phases * (first + i) + q, last[K], last[E], last[RULE])


@jit
def _gather(patch, x, batch, low, rows, i0, width, axes, last):
    """The patch of a tile: ``rows[r]`` rows from ``low[r]`` on along each axis before the last."""
    total = 1
    for r in range(len(axes)):
        total *= rows[r]
    for row in range(total):
        rest, source, at, sign, empty = row, batch, 0, 1, False
        for r in range(len(axes) - 1, -1, -1):
            k = rest % rows[r]
            rest //= rows[r]
            at += k * axes[r, PATCH_STEP]
            m = low[r] + k
            if m < 0 or m >= axes[r, IN]:
                m = _fold(m, axes[r, IN], axes[r, MODE])
                if m == -1:
                    empty = True
                elif m < -1:
                    sign, m = -sign, -2 - m
            source += m * axes[r, X_STEP]
        size = last[Q] * last[RUN]
        if empty:
            patch[at : at + size] = 0
        else:
            _gather_row(patch, at, x, source, i0, width, last)
            if sign < 0:
                for i in range(at, at + size):
                    patch[i] = -patch[i]


@part_of
def _sums(y, to, x, source, taps, at, ptr, phases, width):
    """y[to + p·width + i] = Σ_k taps[k] x[source + at[k] + i], k in row p of ptr, width a multiple of the lanes."""
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
    count = min(last[WIDTH], last[COUNT] - i0)
    first, reach = i0 + last[E_MIN], last[E_REACH]
    if last[Q] != 1 or first < 0 or first + count + reach > last[K] * last[E]:
        return False
    end = batch + first + reach + -(-count // lanes) * lanes
    for r in range(len(axes)):
        if low[r] < 0 or low[r] + rows[r] > axes[r, IN]:
            return False
        end += (low[r] + rows[r] - 1) * axes[r, X_STEP]
    return end <= size


@part_of
def _tile(y, x, taps, at, ptr, work, batches, chunk, i0, axes, last):
    """One tile: all rows of a chunk of the first axis, the outputs of i0 ≤ i < i0 + I along the last."""
    lanes = VECTOR_BYTES // y.itemsize
    rank, phases = len(axes), last[P]
    low, rows = np.empty(rank, np.int64), np.empty(rank, np.int64)
    total, row0 = 1, 0
    for r in range(rank):
        n0, n1 = 0, axes[r, OUT]
        if r == 0:
            n0 = row0 = chunk * last[ROWS]
            n1 = min(n1, n0 + last[ROWS])
        total *= n1 - n0
        low[r] = axes[r, DOWN] * (n0 // axes[r, UP]) + axes[r, LOW]
        rows[r] = axes[r, DOWN] * ((n1 - 1) // axes[r, UP] - n0 // axes[r, UP]) + axes[r, REACH] + 1
    patch, buffer = work[: last[PATCH]], work[last[PATCH] :]
    inside = _is_inside(low, rows, i0, lanes, batches[0], x.size, axes, last)
    count = min(last[WIDTH], last[COUNT] - i0)
    width = -(-count // lanes) * lanes
    if not inside:
        _gather(patch, x, batches[0], low, rows, i0, width, axes, last)
    offsets, read = (at[0], x) if inside else (at[1], patch)
    for row in range(total):
        rest, phase, factor, to = row, 0, 1, batches[1]
        source = batches[0] + i0 if inside else 0
        for r in range(rank - 1, -1, -1):
            n = row0 + rest if r == 0 else rest % axes[r, OUT]
            rest //= axes[r, OUT]
            i = n // axes[r, UP]
            phase += factor * (n - i * axes[r, UP])
            factor *= axes[r, UP]
            to += n * axes[r, Y_STEP]
            if inside:
                source += i * axes[r, DOWN] * axes[r, X_STEP]
            else:
                source += (i * axes[r, DOWN] + axes[r, LOW] - low[r]) * axes[r, PATCH_STEP]
        to += phases * i0
        direct = phases == 1 and width == count and not last[ADD]
        target, place = (y, to) if direct else (buffer, 0)
        _sums(target, place, read, source, taps, offsets, ptr[phase * phases :], phases, width)
        if not direct:
            whole = min(count, last[N] // phases - i0)
            _join(y, to, buffer, 0, width, whole, phases, last[ADD])
            for p in range((count - whole) * (last[N] % phases)):
                value = buffer[p * width + whole]
                y[to + phases * whole + p] = value + y[to + phases * whole + p] if last[ADD] else value


def _tiles(y, x, taps, at, ptr, work, axes, last, strides, first, stop):
    """The tiles first ≤ t < stop, in the order batch, chunk, column."""
    for t in range(first, stop):
        column = t % last[COLUMNS]
        chunk = t // last[COLUMNS] % last[CHUNKS]
        batch = t // (last[COLUMNS] * last[CHUNKS])
        starts = (batch * strides[0], batch * strides[1])
        _tile(y, x, taps, at, ptr, work, starts, chunk, column * last[WIDTH], axes, last)


def _each(y, x, taps, at, ptr, last, first, stop):
    """One sum after the other, for one axis: where there are many phases and few outputs of each."""
    for n in range(first, stop):
        row = n // last[N]
        i, p = divmod(n - row * last[N], last[P])
        total = y.dtype.type(0)
        for k in range(ptr[p, 0], ptr[p, -1]):
            total += taps[k] * _sample(x, row * last[K] * last[E], last[Q] * i + at[k], last[K], last[E], last[RULE])
        y[n] = total + y[n] if last[ADD] else total


# What Python calls --------------------------------------------------------------------------------------------------


def version(*parts: Any) -> str:
    """A number for what the code of some modules depends on: the modules by name, and values that they are made with.

    Numba's cache looks at one file alone and numbers its own files without a lock.  So the name of a cached function
    says all that it depends on, and one name never stands for two things that two processes could mix up.
    """
    everything = dict.fromkeys((*parts, __name__, layout.__name__, rules.__name__, vectors.__name__))
    found = [_source(part) if isinstance(part, str) else part for part in everything]
    return f"{zlib.crc32(repr((found, binding.get_host_cpu_name())).encode()):08x}"


def _source(module: str) -> str | None:
    loader: Any = sys.modules[module].__loader__
    return loader.get_source(module)


_VERSION = version()


def machine_code(
    function: Callable[..., Any],
    name: str,
    *arguments: Any,
    result: Any = types.void,
    counts: bool = True,
    checks: bool = True,
) -> Any:
    """The function compiled for these arguments only; others are refused, not compiled or converted.

    One that makes no arrays need not count references, which costs more than a short row; nor need one that never
    divides by 0 ask for it, which would keep its loops from becoming vectors.
    """
    named = FunctionType(function.__code__, function.__globals__, function.__name__)
    named.__module__ = function.__module__
    named.__qualname__ = f"{function.__name__}_{name}"
    model = "python" if checks else "numpy"
    compiled = njit(nogil=True, no_cfunc_wrapper=True, _nrt=counts, error_model=model)(named)
    with suppress(RuntimeError):  # no directory to write to: compiled in every process
        compiled.enable_caching()
    compiled.compile(result(*arguments))
    compiled.disable_compile()
    return compiled


def row_types(real: np.dtype) -> tuple[Any, Any, Any]:
    """Rows of numbers, lists and tables of indices."""
    return from_dtype(real)[::1], int64[::1], int64[:, ::1]


@lru_cache
def tiles(real: np.dtype) -> Any:
    """The tiles first ≤ t < stop of a plan, for entries of this dtype."""
    row, indices, table = row_types(real)
    pair = types.UniTuple(int64, 2)
    arrays = row, row, row, table, table, row, table, indices, pair
    return machine_code(_tiles, f"{real}_{_VERSION}", *arrays, int64, int64)


@lru_cache
def each(real: np.dtype) -> Any:
    """The entries first ≤ n < stop of y, sum by sum."""
    row, indices, table = row_types(real)
    return machine_code(_each, f"{real}_{_VERSION}", row, row, row, indices, table, indices, int64, int64)
