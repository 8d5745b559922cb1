"""Small operators as matrices: of several filters it is the quickest way to run them on a few samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..arrays.arithmetic import divided
from ..ways.short import is_finite

SMALL: Final = 4096  # entries of a matrix that is kept, and samples that are sent through it


def matrix_of(run: Callable[[np.ndarray], np.ndarray], inputs: tuple[int, ...], outputs: int, dtype: Any) -> np.ndarray:
    """The matrix of what runs batches of inputs of a shape, ready to multiply from the right."""
    n = int(np.prod(inputs))
    return run(np.eye(n, dtype=dtype).reshape(n, *inputs)).reshape(n, outputs)


def is_served(dtype: Any, entries: int) -> bool:
    """Whether there is a matrix for a dtype: NumPy's products of others are slow or too narrow."""
    return 0 < entries <= SMALL and dtype.char in "fdFD"


@dataclass(frozen=True, eq=False)
class ThroughMatrix:
    """x times a matrix, then divided.

    Attributes
    ----------
    matrix : ndarray
        A row for each sample of x.
    divisor : int
        What is divided by at the end, so that means of whole numbers stay exact.
    inputs, outputs : tuple of int
        Shapes of x and y without the batch.
    otherwise : callable
        What runs where x is not finite, because 0 · NaN would spread a NaN too far.
    """

    matrix: np.ndarray
    divisor: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    otherwise: Callable[[np.ndarray], np.ndarray]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """y, for x with any batch."""
        if not is_finite(x):
            return self.otherwise(x)
        y = (x if x.ndim == 1 else x.reshape(-1, len(self.matrix))).dot(self.matrix)
        if self.divisor > 1:
            y = divided(y, self.divisor, y.dtype, y)
        return y if x.ndim == 1 else y.reshape(*x.shape[: x.ndim - len(self.inputs)], *self.outputs)
