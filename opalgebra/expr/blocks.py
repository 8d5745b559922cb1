"""Blocks: operators between tuples of signals, the channels.

A block is a grid of operators and acts as a matrix of numbers does: y_i = Σ_j A_ij x_j.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np

from ..errors import DimensionError, FactorTypeError, OperandError, SizeError
from ..scalar import is_sympy
from .factors import Factor, axes, axis_count, factor, is_symbolic, ratio
from .index import negated
from .multirate import Down, Shift, Up
from .named import Named
from .node import common_ndim, short
from .operators import LinearOperator, Zero
from .sampling import SamplingMatrix

Grid: TypeAlias = tuple[tuple[LinearOperator, ...], ...]

MAX_CHANNELS = 4096


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
        return self.__dict__["_heights"]

    @property
    def widths(self) -> tuple[int, ...]:
        """How many inputs every column has."""
        return self.__dict__["_widths"]

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
        raise OperandError(
            f"a block is made of a list of lists of operators, not of {short(repr(rows))}: Block([[A, B]])"
        )
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
        f"entry ({i}, {j}) of a block is {short(repr(entry))}; give an operator or 0 (a multiple is 2 * Identity(), a "
        "convolution Conv(q))"
    )


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
            f"{line} {at} of a block has {known} {what}, and its entry {short(entry)} has {size}; entries of one "
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
        return Block([[down @ Shift(negated(r)) if np.any(r) else down] for r in self._phases()])


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
