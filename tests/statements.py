"""Random statements of several kinds, put to the prover and to a judge, and what came of it.

Statement ``number`` of a kind and a seed is made by itself, whatever ran before.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from opalgebra.algebra.budget import limited, room
from opalgebra.algebra.facts import EvenSymmetric, Hypothesis
from opalgebra.algebra.prove import _same_map, decide, prove
from opalgebra.algebra.ring import ring_of
from opalgebra.expr.signals import Signal
from opalgebra.expr.traverse import all_factor_symbols, constants, has_blocks, written_out

from . import generate_blocks, generate_lattice, generate_symbolic, judge_modular
from .generate import random_pair
from .judge import Judge
from .judge_modular import TooLarge
from .judge_numbers import is_zero

FULL = 1999  # every so many statements prove(), its derivation and its check; a prime, so that every kind has its turn
SECONDS = 120.0  # for a decision
SMALL = [{"k": a, "m": b} for a in range(1, 7) for b in range(1, 7)]
WITNESS = 4  # every so many, a refutation has to show a witness


class Statement(NamedTuple):
    """lhs = rhs under hypotheses; the hint says how it was made: "equal …" or "miss …"."""

    lhs: Any
    rhs: Any
    hint: str
    given: tuple[Hypothesis, ...] = ()


class Kind(NamedTuple):
    """How statements are made, and whether factors are symbols, so that undecided is allowed."""

    make: Callable[[random.Random], tuple[Any, ...]]
    symbolic: bool = False


KINDS = {
    "1-D": Kind(lambda rng: random_pair(rng, 1)),
    "2-D": Kind(lambda rng: random_pair(rng, 2)),
    "lattices": Kind(generate_lattice.random_pair),
    "blocks": Kind(generate_blocks.random_pair),
    "formal kernels": Kind(lambda rng: random_pair(rng, 1 if rng.random() < 0.8 else 2, formal=True)),
    "symbolic factors": Kind(generate_symbolic.random_pair, symbolic=True),
    "sums": Kind(lambda rng: generate_symbolic.random_pair(rng, sums=True), symbolic=True),
    "hypotheses": Kind(lambda rng: generate_symbolic.random_pair(rng, hypotheses=True), symbolic=True),
}


class Outcome(NamedTuple):
    """What was said about a statement; ``fault`` is empty where all is well.

    ``unseen`` tells that only the witness showed the judge the difference; ``skipped`` counts the statements that
    were too large for the judge before this one was made in their place.
    """

    number: int
    hint: str
    verdict: str
    fault: str
    unseen: bool = False
    skipped: int = 0


def rng_for(seed: int, number: int, kind: str = "", attempt: int = 0) -> random.Random:
    """The random numbers of one statement, so that each can be made again by itself."""
    return random.Random(f"{seed}/{number}/{kind}/{attempt}")


def statement(seed: int, number: int, kind: str = "1-D", attempt: int = 0) -> Statement:
    """Statement ``number`` of a seed and kind; the next ``attempt`` where one was too large."""
    return Statement(*KINDS[kind].make(rng_for(seed, number, kind, attempt)))


def judged(seed: int, number: int, kind: str = "1-D") -> Outcome:
    """Put a statement to the prover and to the judge."""
    for attempt in count():
        made = statement(seed, number, kind, attempt)
        full = number % FULL == 0
        try:
            outcome = _outcome(made, number, KINDS[kind].symbolic, full, rng_for(seed, -1 - number, kind, attempt))
        except TooLarge:
            continue
        return outcome._replace(skipped=attempt)
    raise AssertionError


def _outcome(made: Statement, number: int, symbolic: bool, full: bool, rng: random.Random) -> Outcome:
    lhs, rhs, hint, given = made
    verdict, reason, witness = _asked(made, symbolic, number % WITNESS == 0, full)
    fault, unseen = "", False
    if verdict == "undecided":
        fault = "" if symbolic else f"undecided: {reason}"
    elif verdict == "proved":
        fault = _difference(made, symbolic, rng)
    else:
        if witness is not None:
            fault = _witness_fault(made, witness, full)
            unseen = not symbolic and not judge_modular.differ(lhs, rhs, rng, likely=True)
        elif symbolic or not judge_modular.differ(lhs, rhs, rng, likely=True):
            witness = decide(lhs, rhs, given)[2]
            fault, unseen = _witness_fault(made, witness, True) if witness else "refuted without a witness", True
        if hint.startswith("equal"):
            fault = fault or "the generator made a pair that is not equal"
    return Outcome(number, hint, verdict, fault, unseen)


def _asked(made: Statement, symbolic: bool, shown: bool, full: bool) -> tuple[str, str, Any]:
    """(verdict, reason, witness): the verdict alone is much quicker where the sides differ."""
    lhs, rhs, _, given = made
    if full:
        proof = prove(lhs, rhs, given, SECONDS)
        if proof.verdict != "undecided" and not proof.check():
            return "undecided", f"{proof.verdict}, but the check of the proof fails", None
        if proof.verdict == "proved":
            ends = [step.expression for step in proof.steps]
            if (ends[0], ends[-1]) != (lhs, rhs):
                return "undecided", "the derivation does not lead from one side to the other", None
        return proof.verdict, proof.reason, proof.witness
    with limited(SECONDS), room(lhs, rhs):
        if shown or symbolic or getattr(lhs, "channels", None) not in (None, (1, 1)):
            return decide(lhs, rhs, given)
        lhs, rhs = written_out(lhs), written_out(rhs)
        same = lhs == rhs or _same_map(lhs, rhs, ring_of(constants(lhs, rhs)))
    return "proved" if same else "refuted", "", None


def _difference(made: Statement, symbolic: bool, rng: random.Random) -> str:
    """A difference that the judge finds, at a few values of the symbols."""
    lhs, rhs, _, given = made
    even = [fact.signal.name for fact in given if isinstance(fact, EvenSymmetric)]
    for at in _values(given, rng) if symbolic else [{}]:
        if judge_modular.differ(lhs, rhs, rng, at, even=even):
            return f"proved, but the judge found a difference {at or ''}"
    return ""


def _values(given: tuple[Hypothesis, ...], rng: random.Random) -> list[dict[str, int]]:
    """Values of k and m at which the hypotheses hold: a small pair and others drawn."""
    pairs = [at for at in SMALL if all(generate_symbolic.holds(fact, at) for fact in given)]
    return [pairs[0], *rng.sample(pairs[1:], min(4, len(pairs) - 1))]


def _witness_fault(made: Statement, witness: Any, exact: bool) -> str:
    """What is wrong with a witness: its values by the judge, and the hypotheses; empty if it stands."""
    lhs, rhs, _, given = made
    missing = {symbol.name for symbol in all_factor_symbols(lhs, rhs)} - witness.factors.keys()
    if missing:
        return f"the witness has no values for {missing}"
    for fact in given:
        if isinstance(fact, EvenSymmetric):
            q = witness.kernels.get(fact.signal.name)
            samples = {} if q is None else Judge(1).signal(q)
            if any(not is_zero(samples.get((-n,), 0) - value) for (n,), value in samples.items()):
                return f"the witness has {q}, which is not even"
        elif not any(generate_symbolic.holds(fact, {**at, **witness.factors}) for at in SMALL):  # k or m may be free
            return f"the witness has {witness.factors}, against {fact}"
    fault = judge_modular.witness_fault(lhs, rhs, witness)
    if exact and not fault and not (has_blocks(lhs) or has_blocks(rhs)):  # the exact judge knows no blocks
        fault = witness_fault(lhs, rhs, witness)
    return fault


def witness_fault(lhs: Any, rhs: Any, witness: Any) -> str:
    """What is wrong with a witness, by the exact judge's own evaluation; empty if it stands."""
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
