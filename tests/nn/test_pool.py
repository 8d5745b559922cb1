"""Pools, resizing and shuffles against loops over samples."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import nn
from tests import nn_oracles as oracles


def random_pool(seed: int) -> tuple[Any, np.ndarray]:
    rng = np.random.default_rng(seed)
    ndim = int(rng.integers(1, 4))
    kernel = tuple(int(n) for n in rng.integers(1, 4, ndim))
    stride = tuple(int(n) for n in rng.integers(1, 4, ndim))
    pads = [tuple(int(n) for n in rng.integers(0, k // 2 + 1, 2)) for k in kernel]
    x = rng.standard_normal(tuple(int(n) for n in rng.integers(2, 7, ndim)))
    return (kernel, stride, pads), x


@pytest.mark.parametrize("include", [False, True])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_means_agree_with_the_loops(seed: int, ceil_mode: bool, include: bool) -> None:
    arguments, x = random_pool(seed)
    layer = nn.AvgPool(*arguments, ceil_mode=ceil_mode, count_include_pad=include)
    expected = oracles.avg_pool(x, *arguments, ceil_mode, include)
    found = layer(x)
    assert found.shape == layer.out_size(x.shape if x.ndim > 1 else (len(x),))
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-12)
    bound = layer.on(x.shape)
    assert bound.dottest()
    np.testing.assert_allclose(np.array(bound.matrix().tolist(), dtype=float), bound.todense(), atol=1e-12)


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_maxima_agree_with_the_loops(seed: int, ceil_mode: bool) -> None:
    (kernel, stride, pads), x = random_pool(seed)
    dilation = tuple(1 + (seed + axis) % 2 for axis in range(x.ndim))
    layer = nn.MaxPool(kernel, stride, pads, dilation, ceil_mode)
    expected = oracles.max_pool(x, kernel, stride, pads, dilation, ceil_mode)
    if not expected.size:
        with pytest.raises(oa.WindowError, match="no outputs"):
            layer(x)
        return
    assert layer(x).size == expected.size
    np.testing.assert_array_equal(layer(x).reshape(expected.shape), expected)
    jacobian = layer.jacobian(x)
    assert jacobian.dottest()
    finite = np.isfinite(layer(x))
    np.testing.assert_array_equal(jacobian(x)[finite], layer(x)[finite])


def test_a_last_window_starts_inside() -> None:
    assert nn.AvgPool(2, 2, ceil_mode=True).out_size(5) == 3
    assert nn.AvgPool(3, 2, 1, ceil_mode=True).out_size(4) == 3
    assert nn.AvgPool(1, 3, 0, ceil_mode=True).out_size(5) == 2  # the next window would start at 6
    n = sympy.Symbol("n", integer=True, positive=True)
    for pool in (nn.AvgPool(2, 2, ceil_mode=True), nn.AvgPool(1, 3, ceil_mode=True), nn.MaxPool(3, 2, 1, 2, True)):
        for size in range(5, 12):
            assert pool.out_size(n).subs(n, size) == pool.out_size(size)
    assert nn.AvgPool(2).out_size(n) == sympy.floor(n / 2)


def test_means_are_boxes_on_the_lattice() -> None:
    for factor in (2, 3, (2, 3)):
        assert oa.prove(nn.AvgPool(factor).operator, oa.AvgPool(factor)).verdict == "proved"
    assert oa.prove(nn.AvgPool(3, 2, 1).operator, oa.AvgPool(3)).verdict == "refuted"
    dilated = Fraction(1, 2) * oa.Down(2) @ oa.Conv(oa.Signal([1, 0, 1], start=-2))
    assert oa.prove(nn.AvgPool(2, dilation=2).operator, dilated).verdict == "proved"
    assert oa.prove(nn.AvgPool(3, 2).on(7), nn.AvgPool(3, 2).operator.on(7, out=3)).verdict == "proved"


def test_clipped_windows_have_their_own_divisors() -> None:
    exact = nn.AvgPool(3, 2, 1, count_include_pad=False).on(5).matrix()
    half, third = sympy.Rational(1, 2), sympy.Rational(1, 3)
    assert exact == sympy.Matrix([[half, half, 0, 0, 0], [0, third, third, third, 0], [0, 0, 0, half, half]])
    clipped = nn.AvgPool(3, 2, 1, count_include_pad=False).on(5)
    padded = nn.AvgPool(3, 2, 1).on(5)
    assert oa.prove(clipped, padded).verdict == "refuted"
    with pytest.raises(oa.WindowError, match="padding only"):
        nn.AvgPool(2, 2, 2, count_include_pad=False)(np.ones(4))
    assert nn.AvgPool(2, divisor_override=1)([1, 2, 3, 4]).tolist() == [3, 7]


def test_leading_axes_are_a_batch() -> None:
    x = np.arange(48.0).reshape(2, 2, 3, 4)
    for layer in (nn.AvgPool((2, 2)), nn.AvgPool(2), nn.MaxPool((2, 2)), nn.Upsample((2, 1)), nn.Upsample(2, "linear")):
        np.testing.assert_array_equal(layer(x)[1, 0], layer(x[1, 0]))
    bound = nn.AvgPool((2, 2)).on((2, 3, 4))
    assert (bound.dims, bound.dimsd) == ((2, 3, 4), (2, 1, 2))
    np.testing.assert_allclose(np.array(bound.matrix().tolist(), float), bound.todense())
    assert nn.AvgPool(2).on((3, 4)).dims == (3, 4)
    np.testing.assert_array_equal(nn.AvgPool(2).on((3, 4))(x), nn.AvgPool((2, 2))(x))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_is_kept(dtype: Any) -> None:
    x = np.arange(8, dtype=dtype)
    for layer in (
        nn.AvgPool(3, 2, 1, count_include_pad=False),
        nn.MaxPool(2),
        nn.Upsample(2),
        nn.Upsample(2, "linear"),
    ):
        assert layer(x).dtype == dtype
    assert nn.MaxPool(2).jacobian(x).T(np.ones(4, dtype)).dtype == dtype
    assert nn.AvgPool(2)(np.arange(4)).dtype == np.float64
    assert nn.Upsample(2)(np.arange(4)).dtype == np.int64
    assert nn.Upsample(1, "linear")(np.arange(4)).tolist() == [0, 1, 2, 3]


def test_max_pool_takes_ties_nan_and_integers_as_pytorch_does() -> None:
    pool = nn.MaxPool(3, 1, 1)
    jacobian = pool.jacobian(np.array([2.0, 2, 2, 1]))
    assert jacobian.T(np.ones(4)).tolist() == [2, 1, 1, 0]
    assert np.isnan(pool(np.array([1.0, np.nan, 2, 3, 4]))).tolist() == [True, True, True, False, False]
    assert pool(np.array([-5, -7], np.int8)).dtype == np.int8
    assert pool(np.array([-5, -7], np.int8)).tolist() == [-5, -5]
    assert nn.MaxPool(2, 2, 2)([1.0, 2.0]).tolist() == [-np.inf, 2.0, -np.inf]
    assert nn.MaxPool(2)(np.full(2, -np.inf)).tolist() == [-np.inf]
    assert nn.MaxPool(2).jacobian(np.full(2, -np.inf)).T([1.0]).tolist() == [1.0, 0.0]
    flat = nn.MaxPool((2, 2)).jacobian(np.ones((2, 2)))
    assert flat.T(np.ones((1, 1))).tolist() == [[1, 0], [0, 0]]
    with pytest.raises(oa.OperandError, match="complex"):
        pool(np.ones(4, complex))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, ">i4"])
def test_integers_have_no_maximum_of_nothing(dtype: Any) -> None:
    """Decided from the geometry: no integer stands for −∞, not even where the batch is empty."""
    dask = pytest.importorskip("dask.array")
    x = np.arange(12).reshape(2, 6).astype(dtype)
    empty = [
        nn.MaxPool(3, 3, 3),  # at both ends
        nn.MaxPool(2, 8, [(3, 0)]),  # at the front alone
        nn.MaxPool(2, 1, 7, dilation=7),  # between, where two taps fall on either side
        nn.MaxPool((1, 2), 2, [(0, 0), (2, 0)]),
        nn.MaxPool((3, 1), 1, [(3, 0), (0, 0)]),
        nn.MaxPool(1, 4, [(0, 3)]),
    ]
    for layer in empty:
        lazy = dask.from_array(x, chunks=2)
        for attempt, array in (
            (layer, x), (layer, lazy), (layer.on(x.shape), x), (layer.jacobian, x), (layer, np.empty((0, 2, 6), dtype))
        ):  # fmt: skip
            with pytest.raises(oa.WindowError, match="padding only"):
                attempt(array)
        found = layer(x.astype(float))
        assert np.any(found == -np.inf)
        assert np.array_equal(layer(lazy.astype(float)).compute(), found)
    for layer in (nn.MaxPool(3, 1, 1), nn.MaxPool(2, 8, [(1, 0)]), nn.MaxPool(2, 4, 0, 3, True), nn.MaxPool(5, 5, 2)):
        assert layer(x).dtype == np.dtype(dtype)
        assert np.array_equal(layer(x), layer(x.astype(float)).astype(dtype))


def test_max_pool_is_not_linear_and_says_so() -> None:
    for what in (nn.MaxPool(2), nn.MaxPool(2).on(4)):
        for name in ("T", "H"):
            with pytest.raises(oa.OperandError, match=r"jacobian\(x\)"):
                getattr(what, name)
    x = np.array([[1.0, 5, 2, 2], [4, 4, 0, 1]])
    bound = nn.MaxPool(2).on(4)
    np.testing.assert_array_equal(bound.jacobian(x)(x), bound(x))
    assert nn.MaxPool((2, 2)).on((3, 4, 4))(np.ones((3, 4, 4))).shape == (3, 2, 2)
    assert nn.MaxPool((2, 2)).on((3, 4, 4)).dims == (3, 4, 4)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("r", [1, 2, 3, 4, 5])
def test_upsampling(n: int, r: int) -> None:
    x = np.random.default_rng(n).standard_normal(n)
    np.testing.assert_array_equal(nn.Upsample(r)(x), np.repeat(x, r))
    linear = nn.Upsample(r, "linear")
    np.testing.assert_allclose(linear(x), oracles.upsample_linear(x, r), atol=1e-14)
    bound = linear.on(n)
    assert bound.dottest()
    np.testing.assert_allclose(np.array(bound.matrix().tolist(), dtype=float), bound.todense(), atol=1e-14)
    assert linear.out_size(n) == n * r


def test_upsampling_on_several_axes_is_separable() -> None:
    x = np.random.default_rng(1).standard_normal((3, 4, 2))
    expected = x
    for axis, r in enumerate((2, 1, 3)):
        expected = np.apply_along_axis(oracles.upsample_linear, axis, expected, r)
    np.testing.assert_allclose(nn.Upsample((2, 1, 3), "linear")(x), expected, atol=1e-14)
    np.testing.assert_array_equal(nn.Upsample((2, 1, 3))(x), x.repeat(2, 0).repeat(3, 2))
    assert oa.prove(nn.Upsample((2, 3)).operator, oa.Repeat((2, 3))).verdict == "proved"
    bound = nn.Upsample((2, 3), "linear").on((2, 2))
    np.testing.assert_allclose(np.array(bound.matrix().tolist(), dtype=float), bound.todense(), atol=1e-14)


@pytest.mark.parametrize("factor", [2, 3, 4, 5, (2, 3)])
def test_bilinear_kernel_is_linear_upsampling_inside(factor: Any) -> None:
    factors = factor if isinstance(factor, tuple) else (factor, factor)
    kernel = nn.bilinear_kernel(factor)
    assert kernel.shape == tuple(2 * r - r % 2 for r in factors)
    layer = nn.ConvTranspose(kernel[None, None], factors, tuple(r // 2 for r in factors))
    up = nn.Upsample(factors, "linear")
    x = np.random.default_rng(0).standard_normal((4, 5))
    assert layer(x[None]).shape[1:] == up(x).shape
    inside = tuple(slice(r, -r) for r in factors)
    np.testing.assert_allclose(layer(x[None])[0][inside], up(x)[inside], atol=1e-14)
    assert not np.allclose(layer(x[None])[0], up(x))
    if all(r in (2, 4) for r in factors):  # the taps of other factors are rounded
        assert oa.prove(layer.operator, up.operator).verdict == "proved"
    assert oa.checkerboard(up.operator).is_free


def test_bilinear_kernel_of_factor_two() -> None:
    assert sorted(set(nn.bilinear_kernel(2).ravel().tolist())) == [0.0625, 0.1875, 0.5625]
    assert nn.bilinear_kernel(2, ndim=1).tolist() == [0.25, 0.75, 0.75, 0.25]
    assert nn.bilinear_kernel((2, 3)).shape == (4, 5)


@pytest.mark.parametrize("factor", [(2,), (3,), (2, 2), (3, 2), (2, 1, 2)])
@pytest.mark.parametrize("channels", [1, 3])
def test_shuffles_move_samples_in_the_order_of_pytorch(factor: tuple[int, ...], channels: int) -> None:
    rng = np.random.default_rng(len(factor))
    coarse = tuple(int(n) for n in rng.integers(1, 4, len(factor)))
    count = int(np.prod(factor))
    x = rng.standard_normal((2, channels * count, *coarse))
    shuffle, unshuffle = nn.PixelShuffle(factor, channels), nn.PixelUnshuffle(factor, channels)
    y = shuffle(x)
    for c, m, p in product(range(channels), product(*map(range, coarse)), product(*map(range, factor))):
        fine = tuple(r * a + b for r, a, b in zip(factor, m, p, strict=True))
        place = c * count + int(np.ravel_multi_index(p, factor))
        np.testing.assert_array_equal(y[(slice(None), c, *fine)], x[(slice(None), place, *m)])
    np.testing.assert_array_equal(unshuffle(y), x)
    bound = shuffle.on(coarse)
    np.testing.assert_array_equal(bound.T(y), x)
    np.testing.assert_array_equal(np.array(bound.matrix().tolist(), dtype=float), bound.todense())
    assert oa.prove(shuffle.operator, unshuffle.operator.T).verdict == "proved"
    assert oa.prove(bound, unshuffle.on(bound.dimsd[1:]).T).verdict == "proved"


def test_shuffles_keep_dtype_and_nan() -> None:
    x = np.array([[1, 2], [3, 4]], np.int8)
    assert nn.PixelShuffle(2)(x).dtype == np.int8
    y = nn.PixelShuffle(2)(np.array([[np.nan, 2], [3, 4]]))
    assert np.isnan(y).tolist() == [[True, False, False, False]]
    view = nn.PixelShuffle((1,))(x[:1])
    view[...] = 0
    assert x.tolist() == [[1, 2], [3, 4]]
    view = nn.PixelUnshuffle((1,))(x[:1])
    view[...] = 0
    assert x.tolist() == [[1, 2], [3, 4]]


def test_an_int_factor_is_taken_where_the_channels_say_for_how_many_axes() -> None:
    x = np.arange(32.0).reshape(8, 2, 2)
    np.testing.assert_array_equal(nn.PixelShuffle(2, 2)(x), nn.PixelShuffle((2, 2), 2)(x))
    with pytest.raises(oa.DimensionError, match="several ways"):
        nn.PixelShuffle(2, 2)(np.ones((8, 4, 10)))
    with pytest.raises(oa.DimensionError, match="does not fit"):
        nn.PixelShuffle(2)(np.ones((3, 4)))
    with pytest.raises(oa.WindowError, match="multiple"):
        nn.PixelUnshuffle(2)(np.ones((1, 3)))
    n = sympy.Symbol("n")
    assert nn.PixelUnshuffle(2).out_size(n) == n / 2
    assert nn.PixelShuffle((2, 3)).out_size((n, 4)) == (2 * n, 12)


def test_values_compare_and_pickle() -> None:
    layers = [nn.AvgPool(2), nn.AvgPool((2, 3), 2, "same"), nn.MaxPool(3, 2, [(1, 0)]), nn.Upsample(2, "linear")]
    layers += [nn.PixelShuffle(2, 3), nn.PixelUnshuffle((2, 2)), nn.AvgPool(3, 2, 1, 1, True, False, 2)]
    for layer in layers:
        assert pickle.loads(pickle.dumps(layer)) == layer
        assert eval(f"nn.{layer!r}") == layer
        assert sum(layer == other for other in layers) == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.AvgPool(0), oa.FactorError, "kernel is 0"),
        (lambda: nn.AvgPool(()), oa.DimensionError, "empty"),
        (lambda: nn.AvgPool((2, 2), stride=(1, 1, 1)), oa.DimensionError, "3 axes"),
        (lambda: nn.AvgPool(2, padding=-1), oa.WindowError, "negative"),
        (lambda: nn.AvgPool(2, padding=[(1, -1)]), oa.WindowError, "negative"),
        (lambda: nn.AvgPool(2, ceil_mode=1), oa.OperandError, "True or False"),
        (lambda: nn.AvgPool(2, divisor_override=0), oa.FactorError, "divisor_override"),
        (lambda: nn.AvgPool((2, 2))(np.ones(3)), oa.DimensionError, "2 spatial axes"),
        (lambda: nn.MaxPool(2).on(4)(np.ones(5)), oa.DimensionError, "takes"),
        (lambda: nn.Upsample(0), oa.FactorError, "factor is 0"),
        (lambda: nn.Upsample(2, "cubic"), oa.OperandError, "'nearest' or 'linear'"),
        (lambda: nn.PixelShuffle(2, 0), oa.FactorError, "channels is 0"),
        (lambda: nn.bilinear_kernel(1.5), oa.FactorTypeError, "1.5"),
    ],
)
def test_bad_input_says_what_to_do(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_means_stay_in_the_range_of_narrow_floats() -> None:
    x = np.full(6, 60000, np.float16)
    for include in (False, True):
        assert nn.AvgPool(3, 2, 1, count_include_pad=include)(x)[1] == 60000
    assert nn.AvgPool(3, 2, 1, count_include_pad=False)(x).tolist() == [60000] * 3
