"""Sparse matrices that are no filters: I ⊗ F, diagonals, and selections of samples."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ..bound.arrays.dask_ import Job, Part
from ..bound.arrays.precision import Precision, computed_in
from ..bound.compare.responses import moved
from ..bound.operators.base import BoundOperator, Shape
from ..bound.operators.windowed import Windowed
from ..engine.arrays.arithmetic import POINTWISE, Numbers, cast, check_bound, divided, magnitude, multiply
from ..engine.arrays.device import check_together, host, is_cupy, module_of, uploaded
from ..engine.arrays.window import Window, place
from ..engine.ways.compiled import available
from ..engine.ways.compiled.pooling import ADDED, add_at
from ..engine.ways.way import COMPILED_WORK
from ..expr import Block, as_exact
from .geometry import at_zero


class PerBatch:
    """The same for every index of some leading axes."""

    def __init__(self, inner: Any, lead: Shape) -> None:
        self.inner, self.lead = inner, lead

    @property
    def dims(self) -> Shape:
        """Leading axes, then those of F."""
        return (*self.lead, *self.inner.dims)

    @property
    def dimsd(self) -> Shape:
        """Leading axes, then those of F."""
        return (*self.lead, *self.inner.dimsd)

    def __repr__(self) -> str:
        return f"{self.inner!r} on {self.dims}"


class Batched(PerBatch, BoundOperator):
    """I ⊗ F: the same operator for every index of some leading axes."""

    _step = "batch"
    inner: BoundOperator

    def __init__(self, inner: BoundOperator, lead: Shape) -> None:
        super().__init__(inner, lead)
        self.in_window, self.out_window = at_zero(self.dims), at_zero(self.dimsd)

    @property
    def dtype(self) -> Any:
        """That of F."""
        return self.inner.dtype

    def _result(self, data: Any) -> Any:
        return self.inner._result(data)

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        return self.inner._act(x, transposed, conjugated)

    def _act_lazily(self, x: Any, transposed: bool, conjugated: bool) -> Any:
        return self.inner._act_lazily(x, transposed, conjugated)

    def _job(self, transposed: bool, conjugated: bool) -> Job | None:
        return self.inner._job(transposed, conjugated)

    def _held(self, transposed: bool) -> int:
        return prod(self.lead) * self.inner._held(transposed)

    def _exact(self) -> np.ndarray:
        result: np.ndarray = np.kron(np.eye(prod(self.lead), dtype=object) * 1, self.inner._exact())
        return result

    def _multiply_adds(self) -> int:
        return prod(self.lead) * self.inner.explain().multiply_adds

    def _as_windowed(self) -> Windowed | None:
        """A filter on every channel is one operator between windows."""
        inner = self.inner
        if not isinstance(inner, Windowed) or inner.channels or len(self.lead) > 1 or not self.lead[0]:
            return None
        many = Block.diagonal(*[inner.operator] * self.lead[0])
        made = Windowed(many, inner.in_window.shape, inner.out_window, None, inner.boundary)
        made.depends_on_size = True  # for all that is known here
        return made

    def _stored(self) -> BoundOperator:
        stored = Batched(self.inner._stored(), self.lead)
        return stored._as_windowed() or stored

    def _traced(self, x: Any, trace: Any, tracer: Any, transposed: bool, conjugated: bool) -> Any:
        """Called by :func:`opalgebra.compare`: every batch by itself."""
        count = len(self.lead)
        batches = {n[:count] for part in x for side in (part.re, part.im) for n in side}
        found = []
        for batch in sorted(batches):
            one = tuple(moved(p, lambda n, batch=batch: n[count:] if n[:count] == batch else None) for p in x)  # type: ignore[misc]
            answer = trace(self.inner, one, tracer, transposed, conjugated)
            found.append(tuple(moved(p, lambda n, batch=batch: (*batch, *n)) for p in answer))  # type: ignore[misc]
        return tracer.total(found)

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

    dimsd = dims

    @property
    def dtype(self) -> Any:
        """The dtype that solvers are told."""
        return self.precision.dtype

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        result = self.precision.result(x.dtype)
        weights = self._beside(x, computed_in(result))
        weights = np.conj(weights) if conjugated else weights
        weak = result.kind == "f" or x.dtype.kind == "c"  # weights never raise the precision of data
        return multiply(POINTWISE, Numbers(x, False), Numbers(weights, weak)).array.astype(result, copy=False)

    def _job(self, transposed: bool, conjugated: bool) -> Job:
        return _Weighted(self, conjugated)

    def _beside(self, x: np.ndarray, dtype: Any) -> np.ndarray:
        """The weights where x lies; sent to a device in the precision of what is computed, once."""
        if is_cupy(self.weights) or not is_cupy(x):
            check_together(x, "the array", self.weights, "the weights")
            return self.weights
        kept: dict[Any, np.ndarray] = self.__dict__.setdefault("_cast", {})
        if dtype not in kept:
            kept[dtype] = cast(self.weights, dtype)
        sent: np.ndarray = uploaded(self, kept[dtype])
        return sent

    def _at(self, where: Any) -> Diagonal:
        """The part for some samples."""
        return Diagonal(self.weights[where])

    def __getstate__(self) -> dict[str, Any]:
        """Without what a run makes again."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_cast", "_on_device")}

    def _exact(self) -> np.ndarray:
        entries = as_exact(host(self.weights)) if self.entries is None else self.entries
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


