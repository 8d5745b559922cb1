"""What blocks of Dask arrays read, how large they are, what they refuse, and where they are computed."""

from __future__ import annotations

import random
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.arrays import dask_, dask_filters, memory
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.ways.compiled import threads
from tests.bound.arrays.test_dask import agree, dask
from tests.bound.operators.test_random import bound
from tests.cuda_shim.fake_cupy import Array, Fake, asnumpy
from tests.cuda_shim.places import cupy  # noqa: F401
from tests.generate_bound import sample

da = pytest.importorskip("dask.array")


@pytest.fixture(autouse=True)
def one_at_a_time() -> Any:
    with dask.config.set(scheduler="sync"):
        yield


# What is read, axis by axis and by translation


def some_windows(rng: random.Random, job: Any) -> list[Window]:
    """Boxes of the outputs of a job."""
    found = []
    for _ in range(6):
        ends = [
            sorted(rng.choices(range(a, b + 1), k=2)) for a, b in zip(job.window.starts, job.window.stops, strict=True)
        ]
        found.append(Window(tuple(a for a, _ in ends), tuple(b - a for a, b in ends)))
    return found


@pytest.mark.campaign(40)
@pytest.mark.parametrize("seed", range(300))
def test_the_graph_gives_what_the_task_reads(seed: int) -> None:
    """What is read along each axis, found from blocks elsewhere, holds what is read for the block itself."""
    F, _ = bound(sample(seed, blocks=seed % 4 == 0), seed)
    rng = random.Random(seed)
    for transposed in (False, True):
        job = F._job(transposed, False)
        if not job.is_separable:
            continue
        for out in some_windows(rng, job):
            given = [job.along(axis, a, b) for axis, (a, b) in enumerate(zip(out.starts, out.stops, strict=True))]
            held = [{i for runs in axis for a, b in runs for i in range(a, b)} for axis in given]
            for part in job.parts(out):
                if all(part.shape):
                    read = [{i for a, b in runs for i in range(a, b)} for runs in part.runs]
                    assert all(some <= most for some, most in zip(read, held, strict=True))


def test_many_chunks_are_found_by_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many chunks there are, the windows of a few are walked back to the input."""
    walked = []

    def noted(walk: Any) -> Any:
        return lambda *given: walked.append(1) or walk(*given)

    monkeypatch.setattr(dask_filters, "window_read", noted(dask_filters.window_read))
    monkeypatch.setattr(dask_filters, "window_reached", noted(dask_filters.window_reached))
    counts = []
    A = oa.Down(3) @ oa.Modulate([1, 2, 3, 4]) @ oa.Conv(np.ones(31)) @ oa.Up(2)
    for n in (2**10, 2**13):
        F = A.on(n * 48, boundary="reflect", out=n * 32)
        walked.clear()
        F(da.zeros(n * 48, chunks=48))
        F.T(da.zeros(n * 32, chunks=32))
        counts.append(len(walked))
    assert counts[0] == counts[1] < 50


@pytest.mark.parametrize(
    "A",
    [
        oa.Modulate([1, 2, 3]) @ oa.Conv([1, 2]),
        oa.Down(3) @ oa.Modulate([1, -1]) @ oa.Up(2),
        oa.Conv([1, 5]) @ oa.Flip() @ oa.Down(2) @ oa.Modulate([1, 2, 3, 4, 5]) @ oa.Up(3),
        oa.Modulate([1, 2]) + oa.Shift(3) @ oa.Modulate([1, 2, 3]),
        oa.Up(2) @ oa.Down(2) + oa.Down(3) @ oa.Up(3),
    ],
    ids=str,
)
def test_weights_keep_their_phase(A: Any) -> None:
    """Blocks of one size share a plan; what changes with the place must not."""
    n = 120
    F = A.on(n, out=(-n, n))
    lazy = da.from_array(np.arange(1, n + 1) ** 2, chunks=10)
    np.testing.assert_array_equal(F(lazy).compute(), F(np.arange(1, n + 1) ** 2))
    y = np.arange(3, 2 * n + 3) ** 2
    np.testing.assert_array_equal(F.T(da.from_array(y, chunks=8)).compute(), F.T(y))


def test_a_tone_is_never_moved() -> None:
    F = (oa.Conv([1.0, 2.0]) @ oa.Modulate(frequency=0.3)).on(100)
    assert F._job(False, False).repetition.steps == ()
    agree(F, np.arange(100.0))


def test_a_period_that_is_too_short_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    F = oa.Modulate([1, 2, 3]).on(120)
    x = np.arange(1, 121)
    agree(F, x, exactly=True)
    made = dask_filters.repetition

    def shorter(*given: Any) -> Any:
        found = made(*given)
        return dask_filters.Repetition(found.rates, found.is_separable, ((1, 1),))

    monkeypatch.setattr(dask_filters, "repetition", shorter)
    with pytest.raises(AssertionError):
        agree(oa.Modulate([1, 2, 3]).on(120), x, exactly=True)


def test_of_large_chunks_small_parts_are_cut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block holds its own chunk and edges of its neighbours, which are copies; the results are the same."""
    x = np.random.default_rng(0).standard_normal((2, 90, 120))
    lazy = da.from_array(x, chunks=(1, 30, 40))
    F = oa.Conv(np.ones((3, 5))).on((90, 120), mode="same", boundary="wrap")
    whole = F(lazy)
    monkeypatch.setattr(dask_, "LARGE", 30 * 40 * 8)
    for H in (F, F.H, F.H @ F):
        y = H(lazy)
        tasks = {key: task for key, task in dict(y.dask).items() if key[0] == y.name}
        for task in tasks.values():
            read = [key[0] for key in task.dependencies]
            assert read.count(lazy.name) == 1
            assert read.count(f"{y.name}-edges") == len(read) - 2
        np.testing.assert_allclose(y.compute(), H(x), rtol=0, atol=1e-11)
    np.testing.assert_array_equal(F(lazy).compute(), whole.compute())
    (edge,) = dask_._edges_cut(x, [[slice(0, 2), slice(0, 120)]])
    assert edge.base is None
    with pytest.raises(oa.OperandError, match="masked"):
        F(lazy.map_blocks(np.ma.array, meta=np.empty((0, 0, 0)))).compute()


