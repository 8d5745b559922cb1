"""The kernels on a device, where there is one; ``python -m benchmarks.gpu`` runs these tests too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opalgebra.engine.arrays.device import is_cupy
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.cuda.launch import add_to
from opalgebra.errors import OperandError
from tests.cuda_shim.places import REASON
from tests.engine.ways.cuda.test_shim import BOUNDARIES, DTYPES, RATES, Case, make, noise, not_the_last, reference

pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def check(case: Case, rounding: float = 4) -> None:
    """The outputs are within some rounding errors, relative to Σ|h||x|, of those in double precision."""
    import cupy

    fir, x, y, written, read, more = case
    begin = y if more.get("add", True) else np.zeros_like(y)
    result = cupy.asarray(y)
    add_to(fir, result, cupy.asarray(x), written, read, **more)
    found = cupy.asnumpy(result)
    exact, size = reference(fir, begin, x, written, read, more.get("boundary"))
    if y.dtype.kind == "i":
        assert np.array_equal(found, exact)
        return
    finite = np.isfinite(exact)
    assert np.array_equal(np.isfinite(found), finite)
    allowed = rounding * np.finfo(y.dtype).eps / 2 * size[finite]
    error = np.abs(found[finite].astype(exact.dtype) - exact[finite])
    assert np.all(error <= allowed), f"off by {np.max(error - allowed)}"


@pytest.mark.parametrize(("up", "down", "taps"), RATES)
def test_one_axis(up: int, down: int, taps: int) -> None:
    rng = np.random.default_rng(taps)
    for size in (1, 100, 5000, 100_000):
        check(make(rng, (taps,), (up,), (down,), (size,), batch=(3,)))


@pytest.mark.parametrize("dtypes", DTYPES)
def test_every_dtype(dtypes: str) -> None:
    rng = np.random.default_rng(0)
    for up, down, taps in [(1, 1, 18), (2, -1, 5), (1, 300, 3)]:
        check(make(rng, (taps,), (up,), (down,), (5000,), dtypes, batch=(2,)), rounding=8)


def test_several_axes() -> None:
    rng = np.random.default_rng(0)
    for inner in (3, 9, 33, 200):
        check(not_the_last(rng, 5, 2, 1, (300, inner)))
    check(make(rng, (3, 4), (2, 1), (1, 2), (200, 300), batch=(2,)), rounding=6)
    check(make(rng, (2, 3, 2), (1, 2, 1), (1, 1, 2), (20, 30, 40), "c8 c8 c8"), rounding=12)
    check(make(rng, (3, 3), (1, 1), (1, 1), (40, 50), groups=8), rounding=6)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_boundaries(boundary: str) -> None:
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 3000):
        case = make(rng, (9,), (2,), (1,), (size,), batch=(2,))
        case.more["boundary"] = [boundary]
        check(case)


def test_not_a_number() -> None:
    rng = np.random.default_rng(0)
    for taps in (7, 5000):
        case = make(rng, (taps,), (2,), (1,), (20_000,), "f8 f8 f8")
        case.x[[9, 9000]] = [np.nan, np.inf]
        check(case, rounding=1e6)


def test_matrices_between_channels() -> None:
    rng = np.random.default_rng(0)
    fir = Fir(noise(rng, (2, 3, 4, 3, 2), "f8"), (0, -1), (2, 1), (1, 2), mixes=True)
    read = Window((0, 0), (70, 80))
    written = fir.reaches(read)
    x, y = noise(rng, (2, 8, 70, 80), "f8"), noise(rng, (2, 6, *written.shape), "f8")
    check(Case(fir, x, y, written, read, {}), rounding=30)


def test_views_streams_and_captures() -> None:
    """A strided view; on a stream of its own; and captured into a graph, where anything that waits is an error."""
    import cupy

    rng = np.random.default_rng(0)
    case = make(rng, (31,), (2,), (1,), (5000,))._replace(more={"add": False})
    fir, x, y, written, read, more = case
    wide = cupy.zeros(10_000, "f4")
    wide[::2] = cupy.asarray(x)
    exact, _ = reference(fir, np.zeros_like(y), x, written, read, None)
    stream = cupy.cuda.Stream(non_blocking=True)
    result = cupy.full(y.shape, cupy.nan, "f4")
    cupy.cuda.Device().synchronize()
    with stream:
        add_to(fir, result, wide[::2], written, read, **more)  # compiles and uploads the taps
        stream.synchronize()
        result[...] = cupy.nan
        stream.synchronize()
        stream.begin_capture()
        add_to(fir, result, wide[::2], written, read, **more)
        graph = stream.end_capture()
        graph.launch(stream)
        stream.synchronize()
    assert np.allclose(cupy.asnumpy(result), exact, rtol=1e-4, atol=1e-4)


def test_samples_past_2_to_the_31() -> None:
    import cupy

    size = 2**31 + 1000
    if cupy.cuda.Device().mem_info[0] < 3 * size:
        pytest.skip("the device has too little free memory for 2³¹ samples")
    x = cupy.zeros(size // 4, "f4")
    x[-50:] = cupy.arange(50)
    fir, read = Fir(np.array([1.0, 2.0]), (0,), (8,), (1,)), Window((0,), x.shape)
    written = Window((8 * (x.size - 50),), (400,))
    y = cupy.zeros(400, "f4")
    add_to(fir, y, x, written, read)
    exact = np.zeros(400)
    exact[::8], exact[1::8] = np.arange(50), 2 * np.arange(50)
    assert np.array_equal(cupy.asnumpy(y), exact)


def test_two_devices() -> None:
    import cupy

    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one device only")
    with cupy.cuda.Device(1):
        x = cupy.arange(8.0)
    fir, window = Fir(np.ones(2), (0,), (1,), (1,)), Window((0,), (8,))
    with pytest.raises(OperandError, match="device"):
        add_to(fir, cupy.zeros(8), x, window, window)
    with cupy.cuda.Device(1):
        y = cupy.zeros(8)
    add_to(fir, y, x, window, window)
    assert np.array_equal(cupy.asnumpy(y), np.convolve(np.arange(8.0), np.ones(2))[:8])


def test_cupy_arrays_are_known(request: Any) -> None:
    import cupy

    assert is_cupy(cupy.zeros(1))
    assert not is_cupy(np.zeros(1))
