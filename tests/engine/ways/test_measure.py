"""Measuring the ways of a job: each that can compute it, and every one computes the same."""

from __future__ import annotations

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways import measure
from opalgebra.engine.ways.choose import candidates
from opalgebra.engine.ways.way import Job
from tests.generate_bound import sample

WANTED = {
    "long": (oa.Conv(np.ones(300)), 5000, {"overlap-save", "tiles", "slices"}),
    "short": (oa.Conv(np.ones(5)), 64, {"tiles", "slices", "dot products", "blocks"}),
    "plane": (oa.nn.AvgPool((4, 4)), (64, 64), {"tiles", "slices", "separable"}),
}


def jobs(F, dtype: object, batch: int = 1) -> list[Job]:
    found = []
    for program in (F.program, F.program.transposed):
        for value in program.order:
            for source, action in value.terms:
                read, written = program.windows[source], program.windows.get(value)
                if written is not None and hasattr(action, "taps"):
                    found.append(Job(action, written, read, batch, np.dtype(dtype), "auto", False))
    return found


@pytest.mark.parametrize("name", WANTED)
def test_the_ways_that_can(name: str) -> None:
    operator, n, wanted = WANTED[name]
    found = {way.name for job in jobs(operator.on(n), "f8") for way in candidates(job)}
    assert found >= wanted


@pytest.mark.campaign(10)
@pytest.mark.parametrize("seed", range(100))
def test_every_candidate_computes_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sample(seed)
    monkeypatch.setattr(measure, "timed", lambda runs: {name: float(run() is None) for name, run in runs.items()})
    bound = made.operator.on(made.n)
    for job in jobs(bound, bound.precision.result(np.dtype("f8")), 2):
        x = measure._noise((2, *job.read.shape), job.dtype)
        wanted = np.zeros((2, *job.written.shape), job.dtype)
        job.action.add_to(wanted, x, job.written, job.read)
        zeros = ("zero",) * len(job.written.shape)
        for way in candidates(job):
            y = np.full_like(wanted, 7.0)
            for run in measure._runs(way, job, zeros, x, y):
                found = run()
                np.testing.assert_allclose(y if found is None else found, wanted, rtol=0, atol=1e-9)


def test_times_are_of_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "SECONDS", 0.0)
    (job, _) = jobs(oa.Conv(np.ones(5)).on(64), "f4")
    times = measure.measured(job, ("zero",))
    assert set(times) == {way.name for way in candidates(job)}
    assert all(seconds > 0 for seconds in times.values())
    assert measure.measured(Job(job.action, job.written, job.read, 0, job.dtype, "auto", False), ("zero",)) == {}
