"""A filter between channels seen as a convolution of the libraries: strides, dilations and zeros beyond the ends.

With L = 1 it is a convolution with stride M; with M = 1 the transpose of one with stride L.  Either way there are a
*large* and a *small* array, and weights (groups, channels of the small one, channels of the large one, \\*kernel).
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, prod
from typing import NamedTuple, TypeAlias

import numpy as np

from ...arrays.window import Window
from ...filters.fir import Fir, Places
from ...filters.mixing import trailing
from ...filters.remembered import remembered

Ints: TypeAlias = tuple[int, ...]
AXES = 3  # at most so many


class Geometry(NamedTuple):
    """Where the taps of a convolution lie, for one array of a batch."""

    gathers: bool  # whether it goes from the large array to the small one
    groups: int
    outs: int  # channels of a group
    ins: int
    large: Ints  # sizes
    small: Ints
    kernel: Ints
    stride: Ints
    dilation: Ints
    before: Ints  # zeros
    after: Ints
    first: Ints  # of the filter's taps that meet a sample and are no zeros put between
    listed: Ints | None  # the shape of these taps with all others, where the filter is a list of them

    @property
    def narrow(self) -> int:
        """Channels of the small array."""
        return self.outs if self.gathers else self.ins

    @property
    def wide(self) -> int:
        """Channels of the large one."""
        return self.ins if self.gathers else self.outs

    @property
    def taps(self) -> int:
        """How many there are between two channels."""
        return prod(self.kernel)

    @property
    def weights_count(self) -> int:
        """How many there are between all channels."""
        return self.groups * self.outs * self.ins * self.taps

    @property
    def inputs(self) -> Ints:
        """Sizes of the array that is read."""
        return self.large if self.gathers else self.small

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel is by itself."""
        return self.groups > 1 and self.outs == self.ins == 1

    @property
    def turned(self) -> Geometry:
        """The same filter as the transpose of a convolution, where it has stride 1."""
        extents = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        before, after = (
            tuple([extent - 1 - n for extent, n in zip(extents, zeros, strict=True)])
            for zeros in (self.before, self.after)
        )
        return self._replace(gathers=False, large=self.small, small=self.large, before=before, after=after)

    def weights(self, taps: np.ndarray) -> np.ndarray:
        """The taps of the filter as weights (groups, narrow, wide, \\*kernel)."""
        steps = self.dilation
        if self.listed is not None:  # in the order of their places
            taps, steps = taps.reshape(*taps.shape[:3], *self.listed), (1,) * len(self.listed)
        axes = zip(self.first, self.kernel, steps, strict=True)
        part = taps[trailing([slice(a, a + (k - 1) * d + 1, d) for a, k, d in axes])]
        found = np.flip(part, tuple(range(3, taps.ndim))) if self.gathers else part.swapaxes(1, 2)
        return np.ascontiguousarray(found)

    def numbered(self, numbers: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """What puts gradients (groups, narrow, wide, taps) in the order of the filter's taps.

        The taps hold the numbers of their entries, from 1 on; some may meet no sample.
        """
        order = self.weights(numbers)[0, 0, 0].reshape(-1).astype(np.int64) - 1
        count = int(numbers.max())
        if np.array_equal(order, np.arange(count)):
            return lambda found: found

        def put(found: np.ndarray) -> np.ndarray:
            ordered = np.zeros((*found.shape[:3], count), found.dtype)
            ordered[..., order] = found
            return ordered

        return put


def geometry(fir: Fir, written: Window, read: Window) -> Geometry | None:
    """The convolution that the filter is, or None where it is none: with both rates, turned, or cropped."""
    return remembered(fir, "_geometry", (written, read), lambda: (_geometry(fir, written, read),), 8)[0]


def _geometry(fir: Fir, written: Window, read: Window) -> Geometry | None:
    gathers = max(fir.up, default=0) == 1 and min(fir.down) > 0
    lattice = _lattice(fir) if gathers or set(fir.down) == {1} else None
    if lattice is None or not 1 <= len(fir.start) <= AXES or not written.size or not read.size:
        return None
    stride, large, small = (fir.down, read, written) if gathers else (fir.up, written, read)
    axes = []
    for axis, (first, count, d) in enumerate(zip(*lattice, strict=True)):
        s, n, m = stride[axis], large.shape[axis], small.shape[axis]
        shift, last = large.starts[axis] - s * small.starts[axis], first + d * (count - 1)
        before = shift + fir.start[axis] + last if gathers else shift - fir.start[axis] - first
        # the taps in the order of the library: number k meets sample s i + d k − before of the large array
        low, high = max(0, -((s * (m - 1) - before) // d)), min(count, -(-(n + before) // d))
        before, extent = before - d * low, d * (high - low - 1) + 1
        after = s * (m - 1) + extent - n - before
        if low >= high or before < 0 or after <= -s or max(before, after) >= extent:
            return None  # a part is cropped, or some outputs read nothing
        begin = count - high if gathers else low
        axes.append((high - low, d, before, after, begin if fir.places is not None else first + d * begin))
    kernel, dilation, zeros, more, begins = zip(*axes, strict=True)
    groups, outs, ins = fir.taps.shape[:3]
    listed = None if fir.places is None else lattice[1]
    return Geometry(gathers, groups, outs, ins, large.shape, small.shape, kernel, tuple(stride), dilation,
                    zeros, more, begins, listed)  # fmt: skip


def _lattice(fir: Fir) -> tuple[Ints, Ints, Ints] | None:
    """First tap, number of taps and dilation per axis, where the taps that are not all zero make a grid."""
    return remembered(fir, "_grid", None, lambda: (_grid_of(fir.where),))[0]


def _grid_of(where: Places) -> tuple[Ints, Ints, Ints] | None:
    if not len(where[0]):
        return None
    stands = list(map(np.unique, where))
    steps = [gcd(*np.diff(at).tolist()) or 1 for at in stands]
    kernel = [int(at[-1] - at[0]) // d + 1 for at, d in zip(stands, steps, strict=True)]
    is_grid = len(where[0]) == prod(kernel)
    return (tuple([int(at[0]) for at in stands]), tuple(kernel), tuple(steps)) if is_grid else None
