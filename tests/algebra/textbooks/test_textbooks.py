"""Statements of textbooks: each is derived by laws with names, and the near miss beside it is refuted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

import opalgebra as oa

from .banks import BANKS
from .rates import RATES

STATEMENTS = {**RATES, **BANKS}
LINES = 8
UNNAMED = {"canonical-form", "hypothesis"}
STILL_BY_DECISION = {  # proved, and no few lines of named laws are known for them yet
    "S4 a product filter", "S4 alias of a QMF bank", "F4 two-channel Haar",
}  # fmt: skip


def test_there_are_many() -> None:
    assert len(STATEMENTS) == len(RATES) + len(BANKS) >= 240
    assert len(STATEMENTS) - len(STILL_BY_DECISION) >= 200


@pytest.mark.campaign(60)
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_derived_by_laws_with_names(name: str) -> None:
    lhs, rhs, _, *given = STATEMENTS[name]
    proof = oa.prove(lhs, rhs, *given)
    assert proof.verdict == "proved", proof.reason
    used = [step.law for step in proof.steps[1:]]
    short = len(proof.steps) <= LINES and not UNNAMED & set(used)
    assert short != (name in STILL_BY_DECISION), used
    assert all(law in oa.laws for law in used) or name in STILL_BY_DECISION
    printed = [str(step.expression) for step in proof.steps]
    assert all(before != after for before, after in pairwise(printed))


@pytest.mark.campaign(60)
@pytest.mark.parametrize("name", STATEMENTS)
def test_its_near_miss_is_refuted(name: str) -> None:
    lhs, _, wrong, *given = STATEMENTS[name]
    proof = oa.prove(lhs, wrong, *given)
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


@pytest.mark.campaign(20)
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_derivation_is_replayed(name: str) -> None:
    lhs, rhs, _, *given = STATEMENTS[name]
    assert oa.prove(lhs, rhs, *given).check()


def test_the_tables_would_see_a_fault(monkeypatch: Any) -> None:
    """With a law that is wrong no line is shown."""
    from opalgebra.algebra.derive import rewrite, search
    from opalgebra.algebra.laws.finders import times
    from opalgebra.expr import IndexedSum

    lhs, rhs, *_ = STATEMENTS["V4 phases backwards"]
    assert UNNAMED.isdisjoint(step.law for step in oa.prove(lhs, rhs).steps)

    def twice(names: Any, node: Any, facts: Any) -> Any:
        return ("phase-sum", times(2, node.body), "") if isinstance(node, IndexedSum) else None

    monkeypatch.setattr(rewrite, "by_finder", twice)
    for name in ("V4 phases backwards", "V4 permuted phases", "C2 CIC, two stages"):
        lhs, rhs, _, *given = STATEMENTS[name]
        assert search.lines_hold(oa.prove(lhs, rhs, *given).steps, tuple(given))
