"""Operators on arrays beside SciPy, in one run: ``python -m benchmarks.arrays`` prints a Markdown table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import ndimage, signal

import opalgebra as oa

Run = Callable[[np.ndarray], np.ndarray]


class Row(NamedTuple):
    """One task, done in two ways on the same array."""

    name: str
    ours: Run
    theirs: Run
    peer: str
    x: np.ndarray


def seconds(run: Run, x: np.ndarray, repeats: int) -> float:
    """The fastest of several runs; the first one, which also plans, does not count."""
    run(x)
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run(x)
        times.append(time.perf_counter() - begin)
    return min(times)


def noise(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def filter_1d(n: int) -> Row:
    h, x = noise((31,), "f8"), noise((n,), "f8")
    F = oa.Conv(oa.Signal(h, start=-15)).on(n, mode="same")
    return Row(
        f"31 taps on {n:,} samples",
        F,
        lambda x: ndimage.convolve1d(x, h, mode="constant"),
        "ndimage.convolve1d",
        x,
    )


def strided_1d(n: int) -> Row:
    h, x = noise((32,), "f8"), noise((n,), "f8")
    F = oa.StridedConv(h, 4).on(n)
    return Row(f"↓4 after 32 taps, {n:,} samples", F, lambda x: signal.upfirdn(h, x, down=4), "upfirdn", x)


def transposed_1d(n: int) -> Row:
    h, x = noise((32,), "f8"), noise((n,), "f8")
    F = oa.TransposedConv(h, 4).on(n)
    return Row(f"32 taps after ↑4, {n:,} samples", F, lambda x: signal.upfirdn(h, x, up=4), "upfirdn", x)


def resampler(n: int) -> Row:
    h, x = noise((2560,), "f8"), noise((n,), "f8")
    F = (oa.Down(147) @ oa.Conv(h) @ oa.Up(160)).on(n)
    return Row(f"160/147 with 2,560 taps, {n:,} samples", F, lambda x: signal.upfirdn(h, x, 160, 147), "upfirdn", x)


def upsampling_2d(n: int) -> Row:
    x = noise((n, n), "f4")
    F = oa.LinearUp((2, 2)).on((n, n))
    h = np.array([0.5, 1, 0.5], "f4")

    def theirs(x: np.ndarray) -> np.ndarray:
        return signal.upfirdn(h, signal.upfirdn(h, x, up=2, axis=0), up=2, axis=1)

    return Row(f"linear ×2 of {n}×{n}, float32", F, theirs, "upfirdn, axis by axis", x)


def reflected_2d(n: int) -> Row:
    h, x = noise((5, 5), "f8"), noise((n, n), "f8")
    F = oa.Conv(oa.Signal(h, start=(-2, -2))).on((n, n), mode="same", boundary="reflect")
    return Row(f"5×5 taps, reflect, {n}×{n}", F, lambda x: ndimage.convolve(x, h, mode="mirror"), "ndimage.convolve", x)


def batch_1d(count: int, n: int) -> Row:
    h, x = noise((31,), "f4"), noise((count, n), "f4")
    F = oa.Conv(h).on(n)
    kernel = h[None]
    return Row(
        f"31 taps on a batch of {count:,} × {n:,}, float32",
        F,
        lambda x: signal.oaconvolve(x, kernel, axes=-1),
        "oaconvolve",
        x,
    )


def rows(scale: int) -> list[Row]:
    """All tasks, with 2^scale times fewer samples."""
    return [
        filter_1d(2**21 >> scale),
        strided_1d(2**21 >> scale),
        transposed_1d(2**19 >> scale),
        resampler(2**20 >> scale),
        upsampling_2d(1024 >> scale // 2),
        reflected_2d(1024 >> scale // 2),
        batch_1d(1024, 4096 >> scale),
    ]


def agree(row: Row) -> bool:
    """Whether both ways give the same numbers."""
    ours, theirs = row.ours(row.x), row.theirs(row.x)
    return ours.shape == theirs.shape and bool(np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max())


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="operators on arrays beside SciPy")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=int, default=0, help="2^SCALE times fewer samples")
    options = parser.parse_args(arguments)
    print("| what | opalgebra | SciPy | ratio |\n| --- | ---: | ---: | ---: |")
    for row in rows(options.scale):
        if not agree(row):
            print(f"{row.name}: the results differ", file=sys.stderr)
            return 1
        ours, theirs = seconds(row.ours, row.x, options.repeats), seconds(row.theirs, row.x, options.repeats)
        print(f"| {row.name} | {1e3 * ours:.1f} ms | {1e3 * theirs:.1f} ms ({row.peer}) | {ours / theirs:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
