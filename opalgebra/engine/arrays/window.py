"""Windows, the boxes of indices outside of which a signal is zero, and how each letter moves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from ...errors import SizeError
from ...expr import SamplingMatrix, minus, plus, times

MAX_SAMPLES = 2**31
MAX_BYTES = 8 * 2**30


@dataclass(frozen=True)
class Window:
    """The indices start ≤ n < start + size, per axis.

    >>> print(Window((0,), (4,)).up((3,)))
    [0, 10)
    """

    starts: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def stops(self) -> tuple[int, ...]:
        """The index after the last, per axis."""
        return plus(self.starts, self.shape)

    @property
    def size(self) -> int:
        """How many samples the window holds."""
        return prod(self.shape)

    def __str__(self) -> str:
        return " × ".join(f"[{a}, {b})" for a, b in zip(self.starts, self.stops, strict=True))

    def convolved(self, other: Window) -> Window:
        """All sums of an index of one and an index of the other: n + t − 1 samples."""
        shape = tuple(n + t - 1 if n and t else 0 for n, t in zip(self.shape, other.shape, strict=True))
        return Window(plus(self.starts, other.starts), shape)

    def up(self, factors: tuple[int, ...]) -> Window:
        """All multiples k n and what lies between: k (size − 1) + 1 samples."""
        shape = tuple((n - 1) * k + 1 if n else 0 for n, k in zip(self.shape, factors, strict=True))
        return Window(times(self.starts, factors), shape)

    def down(self, factors: tuple[int, ...]) -> Window:
        """All n with k n in the window: ⌈start/k⌉ ≤ n < ⌈stop/k⌉."""
        starts = tuple(-(-a // k) for a, k in zip(self.starts, factors, strict=True))
        stops = (-(-b // k) for b, k in zip(self.stops, factors, strict=True))
        return Window(starts, minus(stops, starts))

    def spread(self, matrix: SamplingMatrix) -> Window:
        """The smallest box around all M n.

        >>> print(Window((0, 0), (3, 2)).spread(SamplingMatrix([[1, 1], [1, -1]])))
        [0, 4) × [-1, 3)
        """
        if not self.size:
            return Window(matrix @ self.starts, (0,) * len(self.shape))
        ends = image(matrix.rows, [(a, b - 1) for a, b in zip(self.starts, self.stops, strict=True)])
        return Window(tuple(low for low, _ in ends), tuple(high - low + 1 for low, high in ends))

    def sampled(self, matrix: SamplingMatrix) -> Window:
        """The smallest box around all real n with M n in the window, cut to whole indices."""
        sign, size = (1 if matrix.determinant > 0 else -1), matrix.ratio
        rows = [tuple(sign * entry for entry in row) for row in matrix.adjugate]
        ends = image(rows, [(a, b - 1) for a, b in zip(self.starts, self.stops, strict=True)])
        starts = tuple(-(-low // size) for low, _ in ends)
        stops = tuple(high // size + 1 for _, high in ends)
        shape = tuple(max(0, b - a) if self.size else 0 for a, b in zip(starts, stops, strict=True))
        return Window(starts, shape)

    def shifted(self, shifts: tuple[int, ...]) -> Window:
        """Every index plus the shift."""
        return Window(plus(self.starts, shifts), self.shape)

    def flipped(self) -> Window:
        """Every index negated: start becomes 1 − stop."""
        return Window(tuple(1 - b for b in self.stops), self.shape)

    def emptied(self) -> Window:
        """No index at all, at the same start."""
        return Window(self.starts, (0,) * len(self.shape))

    def check_size(self, itemsize: int) -> None:
        """Raise :class:`~opalgebra.SizeError` where an array of this window is out of reach."""
        size = prod(max(1, n) for n in self.shape)
        if size > MAX_SAMPLES or size * itemsize > MAX_BYTES:
            raise SizeError(
                f"the result has {size} samples on {self}, more than the {MAX_SAMPLES} samples or "
                f"{MAX_BYTES // 2**30} GiB that one array may have; use smaller factors or shorter pieces"
            )


def image(rows: Sequence[Sequence[int]], ends: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Where a matrix takes a box: the least and the largest of every coordinate.  The ends may be formulas."""
    found = []
    for row in rows:
        pairs = [(a, low, high) if a > 0 else (a, high, low) for a, (low, high) in zip(row, ends, strict=True)]
        found.append((sum(a * low for a, low, _ in pairs), sum(a * high for a, _, high in pairs)))
    return found


def intersection(a: Window, b: Window) -> Window:
    """The window that both hold."""
    starts = tuple(map(max, a.starts, b.starts))
    stops = map(min, a.stops, b.stops)
    return Window(starts, tuple(max(0, stop - start) for start, stop in zip(starts, stops, strict=True)))


def place(inner: Window, outer: Window) -> tuple[slice, ...]:
    """Where a window lies in an array of another one that holds it."""
    starts = (a - b for a, b in zip(inner.starts, outer.starts, strict=True))
    return tuple(slice(a, a + n) for a, n in zip(starts, inner.shape, strict=True))


def union(windows: Sequence[Window]) -> Window:
    """The smallest window that holds all of them; empty ones do not count."""
    filled = [window for window in windows if window.size] or [windows[0].emptied()]
    starts = tuple(min(column) for column in zip(*(w.starts for w in filled), strict=True))
    stops = (max(column) for column in zip(*(w.stops for w in filled), strict=True))
    return Window(starts, minus(stops, starts))
