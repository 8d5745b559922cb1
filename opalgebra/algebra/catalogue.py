"""The rows of the catalogue: laws 1–24 of multirate signal processing, and the structural ones.

To add a law, add a row: its proof, its page, its numeric test and its near-miss test come from it.  A sum over
r < k is written out where k is a number.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import gcd, prod
from typing import Any

import numpy as np

from ..expr.characters import Character
from ..expr.factors import axes, integers, is_symbolic
from ..expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ..expr.named import AvgPool, Corr, DilatedConv, LinearUp, Repeat, StridedConv, TransposedConv
from ..expr.operators import Identity, LinearOperator, Zero, compose
from ..expr.operators import operators as formal
from ..expr.signals import Signal, box
from ..expr.sums import IndexedSum, Sum
from ..expr.traverse import fresh_index, symbols_in, written_out
from ..scalar import conjugate, exact, is_sympy
from .facts import Coprime, coprime, not_divides
from .laws import Law, Sides
from .match import Bindings, divide

VAIDYANATHAN = "Vaidyanathan, Multirate Systems and Filter Banks (1993)"
VETTERLI = "Vetterli and Kovačević, Wavelets and Subband Coding (1995)"
CROCHIERE = "Crochiere and Rabiner, Multirate Digital Signal Processing (1983)"
DUMOULIN = "Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016)"
LINEAR = "linear algebra"

I = Identity()  # noqa: E741  # the field's name
R = Flip()
EXAMPLE_SUM = Sum(formal("A") @ Shift(integers("r")) @ formal("B"), (integers("r"), 0, 3))


def times(a: Any, b: Any) -> Any:
    """The product per axis."""
    entries = tuple(x * y for x, y in zip(axes(a), axes(b), strict=True))
    return entries[0] if len(entries) == 1 else entries


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
    """gcd 1 on every axis, for ints."""
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
    """Σ of the terms over 0 ≤ r < k, per axis: written out where k is known, else as a sum over an index.

    The index gets a name that no symbol has in the expressions ``around`` or in k.
    """
    if not is_symbolic(k):
        terms = [term(r if isinstance(k, tuple) else r[0]) for r in product(*(range(n) for n in axes(k)))]
        return sum(terms[1:], start=terms[0])
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
    values = np.zeros(axes(k), dtype=np.int64)
    values[(0,) * values.ndim] = 1
    return Modulate(values.tolist())


def thinned(w: Signal, k: int) -> Signal:
    """One period of n ↦ w_{kn}."""
    values = w.values.tolist()
    size = len(values)
    return Signal([values[(k * n - w.start) % size] for n in range(size // gcd(size, k))])


def down_shift_up(g: Any, a: Any, b: Any, n: Any, m: Any) -> Sides:
    """Both sides of law 9 for a delay that g divides, with M = g b, L = g a and d = M n − L m."""
    M, L = times(g, b), times(g, a)
    d = plus(times(M, n), negative(times(L, m)))
    return Down(M) @ Shift(d) @ Up(L), letters(delay(n), Up(a), Down(b), delay(negative(m)))


def bind_down_shift_up(bound: Bindings) -> Bindings | None:
    """↓M S^d ↑L as law 9 has it, for ints with g = gcd(M, L) that divides d."""
    if bound.keys() >= set("gabnm"):
        return {name: bound[name] for name in "gabnm"}
    found = _law_nine(bound)
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
    M, d, L = (axes(bound[name]) for name in ("M", "d", "L"))
    if any(map(is_sympy, (*M, *d, *L))) or not len(M) == len(d) == len(L):
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


def space_to_batch(k: Any, q: Any) -> Sides:
    """Both sides of law 17."""

    def term(r: Any) -> LinearOperator:
        return letters(delay(r), Up(k), Conv(q), Down(k), delay(negative(r)))

    return Conv(Up(k) @ q), branches(k, term, q)


def bind_common_factor(bound: Bindings) -> Bindings | None:
    """↓M ↑L with M = g b and L = g a for ints with g > 1."""
    M, L = bound["M"], bound["L"]
    if any(map(is_sympy, (*axes(M), *axes(L)))) or len(axes(M)) != len(axes(L)):
        return None
    g = tuple(gcd(x, y) for x, y in zip(axes(M), axes(L), strict=True))
    common = g[0] if len(g) == 1 else g
    return None if all(x == 1 for x in g) else {"g": common, "a": divide(L, common), "b": divide(M, common)}


def given(*names: str) -> Callable[[Bindings], Bindings | None]:
    """Accept a match only where these parameters are known."""
    return lambda bound: bound if bound.keys() >= set(names) else None


def concrete(*names: str) -> Callable[[Bindings], Bindings | None]:
    """Accept a match only where these parameters are single ints."""

    def check(bound: Bindings) -> Bindings | None:
        return bound if all(isinstance(bound.get(name), int) for name in names) else None

    return check


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


def character(w: Any) -> LinearOperator:
    """Multiplication by e^{iωn}."""
    return Character(w)


def value_at(w: Any, n: Any) -> Any:
    """e^{iωn} at one index."""
    from sympy import I, exp

    return exp(I * sum(a * b for a, b in zip(axes(w), axes(n), strict=True)))


def all_characters(k: Any, first: int) -> LinearOperator:
    """k⁻¹ Σ_{j<k} e^{2πijn/k}; with 1 for ``first`` the one of j = 0 is left out."""
    from sympy import Rational, pi

    def term(j: Any) -> LinearOperator:
        return Character(tuple(2 * pi * a / b for a, b in zip(axes(j), axes(k), strict=True)))

    size = prod(axes(k))
    total = branches(k, term, name="j")
    mean = (1 / size if is_symbolic(k) else Rational(1, size)) * total
    return mean - Identity() * (1 / size if is_symbolic(k) else Rational(1, size)) if first else mean


def impulse(d: Any) -> Signal:
    """δ_d: one sample 1 at index d."""
    return Signal(np.ones((1,) * len(axes(d)), dtype=np.int64).tolist(), d)


def moved(w: Signal, d: int) -> Signal:
    """n ↦ w_{n−d}."""
    return Signal(w.values.tolist(), w.start + d)


def reversed_sequence(w: Signal) -> Signal:
    """n ↦ w_{−n}."""
    return Signal(w.values[::-1].tolist(), 1 - w.start - len(w.values))


LETTERS = [
    Law("down-up", "k:factor", lambda k: (Down(k) @ Up(k), I), f"{VAIDYANATHAN}, §4.1",
        lambda k: (Up(k) @ Down(k), I)),
    Law("up-up", "a:factor b:factor", lambda a, b: (Up(a) @ Up(b), Up(times(a, b))), f"{VAIDYANATHAN}, §4.2",
        lambda a, b: (Up(a) @ Up(b), Up(a))),
    Law("down-down", "a:factor b:factor", lambda a, b: (Down(a) @ Down(b), Down(times(a, b))),
        f"{VAIDYANATHAN}, §4.2", lambda a, b: (Down(a) @ Down(b), Down(b))),
    Law("down-up-gcd", "g:factor a:factor b:factor",
        lambda g, a, b: (Down(times(g, b)) @ Up(times(g, a)), Up(a) @ Down(b)), f"{VAIDYANATHAN}, §4.2",
        lambda g, a, b: (Down(times(g, b)) @ Up(times(g, a)), Up(times(g, a)) @ Down(times(g, b))),
        conditions=("gcd(a, b) = 1",), needs=lambda a, b: are_coprime(a, b), given=lambda a, b: coprimes(a, b),
        pattern=lambda M, L: Down(M) @ Up(L), bind=bind_common_factor),
    Law("up-down-coprime", "L:factor M:factor", lambda L, M: (Up(L) @ Down(M), Down(M) @ Up(L)),
        f"{VAIDYANATHAN}, §4.2", lambda L, M: (Up(L) @ Down(M), Down(M) @ Up(L)),
        conditions=("gcd(L, M) = 1",), needs=lambda L, M: are_coprime(L, M), given=lambda L, M: coprimes(L, M)),
    Law("up-down-comb", "k:factor", lambda k: (Up(k) @ Down(k), comb(k)), f"{VAIDYANATHAN}, §4.1",
        lambda k: (Up(k) @ Down(k), Modulate([0, 1, *[0] * (k - 2)])), generic={"k": 3},
        pattern=lambda k: Up(k) @ Down(k), bind=concrete("k")),
    Law("up-down-characters", "k:factor", lambda k: (Up(k) @ Down(k), all_characters(k, 0)), f"{VAIDYANATHAN}, §4.1",
        lambda k: (Up(k) @ Down(k), all_characters(k, 1)), summed=True, pattern=lambda k: Up(k) @ Down(k)),
    Law("noble-down", "k:factor q:kernel", lambda k, q: (Down(k) @ Conv(Up(k) @ q), Conv(q) @ Down(k)),
        f"{VAIDYANATHAN}, §4.2 (noble identity)",
        lambda k, q: (Down(k) @ Conv(q), Conv(Down(k) @ q) @ Down(k))),
    Law("noble-up", "k:factor q:kernel", lambda k, q: (Conv(Up(k) @ q) @ Up(k), Up(k) @ Conv(q)),
        f"{VAIDYANATHAN}, §4.2 (noble identity)",
        lambda k, q: (Conv(q) @ Up(k), Up(k) @ Conv(q))),
    Law("shift-down", "k:factor d:shift", lambda k, d: (Down(k) @ Shift(times(k, d)), Shift(d) @ Down(k)),
        f"{CROCHIERE}, ch. 2", lambda k, d: (Down(k) @ Shift(1), Shift(1) @ Down(k))),
    Law("shift-up", "k:factor d:shift", lambda k, d: (Shift(times(k, d)) @ Up(k), Up(k) @ Shift(d)),
        f"{CROCHIERE}, ch. 2", lambda k, d: (Shift(1) @ Up(k), Up(k) @ Shift(1))),
    Law("down-shift-up", "g:factor a:factor b:factor n:shift m:shift", down_shift_up, f"{VETTERLI}, §2.5",
        lambda g, a, b, n, m: (Down(times(g, b)) @ Shift(times(g, n)) @ Up(times(g, a)), Up(a) @ Down(b)),
        conditions=("gcd(a, b) = 1",), needs=lambda a, b: are_coprime(a, b), given=lambda a, b: coprimes(a, b),
        pattern=lambda M, d, L: Down(M) @ Shift(d) @ Up(L), bind=bind_down_shift_up),
    Law("down-shift-up-zero", "g:factor a:factor b:factor d:shift",
        lambda g, a, b, d: (Down(times(g, b)) @ Shift(d) @ Up(times(g, a)), Zero()), f"{VETTERLI}, §2.5",
        lambda g, a, b, d: (Down(times(g, b)) @ Shift(times(g, d)) @ Up(times(g, a)), Zero()),
        conditions=("g ∤ d",), needs=lambda g, d: any(x % y for x, y in zip(axes(d), axes(g), strict=True)),
        given=lambda g, d: (not_divides(g, d),), pattern=lambda M, d, L: Down(M) @ Shift(d) @ Up(L),
        bind=bind_unreachable),
    Law("down-conv-up", "k:factor q:kernel", lambda k, q: (Down(k) @ Conv(q) @ Up(k), Conv(not_empty(Down(k) @ q))),
        f"{VAIDYANATHAN}, §4.3", lambda k, q: (Down(k) @ Conv(q) @ Up(k), Conv(q))),
    Law("common-factor", "M:factor g:factor q:kernel L:factor",
        lambda M, g, q, L: (Down(times(g, M)) @ Conv(Up(g) @ q) @ Up(times(g, L)), Down(M) @ Conv(q) @ Up(L)),
        f"{VAIDYANATHAN}, §4.2",
        lambda M, g, q, L: (Down(times(g, M)) @ Conv(q) @ Up(times(g, L)), Down(M) @ Conv(q) @ Up(L))),
    Law("polyphase-identity", "k:factor",
        lambda k: (I, branches(k, lambda r: letters(delay(r), Up(k), Down(k), delay(negative(r))))),
        f"{VAIDYANATHAN}, §4.3; Cuntz, Comm. Math. Phys. 57 (1977)",
        lambda k: (I, branches(k, lambda r: letters(delay(negative(r)), Up(k), Down(k), delay(negative(r))))),
        summed=True, pattern=lambda: I, bind=given("k")),
    Law("polyphase-conv", "k:factor q:kernel",
        lambda k, q: (Conv(q), branches(k, lambda r: letters(delay(r), Conv(Up(k) @ branch(q, k, r))), q)),
        f"{VAIDYANATHAN}, §4.3",
        lambda k, q: (Conv(q), branches(k, lambda r: letters(delay(negative(r)), Conv(Up(k) @ branch(q, k, r))), q)),
        summed=True, pattern=lambda q: Conv(q), bind=given("k")),
    Law("polyphase-strided", "k:factor q:kernel",
        lambda k, q: (Down(k) @ Conv(q), branches(k, lambda r: letters(Conv(branch(q, k, r)), Down(k), delay(r)), q)),
        f"{VAIDYANATHAN}, §4.3",
        lambda k, q: (Down(k) @ Conv(q),
                      branches(k, lambda r: letters(Conv(branch(q, k, r)), Down(k), delay(negative(r))), q)),
        summed=True, pattern=lambda k, q: Down(k) @ Conv(q), bind=given("k")),
    Law("polyphase-transposed", "k:factor q:kernel",
        lambda k, q: (Conv(q) @ Up(k), branches(k, lambda r: letters(delay(r), Up(k), Conv(branch(q, k, r))), q)),
        f"{VAIDYANATHAN}, §4.3; Shi et al., arXiv:1609.07009",
        lambda k, q: (Conv(q) @ Up(k),
                      branches(k, lambda r: letters(delay(negative(r)), Up(k), Conv(branch(q, k, r))), q)),
        summed=True, pattern=lambda k, q: Conv(q) @ Up(k), bind=given("k")),
    Law("strided-transpose", "k:factor q:kernel", lambda k, q: ((Down(k) @ Conv(q)).T, Conv(R @ q) @ Up(k)),
        DUMOULIN, lambda k, q: ((Down(k) @ Conv(q)).T, Conv(q) @ Up(k))),
    Law("strided-adjoint", "k:factor q:kernel", lambda k, q: ((Down(k) @ Conv(q)).H, Conv(R @ q.conj()) @ Up(k)),
        DUMOULIN, lambda k, q: ((Down(k) @ Conv(q)).H, Conv(R @ q) @ Up(k))),
    Law("transposed-strided", "k:factor q:kernel", lambda k, q: (Conv(q) @ Up(k), (Down(k) @ Conv(q).T).T),
        DUMOULIN, lambda k, q: (Conv(q) @ Up(k), (Up(k) @ Conv(q).T).T)),
    Law("polyphase-product", "k:factor r:shift p:kernel q:kernel", polyphase_product,
        f"{VAIDYANATHAN}, ch. 5 (pseudo-circulant matrices)",
        lambda k, r, p, q: (Down(k) @ Conv(p) @ q, Conv(Down(k) @ p) @ (Down(k) @ q)), summed=True),
    Law("space-to-batch", "k:factor q:kernel", space_to_batch,
        "Yu and Koltun, arXiv:1511.07122; Holschneider et al. (1989), algorithme à trous",
        lambda k, q: (Conv(Up(k) @ q), Up(k) @ Conv(q) @ Down(k)),
        summed=True, pattern=lambda k, q: Conv(Up(k) @ q), bind=given("k")),
    Law("strided-strided", "a:factor p:kernel b:factor q:kernel",
        lambda a, p, b, q: (Down(a) @ Conv(p) @ Down(b) @ Conv(q),
                            Down(times(a, b)) @ Conv(Conv(Up(b) @ p) @ q)), f"{CROCHIERE}, ch. 2",
        lambda a, p, b, q: (Down(a) @ Conv(p) @ Down(b) @ Conv(q), Down(times(a, b)) @ Conv(Conv(p) @ q))),
    Law("transposed-transposed", "p:kernel a:factor q:kernel b:factor",
        lambda p, a, q, b: (Conv(p) @ Up(a) @ Conv(q) @ Up(b), Conv(Conv(p) @ (Up(a) @ q)) @ Up(times(a, b))),
        f"{CROCHIERE}, ch. 2",
        lambda p, a, q, b: (Conv(p) @ Up(a) @ Conv(q) @ Up(b), Conv(Conv(p) @ q) @ Up(times(a, b)))),
    Law("flip-conv-flip", "q:kernel", lambda q: (R @ Conv(q) @ R, Conv(R @ q)), f"{VETTERLI}, §2.5",
        lambda q: (R @ Conv(q) @ R, Conv(q))),
    Law("flip-conv", "q:kernel", lambda q: (R @ Conv(q), Conv(R @ q) @ R), f"{VETTERLI}, §2.5",
        lambda q: (R @ Conv(q), Conv(q) @ R)),
    Law("flip-up", "k:factor", lambda k: (R @ Up(k), Up(k) @ R), f"{VETTERLI}, §2.5",
        lambda k: (R @ Up(k), Up(k))),
    Law("flip-down", "k:factor", lambda k: (R @ Down(k), Down(k) @ R), f"{VETTERLI}, §2.5",
        lambda k: (R @ Down(k) @ Shift(1), Down(k) @ Shift(1) @ R)),
    Law("modulate-down", "k:factor w:sequence", lambda k, w: (Down(k) @ Modulate(w), Modulate(thinned(w, k)) @ Down(k)),
        f"{VETTERLI}, §2.5", lambda k, w: (Down(k) @ Modulate(w), Modulate(w) @ Down(k)),
        generic={"k": 2, "w": Signal([1, 2, 3])}, pattern=lambda k, A: Down(k) @ A,
        bind=bind_sequence),
    Law("modulate-up", "k:factor w:sequence", lambda k, w: (Modulate(w) @ Up(k), Up(k) @ Modulate(thinned(w, k))),
        f"{VETTERLI}, §2.5", lambda k, w: (Modulate(w) @ Up(k), Up(k) @ Modulate(w)),
        generic={"k": 2, "w": Signal([1, 2, 3])}, pattern=lambda A, k: A @ Up(k),
        bind=bind_sequence),
    Law("character-down", "k:factor w:frequency",
        lambda k, w: (Down(k) @ character(w), character(times(k, w)) @ Down(k)), f"{VETTERLI}, §2.5",
        lambda k, w: (Down(k) @ character(w), character(w) @ Down(k))),
    Law("character-up", "k:factor w:frequency", lambda k, w: (character(w) @ Up(k), Up(k) @ character(times(k, w))),
        f"{VETTERLI}, §2.5", lambda k, w: (character(w) @ Up(k), Up(k) @ character(w))),
    Law("character-conv", "w:frequency q:kernel",
        lambda w, q: (character(w) @ Conv(q), Conv(character(w) @ q) @ character(w)), f"{VETTERLI}, §2.5",
        lambda w, q: (character(w) @ Conv(q), Conv(q) @ character(w))),
    Law("character-shift", "d:shift w:frequency",
        lambda d, w: (Shift(d) @ character(w), value_at(w, negative(d)) * (character(w) @ Shift(d))),
        f"{VETTERLI}, §2.5", lambda d, w: (Shift(d) @ character(w), character(w) @ Shift(d))),
    Law("character-product", "v:frequency w:frequency",
        lambda v, w: (character(v) @ character(w), character(plus(v, w))), f"{VETTERLI}, §2.5",
        lambda v, w: (character(v) @ character(w), character(plus(v, negative(w))))),
    Law("flip-character", "w:frequency", lambda w: (R @ character(w), character(negative(w)) @ R), f"{VETTERLI}, §2.5",
        lambda w: (R @ character(w), character(w) @ R)),
    Law("repeat-repeat", "a:factor b:factor", lambda a, b: (Repeat(a) @ Repeat(b), Repeat(times(a, b))),
        f"{CROCHIERE}, ch. 2", lambda a, b: (Repeat(a) @ Down(b), Down(b) @ Repeat(a))),
    Law("down-repeat", "k:factor", lambda k: (Down(k) @ Repeat(k), I), f"{CROCHIERE}, ch. 2",
        lambda k: (Repeat(k) @ Down(k), I)),
    Law("mean-repeat", "k:factor", lambda k: (AvgPool(k) @ Repeat(k), I), f"{CROCHIERE}, ch. 2",
        lambda k: (Repeat(k) @ AvgPool(k), I)),
    Law("repeat-fold", "k:factor q:kernel", lambda k, q: (Conv(q) @ Repeat(k), Conv(Conv(q) @ box(k)) @ Up(k)),
        "Odena, Dumoulin and Olah, Distill (2016)", lambda k, q: (Conv(q) @ Repeat(k), Conv(q) @ Up(k))),
    Law("repeat-conv", "k:factor q:kernel", lambda k, q: (Repeat(k) @ Conv(q), Conv(Up(k) @ q) @ Repeat(k)),
        f"{VAIDYANATHAN}, §4.2", lambda k, q: (Repeat(k) @ Conv(q), Conv(q) @ Repeat(k))),
    Law("weight-gradient", "p:kernel q:kernel k:factor",
        lambda p, q, k: (Down(k) @ Conv(p) @ q, Down(k) @ Conv(q) @ p), DUMOULIN,
        lambda p, q, k: (Down(k) @ Conv(p) @ q, Conv(p) @ Down(k) @ q)),
    Law("weight-gradient-dilated", "p:kernel q:kernel k:factor",
        lambda p, q, k: (Conv(Up(k) @ p) @ q, Conv(q) @ Up(k) @ p), DUMOULIN,
        lambda p, q, k: (Conv(Up(k) @ p) @ q, Up(k) @ Conv(q) @ p)),
]  # fmt: skip


def _wrong_order(A: Any, B: Any) -> Sides:
    return (A @ B).T, A.T @ B.T


STRUCTURE = [
    Law("transpose-product", "A:operator B:operator", lambda A, B: ((A @ B).T, B.T @ A.T), LINEAR, _wrong_order),
    Law("transpose-sum", "A:operator B:operator", lambda A, B: ((A + B).T, A.T + B.T), LINEAR,
        lambda A, B: ((A + B).T, A + B.T)),
    Law("sum-terms", "A:operator", lambda A: (A, written_out(A)), LINEAR, lambda A: (A, one_term_more(A)),
        generic={"A": EXAMPLE_SUM}, pattern=lambda A: A, bind=bind_sum),
    Law("transpose-scale", "c:scalar A:operator", lambda c, A: ((c * A).T, c * A.T), LINEAR,
        lambda c, A: ((c * A).T, c * A)),
    Law("transpose-twice", "A:operator", lambda A: (A.T.T, A), LINEAR, lambda A: (A.T, A)),
    Law("up-transpose", "k:factor", lambda k: (Up(k).T, Down(k)), f"{VETTERLI}, §2.5", lambda k: (Up(k).T, Up(k))),
    Law("down-transpose", "k:factor", lambda k: (Down(k).T, Up(k)), f"{VETTERLI}, §2.5",
        lambda k: (Down(k).T, Down(k))),
    Law("conv-transpose", "q:kernel", lambda q: (Conv(q).T, Conv(R @ q)), DUMOULIN, lambda q: (Conv(q).T, Conv(q))),
    Law("shift-transpose", "d:shift", lambda d: (Shift(d).T, Shift(negative(d))), LINEAR,
        lambda d: (Shift(d).T, Shift(d))),
    Law("flip-transpose", "", lambda: (R.T, R), LINEAR, lambda: (R.T, I)),
    Law("adjoint", "A:operator", lambda A: (A.H, A.conj().T), LINEAR, lambda A: (A.H, A.T)),
    Law("adjoint-twice", "A:operator", lambda A: (A.H.H, A), LINEAR, lambda A: (A.H.T, A)),
    Law("adjoint-product", "A:operator B:operator", lambda A, B: ((A @ B).H, B.H @ A.H), LINEAR,
        lambda A, B: ((A @ B).H, A.H @ B.H)),
    Law("adjoint-sum", "A:operator B:operator", lambda A, B: ((A + B).H, A.H + B.H), LINEAR,
        lambda A, B: ((A + B).H, A.H + B.T)),
    Law("adjoint-scale", "c:scalar A:operator", lambda c, A: ((c * A).H, conjugate(c) * A.H), LINEAR,
        lambda c, A: ((c * A).H, c * A.H)),
    Law("up-adjoint", "k:factor", lambda k: (Up(k).H, Down(k)), f"{VETTERLI}, §2.5", lambda k: (Up(k).H, Up(k))),
    Law("down-adjoint", "k:factor", lambda k: (Down(k).H, Up(k)), f"{VETTERLI}, §2.5",
        lambda k: (Down(k).H, Down(k))),
    Law("conv-adjoint", "q:kernel", lambda q: (Conv(q).H, Conv(R @ q.conj())), DUMOULIN,
        lambda q: (Conv(q).H, Conv(R @ q))),
    Law("shift-adjoint", "d:shift", lambda d: (Shift(d).H, Shift(negative(d))), LINEAR,
        lambda d: (Shift(d).H, Shift(d))),
    Law("flip-adjoint", "", lambda: (R.H, R), LINEAR, lambda: (R.H, I)),
    Law("conj-product", "A:operator B:operator", lambda A, B: ((A @ B).conj(), A.conj() @ B.conj()), LINEAR,
        lambda A, B: ((A @ B).conj(), B.conj() @ A.conj())),
    Law("conj-sum", "A:operator B:operator", lambda A, B: ((A + B).conj(), A.conj() + B.conj()), LINEAR,
        lambda A, B: ((A + B).conj(), A.conj() + B)),
    Law("conj-transpose", "A:operator", lambda A: (A.T.conj(), A.conj().T), LINEAR, lambda A: (A.T.conj(), A.H.T)),
    Law("conj-twice", "A:operator", lambda A: (A.conj().conj(), A), LINEAR, lambda A: (A.conj(), A)),
    Law("conj-conv", "q:kernel", lambda q: (Conv(q).conj(), Conv(q.conj())), LINEAR,
        lambda q: (Conv(q).conj(), Conv(q))),
    Law("conj-up", "k:factor", lambda k: (Up(k).conj(), Up(k)), LINEAR, lambda k: (Up(k).conj(), Down(k))),
    Law("conj-down", "k:factor", lambda k: (Down(k).conj(), Down(k)), LINEAR, lambda k: (Down(k).conj(), Up(k))),
    Law("conj-shift", "d:shift", lambda d: (Shift(d).conj(), Shift(d)), LINEAR,
        lambda d: (Shift(d).conj(), Shift(plus(d, d)))),
    Law("conj-flip", "", lambda: (R.conj(), R), LINEAR, lambda: (R.conj(), I)),
    Law("distribute-left", "A:operator B:operator C:operator", lambda A, B, C: (A @ (B + C), A @ B + A @ C), LINEAR,
        lambda A, B, C: (A @ (B + C), A @ B + C)),
    Law("distribute-right", "A:operator B:operator C:operator", lambda A, B, C: ((A + B) @ C, A @ C + B @ C), LINEAR,
        lambda A, B, C: ((A + B) @ C, A @ C + B)),
    Law("identity-left", "A:operator", lambda A: (I @ A, A), LINEAR, lambda A: (I + A, A)),
    Law("identity-right", "A:operator", lambda A: (A @ I, A), LINEAR, lambda A: (A + I, A)),
    Law("conv-conv", "p:kernel q:kernel", lambda p, q: (Conv(p) @ Conv(q), Conv(Conv(p) @ q)), f"{VETTERLI}, §2.5",
        lambda p, q: (Conv(p) @ Conv(q), Conv(p + q))),
    Law("conv-commute", "p:kernel q:kernel", lambda p, q: (Conv(p) @ Conv(q), Conv(q) @ Conv(p)), f"{VETTERLI}, §2.5",
        lambda p, q: (Conv(p) @ Conv(q), Conv(q) @ Conv(q))),
    Law("conv-sum", "p:kernel q:kernel", lambda p, q: (Conv(p + q), Conv(p) + Conv(q)), LINEAR,
        lambda p, q: (Conv(p + q), Conv(p) @ Conv(q))),
    Law("conv-shift", "q:kernel d:shift", lambda q, d: (Conv(q) @ Shift(d), Shift(d) @ Conv(q)), f"{VETTERLI}, §2.5",
        lambda q, d: (Conv(q) @ Shift(1), Shift(-1) @ Conv(q))),
    Law("shift-kernel", "q:kernel d:shift", lambda q, d: (Conv(Shift(d) @ q), Shift(d) @ Conv(q)),
        f"{VETTERLI}, §2.5", lambda q, d: (Conv(Shift(1) @ q), Conv(q))),
    Law("shift-shift", "d:shift e:shift", lambda d, e: (Shift(d) @ Shift(e), Shift(plus(d, e))), LINEAR,
        lambda d, e: (Shift(d) @ Shift(e), Shift(d))),
    Law("flip-shift", "d:shift", lambda d: (R @ Shift(d), Shift(negative(d)) @ R), LINEAR,
        lambda d: (R @ Shift(d), Shift(d) @ R)),
    Law("flip-flip", "", lambda: (R @ R, I), LINEAR, lambda: (R @ R, R)),
    Law("modulate-transpose", "w:sequence", lambda w: (Modulate(w).T, Modulate(w)), LINEAR,
        lambda w: (Modulate(w).T, I), generic={"w": Signal([1, 2, 3])}, pattern=lambda A: A.T, bind=bind_sequence),
    Law("conj-modulate", "w:sequence", lambda w: (Modulate(w).conj(), Modulate(w.conj())), LINEAR,
        lambda w: (Modulate(w).conj(), I), generic={"w": Signal([1, 2, 3])}, pattern=lambda A: A.conj(),
        bind=bind_sequence),
    Law("flip-modulate", "w:sequence", lambda w: (R @ Modulate(w), Modulate(reversed_sequence(w)) @ R), LINEAR,
        lambda w: (R @ Modulate(w), Modulate(w) @ R), generic={"w": Signal([1, 2, 3])}, pattern=lambda A: R @ A,
        bind=bind_sequence),
    Law("shift-modulate", "d:shift w:sequence", lambda d, w: (Shift(d) @ Modulate(w), Modulate(moved(w, d)) @ Shift(d)),
        LINEAR, lambda d, w: (Shift(d) @ Modulate(w), Modulate(w) @ Shift(d)),
        generic={"d": 1, "w": Signal([1, 2, 3])}, pattern=lambda d, A: Shift(d) @ A, bind=bind_sequence),
    Law("character-transpose", "w:frequency", lambda w: (character(w).T, character(w)), LINEAR,
        lambda w: (character(w).T, character(negative(w)))),
    Law("character-adjoint", "w:frequency", lambda w: (character(w).H, character(negative(w))), LINEAR,
        lambda w: (character(w).H, character(w))),
    Law("conj-character", "w:frequency", lambda w: (character(w).conj(), character(negative(w))), LINEAR,
        lambda w: (character(w).conj(), character(w))),
    Law("scale-left", "c:scalar A:operator B:operator", lambda c, A, B: ((c * A) @ B, c * (A @ B)), LINEAR,
        lambda c, A, B: ((c * A) @ B, A @ B)),
    Law("scale-right", "c:scalar A:operator B:operator", lambda c, A, B: (A @ (c * B), c * (A @ B)), LINEAR,
        lambda c, A, B: (A @ (c * B), A @ B)),
    Law("scale-scale", "c:scalar d:scalar A:operator", lambda c, d, A: (c * (d * A), exact_product(c, d) * A), LINEAR,
        lambda c, d, A: (c * (d * A), (c + d) * A)),
    Law("scale-sum", "c:scalar A:operator B:operator", lambda c, A, B: (c * (A + B), c * A + c * B), LINEAR,
        lambda c, A, B: (c * (A + B), c * A + B)),
    Law("scale-one", "A:operator", lambda A: (1 * A, A), LINEAR, lambda A: (2 * A, A)),
    Law("conj-scale", "c:scalar A:operator", lambda c, A: ((c * A).conj(), conjugate(c) * A.conj()), LINEAR,
        lambda c, A: ((c * A).conj(), c * A.conj())),
    Law("collect-terms", "c:scalar A:operator d:scalar B:operator",
        lambda c, A, d, B: (c * A + B + d * A, (c + d) * A + B), LINEAR,
        lambda c, A, d, B: (c * A + B + d * A, (c * d) * A + B)),
    Law("identity-transpose", "", lambda: (I.T, I), LINEAR, lambda: (I.T, R)),
    Law("zero-transpose", "", lambda: (Zero().T, Zero()), LINEAR, lambda: (Zero().T, I)),
    Law("identity-adjoint", "", lambda: (I.H, I), LINEAR, lambda: (I.H, R)),
    Law("zero-adjoint", "", lambda: (Zero().H, Zero()), LINEAR, lambda: (Zero().H, I)),
    Law("identity-conj", "", lambda: (I.conj(), I), LINEAR, lambda: (I.conj(), R)),
    Law("zero-conj", "", lambda: (Zero().conj(), Zero()), LINEAR, lambda: (Zero().conj(), I)),
    Law("identity-signal", "q:kernel", lambda q: (I @ q, q), LINEAR, lambda q: (I @ q, R @ q)),
    Law("power", "A:operator n:shift", lambda A, n: (A**n, compose((A,) * n)), LINEAR,
        lambda A, n: (A**n, compose((A,) * (n + 1))), generic={"n": 3}),
    Law("zero-left", "A:operator", lambda A: (Zero() @ A, Zero()), LINEAR, lambda A: (Zero() @ A, A)),
    Law("zero-right", "A:operator", lambda A: (A @ Zero(), Zero()), LINEAR, lambda A: (A @ Zero(), A)),
    Law("up-one", "", lambda: (Up(1), I), LINEAR, lambda: (Up(2), I)),
    Law("down-one", "", lambda: (Down(1), I), LINEAR, lambda: (Down(2), I)),
    Law("shift-zero", "", lambda: (Shift(0), I), LINEAR, lambda: (Shift(1), I)),
    Law("conv-impulse", "c:scalar d:shift", lambda c, d: (Conv(c * impulse(d)), c * Shift(d)), f"{VETTERLI}, §2.5",
        lambda c, d: (Conv(c * impulse(d)), Shift(d)), generic={"c": 2, "d": 1}),
    Law("conv-zero", "", lambda: (Conv([0]), Zero()), LINEAR, lambda: (Conv([0]), I)),
    Law("modulate-zero", "", lambda: (Modulate([0]), Zero()), LINEAR, lambda: (Modulate([0]), I)),
    Law("conj-signal", "A:operator q:kernel", lambda A, q: ((A @ q).conj(), A.conj() @ q.conj()), LINEAR,
        lambda A, q: ((A @ q).conj(), A @ q.conj())),
    Law("kernel-as-signal", "p:kernel q:kernel", lambda p, q: (Conv(p) @ q, Conv(q) @ p), f"{VETTERLI}, §2.5",
        lambda p, q: (Conv(p) @ q, Conv(q) @ q)),
    Law("define-strided", "q:kernel k:factor", lambda q, k: (StridedConv(q, k), Down(k) @ Conv(q)), DUMOULIN,
        lambda q, k: (StridedConv(q, k), Conv(q) @ Down(k))),
    Law("define-dilated", "q:kernel k:factor", lambda q, k: (DilatedConv(q, k), Conv(Up(k) @ q)), DUMOULIN,
        lambda q, k: (DilatedConv(q, k), Conv(Down(k) @ q))),
    Law("define-transposed", "q:kernel k:factor", lambda q, k: (TransposedConv(q, k), Conv(q) @ Up(k)), DUMOULIN,
        lambda q, k: (TransposedConv(q, k), StridedConv(q, k).T)),
    Law("define-repeat", "k:factor", lambda k: (Repeat(k), Conv(box(k)) @ Up(k)), f"{CROCHIERE}, ch. 2",
        lambda k: (Repeat(k), Up(k))),
    Law("define-linear", "k:factor", lambda k: (LinearUp(k), LinearUp(k).definition()), f"{CROCHIERE}, ch. 2",
        lambda k: (LinearUp(k), Repeat(k))),
    Law("define-mean", "k:factor", lambda k: (AvgPool(k), AvgPool(k).definition()), "means of blocks",
        lambda k: (AvgPool(k), Down(k))),
    Law("define-correlation", "q:kernel", lambda q: (Corr(q), Conv(R @ q.conj())), "scipy.signal.correlate",
        lambda q: (Corr(q), Conv(q))),
]  # fmt: skip

ROWS = [*LETTERS, *STRUCTURE]
