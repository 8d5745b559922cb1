"""What is known about two operators whose taps were computed in floating point."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..._verbs import verb
from ...expr import LinearOperator
from ..operators.base import BoundOperator
from ..proofs.witness import BoundWitness
from .rounding import Roundoff

SHOWN = 160  # characters of an operator in the text of an answer
SIGNS = {"equal": "=", "equal up to rounding": "≈", "different": "≠", "undecided": "≟"}


@dataclass(eq=False, repr=False)
class Comparison:
    """What is known about A and B, whose taps were computed in floating point; made by :func:`compare`.

    Attributes
    ----------
    verdict : str
        ``"equal"``, ``"equal up to rounding"``, ``"different"`` or ``"undecided"``.
    error : Fraction or None
        max |Δ| / (γ_n (Σ|terms| of A + Σ|terms| of B)) over all taps: at most 1 where rounding explains every one.  Of
        taps that are not rational an upper bound.  None where no taps were compared.
    bound : Fraction or None
        |Ax − Bx| ≤ bound · max|x|, certified.
    witness : Witness, BoundWitness or None
        Where they differ by more than rounding: the input, a place in the output, and both exact values there.
    reason : str
        What is missing where nothing was decided.
    scope : str
        How far the verdict reaches.

    >>> import opalgebra as oa
    >>> bool(oa.compare(oa.Conv([0.1]) + oa.Conv([0.2]), oa.Conv([0.3]), dtype="float64"))
    True
    """

    lhs: Any
    rhs: Any
    dtype: str
    verdict: str
    error: Fraction | None = None
    bound: Fraction | None = None
    witness: Any = None
    reason: str = ""
    scope: str = ""

    def __bool__(self) -> bool:
        return self.verdict in ("equal", "equal up to rounding")

    def __repr__(self) -> str:
        error = "" if not self.error else f", error {_number(self.error)}"
        return f"<Comparison: {self.verdict} in {self.dtype}{error}: {self._statement(str)}>"

    def __str__(self) -> str:
        lines = [f"{self.verdict}: {self._statement(str)}", *self._facts()]
        return "\n  ".join(lines)

    def _statement(self, shown: Any) -> str:
        return f"{_brief(shown(self.lhs))} {SIGNS[self.verdict]} {_brief(shown(self.rhs))}"

    def _facts(self) -> list[str]:
        """The numbers, in words."""
        facts = []
        if self.error:
            facts.append(
                f"the largest difference of a tap is {_number(self.error)} of what rounding in {self.dtype} explains"
            )
        if self.bound:
            facts.append(f"|Ax − Bx| ≤ {_number(self.bound)} · max|x|")
        if self.witness is not None:
            facts.append(str(self.witness) if isinstance(self.witness, BoundWitness) else verb("text")(self.witness))
        return facts + [text for text in (self.scope, self.reason) if text]

    def latex(self) -> str:
        """Both sides and the bound, in LaTeX for mathematics mode."""
        sign = {"equal": "=", "equal up to rounding": r"\approx", "different": r"\neq"}.get(
            self.verdict, r"\overset{?}{=}"
        )
        sides = [_latex(side, name) for side, name in ((self.lhs, "A"), (self.rhs, "B"))]
        bound = ""
        if self.bound:
            bound = rf",\quad |Ax - Bx| \le {_scientific(self.bound)} \cdot \max|x|"
        return f"{sides[0]} {sign} {sides[1]}{bound}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        return "\n\n".join([f"**{self.verdict}**: {self._repr_latex_()}", *self._facts()])


def _brief(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _number(value: Fraction) -> str:
    """Two digits, rounded up, so that what is shown is a bound as well."""
    if not value:
        return "0"
    exponent = len(str(value.numerator)) - len(str(value.denominator))
    for power in (exponent - 1, exponent):
        unit = Fraction(10) ** (power - 1)
        digits = -(-value // unit)
        if digits <= 99:
            break
    else:
        unit, digits = unit * 10, -(-value // (unit * 10))
    return f"{float(digits * unit):.2g}"


def _scientific(value: Fraction) -> str:
    mantissa, _, power = _number(value).partition("e")
    return mantissa + (rf" \cdot 10^{{{int(power)}}}" if power else "")


def _latex(side: Any, name: str) -> str:
    """The operator, or its name where it would not fit on a line."""
    if isinstance(side, LinearOperator):
        text = str(verb("latex")(side))
    elif isinstance(side, BoundOperator):
        text = side.latex()
    else:
        text = rf"\text{{{_brief(str(side))}}}"
    return text if len(text) <= 4 * SHOWN else name


def equal(lhs: Any, rhs: Any, roundoff: Roundoff, scope: str = "") -> Comparison:
    """Exactly equal."""
    return Comparison(lhs, rhs, roundoff.name, "equal", Fraction(0), Fraction(0), scope=scope)
