"""Layers rewritten as other layers with computed weights; each is equal on ℤ^d, and on arrays as its page says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import OperandError, WindowError
from ..chain import Chain
from ..conv import Conv, Convolution, ConvTranspose
from ..expansion import Expansion
from ..geometry import Ints, spread
from ..resize import Upsample
from ..shuffle import PixelShuffle, PixelUnshuffle


def _expect(layer: Any, kind: type, what: str) -> None:
    if not isinstance(layer, kind):
        raise OperandError(f"{what} is {layer!r}; give a layer of type {kind.__name__}")


def _unit_stride(layer: Convolution, use: str) -> None:
    if set(layer.stride) != {1}:
        raise OperandError(f"{layer} has the stride {layer.stride}; {use} needs stride 1")


def as_transpose(conv: Conv) -> ConvTranspose:
    """A convolution of stride 1 as the transposed convolution with the reversed kernel, channels swapped.

    w′[c, o, j] = w[o, c, k−1−j], padding d(k−1) − p.  Equal on arrays of every size.

    >>> import opalgebra as oa
    >>> conv = oa.nn.Conv([[[1, 2, 3]]], padding=1)
    >>> oa.prove(oa.nn.as_transpose(conv).operator, conv.operator).verdict
    'proved'
    """
    _expect(conv, Conv, "the layer")
    _unit_stride(conv, "a transposed convolution that is equal")
    made = ConvTranspose(_swapped(conv, conv.weight), 1, _mirrored(conv), 0, conv.dilation, conv.groups)
    return _keeping(made, conv, _swapped)


def as_conv(layer: ConvTranspose) -> Conv:
    """A transposed convolution of stride 1 as the convolution with the reversed kernel, channels swapped.

    The inverse of :func:`as_transpose`.  Equal on arrays of every size but 0.

    >>> import opalgebra as oa
    >>> conv = oa.nn.Conv([[[1, 2, 3]]], padding=1)
    >>> oa.nn.as_conv(oa.nn.as_transpose(conv)) == conv
    True
    """
    _expect(layer, ConvTranspose, "the layer")
    _unit_stride(layer, "a convolution that is equal")
    made = Conv(_swapped(layer, layer.weight), 1, _mirrored(layer), layer.dilation, layer.groups)
    return _keeping(made, layer, _swapped)


def _keeping(made: Any, layer: Convolution, moved: Callable[[Any, np.ndarray], np.ndarray]) -> Any:
    """The new layer with what the weight of the old one misses, moved as the weight was."""
    return made if layer.rest is None else made._with_rest(np.stack([moved(layer, level) for level in layer.rest]))


def _swapped(layer: Convolution, weight: np.ndarray) -> np.ndarray:
    """The weight reversed along the kernel, its two channel axes exchanged within each group."""
    a, b, *kernel = weight.shape
    cut = weight.reshape(layer.groups, a // layer.groups, b, *kernel).swapaxes(1, 2)
    return np.flip(cut, tuple(range(-layer.ndim, 0))).reshape(layer.groups * b, a // layer.groups, *kernel)


def _mirrored(layer: Any) -> list[tuple[int, int]]:
    """d(k−1) less the padding on either side, which stride 1 makes independent of the size."""
    pads = [axis.crops() if isinstance(layer, ConvTranspose) else axis.pads(1) for axis in layer.axes]
    return [(axis.extent - 1 - lo, axis.extent - 1 - hi) for axis, (lo, hi) in zip(layer.axes, pads, strict=True)]


def fold_upsample(up: Upsample, conv: Conv) -> ConvTranspose:
    """Nearest upsampling by r, then a convolution of stride 1, as one transposed convolution of stride r.

    C_q (1_r∗) ↑r = C_{q ∗ 1_r} ↑r: a kernel of k taps becomes one of d(k−1) + r.  Equal on arrays of every size but 0.

    The weight has the dtype of the one given, and so is a rounded sum; what it runs on differs from the two layers by
    rounding, as :func:`opalgebra.compare` says.  ``operator`` has the exact sums, and proofs are about these.

    >>> import opalgebra as oa
    >>> up, conv = oa.nn.Upsample(2), oa.nn.Conv([[[3, 2, 1]]], padding=1)
    >>> folded = oa.nn.fold_upsample(up, conv)
    >>> folded.weight, folded.padding
    (array([[[1, 3, 5, 3]]]), ((1, 1),))
    >>> oa.prove(folded.operator, conv.operator @ up.operator).verdict
    'proved'
    """
    _expect(up, Upsample, "the first layer")
    _expect(conv, Conv, "the second layer")
    if up.mode != "nearest":
        raise OperandError(f"{up} is not nearest; its ends are continued, which no transposed convolution does")
    _unit_stride(conv, "folding")
    if up.ndim not in (None, conv.ndim):
        raise OperandError(f"{up} acts on {up.ndim} axes and {conv} on {conv.ndim}; give as many for both")
    factor = spread(up.factor, conv.ndim)
    base = as_transpose(conv)
    sums = _with_box(base, factor)
    crops = [axis.crops() for axis in base.axes]
    made: ConvTranspose = ConvTranspose(sums.levels[0], factor, crops, 0, 1, conv.groups)._with_rest(sums.rest)
    return made


def _with_box(layer: ConvTranspose, factor: Ints) -> Expansion:
    """The weight of w ∗ 1_r, w dilated, without an error."""
    size = [axis.extent + r - 1 for axis, r in zip(layer.axes, factor, strict=True)]
    sums = Expansion((*layer.weight.shape[:2], *size), layer.weight.dtype)
    for weight in (layer.weight, *(() if layer.rest is None else layer.rest)):
        for j in np.ndindex(*layer.kernel):
            box = [slice(i * d, i * d + r) for i, d, r in zip(j, layer.dilation, factor, strict=True)]
            sums.add((..., *box), weight[(..., *j, *(None,) * layer.ndim)])
    return sums


def unshuffled(conv: Conv) -> Chain:
    """A convolution of stride s as PixelUnshuffle(s), then a convolution of stride 1.

    ↓s C_q = Σ_r C_{q_r} ↓s S^−r, with the phases q_r of the kernel as channels.  Equal on arrays whose sizes s divides;
    others PixelUnshuffle refuses.

    >>> import opalgebra as oa
    >>> conv = oa.nn.Conv([[[1, 2, 3]]], stride=2, padding=1)
    >>> net = oa.nn.unshuffled(conv)
    >>> oa.prove(net.operator, conv.operator).verdict
    'proved'
    >>> net([[1, 1, 1, 1]]), conv([[1, 1, 1, 1]])
    (array([[5, 6]]), array([[5, 6]]))
    """
    _expect(conv, Conv, "the layer")
    pads = [axis.pads(axis.stride) for axis in conv.axes]
    first = [-lo // s for (lo, _), s in zip(pads, conv.stride, strict=True)]
    last = [(axis.extent - 1 - lo) // axis.stride for axis, (lo, _) in zip(conv.axes, pads, strict=True)]

    def moved(layer: Any, weight: np.ndarray) -> np.ndarray:
        phases = _phases(layer, weight, [lo for lo, _ in pads], first, last)  # (outs, ins, taps, phases)
        ndim = layer.ndim
        return np.moveaxis(phases, 2 + ndim, 2).reshape(phases.shape[0], -1, *phases.shape[2 : 2 + ndim])

    padding = []
    for axis, (lo, hi), a, b in zip(conv.axes, pads, first, last, strict=True):
        more = (lo + hi - axis.extent) // axis.stride + 1  # outputs beyond n/s
        padding.append((-a, more + a + (b - a)))
    inner = _keeping(Conv(moved(conv, conv.weight), 1, padding, 1, conv.groups), conv, moved)
    net: Chain = inner @ PixelUnshuffle(conv.stride, conv.channels[1])
    return net


def shuffled(layer: ConvTranspose) -> Chain:
    """A transposed convolution of stride s as a convolution of stride 1, then PixelShuffle(s).

    C_q ↑s = Σ_r S^r ↑s C_{q_r}, with the phases q_r of the kernel as channels.  Equal on arrays of every size but 0.

    Raises
    ------
    WindowError
        Where the output size is no multiple of s for any input, so that no shuffle gives it.

    Examples
    --------
    >>> import opalgebra as oa
    >>> layer = oa.nn.ConvTranspose([[[1, 2, 3, 4]]], stride=2, padding=1)
    >>> net = oa.nn.shuffled(layer)
    >>> oa.prove(net.operator, layer.operator).verdict
    'proved'
    >>> net([[1, 1, 1]]), layer([[1, 1, 1]])
    (array([[2, 4, 6, 4, 6, 3]]), array([[2, 4, 6, 4, 6, 3]]))
    """
    _expect(layer, ConvTranspose, "the layer")
    crops = [axis.crops() for axis in layer.axes]
    for axis, (lo, hi) in zip(layer.axes, crops, strict=True):
        if (axis.extent - lo - hi) % axis.stride:
            raise WindowError(
                f"{layer} gives s n {axis.extent - axis.stride - lo - hi:+} outputs for n samples and the stride s = "
                f"{axis.stride}, which this does not divide; "
                f"crop {(axis.extent - lo - hi) % axis.stride} more with padding=[(before, after)]"
            )
    first = [-lo // s for (lo, _), s in zip(crops, layer.stride, strict=True)]
    last = [(axis.extent - 1 - lo) // axis.stride for axis, (lo, _) in zip(layer.axes, crops, strict=True)]
    groups, (ins, outs), ndim = layer.groups, layer.weight.shape[:2], layer.ndim

    def moved(layer: Any, weight: np.ndarray) -> np.ndarray:
        taps = _phases(layer, weight, [lo for lo, _ in crops], first, last)
        taps = np.flip(taps, tuple(range(2, 2 + ndim)))  # a convolution of the frameworks reads backwards
        cut = np.moveaxis(taps, 2 + ndim, 2).reshape(groups, ins // groups, outs, -1, *taps.shape[2 : 2 + ndim])
        return np.moveaxis(cut, 1, 3).reshape(-1, ins // groups, *cut.shape[4:])

    padding = []
    for axis, (lo, hi), a, b in zip(layer.axes, crops, first, last, strict=True):
        more = (axis.extent - lo - hi) // axis.stride - 1  # outputs beyond n, before the shuffle
        padding.append((b, more - b + (b - a)))
    inner = _keeping(Conv(moved(layer, layer.weight), 1, padding, 1, groups), layer, moved)
    net: Chain = PixelShuffle(layer.stride, layer.channels[0]) @ inner
    return net


def _phases(layer: Convolution, weight: np.ndarray, lo: list[int], first: list[int], last: list[int]) -> np.ndarray:
    """The weight as (a, b, \\*t, r): tap j lies at j d − lo = s t + r, and t counts from ``first``."""
    size = [b - a + 1 for a, b in zip(first, last, strict=True)]
    stride = layer.stride
    result = np.zeros((*weight.shape[:2], *size, int(np.prod(stride))), dtype=weight.dtype)
    for j in np.ndindex(*layer.kernel):
        at = [divmod(i * d - p, s) for i, d, p, s in zip(j, layer.dilation, lo, stride, strict=True)]
        t = [turn - a for (turn, _), a in zip(at, first, strict=True)]
        r = np.ravel_multi_index([phase for _, phase in at], stride)
        result[(slice(None), slice(None), *t, r)] = weight[(..., *j)]
    return result
