"""Threads, forked processes, and when Numba is imported."""

from __future__ import annotations

import os
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


def test_numba_is_imported_by_the_first_run(root: Path) -> None:
    code = "import sys; from opalgebra.engine.ways import compiled as c; print(c.available(), 'numba' in sys.modules)"
    assert python(code, root) == "True False"
    assert python(code, root, NUMBA_DISABLE_JIT="1") == "False False"
