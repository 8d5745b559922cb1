"""Hypotheses about kernels that are equations between operators: orthonormal, paraunitary, Nyquist.

Kernels of symbolic taps: the entries of the equations are polynomials in the taps, and a statement is proved iff the
difference of its sides lies in the ideal that they generate (not its radical), decided by a Gröbner basis.  Formal
kernels: the equations are used as rewrite rules on words, every use being checked by the prover without hypotheses.
A refutation is shown at kernels for which the hypotheses were proved.  What neither way settles is undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, product
from typing import Any, TypeAlias

from ...errors import OperandError, Undecided
from ...expr import Down, FormalSignal, Signal, SignalExpr, axes, exact_array
from ...expr.contents import constants
from ...expr.operators import Adjoint, Compose, Identity, LinearOperator, Scale, Sum, Transpose, compose
from ...expr.sums import nameless
from ...expr.tree import all_factor_symbols, expand, transform, walk
from ...scalar import to_sympy
from ..equations import Pair, Relation, relations_of, symbols_of_taps
from ..facts import Hypothesis, allowed
from ..judge.evaluate import Evaluator
from .decision import Decision, answering, decide_plain, dimension, same_canonical

Equal: TypeAlias = Callable[[Any, Any], bool]
Assignment: TypeAlias = dict[Any, Any]  # a Signal by formal name, a number by symbol

MAX_GENERATORS = 60
MAX_TAPS, MAX_VARIABLES = 10, 16  # beyond which a Gröbner basis takes minutes
TRIED = 200  # assignments of the pool
RUNS = 60  # parts of a word that are compared with a rule


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
    how, _ = rewritten(lhs, rhs, relations, lambda a, b: decide_plain(a, b, facts)[0] == "proved")
    if how and any(True for _ in assignments(relations)):
        return "proved", how, None
    if how:
        return "undecided", "no kernels are known that satisfy all hypotheses, and of a contradiction all follows", None
    for found in assignments(relations):
        verdict, _, witness = decide_plain(at(lhs, found), at(rhs, found), facts)
        if verdict == "refuted" and witness is not None:
            return "refuted", "", _completed(witness, found)
    return "undecided", "neither do the hypotheses give it as they were used, nor was a counterexample found", None


@dataclass(frozen=True)
class Use:
    """weight · left (A − B) right for an equation A = B of a relation."""

    relation: Relation
    equation: int
    weight: Any
    left: LinearOperator
    right: LinearOperator


def rewritten(lhs: Any, rhs: Any, relations: Sequence[Relation], equal: Equal) -> tuple[str, list[Use]]:
    """How the equations as rewrite rules make both sides equal, rhs = lhs + Σ of the uses; "" where they do not.

    ``equal`` decides without them.
    """
    if not isinstance(lhs, LinearOperator) or not isinstance(rhs, LinearOperator):
        return "", []
    for relation, n, (a, b) in _equations(relations):
        for weight, plus, minus in ((-1, b, a), (1, a, b)):  # rhs = lhs − (a − b), or lhs + (a − b)
            if equal(lhs + plus, rhs + minus):
                how = f"the difference of both sides is that of the hypothesis {relation}"
                return how, [Use(relation, n, weight, Identity(), Identity())]
    found: tuple[list[Use], list[Use]] = ([], [])
    left, right = (_replaced(side, relations, equal, uses) for side, uses in zip((lhs, rhs), found, strict=True))
    if any(found) and equal(left, right):  # lhs = left + Σ of the first, rhs = right + Σ of the second
        turned = [replace(use, weight=-1 * use.weight) for use in found[0]]
        return f"by the rules {', '.join(map(str, relations))}", [*turned, *found[1]]
    return "", []


def _equations(relations: Sequence[Relation]) -> list[tuple[Relation, int, Pair]]:
    return [(relation, n, pair) for relation in relations for n, pair in enumerate(relation.pairs)]


def _replaced(side: Any, relations: Sequence[Relation], equal: Equal, uses: list[Use], weight: Any = 1) -> Any:
    """The side with parts of its words replaced by what equations say, until none applies; every use is kept."""
    if isinstance(side, Sum):
        terms = [_replaced(term, relations, equal, uses, weight) for term in side.terms]
        return sum(terms[1:], start=terms[0])
    if isinstance(side, Scale):
        return Scale(side.scalar, _replaced(side.operator, relations, equal, uses, weight * side.scalar))
    if not isinstance(side, Compose):
        return side
    factors = word_of(expand(side))
    for _ in range(len(factors)):
        shorter = _shortened(factors, relations, equal)
        if shorter is None:
            break
        factors, use = shorter
        uses.append(replace(use, weight=weight))
    return _composed(factors)


def _composed(factors: list[LinearOperator]) -> LinearOperator:
    return compose(tuple(factors)) if factors else Identity()


def word_of(operator: LinearOperator) -> list[LinearOperator]:
    """The letters of a word, adjoints and transposes of products turned around."""
    if isinstance(operator, Compose):
        return [letter for factor in operator.factors for letter in word_of(factor)]
    if isinstance(operator, Scale):
        return [Scale(operator.scalar, Identity()), *word_of(operator.operator)]
    if isinstance(operator, Adjoint | Transpose) and isinstance(operator.operator, Compose):
        turn = type(operator)
        return [letter for factor in reversed(operator.operator.factors) for letter in word_of(turn(factor))]
    return [operator]


def _shortened(
    factors: list[LinearOperator], relations: Sequence[Relation], equal: Equal
) -> tuple[list[LinearOperator], Use] | None:
    """The factors with one run replaced, and how; None where no equation applies."""
    size = len(factors)
    runs = ((i, i + length) for length in range(size, 1, -1) for i in range(size - length + 1))
    for i, j in islice(runs, RUNS):
        part = compose(tuple(factors[i:j]))
        for relation, n, (a, b) in _equations(relations):
            if equal(part, a):
                before, after = factors[:i], factors[j:]
                middle = [] if isinstance(b, Identity) else [b]
                return [*before, *middle, *after], Use(relation, n, 1, _composed(before), _composed(after))
    return None


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
            factors = [k for node in walk(difference) if isinstance(node, Down) for k in axes(node.factor)]
            period = max(map(int, factors), default=1)
            for index in product(range(period), repeat=dimension(difference)):
                for value in evaluator.act(difference, {index: 1}).values():
                    for equation in (to_sympy(value), sympy.conjugate(to_sympy(value))):
                        found[sympy.expand(equation)] = None
    return list(found)


# -- kernels that satisfy the hypotheses ------------------------------------------------------------------


def assignments(relations: Sequence[Relation]) -> Iterator[Assignment]:
    """Kernels, or values of taps, for which all hypotheses were proved, the simplest first."""
    for found in islice(_pool(relations), TRIED):
        pairs = (pair for relation in relations for pair in relation.pairs)
        if all(decide_plain(at(a, found), at(b, found), ())[0] == "proved" for a, b in pairs):
            yield found


def _pool(relations: Sequence[Relation]) -> Iterator[Assignment]:
    if any(side.ndim not in (None, 1) for relation in relations for pair in relation.pairs for side in pair):
        return  # the pool has one axis
    kernels = list(dict.fromkeys(kernel for relation in relations for kernel in relation.kernels))
    size = len(kernels)
    seeds = [*_signals(), *(h for bank in _bank_signals() for h in bank)]
    if size > 1:
        for bank in _bank_signals():
            if len(bank) == size:
                yield from _fitting(kernels, bank)
    for chosen in islice(product(seeds, repeat=size), 4 * TRIED):
        yield from _fitting(kernels, chosen)


def _fitting(kernels: Sequence[SignalExpr], chosen: Sequence[Signal]) -> Iterator[Assignment]:
    """The assignment, and one with signals moved to the window, where kernels of symbolic taps are long enough."""
    yield from _placed(kernels, chosen, False)
    if not all(isinstance(kernel, FormalSignal) for kernel in kernels):
        yield from _placed(kernels, chosen, True)


def _placed(kernels: Sequence[SignalExpr], chosen: Sequence[Signal], move: bool) -> Iterator[Assignment]:
    found: Assignment = {}
    for kernel, signal in zip(kernels, chosen, strict=True):
        if isinstance(kernel, FormalSignal):
            found[kernel.name] = signal
            continue
        assert isinstance(kernel, Signal)
        shift = kernel.start - signal.start if move else 0
        moved = {n + shift: v for (n,), v in Evaluator(1).signal(signal).items()}
        for n, entry in enumerate(kernel.values.flat):
            if not entry.is_Symbol:
                return
            found[entry] = to_sympy(moved.pop(n + kernel.start, 0))
            if not allowed(entry, found[entry]):
                return
        if moved:
            return
    yield found


def _signals() -> list[Signal]:
    quarter = Fraction(1, 4)
    return [
        Signal([1]), Signal([1], 1), Signal([1, 5]), Signal([2, 1, 3], -1), Signal([Fraction(3, 5), Fraction(4, 5)]),
        Signal([3 * quarter, 2 * quarter, 1, 2 * quarter, 3 * quarter], -2), Signal([1, 0, 0, 2]),
        Signal([1, 0, 0, 0, 7]), Signal([7, 1, 0, 3, 2], -1),
    ]  # fmt: skip


def _bank_signals() -> list[list[Signal]]:
    """Filters of paraunitary banks, of two and three channels."""
    cosine, sine = Fraction(3, 5), Fraction(4, 5)
    lattice = [  # two rotations with a delay between: orthonormal of four rational taps
        cosine * Fraction(5, 13), sine * Fraction(5, 13), -sine * Fraction(12, 13), cosine * Fraction(12, 13)
    ]  # fmt: skip
    pairs = [_orthonormal_pair(taps) for taps in ([cosine, sine], lattice)]
    delays = [[Signal([1], -i) for i in range(M)] for M in (2, 3, 4)]
    third = Fraction(1, 3)  # a reflection
    mirror = [Signal([int(i == n) - 2 * third for n in range(3)], -2) for i in range(3)]
    return [*delays, *pairs, mirror]


def _orthonormal_pair(taps: list[Any]) -> list[Signal]:
    """n ↦ g_{−n} and n ↦ (−1)ⁿ g_{N−1+n}, of an orthonormal lowpass g of an even number N of real taps."""
    high = [-tap if n % 2 else tap for n, tap in enumerate(reversed(taps))]
    return [Signal(taps[::-1], 1 - len(taps)), Signal(high[::-1], 1 - len(taps))]


def at(expression: Any, found: Assignment) -> Any:
    """The expression with kernels in place of formal names, and numbers in place of taps."""
    import sympy

    values = {s: v for s, v in found.items() if isinstance(s, sympy.Symbol)}

    def change(node: Any) -> Any:
        if isinstance(node, FormalSignal) and node.name in found:
            return found[node.name]
        if values and isinstance(node, Signal) and node.is_exact and any(v.free_symbols for v in node.values.flat):
            flat = [sympy.expand(v.subs(values)) for v in node.values.flat]
            return Signal._wrap(exact_array(flat, node.values.shape), node.starts)
        return None

    return transform(expression, change)


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
