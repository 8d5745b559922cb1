"""Chains, sums and multiples of bound operators on Dask arrays: one task per chunk, with the results of NumPy."""

from __future__ import annotations

import random
from math import inf
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.arrays import dask_chains
from opalgebra.engine.arrays.window import Window
from tests.bound.arrays.test_dask import agree, chunked, dask
from tests.bound.operators.test_random import bound, random_array
from tests.generate_bound import sample
from tests.judge_bound import BOUNDARIES

da = pytest.importorskip("dask.array")
RNG = np.random.default_rng(3)
N = 4000
F = (oa.Down(2) @ oa.Conv([1.0, 2, 1])).on(N, out=N // 2, boundary="reflect")
G = oa.Conv([1.0, -1, 3]).on(N, mode="same", boundary="wrap")
CHAINS = [
    F @ G, F @ G @ G @ G, (F @ G).H, F.H @ F, G.H @ G, G**3, -(F @ G), F @ G / 3, (F @ G).conj(),
    (F @ G).H @ (F @ G) + 2 * oa.Identity().on(N), F @ G + F, F @ (2 * G + G @ G),
]  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    with dask.config.set(scheduler="sync"):
        yield


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is made twice."""
    monkeypatch.setattr(dask_chains, "MOST_REPEATED", inf)


@pytest.mark.parametrize("H", CHAINS, ids=str)
def test_one_task_per_chunk(H: Any) -> None:
    """Every chunk of the input is one argument of a task, and the tasks are as many as the chunks of the output."""
    x = RNG.standard_normal((2, H.dims[0]))
    lazy = da.from_array(x, chunks=(1, 500))
    y = H(lazy)
    blocks = [task for key, task in dict(y.dask).items() if key[0] == y.name]
    assert len(blocks) == y.npartitions == 2 * len(lazy.chunks[1])
    for task in blocks:
        read = [key for key in task.dependencies if key[0] != f"{y.name}-job"]
        assert {key[0] for key in read} == {lazy.name}
        assert len(read) == len(task.args) - 5  # none of them twice
    np.testing.assert_allclose(y.compute(), H(x), rtol=0, atol=1e-12)


@pytest.mark.campaign(20)
@pytest.mark.parametrize("seed", range(120))
def test_random_chains_in_random_chunks(seed: int, always: None) -> None:
    """Aᴴ A, A Aᴴ and their sums, blocks and lattices among them, in chunks that are shorter than what is read."""
    A, _ = bound(sample(seed, blocks=seed % 4 == 0), seed)
    rng = np.random.default_rng(seed)
    for H in (A.H @ A, A @ A.T, A @ A.H @ A - 2 * A, (A.T @ A).conj() @ A.T):
        agree(H, random_array(rng, (2, *H.dims)), seed)


@pytest.mark.campaign(8)
@pytest.mark.parametrize("seed", range(40))
def test_integers_are_exact(seed: int, always: None) -> None:
    A, _ = bound(sample(seed, "i", blocks=seed % 3 == 0), seed)
    agree(A.T @ A + A.T @ A, np.random.default_rng(seed).integers(-9, 9, (2, *A.dims)), seed, exactly=True)


@pytest.mark.parametrize("outer", BOUNDARIES)
@pytest.mark.parametrize("inner", BOUNDARIES)
def test_two_boundaries(outer: str, inner: str, always: None) -> None:
    """What lies between is read beyond its own ends."""
    rng = random.Random(f"{outer} {inner}")
    n, m = rng.randint(3, 20), rng.randint(3, 20)
    A = (oa.Shift(rng.randint(-4, 4)) @ oa.Conv([1, 2, -1])).on(n, out=(-3, m - 3), boundary=inner)
    B = (oa.Conv([3, 1]) @ oa.Up(2) @ oa.Flip()).on(m, out=(-2 * m, 9), boundary=outer)
    agree(B @ A, np.arange(1, n + 1) ** 2, exactly=True)
    agree((B @ A).T, np.arange(1, 2 * m + 10) ** 2, exactly=True)


def test_layers_in_a_chain(always: None) -> None:
    weight = RNG.standard_normal((4, 3, 3, 3))
    net = oa.nn.AvgPool((2, 2)) @ oa.nn.PixelShuffle((2, 2)) @ oa.nn.Conv(weight, padding=1)
    x = RNG.standard_normal((2, 3, 12, 10))
    y = agree(net.on((12, 10)), x)
    assert "bound" in y.name
    agree(oa.nn.AvgPool((3, 3), (2, 2), 1, count_include_pad=False).on((12, 10)), x[0].astype("float16"))


def test_what_would_be_made_several_times_lies_between() -> None:
    """Before a filter as long as the chunks, and before a sum: the result of the first is a Dask array of its own."""
    long = oa.Conv(np.ones(900)).on(N, mode="same")
    x = RNG.standard_normal(N)
    for H in (G @ long @ G, F @ (2 * G + G @ G) @ G.T):
        y = H(da.from_array(x, chunks=500))
        assert len([name for name in y.dask.layers if name.startswith("bound")]) == 2
        np.testing.assert_allclose(y.compute(), H(x), rtol=0, atol=1e-9)


def test_a_chain_that_reads_one_sample_less_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = dask_chains.Chained._window

    def short(self: Any, box: Any) -> Window:
        window = made(self, box)
        return Window(tuple(a + 1 for a in window.starts), window.shape)

    agree(F @ G, RNG.standard_normal(N))
    monkeypatch.setattr(dask_chains, "MOST_REPEATED", inf)
    monkeypatch.setattr(dask_chains.Chained, "_window", short)
    with pytest.raises((AssertionError, RuntimeError, ValueError)):
        agree(F @ G, RNG.standard_normal(N))


def test_names_tell_chains_apart() -> None:
    x = chunked(np.ones(N))
    names = [H(x).name for H in (F @ G, F @ G @ G, 2 * (F @ G), 3 * (F @ G), F @ G + F, F @ G + F @ G, F)]
    assert len(set(names)) == len(names)
    assert (F @ G)(x).name == names[0]
