"""Machine code that is kept in files: found again, and not taken where it is stale, damaged, or another's."""

from __future__ import annotations

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opalgebra.engine.ways.compiled import folder, kernels, stored
from tests.engine.ways.compiled.test_threads import python

HERE = "opalgebra/engine/ways/compiled"
VERSION = f"from {HERE.replace('/', '.')} import stored; print(stored.version())"
SUMS = """
import sys, numpy as np
from opalgebra.engine.ways.compiled import plan
made = plan(np.array([1, 2, 3.]), [0], [2], [3], [(0, 6)], [(0, 3)], "f8", "edge")
print(made.kind, *made.run(np.array([1, 2, 4.])))
print("numba" in sys.modules)
"""
SUMMED = "sums 4.0 4.0 16.0 8.0 16.0 8.0"
COMPILED, LOADED = f"{SUMMED}\nTrue", f"{SUMMED}\nFalse"
has_owners = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners and modes here")


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of the package."""
    shutil.copytree(root / "opalgebra", tmp_path / "opalgebra", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    return tmp_path


def run(root: Path, cache: Path) -> str:
    return python(SUMS, root, OPALGEBRA_CACHE=str(cache))


def only_file(cache: Path) -> Path:
    (file,) = (cache / "code").iterdir()
    return file


def test_code_that_was_kept_is_loaded_without_numba(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path) == COMPILED
    file = only_file(tmp_path)
    assert "_each-float64-" in file.name
    whole = file.read_bytes()
    assert run(root, tmp_path) == LOADED
    assert only_file(tmp_path).read_bytes() == whole


def test_an_edit_of_what_loops_read_is_noticed(copy: Path) -> None:
    cache = copy / "cache"
    assert run(copy, cache) == COMPILED
    rules = copy / "opalgebra" / "engine" / "arrays" / "rules.py"
    text = rules.read_text(encoding="utf-8")
    assert "abs(self.sign) <<" in text
    rules.write_text(text.replace("abs(self.sign) <<", "(self.sign == 0) <<"), encoding="utf-8")
    assert run(copy, cache) == COMPILED  # code of before the edit takes edge for zero
    assert len(list((cache / "code").iterdir())) == 2


@pytest.mark.campaign(1)
@pytest.mark.parametrize("name", [f"{HERE}/loops/patches.py", f"{HERE}/kernels.py", "opalgebra/engine/arrays/rules.py"])
def test_code_of_before_an_edit_has_another_name(copy: Path, name: str) -> None:
    before = python(VERSION, copy)
    assert python(VERSION, copy) == before
    with (copy / name).open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    assert python(VERSION, copy) != before


def version() -> str:
    """The number for what code depends on, found anew."""
    found: str = stored.version.__wrapped__()
    return found


@pytest.mark.parametrize(
    ("variable", "matters"),
    [("NUMBA_OPT", True), ("NUMBA_CPU_NAME", True), ("NUMBA_CACHE_DIR", False), ("NUMBA_NUM_THREADS", False)],
)
def test_code_depends_on_what_numba_is_told(variable: str, matters: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = version()
    monkeypatch.setenv(variable, "1")
    assert (version() != before) == matters


@pytest.mark.parametrize("of", ["opalgebra.__version__", "llvmlite.__version__", "numpy.__version__", "sys.version",
                                "opalgebra.engine.ways.compiled.loops.processor.PROCESSOR"])  # fmt: skip
def test_code_depends_on_versions_and_the_processor(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = version()
    assert version() == before
    monkeypatch.setattr(of, "0")
    assert version() != before


def test_a_process_whose_files_were_edited_keeps_nothing(copy: Path) -> None:
    late = SUMS.replace(
        "made =",
        """
from opalgebra.engine.arrays import rules
with open(rules.__file__, "a", encoding="utf-8") as file:
    file.write("# edited")
