"""An array continued beyond its ends, and the transpose of that, by slices: for arrays on any device.

    y_i = w x_{±i + c} + a x_{n−1} + b x_0   on each of a few runs of indices i,

two runs per turn of the rule and no more than the window asks for; seven rules, whose formulas are in
:mod:`opalgebra.windows.boundary`.  The kernels continue arrays by themselves; this serves what they do not: matrices
between channels, "antireflect", and all transposes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .fir import Ints
from .window import Window


class Part(NamedTuple):
    """y[to] = weight · x[source] + last · x[n − 1] + first · x[0]."""

    to: slice
    source: slice
    weight: int
    last: int = 0
    first: int = 0


def parts(rule: str, n: int, start: int, stop: int) -> list[Part]:
    """The runs of start ≤ i < stop for n samples.

    >>> parts("symmetric", 4, -2, 3)
    [Part(to=slice(0, 2, None), source=slice(1, None, -1), weight=1, last=0, first=0), \
Part(to=slice(2, 5, None), source=slice(0, 3, 1), weight=1, last=0, first=0)]
    """
    if n == 0 or stop <= start:
        return []
    if rule == "edge" or (n == 1 and rule in ("reflect", "antireflect")):
        return [part for part in _edge(n, start, stop) if part.to.start < part.to.stop]
    return list(_turns(rule, n, start, stop))


def _edge(n: int, start: int, stop: int) -> Iterator[Part]:
    low, high = max(start, min(0, stop)), min(stop, max(n, start))
    nothing = slice(0, 0)
    yield Part(slice(0, low - start), nothing, 0, first=1)
    yield Part(slice(low - start, high - start), slice(low, high, 1), 1)
    yield Part(slice(high - start, stop - start), nothing, 0, last=1)


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


def extend(xp: Any, x: Any, rules: Sequence[str], window: Window) -> Any:
    """x, whose trailing axes begin at 0, on another window.

    >>> import numpy as np
    >>> extend(np, np.array([1, 2, 3]), ["reflect"], Window((-2,), (7,)))
    array([3, 2, 1, 2, 3, 2, 1])
    """
    for j, (rule, start, stop) in enumerate(zip(rules, window.starts, window.stops, strict=True)):
        axis = x.ndim - len(rules) + j
        n = x.shape[axis]
        if (start, stop) == (0, n):
            continue
        y = xp.zeros((*x.shape[:axis], stop - start, *x.shape[axis + 1 :]), x.dtype)
        for part in parts(rule, n, start, stop):
            to = _at(axis, part.to)
            if part.weight:
                y[to] += x[_at(axis, part.source)] * part.weight
            for factor, end in ((part.last, n - 1), (part.first, 0)):
                if factor:
                    y[to] += x[_at(axis, slice(end, end + 1))] * factor
        x = y
    return x


def fold(xp: Any, y: Any, rules: Sequence[str], sizes: Ints, window: Window) -> Any:
    """The transpose of :func:`extend`.

    >>> import numpy as np
    >>> fold(np, np.array([1, 10, 100, 1000, 10000]), ["wrap"], (3,), Window((-1,), (5,)))
    array([10010,   100,  1001])
    """
    for j, (rule, n, start, stop) in enumerate(zip(rules, sizes, window.starts, window.stops, strict=True)):
        axis = y.ndim - len(rules) + j
        if (start, stop) == (0, n):
            continue
        x = xp.zeros((*y.shape[:axis], n, *y.shape[axis + 1 :]), y.dtype)
        for part in parts(rule, n, start, stop):
            given = y[_at(axis, part.to)]
            if part.weight:
                x[_at(axis, part.source)] += given * part.weight
            for factor, end in ((part.last, n - 1), (part.first, 0)):
                if factor:
                    x[_at(axis, slice(end, end + 1))] += given.sum(axis=axis, keepdims=True) * factor
        y = x
    return y


def _at(axis: int, where: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, where)
