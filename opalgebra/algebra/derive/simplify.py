"""simplify: the canonical form written as an expression, or the normal form by named laws."""

from __future__ import annotations

from ...expr import PLAIN, Block, LinearOperator, grid, plain
from ...expr.exactly import exactly
from ..budget import DECISION, limited, room
from ..decide.written import canonical_expression, has_canonical_expression


@exactly()
def simplify(operator: LinearOperator) -> LinearOperator:
    """The canonical expression of an operator with concrete factors; see :meth:`LinearOperator.simplify`.

    With symbolic factors or formal operators the normal form by named laws is returned: equal, but not unique.
    Of several channels the result is one block of canonical entries.
    """
    if operator.channels not in (None, PLAIN):
        return Block([[simplify(entry) for entry in row] for row in grid(operator)])
    with room(operator), limited(DECISION):
        return _simplified(plain(operator))


def _simplified(operator: LinearOperator) -> LinearOperator:
    if has_canonical_expression(operator):
        return canonical_expression(operator)
    from .rewrite import normalise  # with the laws, which are many

    result: LinearOperator = normalise(operator)[-1].expression  # type: ignore[assignment]  # of an operator, an operator
    return result
