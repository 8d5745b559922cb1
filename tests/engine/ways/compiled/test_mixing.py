"""Compiled filters whose taps are matrices between channels: against the definition, in every way they run."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways.compiled import MixingGradient, mixing, mixing_gradient, mixing_plan, plans, runs, threads
from opalgebra.engine.ways.compiled.loops import layout
from tests.compiled_naive import DTYPES, INEXACT, Mixing, draw, draw_mixing
from tests.engine.ways.compiled.test_plans import guarded

by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
by_inexact = pytest.mark.parametrize("dtype", INEXACT, ids=str)


def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles as small as they get, threads for anything, and each of them with outputs of its own."""
    for name in ("TILE_BYTES", "PATCH_BYTES"):
        monkeypatch.setattr(mixing, name, 64)
    monkeypatch.setattr(runs, "THREAD_WORK", 0)


@pytest.mark.campaign(5)
@by_dtype
@pytest.mark.parametrize(("rank", "channels", "count"), [(1, 70, 40), (2, 20, 30), (3, 9, 12)])
def test_random_filters(dtype: np.dtype, rank: int, channels: int, count: int) -> None:
    rng = np.random.default_rng(rank)
    for i in range(count):
        case = draw_mixing(rng, dtype, rank, channels)
        case.x.setflags(write=i % 5 > 0)
        before = case.x.copy()
        assert case.agrees(case.made(mixing_plan).run(case.x)), case
        assert np.array_equal(case.x, before)


