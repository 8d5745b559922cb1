"""Integer linear algebra: Hermite normal forms, sublattices, cosets.  Plain Python ints, so nothing overflows.

Lattices are given by lists of integer vectors that span them.  A Hermite normal form here is a row echelon
basis with positive pivots in which every entry above a pivot lies in [0, pivot); it is unique.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from ..budget import check_time

Vector: TypeAlias = tuple[int, ...]
Basis: TypeAlias = tuple[Vector, ...]


def _clear_column(rows: list[list[int]], column: int) -> list[int] | None:
    """Euclid on one column: at most one of ``rows`` keeps a nonzero entry there; it is removed and returned."""
    check_time()
    while True:
        live = [row for row in rows if row[column]]
        if not live:
            return None
        pivot = min(live, key=lambda row: abs(row[column]))
        if len(live) == 1:
            rows.remove(pivot)
            return pivot if pivot[column] > 0 else [-v for v in pivot]
        for row in live:
            if row is not pivot:
                quotient = row[column] // pivot[column]
                for i, v in enumerate(pivot):
                    row[i] -= quotient * v


def echelon(vectors: Sequence[Sequence[int]], columns: int) -> tuple[list[tuple[int, list[int]]], list[list[int]]]:
    """Echelon form on the first ``columns`` entries: (column, pivot row) pairs, and the rows that vanish there."""
    rows = [list(v) for v in vectors]
    pivots: list[tuple[int, list[int]]] = []
    for column in range(columns):
        pivot = _clear_column(rows, column)
        if pivot is not None:
            pivots.append((column, pivot))
    return pivots, rows


def hermite(vectors: Basis) -> tuple[Basis, Vector]:
    """The Hermite normal form of the lattice that the vectors span, and its pivot columns."""
    if not vectors:
        return (), ()
    return (_remembered if len(vectors) * len(vectors[0]) < 4096 else _hermite)(vectors)


def _hermite(vectors: Basis) -> tuple[Basis, Vector]:
    pivots, _ = echelon(vectors, len(vectors[0]))
    for i, (column, row) in enumerate(pivots):
        for _, above in pivots[:i]:
            quotient = above[column] // row[column]
            if quotient:
                for j, v in enumerate(row):
                    above[j] -= quotient * v
    return tuple(tuple(row) for _, row in pivots), tuple(column for column, _ in pivots)


_remembered = lru_cache(maxsize=4096)(_hermite)


def reduce(vector: Sequence[int], basis: Basis, columns: Vector) -> Vector:
    """The representative of the coset of ``vector`` whose pivot entries lie in [0, pivot)."""
    result = list(vector)
    for column, row in zip(columns, basis, strict=True):
        quotient = result[column] // row[column]
        if quotient:
            for j, v in enumerate(row):
                result[j] -= quotient * v
    return tuple(result)


def index_of(basis: Basis) -> int:
    """The index in ℤⁿ of a full-rank lattice in Hermite normal form."""
    result = 1
    for i, row in enumerate(basis):
        result *= row[i]
    return result


def intersection(left: Basis, right: Basis) -> Basis:
    """The intersection of two full-rank lattices of ℤⁿ, in Hermite normal form.

    Rows (v, v) for v in one and (w, 0) for w in the other: combinations whose first half vanishes have the
    common vectors as their second half.
    """
    if left == right:
        return left
    size = len(left)
    stacked = [(*v, *v) for v in left] + [(*w, *(0,) * size) for w in right]
    _, rest = echelon(stacked, size)
    return hermite(tuple(tuple(row[size:]) for row in rest))[0]


def representatives(coarse: Basis, fine: Basis) -> Iterator[Vector]:
    """One vector of ``coarse`` for each coset of its full-rank sublattice ``fine``."""
    columns = tuple(range(len(coarse)))
    coordinates = [_coordinates(row, coarse) for row in fine]
    steps = [row[i] for i, row in enumerate(hermite(tuple(coordinates))[0])]
    for counts in product(*(range(step) for step in steps)):
        vector = [sum(c * row[j] for c, row in zip(counts, coarse, strict=True)) for j in columns]
        yield tuple(vector)


def _coordinates(vector: Vector, basis: Basis) -> Vector:
    """The integer coordinates of a lattice vector in a triangular basis."""
    rest, result = list(vector), []
    for i, row in enumerate(basis):
        quotient = rest[i] // row[i]
        result.append(quotient)
        for j in range(i, len(rest)):
            rest[j] -= quotient * row[j]
    return tuple(result)


def smith(rows: Basis) -> tuple[Basis, Basis, Basis]:
    """(U, D, V) with M = U D V for a square M: U and V unimodular, D diagonal, ≥ 0, each entry dividing the next."""
    size = len(rows)
    left = [[int(i == j) for j in range(size)] for i in range(size)]  # the columns of U as rows
    right = [[int(i == j) for j in range(size)] for i in range(size)]  # the rows of V
    table = [list(row) for row in rows]
    for t in range(size):
        while (place := _smallest(table, t)) is not None:
            _swap_to(table, left, right, t, place)
            if _cleared(table, left, right, t):
                break
        if table[t][t] < 0:
            table[t] = [-v for v in table[t]]
            left[t] = [-v for v in left[t]]
    return tuple(zip(*left, strict=True)), tuple(map(tuple, table)), tuple(map(tuple, right))


def _smallest(table: list[list[int]], t: int) -> tuple[int, int] | None:
    """Where the smallest entry other than 0 stands, from row and column t on."""
    places = [(i, j) for i in range(t, len(table)) for j in range(t, len(table)) if table[i][j]]
    return min(places, key=lambda at: abs(table[at[0]][at[1]]), default=None)


def _swap_to(
    table: list[list[int]], left: list[list[int]], right: list[list[int]], t: int, place: tuple[int, int]
) -> None:
    i, j = place
    table[t], table[i] = table[i], table[t]
    left[t], left[i] = left[i], left[t]
    for row in table:
        row[t], row[j] = row[j], row[t]
    right[t], right[j] = right[j], right[t]


def _cleared(table: list[list[int]], left: list[list[int]], right: list[list[int]], t: int) -> bool:
    """One round of Euclid with pivot (t, t); whether its row and column are clear and it divides all that is left."""
    size, pivot = len(table), table[t][t]
    for i in range(t + 1, size):
        _subtract_row(table, left, i, t, table[i][t] // pivot)
    for j in range(t + 1, size):
        times = table[t][j] // pivot
        for row in table:
            row[j] -= times * row[t]
        right[t] = [a + times * b for a, b in zip(right[t], right[j], strict=True)]
    rest = range(t + 1, size)
    if any(table[i][t] or table[t][i] for i in rest):
        return False
    for i in rest:
        if any(table[i][j] % pivot for j in rest):
            _subtract_row(table, left, t, i, -1)  # brings a remainder into the pivot's row
            return False
    return True


def _subtract_row(table: list[list[int]], left: list[list[int]], i: int, t: int, times: int) -> None:
    """Row i minus so many times row t; the product U · table stays as it is."""
    table[i] = [a - times * b for a, b in zip(table[i], table[t], strict=True)]
    left[t] = [a + times * b for a, b in zip(left[t], left[i], strict=True)]
