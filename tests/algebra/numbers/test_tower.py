"""Numbers in proofs: the tower, enclosures, phases, and time limits.  The judge is mpmath with 200 digits."""

from __future__ import annotations

import random
import time
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from sympy import E, I, Rational, cbrt, cos, cosh, exp, log, pi, sin, sqrt, tan

import opalgebra as oa
from opalgebra import Conv, Down, Identity, Modulate, Shift, Up
from opalgebra.algebra.judge import enclosure
from opalgebra.algebra.judge.enclosure import differs, enclosed
from opalgebra.algebra.numbers.choose import ring_of
from opalgebra.algebra.numbers.reading import TowerRing, order_of_roots
from opalgebra.errors import CoefficientError
from opalgebra.expr import substitute

q, p = oa.signals("q p")
w, v = oa.reals("w v")
k = oa.factors("k")
a, b = sympy.symbols("a b")
x = sympy.Symbol("x", real=True)
whole = sympy.Symbol("l", integer=True)
LARGE = sympy.Integer(10) ** 200


def root(j, n):
    return exp(2 * pi * I * Rational(j, n))


# each pair is equal; the same with one part in 10³⁰ more, or the sign changed, is not
EQUAL = [
    (log(6), log(2) + log(3)),
    (log(Rational(9, 4)), 2 * log(3) - 2 * log(2)),
    (log(-2), log(2) + I * pi),
    (sin(x) ** 2 + cos(x) ** 2, 1),
    (sin(1) ** 2 + cos(1) ** 2, 1),
    (cosh(1), (E + 1 / E) / 2),
    (sin(2 * x), 2 * sin(x) * cos(x)),
    (tan(x) ** 2 + 1, 1 / cos(x) ** 2),
    (exp(I * x), cos(x) + I * sin(x)),
    (sympy.tanh(1), (E**2 - 1) / (E**2 + 1)),
    (tan(pi / 9), sin(pi / 9) / cos(pi / 9)),
    ((-8) ** Rational(1, 3), 1 + sqrt(3) * I),
    ((-1) ** sqrt(2), exp(I * pi * sqrt(2))),
    (I**I, exp(-pi / 2)),
    (cos(2 * pi / 7) + cos(4 * pi / 7) + cos(6 * pi / 7), Rational(-1, 2)),
    (root(1, 7) * root(1, 5), root(12, 35)),
    (sum(root(j * j, 11) for j in range(11)), I * sqrt(11)),
    (sum(root(j * j, 13) for j in range(13)), sqrt(13)),
    (root(1, 8) + root(-1, 8), sqrt(2)),
    (1 / (1 + sqrt(2)), sqrt(2) - 1),
    (1 / (1 - root(1, 5)), (1 - root(-1, 5)) / ((1 - root(1, 5)) * (1 - root(-1, 5)))),
    (cbrt(2) * cbrt(4), 2),
    (2 ** Rational(1, 63) * 2 ** Rational(62, 63), 2),
    (1 / (1 + cbrt(2)), (cbrt(4) - cbrt(2) + 1) / 3),
    (exp(log(2) / 3), cbrt(2)),
    (sympy.GoldenRatio**2, (3 + sqrt(5)) / 2),
    (sqrt(5 + 2 * sqrt(6)), sqrt(2) + sqrt(3)),
    (4**k, 2**k * 2**k),
    (1 / (a + sqrt(2)) * (a**2 - 2), a - sqrt(2)),
    (oa.algebraic("cos7", 1) * root(1, 5), cos(2 * pi / 7) * root(1, 5)),
    (1 / (1 + 1 / log(6)), log(6) / (1 + log(2) + log(3))),
]


@pytest.mark.parametrize(("left", "right"), EQUAL, ids=str)
def test_equal_numbers_are_proved_equal_and_near_ones_are_not(left, right):
    for factor in (1, LARGE):
        proof = oa.prove(Conv([factor * left]), Conv([factor * right]))
        assert proof, proof.reason
        assert proof.check()
    for wrong in (right + Rational(1, 10**30), -right):
        assert oa.prove(Conv([left]), Conv([wrong])).verdict == "refuted"


def numbers(rng, count):
    """Random sums of products of roots of unity, radicals and exponentials of algebraic numbers."""
    pool = [root(rng.randint(1, n - 1), n) for n in (3, 4, 5, 7, 8, 12)] + [sqrt(n) for n in (2, 3, 5, 6, 7)]
    pool += [cbrt(2), cbrt(12), 5 ** Rational(2, 7), Rational(3, 2), cos(2 * pi / 9), sin(pi / 7), -1, I]
    return [
        sum(
            (rng.randint(-3, 3) * sympy.Mul(*rng.choices(pool, k=rng.randint(1, 3))) for _ in range(rng.randint(1, 4))),
            sympy.Integer(0),
        )
        for _ in range(count)
    ]


