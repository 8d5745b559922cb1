"""Replaying proofs with the plain evaluator: true ones stand, tampered ones fall."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy
from sympy import I as i
from sympy import Rational, cbrt, conjugate, exp, pi, sqrt

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Modulate, Repeat, Shift, Signal, Up, Zero
from opalgebra.algebra.certificates import certify
from opalgebra.algebra.decide import canonical, decision
from opalgebra.algebra.decide.proof import Proof, Step
from opalgebra.algebra.judge.evaluate import Evaluator, differs
from opalgebra.errors import FormalSignalError

q, p, x = oa.signals("q p x")
k, m = oa.factors("k m")
A = oa.operators("A")
I = Identity()  # noqa: E741
R = Flip()
a, b = sympy.symbols("a b")
t = sympy.Symbol("t", real=True)

PROVED = [
    (Down(2) @ Up(2), I), (Conv(q) @ Up(k), (Down(k) @ Conv(q).T).T), (Conv(q).H, Conv(R @ q.conj())),
    (Down(2) @ (Up(2) @ x), x), (A.T.T, A), (Conv([sqrt(2)]) @ Conv([sqrt(3)]), Conv([sqrt(6)])),
    (Conv([a]) @ Conv([b]), a * b * I), (Modulate([1, 0]), Up(2) @ Down(2)), (Down((2, 3)) @ Up((2, 3)), I),
    (Conv(q) @ Repeat(3), Conv(Conv(q) @ oa.box(3)) @ Up(3)), (Up(40) @ Down(40), Modulate([1] + [0] * 39)),
]  # fmt: skip
REFUTED = [
    (Up(2) @ Down(2), I), (Conv(q) @ Up(k), (Up(k) @ Conv(q).T).T), (Conv(q).H, Conv(q).T), (A.T, A),
    (Up(2) @ (Down(2) @ x), x), (Conv([[1, 2], [3, 4]]), Conv([[1, 3], [2, 4]])), (Conv([a]).H, Conv([a]).T),
    (Conv([sqrt(2)]), Conv([Rational(7, 5)])), (Conv(q).T, Conv(q) @ Shift(1)),
]  # fmt: skip


@pytest.mark.parametrize(("lhs", "rhs"), PROVED, ids=str)
def test_proofs_stand(lhs, rhs):
    proof = oa.prove(lhs, rhs)
    assert proof
    assert proof.check()


@pytest.mark.parametrize(("lhs", "rhs"), REFUTED, ids=str)
def test_refutations_stand(lhs, rhs):
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "refuted"
    assert proof.check()


def test_an_undecided_statement_has_nothing_to_replay():
    proof = oa.prove((Down(k) @ Up(m)) ** 2, Down(k**2) @ Up(m**2))
    assert proof.verdict == "undecided"
    assert not proof.check()


# proofs made false


@pytest.mark.parametrize(("lhs", "rhs"), REFUTED, ids=str)
def test_a_false_claim_of_proof_falls(lhs, rhs):
    proof = Proof(lhs, rhs, (), "proved")
    proof.__dict__["steps"] = [Step(lhs, "", ""), Step(rhs, "canonical-form", "")]
    assert not proof.check()


@pytest.mark.parametrize(("lhs", "rhs"), PROVED, ids=str)
def test_a_refutation_without_a_witness_falls(lhs, rhs):
    assert not Proof(lhs, rhs, (), "refuted").check()


@pytest.mark.parametrize(("lhs", "rhs"), [(Down(2) @ Up(2), I), (Modulate([1, 0]), Up(2) @ Down(2)), (R @ R, I)])
def test_a_borrowed_witness_falls(lhs, rhs):
    """The witness of another statement tells nothing about a true one."""
    borrowed = oa.prove(Up(2) @ Down(2), I).witness
    assert not Proof(lhs, rhs, (), "refuted", witness=borrowed).check()


def chain():
    return oa.prove(Conv(q) @ Up(2), (Down(2) @ Conv(q).T).T)


def tampered(proof, change):
    again = Proof(proof.lhs, proof.rhs, proof.given, "proved")
    again.__dict__["steps"] = change(list(proof.steps))
    return again


@pytest.mark.parametrize(
    "change",
    [
        lambda steps: [steps[0], Step(Shift(1) @ steps[0].expression, "noble-up", ""), *steps[1:]],
        lambda steps: [steps[0], Step(Conv(R @ q) @ Up(2), "noble-up", ""), *steps[1:]],
        lambda steps: [steps[0], Step(Conv(q.conj()) @ Up(2), "noble-up", ""), *steps[1:]],
        lambda steps: [steps[0], Step(Conv(q) @ Up(3), "noble-up", ""), *steps[1:]],
        lambda steps: [steps[0], Step(2 * Conv(q) @ Up(2), "noble-up", ""), *steps[1:]],
        lambda steps: [steps[0], Step(Conv(q) @ Up(2) + 10**-9 * I, "noble-up", ""), *steps[1:]],
        lambda steps: [steps[0], Step(Conv(q) @ Up(2) @ (I - Up(97) @ Down(97)), "noble-up", ""), *steps[1:]],
        lambda steps: steps[:-1],
        lambda steps: steps[1:],
        lambda steps: [steps[0]],
        lambda steps: [*steps, Step(Up(2), "up-up", "")],
        lambda steps: steps[::-1],
    ],
)
def test_a_tampered_step_is_found(change):
    proof = chain()
    assert proof.check()
    assert tampered(proof, lambda steps: steps).check()
    assert not tampered(proof, change).check()


def test_symbolic_lines_are_tried_for_several_factors():
    proof = oa.prove(Down(k) @ Conv(Up(k) @ q), Conv(q) @ Down(k))
    assert proof.check()
    for line in (Down(k) @ Conv(Up(2) @ q), Conv(q) @ Down(k) @ Shift(k - 1)):
        between = Step(line, "noble-down", "")
        assert not tampered(proof, lambda steps, between=between: [steps[0], between, steps[-1]]).check()


def test_hypotheses_are_used_in_the_replay():
    lhs, rhs = Up(k) @ Down(m), Down(m) @ Up(k)
    assert oa.prove(lhs, rhs, given=oa.coprime(k, m)).check()
    without = Proof(lhs, rhs, (), "proved")
    without.__dict__["steps"] = [Step(lhs, "", ""), Step(rhs, "up-down-coprime", "")]
    assert not without.check()
    assert oa.prove(Conv(q).T, Conv(q), given=oa.even_symmetric(q)).check()
    even = Proof(Conv(q).H, Conv(q), (oa.even_symmetric(q),), "proved")
    even.__dict__["steps"] = [Step(Conv(q).H, "", ""), Step(Conv(q), "conv-adjoint", "")]
    assert not even.check()


# witnesses made false


@pytest.mark.parametrize(
    "change",
    [
        lambda w: replace(w, lhs=w.lhs + 1), lambda w: replace(w, rhs=w.rhs + 1), lambda w: replace(w, lhs=w.rhs),
        lambda w: replace(w, lhs=w.rhs, rhs=w.lhs), lambda w: replace(w, index=w.index + 1),
        lambda w: replace(w, index=w.index - 1), lambda w: replace(w, input=Signal([1], start=0)),
        lambda w: replace(w, factors={"k": 1}),
    ],
)  # fmt: skip
def test_a_tampered_witness_is_found(change):
    proof = oa.prove(Up(k) @ Down(k), I)
    assert proof.check()
    assert not Proof(proof.lhs, proof.rhs, (), "refuted", witness=change(proof.witness)).check()


def test_a_tampered_kernel_is_found():
    proof = oa.prove(Conv(q).T, Conv(q))
    even = replace(proof.witness, _names={"q": {(0,): 1}})
    assert proof.check()
    assert not Proof(proof.lhs, proof.rhs, (), "refuted", witness=even).check()


@pytest.mark.parametrize(
    ("module", "name"), [(canonical, "canonical_of"), (decision, "canonical_form"), (decision, "same_canonical")]
)
def test_the_replay_uses_no_canonical_form(module, name, monkeypatch):
    """With the prover's forms broken, the replay still tells true from false; the prover itself is stopped."""
    good, bad = chain(), Proof(Up(2) @ Down(2), I, (), "proved")
    bad.__dict__["steps"] = [Step(bad.lhs, "", ""), Step(bad.rhs, "down-up", "")]
    assert good.steps

    def broken(*_):
        raise AssertionError("the prover was asked")

    monkeypatch.setattr(module, name, broken)
    assert good.check()
    assert not bad.check()
    with pytest.raises(AssertionError, match="the prover was asked"):
        oa.prove(Down(2) @ Conv([1, 2]) @ Up(2), I)


