"""Convolution layers: the cross-correlation of deep learning, and its transpose."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from ..bound.arrays.precision import Precision
from ..bound.operators.base import Shape, as_samples
from ..engine.filters.fir import Fir
from ..errors import DimensionError, WindowError
from ..expr import Block, LinearOperator, Signal, Up, Zero
from .expansion import exact_sum
from .filter_layer import FilterLayer, as_weight, scattered, strided
from .geometry import Axis, Ints, Scattering, Sliding, axes_of, pads_of, parsed, positive, shown_padding, spread
from .gradient import WeightOperator
from .layer import Arguments


class Convolution(FilterLayer):
    """What both layers share: a weight, its geometry, and how channels are checked."""

    has_channels = has_taps = True
    layout: str
    weight: np.ndarray
    stride: Ints
    dilation: Ints
    groups: int
    ndim: int
    channels: tuple[int, int]

    def __init__(self, weight: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> None:
        array = as_weight(weight, self.layout)
        ndim = array.ndim - 2
        values = parsed(stride=stride, dilation=dilation, padding=padding)
        axes_of(ndim, **values)
        if values["padding"] != "same":
            values["padding"] = pads_of(values["padding"], ndim)
        for name in ("stride", "dilation"):
            values[name] = spread(values[name], ndim)
        super().__init__(weight=array, **values, groups=positive(groups, "the number of groups"), ndim=ndim)
        if array.shape[0] % self.groups:
            raise DimensionError(
                f"{self.groups} groups do not divide the {array.shape[0]} channels of the weight's first axis; the "
                f"weight has shape {array.shape}, laid out as {self.layout}"
            )

    padding: Any

    rest: np.ndarray | None = None  # (levels, *weight.shape): what the weight, a rounded sum, misses of the exact taps

    def _with_rest(self, rest: np.ndarray | None) -> Any:
        """The layer whose taps on ℤ^d are weight + Σ rest: it runs on the weight, and proofs are about the sum."""
        if rest is None or not np.any(rest):
            return self
        made = copy(self)
        made.__dict__.pop("operator", None)
        made.__dict__["rest"] = rest
        rest.flags.writeable = False
        return made

    def _as_stored(self) -> Any:
        """The layer of the weight alone."""
        if self.rest is None:
            return self
        made = copy(self)
        for name in ("operator", "exact_weight", "rest"):
            made.__dict__.pop(name, None)
        return made

    @cached_property
    def exact_weight(self) -> np.ndarray:
        """The taps of ``operator`` in the layout of the weight: the weight, or where it is a rounded sum that sum.

        A double holds most sums of float32; others are ints and fractions in an array of objects.
        """
        return self.weight if self.rest is None else exact_sum(self.weight, self.rest)

    def _kernel(self, taps: np.ndarray, start: Ints | int = 0) -> Signal:
        """Taps of ``exact_weight`` as a signal; sums are weak, so that data keeps its precision."""
        if taps.dtype == object:
            return Signal(taps.tolist(), start)
        kernel = Signal(taps, start)
        return kernel if self.rest is None else Signal._wrap(kernel.values, kernel.starts, True)

    def _dilated(self, kernel: Signal) -> Any:
        """The kernel with zeros between its taps."""
        return kernel if set(self.dilation) == {1} else Up(self.dilation) @ kernel

    def _key(self) -> tuple[Any, ...]:
        rest = None if self.rest is None else self.rest.tobytes()
        return (*super()._key(), rest)

    def __reduce__(self) -> tuple[Any, ...]:
        plain = super().__reduce__()
        return plain if self.rest is None else (_restored, (*plain[1], self.rest))

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The geometry of every axis."""
        raise NotImplementedError

    @property
    def kernel(self) -> Ints:
        """The shape of the kernel."""
        return self.weight.shape[2:]

    @property
    def precision(self) -> Precision:
        return Precision.of_array(self.weight)

    @cached_property
    def has_gaps(self) -> bool:  # type: ignore[override]
        """Whether a tap is zero for some pairs of channels and not for others."""
        matrices = self.matrices(self.weight)
        return bool(np.any((matrices == 0) & np.any(matrices != 0, axis=(0, 1, 2))))

    def _axes(self, ndim: int) -> tuple[Axis, ...]:
        return self.axes

    def _arguments(self) -> Arguments:
        ones = (1,) * self.ndim
        return (
            ("weight", self.weight, None),
            ("stride", _short(self.stride), _short(ones)),
            ("padding", shown_padding(self.padding), 0),
            ("dilation", _short(self.dilation), _short(ones)),
            ("groups", self.groups, 1),
        )

    def _inputs(self, ndim: int) -> int:
        return self.channels[1]

    def _fit(self, shape: Shape) -> tuple[Shape, Shape]:
        lead, sizes = super()._fit(shape)
        found, expected = shape[len(lead)], self.channels[1]
        if found != expected:
            raise DimensionError(
                f"the array of shape {shape} has {found} channels on axis {len(lead) - len(shape)}, and {self} takes "
                f"{expected}; its trailing axes are (channels, {', '.join('n' * self.ndim)})"
            )
        return lead, sizes

    def matrices(self, weight: np.ndarray) -> np.ndarray:
        """Weights (…, a, b, \\*k) as (…, groups, outputs, inputs, \\*k), a view."""
        raise NotImplementedError

    def _fir(self, matrices: np.ndarray, sizes: Shape) -> Fir:
        """The filter with these matrices, for an input of a size."""
        raise NotImplementedError

    def _filters(self, sizes: Shape) -> list[Fir]:
        return [self._fir(self.matrices(self.weight), sizes)]

    def _blocks(self, entry: Any) -> LinearOperator:
        """The grid of the operators ``entry(taps)`` of all channels; 0 between groups."""
        matrices = self.matrices(self.exact_weight)
        groups, outs, ins = matrices.shape[:3]
        rows: list[list[LinearOperator]] = [[Zero()] * (groups * ins) for _ in range(groups * outs)]
        for g, o, i in np.ndindex(groups, outs, ins):
            rows[g * outs + o][g * ins + i] = entry(matrices[g, o, i])
        return Block(rows) if self.channels != (1, 1) else rows[0][0]

    def grad_weight(self, x: Any) -> WeightOperator:
        """The linear map from weights to outputs for an input: its transpose gives the weight gradient.

        For y = ↓s (q∗) x it is q ↦ ↓s (x∗) q, because convolution commutes.

        Parameters
        ----------
        x : array
            Shape (…, C_in, \\*spatial).

        Returns
        -------
        BoundOperator
            ``dims`` is the shape of the weight, ``dimsd`` (…, C_out, \\*out).  Forward it gives the output for any
            weight; ``.T`` maps an output gradient to the weight gradient, summed over the batch; ``.H`` does for
            complex x.

        Examples
        --------
        >>> import opalgebra as oa
        >>> G = oa.nn.Conv([[[1.0, 2.0]]]).grad_weight([[1.0, 2.0, 3.0]])
        >>> G.T([[1.0, 1.0]])
        array([[[3., 5.]]])
        """
        x = as_samples(x)
        lead, sizes = self._fit(x.shape)
        return WeightOperator(self, x.reshape(*lead, self.channels[1], *sizes))


