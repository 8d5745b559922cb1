"""Arithmetic of sampling matrices: cosets, Smith form, common divisors and multiples, by Hermite normal forms.

Matrices do not commute, so divisors and multiples have sides: M = G A has the left divisor G, and C = M A is a right
multiple of M.  A common left divisor spans M ℤ^d + L ℤ^d, a common right multiple their intersection.
"""

from __future__ import annotations

from typing import Any

from ...errors import FactorError, FactorTypeError
from ...expr import SamplingMatrix, as_sampling, factor, is_symbolic
from . import lattice


def _matrix(value: Any) -> SamplingMatrix:
    found = factor(value)
    if is_symbolic(found):
        raise FactorTypeError(f"{found} has symbols; give ints, a tuple of ints, or an integer matrix")
    return as_sampling(found)


def _pair(M: Any, L: Any) -> tuple[SamplingMatrix, SamplingMatrix]:
    first, second = _matrix(M), _matrix(L)
    if first.ndim != second.ndim:
        raise FactorError(f"{first} is for {first.ndim} axes and {second} for {second.ndim}; give matrices of one size")
    return first, second


def _spanned(columns: Any) -> SamplingMatrix:
    """The matrix in Hermite normal form whose columns span what the given ones do."""
    return SamplingMatrix.from_columns(lattice.hermite(tuple(columns))[0])


def cosets(M: Any) -> list[Any]:
    """One representative of each coset of M ℤ^d: the integer points of M [0, 1)^d, in lexicographic order.

    For a factor k these are 0 … k−1; :class:`~opalgebra.Polyphase` has a channel for each.

    >>> import opalgebra as oa
    >>> oa.cosets([[1, 1], [1, -1]]), oa.cosets(3)
    ([(0, 0), (1, 0)], [0, 1, 2])
    """
    points = _matrix(M).cosets()
    return [point if len(point) > 1 else point[0] for point in points]


def smith(M: Any) -> tuple[SamplingMatrix, SamplingMatrix, SamplingMatrix]:
    """The Smith normal form M = U D V, exact: U and V of determinant ±1, D diagonal, each entry dividing the next.

    So ↑M = ↑U ↑D ↑V: a relabelling, one factor per axis, and a relabelling.

    >>> import opalgebra as oa
    >>> U, D, V = oa.smith([[1, 1], [1, -1]])
    >>> U @ D @ V == oa.SamplingMatrix([[1, 1], [1, -1]]), D
    (True, SamplingMatrix([[1, 0], [0, 2]]))
    """
    left, middle, right = lattice.smith(_matrix(M).rows)
    return SamplingMatrix(left), SamplingMatrix(middle), SamplingMatrix(right)


def gcld(M: Any, L: Any) -> SamplingMatrix:
    """The greatest common left divisor G of M = G A and L = G B, in Hermite normal form.

    >>> import opalgebra as oa
    >>> oa.gcld((2, 2), [[1, 1], [1, -1]])
    SamplingMatrix([[1, 0], [1, 2]])
    """
    first, second = _pair(M, L)
    return _spanned((*first.columns, *second.columns))


def gcrd(M: Any, L: Any) -> SamplingMatrix:
    """The greatest common right divisor G of M = A G and L = B G; of determinant 1 where they are right coprime.

    >>> import opalgebra as oa
    >>> oa.gcrd((2, 1), (1, 2))
    SamplingMatrix([[1, 0], [0, 1]])
    """
    first, second = _pair(M, L)
    return gcld(first.T, second.T).T


def lcrm(M: Any, L: Any) -> SamplingMatrix:
    """The least common right multiple C = M A = L B, in Hermite normal form: it spans M ℤ^d ∩ L ℤ^d.

    >>> import opalgebra as oa
    >>> oa.lcrm((2, 1), (1, 2))
    SamplingMatrix([[2, 0], [0, 2]])
    """
    first, second = _pair(M, L)
    bases = [lattice.hermite(matrix.columns)[0] for matrix in (first, second)]
    return SamplingMatrix.from_columns(lattice.intersection(*bases))


def lclm(M: Any, L: Any) -> SamplingMatrix:
    """The least common left multiple C = A M = B L.

    >>> import opalgebra as oa
    >>> oa.lclm((2, 1), (1, 2))
    SamplingMatrix([[2, 0], [0, 2]])
    """
    first, second = _pair(M, L)
    return lcrm(first.T, second.T).T


def commute(L: Any, M: Any) -> bool:
    """Whether ↑L ↓M = ↓M ↑L: iff L M = M L and both are right coprime.

    Neither L M = M L alone suffices nor coprime determinants.

    >>> import opalgebra as oa
    >>> oa.algebra.lattices.sampling.commute((2, 1), (1, 3)), oa.algebra.lattices.sampling.commute(2, 2)
    (True, False)
    """
    first, second = _pair(L, M)
    return first @ second == second @ first and gcrd(first, second).ratio == 1
