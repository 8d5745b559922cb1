"""What hypotheses about factors come to: values for symbols, coprime pairs, and contradictions.

k = a m and k | m are used by putting a product in the place of a symbol, so that the walk need not know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, product
from math import gcd
from typing import Any

from ...errors import FactorError, Undecided
from ...scalar import is_sympy
from ..budget import check_time
from ..facts import (
    AboutFactors,
    AtMost,
    Coprime,
    Divides,
    Equal,
    Hypothesis,
    NotDivides,
    allowed,
    holds,
    number_in,
    small_values,
    symbols_of,
    visibly_divides,
)
from .exponents import Condition, assumptions, can_hold, is_decided, smallest_clash
from .ranges import COMPARED, implies, is_linear, may_hold

FACTOR_ONE = 3.5  # what 1 counts as, of a factor
FEW = 16  # values of a symbol that are decided one by one
MODELS = 2_000  # values of the symbols that are tried where satisfiability is not decided


# -- whether they can hold at once -----------------------------------------------------------------------


def consistent(facts: Iterable[Hypothesis], symbols: Iterable[Any]) -> str:
    """Refuse hypotheses that contradict one another or what is assumed of symbols; the reason where that is open.

    It is decided for monomials; what speaks of sums holds at small values, or "" is not the answer.

    Raises
    ------
    FactorError
        With the hypotheses that cannot hold at once.
    """
    about = tuple(fact for fact in facts if isinstance(fact, AboutFactors))
    names = sorted({*symbols, *symbols_of(about)}, key=lambda symbol: str(symbol.name))
    return _consistent(about, tuple(names)) if about or names else ""


@lru_cache(maxsize=1024)
def _consistent(about: tuple[AboutFactors, ...], symbols: tuple[Any, ...]) -> str:
    decided = [fact for fact in about if is_decided(fact)]
    assumed = assumptions(symbols)
    conditions: tuple[Condition, ...] = tuple(dict.fromkeys([*decided, *assumed]))
    only_linear = not assumed and all(map(is_linear, about))  # and so decided by their rows
    open_question = "" if len(decided) == len(about) or only_linear else "they speak of sums"
    if not may_hold(about):
        raise _clash(smallest_clash(about, may_hold))
    try:
        if not can_hold(conditions):
            raise _clash(smallest_clash(conditions, can_hold))
    except Undecided as why:
        open_question = str(why)
    if not open_question or next(models(about, symbols), None) is not None:
        return ""
    return (
        f"whether {', '.join(map(str, about))} can hold at once is not known ({open_question}, and small values do not "
        "satisfy them); from a contradiction everything follows"
    )


def _clash(conditions: Iterable[Any]) -> FactorError:
    clash = list(map(str, conditions))
    listed = ", ".join(clash[:-1]) + " and " * (len(clash) > 1) + clash[-1]
    return FactorError(
        f"the hypotheses contradict one another: {listed} cannot hold {'at once' if clash[1:] else 'at all'}; "
        "from a contradiction everything follows"
    )


def models(
    facts: Iterable[Hypothesis], symbols: Iterable[Any], fixed: Mapping[Any, int] | None = None
) -> Iterator[dict[Any, int]]:
    """Small values of the symbols that satisfy hypotheses and all that is assumed of the symbols, the smallest first.

    A factor 1 comes after 2 and 3, since it shows little.  Some symbols may have values already.
    """
    given, fixed = [fact for fact in facts if isinstance(fact, AboutFactors)], fixed or {}
    known = solved(given)
    mentioned = {*symbols, *symbols_of(given)}
    left = mentioned | {s for _, value in known.replaced for s in _symbols(value)}
    free = sorted(left - {symbol for symbol, _ in known.replaced}, key=lambda s: str(s.name))
    choices = [[fixed[s]] if s in fixed else small_values(s, known.facts, 5) for s in free]
    factors = [bool(s.is_positive) for s in free]

    def size(values: tuple[int, ...]) -> tuple[Any, ...]:
        return sum(FACTOR_ONE if v == 1 and f else abs(v) for v, f in zip(values, factors, strict=True)), values

    for values in islice(sorted(islice(product(*choices), 5000), key=size), MODELS):
        check_time()
        at = dict(zip(free, values, strict=True))
        for symbol, value in reversed(known.replaced):
            at[symbol] = int(value.xreplace(at)) if is_sympy(value) else value
        if any(at[s] != value for s, value in fixed.items()):
            continue
        if all(allowed(s, at[s]) for s in mentioned) and all(holds(fact, at) for fact in given):
            yield at


# -- solving for symbols ---------------------------------------------------------------------------------


@dataclass
class Solution:
    """Symbols with what takes their place, one after the other, and the hypotheses that are left."""

    replaced: list[tuple[Any, Any]] = field(default_factory=list)
    facts: list[Hypothesis] = field(default_factory=list)


def with_parities(known: Solution, symbols: Iterable[Any], factors: Iterable[Any] = ()) -> Solution:
    """The solution for symbols that are even or odd as well: 2 k′, 2 d′ + 1, 2 k′ − 1, and gcd(2, k) = 1 of factors.

    That they are may be assumed of the symbols or given.
    """
    import sympy

    replaced, facts, kept = list(known.replaced), list(known.facts), frozenset(factors)
    for symbol in symbols:
        odd = [fact for fact in facts if isinstance(fact, Coprime | NotDivides) and _says_odd(fact, symbol)]
        others = symbols_of(fact for fact in facts if fact not in odd)
        if symbol.is_positive and (symbol.is_odd or odd) and symbol not in kept | others:
            replaced.append((symbol, 2 * sympy.Dummy(f"{symbol.name}_up_to_2", integer=True, positive=True) - 1))
            facts = [fact for fact in facts if fact not in odd]
        elif symbol.is_odd and symbol.is_positive:  # which may be a factor, and a factor is a monomial
            facts.append(Coprime(2, symbol))
        elif symbol.is_even or symbol.is_odd:
            half = sympy.Dummy(f"{symbol.name}_over_2", integer=True, positive=symbol.is_even and symbol.is_positive)
            replaced.append((symbol, 2 * half + int(symbol.is_odd)))
            facts = [with_value(fact, *replaced[-1]) for fact in facts]
    return Solution(replaced, facts)


def _says_odd(fact: Any, symbol: Any) -> bool:
    return (
        (fact.a, fact.b) in ((2, symbol), (symbol, 2)) if isinstance(fact, Coprime) else (fact.a, fact.b) == (2, symbol)
    )


def few_values(symbol: Any, facts: Iterable[Hypothesis]) -> list[int]:
    """The values that a symbol may have, where hypotheses leave few; else none."""
    about = [fact for fact in facts if isinstance(fact, AboutFactors) and symbol in symbols_of([fact])]
    limits = [f.b for f in about if isinstance(f, Divides) and not is_sympy(f.b) and f.b > 0 and symbol.is_positive]
    compared = tuple(fact for fact in facts if isinstance(fact, COMPARED))
    numbers = sorted({n + i for fact in compared for n in map(_constant, (fact.a, fact.b)) for i in (-1, 0, 1)})
    limits += [n for n in numbers if implies(compared, AtMost(symbol, n))][:1]
    lowest = [1] if symbol.is_positive else [n for n in numbers[::-1] if implies(compared, AtMost(n, symbol))][:1]
    if not limits or not lowest or min(limits) - lowest[0] >= FEW:
        return []
    alone = [fact for fact in about if symbols_of([fact]) == {symbol}]
    listed = range(lowest[0], min(limits) + 1)
    return [v for v in listed if allowed(symbol, v) and all(holds(fact, {symbol: v}) for fact in alone)]


def _constant(value: Any) -> int:
    return int(value.as_coeff_Add()[0]) if is_sympy(value) else int(value)


def solved(facts: Iterable[Hypothesis], factors: Iterable[Any] = ()) -> Solution:
    """The hypotheses solved for symbols as far as they can be; a sum takes the place of no symbol in ``factors``.

    Raises
    ------
    FactorError
        Where they are seen to contradict one another.
    """
    found = Solution(facts=[fact for fact in facts if isinstance(fact, AboutFactors)])
    divided = symbols_of(fact for fact in found.facts if not isinstance(fact, COMPARED))  # which speak of monomials
    kept = frozenset(factors) | divided
    while (step := _one_step(found.facts, kept)) is not None:
        fact, values = step
        if fact is not None:
            found.facts.remove(fact)
        for symbol, value in values.items():
            if symbol.is_positive and is_sympy(value) and not value.is_positive:
                found.facts.append(AtMost(1, value))
            found.replaced.append((symbol, value))
            found.facts = [with_value(f, symbol, value) for f in found.facts]
    return found


def _one_step(facts: list[Hypothesis], kept: frozenset[Any]) -> tuple[Hypothesis | None, dict[Any, Any]] | None:
    """A hypothesis that says nothing more once these symbols have been replaced; None where none does."""
    for fact in facts:
        if isinstance(fact, Coprime):
            ones = _shared_symbols(fact)
            if ones:
                return None, dict.fromkeys(ones, 1)
        elif isinstance(fact, NotDivides):
            if visibly_divides(fact.a, fact.b):
                raise _contradiction(fact)
        elif isinstance(fact, Equal | Divides):
            values = _equation(fact, kept) if isinstance(fact, Equal) else _division(fact, facts)
            if values is not None:
                return fact, values
    return None


def _contradiction(fact: Hypothesis) -> FactorError:
    return FactorError(
        f"the hypotheses contradict one another: they come to {fact}; from a contradiction everything follows"
    )


def with_value(fact: Any, symbol: Any, value: Any) -> Hypothesis:
    """The hypothesis with a value in the place of a symbol."""
    sides = (_number(v.subs(symbol, value).expand()) if is_sympy(v) else v for v in (fact.a, fact.b))
    made: Hypothesis = type(fact)(*sides)
    return made


def _number(value: Any) -> Any:
    return int(value) if value.is_Integer else value


def _symbols(value: Any) -> list[Any]:
    return sorted(value.free_symbols, key=lambda symbol: str(symbol.name)) if is_sympy(value) else []


def _shared_symbols(fact: Coprime) -> list[Any]:
    """The symbols on both sides, which can only be 1."""
    if gcd(number_in(fact.a), number_in(fact.b)) != 1:
        raise _contradiction(fact)
    other = _symbols(fact.b)
    return [symbol for symbol in _symbols(fact.a) if symbol in other]


def _cancelled(a: Any, b: Any) -> tuple[Any, Any]:
    """Two monomials without what is common to both."""
    import sympy

    common = sympy.gcd(a, b)  # of monomials, in which all symbols are positive
    return tuple(_number(sympy.cancel(sympy.sympify(v) / common)) for v in (a, b))


def _all_one(value: Any, fact: Hypothesis) -> dict[Any, Any]:
    """value = 1 for a monomial of positive integers."""
    if number_in(value) != 1:
        raise _contradiction(fact)
    return dict.fromkeys(_symbols(value), 1)


def _equation(fact: Any, kept: frozenset[Any]) -> dict[Any, Any] | None:
    if not is_decided(fact):
        return _linear_equation(fact, kept)
    a, b = _cancelled(fact.a, fact.b)
    if a != b and not (is_sympy(a) or is_sympy(b)):
        raise _contradiction(fact)
    for one, other in ((a, b), (b, a)):
        if one == 1:
            return _all_one(other, fact)
        if is_sympy(one) and one.is_Symbol:
            return {one: other}
    return None


def _linear_equation(fact: Any, kept: frozenset[Any]) -> dict[Any, Any] | None:
    """A symbol that occurs once, with the weight 1 or −1; a shift rather than a factor."""
    import sympy

    rest = sympy.expand(sympy.sympify(fact.a) - fact.b)
    if not rest.free_symbols:
        if rest != 0:
            raise _contradiction(fact)
        return {}
    for symbol in sorted(rest.free_symbols - kept, key=lambda s: (bool(s.is_positive), str(s.name))):
        weight = rest.coeff(symbol)
        if weight in (1, -1) and symbol not in (value := sympy.expand(symbol - weight * rest)).free_symbols:
            return {symbol: _number(value)}
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
