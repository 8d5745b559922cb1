"""Separation bounds: nested radicals that are equal are proved equal, near ones are told apart.

The judge is mpmath with 300 digits, which computes with the expression as it was written.
"""

from __future__ import annotations

import random
import time

import mpmath
import pytest
import sympy
from sympy import I, Rational, cbrt, cos, exp, pi, sin, sqrt

import opalgebra as oa
from opalgebra import Conv, Down, Identity, Shift
from opalgebra.algebra.numbers import separation
from opalgebra.algebra.numbers.separation import NoBound, is_certainly_zero
from opalgebra.algebra.numbers.separation import separation as bound_of

x = sympy.Symbol("x")
a = sympy.Symbol("a")
k = oa.factors("k")
LARGE = sympy.Integer(10) ** 30
TINY = Rational(1, 10**30)
theta = sympy.rootof(x**3 - x + 3, 1)  # a complex zero


def turn(j, n):
    return exp(2 * pi * I * Rational(j, n))


EQUAL = [
    (sin(pi / 8), (turn(3, 16) - turn(5, 16)) / 2),
    (sin(pi / 5), (turn(3, 20) - turn(7, 20)) / 2),
    (sqrt(2 + sqrt(2 + sqrt(2))), 2 * cos(pi / 16)),
    ((2 + sqrt(3)) ** Rational(1, 7) * (2 - sqrt(3)) ** Rational(1, 7), 1),
    (sqrt(5 + 2 * sqrt(6)), sqrt(2) + sqrt(3)),
    (LARGE * sqrt(2) * sin(pi / 5), LARGE * sqrt(2) * (turn(3, 20) - turn(7, 20)) / 2),
    (sin(pi / 8) * sin(pi / 5), (turn(3, 16) - turn(5, 16)) * (turn(3, 20) - turn(7, 20)) / 4),
    (cbrt(cbrt(2) - 1), cbrt(Rational(1, 9)) - cbrt(Rational(2, 9)) + cbrt(Rational(4, 9))),
    (cbrt(2 + sqrt(5)) - cbrt(sqrt(5) - 2), 1),
    (1 / (1 + sqrt(2 + sqrt(2))), (sqrt(2 + sqrt(2)) - 1) / (1 + sqrt(2))),
    (sqrt(1 + I), sqrt((1 + sqrt(2)) / 2) + I * sqrt((sqrt(2) - 1) / 2)),
    (sqrt(-3 - 4 * I), 1 - 2 * I),
    ((-7 - 5 * sqrt(2)) ** Rational(1, 3), (1 + sqrt(2)) * turn(1, 6)),
    (sqrt(4 - 2 * sqrt(3)) * turn(1, 5), (sqrt(3) - 1) * turn(1, 5)),
    (sqrt((10**29 + 319) * (10**31 + 33)), sqrt(sympy.Integer(10**29 + 319)) * sqrt(sympy.Integer(10**31 + 33))),
    (sympy.rootof(x**5 - x - 1, 0) * sqrt(2), sqrt(2) * (sympy.rootof(x**5 - x - 1, 0) ** 5 - 1)),
    (sqrt(theta) ** 6 * sqrt(3), sqrt(3) * (theta - 3)),
]


def judged(number, digits=300):
    """The value of an expression by mpmath, node by node, with principal roots."""
    if number.is_Rational:
        return mpmath.mpf(int(number.p)) / int(number.q)
    if number is pi or number is I:
        return +mpmath.pi if number is pi else mpmath.mpc(0, 1)
    if isinstance(number, sympy.CRootOf):
        found = mpmath.polyroots([int(c) for c in number.poly.all_coeffs()], maxsteps=500, extraprec=2000)
        return min(found, key=lambda z: abs(z - complex(number.evalf(20))))
    parts = [judged(part) for part in number.args]
    if number.is_Add:
        return mpmath.fsum(parts)
    if number.is_Mul:
        return mpmath.fprod(parts)
    if isinstance(number, exp):
        return mpmath.exp(parts[0])
    return {"Pow": mpmath.power, "cos": mpmath.cos, "sin": mpmath.sin}[type(number).__name__](*parts)


@pytest.mark.campaign(4)
@pytest.mark.parametrize(("left", "right"), EQUAL, ids=lambda n: str(n)[:40])
def test_nested_radicals_are_decided(left, right):
    with mpmath.workdps(300):
        assert abs(judged(sympy.sympify(left)) - judged(sympy.sympify(right))) < mpmath.mpf(10) ** -200
    start = time.monotonic()
    for factor in (1, Rational(2, 3) * LARGE):
        proof = oa.prove(Conv([1, factor * left]), Conv([1, factor * right]))
        assert proof, proof.reason
        assert proof.check()
    for wrong in (right * (1 + TINY), right + TINY, -right, right + TINY * I):
        proof = oa.prove(Conv([1, left]), Conv([1, wrong]))
        assert proof.verdict == "refuted"
        assert proof.check()
    assert time.monotonic() - start < 8


@pytest.mark.parametrize(("left", "right"), EQUAL[:8], ids=lambda n: str(n)[:40])
def test_beside_symbols(left, right):
    assert oa.prove(left * Down(k) @ Shift(k), right * Shift(1) @ Down(k))
    assert oa.prove(left * Down(k) @ Shift(k), right * (1 + TINY) * Shift(1) @ Down(k)).verdict == "refuted"
    assert oa.prove(Conv([a * left, a**2]), Conv([a * right, a**2]))
    assert oa.prove(Conv([a * left]), Conv([a * right + a * TINY])).verdict == "refuted"
    assert oa.prove(Conv([sympy.log(2) * left]), Conv([sympy.log(2) * right]))


