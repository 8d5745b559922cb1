"""Operators: the base class, and the ways to combine operators.

Constructors never simplify: ``Up(2).T`` is a transpose node, ``A - A`` a sum.  Sums and compositions are
flat, because associativity is notation and not a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from operator import index
from typing import Any, TypeAlias

import numpy as np

from .._verbs import verb
from ..errors import CoefficientError, DimensionError, FormalSignalError, KernelError, OperandError
from ..scalar import Scalar, check_scalar, exact, is_sympy
from .node import Node, common_ndim, short
from .signals import Applied, Signal, SignalExpr
from .tree import expand, formal_parts
from .verbs import OperatorVerbs

Channels: TypeAlias = tuple[int, int] | None  # (outputs, inputs); None fits any number, as many out as in
PLAIN = (1, 1)


class LinearOperator(OperatorVerbs, Node):
    """A linear map of finitely supported sequences on ℤ^d.

    ``A @ B`` composes, ``A @ x`` applies, ``A + B``, ``A - B``, ``-A``, ``2 * A`` and ``A ** 3`` do what
    they say, ``A.T`` is the transpose, ``A.H`` the adjoint.  ``A == B`` asks for the same tree,
    :meth:`equals` for the same map.  ``A.channels`` is (outputs, inputs): (1, 1) unless there are blocks, None
    for an operator that fits any number of channels, such as the identity.

    >>> import opalgebra as oa
    >>> A = oa.Down(2) @ oa.Conv([1, 2, 1]) - oa.Down(2)
    >>> print(A.T, "|", A @ [1, 2, 3], "|", A == A + 0 * A, A.equals(A + 0 * A))
    (↓₂ ((1 2 1)∗) − ↓₂)ᵀ | (0 5 3) | False True
    """

    channels: Channels = PLAIN
    blocks = False  # whether the node is a grid of operators by itself, or its definition has one

    @property
    def T(self) -> LinearOperator:
        """The transpose: (Aᵀ)[m, n] = A[n, m], without conjugation."""
        return Transpose(self)

    @property
    def H(self) -> LinearOperator:
        """The adjoint: the conjugate transpose."""
        return Adjoint(self)

    def conj(self) -> LinearOperator:
        """The operator with conjugated entries: conj(A) x = conj(A conj(x))."""
        return Conj(self)

    def __matmul__(self, other: object) -> Any:
        if isinstance(other, LinearOperator):
            return compose((self, other))
        if _acts_on_channels(self, other):
            return verb("act_on_channels")(self, other)
        if isinstance(other, SignalExpr):
            return self._apply(other)
        if isinstance(other, (np.ndarray, list, tuple)):
            if formal := formal_parts(self):
                raise FormalSignalError(
                    f"{self} has the formal part {', '.join(formal)} and cannot run on an array; give numbers: "
                    "Conv([1, 2, 1]), Up(2), or put a formal signal in place of the array"
                )
            return self._apply(Signal(other)) if isinstance(other, (list, tuple)) else self._apply_to_array(other)
        if hasattr(other, "_after_bound"):  # a layer or another map of arrays, which binds this operator
            return other._after_bound(self)
        if hasattr(other, "dimsd"):
            raise OperandError(
                f"{other} acts on arrays, and {short(self)} on ℤ^d; bind it to a size first: A.on(n) @ F"
            )
        raise OperandError(
            f"an operator acts on operators, signals, arrays and lists, not on a {type(other).__name__}; "
            "for a multiple write 2 * A, for other sequences Signal(values)"
        )

    def _apply(self, signal: SignalExpr) -> SignalExpr:
        common_ndim(self, signal)
        if isinstance(signal, Signal) and not formal_parts(self):
            return verb("apply")(self, signal)
        if isinstance(signal, Applied):
            return Applied(compose((self, signal.operator)), signal.signal)
        return Applied(self, signal)

    def _apply_to_array(self, array: np.ndarray) -> SignalExpr:
        """A x for an array; one of floats is not copied first, and the result has no memory in common with it."""
        is_plain = type(array) is np.ndarray and array.dtype.char in "fdFD" and array.dtype.isnative
        if not is_plain or not array.ndim:
            return self._apply(Signal(array))
        found: Any = self._apply(Signal._wrap(array.view(), (0,) * array.ndim))
        if np.may_share_memory(found.values, array):  # to which its owner may write
            return Signal._wrap(np.array(found.values), found.starts)
        return found

    def __rmatmul__(self, other: object) -> Any:
        raise OperandError(
            f"an operator acts on what stands to its right: write A @ x, not x @ A (x is a {type(other).__name__}); "
            "the row action is A.T @ x"
        )

    def __call__(self, signal: Any) -> Any:
        """A(x) is A @ x for a signal or an array."""
        if isinstance(signal, LinearOperator):
            raise OperandError("operators compose with @: write A @ B")
        return self @ signal

    def __add__(self, other: object) -> LinearOperator:
        if isinstance(other, int) and other == 0:  # so that sum() works
            return self
        if not isinstance(other, LinearOperator):
            raise OperandError(
                f"an operator and a {type(other).__name__} were added; for a constant c add c * Identity()"
            )
        return add((self, other))

    __radd__ = __add__

    def __neg__(self) -> LinearOperator:
        return Scale(-1, self)

    def __sub__(self, other: object) -> LinearOperator:
        if not isinstance(other, LinearOperator):
            raise OperandError(
                f"a {type(other).__name__} was subtracted from an operator; for a constant c use c * Identity()"
            )
        return self + (-other)

    def __rsub__(self, other: object) -> LinearOperator:
        return -self + other  # the sum says what is wrong with the other

    def __mul__(self, scalar: object) -> LinearOperator:
        if isinstance(scalar, LinearOperator):
            raise OperandError("operators compose with @, not *: write A @ B")
        if isinstance(scalar, (SignalExpr, list, tuple)) or (isinstance(scalar, np.ndarray) and scalar.ndim):
            raise OperandError("an operator is applied with @: write A @ x; * takes a scalar")
        return Scale(check_scalar(scalar), self)

    __rmul__ = __mul__

    def __truediv__(self, scalar: object) -> LinearOperator:
        number = check_scalar(scalar)
        if number == 0:
            raise CoefficientError("an operator was divided by 0")
        if isinstance(number, float) and isfinite(1 / number) and Fraction(1 / number) * Fraction(number) == 1:
            return self * (1 / number)
        exactly = exact(number)  # a float divides as the fraction that it is, so that nothing is rounded
        return self * (Fraction(1) / exactly if isinstance(exactly, (int, Fraction)) else 1 / exactly)

    def __pow__(self, exponent: object) -> LinearOperator:
        return Power(self, exponent)  # type: ignore[arg-type]  # Power checks

    def expand(self) -> LinearOperator:
        """The operator with every named composition written out."""
        return expand(self)

    def equals(self, other: LinearOperator) -> bool:
        """Whether both are the same linear map; raises :class:`~opalgebra.Undecided` where unknown.

        >>> import opalgebra as oa
        >>> (oa.Down(2) @ oa.Up(2)).equals(oa.Identity())
        True
        """
        return bool(verb("equals")(self, other))

    def simplify(self) -> LinearOperator:
        """The canonical expression: equal operators (concrete factors) give the same tree.

        >>> import opalgebra as oa
        >>> print((oa.Down(3) @ oa.Conv([1, 0, 0, 2]) @ oa.Up(3)).simplify())
        ((1 2)∗)
        """
        return verb("simplify")(self)

    def optimize(self, cost: Any = None) -> LinearOperator:
        """The cheapest equal expression that a search by laws finds, each line proved; A where nothing is cheaper.

        ``cost`` is "multiply_adds" (default), "memory", "size", "naive" or "time", as :meth:`cost` counts them, or a
        function of an expression.  Results on arrays keep their dtype, and kernels of floats are multiplied only
        where no tap is rounded.  ``oa.derive(A).optimize()`` shows the way.  OperandError for any other cost.

        >>> import opalgebra as oa
        >>> print((oa.Down(2) @ oa.DilatedConv(oa.signals("q"), 2)).optimize())
        (q∗) ↓₂
        """
        return verb("optimize")(self, cost)

    def inverse(self) -> LinearOperator:
        """B with B A = I and A B = I, both proved; nothing to do with the transpose.

        Found for shifts, flips, modulations and their compositions, for blocks that can be eliminated (lifting
        steps), and on one axis wherever the polyphase matrix has the determinant c zᵐ.

        Raises
        ------
        NoInverse
            Where there is no inverse with finitely many taps, or none was found; the message says why.

        Examples
        --------
        >>> import opalgebra as oa
        >>> p = oa.signals("p")
        >>> print(oa.Block([[oa.Identity(), oa.Conv(p)], [0, oa.Identity()]]).inverse())
        [I  −(p∗); 0  I]
        """
        return verb("inverse")(self)


@dataclass(frozen=True, eq=False, repr=False)
class Identity(LinearOperator):
    """I, on any number of axes and channels.

    >>> import opalgebra as oa
    >>> oa.Identity() @ [1, 2]
    Signal([1, 2])
    """

    ndim = None
    channels = None


@dataclass(frozen=True, eq=False, repr=False)
class Zero(LinearOperator):
    """0, the operator that answers every signal with the zero signal.

    >>> import opalgebra as oa
    >>> (oa.Zero() @ oa.Up(2)).simplify()
    Zero()
    """

    ndim = None
    channels = None


@dataclass(frozen=True, eq=False, repr=False)
class FormalOperator(LinearOperator):
    """*Any* linear map with finitely many entries; made by :func:`operators`."""

    name: str
    ndim: int | None = None

    def own_names(self) -> list[str]:
        return [self.name]


@dataclass(frozen=True, eq=False, repr=False)
class Compose(LinearOperator):
    """A B C …, applied from right to left."""

    factors: tuple[LinearOperator, ...]

    def __post_init__(self) -> None:
        self._set(ndim=common_ndim(*self.factors), channels=_chained(self.factors))

    def rebuilt(self, parts: tuple[Any, ...]) -> LinearOperator:
        return compose(parts[0])


@dataclass(frozen=True, eq=False, repr=False)
class Sum(LinearOperator):
    """A + B + C …"""

    terms: tuple[LinearOperator, ...]

    def __post_init__(self) -> None:
        self._set(ndim=common_ndim(*self.terms), channels=common_channels(*self.terms))

    def rebuilt(self, parts: tuple[Any, ...]) -> LinearOperator:
        return add(parts[0])


@dataclass(frozen=True, eq=False, repr=False)
class Scale(LinearOperator):
    """c A for a scalar c."""

    scalar: Scalar
    operator: LinearOperator

    def __post_init__(self) -> None:
        inner = self.operator
        self._set(scalar=check_scalar(self.scalar), ndim=inner.ndim, channels=inner.channels)


@dataclass(frozen=True, eq=False, repr=False)
class Power(LinearOperator):
    """Aⁿ for an int n ≥ 0."""

    operator: LinearOperator
    exponent: int

    def __post_init__(self) -> None:
        exponent = self.exponent
        try:
            if isinstance(exponent, bool) or is_sympy(exponent) or index(exponent) < 0:
                raise TypeError
        except TypeError:
            raise CoefficientError(
                f"the exponent is {exponent!r}; give an int >= 0 (operators have transposes, not negative powers)"
            ) from None
        channels = self.operator.channels
        if channels is not None and channels[0] != channels[1]:
            raise DimensionError(
                f"{short(self.operator)} makes {_counted(channels[0])} of {channels[1]}; a power needs as many "
                "outputs as inputs"
            )
        self._set(exponent=index(exponent), ndim=self.operator.ndim, channels=channels)


@dataclass(frozen=True, eq=False, repr=False)
class Wrapped(LinearOperator):
    """What is one operator, read otherwise."""

    operator: LinearOperator

    def __post_init__(self) -> None:
        self._set(ndim=self.operator.ndim, channels=self.operator.channels)


@dataclass(frozen=True, eq=False, repr=False)
class Turned(Wrapped):
    """An operator from its outputs to its inputs."""

    def __post_init__(self) -> None:
        channels = self.operator.channels
        self._set(ndim=self.operator.ndim, channels=channels and channels[::-1])


class Transpose(Turned):
    """Aᵀ."""


class Adjoint(Turned):
    """Aᴴ."""


class Conj(Wrapped):
    """The entrywise conjugate of A."""


def _chained(factors: tuple[LinearOperator, ...]) -> Channels:
    """The channels of a composition, where every factor takes what the next one gives."""
    found: Channels = None
    for factor in factors:
        channels = factor.channels
        if channels is None or channels == found == PLAIN:
            continue
        if found is not None and found[1] != channels[0]:
            raise DimensionError(
                f"{short(factor)} gives {_counted(channels[0])}, and what is applied to it takes {found[1]}; "
                "a composition A @ B needs as many inputs of A as outputs of B"
            )
        found = (channels[0] if found is None else found[0], channels[1])
    return found


def common_channels(*terms: LinearOperator) -> Channels:
    """The channels that all operators share; None where every one fits any number."""
    found: Channels = None
    for term in terms:
        channels = term.channels
        if channels is None or channels == found:
            continue
        if found is not None:
            raise DimensionError(
                f"{short(term)} makes {_counted(channels[0])} of {channels[1]}, and {short(terms[0])} does not: "
                f"{found[0]} of {found[1]} are expected throughout"
            )
        found = channels
    if found is not None and found[0] != found[1]:
        for term in terms:
            if term.channels is None and not isinstance(term, Zero):
                raise DimensionError(
                    f"{short(term)} makes as many channels as it takes, and the others make "
                    f"{_counted(found[0])} of {found[1]}"
                )
    return found


def _counted(count: int) -> str:
    return f"{count} channel{'s' * (count != 1)}"


def _acts_on_channels(operator: LinearOperator, other: object) -> bool:
    """Whether an operand is, or has to be, several signals."""
    if isinstance(other, (list, tuple)) and any(isinstance(entry, SignalExpr) for entry in other):
        return True
    several = operator.channels is not None and operator.channels != PLAIN
    return several and isinstance(other, (list, tuple, np.ndarray, SignalExpr))


def compose(operators: tuple[LinearOperator, ...]) -> LinearOperator:
    """The composition, flat; one operator is itself."""
    flat: list[LinearOperator] = []
    for operator in operators:
        flat.extend(operator.factors if isinstance(operator, Compose) else (operator,))
    if len(flat) < 2:
        return flat[0] if flat else Identity()
    # What is flat already was checked: of a long product only the ends are, so that towers take no quadratic time.
    return Compose._checked(factors=tuple(flat), ndim=common_ndim(*operators), channels=_chained(operators))


def add(operators: tuple[LinearOperator, ...]) -> LinearOperator:
    """The sum, flat; one operator is itself, none is Zero."""
    flat: list[LinearOperator] = []
    for operator in operators:
        flat.extend(operator.terms if isinstance(operator, Sum) else (operator,))
    if len(flat) < 2:
        return flat[0] if flat else Zero()
    if any(isinstance(operator, Sum) and operator.channels is None for operator in operators):
        return Sum(tuple(flat))  # terms that fit any number of channels are looked at one by one
    return Sum._checked(terms=tuple(flat), ndim=common_ndim(*operators), channels=common_channels(*operators))


def operators(names: str, *, ndim: int | None = None) -> Any:
    """Formal operators: any linear map.  What is proved with them holds for every operator.

    >>> import opalgebra as oa
    >>> A, B = oa.operators("A B")
    >>> bool(oa.prove((A @ B).T, B.T @ A.T))
    True
    """
    listed = names.replace(",", " ").split() if isinstance(names, str) else []
    if not listed or not all(name.isidentifier() for name in listed):
        raise KernelError(f"the names are {names!r}; give a string such as 'A B'")
    made = tuple(FormalOperator(name, ndim) for name in listed)
    return made if len(made) > 1 else made[0]
