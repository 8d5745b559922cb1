"""Named compositions: they show their own name until :meth:`~LinearOperator.expand` writes them out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from ..errors import FactorTypeError, SizeError
from .factors import ByFactor, Factor, axes, factor, is_symbolic, ratio, symbols_in
from .multirate import Conv, Down, Flip, Up, as_kernel
from .node import Node, common_ndim
from .operators import LinearOperator
from .sampling import SamplingMatrix
from .signals import MAX_BOX, Signal, box


class Named(LinearOperator):
    """Base class of operators that are names for a composition.

    A subclass is a frozen dataclass with a ``definition()``.  It is shown by its name and its fields; proofs, arrays,
    transposes and all else follow from the definition.

    >>> from dataclasses import dataclass
    >>> import opalgebra as oa
    >>> @dataclass(frozen=True, eq=False, repr=False)
    ... class BlurPool(oa.Named):
    ...     factor: int
    ...
    ...     def definition(self):
    ...         return oa.Down(self.factor) @ oa.Conv(oa.Signal([1, 2, 1], start=-1))
    >>> print(BlurPool(2), "=", BlurPool(2).expand())
    BlurPool(2) = ↓₂ ((1 2 1)₋₁∗)
    >>> oa.prove(BlurPool(2).T, oa.Conv(oa.Signal([1, 2, 1], start=-1)) @ oa.Up(2)).verdict
    'proved'
    """

    def __post_init__(self) -> None:
        self._set(ndim=self.meaning.ndim, channels=self.meaning.channels)

    def definition(self) -> LinearOperator:
        """The composition that the name stands for."""
        raise NotImplementedError(f"{type(self).__name__} needs a method definition() that returns the composition")

    def opened(self) -> Node | None:
        return self.definition()

    @property
    def meaning(self) -> LinearOperator:
        """The definition, made once."""
        found: LinearOperator | None = self.__dict__.get("_meaning")
        if found is None:
            found = self.__dict__["_meaning"] = self.definition()
        return found


@dataclass(frozen=True, eq=False, repr=False)
class StridedMap(Named):
    """A kernel beside one change of rate."""

    kernel: Any  # given as a signal, array or list; kept as a signal
    factor: Factor

    def __post_init__(self) -> None:
        self._set(kernel=as_kernel(self.kernel), factor=factor(self.factor))
        self._set(ndim=common_ndim(self.kernel, Up(self.factor)))

    def own_symbols(self) -> set[Any]:
        return symbols_in(self.factor)


class StridedConv(StridedMap):
    """↓k (q∗): convolution, then every k-th sample.

    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> print(oa.StridedConv(q, 2), "=", oa.StridedConv(q, 2).expand())
    StridedConv(q, 2) = ↓₂ (q∗)
    """

    def definition(self) -> LinearOperator:
        return Down(self.factor) @ Conv(self.kernel)


class DilatedConv(StridedMap):
    """(↑k q)∗: convolution with the kernel spread by k.

    >>> import opalgebra as oa
    >>> print(oa.DilatedConv(oa.signals("q"), 3).expand())
    ((↑₃ q)∗)
    """

    def definition(self) -> LinearOperator:
        return Conv(Up(self.factor) @ self.kernel)


class TransposedConv(StridedMap):
    """(q∗) ↑k: zeros inserted, then convolution; what deep learning calls a "deconvolution".

    It is the transpose of a strided convolution with the reversed kernel, not an inverse.

    >>> import opalgebra as oa
    >>> print(oa.TransposedConv(oa.signals("q"), 2).expand())
    (q∗) ↑₂
    """

    def definition(self) -> LinearOperator:
        return Conv(self.kernel) @ Up(self.factor)


class Resampler(ByFactor, Named):
    """A box filter beside one change of rate."""

    def _one_over_factor(self) -> Any:
        size = ratio(self.factor)
        return 1 / size if is_symbolic(self.factor) else Fraction(1, size)


class Repeat(Resampler):
    """(1_k∗) ↑k: every sample k times; nearest-neighbour upsampling.

    By a matrix M every sample is repeated on the points of one cell of the lattice, M [0, 1)^d.

    >>> import opalgebra as oa
    >>> oa.Repeat(3) @ [1, 2]
    Signal([1, 1, 1, 2, 2, 2])
    """

    def definition(self) -> LinearOperator:
        return Conv(box(self.factor)) @ Up(self.factor)


class LinearUp(Resampler):
    """Linear interpolation that keeps the samples: y_{kn} = x_n, straight lines between.

    k⁻¹ (1_k∗)(R 1_k∗) ↑k; the two boxes make the triangle of 2k−1 taps centred at 0.

    >>> import opalgebra as oa
    >>> oa.LinearUp(2) @ [1.0, 3.0]
    Signal([0.5, 1.0, 2.0, 3.0, 1.5], start=-1)
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.factor, SamplingMatrix):
            raise FactorTypeError(
                f"LinearUp interpolates along each axis and was given the matrix {self.factor}; give one factor per "
                "axis, such as (2, 3), or a kernel of your own: TransposedConv(q, M)"
            )

    def definition(self) -> LinearOperator:
        kernel = box(self.factor)
        if isinstance(kernel, Signal):
            return self._one_over_factor() * Conv(_triangle(axes(self.factor))) @ Up(self.factor)
        return self._one_over_factor() * Conv(kernel) @ Conv(Flip() @ kernel) @ Up(self.factor)


class AvgPool(Resampler):
    """k⁻¹ ↓k (R 1_k∗): y_n is the mean of x_{kn} … x_{kn+k−1}; by a matrix M, of the cell M (n + [0, 1)^d).

    >>> import opalgebra as oa
    >>> oa.AvgPool(2) @ [1.0, 3.0, 5.0, 7.0]
    Signal([2.0, 6.0])
    """

    def definition(self) -> LinearOperator:
        return self._one_over_factor() * Down(self.factor) @ Conv(Flip() @ box(self.factor))


def _triangle(factor: tuple[int, ...]) -> Signal:
    """(1_k∗) R 1_k: k − |n| on every axis, multiplied; written down, since long boxes convolve slowly."""
    size = prod(2 * k - 1 for k in factor)
    if size > MAX_BOX:
        raise SizeError(
            f"the triangle of {factor} has {size} samples; at most {MAX_BOX} are made; use a smaller factor"
        )
    values = np.ones((), dtype=np.int64)
    for k in factor:
        values = np.multiply.outer(values, k - np.abs(np.arange(1 - k, k)))
    return Signal._wrap(values, tuple(1 - k for k in factor), weak=True)


@dataclass(frozen=True, eq=False, repr=False)
class Corr(Named):
    """Cross-correlation y_n = Σ_k conj(q_k) x_{n+k}, as scipy.signal.correlate: the adjoint (q∗)ᴴ.

    For real q this is the "convolution" of deep learning.

    >>> import opalgebra as oa
    >>> (oa.Corr([1, 2]) @ [1, 0, 0, 1])[0:4]
    array([1, 0, 2, 1])
    """

    kernel: Any  # given as a signal, array or list; kept as a signal

    def __post_init__(self) -> None:
        kernel = as_kernel(self.kernel)
        self._set(kernel=kernel, ndim=kernel.ndim)

    def definition(self) -> LinearOperator:
        return Conv(Flip() @ self.kernel.conj())