class Quotients(Diagonal):
    """y_n = x_n / c_n for whole numbers c_n ≥ 1: the mean of c_n equal samples is that sample."""

    def __init__(self, counts: np.ndarray) -> None:
        entries = np.array([Fraction(1, n) for n in counts.ravel().tolist()], dtype=object).reshape(counts.shape)
        super().__init__(1 / counts, entries)
        self.counts = counts

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        result = self.precision.result(x.dtype)
        counts = uploaded(self, self.counts) if is_cupy(x) else self.counts
        real = np.finfo(computed_in(result)).dtype
        return divided(x, counts.astype(real), computed_in(result)).astype(result, copy=False)

    def _at(self, where: Any) -> Diagonal:
        return Quotients(self.counts[where])


class _Weighted(Job):
    """Blocks of a diagonal."""

    def __init__(self, operator: Diagonal, conjugated: bool) -> None:
        self.operator, self.conjugated = operator, conjugated
        self.window, self.origin = operator.out_window, operator.in_window.starts
        self.rates = (Fraction(1),) * len(self.origin)

    def key(self) -> Any:
        return self.operator, self.conjugated

    def parts(self, out: Window) -> list[Part]:
        return [Part(tuple(((a, b),) for a, b in zip(out.starts, out.stops, strict=True)))]

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        return self.operator._at(place(out, self.window))._act(arrays[0], False, self.conjugated)


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
        if is_cupy(x) or is_cupy(self.source):
            return self._on_device(flat, transposed).reshape(*lead, *after)
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

    def _on_device(self, flat: Any, transposed: bool) -> Any:
        """The same without waiting to know how many outputs read nothing."""
        check_together(flat, "the array", self.source, "the places that are taken")
        xp, source = module_of(flat), self.source.reshape(-1)
        is_read, samples, nothing = source >= 0, xp.maximum(source, 0), flat.dtype.type(0)
        if not transposed:
            return xp.where(is_read, flat[:, samples], nothing)
        given = xp.where(is_read, flat, nothing)
        if flat.dtype.kind in "iu":
            check_bound(magnitude(flat) * int(xp.bincount(samples[is_read], minlength=1).max()))
            given = given.astype(np.int64).view(np.uint64)  # sums modulo 2^64, which CuPy has for these alone
        y = xp.zeros((len(flat), prod(self.dims)), dtype=given.dtype)
        parts = [(y.real, given.real), (y.imag, given.imag)] if given.dtype.kind == "c" else [(y, given)]
        for to, samples_of in parts:
            xp.add.at(to, (slice(None), samples), samples_of)
        return y.view(np.int64).astype(flat.dtype, copy=False) if flat.dtype.kind in "iu" else y

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
        for row, sample in enumerate(host(self.source).reshape(-1).tolist()):
            if sample >= 0:
                result[row, sample] = 1
        return result

    def __repr__(self) -> str:
        return f"Selection({self.dims} → {self.dimsd})"

    def _key(self) -> tuple[Any, ...]:
        return self._dims, self.source.shape, self.source.tobytes()
