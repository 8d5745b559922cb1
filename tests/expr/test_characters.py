"""Modulation by e^{iωn}: proofs with units, arrays to full accuracy, and what is refused."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from sympy import I, Rational, exp, pi, sqrt

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Modulate, Shift, Signal, Sum, Up
from opalgebra.errors import CoefficientError, FormalSignalError, KernelError, OperandError, WindowError
from opalgebra.expr.characters import parts_of
from opalgebra.expr.operators import compose

w, v = oa.reals("w v")
k, m = oa.factors("k m")
d, j = oa.integers("d j")
q, x = oa.signals("q x")
ONE = Identity()

TRUE = {
    "opposite": (Modulate(w) @ Modulate(-w), ONE),
    "product": (Modulate(w) @ Modulate(v), Modulate(w + v)),
    "halves": (Modulate(w / 2) ** 2, Modulate(w)),
    "adjoint": (Modulate(w).H, Modulate(-w)),
    "21 down": (Down(3) @ Modulate(w), Modulate(3 * w) @ Down(3)),
    "21 down, every k": (Down(k) @ Modulate(w), Modulate(k * w) @ Down(k)),
    "21 up, every k": (Modulate(w) @ Up(k), Up(k) @ Modulate(k * w)),
    "21 in the plane": (Down((2, k)) @ Modulate(frequency=(w, v)), Modulate(frequency=(2 * w, k * v)) @ Down((2, k))),
    "convolution": (Modulate(w) @ Conv(q) @ Modulate(-w), Conv(Modulate(w) @ q)),
    "known taps": (Modulate(w) @ Conv([1, 2]) @ Modulate(-w), ONE + 2 * exp(I * w) * Shift(1)),
    "shift": (Modulate(w) @ Shift(2), exp(2 * I * w) * Shift(2) @ Modulate(w)),
    "shift, any": (Modulate(w) @ Shift(d), exp(I * d * w) * Shift(d) @ Modulate(w)),
    "conjugated scalar": ((exp(I * w) * Modulate(v)).H, exp(-I * w) * Modulate(-v)),
    "flip": (Flip() @ Modulate(w), Modulate(-w) @ Flip()),
    "cube": (Modulate(2 * pi / 3) ** 3, ONE),
    "period": (Modulate(2 * pi / 3), Modulate([1, exp(2 * pi * I / 3), exp(4 * pi * I / 3)])),
    "half a turn": (Modulate(pi), Modulate([1, -1])),
    "whole turns": (Modulate(w + 4 * pi), Modulate(w)),
    "two orders": (Modulate(2 * pi / 7) @ Modulate(2 * pi / 5), Modulate(24 * pi / 35)),
    "a high order": (Modulate(2 * pi / 1000) ** 1000, ONE),
    "a number": (Modulate(frequency=1) @ Modulate(frequency=-1), ONE),
    "on a lattice": (Down(k) @ Modulate(2 * pi / 3) @ Up(3 * k), Down(k) @ Up(3 * k)),
    "5, for 5": (Sum(Modulate(2 * pi * j / 5), (j, 0, 5)), 5 * Up(5) @ Down(5)),
    "5, for every k": (Sum(Modulate(2 * pi * j / k), (j, 0, k)), k * Up(k) @ Down(k)),
    "5, the other sign": (Sum(Modulate(-2 * pi * j / k), (j, 0, k)), k * Up(k) @ Down(k)),
    "cosine": (Fraction(1, 2) * (Modulate(w) + Modulate(-w)), (Fraction(1, 2) * (Modulate(w) + Modulate(-w))).T),
}  # fmt: skip
FALSE = {
    "opposite": (Modulate(w) @ Modulate(w), ONE),
    "product": (Modulate(w) @ Modulate(v), Modulate(w - v)),
    "adjoint": (Modulate(w).H, Modulate(w)),
    "21": (Down(k) @ Modulate(w), Modulate(w) @ Down(k)),
    "convolution": (Modulate(w) @ Conv(q), Conv(q) @ Modulate(w)),
    "shift": (Modulate(w) @ Shift(2), Shift(2) @ Modulate(w)),
    "square": (Modulate(2 * pi / 3) ** 2, ONE),
    "a number": (Modulate(frequency=1), ONE),
    "nearly a turn": (Modulate(frequency=Rational(710, 113)), ONE),
    "5, one less": (Sum(Modulate(2 * pi * j / 5), (j, 0, 4)), 5 * Up(5) @ Down(5)),
    "5, half turns": (Sum(Modulate(pi * j / k), (j, 0, k)), k * Up(k) @ Down(k)),
}  # fmt: skip


@pytest.mark.campaign(9)
@pytest.mark.parametrize("name", TRUE)
def test_true_for_every_frequency(name):
    proof = oa.prove(*TRUE[name])
    assert proof.verdict == "proved", proof.reason
    assert proof.check()


@pytest.mark.parametrize("name", FALSE)
def test_false_for_some_frequency(name):
    proof = oa.prove(*FALSE[name])
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


def test_random_words_agree_with_numbers():
    """Proved for symbols means equal for random frequencies, run by the engine; refuted means different."""
    rng = random.Random(5)
    letters = [Modulate(w), Modulate(-w), Modulate(2 * w), Modulate(v), Modulate(2 * pi / 3), Up(2), Down(2), Shift(1),
               Shift(-1), Flip(), Conv([1, 2]), exp(I * w) * ONE]  # fmt: skip
    verdicts = {"proved": 0, "refuted": 0}
    samples = Signal(np.random.default_rng(0).normal(size=24), start=-9)
    for _ in range(60):
        word = [rng.choice(letters) for _ in range(rng.randint(2, 4))]
        i = rng.randrange(len(word) - 1)
        other = [*word[:i], word[i + 1], word[i], *word[i + 2 :]]
        lhs, rhs = compose(tuple(word)), compose(tuple(other))
        proof = oa.prove(lhs, rhs)
        verdicts[proof.verdict] += 1
        at = {w: Rational(rng.randint(1, 99), 37), v: Rational(rng.randint(1, 99), 41)}
        left, right = ((numbers(side, at) @ samples)[-80:80] for side in (lhs, rhs))
        assert np.allclose(left, right) == (proof.verdict == "proved"), (lhs, rhs)
    assert min(verdicts.values()) > 10


def numbers(operator, at):
    """The operator with numbers for its frequencies and scalars."""
    from opalgebra.expr import substitute, transform
    from opalgebra.expr.operators import Scale

    def numeric(node):
        return Scale(complex(node.scalar), node.operator) if isinstance(node, Scale) else None

    return transform(substitute(operator, at), numeric)


@pytest.mark.parametrize("frequency", [Rational(1, 3), pi * Rational(2, 7), sqrt(2), Rational(10**9, 7), 0.3])
@pytest.mark.parametrize("start", [0, -(10**6), 10**14])
def test_accurate_however_far(frequency, start):
    size = 5000
    got = (Modulate(frequency=frequency) @ Signal(np.ones(size), start=start)).values
    exact = sympy.nsimplify(frequency) if not isinstance(frequency, float) else Rational(*frequency.as_integer_ratio())
    with mpmath.workdps(60):
        for i in (0, 1, 1023, 1024, 4999):
            expected = mpmath.expj(mpmath.mpf(str(exact.evalf(60))) * (start + i))
            assert abs(mpmath.mpc(complex(got[i])) - expected) < 6e-16


def test_on_arrays():
    operator = Down(2) @ Conv([1, 2, 1]) @ Modulate(frequency=Rational(7, 5))
    data = np.random.default_rng(1).normal(size=5000)
    bound = operator.on(5000, mode="same")
    expected = np.convolve(data * np.exp(1.4j * np.arange(5000)), [1, 2, 1])[:5000:2]
    assert np.allclose(bound(data), expected, rtol=0, atol=1e-11)
    assert bound.dottest()
    assert bound(data.astype(np.float32)).dtype == np.complex64
    assert bound.dtype == np.complex128
    assert "e^(i·7/5·n)" in str(bound.explain())
    plane = Modulate(frequency=(1, Rational(1, 2))).on((40, 50))
    n, m = np.ogrid[:40, :50]
    image = np.ones((3, 40, 50))
    assert np.allclose(plane(image), np.exp(1j * (n + m / 2)))
    wrapped = Modulate(2 * pi / 5).on(10, mode="same", boundary="wrap")
    assert np.allclose(wrapped(np.ones(10)), np.exp(2j * np.pi * np.arange(10) / 5))
    with pytest.raises(WindowError, match="period"):
        Modulate(2 * pi / 3).on(10, mode="same", boundary="wrap")
    assert (Modulate(2 * pi / 3) @ Signal([1, 1, 1, 1], exact=True)).values[3] == 1
    assert (Modulate(pi) @ Signal([])).values.size == 0


def test_what_it_comes_to():
    assert parts_of(2 * pi / 3 + k * w / 2 - 5) == (Fraction(1, 3), {w: k / 2, 1: -5})
    assert Modulate(w).inverse() == Modulate(-w)
    assert Modulate(2 * pi / 3).simplify() == Modulate([1, exp(2 * pi * I / 3), exp(4 * pi * I / 3)]).simplify()
    assert (Modulate(w) @ Modulate(v)).simplify() == Modulate(v + w)
    assert Modulate(pi).polyphase() == Modulate([1, -1]).polyphase()
    with pytest.raises(FormalSignalError, match="period"):
        Modulate(frequency=1).polyphase()
    assert Modulate(w).matrix(2, 2) == sympy.Matrix([[1, 0], [0, exp(I * w)]])
    assert [step.law for step in oa.prove(Down(3) @ Modulate(w), Modulate(3 * w) @ Down(3)).steps] == [
        "", "character-down"]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Modulate(I), CoefficientError),
        (lambda: Modulate(sympy.Symbol("w")), CoefficientError),
        (lambda: Modulate(frequency=float("nan")), CoefficientError),
        (lambda: Modulate(frequency=()), CoefficientError),
        (lambda: Modulate(frequency=1 + 2j), CoefficientError),
        (lambda: Modulate([1], frequency=2), OperandError),
        (lambda: Modulate(), OperandError),
        (lambda: Modulate(2), KernelError),
        (lambda: Modulate(w) @ [1, 2], FormalSignalError),
        (lambda: Modulate(w).on(4), FormalSignalError),
    ],
)
def test_what_is_no_frequency(make, error):
    with pytest.raises(error):
        make()
