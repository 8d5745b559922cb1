"""Whole numbers of up to 64 bits stay what they are on every way, or are refused; none goes through floats."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra import nn

SHAPES = [(3,), (50,), (1000,), (60_000,), (4, 5), (70, 80), (300, 400), (6, 7, 8), (30, 40, 20)]


def large(shape: Any, dtype: Any, most: int | None = None, seed: int = 0) -> np.ndarray:
    info = np.iinfo(dtype)
    low, high = (info.min + 1, info.max) if most is None else (max(info.min, -most), most)
    return np.random.default_rng(seed).integers(low, high, shape, np.dtype(dtype).newbyteorder("=")).astype(dtype)


@pytest.mark.campaign(16)
@pytest.mark.parametrize("dtype", ["i8", ">i8", "i4", "u4", "i2", "u1", "u8"])
@pytest.mark.parametrize("shape", SHAPES)
def test_nearest_upsampling(shape: tuple[int, ...], dtype: str) -> None:
    """Small and large arrays, one axis and several, batches, Dask: every int64 is copied, and wider ones refused."""
    for factor in ((2, 3, 2), (1, 4, 1), (3, 1, 2)):
        r = factor[: len(shape)]
        for lead in ((), (2,)):
            x = large((*lead, *shape), dtype, 2**63 - 1 if dtype == "u8" else None)
            want = x.astype(np.int64)
            for axis, k in enumerate(r):
                want = np.repeat(want, k, axis=len(lead) + axis)
            bound = nn.Upsample(r).on(shape)
            assert bound(x).dtype == np.int64
            assert np.array_equal(bound(x), want)
            out = np.zeros(want.shape, np.int64)
            assert np.array_equal(bound(x, out=out), want)
            if dtype[-2:] == "i8":
                same = oa.Repeat(r if len(r) > 1 else r[0]).on(
                    shape, out=want.shape[len(lead) :] if len(r) > 1 else want.shape[-1]
                )
                assert np.array_equal(same(x), want)
    wide = np.full(shape, 2**63 + 1, np.uint64)
    with pytest.raises(oa.IntegerOverflow):
        nn.Upsample((2,) * len(shape))(wide)


@pytest.mark.parametrize("shape", SHAPES)
def test_samples_that_only_move(shape: tuple[int, ...]) -> None:
    dask = pytest.importorskip("dask.array")
    x, ndim = large(shape, "i8"), len(shape)
    twos = (2,) * ndim if ndim > 1 else 2
    every = (slice(None, None, 2),) * ndim
    assert np.array_equal((oa.Up(twos) @ x).values[every], x)
    assert np.array_equal((oa.Down(twos) @ oa.Up(twos)).on(shape, mode="same")(x), x)
    assert np.array_equal(oa.Flip().on(shape)(x), np.flip(x))
    assert np.array_equal(nn.MaxPool((1,) * ndim)(x), x)
    assert nn.MaxPool((1,) * ndim)(large(shape, "u8")).tolist() == large(shape, "u8").tolist()
    assert np.array_equal(nn.PixelShuffle((1,) * ndim)(x[None]), x[None])
    lazy = dask.from_array(x, chunks=tuple(max(1, n // 2) for n in shape))
    assert np.array_equal(nn.Upsample((2,) * ndim)(lazy).compute(), nn.Upsample((2,) * ndim)(x))


@pytest.mark.parametrize("most", [2**40, 2**58, 2**61, 2**62, 2**63 - 1])
@pytest.mark.parametrize("boundary", ["zero", "wrap", "symmetric", "reflect", "edge", "antisymmetric", "antireflect"])
def test_sums_fit_or_are_refused(boundary: str, most: int) -> None:
    """With every boundary, forwards and back, in blocks of Dask arrays as well, against sums of Python's ints."""
    dask = pytest.importorskip("dask.array")
    refused = 0
    for word, transposed in product((oa.Conv([1, 2, 1]), oa.Shift(3), oa.Conv([1, -1]) @ oa.Up(2)), (False, True)):
        bound = word.on(9, boundary=boundary, mode="same")
        matrix = np.array(bound.matrix().tolist(), dtype=object)
        bound, matrix = (bound.T, matrix.T) if transposed else (bound, matrix)
        for seed in range(3):
            x = large(bound.dims, "i8", most, seed)
            want = [int(value) for value in matrix.dot(x.astype(object))]
            for given in (x, dask.from_array(x, chunks=4)):
                try:
                    found = np.asarray(bound(given))
                except oa.IntegerOverflow:
                    refused += 1
                    assert most > 2**58
                else:
                    assert found.tolist() == want
    assert refused or most <= 2**62


def test_lists_of_numbers_that_floats_do_not_hold() -> None:
    """NumPy makes floats of them, silently."""
    for given in ([2**53 + 1, 0.5], [2**63, -1], [[2**63 + 1], [0.5]]):
        for door in (oa.Identity().on(1 if isinstance(given[0], list) else 2), nn.MaxPool(1), oa.Pointwise("relu")):
            with pytest.raises(oa.OpAlgebraError, match="dtype"):
                door(given)


def test_what_meets_in_one_output_is_what_counts() -> None:
    """Four taps, of which two meet: 2⁶¹ fits, and one bit more does not."""
    bound = (oa.Conv([1, 1, 1, 1]) @ oa.Up(2)).on(3)
    assert bound(np.full(3, 2**61)).max() == 2**62
    assert bound(np.full(3, 2**62 - 1)).max() == 2**63 - 2
    with pytest.raises(oa.IntegerOverflow):
        bound(np.full(3, 2**62))
    mixed = nn.Conv(np.array([[[1, 2]], [[-3, 4]]]))
    assert mixed(np.full((1, 3), 2**60)).max() == 3 * 2**60
    with pytest.raises(oa.IntegerOverflow):
        mixed(np.full((1, 3), 2**61))


def test_a_way_through_floats_is_seen() -> None:
    x = large((50,), "i8")
    assert not np.array_equal(nn.Upsample(2)(x.astype(float)).astype(np.int64), np.repeat(x, 2))


def test_refusals_leave_out_as_it_was() -> None:
    """Every refusal comes before the first sample is written."""
    x = np.full(9, 2**61)
    for bound in (
        oa.Conv([1, 2, 1]).on(9),
        oa.Conv([1, 2, 1]).on(9, boundary="antireflect", mode="same"),
        oa.Conv([4, 4]).on(9) @ oa.Identity().on(9),
        oa.Conv([4]).on(9) + oa.Conv([1]).on(9),
        nn.Upsample(2).on(9).T @ nn.Upsample(2).on(9) @ (4 * oa.Identity()).on(9),
        (oa.Conv([1, 1]) + oa.Conv([3, 3])).on(9),
    ):
        out = np.full(bound.dimsd, 77)
        with pytest.raises(oa.IntegerOverflow):
            bound(x, out=out)
        assert (out == 77).all()
        assert (x == 2**61).all()
