"""Hypotheses: what ``prove(…, given=…)`` may assume about factors and other integers; of kernels :mod:`.equations`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import gcd
from typing import Any, ClassVar

from .._verbs import verb
from ..errors import FactorError, OperandError
from ..expr import SamplingMatrix, SignalExpr, factor, shift
from ..scalar import is_sympy

SMALL = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 5, -5, *(sign * n for n in range(7, 65) for sign in (1, -1)))


class Hypothesis:
    """Base class of what may be given."""

    def solution(self) -> tuple[str, SignalExpr] | None:
        """The name of a formal kernel and all that it may be, as a signal in a free kernel of that name; else None."""
        return None

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {verb('latex')(str(self))}$"


@dataclass(frozen=True)
class AboutFactors(Hypothesis):
    """Two factors, and what is said of them."""

    a: Any
    b: Any
    words: ClassVar[str]

    def __str__(self) -> str:
        return self.words.format(self.a, self.b)


class Coprime(AboutFactors):
    """gcd(a, b) = 1."""

    words = "gcd({}, {}) = 1"


class Divides(AboutFactors):
    """a divides b."""

    words = "{} | {}"


class NotDivides(AboutFactors):
    """a does not divide b."""

    words = "{} ∤ {}"


class Equal(AboutFactors):
    """a = b, of factors or other integers."""

    words = "{} = {}"


class Unequal(AboutFactors):
    """a ≠ b, of integers."""

    words = "{} ≠ {}"


class Less(AboutFactors):
    """a < b, of integers."""

    words = "{} < {}"


class AtMost(AboutFactors):
    """a ≤ b, of integers."""

    words = "{} ≤ {}"


def coprime(a: Any, b: Any) -> Coprime:
    """The hypothesis gcd(a, b) = 1 for two factors.

    >>> import opalgebra as oa
    >>> k, m = oa.factors("k m")
    >>> oa.prove(oa.Up(k) @ oa.Down(m), oa.Down(m) @ oa.Up(k), given=oa.coprime(k, m)).verdict
    'proved'
    """
    a, b = _scalar_factor(a), _scalar_factor(b)
    if (shared := gcd(number_in(a), number_in(b))) != 1:
        raise FactorError(f"coprime({a}, {b}) is false: {shared} divides both; from a contradiction everything follows")
    if a == b and a != 1:
        raise FactorError(f"coprime({a}, {b}) holds for {a} = 1 only; put 1 in its place")
    return Coprime(a, b)


def divides(a: Any, b: Any) -> Divides:
    """The hypothesis that a divides b.

    >>> import opalgebra as oa
    >>> k, m = oa.factors("k m")
    >>> print(oa.divides(k, m))
    k | m
    """
    a, b = _scalar_factor(a), _scalar_factor(b)
    if not (is_sympy(a) or is_sympy(b)) and b % a:
        raise FactorError(f"divides({a}, {b}) is false; from a contradiction everything follows")
    if is_sympy(b) and not b.is_Symbol:
        raise FactorError(f"divides({a}, {b}): the second argument must be a single symbol or an int")
    if is_sympy(b) and is_sympy(a) and b in a.free_symbols and a != b:
        raise FactorError(f"divides({a}, {b}) holds in degenerate cases only; put the numbers in their place")
    return Divides(a, b)


def not_divides(a: Any, b: Any) -> NotDivides:
    """The hypothesis that a factor a does not divide b, an int or a symbolic shift.

    >>> import opalgebra as oa
    >>> (g, a), d = oa.factors("g a"), oa.integers("d")
    >>> bool(oa.prove(oa.Down(g) @ oa.Shift(d) @ oa.Up(g * a), oa.Zero(), given=oa.not_divides(g, d)))
    True
    """
    a, b = _scalar_factor(a), shift(b)
    if isinstance(b, tuple):
        raise FactorError(f"{b} has several axes; state the hypothesis for one axis at a time")
    if visibly_divides(a, b):
        raise FactorError(f"not_divides({a}, {b}) is false: {a} divides {b}; from a contradiction everything follows")
    return NotDivides(a, b)


def equal(a: Any, b: Any) -> Equal:
    """The hypothesis a = b for two factors, of which one is a symbol that the other has not, such as k = a·m.

    >>> import opalgebra as oa
    >>> k, a, m = oa.factors("k a m")
    >>> bool(oa.prove(oa.Down(a) @ oa.Up(k), oa.Up(m), given=oa.equal(k, a * m)))
    True
    """
    a, b = _scalar_factor(a), _scalar_factor(b)
    if a == b:
        return Equal(a, b)
    if not any(is_sympy(x) and x.is_Symbol and not (is_sympy(y) and x in y.free_symbols) for x, y in ((a, b), (b, a))):
        raise FactorError(f"equal({a}, {b}): one side must be a symbol that the other has not, such as equal(k, a * m)")
    return Equal(a, b)


def equal_integers(a: Any, b: Any) -> Equal:
    """The hypothesis a = b for polynomials with integer coefficients in integer symbols, such as a M − b L = 1."""
    a, b = _integer(a), _integer(b)
    if not _difference(a, b):
        return Equal(a, b)
    if not _symbols_in(_difference(a, b)):
        raise FactorError(f"{a} = {b} is false; from a contradiction everything follows")
    return Equal(a, b)


def related(said: Any) -> tuple[AboutFactors, ...]:
    """What a SymPy relation between integers says, such as ``r < k`` or ``sympy.And(0 <= r, r < k)``.

    >>> k, r = __import__("opalgebra").factors("k r")
    >>> [str(fact) for fact in related(r < k)]
    ['r < k']
    """
    import sympy

    if said is sympy.true:
        return ()
    if said is sympy.false:
        raise FactorError("a relation that SymPy knows to be false was given; from a contradiction everything follows")
    if isinstance(said, sympy.And):
        return tuple(fact for part in sorted(said.args, key=str) for fact in related(part))
    signs = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
    if getattr(said, "rel_op", None) not in signs:
        raise OperandError(f"{said} was given; give relations of integers, such as r < k, and sympy.And of these")
    return (compared(said.lhs, signs[said.rel_op], said.rhs),)


def compared(a: Any, sign: str, b: Any) -> AboutFactors:
    """One of a = b, a ≠ b, a < b, a ≤ b, a > b, a ≥ b for integers."""
    if sign in (">", "≥"):
        a, b, sign = b, a, "<" if sign == ">" else "≤"
    if sign == "=":
        return equal_integers(a, b)
    return {"<": Less, "≤": AtMost, "≠": Unequal}[sign](_integer(a), _integer(b))


def _integer(value: Any) -> Any:
    """An int, or a polynomial with integer coefficients in integer symbols."""
    import sympy

    known = sympy.sympify(value) if is_sympy(value) or type(value) is int else None
    symbols = sorted(getattr(known, "free_symbols", ()), key=str)
    if not isinstance(known, sympy.Expr) or not all(s.is_integer for s in symbols):
        raise OperandError(
            f"an equation or a relation speaks of {value!r}; give integers: ints, and polynomials in symbols of "
            "oa.factors and oa.integers"
        )
    known = sympy.expand(known)
    whole = known.is_Integer or (
        bool(symbols) and known.is_polynomial(*symbols) and sympy.Poly(known, *symbols).domain.is_ZZ
    )
    if not whole:
        raise OperandError(f"{value} is no polynomial with integer coefficients; multiply its denominators out")
    return int(known) if known.is_Integer else known


def _difference(a: Any, b: Any) -> Any:
    import sympy

    return sympy.expand(sympy.sympify(a) - b)


def _symbols_in(value: Any) -> set[Any]:
    return set(value.free_symbols) if is_sympy(value) else set()


def number_in(value: Any) -> int:
    """The integer coefficient of a factor."""
    return int(value.as_coeff_Mul()[0]) if is_sympy(value) else value


def visibly_divides(a: Any, b: Any) -> bool:
    """Whether b / a is a polynomial with integer coefficients."""
    if not (is_sympy(a) or is_sympy(b)):
        return bool(b % a == 0)
    import sympy

    quotient = sympy.expand(sympy.sympify(b) / a)
    return bool(quotient.is_polynomial(*quotient.free_symbols) and quotient.is_integer)


def _scalar_factor(value: Any) -> Any:
    value = factor(value)
    if isinstance(value, tuple | SamplingMatrix):
        raise FactorError(f"{value} has several axes; state the hypothesis for one axis at a time")
    return value


def hypotheses(given: Any) -> tuple[Hypothesis, ...]:
    """``given`` as a tuple of hypotheses; one may stand alone."""
    listed = (given,) if isinstance(given, Hypothesis) or not isinstance(given, Iterable) else tuple(given)
    return tuple(fact for said in listed for fact in _said(said, given))


def _said(said: Any, given: Any) -> tuple[Hypothesis, ...]:
    if isinstance(said, Hypothesis):
        return (said,)
    if is_sympy(said) and (said.is_Relational or said.is_Boolean):
        return related(said)
    advice = "; == compares trees: write oa.equation(a, b)" if isinstance(said, bool) else ""
    raise OperandError(
        f"given is {given!r}; give hypotheses such as oa.coprime(k, m), oa.divides(k, m), oa.equation(A, B), SymPy "
        f"relations such as r < k, or a tuple of these{advice}"
    )


def symbols_of(facts: Iterable[Hypothesis]) -> set[Any]:
    """The symbols that hypotheses about factors speak of."""
    sides = [side for fact in facts if isinstance(fact, AboutFactors) for side in (fact.a, fact.b)]
    return {symbol for side in sides if is_sympy(side) for symbol in side.free_symbols}


@lru_cache(maxsize=4096)
def allowed(symbol: Any, value: Any) -> bool:
    """Whether a number fits all that SymPy was told of a symbol: positive, even, prime, …"""
    import sympy

    number = sympy.sympify(value)
    return all(getattr(number, f"is_{what}") is truth for what, truth in symbol.assumptions0.items())


_TRUTH: dict[type, Any] = {
    Coprime: lambda a, b: gcd(a, b) == 1, Divides: lambda a, b: b % a == 0, NotDivides: lambda a, b: b % a != 0,
    Equal: lambda a, b: a == b, Unequal: lambda a, b: a != b, Less: lambda a, b: a < b, AtMost: lambda a, b: a <= b,
}  # fmt: skip


def holds(fact: Hypothesis, values: dict[Any, int]) -> bool:
    """Whether a hypothesis about factors holds once symbols have these values."""
    if not isinstance(fact, AboutFactors):
        return True
    a, b = (int(v.xreplace(values)) if is_sympy(v) else v for v in (fact.a, fact.b))
    return bool(_TRUTH[type(fact)](a, b))


def small_values(symbol: Any, facts: Iterable[Hypothesis], count: int) -> list[int]:
    """The numbers nearest to 0 that fit a symbol and the hypotheses about it alone."""
    alone = [fact for fact in facts if symbols_of([fact]) == {symbol}]
    sides = [side for fact in alone if isinstance(fact, AboutFactors) for side in (fact.a, fact.b)]
    bounds = sorted({number + step for number in map(_constant, sides) for step in range(-2, 3)} - {*SMALL}, key=abs)
    fitting = (v for v in (*SMALL, *bounds) if allowed(symbol, v) and all(holds(fact, {symbol: v}) for fact in alone))
    return list(islice(fitting, count))


def _constant(value: Any) -> int:
    return int(value.as_coeff_Add()[0]) if is_sympy(value) else value
