"""Filters that keep their taps as lists: the same sums, transposes and counts as with the zeros between."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.operators import windowed
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters import fir as module
from opalgebra.engine.filters.fir import Fir, is_sparse
from opalgebra.engine.program import shared
from opalgebra.expr.arrays import Spread
from opalgebra.expr.spread import spread
from tests.engine.filters.test_fir import draw, draw_window, run

RULES = ["zero", "wrap", "symmetric", "reflect", "edge", "antisymmetric", "antireflect"]


def as_list(fir: Fir) -> Fir:
    """The same filter, its taps a list."""
    return Fir.listed(fir.weights, fir.where, fir.start, fir.up, fir.down, fir.mixes)


@pytest.mark.parametrize("mixes", [False, True])
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("seed", range(25))
def test_a_list_is_the_filter(seed: int, ndim: int, mixes: bool) -> None:
    rng, numbers = random.Random(f"{seed} {ndim}"), np.random.default_rng(seed)
    dense = draw(rng, ndim, mixes)
    listed, written, read = as_list(dense), draw_window(rng, ndim), draw_window(rng, ndim)
    assert listed.multiply_adds(written, read) == dense.multiply_adds(written, read)
    assert listed.gain == dense.gain
    for a, b, source, target in (
        (listed, dense, read, written),
        (listed.transposed, dense.transposed, written, read),
        (listed.then_down((2,) * ndim).then_flip(), dense.then_down((2,) * ndim).then_flip(), read, written),
    ):
        channels = (b.taps.shape[0] * b.taps.shape[2],) if mixes else ()
        x = numbers.integers(-9, 9, (2, *channels, *source.shape))
        assert a.check_integers(x) == b.check_integers(x)
        assert np.array_equal(run(a, x, target, source), run(b, x, target, source))
        assert np.array_equal(run(a.filled, x, target, source), run(b, x, target, source))


@pytest.mark.parametrize("seed", range(30))
def test_clusters_add_up(seed: int) -> None:
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    ndim = rng.randint(1, 2)
    fir, written, read = as_list(draw(rng, ndim, False)), draw_window(rng, ndim), draw_window(rng, ndim)
    if fir.places is None:
        return
    x = numbers.integers(-9, 9, read.shape)
    parts = fir.clusters((1,) * ndim)
    assert np.array_equal(sum(run(part, x, written, read) for part in parts), run(fir, x, written, read))


def test_the_rule_of_both_numbers() -> None:
    assert [is_sparse(*pair) for pair in ((2, 64), (2, 65), (25, 100), (26, 100))] == [False, True, True, False]
    comb = np.zeros(100)
    comb[::10] = 1
    assert Fir.of(comb, (0,), (1,), (1,)).places is not None
    assert Fir.of(np.ones(100), (0,), (1,), (1,)).places is None


# Bound operators ------------------------------------------------------------------------------------------------


def kernel(rng: np.random.Generator, ndim: int, dtype: str) -> np.ndarray:
    """A few taps within many places."""
    taps = np.zeros(tuple(rng.integers(40, 90 if ndim > 1 else 400, ndim).tolist()), dtype)
    for _ in range(int(rng.integers(1, 7))):
        value = rng.integers(1, 9) if dtype == "i8" else rng.standard_normal()
        taps[tuple(rng.integers(0, taps.shape).tolist())] = value * (1 + 1j) if dtype[0] == "c" else value
    return taps


@pytest.mark.campaign(20)
@pytest.mark.parametrize("seed", range(120))
def test_bound_operators_are_those_of_the_dense_form(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random rates, windows, boundaries, dtypes and axes, forwards, transposed and in blocks."""
    dask = pytest.importorskip("dask.array")
    rng = np.random.default_rng(seed)
    ndim, dtype = int(rng.integers(1, 3)), str(rng.choice(["f4", "f8", "c8", "c16", "i8"]))
    taps, rule = kernel(rng, ndim, dtype), str(rng.choice(RULES))
    up, down = (tuple(rng.integers(1, 4, ndim).tolist()) for _ in range(2))
    sizes = tuple(rng.integers(2, 40 if ndim > 1 else 900, ndim).tolist())
    begin, count = rng.integers(-60, 60, ndim).tolist(), rng.integers(1, 90, ndim).tolist()
    out = tuple((a, a + n) for a, n in zip(begin, count, strict=True))
    shape = (2, *sizes)
    x = rng.integers(-9, 9, shape) if dtype == "i8" else rng.standard_normal(shape).astype(dtype)

    def made() -> list[Any]:
        operator = oa.Down(down) @ oa.Conv(oa.Signal(taps, (0,) * ndim)) @ oa.Up(up)
        bound = operator.on(sizes, out=out if ndim > 1 else out[0], boundary=rule)
        y = bound(x)
        cut = dask.from_array(x, chunks=(1, *(max(1, n // 3) for n in sizes)))
        back = dask.from_array(y, chunks=(2, *(max(1, n // 3) for n in y.shape[1:])))
        return [y, bound.T(y), bound(cut).compute(), bound.H(y), bound.T(back).compute()]

    found = made()
    monkeypatch.setattr(module, "is_sparse", lambda count, span: False)
    shared._KEPT.clear()
    windowed._shared.clear()
    want = made()
    for a, b in zip(found, want, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        scale = float(np.abs(taps).sum() ** 2 + 1) * 100
        assert np.abs(a - b).max(initial=0) <= (0 if dtype == "i8" else 50 * np.finfo(dtype).eps * scale)


def planted(name: str) -> tuple[str, Callable[..., Any]]:
    if name == "a cluster twice":
        clusters = Fir.clusters

        def twice(fir: Fir, apart: Any) -> list[Fir]:
            found = clusters(fir, apart)
            return found + found[:1] if len(found) > 1 else found

        return "clusters", twice
    plain = Fir.listed.__func__  # type: ignore[attr-defined]

    def listed(cls: Any, taps: np.ndarray, places: Any, start: Any, *rest: Any) -> Fir:
        made: Fir = plain(cls, taps, [at + (at == at.max()) for at in places], start, *rest)
        return made

    return "listed", classmethod(listed)


@pytest.mark.parametrize("name", ["a place off by one", "a cluster twice"])
def test_planted_faults_are_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taps = np.zeros(5001)
    taps[[0, 2500, 5000]] = [1, 2, 4]
    x = np.random.default_rng(0).standard_normal(100)
    want = np.array([sum(w * x[(n - d) % 100] for d, w in ((0, 1), (2500, 2), (5000, 4))) for n in range(100)])

    def error() -> float:
        F = oa.Conv(taps).on(100, out=(0, 100), boundary="wrap", engine="numpy", dtype="float64")
        return float(np.abs(F(x) - want).max())

    assert error() < 1e-12
    monkeypatch.setattr(Fir, *planted(name))
    assert error() > 1e-3


# Kernels that are spread ----------------------------------------------------------------------------------------


def test_far_kernels_run_without_their_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a dilated convolution nor a layer makes an array of what lies between."""
    wide = oa.Signal([1.0, 2.0, 4.0])
    monkeypatch.setattr(Spread, "filled", None)  # which makes the zeros
    x = np.arange(1.0, 9)
    for A in (oa.DilatedConv(wide, 10**7), oa.Conv(oa.Up(10**7) @ wide), oa.DilatedConv(wide, 10**7).T):
        F = A.on(8, mode="same")
        assert [F(x).tolist(), F.T(x).tolist()] == [x.tolist()] * 2
        assert F.explain().multiply_adds == 8
        G = A.on(8, out=(0, 8), boundary="wrap")
        assert [G(x).tolist(), G.T(x).tolist()] == [(7 * x).tolist()] * 2
    layer = oa.nn.Conv([[[1.0, 2.0, 4.0]]], dilation=10**7, padding=10**7)
    assert np.array_equal(layer(x[None]), 2 * x[None])
    assert layer.grad_weight(x[None]).T(x[None]).tolist() == [[[0.0, float(x @ x), 0.0]]]


def test_a_spread_signal_is_a_signal() -> None:
    q = oa.Signal([1.0, 2.0], start=-3)
    waiting = spread(q, (10**5,))
    assert waiting is not None
    assert (waiting.start, waiting.stop, waiting.dtype) == (-300_000, -199_999, np.dtype(float))
    dense = np.zeros(10**5 + 1)
    dense[[0, -1]] = 1, 2
    same = oa.Signal(dense, start=-300_000)
    assert waiting == same
    assert hash(waiting) == hash(same)
    assert oa.Conv(waiting) == oa.Conv(oa.Signal._wrap(dense, (-300_000,), True))
    assert np.array_equal(waiting.values, dense)
    assert spread(q, (2,)) is None
    twice = spread(waiting, (2,))
    assert twice is not None
    assert (twice.start, twice.stop, twice[-600_000], twice[-400_000]) == (-600_000, -399_999, 1, 2)
    assert pickle.loads(pickle.dumps(waiting)) == waiting
    assert len(pickle.dumps(oa.Conv(waiting))) < 1000


def test_the_ends_of_a_list_are_those_of_its_taps() -> None:
    taps = np.zeros(500)
    taps[[100, 400]] = 1
    fir = Fir.of(taps, (0,), (1,), (1,))
    assert (fir.start, fir.shape) == ((100,), (301,))
    assert fir.reads(Window((0,), (10,))) == Window((-400,), (310,))
