"""Sampling matrices: what is taken and refused, exact arithmetic, cosets, Smith and Hermite forms."""

from __future__ import annotations

import pickle
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st
from sympy.matrices.normalforms import smith_normal_form

import opalgebra as oa
from opalgebra.algebra.lattices.sampling import commute
from opalgebra.errors import FactorError, FactorTypeError
from opalgebra.expr.factors import axes, axis_count, is_symbolic, per_axis, ratio

QUINCUNX = [[1, 1], [1, -1]]


@st.composite
def matrices(draw: Any, ndim: int | None = None, largest: int = 40) -> oa.SamplingMatrix:
    size = ndim or draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(st.integers(-4, 4), min_size=size, max_size=size), min_size=size, max_size=size))
    assume(0 < abs(sympy.Matrix(rows).det()) <= largest)
    return oa.SamplingMatrix(rows)


@pytest.mark.parametrize(
    "given",
    [QUINCUNX, ((1, 1), (1, -1)), np.array(QUINCUNX), np.array(QUINCUNX, dtype=np.int8), sympy.Matrix(QUINCUNX),
     sympy.ImmutableMatrix(QUINCUNX), [np.array([1, 1]), (1, -1)], oa.SamplingMatrix(QUINCUNX),
     np.array(QUINCUNX, dtype=object)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_every_way_to_write_a_matrix(given: Any) -> None:
    up = oa.Up(given)
    assert up == oa.Up(QUINCUNX)
    assert hash(up) == hash(oa.Up(QUINCUNX))
    assert type(up.factor) is oa.SamplingMatrix
    assert up.factor.rows == ((1, 1), (1, -1))
    assert all(type(entry) is int for row in up.factor for entry in row)
    assert up.ndim == 2
    assert repr(up) == "Up([[1, 1], [1, -1]])"
    assert pickle.loads(pickle.dumps(up)) == up


@pytest.mark.parametrize(
    "given",
    [[[1, 2], [2, 4]], [[0]], [[0, 0], [0, 0]], [[1, 2]], [[1, 2], [3]], [[], []], np.zeros((2, 2), dtype=int),
     np.ones((2, 3), dtype=int), sympy.zeros(2, 2), np.zeros((0, 0), dtype=int)],
    ids=repr,
)  # fmt: skip
def test_matrices_that_are_singular_or_not_square(given: Any) -> None:
    for make in (oa.Up, oa.Down, oa.Polyphase, oa.Repeat):
        with pytest.raises(FactorError) as info:
            make(given)
        assert "give a square integer matrix" in str(info.value)


@pytest.mark.parametrize(
    "given", [[[1.0, 0], [0, 1]], [[1, 0], [0, True]], [["1", 0], [0, 1]], [[1, None], [0, 1]], np.eye(2),
              sympy.Matrix([[1, sympy.Rational(1, 2)], [0, 1]]), [[oa.factors("k"), 0], [0, 1]], [(1, 2), 3],
              [[[1, 0], [0, 1]]], np.array([[1, 1j], [0, 1]])], ids=repr)  # fmt: skip
def test_matrices_of_the_wrong_kind(given: Any) -> None:
    with pytest.raises(FactorTypeError):
        oa.Up(given)
    with pytest.raises(FactorTypeError):
        oa.SamplingMatrix(given)


def test_large_entries_are_exact() -> None:
    big = 10**30
    M = oa.SamplingMatrix([[big, 1], [big - 1, 1]])
    assert M.determinant == 1
    assert oa.prove(oa.Up(M) @ oa.Down(M), oa.Identity())
    assert oa.prove(oa.Down([[big, 1], [0, 1]]) @ oa.Up([[big, 1], [0, 1]]), oa.Identity())
    assert np.array(M).dtype == object


def test_a_matrix_is_not_a_tuple_of_factors() -> None:
    M = oa.SamplingMatrix(QUINCUNX)
    with pytest.raises(FactorTypeError):
        axes(M)
    assert (axis_count(M), ratio(M), per_axis(M), is_symbolic(M)) == (2, 2, None, False)
    assert per_axis(oa.SamplingMatrix([[2, 0], [0, 3]])) == (2, 3)
    assert per_axis(oa.SamplingMatrix([[2, 0], [0, -3]])) is None
    assert oa.SamplingMatrix([[2]]) != 2
    assert oa.Up([[2]]) != oa.Up(2)
    assert oa.prove(oa.Up([[2]]), oa.Up(2))
    with pytest.raises(AttributeError):
        M.rows = ()  # type: ignore[misc]


def test_where_a_matrix_has_no_meaning() -> None:
    with pytest.raises(FactorTypeError, match="along each axis"):
        oa.LinearUp(QUINCUNX)
    with pytest.raises(FactorTypeError, match="shift"):
        oa.Shift(QUINCUNX)
    with pytest.raises(FactorError):
        oa.coprime(QUINCUNX, 2)
    with pytest.raises(oa.DimensionError):
        oa.Up(QUINCUNX) @ oa.Up(2)
    with pytest.raises(oa.DimensionError):
        oa.StridedConv([1, 2], QUINCUNX)
    with pytest.raises(oa.DimensionError):
        oa.Up(QUINCUNX) @ oa.Signal([1, 2, 3])
    with pytest.raises(FactorError):
        oa.SamplingMatrix(QUINCUNX) @ oa.SamplingMatrix([[2]])
    with pytest.raises(oa.SizeError, match="16"):
        oa.Up(np.eye(17, dtype=int))
    with pytest.raises(oa.SizeError):
        oa.Polyphase([[10**4, 1], [0, 1]])
    with pytest.raises(oa.SizeError):
        oa.cosets([[10**7, 1], [0, 1]])
    with pytest.raises(oa.NoInverse, match="left inverse"):
        oa.Up(QUINCUNX).inverse()


@given(matrices())
def test_arithmetic_against_sympy(M: oa.SamplingMatrix) -> None:
    S = sympy.Matrix(M.rows)
    assert S.det() == M.determinant
    assert [list(row) for row in M.adjugate] == S.adjugate().tolist()
    assert [[sympy.Rational(f) for f in row] for row in M.inverse()] == S.inv().tolist()
    assert (M @ M).rows == tuple(map(tuple, (S * S).tolist()))
    assert M.exponent == max(abs(d) for d in smith_normal_form(S, domain=sympy.ZZ).diagonal())


@given(matrices())
def test_cosets_are_one_for_each(M: oa.SamplingMatrix) -> None:
    points = M.cosets()
    assert len(points) == len(set(points)) == M.ratio
    assert list(points) == sorted(points)
    inverse = sympy.Matrix(M.rows).inv()
    for r in points:
        assert all(0 <= entry < 1 for entry in inverse * sympy.Matrix(r))
        for s in points:
            difference = inverse * (sympy.Matrix(r) - sympy.Matrix(s))
            assert all(entry.is_integer for entry in difference) == (r == s)


@given(matrices())
def test_smith_form(M: oa.SamplingMatrix) -> None:
    U, D, V = oa.smith(M)
    assert U @ D @ V == M
    assert U.ratio == V.ratio == 1
    entries = D.per_axis
    assert entries is not None
    assert all(b % a == 0 for a, b in pairwise(entries))
    expected = smith_normal_form(sympy.Matrix(M.rows), domain=sympy.ZZ).diagonal()
    assert sorted(entries) == sorted(abs(int(d)) for d in expected)
    if M.ndim > 1:
        assert oa.prove(oa.Up(M), oa.Up(U) @ oa.Up(D) @ oa.Up(V))
        assert oa.prove(oa.Down(M), oa.Down(V) @ oa.Down(D) @ oa.Down(U))


@given(matrices(ndim=2, largest=9), matrices(ndim=2, largest=9))
def test_divisors_and_multiples(M: oa.SamplingMatrix, L: oa.SamplingMatrix) -> None:
    near = list(product(range(-3, 4), repeat=2))
    assert oa.gcld(M, L).left_quotient(M) is not None
    assert oa.gcld(M, L).left_quotient(L) is not None
    sums = {tuple(a + b for a, b in zip(M @ n, L @ m, strict=True)) for n in near for m in near}
    assert all(oa.gcld(M, L).solve(point) is not None for point in sums)
    assert oa.gcld(M, L).ratio * oa.lcrm(M, L).ratio == M.ratio * L.ratio
    C = oa.lcrm(M, L)
    for n in product(range(-9, 10), repeat=2):
        assert (C.solve(n) is not None) == (M.solve(n) is not None and L.solve(n) is not None)
    assert oa.gcrd(M, L) == oa.gcld(M.T, L.T).T
    assert oa.lclm(M, L) == oa.lcrm(M.T, L.T).T


@given(matrices(ndim=2, largest=9), matrices(ndim=2, largest=9))
def test_when_up_and_down_commute(L: oa.SamplingMatrix, M: oa.SamplingMatrix) -> None:
    """The condition is exactly when the prover finds them equal."""
    assert commute(L, M) == bool(oa.prove(oa.Up(L) @ oa.Down(M), oa.Down(M) @ oa.Up(L)))


def test_cells_and_means() -> None:
    M = [[2, 1], [0, 2]]
    assert {at for at, _ in oa.box(M).items()} == set(oa.cosets(M))
    assert oa.prove(oa.AvgPool(M) @ oa.Repeat(M), oa.Identity())
    assert oa.prove(oa.Repeat((2, 3)), oa.Repeat([[2, 0], [0, 3]]))
    assert oa.prove(oa.Polyphase((2, 3)), oa.Polyphase([[2, 0], [0, 3]]))
    assert oa.prove(oa.PixelShuffle(M) @ oa.Polyphase(M), oa.Identity())
    assert oa.prove(oa.Polyphase(M) @ oa.PixelShuffle(M), oa.Identity())
    assert oa.Polyphase(M).inverse() == oa.PixelShuffle(M)
    assert oa.Up([[1, 1], [0, 1]]).inverse() == oa.Up([[1, -1], [0, 1]])
