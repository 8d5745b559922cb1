"""Random statements of the kinds that textbooks prove: angles with symbols, adjacent ranges, weights that depend on the
index of a sum, coprime re-indexing, Nyquist and orthonormal kernels, and common factors.

A statement starts from an identity written here by hand, with parameters drawn; true rules of
tests/generate_symbolic.py are applied to both of its sides, and a near miss changes one small thing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import sympy

import opalgebra as oa
from opalgebra.expr.operators import Identity, Scale, compose
from opalgebra.expr.signals import Applied

from .generate import somewhere
from .generate_numbers import nudged
from .generate_symbolic import MISSES, RULES, _rewritten, k, m, p, q, speaks_of
from .judge_claims import Claim

Rng = random.Random
Made = tuple[Any, Any, list[Claim]]
exp, pi, R = sympy.exp, sympy.pi, sympy.Rational
I = sympy.I  # noqa: E741
r, s, d, j = oa.integers("r s d j")
h = oa.signals("h")
w = oa.reals("w")
c = sympy.Symbol("c", real=True)
ONE, S = Identity(), oa.Shift(1)


def _turn(frequency: Any) -> Any:
    return oa.Modulate(frequency=frequency)


def _every(n: Any) -> Any:
    return oa.Up(n) @ oa.Down(n)


def _sum(body: Any, stop: Any, index: Any = r) -> Any:
    return oa.Sum(body, (index, 0, stop))


def angles(rng: Rng) -> Made:
    """Roots of unity of symbolic order."""
    M, L = rng.choice([(k, m), (m, k), (2 * k, m), (k * m, 2), (k, 3)])
    a = rng.choice([1, -1, 2, j, j + 1, 2 * j])
    turn, phase = _turn(2 * pi * a / M), exp(2 * pi * I * a / M)
    makers: list[Callable[[], Made]] = [
        lambda: (oa.Down(M) @ turn, oa.Down(M), []),
        lambda: (turn @ oa.Up(M), oa.Up(M), []),
        lambda: (turn @ oa.Shift(M), oa.Shift(M) @ turn, []),
        lambda: (turn @ S, Scale(phase, S @ turn), []),
        lambda: (oa.Down(M) @ _turn(2 * pi * a / (L * M)), _turn(2 * pi * a / L) @ oa.Down(M), []),
        lambda: (oa.Up(L) @ turn, _turn(2 * pi * a / (L * M)) @ oa.Up(L), []),
        lambda: (_turn(2 * pi / L) @ turn, _turn(2 * pi * (M + a * L) / (L * M)), []),
        lambda: (_turn(2 * pi * j + w), _turn(w), []),
        lambda: (_turn(pi * a / M) @ oa.Shift(2 * M), oa.Shift(2 * M) @ _turn(pi * a / M), []),
        lambda: (_turn(pi / M) @ oa.Shift(M), Scale(-1, oa.Shift(M) @ _turn(pi / M)), []),
        lambda: (_sum(_turn(2 * pi * r / M), M), Scale(M, _every(M)), []),
        lambda: (_sum(_turn(2 * pi * r / M + w), M), Scale(M, _every(M) @ _turn(w)), []),
        lambda: (_sum(oa.Conv(_turn(2 * pi * r / M) @ q), M), Scale(M, oa.Conv(_every(M) @ q)), []),
        lambda: (_every(M) @ oa.Conv(q), Scale(1 / sympy.sympify(M), _sum(_turn(2 * pi * r / M) @ oa.Conv(q), M)), []),
        lambda: (_sum(Scale(exp(2 * pi * I * r * d / M), _turn(2 * pi * r / M)), M),
                 Scale(M, oa.Shift(-d) @ _every(M) @ oa.Shift(d)), []),
        lambda: (oa.Down(M) @ oa.Conv(turn @ q), oa.Down(M) @ turn @ oa.Conv(q) @ _turn(-2 * pi * a / M), []),
        lambda: (oa.Down(M) @ oa.Conv(turn @ q),
                 _sum(Scale(exp(2 * pi * I * a * r / M),
                            oa.Conv(oa.Down(M) @ oa.Shift(-r) @ q) @ oa.Down(M) @ oa.Shift(r)), M), []),
        lambda: ((ONE - Scale(exp(2 * pi * I / M), S)) @ _sum(Scale(exp(2 * pi * I * r / M), oa.Shift(r)), M),
                 ONE - oa.Shift(M), []),
        lambda: (_sum(_turn(2 * pi * r * L / M), M), Scale(M, _every(M)), [Claim("coprime", L, M)]),
    ]  # fmt: skip
    return rng.choice(makers)()


def ranges(rng: Rng) -> Made:
    """Adjacent ranges with symbolic ends, and boxes of them."""
    a, b = rng.choice([(k, m), (k, 2), (2 * k, m), (3, k)])
    f = rng.choice([1, 2, k])
    makers: list[Callable[[], Made]] = [
        lambda: ((ONE - oa.Shift(f)) @ _sum(oa.Shift(f * r), a), ONE - oa.Shift(f * a), []),
        lambda: (oa.Conv(oa.box(a * b)), oa.Conv(oa.box(a)) @ oa.Conv(oa.Up(a) @ oa.box(b)), []),
        lambda: (oa.Conv(oa.box(a)) + oa.Shift(a) @ oa.Conv(oa.box(b)),
                 oa.Conv(oa.box(b)) + oa.Shift(b) @ oa.Conv(oa.box(a)), []),
        lambda: (_sum(oa.Shift(f * r), 2 * a), (ONE + oa.Shift(f * a)) @ _sum(oa.Shift(f * r), a), []),
        lambda: ((ONE - S) ** 2 @ oa.Conv(oa.box(a)) ** 2, (ONE - oa.Shift(a)) ** 2, []),
        lambda: ((ONE - oa.Shift(a)) @ oa.Conv(oa.box(b)), (ONE - oa.Shift(b)) @ oa.Conv(oa.box(a)), []),
        lambda: (oa.Down(a) @ (ONE - oa.Shift(a)) ** 3, (ONE - S) ** 3 @ oa.Down(a), []),
        lambda: (oa.Repeat(a) @ oa.Repeat(b), oa.Repeat(a * b), []),
    ]  # fmt: skip
    return rng.choice(makers)()


def weights(rng: Rng) -> Made:
    """Polynomials and powers of the index."""
    stop, f = rng.choice([k, k, m, 2 * k]), rng.choice([1, 2, -1, m])
    n, base = sympy.sympify(stop), rng.choice([c, 2, R(1, 2), -c, R(-2, 3)])
    scaled = Scale(sympy.expand(n * (n - 1) / 2), ONE)
    triangle = _sum(Scale(r + 1, oa.Shift(r)), stop) + _sum(Scale(n - 1 - r, oa.Shift(r + n)), stop)
    makers: list[Callable[[], Made]] = [
        lambda: (_sum(Scale(r, ONE), stop), scaled, []),
        lambda: (_sum(Scale(r**2, oa.Conv(q)), stop), Scale(n * (n - 1) * (2 * n - 1) / 6, oa.Conv(q)), []),
        lambda: (_sum(Scale(2 * r - n + 1, ONE), stop), oa.Zero(), []),
        lambda: (oa.Conv(oa.box(stop)) ** 2, triangle, []),
        lambda: (_sum(Scale(n - r, oa.Shift(f * r)), stop), _sum(Scale(r + 1, oa.Shift(f * (n - 1 - r))), stop), []),
        lambda: ((ONE - oa.Shift(f)) @ _sum(Scale(r, oa.Shift(f * r)), stop),
                 oa.Shift(f) @ _sum(oa.Shift(f * r), stop) - Scale(n, oa.Shift(f * n)), []),
        lambda: ((ONE - Scale(base, oa.Shift(f))) @ _sum(Scale(base**r, oa.Shift(f * r)), stop),
                 ONE - Scale(base**n, oa.Shift(f * n)), []),
        lambda: (_sum(Scale(base**r, oa.Shift(r)), 2 * stop),
                 (ONE + Scale(base**n, oa.Shift(n))) @ _sum(Scale(base**r, oa.Shift(r)), stop), []),
        lambda: (_sum(Scale(2**r, ONE), stop), Scale(2**n - 1, ONE), []),
        lambda: (Scale(1 - c, _sum(Scale(c**r, ONE), stop)), Scale(1 - c**n, ONE), []),
        lambda: ((ONE + S) @ _sum(Scale((-1) ** r, oa.Shift(r)), 2 * stop), ONE - oa.Shift(2 * n), []),
        lambda: (_sum(Applied(Scale(r, oa.Shift(r)), q), stop), _sum(Scale(r, oa.Shift(r)), stop) @ q, []),
        lambda: (_sum(_sum(Scale(r + s, ONE), stop, s), stop), Scale(n**2 * (n - 1), ONE), []),
        lambda: (oa.LinearUp(k), (_sum(Scale((k - r) / k, oa.Shift(r) + oa.Shift(-r)), k) - ONE) @ oa.Up(k), []),
    ]  # fmt: skip
    return rng.choice(makers)()


def coprime(rng: Rng) -> Made:
    """Sums over the residues in another order."""
    M, L = rng.choice([(k, m), (k, 3), (k, m**2), (2 * k, m)])
    at = rng.choice([r * L, -r * L, r * L + 1, r * (L + M), d - r * L])
    claims = [Claim("coprime", L, M)]
    makers: list[Callable[[], Made]] = [
        lambda: (_sum(oa.Shift(at) @ _every(M) @ oa.Shift(-at), M), ONE, claims),
        lambda: (_sum(oa.Conv(q) @ oa.Shift(at) @ _every(M) @ oa.Shift(-at), M), oa.Conv(q), claims),
        lambda: (oa.Conv(q), _sum(oa.Shift(at) @ oa.Conv(_every(M) @ oa.Shift(-at) @ q), M), claims),
        lambda: (_sum(oa.Down(M) @ oa.Shift(r * L) @ oa.Up(M), M), ONE, claims),
        lambda: (oa.Down(M) @ oa.Shift(M * d - L * j) @ oa.Up(L),
                 oa.Shift(d) @ oa.Up(L) @ oa.Down(M) @ oa.Shift(-j), claims),
        lambda: (_sum(oa.Shift(r * (1 + M)) @ _every(M) @ oa.Shift(-r * (1 + M)), M), ONE, []),
    ]  # fmt: skip
    return rng.choice(makers)()


def nyquist(rng: Rng) -> Made:
    """Kernels that are 1 at 0 and 0 at other multiples."""
    M = rng.choice([k, k, 2, 3])
    given, turn = [Claim("nyquist", h, M)], _turn(2 * pi * rng.choice([1, j, -1]) / M)
    keeps = oa.Down(M) @ oa.Conv(h) @ oa.Up(M)
    makers: list[Callable[[], Made]] = [
        lambda: (keeps @ q, q, given),
        lambda: (keeps @ keeps, ONE, given),
        lambda: (oa.Down(M) @ oa.Conv(turn @ h) @ oa.Up(M), ONE, given),
        lambda: (_sum(oa.Conv(_turn(2 * pi * r / M) @ h), M), Scale(M, ONE), given),
        lambda: ((oa.Conv(h) @ _every(M)) ** 2, oa.Conv(h) @ _every(M), given),
        lambda: (oa.Down(M) @ oa.Conv(h) @ oa.Shift(M * d) @ oa.Up(M), oa.Shift(d), given),
        lambda: (oa.Down(M * m) @ oa.Conv(h) @ oa.Conv(oa.Up(M) @ p) @ oa.Up(M * m), ONE,
                 [*given, Claim("nyquist", p, m)]),
        lambda: (oa.Down(M) @ (oa.Conv(h) - ONE) @ oa.Up(M * m), oa.Zero(), given),
    ]  # fmt: skip
    return rng.choice(makers)()


def orthonormal(rng: Rng) -> Made:
    """Kernels that are orthonormal to their shifts."""
    M = rng.choice([2, 2, 3, k])
    A, given = oa.Down(M) @ oa.Conv(h), [Claim("orthonormal", h, M)]
    P = A.H @ A
    B = oa.Down(2) @ oa.Conv(oa.Shift(rng.choice([1, 3, -1])) @ oa.Modulate([1, -1]) @ oa.Flip() @ h.conj())
    turned = oa.Conv(_turn(2 * pi * r / M) @ h)
    low, two = oa.Down(2) @ oa.Conv(h), [Claim("orthonormal", h, 2)]
    makers: list[Callable[[], Made]] = [
        lambda: (A @ (A.H @ q), q, given),
        lambda: (P @ P, P, given),
        lambda: (P**3, P, given),
        lambda: ((ONE - P) @ P, oa.Zero(), given),
        lambda: ((ONE - P) @ (ONE - P) + P, ONE, given),
        lambda: (A @ ((ONE - P) @ q), oa.Zero() @ q, given),
        lambda: ((A @ A) @ (A @ A).H, ONE, given),
        lambda: (_sum(oa.Shift(r) @ A @ A.H @ oa.Shift(-r), 3), Scale(3, ONE), given),
        lambda: (_sum(turned @ turned.H, M), Scale(M, ONE), given),
        lambda: (low.H @ low + B.H @ B, ONE, two),
        lambda: (low @ B.H, oa.Zero(), []),
        lambda: (B @ B.H, ONE, two),
        lambda: (oa.Down(M) @ (oa.Conv(h) @ (oa.Flip() @ h.conj())), oa.Signal([1]), given),
    ]
    return rng.choice(makers)()


def divisions(rng: Rng) -> Made:
    """Questions of divisibility that stay open, and common factors."""
    a, b, g = rng.choice([(k, m, 2), (k, 3, m), (2, k, m)])
    makers: list[Callable[[], Made]] = [
        lambda: (oa.Down(g * a) @ oa.Shift(g * d) @ oa.Up(g * b), oa.Down(a) @ oa.Shift(d) @ oa.Up(b), []),
        lambda: (oa.Up(a) @ oa.Down(g * b) @ oa.Up(g * a), oa.Up(a) @ oa.Down(b) @ oa.Up(a), []),
        lambda: (oa.Down(a) @ oa.Shift(d) @ oa.Up(b) @ oa.Conv(q),
                 oa.Down(a) @ oa.Conv(oa.Up(b) @ q) @ oa.Shift(d) @ oa.Up(b), []),
        lambda: ((oa.Down(a) @ oa.Shift(d) @ oa.Up(b)).T, oa.Down(b) @ oa.Shift(-d) @ oa.Up(a), []),
        lambda: (oa.Down(g * a) @ oa.Up(g * b), oa.Up(b) @ oa.Down(a), [Claim("coprime", a, b)]),
        lambda: (oa.Down(a) @ oa.Shift(d) @ oa.Up(b) @ oa.Flip(),
                 oa.Flip() @ oa.Down(a) @ oa.Shift(-d) @ oa.Up(b), []),
    ]  # fmt: skip
    return rng.choice(makers)()


def remainders(rng: Rng) -> Made:
    """Σ_{r<M} Sʳ ↑M ↓M S⁻ʳ = I beside factors of which nothing is known, or written out."""
    M, L, n = rng.choice([k, m, 2 * k, k * m, 3]), rng.choice([k, m, 2 * m, 3]), rng.choice([2, 3])
    every = _sum(oa.Shift(r) @ _every(M) @ oa.Shift(-r), M)
    terms = [oa.Shift(i) @ _every(n) @ oa.Shift(-i) for i in range(n)]
    word = rng.choice([oa.Up(L), oa.Down(L), oa.Down(L) @ oa.Up(k), oa.Repeat(L), oa.AvgPool(L), oa.Conv(q) @ oa.Up(L)])
    makers: list[Callable[[], Made]] = [
        lambda: (every @ word, word, []),
        lambda: (word @ every, word, []),
        lambda: (sum(terms[1:], terms[0]) @ oa.Down(L), oa.Down(L), []),
        lambda: (oa.Down(M) @ oa.Conv(q) @ oa.Up(L),
                 _sum(oa.Conv(oa.Down(M) @ oa.Shift(-r) @ q) @ oa.Down(M) @ oa.Shift(r) @ oa.Up(L), M), []),
        lambda: (oa.Conv(oa.Down(m) @ oa.box(M * m)), oa.Conv(oa.box(M)), []),
    ]  # fmt: skip
    return rng.choice(makers)()


def turns(rng: Rng) -> Made:
    """Roots of unity that are numbers, beside boxes and factors that are symbols, odd or even."""
    turn, box = _turn(2 * pi * rng.choice([R(1, 3), R(2, 7), R(-1, 4), R(1, 2)])), oa.box(rng.choice([k, 2 * k, k * m]))
    half = rng.choice([oa.Modulate([1, -1]), _turn(pi)])
    odd, even = [rng.choice([Claim("coprime", 2, k), Claim("not divides", 2, k)])], [Claim("divides", 2, k)]
    makers: list[Callable[[], Made]] = [
        lambda: (turn @ oa.Conv(box), oa.Conv(turn @ box) @ turn, []),
        lambda: (oa.Down(k) @ half, half @ oa.Down(k), odd),
        lambda: (half @ oa.Shift(k), Scale(-1, oa.Shift(k) @ half), odd),
        lambda: (half @ oa.Up(k), oa.Up(k) @ half, odd),
        lambda: (half @ oa.Up(k), oa.Up(k), even),
        lambda: (half @ oa.Shift(k), oa.Shift(k) @ half, even),
    ]
    return rng.choice(makers)()


def functions(rng: Rng) -> Made:
    """Frequencies with functions of the index of a sum in them: one operator for every index."""
    at = rng.choice([w * sympy.sqrt(r**2 + 1), sympy.sqrt(r + 2), w * r**2, pi * sympy.sqrt(r + 1)])
    turn, M = _turn(at), rng.choice([k, 2, 3, 2 * k])
    makers: list[Callable[[], Made]] = [
        lambda: (_sum(turn @ _turn(-at), M), Scale(M, ONE), []),
        lambda: (_sum(turn @ S, M), _sum(Scale(exp(I * at), S @ turn), M), []),
        lambda: (_sum(turn @ oa.Conv(q) @ _turn(-at), M), _sum(oa.Conv(turn @ q), M), []),
        lambda: (_sum(turn, M) + ONE, ONE + _sum(turn, M), []),
        lambda: (_sum(oa.Flip() @ turn, M), _sum(_turn(-at) @ oa.Flip(), M), []),
    ]
    return rng.choice(makers)()


ASSUMED = [
    sympy.Symbol("k", integer=True, positive=True, **told) for told in ({"odd": True}, {"even": True}, {"prime": True})
]
KINDS: list[Callable[[Rng], Made]] = [
    angles,
    angles,
    ranges,
    weights,
    weights,
    coprime,
    nyquist,
    orthonormal,
    divisions,
    remainders,
    turns,
    functions,
]


def _miss_value(rng: Rng, node: Any, ndim: int) -> Any:
    """Another coefficient, or another frequency."""
    if isinstance(node, Scale):
        scalar = sympy.sympify(node.scalar)
        nearby = [-scalar, 2 * scalar, sympy.conjugate(scalar), scalar + 1]
        return Scale(rng.choice(nearby) if scalar.free_symbols else nudged(rng, node.scalar), node.operator)
    if isinstance(node, oa.expr.Character):
        return _turn(rng.choice([-node.frequency, 2 * node.frequency, node.frequency + pi]))
    return None


def _statement(rng: Rng, made: Made) -> tuple[Any, ...]:
    lhs, rhs, claims = made
    if rng.random() < 0.2 and hasattr(lhs, "channels"):
        extra = rng.choice([oa.Conv(q), oa.Shift(2), oa.Up(2), oa.Flip()])
        lhs, rhs = compose((extra, lhs)), compose((extra, rhs))
    if rng.random() < 0.3:
        lhs, rhs = (_rewritten(rng, side, rng.choice([0, 1]), RULES) for side in (lhs, rhs))
    if rng.random() < 0.15:
        scalar = rng.choice([R(1, 3), 10**30, R(1, 10**30)])
        lhs, rhs = scalar * lhs, scalar * rhs
    equal = rng.random() < 0.5
    if not equal:
        rhs = somewhere(rng, rhs, [*MISSES, _miss_value, _miss_value], 1)[0]
    if rng.random() < 0.5:
        lhs, rhs = rhs, lhs
    if rng.random() < 0.15 and not claims:
        known = rng.choice(ASSUMED)
        lhs, rhs = (oa.expr.substitute(side, {k: known}) for side in (lhs, rhs))
    named = tuple(claim for claim in claims if speaks_of(claim, lhs, rhs))
    return lhs, rhs, "equal" if equal and len(named) == len(claims) else "miss", named


def textbook(rng: Rng) -> tuple[Any, ...]:
    """(lhs, rhs, hint, claims)."""
    return _statement(rng, rng.choice(KINDS)(rng))
