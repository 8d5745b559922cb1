"""The judge: right where NumPy or pencil and paper know the answer, and able to tell what differs."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from opalgebra.expr.factors import factors
from opalgebra.expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from opalgebra.expr.named import AvgPool, Corr, DilatedConv, LinearUp, Repeat, StridedConv, TransposedConv
from opalgebra.expr.operators import Identity, LinearOperator, Transpose, Zero, operators
from opalgebra.expr.signals import Signal, signals
from tests import judge_modular
from tests.generate import MISSES, somewhere
from tests.judge import Judge, differs
from tests.judge_numbers import Gauss, is_zero
from tests.rewrites import RULES
from tests.statements import rng_for, statement

q, p = signals("q p")


def run(operator: Any, values: list[Any], length: int) -> list[Any]:
    """Samples 0 … length − 1 of the operator's answer to values that start at 0."""
    out = Judge().apply(operator, {(n,): value for n, value in enumerate(values)})
    return [out.get((n,), 0) for n in range(length)]


def dense(operator: LinearOperator, rows: range, cols: range) -> np.ndarray:
    return np.array(Judge().matrix(operator, rows, cols), dtype=complex)


def test_convolution_is_numpys() -> None:
    a, b = [1, -2, 3, 5], [2, 0, -1]
    assert run(Conv(a), b, 6) == np.convolve(a, b).tolist()


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        (Up(3), [1, 2], [1, 0, 0, 2, 0, 0]),
        (Down(2), [1, 2, 3, 4, 5], [1, 3, 5, 0]),
        (Shift(2), [1, 2], [0, 0, 1, 2]),
        (Modulate([1, -1, 2]), [1, 1, 1, 1], [1, -1, 2, 1]),
        (StridedConv([1, 1], 2), [1, 2, 3, 4], [1, 5, 4]),
        (DilatedConv([1, 1], 2), [1, 2, 3], [1, 2, 4, 2, 3]),
        (TransposedConv([1, 2, 4], 2), [1, 10], [1, 2, 14, 20, 40]),
        (Repeat(3), [1, 2], [1, 1, 1, 2, 2, 2]),
        (LinearUp(2), [2, 4], [2, 3, 4, 2]),
        (AvgPool(2), [1, 3, 5, 7], [2, 6]),
        (Corr([1, 2]), [1, 0, 0, 1], [1, 0, 2, 1]),
        (Identity(), [1, 2], [1, 2]),
        (Zero(), [1, 2], [0, 0]),
        ((Conv([1, 1])) ** 3, [1], [1, 3, 3, 1]),
        (2 * Up(2) - Identity(), [1, 2], [1, -2, 4]),
    ],
)
def test_letters_by_hand(operator: LinearOperator, values: list[int], expected: list[int]) -> None:
    assert run(operator, values, len(expected)) == expected


def test_flip_and_negative_indices() -> None:
    assert Judge().apply(Flip(), {(1,): 5, (0,): 2}) == {(-1,): 5, (0,): 2}


def test_two_axes_against_slicing() -> None:
    x = np.arange(24).reshape(4, 6)
    out = Judge(2).apply(Down((2, 3)), {at: int(v) for at, v in np.ndenumerate(x)})
    expected = {at: int(v) for at, v in np.ndenumerate(x[::2, ::3]) if v}
    assert out == expected


@pytest.mark.parametrize("number", range(60))
def test_transpose_is_the_transposed_matrix(number: int) -> None:
    operator = statement(7, number).lhs
    judge = Judge(1, {name: {(-1,): 2, (0,): 3, (2,): Gauss(1, 5)} for name in "qp"})
    window = range(-6, 7)
    matrix = judge.matrix(operator, window, window)
    assert judge.matrix(operator.T, window, window) == [list(row) for row in zip(*matrix, strict=True)]
    adjoint = judge.matrix(operator.H, window, window)
    assert adjoint == [[value.conjugate() for value in row] for row in zip(*matrix, strict=True)]