def value(number, digits=200):
    return mpmath.mpmathify(sympy.N(number, digits)) if number != 0 else mpmath.mpf(0)


@pytest.mark.parametrize("seed", range(40))
def test_a_number_is_zero_in_the_tower_iff_it_is_to_200_digits(seed):
    rng = random.Random(seed)
    one, two, three = numbers(rng, 3)
    ring = TowerRing(lcm_of_orders := order_of_roots([one, two, three]))
    x, y, z = map(ring.convert, (one, two, three))
    assert not ring.tower.partial, lcm_of_orders
    with mpmath.workdps(200):
        for element, number in (
            (x * y - z, value(one) * value(two) - value(three)),
            ((x + y) * z - y * z, value(one) * value(three)),
            ((x + y) * (x - y) - x * x + y * y, 0),
            (x * y * z, value(one) * value(two) * value(three)),
        ):
            assert bool(element) == (abs(number) > mpmath.mpf(10) ** -150)
            assert abs(value(sympy.sympify(ring.to_scalar(element))) - number) < mpmath.mpf(10) ** -150
        if x and len(x.normal()) <= 6:
            assert ring.tower.inverse(x) * x == ring.one


@pytest.mark.parametrize("seed", range(30))
def test_equal_numbers_have_equal_hashes_whatever_made_them(seed):
    rng = random.Random(1000 + seed)
    one, two = numbers(rng, 2)
    ring = ring_of([one, two])
    left, right = ring.convert(one) * ring.convert(two), ring.convert(sympy.expand(one * two))
    assert left == right
    assert hash(left) == hash(right)
    assert left != right + ring.one


def test_a_tower_with_a_false_rule_is_noticed(monkeypatch):
    """With √2 written as another root of unity, equal numbers are told apart and the judge says so."""
    from opalgebra.algebra.numbers.tower import Tower

    monkeypatch.setattr(Tower, "_gauss_sum", lambda self, p: self.root_of_unity(Fraction(1, 8)))
    ring = TowerRing(order_of_roots([root(1, 8), sqrt(2)]))
    assert ring.convert(root(1, 8) + root(-1, 8)) != ring.convert(sqrt(2))


# enclosures


@pytest.mark.parametrize(
    "number",
    [
        sqrt(2),
        cbrt(5) + I,
        exp(1 + 2 * I),
        log(-3),
        log(1 + I),
        log(-1 - I),
        sin(2 + I),
        cos(1 - I),
        tan(1),
        sympy.cot(2),
        sympy.sinh(1 + I),
        cosh(2 * I + 1),
        sympy.tanh(2),
        sympy.sec(1),
        sympy.csch(2),
        sympy.atan(3),
        sympy.asin(Rational(1, 3)),
        sympy.acos(Rational(-1, 3)),
        (-2) ** Rational(2, 7),
        (1 + I) ** Rational(-3, 5),
        2 ** sqrt(3),
        (1 + 2 * I) ** 9,
        pi**-3,
        sympy.GoldenRatio,
        oa.algebraic("db4", 2),
        oa.algebraic("cdf"),
        sympy.rootof(a**5 - a - 1, 0),
        sqrt(-3 - 5 * I),
        abs(1 + 3 * I),
    ],
    ids=str,
)
@pytest.mark.parametrize("bits", [64, 256])
def test_enclosures_hold_the_number_and_are_narrow(number, bits):
    with mpmath.workdps(200):
        exactly = value(number)
        for interval, part in zip(enclosed(number, bits), (mpmath.re(exactly), mpmath.im(exactly)), strict=True):
            low, high = mpmath.mpf(interval.a._mpi_[0]), mpmath.mpf(interval.b._mpi_[1])
            slack = mpmath.mpf(10) ** -180  # of the judge
            assert low - slack <= part <= high + slack
            assert high - low < mpmath.mpf(2) ** (20 - bits) * (1 + abs(part))


def test_differences_are_certain_or_not_claimed():
    for left, right in EQUAL:
        assert not differs(LARGE * left, LARGE * right)
        assert differs(left, right + Rational(1, 10**300))
    assert differs(sin(10**40), cos(10**40))
    assert not differs(sympy.gamma(Rational(1, 3)), 5)  # no enclosure is known, so nothing is claimed


def test_an_enclosure_of_a_wrong_rule_misses_the_number(monkeypatch):
    monkeypatch.setitem(enclosure._RULES, "log", lambda e, x: e.exp(x))
    real, _ = enclosed(log(3), 64)
    assert mpmath.log(3) not in real


