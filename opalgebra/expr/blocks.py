"""Blocks: operators between tuples of signals, the channels.

A block is a grid of operators and acts as a matrix of numbers does: y_i = Σ_j A_ij x_j.  :func:`grid` writes any
expression with blocks as one grid of plain operators, :func:`plain` an expression of one channel without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np

from ..errors import DimensionError, FactorTypeError, OperandError, SizeError
from ..scalar import is_sympy
from .factors import Factor, axes, axis_count, factor, is_symbolic, ratio
from .multirate import Down, Shift, Up
from .named import Named
from .node import Node, remembered
from .operators import (
    PLAIN,
    Adjoint,
    Compose,
    Conj,
    Identity,
    LinearOperator,
    Power,
    Scale,
    Sum,
    Transpose,
    Zero,
    add,
    compose,
)
from .sampling import SamplingMatrix
from .signals import Applied, _short, common_ndim
from .sums import IndexedSum
from .traverse import has_blocks, is_block, transform

Grid: TypeAlias = tuple[tuple[LinearOperator, ...], ...]

MAX_CHANNELS = 4096
MAX_POWER = 1_000
MAX_LETTERS = 2_000_000  # of all entries of one grid together, shared parts counted every time


@dataclass(frozen=True, eq=False, repr=False)
class Block(LinearOperator):
    """A matrix of operators: y_i = Σ_j A_ij x_j.

    Parameters
    ----------
    rows : list of lists of LinearOperator
        The grid A_ij.  An entry is an operator, a block whose sizes fit its row and its column, or the number 0.
        Identity and its multiples take the size that their row or column has, Zero any.

    Raises
    ------
    DimensionError
        For an empty or ragged grid, sizes that do not fit, or entries of different numbers of axes.

    Examples
    --------
    >>> import opalgebra as oa
    >>> A = oa.Block([[oa.Identity(), oa.Shift(1)], [0, oa.Down(2)]])
    >>> print(A)
    [I  S; 0  ↓₂]
    >>> A @ ([1, 2, 3], [10, 20, 30])
    (Signal([1, 12, 23, 30]), Signal([10, 30]))
    """

    rows: Any  # given as lists of lists; kept as tuples of operators
    blocks = True

    def __post_init__(self) -> None:
        rows = _as_rows(self.rows)
        entries = [entry for row in rows for entry in row]
        self._set(rows=rows, ndim=common_ndim(*entries))
        heights, widths = _sizes(rows)
        self._set(channels=(sum(heights), sum(widths)), _heights=heights, _widths=widths)

    @property
    def heights(self) -> tuple[int, ...]:
        """How many outputs every row has."""
        sizes: tuple[int, ...] = self.__dict__["_heights"]
        return sizes

    @property
    def widths(self) -> tuple[int, ...]:
        """How many inputs every column has."""
        sizes: tuple[int, ...] = self.__dict__["_widths"]
        return sizes

    @classmethod
    def diagonal(cls, *operators: Any) -> Block:
        """The operators side by side, each on channels of its own: A_ii, and 0 elsewhere.

        >>> import opalgebra as oa
        >>> print(oa.Block.diagonal(oa.Up(2), oa.Identity()))
        [↑₂  0; 0  I]
        """
        size = range(len(operators))
        return cls([[operators[i] if i == j else Zero() for j in size] for i in size])


def _as_rows(rows: object) -> Grid:
    listed = (list, tuple)
    if not isinstance(rows, listed) or not all(isinstance(row, listed) for row in rows):
        raise OperandError(f"a block is made of a list of lists of operators, not of {_brief(rows)}: Block([[A, B]])")
    if not rows or not all(rows):
        raise DimensionError("the grid of a block is empty; give at least one operator: Block([[A]])")
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        raise DimensionError(f"the rows of a block have {lengths} entries; give as many in each, and 0 for a zero")
    return tuple(tuple(_entry(entry, i, j) for j, entry in enumerate(row)) for i, row in enumerate(rows))


def _entry(entry: object, i: int, j: int) -> LinearOperator:
    if isinstance(entry, LinearOperator):
        return entry
    if isinstance(entry, (int, float, np.number)) and not isinstance(entry, bool) and entry == 0:
        return Zero()
    if is_sympy(entry) and entry == 0:
        return Zero()
    raise OperandError(
        f"entry ({i}, {j}) of a block is {_brief(entry)}; give an operator or 0 (a multiple is 2 * Identity(), a "
        "convolution Conv(q))"
    )


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _sizes(rows: Grid) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Heights of the rows and widths of the columns, in channels."""
    heights: list[int | None] = [None] * len(rows)
    widths: list[int | None] = [None] * len(rows[0])
    square = []
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            if entry.channels is not None:
                _settle(heights, i, entry.channels[0], entry, "row", "outputs")
                _settle(widths, j, entry.channels[1], entry, "column", "inputs")
            elif not isinstance(entry, Zero):
                square.append((i, j, entry))
    changed = True
    while changed:  # multiples of I hand the size of a row on to a column, and back
        changed = False
        for i, j, entry in square:
            height, width = heights[i], widths[j]
            if height != width:
                changed = True
                _settle(heights, i, width or height or 1, entry, "row", "outputs")
                _settle(widths, j, height or width or 1, entry, "column", "inputs")
    return tuple(n or 1 for n in heights), tuple(n or 1 for n in widths)


