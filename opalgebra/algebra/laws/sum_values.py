"""Sums over an index that have a value."""

from __future__ import annotations

from typing import Any

from ...expr import (
    Character,
    Conv,
    Down,
    Identity,
    Shift,
    Up,
    Zero,
    axes,
)
from ...expr.factors import axis_count
from ...expr.operators import Compose, Scale, Sum, add, compose
from ...expr.signals import Applied
from ...expr.sums import IndexedSum
from ...scalar import exact, is_sympy, to_sympy
from ..facts import NotDivides
from .finders import (
    Facts,
    Finder,
    Made,
    around,
    at_index,
    canonical_number,
    delays,
    depends,
    depends_number,
    linear,
    scaled,
    split,
    times,
    without_delays,
)


def constant_sum(node: Any, facts: Facts) -> Made:
    """Σ_{r<k} A = k A."""
    if isinstance(node, IndexedSum) and not depends(node.body, node.index):
        yield times(node.stop, node.body), ""


def series(kind: str) -> Finder:
    """Σ_{r<k} c_r A = (Σ c_r) A for numbers c_r of one kind."""

    def finder(node: Any, facts: Facts) -> Made:
        if not isinstance(node, IndexedSum):
            return
        scalar, word = scaled(node.body)
        if is_sympy(scalar) and node.index in scalar.free_symbols and not depends(word, node.index):
            found = _value_of_series(scalar, node.index, node.stop, facts)
            if found is not None and found[1] == kind:
                yield _multiple(found[0], word), found[2]

    return finder


def _multiple(number: Any, word: Any) -> Any:
    """c A for a number as it is written in books, k (k − 1)/2."""
    number = exact(number)
    return Zero() if number == 0 else word if number == 1 else Scale(number, word)


def _value_of_series(terms: Any, index: Any, stop: Any, facts: Facts) -> tuple[Any, str, str] | None:
    """(Σ, kind, condition) of a sum of powers of the index, geometric terms, and roots of unity."""
    import sympy

    total, kinds, conditions = sympy.Integer(0), [], []
    expanded = sympy.expand(to_sympy(terms).rewrite(sympy.exp) if to_sympy(terms).has(sympy.cos, sympy.sin) else terms)
    for term in sympy.Add.make_args(expanded):
        weight, varying = sympy.powsimp(term, combine="exp").as_independent(index, as_Add=False)
        found = _one_series(varying, index, to_sympy(stop), facts)
        if found is None:
            return None
        total += weight * found[0]
        kinds.append(found[1])
        conditions += [found[2]] if found[2] else []
    order = ("roots-of-unity", "geometric-series", "arithmetic-series")
    kind = min(kinds, key=order.index)
    value = sympy.factor(total) if kind == "arithmetic-series" else total
    return value, kind, ", ".join(dict.fromkeys(conditions))


def _one_series(varying: Any, index: Any, stop: Any, facts: Facts) -> tuple[Any, str, str] | None:
    import sympy

    if varying.is_polynomial(index):
        return sympy.factor(sympy.summation(varying, (index, 0, stop - 1))), "arithmetic-series", ""
    base, exponent = varying.as_base_exp()
    slope = linear(exponent, index)
    if slope is None or index in base.free_symbols:
        return None
    if base == sympy.E:
        turns = sympy.expand(to_sympy(slope[0]) * stop / (2 * sympy.pi * sympy.I))
        return _roots(turns, exponent - index * slope[0], stop, facts)
    ratio = base ** slope[0]
    return base ** slope[1] * (1 - ratio**stop) / (1 - ratio), "geometric-series", ""


def _roots(turns: Any, rest: Any, stop: Any, facts: Facts) -> tuple[Any, str, str] | None:
    """Σ_{j<M} e^{2πijs/M} = 0 where M ∤ s."""
    import sympy

    if turns.is_integer is not True:
        return None
    multiple = sympy.expand(turns / stop)
    if multiple.is_integer:
        return stop * sympy.exp(rest), "roots-of-unity", f"{stop} | {turns}"
    numbers = stop.is_Integer and turns.is_Integer
    if numbers or any(isinstance(f, NotDivides) and f.a == stop and f.b in (turns, -turns) for f in facts):
        return sympy.Integer(0), "roots-of-unity", f"{stop} ∤ {turns}"
    return None


def phases_gathered(node: Any, facts: Facts) -> Made:
    """Σ_{r<k} B S^{d+r} ↑k ↓k S^{e−r} C = B S^{d+e} C."""
    if not isinstance(node, IndexedSum):
        return
    scalar, before, found, after = split(node)
    word: tuple[Any, ...] = found
    match word:
        case (Shift(), Up(), Down(), Shift()) if axis_count(word[1].factor) == 1:
            first, last = (linear(word[i].shift, node.index) for i in (0, 3))
            if first is None or last is None or first[0] not in (1, -1) or last[0] != -first[0]:
                return
            if word[1].factor == word[2].factor == node.stop and not depends_number(scalar, node.index):
                moved = exact(to_sympy(first[1]) + to_sympy(last[1]))
                yield around((*before, *delays(moved)), Identity(), after, scalar), ""


