"""The rule by which dense work goes to a library: of shapes alone."""

from __future__ import annotations

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways.dense import costs
from opalgebra.engine.ways.dense.geometry import Geometry, geometry

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def of_layer(layer, sizes) -> Geometry:
    bound = layer.on(sizes)
    ((value, written),) = bound.program.outputs
    ((source, fir),) = value.terms
    found = geometry(fir, written, bound.program.windows[source])
    assert found is not None
    return found


CHOICES = [
    (oa.nn.Conv(np.ones((64, 64, 3, 3)), padding=1), (64, 64), costs.BLOCKED),
    (oa.nn.Conv(np.ones((64, 64, 3, 3)), stride=2, padding=1), (64, 64), costs.BLOCKED),
    (oa.nn.Conv(np.ones((64, 32, 1, 1))), (16, 16), costs.BLAS),
    (oa.nn.Conv(np.ones((64, 1, 3, 3)), padding=1, groups=64), (128, 128), costs.TILES),
    (oa.nn.Conv(np.ones((1, 1, 7, 7))), (256, 256), costs.TILES),
]


@pytest.mark.parametrize(("layer", "sizes", "first"), CHOICES)
def test_what_is_fastest(layer, sizes, first) -> None:
    names = costs.ordered(of_layer(layer, sizes), 4, SINGLE)
    assert names[0] == first
    assert {costs.TILES, costs.PRODUCTS} <= set(names)
    assert names == costs.ordered(of_layer(layer, sizes), 4, SINGLE)


def test_doubles_are_not_for_onednn() -> None:
    names = costs.ordered(of_layer(*CHOICES[0][:2]), 4, DOUBLE)
    assert set(names) == {costs.TILES, costs.PRODUCTS}
    small = costs.ordered(of_layer(oa.nn.Conv(np.ones((4, 3, 3, 3))), (8, 8)), 4, DOUBLE)
    assert set(small) == {costs.TILES, costs.PRODUCTS, costs.COLUMNS}


def test_every_cost_grows_with_the_batch() -> None:
    for layer, sizes, _ in CHOICES:
        g = of_layer(layer, sizes)
        for cost in (costs.tiles, costs.products, costs.blas, costs.columns, costs.plain, costs.blocked):
            for gradient in (False, True):
                assert 0 < cost(g, 1, gradient) < cost(g, 8, gradient)
