"""The taps of a filter by axis: which phase of y each adds to, and how far from there it reads x.

y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Any, TypeAlias

import numpy as np

from ....errors import DimensionError, FactorError, KernelError, OperandError, WindowError
from ...arrays.rules import CODES
from .loops.layout import DTYPES, ZERO, LastAxis, LeadingAxis, Row

INDEX_LIMIT = 2**62  # indices are int64

Ints: TypeAlias = Sequence[int]  # one per axis
Pairs: TypeAlias = Sequence[tuple[int, int]]  # start and size of a window, per axis
Places: TypeAlias = Sequence[np.ndarray]  # of the taps of a list, one array per axis


def extent_of(taps: np.ndarray, places: Places | None, lead: int = 0) -> tuple[int, ...]:
    """From the first tap to the last, per axis; ``lead`` axes of ``taps`` stand before those of the filter."""
    return taps.shape[lead:] if places is None else tuple([int(at.max()) + 1 if at.size else 0 for at in places])


def used(taps: np.ndarray, places: Places | None, lead: int = 0) -> tuple[Places, np.ndarray]:
    """Where the taps are that are not 0, and these along the last axis."""
    axes = tuple(range(lead))
    present = np.any(taps != 0, axis=axes) if lead else taps
    where = np.nonzero(present)
    trailing: Any = (..., *where)
    return where if places is None else [at[where] for at in places], taps[trailing]


def coprime(taps: np.ndarray, start: Ints, up: Ints, down: Ints) -> tuple[np.ndarray, Ints, Ints, Ints]:
    """The taps that read, those whose j a common factor of L and M divides, for the rates without it."""
    common = [gcd(k, m) for k, m in zip(up, down, strict=True)]
    if max(common) == 1:
        return taps, start, up, down
    first = [-j % g for j, g in zip(start, common, strict=True)]
    kept = taps[tuple([slice(a, None, g) for a, g in zip(first, common, strict=True)])]
    starts = [(j + a) // g for j, a, g in zip(start, first, common, strict=True)]
    ups, downs = ([factor // g for factor, g in zip(factors, common, strict=True)] for factors in (up, down))
    return kept, starts, ups, downs


def check(
    taps: np.ndarray, shape: Ints, dtype: np.dtype, start: Any, up: Any, down: Any, out: Any, read: Any, rules: Any
) -> None:
    """Refuse what no plan can be made of."""
    if dtype not in DTYPES:
        names = ", ".join(sorted(map(str, DTYPES)))
        raise OperandError(f"arrays of {dtype} cannot be filtered; cast to one of {names}")
    if not np.can_cast(taps.dtype, dtype, "safe" if dtype.kind == "i" else "same_kind"):
        raise KernelError(f"taps of {taps.dtype} do not fit arrays of {dtype}; cast one of them")
    if not shape or any(len(given) != len(shape) for given in (start, up, down, out, read, rules)):
        raise DimensionError(f"taps of {len(shape)} axes; give at least one, and every other argument once per axis")
    if any(factor < 1 for factor in up) or not all(down):
        raise FactorError(f"the factors are L = {tuple(up)} and M = {tuple(down)}; expected L ≥ 1 and M ≠ 0")
    if any(size < 0 for _, size in (*out, *read)):
        raise WindowError(f"the windows are {tuple(out)} and {tuple(read)}; expected pairs (start, size), size ≥ 0")
    if unknown := set(rules) - set(CODES):
        raise WindowError(f"no rule {', '.join(map(repr, unknown))} for a boundary; expected one of {', '.join(CODES)}")
    if any(rule != "zero" and not size for rule, (_, size) in zip(rules, read, strict=True)):
        raise WindowError("an empty array cannot be continued; use the rule 'zero', or a longer array")
    for j, t, k, m, (a, n), (c, size) in zip(start, shape, up, down, out, read, strict=True):
        reach = max(abs(m) * (abs(a) + n + k) + k * (abs(c) + size) + abs(j) + t, k * k)
        if reach >= INDEX_LIMIT:
            raise WindowError(f"indices reach {reach}, expected less than 2**62; use smaller factors or windows")


@dataclass(eq=False)
class AxisTaps:
    """One axis: L' and M', the sizes of y and x, the rule; per tap whether it reads, its phase p and its offset d.

    The taps that read make y[up·i + p] from x[down·i + d].
    """

    up: int
    down: int
    outputs: int
    inputs: int
    rule: int
    reads: np.ndarray
    phase: np.ndarray
    offset: np.ndarray

    @property
    def range(self) -> tuple[int, int]:
        """The least offset, and how far the largest is from it."""
        return (int(self.offset.min()), int(np.ptp(self.offset))) if self.offset.size else (0, 0)


def axes_of(
    where: Sequence[np.ndarray], start: Any, up: Any, down: Any, out: Any, read: Any, rules: Sequence[str]
) -> tuple[list[AxisTaps], np.ndarray]:
    """The axes, for the taps at some places, and which of these read anything at all."""
    axes = [axis_of(start[r] + at, up[r], down[r], out[r], read[r], CODES[rules[r]]) for r, at in enumerate(where)]
    reads = np.logical_and.reduce([axis.reads for axis in axes])
    for axis in axes:
        axis.phase, axis.offset = axis.phase[reads], axis.offset[reads]
    return axes, reads


def axis_of(
    j: np.ndarray, up: int, down: int, out: tuple[int, int], read: tuple[int, int], rule: int = ZERO
) -> AxisTaps:
    """An axis for the taps j."""
    (a, outputs), (c, inputs) = out, read
    if down < 0:  # x backwards: −j for j, and the window mirrored
        j, down, c = -j, -down, 1 - c - inputs
    g = gcd(up, down)
    reads, j, up, down = j % g == 0, j // g, up // g, down // g
    inverse = pow(down, -1, up) if up > 1 else 0
    phase = (j % up * inverse - a) % up
    offset = (down * (a + phase) - j) // up - c
    return AxisTaps(up, down, outputs, inputs, rule, reads, phase, offset)


@dataclass(eq=False)
class RowTaps:
    """The last axis in entries, of which a complex sample has two: P, Q, N, and per real tap its phase and offset."""

    phases: int
    inputs: int
    outputs: int
    phase: np.ndarray
    entry: np.ndarray
    taps: np.ndarray

    @cached_property
    def e(self) -> np.ndarray:
        return self.entry // self.inputs

    @cached_property
    def range(self) -> tuple[int, int]:
        """The least e, and how far the largest is from it."""
        return (int(self.e.min()), int(np.ptp(self.e))) if self.entry.size else (0, 0)

    @property
    def steps(self) -> int:
        """The values of i."""
        return -(-self.outputs // self.phases)

    @property
    def shape(self) -> Row:
        """What tiles are chosen by."""
        return Row(self.phases, self.inputs, self.outputs, self.range[1], self.taps.size)


def row_of(last: AxisTaps, taps: np.ndarray, parts: int) -> RowTaps:
    """The last axis in entries, for taps (numbers or matrices) along the first axis of an array."""
    # (taps, component of y, component of x)
    blocks = [(taps, p, p) for p in range(parts)]
    if taps.dtype.kind == "c":
        blocks = [(taps.real, 0, 0), (-taps.imag, 0, 1), (taps.imag, 1, 0), (taps.real, 1, 1)]
    elif last.up * last.down == 1:  # the components lie side by side and are filtered alike
        return RowTaps(1, 1, last.outputs * parts, last.phase, parts * last.offset, taps)
    return RowTaps(
        parts * last.up,
        parts * last.down,
        last.outputs * parts,
        np.concatenate([parts * last.phase + into for _, into, _ in blocks]),
        np.concatenate([parts * last.offset + source for _, _, source in blocks]),
        np.concatenate([part for part, _, _ in blocks]),
    )


def last_axis(row: RowTaps, axis: AxisTaps, parts: int, span: tuple[int, int], **tiles: int) -> LastAxis:
    """The record of the last axis, in entries, of which a sample has ``parts``, for the range of its offsets."""
    given = {"samples": axis.inputs, "parts": parts, "low": span[0], "reach": span[1], "rule": axis.rule}
    return LastAxis(ups=row.phases, downs=row.inputs, outputs=row.outputs, steps=row.steps, **given, **tiles)


def leading_axes(
    axes: Sequence[AxisTaps], spans: Sequence[tuple[int, int]], parts: int, patch_steps: Sequence[int]
) -> list[LeadingAxis]:
    """The records of the axes before the last, for the ranges of their offsets and the steps of a patch."""
    x_step, y_step = axes[-1].inputs * parts, axes[-1].outputs * parts
    found: list[LeadingAxis] = []
    for axis, span, step in zip(axes[-2::-1], spans[::-1], patch_steps[::-1], strict=True):
        sizes = axis.up, axis.down, axis.outputs, axis.inputs
        found.insert(0, LeadingAxis(*sizes, *span, x_step, y_step, step, axis.rule))
        x_step, y_step = x_step * axis.inputs, y_step * axis.outputs
    return found
