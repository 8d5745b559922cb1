"""Which way of computing a term is taken, and why.

Five ways: *slices* of NumPy, one for every tap; *compiled* tiles (:mod:`.compiled`), for anything large; the same for
two axes one after the other, where the taps are an outer product; overlap-save by FFT, for long filters at one rate;
matrix products (:mod:`.mixing`), where taps mix channels.  The choice depends on the filter, the windows, the batch and
the dtype alone, never on what ran before, so that results are reproducible.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

from ..errors import OperandError
from . import compiled
from .arithmetic import cast
from .compiled.overlap import is_long, serves
from .fir import Fir
from .window import Window

ENGINES = ("auto", "numpy", "numba", "fft")
COMPILED_WORK = 30_000  # multiply-adds from which compiled code pays, its call included (measured)


class Choice(NamedTuple):
    """How a term is computed: "slices", "products", "tiles", "separable" or "overlap-save"; and why."""

    way: str
    why: str

    @property
    def is_compiled(self) -> bool:
        """Whether Numba's code runs."""
        return self.way in ("tiles", "separable", "overlap-save")


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
    if _is_separable(action, written, read):
        return Choice("separable", f"an outer product: {work:,} multiply-adds, both axes in one go")
    return Choice("tiles", f"{work:,} multiply-adds")


def _is_separable(fir: Fir, written: Window, read: Window) -> bool:
    """Whether the taps were made as an outer product of two axes, the axes before which stay as they are."""
    return (
        fir.factors is not None
        and len(fir.start) > 1
        and fir.factors.axes[-2].dtype.kind != "c"
        and all(
            (taps.size, taps[0], start, up, down) == (1, 1, 0, 1, 1)
            for taps, start, up, down in zip(fir.factors.axes[:-2], fir.start, fir.up, fir.down, strict=False)
        )
        and (written.starts[:-2], written.shape[:-2]) == (read.starts[:-2], read.shape[:-2])
    )


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
        made: Any
        if way == "separable" and fir.factors is not None:
            axes = [cast(taps, dtype) for taps in fir.factors.axes[-2:]]
            made = compiled.separable(axes, fir.factors.scale, fir.start, fir.up, fir.down, out, into, dtype, rules)
        else:
            made = compiled.plan(taps, fir.start, fir.up, fir.down, out, into, dtype, rules)
        if way == "overlap-save":
            made = compiled.OverlapSave.of(made, taps, fir.start[0], out[0][0], into[0][0])
        kept[key] = made
    return kept[key]


def _spans(window: Window) -> list[tuple[int, int]]:
    return list(zip(window.starts, window.shape, strict=True))
