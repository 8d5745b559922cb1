"""Filters on two axes whose taps are an outer product, one axis after the other while the rows are in the cache.

    y[n, m] = (1/c) Σ_j h_j Σ_k g_k x[(M n − j)/L, (M' m − k)/L']

costs a sum over j and one over k where the taps as a table h_j g_k cost one over all pairs.  Where rows become more,
every row of x is filtered once, just before the first output that combines it; where they become fewer, they are
combined first, and one row per output is filtered.  The axes before these two are a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ...arrays.rules import CODES
from .axes import Ints, Pairs, axis_of, check
from .kernels import Call, loop
from .loops.layout import VECTOR_BYTES, LastAxis, LeadingAxis, RowTiles, both, packed
from .plans import Plan, plan, scratch
from .runs import Runs
from .threads import share

KEPT_BYTES = 256 * 1024  # filtered rows that a tile keeps: they live in the second-level cache


@dataclass(frozen=True, eq=False)
class Separable(Runs):
    """A plan for two axes; made by :func:`separable`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.runs.Runs`.
    row : Plan
        The filter of the last axis, for one row.
    taps, at, ptr : ndarray
        The lists of the axis before it: taps ptr[p] ≤ k < ptr[p + 1] make phase p, at[k] rows behind the first.
    axis : LeadingAxis
        That axis; its steps are not used.
    divisor : int
        c; 1 for integers.

    >>> halves = separable([np.ones(2)] * 2, 4, [-1] * 2, [1] * 2, [2] * 2, [(0, 1)] * 2, [(0, 2)] * 2, float)
    >>> halves.run(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2.5]])
    """

    row: Plan
    taps: np.ndarray
    at: np.ndarray
    ptr: np.ndarray
    axis: LeadingAxis
    divisor: int

    @property
    def rules(self) -> list[int]:
        """How x goes on beyond its window, on the last two axes: numbers of :mod:`.layout`."""
        return [self.axis.rule, *self.row.rules]

    @property
    def rows_first(self) -> bool:
        """Whether rows are filtered before they are combined."""
        return bool(self.shape_out[-2] >= self.shape_in[-2])

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch."""
        outs, ups = self.shape_out[-2], self.axis.up
        counts = (outs - np.arange(ups) + ups - 1) // ups  # how many outputs have each phase
        combined = int(np.diff(self.ptr) @ counts) * self._entries[self.rows_first]
        filtered = self.row.multiply_adds * (self.shape_in[-2] if self.rows_first else outs)
        return prod(self.shape_out[:-2]) * (combined + filtered)

    @property
    def _entries(self) -> tuple[int, int]:
        """Numbers in a row of x, and in one of y."""
        return self.row.last.samples * self.row.last.parts, self.row.last.outputs

    @cached_property
    def _tiles(self) -> tuple[RowTiles, int]:
        """The tiles, and the entries of memory of a thread."""
        ins, outs = self._entries
        lanes, axis = VECTOR_BYTES // self.real.itemsize, self.axis
        pitch = -(-max(ins, outs) // lanes) * lanes + lanes  # rows a power of two apart would share cache lines
        room = max(1, KEPT_BYTES // self.real.itemsize // pitch - axis.reach)
        chunk = max(1, min(-(-room // axis.down) * axis.up, axis.outputs))
        kept = axis.down * -(-chunk // axis.up) + axis.reach + 1 if self.rows_first else 1
        tiles = RowTiles(chunk, -(-axis.outputs // chunk), pitch, ins * axis.inputs, outs * axis.outputs)
        return tiles, scratch(self.row.last) + (kept + 1) * pitch + self.taps.size

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        """The compiled loop, for a result that is new, and for one that is added to."""
        row, tiles = self.row, self._tiles[0]
        at = self.at * np.array([[1], [tiles.pitch if self.rows_first else self._entries[0]]])  # in rows, in entries
        filtered = row.taps, row.at, row.ptr, packed(LastAxis, [row.last])
        combined = self.taps, at, self.ptr, packed(LeadingAxis, [self.axis])
        code = loop("rows._rows_first" if self.rows_first else "rows._rows_last", self.real)
        return tuple(code.holding(*filtered, *combined, self.divisor, table) for table in both(RowTiles, tiles))

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        (tiles, entries), run = self._tiles, self._calls[add]

        def part(first: int, stop: int, work: Any) -> None:
            run(first, stop, y, x, *work)

        def memory() -> tuple[np.ndarray, np.ndarray]:
            return np.empty(entries, self.real), np.empty(self.taps.size, np.int64)

        share(part, batch * prod(self.shape_out[:-2]) * tiles.chunks, threads, memory)


def separable(
    factors: Sequence[np.ndarray],
    divisor: int,
    start: Ints,
    up: Ints,
    down: Ints,
    out: Pairs,
    read: Pairs,
    dtype: Any,
    rules: Sequence[str] | str = "zero",
) -> Separable:
    """The plan of factors[0] ⊗ factors[1] / divisor on the last two axes, all other arguments per axis.

    Parameters
    ----------
    factors : two ndarray
        The taps of either axis; those of the first real.
    start, up, down, out, read, dtype, rules
        As of :func:`~.plans.plan`; axes before the last two must be left as they are, in windows of one size.

    >>> made = separable([np.ones(2), np.ones(2)], 1, [0, 0], [2, 2], [1, 1], [(0, 2)] * 2, [(0, 1)] * 2, float)
    >>> made.run(np.array([[3.0]]))
    array([[3., 3.],
           [3., 3.]])
    """
    dtype, rank = np.dtype(dtype), len(start)
    rules = (rules,) * rank if isinstance(rules, str) else tuple(rules)
    (first, last), a, b = factors, rank - 2, rank - 1
    check(first, first.shape, dtype, [start[a]], [up[a]], [down[a]], [out[a]], [read[a]], [rules[a]])
    row = plan(last, [start[b]], [up[b]], [down[b]], [out[b]], [read[b]], dtype, [rules[b]])
    assert isinstance(row, Plan)  # its taps are no list of places
    where = np.flatnonzero(first)
    axis = axis_of(start[a] + where, up[a], down[a], out[a], read[a], CODES[rules[a]])
    phase, offset, taps = axis.phase[axis.reads], axis.offset[axis.reads], first[where][axis.reads]
    axis.offset = offset
    order = np.lexsort((offset, phase))
    table = LeadingAxis(axis.up, axis.down, axis.outputs, axis.inputs, *axis.range, 0, 0, 0, axis.rule)
    flipped = (*((a,) if down[a] < 0 else ()), *((b,) if down[b] < 0 else ()))
    shape_in, shape_out = tuple(n for _, n in read), tuple(n for _, n in out)
    ptr = np.searchsorted(phase[order], np.arange(axis.up + 1)).astype(np.int64)
    lists = np.ascontiguousarray(taps[order].astype(row.real)), (offset[order] - axis.range[0]).astype(np.int64), ptr
    return Separable(dtype, row.real, shape_in, shape_out, flipped, row, *lists, table, divisor)
