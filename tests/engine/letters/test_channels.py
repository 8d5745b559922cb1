"""Blocks run: tuples of signals in, tuples of signals out, as dense matrices say."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine import explain
from opalgebra.expr.grid import grid
from tests.dense_blocks import REACH, random_block

I = oa.Identity()  # noqa: E741  # the name that it has on paper
q, x, y = oa.signals("q x y")
A, B, C, D = oa.Conv([1, 2]), oa.Up(2), oa.Shift(-1), oa.Down(3)


def channels(outputs: Any, count: int) -> list[oa.Signal]:
    return [outputs] if count == 1 else list(outputs)


@pytest.mark.campaign(8)
@pytest.mark.parametrize("seed", range(30))
def test_random_blocks_run_as_dense_matrices_say(seed: int) -> None:
    rng = Random(seed)
    outs, ins = rng.randint(1, 3), rng.randint(1, 3)
    operator, dense = random_block(rng, outs, ins, 2)
    inputs = [oa.Signal([rng.randint(-4, 4) for _ in range(3)], start=-1) for _ in range(ins)]
    stacked = np.concatenate([signal[-REACH : REACH + 1] for signal in inputs])
    expected = dense.dot(stacked).reshape(outs, -1)
    found = channels(operator @ tuple(inputs), outs)
    expanded = channels(oa.Block(grid(operator, ins)) @ tuple(inputs), outs)
    for row, signal, other in zip(expected, found, expanded, strict=True):
        assert signal[-REACH : REACH + 1].tolist() == row.tolist()
        assert signal == other


def test_applied_to_tuples_arrays_and_formal_signals() -> None:
    block = oa.Block([[I, oa.Shift(1)], [0, oa.Down(2)]])
    first, second = block @ ([1, 2, 3], [10, 20, 30])
    assert (first, second) == (oa.Signal([1, 12, 23, 30]), oa.Signal([10, 30]))
    assert block @ np.array([[1, 2, 3], [10, 20, 30]]) == (first, second)
    assert block([oa.Signal([1, 2, 3]), np.array([10, 20, 30])]) == (first, second)
    assert block @ (x, y) == (x + oa.Shift(1) @ y, oa.Down(2) @ y)
    assert block @ (x, [1, 2, 3]) == (x + oa.Signal([1, 2, 3], start=1), oa.Signal([1, 3]))
    assert (block @ block) @ ([1], [5]) == block @ (block @ ([1], [5]))
    assert oa.Polyphase(2) @ x == (oa.Down(2) @ x, oa.Down(2) @ oa.Shift(-1) @ x)
    assert oa.Polyphase(2) @ [1, 2, 3] == oa.Polyphase(2) @ (oa.Signal([1, 2, 3]),)
    assert I @ (x, oa.Signal([1])) == (x, oa.Signal([1]))
    assert oa.Block([[0, 0]]) @ ([1], [2]) == oa.Signal([0])


def test_one_output_is_a_signal_and_dtypes_are_kept() -> None:
    halves = oa.Polyphase((2, 2)) @ np.arange(12, dtype=np.float32).reshape(3, 4)
    assert [half.dtype for half in halves] == [np.float32] * 4
    image = oa.PixelShuffle((2, 2)) @ halves
    assert isinstance(image, oa.Signal)
    assert image.dtype == np.float32
    assert np.array_equal(image.values, np.arange(12).reshape(3, 4))


@pytest.mark.parametrize(
    "given", [([1, 2],), ([1], [2], [3]), np.ones((3, 4)), np.ones(4), oa.Signal([1, 2]), (x,), x, []]
)
def test_a_wrong_number_of_channels_is_refused(given: Any) -> None:
    with pytest.raises(oa.DimensionError, match="channels"):
        oa.Block([[A, B], [C, D]]) @ given


def test_other_operands_are_refused() -> None:
    with pytest.raises(oa.OperandError):
        oa.Polyphase(2).T @ 3
    with pytest.raises(oa.FormalSignalError):
        oa.Block([[oa.Conv(q), I]]) @ ([1], [2])
    with pytest.raises(oa.DimensionError):
        oa.Block([[oa.Up((2, 2)), I]]) @ ([1], [2])
    with pytest.raises(oa.DimensionError):
        A @ (x, y)


def test_explained_letter_by_letter() -> None:
    assert explain(oa.Block([[oa.Conv([1, 2, 1]), oa.Conv([1, 1])]]), 10).multiply_adds == 3 * 12 + 2 * 11 + 12
    assert explain(oa.Polyphase(2), 10).multiply_adds == 0
