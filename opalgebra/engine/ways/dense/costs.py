"""About how long dense work takes, in nanoseconds on one thread: what the choice of a way and its units go by.

Measured on one processor with vectors of 64 bytes; on others the ratios are much the same.
"""

from __future__ import annotations

from math import prod

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
