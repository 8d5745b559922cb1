"""What lies between CuPy and the kernels, with a module in CuPy's place that is as strict as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from benchmarks.gpu import main
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.cuda import launch as cuda_
from opalgebra.engine.ways.cuda.launch import add_to
from opalgebra.errors import OperandError
from tests.cuda_shim.fake_cupy import Array, Fake, Stream, asnumpy
from tests.cuda_shim.shim import COMPILER, Programs, ShimBackend
from tests.engine.ways.cuda.test_shim import Case, make, noise, not_the_last, reference

pytestmark = pytest.mark.skipif(COMPILER is None, reason="g++ is not here, so the CUDA source cannot be run on the CPU")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    with closing(Programs(tmp_path_factory.mktemp("cuda"))) as made:
        yield made


@pytest.fixture
def cupy(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    fake = Fake(ShimBackend(programs, order=2))
    monkeypatch.setitem(sys.modules, "cupy", fake)
    for kept in (cuda_._backend, cuda_._kernel):
        kept.cache_clear()
    yield fake
    for kept in (cuda_._backend, cuda_._kernel):
        kept.cache_clear()


def cases() -> dict[str, Case]:
    rng = np.random.default_rng(0)
    product = make(rng, (6, 9), (1, 2), (1, 1), (20, 30), "f8 f8 f8")
    taps = np.multiply.outer(rng.standard_normal(6), rng.standard_normal(9))
    mixing = Fir(noise(rng, (2, 3, 4, 3, 2), "f8"), (0, -1), (2, 1), (1, 2), mixes=True)
    read = Window((0, 0), (7, 8))
    written = mixing.reaches(read)
    x, y = noise(rng, (2, 8, 7, 8), "c16"), noise(rng, (2, 6, *written.shape), "c16")
    return {
        "one axis": make(rng, (31,), (2,), (3,), (100,), batch=(2,)),
        "not the last axis": not_the_last(rng, 5, 2, 1, (30, 9)),
        "complex taps": make(rng, (7,), (2,), (1,), (40,), "f4 c8 c8"),
        "integers": make(rng, (7,), (2,), (1,), (40,), "i8 i8 i8"),
        "rank one": product._replace(fir=Fir(taps, product.fir.start, product.fir.up, product.fir.down)),
        "channels": make(rng, (3, 3), (1, 1), (1, 1), (8, 9), groups=3),
        "matrices": Case(mixing, x, y, written, read, {"add": False}),
        "Fourier": make(rng, (5001,), (1,), (-1,), (3000,), "f8 f8 f8"),
        "complex Fourier": make(rng, (5000,), (1,), (1,), (3000,), "c16 c16 c16"),
        "four axes": make(rng, (2, 2, 2, 2), (1, 2, 1, 1), (1, 1, 1, 1), (4, 5, 4, 5), "f8 f8 f8"),
    }


@pytest.mark.parametrize("name", cases())
def test_arrays_stay_on_the_device(name: str, cupy: Fake) -> None:
    fir, x, y, written, read, more = cases()[name]
    result = cupy.asarray(y)
    begin = y if more.get("add", True) else np.zeros_like(y)
    add_to(fir, result, cupy.asarray(x), written, read, **more)
    exact, size = reference(fir, begin, x, written, read, None)
    if y.dtype.kind == "i":
        assert np.array_equal(asnumpy(result), exact)
        return
    size = size.max() if "Fourier" in name else size  # a transform rounds relative to a whole block
    assert np.all(np.abs(asnumpy(result) - exact) <= 20 * np.finfo(y.dtype).eps * size)


def test_bound_operators_run_the_kernels(cupy: Fake) -> None:
    """The source itself, not what its launches mean: forwards, transposed, continued beyond the ends, in channels."""
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((4, 1, 3, 3))
    for F in (
        (oa.Down(2) @ oa.Conv(rng.standard_normal(9)) @ oa.Up(3)).on(40, boundary="symmetric", mode="same"),
        oa.Conv(rng.standard_normal((3, 4))).on((9, 8), boundary=("wrap", "antireflect")),
        oa.nn.Conv(weight, groups=4, padding=1).on((6, 7)),
    ):
        for G in (F, F.T):
            x = rng.standard_normal((2, *G.dims)).astype("f4")
            found = asnumpy(G(cupy.asarray(x)))
            assert np.allclose(found, G(x), rtol=1e-5, atol=1e-5 * F._gain())
    assert cupy.backend.launched
    assert cupy.waits == 0


def test_the_stand_in_is_strict(cupy: Fake) -> None:
    x = cupy.asarray(np.ones(3))
    for mistake in (
        lambda: x + np.ones(3),
        lambda: np.concatenate([x, np.ones(3)]),
        lambda: np.asarray(x),
        lambda: float(x[0]),
        lambda: x.tolist(),
        lambda: x[x > 0],
    ):
        with pytest.raises(TypeError):
            mistake()
    assert isinstance(x[1:] * 2, Array)


def test_another_stream_waits_for_the_taps(cupy: Fake) -> None:
    fir, window = Fir(np.ones(3), (0,), (1,), (1,)), Window((0,), (9,))
    x, y = cupy.asarray(np.ones(9)), cupy.asarray(np.zeros(9))
    add_to(fir, y, x, window, window)
    first, cupy.stream = cupy.stream, Stream(7)
    add_to(fir, y, x, window, window)
    assert (first.waited, cupy.stream.waited) == ([], [0])


def test_another_device(cupy: Fake) -> None:
    fir, window = Fir(np.ones(3), (0,), (1,), (1,)), Window((0,), (9,))
    x, y = cupy.asarray(np.ones(9)), cupy.asarray(np.zeros(9))
    y.on = 1
    with pytest.raises(OperandError, match="<CUDA Device 1>"):
        add_to(fir, y, x, window, window)


def test_benchmarks_say_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    absent: Any = None
    monkeypatch.setitem(sys.modules, "cupy", absent)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main([]) == 1
    assert "pip install 'opalgebra[cuda13]'" in capsys.readouterr().err
