"""5,000 random statements of twenty-three kinds, 500 of them in the short run: prover and judge must agree on all.

``judged(SEED, number, kind)`` makes a statement again, by itself.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

from opalgebra.algebra.decide import prove as prover
from opalgebra.algebra.decide.proof import Proof
from opalgebra.algebra.equations import even_symmetric
from opalgebra.errors import CertificateError
from opalgebra.expr import substitute, transform, walk
from opalgebra.expr.characters import Character
from opalgebra.expr.multirate import Down, Modulate, Shift, Up
from opalgebra.expr.operators import Adjoint, Conj, FormalOperator, Scale, Transpose
from opalgebra.expr.signals import ConjSignal, FormalSignal, Signal
from tests import fuzz_run, statements
from tests.fuzz_run import CHUNK, ORDER, kind_of, summary
from tests.generate import Newest, random_pair
from tests.judge_claims import integer_symbols
from tests.judge_modular import TooLarge
from tests.statements import FULL, KINDS, Kind, Outcome, Statement, judged, statement, witness_fault

SEED = 20260101
BATCHES = 20


@pytest.mark.campaign(2)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_prover_and_judge_agree(batch: int) -> None:
    """All batches together are one round of the kinds: 100 chunks of 50 statements."""
    lines = [summary(SEED, chunk) for chunk in range(batch, len(ORDER), BATCHES)]
    assert [line["faults"] for line in lines if line["faults"]] == []
    verdicts: Counter[str] = sum((Counter(line["table"]) for line in lines), Counter())
    assert verdicts.total() == 5 * CHUNK
    # A generator that only made true, or only made false, statements would test little.
    assert min(verdicts["equal proved"], verdicts["miss refuted"]) >= 60


@pytest.mark.parametrize("formal", [False, True])
def test_prover_and_judge_agree_on_the_newest_letters(formal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(rng: random.Random) -> tuple[Any, ...]:
        return random_pair(Newest(rng.getrandbits(64)), 1 if rng.random() < 0.7 else 2, formal=formal)

    monkeypatch.setitem(KINDS, "newest", Kind(make))
    outcomes = [judged(SEED, number, "newest") for number in range(1, 121)]
    assert [outcome for outcome in outcomes if outcome.fault] == []
    assert min(Counter(outcome.verdict for outcome in outcomes)[verdict] for verdict in ("proved", "refuted")) >= 30


def test_every_kind_has_its_share() -> None:
    assert Counter(ORDER) == fuzz_run.SHARES
    assert set(map(kind_of, range(100))) == set(KINDS)


@pytest.mark.campaign(7)
@pytest.mark.parametrize("kind", KINDS)
def test_derivations_checks_and_exact_witnesses(kind: str) -> None:
    outcomes = [
        judged(SEED, number * FULL, kind) for number in ((1,) if KINDS[kind].symbolic or KINDS[kind].public else (1, 2))
    ]
    assert [outcome for outcome in outcomes if outcome.fault] == []


DECIDED = [kind for kind in KINDS if kind != "contradictions"]


@pytest.mark.campaign(5)
@pytest.mark.parametrize("kind", DECIDED)
def test_statements_said_to_be_equal_are_found_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wrong "proved" is caught; of symbols, where some small value of those tried has to show it, most."""
    numbers = range(1, 36 if KINDS[kind].public else 60)
    refuted = [n for n in numbers if judged(SEED, n, kind).verdict == "refuted"]
    monkeypatch.setattr(statements, "_asked", lambda *arguments: ("proved", "", None))
    caught = [n for n in refuted if "the judge found a difference" in judged(SEED, n, kind).fault]
    assert len(refuted) >= (8 if KINDS[kind].public else 15)
    assert len(caught) >= (0.9 * len(refuted) if KINDS[kind].symbolic else len(refuted))


@pytest.mark.campaign(5)
@pytest.mark.parametrize("kind", DECIDED)
def test_statements_said_to_differ_are_found_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proved = [n for n in range(1, 20) if judged(SEED, n, kind).verdict == "proved"]
    monkeypatch.setattr(statements, "_asked", lambda *arguments: ("refuted", "", None))
    faults = [judged(SEED, n, kind).fault for n in proved]
    assert len(proved) >= 4
    assert all("refuted without a witness" in fault for fault in faults)


