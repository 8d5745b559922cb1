"""An axis continued beyond its ends by a linear rule, and the transpose of that; on the host and on devices.

    y_i = ± x_{±i + c} + a x_{n−1} + b x_0   on each of a few runs of indices i,

two runs per turn of the rule and no more than the window asks for; the seven rules are described in
:mod:`opalgebra.windows.boundary`.  Each run is a slice; only on the host, and where a short array turns many times, a
sparse matrix made of the same runs takes their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .device import module_of

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
    def repeats(self) -> bool:
        """Whether one sample stands for several indices."""
        return self.size > 1 and len(range(self.source.start + 2)[self.source]) == 1


def parts(rule: str, n: int, start: int, stop: int) -> list[Part]:
    """The runs of start ≤ i < stop for n samples.

    >>> parts("symmetric", 4, -2, 3)
    [Part(to=slice(0, 2, None), source=slice(1, None, -1), weight=1, last=0, first=0), \
Part(to=slice(2, 5, None), source=slice(0, 3, 1), weight=1, last=0, first=0)]
    """
    if n == 0 or stop <= start:
        return []
    if rule == "edge" or (n == 1 and rule in ("reflect", "antireflect")):
        return [part for part in _edge(n, start, stop) if part.size]
    return list(_turns(rule, n, start, stop))


def _edge(n: int, start: int, stop: int) -> Iterator[Part]:
    low, high = max(start, min(0, stop)), min(stop, max(n, start))
    yield Part(slice(0, low - start), slice(0, 1, 1))
    yield Part(slice(low - start, high - start), slice(low, high, 1))
    yield Part(slice(high - start, stop - start), slice(n - 1, n, 1))


def _turns(rule: str, n: int, start: int, stop: int) -> Iterator[Part]:
    top = 2 * n - 2 if rule in ("reflect", "antireflect") else 2 * n - 1
    period = n if rule == "wrap" else top if rule in ("reflect", "antireflect") else 2 * n
    sign, slope = (-1 if rule.startswith("anti") else 1), (2 if rule == "antireflect" else 0)
    turns = (0,) if rule == "zero" else range(start // period, (stop - 1) // period + 1)
    for turn in turns:
        zero = turn * period
        low, high = max(start, zero), min(stop, zero + n)
        if low < high:
            yield Part(
                slice(low - start, high - start), slice(low - zero, high - zero, 1), 1, slope * turn, -slope * turn
            )
        low, high = max(start, zero + n), min(stop, zero + period)
        if low < high and rule != "zero":
            ends = top - (low - zero), top - (high - 1 - zero) - 1
            source = slice(ends[0], ends[1] if ends[1] >= 0 else None, -1)
            yield Part(slice(low - start, high - start), source, sign, slope * (turn + 1), -slope * turn)


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
            for weight, end in ((part.last, self.n - 1), (part.first, 0)):
                total[end] += abs(weight) * part.size
        return int(total.max())

    def extend(self, x: Any, axis: int) -> Any:
        """The continued array: one of its own."""
        xp = module_of(x)
        if xp is np and len(self.parts) > MANY:
            return _product(self._matrix(x.dtype, False), x, axis)
        made = xp.zeros if self.rule == "zero" else xp.empty
        y = made((*x.shape[:axis], self.stop - self.start, *x.shape[axis + 1 :]), x.dtype)
        for part in self.parts:
            to, given = _at(axis, part.to), x[_at(axis, part.source)]
            y[to] = given if part.weight == 1 else -given
            for factor, end in ((part.last, self.n - 1), (part.first, 0)):
                if factor:
                    y[to] += x[_at(axis, slice(end, end + 1))] * factor
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
                self._fold(part, y[_at(axis, part.to)], x, axis)
        return x

    def _fold(self, part: Part, y: Any, x: Any, axis: int) -> None:
        ends = [(part.last, self.n - 1), (part.first, 0)]
        if part.repeats:
            ends.append((part.weight, part.source.start))
        elif part.weight == 1:
            x[_at(axis, part.source)] += y
        else:
            x[_at(axis, part.source)] -= y
        for factor, end in ends:
            if factor:
                x[_at(axis, slice(end, end + 1))] += y.sum(axis=axis, keepdims=True) * factor

    def _matrix(self, dtype: Any, transposed: bool) -> Any:
        """The runs as a sparse matrix in the precision of a dtype."""
        kept: dict[Any, Any] = self.__dict__.setdefault("_matrices", {})
        key = dtype, transposed
        if key not in kept:
            made = self._entries.T.tocsr() if transposed else self._entries
            kept[key] = made.astype(np.finfo(dtype).dtype if dtype.kind in "fc" else dtype)
        return kept[key]

    @cached_property
    def _entries(self) -> Any:
        from scipy.sparse import coo_array

        rows, columns, weights = [], [], []
        for part in self.parts:
            row, sample = np.arange(part.to.start, part.to.stop), np.arange(self.n)[part.source]
            for column, weight in ((sample, part.weight), (self.n - 1, part.last), (0, part.first)):
                rows.append(row)
                columns.append(np.broadcast_to(column, row.shape))
                weights.append(np.full(row.shape, weight))
        entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
        made = coo_array(entries, (self.stop - self.start, self.n)).tocsr()
        made.eliminate_zeros()
        return made


def _at(axis: int, where: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, where)


def _product(matrix: Any, x: np.ndarray, axis: int) -> np.ndarray:
    """The matrix along one axis; only its nonzero entries are read, so a NaN stays where it is read."""
    columns = np.moveaxis(x, axis, 0)
    made = matrix @ columns.reshape(columns.shape[0], prod(columns.shape[1:]))
    return np.moveaxis(np.asarray(made).reshape(matrix.shape[0], *columns.shape[1:]), 0, axis)
