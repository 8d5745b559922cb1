"""What laws about sums over an index make of a node, where no pattern can say it.

A finder takes a node and yields (what takes its place, condition).  Like a pattern it is not trusted: each line that
comes of it is proved equal to the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import gcd
from typing import Any, TypeAlias

from ...expr import (
    Box,
    Character,
    Conv,
    Down,
    Identity,
    Shift,
    Up,
    Zero,
    apart,
    axes,
    fresh_index,
    symbols_in,
    transform,
    walk,
)
from ...expr.factors import axis_count, is_symbolic
from ...expr.operators import Compose, LinearOperator, Power, Scale, Sum, add, compose
from ...expr.signals import Applied, SignalExpr
from ...expr.sums import IndexedSignalSum, IndexedSum
from ...scalar import exact, is_sympy, to_sympy
from ..decide.decision import decide_plain
from ..facts import AboutFactors, Coprime, Hypothesis, NotDivides

Facts: TypeAlias = tuple[Hypothesis, ...]
Made: TypeAlias = Iterator[tuple[Any, str]]
Finder: TypeAlias = Callable[[Any, Facts], Made]
Word: TypeAlias = tuple[LinearOperator, ...]


# -- numbers -----------------------------------------------------------------------------------------------


def canonical_number(value: Any) -> Any:
    """A number with symbols written in one way: multiplied out, powers of one base put together."""
    if not is_sympy(value):
        return value
    import sympy

    expanded = sympy.expand(value)
    terms = [sympy.powsimp(term, combine="exp") for term in sympy.Add.make_args(expanded)]
    return exact(sympy.Add(*terms))


def at_index(node: Any, index: Any, value: Any) -> Any:
    """The node with a value in place of its index, numbers multiplied out."""

    def change(entry: Any) -> Any:
        return canonical_number(entry.subs(index, value)) if index in entry.free_symbols else entry

    return transform(apart(node, symbols_in(value)), lambda _: None, change)


def linear(entry: Any, index: Any) -> tuple[Any, Any] | None:
    """(a, b) with entry = a r + b; None for other functions of the index."""
    import sympy

    known = sympy.expand(to_sympy(entry))
    a = known.coeff(index, 1)
    b = sympy.expand(known - a * index)
    return None if index in b.free_symbols or index in a.free_symbols else (exact(a), exact(b))


def _is_one_of(value: Any, *numbers: int) -> bool:
    return any(value == number for number in numbers)


# -- words under a sum -------------------------------------------------------------------------------------


def scaled(node: Any) -> tuple[Any, Any]:
    """(c, A) for c A, of c (d A) for the product."""
    scalar = 1
    while isinstance(node, Scale):
        scalar = node.scalar if scalar == 1 else exact(to_sympy(scalar) * to_sympy(node.scalar))
        node = node.operator
    return scalar, node


def times(scalar: Any, operator: Any) -> Any:
    """c A, without the number 1."""
    scalar = canonical_number(scalar)
    if scalar == 0:
        return Zero()
    inner, rest = scaled(operator)
    product = scalar if inner == 1 else canonical_number(to_sympy(scalar) * to_sympy(inner))
    return rest if product == 1 else Scale(product, rest)


def letters_of(operator: Any) -> Word:
    """The factors of a composition; none of the identity."""
    if isinstance(operator, Identity):
        return ()
    return operator.factors if isinstance(operator, Compose) else (operator,)


def depends(node: Any, index: Any) -> bool:
    return index in symbols_in(node)


def split(total: IndexedSum) -> tuple[Any, Word, Word, Word]:
    """(c, B, A, C) for a sum of words c B A C, of which A begins and ends with letters that have the index."""
    scalar, word = scaled(total.body)
    letters = letters_of(word)
    having = [i for i, letter in enumerate(letters) if depends(letter, total.index)]
    if not having:
        return scalar, letters, (), ()
    first, last = having[0], having[-1] + 1
    return scalar, letters[:first], letters[first:last], letters[last:]


def _around(before: Word, made: Any, after: Word, scalar: Any = 1) -> Any:
    inner, rest = scaled(made)
    if isinstance(rest, Zero):
        return Zero()
    weight = to_sympy(scalar) * to_sympy(inner) if is_sympy(scalar) or is_sympy(inner) else scalar * inner
    return times(weight, compose((*before, *letters_of(rest), *after)))


# -- sums that have a value --------------------------------------------------------------------------------


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
    """Σ_{r<k} B S^r ↑k ↓k S^{−r} C = B C."""
    if not isinstance(node, IndexedSum):
        return
    scalar, before, word, after = split(node)
    match word:
        case (Shift(), Up(), Down(), Shift()) if axis_count(word[1].factor) == 1:
            first, last = (linear(word[i].shift, node.index) for i in (0, 3))
            fits = first == (1, 0) and last == (-1, 0) and word[1].factor == word[2].factor == node.stop
            if fits and not depends_number(scalar, node.index):
                yield _around(before, Identity(), after, scalar), ""


def depends_number(value: Any, index: Any) -> bool:
    return is_sympy(value) and index in value.free_symbols


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
    comb = (*_delay(placed(-s, 0)), Up(k), Down(k), *_delay(placed(s, 0)), *rest)
    yield _around(before, compose(comb), after, M * weight * sympy.exp(turns[1])), ""


def _delay(d: Any) -> Word:
    return (Shift(d),) if any(axes(d)) else ()


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
        yield _around(before, Conv(total @ inner.signal), after, 1 if varies else scalar), ""


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
            yield times(node.stop, _without_delays(at_index(word, other, sympy.Integer(0)))), ""


def _without_delays(word: Any) -> Any:
    """c A without S⁰."""
    scalar, letters = scaled(word)
    kept = (x for x in letters_of(letters) if not (isinstance(x, Shift) and not any(axes(x.shift))))
    return times(scalar, compose(tuple(kept)))


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


def _telescope(difference: Sum, total: IndexedSum) -> Any | None:
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


# -- sums that are written otherwise -----------------------------------------------------------------------


def reindexed(node: Any, facts: Facts) -> Made:
    """Σ_{r<M} A_{ar+b} = Σ_{r<M} A_r where A_{r+M} = A_r and gcd(a, M) = 1."""
    if not isinstance(node, IndexedSum):
        return
    import sympy

    r, x = node.index, sympy.Dummy("x", integer=True)
    a, b = _first_linear(node.body, r) or (1, 0)
    condition = None if (a, b) == (1, 0) else _coprime_to(a, node.stop, facts)
    if condition is not None:
        made = transform(node.body, lambda _: None, _in_terms_of(r, a, b, x))
        if not depends(made, r) and made != node.body and _is_periodic(node, facts):
            yield IndexedSum(at_index(made, x, r), r, node.stop), condition


def _is_periodic(total: IndexedSum, facts: Facts) -> bool:
    """Whether A_{r+M} = A_r under a sum over r < M."""
    nodes = list(walk(total.body))
    if not any(isinstance(n, Character) or (isinstance(n, Down) and n.factor == total.stop) for n in nodes):
        return False
    moved = at_index(total.body, total.index, total.index + total.stop)
    return decide_plain(total.body, moved, tuple(f for f in facts if isinstance(f, AboutFactors)))[0] == "proved"


def _in_terms_of(r: Any, a: Any, b: Any, x: Any) -> Callable[[Any], Any]:
    """Numbers with x = a r + b in place of r, where they are made of multiples of it; others stay."""
    import sympy

    def in_x(entry: Any) -> Any:
        found = linear(entry, r)
        if found is None:
            return entry
        share = sympy.cancel(to_sympy(found[0]) / to_sympy(a))
        angle = sympy.denom(sympy.cancel(to_sympy(found[0])))  # M of 2π r/M, which stays
        whole = sympy.cancel(share * angle)
        return sympy.expand(share * (x - b) + found[1]) if sympy.denom(whole).is_Integer else entry

    def change(entry: Any) -> Any:
        if r not in entry.free_symbols:
            return entry
        entry = sympy.powsimp(entry, combine="exp")
        if entry.is_polynomial(r):
            return in_x(entry)
        weight, varying = entry.as_independent(r, as_Add=False)
        base, exponent = varying.as_base_exp()
        return weight * base ** in_x(exponent) if r not in base.free_symbols else entry

    return change


def _first_linear(body: Any, r: Any) -> tuple[Any, Any] | None:
    """(a, b) for the first shift by a r + b, or the first frequency 2πar/M, as they are read."""
    import sympy

    for node in walk(body):
        found = None
        if isinstance(node, Shift) and not isinstance(node.shift, tuple):
            found = linear(node.shift, r)
        elif isinstance(node, Character) and node.ndim == 1 and (turn := linear(node.frequency, r)) is not None:
            found = exact(sympy.numer(sympy.cancel(to_sympy(turn[0]) / (2 * sympy.pi)))), 0
        if found is not None and found[0] != 0:
            return found
    return None


def _coprime_to(a: Any, M: Any, facts: Facts) -> str | None:
    """The condition gcd(a, M) = 1, "" for ±1; None where it is not known."""

    import sympy

    if _is_one_of(a, 1, -1):
        return ""
    if not (is_sympy(a) or is_sympy(M)):
        return f"gcd({a}, {M}) = 1" if gcd(a, M) == 1 else None
    residue = to_sympy(a)
    if is_sympy(M) and M.is_Symbol:
        residue = sympy.expand(residue).subs(M, 0)
    if residue in (1, -1):
        return ""
    residue = exact(residue)
    known = {frozenset((f.a, f.b)) for f in facts if isinstance(f, Coprime)}
    parts = [residue, *(-residue,)] if is_sympy(residue) or isinstance(residue, int) else []
    if any(frozenset((part, M)) in known for part in parts):
        return f"gcd({a}, {M}) = 1"
    atoms = sympy.Mul.make_args(to_sympy(residue))
    if len(atoms) > 1 and all(atom == -1 or frozenset((exact(atom), M)) in known for atom in atoms):
        return f"gcd({a}, {M}) = 1"
    return None


def reversed_index(node: Any, facts: Facts) -> Made:
    """Σ_{r<k} A_r = Σ_{r<k} A_{k−1−r}."""
    if isinstance(node, IndexedSum | IndexedSignalSum):
        body = at_index(node.body, node.index, to_sympy(node.stop) - 1 - node.index)
        if body != node.body:
            yield type(node)(body, node.index, node.stop), ""


def lowered(node: Any, facts: Facts) -> Made:
    """Σ_{r<k} A_{r+1} = Σ_{r<k} A_r + A_k − A_0, where it takes the index out of what stands beside it."""
    if not isinstance(node, IndexedSum):
        return
    _, _, word, _ = split(node)
    found = linear(word[0].shift, node.index) if word and isinstance(word[0], Shift) and word[0].ndim == 1 else None
    if found is None or found[0] != 1 or not isinstance(found[1], int) or not 0 < found[1] <= 4:
        return
    r, stop = node.index, to_sympy(node.stop)
    body = at_index(node.body, r, r - 1)
    ends = [at_index(body, r, stop), times(-1, _without_delays(at_index(body, r, to_sympy(0))))]
    yield add((IndexedSum(body, r, node.stop), *ends)), ""


def exchanged(node: Any, facts: Facts) -> Made:
    """Σ_r Σ_s A = Σ_s Σ_r A."""
    if isinstance(node, IndexedSum | IndexedSignalSum) and type(node.body) is type(node):
        inner = node.body
        yield type(node)(type(node)(inner.body, node.index, node.stop), inner.index, inner.stop), ""


def parted(node: Any, facts: Facts) -> Made:
    """Σ_{r<ab} A_r = Σ_{s<a} Σ_{t<b} A_{s+at}."""
    if not isinstance(node, IndexedSum) or not is_symbolic(node.stop):
        return
    import sympy

    factors = [f for f in sympy.Mul.make_args(node.stop) if f != 1]
    taken = {s.name for s in symbols_in(node)}
    for first in factors if len(factors) > 1 else ():
        s, t = fresh_index("s", taken), fresh_index("t", taken)
        inner = at_index(node.body, node.index, s + first * t)
        yield IndexedSum(IndexedSum(inner, t, exact(sympy.cancel(node.stop / first))), s, exact(first)), ""


# -- sums of sums, products with sums ----------------------------------------------------------------------


def sums_split(node: Any, facts: Facts) -> Made:
    """Σ (A + B) = Σ A + Σ B."""
    if isinstance(node, IndexedSum) and isinstance(node.body, Sum):
        yield add(tuple(IndexedSum(term, node.index, node.stop) for term in node.body.terms)), ""


def into_sum(left: bool) -> Finder:
    """B Σ A = Σ B A, or (Σ A) C = Σ A C."""

    def finder(node: Any, facts: Facts) -> Made:
        if not isinstance(node, Compose):
            return
        for i, factor in enumerate(node.factors):
            before, after = node.factors[:i], node.factors[i + 1 :]
            if isinstance(factor, IndexedSum) and (before if left else after):
                around = {s for other in (*before, *after) for s in symbols_in(other)}
                inner = apart(factor, around)
                ends = (*before, inner.body) if left else (inner.body, *after)
                total = IndexedSum(compose(ends), inner.index, inner.stop)
                yield compose((total, *after) if left else (*before, total)), ""

    return finder


def out_of_sum(left: bool) -> Finder:
    """Σ B A = B Σ A, or Σ A C = (Σ A) C, where B and C are without the index."""

    def finder(node: Any, facts: Facts) -> Made:
        if not isinstance(node, IndexedSum):
            return
        scalar, before, word, after = split(node)
        if word and (before if left else after):
            inner = compose((*word, *after) if left else (*before, *word))
            total = IndexedSum(times(scalar, inner), node.index, node.stop)
            yield compose((*before, total) if left else (total, *after)), ""

    return finder


def wrapped_sum(kind: type) -> Finder:
    """(Σ A)ᵀ = Σ Aᵀ, and so for adjoints and conjugates."""

    def finder(node: Any, facts: Facts) -> Made:
        if isinstance(node, kind) and isinstance(node.operator, IndexedSum):
            total = node.operator
            yield IndexedSum(kind(total.body), total.index, total.stop), ""

    return finder


def scaled_sum(node: Any, facts: Facts) -> Made:
    """c Σ A = Σ c A."""
    if isinstance(node, Scale) and isinstance(node.operator, IndexedSum):
        total = apart(node.operator, symbols_in(node.scalar))
        yield IndexedSum(times(node.scalar, total.body), total.index, total.stop), ""


def out_of_scaled_sum(node: Any, facts: Facts) -> Made:
    """Σ c A = c Σ A."""
    if isinstance(node, IndexedSum):
        scalar, word = scaled(node.body)
        if scalar != 1 and not depends_number(scalar, node.index):
            yield times(scalar, IndexedSum(word, node.index, node.stop)), ""


def applied_sum(node: Any, facts: Facts) -> Made:
    """Σ (A_r x) = (Σ A_r) x."""
    if isinstance(node, IndexedSignalSum) and isinstance(node.body, Applied) and not depends(node.body.signal, node.index):
        yield IndexedSum(node.body.operator, node.index, node.stop) @ node.body.signal, ""


def summed_application(node: Any, facts: Facts) -> Made:
    """(Σ A_r) x = Σ (A_r x)."""
    if isinstance(node, Applied) and isinstance(node.operator, IndexedSum):
        total = apart(node.operator, symbols_in(node.signal))
        yield IndexedSignalSum(total.body @ node.signal, total.index, total.stop), ""


# -- letters -----------------------------------------------------------------------------------------------


def coprime_numbers(L: Any, M: Any) -> bool:
    """gcd 1, for ints of one axis."""
    return isinstance(L, int) and isinstance(M, int) and gcd(L, M) == 1


def box_as_sum(node: Any, facts: Facts) -> Made:
    """C_{1_k} = Σ_{r<k} S^r."""
    if isinstance(node, Conv) and isinstance(node.kernel, Box) and axis_count(node.kernel.factor) == 1:
        index = fresh_index("r", {s.name for s in symbols_in(node)})
        yield IndexedSum(Shift(index), index, node.kernel.factor), ""


def without_turns(node: Any, facts: Facts) -> Made:
    """e^{i(ω + 2πd)n} = e^{iωn} for an integer d."""
    import sympy

    if not isinstance(node, Character):
        return
    made = []
    for entry in axes(node.frequency):
        terms = sympy.Add.make_args(sympy.expand(entry))
        made.append(sympy.Add(*(t for t in terms if (t / (2 * sympy.pi)).is_integer is not True)))
    if any(a != sympy.expand(b) for a, b in zip(made, axes(node.frequency), strict=True)):
        yield Character(made[0] if len(made) == 1 else tuple(made), node.floating), ""


def computed(node: Any, facts: Facts) -> Made:
    """Numbers with symbols multiplied out."""
    if isinstance(node, Scale):
        number = canonical_number(node.scalar)
        if number != node.scalar:
            yield times(number, node.operator), ""
    elif isinstance(node, Character):
        entries = tuple(canonical_number(entry) for entry in axes(node.frequency))
        if entries != axes(node.frequency):
            yield Character(entries[0] if len(entries) == 1 else entries, node.floating), ""


def by_exponentials(node: Any, facts: Facts) -> Made:
    """cos ω and sin ω by e^{iω} and e^{−iω}."""
    import sympy

    if isinstance(node, Scale) and is_sympy(node.scalar) and node.scalar.has(sympy.cos, sympy.sin):
        yield times(node.scalar.rewrite(sympy.exp), node.operator), ""


def powers_joined(node: Any, facts: Facts) -> Made:
    """A^n B^n = (A B)^n for time-invariant A and B, n a number."""
    if not isinstance(node, Compose):
        return
    for i, (a, b) in enumerate(pairwise(node.factors)):
        if isinstance(a, Power) and isinstance(b, Power) and a.exponent == b.exponent:
            if all(_is_time_invariant(x.operator) for x in (a, b)):
                joined = Power(compose((a.operator, b.operator)), a.exponent)
                yield compose((*node.factors[:i], joined, *node.factors[i + 2 :])), ""


def _is_time_invariant(operator: Any) -> bool:
    return all(isinstance(node, Conv | Shift | Sum | Compose | Scale | Identity | SignalExpr) for node in _above_kernels(operator))


def _above_kernels(root: Any) -> Iterator[Any]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Conv):
            stack.extend(node.children())


def out_of_kernel(node: Any, facts: Facts) -> Made:
    """C_{c A q} = c C_{A q}."""
    if isinstance(node, Conv) and isinstance(node.kernel, Applied) and isinstance(node.kernel.operator, Scale):
        scalar, operator = scaled(node.kernel.operator)
        yield Scale(scalar, Conv(operator @ node.kernel.signal)), ""


def kernel_parts(node: Any, facts: Facts) -> Made:
    """C_{(A + B) q} = C_{A q} + C_{B q}."""
    if isinstance(node, Conv) and isinstance(node.kernel, Applied) and isinstance(node.kernel.operator, Sum):
        yield add(tuple(Conv(term @ node.kernel.signal) for term in node.kernel.operator.terms)), ""

