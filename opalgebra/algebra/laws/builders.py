"""What the laws of the catalogue are made of: sums over branches, delays, parameters of numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from operator import mul
from typing import Any

import numpy as np
import sympy

from ...expr import Character, Conv, Down, Flip, Modulate, SamplingMatrix, Shift, Signal, Up, fresh_index, symbols_in
from ...expr.factors import as_sampling, axes, factor, integers, is_symbolic, ratio
from ...expr.operators import Identity, LinearOperator, compose
from ...expr.operators import operators as formal
from ...expr.sums import IndexedSum, Sum
from ...scalar import exact, is_sympy
from ..facts import Coprime, coprime
from ..lattices.sampling import cosets
from .law import Sides
from .match import Bindings, divide, shared_factor

I = Identity()  # noqa: E741  # the field's name
R = Flip()
EXAMPLE_SUM = Sum(formal("A") @ Shift(integers("r")) @ formal("B"), (integers("r"), 0, 3))

PERIODIC = Signal(list(sympy.symbols("w_0:3")))  # a period has to be a number; the values need not


def times(a: Any, b: Any) -> Any:
    """The product of two factors: per axis, or of matrices."""
    if isinstance(a, SamplingMatrix) or isinstance(b, SamplingMatrix):
        return as_sampling(a) @ as_sampling(b)
    entries = tuple(x * y for x, y in zip(axes(a), axes(b), strict=True))
    return entries[0] if len(entries) == 1 else entries


def carried(k: Any, d: Any) -> Any:
    """k d, the shift by d at the rate of k."""
    return k @ axes(d) if isinstance(k, SamplingMatrix) else times(k, d)


def sampled_frequency(k: Any, w: Any) -> Any:
    """k ω, the frequency after ↓k; Mᵀ ω for a matrix."""
    if not isinstance(k, SamplingMatrix):
        return times(k, w)
    return tuple(sum(a * v for a, v in zip(column, axes(w), strict=True)) for column in k.columns)


def negative(d: Any) -> Any:
    """−d per axis."""
    return tuple(-x for x in d) if isinstance(d, tuple) else -d


def plus(d: Any, e: Any) -> Any:
    """d + e per axis."""
    entries = tuple(x + y for x, y in zip(axes(d), axes(e), strict=True))
    return entries[0] if len(entries) == 1 else entries


def exact_product(c: Any, d: Any) -> Any:
    """c d without rounding."""
    exactly = c if d == 1 else d if c == 1 else exact(c) * exact(d)
    return exact(exactly.expand()) if is_sympy(exactly) else exactly


def are_coprime(a: Any, b: Any) -> bool:
    """gcd 1 on every axis, for ints; matrices have laws of their own."""
    if isinstance(a, SamplingMatrix) or isinstance(b, SamplingMatrix):
        return False
    return all(gcd(x, y) == 1 for x, y in zip(axes(a), axes(b), strict=True))


def coprimes(a: Any, b: Any) -> tuple[Coprime, ...]:
    """gcd(a, b) = 1 as hypotheses, one per axis."""
    return tuple(coprime(x, y) for x, y in zip(axes(a), axes(b), strict=True))


def branch(q: Any, k: Any, r: Any) -> Any:
    """q_r = ↓k S^{−r} q, the r-th polyphase part."""
    return not_empty(compose((Down(k), *delay(negative(r)))) @ q)


def not_empty(q: Any) -> Any:
    """q; a single 0 where a concrete kernel has no samples left."""
    if isinstance(q, Signal) and q.values.size == 0:
        return Signal(np.zeros((1,) * q.values.ndim, dtype=np.int64).tolist(), q.start)
    return q


def delay(r: Any) -> tuple[LinearOperator, ...]:
    """S^r as factors of a composition: none for r = 0."""
    return (Shift(r),) if any(axes(r)) else ()


def branches(k: Any, term: Callable[[Any], Any], *around: Any, name: str = "r") -> Any:
    """Σ of the terms over 0 ≤ r < k, or over a representative r of each coset of a matrix.

    It is written out where k is known, and a sum over an index for each axis where not.  The index gets a name that no
    symbol has in the expressions ``around`` or in k.
    """
    k = factor(k)
    if not is_symbolic(k):
        first, *rest = cosets(k)
        return sum(map(term, rest), start=term(first))
    taken = {s.name for value in (*around, *axes(k)) for s in symbols_in(value)}
    names = [name] if len(axes(k)) == 1 else [f"{name}_{i}" for i in range(1, len(axes(k)) + 1)]
    indices = [fresh_index(n, taken) for n in names]
    total = term(tuple(indices) if isinstance(k, tuple) else indices[0])
    for index, stop in zip(reversed(indices), reversed(axes(k)), strict=True):
        total = Sum(total, (index, 0, stop))
    return total


def letters(*operators: LinearOperator | tuple[LinearOperator, ...]) -> LinearOperator:
    """The composition of operators and of runs of them."""
    return compose(tuple(f for part in operators for f in (part if isinstance(part, tuple) else (part,))))


def comb(k: Any) -> Modulate:
    """Multiplication by [k | n]."""
    period = (k.exponent,) * k.ndim if isinstance(k, SamplingMatrix) else axes(k)
    values = np.zeros(period, dtype=np.int64)
    for at in np.ndindex(*period) if isinstance(k, SamplingMatrix) else [(0,) * len(period)]:
        values[at] = not isinstance(k, SamplingMatrix) or k.solve(at) is not None
    return Modulate(values.tolist())


def thinned(w: Signal, k: int) -> Signal:
    """One period of n ↦ w_{kn}."""
    values = w.values.tolist()
    size = len(values)
    return Signal([values[(k * n - w.start) % size] for n in range(size // gcd(size, k))])


def down_shift_up(g: Any, a: Any, b: Any, n: Any, m: Any) -> Sides:
    """Both sides of law 9 for a delay that g divides, with M = g b, L = g a and d = M n − L m."""
    M, L = times(g, b), times(g, a)
    d = plus(carried(M, n), negative(carried(L, m)))
    return Down(M) @ Shift(d) @ Up(L), letters(delay(n), Up(a), Down(b), delay(negative(m)))


def bind_down_shift_up(bound: Bindings) -> Bindings | None:
    """↓M S^d ↑L as law 9 has it, for ints with g = gcd(M, L) that divides d."""
    if bound.keys() >= set("gabnm"):
        return {name: bound[name] for name in "gabnm"}
    found = None if any(map(is_symbolic, bound.values())) else _law_nine(bound)
    if found is None or any(d % g for d, g in zip(axes(bound["d"]), found["g"], strict=True)):
        return None
    pairs = list(zip(found["g"], found["a"], found["b"], axes(bound["d"]), strict=True))
    n = [d // g * pow(b, -1, a) % a for g, a, b, d in pairs]
    m = [(g * b * steps - d) // (g * a) for (g, a, b, d), steps in zip(pairs, n, strict=True)]
    return {name: _scalar(values) for name, values in {**found, "n": n, "m": m}.items()}


def bind_unreachable(bound: Bindings) -> Bindings | None:
    """↓M S^d ↑L = 0, for ints where gcd(M, L) does not divide d."""
    if bound.keys() >= set("gab"):
        return {name: bound[name] for name in "gabd"}
    found = _law_nine(bound)
    return None if found is None else {**{name: _scalar(v) for name, v in found.items()}, "d": bound["d"]}


def _law_nine(bound: Bindings) -> dict[str, list[int]] | None:
    if bound["M"] == bound["L"] and is_symbolic(bound["M"]) and len(axes(bound["M"])) == 1:
        return {"g": [bound["M"]], "a": [1], "b": [1]}
    if any(isinstance(bound[name], SamplingMatrix) or is_symbolic(bound[name]) for name in "MdL"):
        return None
    M, d, L = (axes(bound[name]) for name in "MdL")
    if not len(M) == len(d) == len(L):
        return None
    g = [gcd(x, y) for x, y in zip(M, L, strict=True)]
    return {"g": g, "a": [x // y for x, y in zip(L, g, strict=True)], "b": [x // y for x, y in zip(M, g, strict=True)]}


def _scalar(entries: Any) -> Any:
    return entries[0] if len(entries) == 1 else tuple(entries)


def polyphase_product(k: Any, r: Any, p: Any, q: Any) -> Sides:
    """The r-th part of p ∗ q: the part s of p meets the part r − s of q."""

    def term(s: Any) -> Any:
        return letters(Conv(branch(p, k, s)), Down(k), delay(plus(s, negative(r)))) @ q

    return letters(Down(k), delay(negative(r)), Conv(p)) @ q, branches(k, term, p, q, *axes(r), name="s")


def phase_of_transposed(k: Any, r: Any, q: Any) -> Sides:
    """↓k S^{−r} (q∗) ↑k = q_r∗; a constant c thus becomes c Σ_j q_{kj+r} in phase r: even iff they are equal."""
    return letters(Down(k), delay(negative(r)), Conv(q), Up(k)), Conv(branch(q, k, r))


def bind_phase(bound: Bindings) -> Bindings | None:
    """↓k S^d (q∗) ↑k, where d = −r."""
    return {"k": bound["k"], "r": bound.get("r", negative(bound["d"])), "q": bound["q"]}


def space_to_batch(k: Any, q: Any) -> Sides:
    """Both sides of law 17."""

    def term(r: Any) -> LinearOperator:
        return letters(delay(r), Up(k), Conv(q), Down(k), delay(negative(r)))

    return Conv(Up(k) @ q), branches(k, term, q)


def bind_common_factor(bound: Bindings) -> Bindings | None:
    """↓M ↑L with M = g b and L = g a for ints, or symbols that show a common factor, with g > 1."""
    M, L = bound["M"], bound["L"]
    if any(isinstance(f, SamplingMatrix) for f in (M, L)) or len(axes(M)) != len(axes(L)):
        return None
    g = tuple(shared_factor(x, y) for x, y in zip(axes(M), axes(L), strict=True))
    common = g[0] if len(g) == 1 else g
    return None if all(x == 1 for x in g) else {"g": common, "a": divide(L, common), "b": divide(M, common)}


def given(*names: str) -> Callable[[Bindings], Bindings | None]:
    """Accept a match only where these parameters are known."""
    return lambda bound: bound if bound.keys() >= set(names) else None


def counted(bound: Bindings) -> Bindings | None:
    """Accept a match only where the cosets of k can be counted."""
    return bound if "k" in bound and not is_symbolic(bound["k"]) else None


def bind_sequence(found: Bindings) -> Bindings | None:
    """A modulation matched as any operator: its sequence (1-D, and ints beside it)."""
    operator = found.get("A")
    others = {name: value for name, value in found.items() if name != "A"}
    if isinstance(operator, Modulate) and operator.ndim == 1 and all(isinstance(v, int) for v in others.values()):
        return {**others, "w": operator.sequence}
    return None


def bind_sum(bound: Bindings) -> Bindings | None:
    """A sum over an index that runs to a number."""
    total = bound["A"]
    return bound if isinstance(total, IndexedSum) and isinstance(total.stop, int) else None


def one_term_more(A: IndexedSum) -> LinearOperator:
    """The sum as it would be if its index reached its end."""
    return IndexedSum(A.body, A.index, A.stop + 1).definition()


def modulated(q: Any, w: Any) -> Any:
    """e^{iωn} q_n, without rounding."""
    known = isinstance(q, Signal) and not q.is_exact
    return Character(w) @ (Signal(q.values.tolist(), q.start, exact=True) if known else q)


def value_at(w: Any, n: Any) -> Any:
    """e^{iωn} at one index."""
    from sympy import I, exp

    return exp(I * sum(a * b for a, b in zip(axes(w), axes(n), strict=True)))


def all_characters(k: Any, first: int) -> LinearOperator:
    """k⁻¹ Σ_{j<k} e^{2πijn/k}; with 1 for ``first`` the one of j = 0 is left out.

    Of a matrix M the frequencies are 2π M⁻ᵀ j for a representative j of each coset of Mᵀ ℤ^d.
    """
    from sympy import pi

    def term(j: Any) -> LinearOperator:
        if isinstance(k, SamplingMatrix):
            return Character(tuple(2 * pi * sum(map(mul, row, axes(j))) for row in k.T.inverse()))
        return Character(tuple(2 * pi * a / b for a, b in zip(axes(j), axes(k), strict=True)))

    share = 1 / ratio(k) if is_symbolic(k) else Fraction(1, ratio(k))
    mean = share * branches(k.T if isinstance(k, SamplingMatrix) else k, term, name="j")
    return mean - share * Identity() if first else mean


def impulse(d: Any) -> Signal:
    """δ_d: one sample 1 at index d."""
    return Signal(np.ones((1,) * len(axes(d)), dtype=np.int64).tolist(), d)


def moved(w: Signal, d: int) -> Signal:
    """n ↦ w_{n−d}."""
    return Signal(w.values.tolist(), w.start + d)


def reversed_sequence(w: Signal) -> Signal:
    """n ↦ w_{−n}."""
    return Signal(w.values[::-1].tolist(), 1 - w.start - len(w.values))
