"""A long fuzz run: ``python -m tests.fuzz_run --count 100000 --seed 1``.

Random statements are put to the prover and to the judge in several processes; the outcome is printed as a
table and written into docs/fuzz.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import opalgebra

from .statements import Outcome, judged

PAGE = Path(__file__).resolve().parent.parent / "docs" / "fuzz.md"
BEGIN, END = "<!-- fuzz:begin -->", "<!-- fuzz:end -->"


def _safely(seed: int, number: int) -> Outcome:
    """An error on one statement is a fault to be listed; it must not end a run of hours."""
    try:
        return judged(seed, number)
    except (opalgebra.OpAlgebraError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        return Outcome(number, "", "error", f"{type(error).__name__}: {error}")


def _followed(outcomes: Iterable[Outcome], count: int) -> list[Outcome]:
    begin, done = time.monotonic(), []
    for outcome in outcomes:
        done.append(outcome)
        if outcome.fault:
            print(f"statement {outcome.number} ({outcome.hint}): {outcome.verdict}: {outcome.fault}", flush=True)
        if len(done) % 1000 == 0:
            print(f"{len(done)} of {count} after {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return done


def section(outcomes: list[Outcome], seed: int, seconds: float) -> str:
    """The outcome as Markdown."""
    table = Counter((o.hint.partition(":")[0], o.verdict) for o in outcomes)
    rows = [f"| {made or '?'} | {verdict} | {count:,} |" for (made, verdict), count in sorted(table.items())]
    faults = [o for o in outcomes if o.fault]
    lines = [
        f"Version {opalgebra.__version__}, seed {seed}, {len(outcomes):,} statements, {seconds / 60:.0f} minutes.",
        "",
        "| made as | verdict | statements |",
        "| --- | --- | ---: |",
        *rows,
        "",
        f"Disagreements with the judge, undecided, or refuted by a witness that does not stand: {len(faults)}.",
        *[f"- statement {o.number}: {o.fault}" for o in faults[:50]],
    ]
    return "\n".join(lines)


def write(text: str, page: Path = PAGE) -> None:
    """Put the section between the marks of the page."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has no section {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run, print, write; the exit status is 1 if anything was at fault."""
    parser = argparse.ArgumentParser(description="random statements against the judge")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first statement")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--dry", action="store_true", help="do not write docs/fuzz.md")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    with get_context("spawn").Pool(options.processes, maxtasksperchild=50) as pool:
        outcomes = _followed(
            pool.imap_unordered(
                partial(_safely, options.seed), range(options.first, options.first + options.count), chunksize=50
            ),
            options.count,
        )
    text = section(sorted(outcomes), options.seed, time.monotonic() - begin)
    print(text)
    if not options.dry:
        write(text)
    return int(any(o.fault for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
