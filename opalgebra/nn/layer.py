"""Layers, which know their weights and not yet the size of their input, and the maps that they become.

A :class:`Layer` bound to a shape is a :class:`~opalgebra.BoundOperator` where it is linear and a :class:`Map` where
it is not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np

from .._verbs import Drawn, verb
from ..bound.arrays.dask_ import is_lazy
from ..bound.arrays.torch_ import is_tensor, sizes_of
from ..bound.operators.base import BoundOperator, Shape, as_array, as_samples
from ..engine.arrays.device import beside
from ..engine.filters.remembered import remembered
from ..engine.ways.tuned import changes
from ..errors import DimensionError, OperandError
from ..expr import LinearOperator
from .geometry import Axis, shape_of, sizes_by
from .sparse import Batched, PerBatch

Bound: TypeAlias = "BoundOperator | Map"
Arguments: TypeAlias = tuple[tuple[str, Any, Any], ...]  # name, value, default
BOUND_KEPT = 8  # of one layer: sizes of inputs that it is bound to


class Composable(Drawn, ABC):
    """What layers and maps share: ``@`` composes; sums, multiples and proofs are for linear operators alone."""

    __array_ufunc__ = None  # so that NumPy defers: ``array @ layer`` reaches the method of the layer
    is_linear = False

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, (Layer, Map, BoundOperator, LinearOperator)):
            return verb("chain")((self, other))
        return self(other)

    @abstractmethod
    def __call__(self, x: Any) -> Any:
        """The map applied to an array."""

    def _repr_html_(self) -> str:
        return str(verb("html")(self))

    def _after_bound(self, left: BoundOperator) -> Any:
        return verb("chain")((left, self))

    def _refused(self, other: object = None) -> Any:
        if not self.is_linear:
            raise OperandError(f"{self} is not linear; add and scale the arrays that it gives")
        raise OperandError(f"{self} is not bound to a size; add and scale layer.on(spatial_shape) or layer.operator")

    @property
    def T(self) -> Any:
        """Refused: a transpose belongs to what is linear and has a size."""
        raise OperandError(self._no_transpose("T"))

    @property
    def H(self) -> Any:
        """Refused: an adjoint belongs to what is linear and has a size."""
        raise OperandError(self._no_transpose("H"))

    def _no_transpose(self, name: str) -> str:
        if not self.is_linear:
            there_is = f"for a vector-Jacobian product write .jacobian(x).{name} @ y"
            return f"{self} is not linear and has no transpose; {there_is}"
        return f"{self} is not bound to a size: write layer.on(spatial_shape).{name}, or layer.operator.{name}"

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __neg__ = __pow__ = _refused

    @staticmethod
    def _prove_equal(lhs: Any, rhs: Any, given: Any) -> Any:
        """Called by :func:`opalgebra.prove`."""
        which = lhs if isinstance(lhs, Composable) else rhs
        if not which.is_linear:
            raise OperandError(f"{which} is not linear; proofs are about linear operators, such as .jacobian(x)")
        raise OperandError(f"{which} is not bound to a size; prove layer.on(spatial_shape) or layer.operator equal")


class Layer(Composable):
    """A layer of a network, as a value: it is not changed after it is made, and ``==`` compares its parameters.

    ``layer(x)`` applies it, ``layer.on(spatial_shape)`` binds it to a size, ``A @ B`` composes (B first).

    >>> import opalgebra as oa
    >>> oa.nn.Conv([[[1, 2]]]) == oa.nn.Conv([[[1, 2]]])
    True
    """

    is_linear = True
    ndim: int | None  # spatial axes; None where the parameters are ints that serve for any number
    has_channels = False  # whether the axis before the spatial ones is mixed; otherwise leading axes are a batch
    has_taps = False  # whether ``_axes`` says where they lie

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; make another one to change {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be deleted")

    @abstractmethod
    def _arguments(self) -> Arguments:
        """Name, value and default of every parameter, in the order of the constructor."""

    def _for_axes(self, ndim: int) -> Layer:
        """The same for so many axes: an int that serves for any number stands once for each."""
        (first, value, _), *rest = self._arguments()
        if self.ndim is not None or not isinstance(value, int):
            return self
        return _make(
            type(self), {first: (value,) * ndim} | {name: given for name, given, usual in rest if given != usual}
        )

    def _inputs(self, ndim: int) -> int:
        """How many channels an input of so many axes has, where the layer mixes channels."""
        raise NotImplementedError

    def _axes(self, ndim: int) -> tuple[Axis, ...]:
        """Where the taps lie on every axis: what :func:`opalgebra.nn.trace` shows."""
        raise NotImplementedError

    def _sizes(self, sizes: Any) -> Any:
        """The spatial sizes of the output, for ints and for formulas, as far as the taps say it."""
        return tuple(axis.size(n) for axis, n in zip(self._axes(len(sizes)), sizes, strict=True))

    def _as_stored(self) -> Layer:
        """The layer whose operator has the taps that are stored."""
        return self

    def _stored(self) -> LinearOperator:
        """The operator on ℤ^d of the taps that are stored; called by :func:`opalgebra.compare`."""
        if not self.is_linear:
            raise OperandError(f"{self} is not linear; linear operators are compared, such as .jacobian(x)")
        made: LinearOperator = self._as_stored().operator  # type: ignore[attr-defined]
        return made

    @abstractmethod
    def _bind(self, sizes: Shape) -> Bound:
        """The layer on an input of these spatial sizes."""

    def _fit(self, shape: Shape) -> tuple[Shape, Shape]:
        """The shape of an array as (leading axes, spatial axes)."""
        ndim = self.ndim or 1
        needed = ndim + self.has_channels
        if len(shape) < needed:
            axes = "channels and " * self.has_channels + f"{ndim} spatial ax{'es' if ndim > 1 else 'is'}"
            raise DimensionError(f"the array has shape {shape}, and {self} acts on {axes}; leading axes are a batch")
        return shape[: len(shape) - needed], shape[len(shape) - ndim :]

    def on(self, shape: Any) -> Any:
        """The layer bound to an input of a spatial shape.

        Parameters
        ----------
        shape : int or tuple of int
            The spatial sizes, without channels.  A layer whose parameters are ints takes any number of axes; one that
            acts on every channel alone takes leading axes before the spatial ones as well.

        Returns
        -------
        BoundOperator
            Where the layer is linear; otherwise a map that has ``dims``, ``dimsd`` and ``jacobian``.
        """
        sizes = shape_of(shape, str(self))
        ndim = self.ndim or len(sizes)
        lead, spatial = sizes[: len(sizes) - ndim], sizes[len(sizes) - ndim :]
        if len(sizes) < ndim or (lead and self.has_channels):
            raise DimensionError(
                f"the spatial shape {shape!r} has {len(sizes)} axes, and {self} acts on {ndim}; give one size per axis"
                + ", without the channels" * self.has_channels
            )
        return batched(self._bound(spatial), lead)

    def _bound(self, sizes: Shape) -> Any:
        """The layer on an input of these spatial sizes, made once, since it remembers what its calls have prepared."""
        return remembered(self, "_bounds", (sizes, changes()), lambda: self._bind(sizes), BOUND_KEPT)

    def out_size(self, n: Any) -> Any:
        """The spatial size of the output for an input of n samples.

        Parameters
        ----------
        n : int or SymPy expression, or a tuple of these, one per axis
            A single n stands for every axis.

        Returns
        -------
        int or SymPy expression, or a tuple of these
            A formula assumes that an output exists.

        Raises
        ------
        WindowError
            For numbers for which there is no output.
        """
        return sizes_by(self._sizes, self.ndim, n)

    def animate(self, n: Any, view: str = "both", channels: tuple[int, int] = (0, 0), values: Any = None) -> Any:
        """The sliding kernel on n samples, step by step: see :func:`opalgebra.show.arithmetic`."""
        return verb("arithmetic")(self, n, view, channels, values)

    def __call__(self, x: Any) -> Any:
        """The layer applied to an array whose trailing axes are the (channels and) spatial axes."""
        if type(x) is not np.ndarray and not is_tensor(x):
            x = as_array(x)
        shape = sizes_of(x) if is_tensor(x) else x.shape
        key = shape, changes()
        return remembered(self, "_taken", key, lambda: self._bound(self._fit(shape)[1]), 2 * BOUND_KEPT)(x)

    def __rmatmul__(self, other: Any) -> Any:
        raise OperandError(f"a layer acts on what stands to its right: write layer @ x (x is a {type(other).__name__})")

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure: "weights", or "matrix" and "response" of one pair of ``channels`` (output, input)."""
        return verb("plot")(self, kind, dark=dark, **options)

    def _key(self) -> tuple[Any, ...]:
        return tuple(_hashable(value) for _, value, _ in self._arguments())

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._key()))

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (type(self), {name: value for name, value, _ in self._arguments()})

    def __repr__(self) -> str:
        first, *rest = self._arguments()
        shown = [_shown(first[1]), *(f"{name}={_shown(value)}" for name, value, usual in rest if value != usual)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown_on(self, sizes: Shape) -> str:
        """The text of the layer bound to a size."""
        return f"{self!r}.on({sizes[0] if len(sizes) == 1 else sizes})"


def _make(cls: type, arguments: dict[str, Any]) -> Any:
    return cls(**arguments)


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<{'×'.join(map(str, value.shape))} {value.dtype}>"
    return repr(value)


class Map(Composable):
    """A map of arrays that is not linear: from shape ``dims`` to shape ``dimsd``, leading axes a batch.

    >>> import opalgebra as oa
    >>> F = oa.nn.MaxPool(2).on(6)
    >>> F.dims, F.dimsd
    ((6,), (3,))
    >>> F([3, 1, 4, 1, 5, 9])
    array([3, 4, 9])
    """

    @property
    @abstractmethod
    def dims(self) -> Shape:
        """Shape of the input."""

    @property
    @abstractmethod
    def dimsd(self) -> Shape:
        """Shape of the output."""

    @abstractmethod
    def _apply(self, x: np.ndarray) -> np.ndarray:
        """The map on arrays of the right trailing shape."""

    @abstractmethod
    def _jacobian(self, x: np.ndarray) -> BoundOperator:
        """The derivative at x, from arrays of the shape of x."""

    def _apply_lazily(self, x: Any) -> Any:
        """The map on Dask arrays of the right trailing shape."""
        raise OperandError(f"{self} takes no Dask arrays; give NumPy arrays, such as x.compute()")

    def __call__(self, x: Any) -> Any:
        """The map on an array of shape (…, \\*dims); on a Dask array lazily, in blocks."""
        x = self._checked(as_array(x))
        if is_lazy(x):
            return self._apply_lazily(x)
        with beside(x):
            return self._apply(x)

    def jacobian(self, x: Any) -> BoundOperator:
        """The derivative at x, a linear operator between arrays of the shapes of x and of the output for x."""
        x = self._checked(as_samples(x))
        with beside(x):
            return self._jacobian(x)

    def _checked(self, x: Any) -> Any:
        if x.ndim < len(self.dims) or x.shape[x.ndim - len(self.dims) :] != self.dims:
            raise DimensionError(
                f"the array has shape {x.shape}, and the map takes (…, {', '.join(map(str, self.dims))})"
            )
        return x


class BoundMap(Map):
    """A layer that is not linear, on arrays of one size."""

    def __init__(self, layer: Any, sizes: Shape) -> None:
        self.layer, self.sizes = layer, sizes

    @property
    def dims(self) -> Shape:
        """Spatial shape of the input."""
        return self.sizes

    @property
    def dimsd(self) -> Shape:
        """Spatial shape of the output."""
        made: Shape = self.layer._sizes(self.sizes)
        return made

    def __repr__(self) -> str:
        return self.layer._shown_on(self.sizes)


def batched(bound: Bound, lead: Shape) -> Bound:
    """The same on arrays with further leading axes."""
    if not lead:
        return bound
    return Batched(bound, lead) if isinstance(bound, BoundOperator) else BatchedMap(bound, lead)


class BatchedMap(PerBatch, Map):
    """The same map for every index of some leading axes."""

    inner: Map

    def _apply(self, x: np.ndarray) -> np.ndarray:
        return self.inner._apply(x)

    def _apply_lazily(self, x: Any) -> Any:
        return self.inner._apply_lazily(x)

    def _jacobian(self, x: np.ndarray) -> BoundOperator:
        return self.inner._jacobian(x)