def test_undecided_is_a_fault_where_factors_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_asked", lambda *arguments: ("undecided", "for the test", None))
    assert "for the test" in judged(SEED, 1, "1-D").fault
    assert judged(SEED, 1, "symbolic factors").fault == ""


@pytest.mark.campaign(7)
@pytest.mark.parametrize("kind", DECIDED)
def test_a_wrong_witness_is_found_out(kind: str) -> None:
    made, witness = _refuted(kind)
    assert statements._witness_fault(made, witness, exact=True) == ""
    turned = made._replace(lhs=made.rhs, rhs=made.lhs, meant=made.sides[::-1])
    assert "the witness claims" in statements._witness_fault(turned, witness, exact=False)
    if witness.channels is None:
        assert "the witness claims" in witness_fault(*made.sides[::-1], witness)


def _refuted(kind: str) -> tuple[Any, Any]:
    for number in range(1, 100):
        made = statement(SEED, number, kind)
        proof = prover.prove(made.lhs, made.rhs, statements._given(made))
        if proof.witness is not None:
            return made, proof.witness
    raise AssertionError


def test_a_witness_against_a_hypothesis_is_found_out() -> None:
    made = next(made for made in _made("hypotheses", 200) if made.claims and made.claims[0].kind == "coprime")
    proof = prover.prove(made.lhs, made.rhs, statements._given(made))
    if proof.witness is None:
        proof = prover.prove(made.lhs @ Shift(1), made.rhs, statements._given(made))
    object.__setattr__(proof.witness, "factors", {"k": 2, "m": 2})
    assert "against Claim" in statements._witness_fault(made, proof.witness, exact=False)


def _made(kind: str, count: int) -> Iterator[Statement]:
    for number in range(1, count):
        yield statement(SEED, number, kind)


# wrong provers: each new kind has one that it catches


def _everywhere(root: Any, rule: Callable[[Any], Any]) -> Any:
    return transform(root, rule)


def _number(value: Any) -> Any:
    value = complex(value)
    return value if value.imag else value.real


def _rounded(node: Any) -> Any:
    """All numbers as floats."""
    if isinstance(node, Scale) and not getattr(node.scalar, "free_symbols", ()):
        return Scale(_number(node.scalar), node.operator)
    if isinstance(node, Signal) and not any(getattr(v, "free_symbols", ()) for v in node.values.flat):
        values = np.array([_number(v) for v in node.values.flat]).reshape(node.values.shape)
        return Signal(values, start=node.starts)
    return None


def _first_taps(node: Any) -> Any:
    return Signal(node.values[:64], start=node.starts) if isinstance(node, Signal) and node.ndim == 1 else None


def _turned(node: Any) -> Any:
    """Every angle as its negative."""
    if isinstance(node, Character):
        angles = node.frequency if isinstance(node.frequency, tuple) else (node.frequency,)
        return Modulate(frequency=tuple(-a for a in angles) if len(angles) > 1 else -angles[0])
    return None


def _unsigned(node: Any) -> Any:
    """The first row of every matrix with the other sign, which has the same lattice and another order."""
    if isinstance(node, (Up, Down)) and hasattr(node.factor, "rows"):
        first, *rest = node.factor.rows
        return type(node)([[-entry for entry in first], *map(list, rest)])
    return None


def _without_conjugates(node: Any) -> Any:
    if isinstance(node, Adjoint):
        return Transpose(node.operator)
    return node.signal if isinstance(node, ConjSignal) else node.operator if isinstance(node, Conj) else None


def _unweighted(node: Any) -> Any:
    """Every sum with its terms weighted alike."""
    return node.operator if isinstance(node, Scale) and getattr(node.scalar, "free_symbols", ()) else None


def _untransposed(node: Any) -> Any:
    """A formal operator that is its own transpose."""
    inside = isinstance(node, (Transpose, Adjoint)) and isinstance(node.operator, FormalOperator)
    return node.operator if inside else None


def _by_rule(rule: Callable[[Any], Any], one_side: bool = False) -> Callable[..., Any]:
    """A prover that sees other expressions, on the right or on both sides."""

    def wrong(lhs: Any, rhs: Any, given: Any = (), budget: float = 9.0) -> Any:
        left = lhs if one_side else _everywhere(lhs, rule)
        found = prover.prove(left, _everywhere(rhs, rule), given, budget)
        return Proof(lhs, rhs, found.given, found.verdict, found.reason, found.witness)

    return wrong


