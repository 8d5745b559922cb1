"""What SymPy's printers show of an expression."""

from __future__ import annotations

from typing import Any

from ..expr.node import Node
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