def test_large_blocks_are_made_band_by_band(monkeypatch: pytest.MonkeyPatch) -> None:
    """With less held at once; the same numbers, whatever is transposed, chained, in channels, or short."""
    sizes = []
    run = dask_filters.Continued.run
    monkeypatch.setattr(
        dask_filters.Continued, "run", lambda self, out, *given: sizes.append(out.size) or run(self, out, *given)
    )
    F = (oa.Down(2) @ oa.Conv([1, 2, 1])).on(6000, out=3000, boundary="reflect")
    G = oa.Block([[oa.Conv([[1, 2], [3, 4]])], [oa.Shift((1, 0))]]).on((40, 300), out=(40, 300))
    monkeypatch.setattr(dask_, "BAND", 8000)
    for H in (F, F.T, F.T @ F, G, G.T, oa.Modulate([1, 2, 3]).on(6000), oa.Conv(np.arange(5000)).on(6000, mode="same")):
        sizes.clear()
        x = np.arange(np.prod(H.dims)).reshape(H.dims) % 97
        lazy = da.from_array(x, chunks=x.shape)
        np.testing.assert_array_equal(H(lazy).compute(), H(x))
        if H is F:
            assert len(sizes) == 3
            assert max(sizes) == 1000
    assert sizes == [6000]  # a filter that is as long as the block: bands would read much twice


def test_a_chunk_that_is_missing_is_an_error() -> None:
    job = oa.Conv([1.0, 2.0]).on(20)._job(False, False)
    held = dask_._Held(job, np.empty(0))
    with pytest.raises(RuntimeError, match="not all in the chunks"):
        dask_._computed(held, (5,), (10,), (), [(5,)], np.ones(10))


# How large blocks are


@pytest.mark.parametrize(
    ("F", "shape", "chunks"),
    [
        (oa.Up(1000).on(5000), (5000,), 1000),
        (oa.LinearUp((8, 8)).on((300, 200)), (300, 200), 100),
        (oa.nn.Conv(np.ones((50, 2, 1, 1))).on((100, 90)), (2, 100, 90), (2, 50, 90)),
        (oa.Down(1000).on(5000, out=5).T, (5,), 5),
    ],
    ids=str,
)
def test_large_blocks_are_cut(F: Any, shape: Any, chunks: Any) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    lazy = da.from_array(x, chunks=chunks)
    with dask.config.set({"array.chunk-size": "30kB"}):
        y = F(lazy)
    most = max(30_000, lazy.blocks[(0,) * x.ndim].nbytes)
    assert all(block.nbytes <= most for block in dask.compute(*y.to_delayed().flat))
    np.testing.assert_allclose(y.compute(), F(x), rtol=0, atol=1e-12)


def test_what_lies_between_is_small_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    run = dask_filters.Continued.run
    monkeypatch.setattr(
        dask_filters.Continued, "run", lambda self, out, *given: sizes.append(out.size) or run(self, out, *given)
    )
    F = oa.Down(8).on(80_000, out=10_000) @ (oa.Conv([1.0, 2]) @ oa.Up(8)).on(10_000, out=80_000)
    with dask.config.set({"array.chunk-size": "30kB"}):
        y = F(da.ones(10_000, chunks=2500))
    assert len(y.dask.layers) == 2
    y.compute()
    assert max(sizes) * 8 <= 30_000


def test_large_chunks_stay_as_they_are() -> None:
    with dask.config.set({"array.chunk-size": "1kB"}):
        x = da.zeros(5000, chunks=2500)
        assert oa.Conv([1.0, 2]).on(5000, mode="same")(x).chunks == x.chunks


