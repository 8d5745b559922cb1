"""Which outputs the taps of a filter add to along one axis, and how many: in closed form, for all taps at once.

M n − L m = j   for an output n of one window and an input m of another.
"""

from __future__ import annotations

from math import gcd
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Interval: TypeAlias = tuple[int, int]  # first index and size
LARGEST = 2**62  # from where indices are ints of any size


class Met(NamedTuple):
    """For every tap j the outputs first, first + step, … and the inputs source, source + jump, … that it reads.

    Places are counted from the beginnings of the windows; where ``number`` is 0 the others mean nothing.
    """

    first: np.ndarray
    number: np.ndarray
    source: np.ndarray
    step: int
    jump: int

    def slices(self, k: int) -> tuple[slice, slice]:
        """The outputs and the inputs of a tap, as slices of equal length."""
        first, count, m = int(self.first[k]), int(self.number[k]), int(self.source[k])
        stop = m + (count - 1) * self.jump + (1 if self.jump > 0 else -1)
        source = slice(m, stop if stop >= 0 else None, self.jump)  # −1 would mean the last sample, not before the first
        return slice(first, first + (count - 1) * self.step + 1, self.step), source


def met(j: Any, up: int, down: int, out: Interval, read: Interval) -> Met:
    """Where the taps j meet samples.

    >>> met([0, 1, 2], 2, 1, (0, 5), (0, 2)).number.tolist()
    [2, 2, 2]
    """
    (a, outputs), (c, inputs) = out, read
    common, sign = gcd(up, down), 1 if down > 0 else -1
    step, j = up // common, np.asarray(j)
    most = max(abs(int(j.min())), abs(int(j.max()))) if j.size else 0
    j = j.astype(np.int64 if _largest(most, up, down, out, read) < LARGEST else object, copy=False)
    ends = (c, c + inputs - 1)[::sign]
    low, high = -(-sign * (up * ends[0] + j) // abs(down)), sign * (up * ends[1] + j) // abs(down)
    low, high = np.maximum(low, a), np.minimum(high, a + outputs - 1)
    if step > 1:
        low += (j // common % step * pow(down // common, -1, step) - low) % step
    count = np.maximum((high - low) // step + 1, 0)
    if common > 1:
        count[j % common != 0] = 0
    if not outputs or not inputs:
        count[:] = 0
    return Met(low - a, count, (down * low - j) // up - c, step, down // common)


def _largest(j: int, up: int, down: int, out: Interval, read: Interval) -> int:
    """What no index is larger than on the way."""
    return abs(down) * (abs(out[0]) + out[1] + up) + up * (abs(read[0]) + read[1] + up) + j


def pairs(start: int, taps: int, up: int, down: int, out: Interval, read: Interval) -> int:
    """How often the taps start ≤ j < start + taps meet samples, all together.

    >>> pairs(0, 3, 2, 1, (0, 5), (0, 2)), pairs(0, 10**12, 7, 5, (0, 10**9), (3, 10**9))
    (6, 357142854357142862)
    """
    (a, outputs), (c, inputs) = out, read
    if down < 0:  # n for −n
        a, down = 1 - a - outputs, -down

    def below(j: int) -> int:
        """Σ over n of the inputs m with L m ≤ M n − j."""
        return _clipped(down, -j - up * (c - 1), up, a, outputs, inputs)

    return below(start) - below(start + taps)


def _clipped(m: int, b: int, k: int, a: int, count: int, most: int) -> int:
    """Σ_{a ≤ n < a + count} min(max(⌊(m n + b)/k⌋, 0), most), for m > 0."""
    rising = min(max(-((b - k) // m), a), a + count)  # the first n where it is 1 or more
    full = min(max(-((b - k * most) // m), rising), a + count)  # and where it is as large as it gets
    return _floors(full - rising, m, m * rising + b, k) + most * (a + count - full)


def _floors(count: int, m: int, b: int, k: int) -> int:
    """Σ_{0 ≤ i < count} ⌊(m i + b)/k⌋, as Euclid's algorithm goes."""
    total = 0
    while count > 0:
        total += (b // k) * count + (m // k) * (count * (count - 1) // 2)
        m, b = m % k, b % k
        last = m * count + b
        count, b, m, k = last // k, last % k, k, m
    return total
