"""5,000 random statements of eight kinds: the prover and the judge must agree on every one.

``judged(SEED, number, kind)`` makes a statement again, by itself.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from opalgebra.algebra import prove as prover

from . import fuzz_run, statements
from .fuzz_run import CHUNK, ORDER, kind_of, summary
from .judge_modular import TooLarge
from .statements import FULL, KINDS, Outcome, judged, statement, witness_fault

SEED = 20260101
BATCHES = 20


@pytest.mark.parametrize("batch", range(BATCHES))
def test_prover_and_judge_agree(batch: int) -> None:
    """All batches together are one round of the kinds: 100 chunks of 50 statements."""
    lines = [summary(SEED, chunk) for chunk in range(batch, len(ORDER), BATCHES)]
    assert [line["faults"] for line in lines if line["faults"]] == []
    verdicts: Counter[str] = sum((Counter(line["table"]) for line in lines), Counter())
    assert verdicts.total() == 5 * CHUNK
    # A generator that only made true, or only made false, statements would test little.
    assert min(verdicts["equal proved"], verdicts["miss refuted"]) >= 60


def test_every_kind_has_its_share() -> None:
    assert Counter(ORDER) == fuzz_run.SHARES
    assert set(map(kind_of, range(100))) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_derivations_checks_and_exact_witnesses(kind: str) -> None:
    outcomes = [judged(SEED, number * FULL, kind) for number in ((1,) if KINDS[kind].symbolic else (1, 2))]
    assert [outcome for outcome in outcomes if outcome.fault] == []


@pytest.mark.parametrize("kind", KINDS)
def test_statements_said_to_be_equal_are_found_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wrong "proved" is caught; of symbols, where some small value of those tried has to show it, most."""
    refuted = [n for n in range(1, 60) if judged(SEED, n, kind).verdict == "refuted"]
    monkeypatch.setattr(statements, "_asked", lambda *arguments: ("proved", "", None))
    caught = [n for n in refuted if "the judge found a difference" in judged(SEED, n, kind).fault]
    assert len(refuted) >= 15
    assert len(caught) >= (0.9 * len(refuted) if KINDS[kind].symbolic else len(refuted))


@pytest.mark.parametrize("kind", KINDS)
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


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_witness_is_found_out(kind: str) -> None:
    made, witness = _refuted(kind)
    assert statements._witness_fault(made, witness, exact=True) == ""
    turned = made._replace(lhs=made.rhs, rhs=made.lhs)
    assert "the witness claims" in statements._witness_fault(turned, witness, exact=False)
    if witness.channels is None:
        assert "the witness claims" in witness_fault(made.rhs, made.lhs, witness)


def _refuted(kind: str) -> tuple[Any, Any]:
    for number in range(1, 100):
        made = statement(SEED, number, kind)
        proof = prover.prove(made.lhs, made.rhs, made.given)
        if proof.witness is not None:
            return made, proof.witness
    raise AssertionError


def test_a_witness_against_a_hypothesis_is_found_out() -> None:
    numbers = (n for n in range(1, 200) if "Coprime" in str([type(f) for f in statement(SEED, n, "hypotheses").given]))
    for number in numbers:
        made = statement(SEED, number, "hypotheses")
        proof = prover.prove(made.lhs, made.rhs, made.given)
        if proof.witness is not None:
            object.__setattr__(proof.witness, "factors", {"k": 2, "m": 2})
            assert "against gcd" in statements._witness_fault(made, proof.witness, exact=False)
            return
    raise AssertionError


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
    assert text.count("\n| ") == 3 + len(KINDS)


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
