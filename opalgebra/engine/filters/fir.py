"""The one primitive on arrays: a FIR filter between two rates, from one window to another.

    y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j,

with L ≥ 1 and M ≠ 0 (negative: time runs backwards), per axis.  Samples outside the input window are zero.
Convolution, ↑, ↓, shifts and flips are of this form, and so is the transpose of each, which is why a
transposed operator gathers like any other and never scatters.  A tap is a number, or a matrix between
channels.  Every tap is one strided slice of the input added to one strided slice of the output.

Where most of the places between the first tap and the last hold a zero, the taps are a list of places and weights
(:func:`is_sparse`): work and memory follow the taps, not their span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, reduce
from math import gcd, inf, prod
from sys import float_info
from typing import Any, TypeAlias

import numpy as np

from ..arrays.arithmetic import cast, check_bound, magnitude
from ..arrays.counting import LARGEST, Met, met, pairs
from ..arrays.window import Window
from .mixing import Phase, mix, phases, trailing
from .remembered import remembered

Ints: TypeAlias = tuple[int, ...]
Places: TypeAlias = tuple[np.ndarray, ...]  # of taps, counted from the first, one array per axis
COUNTS_KEPT = 64  # of one filter: every block of a long array has windows of its own


def is_sparse(count: int, span: int) -> bool:
    """Whether so many taps within a box of so many places are kept as a list."""
    return span > 64 and span >= 4 * count


def _times(a: Ints, b: Ints) -> Ints:
    return tuple([x * y for x, y in zip(a, b, strict=True)])


@dataclass(frozen=True, eq=False)
class Fir:
    """A filter between rates.

    Attributes
    ----------
    taps : ndarray
        Shape (\\*K), or (groups, outs, ins, \\*K) where channels are mixed; of a list one axis in place of \\*K.
    start : tuple of int
        The j of the first tap, per axis.
    up, down : tuple of int
        L and M, per axis.
    mixes : bool
        Whether the taps are matrices between channels.
    factors : tuple of ndarray, optional
        One list of taps per axis that the taps are an outer product of, where they were made as one: it is run one
        axis after the other.
    places : tuple of ndarray, optional
        Of a list: where the taps stand, counted from ``start``, the first 0 on every axis, in ascending order.
    """

    taps: np.ndarray
    start: Ints
    up: Ints
    down: Ints
    mixes: bool = False
    factors: tuple[np.ndarray, ...] | None = None
    places: Places | None = None

    @classmethod
    def of(cls, taps: np.ndarray, start: Ints, up: Ints, down: Ints, mixes: bool = False) -> Fir:
        """A filter, its taps a list where they are sparse."""
        made = cls(taps, start, up, down, mixes)
        span = prod(made.shape)
        if span <= 64 or not is_sparse(made._used, span):
            return made
        at: Any = (..., *made.where)
        return cls.listed(taps[at], made.where, start, up, down, mixes)

    @classmethod
    def listed(
        cls, taps: np.ndarray, places: Sequence[np.ndarray], start: Ints, up: Ints, down: Ints, mixes: bool = False
    ) -> Fir:
        """The filter whose taps along the last axis of ``taps`` stand at these places from start on, each once."""
        used = np.any(taps != 0, axis=(0, 1, 2)) if mixes else taps != 0
        if not used.any():
            return cls(np.zeros_like(taps, shape=(*taps.shape[:-1], *(1,) * len(start))), start, up, down, mixes)
        kept = tuple([at[used] for at in places])
        order = np.lexsort(kept[::-1])
        first = tuple([int(at.min()) for at in kept])
        ordered = tuple([(at - low)[order] for at, low in zip(kept, first, strict=True)])
        start = tuple([a + low for a, low in zip(start, first, strict=True)])
        return cls(taps[..., used][..., order], start, up, down, mixes, places=ordered)

    @classmethod
    def dilated(cls, taps: np.ndarray, dilation: Ints, start: Ints, up: Ints, down: Ints, mixes: bool = False) -> Fir:
        """Taps (…, \\*K) that stand ``dilation`` apart, per axis."""
        lead, kernel = taps.shape[: taps.ndim - len(dilation)], taps.shape[taps.ndim - len(dilation) :]
        span = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        if is_sparse(prod(kernel), prod(span)):
            grid = np.indices(kernel).reshape(len(kernel), -1)
            places = [d * at for d, at in zip(dilation, grid, strict=True)]
            return cls.listed(taps.reshape(*lead, -1), places, start, up, down, mixes)
        spread = taps
        if set(dilation) != {1}:
            spread = np.zeros((*lead, *span), dtype=taps.dtype)
            apart: Any = (..., *(slice(None, None, d) for d in dilation))
            spread[apart] = taps
        return cls(spread, start, up, down, mixes)

    @classmethod
    def separable(cls, axes: Sequence[np.ndarray], start: Ints, up: Ints, down: Ints) -> Fir:
        """The taps axes[0] ⊗ axes[1] ⊗ …"""
        taps: Any = reduce(np.multiply.outer, axes)
        return cls(taps, start, up, down, factors=tuple(axes))

    @staticmethod
    @cache
    def identity(ndim: int) -> Fir:
        """y = x."""
        return Fir(np.ones((1,) * ndim, dtype=np.int64), (0,) * ndim, (1,) * ndim, (1,) * ndim)

    @property
    def shape(self) -> Ints:
        """From the first tap to the last, per axis."""
        if self.places is not None:
            return self._extent
        return self.taps.shape[3:] if self.mixes else self.taps.shape

    @cached_property
    def _extent(self) -> Ints:
        return tuple([int(at.max()) + 1 for at in self.places or ()])

    @cached_property
    def where(self) -> Places:
        """The places of the taps that are not 0, or hold a matrix that is not."""
        if self.places is not None:
            return self.places
        return np.nonzero(np.any(self.taps != 0, axis=(0, 1, 2)) if self.mixes else self.taps)

    @property
    def weights(self) -> np.ndarray:
        """The taps at these places, along the last axis."""
        at: Any = (..., *self.where)
        return self.taps if self.places is not None else self.taps[at]

    @cached_property
    def is_full(self) -> bool:
        """Whether there is no zero among the taps."""
        return self.places is None and self._used == prod(self.shape)

    @cached_property
    def _used(self) -> int:
        """How many taps are not 0."""
        return int(np.count_nonzero(np.any(self.taps != 0, axis=(0, 1, 2)) if self.mixes else self.taps))

    def clusters(self, apart: Ints) -> list[Fir]:
        """Filters whose sum it is: taps are of one where along every axis they follow each other within ``apart``."""
        if self.places is None:
            return [self]
        number = np.zeros(len(self.places[0]), np.int64)
        for at, most in zip(self.places, apart, strict=True):
            order = np.argsort(at, kind="stable")
            label = np.zeros_like(number)
            label[order[1:]] = np.cumsum(np.diff(at[order]) > most)
            number = np.unique(number * (label.max() + 1) + label, return_inverse=True)[1]
        given = self.start, self.up, self.down, self.mixes
        kept = [number == k for k in range(int(number.max()) + 1)]
        return [Fir.listed(self.taps[..., k], [at[k] for at in self.places], *given) for k in kept]

    @cached_property
    def filled(self) -> Fir:
        """The same with zeros between the taps of a list."""
        if self.places is None:
            return self
        lead = self.taps.shape[:-1]
        taps = np.zeros((*lead, *self.shape), self.taps.dtype)
        at: Any = (..., *self.places)
        taps[at] = self.taps
        return replace(self, taps=taps, places=None)

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

    def then_filter(self, taps: np.ndarray, start: Ints, places: Sequence[np.ndarray] | None = None) -> Fir:
        """Convolution after a single tap; with ``places``, of a list."""
        ones = (1,) * len(start)
        made = Fir.of(taps, start, ones, ones) if places is None else Fir.listed(taps, places, start, ones, ones)
        made = made._mirrored(tuple([axis for axis, m in enumerate(self.down) if m < 0]))
        moved = tuple([a + b for a, b in zip(self.start, made.start, strict=True)])
        weight = self.taps.reshape(())
        taps = made.taps if weight == 1 else made.taps * weight[()]
        return replace(self, taps=taps, start=moved, places=made.places, factors=None)

    def _mirrored(self, axes: Ints) -> Fir:
        """h_{−j} along some axes."""
        if not axes:
            return self
        ends = zip(self.start, self.shape, strict=True)
        start = tuple([-(a + n - 1) if axis in axes else a for axis, (a, n) in enumerate(ends)])
        if self.places is None:
            lead = 3 if self.mixes else 0
            return replace(self, taps=np.flip(self.taps, tuple([lead + axis for axis in axes])), start=start)
        places = [
            n - 1 - at if axis in axes else at for axis, (at, n) in enumerate(zip(self.places, self.shape, strict=True))
        ]
        return Fir.listed(self.taps, places, start, self.up, self.down, self.mixes)

    @cached_property
    def transposed(self) -> Fir:
        """The transpose: L m = M n − j solved for n."""
        made = self._mirrored(tuple([axis for axis, m in enumerate(self.down) if m > 0]))
        taps = made.taps.swapaxes(1, 2) if self.mixes else made.taps
        start, up, down = self._turned
        factors = self.factors and tuple(
            [t[::-1] if m > 0 else t for t, m in zip(self.factors, self.down, strict=True)]
        )
        return replace(made, taps=taps, start=start, up=up, down=down, factors=factors)

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
        ndim = len(self.start)
        y = _grouped(y, groups, outs, ndim)
        x = _grouped(x, groups, ins, ndim)
        if outs > 1 or ins > 1:
            mix(y, x, taps, self._phases(written, read), ndim)
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
        axes = self._met(self.where, written, read)
        counts = np.minimum.reduce([axis.number for axis in axes])
        index = np.arange(len(counts))[:, None] if self.places is not None else np.stack(self.where, axis=1)
        for k in np.flatnonzero(counts).tolist():
            spans = [axis.slices(k) for axis in axes]
            yield tuple(index[k].tolist()), (..., *(to for to, _ in spans)), (..., *(source for _, source in spans))

    def _met(self, where: Places, written: Window, read: Window) -> list[Met]:
        """Where the taps of some places meet samples, per axis."""
        windows = zip(written.starts, written.shape, read.starts, read.shape, strict=True)
        rates = zip(where, self.start, self.up, self.down, windows, strict=True)
        return [met(start + at, up, down, (a, n), (c, m)) for at, start, up, down, (a, n, c, m) in rates]

    @property
    def gain(self) -> float:
        """Σ|h|, of the output channel where it is largest."""
        rows = np.abs(self.taps).reshape(prod(self.taps.shape[:2]) if self.mixes else 1, -1)
        most = rows.sum(axis=1).max()
        return inf if isinstance(most, int) and most > float_info.max else float(most)

    def check_integers(self, x: np.ndarray) -> int:
        """The largest |y| that integers x can give, refused where int64 may not hold it."""
        bound = magnitude(x) * self._integer_gain
        check_bound(bound)
        return bound

    @cached_property
    def _integer_gain(self) -> int:
        """Σ|h| over the taps that meet in one output, those of one residue modulo L, where it is largest."""
        where = self.where
        taps = self.weights
        if not taps.size:
            return 0
        is_small = magnitude(taps) * taps.size < LARGEST
        rows = np.abs(taps.astype(np.int64 if is_small else object))
        rows = rows.reshape(prod(taps.shape[:2]), -1, taps.shape[-1]).sum(axis=1) if self.mixes else rows[None]
        residue = np.zeros(taps.shape[-1], np.int64)
        for at, n, up in zip(where, self.shape, self.up, strict=True):  # numbered anew: as few as there are taps
            residue = np.unique(residue * min(n, up) + at % up, return_inverse=True)[1]
        sums = np.zeros((len(rows), int(residue.max()) + 1), rows.dtype)
        at_residues: Any = (slice(None), residue)
        np.add.at(sums, at_residues, rows)
        return int(sums.max())

    def multiply_adds(self, written: Window, read: Window) -> int:
        """Multiply-adds of one run, zero taps left out."""
        return remembered(self, "_counted", (written, read), lambda: self._count(written, read), COUNTS_KEPT)

    def _count(self, written: Window, read: Window) -> int:
        if self.factors is not None:
            return sum(fir.multiply_adds(*windows) for fir, *windows in self.passes(written, read))
        mixed = prod(self.taps.shape[:3]) if self.mixes else 1
        if self.is_full:
            return mixed * self._pairs(written, read)
        where, rest = self.where, 0
        if self.places is None and len(self.shape) == 1 and 2 * len(where[0]) > self.shape[0]:  # fewer zeros
            is_zero = np.ones(self.shape, bool)
            is_zero[where] = False
            where, rest = np.nonzero(is_zero), self._pairs(written, read)
        counts = [axis.number for axis in self._met(where, written, read)]
        exact = len(where[0]) * prod(map(max, written.shape, read.shape)) >= LARGEST
        found = int(reduce(np.multiply, [count.astype(object) if exact else count for count in counts]).sum())
        return mixed * (rest - found if rest else found)

    def _pairs(self, written: Window, read: Window) -> int:
        """How often taps meet samples, zeros among them."""
        windows = zip(written.starts, written.shape, read.starts, read.shape, strict=True)
        rates = zip(self.start, self.shape, self.up, self.down, windows, strict=True)
        return prod(pairs(start, taps, up, down, (a, n), (c, m)) for start, taps, up, down, (a, n, c, m) in rates)

    @property
    def reading(self) -> int:
        """How many taps read anything: gcd(L, M) divides their j."""
        rates = [(start, gcd(up, down)) for start, up, down in zip(self.start, self.up, self.down, strict=True)]
        if self.is_full:
            return prod((a + n - 1) // g - (a - 1) // g for (a, g), n in zip(rates, self.shape, strict=True))
        reads = [(start + at) % g == 0 for at, (start, g) in zip(self.where, rates, strict=True) if g > 1]
        return int(np.count_nonzero(np.logical_and.reduce(reads))) if reads else len(self.where[0])


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
