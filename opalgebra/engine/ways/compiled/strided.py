"""Filters between close rates, of which every phase has few outputs: one sum after the other, no lists.

    y_n = Σ_j h_j x_{(M n − j)/L}

The taps of output n are each L-th from (M n − start) mod L on, and read one sample after the other.  Lists of them
would take longer to lay out than to run once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Any

import numpy as np

from ...arrays.counting import pairs
from ...arrays.rules import CODES
from .kernels import Call, loop
from .loops.layout import Row, Strided, both, entries_of
from .runs import PIECE_WORK, Runs, only_read
from .threads import share

MANY_TAPS = 2**15  # fewer of which some are 0 are laid out as lists


@dataclass(frozen=True, eq=False)
class StridedPlan(Runs):
    """y_n = Σ_j h_j x_{(M n − j)/L} along one axis; made by :func:`strided_plan`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.runs.Runs`.
    taps : ndarray
        Of the entries of samples, in the order in which x is read, contiguous.
    table : Strided
        Rates, windows and the rule of the boundary.
    """

    taps: np.ndarray
    table: Strided

    @property
    def kind(self) -> str:
        """How it runs: ``"sums"``, one after the other."""
        return "sums"

    @property
    def rules(self) -> list[int]:
        """How x goes on beyond its window: a number of :mod:`.layout`."""
        return [self.table.rule]

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch, ends left out."""
        t = self.table
        met = pairs(t.start, t.taps, t.up, t.down, (t.first, t.outputs), (t.origin, t.samples))
        return met * t.parts * t.tap_parts

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        """The compiled loop, for a result that is new, and for one that is added to."""
        code = loop("strided._strided", self.real)
        return tuple(code.holding(self.taps, table) for table in both(Strided, self.table))

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        run, outputs, pieces = self._calls[add], y.size // self.table.parts, self.work * batch // PIECE_WORK
        share(lambda first, stop, _: run(first, stop, y, x), outputs, threads, most=pieces)


def strided_plan(
    taps: np.ndarray, start: Any, up: Any, down: Any, out: Any, read: Any, dtype: np.dtype, rules: Any
) -> tuple[StridedPlan, Row] | None:
    """The plan for taps on one axis, and what its lists would be like.

    None where lists might be taken in another order than that of the samples, and where there are few taps anyway.
    """
    (j,), (k,), (m,), ((a, outputs),), ((c, inputs),) = start, up, down, out, read
    holes = taps.size - int(np.count_nonzero(taps))
    if holes and taps.size < MANY_TAPS:
        return None
    flipped = (0,) if m < 0 else ()
    if m < 0:  # x backwards
        taps, j, m, c = taps[::-1], -(j + taps.size - 1), -m, 1 - c - inputs
    g = gcd(k, m)
    ups, downs, first, last = k // g, m // g, -(-j // g), (j + taps.size - 1) // g
    count = last - first + 1
    if not ups <= count <= ups * downs:
        return None
    real, parts, lanes = entries_of(dtype)
    low, high = -((last - downs * a) // ups) - c, (downs * (a + ups - 1) - first) // ups - c
    reach = high // downs - low // downs
    tap_parts = 2 if taps.dtype.kind == "c" else 1
    if reach >= lanes:
        return None
    row = Row(parts * ups, parts * downs, parts * outputs, reach, (count - holes // g) * parts * tap_parts)
    laid = only_read(np.asarray(taps, np.result_type(taps.dtype, real))).view(real)
    table = Strided(k, m, downs, ups, j, taps.size, a, c, outputs, inputs, parts, tap_parts, CODES[rules[0]],
                    holes)  # fmt: skip
    return StridedPlan(dtype, real, (inputs,), (outputs,), flipped, laid, table), row