def _at_two(lhs: Any, rhs: Any, given: Any = (), budget: float = 9.0) -> Any:
    """A prover that tries every symbol at 2 and believes what it sees."""
    symbols = integer_symbols(lhs, rhs)
    at = dict.fromkeys(symbols.values(), 2)
    found = prover.prove(substitute(lhs, at), substitute(rhs, at), (), budget)
    witness = found.witness and replace(found.witness, factors=dict.fromkeys(symbols, 2))
    return Proof(lhs, rhs, (), found.verdict, found.reason, witness)


def _at_one(lhs: Any, rhs: Any, given: Any = (), budget: float = 9.0) -> Any:
    """A prover that refutes at 1, whatever is assumed of a symbol."""
    symbols = integer_symbols(lhs, rhs)
    plain = {symbol: sympy.Symbol(name, integer=True) for name, symbol in symbols.items()}
    at = dict.fromkeys(plain.values(), 1)
    sides = [substitute(substitute(side, plain), at) for side in (lhs, rhs)]
    found = prover.prove(*sides, (), budget)
    if found.witness is None:
        return prover.prove(lhs, rhs, given, budget)
    return Proof(lhs, rhs, (), "refuted", "", replace(found.witness, factors=dict.fromkeys(symbols, 1)))


def _without_hypotheses(lhs: Any, rhs: Any, given: Any = (), budget: float = 9.0) -> Any:
    return prover.prove(lhs, rhs, (), budget)


def _all_even(lhs: Any, rhs: Any, given: Any = (), budget: float = 9.0) -> Any:
    formal = {n.name: n for side in (lhs, rhs) for n in walk(side) if isinstance(n, FormalSignal)}
    return prover.prove(lhs, rhs, [even_symmetric(q) for q in formal.values()], budget)


WRONG: list[tuple[str, str, Any]] = [
    ("exact coefficients", "rounded", _by_rule(_rounded)),
    ("exact blocks", "rounded", _by_rule(_rounded)),
    ("exact sums", "rounded", _by_rule(_rounded)),
    ("boxes", "rounded", _by_rule(_rounded)),
    ("algebraic numbers", "rounded", _by_rule(_rounded)),
    ("constants", "rounded", _by_rule(_rounded)),
    ("dtypes", "rounded", _by_rule(_rounded)),
    ("dtypes", "64 taps", _by_rule(_first_taps)),
    ("exact angles", "turned", _by_rule(_turned, one_side=True)),
    ("real and even kernels", "all even", _all_even),
    ("real and even kernels", "all real", _by_rule(_without_conjugates)),
    ("formal operators", "symmetric", _by_rule(_untransposed)),
    ("signed matrices", "unsigned", _by_rule(_unsigned, one_side=True)),
    ("boxes", "at two", _at_two),
    ("exact sums", "at two", _at_two),
    ("assumptions", "at one", _at_one),
    ("assumptions", "at two", _at_two),
    ("several hypotheses", "without", _without_hypotheses),
    ("several hypotheses", "at one", _at_one),
    ("contradictions", "without", _without_hypotheses),
    ("textbook", "at two", _at_two),
    ("textbook", "turned", _by_rule(_turned, one_side=True)),
    ("textbook", "without weights", _by_rule(_unweighted)),
]


