"""Which way of computing a term is taken, and why.

*Slices* of NumPy, one for every tap; *dot products* and *blocks* (:mod:`.toeplitz`), for short arrays on one axis;
*compiled* tiles (:mod:`.compiled`), for anything large; overlap-save by FFT, for long filters at one rate; matrix
products (:mod:`.mixing`), where taps mix channels.  The choice depends on the filter, the windows, the batch and the
dtype alone, never on what ran before, so that results are reproducible.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

from ..errors import OperandError
from . import compiled, toeplitz
from .compiled.overlap import is_long, serves
from .fir import Fir
from .window import Window

ENGINES = ("auto", "numpy", "numba", "fft")
COMPILED_WORK = 30_000  # multiply-adds from which compiled code pays, its call included (measured)

DIRECT = ("dot products", "blocks")  # ways of NumPy that make the output of one filter at once


class Choice(NamedTuple):
    """How a term is computed: "slices", "dot products", "blocks", "products", "tiles" or "overlap-save"; and why."""

    way: str
    why: str

    @property
    def is_compiled(self) -> bool:
        """Whether Numba's code runs."""
        return self.way in ("tiles", "overlap-save")

    @property
    def is_planned(self) -> bool:
        """Whether :func:`plan` makes an object that runs it."""
        return self.is_compiled or self.way in DIRECT


def check_engine(engine: object) -> str:
    """One of :data:`ENGINES`."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise OperandError(f"the engine is {engine!r}; give one of {', '.join(map(repr, ENGINES))}")
    if engine in ("numba", "fft") and not compiled.available():
        raise OperandError(f"the engine {engine!r} needs Numba, which is not installed: pip install numba")
    return engine


def choose(
    action: Any, written: Window, read: Window, batch: int, dtype: Any, engine: str, continues: bool = False
) -> Choice:
    """The way for one term; ``continues`` says that it should read on beyond the window, as compiled code alone can."""
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
    most = batch * written.size * action.taps.size  # spares the count where it is small anyway
    work = most if most < COMPILED_WORK else batch * action.multiply_adds(written, read)
    if action.is_copy and (work < COMPILED_WORK or min(action.down) > 0):
        return Choice("slices", "no arithmetic")
    if work < COMPILED_WORK:
        return _small(action, written, read, batch, dtype, f"small: at most {work:,} multiply-adds")
    if not compiled.available():
        _warn_without_numba()
        return _small(action, written, read, batch, dtype, "Numba is not installed")
    if serves(action.up, action.down, dtype) and is_long(action.taps, written.shape[0]):
        return Choice("overlap-save", f"long: {action.taps.size} taps")
    if continues:
        return Choice("tiles", f"{work:,} multiply-adds")
    tiles = "tiles", toeplitz.tiles_cost(work, batch, dtype)
    return _small(action, written, read, batch, dtype, f"{work:,} multiply-adds", tiles)


def _small(fir: Fir, written: Window, read: Window, batch: int, dtype: Any, why: str, other: Any = None) -> Choice:
    """The cheapest way without compiled code, or the other one that is given with its cost where that is cheaper."""
    costs = dict([other] if other else [("slices", toeplitz.slices_cost(fir, written, batch))])
    g = toeplitz.geometry(fir, written, read)
    if g is not None:
        found = {"dot products": toeplitz.dots_cost(g, batch, dtype), "blocks": toeplitz.blocks_cost(g, batch, dtype)}
        costs.update({way: cost for way, cost in found.items() if cost is not None})
    return Choice(min(costs, key=costs.__getitem__), why)


def _warn_without_numba() -> None:
    warnings.warn(
        "Numba is not installed, and filters run as slices of NumPy, about ten times slower: pip install numba",
        RuntimeWarning,
        stacklevel=2,
    )


def plan(fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], way: str) -> Any:
    """What runs a filter in a way that :attr:`Choice.is_planned`, remembered with it."""
    kept: dict[Any, Any] = fir.__dict__.setdefault("_plans", {})
    key = written, read, dtype, rules, way
    if key not in kept:
        kept[key] = _planned(fir, written, read, dtype, rules, way)
    return kept[key]


def _planned(fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], way: str) -> Any:
    g = toeplitz.geometry(fir, written, read) if way in DIRECT else None
    if g is not None:
        return (toeplitz.Dots if way == "dot products" else toeplitz.Blocks)(fir, written, read, dtype, g)
    out, into = _spans(written), _spans(read)
    taps = fir.taps_in(dtype)
    made: Any = compiled.plan(taps, fir.start, fir.up, fir.down, out, into, dtype, rules)
    if way == "overlap-save":
        made = compiled.OverlapSave.of(made, taps, fir.start[0], out[0][0], into[0][0])
    return made


def _spans(window: Window) -> list[tuple[int, int]]:
    return list(zip(window.starts, window.shape, strict=True))
