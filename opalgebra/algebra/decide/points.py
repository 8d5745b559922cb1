"""Whether states of the walk with symbolic factors cancel: they are compared as sets of points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice, permutations, product
from math import lcm, prod
from typing import Any, TypeAlias

from ..budget import check_time
from ..lattices.lattice import hermite, representatives
from ..numbers.ring import Ring
from .affine import CONSTANT, Affine, Context, Poly, combination, plus, rational_combination, times
from .canonical import atoms_of
from .merging import normalised
from .parametrised import Parametrised
from .remainders import EQUATION
from .walk import INPUT
from .weights import Function, by_power, in_ring, put, total

MULTIPLIED = 6  # times that a sum over ranges is multiplied by 1 − z^v
STATES = 600  # in such a product
COSETS = 64  # that one family is cut into
ORDERS = 24  # of ranges with one bound
PAIRINGS = 600  # that are looked at for these


def vanishes(states: list[Parametrised], ring: Ring, rounds: int = MULTIPLIED) -> bool:
    """Whether the states are seen to cancel; False means that they were not."""
    groups: dict[Any, list[Parametrised]] = {}  # what belongs to different kernels never cancels
    for state in _collected(states):
        groups.setdefault(tuple(sorted(state.labels)), []).append(state)
    return all(_ranges_cancel(group, ring, rounds) for group in groups.values())


def _ranges_cancel(states: list[Parametrised], ring: Ring, rounds: int) -> bool:
    first = states[0].labels
    states = [_permuted(state, next(_orders(first, state.labels))) for state in states]
    if rounds and (finer := _on_common_steps(states)) is not None and vanishes(finer, ring, 0):
        return True
    for direction in _directions(states) if rounds and 2 * len(states) <= STATES else ():
        if vanishes([s for state in states for s in _multiplied(state, direction, ring)], ring, rounds - 1):
            return True
    return False


def _collected(states: list[Parametrised]) -> list[Parametrised]:
    """One state for every set of points, and phase on it, that keeps some weight."""
    classes: list[Parametrised] = []
    for state in (normalised(s.reduced() if s.context.equations else s) for s in states):
        check_time()
        for i, known in enumerate(classes):
            if (moved := _as_weight_on(known, state)) is not None:
                classes[i] = known.plus_weight(moved)
                break
        else:
            classes.append(state)
    return [state for state in classes if state.weight]


# -- common steps -----------------------------------------------------------------------------------------


def _on_common_steps(states: list[Parametrised]) -> list[Parametrised] | None:
    """The states with free parameters cut into residues, so that all move by the same steps; None where they do.

    That is done where the steps of one are rational multiples of those of another.
    """
    first, *others = states
    steps = [_ratios(first, state) for state in others]
    if all(step is None or step == _identity(len(step)) for step in steps):
        return None
    own = _common([step for step in steps if step is not None])
    found = _cut(first, own)
    for state, step in zip(others, steps, strict=True):
        finer = None if step is None else _product(step, own)
        found += [state] if finer is None else _cut(state, finer)
    return found if len(states) < len(found) <= STATES else None


def _ratios(state: Parametrised, other: Parametrised) -> list[list[Fraction]] | None:
    """The steps of a state as rational combinations of those of another one, one row for each of these."""
    mine, theirs = state.parameters(), other.parameters()
    if not mine or len(mine) != len(theirs):
        return None
    return rational_combination([other.column_of(p) for p in theirs], [state.column_of(p) for p in mine], state.context)


def _identity(size: int) -> list[list[Fraction]]:
    return [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]


def _common(steps: list[list[list[Fraction]]]) -> list[list[Fraction]]:
    """A multiple of the identity that makes all of these whole."""
    times = lcm(*(entry.denominator for step in steps for row in step for entry in row))
    return [[times * entry for entry in row] for row in _identity(len(steps[0]))]


def _product(left: list[list[Fraction]], right: list[list[Fraction]]) -> list[list[Fraction]]:
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in zip(*right, strict=True)]
            for row in left]  # fmt: skip


def _cut(state: Parametrised, matrix: list[list[Fraction]]) -> list[Parametrised]:
    """The state with its free parameters t = matrix · t' + offset, for one offset of every coset."""
    columns = tuple(tuple(int(entry) for entry in column) for column in zip(*matrix, strict=True))
    lattice, pivots = hermite(columns)
    names, size = state.parameters(), len(matrix)
    if len(pivots) != size or prod(row[i] for i, row in enumerate(lattice)) > COSETS:
        return [state]
    unit = tuple(tuple(int(i == j) for j in range(size)) for i in range(size))
    found = []
    for offset in representatives(unit, lattice):
        moved, new = state, [state.context.fresh() for _ in names]
        for i, name in enumerate(names):
            value = {p: row[i] for p, row in zip((*new, CONSTANT), (*lattice, offset), strict=True) if row[i]}
            moved = moved.substituted(name, {p: state.context.poly(c) for p, c in value.items()})
        found.append(moved)
    return found


