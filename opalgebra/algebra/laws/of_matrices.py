"""The rows of the catalogue that need matrices: sampling lattices in several dimensions.

The laws for one factor per axis hold for matrices as they stand in :mod:`.of_letters`; here are those that have no
counterpart on one axis.  A row is stated for the matrices of its ``generic`` entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import FactorError
from ...expr import Compose, Down, Flip, Identity, SamplingMatrix, Up, as_sampling, axis_count, compose, is_symbolic
from ..lattices.lattice import hermite
from ..lattices.sampling import commute, gcld, gcrd, lclm, lcrm, smith
from .law import Rule, Sides
from .match import Bindings
from .sources import CHEN, VAIDYANATHAN

QUINCUNX = SamplingMatrix([[1, 1], [1, -1]])
HEXAGONAL = SamplingMatrix([[2, 1], [0, 2]])
SHEAR = SamplingMatrix([[1, 1], [0, 1]])
ROTATED = SamplingMatrix([[2, -1], [1, 2]])  # of determinant 5, commutes with ROTATED.T


def inverted(U: Any) -> SamplingMatrix:
    """U⁻¹ of a unimodular matrix."""
    matrix = as_sampling(U)
    if matrix.ratio != 1:
        raise FactorError(f"{U} has determinant {matrix.determinant}; the law is for matrices of determinant 1 or −1")
    return SamplingMatrix(tuple(tuple(map(int, row)) for row in matrix.inverse()))


def by_lcrm(M: Any, L: Any) -> Sides:
    """↓M ↑L = ↑A ↓B with M A = L B, the least common right multiple."""
    M, L = as_sampling(M), as_sampling(L)
    least = _divided(M, lcrm(M, L))
    left = SamplingMatrix.from_columns(hermite(least.columns)[0])  # A up to a unimodular matrix that B takes as well
    return Down(M) @ Up(L), Up(left) @ Down(_divided(L, M @ left))


def by_lclm(L: Any, M: Any) -> Sides:
    """↑L ↓M = ↓A ↑B with A L = B M, the least common left multiple, for right coprime L and M."""
    L, M = as_sampling(L), as_sampling(M)
    least = _divided(L.T, lclm(L, M).T)
    left = SamplingMatrix(hermite(least.columns)[0])
    return Up(L) @ Down(M), Down(left) @ Up(_divided(M.T, (left @ L).T).T)


def _divided(divisor: SamplingMatrix, matrix: SamplingMatrix) -> SamplingMatrix:
    found = divisor.left_quotient(matrix)
    assert found is not None, "a common multiple is a multiple"
    return found


def up_smith(M: Any) -> tuple[Up, Compose]:
    """↑M = ↑U ↑D ↑V."""
    return Up(M), Compose(tuple(map(Up, smith(M))))


def down_smith(M: Any) -> tuple[Down, Compose]:
    """↓M = ↓V ↓D ↓U."""
    return Down(M), Compose(tuple(map(Down, smith(M)[::-1])))


def right_coprime(L: Any, M: Any) -> bool:
    """Whether L and M have no common right divisor of determinant other than 1 and −1."""
    return gcrd(L, M).ratio == 1


def diagonal(k: Any) -> SamplingMatrix:
    """The diagonal matrix of one factor per axis."""
    return SamplingMatrix.diagonal(k if isinstance(k, tuple) else (k,))


def matrices(*names: str) -> Callable[[Bindings], Bindings | None]:
    """Accept a match only where these are factors without symbols, one of them a matrix, of one number of axes."""

    def check(bound: Bindings) -> Bindings | None:
        found = [bound.get(name) for name in names]
        if not any(isinstance(factor, SamplingMatrix) for factor in found) or any(map(is_symbolic, found)):
            return None
        return bound if len({axis_count(factor) for factor in found}) == 1 else None

    return check


def bind_common(bound: Bindings) -> Bindings | None:
    """↓M ↑L with M = G A and L = G B for a matrix G of determinant other than 1 and −1."""
    known = matrices("M", "L")(bound)
    if known is None:
        return None
    M, L = as_sampling(bound["M"]), as_sampling(bound["L"])
    common = gcld(M, L)
    return None if common.ratio == 1 else {"G": common, "A": common.left_quotient(M), "B": common.left_quotient(L)}


def bind_diagonal(bound: Bindings) -> Bindings | None:
    """A diagonal matrix with positive entries, as the factors that it has per axis."""
    found = bound.get("M")
    entries = found.per_axis if isinstance(found, SamplingMatrix) else None
    return None if entries is None else {"k": entries if len(entries) > 1 else entries[0]}


def bind_negative(bound: Bindings) -> Bindings | None:
    """↑M for M = −I."""
    found = bound.get("M")
    return {"M": found} if isinstance(found, SamplingMatrix) and set((-found).per_axis or ()) == {1} else None


def reversal(M: Any) -> Sides:
    """↑(−I) = R."""
    if set((-as_sampling(M)).per_axis or ()) != {1}:
        raise FactorError(f"{M} is not −I; the law is for −I on any number of axes")
    return Up(M), Flip()


LATTICES = [
    Rule("up-down-commute", "L:matrix M:matrix", lambda L, M: (Up(L) @ Down(M), Down(M) @ Up(L)), CHEN,
        lambda: (Up((2, 2)) @ Down((2, 2)), Down((2, 2)) @ Up((2, 2))),
        conditions=("L M = M L", "L and M right coprime"), needs=commute,
        generic={"L": ROTATED, "M": ROTATED.T}, pattern=lambda L, M: Up(L) @ Down(M), bind=matrices("L", "M"),
        normal="→"),
    Rule("up-down-lclm", "L:matrix M:matrix", by_lclm, CHEN,
        lambda: (Up(QUINCUNX) @ Down(HEXAGONAL), Down(HEXAGONAL) @ Up(QUINCUNX)),
        conditions=("L and M right coprime",), needs=right_coprime,
        generic={"L": ROTATED, "M": HEXAGONAL}, pattern=lambda L, M: Up(L) @ Down(M), bind=matrices("L", "M"),
        normal="→"),
    Rule("down-up-lcrm", "M:matrix L:matrix", by_lcrm, CHEN,
        lambda: (Down(QUINCUNX) @ Up(HEXAGONAL), Up(HEXAGONAL) @ Down(QUINCUNX)),
        generic={"M": QUINCUNX, "L": HEXAGONAL}, pattern=lambda M, L: Down(M) @ Up(L), bind=matrices("M", "L")),
    Rule("down-up-common", "G:matrix A:matrix B:matrix",
        lambda G, A, B: (Down(as_sampling(G) @ as_sampling(A)) @ Up(as_sampling(G) @ as_sampling(B)), Down(A) @ Up(B)),
        f"{VAIDYANATHAN}, §12.4",
        lambda: (Down(HEXAGONAL @ QUINCUNX) @ Up(SHEAR @ QUINCUNX), Down(HEXAGONAL) @ Up(SHEAR)),
        generic={"G": SamplingMatrix([[1, 0], [1, 2]]), "A": HEXAGONAL, "B": SHEAR},
        pattern=lambda M, L: Down(M) @ Up(L), bind=bind_common, normal="→"),
    Rule("up-smith", "M:matrix", up_smith, f"{VAIDYANATHAN}, §12.4",
        lambda M: (Up(M), compose(up_smith(M)[1].factors[::-1])),
        generic={"M": HEXAGONAL}, pattern=lambda M: Up(M), bind=matrices("M")),
    Rule("down-smith", "M:matrix", down_smith, f"{VAIDYANATHAN}, §12.4",
        lambda M: (Down(M), compose(down_smith(M)[1].factors[::-1])),
        generic={"M": HEXAGONAL}, pattern=lambda M: Down(M), bind=matrices("M")),
    Rule("down-unimodular", "U:matrix", lambda U: (Down(U), Up(inverted(U))), f"{VAIDYANATHAN}, §12.4",
        lambda U: (Down(U), Up(U)), conditions=("det U = 1 or −1",),
        generic={"U": SHEAR}, pattern=lambda U: Down(U), bind=matrices("U"), normal="→"),
    Rule("unimodular-inverse", "U:matrix", lambda U: (Up(U) @ Down(U), Identity()), f"{VAIDYANATHAN}, §12.4",
        lambda: (Up(QUINCUNX) @ Down(QUINCUNX), Identity()), conditions=("det U = 1 or −1",),
        needs=lambda U: as_sampling(U).ratio == 1,
        generic={"U": SHEAR}, pattern=lambda U: Up(U) @ Down(U), bind=matrices("U")),
    Rule("up-diagonal", "k:factor", lambda k: (Up(diagonal(k)), Up(k)), f"{VAIDYANATHAN}, §12.4",
        lambda: (Up([[0, 2], [3, 0]]), Up((2, 3))),
        generic={"k": (2, 3)}, pattern=lambda M: Up(M), bind=bind_diagonal, normal="→"),
    Rule("down-diagonal", "k:factor", lambda k: (Down(diagonal(k)), Down(k)), f"{VAIDYANATHAN}, §12.4",
        lambda: (Down([[0, 2], [3, 0]]), Down((2, 3))),
        generic={"k": (2, 3)}, pattern=lambda M: Down(M), bind=bind_diagonal, normal="→"),
    Rule("up-reversal", "M:matrix", reversal, f"{VAIDYANATHAN}, §12.4",
        lambda: (Up([[-1, 0], [0, 1]]), Flip()), conditions=("M = −I",),
        generic={"M": SamplingMatrix([[-1, 0], [0, -1]])}, pattern=lambda M: Up(M), bind=bind_negative, normal="→"),
]  # fmt: skip
