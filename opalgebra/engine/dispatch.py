"""Which way of computing a term is taken, and why.

Four ways: *slices* of NumPy, one for every tap; *compiled* tiles (:mod:`.compiled`), for anything large; overlap-save
by FFT, for long filters at one rate; matrix products (:mod:`.mixing`), for small work where taps mix channels.  The
choice depends on the filter, the windows, the batch and the dtype alone, never on what ran before, so that results are
reproducible.
"""

from __future__ import annotations

import warnings
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..errors import OperandError
from . import compiled
from .compiled.layout import VECTOR_BYTES
from .compiled.overlap import is_long, serves
from .fir import Fir
from .window import Window

ENGINES = ("auto", "numpy", "numba", "fft")
COMPILED_WORK = 30_000  # multiply-adds from which compiled code pays, its call included (measured)
MIXING_WORK = 10_000  # the same where taps mix channels; below it Numba need not be imported


class Choice(NamedTuple):
    """How a term is computed: "slices", "products", "tiles" or "overlap-save"; and why."""

    way: str
    why: str

    @property
    def is_compiled(self) -> bool:
        """Whether Numba's code runs."""
        return self.way in ("tiles", "overlap-save")


def check_engine(engine: object) -> str:
    """One of :data:`ENGINES`."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise OperandError(f"the engine is {engine!r}; give one of {', '.join(map(repr, ENGINES))}")
    if engine in ("numba", "fft") and not compiled.available():
        raise OperandError(f"the engine {engine!r} needs Numba, which is not installed: pip install numba")
    return engine


def choose(action: Any, written: Window, read: Window, batch: int, dtype: Any, engine: str) -> Choice:
    """The way for one term."""
    if not isinstance(action, Fir):
        return Choice("slices", "one multiplication per sample")
    if action.mixes:
        return _choose_mixing(action, written, read, batch, dtype, engine)
    if dtype not in compiled.DTYPES:
        return Choice("slices", f"no compiled code for {dtype}")
    if engine == "numpy":
        return Choice("slices", "asked for")
    if engine == "numba":
        return Choice("tiles", "asked for")
    if engine == "fft":
        if not serves(action.up, action.down, dtype):
            raise OperandError(
                "engine='fft' serves filters on one axis at one rate, for floating data; leave engine out and each "
                "stage takes what suits it"
            )
        return Choice("overlap-save", "asked for")
    work = batch * action.multiply_adds(written, read)
    if work < COMPILED_WORK:
        return Choice("slices", f"small: {work:,} multiply-adds")
    if action.is_copy and all(m > 0 for m in action.down):
        return Choice("slices", "no arithmetic")
    if not compiled.available():
        _warn_without_numba()
        return Choice("slices", "Numba is not installed")
    if serves(action.up, action.down, dtype) and is_long(action.taps, written.shape[0]):
        return Choice("overlap-save", f"long: {action.taps.size} taps")
    return Choice("tiles", f"{work:,} multiply-adds")


def _choose_mixing(fir: Fir, written: Window, read: Window, batch: int, dtype: Any, engine: str) -> Choice:
    """The way for taps that are matrices between channels."""
    matrices = "taps are matrices between channels"
    if engine in ("numpy", "fft"):
        return Choice("products", matrices)
    if dtype not in compiled.DTYPES or len(written.shape) > compiled.MIXING_AXES:
        return Choice("products", f"{matrices}, no compiled code for {dtype} on {len(written.shape)} axes")
    if engine == "numba":
        return Choice("tiles", "asked for")
    work = batch * fir.multiply_adds(written, read)
    if work < MIXING_WORK:
        return Choice("products", f"{matrices}, small: {work:,} multiply-adds")
    positions = prod(-(-n // up) for n, up in zip(written.shape, fir.up, strict=True))
    if positions * np.dtype(dtype).type().real.itemsize < VECTOR_BYTES:  # vectors would be mostly empty
        return Choice("products", f"{matrices}, only {positions} positions")
    if not compiled.available():
        _warn_without_numba()
        return Choice("products", f"{matrices}, Numba is not installed")
    return Choice("tiles", f"{matrices}, {work:,} multiply-adds")


def _warn_without_numba() -> None:
    warnings.warn(
        "Numba is not installed, and filters run as slices of NumPy, about ten times slower: pip install numba",
        RuntimeWarning,
        stacklevel=2,
    )


def plan(fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], way: str) -> Any:
    """The compiled plan of a filter, remembered with it."""
    kept: dict[Any, Any] = fir.__dict__.setdefault("_plans", {})
    key = written, read, dtype, rules, way
    if key not in kept:
        out, into = _spans(written), _spans(read)
        taps = fir.taps_in(dtype)
        make = compiled.mixing_plan if fir.mixes else compiled.plan
        made: Any = make(taps, fir.start, fir.up, fir.down, out, into, dtype, rules)
        if way == "overlap-save":
            made = compiled.OverlapSave.of(made, taps, fir.start[0], out[0][0], into[0][0])
        kept[key] = made
    return kept[key]


def sums_pay(dtype: Any, ndim: int, work: int) -> bool:
    """Whether the gradient of taps between channels is summed by compiled code, not by matrix products."""
    is_served = dtype in compiled.DTYPES and dtype.kind != "c" and ndim <= compiled.MIXING_AXES
    return is_served and work >= MIXING_WORK and compiled.available()


def gradient(numbers: Fir, out: tuple[int, ...], read: tuple[int, ...], dtype: Any) -> compiled.MixingGradient:
    """The gradient of a filter between windows that start at 0; every tap of the filter holds its number, from 1 on."""
    written, reads = ([(0, n) for n in sizes] for sizes in (out, read))
    made = compiled.mixing_plan(numbers.taps, numbers.start, numbers.up, numbers.down, written, reads, dtype)
    return compiled.MixingGradient(made, int(numbers.taps.max()))


def _spans(window: Window) -> list[tuple[int, int]]:
    return list(zip(window.starts, window.shape, strict=True))
