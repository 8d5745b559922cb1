"""The comparison with SciPy: it runs, its checks see wrong results, its columns are right.  No time is asserted."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest

import opalgebra as oa
from benchmarks import resampling
from benchmarks.engines import cases, line
from benchmarks.tasks import sections
from opalgebra import bench
from opalgebra.cli import main

TASKS = bench.tasks(scale=8)


@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8"])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_all_ways_of_a_task_agree(task, dtype, adjoint):
    row = bench.compare(task, dtype, adjoint and task.adjoint, repeats=1)
    assert set(row.peers) == set(task.peers)
    assert row.spread <= bench.OURS_AT_MOST * 2
    assert row.best in task.peers


def test_a_wrong_operator_is_not_timed():
    task = TASKS[0]
    shifted = replace(task, bind=lambda h: oa.Conv(h[::-1].copy()).on(task.data[0]))
    with pytest.raises(bench.Disagreement, match=r"31 taps.*opalgebra by"):
        bench.compare(shifted, "f8", repeats=1)
    shorter = replace(task, bind=lambda h: oa.Conv(h).on(task.data[0], mode="same"))
    with pytest.raises(bench.Disagreement, match="opalgebra by inf"):
        bench.compare(shorter, "f4", repeats=1)


def test_a_wrong_peer_is_not_timed():
    def doubled(h, x, adjoint):
        return lambda: 2 * np.convolve(h, x)

    task = replace(TASKS[0], peers={**TASKS[0].peers, "doubled": doubled})
    with pytest.raises(bench.Disagreement, match="float64: doubled by"):
        bench.compare(task, "f8", repeats=1)


def test_a_judge_that_cannot_run_is_refused():
    task = replace(TASKS[0], peers={"none": lambda h, x, adjoint: None})
    with pytest.raises(oa.OperandError, match="the first peer judges"):
        bench.compare(task, "f8", repeats=1)


@pytest.mark.parametrize(("up", "down", "taps"), [(1, 2, 5), (3, 1, 7), (2, 3, 8), (5, 4, 21), (3, 2, 6)])
def test_the_adjoint_of_upfirdn_is_its_transposed_matrix(up, down, taps):
    n = 17
    rng = np.random.default_rng(up)
    h = rng.standard_normal(taps) + 1j * rng.standard_normal(taps)
    make = bench.upfirdn(up, down, n)
    matrix = np.stack([make(h, column, False)() for column in np.eye(n)], axis=1)
    back = np.stack([make(h, column, True)() for column in np.eye(len(matrix))], axis=1)
    np.testing.assert_allclose(back, matrix.conj().T, atol=1e-14)


def test_rounding_errors_are_relative_to_the_sum_of_the_same_sample():
    exact, scale = np.array([1.0, 0.0]), np.array([4.0, 0.0])
    assert bench.rounding_errors(np.array([1 + 2**-50, 0.0]), exact, scale) == 1.0
    assert bench.rounding_errors(np.array([1.0, 1e-300]), exact, scale) == np.inf
    assert bench.rounding_errors(np.array([1.0]), exact, scale) == np.inf
    assert not bench.rounding_errors(np.array([np.nan, 0.0]), exact, scale) <= 4


def test_medians_call_all_ways_in_turn():
    seen = []
    found = bench.medians({"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, repeats=3)
    assert set(found) == {"a", "b"}
    assert seen[:2] == ["a", "b"]
    turns = [name for i, name in enumerate(seen[2:]) if i == 0 or name != seen[1 + i]]
    assert turns == ["a", "b"] * 3


def test_medians_drop_what_is_over_its_budget(monkeypatch):
    monkeypatch.setattr(bench, "_seconds", lambda run, calls: run())
    calls = []
    found = bench.medians({"slow": lambda: calls.append("slow") or 4.0, "fast": lambda: 1.0}, repeats=5, budget=3.0)
    assert found == {"slow": 4.0, "fast": 1.0}
    assert len(calls) == 2  # once beforehand, and one round


def row(ours, **peers):
    return bench.Row(TASKS[0], "f4", "forward", ours, peers, error=100.0, spread=0.5)


def test_the_table_has_the_best_peer_and_says_what_is_slower():
    fast, slow = row(1e-3, upfirdn=4e-3, oaconvolve=2e-3), row(4e-3, upfirdn=1e-3)
    assert (fast.best, fast.ratio, slow.ratio) == ("oaconvolve", 2.0, 0.25)
    name = TASKS[0].name
    assert bench.cells(fast) == (name, "float32", "forward", "1 ms", "2 ms", "oaconvolve", "2×", "0.5*")
    assert bench.cells(slow)[-2] == "0.25× slower"
    assert bench.accuracy(replace(fast, error=3.0)) == "3.0"


def test_the_command_prints_a_row_per_task_dtype_and_direction():
    out = io.StringIO()
    assert bench.main(out, repeats=1, scale=8) == 0
    head, rule, *lines = out.getvalue().split("\n\n")[0].splitlines()
    assert re.split(r" {2,}", head) == list(bench.HEAD)
    assert set(rule) == {"-"}
    assert len(lines) == sum(2 * (1 + task.adjoint) for task in TASKS)
    assert "geometric mean" in out.getvalue()


def test_the_command_fails_where_a_result_is_wrong(monkeypatch, capsys):
    broken = replace(TASKS[0], bind=lambda h: oa.Conv(2 * h).on(TASKS[0].data[0]))
    monkeypatch.setattr(bench, "tasks", lambda scale: [broken])
    assert bench.main(io.StringIO(), repeats=1) == 1
    assert "opalgebra by" in capsys.readouterr().err


def test_the_command_line_reaches_it(monkeypatch, capsys):
    every = bench.tasks
    monkeypatch.setattr(bench, "tasks", lambda scale: every(8)[:1])
    assert main(["bench"]) == 0
    assert capsys.readouterr().out.startswith("what ")


def test_no_round_is_refused():
    with pytest.raises(oa.OperandError, match="at least 1"):
        bench.main(io.StringIO(), repeats=0)


def every_case():
    """The tasks of ``python -m benchmarks.engines`` that a peer installed here can judge, far smaller."""
    return [
        pytest.param(task, dtype, adjoint, id=f"{task.name}-{dtype}-{'adjoint' if adjoint else 'forward'}")
        for section in sections(10)
        for task, dtype, adjoint in cases(section)
    ]


@pytest.mark.campaign(37)
@pytest.mark.parametrize(("task", "dtype", "adjoint"), every_case())
def test_what_is_compared_with_the_peers_is_the_same(task, dtype, adjoint):
    assert bench.compare(task, dtype, adjoint, repeats=1).ours > 0


def test_the_rows_show_every_number_of_threads_and_mark_losses():
    rows = [row(4e-3, upfirdn=2e-3, oaconvolve=8e-3), row(1e-3, upfirdn=2e-3, oaconvolve=4e-3)]
    found = [cell.strip() for cell in line(rows).strip("|").split("|")]
    assert found == [TASKS[0].name, "float32", "forward", "4 ms", "1 ms", "upfirdn, 2 ms", "**0.50**", "2.00",
                     "oaconvolve 4", "0.5*"]  # fmt: skip


def test_what_resamplers_let_pass_and_leave_is_measured():
    """A good filter, and the nearest sample."""
    h, tones = resampling.taps(3, 4, 120), resampling.TONES[::6]
    edge, rest = resampling.quality(lambda n: resampling.ours(h, 3, 4, n), 3, 4, tones)
    assert 0.9 < edge < 0.95
    assert -125 < rest < -115
    assert resampling.agrees(3, 4, 120, np.random.default_rng(0).standard_normal(5000).astype("f4"))
    nearest = resampling.quality(lambda n: lambda x: x[np.arange(n * 4 // 3) * 3 // 4], 3, 4, tones)
    assert nearest[0] < 0.3
    assert nearest[1] > -10


def test_what_is_not_installed_is_left_out(monkeypatch):
    monkeypatch.setattr(resampling, "find_spec", lambda _: None)
    assert [engine.name.split(",")[0] for engine in resampling.engines(3, 4)] == ["opalgebra"] * 2 + ["resample_poly"]
