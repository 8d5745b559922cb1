"""Threads, forked processes and the cache of compiled code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways import compiled
from opalgebra.engine.ways.compiled import plan, runs, threads


def test_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_chosen", None)
    assert compiled.get_threads() == compiled.cpus()
    compiled.set_threads(3)
    assert compiled.get_threads() == 3
    for wrong in (0, -1, 1.5, "2", True, None):
        with pytest.raises(oa.FactorError, match="number of threads"):
            compiled.set_threads(wrong)  # type: ignore[arg-type]
    assert compiled.get_threads() == 3


def test_an_error_in_a_thread_arrives() -> None:
    def part(first: int, stop: int, _: Any) -> None:
        if first <= 70 < stop:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.share(part, 100, 4)


def test_several_threads_may_run_one_plan() -> None:
    x = np.random.default_rng(0).standard_normal(400_000)
    made = plan(np.arange(1.0, 32), [0], [2], [3], [(0, 260_000)], [(0, 400_000)], "f8")
    assert made.work > runs.THREAD_WORK
    want = made.run(x, threads=1)
    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(y, want) for y in pool.map(lambda _: made.run(x, threads=3), range(20)))


def python(code: str, directory: Path, **environment: str) -> str:
    """What a fresh interpreter prints; a warning is an error there, too."""
    command = [sys.executable, "-W", "error", "-c", code]
    given = {**os.environ, "PYTHONPATH": str(directory), **environment}
    result = subprocess.run(command, cwd=directory, env=given, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


FORK = """
import os, warnings, numpy as np
from opalgebra.engine.ways.compiled import plan, threads
x = np.random.default_rng(0).standard_normal(400_000)
made = plan(np.arange(1., 32.), [0], [2], [3], [(0, 260_000)], [(0, 400_000)], "f8")
want = made.run(x, threads=2)
assert threads._pool.cache_info().currsize == 1
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork with threads, which is what is tested
child = os.fork()
same = np.array_equal(made.run(x, threads=2), want)
if not child:
    os._exit(0 if same else 1)
print(same, os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_threads_after_a_fork(root: Path) -> None:
    assert python(FORK, root) == "True 0"


SUMS = """
import numpy as np
from opalgebra.engine.ways.compiled import plan
made = plan(np.array([1, 2, 3.]), [0], [2], [3], [(0, 6)], [(0, 3)], "f8", "edge")
print(made.kind, *made.run(np.array([1, 2, 4.])))
"""
SUMS_PRINT = "sums 4.0 4.0 16.0 8.0 16.0 8.0"


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of the package with no code in its cache."""
    shutil.copytree(root / "opalgebra", tmp_path / "opalgebra", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    return tmp_path


def test_the_cache_lies_where_it_is_told_and_notices_edits(copy: Path) -> None:
    cache = copy / "cache"
    assert python(SUMS, copy, NUMBA_CACHE_DIR=str(cache)) == SUMS_PRINT
    first = {path.name for path in cache.rglob("*.nbi")}
    assert len(first) == 1
    assert "_each_float64" in first.pop()
    rules = copy / "opalgebra" / "engine" / "arrays" / "rules.py"
    text = rules.read_text(encoding="utf-8")
    assert "abs(self.sign) <<" in text
    rules.write_text(text.replace("abs(self.sign) <<", "(self.sign == 0) <<"), encoding="utf-8")
    assert python(SUMS, copy, NUMBA_CACHE_DIR=str(cache)) == SUMS_PRINT  # code of before the edit takes edge for zero
    assert len(list(cache.rglob("*.nbi"))) == 2


def test_without_a_directory_for_the_cache(copy: Path) -> None:
    blocked = copy / "file"
    blocked.touch()
    (copy / "opalgebra" / "engine" / "ways" / "compiled" / "loops" / "__pycache__").touch()
    nowhere = str(blocked)
    shown = python(SUMS, copy, NUMBA_CACHE_DIR=nowhere, HOME=nowhere, XDG_CACHE_HOME=nowhere)
    assert shown == SUMS_PRINT
    assert not list(copy.rglob("*.nb?"))


def test_numba_is_imported_by_the_first_run(root: Path) -> None:
    code = "import sys; from opalgebra.engine.ways import compiled as c; print(c.available(), 'numba' in sys.modules)"
    assert python(code, root) == "True False"
    assert python(code, root, NUMBA_DISABLE_JIT="1") == "False False"
