"""Layers that are filters, from the window 0 … n−1 to the window 0 … out−1: their weights, words and programs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..bound.arrays.precision import Precision
from ..bound.arrays.torch_ import as_numpy
from ..bound.operators.base import Shape
from ..bound.operators.windowed import Windowed
from ..engine.arrays.device import host
from ..engine.arrays.window import Window
from ..engine.filters.fir import Fir
from ..engine.program.shared import Compiled
from ..engine.program.values import Term, Value, quotient
from ..errors import KernelError
from ..expr import MASKED, Conv, Down, LinearOperator, Shift, Signal, Up, compose, has_mask
from .geometry import Ints, at_zero
from .layer import Layer


class FilterLayer(Layer):
    """A layer that is a chain of filters between windows that start at 0."""

    boundary = "zero"
    channels: tuple[int, int] | None = None  # (outputs, inputs)

    def _filters(self, sizes: Shape) -> list[Fir]:
        """The filters, the one applied first in front."""
        raise NotImplementedError

    def _value(self, x: Value, sizes: Shape) -> Value:
        """The outputs of the filters for an input."""
        outs = self.channels[0] if self.channels else None
        for fir in self._filters(sizes):
            x = Value((Term(x, fir),), channels=outs)
        return x

    @abstractmethod
    def _operator(self, sizes: Shape | None) -> LinearOperator:
        """The operator on ℤ^d; for an input of a size, or where that is None for every size."""

    def _depends_on_size(self, ndim: int) -> bool:
        """Whether inputs of different sizes call for different operators on ℤ^d."""
        return False

    def _divisor(self, ndim: int) -> int:
        """What the outputs of the filters are divided by, so that means of whole numbers are exact."""
        return 1

    @property
    @abstractmethod
    def precision(self) -> Precision:
        """What the weights ask of dtypes."""

    @cached_property
    def operator(self) -> LinearOperator:
        """The layer on ℤ^d: nothing cut off, nothing padded; a :class:`~opalgebra.Block` of channels.

        On arrays the layer is this operator with the outputs 0 … out−1 kept.
        """
        return self._operator(None)

    has_gaps = False  # whether a tap is zero for some pairs of channels and not for others

    def _bind(self, sizes: Shape) -> Any:
        return BoundLayer(self, sizes)


class BoundLayer(Windowed):
    """A linear layer on arrays of one size: ``dims`` is (C_in, \\*spatial), ``dimsd`` (C_out, \\*out)."""

    def __init__(self, layer: FilterLayer, sizes: Shape) -> None:
        self.layer = layer
        self.in_window, self.out_window = at_zero(sizes), at_zero(layer._sizes(sizes))
        self.mode, self.fixed, self.boundary = None, None, (layer.boundary,) * len(sizes)
        self.channels = layer.channels
        self.precision = layer.precision
        self.depends_on_size = layer._depends_on_size(len(sizes))

    @cached_property
    def operator(self) -> LinearOperator:  # type: ignore[override]
        """The layer on ℤ^d, for this size."""
        return self.layer._operator(self.in_window.shape)

    @cached_property
    def _compiled(self) -> Compiled:
        start = Value((), is_input=True, channels=self.channels[1] if self.channels else None)
        end = self.layer._value(start, self.in_window.shape)
        ndim = len(self.in_window.shape)
        divisor = self.layer._divisor(ndim)
        return Compiled(([start], [quotient(end, divisor, ndim) if divisor > 1 else end]))

    def _prepared(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        return None if self.layer.has_gaps else super()._prepared(shape, dtype, transposed, conjugated)

    def _only_filter(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        return None if self.layer.has_gaps else super()._only_filter(shape, dtype, transposed, conjugated)

    def pieces(self, shape: Shape) -> list[Windowed]:
        """Itself alone where entry by entry may be needed."""
        return [self] if self.layer.has_gaps else super().pieces(shape)

    def _computed(self, x: np.ndarray, transposed: bool, conjugated: bool, out: np.ndarray | None) -> np.ndarray:
        if self.layer.has_gaps and x.dtype.kind in "fc" and not bool(np.all(np.isfinite(x))):
            return self._entry_by_entry._act(x, transposed, conjugated, out)
        return super()._computed(x, transposed, conjugated, out)

    def _between(self, x: Any, read: Window, out: Window, transposed: bool, conjugated: bool) -> Any:
        if self.layer.has_gaps and x.dtype.kind in "fc" and not np.all(np.isfinite(x)):
            return self._entry_by_entry._between(x, read, out, transposed, conjugated)
        return super()._between(x, read, out, transposed, conjugated)

    @cached_property
    def _entry_by_entry(self) -> Windowed:
        """The same, channel by channel: a zero in a matrix product would carry a NaN where it does not reach."""
        return Windowed(self.operator, self.in_window.shape, self.out_window, None, self.boundary)

    def out_size(self, n: Any) -> Any:
        """The size of the output of the layer for an input of size n."""
        return self.layer.out_size(n)

    def __repr__(self) -> str:
        return self.layer._shown_on(self.in_window.shape)

    __str__ = __repr__  # the operator of many channels would be long

    def _stored(self) -> BoundLayer:
        layer: Any = self.layer._as_stored()
        return self if layer is self.layer else BoundLayer(layer, self.in_window.shape)

    def _key(self) -> tuple[Any, ...]:
        return self.layer, self.in_window


# Weights ----------------------------------------------------------------------------------------------------


def as_weight(weight: Any, layout: str) -> np.ndarray:
    """A private, read-only copy of weights (channels, channels, \\*kernel), on the host also of those on a device."""
    if has_mask(weight):
        raise KernelError(f"the weight is {MASKED}")
    try:
        array = np.array(host(as_numpy(weight)))
    except ValueError as error:
        raise KernelError(f"the weight does not make an array ({error}); give one of shape {layout}") from None
    if array.dtype.kind not in "iufc":
        raise KernelError(f"the weight has dtype {array.dtype}; give integers, reals or complex numbers")
    if array.ndim < 3:
        raise KernelError(f"the weight has shape {array.shape}; give an array of shape {layout}")
    if not array.size:
        raise KernelError(f"the weight of shape {array.shape} is empty; give at least one channel and one tap")
    if not np.all(np.isfinite(array)):
        raise KernelError("the weight holds NaN or infinity; give finite taps")
    array.flags.writeable = False
    return array


def dilated(taps: np.ndarray, dilation: Ints) -> np.ndarray:
    """Zeros put between the taps, on the trailing axes."""
    if set(dilation) == {1}:
        return taps
    lead = taps.shape[: taps.ndim - len(dilation)]
    sizes = [d * (k - 1) + 1 for d, k in zip(dilation, taps.shape[len(lead) :], strict=True)]
    result = np.zeros((*lead, *sizes), dtype=taps.dtype)
    every: Any = (..., *(slice(None, None, d) for d in dilation))
    result[every] = taps
    return result


# Words of the algebra, trivial letters left out -------------------------------------------------------------


def strided(kernel: Signal | None, stride: Ints, lo: Ints) -> LinearOperator:
    """↓s S^lo (kernel∗); None stands for a single tap 1 at 0."""
    letters: list[LinearOperator] = [Down(stride)] if set(stride) != {1} else []
    letters += [Shift(lo)] if any(lo) else []
    letters += [Conv(kernel)] if kernel is not None else []
    return compose(tuple(letters))


def scattered(kernel: Signal | None, stride: Ints, lo: Ints) -> LinearOperator:
    """S^−lo (kernel∗) ↑s; None stands for a single tap 1 at 0."""
    letters: list[LinearOperator] = [Shift(tuple(-s for s in lo))] if any(lo) else []
    letters += [Conv(kernel)] if kernel is not None else []
    letters += [Up(stride)] if set(stride) != {1} else []
    return compose(tuple(letters))


def on_axes(taps: Sequence[np.ndarray], starts: Sequence[int], up: Ints, down: Ints) -> list[Fir]:
    """taps[0] ⊗ taps[1] ⊗ …: one filter for the last two axes and one for each axis before, small values first.

    An axis that is left as it is has none.
    """
    ndim = len(taps)
    ones = [np.ones(1, dtype=np.int64)] * ndim
    busy = [j for j in range(ndim) if (taps[j].size, taps[j][0], starts[j], up[j], down[j]) != (1, 1, 0, 1, 1)]

    def along(axes: Sequence[int]) -> Fir:
        def only(values: Sequence[Any], others: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(values[j] if j in axes else others[j] for j in range(ndim))

        rates = only(up, (1,) * ndim), only(down, (1,) * ndim)
        made = Fir.separable(only(taps, ones), only(starts, (0,) * ndim), *rates)
        return made if len(axes) > 1 else replace(made, factors=None)

    groups = [[j] for j in busy if j < ndim - 2] + [[j for j in busy if j >= ndim - 2]]
    groups = [axes for axes in (groups[::-1] if max(down) > 1 else groups) if axes]
    return [along(axes) for axes in groups or [[]]]
