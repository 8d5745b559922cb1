"""Multiplication sample by sample, as a step of a program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arithmetic import cast, check_bound, magnitude
from .fir import Ints, in_parts
from .mixing import trailing
from .tone import tone
from .window import Window, intersection, place


@dataclass(frozen=True, eq=False)
class Weight:
    """Multiplication by a periodic sequence; ``values`` is one period and w_start its first entry."""

    values: np.ndarray
    start: Ints

    @property
    def transposed(self) -> Weight:
        """The same: it is diagonal."""
        return self

    @property
    def conjugated(self) -> Weight:
        """The conjugated sequence."""
        return Weight(np.conj(self.values), self.start)

    def on(self, window: Window) -> np.ndarray:
        """The weights on a window."""
        at = [
            (a - s + np.arange(n)) % p
            for a, n, s, p in zip(window.starts, window.shape, self.start, self.values.shape, strict=True)
        ]
        return self.values[np.ix_(*at)]

    def reads(self, out: Window) -> Window:
        """What is read for a window: the same."""
        return out

    def reaches(self, read: Window) -> Window:
        """What a window reaches: the same."""
        return read

    def add_to(self, y: np.ndarray, x: np.ndarray, written: Window, read: Window) -> None:
        """Add w x to y."""
        common = intersection(written, read)
        if not common.size:
            return
        weights = cast(self.on(common), y.dtype)
        to, source = trailing(place(common, written)), trailing(place(common, read))
        for part, samples, factors in in_parts(y[to], x[source], weights):
            product = samples * factors
            if np.any(factors == 0):  # a zero reads nothing, not even a NaN
                product = np.where(factors == 0, np.zeros((), product.dtype), product)
            part += product

    @property
    def gain(self) -> float:
        """max |w|."""
        return float(np.abs(self.values).max())

    def check_integers(self, x: np.ndarray) -> int:
        """The largest |y| that integers x can give."""
        bound = magnitude(x) * magnitude(self.values)
        check_bound(bound)
        return bound

    def multiply_adds(self, written: Window, read: Window) -> int:
        """One per sample."""
        return intersection(written, read).size


@dataclass(frozen=True, eq=False)
class Tone(Weight):
    """Multiplication by e^{iωn}, ω one number per axis."""

    values: np.ndarray = field(init=False, repr=False)
    start: Ints = field(init=False, repr=False)
    frequency: tuple[Any, ...] = ()

    @property
    def conjugated(self) -> Tone:
        """e^{−iωn}."""
        return Tone(tuple(-w for w in self.frequency))

    def on(self, window: Window) -> np.ndarray:
        """The values on a window."""
        return tone(self.frequency, window)

    @property
    def gain(self) -> float:
        """1."""
        return 1.0
