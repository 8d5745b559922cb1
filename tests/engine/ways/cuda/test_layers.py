"""Layers on arrays of a module in CuPy's place: forwards, transposed, gradients, Jacobians; nothing waits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.nn.pointwise import NAMED
from tests.cuda_shim.fake_cupy import Fake, asnumpy
from tests.cuda_shim.places import noise, same

LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "conv": (lambda w: oa.nn.Conv(w((6, 4, 3, 2)), stride=2, padding=1), (4, 7, 6)),
    "conv, groups": (lambda w: oa.nn.Conv(w((6, 2, 3)), groups=2, dilation=2, padding="same"), (4, 11)),
    "depthwise": (lambda w: oa.nn.Conv(w((4, 1, 3, 3)), groups=4, padding=1), (4, 5, 6)),
    "conv, complex": (lambda w: oa.nn.Conv(w((3, 2, 2)) + 1j), (2, 8)),
    "conv, gaps": (lambda w: oa.nn.Conv(w((3, 2, 2)) * (np.arange(12).reshape(3, 2, 2) % 5 > 0)), (2, 8)),
    "transposed": (lambda w: oa.nn.ConvTranspose(w((4, 6, 4, 4)), stride=2, padding=1), (4, 5, 4)),
    "three axes": (lambda w: oa.nn.Conv(w((2, 2, 2, 2, 2))), (2, 4, 4, 4)),
    "mean": (lambda w: oa.nn.AvgPool((2, 3), padding=(0, 1), count_include_pad=False), (3, 6, 8)),
    "nearest": (lambda w: oa.nn.Upsample((2, 3)), (2, 4, 5)),
    "linear": (lambda w: oa.nn.Upsample((2, 2), mode="linear"), (2, 4, 5)),
    "shuffle": (lambda w: oa.nn.PixelShuffle((2, 2), channels=3), (12, 3, 4)),
    "unshuffle": (lambda w: oa.nn.PixelUnshuffle((2, 2), channels=3), (3, 4, 6)),
    "linear chain": (lambda w: oa.nn.Upsample((2, 2)) @ oa.nn.Conv(w((4, 2, 3, 3))), (2, 6, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_linear_layers(name: str, place: Any) -> None:
    make, shape = LAYERS[name]
    rng = np.random.default_rng(0)
    layer = make(lambda shape: rng.standard_normal(shape))
    place.may_wait = name == "conv, gaps"  # it asks whether all samples are finite
    for lead, dtype in [((2,), "f4"), ((), "f8"), ((2, 3), "c8")]:
        x = noise(rng, (*lead, *shape), dtype)
        with place.on(1):
            given = place.asarray(x)
        y = layer(x)
        same(layer(given), y, 100)
        F = layer.on(shape[1:]) if layer.has_channels else layer.on(shape)
        g = noise(rng, (*lead, *F.dimsd), dtype)
        with place.on(1):
            gradient = place.asarray(g)
        same(F.T(gradient), F.T(g), 300)
        same(F.H(gradient), F.H(g), 300)
    assert place.may_wait or place.waits == 0


@pytest.mark.parametrize("name", [name for name in LAYERS if name.startswith(("conv", "depth", "transp", "three"))])
def test_gradients_of_weights(name: str, place: Any) -> None:
    make, shape = LAYERS[name]
    rng = np.random.default_rng(0)
    layer = make(lambda shape: rng.standard_normal(shape))
    for lead, dtype in [((2,), "f4"), ((2, 2), "c16")]:
        x = noise(rng, (*lead, *shape), dtype)
        G = layer.grad_weight(x)
        with place.on(1):
            on_device = layer.grad_weight(place.asarray(x))
        for act, dims in ((lambda F, v: F(v), G.dims), (lambda F, v: F.T(v), G.dimsd), (lambda F, v: F.H(v), G.dimsd)):
            for batch in ((), (2,)):
                v = noise(rng, (*batch, *dims), dtype)
                with place.on(1):
                    given = place.asarray(v)
                same(act(on_device, given), act(G, v), 300)
    assert place.waits == 0


def test_weights_on_a_device(cupy: Fake) -> None:
    """They are copied to the host when the layer is made, and only then."""
    weight = np.random.default_rng(0).standard_normal((3, 2, 2))
    cupy.may_wait = True
    layer = oa.nn.Conv(cupy.asarray(weight))
    cupy.may_wait = False
    assert cupy.waits == 1
    assert layer == oa.nn.Conv(weight)
    x = np.ones((2, 5))
    same(layer(cupy.asarray(x)), layer(x), 10)


def test_maximum(place: Any) -> None:
    rng = np.random.default_rng(0)
    for pool in (oa.nn.MaxPool((2, 2)), oa.nn.MaxPool((3, 2), stride=(1, 2), padding=(1, 1), ceil_mode=True)):
        for dtype in ("f4", "f8", "i4"):
            x = noise(rng, (2, 7, 6), dtype)
            if dtype == "f4":
                x[0, 3, 3] = np.nan
            with place.on(1):
                given = place.asarray(x)
            assert np.array_equal(asnumpy(pool(given)), pool(x), equal_nan=True)
            J, on_device = pool.jacobian(x), pool.jacobian(given)
            place.may_wait = False
            for v_dtype in ("f4", "c16", "i4"):
                place.may_wait = v_dtype == "i4"
                for act, dims in ((lambda F, v: F(v), J.dims), (lambda F, v: F.T(v), J.dimsd)):
                    v = noise(rng, (2, *dims), v_dtype)
                    with place.on(1):
                        same(act(on_device, place.asarray(v)), act(J, v), 10)


def cube(x: Any) -> Any:
    return x * x * x


@pytest.mark.parametrize("f", [*NAMED, "expression", "constant", "pieces", "function"])
def test_pointwise(f: str, place: Any) -> None:
    import sympy

    t = sympy.Symbol("t")
    expressions: dict[str, Any] = {"expression": sympy.sin(t) * t**2, "constant": sympy.Lambda(t, 3)}
    expressions["pieces"] = sympy.Piecewise((t, t > 0), (t / 4, True))
    if f == "function":
        layer = oa.Pointwise(cube, derivative=lambda x: 3 * x * x)
    else:
        layer = oa.Pointwise(expressions.get(f, f))
    rng = np.random.default_rng(0)
    for dtype in ("f4", "f8"):
        x, v = noise(rng, (3, 4), dtype), noise(rng, (2, 3, 4), "f8")
        with place.on(1):
            given, vector = place.asarray(x), place.asarray(v)
        same(layer(given), layer(x), 100)
        J, on_device = layer.jacobian(x), layer.jacobian(given)
        same(on_device(vector), J(v), 100)
        same(on_device.H(vector), J.H(v), 100)
        assert np.array_equal(asnumpy(given), x)
    assert place.waits == 0


def test_a_function_may_not_change_its_input(place: Any) -> None:
    def spoil(x: Any) -> Any:
        x *= 2
        return x

    x = place.asarray(np.ones(3))
    assert np.array_equal(asnumpy(oa.Pointwise(spoil)(x)), [2, 2, 2])
    assert np.array_equal(asnumpy(x), [1, 1, 1])
    with pytest.raises(oa.OpAlgebraError, match="the host"):
        oa.Pointwise(asnumpy)(x)


def test_a_network(place: Any) -> None:
    """A chain of layers and its Jacobian, without a round trip."""
    rng = np.random.default_rng(0)
    net = (
        oa.nn.Conv(rng.standard_normal((2, 4, 2, 2)))
        @ oa.nn.MaxPool((2, 2))
        @ oa.Pointwise("relu")
        @ oa.nn.Conv(rng.standard_normal((4, 3, 3, 3)), padding=1)
    )
    x = noise(rng, (2, 3, 8, 8), "f4")
    with place.on(1):
        given = place.asarray(x)
    same(net(given), net(x), 100)
    J, on_device = net.jacobian(x), net.jacobian(given)
    g = noise(rng, J.dimsd, "f4")
    with place.on(1):
        same(on_device.T(place.asarray(g)), J.T(g), 300)
        same(on_device(given), J(x), 300)
    assert place.waits == 0
