"""One random statement put to the prover and to the judge, and what came of it."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from opalgebra.algebra.prove import prove
from opalgebra.expr.signals import Signal

from .generate import random_pair
from .judge import Judge, differs
from .judge_numbers import is_zero


class Outcome(NamedTuple):
    """What prover and judge said about statement ``number`` of a seed; ``fault`` is empty where all is well."""

    number: int
    hint: str
    verdict: str
    fault: str


def rng_for(seed: int, number: int) -> random.Random:
    """The random numbers of one statement, so that each can be made again by itself."""
    return random.Random(f"{seed}/{number}")


def statement(seed: int, number: int) -> tuple[Any, Any, str]:
    """Statement ``number`` of a seed: (lhs, rhs, hint)."""
    return random_pair(rng_for(seed, number))


def judged(seed: int, number: int) -> Outcome:
    """Put a statement to both."""
    lhs, rhs, hint = statement(seed, number)
    proof = prove(lhs, rhs)
    different = differs(lhs, rhs, rng_for(seed, -1 - number))
    return Outcome(number, hint, proof.verdict, _fault(lhs, rhs, hint, proof, different))


def _fault(lhs: Any, rhs: Any, hint: str, proof: Any, different: bool) -> str:
    if hint.startswith("equal") and different:
        return "the generator made a pair that is not equal"
    if proof.verdict == "undecided":
        return f"undecided: {proof.reason}"
    if proof.verdict == "proved":
        return "proved, but the judge found a difference" if different else ""
    if proof.witness is None:
        return "refuted without a witness"
    fault = witness_fault(lhs, rhs, proof.witness)  # where it stands, the judge has seen a difference too
    return fault or ("" if hint.startswith("miss") else "the generator made a pair that is not equal")


def witness_fault(lhs: Any, rhs: Any, witness: Any) -> str:
    """What is wrong with a witness, by the judge's own evaluation; empty if it stands."""
    ndim = lhs.ndim or rhs.ndim or 1
    plain = Judge(ndim)
    kernels = {name: _samples(plain, value) for name, value in witness.kernels.items()}
    judge = Judge(ndim, kernels, witness.factors)
    for side, expression, claimed in (("left", lhs, witness.lhs), ("right", rhs, witness.rhs)):
        found = judge.value(expression, witness.input, witness.index)
        if not is_zero(found - judge.number(claimed)):
            return f"the witness claims {claimed} on the {side}, the judge finds {found}"
    if is_zero(judge.number(witness.lhs) - judge.number(witness.rhs)):
        return f"both values of the witness are {witness.lhs}"
    return ""


def _samples(judge: Judge, value: Any) -> Any:
    if isinstance(value, Signal):
        return judge.signal(value)
    return {at: judge.number(entry) for at, entry in value.items()}
