"""A word of operators as a family of weighted cosets.

Follow a unit impulse through a word: every letter moves its index n by an affine rule on integers, and a
formal kernel adds a free tap index d.  All (n, d₁, …, d_s) that the word connects make cosets of one lattice:
the lattice depends on the letters alone, the offsets on the taps of concrete kernels.  An operator is walked
as the signal A x for a formal x, so that its input index is a slot like every tap index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import Undecided
from ...expr import SamplingMatrix, plus
from ..budget import check_time
from ..lattices.lattice import Basis, Vector, echelon

BRANCH_LIMIT = 10_000_000  # products of taps in one convolution
SLOT_LIMIT = 500  # formal kernels in one product; the basis grows with their square
Label: TypeAlias = tuple[str, ...]  # (kind, name, conjugated): what sits in a slot
Weights: TypeAlias = dict[Vector, Any]
Sampling: TypeAlias = Vector | SamplingMatrix  # one factor per axis, or a matrix


@dataclass(frozen=True, slots=True)
class Cosets:
    """Σ weight · 1[offset + lattice] over vectors (n, slot₁, slot₂, …), each of ``ndim`` entries a part.

    ``labels`` names the slots; a formal operator takes two (its row and its column index).  The first slots may be
    ``extras``, whose labels begin with "": exponents of units, which add up where kernels convolve.
    """

    ndim: int
    labels: tuple[Label, ...]
    basis: Basis
    branches: Weights

    @classmethod
    def formal(cls, ndim: int, label: Label, one: Any, extras: tuple[Label, ...] = ()) -> Cosets:
        """The formal signal: at index n it is its tap d = n."""
        none = (0,) * (ndim * len(extras))
        units = [tuple(int(i == j) for i in range(ndim)) for j in range(ndim)]
        return cls(ndim, (*extras, label), tuple((*e, *none, *e) for e in units), {(0,) * (2 * ndim) + none: one})

    @classmethod
    def taps(cls, ndim: int, taps: Mapping[Vector, Any], extras: tuple[Label, ...] = ()) -> Cosets:
        """A signal with known taps: no slots, one branch a tap."""
        none = (0,) * (ndim * len(extras))
        return cls(ndim, extras, (), {(*at, *none): w for at, w in taps.items() if w})

    @property
    def extras(self) -> int:
        """How many slots are extras."""
        return sum(label[0] == "" for label in self.labels)

    def _map_index(self, rule: Callable[[Vector], Vector]) -> Cosets:
        """Apply n → rule(n), linear, to basis and offsets."""
        d = self.ndim

        def move(v: Vector) -> Vector:
            return (*rule(v[:d]), *v[d:])

        return Cosets(d, self.labels, tuple(map(move, self.basis)), {move(v): w for v, w in self.branches.items()})

    def scaled(self, weight: Any) -> list[Cosets]:
        """c times the family."""
        branches = {v: p for v, w in self.branches.items() if (p := weight * w)}
        return [Cosets(self.ndim, self.labels, self.basis, branches)]

    def up(self, factor: Sampling) -> list[Cosets]:
        """n ← k n."""
        if isinstance(factor, SamplingMatrix):
            return [self._map_index(lambda n: factor @ n)]
        return [self._map_index(lambda n: tuple([i * k for i, k in zip(n, factor, strict=True)]))]

    def down(self, factor: Sampling) -> list[Cosets]:
        """Keep k | n, then n ← n / k."""
        kept = self._restricted(_spanning(factor), {(0,) * self.ndim: None})
        if isinstance(factor, SamplingMatrix):
            return [kept._map_index(lambda n: _exactly(factor.solve(n)))]
        return [kept._map_index(lambda n: tuple([i // k for i, k in zip(n, factor, strict=True)]))]

    def shift(self, amount: Vector) -> list[Cosets]:
        """n ← n + s."""
        return [Cosets(self.ndim, self.labels, self.basis, {
            (*(v[j] + amount[j] for j in range(self.ndim)), *v[self.ndim:]): w for v, w in self.branches.items()
        })]  # fmt: skip

    def flip(self) -> list[Cosets]:
        """n ← −n."""
        return [self._map_index(lambda n: tuple([-i for i in n]))]

    def modulate(self, period: Vector, weights: Mapping[Vector, Any]) -> list[Cosets]:
        """Weight w_n, by residue of n modulo the period."""
        return [self._restricted(_spanning(period), {r: w for r, w in weights.items() if w})]

    def turn(self, powers: Sequence[Vector]) -> list[Cosets]:
        """Exponents of units ← exponents + powers · n; each stands first in its slot."""
        d = self.ndim
        _check_whole(p for power in powers for p in power)

        def move(v: Vector) -> Vector:
            out = list(v)
            for i, power in enumerate(powers, 1):
                out[d * i] += sum(p * n for p, n in zip(power, v[:d], strict=True))
            return tuple(out)

        branches = {move(v): w for v, w in self.branches.items()}
        return [Cosets(d, self.labels, tuple(map(move, self.basis)), branches)]

    def advanced(self, exponents: Sequence[int]) -> Cosets:
        """Exponents of units ← exponents + constants."""
        d = self.ndim
        _check_whole(exponents)
        step = [0] * (d * (1 + len(self.labels)))
        for i, exponent in enumerate(exponents, 1):
            step[d * i] = exponent
        branches = {plus(v, step): w for v, w in self.branches.items()}
        return Cosets(d, self.labels, self.basis, branches)

    def modulo(self, orders: Sequence[int]) -> Cosets:
        """Exponents of units count up to multiples of their orders, where these are not 0."""
        d, size = self.ndim, self.ndim * (1 + len(self.labels))
        more = [tuple(n if j == d * i else 0 for j in range(size)) for i, n in enumerate(orders, 1) if n]
        return Cosets(d, self.labels, (*self.basis, *more), self.branches)

    def convolve(self, kernel: Cosets, sign: int) -> list[Cosets]:
        """n ← n ± d for every d that the kernel takes; the slots and the weights of both."""
        if (pairs := len(self.branches) * len(kernel.branches)) > BRANCH_LIMIT:
            raise Undecided(f"budget: kernels are multiplied out, and {pairs} products of taps are too many")
        if (slots := len(self.labels) + len(kernel.labels)) > SLOT_LIMIT:
            raise Undecided(f"budget: a product of {slots} formal kernels (limit {SLOT_LIMIT})")
        d, count = self.ndim, self.extras
        end = d * (1 + count)  # of the index and the extras, which both have
        mine, theirs = (0,) * (d * (len(self.labels) - count)), (0,) * (d * (len(kernel.labels) - count))
        signs = (sign,) * d + (1,) * (end - d)
        basis = tuple((*v, *theirs) for v in self.basis)
        basis += tuple((*(s * n for s, n in zip(signs, v[:end], strict=True)), *mine, *v[end:]) for v in kernel.basis)
        branches: Weights = {}
        for v, w in self.branches.items():
            check_time()
            for u, c in kernel.branches.items():
                at = (*(v[j] + signs[j] * u[j] for j in range(end)), *v[end:], *u[end:])
                branches[at] = branches[at] + w * c if at in branches else w * c
        labels = (*self.labels, *kernel.labels[count:])
        return [Cosets(d, labels, basis, {v: w for v, w in branches.items() if w})]

    def formal_operator(self, row: Label, column: Label) -> list[Cosets]:
        """y_i = Σ_j F_ij x_j: the index moves into the column slot, and a free row index takes its place."""
        d = self.ndim
        zero = (0,) * d
        slots = (0,) * (d * len(self.labels))
        free = tuple(tuple(int(i == j) for i in range(d)) for j in range(d))
        basis = tuple((*zero, *v[d:], *zero, *v[:d]) for v in self.basis)
        basis += tuple((*e, *slots, *e, *zero) for e in free)
        branches = {(*zero, *v[d:], *zero, *v[:d]): w for v, w in self.branches.items()}
        return [Cosets(d, (*self.labels, row, column), basis, branches)]

    def at(self, n: Vector) -> Cosets:
        """The part at one index."""
        return self._restricted((), {n: None})

    def _restricted(self, modulus: Basis, residues: Mapping[Vector, Any]) -> Cosets:
        """The part with n ≡ r for one of the residues, weighted by its entry (None: weight one).

        ``modulus`` spans a lattice K.  Rows (n + K u; n, slots) over all lattice vectors and all u: combinations
        whose first part vanishes are the lattice vectors with n in K, and the pivots of the first part solve for a
        point of each coset.
        """
        d, size = self.ndim, self.ndim * (1 + len(self.labels))
        rows = [(*v[:d], *v) for v in self.basis]
        rows += [(*step, *(0,) * size) for step in modulus]
        pivots, rest = echelon(rows, d)
        branches: Weights = {}
        for v, w in self.branches.items():
            for residue, factor in residues.items():
                point = _solve(v, residue, pivots, d)
                if point is not None:
                    weight = w if factor is None else w * factor
                    branches[point] = branches[point] + weight if point in branches else weight
        basis = tuple(tuple(row[d:]) for row in rest)
        return Cosets(d, self.labels, basis, {v: w for v, w in branches.items() if w})


def _spanning(factor: Sampling) -> Basis:
    """Vectors that span the multiples of a factor: the columns of its matrix."""
    if isinstance(factor, SamplingMatrix):
        return factor.columns
    return tuple(tuple(k if i == j else 0 for i in range(len(factor))) for j, k in enumerate(factor))


def _exactly(index: Vector | None) -> Vector:
    assert index is not None, "the index was restricted to multiples before"
    return index


def _solve(v: Vector, residue: Vector, pivots: list[tuple[int, list[int]]], ndim: int) -> Vector | None:
    """A point of v + lattice whose index is ≡ residue, or None where there is none."""
    state = [*(v[j] - residue[j] for j in range(ndim)), *v]
    for column, row in pivots:
        quotient, left = divmod(state[column], row[column])
        if left:
            return None
        if quotient:
            for i, entry in enumerate(row):
                state[i] -= quotient * entry
    return tuple(state[ndim:])


def _check_whole(exponents: Iterable[Any]) -> None:
    """Exponents are ints here; of e^{iπm} with a symbol m nothing is concluded."""
    for exponent in exponents:
        if not isinstance(exponent, int):
            raise Undecided(f"a root of unity with the symbolic exponent {exponent} stands beside another frequency")
