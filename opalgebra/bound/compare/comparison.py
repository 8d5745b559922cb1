"""compare: are two operators equal, or is their difference one that rounding explains?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from ..._verbs import verb
from ...algebra.budget import limited, room
from ...algebra.decide.prove import prove
from ...errors import DimensionError, OperandError, SizeError, Undecided, WindowError
from ...expr import LinearOperator, Signal, all_factor_symbols, common_channels, common_ndim, formal_parts, substitute
from ..operators.base import BoundOperator
from ..proofs.proof import BoundWitness
from .rounding import Roundoff

SHOWN = 160  # characters of an operator in the text of an answer
SIGNS = {"equal": "=", "equal up to rounding": "≈", "different": "≠", "undecided": "≟"}
SIZES = range(40, 65)  # of inputs for which layers that are not bound are asked for their outputs
BUDGET = 300.0  # seconds, as for proofs


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

    def __init__(
        self,
        lhs: Any,
        rhs: Any,
        dtype: str,
        verdict: str,
        error: Fraction | None = None,
        bound: Fraction | None = None,
        witness: Any = None,
        reason: str = "",
        scope: str = "",
    ) -> None:
        self.lhs, self.rhs, self.dtype, self.verdict = lhs, rhs, dtype, verdict
        self.error, self.bound, self.witness = error, bound, witness
        self.reason, self.scope = reason, scope

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


def compare(A: Any, B: Any, dtype: Any = "float32", *, budget: float = BUDGET) -> Comparison:
    """Whether A = B, or whether what is between them is rounding: |Δ| ≤ γ_n (Σ|terms| of A + Σ|terms| of B).

    For operators whose taps were computed in floating point, where :func:`prove` answers "no, by one rounding".  All
    arithmetic is exact, on the numbers that are stored.  Each tap of A and of B is a sum of products of stored numbers;
    n is the longer of the two sums (1 for a stored tap), γ_n = n u/(1 − n u), and u the unit roundoff of the dtype.
    A difference within the bound may come from computing one and the same tap in two ways; one beyond it does not.

    Parameters
    ----------
    A, B : LinearOperator, BoundOperator or layer
        Blocks and chains as well.  Layers that are not bound to a size are compared on ℤ^d.
    dtype : str or dtype
        What the taps were computed in: "float16", "bfloat16", "float32", "float64", "longdouble", "complex64",
        "complex128", or as NumPy or PyTorch has it.
    budget : float
        Seconds after which the verdict is "undecided".

    Returns
    -------
    Comparison
        With ``verdict``, ``error``, ``bound`` and ``witness``; true where the verdict is "equal" or "equal up to
        rounding".

    Raises
    ------
    OperandError
        For operands of different kinds, and for a dtype that does not round.
    DimensionError
        Where numbers of axes, of channels, or the windows differ.

    Notes
    -----
    Terms with more than two factors that round add as many to n.  Complex taps are tested by their moduli, Σ|terms|
    taken of either part.  Formal kernels and symbolic factors are equal where
    :func:`prove` proves it, different where its witness shows more than rounding, else undecided.  The bound takes no
    account of underflow.  Its proof is in ``opalgebra/bound/compare/rounding.py``.

    Examples
    --------
    >>> import numpy as np
    >>> import opalgebra as oa
    >>> q = np.array([0.1, 0.2, 0.3], dtype=np.float32)
    >>> A, B = oa.Conv(q) @ oa.Repeat(2), oa.Conv(q + np.float32(0)) @ oa.Repeat(2)
    >>> oa.compare(A, B).verdict
    'equal'
    >>> folded = np.array([0.1, 0.3, 0.5, 0.3], dtype=np.float32)
    >>> c = oa.compare(A, oa.Conv(folded) @ oa.Up(2))
    >>> c.verdict, float(c.error) < 1, float(c.bound) < 1e-7
    ('equal up to rounding', True, True)
    >>> print(oa.compare(A, oa.Conv(folded + np.float32(1e-3)) @ oa.Up(2)).verdict)
    different
    """
    roundoff = Roundoff.of(dtype)
    left, right = _stored(A), _stored(B)
    if isinstance(left, BoundOperator) != isinstance(right, BoundOperator):
        raise OperandError(f"an operator on arrays is compared with another kind: {A} and {B}; bind both: A.on(n)")
    _check_sizes(A, B)
    with limited(budget):
        try:
            if isinstance(left, BoundOperator):
                from .windows import compare_bound

                found = compare_bound(left, right, roundoff)
            else:
                found = _compared(left, right, roundoff)
        except (Undecided, SizeError) as why:
            found = Comparison(A, B, roundoff.name, "undecided", reason=str(why))
    found.lhs, found.rhs = A, B
    return found


def _stored(side: Any) -> Any:
    """The operator of the taps that are stored; of a layer on ℤ^d."""
    if isinstance(side, LinearOperator):
        return side
    if hasattr(side, "_stored"):
        return side._stored()
    raise OperandError(
        f"{side!r} of type {type(side).__name__} is compared; give operators, operators on arrays, or layers"
    )


def _check_sizes(A: Any, B: Any) -> None:
    """Layers that are not bound give outputs of equal sizes, at least for the sizes that are tried."""
    if any(isinstance(side, (LinearOperator, BoundOperator)) for side in (A, B)):
        return
    for n in SIZES:
        try:
            sizes = [side.out_size(n) for side in (A, B)]
        except WindowError:  # a size that one of them does not take
            continue
        if sizes[0] != sizes[1]:
            raise DimensionError(
                f"{A} gives outputs of size {sizes[0]} and {B} of {sizes[1]} for an input of size {n}; compare "
                "A.operator with B.operator, which have no ends"
            )


def _compared(A: LinearOperator, B: LinearOperator, roundoff: Roundoff) -> Comparison:
    common_ndim(A, B)
    common_channels(A, B)
    if formal_parts(A) or formal_parts(B):
        return _formally(A, B, roundoff)
    from .lattice import compare_lattice

    try:
        with room(A, B):
            found, tally = compare_lattice(A, B, roundoff)
    except Undecided:  # no period, or too many taps: an equation may hold all the same
        if prove(A, B).verdict == "proved":
            return Comparison(A, B, roundoff.name, "equal", Fraction(0), Fraction(0))
        raise
    if tally.equal and not tally.sure and prove(A, B).verdict == "proved":  # of enclosures one cannot tell
        return Comparison(A, B, roundoff.name, "equal", Fraction(0), Fraction(0))
    return found


def _formally(A: LinearOperator, B: LinearOperator, roundoff: Roundoff) -> Comparison:
    """Formal kernels: equal where that is proved; else the kernels of the witness, in place of the formal ones."""
    proof = prove(A, B)
    if proof.verdict == "proved":
        return Comparison(A, B, roundoff.name, "equal", Fraction(0), Fraction(0), scope="proved")
    if proof.verdict == "undecided":
        return Comparison(A, B, roundoff.name, "undecided", reason=proof.reason)
    witness = proof.witness
    assert witness is not None
    symbols = {s: witness.factors[s.name] for s in all_factor_symbols(A, B) if s.name in witness.factors}
    kernels = {name: kernel for name, kernel in witness.kernels.items() if isinstance(kernel, Signal)}
    concrete = [substitute(side, {**kernels, **symbols}) for side in (A, B)]
    if any(formal_parts(side) for side in concrete):
        reason = "exactly they differ; whether by more than rounding is decided for known kernels and factors only"
        return Comparison(A, B, roundoff.name, "undecided", reason=reason)
    found = _compared(concrete[0], concrete[1], roundoff)
    if found.verdict != "different":
        reason = "exactly they differ, and for the kernels that were tried by no more than rounding"
        return Comparison(A, B, roundoff.name, "undecided", reason=reason)
    shown = replace(found.witness, kernels=witness.kernels, factors=witness.factors)
    return Comparison(A, B, roundoff.name, "different", witness=shown, reason="for these kernels")