# -- ranges -----------------------------------------------------------------------------------------------
# A range of points c, c + v, …, c + (b − 1) v is (z^c − z^{c + b v}) / (1 − z^v): multiplied by 1 − z^v, adjacent
# ranges join, and two points are left of each.  Given the input and the taps, every word reaches finitely many outputs
# (and the other way round); so nothing but 0 vanishes when multiplied by 1 − z^v, if v moves only the outputs and the
# powers of units (or only the inputs and these), and is not 0 itself.


def _directions(states: list[Parametrised]) -> list[tuple[Any, ...]]:
    """The directions of ranges that may be multiplied out, those that occur most often first."""
    directions = [v for state in states for p in state.bounds if (v := _direction(state, p)) is not None]
    counted = Counter(v for v in directions if _is_injective(v[:-1], states[0]))
    return [direction for direction, _ in counted.most_common()]


def _direction(state: Parametrised, parameter: int) -> tuple[Any, ...] | None:
    """How a step of a parameter moves the point, and the exponent of ζ last; None where that depends on others."""
    powers = by_power(state.phase, parameter)
    slope = powers.get(1, {})
    if powers.keys() - {0, 1} or slope.keys() - {()}:
        return None
    return (*state.column_of(parameter), slope.get((), state.context.poly(0)))


