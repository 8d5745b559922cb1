"""Functions that are not pointwise are refused, pointwise ones are not, and masks never pass."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra import nn

RNG = np.random.default_rng(0)
REAL = [
    np.array([1.0, 2.0, 6.0]), np.ones(3), np.zeros(3), np.array([5.0]), RNG.standard_normal((4, 5)),
    np.arange(12).reshape(3, 4), np.zeros((2, 2), np.uint8), np.full((2, 3), -7), RNG.standard_normal(9).astype("f4"),
    np.array([np.nan, np.inf, 0.0]), np.full(4, np.nan), RNG.standard_normal(5).astype("f2"), np.arange(3000.0),
]  # fmt: skip
POINTWISE: list[Any] = [
    np.tanh, np.abs, np.log, np.sqrt, np.arcsin, np.sign, np.round, np.isnan, np.exp, np.sin, np.zeros_like, np.copy,
    lambda v: v, lambda v: v**2, lambda v: np.where(v > 0, v, 0.1 * v), lambda v: np.clip(v, -1, 1),
    lambda v: v.astype(complex) * 1j, lambda v: np.searchsorted([0.0, 1.0], v), lambda v: v * (v > np.e),
]  # fmt: skip
OTHERS: list[Any] = [
    lambda v: v - v.mean(),
    lambda v: v - v.mean(axis=-1, keepdims=True),
    lambda v: v - v.mean(axis=0),
    lambda v: v - np.median(v),
    lambda v: v + 1.0 * (v == v.max()),
    lambda v: np.exp(v - v.max()) / np.exp(v - v.max()).sum(),
    lambda v: np.sort(v, axis=None).reshape(v.shape),
    lambda v: np.cumsum(v).reshape(v.shape),
    lambda v: v[::-1],
    lambda v: np.flip(v),
    lambda v: np.roll(v, 1),
    lambda v: v * (1 + np.arange(v.size).reshape(v.shape)),
    lambda v: v + RNG.standard_normal(v.shape),
    lambda v: np.fft.fft(v).real,
    lambda v: v * (1 + v.ndim),
    lambda v: v + v.size,
    lambda v: np.ma.masked_less(v, 100),
]


@pytest.mark.parametrize("f", POINTWISE)
@pytest.mark.filterwarnings("ignore")
def test_pointwise_functions_pass(f: Any) -> None:
    for x in REAL:
        np.testing.assert_array_equal(oa.Pointwise(f)(x), f(x))
        np.testing.assert_array_equal(oa.Pointwise(np.abs, f).jacobian(x).weights, f(x))


@pytest.mark.parametrize("f", OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_others_are_refused(f: Any) -> None:
    """Whatever the data, also where they do not show it; the derivative as well as the function; in every door."""
    for x in REAL:
        for attempt in (
            lambda x=x: oa.Pointwise(f)(x),
            lambda x=x: oa.Pointwise(np.abs, f).jacobian(x),
            lambda x=x: oa.Pointwise(f).on(x.shape)(x),
            lambda x=x: (oa.Pointwise(f) @ nn.Upsample(2))(x),
        ):
            with pytest.raises(oa.OperandError, match=r"every sample alone|masked"):
                attempt()


def test_a_function_that_changes_with_the_size() -> None:
    layer = oa.Pointwise(lambda v: v * (1 + (v.size > 100)))
    assert layer(np.ones(100)).tolist() == [1.0] * 100
    with pytest.raises(oa.OperandError, match="every sample alone"):
        layer(np.ones(101))


def test_errors_of_other_shapes_are_told() -> None:
    for f in (lambda v: v * np.array([1.0, 2.0, 3.0]), lambda v: np.gradient(v)):
        with pytest.raises(oa.OperandError, match=r"shape \(1,\)|for a sample alone|array of shape"):
            oa.Pointwise(f)(np.array([1.0, 4.0, 5.0]))


def test_it_is_tried_once() -> None:
    calls = []

    def f(v: np.ndarray) -> np.ndarray:
        calls.append(v.shape)
        return 2 * v

    layer = oa.Pointwise(f)
    layer(np.ones(9))
    first = len(calls)
    for _ in range(5):
        layer(np.ones(9))
    assert len(calls) == first + 5
    layer(np.ones(7))
    assert len(calls) - first - 5 < first
    assert oa.Pointwise(f) == layer
    assert pickle.loads(pickle.dumps(oa.Pointwise(np.tanh)))([0.0]).tolist() == [0.0]
    assert layer(np.ones(0)).shape == (0,)


def test_blocks_of_dask_arrays() -> None:
    dask = pytest.importorskip("dask.array")
    x = dask.from_array(np.arange(12.0), chunks=5)
    assert oa.Pointwise(np.sqrt)(x).compute().tolist() == np.sqrt(np.arange(12.0)).tolist()
    with pytest.raises(oa.OperandError, match="every sample alone"):
        oa.Pointwise(lambda v: v - v.mean())(x)


# Masked arrays ------------------------------------------------------------------------------------------------------

MASKED = np.ma.array([1.0, 2, 3, 4, 5, 6], mask=[0, 1, 0, 0, 0, 0])
WORD = oa.Down(2) @ oa.Conv([1, 2, 1])
LAYER = nn.Conv(np.ones((1, 1, 3)))
DOORS: list[Any] = [
    oa.Signal, oa.Conv, oa.Modulate, lambda x: WORD @ x, lambda x: WORD.on(6)(x), lambda x: WORD.on(6) @ x,
    lambda x: WORD.on(6).T(x), lambda x: WORD.on(6).matvec(x), lambda x: WORD.on(6).matmat(x),
    lambda x: WORD.on(6).lstsq(x), lambda x: x @ WORD.on(6).T, LAYER, LAYER.on(6), LAYER.grad_weight, nn.Conv,
    nn.ConvTranspose, nn.AvgPool(2), nn.AvgPool(3, 1, 1, count_include_pad=False), nn.MaxPool(2), nn.MaxPool(2).on(6),
    nn.MaxPool(2).jacobian, nn.Upsample(2), nn.Upsample(2, "linear"), nn.PixelUnshuffle((2,)), oa.Pointwise("relu"),
    oa.Pointwise("relu").jacobian, oa.Pointwise("relu") @ nn.AvgPool(2), oa.Block([[WORD]]).on(6),
    lambda x: (2 * WORD.on(6) + WORD.on(6))(x),
]  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "x",
    [MASKED, np.ma.array(np.arange(6)), [MASKED], ([MASKED, MASKED],), [1.0, np.ma.masked, 2, 3, 4, 5], MASKED[None]],
    ids=["masked", "none masked", "in a list", "in lists", "constant", "two axes"],
)
def test_masked_arrays_are_refused(door: Any, x: Any) -> None:
    with pytest.raises(oa.OpAlgebraError, match=r"masked|channels|shape"):
        door(x)


@pytest.mark.parametrize("door", [door for door in DOORS if not isinstance(door, type)])
def test_masked_dask_arrays_are_refused(door: Any) -> None:
    """Where Dask knows of the mask at once, and else when the block is computed."""
    dask = pytest.importorskip("dask.array")
    with pytest.raises(oa.OpAlgebraError, match=r"masked|Dask|channels|shape|not on a Array"):
        door(dask.from_array(MASKED, chunks=3))
    hidden = dask.zeros(6, chunks=3).map_blocks(lambda b: np.ma.array(b, mask=b == 0), meta=np.empty(0))
    with pytest.raises(oa.OpAlgebraError, match=r"masked|Dask|channels|shape|not on a Array"):
        door(hidden).compute()


def test_masked_scalars_and_outputs() -> None:
    for attempt in (
        lambda: np.ma.masked * WORD,
        lambda: WORD.on(6) * np.ma.masked,
        lambda: WORD.on(6)(np.ones(6), out=np.ma.zeros(4)),
    ):
        with pytest.raises(oa.OpAlgebraError, match="masked"):
            attempt()
