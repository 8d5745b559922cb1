"""Filters on CUDA devices: how a :class:`~.fir.Fir` becomes launches of the kernels of ``tiles.cuh``.

    y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j.

:func:`filter_into` takes a filter apart: taps that are matrices go to one matrix product each, taps of rank one
to one pass per axis, very long ones to Fourier transforms, and the rest to one kernel, whose source is compiled
for the rates, the number of taps and the dtypes when they are first met.  What runs is behind :class:`Backend`, so
that the same plans run on a device and, in the tests, without one.  CuPy is imported when one of its arrays
arrives; everything is queued on the current stream of the device of the input, and nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import prod
from typing import Any, Protocol

import numpy as np

from ....errors import OperandError, SizeError
from ...arrays.device import check_together, made_there, module_of, uploaded
from ...arrays.rules import CODES
from ...arrays.window import Window
from ...filters.fir import Fir, Ints, in_parts
from ...filters.remembered import remembered
from .fourier import add_by_fourier, suits_fourier
from .passes import ends, passes, pieces
from .plan import MAX_AXES, REALS, Axis, Launch, Variant, launch_of, options, real_of, source

MAX_INDEX = 2**62
KEPT_PLANS = 16
WIDEST = 2**20  # places of a list of taps that are filled up with zeros


class Backend(Protocol):
    """What runs the launches."""

    def empty(self, shape: Ints, dtype: Any) -> Any:
        """An array that is not filled."""

    def constant(self, key: Fir, array: np.ndarray) -> Any:
        """Numbers of a filter as an array, kept with the filter."""

    def kept(self, key: Fir, name: Any, make: Callable[[], Any]) -> Any:
        """What is made of a filter once, and kept with it."""

    def launch(self, launch: Launch, x: Any, taps: Any, y: Any) -> None:
        """Queue a kernel."""

    @property
    def xp(self) -> Any:
        """The array module."""


# Filters ------------------------------------------------------------------------------------------------------


def filter_into(
    backend: Backend,
    fir: Fir,
    y: Any,
    x: Any,
    written: Window,
    read: Window,
    *,
    boundary: Sequence[str] | None = None,
    add: bool = True,
) -> None:
    """y += h ∗ x between rates, or y = … where ``add`` is False.

    Parameters
    ----------
    backend : Backend
        What the arrays belong to.
    fir : Fir
        The filter.
    y, x : array
        The trailing axes are the windows ``written`` and ``read``, axes before them a batch.  float32, float64,
        complex64, complex128 or int64; x in the precision of y, and real where y is.
    boundary : sequence of str, optional
        How x continues outside ``read``, per axis: a name of ``CODES``; zero by default.

    Raises
    ------
    OperandError
        For other dtypes and boundaries.
    SizeError
        Where an index might need more than 63 bits.
    """
    modes = tuple(boundary or ("zero",) * len(fir.shape))
    _check(fir, y, x, modes)
    first, last = ends(fir, written, read)
    fits = last - first < MAX_AXES and not is_wide(fir)
    alone = fir.mixes and fir.taps.shape[1:3] == (1, 1)  # every channel by itself
    if not add and not (fits and (alone or not fir.mixes)):
        y[...] = 0
    if fir.mixes and not (alone and fits):
        _refuse_boundary(modes)
        _add_mixed(backend, fir, y, x, written, read)
    elif not fits:
        _refuse_boundary(modes)
        fir.add_to(y, x, written, read)
    elif y.size:
        _add_plain(backend, fir.filled, y, x, written, read, modes, add)


def is_wide(fir: Fir) -> bool:
    """Whether the taps are a list that is too wide for a table of the kernel."""
    return fir.places is not None and prod(fir.shape) > WIDEST


def _check(fir: Fir, y: Any, x: Any, modes: Sequence[str]) -> None:
    if len(modes) != len(fir.shape) or any(mode not in CODES for mode in modes):
        raise OperandError(f"the boundary is {tuple(modes)}; give {len(fir.shape)} of {', '.join(map(repr, CODES))}")
    known = real_of(y.dtype) in map(np.dtype, REALS) and real_of(x.dtype) == real_of(y.dtype)
    if not known or (y.dtype.kind != "c" and "c" in (x.dtype.kind, fir.taps.dtype.kind)):
        raise OperandError(
            f"samples of dtype {x.dtype} and outputs of dtype {y.dtype} were given to a filter of dtype "
            f"{fir.taps.dtype} on a device; give float32, float64, complex64, complex128 or int64, the samples in the "
            "precision of the outputs and real where these are"
        )


def _refuse_boundary(modes: Sequence[str]) -> None:
    if any(mode != "zero" for mode in modes):
        raise OperandError(f"the boundary {tuple(modes)} needs an extended input here; extend it first")


def _add_mixed(backend: Backend, fir: Fir, y: Any, x: Any, written: Window, read: Window) -> None:
    """One matrix product per phase of the outputs, for all batches and positions at once."""
    taps = backend.constant(fir, fir.taps_in(y.dtype))
    for part, samples, weights in in_parts(y, x, taps):
        fir.add_matrices(part, samples, weights, written, read)


def _add_plain(
    backend: Backend, fir: Fir, y: Any, x: Any, written: Window, read: Window, modes: Sequence[str], add: bool
) -> None:
    *earlier, (last, to_last, from_last) = passes(fir, written, read)
    for step, to, origin in earlier:
        kind = np.result_type(x.dtype, step.taps_in(y.dtype).dtype)
        made = backend.empty((*x.shape[: x.ndim - len(to.shape)], *to.shape), kind)
        _add_pass(backend, step, made, x, to, origin, modes, False)
        x = made
    _add_pass(backend, last, y, x, to_last, from_last, modes, add)


def _add_pass(
    backend: Backend, fir: Fir, y: Any, x: Any, written: Window, read: Window, modes: Sequence[str], add: bool
) -> None:
    sparse = False
    if set(modes) == {"zero"} and suits_fourier(fir, y.dtype, written, read):
        if not add:
            y[...] = 0
        finite = backend.xp.isfinite(x)
        nothing = backend.xp.zeros((), x.dtype)
        # In double precision: its errors are relative to all samples of a block, not to those of an output.
        taps = backend.constant(fir, np.ascontiguousarray(fir.taps_in(np.dtype(np.complex128))))
        clean = backend.xp.where(finite, x, nothing)
        add_by_fourier(backend.xp, fir, taps, y, clean, written, read, partial(backend.kept, fir))
        # A transform would carry a NaN to every output of its block; the kernel takes it where it belongs.
        x, sparse, add = backend.xp.where(finite, nothing, x), True, True
    for piece in pieces(fir):
        job, samples, target = _launch(piece, y, x, written, read, modes, add, sparse)
        if job.blocks:
            backend.launch(job, samples, backend.constant(piece, np.ascontiguousarray(piece.taps_in(y.dtype))), target)
        if target is not y:
            y[...] = target
        add = True


# Launches -----------------------------------------------------------------------------------------------------


def _launch(
    fir: Fir, y: Any, x: Any, written: Window, read: Window, modes: Sequence[str], add: bool, sparse: bool
) -> tuple[Launch, Any, Any]:
    """The launch for a filter of at most three axes, with the arrays that it reads and writes."""
    first, last = ends(fir, written, read)
    ndim = len(fir.shape)
    target = y
    if _layout(y, ndim, first, last) is None:
        target = y.copy()
    if _layout(x, ndim, first, last) is None:
        x = x.copy(order="C")
    key = (written, read, tuple(modes), add, sparse, *((a.shape, a.strides, a.dtype) for a in (x, target)))
    make = partial(_plan, fir, target, x, written, read, modes, add, sparse)
    return remembered(fir, "_launches", key, make, KEPT_PLANS), x, target


def _plan(
    fir: Fir, y: Any, x: Any, written: Window, read: Window, modes: Sequence[str], add: bool, sparse: bool
) -> Launch:
    (first, last), ndim = ends(fir, written, read), len(fir.shape)
    outer, y_outer, inner = _strides(y, ndim, first, last)
    _, x_outer, _ = _strides(x, ndim, first, last)
    axes = [_axis(fir, axis, y, x, written, read, modes[axis]) for axis in range(first, last + 1)]
    dtypes = (x.dtype, fir.taps_in(y.dtype).dtype, y.dtype)
    zeros = bool(np.any(fir.taps == 0)) or any(n % up for n, up in zip(fir.shape, fir.up, strict=True))
    members = fir.taps.shape[0] if fir.mixes else 1
    return launch_of(axes, outer, y_outer, x_outer, inner, members, dtypes, add=add, zeros=zeros, sparse=sparse)


def _layout(array: Any, ndim: int, first: int, last: int) -> tuple[int, int, int] | None:
    """(outer, stride of outer, inner) where the axes around first … last are one axis each; strides count entries."""
    lead = array.ndim - ndim
    before = _merged(array.shape[: lead + first], array.strides[: lead + first])
    after = _merged(array.shape[lead + last + 1 :], array.strides[lead + last + 1 :])
    size = array.dtype.itemsize
    if before is None or after is None or (after[0] > 1 and after[1] != size) or any(s % size for s in array.strides):
        return None
    return before[0], before[1] // size, after[0]


def _strides(array: Any, ndim: int, first: int, last: int) -> tuple[int, int, int]:
    found = _layout(array, ndim, first, last)
    assert found is not None  # a fresh copy in C order
    return found


def _merged(shape: Ints, strides: Ints) -> tuple[int, int] | None:
    """Some axes as one: (size, stride)."""
    size, step = 1, 0
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n == 1:
            continue
        if size > 1 and stride != size * step:
            return None
        step = step if size > 1 else stride
        size *= n
    return size, step


def _axis(fir: Fir, axis: int, y: Any, x: Any, written: Window, read: Window, mode: str) -> Axis:
    up, down, start, taps = fir.up[axis], fir.down[axis], fir.start[axis], fir.shape[axis]
    back = axis - len(fir.shape)
    y_stride, x_stride = (array.strides[back] // array.dtype.itemsize for array in (y, x))
    offset = down * written.starts[axis] - start - up * read.starts[axis]
    sizes = written.shape[axis], read.shape[axis]
    made = Axis(up, down, offset, taps, *sizes, CODES[mode], y_stride, x_stride)
    if abs(made.offset) + abs(down) * made.outs + up + taps > MAX_INDEX:
        raise SizeError(f"the indices of {written} and {read} need more than 63 bits; use windows closer to 0")
    return made


# CuPy ---------------------------------------------------------------------------------------------------------


class CuPyBackend:
    """Launches on one CUDA device, through CuPy."""

    def __init__(self, device: int) -> None:
        import cupy

        self.xp: Any = cupy
        self.device = device
        found = cupy.cuda.Device(device).attributes
        self.resident = found["MultiProcessorCount"] * found["MaxThreadsPerMultiProcessor"]

    def empty(self, shape: Ints, dtype: Any) -> Any:
        """From CuPy's memory pool."""
        return self.xp.empty(shape, dtype)

    def constant(self, key: Fir, array: np.ndarray) -> Any:
        """Uploaded once."""
        return uploaded(key, array)

    def kept(self, key: Fir, name: Any, make: Callable[[], Any]) -> Any:
        """Made once for the device."""
        return made_there(key, name, make)

    def launch(self, launch: Launch, x: Any, taps: Any, y: Any) -> None:
        """On the current stream; enough blocks to fill the device, which then walk the rest."""
        queue, blocks, threads, numbers = self.prepared(launch)
        queue(blocks, threads, (x, taps, y, *numbers))

    def prepared(self, launch: Launch) -> tuple[Any, tuple[int], tuple[int], tuple[Any, ...]]:
        """The kernel, its blocks and threads, and its integer arguments."""
        threads = launch.variant.threads
        blocks = min(launch.blocks, max(1, 4 * self.resident // threads))
        return _kernel(launch.variant), (blocks,), (threads,), tuple(map(np.int64, launch.numbers))


@cache
def _kernel(variant: Variant) -> Any:
    """Compiled for each device when it is first launched there."""
    import cupy

    return cupy.RawKernel(source(), variant.name, options(variant))


@cache
def _backend(device: int) -> CuPyBackend:
    return CuPyBackend(device)


def add_to(fir: Fir, y: Any, x: Any, written: Window, read: Window, **options: Any) -> None:
    """:func:`filter_into`, with its options, for CuPy arrays, on the device and the current stream of the input.

    Raises
    ------
    OperandError
        Where x and y lie on different devices.
    """
    check_together(x, "the input", y, "the output")
    with x.device:
        filter_into(_backend(x.device.id), fir, y, x, written, read, **options)


@dataclass(frozen=True, eq=False)
class OnDevice:
    """A filter between two windows of CuPy arrays, which divides by nothing.

    ``dtype`` is that of the outputs, ``rules`` say how the input continues beyond its window.
    """

    fir: Fir
    written: Window
    read: Window
    dtype: Any
    rules: tuple[str, ...]
    divisor: int = 1

    def run(self, x: Any, y: Any = None, add: bool = False) -> Any:
        """y, or y + the filtered x where ``add``; a new array where y is left out."""
        if y is None:
            channels = (self.fir.taps.shape[0] * self.fir.taps.shape[1],) if self.fir.mixes else ()
            lead = x.shape[: x.ndim - len(self.read.shape) - len(channels)]
            y = module_of(x).empty((*lead, *channels, *self.written.shape), self.dtype)
        add_to(self.fir, y, x, self.written, self.read, boundary=self.rules, add=add)
        return y
