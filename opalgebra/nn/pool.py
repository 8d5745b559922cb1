"""Pooling: means and maxima of sliding windows."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property, reduce
from math import prod
from typing import Any

import numpy as np

from ..bound.arrays.dask_ import Job, Part, cut
from ..bound.arrays.precision import Precision, computed_in
from ..bound.operators.base import BoundOperator, Shape, as_samples
from ..bound.operators.combine import Product
from ..engine.arrays.device import module_of
from ..engine.arrays.window import Window
from ..engine.filters.fir import Fir, is_sparse
from ..engine.program.values import Term, Value
from ..engine.ways.compiled import available
from ..engine.ways.compiled.pooling import ORDERED, Sweep, Windows
from ..engine.ways.way import COMPILED_WORK
from ..errors import OperandError, WindowError
from ..expr import LinearOperator, Signal
from .filter_layer import BoundLayer, FilterLayer, dilated, on_axes, strided
from .geometry import Ints, Sliding, at_zero, axes_of, pads_of, parsed, positive, shown_padding, spread
from .layer import Arguments, BoundMap, Layer
from .sparse import Quotients, Selection


class _Pool(Layer):
    """The parameters that both pools share."""

    has_taps = True
    kernel: int | Ints
    stride: int | Ints
    padding: Any
    dilation: int | Ints
    ceil_mode: bool

    def __init__(self, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any, **more: Any) -> None:
        stride = kernel if stride is None else stride
        values = parsed(kernel=kernel, stride=stride, padding=padding, dilation=dilation)
        flags = {"ceil_mode": ceil_mode, **more}
        for name, flag in flags.items():
            if not isinstance(flag, (bool, np.bool_)):
                raise OperandError(f"{name} is {flag!r}; give True or False")
        _not_negative(values["padding"])
        super().__init__(ndim=axes_of(None, **values), **values, **flags)

    def axes(self, ndim: int) -> tuple[Sliding, ...]:
        """The geometry of every axis."""
        kernel, stride, dilation = (spread(value, ndim) for value in (self.kernel, self.stride, self.dilation))
        return tuple(map(Sliding, kernel, stride, dilation, pads_of(self.padding, ndim), [bool(self.ceil_mode)] * ndim))

    _axes = axes

    def _arguments(self) -> Arguments:
        return (
            ("kernel", self.kernel, None),
            ("stride", self.stride, self.kernel),
            ("padding", shown_padding(self.padding), 0),
            ("dilation", self.dilation, 1),
            ("ceil_mode", self.ceil_mode, False),
        )


def _not_negative(padding: Any) -> None:
    flat = [entry for pad in (padding if isinstance(padding, tuple) else (padding,))
            for entry in (pad if isinstance(pad, tuple) else (pad,))]  # fmt: skip
    if any(isinstance(entry, int) and entry < 0 for entry in flat):
        raise WindowError(f"the padding {shown_padding(padding)!r} is negative; crop the array before it is pooled")


class AvgPool(_Pool, FilterLayer):
    """y_m = (1/K) Σ_j x[m s + j d − lo]: the mean of each window, on the trailing axes.

    Parameters
    ----------
    kernel : int or tuple of int
        Samples per window.  An int serves for every axis of the shape that the layer is bound to; applied to an array
        without binding it acts on the last axis.
    stride : int or tuple of int, optional
        The kernel, if not given.
    padding : int, tuple of int, list of (before, after), "same" or "valid"
        Zeros around the input; not negative.
    dilation : int or tuple of int
    ceil_mode : bool
        A last window that is cut off at the end is kept, if it starts inside the input or the padding in front.
    count_include_pad : bool
        K counts the positions inside the padded input; otherwise the samples of the input only.
    divisor_override : int, optional
        K itself.

    Notes
    -----
    ``operator`` is K⁻¹ ↓s (box∗), what every window does that lies inside.  Where windows at the ends count fewer
    samples the bound layer is this times a diagonal.  Integers become float64.  The output size is
    ⌊(n + lo + hi − d(k−1) − 1)/s⌋ + 1, with ⌈ ⌉ under ``ceil_mode`` as far as windows still start inside.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.nn.AvgPool(2)([1.0, 3.0, 5.0, 7.0])
    array([2., 6.])
    >>> oa.prove(oa.nn.AvgPool(3).operator, oa.AvgPool(3)).verdict
    'proved'
    """

    def __init__(
        self,
        kernel: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        if divisor_override is not None:
            divisor_override = positive(divisor_override, "divisor_override")
        super().__init__(kernel, stride, padding, dilation, ceil_mode, count_include_pad=count_include_pad)
        self.__dict__["divisor_override"] = divisor_override

    count_include_pad: bool
    divisor_override: int | None

    def _arguments(self) -> Arguments:
        return (
            *super()._arguments(),
            ("count_include_pad", self.count_include_pad, True),
            ("divisor_override", self.divisor_override, None),
        )

    def divisor(self, ndim: int) -> int:
        """K of a window that lies inside."""
        return self.divisor_override or prod(spread(self.kernel, ndim))

    @property
    def precision(self) -> Precision:
        return Precision("i" if self.divisor(self.ndim or 1) == 1 else "f")

    def _value(self, x: Value, sizes: Shape) -> Value:
        """Sums of windows: of long ones that overlap, and wide ones, as sums of sums along one axis after the other."""
        axes = self.axes(len(sizes))
        starts = [axis.pads(n)[0] - axis.extent + 1 for axis, n in zip(axes, sizes, strict=True)]
        for j, axis in enumerate(axes):
            is_long = axis.kernel >= LONG and axis.kernel > 8 * axis.stride
            if is_long or is_sparse(axis.kernel, axis.extent):
                x = _box_sum(x, axis.kernel, axis.dilation, axis.stride, starts[j], j, len(axes))
                axes = (*axes[:j], Sliding(1, 1, 1, (0, 0)), *axes[j + 1 :])
                starts[j] = 0
        taps = [dilated(np.ones(axis.kernel, dtype=np.int64), (axis.dilation,)) for axis in axes]
        for fir in on_axes(taps, starts, (1,) * len(axes), tuple(axis.stride for axis in axes)):
            x = x if fir.is_copy and x.terms and set(fir.down) == {1} else Value((Term(x, fir),))
        return x

    def _divisor(self, ndim: int) -> int:
        return self.divisor(ndim)

    def _depends_on_size(self, ndim: int) -> bool:
        return any(axis.depends_on_size for axis in self.axes(ndim))

    def _operator(self, sizes: Shape | None) -> LinearOperator:
        ndim = self.ndim or (1 if sizes is None else len(sizes))
        axes = self.axes(ndim)
        lo = tuple(a.start() if sizes is None else a.pads(sizes[i])[0] for i, a in enumerate(axes))
        boxes = [dilated(np.ones(axis.kernel, dtype=np.int64), (axis.dilation,)) for axis in axes]
        box = Signal(reduce(np.multiply.outer, boxes), tuple(1 - axis.extent for axis in axes))
        word = strided(box if box.values.size > 1 else None, tuple(axis.stride for axis in axes), lo)
        return Fraction(1, self.divisor(ndim)) * word if self.divisor(ndim) > 1 else word

    def _bind(self, sizes: Shape) -> BoundOperator:
        if self.divisor_override is not None or self._are_whole(sizes):
            return BoundLayer(self, sizes)
        counts = self._counts(sizes)
        if np.any(counts == 0):
            raise WindowError(
                f"{self} has a window that reads padding only, on an input of shape {sizes}; its mean is not defined: "
                "give less padding, or count_include_pad=True"
            )
        shared = (self.kernel, self.stride, shown_padding(self.padding), self.dilation, self.ceil_mode)
        return _Means((Quotients(counts), BoundLayer(AvgPool(*shared, divisor_override=1), sizes)))

    def _are_whole(self, sizes: Shape) -> bool:
        """Whether all positions of every window count."""
        for axis, n in zip(self.axes(len(sizes)), sizes, strict=True):
            lo, hi = axis.pads(n) if self.count_include_pad else (0, 0)
            first, last = -axis.pads(n)[0], (axis.size(n) - 1) * axis.stride + axis.extent - axis.pads(n)[0]
            if axis.size(n) and not (-lo <= first and last <= n + hi):
                return False
        return True

    def _counts(self, sizes: Shape) -> np.ndarray:
        """How many positions of every window count."""
        per_axis = []
        for axis, n in zip(self.axes(len(sizes)), sizes, strict=True):
            lo, hi = axis.pads(n)
            first, last = (-lo, n + hi) if self.count_include_pad else (0, n)
            at = np.arange(axis.size(n))[:, None] * axis.stride + np.arange(axis.kernel) * axis.dilation - lo
            per_axis.append(np.sum((first <= at) & (at < last), axis=1))
        found: np.ndarray = reduce(np.multiply.outer, per_axis)
        return found


LONG = 64  # taps from which FFTs may be faster than sums; they would round means of whole numbers


def _box_sum(x: Value, kernel: int, dilation: int, stride: int, start: int, axis: int, ndim: int) -> Value:
    """Σ_j x[m s − j d − start] along an axis: a box of a·b taps is a box of b after one of a; one of p, p − 1 and 1."""

    def fir(count: int, apart: int, start: int, stride: int) -> Fir:
        starts, down, dilation = [0] * ndim, [1] * ndim, [1] * ndim
        starts[axis], down[axis], dilation[axis] = start, stride, apart
        others = [other for other in range(ndim) if other != axis]
        taps = np.expand_dims(np.ones(count, dtype=np.int64), others)
        return Fir.dilated(taps, tuple(dilation), tuple(starts), (1,) * ndim, tuple(down))

    if kernel < LONG:
        return Value((Term(x, fir(kernel, dilation, start, stride)),))
    count = max((n for n in range(2, 33) if kernel % n == 0), default=1)
    if count > 1:
        inner = _box_sum(x, kernel // count, dilation, 1, 0, axis, ndim)
        return Value((Term(inner, fir(count, dilation * (kernel // count), start, stride)),))
    inner = _box_sum(x, kernel - 1, dilation, stride, start, axis, ndim)
    return Value((*inner.terms, Term(x, fir(1, 1, start + (kernel - 1) * dilation, stride))))


class _Means(Product):
    """Sums, then quotients; of float16 in float32, because sums leave its range where means do not."""

    is_opened = False

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        wide = x.astype(computed_in(x.dtype), copy=False)
        return super()._act(wide, transposed, conjugated).astype(self._result(x.dtype), copy=False)

    def _act_lazily(self, x: Any, transposed: bool, conjugated: bool) -> Any:
        wide = x.astype(computed_in(x.dtype))
        return super()._act_lazily(wide, transposed, conjugated).astype(self._result(x.dtype))

    def _job(self, transposed: bool, conjugated: bool) -> None:
        """In one task with others it would not be widened."""


class MaxPool(_Pool):
    """y_m = max_j x[m s + j d − lo]: the largest sample of each window; the padding is −∞ and never wins.

    Parameters
    ----------
    kernel, stride, padding, dilation, ceil_mode
        As of :class:`AvgPool`.

    Notes
    -----
    Not linear: ``jacobian(x)`` is the selection of the samples that are taken, the first of equal ones, and stands for
    the derivative.  The dtype stays.  A NaN in a window is its maximum.  A window of padding only gives −∞; integers
    have no such number, and are refused where there is such a window (:class:`~opalgebra.WindowError`).

    Examples
    --------
    >>> import opalgebra as oa
    >>> pool = oa.nn.MaxPool(2)
    >>> pool([1, 3, 7, 5])
    array([3, 7])
    >>> pool.jacobian([1, 3, 7, 5]).T([10, 20])
    array([ 0, 10, 20,  0])
    """

    is_linear = False

    def __init__(
        self, kernel: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
    ) -> None:
        super().__init__(kernel, stride, padding, dilation, ceil_mode)

    def _bind(self, sizes: Shape) -> BoundMaxPool:
        self._sizes(sizes)  # refuses an input that is shorter than a window
        return BoundMaxPool(self, sizes)

    def jacobian(self, x: Any) -> BoundOperator:
        """The derivative at x, between arrays of the shapes of x and of the output."""
        x = as_samples(x)
        return self._bind(self._fit(x.shape)[1]).jacobian(x)


class BoundMaxPool(BoundMap):
    """Max pooling of arrays of one size."""

    layer: MaxPool

    @cached_property
    def _windows(self) -> Windows:
        """Where the windows lie."""
        axes = zip(self.layer.axes(len(self.sizes)), self.sizes, self.dimsd, strict=True)
        return Windows([Sweep(a.kernel, a.stride, a.dilation, -a.pads(n)[0], n, m) for a, n, m in axes])

    @cached_property
    def _reads_padding_only(self) -> bool:
        """Whether there is a window without a sample."""
        axes = zip(self.layer.axes(len(self.sizes)), self.sizes, strict=True)
        return bool(prod(self.dimsd)) and any(axis.reads_padding_only(n) for axis, n in axes)

    def _check_ordered(self, dtype: Any) -> None:
        """Refuse what has no maximum, by dtype and geometry alone."""
        if dtype.kind == "c":
            raise OperandError("complex numbers have no maximum; pool their absolute values, such as abs(x)")
        if dtype.kind in "iu" and self._reads_padding_only:
            raise WindowError(
                f"{self} has a window that reads padding only, and {dtype} no −∞ to be its maximum; give floats, such "
                "as x.astype(float), or less padding"
            )

    def _is_compiled(self, x: np.ndarray) -> bool:
        if not isinstance(x, np.ndarray) or x.dtype not in ORDERED or not available():
            return False
        taps = prod(axis.kernel for axis in self.layer.axes(len(self.sizes)))
        return x.size // max(1, prod(self.sizes)) * prod(self.dimsd) * taps >= COMPILED_WORK

    _made = frozenset({"_windows", "_reads_padding_only"})

    def __getstate__(self) -> dict[str, Any]:
        """Without what a first run makes again."""
        return {name: value for name, value in self.__dict__.items() if name not in self._made}

    def _apply(self, x: np.ndarray) -> np.ndarray:
        self._check_ordered(x.dtype)
        return self._maxima(x)

    def _maxima(self, x: np.ndarray) -> np.ndarray:
        return self._windows.maxima(x) if self._is_compiled(x) else self._largest(x)[0]

    def _apply_lazily(self, x: Any) -> Any:
        self._check_ordered(x.dtype)
        return cut(x, Pooled(self.layer, self.sizes), x.dtype)

    def _jacobian(self, x: np.ndarray) -> BoundOperator:
        self._check_ordered(x.dtype)
        _, source = self._windows.chosen(x) if self._is_compiled(x) else self._largest(x)
        dtype = x.dtype if x.dtype.kind == "f" else np.float64
        xp = module_of(x)
        first = xp.arange(prod(x.shape[: x.ndim - len(self.sizes)])) * prod(self.sizes)
        lead = first.reshape(*x.shape[: x.ndim - len(self.sizes)], *(1,) * len(self.sizes))
        return Selection(xp.where(source < 0, -1, source + lead), x.shape, dtype)

    def _largest(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The maxima, and their places in the flattened spatial axes; −1 where a window holds padding only."""
        source = module_of(x).arange(prod(self.sizes)).reshape(self.sizes)
        best, source = x, np.broadcast_to(source, x.shape)
        for axis in reversed(range(len(self.sizes))):  # rows last: equal ones are then taken in C order
            best, source = self._along(axis, best, source)
        return best, source

    def _along(self, axis: int, x: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ndim = len(self.sizes)
        window, n = self.layer.axes(ndim)[axis], self.sizes[axis]
        place = x.ndim - ndim + axis
        shape = (*x.shape[:place], window.size(n), *x.shape[place + 1 :])
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        xp = module_of(x)
        best, chosen = xp.full(shape, lowest, dtype=x.dtype), xp.full(shape, -1)
        for j in range(window.kernel):
            if met := window.meet(j, n):
                to, read = ((slice(None),) * place + (part,) for part in met)
                wins = (x[read] > best[to]) | (chosen[to] < 0) | (x[read] != x[read])  # the last NaN, as PyTorch
                best[to] = np.where(wins, x[read], best[to])
                chosen[to] = np.where(wins, source[read], chosen[to])
        return best, chosen


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
