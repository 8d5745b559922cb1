"""2,000 random statements: the prover and the judge must agree on every one.

``judged(SEED, number)`` makes statement ``number`` again, by itself.
"""

from __future__ import annotations

from collections import Counter

import pytest

from opalgebra.algebra import prove as prover

from . import statements
from .statements import Outcome, judged, statement, witness_fault

SEED = 20260101
BATCH = 100


@pytest.mark.parametrize("batch", range(20))
def test_prover_and_judge_agree(batch: int) -> None:
    outcomes = [judged(SEED, number) for number in range(batch * BATCH, (batch + 1) * BATCH)]
    assert [outcome for outcome in outcomes if outcome.fault] == []
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    # A generator that only made true, or only made false, statements would test little.
    assert min(verdicts["proved"], verdicts["refuted"]) >= 20


@pytest.mark.parametrize("lie", ["proved", "refuted", "undecided"])
def test_a_prover_that_always_says_the_same_is_found_out(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(lhs: object, rhs: object) -> prover.Proof:
        return prover.Proof(lhs, rhs, (), lie, "for the test")  # type: ignore[arg-type]

    monkeypatch.setattr(statements, "prove", lying)
    faults = [judged(SEED, number).fault for number in range(12)]
    assert any(faults)


def test_a_wrong_witness_is_found_out() -> None:
    number = next(n for n in range(100) if judged(SEED, n).verdict == "refuted")
    lhs, rhs, _ = statement(SEED, number)
    witness = prover.prove(lhs, rhs).witness
    assert witness is not None
    assert witness_fault(lhs, rhs, witness) == ""
    assert "the witness claims" in witness_fault(rhs, lhs, witness)


def test_a_statement_can_be_made_again() -> None:
    assert statement(3, 14)[:2] == statement(3, 14)[:2]
    assert isinstance(judged(3, 14), Outcome)
