"""Integer matrices for the judge: products, preimages by Cramer's rule, cells, boxes by their corners."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product
from math import floor
from typing import Any

Index = tuple[int, ...]


class Rows(tuple):  # type: ignore[type-arg]  # of rows, each a tuple of ints
    """The rows of a square integer matrix; where the judge has one factor per axis it has a plain tuple."""


def det(rows: Any) -> int:
    """The determinant, expanded along the first row."""
    if not rows:
        return 1
    minors = ([row[:j] + row[j + 1 :] for row in rows[1:]] for j in range(len(rows)))
    return sum((-1) ** j * rows[0][j] * det(minor) for j, minor in enumerate(minors))


def times(rows: Rows, n: Index) -> Index:
    """M n."""
    return tuple(sum(a * i for a, i in zip(row, n, strict=True)) for row in rows)


@cache
def cofactors(rows: Rows) -> tuple[int, tuple[Index, ...]]:
    """det M, and the rows of det M · M⁻¹ by Cramer's rule: unit vectors in place of the columns."""
    d = range(len(rows))
    table = []
    for j in d:
        units = [[[*row[:j], int(i == k), *row[j + 1 :]] for i, row in enumerate(rows)] for k in d]
        table.append(tuple(det(unit) for unit in units))
    return det([list(row) for row in rows]), tuple(table)


def preimage(rows: Rows, n: Any) -> tuple[Fraction, ...]:
    """M⁻¹ n."""
    whole, table = cofactors(rows)
    return tuple(Fraction(sum(a * i for a, i in zip(row, n, strict=True)), whole) for row in table)


def over(rows: Rows, n: Index) -> Index | None:
    """M⁻¹ n where it is an index."""
    whole, table = cofactors(rows)
    scaled = [sum(a * i for a, i in zip(row, n, strict=True)) for row in table]
    return tuple(entry // whole for entry in scaled) if all(entry % whole == 0 for entry in scaled) else None


def floored(rows: Rows, n: Index) -> Index:
    """⌊M⁻¹ n⌋."""
    return tuple(floor(f) for f in preimage(rows, n))


@cache
def cell(rows: Rows) -> list[Index]:
    """The integer points of M [0, 1)^d in lexicographic order, looked for in the box around its corners."""
    corners = [times(rows, corner) for corner in product((0, 1), repeat=len(rows))]
    ranges = [range(min(axis), max(axis) + 1) for axis in zip(*corners, strict=True)]
    return [n for n in product(*ranges) if all(0 <= f < 1 for f in preimage(rows, n))]


def around(rows: Rows, box: Any, forward: bool) -> Any:
    """A box (inclusive) around the image of a box, or around its preimage."""
    corners = [(times if forward else preimage)(rows, corner) for corner in product(*box)]
    return tuple((int(-(-min(axis) // 1)), int(max(axis) // 1)) for axis in zip(*corners, strict=True))
