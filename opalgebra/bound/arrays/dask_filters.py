"""Blocks of a bound operator: which samples one block of the output reads, at the ends too, and how it is computed.

The operator is a :class:`~opalgebra.bound.operators.windowed.Windowed`, which stands above and calls down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import pairwise, product
from operator import add
from typing import Any

import numpy as np

from ...engine.arrays.arithmetic import check_bound, magnitude
from ...engine.arrays.boundary import Continuation
from ...engine.arrays.window import Window, intersection
from ...engine.filters.fir import Fir
from ...engine.program.program import window_reached, window_read
from ...engine.program.values import Value
from .dask_ import Job, Part, cut
from .precision import as_data, computed_in


def lazily(operator: Any, x: Any, transposed: bool, conjugated: bool) -> Any:
    """F, Fᵀ, conj(F) or Fᴴ on a Dask array."""
    job = (Folded if transposed else Continued)(operator, conjugated)
    return cut(x, job, operator.precision.result(x.dtype))


class _Filtering(Job):
    """The filters of a bound operator between a part of its inputs and a part of its outputs."""

    def __init__(self, operator: Any, conjugated: bool) -> None:
        self.operator, self.conjugated = operator, conjugated

    def key(self) -> Any:
        return self.operator, self.conjugated

    def _pieces(self, out: Window) -> list[Any]:
        """The operators whose sum a block is: the same here and in a worker."""
        found: list[Any] = self.operator.pieces(_rounded(out))
        return found

    @property
    def _channels(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        outs, ins = self.operator.channels or (None, None)
        return (() if ins is None else (ins,)), (() if outs is None else (outs,))


class Continued(_Filtering):
    """F: the samples that a block reads are continued beyond the ends of the array, and filtered."""

    def __init__(self, operator: Any, conjugated: bool) -> None:
        super().__init__(operator, conjugated)
        self.window, self.origin = operator.out_window, operator.in_window.starts
        self.rates = _rates(operator)
        self.mixed, self.made = self._channels
        _ = operator.extension  # refuses to continue an array that has no samples

    def parts(self, out: Window) -> list[Part]:
        """What each of the pieces of the operator reads; nothing where that is outside and zero."""
        found = list(enumerate(self._part(piece, out) for piece in self._pieces(out)))
        some = [(k, part) for k, part in found if all(part.shape)] or found[:1]
        return [replace(part, note=(k, part.note)) for k, part in some]  # workers make the pieces again

    def _part(self, operator: Any, out: Window) -> Part:
        """The samples of the read window that lie inside, and those that the others are made of."""
        starts, ends = operator._ends
        read = window_read(starts, ends, out)
        sizes, rules = operator.in_window.shape, operator.boundary
        if not read.size:
            return Part(((),) * len(sizes), read.emptied())
        spans = [_clipped(rule, n, a, b) for rule, n, a, b in zip(rules, sizes, read.starts, read.stops, strict=True)]
        axes = [Continuation(rule, n, *span) for rule, n, span in zip(rules, sizes, spans, strict=True)]
        return Part(tuple(axis.runs for axis in axes), Window(*zip(*((a, b - a) for a, b in spans), strict=True)))

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        """The block, in the order of a run on NumPy arrays: cast, continued, filtered, rounded once."""
        result = self.operator.precision.result(arrays[0].dtype)
        made = [self._filtered(out, part, as_data(x, result)) for part, x in zip(parts, arrays, strict=True)]
        if len(made) > 1 and made[0].dtype.kind == "i":
            check_bound(sum(map(magnitude, made)))
        return reduce(add, made).astype(result, copy=False)

    def _filtered(self, out: Window, part: Part, x: Any) -> Any:
        piece, read = part.note
        operator = self._pieces(out)[piece]
        for j, (rule, n) in enumerate(zip(self.operator.boundary, self.operator.in_window.shape, strict=True)):
            axis = Continuation(rule, n, read.starts[j], read.stops[j])
            if part.runs[j] != ((axis.start, axis.stop),):  # not all of it inside
                if x.dtype.kind == "i":
                    check_bound(magnitude(x) * axis.most_read)
                x = axis.extend(x, x.ndim - len(part.runs) + j, part.runs[j])
        return operator._between(x, read, out, False, self.conjugated)


class Folded(_Filtering):
    """Fᵀ: the filters backwards, and what lies beyond the ends added to the samples that it was made of."""

    def __init__(self, operator: Any, conjugated: bool) -> None:
        super().__init__(operator, conjugated)
        self.window, self.origin = operator.in_window, operator.out_window.starts
        self.rates = tuple(1 / rate for rate in _rates(operator))
        self.made, self.mixed = self._channels
        self._outside: dict[Any, list[tuple[np.ndarray, np.ndarray]]] = {}

    def parts(self, out: Window) -> list[Part]:
        """For every run of indices that is folded into the block, the outputs that these reach."""
        found = [part for k, piece in enumerate(self._pieces(out)) for part in self._of_piece(k, piece, out)]
        nothing = 0, out, out.emptied()
        return found or [Part(((),) * len(out.shape), nothing)]

    def _of_piece(self, number: int, piece: Any, out: Window) -> Iterator[Part]:
        starts, ends = piece._ends
        key = _rounded(out), number
        if key not in self._outside:
            self._outside[key] = _outside(piece)
        axes = zip(self._outside[key], out.starts, out.stops, strict=True)
        for runs in product(*([(a, b), *_folded(outside, a, b)] for outside, a, b in axes)):
            run = Window(tuple(a for a, _ in runs), tuple(b - a for a, b in runs))
            given = intersection(self.operator.out_window, window_reached(starts, ends, run))
            if given.size:
                spans = zip(given.starts, given.stops, self.origin, strict=True)
                yield Part(tuple(((a - o, b - o),) for a, b, o in spans), (number, run, given))

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        """The sum over the runs."""
        result = self.operator.precision.result(arrays[0].dtype)
        lead = arrays[0].shape[: arrays[0].ndim - len(out.shape) - len(self.mixed)]
        x = np.zeros_like(arrays[0], shape=(*lead, *self.made, *out.shape), dtype=computed_in(result))
        bound = 0
        for part, y in zip(parts, arrays, strict=True):
            piece, run, given = part.note
            z = self._pieces(out)[piece]._between(as_data(y, result), run, given, True, self.conjugated)
            z = self._fold(z, run, out)
            if z.dtype.kind == "i":
                bound += magnitude(z)
                check_bound(bound)
            x += z
        return x.astype(result, copy=False)

    def _fold(self, z: Any, run: Window, out: Window) -> Any:
        for j, (rule, n) in enumerate(zip(self.operator.boundary, self.operator.in_window.shape, strict=True)):
            a, b = run.starts[j], run.stops[j]
            if b <= 0 or a >= n:
                axis = Continuation(rule, n, a, b)
                if z.dtype.kind == "i":
                    check_bound(magnitude(z) * axis.most_used)
                z = axis.fold_onto(z, z.ndim - len(out.shape) + j, out.starts[j], out.stops[j])
        return z


def _rates(operator: Any) -> tuple[Fraction, ...]:
    """M/L along one way from an output to an input."""
    rates = [Fraction(1)] * len(operator.in_window.shape)
    value: Value = operator._ends[1][0]
    while value.terms:
        value, action = value.terms[0]
        if isinstance(action, Fir):
            rates = [rate * Fraction(m, up) for rate, m, up in zip(rates, action.down, action.up, strict=True)]
    return tuple(rates)


def _clipped(rule: str, n: int, start: int, stop: int) -> tuple[int, int]:
    """Of a window that is read, what can be other than zero."""
    if rule != "zero":
        return start, stop
    first = min(max(start, 0), n)
    return first, max(first, min(stop, n))


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending indices as runs."""
    if not indices:
        return
    breaks = [0, *(i for i in range(1, len(indices)) if indices[i] > indices[i - 1] + 1), len(indices)]
    for a, b in pairwise(breaks):
        yield indices[a], indices[b - 1] + 1


