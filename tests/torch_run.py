"""Layers against PyTorch: ``python -m tests.torch_run --count 500 --seed 1``, where PyTorch is installed.

Random layers of every kind on one to three axes: the output, the input gradient and the weight gradient, in float64.
A disagreement is printed with its seed; the exit status is 1 if there was any.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from opalgebra import WindowError, nn

TOLERANCE = 1e-10
Maker = Callable[[Any, Any, int], tuple[Any, Any, np.ndarray, Any]]
ATTEMPTS = 50


def _ints(rng: Any, low: int, high: int, count: int) -> tuple[int, ...]:
    """Ints from low to high, both included."""
    return tuple(int(n) for n in rng.integers(low, high + 1, count))


def _input(rng: Any, channels: int, ndim: int) -> np.ndarray:
    return rng.standard_normal((int(rng.integers(1, 3)), channels, *_ints(rng, 3, 14 // ndim, ndim)))


def conv(torch: Any, rng: Any, ndim: int) -> tuple[Any, Any, np.ndarray, Any]:
    """A convolution as (layer, function of torch, input, weight)."""
    groups, outs, ins = _ints(rng, 1, 3, 3)
    kernel, stride, dilation = (_ints(rng, 1, 4, ndim) for _ in range(3))
    padding: Any = _ints(rng, 0, 3, ndim)
    if rng.random() < 0.3:
        padding, stride = "same", (1,) * ndim  # PyTorch has "same" for stride 1 only
    w = rng.standard_normal((groups * outs, ins, *kernel))
    layer = nn.Conv(w, stride, padding, dilation, groups)
    function = getattr(torch.nn.functional, f"conv{ndim}d")
    return (
        layer,
        lambda x, w: function(x, w, None, stride, padding, dilation, groups),
        _input(rng, groups * ins, ndim),
        w,
    )


def conv_transpose(torch: Any, rng: Any, ndim: int) -> tuple[Any, Any, np.ndarray, Any]:
    """A transposed convolution as (layer, function of torch, input, weight)."""
    groups, outs, ins = _ints(rng, 1, 3, 3)
    kernel, stride, dilation = (_ints(rng, 1, 4, ndim) for _ in range(3))
    padding = _ints(rng, 0, 3, ndim)
    extra = tuple(int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True))
    w = rng.standard_normal((groups * ins, outs, *kernel))
    layer = nn.ConvTranspose(w, stride, padding, extra, dilation, groups)
    function = getattr(torch.nn.functional, f"conv_transpose{ndim}d")
    return (
        layer,
        lambda x, w: function(x, w, None, stride, padding, extra, groups, dilation),
        _input(rng, groups * ins, ndim),
        w,
    )


def avg_pool(torch: Any, rng: Any, ndim: int) -> tuple[Any, Any, np.ndarray, Any]:
    """Mean pooling."""
    kernel = _ints(rng, 1, 3 if ndim == 3 else 4, ndim)  # PyTorch's on three axes is never larger than the input
    stride = _ints(rng, 1, 5, ndim)
    padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
    ceil, include = bool(rng.integers(2)), bool(rng.integers(2))
    divisor = int(rng.integers(1, 6)) if ndim > 1 and rng.random() < 0.2 else None
    more = {} if ndim == 1 else {"divisor_override": divisor}
    layer = nn.AvgPool(kernel, stride, padding, ceil_mode=ceil, count_include_pad=include, divisor_override=divisor)
    function = getattr(torch.nn.functional, f"avg_pool{ndim}d")
    return layer, lambda x, _: function(x, kernel, stride, padding, ceil, include, **more), _input(rng, 2, ndim), None


def max_pool(torch: Any, rng: Any, ndim: int) -> tuple[Any, Any, np.ndarray, Any]:
    """Maximum pooling; half of the inputs are small integers, which have ties."""
    kernel, stride, dilation = _ints(rng, 1, 4, ndim), _ints(rng, 1, 5, ndim), _ints(rng, 1, 3, ndim)
    padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
    ceil = bool(rng.integers(2))
    layer = nn.MaxPool(kernel, stride, padding, dilation, ceil)
    function = getattr(torch.nn.functional, f"max_pool{ndim}d")
    x = _input(rng, 2, ndim)
    x = np.round(x) if rng.random() < 0.5 else x
    return layer, lambda x, _: function(x, kernel, stride, padding, dilation, ceil), x, None


def upsample(torch: Any, rng: Any, ndim: int) -> tuple[Any, Any, np.ndarray, Any]:
    """Nearest or linear upsampling."""
    factor, mode = _ints(rng, 1, 5, ndim), str(rng.choice(["nearest", "linear"]))
    named = mode if mode == "nearest" else ("linear", "bilinear", "trilinear")[ndim - 1]
    layer = nn.Upsample(factor, mode)
    function = torch.nn.functional.interpolate
    scale = tuple(map(float, factor))
    return layer, lambda x, _: function(x, scale_factor=scale, mode=named), _input(rng, 2, ndim), None


def shuffle(torch: Any, rng: Any, ndim: int) -> tuple[Any, Any, np.ndarray, Any]:
    """Pixel shuffle or unshuffle, which PyTorch has on two axes."""
    r, channels = _ints(rng, 1, 4, 2)
    coarse = rng.standard_normal((2, channels * r * r, *_ints(rng, 1, 5, 2)))
    if rng.integers(2):
        return nn.PixelShuffle((r, r), channels), lambda x, _: torch.nn.functional.pixel_shuffle(x, r), coarse, None
    fine = coarse.reshape(2, channels, r * coarse.shape[2], r * coarse.shape[3])
    return nn.PixelUnshuffle((r, r), channels), lambda x, _: torch.nn.functional.pixel_unshuffle(x, r), fine, None


KINDS: dict[str, Maker] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "AvgPool": avg_pool,
    "MaxPool": max_pool,
    "Upsample": upsample,
    "PixelShuffle": shuffle,
}


def compared(torch: Any, kind: str, seed: int) -> str | None:
    """What differs, empty where nothing does; None where PyTorch refuses an output of no samples."""
    rng = np.random.default_rng([seed, *kind.encode()])
    layer, function, x, w = KINDS[kind](torch, rng, 1 + seed % 3)
    given = torch.tensor(x, requires_grad=True)
    weight = None if w is None else torch.tensor(w, requires_grad=True)
    try:
        y = function(given, weight)
    except RuntimeError as error:
        try:
            return f"PyTorch refuses ({error}), and the output has shape {layer(x).shape}"
        except WindowError:
            return None
    g = rng.standard_normal(tuple(y.shape))
    y.backward(torch.tensor(g))
    pairs = [("output", layer(x), y.detach().numpy()), ("input gradient", _pulled(layer, x, g), given.grad.numpy())]
    if weight is not None:
        pairs.append(("weight gradient", layer.grad_weight(x).T(g), weight.grad.numpy()))
    return "; ".join(found for name, got, want in pairs if (found := _difference(name, got, want)))


def _pulled(layer: Any, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The vector-Jacobian product: .H of a bound layer, the transposed Jacobian where it is not linear."""
    if not layer.is_linear:
        return np.asarray(layer.jacobian(x).T(g))
    return np.asarray(layer.on(x.shape[2:]).H(g))


