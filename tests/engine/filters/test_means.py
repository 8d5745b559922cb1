"""Means of equal samples: exactly that sample, on every way of computing, because sums are divided once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra import nn
from opalgebra.engine.filters.weights import Quotient

KERNELS = (2, 3, 7, 11, 49, 64, 67, 98, 101, 107, 187)  # 49 (1/49) < 1 in double precision
VALUES = (1, 7, 98)


def means(y: np.ndarray, value: Any) -> bool:
    return bool(y.size) and bool((y == np.asarray(value).astype(y.dtype)).all())


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "c8", "c16", "i4", "u1", "i8"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_short_and_long_arrays(kernel: int, dtype: str) -> None:
    """Dot products, blocks, slices, tiles, sums of sums; all strides."""
    for value in VALUES if dtype != "f2" else (1, 7):
        sample = np.full(1, value * (1 + 2j) if dtype[0] == "c" else value).astype(dtype)[0]
        for count in (kernel, 2 * kernel + 1, 3000, 20_000):
            x = np.full(count, sample)
            for stride in (1, kernel):
                assert means(nn.AvgPool(kernel, stride)(x), sample), (value, count, stride)
                assert means(nn.AvgPool(kernel, stride, kernel // 2, count_include_pad=False)(x), sample)
                assert means(nn.AvgPool(kernel, stride, ceil_mode=True)(x), sample)


@pytest.mark.parametrize(
    ("shape", "kernel"),
    [((9, 9), (3, 3)), ((20, 21), (3, 5)), ((70, 71), (7, 7)), ((150, 160), (67, 70)), ((9, 30, 31), (3, 3, 3)),
     ((40, 41, 9), (7, 7, 7)), ((5, 5, 5, 5), (3, 3, 3, 3))],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["f4", "f8", "c16", "i8"])
def test_several_axes(shape: Any, kernel: Any, dtype: str) -> None:
    """Matrices, separable ones with rows first or last, one axis after the other; a batch; with and without padding."""
    for value in VALUES:
        x = np.full((2, *shape), value).astype(dtype)
        for stride in ((1,) * len(shape), kernel):
            for layer in (nn.AvgPool(kernel, stride), nn.AvgPool(kernel, stride, 1, count_include_pad=False)):
                bound = layer.on(shape)
                assert means(bound(x), value)
                out = np.full((2, *bound.dimsd), np.nan, bound(x).dtype)
                assert bound(x, out=out) is out
                assert means(out, value)


@pytest.mark.parametrize("engine", ["auto", "numpy", "numba"])
@pytest.mark.parametrize("factor", [3, 7, 49, (3, 3), (7, 7)])
def test_operators(factor: Any, engine: str) -> None:
    """The operator on ℤ^d, unbound and bound; a mean as anyone writes it; products and multiples of bound operators."""
    ndim = len(factor) if isinstance(factor, tuple) else 1
    size = int(np.prod(factor))
    box = oa.Conv(np.ones(factor, int))
    for n in (147, 441):
        for value in VALUES:
            for dtype in ("f4", "f8", "i8"):
                x = np.full((n,) * ndim, value).astype(dtype)
                inside = (slice(1, -1),) * ndim
                assert means(oa.AvgPool(factor).on(x.shape, mode="valid", engine=engine)(x), value)
                assert means((oa.AvgPool(factor) @ x).values[inside], value)
                sums = box.on(x.shape, mode="valid", engine=engine)
                assert means((Fraction(1, size) * sums)(x), value)
                assert means((sums / size)(x), value)
                assert means((Fraction(1, size) * box).on(x.shape, mode="valid", engine=engine)(x), value)
                twice = oa.Shift((1,) * ndim) @ (Fraction(2, size) * box) @ oa.Shift((-1,) * ndim)
                assert means(twice.on(x.shape, mode="valid", engine=engine)(x), 2 * value)


def test_triangles() -> None:
    for factor in (3, 5, 7, (3, 5)):
        shape = (40,) if isinstance(factor, int) else (30, 31)
        for value in VALUES:
            y = oa.LinearUp(factor).on(shape, mode="valid")(np.full(shape, float(value)))
            assert means(y, value)


def test_blocks_of_dask_arrays() -> None:
    dask = pytest.importorskip("dask.array")
    for dtype in ("f2", "f4", "f8", "c16", "i4"):
        x = np.full((23, 31), 7).astype(dtype)
        lazy = dask.from_array(x, chunks=(5, 9))
        for layer in (nn.AvgPool(7, 1), nn.AvgPool((7, 7), 2, 3, count_include_pad=False), nn.AvgPool((3, 3))):
            assert layer(lazy).dtype == layer(x).dtype
            assert means(layer(lazy).compute(), 7)


def test_float16_sums_beyond_its_range() -> None:
    x = np.full(40, 60_000, np.float16)
    for layer in (nn.AvgPool(5), nn.AvgPool(5, 1, 2, count_include_pad=False)):
        assert means(layer(x), np.float16(60_000))


@pytest.mark.parametrize("kernel", [64, 67, 100, 101, 1009, (70, 3), (67, 65)])
@pytest.mark.parametrize("stride", [1, 3])
def test_long_windows_are_sums_of_sums(kernel: Any, stride: int) -> None:
    """Never by FFTs, which would round; the numbers are those of running sums, and transposes are exact."""
    sizes = (1500,) if isinstance(kernel, int) else (150, 140)
    for padding in (0, 3):
        for dilation in (1, 2) if sizes[0] > 2 * np.max(kernel) else (1,):
            bound = nn.AvgPool(kernel, stride, padding, dilation).on(sizes)
            assert "overlap-save" not in {step.way for step in bound.explain().steps}
            x = np.random.default_rng(0).integers(-99, 99, sizes).astype(float)
            want = np.pad(x, padding)
            for axis, k in enumerate(kernel if isinstance(kernel, tuple) else (kernel,)):
                view = np.lib.stride_tricks.sliding_window_view(want, dilation * (k - 1) + 1, axis)[..., ::dilation]
                want = view.sum(-1).take(range(0, view.shape[axis], stride), axis)
            assert np.array_equal(bound(x), want / np.prod(kernel))
            assert bound.dottest()
            if bound.size < 300_000:
                whole = nn.AvgPool(kernel, stride, padding, dilation).operator
                assert oa.prove(bound, whole.on(sizes, out=bound.dimsd[0])).verdict == "proved"
            y = np.random.default_rng(1).standard_normal(bound.dimsd)
            np.testing.assert_allclose(np.vdot(bound(x), y), np.vdot(x, bound.T(y)), rtol=1e-9, atol=1e-9)


def test_a_rounded_divisor_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison fails where 1/K is multiplied: 49 · (1/49) is not 1."""

    def multiplied(x: Any, divisor: Any, dtype: Any, out: Any = None) -> Any:
        y = x.astype(dtype) * (1 / divisor)
        if out is not None:
            out[...] = y
        return y if out is None else out

    from opalgebra.engine.program import program

    monkeypatch.setattr(program, "divided", multiplied)
    assert not means(nn.AvgPool(49)(np.ones(490, complex)), 1)


def test_a_division_stays_last_and_happens_once() -> None:
    mean = Fraction(1, 3) * oa.Conv([1, 1, 1])
    for word in (oa.Down(2) @ mean, mean @ oa.Up(2), oa.Conv([1, 2]) @ mean, Fraction(1, 5) * mean, oa.Flip() @ mean):
        program = word.on(40).program
        quotients = [isinstance(t.action, Quotient) for v in program.order for t in v.terms]
        assert sum(quotients) == quotients[-1] == 1
        assert word.on(40).dottest()
    assert [step.text for step in (mean @ mean).on(40).explain().steps][-1] == "divided by 9"
    assert not any("divided" in step.text for step in (Fraction(1, 4) * oa.Conv([1, 2, 1])).on(9).explain().steps)


def test_infinities_stay_where_they_are() -> None:
    x = np.ones(30, complex)
    x[7] = complex(np.inf, 2)
    y = nn.AvgPool(3)(x)
    assert y[2] == complex(np.inf, 2 / 3)
    assert np.array_equal(np.delete(y, 2), np.ones(9))
