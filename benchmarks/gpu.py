"""All device tests and benchmarks in one go: ``python -m benchmarks.gpu --out gpu.json``, under eight minutes.

Every row is timed beside a copy of as many bytes on the same device, and beside its peers where they are installed:
``cupyx.scipy.signal.upfirdn`` and PyTorch.  A row whose results differ is reported and not timed.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import opalgebra as oa

TESTS = [
    Path(__file__).resolve().parent.parent / "tests" / f"test_cuda_{name}.py" for name in ("device", "bound", "layers")
]
TESTED = 200.0  # seconds; tests after it are skipped
LIMIT = 420.0  # seconds; rows after it are left out, and named
Call = Callable[[], Any]


class Row(NamedTuple):
    """One task on arrays that lie on the device: a bound operator, what it is applied to, and its peers."""

    name: str
    operator: Any
    x: Any
    peers: dict[str, Call]

    def ours(self, y: Any) -> Call:
        """The call that a user makes, into an array that is there already."""
        return lambda: self.operator(self.x, out=y)


class Counter:
    """What pytest found."""

    def __init__(self) -> None:
        self.outcomes: dict[str, int] = {}
        self.failed: list[str] = []
        self.begin = time.perf_counter()

    def pytest_runtest_setup(self, item: Any) -> None:
        if time.perf_counter() - self.begin > TESTED:
            pytest.skip("out of time")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.outcome] = self.outcomes.get(report.outcome, 0) + 1
            if report.outcome == "failed":
                self.failed.append(report.nodeid)


def reason_against() -> str | None:
    """Why nothing can be run."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed; pip install 'opalgebra[cuda13]', or [cuda12] for older drivers"
    import cupy

    try:
        cupy.cuda.Device().compute_capability  # noqa: B018
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CuPy finds no working CUDA device: {error}"
    return None


# Rows ---------------------------------------------------------------------------------------------------------


def noise(shape: tuple[int, ...], dtype: str) -> Any:
    import cupy

    made = np.random.default_rng(0).standard_normal(shape)
    return cupy.asarray(made.astype(dtype))


def letters(h: np.ndarray, up: Any, down: Any) -> Any:
    """↓M (h∗) ↑L, as the algebra writes it."""
    return oa.Down(down) @ oa.Conv(h) @ oa.Up(up)


