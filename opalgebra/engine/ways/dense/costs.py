"""About how long each way takes for taps that mix channels, in nanoseconds on one thread.

Fitted to some hundreds of random shapes, filters and gradients alike, on one processor with vectors of 64 bytes; on
others the ratios are much the same.  They depend on shapes alone, so that a choice is the same in every run.
"""

from __future__ import annotations

from math import inf, prod
from typing import NamedTuple

import numpy as np

from ..compiled.plans import PATCH_BYTES, TILE_BYTES
from .columns import gathers_small, is_small
from .geometry import Geometry

BLAS, COLUMNS, TILES, PRODUCTS = "matrix product", "columns", "tiles", "products"
PLAIN, BLOCKED, TORCH = "oneDNN", "oneDNN, blocked", "PyTorch"
LANES = 16  # entries of a vector


def _up(n: int, step: int) -> int:
    return -(-n // step) * step


class Cut(NamedTuple):
    """What all tiles of one group of one array have to do, as :class:`~..compiled.mixing.MixingPlan` cuts them."""

    tiles: int
    positions: int  # computed, those between rows that are not stored as well
    gathered: int  # entries of patches
    rows: int  # of patches


def cut(g: Geometry) -> Cut:
    """How compiled tiles are cut: the last axis is cut last, so that patch and sums stay in a cache."""
    axes = list(zip(g.stride, g.kernel, g.dilation, strict=True))
    reach = [-(-d * (k - 1) // s) for s, k, d in axes]
    phases = [len({d * j % s for j in range(k)}) if g.gathers else 1 for s, k, d in axes]
    planes, columns = g.ins * prod(phases), min(g.outs, 8) * (1 if g.gathers else prod(g.stride))
    sizes = g.small if g.gathers else [-(-n // s) for n, s in zip(g.large, g.stride, strict=True)]
    more = 3 - len(axes)
    sizes, reach = [1] * more + list(sizes), [0] * more + reach
    tile, budget = list(sizes), (TILE_BYTES if g.ins == 1 else PATCH_BYTES) // 4

    def entries(axis: int, size: int) -> int:
        one = [size if a == axis else n for a, n in enumerate(tile)]
        return planes * prod([n + r for n, r in zip(one, reach, strict=True)]) + columns * prod(one)

    for axis in range(3):
        fixed, step = entries(axis, 0), entries(axis, 1) - entries(axis, 0)
        least = min(tile[axis], 8 * LANES) if axis == 2 else 1
        tile[axis] = -(-tile[axis] // -(-tile[axis] // max(least, (budget - fixed) // step)))
    count = prod([-(-n // t) for n, t in zip(sizes, tile, strict=True)])
    lines, rows, width = (t + r for t, r in zip(tile, reach, strict=True))
    run = (tile[0] - 1) * rows * width + (tile[1] - 1) * width + tile[2]
    return Cut(count, count * _up(run, LANES), count * planes * lines * rows * width, count * planes * lines * rows)


def tiles(g: Geometry, batch: int, gradient: bool) -> float:
    """Compiled tiles: blocks of outputs, patches of inputs, and the columns between rows that are not stored."""
    outs = _up(g.outs, 4) if gradient else 8 * (g.outs // 8) + (0, 1.5, 6, 6, 6, 8, 8, 8)[g.outs % 8]
    work, tap, sample = cut(g), 0.0102 if gradient else 0.0086, 0.3 if gradient else 0.2
    phases = 1 if g.gathers else prod(g.stride)
    each = (tap * outs * g.ins * g.taps + sample * g.outs * phases) * work.positions
    each += (0.1 if gradient else 0.07) * work.gathered + 6.4 * work.rows + 110 * work.tiles
    each *= 1.8 if g.is_depthwise and max(g.stride) > 1 else 1.5 if g.is_depthwise and not g.gathers else 1
    return 11_000 + gradient * (9_000 + 2.9 * g.weights_count) + batch * g.groups * each


def products(g: Geometry, batch: int, gradient: bool) -> float:
    """A product per phase, of samples that are gathered; every tap is some calls of NumPy."""
    samples = g.wide * prod(g.large) + g.narrow * prod(g.small)
    each = (0.032 * g.outs * g.ins + 0.31 * g.ins) * g.taps * prod(g.small) + 0.11 * samples
    return 19_000 + 4_100 * g.taps + batch * g.groups * each


def blas(g: Geometry, batch: int, gradient: bool) -> float:
    """One product on the arrays."""
    read = g.ins * prod(g.large) if max(g.stride) > 1 else 0
    outs = _up(g.outs, 8)
    return 6_500 + batch * g.groups * (150 + (0.017 * outs * g.ins + 0.09 * g.outs) * prod(g.small) + 0.09 * read)


def columns(g: Geometry, batch: int, gradient: bool) -> float:
    """Samples of every tap gathered by a table, and one product."""
    if gradient:
        reads, outs, positions = g.wide * g.taps, g.narrow, prod(g.small)
    else:
        reads, outs, positions = g.ins * g.taps, g.outs, prod(g.small if g.gathers else g.large)
    each = 250 + reads * positions * (0.5 + 0.025 * _up(outs, 8))
    return 5_500 + batch * g.groups * each


def plain(g: Geometry, batch: int, gradient: bool) -> float:
    """oneDNN on arrays as they lie: a product, the samples of every tap copied beside one another."""
    columns, lines = g.wide * g.taps * prod(g.small), g.wide * g.taps * prod(g.small[:-1])
    work = _up(g.narrow, 8) * _up(g.wide * g.taps, 8) * prod(g.small)
    each = (0.0163 if gradient else 0.0112) * work + 0.37 * columns + 140 * (not gradient) + 0.9 * lines
    return 12_000 + 3_000 * gradient + batch * g.groups * each


def blocked(g: Geometry, batch: int, gradient: bool) -> float:
    """oneDNN on blocks of 16 channels."""
    wide, narrow, groups = _up(g.wide, 16), _up(g.narrow, 16), g.groups
    if g.is_depthwise:
        wide, narrow, groups = 1, 1, _up(g.groups, 16)
        work, samples = (0.1, 0.1) if gradient else (0.028, 0.25)
    elif g.gathers and g.wide < 4:
        work, samples = (0.0011, 0.08) if gradient else (0.0019, 0.1)
    elif g.gathers:
        work, samples = (0.0093, 0.18) if gradient else (0.0069, 0.32)
    else:
        work, samples = (0.0091, 0.2) if gradient else (0.0093, 0.24)
    each = work * wide * narrow * g.taps * prod(g.small) + samples * (wide * prod(g.large) + narrow * prod(g.small))
    return 10_500 + groups * (gradient * 0.36 * wide * narrow * g.taps + batch * each)


def torch(g: Geometry, batch: int, gradient: bool) -> float:
    """PyTorch's call of oneDNN, which brings the weights in order every time."""
    if not goes_to_onednn(g, batch, gradient):
        return inf
    blocks = blocked(g, batch, gradient) if _suits_blocks(g, gradient) else inf
    return 40_000 + (0.6 if gradient else 0.9) * g.weights_count + min(blocks, plain(g, batch, gradient))


def goes_to_onednn(g: Geometry, batch: int, gradient: bool) -> bool:
    """Whether PyTorch does, by its own rule; what it does for small arrays is slow."""
    channels = g.groups * (g.wide if g.gathers else g.narrow)
    return g.taps * max(g.stride) > 1 and (max(batch, g.groups) > 1 or channels * prod(g.inputs[:2]) > 20_480)


def is_better_turned(g: Geometry) -> bool:
    """Whether oneDNN computes a convolution on blocks faster as the transpose of one."""
    return g.gathers and max(g.stride) == 1 and g.groups == 1 and min(g.wide, g.narrow) >= 16


def _suits_blocks(g: Geometry, gradient: bool) -> bool:
    """Where oneDNN has code of its own for blocks, and not that for plain arrays in disguise."""
    if g.is_depthwise:
        return len(g.large) == 2 and (max(g.dilation) == 1 or (g.gathers and not gradient))
    if not gradient and (g.taps == 1 or (not g.gathers and max(g.dilation) > 1)):
        return False
    return g.groups == 1 or (g.wide % 8 == 0 and g.narrow % 8 == 0)


def ordered(g: Geometry, batch: int, dtype: np.dtype, gradient: bool = False) -> list[str]:
    """The ways for a geometry, the cheapest first; those whose costs are least certain count for more."""
    width = dtype.itemsize / 4
    found = {TILES: width * tiles(g, batch, gradient), PRODUCTS: 2 * width * products(g, batch, gradient)}
    if is_small(g) if not gradient else gathers_small(g):
        found[COLUMNS] = width * columns(g, batch, gradient)
    if g.taps == 1:
        found[BLAS] = width * blas(g, batch, gradient)
    if dtype == np.float32:
        found[PLAIN], found[TORCH] = plain(g, batch, gradient), torch(g, batch, gradient)
        if _suits_blocks(g, gradient):
            found[BLOCKED] = blocked(g, batch, gradient)
    return sorted(found, key=lambda name: found[name])
