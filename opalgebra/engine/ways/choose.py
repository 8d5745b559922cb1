"""Which way of computing a term is taken, and why.

*Slices* of NumPy, one for every tap; *dot products* and *blocks* (:mod:`.short`), for short arrays on one axis;
*compiled* tiles (:mod:`.compiled`), for anything large; the same for two axes one after the other, where the taps are
an outer product; overlap-save by FFT, for long filters; matrix products, for small work where taps mix
channels.  Sampling by a matrix is a gather.  Arrays on a device have ways of their own
(:mod:`.cuda`).  The choice depends on the filter, the windows, the batch, the dtype and the place of the array alone,
never on what ran before, so that results are reproducible.
"""

from __future__ import annotations

import warnings
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...errors import OperandError
from ..arrays.arithmetic import cast
from ..arrays.window import Window
from ..filters.fir import Fir
from ..filters.relabel import Relabel
from . import compiled, short
from .compiled.layout import VECTOR_BYTES
from .cuda.fourier import suits_fourier
from .cuda.passes import ends
from .cuda.plan import MAX_AXES

ENGINES = ("auto", "numpy", "numba", "fft")
PLANS_KEPT = 64  # of one filter
CUDA = "CUDA kernel", "cuFFT", "cuBLAS", "CUDA slices"
COMPILED_WORK = 30_000  # multiply-adds from which compiled code pays, its call included (measured)
MIXING_WORK = 10_000  # the same where taps mix channels; below it Numba need not be imported
FFT_TAPS = 64  # with fewer sums are always faster

DIRECT = ("dot products", "blocks")  # ways of NumPy that make the output of one filter at once


class Choice(NamedTuple):
    """How a term is computed, and why.

    "slices", "gather", "dot products", "blocks", "products", "tiles", "separable" or "overlap-save"; on a device one of
    :data:`CUDA`.
    """

    way: str
    why: str

    @property
    def is_compiled(self) -> bool:
        """Whether code of Numba or CUDA runs, which writes as well as adds."""
        return self.way in ("tiles", "separable", "overlap-save", *CUDA)

    @property
    def is_on_device(self) -> bool:
        """Whether it is for arrays on a device."""
        return self.way in CUDA

    @property
    def continues(self) -> bool:
        """Whether an array is continued beyond its ends where it is read."""
        return self.way in ("tiles", "separable", "overlap-save", CUDA[0])

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


def engine_for(xp: Any, engine: str) -> str:
    """ "cuda" for arrays of CuPy, for which the other names mean nothing."""
    if xp.__name__ == "numpy":
        return engine
    if engine != "auto":
        raise OperandError(f"the engine {engine!r} is for NumPy arrays, and the array is CuPy's; leave engine out")
    return "cuda"


