"""Operators on ℤ^d compared tap by tap: the responses to one impulse in every residue class."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from math import lcm, prod
from typing import Any

from ...algebra.budget import check_time
from ...algebra.judge.evaluate import Evaluator, differs
from ...algebra.judge.witness import Witness, to_signal
from ...errors import Undecided
from ...expr import PLAIN, Grid, LinearOperator, SamplingMatrix, common_channels, common_ndim, fitted, plus, times
from ...scalar import exact
from .comparison import Comparison
from .responses import Index, Rate, Response, Responses, Tracer, respond
from .rounding import Roundoff
from .tally import Tally

RESIDUES = 1 << 20  # impulses that are tried
TRIES = 4  # multiples of the period, per axis, at which a witness is looked for


def compare_lattice(A: LinearOperator, B: LinearOperator, roundoff: Roundoff) -> tuple[Comparison, Tally]:
    """Compare two operators with known taps; see :func:`opalgebra.compare`."""
    ndim = common_ndim(A, B) or 1
    outs, ins = common_channels(A, B) or PLAIN
    grids = fitted(A, outs, ins), fitted(B, outs, ins)
    tracer = Tracer()
    period, transposed = _orientation(grids, ndim, tracer)
    tally = Tally(roundoff, period, transposed)
    for i, j in product(range(outs), range(ins)):
        entries = [grid[i][j] for grid in grids]
        if entries[0] == entries[1]:
            continue
        sides = [entry.T if transposed else entry for entry in entries]
        for at in product(*map(range, period)):
            left, right = (respond(side, at, tracer) for side in sides)
            tally.compare(left, right, i, _row(at, period, transposed), (i, j, at))
    witness = _witness(grids, tally, period, transposed) if tally.verdict == "different" else None
    found = Comparison(A, B, roundoff.name, tally.verdict, tally.worst.high, tally.bound, witness, scope="on ℤ^d")
    if tally.verdict == "undecided":
        found.reason = "numbers that are not rational are known too coarsely to tell"
    return found, tally


def _orientation(grids: tuple[Grid, Grid], ndim: int, tracer: Tracer) -> tuple[Index, bool]:
    """The period of impulses, and whether those of the transposes are fewer."""
    forward = _period(grids, ndim, tracer, False)
    if prod(forward) == 1:
        return forward, False
    backward = _period(grids, ndim, tracer, True)
    transposed = prod(backward) < prod(forward)
    period = backward if transposed else forward
    if prod(period) > RESIDUES:
        raise Undecided(f"budget: {prod(period)} impulses would be compared (limit {RESIDUES})")
    return period, transposed


def _period(grids: tuple[Grid, Grid], ndim: int, tracer: Tracer, transposed: bool) -> Index:
    """A period of all entries."""
    periods = [(1,) * ndim]
    for pair in zip(*grids, strict=True):
        for entries in zip(*pair, strict=True):
            for entry in entries if entries[0] != entries[1] else ():
                found = respond(entry.T if transposed else entry, (0,) * ndim, tracer)
                periods += [part.period for part in found]
    return tuple(map(lcm, *periods)) if len(periods) > 1 else periods[0]


def _row(at: Index, period: Index, transposed: bool) -> Callable[[Response, Index], Any]:
    """The class of rows that a tap at n is in: n modulo R diag(period) ℤ^d; of transposes the impulse is the row."""
    if transposed:
        return lambda part, n: at
    return lambda part, n: _class(n, part.rate, period)


def _class(n: Index, rate: Rate, period: Index) -> Any:
    step = _step(rate, period)
    if isinstance(step, SamplingMatrix):
        return step.residue(n)
    return tuple(i % s for i, s in zip(n, step, strict=True))


@lru_cache(maxsize=256)
def _step(rate: Rate, period: Index) -> Index | SamplingMatrix:
    """R diag(period), which is whole; where it is diagonal its diagonal."""
    rows = tuple(tuple(int(entry * p) for entry, p in zip(row, period, strict=True)) for row in rate)
    if any(entry for i, row in enumerate(rows) for j, entry in enumerate(row) if i != j):
        return SamplingMatrix(rows)
    return tuple(row[i] for i, row in enumerate(rows))


def _witness(grids: tuple[Grid, Grid], tally: Tally, period: Index, transposed: bool) -> Witness:
    """The tap with the largest ratio as an input of one sample; where taps of several rates meet, beside that place.

    Both values are computed from the definitions, by the evaluator that judges witnesses of proofs.
    """
    rate, (i, j, at), n = tally.place
    ndim = len(at)
    entries = [grid[i][j] for grid in grids]
    for steps in sorted(product(range(TRIES), repeat=ndim), key=sum):
        check_time()
        by = times(steps, period)
        moved = plus(at, by)
        to = tuple(a + sum(r * b for r, b in zip(row, by, strict=True)) for a, row in zip(n, rate, strict=True))
        column, index = (moved, tuple(map(int, to)))[:: -1 if transposed else 1]
        evaluator = Evaluator(ndim)
        values = [evaluator.act(entry, {column: 1}).get(index, 0) for entry in entries]
        if _is_alone(entries, moved, tuple(map(int, to)), transposed) and differs(*values):
            channels = (i, j) if (len(grids[0]), len(grids[0][0])) != PLAIN else None
            place = index if ndim > 1 else index[0]
            lhs, rhs = map(exact, values)
            return Witness(to_signal({column: 1}, ndim), {}, {}, place, lhs, rhs, {}, channels)
    raise Undecided("taps of several rates meet wherever a witness was looked for")


def _is_alone(entries: list[LinearOperator], at: Index, n: Index, transposed: bool) -> bool:
    """Whether taps of one rate alone stand at a place, so that the entry shows their difference."""
    found: list[Responses] = [respond(e.T if transposed else e, at, Tracer()) for e in entries]
    rates = {part.rate for side in found for part in side if n in part.re or n in part.im}
    return len(rates) == 1