def test_taps_that_cancel_are_gone():
    both = Conv([1, sin(pi / 8)]) - Conv([0, (turn(3, 16) - turn(5, 16)) / 2])
    assert both.simplify() == Identity()
    assert (Conv([1, sin(pi / 8)]) - Conv([0, sin(pi / 8) - TINY])).simplify() != Identity()


def numbers(rng, depth):
    """A random expression in radicals and roots of unity."""
    if depth == 0:
        return rng.choice([sympy.Integer(rng.randint(1, 9)), Rational(rng.randint(1, 9), rng.randint(2, 7)), I, sqrt(2),
                           turn(1, rng.choice([3, 5, 8]))])  # fmt: skip
    one, two = numbers(rng, depth - 1), numbers(rng, rng.randrange(depth))
    kind = rng.randrange(5)
    if kind == 0:
        return one * two
    if kind == 1 and two != 0:
        return one / two
    if kind == 2 and one != 0:
        return one ** Rational(rng.choice([1, -1, 2]), rng.choice([2, 3]))
    return one + rng.choice([1, -1, Rational(1, 3)]) * two


def test_no_number_is_below_its_bound():
    """Bounds of random numbers, and of small ones, against their values; the bound is not idle either."""
    rng, seen = random.Random(5), 0
    with mpmath.workdps(300):
        for _ in range(300):
            number = numbers(rng, 3)
            if not number.is_finite:
                continue
            value = judged(number)
            rounded = Rational(str(mpmath.nstr(mpmath.re(value), 12)))
            for tried in (number, number - rounded, (number - rounded) ** 3 if number.is_real else number):
                try:
                    bits = bound_of(tried)
                except NoBound:
                    continue
                exactly = abs(judged(tried))
                if exactly > mpmath.mpf(10) ** -250:
                    seen += 1
                    assert exactly * (1 + mpmath.mpf(10) ** -40) >= mpmath.mpf(2) ** -bits
                    assert not is_certainly_zero(tried)
    assert seen > 300


def test_zeros_are_found_by_the_bound():
    for left, right in EQUAL:
        assert is_certainly_zero(sympy.sympify(left) - right) or sympy.sympify(left) - right == 0
        assert not is_certainly_zero(sympy.sympify(left) - right - Rational(1, 10**300))


def test_a_wrong_bound_is_caught(monkeypatch):
    """A degree or a size that is too small makes numbers zeros that are none."""
    near = sqrt(2) + sqrt(3) + sqrt(5) - Rational(str(sympy.N(sqrt(2) + sqrt(3) + sqrt(5), 100)))
    assert not is_certainly_zero(near)
    separation.is_certainly_zero.cache_clear()
    monkeypatch.setattr(separation, "separation", lambda value: 40)
    assert is_certainly_zero(near)
    separation.is_certainly_zero.cache_clear()


@pytest.mark.parametrize("field", ["degree", "size"])
def test_a_wrong_rule_breaks_the_bound(monkeypatch, field):
    """(1 − √2)ⁿ is as small as the bound allows; with a rule that is wrong it is below."""
    number = sympy.expand((sqrt(2) - 1) ** 40)
    with mpmath.workdps(300):
        size = abs(judged(number))
        assert size >= mpmath.mpf(2) ** -bound_of(number)
        if field == "degree":
            monkeypatch.setattr(separation._Bound, "degree", lambda self: 1)
        else:
            rule = separation._Bound._sum
            monkeypatch.setattr(separation._Bound, "_sum", lambda self, terms: rule(self, terms[:1])._replace(top=1))
        assert size < mpmath.mpf(2) ** -bound_of(number)


def test_what_is_not_algebraic_is_not_concluded():
    for number in (sympy.log(6) - sympy.log(2) - sympy.log(3), exp(sqrt(2)) - exp(sqrt(2) + TINY), a - a * sqrt(2), pi):
        assert not is_certainly_zero(number)


FILES = [
    [1, turn(1, 8), turn(1, 3)],
    [turn(1, 4), sqrt(2), sqrt(3)],
    [turn(2, 7)],
    [cos(2 * pi / 7), I / 3],
    [sin(pi / 8)],
    [turn(3, 5) / 7, sqrt(5)],
    [sqrt(2) + cbrt(3)],
    [2 * sqrt(2) + 2 * cbrt(3)],
]


@pytest.mark.campaign(3)
@pytest.mark.parametrize("taps", FILES, ids=str)
def test_what_is_saved_is_decided_when_it_is_read(taps, tmp_path):
    """The generator of a file's field comes back as a number that the prover knows."""
    q = oa.signals("q")
    A = Conv(taps)
    statements = [
        (turn(1, 8) * Down(2) @ A, Down(2) @ A * turn(1, 8)) if len(taps) > 1 else (Down(2) @ A, A.T @ Down(2)),
        (A @ Conv(q), Conv(q) @ A),
        (A, A.conj()),
        (A.H @ A, A @ A.H),
    ]
    for lhs, rhs in statements:
        proof = oa.prove(lhs, rhs)
        proof.save(tmp_path / "proof.json")
        assert oa.load_proof(tmp_path / "proof.json").verdict == proof.verdict
