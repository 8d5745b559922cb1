"""Fold a decoder's nearest-neighbour upsampling into its convolutions: the same images from fewer operations.

C_q Rep_k = C_{q∗1_k} ↑k: an upsampling by repetition and the convolution after it are one transposed convolution.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter

import numpy as np

import opalgebra as oa
from opalgebra import nn

WIDTHS = (32, 16, 8, 3)  # channels from stage to stage; each doubles the size


def decoder(rng: np.random.Generator) -> list[tuple[nn.Upsample, nn.Conv]]:
    """Random weights of three stages: upsample by 2, convolve 3 × 3."""
    weights = [
        (rng.standard_normal((out, into, 3, 3)) / np.sqrt(9 * into)).astype(np.float32)
        for into, out in pairwise(WIDTHS)
    ]
    return [(nn.Upsample((2, 2)), nn.Conv(weight, padding=1)) for weight in weights]


def network(layers: list) -> oa.nn.Layer:
    """The layers with a ReLU after each, the first one applied first."""
    net = layers[0]
    for layer in layers[1:]:
        net = layer @ oa.Pointwise("relu") @ net
    return net


def timed(function, x: np.ndarray, repeats: int = 5) -> float:
    """The shortest of some runs, in seconds."""
    times = []
    for _ in range(repeats):
        begin = perf_counter()
        function(x)
        times.append(perf_counter() - begin)
    return min(times)


def main() -> None:
    rng = np.random.default_rng(0)
    stages = decoder(rng)
    folded = [nn.fold_upsample(up, conv) for up, conv in stages]
    pairs = [conv @ up for up, conv in stages]
    before, after = network(pairs), network(folded)

    q, k = oa.signals("q"), oa.factors("k")
    identity = oa.prove(oa.Conv(q) @ oa.Repeat(k), oa.TransposedConv(oa.Conv(oa.box(k)) @ q, k))
    print(identity)
    exact = nn.Conv(np.arange(18).reshape(2, 1, 3, 3), padding=1)
    same = oa.prove(nn.fold_upsample(nn.Upsample(2), exact).on((4, 5)), (exact @ nn.Upsample(2)).on((4, 5)))
    print("on arrays, with the ends:", same.verdict)

    x = rng.standard_normal((WIDTHS[0], 32, 32)).astype(np.float32)
    difference = np.max(np.abs(after(x) - before(x))) / np.max(np.abs(before(x)))
    print(f"three stages, {x.shape} → {after(x).shape}: largest difference {difference:.1e} of the largest value")
    counts = [sum(layer.on((64, 64)).explain().multiply_adds for layer in layers) for layers in (pairs, folded)]
    print(f"multiply-adds on 64 × 64: {counts[0]:,} → {counts[1]:,}")
    print(f"time, before / after: {timed(before, x) / timed(after, x):.1f}")
    if not (identity and same and difference < 1e-5):
        raise SystemExit("folding changed the result, and it must not")


if __name__ == "__main__":
    main()
