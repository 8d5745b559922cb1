"""Dask arrays through bound operators and layers: lazily, block by block, with the results of NumPy arrays."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import upfirdn

import opalgebra as oa
from opalgebra.bound.arrays import dask_filters as blocks_of_windows
from opalgebra.engine.arrays.window import Window
from tests.bound.operators.test_random import bound, random_array
from tests.generate_bound import sample
from tests.judge_bound import BOUNDARIES, as_numbers, exact_matrix

dask = pytest.importorskip("dask", reason="Dask is not installed: pip install '.[dask]'")
da = pytest.importorskip("dask.array")


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """Tasks one after the other, but where a test says otherwise."""
    with dask.config.set(scheduler="sync"):
        yield


def cuts(rng: random.Random, n: int) -> tuple[int, ...]:
    """n as a sum of chunks, many of them single samples."""
    found = []
    while n:
        found.append(min(n, rng.choice([1, 1, 2, 3, 7, 20])))
        n -= found[-1]
    return tuple(found) or (0,)


def chunked(x: np.ndarray, seed: int = 0) -> Any:
    """The array in random chunks on every axis."""
    rng = random.Random(seed)
    return da.from_array(x, chunks=tuple(cuts(rng, n) for n in x.shape))


def agree(operator: Any, x: np.ndarray, seed: int = 0, exactly: bool = False) -> Any:
    """Whether Dask gives what NumPy gives, with what it said before it computed; the result is returned."""
    lazy, expected = operator(chunked(x, seed)), operator(x)
    assert isinstance(lazy, da.Array)
    assert (lazy.shape, lazy.dtype, lazy._meta.dtype) == (expected.shape, expected.dtype, expected.dtype)
    assert lazy._meta.shape == (0,) * expected.ndim
    for at, block in zip(np.ndindex(*lazy.numblocks), dask.compute(*lazy.to_delayed().flat), strict=True):
        assert type(block) is np.ndarray
        assert block.shape == tuple(sizes[i] for sizes, i in zip(lazy.chunks, at, strict=True))
    computed = lazy.compute()
    assert computed.dtype == expected.dtype
    if exactly:
        np.testing.assert_array_equal(computed, expected)
    else:
        eps = np.finfo(expected.dtype).eps if expected.dtype.kind in "fc" else 0
        most = float(np.abs(expected[np.isfinite(expected)]).max(initial=1))
        np.testing.assert_allclose(computed, expected, rtol=0, atol=1000 * eps * most)
    return lazy


# Against the judge, NumPy arrays and SciPy


@pytest.mark.campaign(30)
@pytest.mark.parametrize(("seed", "is_block"), [*((s, False) for s in range(150)), *((s, True) for s in range(40))])
def test_random_operators_against_the_judge(seed: int, is_block: bool) -> None:
    """F, its transpose, adjoint and conjugate in random chunks, from the matrix that the judge writes out."""
    s = sample(seed, blocks=is_block)
    F, w = bound(s, seed)
    dense = as_numbers(exact_matrix(s.operator, s.sizes, w, s.boundary))
    rng = np.random.default_rng(seed)
    for G, matrix in ((F, dense), (F.T, dense.T), (F.H, dense.conj().T), (F.conj(), dense.conj())):
        x = random_array(rng, (2, *G.dims))
        y = G(chunked(x, seed))
        assert y.shape == (2, *G.dimsd)
        expected = (x.reshape(2, -1) @ matrix.T).reshape(y.shape)
        np.testing.assert_allclose(y.compute(), expected, rtol=0, atol=1e-11 * max(1, np.abs(expected).max(initial=0)))


@pytest.mark.campaign(15)
@pytest.mark.parametrize("seed", range(60))
def test_integers_are_exact(seed: int) -> None:
    s = sample(seed, "i", blocks=seed % 3 == 0)
    F, _ = bound(s, seed)
    rng = np.random.default_rng(seed)
    agree(F, rng.integers(-99, 99, (3, *F.dims)), seed, exactly=True)
    agree(F.T, rng.integers(-99, 99, (3, *F.dimsd)).astype(np.int16), seed, exactly=True)


CASES = list(product((1, 2, 3, 5), (1, 2, 3, 7), (1, 4, 9), ("singles", "uneven", "one")))


@pytest.mark.campaign(36)
@pytest.mark.parametrize(("up", "down", "taps", "how"), CASES)
def test_upfirdn(up: int, down: int, taps: int, how: str) -> None:
    """The 144 cases of SciPy's filter between rates."""
    rng = np.random.default_rng(up * 100 + down * 10 + taps)
    h, x = rng.standard_normal(taps), rng.standard_normal((2, 23))
    chunks = {"singles": (1,) * 23, "uneven": (1, 5, 1, 9, 7), "one": (23,)}[how]
    expected = upfirdn(h, x, up, down)
    F = (oa.Down(down) @ oa.Conv(h) @ oa.Up(up)).on(23, out=expected.shape[1])
    y = F(da.from_array(x, chunks=((2,), chunks)))
    np.testing.assert_allclose(y.compute(), expected, rtol=0, atol=1e-12)
    ends = np.cumsum(chunks)[:-1]
    inside = {-(-int(c) * up // down) for c in ends} & set(range(1, expected.shape[1]))
    assert np.cumsum(y.chunks[1])[:-1].tolist() == sorted(inside)


def into_chunks(n: int) -> st.SearchStrategy[tuple[int, ...]]:
    ends = st.sets(st.integers(1, n - 1), max_size=n - 1) if n > 1 else st.just(set())
    return ends.map(lambda found: tuple(int(c) for c in np.diff([0, *sorted(found), n])))


@settings(max_examples=150)
@given(st.data())
def test_any_chunks(data: st.DataObject) -> None:
    """Halos longer and shorter than the chunks and the array, for every boundary, forwards and back."""
    draw = data.draw
    n = draw(st.integers(1, 14))
    up, down = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    h = np.array(draw(st.lists(st.integers(-5, 5), min_size=1, max_size=20)))
    a = draw(st.integers(-30, 40))
    out = (a, a + draw(st.integers(0, 25)))
    A = oa.Shift(draw(st.integers(-9, 9))) @ oa.Down(down) @ oa.Conv(h) @ oa.Up(up)
    F = (A @ oa.Flip() if draw(st.booleans()) else A).on(n, out=out, boundary=draw(st.sampled_from(BOUNDARIES)))
    x = np.arange(1, n + 1) ** 2
    y = F(da.from_array(x, chunks=(draw(into_chunks(n)),)))
    np.testing.assert_array_equal(y.compute(), F(x))
    z = np.arange(2, 2 + F.shape[0]) ** 2
    back = F.T(da.from_array(z, chunks=(draw(into_chunks(len(z))) if len(z) else (0,),)))
    np.testing.assert_array_equal(back.compute(), F.T(z))


def test_empty_arrays() -> None:
    F = oa.Conv([1.0, 2.0]).on(0, out=4)
    assert F(da.zeros((2, 0))).compute().tolist() == [[0.0] * 4] * 2
    assert F.T(da.ones((3, 4), chunks=2)).compute().shape == (3, 0)
    assert oa.Conv([1.0]).on(5, out=(2, 2))(da.ones(5, chunks=2)).compute().shape == (0,)
    with pytest.raises(oa.WindowError, match="no samples"):
        oa.Identity().on(0, out=4, boundary="wrap")(da.zeros(0))


@pytest.mark.parametrize("dtype", ["float32", "complex64", "float64", "complex128", "float16", "int8", "uint16"])
@pytest.mark.parametrize("boundary", ["zero", "antireflect"])
def test_dtypes(dtype: str, boundary: str) -> None:
    x = random_array(np.random.default_rng(0), (2, 30), "complex128")
    x = (10 * (x if np.dtype(dtype).kind == "c" else np.abs(x.real))).astype(dtype)
    for taps in ([1, 2, -1], [0.5, 0.25], [1j, 2.0]):
        F = (oa.Down(2) @ oa.Conv(taps)).on(30, boundary=boundary)
        agree(F, x)
        agree(F.H, F(x))


def test_nan_reaches_what_reads_it() -> None:
    x = np.arange(40.0)
    x[[7, 31]] = np.nan, np.inf
    agree(oa.Conv([1.0, 0.0, 2.0]).on(40, boundary="symmetric"), x)
    weight = np.array([[[1.0, 0.0, 2.0], [1.0, 1.0, 0.0]]] * 2)
    agree(oa.nn.Conv(weight), np.stack([x, np.roll(x, 3)]))


# Layers and combinations

RNG = np.random.default_rng(5)
WEIGHT = RNG.standard_normal((6, 2, 3, 3))
POOLS = [
    {"kernel": (2, 2)},
    {"kernel": (3, 3), "stride": (2, 2), "padding": 1, "ceil_mode": True},
    {"kernel": (3, 2), "stride": (1, 4), "dilation": (2, 1)},
    {"kernel": (3, 3), "stride": (2, 1), "padding": "same"},
    {"kernel": 2, "stride": 5},
]
LAYERS = [
    oa.nn.Conv(WEIGHT, groups=2),
    oa.nn.Conv(WEIGHT, groups=2, stride=(2, 3), padding=1),
    oa.nn.Conv(WEIGHT, groups=2, padding="same", dilation=2),
    oa.nn.Conv(WEIGHT, groups=2, padding=[(2, -1), (-3, 4)], stride=(3, 1)),
    oa.nn.ConvTranspose(RNG.standard_normal((4, 3, 3, 3)), stride=2, padding=1, output_padding=1),
    oa.nn.ConvTranspose(RNG.standard_normal((4, 3, 2, 2)), stride=3, dilation=2),
    *(oa.nn.MaxPool(**pool) for pool in POOLS),
    *(oa.nn.AvgPool(**pool) for pool in POOLS),
    oa.nn.AvgPool((3, 3), (2, 2), 1, count_include_pad=False),
    oa.nn.Upsample((2, 3)),
    oa.nn.Upsample((2, 3), mode="linear"),
    oa.nn.PixelShuffle((2, 2)),
    oa.nn.PixelUnshuffle((2, 3), channels=4),
    oa.Pointwise("relu"),
    oa.Pointwise(sympy.Symbol("t") ** 3),
    oa.nn.MaxPool((2, 2)) @ oa.Pointwise("tanh") @ oa.nn.Conv(WEIGHT, groups=2, padding=1),
]


@pytest.mark.campaign(6)
@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_layers(layer: Any, dtype: str) -> None:
    x = RNG.standard_normal((2, 4, 16, 18)).astype(dtype)
    agree(layer, x, len(str(layer)))


@pytest.mark.campaign(3)
@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer.is_linear], ids=str)
def test_adjoints_of_layers(layer: Any) -> None:
    F = layer.on((16, 18) if layer.has_channels else (4, 16, 18))
    agree(F.H, RNG.standard_normal((2, *F.dimsd)))


