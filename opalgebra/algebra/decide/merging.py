"""The normal form of a state of the symbolic walk: bounded parameters merged, counted or removed as far as possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .affine import CONSTANT, Poly, combination, common_factor, plus, times
from .parametrised import Parametrised
from .remainders import division, settled
from .weights import by_power, depends_on, product, reduced, summed


def normalised(state: Parametrised) -> Parametrised:
    """Bounded parameters merged, counted or removed as far as possible."""
    state = _without_divisions(settled(state))
    while (after := _one_merge(state)) is not None:
        state = after
    return _without_whole_powers(state)


def _without_divisions(state: Parametrised) -> Parametrised:
    """The state without equations σ r + b u + … = 0 of which nothing else speaks, once r and u are replaced there."""
    for slot in range(len(state.labels), 0, -1):
        found = division(state, slot)
        if found is not None and (after := _without_division(state, slot, *found)) is not None:
            return _without_divisions(after)
    return state


def _without_division(state: Parametrised, slot: int, r: int, u: int, sign: int) -> Parametrised | None:
    """Other free parameters move by multiples of u, so that the point does not depend on u."""
    if _weight_depends_on(state, (r, u)) or state.saved or any(p in i for i in state.indices.values() for p in (r, u)):
        return None
    at, d = state.ndim * slot, state.ndim
    equation = state.point[at]
    point = [
        plus(a, times(equation, a[r] * -sign)) if r in a else a for a in (*state.point[:at], *state.point[at + d :])
    ]
    labels = (*state.labels[: slot - 1], *state.labels[slot:])
    bounds = {p: b for p, b in state.bounds.items() if p != r}
    bare = replace(state, labels=labels, point=tuple(point), bounds=bounds)
    column = bare.column_of(u)
    if any(column):
        names = [p for p in bare.parameters() if p != u]
        found = combination([bare.column_of(p) for p in names], [column], state.context) if names else None
        moved = [] if found is None else [(p, weight) for p, (weight,) in zip(names, found, strict=True) if weight]
        if not moved or any(p in equation for p, _ in moved) or _weight_depends_on(state, (p for p, _ in moved)):
            return None
    return replace(bare, point=tuple({p: c for p, c in a.items() if p != u} for a in point))


def _one_merge(state: Parametrised) -> Parametrised | None:
    for parameter, bound in state.bounds.items():
        column = state.column_of(parameter)
        if bound == 1:
            return state.substituted(parameter, {})
        if not any(column):
            counted = _counted(state, parameter, bound)
            if counted is not None:
                return counted
            continue
        lead = next(c for c in column if c)
        if lead.LC < 0:  # r ↦ bound − 1 − r turns the direction round
            turned = state.substituted(parameter, {(new := state.context.fresh()): state.context.poly(-1),
                                                   CONSTANT: bound - 1})  # fmt: skip
            return replace(turned, bounds={**turned.bounds, new: bound})
        merged = _absorbed(state, parameter, bound, column)
        if merged is not None:
            return merged
    return None


def _counted(state: Parametrised, parameter: int, bound: Poly) -> Parametrised | None:
    """The sum over a parameter that moves nothing; all powers of ζ together are bound · [P | their exponent]."""
    ring, by_powers = state.context.ring, by_power(state.phase, parameter)
    rest = {p: b for p, b in state.bounds.items() if p != parameter}
    without, slope = replace(state, bounds=rest, phase=by_powers.get(0, {})), by_powers.get(1, {})
    if state.varying is not None and depends_on(state.varying, parameter):
        if by_powers.keys() - {0}:
            return None
        (made,) = without.varied(summed(state.varying, parameter, bound, ring)) or without.scaled(ring.zero)
        return made
    if not slope:
        return without.scaled(ring.convert(bound.as_expr()))[0] if by_powers.keys() <= {0} else None
    if by_powers.keys() - {0, 1} or any(len(monomial) > 1 for monomial in slope):
        return None
    if reduced(product(slope, {(): bound}), state.context) != (1, {}):
        return None
    exponent = {monomial[0] if monomial else CONSTANT: c for monomial, c in slope.items()}
    kept = replace(without, point=(exponent, *state.point)).divided(0, state.context.whole)
    if kept is None:
        return without.scaled(ring.zero)[0]
    return replace(kept, point=kept.point[1:]).scaled(ring.convert(bound.as_expr()))[0]


def _absorbed(state: Parametrised, parameter: int, bound: Poly, column: tuple[Poly, ...]) -> Parametrised | None:
    """r + bound · t is one parameter: division with remainder."""
    steps = tuple(c * bound for c in column)
    for other in [*state.parameters(), *state.bounds]:
        if other != parameter and state.column_of(other) == steps:
            joined, new = _joined(state, parameter, other)
            apart = {new: {parameter: state.context.poly(1), other: bound}}
            if _weighs_as(state, joined.weighing(joined, apart)):
                more = {new: bound * state.bounds[other]} if other in state.bounds else {}
                return replace(joined, bounds={**joined.bounds, **more})
    return _absorbed_by_span(state, parameter, bound, steps) or _reindexed(state, parameter, bound, column)


def _weighs_as(state: Parametrised, other: Parametrised) -> bool:
    return state.phase == other.phase and state.varying == other.varying and state.weight == other.weight


def _absorbed_by_span(state: Parametrised, parameter: int, bound: Poly, steps: tuple[Poly, ...]) -> Parametrised | None:
    """r + bound · t where the step bound · column is a vector of another basis of the free lattice.

    With bound · column = Σ λⱼ · columnⱼ and some λᵢ = ±1, it takes the place of columnᵢ: the parameters become
    r + λᵢ · bound · tᵢ and tⱼ − λᵢ λⱼ tᵢ.
    """
    one, span = state.context.poly(1), _span(state, steps)
    for p, weight in span.items():
        if weight in (1, -1):
            joined, new = _joined(state, parameter, p)
            apart = {j: {j: one, p: -weight * times} for j, times in span.items() if j != p}
            apart[new] = {parameter: one, p: weight * bound}
            if _weighs_as(state, joined.weighing(joined, apart)):
                return joined
    return None


def _span(state: Parametrised, steps: tuple[Poly, ...]) -> dict[int, Poly]:
    """The free parameters that together move the point by these steps, with how often each does; {} where none."""
    free = state.parameters()
    found = combination([state.column_of(p) for p in free], [steps], state.context)
    return {p: weight for p, (weight,) in zip(free, found or (), strict=False) if weight}


def _weight_depends_on(state: Parametrised, parameters: Iterable[int]) -> bool:
    return any(depends_on(f, p) for f in (state.phase, state.varying or {}) for p in parameters)


def _reindexed(state: Parametrised, parameter: int, bound: Poly, column: tuple[Poly, ...]) -> Parametrised | None:
    """r ↦ c r is a bijection modulo the bound for a coprime c, where steps of bound · column / c do not matter."""
    content = common_factor([entry for entry in column if entry], state.context.polynomials)
    c = state.context.coprime_part(content, bound)
    if c == 1:
        return None
    lower = tuple(entry.exquo(c) for entry in column)
    span = _span(state, tuple(entry * bound for entry in lower))
    if not span or _weight_depends_on(state, (parameter, *span)):
        return None
    without, new = state.substituted(parameter, {}), state.context.fresh()
    point = tuple(plus(a, {new: entry}) if entry else a for a, entry in zip(without.point, lower, strict=True))
    return replace(without, point=point, bounds={**without.bounds, new: bound})


def _joined(state: Parametrised, parameter: int, other: int) -> tuple[Parametrised, int]:
    """One parameter in the place of two, which moves as the first, and its name."""
    new = state.context.fresh()
    return state.substituted(parameter, {new: state.context.poly(1)}).substituted(other, {}), new


def _without_whole_powers(state: Parametrised) -> Parametrised:
    """Known powers of the bases counted to the weight."""
    for slot, base, d in state.context.bases:
        at = state.ndim * slot
        times_d = int(state.column_of(CONSTANT)[at].coeff(1)) // d
        if times_d:
            rest = plus(state.point[at], {CONSTANT: state.context.poly(-times_d * d)})
            state = replace(state, point=(*state.point[:at], rest, *state.point[at + 1 :]))
            (state,) = state.scaled(state.context.ring.convert(base**times_d))
    return state