@by_dtype
def test_small_tiles_in_threads(dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    cases = [draw_mixing(rng, dtype, rank, 40) for rank in [1, 2] * 8 + [3] * 2]
    whole = [case.made(mixing_plan).run(case.x, threads=1) for case in cases]
    small_tiles(monkeypatch)
    for case, want in zip(cases, whole, strict=True):
        made = case.made(mixing_plan)
        y = made.run(case.x, threads=3)
        assert case.agrees(y), case
        assert np.array_equal(y, want)
        twice = y.copy()
        assert made.run(case.x, twice, add=True, threads=2) is twice
        assert np.array_equal(twice, y + y)


def large(dtype: str, **changed: Any) -> Mixing:
    """A layer of ordinary size: two tiles and more, vectors of all widths, outputs that fill no block."""
    rng = np.random.default_rng(0)
    x, taps = draw(rng, (2, 2 * 19, 40, 37), np.dtype(dtype)), draw(rng, (2, 45, 19, 3, 3), np.dtype(dtype))
    windows = [(0, 40), (0, 37)]
    return replace(Mixing(taps, [-1, -1], [1, 1], [1, 1], windows, windows, ["zero", "zero"], x), **changed)


@pytest.mark.campaign(4)
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"up": [2, 2], "out": [(0, 79), (0, 75)]},
        {"down": [2, 3], "out": [(0, 20), (0, 13)]},
        {"up": [3, 2], "down": [2, 3], "out": [(-1, 60), (0, 25)]},
        {"rules": ["wrap", "antisymmetric"]},
        {"down": [2, 2], "out": [(0, 21), (-2, 22)], "rules": ["antisymmetric", "reflect"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["f4", "c16"])
def test_layers_of_ordinary_size(dtype: str, changed: dict[str, Any]) -> None:
    case = large(dtype, **changed)
    made = case.made(mixing_plan)
    y = made.run(case.x, threads=2)
    assert case.agrees(y)
    assert np.array_equal(y, made.run(case.x, threads=1))


@pytest.mark.parametrize("outs", range(1, 20))
def test_every_number_of_outputs(outs: int) -> None:
    rng = np.random.default_rng(outs)
    for ins, n in ((1, 130), (3, 19)):
        taps, x = draw(rng, (1, outs, ins, 5), np.dtype("f8")), draw(rng, (ins, n), np.dtype("f8"))
        case = Mixing(taps, [-2], [1], [1], [(0, n)], [(0, n)], ["zero"], x)
        assert case.agrees(case.made(mixing_plan).run(x))


@by_inexact
def test_a_nan_reaches_only_what_depends_on_it(dtype: np.dtype) -> None:
    rng = np.random.default_rng(9)
    for i in range(30):
        case = draw_mixing(rng, dtype, 1 + i % 2, 6)
        if case.x.size:
            at = np.zeros(case.x.shape, bool)
            at[..., at.shape[-1] // 2] = True
            y = case.made(mixing_plan).run(np.where(at, dtype.type(np.nan), case.x))
            assert np.array_equal(np.isnan(y), case.reach(at)), case


def test_single_precision_is_as_good_as_its_sums() -> None:
    """Four roundings of Σ|h||x|, of which there are 576 terms."""
    rng = np.random.default_rng(0)
    taps, x = draw(rng, (1, 8, 64, 3, 3), np.dtype("f4")), draw(rng, (64, 30, 30), np.dtype("f4"))
    case = Mixing(taps, [-1, -1], [1, 1], [1, 1], [(0, 30)] * 2, [(0, 30)] * 2, ["zero"] * 2, x)
    error = np.abs(case.made(mixing_plan).run(x) - case.expected())
    assert np.all(error <= 4 * np.finfo("f4").eps * replace(case, taps=np.abs(taps), x=np.abs(x)).expected())


# A mistake is noticed -------------------------------------------------------------------------------------------------


def test_a_moved_offset_is_noticed() -> None:
    case = large("f8", up=[2, 1], down=[1, 2], out=[(0, 30), (0, 19)])
    made = case.made(mixing_plan)
    assert case.agrees(made.run(case.x))
    for k in range(1, made.at.size, 17):
        at = made.at.copy()
        at[k] = at[k - 1]
        assert not case.agrees(replace(made, at=at).run(case.x))


@pytest.mark.parametrize("lost", range(4))
def test_a_lost_piece_is_noticed(lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small_tiles(monkeypatch)
    cuts, case = threads._cuts, large("f8")
    made, y = case.made(mixing_plan), np.full((2, 90, 40, 37), np.nan)
    monkeypatch.setattr(threads, "_cuts", lambda *given: [p for i, p in enumerate(cuts(*given)) if i != lost])
    assert not case.agrees(made.run(case.x, y, threads=2))


# Memory ---------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="protects pages as Linux does")
@pytest.mark.parametrize("tiles", ["small", "large"])
def test_nothing_outside_is_touched(tiles: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if tiles == "small":
        small_tiles(monkeypatch)
    marks: list[np.ndarray] = []
    share = mixing.share

    def marked(part: Any, steps: int, most: int, work: Any) -> None:
        def wide() -> Any:
            held = np.full(work().size + 128, 7, work().dtype)
            held[64:-64] = 0
            marks.append(held)
            return held[64:-64]

        share(part, steps, most, wide)

    monkeypatch.setattr(mixing, "share", marked)
    rng = np.random.default_rng(1)
    for i in range(60):
        case = draw_mixing(rng, DTYPES[i % 5], 1 + i % 3, 20)
        case = replace(case, down=[abs(m) for m in case.down])  # reversed inputs are copied
        made = case.made(mixing_plan)
        want = made.run(case.x)
        assert np.array_equal(made.run(guarded(case.x), guarded(np.zeros_like(want))), want)
        held = np.full(want.size + 64, 5, want.dtype)
        made.run(case.x, held[32 : 32 + want.size].reshape(want.shape))
        assert (held[:32] == 5).all()
        assert (held[32 + want.size :] == 5).all()
        assert all((m[:64] == 7).all() and (m[-64:] == 7).all() for m in marks)
    assert marks


def test_planes_lie_apart() -> None:
    """By an odd number of vectors, or every channel would use the same few lines of a cache."""
    taps = np.ones((1, 4, 64, 3, 3), "f4")
    made = mixing_plan(taps, [-1, -1], [1, 1], [1, 1], [(0, 62)] * 2, [(0, 62)] * 2, "f4")
    assert made.mix.patch_channel * 4 % (2 * layout.VECTOR_BYTES)
    assert made.last.patch * 4 <= plans.PATCH_BYTES * 1.1


# Refusals -------------------------------------------------------------------------------------------------------------


def test_wrong_arrays_are_refused() -> None:
    made = mixing_plan(np.ones((1, 2, 3, 3)), [0], [1], [1], [(0, 9)], [(0, 9)], "f8")
    assert made.run(np.ones((4, 3, 9))).shape == (4, 2, 9)
    for x in (np.ones((3, 8)), np.ones((2, 9)), np.ones(9), np.ones((3, 9), "f4")):
        with pytest.raises(oa.WindowError, match="the input is"):
            made.run(x)
    with pytest.raises(oa.WindowError, match="the output is"):
        made.run(np.ones((3, 9)), np.ones((3, 9)))
    with pytest.raises(oa.FactorError, match="number of threads"):
        made.run(np.ones((3, 9)), threads=0)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"dtype": "f2"}, oa.OperandError, "float16"),
        ({"dtype": "i8"}, oa.KernelError, "float64 do not fit arrays of int64"),
        ({"taps": np.ones((1, 2, 2))}, oa.DimensionError, "0 axes"),
        ({"taps": np.ones(3)}, oa.DimensionError, "groups"),
        ({"taps": np.ones((1, 2, 2, 3, 3, 3, 3))}, oa.DimensionError, "at most 3 axes"),
        ({"taps": np.ones((1, 0, 2, 3))}, oa.DimensionError, "groups"),
        ({"up": [0]}, oa.FactorError, "L ≥ 1"),
        ({"rules": "mirror"}, oa.WindowError, "'mirror'"),
    ],
)
def test_wrong_filters_are_refused(changed: dict[str, Any], error: type[Exception], message: str) -> None:
    window = [(0, 9)]
    given = {"taps": np.ones((1, 2, 2, 3)), "start": [0], "up": [1], "down": [1], "out": window, "read": window}
    with pytest.raises(error, match=message):
        mixing_plan(**{**given, "dtype": "f8", **changed})


