"""Small filters as one product of gathered samples: against the definition."""

from __future__ import annotations

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways import dense
from opalgebra.engine.ways.dense.columns import Columns, ColumnsGradient
from tests.engine.ways.dense.cases import Case, cases, close, defined_gradient, gradient_case

SINGLE = np.dtype(np.float32)


def planned(case: Case) -> Columns | None:
    return dense.made(dense.COLUMNS, case.fir, case.written, case.read, SINGLE)


@pytest.mark.campaign(25)
@pytest.mark.parametrize("seed", range(150))
def test_random_filters(seed: int) -> None:
    for case in cases(seed, most=20):
        plan = planned(case)
        if plan is None:
            continue
        wanted = case.defined(case.x)
        found = plan.run(case.x)
        assert close(found, wanted)
        assert close(plan.run(case.x[0]), wanted[0])
        given = np.ones_like(wanted)
        assert plan.run(case.x, given, add=True) is given
        assert np.array_equal(given, found + 1)
        assert plan.run(case.x, given) is given
        assert np.array_equal(given, found)
        assert plan.run(case.x[:0]).shape == (0, *wanted.shape[1:])


@pytest.mark.campaign(15)
@pytest.mark.parametrize("seed", range(100))
def test_a_nan_goes_where_it_is_read_and_nowhere_else(seed: int) -> None:
    for case in cases(seed, most=20):
        plan, x = planned(case), case.x.copy()
        x.reshape(-1)[np.random.default_rng(seed).integers(0, x.size, 2)] = np.nan, np.inf
        if plan is not None:
            assert np.array_equal(np.isnan(plan.run(x)), np.isnan(case.defined(x)))


@pytest.mark.campaign(15)
@pytest.mark.parametrize("seed", range(100))
def test_gradients_of_weights(seed: int) -> None:
    made, case, y = gradient_case(seed, 20)
    plan = dense.gradient(dense.COLUMNS, case.fir, case.written, case.read, SINGLE)
    if plan is not None:
        assert isinstance(plan, ColumnsGradient)
        assert close(made._joined(plan.run(y, case.x)), defined_gradient(made, case.x, y))


def test_small_layers_take_it_in_either_precision() -> None:
    for dtype in (np.float32, np.float64):
        bound = oa.nn.Conv(np.ones((24, 4, 2, 2), dtype)).on((14, 14))
        (step,) = bound.explain().steps
        assert step.way == "columns"
        assert bound(np.ones((4, 14, 14), dtype)).max() == 16


def test_large_ones_make_no_table() -> None:
    assert all(planned(case) is None for case in _large())


def _large() -> list[Case]:
    bound = oa.nn.Conv(np.ones((4, 8, 3, 3), np.float32)).on((200, 200))
    ((value, written),) = bound.program.outputs
    ((source, fir),) = value.terms
    return [Case(fir, written, bound.program.windows[source], np.zeros(0))]