def choose(
    action: Any, written: Window, read: Window, batch: int, dtype: Any, engine: str, continues: bool = False
) -> Choice:
    """The way for one term; ``continues`` says that it should read on beyond the window, as compiled code alone can."""
    if isinstance(action, Relabel):
        return Choice("gather", "samples only move")
    if not isinstance(action, Fir):
        return Choice("slices", "one multiplication per sample")
    if engine == "cuda":
        return _on_device(action, written, read, dtype)
    if action.mixes:
        return _choose_mixing(action, written, read, batch, dtype, engine)
    if dtype not in compiled.DTYPES:
        return Choice("slices", f"no compiled code for {dtype}")
    if engine == "numpy":
        return Choice("slices", "asked for")
    if engine == "numba":
        return Choice("tiles", "asked for")
    if engine == "fft":
        if _transforms(action, written, read, dtype) is None:
            raise OperandError(
                "engine='fft' serves filters at one rate, or between rates along one axis with at most 16,384 taps per "
                "phase and not too many phases, for floating data; leave engine out and each stage takes what suits it"
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
    cut = _transforms(action, written, read, dtype) if action.taps.size >= FFT_TAPS else None
    real_work = work * (1 if dtype.kind == "f" else 4 if action.taps_in(dtype).dtype.kind == "c" else 2)
    if cut is not None and (as_long := cut.work(batch)) < real_work:
        return Choice("overlap-save", f"long: {real_work:,} multiply-adds, FFTs cost as much as {as_long:,}")
    if _is_separable(action, written, read):
        return Choice("separable", f"an outer product: {work:,} multiply-adds, both axes in one go")
    if continues:
        return Choice("tiles", f"{work:,} multiply-adds")
    tiles = "tiles", short.tiles_cost(work, batch, dtype)
    return _small(action, written, read, batch, dtype, f"{work:,} multiply-adds", tiles)


def _small(fir: Fir, written: Window, read: Window, batch: int, dtype: Any, why: str, other: Any = None) -> Choice:
    """The cheapest way without compiled code, or the other one that is given with its cost where that is cheaper."""
    costs = dict([other] if other else [("slices", short.slices_cost(fir, written, batch))])
    g = short.geometry(fir, written, read)
    if g is not None:
        found = {"dot products": short.dots_cost(g, batch, dtype), "blocks": short.blocks_cost(g, batch, dtype)}
        costs.update({way: cost for way, cost in found.items() if cost is not None})
    return Choice(min(costs, key=costs.__getitem__), why)


def _on_device(fir: Fir, written: Window, read: Window, dtype: Any) -> Choice:
    """What :func:`~.cuda.launch.filter_into` does with a filter."""
    first, last = ends(fir, written, read)
    if fir.mixes and fir.taps.shape[1:3] != (1, 1):
        return Choice(CUDA[2], "taps are matrices between channels")
    if last - first >= MAX_AXES:
        return Choice(CUDA[3], f"more than {MAX_AXES} axes")
    if suits_fourier(fir, dtype, written, read):
        return Choice(CUDA[1], f"long: {fir.taps.size} taps")
    return Choice(CUDA[0], "the array is on a device")


def _is_separable(fir: Fir, written: Window, read: Window) -> bool:
    """Whether the taps were made as an outer product of two axes, the axes before which stay as they are."""
    return (
        fir.factors is not None
        and len(fir.start) > 1
        and fir.factors[-2].dtype.kind != "c"
        and all(
            (taps.size, taps[0], start, up, down) == (1, 1, 0, 1, 1)
            for taps, start, up, down in zip(fir.factors[:-2], fir.start, fir.up, fir.down, strict=False)
        )
        and (written.starts[:-2], written.shape[:-2]) == (read.starts[:-2], read.shape[:-2])
    )


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


def plan(
    fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], way: str, divisor: int = 1
) -> Any:
    """What runs a filter in a way that :attr:`Choice.is_planned`, remembered with it; "separable" divides as well."""
    kept: dict[Any, Any] = fir.__dict__.setdefault("_plans", {})
    key = written, read, dtype, rules, way, divisor
    made: Any = kept.get(key)
    if made is None:
        made = _planned(fir, written, read, dtype, rules, way, divisor)
        if len(kept) >= PLANS_KEPT:  # every block of a long array has windows of its own
            kept.clear()
        kept[key] = made
    return made


def _planned(
    fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], way: str, divisor: int
) -> Any:
    g = short.geometry(fir, written, read) if way in DIRECT else None
    if g is not None:
        return (short.Dots if way == "dot products" else short.Blocks)(fir, written, read, dtype, g)
    out, into = _spans(written), _spans(read)
    if way == "separable" and fir.factors is not None:
        axes = [cast(taps, dtype) for taps in fir.factors[-2:]]
        return compiled.separable(axes, divisor, fir.start, fir.up, fir.down, out, into, dtype, rules)
    taps = fir.taps_in(dtype)
    make = compiled.mixing_plan if fir.mixes else compiled.plan
    made: Any = make(taps, fir.start, fir.up, fir.down, out, into, dtype, rules)
    if way == "overlap-save":
        return _transforms(fir, written, read, dtype).made(made)
    return made


def _transforms(fir: Fir, written: Window, read: Window, dtype: np.dtype) -> Any:
    """How it may be computed by FFTs, or None."""
    taps = fir.taps_in(dtype)
    return compiled.transforms_of(taps, fir.start, fir.up, fir.down, _spans(written), _spans(read), dtype)


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
