"""Derivations written by the user, one line at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._verbs import verb
from ..errors import LawDoesNotMatch, NotEqual, OperandError
from ..expr.operators import LinearOperator
from .facts import Hypothesis, hypotheses
from .laws import laws
from .prove import Expression, Step, _operand, prove


class Derivation:
    """Lines A = B = C = …; made by :func:`derive`.

    ``d.to(B)`` writes a line and checks it, ``d.by(law)`` writes the line that a law gives.  Both return the
    derivation, so that lines chain.
    """

    def __init__(self, start: Any, given: Hypothesis | Iterable[Hypothesis] = ()) -> None:
        self.given = hypotheses(given)
        self.steps: list[Step] = [Step(_operand(start, "left"), "", "")]

    @property
    def expression(self) -> Expression:
        """The last line."""
        return self.steps[-1].expression

    def to(self, goal: Any) -> Derivation:
        """Write a line; it must equal the line before.

        Raises
        ------
        NotEqual
            If it does not, with the witness; also if that is undecided.
        """
        goal = _operand(goal, "right")
        proof = prove(self.expression, goal, self.given)
        if not proof:
            raise NotEqual(f"this line does not follow from the one before it\n{proof}", proof)
        lines = proof.steps
        law, condition = (lines[1].law, lines[1].condition) if len(lines) == 2 else ("", "")
        if len(lines) > 2:
            law = ", ".join(dict.fromkeys(step.law for step in lines[1:]))
            condition = ", ".join(dict.fromkeys(step.condition for step in lines[1:] if step.condition))
        self.steps.append(Step(goal, law, condition))
        return self

    def by(self, law: str, **values: Any) -> Derivation:
        """Write the line that one use of a law gives, at the first place where it fits.

        The law is tried from left to right, then from right to left.  ``values`` fixes parameters that the
        expression does not tell, such as ``k=2`` for "polyphase-conv".

        Raises
        ------
        UnknownLaw
            If the catalogue has no law of that name.
        LawDoesNotMatch
            If neither side occurs in the last line, or a condition fails.
        """
        row = laws[law]
        before = self.expression
        uses = (use for reverse in (False, True) for use in row.uses(before, reverse, self.given, values))
        for new, condition in uses:
            if new != before:
                proof = prove(before, new, self.given)
                if not proof:
                    raise NotEqual(f"the law {law} gave a line that does not follow\n{proof}", proof)
                self.steps.append(Step(new, law, condition))
                return self
        conditions = f" (condition: {', '.join(row.conditions)})" if row.conditions else ""
        raise LawDoesNotMatch(f"neither side of {law}: {row.statement}{conditions} occurs in {before}")

    def optimize(self, cost: Any = None) -> Derivation:
        """Write the lines from the last one to the cheapest equal operator; see :meth:`LinearOperator.optimize`.

        >>> import opalgebra as oa
        >>> print(oa.derive(oa.Down(6) @ oa.Conv(oa.Up(2) @ oa.signals("q")) @ oa.Up(2)).optimize())
        ↓₆ ((↑₂ q)∗) ↑₂
          = ↓₃ (q∗)    [common-factor]
        """
        if not isinstance(self.expression, LinearOperator):
            raise OperandError(f"{self.expression} is a signal; operators are optimized")
        from .optimize import optimized

        self.steps += optimized(self.expression, cost)[1:]
        return self

    def __str__(self) -> str:
        return str(verb("derivation_text")(self.steps))

    def __repr__(self) -> str:
        return f"<Derivation of {len(self.steps)} lines, last {self.expression}>"

    def latex(self) -> str:
        """The derivation as an ``aligned`` environment."""
        return str(verb("derivation_latex")(self.steps))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        return str(verb("derivation_markdown")(self.steps))


def derive(start: Any, given: Hypothesis | Iterable[Hypothesis] = ()) -> Derivation:
    """Begin a derivation at an operator or a signal.

    Examples
    --------
    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> d = oa.derive(oa.Conv(q) @ oa.Up(2))
    >>> print(d.to(oa.Conv(q) @ oa.Down(2).T).to((oa.Down(2) @ oa.Conv(q).T).T))
    (q∗) ↑₂
      = (q∗) ↓₂ᵀ       [down-transpose]
      = (↓₂ (q∗)ᵀ)ᵀ    [transpose-twice, transpose-product]
    """
    return Derivation(start, given)
