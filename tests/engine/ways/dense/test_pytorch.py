"""Convolutions of PyTorch: against the definition, with any number of threads; not run where it is missing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways import dense
from opalgebra.engine.ways.dense import onednn, pytorch
from opalgebra.engine.ways.dense.pytorch import TorchConvolution, TorchGradient
from tests.engine.ways.dense.cases import Case, cases, close, defined_gradient, gradient_case

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")
pytestmark = pytest.mark.skipif(
    not pytorch.available(), reason="this PyTorch runs with other threads than GNU's and MKL's"
)

SINGLE = np.dtype(np.float32)


def planned(case: Case) -> TorchConvolution | None:
    return dense.made(dense.TORCH, case.fir, case.written, case.read, SINGLE)


def many_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytorch, "SHARED", 1)
    monkeypatch.setattr(pytorch, "BLOCK", 2)


@pytest.mark.campaign(10)
@pytest.mark.parametrize("units", ["few", "many"])
@pytest.mark.parametrize("seed", range(0, 200, 10))
def test_random_filters(seed: int, units: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if units == "many":
        many_units(monkeypatch)
    for case in (case for k in range(10) for case in cases(seed + k, batch=4)):
        plan = planned(case)
        if plan is None:
            continue
        wanted = case.defined(case.x)
        found = plan.run(case.x, threads=3)
        assert close(found, wanted)
        assert all(np.array_equal(plan.run(case.x, threads=n), found) for n in (1, 2))
        given = np.ones_like(wanted)
        assert plan.run(case.x, given, add=True) is given
        assert np.array_equal(given, found + 1)
        assert plan.run(case.x[:0]).shape == (0, *wanted.shape[1:])
        nan = case.x.copy()
        nan.reshape(-1)[:: max(1, nan.size // 2)] = np.nan
        assert np.array_equal(np.isnan(plan.run(nan)), np.isnan(case.defined(nan)))


@pytest.mark.campaign(10)
@pytest.mark.parametrize("units", ["few", "many"])
@pytest.mark.parametrize("seed", range(0, 200, 10))
def test_gradients_of_weights(seed: int, units: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if units == "many":
        many_units(monkeypatch)
    for k in range(10):
        made, case, y = gradient_case(seed + k, 40)
        plan = dense.gradient(dense.TORCH, case.fir, case.written, case.read, SINGLE)
        if plan is not None:
            assert isinstance(plan, TorchGradient)
            found = plan.run(y, case.x, threads=3)
            assert all(np.array_equal(plan.run(y, case.x, threads=n), found) for n in (1, 2))
            assert close(made._joined(found), defined_gradient(made, case.x, y))


def _layer() -> oa.nn.Conv:
    return oa.nn.Conv(np.random.default_rng(0).standard_normal((48, 32, 5, 5)).astype(np.float32), padding=2)


@pytest.fixture
def without_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "available", lambda: False)


@pytest.mark.usefixtures("without_onednn")
def test_dense_layers_take_it_where_onednn_is_not_installed() -> None:
    F = _layer().on((16, 16))
    x = np.random.default_rng(1).standard_normal((4, 32, 16, 16)).astype(np.float32)
    ours, theirs = F(x), torch.nn.functional.conv2d(*map(torch.tensor, (x, F.layer.weight)), padding=2).numpy()
    assert close(ours, theirs)
    assert any(name == dense.TORCH for name, *_ in _dense(F))


def _dense(F: oa.BoundOperator) -> list[tuple]:
    ((value, _),) = F.program.outputs
    return list(value.terms[0].action.__dict__.get("_dense", {}))


@pytest.mark.usefixtures("without_onednn")
def test_modes_that_would_change_the_numbers_are_not_used() -> None:
    """Narrower numbers by autocast or by the precision of products."""
    F, x = _layer().on((16, 16)), np.random.default_rng(1).standard_normal((4, 32, 16, 16)).astype(np.float32)
    y = np.random.default_rng(2).standard_normal(F.dimsd).astype(np.float32)[None].repeat(4, 0)
    wanted, gradient = F(x), F.layer.grad_weight(x).T(y)
    with torch.autocast("cpu", torch.bfloat16):
        assert close(F(x), wanted)
        assert close(F.layer.grad_weight(x).T(y), gradient)
    before = torch.backends.mkldnn.conv.fp32_precision
    try:
        torch.backends.mkldnn.conv.fp32_precision = "bf16"
        assert close(F(x), wanted)
        assert close(F.layer.grad_weight(x).T(y), gradient)
    finally:
        torch.backends.mkldnn.conv.fp32_precision = before


@pytest.mark.usefixtures("without_onednn")
def test_arrays_that_are_read_only_are_read_without_a_warning() -> None:
    F, x = _layer().on((16, 16)), np.ones((4, 32, 16, 16), np.float32)
    x.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F(x)
        F.layer.grad_weight(x).T(np.ones((4, *F.dimsd), np.float32))


def test_threads_are_as_before() -> None:
    library, count = pytorch._threads(), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        before = torch.get_num_threads(), library.MKL_Get_Max_Threads()
        with pytorch.OneThread():
            assert (torch.get_num_threads(), library.MKL_Get_Max_Threads()) == (1, 1)
        assert (torch.get_num_threads(), library.MKL_Get_Max_Threads()) == before
    finally:
        torch.set_num_threads(count)


def test_it_is_not_imported_for_this() -> None:
    import subprocess
    import sys

    code = (
        "import sys, numpy as np, opalgebra as oa\n"
        "oa.nn.Conv(np.ones((48, 32, 5, 5), np.float32))(np.ones((4, 32, 16, 16), np.float32))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)
