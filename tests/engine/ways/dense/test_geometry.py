"""Filters as convolutions of libraries: what the geometry says is what the filter does."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.dense.geometry import Geometry, geometry
from tests.engine.ways.dense.cases import cases, close


def convolved(g: Geometry, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The convolution that a geometry describes, sample by sample of the small array and tap by tap."""
    narrow, wide = (g.groups, g.narrow), (g.groups, g.wide)
    sizes = (*narrow, *g.small) if g.gathers else (*wide, *g.large)
    x = x.reshape(len(x), g.groups, -1, *(g.large if g.gathers else g.small))
    y = np.zeros((len(x), *sizes), x.dtype)
    for m, k in product(np.ndindex(*g.small), np.ndindex(*g.kernel)):
        at = tuple(s * i + d * j - b for s, i, d, j, b in zip(g.stride, m, g.dilation, k, g.before, strict=True))
        if not all(0 <= i < n for i, n in zip(at, g.large, strict=True)):
            continue
        matrices = weights[(..., *k)]
        if g.gathers:
            y[(..., *m)] += np.einsum("gnw,bgw->bgn", matrices, x[(..., *at)])
        else:
            y[(..., *at)] += np.einsum("gnw,bgn->bgw", matrices, x[(..., *m)])
    return y.reshape(len(x), -1, *y.shape[3:])


@pytest.mark.campaign(15)
@pytest.mark.parametrize("seed", range(150))
def test_a_geometry_describes_its_filter(seed: int) -> None:
    for case in cases(seed, batch=2, most=8):
        g = case.geometry
        if g is None:
            continue
        wanted = case.defined(case.x)
        assert close(convolved(g, g.weights(case.fir.taps), case.x), wanted)
        if g.gathers and set(g.stride) == {1}:
            turned = g.turned
            assert close(convolved(turned, turned.weights(case.fir.taps), case.x), wanted)


def test_most_layers_have_one() -> None:
    found = [case.geometry is not None for seed in range(60) for case in cases(seed, most=4)]
    assert sum(found) > 40


def _window(*sizes: int) -> Window:
    return Window((0,) * len(sizes), sizes)


def test_what_is_no_convolution() -> None:
    taps = np.ones((1, 2, 3, 4))
    both, turned, plain = (
        Fir(taps, (0,), up, down, mixes=True) for up, down in (((2,), (3,)), ((1,), (-1,)), ((1,), (1,)))
    )
    assert geometry(both, _window(9), _window(9)) is None
    assert geometry(turned, _window(9), _window(9)) is None
    assert geometry(plain, _window(12), _window(9)) is not None
    assert geometry(plain, Window((2,), (3,)), _window(9)) is None  # cropped: the first samples are not read
    gaps = taps.copy()
    gaps[..., 1] = 0  # a tap that reads nothing, not even a NaN
    assert geometry(Fir(gaps, (0,), (1,), (1,), mixes=True), _window(12), _window(9)) is None
    assert geometry(Fir(0 * taps, (0,), (1,), (1,), mixes=True), _window(12), _window(9)) is None


def test_zeros_between_taps_are_a_dilation() -> None:
    layer = oa.nn.Conv(np.ones((2, 3, 3, 2)), padding=(2, 2), dilation=(2, 4))
    ((value, written),) = layer.on((9, 9)).program.outputs
    ((_, fir),) = value.terms
    g = geometry(fir, written, _window(9, 9))
    assert g is not None
    assert (g.kernel, g.dilation, g.before) == ((3, 2), (2, 4), (2, 2))


def test_taps_that_meet_no_sample_are_left_out() -> None:
    """A dilated kernel that is wider than its input: the middle alone reads it."""
    layer = oa.nn.Conv(np.arange(1.0, 4).reshape(1, 1, 3), padding=4, dilation=4)
    ((value, written),) = layer.on(4).program.outputs
    ((_, fir),) = value.terms
    g = geometry(fir, written, _window(4))
    assert g is not None
    assert (g.kernel, g.before, g.weights(fir.taps).tolist()) == ((1,), (0,), [[[[2.0]]]])


@pytest.mark.parametrize(("padding", "tap"), [((80, 0), 3.0), ((0, 80), 1.0), ((40, 40), 2.0)])
def test_taps_of_a_list_that_meet_no_sample_are_left_out(padding, tap) -> None:
    """So far apart that they are kept as a list of places; in either direction one of them alone is read."""
    bound = oa.nn.Conv(np.arange(1.0, 4).reshape(1, 1, 3), padding=[padding], dilation=40).on(10)
    for program in (bound.program, bound.program.transposed):
        ((value, written),) = program.outputs
        ((_, fir),) = value.terms
        g = geometry(fir, written, _window(10))
        assert fir.places is not None
        assert g is not None
        assert (g.kernel, g.before, g.weights(fir.taps).tolist()) == ((1,), (0,), [[[[tap]]]])
