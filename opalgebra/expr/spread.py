"""Signals whose zeros are made when they are asked for: ↑k of a signal, for a large k."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from .index import times
from .node import Node
from .signals import Signal

LARGE = 2**16  # samples from which zeros wait


class SpreadSignal(Signal):
    """x_n at k n, zero elsewhere: a :class:`Signal`, whose ``values`` are made when they are first read.

    >>> import opalgebra as oa
    >>> s = SpreadSignal.of(np.array([1, 2]), (3,), (5,), False)
    >>> s.starts, s.stops, s.values
    ((5,), (9,), array([1, 0, 0, 2]))
    """

    factors: tuple[int, ...]
    _kept: np.ndarray  # the samples that are known, ``factors`` apart

    @classmethod
    def of(cls, given: np.ndarray, factors: tuple[int, ...], starts: tuple[int, ...], weak: bool) -> SpreadSignal:
        """``given`` spread by factors, the first of them at ``starts``."""
        signal = object.__new__(cls)
        signal._set(_kept=given, factors=factors, _start=starts, weak=weak, ndim=given.ndim)
        return signal

    @property
    def _given(self) -> np.ndarray:
        return self._kept

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple([k * (n - 1) + 1 for n, k in zip(self._given.shape, self.factors, strict=True)])

    @cached_property
    def _values(self) -> np.ndarray:  # type: ignore[override]
        values = np.zeros(self._shape, self._given.dtype)
        values[tuple([slice(None, None, k) for k in self.factors])] = self._given
        values.flags.writeable = False
        return values

    @property
    def dtype(self) -> Any:
        return self._given.dtype

    def children(self) -> list[Node]:
        return []

    def flipped(self) -> SpreadSignal:
        """x_{−n}."""
        starts = tuple([1 - stop for stop in self.stops])
        return SpreadSignal.of(np.flip(self._given), self.factors, starts, self.weak)

    @property
    def places(self) -> list[np.ndarray]:
        """Where the given samples stand, counted from the first, per axis."""
        return [k * at for k, at in zip(self.factors, np.indices(self._given.shape).reshape(self._given.ndim, -1))]


def spread(signal: Signal, factors: tuple[int, ...]) -> Signal | None:
    """↑k of a signal of numbers, where most of many samples would be zeros; None where they may as well be made.

    >>> spread(Signal([1, 2]), (10,)) is None, spread(Signal([1, 2]), (10**6,)).stop
    (True, 1000001)
    """
    if signal.is_exact or not signal.values.size:
        return None
    size = prod(k * (n - 1) + 1 for n, k in zip(signal.values.shape, factors, strict=True))
    if size < LARGE or size < 4 * signal.values.size:
        return None
    return SpreadSignal.of(signal.values, factors, times(signal.starts, factors), signal.weak)
