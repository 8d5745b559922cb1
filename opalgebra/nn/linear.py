"""Linear operators on arrays that are no filters: batches, diagonals, selections and permutations."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ..engine.arithmetic import POINTWISE, Numbers, check_bound, magnitude, multiply
from ..engine.compiled import available
from ..engine.compiled.pooling import ADDED, add_at
from ..engine.dispatch import COMPILED_WORK
from ..engine.window import Window
from ..expr.arrays import as_exact
from ..windows.bound import BoundOperator, Shape
from ..windows.precision import Precision


def at_zero(shape: Shape) -> Window:
    """The window of an array whose first sample has index 0 on every axis."""
    return Window((0,) * len(shape), shape)


class Batched(BoundOperator):
    """I ⊗ F: the same operator for every index of some leading axes."""

    _step = "batch"

    def __init__(self, operator: BoundOperator, lead: Shape) -> None:
        self.inner, self.lead = operator, lead
        self.in_window, self.out_window = at_zero(self.dims), at_zero(self.dimsd)

    @property
    def dims(self) -> Shape:
        """Leading axes, then those of F."""
        return (*self.lead, *self.inner.dims)

    @property
    def dimsd(self) -> Shape:
        """Leading axes, then those of F."""
        return (*self.lead, *self.inner.dimsd)

    @property
    def dtype(self) -> Any:
        """That of F."""
        return self.inner.dtype

    def _result(self, data: Any) -> Any:
        return self.inner._result(data)

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        return self.inner._act(x, transposed, conjugated)

    def _exact(self) -> np.ndarray:
        result: np.ndarray = np.kron(np.eye(prod(self.lead), dtype=object) * 1, self.inner._exact())
        return result

    def _multiply_adds(self) -> int:
        return prod(self.lead) * self.inner.explain().multiply_adds

    def __repr__(self) -> str:
        return f"{self.inner!r} on {self.dims}"

    def _key(self) -> tuple[Any, ...]:
        return self.inner, self.lead


class Diagonal(BoundOperator):
    """y_n = w_n x_n; a zero weight reads nothing.

    Parameters
    ----------
    weights : ndarray
        One for each sample.
    entries : ndarray of object, optional
        The exact numbers that the weights are rounded from.
    """

    _step = "weights"

    def __init__(self, weights: np.ndarray, entries: np.ndarray | None = None) -> None:
        self.weights, self.entries = weights, entries
        self.in_window = self.out_window = at_zero(weights.shape)
        self.precision = Precision.of_array(weights)

    @property
    def dims(self) -> Shape:
        """Shape of the weights."""
        return self.weights.shape

    @property
    def dimsd(self) -> Shape:
        """Shape of the weights."""
        return self.weights.shape

    @property
    def dtype(self) -> Any:
        """The dtype that solvers are told."""
        return self.precision.dtype

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        weights = np.conj(self.weights) if conjugated else self.weights
        result = self.precision.result(x.dtype)
        weak = result.kind == "f" or x.dtype.kind == "c"  # weights never raise the precision of data
        return multiply(POINTWISE, Numbers(x, False), Numbers(weights, weak)).array.astype(result, copy=False)

    def _exact(self) -> np.ndarray:
        entries = as_exact(self.weights) if self.entries is None else self.entries
        result = np.zeros((entries.size, entries.size), dtype=object)
        result[np.diag_indices(entries.size)] = entries.reshape(-1)
        return result

    def _multiply_adds(self) -> int:
        return self.weights.size

    def out_size(self, n: Any) -> Any:
        """The same."""
        return n

    def __repr__(self) -> str:
        return f"Diagonal(<{'×'.join(map(str, self.weights.shape))} {self.weights.dtype}>)"

    def _key(self) -> tuple[Any, ...]:
        return self.weights.dtype.str, self.weights.shape, self.weights.tobytes()


class Selection(BoundOperator):
    """y_n = x_{i(n)}: every output is one sample of the input, or 0 where i(n) < 0.

    Parameters
    ----------
    source : ndarray of int
        For each output the place in the flattened input, of shape ``dimsd``.
    dims : tuple of int
        Shape of the input.
    dtype : dtype
        What solvers are told.
    """

    _step = "selection"

    def __init__(self, source: np.ndarray, dims: Shape, dtype: Any = np.float64) -> None:
        self.source, self._dims, self._dtype = source, dims, np.dtype(dtype)
        self.in_window, self.out_window = at_zero(dims), at_zero(source.shape)

    @property
    def dims(self) -> Shape:
        """Shape of the input."""
        return self._dims

    @property
    def dimsd(self) -> Shape:
        """Shape of the output."""
        return self.source.shape

    @property
    def dtype(self) -> Any:
        """The dtype that solvers are told."""
        return self._dtype

    def _result(self, data: Any) -> Any:
        return data

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        before, after = (self.dimsd, self.dims) if transposed else (self.dims, self.dimsd)
        lead = x.shape[: x.ndim - len(before)]
        flat = x.reshape(prod(lead), prod(before))
        if transposed and x.dtype in ADDED and x.size >= COMPILED_WORK and available():
            return self._scattered(flat).reshape(*lead, *after)
        outputs = np.flatnonzero(self.source.reshape(-1) >= 0)
        samples = self.source.reshape(-1)[outputs]
        y = np.zeros((prod(lead), prod(after)), dtype=x.dtype)
        if transposed:
            if x.dtype.kind in "iu":
                check_bound(magnitude(x) * self._most_often)
            places: Any = (slice(None), samples)
            np.add.at(y, places, flat[:, outputs])  # one sample may feed several outputs
        else:
            y[:, outputs] = flat[:, samples]
        return y.reshape(*lead, *after)

    def _scattered(self, x: np.ndarray) -> np.ndarray:
        """The transpose by compiled code."""
        if x.dtype.kind == "i":
            check_bound(magnitude(x) * self._most_often)
        y = np.zeros((len(x), prod(self.dims)), dtype=x.dtype)
        for into, samples in zip(y, x, strict=True):
            add_at(into, self.source, samples)
        return y

    @cached_property
    def _most_often(self) -> int:
        """How many outputs the sample feeds that feeds most."""
        places = self.source[self.source >= 0]
        return int(np.bincount(places.reshape(-1)).max(initial=0))

    def _exact(self) -> np.ndarray:
        result = np.zeros(self.shape, dtype=object)
        for row, sample in enumerate(self.source.reshape(-1).tolist()):
            if sample >= 0:
                result[row, sample] = 1
        return result

    def __repr__(self) -> str:
        return f"Selection({self.dims} → {self.dimsd})"

    def _key(self) -> tuple[Any, ...]:
        return self._dims, self.source.shape, self.source.tobytes()
