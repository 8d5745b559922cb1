"""Derivations: from the left side to the right one, every line true, by an independent check; never a false line."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Repeat, Shift, StridedConv, TransposedConv, Up
from opalgebra.algebra.decide.proof import Step
from opalgebra.algebra.derive import rewrite
from opalgebra.algebra.derive import search as derivations
from opalgebra.algebra.derive.rewrite import normalise
from opalgebra.algebra.derive.search import derivation, lines_hold
from opalgebra.algebra.laws.table import laws
from tests import judge, judge_modular
from tests.generate import operator, rewritten

q, p, x = oa.signals("q p x")
k, m, n = oa.factors("k m n")
d = oa.integers("d")
A, B = oa.operators("A B")
I = Identity()  # noqa: E741
R = Flip()

TEXTBOOK = {
    "upsampling is a transpose": (Up(k), Down(k).T),
    "strided convolution": ((Down(k) @ Conv(q)).T, Conv(R @ q) @ Up(k)),
    "transposed convolution": (Conv(q) @ Up(k), (Down(k) @ Conv(q).T).T),
    "on a signal": (Conv(q) @ (Up(k) @ x), (Down(k) @ Conv(q).T).T @ x),
    "named": (TransposedConv(q, k), StridedConv(R @ q, k).T),
    "adjoint": ((Down(k) @ Conv(q)).H, Conv(R @ q.conj()) @ Up(k)),
    "noble": (Down(k) @ Conv(Up(k) @ q), Conv(q) @ Down(k)),
    "noble, up": (Conv(Up(k) @ q) @ Up(k), Up(k) @ Conv(q)),
    "noble, twice": (Down(m) @ Conv(Up(m) @ q) @ Down(k), Conv(q) @ Down(k * m)),
    "noble inside": (Up(2) @ Down(k) @ Conv(Up(k) @ q) @ R, Up(2) @ Conv(q) @ Down(k) @ R),
    "down of up": (Down(k) @ Up(k), I),
    "products": (Up(k) @ Up(m) @ Up(n), Up(k * m * n)),
    "common factors": (Down(6) @ Up(4), Up(2) @ Down(3)),
    "shifts": (Shift(k * d) @ Up(k) @ Shift(-d), Up(k)),
    "flips": (R @ Down(k) @ Conv(q) @ R, Down(k) @ Conv(R @ q)),
    "repeats": (Repeat(k) @ Conv(q), Conv(Up(k) @ q) @ Repeat(k)),
    "repeat folded": (Conv(q) @ Repeat(k), Conv(Conv(q) @ oa.box(k)) @ Up(k)),
    "strided twice": (Down(k) @ Conv(p) @ Down(m) @ Conv(q), Down(k * m) @ Conv(Conv(Up(m) @ p) @ q)),
    "polyphase": (Down(2) @ Conv(q), laws["polyphase-strided"].instance(k=2)[1]),
    "transposes of operators": ((A @ B @ Up(k)).T, Down(k) @ B.T @ A.T),
    "sums": ((Conv(q) + Up(2)) @ Down(2), Conv(q) @ Down(2) + Up(2) @ Down(2)),
    "scalars": ((2 * Conv(q)) @ (3 * Up(k)), 6 * Conv(q) @ Up(k)),
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_derivations_are_short(name):
    lhs, rhs = TEXTBOOK[name]
    proof = oa.prove(lhs, rhs)
    assert proof
    steps = proof.steps
    assert steps[0] == (lhs, "", "")
    assert steps[-1].expression == rhs
    assert 1 < len(steps) <= 8
    assert all(step.law in laws for step in steps[1:])
    assert_lines(steps, name)
    assert lines_hold(steps, ())


@pytest.mark.parametrize("name", list(laws))
def test_laws_are_derived_in_few_lines(name):
    proof = laws[name].prove()
    assert len(proof.steps) <= 8
    assert proof.steps[0].expression == proof.lhs
    assert proof.steps[-1].expression == proof.rhs
    assert_lines(proof.steps, name, laws[name].conditions)


def assert_lines(steps, seed, conditions=()):
    """Each line equals the one before it, by brute force at random values (where no condition restricts these)."""
    rng = random.Random(seed)
    for above, below in pairwise(steps):
        assert above.expression != below.expression
        assert below.law
        if not conditions:
            assert not judge.differs(above.expression, below.expression, rng), below


@pytest.mark.parametrize("batch", range(5))
def test_derivations_of_random_equal_pairs(batch):
    rng = random.Random(100 + batch)
    lengths = []
    for _ in range(7):
        start = operator(rng, 1)
        if start.ndim not in (None, 1):
            continue
        rhs, _ = rewritten(rng, start, rng.randint(1, 3), 1)
        proof = oa.prove(start, rhs)
        assert proof
        assert proof.steps[0].expression == start
        assert proof.steps[-1].expression == rhs
        assert all(step.law in laws or step.law == "canonical-form" for step in proof.steps[1:])
        for above, below in rng.sample(list(pairwise(proof.steps)), min(3, len(proof.steps) - 1)):
            assert not judge_modular.differs(above.expression, below.expression, rng), (start, rhs, below)
        lengths.append(len(proof.steps))
    assert max(lengths) > 1


def test_derivations_under_hypotheses():
    lhs, rhs = Conv(q) @ Up(k) @ Down(m), Conv(q) @ Down(m) @ Up(k)
    proof = oa.prove(lhs, rhs, given=oa.coprime(k, m))
    assert [step.law for step in proof.steps] == ["", "up-down-coprime"]
    assert "gcd" in proof.steps[1].condition
    assert oa.prove(Conv(q).T, Conv(q), given=oa.even_symmetric(q)).steps[-1].expression == Conv(q)


def test_the_same_expression_needs_no_line():
    assert oa.prove(Up(k), Up(k)).steps == [Step(Up(k), "", "")]


def test_the_condition_of_a_line_is_the_one_of_its_law():
    (_, line) = oa.prove(Up(2) @ Down(3), Down(3) @ Up(2)).steps
    assert line.law == "up-down-coprime"
    assert line.condition
    assert oa.prove(Down(2) @ Up(2), I).steps[1].condition == ""


def test_normal_forms_are_reached_and_stay():
    rng = random.Random(3)
    for _ in range(12):
        expression = operator(rng, 1)
        lines = normalise(expression)
        assert lines[0].expression == expression
        assert len(lines) < rewrite.LINE_LIMIT
        again = normalise(lines[-1].expression)
        assert again[-1].expression == lines[-1].expression


# the rewriter made to fail


def test_a_false_line_is_rejected():
    true = [Step(Down(2) @ Up(2), "", ""), Step(I, "down-up", "")]
    false = [Step(Up(2) @ Down(2), "", ""), Step(I, "down-up", "")]
    detour = [true[0], Step(Shift(1), "down-up", ""), true[1]]
    symbolic = [Step(Up(k) @ Down(k), "", ""), Step(I, "down-up", "")]
    conditional = [Step(Up(k) @ Down(m), "", ""), Step(Down(m) @ Up(k), "up-down-coprime", "gcd(k, m) = 1")]
    assert lines_hold(true, ())
    assert not lines_hold(false, ())
    assert not lines_hold(detour, ())
    assert not lines_hold(symbolic, ())
    assert not lines_hold(conditional, ())
    assert lines_hold(conditional, (oa.coprime(k, m),))


FALSE_SIDES = {  # what a law is made to say
    "noble-down": lambda k, q: (Down(k) @ Conv(Up(k) @ q), Shift(1) @ Conv(q) @ Down(k)),
    "down-transpose": lambda k: (Down(k).T, Up(k) @ Shift(1)),
    "conv-transpose": lambda q: (Conv(q).T, Conv(q)),
    "transpose-product": lambda A, B: ((A @ B).T, A.T @ B.T),
    "flip-conv": lambda q: (R @ Conv(q), Conv(q) @ R),
    "down-up": lambda k: (Down(k) @ Up(k), Flip()),
}
AFFECTED = {
    "noble-down": (Down(2) @ Conv(Up(2) @ q) @ R, Conv(q) @ Down(2) @ R),
    "down-transpose": (Down(3).T @ R, R @ Up(3)),
    "conv-transpose": ((Conv(q) @ Up(2)).T, Down(2) @ Conv(R @ q)),
    "transpose-product": ((Conv(q) @ Up(2)).T, Down(2) @ Conv(R @ q)),
    "flip-conv": (R @ Conv(q) @ Up(2) @ R, Conv(R @ q) @ Up(2)),
    "down-up": (Conv(q) @ Down(2) @ Up(2) @ R, Conv(q) @ R),
}


@pytest.mark.parametrize("name", FALSE_SIDES)
def test_a_false_law_never_surfaces(name, monkeypatch):
    """With a law made false, the derivation takes another way or falls back; no line of it is false."""
    law = laws[name]
    monkeypatch.setitem(law.__dict__, "sides", FALSE_SIDES[name])
    monkeypatch.delitem(law.__dict__, "patterns", raising=False)
    lhs, rhs = AFFECTED[name]
    try:
        assert law.prove().verdict == "refuted"
        found = list(law.apply(lhs))
        assert found  # the false law does fit, so it was there to be used
        assert any(not oa.prove(lhs, new) for new in found)
        proof = oa.prove(lhs, rhs)
        assert proof
        assert_lines(proof.steps, name)
        assert proof.steps[0].expression == lhs
        assert proof.steps[-1].expression == rhs
        assert proof.check()
    finally:
        law.__dict__.pop("patterns", None)


def test_a_rewriter_that_invents_lines_falls_back(monkeypatch):
    lhs, rhs = Conv(q) @ Up(2), (Down(2) @ Conv(q).T).T

    def invented(left, right, facts):
        return [Step(left, "", ""), Step(Up(2), "noble-down", ""), Step(right, "noble-up", "")]

    monkeypatch.setattr(derivations, "_single_law", invented)
    steps = derivation(lhs, rhs, ())
    assert [(step.expression, step.law) for step in steps] == [(lhs, ""), (rhs, "canonical-form")]


@pytest.mark.parametrize("nonsense", [I, R, Shift(1), Up(2)], ids=str)
def test_a_table_with_wrong_entries_gives_no_false_line(nonsense, monkeypatch):
    """Any two neighbours replaced by nonsense: whatever comes out is checked."""
    called = []

    def wrong(run, facts):
        called.append(run)
        return 2, ("flip-flip", nonsense, "")

    monkeypatch.setattr(rewrite, "_run", wrong)
    lhs, rhs = Down(2) @ Conv(Up(2) @ q) @ R @ Up(3) @ Shift(1), Conv(q) @ Down(2) @ Up(3) @ Shift(-1) @ R
    proof = oa.prove(lhs, rhs)
    assert proof
    assert proof.steps[0].expression == lhs
    assert proof.steps[-1].expression == rhs
    assert_lines(proof.steps, "wrong")
    assert called
