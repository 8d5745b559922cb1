"""Blocks of a bound operator: which samples one block of the output reads, at the ends too, and how it is computed.

The operator is a :class:`~opalgebra.bound.operators.windowed.Windowed`, which stands above and calls down.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from itertools import pairwise, product
from math import lcm
from operator import add
from typing import Any

import numpy as np

from ...engine.arrays.arithmetic import check_bound, magnitude
from ...engine.arrays.boundary import Continuation, Runs, joined
from ...engine.arrays.window import Window, intersection, union
from ...engine.filters.fir import Fir
from ...engine.filters.relabel import Relabel
from ...engine.filters.weights import Tone, Weight
from ...engine.program.program import window_reached, window_read
from ...engine.program.values import Ends, Value
from .dask_ import Job, Part, with_axis
from .precision import as_data, computed_in


def job_of(operator: Any, transposed: bool, conjugated: bool) -> Job:
    """F, Fᵀ, conj(F) or Fᴴ on blocks."""
    return (Folded if transposed else Continued)(operator, conjugated)


class _Filtering(Job):
    """The filters of a bound operator between a part of its inputs and a part of its outputs."""

    shape: tuple[int, ...] = ()
    _hull: Window  # outputs, or inputs, that those along one axis are seen with

    def __init__(self, operator: Any, conjugated: bool) -> None:
        self.operator, self.conjugated = operator, conjugated
        self.repetition = repetition(operator._ends, len(operator.in_window.shape))
        self.is_separable = self.repetition.is_separable
        self._spans: dict[Any, tuple[int, int]] = {}

    def key(self) -> Any:
        return self.operator, self.conjugated

    def for_blocks(self, shape: tuple[int, ...]) -> None:
        self.shape = _rounded(shape)
        self._spans.clear()

    @property
    def _pieces(self) -> list[Any]:
        """The operators whose sum a block is: the same here and in a worker."""
        found: list[Any] = self.operator.pieces(self.shape or _rounded(self.window.shape))
        return found

    def _channels(self, made: bool) -> tuple[int, ...]:
        return self.operator.channels[:1] if made and self.operator.channels else (self.operator.channels or ())[1:]

    def _span(
        self, number: int, piece: Any, axis: int, start: int, stop: int, steps: tuple[tuple[int, int], ...]
    ) -> tuple[int, int]:
        """What a piece reads along an axis, or reaches; from what it does some periods nearer to 0."""
        step, goes_on = steps[axis] if steps else (0, 0)
        turns = start // step if step else 0
        key = number, axis, start - turns * step, stop - start
        if key not in self._spans:
            window = self._seen(piece, with_axis(self._hull, axis, start - turns * step, stop - turns * step))
            self._spans[key] = window.starts[axis], window.stops[axis]
        a, b = self._spans[key]
        return a + turns * goes_on, b + turns * goes_on

    @abstractmethod
    def _seen(self, piece: Any, window: Window) -> Window:
        """What a piece reads for outputs, or reaches from inputs."""

    def _between(self, piece: Any, x: Any, read: Window, out: Window, transposed: bool) -> Any:
        """The filters of a piece, moved by whole periods to where blocks of one size have one plan."""
        steps = self.repetition.steps
        if steps:
            turns = [a // step for a, (step, _) in zip(out.starts, steps, strict=True)]
            out = out.shifted(tuple(-t * step for t, (step, _) in zip(turns, steps, strict=True)))
            read = read.shifted(tuple(-t * goes_on for t, (_, goes_on) in zip(turns, steps, strict=True)))
        return piece._between(x, read, out, transposed, self.conjugated)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_spans": {}}


class Continued(_Filtering):
    """F: the samples that a block reads are continued beyond the ends of the array, and filtered."""

    def __init__(self, operator: Any, conjugated: bool) -> None:
        super().__init__(operator, conjugated)
        self.window, self.origin = operator.out_window, operator.in_window.starts
        self._hull = self.window
        self.rates = self.repetition.rates
        self.mixed, self.made = self._channels(False), self._channels(True)
        _ = operator.extension  # refuses to continue an array that has no samples

    def _seen(self, piece: Any, window: Window) -> Window:
        starts, ends = piece._ends
        return window_read(starts, ends, window)

    def along(self, axis: int, start: int, stop: int) -> tuple[Runs, ...]:
        """What each of the pieces reads."""
        found = []
        rule, n = self.operator.boundary[axis], self.operator.in_window.shape[axis]
        for number, piece in enumerate(self._pieces):
            a, b = _clipped(rule, n, *self._span(number, piece, axis, start, stop, self.repetition.steps))
            inside = a >= 0 and b <= n
            found.append((((a, b),) if a < b else ()) if inside else Continuation(rule, n, a, b).runs)
        return tuple(found)

    def parts(self, out: Window) -> list[Part]:
        """What each of the pieces of the operator reads; nothing where that is outside and zero."""
        found = list(enumerate(self._part(piece, out) for piece in self._pieces))
        some = [(k, part) for k, part in found if all(part.shape)] or found[:1]
        return [replace(part, note=(k, part.note)) for k, part in some]  # workers make the pieces again

    def _part(self, operator: Any, out: Window) -> Part:
        """The samples of the read window that lie inside, and those that the others are made of."""
        read = self._seen(operator, out)
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
        operator = self._pieces[piece]
        for j, (rule, n) in enumerate(zip(self.operator.boundary, self.operator.in_window.shape, strict=True)):
            axis = Continuation(rule, n, read.starts[j], read.stops[j])
            if part.runs[j] != ((axis.start, axis.stop),):  # not all of it inside
                if x.dtype.kind == "i":
                    check_bound(magnitude(x) * axis.most_read)
                x = axis.extend(x, x.ndim - len(part.runs) + j, part.runs[j])
        return self._between(operator, x, read, out, False)


class Folded(_Filtering):
    """Fᵀ: the filters backwards, and what lies beyond the ends added to the samples that it was made of."""

    def __init__(self, operator: Any, conjugated: bool) -> None:
        super().__init__(operator, conjugated)
        self.window, self.origin = operator.in_window, operator.out_window.starts
        beyond = [] if operator.extension is None else [operator.extension.window]
        self._hull = union([self.window, *beyond])  # all that is folded, and what it is folded onto
        self.rates = tuple(1 / rate for rate in self.repetition.rates)
        self.made, self.mixed = self._channels(False), self._channels(True)
        self._outside: dict[Any, list[tuple[np.ndarray, np.ndarray]]] = {}

    def _seen(self, piece: Any, window: Window) -> Window:
        starts, ends = piece._ends
        return window_reached(starts, ends, window)

    def along(self, axis: int, start: int, stop: int) -> tuple[Runs, ...]:
        """The outputs that each of the pieces reaches from what is folded there."""
        first = self.origin[axis]
        low, high = first, self.operator.out_window.stops[axis]
        steps = tuple((b, a) if b > 0 else (-b, -a) for a, b in self.repetition.steps)
        found = []
        for number, piece in enumerate(self._pieces):
            runs = [(start, stop), *_folded(self._beyond(number, piece)[axis], start, stop)]
            spans = [self._span(number, piece, axis, a, b, steps) for a, b in runs]
            found.append(joined((max(a, low) - first, min(b, high) - first) for a, b in spans))
        return tuple(found)

    def parts(self, out: Window) -> list[Part]:
        """For every run of indices that is folded into the block, the outputs that these reach."""
        found = [part for k, piece in enumerate(self._pieces) for part in self._of_piece(k, piece, out)]
        nothing = 0, out, out.emptied()
        return found or [Part(((),) * len(out.shape), nothing)]

    def _beyond(self, number: int, piece: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        key = self.shape, number
        if key not in self._outside:
            self._outside[key] = _outside(piece)
        return self._outside[key]

    def _of_piece(self, number: int, piece: Any, out: Window) -> Iterator[Part]:
        axes = zip(self._beyond(number, piece), out.starts, out.stops, strict=True)
        for runs in product(*([(a, b), *_folded(outside, a, b)] for outside, a, b in axes)):
            run = Window(tuple(a for a, _ in runs), tuple(b - a for a, b in runs))
            given = intersection(self.operator.out_window, self._seen(piece, run))
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
            z = self._between(self._pieces[piece], as_data(y, result), run, given, True)
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


@dataclass(frozen=True)
class Repetition:
    """How what filters read goes on with their outputs.

    Attributes
    ----------
    rates : tuple of Fraction
        How far the inputs go on for each output, per axis.
    is_separable : bool
        Whether the axes do not depend on one another.
    steps : tuple of (int, int)
        Per axis, after how many outputs all is the same again, and how many inputs these are; empty where it never is.
    """

    rates: tuple[Fraction, ...]
    is_separable: bool
    steps: tuple[tuple[int, int], ...]


def repetition(ends: Ends, ndim: int) -> Repetition:
    """From the rates of the filters and the periods of the weights on every way from an output to an input."""
    one = (Fraction(1),) * ndim
    known: dict[Value, tuple[Fraction, ...]] = dict.fromkeys(ends[1], one)
    needed: list[tuple[Fraction, ...]] = [one]  # the period times any of these is to be whole
    separable = repeats = True
    queue = list(known)
    while queue:
        value = queue.pop()
        for source, action in value.terms:
            rates = known[value]
            if isinstance(action, Fir):
                rates = tuple(r * Fraction(m, up) for r, m, up in zip(rates, action.down, action.up, strict=True))
            elif isinstance(action, Weight) and not isinstance(action, Tone):
                needed.append(tuple(r / p for r, p in zip(rates, action.values.shape, strict=True)))
            separable = separable and not isinstance(action, Relabel)
            repeats = repeats and not isinstance(action, (Relabel, Tone)) and known.get(source, rates) == rates
            if source not in known:
                known[source] = rates
                needed.append(rates)
                queue.append(source)
    rates = next((known[start] for start in ends[0] if start in known), one)
    repeats = repeats and all(known.get(start, rates) == rates for start in ends[0])
    periods = [lcm(*(rate.denominator for rate in axis)) for axis in zip(*needed, strict=True)]
    steps = tuple((p, int(p * rate)) for p, rate in zip(periods, rates, strict=True)) if repeats else ()
    return Repetition(rates, separable, steps)


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


def _rounded(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a block, the same for blocks of about one size."""
    return tuple([1 << n.bit_length() for n in shape])


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
    if first == last:
        return
    yield from _runs(np.unique(indices[first:last]).tolist())
