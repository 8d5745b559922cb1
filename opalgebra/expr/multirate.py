"""The letters of the algebra: convolution, up- and downsampling, shift, flip, modulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import KernelError, OperandError
from ..scalar import is_sympy
from .characters import Character
from .factors import ByFactor, axes, shift, symbols_in
from .operators import LinearOperator
from .signals import Signal, SignalExpr


def as_kernel(value: Any, what: str = "the kernel") -> SignalExpr:
    """A signal, formal signal or array as a kernel: not empty, finite."""
    if isinstance(value, LinearOperator):
        raise OperandError(f"{what} is the operator {value}; give a signal, or compose operators with @")
    kernel = value if isinstance(value, SignalExpr) else Signal(value)
    if isinstance(kernel, Signal):
        if kernel._given.size == 0:
            raise KernelError(f"{what} is empty; give at least one tap (Zero() is the operator that answers 0)")
        if not kernel.is_exact and not np.isfinite(kernel._given).all():
            raise KernelError(f"{what} holds NaN or infinity; give finite taps")
    return kernel


@dataclass(frozen=True, eq=False, repr=False)
class Conv(LinearOperator):
    """Convolution with q: y_n = Σ_k q_{n−k} x_k.

    Parameters
    ----------
    kernel : Signal, array, list, or formal signal
        q; an array starts at index 0.  Several axes for N-D convolution, separable or not.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.Conv([1, 2, 1]) @ [1, 0, 0, 1]
    Signal([1, 2, 1, 1, 2, 1])
    """

    kernel: Any  # given as a signal, array or list; kept as a signal

    def __post_init__(self) -> None:
        kernel = as_kernel(self.kernel)
        self._set(kernel=kernel, ndim=kernel.ndim)


class Up(ByFactor, LinearOperator):
    """Upsampling (↑k x)_n = x_{n/k} where k divides n, else 0; also called expander.

    Parameters
    ----------
    factor : int, SymPy positive integer symbol or product of such, a tuple of these, or a matrix
        A tuple has one factor per axis.  A nonsingular integer matrix M (nested lists, array, SymPy matrix) spreads
        the samples over a lattice: (↑M x)_{Mn} = x_n, and 0 outside M ℤ^d.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.Up(2) @ [1, 2, 3]
    Signal([1, 0, 2, 0, 3])
    >>> print(oa.Up([[1, 1], [1, -1]]).T)
    ↑_[1 1; 1 -1]ᵀ
    """


class Down(ByFactor, LinearOperator):
    """Downsampling (↓k x)_n = x_{kn}, by the same factors as :class:`Up`; also called decimator (without a filter).

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.Down(2) @ [1, 2, 3, 4]
    Signal([1, 3])
    """


@dataclass(frozen=True, eq=False, repr=False)
class Shift(LinearOperator):
    """The delay (S^s x)_n = x_{n−s}, by s samples; s may be negative, symbolic, or a tuple.

    >>> import opalgebra as oa
    >>> (oa.Shift(2) @ [1, 2, 3]).start
    2
    """

    shift: Any

    def __post_init__(self) -> None:
        value = shift(self.shift)
        self._set(shift=value, ndim=len(axes(value)))

    def own_symbols(self) -> set[Any]:
        return symbols_in(self.shift)


@dataclass(frozen=True, eq=False, repr=False)
class Flip(LinearOperator):
    """Reversal (R x)_n = x_{−n}, along every axis.

    >>> import opalgebra as oa
    >>> s = oa.Flip() @ [1, 2, 3]
    >>> s.start, s.values
    (-2, array([3, 2, 1]))
    """

    ndim = None


@dataclass(frozen=True, eq=False, repr=False)
class Modulate(LinearOperator):
    """Multiplication by a periodic sequence, y_n = w_n x_n, or by a character, y_n = e^{iωn} x_n.

    Parameters
    ----------
    sequence : array, list or Signal, or SymPy expression
        One period of w; of an array, w_0 is the first entry.  Several axes for N-D.  A SymPy expression is ω, real
        and in radians per sample: its symbols come from ``oa.reals``, or from ``oa.integers`` and ``oa.factors``.
    frequency : number, SymPy expression, or tuple of these, one per axis
        ω, instead of a sequence.

    Raises
    ------
    KernelError
        An empty sequence, NaN, or a formal signal.
    CoefficientError
        A frequency that is not known to be real.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.Modulate([1, -1]) @ [1, 2, 3]
    Signal([1, -2, 3])
    >>> w = oa.reals("w")
    >>> (oa.Modulate(w) @ oa.Modulate(-w)).equals(oa.Identity())
    True
    """

    sequence: Any  # given as a signal, array or list; kept as a Signal

    def __new__(cls, sequence: Any = None, *, frequency: Any = None) -> Any:
        if frequency is not None:
            if sequence is not None:
                raise OperandError("Modulate takes a sequence or a frequency, and both were given; leave one out")
            return Character(frequency)
        if is_sympy(sequence) and hasattr(sequence, "is_real") and not hasattr(sequence, "tolist"):
            return Character(sequence)
        if sequence is None:
            raise OperandError("Modulate takes one period of a sequence, or a frequency: Modulate([1, -1])")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        sequence = as_kernel(self.sequence, "the periodic sequence")
        if not isinstance(sequence, Signal):
            raise KernelError(f"the periodic sequence is {sequence}; give the numbers of one period, such as [1, -1]")
        self._set(sequence=sequence, ndim=sequence.ndim)
