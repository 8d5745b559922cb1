"""All device tests and benchmarks in one go: ``python -m benchmarks.gpu --out gpu.json``, under eight minutes.

Every row is judged against the host in double precision, boundaries and transposes included, and timed beside a copy of
as many bytes on the same device and beside its peers where they are installed: ``cupyx.scipy.signal.upfirdn`` and
PyTorch.  Times are of captured graphs, or of many calls between two events; what a call costs the host stands apart.
The file is written after each row, and a row or a peer that fails is named in it with its failure.
"""

from __future__ import annotations

import argparse
import contextlib
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

from .occupancy import between

TESTS = [
    Path(__file__).resolve().parent.parent / "tests/engine/ways/cuda" / f"test_{name}.py"
    for name in ("device", "bound", "layers")
]
TESTED = 150.0  # seconds; tests after it are skipped
LIMIT = 420.0  # seconds; rows that would begin after it are left out, and named
Call = Callable[[], Any]


class Row(NamedTuple):
    """One task on arrays that lie on the device: a bound operator, what it is applied to, and its peers.

    ``on_host`` is the operator for arrays of the host, where that is another one, and ``gain`` a bound of Σ|h| of what
    meets in one output, where that is another one than the operator knows.
    """

    name: str
    operator: Any
    x: Any
    peers: dict[str, Call]
    on_host: Any = None
    gain: float | None = None

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
    peers = {}
    # Of one signal cupyx takes the axis itself; its index of rows × outputs has 32 bits.
    given = x[0] if batch == 1 else x
    if boundary == "zero" and F.dimsd[0] * up * batch < 2**31:
        peers["cupyx upfirdn"] = lambda: upfirdn(h, given, up, down)
    torch = torch_on_device()
    if torch is not None and boundary == "zero" and 1 in (up, down) and np.dtype(dtype).kind == "f":
        peers["torch"] = torch_rates(torch, h, x, up, down)
    rule = "" if boundary == "zero" else f", {boundary}"
    return Row(f"↑{up} ↓{down}, {taps} taps, {batch}×{n}, {dtype}{rule}", F, x, peers)


