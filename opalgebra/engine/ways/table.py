"""The ways of computing, one row each: what a way is called, when it suits, what it costs, and how it plans.

To add a way, write what runs it in a file of its own, and its row here.  Rows with no cost come first, and the first
that suits is taken; of those with a cost, the cheapest that suits.

| way | for |
| --- | --- |
| gather | sampling by a matrix |
| cuBLAS, CUDA slices, cuFFT, CUDA kernel | arrays on a device |
| matrix product | taps that mix channels, one for each pair: BLAS on the arrays |
| oneDNN; oneDNN, blocked | dense taps that mix channels, where it is installed: arrays as they lie, or in blocks |
| products | taps that mix channels, for small work: one matrix product per phase |
| overlap-save | long filters, by FFT |
| separable | two axes one after the other, where the taps are an outer product |
| tiles | anything large: compiled tiles |
| slices | one slice of NumPy for every tap |
| dot products, blocks | short arrays on one axis |
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import OperandError
from ..arrays.arithmetic import cast
from ..arrays.window import Window
from ..filters.fir import Fir
from ..filters.relabel import Relabel
from ..filters.remembered import remembered
from . import compiled, dense, short
from .cuda.fourier import suits_fourier
from .cuda.launch import OnDevice, is_wide
from .cuda.passes import ends
from .cuda.plan import MAX_AXES
from .way import MATRICES, Job, Way, spans

FFT_TAPS = 64  # with fewer sums are always faster


def _gathers(job: Job) -> str | None:
    return "samples only move" if isinstance(job.action, Relabel) else None


# On a device: what :func:`~.cuda.launch.filter_into` does with a filter -------------------------------------------


def _on_device(why: Callable[[Job], str | None]) -> Callable[[Job], str | None]:
    return lambda job: why(job) if job.engine == "cuda" and isinstance(job.action, Fir) else None


def _is_between_channels(job: Job) -> str | None:
    return MATRICES if job.action.mixes and job.action.taps.shape[1:3] != (1, 1) else None


def _is_wide(job: Job) -> str | None:
    if is_wide(job.action):
        return "taps far apart"
    first, last = ends(job.action, job.written, job.read)
    return f"more than {MAX_AXES} axes" if last - first >= MAX_AXES else None


def _is_long_on_device(job: Job) -> str | None:
    is_long = suits_fourier(job.action, job.dtype, job.written, job.read)
    return f"long: {job.action.taps.size} taps" if is_long else None


# On the host --------------------------------------------------------------------------------------------------


def _is_long(job: Job) -> str | None:
    if job.is_plain("fft"):
        if _transforms(job.action, job.written, job.read, job.dtype) is None:
            raise OperandError(
                "engine='fft' serves filters at one rate, or between rates along one axis with at most 16,384 taps per "
                "phase and not too many phases, for floating data; leave engine out and each stage takes what suits it"
            )
        return "asked for"
    if job.large is None or job.action.taps.size < FFT_TAPS:
        return None
    is_real = job.dtype.kind == "f"
    real_work = job.work * (1 if is_real else 4 if job.action.taps_in(job.dtype).dtype.kind == "c" else 2)
    if real_work <= compiled.least_transforms(job.written.size, job.dtype):
        return None
    cut = _transforms(job.action, job.written, job.read, job.dtype)
    if cut is None or (as_long := cut.work(job.batch)) >= real_work:
        return None
    return f"long: {real_work:,} multiply-adds, FFTs cost as much as {as_long:,}"


def _is_outer_product(job: Job) -> str | None:
    """Where taps were made as an outer product of two axes, and there is enough to do."""
    return f"an outer product: {job.large}, both axes in one go" if job.large and _has_two_factors(job) else None


def _has_two_factors(job: Job) -> bool:
    """Whether taps were made as an outer product of two axes, the axes before which stay as they are."""
    if job.action.factors is None or len(job.action.start) < 2:
        return False
    fir, (a, b) = job.action, (job.written, job.read)
    is_left = all(
        (taps.size, taps[0], start, up, down) == (1, 1, 0, 1, 1)
        for taps, start, up, down in zip(fir.factors[:-2], fir.start, fir.up, fir.down, strict=False)
    )
    same = (a.starts[:-2], a.shape[:-2]) == (b.starts[:-2], b.shape[:-2])
    return is_left and fir.factors[-2].dtype.kind != "c" and same


# Whether a way can compute a job at all: what :func:`opalgebra.tune` measures ----------------------------------


def _is_free(job: Job) -> bool:
    """Whether a plain filter may be run by any way of compiled code."""
    return job.is_plain("auto") and compiled.available()


def _can_transform(job: Job) -> bool:
    """Of short filters, whose sums are exact where samples are whole, FFTs are never taken."""
    is_long = _is_free(job) and job.action.taps.size >= FFT_TAPS
    return is_long and _transforms(job.action, job.written, job.read, job.dtype) is not None


def _can_tile(job: Job) -> bool:
    mixes = job.mixes and job.engine == "auto" and job.dtype in compiled.DTYPES and compiled.available()
    return _is_free(job) or (mixes and len(job.written.shape) <= compiled.MIXING_AXES)


def _can_be_short(cost: Callable[[Any, int, Any], float | None]) -> Callable[[Job], bool]:
    def serves(job: Job) -> bool:
        g = short.geometry(job.action, job.written, job.read) if job.is_plain("auto") else None
        return g is not None and cost(g, job.batch, job.dtype) is not None

    return serves


def _by_library(name: str) -> Way:
    """The row of a library for dense work between channels."""

    def suits(job: Job) -> str | None:
        return f"{MATRICES}, {job.work:,} multiply-adds" if job.fastest == name else None

    def plan(fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], _: int) -> Any:
        return dense.made(name, fir, written, read, dtype)

    def serves(job: Job) -> bool:
        free = job.mixes and job.engine == "auto" and not job.continues
        return free and dense.made(name, job.action, job.written, job.read, job.dtype) is not None

    return Way(name, suits, plan=plan, casts=True, serves=serves)


def _takes_tiles(job: Job) -> str | None:
    if job.mixes:
        if job.uncompiled is not None:
            return None
        return "asked for" if job.engine == "numba" else f"{MATRICES}, {job.work:,} multiply-adds"
    return "asked for" if job.is_plain("numba") else job.large


def _tiles_cost(job: Job) -> float:
    return short.tiles_cost(job.work, job.batch, job.dtype)


def _takes_slices(job: Job) -> str | None:
    if not isinstance(job.action, Fir):
        return "one multiplication per sample"
    if not job.is_filter or job.mixes:
        return None
    if job.dtype not in compiled.DTYPES:
        return f"no compiled code for {job.dtype}"
    if job.engine == "numpy":
        return "asked for"
    return "no arithmetic" if job.is_plain("auto") and job.moves else job.small


def _if_short(cost: Callable[[Any, int, Any], float | None]) -> Callable[[Job], str | None]:
    """A way of :mod:`.short`, which competes with slices, or with tiles where these need not continue the array."""

    def suits(job: Job) -> str | None:
        why = job.small or (None if job.continues else job.large)
        if why is None:
            return None
        g = short.geometry(job.action, job.written, job.read)
        return why if g is not None and cost(g, job.batch, job.dtype) is not None else None

    return suits


def _cost_of(cost: Callable[[Any, int, Any], float | None]) -> Callable[[Job], Any]:
    return lambda job: cost(short.geometry(job.action, job.written, job.read), job.batch, job.dtype)


# Plans --------------------------------------------------------------------------------------------------------


def _transforms(fir: Fir, written: Window, read: Window, dtype: np.dtype) -> Any:
    """How it may be computed by FFTs, or None."""
    taps = fir.taps_in(dtype)
    given = taps, fir.start, fir.up, fir.down, spans(written), spans(read), dtype, fir.places
    return remembered(fir, "_cut", (written, read, dtype), lambda: (compiled.transforms_of(*given),))[0]


def _tiles(fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], _: int) -> Any:
    make: Any = compiled.mixing_plan if fir.mixes else compiled.tiled
    windows = spans(written), spans(read)
    return make(fir.taps_in(dtype), fir.start, fir.up, fir.down, *windows, dtype, rules, fir.places)


def _overlap_save(fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], _: int) -> Any:
    sums = partial(_tiles, fir, written, read, dtype, rules, 1)
    direct = compiled.Later.of(sums, fir.down, spans(written), spans(read), dtype, rules)
    return _transforms(fir, written, read, dtype).made(direct)


def _separable(fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], divisor: int) -> Any:
    axes = [cast(taps, dtype) for taps in (fir.factors or ())[-2:]]
    windows = spans(written), spans(read)
    return compiled.separable(axes, divisor, fir.start, fir.up, fir.down, *windows, dtype, rules)


def _short(kind: Any) -> Callable[..., Any]:
    return lambda fir, written, read, dtype, rules, _: kind(
        fir, written, read, dtype, short.geometry(fir, written, read)
    )


# The table ----------------------------------------------------------------------------------------------------

WAYS = (
    Way("gather", _gathers),
    Way("cuBLAS", _on_device(_is_between_channels), plan=OnDevice),
    Way("CUDA slices", _on_device(_is_wide), plan=OnDevice),
    Way("cuFFT", _on_device(_is_long_on_device), plan=OnDevice),
    Way("CUDA kernel", _on_device(lambda job: "the array is on a device"), plan=OnDevice, continues=True),
    *map(_by_library, dense.NAMES),
    Way("products", lambda job: job.uncompiled if job.mixes else None, serves=lambda job: job.mixes),
    Way("overlap-save", _is_long, plan=_overlap_save, continues=True, casts=True, serves=_can_transform),
    Way("separable", _is_outer_product, plan=_separable, continues=True, casts=True, divides=True,
        serves=lambda job: _is_free(job) and _has_two_factors(job)),
    Way("tiles", _takes_tiles, _tiles_cost, _tiles, continues=True, casts=True, serves=_can_tile),
    Way("slices", _takes_slices, lambda job: short.slices_cost(job.action, job.written, job.batch),
        serves=lambda job: job.is_filter and not job.mixes),
    Way("dot products", _if_short(short.dots_cost), _cost_of(short.dots_cost), _short(short.Dots), is_direct=True,
        serves=_can_be_short(short.dots_cost)),
    Way("blocks", _if_short(short.blocks_cost), _cost_of(short.blocks_cost), _short(short.BlockToeplitz),
        is_direct=True, serves=_can_be_short(short.blocks_cost)),
)  # fmt: skip

#: Names of ways of NumPy that make the output of one filter at once.
DIRECT = tuple(way.name for way in WAYS if way.is_direct)
