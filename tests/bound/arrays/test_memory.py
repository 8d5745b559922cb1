"""What is too large for memory is refused before any work; and indices far beyond 32 bits."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.arrays import memory
from opalgebra.engine.arrays.rules import CODES
from opalgebra.engine.program.program import Program
from opalgebra.engine.ways import compiled
from tests import compiled_naive
from tests.compiled_naive import DTYPES, Case, continued
from tests.judge_bound import BOUNDARIES

GIB = 2**30


@pytest.fixture
def two_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 2 * GIB)


def no_run(*given: Any, **named: Any) -> Any:
    raise AssertionError("work was begun")


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that runs fails the test."""
    monkeypatch.setattr(Program, "run", no_run)


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    """An array that takes no memory, whatever its shape."""
    return np.broadcast_to(np.ones((), dtype), shape)


LARGE = [
    (oa.Up(2**20).on(2**10), ones(2**10), 4),
    (oa.Conv([1.0, 2.0]).on(2**10), ones(2**20, 2**10), 4),
    (oa.Down(2**20).on(2**30), ones(2**30, dtype=np.int8), 8),  # cast to int64
    ((oa.Down(3) @ oa.Modulate([1, 2]) @ oa.Up(2**20)).on(2**10), ones(2**10), 8),  # made on the way
    (oa.Up(2**19).on(2**10) + oa.Up(2**19).on(2**10), ones(2**10), 4),
    (oa.Down(2**20).on(2**30).T, ones(2**10), 4),
    (oa.Identity().on(2**19) @ oa.Up(2**9).on(2**10, out=2**19), ones(2**11, 2**10), 4),
    (2 * oa.Up(2**19).on(2**10), ones(2**10), 4),
    (oa.nn.Upsample(2**20).on(2**10), ones(2**10), 4),
    (oa.Identity().on(2**10, out=2**30, boundary="wrap"), ones(2**10), 4),
]


@pytest.mark.parametrize(("F", "x", "gib"), LARGE, ids=lambda value: str(value)[:60])
def test_too_large(F: Any, x: np.ndarray, gib: float, two_gib: None, idle: None) -> None:
    with pytest.raises(oa.SizeError, match=rf"{gib}(\.\d)? GiB at once and 2\.0 GiB .* Dask .* float32") as found:
        F(x)
    assert isinstance(found.value, MemoryError)


def test_all_ways_to_apply(two_gib: None, idle: None) -> None:
    F = oa.Up(2**20).on(2**10)
    for apply in (F, F.matvec, F.dot, lambda x: F @ x, lambda x: F.matmat(x[:, None]), lambda x: F * x):
        with pytest.raises(oa.SizeError):
            apply(ones(2**10))


def test_what_fits_runs_and_small_work_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    F = oa.Down(2**20).on(2**31 + 7)
    monkeypatch.setattr(memory, "available", no_run)
    np.testing.assert_array_equal(F(ones(2**31 + 7)), np.ones(2**11 + 1, np.float32))
    monkeypatch.setattr(memory, "available", lambda: None)  # a system that does not say
    monkeypatch.setattr(Program, "run", no_run)
    with pytest.raises(AssertionError, match="work was begun"):
        oa.Up(2**20).on(2**10)(ones(2**10))


def test_the_system_says_what_is_available() -> None:
    found = memory.available()
    assert found is None or 2**20 < found < 2**50


# Indices beyond 32 bits

FAR = 2**33


def near(m: int, size: int, rule: str) -> tuple[int, int] | None:
    """As ``continued``, which walks from fold to fold, from a place that is a whole number of periods nearer."""
    return continued(m if rule in ("zero", "edge") else m % (2 * size * max(1, size - 1)), size, rule)


def far_case(up: int, down: int, rule: str, dtype: np.dtype, seed: int) -> Case:
    """100 outputs from 2³³ on, of which the middle one reads sample ``centre``, and a window of x around this."""
    rng = np.random.default_rng(seed)
    taps = rng.integers(-4, 5, rng.integers(1, 40)).astype(dtype)
    taps[0] = 3
    centre, size = int(rng.integers(-(2**34), 2**34)), int(rng.integers(1, 60))
    start = down * (FAR + 50) - up * centre
    x = rng.integers(1, 9, (2, size)).astype(dtype)
    return Case(taps, [start], [up], [down], [(FAR, 100)], [(centre - size // 2, size)], [rule], x)


RATES = [(1, 1), (2, 3), (5, 2), (1, -1), (3, -2), (2**24, 2**24), (2**20, 1), (1, 2**24), (2**24, 2**20), (2**21, -1)]


@pytest.mark.campaign(4)
@pytest.mark.parametrize(("up", "down"), RATES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_compiled_filters_far_from_zero(up: int, down: int, dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """All values are small integers, so that every dtype is exact."""
    monkeypatch.setattr(compiled_naive, "continued", near)
    some = False
    for seed, rule in enumerate(CODES):
        case = far_case(up, down, rule, dtype, seed)
        expected = case.expected()
        np.testing.assert_array_equal(case.made(compiled.plan).run(case.x), expected)
        some = some or bool(expected.any())
    assert some


@pytest.mark.parametrize("rule", [rule for rule in BOUNDARIES if rule != "antireflect"])
@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_windows_far_beyond_the_array(rule: str, engine: str) -> None:
    """y_n = x_n − 2 x_{n−1} for n around ±2³³, from the rule of the boundary alone; whole numbers, so exactly."""
    x = np.random.default_rng(0).integers(-99, 99, 37)

    def sample(m: int) -> int:
        place = near(m, 37, rule)
        return 0 if place is None else int(place[1] * x[place[0]])

    for first in (FAR, -FAR, 2**31 - 50, -(2**31) - 50):
        F = oa.Conv([1, -2]).on(37, out=(first, first + 100), boundary=rule, engine=engine)
        assert F(x).tolist() == [sample(n) - 2 * sample(n - 1) for n in range(first, first + 100)]
        y = np.arange(100)
        assert np.dot(F.T(y), x) == np.dot(y, F(x))


@pytest.mark.campaign(2)
@pytest.mark.parametrize("engine", ["numba", "numpy", "auto"])
@pytest.mark.parametrize("k", [2, 3, 2**24])
def test_shifts_and_factors_beyond_32_bits(k: int, engine: str) -> None:
    """(↑k then a delay of 2³³, and its way back) on an array that lies far from its outputs."""
    x = np.arange(1.0, 51.0)
    out = (FAR, FAR + min(k * 49 + 1, 4000))
    y = (oa.Shift(FAR) @ oa.Up(k)).on(50, out=out, engine=engine)(x)
    expected = {FAR + k * i: value for i, value in enumerate(x)}
    assert y.tolist() == [expected.get(n, 0.0) for n in range(*out)]
    G = (oa.Down(k) @ oa.Conv(oa.Signal([1.0, 10.0], start=FAR * k))).on(50, out=(FAR, FAR + 40), engine=engine)
    known = dict(enumerate(x))
    assert G(x).tolist() == [known.get(k * i, 0.0) + 10 * known.get(k * i - 1, 0.0) for i in range(40)]


def test_indices_that_int64_cannot_hold_are_refused() -> None:
    with pytest.raises(oa.WindowError, match="less than 2\\*\\*62"):
        compiled.plan(np.ones(3), [0], [2**20], [1], [(2**61, 4)], [(2**50, 4)], float)
    for up, down in product((2**31, 2**40), (1, 3)):
        with pytest.raises(oa.WindowError):
            compiled.plan(np.ones(3), [0], [up], [down], [(0, 4)], [(0, 4)], float)
