"""The canonical expression: equal to what it came from, its own simplest form, and the same for equal operators."""

from __future__ import annotations

import random

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import AvgPool, Conv, Down, Flip, Identity, Modulate, Repeat, Shift, Signal, Up, Zero
from opalgebra.algebra.decide import canonical, written
from opalgebra.errors import OperandError, Undecided
from opalgebra.expr import walk
from tests import judge_modular
from tests.generate import operator, random_pair, rewritten

q, p = oa.signals("q p")
k, m = oa.factors("k m")
A, B = oa.operators("A B")
I = Identity()  # noqa: E741
R = Flip()
a, b = sympy.symbols("a b")

SIMPLE = {
    "the identity": (Down(3) @ Up(3), I),
    "zero": (Down(2) @ Shift(1) @ Up(2), Zero()),
    "cancellation": (Conv(q) @ Up(2) - Conv(q) @ Up(2), Zero()),
    "a common factor": (Down(6) @ Up(4), Down(3) @ Up(2)),
    "a shift": (Conv([0, 0, 1]), Shift(2)),
    "a multiple": (Conv([3]), 3 * I),
    "known taps": (Down(3) @ Conv([1, 0, 0, 2]) @ Up(3), Conv([1, 2])),
    "a product of kernels": (Conv([1, 1]) ** 2, Conv([1, 2, 1])),
    "flips": (R @ Conv([1, 2]) @ R, Conv(Signal([2, 1], start=-1))),
    "residues": (sum(Shift(r) @ Up(3) @ Down(3) @ Shift(-r) for r in range(3)), I),
    "a mean": (AvgPool(3) @ Repeat(3), I),
    "formal": (R @ Conv(q) @ R, Conv(R @ q)),
    "symbolic taps": (Conv([a, b]) @ Conv([a, -b]), Conv([a**2, 0, -(b**2)])),
    "roots": (Conv([sympy.sqrt(2)]) ** 2, 2 * I),
    "two axes": (Down((2, 3)) @ Up((2, 3)), I),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_simple_forms(name):
    expression, wanted = SIMPLE[name]
    found = expression.simplify()
    assert oa.prove(found, wanted)
    assert found == wanted.simplify()
    assert sum(1 for _ in walk(found)) <= sum(1 for _ in walk(wanted)) + 2


def test_the_simplest_operators_are_left_alone():
    for expression in (I, Zero(), Up(2), Down(3), Shift(-2), R, Conv([1, 2]), Conv(q), Up((2, 3)), Conv(q) @ Up(2)):
        assert expression.simplify() == expression


@pytest.mark.parametrize("batch", range(10))
def test_random_pairs(batch):
    """Equal to the original; the same when simplified again; the same tree exactly where prove says equal."""
    rng = random.Random(batch)
    verdicts = []
    for _ in range(12):
        lhs, rhs, hint = random_pair(rng)
        left, right = lhs.simplify(), rhs.simplify()
        assert oa.prove(lhs, left), lhs
        assert left.simplify() == left, lhs
        same = bool(oa.prove(lhs, rhs))
        assert (left == right) == same, (lhs, rhs, hint)
        if same:
            assert hash(left) == hash(right)
        verdicts.append(same)
    assert any(verdicts)
    assert not all(verdicts)


def test_simplified_operators_agree_by_the_judge():
    rng, seen = random.Random(77), 0
    for _ in range(40):
        expression = operator(rng, 1)
        if expression.ndim in (None, 1):
            assert not judge_modular.differs(expression, expression.simplify(), rng), expression
            seen += 1
    assert seen > 20


def test_concrete_operators_run_alike():
    rng = random.Random(4)
    x = Signal([rng.randint(-9, 9) for _ in range(60)], start=-30)
    for word in (
        Down(2) @ Conv([1, 2, 3]) @ Up(3), Modulate([1, 2, 3]) @ Up(2), Up(2) @ Down(2) + R, Repeat(3) @ Down(2),
        (Conv([1, 2]) @ Up(2)).T @ Conv([0, 1, 1]), Down(4) @ Shift(3) @ Up(6), 4 * AvgPool(4) @ Repeat(2),
    ):  # fmt: skip
        assert np.allclose((word.simplify() @ x)[-200:200].astype(float), (word @ x)[-200:200].astype(float))


def test_symbolic_factors_give_a_normal_form_that_is_equal():
    for expression in (
        Down(k) @ Up(k), Conv(Up(k) @ q) @ Up(k), (Down(k) @ Conv(q).T).T, (A @ Up(k)).T, Shift(k) @ Up(k) @ Shift(-1),
        2 * Conv(q) @ Up(k) - Up(k) @ R,
    ):  # fmt: skip
        found = expression.simplify()
        assert oa.prove(expression, found)
        assert found.simplify() == found
    assert (Down(k) @ Up(k)).simplify() == I


def test_formal_operators_give_a_normal_form_that_is_equal():
    for expression in ((A @ B).T, (A + B) @ (A - B), A.H.H, (2j * A).H):
        assert oa.prove(expression, expression.simplify())
    assert (A.T.T @ B.H.H).simplify() == A @ B


def test_rewritten_operators_simplify_to_the_same_tree():
    rng = random.Random(8)
    for _ in range(10):
        start = operator(rng, 1)
        if start.ndim in (None, 1):
            other, _ = rewritten(rng, start, 3, 1)
            assert start.simplify() == other.simplify()


def test_too_large_expressions_are_refused(monkeypatch):
    monkeypatch.setattr(written, "TERM_LIMIT", 4)
    with pytest.raises(Undecided, match="budget"):
        (Up(7) @ Down(7) @ Conv(q)).simplify()
    monkeypatch.setattr(canonical, "REFINE_LIMIT", 10)
    with pytest.raises(Undecided, match="budget"):
        (Up(29) @ Down(29) + Up(31) @ Down(31)).simplify()


def test_one_name_for_two_things():
    with pytest.raises(OperandError, match="different names"):
        (Conv(oa.signals("u", real=True)) + Conv(oa.signals("u"))).simplify()
