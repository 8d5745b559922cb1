"""The compiled filters: against the definition, in every way they run, and nothing else touched."""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import fft, signal

import opalgebra as oa
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.compiled import Blocks, Boxes, OverlapSave, boxes, fir, overlap, plan, plans, runs, threads
from opalgebra.engine.ways.compiled.loops import layout
from tests.compiled_naive import DTYPES, INEXACT, Case, draw, draw_case

by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
by_inexact = pytest.mark.parametrize("dtype", INEXACT, ids=str)


def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles as small as they get and threads for anything: inner tiles, ragged ones and ends in short arrays."""
    for name in ("TILE_BYTES", "PATCH_BYTES"):
        monkeypatch.setattr(plans, name, 64)
    monkeypatch.setattr(runs, "THREAD_WORK", 0)
    monkeypatch.setattr(plans, "PIECE_WORK", 1)


# The definition -------------------------------------------------------------------------------------------------------


@by_dtype
@pytest.mark.parametrize(("rank", "count"), [(1, 120), (2, 60), (3, 15)])
def test_random_filters(dtype: np.dtype, rank: int, count: int) -> None:
    rng = np.random.default_rng(rank)
    for i in range(count):
        case = draw_case(rng, dtype, rank)
        case.x.setflags(write=i % 5 > 0)
        before = case.x.copy()
        assert case.agrees(case.made(plan).run(case.x)), case
        assert np.array_equal(case.x, before)


@by_dtype
@pytest.mark.parametrize("prefers_sums", [True, False])
def test_vectors_and_single_sums(dtype: np.dtype, prefers_sums: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "prefers_sums", lambda *_: prefers_sums)
    rng = np.random.default_rng(77)
    for _ in range(30):
        case = draw_case(rng, dtype, 1)
        made = case.made(plan)
        assert made.kind == ("sums" if prefers_sums else "tiles")
        assert case.agrees(made.run(case.x)), case


@by_dtype
def test_small_tiles_in_threads(dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    small_tiles(monkeypatch)
    rng = np.random.default_rng(3)
    for rank in [1] * 4 + [2] * 12:
        case = draw_case(rng, dtype, rank, long=rank == 1)
        made = case.made(plan)
        y = made.run(case.x, threads=3)
        assert case.agrees(y), case
        assert np.array_equal(y, made.run(case.x, threads=1))
        twice = y.copy()
        assert made.run(case.x, twice, add=True, threads=2) is twice
        assert np.array_equal(twice, y + y)


@by_dtype
def test_the_same_as_slices(dtype: np.dtype) -> None:
    rng = np.random.default_rng(5)
    for i in range(100):
        case = replace(draw_case(rng, dtype, 1 + i % 3), rules=["zero"] * (1 + i % 3))
        if case.taps.size:
            y = case.made(plan).run(case.x)
            want = np.zeros_like(y)
            written, read = (Window(*map(tuple, zip(*pairs, strict=True))) for pairs in (case.out, case.read))
            Fir(case.taps, tuple(case.start), tuple(case.up), tuple(case.down)).add_to(want, case.x, written, read)
            np.testing.assert_allclose(y, want, rtol=0, atol=0 if dtype.kind == "i" else 3e3 * np.finfo(dtype).eps)


@by_inexact
def test_a_nan_reaches_only_what_depends_on_it(dtype: np.dtype) -> None:
    rng = np.random.default_rng(9)
    for _ in range(30):
        case = draw_case(rng, dtype, 1)
        if case.x.size:
            at = np.zeros(case.x.shape, bool)
            at[..., at.shape[-1] // 2] = True
            y = case.made(plan).run(np.where(at, dtype.type(np.nan), case.x))
            assert np.array_equal(np.isnan(y), case.reach(at)), case


# Long filters ---------------------------------------------------------------------------------------------------------


def long_case(rng: np.random.Generator, dtype: np.dtype) -> Case:
    """A filter along one of up to three axes, between any rates."""
    rank = int(rng.integers(1, 4))
    axis = int(rng.integers(rank))
    one = draw_case(rng, dtype, 1, long=True)
    taps = draw(rng, int(rng.integers(1, 600)), one.taps.dtype)
    sizes, at = rng.integers(1, 4, rank).tolist(), rng.integers(-5, 5, rank).tolist()
    sizes[axis] = one.x.shape[-1]

    def spread(wanted: Any, others: list[Any]) -> list[Any]:
        return [wanted[0] if r == axis else other for r, other in enumerate(others)]

    start = spread(one.start, rng.integers(-5, 5, rank).tolist())
    read = spread(one.read, list(zip(at, sizes, strict=True)))
    out = spread(one.out, [(a + j, n) for a, j, n in zip(at, start, sizes, strict=True)])
    x = draw(rng, (2, *sizes), dtype)
    shape = spread([taps.size], [1] * rank)
    up, down = spread(one.up, [1] * rank), spread(one.down, [1] * rank)
    return Case(taps.reshape(shape), start, up, down, out, read, spread(one.rules, ["zero"] * rank), x)


def blocks_of(case: Case, size: int | None = None) -> Blocks:
    """Its blocks, of the given size if that is long enough."""
    found = Blocks.of(case.taps, case.start, case.up, case.down, case.out, case.read, case.x.dtype)
    assert found is not None
    return found if size is None or size < 2 * found.length else replace(found, size=size)


@pytest.mark.campaign(1)
@by_inexact
def test_overlap_save(dtype: np.dtype) -> None:
    rng = np.random.default_rng(3)
    for i in range(60):
        case = long_case(rng, dtype)
        direct = case.made(plan)
        fast = OverlapSave.of(direct, blocks_of(case, [None, 512, 1024, 2048][i % 4]))
        want, y = direct.run(case.x), fast.run(case.x)
        error = 4 * np.finfo(dtype).eps * np.abs(case.taps).sum() * np.abs(case.x).max(initial=0)
        np.testing.assert_allclose(y, want, rtol=0, atol=error)
        assert np.array_equal(y, fast.run(case.x, threads=1 + i % 3))
        assert np.array_equal(fast.run(case.x, y.copy(), add=True, threads=3), y + y)
        if case.x.size:
            case.x.reshape(-1)[case.x.size // 2] = [np.nan, np.inf, -np.inf][i % 3]
            np.testing.assert_allclose(fast.run(case.x), direct.run(case.x), rtol=0, atol=error)


@pytest.mark.campaign(1)
@by_inexact
def test_overlap_save_by_the_definition(dtype: np.dtype) -> None:
    rng = np.random.default_rng(4)
    for _ in range(6):
        case = replace(long_case(rng, dtype), x=np.zeros(0))
        sizes = [n for _, n in case.read]
        case = replace(case, x=draw(rng, sizes, dtype))
        assert case.agrees(OverlapSave.of(case.made(plan), blocks_of(case)).run(case.x)), case


@by_inexact
@pytest.mark.parametrize("points", [1, 2**19])
def test_boxes(dtype: np.dtype, points: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "BOX_POINTS", points)  # with 1, boxes as small as they get
    rng, compared = np.random.default_rng(6), 0
    for i in range(40):
        case = draw_case(rng, dtype, 1 + i % 3)
        ones = [1] * (1 + i % 3)
        case = replace(case, up=ones, down=ones)
        cut = Boxes.of(case.taps, case.start, ones, ones, case.out, case.read, dtype)
        if cut is None:
            assert not case.taps.size
            continue
        direct = case.made(plan)
        fast = cut.made(direct)
        y = fast.run(case.x)
        assert case.agrees(y), case
        assert np.array_equal(y, fast.run(case.x, threads=3))
        assert np.array_equal(fast.run(case.x, y.copy(), add=True), y + y)
        compared += y.size > 0
        if case.x.size:
            case.x.reshape(-1)[case.x.size // 2] = [np.nan, np.inf][i % 2]
            np.testing.assert_array_equal(np.isfinite(fast.run(case.x)), np.isfinite(direct.run(case.x)))
    assert compared > 20


def test_lengths_of_boxes_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for size in [*range(1, 3000), *rng.integers(3000, 2**40, 500).tolist()]:
        assert boxes._fast(size, 1) == fft.next_fast_len(size, real=True)


def test_a_changed_spectrum_is_noticed() -> None:
    case = noticing()
    fast = OverlapSave.of(case.made(plan), blocks_of(case))
    assert case.agrees(fast.run(case.x))
    for row in range(len(fast.spectra)):
        spectra = fast.spectra.copy()
        spectra[row, 5] += 1
        assert not case.agrees(replace(fast, spectra=spectra).run(case.x))


@pytest.mark.campaign(1)
@by_inexact
def test_combs_of_taps(dtype: np.dtype) -> None:
    """Taps a vector apart go by together; with gaps, in phases and in planes each still goes by once."""
    rng = np.random.default_rng(8)
    kinds = np.zeros(3, int)
    for i in range(12):
        rank, taps = 1 + i % 2, int(rng.integers(20, 200))
        h = draw(rng, (3, taps)[-rank:], dtype)
        h[rng.random(h.shape) < rng.choice([0, 0.1, 0.6])] = 0
        sizes = [4, 300][-rank:]
        rates = [[1] * rank, [1] * (rank - 1) + [int(rng.integers(1, 4))]]
        windows = [(0, n) for n in sizes]
        case = Case(h, [0] * rank, rates[0], rates[1], windows, windows, ["wrap"] * rank, draw(rng, sizes, dtype))
        made = case.made(plan)
        assert case.agrees(made.run(case.x)), case
        kinds += np.diff(made.ptr, axis=1).sum(axis=0)
        quads = made.at[:2, made.ptr[0, 0] : made.ptr[0, 1]].reshape(2, -1, 4)
        assert (np.diff(quads, axis=2) == layout.VECTOR_BYTES // made.real.itemsize).all()
    assert kinds.all()


@pytest.mark.parametrize("size", layout.SIZES)
def test_every_size_of_transforms(size: int) -> None:
    """A block of each size, whole and cut, against SciPy."""
    rng = np.random.default_rng(size)
    for taps in (1, 2, size // 2):
        h, x = draw(rng, taps, np.dtype("f8")), draw(rng, 2 * size + 7, np.dtype("f8"))
        case = Case(h, [0], [1], [1], [(0, x.size + taps - 1)], [(0, x.size)], ["zero"], x)
        y = OverlapSave.of(case.made(plan), blocks_of(case, size)).run(x)
        error = 4 * np.finfo(float).eps * np.abs(h).sum() * np.abs(x).max()
        np.testing.assert_allclose(y, signal.fftconvolve(x, h), rtol=0, atol=error)


def test_when_ffts_are_taken() -> None:
    def kind(taps: Any, up: int = 1, down: int = 1, dtype: Any = float, size: int = 90_000) -> str:
        h = np.ones(taps, int)
        others, front = [1] * (h.ndim - 1), [(0, 4)] * (h.ndim - 1)
        window = [*front, (0, size)]
        return fir(h, [0] * h.ndim, [*others, up], [*others, down], window, window, dtype).kind

    assert {kind(2000), kind(2000, dtype=np.complex64), kind(2000, up=2), kind(4000, down=-3)} == {"overlap-save"}
    assert kind((1, 2000)) == "overlap-save"
    assert {kind(10), kind(2000, dtype=int), kind(2000, up=160, down=147), kind(2000, size=20)} == {"tiles"}
    assert {kind((3, 2000)), kind(20_000)} == {"overlap-save"}
    assert {kind((2, 9)), kind(120_000, up=2, down=3), kind(100, dtype="f4")} == {"tiles"}


def test_work() -> None:
    square = plan(np.ones((3, 3)), [0, 0], [1, 1], [1, 1], [(0, 8), (0, 9)], [(0, 8), (0, 9)], "f4")
    assert square.multiply_adds == 8 * 9 * 9
    thin = plan(np.array([1.0, 0, 0, 1, 1]), [0], [3], [1], [(0, 10)], [(0, 4)], "c8")
    assert thin.multiply_adds == 2 * (4 * 2 + 3 * 1)  # phase 0 has taps 0 and 3, phase 1 has tap 4
    long = np.ones(1000)
    direct, fast = (make(long, [0], [1], [1], [(0, 90_000)], [(0, 90_000)], "f8") for make in (plan, fir))
    assert direct.multiply_adds == 90_000_000
    assert 90_000 < fast.multiply_adds < direct.multiply_adds


# A mistake is noticed -------------------------------------------------------------------------------------------------


def noticing() -> Case:
    rng = np.random.default_rng(0)
    return Case(np.arange(1.0, 8), [-2], [2], [3], [(0, 300)], [(0, 250)], ["wrap"], draw(rng, 250, np.dtype("f8")))


def test_a_moved_tap_is_noticed() -> None:
    case = noticing()
    made = case.made(plan)
    assert case.agrees(made.run(case.x))
    for k in range(1, made.taps.size):
        at = made.at.copy()
        at[:, k] = at[:, k - 1]
        assert not case.agrees(replace(made, at=at).run(case.x))


@pytest.mark.parametrize("lost", range(4))
def test_a_lost_piece_is_noticed(lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small_tiles(monkeypatch)
    cuts, case = threads._cuts, noticing()
    made, y = case.made(plan), np.full(300, np.nan)
    assert case.agrees(made.run(case.x, y, threads=2))
    y[:] = np.nan
    monkeypatch.setattr(threads, "_cuts", lambda *given: [p for i, p in enumerate(cuts(*given)) if i != lost])
    assert not case.agrees(made.run(case.x, y, threads=2))


# Memory ---------------------------------------------------------------------------------------------------------------


def guarded(values: np.ndarray) -> np.ndarray:
    """A copy whose last byte is the last before a page that nobody may touch."""
    pages = -(-max(values.nbytes, 1) // mmap.PAGESIZE)
    base = np.frombuffer(mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE), np.uint8)
    end = pages * mmap.PAGESIZE
    forbid = ctypes.CDLL(None, use_errno=True).mprotect
    assert forbid(ctypes.c_void_p(base.ctypes.data + end), ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    held = base[end - values.nbytes : end].view(values.dtype).reshape(values.shape)
    held[...] = values
    return held


def mark_scratch(monkeypatch: pytest.MonkeyPatch, marks: list[np.ndarray]) -> None:
    """Around the scratch memory of every thread lie sevens, which are collected."""
    share = plans.share

    def wide(plain: Any) -> Any:
        if plain is None or isinstance(plain, tuple):
            return plain and tuple(map(wide, plain))
        held = np.full(plain.size + 128, 7, plain.dtype)
        marks.append(held)
        return held[64:-64].reshape(plain.shape)

    def marked(part: Any, steps: int, threads: int, work: Callable[[], Any] = lambda: None, most: Any = None) -> None:
        share(part, steps, threads, lambda: wide(work()), most)

    for module in (plans, overlap):
        monkeypatch.setattr(module, "share", marked)


def are_whole(marks: list[np.ndarray]) -> bool:
    return bool(marks) and all((m[:64] == 7).all() and (m[-64:] == 7).all() for m in marks)


@pytest.mark.skipif(sys.platform != "linux", reason="protects pages as Linux does")
@pytest.mark.parametrize("tiles", ["small", "large"])
def test_nothing_outside_is_touched(tiles: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if tiles == "small":
        small_tiles(monkeypatch)
    marks: list[np.ndarray] = []
    mark_scratch(monkeypatch, marks)
    rng = np.random.default_rng(1)
    for i in range(60):
        case = draw_case(rng, DTYPES[i % 5], 1 + i % 2, long=i % 2 == 0)
        case = replace(case, down=[abs(m) for m in case.down])  # reversed inputs are copied
        made = case.made(plan if i % 4 else fir)
        want = made.run(case.x)
        assert np.array_equal(made.run(guarded(case.x), guarded(np.zeros_like(want))), want)
        held = np.full(want.size + 64, 5, want.dtype)
        made.run(case.x, held[32 : 32 + want.size].reshape(want.shape))
        assert (held[:32] == 5).all()
        assert (held[32 + want.size :] == 5).all()
    assert are_whole(marks)


@pytest.mark.campaign(1)
@pytest.mark.skipif(sys.platform != "linux", reason="protects pages as Linux does")
@by_inexact
def test_overlap_save_touches_nothing_outside(dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    marks: list[np.ndarray] = []
    mark_scratch(monkeypatch, marks)
    rng = np.random.default_rng(3)
    for _ in range(10):
        case = long_case(rng, dtype)
        fast = OverlapSave.of(case.made(plan), blocks_of(case, 512))
        want = fast.run(case.x)
        assert np.array_equal(fast.run(guarded(case.x), guarded(np.zeros_like(want))), want)
    assert are_whole(marks)


def test_layouts_of_arrays() -> None:
    case = noticing()
    made = case.made(plan)
    want = made.run(case.x)
    odd = np.zeros(250 * 8 + 1, np.uint8)[1:].view("f8")
    odd[:] = case.x
    assert not odd.flags.aligned
    for x in (odd, np.repeat(case.x, 2)[::2], case.x[::-1].copy()[::-1], case.x.view(np.recarray)):
        assert np.array_equal(made.run(x), want)


def test_the_output_may_overlap_the_input() -> None:
    shift = plan(np.ones(5), [-3], [1], [1], [(0, 5000)], [(0, 5000)], "f8")
    square = plan(np.ones((2, 3)), [0, 0], [1, 1], [1, 1], [(0, 50), (0, 100)], [(0, 50), (0, 100)], "f8")
    fast = OverlapSave.of(shift, blocks_of(Case(np.ones(5), [-3], [1], [1], [(0, 5000)], [(0, 5000)], [], np.zeros(1))))
    cut = Boxes.of(np.ones((2, 3)), [0, 0], [1, 1], [1, 1], [(0, 50), (0, 100)], [(0, 50), (0, 100)], np.dtype("f8"))
    assert cut is not None
    for made in (shift, fast, square, cut.made(square)):
        for value in (1, np.nan):  # with a NaN the transforms give way to sums, which read x again
            x = np.random.default_rng(0).standard_normal(getattr(made, "direct", made).shape_in)
            x.reshape(-1)[700] = value
            want = made.run(x)
            assert made.run(x, x) is x
            assert np.array_equal(x, want, equal_nan=True)


# Refusals -------------------------------------------------------------------------------------------------------------


def test_wrong_arrays_are_refused() -> None:
    made = plan(np.ones(3), [0], [1], [1], [(0, 9)], [(0, 9)], "f8")
    frozen = np.ones(9)
    frozen.setflags(write=False)
    for x in (np.ones(8), np.ones(9, "f4"), np.ones(9, ">f8"), np.ones(())):
        with pytest.raises(oa.WindowError, match="the input is"):
            made.run(x)
    for y in (np.ones(18)[::2], np.ones(8), np.ones(9, "f4"), frozen):
        with pytest.raises(oa.WindowError, match="the output is"):
            made.run(np.ones(9), y)
    for most, error in ((0, oa.FactorError), (2.0, oa.FactorTypeError), (True, oa.FactorTypeError)):
        with pytest.raises(error, match="number of threads"):
            made.run(np.ones(9), threads=most)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"dtype": "f2"}, oa.OperandError, "float16"),
        ({"dtype": ">f8"}, oa.OperandError, ">f8"),
        ({"dtype": "i8"}, oa.KernelError, "float64 do not fit arrays of int64"),
        ({"taps": np.ones(3) * 1j}, oa.KernelError, "complex128 do not fit"),
        ({"taps": np.ones((3, 3))}, oa.DimensionError, "2 axes"),
        ({"taps": np.ones(())}, oa.DimensionError, "0 axes"),
        ({"up": [0]}, oa.FactorError, "L ≥ 1"),
        ({"down": [0]}, oa.FactorError, "M ≠ 0"),
        ({"out": [(0, -1)]}, oa.WindowError, "size ≥ 0"),
        ({"out": [(2**62, 9)]}, oa.WindowError, "indices reach"),
        ({"up": [2**31], "out": [(0, 9)]}, oa.WindowError, "indices reach"),
        ({"rules": "mirror"}, oa.WindowError, "'mirror'"),
        ({"rules": "wrap", "read": [(0, 0)]}, oa.WindowError, "empty array"),
    ],
)
def test_wrong_filters_are_refused(changed: dict[str, Any], error: type[Exception], message: str) -> None:
    given = {"taps": np.ones(3), "start": [0], "up": [1], "down": [1], "out": [(0, 9)], "read": [(0, 9)], "dtype": "f8"}
    with pytest.raises(error, match=message):
        plan(**{**given, **changed})
