"""Kernels, and values of taps, that satisfy hypotheses: known ones, and solutions of what is linear in some kernels.

A refutation is shown at one of these; without any, nothing is concluded from the hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, combinations, islice, product
from typing import Any, TypeAlias

from ...errors import Undecided
from ...expr import Down, FormalOperator, FormalSignal, Identity, Signal, SignalExpr, Up, Zero, exact_array, substitute
from ...expr.node import common_ndim
from ...expr.tree import all_factor_symbols, transform
from ...scalar import to_sympy
from ..equations import Relation
from ..facts import allowed
from ..judge.evaluate import Evaluator
from ..judge.witness import to_signal
from .decision import decide_plain
from .linear import degree, solved_taps

Assignment: TypeAlias = dict[Any, Any]  # a Signal (or operator) by formal name, a number by symbol

TRIED = 200  # assignments of the pool
SOLVED = 16  # systems of equations for kernels
WINDOW = {1: range(-2, 4), 2: range(-1, 2)}  # of the taps that are solved for, by the number of axes
FREE: tuple[tuple[int, ...], ...] = ((0,), (1, 2, -1, 3), (2, -3, 1, 1, 5))  # for taps that are free, repeated


def dimension_of(relations: Sequence[Relation], *others: Any) -> int:
    """The number of axes of relations and of what is said about their kernels."""
    return common_ndim(*others, *(side for relation in relations for pair in relation.pairs for side in pair)) or 1


def assignments(relations: Sequence[Relation], ndim: int = 1) -> Iterator[Assignment]:
    """Kernels, or values of taps, for which all hypotheses were proved, the simplest first."""
    pairs = [pair for relation in relations for pair in relation.pairs]
    for found in _candidates(relations, ndim):
        if all(decide_plain(at(a, found), at(b, found), ())[0] == "proved" for a, b in pairs):
            yield found


def _candidates(relations: Sequence[Relation], ndim: int) -> Iterator[Assignment]:
    kernels = list(dict.fromkeys(kernel for relation in relations for kernel in relation.kernels))
    operators = [kernel.name for kernel in kernels if isinstance(kernel, FormalOperator)]
    others = [kernel for kernel in kernels if not isinstance(kernel, FormalOperator)]
    several = {k.name: k for k in others if isinstance(k, FormalSignal)}  # one that is there twice is of one name
    others = [*several.values(), *(k for k in others if not isinstance(k, FormalSignal))]
    for chosen in product((Identity(), Zero(), Up(2) @ Down(2)), repeat=min(len(operators), 3)):
        known: Assignment = dict(zip(operators, chosen, strict=False))
        left = [(at(a, known), at(b, known)) for relation in relations for a, b in relation.pairs]
        formal = [kernel.name for kernel in others if isinstance(kernel, FormalSignal)]
        if formal and len(formal) == len(others) and not all_factor_symbols(*_all(left)):
            yield from ({**known, **found} for found in islice(_solved(formal, left, ndim), 3 * SOLVED))
        if ndim == 1:
            yield from ({**known, **found} for found in islice(_pool(others), TRIED))


def _all(pairs: list[tuple[Any, Any]]) -> list[Any]:
    return [side for pair in pairs for side in pair]


def _solved(names: list[str], pairs: list[tuple[Any, Any]], ndim: int) -> Iterator[Assignment]:
    """Solutions for as many kernels as all equations are linear in, the others being known ones."""
    import sympy

    places = list(product(WINDOW.get(ndim, range(1)), repeat=ndim))
    taps = {name: [sympy.Dummy(f"{name}_{i}", real=True) for i in range(len(places))] for name in names}
    shape, start = (len(WINDOW.get(ndim, range(1))),) * ndim, (WINDOW.get(ndim, range(1))[0],) * ndim
    unknown = {name: Signal._wrap(exact_array(listed, shape), start) for name, listed in taps.items()}
    tried = 0
    for size in range(len(names), 0, -1):
        for chosen in combinations(names, size):
            symbols = [s for name in chosen for s in taps[name]]
            put = [tuple(substitute(side, {n: unknown[n] for n in chosen}) for side in pair) for pair in pairs]
            if any(degree(side, set(symbols)) > 1 for side in _all(put)):
                continue
            known = [name for name in names if name not in chosen]
            several = [tuple(bank) for bank in _bank_signals() if len(bank) == len(known) and ndim == 1]
            for seeds in islice(chain(several, product(_seeds(ndim), repeat=len(known))), SOLVED // 2):
                if (tried := tried + 1) > SOLVED:
                    return
                yield from _completions(put, taps, chosen, dict(zip(known, seeds, strict=True)), places, ndim)


def _completions(
    pairs: list[Any],
    taps: dict[str, list[Any]],
    chosen: Sequence[str],
    seeds: dict[str, Signal],
    places: list[tuple[int, ...]],
    ndim: int,
) -> Iterator[Assignment]:
    """Seeds with what the equations give for the others, some values being chosen for what they leave free."""
    symbols = [s for name in chosen for s in taps[name]]
    try:
        found = solved_taps(pairs, symbols, ndim, {name: Evaluator(ndim).signal(s) for name, s in seeds.items()})
    except Undecided:
        return  # there are others
    free = [s for s in symbols if s not in found.taps]
    for pattern in () if found.clash else FREE if free else FREE[:1]:
        values = {s: to_sympy(pattern[i % len(pattern)]) for i, s in enumerate(free)}
        values |= {s: v.xreplace(values) for s, v in found.taps.items()}
        made = {name: dict(zip(places, (values[s] for s in taps[name]), strict=True)) for name in chosen}
        kept = {name: {n: v for n, v in listed.items() if v != 0} for name, listed in made.items()}
        yield {**seeds, **{name: to_signal(listed, ndim) for name, listed in kept.items()}}


def _seeds(ndim: int) -> list[Signal]:
    if ndim == 1:
        return _signals()
    at_origin, moved = (0,) * ndim, (1, *(0,) * (ndim - 1))
    return [to_signal({at_origin: 1}, ndim), to_signal({moved: 1}, ndim), to_signal({at_origin: 2, moved: 3}, ndim)]


def _pool(kernels: list[Any]) -> Iterator[Assignment]:
    size = len(kernels)
    seeds = [*_signals(), *(h for bank in _bank_signals() for h in bank), _root_of_two()]
    if size > 1:
        for bank in _bank_signals():
            if len(bank) == size:
                yield from _fitting(kernels, bank)
    for chosen in islice(product(seeds, repeat=size), 4 * TRIED):
        yield from _fitting(kernels, chosen)


def _fitting(kernels: Sequence[SignalExpr], chosen: Sequence[Signal]) -> Iterator[Assignment]:
    """The assignment, and one with signals moved to the window, where kernels of symbolic taps are long enough."""
    yield from _placed(kernels, chosen, False)
    if not all(isinstance(kernel, FormalSignal) for kernel in kernels):
        yield from _placed(kernels, chosen, True)


def _placed(kernels: Sequence[SignalExpr], chosen: Sequence[Signal], move: bool) -> Iterator[Assignment]:
    found: Assignment = {}
    for kernel, signal in zip(kernels, chosen, strict=True):
        if isinstance(kernel, FormalSignal):
            found[kernel.name] = signal
            continue
        assert isinstance(kernel, Signal)
        shift = kernel.start - signal.start if move else 0
        moved = {n + shift: v for (n,), v in Evaluator(1).signal(signal).items()}
        for n, entry in enumerate(kernel.values.flat):
            if not entry.is_Symbol:
                return
            found[entry] = to_sympy(moved.pop(n + kernel.start, 0))
            if not allowed(entry, found[entry]):
                return
        if moved:
            return
    yield found


def _signals() -> list[Signal]:
    quarter = Fraction(1, 4)
    return [
        Signal([1]), Signal([1], 1), Signal([1, 5]), Signal([2, 1, 3], -1), Signal([Fraction(3, 5), Fraction(4, 5)]),
        Signal([3 * quarter, 2 * quarter, 1, 2 * quarter, 3 * quarter], -2), Signal([1, 0, 0, 2]),
        Signal([1, 0, 0, 0, 7]), Signal([7, 1, 0, 3, 2], -1),
    ]  # fmt: skip


def _root_of_two() -> Signal:
    """√2 δ, half of which and half of its mirror image about a half are orthonormal to their shifts by 2."""
    import sympy

    return to_signal({(0,): sympy.sqrt(2)}, 1)


def _bank_signals() -> list[list[Signal]]:
    """Filters of paraunitary banks, of two and three channels."""
    cosine, sine = Fraction(3, 5), Fraction(4, 5)
    lattice = [  # two rotations with a delay between: orthonormal of four rational taps
        cosine * Fraction(5, 13), sine * Fraction(5, 13), -sine * Fraction(12, 13), cosine * Fraction(12, 13)
    ]  # fmt: skip
    pairs = [_orthonormal_pair(taps) for taps in ([cosine, sine], lattice)]
    delays = [[Signal([1], -i) for i in range(M)] for M in (2, 3, 4)]
    third = Fraction(1, 3)  # a reflection
    mirror = [Signal([int(i == n) - 2 * third for n in range(3)], -2) for i in range(3)]
    return [*delays, *pairs, mirror, [Signal([cosine]), Signal([sine])]]


def _orthonormal_pair(taps: list[Any]) -> list[Signal]:
    """n ↦ g_{−n} and n ↦ (−1)ⁿ g_{N−1+n}, of an orthonormal lowpass g of an even number N of real taps."""
    high = [-tap if n % 2 else tap for n, tap in enumerate(reversed(taps))]
    return [Signal(taps[::-1], 1 - len(taps)), Signal(high[::-1], 1 - len(taps))]


def at(expression: Any, found: Assignment) -> Any:
    """The expression with kernels in place of formal names, and numbers in place of taps."""
    import sympy

    values = {s: v for s, v in found.items() if isinstance(s, sympy.Symbol)}

    def change(node: Any) -> Any:
        if isinstance(node, FormalSignal | FormalOperator) and node.name in found:
            return found[node.name]
        if values and isinstance(node, Signal) and node.is_exact and any(v.free_symbols for v in node.values.flat):
            flat = [sympy.expand(v.subs(values)) for v in node.values.flat]
            return Signal._wrap(exact_array(flat, node.values.shape), node.starts)
        return None

    return transform(expression, change)
