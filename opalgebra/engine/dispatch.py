"""Which way of computing a term is taken, and why.

Four ways: *slices* of NumPy, one for every tap; *compiled* tiles (:mod:`.compiled`), for anything large; overlap-save
by FFT, for long filters at one rate; matrix products (:mod:`.mixing`), where taps mix channels.  Sampling by a matrix
is a gather.  The choice depends on
the filter, the windows, the batch and the dtype alone, never on what ran before, so that results are reproducible.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

from ..errors import OperandError
from . import compiled
from .compiled.overlap import is_long, serves
from .fir import Fir
from .relabel import Relabel
from .window import Window

ENGINES = ("auto", "numpy", "numba", "fft")
COMPILED_WORK = 30_000  # multiply-adds from which compiled code pays, its call included (measured)


class Choice(NamedTuple):
    """How a term is computed: "slices", "products", "gather", "tiles" or "overlap-save"; and why."""

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
    if isinstance(action, Relabel):
        return Choice("gather", "samples only move")
    if not isinstance(action, Fir):
        return Choice("slices", "one multiplication per sample")
    if action.mixes:
        return Choice("products", "taps are matrices between channels")
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
        made: Any = compiled.plan(taps, fir.start, fir.up, fir.down, out, into, dtype, rules)
        if way == "overlap-save":
            made = compiled.OverlapSave.of(made, taps, fir.start[0], out[0][0], into[0][0])
        kept[key] = made
    return kept[key]


def _spans(window: Window) -> list[tuple[int, int]]:
    return list(zip(window.starts, window.shape, strict=True))
