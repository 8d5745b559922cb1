"""Replaying a refutation: its witness is put to the statement and the hypotheses as they were given.

Nothing of the prover takes part: symbols are looked up by the plain evaluator where they stand, what is assumed of them
and every hypothesis is judged here by its definition, and both sides are evaluated anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product, zip_longest
from math import gcd, lcm, prod
from typing import Any

from ...expr import Block, Down, Modulate, SamplingMatrix, Up, axes, constants, expand, formal_names, walk
from ...expr.node import common_ndim
from ...expr.operators import PLAIN, LinearOperator, Power, Sum, common_channels
from ...expr.signals import FormalSignal, SignalExpr
from ...scalar import is_sympy, to_sympy
from ..equations import Equation, Symmetric, sides_of
from ..facts import (
    AboutFactors,
    AtMost,
    Coprime,
    Divides,
    Equal,
    Hypothesis,
    Less,
    NotDivides,
    Unequal,
    symbols_of,
)
from .evaluate import Evaluator, Expression, Index, Sparse, differs
from .witness import Names, Witness, answers, output, outputs

FAR = 10_007  # periods out, past the reach of small kernels
EXTENSIONS = 600  # choices of values for symbols of hypotheses alone
IMPULSES = 4096  # in which an equation between kernels is looked at


def holds_at(lhs: Expression, rhs: Expression, given: Sequence[Hypothesis], witness: Witness) -> bool:
    """Whether both sides certainly differ as the witness says, and the hypotheses hold there: it refutes."""
    evaluator = evaluator_at(lhs, rhs, given, witness)
    if given and (symbols_of(given) & (symbols_in_tree(lhs) | symbols_in_tree(rhs))) - evaluator.values.keys():
        return False  # where a hypothesis holds, a symbol that stands in both has a value
    if not (values_fit(evaluator.values) and taps_fit(lhs, rhs, evaluator.names)):
        return False
    if not _all_judged(given, evaluator):
        return False
    left, right = answers_at(lhs, rhs, evaluator, witness)
    index = witness.index if isinstance(witness.index, tuple) else (witness.index,)
    a, b = left.get(index, 0), right.get(index, 0)
    return differs(a, b) and not differs(a, witness.lhs) and not differs(b, witness.rhs)


def evaluator_at(lhs: Expression, rhs: Expression, given: Sequence[Hypothesis], witness: Witness) -> Evaluator:
    """The evaluator with the kernels and values of a witness; names that it does not speak of are zero."""
    roots = [lhs, rhs, *(side for fact in given for side in sides_of(fact))]
    known = bool(witness.factors)  # most statements have no symbols to look for
    symbols = {s for root in roots for s in symbols_in_tree(root)} | symbols_of(given) if known else set()
    values = {s: witness.factors[s.name] for s in symbols if s.name in witness.factors}
    names: Names = {**{name: {} for name in formal_names(*roots)}, **witness._names}
    return Evaluator(common_ndim(lhs, rhs) or 1, names, values)


def answers_at(lhs: Expression, rhs: Expression, evaluator: Evaluator, witness: Witness) -> tuple[Sparse, Sparse]:
    at = None if witness.input is None else witness.input.starts
    return answers(lhs, rhs, at, evaluator, witness.channels)


def symbols_in_tree(root: Any) -> set[Any]:
    """Every SymPy symbol in factors, shifts, frequencies, scalars and taps, bound ones included."""
    values = [part for node in walk(root) for part in node.parts()]
    found = {s for entry in _leaves(values) for s in entry.free_symbols}
    return found | {s for scalar in constants(root) if is_sympy(scalar) for s in scalar.free_symbols}


def _leaves(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _leaves(value)
        elif is_sympy(value):
            yield value


# -- what the values must be ------------------------------------------------------------------------------


def values_fit(values: Mapping[Any, Any]) -> bool:
    """Whether every number is what SymPy was told of its symbol: positive, even, prime, real, …"""
    return all(
        getattr(to_sympy(value), f"is_{what}") is truth
        for symbol, value in values.items()
        for what, truth in symbol.assumptions0.items()
    )


def taps_fit(lhs: Any, rhs: Any, names: Mapping[str, Sparse]) -> bool:
    """Whether the taps of real kernels are real."""
    real = [name for name, node in formal_names(lhs, rhs).items() if isinstance(node, FormalSignal) and node.real]
    return all(to_sympy(tap).is_real for name in real for tap in names[name].values())


def judged(fact: Hypothesis, evaluator: Evaluator) -> bool:
    """Whether a hypothesis holds for these kernels and values, by its definition."""
    if isinstance(fact, AboutFactors):
        a, b = (evaluator.integer(side) for side in (fact.a, fact.b))
        return _integers_judged(fact, a, b)
    if isinstance(fact, Symmetric):
        taps, twice = evaluator.signal(fact.signal), [evaluator.integer(s) for s in axes(fact.twice)]
        twice *= evaluator.ndim if len(twice) == 1 else 1
        across = {n: tuple(c - i for c, i in zip(twice, n, strict=True)) for n in taps}
        return not any(differs(fact.sign * v, taps.get(across[n], 0)) for n, v in taps.items())
    if isinstance(fact, Equation):  # as it was said, not as it is used
        return _agree(fact.left, fact.right, evaluator)
    pairs = getattr(fact, "pairs", None)
    return pairs is not None and all(_agree(a, b, evaluator) for a, b in pairs)


def _integers_judged(fact: AboutFactors, a: int, b: int) -> bool:
    match fact:
        case Coprime():
            return gcd(a, b) == 1
        case Divides() | NotDivides():
            return (b % a == 0 if a else b == 0) == isinstance(fact, Divides)
        case Equal() | Unequal():
            return (a == b) == isinstance(fact, Equal)
        case Less() | AtMost():
            return a < b or (a == b and isinstance(fact, AtMost))
    return False


def _all_judged(given: Sequence[Hypothesis], evaluator: Evaluator) -> bool:
    """Whether all hypotheses hold, for some small values of the symbols in them that the witness does not speak of."""
    others = sorted(symbols_of(given) - evaluator.values.keys(), key=str)
    for chosen in islice(product((1, 2, 3, 5, 0, -1, 4, 6), repeat=len(others)), EXTENSIONS):
        values = dict(zip(others, chosen, strict=True))
        at = Evaluator(evaluator.ndim, evaluator.names, {**evaluator.values, **values})
        if values_fit(values) and all(judged(fact, at) for fact in given):
            return True
    return False


def _agree(lhs: Expression, rhs: Expression, evaluator: Evaluator) -> bool:
    """Whether both operators answer the same to an impulse in every residue class, near and far; False for too many."""
    inside = Evaluator(common_ndim(lhs, rhs) or evaluator.ndim, evaluator.names, evaluator.values)
    if isinstance(lhs, SignalExpr):
        return same_answers(lhs, rhs, [None], inside)
    rate = common_period(lhs, rhs, inside)
    if rate**inside.ndim > IMPULSES:
        return False
    near = list(product(range(rate), repeat=inside.ndim))
    return same_answers(lhs, rhs, [*near, *(tuple(i + FAR * rate for i in n) for n in near)], inside)


# -- comparing by impulses --------------------------------------------------------------------------------


def same_answers(lhs: Any, rhs: Any, inputs: Sequence[Index | None], evaluator: Evaluator) -> bool:
    """Whether no difference is certain at any of the inputs (None for signals); of blocks, in any channel."""
    return all(
        not differs(left.get(n, 0), right.get(n, 0))
        for at in inputs
        for left, right in _pairs(lhs, rhs, at, evaluator)
        for n in left.keys() | right.keys()
    )


def _pairs(lhs: Any, rhs: Any, at: Index | None, evaluator: Evaluator) -> Iterator[tuple[Sparse, Sparse]]:
    channels = common_channels(lhs, rhs) if at is not None else None
    if at is None or channels in (None, PLAIN):
        yield output(lhs, at, evaluator), output(rhs, at, evaluator)
        return
    _, inputs = channels
    for into in range(inputs):
        yield from zip_longest(*(outputs(side, at, into, inputs, evaluator) for side in (lhs, rhs)), fillvalue={})


def common_period(lhs: Expression, rhs: Expression, evaluator: Evaluator) -> int:
    """A period of the input after which both repeat themselves, shifted."""
    return lcm(*(_period(expand(side), evaluator) for side in (lhs, rhs)))


def _period(expression: LinearOperator | SignalExpr, evaluator: Evaluator) -> int:
    """Products along words, lcm over sums."""
    periods: dict[int, int] = {}
    for node in reversed(list(walk(expression))):  # children before parents
        inner = [periods[id(child)] for child in node.children()]
        if isinstance(node, Up | Down):
            factor = node.factor
            inner += [factor.exponent] if isinstance(factor, SamplingMatrix) else map(evaluator.integer, axes(factor))
        elif isinstance(node, Modulate):
            inner += node.sequence.values.shape
        elif isinstance(node, Power):
            inner *= min(node.exponent, 64)
        periods[id(node)] = lcm(*inner) if isinstance(node, Sum | Block) else prod(inner)
    return periods[id(expression)]
