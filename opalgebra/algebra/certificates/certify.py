"""Replaying a proof with the plain evaluator.

An expression commutes with translations up to their rates: moving the input by a common period moves every
word's output by a whole step.  So two expressions that agree on an impulse in every residue class, near the
origin and far out (where words of different rates no longer overlap), are equal.  Formal kernels stand for
random integer taps there (Schwartz–Zippel: a difference would show with overwhelming probability).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice, pairwise, product
from math import prod
from random import Random
from typing import Any, TypeAlias

from ...expr import Conv, Identity, Signal, all_factor_symbols, constants, expand, formal_names, walk, with_frequencies
from ...expr.operators import FormalOperator, LinearOperator, Power
from ...scalar import exact, is_sympy
from ..budget import room
from ..decide.decision import dimension
from ..decide.examples import assignments, at, dimension_of
from ..decide.hypotheses import models
from ..decide.proof import Proof
from ..equations import Equation, as_relations, solved_for_kernels
from ..facts import AboutFactors, symbols_of
from ..judge.evaluate import Evaluator, Expression, Index, Sparse
from ..judge.replay import FAR, answers_at, common_period, evaluator_at, holds_at, judged, same_answers, values_fit
from ..judge.witness import Names, conjugates, indices, is_signal, to_signal

Values: TypeAlias = Mapping[Any, Any]  # kernels by name, numbers by symbol
Solved: TypeAlias = tuple[
    Any, str, Any
]  # a hypothesis, the name of its kernel and the form that all have for which it holds
PRIME = 2**61 - 1  # random taps are drawn below it
IMPULSES = 240  # tried per line
SYMPY = 30  # times as much work as Python's numbers are SymPy's
CASES = 12  # choices of values for symbols, per line
WORK = 20_000  # nodes and taps, times impulses, per line and range


def check(proof: Proof) -> bool:
    """Replay a proof or a refutation; an undecided statement has nothing to replay and gives False."""
    if proof.verdict == "refuted":
        with room(proof.lhs, proof.rhs, grids=False):
            return proof.witness is not None and holds_at(proof.lhs, proof.rhs, proof.given, proof.witness)
    if proof.verdict != "proved":
        return False
    solved, left = solved_for_kernels(proof.given)
    if as_relations(left) or any(isinstance(fact, Equation) for fact, _ in solved):
        return _under(proof, [general for _, general in solved], as_relations(left))
    lines = [step.expression for step in proof.steps]
    if lines[0] != proof.lhs or lines[-1] != proof.rhs:
        return False
    return all(_line_holds(a, b, proof.given) for a, b in pairwise(lines))


def _under(proof: Proof, solved: list[dict[str, Any]], left: list[Any]) -> bool:
    """Replay where kernels satisfy equations: at kernels that do, each equation being evaluated as well.

    Of the equations some were solved for kernels, and some are left.
    """
    relations = as_relations(proof.given)
    rest = tuple(fact for fact in proof.given if isinstance(fact, AboutFactors))
    pairs = [(proof.lhs, proof.rhs), *(pair for relation in relations for pair in relation.pairs)]
    ndim = dimension_of(relations, proof.lhs, proof.rhs)
    if any(all_factor_symbols(*general.values()) for general in solved):
        solved, left = [], relations
    examples = [_with_solved(found, solved, pairs, ndim) for found in islice(assignments(left, ndim), 4)]
    return bool(examples) and all(_line_holds_for(a, b, rest, found) for found in examples for a, b in pairs)


def _with_solved(found: Values, solved: list[dict[str, Any]], pairs: list[Any], ndim: int) -> Values:
    """Kernels with those that follow from them, and from random taps of all others."""
    if not solved:
        return found
    names: Names = {}
    for a, b in [*pairs, *((Conv(signal), Identity()) for general in solved for signal in general.values())]:
        names |= _random_names(a, b, ndim, Random(20261122))
    names |= {name: Evaluator(ndim).signal(value) for name, value in found.items() if isinstance(value, Signal)}
    for general in reversed(solved):
        names |= {name: Evaluator(ndim, names).signal(signal) for name, signal in general.items()}
    return {**{name: to_signal(taps, ndim) for name, taps in names.items() if is_signal(taps, ndim)}, **{
        name: value for name, value in found.items() if not isinstance(value, Signal)
    }}  # fmt: skip


def _line_holds_for(lhs: Expression, rhs: Expression, given: tuple[Any, ...], found: Mapping[Any, Any]) -> bool:
    operators = {name: value for name, value in found.items() if isinstance(value, LinearOperator)}
    fixed = {name: value for name, value in found.items() if name not in operators}
    return _line_holds(at(lhs, operators), at(rhs, operators), given, fixed)


def _line_holds(lhs: Expression, rhs: Expression, given: tuple[Any, ...], fixed: Mapping[Any, Any] = {}) -> bool:
    """Whether both sides agree at small values of the symbols for which the hypotheses hold.

    Kernels by name, and values of taps, may be ``fixed``.
    """
    solved = _solved_in(lhs, rhs, given)
    said = [general for _, _, general in solved]  # their symbols and axes count too
    symbols = sorted({*all_factor_symbols(lhs, rhs, *said), *symbols_of(given)}, key=lambda s: str(s.name))
    small = (0, 1, -2, 3, 2, 5, -1, -3, 4, -4, 6)
    choices = [[v for v in small if values_fit({s: v})][:4] for s in symbols]
    cases = chain((dict(zip(symbols, values, strict=True)) for values in product(*choices)), models(given, symbols))
    about = [fact for fact in given if isinstance(fact, AboutFactors)]
    chosen = list(
        islice((case for case in cases if all(judged(fact, Evaluator(1, {}, case)) for fact in about)), CASES)
    )
    return bool(chosen) and all(_agree(lhs, rhs, solved, case, len(chosen), fixed) for case in chosen)


def _agree(lhs: Expression, rhs: Expression, solved: list[Solved], values: Values, cases: int, fixed: Values) -> bool:
    ndim = dimension(lhs, rhs, *(general for _, _, general in solved))
    rng = Random(20261122)
    names = _random_names(lhs, rhs, ndim, rng)
    names |= {name: Evaluator(ndim).signal(kernel) for name, kernel in fixed.items() if isinstance(name, str)}
    evaluator = Evaluator(ndim, names, {**values, **{s: v for s, v in fixed.items() if not isinstance(s, str)}})
    for _, name, general in solved:
        names[name] = evaluator.signal(general)
    held = all(judged(fact, evaluator) for fact, _, _ in solved)
    return held and same_answers(lhs, rhs, _inputs(lhs, rhs, evaluator, rng, cases), evaluator)


def _solved_in(lhs: Expression, rhs: Expression, given: tuple[Any, ...]) -> list[Solved]:
    """The hypotheses that are solved for a kernel of a line."""
    names = formal_names(lhs, rhs)
    return [(fact, *found) for fact in given if (found := fact.solution()) is not None and found[0] in names]


def _inputs(lhs: Expression, rhs: Expression, evaluator: Evaluator, rng: Random, cases: int = 1) -> list[Index | None]:
    """Impulses in every residue class, near and far; a sample where there are very many or each is much work.

    Of several cases, which are values of symbols, each has its share.
    """
    if not isinstance(lhs, LinearOperator):
        return [None]
    ndim, period = evaluator.ndim, common_period(lhs, rhs, evaluator)
    work = sum(1 if not isinstance(node, Signal) else node.values.size for e in (lhs, rhs) for node in walk(expand(e)))
    work *= prod(node.exponent for e in (lhs, rhs) for node in walk(e) if isinstance(node, Power) and node.exponent)
    work *= SYMPY if _has_slow_numbers(lhs, rhs) else 1
    limit = max(2 if work > WORK else 4, min(IMPULSES // 2, WORK // work) // cases)
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
    complex_taps, slow = conjugates(lhs, rhs), _has_slow_numbers(lhs, rhs)
    for name, node in formal_names(lhs, rhs).items():
        if isinstance(node, FormalOperator):
            box = list(product(range(-1, 2), repeat=2 * ndim))
        else:
            box = list(product(range(-4, 5) if ndim == 1 and not slow else range(-1, 2), repeat=ndim))
        names[name] = {at: _random_number(rng, complex_taps and not getattr(node, "real", False)) for at in box}
    return names


def _has_slow_numbers(lhs: Expression, rhs: Expression) -> bool:
    """Whether there are numbers that only SymPy computes with."""
    return any(is_sympy(exact(scalar)) for scalar in constants(lhs, rhs)) or any(map(with_frequencies, (lhs, rhs)))


def _random_number(rng: Random, complex_taps: bool) -> Any:
    number = rng.randrange(1, PRIME)
    if not complex_taps:
        return number
    import sympy

    return number + sympy.I * rng.randrange(1, PRIME)


def samples_of(proof: Proof) -> tuple[Sparse, Sparse] | None:
    """The samples of both sides of a refuted statement at its witness; None where there is none."""
    if proof.witness is None:
        return None
    evaluator = evaluator_at(proof.lhs, proof.rhs, proof.given, proof.witness)
    return answers_at(proof.lhs, proof.rhs, evaluator, proof.witness)
