"""Filters of one tap between channels as products of matrices by BLAS, directly on the arrays: 1×1 convolutions.

y[o, n] = Σ_i H[o, i] x[i, M n − j]   where the sample that it reads exists, for every array of a batch
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...arrays.blas import matmul, on_one_thread
from ...arrays.window import Window
from ...filters.fir import Fir
from ..compiled.threads import get_threads, share

SHARED, PIECES = 2**21, 8  # multiply-adds that threads share, and into about how many products they are cut
LINE = 64  # positions of which a product has a multiple
LINES = (2, 3)  # lines of a matrix that are multiplied one by one
FEW = 64  # sums up to which each is a dot product


class Product:
    """One matrix per group times all samples that are read.

    Parameters
    ----------
    taps : ndarray
        Shape (groups, outs, ins), real.
    written, read : tuple of int
        Sizes of the windows.
    to, source : tuple of slice
        The outputs that read a sample, and these samples; all others are zero.
    """

    def __init__(self, taps: np.ndarray, written: Any, read: Any, to: Any, source: Any) -> None:
        self.taps = np.ascontiguousarray(taps)
        groups, outs, ins = taps.shape
        self.shape_in, self.shape_out = (groups, ins, *read), (groups, outs, *written)
        self.to, self.source = to, source
        self.reads = tuple([len(range(*s.indices(n))) for s, n in zip(source, read, strict=True)])
        self.is_whole = self.reads == tuple(written)
        self.takes_all = self.reads == tuple(read) and all(s.step in (1, None) for s in source)

    def run(
        self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None
    ) -> np.ndarray:
        """y, or y + the filtered x where ``add``; x has the shape (…, channels, \\*space)."""
        lead = x.shape[: x.ndim - len(self.shape_in) + 1]
        outs = self.shape_out[0] * self.shape_out[1]
        result = np.empty((*lead, outs, *self.shape_out[2:]), self.taps.dtype) if y is None or add else y
        x = x.reshape(prod(lead), *self.shape_in)
        x = x if self.takes_all else x[(..., *self.source)]
        columns = np.ascontiguousarray(x).reshape(*x.shape[:3], prod(self.reads))
        parts = result.reshape(prod(lead), *self.shape_out)
        if self.is_whole:
            self._multiply(columns, parts.reshape(*parts.shape[:3], columns.shape[3]), threads)
        else:
            made = np.empty((*parts.shape[:3], columns.shape[3]), result.dtype)
            self._multiply(columns, made, threads)
            parts[...] = 0
            parts[(..., *self.to)] = made.reshape(*parts.shape[:3], *self.reads)
        if add and y is not None:
            y += result
            return y
        return result

    def _multiply(self, x: np.ndarray, y: np.ndarray, threads: int | None) -> None:
        times: Any = np.multiply if self.taps.shape[2] == 1 else np.matmul
        with np.errstate(all="ignore"):  # infinities belong to the samples
            self._by(times, x, y, threads)

    def _by(self, times: Any, x: np.ndarray, y: np.ndarray, threads: int | None) -> None:
        batch, positions = len(x), x.shape[3]
        if self.taps.size * positions * batch < SHARED:
            with on_one_thread(self.taps[0].size * positions):
                if self.taps.shape[2] > self.taps.shape[1] in LINES:
                    times(self.taps[:, :, None], x[:, :, None], out=y[:, :, :, None])
                else:
                    times(self.taps, x, out=y)
            return
        width = -(-positions // (-(-PIECES // batch) * LINE)) * LINE
        cuts = -(-positions // width)

        def part(first: int, stop: int, _: None) -> None:
            for i in range(first, stop):
                at = slice(i // cuts, i // cuts + 1), ..., slice(i % cuts * width, (i % cuts + 1) * width)
                times(self.taps, x[at], out=y[at])

        with on_one_thread(SHARED):
            share(part, batch * cuts, get_threads() if threads is None else threads)


class ProductGradient:
    """G[o, i] = Σ_n y[o, n] x[i, M n − j] for a :class:`Product`, by BLAS."""

    def __init__(self, product: Product) -> None:
        self.product = product

    def run(self, y: np.ndarray, x: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The gradient (groups, outs, ins, 1) for y (batch, groups · outs, \\*space) and x (batch, groups · ins, …)."""
        product, batch = self.product, len(x)
        x = x.reshape(batch, *product.shape_in)
        y = y.reshape(batch, *product.shape_out)
        x = x if product.takes_all else x[(..., *product.source)]
        y = y if product.is_whole else y[(..., *product.to)]
        rows, columns = (a.reshape(*a.shape[:3], prod(product.reads)) for a in (y, x))
        parts = self._parts(rows, columns, get_threads() if threads is None else threads)
        return (parts[0] if batch == 1 else np.add.reduce(parts, axis=0))[..., None]

    def _parts(self, rows: np.ndarray, columns: np.ndarray, threads: int) -> np.ndarray:
        """One sum for each array of the batch."""
        batch, groups, outs, ins = *rows.shape[:3], columns.shape[2]
        work = outs * ins * rows.shape[3]
        if outs * ins <= FEW:
            with on_one_thread(work), np.errstate(all="ignore"):
                found: np.ndarray = np.vecdot(rows[:, :, :, None], columns[:, :, None])
            return found
        with on_one_thread(work):
            if outs in LINES and ins > outs:
                return matmul(columns[:, :, None], rows[..., None])[..., 0]
            if batch == 1 or batch * groups * work < SHARED:
                return matmul(rows, columns.swapaxes(2, 3))
            found = np.empty((batch, groups, outs, ins), rows.dtype)

            def part(first: int, stop: int, _: None) -> None:
                matmul(rows[first:stop], columns[first:stop].swapaxes(2, 3), out=found[first:stop])

            share(part, batch, threads)
        return found


def product(fir: Fir, written: Window, read: Window, dtype: np.dtype) -> Product | None:
    """How a filter of one tap is run for arrays of a real dtype; None for all others."""
    if dtype.kind != "f" or prod(fir.shape) != 1:
        return None
    taps = fir.taps_in(dtype)
    places = fir._places(written, read)
    if taps.dtype.kind != "f" or len(places) != 1:
        return None
    ((_, to, source),) = places
    return Product(taps.reshape(taps.shape[:3]), written.shape, read.shape, to[1:], source[1:])
