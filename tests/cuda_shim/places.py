"""Where the tests put arrays: a stand-in for CuPy, and CuPy itself where there is a device."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from opalgebra.engine.arrays.device import is_cupy
from opalgebra.engine.ways.cuda import launch as cuda_

from .fake_cupy import Fake, Solvers, asnumpy
from .launched import Launched


def why_not() -> str | None:
    """Why nothing can be run on a device."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed, so nothing runs on a CUDA device"
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CuPy finds no working CUDA device: {error}"
    return None if count else "CuPy finds no CUDA device"


REASON = why_not()


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """The module in CuPy's place."""
    fake = Fake(Launched())
    monkeypatch.setitem(sys.modules, "cupy", fake)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.sparse.linalg", Solvers())
    for kept in (cuda_._backend, cuda_._kernel):
        kept.cache_clear()
    yield fake
    for kept in (cuda_._backend, cuda_._kernel):
        kept.cache_clear()


class Real:
    """CuPy itself, as far as the tests ask for it; that nothing waits is seen with the other one."""

    waits, may_wait = 0, True

    def __init__(self) -> None:
        self.cupy: Any = importlib.import_module("cupy")

    def asarray(self, array: Any) -> Any:
        return self.cupy.asarray(array)

    def on(self, device: int) -> Any:
        """A device: another one where there are several."""
        return self.cupy.cuda.Device(device % self.cupy.cuda.runtime.getDeviceCount())


@pytest.fixture(params=["stand-in", pytest.param("device", marks=pytest.mark.skipif(bool(REASON), reason=str(REASON)))])
def place(request: pytest.FixtureRequest) -> Any:
    """Where arrays are put: the stand-in, and a device where there is one."""
    return Real() if request.param == "device" else request.getfixturevalue("cupy")


def noise(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    made = rng.standard_normal(shape)
    if np.dtype(dtype).kind in "iu":
        return np.round(20 * np.abs(made)).astype(dtype)
    return (made + 1j * rng.standard_normal(shape)).astype(dtype) if np.dtype(dtype).kind == "c" else made.astype(dtype)


def same(found: Any, expected: np.ndarray, scale: float, rounding: float = 30) -> None:
    """An array on the device with the dtype, the shape and, up to rounding, the samples."""
    assert is_cupy(found)
    assert found.dtype == expected.dtype
    result = asnumpy(found)
    assert result.shape == expected.shape
    if expected.dtype.kind in "iu":
        assert np.array_equal(result, expected)
        return
    allowed = rounding * np.finfo(expected.dtype).eps * max(1.0, scale)
    finite = np.isfinite(expected)
    assert np.array_equal(np.isfinite(result), finite)
    assert np.max(np.abs(result[finite] - expected[finite]), initial=0) <= allowed
