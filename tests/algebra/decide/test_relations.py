"""Statements under hypotheses about kernels: proved, refuted at kernels that satisfy them, or left open."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.algebra.decide.examples import assignments
from opalgebra.algebra.decide.relations import generators

I = oa.Identity()  # noqa: E741  # the name that it has on paper
q, h, g = oa.signals("q h g")
s = oa.signals("s", length=4, real=True)
c = oa.signals("c", length=4)
BAND = oa.Down(2) @ oa.Conv(q)
PROJECTION = BAND.H @ BAND
FINITE = oa.Down(2) @ oa.Conv(s)
MIRROR = oa.Down(2) @ oa.Conv(oa.Signal([-v if n % 2 else v for n, v in enumerate(s.values[::-1])]))
COMPLEX = oa.Down(2) @ oa.Conv(c)
pair = oa.filterbank([h, g], [oa.Flip() @ h.conj(), oa.Flip() @ g.conj()], 2)

PROVED = {
    "definition": (BAND @ BAND.H, I, oa.orthonormal(q, 2)),
    "projection": (PROJECTION @ PROJECTION, PROJECTION, oa.orthonormal(q, 2)),
    "inside a word": (oa.Up(3) @ BAND @ PROJECTION @ oa.Flip(), oa.Up(3) @ BAND @ oa.Flip(), oa.orthonormal(q, 2)),
    "in a sum": (2 * BAND @ BAND.H + oa.Shift(1), 2 * I + oa.Shift(1), oa.orthonormal(q, 2)),
    "paraunitary": (pair.operator, I, oa.paraunitary([h, g], 2)),
    "bands are orthogonal": (oa.Down(2) @ oa.Conv(h) @ oa.Conv(g).H @ oa.Up(2), oa.Zero(), oa.paraunitary([h, g], 2)),
    "nyquist": (oa.Down(3) @ oa.Conv(h) @ oa.Up(3), I, oa.nyquist(h, 3)),
    "taps": (FINITE @ FINITE.H, I, oa.orthonormal(s, 2)),
    "projection of taps": (FINITE.H @ FINITE @ FINITE.H @ FINITE, FINITE.H @ FINITE, oa.orthonormal(s, 2)),
    "quadrature mirror": (FINITE.H @ FINITE + MIRROR.H @ MIRROR, I, oa.orthonormal(s, 2)),
    "complex taps": (COMPLEX @ COMPLEX.H @ COMPLEX, COMPLEX, oa.orthonormal(c, 2)),
}
FALSE = {
    "a band is no identity": (PROJECTION, I, oa.orthonormal(q, 2)),
    "no reversal": (oa.filterbank([h, g], [h, g], 2).operator, I, oa.paraunitary([h, g], 2)),
    "nyquist is no impulse": (oa.Conv(h), I, oa.nyquist(h, 2)),
    "another factor": (oa.Down(3) @ oa.Conv(h) @ oa.Up(3), I, oa.nyquist(h, 2)),
    "taps of one band": (FINITE.H @ FINITE, I, oa.orthonormal(s, 2)),
    "a sign": (FINITE.H @ FINITE - MIRROR.H @ MIRROR, I, oa.orthonormal(s, 2)),
    "unit taps": (FINITE @ oa.Conv(s).H, oa.Down(2), oa.orthonormal(s, 2)),
}


@pytest.mark.parametrize("name", PROVED)
def test_proved(name):
    lhs, rhs, given = PROVED[name]
    proof = oa.prove(lhs, rhs, given=given)
    assert proof.verdict == "proved", proof.reason
    assert proof.reason
    assert proof.check()
    assert "given" in str(proof)
    assert oa.prove(lhs, rhs).verdict == "refuted"  # the hypothesis is needed


@pytest.mark.parametrize("name", FALSE)
def test_refuted_at_kernels_that_satisfy_the_hypotheses(name):
    lhs, rhs, given = FALSE[name]
    proof = oa.prove(lhs, rhs, given=given)
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


def test_a_witness_that_breaks_the_hypothesis_is_found_out():
    proof = oa.prove(PROJECTION, I, given=oa.orthonormal(q, 2))
    proof.witness._names["q"] = {(0,): 2}
    proof.witness.kernels["q"] = oa.Signal([2])
    assert not proof.check()


def test_contradictions_are_refused():
    short = oa.signals("n", length=2, start=1)  # has no tap at 0
    with pytest.raises(oa.OperandError, match="contradict"):
        oa.prove(oa.Conv(short), I, given=oa.nyquist(short, 2))
    with pytest.raises(oa.OperandError, match="contradict"):
        oa.prove(FINITE, I, given=(oa.orthonormal(s, 2), oa.nyquist(s, 1), oa.nyquist(oa.Shift(-1) @ s, 1)))


def test_what_no_way_settles_is_undecided():
    # true for real q (orthonormal for 1 means |q| = 1 on the circle, so q is one tap), but beyond the rules
    proof = oa.prove(oa.Conv(q) @ oa.Conv(q) @ oa.Conv(q).H, oa.Conv(q), given=oa.orthonormal(q, 1))
    assert proof.verdict in ("proved", "undecided")
    assert oa.prove(BAND.T, BAND.H, given=(oa.orthonormal(q, 2), oa.even_symmetric(q))).verdict == "undecided"


def test_the_pool_satisfies_what_it_should():
    """Every kernel of the pool, against the definition in NumPy."""
    found = list(assignments([oa.orthonormal(q, 2)]))
    assert len(found) >= 4
    for kernels in found:
        taps = np.array([float(v) for v in kernels["q"].values])
        correlation = np.correlate(taps, taps, "full")[len(taps) - 1 :: 2]
        assert np.allclose(correlation, np.eye(1, len(correlation))[0])


def test_two_axes_and_assumptions_of_taps():
    plane = oa.signals("w", length=(2, 2), real=True)
    A = oa.Down((2, 2)) @ oa.Conv(plane)
    assert oa.prove(A @ A.H @ A, A, given=oa.orthonormal(plane, (2, 2))).verdict == "proved"
    assert oa.prove(A.H @ A, I, given=oa.orthonormal(plane, (2, 2))).verdict == "undecided"  # no kernels are tried
    a, b = sympy.symbols("a b", positive=True)
    positive = oa.Signal([a, b])
    B = oa.Down(2) @ oa.Conv(positive)
    proof = oa.prove(B.H @ B, I, given=oa.orthonormal(positive, 2))
    assert proof.verdict == "refuted"
    assert proof.check()
    assert all(value > 0 for value in (proof.witness.factors[name] for name in "ab"))


def test_many_taps_go_by_rules():
    long = oa.signals("v", length=12, real=True)
    A = oa.Down(2) @ oa.Conv(long)
    proof = oa.prove(A @ A.H @ A, A, given=oa.orthonormal(long, 2))
    assert proof.verdict == "proved"
    assert proof.reason.startswith("by the rules")
    assert oa.prove(A.H @ A, I, given=oa.orthonormal(long, 2)).verdict == "refuted"


def test_generators_are_the_autocorrelation():
    s0, s1, s2, s3 = s.values
    wanted = {s0**2 + s1**2 + s2**2 + s3**2 - 1, s0 * s2 + s1 * s3}
    assert set(generators([oa.orthonormal(s, 2)])) == wanted
    assert sympy.groebner(wanted, s0, s1, s2, s3).exprs != [1]


@pytest.mark.parametrize(
    "call",
    [
        lambda: oa.orthonormal([1, 2], 2),
        lambda: oa.orthonormal(oa.Signal([1, 2]), 2),
        lambda: oa.paraunitary([h], 2),
        lambda: oa.nyquist(oa.Conv(h) @ g, 2),
    ],
)
def test_bad_hypotheses(call):
    with pytest.raises(oa.OperandError):
        call()
