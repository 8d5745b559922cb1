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
from . import layout, plans
from .layout import VECTOR_BYTES
from .plans import Plan, Runs, plan
from .threads import share

KEPT_BYTES = 256 * 1024  # filtered rows that a tile keeps: they live in the second-level cache


@dataclass(frozen=True, eq=False)
class Separable(Runs):
    """A plan for two axes; made by :func:`separable`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.plans.Plan`.
    row : Plan
        The filter of the last axis, for one row.
    taps, at, ptr : ndarray
        The lists of the axis before it: taps ptr[p] ≤ k < ptr[p + 1] make phase p, at[k] rows behind the first.
    axis : ndarray
        Its row of the table ``axes`` of :mod:`.layout`.
    divisor : int
        c; 1 for integers.

    >>> halves = separable([np.ones(2)] * 2, 4, [-1] * 2, [1] * 2, [2] * 2, [(0, 1)] * 2, [(0, 2)] * 2, float)
    >>> halves.run(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2.5]])
    """

    dtype: np.dtype
    real: np.dtype
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    reversed_axes: tuple[int, ...]
    row: Plan
    taps: np.ndarray
    at: np.ndarray
    ptr: np.ndarray
    axis: np.ndarray
    divisor: int

    @property
    def rows_first(self) -> bool:
        """Whether rows are filtered before they are combined."""
        return bool(self.shape_out[-2] >= self.shape_in[-2])

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch."""
        outs, ups = self.shape_out[-2], int(self.axis[layout.UP])
        counts = (outs - np.arange(ups) + ups - 1) // ups  # how many outputs have each phase
        combined = int(np.diff(self.ptr) @ counts) * self._entries[self.rows_first]
        filtered = self.row.multiply_adds * (self.shape_in[-2] if self.rows_first else outs)
        return prod(self.shape_out[:-2]) * (combined + filtered)

    @property
    def _entries(self) -> tuple[int, int]:
        """Numbers in a row of x, and in one of y."""
        return int(self.row.last[layout.K] * self.row.last[layout.E]), int(self.row.last[layout.N])

    @cached_property
    def _tiles(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The table ``sizes`` of ``loops.rows``, the places of taps in rows and in entries, the memory of a thread."""
        ins, outs = self._entries
        lanes = VECTOR_BYTES // self.real.itemsize
        pitch = -(-max(ins, outs) // lanes) * lanes + lanes  # rows a power of two apart would share cache lines
        up, down, reach = (int(self.axis[i]) for i in (layout.UP, layout.DOWN, layout.REACH))
        room = max(1, KEPT_BYTES // self.real.itemsize // pitch - reach)
        chunk = max(1, min(-(-room // down) * up, self.shape_out[-2]))
        kept = down * -(-chunk // up) + reach + 1 if self.rows_first else 1
        scratch = int(self.row.last[layout.PATCH] + self.row.last[layout.P] * self.row.last[layout.WIDTH])
        sizes = (chunk, -(-self.shape_out[-2] // chunk), pitch, ins * self.shape_in[-2], outs * self.shape_out[-2], 0)
        at = self.at * np.array([[1], [pitch if self.rows_first else ins]])
        return np.array(sizes, np.int64), at, scratch + (kept + 1) * pitch + self.taps.size

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        from .loops import rows  # Numba takes a second to import

        sizes, at, scratch = self._tiles
        if add:
            sizes = sizes.copy()
            sizes[rows.ADD] = 1
        code, divisor, row = rows.separable(self.real, self.rows_first), self.real.type(self.divisor), self.row

        def part(first: int, stop: int, work: Any) -> None:
            code(y, x, row.taps, row.at, row.ptr, row.last, self.taps, at, self.ptr, self.axis,
                 divisor, sizes, *work, first, stop)  # fmt: skip

        def memory() -> tuple[np.ndarray, np.ndarray]:
            return np.empty(scratch, self.real), np.empty(self.taps.size, np.int64)

        share(part, batch * prod(self.shape_out[:-2]) * int(sizes[rows.CHUNKS]), threads, memory)


def separable(
    factors: Sequence[np.ndarray],
    divisor: int,
    start: Sequence[int],
    up: Sequence[int],
    down: Sequence[int],
    out: Sequence[tuple[int, int]],
    read: Sequence[tuple[int, int]],
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
    plans.check(first, dtype, [start[a]], [up[a]], [down[a]], [out[a]], [read[a]], [rules[a]])
    row = plan(last, [start[b]], [up[b]], [down[b]], [out[b]], [read[b]], dtype, [rules[b]])
    where = np.flatnonzero(first)
    axis = plans.axis_of(start[a] + where, up[a], down[a], out[a], read[a], CODES[rules[a]])
    phase, offset, taps = axis.phase[axis.reads], axis.offset[axis.reads], first[where][axis.reads]
    axis.phase, axis.offset = phase, offset
    order = np.lexsort((offset, phase))
    table = np.zeros(layout.AXIS_ENTRIES, np.int64)
    table[: layout.X_STEP] = (axis.up, axis.down, axis.outputs, axis.inputs, *axis.range)
    table[layout.MODE] = axis.rule
    flipped = (*((a,) if down[a] < 0 else ()), *((b,) if down[b] < 0 else ()))
    return Separable(
        dtype,
        row.real,
        tuple(n for _, n in read),
        tuple(n for _, n in out),
        flipped,
        row,
        np.ascontiguousarray(taps[order].astype(row.real)),
        (offset[order] - axis.range[0]).astype(np.int64),
        np.searchsorted(phase[order], np.arange(axis.up + 1)).astype(np.int64),
        table,
        divisor,
    )
