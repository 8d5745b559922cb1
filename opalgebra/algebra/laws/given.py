"""Hypotheses as laws: what is given of factors and kernels, used in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ...expr import (
    Conv,
    Down,
    Flip,
    IndexedSum,
    LinearOperator,
    Shift,
    SignalExpr,
    Up,
    axes,
    negated,
    substitute,
    symbols_in,
)
from ...expr.characters import Character
from ...expr.operators import Compose, Identity, Sum, Zero, add, compose
from ...scalar import is_sympy
from ..equations import Equation, Nyquist, Orthonormal, Paraunitary, Relation, Symmetric
from ..facts import Equal, Hypothesis
from .finders import Facts, Made, letters_of, scaled, times

CONSEQUENCES = {Paraunitary: ("power-complementary", "alias-free"), Orthonormal: ("autocorrelation",)}


class Given(NamedTuple):
    """An expression that may be replaced by another."""

    law: str
    word: Any
    value: Any
    condition: str


def as_rules(facts: Facts, normal: Callable[[Any], Any] = lambda side: side) -> list[Given]:
    """Both sides of what is given about kernels, the longest words first; each side as ``normal`` writes it."""
    found = [rule for fact in facts for rule in _rules_of(fact, normal)]
    return sorted(found, key=lambda rule: -len(letters_of(rule.word)))


def _rules_of(fact: Hypothesis, normal: Callable[[Any], Any]) -> Iterator[Given]:
    if isinstance(fact, Symmetric):
        turn, kernel = Flip() @ fact.signal, fact.signal
        moved = negated(axes(fact.twice)) if isinstance(fact.twice, tuple) else -fact.twice
        word = letters_of(Shift(moved)) if any(axes(fact.twice)) else ()
        yield Given("symmetric", Conv(turn), times(fact.sign, compose((*word, Conv(kernel)))), str(fact))
        return
    if not isinstance(fact, Relation):
        return
    if isinstance(fact, Equation) and isinstance(fact.left, SignalExpr):
        yield Given("given", fact.left, fact.right, str(fact))
    pairs = [("given", pair) for pair in fact.pairs]
    names = CONSEQUENCES.get(type(fact), ())
    pairs += [(names[min(n, len(names) - 1)], pair) for n, pair in enumerate(fact.consequences if names else ())]
    if isinstance(fact, Nyquist):
        (kernel,) = fact.kernels
        pairs.append(("nyquist-samples", (Down(fact.factor) @ Conv(kernel) @ Up(fact.factor), Identity())))
    for law, (a, b) in pairs:
        word, value = normal(a), b
        if isinstance(word, Sum):
            yield Given(law, word, value, str(fact))
            rest, word = word.terms[:-1], word.terms[-1]
            value = b - add(rest)
        weight, word = scaled(word)
        if weight in (1, -1) and letters_of(word):
            yield Given(law, word, value if weight == 1 else times(-1, value), str(fact))


def used(rules: list[Given], node: Any) -> Iterator[tuple[str, Any, str]]:
    """(law, what takes the place of the node, condition) for each use at this node, runs of letters included."""
    if isinstance(node, SignalExpr):
        yield from ((rule.law, rule.value, rule.condition) for rule in rules if rule.word == node)
        return
    if not isinstance(node, LinearOperator):
        return
    letters = node.factors if isinstance(node, Compose) else (node,)
    for rule in rules:
        if isinstance(rule.word, SignalExpr):
            continue
        if isinstance(rule.word, Sum):
            if isinstance(node, Sum) and not (Counter(rule.word.terms) - Counter(node.terms)):
                left = tuple((Counter(node.terms) - Counter(rule.word.terms)).elements())
                yield rule.law, add((*left, rule.value)) if left else rule.value, rule.condition
            continue
        word = letters_of(rule.word)
        for i in range(len(letters) - len(word) + 1):
            if letters[i : i + len(word)] == word:
                weight, inner = scaled(rule.value)
                if isinstance(inner, Zero):
                    made: Any = Zero()
                else:
                    made = times(weight, compose((*letters[:i], *letters_of(inner), *letters[i + len(word) :])))
                yield rule.law, made, rule.condition


def used_as(law: str, back: bool = False) -> Callable[[Any, Facts], Made]:
    """The finder of one law of hypotheses, from left to right or back."""

    def finder(node: Any, facts: Facts) -> Made:
        rules = [rule for rule in as_rules(facts) if rule.law == law]
        if back:
            rules = [rule._replace(word=rule.value, value=rule.word) for rule in rules if _is_telling(rule.value)]
        for _, new, condition in used(rules, node):
            yield new, condition

    return finder


def _is_telling(value: Any) -> bool:
    return not isinstance(value, Identity | Zero | Sum)


def substituted(node: Any, facts: Facts) -> Made:
    """A factor by what is given for it, k = a m."""
    if not isinstance(node, Down | Up | Shift | Conv | IndexedSum | Character):
        return
    for symbol, value, condition in values(facts):
        if symbol in symbols_in(node):
            yield substitute(node, {symbol: value}), condition


def values(facts: Facts) -> Iterator[tuple[Any, Any, str]]:
    """(symbol, what is given for it, the hypothesis)."""
    for fact in facts:
        for symbol, value in ((fact.a, fact.b), (fact.b, fact.a)) if isinstance(fact, Equal) else ():
            if is_sympy(symbol) and symbol.is_Symbol and not (is_sympy(value) and symbol in value.free_symbols):
                yield symbol, value, str(fact)
                break

