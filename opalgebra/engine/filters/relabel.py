"""Sampling by a matrix on arrays: samples that move to other places, by one table of places.

    y_n = x_{Mn}, and its transpose y_{Mn} = x_n, zero elsewhere.

A matrix moves rows of an array apart, so that no slice of it is a row of the result.  The places are found once for
a pair of windows; a run is one gather, in either direction, for a whole batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import SizeError
from ...expr import SamplingMatrix
from ..arrays.arithmetic import check_bound, magnitude
from ..arrays.device import module_of
from ..arrays.window import Window
from .remembered import Kept, remembered


@dataclass(frozen=True, eq=False)
class Relabel:
    """y_n = x_{Mn}, or y_{Mn} = x_n where ``spreads``; gathers in both directions."""

    matrix: SamplingMatrix
    spreads: bool

    gain = 1.0

    @cached_property
    def transposed(self) -> Relabel:
        """The other direction."""
        return Relabel(self.matrix, not self.spreads)

    @property
    def conjugated(self) -> Relabel:
        """The same: it is real."""
        return self

    def reads(self, out: Window) -> Window:
        """A box around what is read for a window."""
        return out.sampled(self.matrix) if self.spreads else out.spread(self.matrix)

    def reaches(self, read: Window) -> Window:
        """A box around what a window reaches."""
        return self.transposed.reads(read)

    def add_to(self, y: np.ndarray, x: np.ndarray, written: Window, read: Window) -> None:
        """Add the moved samples of x to y."""
        to, source = (table.beside(x) for table in self._places(written, read))
        ndim = len(written.starts)
        # what is written through must be a view
        target = y if y.flags.c_contiguous else module_of(y).zeros(y.shape, y.dtype)
        flat = target.reshape(*y.shape[: y.ndim - ndim], -1)
        flat[..., to] += x.reshape(*x.shape[: x.ndim - ndim], -1)[..., source]
        if target is not y:
            y += target

    def move(self, y: np.ndarray, x: np.ndarray, written: Window, read: Window) -> None:
        """Write the moved samples of x to y, an array of its own; entries of any kind."""
        to, source = (table.values for table in self._places(written, read))
        y.reshape(-1)[to] = x.reshape(-1)[source]

    def _places(self, written: Window, read: Window) -> tuple[Kept, Kept]:
        """Where samples go to and where they come from."""

        def make() -> tuple[Kept, Kept]:
            fine, coarse = (read, written) if self.spreads else (written, read)
            n, m = places(self.matrix, fine, coarse)
            every, some = Kept(slice(None) if n.size == fine.size else n), Kept(m)
            return (some, every) if self.spreads else (every, some)

        return remembered(self, "_kept", (written, read), make)

    def check_integers(self, x: np.ndarray) -> int:
        """The largest |y| that integers x can give."""
        bound = magnitude(x)
        check_bound(bound)
        return bound

    def multiply_adds(self, written: Window, read: Window) -> int:
        """None: samples are only moved."""
        return 0


def places(matrix: SamplingMatrix, fine: Window, coarse: Window) -> tuple[np.ndarray, np.ndarray]:
    """The n of one window and the M n of another, as places in their flattened arrays, where both are inside.

    >>> n, m = places(SamplingMatrix([[1, 1], [1, -1]]), Window((0, 0), (2, 2)), Window((0, 0), (3, 3)))
    >>> n.tolist(), m.tolist()
    ([0, 2, 3], [0, 4, 6])
    """
    if not fine.size or not coarse.size:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    image = fine.spread(matrix)
    if max(map(abs, (*image.starts, *image.stops, *(entry for row in matrix for entry in row)))) >= 2**62:
        raise SizeError(f"the image of {fine} under {matrix} leaves the indices of 64 bits; give smaller windows")
    axes = np.ogrid[tuple(slice(a, b) for a, b in zip(fine.starts, fine.stops, strict=True))]
    place = np.zeros(fine.shape, dtype=np.int64)
    inside = np.ones(fine.shape, dtype=bool)
    for row, start, size in zip(matrix.rows, coarse.starts, coarse.shape, strict=True):
        at: Any = sum(entry * n for entry, n in zip(row, axes, strict=True) if entry) - start
        inside &= (at >= 0) & (at < size)
        place = place * size + at
    where = np.flatnonzero(inside)
    return where, place.ravel()[where]