def test_pools_of_integers_and_what_has_no_maximum() -> None:
    x = RNG.integers(-100, 100, (3, 17)).astype(np.int8)
    agree(oa.nn.MaxPool(3, 2, 1).on(17), x, exactly=True)
    with pytest.raises(oa.OperandError, match="no maximum"):
        oa.nn.MaxPool(2)(da.ones(6, dtype=complex))


def test_combinations() -> None:
    F = (oa.Down(2) @ oa.Conv([1.0, 2, 1])).on(40, boundary="reflect", out=20)
    G = oa.Conv([1j, 2]).on(20)
    x = RNG.standard_normal((2, 40))
    for H in (G @ F, (G @ F).H @ (G @ F) + 2 * oa.Identity().on(40), -F, F.T @ F - F.T @ F, F / 3, sympy.sqrt(2) * F):
        agree(H, x)
    agree(sympy.Rational(1, 3) * F, x.astype(np.float32))
    agree(3 * oa.Conv([1, 2]).on(40) + oa.Conv([5]).on(40, out=41), RNG.integers(-9, 9, 40), exactly=True)


def test_at_and_times_and_the_row_product() -> None:
    F = oa.Conv([[1.0, 2.0]]).on((3, 4))
    x = da.ones((3, 4), chunks=2)
    expected = F(np.ones((3, 4)))
    for y in (F @ x, F * x, x @ F.T, F(x)):
        assert isinstance(y, da.Array)
        np.testing.assert_array_equal(y.compute(), expected)
    np.testing.assert_array_equal(F(da.ones(12, chunks=5)).compute(), expected.reshape(-1))