def test_a_window_that_is_too_small_would_cut_paths() -> None:
    """The intermediate window of ↑4 C ↓4 on few samples is wide; the interval arithmetic must know."""
    operator = Down(4) @ Conv([1] * 9) @ Up(4)
    assert dense(operator, range(3), range(3)).real.tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert dense(operator.T.T.T, range(3), range(3)).real.tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]


def test_numbers_are_exact() -> None:
    judge = Judge()
    assert judge.number(0.1) == Fraction(3602879701896397, 2**55)
    assert judge.number(np.float32(0.5)) == Fraction(1, 2)
    assert judge.number(2 + 0.5j) == Gauss(2, Fraction(1, 2))
    assert judge.number(sympy.Rational(1, 3) + sympy.I) == Gauss(Fraction(1, 3), 1)
    assert Gauss(1, 2) * Gauss(1, -2) == 5
    assert not is_zero(sympy.sqrt(2) * sympy.sqrt(3) - sympy.sqrt(6) + sympy.Rational(1, 10**30))
    assert is_zero(sympy.sqrt(5 + 2 * sympy.sqrt(6)) - sympy.sqrt(2) - sympy.sqrt(3))


def test_algebraic_and_symbolic_taps() -> None:
    root = sympy.sqrt(2)
    rng = random.Random(0)
    assert not differs(Conv(Signal([root, 1])) @ Conv(Signal([root, -1])), Conv([2, 0, -1]), rng)
    assert differs(Conv(Signal([root, 1])) @ Conv(Signal([root, -1])), Conv([2, 0, 1]), rng)
    t = signals("t", length=3)
    assert not differs(Down(2) @ Conv(t) @ Up(2), Conv(Signal([t[0], t[2]])), rng)
    assert differs(Down(2) @ Conv(t) @ Up(2), Conv(Signal([t[0], t[1]])), rng)


def test_symbolic_factors_are_drawn() -> None:
    k, m = factors("k m")
    rng = random.Random(0)
    assert not differs(Up(k) @ Up(m), Up(k * m), rng)
    assert any(differs(Up(k) @ Down(k), Identity(), rng) for _ in range(8))


def test_signals_and_formal_operators() -> None:
    rng = random.Random(0)
    x = signals("x")
    assert not differs(Conv(q) @ x, Conv(x) @ q, rng)
    assert differs(Conv(q) @ x, Conv(x) @ p, rng)
    a, b = operators("A B")
    assert not differs((a @ b).T, b.T @ a.T, rng)
    assert differs((a @ b).T, a.T @ b.T, rng)


delta = Shift(1)
TRUE = [
    (Down(3) @ Up(3), Identity()),
    (Down(6) @ Up(4), Up(2) @ Down(3)),
    (Up(2) @ Down(3), Down(3) @ Up(2)),
    (Down(2) @ Conv(Up(2) @ q), Conv(q) @ Down(2)),
    (Conv(Up(2) @ q) @ Up(2), Up(2) @ Conv(q)),
    (Conv(q) @ Up(2), (Down(2) @ Conv(q).T).T),
    (Up(4), Down(4).T),
    ((Down(2) @ Conv(q)).H, Conv(Flip() @ q.conj()) @ Up(2)),
    (Identity(), Up(2) @ Down(2) + Shift(1) @ Up(2) @ Down(2) @ Shift(-1)),
    (Up(2) @ Down(2), Modulate([1, 0])),
    (Repeat(2) @ Repeat(3), Repeat(6)),
    (AvgPool(3) @ Repeat(3), Identity()),
    (Conv([1, 2, 4]) @ Repeat(2), Conv([1, 3, 6, 4]) @ Up(2)),
    (Conv(q) @ Conv(q) - Conv(p) @ Conv(p), (Conv(q) - Conv(p)) @ (Conv(q) + Conv(p))),
    (Repeat(2) @ Conv(q), DilatedConv(q, 2) @ Repeat(2)),
    (Corr(q), Conv(q).H),
]