made =""",
    )
    assert python(late, copy, OPALGEBRA_CACHE=str(copy / "cache")) == COMPILED
    assert not (copy / "cache").exists()


def test_a_package_without_files_keeps_nothing(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "HERE", Path("package.zip"))
    assert stored._texts() is None
    monkeypatch.setattr(stored, "TEXTS", None)
    assert stored.kept("one") is None
    stored.keep("two", stored.Code("symbol", b""))
    assert list(kept.parent.iterdir()) == [kept]


def damaged(whole: bytes) -> dict[str, bytes]:
    middle = len(whole) // 2
    return {
        "empty": b"",
        "cut off": whole[:middle],
        "longer": whole + b"\0",
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "no digest": whole[stored.DIGEST :],
        "text": b"not code\n" * 100,
    }


@pytest.mark.long
@pytest.mark.parametrize("how", list(damaged(bytes(99))))
def test_damaged_code_is_compiled_anew(root: Path, tmp_path: Path, how: str) -> None:
    run(root, tmp_path)
    file = only_file(tmp_path)
    file.write_bytes(damaged(file.read_bytes())[how])
    assert run(root, tmp_path) == COMPILED
    assert run(root, tmp_path) == LOADED


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of some code, which is not run."""
    monkeypatch.setenv("OPALGEBRA_CACHE", str(tmp_path))
    stored.keep("one", stored.Code("symbol", b"content\nof it"))
    assert stored.kept("one") == ("symbol", b"content\nof it")
    return only_file(tmp_path)


def test_code_under_another_name_is_not_taken(kept: Path) -> None:
    assert stored.kept("two") is None
    kept.rename(kept.with_name(kept.name.replace("one", "two")))
    assert stored.kept("two") is None


def test_all_damage_is_noticed(kept: Path) -> None:
    for data in damaged(kept.read_bytes()).values():
        kept.write_bytes(data)
        assert stored.kept("one") is None


@has_owners
def test_what_others_may_write_is_not_taken(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    for place, usual in ((kept, 0o600), (kept.parent, 0o700)):
        for more in (0o020, 0o002):
            place.chmod(usual | more)
            assert stored.kept("one") is None
        place.chmod(usual)
        assert stored.kept("one") is not None
    kept.parent.chmod(0o770)
    stored.keep("two", stored.Code("symbol", b""))
    assert list(kept.parent.iterdir()) == [kept]
    kept.parent.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: kept.stat().st_uid + 1)
    assert stored.kept("one") is None
    stored.keep("two", stored.Code("symbol", b""))
    assert list(kept.parent.iterdir()) == [kept]


def test_where_nothing_can_be_written(copy: Path) -> None:
    blocked = copy / "file"
    blocked.touch()
    for environment in ({"OPALGEBRA_CACHE": str(blocked)}, {"HOME": str(blocked), "XDG_CACHE_HOME": str(blocked)}):
        assert python(SUMS, copy, **{"OPALGEBRA_CACHE": ""} | environment) == COMPILED
    assert blocked.read_bytes() == b""


def test_without_a_home(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(stored, "directory", homeless)
    assert stored.kept("one") is None
    stored.keep("one", stored.Code("symbol", b""))


def test_a_file_that_cannot_be_finished_leaves_nothing(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    stored.keep("two", stored.Code("symbol", b""))
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.long
def test_many_processes_may_write_one_file(root: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert {found.partition("\n")[0] for found in pool.map(lambda _: run(root, tmp_path), range(4))} == {SUMMED}
    assert only_file(tmp_path).suffix != ".part"
    assert run(root, tmp_path) == LOADED


def test_code_that_needs_numba_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPALGEBRA_CACHE", str(tmp_path))
    real = kernels._compiled
    monkeypatch.setattr(kernels, "_compiled", lambda *given: (*real(*given)[:2], False))
    kernels.Loop("samples._scatter", kernels.INDEX)
    assert not (tmp_path / "code").exists()


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPALGEBRA_CACHE", str(tmp_path))
    assert folder.directory() == tmp_path
    monkeypatch.delenv("OPALGEBRA_CACHE")
    assert folder.directory().name == "opalgebra"
