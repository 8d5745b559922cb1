"""The prepared path of CuPy arrays, on a module in CuPy's place: what it refuses, keeps and hands over."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.arrays import cupy_
from opalgebra.engine.ways.cuda import ready as ready_
from tests.cuda_shim.fake_cupy import Fake, Stream, asnumpy
from tests.cuda_shim.places import cupy, noise, same  # noqa: F401

RNG = np.random.default_rng(0)
PRODUCT = np.multiply.outer(RNG.standard_normal(7), RNG.standard_normal(6))
OPERATORS = {
    "one launch": oa.Conv(RNG.standard_normal(9)).on(60, boundary="symmetric", mode="same"),
    "two rates": (oa.Down(3) @ oa.Conv(RNG.standard_normal(20)) @ oa.Up(2)).on(60),
    "transposed": oa.Conv(RNG.standard_normal(9)).on(60).T,
    "adjoint": (oa.Conv(RNG.standard_normal(5) + 2j) @ oa.Up(2)).on(30).H,
    "pieces": oa.Conv(RNG.standard_normal(5000)).on(100, out=(0, 600)),
    "two passes": oa.Conv(PRODUCT).on((20, 18)),
    "depthwise": oa.nn.Conv(RNG.standard_normal((4, 1, 3, 3)), groups=4, padding=1).on((6, 7)),
}


def prepared(F: Any) -> list[Any]:
    return [run for run in F._ready.values() if isinstance(run, ready_.Ready)]


@pytest.mark.parametrize("name", OPERATORS)
def test_the_second_call_is_the_first(name: str, cupy: Fake) -> None:  # noqa: F811
    """On arrays of other samples, with and without out, and nothing is planned again."""
    F = OPERATORS[name]
    for dtype in ("f4", "c16"):
        for lead in ((), (2,)):
            for turn in range(3):
                x = noise(RNG, (*lead, *F.dims), dtype)
                expected = F(x)
                if expected.dtype != x.dtype:
                    continue
                given = cupy.asarray(x)
                out = cupy.asarray(np.full(expected.shape, np.nan, dtype))
                assert F(given, out=out) is out
                scale = F._gain() * np.abs(x).max()
                same(out, expected, scale)
                same(F(given), expected, scale)
                assert turn == 0 or prepared(F)
    assert cupy.waits == 0


def test_nothing_is_allocated_or_planned(cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """What a capture into a graph asks for."""
    for F in OPERATORS.values():
        x = noise(RNG, F.dims, "c8" if F._result(np.dtype("f4")).kind == "c" else "f4")
        given, out = cupy.asarray(x), cupy.asarray(np.zeros(F.dimsd, x.dtype))
        F(given, out=out)
        with monkeypatch.context() as patch:
            for module, name in ((cupy, "empty"), (cupy, "zeros"), (ready_, "_launch"), (ready_, "passes")):
                patch.delattr(module, name)
            F(given, out=out)


def test_arrays_that_differ_take_another_path(cupy: Fake) -> None:  # noqa: F811
    F = oa.Conv([1.0, 2.0, 3.0]).on(8, mode="same")
    x = noise(RNG, (8,), "f4")
    expected = F(x)
    given, wide = cupy.asarray(x), cupy.asarray(np.zeros((8, 2), "f4"))
    F(given)
    F(given, out=wide[:, 1])
    same(wide[:, 1], expected, 10)
    wide[:, 0] = given
    same(F(wide[:, 0]), expected, 10)
    for out, message in [
        (given, "overlaps"),
        (cupy.asarray(np.zeros(9, "f4")), "shape"),
        (cupy.asarray(np.zeros(8)), "dtype"),
        (np.zeros(8, "f4"), "the host"),
    ]:
        with pytest.raises(oa.OpAlgebraError, match=message):
            F(given, out=out)
    with cupy.on(1):
        elsewhere = cupy.asarray(np.zeros(8, "f4"))
    with pytest.raises(oa.OpAlgebraError, match="CUDA Device 1"):
        F(given, out=elsewhere)


def test_an_output_that_begins_within_the_input_is_refused(cupy: Fake) -> None:  # noqa: F811
    F = oa.Conv([1.0, 2.0]).on(8, mode="same")
    both = cupy.asarray(np.ones(12, "f4"))
    F(both[:8])
    with pytest.raises(oa.OpAlgebraError, match="overlaps"):
        F(both[:8], out=both[4:])


def test_several_devices_and_streams_in_one_process(cupy: Fake) -> None:  # noqa: F811
    """A task enters the device of its array, and what is kept belongs to one stream of one device."""
    F = OPERATORS["two passes"]
    x = noise(RNG, F.dims, "f4")
    for device in (0, 1, 0, 1):
        with cupy.on(device):
            given, out = cupy.asarray(x), cupy.asarray(np.zeros(F.dimsd, "f4"))
        for _ in range(2):  # from device 0
            assert F(given, out=out).device.id == device
            assert F(given).device.id == device
        same(out, F(x), 300)
    cupy.stream = Stream(7)
    with cupy.on(1):
        F(given, out=out)
    between = [id(run.between[0]) for run in prepared(F) if run.dtype == np.dtype("f4") and len(run.shape) == 2]
    assert len(set(between)) == len(between) >= 3


def test_a_graph_keeps_what_lies_between_its_passes(cupy: Fake) -> None:  # noqa: F811
    F = oa.Conv(PRODUCT).on((20, 18))
    given, out = cupy.asarray(noise(RNG, F.dims, "f4")), cupy.asarray(np.zeros(F.dimsd, "f4"))
    F(given, out=out)
    (run,) = prepared(F)
    cupy.stream.capturing = True
    F(given, out=out)
    cupy.stream.capturing = False
    F(given, out=out)
    assert run not in prepared(F)
    assert F.__dict__["_captured"] == [run]
    assert pickle.loads(pickle.dumps(F)) == F


def test_passes_of_two_threads_do_not_mix(cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    F = OPERATORS["two passes"]
    arrays = [cupy.asarray(noise(RNG, F.dims, "f4")) for _ in range(4)]
    expected = [F(asnumpy(x)) for x in arrays]
    F(arrays[0])
    found: dict[int, list[Any]] = {k: [] for k in range(4)}

    def work(k: int) -> None:
        for _ in range(30):
            found[k].append(asnumpy(F(arrays[k])))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        for y in found[k]:
            assert np.allclose(y, expected[k], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("fault", ["strides", "device", "stream", "overlap", "graph"])
def test_a_planted_fault_is_found(fault: str, cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """What is kept for arrays, devices and streams that differ, and outputs that are not looked at."""
    source = cupy_.__loader__.get_source(cupy_.__name__)  # type: ignore[union-attr]
    right, wrong, test = {
        "strides": ("x.shape, x.strides, x.dtype", "x.shape, x.dtype", test_arrays_that_differ_take_another_path),
        "device": ("cupy.cuda.runtime.getDevice() != device", "False", test_several_devices_and_streams_in_one_process),
        "stream": ("key = device, stream.ptr,", "key = device, 0,", test_several_devices_and_streams_in_one_process),
        "overlap": (
            "first + out.nbytes <= x_first or x_first + x.nbytes <= first",
            "first != x_first",
            test_an_output_that_begins_within_the_input_is_refused,
        ),
        "graph": ("del operator._ready[key]", "pass", test_a_graph_keeps_what_lies_between_its_passes),
    }[fault]
    assert source.count(right) == 1
    made: dict[str, Any] = {"__name__": cupy_.__name__, "__package__": cupy_.__package__}
    exec(compile(source.replace(right, wrong), "planted", "exec"), made)
    monkeypatch.setattr("opalgebra.bound.arrays.devices.applied", made["applied"])
    for F in OPERATORS.values():
        F._ready.clear()
    with pytest.raises((AssertionError, pytest.fail.Exception, RuntimeError)):
        test(cupy)
