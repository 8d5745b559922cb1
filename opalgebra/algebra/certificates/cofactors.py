"""How a statement follows from equations between operators: rhs = lhs + Σ weight · left (A − B) right.

Every A = B is an equation of a hypothesis.  What is written this way holds for all kernels, whether they satisfy the
equations or not, so that it can be checked by evaluation alone.
"""

from __future__ import annotations

from typing import Any

from ...errors import CertificateError
from ...expr import Identity, has_blocks
from ..decide.blocks import one_channel, without_blocks_in
from ..decide.proof import Proof
from ..decide.prove import decide
from ..decide.words import Use, rewritten
from ..equations import relations_of


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

    def equal(a: Any, b: Any) -> bool:
        return decide(a, b, facts)[0] == "proved"

    if equal(lhs, rhs):
        return []
    how, uses = rewritten(lhs, rhs, relations, equal)
    if how and uses is not None:
        return uses
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
