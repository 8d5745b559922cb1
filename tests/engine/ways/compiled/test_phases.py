"""Filters of many phases, by groups of them: against the definition, and nothing else touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.arrays.rules import CODES
from opalgebra.engine.ways.compiled import PhasePlan, Plan, phases, plan, runs, tiled
from tests.compiled_naive import DTYPES, INEXACT, Case, draw
from tests.engine.ways.compiled.test_plans import guarded

by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
by_inexact = pytest.mark.parametrize("dtype", INEXACT, ids=str)


@pytest.fixture(autouse=True)
def _for_few_taps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups for short filters too, in several chunks, and threads for little work."""
    for name in ("LEAST_LENGTH", "LEAST_TAPS"):
        monkeypatch.setattr(phases, name, 1)
    monkeypatch.setattr(phases, "CHUNK_BYTES", 16 * 1024)
    monkeypatch.setattr(runs, "THREAD_WORK", 0)
    monkeypatch.setattr(phases, "PIECE_WORK", 1)


def drawn(rng: np.random.Generator, dtype: np.dtype, steps: int = 60) -> Case:
    """A filter between close rates, some with gaps, on windows that need not meet."""
    up, down = int(rng.integers(16, 50)), int(rng.integers(1, 60))
    taps = draw(
        rng, up * int(rng.integers(1, 12)) + int(rng.integers(up)), dtype if rng.random() < 0.5 else real(dtype)
    )
    if rng.random() < 0.3:
        taps[rng.random(taps.shape) < 0.2] = 0
    size, outputs = int(rng.integers(1, 4 * down + 50)), int(rng.integers(1, up * int(rng.integers(1, steps))))
    down *= int(rng.choice([1, 1, 1, -1]))
    start, a = int(rng.integers(-60, 15)), int(rng.integers(-100, 100))
    middle = (down * (a + outputs // 2) - start) // up
    read = (middle - int(rng.integers(-5, size + 5)), size)
    rule = str(rng.choice(list(CODES))) if rng.random() < 0.6 else "zero"
    x = draw(rng, (*[2] * int(rng.integers(0, 2)), size), dtype)
    return Case(taps, [start], [up], [down], [(a, outputs)], [read], [rule], x)


def real(dtype: np.dtype) -> np.dtype:
    return np.dtype(dtype.type().real.dtype)


def cases(rng: np.random.Generator, dtype: np.dtype, count: int) -> list[tuple[Case, PhasePlan]]:
    """So many for which groups are taken."""
    found: list[tuple[Case, PhasePlan]] = []
    while len(found) < count:
        case = drawn(rng, dtype)
        if isinstance(made := case.made(tiled), PhasePlan):
            found.append((case, made))
    return found


@by_dtype
def test_by_the_definition(dtype: np.dtype) -> None:
    rng, kinds = np.random.default_rng(1), set()
    for case, made in cases(rng, dtype, 25):
        kinds.add(made.kind)
        y = made.run(case.x, threads=1)
        assert case.agrees(y), case
        assert np.array_equal(y, made.run(case.x, threads=3))
        assert np.array_equal(made.run(case.x, y.copy(), add=True, threads=2), y + y)
        assert made.multiply_adds >= case.made(plan).multiply_adds
    assert kinds == {"tiles", "sums"}


@by_inexact
def test_a_nan_reaches_only_what_depends_on_it(dtype: np.dtype) -> None:
    rng = np.random.default_rng(2)
    for case, made in cases(rng, dtype, 10):
        at = np.zeros(case.x.shape, bool)
        at[..., at.shape[-1] // 2] = True
        y = made.run(np.where(at, dtype.type(np.nan), case.x))
        assert np.array_equal(np.isnan(y), case.reach(at)), case


@by_dtype
def test_nothing_outside_is_touched(dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    aligned, marks = phases._aligned, []

    def marked(entries: int, kind: np.dtype) -> np.ndarray:
        held = aligned(entries + 128, kind)
        held[:] = 7
        marks.append(held)
        return held[64:-64]

    monkeypatch.setattr(phases, "_aligned", marked)
    rng = np.random.default_rng(3)
    for case, made in cases(rng, dtype, 20):
        if case.down[0] > 0:
            want = made.run(case.x)
            assert np.array_equal(made.run(guarded(case.x), guarded(np.zeros_like(want))), want)
            held = np.full(want.size + 64, 5, want.dtype)
            made.run(case.x, held[32 : 32 + want.size].reshape(want.shape))
            assert (held[:32] == 5).all()
            assert (held[32 + want.size :] == 5).all()
    assert marks
    assert all((held[:64] == 7).all() and (held[-64:] == 7).all() for held in marks)


def test_a_moved_tap_is_noticed() -> None:
    case, made = cases(np.random.default_rng(4), np.dtype("f8"), 1)[0]
    case = replace(case, rules=["wrap"])
    made = case.made(tiled)
    assert case.agrees(made.run(case.x))
    for p in range(0, made.tiles.ups, 5):
        for name in ("begin", "first", "entries"):
            phases = made.phases.copy()
            phases[name][p] -= 1
            assert not case.agrees(replace(made, phases=phases).run(case.x)), name


def test_when_groups_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def kind(taps: Any, up: int, down: int, size: int = 5000) -> type:
        h = np.ones(taps) if isinstance(taps, int) else taps
        return type(tiled(h, [0], [up], [down], [(0, size)], [(0, size)], np.dtype(float)))

    sparse = np.ones(9000)
    sparse[np.arange(9000) // 30 % 4 > 0] = 0
    assert {kind(9000, 30, 29), kind(2560, 160, 147), kind(9000, 31, 100), kind(9000, 90, -89)} == {PhasePlan}
    assert {kind(9000, 15, 14), kind(1500, 160, 147), kind(9000, 31, 9001)} == {Plan}
    assert {kind(sparse, 30, 29), kind(9000, 30, 28)} == {Plan}
    few = [kind(9000, 1500, 1499), kind(300, 160, 147, 100), kind(3000, 160, 147, 100), kind(9000, 15, 14, 4)]
    assert set(few) == {PhasePlan}  # of few outputs of a phase, lists would be dearer than the sums
    assert {kind(9, 160, 147, 100), kind(300, 160, 147)} == {Plan}
    assert kind(9000, 60, 58) is PhasePlan  # lowest terms


def test_through_an_operator() -> None:
    """Many rates and lengths, against SciPy, and their adjoints."""
    from scipy.signal import upfirdn

    rng = np.random.default_rng(5)
    for up, down, length in ((160, 147, 12), (147, 160, 31), (441, 320, 9), (64, 1, 40), (17, 9001, 4500)):
        h, x = rng.standard_normal(up * length + 1), rng.standard_normal(30_000)
        bound = (oa.Down(down) @ oa.Conv(h) @ oa.Up(up)).on(30_000)
        want = upfirdn(h, x, up, down)
        np.testing.assert_allclose(bound(x), want, rtol=0, atol=1e-11)
        y = rng.standard_normal(want.shape)
        np.testing.assert_allclose(bound.H(y) @ x, y @ want, rtol=1e-10)


@by_dtype
def test_numpy_makes_the_sums_of_the_loop_to_the_last_bit(monkeypatch: pytest.MonkeyPatch, dtype: np.dtype) -> None:
    """While a loop is not compiled yet, NumPy makes a process's first sums, in the same order."""
    served = []
    for case, made in cases(np.random.default_rng(16), dtype, 25):
        one_by_one = replace(made, is_tiled=False)
        monkeypatch.setattr(phases, "UNCOMPILED_WORK", 2**60)
        served += [one_by_one] * one_by_one._by_numpy(0)
        by_numpy = one_by_one.run(case.x)
        monkeypatch.setattr(phases, "UNCOMPILED_WORK", -1)
        assert by_numpy.tobytes() == one_by_one.run(case.x).tobytes()
    monkeypatch.setattr(phases, "UNCOMPILED_WORK", 10**6)
    monkeypatch.setattr(phases, "_SPENT", phases.Counter())
    assert served[1]._by_numpy(10**6)
    assert not served[0]._by_numpy(1)
