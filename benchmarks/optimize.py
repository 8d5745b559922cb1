"""Expressions as written and optimized, on arrays: ``python -m benchmarks.optimize`` prints a Markdown table.

Both ways are called in turn in one process, and the shortest times compared; results that differ are an error.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import opalgebra as oa
from opalgebra import Conv, DilatedConv, Down, Repeat, Shift, Signal, Up

HALFBAND = Signal([3, 0, -25, 0, 150, 256, 150, 0, -25, 0, 3])
GAUSS = np.multiply.outer([1, 6, 15, 20, 15, 6, 1], [1, 6, 15, 20, 15, 6, 1]).tolist()
LINE, IMAGE = 1 << 20, (1024, 1024)

CASES: dict[str, tuple[oa.LinearOperator, Any]] = {
    "↓2 after a dilated kernel of 21 taps": (Down(2) @ DilatedConv([*range(1, 22)], 2), LINE),
    "dilated kernel of 21 taps before ↑2": (DilatedConv([*range(1, 22)], 2) @ Up(2), LINE),
    "two kernels of 9 taps": (Conv([*range(1, 10)]) @ Conv([*range(1, 10)]), LINE),
    "decoder block, 3 taps after Repeat(2)": (Conv([1, 2, 1]) @ Repeat(2), LINE),
    "moving sum of 64": (Conv([1] * 64), LINE),
    "three halfbands ↓2": ((Down(2) @ Conv(HALFBAND)) ** 3, LINE),
    "↓160 ↑147, 2001 taps": (Down(160) @ Conv([*range(1, 2002)]) @ Up(147), LINE),
    "sum of shifted filters": (Conv([1, 2, 3]) @ Conv([1, 1]) + Shift(2) @ Conv([1, 1]), LINE),
    "Gaussian 7×7": (Conv(GAUSS), IMAGE),
    "Gaussian 7×7 and ↓(2, 2)": (Down((2, 2)) @ Conv(GAUSS), IMAGE),
}


def seconds(calls: list[Callable[[], Any]], repeat: int) -> list[float]:
    """The shortest time of every call, called in turn and in either order."""
    best = [float("inf")] * len(calls)
    for turn in range(2 * repeat):
        for i in sorted(range(len(calls)), reverse=bool(turn % 2)):
            begin = time.perf_counter()
            calls[i]()
            best[i] = min(best[i], time.perf_counter() - begin)
    return best


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    print("| expression | cost | optimized | multiply-adds per output | search | time on arrays, as a multiple |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    for name, (A, shape) in CASES.items():
        for cost in ("multiply_adds", "time"):
            row(name, A, shape, cost, repeat)


def row(name: str, A: oa.LinearOperator, shape: Any, cost: str, repeat: int) -> None:
    """Print one row."""
    begin = time.perf_counter()
    B = A.optimize(cost)
    search = time.perf_counter() - begin
    x = np.random.default_rng(0).standard_normal(shape)
    before, after = A.on(shape), B.on(shape)
    np.testing.assert_allclose(before(x), after(x), rtol=1e-9, atol=1e-6)
    slow, fast = seconds([partial(before, x), partial(after, x)], repeat)
    change = f"{A.cost().multiply_adds} → {B.cost().multiply_adds}"
    print(f"| {name} | {cost} | `{B}` | {change} | {search:.2f} s | {fast / slow:.2f} |")


if __name__ == "__main__":
    main()
