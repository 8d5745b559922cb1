"""How a finite array is continued beyond its ends: seven linear rules, and the exact transpose of each.

The names are those of :func:`numpy.pad` and :func:`scipy.signal.upfirdn`; a b c d continues as

=============  =======================================================
zero           0 0 0 | a b c d | 0 0 0
wrap           b c d | a b c d | a b c
symmetric      c b a | a b c d | d c b
reflect        d c b | a b c d | c b a
edge           a a a | a b c d | d d d
antisymmetric  −c −b −a | a b c d | −d −c −b
antireflect    2a−d 2a−c 2a−b | a b c d | 2d−c 2d−b 2d−a
=============  =======================================================

Each is a matrix of small integers with at most four entries in a row, and goes on for ever: an index far
outside meets the reflection of a reflection.  An array of length 1 has nothing to reflect about and is
continued by its value under "reflect" and "antireflect".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ..engine.arithmetic import check_bound, magnitude
from ..engine.window import Window
from ..errors import WindowError

Entries: TypeAlias = "list[tuple[np.ndarray, np.ndarray]]"  # for each entry of a row: which sample, what weight


def _wrap(i: np.ndarray, n: int) -> Entries:
    return [(i % n, np.ones_like(i))]


def _symmetric(i: np.ndarray, n: int) -> Entries:
    r = i % (2 * n)
    return [(np.minimum(r, 2 * n - 1 - r), np.ones_like(i))]


def _antisymmetric(i: np.ndarray, n: int) -> Entries:
    r = i % (2 * n)
    return [(np.minimum(r, 2 * n - 1 - r), np.where(r < n, 1, -1))]


def _edge(i: np.ndarray, n: int) -> Entries:
    return [(np.clip(i, 0, n - 1), np.ones_like(i))]


def _reflect(i: np.ndarray, n: int) -> Entries:
    if n == 1:
        return _edge(i, n)
    r = i % (2 * n - 2)
    return [(np.minimum(r, 2 * n - 2 - r), np.ones_like(i))]


def _antireflect(i: np.ndarray, n: int) -> Entries:
    """x_{i + 2(n−1)} = x_i + 2 (x_{n−1} − x_0): reflected about both end points, again and again."""
    if n == 1:
        return _edge(i, n)
    turns, r = np.divmod(i, 2 * n - 2)
    back = r >= n
    return [
        (np.minimum(r, 2 * n - 2 - r), np.where(back, -1, 1)),
        (np.full_like(i, n - 1), 2 * turns + 2 * back),
        (np.zeros_like(i), -2 * turns),
    ]


RULES: dict[str, Callable[[np.ndarray, int], Entries] | None] = {
    "zero": None,
    "wrap": _wrap,
    "symmetric": _symmetric,
    "reflect": _reflect,
    "edge": _edge,
    "antisymmetric": _antisymmetric,
    "antireflect": _antireflect,
}


def check_boundary(name: object, ndim: int) -> tuple[str, ...]:
    """One name per axis."""
    given = tuple(name) if isinstance(name, (tuple, list)) else (name,) * ndim
    names = tuple([entry for entry in given if isinstance(entry, str) and entry in RULES])
    if not len(names) == len(given) == ndim:
        raise WindowError(
            f"the boundary is {name!r}; give one of {', '.join(map(repr, RULES))}, or a tuple of {ndim} of these, "
            "one per axis"
        )
    return names


@dataclass(frozen=True)
class _Axis:
    """The continuation of n samples to the indices start ≤ i < stop, as a sparse matrix in three parts."""

    rule: str
    n: int
    start: int
    stop: int

    @property
    def kept(self) -> tuple[int, int]:
        """The samples that are only copied."""
        return max(0, min(self.start, self.n)), max(0, min(self.stop, self.n))

    @cached_property
    def ends(self) -> tuple[Any, Any]:
        """The matrices that make what lies before and after the copied samples."""
        first, last = self.kept
        if first >= last:
            return self._matrix(self.start, self.stop), self._matrix(self.stop, self.stop)
        return self._matrix(self.start, first), self._matrix(last, self.stop)

    def parts(self, dtype: Any, transposed: bool) -> tuple[Any, Any]:
        """The matrices of both ends, or their transposes, in the precision of a dtype."""
        kept: dict[Any, tuple[Any, Any]] = self.__dict__.setdefault("_parts", {})
        key = dtype, transposed
        if key not in kept:
            before, after = ((part.T.tocsr() if transposed else part).astype(_real(dtype)) for part in self.ends)
            kept[key] = before, after
        return kept[key]

    @property
    def most_read(self) -> int:
        """The largest sum of absolute weights in a row."""
        return max(1, *(int(abs(part).sum(axis=1).max(initial=0)) for part in self.ends))

    @cached_property
    def _most_used(self) -> int:
        """The largest sum of weights that one sample has."""
        return int(abs(self._matrix(self.start, self.stop)).sum(axis=0).max(initial=0))

    def _matrix(self, start: int, stop: int) -> Any:
        from scipy.sparse import coo_array

        rule = RULES[self.rule]
        i = np.arange(start, max(start, stop))
        shape = (len(i), self.n)
        if rule is None or not len(i):
            return coo_array(shape, dtype=np.int64).tocsr()
        rows, columns, weights = [], [], []
        for column, weight in rule(i, self.n):
            rows.append(i - start)
            columns.append(column)
            weights.append(weight)
        made = coo_array((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape).tocsr()
        made.eliminate_zeros()
        return made

    def apply(self, x: np.ndarray, axis: int) -> np.ndarray:
        """Continue along one axis."""
        first, last = self.kept
        before, after = self.parts(x.dtype, False)
        if first >= last:
            return _product(before, x, axis)
        middle = x[_along(axis, first, last, x.ndim)]
        parts = [_product(before, x, axis), middle, _product(after, x, axis)]
        return np.concatenate([part for part in parts if part.shape[axis]], axis=axis)

    def fold(self, y: np.ndarray, axis: int) -> np.ndarray:
        """The transpose: what lies outside is added to the samples that it was made of."""
        if y.dtype.kind == "i":
            check_bound(magnitude(y) * self._most_used)
        first, last = self.kept
        before, after = self.parts(y.dtype, True)
        if first >= last:
            return _product(before, y, axis)
        head, tail = first - self.start, last - self.start
        kept = y[_along(axis, head, tail, y.ndim)]
        if (first, last) == (0, self.n):  # y is a result of our own, and what is kept of it takes the rest
            x = kept
        else:
            x = np.zeros((*y.shape[:axis], self.n, *y.shape[axis + 1 :]), dtype=y.dtype)
            x[_along(axis, first, last, x.ndim)] = kept
        if before.nnz:
            x += _product(before, y[_along(axis, 0, head, y.ndim)], axis)
        if after.nnz:
            x += _product(after, y[_along(axis, tail, y.shape[axis], y.ndim)], axis)
        return x


def _along(axis: int, start: int, stop: int, ndim: int) -> tuple[slice, ...]:
    return tuple(slice(start, stop) if j == axis else slice(None) for j in range(ndim))


def _product(matrix: Any, x: np.ndarray, axis: int) -> np.ndarray:
    """The matrix along one axis; only its nonzero entries are read, so a NaN stays where it is read."""
    columns = np.moveaxis(x, axis, 0)
    if x.dtype.kind == "i":
        check_bound(magnitude(x) * int(abs(matrix).sum(axis=1).max() if matrix.nnz else 0))
    flat = columns.reshape(columns.shape[0], prod(columns.shape[1:]))
    made = matrix @ flat
    return np.moveaxis(np.asarray(made).reshape(matrix.shape[0], *columns.shape[1:]), 0, axis)


def _real(dtype: Any) -> Any:
    return np.finfo(dtype).dtype if dtype.kind in "fc" else dtype


class Extension:
    """The linear map from an array of shape ``sizes``, at 0, to a window that may reach beyond it."""

    def __init__(self, boundary: tuple[str, ...], sizes: tuple[int, ...], window: Window) -> None:
        self.sizes, self.window = sizes, window
        self.axes = [
            _Axis(rule, n, a, b) for rule, n, a, b in zip(boundary, sizes, window.starts, window.stops, strict=True)
        ]
        for rule, n, axis in zip(boundary, sizes, self.axes, strict=True):
            if n == 0 and rule != "zero" and axis.stop > axis.start:
                raise WindowError(f"an empty array has no samples to continue by {rule!r}; give boundary='zero'")

    @property
    def is_identity(self) -> bool:
        """Whether nothing is added and nothing cut off."""
        return all((axis.start, axis.stop) == (0, axis.n) for axis in self.axes)

    def apply(self, x: np.ndarray) -> np.ndarray:
        """The continued array, on the trailing axes."""
        for j, axis in enumerate(self.axes):
            if (axis.start, axis.stop) != (0, axis.n):
                x = axis.apply(x, x.ndim - len(self.axes) + j)
        return x

    def fold(self, y: np.ndarray) -> np.ndarray:
        """The transpose of :meth:`apply`; y is used up."""
        for j, axis in enumerate(self.axes):
            if (axis.start, axis.stop) != (0, axis.n):
                y = axis.fold(y, y.ndim - len(self.axes) + j)
        return y

    def gain(self) -> float:
        """The largest sum of absolute weights that one sample is made of."""
        return float(prod(axis.most_read for axis in self.axes))


def sources(rule: str, m: int, n: int) -> list[tuple[int, int]]:
    """The samples that x_m is made of where x has n samples, and their weights.

    >>> sources("antireflect", -2, 4)
    [(2, -1), (0, 2)]
    """
    if 0 <= m < n:
        return [(m, 1)]
    entries = RULES[rule]
    if entries is None or n == 0:
        return []
    found: dict[int, int] = {}
    for place, weight in entries(np.array([m]), n):
        found[int(place[0])] = found.get(int(place[0]), 0) + int(weight[0])
    return [(place, weight) for place, weight in found.items() if weight]
