"""Operators on arrays beside their peers, in one run: ``python -m benchmarks.engines`` prints Markdown."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from importlib import metadata
from pathlib import Path

import numpy as np

from opalgebra.bench import Disagreement, Row, Task, accuracy, compare, duration, geometric_mean
from opalgebra.engine.ways.compiled.threads import cpus

from . import overheads, peers
from .tasks import Section, sections

PACKAGES = ("numpy", "scipy", "numba", "torch", "onnxruntime", "pylops", "sigpy")
Found = list[list[Row]]
"""For every task, dtype and direction a row per number of threads."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit status is 1 where a result is wrong."""
    options = _parser().parse_args(arguments)
    counts = sorted(set(options.threads))
    scale, repeats = (6, 3) if options.quick else (0, 7)
    say(f"Made {date.today()} by `python -m benchmarks.engines`: {machine()}.")
    for name in peers.missing():
        say(f"\n{name} is not installed, and its rows are left out.")
    found: dict[str, Found] = {}
    wrong: list[str] = []
    for section in sections(scale):
        if wanted(section.name, options.only):
            found[section.name] = run(section, counts, repeats, wrong)
    if wanted("overheads", options.only):
        say("\n### Overheads\n\n| what | measured |\n| --- | --- |")
        for what, measured in overheads.facts(scale, counts[-1]):
            say(f"| {what} | {measured} |")
    summary(found, counts)
    say(f"\nLoad of the machine at the end, these threads included: {os.getloadavg()[0]:.1f}.")
    for line in wrong:
        print(f"opalgebra: {line}", file=sys.stderr)
    if options.plot:
        from .plot import draw

        draw(found["taps"], found["sizes"], Path(options.plot))
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="operators on arrays beside SciPy, PyTorch, PyLops and SigPy")
    parser.add_argument("--quick", action="store_true", help="64 times fewer samples, 3 rounds")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N", help="by default 1 and 2")
    names = ", ".join([*(section.name for section in sections()), "overheads"])
    parser.add_argument("--only", nargs="+", default=[], metavar="SECTION", help=f"some of: {names}")
    parser.add_argument("--plot", metavar="FILE", help="draw the sections taps and sizes, such as docs/scaling.svg")
    return parser


def wanted(name: str, only: Sequence[str]) -> bool:
    """Whether a section was asked for."""
    return not only or name in only


def say(text: str) -> None:
    """Print at once: a run takes minutes."""
    print(text, flush=True)


def machine(packages: Sequence[str] = PACKAGES) -> str:
    """Processor and versions."""
    cores = f"{cpus()} processors with a load of {os.getloadavg()[0]:.1f}, {platform.machine()}"
    cores += f", Python {platform.python_version()}"
    versions = {module: _version(module) for module in packages}
    return ", ".join([cores, *(f"{module} {version}" for module, version in versions.items() if version)])


def _version(module: str) -> str:
    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:
        return ""


def run(section: Section, counts: Sequence[int], repeats: int, wrong: list[str]) -> Found:
    """Measure a section and print its table; what disagrees is noted and not timed."""
    head = ["what", "dtype", "", *(f"{n} thread{'s' * (n > 1)}" for n in counts), "the best peer"]
    head += [*(f"ratio, {n}" for n in counts), "the others", "error"]
    say(f"\n### {section.title}\n\n| {' | '.join(head)} |")
    say(f"| --- | --- | --- |{' ---: |' * len(counts)} --- |{' ---: |' * len(counts)} --- | ---: |")
    found: Found = []
    for task, dtype, adjoint in cases(section):
        try:
            rows = at_all(task, dtype, adjoint, counts, repeats)
        except Disagreement as error:
            wrong.append(str(error))
            continue
        found.append(rows)
        say(line(rows))
    return found


def cases(section: Section) -> Iterator[tuple[Task, str, bool]]:
    """All tasks of a section that have a peer, in all dtypes and directions."""
    for task in section.tasks:
        if not task.peers:
            continue
        for dtype in section.dtypes:
            yield from ((task, dtype, adjoint) for adjoint in ((False, True) if task.adjoint else (False,)))


def at_all(task: Task, dtype: str, adjoint: bool, counts: Sequence[int], repeats: int) -> list[Row]:
    """A row per number of threads; a peer that is faster with fewer threads counts with its best time so far."""
    rows: list[Row] = []
    for count in counts:
        with peers.threads(count):
            row = compare(task, dtype, adjoint, repeats)
        before = rows[-1].peers if rows else row.peers
        rows.append(replace(row, peers={name: min(t, before[name]) for name, t in row.peers.items()}))
    return rows


def line(rows: Sequence[Row]) -> str:
    """A row of the table; what is slower than a peer is bold."""
    last = rows[-1]
    best = f"{last.best}, {duration(last.peers[last.best])}"
    others = ", ".join(f"{name} {t / last.ours:.3g}" for name, t in last.peers.items() if name != last.best)
    ratios = [f"{row.ratio:.2f}" if row.ratio >= 1 else f"**{row.ratio:.2f}**" for row in rows]
    ours = [duration(row.ours) for row in rows]
    cells = [last.name, np.dtype(last.dtype).name, last.direction, *ours, best, *ratios, others, accuracy(last)]
    return f"| {' | '.join(cells)} |"


def summary(found: dict[str, Found], counts: Sequence[int]) -> None:
    """Geometric means by section, dtype and direction, and all losses."""
    means = " | ".join(f"geometric mean of ratios, {n}" for n in counts)
    say(f"\n### Summary\n\n| section | dtype | | {means} | slower |")
    say(f"| --- | --- | --- |{' ---: |' * len(counts)} ---: |")
    for name, rows in found.items():
        for dtype, direction in dict.fromkeys((r[0].dtype, r[0].direction) for r in rows):
            some = [r for r in rows if (r[0].dtype, r[0].direction) == (dtype, direction)]
            cells = [f"{geometric_mean([r[i].ratio for r in some]):.2f}" for i in range(len(counts))]
            slower = sum(r[-1].ratio < 1 for r in some)
            say(f"| {name} | {np.dtype(dtype).name} | {direction} | {' | '.join(cells)} | {slower} of {len(some)} |")
    lost = [r[-1] for rows in found.values() for r in rows if r[-1].ratio < 1]
    say(f"\nSlower than the best peer with {counts[-1]} threads: {'none.' if not lost else ''}")
    for row in sorted(lost, key=lambda row: row.ratio):
        say(f"- {row.name}, {np.dtype(row.dtype).name}, {row.direction}: {row.ratio:.2f} of {row.best}")


if __name__ == "__main__":
    sys.exit(main())
