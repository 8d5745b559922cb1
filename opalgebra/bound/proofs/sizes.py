"""F = G for all sizes n.

First on ℤ^d: where the operators are equal there and the windows agree, F = G.  Otherwise by pieces.

**Theorem.**  Let the taps and the factors be known, and let the ends of all windows be formulas of one symbol per axis
in +, integer multiples, ⌊·/k⌋, max and min.  There are P and N such that for n = P t + r ≥ N, for each residue r, the
exact matrix of F − G is a sum Σ wᵢ [piece i] in which all ends are linear in t (:mod:`..sizes.runs`), and
it is 0 for all these n if every weight is 0 once the pieces are cut into disjoint ones; else it is not 0 for large n.

*Proof.*  The matrix is computed from the definitions with ends a t + b in place of ints.  Every operation on ends is a
sum, an integer multiple, a division of a t + b by a number that divides a — P is made so —, or the question for the
sign of a t + b.  The answer to the last is the same for all t ≥ max(0, ⌊−b/a⌋ + 1), and N is the least size above all
these bounds.  So for n ≥ N the calculation with ints takes the same course and gives the same pieces.  What is said
of the weights is shown in :func:`~opalgebra.bound.sizes.runs.is_zero`; a refutation does not rest on it, since it is
replayed for one n.  ∎

The finitely many n < N are decided one by one, by the same calculation with ints.  Of several symbols, one for each
axis, all are taken large first; then each of the small values of each is put in, and the others are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial, reduce
from random import Random
from typing import Any

import numpy as np

from ...algebra.decide.proof import Proof, Step
from ...algebra.decide.prove import proved_about
from ...algebra.equations import Symmetric
from ...algebra.facts import AboutFactors, Hypothesis, hypotheses, symbols_of
from ...algebra.judge.evaluate import Evaluator
from ...algebra.judge.replay import judged
from ...errors import OpAlgebraError, Undecided
from ...expr import FormalSignal, Signal, formal_names, formal_parts, substitute, symbols_in
from ..operators.base import BoundOperator
from ..sizes.affine import value_of
from ..sizes.large import Sizes, ends, shapes, stays_inside
from ..sizes.sized import Sized, at_sizes, for_formulas, leaves
from .entries import difference, replayed, roots
from .lattice_form import LatticeForm, lattice_form
from .proof import BoundProof
from .statement import Reach, Statement
from .witness import SizeWitness

REPLAYED = 2_500  # entries of the matrices with which a proof is checked


class SizesProof(BoundProof):
    """What is known about F = G for operators on arrays of every size."""

    reach: Reach | None = None

    @cached_property
    def steps(self) -> list[Step]:
        """F and G, with the reason."""
        if self.verdict != "proved":
            return []
        lines = self.on_lattice.steps[1:-1] if self.on_lattice is not None else []
        return [Step(self.lhs, "", ""), *lines, Step(self.rhs, "crop and extend", self.scope)]

    def _replayed(self, witness: Any) -> bool:
        """At the sizes and for the kernels of the witness."""
        sides = [at_sizes(_with(side, witness.kernels), witness.sizes) for side in (self.lhs, self.rhs)]
        return replayed(sides[0], sides[1], replace(witness, kernels={}))

    def _entries_agree(self) -> bool:
        """Of the exact matrices of small sizes."""
        if any(map(formal_parts, roots(self.lhs, self.rhs))):
            return True
        return all(difference(*pair) == (None, "") for pair in _small_pairs(self.lhs, self.rhs, self.given))


def prove_sizes(lhs: Any, rhs: Any, given: Hypothesis | Iterable[Hypothesis] = ()) -> SizesProof:
    """Decide F = G for all sizes; see :func:`opalgebra.prove`.

    Raises
    ------
    DimensionError, WindowError
        Where for some size that is allowed the arrays have different shapes, or one side is not defined.
    """
    facts = hypotheses(given)
    found = partial(SizesProof, lhs, rhs, facts)
    statement = Statement(lhs, rhs, facts)
    if open_question := statement.names.check(facts):
        return found("undecided", open_question)
    for fact in statement.conditions:
        if not symbols_of([fact]) <= {*statement.symbols}:
            return found("undecided", f"{fact} speaks of sizes and of other symbols at once")
    statement.check_windows()
    proof = _on_lattice(statement)
    if proof is not None and proof.verdict == "proved":
        scope = f"{statement.scope}: equal on ℤ^d, between equal windows"
        return found("proved", on_lattice=proof, scope=scope)
    others = symbols_of(facts) - {*statement.symbols}
    if any(others & symbols_in(root) for root in roots(lhs, rhs)):
        return found("undecided", "not equal on ℤ^d; hypotheses about scalars are not decided here")
    names = _formal(lhs, rhs)
    if not names:
        return _by_pieces(statement, found)
    try:
        witness = _witness_for_kernels(statement, names)
    except OpAlgebraError as why:
        return found("undecided", str(why))
    reason = "not equal on ℤ^d, and what formal kernels read beyond the ends is not decided for all sizes"
    return found("undecided", reason) if witness is None else found("refuted", witness=witness)


def _by_pieces(statement: Statement, found: Callable[..., SizesProof]) -> SizesProof:
    reason = ""
    try:
        reach = statement.everywhere(statement.agree)
    except Undecided as why:
        reach, reason = None, str(why)
    if reach is not None:
        proof = found("proved", scope=f"{statement.scope}: {reach}")
        proof.reach = reach
        return proof
    witness = statement.witness()
    if witness is None:
        return found("undecided", reason or "no size was found at which the two sides differ")
    return found("refuted", witness=witness)


def _witness_for_kernels(statement: Statement, names: dict[str, Any]) -> SizeWitness | None:
    """Kernels for which the two sides differ at some size."""
    for kernels in _kernels(names, len(leaves(statement.lhs)[0].sizes), statement.facts):
        sides = _with(statement.lhs, kernels), _with(statement.rhs, kernels)
        witness = Statement(*sides, statement.facts).witness(kernels)
        if witness is not None:
            return witness
    return None


# -- on ℤ^d ----------------------------------------------------------------------------------------------------


def _on_lattice(statement: Statement) -> Proof | None:
    """The proof on ℤ^d, where both sides are between windows that are known to agree."""
    forms = [lattice_form(side, partial(_keeps_all, statement)) for side in (statement.lhs, statement.rhs)]
    if forms[0] is None or forms[1] is None or forms[0][1:3] != forms[1][1:3]:
        return None
    parts = [*leaves(statement.lhs), *leaves(statement.rhs)]
    if statement.everywhere(lambda sizes: all(_starts_as_shown(part, sizes) for part in parts)) is None:
        return None
    return proved_about(statement.names, forms[0].operator, forms[1].operator, statement.facts)


def _starts_as_shown(part: Sized, sizes: Sizes) -> bool:
    """Whether the outputs start where the formula says, which takes it that no window on the way is empty."""
    shown = [value_of(start, dict(sizes)) for start in part.out_window.starts]
    return list(ends(part, sizes)[1][0]) == shown


def _keeps_all(
    statement: Statement, left: LatticeForm, right: LatticeForm, last: BoundOperator, first: BoundOperator
) -> bool:
    """Whether for every size A reads inside only or, with zeros around, B reaches no further."""

    def middle_and(sizes: Sizes) -> tuple[Any, Any, Any]:
        (_, *into), (_, *out) = shapes(first, sizes)[0], shapes(last, sizes)[1]
        return into, shapes(last, sizes)[0][1:], out

    def reads_inside(sizes: Sizes) -> bool:
        _, middle, out = middle_and(sizes)
        return stays_inside(left.operator.T, out, middle)

    def reaches_inside(sizes: Sizes) -> bool:
        into, middle, _ = middle_and(sizes)
        return stays_inside(right.operator, into, middle)

    zeros = set(left.boundary) | set(right.boundary) == {"zero"}
    read = not formal_parts(left.operator) and statement.everywhere(reads_inside) is not None
    return read or (zeros and not formal_parts(right.operator) and statement.everywhere(reaches_inside) is not None)


# -- numbers for symbols, kernels for names --------------------------------------------------------------------


def _with(operator: BoundOperator, kernels: Mapping[str, Any]) -> BoundOperator:
    """With signals in place of the formal kernels."""

    def change(part: Sized) -> Sized:
        inner = substitute(part.operator, kernels)
        return Sized(inner, part.sizes, part.out, part.mode, part.boundary, part.fixed)

    return for_formulas(operator, change) if kernels else operator


def _formal(*sides: BoundOperator) -> dict[str, Any]:
    """What is formal in them, by name: kernels, operators, and factors under their own names."""
    parts = [part for root in roots(*sides) for part in formal_parts(root)]
    return {**dict.fromkeys(parts), **formal_names(*roots(*sides))} if parts else {}


def _kernels(names: dict[str, Any], ndim: int, facts: tuple[Hypothesis, ...]) -> Iterator[dict[str, Any]]:
    """Small kernels for formal names that are signals, of which the hypotheses hold; even ones where that is given."""
    if not all(isinstance(node, FormalSignal) for node in names.values()):
        return
    rng = Random(20261122)
    even = {fact.signal.name for fact in facts if isinstance(fact, Symmetric) and fact.is_even}
    for reach in (1, 1, 3, 8):
        kernels = {}
        for name in names:
            taps = [rng.choice((-2, -1, 1, 2, 3)) for _ in range(2 * reach + 1)]
            taps = [*taps[:reach], *taps[reach::-1]] if name in even else taps
            values = reduce(np.multiply.outer, [np.array(taps)] * ndim)
            kernels[name] = Signal(values, start=(-reach,) * ndim)
        evaluator = Evaluator(ndim, {name: Evaluator(ndim).signal(kernel) for name, kernel in kernels.items()})
        if all(judged(fact, evaluator) for fact in facts if not isinstance(fact, AboutFactors)):
            yield kernels


def _small_pairs(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]) -> Iterator[tuple[BoundOperator, BoundOperator]]:
    """Both sides for small sizes, as long as their matrices are small."""
    statement = Statement(lhs, rhs, facts)
    for sizes in statement.in_order(40 if len(statement.symbols) == 1 else 6):
        pair = at_sizes(lhs, sizes), at_sizes(rhs, sizes)
        if pair[0].size <= REPLAYED:
            yield pair
