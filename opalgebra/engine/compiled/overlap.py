"""Long filters at one rate by FFTs of overlapping blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from . import layout
from .plans import PATCH_BYTES, Plan, as_input, as_output, plan
from .threads import checked, get_threads, share

FFT_TAPS = 384  # from here on overlap-save is faster at L = M = 1 (measured: between 200 and 400, by the load)


@dataclass(frozen=True, eq=False)
class OverlapSave:
    """y_n = Σ_j h_j x_{n−j} along the last axis by FFTs of overlapping blocks.

    Real blocks go in pairs through one complex transform, which SciPy computes faster than two real ones.  The error of
    an FFT is relative to the largest samples of a pair of blocks, not to the sum; transforms are made in double
    precision, so that in single precision a large sample does not blur small ones beside it.  Where a result is not
    finite all is computed again by the sums, so that a NaN reaches only the outputs that depend on it.

    Attributes
    ----------
    direct : Plan
        The same filter by sums.
    spectrum : ndarray
        The transform of the taps, zeros behind them.
    length : int
        The number of taps.
    begin : int
        Where the first block starts, counted from the first sample of x.
    """

    direct: Plan
    spectrum: np.ndarray
    length: int
    begin: int

    @classmethod
    def of(cls, direct: Plan, taps: np.ndarray, start: int, a: int, c: int) -> OverlapSave:
        """For the plan of the same filter, from a window of x that starts at c to one of y that starts at a."""
        from scipy import fft

        spectrum = fft.fft(taps.astype(np.complex128), _transform(taps.size, direct.shape_out[-1]))
        return cls(direct, spectrum, taps.size, a - start - (taps.size - 1) - c)

    @property
    def kind(self) -> str:
        """How it runs: ``"overlap-save"``."""
        return "overlap-save"

    @property
    def multiply_adds(self) -> int:
        """About as many of real numbers in one run without a batch: 4 N log₂ N for the transforms of N, 4 N between."""
        size, blocks = self.spectrum.size, -(-self.direct.shape_out[-1] // self.step)
        return round(4 * size * (log2(size) + 1)) * blocks * self._parts // 2

    @property
    def step(self) -> int:
        """The outputs of one block."""
        return self.spectrum.size - self.length + 1

    @property
    def _parts(self) -> int:
        """Blocks are complex: one of complex samples has two parts, one of real samples is a part."""
        return 2 if self.direct.dtype.kind == "c" else 1

    def run(
        self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None
    ) -> np.ndarray:
        """As :meth:`Plan.run`.

        >>> average = fir(np.full(400, 1 / 400), [0], [1], [1], [(399, 601)], [(0, 1000)], float)
        >>> average.kind, bool(np.allclose(average.run(np.ones(1000)), 1))
        ('overlap-save', True)
        """
        direct = self.direct
        x, lead = as_input(x, direct, y)
        y = as_output(y, lead + direct.shape_out, direct.dtype, add)
        most = get_threads() if threads is None else checked(threads)
        if not y.size:
            return y
        if add:
            y += self.run(x, threads=most)
            return y
        if not self._run(x.reshape(-1).view(direct.real), np.asarray(y).reshape(-1, y.shape[-1]), most):
            direct.run(x, y, threads=most)
        return y

    def _run(self, x: np.ndarray, y: np.ndarray, threads: int) -> bool:
        """Fill the rows of y from those of x; whether all is finite."""
        per_row = -(-y.shape[1] // self.step)
        count, held = len(y) * per_row, 2 * max(1, PATCH_BYTES // (2 * self.spectrum.nbytes))
        finite: list[bool] = []

        def part(first: int, stop: int, work: Any) -> None:
            for b in range(first, stop, held):
                finite.append(self._blocks(y, x, b, min(b + held, stop), work))

        rows = -(-min(held, count) * self._parts // 2)  # scratch of one thread
        scratch = (rows, self.spectrum.size)
        kind = np.result_type(self.direct.dtype, np.complex64)
        share(part, count, threads if count > 2 else 1, lambda: np.empty(scratch, kind), align=held)
        return all(finite)

    def _blocks(self, y: np.ndarray, x: np.ndarray, first: int, stop: int, work: np.ndarray) -> bool:
        """Compute the blocks first ≤ b < stop; whether all is finite."""
        from scipy import fft

        from .kernels import spans  # Numba takes a second to import

        direct, parts, together = self.direct, self._parts, 2 // self._parts
        per_row = -(-y.shape[1] // self.step)
        blocks = work[: -(-(stop - first) // together)]
        if (stop - first) % together:
            blocks[-1] = 0  # half of it has no block
        pairs = blocks.view(direct.real).reshape(*blocks.shape, 2)
        size, rule = direct.shape_in[-1], int(direct.last[layout.RULE])
        spans(direct.real)(pairs, x, first, stop, self.begin, self.step, per_row, parts, size, rule)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is computed again
            spectra = fft.fft(blocks.astype(self.spectrum.dtype, copy=False), overwrite_x=True)
            spectra *= self.spectrum
            filtered = fft.ifft(spectra, overwrite_x=True)[:, self.length - 1 :]
            filtered = np.ascontiguousarray(filtered, dtype=np.result_type(direct.dtype, np.complex64))
            is_finite = bool(np.isfinite(filtered.sum()))
        separate = filtered.view(direct.real).reshape(*filtered.shape, 2) if parts == 1 else filtered[..., None]
        for b in range(first, stop):
            row, at = b // per_row, b % per_row * self.step
            to = y[row, at : at + self.step]
            to[:] = separate[(b - first) // together, : to.size, (b - first) % together]
        return is_finite


def _transform(taps: int, outputs: int) -> int:
    """The length of the transforms: of one block if that is short, else the power of two of the least work."""
    from scipy import fft

    whole: int = fft.next_fast_len(outputs + taps - 1)
    sizes = [2**k for k in range(10, 14 + taps.bit_length()) if 2 * taps <= 2**k <= max(8192, 8 * taps)]
    return min(whole, min(sizes, key=lambda size: size * log2(size) / (size - taps + 1)))


def serves(up: Sequence[int], down: Sequence[int], dtype: np.dtype) -> bool:
    """Whether overlap-save can compute a filter: on one axis, at one rate, of inexact numbers."""
    return dtype.kind != "i" and len(up) == 1 and (up[0], down[0]) == (1, 1)


def is_long(taps: np.ndarray, outputs: int) -> bool:
    """Whether overlap-save is the faster way; a complex tap counts twice."""
    return min(taps.size * (2 if taps.dtype.kind == "c" else 1), outputs) >= FFT_TAPS


def fir(
    taps: np.ndarray,
    start: Sequence[int],
    up: Sequence[int],
    down: Sequence[int],
    out: Sequence[tuple[int, int]],
    read: Sequence[tuple[int, int]],
    dtype: Any,
    rules: Sequence[str] | str = "zero",
) -> Plan | OverlapSave:
    """As :func:`plan`, by FFTs where they are faster: long taps at one rate along one axis, inexact numbers.

    >>> fir(np.ones(3), [0], [1], [1], [(0, 5)], [(0, 3)], float).kind
    'tiles'
    """
    direct = plan(taps, start, up, down, out, read, dtype, rules)
    if not (serves(up, down, direct.dtype) and is_long(taps, direct.shape_out[0])):
        return direct
    return OverlapSave.of(direct, taps, start[0], out[0][0], read[0][0])
