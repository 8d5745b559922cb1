"""Multiply-adds in closed form: against every pair of an output and an input, tried."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from opalgebra.engine.arrays import counting
from opalgebra.engine.arrays.counting import met, pairs


def draw(rng: random.Random) -> tuple[Any, ...]:
    up, down = rng.randint(1, 7), rng.choice([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6])
    out, read = ((rng.randint(-9, 9), rng.randint(0, 9)) for _ in range(2))
    return rng.randint(-9, 9), rng.randint(0, 12), up, down, out, read


def every(j: int, up: int, down: int, out: tuple[int, int], read: tuple[int, int]) -> list[tuple[int, int]]:
    """The places of outputs and inputs that tap j joins."""
    joined = [(n, m) for n in range(out[0], sum(out)) for m in range(read[0], sum(read)) if down * n - up * m == j]
    return [(n - out[0], m - read[0]) for n, m in joined]


@pytest.mark.parametrize("seed", range(400))
def test_counts_and_places_are_those_of_all_pairs(seed: int) -> None:
    start, taps, *rest = draw(random.Random(seed))
    want = [every(j, *rest) for j in range(start, start + taps)]
    found = met(np.arange(start, start + taps), *rest)
    assert found.number.tolist() == [len(joined) for joined in want]
    assert pairs(start, taps, *rest) == sum(map(len, want))
    for k, joined in enumerate(want):
        if joined:
            to, source = found.slices(k)
            assert list(zip(range(20)[to], range(rest[3][1])[source], strict=True)) == joined


def test_indices_beyond_64_bits_are_counted_as_well() -> None:
    far = 10**30
    assert met([far, far + 1], 2, 1, (far, 5), (0, 2)).number.tolist() == [2, 2]
    assert pairs(far, 2, 2, 1, (far, 5), (0, 2)) == 4


def test_a_count_that_is_off_by_one_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    floors = counting._floors
    monkeypatch.setattr(counting, "_floors", lambda count, *given: floors(count, *given) + (count > 2))

    def agrees(given: Any) -> bool:
        start, taps, *rest = given
        return pairs(start, taps, *rest) == sum(len(every(j, *rest)) for j in range(start, start + taps))

    assert not all(agrees(draw(random.Random(seed))) for seed in range(100))
