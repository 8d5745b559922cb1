"""Taps that lie far apart: lists against the definition and the dense form, with ends, phases, channels and threads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from opalgebra.engine.ways.compiled import MixingGradient, far, mixing, mixing_plan, plan, plans, runs
from tests.compiled_naive import DTYPES, Case, draw, draw_case, draw_mixing

by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@pytest.fixture(autouse=True)
def everything_is_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what patches would hold, in tiles as small as they get, with threads for anything."""
    monkeypatch.setattr(plans._Builder, "is_far", True)
    monkeypatch.setattr(mixing._MixingBuilder, "gathered", property(lambda made: -made.pairs.shape[1]))
    monkeypatch.setattr(mixing, "TILE_BYTES", 64)
    monkeypatch.setattr(mixing, "PATCH_BYTES", 64)
    monkeypatch.setattr(far, "WIDTH_BYTES", 64)
    monkeypatch.setattr(far, "PIECE_WORK", 1)
    monkeypatch.setattr(runs, "THREAD_WORK", 0)


def as_list(make: Any, lead: int = 0) -> Any:
    """The function that makes a plan, given the list of the taps that are not 0."""

    def listed(taps: np.ndarray, *given: Any) -> Any:
        where = np.nonzero(np.any(taps != 0, axis=tuple(range(lead))) if lead else taps)
        return make(taps[(..., *where)], *given, where)

    return listed


def spread(rng: np.random.Generator, case: Case) -> Case:
    """Zeros put between the taps, and the last tap far away."""
    rank = len(case.start)
    apart = rng.integers(1, 9 if rank == 1 else 4, rank).tolist()
    kernel = case.taps.shape[case.taps.ndim - rank :]
    lead = case.taps.shape[: case.taps.ndim - rank]
    taps = np.zeros(
        (*lead, *(a * max(0, k - 1) + 1 if k else 0 for a, k in zip(apart, kernel, strict=True))), case.taps.dtype
    )
    if taps.size:
        taps[(..., *(slice(None, None, a) for a in apart))] = case.taps
    return replace(case, taps=taps)


@by_dtype
@pytest.mark.parametrize(("rank", "count"), [(1, 60), (2, 30), (3, 8)])
def test_lists_give_the_sum_of_the_definition(dtype: np.dtype, rank: int, count: int) -> None:
    rng = np.random.default_rng(rank)
    for i in range(count):
        case = spread(rng, draw_case(rng, dtype, rank, long=rank == 1 and i % 3 == 0))
        made = case.made(as_list(plan))
        assert made.kind == "far taps"
        y = made.run(case.x, threads=3)
        assert case.agrees(y), case
        assert np.array_equal(y, made.run(case.x, threads=1))
        twice = y.copy()
        assert np.array_equal(made.run(case.x, twice, add=True, threads=2), y + y)


@by_dtype
def test_many_taps_go_by_in_groups(dtype: np.dtype) -> None:
    rng = np.random.default_rng(4)
    case = replace(draw_case(rng, dtype, 1), up=[2], down=[1], taps=draw(rng, 100, dtype), rules=["reflect"],
                   x=draw(rng, (2, 60), dtype), read=[(0, 60)], out=[(-30, 150)])  # fmt: skip
    assert case.agrees(case.made(as_list(plan)).run(case.x))


@by_dtype
@pytest.mark.parametrize(("rank", "count"), [(1, 20), (2, 20), (3, 8)])
def test_lists_of_matrices(dtype: np.dtype, rank: int, count: int) -> None:
    rng = np.random.default_rng(8)
    for _ in range(count):
        case = spread(rng, draw_mixing(rng, dtype, rank, int(rng.choice([1, 1, 3, 9]))))
        made = case.made(as_list(mixing_plan, 3))
        assert made.pairs.shape[1] == 3
        y = made.run(case.x, threads=2)
        assert case.agrees(y), case
        assert np.array_equal(y, made.run(case.x, threads=1))


@pytest.mark.parametrize("seed", range(20))
def test_the_gradient_of_lists_is_that_of_the_dense_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = spread(rng, draw_mixing(rng, np.dtype(float), int(rng.integers(1, 4)), 5))
    numbers = np.zeros(case.taps.shape)
    used = np.any(case.taps != 0, axis=(0, 1, 2))
    numbers[..., used] = np.arange(1, used.sum() + 1)
    case = replace(case, taps=numbers, rules=["zero"] * len(case.start))
    if not used.any() or not case.x.size:
        return
    x = case.x.reshape(-1, *case.x.shape[-len(case.start) - 1 :])
    y = rng.standard_normal((len(x), numbers.shape[0] * numbers.shape[1], *(n for _, n in case.out)))
    dense, listed = (
        MixingGradient(case.made(make), int(used.sum())) for make in (mixing_plan, as_list(mixing_plan, 3))
    )
    np.testing.assert_allclose(listed.run(y, x), dense.run(y, x), rtol=1e-12, atol=1e-10)


@by_dtype
def test_a_nan_reaches_only_what_depends_on_it(dtype: np.dtype) -> None:
    if dtype.kind == "i":
        return
    rng = np.random.default_rng(9)
    for _ in range(30):
        case = spread(rng, draw_case(rng, dtype, 1))
        if case.x.size:
            at = np.zeros(case.x.shape, bool)
            at[..., at.shape[-1] // 2] = True
            y = case.made(as_list(plan)).run(np.where(at, dtype.type(np.nan), case.x))
            assert np.array_equal(np.isnan(y), case.reach(at)), case


def test_the_same_bits_wherever_a_tap_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where x lies, or gathered because one tap of the group reads outside."""
    rng = np.random.default_rng(0)
    taps, places, x = rng.standard_normal(40), [np.arange(40) * 50], rng.standard_normal(9000)
    whole = plan(taps, [0], [1], [1], [(0, 9000)], [(0, 9000)], float, "zero", places).run(x)
    ends = plan(taps, [0], [1], [1], [(1990, 20)], [(0, 2009)], float, "zero", places).run(x[:2009])
    assert np.array_equal(whole[1990:2009], ends[:19])


@pytest.mark.parametrize("fault", ["a tap less", "a rule less", "a phase less"])
def test_planted_faults_are_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, wrong = np.random.default_rng(2), 0
    plain = far.far_plan

    def planted(*given: Any) -> Any:
        made = plain(*given)
        if fault == "a tap less":
            made.at[-1, -1:] += 1
        elif fault == "a phase less":
            made.ptr[1:-1] -= made.ptr[1:-1] > 0
        else:
            made = replace(made, last=made.last._replace(rule=0))
        return made

    monkeypatch.setattr(plans, "far_plan", planted)
    for _ in range(40):
        case = replace(spread(rng, draw_case(rng, np.dtype(float), 1)), up=[3])
        wrong += not case.agrees(case.made(as_list(plan)).run(case.x))
    assert wrong


def test_a_plane_that_reads_elsewhere_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(20):
        case = spread(rng, draw_mixing(rng, np.dtype(float), 2, 3))
        made = case.made(as_list(mixing_plan, 3))
        made.pairs[-1:, 1] += 1
        wrong += not case.agrees(made.run(case.x))
    assert wrong
