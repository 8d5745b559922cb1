"""Plans: a FIR filter between two rates laid out as lists of (tap, offset) for the tiles.

    y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j,

from a window of x to a window of y.  With g = gcd(L, M), L = g L', M = g M' the output n = a + p + L' i (its *phase* is
p) reads x at M' i + d, where d depends on p and on the tap alone.  So every phase is a list of (tap, offset):

    y[P i + p] = Σ_k tap_k · x[Q (i + e_k) + q_k]

with P phases of output and Q phases of input along the last axis.  The real and imaginary part of a sample are more
phases: P = 2 L', Q = 2 M', and a complex tap is four real ones.  Axes before the last add to the offset.  A tap that is
zero is not in the list, so it reads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import numpy as np

from .axes import (
    AxisTaps,
    Ints,
    Pairs,
    Places,
    RowTaps,
    axes_of,
    check,
    coprime,
    extent_of,
    last_axis,
    leading_axes,
    row_of,
    used,
)
from .far import FarPlan, far_plan, is_far
from .kernels import Call, loop
from .loops.layout import COMBS, IN_PATCH, IN_ROW, IN_X, LastAxis, LeadingAxis, Row, both, entries_of, packed
from .runs import PIECE_WORK, Runs
from .threads import share

TILE_BYTES = 24 * 1024  # half of the first-level cache of today's cores
PATCH_BYTES = 512 * 1024  # several rows at once live in the second level
ROW_ENTRIES = 1024  # of x in one row of a tile of several rows

Lists: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # taps, offsets, bounds of each phase


@dataclass(frozen=True, eq=False)
class Plan(Runs):
    """y_n = Σ_j h_j x_{(M n − j)/L} between two windows, ready to run on arrays of one dtype.

    Made by :func:`plan`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.runs.Runs`.
    taps, at, ptr : ndarray
        The lists: taps ptr[p, 0] ≤ k < ptr[p, 3] make phase p, and at[:, k] are the offsets in x, in a patch and along
        the last axis.  From ptr[p, 0] on four at a time are a vector apart, from ptr[p, 1] on two, from ptr[p, 2] on
        there are single ones.
    axes : tuple of LeadingAxis
        The axes before the last.
    last : LastAxis
        The last one, and the tiles.
    is_tiled : bool
        Whether vectors of outputs are computed together, or one sum after the other.
    """

    taps: np.ndarray
    at: np.ndarray
    ptr: np.ndarray
    axes: tuple[LeadingAxis, ...]
    last: LastAxis
    is_tiled: bool

    @property
    def kind(self) -> str:
        """How it runs: ``"tiles"`` of vectors, or one of the ``"sums"`` after the other."""
        return "tiles" if self.is_tiled else "sums"

    @property
    def rules(self) -> list[int]:
        """How x goes on beyond its window, per axis: numbers of :mod:`.layout`."""
        return [*(axis.rule for axis in self.axes), self.last.rule]

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch, taps that are zero left out."""
        sizes = [*(axis.outputs for axis in self.axes), self.last.outputs]
        phases = [*(axis.up for axis in self.axes), self.last.ups]
        per_output = (self.ptr[:, -1] - self.ptr[:, 0]).reshape(phases)
        for n, p in zip(reversed(sizes), reversed(phases), strict=True):
            per_output = per_output @ ((n - np.arange(p) + p - 1) // p)  # how many outputs have each phase
        return int(per_output)

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        """The compiled loop, for a result that is new, and for one that is added to."""
        lasts = both(LastAxis, self.last)
        if not self.is_tiled:
            sums = loop("tiles._each", self.real)
            return tuple(sums.holding(self.taps, self.at[IN_ROW], self.ptr, last) for last in lasts)
        lists = self.taps, self.at, self.ptr, packed(LeadingAxis, self.axes)
        sizes = [prod(shape) * self.dtype.itemsize // self.real.itemsize for shape in (self.shape_in, self.shape_out)]
        return tuple(loop("tiles._tiles", self.real).holding(*lists, last, *sizes) for last in lasts)

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        run, last, pieces = self._calls[add], self.last, self.work * batch // PIECE_WORK
        if not self.is_tiled:
            share(lambda first, stop, _: run(first, stop, y, x), y.size, threads, most=pieces)
            return
        entries = scratch(last)

        def part(first: int, stop: int, work: np.ndarray) -> None:
            run(first, stop, y, x, work)

        share(part, batch * last.columns * last.chunks, threads, lambda: np.empty(entries, self.real), pieces)


def scratch(last: LastAxis) -> int:
    """Entries of memory that a tile needs: a patch, and sums of every phase."""
    return last.patch + last.ups * last.width


def plan(
    taps: np.ndarray,
    start: Ints,
    up: Ints,
    down: Ints,
    out: Pairs,
    read: Pairs,
    dtype: Any,
    rules: Sequence[str] | str = "zero",
    places: Places | None = None,
) -> Plan | FarPlan:
    """The plan of y_n = Σ_j h_j x_{(M n − j)/L}, all arguments per axis.

    Parameters
    ----------
    taps : ndarray
        Shape (\\*K); complex for a complex dtype only, integers for an integer dtype only.
    start : sequence of int
        The j of the first tap.
    up, down : sequence of int
        L ≥ 1 and M ≠ 0; a negative M reads x backwards.
    out, read : sequence of (int, int)
        Start and size of the windows of y and x.
    dtype : dtype
        float32, float64, int64, complex64 or complex128, of x and y; sums are taken in it, and integers wrap around.
    rules : str or sequence of str
        A name of ``CODES``: how x goes on outside of its window.
    places : sequence of ndarray, optional
        Where the taps stand, counted from ``start``, one array per axis; then ``taps`` is a list of them.

    Raises :class:`~opalgebra.OperandError`, :class:`~opalgebra.KernelError`, :class:`~opalgebra.FactorError`,
    :class:`~opalgebra.DimensionError` and :class:`~opalgebra.WindowError` where an argument is none of these.

    >>> up2 = plan(np.array([1, 2, 1]), [-1], [2], [1], [(0, 5)], [(0, 3)], np.int64)
    >>> up2.run(np.array([1, 2, 3]))
    array([2, 3, 4, 5, 6])
    """
    if places is None:
        check(taps, taps.shape, np.dtype(dtype), start, up, down, out, read, _per_axis(rules, taps.ndim))
        taps, start, up, down = coprime(taps, start, up, down)
    builder = _laid_out(taps, start, up, down, out, read, dtype, rules, places)
    return builder.far() if places is not None and builder.is_far else builder.build()


def _per_axis(rules: Sequence[str] | str, rank: int) -> tuple[str, ...]:
    return (rules,) * rank if isinstance(rules, str) else tuple(rules)


def _laid_out(
    taps: np.ndarray,
    start: Ints,
    up: Ints,
    down: Ints,
    out: Pairs,
    read: Pairs,
    dtype: Any,
    rules: Any,
    places: Any = None,
) -> _Builder:
    """What builds the plan."""
    dtype, shape = np.dtype(dtype), extent_of(taps, places)
    rank = len(shape)
    rules = _per_axis(rules, rank)
    check(taps, shape, dtype, start, up, down, out, read, rules)
    if taps.dtype.kind == "c" and not taps.imag.any():
        taps = taps.real
    where, values = used(taps, places)
    flipped = tuple([axis for axis in range(rank) if down[axis] < 0])
    axes, reads = axes_of(where, start, up, down, out, read, rules)
    return _Builder(axes, values[reads], dtype, flipped)


class _Builder:
    """Chooses the tiles of a plan and lays the lists of taps out."""

    def __init__(self, axes: list[AxisTaps], taps: np.ndarray, dtype: np.dtype, flipped: tuple[int, ...]) -> None:
        self.axes, self.taps, self.dtype, self.flipped = axes, taps, dtype, flipped
        self.real, self.parts, self.lanes = entries_of(dtype)

    @cached_property
    def row(self) -> RowTaps:
        """The last axis."""
        return row_of(self.axes[-1], self.taps, self.parts)

    @property
    def is_far(self) -> bool:
        """Whether taps are so far apart that a patch costs more than they do, and vectors would not be mostly empty."""
        row, width = self.row, self._width
        rows, held = self._rows(row, width)
        patch, steps = row.inputs * (width + row.range[1]) * prod(held), -(-rows // self.axes[0].up)
        work = row.taps.size * width * (steps if len(self.axes) > 1 else 1)
        return (len(self.axes) > 1 or row.steps >= self.lanes) and is_far(patch, work, self.real.itemsize)

    def far(self) -> FarPlan:
        """The plan for taps that are far apart."""
        return far_plan(self.axes, self.row, self.dtype, self.flipped)

    def build(self) -> Plan:
        """The plan."""
        row, width = self.row, self._width
        rows, held = self._rows(row, width)
        run = run_of(width + row.range[1], self.lanes)
        patch_steps = [row.inputs * run * prod(held[r + 1 :]) for r in range(len(held))]
        axes = tuple(leading_axes(self.axes, [axis.range for axis in self.axes[:-1]], self.parts, patch_steps))
        taps, at, ptr = self._lists(row, axes, run)
        tiles = {"width": width, "run": run, "rows": rows, "patch": row.inputs * run * prod(held)}
        tiles["columns"] = -(-row.steps // width) if width else 0
        tiles["chunks"] = -(-self.axes[0].outputs // rows) if len(self.axes) > 1 else 1
        last = last_axis(row, self.axes[-1], self.parts, row.range, **tiles)
        shape_in, shape_out = tuple([axis.inputs for axis in self.axes]), tuple([axis.outputs for axis in self.axes])
        is_tiled = len(self.axes) > 1 or not prefers_sums(row.shape, self.dtype)
        return Plan(self.dtype, self.real, shape_in, shape_out, self.flipped, taps, at, ptr, axes, last, is_tiled)

    @property
    def _width(self) -> int:
        """How many i make a tile."""
        return width_of(self.row.shape, self.real.itemsize, self.lanes, len(self.axes) > 1)

    def _rows(self, row: RowTaps, width: int) -> tuple[int, list[int]]:
        """How many outputs along the first axis make a tile, and the rows of x that it holds, per axis."""
        before = self.axes[:-1]
        held = [axis.down * ((axis.outputs - 1) // axis.up) + axis.range[1] + 1 for axis in before]
        if not before:
            return 1, held
        first, reach = before[0], before[0].range[1]
        plane = row.inputs * (width + row.range[1]) * prod(held[1:])
        fitting = PATCH_BYTES // self.real.itemsize // max(1, plane) - reach
        rows = max(1, min(max(fitting // first.down * first.up, reach), first.outputs))
        held[0] = first.down * -(-rows // first.up) + reach + 1
        return rows, held

    def _lists(self, row: RowTaps, axes: Sequence[LeadingAxis], run: int) -> Lists:
        """Taps, offsets and the bounds of each phase; the phases of the last axis go fastest, then those before."""
        e, repeat = row.e, row.taps.size // self.taps.size if self.taps.size else 1
        at = np.stack([e, row.entry % row.inputs * run + e - row.range[0], row.entry])
        phase, phases = row.phase.copy(), row.phases
        for r in reversed(range(len(axes))):
            lead = np.tile(self.axes[r].offset, repeat)
            at[IN_X] += lead * axes[r].x_step
            at[IN_PATCH] += (lead - axes[r].low) * axes[r].patch_step
            phase += phases * np.tile(self.axes[r].phase, repeat)
            phases *= axes[r].up
        order = _sorted(at[IN_PATCH], phase)
        order = order[row.taps[order] != 0]  # a part of a complex tap that is zero reads nothing
        bounds = np.arange(phases)[:, None] * len(COMBS) + np.arange(len(COMBS) + 1)
        if axes or row.range[1] >= self.lanes:
            combs, comb = _combs(phase[order], at[:2, order], self.lanes)
            order, kind = order[combs], phase[order[combs]] * len(COMBS) + comb
        else:  # none is a vector after another one
            kind = phase[order] * len(COMBS) + len(COMBS) - 1
        ptr = np.searchsorted(kind, bounds).astype(np.int64)
        return np.ascontiguousarray(row.taps[order].astype(self.real)), np.ascontiguousarray(at[:, order]), ptr


def width_of(row: Row, size: int, lanes: int, has_rows: bool) -> int:
    """How many i make a tile: whole blocks of eight vectors where the caches hold so much."""
    block, reach, together = 8 * lanes, row.inputs * row.reach, row.phases + row.inputs
    width = ROW_ENTRIES // row.inputs if has_rows else (TILE_BYTES // size - reach) // together
    if width < block:  # many phases: better eight vectors in the second-level cache than few in the first
        width = min(block, (PATCH_BYTES // size - reach) // together)
    width = max(1, width // lanes) * lanes if width < block else width // block * block
    return min(width, -(-row.steps // lanes) * lanes)


def run_of(width: int, lanes: int) -> int:
    """From phase to phase in a patch: a power of two apart they would share cache lines."""
    return width + (lanes if width % (4 * lanes) == 0 else 0)


def prefers_sums(row: Row, dtype: np.dtype) -> bool:
    """Whether vectors over i would be mostly empty on one axis, and their patch dearer than the sums themselves."""
    real, _, lanes = entries_of(dtype)
    width = width_of(row, real.itemsize, lanes, False)
    patch = row.inputs * run_of(width + row.reach, lanes) + row.phases * width
    is_wide = patch * real.itemsize > 2 * PATCH_BYTES  # a factor so large that most of a patch is not read
    few, columns = row.steps < lanes or is_wide, -(-row.steps // width) if width else 0
    return few and 2 * row.steps * row.taps < columns * (row.taps + patch)


def _sorted(*keys: np.ndarray) -> np.ndarray:
    """The order of :func:`numpy.lexsort`, by the last key, then the one before it, …; by one number if it fits."""
    joined, most = keys[-1], int(keys[-1].max(initial=0)) + 1
    for key in keys[-2::-1]:
        low, span = (int(key.min()), int(np.ptp(key)) + 1) if key.size else (0, 1)
        most *= span
        if most >= 2**62:
            return np.lexsort(keys)
        joined = joined * span + (key - low)
    return np.argsort(joined, kind="stable")


def _combs(phase: np.ndarray, at: np.ndarray, lanes: int) -> tuple[np.ndarray, np.ndarray]:
    """Taps of each phase, sorted by at[1], in chains whose next one lies ``lanes`` further: first what fills combs of
    four, then of two, then the rest; and which of :data:`COMBS` each of them belongs to."""
    index = np.arange(phase.size)
    key = phase * (np.ptp(at[1]) + lanes + 1 if phase.size else 1) + at[1]
    after = np.searchsorted(key, key + lanes)
    after[after == phase.size] = 0
    is_next = (key[after] == key + lanes) & (at[0, after] == at[0] + lanes)
    root = index.copy()
    root[after[is_next]] = index[is_next]
    while (root[root] != root).any():
        root = root[root]
    depth = (at[1] - at[1, root]) // lanes
    rest = np.bincount(root, minlength=phase.size)[root]
    comb = np.full(phase.size, len(COMBS) - 1)
    done = np.zeros_like(rest)
    for number, size in enumerate(COMBS):
        fits = rest // size * size
        comb[(depth >= done) & (depth < done + fits)] = number
        done, rest = done + fits, rest - fits
    return (order := _sorted(depth, root, comb, phase)), comb[order]
