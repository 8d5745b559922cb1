"""On clusters of processes: workers that are killed and schedulers that begin anew lose nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import opalgebra as oa

pytest.importorskip("dask.array", reason="Dask is not installed: pip install '.[dask]'")
distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install distributed")
import dask.array as da  # noqa: E402 - where it is installed

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]  # of processes that end while others call them
ROOT = str(Path(__file__).resolve().parents[3])
N = 40_000
F = (oa.Down(2) @ oa.Conv(np.arange(1.0, 32))).on(N, boundary="wrap", out=N // 2)
X = np.random.default_rng(0).standard_normal(N)


@pytest.fixture
def cluster() -> Iterator[Any]:
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0", memory_limit="600MB") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def slowly(block: np.ndarray) -> np.ndarray:
    time.sleep(0.1)
    return block


def slow() -> Any:
    return da.from_array(X, chunks=1000).map_blocks(slowly, dtype=float)


def test_a_killed_worker_loses_nothing(cluster: Any) -> None:
    """Killed in the middle of the work, with results that others need; what it had is made again."""
    operator = F.H @ F
    expected = operator(X)
    future = cluster.compute(operator(slow()))
    time.sleep(1.5)
    assert not future.done()
    os.kill(next(iter(cluster.run(os.getpid).values())), signal.SIGKILL)
    np.testing.assert_allclose(future.result(timeout=120), expected, rtol=0, atol=1e-7)


def test_workers_have_their_own_limits(cluster: Any) -> None:
    """One thread for each task unless told; and what a worker has no room for is refused before it is killed."""

    def threads(block: np.ndarray) -> np.ndarray:
        return np.full(1, oa.get_threads())

    def large(block: np.ndarray) -> Any:
        return oa.Up(2**10).on(2**17)(np.ones(2**17))[:1]

    one = da.ones(2, chunks=1)
    assert one.map_blocks(threads, dtype=int).compute().tolist() == [1, 1]
    with pytest.raises(oa.SizeError, match=r"1\.0 GiB at once .* to this worker, whose limit is 0\.5 GiB"):
        one.map_blocks(large, dtype=float).compute()
    cluster.run(oa.set_threads, 2)
    assert one.map_blocks(threads, dtype=int).compute().tolist() == [2, 2]


def test_solvers_on_a_cluster(cluster: Any) -> None:
    lazy = da.from_array(X[:2000], chunks=300)
    A = oa.Conv([3.0, 1.0]).on(1999)
    np.testing.assert_allclose(A.lstsq(lazy).compute(), A.lstsq(X[:2000]), rtol=0, atol=1e-8)
    assert A.dottest(like=da.zeros(1999, chunks=300))


# A scheduler of its own


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def started(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def scheduler_and_workers(port: int) -> list[subprocess.Popen[bytes]]:
    begun = [started("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")]
    for _ in range(2):
        begun.append(
            started("distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-dashboard")
        )
    return begun


def ended(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def test_a_scheduler_that_begins_anew_loses_nothing() -> None:
    """Killed in the middle of the work: the same lazy array, on a scheduler of its place, gives the same result."""
    port = free_port()
    y = F(slow())
    expected = F(X)
    processes = scheduler_and_workers(port)
    try:
        with distributed.Client(f"tcp://127.0.0.1:{port}", timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            future = client.compute(y)
            time.sleep(1.0)
            assert not future.done()
            ended(processes)
        processes = scheduler_and_workers(port)
        with distributed.Client(f"tcp://127.0.0.1:{port}", timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            np.testing.assert_allclose(client.compute(y).result(timeout=120), expected, rtol=0, atol=1e-9)
    finally:
        ended(processes)


def test_chunks_that_are_stored_are_kept(cluster: Any, tmp_path: Path) -> None:
    """A file that was half written when all workers were lost is completed, chunk by chunk, to the same bytes."""
    zarr = pytest.importorskip("zarr", reason="Zarr is not installed: pip install zarr")
    store = zarr.create_array(store=str(tmp_path / "y.zarr"), shape=F.dimsd, chunks=(500,), dtype="f8")
    y = F(slow())
    assert y.chunks == ((500,) * 40,)
    first = da.store(y[:10_000], store, regions=(slice(0, 10_000),), compute=False)
    first.compute()
    cluster.restart()
    second = da.store(y[10_000:], store, regions=(slice(10_000, 20_000),), compute=False)
    second.compute()
    np.testing.assert_allclose(zarr.open_array(str(tmp_path / "y.zarr"))[:], F(X), rtol=0, atol=1e-9)


def test_errors_come_back_as_they_were() -> None:
    """distributed makes them anew without calling them."""
    from distributed.protocol import pickle

    kinds = [kind for kind in vars(oa).values() if isinstance(kind, type) and issubclass(kind, oa.OpAlgebraError)]
    assert len(kinds) > 15
    for kind in kinds:
        back = pickle.loads(pickle.dumps(kind("what was given")))
        assert type(back) is kind
        assert back.args == ("what was given",)
