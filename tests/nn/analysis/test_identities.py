"""Layers rewritten as others: proved on ℤ^d, and equal on arrays with their ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra import nn


def drawn(seed: int, kind: str, unit: bool) -> Any:
    rng = np.random.default_rng(seed)
    ndim, groups = 1 + seed % 2, 1 + seed // 2 % 2
    a, b = (int(n) for n in rng.integers(1, 3, 2))
    kernel, dilation = (tuple(int(n) for n in rng.integers(1, high, ndim)) for high in (4, 3))
    stride = (1,) * ndim if unit else tuple(int(n) for n in rng.integers(1, 4, ndim))
    pads = [tuple(int(n) for n in rng.integers(-1, 4, 2)) for _ in range(ndim)]
    w = rng.integers(-4, 5, (groups * a, b, *kernel))
    if kind == "conv":
        return nn.Conv(w, stride, pads, dilation, groups)
    for axis in range(ndim):  # an output size that the stride divides
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        lo, hi = pads[axis]
        pads[axis] = (lo, hi + (extent - lo - hi) % stride[axis])
    return nn.ConvTranspose(w, stride, pads, dilation=dilation, groups=groups)


def applied(layer: Any, x: np.ndarray) -> Any:
    """The output, or None where the layer has none for this size."""
    try:
        return layer(x)
    except oa.WindowError:
        return None


def same_on_arrays(old: Any, new: Any, multiple: tuple[int, ...], channels: int) -> None:
    for size in (1, 2, 3, 5):
        spatial = tuple(size * m for m in multiple)
        x = np.random.default_rng(size).integers(-9, 10, (2, channels, *spatial))
        expected, found = applied(old, x), applied(new, x)
        assert (found is None) == (expected is None)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", range(12))
def test_every_convolution_is_a_transposed_one_and_back(seed: int) -> None:
    conv = drawn(seed, "conv", True)
    transpose = nn.as_transpose(conv)
    assert oa.prove(transpose.operator, conv.operator).verdict == "proved"
    same_on_arrays(conv, transpose, (1,) * conv.ndim, conv.channels[1])
    assert nn.as_conv(transpose) == conv
    other = drawn(seed, "transpose", True)
    assert oa.prove(nn.as_conv(other).operator, other.operator).verdict == "proved"
    same_on_arrays(other, nn.as_conv(other), (1,) * other.ndim, other.channels[1])


@pytest.mark.parametrize("seed", range(12))
def test_repeat_then_convolve_is_one_transposed_convolution(seed: int) -> None:
    conv = drawn(seed, "conv", True)
    up = nn.Upsample(tuple(1 + (seed + axis) % 3 for axis in range(conv.ndim)))
    folded = nn.fold_upsample(up, conv)
    assert oa.prove(folded.operator, (conv @ up).operator).verdict == "proved"
    same_on_arrays(lambda x: conv(up(x)), folded, (1,) * conv.ndim, conv.channels[1])


@pytest.mark.parametrize("seed", range(12))
def test_a_strided_convolution_is_a_convolution_of_phases(seed: int) -> None:
    conv = drawn(seed, "conv", False)
    net = nn.unshuffled(conv)
    assert oa.prove(net.operator, conv.operator).verdict == "proved"
    same_on_arrays(conv, net, conv.stride, conv.channels[1])
    assert set(net.maps[0].stride) == {1}


@pytest.mark.parametrize("seed", range(12))
def test_a_transposed_convolution_is_a_convolution_and_a_shuffle(seed: int) -> None:
    layer = drawn(seed, "transpose", False)
    net = nn.shuffled(layer)
    assert oa.prove(net.operator, layer.operator).verdict == "proved"
    same_on_arrays(layer, net, (1,) * layer.ndim, layer.channels[1])
    assert set(net.maps[1].stride) == {1}


def test_same_padding_is_kept() -> None:
    w = np.arange(1, 13).reshape(2, 2, 3)
    conv = nn.Conv(w, 2, "same")
    same_on_arrays(conv, nn.unshuffled(conv), (2,), 2)
    same_on_arrays(nn.Conv(w, 1, "same"), nn.as_transpose(nn.Conv(w, 1, "same")), (1,), 2)
    layer = nn.ConvTranspose(w, 2, "same")
    same_on_arrays(layer, nn.shuffled(layer), (1,), 2)


def test_the_kernel_of_a_folded_upsampling() -> None:
    folded = nn.fold_upsample(nn.Upsample(2), nn.Conv([[[3, 2, 1]]], padding=1))
    assert folded.weight.tolist() == [[[1, 3, 5, 3]]]
    near_miss = nn.ConvTranspose([[[3, 5, 3, 1]]], 2, 1)
    conv = nn.Conv([[[3, 2, 1]]], padding=1)
    assert oa.prove(near_miss.operator, conv.operator @ oa.Repeat(2)).verdict == "refuted"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.as_transpose(nn.Conv(np.ones((1, 1, 2)), 2)), oa.OperandError, "stride 1"),
        (lambda: nn.as_conv(nn.ConvTranspose(np.ones((1, 1, 2)), 2)), oa.OperandError, "stride 1"),
        (lambda: nn.as_conv(nn.Conv(np.ones((1, 1, 2)))), oa.OperandError, "ConvTranspose"),
        (lambda: nn.fold_upsample(nn.Upsample(2, "linear"), nn.Conv(np.ones((1, 1, 2)))), oa.OperandError, "nearest"),
        (lambda: nn.fold_upsample(nn.Upsample(2), nn.Conv(np.ones((1, 1, 2)), 2)), oa.OperandError, "stride 1"),
        (lambda: nn.fold_upsample(nn.Upsample((2, 2)), nn.Conv(np.ones((1, 1, 2)))), oa.OperandError, "axes"),
        (lambda: nn.shuffled(nn.ConvTranspose(np.ones((1, 1, 3)), 2)), oa.WindowError, "does not divide"),
    ],
)
def test_where_there_is_no_such_layer(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
