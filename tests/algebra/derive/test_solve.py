"""Kernels that solve equations: filters of the books, free taps, reasons why there are none, and a judge."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Identity, Shift, Up
from opalgebra.errors import NoSolution, OperandError, SizeError, Undecided

from ...judge import Judge

I = Identity()  # noqa: E741
x, y, f0, f1 = oa.signals("x y f0 f1")
r = oa.signals("r", real=True)
a, c = sympy.symbols("a c")


def bank(h0: Any, h1: Any) -> Any:
    return Conv(f0) @ Up(2) @ Down(2) @ Conv(h0) + Conv(f1) @ Up(2) @ Down(2) @ Conv(h1)


def test_synthesis_filters() -> None:
    """Strang and Nguyen 4.1: the 5/3 pair, causal, of delay 3; with more taps than needed they are the same."""
    analysis = oa.Signal([-1, 2, 6, 2, -1]), oa.Signal([1, -2, 1])
    for length in (5, 8):
        low, high = oa.solve(oa.equation(bank(*analysis), Shift(3)), (f0, f1), length=length)
        assert list(low.values[:3]) == [Fraction(1, 16) * v for v in (1, 2, 1)]
        assert list(high.values[:5]) == [Fraction(1, 16) * v for v in (1, 2, -6, 2, 1)]
        assert not any(low.values[3:])
        assert not any(high.values[5:])
    with pytest.raises(NoSolution, match="no f0 of length 3 from 0 and f1 of length 3 from 0 solves"):
        oa.solve(oa.equation(bank(*analysis), Shift(3)), (f0, f1), length=3)
    with pytest.raises(NoSolution):
        oa.solve(oa.equation(bank(*analysis), Shift(2)), (f0, f1), length=5)


def test_haar_over_its_field() -> None:
    root = 1 / sympy.sqrt(2)
    low, high = oa.solve(oa.equation(bank([root, root], [root, -root]), Shift(1)), (f0, f1), length=2)
    assert list(low.values) == [root, root]
    assert list(high.values) == [-root, root]


def test_lagrange_half_band() -> None:
    """The half-band filter of length 7 with four zeros at π, by its conditions: Nyquist, and a factor (1 + z⁻¹)⁴."""
    p, q = oa.signals("p", length=7, start=-3), oa.signals("q", length=3, start=-1)
    zeros = Conv(oa.Signal([1, 4, 6, 4, 1], start=-2))
    p, q = oa.solve([oa.equation(Down(2) @ p, [1]), oa.equation(p, zeros @ q)], (p, q))
    assert list(p.values) == [Fraction(v, 16) for v in (-1, 0, 9, 16, 9, 0, -1)]


def test_free_taps_stay_symbols() -> None:
    solution = oa.solve(oa.equation(Down(3) @ x, oa.Signal([1, 2])), x, length=5)
    symbols = oa.signals("x", length=5).values
    assert list(solution.values) == [1, symbols[1], symbols[2], 2, symbols[4]]
    assert oa.prove(Down(3) @ solution, oa.Signal([1, 2]))
    assert list(oa.solve(oa.equation(Conv([1, 1]) @ Down(2) @ x, [1, 1]), x, length=1).values) == [1]


def test_operators_blocks_and_symbolic_taps() -> None:
    X = oa.operators("X")
    assert oa.solve(oa.equation(Conv([1, 2]) @ X, Conv([1, 4, 4])), X, length=2) == oa.Signal([1, 2])
    stack = oa.Block([[Conv([1, 1])], [Conv([1, -1])]])
    other = oa.Block([[Conv([2, 3, 1])], [Conv([2, -1, -1])]])
    assert oa.solve(oa.equation(stack @ X, other), X, length=2) == oa.Signal([2, 1])
    assert list(oa.solve(oa.equation(Conv([1, a]) @ x, [1, c + a, a * c]), x, length=2).values) == [1, c]
    assert list(oa.solve(oa.equation(Down(2) @ Conv([a, c]) @ x, [1]), x, length=1).values) == [1 / a]
    with pytest.raises(NoSolution, match="asks for"):
        oa.solve(oa.equation(Conv([1, a]) @ x, [1]), x, length=4)  # none for all a, though one for a = 0


def test_two_axes_real_taps_and_floats() -> None:
    plane = oa.Signal([[1, 2], [3, 4]])
    assert oa.solve(oa.equation(Conv(plane) @ x, Conv(plane) @ plane), x, length=(2, 2)) == plane
    turned = Conv(r).H  # linear in real taps
    assert list(oa.solve(oa.equation(turned, Conv(oa.Signal([3, 2], start=-1))), r, length=2).values) == [2, 3]
    with pytest.raises(NoSolution):
        oa.solve(oa.equation(Conv(r), sympy.I * I), r, length=1)
    assert list(oa.solve(oa.equation(Conv(x), sympy.I * I), x, length=1).values) == [sympy.I]
    (tenth,) = oa.solve(oa.equation(10 * Conv(x), Conv([1.0])), x, length=1).values
    assert tenth == Fraction(1, 10)  # exactly, whatever a double is


def test_the_reason_why_there_are_none() -> None:
    with pytest.raises(NoSolution) as none:
        oa.solve(oa.equation(Conv([1, 1]) @ x, oa.Signal([1])), x, length=2)
    assert str(none.value).endswith(
        "sample 0 asks for x_0 = 1; sample 1 asks for x_0 + x_1 = 0; sample 2 asks for x_1 = 0"
    )
    assert isinstance(none.value, ValueError)
    assert isinstance(none.value, oa.OpAlgebraError)


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (OperandError, lambda: oa.solve(oa.equation(Conv(x) @ x, [1]), x, length=2)),
        (OperandError, lambda: oa.solve(oa.equation(Conv(x).H @ oa.Signal([1]), [1]), x, length=2)),
        (OperandError, lambda: oa.solve(oa.equation(Conv(y) @ x, [1]), x, length=2)),
        (OperandError, lambda: oa.solve(oa.equation(Conv([1]) @ x, [1]), x)),
        (OperandError, lambda: oa.solve(oa.equation(Conv([1]) @ x, [1]), oa.Signal([1]))),
        (OperandError, lambda: oa.solve(oa.equation(oa.factors("k"), oa.factors("m")), x, length=1)),
        (OperandError, lambda: oa.solve(oa.equation(Down(oa.factors("k")) @ x, [1]), x, length=1)),
        (OperandError, lambda: oa.solve(oa.equation(Conv([sympy.Symbol("x_0"), 1]) @ x, [1]), x, length=1)),
        (OperandError, lambda: oa.solve(oa.equation(Conv(x) + Conv(r), I), (x, r), length=1)),
        (SizeError, lambda: oa.solve(oa.equation(Conv([1]) @ x, [1]), x, length=10**9)),
        (Undecided, lambda: oa.solve(oa.equation(Conv([1]) @ x, [1]), x, length=1000)),
        (Undecided, lambda: oa.solve(oa.equation(Conv([sympy.pi, 1]) @ x, [1]), x, length=1)),
    ],
)
def test_refused(error: type[Exception], call: Any) -> None:
    with pytest.raises(error):
        call()


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.campaign(12)
def test_against_the_judge(seed: int) -> None:
    """A kernel that is known to solve an equation is found, or another one that does; without it there is none."""
    rng = random.Random(seed)
    kernel = oa.Signal([rng.randint(-3, 3) or 1 for _ in range(rng.randint(1, 4))], start=rng.randint(-2, 1))
    M, L = rng.randint(1, 3), rng.randint(1, 3)
    left = Down(M) @ Conv([rng.randint(-2, 2) or 1 for _ in range(3)])
    right = rng.choice([Up(L), Shift(rng.randint(-2, 2)) @ Up(L), Conv([1, rng.randint(-2, 2)]) @ Up(L) @ Down(2)])
    wanted = left @ Conv(kernel) @ right
    size = kernel.values.size + rng.randint(0, 2)
    found = oa.solve(oa.equation(left @ Conv(x) @ right, wanted), x, length=size, start=kernel.start)
    free = {s: rng.randint(-5, 5) for v in found.values if hasattr(v, "free_symbols") for s in v.free_symbols}
    known = oa.Signal([sympy.sympify(v).subs(free) for v in found.values], start=found.start)
    judge = Judge(1)
    columns = (*range(-6, 7), 600, 601, 602, 603)
    assert all(judge.column(left @ Conv(known) @ right, (m,)) == judge.column(wanted, (m,)) for m in columns)
    system = sympy.Matrix([[judge.column(left @ Conv(oa.Signal([1], start=kernel.start + j)) @ right, (m,)).get((n,), 0)
                            for j in range(size)] for m in range(6) for n in range(-20, 21)])  # fmt: skip
    assert len(free) == size - system.rank()
    if not free:
        with pytest.raises(NoSolution):
            oa.solve(oa.equation(left @ Conv(x) @ right, wanted + Shift(50)), x, length=size, start=kernel.start)
