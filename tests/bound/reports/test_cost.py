"""cost: counted by hand, and against loops over outputs and taps."""

from __future__ import annotations

import random
from fractions import Fraction
from math import lcm

import numpy as np
import pytest

import opalgebra as oa
from opalgebra import (
    AvgPool,
    Block,
    Conv,
    DilatedConv,
    Down,
    Flip,
    Identity,
    Modulate,
    Polyphase,
    Shift,
    Signal,
    Up,
    Zero,
)
from opalgebra.errors import FormalSignalError

q = oa.signals("q")
k = oa.factors("k")


@pytest.mark.parametrize(
    ("A", "planned", "naive"),
    [
        (Conv([1, 2, 1]), 3, 3),
        (Conv([1, 0, 1]), 2, 3),
        (Down(2) @ Conv([1, 2, 1]), 3, 6),
        (Conv([1, 2, 1, 1]) @ Up(2), 2, 4),
        (Down(2) @ Conv([1, 1]) @ Down(3) @ Conv([1, 2, 3]), 2 + 6, 4 + 18),
        (Up(5), 0, 0),
        (Shift(3) @ Flip() @ Down(2), 0, 0),
        (Identity(), 0, 0),
        (Zero() @ Conv([1, 2]), 0, 0),
        (Modulate([1, 2]) @ Conv([1, 2]), 3, 3),
        (Conv([1, 2]) + Conv([3, 4, 5]), 5, 6),
        (Identity() + Shift(1), 2, 1),
        (3 * Conv([1, 2]), 3, 3),
        (AvgPool(4), 5, 17),
        (DilatedConv([1, 2, 3], 5), 3, 11),
        (Conv([[1, 2], [3, 4]]), 4, 4),
        (Down((2, 3)) @ Conv([[1, 2], [3, 4]]), 4, 24),
        (Conv([[1, 2], [3, 4]]) @ Up((2, 1)), 2, 4),
        (Polyphase(3), 0, 0),
        (Block([[Conv([1, 2, 3]), Conv([1, 1])], [0, Conv([4])]]), Fraction(6, 2), Fraction(7, 2)),
        (Block([[Conv([1, 2])], [Conv([3, 4])]]), 2, 2),
        ((Conv([1, 2]).T @ Up(2)).T, 2, 4),
        (Conv([1, 2, 3]) ** 3, 9, 9),
    ],
)  # fmt: skip
def test_counted_by_hand(A: oa.LinearOperator, planned: Fraction, naive: Fraction) -> None:
    cost = A.cost()
    assert (cost.multiply_adds, cost.naive) == (planned, naive)
    assert isinstance(cost.multiply_adds, Fraction)


@pytest.mark.parametrize("seed", range(40))
def test_one_filter_between_two_rates_by_a_loop(seed: int) -> None:
    rng = random.Random(seed)
    taps = [rng.randint(-1, 1) for _ in range(rng.randint(1, 12))]
    start, L, M = rng.randint(-9, 9), rng.randint(1, 6), rng.randint(1, 6)
    period = lcm(L, M)
    met = sum(
        tap != 0 and (M * n - j) % L == 0 for n in range(period) for j, tap in enumerate(taps, start)
    )  # y_n = Σ_j q_j x_{(Mn−j)/L}
    A = Down(M) @ Conv(Signal(taps, start=start)) @ Up(L)
    if len(taps) > 1 and L > 1:  # a single tap is a move, or is merged with what it stands beside
        assert A.cost().multiply_adds == Fraction(met, period)
    assert A.cost().naive == M * len(taps)


@pytest.mark.parametrize(
    "A",
    [
        Down(3) @ Conv([1, 2, 3, 4]) @ Up(2) @ Conv([1, 0, 2]),
        Conv([1, 2]) @ Down(2) + Down(2) @ Conv([1, 2, 3]),
        Down(2) @ (Conv([1, 2]) + Shift(3)) @ Conv([1, 1, 1]),
        Modulate([1, 2, 3]) @ Conv([1, 2]) @ Up(3),
    ],
)
def test_long_arrays_cost_as_much_per_output(A: oa.LinearOperator) -> None:
    plan = A.on(60_000, mode="same").explain()
    each = Fraction(plan.multiply_adds, plan.steps[-1].output.size)
    moved = sum(s.samples for s in A.cost()._planned if not s.multiply_adds)  # a plan counts one per sample moved
    assert abs(each - A.cost().multiply_adds - moved) < Fraction(1, 500)


def test_memory_counts_what_is_computed() -> None:
    assert (Down(2) @ Conv([1, 2]) @ Down(2) @ Conv([1, 2])).cost().memory == 1 + 2
    assert (Conv([1, 2]) @ Down(2)).cost().memory == 1
    assert Up(3).cost().memory == 0
    moved = (Conv([1, 2]) @ Down(2)).cost()
    assert (moved.traffic, moved.time) == (2, 2 + 32 * 2)


def test_formal_parts_ask_for_taps() -> None:
    for A in (Conv(q), Down(k) @ Conv([1, 2]), oa.operators("A")):
        with pytest.raises(FormalSignalError, match="give numbers instead"):
            A.cost()


def test_the_table() -> None:
    cost = (Down(2) @ Conv([1, 0, 1]) + Down(2)).cost()
    lines = str(cost).splitlines()
    assert lines[0].split() == ["as", "written", "samples", "multiply-adds"]
    assert any(line.split()[-2:] == ["2", "6"] for line in lines)
    assert [line.split()[-1] for line in lines if line.startswith("total")] == ["7", "3"]
    assert cost._repr_markdown_().count("| :--- | ---: | ---: |") == 2
    assert "3 multiply-adds" in repr(cost)
    assert sum(stage.multiply_adds for stage in cost.written) == cost.naive
    assert sum(stage.multiply_adds for stage in cost.planned) == cost.multiply_adds


def test_the_number_of_taps_is_no_matter() -> None:
    assert Conv(np.ones(10**6)).cost().multiply_adds == 10**6
