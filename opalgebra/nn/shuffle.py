"""Pixel shuffle and unshuffle: samples moved between channels and space, in PyTorch's order of channels."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from ..bound.arrays.dask_ import Job, Part
from ..bound.operators.base import BoundOperator, Shape
from ..bound.operators.windowed import Windowed
from ..engine.arrays.window import Window, place
from ..engine.ways.compiled import available
from ..engine.ways.compiled.pooling import MOVED, shuffle
from ..engine.ways.way import COMPILED_WORK
from ..errors import DimensionError, WindowError
from ..expr import Block, LinearOperator, Polyphase, times
from ..expr import PixelShuffle as PixelShuffleBlock
from ..scalar import is_sympy
from .geometry import Ints, at_zero, axes_of, per_axis, positive, spread
from .layer import Arguments, Layer


class _Shuffle(Layer):
    """What both share: a factor, and how many channels there are once it is taken out."""

    has_channels = True
    factor: int | Ints
    channels: int

    def __init__(self, factor: Any, channels: int = 1) -> None:
        factor = per_axis(factor, "the factor")
        super().__init__(factor=factor, channels=positive(channels, "channels"), ndim=axes_of(None, factor=factor))

    def _arguments(self) -> Arguments:
        return (("factor", self.factor, None), ("channels", self.channels, 1))

    def _fit(self, shape: Shape) -> tuple[Shape, Shape]:
        counts = range(1, len(shape)) if self.ndim is None else [self.ndim]
        fitting = [ndim for ndim in counts if ndim < len(shape) and shape[-ndim - 1] == self._inputs(ndim)]
        if len(fitting) != 1:
            why = "fits in several ways" if fitting else "does not fit"
            raise DimensionError(
                f"an array of shape {shape} {why} {self}: (…, {self._inputs(self.ndim or 1)}, n) for one axis; give "
                "the factor as a tuple, one entry per spatial axis, and channels= as many as there are without it"
            )
        ndim = fitting[0]
        return shape[: len(shape) - ndim - 1], shape[len(shape) - ndim :]

    @property
    def operator(self) -> LinearOperator:
        """The layer on ℤ^d, a block of channels."""
        return self._operator(self.factor)

    def _operator(self, factor: Any) -> LinearOperator:
        block = self._block(factor)
        return Block.diagonal(*[block] * self.channels) if self.channels > 1 else block

    def _block(self, factor: Any) -> LinearOperator:
        raise NotImplementedError


class PixelShuffle(_Shuffle):
    """y[c, r m + p] = x[c r^d + p, m] for 0 ≤ p < r: phases kept as channels become samples again.

    Parameters
    ----------
    factor : int or tuple of int
        r.  An int serves for every axis.
    channels : int
        Channels of the output; the input has r^d times as many.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.nn.PixelShuffle(2)([[1, 3], [2, 4]])
    array([[1, 2, 3, 4]])
    >>> print(oa.nn.PixelShuffle(2).operator.expand())
    [↑₂  S ↑₂]
    """

    def _inputs(self, ndim: int) -> int:
        return self.channels * int(prod(spread(self.factor, ndim)))

    def _sizes(self, sizes: Any) -> Any:
        return times(sizes, spread(self.factor, len(sizes)))

    def _bind(self, sizes: Shape) -> Permutation:
        factor = spread(self.factor, len(sizes))
        return Permutation(self, factor, sizes, False)

    def _block(self, factor: Any) -> LinearOperator:
        return PixelShuffleBlock(factor)


class PixelUnshuffle(_Shuffle):
    """y[c r^d + p, m] = x[c, r m + p] for 0 ≤ p < r: the phases of each channel as channels, by which nothing is lost.

    Parameters
    ----------
    factor : int or tuple of int
        r, which must divide the sizes.  An int serves for every axis.
    channels : int
        Channels of the input; the output has r^d times as many.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.nn.PixelUnshuffle(2)([[1, 2, 3, 4]])
    array([[1, 3],
           [2, 4]])
    >>> print(oa.nn.PixelUnshuffle(2).operator.expand())
    [↓₂; ↓₂ S⁻¹]
    """

    def _inputs(self, ndim: int) -> int:
        return self.channels

    def _sizes(self, sizes: Any) -> Any:
        factor = spread(self.factor, len(sizes))
        for n, r in zip(sizes, factor, strict=True):
            if not is_sympy(n) and n % r:
                raise WindowError(f"the size {n} is not a multiple of the factor {r}; crop or pad the array first")
        return tuple(n / r if is_sympy(n) else n // r for n, r in zip(sizes, factor, strict=True))

    def _bind(self, sizes: Shape) -> Permutation:
        return Permutation(self, spread(self.factor, len(sizes)), self._sizes(sizes), True)

    def _block(self, factor: Any) -> LinearOperator:
        return Polyphase(factor)


class Permutation(BoundOperator):
    """Samples moved between channels and space; only their places change, whatever the dtype."""

    _step = "permutation"

    def __init__(self, layer: _Shuffle, factor: Ints, coarse: Shape, splits: bool) -> None:
        self.layer, self.factor, self.coarse, self.splits = layer, factor, coarse, splits
        self.in_window, self.out_window = at_zero(self.dims), at_zero(self.dimsd)

    @property
    def _shapes(self) -> tuple[Shape, Shape]:
        """(few channels, fine) and (many channels, coarse)."""
        channels = self.layer.channels
        fine = times(self.coarse, self.factor)
        return (channels, *fine), (channels * prod(self.factor), *self.coarse)

    @property
    def dims(self) -> Shape:
        """Shape of the input."""
        return self._shapes[0 if self.splits else 1]

    @property
    def dimsd(self) -> Shape:
        """Shape of the output."""
        return self._shapes[1 if self.splits else 0]

    @property
    def dtype(self) -> Any:
        """What solvers are told."""
        return np.dtype(np.float64)

    @property
    def operator(self) -> LinearOperator:
        """The same on ℤ^d."""
        return self.layer._operator(self.factor)

    def _result(self, data: Any) -> Any:
        return data

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        ndim, channels = len(self.coarse), self.layer.channels
        moves = x.dtype.kind in "iufc" and x.dtype.itemsize in MOVED and self.factor[-1] > 1
        if moves and x.size >= COMPILED_WORK and available():
            return shuffle(x, self.factor, self.coarse, self.splits != transposed)
        lead = x.shape[: x.ndim - ndim - 1]
        at = len(lead) + 1
        if self.splits != transposed:  # (c, n r) → (c, n, r, …) → (c, r, …, n, …)
            pairs = [size for pair in zip(self.coarse, self.factor, strict=True) for size in pair]
            order = [*range(at), *range(at + 1, at + 2 * ndim, 2), *range(at, at + 2 * ndim, 2)]
            parts, after = x.reshape(*lead, channels, *pairs), self._shapes[1]
        else:
            order = [*range(at), *(at + i for j in range(ndim) for i in (ndim + j, j))]
            parts, after = x.reshape(*lead, channels, *self.factor, *self.coarse), self._shapes[0]
        moved: np.ndarray = parts.transpose(order).copy(order="C")  # also where nothing moves
        return moved.reshape(*lead, *after)

    def _job(self, transposed: bool, conjugated: bool) -> Job:
        return Shuffled(self, transposed)

    def _as_windowed(self) -> Windowed:
        shapes = [shape[1:] for shape in self._shapes]
        sizes, out = shapes if self.splits else shapes[::-1]
        made = Windowed(self.operator, sizes, at_zero(out), None, ("zero",) * len(sizes))
        made.depends_on_size = True  # the factor divides the sizes
        return made

    def _stored(self) -> BoundOperator:
        return self._as_windowed()

    def _exact(self) -> np.ndarray:
        places = self._act(np.arange(self.shape[1]).reshape(self.dims), False, False).reshape(-1)
        result = np.zeros(self.shape, dtype=object)
        result[np.arange(len(places)), places] = 1
        return result

    def out_size(self, n: Any) -> Any:
        """The spatial size of the output."""
        return self.layer.out_size(n)

    def __repr__(self) -> str:
        return self.layer._shown_on(self.dims[1:])

    def _key(self) -> tuple[Any, ...]:
        return self.layer, self.factor, self.coarse


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
