"""Short arrays on one axis: correlations and block matrices give the defining sum, for every rate, window and dtype."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import upfirdn

import opalgebra as oa
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways import short as toeplitz
from opalgebra.engine.ways.short import BlockToeplitz, Dots, geometry
from tests.engine.filters.test_fir import draw, draw_window, entries

WAYS = [Dots, BlockToeplitz]


def noise(shape, dtype="f8", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def cases(seeds):
    """Random filters of at most 9 taps between random windows, those that read something."""
    for seed in seeds:
        rng = random.Random(seed)
        fir = draw(rng, 1, False)
        if rng.random() < 0.5:
            taps = np.array([rng.randint(-3, 3) for _ in range(rng.randint(1, 9))])
            fir = Fir(taps, fir.start, fir.up, fir.down)
        written, read = (draw_window(rng, 1) for _ in range(2))
        if rng.random() < 0.5:
            written, read = (Window(w.starts, (w.shape[0] * 5,)) for w in (written, read))
        g = geometry(fir, written, read)
        if g is not None:
            yield fir, written, read, g


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_random_filters_are_the_defining_sum(way, is_cut, monkeypatch):
    if is_cut:  # many blocks, where one matrix would do
        monkeypatch.setattr(toeplitz, "_steps_of_block", lambda g: min(g.steps, 3))
    found = 0
    for fir, written, read, g in cases(range(400)):
        matrix = entries(fir, written, read)[0, 0]
        for dtype in ("f8", "c8", "i8") if way is Dots else ("f4", "c16"):
            run = way(fir, written, read, np.dtype(dtype), g)
            x = np.arange(1, read.size + 1).astype(dtype)
            y = run.run(x)
            assert y.dtype == dtype
            np.testing.assert_allclose(y, matrix @ x, rtol=0, atol=1e-3)
            given = np.full(written.size, 7, dtype)
            assert run.run(x, given, add=True) is given
            np.testing.assert_allclose(given, matrix @ x + 7, rtol=0, atol=1e-3)
            run.run(x[::-1], given)
            np.testing.assert_allclose(given, matrix @ x[::-1], rtol=0, atol=1e-3)
            found += isinstance(run, BlockToeplitz) and run.count > 1
        if way is BlockToeplitz:
            batch = noise((2, 3, read.size))
            np.testing.assert_allclose(BlockToeplitz(fir, written, read, batch.dtype, g).run(batch), batch @ matrix.T)
    assert (found > 100) == (way is BlockToeplitz and is_cut)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_finite_reaches_only_what_depends_on_it(way):
    for fir, written, read, g in cases(range(200)):
        matrix = entries(fir, written, read)[0, 0]
        for bad in (np.nan, np.inf):
            for at in range(0, read.size, 3):
                x = np.ones(read.size)
                x[at] = bad
                y = way(fir, written, read, x.dtype, g).run(x)
                assert np.array_equal(~np.isfinite(y), matrix[:, at] != 0)


def test_infinity_times_a_complex_tap_has_no_not_a_number_in_the_other_part():
    fir, window = Fir(np.array([2.0, 3j]), (0,), (1,), (1,)), Window((0,), (4,))
    x = np.array([1, np.inf, 1, 1])
    for way in WAYS:
        y = way(fir, window, window, np.dtype("c16"), geometry(fir, window, window)).run(x)
        assert y.tolist() == [2, complex(np.inf, 3), complex(2, np.inf), 2 + 3j]


SHAPES = [(3, 1, 1), (15, 1, 1), (31, 1, 1), (63, 1, 1), (31, 2, 1), (31, 1, 2), (61, 2, 3), (33, 3, 2), (40, 4, 6)]


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize(("taps", "up", "down"), SHAPES)
def test_all_sizes_against_scipy(taps, up, down, dtype):
    h = noise(taps, dtype)
    A = oa.Down(down) @ oa.Conv(h) @ oa.Up(up)
    wide = np.result_type(np.dtype(dtype), np.float64)
    for n in (16, 40, 64, 256, 1024, 4096):
        F = A.on(n)
        for lead in ((), (32,)):
            x = noise((*lead, n), dtype, seed=n)
            expected = upfirdn(h.astype(wide), x.astype(wide), up, down)[..., : F.dimsd[0]]
            scale = upfirdn(np.abs(h).astype(float), np.abs(x).astype(float), up, down)[..., : F.dimsd[0]]
            for y in (F(x), F(x), np.apply_along_axis(F, -1, x)):
                assert y.dtype == dtype
                assert y.shape == (*lead, *F.dimsd)
                assert y.flags.c_contiguous
                assert y.flags.writeable
                assert np.all(np.abs(y - expected) <= 8 * np.finfo(dtype).eps * scale)


def test_long_sparse_filters_are_not_multiplied_out():
    A = oa.DilatedConv(noise(3), 500)
    (step,) = A.on(1500).explain().steps
    assert step.way == "slices"


def test_the_ways_by_size():
    def ways(n):
        return [step.way for step in oa.Conv(noise(31)).on(n).explain().steps]

    assert ways(16) == ways(64) == ["dot products"]
    assert ways(1024) == ["blocks"]
    assert ways(10**5) == ["tiles"]


def test_a_call_that_is_remembered_serves_no_other_array():
    F, x = (oa.Down(2) @ oa.Conv([1.0, 2.0, 4.0])).on(6), noise(6)
    y = F(x)
    assert F(x.astype("f4")).dtype == np.float32
    assert np.array_equal(F(np.stack([x, 2 * x])), [y, 2 * y])
    assert F(np.arange(6)).dtype == np.float64
    assert np.array_equal(F(x.astype(">f8")), y)
    with pytest.raises(oa.DimensionError):
        F(x[:5])
    with pytest.raises(oa.OperandError, match="masked"):
        F(np.ma.masked_array(x, x > 0))
    assert np.array_equal(F(x), y)
    for G in (F, F.H):
        kept = len(pickle.dumps(G))
        G(noise(G.dims))
        assert len(pickle.dumps(G)) == kept


def test_results_do_not_depend_on_what_ran_before():
    h, x = noise(31), noise((32, 200))
    alone = [oa.Conv(h).on(200)(row) for row in x]
    F = oa.Conv(h).on(200)
    F(x), F(x.astype("f4")), F.H(F(x[0]))
    assert all(np.array_equal(F(row), y) for row, y in zip(x, alone, strict=True))


def test_small_calls_load_no_compiler(root: Path) -> None:
    code = """
import sys
import numpy as np
import opalgebra as oa
for n in (16, 64, 400):
    h = np.ones(31)
    for A in (oa.Conv(h), oa.StridedConv(h, 2), oa.TransposedConv(h, 2), oa.Conv(h) + oa.Flip() @ oa.Conv(h[:9])):
        F = A.on(n)
        F.H(F(np.ones(n)))
        F(np.ones((2, n), "f4"))
print(*sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert {"numba", "sympy", "scipy"}.isdisjoint(run.stdout.split())


def test_multiply_adds_are_the_entries_of_the_matrix():
    """Every pair of an output and a tap that reads a sample, taps that are zero left out."""
    for seed in range(150):
        rng = random.Random(seed)
        fir = draw(rng, rng.choice((1, 1, 2, 3)), False)
        written, read = (draw_window(rng, len(fir.start)) for _ in range(2))
        ones = Fir((fir.taps != 0).astype(int), fir.start, fir.up, fir.down)
        assert fir.multiply_adds(written, read) == entries(ones, written, read).sum()
