"""The canonical form: equal maps have equal forms, different maps have different ones."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Modulate, Shift, Up, Zero
from opalgebra.algebra.decide import canonical as module
from opalgebra.algebra.decide.canonical import canonical
from opalgebra.algebra.decide.decision import dimension
from opalgebra.algebra.numbers.choose import ring_of
from opalgebra.algebra.numbers.ring import RATIONALS
from opalgebra.errors import Undecided
from opalgebra.expr import constants
from tests import judge
from tests.generate import word

q, p, x = oa.signals("q p x")
A, B = oa.operators("A B")
I = Identity()  # noqa: E741
R = Flip()


def form(expression, ndim=1):
    return canonical(expression, ndim, ring_of(constants(expression)))


@pytest.mark.parametrize(
    "expression",
    [Zero(), Up(2) - Up(2), 0 * Conv(q), Down(2) @ Shift(1) @ Up(2), Modulate([0, 1]) @ Up(2), A @ B - A @ B,
     Conv([0, 0]), Conv(q) @ Conv(p) - Conv(p) @ Conv(q), Zero() @ A, Down(4) @ Shift(2) @ Up(8)],
    ids=str,
)  # fmt: skip
def test_the_zero_map_has_the_empty_form(expression):
    assert form(expression) == {}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Up(2) @ Down(2) + Shift(1) @ Up(2) @ Down(2) @ Shift(-1), I),
        (Up(6) @ Down(6), Up(2) @ Up(3) @ Down(2) @ Down(3)),
        (Down(4) @ Up(6), Up(3) @ Down(2)),
        (Modulate([1, 0, 1, 0]), Up(2) @ Down(2)),
        (Modulate([2, 2, 2]), 2 * I),
        (Conv(q) @ Conv(q.conj()) @ Conv(p), Conv(p) @ Conv(q.conj()) @ Conv(q)),
        (Conv(Up(2) @ q) @ Conv(q), Conv(q) @ Conv(Up(2) @ q)),
        ((Conv(q) + Conv(p)) ** 2, Conv(q) ** 2 + 2 * Conv(q) @ Conv(p) + Conv(p) ** 2),
        ((A + B) ** 2, A @ A + A @ B + B @ A + B @ B),
        (Conv([1, 2]) @ Conv([3, 4]), Conv([3, 10, 8])),
    ],
    ids=str,
)
def test_equal_maps_have_equal_forms(left, right):
    assert form(left) == form(right)


DIFFERENT = [
    I, 2 * I, Up(2), Down(2), R, Shift(1), Shift(-1), Up(2) @ Down(2), Up(3) @ Down(3), Modulate([1, -1]),
    Conv(q), Conv(p), Conv(q).T, Conv(q).H, Conv(q).conj(), Conv(q) @ Conv(q), Conv(q) @ Conv(p), Conv(Up(2) @ q),
    Conv(Down(2) @ q), Conv(R @ q.conj()) @ Conv(q), A, A.T, A.conj(), A.H, A @ B, B @ A, A @ A, A @ A.T, A.T @ A,
    Conv(q) @ A, A @ Conv(q), Up(2) + I, Conv([1, 1]), Conv([1, 0, 1]), Up(2) @ R @ Conv(q), Down(2) @ Conv(q),
    Conv(q) @ Down(2), Up(2) @ Conv(q), Conv(q) @ Up(2), Down(2) @ Conv(q) @ Up(4),
]  # fmt: skip


def test_different_maps_have_different_forms():
    forms = [(str(expression), form(expression)) for expression in DIFFERENT]
    same = [(a, b) for (a, f), (b, g) in combinations(forms, 2) if f == g]
    assert same == []


def test_the_period_is_the_smallest():
    """A sum of residue classes that fill the line has period one, whatever it was cut into."""
    cut = sum((Shift(r) @ Up(6) @ Down(6) @ Shift(-r) for r in range(1, 6)), start=Up(6) @ Down(6))
    ((_, functions),) = form(cut).items()
    ((basis, weights),) = functions.values()
    assert basis == ((1,),)
    assert list(weights.values()) == [1]
    even = form(Up(6) @ Down(6) + Shift(2) @ Up(6) @ Down(6) @ Shift(-2) + Shift(4) @ Up(6) @ Down(6) @ Shift(-4))
    assert even == form(Up(2) @ Down(2))


def test_different_rates_never_share_a_shape():
    assert len(form(Up(2) + I + Down(2) + R)) == 4
    assert len(form(Shift(1) + Shift(2))) == 1


def test_kernels_that_occur_twice_are_symmetrised():
    """(q ∗ ↑2 q) as a bilinear form: both orders of the slots."""
    left = Conv(q) @ Conv(Up(2) @ q)
    right = Conv(Conv(q) @ (Up(2) @ q))
    assert form(left) == form(right)
    assert form(left) != form(Conv(q) @ Conv(Up(2) @ p))
    # polarisation: x ↦ (q∗)² is not seen as (q∗)(p∗)
    assert form(Conv(q + p) @ Conv(q + p) - Conv(q) ** 2 - Conv(p) ** 2) == form(2 * Conv(p) @ Conv(q))


def test_signals_have_forms_too():
    assert form(Up(2) @ q) == form(upsampled(2))
    assert form(Down(2) @ (Up(2) @ q)) == form(q)
    assert form(Up(2) @ (Down(2) @ q)) != form(q)
    assert form(oa.Signal([1, 2])) == form(Conv([1, 2]) @ oa.Signal([1]))


def upsampled(k):
    return (Up(k) @ Identity()) @ q


def test_several_axes():
    left = Down((2, 3)) @ Conv(Up((2, 3)) @ q)
    assert form(left, 2) == form(Conv(q) @ Down((2, 3)), 2)
    assert form(left, 2) != form(Conv(q) @ Down((3, 2)), 2)
    corner = Conv([[1, 2], [3, 5]])
    assert form(corner.T @ corner, 2) == form(corner @ corner.T, 2)
    assert form(corner, 2) != form(Conv([[1, 3], [2, 5]]), 2)


def test_random_pairs_against_the_judge():
    """Forms are equal exactly where brute force sees no difference; 20 words, paired with small changes."""
    rng = random.Random(5)
    verdicts = []
    for _ in range(20):
        left = word(rng, 1)
        right = rng.choice([left.T.T, left.H.conj().T, left + Zero(), R @ left, left @ Up(2) @ Down(2), 2 * left])
        if {left.ndim, right.ndim} - {1, None}:
            continue
        ring = ring_of(constants(left, right))
        same = canonical(left, dimension(left, right), ring) == canonical(right, dimension(left, right), ring)
        assert same != judge.differs(left, right, rng)
        verdicts.append(same)
    assert 3 < sum(verdicts) < len(verdicts) - 3


def test_too_many_cosets_are_refused_before_work_is_done(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "REFINE_LIMIT", 10)
    with pytest.raises(Undecided, match="budget"):
        canonical(Up(7) @ Down(7) + Up(11) @ Down(11), 1, RATIONALS)
    assert canonical(Up(3) @ Down(3) + Up(5) @ Down(5), 1, RATIONALS)


def test_a_symbolic_box_is_not_for_the_concrete_walk():
    k = oa.factors("k")
    with pytest.raises(Undecided, match="symbolic"):
        canonical(Conv(oa.box(k)), 1, RATIONALS)


def test_long_kernels_may_be_held_formal():
    h = oa.Signal(list(range(1, 101)))
    left, right = Down(3) @ Conv(Up(3) @ h), Conv(h) @ Down(3)
    held = canonical(Conv(h) @ Down(3), 1, RATIONALS, (h,))
    assert held == canonical(Conv(h) @ Down(3) @ I, 1, RATIONALS, (h,))
    assert form(left) == form(right)
    assert form(left) != held


def test_a_partition_that_cancels_a_whole_leaves_nothing():
    """The parts are put together to the whole before it is added to; what is then zero must not stay."""
    parts = sum((oa.Shift(r) @ oa.Up(3) @ oa.Down(3) @ oa.Shift(-r) for r in range(3)), start=oa.Zero())
    q = oa.signals("q")
    assert canonical(parts - oa.Identity(), 1, RATIONALS) == {}
    assert oa.prove(oa.Conv(q) @ parts - oa.Conv(q), oa.Zero())
    assert oa.prove(oa.Conv([3, 1]) @ oa.Conv(parts @ q) - 3 * oa.Conv(q), oa.Shift(1) @ oa.Conv(q))
