"""The weights of a layer as the unknown: the linear map from weights to outputs for a fixed input."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any, Protocol

import numpy as np

from ..bound.arrays.precision import Precision, as_data, computed_in
from ..bound.operators.base import BoundOperator, Shape
from ..bound.operators.combine import Turned
from ..engine.arrays.arithmetic import check_bound, magnitude
from ..engine.arrays.device import beside, check_together, host, module_of
from ..engine.arrays.window import Window
from ..engine.filters.fir import Fir
from ..engine.filters.mixing import phases, unmix
from ..engine.filters.remembered import remembered
from ..engine.ways.choose import gradient
from ..engine.ways.short import is_finite
from ..expr import as_exact
from .geometry import Axis, Ints, at_zero

SMALL = 2**20  # samples for which the free memory need not be asked for
SUMS_KEPT = 16  # of one layer: shapes of inputs whose windows and sums are known


class Weighted(Protocol):
    """The layer as far as its weights are concerned: a convolution or its transpose."""

    ndim: int
    groups: int
    channels: tuple[int, int]
    weight: np.ndarray

    @property
    def kernel(self) -> Ints: ...
    @property
    def axes(self) -> tuple[Axis, ...]: ...
    def matrices(self, weight: np.ndarray) -> np.ndarray: ...
    def _joined(self, matrices: np.ndarray) -> np.ndarray: ...
    def _fir(self, matrices: np.ndarray, sizes: Shape) -> Fir: ...
    def _sizes(self, sizes: Shape) -> Shape: ...


class WeightOperator(BoundOperator):
    """w ↦ the output of the layer with the weights w for the input x; made by ``layer.grad_weight(x)``."""

    _step = "matrix product per tap"

    def __init__(self, layer: Weighted, x: np.ndarray) -> None:
        self.layer = layer
        if isinstance(x, np.ndarray):
            self.x = x.copy()
            self.x.flags.writeable = False
        else:
            with beside(x):
                self.x = x.copy()
        facts = remembered(layer, "_facts", (x.shape, x.dtype), self._facts, SUMS_KEPT)
        self.precision, self.in_window, self.out_window = facts

    def _facts(self) -> tuple[Precision, Window, Window]:
        """What inputs of one shape and dtype have in common: the precision, the windows of weights and output."""
        lead, precision = self.x.shape[: -self.layer.ndim - 1], Precision.of_array(self.x)
        out = at_zero((*lead, self.layer.channels[0], *self.layer._sizes(self._spatial)))
        out.check_size(precision.dtype.itemsize)
        return precision, at_zero(self.dims), out

    @property
    def _spatial(self) -> Shape:
        return self.x.shape[-self.layer.ndim :]

    @property
    def dims(self) -> Shape:
        """Shape of the weights."""
        return self.layer.weight.shape

    @property
    def dimsd(self) -> Shape:
        """Shape of the output: batch, channels, spatial axes."""
        return self.out_window.shape

    @property
    def dtype(self) -> Any:
        """The dtype that solvers are told."""
        return self.precision.dtype

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        result = self.precision.result(x.dtype)
        check_together(x, "the array", self.x, "the input of the layer")
        data = as_data(x, result)
        fixed = as_data(self.x, result)
        if data.dtype.kind == "i":
            check_bound(magnitude(data) * magnitude(fixed) * self.shape[0 if transposed else 1])
        fixed = np.conj(fixed) if conjugated else fixed
        act = self._transpose if transposed else self._forward
        return act(data, fixed, computed_in(result)).astype(result, copy=False)

    def _forward(self, w: np.ndarray, x: np.ndarray, dtype: Any) -> np.ndarray:
        """One matrix product per tap, for all weights of a batch, all inputs and all positions at once."""
        lead = w.shape[: w.ndim - len(self.dims)]
        matrices = self.layer.matrices(w.reshape(prod(lead), *self.dims))
        groups, outs = matrices.shape[1:3]
        x = self._grouped(x)
        space = self.dimsd[-self.layer.ndim :]
        y = module_of(x).zeros((len(matrices), len(x), groups, outs, *space), dtype=dtype)
        for at, to, source in self._places():
            part = x[source]
            product = np.matmul(matrices[(..., *at)][:, None], part.reshape(*x.shape[:3], prod(part.shape[3:])))
            y[to] += product.reshape(*product.shape[:-1], *part.shape[3:])
        return y.reshape(*lead, *self.dimsd)

    def _transpose(self, y: np.ndarray, x: np.ndarray, dtype: Any) -> np.ndarray:
        """Sums over all inputs and positions; several gradients count as more outputs of matrix products."""
        lead = y.shape[: y.ndim - len(self.dimsd)]
        groups, ins = self.layer.groups, self.layer.channels[1] // self.layer.groups
        outs, space = self.layer.channels[0] // groups, self.dimsd[-self.layer.ndim :]
        one = prod(lead) == 1 and isinstance(y, np.ndarray) and np.dtype(dtype).kind in "fi"
        sums = self._sums(np.dtype(dtype)) if one else None
        fast = None if sums is None else self._compiled(y, x, np.dtype(dtype), sums)
        if fast is not None:
            return fast.reshape(*lead, *self.dims)
        x = self._grouped(x)
        given = np.moveaxis(y.reshape(prod(lead), len(x), groups, outs, *space), 0, 2)
        found = module_of(x).zeros((groups, prod(lead) * outs, ins, *self.layer.kernel), dtype=dtype)
        unmix(given.reshape(len(x), groups, prod(lead) * outs, *space), x, found, phases(list(self._places())))
        result = module_of(x).zeros((prod(lead), *self.dims), dtype=dtype)
        matrices = self.layer.matrices(result)  # a view, in the layout of the weights
        matrices[...] = np.moveaxis(found.reshape(groups, prod(lead), outs, ins, *self.layer.kernel), 1, 0)
        return result.reshape(*lead, *self.dims)

    def _prepared(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        """For one gradient in the precision of a real input: its sums, without what other dtypes need."""
        if not transposed or shape != self.dimsd or dtype != self.x.dtype or dtype.char not in "fd":
            return None
        sums = self._sums(dtype)
        return None if sums is None else partial(self._summed, sums)

    def _summed(self, sums: Any, y: np.ndarray) -> np.ndarray:
        found = self._compiled(y, self.x, y.dtype, sums)
        return self._act(y, True, False) if found is None else found

    def _turned(self, transposed: bool, conjugated: bool) -> BoundOperator:
        """Prepared for a gradient in the precision of the input, since most are made for one.

        It is not kept, which would make a circle that holds the input until it is found.
        """
        made = Turned(self, transposed, conjugated)
        shape, dtype = self.out_window.shape, self.x.dtype
        run = self._prepared(shape, dtype, True, conjugated) if transposed and self.x.size < SMALL else None
        if run is not None:
            made.__dict__["_ready"] = {(shape, dtype): run}
        return made

    def _compiled(self, y: np.ndarray, x: np.ndarray, dtype: np.dtype, sums: Any) -> np.ndarray | None:
        """One gradient by compiled sums; None where a NaN might go where it does not reach."""
        found = sums.run(self._batched(y, dtype), self._batched(x, dtype))
        if dtype.kind == "f" and not is_finite(found):
            return None
        return self.layer._joined(found)

    def _batched(self, a: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """The array in a dtype, with one axis before its channels."""
        ndim = self.layer.ndim
        a = a if a.dtype == dtype else a.astype(dtype)
        return a if a.ndim == ndim + 2 else a.reshape(prod(a.shape[: -ndim - 1]), *a.shape[-ndim - 1 :])

    def _sums(self, dtype: np.dtype) -> Any:
        """What sums gradients for inputs of this shape, for all operators of the layer; None where products do."""
        key = self.x.shape, dtype
        return remembered(self.layer, "_sums", key, lambda: (self._new_sums(dtype),), SUMS_KEPT)[0]

    def _new_sums(self, dtype: np.dtype) -> Any:
        batch = prod(self.x.shape[: -self.layer.ndim - 1])
        numbers = np.arange(1, prod(self.layer.kernel) + 1, dtype=dtype).reshape(self.layer.kernel)
        shape = (*self.layer.matrices(self.layer.weight).shape[:3], *self.layer.kernel)
        fir = self.layer._fir(np.broadcast_to(numbers, shape), self._spatial)
        out = self.out_window.shape[-self.layer.ndim :]
        return gradient(fir, out, self._spatial, batch, dtype)

    def _grouped(self, x: np.ndarray) -> np.ndarray:
        """(…, C_in, \\*spatial) as (batch, groups, inputs, \\*spatial)."""
        groups, ins = self.layer.groups, self.layer.channels[1]
        return x.reshape(prod(self.x.shape[: -self.layer.ndim - 1]), groups, ins // groups, *self._spatial)

    def _places(self) -> Iterator[tuple[Any, Any, Any]]:
        """Each tap with the outputs that it adds to and the inputs that it reads."""
        met = [
            [axis.meet(j, n) for j in range(axis.kernel)]
            for axis, n in zip(self.layer.axes, self._spatial, strict=True)
        ]
        for at in np.ndindex(*self.layer.kernel):
            pairs = [met[axis][j] for axis, j in enumerate(at)]
            if all(pair is not None for pair in pairs):
                yield at, (..., *(p[0] for p in pairs if p)), (..., *(p[1] for p in pairs if p))

    def _exact(self) -> np.ndarray:
        weights = (np.eye(self.shape[1], dtype=np.int64).astype(object)).reshape(-1, *self.dims)
        return self._forward(weights, as_exact(host(self.x)), np.dtype(object)).reshape(self.shape[1], self.shape[0]).T

    def _multiply_adds(self) -> int:
        ones = np.broadcast_to(1, self.layer.matrices(self.layer.weight).shape)
        out, read = at_zero(self.dimsd[-self.layer.ndim :]), at_zero(self._spatial)
        batch = prod(self.x.shape[: -self.layer.ndim - 1])
        return batch * self.layer._fir(ones, self._spatial).multiply_adds(out, read)

    def __repr__(self) -> str:
        return f"{self.layer!r}.grad_weight(<{'×'.join(map(str, self.x.shape))} {self.x.dtype}>)"

    def _key(self) -> tuple[Any, ...]:
        return self.layer, self.x.dtype.str, self.x.shape, self.x.tobytes()