def _restored(cls: type, arguments: dict[str, Any], rest: np.ndarray) -> Any:
    """A layer with ``rest``, from a pickle."""
    return cls(**arguments)._with_rest(rest)


def _short(values: Ints) -> Any:
    return values[0] if len(set(values)) == 1 else values


class Conv(Convolution):
    """y[o, m] = Σ_{c, j} w[o, c, j] x[c, m s + j d − lo]: cross-correlation, as deep learning computes it.

    Parameters
    ----------
    weight : array
        Shape (C_out, C_in/groups, \\*k), real, complex or integer; one to any number of spatial axes.  Copied; from
        a device to the host, once, because the algebra needs their exact values.
    stride, dilation : int or tuple of int
        s and d.
    padding : int, tuple of int, list of (before, after), "same" or "valid"
        Zeros around the input; a negative number crops.  "same" gives ⌈n/s⌉ outputs, an odd sample of padding at
        the end.
    groups : int
        Channels are split into as many independent groups.

    Raises
    ------
    KernelError, DimensionError
        For weights that are not finite or empty, groups that do not divide, or parameters for other axes.
    WindowError
        For an input that is, with its padding, shorter than the kernel.

    Notes
    -----
    On ℤ^d it is ↓s S^lo with the reversed, dilated kernel, for every pair of channels: see ``operator``.  The output
    size is ⌊(n + lo + hi − d(k−1) − 1)/s⌋ + 1.

    Examples
    --------
    >>> import opalgebra as oa
    >>> layer = oa.nn.Conv([[[1, 2, 3]]], stride=2, padding=1)
    >>> layer([[1, 1, 1, 1]])
    array([[5, 6]])
    >>> print(layer.operator)
    ↓₂ S ((3 2 1)₋₂∗)
    >>> oa.prove(oa.nn.ConvTranspose([[[1, 2, 3]]], stride=2, padding=1).operator, layer.operator.T).verdict
    'proved'
    """

    layout = "(C_out, C_in/groups, *kernel)"

    def __init__(self, weight: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> None:
        super().__init__(weight, stride, padding, dilation, groups)
        outs, ins = self.weight.shape[:2]
        self.__dict__["channels"] = (outs, ins * self.groups)

    @cached_property
    def axes(self) -> tuple[Sliding, ...]:
        """The geometry of every axis."""
        pads = pads_of(self.padding, self.ndim)
        return tuple(map(Sliding, self.kernel, self.stride, self.dilation, pads))

    def _depends_on_size(self, ndim: int) -> bool:
        return any(axis.depends_on_size for axis in self.axes)

    def matrices(self, weight: np.ndarray) -> np.ndarray:
        lead, (outs, ins, *kernel) = weight.shape[: -self.ndim - 2], weight.shape[-self.ndim - 2 :]
        return weight.reshape(*lead, self.groups, outs // self.groups, ins, *kernel)

    def _fir(self, matrices: np.ndarray, sizes: Shape) -> Fir:
        lo = [axis.pads(n)[0] for axis, n in zip(self.axes, sizes, strict=True)]
        start = tuple(a - axis.extent + 1 for a, axis in zip(lo, self.axes, strict=True))
        taps = np.flip(matrices, tuple(range(-self.ndim, 0)))
        return Fir.dilated(taps, self.dilation, start, (1,) * self.ndim, self.stride, mixes=True)

    def _operator(self, sizes: Shape | None) -> LinearOperator:
        axes = self.axes
        lo = tuple(a.start() for a in axes) if sizes is None else tuple(map(lambda a, n: a.pads(n)[0], axes, sizes))
        start = tuple(1 - axis.kernel for axis in axes)

        def entry(taps: np.ndarray) -> LinearOperator:
            return strided(self._dilated(self._kernel(np.flip(taps), start)), self.stride, lo)

        return self._blocks(entry)


class ConvTranspose(Convolution):
    """y[o, n s + j d − lo] += w[c, o, j] x[c, n]: the transpose of a strided convolution, not its inverse.

    Parameters
    ----------
    weight : array
        Shape (C_in, C_out/groups, \\*k).  Copied, to the host.
    stride, dilation : int or tuple of int
        s and d, as of the convolution that it is the transpose of.
    padding : int, tuple of int, list of (before, after), "same" or "valid"
        What is cropped of the full output; a negative number appends zeros.  "same" gives n s outputs, an odd sample
        cropped at the end.
    output_padding : int or tuple of int
        Further outputs at the end, fewer than max(stride, dilation).
    groups : int
        Channels are split into as many independent groups.

    Raises
    ------
    KernelError, DimensionError, WindowError
        As for :class:`Conv`; for an output padding that is too large, and a padding that crops all of the output.

    Notes
    -----
    On ℤ^d it is S^−lo (w∗) ↑s, with the dilated kernel: see ``operator``.  The output size is
    (n − 1) s + d (k − 1) + 1 − lo − hi + output_padding.

    Examples
    --------
    >>> import opalgebra as oa
    >>> import numpy as np
    >>> oa.nn.ConvTranspose(np.ones((1, 1, 3, 3), int), stride=2, padding="same")([[[1, 2], [3, 4]]])
    array([[[ 1,  1,  3,  2],
            [ 1,  1,  3,  2],
            [ 4,  4, 10,  6],
            [ 3,  3,  7,  4]]])
    """

    layout = "(C_in, C_out/groups, *kernel)"

    def __init__(
        self,
        weight: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(weight, stride, padding, dilation, groups)
        ins, outs = self.weight.shape[:2]
        self.__dict__.update(channels=(outs * self.groups, ins), output_padding=self._checked(output_padding))

    output_padding: Ints

    def _checked(self, output_padding: Any) -> Ints:
        given = output_padding if isinstance(output_padding, (tuple, list)) else (output_padding,) * self.ndim
        axes_of(self.ndim, output_padding=tuple(given))
        if self.padding == "same" and any(given):
            raise WindowError(f"output_padding={output_padding!r} and padding='same' were given; give one of them")
        for extra, s, d in zip(given, self.stride, self.dilation, strict=True):
            if isinstance(extra, bool) or not isinstance(extra, (int, np.integer)) or not 0 <= extra < max(s, d):
                raise WindowError(
                    f"output_padding is {output_padding!r}, with stride {s} and dilation {d}; give ints from 0 to "
                    f"{max(s, d) - 1}, or append zeros with a negative padding"
                )
        return tuple(map(int, given))

    def _arguments(self) -> Arguments:
        weight, stride, padding, *rest = super()._arguments()
        return (weight, stride, padding, ("output_padding", _short(self.output_padding), 0), *rest)

    @cached_property
    def axes(self) -> tuple[Scattering, ...]:
        """The geometry of every axis."""
        return tuple(
            map(
                Scattering,
                self.kernel,
                self.stride,
                self.dilation,
                pads_of(self.padding, self.ndim),
                self.output_padding,
            )
        )

    def matrices(self, weight: np.ndarray) -> np.ndarray:
        lead, (ins, outs, *kernel) = weight.shape[: -self.ndim - 2], weight.shape[-self.ndim - 2 :]
        return weight.reshape(*lead, self.groups, ins // self.groups, outs, *kernel).swapaxes(
            len(lead) + 1, len(lead) + 2
        )

    def _starts(self) -> Ints:
        return tuple(axis.start() for axis in self.axes)

    def _fir(self, matrices: np.ndarray, sizes: Shape) -> Fir:
        start = tuple(-lo for lo in self._starts())
        return Fir.dilated(matrices, self.dilation, start, self.stride, (1,) * self.ndim, mixes=True)

    def _operator(self, sizes: Shape | None) -> LinearOperator:
        lo = self._starts()
        return self._blocks(lambda taps: scattered(self._dilated(self._kernel(taps)), self.stride, lo))
