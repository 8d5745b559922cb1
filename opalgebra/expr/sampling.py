"""Sampling matrices: nonsingular integer matrices as factors, exact, frozen and hashable."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd
from operator import index
from typing import Any, TypeAlias

import numpy as np

from .._verbs import verb
from ..errors import FactorError, FactorTypeError, SizeError
from .index import dot, minus

Ints: TypeAlias = tuple[int, ...]
MAX_COSETS = 10**6
MAX_AXES = 16
ADVICE = "give a square integer matrix whose determinant is not 0, such as [[1, 1], [1, -1]]"


@dataclass(frozen=True)
class SamplingMatrix:
    """A nonsingular integer matrix M, the factor of (↓M x)_n = x_{Mn} and of its transpose ↑M.

    ``M @ L`` is the product, ``M @ n`` that with a tuple of ints, ``M.T`` the transpose, ``np.array(M)`` an array.

    Parameters
    ----------
    rows : nested lists or tuples, 2-D integer array, or SymPy matrix

    Raises
    ------
    FactorError
        For a matrix that is empty, not square, or singular.
    FactorTypeError
        For entries that are not integers; symbols are not taken.
    SizeError
        For more than 16 rows.

    Examples
    --------
    >>> import opalgebra as oa
    >>> M = oa.SamplingMatrix([[1, 1], [1, -1]])
    >>> M.determinant, M @ M, M @ (2, 1)
    (-2, SamplingMatrix([[2, 0], [0, 2]]), (3, 1))
    """

    rows: Any  # given as nested lists or an array; kept as tuples of ints

    def __post_init__(self) -> None:
        given = self.rows
        rows = _as_rows(given)
        if not rows or any(len(row) != len(rows) for row in rows):
            sizes = f"{len(rows)} rows of lengths {', '.join(str(len(row)) for row in rows) or 'none'}"
            raise FactorError(f"a sampling matrix has as many rows as columns, and {given!r} has {sizes}; {ADVICE}")
        if len(rows) > MAX_AXES:
            raise SizeError(f"a matrix of {len(rows)} rows was given; signals of at most {MAX_AXES} axes are sampled")
        object.__setattr__(self, "rows", rows)
        if self.determinant == 0:
            raise FactorError(f"the matrix {[*map(list, rows)]} is singular: its determinant is 0; {ADVICE}")

    @classmethod
    def from_columns(cls, columns: Sequence[Sequence[int]]) -> SamplingMatrix:
        """The matrix with these columns."""
        return cls(tuple(zip(*columns, strict=True)))

    @classmethod
    def diagonal(cls, entries: Sequence[int]) -> SamplingMatrix:
        """The diagonal matrix.

        >>> SamplingMatrix.diagonal((2, 3))
        SamplingMatrix([[2, 0], [0, 3]])
        """
        return cls(tuple(tuple(k if i == j else 0 for j in range(len(entries))) for i, k in enumerate(entries)))

    @property
    def ndim(self) -> int:
        """How many axes it samples."""
        return len(self.rows)

    @property
    def columns(self) -> tuple[Ints, ...]:
        """The columns, which span the lattice M ℤ^d."""
        return tuple(zip(*self.rows, strict=True))

    @property
    def T(self) -> SamplingMatrix:
        """The transposed matrix."""
        return SamplingMatrix(self.columns)

    @cached_property
    def determinant(self) -> int:
        """det M."""
        return _determinant([list(row) for row in self.rows])

    @property
    def ratio(self) -> int:
        """|det M|: of so many samples ↓M keeps one; the number of cosets of M ℤ^d."""
        return abs(self.determinant)

    @cached_property
    def adjugate(self) -> tuple[Ints, ...]:
        """The rows of adj M = det M · M⁻¹."""
        d = range(self.ndim)
        return tuple(tuple(self._cofactor(j, i) for j in d) for i in d)

    def _cofactor(self, i: int, j: int) -> int:
        minor = [[entry for c, entry in enumerate(row) if c != j] for r, row in enumerate(self.rows) if r != i]
        return (-1) ** (i + j) * _determinant(minor)

    @cached_property
    def exponent(self) -> int:
        """The smallest e ≥ 1 for which M⁻¹ e is an integer matrix: e n lies in M ℤ^d for every n."""
        return self.ratio // gcd(*(entry for row in self.adjugate for entry in row))

    @cached_property
    def is_diagonal(self) -> bool:
        """Whether all entries off the diagonal are 0."""
        return all(entry == 0 for i, row in enumerate(self.rows) for j, entry in enumerate(row) if i != j)

    @cached_property
    def per_axis(self) -> Ints | None:
        """The diagonal where M is a diagonal matrix with positive entries: one factor per axis; else None."""
        entries = tuple(row[i] for i, row in enumerate(self.rows))
        return entries if self.is_diagonal and min(entries) > 0 else None

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, SamplingMatrix):
            self._check_size(other.ndim)
            return SamplingMatrix.from_columns([self._times(column) for column in other.columns])
        if isinstance(other, tuple):
            self._check_size(len(other))
            return self._times(other)
        return NotImplemented

    def __neg__(self) -> SamplingMatrix:
        return SamplingMatrix(tuple(tuple(-entry for entry in row) for row in self.rows))

    def _times(self, vector: Sequence[Any]) -> tuple[Any, ...]:
        return tuple([dot(row, vector) for row in self.rows])

    def _check_size(self, ndim: int) -> None:
        if ndim != self.ndim:
            raise FactorError(
                f"{self} samples {self.ndim} axes and stands beside one of {ndim}; use one number of axes"
            )

    def solve(self, vector: Sequence[int]) -> Ints | None:
        """M⁻¹ n where that is a vector of integers, else None.

        >>> M = SamplingMatrix([[1, 1], [1, -1]])
        >>> M.solve((3, 1)), M.solve((1, 0))
        ((2, 1), None)
        """
        found = []
        for row in self.adjugate:
            quotient, rest = divmod(dot(row, vector), self.determinant)
            if rest:
                return None
            found.append(quotient)
        return tuple(found)

    def left_quotient(self, other: SamplingMatrix) -> SamplingMatrix | None:
        """M⁻¹ L where that is an integer matrix, else None."""
        columns = [self.solve(column) for column in other.columns]
        return SamplingMatrix.from_columns([c for c in columns if c]) if None not in columns else None

    def inverse(self) -> tuple[tuple[Fraction, ...], ...]:
        """The rows of M⁻¹, as fractions."""
        return tuple(tuple(Fraction(entry, self.determinant) for entry in row) for row in self.adjugate)

    def residue(self, vector: Sequence[int]) -> Ints:
        """The n − M ⌊M⁻¹ n⌋ that stands for the coset of n: a point of the parallelepiped M [0, 1)^d."""
        floors = [dot(row, vector) // self.determinant for row in self.adjugate]
        return minus(vector, self._times(floors))

    def cosets(self) -> tuple[Ints, ...]:
        """One representative of each coset of M ℤ^d: the integer points of M [0, 1)^d, in lexicographic order."""
        if self.ratio > MAX_COSETS:
            raise SizeError(f"{self} has {self.ratio} cosets; at most {MAX_COSETS} are listed; use a smaller matrix")
        origin = (0,) * self.ndim
        found, stack = {origin}, [origin]
        while stack:
            point = stack.pop()
            for j in range(self.ndim):
                step = self.residue([n + (i == j) for i, n in enumerate(point)])
                if step not in found:
                    found.add(step)
                    stack.append(step)
        return tuple(sorted(found))

    def __iter__(self) -> Iterator[Ints]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        wide = any(abs(entry) > 2**62 for row in self.rows for entry in row)
        return np.array(self.rows, dtype=(object if wide else np.int64) if dtype is None else dtype)

    def __repr__(self) -> str:
        return f"SamplingMatrix({[*map(list, self.rows)]})"

    def __str__(self) -> str:
        return str([*map(list, self.rows)])

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {verb('latex')(self)}$"


def _as_rows(value: Any) -> tuple[Ints, ...]:
    listed = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(listed, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in listed):
        raise FactorTypeError(f"a sampling matrix is made of rows of ints, not of {value!r}; {ADVICE}")
    return tuple(tuple(_entry(entry, value) for entry in row) for row in listed)


def _entry(entry: Any, whole: Any) -> int:
    try:
        if isinstance(entry, (bool, np.bool_)):
            raise TypeError
        return index(entry)
    except TypeError:
        raise FactorTypeError(
            f"the matrix {whole!r} has the entry {entry!r} of type {type(entry).__name__}; {ADVICE}"
        ) from None


def _determinant(rows: list[list[int]]) -> int:
    """Bareiss' elimination, in which every division is exact."""
    sign, before = 1, 1
    for k in range(len(rows) - 1):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return 0
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        for i in range(k + 1, len(rows)):
            for j in range(k + 1, len(rows)):
                rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) // before
        before = rows[k][k]
    return sign * rows[-1][-1] if rows else 1


def is_matrix(value: Any) -> bool:
    """Whether a value is meant as a matrix: rows in a list, an array of two axes, a SymPy matrix."""
    if isinstance(value, SamplingMatrix):
        return True
    if isinstance(value, np.ndarray):
        return value.ndim >= 2
    if isinstance(value, (list, tuple)):
        return any(isinstance(entry, (list, tuple, np.ndarray)) for entry in value)
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(value, sympy.MatrixBase)


def as_matrix(value: Any) -> SamplingMatrix:
    """A value that is meant as a matrix as one."""
    if isinstance(value, (list, tuple)):
        value = [row.tolist() if isinstance(row, np.ndarray) else row for row in value]
    return value if isinstance(value, SamplingMatrix) else SamplingMatrix(value)
