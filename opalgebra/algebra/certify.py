"""Replaying a proof with the plain evaluator.

An expression commutes with translations up to their rates: moving the input by a common period moves every
word's output by a whole step.  So two expressions that agree on an impulse in every residue class, near the
origin and far out (where words of different rates no longer overlap), are equal.  Formal kernels stand for
random integer taps there (Schwartz–Zippel: a difference would show with overwhelming probability).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise, product, zip_longest
from math import lcm, prod
from random import Random
from typing import TYPE_CHECKING, Any

from ..expr.blocks import Block
from ..expr.multirate import Down, Modulate, Up
from ..expr.operators import PLAIN, FormalOperator, LinearOperator, Power, Sum, common_channels
from ..expr.signals import Signal
from ..expr.traverse import all_factor_symbols, expand, formal_names, substitute, walk
from .evaluate import Evaluator, Index, Sparse, differs
from .facts import EvenSymmetric, allowed, holds, symbols_of
from .prove import Expression, dimension, relations_of, replay
from .witness import Names, conjugates, indices, output, outputs, periods_of

if TYPE_CHECKING:
    from .prove import Proof

PRIME = 2**61 - 1  # random taps are drawn below it
IMPULSES = 240  # tried per line
WORK = 20_000  # nodes and taps, times impulses, per line and range
FAR = 10_007  # periods out, past the reach of small kernels


def check(proof: Proof) -> bool:
    """Replay a proof or a refutation; an undecided statement has nothing to replay and gives False."""
    if relations := relations_of(proof.given):
        return _under(proof, relations)
    if proof.verdict == "refuted":
        return proof.witness is not None and replay(proof.lhs, proof.rhs, proof.witness, proof.given)
    if proof.verdict != "proved":
        return False
    lines = [step.expression for step in proof.steps]
    if lines[0] != proof.lhs or lines[-1] != proof.rhs:
        return False
    return all(_line_holds(a, b, proof.given) for a, b in pairwise(lines))


def _under(proof: Proof, relations: list[Any]) -> bool:
    """Replay where kernels satisfy equations: at kernels that do, each equation being evaluated as well."""
    from .relations import assigned, assignments, at

    rest = tuple(fact for fact in proof.given if fact not in relations)
    equations = [pair for relation in relations for pair in relation.pairs]
    if proof.verdict == "refuted" and proof.witness is not None:
        kernels = {**proof.witness.kernels}
        fixed = [(assigned(a, relations, proof.witness.factors), assigned(b, relations, proof.witness.factors))
                 for a, b in [(proof.lhs, proof.rhs), *equations]]  # fmt: skip
        held = all(_agree(at(a, kernels), at(b, kernels), rest) for a, b in fixed[1:])
        return held and replay(*fixed[0], proof.witness, rest)
    examples = list(islice(assignments(relations), 4))
    return (
        bool(examples)
        and proof.verdict == "proved"
        and all(
            _agree(at(a, found), at(b, found), rest)
            for found in examples
            for a, b in [(proof.lhs, proof.rhs), *equations]
        )
    )


def _line_holds(lhs: Expression, rhs: Expression, given: tuple[Any, ...]) -> bool:
    symbols = sorted({*all_factor_symbols(lhs, rhs), *symbols_of(given)}, key=lambda s: str(s.name))
    small = (0, 1, -2, 3, 2, 5, -1, -3, 4, -4, 6)
    choices = [[v for v in small if allowed(s, v)][:4] for s in symbols]
    cases = [dict(zip(symbols, values, strict=True)) for values in product(*choices)]
    chosen = [case for case in cases if all(holds(fact, case) for fact in given)]
    return all(_agree(substitute(lhs, at), substitute(rhs, at), given) if at else _agree(lhs, rhs, given)
               for at in chosen[:12])  # fmt: skip


def _agree(lhs: Expression, rhs: Expression, given: tuple[Any, ...]) -> bool:
    ndim = dimension(lhs, rhs)
    rng = Random(20261122)
    names = _random_names(lhs, rhs, ndim, rng)
    even = {fact.signal.name for fact in given if isinstance(fact, EvenSymmetric)}
    for name in even & names.keys():
        names[name] = {n: names[name].get(tuple(map(abs, n)), 0) for n in names[name]}
    evaluator = Evaluator(ndim, names)
    return all(
        not differs(left.get(n, 0), right.get(n, 0))
        for at in _inputs(lhs, rhs, ndim, rng)
        for left, right in _answers(lhs, rhs, at, evaluator)
        for n in left.keys() | right.keys()
    )


def _answers(lhs: Any, rhs: Any, at: Index | None, evaluator: Evaluator) -> Iterator[tuple[Sparse, Sparse]]:
    """What both sides answer to an impulse; of blocks, in every output for every input."""
    channels = common_channels(lhs, rhs) if at is not None else None
    if at is None or channels in (None, PLAIN):
        yield output(lhs, at, evaluator), output(rhs, at, evaluator)
        return
    _, inputs = channels
    for into in range(inputs):
        yield from zip_longest(*(outputs(side, at, into, inputs, evaluator) for side in (lhs, rhs)), fillvalue={})


def _period(expression: Expression) -> int:
    """A period of the input after which every word repeats itself, shifted: products along words, lcm over sums."""
    periods: dict[int, int] = {}
    for node in reversed(list(walk(expression))):  # children before parents
        inner = [periods[id(child)] for child in node.children()]
        if isinstance(node, Up | Down):
            inner += periods_of(node.factor)
        elif isinstance(node, Modulate):
            inner += node.sequence.values.shape
        elif isinstance(node, Power):
            inner *= min(node.exponent, 64)
        periods[id(node)] = lcm(*inner) if isinstance(node, Sum | Block) else prod(inner)
    return periods[id(expression)]


def _inputs(lhs: Expression, rhs: Expression, ndim: int, rng: Random) -> list[Index | None]:
    """Impulses in every residue class, near and far; a sample where there are very many or each is much work."""
    if not isinstance(lhs, LinearOperator):
        return [None]
    lhs, rhs = expand(lhs), expand(rhs)
    period = lcm(_period(lhs), _period(rhs))
    work = sum(1 if not isinstance(node, Signal) else node.values.size for e in (lhs, rhs) for node in walk(e))
    limit = max(4, min(IMPULSES // 2, WORK // work))
    if period**ndim <= limit:
        near = list(product(range(period), repeat=ndim))
    else:
        near = [tuple(rng.randrange(period) for _ in range(ndim)) for _ in range(limit)]
    far = [tuple(n + FAR * period * rng.choice((1, -1)) for n in at) for at in near]
    first = [at for at, _ in zip(indices(ndim), range(min(9, limit)), strict=False)]
    return [*first, *near, *far]


def _random_names(lhs: Expression, rhs: Expression, ndim: int, rng: Random) -> Names:
    """Random integer taps around the origin for every formal name."""
    names: Names = {}
    complex_taps = conjugates(lhs, rhs)
    for name, node in formal_names(lhs, rhs).items():
        if isinstance(node, FormalOperator):
            box = list(product(range(-1, 2), repeat=2 * ndim))
        else:
            box = list(product(range(-4, 5) if ndim == 1 else range(-1, 2), repeat=ndim))
        names[name] = {at: _random_number(rng, complex_taps and not getattr(node, "real", False)) for at in box}
    return names


def _random_number(rng: Random, complex_taps: bool) -> Any:
    number = rng.randrange(1, PRIME)
    if not complex_taps:
        return number
    import sympy

    return number + sympy.I * rng.randrange(1, PRIME)