def _rounded(out: Window) -> tuple[int, ...]:
    """The shape of a block, the same for blocks of about one size."""
    return tuple([1 << n.bit_length() for n in out.shape])


def _outside(operator: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per axis what lies beyond the array, see :func:`_beyond`."""
    read = operator.in_window if operator.extension is None else operator.extension.window
    axes = zip(operator.boundary, operator.in_window.shape, read.starts, read.stops, strict=True)
    return [_beyond(Continuation(*axis)) for axis in axes]


def _beyond(axis: Continuation) -> tuple[np.ndarray, np.ndarray]:
    """Samples in ascending order and, for each, an index outside of the array that is made of it."""
    made = [np.zeros((2, 0), dtype=np.int64)]
    for start, stop in ((axis.start, min(axis.stop, 0)), (max(axis.start, axis.n), axis.stop)):
        if start < stop:
            indices, samples, _ = Continuation(axis.rule, axis.n, start, stop).entries
            made.append(np.stack((samples, indices + start)))
    samples, indices = np.concatenate(made, axis=1)
    order = np.argsort(samples, kind="stable")
    return samples[order], indices[order]


def _folded(outside: tuple[np.ndarray, np.ndarray], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The runs of indices outside of the array that are made of the samples start ≤ i < stop."""
    samples, indices = outside
    first, last = np.searchsorted(samples, (start, stop))
    yield from _runs(np.unique(indices[first:last]).tolist())