def test_a_broken_evaluator_is_noticed(monkeypatch):
    """The replay must be able to fail: with ↑ evaluated as if shifted, true lines no longer hold."""
    from opalgebra.algebra.judge import evaluate

    def shifted(samples, factor):
        return {tuple(n * f + 1 for n, f in zip(at, factor, strict=True)): w for at, w in samples.items()}

    monkeypatch.setattr(evaluate, "_spread", shifted)
    assert not oa.prove(Down(2) @ Up(2), I).check()


def test_inputs_reach_all_residues_and_far_out():
    inputs = certify._inputs(Up(6) @ Down(6), I, certify.Evaluator(1), certify.Random(0))
    assert {at[0] % 6 for at in inputs} == set(range(6))
    assert max(abs(at[0]) for at in inputs) > 10_000


# numbers


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sqrt(2) * sqrt(3), sqrt(6)), (sqrt(3 + 2 * sqrt(2)), 1 + sqrt(2)), (sqrt(5 + 2 * sqrt(6)), sqrt(2) + sqrt(3)),
        (cbrt(2) ** 3, sympy.Integer(2)), (cbrt(7 + 5 * sqrt(2)), 1 + sqrt(2)), (exp(2 * pi * i / 3) ** 3, 1),
        (sympy.cos(pi / 8) ** 2, (2 + sqrt(2)) / 4), (a * (a + b), a**2 + a * b), ((a**2 - b**2) / (a - b), a + b),
        (conjugate(a * b), conjugate(a) * conjugate(b)), (sqrt(t**2), abs(t)),
        (sympy.sin(a) ** 2 + sympy.cos(a) ** 2, 1),
        (sympy.log(6), sympy.log(2) + sympy.log(3)), (1 / (1 + sqrt(2)), sqrt(2) - 1), (i**2, -1), (0, 0),
        (sympy.GoldenRatio**2, sympy.GoldenRatio + 1), (sympy.Rational(1, 3), sympy.Rational(2, 6)),
    ],
    ids=str,
)  # fmt: skip
def test_equal_numbers_do_not_differ(left, right):
    assert not differs(left, right)
    assert not differs(right, left)
    assert differs(left, right + 1)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (0, 1), (sqrt(2), Rational(14142135623730951, 10**16)), (pi, Rational(22, 7)), (a, b), (a, conjugate(a)),
        (sqrt(2) + sqrt(3), sqrt(10)), (i, -i), (sqrt(a**2), a), (sqrt(t**2), t), (10**40 + sqrt(2), 10**40 + sqrt(3)),
        (sqrt(2), Rational(1414213562373095048801688724209698078569671875376948, 10**51)), (t, -t), (abs(t), t),
        (Rational(1, 10**60), 0), (sqrt(2) / 10**60, 0),
    ],
    ids=str,
)  # fmt: skip
def test_different_numbers_differ(left, right):
    assert differs(left, right)
    assert differs(right, left)


def test_sample_values_respect_what_is_assumed_of_a_symbol():
    negative = sympy.Symbol("n", negative=True)
    assert not differs(sympy.Max(negative, -negative), -negative)
    assert not differs(abs(negative), -negative)
    even = sympy.Symbol("e", even=True)
    assert not differs((-1) ** even, 1)
    whole = sympy.Symbol("w", integer=True)
    assert not differs(sympy.cos(2 * pi * whole), 1)
    assert not differs(sympy.floor(whole), whole)


def test_the_evaluator_needs_numbers():
    with pytest.raises(FormalSignalError, match="formal"):
        Evaluator(1).act(Conv(q), {(0,): 1})
    with pytest.raises(FormalSignalError, match="symbolic"):
        Evaluator(1).act(Up(k), {(0,): 1})
    assert Evaluator(1).act(Zero(), {(0,): 1}) == {}
