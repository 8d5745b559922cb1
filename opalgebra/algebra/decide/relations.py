"""Hypotheses about kernels that are equations between operators: orthonormal, paraunitary, Nyquist.

Kernels of symbolic taps: the entries of the equations are polynomials in the taps, and a statement is proved iff the
difference of its sides lies in the ideal that they generate (not its radical), decided by a Gröbner basis.  Formal
kernels: the equations are used as rewrite rules on words, every use being checked by the prover without hypotheses.
A refutation is shown at kernels for which the hypotheses were proved.  What neither way settles is undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from ...errors import OperandError, Undecided
from ...expr.contents import constants
from ...expr.operators import LinearOperator
from ...expr.sums import nameless
from ...expr.tree import all_factor_symbols
from ...scalar import to_sympy
from ..equations import Relation, relations_of, symbols_of_taps
from ..facts import Hypothesis
from ..judge.evaluate import Evaluator
from ..judge.replay import common_period
from .decision import Decision, answering, decide_plain, dimension, same_canonical
from .examples import Assignment, assignments, at, dimension_of
from .phases import follows
from .squares import squares
from .words import rewritten

MAX_GENERATORS = 60
MAX_TAPS, MAX_VARIABLES = 10, 16  # beyond which a Gröbner basis takes minutes


# -- deciding ---------------------------------------------------------------------------------------------


@answering
def decide_given(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]) -> Decision:
    """(verdict, reason, witness) of a statement without blocks; what is given may be equations between operators."""
    if relations := relations_of(facts):
        others = tuple(fact for fact in facts if fact not in relations)
        return _decide_under(nameless(lhs), nameless(rhs), relations, others)
    return decide_plain(lhs, rhs, facts)


def _decide_under(lhs: Any, rhs: Any, relations: Sequence[Relation], facts: tuple[Hypothesis, ...]) -> Decision:
    verdict, reason, _ = decide_plain(lhs, rhs, facts)
    if verdict == "proved":
        return verdict, reason, None
    how = _in_ideal(lhs, rhs, relations)  # which refuses hypotheses that contradict one another
    if how:
        return "proved", how, None
    ndim = dimension_of(relations, lhs, rhs)
    known = [*relations, *squares(relations)]
    how, _ = rewritten(lhs, rhs, known, lambda a, b: decide_plain(a, b, facts)[0] == "proved")
    if how and any(True for _ in assignments(relations, ndim)):
        return "proved", how, None
    open_question = "neither do the hypotheses give it as they were used, nor was a counterexample found"
    try:
        how = _in_phases(lhs, rhs, relations, ndim) or how  # which refuses contradictions too
    except Undecided as why:
        open_question = f"{open_question}; {why}"
    if how and any(True for _ in assignments(relations, ndim)):
        return "proved", how, None
    if how:
        return "undecided", "no kernels are known that satisfy all hypotheses, and of a contradiction all follows", None
    for found in assignments(relations, ndim):
        if any(isinstance(value, LinearOperator) for value in found.values()):
            continue  # whose entries are no part of a witness
        verdict, _, witness = decide_plain(at(lhs, found), at(rhs, found), facts)
        if verdict == "refuted" and witness is not None:
            return "refuted", "", _completed(witness, found)
    return "undecided", open_question, None


def _in_phases(lhs: Any, rhs: Any, relations: Sequence[Relation], ndim: int) -> str:
    """How the polyphase parts show it; "" where they do not."""
    formal = [relation for relation in relations if relation.is_formal]
    sides = [side for relation in formal for pair in relation.pairs for side in pair]
    if not formal or all_factor_symbols(lhs, rhs, *sides) or not follows(lhs, rhs, formal, ndim):
        return ""
    return f"the polyphase parts of both sides differ by multiples of those of: {', '.join(map(str, formal))}"


# -- ideals of taps ---------------------------------------------------------------------------------------


def _in_ideal(lhs: Any, rhs: Any, relations: Sequence[Relation]) -> str:
    """How the difference lies in the ideal of the hypotheses about symbolic taps; "" where it does not."""
    from ..numbers.ring import sympy_algebra

    finite = [relation for relation in relations if not relation.is_formal]
    taps = {s for relation in finite for kernel in relation.kernels for s in symbols_of_taps(kernel)}
    variables = len(taps) + sum(not s.is_real for s in taps)  # a complex tap comes with its conjugate
    if not finite or all_factor_symbols(lhs, rhs) or len(taps) > MAX_TAPS or variables > MAX_VARIABLES:
        return ""
    names = ", ".join(map(str, finite))
    with sympy_algebra(*taps):
        ring = _quotient(lhs, rhs, finite)
        return f"the difference of both sides lies in the ideal of: {names}" if same_canonical(lhs, rhs, ring) else ""


def _quotient(lhs: Any, rhs: Any, relations: Sequence[Relation]) -> Any:
    """Polynomials in the taps and their conjugates, modulo a Gröbner basis of the hypotheses."""
    import sympy

    from ..numbers.residues import RelationRing, numbers_in

    sides = [side for relation in relations for pair in relation.pairs for side in pair]
    values = [sympy.expand(to_sympy(v)) for v in constants(lhs, rhs, *sides)]
    if numbers_in(values):
        raise Undecided("hypotheses about symbolic taps beside numbers of algebraic() are not decided")
    equations = generators(relations)
    if len(equations) > MAX_GENERATORS:
        raise Undecided(f"budget: {len(equations)} equations between taps (limit {MAX_GENERATORS})")
    domain = _domain([*values, *equations])
    ordered = [domain.from_sympy(e) for e in equations]
    from sympy.polys.groebnertools import groebner

    basis = groebner([e for e in ordered if e], domain.ring)
    if any(e.is_ground for e in basis):
        raise OperandError(
            f"the hypotheses {', '.join(map(str, relations))} contradict one another; everything would follow"
        )
    return RelationRing(domain, basis)


def _domain(values: list[Any]) -> Any:
    import sympy

    from ..numbers.fields import numbers_of

    found = {v for value in values for v in value.atoms(sympy.Symbol, sympy.conjugate)}
    field = numbers_of([*values, sympy.Rational(1, 2)])
    if field.is_EX or not found:
        raise Undecided("the taps are no polynomials over a number field")
    return field.poly_ring(*sorted(found, key=str), order="grevlex")


def generators(relations: Sequence[Relation]) -> list[Any]:
    """The polynomials in the taps that the hypotheses set to 0, and their conjugates."""
    import sympy

    found: dict[Any, None] = {}
    for relation in relations:
        for left, right in relation.pairs:
            difference = left - right
            evaluator = Evaluator(dimension(difference))
            period = common_period(left, right, evaluator)
            for index in product(range(period), repeat=evaluator.ndim):
                for value in evaluator.act(difference, {index: 1}).values():
                    for equation in (to_sympy(value), sympy.conjugate(to_sympy(value))):
                        found[sympy.expand(equation)] = None
    return list(found)


def _completed(witness: Any, found: Assignment) -> Any:
    """The witness with the kernels and taps that it was found for."""
    kernels = {name: signal for name, signal in found.items() if isinstance(name, str)}
    taps = {str(symbol): value for symbol, value in found.items() if not isinstance(symbol, str)}
    names = {name: Evaluator(signal.ndim).signal(signal) for name, signal in kernels.items()}
    return replace(
        witness,
        kernels={**witness.kernels, **kernels},
        factors={**witness.factors, **taps},
        _names={**witness._names, **names},
    )
