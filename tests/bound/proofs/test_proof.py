"""Proof of operators on arrays: for every size, for one size, refuted; and the checks that must fail."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Repeat, Shift, Signal, Up
from opalgebra.bound.proofs.proof import BoundProof
from opalgebra.bound.proofs.witness import BoundWitness

p, q = oa.signals("p q")
k = oa.factors("k")
FILTER = Conv([1, 0, 2, 0, 3])


def both(a, b, *sizes, **options):
    return oa.prove(a.on(*sizes, **options), b.on(*sizes, **options))


@pytest.mark.parametrize("boundary", ["zero", "wrap", "symmetric", "reflect", "edge", "antisymmetric", "antireflect"])
@pytest.mark.parametrize("mode", ["same", "valid", "full"])
def test_equal_on_the_lattice_is_equal_for_every_size(boundary, mode):
    window = {"out": (-2, 7)} if mode == "full" else {"mode": mode}  # full: different where a filter ends in zeros
    proof = both(Down(2) @ FILTER, Conv([1, 2, 3]) @ Down(2), 8, boundary=boundary, **window)
    assert proof.verdict == "proved"
    assert proof.scope.startswith("for every size")
    assert proof.check()
    assert "[noble-down]" in str(proof)
    assert proof.steps[0].expression == proof.lhs
    assert proof.steps[-1].expression == proof.rhs


def test_every_line_of_the_derivation_is_a_bound_operator_that_gives_the_same_array():
    proof = both(Down(2) @ FILTER, Conv([1, 2, 3]) @ Down(2), 8, out=(-1, 5), boundary="edge")
    x = np.arange(8.0) ** 2
    arrays = [step.expression(x) for step in proof.steps]
    assert len(arrays) >= 3
    assert all(np.array_equal(arrays[0], y) for y in arrays[1:])


def test_formal_kernels_and_symbolic_factors_between_windows():
    proof = both(Down(2) @ Conv(Up(2) @ q), Conv(q) @ Down(2), 6, mode="same", boundary="wrap")
    assert proof
    assert proof.check()
    proof = both(Down(k) @ Conv(Up(k) @ q), Conv(q) @ Down(k), 6, out=4)
    assert proof
    assert proof.scope.startswith("for every size")
    given = oa.prove((Up(2) @ Down(k)).on(6, out=4), (Down(k) @ Up(2)).on(6, out=4), given=oa.coprime(2, k))
    assert given
    without = oa.prove((Up(2) @ Down(k)).on(6, out=4), (Down(k) @ Up(2)).on(6, out=4))
    assert without.verdict == "undecided"


def test_transposes_sums_and_multiples_are_read_as_operators_on_the_lattice():
    a, b = (Conv(q) @ Conv(p)).on(6, out=3), (Conv(p) @ Conv(q)).on(6, out=3)
    assert oa.prove(a.T, b.T).scope.startswith("for every size")
    assert oa.prove(2 * a + b.conj().conj(), a + 2 * b).scope.startswith("for every size")
    assert oa.prove(a.T, (Conv(q) @ Conv(p)).T.on(3, out=6)).scope.startswith("for every size")
    assert oa.prove(a.H, (Conv(q) @ Conv(p)).H.on(3, out=6)).scope.startswith("for every size")


def test_a_product_is_read_through_where_nothing_is_cut_off_on_the_way():
    full = oa.prove(Conv([1, 2]).on(4) @ Conv([1, 1]).on(3), Conv([1, 3, 2]).on(3))
    assert full.scope.startswith("for every size")
    valid = oa.prove(
        Conv([1, 2]).on(5, mode="valid") @ Conv([1, 1]).on(6, mode="valid"), Conv([1, 3, 2]).on(6, mode="valid")
    )
    assert valid.scope.startswith("for every size")
    shifted = oa.prove(Identity().on(5) @ Conv(Signal([1, 1], -1)).on(4), (Shift(1) @ Conv(Signal([1, 1], -1))).on(4))
    assert shifted


def test_same_padded_convolutions_do_not_compose_to_their_product():
    """Falsehood 11, and the sizes for which it is true all the same."""
    a = Conv(Signal([1, 2, 1], -1))
    wrong = oa.prove(a.on(4, mode="same") @ a.on(4, mode="same"), Conv(Signal([1, 4, 6, 4, 1], -2)).on(4, mode="same"))
    assert wrong.verdict == "refuted"
    assert (wrong.witness.column, wrong.witness.index, wrong.witness.lhs, wrong.witness.rhs) == ((0,), (0,), 5, 6)
    assert wrong.check()
    causal = Conv([1, 2, 1])
    true_here = oa.prove(
        causal.on(4, mode="same") @ causal.on(4, mode="same"), Conv([1, 4, 6, 4, 1]).on(4, mode="same")
    )
    assert true_here
    assert true_here.scope == "for the sizes (4,) → (4,)"
    assert true_here.check()


def test_circular_noble_identity_needs_divisibility():
    """Falsehood 13: said by an error where a mode is asked for, and refuted on windows given outright."""
    with pytest.raises(oa.WindowError, match="does not divide"):
        (Down(2) @ FILTER).on(7, mode="same", boundary="wrap")
    left = Repeat(2).on(4, mode="same", boundary="wrap") @ Down(2).on(7, out=4, boundary="wrap")
    right = (Repeat(2) @ Down(2)).on(7, out=8, boundary="wrap")
    proof = oa.prove(left, right)
    assert proof
    circular = oa.prove(
        Up(2).on(4, out=7, boundary="wrap") @ Down(2).on(7, out=4, boundary="wrap"),
        (Up(2) @ Down(2)).on(7, out=7, boundary="wrap"),
    )
    assert circular
    wrapped = oa.prove(
        Conv(Signal([1, 1], -1)).on(4, out=4, boundary="wrap") @ Down(2).on(7, out=4, boundary="wrap"),
        (Conv(Signal([1, 1], -1)) @ Down(2)).on(7, out=4, boundary="wrap"),
    )
    assert wrapped.verdict == "refuted"
    assert wrapped.check()


def test_reversal_and_downsampling_commute_only_where_the_length_fits():
    """Falsehood 10: x[::-1][::2] is x[::2][::-1] for lengths 2 m + 1 only."""

    def reversal(n):
        return (Shift(n - 1) @ Flip()).on(n, out=n)

    for n in range(1, 8):
        kept = Down(2).on(n, mode="same")
        proof = oa.prove(kept @ reversal(n), reversal(kept.dimsd[0]) @ kept)
        assert proof.verdict == ("proved" if n % 2 else "refuted")
        assert proof.check()


def test_boundaries_differ_and_windows_decide():
    f, g = (Conv([1, 2, 1]).on(5, boundary=name) for name in ("reflect", "symmetric"))
    assert oa.prove(f, g).verdict == "refuted"
    assert oa.prove(f.T, g.T).check()
    inner = [Conv([1, 2, 1]).on(5, mode="valid", boundary=name) for name in ("reflect", "symmetric")]
    assert oa.prove(*inner)  # no output reads beyond the ends
    assert oa.prove(Flip().on(1, out=1), Identity().on(1))
    assert not oa.prove(Flip().on(2, out=2), Identity().on(2))


def test_formal_kernels_that_are_equal_on_one_window_only():
    here = oa.prove((Flip() @ Conv(q)).on(1, out=1), Conv(q).on(1, out=1))
    assert here
    assert here.scope == "for the sizes (1,) → (1,)"
    assert here.check()
    there = oa.prove((Flip() @ Conv(q)).on(2, out=2), Conv(q).on(2, out=2))
    assert there.verdict == "refuted"
    assert there.check()
    commuted = oa.prove((Conv(q) @ Conv(p) @ Flip()).on(1, out=1), (Conv(p) @ Conv(q)).on(1, out=1))
    assert commuted
    assert oa.prove((Conv(q) @ Conv(q)).on(2, out=2), (Conv(q) @ Conv(p)).on(2, out=2)).verdict == "refuted"


def test_formal_kernels_beyond_the_ends_are_left_open_not_guessed():
    proof = both(Flip() @ Conv(q), Conv(q), 1, out=1, boundary="edge")
    assert proof.verdict == "undecided"
    assert "without end" in proof.reason
    assert not proof.check()


def test_blocks_and_symbolic_taps():
    shuffle, phases = oa.PixelShuffle(2), oa.Polyphase(2)
    proof = oa.prove((shuffle @ phases).on(6), Identity().on(6))
    assert proof.scope.startswith("for every size")
    taps = oa.signals("h", length=3)
    same = oa.prove(
        (oa.Block([[Conv(taps)], [Identity()]])).on(4, out=4),
        (oa.Block([[Conv(taps)], [Flip() @ Flip()]])).on(4, out=4),
    )
    assert same.scope.startswith("for every size")
    entry = oa.prove(Conv(taps).on(1, out=1), (taps[0] * Identity()).on(1, out=1))
    assert entry
    assert entry.scope.startswith("for the sizes")
    assert oa.prove(Conv(taps).on(2, out=2), (taps[0] * Identity()).on(2, out=2)).verdict == "refuted"


def test_algebraic_numbers_are_compared_exactly():
    root = sympy.sqrt(2)
    a = Conv([root, 1]).on(3, mode="same") @ Conv([root, -1]).on(3, mode="same")
    assert oa.prove(a, Conv([2, 0, -1]).on(3, mode="same"))
    assert oa.prove(a, Conv([2, 0, sympy.Rational(-99999, 100000)]).on(3, mode="same")).verdict == "refuted"


def test_arrays_of_different_shapes_and_other_kinds_are_refused():
    with pytest.raises(oa.DimensionError, match="windows do not agree"):
        oa.prove(Down(2).on(6), Down(2).on(8))
    with pytest.raises(oa.OperandError, match="bind both"):
        oa.prove(Down(2).on(6), Down(2))
    with pytest.raises(oa.OperandError, match="bind both"):
        oa.prove(Down(2), Down(2).on(6))


def test_a_certificate_that_lies_does_not_check():
    f, g = Conv([1, 2, 1]).on(4), Conv([1, 2, 2]).on(4)
    false_proof = BoundProof(f, g, (), "proved")
    assert not false_proof.check()
    false_lattice = BoundProof(f, g, (), "proved")
    false_lattice.on_lattice = type(oa.prove(Up(2), Up(2)))(Conv([1, 2, 1]), Conv([1, 2, 2]), (), "proved")
    assert not false_lattice.check()
    witness = oa.prove(f, g).witness
    lied = BoundWitness(witness.column, witness.index, witness.lhs + 1, witness.rhs, {})
    assert not BoundProof(f, g, (), "refuted", witness=lied).check()
    equal = BoundWitness((0,), (0,), 1, 1, {})
    assert not BoundProof(f, f, (), "refuted", witness=equal).check()
    formal = BoundProof(Conv(q).on(2, out=2), Conv(p).on(2, out=2), (), "proved")
    assert not formal.check()


def test_what_is_shown():
    proof = both(Down(2) @ FILTER, Conv([1, 2, 3]) @ Down(2), 8, mode="same", boundary="wrap")
    assert str(proof).splitlines() == [
        "proved: ↓₂ ((1 0 2 0 3)∗) on 8 → 4, wrap = ((1 2 3)∗) ↓₂ on 8 → 4, wrap",
        "  for every size: equal on ℤ^d, between equal windows",
        "  ↓₂ ((1 0 2 0 3)∗)",
        "    = ((1 2 3)∗) ↓₂    [noble-down]",
        "  proved",
    ]
    latex = proof.latex()
    assert r"\left[\downarrow_{2}" in latex
    assert r"_{8 \to 4}^{\text{wrap}}" in latex
    assert proof._repr_markdown_().startswith("**proved**: $")
    refuted = oa.prove(Conv([1, 2]).on(2), Conv([1, 3]).on(2))
    assert "with one sample 1 at 0: at 1 the left side gives 2, the right side 3" in str(refuted)