# "False, and tempting": what can be said with operators on ℤ^d.
FALSE = [
    (Up(2) @ Down(2), Identity()),
    (Down(2) @ Conv(q), Conv(Down(2) @ q) @ Down(2)),
    (Up(2) @ Conv(q), Conv(q) @ Up(2)),
    (Down(2) @ delta, delta @ Down(2)),
    ((Down(2) @ Conv(q)).T, Conv(q) @ Up(2)),
    ((Up(2) @ Conv(q).T).T, Conv(q) @ Up(2)),
    (Repeat(2) @ Down(3), Down(3) @ Repeat(2)),
    (Conv(q) @ Repeat(2), Repeat(2) @ Conv(q)),
    (Identity(), Up(2) @ Down(2) + Shift(-1) @ Up(2) @ Down(2) @ Shift(-1)),
    (Flip() @ Down(2), Down(2) @ Shift(1) @ Flip()),
    (Up(4) @ Down(6), Down(6) @ Up(4)),
    (Conv(q).T.conj(), Conv(q).H.T),
    (Repeat(2) @ AvgPool(2), Identity()),
    ((Down(2) @ Conv(q)).H, Conv(Flip() @ q) @ Up(2)),
    (Up(2) + Identity(), Up(3) + Identity()),
    (Down(64), Zero()),
    (Shift(63) @ Up(64) @ Down(64) @ Shift(-63), Zero()),
    (Conv(Down(16) @ q), Conv(Down(16) @ p)),
]


@pytest.mark.parametrize("pair", TRUE, ids=range(len(TRUE)))
def test_true_identities_never_differ(pair: Any) -> None:
    assert not any(differs(*pair, random.Random(seed)) for seed in range(5))


@pytest.mark.parametrize("pair", FALSE, ids=range(len(FALSE)))
def test_false_identities_are_caught(pair: Any) -> None:
    assert all(differs(*pair, random.Random(seed)) for seed in range(5))


def test_false_in_two_axes() -> None:
    rng = random.Random(1)
    assert not differs(Up((2, 3)) @ Down((3, 2)), Down((3, 2)) @ Up((2, 3)), rng)
    assert differs(Up((2, 3)) @ Down((3, 3)), Down((3, 3)) @ Up((2, 3)), rng)
    assert differs(Up((2, 3)), Up((3, 2)), rng)


def test_every_rewriting_is_true_and_every_rule_is_used() -> None:
    """The laws of the generator, tried by the judge alone; and none of them is dead."""
    used = set()
    for number in range(250):
        rng = rng_for(11, number)
        lhs = statement(11, number, "2-D" if number % 6 == 1 else "1-D").lhs
        made, name = somewhere(rng, lhs, RULES, lhs.ndim or 1)
        used.add(name)
        found = differs if number % 5 == 0 else judge_modular.differs
        assert not found(lhs, made, rng), (number, name)
    assert used >= {rule.__name__.lstrip("_") for rule in RULES}


def test_most_near_misses_differ() -> None:
    found = 0
    for number in range(60):
        rng = rng_for(12, number)
        lhs = statement(12, number).lhs
        found += differs(lhs, somewhere(rng, lhs, MISSES, lhs.ndim or 1)[0], rng)
    assert 30 <= found <= 60


def test_a_wrong_transpose_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself, broken on purpose: without the reversal, a law that needs it must fail."""
    law = (Conv(q) @ Up(2), (Down(2) @ Conv(q).T).T)
    assert not differs(*law, random.Random(0))
    monkeypatch.setattr(Judge, "_transposed", lambda self, node, x, conjugate: self.apply(node, x))
    assert differs(*law, random.Random(0))


def test_transposing_twice_is_the_identity_on_matrices() -> None:
    operator = Down(2) @ Conv([1, 2, 3]) @ Up(3)
    window = range(-5, 6)
    assert Judge().matrix(Transpose(Transpose(operator)), window, window) == Judge().matrix(operator, window, window)
