"""What hypotheses about factors come to: values for symbols, coprime pairs, and contradictions.

k = a m and k | m are used by putting a product in the place of a symbol, so that the walk need not know them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import gcd
from typing import Any

from ..errors import FactorError
from ..scalar import is_sympy
from .facts import AboutFactors, Coprime, Equal, Hypothesis, NotDivides, _number_in, _visibly_divides


@dataclass
class Solution:
    """Symbols with what takes their place, one after the other, and the hypotheses that are left."""

    replaced: list[tuple[Any, Any]] = field(default_factory=list)
    facts: list[Hypothesis] = field(default_factory=list)


def solved(facts: Iterable[Hypothesis]) -> Solution:
    """The hypotheses solved for symbols as far as they can be.

    Raises
    ------
    FactorError
        Where they are seen to contradict one another.
    """
    found = Solution(facts=[fact for fact in facts if isinstance(fact, AboutFactors)])
    while (step := _one_step(found.facts)) is not None:
        fact, values = step
        if fact is not None:
            found.facts.remove(fact)
        for symbol, value in values.items():
            found.replaced.append((symbol, value))
            found.facts = [_put(f, symbol, value) for f in found.facts]
    return found


def _one_step(facts: list[Hypothesis]) -> tuple[Hypothesis | None, dict[Any, Any]] | None:
    """A hypothesis that says nothing more once these symbols have been replaced; None where none does."""
    for fact in facts:
        if isinstance(fact, Coprime):
            ones = _shared_symbols(fact)
            if ones:
                return None, dict.fromkeys(ones, 1)
        elif isinstance(fact, NotDivides):
            if _visibly_divides(fact.a, fact.b):
                raise _contradiction(fact)
        else:
            values = _equation(fact) if isinstance(fact, Equal) else _division(fact, facts)
            if values is not None:
                return fact, values
    return None


def _contradiction(fact: Hypothesis) -> FactorError:
    return FactorError(
        f"the hypotheses contradict one another: they come to {fact}; from a contradiction everything follows"
    )


def _put(fact: Any, symbol: Any, value: Any) -> Hypothesis:
    made: Hypothesis = type(fact)(*(_number(v.subs(symbol, value)) if is_sympy(v) else v for v in (fact.a, fact.b)))
    return made


def _number(value: Any) -> Any:
    return int(value) if value.is_Integer else value


def _symbols(value: Any) -> set[Any]:
    return value.free_symbols if is_sympy(value) else set()


def _shared_symbols(fact: Coprime) -> set[Any]:
    """The symbols on both sides, which can only be 1."""
    if gcd(_number_in(fact.a), _number_in(fact.b)) != 1:
        raise _contradiction(fact)
    return _symbols(fact.a) & _symbols(fact.b)


def _cancelled(a: Any, b: Any) -> tuple[Any, Any]:
    """Two monomials without what is common to both."""
    import sympy

    common = sympy.gcd(a, b)  # of monomials, in which all symbols are positive
    return tuple(_number(sympy.cancel(sympy.sympify(v) / common)) for v in (a, b))


def _all_one(value: Any, fact: Hypothesis) -> dict[Any, Any]:
    """value = 1 for a monomial of positive integers."""
    if _number_in(value) != 1:
        raise _contradiction(fact)
    return dict.fromkeys(_symbols(value), 1)


def _equation(fact: Any) -> dict[Any, Any] | None:
    a, b = _cancelled(fact.a, fact.b)
    if a != b and not (is_sympy(a) or is_sympy(b)):
        raise _contradiction(fact)
    for one, other in ((a, b), (b, a)):
        if one == 1:
            return _all_one(other, fact)
        if is_sympy(one) and one.is_Symbol:
            return {one: other}
    return None


def _division(fact: Any, facts: list[Hypothesis]) -> dict[Any, Any] | None:
    """a | b for monomials: b is a times a new symbol where it is a symbol itself."""
    import sympy

    a, b = _cancelled(fact.a, fact.b)
    b = _without_coprime(a, b, facts)
    if b == 1:
        return _all_one(a, fact)
    if a == 1:
        return {}
    if is_sympy(b) and b.is_Symbol:
        return {b: a * sympy.Dummy(f"{b.name}_over_{a}", integer=True, positive=True)}
    if not (is_sympy(a) or is_sympy(b)):  # both are numbers above 1 without a common factor
        raise _contradiction(fact)
    return None


def _without_coprime(a: Any, b: Any, facts: list[Hypothesis]) -> Any:
    """b without the symbols that are coprime to all of a: a | b c and gcd(a, c) = 1 give a | b."""
    pairs = {frozenset((f.a, f.b)) for f in facts if isinstance(f, Coprime)}
    for symbol in _symbols(b):
        while symbol in _symbols(b) and frozenset((a, symbol)) in pairs:
            b = _number(b / symbol)
    return b
