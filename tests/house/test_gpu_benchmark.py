"""``benchmarks.gpu`` dry, with a module in CuPy's place: what it writes, judges and survives."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal

import opalgebra as oa
from benchmarks import gpu
from tests.cuda_shim.fake_cupy import Fake, asnumpy, on_arrays
from tests.cuda_shim.places import cupy, same  # noqa: F401


@pytest.fixture
def bench(cupy: Fake, monkeypatch: pytest.MonkeyPatch) -> Fake:  # noqa: F811
    signal: Any = types.ModuleType("cupyx.scipy.signal")
    signal.upfirdn = on_arrays(scipy.signal.upfirdn)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.signal", signal)
    monkeypatch.setattr(gpu, "torch_on_device", lambda: None)
    monkeypatch.setattr(gpu, "reason_against", lambda: None)
    monkeypatch.setattr(gpu, "run_tests", lambda counter: counter.outcomes.update(passed=1))
    cupy.may_wait = True
    return cupy


SMALL: list[Callable[[], gpu.Row]] = [
    lambda: gpu.rates(9, 2, 3, 40, "f4"),
    lambda: gpu.rates(9, 1, 1, 40, "f8", 3, "symmetric"),
    lambda: gpu.rates(9, 1, 2, 40, "c8", boundary="antireflect"),
    lambda: gpu.images((3, 4), 2, 1, 9, "f4"),
    lambda: gpu.images((3, 4), 1, 2, 9, "f4"),
    lambda: gpu.layer(2, 4, 6, 8, 4, 2, 1),
    lambda: gpu.layer(2, 4, 6, 8, 3, 1, 2),
    lambda: gpu.layer(1, 4, 4, 8, 3, 1, 1, 4),
    lambda: gpu.weight_gradient(2, 3, 6, 3),
    lambda: gpu.adjoint(gpu.rates(9, 2, 1, 40, "f4")),
    lambda: gpu.adjoint(gpu.layer(2, 4, 6, 8, 4, 2, 1)),
]


def test_every_row_is_judged_and_timed(bench: Fake) -> None:
    assert len(gpu.rows()) > 40
    for build in SMALL:
        row = build()
        found = gpu.measured(row)
        assert found["judged"]["right"], found
        assert found["ours"]["ms"] > 0
        assert found["ours"]["by"] == "graph"
        assert all(peer["ms"] > 0 for peer in found["peers"].values())
        x = asnumpy(row.x)
        y = bench.empty((*x.shape[: x.ndim - len(row.operator.dims)], *row.operator.dimsd), x.dtype)
        row.ours(y)()
        same(y, (row.on_host or row.operator)(x), 100 * np.abs(x).max())


def test_what_fails_is_written_and_survived(bench: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that cannot be built, a wrong one, a peer that raises and one that differs; and a page from the file."""

    def broken() -> gpu.Row:
        raise MemoryError("no room")

    def with_peers() -> gpu.Row:
        row = gpu.rates(9, 2, 1, 40, "f4")
        return row._replace(peers={"raises": lambda: 1 // 0, "differs": lambda: 2 * row.operator(row.x), **row.peers})

    def wrong() -> gpu.Row:
        row = gpu.rates(9, 2, 1, 40, "f8")
        return row._replace(name="wrong", on_host=1.000001 * row.operator)

    seen: list[int] = []

    def build(make: Callable[[], gpu.Row]) -> Callable[[], gpu.Row]:
        def made() -> gpu.Row:
            seen.append(len(json.loads(out.read_text())["rows"]))  # what a crash now would leave
            return make()

        return made

    out, page = tmp_path / "gpu.json", tmp_path / "gpu.md"
    monkeypatch.setattr(gpu, "rows", lambda: [build(make) for make in (with_peers, broken, wrong, SMALL[0])])
    assert gpu.main(["--out", str(out)]) == 1
    found = json.loads(out.read_text())
    assert seen == [0, 1, 1, 2]
    assert [row["name"][:5] for row in found["rows"]] == ["↑2 ↓1", "wrong", "↑2 ↓3"]
    peers = found["rows"][0]["peers"]
    assert "ZeroDivisionError" in peers["raises"]["error"]
    assert "differ" in peers["differs"]["error"]
    assert peers["cupyx upfirdn"]["ms"] > 0
    assert "no room" in found["failed_rows"][0]["error"]
    assert not found["rows"][1]["judged"]["right"]
    page.write_text("a\n<!-- measured -->\nold\n<!-- end of measured -->\nb\n")
    assert gpu.main(["--table", str(out), "--into", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("a\n")
    assert text.endswith("<!-- end of measured -->\nb\n")
    assert "**no**" in text
    assert "no room" in text
    assert "old" not in text


def test_rows_past_the_limit_are_named(bench: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "LIMIT", -1.0)
    monkeypatch.setattr(gpu, "rows", lambda: SMALL[:2])
    out = tmp_path / "gpu.json"
    assert gpu.main(["--out", str(out)]) == 0
    assert json.loads(out.read_text())["left_out"] == [0, 1]


def test_what_cannot_be_captured_is_called(bench: Fake) -> None:
    def call() -> None:
        if bench.stream.capturing:
            raise RuntimeError("not while it is captured")

    found = gpu.per_call(call)
    assert found["by"] == "calls (RuntimeError)"
    assert not bench.stream.capturing


def test_the_tests_that_it_runs_are_there() -> None:
    assert all(file.exists() for file in gpu.TESTS)
    assert oa.__version__
