"""Divisions with remainder: X = b u + r with 0 ≤ r < b has one solution u and r for every X.

A state keeps "b divides X − r" as an equation between parameters, in a slot of its own that is to be 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .affine import CONSTANT, Affine, plus, times

EQUATION = ("equation",)  # the label of a slot that is to be 0


def division(state: Any, slot: int) -> tuple[int, int, int] | None:
    """(r, u, σ) of an equation σ r + b u + … = 0 with 0 ≤ r < b: whatever the rest is, one r and one u solve it."""
    equation: Affine = state.point[state.ndim * slot]
    if state.labels[slot - 1] != EQUATION:
        return None
    for r in sorted(equation, reverse=True):
        bound = state.bounds.get(r)
        if bound is None or equation[r] not in (1, -1) or len(bound.terms()) > 1:
            continue
        for u in sorted(equation, reverse=True):
            if u != CONSTANT and u not in state.bounds and equation[u] in (bound, -bound):
                return r, u, int(equation[r].LC)
    return None


def settled(state: Any) -> Any:
    """The state with b u + r put together again, and without equations of which nothing else speaks."""
    for slot in range(len(state.labels), 0, -1):
        if (found := division(state, slot)) is not None:
            state = _put_together(state, slot, *found)
    return state


def _put_together(state: Any, slot: int, r: int, u: int, sign: int) -> Any:
    at, d = state.ndim * slot, state.ndim
    equation: Affine = state.point[at]

    def whole(coordinate: Affine) -> Affine:
        if r not in coordinate:
            return coordinate
        other = plus(coordinate, times(equation, coordinate[r] * -sign))
        return coordinate if r in other or u in other else other

    point = tuple(a if i == at else whole(a) for i, a in enumerate(state.point))
    made = replace(state, point=point, saved=tuple(map(whole, state.saved)))
    others = (*point[:at], *point[at + 1 :], *made.saved, *made.indices.values())
    weights = (made.phase, made.varying or {})
    if any(p in a for a in others for p in (r, u)) or any(p in m for f in weights for m in f for p in (r, u)):
        return made
    bounds = {p: b for p, b in made.bounds.items() if p != r}
    labels = (*made.labels[: slot - 1], *made.labels[slot:])
    return replace(made, labels=labels, point=(*point[:at], *point[at + d :]), bounds=bounds)
