"""Derivations written by the user, one line at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from ..._verbs import Drawn, verb
from ...errors import LawDoesNotMatch, NotEqual, OperandError
from ...expr import FormalOperator, FormalSignal, LinearOperator, nameless, walk
from ...expr.exactly import exactly
from ..decide.proof import Step
from ..decide.prove import operand, proved_about
from ..decide.scope import Scope
from ..facts import Hypothesis, hypotheses
from ..judge.evaluate import Expression
from ..laws.given import OF_HYPOTHESES
from ..laws.law import Law
from ..laws.table import laws
from .collecting import LINEAR

MOVES = 12  # lines that are listed at once


class Move(NamedTuple):
    """A line that a law can give: the n-th ``place`` where it fits, from right to left where ``reverse``."""

    law: str
    expression: Expression
    condition: str
    place: int
    reverse: bool

    def __str__(self) -> str:
        where = f" (place {self.place})" if self.place else ""
        condition = f"    [{self.condition}]" if self.condition else ""
        return f"{self.law}{where}: {self.expression}{condition}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {verb('latex')(self)}$"


class Moves(list[Move]):
    """The lines that laws can give: one a line in a terminal, one a row of a table in a notebook."""

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(verb("html")(self))


class Derivation(Drawn):
    """Lines A = B = C = …; made by :func:`derive`.

    ``d.to(B)`` writes a line and checks it, ``d.by(law)`` writes the line that a law gives, ``d.undo()`` takes back
    what the last call wrote.  All return the derivation, so that lines chain.  ``d.moves()`` lists the lines that laws
    can give.
    """

    def __init__(self, start: Any, given: Hypothesis | Iterable[Hypothesis] = ()) -> None:
        self.given = hypotheses(given)
        self.steps: list[Step] = [Step(operand(start, "left"), "", "")]
        self._scope().check(self.given, waiting=True)
        self._written: list[int] = []  # how many lines there were before each call that wrote some

    def _scope(self, *more: Expression) -> Scope:
        """The names of all lines: of these hypotheses may speak."""
        return Scope((*(step.expression for step in self.steps), *more))

    def _write(self, lines: Iterable[Step]) -> Derivation:
        self._written.append(len(self.steps))
        self.steps += lines
        return self

    @property
    def expression(self) -> Expression:
        """The last line."""
        return self.steps[-1].expression

    @exactly()
    def to(self, goal: Any, steps: bool = True) -> Derivation:
        """Write a line; it must equal the line before.

        The lines between are written too, one for every law that was found to lead there; with ``steps=False`` the
        goal alone is, with the names of these laws.

        Raises
        ------
        NotEqual
            If it does not, with the witness; also if that is undecided.
        """
        goal = operand(goal, "right")
        proof = proved_about(self._scope(goal), self.expression, goal, self.given)
        if not proof:
            raise NotEqual(f"this line does not follow from the one before it\n{proof}", proof)
        lines = proof.steps
        if steps:
            return self._write(lines[1:])
        law, condition = (lines[1].law, lines[1].condition) if len(lines) == 2 else ("", "")
        if len(lines) > 2:
            law = ", ".join(dict.fromkeys(step.law for step in lines[1:]))
            condition = ", ".join(dict.fromkeys(step.condition for step in lines[1:] if step.condition))
        return self._write([Step(goal, law, condition)])

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of the cost of every line."""
        return verb("plot")(self, kind, dark=dark, **options)

    def undo(self) -> Derivation:
        """Take back what the last ``to``, ``by`` or ``optimize`` wrote; the first line stays."""
        if self._written:
            del self.steps[self._written.pop() :]
        return self

    @exactly()
    def moves(self) -> Moves:
        """The lines that one use of one law can give, a dozen of them at most, the most useful first.

        First comes what the hypotheses offer, then what makes the line shorter, then other laws of multirate signal
        processing, and what only writes the line otherwise comes last; of lines that are equal one is listed.  Laws
        that fit any expression, such as A = Aᵀᵀ from right to left, are left out, and so are those that need a
        parameter which the line does not tell, such as the k of "polyphase-conv".

        >>> import opalgebra as oa
        >>> for move in oa.derive(oa.Down(2) @ oa.Conv(oa.signals("q")).T).moves()[:2]:
        ...     print(move)
        up-transpose: ↑₂ᵀ (q∗)ᵀ
        conv-transpose: ↓₂ ((R q)∗)
        """
        listed: dict[Any, Move] = {}
        for move in sorted(self._all_moves(), key=self._rank):
            listed.setdefault(nameless(move.expression), move)
        return Moves(islice(listed.values(), MOVES))

    def _all_moves(self) -> Iterator[Move]:
        return (move for name in laws for move in self._moves_by(name))

    def _rank(self, move: Move) -> tuple[int, int]:
        """Hypotheses, then laws that shorten, then other laws, then the bare structure; of these the shorter line."""
        grown = _size(move.expression) - _size(self.expression)
        if move.law in OF_HYPOTHESES or (move.condition and self.given):
            return 0, grown
        structural = laws[move.law] not in laws.telling or move.law in LINEAR
        return (3 if structural else 1 if grown < 0 else 2), grown

    def _moves_by(self, name: str) -> Iterator[Move]:
        law, before = laws[name], self.expression
        for reverse in (False, True):
            pattern = law.patterns[reverse]
            silent = pattern is None and law.finder(reverse) is None
            if silent or isinstance(pattern, FormalOperator | FormalSignal):
                continue
            found = [use for use in law.uses(before, reverse, self.given) if use[0] != before]
            yield from (Move(name, new, condition, place, reverse) for place, (new, condition) in enumerate(found))

    @exactly()
    def by(self, law: str | Law, place: int = 0, **values: Any) -> Derivation:
        """Write the line that one use of a law gives, at the first place where it fits, or at a later one.

        ``law`` is a name of the catalogue or a :class:`Law` of your own, which is checked as it is used.  It is tried
        from left to right, then from right to left.  ``values`` fixes parameters that the expression does not tell,
        such as ``k=2`` for "polyphase-conv".

        Raises
        ------
        UnknownLaw
            If the catalogue has no law of that name.
        LawDoesNotMatch
            If neither side occurs in the last line, or a condition fails.
        """
        row = law if isinstance(law, Law) else laws[law]
        before = self.expression
        uses = (use for reverse in (False, True) for use in row.every_use(before, reverse, self.given, values))
        for new, condition in islice((use for use in uses if use[0] != before), place, None):
            proof = proved_about(self._scope(new), before, new, self.given)
            if not proof:
                raise NotEqual(f"the law {row.name} gave a line that does not follow\n{proof}", proof)
            return self._write([Step(new, row.name, condition)])
        conditions = f" (condition: {', '.join(row.conditions)})" if row.conditions else ""
        where = f" at place {place}" if place else ""
        fitting = ", ".join(dict.fromkeys(move.law for move in self._all_moves())) or "none without parameters"
        raise LawDoesNotMatch(
            f"neither side of {row.name}: {row.statement}{conditions} occurs in {before}{where}; "
            f"laws that fit: {fitting}"
        )

    def optimize(self, cost: Any = None) -> Derivation:
        """Write the lines from the last one to the cheapest equal operator; see :meth:`LinearOperator.optimize`.

        >>> import opalgebra as oa
        >>> print(oa.derive(oa.Down(6) @ oa.Conv(oa.Up(2) @ oa.signals("q")) @ oa.Up(2)).optimize())
        ↓₆ ((↑₂ q)∗) ↑₂
          = ↓₃ (q∗)    [common-factor]
        """
        if not isinstance(self.expression, LinearOperator):
            raise OperandError(f"{self.expression} is a signal; operators are optimized")
        return self._write(verb("optimized")(self.expression, cost)[1:])

    def __str__(self) -> str:
        return str(verb("text")(self))

    def __repr__(self) -> str:
        return f"<Derivation of {len(self.steps)} lines, last {self.expression}>"

    def latex(self) -> str:
        """The derivation as an ``aligned`` environment."""
        return str(verb("latex")(self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        return str(verb("markdown")(self))


def _size(expression: Any) -> int:
    return sum(1 for _ in walk(expression))


def derive(start: Any, given: Hypothesis | Iterable[Hypothesis] = ()) -> Derivation:
    """Begin a derivation at an operator or a signal.

    Examples
    --------
    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> d = oa.derive(oa.Conv(q) @ oa.Up(2))
    >>> print(d.to((oa.Down(2) @ oa.Conv(q).T).T))
    (q∗) ↑₂
      = (q∗) ↓₂ᵀ        [down-transpose]
      = ((q∗)ᵀ)ᵀ ↓₂ᵀ    [transpose-twice]
      = (↓₂ (q∗)ᵀ)ᵀ     [transpose-product]
    """
    return Derivation(start, given)
