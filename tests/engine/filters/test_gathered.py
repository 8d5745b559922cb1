"""What taps read, gathered by one copy of overlapping views: equal to what is gathered tap by tap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters import mixing
from opalgebra.engine.filters.fir import Fir


def phases(seed: int) -> tuple[np.ndarray, list[mixing.Phase]]:
    """The phases of a random filter, and what they read."""
    rng = np.random.default_rng(seed)
    kernel, size = tuple(rng.integers(1, 5, 2).tolist()), tuple(rng.integers(1, 9, 2).tolist())
    up, down = (tuple(rng.integers(1, 4, 2).tolist()) for _ in range(2))
    down = tuple(int(d * rng.choice([1, -1])) for d in down)
    fir = Fir(rng.standard_normal((2, 3, 4, *kernel)), tuple(rng.integers(-3, 3, 2).tolist()), up, down, mixes=True)
    read = Window((0, 0), size)
    reach = fir.reaches(read)
    written = Window(tuple(a - 1 for a in reach.starts), tuple(n + 2 for n in reach.shape))
    return rng.standard_normal((2, 2, 4, *size)), fir._phases(written, read)


@pytest.mark.parametrize("seed", range(60))
def test_one_copy_is_what_many_are(seed: int) -> None:
    x, parts = phases(seed)
    for phase in parts:
        for rows in (slice(0, phase.shape[0]), slice(phase.shape[0] // 2, phase.shape[0])):
            made = mixing._at_once(x, phase, rows)
            if made is not None and rows.stop > rows.start:
                assert np.array_equal(made, mixing.gathered(x, phase, rows))


@pytest.mark.parametrize("fault", ["first", "apart", "steps"])
def test_views_from_another_place_would_be_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = mixing._grid

    def faulty(phase: mixing.Phase) -> Any:
        found = kept(phase)
        if found is None:
            return None
        first, apart, counts, steps = found
        if fault == "first":
            first = [n + 1 for n in first]
        return (
            first,
            [-n for n in apart] if fault == "apart" else apart,
            counts,
            ([n + 1 for n in steps] if fault == "steps" else steps),
        )

    monkeypatch.setattr(mixing, "_grid", faulty)
    failed = 0
    for seed in range(20):
        try:
            test_one_copy_is_what_many_are(seed)
        except AssertionError:
            failed += 1
    assert failed > 5


def test_most_filters_are_gathered_at_once() -> None:
    made = [mixing._grid(phase) is not None for seed in range(60) for phase in phases(seed)[1]]
    assert sum(made) > 0.9 * len(made)