class Worker:
    """What is asked of a worker of ``distributed``."""

    memory_manager = SimpleNamespace(memory_limit=2**20)
    monitor = SimpleNamespace(get_process_memory=lambda: 2**19 + 2**18)
    state = SimpleNamespace(nbytes=2**18)  # of which so much can be written to disk


def test_memory_is_that_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    F = oa.Up(100).on(1000)
    x = np.ones(1000)
    F(x)
    monkeypatch.setattr(memory, "worker_here", Worker)
    lazy = F(da.from_array(x, chunks=1000))
    with pytest.raises(oa.SizeError, match=r"to this worker, whose limit is 0\.0 GiB; give smaller chunks"):
        lazy.compute()
    with dask.config.set({"array.chunk-size": "100kB"}):
        assert F(da.from_array(x, chunks=1000)).sum().compute() == 1000
    Worker.memory_manager = SimpleNamespace(memory_limit=None)
    assert lazy.sum().compute() == 1000


# What is refused


def lies(make: Any) -> Any:
    """A Dask array whose chunks are not what it says."""
    return da.zeros(6, chunks=3).map_blocks(make, dtype=float, meta=np.empty(0))


REFUSED = {
    "masked": (lambda b: np.ma.array(b), "masked"),
    "masked constant": (lambda b: np.ma.masked_all(3), "masked"),
    "objects": (lambda b: b.astype(object), "dtype object"),
    "fields": (lambda b: np.zeros(3, [("re", "f4"), ("im", "f4")]), r"fields re, im; give one of them: x\['re'\]"),
    "booleans": (lambda b: b > 0, "dtype bool"),
    "strings": (lambda b: b.astype(str), "dtype <U"),
    "times": (lambda b: np.zeros(3, "M8[s]"), "dtype datetime64"),
    "a list": (lambda b: b.tolist(), "builtins's list"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_chunks_that_are_no_numbers_are_refused_by_name(name: str) -> None:
    make, message = REFUSED[name]
    F = oa.Conv([1.0, 2.0]).on(6)
    for operator in (F, F.T @ F, F + F, oa.nn.MaxPool(2).on(6)):
        with pytest.raises(oa.OperandError, match=message):
            operator(lies(make)).compute()


def test_arrays_that_say_so_are_refused_at_once() -> None:
    F = oa.Conv([1.0, 2.0]).on(6)
    for array, message in (
        (da.zeros(6, dtype=[("re", "f4")]), "fields re"),
        (da.from_array(np.array([1, 2, 3, 4, 5, None]), chunks=3), "dtype object"),
        (da.ma.masked_equal(da.ones(6), 0), "masked"),
    ):
        with pytest.raises(oa.OperandError, match=message):
            F(array)
    with pytest.raises(oa.OperandError, match="'re'"):
        F(np.zeros(6, [("re", "f4")]))


# Threads and devices


def test_one_thread_for_a_task_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    run = dask_filters.Continued.run
    monkeypatch.setattr(threads, "_chosen", None)
    monkeypatch.setattr(dask_filters.Continued, "run", lambda *given: seen.append(oa.get_threads()) or run(*given))
    F = oa.Conv([1.0, 2.0]).on(6)
    F(da.ones(6, chunks=3)).compute()
    assert seen == [1] * 2
    assert oa.get_threads() == threads.cpus()
    oa.set_threads(3)
    F(da.ones(6, chunks=3)).compute()
    assert seen[2:] == [3] * 2


def test_a_task_enters_the_device_of_its_blocks(cupy: Fake) -> None:  # noqa: F811
    """Blocks on two devices: each result lies where most of what it reads does, and a halo is brought there."""
    F = (oa.Down(2) @ oa.Conv([1.0, 2.0, 3.0])).on(30, boundary="wrap", out=15)
    for H in (F, F.H @ F, F.T):
        given = np.random.default_rng(1).standard_normal((4, *H.dims))
        cuts = [0, H.dims[0] // 2, H.dims[0]]
        blocks = [Array(given[:, a:b].copy(), on) for on, (a, b) in enumerate(pairwise(cuts))]
        held = dask_._Held(H._job(False, False), Array(np.empty(0)))
        y = [
            dask_._computed(held, (a,), (b - a,), (4,), [(0,), (cuts[1],)], *blocks)
            for a, b in pairwise([0, H.dimsd[0] // 2, H.dimsd[0]])
        ]
        np.testing.assert_allclose(np.concatenate([asnumpy(block) for block in y], -1), H(given), rtol=0, atol=1e-12)
        assert all(block.device in (blocks[0].device, blocks[1].device) for block in y)
        only = dask_._computed(held, (0,), (0,), (4,), [(cuts[1],)], blocks[1])
        assert only.device == blocks[1].device
    assert cupy.waits == 0
