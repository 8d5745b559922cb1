"""Inverses: on both sides, or why there is none."""

from __future__ import annotations

import pytest
import sympy

import opalgebra as oa
from tests.dense_blocks import lifting

I = oa.Identity()  # noqa: E741  # the name that it has on paper
p, q = oa.signals("p q")
A = oa.Conv([1, 2])


HALF = sympy.sqrt(2) / 2
HAAR = oa.Block([[HALF * I, HALF * I], [HALF * I, -HALF * I]])
INVERTIBLE = [
    I,
    oa.Shift(3),
    oa.Shift(oa.integers("d")),
    oa.Flip(),
    oa.Conv(oa.Signal([0, 4], start=-3)),
    -2 * oa.Shift(1),
    sympy.Symbol("c", nonzero=True) * I,
    oa.Modulate([1, -1]),
    oa.Modulate([1, 2, 4j]),
    (oa.Flip() @ oa.Conv([5]) @ oa.Shift(1)) ** 2,
    oa.Shift(2).T,
    (2j * oa.Shift(2)).H,
    oa.Corr([3]),
    oa.Down(2) @ oa.Up(2),
    oa.Polyphase(3),
    oa.PixelShuffle((2, 2)),
    oa.Block([[oa.Up(2), oa.Shift(1) @ oa.Up(2)]]),
    lifting(False, p),
    lifting(True, q) @ lifting(False, p) @ oa.Block.diagonal(oa.Shift(1), 2 * I),
    oa.PixelShuffle(2) @ lifting(True, [1, 1]) @ lifting(False, [-1, 3]) @ oa.Polyphase(2),
    (oa.PixelShuffle(2) @ lifting(True, [1, 1]) @ lifting(False, [-1, 3]) @ oa.Polyphase(2)).simplify(),
    (lifting(True, [1, 2]) @ lifting(False, [3, 4])).simplify(),
    oa.Block([[oa.Conv([1, 1]), oa.Shift(1)], [oa.Conv([2, 1]), oa.Conv([1, 1])]]),
    HAAR,
    HAAR @ oa.Polyphase(2),
    oa.Block([[oa.Conv([[1, 2], [3, 4]]), I], [I, 0]]),
]


@pytest.mark.parametrize("operator", INVERTIBLE, ids=str)
def test_inverses_on_both_sides(operator: oa.LinearOperator) -> None:
    found = operator.inverse()
    assert oa.prove(found @ operator, I).verdict == "proved"
    assert oa.prove(operator @ found, I).verdict == "proved"
    assert oa.prove(found.inverse(), operator).verdict == "proved"


def test_an_inverse_undoes_what_was_done() -> None:
    bank = oa.PixelShuffle(2) @ lifting(True, [1, -3]) @ lifting(False, [2, 5]) @ oa.Polyphase(2)
    signal = oa.Signal([3, 1, 4, 1, 5, 9, 2, 6], start=-3)
    assert bank.inverse() @ (bank @ signal) == signal
    assert HAAR.simplify().inverse().simplify() == HAAR.T.simplify()


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        (oa.Up(2), "↑₂ has the left inverse ↓₂ but is not onto: ↑₂ ↓₂ ≠ I"),
        (oa.Down(2), "not one-to-one"),
        (oa.Up(oa.factors("k")), "unless every factor is 1"),
        (oa.Conv([1, 2, 1]), "its transfer function 1 + 2z⁻¹ + z⁻² is no monomial"),
        (oa.Conv([1, -1, sympy.Rational(1, 2)]), "1 − z⁻¹ + (1/2)z⁻²"),
        (oa.Conv([[1, 2]]), "no finite inverse"),
        (oa.Conv(q), "depends on q"),
        (oa.Zero(), "every signal with 0"),
        (0 * I, "coefficient is 0"),
        (sympy.Symbol("a") * I, "may be 0"),
        (oa.Modulate([1, 0]), "coefficient is 0"),
        (oa.Repeat(2), "not onto"),
        (oa.AvgPool(2), "not one-to-one"),
        (oa.Block([[I, I]]), "not one-to-one"),
        (oa.Block([[I, I], [I, I]]), "is 0"),
        (oa.Block([[I, oa.Shift(1)], [I, -1 * I]]), "−1 − z⁻¹, no monomial"),  # whose trace is 0
        (I + oa.Shift(1), "1 + z⁻¹"),
        (I - I, "is 0"),
        (I + oa.Flip(), "rates"),
        (oa.operators("A"), "depends on A"),
        (oa.PixelShuffle(2) @ oa.Block([[A, 0], [0, I]]) @ oa.Polyphase(2), "1 + 2z⁻¹, no monomial"),
    ],
    ids=str,
)
def test_no_inverse_says_why(operator: oa.LinearOperator, words: str) -> None:
    with pytest.raises(oa.NoInverse) as caught:
        operator.inverse()
    assert words in str(caught.value)
    assert isinstance(caught.value, ValueError)
