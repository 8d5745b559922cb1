"""Whether states of the walk with symbolic factors cancel: they are compared as sets of points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from typing import Any

from .affine import CONSTANT, _combination
from .budget import check_time
from .canonical import _atoms
from .ring import Ring
from .symbolic import Parametrised


def vanishes(states: list[Parametrised], ring: Ring) -> bool:
    """Whether the states are seen to cancel; False means that they were not."""
    classes: list[tuple[Parametrised, Any]] = []
    for state in (s.normalised(ring) for s in states):
        check_time()
        for i, (known, weight) in enumerate(classes):
            if _same_set(known, state):
                classes[i] = (known, weight + state.weight)
                break
        else:
            classes.append((state, state.weight))
    return not any(weight for _, weight in classes)


def _same_set(left: Parametrised, right: Parametrised) -> bool:
    """Whether both run through the same points, up to the order of slots of one kernel."""
    if sorted(left.labels) != sorted(right.labels):
        return False
    return any(_same_points(left, _permuted(right, order)) for order in _orders(left.labels, right.labels))


def _orders(left: tuple[Any, ...], right: tuple[Any, ...]) -> Iterator[list[int]]:
    """The orders of the right slots that put equal labels beside each other; a formal operator's two stay together."""
    mine, theirs = _atoms(left), _atoms(right)
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
        return sorted(f"{b} {[str(c) for c in state._column(p)]}" for p, b in state.bounds.items())

    mine, theirs = left.parameters(), right.parameters()
    if len(mine) != len(theirs) or bounded(left) != bounded(right):
        return False
    offset = tuple(a - b for a, b in zip(left._column(CONSTANT), right._column(CONSTANT), strict=True))
    if not theirs:
        return not any(offset)
    targets = [*(left._column(p) for p in mine), offset]
    solution = _combination([right._column(p) for p in theirs], targets, left.context)
    if solution is None:
        return False
    from sympy.polys.matrices import DomainMatrix

    size, domain = len(theirs), left.context.polynomials.to_domain()
    change = DomainMatrix([[domain.convert(entry) for entry in row[:size]] for row in solution], (size, size), domain)
    return change.to_field().det() in (domain.get_field().one, -domain.get_field().one)
