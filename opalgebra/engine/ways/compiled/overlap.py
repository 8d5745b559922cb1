"""Long filters along one axis, between any rates, by FFTs of overlapping blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd, log2, prod
from typing import Any

import numpy as np

from .axes import Ints, Pairs, Places, axis_of, coprime, extent_of
from .kernels import Call, loop
from .loops.layout import LANES, POINT, SIZES, STAGE_ENTRIES, Transforms, packed
from .runs import Runs, as_input, as_output
from .threads import checked, get_threads, share

#: What a point of a transform costs, in multiply-adds of a direct filter in double precision that take as long
#: (measured): for each doubling of the length, for a product, and where samples do not lie side by side.  In single
#: precision a direct filter makes twice as many in that time.  Work outside of the caches is slower.
STEP_COST, PRODUCT_COST, STRIDE_COST, CACHE_BYTES = 7, 16, 16, 2**23
MAX_BYTES = 2**28  # of the spectra and the blocks of a thread


def long_axis(shape: Ints, start: Ints, up: Ints, down: Ints, out: Pairs, read: Pairs) -> int | None:
    """The one axis along which a filter does more than to shift a window onto another, if there is no second one."""
    found = [
        axis
        for axis, (size, j, k, m, (a, n), window) in enumerate(zip(shape, start, up, down, out, read, strict=True))
        if (size, k, m) != (1, 1, 1) or (a - j, n) != tuple(window)
    ]
    return found[0] if len(found) == 1 else None if found else len(shape) - 1


def _bytes(up: int, down: int) -> int:
    """Of the spectra and the blocks of a thread, per point of a transform."""
    ups, downs = up // gcd(up, down), abs(down) // gcd(up, down)
    return 16 * ups * downs + 8 * POINT * (downs + 1)


@dataclass(frozen=True, eq=False)
class Blocks:
    """How the rows along one axis are cut into blocks.

    Attributes
    ----------
    axis : int
        The axis.
    ups, downs : int
        L' and M', the phases of y and of x.
    rows, beside : int
        How many rows there are, and how many of them lie side by side.
    parts : int
        1 for real, 2 for complex numbers.
    outputs, inputs : int
        Samples of a row of y and of x.
    phase, offset, taps : ndarray
        Of every tap the phase of y, the offset in x, and the value.
    is_single : bool
        Whether the numbers are of single precision.
    size : int
        The length of the transforms.
    """

    axis: int
    ups: int
    downs: int
    rows: int
    beside: int
    parts: int
    outputs: int
    inputs: int
    phase: np.ndarray
    offset: np.ndarray
    taps: np.ndarray
    is_single: bool
    size: int = 0

    @classmethod
    def of(
        cls,
        taps: np.ndarray,
        start: Ints,
        up: Ints,
        down: Ints,
        out: Pairs,
        read: Pairs,
        dtype: np.dtype,
        places: Places | None = None,
    ) -> Blocks | None:
        """For the arguments of :func:`plan`; None along several axes, for integers, too many taps or phases."""
        axis = None if dtype.kind == "i" else long_axis(extent_of(taps, places), start, up, down, out, read)
        if axis is None or SIZES[0] * _bytes(up[axis], down[axis]) > MAX_BYTES:
            return None
        if places is None:
            taps, start, up, down = coprime(taps, start, up, down)
        at = np.arange(taps.size) if places is None else places[axis]
        one = axis_of(start[axis] + at, up[axis], down[axis], out[axis], read[axis])
        sizes = [n for _, n in out]
        found = cls(axis, one.up, one.down, prod(sizes[:axis] + sizes[axis + 1 :]), prod(sizes[axis + 1 :]),
                    2 if dtype.kind == "c" else 1, one.outputs, one.inputs, one.phase[one.reads],
                    one.offset[one.reads], taps.reshape(-1)[one.reads], dtype.char in "fF")  # fmt: skip
        per_point, length = _bytes(up[axis], down[axis]), found.length
        sizes = [size for size in SIZES if size >= 2 * length and size * per_point <= MAX_BYTES]
        return replace(found, size=min(sizes, key=lambda size: replace(found, size=size).work())) if sizes else None

    @cached_property
    def range(self) -> tuple[int, int]:
        """The least and the largest offset within a phase of x."""
        e = self.offset // self.downs
        return (int(e.min()), int(e.max())) if e.size else (0, 0)

    @property
    def length(self) -> int:
        """Taps of a filter between two phases, zeros included."""
        return self.range[1] - self.range[0] + 1

    @property
    def number(self) -> int:
        """How many blocks there are of all rows."""
        return self.rows * -(-self.outputs // (self.ups * (self.size - self.length + 1)))

    def work(self, batch: int = 1) -> int:
        """The multiply-adds of a direct filter that take as long."""
        groups = -(-self.number * batch * self.parts // POINT)
        phases, pairs, is_strided = (
            self.ups + self.downs,
            self.ups * self.downs,
            self.ups * self.downs * self.beside > 1,
        )
        costs = phases * (STEP_COST * log2(self.size) + STRIDE_COST * is_strided) + PRODUCT_COST * pairs
        held = 8 * POINT * self.size * (1 if pairs == 1 else self.downs + 1)
        per_point = costs * (1 + held / CACHE_BYTES) * (2 if self.is_single else 1)
        return round(groups * LANES * self.size * per_point)

    def made(self, direct: Runs) -> OverlapSave:
        """Ready to run, for the plan of the same filter."""
        return OverlapSave.of(direct, self)

    @property
    def table(self) -> Transforms:
        """What the kernels read."""
        return Transforms(self.size, self.length, self.ups, self.downs, self.inputs, self.outputs, self.beside,
                          self.parts, self.range[0], self.number)  # fmt: skip

    @property
    def kernels(self) -> np.ndarray:
        """Of each pair of phases, p of y and q of x, the taps in the order in which a convolution reads them."""
        found = np.zeros((self.ups * self.downs, self.size), np.result_type(self.taps, np.float64))
        e, q = np.divmod(self.offset, self.downs)
        np.add.at(found, (self.phase * self.downs + q, self.range[1] - e), self.taps)
        return found


@dataclass(frozen=True, eq=False)
class ByTransforms(ABC):
    """A filter by FFTs of blocks that overlap.

    Attributes
    ----------
    direct : Runs
        The same filter by sums.
    """

    direct: Runs

    @property
    def kind(self) -> str:
        """How it runs: ``"overlap-save"``."""
        return "overlap-save"

    @property
    @abstractmethod
    def multiply_adds(self) -> int:
        """As many of real numbers in one run without a batch take as long."""

    @abstractmethod
    def _run(self, x: np.ndarray, y: np.ndarray, threads: int) -> bool:
        """Fill y from x, with batches as the first axis; whether all is finite."""

    def run(
        self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None
    ) -> np.ndarray:
        """As :meth:`Plan.run`, by transforms where their results are finite, else by the sums of the plan.

        >>> from opalgebra.engine.ways.compiled import plan
        >>> given = np.full(400, 1 / 400), [0], [1], [1], [(399, 601)], [(0, 1000)], np.dtype(float)
        >>> average = OverlapSave.of(plan(*given), Blocks.of(*given))
        >>> bool(np.allclose(average.run(np.ones(1000)), 1))
        True
        """
        direct, most = self.direct, get_threads() if threads is None else checked(threads)
        if add:
            filtered = self.run(x, None, False, most)
            y = as_output(y, filtered.shape, direct.dtype, add)
            y += filtered
            return y
        if y is not None and np.may_share_memory(x, y):
            x = x.copy()  # it may be read again when y is written
        laid, lead = as_input(x, direct, y)
        y = as_output(y, lead + direct.shape_out, direct.dtype, add)
        rows = laid.reshape(prod(lead), *direct.shape_in), np.asarray(y).reshape(prod(lead), *direct.shape_out)
        if y.size and not self._run(*rows, most):
            direct.run(x, y, threads=most)
        return y


@dataclass(frozen=True, eq=False)
class OverlapSave(ByTransforms):
    """y_n = Σ_j h_j x_{(M n − j)/L} along one axis by FFTs of overlapping blocks.

    With g = gcd(L, M), L = g L', M = g M' every one of the L' phases of y is a sum of filters at one rate, one for each
    of the M' phases of x.  Their blocks are transformed eight at a time, real ones in pairs as the real and the
    imaginary part of one.

    The error of an FFT is relative to the largest samples of a pair of blocks, not to the sum.  Transforms are made in
    double precision: in single precision a large sample does not blur small ones beside it; in double precision the
    error of an output is some roundings of Σ|h| times the largest sample of its blocks.  Where a result is not finite
    all is computed again by the sums, so that a NaN reaches only the outputs that depend on it.

    Attributes
    ----------
    blocks : Blocks
        How the rows are cut.
    spectra : ndarray
        Shape (L' M', 2 N): of each pair of phases the transform of the taps, in the order of the kernels.
    twiddles : ndarray
        The roots of one that the kernels multiply with.
    """

    blocks: Blocks
    spectra: np.ndarray
    twiddles: np.ndarray

    @classmethod
    def of(cls, direct: Runs, blocks: Blocks) -> OverlapSave:
        """For the plan of the same filter."""
        spectra = np.fft.fft(blocks.kernels, axis=1)[:, order(blocks.size)] / blocks.size
        return cls(direct, blocks, np.ascontiguousarray(spectra).view(float), twiddles(blocks.size))

    @property
    def multiply_adds(self) -> int:
        """As many of real numbers in one run without a batch take as long."""
        return self.blocks.work()

    @cached_property
    def _calls(self) -> dict[int, Call]:
        return {}

    def _call(self, number: int) -> Call:
        """The compiled loop, for so many blocks."""
        rule, limit = self.direct.rules[self.blocks.axis], float(np.finfo(self.direct.real).max)
        table = packed(Transforms, [self.blocks.table._replace(blocks=number, rule=rule)])
        return loop("transforms._groups", self.direct.real).holding(self.spectra, self.twiddles, table, limit)

    def _run(self, x: np.ndarray, y: np.ndarray, threads: int) -> bool:
        """Fill y; whether all is finite."""
        blocks, number = self.blocks, self.blocks.number * len(x)
        flat_x, flat_y = x.reshape(-1).view(self.direct.real), y.reshape(-1).view(self.direct.real)
        held, fine = 1 if blocks.ups * blocks.downs == 1 else blocks.downs + 1, np.ones(1, np.int64)
        run = self._calls.get(number) or self._calls.setdefault(number, self._call(number))

        def work() -> Any:
            return aligned(held * blocks.size * POINT), aligned(STAGE_ENTRIES)

        def part(first: int, stop: int, scratch: Any) -> None:
            run(first, stop, flat_y, flat_x, *scratch, fine)

        share(part, -(-number * blocks.parts // POINT), threads, work)
        return bool(fine[0])


def aligned(size: int) -> np.ndarray:
    """New double precision numbers from the start of a cache line on."""
    held = np.empty(size + 8)
    return held[-held.ctypes.data % 64 // 8 :][:size]


def twiddles(size: int) -> np.ndarray:
    """For transforms of size, size/4, … points, each j below a quarter: e^{−2πij/size}, its square and its cube."""
    parts = []
    while size > 4:
        angles = np.multiply.outer(np.arange(size // 4), [1, 2, 3]) * (-2 * np.pi / size)
        parts.append(np.exp(1j * angles).ravel())
        size //= 4
    return np.concatenate([np.empty(0, complex), *parts]).view(float)


def order(size: int) -> np.ndarray:
    """The frequencies in the order in which the forward steps leave them."""
    if size == 1:
        return np.zeros(1, np.intp)
    radix = 4 if size > 2 else 2
    rest = radix * order(size // radix)
    return np.concatenate([rest + r for r in range(radix)])