def rates(taps: int, up: int, down: int, n: int, dtype: str, batch: int = 1, boundary: str = "zero") -> Row:
    """A filter between two rates along the last axis."""
    import cupy
    from cupyx.scipy.signal import upfirdn

    h, x = noise((taps,), dtype), noise((batch, n), dtype)
    F = letters(cupy.asnumpy(h), up, down).on(n, out=-(-((n - 1) * up + taps) // down), boundary=boundary)
    peers = {"cupyx upfirdn": lambda: upfirdn(h, x, up, down)} if boundary == "zero" else {}
    torch = torch_on_device()
    if torch is not None and boundary == "zero" and 1 in (up, down) and np.dtype(dtype).kind == "f":
        peers["torch"] = torch_rates(torch, h, x, up, down)
    rule = "" if boundary == "zero" else f", {boundary}"
    return Row(f"↑{up} ↓{down}, {taps} taps, {batch}×{n}, {dtype}{rule}", F, x, peers)


def adjoint(row: Row) -> Row:
    """The transpose, on what the operator gives; without peers."""
    return Row(f"transpose of {row.name}", row.operator.T, row.operator(row.x), {})


def torch_on_device() -> Any:
    """PyTorch, where it has the device."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    return torch if torch.cuda.is_available() else None


def torch_rates(torch: Any, h: Any, x: Any, up: int, down: int) -> Call:
    """conv1d or conv_transpose1d, whose taps run the other way."""
    data = torch.from_dlpack(x)[:, None]
    if up > 1:
        taps = torch.from_dlpack(h)[None, None]
        return lambda: torch.nn.functional.conv_transpose1d(data, taps, stride=up)[:, 0]
    taps = torch.from_dlpack(h[::-1].copy())[None, None]
    return lambda: torch.nn.functional.conv1d(data, taps, stride=down, padding=h.size - 1)[:, 0]


def images(kernel: tuple[int, int], up: int, down: int, side: int, dtype: str) -> Row:
    """A filter on two axes."""
    import cupy

    h, x = noise(kernel, dtype), noise((side, side), dtype)
    sizes = tuple(-(-((side - 1) * up + k) // down) for k in kernel)
    F = letters(cupy.asnumpy(h), (up, up), (down, down)).on((side, side), out=sizes)
    torch, peers = torch_on_device(), {}
    if torch is not None:
        data = torch.from_dlpack(x)[None, None]
        if up > 1:
            taps = torch.from_dlpack(h)[None, None]
            peers["torch"] = lambda: torch.nn.functional.conv_transpose2d(data, taps, stride=up)[0, 0]
        else:
            taps = torch.from_dlpack(h[::-1, ::-1].copy())[None, None]
            padding = (kernel[0] - 1, kernel[1] - 1)
            peers["torch"] = lambda: torch.nn.functional.conv2d(data, taps, stride=down, padding=padding)[0, 0]
    return Row(f"↑{up} ↓{down}, {kernel[0]}×{kernel[1]} taps, {side}², {dtype}", F, x, peers)


def layer(batch: int, ins: int, outs: int, side: int, kernel: int, up: int, down: int, groups: int = 1) -> Row:
    """A convolution between channels, or for each by itself, as a layer; ↑ is a transposed one."""
    import cupy

    shape = (ins, outs // groups) if up > 1 else (outs, ins // groups)
    weight, x = noise((*shape, kernel, kernel), "f4"), noise((batch, ins, side, side), "f4")
    if up > 1:
        made: Any = oa.nn.ConvTranspose(cupy.asnumpy(weight), stride=up, groups=groups)
    else:
        made = oa.nn.Conv(cupy.asnumpy(weight), stride=down, padding=kernel - 1, groups=groups)
    torch, peers = torch_on_device(), {}
    if torch is not None:
        data, taps, functions = torch.from_dlpack(x), torch.from_dlpack(weight), torch.nn.functional
        if up > 1:
            peers["torch"] = lambda: functions.conv_transpose2d(data, taps, stride=up, groups=groups)
        else:
            peers["torch"] = lambda: functions.conv2d(data, taps, stride=down, padding=kernel - 1, groups=groups)
    parts = f" in {groups} groups" if groups > 1 else ""
    name = f"{ins}→{outs} channels{parts}, {kernel}×{kernel}, ↑{up} ↓{down}, {batch}×{side}², f4"
    return Row(name, made.on((side, side)), x, peers)


def weight_gradient(batch: int, channels: int, side: int, kernel: int) -> Row:
    """The gradient of the weight of a convolution."""
    weight, x = noise((channels, channels, kernel, kernel), "f4"), noise((batch, channels, side, side), "f4")
    G = oa.nn.Conv(weight, padding=kernel // 2).grad_weight(x)
    y = noise(G.dimsd, "f4")
    torch, peers = torch_on_device(), {}
    if torch is not None:
        data, given = torch.from_dlpack(x), torch.from_dlpack(y)
        gradient = torch.nn.grad.conv2d_weight
        peers["torch"] = lambda: gradient(data, weight.shape, given, padding=kernel // 2)
    return Row(f"weight gradient, {channels}→{channels}, {kernel}×{kernel}, {batch}×{side}², f4", G.T, y, peers)


def rows() -> list[Callable[[], Row]]:
    """All tasks, built one at a time so that memory is free again."""
    shapes = [(31, 1, 1), (4, 2, 1), (32, 2, 1), (31, 1, 2), (61, 2, 3), (2560, 160, 147), (1023, 1, 1), (16, 1, 1)]
    made: list[Callable[[], Row]] = []
    for taps, up, down in shapes:
        for dtype in ("f4", "f8"):
            made.append(lambda t=taps, u=up, d=down, k=dtype: rates(t, u, d, 2**24, k))
    made += [lambda k=k: rates(32, 2, 1, 2**22, k) for k in ("c8", "c16")]
    made += [lambda n=n: rates(31, 1, 1, 2**n, "f4") for n in range(4, 27, 4)]
    made += [lambda t=t: rates(t, 1, 1, 2**22, "f4") for t in (3, 63, 255, 4095, 16383)]
    made += [lambda: rates(31, 1, 1, 4096, "f4", 4096)]
    made += [lambda s=s: images((4, 4), 2, 1, s, "f4") for s in (64, 1024, 4096)]
    made += [lambda: images((7, 7), 1, 1, 2048, "f4"), lambda: images((3, 3), 1, 2, 4096, "f4")]
    made += [lambda b=b: rates(31, 2, 1, 2**22, "f4", boundary=b) for b in ("wrap", "symmetric", "antireflect")]
    made += [lambda: adjoint(rates(32, 2, 1, 2**24, "f4")), lambda: adjoint(images((4, 4), 2, 1, 2048, "f4"))]
    made += [lambda: adjoint(rates(31, 1, 2, 2**22, "f4", boundary="symmetric"))]
    made += [lambda: layer(1, 256, 256, 256, 3, 1, 1, 256), lambda: layer(1, 64, 64, 256, 4, 2, 1, 64)]
    made += [lambda: layer(4, 64, 64, 64, 4, 2, 1), lambda: layer(4, 64, 64, 64, 3, 1, 2)]
    made += [lambda: adjoint(layer(4, 64, 64, 64, 4, 2, 1)), lambda: weight_gradient(4, 64, 64, 3)]
    return made


# Measuring ----------------------------------------------------------------------------------------------------


def milliseconds(call: Call, repeats: int = 15) -> float:
    """The median, by events on the device, of runs queued together; the first ones do not count."""
    import cupy

    for _ in range(3):
        call()
    events = [(cupy.cuda.Event(), cupy.cuda.Event()) for _ in range(repeats)]
    for begin, end in events:
        begin.record()
        call()
        end.record()
    cupy.cuda.Device().synchronize()
    return float(np.median([cupy.cuda.get_elapsed_time(*pair) for pair in events]))


def measured(row: Row) -> dict[str, Any]:
    """One row of the outcome."""
    import cupy

    y = cupy.empty((*row.x.shape[: row.x.ndim - len(row.operator.dims)], *row.operator.dimsd), row.x.dtype)
    begin = time.perf_counter()
    row.ours(y)()
    cupy.cuda.Device().synchronize()
    found: dict[str, Any] = {"name": row.name, "first_call_ms": 1e3 * (time.perf_counter() - begin)}
    bytes_moved = row.x.nbytes + y.nbytes
    found["ours_ms"] = milliseconds(row.ours(y))
    found["call_us"] = host_microseconds(row.ours(y))
    source = cupy.empty(max(1, bytes_moved // 2), "u1")
    target = cupy.empty_like(source)
    found["copy_ms"] = milliseconds(lambda: target.data.copy_from_device_async(source.data, source.nbytes))
    found["of_copy_bandwidth"] = found["copy_ms"] / found["ours_ms"]
    found["peers_ms"] = {name: timed_peer(call, y) for name, call in row.peers.items()}
    return found


def timed_peer(call: Call, ours: Any) -> float | str:
    """The peer's time; what differs is said and not timed."""
    import cupy

    theirs = cupy.asarray(call())
    if theirs.ndim != ours.ndim:
        return f"another number of axes: {theirs.shape} beside {ours.shape}"
    # conv_transpose with a stride ends where its last sample does, and cupyx counts outputs in its own way
    both = tuple(slice(0, min(a, b)) for a, b in zip(ours.shape, theirs.shape, strict=True))
    size = float(cupy.abs(ours).max())
    if not float(cupy.abs(theirs[both] - ours[both]).max()) <= 2e-2 * size:  # cuDNN may multiply in TF32
        return "the results differ"
    return milliseconds(call)


def host_microseconds(call: Call, repeats: int = 50) -> float:
    """How long the host is busy with a call."""
    import cupy

    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    busy = time.perf_counter() - begin
    cupy.cuda.Device().synchronize()
    return 1e6 * busy / repeats


def machine() -> dict[str, Any]:
    """What it ran on."""
    import cupy

    device = cupy.cuda.Device()
    name = cupy.cuda.runtime.getDeviceProperties(device.id)["name"]
    torch = torch_on_device()
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "device": name.decode() if isinstance(name, bytes) else name,
        "compute_capability": device.compute_capability,
        "memory_bytes": device.mem_info[1],
        "driver": cupy.cuda.runtime.driverGetVersion(),
        "runtime": cupy.cuda.runtime.runtimeGetVersion(),
        "nvrtc": ".".join(map(str, cupy.cuda.nvrtc.getVersion())),
        "versions": {
            "python": platform.python_version(),
            "opalgebra": oa.__version__,
            "cupy": cupy.__version__,
            "numpy": np.__version__,
            "torch": None if torch is None else torch.__version__,
        },
        "torch_convolves_in_tf32": None if torch is None else torch.backends.cudnn.allow_tf32,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run everything and write one JSON file."""
    parser = argparse.ArgumentParser(prog="benchmarks.gpu", description="device tests and benchmarks")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    options = parser.parse_args(arguments)
    reason = reason_against()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 1
    import cupy

    begin, counter = time.perf_counter(), Counter()
    outcome: dict[str, Any] = machine()
    alone = "addopts=--import-mode=importlib"  # in this process: one device, and no need for pytest-xdist
    pytest.main([*map(str, TESTS), "-o", alone, "-k", "device", "-q", "-p", "no:cacheprovider"], plugins=[counter])
    outcome["tests"] = {**counter.outcomes, "failures": counter.failed}
    outcome["rows"], outcome["left_out"] = [], []
    for build in rows():
        row = build()
        if time.perf_counter() - begin > LIMIT:
            outcome["left_out"].append(row.name)
            continue
        outcome["rows"].append(measured(row))
        print(json.dumps(outcome["rows"][-1], ensure_ascii=False), flush=True)
        del row
        cupy.get_default_memory_pool().free_all_blocks()
    outcome["seconds"] = time.perf_counter() - begin
    options.out.write_text(json.dumps(outcome, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if counter.failed or not counter.outcomes.get("passed") else 0


if __name__ == "__main__":
    sys.exit(main())
