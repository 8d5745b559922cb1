"""PyTorch's recorded outputs, input gradients and weight gradients through the layers of ``oa.nn``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from tests.conformance import MISSING, Case, cases

BOUNDARIES = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}
OPS = ("conv", "conv_transpose", "avg_pool", "max_pool", "upsample", "pixel_shuffle", "pixel_unshuffle")


def params(*ops: str) -> list[Any]:
    """The cases of some operations, each as a test; one skipped test that says why where there is no set."""
    if MISSING:
        return [pytest.param(None, marks=pytest.mark.skip(reason=MISSING))]
    return [pytest.param(case, id=case.id) for case in cases("torch", op=ops)]


def layer_of(case: Case) -> Any:
    """The layer with the parameters that the framework was given."""
    norm, attrs, x = case.norm or {}, case.attrs, case.inputs["x"]
    match case.op:
        case "conv":
            pads = norm["ext"]["pads"] if "ext" in norm else norm["pads"]
            padding = "same" if attrs.get("padding") == "same" else list(map(tuple, pads))
            return oa.nn.Conv(case.inputs["w"], tuple(norm["stride"]), padding, tuple(norm["dilation"]), norm["groups"])
        case "conv_transpose":
            shared = (tuple(norm["stride"]), tuple(attrs["padding"]), tuple(attrs["output_padding"]))
            return oa.nn.ConvTranspose(case.inputs["w"], *shared, tuple(norm["dilation"]), norm["groups"])
        case "avg_pool" | "max_pool":
            window = [tuple(norm[name]) for name in ("kernel", "stride", "pads", "dilation")]
            if case.op == "max_pool":
                return oa.nn.MaxPool(*window, attrs["ceil_mode"])
            count = norm["count"]
            return oa.nn.AvgPool(
                *window, attrs["ceil_mode"], count != "valid", count if isinstance(count, int) else None
            )
        case "upsample":
            return oa.nn.Upsample(tuple(norm["factor"]), norm["mode"])
    factor = (norm["factor"],) * case.nd
    if case.op == "pixel_shuffle":
        return oa.nn.PixelShuffle(factor, x.shape[1] // int(np.prod(factor)))
    return oa.nn.PixelUnshuffle(factor, x.shape[1])


def bound_of(case: Case, layer: Any) -> Any:
    """The layer on the input; where it is continued by another rule than zeros, its operator between windows."""
    spatial = case.inputs["x"].shape[2:]
    if "ext" not in (case.norm or {}):
        return layer.on(spatial)
    out = case.outputs["y"].shape[2:]
    rule = BOUNDARIES[case.norm["ext"]["mode"]]  # type: ignore[index]
    return layer.operator.on(spatial, out=out if case.nd > 1 else out[0], boundary=rule)


@pytest.mark.campaign(60)
@pytest.mark.parametrize("case", params(*OPS))
def test_outputs_and_gradients(case: Case) -> None:
    x, gy = case.inputs["x"], case.grads["gy"]
    layer = layer_of(case)
    bound = bound_of(case, layer)
    y = bound(x)
    if "b" in case.inputs:
        y = y + case.inputs["b"].reshape(-1, *(1,) * case.nd)
    assert not case.error(y)
    derivative = bound.jacobian(x) if case.op == "max_pool" else bound
    assert not case.error(derivative.H(gy), "gx", "grads")
    if "gw" in case.grads and "ext" not in (case.norm or {}):
        assert not case.error(layer.grad_weight(x).H(gy), "gw", "grads")


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_every_operation_has_cases() -> None:
    assert {case.op for case in cases("torch", op=OPS)} == set(OPS)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_wrong_layer_is_found() -> None:
    """The comparison can fail: a conjugated input, and the transpose in place of the adjoint."""
    found = cases("torch", op="conv", tags=("complex",), without=("bias", "pad_mode"))
    case = max(found, key=lambda c: float(np.abs(c.outputs["y"]).max()))  # the small ones read padding only
    bound = bound_of(case, layer_of(case))
    assert not case.error(bound(case.inputs["x"]))
    assert case.error(bound(np.conj(case.inputs["x"])))
    assert case.error(bound.T(case.grads["gy"]), "gx", "grads")


def test_the_example_of_the_forum() -> None:
    y = oa.nn.ConvTranspose(np.ones((1, 1, 3, 3)), stride=2, padding="same")([[[1, 2], [3, 4]]])
    assert y.tolist() == [[[1, 1, 3, 2], [1, 1, 3, 2], [4, 4, 10, 6], [3, 3, 7, 4]]]
