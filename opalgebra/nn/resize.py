"""Upsampling by whole factors, nearest or linear, and the kernels of the latter."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from ..bound.arrays.precision import Precision
from ..bound.operators.base import Shape
from ..engine.filters.fir import Fir
from ..errors import OperandError
from ..expr import Identity, LinearOperator, Repeat, Signal
from ..expr.index import times
from .filter_layer import FilterLayer, on_axes, scattered
from .geometry import Axis, Ints, Reads, Scattering, axes_of, per_axis, positive, spread
from .layer import Arguments

MODES = ("nearest", "linear")


def triangle(r: int) -> tuple[np.ndarray, int, int]:
    """The taps of linear interpolation by r with half-pixel centres, as (integers, their denominator, first index).

    Output r n + i lies at n + (2i + 1 − r)/(2r) and gives sample n the weight 1 − |2i + 1 − r|/(2r): 2r taps where r
    is even, 2r − 1 where it is odd.
    """
    first = -(r // 2)
    i = np.arange(first, first + 2 * r - r % 2)
    taps = 2 * r - np.abs(2 * i + 1 - r)
    common = 1 + r % 2  # of odd r all are even
    return taps // common, 2 * r // common, first


class Upsample(FilterLayer):
    """y_m = x_{⌊m/r⌋}, or linear between the centres of samples: output m lies at (m + ½)/r − ½.

    Parameters
    ----------
    factor : int or tuple of int
        r.  An int serves for every axis of the shape that the layer is bound to; applied to an array without binding
        it acts on the last axis.
    mode : {"nearest", "linear"}
        "linear" continues the ends by their value, and is bilinear on two axes (``align_corners=False``).

    Notes
    -----
    On ℤ^d it is (1_r∗) ↑r, or (h∗) ↑r with the triangle h of 2r taps for even r and 2r − 1 for odd.  "nearest" keeps
    the dtype; "linear" makes float64 of integers.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.nn.Upsample(2)([1, 2])
    array([1, 1, 2, 2])
    >>> oa.nn.Upsample(2, mode="linear")([1.0, 2.0])
    array([1.  , 1.25, 1.75, 2.  ])
    >>> print(oa.nn.Upsample(2, mode="linear").operator)
    1/4 ((1 3 3 1)₋₁∗) ↑₂
    """

    def __init__(self, factor: Any, mode: str = "nearest") -> None:
        factor = per_axis(factor, "the factor")
        if not isinstance(mode, str) or mode not in MODES:
            raise OperandError(f"the mode is {mode!r}; give 'nearest' or 'linear' (which is bilinear on two axes)")
        super().__init__(factor=factor, mode=mode, ndim=axes_of(None, factor=factor))

    has_taps = True
    factor: int | Ints
    mode: str

    @property
    def boundary(self) -> str:  # type: ignore[override]
        """How the array is continued."""
        return "edge" if self.mode == "linear" else "zero"

    @property
    def precision(self) -> Precision:
        keeps = self.mode == "nearest" or set(spread(self.factor, 1)) == {1}
        return Precision("i" if keeps else "f")

    def _arguments(self) -> Arguments:
        return (("factor", self.factor, None), ("mode", self.mode, "nearest"))

    def _sizes(self, sizes: Shape) -> Shape:
        return times(sizes, spread(self.factor, len(sizes)))

    def _axes(self, ndim: int) -> tuple[Axis, ...]:
        factors = spread(self.factor, ndim)
        if self.mode == "nearest":
            return tuple(Scattering(r, r, 1, (0, 0)) for r in factors)
        return tuple(_Continued(len(triangle(r)[0]), r, 1, (r // 2, r // 2)) for r in factors)

    def _filters(self, sizes: Shape) -> list[Fir]:
        ndim = len(sizes)
        factor = spread(self.factor, ndim)
        parts = [triangle(r) if self.mode == "linear" else (np.ones(r, dtype=np.int64), 1, 0) for r in factor]
        taps = [numerators if d == 1 else numerators / d for numerators, d, _ in parts]
        return on_axes(taps, [start for _, _, start in parts], factor, (1,) * ndim)

    def _operator(self, sizes: Shape | None) -> LinearOperator:
        factor = spread(self.factor, self.ndim or (1 if sizes is None else len(sizes)))
        if self.mode == "nearest":
            return Repeat(factor)
        if set(factor) == {1}:
            return Identity()
        parts = [triangle(r) for r in factor]
        kernel = Signal(reduce(np.multiply.outer, [taps for taps, _, _ in parts]), tuple(a for _, _, a in parts))
        return Fraction(1, prod(d for _, d, _ in parts)) * scattered(kernel, factor, (0,) * len(factor))


class _Continued(Scattering):
    """The axis of an input whose samples at either end go on beyond it."""

    def reads(self, n: int) -> Reads:
        """For each output what it reads: beyond an end, that end."""
        every = (self._met(m) for m in range(self.size(n)))
        return tuple(tuple(sorted((min(max(i, 0), n - 1), j) for i, j in pairs)) for pairs in every)


def bilinear_kernel(factor: Any, ndim: int = 2) -> np.ndarray:
    """The kernel of a transposed convolution that interpolates linearly between the centres of samples.

    h_i = 1 − |2i + 1 − r|/(2r) for −⌊r/2⌋ ≤ i < ⌈3r/2⌉ − r mod 2, and products of these on several axes.  With
    stride r and padding ⌊r/2⌋ it is ``Upsample(factor, "linear")``, but for the ends, where it continues the
    input by zeros.

    Parameters
    ----------
    factor : int or tuple of int
        r, for every axis or one per axis.
    ndim : int
        Axes, where the factor is an int.

    Returns
    -------
    ndarray
        float64, 2r samples on an axis of even factor and 2r − 1 on one of odd factor.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.nn.bilinear_kernel(2)
    array([[0.0625, 0.1875, 0.1875, 0.0625],
           [0.1875, 0.5625, 0.5625, 0.1875],
           [0.1875, 0.5625, 0.5625, 0.1875],
           [0.0625, 0.1875, 0.1875, 0.0625]])
    """
    factors = spread(per_axis(factor, "the factor"), positive(ndim, "the number of axes"))
    parts = [triangle(r) for r in factors]
    whole: Any = reduce(np.multiply.outer, [taps for taps, _, _ in parts])
    return np.asarray(whole / prod(d for _, d, _ in parts))
