"""How a statement follows from equations between operators: rhs = lhs + Σ weight · left (A − B) right.

Every A = B is an equation of a hypothesis.  What is written this way holds for all kernels, whether they satisfy the
equations or not, so that it can be checked by evaluation alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ...errors import CertificateError
from ...expr import Compose, Identity, LinearOperator, Scale, Sum, compose, expand, has_blocks
from ..decide.blocks import one_channel, without_blocks_in
from ..decide.proof import Proof
from ..decide.prove import decide
from ..decide.relations import RUNS, Relation, letters_of
from ..facts import relations_of


@dataclass(frozen=True)
class Use:
    """weight · left (A − B) right for an equation A = B of a relation."""

    relation: Relation
    equation: int
    weight: Any
    left: LinearOperator
    right: LinearOperator


def cofactors(proof: Proof) -> list[Use]:
    """The uses of equations that lead from the left side of a proved statement to the right side.

    Raises
    ------
    CertificateError
        Where none were found: the statement was proved in another way, such as by a Gröbner basis in the taps.
    """
    relations = relations_of(proof.given)
    facts = tuple(fact for fact in proof.given if fact not in relations)
    lhs, rhs = ((_without(side) if has_blocks(side) else side) for side in (proof.lhs, proof.rhs))
    if decide(lhs, rhs, facts)[0] == "proved":
        return []
    if isinstance(lhs, LinearOperator) and isinstance(rhs, LinearOperator):
        for relation in relations:
            for n, (a, b) in enumerate(relation.pairs):
                for weight, plus, minus in ((-1, b, a), (1, a, b)):  # rhs = lhs − (a − b), or lhs + (a − b)
                    if decide(lhs + plus, rhs + minus, facts)[0] == "proved":
                        return [Use(relation, n, weight, Identity(), Identity())]
        found: list[list[Use]] = [[], []]
        left, right = (_reduced(side, relations, facts, used) for side, used in zip((lhs, rhs), found, strict=True))
        if decide(left, right, facts)[0] == "proved":  # lhs = left + Σ of the first, rhs = right + Σ of the second
            return [*(replace(use, weight=-1 * use.weight) for use in found[0]), *found[1]]
    raise CertificateError(
        f"how {lhs} = {rhs} follows from {', '.join(map(str, relations))} has no form in a certificate: it was not "
        "found by putting one side of an equation in the place of the other"
    )


def _without(side: Any) -> Any:
    """A side of one channel without the blocks within it."""
    if not one_channel(side, Identity()):
        raise CertificateError(
            f"hypotheses that are equations have no form in certificates of {side}, which has several channels; "
            "save the proofs of its entries"
        )
    return without_blocks_in(side)


def _reduced(side: LinearOperator, relations: list[Relation], facts: Any, used: list[Use], weight: Any = 1) -> Any:
    """The side with parts of its words replaced by what equations say, until none applies; every use is kept."""
    if isinstance(side, Sum):
        terms = [_reduced(term, relations, facts, used, weight) for term in side.terms]
        return sum(terms[1:], start=terms[0])
    if isinstance(side, Scale):
        return Scale(side.scalar, _reduced(side.operator, relations, facts, used, weight * side.scalar))
    if not isinstance(side, Compose):
        return side
    factors = letters_of(expand(side))
    for _ in range(len(factors)):
        step = _step(factors, relations, facts)
        if step is None:
            break
        factors, use = step
        used.append(replace(use, weight=weight))
    return compose(tuple(factors)) if factors else Identity()


def _step(factors: list[LinearOperator], relations: list[Relation], facts: Any) -> Any:
    """The factors with one run replaced, and how; None where no equation applies."""
    size = len(factors)
    runs = ((i, i + length) for length in range(size, 1, -1) for i in range(size - length + 1))
    for i, j in islice(runs, RUNS):
        part = compose(tuple(factors[i:j]))
        for relation in relations:
            for n, (a, b) in enumerate(relation.pairs):
                if decide(part, a, facts)[0] == "proved":
                    middle = [] if isinstance(b, Identity) else [b]
                    before, after = (compose(tuple(f)) if f else Identity() for f in (factors[:i], factors[j:]))
                    return [*factors[:i], *middle, *factors[j:]], Use(relation, n, 1, before, after)
    return None
