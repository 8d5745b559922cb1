"""Traces of layers and checkerboard patterns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import nn


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv([[[1.0, 2, 3]]], 2, 1),
        nn.Conv([[[1.0, 2]]], 1, [(2, -1)], 3),
        nn.ConvTranspose([[[1.0, 2, 3]]], 2, 1, 1),
        nn.ConvTranspose([[[1.0, 2]]], 1, [(-1, 0)], dilation=2),
        nn.ConvTranspose([[[1.0, 2, 4]]], 3, "same"),
    ],
)
def test_a_trace_is_the_matrix_of_the_layer(layer: Any) -> None:
    taps = layer.weight[0, 0]
    dense = layer.on(5).todense()
    found, again = np.zeros_like(dense), np.zeros_like(dense)
    traced = nn.trace(layer, 5)
    for m, pairs in traced.gather.items():
        for i, j in pairs:
            found[m, i] += taps[j]
    for i, pairs in traced.scatter.items():
        for m, j in pairs:
            again[m, i] += taps[j]
    np.testing.assert_array_equal(found, dense)
    np.testing.assert_array_equal(again, dense)
    assert set(traced.gather) == set(range(layer.out_size(5)))
    assert set(traced.scatter) == set(range(5))


def test_a_trace_of_several_axes_is_the_product_of_them() -> None:
    layer = nn.Conv(np.arange(6.0).reshape(1, 1, 2, 3), (1, 2), 1)
    dense = layer.on((3, 4)).todense()
    found = np.zeros_like(dense)
    for m, pairs in nn.trace(layer, (3, 4)).gather.items():
        for i, j in pairs:
            found[np.ravel_multi_index(m, layer.out_size((3, 4))), np.ravel_multi_index(i, (3, 4))] += layer.weight[
                (0, 0, *j)
            ]
    np.testing.assert_array_equal(found, dense)
    assert str(nn.trace(layer, (3, 4))).count("axis") == 2


def test_pools_and_upsampling_are_traced() -> None:
    assert nn.trace(nn.MaxPool(2), 5).gather == {0: ((0, 0), (1, 1)), 1: ((2, 0), (3, 1))}
    assert nn.trace(nn.AvgPool(3, 2, 1), 3).padding == {0: ((-1, 0),), 1: ((3, 2),)}
    assert nn.trace(nn.Upsample(2), 2).scatter == {0: ((0, 0), (1, 1)), 1: ((2, 0), (3, 1))}
    taps = np.array([1, 3, 3, 1]) / 4
    found = np.zeros((6, 3))
    for m, pairs in nn.trace(nn.Upsample(2, "linear"), 3).gather.items():
        for i, j in pairs:
            found[m, i] += taps[j]
    np.testing.assert_array_equal(found, nn.Upsample(2, "linear").on(3).todense())


def test_the_text_of_a_trace() -> None:
    text = str(nn.trace(nn.Conv([[[1, 2, 3]]], stride=2, padding=1), 3))
    assert text.splitlines() == [
        "Conv(<1×1×3 int64>, stride=2, padding=1): 3 → 2",
        "",
        "    (-1)  x0  x1  x2  (3)",
        "y0    w0  w1  w2   ·    ·",
        "y1     ·   ·  w0  w1   w2",
        "",
        "x0 → y0 (w1)",
        "x1 → y0 (w2), y1 (w0)",
        "x2 → y1 (w1)",
        "",
        "y0 ← x0 (w1), x1 (w2)",
        "y1 ← x1 (w0), x2 (w1)",
    ]


def test_what_cannot_be_traced() -> None:
    with pytest.raises(oa.OperandError, match="taps to trace"):
        nn.trace(nn.PixelShuffle(2), 4)
    with pytest.raises(oa.DimensionError, match="acts on 1"):
        nn.trace(nn.Conv([[[1]]]), (2, 2))
    with pytest.raises(oa.SizeError, match="smaller input"):
        _ = nn.trace(nn.MaxPool((9, 9)), (2000, 2000)).gather


def answer(layer: Any, size: int) -> np.ndarray:
    """What a layer makes of ones, far from the ends."""
    ones = np.ones((layer.channels[1], *(size,) * layer.ndim))
    return np.asarray(layer(ones))


@pytest.mark.parametrize("seed", range(8))
def test_sums_are_the_answer_to_a_constant(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ndim = 1 + seed % 2
    stride = tuple(int(n) for n in rng.integers(1, 4, ndim))
    kernel = tuple(int(n) for n in rng.integers(1, 5, ndim))
    dilation = tuple(int(n) for n in rng.integers(1, 3, ndim))
    w = rng.integers(-3, 4, (2, 3, *kernel))
    layer = nn.ConvTranspose(w, stride, 1, dilation=dilation)
    found = oa.checkerboard(layer)
    assert found.sums.shape == (3, 2, *stride)
    again = oa.checkerboard(layer.operator)
    tiled = np.broadcast_to(found.sums, np.lcm(found.sums.shape, again.sums.shape))
    np.testing.assert_array_equal(tiled, again.sums)
    y = answer(layer, 12)
    start = tuple(8 * s for s in stride)
    inside = tuple(slice(a, a + s) for a, s in zip(start, stride, strict=True))
    np.testing.assert_array_equal(y[(slice(None), *inside)], found.sums.sum(axis=1))


def test_which_kernels_leave_a_constant_constant() -> None:
    assert oa.checkerboard(oa.TransposedConv([1, 1], 2)).is_free
    assert oa.checkerboard(oa.TransposedConv([1, 2, 1], 2)).is_free
    uneven = oa.checkerboard(oa.TransposedConv([1, 1, 1], 2))
    assert not uneven.is_free
    assert uneven.spread == 1
    assert uneven.sums.tolist() == [2, 1]
    assert oa.checkerboard(oa.Conv([3, 1, 4]) @ oa.Repeat(3)).is_free
    assert oa.checkerboard(nn.Conv([[[3, 1, 4]]]) @ nn.Upsample(2)).is_free
    assert oa.checkerboard(oa.LinearUp((2, 3))).is_free
    assert not oa.checkerboard(oa.Modulate([1, -1])).is_free
    assert oa.checkerboard(oa.Down(2) @ oa.Modulate([1, -1])).is_free
    assert oa.checkerboard(oa.Down(2) @ oa.TransposedConv([1, 2, 3, 4, 5], 4)).sums.tolist() == [6, 3]


def test_the_decision_is_exact() -> None:
    assert not oa.checkerboard(oa.TransposedConv([0.1 + 0.2, 0.3], 2)).is_free  # two floats that differ
    assert oa.checkerboard(oa.TransposedConv([0.5, 0.25, 0.0, 0.25], 2)).is_free
    from fractions import Fraction

    thirds = oa.Signal([Fraction(1, 3), 1, Fraction(2, 3)])
    assert oa.checkerboard(oa.TransposedConv(thirds, 2)).is_free
    assert oa.checkerboard(oa.TransposedConv([1j, 1], 2)).spread == pytest.approx(2**0.5)
    taps = oa.signals("q", length=2)
    assert not oa.checkerboard(oa.TransposedConv(taps, 2)).is_free


def test_the_text_names_the_phases() -> None:
    symbolic = oa.checkerboard(oa.TransposedConv(oa.signals("q", length=3), 2))
    q0, q1, q2 = oa.signals("q", length=3).values
    assert symbolic.spread == sympy.Abs(q0 - q1 + q2)
    assert str(symbolic).startswith("a checkerboard: phases differ by up to Abs(q_0 - q_1 + q_2); ")
    text = str(oa.checkerboard(oa.TransposedConv([1, 1, 1], 2)))
    assert text == "a checkerboard: phases differ by up to 1; the answer to a constant 1, by phase (2)\n  2  1"
    wide = str(oa.checkerboard(nn.ConvTranspose(np.ones((4, 4, 2)), 2)))
    assert "8 more channels" in wide


def test_what_has_no_sums() -> None:
    with pytest.raises(oa.FormalSignalError, match="give taps"):
        oa.checkerboard(oa.TransposedConv(oa.signals("q"), 2))
    with pytest.raises(oa.OperandError, match="no linear operator"):
        oa.checkerboard([1, 2, 1])
    with pytest.raises(oa.OperandError, match="not linear"):
        oa.checkerboard(oa.Pointwise("relu") @ nn.Upsample(2))
