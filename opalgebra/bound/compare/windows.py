"""Operators on arrays compared: on ℤ^d where their windows agree, else row by row.

Along an axis a row far from the ends reads neither what is cut off nor what is continued; rows of one residue class
between two such rows are translates of these, because every window is a box.  One of each class is computed, and the
rows near the ends.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch
from itertools import product
from math import lcm, prod
from typing import Any

import numpy as np

from ...algebra.budget import check_time
from ...algebra.decide.prove import prove
from ...engine.letters.unfold import run
from ...errors import DimensionError, SizeError, Undecided
from ...expr import Zero, fitted, formal_parts
from ...expr.index import minus, plus
from ...scalar import exact, to_sympy
from ..operators.base import BoundOperator, check_entries
from ..operators.between import between_windows
from ..operators.boundary import sources
from ..operators.combine import Product, Scaled, Total, Turned
from ..operators.windowed import Windowed
from ..proofs.entries import roots
from ..proofs.lattice_form import lattice_form
from ..proofs.witness import BoundWitness
from .comparison import Comparison, equal
from .lattice import compare_lattice
from .responses import Index, Rate, Response, Responses, Tracer, impulse, joined, moved, multiplied
from .rounding import Roundoff, Taps
from .tally import Tally

MIXED = -1  # for an axis: rows are no translates of one another along any, as far as is known


def compare_bound(lhs: BoundOperator, rhs: BoundOperator, roundoff: Roundoff) -> Comparison:
    """Compare two operators on arrays; see :func:`opalgebra.compare`."""
    if lhs.is_family or rhs.is_family or any(map(formal_parts, roots(lhs, rhs))):
        return _proved_only(lhs, rhs, roundoff)
    if (lhs.dims, lhs.dimsd) != (rhs.dims, rhs.dimsd):
        raise DimensionError(
            f"the windows do not agree: {lhs} maps {lhs.dims} to {lhs.dimsd}, {rhs} maps {rhs.dims} to {rhs.dimsd}; "
            "bind both with the same sizes"
        )
    found = _on_lattice(lhs, rhs, roundoff)
    return _Rows(lhs, rhs, roundoff).compared() if found is None else found


def _proved_only(lhs: Any, rhs: Any, roundoff: Roundoff) -> Comparison:
    """Formal kernels and sizes with symbols."""
    proof = prove(lhs, rhs)
    if proof.verdict == "proved":
        return equal(lhs, rhs, roundoff, getattr(proof, "scope", ""))
    reason = "exactly they differ; whether by more than rounding is decided for known kernels and sizes"
    if proof.verdict == "undecided":
        reason = proof.reason
    return Comparison(lhs, rhs, roundoff.name, "undecided", reason=reason)


def _on_lattice(lhs: BoundOperator, rhs: BoundOperator, roundoff: Roundoff) -> Comparison | None:
    """What rounding explains on ℤ^d it explains between equal windows, where an entry is a sum of multiples of taps.

    None where the operators are no two on ℤ^d between equal windows, or where they differ there: the difference may be
    cut off.
    """
    forms = lattice_form(lhs), lattice_form(rhs)
    if forms[0] is None or forms[1] is None or forms[0][1:] != forms[1][1:]:
        return None
    try:
        found, tally = compare_lattice(forms[0].operator, forms[1].operator, roundoff)
    except (Undecided, SizeError):
        return None
    assert found.bound is not None
    if not found and (set(forms[0].boundary) != {"zero"} or not _shows(lhs, rhs, tally, found)):
        return None
    parts: Any = [part for side in (lhs, rhs) for part in between_windows(side)]
    gains = [Fraction(part.extension.gain()) for part in parts if part.extension is not None]
    found.bound *= max(gains, default=Fraction(1))
    found.scope = f"on ℤ^d, and so for {lhs.dims} → {lhs.dimsd}: the windows are equal"
    return found


def _shows(lhs: BoundOperator, rhs: BoundOperator, tally: Tally, found: Comparison) -> bool:
    """Whether the tap with the largest ratio stands between the windows: then the witness is put there."""
    if tally.verdict != "different":
        return False
    rate, (i, _, at), n = tally.place
    rows = _Rows(lhs, rhs, tally.roundoff)
    sizes = lhs.dims[len(lhs.dims) - len(at) :], lhs.dimsd[len(lhs.dimsd) - len(at) :]
    shapes = sizes[::-1] if tally.transposed else sizes
    pair = _moved_inside((at, n), rate, tally.period, shapes)
    if pair is None:
        return False
    row = (*(i,) * (len(lhs.dimsd) - len(at)), *pair[0 if tally.transposed else 1])
    rows._visit(row)
    if rows.tally.worst.low < tally.worst.low:
        return False
    found.witness = rows._different().witness
    return True


def _moved_inside(pair: Any, rate: Rate, period: Index, shapes: Any) -> tuple[Index, Index] | None:
    """The places at + s p and n + R s p, s such that both lie inside, in the middle of what there is."""
    made: tuple[list[int], list[int]] = [], []
    for axis, (at, n, p, row) in enumerate(zip(*pair, period, rate, strict=True)):
        if any(entry for j, entry in enumerate(row) if j != axis):
            return None
        step, (first, second) = int(row[axis] * p), (shape[axis] for shape in shapes)
        inside = [s for s in range(-(at // p), (first - 1 - at) // p + 1) if 0 <= n + s * step < second]
        if not inside:
            return None
        s = inside[len(inside) // 2]
        made[0].append(at + s * p)
        made[1].append(n + s * step)
    return tuple(made[0]), tuple(made[1])


class _Rows:
    """The rows of two operators: which of them stand for all, and what they differ by."""

    def __init__(self, lhs: BoundOperator, rhs: BoundOperator, roundoff: Roundoff) -> None:
        self.sides = lhs, rhs
        self.tracer, self.tally = Tracer(), Tally(roundoff)
        ndims = {len(root.in_window.shape) for side in self.sides for root in between_windows(side)}
        self.ndim = ndims.pop() if len(ndims) == 1 else 0  # spatial axes, along which rows may be translates
        self.seen: dict[Index, tuple[set[int], Index] | None] = {}

    def compared(self) -> Comparison:
        """All rows, or one of each class."""
        shape = self.sides[0].dimsd
        lead, sizes = shape[: len(shape) - self.ndim], shape[len(shape) - self.ndim :]
        for channel in np.ndindex(*lead):
            for n in self._representatives(channel, sizes) if self.ndim and prod(sizes) else np.ndindex(*sizes):
                self._visit((*channel, *n))
        if self.tally.verdict == "different":
            return self._different()
        found = Comparison(*self.sides, self.tally.roundoff.name, self.tally.verdict, self.tally.worst.high)
        found.bound, found.scope = self.tally.bound, f"for {self.sides[0].dims} → {shape}"
        if found.verdict == "undecided":
            found.reason = "numbers that are not rational are known too coarsely to tell"
        return found

    def _visit(self, row: Index) -> tuple[set[int], Index] | None:
        """Compare a row; the axes along which something is cut off or continued, and the period, where known."""
        if row in self.seen:
            return self.seen[row]
        check_time()
        self.tracer.cut, self.tracer.periods = set(), [(1,) * self.ndim]
        found = [traced(side, impulse(row, self.ndim), self.tracer, True, False) for side in self.sides]
        left, right = map(_merged, found)
        self.tally.compare(left, right, "", lambda part, n: row, row)
        period = tuple(map(lcm, *self.tracer.periods, (1,) * self.ndim))
        self.seen[row] = None if MIXED in self.tracer.cut else (self.tracer.cut, period)
        return self.seen[row]

    def _representatives(self, channel: Index, sizes: Index) -> list[Index]:
        """Places of which every other one is a translate; all of them where that is not known."""
        everything = list(np.ndindex(*sizes))
        middle = tuple(n // 2 for n in sizes)
        period = self._common_period(channel, middle, sizes)
        if period is None:
            return everything
        chosen = [self._along(axis, channel, middle, sizes[axis], period[axis]) for axis in range(self.ndim)]
        found = list(product(*(places for places, _ in chosen)))
        for n in found:
            known = self._visit((*channel, *n))
            inside = {axis for axis, (_, clean) in enumerate(chosen) if n[axis] in clean}
            if known is None or known[0] & inside or any(p % q for p, q in zip(period, known[1], strict=True)):
                return everything
        return found

    def _common_period(self, channel: Index, middle: Index, sizes: Index) -> Index | None:
        """A multiple of the periods of all rows around the middle, of every residue class."""
        period, before = (1,) * self.ndim, None
        while period != before:
            before = period
            if any(2 * p > n for p, n in zip(period, sizes, strict=True)):
                return None
            for step in product(*map(range, period)):
                known = self._visit((*channel, *(a - b for a, b in zip(middle, step, strict=True))))
                if known is None:
                    return None
                period = tuple(map(lcm, period, known[1]))
        return period

    def _along(self, axis: int, channel: Index, middle: Index, size: int, period: int) -> tuple[list[int], set[int]]:
        """The places along one axis that stand for all, and those of them that stand for others as well."""

        def is_clean(at: int) -> bool:
            known = self._visit((*channel, *middle[:axis], at, *middle[axis + 1 :]))
            return known is not None and axis not in known[0]

        places, clean = list[int](), set[int]()
        for residue in range(min(period, size)):
            candidates = range(residue, size, period)
            first = next((at for at in candidates if is_clean(at)), None)
            if first is None:
                places += candidates
                continue
            last = next(at for at in reversed(candidates) if is_clean(at))
            clean.add(first)
            places += [at for at in candidates if at <= first or at > last]
        return sorted(places), clean

    def _different(self) -> Comparison:
        lhs, rhs = self.sides
        _, row, column = self.tally.place
        sides = [_merged(traced(side, impulse(row, self.ndim), Tracer(), True, False)) for side in self.sides]
        left, right = (_value(side, column) for side in sides)
        witness = BoundWitness(column, row, left, right, {})
        scope = f"for {lhs.dims} → {lhs.dimsd}"
        error, bound = self.tally.worst.high, self.tally.bound
        return Comparison(lhs, rhs, self.tally.roundoff.name, "different", error, bound, witness, scope=scope)


def _value(parts: Responses, n: Index) -> Any:
    found: Any = 0
    for part in parts:
        re, im = (Fraction(side[n][0], part.denominator) if n in side else Fraction(0) for side in (part.re, part.im))
        if im:
            import sympy

            return to_sympy(re) + sympy.I * to_sympy(im)
        found = exact(re)
    return found


def _merged(x: Responses) -> Responses:
    """One response: between windows rates play no part."""
    return (joined([part._replace(rate=()) for part in x]),) if x else ()


# -- what an operator on arrays makes of samples -------------------------------------------------------------------


@singledispatch
def traced(operator: Any, x: Responses, tracer: Tracer, transposed: bool, conjugated: bool) -> Responses:
    """F x, or Fᵀ x, conjugated or not, for samples by their place in an array; an operator of no known make by its
    exact entries, each a number that is stored.
    """
    form = operator._as_windowed()
    if form is not None:
        known: Responses = traced(form, x, tracer, transposed, conjugated)
        return known
    if hasattr(operator, "_traced"):
        made: Responses = operator._traced(x, traced, tracer, transposed, conjugated)
        return made
    tracer.cut.add(MIXED)
    check_entries(operator.shape)
    entries = operator._exact()
    entries = entries.T if transposed else entries
    before, after = (operator.dimsd, operator.dims) if transposed else (operator.dims, operator.dimsd)
    found: list[Response] = []
    for part in x:
        for n in {**part.re, **part.im}:
            column = entries[:, np.ravel_multi_index(n, before)]
            taps = Taps.of([(tuple(map(int, np.unravel_index(i, after))), column[i]) for i in np.flatnonzero(column)])
            taps = _conjugated(taps) if conjugated else taps
            one = moved(part, lambda at, n=n: at if at == n else None)  # type: ignore[misc]
            found.append(multiplied(one, taps, lambda _, to: to))
    return tracer.total([(part,) for part in found])


def _conjugated(taps: Taps) -> Taps:
    return taps._replace(im=[(at, -w, a) for at, w, a in taps.im])


@traced.register
def _(operator: Turned, x: Responses, tracer: Tracer, transposed: bool, conjugated: bool) -> Responses:
    return traced(operator.operator, x, tracer, transposed != operator.transposed, conjugated != operator.conjugated)


@traced.register
def _(operator: Product, x: Responses, tracer: Tracer, transposed: bool, conjugated: bool) -> Responses:
    for factor in operator.factors if transposed else operator.factors[::-1]:
        x = traced(factor, x, tracer, transposed, conjugated)
    return x


@traced.register
def _(operator: Total, x: Responses, tracer: Tracer, transposed: bool, conjugated: bool) -> Responses:
    return tracer.total([traced(term, x, tracer, transposed, conjugated) for term in operator.terms])


@traced.register
def _(operator: Scaled, x: Responses, tracer: Tracer, transposed: bool, conjugated: bool) -> Responses:
    return tracer.scale(traced(operator.operator, x, tracer, transposed, conjugated), operator._factor(conjugated))


@traced.register
def _(operator: Windowed, x: Responses, tracer: Tracer, transposed: bool, conjugated: bool) -> Responses:
    """Crop ∘ A ∘ Extend, or its transpose Fold ∘ Aᵀ."""
    channels = operator.channels or (1, 1)
    outs, ins = channels[::-1] if transposed else channels
    grid = fitted(operator.operator, *channels)
    found: list[Responses] = []
    for c, there in _by_channel(x, bool(operator.channels), ins):
        into = _placed(operator, there, tracer) if transposed else _extended(operator, there, tracer)
        for o in range(outs):
            entry = grid[c][o].T if transposed else grid[o][c]
            if isinstance(entry, Zero):
                continue
            answer = run(entry.conj() if conjugated else entry, into, tracer)
            tracer.periods += [part.period for part in answer]  # of parts without samples as well
            if any(e for part in answer for i, row in enumerate(part.rate) for j, e in enumerate(row) if i != j):
                tracer.cut.add(MIXED)
            answer = _folded(operator, answer, tracer) if transposed else _cropped(operator, answer, tracer)
            lead = (o,) if operator.channels else ()
            found.append(tuple(moved(part, lambda n, lead=lead: (*lead, *n)) for part in answer))  # type: ignore[misc]
    return tracer.total(found)


def _by_channel(x: Responses, has_channels: bool, count: int) -> list[tuple[int, Responses]]:
    """The samples of every channel that has any, without the axis of channels."""
    if not has_channels:
        return [(0, x)]
    busy = sorted({n[0] for part in x for side in (part.re, part.im) for n in side})
    return [(c, tuple(moved(p, lambda n, c=c: n[1:] if n[0] == c else None) for p in x)) for c in busy]  # type: ignore[misc]


def _placed(operator: Windowed, x: Responses, tracer: Tracer) -> Responses:
    """Samples of the output at their indices on ℤ^d."""
    starts = operator.out_window.starts
    return tuple(moved(part, lambda n: plus(n, starts)) for part in x)


def _cropped(operator: Windowed, x: Responses, tracer: Tracer) -> Responses:
    """The outputs inside the window, counted from its start."""
    window = operator.out_window
    return _inside(x, window.starts, window.shape, tracer)


def _inside(x: Responses, starts: Index, shape: Index, tracer: Tracer) -> Responses:
    def to(n: Index) -> Index | None:
        at = minus(n, starts)
        outside = [axis for axis, (i, size) in enumerate(zip(at, shape, strict=True)) if not 0 <= i < size]
        tracer.cut.update(outside)
        return None if outside else at

    return tuple(moved(part, to) for part in x)


def _folded(operator: Windowed, x: Responses, tracer: Tracer) -> Responses:
    """What indices beyond the ends are continued from; of the boundary "zero", nothing."""
    sizes = operator.in_window.shape
    if set(operator.boundary) == {"zero"}:
        return _inside(x, (0,) * len(sizes), sizes, tracer)
    return _relayed(x, lambda axis, k: sources(operator.boundary[axis], k, sizes[axis]), tracer)


def _extended(operator: Windowed, x: Responses, tracer: Tracer) -> Responses:
    """Samples at every index that is read and continued from them."""
    if operator.extension is None:
        return x
    window, sizes = operator.extension.window, operator.in_window.shape
    reached: list[dict[int, list[tuple[int, int]]]] = []
    for rule, n, start, stop in zip(operator.boundary, sizes, window.starts, window.stops, strict=True):
        table: dict[int, list[tuple[int, int]]] = {}
        for k in range(start, stop):
            for m, weight in sources(rule, k, n):
                table.setdefault(m, []).append((k, weight))
        reached.append(table)
    for part in x:  # the ends may be mirrors, which nothing is reflected on though their neighbours are
        for at in {**part.re, **part.im}:
            tracer.cut.update(axis for axis, (i, size) in enumerate(zip(at, sizes, strict=True)) if i in (0, size - 1))
    return _relayed(x, lambda axis, m: reached[axis].get(m, []), tracer)


def _relayed(x: Responses, rule: Any, tracer: Tracer) -> Responses:
    """Every sample sent to some places with whole weights: a rule per axis."""
    found: list[Responses] = []
    for part in x:
        for n in {**part.re, **part.im}:
            per_axis = [rule(axis, i) for axis, i in enumerate(n)]
            tracer.cut.update(axis for axis, to in enumerate(per_axis) if to != [(n[axis], 1)])
            taps = Taps.of([(tuple(k for k, _ in to), prod(w for _, w in to)) for to in product(*per_axis)])
            one = moved(part, lambda at, n=n: at if at == n else None)  # type: ignore[misc]
            found.append((multiplied(one, taps, lambda _, to: to),))
    return tracer.total(found)
