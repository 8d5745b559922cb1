"""Ways of computing: each gives the same arrays, each is chosen where it should be, and can be forced."""

from __future__ import annotations

import pickle
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from scipy import signal

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Modulate, Repeat, Shift, Signal, Up
from opalgebra.engine.ways import choose as dispatch
from opalgebra.engine.ways import compiled
from opalgebra.engine.ways.dense import onednn
from opalgebra.engine.ways.way import Way
from tests.generate_bound import sample

DTYPES = ["f4", "f8", "c8", "c16"]
BOUNDARIES = ["zero", "wrap", "symmetric", "reflect", "edge", "antisymmetric", "antireflect"]
EPS = {"f4": 1.2e-7, "c8": 1.2e-7, "f8": 2.3e-16, "c16": 2.3e-16}


def noise(shape, dtype="f8", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def assert_close(a, b, dtype, scale=1.0):
    assert a.dtype == b.dtype
    assert np.abs(a - b).max(initial=0) <= 60 * EPS[dtype] * max(scale, float(np.abs(b).max(initial=0)))


OPERATORS = {
    "31 taps": Conv(Signal(noise(31), -15)),
    "up 2": Conv(noise(32)) @ Up(2),
    "down 2": Down(2) @ Conv(noise(31)),
    "2/3": Down(3) @ Conv(noise(61)) @ Up(2),
    "16/15": Down(15) @ Conv(noise(200)) @ Up(16),
    "complex taps": Conv(noise(9, "c16")),
    "reversed": Flip() @ Conv(noise(9)) @ Shift(3),
    "sum": Conv(noise(9)) + 2 * Shift(2) + Repeat(2) @ Down(2),
    "weights": Conv(noise(5)) @ Modulate([1.0, 0.0, -2.0]) @ Conv(noise(4)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPERATORS)
def test_compiled_code_gives_what_slices_give(name, dtype):
    A = OPERATORS[name]
    x = noise((2, 600), dtype)
    for boundary in BOUNDARIES:
        plain, fast = (A.on(600, out=(-7, 400), boundary=boundary, engine=engine) for engine in ("numpy", "numba"))
        assert_close(fast(x), plain(x), dtype)
        y = plain(x)
        assert_close(fast.T(y), plain.T(y), dtype)
        assert_close(fast.H(y), plain.H(y), dtype)


@pytest.mark.campaign(4)
@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("seed", range(0, 200, 25))
def test_random_operators_compiled_and_as_slices(seed, blocks):
    """The slices themselves are compared with the judge elsewhere."""
    for s in (sample(n, blocks=blocks) for n in range(seed, seed + 25)):
        slices, fast = (s.operator.on(s.n, boundary=s.boundary, out=wide(s), engine=e) for e in ("numpy", "numba"))
        x, y = (np.eye(n, dtype=np.complex128) for n in fast.shape[::-1])
        for plain, compiled_one, data in ((slices, fast, x), (slices.T, fast.T, y), (slices.H, fast.H, y)):
            expected = plain.matmat(data)
            tolerance = 1e-12 * max(1.0, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(compiled_one.matmat(data), expected, rtol=0, atol=tolerance)


def spans(F):
    return tuple(zip(F.out_window.starts, F.out_window.stops, strict=True))


def wide(s):
    """Some outputs more than the input reaches."""
    found = tuple((a - 2, b + 1) for a, b in spans(s.operator.on(s.n)))
    return found if len(found) > 1 else found[0]


@pytest.mark.parametrize("dtype", ["f4", "c16"])
def test_several_axes(dtype):
    A = Down((2, 1)) @ Conv(Signal(noise((5, 4)), (-2, 1))) @ Up((1, 3))
    x = noise((2, 40, 33), dtype)
    for boundary in ("zero", "reflect", ("wrap", "edge"), ("antireflect", "zero")):
        plain, fast = (A.on((40, 33), out=((-3, 20), (0, 90)), boundary=boundary, engine=e) for e in ("numpy", "numba"))
        assert_close(fast(x), plain(x), dtype)
        y = plain(x)
        assert_close(fast.H(y), plain.H(y), dtype)


def test_integers_are_exact_and_refused_where_they_could_overflow():
    A = Conv([3, -1, 4, 1, -5, 9, 2, 6])
    x = np.random.default_rng(0).integers(-(10**6), 10**6, 50_000)
    assert np.array_equal(A.on(50_000)(x), A.on(50_000, engine="numpy")(x))
    with pytest.raises(oa.IntegerOverflow):
        A.on(50_000)(x * 10**12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_filters_by_fft(dtype):
    A, x = Conv(noise(700)), noise((2, 5000), dtype)
    plain = A.on(5000, mode="same", boundary="symmetric", engine="numpy")
    for engine in ("fft", "auto"):
        fast = A.on(5000, mode="same", boundary="symmetric", engine=engine)
        assert_close(fast(x), plain(x), dtype, scale=100.0)
    with pytest.raises(oa.OperandError, match="one rate"):
        (Conv(noise((3, 3))) @ Up((2, 2))).on((8, 8), engine="fft")(noise((8, 8)))


FORCED = {
    "up 2": Conv(noise(40)) @ Up(2),
    "down 3": Down(3) @ Conv(noise(40)),
    "3/2": Down(2) @ Conv(noise(50)) @ Up(3),
    "reversed": Flip() @ Conv(noise(40)) @ Shift(3),
    "complex": Conv(noise(40, "c16")) @ Up(2),
    "first axis": Conv(Signal(noise((40, 1)), (-3, 0))) @ Up((2, 1)),
    "last axis": Down((1, 2)) @ Conv(noise((1, 40))),
    "plane": Conv(Signal(noise((9, 12)), (-4, 3))),
    "volume": Conv(noise((3, 4, 5))),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FORCED)
def test_ffts_give_what_slices_give(name, dtype):
    A = FORCED[name]
    n = {1: 720, 2: (60, 50), 3: (12, 13, 14)}[A.ndim or 1]
    for boundary in BOUNDARIES:
        plain, fast = (A.on(n, mode="same", boundary=boundary, engine=engine) for engine in ("numpy", "fft"))
        x = noise((2, *plain.dims), dtype)
        assert_close(fast(x), plain(x), dtype, scale=10.0)
        y = plain(x)
        assert_close(fast.T(y), plain.T(y), dtype, scale=10.0)
        assert_close(fast.H(y), plain.H(y), dtype, scale=10.0)


def test_a_nan_in_a_plane_reaches_only_what_depends_on_it():
    h, x = noise((5, 6)), noise((40, 50))
    x[20, 30] = np.nan
    y = Conv(h).on(x.shape, engine="fft")(x)
    reached = np.zeros(y.shape, bool)
    reached[20:25, 30:36] = True
    assert np.array_equal(np.isnan(y), reached)


@pytest.mark.parametrize(("taps", "n"), [((63, 63), (512, 512)), ((20_000,), (200_000,)), ((1, 3000), (20, 9000))])
def test_long_filters_take_ffts_and_are_exact_to_rounding(taps, n):
    for dtype in ("f4", "f8"):
        h, x = noise(taps, dtype), noise(n, dtype, seed=1)
        F = Conv(h).on(n)
        assert [step.way for step in F.explain().steps] == ["overlap-save"]
        assert "FFTs" in str(F.explain())
        wide = np.longdouble if dtype == "f8" else float
        expected = signal.fftconvolve(x.astype(wide), h.astype(wide))
        scale = signal.fftconvolve(np.abs(x).astype(wide), np.abs(h).astype(wide))
        floor = scale.max() * (1e-8 if dtype == "f4" else 1)
        assert np.all(np.abs(F(x) - expected) <= 4 * EPS[dtype] * np.maximum(scale, floor))


def test_a_large_sample_does_not_blur_small_ones_in_single_precision():
    h, x = noise(700, "f4"), noise(20_000, "f4")
    x[10_000] = 1e6
    F = Conv(h).on(len(x), mode="same")
    assert [step.way for step in F.explain().steps] == ["overlap-save"]
    expected = np.convolve(x.astype(float), h.astype(float))[: len(x)]
    scale = np.convolve(np.abs(x).astype(float), np.abs(h).astype(float))[: len(x)]
    error = np.abs(F(x) - expected)
    assert np.all(error <= 4 * EPS["f4"] * scale + 1e-8 * scale.max() * EPS["f4"])


def test_large_arrays_against_scipy():
    h, x = noise(61, "f4"), noise(200_000, "f4")
    F = (Down(3) @ Conv(h) @ Up(2)).on(len(x))
    assert "tiles" in str(F.explain())
    expected = signal.upfirdn(h.astype(float), x.astype(float), 2, 3)
    scale = signal.upfirdn(np.abs(h).astype(float), np.abs(x).astype(float), 2, 3)
    assert np.all(np.abs(F(x) - expected) <= 4 * EPS["f4"] * scale)


def test_the_choice_depends_on_the_work_and_says_why(monkeypatch):
    monkeypatch.setattr(onednn, "library", lambda: None)
    A = Conv(noise(31))
    small, large, long = A.on(100), A.on(100_000), Conv(noise(2000)).on(100_000)
    assert [step.way for step in small.explain().steps] == ["dot products"]
    assert "matrix" not in str(small.explain())
    assert "matrix" not in str(A.on(16).explain())
    assert "through its matrix" in str((A + Flip()).on(16).explain())
    assert [step.way for step in large.explain().steps] == ["tiles"]
    assert [step.way for step in long.explain().steps] == ["overlap-save"]
    assert [step.way for step in Down(2).on(10**6).explain().steps] == ["slices"]
    assert "no arithmetic" in str(Down(2).on(10**6).explain())
    layer = oa.nn.Conv(noise((4, 3, 3, 3), "f4"))
    for size, way, why in ((64, "tiles", "415,152 multiply-adds"), (8, "columns", "3,888 multiply-adds")):
        (step,) = layer.on((size, size)).explain().steps
        assert (step.way, step.why) == (way, f"taps are matrices between channels, {why}")
    (step,) = oa.nn.Conv(noise((256, 256, 1, 2), "f4")).on((3, 4)).explain().steps
    assert (step.way, step.why) == ("products", "taps are matrices between channels, only 9 positions")
    (step,) = oa.nn.Conv(noise((256, 256, 1, 1), "f4")).on((3, 3)).explain().steps
    assert (step.way, step.why) == ("matrix product", "taps are matrices between channels, 589,824 multiply-adds")
    assert [step.why for step in A.on(100_000, engine="numpy").explain().steps] == ["asked for"]


def test_a_plan_is_explained_like_a_query():
    F = (Down(2) @ Conv([1.0, 2.0, 1.0])).on(1000, mode="same", boundary="reflect")
    plan = F.explain()
    (extend, stage) = plan.steps
    assert (extend.text, extend.multiply_adds) == ("extend reflect", 0)
    assert (stage.naive, stage.multiply_adds) == (500 * 2 * 3, 1500)
    assert plan.naive == 3000
    assert stage.bytes == 8 * (1001 + 500)
    large = (Down(2) @ Conv([1.0, 2.0, 1.0])).on(10**6, mode="same", boundary="reflect").explain()
    assert [step.text for step in large.steps] == ["3 taps, ↓2, reflect"]  # the ends are read as they lie
    lines = str(large).splitlines()
    assert lines[0].split()[:4] == ["stage", "input", "output", "naive"]
    assert "because" in lines[0]


def test_no_padded_copy_of_a_long_signal():
    """Peak memory of a run is the output and less than a tenth more."""
    x = noise(2**20, "f4")
    for boundary in ("zero", "symmetric", "wrap"):
        F = Conv(noise(31)).on(len(x), mode="same", boundary=boundary)
        F(x)
        tracemalloc.start()
        F(x)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak <= 1.1 * x.nbytes


def test_an_infinite_sample_reaches_only_what_depends_on_it():
    for n in (30, 40_000):
        x = noise(n)
        x[n // 2] = np.nan
        F = (Down(2) @ Conv(noise(7))).on(n)
        reached = np.flatnonzero(np.isnan(F(x)))
        assert reached.tolist() == [k for k in range(n // 2 // 2, n // 2 // 2 + 5) if 0 <= 2 * k - n // 2 <= 6]


def test_threads_do_not_change_a_bit():
    x, F = noise(300_000), (Down(3) @ Conv(noise(61)) @ Up(2)).on(300_000)
    before = compiled.get_threads()
    try:
        results = []
        for count in (1, 2, 3):
            oa.set_threads(count)
            results.append(F(x))
    finally:
        oa.set_threads(before)
    assert all(np.array_equal(results[0], y) for y in results[1:])
    for bad in (0, -1, 1.5, True, "2"):
        with pytest.raises((ValueError, TypeError), match="threads"):
            oa.set_threads(bad)


@pytest.mark.parametrize("n", [12, 3000, 100_000])
def test_results_are_written_where_one_says(n):
    F = (Down(2) @ Conv([1.0, 2.0, 1.0])).on(n, mode="same", boundary="edge")
    x, out = noise((2, n)), np.full((2, F.dimsd[0]), np.nan)
    assert F(x, out=out) is out
    assert_close(out, F(x), "f8")
    strided = np.full((2, 2 * F.dimsd[0]), np.nan)[:, ::2]
    assert F(x, out=strided) is strided
    assert_close(np.ascontiguousarray(strided), F(x), "f8")


def test_bad_outputs_are_refused_before_anything_is_written():
    F = Conv([1.0, 2.0]).on(5, mode="same")
    x = np.arange(10.0)
    with pytest.raises(oa.DimensionError, match="out has shape"):
        F(x[:5], out=np.zeros(6))
    with pytest.raises(oa.DimensionError, match="out has type"):
        F(x[:5], out=[0.0] * 5)
    with pytest.raises(oa.OperandError, match="dtype float32"):
        F(x[:5], out=np.zeros(5, "f4"))
    locked = np.zeros(5)
    locked.flags.writeable = False
    with pytest.raises(oa.OperandError, match="read-only"):
        F(x[:5], out=locked)
    with pytest.raises(oa.OperandError, match="overlaps"):
        F(x[:5], out=x[3:8])
    assert x.tolist() == list(range(10))


def test_engines_are_checked():
    for bad in ("gpu", None, 3):
        with pytest.raises(oa.OperandError, match="engine"):
            Conv([1.0]).on(3, engine=bad)


def test_without_numba_slices_are_used_and_said_so(monkeypatch):
    monkeypatch.setattr(dispatch.compiled, "available", lambda: False)
    F, x = Conv(noise(31)).on(50_000), noise(50_000)
    with pytest.warns(RuntimeWarning, match="pip install numba"):
        y = F(x)
    monkeypatch.undo()
    assert_close(y, Conv(noise(31)).on(50_000)(x), "f8")
    monkeypatch.setattr(dispatch.compiled, "available", lambda: False)
    with pytest.raises(oa.OperandError, match="needs Numba"):
        Conv([1.0]).on(3, engine="numba")


def test_a_row_is_all_that_a_new_way_needs(monkeypatch):
    """A way that continues arrays and divides by itself: chosen, planned, run and explained from its row alone."""
    made = []

    class Planned:
        def __init__(self, fir, written, read, dtype, rules, divisor):
            self.inner = compiled.plan(
                fir.taps, fir.start, fir.up, fir.down, *map(spans_of, (written, read)), dtype, rules
            )
            self.divisor = divisor
            made.append((rules, divisor))

        def run(self, x, y=None, add=False):
            assert not add
            found = self.inner.run(x, y)
            found /= self.divisor
            return found

    def spans_of(window):
        return list(zip(window.starts, window.shape, strict=True))

    def suits(job):
        return "it is new" if job.is_plain("auto") and job.action.taps.size == 7 else None

    row = Way("new", suits, plan=Planned, continues=True, casts=True, divides=True)
    monkeypatch.setattr(dispatch, "WAYS", (row, *dispatch.WAYS))
    F, x = (Fraction(1, 3) * Conv(np.arange(1.0, 8))).on(500, boundary="reflect", mode="same"), noise(500)
    assert {(step.way, step.why) for step in F.explain().steps if "taps" in step.text} == {("new", "it is new")}
    y = F._computed(x, False, False, None)
    monkeypatch.undo()
    assert made == [(("reflect",), 3)]
    assert_close(y, (Fraction(1, 3) * Conv(np.arange(1.0, 8))).on(500, boundary="reflect", mode="same")(x), "f8")


def test_a_pickle_leaves_out_what_a_run_has_made():
    F = (Down(2) @ Conv(noise(31))).on(40_000, boundary="edge")
    x, fresh = noise(40_000), len(pickle.dumps(F))
    y = F(x)
    assert len(pickle.dumps(F)) == fresh
    assert np.array_equal(pickle.loads(pickle.dumps(F))(x), y)


def test_the_input_is_never_modified():
    for n in (16, 50_000):
        x = noise(n)
        kept = x.copy()
        x.flags.writeable = False
        F = Conv(noise(31)).on(n, mode="same", boundary="antisymmetric")
        F(x)
        F.T(x)
        assert np.array_equal(x, kept)
