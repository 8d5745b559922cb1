"""The costs of a chain, letter by letter, without running it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import opalgebra as oa
from opalgebra import engine
from tests.definitions import relaxed, signal_strategy, trees


def test_costs_of_each_letter():
    A = oa.Down(2) @ (3 * oa.Conv([1, 0, 1])) @ oa.Modulate([1, -1]) @ oa.Up(2) @ oa.Shift(4) @ oa.Flip()
    explained = engine.explain(A, 5)
    assert isinstance(explained, engine.Explanation)
    stages = explained.stages
    assert [type(stage.what).__name__ for stage in stages] == [
        "Flip", "Shift", "Up", "Modulate", "Conv", "Scale", "Down",
    ]  # fmt: skip
    assert [stage.multiply_adds for stage in stages] == [0, 0, 0, 9, 33, 11, 0]
    assert [stage.input.starts for stage in stages[1:]] == [stage.output.starts for stage in stages[:-1]]
    result = A @ np.ones(5)
    assert (stages[-1].output.starts, stages[-1].output.stops) == (result.starts, result.stops)


def test_costs_of_sums_transposes_and_names():
    sums = oa.Conv([1, 2]) + oa.Shift(1) + oa.Zero()
    assert engine.explain(sums, 10).multiply_adds == 2 * 11 + 2 * 11
    q = [1, 2, 3]
    forward, polyphase = oa.StridedConv(q, 2), oa.Conv([1, 3]) @ oa.Down(2) + oa.Conv([2]) @ oa.Down(2) @ oa.Shift(1)
    assert engine.explain(forward, 100).multiply_adds == 3 * 102
    assert engine.explain(polyphase, 100).multiply_adds == 2 * 51 + 1 * 50 + 51
    assert engine.explain(forward.T, 100).multiply_adds == 3 * (199 + 2)


def test_the_costs_of_large_inputs_are_counted_without_computing():
    assert engine.explain(oa.Conv(np.ones((3, 3))) @ oa.Up((1000, 1000)), (10**6, 10**6)).multiply_adds > 10**18


@relaxed
@given(trees(2), signal_strategy(2, 3))
def test_explained_windows_are_the_windows_computed(A, x):
    stages = engine.explain(A, x.values.shape).stages
    result = A @ oa.Signal(x.values)
    if stages:
        assert (stages[-1].output.starts, stages[-1].output.shape) == (result.starts, result.values.shape)


def test_the_table_is_aligned_and_ends_with_the_total():
    lines = str(engine.explain(oa.Down(2) @ oa.Conv(list(range(1, 60))), 100)).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "input" in lines[0]
    assert "[0, 158)" in lines[2]
    assert "…" in lines[2]
    assert lines[-1].split() == ["total", f"{59 * 158:,}"]


@pytest.mark.parametrize("shape", [-1, 1.5, True, "3", (2, -1), (), None])
def test_bad_shapes(shape):
    with pytest.raises(oa.WindowError):
        engine.explain(oa.Identity(), shape)


def test_shapes_must_fit_the_operator():
    with pytest.raises(oa.DimensionError):
        engine.explain(oa.Up((2, 2)), 10)
    with pytest.raises(oa.DimensionError):
        engine.apply(oa.Up((2, 2)), oa.Signal([1]))
