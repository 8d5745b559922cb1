"""One grid of plain operators: an expression with blocks multiplied out.

:func:`grid` writes any expression so, :func:`plain` an expression of one channel without blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import DimensionError, SizeError
from .blocks import Block, Grid
from .contents import has_blocks, is_block
from .named import Named
from .node import Node, remembered, short
from .operators import PLAIN, Compose, Identity, LinearOperator, Power, Scale, Sum, Turned, Wrapped, Zero, add, compose
from .signals import Applied
from .sums import IndexedSum
from .tree import transform

MAX_POWER = 1_000
MAX_LETTERS = 2_000_000  # of all entries of one grid together, shared parts counted every time


def grid(operator: LinearOperator, size: int = 1) -> Grid:
    """The operator as one grid of plain operators: products are multiplied out, names with blocks written out.

    ``size`` is the number of channels of an operator that fits any.

    Raises
    ------
    SizeError
        Where the entries of a product together have more than two million letters.

    Examples
    --------
    >>> import opalgebra as oa
    >>> grid(oa.PixelShuffle(2) @ oa.Polyphase(2))
    ((Up(2) @ Down(2) + Shift(1) @ Up(2) @ Down(2) @ Shift(-1),),)
    """
    if operator.channels is None:
        return _multiple(operator, size)
    if not has_blocks(operator):
        return ((operator,),)
    return remembered(operator, "_grid", _expanded, _grids_below)


def _grids_below(node: Node) -> list[Node]:
    """The parts whose grids are needed first; remembered from the inside out, they need no stack."""
    return [x for x in _operators_in(node) if x.channels is not None and has_blocks(x)]  # type: ignore[attr-defined]


def plain(operator: LinearOperator) -> LinearOperator:
    """An operator of one channel without blocks.

    >>> import opalgebra as oa
    >>> print(plain(oa.PixelShuffle(2) @ oa.Block([[oa.Conv([1, 1])], [0]])))
    ↑₂ ((1 1)∗)
    """
    if operator.channels not in (None, PLAIN):
        outs, ins = operator.channels or PLAIN
        raise DimensionError(f"{short(operator)} makes {outs} channels of {ins}; one signal in and one out is expected")
    return grid(operator)[0][0]


def without_blocks(root: Any) -> Any:
    """The expression with plain operators applied to its signals, where those applied have blocks inside."""

    def replace(node: Node) -> Node | None:
        if isinstance(node, Applied) and has_blocks(node.operator):
            return plain(node.operator) @ node.signal
        return None

    return transform(root, replace) if has_blocks(root) else root


def _multiple(operator: LinearOperator, size: int) -> Grid:
    """c I on ``size`` channels."""
    return tuple(tuple(operator if i == j else Zero() for j in range(size)) for i in range(size))


def _expanded(operator: Any) -> Grid:
    match operator:
        case Scale():
            return _mapped(grid(operator.operator), lambda entry: Scale(operator.scalar, entry))
        case Wrapped():
            entries = _mapped(grid(operator.operator), type(operator), Identity)
            return _turned(entries) if isinstance(operator, Turned) else entries
        case Block():
            return _flattened(operator)
        case Compose():
            return _product(operator.factors)
        case Sum():
            return _total(operator)
        case Power():
            outs, _ = operator.channels or PLAIN
            if operator.exponent > MAX_POWER:
                raise SizeError(f"blocks to the power {operator.exponent}; at most {MAX_POWER} are multiplied out")
            return (
                _product((operator.operator,) * operator.exponent) if operator.exponent else _multiple(Identity(), outs)
            )
        case IndexedSum():
            return _mapped(grid(operator.body), lambda entry: IndexedSum(entry, operator.index, operator.stop))
        case Named() if is_block(operator):
            return grid(operator.definition())
    return ((without_blocks(operator),),)


def _mapped(entries: Grid, change: Callable[[LinearOperator], LinearOperator], *kept: type) -> Grid:
    """Every entry changed, but zeros and those of a kind that is kept."""
    still = (Zero, *kept)
    return tuple(tuple(entry if isinstance(entry, still) else change(entry) for entry in row) for row in entries)


def _turned(entries: Grid) -> Grid:
    return tuple(zip(*entries, strict=True))


def _flattened(block: Block) -> Grid:
    rows: list[tuple[LinearOperator, ...]] = []
    for height, row in zip(block.heights, block.rows, strict=True):
        parts = [fitted(entry, height, width) for entry, width in zip(row, block.widths, strict=True)]
        rows += [tuple(entry for part in parts for entry in part[i]) for i in range(height)]
    return tuple(rows)


def fitted(entry: LinearOperator, height: int, width: int) -> Grid:
    """The operator as a grid of a given size, which operators that fit any take on."""
    return ((Zero(),) * width,) * height if isinstance(entry, Zero) else grid(entry, height)


def _total(operator: Sum) -> Grid:
    outs, ins = operator.channels or PLAIN
    grids = [fitted(term, outs, ins) for term in operator.terms]
    return tuple(tuple(_sum_of(g[i][j] for g in grids) for j in range(ins)) for i in range(outs))


def _sum_of(terms: Iterable[LinearOperator]) -> LinearOperator:
    return add(tuple(term for term in terms if not isinstance(term, Zero)))


def _product(factors: tuple[LinearOperator, ...]) -> Grid:
    """The matrix product; runs of plain factors stay one composition."""
    sizes = channel_counts(factors)
    result: Grid | None = None
    for i in reversed(range(len(factors))):
        left = grid(factors[i], sizes[i])
        result = left if result is None else _times(left, result)
    assert result is not None
    return result


def channel_counts(factors: tuple[LinearOperator, ...]) -> list[int]:
    """The number of channels that every factor gives; one that fits any takes that of its neighbours."""
    known = [factor.channels[0] if factor.channels else None for factor in factors]
    for i in reversed(range(len(factors))):
        if known[i] is None:
            known[i] = known[i + 1] if i + 1 < len(factors) else None
    for i, count in enumerate(known):
        if count is None:  # at the end: as many as the factor before it takes
            before = factors[i - 1].channels if i else None
            known[i] = before[1] if before else known[i - 1] if i else 1
    return [count or 1 for count in known]


def _times(left: Grid, right: Grid) -> Grid:
    """Σ_k A_ik B_kj, without the terms that are zero."""
    columns = _turned(right)
    result = tuple(tuple(_counted(_sum_of, tuple(_pairs(row, column))) for column in columns) for row in left)
    letters = sum(_letters(entry) for row in result for entry in row)
    if letters > MAX_LETTERS:
        raise SizeError(
            f"the product of blocks has {letters} letters in its entries, more than {MAX_LETTERS}; simplify its "
            "factors first"
        )
    return result


def _pairs(row: tuple[LinearOperator, ...], column: tuple[LinearOperator, ...]) -> Iterable[LinearOperator]:
    for a, b in zip(row, column, strict=True):
        if isinstance(a, Zero) or isinstance(b, Zero):
            continue
        yield b if isinstance(a, Identity) else a if isinstance(b, Identity) else _counted(compose, (a, b))


def _counted(make: Callable[[Any], LinearOperator], parts: tuple[LinearOperator, ...]) -> LinearOperator:
    """What is made of some parts, with its letters counted by theirs: it may be flat and long."""
    made = make(parts)
    made.__dict__.setdefault("_letters", sum(map(_letters, parts)) or 1)
    return made


def _letters(root: LinearOperator) -> int:
    """The operators at the leaves; entries of products share their parts, whose counts are remembered."""
    return int(remembered(root, "_letters", _letters_of, _operators_in))


def _letters_of(node: Node) -> int:
    return sum(inner.__dict__["_letters"] for inner in _operators_in(node)) or 1


def _operators_in(node: Node) -> list[Node]:
    return [child for child in node.children() if isinstance(child, LinearOperator)]
