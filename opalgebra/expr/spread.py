"""Signals whose zeros are made when they are first read: ↑k of a signal of numbers, for a large k."""

from __future__ import annotations

from math import prod

import numpy as np

from .arrays import shape_apart
from .index import times
from .signals import Signal

LARGE = 2**16  # samples from which zeros wait


def spread(signal: Signal, factors: tuple[int, ...]) -> Signal | None:
    """↑k of a signal of numbers, where most of many samples would be zeros; None where they may as well be made.

    >>> spread(Signal([1, 2]), (10,)) is None, spread(Signal([1, 2]), (10**6,)).stop
    (True, 1000001)
    """
    if signal.is_exact or not prod(signal._shape):
        return None
    given, starts = signal._given, times(signal.starts, factors)
    factors = times(factors, signal._factors or (1,) * given.ndim)
    size = prod(shape_apart(given.shape, factors))
    if size < LARGE or size < 4 * given.size:
        return None
    return Signal._wrap(given, starts, signal.weak, factors)


def flipped(signal: Signal) -> Signal:
    """x_{−n}, a view of the same samples."""
    starts = tuple([1 - stop for stop in signal.stops])
    return Signal._wrap(np.flip(signal._given), starts, signal.weak, signal._factors)


def places(signal: Signal) -> list[np.ndarray] | None:
    """Where the given samples stand, counted from the first, per axis; None where all are given."""
    factors, shape = signal._factors, signal._given.shape
    if factors is None:
        return None
    return [k * at for k, at in zip(factors, np.indices(shape).reshape(len(shape), -1), strict=True)]
