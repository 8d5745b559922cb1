"""Filters of one tap between channels by BLAS: against the definition, with their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways.dense.products import ProductGradient, product
from tests.engine.ways.dense.cases import close


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("channels", [(3, 6), (3, 3), (6, 3)])
@pytest.mark.parametrize("stride", [1, (2, 3)])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("padding", [0, (1, 2)])
def test_one_tap_is_a_product(dtype, groups, channels, stride, transposed, padding) -> None:
    rng = np.random.default_rng(0)
    ins, outs = channels
    kind, shape = (oa.nn.ConvTranspose, (ins, outs // groups)) if transposed else (oa.nn.Conv, (outs, ins // groups))
    layer = kind(rng.standard_normal((*shape, 1, 1)), stride, 0 if transposed else padding, groups=groups)
    bound = layer.on((5, 7))
    for program in (bound.program, bound.program.transposed):
        ((value, written),) = program.outputs
        ((source, fir),) = value.terms
        read = program.windows[source]
        x = rng.standard_normal((2, fir.taps.shape[0] * fir.taps.shape[2], *read.shape)).astype(dtype)
        wanted = np.zeros((2, fir.taps.shape[0] * fir.taps.shape[1], *written.shape), dtype)
        fir.add_to(wanted, x, written, read)
        plan = product(fir, written, read, np.dtype(dtype))
        assert plan is not None
        found = plan.run(x)
        assert found.dtype == dtype
        assert close(found, wanted)
        given = np.ones_like(wanted)
        assert plan.run(x, given, add=True) is given
        assert close(given, wanted + 1)
        assert plan.run(x, given) is given
        assert close(given, wanted)
        assert close(plan.run(np.asfortranarray(x)[:, ::1]), wanted)
        y = rng.standard_normal(wanted.shape).astype(dtype)
        gradient = ProductGradient(plan).run(y, x)
        change = np.zeros_like(fir.taps, dtype)
        change[-1, 0, 0] = 1  # y is linear in the taps: the gradient times a change of these is that of ⟨y, F x⟩
        changed = np.zeros_like(wanted)
        type(fir)(change, fir.start, fir.up, fir.down, mixes=True).add_to(changed, x, written, read)
        assert np.isclose((gradient.reshape(change.shape) * change).sum(), (y * changed).sum(), rtol=1e-4)


def test_other_filters_are_none() -> None:
    ((value, written),) = oa.nn.Conv(np.ones((2, 2, 3))).on(9).program.outputs
    ((_, fir),) = value.terms
    assert product(fir, written, written, np.dtype(np.float32)) is None
    ((value, written),) = oa.nn.Conv(np.ones((2, 2, 1))).on(9).program.outputs
    ((_, fir),) = value.terms
    assert product(fir, written, written, np.dtype(np.int64)) is None
    assert product(fir, written, written, np.dtype(np.complex64)) is None


def test_a_layer_of_one_tap_takes_it() -> None:
    bound = oa.nn.Conv(np.ones((32, 16, 1, 1), np.float32)).on((20, 20))
    assert [step.way for step in bound.explain().steps] == ["matrix product"]
    assert np.array_equal(bound(np.ones((16, 20, 20), np.float32)), np.full((32, 20, 20), 16, np.float32))
