"""Times of the prover: ``python -m benchmarks.prover`` prints a Markdown table."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from statistics import median
from typing import Any

import opalgebra as oa
from tests.statements import statement

Row = tuple[str, str]


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that the action took, and its result."""
    begin = time.perf_counter()
    result = action()
    return time.perf_counter() - begin, result


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def random_pairs(count: int, seed: int) -> list[Row]:
    """Proving random statements, with and without the derivation, which is made when it is asked for."""
    oa.prove(oa.Up(2) @ oa.Down(2), oa.Identity())  # pays for the imports
    times: dict[str, list[float]] = {"proved": [], "refuted": [], "undecided": []}
    decided: list[float] = []
    for number in range(count):
        lhs, rhs, *_ = statement(seed, number, "2-D" if number % 4 == 3 else "1-D")
        seconds, proof = timed(lambda lhs=lhs, rhs=rhs: oa.prove(lhs, rhs))
        more, _ = timed(lambda proof=proof: proof.steps)
        decided.append(seconds)
        times[proof.verdict].append(seconds + more)
    every = sorted(t for found in times.values() for t in found)
    counts = ", ".join(f"{len(found):,} {verdict}" for verdict, found in times.items())
    return [
        (f"random pair, verdict and witness, median of {count:,}", milliseconds(median(decided))),
        (f"random pair with derivation, median of {count:,} ({counts})", milliseconds(median(every))),
        ("the same, 95th percentile", milliseconds(every[int(0.95 * len(every))])),
        ("the same, slowest", milliseconds(every[-1])),
        *[(f"median where {verdict}", milliseconds(median(found))) for verdict, found in times.items() if found],
    ]


def catalogue() -> list[Row]:
    """All laws proved and all near misses refuted, in this process."""
    seconds, found = timed(lambda: [(law.prove().verdict, law.refute_near_miss().verdict) for law in oa.laws.values()])
    assert set(found) == {("proved", "refuted")}
    return [(f"the catalogue, {len(found)} laws: all proofs and near misses", f"{seconds:.2f} s")]


def import_time(runs: int = 7) -> list[Row]:
    """How much longer ``import opalgebra`` takes than ``import numpy``, in fresh interpreters."""
    seconds = {
        module: median(
            timed(lambda module=module: subprocess.run([sys.executable, "-c", f"import {module}"], check=True))[0]
            for _ in range(runs)
        )
        for module in ("numpy", "opalgebra")
    }
    more = seconds["opalgebra"] - seconds["numpy"]
    return [("`import opalgebra`, more than `import numpy`", milliseconds(more))]


def resampler(taps: int = 2560, up: int = 160, down: int = 147) -> list[Row]:
    """↓147 C_h ↑160: its canonical form, and equality with its polyphase sum Σ_r ↓147 S^r ↑160 C_{h_r}."""
    entries = [Fraction((7 * n * n + 3 * n + 1) % 1009 - 504, 1 + n % 97) for n in range(taps)]
    h = oa.Signal(entries)
    direct = oa.Down(down) @ oa.Conv(h) @ oa.Up(up)
    phases = [oa.Down(down) @ oa.Shift(r) @ oa.Up(up) @ oa.Conv(oa.Signal(entries[r::up])) for r in range(up)]
    total = phases[0]
    for phase in phases[1:]:
        total = total + phase
    form_seconds, _ = timed(direct.simplify)
    seconds, proof = timed(lambda: oa.prove(direct, total))
    wrong_seconds, wrong = timed(lambda: oa.prove(direct, total + oa.Shift(1)))
    assert (proof.verdict, wrong.verdict) == ("proved", "refuted")
    name = f"↓{down} C_h ↑{up}, {taps:,} rational taps"
    return [
        (f"{name}: canonical form", f"{form_seconds:.2f} s"),
        (f"{name}: equal to its polyphase sum", f"{seconds:.2f} s"),
        (f"{name}: refuted with one more impulse", f"{wrong_seconds:.2f} s"),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="times of the prover")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args(arguments)
    rows = [*random_pairs(options.count, options.seed), *catalogue(), *import_time(), *resampler()]
    print("| what | time |\n| --- | ---: |")
    for what, measured in rows:
        print(f"| {what} | {measured} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
