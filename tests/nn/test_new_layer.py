"""A layer is its own file: what it says of itself is enough for all that is done with layers."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import nn
from opalgebra.bound.arrays.precision import Precision
from opalgebra.engine.filters.fir import Fir
from opalgebra.nn.filter_layer import FilterLayer
from opalgebra.nn.geometry import Axis, Sliding, positive


class Blur(FilterLayer):
    """y_m = x[m s] + 2 x[m s + 1] + x[m s + 2]."""

    has_taps = True
    ndim = 1
    precision = Precision("i")

    def __init__(self, stride: int) -> None:
        super().__init__(stride=positive(stride, "the stride"))

    def _arguments(self) -> Any:
        return (("stride", self.stride, None),)

    def _axes(self, ndim: int) -> tuple[Axis, ...]:
        return (Sliding(3, self.stride, 1, (0, 0)),)

    def _filters(self, sizes: Any) -> list[Fir]:
        return [Fir(np.array([1, 2, 1]), (-2,), (1,), (self.stride,))]

    def _operator(self, sizes: Any) -> oa.LinearOperator:
        return oa.Down(self.stride) @ oa.Conv(oa.Signal([1, 2, 1], start=-2))


def test_it_runs_and_composes() -> None:
    layer, x = Blur(2), np.arange(9)
    assert layer(x).tolist() == [4, 12, 20, 28]
    assert layer.on(9).todense().tolist() == layer(np.eye(9, dtype=int)).T.tolist()
    assert layer.on(9).T(np.eye(4, dtype=int)).tolist() == layer.on(9).todense().tolist()
    assert (oa.Pointwise("square") @ layer)(x).tolist() == [16, 144, 400, 784]
    assert (layer @ nn.Conv([[[1, 1]]]))(x[None]).tolist() == layer(x[1:] + x[:-1])[None].tolist()
    assert layer(np.stack([x, x])).shape == (2, 4)


def test_it_is_proved_and_sized() -> None:
    n = sympy.Symbol("n")
    assert oa.prove(Blur(2).operator, oa.StridedConv([1, 2, 1], 2) @ oa.Shift(-2))
    assert oa.prove(Blur(2).operator, oa.StridedConv([1, 2, 1], 2) @ oa.Shift(-1)).verdict == "refuted"
    assert oa.prove(Blur(2).operator, nn.Conv([[[1, 2, 1]]], stride=2).operator)
    assert Blur(2).out_size(9) == 4
    assert Blur(2).out_size(n) == nn.Conv([[[1, 2, 1]]], stride=2).out_size(n)
    with pytest.raises(oa.WindowError, match="no outputs"):
        Blur(2).on(2)


def test_it_is_shown_and_kept() -> None:
    layer = Blur(2)
    assert repr(layer) == "Blur(2)"
    assert repr(layer.on(9)) == "Blur(2).on(9)"
    assert pickle.loads(pickle.dumps(layer)) == layer != Blur(3)
    assert nn.trace(layer, 5).gather == {0: ((0, 0), (1, 1), (2, 2)), 1: ((2, 0), (3, 1), (4, 2))}
    assert "Blur(2)" in str(layer.diagram())
    assert "Blur" in layer._repr_html_()


def test_what_has_no_taps_is_not_traced() -> None:
    for other in (nn.PixelShuffle(2), oa.Pointwise("relu"), nn.MaxPool(2) @ nn.Conv([[[1]]]), oa.Up(2), None):
        with pytest.raises(oa.OperandError, match="no taps to trace"):
            nn.trace(other, 4)
