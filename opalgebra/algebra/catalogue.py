"""The rows of the catalogue: laws 1–24 of multirate signal processing, and the structural ones.

Laws whose sum runs over r < k are stated for a concrete k (3 where none is given).  To add a law, add a row:
its proof, its page, its numeric test and its near-miss test come from it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Any

import numpy as np

from ..errors import FactorError
from ..expr.factors import axes
from ..expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ..expr.named import AvgPool, Corr, DilatedConv, LinearUp, Repeat, StridedConv, TransposedConv
from ..expr.operators import Identity, LinearOperator, Zero, compose
from ..expr.signals import Signal, box
from ..scalar import conjugate, exact, is_sympy
from .facts import Coprime, coprime
from .laws import Law, Sides
from .match import Bindings, divide

VAIDYANATHAN = "Vaidyanathan, Multirate Systems and Filter Banks (1993)"
VETTERLI = "Vetterli and Kovačević, Wavelets and Subband Coding (1995)"
CROCHIERE = "Crochiere and Rabiner, Multirate Digital Signal Processing (1983)"
DUMOULIN = "Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016)"
LINEAR = "linear algebra"

I = Identity()  # noqa: E741  # the field's name
R = Flip()


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


def branch(q: Any, k: int, r: int) -> Any:
    """q_r = ↓k S^{−r} q, the r-th polyphase part."""
    return not_empty(compose((Down(k), *delay(-r))) @ q)


def not_empty(q: Any) -> Any:
    """q; a single 0 where a concrete kernel has no samples left."""
    if isinstance(q, Signal) and q.values.size == 0:
        return Signal(np.zeros((1,) * q.values.ndim, dtype=np.int64).tolist(), q.start)
    return q


def delay(r: int) -> tuple[LinearOperator, ...]:
    """S^r as factors of a composition: none for r = 0."""
    return (Shift(r),) if r else ()


def branches(k: int, term: Callable[[int], tuple[LinearOperator, ...]]) -> LinearOperator:
    """Σ_{r<k} of compositions."""
    return sum((compose(term(r)) for r in range(1, k)), start=compose(term(0)))


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


def down_shift_up(M: int, d: int, L: int) -> Sides:
    """Both sides of law 9: with g = gcd(M, L), M n₀ − L m₀ = d."""
    g = gcd(M, L)
    lhs = Down(M) @ Shift(d) @ Up(L)
    if d % g:
        return lhs, Zero()
    n = d // g * pow(M // g, -1, L // g) % (L // g)
    m = (M * n - d) // L
    return lhs, compose((*delay(n), Up(L // g), Down(M // g), *delay(-m)))


def polyphase_product(k: int, r: int, p: Any, q: Any) -> Sides:
    """The r-th part of p ∗ q: the part s of p meets the part r − s of q, delayed where r < s."""
    if not 0 <= r < k:
        raise FactorError(f"r is {r} and k is {k}; the law is for 0 <= r < k")
    parts = [compose((*delay(int(s > r)), Conv(branch(p, k, s)))) @ branch(q, k, (r - s) % k) for s in range(k)]
    return compose((Down(k), *delay(-r), Conv(p))) @ q, sum(parts[1:], start=parts[0])


def phase_of_transposed(k: int, r: int, q: Any) -> Sides:
    """↓k S^{−r} (q∗) ↑k = q_r∗; a constant c thus becomes c Σ_j q_{kj+r} in phase r: even iff they are equal."""
    if not 0 <= r < k:
        raise FactorError(f"r is {r} and k is {k}; the law is for 0 <= r < k")
    return compose((Down(k), *delay(-r), Conv(q), Up(k))), Conv(branch(q, k, r))


def bind_common_factor(bound: Bindings) -> Bindings | None:
    """↓M ↑L with M = g b and L = g a for ints with g > 1."""
    M, L = bound["M"], bound["L"]
    if any(map(is_sympy, (*axes(M), *axes(L)))) or len(axes(M)) != len(axes(L)):
        return None
    g = tuple(gcd(x, y) for x, y in zip(axes(M), axes(L), strict=True))
    common = g[0] if len(g) == 1 else g
    return None if all(x == 1 for x in g) else {"g": common, "a": divide(L, common), "b": divide(M, common)}


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
    Law("down-shift-up", "M:factor d:shift L:factor", down_shift_up, f"{VETTERLI}, §2.5",
        lambda M, d, L: (Down(M) @ Shift(1) @ Up(L), Down(M) @ Up(L)), generic={"M": 6, "d": 2, "L": 4},
        conditions=("M n − L m = d, or 0 where gcd(L, M) does not divide d",),
        pattern=lambda M, d, L: Down(M) @ Shift(d) @ Up(L), bind=concrete("M", "d", "L")),
    Law("down-conv-up", "k:factor q:kernel", lambda k, q: (Down(k) @ Conv(q) @ Up(k), Conv(not_empty(Down(k) @ q))),
        f"{VAIDYANATHAN}, §4.3", lambda k, q: (Down(k) @ Conv(q) @ Up(k), Conv(q))),
    Law("common-factor", "M:factor g:factor q:kernel L:factor",
        lambda M, g, q, L: (Down(times(g, M)) @ Conv(Up(g) @ q) @ Up(times(g, L)), Down(M) @ Conv(q) @ Up(L)),
        f"{VAIDYANATHAN}, §4.2",
        lambda M, g, q, L: (Down(times(g, M)) @ Conv(q) @ Up(times(g, L)), Down(M) @ Conv(q) @ Up(L))),
    Law("polyphase-identity", "k:factor",
        lambda k: (I, branches(k, lambda r: (*delay(r), Up(k), Down(k), *delay(-r)))),
        f"{VAIDYANATHAN}, §4.3; Cuntz, Comm. Math. Phys. 57 (1977)",
        lambda k: (I, branches(k, lambda r: (*delay(-r), Up(k), Down(k), *delay(-r)))), generic={"k": 3},
        pattern=lambda: I, bind=concrete("k")),
    Law("polyphase-conv", "k:factor q:kernel",
        lambda k, q: (Conv(q), branches(k, lambda r: (*delay(r), Conv(Up(k) @ branch(q, k, r))))),
        f"{VAIDYANATHAN}, §4.3",
        lambda k, q: (Conv(q), branches(k, lambda r: (*delay(-r), Conv(Up(k) @ branch(q, k, r))))),
        generic={"k": 3}, pattern=lambda q: Conv(q), bind=concrete("k")),
    Law("polyphase-strided", "k:factor q:kernel",
        lambda k, q: (Down(k) @ Conv(q), branches(k, lambda r: (Conv(branch(q, k, r)), Down(k), *delay(r)))),
        f"{VAIDYANATHAN}, §4.3",
        lambda k, q: (Down(k) @ Conv(q), branches(k, lambda r: (Conv(branch(q, k, r)), Down(k), *delay(-r)))),
        generic={"k": 3}, pattern=lambda k, q: Down(k) @ Conv(q), bind=concrete("k")),
    Law("polyphase-transposed", "k:factor q:kernel",
        lambda k, q: (Conv(q) @ Up(k), branches(k, lambda r: (*delay(r), Up(k), Conv(branch(q, k, r))))),
        f"{VAIDYANATHAN}, §4.3; Shi et al., arXiv:1609.07009",
        lambda k, q: (Conv(q) @ Up(k), branches(k, lambda r: (*delay(-r), Up(k), Conv(branch(q, k, r))))),
        generic={"k": 3}, pattern=lambda k, q: Conv(q) @ Up(k), bind=concrete("k")),
    Law("strided-transpose", "k:factor q:kernel", lambda k, q: ((Down(k) @ Conv(q)).T, Conv(R @ q) @ Up(k)),
        DUMOULIN, lambda k, q: ((Down(k) @ Conv(q)).T, Conv(q) @ Up(k))),
    Law("strided-adjoint", "k:factor q:kernel", lambda k, q: ((Down(k) @ Conv(q)).H, Conv(R @ q.conj()) @ Up(k)),
        DUMOULIN, lambda k, q: ((Down(k) @ Conv(q)).H, Conv(R @ q) @ Up(k))),
    Law("transposed-strided", "k:factor q:kernel", lambda k, q: (Conv(q) @ Up(k), (Down(k) @ Conv(q).T).T),
        DUMOULIN, lambda k, q: (Conv(q) @ Up(k), (Up(k) @ Conv(q).T).T)),
    Law("polyphase-product", "k:factor r:shift p:kernel q:kernel", polyphase_product,
        f"{VAIDYANATHAN}, ch. 5 (pseudo-circulant matrices)",
        lambda k, r, p, q: (Down(k) @ Conv(p) @ q, Conv(Down(k) @ p) @ (Down(k) @ q)), generic={"k": 3, "r": 1},
        conditions=("0 ≤ r < k",)),
    Law("space-to-batch", "k:factor q:kernel",
        lambda k, q: (Conv(Up(k) @ q), branches(k, lambda r: (*delay(r), Up(k), Conv(q), Down(k), *delay(-r)))),
        "Yu and Koltun, arXiv:1511.07122; Holschneider et al. (1989), algorithme à trous",
        lambda k, q: (Conv(Up(k) @ q), Up(k) @ Conv(q) @ Down(k)),
        generic={"k": 3}, pattern=lambda k, q: Conv(Up(k) @ q), bind=concrete("k")),
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
    Law("conv-as-transposed", "q:kernel k:factor",
        lambda q, k: (Down(k) @ Conv(q), (TransposedConv(R @ q, k)).T), DUMOULIN,
        lambda q, k: (Down(k) @ Conv(q), TransposedConv(q, k).T)),
    Law("transposed-as-conv", "q:kernel k:factor",
        lambda q, k: (Conv(q) @ Up(k), (StridedConv(R @ q, k)).T), DUMOULIN,
        lambda q, k: (Conv(q) @ Up(k), StridedConv(q, k).T)),
    Law("transposed-phase", "k:factor r:shift q:kernel", phase_of_transposed,
        "Odena, Dumoulin and Olah, Distill (2016)",
        lambda k, r, q: (Down(k) @ Shift(r) @ Conv(q) @ Up(k), Conv(branch(q, k, r))), generic={"k": 3, "r": 1},
        conditions=("0 ≤ r < k",)),
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