# The gradient of the taps ---------------------------------------------------------------------------------------------


def numbered(case: Mixing) -> tuple[Any, int]:
    """The gradient of the filter of a case in all its taps, and how many they are."""
    count = int(np.prod(case.kernel))
    numbers = np.broadcast_to(np.arange(1, count + 1).reshape(case.kernel), case.taps.shape).astype(case.x.dtype)
    return MixingGradient(replace(case, taps=numbers).made(mixing_plan), count), count


@pytest.mark.campaign(1)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
@pytest.mark.parametrize("tiles", ["small", "large"])
def test_the_gradient_is_the_transpose_in_the_taps(dtype: str, tiles: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """⟨y, H x⟩ = ⟨G(y, x), H⟩ for each entry of H alone."""
    if tiles == "small":
        small_tiles(monkeypatch)
        monkeypatch.setattr(mixing_gradient, "THREAD_WORK", 0)
    rng = np.random.default_rng(4)
    for rank in [1] * 8 + [2] * 5 + [3]:
        case = draw_mixing(rng, np.dtype(dtype), rank, 9)
        x = case.x.reshape(-1, *case.x.shape[-rank - 1 :])
        y = draw(rng, (len(x), case.taps.shape[0] * case.taps.shape[1], *(n for _, n in case.out)), x.dtype)
        made, count = numbered(case)
        found = made.run(y, x, threads=2)
        assert np.array_equal(found, made.run(y, x, threads=1))
        assert found.shape == (*case.taps.shape[:3], count)
        for _ in range(12):
            at = tuple(rng.integers(0, found.shape).tolist())
            unit = np.zeros((*case.taps.shape[:3], count), x.dtype)
            unit[at] = 1
            want = (replace(case, taps=unit.reshape(case.taps.shape), x=x).expected() * y).sum()
            bound = (
                0 if dtype == "i8" else 40 * np.finfo(x.dtype).eps * max(1, np.abs(y).sum() * np.abs(x).max(initial=0))
            )
            assert abs(found[at] - want) <= bound, case


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "c8"])
@pytest.mark.parametrize("make", [oa.nn.Conv, oa.nn.ConvTranspose])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "groups": 3, "padding": (3, -1)}])
def test_the_gradient_of_layers(dtype: str, make: Any, options: dict[str, Any]) -> None:
    """⟨y, G w⟩ = ⟨Gᵀ y, w⟩: forwards it is NumPy's matrix products."""
    rng = np.random.default_rng(5)
    weight, x = (
        draw(rng, shape, np.dtype(dtype)) for shape in ((6, 6 // options.get("groups", 1), 3, 4), (2, 6, 21, 30))
    )
    G = make(weight, **options).grad_weight(x)
    y = draw(rng, G.dimsd, np.dtype(dtype))
    want, found = (G(weight) * y).sum(), (G.T(y) * weight).sum()
    assert abs(found - want) <= (0 if dtype == "i8" else 3e4 * np.finfo(dtype).eps)
    assert G.T(y).dtype == y.dtype


def test_a_nan_reaches_the_gradients_that_depend_on_it() -> None:
    rng = np.random.default_rng(6)
    layer, x, y = oa.nn.Conv(rng.standard_normal((4, 3, 3, 3))), rng.standard_normal((3, 30, 30)), np.ones((4, 28, 28))
    x[1, 0, 0] = np.nan
    at = np.isnan(layer.grad_weight(x).T(y))
    assert at[:, 1, 0, 0].all()
    assert at.sum() == 4


def test_a_moved_offset_of_the_gradient_is_noticed() -> None:
    case = large("f8")
    made, _ = numbered(case)
    y = draw(np.random.default_rng(7), (2, 90, 40, 37), np.dtype("f8"))
    want = made.run(y, case.x)
    at = made.plan.at.copy()
    at[40] += 1
    assert np.abs(MixingGradient(replace(made.plan, at=at), 9).run(y, case.x) - want).max() > 1
