"""simplify: the canonical form written as an expression.

The expression is made from the canonical form alone, so equal operators simplify to the same tree.  A group of
hulls that differ by their intercepts only is written, in this order of preference,

1. as one word S^a ↓Q (h∗)(↑b₁q₁∗)… ↑P S^b, where it carries all integer points of its hulls;
2. as a sum over residues of the input: Σ_ρ (h_ρ∗)(…∗) ↑P ↓N S^{−ρ}, each kernel thinned where it must be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd, prod
from typing import Any, TypeAlias

from ..errors import Undecided
from ..expr.blocks import Block, grid, plain
from ..expr.multirate import Conv, Down, Flip, Shift, Up
from ..expr.operators import PLAIN, FormalOperator, LinearOperator, Scale, add, compose
from ..expr.signals import FormalSignal, SignalExpr, common_ndim
from ..expr.traverse import all_factor_symbols, constants, formal_names
from .budget import DECISION, limited, room
from .canonical import Canonical, Shape, canonical
from .lattice import Basis, Vector, echelon, hermite, index_of, reduce, representatives
from .ring import Ring, ring_of
from .walk import INPUT

Taps: TypeAlias = dict[Vector, Any]  # weight of a tap, by index
TERM_LIMIT = 100_000


def simplify(operator: LinearOperator) -> LinearOperator:
    """The canonical expression of an operator with concrete factors; see :meth:`LinearOperator.simplify`.

    With symbolic factors or formal operators the normal form by named laws is returned: equal, but not unique.
    Of several channels the result is one block of canonical entries.
    """
    if operator.channels not in (None, PLAIN):
        return Block([[simplify(entry) for entry in row] for row in grid(operator)])
    with room(operator), limited(DECISION):
        return _simplified(plain(operator))


def _simplified(operator: LinearOperator) -> LinearOperator:
    if all_factor_symbols(operator) or any(isinstance(f, FormalOperator) for f in formal_names(operator).values()):
        from .rewrite import normalise

        result: LinearOperator = normalise(operator)[-1].expression  # type: ignore[assignment]  # of an operator, an operator
        return result
    ndim = common_ndim(operator) or 1
    ring = ring_of(constants(operator))
    return Writer(operator, ndim, ring).write(canonical(operator, ndim, ring))


class Writer:
    """Writes canonical forms of one statement."""

    def __init__(self, operator: LinearOperator, ndim: int, ring: Ring) -> None:
        self.ndim = ndim
        self.ring = ring
        self.formal = formal_names(operator)

    def write(self, form: Canonical) -> LinearOperator:
        """The sum over shapes, in a fixed order."""
        terms: dict[LinearOperator, Any] = {}
        for shape in sorted(form, key=lambda s: (s.labels, s.slopes, s.denominator)):
            for word, weight in self._words(shape, form[shape]):
                terms[word] = terms[word] + weight if word in terms else weight
        kept = [(repr(word), self.ring.to_scalar(weight), word) for word, weight in terms.items() if weight]
        kept.sort(key=lambda entry: entry[0])
        return add(tuple(word if scalar == 1 else Scale(scalar, word) for _, scalar, word in kept))

    def _words(self, shape: Shape, intercepts: dict[Vector, Any]) -> Iterator[tuple[LinearOperator, Any]]:
        """(word, coefficient) of one shape: kernels of taps for the intercepts, collected by what follows them."""
        rates = Rates.of(shape, self.ndim)
        collected: dict[Piece, Taps] = {}
        for intercept, (basis, weights) in intercepts.items():
            for piece, at, weight in rates.pieces(intercept, basis, weights, self.ring):
                taps = collected.setdefault(piece, {})
                taps[at] = taps[at] + weight if at in taps else weight
        for piece, taps in collected.items():
            taps = {at: self.ring.divide(w, shape.symmetry) for at, w in taps.items() if w}
            if taps:
                yield self._word(shape, piece, taps)

    def _word(self, shape: Shape, piece: Piece, taps: Taps) -> tuple[LinearOperator, Any]:
        """↓Q S^a ↑g (h∗) (↑b₁ ↓N₁ S^{−r₁} q₁∗) … ↑P ↓N S^{−r}, without what does nothing."""
        outer, first = self._common_steps(piece, taps)
        inner = {tuple((i - f) // g for i, f, g in zip(at, first, outer, strict=True)): w for at, w in taps.items()}
        steps = tuple(tuple(b // g for b, g in zip(step, outer, strict=True)) for step in piece.steps)
        weight, kernel = self._kernel(inner)
        factors = [*_sampling(Down, piece.quotient), *_shifts(first), *_sampling(Up, outer), *kernel]
        kernels, tail = [], []
        for label, step, stride, residue in zip(shape.labels, steps, piece.strides, piece.residues, strict=True):
            moves = [*_turned(step), *_sampling(Down, stride), *_shifts(tuple(-r for r in residue))]
            if label == INPUT:
                tail = moves
            else:
                kernels.append(Conv(self._formal(label) if not moves else compose(tuple(moves)) @ self._formal(label)))
        return compose((*factors, *sorted(kernels, key=repr), *tail)), weight

    def _common_steps(self, piece: Piece, taps: Taps) -> tuple[Vector, Vector]:
        """The largest upsampling that can stand first, and the shift before it; none behind a ↓."""
        one, zero = (1,) * self.ndim, (0,) * self.ndim
        if piece.quotient != one:
            return one, zero
        start = min(taps)
        outer = tuple(
            gcd(*(step[j] for step in piece.steps), *(at[j] - start[j] for at in taps)) for j in range(self.ndim)
        )
        return outer, tuple(s % g for s, g in zip(start, outer, strict=True))

    def _kernel(self, taps: Taps) -> tuple[Any, list[LinearOperator]]:
        """A coefficient and the operators for known taps: a shift for one tap, else a convolution."""
        if len(taps) == 1:
            ((at, weight),) = taps.items()
            return weight, _shifts(at)
        from .witness import to_signal

        values = {at: self.ring.to_scalar(weight) for at, weight in taps.items()}
        return self.ring.one, [Conv(to_signal(values, self.ndim))]

    def _formal(self, label: Any) -> SignalExpr:
        node = self.formal[label[1]]
        assert isinstance(node, FormalSignal)
        return node.conj() if label[2] else node


@dataclass(frozen=True)
class Piece:
    """Part of a hull: slots d = N d' + r, and Q n = Σ steps · d' + tap index, per axis."""

    quotient: Vector
    steps: tuple[Vector, ...]
    strides: tuple[Vector, ...]
    residues: tuple[Vector, ...]


@dataclass(frozen=True)
class Rates:
    """A shape axis by axis in lowest terms: Q n = Σ steps · slot + intercept / common."""

    ndim: int
    slots: int
    input: int  # which slot the argument takes
    quotient: Vector
    steps: tuple[Vector, ...]
    common: Vector

    @classmethod
    def of(cls, shape: Shape, ndim: int) -> Rates:
        slots = len(shape.labels)
        steps = [tuple(shape.slopes[ndim * i + j][j] for j in range(ndim)) for i in range(slots)]
        common = tuple(gcd(shape.denominator, *(step[j] for step in steps)) for j in range(ndim))
        return cls(
            ndim, slots, shape.labels.index(INPUT), tuple(shape.denominator // g for g in common),
            tuple(tuple(b // g for b, g in zip(step, common, strict=True)) for step in steps), common,
        )  # fmt: skip

    def pieces(
        self, intercept: Vector, basis: Basis, weights: dict[Vector, Any], ring: Ring
    ) -> Iterator[tuple[Piece, Vector, Any]]:
        """(piece, tap index, weight) that together make the function on one hull."""
        at = tuple(i // g for i, g in zip(intercept, self.common, strict=True))
        whole = prod(self.quotient)
        count = index_of(basis) // whole
        background, others = self._background(basis, weights, count, ring)
        if background:
            points, point = self._all_points(at)
            strides = _strides(points) if whole > 1 else ()
            if whole > 1 and prod(strides) == whole and set(self._of_input(strides)) == {1}:
                yield from self._split(at, points, point, background)  # thinned kernels, and no ↓ in front
            else:
                one, zero = (1,) * self.ndim, (0,) * self.ndim
                yield Piece(self.quotient, self.steps, (one,) * self.slots, (zero,) * self.slots), at, background
        for offset, weight in others.items():
            yield from self._split(at, basis, offset, weight)

    def _of_input(self, entries: Vector) -> Vector:
        return entries[self.ndim * self.input : self.ndim * (self.input + 1)]

    def _all_points(self, at: Vector) -> tuple[Basis, Vector]:
        """The coset of all integer points of the hull: Q | Σ steps · slot + at, on every axis."""
        size = self.ndim * self.slots
        basis = tuple(tuple(int(i == j) for j in range(size)) for i in range(size))
        point = (0,) * size
        for j, (q, e) in enumerate(zip(self.quotient, at, strict=True)):
            rows = [[sum(self.steps[i][j] * v[self.ndim * i + j] for i in range(self.slots)), *v] for v in basis]
            pivots, rest = echelon([*rows, [q, *(0,) * size]], 1)
            value = e + sum(self.steps[i][j] * point[self.ndim * i + j] for i in range(self.slots))
            times = value // pivots[0][1][0]
            point = tuple(p - times * v for p, v in zip(point, pivots[0][1][1:], strict=True))
            basis = hermite(tuple(tuple(row[1:]) for row in rest))[0]
        return basis, reduce(point, basis, tuple(range(size)))

    def _background(
        self, basis: Basis, weights: dict[Vector, Any], count: int, ring: Ring
    ) -> tuple[Any, dict[Vector, Any]]:
        """The weight that most cosets of the hull have, and what the others have beyond it."""
        zero = ring.one - ring.one
        tally: dict[Any, int] = {zero: count - len(weights)}
        for weight in weights.values():
            tally[weight] = tally.get(weight, 0) + 1
        background = min(tally, key=lambda w: (-tally[w], w != zero, str(w)))
        if not background or count > TERM_LIMIT:
            return zero, weights
        if count == 1:
            return background, {}
        point, columns = next(iter(weights)), tuple(range(len(basis)))
        full, _ = self._all_points((0,) * self.ndim)
        cosets = {reduce([a + b for a, b in zip(point, step, strict=True)], basis, columns)
                  for step in representatives(full, basis)}  # fmt: skip
        others = {c: rest for c in sorted(cosets) if (rest := weights.get(c, zero) - background)}
        worth = len(weights) - len(others) - (1 if self.slots == 1 else 2)
        return (background, others) if worth >= 0 else (zero, weights)

    def _split(self, at: Vector, basis: Basis, offset: Vector, weight: Any) -> Iterator[tuple[Piece, Vector, Any]]:
        """A coset as products of residue classes, one for every slot."""
        strides = _strides(basis)
        if prod(strides) // index_of(basis) > TERM_LIMIT:
            raise Undecided(f"budget: the canonical expression has more than {TERM_LIMIT} terms")
        box = tuple(tuple(s if i == j else 0 for j in range(len(strides))) for i, s in enumerate(strides))
        d = self.ndim
        by_slot = [strides[d * i : d * i + d] for i in range(self.slots)]
        steps = tuple(
            tuple(b * s // q for b, s, q in zip(step, stride, self.quotient, strict=True))
            for step, stride in zip(self.steps, by_slot, strict=True)
        )
        for move in representatives(basis, box):
            point = [(a + b) % s for a, b, s in zip(offset, move, strides, strict=True)]
            residues = tuple(tuple(point[d * i : d * i + d]) for i in range(self.slots))
            index = tuple(
                (e + sum(self.steps[i][j] * residues[i][j] for i in range(self.slots))) // self.quotient[j]
                for j, e in enumerate(at)
            )
            yield Piece((1,) * d, steps, tuple(by_slot), residues), index, weight


def _strides(basis: Basis) -> Vector:
    """For each coordinate the smallest multiple of its unit vector in the lattice."""
    size, columns = len(basis), tuple(range(len(basis)))
    result = []
    for j in range(size):
        stride = basis[j][j]
        while any(reduce(tuple(stride if i == j else 0 for i in range(size)), basis, columns)):
            stride += basis[j][j]
        result.append(stride)
    return tuple(result)


def _scalar(entries: Vector) -> Any:
    return entries[0] if len(entries) == 1 else entries


def _sampling(kind: type[Up] | type[Down], factor: Vector) -> list[LinearOperator]:
    return [kind(_scalar(factor))] if any(k != 1 for k in factor) else []


def _shifts(amount: Vector) -> list[LinearOperator]:
    return [Shift(_scalar(amount))] if any(amount) else []


def _turned(step: Vector) -> list[LinearOperator]:
    """↑|b|, and the flip for a negative b."""
    turn: list[LinearOperator] = [Flip()] if step[0] < 0 else []
    return [*_sampling(Up, tuple(map(abs, step))), *turn]
