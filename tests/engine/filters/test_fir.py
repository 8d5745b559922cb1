"""The filter between two rates: every place, its transpose, its windows and its letters, from the defining sum."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir

Ints = tuple[int, ...]


def draw(rng: random.Random, ndim: int, mixes: bool) -> Fir:
    shape = tuple(rng.randint(1, 4 if ndim == 1 else 2) for _ in range(ndim))
    full = (rng.randint(1, 2), rng.randint(1, 3), rng.randint(1, 3), *shape) if mixes else shape
    taps = np.array([rng.randint(-3, 3) for _ in range(int(np.prod(full)))]).reshape(full)
    choices = (range(-4, 4), (1, 1, 2, 3, 4), (1, 1, 2, 3, 4, -1, -2, -3))
    start, up, down = (tuple(rng.choice(of) for _ in range(ndim)) for of in choices)
    return Fir(taps, start, up, down, mixes)


def draw_window(rng: random.Random, ndim: int) -> Window:
    size = 7 if ndim == 1 else 3
    starts, shape = (tuple(rng.randint(low, size) for _ in range(ndim)) for low in (-6, 0))
    return Window(starts, shape)


def entries(fir: Fir, written: Window, read: Window) -> np.ndarray:
    """y_n = Σ_j h_j x_m with L m = M n − j, every triple tried; (…channels, n, m) with windows flattened."""
    taps = fir.taps if fir.mixes else fir.taps[(None,) * 3]
    groups, outs, ins = taps.shape[:3]
    made = np.zeros((groups * outs, groups * ins, written.size, read.size), dtype=int)
    for (i, n), (j, m) in product(enumerate(_cells(written)), enumerate(_cells(read))):
        at = tuple(d * a - u * b - s for a, b, u, d, s in zip(n, m, fir.up, fir.down, fir.start, strict=True))
        if all(0 <= t < k for t, k in zip(at, fir.shape, strict=True)):
            for g in range(groups):
                made[g * outs : (g + 1) * outs, g * ins : (g + 1) * ins, i, j] += taps[(g, ..., *at)]
    return made


def _cells(window: Window) -> list[Ints]:
    return list(product(*[range(a, b) for a, b in zip(window.starts, window.stops, strict=True)]))


def run(fir: Fir, x: np.ndarray, written: Window, read: Window) -> np.ndarray:
    channels = (fir.taps.shape[0] * fir.taps.shape[1],) if fir.mixes else ()
    lead = x.shape[: x.ndim - len(read.shape) - len(channels)]
    y = np.zeros((*lead, *channels, *written.shape), dtype=x.dtype)
    fir.add_to(y, x, written, read)
    return y


CASES = [(seed, ndim, mixes) for ndim, count in ((1, 150), (2, 50), (3, 15)) for seed in range(count)
         for mixes in (False, True)]  # fmt: skip


@pytest.mark.campaign(86)
@pytest.mark.parametrize(("seed", "ndim", "mixes"), CASES)
def test_a_run_is_the_defining_sum_and_its_transpose_the_transpose(seed: int, ndim: int, mixes: bool) -> None:
    rng = random.Random(f"{seed} {ndim} {mixes}")
    fir, written, read = draw(rng, ndim, mixes), draw_window(rng, ndim), draw_window(rng, ndim)
    dense = entries(fir, written, read)
    numbers = np.random.default_rng(seed)
    for action, matrix, source, target in (
        (fir, dense, read, written),
        (fir.transposed, dense.transpose(1, 0, 3, 2), written, read),
    ):
        channels = matrix.shape[1:2] if mixes else ()
        x = numbers.integers(-9, 9, (2, *channels, *source.shape))
        flat = x.reshape(2, matrix.shape[1], source.size)
        expected = np.einsum("oinm,bim->bon", matrix, flat)
        y = run(action, x, target, source)
        assert y.shape == (2, *(matrix.shape[:1] if mixes else ()), *target.shape)
        assert np.array_equal(y.reshape(expected.shape), expected)


@pytest.mark.campaign(36)
@pytest.mark.parametrize(("seed", "ndim", "mixes"), CASES[::3])
def test_windows_hold_all_that_is_read_and_reached(seed: int, ndim: int, mixes: bool) -> None:
    rng = random.Random(f"windows {seed} {ndim}")
    fir, window = draw(rng, ndim, False), draw_window(rng, ndim)
    if not window.size:
        assert not fir.reads(window).size
        return
    for found, dense_axis in ((fir.reads(window), 1), (fir.reaches(window), 0)):
        wide = Window(tuple(a - 3 for a in found.starts), tuple(n + 6 for n in found.shape))
        pair = (window, wide) if dense_axis else (wide, window)
        ones = Fir(np.ones_like(fir.taps), fir.start, fir.up, fir.down)
        used = np.argwhere(entries(ones, *pair)[0, 0].any(axis=1 - dense_axis)).ravel()
        for cell in (_cells(wide)[i] for i in used):
            assert all(a <= c < b for a, c, b in zip(found.starts, cell, found.stops, strict=True))


LETTERS = ["down", "shift", "flip", "up", "filter"]


@pytest.mark.campaign(30)
@pytest.mark.parametrize("seed", range(120))
def test_letters_after_a_filter(seed: int) -> None:
    """Merged, and one after the other through a window that is wide enough."""
    rng = random.Random(f"letters {seed}")
    ndim, name = rng.choice([1, 1, 2]), rng.choice(LETTERS)
    fir = draw(rng, ndim, False)
    if name in ("up", "filter"):  # merged with a single tap only
        fir = Fir(
            np.full((1,) * ndim, rng.choice([1, -2])), fir.start, fir.up, tuple(rng.choice([1, -1]) for _ in fir.up)
        )
        assert fir.is_single
    unit = Fir.identity(ndim)
    k, s = (tuple(rng.randint(low, 3) for _ in range(ndim)) for low in (1, -3))
    shape = tuple(rng.randint(1, 3) for _ in range(ndim))
    taps = np.array([rng.randint(-3, 3) for _ in range(int(np.prod(shape)))]).reshape(shape)
    change = {
        "down": lambda f: f.then_down(k), "shift": lambda f: f.then_shift(s), "flip": lambda f: f.then_flip(),
        "up": lambda f: f.then_up(k), "filter": lambda f: f.then_filter(taps, s),
    }[name]  # fmt: skip
    read, written = draw_window(rng, ndim), draw_window(rng, ndim)
    between = change(unit).reads(written)
    x = np.random.default_rng(seed).integers(-9, 9, read.shape)
    merged = run(change(fir), x, written, read)
    stepwise = run(change(unit), run(fir, x, between, read), written, between)
    assert np.array_equal(merged, stepwise)


def test_a_fraction_is_never_cut_to_an_integer() -> None:
    fir = Fir(np.array([0.5]), (0,), (1,), (1,))
    window = Window((0,), (3,))
    with pytest.raises(TypeError):
        fir.add_to(np.zeros(3, int), np.ones(3, int), window, window)


def test_multiply_adds_are_counted_without_inserted_zeros() -> None:
    """A transposed convolution by 2 of 4 taps: every output reads 2 samples, less at the ends."""
    fir = Fir(np.array([1, 2, 3, 4]), (0,), (2,), (1,))
    assert fir.multiply_adds(Window((0,), (20,)), Window((0,), (9,))) == 4 * 9
    holes = Fir(np.array([1, 0, 0, 4]), (0,), (1,), (1,))
    assert holes.multiply_adds(Window((0,), (12,)), Window((0,), (9,))) == 2 * 9


def test_the_sum_of_this_file_sees_a_wrong_start_and_a_wrong_rate() -> None:
    fir, window = Fir(np.array([1, 2, 3]), (-1,), (2,), (3,)), Window((-3,), (9,))
    x = np.arange(1, 10)
    y = run(fir, x, window, window)
    assert np.array_equal(entries(fir, window, window)[0, 0] @ x, y)
    for wrong in (Fir(fir.taps, (0,), (2,), (3,)), Fir(fir.taps, (-1,), (1,), (3,)), Fir(fir.taps, (-1,), (2,), (-3,))):
        assert not np.array_equal(entries(wrong, window, window)[0, 0] @ x, y)
