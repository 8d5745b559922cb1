"""from_z: polynomials and formal functions read back, everything else refused."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
import sympy
from sympy import Function, I, Matrix, conjugate, exp, pi, sqrt

import opalgebra as oa
from opalgebra import Block, Conv, Down, Flip, Modulate, Shift, Signal, Up
from opalgebra.errors import CoefficientError, OperandError, SizeError
from tests import generate

q, h = oa.signals("q h")
M, n = oa.factors("M"), oa.integers("n")
theta = oa.reals("theta")
z, z1, z2, a, b = sympy.symbols("z z1 z2 a b")
Q, H = Function("Q"), Function("H")
s = sqrt(2)

POLYNOMIALS = [
    (1 + 2 / z + z**-2, Conv([1, 2, 1])),
    ((1 + 1 / z) ** 2 / 4, Conv(Signal([Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]))),
    (z**2, Conv(Signal([1], start=-2))),
    (3, Conv([3])),
    (0, Conv([0])),
    (0.5, Conv(Signal([Fraction(1, 2)]))),
    (0.1 / z, Conv(Signal([Fraction(0.1)], start=1))),
    (a + b / z, Conv(Signal([a, b]))),
    (2**70 + 1 / z, Conv(Signal([2**70, 1], exact=True))),
    (s * (1 + I / z), Conv(Signal([s, s * I]))),
    ((1 - z**-4) / (1 - 1 / z), Conv([1, 1, 1, 1])),
    ((z**2 - 2) / (z - s), Conv(Signal([1, s], start=-1))),
    ((z**2 - 2) / (z - s) / z**3, Conv(Signal([1, s], start=2))),
    ((z**2 - a**2) / (z - a), Conv(Signal([1, a], start=-1))),
    ((z**2 + z + 1) / (z - exp(2 * pi * I / 3)), Conv(Signal([1, 1 + exp(2 * pi * I / 3)], start=-1))),
]


@pytest.mark.parametrize(("given", "wanted"), POLYNOMIALS, ids=lambda value: str(value)[:40])
def test_polynomials_are_convolutions_with_exact_taps(given: Any, wanted: Any) -> None:
    found = oa.from_z(given, z)
    assert isinstance(found, Conv)
    assert found.kernel == wanted.kernel
    assert oa.prove(found, wanted)


FORMAL = [
    (Q(z), Conv(q)), (Q(z**3), Conv(Up(3) @ q)), (Q(1 / z), Conv(Flip() @ q)), (Q(-z), Conv(Modulate(-pi) @ q)),
    (Q(z**-2), Conv(Flip() @ Up(2) @ q)), (z * Q(z), Shift(-1) @ Conv(q)),
    (Q(z * exp(-I * theta)), Conv(Modulate(theta) @ q)),
    (Q(z) * H(z**2) + 3, Conv(q) @ Conv(Up(2) @ h) + 3 * oa.Identity()), (Q(z) ** 3, Conv(q) ** 3), (z**-n, Shift(n)),
    (conjugate(Q(1 / conjugate(z))), Conv(q).H), (conjugate(Q(conjugate(z))), Conv(q).conj()),
    (Q(z**M), Conv(Up(M) @ q)),
    ((1 + 1 / z) * Q(I * z) / 2, Conv([0.5, 0.5]) @ Conv(Modulate(-pi / 2) @ q)), (Q(z) - Q(z), oa.Zero()),
    (Function(r"\hat{Q}")(z), Conv(oa.signals("Q"))), ((Q(z) + Q(-z)) / 2, Conv(Up(2) @ Down(2) @ q)),
    (2 * Q(z), 2 * Conv(q)),
]  # fmt: skip


@pytest.mark.parametrize(("given", "wanted"), FORMAL, ids=lambda value: str(value)[:40])
def test_undefined_functions_are_formal_kernels(given: Any, wanted: Any) -> None:
    found = oa.from_z(given, z)
    assert oa.prove(found, wanted)
    assert not oa.prove(found, wanted @ Shift(1) + Conv([5]))
    assert sympy.expand(found.to_z(z) - given) == 0


def test_several_axes_and_matrices() -> None:
    assert oa.from_z(1 + 2 / z2 + 3 / (z1 * z2), (z1, z2)).kernel == Signal([[1, 2], [0, 3]])
    assert oa.prove(oa.from_z((z1**2 - z2**2) / (z1 - z2), (z1, z2)), Shift((-1, 0)) + Shift((0, -1)))
    assert oa.prove(oa.from_z(Q(z1**2, z2), (z1, z2)), Conv(Up((2, 1)) @ q))
    assert oa.prove(oa.from_z(Q(z1, -z2), (z1, z2)), Conv(Modulate(frequency=(0, pi)) @ q))
    found = oa.from_z(Matrix([[1, 1 / z], [0, Q(z)]]), z)
    assert oa.prove(found, Block([[oa.Identity(), Shift(1)], [0, Conv(q)]]))


@pytest.mark.campaign(25)
@pytest.mark.parametrize("seed", range(200))
def test_round_trip(seed: int) -> None:
    """from_z ∘ to_z is the identity of convolutions, known and formal."""
    rng = random.Random(seed)
    ndim = 1 + seed % 2
    places = (z,) if ndim == 1 else (z1, z2)
    kernel = Signal(generate._taps(rng, (3, 2)[:ndim]), start=tuple(rng.randint(-2, 1) for _ in range(ndim)))
    operator = Conv(kernel) @ Conv(generate.kernel(rng, ndim, formal=False) if seed % 3 else kernel) + 2 * Conv(kernel)
    if oa.expr.formal_parts(operator):
        formula = operator.to_z(places)
        if any(node.exp.is_Rational and not node.exp.is_Integer for node in formula.atoms(sympy.Pow)):
            with pytest.raises(OperandError):  # ↓k q has powers 1/k of z
                oa.from_z(formula, places)
            return
    assert oa.prove(oa.from_z(operator.to_z(places), places), operator)


REFUSED = [
    (1 / (1 - a / z), "rational function"), ((1 + z) / (1 + 2 * z), "rational function"),
    (1 / z + 1 / (z + 1), "rational function"),
    (z / (z**2 + a * z), "rational function"), (sqrt(z), "no polynomial"), (exp(z), "no polynomial"),
    (1 / Q(z), "no polynomial"),
    (Q(sqrt(z)), "no polynomial"), (Q(a * z), "no polynomial"), (Q(z + 1), "no polynomial"),
    (Function("q")(z), "no polynomial"),
    (Q(z, z), "no polynomial"), (Q(z) * sqrt(z), "no polynomial"), (z**a, "no polynomial"),
    (Q(1) + sympy.Abs(z), "no polynomial"),
    (Q(Q(z)), "no polynomial"), (conjugate(z), "no polynomial"), (sympy.Sum(z**-n, (n, 0, M)), "no polynomial"),
    (2**z, "no polynomial"), (Q(2 * z), "no polynomial"), (Q(z).diff(z), "no polynomial"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "reason"), REFUSED, ids=lambda value: str(value)[:40])
def test_everything_else_is_refused(given: Any, reason: str) -> None:
    with pytest.raises(OperandError, match=reason):
        oa.from_z(given, z)


def test_errors_say_what_to_do() -> None:
    for place in ("z", 2, z**2, (z, z), ()):
        with pytest.raises(OperandError, match="give a SymPy symbol"):
            oa.from_z(1 + z, place)
    for given in ("1 + z", None, [1, 2], sympy.oo * z, True):
        with pytest.raises(CoefficientError):
            oa.from_z(given, z)
    with pytest.raises(SizeError, match="sums of shifts"):
        oa.from_z(1 + z**10**7, z)