def _is_injective(column: tuple[Any, ...], state: Parametrised) -> bool:
    """Whether 1 − z^v takes nothing to 0, for all positive values of the factors."""
    d = state.ndim
    moved = {slot for slot in range(1 + len(state.labels)) if any(column[d * slot : d * slot + d])}
    kinds = {"output" if not slot else state.labels[slot - 1] for slot in moved}
    ends = {kind for kind in kinds if kind == "output" or kind[0] != ""}
    if not ends and len(moved) == 1:
        return _is_no_number_one(next(iter(moved)), column, state)
    symbols = state.context.polynomials.symbols
    never_zero = any(
        len(entry.terms()) == 1 and all(s.is_positive for s, e in zip(symbols, entry.LM, strict=True) if e)
        for at, entry in enumerate(column)
        if entry and (not at // d or state.labels[at // d - 1][0] != "")
    )
    return never_zero and (ends == {"output"} or ends == {INPUT})


def _is_no_number_one(slot: int, column: tuple[Any, ...], state: Parametrised) -> bool:
    """Whether c^e is not 1, for a positive number c, or a symbol c for which a formal identity was to be shown."""
    exponent = column[state.ndim * slot]
    for at, base, _ in state.context.bases:
        if at == slot and exponent and exponent.is_ground:
            if base.is_Symbol:
                return base not in state.context.polynomials.symbols and not base.is_integer
            return bool(base.is_positive and base != 1)
    return False


def _multiplied(state: Parametrised, direction: tuple[Any, ...], ring: Ring) -> list[Parametrised]:
    """The state times 1 − z^v: of a range of this direction its ends, and the differences of its weights; else two."""
    for parameter, bound in state.bounds.items():
        if _direction(state, parameter) == direction:
            return _differences(state, parameter, bound, ring)
    point = tuple(plus(a, {CONSTANT: v}) if v else a for a, v in zip(state.point, direction[:-1], strict=True))
    moved = replace(state, point=point).with_phase({(): direction[-1]} if direction[-1] else {})
    return [state, *moved.scaled(-ring.one)]


def _differences(state: Parametrised, parameter: int, bound: Any, ring: Ring) -> list[Parametrised]:
    """(1 − z^v) Σ_{r<b} p(r) z^{rv} = Σ_{r<b} (p(r) − p(r−1)) z^{rv} + p(−1) − p(b − 1) z^{bv}."""
    bare, varying = replace(state, varying=None), state.varying
    start, end = bare.substituted(parameter, {}), bare.substituted(parameter, {CONSTANT: bound})
    (end,) = end.scaled(-ring.one)
    if varying is None:
        return [start, end]

    def at(affine: Affine) -> Function:
        return put(varying, {parameter: in_ring(affine, ring)})

    one = state.context.poly(1)
    change = total(varying, {monomial: c * -ring.one for monomial, c in at({parameter: one, CONSTANT: -one}).items()})
    return [*bare.varied(change), *start.varied(at({CONSTANT: -one})), *end.varied(at({CONSTANT: bound - 1}))]


# -- sets of points ---------------------------------------------------------------------------------------


def _as_weight_on(known: Parametrised, state: Parametrised) -> Parametrised | None:
    """The state with the parameters of another that has the same points and phase; None where these differ.

    Points are the same up to the order of slots of one kernel.
    """
    if sorted(known.labels) != sorted(state.labels):
        return None
    for order in _orders(known.labels, state.labels):
        for moved in _turned_equations(_permuted(state, order)):
            for parameters in _matchings(known, moved):
                seen = replace(known, weight=moved.weight).weighing(moved, parameters)
                if seen.phase == known.phase:
                    return seen
    return None


def _turned_equations(state: Parametrised) -> Iterator[Parametrised]:
    """The state with its equations between parameters times 1 or −1."""
    d, minus = state.ndim, state.context.poly(-1)
    places = [d * slot for slot, label in enumerate(state.labels, 1) if label == EQUATION]
    for turned in product((False, True), repeat=len(places)):
        point = list(state.point)
        for at in (at for at, turn in zip(places, turned, strict=True) if turn):
            point[at] = times(point[at], minus)
        yield replace(state, point=tuple(point)) if any(turned) else state


def _orders(left: tuple[Any, ...], right: tuple[Any, ...]) -> Iterator[list[int]]:
    """The orders of the right slots that put equal labels beside each other; a formal operator's two stay together."""
    mine, theirs = atoms_of(left), atoms_of(right)
    names = sorted({label for label, _ in mine})
    groups = [[slots for label, slots in theirs if label == name] for name in names]
    places = [[slots for label, slots in mine if label == name] for name in names]
    if [len(g) for g in groups] != [len(p) for p in places]:
        return
    for choice in product(*(permutations(group) for group in groups)):
        order = [0] * len(left)
        for place, chosen in zip(places, choice, strict=True):
            for to, source in zip(place, chosen, strict=True):
                for a, b in zip(to, source, strict=True):
                    order[a] = b
        yield order


def _permuted(state: Parametrised, order: list[int]) -> Parametrised:
    d = state.ndim
    slots = [state.point[d * (1 + i) + j] for i in order for j in range(d)]
    return replace(state, labels=tuple(state.labels[i] for i in order), point=(*state.point[:d], *slots))


def _matchings(left: Parametrised, right: Parametrised) -> Iterator[dict[int, Affine]]:
    """The parameters of the right in those of the left, where both run through the same points.

    M s + Σ vᵢ rᵢ + c and M' t + Σ wᵢ rᵢ' + c' agree iff M = M' U with U unimodular, ranges have equal bounds, and
    rᵢ' = rᵢ, or bᵢ − 1 − rᵢ, leaves vᵢ ∓ wᵢ and the constant in the image of M'.
    """
    mine, theirs = left.parameters(), right.parameters()
    if len(mine) != len(theirs) or Counter(left.bounds.values()) != Counter(right.bounds.values()):
        return
    free = _change(left, right, mine, theirs)
    if free is None:
        return
    columns, poly = [right.column_of(p) for p in theirs], left.context.poly
    for pairs in islice(_pairings(left, right, columns), ORDERS):
        offset = _minus(left.column_of(CONSTANT), right.column_of(CONSTANT))
        made: dict[int, Affine] = {t: dict(value) for t, value in free.items()}
        for own, other, sign, along in pairs:
            last = left.bounds[own] - 1
            made[other] = {own: poly(1)} if sign == 1 else plus({own: poly(-1)}, {CONSTANT: last})
            offset = offset if sign == 1 else _minus(offset, tuple(w * last for w in right.column_of(other)))
            for t, c in zip(theirs, along, strict=True):
                made[t] = plus(made[t], {own: c})
        rest = _along(columns, offset, left.context)
        if rest is not None:
            yield {**made, **{t: plus(made[t], {CONSTANT: c}) for t, c in zip(theirs, rest, strict=True)}}


def _minus(left: tuple[Poly, ...], right: tuple[Poly, ...]) -> tuple[Poly, ...]:
    return tuple(a - b for a, b in zip(left, right, strict=True))


def _along(columns: list[tuple[Poly, ...]], target: tuple[Poly, ...], context: Context) -> list[Poly] | None:
    """The weights of columns whose sum is a target; None where there are none."""
    if not any(target):
        return [context.poly(0)] * len(columns)
    found = combination(columns, [target], context) if columns else None
    return None if found is None else [row[0] for row in found]


Pairs: TypeAlias = tuple[tuple[int, int, int, list[Poly]], ...]


def _pairings(left: Parametrised, right: Parametrised, columns: list[tuple[Poly, ...]]) -> Iterator[Pairs]:
    """Ranges of the left with those of the right: (own, other, sign, what it moves the free parameters by)."""
    fitting: list[list[tuple[int, int, int, list[Poly]]]] = []
    for own, bound in left.bounds.items():
        listed = []
        for other in (p for p, b in right.bounds.items() if b == bound):
            for sign in (1, -1):
                turned = tuple(w * sign for w in right.column_of(other))
                along = _along(columns, _minus(left.column_of(own), turned), left.context)
                if along is not None:
                    listed.append((own, other, sign, along))
        fitting.append(sorted(listed, key=lambda pair: (any(pair[3]), -pair[2])))
    for pairs in islice(product(*fitting), PAIRINGS):
        if len({other for _, other, _, _ in pairs}) == len(pairs):
            yield pairs


def _change(left: Parametrised, right: Parametrised, mine: list[int], theirs: list[int]) -> dict[int, Affine] | None:
    """The free parameters of the right in those of the left, up to a constant."""
    if not theirs:
        return {}
    columns = [right.column_of(p) for p in theirs]
    solution = combination(columns, [left.column_of(p) for p in mine], left.context)
    if solution is None:
        return None
    from sympy.polys.matrices import DomainMatrix

    size, domain = len(theirs), left.context.polynomials.to_domain()
    change = DomainMatrix([[domain.convert(entry) for entry in row] for row in solution], (size, size), domain)
    if change.to_field().det() not in (domain.get_field().one, -domain.get_field().one):
        return None
    return {t: {p: c for p, c in zip(mine, row, strict=True) if c} for t, row in zip(theirs, solution, strict=True)}
