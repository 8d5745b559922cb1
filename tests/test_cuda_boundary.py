"""Continuing by slices does what continuing by sparse matrices does."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from opalgebra.engine.cuda_boundary import extend, fold
from opalgebra.engine.window import Window
from opalgebra.windows.boundary import RULES, Extension


@pytest.mark.parametrize("rule", RULES)
def test_one_axis(rule: str) -> None:
    rng = np.random.default_rng(0)
    for n, start, size in itertools.product((1, 2, 3, 5), range(-12, 13, 3), (0, 1, 4, 17)):
        window = Window((start,), (size,))
        theirs = Extension((rule,), (n,), window)
        x, y = rng.integers(-9, 9, (2, n)), rng.integers(-9, 9, (2, size))
        assert np.array_equal(extend(np, x, [rule], window), theirs.apply(x))
        assert np.array_equal(fold(np, y, [rule], (n,), window), theirs.fold(y))


@pytest.mark.parametrize("rules", list(itertools.product(RULES, repeat=2)))
def test_two_axes(rules: tuple[str, str]) -> None:
    rng = np.random.default_rng(0)
    window = Window((-4, -2), (9, 14))
    theirs = Extension(rules, (3, 5), window)
    x = rng.standard_normal((2, 3, 5)) + 1j * rng.standard_normal((2, 3, 5))
    y = rng.standard_normal((2, 9, 14))
    assert np.allclose(extend(np, x, rules, window), theirs.apply(x), rtol=1e-14)
    assert np.allclose(fold(np, y, rules, (3, 5), window), theirs.fold(y), rtol=1e-13)
    assert np.isclose(
        np.vdot(extend(np, x, rules, window).real, y), np.vdot(x.real, fold(np, y, rules, (3, 5), window))
    )


@pytest.mark.parametrize("rule", RULES)
def test_a_sample_that_is_not_read_leaves_no_trace(rule: str) -> None:
    x, window = np.array([1.0, 2.0, np.nan, 4.0]), Window((-9,), (20,))
    theirs = Extension((rule,), (4,), window).apply(x)
    assert np.array_equal(extend(np, x, [rule], window), theirs, equal_nan=True)