def test_integers_that_overflow_are_refused() -> None:
    x = da.full(10, 2**61, chunks=3)
    for F in (oa.Conv([1, 3]).on(10), 5 * oa.Conv([1]).on(10), oa.Conv([3]).on(10) + oa.Conv([1]).on(10)):
        with pytest.raises(oa.IntegerOverflow):
            F(x).compute()
    with pytest.raises(oa.IntegerOverflow):
        oa.Identity().on(1, out=4, boundary="wrap").T(da.full(4, 2**61)).compute()


# What is lazy, and what is read


def never(block: np.ndarray) -> np.ndarray:
    raise AssertionError("a block was computed")


def test_nothing_is_computed() -> None:
    x = da.map_blocks(never, da.zeros((2, 4, 16), chunks=(1, 2, 3)), dtype=float, meta=np.zeros((0, 0, 0)))
    conv = oa.nn.Conv(np.ones((3, 4, 3)))
    F = (oa.Down(2) @ oa.Conv([1.0, 2.0])).on(16, boundary="wrap", out=8)
    for y in (conv(x), F(x), F.T(F(x)), oa.nn.MaxPool(2)(x), oa.Pointwise("relu")(x), conv.on(16).H(conv(x))):
        assert isinstance(y, da.Array)
        with pytest.raises(AssertionError, match="a block was computed"):
            y.compute()


