"""Factors and shifts: what is taken, how it is normalised, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.errors import FactorError, FactorTypeError
from opalgebra.expr.factors import axes, factor, is_symbolic, shift

K, M = oa.factors("k m")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (2, 2), (np.int64(3), 3), (np.array(4), 4), (sympy.Integer(5), 5), ((2, 3), (2, 3)), ([2, 3], (2, 3)),
        ((7,), 7), (np.array([2, 3]), (2, 3)), (10**30, 10**30), (K, K), (K * M, K * M), (2 * K, 2 * K),
        (K**2, K**2), ((2, K), (2, K)), (K * (M + M), 2 * K * M),
    ],
)  # fmt: skip
def test_factors(given, kept):
    assert factor(given) == kept
    assert oa.Up(given) == oa.Up(kept)
    assert oa.Up(given).factor == kept
    assert type(factor(given)) is type(kept)


@pytest.mark.parametrize("given", [0, -1, (2, 0), (), [], np.array([]), sympy.Integer(0), sympy.Integer(-2), -K, K - K])
def test_factors_that_are_not_positive(given):
    for make in (oa.Up, oa.Down, oa.Repeat, oa.AvgPool, oa.LinearUp):
        with pytest.raises(FactorError):
            make(given)


@pytest.mark.parametrize(
    "given",
    [
        1.5, 2.0, True, False, (2, True), np.bool_(True), "2", None, np.nan, 1j, np.eye(2), ...,
        np.array([1.5]), sympy.Rational(1, 2), sympy.Float(2.0), sympy.Symbol("k"), sympy.Symbol("k", integer=True),
        K + 1, K / M, K - M, sympy.sqrt(K), K / 2, sympy.oo, [[1, K], [0, 1]], sympy.Matrix([[K, 0], [0, 2]]),
        [[1, 0.5], [0, 1]], [[True, 0], [0, 1]], [(2, 3), 4], [[[1]]], np.ones((2, 2, 2), dtype=int), [["1"]],
    ],
    ids=repr,
)  # fmt: skip
def test_factors_of_the_wrong_kind(given):
    with pytest.raises(FactorTypeError) as info:
        oa.Up(given)
    assert isinstance(info.value, (TypeError, ValueError))
    assert "give" in str(info.value) or "use" in str(info.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [(0, 0), (-3, -3), ((1, -2), (1, -2)), (K, K), (K - 1, K - 1), (K * (K + 1), K**2 + K), (np.int8(-1), -1)],
)
def test_shifts(given, kept):
    assert shift(given) == kept
    assert oa.Shift(given) == oa.Shift(kept)


@pytest.mark.parametrize("given", [1.5, True, "1", None, np.nan, sympy.Symbol("n"), K / 2, sympy.Rational(1, 2),
                                   sympy.sqrt(K), 2**K, sympy.oo, [[1]]])  # fmt: skip
def test_shifts_of_the_wrong_kind(given):
    with pytest.raises(FactorTypeError):
        oa.Shift(given)


def test_symbols():
    assert K.is_positive
    assert K.is_integer
    assert oa.factors("k") == K
    assert is_symbolic((2, K))
    assert not is_symbolic((2, 3))
    assert axes(2) == (2,)
    assert axes((2, 3)) == (2, 3)