def characters_summed(node: Any, facts: Facts) -> Made:
    """Σ_{j<M} e^{2πijs/M} B e^{2πijn/M} C = M B S^{−s} ↑M ↓M S^s C; of several axes the one of j."""
    if not isinstance(node, IndexedSum):
        return
    import sympy

    scalar, before, word, after = split(node)
    if len(word) != 1 or not isinstance(word[0], Character):
        return
    M, j, frequency = to_sympy(node.stop), node.index, axes(word[0].frequency)
    slopes = [linear(entry, j) for entry in frequency]
    weight, varying = sympy.powsimp(to_sympy(scalar), combine="exp").as_independent(j, as_Add=False)
    base, exponent = varying.as_base_exp()
    turns = linear(exponent, j) if varying != 1 else (0, 0)
    if turns is None or (varying != 1 and base != sympy.E) or any(slope is None for slope in slopes):
        return
    s = sympy.expand(to_sympy(turns[0]) * M / (2 * sympy.pi * sympy.I))
    steps = [sympy.cancel(to_sympy(slope[0]) * M / (2 * sympy.pi)) for slope in slopes if slope is not None]
    if sorted(map(str, steps)) != ["0"] * (len(steps) - 1) + ["1"] or s.is_integer is not True:
        return
    at = steps.index(1)

    def placed(value: Any, other: Any) -> Any:
        entries = tuple(value if i == at else other for i in range(len(steps)))
        return entries[0] if len(entries) == 1 else entries

    left = [slope[1] for slope in slopes if slope is not None]
    rest = (Character(left[0] if len(left) == 1 else tuple(left)),) if any(left) else ()
    k = placed(node.stop, 1)
    comb = (*delays(placed(-s, 0)), Up(k), Down(k), *delays(placed(s, 0)), *rest)
    yield around(before, compose(comb), after, M * weight * sympy.exp(turns[1])), ""


def kernels_summed(node: Any, facts: Facts) -> Made:
    """Σ_r B S^r C_{A_r q} C = B C_{(Σ_r S^r A_r) q} C."""
    if not isinstance(node, IndexedSum):
        return
    scalar, before, word, after = split(node)
    kernels = [x.kernel for x in word if isinstance(x, Conv)]
    if len(kernels) != 1 or not isinstance(kernels[0], Applied) or not all(isinstance(x, Conv | Shift) for x in word):
        return
    inner = kernels[0]
    if not depends(inner.signal, node.index):
        varies = depends_number(scalar, node.index)
        operator = compose((*(x for x in word if isinstance(x, Shift)), inner.operator))
        total = IndexedSum(times(scalar if varies else 1, operator), node.index, node.stop)
        yield around(before, Conv(total @ inner.signal), after, 1 if varies else scalar), ""


def fourier_inverted(node: Any, facts: Facts) -> Made:
    """Σ_{r<M} Σ_{s<M} e^{2πirs/M} A_s = M A_0."""
    import sympy

    if not (isinstance(node, IndexedSum) and isinstance(node.body, IndexedSum) and node.stop == node.body.stop):
        return
    r, s, M = node.index, node.body.index, to_sympy(node.stop)
    scalar, word = scaled(node.body.body)
    for one, other in ((r, s), (s, r)):
        angle = sympy.expand(sympy.log(to_sympy(scalar)).expand(force=True) * M / (2 * sympy.pi * sympy.I))
        if angle in (r * s, -r * s) and not depends(word, one):
            yield times(node.stop, without_delays(at_index(word, other, sympy.Integer(0)))), ""


def telescoped(node: Any, facts: Facts) -> Made:
    """(I − X) Σ_{r<k} X^r = I − X^k for X = c S^d, in either order."""
    if not isinstance(node, Compose):
        return
    factors = node.factors
    for i, total in enumerate(factors):
        if not isinstance(total, IndexedSum):
            continue
        for j in (i - 1, i + 1):
            if 0 <= j < len(factors) and isinstance(factors[j], Sum):
                made = _telescope(factors[j], total)
                if made is not None:
                    low = min(i, j)
                    yield compose((*factors[:low], made, *factors[low + 2 :])), ""


def _telescope(difference: Any, total: IndexedSum) -> Any | None:
    terms = [scaled(term) for term in difference.terms]
    ones = [c for c, A in terms if isinstance(A, Identity)]
    others = [(c, A.shift) for c, A in terms if isinstance(A, Shift)]
    scalar, word = scaled(total.body)
    if len(terms) != 2 or ones != [1] or len(others) != 1 or not isinstance(word, Shift):
        return None
    import sympy

    (c, d), index = others[0], total.index
    step = at_index(total.body, index, index + 1)
    wanted = times(-to_sympy(c) * to_sympy(scalar), Shift(sympy.expand(to_sympy(word.shift) + to_sympy(d))))
    first, last = (at_index(total.body, index, to_sympy(value)) for value in (0, total.stop))
    if _plain(step) != _plain(wanted):
        return None
    return add((_plain(first), times(-1, _plain(last))))


def _plain(node: Any) -> Any:
    """c S^d with its numbers in one form; S⁰ is I."""
    scalar, word = scaled(node)
    if isinstance(word, Shift):
        shift = canonical_number(to_sympy(word.shift))
        word = Identity() if shift == 0 else Shift(shift)
    return times(scalar, word)
