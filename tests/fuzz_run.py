"""A long fuzz run: ``python -m tests.fuzz_run --count 1000000 --seed 1 --out results.jsonl``.

Random statements of all kinds, in turn, are put to the prover and to the judge in several processes.  What came of
every 50 is appended to a file as one line, so that a run may be stopped at any moment: ``--resume`` goes on with it,
``--report results.jsonl`` writes what there is into docs/fuzz.md.  ``--kinds`` chooses kinds, ``--part 0/2`` runs one
part of two by itself.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Collection
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import opalgebra

from .statements import KINDS, Outcome, judged

PAGE = Path(__file__).resolve().parent.parent / "docs" / "fuzz.md"
BEGIN, END = "<!-- fuzz:begin -->", "<!-- fuzz:end -->"
CHUNK = 50  # statements of one kind in a line of the file
MEMORY = 4 * 2**30  # bytes that a process may use
SHARES = {
    "1-D": 14, "2-D": 10, "lattices": 15, "blocks": 5, "formal kernels": 13, "symbolic factors": 3, "sums": 1,
    "hypotheses": 1, "exact coefficients": 7, "dtypes": 7, "exact angles": 2, "algebraic numbers": 2, "constants": 2,
    "real and even kernels": 4, "formal operators": 2, "signed matrices": 3, "exact blocks": 1, "boxes": 2,
    "assumptions": 1, "several hypotheses": 1, "contradictions": 1, "exact sums": 1, "textbook": 2,
}  # fmt: skip


def _spread(shares: dict[str, int]) -> list[str]:
    """Every kind as often as its share, evenly spread, so that a run has a fair split wherever it stops."""
    turns = [((turn + 0.5) / share, kind) for kind, share in shares.items() for turn in range(share)]
    return [kind for _, kind in sorted(turns)]


ORDER = _spread(SHARES)


def kind_of(chunk: int, kinds: Collection[str] = ()) -> str:
    """The kind of the statements of a chunk, where all kinds have their turn, or some."""
    order = [kind for kind in ORDER if not kinds or kind in kinds]
    return order[chunk % len(order)]


# running


def safely(seed: int, number: int, kind: str) -> Outcome:
    """An error on one statement is a fault to be listed; it must not end a run of hours."""
    try:
        return judged(seed, number, kind)
    except (
        opalgebra.OpAlgebraError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
        TypeError, ValueError, AssertionError, NotImplementedError,
    ) as error:  # fmt: skip
        return Outcome(number, "", "error", f"{type(error).__name__}: {error}")


def summary(seed: int, chunk: int, kinds: Collection[str] = ()) -> dict[str, Any]:
    """One line of the file: what came of the statements of a chunk."""
    kind, begin = kind_of(chunk, kinds), time.process_time()
    outcomes = [safely(seed, number, kind) for number in range(chunk * CHUNK, (chunk + 1) * CHUNK)]
    table = Counter(f"{_made_as(o.hint)} {o.verdict}" for o in outcomes)
    return {
        "chunk": chunk,
        "kind": kind,
        "table": table,
        "unseen": sum(o.unseen for o in outcomes),
        "skipped": sum(o.skipped for o in outcomes),
        "refused": sum(o.refused for o in outcomes),
        "slow": sum(o.slow for o in outcomes),
        "seconds": round(time.process_time() - begin, 3),
        "at": round(time.time()),
        "faults": [[o.number, o.verdict, o.fault[:500]] for o in outcomes if o.fault],
    }


def _made_as(hint: str) -> str:
    return "equal" if hint.startswith("equal") else "contradiction" if hint.startswith("contra") else "miss"


def run_part(out: str, count: int, part: int, parts: int) -> None:
    """Every ``parts``-th chunk that the file does not have yet."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    header, lines = read(out)
    done = {line["chunk"] for line in lines}
    for chunk in range(part, -(-count // CHUNK), parts):
        if chunk in done:
            continue
        line = summary(header["seed"], chunk, header.get("kinds", ()))
        append(out, line)
        for number, verdict, fault in line["faults"]:
            print(f"statement {number} ({line['kind']}): {verdict}: {fault}", flush=True)


# the file


def append(out: str, line: dict[str, Any]) -> None:
    """One write for one line, so that processes may share a file; a torn line before it is closed."""
    with open(out, "a+b") as file:
        file.seek(0, 2)
        torn = file.tell() > 0 and (file.seek(-1, 2), file.read(1))[1] != b"\n"
        file.write((b"\n" if torn else b"") + json.dumps(line).encode() + b"\n")


def read(out: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(header, lines); a line that was torn when a run was stopped is left out, and its chunk made again."""
    found = []
    for text in Path(out).read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    by_chunk = {line["chunk"]: line for line in found if "chunk" in line}
    return next(line for line in found if "seed" in line), [by_chunk[chunk] for chunk in sorted(by_chunk)]


# the report


def section(header: dict[str, Any], lines: list[dict[str, Any]]) -> str:
    """The outcome as Markdown."""
    total = sum(sum(line["table"].values()) for line in lines)
    hours = sum(line["seconds"] for line in lines) / 3600
    faults = [(line["kind"], *fault) for line in lines for fault in line["faults"]]
    columns = ["equal proved", "miss proved", "miss refuted", "undecided", "refused"]
    seen = {line["kind"] for line in lines}
    rows = [_row(kind, [line for line in lines if line["kind"] == kind], columns) for kind in KINDS if kind in seen]
    text = [
        f"Version {header['version']}, seed {header['seed']}, {total:,} statements, {hours:.1f} hours of a processor,",
        f"{_date(header['started'])} to {_date(max((line['at'] for line in lines), default=header['started']))}.",
        "",
        "| kind | statements | equal: proved | miss: proved | refuted | undecided | refused | by witness only "
        "| not judged | slow check | a second |",
        "| --- |" + " ---: |" * 10,
        *rows,
        _row("all", lines, columns),
        "",
        f"Wrong verdicts, errors, and undecided where that is not allowed: {len(faults)}.",
        *[f"- statement {number} ({kind}): {verdict}: {fault}" for kind, number, verdict, fault in faults[:50]],
    ]
    return "\n".join(text)


def _row(name: str, lines: list[dict[str, Any]], columns: list[str]) -> str:
    table: Counter[str] = Counter()
    for line in lines:
        table.update(line["table"])
    for verdict in ("undecided", "refused"):
        table[verdict] = sum(count for key, count in table.items() if key.endswith(f" {verdict}"))
    counts = [sum(sum(line["table"].values()) for line in lines), *[table[column] for column in columns]]
    counts += [sum(line[key] for line in lines) for key in ("unseen", "skipped", "slow")]
    seconds = sum(line["seconds"] for line in lines)
    counts.append(round(counts[0] / seconds) if seconds else 0)
    return f"| {name} | " + " | ".join(f"{count:,}" for count in counts) + " |"


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def write(text: str, page: Path = PAGE) -> None:
    """Put the section between the marks of the page."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has no section {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


# the command


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="random statements against the judge")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", help="these kinds only, separated by commas")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--part", help="run one part by itself, such as 0/2 and 1/2")
    parser.add_argument("--out", default="fuzz.jsonl", help="the file of results")
    parser.add_argument("--resume", action="store_true", help="go on with a file that is there")
    parser.add_argument("--report", metavar="FILE", help="write the section of docs/fuzz.md from a file of results")
    parser.add_argument("--dry", action="store_true", help="print the section only")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> None:
    if Path(options.out).exists() != options.resume:
        raise SystemExit(f"{options.out}: give --resume for a file that is there, and only then")
    if not options.resume:
        header = {"seed": options.seed, "version": opalgebra.__version__, "started": round(time.time())}
        kinds = options.kinds.split(",") if options.kinds else []
        if unknown := set(kinds) - set(KINDS):
            raise SystemExit(f"no kinds are called {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
        append(options.out, {**header, "kinds": kinds})
    if options.part:
        part, parts = map(int, options.part.split("/"))
        run_part(options.out, options.count, part, parts)
        return
    spawn = get_context("spawn")
    plan = [(options.out, options.count, part, options.processes) for part in range(options.processes)]
    workers = [spawn.Process(target=run_part, args=arguments) for arguments in plan]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit(f"a process ended early; {options.out} has what was done: go on with --resume")


def main(arguments: list[str] | None = None) -> int:
    """Run or report; the exit status is 1 if anything was at fault."""
    options = _arguments(arguments)
    if not options.report:
        _run(options)
    header, lines = read(options.report or options.out)
    text = section(header, lines)
    print(text)
    if not options.dry:
        write(text)
    return int(any(line["faults"] for line in lines))


if __name__ == "__main__":
    sys.exit(main())
