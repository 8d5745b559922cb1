"""What is known about a statement, and the lines that show it."""

from __future__ import annotations

from functools import cached_property
from os import PathLike
from typing import Any, NamedTuple

from ..._verbs import Drawn, verb
from ...expr.exactly import exactly
from ..budget import room
from ..facts import Hypothesis
from ..judge.evaluate import Expression
from ..judge.witness import Witness


class Step(NamedTuple):
    """One line of a derivation: the expression, the law that leads to it, and the law's condition.

    >>> import opalgebra as oa
    >>> p = oa.prove(oa.Down(2) @ oa.Up(2), oa.Identity())
    >>> p.steps[1].law, p.steps[1].expression
    ('down-up', Identity())
    """

    expression: Expression
    law: str
    condition: str

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {verb('latex')(self)}$"


class Proof(Drawn):
    """What is known about lhs = rhs; made by :func:`prove`.

    ``bool(p)`` is True only where equality is proved.

    >>> import opalgebra as oa
    >>> p = oa.prove(oa.Down(2) @ oa.Up(2), oa.Identity())
    >>> p.verdict, bool(p), p.check()
    ('proved', True, True)
    """

    def __init__(
        self,
        lhs: Expression,
        rhs: Expression,
        given: tuple[Hypothesis, ...],
        verdict: str,
        reason: str = "",
        witness: Witness | None = None,
    ) -> None:
        self.lhs, self.rhs, self.given = lhs, rhs, given
        self.verdict, self.reason, self.witness = verdict, reason, witness

    def __bool__(self) -> bool:
        return self.verdict == "proved"

    @cached_property
    @exactly()
    def steps(self) -> list[Step]:
        """The derivation from lhs to rhs (empty unless proved); the first line is lhs, by no law."""
        if self.verdict != "proved":
            return []
        with room(self.lhs, self.rhs):
            found: list[Step] = verb("derivation")(self.lhs, self.rhs, self.given)
        return found

    @exactly()
    def check(self) -> bool:
        """Replay the certificate by plain evaluation, which shares no code with the prover.

        A refutation is evaluated again at its witness.  A proof is tried, line by line, on impulses in
        every residue class and far apart, with random integer taps in place of formal kernels.
        """
        with room(self.lhs, self.rhs):
            return bool(verb("check")(self))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the certificate of a proof or a refutation, which ``opalgebra check`` and :func:`load_proof` read.

        The format is JSON; ``opalgebra/algebra/certificates/checker.py`` checks it without the rest of the package.

        Raises
        ------
        CertificateError
            Where nothing was decided, operators on arrays are compared, or numbers are not algebraic.
        """
        text = verb("certificate")(self)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of both sides of a refuted statement near the sample in which they differ, ``around`` it on each
        side; OperandError where nothing is known to differ.
        """
        return verb("plot")(self, kind, dark=dark, **options)

    def __str__(self) -> str:
        return str(verb("text")(self))

    def __repr__(self) -> str:
        return f"<Proof: {self.verdict}: {self.lhs} {'≠' if self.verdict == 'refuted' else '='} {self.rhs}>"

    def latex(self) -> str:
        """The derivation, or the difference, in LaTeX for mathematics mode."""
        return str(verb("latex")(self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        return str(verb("markdown")(self))
