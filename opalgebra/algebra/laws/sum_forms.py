"""Sums over an index written otherwise, and in products."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Any

from ...expr import (
    Character,
    Down,
    Shift,
    apart,
    fresh_index,
    symbols_in,
    transform,
    walk,
)
from ...expr.factors import is_symbolic
from ...expr.operators import Compose, Scale, Sum, add, compose
from ...expr.signals import Applied
from ...expr.sums import IndexedSignalSum, IndexedSum
from ...scalar import exact, is_sympy, to_sympy
from ..decide.decision import decide_plain
from ..facts import AboutFactors, Coprime
from .finders import (
    Facts,
    Finder,
    Made,
    at_index,
    depends,
    depends_number,
    linear,
    scaled,
    split,
    times,
    without_delays,
)


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

    if a in (1, -1):
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
    ends = [at_index(body, r, stop), times(-1, without_delays(at_index(body, r, to_sympy(0))))]
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


def wrapped_sum(kind: Any) -> Finder:
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
    applied = isinstance(node, IndexedSignalSum) and isinstance(node.body, Applied)
    if applied and not depends(node.body.signal, node.index):
        yield IndexedSum(node.body.operator, node.index, node.stop) @ node.body.signal, ""


def summed_application(node: Any, facts: Facts) -> Made:
    """(Σ A_r) x = Σ (A_r x)."""
    if isinstance(node, Applied) and isinstance(node.operator, IndexedSum):
        total = apart(node.operator, symbols_in(node.signal))
        yield IndexedSignalSum(total.body @ node.signal, total.index, total.stop), ""
