"""Statements that once broke the prover: wrong verdicts, crashes, hangs.  Each stays here as a reproducer."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import AvgPool, Conv, Down, Identity, LinearUp, Modulate, Repeat, Shift, Signal, Up, Zero, prove
from opalgebra.expr import walk
from opalgebra.expr.signals import box

I = Identity()  # noqa: E741
p, q = oa.signals("p q")
k, m = oa.factors("k m")


def kept(step: int, residue: int = 0) -> oa.LinearOperator:
    """The samples at n ≡ residue mod step, where they are."""
    return Shift(residue) @ Up(step) @ Down(step) @ Shift(-residue)


def agrees(proof: oa.Proof, verdict: str) -> bool:
    return proof.verdict == verdict and (verdict == "undecided" or proof.check())


# kernels that occur many times


@pytest.mark.parametrize("count", [8, 12, 30])
def test_a_kernel_that_occurs_many_times_is_not_permuted_in_vain(count: int) -> None:
    assert prove(Conv(q) ** count, Conv(q) ** (count - 1) @ Conv(q)).verdict == "proved"
    assert agrees(prove(Conv(q) ** count, Conv(q) ** (count - 1) @ Conv(p)), "refuted")


def test_equal_slopes_on_different_lattices_still_need_the_sum_over_orders() -> None:
    thin = Conv(kept(2) @ q)
    assert prove(Conv(q) ** 3 @ thin**2, thin @ Conv(q) ** 2 @ thin @ Conv(q)).verdict == "proved"
    assert agrees(prove(Conv(q) ** 3 @ thin**2, Conv(q) ** 2 @ thin**3), "refuted")
    even, odd = Conv(kept(2) @ q), Conv(kept(2, 1) @ q)
    assert prove(Conv(q) ** 3, even**3 + 3 * even**2 @ odd + 3 * even @ odd**2 + odd**3).verdict == "proved"
    assert agrees(prove(Conv(q) ** 3, even**3 + 3 * even**2 @ odd + 2 * even @ odd**2 + odd**3), "refuted")


def test_terms_with_the_same_kernels_in_another_order_are_collected() -> None:
    assert prove((Conv(p) + Conv(q)) ** 12, (Conv(q) + Conv(p)) ** 12).verdict == "proved"


def test_one_order_is_never_too_many_however_many_taps() -> None:
    assert prove(Repeat(230) @ Repeat(230), Repeat(52_900)).verdict == "proved"


# periods with a huge common multiple


def test_whole_partitions_are_put_together_before_they_are_cut() -> None:
    primes = (7, 11, 13, 17, 19, 23)
    whole = sum((kept(step, r) for step in primes for r in range(step)), start=Zero())
    assert prove(whole, 6 * I).verdict == "proved"
    assert agrees(prove(whole, 6 * I + kept(29)), "refuted")


def test_equal_terms_cancel_where_the_common_period_is_out_of_reach() -> None:
    primes = (101, 103, 107, 109)
    terms = [kept(step) for step in primes]
    assert prove(sum(terms[1:], start=terms[0]), sum(terms[-2::-1], start=terms[-1])).verdict == "proved"
    moved = [kept(101, 1), *terms[1:]]
    assert agrees(prove(sum(terms[1:], start=terms[0]), sum(moved[1:], start=moved[0])), "refuted")


def test_a_huge_power_is_refused_at_once() -> None:
    proof = prove(Shift(1) ** 10**9, Shift(10**9))
    assert proof.verdict == "undecided"
    assert "budget" in proof.reason


def test_products_of_long_boxes_are_refused_at_once() -> None:
    proof = prove(AvgPool(10**4) @ Repeat(10**4), I)
    assert proof.verdict == "undecided"
    assert "budget" in proof.reason


# symbols of which more is known


@pytest.mark.parametrize(
    ("assumed", "sign", "verdict"),
    [({"even": True}, 1, "proved"), ({"odd": True}, -1, "proved"), ({"even": True}, -1, "refuted"),
     ({"odd": True}, 1, "refuted"), ({"integer": True}, 1, "refuted")],
)  # fmt: skip
def test_values_that_the_assumptions_exclude_do_not_refute(assumed: dict[str, bool], sign: int, verdict: str) -> None:
    d = sympy.Symbol("d", **assumed)
    alternate = Modulate([1, -1])
    assert agrees(prove(alternate @ Shift(d), sign * Shift(d) @ alternate), verdict)


def test_a_factor_that_is_also_a_scalar_is_replayed_with_its_value() -> None:
    lhs, rhs = Down(m) @ Conv(box(m)) @ Up(4), Conv(box(m)) @ Up(4) @ Down(m)
    assert agrees(prove(k * lhs, k * rhs, given=oa.coprime(k, m)), "refuted")


def test_a_kernel_that_becomes_empty_for_a_value_is_zero_there() -> None:
    thin = Conv(Down(k) @ Signal([1], start=1))
    assert prove(thin @ Shift(1), Shift(1) @ thin).verdict == "proved"
    assert agrees(prove(Conv(Down(2 * k) @ Signal([1], start=1)), Down(2)), "refuted")


# coefficients


def test_scalars_that_do_not_commute_are_refused() -> None:
    with pytest.raises(oa.CoefficientError, match="commute"):
        sympy.Symbol("A", commutative=False) * I


def test_values_that_are_not_numbers_do_not_crash_the_comparison() -> None:
    y = sympy.Symbol("y")
    assert prove(sympy.Integer(0) ** y * I, Zero()).verdict == "undecided"


def test_complex_floats_are_gaussian_rationals() -> None:
    taps = np.random.default_rng(0).standard_normal(600) * (1 + 0.5j)
    assert prove(Conv(taps).H, Conv(oa.Flip() @ Signal(taps).conj())).verdict == "proved"
    assert prove(1j * Conv([0.5, 1j]) @ Conv([2, 1]), Conv([0.5j, -1]) @ Conv([2, 1])).verdict == "proved"
    assert agrees(prove(1j * Conv([0.5, 1j]), Conv([0.5j, 1])), "refuted")


# long interpolators


@pytest.mark.parametrize("factor", [1, 4, (2, 3), (3, 1, 2)])
def test_the_triangle_is_the_convolution_of_two_boxes(factor: object) -> None:
    ones = box(factor)
    triangles = [node.kernel for node in walk(LinearUp(factor).definition()) if isinstance(node, Conv)]
    assert len(triangles) == 1
    assert triangles[0] == Conv(ones) @ (oa.Flip() @ ones)


def test_a_long_triangle_is_written_down_at_once_and_a_longer_one_refused() -> None:
    assert (LinearUp(10**5) @ [1])[10**5 - 1] == pytest.approx(1e-5)
    with pytest.raises(oa.SizeError, match="triangle"):
        LinearUp(10**7).expand()


# exact numbers, and symbols of which something is known


@pytest.mark.parametrize("count", [2, 3])
def test_the_index_of_a_sum_in_an_angle_is_not_dropped_beside_a_symbolic_factor(count: int) -> None:
    r, images = oa.integers("r"), lambda A, r: oa.Modulate(frequency=2 * sympy.pi * r / count) @ A
    for A in (Shift(k), Down(k), Up(k) @ Conv(q)):
        whole = oa.Sum(images(A, r), (r, 0, count))
        assert agrees(prove(count * A, whole), "refuted")
        assert prove(whole, count * Up(count) @ Down(count) @ A).verdict != "refuted"


def test_half_of_an_even_symbol_is_a_shift() -> None:
    d = sympy.Symbol("d", integer=True, even=True)
    assert agrees(prove(Shift(d / 2) @ Shift(d / 2), Shift(d)), "proved")
    assert agrees(prove(Down(2) @ Shift(d) @ Up(2), Shift(d / 2)), "proved")
    assert agrees(prove(Shift(d / 2), Shift(d)), "refuted")


# symbols in roots of unity, floats that are no numbers, inverses over number fields

PI, J = sympy.pi, sympy.I


@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [
        ((1 + sympy.exp(J * PI * m)) * Modulate(PI), (1 + sympy.exp(J * PI * m)) * I),
        (Conv([1, 1 + sympy.exp(J * PI * m)]) @ Modulate(PI), Modulate(PI) @ Conv([1, -1 - sympy.exp(J * PI * m)])),
        (Modulate(2 * PI / k), sympy.exp(2 * J * PI * m / k) * Modulate(2 * PI / k)),
        (Modulate(2 * PI / 3) @ Shift(k), sympy.exp(2 * J * PI * m / 3) * Shift(k) @ Modulate(2 * PI / 3)),
    ],
    ids=str,
)
def test_symbols_in_roots_of_unity_end_in_a_verdict(lhs: oa.LinearOperator, rhs: oa.LinearOperator) -> None:
    assert prove(lhs, rhs).verdict in ("proved", "refuted", "undecided")


def test_infinite_samples_have_no_place_in_a_proof() -> None:
    with pytest.raises(oa.OpAlgebraError, match="finite"):
        prove(Signal([1e308]) * 10.0, Signal([1]))


@pytest.mark.parametrize("A", [Modulate(2 * PI / 3) @ Shift(1) + 2 * Shift(1), Modulate(2 * PI / 3) + 2 * I], ids=str)
def test_inverses_over_number_fields(A: oa.LinearOperator) -> None:
    assert prove(A @ A.inverse(), I).verdict == "proved"


def test_the_zero_kernel_has_no_comb() -> None:
    A = Up(3) @ (0 * I) @ Conv(Signal([0, 2], start=-1))
    assert A.optimize() == Zero()


def test_bound_proofs_under_hypotheses_about_taps_are_replayed() -> None:
    t, N = oa.signals("t", length=3, start=-1), oa.factors("N")
    pairs = [
        (Conv([1, k]).on(N), Conv([1, 4]).on(N), oa.equal(k, 4)),
        ((Down(2) @ Conv(t) @ Up(2)).on(4, mode="same"), I.on(4, mode="same"), oa.nyquist(t, 2)),
    ]
    for lhs, rhs, given in pairs:
        proof = prove(lhs, rhs, given=given)
        assert (proof.verdict, proof.check()) == ("proved", True)