def _difference(name: str, got: np.ndarray, want: np.ndarray) -> str:
    if got.shape != want.shape:
        return f"the {name} has shape {got.shape}, PyTorch's {want.shape}"
    worst = float(np.max(np.abs(got - want), initial=0))
    return "" if worst <= TOLERANCE else f"the {name} differs by {worst:g}"


def _run(torch: Any, kind: str, count: int, first: int) -> Counter[str]:
    """Compare until as many layers were taken by PyTorch."""
    tally: Counter[str] = Counter()
    for seed in range(first, first + ATTEMPTS * count):
        if tally["compared"] == count:
            break
        found = compared(torch, kind, seed)
        if found is None:
            tally["refused by PyTorch"] += 1
            continue
        tally["compared"] += 1
        if found:
            tally["different"] += 1
            print(f"{kind}, seed {seed}: {found}", flush=True)
    return tally


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print a line for every kind."""
    parser = argparse.ArgumentParser(description="layers against PyTorch")
    parser.add_argument("--count", type=int, default=500, help="layers of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    try:
        torch = import_module("torch")
    except ModuleNotFoundError:
        print("PyTorch is not installed; pip install torch, in an environment of its own", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore", message="Using padding='same'")  # of its speed
    print(f"PyTorch {torch.__version__}, float64")
    different = 0
    for kind in KINDS:
        tally = _run(torch, kind, options.count, options.seed)
        different += tally["different"]
        print(f"{kind}: {dict(tally)}", flush=True)
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
