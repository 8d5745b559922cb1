"""Blocks of pools and shuffles on Dask arrays."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..bound.arrays.dask_ import Job, Part
from ..bound.operators.base import Shape
from ..engine.arrays.window import Window, place
from .operators import at_zero
from .pool import MaxPool
from .shuffle import Permutation


class Pooled(Job):
    """Maxima: a block is a pool of the samples that its windows meet, padded where they reach beyond the ends."""

    def __init__(self, layer: MaxPool, sizes: Shape) -> None:
        self.layer, self.sizes = layer, sizes
        self.axes = layer.axes(len(sizes))
        self.window, self.origin = at_zero(layer._sizes(sizes)), (0,) * len(sizes)
        self.rates = tuple(Fraction(axis.stride) for axis in self.axes)

    def key(self) -> Any:
        return self.layer, self.sizes

    def parts(self, out: Window) -> list[Part]:
        """Per axis the samples from the first window's first to the last one's last, and the padding around them."""
        runs, pads = [], []
        for axis, n, a, b in zip(self.axes, self.sizes, out.starts, out.stops, strict=True):
            lo = axis.pads(n)[0]
            first, stop = a * axis.stride - lo, (b - 1) * axis.stride + axis.extent - lo
            start, last = max(first, 0), min(stop, n)
            inside = start < last and a < b
            runs.append(((start, last),) if inside else ())
            pads.append((start - first, stop - last) if inside else (stop - first, 0))
        return [Part(tuple(runs), pads)]

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        """The pool of the part."""
        (part,), (x,) = parts, arrays
        if not out.size:
            return x[(..., *(slice(0, n) for n in out.shape))]
        pool = MaxPool(self.layer.kernel, self.layer.stride, part.note, self.layer.dilation)
        return pool._bind(part.shape)._maxima(x)  # that no window is empty was checked for the whole


class Shuffled(Job):
    """Samples moved between channels and space: whole groups of phases are read, and the block cut out of them."""

    def __init__(self, operator: Permutation, transposed: bool) -> None:
        self.operator, self.transposed = operator, transposed
        self.splits = operator.splits != transposed
        few, many = operator._shapes
        before, after = (few, many) if self.splits else (many, few)
        self.mixed, self.made = before[:1], after[:1]
        self.window, self.origin = at_zero(after[1:]), (0,) * len(operator.coarse)
        self.rates = tuple(Fraction(r) if self.splits else Fraction(1, r) for r in operator.factor)

    def key(self) -> Any:
        return self.operator, self.transposed

    def parts(self, out: Window) -> list[Part]:
        """The groups that the block meets."""
        found = []
        for r, a, b in zip(self.operator.factor, out.starts, out.stops, strict=True):
            found.append((r * a, r * b) if self.splits else (a // r, -(-b // r)))
        return [Part(tuple(((a, b),) for a, b in found), Window(tuple(a for a, _ in found), (0,) * len(found)))]

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        """The permutation of these groups."""
        (part,), (x,) = parts, arrays
        operator, factor = self.operator, self.operator.factor
        coarse = tuple(n // r for n, r in zip(part.shape, factor, strict=True)) if self.splits else part.shape
        y = Permutation(operator.layer, factor, coarse, operator.splits)._act(x, self.transposed, False)
        if self.splits:
            return y
        first = tuple(r * a for r, a in zip(factor, part.note.starts, strict=True))
        block: Any = (..., *place(out, Window(first, y.shape[y.ndim - len(first) :])))
        return y[block]
