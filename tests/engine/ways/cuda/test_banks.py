"""The threads of a warp read samples, and stage outputs, in different banks of shared memory.

The places are those of ``tiles.cuh``, asked by a program that g++ builds for each variant.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from opalgebra.engine.ways.cuda.plan import Axis, Variant, launch_of, options, source
from tests.cuda_shim.shim import COMPILER, HERE

pytestmark = pytest.mark.skipif(COMPILER is None, reason="g++ is not here, so the CUDA source cannot be run on the CPU")


def variant(up: int, down: int, taps: int, dtype: str, inner: int = 1, rows: int = 0) -> Variant:
    """The kernel for a long signal, or for an image with ``rows`` rows of taps at the same rates."""
    axis = Axis(up, down, 0, taps, 2**20, 2**20, 0, inner, inner)
    axes = [Axis(up, down, 0, rows, 2**10, 2**10, 0, 2**20, 2**20), axis] if rows else [axis]
    return launch_of(axes, 1, 0, 0, inner, 1, [np.dtype(dtype)] * 3, zeros=False).variant


def conflicts(kernel: Variant, folder: Path, text: str) -> tuple[int, int, int, int]:
    """For reading and for staging: the most words that one bank serves at once, and the fewest possible."""
    (folder / "kernel.cuh").write_text(text, encoding="utf-8")
    macros = (*options(kernel), f'-DKERNEL_SOURCE="{folder / "kernel.cuh"}"')
    program = folder / "banks"
    command = [str(COMPILER), "-O1", *macros, "-Wno-unknown-pragmas", str(HERE / "banks.cpp"), "-o", str(program)]
    subprocess.run(command, check=True, capture_output=True)
    a, b, c, d = map(int, subprocess.run([program], check=True, capture_output=True, text=True).stdout.split())
    return a, b, c, d


KERNELS = {
    **{
        f"↑{up} ↓{down}, {dtype}": variant(up, down, 31, dtype)
        for up, down in [(1, 1), (2, 1), (4, 1), (3, 1), (1, 2), (1, -2), (1, 3), (1, 4), (1, 6), (1, 8), (1, 16)]
        for dtype in ("f4", "f8", "c16")
    },
    "columns, ↓2": variant(1, 2, 9, "f4", inner=4),
    "columns, ↓4": variant(1, 4, 9, "f8", inner=2),
    "3×3": variant(1, 1, 3, "f4", rows=3),
    "4×4, ↑2": variant(2, 1, 4, "f4", rows=4),
}


@pytest.mark.campaign(8)
@pytest.mark.parametrize("name", KERNELS)
def test_no_bank_is_asked_twice(name: str, tmp_path: Path) -> None:
    read, fewest, staged, least = conflicts(KERNELS[name], tmp_path, source())
    assert read <= fewest
    assert staged <= least * (3 if name.startswith("↑3") else 1)  # one store in three per output: no padding pays


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ("PHASES == 1 && INNER < 32 ? twos(SPEED, 16) : 1;", "1;", "↑1 ↓8, f4"),
        ("congruent(WIDTH, ACROSS, BANKS);", "WIDTH;", "3×3 of 56"),
    ],
)
def test_conflicts_would_be_seen(right: str, wrong: str, name: str, tmp_path: Path) -> None:
    narrow = Axis(1, 1, 0, 3, 56, 56, 0, 1, 1)
    plane = launch_of([narrow._replace(x_stride=56, y_stride=56), narrow], 9, 56**2, 56**2, 1, 1, [np.dtype("f4")] * 3)
    kernel = KERNELS.get(name, plane.variant)
    assert source().count(right) == 1
    read, fewest, *_ = conflicts(kernel, tmp_path, source())
    assert read <= fewest
    read, fewest, *_ = conflicts(kernel, tmp_path, source().replace(right, wrong))
    assert read > fewest
