"""Both ways of continuing an axis, by runs of slices and by a sparse matrix, are what NumPy pads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from opalgebra.engine.arrays import boundary
from opalgebra.engine.arrays.boundary import Continuation
from opalgebra.engine.arrays.rules import RULES
from tests.judge_bound import continuation


def padded(rule: str, n: int, start: int, size: int) -> np.ndarray:
    """The matrix of the rule, from :func:`numpy.pad`."""
    before, after = max(0, -start), max(0, start + size - n)
    return continuation(rule, n, before, after)[start + before :][:size]


@pytest.mark.parametrize("many", [0, 10**6])
@pytest.mark.parametrize("rule", RULES)
def test_one_axis(rule: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MANY", many)
    rng = np.random.default_rng(0)
    for n, start, size in itertools.product((1, 2, 3, 5), range(-12, 13, 3), (0, 1, 4, 17)):
        axis, matrix = Continuation(rule, n, start, start + size), padded(rule, n, start, size)
        x, y = rng.integers(-9, 9, (2, n, 3)), rng.integers(-9, 9, (2, size, 3))
        assert np.array_equal(axis.extend(x, 1), np.einsum("ij,ajb->aib", matrix, x))
        assert np.array_equal(axis.fold(y.copy(), 1), np.einsum("ij,aib->ajb", matrix, y))
        assert axis.most_read >= np.abs(matrix).sum(axis=1).max(initial=0)
        assert axis.most_used >= np.abs(matrix).sum(axis=0).max(initial=0)


@pytest.mark.parametrize("many", [0, 10**6])
@pytest.mark.parametrize("rule", RULES)
def test_a_sample_that_is_not_read_leaves_no_trace(rule: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "MANY", many)
    x, matrix = np.array([1.0, 2.0, np.nan, 4.0]), padded(rule, 4, -9, 20)
    found = Continuation(rule, 4, -9, 11).extend(x, 0)
    assert np.array_equal(np.isnan(found), matrix[:, 2] != 0)
