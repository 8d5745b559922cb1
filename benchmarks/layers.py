"""Sixty layers drawn at random beside PyTorch: ``python -m benchmarks.layers`` prints Markdown.

Of every layer the forward pass, the gradient of the input and that of the weights: with oneDNN where it is installed,
with PyTorch imported, as it is here, and with neither; with 1 and 2 threads.  A ratio is PyTorch's time over ours.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

import opalgebra.nn as nn
from opalgebra.bench import Run, duration, geometric_mean, medians
from opalgebra.engine.ways.dense import onednn, pytorch

from . import peers
from .engines import machine, say

SEED, COUNT = 2026, 60
CHANNELS = (1, 2, 3, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
SIDES = {1: (16, 64, 256, 1024, 4096), 2: (8, 14, 16, 28, 32, 56, 64, 112), 3: (4, 8, 12, 16, 24)}
WORK, SAMPLES = (20_000, 1_500_000_000), 20_000_000  # multiply-adds of a layer, and samples of an array
WRONG = 1e-4  # of the largest sample: more is no rounding
PASSES = ("forward", "input", "weights")


class Shape(NamedTuple):
    """A layer and its input."""

    transposed: bool
    axes: int
    ins: int
    outs: int
    groups: int
    kernel: int
    stride: int
    dilation: int
    batch: int
    side: int

    @property
    def padding(self) -> int:
        """As many outputs as inputs, for stride 1."""
        return self.dilation * (self.kernel - 1) // 2

    @property
    def out(self) -> int:
        """The side of the output; below 1 there is none."""
        reach = self.dilation * (self.kernel - 1)
        if self.transposed:
            return (self.side - 1) * self.stride + reach + 1 - 2 * self.padding
        return (self.side + 2 * self.padding - reach - 1) // self.stride + 1

    @property
    def work(self) -> int:
        """Multiply-adds."""
        positions = (self.side if self.transposed else self.out) ** self.axes
        return self.batch * self.ins * self.outs // self.groups * self.kernel**self.axes * positions

    @property
    def is_fit(self) -> bool:
        """Whether it is a layer, neither tiny nor huge."""
        if self.ins % self.groups or self.outs % self.groups or self.out < 1:
            return False
        largest = self.batch * max(self.ins * self.side**self.axes, self.outs * self.out**self.axes)
        return WORK[0] <= self.work <= WORK[1] and largest <= SAMPLES

    def __str__(self) -> str:
        name = f"ConvTranspose{self.axes}d" if self.transposed else f"Conv{self.axes}d"
        more = [f"{what} {n}" for what, n in (("stride", self.stride), ("dilation", self.dilation)) if n > 1]
        more += [f"{self.groups} groups"] if self.groups > 1 else []
        kernel, data = ("×".join([str(n)] * self.axes) for n in (self.kernel, self.side))
        return f"{name} {self.ins}→{self.outs}, {kernel}, {', '.join([*more, f'{self.batch}×{data}'])}"


def shapes(count: int = COUNT, seed: int = SEED) -> list[Shape]:
    """Random layers: a fifth 1×1, a seventh depthwise, a fifth in groups."""
    rng = np.random.default_rng(seed)
    found: list[Shape] = []
    while len(found) < count:
        axes, transposed = int(rng.choice([1, 2, 2, 2, 3])), bool(rng.random() < 0.4)
        ins, outs = (int(rng.choice(CHANNELS)) for _ in range(2))
        kind, is_point = rng.random(), bool(rng.random() < 0.2)
        groups = ins if kind < 0.15 else int(rng.choice([2, 4, 8])) if kind < 0.35 else 1
        kernel = 1 if is_point else min(int(rng.choice([2, 3, 3, 3, 4, 5, 7])), 3 if axes == 3 else 7)
        stride = int(rng.choice([1, 1, 1, 2, 2, 3]))
        dilation = 1 if is_point else int(rng.choice([1, 1, 1, 2, 4]))
        batch, side = int(rng.choice([1, 2, 4, 8])), int(rng.choice(SIDES[axes]))
        shape = Shape(
            transposed, axes, ins, ins if kind < 0.15 else outs, groups, kernel, stride, dilation, batch, side
        )
        found += [shape] if shape.is_fit else []
    return found


@contextmanager
def without(*libraries: Any) -> Iterator[None]:
    """As where these are not installed, for layers whose first run is within."""
    with ExitStack() as stack:
        for library in libraries:
            stack.enter_context(patch.object(library, "available", lambda: False))
        yield


#: What is left out, for each group of columns.
WAYS: dict[str, tuple[Any, ...]] = {"oneDNN": (), "PyTorch": (onednn,), "neither": (onednn, pytorch)}


class Arrays(NamedTuple):
    """The weights, the input and a gradient of the output of a layer."""

    weights: np.ndarray
    x: np.ndarray
    y: np.ndarray


def arrays(shape: Shape) -> Arrays:
    """Noise."""
    rng = np.random.default_rng(0)
    first, second = (shape.ins, shape.outs) if shape.transposed else (shape.outs, shape.ins)
    sizes = (
        (first, second // shape.groups, *(shape.kernel,) * shape.axes),
        (shape.batch, shape.ins, *(shape.side,) * shape.axes),
        (shape.batch, shape.outs, *(shape.out,) * shape.axes),
    )
    return Arrays(*(rng.standard_normal(size, np.float32) for size in sizes))


def ours(shape: Shape, data: Arrays) -> dict[str, Run]:
    """The three passes by opalgebra."""
    kind: Any = nn.ConvTranspose if shape.transposed else nn.Conv
    layer = kind(data.weights, shape.stride, shape.padding, dilation=shape.dilation, groups=shape.groups)
    bound = layer.on((shape.side,) * shape.axes)
    back = bound.T
    runs = lambda: bound(data.x), lambda: back(data.y), lambda: layer.grad_weight(data.x).T(data.y)
    for run in runs:
        run()  # the ways are chosen here
    return dict(zip(PASSES, runs, strict=True))


def theirs(shape: Shape, data: Arrays) -> dict[str, Run]:
    """The three passes by PyTorch, without its graph."""
    import torch

    weights, x, y = map(torch.from_numpy, data)
    rates = [[n] * shape.axes for n in (shape.stride, shape.padding, shape.dilation)]
    last = shape.transposed, [0] * shape.axes, shape.groups

    def backward(which: int) -> Run:
        mask = [which == 0, which == 1, False]
        run: Callable[..., Any] = torch.ops.aten.convolution_backward
        return lambda: run(y, x, weights, None, *rates, *last, mask)[which]

    forward: Callable[..., Any] = torch.ops.aten.convolution
    runs = (lambda: forward(x, weights, None, *rates, *last)), backward(0), backward(1)
    return dict(zip(PASSES, runs, strict=True))


def compared(shape: Shape, repeats: int) -> list[dict[str, float]]:
    """For each pass the seconds of PyTorch, and of opalgebra with oneDNN, with PyTorch and with neither."""
    data, found, made = arrays(shape), [], {"torch": theirs(shape, arrays(shape))}
    for way, left_out in WAYS.items():
        with without(*left_out):
            made |= {way: ours(shape, data)} if left_out or onednn.available() else {}
    for name in PASSES:
        ways = {way: runs[name] for way, runs in made.items()}
        exact = np.asarray(ways["torch"]())
        for way, run in ways.items():
            if np.abs(np.asarray(run()) - exact).max() > WRONG * np.abs(exact).max():
                raise ArithmeticError(f"{shape}, {name}: {way} gives other numbers than PyTorch")
        found.append(medians(ways, repeats))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and its means."""
    parser = argparse.ArgumentParser(description="random layers beside PyTorch")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args(arguments)
    say(f"Made {date.today()} by `python -m benchmarks.layers`: {machine()}.")
    if not onednn.available():
        say("\noneDNN is not installed (`pip install 'opalgebra[onednn]'`), and its columns are left out.")
    ways = [way for way, left_out in WAYS.items() if left_out or onednn.available()]
    columns = [(count, way, number) for count in options.threads for way in ways for number in range(len(PASSES))]
    heads = [f"{PASSES[number]}, {way}, {n}" for n, way, number in columns]
    say(f"\n| layer | multiply-adds | PyTorch, {options.threads[0]} | {' | '.join(heads)} |")
    say(f"| --- | ---: | ---: |{' ---: |' * len(columns)}")
    ratios: dict[Any, list[float]] = {column: [] for column in columns}
    for shape in shapes(options.count, options.seed):
        measured = {}
        for count in options.threads:
            with peers.threads(count):
                measured[count] = compared(shape, options.repeats)
        for count, way, number in columns:
            times = measured[count][number]
            ratios[count, way, number].append(times["torch"] / times[way])
        cells = [_shown(ratios[column][-1]) for column in columns]
        first = " / ".join(duration(times["torch"]) for times in measured[options.threads[0]])
        say(f"| {shape} | {shape.work:,} | {first} | {' | '.join(cells)} |")
    for what, of in (("geometric mean", geometric_mean), ("least", min)):
        say(f"| **{what}** | | | {' | '.join(_shown(of(ratios[column])) for column in columns)} |")
    slow = [f"{sum(r < 0.8 for r in ratios[column])}" for column in columns]
    say(f"| **below 0.8, of {options.count}** | | | {' | '.join(slow)} |")
    say("\nRatios of 2 threads need as many idle processors: PyTorch's threads wait for one another.")
    say(f"Load of the machine at the end, these threads included: {os.getloadavg()[0]:.1f}.")
    return 0


def _shown(ratio: float) -> str:
    """A ratio; what is slower than PyTorch is bold."""
    return f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**"


if __name__ == "__main__":
    sys.exit(main())
