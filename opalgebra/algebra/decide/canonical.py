"""The canonical form: weighted cosets, grouped by affine hull.

Two signals or operators (of concrete factors) are equal iff their canonical forms are.  The index n of a word
is an affine function of its slots over ℚ, and the slots range over a coset.  So

1. a family is put in Hermite normal form, slots first, n last: its rational part says how n depends on the
   slots (the *shape*), its offset says where it passes (the *intercept*);
2. equal slopes and intercepts share a hull; indicator functions on different hulls are linearly independent,
   because a finite union of proper rational subspaces covers none of them;
3. inside a hull all cosets are refined to the intersection of their lattices, weights are added, and the
   function that results is described by its own lattice of periods, which is unique;
4. a kernel that occurs several times: the sum over all permutations of its slots (polarisation), which in
   characteristic 0 vanishes iff the form vanishes for every kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import factorial, gcd, prod
from typing import Any, TypeAlias

from ...errors import Undecided
from ...expr import LinearOperator, Signal, SignalExpr, minus
from ..budget import check_time
from ..lattices.lattice import Basis, Vector, hermite, index_of, intersection, reduce, representatives
from ..numbers.ring import Ring
from ..numbers.spectrum import Spectrum
from .coset import Cosets, Label
from .walk import Walker, taps

REFINE_LIMIT = 2_000_000  # cosets that one hull may be cut into
ORDER_LIMIT = 50_000  # orders of equal slots, times offsets, that are summed over


class TooMany(Undecided):
    """The canonical form has more pieces than are compared; single values can still be computed."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How n depends on the slots: n = (Σ slopes[j] · coordinate_j + intercept) / denominator.

    ``columns`` are the coordinates that move freely (all of them, unless a formal operator ties some);
    ``slopes`` has a row per free coordinate and an entry per other one.
    """

    labels: tuple[Label, ...]
    columns: Vector
    slopes: tuple[Vector, ...]
    denominator: int
    symmetry: int  # over how many permutations of equal slots the weights were summed


Function: TypeAlias = tuple[Basis, dict[Vector, Any]]  # periods, weight per coset
Canonical: TypeAlias = dict[Shape, dict[Vector, Function]]  # by shape, then by intercept


class ConcreteWalker(Walker):
    """The walk for concrete factors; ``held`` kernels are treated as formal ones."""

    def __init__(self, ndim: int, ring: Ring, held: tuple[Signal, ...] = (), spectrum: Spectrum | None = None) -> None:
        super().__init__(ndim, ring.convert, spectrum)
        self.ring = ring
        self.held = {signal: str(i) for i, signal in enumerate(held)}

    def formal(self, label: Label) -> Cosets:
        made = Cosets.formal(self.ndim, label, self.ring.one, self.spectrum.labels)
        return made.modulo(self.spectrum.orders) if self.spectrum.units else made

    def concrete(self, signal: Signal, conj: bool) -> Cosets:
        if signal in self.held:
            return self.formal(("held", self.held[signal], "conj" if conj else ""))
        branches: dict[Vector, Any] = {}
        for exponents, weights in self.by_exponents(taps(signal, conj)).items():
            branches.update(Cosets.taps(self.ndim, weights, self.spectrum.labels).advanced(exponents).branches)
        made = Cosets(self.ndim, self.spectrum.labels, (), branches)
        return made.modulo(self.spectrum.orders) if self.spectrum.units else made

    def box(self, factor: tuple[Any, ...]) -> Cosets:
        raise Undecided(f"the box of length {factor} has a symbolic factor")

    def merge(self, states: list[Cosets]) -> list[Cosets]:
        """Add families of the same lattice, slots sorted by label and offsets reduced."""
        merged: dict[tuple[tuple[Label, ...], Basis], dict[Vector, Any]] = {}
        for state in map(_by_label, states):
            basis, columns = hermite(state.basis)
            branches = merged.setdefault((state.labels, basis), {})
            for offset, weight in state.branches.items():
                at = reduce(offset, basis, columns)
                branches[at] = branches[at] + weight if at in branches else weight
        return [
            Cosets(self.ndim, labels, basis, {v: w for v, w in branches.items() if w})
            for (labels, basis), branches in merged.items()
        ]


def _by_label(state: Cosets) -> Cosets:
    """The family with its slots sorted by label, so that p∗q∗ and q∗p∗ are one; formal operators stay in place."""
    labels, d = state.labels, state.ndim
    order = sorted(range(len(labels)), key=labels.__getitem__)
    if order == list(range(len(labels))) or any(label[0] == "operator" for label in labels):
        return state
    where = [*range(d), *(d * (1 + slot) + j for slot in order for j in range(d))]

    def move(v: Vector) -> Vector:
        return tuple([v[i] for i in where])

    branches = {move(v): w for v, w in state.branches.items()}
    return Cosets(d, tuple(labels[slot] for slot in order), tuple(map(move, state.basis)), branches)


def canonical(
    expression: LinearOperator | SignalExpr,
    ndim: int,
    ring: Ring,
    held: tuple[Signal, ...] = (),
    spectrum: Spectrum | None = None,
) -> Canonical:
    """The canonical form of an operator or a signal without symbolic factors.

    Forms can be compared where the spectrum is that of all the expressions; that of this one is the default.
    """
    spectrum = Spectrum.of(expression) if spectrum is None else spectrum
    return canonical_of(ConcreteWalker(ndim, ring, held, spectrum).run(expression))


def canonical_of(states: list[Cosets]) -> Canonical:
    """The canonical form of a sum of families."""
    hulls: dict[Shape, dict[Vector, dict[Basis, dict[Vector, Any]]]] = {}
    for state in states:
        check_time()
        if state.branches:
            _sort_into_hulls(state, hulls)
    result: Canonical = {}
    for shape, intercepts in hulls.items():
        functions = {at: f for at, cosets in intercepts.items() if (f := _collect(cosets)) is not None}
        if functions:
            result[shape] = functions
    return result


def atoms_of(labels: tuple[Label, ...]) -> list[tuple[Label, tuple[int, ...]]]:
    """What may be permuted as one: a slot, or the row and column slots of a formal operator."""
    atoms: list[tuple[Label, tuple[int, ...]]] = []
    position = 0
    while position < len(labels):
        label = labels[position]
        if label[0] == "operator":
            pair = (position, position + 1) if label[3] == "row" else (position + 1, position)
            atoms.append((label[:3], pair))
            position += 2
        else:
            atoms.append((label, (position,)))
            position += 1
    return atoms


def _reordered(state: Cosets, order: list[int]) -> tuple[Basis, Any]:
    """Coordinates with the slots in this order and n last; the basis, and the rule that moves a vector."""
    d = state.ndim
    where = [d * (1 + slot) + j for slot in order for j in range(d)] + list(range(d))

    def move(v: Vector) -> Vector:
        return tuple([v[i] for i in where])

    return tuple(map(move, state.basis)), move


def _rational_part(basis: Basis, columns: Vector, size: int) -> tuple[tuple[Vector, ...], int, Vector]:
    """Slopes of the dependent coordinates over a common denominator, and which these are."""
    check_time()
    others = tuple(i for i in range(size) if i not in columns)
    if not columns:
        return (), 1, others
    denominator = prod(row[column] for row, column in zip(basis, columns, strict=True))
    slopes: list[Vector] = [()] * len(columns)
    for i in reversed(range(len(columns))):
        row, pivot = basis[i], basis[i][columns[i]]
        slopes[i] = tuple(
            (denominator * row[o] - sum(row[columns[j]] * slopes[j][k] for j in range(i + 1, len(columns)))) // pivot
            for k, o in enumerate(others)
        )
    common = gcd(denominator, *(s for row in slopes for s in row))
    return tuple(tuple(s // common for s in row) for row in slopes), denominator // common, others


def _sort_into_hulls(state: Cosets, hulls: dict[Shape, dict[Vector, dict[Basis, dict[Vector, Any]]]]) -> None:
    orders, alike = _slot_orders(state)
    size = state.ndim * (1 + len(state.labels))
    for order in orders:
        check_time()
        vectors, move = _reordered(state, order)
        basis, columns = hermite(vectors)
        slopes, denominator, others = _rational_part(basis, columns, size)
        labels = tuple(state.labels[slot] for slot in order)
        intercepts = hulls.setdefault(Shape(labels, columns, slopes, denominator, alike * len(orders)), {})
        square = tuple(tuple(row[c] for c in columns) for row in basis)
        for offset, weight in state.branches.items():
            v = reduce(move(offset), basis, columns)
            free = [v[c] for c in columns]
            intercept = tuple(
                denominator * v[o] - sum(a * slope[k] for a, slope in zip(free, slopes, strict=True))
                for k, o in enumerate(others)
            )
            cosets = intercepts.setdefault(intercept, {}).setdefault(square, {})
            at, several = tuple(free), alike * weight
            cosets[at] = cosets[at] + several if at in cosets else several


def _slot_orders(state: Cosets) -> tuple[list[list[int]], int]:
    """The orders of slots to sum over, and how many permutations each of them stands for.

    Slots are sorted by label, then by slope, and all permutations among ties are taken.  Slopes are invariants
    of a hull, so sorting by them picks one of its mirror images; only equal slopes need the sum.  With formal
    operators slopes may depend on the order, and all permutations of a label are taken.  Tied slots that the
    state does not tell apart give the same family in either order: of these only one order is taken.
    """
    atoms = atoms_of(state.labels)
    labels = [label for label, _ in atoms]
    if len(set(labels)) == len(labels):
        keys: list[Any] = list(labels)
    elif any(label[0] == "operator" for label in labels):
        keys = list(labels)
    else:
        keys = [(label, _slope_of_slot(state, slots[0])) for label, slots in atoms]
    # Exponents of units come after all slots: a slope that took its pivot from one would depend on the order of slots.
    ordered = sorted(range(len(atoms)), key=lambda i: (labels[i][0] == "", keys[i]))
    groups: list[list[int]] = []
    for i in ordered:
        if groups and keys[groups[-1][0]] == keys[i]:
            groups[-1].append(i)
        else:
            groups.append([i])
    alike = [_interchangeable(state, atoms, group) for group in groups]
    count = prod(_arrangements([len(kind) for kind in kinds]) for kinds in alike)
    limit = ORDER_LIMIT // 50 if any(label[0] == "operator" for label in labels) else ORDER_LIMIT  # wider vectors
    if count > 1 and count * len(state.branches) > limit:
        raise TooMany(f"budget: a kernel or operator occurs too often, in {count} orders (limit {limit})")
    orders = [
        [slot for group in choice for i in group for slot in atoms[i][1]]
        for choice in product(*(list(_distinct_orders(kinds)) for kinds in alike))
    ]
    return orders, prod(factorial(len(kind)) for kinds in alike for kind in kinds)


def _interchangeable(state: Cosets, atoms: list[tuple[Label, tuple[int, ...]]], group: list[int]) -> list[list[int]]:
    """The tied slots in classes: exchanging two of a class leaves lattice, offsets and weights as they are."""
    if len(group) == 1:
        return [group]
    known = _as_function(state, list(range(len(state.labels))))
    kinds: list[list[int]] = []
    for i in group:
        for kind in kinds:
            order = list(range(len(state.labels)))
            for a, b in zip(atoms[kind[0]][1], atoms[i][1], strict=True):
                order[a], order[b] = b, a
            if _as_function(state, order) == known:
                kind.append(i)
                break
        else:
            kinds.append([i])
    return kinds


def _as_function(state: Cosets, order: list[int]) -> Any:
    """The family with its slots in this order, in a form that is unique."""
    vectors, move = _reordered(state, order)
    basis, columns = hermite(vectors)
    weights: dict[Vector, Any] = {}
    for offset, weight in state.branches.items():
        at = reduce(move(offset), basis, columns)
        weights[at] = weights[at] + weight if at in weights else weight
    return basis, weights


def _arrangements(sizes: list[int]) -> int:
    """How many words there are with so many letters of each kind."""
    return factorial(sum(sizes)) // prod(map(factorial, sizes))


def _distinct_orders(kinds: list[list[int]]) -> Iterator[list[int]]:
    """All orders of the slots, up to exchanges within a kind."""
    if not any(kinds):
        yield []
    for i, kind in enumerate(kinds):
        if kind:
            for rest in _distinct_orders([*kinds[:i], kind[1:], *kinds[i + 1 :]]):
                yield [kind[0], *rest]


def _slope_of_slot(state: Cosets, slot: int) -> tuple[Any, ...]:
    """The block of slopes that belongs to one slot, as integers over the denominator."""
    order = sorted(range(len(state.labels)), key=lambda i: state.labels[i][0] == "")
    basis, _ = _reordered(state, order)
    basis, columns = hermite(basis)
    d, at = state.ndim, order.index(slot)
    slopes, denominator, _ = _rational_part(basis, columns, d * (1 + len(state.labels)))
    return (denominator, *slopes[d * at : d * at + d])


def _collect(cosets: dict[Basis, dict[Vector, Any]]) -> Function | None:
    """The function that a hull carries, described by its lattice of periods; None where it vanishes."""
    cosets = _without_zeros(cosets)
    if len(cosets) > 1:
        cosets = _without_zeros(_coarsened(cosets))
    if not cosets:
        return None
    basis, weights = next(iter(cosets.items())) if len(cosets) == 1 else _refine(cosets)
    return _with_all_periods(basis, weights) if weights else None


def _without_zeros(cosets: dict[Basis, dict[Vector, Any]]) -> dict[Basis, dict[Vector, Any]]:
    return {basis: kept for basis, ws in cosets.items() if (kept := {v: w for v, w in ws.items() if w})}


def _coarsened(cosets: dict[Basis, dict[Vector, Any]]) -> dict[Basis, dict[Vector, Any]]:
    """The same sum with the cosets of each lattice put together first: a whole partition is the constant."""
    result: dict[Basis, dict[Vector, Any]] = {}
    for basis, weights in cosets.items():
        coarse, few = _with_all_periods(basis, weights)
        total = result.setdefault(coarse, {})
        for at, weight in few.items():
            total[at] = total[at] + weight if at in total else weight
    return result


def _refine(cosets: dict[Basis, dict[Vector, Any]]) -> Function:
    """Cut all cosets into those of the common sublattice and add their weights."""
    bases = list(cosets)
    common = bases[0]
    for basis in bases[1:]:
        common = intersection(common, basis)
    pieces = sum(index_of(common) // index_of(basis) * len(ws) for basis, ws in cosets.items())
    if pieces > REFINE_LIMIT:
        raise TooMany(
            f"budget: the periods {', '.join(str(index_of(b)) for b in bases[:6])} have the common multiple "
            f"{index_of(common)}, and {pieces} cosets would have to be compared (limit {REFINE_LIMIT})"
        )
    columns = tuple(range(len(common)))
    total: dict[Vector, Any] = {}
    for basis, weights in cosets.items():
        check_time()
        steps = list(representatives(basis, common))
        for offset, weight in weights.items():
            for step in steps:
                at = reduce([a + b for a, b in zip(offset, step, strict=True)], common, columns)
                total[at] = total[at] + weight if at in total else weight
    return common, {v: w for v, w in total.items() if w}


def _with_all_periods(basis: Basis, weights: dict[Vector, Any]) -> Function:
    """The same function with its full lattice of periods.

    A period maps the cosets of every weight onto themselves, so the differences to one coset of the rarest
    weight are the only candidates.
    """
    columns = tuple(range(len(basis)))
    classes: dict[Any, list[Vector]] = {}
    for at, weight in weights.items():
        classes.setdefault(weight, []).append(at)
    rarest = min(classes.values(), key=len)
    first = rarest[0]
    for other in rarest[1:]:
        check_time()
        step = minus(other, first)
        if not any(reduce(step, basis, columns)):
            continue  # a period found before
        moved = (reduce([a + b for a, b in zip(at, step, strict=True)], basis, columns) for at in weights)
        if all(weights.get(to) == w for to, w in zip(moved, weights.values(), strict=True)):
            basis = hermite((*basis, step))[0]
            weights = {reduce(at, basis, columns): w for at, w in weights.items()}
            first = reduce(first, basis, columns)
    return basis, weights


__all__ = ["Canonical", "ConcreteWalker", "Function", "Shape", "TooMany", "canonical", "canonical_of"]