# statements


@pytest.mark.parametrize(
    "f",
    [
        w + pi / 3,
        sympy.Integer(1),
        sqrt(2),
        w + sqrt(2) + pi / 7,
        2 * w - v / 3 + Rational(1, 2),
        log(2),
        cos(2 * pi / 7),
    ],
)
def test_phases_with_symbols_numbers_and_turns(f):
    M = Modulate(frequency=f)
    true = [
        (Shift(1) @ M, exp(-I * f) * M @ Shift(1)),
        (Shift(3) @ M, exp(-3 * I * f) * M @ Shift(3)),
        (Conv([1, 2, exp(I * f)]) @ M, M @ Conv([1, 2 * exp(-I * f), exp(-I * f)])),
        (M @ M.conj(), Identity()),
        (Conv([1, -2 * cos(f), 1]) @ M, M @ Conv([1, -2 * cos(f) * exp(-I * f), exp(-2 * I * f)])),
        (Modulate([1, exp(I * f)]) @ M, M @ Modulate([1, exp(I * f)])),
        (Down(2) @ M, Modulate(frequency=2 * f) @ Down(2)),
    ]
    for lhs, rhs in true:
        assert oa.prove(lhs, rhs), (lhs, rhs)
        assert oa.prove(lhs, lhs.simplify()), lhs
    for lhs, rhs in [
        (Shift(1) @ M, exp(I * f) * M @ Shift(1)),
        (Conv([1, exp(I * f)]) @ M, M @ Conv([1, exp(-I * f)])),
    ]:
        proof = oa.prove(lhs, rhs)
        assert proof.verdict == "refuted"
        assert proof.check()


M, N = Modulate(w), Modulate(v)
Mq = M @ q
TWICE = [
    (Conv(q) @ Conv(Mq), Conv(Mq) @ Conv(q)),
    (Conv(q) @ M @ Conv(q), Conv(Mq) @ Conv(q) @ M),
    (Conv(q) @ Conv(Mq).H, Conv(Mq).H @ Conv(q)),
    (M @ Conv(q) @ Conv(q) @ Modulate(-w), Conv(Mq) @ Conv(Mq)),
    (Conv(q) @ M @ Conv(q) @ N @ Conv(q), Conv(Modulate(w + v) @ q) @ Conv(q) @ Conv(Mq) @ M @ N),
    (Down(2) @ Conv(q) @ M @ Conv(q) @ Up(2), Down(2) @ Conv(q) @ Conv(Mq) @ M @ Up(2)),
    (Conv(q) @ M @ Conv(p) @ Modulate(-w) @ Conv(q), Conv(M @ p) @ Conv(q) @ Conv(q)),
    (Conv(q) @ Modulate(sqrt(2)) @ Conv(q), Conv(Modulate(sqrt(2)) @ q) @ Conv(q) @ Modulate(sqrt(2))),
]
NOT_TWICE = [
    (Conv(q) @ M @ Conv(q), M @ Conv(q) @ Conv(q)),
    (Conv(q) @ Conv(Mq) @ Conv(q), Conv(Mq) @ Conv(q) @ Conv(Mq)),
    (Conv(q) @ M @ Conv(q) @ N @ Conv(q), Conv(N @ q) @ Conv(q) @ Conv(Mq) @ M @ N),
    (Conv(q) @ Conv(Mq), Conv(q) @ Conv(N @ q)),
    (Conv(q) @ Conv(Mq).H, Conv(Mq) @ Conv(q).H),
]


def samples(side):
    """Of the side with numbers for kernels and frequencies, applied to a signal as arrays are."""
    values = {"q": oa.Signal([0.5, -1.25, 2.0]), "p": oa.Signal([1.5, 0.75]), w: Rational(7, 10), v: Rational(-13, 10)}
    y = substitute(side, values) @ oa.Signal(np.array([1.0, -0.5, 0.25, 2.0]))
    return np.array([complex(y[n]) for n in range(-12, 13)])


@pytest.mark.parametrize(("lhs", "rhs"), TWICE, ids=str)
def test_one_kernel_twice_around_a_modulation(lhs, rhs):
    assert oa.prove(lhs, rhs)
    assert oa.prove(lhs, lhs.simplify())
    assert np.abs(samples(lhs) - samples(rhs)).max() < 1e-9


@pytest.mark.parametrize(("lhs", "rhs"), NOT_TWICE, ids=str)
def test_modulations_of_the_wrong_kernel_are_refuted(lhs, rhs):
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "refuted"
    assert proof.check()
    assert np.abs(samples(lhs) - samples(rhs)).max() > 1e-3


