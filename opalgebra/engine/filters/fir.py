"""The one primitive on arrays: a FIR filter between two rates, from one window to another.

    y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j,

with L ≥ 1 and M ≠ 0 (negative: time runs backwards), per axis.  Samples outside the input window are zero.
Convolution, ↑, ↓, shifts and flips are of this form, and so is the transpose of each, which is why a
transposed operator gathers like any other and never scatters.  A tap is a number, or a matrix between
channels.  Every tap is one strided slice of the input added to one strided slice of the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from math import gcd, prod
from typing import Any, TypeAlias

import numpy as np

from ..arrays.arithmetic import cast, check_bound, magnitude
from ..arrays.window import Window
from .mixing import Phase, mix, phases, trailing
from .remembered import remembered

Ints: TypeAlias = tuple[int, ...]


def _times(a: Ints, b: Ints) -> Ints:
    return tuple([x * y for x, y in zip(a, b, strict=True)])


@dataclass(frozen=True, eq=False)
class Fir:
    """A filter between rates.

    Attributes
    ----------
    taps : ndarray
        Shape (\\*K), or (groups, outs, ins, \\*K) where channels are mixed.
    start : tuple of int
        The j of the first tap, per axis.
    up, down : tuple of int
        L and M, per axis.
    mixes : bool
        Whether the taps are matrices between channels.
    factors : tuple of ndarray, optional
        One list of taps per axis that the taps are an outer product of, where they were made as one: it is run one
        axis after the other.
    """

    taps: np.ndarray
    start: Ints
    up: Ints
    down: Ints
    mixes: bool = False
    factors: tuple[np.ndarray, ...] | None = None

    @classmethod
    def separable(cls, axes: Sequence[np.ndarray], start: Ints, up: Ints, down: Ints) -> Fir:
        """The taps axes[0] ⊗ axes[1] ⊗ …"""
        taps: Any = reduce(np.multiply.outer, axes)
        return cls(taps, start, up, down, factors=tuple(axes))

    @classmethod
    def identity(cls, ndim: int) -> Fir:
        """y = x."""
        return cls(np.ones((1,) * ndim, dtype=np.int64), (0,) * ndim, (1,) * ndim, (1,) * ndim)

    @property
    def shape(self) -> Ints:
        """How many taps there are, per axis."""
        return self.taps.shape[3:] if self.mixes else self.taps.shape

    @property
    def is_single(self) -> bool:
        """Whether there is one tap and no change of rate but ↑: another filter can be merged into it."""
        return prod(self.shape) == 1 and all(abs(m) == 1 for m in self.down)

    @cached_property
    def is_copy(self) -> bool:
        """Whether samples are only moved."""
        return not self.mixes and prod(self.shape) == 1 and bool(self.taps.reshape(()) == 1)

    # What a letter applied after the filter makes of it ---------------------------------------------------

    def then_down(self, k: Ints) -> Fir:
        """↓k after it."""
        return replace(self, down=_times(self.down, k))

    def then_shift(self, s: Ints) -> Fir:
        """A delay by s after it."""
        moved = _times(self.down, s)
        return replace(self, start=tuple([a + b for a, b in zip(self.start, moved, strict=True)]))

    def then_flip(self) -> Fir:
        """Reversal after it."""
        return replace(self, down=tuple([-m for m in self.down]))

    def then_up(self, k: Ints) -> Fir:
        """↑k after a single tap."""
        return replace(self, up=_times(self.up, k), start=_times(self.start, k))

    def then_filter(self, taps: np.ndarray, start: Ints) -> Fir:
        """Convolution after a single tap."""
        backwards = [axis for axis, m in enumerate(self.down) if m < 0]
        if backwards:
            ends = [-(a + n - 1) if m < 0 else a for a, n, m in zip(start, taps.shape, self.down, strict=True)]
            taps, start = np.flip(taps, tuple(backwards)), tuple(ends)
        moved = tuple([a + b for a, b in zip(self.start, start, strict=True)])
        weight = self.taps.reshape(())
        return replace(self, taps=taps if weight == 1 else taps * weight[()], start=moved, factors=None)

    @cached_property
    def transposed(self) -> Fir:
        """The transpose: L m = M n − j solved for n."""
        taps, lead = (self.taps.swapaxes(1, 2), 3) if self.mixes else (self.taps, 0)
        mirrored = tuple([lead + axis for axis, m in enumerate(self.down) if m > 0])
        start, up, down = self._turned
        factors = self.factors and tuple(
            [t[::-1] if m > 0 else t for t, m in zip(self.factors, self.down, strict=True)]
        )
        return replace(self, taps=np.flip(taps, mirrored), start=start, up=up, down=down, factors=factors)

    @property
    def _turned(self) -> tuple[Ints, Ints, Ints]:
        """The start and the factors of the transpose."""
        sign = tuple([1 if m > 0 else -1 for m in self.down])
        ends = [-(a + n - 1) if s > 0 else a for a, n, s in zip(self.start, self.shape, sign, strict=True)]
        return tuple(ends), tuple([abs(m) for m in self.down]), _times(sign, self.up)

    @cached_property
    def conjugated(self) -> Fir:
        """The same with conjugated taps."""
        if self.taps.dtype.kind != "c":
            return self
        factors = self.factors and tuple([np.conj(t) for t in self.factors])
        return replace(self, taps=np.conj(self.taps), factors=factors)

    # Windows ------------------------------------------------------------------------------------------------

    def reads(self, out: Window) -> Window:
        """The inputs between the first and the last that the outputs of a window read."""
        return _read(out, self.start, self.shape, self.up, self.down)

    def reaches(self, read: Window) -> Window:
        """The outputs between the first and the last that the inputs of a window reach."""
        start, up, down = self._turned
        return _read(read, start, self.shape, up, down)

    # Running ------------------------------------------------------------------------------------------------

    def add_to(self, y: np.ndarray, x: np.ndarray, written: Window, read: Window) -> None:
        """Add the filtered x, which lies on the window ``read``, to y on the window ``written``."""
        if self.factors is not None:
            self._add_passes(y, x, written, read)
            return
        places = self._places(written, read)
        for part, samples, taps in in_parts(y, x, self.taps_in(y.dtype)):
            if self.mixes:
                self.add_matrices(part, samples, taps, written, read)
                continue
            for at, to, source in places:
                weight = taps[at]
                if weight == 1:
                    part[to] += samples[source]
                elif weight != 0:  # the real or the imaginary part of a tap may be
                    part[to] += samples[source] * weight

    def add_matrices(self, y: np.ndarray, x: np.ndarray, taps: np.ndarray, written: Window, read: Window) -> None:
        """Add the filtered x, for taps that are matrices; between single channels they are numbers again."""
        groups, outs, ins = taps.shape[:3]
        ndim = taps.ndim - 3
        y = _grouped(y, groups, outs, ndim)
        x = _grouped(x, groups, ins, ndim)
        if outs > 1 or ins > 1:
            mix(y, x, taps, self._phases(written, read))
            return
        for at, to, source in self._places(written, read):
            weights = taps[trailing(at)][:, 0, 0]
            y[to] += x[source] * weights.reshape(groups, 1, *(1,) * ndim)

    def passes(self, written: Window, read: Window) -> list[tuple[Fir, Window, Window]]:
        """One filter per axis with the windows that it writes and reads, where the taps were made as a product."""
        if self.factors is None:
            return [(self, written, read)]
        return remembered(self, "_by_axis", (written, read), lambda: self._new_passes(written, read))

    def _new_passes(self, written: Window, read: Window) -> list[tuple[Fir, Window, Window]]:
        axes = range(len(self.start))
        found = [
            (fir, to, source)
            for fir, to, source in self.along(axes, self.factors or (), written, read)
            if not (fir.is_copy and to == source and not any(fir.start) and {*fir.up, *fir.down} == {1})
        ]
        return found or [(Fir.identity(len(axes)), written, read)]

    def along(
        self, axes: Iterable[int], factors: Sequence[np.ndarray], written: Window, read: Window
    ) -> list[tuple[Fir, Window, Window]]:
        """The factors of some axes one after the other, with the windows that each writes and reads."""
        found: list[tuple[Fir, Window, Window]] = []
        for axis in sorted(axes, key=lambda a: written.shape[a] / max(1, read.shape[a])):  # small values first
            taps = np.expand_dims(factors[axis], [other for other in range(len(self.start)) if other != axis])
            fir = Fir(taps, _only(axis, self.start, 0), _only(axis, self.up, 1), _only(axis, self.down, 1))
            to = Window(_put(axis, written.starts, read.starts), _put(axis, written.shape, read.shape))
            found.append((fir, to, read))
            read = to
        return found

    def _add_passes(self, y: np.ndarray, x: np.ndarray, written: Window, read: Window) -> None:
        *before, (last, to, source) = self.passes(written, read)
        for fir, window, from_window in before:
            made = np.zeros((*x.shape[: x.ndim - len(window.shape)], *window.shape), dtype=y.dtype)
            fir.add_to(made, x, window, from_window)
            x = made
        last.add_to(y, x, to, source)

    def taps_in(self, dtype: Any) -> np.ndarray:
        """The taps in the precision of ``dtype``, real where they are real."""
        return remembered(self, "_cast", dtype, lambda: cast(self.taps, dtype), most=8)

    def _places(self, written: Window, read: Window) -> list[tuple[Ints, tuple[Any, ...], tuple[Any, ...]]]:
        """Each tap with the slice of the output that it adds to and the slice of the input that it reads."""
        return remembered(self, "_kept", (written, read), lambda: list(self._slices(written, read)))

    def touched(self, written: Window, read: Window) -> list[tuple[Any, ...]]:
        """The slices of the output that taps add to."""
        return [to for _, to, _ in self._places(written, read)]

    def _phases(self, written: Window, read: Window) -> list[Phase]:
        return remembered(self, "_mixed", (written, read), lambda: phases(self._places(written, read)))

    def _slices(self, written: Window, read: Window) -> Iterator[tuple[Ints, tuple[Any, ...], tuple[Any, ...]]]:
        per_axis = [
            [_meet(j + i, self.up[axis], self.down[axis], written, read, axis) for i in range(self.shape[axis])]
            for axis, j in enumerate(self.start)
        ]
        present = np.any(self.taps != 0, axis=(0, 1, 2)) if self.mixes else self.taps != 0
        for where in np.argwhere(present):
            at = tuple(where.tolist())
            pairs = [per_axis[axis][i] for axis, i in enumerate(at)]
            if all(pair is not None for pair in pairs):
                yield at, (..., *(p[0] for p in pairs if p)), (..., *(p[1] for p in pairs if p))

    @property
    def gain(self) -> float:
        """Σ|h|, of the output channel where it is largest."""
        rows = np.abs(self.taps).reshape(prod(self.taps.shape[:2]) if self.mixes else 1, -1)
        return float(rows.sum(axis=1).max())

    def check_integers(self, x: np.ndarray) -> int:
        """The largest |y| that integers x can give, refused where int64 may not hold it."""
        bound = magnitude(x) * self._integer_gain
        check_bound(bound)
        return bound

    @cached_property
    def _integer_gain(self) -> int:
        """Σ|h| over the taps that meet in one output, those of one residue modulo L, where it is largest."""
        rows = np.abs(self.taps.astype(object)).reshape(prod(self.taps.shape[:2]) if self.mixes else 1, -1, *self.shape)
        residues = np.ndindex(*map(min, self.up, self.shape))
        parts = [rows[(..., *(slice(r, None, up) for r, up in zip(at, self.up, strict=True)))] for at in residues]
        return max((int(row) for part in parts for row in part.reshape(len(rows), -1).sum(axis=1)), default=0)

    def multiply_adds(self, written: Window, read: Window) -> int:
        """Multiply-adds of one run, zero taps left out."""
        if self.factors is not None:
            return sum(fir.multiply_adds(*windows) for fir, *windows in self.passes(written, read))
        mixed = prod(self.taps.shape[:3]) if self.mixes else 1
        left = (self.taps != 0).any(axis=(0, 1, 2)) if self.mixes else self.taps != 0
        for axis in range(left.ndim):  # the first axis that is left is summed over
            counts = [_count(j, self.up[axis], self.down[axis], written, read, axis) for j in self._along(axis)]
            if self.taps.ndim == 1 and left.all():
                return mixed * sum(counts)
            left = np.tensordot(np.array(counts, dtype=object), left, 1)
        return mixed * int(left)

    def _along(self, axis: int) -> range:
        return range(self.start[axis], self.start[axis] + self.shape[axis])


def _put(axis: int, value: Ints, others: Ints) -> Ints:
    """``others`` with the entry of ``value`` on one axis."""
    return (*others[:axis], value[axis], *others[axis + 1 :])


def _only(axis: int, value: Ints, other: int) -> Ints:
    """The entry of ``value`` on one axis, and ``other`` on all others."""
    return _put(axis, value, (other,) * len(value))


def _read(out: Window, start: Ints, shape: Ints, ups: Ints, downs: Ints) -> Window:
    starts, sizes = [], []
    for a, n, j, t, up, m in zip(out.starts, out.shape, start, shape, ups, downs, strict=True):
        ends = (m * a, m * (a + n - 1))
        low, high = -((j + t - 1 - min(ends)) // up), (max(ends) - j) // up
        starts.append(low)
        sizes.append(max(0, high - low + 1) if n else 0)
    return Window(tuple(starts), tuple(sizes))


def _count(j: int, up: int, down: int, written: Window, read: Window, axis: int) -> int:
    """How many outputs one tap adds to."""
    met = _meet(j, up, down, written, read, axis)
    return 0 if met is None else len(range(met[0].start, met[0].stop, met[0].step))


def _meet(j: int, up: int, down: int, written: Window, read: Window, axis: int) -> tuple[slice, slice] | None:
    """Where output n and input m = (down·n − j)/up both lie in their windows, as slices of equal length."""
    a, n_out = written.starts[axis], written.shape[axis]
    c, n_in = read.starts[axis], read.shape[axis]
    if not n_out or not n_in:
        return None
    sign = 1 if down > 0 else -1
    ends = sorted((sign * (up * c + j), sign * (up * (c + n_in - 1) + j)))
    low, high = max(a, -(-ends[0] // abs(down))), min(a + n_out - 1, ends[1] // abs(down))
    common = gcd(up, down)
    if j % common:
        return None
    step = up // common
    first = (j // common) * pow(down // common, -1, step) % step if step > 1 else 0
    low += (first - low) % step
    if low > high:
        return None
    count = (high - low) // step + 1
    m, jump = (down * low - j) // up - c, down // common
    stop = m + (count - 1) * jump + sign  # −1 would mean the last sample, not the place before the first
    return slice(low - a, low - a + (count - 1) * step + 1, step), slice(m, stop if stop >= 0 else None, jump)


def in_parts(y: np.ndarray, x: np.ndarray, taps: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """y += taps · x in real numbers where x or the taps are real, because NumPy's (∞ + 0i) · 2 would be ∞ + NaN i."""
    if y.dtype.kind != "c" or (x.dtype.kind == "c") == (taps.dtype.kind == "c"):
        return [(y, x, taps)]
    if x.dtype.kind == "c":
        return [(y.real, x.real, taps), (y.imag, x.imag, taps)]
    return [(y.real, x, taps.real), (y.imag, x, taps.imag)]


def _grouped(array: np.ndarray, groups: int, size: int, ndim: int) -> np.ndarray:
    """(…, channels, \\*space) seen as (…, groups, size, \\*space); never a copy, because y is written through it."""
    lead, space = array.shape[: array.ndim - ndim - 1], array.shape[array.ndim - ndim :]
    return array.reshape(*lead, groups, size, *space)  # splitting an axis is a view, whatever the strides