@pytest.mark.campaign(6)
@pytest.mark.parametrize(("kind", "name", "wrong"), WRONG, ids=[f"{kind}, {name}" for kind, name, _ in WRONG])
def test_a_wrong_prover_is_caught(kind: str, name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prover with one mistake, whose checks agree with it: the judge has to see it within a few statements."""
    monkeypatch.setattr(statements, "prove", wrong)
    monkeypatch.setattr(statements, "_check_fault", lambda *arguments: "")
    faults = (outcome.fault for outcome in (fuzz_run.safely(SEED, n, kind) for n in range(1, 150)))
    wanted = ("judge found", "witness", "not equal", "contradict")
    assert any(any(word in fault for word in wanted) for fault in faults)


def test_a_check_that_disagrees_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Proof, "check", lambda proof: False)
    refuted = next(n for n in range(1, 60) if judged(SEED, n, "dtypes").verdict == "contradiction")
    assert "the check of the proof fails" in judged(SEED, refuted, "dtypes").fault


@pytest.mark.parametrize("what", ["another verdict", "refused"])
def test_a_file_that_disagrees_is_caught(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number = statements.SAVED
    loaded = prover.prove(Shift(1), Shift(2) if judged(SEED, number, "dtypes").verdict == "proved" else Shift(1))

    def load(path: str) -> Proof:
        if what == "refused":
            raise CertificateError("for the test")
        return loaded

    monkeypatch.setattr(statements.opalgebra, "load_proof", load)
    assert "file" in judged(SEED, number, "dtypes").fault


@pytest.mark.parametrize("stops", [True, False])
def test_a_late_verdict_is_caught(stops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes after its time, and one that would never come."""

    def late(*arguments: Any) -> Proof:
        begin = time.process_time()
        while not stops or time.process_time() - begin < 0.2:
            pass
        return prover.prove(Shift(1), Shift(1))

    monkeypatch.setattr(statements, "SHORT", 0.1)
    monkeypatch.setattr(statements, "OVER", 0.05)
    monkeypatch.setattr(statements, "prove", late)
    assert judged(SEED, 1, "dtypes").fault.startswith("late")


def test_a_statement_can_be_made_again() -> None:
    for kind in KINDS:
        assert statement(3, 14, kind)[:2] == statement(3, 14, kind)[:2]
        assert isinstance(judged(3, 14, kind), Outcome)


def test_what_is_too_large_for_the_judge_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def twice_too_large(made: Any, *arguments: Any) -> Outcome:
        tried.append(made)
        if len(tried) < 3:
            raise TooLarge
        return Outcome(8, made.hint, "proved", "")

    monkeypatch.setattr(statements, "_outcome", twice_too_large)
    assert judged(SEED, 8).skipped == 2
    assert tried[0] != tried[1]


# the run


def test_a_run_can_be_stopped_resumed_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_run, "CHUNK", 2)
    out, page = tmp_path / "run.jsonl", tmp_path / "fuzz.md"
    page.write_text(f"# Before\n{fuzz_run.BEGIN}\nold\n{fuzz_run.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(fuzz_run, "write", lambda text: _write(text, page))
    monkeypatch.setattr(fuzz_run.resource, "setrlimit", lambda *limits: None)
    arguments = ["--count", "10", "--out", str(out), "--part", "0/1"]
    assert fuzz_run.main(arguments) == 0
    whole = out.read_text(encoding="utf-8").splitlines()
    out.write_text("\n".join(whole[:3]) + "\n" + whole[3][:20], encoding="utf-8")  # stopped while it wrote a line
    with pytest.raises(SystemExit, match="--resume"):
        fuzz_run.main(arguments)
    assert fuzz_run.main([*arguments, "--resume"]) == 0
    header, lines = fuzz_run.read(str(out))
    assert [line["chunk"] for line in lines] == [0, 1, 2, 3, 4]
    assert [line["table"] for line in lines] == [json.loads(line)["table"] for line in whole[1:]]
    assert fuzz_run.main(["--report", str(out)]) == 0
    text = page.read_text(encoding="utf-8")
    assert f"seed {header['seed']}, 10 statements" in text
    assert "old" not in text
    assert text.startswith("# Before")
    assert text.endswith("after\n")
    assert "| all | 10 |" in text
    assert text.count("\n| ") == 3 + len({line["kind"] for line in lines})


_write = fuzz_run.write


def test_faults_are_listed_and_set_the_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> Outcome:
        raise MemoryError("for the test")

    monkeypatch.setattr(fuzz_run, "judged", broken)
    monkeypatch.setattr(fuzz_run, "CHUNK", 2)
    monkeypatch.setattr(fuzz_run.resource, "setrlimit", lambda *limits: None)
    out = str(tmp_path / "run.jsonl")
    assert fuzz_run.main(["--count", "2", "--out", out, "--part", "0/1", "--dry"]) == 1
    assert "MemoryError: for the test" in fuzz_run.section(*fuzz_run.read(out))
