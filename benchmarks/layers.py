"""Times of layers on arrays: ``python -m benchmarks.layers`` prints a Markdown table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import opalgebra as oa


def seconds(action: Callable[[], Any], runs: int) -> float:
    """The median time of a run, the first one left out."""
    action()
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        action()
        found.append(time.perf_counter() - begin)
    return median(found)


def workloads(rng: Any) -> list[tuple[str, Callable[[], Any], float]]:
    """What is run, how, and its multiply-adds."""

    def random(*shape: int) -> np.ndarray:
        return np.asarray(rng.standard_normal(shape), dtype=np.float32)

    x = random(4, 64, 128, 128)
    w = random(64, 64, 3, 3)
    conv = oa.nn.Conv(w, padding=1)
    bound = conv.on((128, 128))
    dense = 64 * 64 * 9 * 4 * 128**2
    up = oa.nn.ConvTranspose(random(64, 64, 4, 4), stride=2, padding=1).on((64, 64))
    small = random(4, 64, 64, 64)
    depthwise = oa.nn.Conv(random(64, 1, 3, 3), padding=1, groups=64).on((128, 128))
    image = random(1024, 1024)
    return [
        ("Conv 3×3, 64→64, (4, 64, 128, 128)", lambda: bound(x), dense),
        ("its input gradient", lambda: bound.H(x), dense),
        ("its weight gradient", lambda: conv.grad_weight(x).T(x), dense),
        ("the same, depthwise", lambda: depthwise(x), dense / 64),
        ("ConvTranspose 4×4, stride 2, 64→64, (4, 64, 64, 64)", lambda: up(small), 64 * 64 * 16 * 4 * 64**2),
        ("Upsample ×2 linear, 1024²", lambda: oa.nn.Upsample((2, 2), "linear")(image), 4 * 1024**2 * 4),
        ("Upsample ×2 nearest, 1024²", lambda: oa.nn.Upsample((2, 2))(image), 0),
        ("AvgPool 2×2, (4, 64, 128, 128)", lambda: oa.nn.AvgPool((2, 2))(x), x.size),
        ("MaxPool 2×2, (4, 64, 128, 128)", lambda: oa.nn.MaxPool((2, 2))(x), x.size),
        ("PixelShuffle 2, (4, 64, 128, 128)", lambda: oa.nn.PixelShuffle((2, 2), 16)(x), 0),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="times of layers, float32")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args(arguments)
    print("| what | time | GFLOP/s |\n| --- | ---: | ---: |")
    for what, action, multiply_adds in workloads(np.random.default_rng(5)):
        taken = seconds(action, options.runs)
        rate = f"{2 * multiply_adds / taken / 1e9:.1f}" if multiply_adds else ""
        print(f"| {what} | {1000 * taken:.0f} ms | {rate} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
