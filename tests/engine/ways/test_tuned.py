"""Measured ways are remembered in a file, which is a hint and never trusted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways import tuned
from opalgebra.engine.ways.choose import choose


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own for every test."""
    monkeypatch.setenv("OPALGEBRA_CACHE", str(tmp_path))
    return tmp_path


def job(taps: int = 31) -> tuple[Fir, Window, Window]:
    n = 5000
    return Fir(np.ones(taps), (0,), (1,), (1,)), Window((0,), (n + taps - 1,)), Window((0,), (n,))


def key(**named: object) -> str:
    fir, written, read = job()
    given = {"action": fir, "written": written, "read": read, "batch": 1, "dtype": np.float32, "kind": "filter"}
    return tuned.key_of(**(given | named))  # type: ignore[arg-type]


def way_of(fir: Fir, written: Window, read: Window) -> str:
    return choose(fir, written, read, 1, np.dtype(np.float64), "auto").way.name


def test_what_is_remembered_is_taken_and_lies_in_one_file(folder: Path) -> None:
    fir, written, read = job()
    assert tuned.state() is None
    assert way_of(fir, written, read) == "tiles"
    file = tuned.remember({tuned.key_of(fir, written, read, 1, np.float64, "filter"): "slices"})
    assert list(folder.iterdir()) == [file]
    assert tuned.state() is not None
    assert way_of(fir, written, read) == "slices"
    assert choose(fir, written, read, 1, np.dtype(np.float64), "auto").why == "measured by oa.tune"
    assert way_of(*job(33)) == "tiles"
    assert choose(fir, written, read, 1, np.dtype(np.float64), "numba").way.name == "tiles"  # asked for


def test_more_is_added_to_what_is_known(folder: Path) -> None:
    tuned.remember({"a": "slices"})
    tuned.remember({"b": "tiles"})
    assert tuned.known() == {"a": "slices", "b": "tiles"}


def test_other_threads_have_another_file(folder: Path) -> None:
    before = oa.get_threads()
    try:
        oa.set_threads(1)
        tuned.remember({"a": "slices"})
        oa.set_threads(3)
        assert tuned.known() == {}
        tuned.remember({"a": "tiles"})
        oa.set_threads(1)
        assert tuned.known() == {"a": "slices"}
    finally:
        oa.set_threads(before)
    assert len(list(folder.iterdir())) == 2


def test_a_way_that_cannot_serve_is_not_taken() -> None:
    fir, written, read = job()
    for name in ("oneDNN", "matrix product", "gather", "cuFFT", "separable", "overlap-save", "no such way"):
        tuned.remember({tuned.key_of(fir, written, read, 1, np.float64, "filter"): name})
        assert way_of(fir, written, read) == "tiles"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"header": 1, "ways": {}}', '{"header": {}, "ways": 3}', "\x00\xff"]
)
def test_a_file_that_cannot_be_read_is_ignored_with_a_warning(text: str) -> None:
    file = tuned.path()
    file.write_text(text, "utf-8")
    tuned._stored.cache_clear()
    with pytest.warns(RuntimeWarning, match="is not used"):
        assert tuned.known() == {}
    assert tuned.state() is None
    tuned.remember({"a": "slices"})  # written anew
    assert json.loads(file.read_text("utf-8"))["ways"] == {"a": "slices"}


@pytest.mark.parametrize("name", ["format", "package", "processor", "threads"])
def test_a_file_of_another_kind_is_ignored_with_a_warning(name: str) -> None:
    file = tuned.remember({"a": "slices"})
    told = json.loads(file.read_text("utf-8"))
    told["header"][name] = "another"
    file.write_text(json.dumps(told), "utf-8")
    tuned._stored.cache_clear()
    with pytest.warns(RuntimeWarning, match="another version"):
        assert tuned.known() == {}


def test_nothing_half_written_takes_the_place_of_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tuned.remember({"a": "slices"})

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        tuned.remember({"b": "tiles"})
    assert json.loads(file.read_text("utf-8"))["ways"] == {"a": "slices"}


def test_the_key_tells_jobs_apart() -> None:
    _, written, read = job()
    zero = np.ones(31)
    zero[3] = 0
    others = [
        key(), key(batch=2), key(dtype=np.float64), key(kind="gradient"), key(action=Fir(zero, (0,), (1,), (1,))),
        key(action=Fir(np.ones(31), (1,), (1,), (1,))), key(action=Fir(np.ones(31), (0,), (2,), (1,))),
        key(written=read), key(read=written),
    ]  # fmt: skip
    assert len(set(others)) == len(others)
    assert key(action=Fir(2 * np.ones(31), (0,), (1,), (1,))) == key()  # what taps are changes no time


def test_the_directory_is_that_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPALGEBRA_CACHE")
    monkeypatch.setattr(tuned.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/some/where")
    assert tuned.directory() == Path("/some/where/opalgebra")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert tuned.directory() == Path.home() / ".cache" / "opalgebra"
    monkeypatch.setattr(tuned.sys, "platform", "darwin")
    assert tuned.directory() == Path.home() / "Library" / "Caches" / "opalgebra"
    monkeypatch.setattr(tuned.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert tuned.directory() == Path("/local/opalgebra")
