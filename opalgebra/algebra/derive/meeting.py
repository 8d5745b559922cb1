"""Derivations by searching from both sides: a law of the catalogue, what the rewriter makes of it, another law, …

Used where rewriting both sides does not make them meet.  What is found is checked line by line like all else.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count, pairwise
from typing import Any

from ...errors import OpAlgebraError, Undecided
from ...expr import nameless, walk
from ...expr.operators import FormalOperator, Sum
from ...expr.signals import FormalSignal
from ...expr.sums import Indexed
from ..budget import check_time, limited
from ..decide.proof import Step
from ..laws.law import BACKWARD, FORWARD, Law
from ..laws.table import laws
from .rewrite import Facts, normalise, tidied

SECONDS = 6.0
EXPANDED = 12  # expressions on which all laws are tried, of both sides together; the tables of textbooks need 7
LARGER = 2.5  # how much larger than the larger side an expression may be
QUIET = frozenset((  # laws that the rewriter uses, or that fit nearly everything
    "sum-left", "sum-right", "sum-scale", "sum-transpose", "sum-adjoint", "sum-conj", "sum-constant", "arithmetic",
    "character-zero", "sum-reversed", "kernel-scale", "conv-commute", "linearity", "transpose-twice", "adjoint-twice",
    "conj-twice",
))  # fmt: skip


def meeting(lhs: Any, rhs: Any, facts: Facts) -> list[Step] | None:
    """Lines from lhs to rhs; None where none are found in time."""
    try:
        with limited(SECONDS):
            return _Search(lhs, rhs, facts).lines()
    except Undecided:  # the time is over; of the whole derivation there may be some left
        check_time()
        return None


class _Search:
    """What either side becomes, with the lines that lead there."""

    def __init__(self, lhs: Any, rhs: Any, facts: Facts) -> None:
        self.facts = facts
        self.known: list[dict[Any, list[Step]]] = [{}, {}]
        self.queue: list[tuple[int, int, int, Any, list[Step]]] = []
        self.order = count()
        self.limit = LARGER * max(_size(lhs), _size(rhs)) + 12
        self.counts = list(dict.fromkeys(n.stop for side in (lhs, rhs) for n in walk(side) if isinstance(n, Indexed)))
        self.counts += [len(side.terms) for side in (lhs, rhs) if isinstance(side, Sum)]
        self.sides = (lhs, rhs)
        self.laws = [law for law in laws.telling if law.name not in QUIET]

    def lines(self) -> list[Step] | None:
        for side, expression in enumerate(self.sides):
            found = self._reached(side, [Step(expression, "", "")])
            if found is not None:
                return found
        for _ in range(EXPANDED):
            if not self.queue:
                return None
            _, _, side, expression, path = heappop(self.queue)
            for law, new, condition in self._moves(expression):
                found = self._tried(side, [*path, Step(new, law, condition)])
                if found is not None:
                    return found
        return None

    def _tried(self, side: int, path: list[Step]) -> list[Step] | None:
        """What a line leads to; None also where the next lines cannot be built, such as with an empty kernel."""
        try:
            return self._reached(side, path)
        except Undecided:
            raise
        except OpAlgebraError:
            return None

    def _reached(self, side: int, path: list[Step]) -> list[Step] | None:
        """Note what a line leads to; all lines where the other side has been there."""
        check_time()
        before, (last,) = path[:-1], path[-1:]
        if nameless(last.expression) in self.known[side]:
            return None
        lines = normalise(last.expression, self.facts)
        lines = [last, *lines[1:]]
        for n, line in enumerate(lines):
            key = nameless(line.expression)
            if key in self.known[side]:
                continue
            way = [*before, *lines[: n + 1]]
            self.known[side][key] = way
            other = self.known[1 - side].get(key)
            if other is not None:
                return _joined(way, other) if side == 0 else _joined(other, way)
            if n in (0, len(lines) - 1) and _size(line.expression) <= self.limit:
                cost = 8 * len(before) + _size(line.expression)
                heappush(self.queue, (cost, next(self.order), side, line.expression, way))
        return None

    def _moves(self, expression: Any) -> Iterator[tuple[str, Any, str]]:
        types = {type(node) for node in walk(expression)}
        for law in self.laws:
            for reverse in (FORWARD, BACKWARD):
                if not law.may_fit(reverse, types) or isinstance(law.patterns[reverse], FormalOperator | FormalSignal):
                    continue
                for known in self._parameters(law):
                    check_time()
                    for made, condition in law.uses(expression, reverse, self.facts, known):
                        if (new := tidied(made)) != expression:
                            yield law.name, new, condition

    def _parameters(self, law: Law) -> list[dict[str, Any]]:
        return [{"k": k} for k in self.counts] if law.summed and "k" in law.kinds and self.counts else [{}]


def _joined(left: list[Step], right: list[Step]) -> list[Step]:
    """The left lines and then the right ones from the last to the first."""
    back = (Step(before.expression, after.law, after.condition) for before, after in reversed(list(pairwise(right))))
    return _without_loops([*left, *back])


def _without_loops(steps: list[Step]) -> list[Step]:
    """What lies between two equal lines is left out; of lines by one law in a row the last is kept."""
    result: list[Step] = []
    for step in steps:
        at = next((i for i, known in enumerate(result) if known.expression == step.expression), None)
        result = [*result, step] if at is None else result[: at + 1]
    return [s for i, s in enumerate(result) if not (0 < i < len(result) - 1 and result[i + 1].law == s.law)]


def _size(expression: Any) -> int:
    return sum(1 for _ in walk(expression))
