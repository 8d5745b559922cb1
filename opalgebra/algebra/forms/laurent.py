"""Operators of functions of z: the way back from a transfer function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any, TypeAlias

from ...errors import OperandError, SizeError
from ...expr import (
    Block,
    Character,
    Flip,
    FormalSignal,
    LinearOperator,
    Power,
    Shift,
    Signal,
    SignalExpr,
    Up,
    Zero,
    add,
    compose,
    exact_array,
)
from ...expr.multirate import Conv
from ...scalar import check_scalar, exact, to_sympy
from ..decide.prove import prove
from ..numbers.spectrum import angle_of
from .images import function_name

Taps: TypeAlias = dict[tuple[int, ...], Any]  # coefficient of z^−n by n

MAX_SPAN = 10**6


def from_z(H: Any, z: Any) -> LinearOperator:
    """The operator with the transfer function H(z) = Σ_n h_n z⁻ⁿ: of a polynomial in z and z⁻¹ the ``Conv`` of h.

    Taps are exact: ints, fractions, SymPy numbers and symbols; a float is the binary fraction that it stores.  An
    undefined function Q(z) is the formal q, Q(z^k) its ↑k, Q(1/z) its reversal, Q(−z) its modulation, so that what
    :meth:`~opalgebra.LinearOperator.to_z` gives for sums and products is read back; a power with a symbol is a shift.

    Parameters
    ----------
    H : SymPy expression or number, or a SymPy matrix of these
        Of a matrix the result is a ``Block``.
    z : SymPy symbol, or a tuple of symbols, one per axis

    Raises
    ------
    OperandError
        For a rational function that is no polynomial, whose filter has infinitely many taps, and for other functions.
    SizeError
        For powers that lie more than 10⁶ taps apart.

    Examples
    --------
    >>> import opalgebra as oa
    >>> import sympy
    >>> z, Q = sympy.Symbol("z"), sympy.Function("Q")
    >>> print(oa.from_z((1 + z**-1) ** 2 / 4, z))
    ((1/4 1/2 1/4)∗)
    >>> print(oa.from_z((1 - z**-4) / (1 - z**-1), z), oa.from_z(Q(z**2) + 3 / z, z))
    ((1 1 1 1)∗) ((3)₁∗) + ((↑₂ q)∗)
    """
    import sympy

    symbols = tuple(z) if isinstance(z, tuple | list) else (z,)
    if not symbols or len(set(symbols)) < len(symbols) or not all(isinstance(s, sympy.Symbol) for s in symbols):
        raise OperandError(f"z is {z!r}; give a SymPy symbol, or a tuple of different ones, one per axis")
    reader = _Reader(symbols)
    if isinstance(H, sympy.MatrixBase):
        return Block([[Zero() if entry == 0 else reader.read(entry) for entry in row] for row in H.tolist()])
    return reader.read(H)


class _Reader:
    """Functions of some symbols, read as operators."""

    def __init__(self, symbols: tuple[Any, ...]) -> None:
        self.symbols = symbols

    def read(self, given: Any) -> LinearOperator:
        return self._operator(to_sympy(exact(check_scalar(given, "H(z)"))))

    def _operator(self, value: Any) -> LinearOperator:
        from sympy import conjugate
        from sympy.core.function import AppliedUndef

        if (taps := self._polynomial(value)) is not None:
            return Conv(_signal(taps, len(self.symbols)))
        if self._is_plain(value):
            raise self._refused(value)
        if value.is_Add:
            return add(tuple(map(self._operator, _grouped(value, self._is_plain))))
        if value.is_Mul:
            return self._product(_grouped(value, self._is_plain))
        if value.is_Pow and value.exp.is_Integer and value.exp > 0:
            return Power(self._operator(value.base), int(value.exp))
        if value.is_Pow and value.base in self.symbols and value.exp.is_integer:
            return Shift(tuple(-value.exp if s == value.base else 0 for s in self.symbols))
        if isinstance(value, AppliedUndef):
            return Conv(self._kernel(value, value.args, False))
        if isinstance(value, conjugate) and isinstance(value.args[0], AppliedUndef):
            return Conv(self._kernel(value, [conjugate(at) for at in value.args[0].args], True))
        raise self._refused(value)

    def _is_plain(self, value: Any) -> bool:
        """Whether no functions and no symbolic powers of z are in it, so that it stays in one piece."""
        from sympy import Pow, conjugate
        from sympy.core.function import AppliedUndef

        found = value.atoms(AppliedUndef, conjugate, Pow)
        return not any(node.has(*self.symbols) and not (node.is_Pow and node.exp.is_Rational) for node in found)

    def _product(self, factors: list[Any]) -> LinearOperator:
        scalars = [factor for factor in factors if not factor.has(*self.symbols)]
        made = compose(tuple(self._operator(factor) for factor in factors if factor not in scalars))
        return exact(prod(scalars)) * made if scalars else made

    # polynomials -----------------------------------------------------------------------------------------

    def _polynomial(self, value: Any) -> Taps | None:
        """The taps of a polynomial in z and z⁻¹; None of what is none.  Of a quotient, once it is proved to be one."""
        from sympy import fraction, together

        if (taps := self._expanded(value)) is not None or not self._is_plain(value):
            return taps
        top, bottom = fraction(together(value))
        divisor, whole = self._expanded(bottom), self._expanded(top)
        if divisor and whole is not None:
            for quotient in self._quotients(top, bottom):
                if (taps := self._expanded(quotient)) is not None:
                    convs = [Conv(_signal(found, len(self.symbols))) for found in (taps, divisor, whole)]
                    if prove(convs[0] @ convs[1], convs[2]):
                        return taps
        return None

    def _quotients(self, top: Any, bottom: Any) -> Iterator[Any]:
        """What a quotient may be: as SymPy cancels it, and by long division, which knows √2 · √2."""
        from sympy import Poly, cancel, div, expand

        yield cancel(top / bottom)
        if len(self.symbols) == 1:
            (z,) = self.symbols
            lowest = z ** min(power for (power,) in Poly(bottom, z).monoms())
            yield div(top, expand(bottom / lowest), z, domain="EX")[0] / lowest

    def _expanded(self, value: Any) -> Taps | None:
        from sympy import Add, expand

        taps: Taps = {}
        for term in Add.make_args(expand(value)):
            coefficient, rest = term.as_independent(*self.symbols, as_Add=False)
            powers = rest.as_powers_dict() if rest.has(*self.symbols) else {}
            if any(base not in self.symbols or not e.is_Integer for base, e in powers.items()):
                return None
            at = tuple(-int(powers.get(s, 0)) for s in self.symbols)
            taps[at] = taps.get(at, 0) + coefficient
        return {at: exact(tap) for at, tap in taps.items() if tap != 0}

    def _refused(self, value: Any) -> OperandError:
        if value.is_rational_function(*self.symbols):
            return OperandError(
                f"{value} is a rational function and, as far as its division shows, no polynomial in z and 1/z: its "
                "filter has infinitely many taps, and recursive filters are not here yet; give a polynomial, or taps: "
                "Conv([1, 2, 1])"
            )
        return OperandError(
            f"{value} is no polynomial in z and 1/z, nor an undefined function, named like Q, at a power of z; give "
            "sums and products of these"
        )

    # formal kernels --------------------------------------------------------------------------------------

    def _kernel(self, value: Any, places: Iterable[Any], conjugated: bool) -> SignalExpr:
        """The kernel with the transform Q(c z^m): ↑m of q_n c⁻ⁿ, reversed for m < 0."""
        from sympy import sympify

        parts = [self._monomial(at, s) for at, s in zip(places, self.symbols, strict=False)]
        formal = _formal(type(value.args[0] if conjugated else value).__name__)
        backwards = {part[1].could_extract_minus_sign() for part in parts if part is not None}
        if formal is None or None in parts or len(parts) != len(tuple(places)) or len(backwards) != 1:
            raise self._refused(value)
        angles, powers = zip(*parts, strict=True)
        kernel: SignalExpr = formal.conj() if conjugated else formal
        if any(angles):
            kernel = Character(tuple(-a for a in angles)) @ kernel
        if True in backwards:
            kernel = Flip() @ kernel
        sizes = tuple(exact(sympify(abs(m))) for m in powers)
        return kernel if all(m == 1 for m in sizes) else Up(sizes) @ kernel

    def _monomial(self, place: Any, symbol: Any) -> tuple[Any, Any] | None:
        """θ and m of e^{iθ} z^m with a whole m ≠ 0; None of anything else."""
        from sympy import I, Mul, pi

        coefficient, rest = place.as_independent(symbol, as_Add=False)
        base, power = rest.as_base_exp()
        if base != symbol or not power.is_integer or power.is_zero is not False or coefficient.has(*self.symbols):
            return None
        simple = {1: 0, -1: pi, I: pi / 2}
        found = [simple[f] if f in simple else angle_of(f) for f in Mul.make_args(coefficient)]
        return None if None in found else (sum(found), power)


def _grouped(value: Any, plain: Any) -> list[Any]:
    """The terms or factors of an expression, those in one piece that have no functions in them."""
    together = [part for part in value.args if plain(part)]
    others = [part for part in value.args if not plain(part)]
    return [*([value.func(*together)] if together and others else together), *others]


def _formal(name: str) -> FormalSignal | None:
    """The formal signal whose transform has this name."""
    inner = name[5:-1] if name.startswith(r"\hat{") else name[0].lower() + name[1:]
    return FormalSignal(inner) if inner.isidentifier() and function_name(inner) == name else None


def _signal(taps: Taps, ndim: int) -> Signal:
    """Taps as a signal on the smallest window."""
    taps = taps or {(0,) * ndim: 0}
    low = tuple(map(min, zip(*taps, strict=True)))
    shape = tuple(max(at) - start + 1 for at, start in zip(zip(*taps, strict=True), low, strict=True))
    if prod(shape) > MAX_SPAN:
        raise SizeError(
            f"the powers span {prod(shape)} taps; at most {MAX_SPAN} are made: write sums of shifts instead"
        )
    import numpy as np

    values = np.zeros(shape, dtype=object)
    for at, tap in taps.items():
        values[tuple(n - start for n, start in zip(at, low, strict=True))] = tap
    whole = all(isinstance(tap, int) and abs(tap) < 2**53 for tap in taps.values())
    return Signal(values.tolist() if whole else exact_array(list(values.flat), shape), start=low)
