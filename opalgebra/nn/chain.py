"""Compositions of layers and of what they become: flat, and bound as soon as a part fixes the shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..bound.operators.base import BoundOperator, Shape, as_array, as_samples
from ..bound.operators.combine import Product
from ..bound.operators.windowed import Windowed
from ..errors import DimensionError, OperandError
from ..expr import PLAIN, Block, LinearOperator, compose
from .layer import Arguments, Bound, Layer, Map, batched


def chain(parts: tuple[Any, ...]) -> Any:
    """A B …, applied from right to left: bound as soon as a part fixes the shape, linear where all parts are."""
    flat: list[Any] = []
    for part in parts:
        flat.extend(part.maps if isinstance(part, (Chain, BoundChain)) else (part,))
    ndim = _ndim(flat)
    fixed = _fixed_shape(flat)
    if fixed is not None:
        return _bound(_for_axes(flat, ndim), fixed)
    return Chain(tuple(_for_axes(flat, ndim) if ndim != 1 else flat))  # on one axis an int is the shorter form


def _ndim(maps: Sequence[Any]) -> int | None:
    """How many spatial axes a chain acts on: as many as its parts that mix channels, or else the most of any part."""
    known = [(part, ndim) for part in maps if (ndim := _ndim_of(part)) is not None]
    mixing = [(part, ndim) for part, ndim in known if getattr(part, "has_channels", False)]
    for part, ndim in mixing:
        if ndim != mixing[0][1]:
            raise DimensionError(
                f"{part} acts on {ndim} spatial axes and {mixing[0][0]} on {mixing[0][1]}; compose layers of as many"
            )
    return max((ndim for _, ndim in mixing or known), default=None)


def _ndim_of(part: Any) -> int | None:
    if isinstance(part, (Layer, LinearOperator)):
        return part.ndim
    if isinstance(part, Windowed):
        return len(part.in_window.shape)
    return getattr(getattr(part, "layer", None), "ndim", None)


def _for_axes(maps: Sequence[Any], ndim: int | None) -> list[Any]:
    """The layers that serve for any number of axes, for this number."""
    return [part._for_axes(ndim) if ndim is not None and isinstance(part, Layer) else part for part in maps]


def _channel_axis(maps: Sequence[Any], ndim: int) -> Shape:
    """The axes of an input before its spatial ones: () or (channels,), as the first part that mixes channels says."""
    for part in reversed(maps):
        if isinstance(part, (BoundOperator, Map)):
            return part.dims[: len(part.dims) - ndim]
        if isinstance(part, LinearOperator):
            if part.channels not in (None, PLAIN):
                return (part.channels[1],)
        elif part.has_channels:
            return (part._inputs(ndim),)
    return ()


def _fixed_shape(maps: list[Any]) -> Shape | None:
    """The shape of the input, where the first part that has shapes of its own is bound already."""
    for part in reversed(maps):
        if not _keeps_shape(part):
            return part.dims if isinstance(part, (BoundOperator, Map)) else None
    return None


def _keeps_shape(part: Any) -> bool:
    return bool(getattr(part, "keeps_shape", False))


def _bound(maps: list[Any], shape: Shape) -> Bound:
    """All parts bound, from right to left, for an input of a full shape."""
    made: list[Bound] = []
    for part in reversed(maps):
        bound = part if isinstance(part, (BoundOperator, Map)) else _bind_to(part, shape)
        if bound.dims != shape:
            raise DimensionError(
                f"the shapes do not fit: {part} takes arrays of shape {bound.dims}, and what is before it gives {shape}"
            )
        made.append(bound)
        shape = bound.dimsd
    return _composed(tuple(reversed(made)))


def _bind_to(part: Any, shape: Shape) -> Bound:
    if isinstance(part, LinearOperator):
        if part.ndim is None and len(shape) > 1:
            raise DimensionError(
                f"{part} fits any number of axes, and the array has shape {shape}; bind it: A.on(shape)"
            )
        ndim = part.ndim or 1
        bound: Bound = part.on(shape[len(shape) - ndim :])
        return batched(bound, shape[: len(shape) - len(bound.dims)])
    if part.ndim is None and len(shape) > 1 and not (part.has_channels or _keeps_shape(part)):
        raise DimensionError(
            f"{part} serves for any number of axes, and what is before it gives arrays of shape {shape}; give a tuple, "
            "one entry per spatial axis"
        )
    lead, sizes = part._fit(shape)
    whole = shape[len(lead) :] if part.has_channels else sizes
    return batched(part._bind(sizes), shape[: len(shape) - len(whole)])


def _composed(maps: tuple[Bound, ...]) -> Bound:
    if len(maps) == 1:
        return maps[0]
    linear = [part for part in maps if isinstance(part, BoundOperator)]
    return Product(tuple(linear)) if len(linear) == len(maps) else BoundChain(maps)


class Chain(Layer):
    """A B …: layers applied from right to left, not yet bound to a size; written ``A @ B``.

    Examples
    --------
    >>> import opalgebra as oa
    >>> net = oa.nn.MaxPool(2) @ oa.Pointwise("relu") @ oa.nn.Conv([[[1, -1]]])
    >>> net([[3, 1, 4, 1, 5]])
    array([[2, 3]])
    """

    def __init__(self, maps: tuple[Any, ...]) -> None:
        super().__init__(maps=maps)

    maps: tuple[Any, ...]

    def _arguments(self) -> Arguments:
        return (("maps", self.maps, None),)

    @property
    def is_linear(self) -> bool:  # type: ignore[override]
        """Whether every part is."""
        return not any(isinstance(part, Map) or not getattr(part, "is_linear", True) for part in self.maps)

    @property
    def ndim(self) -> int | None:  # type: ignore[override]
        """Spatial axes."""
        return _ndim(self.maps)

    @property
    def has_channels(self) -> bool:  # type: ignore[override]
        """Whether a part mixes channels, or is bound to arrays that have them."""
        return bool(_channel_axis(self.maps, self.ndim or 1))

    def _as_stored(self) -> Chain:
        return Chain(tuple(part._as_stored() if isinstance(part, Layer) else part for part in self.maps))

    def _bind(self, sizes: Shape) -> Bound:
        maps = _for_axes(self.maps, len(sizes))
        return _bound(maps, (*_channel_axis(maps, len(sizes)), *sizes))

    def __call__(self, x: Any) -> Any:
        """Every part applied in turn."""
        x = as_array(x)
        for part in reversed(self.maps):
            x = _bind_to(part, x.shape)(x) if isinstance(part, LinearOperator) else part(x)
        return x

    def jacobian(self, x: Any) -> Any:
        """The derivative at x, by the chain rule."""
        return _chain_rule(self.maps, as_samples(x))

    def out_size(self, n: Any) -> Any:
        """The sizes after every part."""
        for part in reversed(self.maps):
            bound = part.on((1,) * (part.ndim or 1)) if isinstance(part, LinearOperator) else part
            n = bound.out_size(n)
        return n

    @property
    def operator(self) -> LinearOperator:
        """The product of the operators on ℤ^d, where every part is linear; what has no channels acts on each."""
        if not self.is_linear:
            raise OperandError(f"{self} is not linear, and no operator on ℤ^d; its derivative is .jacobian(x)")
        if any(isinstance(part, BoundOperator) for part in self.maps):
            raise OperandError(f"a part of {self} is bound to a size, and not an operator on ℤ^d")
        factors = [part if isinstance(part, LinearOperator) else part.operator for part in self.maps]
        mixed = [factor.channels for factor in factors if factor.channels not in (None, PLAIN)]
        count = mixed[-1][1] if mixed else 1
        made: list[LinearOperator] = []
        for factor in reversed(factors):
            if factor.channels not in (None, PLAIN):
                count = factor.channels[0]
                made.append(factor)
            else:
                made.append(Block.diagonal(*[factor] * count) if count > 1 else factor)
        return compose(tuple(reversed(made)))

    def __repr__(self) -> str:
        return " @ ".join(map(repr, self.maps))


class BoundChain(Map):
    """A B …: bound parts of which at least one is not linear, applied from right to left."""

    def __init__(self, maps: tuple[Bound, ...]) -> None:
        self.maps = maps

    @property
    def dims(self) -> Shape:
        """Shape of the input."""
        return self.maps[-1].dims

    @property
    def dimsd(self) -> Shape:
        """Shape of the output."""
        return self.maps[0].dimsd

    def _apply(self, x: Any) -> Any:
        for part in reversed(self.maps):
            x = part(x)
        return x

    _apply_lazily = _apply

    def _jacobian(self, x: np.ndarray) -> BoundOperator:
        return _chain_rule(self.maps, x)

    def __repr__(self) -> str:
        return " @ ".join(map(repr, self.maps))


def _chain_rule(maps: tuple[Any, ...], x: np.ndarray) -> BoundOperator:
    """The product of the derivatives of all parts, each at what the parts before it give."""
    factors: list[BoundOperator] = []
    for part in reversed(maps):
        step = derivative_at(part, x)
        factors.append(step)
        x = part(x) if not isinstance(part, LinearOperator) else step(x)
    return factors[0] if len(factors) == 1 else Product(tuple(reversed(factors)))


def derivative_at(part: Any, x: np.ndarray) -> BoundOperator:
    """The derivative of one part at x, on arrays of the whole shape of x."""
    if not isinstance(part, (BoundOperator, LinearOperator)) and hasattr(part, "jacobian"):
        found: BoundOperator = part.jacobian(x)
        return found
    bound: Any = part if isinstance(part, BoundOperator) else _bind_to(part, x.shape)
    if isinstance(part, BoundOperator):
        bound = batched(bound, x.shape[: x.ndim - len(bound.dims)])
    return bound
