"""Filters whose taps are an outer product: against the definition, in every way they run."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra import nn
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways import way
from opalgebra.engine.ways.compiled import runs, separable
from tests import nn_oracles as oracles
from tests.compiled_naive import DTYPES, INEXACT, Case, draw, draw_case

by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def drawn(rng: np.random.Generator, dtype: np.dtype, divisor: int = 1) -> tuple[Any, Case]:
    """A random plan on two axes, the first real, sometimes behind one more; and the same as one table of taps."""
    case = draw_case(rng, dtype, 2)
    real = np.dtype(dtype.type().real.dtype)
    first, last = draw(rng, case.taps.shape[0], real), draw(rng, case.taps.shape[1], case.taps.dtype)
    first[rng.random(first.shape) < 0.2] = 0
    fields: dict[str, Any] = {name: getattr(case, name) for name in ("start", "up", "down", "out", "read", "rules")}
    taps, x = np.multiply.outer(first, last) / (divisor if dtype.kind != "i" else 1), case.x
    if rng.random() < 0.3:
        n = int(rng.integers(1, 4))
        front = {"start": 0, "up": 1, "down": 1, "out": (3, n), "read": (3, n), "rules": "zero"}
        fields = {name: [front[name], *value] for name, value in fields.items()}
        taps, x = taps[None], draw(rng, (n, *(size for _, size in case.read)), dtype)
    both = Case(taps.astype(case.taps.dtype), *fields.values(), x)
    return both.made(lambda _, *rest: separable([first, last], divisor, *rest)), both


@by_dtype
def test_random_products(dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, divisor = np.random.default_rng(4), 1 if dtype.kind == "i" else 6
    orders = set()
    for i in range(150):
        made, case = drawn(rng, dtype, divisor if i % 3 else 1)
        case.x.setflags(write=i % 5 > 0)
        orders.add(made.rows_first)
        y = made.run(case.x)
        assert case.agrees(y), case
        if i % 4 == 0:
            monkeypatch.setattr(runs, "THREAD_WORK", 0)
            assert made.run(case.x, threads=3).tobytes() == made.run(case.x, threads=1).tobytes() == y.tobytes()
            twice = y.copy()
            assert made.run(case.x, twice, add=True) is twice
            np.testing.assert_allclose(twice, y + y, rtol=8 * np.finfo(y.real.dtype).eps if dtype.kind != "i" else 0)
    assert orders == {True, False}


@by_dtype
def test_a_wrong_tap_is_seen(dtype: np.dtype) -> None:
    """The same comparison fails where one tap of one axis is another one."""
    rng, seen = np.random.default_rng(8), 0
    for _ in range(40):
        made, case = drawn(rng, dtype)
        if made.taps.size and made.row.taps.size:
            made.taps[0] += 1
            seen += not case.agrees(made.run(case.x))
    assert seen > 10


@pytest.mark.parametrize("dtype", INEXACT[:2], ids=str)
def test_many_tiles_give_what_one_gives(dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    for up, down in product((1, 2, 3), (1, 2, 5)):
        axes, n = [rng.standard_normal(5), rng.standard_normal(4)], 57
        out = [(-2, 40 * up // down + 7), (1, 90)]
        arguments: Any = (axes, 0.5, [-2, 1], [up, 2], [down, 1], out, [(0, n), (0, 50)], dtype, ["reflect", "edge"])
        x = draw(rng, (2, n, 50), dtype)
        whole = separable(*arguments).run(x)
        monkeypatch.setitem(separable.__globals__, "KEPT_BYTES", 64)
        small = separable(*arguments)
        assert small._tiles[0].chunk < max(2, small.shape_out[0])
        assert small.run(x, threads=2).tobytes() == whole.tobytes()
        monkeypatch.undo()


def test_a_nan_reaches_only_what_depends_on_it() -> None:
    rng = np.random.default_rng(9)
    for _ in range(60):
        made, case = drawn(rng, np.dtype("f4"))
        at = np.zeros(case.x.shape, bool)
        if at.size:
            at.reshape(-1)[at.size // 2] = True
            y = made.run(np.where(at, np.float32(np.nan), case.x))
            assert np.array_equal(np.isnan(y), case.reach(at)), case


# As one filter of a program -------------------------------------------------------------------------------------------


def random_fir(rng: np.random.Generator, ndim: int) -> tuple[Fir, Window, Window]:
    axes = [rng.integers(-4, 5, rng.integers(1, 5)) for _ in range(ndim)]

    def integers(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.integers(low, high, ndim).tolist())

    signs = tuple(int(s) for s in rng.choice([1, 1, -1], ndim))
    down = tuple(m * s for m, s in zip(integers(1, 4), signs, strict=True))
    fir = Fir.separable(axes, integers(-3, 3), integers(1, 4), down)
    return fir, Window(integers(-3, 3), integers(0, 9)), Window(integers(-3, 3), integers(1, 9))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_passes_are_the_table_of_taps(ndim: int) -> None:
    rng = np.random.default_rng(ndim)
    for _ in range(60):
        fir, written, read = random_fir(rng, ndim)
        for one, to, source in ((fir, written, read), (fir.transposed, read, written), (fir.conjugated, written, read)):
            table = replace(one, factors=None)
            assert one.factors is not None
            assert np.array_equal(reduce(np.multiply.outer, one.factors), one.taps)
            x = rng.integers(-9, 9, (2, *source.shape))
            y, want = np.ones((2, *to.shape), np.int64), np.ones((2, *to.shape), np.int64)
            one.add_to(y, x, to, source)
            table.add_to(want, x, to, source)
            assert np.array_equal(y, want)


def test_infinite_samples_stay_on_their_side() -> None:
    fir = Fir.separable([np.ones(2), np.array([0.5, -1.0])], (0, 0), (1, 1), (2, 2))
    written, read = Window((0, 0), (4, 5)), Window((0, 0), (7, 9))
    x = np.full(read.shape, complex(1, -1))
    x[2, 4] = complex(np.inf, 1)
    y, want = np.zeros(written.shape, complex), np.zeros(written.shape, complex)
    fir.add_to(y, x, written, read)
    replace(fir, factors=None).add_to(want, x, written, read)
    assert np.isinf(y.real).sum() == 1
    np.testing.assert_array_equal(y, want)


def test_a_merged_filter_is_no_product_any_more() -> None:
    fir = Fir.separable([np.array([1]), np.array([1])], (0, 0), (1, 1), (1, 1))
    merged = fir.then_filter(np.arange(4).reshape(2, 2), (0, 0))
    assert merged.factors is None
    assert fir.then_shift((1, 1)).then_flip().then_down((2, 2)).factors is not None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_layers_are_their_formulas_in_either_way(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(2, 3))
    draws = st.tuples(*[st.integers(1, 3)] * ndim)
    sizes = data.draw(st.tuples(*[st.integers(1, 9)] * ndim))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = rng.standard_normal(sizes)
    layer: Any
    if data.draw(st.booleans()):
        factor = data.draw(draws)
        layer, want = nn.Upsample(factor, "linear"), x
        for axis, r in enumerate(factor):
            want = np.apply_along_axis(oracles.upsample_linear, axis, want, r)
    else:
        kernel, stride = data.draw(draws), data.draw(draws)
        pads = [(k // 2, (k - 1) // 2) for k in kernel]
        layer = nn.AvgPool(kernel, stride, pads)
        want = oracles.avg_pool(x, kernel, stride, pads, False, True)
    found = []
    for least in (0, way.COMPILED_WORK):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(way, "COMPILED_WORK", least)
            bound = layer.on(sizes)
            found.append(bound._computed(x, False, False, None))
            y = rng.standard_normal(bound.dimsd)
            np.testing.assert_allclose(
                np.vdot(found[-1], y), np.vdot(x, bound._computed(y, True, False, None)), atol=1e-9
            )
    np.testing.assert_allclose(found[0].reshape(want.shape), want, atol=1e-12)
    np.testing.assert_allclose(found[1], found[0], atol=1e-12)


@pytest.mark.parametrize("kernel", [3, 7, (3, 3), (7, 5), (2, 3, 5)])
def test_sums_are_divided_once(kernel: Any) -> None:
    """Of integers the mean is the quotient of an exact sum, to one rounding, and not a sum of rounded quotients."""
    ndim = len(kernel) if isinstance(kernel, tuple) else 1
    x = np.random.default_rng(0).integers(-99, 99, {1: (5000,), 2: (70, 71), 3: (40, 41, 42)}[ndim]).astype(np.float32)
    stride = (1,) * ndim
    want = np.lib.stride_tricks.sliding_window_view(x, kernel).sum(tuple(range(-ndim, 0)), dtype=np.int64)
    divisor = np.float32(np.prod(kernel))
    assert np.array_equal(nn.AvgPool(kernel, stride)(x), want.astype(np.float32) / divisor)


def test_what_is_computed_is_explained() -> None:
    steps = nn.Upsample((2, 2), "linear").on((256, 256)).explain().steps
    assert [step.way for step in steps] == ["separable"]
    assert "outer product" in steps[0].why
    assert steps[0].multiply_adds < steps[0].naive / 4
    (table,) = oa.Conv(np.ones((3, 3))).on((256, 256)).explain().steps
    assert table.way == "tiles"
    volume = nn.AvgPool((2, 2, 2)).on((64, 64, 64)).explain().steps
    assert [step.way for step in volume[:2]] == ["separable", "tiles"]
    assert volume[2].text == "divided by 8"