def adjoint(row: Row) -> Row:
    """The transpose, on what the operator gives; without peers."""
    return Row(f"transpose of {row.name}", row.operator.T, row.operator(row.x), {}, row.on_host and row.on_host.T)


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
    import cupy

    weight, x = noise((channels, channels, kernel, kernel), "f4"), noise((batch, channels, side, side), "f4")
    G = oa.nn.Conv(weight, padding=kernel // 2).grad_weight(x)
    y = noise(G.dimsd, "f4")
    torch, peers = torch_on_device(), {}
    if torch is not None:
        data, given = torch.from_dlpack(x), torch.from_dlpack(y)
        gradient = torch.nn.grad.conv2d_weight
        peers["torch"] = lambda: gradient(data, weight.shape, given, padding=kernel // 2)
    name = f"weight gradient, {channels}→{channels}, {kernel}×{kernel}, {batch}×{side}², f4"
    host = oa.nn.Conv(cupy.asnumpy(weight), padding=kernel // 2).grad_weight(cupy.asnumpy(x)).T
    return Row(name, G.T, y, peers, host, batch * side**2 * float(cupy.abs(x).max()))


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

ROW_SECONDS = 20.0  # for one row with its peers: building, judging and timing
ROUNDINGS = {"f": 30.0, "c": 60.0}  # what may differ, in units of Σ|h||x|: a kernel's sums, a transform's, a product's
Timing = dict[str, Any]


def per_call(call: Call, seconds: float = 0.4, torch: Any = None) -> Timing:
    """Milliseconds on the device: replays of a captured graph, or else many calls between two events.

    ``torch`` is given for its own calls, which are captured and replayed in its way, on the same stream.
    """
    import cupy

    cupy.cuda.Device().synchronize()
    stream = cupy.cuda.Stream(non_blocking=True)
    along = contextlib.nullcontext() if torch is None else torch.cuda.stream(torch.cuda.ExternalStream(stream.ptr))
    with stream, along:
        for _ in range(3):
            call()
        stream.synchronize()
        replay, why = captured_by_torch(torch, call) if torch is not None else captured(stream, call)
        run = replay or call
        once = between_events(stream, run, 1)
        count = max(1, min(1000, int(1e3 * seconds / 5 / max(once, 1e-3))))
        found = min(between_events(stream, run, count) for _ in range(5)) / count
    return {"ms": found, "by": "graph" if replay else f"calls ({why})", "runs": 5 * count}


def captured(stream: Any, call: Call) -> tuple[Call | None, str]:
    """What replays the call as a graph; None where it cannot be captured, and why."""
    try:
        stream.begin_capture()
        call()
        graph = stream.end_capture()
    except Exception as error:  # whatever a library says while it is captured, the row goes on
        with contextlib.suppress(Exception):
            stream.end_capture()
        return None, type(error).__name__
    return lambda: graph.launch(stream), ""


def captured_by_torch(torch: Any, call: Call) -> tuple[Call | None, str]:
    """The same with memory of PyTorch's own."""
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            call()
    except Exception as error:  # whatever PyTorch says while it is captured, the row goes on
        return None, type(error).__name__
    return graph.replay, ""


def between_events(stream: Any, run: Call, count: int) -> float:
    """Milliseconds of so many runs together."""
    import cupy

    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    begin.record(stream)
    for _ in range(count):
        run()
    end.record(stream)
    end.synchronize()
    return float(cupy.cuda.get_elapsed_time(begin, end))


def host_microseconds(call: Call, repeats: int = 50) -> float:
    """How long the host is busy with a call."""
    import cupy

    cupy.cuda.Device().synchronize()
    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    busy = time.perf_counter() - begin
    cupy.cuda.Device().synchronize()
    return 1e6 * busy / repeats


def judged(row: Row, y: Any) -> dict[str, Any]:
    """How far the result is from that of the host in double precision, for one entry of the batch, and the bound."""
    import cupy

    F = row.on_host or row.operator
    lead = row.x.ndim - len(F.dims)
    x, found = (cupy.asnumpy(array[(0,) * lead]) for array in (row.x, y))
    wide = x.astype("c16" if x.dtype.kind == "c" else "f8")
    error = float(np.abs(found - F(wide)).max(initial=0))
    gain = F._gain() if row.gain is None else row.gain
    unit = ROUNDINGS[found.dtype.kind] * float(np.finfo(found.dtype).eps)
    allowed = unit * gain * float(np.abs(x).max(initial=0))
    return {"error": error, "bound": allowed, "right": bool(error <= allowed)}


def measured(row: Row) -> dict[str, Any]:
    """One row of the outcome; a part that fails says so, and the others go on."""
    import cupy

    y = cupy.empty((*row.x.shape[: row.x.ndim - len(row.operator.dims)], *row.operator.dimsd), row.x.dtype)
    begin = time.perf_counter()
    row.ours(y)()
    cupy.cuda.Device().synchronize()
    found: dict[str, Any] = {"name": row.name, "first_call_ms": 1e3 * (time.perf_counter() - begin)}
    found["judged"] = guarded(lambda: judged(row, y))
    found["ours"] = guarded(lambda: per_call(row.ours(y)))
    found["call_us"] = guarded(lambda: host_microseconds(row.ours(y)))
    found["copy"] = guarded(lambda: per_call(copying(row.x.nbytes + y.nbytes), 0.2))
    if "ms" in found["ours"] and "ms" in found["copy"]:
        found["of_copy_bandwidth"] = found["copy"]["ms"] / found["ours"]["ms"]
    found["peers"] = {}
    for name, call in row.peers.items():
        if time.perf_counter() - begin > ROW_SECONDS:
            found["peers"][name] = {"error": "out of time"}
            continue
        torch = torch_on_device() if name == "torch" else None
        found["peers"][name] = guarded(lambda call=call, torch=torch: timed_peer(call, y, torch))
    return found


def copying(count: int) -> Call:
    """A copy that reads and writes so many bytes together."""
    import cupy

    source = cupy.empty(max(1, count // 2), "u1")
    target = cupy.empty_like(source)
    return lambda: target.data.copy_from_device_async(source.data, source.nbytes)


def guarded(part: Call) -> Any:
    """What a part gives, or what it failed with: no failure may lose what was measured before."""
    try:
        return part()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def timed_peer(call: Call, ours: Any, torch: Any = None) -> Timing:
    """The peer's time; what differs is said and not timed."""
    import cupy

    theirs = cupy.asarray(call())
    if theirs.ndim < ours.ndim:
        theirs = theirs.reshape((1,) * (ours.ndim - theirs.ndim) + theirs.shape)
    # conv_transpose with a stride ends where its last sample does, and cupyx counts outputs in its own way
    both = tuple(slice(0, min(a, b)) for a, b in zip(ours.shape, theirs.shape, strict=True))
    size = float(cupy.abs(ours).max())
    # cuDNN may multiply float32 in TF32, of ten bits; nothing rounds double precision like that
    allowed = 2e-2 if ours.dtype.name in ("float32", "complex64") else 1e-10
    off = float(cupy.abs(theirs[both] - ours[both]).max())
    if not off <= allowed * size:
        return {"error": f"the results differ by {off:.2g} of {size:.2g}"}
    return per_call(call, torch=torch)


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


def run_rows(outcome: dict[str, Any], write: Callable[[], None], until: float) -> None:
    """Every row into the outcome, which is written after each; a row that fails is named with its failure."""
    import cupy

    for number, build in enumerate(rows()):
        if time.perf_counter() > until:
            outcome["left_out"].append(number)
            continue
        found = guarded(lambda build=build: measured(build()))
        outcome["rows" if "name" in found else "failed_rows"].append({"number": number, **found})
        print(json.dumps(found, ensure_ascii=False), flush=True)
        write()
        guarded(cupy.get_default_memory_pool().free_all_blocks)


def run_tests(counter: Counter) -> None:
    """The tests of the device, in this process."""
    alone = "addopts=--import-mode=importlib"  # one device, and no need for pytest-xdist
    pytest.main([*map(str, TESTS), "-o", alone, "-k", "device", "-q", "-p", "no:cacheprovider"], plugins=[counter])


def table(outcome: dict[str, Any]) -> str:
    """The rows of a file as Markdown."""
    lines = [
        f"{outcome['device']}, driver {outcome['driver']}, CuPy {outcome['versions']['cupy']}, {outcome['date']}.",
        "",
    ]
    lines += ["| work | ms | of a copy | call, µs | right | peers, ms |", "| --- | ---: | ---: | ---: | --- | --- |"]
    for row in outcome["rows"]:
        peers = ", ".join(f"{name} {shown(found)}" for name, found in row["peers"].items()) or "–"
        share = f"{row['of_copy_bandwidth']:.0%}" if "of_copy_bandwidth" in row else "–"
        call = f"{row['call_us']:.0f}" if isinstance(row["call_us"], float) else "failed"
        right = {True: "yes", False: "**no**"}.get(row["judged"].get("right"), "failed")
        lines.append(f"| {row['name']} | {shown(row['ours'])} | {share} | {call} | {right} | {peers} |")
    lines += [f"\nFailed: {row['number']}, {row['error']}" for row in outcome["failed_rows"]]
    if outcome["left_out"]:
        lines.append(f"\nLeft out for time: {', '.join(map(str, outcome['left_out']))}.")
    return "\n".join(lines) + "\n"


def shown(found: dict[str, Any]) -> str:
    """A time, or why there is none."""
    return f"{found['ms']:.3f}" if "ms" in found else f"({found['error']})"


def main(arguments: list[str] | None = None) -> int:
    """Run everything and write one JSON file after each row; or put the table of a file into a page."""
    parser = argparse.ArgumentParser(prog="benchmarks.gpu", description="device tests and benchmarks")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--table", type=Path, help="print the table of a file that was written before")
    parser.add_argument("--into", type=Path, help="put it into this page, between its marks")
    options = parser.parse_args(arguments)
    if options.table is not None:
        text = table(json.loads(options.table.read_text(encoding="utf-8")))
        if options.into is None:
            print(text)
        else:
            page = options.into.read_text(encoding="utf-8")
            marked = between(page, "<!-- measured -->\n", "<!-- end of measured -->", text)
            options.into.write_text(marked, encoding="utf-8")
        return 0
    reason = reason_against()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 1
    begin, counter = time.perf_counter(), Counter()
    outcome: dict[str, Any] = {**machine(), "rows": [], "failed_rows": [], "left_out": []}

    def write() -> None:
        outcome["tests"] = {**counter.outcomes, "failures": counter.failed}
        outcome["seconds"] = time.perf_counter() - begin
        made = options.out.with_suffix(".part")
        made.write_text(json.dumps(outcome, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        made.replace(options.out)

    run_tests(counter)
    write()
    run_rows(outcome, write, begin + LIMIT)
    write()
    wrong = [row["name"] for row in outcome["rows"] if row["judged"].get("right") is not True]
    return 1 if counter.failed or wrong or outcome["failed_rows"] or not counter.outcomes.get("passed") else 0


if __name__ == "__main__":
    sys.exit(main())
