"""One table of rules: its formula, the definitions, and all that continues an array by it agree, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from opalgebra.bound.sizes.runs import continued, identity
from opalgebra.engine.arrays import rules
from opalgebra.engine.arrays.boundary import Continuation
from opalgebra.engine.arrays.rules import RULES, Rule
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.ways.compiled import boxes
from opalgebra.engine.ways.compiled.loops import patches
from tests.cuda_shim.shim import COMPILER, Programs, ShimBackend
from tests.judge_bound import BOUNDARIES, continuation

LENGTHS = range(1, 6)
START, STOP = -12, 13
ROWS = range(STOP - START)


def by_the_formula(row: Rule, n: int) -> np.ndarray:
    """As the docstring of the table says it."""
    made, p = np.zeros((len(ROWS), n), dtype=np.int64), row.period(n)
    for y, i in zip(made, range(START, STOP), strict=True):
        if 0 <= i < n:
            y[i] = 1
        elif p == 0:
            y[0 if i < 0 else n - 1] = row.sign + row.slope
        else:
            t, r = divmod(i, p)
            y[r if r < n else 2 * n - 1 - row.skipped - r] = 1 if r < n else row.sign
            y[n - 1] += row.slope * (t + (r >= n))
            y[0] -= row.slope * t
    return made


def by_slices(row: Rule, n: int) -> np.ndarray:
    return Continuation(row.name, n, START, STOP).extend(np.eye(n, dtype=np.int64), 0)


def by_entries(row: Rule, n: int) -> np.ndarray:
    made = np.zeros((len(ROWS), n), dtype=np.int64)
    rows, columns, weights = Continuation(row.name, n, START, STOP).entries
    np.add.at(made, (rows, columns), weights)
    return made


def by_symbolic_runs(row: Rule, n: int) -> np.ndarray:
    made = np.zeros((len(ROWS), n), dtype=np.int64)
    for (_, (run,)), weight in continued({((0, 0), (identity(START, len(ROWS)),)): 1}, [row.name], [n]).items():
        for s in range(run.length):
            made[run.i + s * run.di - START, run.j + s * run.dj] += weight
    return made


def by_numba(row: Rule, n: int) -> np.ndarray:
    made = np.zeros((len(ROWS), n), dtype=np.int64)
    for y, i in zip(made, range(START, STOP), strict=True):
        found = i if 0 <= i < n else patches.fold.py_func(i, n, row.code)
        if found != -1:
            y[found if found >= 0 else -2 - found] = 1 if found >= 0 else -1
    return made


def by_boxes(row: Rule, n: int) -> np.ndarray:
    made = np.zeros((len(ROWS), n), dtype=np.int64)
    places, signs, low, count = boxes._folded(START, len(ROWS), n, row.code)
    made[low : low + count] = np.eye(n)[places] * (1 if signs is None else signs[:, None])
    return made


ALL: dict[str, Callable[[Rule, int], np.ndarray]] = {
    "formula": by_the_formula,
    "slices": by_slices,
    "entries": by_entries,
    "symbolic": by_symbolic_runs,
}
ONE_SAMPLE = {"numba": by_numba, "boxes": by_boxes}


def by_cuda(programs: Programs, name: str, n: int) -> np.ndarray:
    """The filter that does nothing, on every unit impulse."""
    fir, x = Fir(np.ones(1, dtype=np.int64), (0,), (1,), (1,)), np.eye(n, dtype=np.int64)
    y, windows = np.zeros((n, len(ROWS)), dtype=np.int64), (Window((START,), (len(ROWS),)), Window((0,), (n,)))
    return ShimBackend(programs).run(fir, y, x, *windows, boundary=[name]).T


def defined(name: str, n: int) -> np.ndarray:
    return continuation(name, n, -START, STOP - n)


def wrong(name: str) -> set[str]:
    """Who does not do what the rule of a name is defined to do."""
    adapters = ALL if RULES[name].slope else {**ALL, **ONE_SAMPLE}
    return {
        who
        for n in LENGTHS
        for who, made in adapters.items()
        if not np.array_equal(made(RULES[name], n), defined(name, n))
    }


def test_the_names_are_those_judged() -> None:
    assert set(RULES) == set(BOUNDARIES)
    assert all(name == rule.name for name, rule in RULES.items())
    assert rules.CODES.keys() == set(RULES) - {"antireflect"}
    assert rules.CODES["zero"] == 0
    assert len(set(rules.CODES.values())) == len(rules.CODES)


@pytest.mark.parametrize("name", RULES)
def test_all_do_as_defined(name: str) -> None:
    assert not wrong(name)


WRONG = [  # another value in every column of every row that reads it
    *((name, {"lengths": 2 if rule.lengths == 1 else 1}) for name, rule in RULES.items()),
    *((name, {"sign": -1 if rule.sign > 0 else 1}) for name, rule in RULES.items() if name != "wrap"),
    *((name, {"skipped": 1 - rule.skipped}) for name, rule in RULES.items() if rule.lengths),
    *((name, {"slope": rule.slope + 1}) for name, rule in RULES.items()),
]


@pytest.mark.parametrize(("name", "columns"), WRONG, ids=str)
def test_a_wrong_row_is_noticed_by_all(name: str, columns: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    row = RULES[name]._replace(**columns)
    monkeypatch.setitem(RULES, name, row)
    assert wrong(name) == {*ALL, *(() if row.slope else ONE_SAMPLE)}


@pytest.mark.skipif(COMPILER is None, reason="g++ is not here, so the CUDA source cannot be run on the CPU")
def test_the_cuda_source_does_as_defined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Programs(tmp_path)) as programs:

        def differs(name: str) -> bool:
            return any(not np.array_equal(by_cuda(programs, name, n), defined(name, n)) for n in LENGTHS)

        assert not any(map(differs, rules.CODES))
        for name, columns in WRONG:
            row = RULES[name]._replace(**columns)
            if not row.slope:
                with monkeypatch.context() as planted:
                    planted.setitem(rules.CODES, name, row.code)
                    assert differs(name), (name, columns)
