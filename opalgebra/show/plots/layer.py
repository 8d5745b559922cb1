"""Weights of layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DimensionError, OperandError, SizeError
from ...nn.filter_layer import FilterLayer
from ...nn.layer import Layer
from .matrix import matrix, one_entry
from .response import response
from .signal import stems
from .style import Theme, entitle, figure, index_axis

PAIRS = 6  # rows and columns of pairs of channels


def weights(layer: Layer, theme: Theme, *, pairs: int = PAIRS) -> Any:
    """The kernel of every pair of channels: stems on one axis, images in one scale of colours on two."""
    array = getattr(layer, "weight", None)
    if array is None:
        if not isinstance(layer, FilterLayer):
            raise _unbound(layer)
        return response(_one(layer, (0, 0)), theme)
    if array.ndim not in (3, 4) or array.dtype.kind == "c":
        raise DimensionError(
            f"the weight has shape {array.shape} and dtype {array.dtype}; real ones on one and two axes are drawn"
        )
    if not isinstance(pairs, int) or isinstance(pairs, bool) or not 1 <= pairs <= 16:
        raise SizeError(f"pairs is {pairs!r}; give an int from 1 to 16, the rows and columns of small plots")
    height, width = (min(n, pairs) for n in array.shape[:2])
    scale = 1.5 if array.ndim == 3 else 1.1
    made = figure(1.8 + scale * max(width, 2), 1.1 + 1.1 * height)
    rows = made.subplots(height, width, squeeze=False, sharex=True, sharey=True)
    shown = array[:height, :width].astype(float)
    drawn = [_kernel(rows[i, j], shown[i, j], float(np.abs(shown).max()), theme) for i, j in np.ndindex(height, width)]
    if array.ndim == 4:
        made.colorbar(drawn[0], ax=rows, label="weight", shrink=0.8)
    first, second = ("input", "output") if type(layer).__name__ == "ConvTranspose" else ("output", "input")
    made.supylabel(f"{first} channel", fontsize=9)
    made.supxlabel(f"{second} channel" + (" in its group" if getattr(layer, "groups", 1) > 1 else ""), fontsize=9)
    cut = "" if shown.shape == array.shape else f"(the first {height} × {width} of {array.shape[0]} × {array.shape[1]})"
    entitle(made, f"Weights of {layer!r}", None, cut)
    return made


def _kernel(axes: Any, taps: np.ndarray, most: float, theme: Theme) -> Any:
    if taps.ndim == 1:
        stems(axes, np.arange(len(taps)), taps, theme)
        axes.axhline(0, color=theme.ink, linewidth=0.8)
        index_axis(axes.xaxis)
        return None
    axes.set(xticks=[], yticks=[])
    most = most or 1.0
    return axes.imshow(taps, cmap=theme.signed(), vmin=-most, vmax=most, interpolation="nearest")


def layer_matrix(layer: Layer, theme: Theme, *, channels: Any = (0, 0), rows: Any = None, cols: Any = None) -> Any:
    """The matrix of one pair of channels (output, input), on ℤ^d."""
    return matrix(_one(layer, channels), theme, rows=rows, cols=cols)


def layer_response(layer: Layer, theme: Theme, *, channels: Any = (0, 0), **options: Any) -> Any:
    """The response of one pair of channels (output, input)."""
    return response(_one(layer, channels), theme, **options)


def _one(layer: Layer, pair: Any) -> Any:
    if not isinstance(layer, FilterLayer):
        raise _unbound(layer)
    return one_entry(layer.operator, pair)


def _unbound(layer: Layer) -> OperandError:
    what = "layer.on(n).plot()" if layer.is_linear else "its derivative, layer.on(n).jacobian(x).plot()"
    return OperandError(f"{layer} has neither weights nor an operator on ℤ^d of its own; plot {what}")
