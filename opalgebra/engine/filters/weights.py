"""Multiplication sample by sample, as a step of a program."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple, Self

import numpy as np

from ..arrays.arithmetic import cast, check_bound, divided, magnitude
from ..arrays.device import is_cupy, module_of, uploaded
from ..arrays.tone import along_axes, outer
from ..arrays.window import Window, intersection, place
from .fir import Ints, in_parts
from .mixing import trailing
from .remembered import Kept, remembered


class _Factors(NamedTuple):
    """Weights on a window, and whether a real or an imaginary part of one may be 0."""

    values: Any
    may_vanish: bool


class Diagonal:
    """What is done to each sample by itself."""

    @property
    def transposed(self) -> Self:
        """The same: it is diagonal."""
        return self

    def reads(self, out: Window) -> Window:
        """What is read for a window: the same."""
        return out

    def reaches(self, read: Window) -> Window:
        """What a window reaches: the same."""
        return read

    def touched(self, written: Window, read: Window) -> list[tuple[Any, ...]]:
        """The slices of the output that are added to."""
        return [place(intersection(written, read), written)]

    def multiply_adds(self, written: Window, read: Window) -> int:
        """One per sample."""
        return intersection(written, read).size


@dataclass(frozen=True, eq=False)
class Weight(Diagonal):
    """Multiplication by a periodic sequence; ``values`` is one period and w_start its first entry."""

    values: np.ndarray
    start: Ints

    @property
    def conjugated(self) -> Weight:
        """The conjugated sequence."""
        return Weight(np.conj(self.values), self.start)

    def _on(self, window: Window, y: Any) -> _Factors:
        """The weights on a window, in the precision of y and where it lies."""
        xp = module_of(y)
        at = [
            (a - s + xp.arange(n)) % p
            for a, n, s, p in zip(window.starts, window.shape, self.start, self.values.shape, strict=True)
        ]
        values = cast(self.values, y.dtype)
        may_vanish = np.any(values.real == 0) or (values.dtype.kind == "c" and np.any(values.imag == 0))
        return _Factors((uploaded(self, values) if is_cupy(y) else values)[xp.ix_(*at)], bool(may_vanish))

    def add_to(self, y: np.ndarray, x: np.ndarray, written: Window, read: Window) -> None:
        """Add w x to y."""
        common = intersection(written, read)
        if not common.size:
            return
        xp = module_of(y)
        weights, may_vanish = self._on(common, y)
        to, source = trailing(place(common, written)), trailing(place(common, read))
        for part, samples, factors in in_parts(y[to], x[source], weights):
            product = samples * factors
            if may_vanish:  # a zero reads nothing, not even a NaN
                product = xp.where(factors == 0, xp.zeros((), product.dtype), product)
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


@dataclass(frozen=True, eq=False)
class Quotient(Diagonal):
    """Division by a whole number.

    Of a sum that is exact and a multiple of it the quotient is exact, as a product with a rounded 1/K is not: the mean
    of K equal samples is that sample.
    """

    divisor: int
    ndim: int

    @property
    def conjugated(self) -> Quotient:
        """The same: it is real."""
        return self

    def add_to(self, y: np.ndarray, x: np.ndarray, written: Window, read: Window) -> None:
        """Add x / K to y."""
        common = intersection(written, read)
        if common.size:
            y[trailing(place(common, written))] += divided(x[trailing(place(common, read))], self.divisor, y.dtype)

    @property
    def gain(self) -> float:
        """1 / K."""
        return 1 / self.divisor

    def check_integers(self, x: np.ndarray) -> int:
        """The largest |y| that integers x can give."""
        return magnitude(x)


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

    def _on(self, window: Window, y: Any) -> _Factors:
        """The values on a window, multiplied where y lies and in double precision; sin 0 is 0."""
        axes = remembered(self, "_kept", window, lambda: list(map(Kept, along_axes(self.frequency, window))))
        values = reduce(outer, (axis.beside(y) for axis in axes))
        return _Factors(values.astype(y.dtype, copy=False), may_vanish=True)

    @property
    def gain(self) -> float:
        """1."""
        return 1.0
