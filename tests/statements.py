"""Random statements of several kinds, put to the prover and to a judge, and what came of it.

Statement ``number`` of a kind and a seed is made by itself, whatever ran before.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

import opalgebra
from opalgebra.algebra.budget import limited, room
from opalgebra.algebra.decide.decision import _same_map
from opalgebra.algebra.decide.prove import decide, prove
from opalgebra.algebra.numbers.choose import ring_of
from opalgebra.expr import all_factor_symbols, constants, has_blocks, walk, written_out
from opalgebra.expr.signals import FormalSignal, Signal

from . import (
    generate_assumed,
    generate_blocks,
    generate_exact,
    generate_lattice,
    generate_symbolic,
    generate_textbook,
    judge_modular,
)
from .generate import random_pair
from .judge import Judge
from .judge_claims import Claim, allowed, integer_symbols, values
from .judge_numbers import TooLarge, is_zero

FULL = 1999  # every so many statements prove(), its derivation and its check; a prime, so that every kind has its turn
CHECKED, SAVED = 24, 50  # of the newer kinds, the check of a proof, and its file
PATIENCE = 20.0  # seconds for a check, which has no budget; what takes longer is counted, and no fault
slow: list[int] = []  # the numbers of statements whose check took longer than that
SECONDS = 120.0  # for a decision
SHORT = 8.0  # for a decision of the newer kinds
OVER = 2.0  # seconds that may go by after the budget
WITNESS = 4  # every so many, a refutation has to show a witness
TRIED = 5  # values of the symbols at which a proved statement is judged


class Statement(NamedTuple):
    """lhs = rhs under claims; the hint says how it was made: "equal …", "miss …" or "contradiction".

    ``meant`` is what the judge is to judge: the same sides before the package computed anything in them.
    """

    lhs: Any
    rhs: Any
    hint: str
    claims: tuple[Claim, ...] = ()
    meant: tuple[Any, ...] = ()

    @property
    def sides(self) -> tuple[Any, Any]:
        return (self.meant or (self.lhs, self.rhs))[:2]  # type: ignore[return-value]


class Kind(NamedTuple):
    """How statements are made; whether factors are symbols, so that undecided is allowed; whether all is asked by
    ``prove`` itself, with its check and its file now and then."""

    make: Callable[[random.Random], tuple[Any, ...]]
    symbolic: bool = False
    public: bool = False


def _exact(palette: type[generate_exact.Exact]) -> Kind:
    return Kind(lambda rng: generate_exact.random_pair(rng, palette), public=True)


KINDS = {
    "1-D": Kind(lambda rng: random_pair(rng, 1)),
    "2-D": Kind(lambda rng: random_pair(rng, 2)),
    "lattices": Kind(generate_lattice.random_pair),
    "blocks": Kind(generate_blocks.random_pair),
    "formal kernels": Kind(lambda rng: random_pair(rng, 1 if rng.random() < 0.8 else 2, formal=True)),
    "symbolic factors": Kind(generate_symbolic.random_pair, symbolic=True),
    "sums": Kind(lambda rng: generate_symbolic.random_pair(rng, sums=True), symbolic=True),
    "hypotheses": Kind(lambda rng: generate_symbolic.random_pair(rng, hypotheses=True), symbolic=True),
    "exact coefficients": _exact(generate_exact.Exact),
    "dtypes": Kind(generate_exact.long_pair, public=True),
    "exact angles": _exact(generate_exact.Angles),
    "algebraic numbers": _exact(generate_exact.Algebraic),
    "constants": _exact(generate_exact.Constants),
    "real and even kernels": _exact(generate_exact.RealEven),
    "formal operators": _exact(generate_exact.Formal),
    "signed matrices": Kind(
        lambda rng: generate_lattice.random_pair(generate_lattice.Signed(rng.getrandbits(64))), public=True
    ),
    "exact blocks": Kind(generate_exact.blocks_pair, public=True),
    "boxes": Kind(generate_assumed.boxes, symbolic=True, public=True),
    "assumptions": Kind(generate_assumed.assumptions, symbolic=True, public=True),
    "several hypotheses": Kind(generate_assumed.hypotheses, symbolic=True, public=True),
    "contradictions": Kind(generate_assumed.contradiction, symbolic=True, public=True),
    "exact sums": Kind(generate_assumed.sums, symbolic=True, public=True),
    "textbook": Kind(generate_textbook.textbook, symbolic=True, public=True),
}


class Outcome(NamedTuple):
    """What was said about a statement; ``fault`` is empty where all is well.

    ``unseen`` tells that only the witness showed the judge the difference; ``skipped`` counts the statements that
    were too large for the judge, ``refused`` those that the package refused to compute exactly (an error of its own),
    before this one was made in their place; ``slow`` tells that its check took too long to wait for.
    """

    number: int
    hint: str
    verdict: str
    fault: str
    unseen: bool = False
    skipped: int = 0
    refused: int = 0
    slow: bool = False


class Late(Exception):
    """The prover was still running long after its budget."""


def rng_for(seed: int, number: int, kind: str = "", attempt: int = 0) -> random.Random:
    """The random numbers of one statement, so that each can be made again by itself."""
    return random.Random(f"{seed}/{number}/{kind}/{attempt}")


def statement(seed: int, number: int, kind: str = "1-D", attempt: int = 0) -> Statement:
    """Statement ``number`` of a seed and kind; the next ``attempt`` where one was too large."""
    return Statement(*KINDS[kind].make(rng_for(seed, number, kind, attempt)))


def judged(seed: int, number: int, kind: str = "1-D") -> Outcome:
    """Put a statement to the prover and to the judge."""
    skipped = refused = 0
    for attempt in count():
        try:
            made = statement(seed, number, kind, attempt)
        except TooLarge:
            skipped += 1
            continue
        except opalgebra.OpAlgebraError:  # made by the package from exact parts; a refusal is no wrong value
            refused += 1
            continue
        try:
            outcome = _outcome(made, number, KINDS[kind], rng_for(seed, -1 - number, kind, attempt))
        except TooLarge:
            skipped += 1
            continue
        return outcome._replace(skipped=skipped, refused=refused)
    raise AssertionError


def _outcome(made: Statement, number: int, kind: Kind, rng: random.Random) -> Outcome:
    if made.hint == "contradiction" or (made.claims and not values(made.sides, made.claims, rng, 1)):
        return _contradicted(made, number)
    symbolic, full = kind.symbolic, number % FULL == 0
    slow.clear()
    verdict, reason, witness = _asked(made, kind, number, full)
    fault, unseen = "", False
    if verdict == "undecided":
        fault = "" if symbolic else f"undecided: {reason}"
    elif verdict == "proved":
        fault = _difference(made, symbolic, rng)
    elif verdict == "refuted":
        fault, unseen = _refutation_fault(made, witness, symbolic, full, rng)
    else:
        fault = reason
    return Outcome(number, made.hint, verdict, fault, unseen, slow=bool(slow))


def _refutation_fault(
    made: Statement, witness: Any, symbolic: bool, full: bool, rng: random.Random
) -> tuple[str, bool]:
    """(what is wrong with a refutation, whether only its witness showed a difference)."""
    fault, unseen = "", False
    certain = symbolic or bool(made.claims)
    if witness is not None:
        fault = _witness_fault(made, witness, full)
        unseen = not certain and not judge_modular.differ(*made.sides, rng, likely=True)
    elif certain or not judge_modular.differ(*made.sides, rng, likely=True):
        witness = decide(made.lhs, made.rhs, _given(made))[2]
        fault, unseen = _witness_fault(made, witness, True) if witness else "refuted without a witness", True
    if made.hint.startswith("equal"):
        fault = fault or "the generator made a pair that is not equal"
    return fault, unseen


def _given(made: Statement) -> tuple[Any, ...]:
    return tuple(claim.given() for claim in made.claims)


def _contradicted(made: Statement, number: int) -> Outcome:
    try:
        verdict = prove(made.lhs, made.rhs, _given(made), SHORT).verdict
    except opalgebra.FactorError:
        return Outcome(number, made.hint, "refused", "")
    claims = ", ".join(f"{c.kind} {c.a} {c.b}" for c in made.claims)
    fault = f"{verdict} under hypotheses that contradict one another: {claims}"
    return Outcome(number, made.hint, verdict, fault if verdict != "undecided" else "")


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """Late, by a signal, where what is inside takes longer than these seconds of the processor."""

    def late(*arguments: Any) -> None:
        raise Late(f"still running after {seconds:.0f} s")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _asked(made: Statement, kind: Kind, number: int, full: bool) -> tuple[str, str, Any]:
    """(verdict, reason, witness): the verdict alone is much quicker where the sides differ."""
    lhs, rhs = made.lhs, made.rhs
    if full or kind.public:
        return _proved(made, kind, number, full)
    with limited(SECONDS), room(lhs, rhs):
        if (
            number % WITNESS == 0
            or kind.symbolic
            or made.claims
            or getattr(lhs, "channels", None) not in (None, (1, 1))
        ):
            return decide(lhs, rhs, _given(made))
        lhs, rhs = written_out(lhs), written_out(rhs)
        same = lhs == rhs or _same_map(lhs, rhs, ring_of(constants(lhs, rhs)))
    return "proved" if same else "refuted", "", None


def _proved(made: Statement, kind: Kind, number: int, full: bool) -> tuple[str, str, Any]:
    """What ``prove`` says within its budget, and whether its check and its file agree."""
    budget, begin = SHORT if kind.public else SECONDS, time.process_time()
    try:
        with _no_longer_than(4 * budget):
            proof = prove(made.lhs, made.rhs, _given(made), budget)
    except Late as why:
        return "late", f"late: {why}", None
    if (took := time.process_time() - begin) > budget + OVER:
        return "late", f"late: {took:.1f} s", None
    if proof.verdict == "undecided":
        return proof.verdict, proof.reason, None
    try:
        with _no_longer_than(PATIENCE):
            if fault := _check_fault(made, kind, proof, number, full):
                return "contradiction", fault, None
    except Late:
        slow.append(number)
    return proof.verdict, proof.reason, proof.witness


def _check_fault(made: Statement, kind: Kind, proof: Any, number: int, full: bool) -> str:
    """What is wrong with the check, the derivation or the file of a proof, where these have their turn."""
    often = WITNESS if proof.verdict == "refuted" else CHECKED
    if (full or number % often == 0) and not proof.check():
        return f"{proof.verdict}, but the check of the proof fails"
    if full and proof.verdict == "proved":
        ends = [step.expression for step in proof.steps]
        if (ends[0], ends[-1]) != (made.lhs, made.rhs):
            return "the derivation does not lead from one side to the other"
    return _file_fault(proof) if kind.public and number % SAVED == 0 else ""


def _file_fault(proof: Any) -> str:
    """What is wrong with the file of a proof: it may be refused when it is written, but not when it is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "proof.json")
        try:
            proof.save(path)
        except opalgebra.CertificateError:
            return ""
        try:
            loaded = opalgebra.load_proof(path)
        except opalgebra.CertificateError as why:
            return f"{proof.verdict}, and its own file is refused: {str(why).rpartition('proof.json')[2]}"
    return "" if loaded.verdict == proof.verdict else f"{proof.verdict}, and its file says {loaded.verdict}"


