"""What SymPy's printers show of an expression."""

from __future__ import annotations

from typing import Any

from ...expr import PLAIN, Compose, Identity, LinearOperator, Node, Power, Scale, Sum, Zero, grid, has_blocks, plain
from ...scalar import to_sympy as number
from .text import ascii_text, text


def pretty_form(node: Node, printer: Any) -> Any:
    """The expression as SymPy's pretty printer wants it: Unicode, or ASCII with ``use_unicode=False``.

    >>> import opalgebra as oa, sympy
    >>> A = oa.Down(2) @ oa.Up(3)
    >>> sympy.pretty(A, use_unicode=True), sympy.pretty(A, use_unicode=False)
    ('↓₂ ↑₃', 'down2 up3')
    """
    from sympy.printing.pretty.stringpict import prettyForm

    return prettyForm(text(node) if printer._use_unicode else ascii_text(node))


def to_sympy(operator: LinearOperator) -> Any:
    """Sums, products and powers of SymPy, with a noncommutative symbol for every other operator.

    Blocks become a SymPy matrix, multiplied out.
    """
    import sympy

    if operator.channels not in (None, PLAIN):
        return sympy.Matrix([[to_sympy(entry) for entry in row] for row in grid(operator)])
    if has_blocks(operator):
        return to_sympy(plain(operator))

    match operator:
        case Identity():
            return sympy.Integer(1)
        case Zero():
            return sympy.Integer(0)
        case Sum():
            return sympy.Add(*map(to_sympy, operator.terms))
        case Compose():
            return sympy.Mul(*map(to_sympy, operator.factors))
        case Scale():
            return number(operator.scalar) * to_sympy(operator.operator)
        case Power():
            return to_sympy(operator.operator) ** operator.exponent
    return sympy.Symbol(text(operator), commutative=False)
