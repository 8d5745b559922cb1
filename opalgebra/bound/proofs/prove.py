"""F = G decided for operators on arrays.

Two bound operators are first read as operators on ℤ^d between windows.  If these are equal on ℤ^d and the
windows and boundaries agree, the bound ones are equal for every size.  Otherwise the sizes at hand decide: with
known taps the exact matrices are compared, with formal kernels the canonical forms of all entries.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from ...algebra.decide.prove import proved_about
from ...algebra.facts import Hypothesis, hypotheses, symbols_of
from ...errors import DimensionError, OperandError, Undecided
from ...expr import formal_parts, symbols_in
from ..operators.base import BoundOperator
from ..operators.between import between_windows
from .entries import difference, formal_difference, roots
from .lattice_form import lattice_form
from .proof import BoundProof
from .sizes import prove_sizes
from .statement import scope_of
from .witness import BoundWitness


def prove_bound(lhs: BoundOperator, rhs: Any, given: Hypothesis | Iterable[Hypothesis] = ()) -> BoundProof:
    """Decide F = G; see :func:`opalgebra.prove`.

    Raises
    ------
    DimensionError
        Where the arrays have different shapes.
    """
    if not isinstance(lhs, BoundOperator) or not isinstance(rhs, BoundOperator):
        raise OperandError(
            f"an operator on arrays is compared with another kind: {lhs} and {rhs}; bind both: A.on(n), B.on(n)"
        )
    if lhs.is_family or rhs.is_family:
        return prove_sizes(lhs, rhs, given)
    if (lhs.dims, lhs.dimsd) != (rhs.dims, rhs.dimsd):
        raise DimensionError(
            f"the windows do not agree: {lhs} maps {lhs.dims} to {lhs.dimsd}, {rhs} maps {rhs.dims} to {rhs.dimsd}; "
            "bind both with the same sizes"
        )
    facts = hypotheses(given)
    found = partial(BoundProof, lhs, rhs, facts)
    scope = scope_of(lhs, rhs)
    if open_question := scope.check(facts):
        return found("undecided", open_question)
    here = f"for the sizes {lhs.dims} → {lhs.dimsd}"
    forms = lattice_form(lhs), lattice_form(rhs)
    if forms[0] is not None and forms[1] is not None and forms[0][1:] == forms[1][1:]:
        proof = proved_about(scope, forms[0].operator, forms[1].operator, facts)
        if proof.verdict == "proved":
            fixed = any(part.depends_on_size for side in (lhs, rhs) for part in between_windows(side))
            reach = f"{here if fixed else 'for every size'}: equal on ℤ^d, between equal windows"
            return found("proved", on_lattice=proof, scope=reach)
    try:
        verdict, witness, reason = _decided_here(lhs, rhs, forms, facts)
    except Undecided as why:
        return found("undecided", str(why))
    return found(verdict, reason, witness, scope="" if verdict == "undecided" else here)


def _decided_here(lhs: Any, rhs: Any, forms: Any, facts: Any) -> tuple[str, BoundWitness | None, str]:
    """The verdict by the entries, a witness, and a reason."""
    if any(map(formal_parts, roots(lhs, rhs))):
        return formal_difference(forms, facts)
    witness, open_question = difference(lhs, rhs)
    if witness is None:
        return "undecided" if open_question else "proved", None, open_question
    if any(symbols_of(facts) & symbols_in(root) for root in roots(lhs, rhs)):
        raise Undecided("not equal on ℤ^d; between windows hypotheses are not decided")
    return "refuted", witness, ""