def _settle(sizes: list[int | None], at: int, size: int, entry: LinearOperator, line: str, what: str) -> None:
    known = sizes[at]
    if known not in (None, size):
        raise DimensionError(
            f"{line} {at} of a block has {known} {what}, and its entry {_short(entry)} has {size}; entries of one "
            f"{line} have as many"
        )
    sizes[at] = size


def slices(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """(start, stop) of the channels of every row or column."""
    stops = list(accumulate(sizes))
    return [(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]


# -- named blocks -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class _Phases(Named):
    factor: Factor
    blocks = True

    def __post_init__(self) -> None:
        value = factor(self.factor)
        if is_symbolic(value):
            raise FactorTypeError(
                f"the factor of {type(self).__name__} is {value}; it counts the channels: give ints, such as 2"
            )
        count = ratio(value)
        if count > MAX_CHANNELS:
            raise SizeError(f"{type(self).__name__} of {value} has {count} channels; at most {MAX_CHANNELS} are made")
        self._set(factor=value, ndim=axis_count(value))
        self._set(channels=self._shape(count))

    def _shape(self, count: int) -> tuple[int, int]:
        raise NotImplementedError

    def _phases(self) -> Iterable[Any]:
        """The offsets 0 ≤ r < k, in C order over the axes; of a matrix, one of each coset."""
        value = self.factor
        offsets = value.cosets() if isinstance(value, SamplingMatrix) else np.ndindex(*axes(value))
        return (r if len(r) > 1 else r[0] for r in offsets)


class Polyphase(_Phases):
    """The column of ↓k S^{−r} for 0 ≤ r < k: x becomes its k phases (x_{kn+r})_r; several axes in C order.

    Parameters
    ----------
    factor : int, tuple of int, or nonsingular integer matrix
        For a matrix M the phases are those of the cosets of M ℤ^d, see :func:`~opalgebra.cosets`.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.Polyphase(2) @ [1, 2, 3, 4, 5]
    (Signal([1, 3, 5]), Signal([2, 4]))
    >>> print(oa.Polyphase(2), "=", oa.Polyphase(2).expand())
    Polyphase(2) = [↓₂; ↓₂ S⁻¹]
    """

    def _shape(self, count: int) -> tuple[int, int]:
        return count, 1

    def definition(self) -> LinearOperator:
        down = Down(self.factor)
        return Block([[down @ Shift(_negated(r)) if np.any(r) else down] for r in self._phases()])


class PixelShuffle(_Phases):
    """The row of S^r ↑k for 0 ≤ r < k: k signals interleaved; the transpose and the inverse of Polyphase(k).

    Parameters
    ----------
    factor : int, tuple of int, or nonsingular integer matrix

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.PixelShuffle(2) @ ([1, 3, 5], [2, 4])
    Signal([1, 2, 3, 4, 5])
    >>> (oa.PixelShuffle(2) @ oa.Polyphase(2)).equals(oa.Identity())
    True
    """

    def _shape(self, count: int) -> tuple[int, int]:
        return 1, count

    def definition(self) -> LinearOperator:
        up = Up(self.factor)
        return Block([[Shift(r) @ up if np.any(r) else up for r in self._phases()]])


def _negated(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


# -- one grid of plain operators --------------------------------------------------------------------------


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
    made: Grid = remembered(operator, "_grid", _expanded, _grids_below)
    return made


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
        raise DimensionError(
            f"{_short(operator)} makes {outs} channels of {ins}; one signal in and one out is expected"
        )
    return grid(operator)[0][0]


def without_blocks(root: Any) -> Any:
    """The expression with plain operators applied to its signals, where those applied have blocks inside."""

    def replace(node: Node) -> Node | None:
        if isinstance(node, Applied) and has_blocks(node.operator):
            made: Node = plain(node.operator) @ node.signal
            return made
        return None

    return transform(root, replace) if has_blocks(root) else root


def _multiple(operator: LinearOperator, size: int) -> Grid:
    """c I on ``size`` channels."""
    return tuple(tuple(operator if i == j else Zero() for j in range(size)) for i in range(size))


def _expanded(operator: Any) -> Grid:
    match operator:
        case Scale() | Transpose() | Adjoint() | Conj():
            return _wrapped(grid(operator.operator), operator)
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
            entries = grid(operator.body)
            return _mapped(entries, lambda entry: IndexedSum(entry, operator.index, operator.stop))
        case Named() if is_block(operator):
            return grid(operator.definition())
    return ((without_blocks(operator),),)


def _wrapped(entries: Grid, wrapper: Any) -> Grid:
    match wrapper:
        case Scale():
            return _mapped(entries, lambda entry: Scale(wrapper.scalar, entry))
        case Transpose():
            return _turned(_mapped(entries, lambda entry: entry.T, Identity))
        case Adjoint():
            return _turned(_mapped(entries, lambda entry: entry.H, Identity))
    return _mapped(entries, lambda entry: entry.conj(), Identity)


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
    sizes = _boundaries(factors)
    result: Grid | None = None
    for i in reversed(range(len(factors))):
        left = grid(factors[i], sizes[i])
        result = left if result is None else _times(left, result)
    assert result is not None
    return result


def _boundaries(factors: tuple[LinearOperator, ...]) -> list[int]:
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
