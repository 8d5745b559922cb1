"""Matrices for all large sizes at once: finite sums of weighted pieces.

A piece of an axis is a run of entries (i + s di, j + s dj), 0 ≤ s < length, of weight 1, whose ends are numbers of
:mod:`.affine`; a piece of a matrix is one per axis, and one channel of each side.  Every letter moves
runs to runs, every rule of the boundary is a few runs per turn, and where two runs meet there is one run again.  So the
matrix of a bound operator, and products and sums of such, are finite sums of runs, exactly, from some size on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, product
from math import gcd, lcm
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...algebra.numbers.ring import Ring
from ...engine.arrays.rules import RULES, Rule
from ...engine.letters.machine import Machine
from ...errors import Undecided
from ...expr import SamplingMatrix, Signal
from ...scalar import Scalar
from .affine import Affine, Number, ordered, quotient, same

LIMIT = 200_000  # pieces, and entries that are looked at one by one


class Run(NamedTuple):
    """The entries (i + s di, j + s dj), 0 ≤ s < length; for every s where the length is None."""

    i: Number
    di: int
    j: Number
    dj: int
    length: Number

    @property
    def turned(self) -> Run:
        """Rows for columns."""
        return Run(self.j, self.dj, self.i, self.di, self.length)


Weighted: TypeAlias = list[tuple[Run, int]]
Place: TypeAlias = tuple[tuple[int, int], tuple[Run, ...]]  # channels of output and input, a run per axis
Pieces: TypeAlias = dict[Place, Any]


def identity(start: Number, count: Number) -> Run:
    """Row i reads column i, for start ≤ i < start + count."""
    return Run(start, 1, start, 1, count)


def normal(run: Run) -> Run | None:
    """None where it is empty; of one entry without steps, else with rows (or, in one row, columns) ascending."""
    i, di, j, dj, length = run
    if length is None:
        return run
    if length <= 0:
        return None
    if same_int(length, 1):
        return Run(i, 0, j, 0, 1)
    if di < 0 or (di == 0 and dj < 0):
        return Run(i + di * (length - 1), -di, j + dj * (length - 1), -dj, length)
    return run


def same_int(value: Number, number: int) -> bool:
    """Whether it is this int for every t."""
    return isinstance(value, int) and value == number


def gathered(pieces: Iterable[tuple[Place, Any]]) -> Pieces:
    """The pieces with weights of equal places added and those without weight left out."""
    total: Pieces = {}
    for place, weight in pieces:
        total[place] = total[place] + weight if place in total else weight
        if len(total) > LIMIT:
            raise Undecided(f"budget: more than {LIMIT} pieces of a matrix")
    return {place: weight for place, weight in total.items() if weight}


# Products ---------------------------------------------------------------------------------------------------


def meet(x: Run, y: Run) -> Weighted:
    """The product of two runs: entries (i, j) with (i, m) in x and (m, j) in y, as many times as there are such m."""
    if x.dj == 0:
        return _column_and(x, y)
    if y.di == 0:
        return [(run.turned, weight) for run, weight in _column_and(y.turned, x.turned)]
    g = gcd(x.dj, y.di)
    distance = y.i - x.j
    if distance % g:
        return []
    return _along(x, y, distance // g, x.dj // g, y.di // g)


def _along(x: Run, y: Run, distance: Number, b: int, c: int) -> Weighted:
    """All s of x and u of y with b s − c u = distance, b and c coprime: s = distance·p + c v, u = distance·q + b v."""
    if c < 0:
        b, c, distance = -b, -c, -distance
    p = pow(b, -1, c) if c > 1 else 0
    q = (b * p - 1) // c
    s, u = distance * p, distance * q
    low, high = _steps(s, c, x.length)
    if y.length is not None:
        other = _steps(u, b, y.length)
        low, high = max(low, other[0]), min(high, other[1])
    made = Run(x.i + x.di * (s + c * low), x.di * c, y.j + y.dj * (u + b * low), y.dj * b, high - low)
    found = normal(made)
    if found is None:
        return []
    if made.di or made.dj:
        return [(found, 1)]
    if isinstance(found.length, Affine):
        raise Undecided("an entry adds up more and more samples as the size grows")
    return [(Run(found.i, 0, found.j, 0, 1), found.length)]


def _steps(start: Number, by: int, count: Number) -> tuple[Number, Number]:
    """low ≤ v < high for 0 ≤ start + by·v < count."""
    if by > 0:
        return -(start // by), -((start - count) // by)
    return (start - count) // -by + 1, start // -by + 1


def _column_and(x: Run, y: Run) -> Weighted:
    """The product where x lies in one column."""
    if y.di == 0:
        return _rectangle(x, y) if same(x.j, y.i) else []
    distance = x.j - y.i
    if distance % y.di:
        return []
    at = distance // y.di
    if y.length is not None and (at < 0 or at >= y.length):
        return []
    return [(Run(x.i, x.di, y.j + y.dj * at, 0, x.length), 1)]


def _rectangle(x: Run, y: Run) -> Weighted:
    """All rows of x by all columns of y, cut along the side whose length is a number."""
    if same_int(x.length, 1):
        return [(Run(x.i, 0, y.j, y.dj, y.length), 1)]
    if isinstance(y.length, int):
        return [(Run(x.i, x.di, y.j + y.dj * s, 0, x.length), 1) for s in range(y.length)]
    if isinstance(x.length, int):
        return [(Run(x.i + x.di * s, 0, y.j, y.dj, y.length), 1) for s in range(x.length)]
    raise Undecided("a block of entries grows with the size on both sides")


def times(left: Pieces, right: Pieces) -> Pieces:
    """The product of two matrices."""
    by_channel: dict[int, list[tuple[Place, Any]]] = {}
    for place, weight in right.items():
        by_channel.setdefault(place[0][0], []).append((place, weight))

    def pairs() -> Iterator[tuple[Place, Any]]:
        for ((out, middle), runs), a in left.items():
            for ((_, into), others), b in by_channel.get(middle, []):
                for choice, weight in chosen([meet(x, y) for x, y in zip(runs, others, strict=True)]):
                    yield ((out, into), choice), a * b * weight

    return gathered(pairs())


def chosen(per_axis: Sequence[Weighted]) -> Iterator[tuple[tuple[Run, ...], int]]:
    """One run of each axis, with the product of their weights."""
    for choice in product(*per_axis):
        weight = 1
        for _, factor in choice:
            weight *= factor
        yield tuple(run for run, _ in choice), weight


def transposed(pieces: Pieces) -> Pieces:
    """Rows for columns."""
    turned = (((place[0][::-1], tuple(run.turned for run in place[1])), weight) for place, weight in pieces.items())
    return gathered(((channels, tuple(_normal(run) for run in runs)), weight) for (channels, runs), weight in turned)


def _normal(run: Run) -> Run:
    found = normal(run)
    assert found is not None
    return found


# Letters ----------------------------------------------------------------------------------------------------


class Letters(Machine[Pieces]):
    """What each letter does to the columns, run with Aᵀ on rows of the identity."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring

    def convolve(self, x: Pieces, kernel: Signal) -> Pieces:
        """Each tap moves every run."""
        taps = [(at, self._number(value, kernel)) for at, value in kernel.items()]
        return gathered(
            ((channels, tuple(r._replace(j=r.j + s) for r, s in zip(runs, at, strict=True))), weight * value)
            for (channels, runs), weight in x.items()
            for at, value in taps
        )

    def _number(self, value: Any, of: Signal) -> Any:
        return self.ring.convert(value if of.is_exact else value.item())

    def modulate(self, x: Pieces, sequence: Signal) -> Pieces:
        """One phase of the sequence at a time."""
        periods = sequence.values.shape
        phases = [
            ([Run(r, p, r, p, None) for r, p in zip(at, periods, strict=True)], self._number(value, sequence))
            for at, value in _samples(sequence)
        ]
        return _met(x, phases)

    def character(self, x: Pieces, frequency: Any) -> Pieces:
        """Not followed: its values do not repeat along a run."""
        raise Undecided(f"the frequency {', '.join(map(str, frequency))} is not followed through windows of any size")

    def scale(self, x: Pieces, scalar: Scalar) -> Pieces:
        """Times c."""
        factor = self.ring.convert(scalar)
        return gathered((place, weight * factor) for place, weight in x.items())

    def up(self, x: Pieces, factors: tuple[int, ...]) -> Pieces:
        """j becomes k j."""
        return _each(x, factors, lambda r, k: r._replace(j=r.j * k, dj=r.dj * k))

    def down(self, x: Pieces, factors: tuple[int, ...]) -> Pieces:
        """j becomes j/k where k divides it."""
        return _met(x, [([Run(0, k, 0, 1, None) for k in factors], self.ring.one)])

    def spread(self, x: Pieces, matrix: SamplingMatrix) -> Pieces:
        """Not followed: runs are along one axis."""
        raise Undecided(f"the sampling matrix {matrix} is not followed through windows of any size")

    sample = spread

    def shift(self, x: Pieces, shifts: tuple[int, ...]) -> Pieces:
        """j becomes j + s."""
        return _each(x, shifts, lambda r, s: r._replace(j=r.j + s))

    def flip(self, x: Pieces) -> Pieces:
        """j becomes −j."""
        return {(c, tuple(_normal(r._replace(j=-r.j, dj=-r.dj)) for r in runs)): w for (c, runs), w in x.items()}

    def zero(self, x: Pieces) -> Pieces:
        """Nothing."""
        return {}

    def total(self, terms: Sequence[Pieces]) -> Pieces:
        """The sum."""
        return gathered(piece for term in terms for piece in term.items())