@pytest.mark.parametrize(
    ("boundary", "block", "expected"),
    [
        ("zero", 3, {2, 3}),
        ("zero", 0, {0}),
        ("wrap", 0, {0, 9}),
        ("symmetric", 0, {0}),
        ("antireflect", 0, {0}),
        ("zero", 9, {8, 9}),
    ],
)
def test_a_block_reads_only_what_it_needs(boundary: str, block: int, expected: set[int]) -> None:
    read = set()

    def noted(x: np.ndarray, block_info: Any = None) -> np.ndarray:
        if block_info:
            read.add(block_info[0]["chunk-location"][0])
        return x

    x = da.map_blocks(noted, da.ones(1000, chunks=100), dtype=float, meta=np.zeros(0))
    y = oa.Conv(np.ones(7)).on(1000, mode="same", boundary=boundary)(x)
    assert y.chunks == x.chunks
    y.blocks[block].compute()
    assert read == expected


def test_tasks_grow_with_the_chunks_only() -> None:
    F = (oa.Down(3) @ oa.Conv(np.ones(31))).on(2**30, boundary="reflect")
    counts = [len(dict(F(da.zeros(2**30, chunks=2**30 // n)).dask)) for n in (32, 64)]
    assert counts[0] <= 3 * 32 + 2  # chunks, their edges, blocks
    assert counts[1] <= 3 * 64 + 2


def test_names_are_those_of_the_operator_and_the_input() -> None:
    def made(taps: Any = (1.0, 2.0), rule: str = "reflect") -> Any:
        return (oa.Down(2) @ oa.Conv(list(taps))).on(40, out=20, boundary=rule)

    x = da.ones((2, 40), chunks=7)
    F = made()
    name = F(x).name
    F(x).compute()  # what a run leaves with the operator changes no name
    F(np.ones(40))
    assert name == F(x).name == made()(x).name
    others = [made((1.0, 3.0))(x), made(rule="wrap")(x), F(x + 1), F.conj().conj()(2 * x), (-F)(x), F.T(F(x))]
    assert len({name, *(y.name for y in others)}) == 1 + len(others)
    weight = np.ones((1, 2, 3))
    conv = oa.nn.Conv(weight)(x)
    assert conv.name == oa.nn.Conv(weight)(x).name != oa.nn.Conv(2 * weight)(x).name
    assert oa.nn.MaxPool(2)(x).name == oa.nn.MaxPool(2)(x).name != oa.nn.MaxPool(3)(x).name


def test_threads_that_share_an_operator() -> None:
    """Blocks of different windows at once, by slices and by matrix products."""
    x = RNG.standard_normal((4, 3, 9_000)).astype(np.float32)
    layer = oa.nn.Conv(RNG.standard_normal((3, 3, 9)).astype(np.float32), padding=4)
    F = (oa.Down(3) @ oa.Conv(RNG.standard_normal(40).astype(np.float32)) @ oa.Up(2)).on(9_000, engine="numpy")
    for operator in (layer, F):
        y = operator(da.from_array(x, chunks=(2, 1, 101)))
        np.testing.assert_allclose(y.compute(scheduler="threads", num_workers=8), operator(x), rtol=0, atol=2e-4)


# Large, and elsewhere


@pytest.mark.long
def test_indices_beyond_32_bits() -> None:
    """x_n = n for 2³³ samples, of which a few blocks are made: every output is known from the definition."""
    n = 2**33
    x = da.arange(n, chunks=2**24)
    first = 2**31 + 12_345
    F = (oa.Down(3) @ oa.Conv([1, 2, 4])).on(n, boundary="symmetric")
    k = 3 * np.arange(first, first + 4)
    assert F(x)[first : first + 4].compute().tolist() == (k + 2 * (k - 1) + 4 * (k - 2)).tolist()
    G = (oa.Conv([1, 10]) @ oa.Up(2)).on(n)
    assert G(x)[2 * first : 2 * first + 4].compute().tolist() == [first, 10 * first, first + 1, 10 * first + 10]
    assert G.T(G(x))[first : first + 2].compute().tolist() == [101 * first, 101 * (first + 1)]
    wrapped = oa.Conv([1, 1]).on(n, mode="same", boundary="wrap")(x)
    assert wrapped[:2].compute().tolist() == [n - 1, 1]
    pooled = oa.nn.MaxPool(2)(x)
    assert pooled[-2:].compute().tolist() == [n - 3, n - 1]
    assert oa.nn.AvgPool(2)(x)[-1:].compute().tolist() == [n - 1.5]


def test_files_in_and_out(tmp_path: Any) -> None:
    shape = (3, 5000)
    stored = np.memmap(tmp_path / "x.raw", dtype="float32", mode="w+", shape=shape)
    stored[:] = RNG.standard_normal(shape)
    F = (oa.Down(2) @ oa.Conv([1.0, 2.0, 1.0])).on(5000, mode="same", boundary="wrap")
    result = np.memmap(tmp_path / "y.raw", dtype="float32", mode="w+", shape=(3, 2500))
    da.store(F(da.from_array(stored, chunks=(1, 700))), result)
    np.testing.assert_allclose(result, F(np.asarray(stored)), rtol=1e-6, atol=1e-6)


def test_zarr_in_and_out(tmp_path: Any) -> None:
    zarr = pytest.importorskip("zarr", reason="Zarr is not installed")
    x = zarr.create_array(store=str(tmp_path / "x.zarr"), shape=(6000,), chunks=(1000,), dtype="float64")
    x[:] = RNG.standard_normal(6000)
    F = (oa.Down(2) @ oa.Conv([1.0, 2.0, 1.0])).on(6000, mode="same", boundary="edge")
    y = F(da.from_zarr(str(tmp_path / "x.zarr")))
    y.to_zarr(str(tmp_path / "y.zarr"))
    np.testing.assert_allclose(zarr.open_array(str(tmp_path / "y.zarr"))[:], F(x[:]), rtol=1e-12, atol=1e-12)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # of sockets that end while others call them
def test_on_a_cluster_of_processes() -> None:
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install distributed")
    x = RNG.standard_normal((2, 3, 500))
    layer = oa.nn.MaxPool(2) @ oa.Pointwise("relu") @ oa.nn.Conv(RNG.standard_normal((4, 3, 5)), padding=2)
    F = (oa.Down(3) @ oa.Conv([1.0, 2.0, 1.0]) @ oa.Up(2)).on(500, boundary="wrap", out=300)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        for operator in (layer, F, F.H @ F):
            y = client.compute(operator(chunked(x))).result()
            np.testing.assert_allclose(y, operator(x), rtol=0, atol=1e-12)


# What is refused, and planted faults


def test_what_is_refused() -> None:
    F = oa.Conv([1.0, 2.0]).on(40)
    x = da.ones(40, chunks=7)
    with pytest.raises(oa.DimensionError, match=r"\(41,\)"):
        F(da.ones(41))
    with pytest.raises(oa.OperandError, match="dtype bool"):
        F(x > 0)
    with pytest.raises(oa.OperandError, match="compute_chunk_sizes"):
        F(x[x > 0])
    with pytest.raises(oa.OperandError, match="leave it out"):
        F(x, out=np.ones(41))
    for whole in (lambda: F.matvec(x), lambda: oa.nn.MaxPool(2).jacobian(x)):
        with pytest.raises(oa.OperandError, match=r"x\.compute\(\)"):
            whole()
    selection = oa.nn.MaxPool(2).jacobian(np.arange(40.0))
    with pytest.raises(oa.OperandError, match=r"x\.rechunk\(\{-1: -1\}\)"):
        selection(x)
    np.testing.assert_array_equal(selection(x.rechunk(-1)).compute(), np.ones(20))


def test_a_halo_that_is_one_short_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    read = blocks_of_windows.window_read

    def short(starts: Any, ends: Any, out: Window) -> Window:
        window = read(starts, ends, out)
        return Window(tuple(a + 1 for a in window.starts), tuple(max(0, n - 1) for n in window.shape))

    F = oa.Conv([1.0, 2.0, 3.0]).on(40)
    agree(F, RNG.standard_normal(40))
    monkeypatch.setattr(blocks_of_windows, "window_read", short)
    with pytest.raises(AssertionError):
        agree(F, RNG.standard_normal(40))


def test_a_fold_that_is_left_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    F = oa.Conv([1.0, 2.0, 3.0]).on(40, boundary="wrap")
    agree(F.T, RNG.standard_normal(42))
    monkeypatch.setattr(blocks_of_windows, "_folded", lambda *given: iter(()))
    with pytest.raises(AssertionError):
        agree(F.T, RNG.standard_normal(42))
