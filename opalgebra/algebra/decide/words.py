"""Equations between operators as rewrite rules on words.

A side is multiplied out into words; a part of a word that is the left side of an equation is replaced by its right
side, until none applies.  Of an equation whose left side is a sum the last term is what is replaced.  Every use is
checked by the decision without hypotheses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from ...errors import Undecided
from ...expr import FormalSignal, Signal, SignalExpr, symbols_in, walk
from ...expr.multirate import Conv
from ...expr.named import Named
from ...expr.operators import (
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Power,
    Scale,
    Sum,
    Transpose,
    Zero,
    add,
    compose,
)
from ...expr.signals import Applied, SignalSum, add_signals
from ...expr.sums import IndexedSignalSum, IndexedSum
from ...scalar import conjugate, exact, is_sympy, to_sympy

Equal: TypeAlias = Callable[[Any, Any], bool]
Word: TypeAlias = tuple[LinearOperator, ...]

WORDS = 64  # of a side that is multiplied out
STEPS = 64  # uses of equations in one side
POWERS = 8  # the largest power that is multiplied out


class TooManyWords(Undecided):
    """A side that is not multiplied out."""


@dataclass(frozen=True)
class Use:
    """weight · left (A − B) right for an equation A = B of a relation."""

    relation: Any
    equation: int
    weight: Any
    left: LinearOperator
    right: LinearOperator


@dataclass(frozen=True)
class Rule:
    """A word and what it is, by an equation of a relation; ``kernels`` counts those of the relation in the word."""

    relation: Any
    equation: int
    word: LinearOperator
    value: LinearOperator
    kernels: Counter[Any]
    turned: bool = False  # whether it is the equation transposed or conjugated


def rewritten(lhs: Any, rhs: Any, relations: Sequence[Any], equal: Equal) -> tuple[str, list[Use] | None]:
    """How equations make both sides equal, and rhs = lhs + Σ of the uses; "" where they do not.

    ``equal`` decides without them.  In place of uses there is None where some are not of this form, such as in signals
    and under sums over an index.
    """
    how, uses = _by_difference(lhs, rhs, relations, equal)
    if how:
        return how, uses
    rules = [rule for relation in relations for rule in _rules_of(relation)]
    found: tuple[list[Use | None], list[Use | None]] = ([], [])
    try:
        left, right = (_Rewriter(rules, equal, uses).side(side) for side, uses in zip((lhs, rhs), found, strict=True))
    except TooManyWords:
        return "", []
    if not any(found) or not equal(left, right):
        return "", []
    how = f"by the rules {', '.join(map(str, relations))}"
    # lhs = left + Σ of the first, rhs = right + Σ of the second
    turned = [use and Use(use.relation, use.equation, _times(-1, use.weight), use.left, use.right) for use in found[0]]
    known = [use for use in (*turned, *found[1]) if use is not None]
    return how, known if len(known) == len(found[0]) + len(found[1]) else None


def _by_difference(lhs: Any, rhs: Any, relations: Sequence[Any], equal: Equal) -> tuple[str, list[Use] | None]:
    """Whether the difference of both sides is that of an equation, or a multiple of it; signals as convolutions."""
    signals = isinstance(lhs, SignalExpr)
    left, right = (Conv(side) if signals else side for side in (lhs, rhs))
    for relation in relations:
        pairs = [*relation.pairs, *relation.consequences]
        rates = {1: None, relation.rate: None}
        for n, (a, b) in enumerate(pairs):
            for weight in (w for rate in rates for w in (-1 * rate, rate, *_inverse(rate))):
                if equal(left + Scale(weight, a), right + Scale(weight, b)):  # rhs = lhs + weight (a − b)
                    how = f"the difference of both sides is that of the hypothesis {relation}"
                    stated = not (signals or relation.is_deduced) and n < len(relation.pairs)
                    return how, [Use(relation, n, weight, Identity(), Identity())] if stated else None
    return "", []


def _inverse(rate: Any) -> tuple[Any, ...]:
    if rate == 1:
        return ()
    inverse = 1 / rate if is_sympy(rate) else Fraction(1, rate)
    return -inverse, inverse


def _rules_of(relation: Any) -> list[Rule]:
    """Every equation, and what it says of transposes and conjugates."""
    rules = []
    for n, (a, b) in enumerate(relation.pairs):
        word, value = a, b
        if isinstance(a, Sum):
            word = a.terms[-1]
            value = b - add(a.terms[:-1])
        kernels = _kernels_in((word,), relation)
        rules.append(Rule(relation, n, word, value, kernels))
        if not relation.is_turned:
            turned = ((word.T, value.T), (word.conj(), value.conj()), (word.H, value.H))
            rules += [Rule(relation, n, left, right, kernels, turned=True) for left, right in turned]
    return sorted(rules, key=lambda rule: rule.turned)


def _kernels_in(word: Word, relation: Any) -> Counter[Any]:
    """How often the kernels of a relation occur in a word."""
    known = {_key(kernel) for kernel in relation.kernels}
    keys = (_key(n) for letter in word for n in walk(letter) if isinstance(n, FormalSignal | FormalOperator | Signal))
    return Counter(key for key in keys if key in known)


def _key(kernel: Any) -> Any:
    return kernel if isinstance(kernel, Signal) else kernel.name


@dataclass
class _Rewriter:
    """Rewrites one side; keeps every use, or None for one that is not of the form of a use."""

    rules: list[Rule]
    equal: Equal
    uses: list[Use | None]

    def side(self, side: Any) -> Any:
        """A side with equations used wherever they apply."""
        match side:
            case LinearOperator():
                return self._operator(side)
            case SignalSum():
                return add_signals(tuple(map(self.side, side.terms)))
            case IndexedSignalSum():
                return self._inside(side, self.side)
            case Applied():
                operator, signal = side.operator, side.signal
                while isinstance(signal, Applied):
                    operator, signal = operator @ signal.operator, signal.signal
                inner = _Rewriter(self.rules, self.equal, [])
                made = inner._operator(operator)
                self.uses += [None] * len(inner.uses)
                return made @ self.side(signal) if inner.uses else side
        return side

    def _operator(self, operator: LinearOperator) -> LinearOperator:
        queue, done = words(operator), list[LinearOperator]()
        for _ in range(STEPS * WORDS):
            if not queue:
                break
            weight, word = queue.pop()
            more = self._shorter(weight, word) if len(self.uses) < STEPS else None
            if more is None:
                done.append(Scale(weight, compose(tuple(map(self._sum, word)))))
            elif len(queue) + len(more) > WORDS:
                raise TooManyWords
            else:
                queue += more
        return add(tuple(done))

    def _sum(self, letter: LinearOperator) -> LinearOperator:
        return self._inside(letter, self._operator) if isinstance(letter, IndexedSum) else letter

    def _inside(self, node: Any, way: Callable[[Any], Any]) -> Any:
        """A sum over an index whose body is rewritten."""
        before = len(self.uses)
        body = way(node.body)
        if len(self.uses) == before:
            return node
        self.uses[before:] = [None] * (len(self.uses) - before)
        return type(node)(body, node.index, node.stop)

    def _shorter(self, weight: Any, word: Word) -> list[tuple[Any, Word]] | None:
        """The words that one use of an equation makes of a word; None where none applies."""
        size = len(word)
        for length in range(size, 0, -1):
            for i in range(size - length + 1):
                part = word[i : i + length]
                for rule in self.rules:
                    kernels = _kernels_in(part, rule.relation)
                    if kernels and kernels == rule.kernels and self.equal(compose(part), rule.word):
                        before, after = word[:i], word[i + length :]
                        use = Use(rule.relation, rule.equation, weight, compose(before), compose(after))
                        self.uses.append(None if rule.turned or rule.relation.is_deduced else use)
                        made = words(compose((*before, rule.value, *after)))
                        return [(_times(weight, w), other) for w, other in made]
        return None


# -- words ------------------------------------------------------------------------------------------------


def words(operator: LinearOperator, transpose: bool = False, conj: bool = False) -> list[tuple[Any, Word]]:
    """The operator, its transpose, conjugate or adjoint as Σ weight · word, multiplied out.

    >>> import opalgebra as oa
    >>> [(w, *map(str, word)) for w, word in words((oa.Up(2) - oa.Identity()) @ oa.Shift(1))]
    [(1, '↑₂', 'S'), (-1, 'S')]
    """
    match operator:
        case Transpose():
            return words(operator.operator, not transpose, conj)
        case Adjoint():
            return words(operator.operator, not transpose, not conj)
        case Conj():
            return words(operator.operator, transpose, not conj)
        case Identity():
            return [(1, ())]
        case Zero():
            return []
        case Scale():
            scalar = conjugate(operator.scalar) if conj else operator.scalar
            return [(_times(scalar, w), word) for w, word in words(operator.operator, transpose, conj)]
        case Sum():
            return _few([found for term in operator.terms for found in words(term, transpose, conj)])
        case Compose():
            factors = operator.factors[::-1] if transpose else operator.factors
            return _product([words(factor, transpose, conj) for factor in factors])
        case Power() if operator.exponent <= POWERS:
            return _product([words(operator.operator, transpose, conj)] * operator.exponent)
        case IndexedSum():
            return [(1, (IndexedSum(_wrapped(operator.body, transpose, conj), operator.index, operator.stop),))]
        case Named():
            return words(operator.definition(), transpose, conj)
    return [(1, (_wrapped(operator, transpose, conj),))]


def _wrapped(operator: LinearOperator, transpose: bool, conj: bool) -> LinearOperator:
    if transpose:
        return Adjoint(operator) if conj else Transpose(operator)
    return Conj(operator) if conj else operator


def _product(factors: list[list[tuple[Any, Word]]]) -> list[tuple[Any, Word]]:
    made: list[tuple[Any, Word]] = [(1, ())]
    for factor in factors:
        made = _few([(_times(a, b), _joined(left, right)) for a, left in made for b, right in factor])
    return made


def _joined(left: Word, right: Word) -> Word:
    """Two words as one; what stands beside a sum over an index goes into it."""
    match left, right:
        case (IndexedSum() as one,), _ if right and one.index not in symbols_in(compose(right)):
            return (IndexedSum(compose((one.body, *right)), one.index, one.stop),)
        case _, (IndexedSum() as one,) if left and one.index not in symbols_in(compose(left)):
            return (IndexedSum(compose((*left, one.body)), one.index, one.stop),)
    return (*left, *right)


def _few(listed: list[tuple[Any, Word]]) -> list[tuple[Any, Word]]:
    if len(listed) > WORDS:
        raise TooManyWords
    return listed


def _times(a: Any, b: Any) -> Any:
    return exact(to_sympy(a) * to_sympy(b)) if is_sympy(a) or is_sympy(b) else a * b
