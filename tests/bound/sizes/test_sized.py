"""Bound operators for all sizes: what is proved holds for every n that is tried, what is refuted fails at the witness.

The judge is the dense exact matrix of :mod:`tests.judge_bound`, size by size.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Modulate, Shift, Signal, Up
from opalgebra.bound.proofs.sizes import SizesProof
from opalgebra.bound.sizes.affine import Affine
from opalgebra.bound.sizes.sized import Sized
from tests.judge_bound import BOUNDARIES, exact_matrix, same_exactly

n, m = oa.factors("n m")
CENTRED = Conv(Signal([1, 2, 3], start=-1))
OTHER = Conv(Signal([1, -1, 4], start=-1))


def judged(operator, sizes, boundary="zero"):
    """The matrix of one A.on(n, …) at one size, from the judge."""
    assert isinstance(operator, Sized)
    bound = operator.at(sizes)
    spans = tuple(zip(bound.out_window.starts, bound.out_window.stops, strict=True))
    return exact_matrix(operator.operator, bound.in_window.shape, spans, operator.boundary)


def dense(side, sizes):
    """The same of products, sums, multiples and transposes."""
    if isinstance(side, Sized):
        return judged(side, sizes)
    if hasattr(side, "factors"):
        made = dense(side.factors[0], sizes)
        for factor in side.factors[1:]:
            made = made.dot(dense(factor, sizes))
        return made
    if hasattr(side, "terms"):
        return sum(dense(term, sizes) for term in side.terms)
    if hasattr(side, "scalar"):
        return dense(side.operator, sizes) * side.scalar
    inner = dense(side.operator, sizes)
    assert not side.conjugated or all(isinstance(v, int) for v in inner.flat)
    return inner.T if side.transposed else inner


def holds_at(lhs, rhs, sizes):
    return same_exactly(dense(lhs, sizes), dense(rhs, sizes))


def assert_proved(lhs, rhs, upto=14, **given):
    proof = oa.prove(lhs, rhs, **given)
    assert proof.verdict == "proved", proof
    assert proof.check()
    symbols = sorted({s for side in (lhs, rhs) for s in side.symbols}, key=str)
    for values in product(range(1, upto + 1), repeat=len(symbols)):
        sizes = dict(zip(symbols, values, strict=True))
        if not given or values[0] % given["given"].a == 0:
            assert holds_at(lhs, rhs, sizes), sizes
    return proof


def assert_refuted(lhs, rhs, at, **given):
    proof = oa.prove(lhs, rhs, **given)
    assert proof.verdict == "refuted", proof
    assert proof.check()
    sizes = proof.witness.sizes
    assert sizes[n] == at
    for smaller in range(1, at):
        if not given or smaller % given["given"].a == 0:
            assert holds_at(lhs, rhs, {n: smaller})
    i = np.ravel_multi_index(proof.witness.index, lhs.at(sizes).dimsd)
    j = np.ravel_multi_index(proof.witness.column, lhs.at(sizes).dims)
    entries = [dense(side, sizes)[i, j] for side in (lhs, rhs)]
    assert entries == [proof.witness.lhs, proof.witness.rhs]
    assert entries[0] != entries[1]
    return proof


# Statements ---------------------------------------------------------------------------------------------------


def test_full_after_full_is_the_full_composition():
    proof = assert_proved(OTHER.on(n + 2, out=(-1, n + 3)) @ Conv([1, 2, 3]).on(n), (OTHER @ Conv([1, 2, 3])).on(n))
    assert isinstance(proof, SizesProof)
    assert proof.scope == "for every n ≥ 1: equal on ℤ^d, between equal windows"
    wide = assert_proved(Conv([1, 2]).on(n + 1, out=n) @ Identity().on(n, out=n + 1), Conv([1, 2]).on(n, out=n))
    assert wide.on_lattice
    cropped = assert_proved(Conv([1, 2]).on(n, out=n) @ Conv([1, 3]).on(n, out=n), Conv([1, 5, 6]).on(n, out=n))
    assert cropped.scope.startswith("for every n ≥ 1: n ≥ ")
    inner = Conv([1, 2, 3]).on(n)
    assert_proved(Conv([5, 0, 1]).on(inner.dimsd) @ inner, (Conv([5, 0, 1]) @ Conv([1, 2, 3])).on(n))


def test_same_padded_convolutions_do_not_compose():
    both = OTHER.on(n, mode="same") @ CENTRED.on(n, mode="same")
    assert_refuted(both, (OTHER @ CENTRED).on(n, mode="same"), 1)
    corners = Conv(Signal([1, 0, 0], start=-1)).on(n, mode="same") @ Conv(Signal([0, 0, 1], start=-1)).on(
        n, mode="same"
    )
    assert_refuted(corners, Identity().on(n), 1)
    causal = Conv([1, 2, 3]), Conv([2, 0, 1])  # triangular matrices compose
    assert_proved(
        causal[0].on(n, mode="same") @ causal[1].on(n, mode="same"), (causal[0] @ causal[1]).on(n, mode="same")
    )


def test_valid_and_strided():
    strided = (Down(2) @ Conv([1, 2, 3])).on(n + 2, mode="valid")
    after = Down(2).on(n, out=(0, sympy.ceiling(n / 2))) @ Conv([1, 2, 3]).on(n + 2, mode="valid")
    assert_proved(after, strided)
    twice = Conv([1, -1]).on(n + 2, mode="valid") @ Conv([1, 2, 3]).on(n + 4, mode="valid")
    assert_proved(twice, (Conv([1, -1]) @ Conv([1, 2, 3])).on(n + 4, mode="valid"))


@pytest.mark.parametrize("rule", BOUNDARIES)
def test_noble_with_every_boundary(rule):
    lhs = (Down(2) @ Conv([1, 0, 2, 0, 3])).on(2 * n, mode="same", boundary=rule)
    rhs = Conv([1, 2, 3]).on(n, mode="same", boundary=rule) @ Down(2).on(2 * n, mode="same")
    if rule in ("zero", "wrap", "edge"):
        assert_proved(lhs, rhs)
    else:
        assert_refuted(lhs, rhs, 2 if rule == "reflect" else 1)


def test_circular_noble_holds_where_the_factor_divides():
    lhs = (Down(3) @ Conv(Up(3) @ Signal([1, 2]))).on(n, out=(0, sympy.ceiling(n / 3)), boundary="wrap")
    rhs = Conv([1, 2]).on(sympy.ceiling(n / 3), out=(0, sympy.ceiling(n / 3)), boundary="wrap") @ Down(3).on(
        n, mode="same"
    )
    assert_proved(lhs, rhs, given=oa.divides(3, n), upto=24)
    proof = assert_refuted(lhs, rhs, 2)
    assert str(proof.witness).startswith("for n = 2, with one sample 1 at ")


def test_reversal_and_decimation_commute_where_k_divides_the_length_less_one():
    def sides(size, k):
        half = sympy.ceiling(size / sympy.Integer(k))
        return (
            Flip().on(half, out=(1 - half, 1)) @ Down(k).on(size, mode="same"),
            Down(k).on(size, out=(0, half)) @ Flip().on(size),
        )

    assert_proved(*sides(3 * n + 1, 3))
    assert_proved(*sides(3 * n - 2, 3))
    assert_refuted(*sides(n, 3), 2)
    assert_refuted(*sides(3 * n, 3), 1)
    assert_refuted(*sides(3 * n + 2, 3), 1)


def test_a_difference_that_begins_late_is_found_at_its_first_size():
    late = (Identity() + Shift(37)).on(n, out=n)
    assert_refuted(late, Identity().on(n), 38)


def mirrored(size):
    """A delay by 5 with the boundary "symmetric", written out; true for sizes ≥ 5 only."""
    lhs = Shift(5).on(size, out=size, boundary="symmetric")
    return lhs, Shift(5).on(size, out=size) + (Shift(4) @ Flip()).on(size, out=size)


def test_a_difference_that_ends_early_is_found():
    assert_refuted(*mirrored(n), 1)
    assert_refuted(*mirrored(n + 3), 1)
    assert_proved(*mirrored(n + 4))


def test_the_bound_from_which_sizes_are_decided_at_once_is_needed(monkeypatch):
    """A clock that forgets its comparisons would prove what is false for small sizes."""
    monkeypatch.setattr(Affine, "_sign", lambda self: 1 if self.slope > 0 else -1)
    assert oa.prove(*mirrored(n)).verdict == "proved"


def test_a_difference_in_one_residue_only():
    lhs, rhs = Down(2).on(n, mode="same").T @ Down(2).on(n, mode="same"), Modulate([1, 0]).on(n)
    assert_proved(lhs, rhs)
    assert_refuted(lhs, Modulate([1, 0, 1, 1]).on(n), 4)


def test_transposes_sums_multiples_and_crops():
    F = (Down(2) @ CENTRED).on(n, mode="same", boundary="reflect")
    G = OTHER.on(n, mode="same", boundary="edge")
    assert_proved((F @ G).T, G.T @ F.T, upto=9)
    assert_proved((F @ G).H - 2 * (F @ G).T, -1 * (G.T @ F.T), upto=9)
    assert_proved(F @ (G + G), 2 * (F @ G), upto=9)
    crop = Identity().on(n + 2, out=(1, n + 1))
    pad = Identity().on(n, out=(-1, n + 1))
    assert_proved(crop, pad.T)
    assert_proved(crop @ pad, Identity().on(n))
    assert_refuted(pad @ crop, Identity().on(n + 2), 1)


def test_transposed_convolution_is_the_transpose_of_the_strided_one():
    q = Signal([1, 2, 3])
    strided = (Down(2) @ Conv(q)).on(2 * n, out=(1, n + 1))
    assert_proved(strided.T, (Conv(Flip() @ q) @ Up(2) @ Shift(1)).on(n, out=2 * n))
    assert_refuted(strided.T, (Conv(q) @ Up(2) @ Shift(1)).on(n, out=2 * n), 1)


def test_several_axes_and_symbols():
    A, B = Conv(Signal([[1, 2], [3, 4]])), Conv(Signal([[1], [5]]))
    assert_proved(A.on((n + 1, m)) @ B.on((n, m)), (A @ B).on((n, m)), upto=5)
    assert_refuted(
        A.on((n, 3), mode="same", boundary=("wrap", "zero")),
        A.on((n, 3), mode="same", boundary=("edge", "zero")),
        2,
    )
    centred = Conv(Signal([[1, 1, 1]] * 3, start=(-1, -1)))
    proof = oa.prove(
        centred.on((n, m), mode="same"),
        Conv(Signal([[1, 1, 1]], start=(0, -1))).on((n, m), mode="same")
        @ Conv(Signal([[1]] * 3, start=(-1, 0))).on((n, m), mode="same"),
    )
    assert proof
    assert "n ≥ " in proof.scope
    assert "m ≥ " in proof.scope
    assert proof.check()


def test_channels():
    A = oa.Block([[CENTRED, 0], [OTHER, Identity()]])
    B = oa.Block([[Identity(), OTHER], [0, Shift(1)]])
    lhs = A.on(n, out=(0, n)) @ B.on(n, out=(0, n))
    assert_refuted(lhs, (A @ B).on(n, out=(0, n)), 1)
    inner = B.on(n, out=(-1, n + 1))
    outer = (A @ oa.Block.diagonal(Shift(-1), Shift(-1))).on(n + 2, out=(0, n))
    assert_proved(outer @ inner, (A @ B).on(n, out=(0, n)), upto=8)


def test_formal_kernels_between_windows_that_lose_nothing():
    q = oa.signals("q")
    padded = Conv(q).on(n, out=(-1, n + 1))
    crop = Identity().on(n + 2, out=(1, n + 1))
    assert oa.prove(crop @ padded, Conv(q).on(n, out=n)).scope.startswith("for every n ≥ 1: equal on ℤ^d")
    assert oa.prove(padded.T @ crop.T, Conv(q).on(n, out=n).T).check()
    assert oa.prove(
        Conv(q).on(n + 2, out=(-1, n + 5)) @ Conv([1, 2, 3]).on(n), (Conv(q) @ Conv([1, 2, 3])).on(n, out=(-1, n + 5))
    )
    short = Identity().on(n + 2, out=(0, n + 1)) @ padded  # one too few
    assert oa.prove(short, Conv(q).on(n, out=(-1, n))).verdict == "proved"
    cut = Shift(1).on(n + 2, out=(0, n + 2)) @ padded
    assert oa.prove(cut, (Shift(1) @ Conv(q)).on(n, out=(-1, n + 1))).verdict == "refuted"
    reach = Conv(q).on(n + 1, out=n) @ Conv([1, 2, 3]).on(n, out=n + 1)  # the last sample is cut off, and q reads it
    assert oa.prove(reach, (Conv(q) @ Conv([1, 2, 3])).on(n, out=n)).verdict == "refuted"


def test_symbolic_factors_between_windows():
    k, q = oa.factors("k"), oa.signals("q")
    lhs, rhs = Down(k) @ Conv(Up(k) @ q), Conv(q) @ Down(k)
    assert oa.prove(lhs.on(n, out=n), rhs.on(n, out=n))
    assert oa.prove(lhs.on(n, out=n), (rhs @ Shift(1)).on(n, out=n)).verdict == "undecided"
    periodic = (Down(n) @ Shift(n)).on(3 * n, out=3)  # the size may be a factor, too
    assert oa.prove(periodic, (Shift(1) @ Down(n)).on(3 * n, out=3))
    assert np.array_equal(periodic.at({n: 2})(np.arange(6)), [0, 0, 2])
    commute = (Up(2) @ Down(k)).on(n, out=n), (Down(k) @ Up(2)).on(n, out=n)
    assert oa.prove(*commute, given=oa.coprime(2, k))


def test_symbolic_taps_and_complex_taps():
    q = oa.signals("q", length=3, start=-1)
    a = sympy.Symbol("a")
    lhs, rhs = (Conv(q) @ CENTRED).on(n), Conv(q).on(n + 2, out=(-2, n + 2)) @ (Shift(1) @ CENTRED).on(n)
    assert oa.prove(rhs, (Conv(q) @ Shift(1) @ CENTRED).on(n, out=(-2, n + 2))).verdict == "proved"
    assert lhs.shape == (n + 4, n)
    F = CENTRED.on(n)
    same = Conv(q).on(n, mode="same")
    refuted = oa.prove(same @ same, (Conv(q) @ Conv(q)).on(n, mode="same"))
    assert refuted.verdict == "refuted"
    assert refuted.check()
    assert oa.prove((a * CENTRED).on(n), a * CENTRED.on(n))
    adjoint = oa.prove((a * CENTRED.on(n)).H @ F, sympy.conjugate(a) * (CENTRED.on(n).T @ F))
    assert adjoint.verdict == "proved"
    w = Conv([1, 2 - 1j])
    assert oa.prove((w.on(n).H @ w.on(n)).H, w.on(n).H @ w.on(n))
    assert oa.prove(w.on(n).T @ w.on(n), w.on(n).H @ w.on(n)).verdict == "refuted"


def test_formal_kernels():
    p, q = oa.signals("p q")
    lhs, rhs = (Down(2) @ Conv(Up(2) @ q)).on(2 * n, mode="same"), (Conv(q) @ Down(2)).on(2 * n, mode="same")
    proof = oa.prove(lhs, rhs)
    assert proof
    assert proof.on_lattice
    assert proof.scope == "for every n ≥ 1: equal on ℤ^d, between equal windows"
    assert proof.check()
    assert oa.prove(lhs.T, rhs.T)
    both = Conv(p).on(n, mode="same") @ Conv(q).on(n, mode="same")
    refuted = oa.prove(both, (Conv(p) @ Conv(q)).on(n, mode="same"))
    assert refuted.verdict == "refuted"
    assert set(refuted.witness.kernels) == {"p", "q"}
    assert refuted.check()
    even = oa.prove(Conv(q).on(n, mode="same").T, Conv(q).on(n, mode="same"), given=oa.even_symmetric(q))
    assert even
    assert oa.prove(Conv(q).on(n, mode="same").T, Conv(q).on(n, mode="same")).verdict == "refuted"


@pytest.mark.long
def test_formal_kernels_that_take_too_long():
    p, q = oa.signals("p q")
    both = Conv(p).on(n, mode="same") @ Conv(q).on(n, mode="same")
    unknown = oa.prove(both @ both, both @ both + 0 * both)
    assert unknown.verdict == "undecided"
    assert "formal kernels" in unknown.reason


def test_operators_with_numbers_take_part():
    first, ones = Identity().on(n, out=8), Conv([1, 2]).on(8, out=8)
    proof = oa.prove(ones @ first, Conv([1, 2]).on(n, out=8))
    assert proof.scope.startswith("for every n ≥ 1: n ≥ 9 at once")
    assert proof.check()
    ahead = Shift(-1).on(8, out=8)  # the ninth sample is cut off, and read
    assert oa.prove(ahead @ first, Shift(-1).on(n, out=8)).witness.sizes == {n: 9}
    assert oa.prove(ones, ones @ first @ Identity().on(8, out=n)).witness.sizes == {n: 1}


def test_entries_that_grow_are_not_guessed():
    wide = Identity().on(n, out=2 * n, boundary="edge")
    same = oa.prove(wide.T @ wide, wide.T @ (wide + 0 * wide))
    assert same.verdict == "undecided"
    assert same.reason == "an entry adds up more and more samples as the size grows"
    assert not same.check()
    assert oa.prove(wide.T @ wide, Identity().on(n)).witness.sizes == {n: 1}
    turns = Identity().on(4, out=n, boundary="wrap")
    assert "turns of the boundary" in oa.prove(Identity().on(4, out=4) @ turns.T, turns.T).reason
    assert oa.prove(Shift(1).on(n, out=n) @ turns, Shift(1).on(4, out=n, boundary="wrap")).witness.sizes == {n: 1}


# The object -----------------------------------------------------------------------------------------------------


def test_what_cannot_be_done_says_so():
    F = CENTRED.on(n)
    for what in (F, F.T, F.T @ F, F + F, 2 * F):
        for refused in (
            lambda f: f(np.ones(3)),
            lambda f: f.matvec(np.ones(3)),
            lambda f: f.todense(),
            lambda f: f.matrix(),
            lambda f: f.dottest(),
            lambda f: f.explain(),
            lambda f: f.lstsq(np.ones(3)),
            lambda f: f @ np.ones(3),
        ):
            with pytest.raises(oa.OperandError, match=r"stands for every size.*F\.at\(\{n: …\}\)"):
                refused(what)
    with pytest.raises(oa.OperandError, match="no number was given for n"):
        F.at({m: 3})
    with pytest.raises(oa.OperandError, match="give an int >= 1"):
        F.at({n: 0})
    with pytest.raises(oa.WindowError, match="several symbols"):
        CENTRED.on(n + m)
    with pytest.raises(oa.WindowError, match="positive integer and nothing else; give an int"):
        CENTRED.on(sympy.Symbol("n"))
    with pytest.raises(oa.WindowError, match="no formula that can be decided"):
        CENTRED.on(n**2)
    with pytest.raises(oa.WindowError, match="no formula that can be decided"):
        CENTRED.on(n / 2)
    with pytest.raises(oa.WindowError, match="negative"):
        CENTRED.on(3 - n)
    with pytest.raises(oa.DimensionError, match="do not fit"):
        F @ F
    with pytest.raises(oa.DimensionError, match="do not fit"):
        F + CENTRED.on(n, mode="same")
    with pytest.raises(oa.WindowError, match="the mode is"):
        CENTRED.on(n, mode="most")
    with pytest.raises(oa.OperandError, match="engine"):
        CENTRED.on(n, engine="numpy")


def test_where_the_windows_agree_for_some_sizes_only_the_first_other_one_is_named():
    with pytest.raises(oa.DimensionError, match="for n = 2: the windows do not agree"):
        oa.prove(Identity().on(n), Identity().on(n, out=(0, 2 * n - 1)))
    with pytest.raises(oa.WindowError, match=r"for n = 1: boundary='wrap'.*oa\.divides"):
        oa.prove(Down(2).on(n, mode="same", boundary="wrap"), Down(2).on(n, mode="same"))
    assert oa.prove(Down(2).on(n, mode="same", boundary="wrap"), Down(2).on(n, mode="same"), given=oa.divides(2, n))
    with pytest.raises(oa.WindowError, match="for n = 1: the size n - 2 is negative"):
        oa.prove(Identity().on(n - 2), Identity().on(n - 2))


def test_hypotheses_about_sizes():
    odd = Down(2).on(n, out=(0, sympy.ceiling(n / 2)), boundary="wrap")
    ahead = (Down(2) @ Shift(-1)).on(n, out=(0, sympy.ceiling(n / 2)), boundary="wrap")
    first = Down(2).on(n, mode="same")
    assert oa.prove(odd, first, given=oa.coprime(2, n))
    last = (Down(2) @ Shift(-1)).on(n, out=(0, sympy.ceiling(n / 2)), boundary="edge")
    assert oa.prove(ahead, last, given=oa.divides(2, n))
    assert oa.prove(ahead, last, given=oa.coprime(2, n)).witness.sizes == {n: 3}
    some = (Identity() + Shift(4)).on(n, out=n)
    assert oa.prove(some, Identity().on(n), given=oa.divides(n, 4))
    assert oa.prove(some, Identity().on(n), given=oa.divides(n, 6)).witness.sizes == {n: 6}
    with pytest.raises(oa.HypothesisError, match=r"m \| n speaks of m"):
        oa.prove(some, Identity().on(n), given=oa.divides(m, n))
    both = (Up(m) @ Down(m)).on(n, out=n), (Up(m) @ Down(m) @ Down(1)).on(n, out=n)
    assert oa.prove(*both, given=oa.divides(m, n)).verdict == "undecided"


@pytest.mark.parametrize(
    "make",
    [
        lambda: CENTRED.on(n + 2, mode="valid", boundary="edge"),
        lambda: (Down(2) @ OTHER).on(2 * n, out=(-1, n)).T @ Identity().on(n + 1),
        lambda: 2 * CENTRED.on((sympy.floor(n / 2)), dtype="float32") + OTHER.on(sympy.floor(n / 2)),
        lambda: Conv(Signal([[1, 2]])).on((n, m + 1), boundary=("wrap", "edge"), mode="same"),
        lambda: Down(2).on(n, out=(1 - sympy.ceiling(2 * n / 3), sympy.Mod(n, 3) + 2)),
        lambda: Down(2).on(sympy.Max(3, n - 2), out=sympy.floor(sympy.floor(n / 2) / 3 + sympy.Rational(1, 3))),
    ],
)
def test_shown_and_read_back(make):
    made = make()
    again = eval(repr(made), {**vars(oa), "sympy": sympy})  # what the text says is what this test is about
    assert again == made
    assert hash(again) == hash(made)
    assert "n" in str(made)
    assert made.latex().count("{") == made.latex().count("}")


def test_the_looks():
    F = (Down(2) @ CENTRED).on(2 * n, mode="same", boundary="wrap")
    assert str(F) == f"{Down(2) @ CENTRED} on 2*n → n, wrap"
    assert r"2 n \to n" in F.latex()
    assert F.shape == (n, 2 * n)
    assert F.out_size(10) == 5
    assert F.out_size(m) == sympy.floor(m / 2 - sympy.Rational(1, 2)) + 1
    proof = oa.prove(F, F)
    assert str(proof).startswith("proved: ")
    assert "for every n ≥ 1" in str(proof)
    assert [step.expression for step in proof.steps][-1] == F
    assert proof._repr_markdown_().startswith("**proved**")
