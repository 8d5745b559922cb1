"""The seven ways to continue an array, against numpy.pad, scipy.signal.upfirdn and the definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

import opalgebra as oa
from opalgebra.bound.operators.boundary import sources
from opalgebra.engine.arrays.rules import RULES
from tests.judge_bound import BOUNDARIES, PADS, continuation, samples

LENGTHS = (1, 2, 3, 4, 5, 8)
WIDTHS = ((0, 0), (1, 0), (0, 2), (3, 4), (11, 17), (40, 25))  # the last ones wider than any of the arrays


def extended(rule: str, n: int, before: int, after: int) -> Any:
    return oa.Identity().on(n, out=(-before, n + after), boundary=rule)


@pytest.mark.campaign(84)
@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("rule", BOUNDARIES)
def test_each_is_the_matrix_of_the_definition(rule: str, n: int, widths: tuple[int, int]) -> None:
    F, E = extended(rule, n, *widths), continuation(rule, n, *widths)
    run = F(np.eye(n, dtype=np.int64)).T
    assert run.dtype == np.int64
    assert np.array_equal(run, E)
    assert np.array_equal(F.T(np.eye(len(E), dtype=np.int64)).T, E.T)  # the exact transpose, in integers
    assert np.array_equal(np.array(F.matrix().tolist(), dtype=int).reshape(E.shape), E)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("rule", PADS)
def test_numpy_pad(rule: str, n: int) -> None:
    x = np.random.default_rng(n).standard_normal(n)
    for before, after in WIDTHS:
        y = extended(rule, n, before, after)(x)
        assert np.allclose(y, np.pad(x, (before, after), **PADS[rule]), rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("rule", [rule for rule in BOUNDARIES if rule != "zero"])
def test_upfirdn(rule: str, n: int) -> None:
    """SciPy extends, inserts zeros, filters and drops samples in one call: for filters longer than the signal, too."""
    rng = np.random.default_rng(n)
    x = rng.standard_normal(n)
    for taps, up, down in ((1, 1, 1), (2, 1, 1), (4, 2, 1), (7, 3, 2), (20, 1, 1), (33, 2, 3)):
        if n == 1 and rule in ("reflect", "antireflect"):
            continue  # the next test says what is done here
        h = rng.standard_normal(taps)
        A = oa.Down(down) @ oa.Conv(h) @ oa.Up(up)
        expected = signal.upfirdn(h, x, up, down, mode=rule)
        y = A.on(n, out=len(expected), boundary=rule)(x)
        assert np.allclose(y, expected, rtol=1e-12, atol=1e-12 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("rule", ["reflect", "antireflect"])
def test_one_sample_has_nothing_to_reflect_about(rule: str) -> None:
    """As numpy.pad does, its value goes on."""
    assert extended(rule, 1, 3, 2)([7]).tolist() == [7] * 6


@pytest.mark.parametrize("rule", BOUNDARIES)
def test_two_axes_are_one_after_the_other(rule: str) -> None:
    x = np.arange(12.0).reshape(3, 4) ** 2
    out = ((-5, 7), (-2, 9))
    y = oa.Identity().on((3, 4), out=out, boundary=rule)(x)
    rows, columns = continuation(rule, 3, 5, 4), continuation(rule, 4, 2, 5)
    assert np.array_equal(y, rows @ x @ columns.T)


def test_a_boundary_for_each_axis() -> None:
    F = oa.Identity().on((2, 3), out=((-1, 3), (-1, 4)), boundary=("wrap", "antisymmetric"))
    expected = continuation("wrap", 2, 1, 1) @ np.arange(6).reshape(2, 3) @ continuation("antisymmetric", 3, 1, 1).T
    assert np.array_equal(F(np.arange(6).reshape(2, 3)), expected)
    assert F.dottest()


@pytest.mark.parametrize("rule", BOUNDARIES)
def test_far_away(rule: str) -> None:
    """A window that the array does not meet reads what the rule says, and nothing between is computed."""
    far = 10**6
    F = oa.Identity().on(5, out=(far, far + 3), boundary=rule)
    dense = np.zeros((3, 5), dtype=int)
    for i in range(3):
        for j, weight in sources(rule, far + i, 5):
            dense[i, j] += weight
    assert np.array_equal(F(np.eye(5, dtype=int)).T, dense)
    near = 40 + far % 40  # a period of all rules but two
    if rule not in ("edge", "antireflect"):
        assert np.array_equal(dense, continuation(rule, 5, 0, near)[near : near + 3][:, :5])


def test_the_names_are_those_judged() -> None:
    assert set(RULES) == set(BOUNDARIES)


@pytest.mark.parametrize("rule", BOUNDARIES)
def test_single_samples(rule: str) -> None:
    for n in LENGTHS:
        for m in range(-13, n + 13):
            expected = {j[0]: w for j, w in samples((rule,), (n,), (m,))}
            assert dict(sources(rule, m, n)) == expected


def test_a_wrong_sign_is_noticed() -> None:
    """The judge of this file tells antisymmetric from symmetric and reflect from symmetric."""
    F = extended("symmetric", 3, 2, 2)
    for other in ("antisymmetric", "reflect", "edge", "wrap"):
        assert not np.array_equal(F.todense(), continuation(other, 3, 2, 2))