def _samples(sequence: Signal) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The weights over one period from index 0 on."""
    starts, shape = sequence.starts, sequence.values.shape
    for at in np.ndindex(*shape):
        yield at, sequence.values[tuple((n - a) % p for n, a, p in zip(at, starts, shape, strict=True))]


def _each(x: Pieces, values: Sequence[int], change: Callable[[Run, int], Run]) -> Pieces:
    return {
        (channels, tuple(change(run, value) for run, value in zip(runs, values, strict=True))): weight
        for (channels, runs), weight in x.items()
    }


def _met(x: Pieces, relations: Sequence[tuple[Sequence[Run], Any]]) -> Pieces:
    return gathered(
        ((channels, choice), weight * value * times)
        for (channels, runs), weight in x.items()
        for relation, value in relations
        for choice, times in chosen([meet(a, b) for a, b in zip(runs, relation, strict=True)])
    )


# Boundaries -------------------------------------------------------------------------------------------------


def continued(pieces: Pieces, rules: Sequence[str], sizes: Sequence[Number]) -> Pieces:
    """Columns on ℤ^d become samples of the array, by the rule of each axis."""

    def of_axis(run: Run, rule: str, n: Number) -> Weighted:
        ends = run.j, run.j + run.dj * (run.length - 1)
        parts = _continuation(rule, n, min(ends), max(ends) + 1)
        return [(made, weight * factor) for part, weight in parts for made, factor in meet(run, part)]

    return gathered(
        ((channels, choice), weight * factor)
        for (channels, runs), weight in pieces.items()
        for choice, factor in chosen([of_axis(*axis) for axis in zip(runs, rules, sizes, strict=True)])
    )


def _continuation(rule: str, n: Number, start: Number, stop: Number) -> Weighted:
    """The samples, by runs (index, sample), that the indices start … stop − 1 are made of."""
    if n <= 0:
        return []
    row = RULES[rule]
    parts = (_ends if same(row.period(n), 0) else _turns)(row, n, start, stop)
    return [(run, weight) for run, weight in ((normal(run), weight) for run, weight in parts if weight) if run]


def _ends(rule: Rule, n: Number, start: Number, stop: Number) -> Weighted:
    """The array, and where they count the ends that go on."""
    if not rule.end:
        return [(identity(0, n), 1)]
    below, above = min(start, 0), max(stop, n)
    beyond = Run(below, 1, 0, 0, -below), Run(n, 1, n - 1, 0, above - n)
    return [(identity(0, n), 1), *((run, rule.end) for run in beyond)]


def _turns(rule: Rule, n: Number, start: Number, stop: Number) -> Weighted:
    """Forth and back in every turn."""
    period, slope = rule.period(n), rule.slope
    found: Weighted = []
    for turn in range(quotient(start, period), quotient(stop - 1, period) + 1):
        back = turn * period + n
        found += _with_ends(Run(turn * period, 1, 0, 1, n), n, 1, slope * turn, -slope * turn)
        found += _with_ends(
            Run(back, 1, rule.last(n) - n, -1, period - n), n, rule.sign, slope * (turn + 1), -slope * turn
        )
    return found


def _with_ends(run: Run, n: Number, weight: int, last: int, first: int) -> Weighted:
    return [(run, weight), (run._replace(j=n - 1, dj=0), last), (run._replace(j=0, dj=0), first)]


# Zero? ------------------------------------------------------------------------------------------------------


def is_zero(pieces: Pieces) -> bool:
    """Whether the sum of all pieces is 0, for all large t.

    On each axis the runs are cut at one another's ends into disjoint ones, and those whose length is a number into
    entries.  What is left has linearly independent indicators, the more so their products over the axes: a run that
    grows cannot be covered by finitely many entries and runs along other lines.  So every weight must be 0.
    """
    for cut_up in (False, True):
        if not pieces:
            return True
        for axis in range(len(next(iter(pieces))[1])):
            atoms = _atoms({runs[axis] for _, runs in pieces}, cut_up)
            pieces = gathered(
                ((channels, (*runs[:axis], atom, *runs[axis + 1 :])), weight)
                for (channels, runs), weight in pieces.items()
                for atom in atoms[runs[axis]]
            )
            if not pieces:
                return True
    return False


def _atoms(runs: set[Run], cut_up: bool) -> dict[Run, list[Any]]:
    """Every run as a union of some out of one family of disjoint runs along each line."""
    lines: dict[Any, list[Run]] = {}
    for run in runs:
        if run.length != 1:
            lines.setdefault(_line(run), []).append(run)
    atoms: dict[Run, list[Any]] = {run: [run] for run in runs}
    for (di, dj, _), members in lines.items():
        atoms.update(_cut(di, dj, members))
    if not cut_up:
        return atoms
    budget = sum(atom.length for found in atoms.values() for atom in found if isinstance(atom.length, int))
    if budget > LIMIT:
        raise Undecided(f"budget: more than {LIMIT} entries to compare one by one")
    return {run: [one for atom in found for one in _entries(atom)] for run, found in atoms.items()}


def _line(run: Run) -> tuple[int, int, Number]:
    """Direction and place of the line that a run lies on."""
    g = gcd(run.di, run.dj)
    di, dj = run.di // g, run.dj // g
    return di, dj, di * run.j - dj * run.i


def _cut(di: int, dj: int, runs: list[Run]) -> dict[Run, list[Any]]:
    """Runs of one line, by the common multiple of their steps and at one another's ends."""
    a, b = _bezout(di, dj)
    step = lcm(*(gcd(run.di, run.dj) for run in runs))
    phases: dict[int, list[tuple[Run, Number, Number]]] = {}
    for run in runs:
        own = gcd(run.di, run.dj)
        share = step // own
        for s in range(share):
            at = a * (run.i + s * run.di) + b * (run.j + s * run.dj)
            low = at // step
            phases.setdefault(at % step, []).append((run, low, low - (s - run.length) // share))
    found: dict[Run, list[Any]] = {run: [] for run in runs}
    for phase, members in phases.items():
        ends = ordered({end for _, low, high in members for end in (low, high)})
        anchor = members[0][0]
        for low, high in pairwise(ends):
            atom = _at(anchor, (di, dj), (a, b), phase + step * low, step, high - low)
            for run, first, last in members:
                if first <= low and last >= high:
                    found[run].append(atom)
    return found


def _at(anchor: Run, towards: tuple[int, int], coordinate: tuple[int, int], at: Number, step: int, count: Any) -> Run:
    """The run on the line of another one that begins where the coordinate along it has a value."""
    (di, dj), (a, b) = towards, coordinate
    away = at - (a * anchor.i + b * anchor.j)
    return _normal(Run(anchor.i + di * away, di * step, anchor.j + dj * away, dj * step, count))


def _bezout(di: int, dj: int) -> tuple[int, int]:
    """a, b with a di + b dj = 1, for coprime di ≥ 0 and dj."""
    if dj == 0:
        return 1, 0
    a = pow(di, -1, abs(dj)) if abs(dj) > 1 else 0
    return a, (1 - a * di) // dj


def _entries(atom: Run) -> list[Any]:
    if isinstance(atom.length, int):
        return [Run(atom.i + atom.di * s, 0, atom.j + atom.dj * s, 0, 1) for s in range(atom.length)]
    return [atom]
