"""Small filters between channels as one matrix product of gathered samples: what a tap reads is a row, by a table.

y[o, n] = Σ_(i, k) H[o, i, k] x[i, s n + d k − b], and the other way round for transposes; samples that do not exist are
read from a zero behind the array, so that no NaN comes in from elsewhere.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...arrays.arithmetic import put
from ...arrays.blas import matmul, on_one_thread
from .geometry import Geometry, Ints

ENTRIES = 2**17  # of a table at most


class Table:
    """Which sample each tap reads for each position: entries of a flat array (channels · \\*space), then a zero.

    Parameters
    ----------
    reads : list of ndarray
        For every axis, of shape (kernel, positions): the sample, or −1.
    space : tuple of int
        Sizes of the array that is read.
    channels : int
    """

    def __init__(self, reads: list[np.ndarray], space: Ints, channels: int) -> None:
        ndim = len(reads)
        flat, is_there = (np.full((1,) * (2 * ndim), value) for value in (0, True))
        for axis, (at, n) in enumerate(zip(reads, space, strict=True)):
            shape = [1] * (2 * ndim)
            shape[axis], shape[ndim + axis] = at.shape
            at = at.reshape(shape)
            flat, is_there = flat * n + at, is_there & (at >= 0)
        size = prod(space)
        every = np.arange(channels).reshape(-1, *(1,) * (2 * ndim)) * size + np.where(is_there, flat, 0)
        found = np.where(is_there, every, channels * size)
        taps, positions = (prod([at.shape[k] for at in reads]) for k in (0, 1))
        self.index = found.reshape(channels * taps, positions).astype(np.intp)
        self.size, self.is_padded = channels * size, not bool(np.all(is_there))

    def gathered(self, x: np.ndarray) -> np.ndarray:
        """What is read of x (batch, groups, channels · space), a row for every channel and tap."""
        if self.is_padded:
            longer = np.empty((*x.shape[:2], self.size + 1), x.dtype)
            longer[..., :-1] = x
            longer[..., -1] = 0
            x = longer
        return x.take(self.index, axis=2)


def is_small(g: Geometry) -> bool:
    """Whether a table may be made; for single rows there are quicker ways."""
    return 1 < g.ins * g.taps <= ENTRIES // prod(g.small if g.gathers else g.large)


def gathers_small(g: Geometry) -> bool:
    """Whether one may be made of what lies in the large array."""
    return g.wide * g.taps * prod(g.small) <= ENTRIES


def _from_large(g: Geometry) -> list[np.ndarray]:
    """Of the large array, for every sample of the small one."""
    found = []
    for k, n, m, s, d, b in zip(g.kernel, g.large, g.small, g.stride, g.dilation, g.before, strict=True):
        at = s * np.arange(m) + d * np.arange(k)[:, None] - b
        found.append(np.where((at >= 0) & (at < n), at, -1))
    return found


def _from_small(g: Geometry) -> list[np.ndarray]:
    """Of the small array, for every sample of the large one."""
    found = []
    for k, n, m, s, d, b in zip(g.kernel, g.large, g.small, g.stride, g.dilation, g.before, strict=True):
        at = np.arange(n) + b - d * np.arange(k)[:, None]
        found.append(np.where((at % s == 0) & (at >= 0) & (at < s * m), at // s, -1))
    return found


class Columns:
    """The filter of a geometry, for taps of one real dtype."""

    def __init__(self, geometry: Geometry, taps: np.ndarray) -> None:
        g, weights = geometry, geometry.weights(taps)
        weights = weights if g.gathers else weights.swapaxes(1, 2)
        self.matrix = np.ascontiguousarray(weights.reshape(g.groups, g.outs, g.ins * g.taps))
        self.table = Table((_from_large if g.gathers else _from_small)(g), g.inputs, g.ins)
        self.groups, self.rank = g.groups, len(g.large) + 1
        self.shape_out = (g.groups * g.outs, *(g.small if g.gathers else g.large))

    def run(self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None) -> Any:
        """y, or y + the filtered x where ``add``; x has the shape (…, channels, \\*space)."""
        lead = x.shape[: x.ndim - self.rank]
        columns = self.table.gathered(x.reshape(prod(lead), self.groups, self.table.size))
        with on_one_thread(self.matrix[0].size * columns.shape[-1]):
            one = columns.shape[0] == self.groups == 1  # which NumPy has a quicker product for
            found = np.dot(self.matrix[0], columns[0, 0]) if one else matmul(self.matrix, columns)
        found = found.reshape(*lead, *self.shape_out)
        return found if y is None else put(found, y, add)


class ColumnsGradient:
    """G_k[o, i] = Σ_n y[o, n] x[i, …], the gradient of such a filter in its taps.

    Parameters
    ----------
    geometry : Geometry
    numbers : ndarray
        Taps of the filter, each the number of its entry in the result, from 1 on.
    """

    def __init__(self, geometry: Geometry, numbers: np.ndarray) -> None:
        self.geometry, self.table = geometry, Table(_from_large(geometry), geometry.large, geometry.wide)
        self.put = geometry.numbered(numbers)

    def run(self, y: np.ndarray, x: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The gradient (groups, outs, ins, taps) for y (batch, groups · outs, …) and x (batch, groups · ins, …)."""
        g, batch = self.geometry, len(x)
        large, small = (x, y) if g.gathers else (y, x)
        columns = self.table.gathered(large.reshape(batch, g.groups, self.table.size)).swapaxes(2, 3)
        rows = small.reshape(batch, g.groups, g.narrow, prod(g.small))
        with on_one_thread(g.weights_count // g.groups * prod(g.small)):
            one = batch == g.groups == 1
            found = np.dot(rows[0, 0], columns[0, 0]) if one else np.add.reduce(matmul(rows, columns), axis=0)
        found = self.put(found.reshape(g.groups, g.narrow, g.wide, g.taps))
        return found if g.gathers else found.swapaxes(1, 2)
