"""About how long each way takes for taps that mix channels, in nanoseconds on one thread.

Fitted to some hundreds of random shapes, filters and gradients alike, on one processor with vectors of 64 bytes; on
others the ratios are much the same.  They depend on shapes alone, so that a choice is the same in every run.
"""

from __future__ import annotations

from math import prod

import numpy as np

from .geometry import Geometry

BLAS, PLAIN, BLOCKED, TILES, PRODUCTS = "matrix product", "oneDNN", "oneDNN, blocked", "tiles", "products"


def _up(n: int, step: int) -> int:
    return -(-n // step) * step


def tiles(g: Geometry, batch: int, gradient: bool) -> float:
    """Compiled tiles: blocks of outputs, patches of inputs, and the columns between rows that are not stored."""
    outs = _up(g.outs, 4) if gradient else 8 * (g.outs // 8) + (0, 1.5, 6, 6, 6, 8, 8, 8)[g.outs % 8]
    reach = [d * (k - 1) / s for d, k, s in zip(g.dilation, g.kernel, g.stride, strict=True)]
    sizes = g.small if g.gathers else tuple([-(-n // s) for n, s in zip(g.large, g.stride, strict=True)])
    columns = prod([(n + r) / n for n, r in zip(sizes[1:], reach[1:], strict=True)])
    wide = g.stride if g.gathers else (1,) * len(g.stride)
    patch = prod([n + r * s for n, r, s in zip(g.inputs, reach, wide, strict=True)])
    lines = g.wide * prod(g.large[:-1]) + g.narrow * prod(g.small[:-1])
    work = outs * g.ins * g.taps * prod(g.small) * columns
    samples = g.wide * prod(g.large) + g.narrow * prod(g.small)
    each = 100 + (0.0127 if gradient else 0.009) * work + 0.13 * samples + 0.06 * g.ins * patch + 4.5 * lines
    return 15_000 + gradient * (7_000 + 2.2 * g.weights_count) + batch * g.groups * each


def products(g: Geometry, batch: int, gradient: bool) -> float:
    """A product per phase, of samples that are gathered; every tap is some calls of NumPy."""
    samples = g.wide * prod(g.large) + g.narrow * prod(g.small)
    each = (0.026 * g.outs * g.ins + 0.32 * g.ins) * g.taps * prod(g.small) + 0.15 * samples
    return 16_000 + 4_400 * g.taps + batch * g.groups * each


def blas(g: Geometry, batch: int, gradient: bool) -> float:
    """One product on the arrays."""
    read = g.ins * prod(g.large) if max(g.stride) > 1 else 0
    outs = _up(g.outs, 8)
    return 4_200 + batch * g.groups * (300 + (0.019 * outs * g.ins + 0.1 * g.outs) * prod(g.small) + 0.1 * read)


def plain(g: Geometry, batch: int, gradient: bool) -> float:
    """oneDNN on arrays as they lie: a product, the samples of every tap copied beside one another."""
    columns, lines = g.wide * g.taps * prod(g.small), g.wide * g.taps * prod(g.small[:-1])
    work = _up(g.narrow, 8) * _up(g.wide * g.taps, 8) * prod(g.small)
    each = (0.018 if gradient else 0.013) * work + 0.35 * columns + 120 + 1.2 * lines
    return 16_000 + gradient * 0.06 * g.weights_count + batch * g.groups * each


def blocked(g: Geometry, batch: int, gradient: bool) -> float:
    """oneDNN on blocks of 16 channels."""
    wide, narrow, groups = _up(g.wide, 16), _up(g.narrow, 16), g.groups
    if g.is_depthwise:
        wide, narrow, groups = 1, 1, _up(g.groups, 16)
        work, samples = (0.1 if gradient else 0.026), 0.38
    elif not gradient and is_better_turned(g):
        work, samples = 0.007, 0.25
    elif g.gathers and g.wide < 4:
        work, samples = 0.0015, 0.11
    elif g.gathers:
        work, samples = (0.0106, 0.14) if gradient else (0.007, 0.28)
    else:
        work, samples = (0.0092, 0.19) if gradient else (0.012, 0.22)
    each = work * wide * narrow * g.taps * prod(g.small) + samples * (wide * prod(g.large) + narrow * prod(g.small))
    return 12_000 + groups * (gradient * 0.42 * wide * narrow * g.taps + batch * each)


def is_better_turned(g: Geometry) -> bool:
    """Whether oneDNN computes a convolution on blocks faster as the transpose of one."""
    return g.gathers and max(g.stride) == 1 and g.groups == 1 and min(g.wide, g.narrow) >= 16


def _suits_blocks(g: Geometry, gradient: bool) -> bool:
    """Where oneDNN has code of its own for blocks, and not that for plain arrays in disguise."""
    if g.is_depthwise:
        return len(g.large) == 2 and max(g.dilation) == 1
    if not gradient and (g.taps == 1 or (not g.gathers and max(g.dilation) > 1)):
        return False
    return g.groups == 1 or (g.wide % 8 == 0 and g.narrow % 8 == 0)


def ordered(g: Geometry, batch: int, dtype: np.dtype, gradient: bool = False) -> list[str]:
    """The ways for a geometry, the cheapest first; those that err more on the bad side count for more."""
    width = dtype.itemsize / 4
    found = {TILES: 1.2 * width * tiles(g, batch, gradient), PRODUCTS: 1.5 * width * products(g, batch, gradient)}
    if g.taps == 1 and (gradient or (g.ins > 1 and g.outs > 1)):
        found[BLAS] = width * blas(g, batch, gradient)
    if dtype == np.float32:
        found[PLAIN] = 1.3 * plain(g, batch, gradient)
        if _suits_blocks(g, gradient):
            found[BLOCKED] = blocked(g, batch, gradient)
    return sorted(found, key=lambda name: found[name])
