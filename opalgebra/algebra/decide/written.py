"""The canonical form written as an expression.

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

from ...errors import Undecided
from ...expr import Conv, Down, Flip, SamplingMatrix, Shift, Up, all_factor_symbols, constants, formal_names, is_one
from ...expr.index import minus, negated
from ...expr.node import common_ndim
from ...expr.operators import FormalOperator, LinearOperator, Scale, add, compose
from ...expr.signals import FormalSignal, SignalExpr
from ..judge.witness import to_signal
from ..lattices.lattice import Basis, Vector, echelon, hermite, index_of, reduce, representatives
from ..numbers.choose import ring_of
from ..numbers.ring import Ring
from ..numbers.spectrum import Spectrum
from .canonical import Canonical, Shape, canonical
from .walk import INPUT

Taps: TypeAlias = dict[Vector, Any]  # weight of a tap, by index
TERM_LIMIT = 100_000


def has_canonical_expression(operator: LinearOperator) -> bool:
    """Whether factors are numbers, frequencies are rational turns, and signals alone are formal."""
    return not (
        all_factor_symbols(operator)
        or Spectrum.of(operator).units
        or any(isinstance(part, FormalOperator) for part in formal_names(operator).values())
    )


def canonical_expression(operator: LinearOperator) -> LinearOperator:
    """The canonical form of an operator without blocks, as an expression."""
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
        moved = {minus(at, first): w for at, w in taps.items()}
        inner = {_whole(outer.solve(at)): w for at, w in moved.items()}
        steps = tuple(_quotient(outer, step) for step in piece.steps)
        weight, kernel = self._kernel(inner)
        factors = [*_sampling(Down, piece.quotient), *_shifts(first), *_sampling(Up, outer), *kernel]
        kernels, tail = [], []
        for label, step, stride, residue in zip(shape.labels, steps, piece.strides, piece.residues, strict=True):
            moves = [*_turned(step), *_sampling(Down, stride), *_shifts(negated(residue))]
            if label == INPUT:
                tail = moves
            else:
                kernels.append(Conv(self._formal(label) if not moves else compose(tuple(moves)) @ self._formal(label)))
        return compose((*factors, *sorted(kernels, key=repr), *tail)), weight

    def _common_steps(self, piece: Piece, taps: Taps) -> tuple[SamplingMatrix, Vector]:
        """The largest upsampling that can stand first, and the shift before it; none behind a ↓."""
        if not is_one(piece.quotient):
            return SamplingMatrix.diagonal((1,) * self.ndim), (0,) * self.ndim
        start = min(taps)
        moves = [minus(at, start) for at in taps if at != start]
        outer = _common_divisor(piece.steps, moves)
        basis, columns = hermite(outer.columns)
        return outer, reduce(start, basis, columns)

    def _kernel(self, taps: Taps) -> tuple[Any, list[LinearOperator]]:
        """A coefficient and the operators for known taps: a shift for one tap, else a convolution."""
        if len(taps) == 1:
            ((at, weight),) = taps.items()
            return weight, _shifts(at)
        values = {at: self.ring.to_scalar(weight) for at, weight in taps.items()}
        return self.ring.one, [Conv(to_signal(values, self.ndim))]

    def _formal(self, label: Any) -> SignalExpr:
        node = self.formal[label[1]]
        assert isinstance(node, FormalSignal)
        return node.conj() if label[2] else node


@dataclass(frozen=True)
class Piece:
    """Part of a hull: slots d = N d' + r, and Q n = Σ steps · d' + tap index."""

    quotient: SamplingMatrix
    steps: tuple[SamplingMatrix, ...]
    strides: tuple[SamplingMatrix, ...]
    residues: tuple[Vector, ...]


@dataclass(frozen=True)
class Rates:
    """A shape in lowest terms: Q n = Σ steps · slot + H⁻¹ · intercept.

    H spans all values of Σ slopes · slot + denominator · n, so that Q and the steps are left coprime; with H in
    Hermite normal form they are unique.
    """

    ndim: int
    slots: int
    input: int  # which slot the argument takes
    quotient: SamplingMatrix
    steps: tuple[SamplingMatrix, ...]
    common: SamplingMatrix

    @classmethod
    def of(cls, shape: Shape, ndim: int) -> Rates:
        slots = len(shape.labels)
        whole = SamplingMatrix.diagonal((shape.denominator,) * ndim)
        common = SamplingMatrix.from_columns(hermite((*shape.slopes, *whole.columns))[0])
        slopes = (SamplingMatrix.from_columns(shape.slopes[ndim * i : ndim * i + ndim]) for i in range(slots))
        at = shape.labels.index(INPUT)
        steps = tuple(_quotient(common, slope) for slope in slopes)
        turn = steps[at]
        if turn.ratio == 1 and not turn.is_diagonal:  # ↓Q … ↑V is ↓(V⁻¹ Q) … for a unimodular V
            common = common @ turn
            steps = tuple(_quotient(turn, step) for step in steps)
        return cls(ndim, slots, at, _quotient(common, whole), steps, common)

    def pieces(
        self, intercept: Vector, basis: Basis, weights: dict[Vector, Any], ring: Ring
    ) -> Iterator[tuple[Piece, Vector, Any]]:
        """(piece, tap index, weight) that together make the function on one hull."""
        at = _whole(self.common.solve(intercept))
        whole = self.quotient.ratio
        count = index_of(basis) // whole
        background, others = self._background(basis, weights, count, ring)
        if background:
            points, point = self._all_points(at)
            strides = self._strides(points) if whole > 1 else ()
            if whole > 1 and prod(s.ratio for s in strides) == whole and is_one(strides[self.input]):
                yield from self._split(at, points, point, background)  # thinned kernels, and no ↓ in front
            else:
                one, zero = SamplingMatrix.diagonal((1,) * self.ndim), (0,) * self.ndim
                yield Piece(self.quotient, self.steps, (one,) * self.slots, (zero,) * self.slots), at, background
        for offset, weight in others.items():
            yield from self._split(at, basis, offset, weight)

    def _all_points(self, at: Vector) -> tuple[Basis, Vector]:
        """The coset of all integer points of the hull: Σ steps · slot + at is a multiple of Q."""
        d, size = self.ndim, self.ndim * self.slots
        columns = [column for step in self.steps for column in step.columns]
        rows = [(*column, *(int(i == j) for i in range(size))) for j, column in enumerate(columns)]
        rows += [(*column, *(0,) * size) for column in self.quotient.columns]
        pivots, rest = echelon(rows, d)
        state = [*at, *(0,) * size]
        for column, row in pivots:
            times = state[column] // row[column]
            state = [a - times * v for a, v in zip(state, row, strict=True)]
        basis, places = hermite(tuple(tuple(row[d:]) for row in rest))
        return basis, reduce(state[d:], basis, places)

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

    def _strides(self, basis: Basis) -> tuple[SamplingMatrix, ...]:
        """For each slot the part of the lattice in which all others are 0, in Hermite normal form."""
        d, size = self.ndim, self.ndim * self.slots
        found = []
        for i in range(self.slots):
            own = range(d * i, d * i + d)
            order = [*(c for c in range(size) if c not in own), *own]
            _, rest = echelon([[row[c] for c in order] for row in basis], size - d)
            found.append(SamplingMatrix.from_columns(hermite(tuple(tuple(row[size - d :]) for row in rest))[0]))
        return tuple(found)

    def _split(self, at: Vector, basis: Basis, offset: Vector, weight: Any) -> Iterator[tuple[Piece, Vector, Any]]:
        """A coset as products of cosets, one for every slot."""
        strides = self._strides(basis)
        d, size = self.ndim, self.ndim * self.slots
        if prod(s.ratio for s in strides) // index_of(basis) > TERM_LIMIT:
            raise Undecided(f"budget: the canonical expression has more than {TERM_LIMIT} terms")
        box = tuple(
            (*(0,) * (d * i), *column, *(0,) * (size - d * i - d))
            for i, stride in enumerate(strides)
            for column in stride.columns
        )
        steps = tuple(_quotient(self.quotient, step @ stride) for step, stride in zip(self.steps, strides, strict=True))
        for move in representatives(basis, box):
            point = reduce([a + b for a, b in zip(offset, move, strict=True)], box, tuple(range(size)))
            residues = tuple(point[d * i : d * i + d] for i in range(self.slots))
            moved = [step @ residue for step, residue in zip(self.steps, residues, strict=True)]
            index = _whole(self.quotient.solve([sum(entries) for entries in zip(at, *moved, strict=True)]))
            yield Piece(SamplingMatrix.diagonal((1,) * d), steps, strides, residues), index, weight


def _whole(vector: Vector | None) -> Vector:
    assert vector is not None, "the points of a hull are integer points"
    return vector


def _quotient(divisor: SamplingMatrix, matrix: SamplingMatrix) -> SamplingMatrix:
    found = divisor.left_quotient(matrix)
    assert found is not None, "the divisor was made to divide"
    return found


def _common_divisor(steps: tuple[SamplingMatrix, ...], moves: list[Vector]) -> SamplingMatrix:
    """The largest left divisor of all steps that divides the moves as well: per axis where all steps are diagonal."""
    if all(step.is_diagonal for step in steps):
        axes = range(steps[0].ndim)
        entries = ([*(step.rows[j][j] for step in steps), *(move[j] for move in moves)] for j in axes)
        return SamplingMatrix.diagonal([gcd(*axis) for axis in entries])
    basis, _ = hermite((*(column for step in steps for column in step.columns), *moves))
    spanning = [step for step in steps if hermite(step.columns)[0] == basis]
    return spanning[0] if spanning else SamplingMatrix.from_columns(basis)


def _scalar(entries: Vector) -> Any:
    return entries[0] if len(entries) == 1 else entries


def _sampling(kind: type[Up] | type[Down], factor: SamplingMatrix) -> list[LinearOperator]:
    diagonal = factor.per_axis
    return [] if is_one(factor) else [kind(factor if diagonal is None else _scalar(diagonal))]


def _shifts(amount: Vector) -> list[LinearOperator]:
    return [Shift(_scalar(amount))] if any(amount) else []


def _turned(step: SamplingMatrix) -> list[LinearOperator]:
    """↑step; for a negative diagonal ↑|step| and the flip."""
    if (-step).per_axis is not None:
        return [*_sampling(Up, -step), Flip()]
    return _sampling(Up, step)
