"""Statements with sampling matrices: laws by name, falsehoods, and random ones against the judge."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Shift, Up
from opalgebra.algebra.lattices.sampling import commute
from opalgebra.algebra.laws import of_matrices as lattice_laws
from tests.generate_lattice import statement
from tests.judge import differ_on_columns
from tests.statements import witness_fault

q, p, x = oa.signals("q p x")
QUINCUNX, HEXAGONAL, SHEAR = [[1, 1], [1, -1]], [[2, 1], [0, 2]], [[1, 1], [0, 1]]
CUBE = [[1, 1, 0], [0, 1, 1], [1, 0, 1]]  # of determinant 2: every second sample in space
MATRICES = [QUINCUNX, HEXAGONAL, SHEAR, [[0, 2], [-1, 1]], CUBE, [[2, 0, 1], [0, 1, 0], [0, 0, 2]]]


def refuted(lhs: Any, rhs: Any) -> oa.Witness:
    """The witness of a refutation, evaluated once more by the judge."""
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "refuted"
    assert proof.check()
    assert proof.witness is not None
    assert witness_fault(lhs, rhs, proof.witness) == ""
    return proof.witness


# Laws

DERIVED = {  # by more elementary laws
    "strided-transpose", "strided-adjoint", "transposed-strided", "repeat-fold", "repeat-conv",
    "weight-gradient-dilated",
}  # fmt: skip


@pytest.mark.campaign(40)
@pytest.mark.parametrize("M", MATRICES, ids=str)
@pytest.mark.parametrize(
    "name",
    ["down-up", "noble-down", "noble-up", "down-conv-up", "shift-down", "shift-up", "polyphase-identity",
     "polyphase-conv", "polyphase-strided", "polyphase-transposed", "space-to-batch", "strided-transpose",
     "strided-adjoint", "transposed-strided", "flip-up", "flip-down", "down-repeat", "mean-repeat", "repeat-fold",
     "repeat-conv", "up-transpose", "down-transpose", "define-strided", "define-transposed", "define-dilated",
     "weight-gradient", "weight-gradient-dilated", "up-down-comb", "up-down-characters", "character-down",
     "character-up"],
)  # fmt: skip
def test_laws_hold_for_matrices_and_are_found_by_name(name: str, M: Any) -> None:
    values: dict[str, Any] = {"k": M}
    if "d" in oa.laws[name].kinds:
        values["d"] = (1, -2, 3)[: len(M)]
    if "w" in oa.laws[name].kinds:
        values["w"] = oa.reals("u v w")[: len(M)]
    proof = oa.laws[name].prove(**values)
    assert proof, proof.reason
    assert proof.check()
    used = [step.law for step in proof.steps]
    if name in DERIVED:
        assert len(used) <= 8
        assert name not in used or M == SHEAR
        assert set(used[1:]) <= set(oa.laws)
    elif M != SHEAR:  # of one coset, where other laws say the same
        assert used == ["", name]


@pytest.mark.parametrize("name", ["up-up", "down-down", "strided-strided", "transposed-transposed", "common-factor"])
def test_products_of_matrices_keep_their_order(name: str) -> None:
    law = oa.laws[name]
    names = [n for n, kind in law.kinds.items() if kind == "factor"]
    for values in product([QUINCUNX, HEXAGONAL, SHEAR], repeat=len(names)):
        assert law.prove(**dict(zip(names, values, strict=True)))


def test_a_derivation_with_matrices() -> None:
    d = oa.derive(Down(QUINCUNX) @ Conv(Up(QUINCUNX) @ q) @ Up(HEXAGONAL) @ Conv(p))
    d.by("noble-down").by("noble-up")
    assert d.expression == Conv(q) @ Down(QUINCUNX) @ Conv(Up(HEXAGONAL) @ p) @ Up(HEXAGONAL)
    assert [step.law for step in d.steps] == ["", "noble-down", "noble-up"]
    proof = oa.prove(oa.StridedConv(q, QUINCUNX).T, oa.TransposedConv(Flip() @ q, QUINCUNX))
    assert proof
    assert "define-strided" in [step.law for step in proof.steps]
    assert "canonical-form" not in [step.law for step in proof.steps]


@pytest.mark.parametrize("M", MATRICES, ids=str)
def test_polyphase_products_for_matrices(M: Any) -> None:
    """Of any phase r, also outside of the cell."""
    for r in ((0, 0, 0), (1, -2, 3)):
        proof = oa.laws["polyphase-product"].prove(k=M, r=r[: len(M)])
        assert proof, proof.reason
        assert proof.check()


def test_frequencies_go_by_the_transposed_matrix() -> None:
    u, v = oa.reals("u v")
    M = [[1, 2], [0, 3]]
    assert (Down(M) @ oa.Modulate(frequency=(u, v))).equals(oa.Modulate(frequency=(u, 2 * u + 3 * v)) @ Down(M))
    refuted(Down(M) @ oa.Modulate(frequency=(1, 2)), oa.Modulate(frequency=(5, 6)) @ Down(M))


def test_a_sum_over_an_index_beside_matrices() -> None:
    """S^Md ↑M = ↑M S^d under a sum of k terms, which the judge confirms for some k."""
    k, r = oa.factors("k"), oa.integers("r")
    lhs, rhs, other = (
        oa.Sum(word @ Down(HEXAGONAL), (r, 0, k))
        for word in (Up(QUINCUNX) @ Shift((r, 0)), Shift((r, r)) @ Up(QUINCUNX), Shift((r, -r)) @ Up(QUINCUNX))
    )
    assert oa.prove(lhs, rhs).verdict == oa.prove(lhs.T, rhs.T).verdict == "proved"
    refuted(lhs, other)
    for n in (1, 2, 3):
        left, right, wrong = (oa.Sum(side.body, (r, 0, n)) for side in (lhs, rhs, other))
        assert not differ_on_columns(left, right, random.Random(n))
        assert differ_on_columns(left, wrong, random.Random(n)) == (n > 1)


def test_no_sum_runs_to_a_matrix() -> None:
    with pytest.raises(oa.FactorError, match="one sum for each axis"):
        oa.Sum(Shift((oa.integers("r"), 0)), (oa.integers("r"), 0, QUINCUNX))


def test_a_tuple_and_its_matrix() -> None:
    for k in ((2, 3), (1, 2)):
        M = [[k[0], 0], [0, k[1]]]
        assert oa.prove(Up(M), Up(k)).steps[1].law == "up-diagonal"
        assert oa.prove(Down(M) @ Conv(q), oa.StridedConv(q, k))
        assert Up(M).simplify() == Up(k).simplify() == Up(k)
    assert oa.prove(Up([[-1, 0], [0, -1]]), Flip()).steps[1].law == "up-reversal"
    assert oa.prove(Up(QUINCUNX) @ Up(QUINCUNX), Up((2, 2)))


def test_with_symbols_beside_the_matrix() -> None:
    k = oa.factors("k")
    d = oa.integers("d e")
    assert oa.prove(Up(QUINCUNX) @ Up((k, k)), Up((k, k)) @ Up(QUINCUNX))
    assert oa.prove(Down(QUINCUNX) @ Shift((d[0] + d[1], d[0] - d[1])), Shift(tuple(d)) @ Down(QUINCUNX))
    assert oa.prove(Shift((2 * d[0] + d[1], 2 * d[1])) @ Up(HEXAGONAL), Up(HEXAGONAL) @ Shift(tuple(d)))
    false = oa.prove(Up((k, 1)) @ Up(QUINCUNX), Up(QUINCUNX) @ Up((k, 1)))
    assert false.verdict == "refuted"
    assert false.check()


# Falsehoods


def test_down_samplings_compose_the_other_way_round() -> None:
    A, B = oa.SamplingMatrix(QUINCUNX), oa.SamplingMatrix(HEXAGONAL)
    refuted(Down(A) @ Down(B), Down(A @ B))
    refuted(Up(A) @ Up(B), Up(B @ A))
    assert oa.prove(Down(A) @ Down(B), Down(B @ A))
    assert oa.prove(Up(A) @ Up(B), Up(A @ B))


def test_commuting_matrices_alone_do_not_let_them_commute() -> None:
    M = oa.SamplingMatrix(QUINCUNX)
    assert M @ M == M @ M
    refuted(Up(M) @ Down(M), Down(M) @ Up(M))
    L = oa.SamplingMatrix([[1, -1], [1, 1]])
    assert L @ L.T == L.T @ L  # of determinant 2 both, and not right coprime
    refuted(Up(L) @ Down(L.T), Down(L.T) @ Up(L))


def test_coprime_determinants_alone_do_not_let_them_commute() -> None:
    L, M = oa.SamplingMatrix([[1, 1], [0, 2]]), oa.SamplingMatrix([[1, 0], [1, 3]])
    assert (L.ratio, M.ratio) == (2, 3)
    assert oa.gcrd(L, M).ratio == 1
    assert L @ M != M @ L
    refuted(Up(L) @ Down(M), Down(M) @ Up(L))
    assert oa.laws["up-down-lclm"].prove(L=L, M=M)


def test_both_conditions_together_do() -> None:
    L = oa.SamplingMatrix([[2, -1], [1, 2]])
    assert commute(L, L.T)
    assert oa.prove(Up(L) @ Down(L.T), Down(L.T) @ Up(L)).steps[1].law == "up-down-commute"


@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [
        (Up(QUINCUNX) @ Down(QUINCUNX), Identity()),
        (Down(QUINCUNX) @ Shift((1, 0)), Shift((1, 0)) @ Down(QUINCUNX)),
        (Down(QUINCUNX) @ Conv(q), Conv(Down(QUINCUNX) @ q) @ Down(QUINCUNX)),
        (Conv(q) @ Up(QUINCUNX), Up(QUINCUNX) @ Conv(q)),
        (Down(HEXAGONAL), Down([[2, 0], [1, 2]])),
        (Up(QUINCUNX).T, Up(QUINCUNX)),
        (Up(QUINCUNX), Down([[1, 1], [1, -1]])),
        (oa.Repeat(HEXAGONAL) @ oa.AvgPool(HEXAGONAL), Identity()),
        (Up(CUBE) @ Down(CUBE), Identity()),
        (Down(QUINCUNX) @ Conv(q) @ x, Conv(q) @ Down(QUINCUNX) @ x),
        (oa.Polyphase(HEXAGONAL), oa.Polyphase([[2, -1], [0, 2]])),
    ],
    ids=str,
)
def test_falsehoods(lhs: Any, rhs: Any) -> None:
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "refuted"
    assert proof.check()


# Simplification


def test_one_canonical_expression() -> None:
    assert (Down(QUINCUNX) @ Conv(q)).simplify() == Down(QUINCUNX) @ Conv(q)
    assert (Down(QUINCUNX) @ Up(QUINCUNX)).simplify() == Identity()
    assert (Down(QUINCUNX) @ Conv(Up(QUINCUNX) @ q)).simplify() == (Conv(q) @ Down(QUINCUNX)).simplify()
    assert (Up(SHEAR) @ Down(SHEAR)).simplify() == Identity()
    M = oa.SamplingMatrix(QUINCUNX)
    for U in (SHEAR, [[0, 1], [1, 0]], [[-1, 0], [0, 1]]):  # one lattice, whatever its basis
        other = M @ oa.SamplingMatrix(U)
        assert (Up(other) @ Down(other)).simplify() == (Up(M) @ Down(M)).simplify()


# Random statements


@pytest.mark.parametrize("batch", range(2))
def test_prover_and_exact_judge_agree(batch: int) -> None:
    """A thousand more are put to the judge modulo a prime in tests/house/test_fuzz.py."""
    verdicts: Counter[str] = Counter()
    for seed in range(40 * batch, 40 * batch + 40):
        verdicts[judged(seed)] += 1
    assert min(verdicts["proved"], verdicts["refuted"]) >= 8


def judged(seed: int) -> str:
    lhs, rhs, hint = statement(seed)
    proof = oa.prove(lhs, rhs)
    assert proof.verdict != "undecided", (seed, proof.reason)
    assert proof or hint == "miss", seed
    if proof.witness is not None:
        assert witness_fault(lhs, rhs, proof.witness) == "", seed
    else:
        assert not differ_on_columns(lhs, rhs, random.Random(seed)), seed
    return proof.verdict


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(min_value=10**6, max_value=10**9))
def test_equal_operators_simplify_to_one_expression(seed: int) -> None:
    lhs, rhs, _ = statement(seed)
    if not oa.prove(lhs, rhs):
        assert lhs.simplify() != rhs.simplify()
        return
    simple = lhs.simplify()
    assert rhs.simplify() == simple
    assert simple.simplify() == simple
    assert oa.prove(simple, lhs)


@pytest.mark.parametrize("seed", range(1000, 1024))
def test_derivations_and_certificates_of_random_statements(seed: int) -> None:
    lhs, rhs, _ = statement(seed)
    proof = oa.prove(lhs, rhs)
    assert proof.check()
    if proof:
        assert (proof.steps[0].expression, proof.steps[-1].expression) == (lhs, rhs)


def test_a_false_exchange_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the order of ↓A ↓B planted the wrong way round, no line of a derivation shows it, and the law fails."""
    A, B = oa.SamplingMatrix(QUINCUNX), oa.SamplingMatrix(HEXAGONAL)
    law = oa.laws["down-down"]
    false = type(law)("false", law.parameters, lambda a, b: (Down(a) @ Down(b), Down(a @ b)), "nowhere", law.near_miss)
    assert false.prove(a=A, b=B).verdict == "refuted"
    monkeypatch.setattr(lattice_laws, "inverted", lambda U: U)
    assert oa.laws["down-unimodular"].prove().verdict == "refuted"
