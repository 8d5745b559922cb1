"""About how long dense work takes, in nanoseconds on one thread: what the choice of a way and its units go by.

Measured on one processor with vectors of 64 bytes; on others the ratios are much the same.
"""

from __future__ import annotations

from math import prod

import numpy as np

from .geometry import Geometry


def _up(n: int, step: int) -> int:
    return -(-n // step) * step


def blocks_cost(g: Geometry, batch: int, gradient: bool = False) -> float:
    """oneDNN on blocks of 16 channels."""
    wide, narrow = _up(g.wide, 16), _up(g.narrow, 16)
    if g.groups > 1 and (g.wide, g.narrow) == (1, 1):
        groups, wide, narrow = _up(g.groups, 16), 1, 1
    else:
        groups = g.groups
    work = groups * wide * narrow * g.taps * prod(g.small)
    samples = groups * (wide * prod(g.large) + narrow * prod(g.small))
    return 8000 + batch * (0.007 * work + 0.13 * samples)


def plain_cost(g: Geometry, batch: int, gradient: bool = False) -> float:
    """oneDNN on arrays as they lie: a product of matrices, the samples of every tap copied beside one another."""
    columns = prod(g.small) * g.wide * g.taps
    work = _up(g.narrow, 8) * _up(g.wide * g.taps, 8) * prod(g.small)
    return 5000 + batch * g.groups * (200 + 0.0105 * work + 0.35 * columns)


def tiles_cost(g: Geometry, batch: int, gradient: bool = False) -> float:
    """Compiled tiles."""
    full, rest = divmod(g.outs, 8)
    outs = 8 * full + (0, 1.5, 6, 6, 6, 8, 8, 8)[rest]
    work = g.groups * outs * g.ins * g.taps * prod(g.small)
    samples = g.groups * (g.wide * prod(g.large) + g.narrow * prod(g.small))
    return 28000 + batch * (0.016 * work + 0.37 * samples + 85 * g.groups)


def product_cost(g: Geometry, batch: int) -> float:
    """BLAS on the arrays."""
    return 4000 + batch * g.groups * (700 + 0.012 * _up(g.outs, 8) * g.ins * prod(g.small))


def ordered(g: Geometry, batch: int, dtype: np.dtype, gradient: bool = False) -> list[str]:
    """The ways for a geometry, the cheapest first."""
    double = dtype.itemsize / 4
    found = {"tiles": tiles_cost(g, batch, gradient) * double}
    if g.taps == 1 and not gradient:
        found["matrix product"] = product_cost(g, batch) * double
    if dtype == np.float32:
        found["oneDNN"] = plain_cost(g, batch, gradient)
        found["oneDNN, blocked"] = blocks_cost(g, batch, gradient)
    return sorted(found, key=lambda name: found[name])
