"""Tensors and JAX arrays on a device: ones of the host that are said to lie there, and a stand-in for CuPy."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.arrays import dlpack, jax_, torch_
from tests.cuda_shim.fake_cupy import Array, Fake
from tests.cuda_shim.places import cupy  # noqa: F401

F = (oa.Down(2) @ oa.Conv(np.array([1.0, 2.0, -1.0]))).on(9, mode="same", boundary="reflect")
C = oa.Conv(np.array([1 + 2j, 3.0, -1j])).on(7)


@pytest.fixture
def torch(cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    """PyTorch, whose tensors are taken for ones on device 1, on stream 77."""
    found = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")
    monkeypatch.setattr(torch_, "_device", lambda x: 1)
    streams = {1: types.SimpleNamespace(cuda_stream=77)}
    monkeypatch.setattr(found.cuda, "current_stream", streams.__getitem__)
    return found


@pytest.mark.parametrize("operator", [F, C])
def test_tensors_on_their_device_and_stream(operator: Any, torch: Any, cupy: Fake) -> None:  # noqa: F811
    for dtype in (torch.float32, torch.complex128):
        x = torch.randn(2, *operator.dims, dtype=dtype)
        y = operator(x)
        assert isinstance(y, torch.Tensor)
        torch.testing.assert_close(y, torch.from_numpy(operator(x.numpy())))
    assert cupy.entered == [(1, 77)] * 2
    assert cupy.waits == 0


@pytest.mark.parametrize("operator", [F, C])
def test_their_gradients(operator: Any, torch: Any) -> None:
    for dtype in (torch.float64, torch.complex128):
        x = torch.randn(2, *operator.dims, dtype=dtype, requires_grad=True)
        assert torch.autograd.gradcheck(operator, (x,))
        assert torch.autograd.gradgradcheck(operator, (x,))


def test_a_conjugated_view(torch: Any) -> None:
    x = torch.randn(7, dtype=torch.complex128)
    torch.testing.assert_close(C(x.conj()), torch.from_numpy(C(x.numpy().conj())))


def test_out_is_refused(torch: Any) -> None:
    with pytest.raises(oa.OpAlgebraError, match="leave it out"):
        F(torch.zeros(9), out=torch.zeros(5))


@pytest.mark.parametrize("fault", ["stream", "device", "gradient"])
def test_a_planted_fault_of_tensors_is_found(fault: str, torch: Any, cupy: Fake, monkeypatch: Any) -> None:  # noqa: F811
    kept = dlpack.on_device

    def faulty(operator: Any, x: Any, device: int, stream: int, taken: Any) -> Any:
        if fault == "gradient" and operator.dims == F.dimsd:
            operator = -operator
        return kept(operator, x, 0 if fault == "device" else device, 0 if fault == "stream" else stream, taken)

    monkeypatch.setattr(torch_, "on_device", faulty)
    test: Any = test_their_gradients if fault == "gradient" else test_tensors_on_their_device_and_stream
    with pytest.raises((AssertionError, RuntimeError)):
        test(F, torch, cupy) if fault != "gradient" else test(F, torch)


# JAX ----------------------------------------------------------------------------------------------------------


class JaxArray:
    """``jax.Array`` on device 1, as far as it is asked for."""

    def __init__(self, samples: np.ndarray) -> None:
        self.samples, self.dtype, self.shape, self.ndim = samples, samples.dtype, samples.shape, samples.ndim

    def devices(self) -> tuple[Any, ...]:
        return (types.SimpleNamespace(platform="gpu", local_hardware_id=1),)

    def __dlpack__(self, **more: Any) -> Any:
        return self.samples.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


@pytest.fixture
def fake_jax(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module in JAX's place, which traces nothing."""

    def custom_vjp(function: Any, nondiff_argnums: Any) -> Any:
        function.defvjp = lambda forward, backward: setattr(function, "rules", (forward, backward))
        return function

    made: Any = types.ModuleType("jax")
    made.Array, made.custom_vjp = JaxArray, custom_vjp
    made.core = types.SimpleNamespace(Tracer=type("Tracer", (), {}))
    made.dtypes = types.SimpleNamespace(canonicalize_dtype=lambda dtype: np.dtype("f4") if dtype == "f8" else dtype)
    made.dlpack = types.SimpleNamespace(from_dlpack=lambda array: JaxArray(np.from_dlpack(array)))
    made.numpy = types.SimpleNamespace(iscomplexobj=lambda x: x.dtype.kind == "c")
    monkeypatch.setitem(sys.modules, "jax", made)
    jax_._function.cache_clear()
    yield made
    jax_._function.cache_clear()


def test_jax_arrays_on_their_device(cupy: Fake, fake_jax: Any) -> None:  # noqa: F811
    x = np.random.default_rng(0).standard_normal((2, 9)).astype("f4")
    y = F(JaxArray(x))
    assert isinstance(y, JaxArray)
    assert np.allclose(y.samples, F(x), rtol=1e-5, atol=1e-5)
    assert cupy.entered == [(1, 0)]
    assert cupy.waits == 0
    with pytest.raises(oa.OpAlgebraError, match="JAX rounds"):
        F(JaxArray(x.astype("f8")))
    with pytest.raises(oa.OpAlgebraError, match="leave it out"):
        F(JaxArray(x), out=x)


def test_what_comes_back_to_jax_arrays_is_the_transpose(cupy: Fake, fake_jax: Any) -> None:  # noqa: F811
    g = np.random.default_rng(0).standard_normal((2, 5)).astype("f4")
    _, kept = jax_._function().rules[0](F, JaxArray(np.zeros((2, 9), "f4")))
    (back,) = jax_._function().rules[1](F, kept, JaxArray(g))
    assert np.allclose(back.samples, F.T(g), rtol=1e-5, atol=1e-5)


def test_jax_itself() -> None:
    """On the CPU, where it is installed: values, gradients, and inside of jit and vmap."""
    jax: Any = pytest.importorskip("jax", reason="JAX is not installed: pip install '.[jax]'")
    rng = np.random.default_rng(0)
    jax.config.update("jax_enable_x64", True)  # complex taps make complex128 of float32
    for operator, dtype in [(F, "f4"), (C, "c8"), (C, "f4")]:
        x = rng.standard_normal((2, *operator.dims)).astype(dtype)
        expected = operator(x)
        for call in (operator, jax.jit(operator), jax.vmap(operator)):
            assert np.allclose(call(jax.numpy.asarray(x)), expected, rtol=1e-4, atol=1e-5)
        g = rng.standard_normal(expected.shape).astype(expected.dtype)
        _, pull = jax.vjp(operator, jax.numpy.asarray(x))
        (back,) = pull(jax.numpy.asarray(g))
        exact = operator.T(g)
        assert np.allclose(back, exact.real if dtype == "f4" else exact, rtol=1e-4, atol=1e-5)


def test_cupy_arrays_stay_what_they_are(cupy: Fake) -> None:  # noqa: F811
    assert isinstance(F(cupy.asarray(np.ones(9))), Array)
