"""Integer linear algebra: Hermite normal forms, sublattices, cosets.  Plain Python ints, so nothing overflows.

Lattices are given by lists of integer vectors that span them.  A Hermite normal form here is a row echelon
basis with positive pivots in which every entry above a pivot lies in [0, pivot); it is unique.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import TypeAlias

Vector: TypeAlias = tuple[int, ...]
Basis: TypeAlias = tuple[Vector, ...]


def _clear_column(rows: list[list[int]], column: int) -> list[int] | None:
    """Euclid on one column: at most one of ``rows`` keeps a nonzero entry there; it is removed and returned."""
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


@lru_cache(maxsize=4096)
def hermite(vectors: Basis) -> tuple[Basis, Vector]:
    """The Hermite normal form of the lattice that the vectors span, and its pivot columns."""
    if not vectors:
        return (), ()
    pivots, _ = echelon(vectors, len(vectors[0]))
    for i, (column, row) in enumerate(pivots):
        for _, above in pivots[:i]:
            quotient = above[column] // row[column]
            if quotient:
                for j, v in enumerate(row):
                    above[j] -= quotient * v
    return tuple(tuple(row) for _, row in pivots), tuple(column for column, _ in pivots)


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