def _difference(made: Statement, symbolic: bool, rng: random.Random) -> str:
    """A difference that the judge finds, at a few values of the symbols."""
    lhs, rhs = made.sides
    for at in values((lhs, rhs), made.claims, rng, TRIED - 1) if symbolic else [{}]:
        if judge_modular.differ(lhs, rhs, rng, at, claims=made.claims):
            return f"proved, but the judge found a difference {at or ''}"
    return ""


def _witness_fault(made: Statement, witness: Any, exact: bool) -> str:
    """What is wrong with a witness: its values by the judge, the hypotheses and assumptions; empty if it stands."""
    lhs, rhs = made.sides
    missing = {symbol.name for symbol in all_factor_symbols(made.lhs, made.rhs)} - witness.factors.keys()
    if missing:
        return f"the witness has no values for {missing}"
    symbols = integer_symbols(lhs, rhs)
    for name, number in witness.factors.items():
        if name in symbols and not allowed(symbols[name], number):
            return f"the witness has {name} = {number}, against what is assumed of it"
    for claim in made.claims:
        if fault := _claim_fault(claim, witness):
            return fault
    for node in (*walk(lhs), *walk(rhs)):
        if isinstance(node, FormalSignal) and node.real and node.name in witness.kernels:
            samples = Judge(lhs.ndim or rhs.ndim or 1).signal(witness.kernels[node.name])
            if not all(is_zero(v - v.conjugate()) for v in samples.values()):
                return f"the witness has a complex {node.name}, which is real"
    fault = judge_modular.witness_fault(lhs, rhs, witness)
    if exact and not fault and not (has_blocks(lhs) or has_blocks(rhs)):  # the exact judge knows no blocks
        fault = witness_fault(lhs, rhs, witness)
    return fault


def _claim_fault(claim: Claim, witness: Any) -> str:
    """How a witness contradicts a claim."""
    missing = sorted(s.name for s in claim.symbols() if s.name not in witness.factors)
    if claim.is_about_factors:
        options = [{**witness.factors, **dict.fromkeys(missing, n)} for n in range(1, 13)]  # those may be free
        return "" if any(map(claim.holds, options)) else f"the witness has {witness.factors}, against {claim}"
    q = witness.kernels.get(claim.a.name)
    if q is None:
        return ""
    samples = Judge(q.ndim).signal(q)
    if q.ndim == 1:
        fault = claim.violated({n: v for (n,), v in samples.items()}, witness.factors)
    else:
        fault = any(not is_zero(samples.get(tuple(-i for i in n), 0) - v) for n, v in samples.items())
    return f"the witness has {q}, against {claim}" if fault else ""


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
    half = len(next(iter(value), ())) // 2  # of a formal operator: a row and a column
    return {(at[:half], at[half:]): judge.number(entry) for at, entry in value.items()}
