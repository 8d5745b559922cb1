"""What a way of computing is, and what it is chosen for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..arrays.window import Window
from ..filters.fir import Fir
from . import compiled
from .compiled.layout import VECTOR_BYTES

COMPILED_WORK = 30_000  # multiply-adds from which compiled code pays, its call included (measured)
MIXING_WORK = 10_000  # the same where taps mix channels; below it Numba need not be imported
MATRICES = "taps are matrices between channels"


class Way(NamedTuple):
    """A row of the table of ways."""

    name: str  # as explain() prints it
    suits: Callable[[Job], str | None]  # why it is taken for a job, None where it cannot be
    cost: Callable[[Job], float] | None = None  # nanoseconds; a way that has none is taken before all others
    plan: Callable[..., Any] | None = None  # for a filter, its windows, dtype, rules and divisor: what has ``run``
    continues: bool = False  # whether it reads beyond the array by the rule of the boundary, so that none is copied
    casts: bool = False  # whether it reads arrays of the dtype of the run alone
    divides: bool = False  # whether it divides on the way
    is_direct: bool = False  # whether NumPy makes the output of one filter at once: what is planned has ``ready``


class Choice(NamedTuple):
    """How a term is computed, and why."""

    way: Way
    why: str


@dataclass(frozen=True, eq=False)
class Job:
    """A term to be computed: facts that ways are chosen by, each found once and only where it is asked for.

    Attributes
    ----------
    action : Fir, Weight, Quotient or Relabel
        What is done.
    written, read : Window
        Where y and x lie.
    batch : int
        How many arrays.
    dtype : dtype
        Of y.
    engine : str
        One of ``ENGINES``, or "cuda".
    continues : bool
        Whether x should be read on beyond its window by the rule of the boundary.
    """

    action: Any
    written: Window
    read: Window
    batch: int
    dtype: Any
    engine: str
    continues: bool

    @property
    def is_filter(self) -> bool:
        """Whether a filter runs on the host; weights and samples that only move have ways of their own."""
        return isinstance(self.action, Fir) and self.engine != "cuda"

    @property
    def mixes(self) -> bool:
        """Whether that filter's taps are matrices between channels."""
        return self.is_filter and self.action.mixes

    def is_plain(self, engine: str) -> bool:
        """Whether its taps are numbers, there is compiled code for the dtype, and this engine is asked for."""
        return self.is_filter and not self.action.mixes and self.dtype in compiled.DTYPES and self.engine == engine

    @cached_property
    def work(self) -> int:
        """Multiply-adds; a bound of them, which spares the count, where it is small anyway."""
        most: int = self.batch * self.written.size * self.action.taps.size
        exact = self.action.mixes or most >= COMPILED_WORK
        return self.batch * self.action.multiply_adds(self.written, self.read) if exact else most

    @property
    def is_wide(self) -> bool:
        """Whether what lies between its taps is more work to copy than compiled code takes to call."""
        return self.action.places is not None and prod(self.action.shape) >= COMPILED_WORK

    @cached_property
    def moves(self) -> bool:
        """Whether plain slices do all, for samples are only moved."""
        return self.action.is_copy and (self.work < COMPILED_WORK or min(self.action.down) > 0)

    @cached_property
    def small(self) -> str | None:
        """Why a plain filter, free to choose, takes no compiled code."""
        if not self.is_plain("auto") or self.moves:
            return None
        if self.work < COMPILED_WORK and not (self.continues and self.is_wide):
            return f"small: at most {self.work:,} multiply-adds"
        return None if compiled.available() else _warned()

    @cached_property
    def large(self) -> str | None:
        """The work of one for which compiled code pays."""
        return f"{self.work:,} multiply-adds" if self.is_plain("auto") and not self.moves and not self.small else None

    @cached_property
    def uncompiled(self) -> str | None:
        """Why taps that mix channels take no compiled code."""
        if self.engine in ("numpy", "fft"):
            return MATRICES
        axes = len(self.written.shape)
        if self.dtype not in compiled.DTYPES or axes > compiled.MIXING_AXES:
            return f"{MATRICES}, no compiled code for {self.dtype} on {axes} axes"
        if self.engine == "numba":
            return None
        if self.work < MIXING_WORK:
            return f"{MATRICES}, small: {self.work:,} multiply-adds"
        positions = prod(-(-n // up) for n, up in zip(self.written.shape, self.action.up, strict=True))
        if positions * np.dtype(self.dtype).type().real.itemsize < VECTOR_BYTES:  # vectors would be mostly empty
            return f"{MATRICES}, only {positions} positions"
        return None if compiled.available() else f"{MATRICES}, {_warned()}"


def _warned() -> str:
    warnings.warn(
        "Numba is not installed, and filters run as slices of NumPy, about ten times slower: pip install numba",
        RuntimeWarning,
        stacklevel=2,
    )
    return "Numba is not installed"


def spans(window: Window) -> list[tuple[int, int]]:
    """Start and size per axis, as compiled code takes them."""
    return list(zip(window.starts, window.shape, strict=True))
