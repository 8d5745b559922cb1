"""An axis continued beyond its ends by a linear rule, and the transpose of that; on the host and on devices.

    y_i = ± x_{±i + c} + a x_{n−1} + b x_0   on each of a few runs of indices i,

two runs per turn of the rule and no more than the window asks for, by the table of :mod:`.rules`.  Each run is a
slice; only on the host, and where a short array turns many times, a sparse matrix made of the same runs takes their
place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .device import module_of
from .rules import RULES, Rule

MANY = 16  # runs from which one product with a sparse matrix is faster (measured)


class Part(NamedTuple):
    """y[to] = weight · x[source] + last · x[n − 1] + first · x[0]; a source of one sample stands for every index."""

    to: slice
    source: slice
    weight: int = 1
    last: int = 0
    first: int = 0

    @property
    def size(self) -> int:
        """How many indices."""
        return self.to.stop - self.to.start

    @property
    def samples(self) -> tuple[int, int]:
        """The least and the largest sample of the source."""
        places = range(max(self.source.start, self.source.stop or 0) + 1)[self.source]
        return min(places[0], places[-1]), max(places[0], places[-1])

    @property
    def repeats(self) -> bool:
        """Whether one sample stands for several indices."""
        return self.size > 1 and self.samples[0] == self.samples[1]

    def ends(self, n: int) -> list[tuple[int, int]]:
        """The weights of the last and the first of n samples."""
        return [(self.last, n - 1), (self.first, 0)]

    def onto(self, start: int, stop: int) -> tuple[slice, slice]:
        """Which indices are made of the samples start ≤ i < stop, and these samples counted from ``start``."""
        (low, high), ascending = self.samples, self.source.step > 0
        first, last = max(low, start), max(low, start, min(high + 1, stop))
        skipped = first - low if ascending else high + 1 - last
        begin = self.to.start + skipped
        places = slice(first - start, last - start, 1)
        return slice(begin, begin + last - first), places if ascending else _reversed(places)


Runs: TypeAlias = tuple[tuple[int, int], ...]


def joined(runs: Iterable[tuple[int, int]]) -> Runs:
    """Runs as disjoint ones in ascending order; those that touch become one.

    >>> joined([(4, 6), (0, 3), (2, 4), (9, 9)])
    ((0, 6),)
    """
    made: list[tuple[int, int]] = []
    for start, stop in sorted(run for run in runs if run[0] < run[1]):
        if made and made[-1][1] >= start:
            made[-1] = made[-1][0], max(stop, made[-1][1])
        else:
            made.append((start, stop))
    return tuple(made)


def _offsets(runs: Runs) -> Iterator[int]:
    """By how much each run is moved where all are held one after the other."""
    held = 0
    for start, stop in runs:
        yield held - start
        held += stop - start


def _offset(held: dict[tuple[int, int], int], sample: int) -> int:
    """The offset of the run that a sample is in."""
    return next(offset for (start, stop), offset in held.items() if start <= sample < stop)


def _moved(source: slice, offset: int) -> slice:
    if source.step > 0:
        return slice(source.start + offset, source.stop + offset, source.step)
    stop = (-1 if source.stop is None else source.stop) + offset
    return slice(source.start + offset, stop if stop >= 0 else None, -1)


def _reversed(source: slice) -> slice:
    """The same places, the last one first."""
    if source.start == source.stop:
        return source
    return slice(source.stop - 1, source.start - 1 if source.start else None, -1)


def parts(rule: str, n: int, start: int, stop: int) -> list[Part]:
    """The runs of start ≤ i < stop for n samples.

    >>> parts("symmetric", 4, -2, 3)
    [Part(to=slice(0, 2, None), source=slice(1, None, -1), weight=1, last=0, first=0), \
Part(to=slice(2, 5, None), source=slice(0, 3, 1), weight=1, last=0, first=0)]
    """
    if n == 0 or stop <= start:
        return []
    row = RULES[rule]
    found = _turns(row, n, start, stop) if row.period(n) else _ends(row, n, start, stop)
    return [part for part in found if part.size > 0 and part.weight]


def _ends(rule: Rule, n: int, start: int, stop: int) -> Iterator[Part]:
    low, high = max(start, min(0, stop)), min(stop, max(n, start))
    yield Part(slice(0, low - start), slice(0, 1, 1), rule.end)
    yield Part(slice(low - start, high - start), slice(low, high, 1))
    yield Part(slice(high - start, stop - start), slice(n - 1, n, 1), rule.end)


def _turns(rule: Rule, n: int, start: int, stop: int) -> Iterator[Part]:
    period, slope, top = rule.period(n), rule.slope, rule.last(n)
    for turn in range(start // period, (stop - 1) // period + 1):
        zero = turn * period
        low, high = max(start, zero), min(stop, zero + n)
        yield Part(slice(low - start, high - start), slice(low - zero, high - zero, 1), 1, slope * turn, -slope * turn)
        low, high = max(start, zero + n), min(stop, zero + period)
        ends = top - (low - zero), top - (high - zero)
        source = slice(ends[0], ends[1] if ends[1] >= 0 else None, -1)
        yield Part(slice(low - start, high - start), source, rule.sign, slope * (turn + 1), -slope * turn)


@dataclass(frozen=True)
class Continuation:
    """n samples of one axis, at 0, on the indices start ≤ i < stop.

    >>> Continuation("reflect", 3, -2, 5).extend(np.array([1, 2, 3]), 0)
    array([3, 2, 1, 2, 3, 2, 1])
    >>> Continuation("wrap", 3, -1, 4).fold(np.array([1, 10, 100, 1000, 10000]), 0)
    array([10010,   100,  1001])
    """

    rule: str
    n: int
    start: int
    stop: int

    @cached_property
    def parts(self) -> list[Part]:
        """The runs."""
        return parts(self.rule, self.n, self.start, self.stop)

    @property
    def most_read(self) -> int:
        """A bound of the sums of absolute weights of the rows, at least 1."""
        return max([1, *(1 + abs(part.last) + abs(part.first) for part in self.parts)])

    @cached_property
    def most_used(self) -> int:
        """A bound of the sums of absolute weights that one sample has."""
        if not self.n:
            return 0
        total = np.zeros(self.n, dtype=np.int64)
        for part in self.parts:
            total[part.source] += part.size if part.repeats else 1
            for weight, end in part.ends(self.n):
                total[end] += abs(weight) * part.size
        return int(total.max())

    @cached_property
    def runs(self) -> Runs:
        """The samples that are read, as disjoint runs in ascending order."""
        ends = [end for part in self.parts for factor, end in part.ends(self.n) if factor]
        return joined([*((part.samples[0], part.samples[-1] + 1) for part in self.parts), *((i, i + 1) for i in ends)])

    def extend(self, x: Any, axis: int, runs: Runs | None = None) -> Any:
        """The continued array: one of its own; from the samples of some runs alone, where such are given."""
        xp = module_of(x)
        if runs is not None and runs != ((0, self.n),):
            return self._extended(x, axis, dict(zip(runs, _offsets(runs), strict=True)))
        if xp is np and len(self.parts) > MANY:
            return _product(self._matrix(x.dtype, False), x, axis)
        return self._extended(x, axis, {(0, self.n): 0})

    def _extended(self, x: Any, axis: int, held: dict[tuple[int, int], int]) -> Any:
        """From an array that holds runs of samples, each moved by its offset."""
        xp = module_of(x)
        made = xp.empty if RULES[self.rule].end else xp.zeros
        y = made((*x.shape[:axis], self.stop - self.start, *x.shape[axis + 1 :]), x.dtype)
        for part in self.parts:
            to, given = _at(axis, part.to), x[_at(axis, _moved(part.source, _offset(held, part.samples[0])))]
            y[to] = given if part.weight == 1 else -given
            for factor, end in part.ends(self.n):
                if factor:
                    place = end + _offset(held, end)
                    y[to] += x[_at(axis, slice(place, place + 1))] * factor
        return y

    def fold(self, y: Any, axis: int) -> Any:
        """The transpose; y is used up."""
        xp = module_of(y)
        if xp is np and len(self.parts) > MANY:
            return _product(self._matrix(y.dtype, True), y, axis)
        inside = slice(0, self.n, 1), 1, 0, 0
        whole = next((part for part in self.parts if part[1:] == inside and part.size == self.n), None)
        if whole is None:
            x = xp.zeros((*y.shape[:axis], self.n, *y.shape[axis + 1 :]), y.dtype)
        else:  # what lies inside is kept and takes the rest
            x = y[_at(axis, whole.to)]
        for part in self.parts:
            if part is not whole:
                self._fold(part, y, x, axis, 0, self.n)
        return x

    def fold_onto(self, y: Any, axis: int, start: int, stop: int) -> Any:
        """The transpose on the samples start ≤ i < stop alone."""
        x = module_of(y).zeros((*y.shape[:axis], stop - start, *y.shape[axis + 1 :]), y.dtype)
        for part in self.parts:
            self._fold(part, y, x, axis, start, stop)
        return x

    def _fold(self, part: Part, y: Any, x: Any, axis: int, start: int, stop: int) -> None:
        """Add what the samples start ≤ i < stop, which x holds, have in a part."""
        ends = part.ends(self.n)
        if part.repeats:
            ends.append((part.weight, part.source.start))
        else:
            to, source = part.onto(start, stop)
            if part.weight == 1:
                x[_at(axis, source)] += y[_at(axis, to)]
            else:
                x[_at(axis, source)] -= y[_at(axis, to)]
        for factor, end in ends:
            if factor and start <= end < stop:
                total = y[_at(axis, part.to)].sum(axis=axis, keepdims=True)
                x[_at(axis, slice(end - start, end - start + 1))] += total * factor

    def _matrix(self, dtype: Any, transposed: bool) -> Any:
        """The runs as a sparse matrix in the precision of a dtype."""
        kept: dict[Any, Any] = self.__dict__.setdefault("_matrices", {})
        key = dtype, transposed
        if key not in kept:
            made = self._entries.T.tocsr() if transposed else self._entries
            kept[key] = made.astype(np.finfo(dtype).dtype if dtype.kind in "fc" else dtype)
        return kept[key]

    @property
    def entries(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every weight that is not 0 the index, counted from ``start``, the sample and the weight."""
        found = [np.zeros((3, 0), dtype=np.int64)]
        for part in self.parts:
            row, step = np.arange(part.to.start, part.to.stop), part.source.step
            sample = part.source.start + np.arange(part.size) * (0 if part.repeats else step)
            for column, weight in ((sample, part.weight), *((end, weight) for weight, end in part.ends(self.n))):
                if weight:
                    found.append(np.stack(np.broadcast_arrays(row, column, weight)))
        rows, columns, weights = np.concatenate(found, axis=1)
        return rows, columns, weights

    @cached_property
    def _entries(self) -> Any:
        from scipy.sparse import coo_array

        rows, columns, weights = self.entries
        made = coo_array((weights, (rows, columns)), (self.stop - self.start, self.n)).tocsr()
        made.eliminate_zeros()  # the two ends of one sample
        return made


def _at(axis: int, where: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, where)


def _product(matrix: Any, x: np.ndarray, axis: int) -> np.ndarray:
    """The matrix along one axis; only its nonzero entries are read, so a NaN stays where it is read."""
    columns = np.moveaxis(x, axis, 0)
    made = matrix @ columns.reshape(columns.shape[0], prod(columns.shape[1:]))
    return np.moveaxis(np.asarray(made).reshape(matrix.shape[0], *columns.shape[1:]), 0, axis)
