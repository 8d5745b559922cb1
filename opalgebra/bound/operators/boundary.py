"""How finite arrays are continued beyond their ends, by the rules of ``engine/arrays/rules.py``, and the transpose."""

from __future__ import annotations

from math import prod

import numpy as np

from ...engine.arrays.arithmetic import check_bound, magnitude
from ...engine.arrays.boundary import Continuation, parts
from ...engine.arrays.window import Window
from ...errors import WindowError


class Extension:
    """The linear map from an array of shape ``sizes``, at 0, to a window that may reach beyond it."""

    def __init__(self, boundary: tuple[str, ...], sizes: tuple[int, ...], window: Window) -> None:
        self.sizes, self.window = sizes, window
        self.axes = [
            Continuation(rule, n, a, b)
            for rule, n, a, b in zip(boundary, sizes, window.starts, window.stops, strict=True)
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
                if x.dtype.kind == "i":
                    check_bound(magnitude(x) * axis.most_read)
                x = axis.extend(x, x.ndim - len(self.axes) + j)
        return x

    def fold(self, y: np.ndarray) -> np.ndarray:
        """The transpose of :meth:`apply`; y is used up."""
        for j, axis in enumerate(self.axes):
            if (axis.start, axis.stop) != (0, axis.n):
                if y.dtype.kind == "i":
                    check_bound(magnitude(y) * axis.most_used)
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
    found: dict[int, int] = {}
    for part in parts(rule, n, m, m + 1):
        for place, weight in ((part.source.start, part.weight), (n - 1, part.last), (0, part.first)):
            found[place] = found.get(place, 0) + weight
    return [(place, weight) for place, weight in found.items() if weight]
