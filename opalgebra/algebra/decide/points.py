"""Whether states of the walk with symbolic factors cancel: they are compared as sets of points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from typing import Any

from ..budget import check_time
from ..numbers.ring import Ring
from .affine import CONSTANT, combination, plus
from .canonical import atoms_of
from .symbolic import Parametrised
from .walk import INPUT

MULTIPLIED = 6  # times that a sum over ranges is multiplied by 1 − z^v
STATES = 600  # in such a product


def vanishes(states: list[Parametrised], ring: Ring, rounds: int = MULTIPLIED) -> bool:
    """Whether the states are seen to cancel; False means that they were not."""
    groups: dict[Any, list[Parametrised]] = {}  # what belongs to different kernels never cancels
    for state in _collected(states, ring):
        groups.setdefault(tuple(sorted(state.labels)), []).append(state)
    return all(_ranges_cancel(group, ring, rounds) for group in groups.values())


def _ranges_cancel(states: list[Parametrised], ring: Ring, rounds: int) -> bool:
    first = states[0].labels
    states = [_permuted(state, next(_orders(first, state.labels))) for state in states]
    for direction in _directions(states) if rounds and 2 * len(states) <= STATES else ():
        if vanishes([s for state in states for s in _multiplied(state, direction, ring)], ring, rounds - 1):
            return True
    return False


def _collected(states: list[Parametrised], ring: Ring) -> list[Parametrised]:
    """One state for every set of points that keeps some weight."""
    classes: list[tuple[Parametrised, Any]] = []
    for state in (s.normalised(ring) for s in (s.reduced() if s.context.equations else s for s in states)):
        check_time()
        for i, (known, weight) in enumerate(classes):
            if _same_set(known, state):
                classes[i] = (known, weight + state.weight)
                break
        else:
            classes.append((state, state.weight))
    return [replace(state, weight=weight) for state, weight in classes if weight]


# -- ranges -----------------------------------------------------------------------------------------------
# A range of points c, c + v, …, c + (b − 1) v is (z^c − z^{c + b v}) / (1 − z^v): multiplied by 1 − z^v, adjacent
# ranges join, and two points are left of each.  Given the input and the taps, every word reaches finitely many outputs
# (and the other way round); so nothing but 0 vanishes when multiplied by 1 − z^v, if v moves only the outputs and the
# powers of units (or only the inputs and these), and is not 0 itself.


def _directions(states: list[Parametrised]) -> list[tuple[Any, ...]]:
    """The directions of ranges that may be multiplied out, those that occur most often first."""
    columns = [state.column_of(p) for state in states for p in state.bounds]
    counted = Counter(column for column in columns if _is_injective(column, states[0]))
    return [column for column, _ in counted.most_common()]


def _is_injective(column: tuple[Any, ...], state: Parametrised) -> bool:
    """Whether 1 − z^v takes nothing to 0, for all positive values of the factors."""
    d = state.ndim
    moved = {slot for slot in range(1 + len(state.labels)) if any(column[d * slot : d * slot + d])}
    kinds = {"output" if not slot else state.labels[slot - 1] for slot in moved}
    ends = {kind for kind in kinds if kind == "output" or kind[0] != ""}
    symbols = state.context.polynomials.symbols
    never_zero = any(
        len(entry.terms()) == 1 and all(s.is_positive for s, e in zip(symbols, entry.LM, strict=True) if e)
        for entry in column
        if entry
    )
    return never_zero and (ends == {"output"} or ends == {INPUT})


def _multiplied(state: Parametrised, direction: tuple[Any, ...], ring: Ring) -> list[Parametrised]:
    """The state times 1 − z^v: the ends of a range of this direction, else the state and itself moved."""
    for parameter, bound in state.bounds.items():
        if state.column_of(parameter) == direction:
            (end,) = state.substituted(parameter, {CONSTANT: bound}).scaled(-ring.one)
            return [state.substituted(parameter, {}), end]
    point = tuple(plus(a, {CONSTANT: v}) if v else a for a, v in zip(state.point, direction, strict=True))
    return [state, *replace(state, point=point).scaled(-ring.one)]


# -- sets of points ---------------------------------------------------------------------------------------


def _same_set(left: Parametrised, right: Parametrised) -> bool:
    """Whether both run through the same points, up to the order of slots of one kernel."""
    if sorted(left.labels) != sorted(right.labels):
        return False
    return any(_same_points(left, _permuted(right, order)) for order in _orders(left.labels, right.labels))


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


def _same_points(left: Parametrised, right: Parametrised) -> bool:
    """M s + c and M' t + c' agree iff M = M' U with U unimodular and c − c' is in the image of M'."""

    def bounded(state: Parametrised) -> list[str]:
        return sorted(f"{b} {[str(c) for c in state.column_of(p)]}" for p, b in state.bounds.items())

    mine, theirs = left.parameters(), right.parameters()
    if len(mine) != len(theirs) or bounded(left) != bounded(right):
        return False
    offset = tuple(a - b for a, b in zip(left.column_of(CONSTANT), right.column_of(CONSTANT), strict=True))
    if not theirs:
        return not any(offset)
    targets = [*(left.column_of(p) for p in mine), offset]
    solution = combination([right.column_of(p) for p in theirs], targets, left.context)
    if solution is None:
        return False
    from sympy.polys.matrices import DomainMatrix

    size, domain = len(theirs), left.context.polynomials.to_domain()
    change = DomainMatrix([[domain.convert(entry) for entry in row[:size]] for row in solution], (size, size), domain)
    return change.to_field().det() in (domain.get_field().one, -domain.get_field().one)
