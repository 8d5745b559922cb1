"""optimize: never a wrong expression, never a dearer one, and the forms that the textbooks give."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra import (
    AvgPool,
    Block,
    Conv,
    DilatedConv,
    Down,
    Flip,
    FormalSignalError,
    Identity,
    Modulate,
    PixelShuffle,
    Polyphase,
    Repeat,
    Shift,
    Signal,
    Up,
    Zero,
)
from opalgebra.algebra.laws.table import laws
from opalgebra.algebra.optimize import optimize as search
from opalgebra.algebra.optimize.taps import outer, product, sparse_factors
from opalgebra.errors import OperandError
from opalgebra.expr import walk
from opalgebra.expr.operators import LinearOperator
from tests.generate import operator
from tests.judge_modular import differs

q, p = oa.signals("q p")
k = oa.factors("k")
HALFBAND = Signal([3, 0, -25, 0, 150, 256, 150, 0, -25, 0, 3])
BINOMIAL = [1, 4, 6, 4, 1]


def counts(A: LinearOperator) -> tuple[Fraction, Fraction]:
    """Multiply-adds as run and as written."""
    return A.cost().multiply_adds, A.cost().naive


# -- random expressions ------------------------------------------------------------------------------------


@pytest.mark.campaign(1)
@pytest.mark.parametrize("part", range(4))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9), st.sampled_from([1, 1, 1, 2]))
def test_the_judge_finds_no_difference_and_the_cost_never_grows(part: int, seed: int, ndim: int) -> None:
    rng = random.Random(seed + part * 10**9)
    A = operator(rng, ndim)
    B = A.optimize()
    assert not differs(A, B, rng)
    measure = search.Measure.of(A, None)
    assert all(after <= before for after, before in zip(measure(B), measure(A), strict=True))
    if B != A:
        assert oa.prove(A, B).verdict == "proved"


@pytest.mark.campaign(1)
@pytest.mark.parametrize("part", range(4))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9))
def test_an_optimum_is_its_own_optimum(part: int, seed: int) -> None:
    B = operator(random.Random(seed + part * 10**9), 1).optimize()
    assert B.optimize() == B


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9))
def test_results_on_arrays_keep_their_values_and_their_dtype(seed: int) -> None:
    rng = random.Random(seed)
    A = operator(rng, 1)
    try:
        A.cost()
    except FormalSignalError:
        return
    B = A.optimize()
    for dtype in ("i8", "f4", "f8", "c8", "c16"):
        x = np.array([rng.randint(-4, 4) for _ in range(40)], dtype=dtype)
        before, after = A @ Signal(x), B @ Signal(x)
        assert before.dtype == after.dtype
        low, high = min(before.start, after.start), max(before.stop, after.stop)
        np.testing.assert_allclose(before[low:high].astype("c16"), after[low:high].astype("c16"), rtol=1e-5, atol=1e-3)


# -- what the textbooks say ---------------------------------------------------------------------------------

TEXTBOOK = {
    "noble, formal": (Down(2) @ DilatedConv(q, 2), Conv(q) @ Down(2)),
    "noble, any factor": (Down(k) @ DilatedConv(q, k), Conv(q) @ Down(k)),
    "noble, upwards": (DilatedConv(q, 3) @ Up(3), Up(3) @ Conv(q)),
    "noble, known taps": (Down(2) @ Conv([1, 0, 2, 0, 3]), Conv([1, 2, 3]) @ Down(2)),
    "short kernels": (Conv([1, 2]) @ Conv([3, 4]), Conv([3, 10, 8])),
    "sparse beside long": (Conv([1, 0, 0, 0, 0, 1]) @ Conv([1, 2, 3, 4]), None),
    "decoder block": (Conv([1, 2, 1]) @ Repeat(2), Conv([1, 3, 3, 1]) @ Up(2)),
    "one sample of six": (Down(6) @ Conv([*range(1, 20)]) @ Up(4), Down(3) @ Conv([*range(1, 20, 2)]) @ Up(2)),
    "zero": (Down(2) @ Shift(1) @ Up(2) @ Conv(q), Zero()),
    "flips": (Flip() @ Conv([1, 2, 3]) @ Flip(), Conv(Signal([3, 2, 1], start=-2))),
    "phases": (
        Up(2) @ Conv(q) @ Down(2) + Shift(1) @ Up(2) @ Conv(q) @ Down(2) @ Shift(-1),
        DilatedConv(q, 2).expand(),
    ),
    "common part": (Conv(p) @ Conv(q) + Shift(1) @ Conv(q), None),
    "cascade": ((Down(2) @ Conv(HALFBAND)) ** 3, None),
    "resampler": (Down(160) @ Conv([*range(1, 442)]) @ Up(147), None),
    "dilated": (DilatedConv([1, 2, 3], 3), None),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_form_that_is_known_to_be_best(name: str) -> None:
    A, wanted = TEXTBOOK[name]
    B = A.optimize()
    assert wanted is None or wanted == B
    assert oa.prove(A, B).verdict == "proved"
    assert not differs(A, B, random.Random(1))


@pytest.mark.parametrize("known", [True, False])
def test_laws_hold_for_matrices_of_known_and_of_formal_kernels(known: bool) -> None:
    quincunx, kernel = oa.SamplingMatrix([[1, 1], [1, -1]]), Signal([[1, 2], [3, 4]]) if known else q
    C = Conv(kernel)
    words = C @ Down(quincunx) @ C, C @ Down(quincunx), Up(quincunx) @ C, Down(quincunx) @ C @ Up(quincunx)
    for A in words:
        B = A.optimize()
        assert oa.prove(A, B).verdict == "proved"
        assert not differs(A, B, random.Random(1))
    assert isinstance(words[-1].optimize(), Conv)


def test_ratios_of_the_costs() -> None:
    noble = Down(2) @ Conv(Up(2) @ Signal([*range(1, 10)]))
    assert (counts(noble), counts(noble.optimize())) == ((9, 34), (9, 9))
    decoder = Conv([1, 2, 1]) @ Repeat(2)
    assert (counts(decoder)[0], counts(decoder.optimize())[0]) == (4, 2)
    thinned = Down(6) @ Conv([*range(1, 20)]) @ Up(4)
    assert (counts(thinned), counts(thinned.optimize())) == ((5, 114), (5, 30))


def test_a_cascade_of_halfbands_stays_a_cascade() -> None:
    A = (Down(2) @ Conv(HALFBAND)) ** 3
    B = A.optimize()
    assert max(node.values.size for node in walk(B) if isinstance(node, Signal)) == HALFBAND.values.size
    assert counts(B)[0] == 7 * 7  # 7 taps that are not zero, at 1 + 2 + 4 samples
    fused = A.simplify()
    assert fused.cost().multiply_adds > counts(B)[0]
    assert fused.optimize().cost().multiply_adds <= fused.cost().multiply_adds


def test_kernels_of_rank_one_become_one_kernel_per_axis() -> None:
    kernel = np.multiply.outer(BINOMIAL, BINOMIAL).tolist()
    for A, before, after in [
        (Conv(kernel), 25, 10),
        (Down((2, 2)) @ Conv(kernel), 25, 15),  # one axis at twice the rate of the other
        (Conv(kernel) @ Up((2, 2)), Fraction(25, 4), Fraction(15, 4)),
    ]:
        B = A.optimize()
        assert (counts(A)[0], counts(B)[0]) == (before, after)
        assert not differs(A, B, random.Random(2))
    full = np.array(kernel)
    full[0, 0] += 1
    assert Conv(full.tolist()).optimize() == Conv(full.tolist())
    assert counts(Conv(np.multiply.outer([1, 2, 1], kernel).tolist()).optimize())[0] == 13


def test_a_long_box_becomes_a_cascade_of_sums() -> None:
    B = Conv([1] * 64).optimize()
    assert counts(B)[0] == 12  # 2 taps for every factor 2
    assert not differs(Conv([1] * 64), B, random.Random(3))
    prime = Conv([1] * 61)
    assert prime.optimize() == prime


def test_blocks_are_optimized_entry_by_entry() -> None:
    A = Block([[Down(2) @ DilatedConv([1, 2], 2), Conv([1, 2]) @ Repeat(2)], [0, Flip() @ Flip()]])
    B = A.optimize()
    assert Block([[Conv([1, 2]) @ Down(2), Conv([1, 3, 2]) @ Up(2)], [0, Identity()]]) == B
    x = [Signal([1, 2, 3, 4]), Signal([5, 6, 7])]
    assert all(a == b for a, b in zip(A @ x, B @ x, strict=True))


def test_blocks_that_undo_one_another_are_gone() -> None:
    assert (PixelShuffle(2) @ Polyphase(2)).optimize() == Identity()
    A = PixelShuffle(2) @ Block.diagonal(Conv([1, 2]), Conv([1, 2])) @ Polyphase(2)
    assert A.optimize().equals(DilatedConv([1, 2], 2))


def test_costs_by_other_measures() -> None:
    strided = Down(3) @ Conv([*range(1, 13)])
    phases = strided.optimize("naive")
    assert (strided.cost().naive, phases.cost().naive) == (36, 14)  # 12 taps and two additions
    assert phases.optimize().cost().size < phases.cost().size
    dilated = DilatedConv([1, 2, 3, 4], 4)
    assert dilated.optimize("naive").cost().naive < dilated.cost().naive
    split = Conv([1, 1]) @ Conv([1, 0, 1])
    assert split.optimize("memory").cost().memory == 1
    box = Conv([1] * 16)
    assert box.optimize() != box == box.optimize("time")
    letters = (Down(6) @ Up(4)).optimize(lambda A: sum(isinstance(node, Up) for node in walk(A)))
    assert letters.equals(Down(6) @ Up(4))
    with pytest.raises(OperandError, match="give one of 'multiply_adds'"):
        strided.optimize("speed")


# -- floats ------------------------------------------------------------------------------------------------


def test_floats_are_multiplied_only_where_nothing_is_rounded() -> None:
    assert (Conv([0.25, 0.5]) @ Conv([0.5, 0.5])).optimize() == Conv([0.125, 0.375, 0.25])
    rounded = Conv([0.1, 0.2]) @ Conv([0.3, 0.7])
    assert rounded.optimize() == rounded


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "i4", "i8"])
@pytest.mark.parametrize("weak", [False, True])
def test_merged_kernels_keep_their_dtype(dtype: str, weak: bool) -> None:
    values = np.array([1, 2, 4], dtype=dtype)
    taps = values.tolist() if weak else values
    A = Conv(taps) @ Conv(taps)
    B = A.optimize()
    assert B != A
    (kernel,) = (node for node in walk(B) if isinstance(node, Signal))
    assert not kernel.is_exact
    for data in ("i8", "f4", "f8", "c8", "c16"):
        x = np.arange(8).astype(data)
        assert (B @ x).dtype == (A @ x).dtype
        assert B.on(8)(x).dtype == A.on(8)(x).dtype


def test_kernels_of_dtypes_that_do_not_go_together_stay_apart() -> None:
    mixed = Conv(np.array([1.0, 2.0], dtype="f4")) @ Conv([0.5, 0.25])
    for x in (np.arange(5), np.arange(5.0, dtype="f4"), np.arange(5.0)):
        assert (mixed.optimize() @ x).dtype == (mixed @ x).dtype
    mean = AvgPool(2) @ Repeat(2)  # the identity, but for integers
    assert (mean.optimize() @ [1, 2, 3]).dtype == (mean @ [1, 2, 3]).dtype


# -- the way -----------------------------------------------------------------------------------------------


def test_the_derivation_leads_from_the_expression_to_the_optimum() -> None:
    A = Down(6) @ Conv(Up(2) @ q) @ Up(2) @ Conv(Up(3) @ p)
    derivation = oa.derive(A).optimize()
    assert derivation.expression == A.optimize()
    assert derivation.steps[0] == (A, "", "")
    for before, after in zip(derivation.steps, derivation.steps[1:], strict=False):
        assert oa.prove(before.expression, after.expression).verdict == "proved"
        assert all(name in laws or name == "canonical-form" for name in after.law.split(", "))
    assert "[" in str(derivation)
    with pytest.raises(OperandError, match="is a signal"):
        oa.derive(Up(2) @ q).optimize()


def test_a_false_move_never_reaches_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(node: object, phases: bool) -> list[search.Move]:
        return [[("conv-conv", Identity())]] if isinstance(node, Conv) else []

    search._moves_of.cache_clear()
    monkeypatch.setattr(search, "moves", lying)
    A = Down(2) @ Conv([1, 2, 3])
    assert A.optimize() == A
    search._moves_of.cache_clear()


def test_the_result_does_not_depend_on_the_process() -> None:
    code = (
        "from opalgebra import *; print(repr((Conv([1,2])@Repeat(2)@Conv([1]*8)@AvgPool(3)+Shift(1)@Up(2)).optimize()))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_large_operators_and_long_doubles_are_left_in_good_time() -> None:
    for A in (Conv([1, 2]) ** 1000, Conv(np.array([1, 2], dtype="longdouble")) @ Conv([1, 2]), Conv([1] * 10**5)):
        assert A.optimize() == A


def test_operators_that_have_nothing_to_gain_stay_as_they_are() -> None:
    for A in (Identity(), Zero(), Up(3), Modulate([1, 2]), Conv(q), oa.operators("A"), Repeat(2), Polyphase(3)):
        assert A.optimize() == A


# -- products and factors of kernels -----------------------------------------------------------------------


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8), st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_products_are_those_of_numpy(a: list[int], b: list[int]) -> None:
    found = product(Signal(a, start=2), Signal(b, start=-3))
    assert found == Signal(np.convolve(a, b), start=-1)


@settings(deadline=None)
@given(
    st.lists(st.integers(-4, 4), min_size=2, max_size=4),
    st.integers(2, 4),
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
)
def test_sparse_factors_multiply_to_the_kernel(a: list[int], step: int, b: list[int]) -> None:
    wide = np.zeros(step * (len(a) - 1) + 1, dtype=int)
    wide[::step] = a
    kernel = Signal(np.convolve(wide, b).tolist(), start=4)
    pair = sparse_factors(kernel)
    if pair is not None:
        left, right = pair
        assert Signal(np.convolve(left.values, right.values), start=left.start + right.start) == kernel
        assert np.count_nonzero(left.values) + np.count_nonzero(right.values) < np.count_nonzero(kernel.values)


@given(st.lists(st.integers(-6, 6), min_size=2, max_size=5), st.lists(st.integers(-6, 6), min_size=2, max_size=5))
def test_outer_factors_multiply_to_the_kernel(a: list[int], b: list[int]) -> None:
    kernel = Signal(np.multiply.outer(a, b).tolist(), start=(1, -2))
    pair = outer(kernel)
    if any(a) and any(b):
        assert pair is not None
        assert product(*pair) == kernel
        assert all(1 in side.values.shape for side in pair)
