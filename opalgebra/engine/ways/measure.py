"""Measuring the ways that can compute a filter, to remember the fastest (:mod:`.tuned`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np

from ..filters.fir import Fir
from .choose import candidates, planned
from .way import Job, Way

RUNS, SECONDS = 5, 0.1  # of each way at least so many runs, and about so long


def measured(job: Job, rules: tuple[str, ...]) -> dict[str, float]:
    """Seconds of the ways that can compute a job, for noise of its shapes and the present number of threads."""
    if not isinstance(job.action, Fir) or not job.written.size or not job.read.size or not job.batch:
        return {}
    x = _noise((job.batch, *_shape(job.action, job.read, 2)), job.dtype)
    y = np.zeros((job.batch, *_shape(job.action, job.written, 1)), job.dtype)
    runs = {way.name: run for way in candidates(job) for run in _runs(way, job, rules, x, y)}
    return timed(runs) if len(runs) > 1 else {}


def timed(runs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The least seconds of each function, in turns, so that what disturbs one disturbs all."""
    for run in runs.values():
        run()  # plans, and compiles
    found = dict.fromkeys(runs, float("inf"))
    stop, count = perf_counter() + SECONDS * len(runs), 0
    while count < RUNS or (perf_counter() < stop and count < 20 * RUNS):
        for name, run in runs.items():
            begin = perf_counter()
            run()
            found[name] = min(found[name], perf_counter() - begin)
        count += 1
    return found


def _shape(fir: Fir, window: Any, side: int) -> tuple[int, ...]:
    """Of an array on a window: with its channels where taps mix them."""
    return (fir.taps.shape[0] * fir.taps.shape[side], *window.shape) if fir.mixes else window.shape


def _noise(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    rng = np.random.default_rng(0)
    if dtype.kind in "iu":
        return rng.integers(-9, 9, shape).astype(dtype)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if dtype.kind == "c" else x).astype(dtype)


def _runs(way: Way, job: Job, rules: tuple[str, ...], x: np.ndarray, y: np.ndarray) -> Iterator[Callable[[], Any]]:
    """What runs the job in this way, once."""
    if way.plan is None:

        def slices() -> None:
            y[...] = 0
            job.action.add_to(y, x, job.written, job.read)

        yield slices
        return
    made = planned(job.action, job.written, job.read, job.dtype, rules, way)
    yield (lambda: made.ready(x.ndim)(x)) if way.is_direct else (lambda: made.run(x))
