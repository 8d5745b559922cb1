"""``python -m benchmarks.chunks``: Dask arrays beside arrays in memory, from disk to disk, and how graphs are built.

Every run is a process of its own: its peak of memory is that of its tasks, and what it compiles is loaded before.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import opalgebra as oa

from .overheads import child

CHUNK = 2**24  # samples, 64 MiB of float32
SIDE = 2**12  # of an image of as many
CASES = {
    "31 taps ↓2": ("(oa.Down(2) @ oa.Conv(taps(31))).on(n, out=n // 2)", 1, 0.5),
    "1,001 taps": ("oa.Conv(taps(1001)).on(n, mode='same')", 1, 1.0),
    "10⁶ taps": ("oa.Conv(taps(10**6)).on(n, mode='same')", 1, 1.0),
    "FᴴF, 31 taps ↓2": ("(lambda F: F.H @ F)((oa.Down(2) @ oa.Conv(taps(31))).on(n, out=n // 2))", 1, 1.0),
    "7 × 7 taps ↓2 on images": ("(oa.Down((2, 2)) @ oa.Conv(taps(7, 7))).on(n, out=(n[0] // 2, n[1] // 2))", 2, 0.25),
}

RUN = """
import re, time
import dask, dask.array as da, numpy as np, zarr
import opalgebra as oa
def status(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1])
def taps(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("f4") / 1000
def bound(n):
    return {operator}
source, target, workers = {source!r}, {target!r}, {workers}
small = bound({small})
small(da.ones({small}, chunks={small}, dtype="f4")).compute()
small(np.ones({small}, "f4"))
F = bound({n})
oa.set_threads({threads})
open("/proc/self/clear_refs", "w").write("5")
before, begin = status("VmRSS"), time.perf_counter()
if workers:
    with dask.config.set(scheduler="threads", num_workers=workers):
        F(da.from_zarr(source)).to_zarr(target)
else:
    y = F(zarr.open_array(source, mode="r")[:])
    made = zarr.create_array(store=target, shape=y.shape, chunks={chunks}, dtype="f4")
    made[:] = y
print(time.perf_counter() - begin, (status("VmHWM") - before) / {unit})
"""


def stored(folder: Path, shape: tuple[int, ...]) -> str:
    """Random samples in chunks of 64 MiB."""
    import zarr

    chunks = (CHUNK,) if len(shape) == 1 else (SIDE, SIDE)
    path = folder / f"x{len(shape)}.zarr"
    made = zarr.create_array(store=str(path), shape=shape, chunks=chunks, dtype="f4")
    for at in np.ndindex(*(n // c for n, c in zip(shape, chunks, strict=True))):
        place = tuple(slice(i * c, (i + 1) * c) for i, c in zip(at, chunks, strict=True))
        made[place] = np.random.default_rng(at).standard_normal(chunks, dtype="f4")
    return str(path)


def row(folder: Path, name: str, blocks: int, repeats: int) -> list[str]:
    """Seconds in memory and in chunks, in turn; and the peak of one task, in chunks of input and output together."""
    operator, ndim, made = CASES[name]
    shape: Any = (blocks * CHUNK,) if ndim == 1 else (blocks * SIDE // 2, 2 * SIDE)
    source = str(folder / f"x{ndim}.zarr")
    if not Path(source).exists():
        stored(folder, shape)
    chunks = (int(CHUNK * made),) if ndim == 1 else (SIDE // 2, SIDE // 2)

    def run(workers: int, threads: int) -> tuple[float, float]:
        with tempfile.TemporaryDirectory(dir=folder) as target:
            code = RUN.format(
                operator=operator, source=source, target=f"{target}/y.zarr", workers=workers, threads=threads,
                n=shape[0] if ndim == 1 else shape, small=2**15 if ndim == 1 else (256, 256), chunks=chunks,
                unit=CHUNK * 4 * (1 + made),
            )  # fmt: skip
            seconds, peak = map(float, child(code).split())
        return seconds, peak

    found = [(run(0, 2)[0], run(2, 1)[0]) for _ in range(repeats)]
    whole, cut = (statistics.median(column) for column in zip(*found, strict=True))
    return [name, f"{blocks * CHUNK * 4 / 2**30:.2g} GiB", f"{whole:.1f} s", f"{cut:.1f} s", f"{cut / whole:.2f}",
            f"{run(1, 1)[1]:.1f}"]  # fmt: skip


def graphs() -> Iterator[list[str]]:
    """Seconds of this process for F(x) where x has 10⁵ chunks, and for all its tasks."""
    import dask.array as da

    n, side = 100_000, 316
    A = oa.Down(2) @ oa.Conv(np.ones(31)) @ oa.Up(3)
    one = A.on(n * 100, boundary="reflect", out=n * 150)
    two = (oa.Down((2, 2)) @ oa.Conv(np.ones((5, 5)))).on((side * 16,) * 2, out=(side * 8,) * 2)
    cases = {
        "31 taps ↑3 ↓2": (one, (100,)), "its transpose": (one.T, (150,)), "FᴴF": (one.H @ one, (100,)),
        "5 × 5 taps ↓2 on images": (two, (16, 16)), "its transpose, on images": (two.T, (8, 8)),
    }  # fmt: skip
    for name, (F, chunks) in cases.items():
        x = da.zeros(F.dims, chunks=chunks)
        begin = time.process_time()
        y = F(x)
        built = time.process_time() - begin
        yield [name, f"{x.npartitions:,}", f"{built:.1f} s", f"{1e6 * built / y.npartitions:.0f} µs"]


def table(head: list[str], rows: Iterator[list[str]]) -> None:
    for line in (head, ["---"] * len(head)):
        print("|", " | ".join(line), "|", flush=True)
    for line in rows:
        print("|", " | ".join(line), "|", flush=True)


def main() -> None:
    """The tables, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=16, help="chunks of 64 MiB that a file has")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", help="where the files are written; they are deleted")
    parser.add_argument("--only", nargs="*", choices=[*CASES, "graphs"], help="these rows")
    given = parser.parse_args()
    only = given.only or [*CASES, "graphs"]
    if "graphs" in only:
        table(["graph", "chunks", "F(x)", "per chunk"], graphs())
        print()
    names = [name for name in CASES if name in only]
    if names:
        head = ["from Zarr to Zarr, float32", "input", "in memory", "Dask", "ratio", "peak / (chunk in + chunk out)"]
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            table(head, (row(Path(folder), name, given.blocks, given.repeats) for name in names))


if __name__ == "__main__":
    main()
