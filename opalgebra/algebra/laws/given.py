"""Hypotheses as laws: what is given of factors and kernels, used in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from ...errors import FactorTypeError
from ...expr import (
    Conv,
    Down,
    Flip,
    LinearOperator,
    Modulate,
    Shift,
    Signal,
    SignalExpr,
    Up,
    axes,
    axis_count,
    negated,
    substitute,
    symbols_in,
)
from ...expr.operators import Compose, Identity, Sum, Zero, add, compose
from ...scalar import is_sympy
from ..equations import Equation, Nyquist, Orthonormal, Paraunitary, Relation, Symmetric
from ..facts import Equal, Hypothesis
from .finders import Facts, Made, letters_of, scaled, times

OF_HYPOTHESES = frozenset((
    "substitute", "given", "symmetric", "nyquist-samples", "autocorrelation", "power-symmetric", "power-complementary",
    "alias-free",
))  # fmt: skip
CONSEQUENCES = {Paraunitary: ("power-complementary", "alias-free"), Orthonormal: ("autocorrelation",)}


class Given(NamedTuple):
    """An expression that may be replaced by another."""

    law: str
    word: Any
    value: Any
    condition: str


def as_rules(facts: Facts, normal: Callable[[Any], Any] | None = None) -> list[Given]:
    """Both sides of what is given about kernels, the longest words first, as ``normal`` writes them.

    Without it as they were said, and sums as a whole; with it the last term of a sum may be replaced as well.
    """
    found = [rule for fact in facts for rule in _rules_of(fact, normal)]
    return sorted(found, key=lambda rule: -len(letters_of(rule.word)))


def _rules_of(fact: Hypothesis, normal: Callable[[Any], Any] | None) -> Iterator[Given]:
    if isinstance(fact, Symmetric):
        turn, kernel = Flip() @ fact.signal, fact.signal
        moved = negated(axes(fact.twice)) if isinstance(fact.twice, tuple) else -fact.twice
        delay = letters_of(Shift(moved)) if any(axes(fact.twice)) else ()
        yield Given("symmetric", Conv(turn), times(fact.sign, compose((*delay, Conv(kernel)))), str(fact))
    elif isinstance(fact, Relation):
        yield from (Given(law, word, value, str(fact)) for law, word, value in _on_signals(fact))
        for law, a, b in _pairs(fact):
            word = a if normal is None else normal(a)
            if isinstance(word, Sum):
                yield Given(law, word, b, str(fact))
            if normal is not None and isinstance(word, Sum):
                b, word = b - add(word.terms[:-1]), word.terms[-1]
            weight, word = scaled(word)
            if weight in (1, -1) and letters_of(word) and not isinstance(word, Sum):
                yield Given(law, word, b if weight == 1 else times(-1, b), str(fact))


def _on_signals(fact: Relation) -> Iterator[tuple[str, Any, Any]]:
    """What is given, of signals."""
    if isinstance(fact, Equation) and isinstance(fact.left, SignalExpr):
        yield "given", fact.left, fact.right
    if isinstance(fact, Nyquist | Orthonormal) and axis_count(fact.factor) == 1:
        (kernel,), k, one = fact.kernels, fact.factor, Signal([1])
        q = kernel if isinstance(fact, Nyquist) else Conv(kernel) @ (Flip() @ kernel.conj())
        law = "nyquist-samples" if isinstance(fact, Nyquist) else "autocorrelation"
        yield law, Down(k) @ q, one
        yield law, Up(k) @ (Down(k) @ q), one


def _pairs(fact: Relation) -> Iterator[tuple[str, Any, Any]]:
    """What is given and what follows, of operators."""
    for a, b in fact.pairs:
        yield "given", a, b
    names = CONSEQUENCES.get(type(fact), ())
    for n, (a, b) in enumerate(fact.consequences if names else ()):
        yield names[min(n, len(names) - 1)], a, b
    if isinstance(fact, Nyquist):
        (kernel,) = fact.kernels
        yield "nyquist-samples", Down(fact.factor) @ Conv(kernel) @ Up(fact.factor), Identity()
    if isinstance(fact, Orthonormal):
        (kernel,) = fact.kernels
        band = Down(fact.factor) @ Conv(kernel)
        yield "given", band @ band.H, Identity()
        if fact.factor == 2:
            bands = [Conv(kernel), Conv(Modulate([1, -1]) @ kernel)]
            yield "power-symmetric", bands[0] @ bands[0].H + bands[1] @ bands[1].H, 2 * Identity()
    if isinstance(fact, Paraunitary):
        bands = [Down(fact.factor) @ Conv(h) for h in fact.kernels]
        for i, left in enumerate(bands):
            for j, right in enumerate(bands):
                yield "given", left @ right.H, Identity() if i == j else Zero()


def _same(letters: tuple[Any, ...], word: tuple[Any, ...]) -> bool:
    """Whether they are equal up to the order of convolutions side by side."""
    if letters == word:
        return True
    alike = list(map(type, letters)) == list(map(type, word)) and sum(isinstance(x, Conv) for x in word) > 1
    return alike and _grouped(letters) == _grouped(word)


def _grouped(letters: tuple[Any, ...]) -> list[Any]:
    """Letters with convolutions side by side in one order."""
    found: list[Any] = []
    for is_kernel, run in groupby(letters, key=lambda letter: isinstance(letter, Conv)):
        alike = list(run)
        found += sorted(alike, key=repr) if is_kernel else alike
    return found


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
            if _same(letters[i : i + len(word)], word):
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
    """A factor by what is given for it, k = a m, in all of a part of the line."""
    for symbol, value, condition in values(facts):
        if symbol in symbols_in(node) and (made := put_in(node, symbol, value)) is not None:
            yield made, condition


def put_in(node: Any, symbol: Any, value: Any) -> Any:
    """A node with a value for a symbol; None where no operator is written so, as ↑ by m + 1."""
    try:
        return substitute(node, {symbol: value})
    except FactorTypeError:
        return None


def values(facts: Facts) -> Iterator[tuple[Any, Any, str]]:
    """(symbol, what is given for it, the hypothesis)."""
    for fact in facts:
        for symbol, value in ((fact.a, fact.b), (fact.b, fact.a)) if isinstance(fact, Equal) else ():
            if is_sympy(symbol) and symbol.is_Symbol and not (is_sympy(value) and symbol in value.free_symbols):
                yield symbol, value, str(fact)
                break