def test_one_kernel_twice_on_two_axes():
    W, swapped = Modulate(frequency=(w, v)), Modulate(frequency=(v, w))
    assert oa.prove(Conv(q) @ W @ Conv(q), Conv(W @ q) @ Conv(q) @ W)
    assert oa.prove(Conv(q) @ W @ Conv(q), Conv(swapped @ q) @ Conv(q) @ W).verdict == "refuted"


def test_whole_turns_by_integers():
    assert oa.prove(Modulate(2 * pi * whole), Identity())
    assert oa.prove(Modulate(pi * whole), Identity()).verdict == "refuted"
    assert oa.prove(Shift(k) @ Modulate(pi / 3), exp(-I * pi * k / 3) * Modulate(pi / 3) @ Shift(k))
    assert oa.prove(Shift(k) @ Modulate(pi / 3), exp(I * pi * k / 3) * Modulate(pi / 3) @ Shift(k)).verdict == "refuted"


# time


y = sympy.Symbol("y", real=True)
SUM = sympy.Add(*sympy.symbols("a:f"))
SLOW = [
    sum(sqrt(n) for n in (2, 3, 5, 7, 11, 13)),
    cos(2 * pi / 997) + cos(2 * pi / 991),
    2 ** Rational(1, 63) + 3 ** Rational(1, 61),
    SUM**64,
    SUM**64 * sqrt(2),
    (a + b) ** 1000,
    (sin(x) + cos(y)) ** 60,
    (1 + sqrt(2)) ** 100000,
    1 / (SUM + sqrt(2)) ** 30,
    sqrt(1 + sqrt(2 + sqrt(3 + sqrt(5)))),
    sqrt((10**29 + 319) * (10**31 + 33)),
    sympy.rootof(a**30 - a - 1, 3) ** 30,
    cos(2 * pi / 997) * cos(2 * pi / 991) * cos(2 * pi / 983),
    exp(exp(exp(exp(9)))),
    log(10**60 + 7),
]


@pytest.mark.campaign(2)
@pytest.mark.parametrize("number", SLOW, ids=lambda n: type(n).__name__)
def test_the_budget_is_kept(number):
    start = time.process_time()
    verdict = oa.prove(Conv([number, 1]), Conv([number + 1, 1]), budget=2).verdict
    assert verdict in ("refuted", "undecided")
    assert time.process_time() - start < 4


def test_roots_of_unity_of_many_orders_are_quick():
    z = [root(1, n) for n in (7, 5, 11, 9)]
    start = time.process_time()
    assert oa.prove(Conv(z[:2]) @ Conv(z[2:]), Conv(z[2:]) @ Conv(z[:2]))
    assert oa.prove(Conv(z[:2]) @ Conv(z[2:]), Conv(z[2:]) @ Conv(z[1::-1])).verdict == "refuted"
    assert time.process_time() - start < 2


# extended floats


@pytest.mark.parametrize("kind", [np.longdouble, np.clongdouble, np.float16, np.float32, np.complex64])
def test_kernels_of_every_float_are_exact(kind):
    A = Conv(np.array([1, 2], dtype=kind))
    assert oa.prove(A, Conv([1, 2]))
    assert oa.prove(A.simplify(), A)
    assert A.matrix(2, 2) == sympy.Matrix([[1, 0], [2, 1]])


@pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="long double is double here")
def test_extended_digits_are_kept():
    third = np.longdouble(1) / 3
    number = Fraction(*map(int, third.as_integer_ratio()))
    assert oa.prove(Conv(np.array([third])), Conv([number]))
    assert oa.prove(Conv(np.array([third])), Conv([float(third)])).verdict == "refuted"
    both = Conv(np.array([third + 1j * third], dtype=np.clongdouble))
    assert oa.prove(both, Conv([Rational(number.numerator, number.denominator) * (1 + I)]))
    exactly = sympy.sympify(both.matrix(1, 1)[0, 0])
    assert sympy.im(exactly) == sympy.re(exactly) == Rational(number.numerator, number.denominator)
    with pytest.raises(CoefficientError, match="finite"):
        oa.prove(np.longdouble("inf") * Identity(), Identity())


def test_extended_complex_kernels_beside_complex_numbers():
    A = Conv(np.array([1 - 1j, 0, 1], dtype=np.clongdouble))
    assert oa.prove(A, Conv([1 - 1j, 0, 1]))
    assert oa.prove(A, Conv([1 + 1j, 0, 1])).verdict == "refuted"
    assert oa.prove(A @ Conv([1j]), Conv([1j + 1, 0, 1j]))
