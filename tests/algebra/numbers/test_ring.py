"""The exact numbers of a statement: which ring they get, and that zero is recognised in it."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import I, Rational, pi, sqrt

from opalgebra.algebra.numbers.choose import ring_of
from opalgebra.algebra.numbers.ring import RATIONALS

a, b = sympy.symbols("a b")
r = sympy.Symbol("r", real=True)


def elements(*values):
    ring = ring_of(values)
    return ring, [ring.convert(value) for value in values]


def test_rational_statements_use_plain_numbers():
    for values in ([1, 2], [0.5, Fraction(1, 3)], [Rational(2, 3), sympy.Integer(4), 1.0], []):
        assert ring_of(values) is RATIONALS
    assert RATIONALS.convert(0.5) == Fraction(1, 2)
    assert isinstance(RATIONALS.convert(sympy.Integer(3)), int)
    assert isinstance(RATIONALS.to_scalar(Fraction(4, 2)), int)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_binary_fraction_that_it_stores(value):
    assert RATIONALS.convert(value) == Fraction(value)


def test_complex_floats_are_gaussian_rationals():
    ring, (x, y) = elements(0.5 + 0.25j, Rational(1, 2) + I / 4)
    assert x == y
    assert ring.to_scalar(x * y) == Rational(3, 16) + I / 4


@pytest.mark.parametrize(
    ("values", "combine"),
    [
        ((sqrt(2), sqrt(3), sqrt(6)), lambda x, y, z: x * y - z),
        ((sqrt(3 + 2 * sqrt(2)), sqrt(2)), lambda x, y: x - y - 1),
        ((sympy.cbrt(2), 2), lambda x, y: x * x * x - y),
        ((sympy.exp(2 * pi * I / 3), 1), lambda x, y: x * x + x + y),
        ((sympy.cos(pi / 8), sqrt(2)), lambda x, y: 4 * x * x - 2 - y),
        (((1 + sqrt(5)) / 2, 1), lambda x, y: x * x - x - y),
        ((sqrt(-3), sqrt(3), I), lambda x, y, z: x - y * z),
        ((pi, pi**2), lambda x, y: x * x - y),
        ((a, b, a * b), lambda x, y, z: x * y - z),
        ((a, sympy.conjugate(a), a * sympy.conjugate(a)), lambda x, y, z: x * y - z),
        ((sqrt(2) * a, 2 * a**2), lambda x, y: x * x - y),
        ((r, sympy.conjugate(r)), lambda x, y: x - y),
        (((a**2 - b**2) / (a - b), a, b), lambda x, y, z: x - y - z),
        ((1 / a, a, 1), lambda x, y, z: x * y - z),
        ((a / (1 + sqrt(2)), a, sqrt(2)), lambda x, y, z: x + y - y * z),
        ((1 / (a + sqrt(2)), a, sqrt(2)), lambda x, y, z: x * y + x * z - 1),
        ((pi * sympy.cbrt(2), pi), lambda x, y: x * x * x - 2 * y * y * y),
        ((a * sqrt(3 + 2 * sqrt(2)), a, sqrt(2)), lambda x, y, z: x - y - y * z),
    ],
)
def test_zero_is_recognised(values, combine):
    ring, converted = elements(*values)
    assert not combine(*converted)
    assert combine(*converted) + ring.one  # and it is no ring in which everything is zero


@pytest.mark.parametrize(
    ("value", "near"),
    [
        (sqrt(2), Rational(141421356237309504880168872420969807856967187537694, 10**50)),
        (pi, Rational(314159265358979323846264338327950288419716939937510, 10**50)),
        (sqrt(2) + sqrt(3), sqrt(10)),
        (a, b),
        (a, sympy.conjugate(a)),
        (0.1, Rational(1, 10)),
        (sympy.E, pi),
    ],
)
def test_close_numbers_differ(value, near):
    _, (x, y) = elements(value, near)
    assert x != y


def test_conjugates_are_in_the_ring():
    for value in (a, sqrt(2) + I * sqrt(3), sympy.exp(2 * pi * I / 5), a + I * r):
        ring = ring_of([value])
        assert ring.convert(sympy.conjugate(value)) == ring.convert(sympy.conjugate(value).expand())


@pytest.mark.parametrize("value", [7, Fraction(2, 3), sqrt(2), 3 + 2 * I, a, a * sqrt(2) + 1])
def test_division_by_an_integer(value):
    ring, (x,) = elements(value)
    assert ring.divide(x, 6) * 6 == x
    assert sympy.expand(sympy.sympify(ring.to_scalar(ring.divide(x, 6))) * 6 - value) == 0


def test_symbols_of_factors_are_invertible():
    k = sympy.Symbol("k", integer=True, positive=True)
    ring = ring_of([1], [k])
    assert ring.convert(1 / k) * ring.convert(k) == ring.one


@settings(max_examples=40)
@given(st.lists(st.integers(-5, 5), min_size=4, max_size=4), st.lists(st.integers(-5, 5), min_size=4, max_size=4))
def test_a_number_field_computes_as_sympy_does(left, right):
    basis = [1, sqrt(2), sqrt(3), sqrt(6)]
    x, y = (sum(c * e for c, e in zip(side, basis, strict=True)) for side in (left, right))
    ring = ring_of([sqrt(2), sqrt(3)])
    assert sympy.expand(sympy.sympify(ring.to_scalar(ring.convert(x) * ring.convert(y))) - sympy.expand(x * y)) == 0
    assert bool(ring.convert(x)) == any(left)
