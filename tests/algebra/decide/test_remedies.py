"""Refutations that teach: small witnesses, the same in every process, and what would make the statement true."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Shift, Up
from opalgebra.algebra.decide import remedies
from opalgebra.algebra.decide.remedies import remedy
from tests.algebra.textbooks.test_textbooks import STATEMENTS

k, m, M, L, g, a, b = oa.factors("k m M L g a b")
d = oa.integers("d")
q, h, x = oa.signals("q h x")
REVERSED = "true with the kernel {} reversed on the right side"

CURED: dict[str, tuple[Any, Any, str]] = {
    "coprime": (Up(k) @ Down(m), Down(m) @ Up(k), "true if gcd(k, m) = 1"),
    "coprime, with a filter": (
        Up(k) @ Down(m) @ Conv(Up(m) @ q), Down(m) @ Up(k) @ Conv(Up(m) @ q), "true if gcd(k, m) = 1"),
    "reversed, transposed": ((Down(k) @ Conv(q)).T, Conv(q) @ Up(k), REVERSED.format("q")),
    "reversed, by name": (oa.TransposedConv(h, k), oa.StridedConv(h, k).T, REVERSED.format("h")),
    "reversed, one of two": (Flip() @ Conv(q) @ Conv(h) @ Flip(), Conv(Flip() @ q) @ Conv(h), REVERSED.format("h")),
    "an advance": (
        Conv(q) @ Shift(d), Shift(-d) @ Conv(q), "true with the delays of the right side turned into advances"),
    "not divided": (Down(M) @ Shift(d) @ Up(M), oa.Zero(), "true if M ∤ d"),
    "even": (Conv(q).T @ x, Conv(q) @ x, REVERSED.format("q")),
    "even, on the left": (Conv(Flip() @ q) @ Conv(h), Conv(q) @ Conv(h), REVERSED.format("q")),
}  # fmt: skip
HOPELESS: dict[str, tuple[Any, Any]] = {
    "a factor": (Up(k) @ Down(m), 2 * (Down(m) @ Up(k))),
    "two reversed": (Conv(q).T @ Conv(h).T, Conv(q) @ Conv(h)),
    "no names": (Up(2) @ Down(2), oa.Identity()),
    "a common factor": (Up(2 * k) @ Down(2 * m), Down(2 * m) @ Up(2 * k)),
}


@pytest.mark.parametrize("name", CURED)
def test_one_change_makes_it_true(name: str) -> None:
    lhs, rhs, said = CURED[name]
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "refuted"
    assert remedy(proof) == said
    assert said in str(proof)
    assert "true" in proof._repr_markdown_()
    assert said.split()[1] in proof.latex()


@pytest.mark.parametrize("name", HOPELESS)
def test_nothing_is_said_where_nothing_is_proved(name: str) -> None:
    proof = oa.prove(*HOPELESS[name])
    assert proof.verdict == "refuted"
    assert remedy(proof) == ""
    assert "true" not in str(proof)


def test_what_is_said_is_decided(monkeypatch: Any) -> None:
    """With a decision that proves nothing, nothing is said."""
    monkeypatch.setattr(remedies, "prove", lambda *_, **__: False)
    assert remedy(oa.prove(Up(k) @ Down(m), Down(m) @ Up(k))) == ""


def test_given_hypotheses_stay() -> None:
    proof = oa.prove(Up(k) @ Down(m), Down(m) @ Up(k), given=oa.divides(2, k))
    assert remedy(proof) == "true if gcd(k, m) = 1"
    assert remedy(oa.prove(Up(2 * k) @ Down(m), Down(m) @ Up(2 * k), given=oa.divides(2, m))) == ""


def test_proved_and_bound_statements_need_none() -> None:
    assert remedy(oa.prove(Down(k) @ Up(k), oa.Identity())) == ""
    assert remedy(oa.prove(Down(2).on(4), Down(2).on(4))) == ""


TEXTS = """
import opalgebra as oa
from tests.algebra.textbooks.test_textbooks import STATEMENTS
for name, (lhs, _, wrong, *given) in list(STATEMENTS.items())[::6]:
    print(oa.prove(lhs, wrong, *given))
k, m = oa.factors("k m")
print(oa.prove(oa.Up(k) @ oa.Down(m), oa.Down(m) @ oa.Up(k)))
"""


@pytest.mark.long
def test_every_process_says_the_same() -> None:
    root = os.path.dirname(os.path.dirname(oa.__file__))
    said = {
        subprocess.run(
            [sys.executable, "-c", TEXTS], capture_output=True, text=True, check=True, timeout=300, cwd=root,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": root},
        ).stdout
        for seed in range(4)
    }  # fmt: skip
    assert len(said) == 1
    assert "refuted" in said.pop()


@pytest.mark.parametrize("name", list(STATEMENTS)[::5])
def test_witnesses_are_small(name: str) -> None:
    lhs, _, wrong, *given = STATEMENTS[name]
    witness = oa.prove(lhs, wrong, *given).witness
    assert witness is not None
    place = witness.index if isinstance(witness.index, tuple) else (witness.index,)
    assert max(map(abs, place)) <= 4
    assert all(value in (2, 3) or name[0] == "P" or value in (-1, 0, 1) for value in witness.factors.values())
