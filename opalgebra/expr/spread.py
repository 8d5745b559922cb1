"""Signals whose zeros are made when they are first read: ↑k of a signal of numbers, for a large k."""

from __future__ import annotations

from math import prod

import numpy as np

from .arrays import shape_apart
from .index import times
from .signals import Signal

LARGE = 2**16  # samples from which zeros wait


def waiting(given: np.ndarray, factors: tuple[int, ...], starts: tuple[int, ...], weak: bool) -> Signal:
    """The samples of an array ``factors`` apart, the first of them at ``starts``.

    >>> s = waiting(np.array([1, 2]), (3,), (5,), False)
    >>> s.starts, s.stops, s.values
    ((5,), (9,), array([1, 0, 0, 2]))
    """
    signal = object.__new__(Signal)
    signal._set(_kept=given, _factors=factors, _start=starts, weak=weak, ndim=given.ndim)
    signal.__dict__["_children"] = []  # so that no walk makes the zeros
    return signal


def spread(signal: Signal, factors: tuple[int, ...]) -> Signal | None:
    """↑k of a signal of numbers, where most of many samples would be zeros; None where they may as well be made.

    >>> spread(Signal([1, 2]), (10,)) is None, spread(Signal([1, 2]), (10**6,)).stop
    (True, 1000001)
    """
    if signal.is_exact or not prod(signal._shape):
        return None
    given = signal.values
    size = prod(shape_apart(given.shape, factors))
    if size < LARGE or size < 4 * given.size:
        return None
    return waiting(given, factors, times(signal.starts, factors), signal.weak)


def flipped(signal: Signal) -> Signal:
    """x_{−n}, a view of the same samples."""
    starts = tuple([1 - stop for stop in signal.stops])
    mirrored = np.flip(signal._given)
    if signal._factors is None:
        return Signal._wrap(mirrored, starts, signal.weak)
    return waiting(mirrored, signal._factors, starts, signal.weak)


def places(signal: Signal) -> list[np.ndarray] | None:
    """Where the given samples stand, counted from the first, per axis; None where all are given."""
    factors, shape = signal._factors, signal._given.shape
    if factors is None:
        return None
    return [k * at for k, at in zip(factors, np.indices(shape).reshape(len(shape), -1), strict=True)]
