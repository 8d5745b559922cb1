"""Filters whose taps lie far apart: every tap reads x where it stands, so that work and memory follow the taps.

    y[P i + p] = Σ_k tap_k · x[Q i + entry_k]

A patch that held all samples between the first tap and the last would be mostly samples that no tap reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from .axes import AxisTaps, RowTaps, last_axis, leading_axes
from .kernels import Call, loop
from .loops.layout import GROUP, LastAxis, LeadingAxis, both, entries_of, packed
from .runs import PIECE_WORK, Runs
from .threads import share

WIDTH_BYTES = 4096  # of a vector of sums: with the samples of a group of taps it stays in the first-level cache
FAR_BYTES = 2**21  # of a patch, from where taps are far apart anyway


def is_far(patch: int, work: int, itemsize: int) -> bool:
    """Whether to fill a patch of so many samples is more work than its tile has multiply-adds, or it is too large."""
    return patch > work or patch * itemsize > FAR_BYTES


@dataclass(frozen=True, eq=False)
class FarPlan(Runs):
    """y_n = Σ_j h_j x_{(M n − j)/L} between two windows, for taps that are far apart; made by :func:`far_plan`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.runs.Runs`.
    taps, at, ptr : ndarray
        The taps, real; where they read, per axis: rows, and entries of the last one; ptr[p] ≤ k < ptr[p + 1] make phase
        p.
    axes, last
        As of :class:`~.plans.Plan`; a tile is a part of a row.
    """

    taps: np.ndarray
    at: np.ndarray
    ptr: np.ndarray
    axes: tuple[LeadingAxis, ...]
    last: LastAxis

    @property
    def kind(self) -> str:
        """How it runs: ``"far taps"``."""
        return "far taps"

    @property
    def rules(self) -> list[int]:
        """How x goes on beyond its window, per axis: numbers of :mod:`.layout`."""
        return [*(axis.rule for axis in self.axes), self.last.rule]

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch, ends not counted."""
        outputs = prod(axis.outputs for axis in self.axes) * self.last.outputs
        return self.taps.size * outputs // (len(self.ptr) - 1)

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        """The compiled loop, for a result that is new, and for one that is added to."""
        code, lists = loop("far._far", self.real), (self.taps, self.at, self.ptr, packed(LeadingAxis, self.axes))
        sizes = [prod(shape) * self.dtype.itemsize // self.real.itemsize for shape in (self.shape_in, self.shape_out)]
        return tuple(code.holding(*lists, last, *sizes) for last in both(LastAxis, self.last))

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        run, last = self._calls[add], self.last
        entries = GROUP + last.patch + last.ups * last.width

        def part(first: int, stop: int, work: np.ndarray) -> None:
            run(first, stop, y, x, work)

        pieces = self.work * batch // PIECE_WORK
        share(part, batch * last.chunks * last.columns, threads, lambda: np.zeros(entries, self.real), pieces)


def far_plan(axes: Sequence[AxisTaps], row: RowTaps, dtype: np.dtype, flipped: tuple[int, ...]) -> FarPlan:
    """The plan for taps by axis."""
    real, parts, lanes = entries_of(dtype)
    repeat = row.phase.size // axes[-1].phase.size if axes[-1].phase.size else 1
    phase, phases, at = row.phase.copy(), row.phases, [row.entry]
    for axis in axes[-2::-1]:
        at.insert(0, np.tile(axis.offset, repeat))
        phase += phases * np.tile(axis.phase, repeat)
        phases *= axis.up
    order = np.lexsort((*at[::-1], phase))
    order = order[row.taps[order] != 0]  # a part of a complex tap that is zero reads nothing
    ptr = np.searchsorted(phase[order], np.arange(phases + 1)).astype(np.int64)
    width = min(-(-row.steps // lanes) * lanes, max(lanes, WIDTH_BYTES // real.itemsize // lanes * lanes))
    tiles = {"width": width, "run": width, "rows": 1, "patch": GROUP * width, "columns": -(-row.steps // max(1, width))}
    tiles["chunks"] = prod(axis.outputs for axis in axes[:-1])
    last = last_axis(row, axes[-1], parts, (0, 0), **tiles)
    leading = tuple(leading_axes(axes, [(0, 0)] * (len(axes) - 1), parts, [0] * (len(axes) - 1)))
    shapes = tuple([axis.inputs for axis in axes]), tuple([axis.outputs for axis in axes])
    lists = row.taps[order].astype(real), np.ascontiguousarray(np.stack(at)[:, order], np.int64)
    return FarPlan(dtype, real, *shapes, flipped, *lists, ptr, leading, last)
