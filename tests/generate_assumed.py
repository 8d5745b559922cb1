"""Random statements with symbols of which something is known: boxes of symbolic length, SymPy's assumptions, and
several hypotheses at once; and hypotheses that contradict one another.

A statement starts from a textbook identity of its kind, written here by hand; true rules of
tests/generate_symbolic.py are applied to both of its sides, and a near miss changes one small thing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

import opalgebra as oa
from opalgebra.expr import walk
from opalgebra.expr.operators import Identity, Scale, add, compose
from opalgebra.expr.signals import Applied, Signal

from .generate import somewhere
from .generate_exact import ALGEBRAIC, CONCRETE_ANGLES, FRACTIONS, public
from .generate_numbers import nudged
from .generate_symbolic import MISSES, RULES, _rewritten, k, m, p, q, speaks_of
from .judge import _free_symbols
from .judge_claims import Claim
from .rewrites import acted

Rng = random.Random
Sides = tuple[Any, Any]
exp, pi, R = sympy.exp, sympy.pi, sympy.Rational
I = sympy.I  # noqa: E741
r, d = oa.integers("r d")
h = oa.signals("h")
w = oa.reals("w")
ONE, S = Identity(), oa.Shift(1)
ALTERNATE = oa.Modulate([1, -1])


def coefficient(rng: Rng) -> Any:
    """A number of any exact kind, or one with a symbol in it."""
    choice = rng.random()
    if choice < 0.55:
        return rng.choice(FRACTIONS)
    return rng.choice(ALGEBRAIC) if choice < 0.8 else rng.choice([1 / k, R(1, 3) / k, k, k + 1, 10**30 * k])


def angle(rng: Rng) -> Any:
    return rng.choice([*CONCRETE_ANGLES, w, w + pi / 3, pi])


def _scaled(c: Any, x: Any) -> Any:
    """c x for a signal that may be known, to be computed later."""
    return Applied(Scale(c, ONE), x)


# boxes of symbolic length


def box_identity(rng: Rng) -> Sides:
    """An identity about 1_k."""
    c, a, ones, f = coefficient(rng), angle(rng), oa.box(k), rng.choice([2, 3, m])
    turn = oa.Modulate(frequency=a)
    scaled = oa.Conv(_scaled(c, ones))
    makers: list[Callable[[], Sides]] = [
        lambda: ((ONE - S) @ scaled, Scale(c, ONE - oa.Shift(k))),
        lambda: (oa.Conv(ones) @ oa.Conv(oa.Up(k) @ oa.box(f)), oa.Conv(oa.box(k * f))),
        lambda: (turn @ oa.Conv(ones), oa.Conv(turn @ ones) @ turn),
        lambda: (turn @ scaled, Scale(c, oa.Conv(turn @ ones)) @ turn),
        lambda: (oa.Down(k) @ scaled @ oa.Up(k), Scale(c, ONE)),
        lambda: (oa.AvgPool(k), Scale(1 / k, oa.Down(k) @ oa.Conv(ones).T)),
        lambda: (turn @ oa.Repeat(k), oa.Conv(turn @ ones) @ oa.Up(k) @ oa.Modulate(frequency=sympy.expand(k * a))),
        lambda: (oa.Sum(Scale(c, oa.Shift(r)), (r, 0, k)), scaled),
        lambda: (oa.Sum(Scale(exp(I * a * r), oa.Shift(r)), (r, 0, k)), oa.Conv(turn @ ones)),
        lambda: (oa.Conv(ones).T, oa.Shift(1 - k) @ oa.Conv(ones)),
        lambda: (oa.Conv(_scaled(c, ones)) + oa.Conv(_scaled(1 - sympy.sympify(_exact(c)), ones)), oa.Conv(ones)),
        lambda: (oa.Shift(k) @ ones + ones, oa.box(2 * k)),
        lambda: (oa.Down(f) @ oa.box(k * f), ones),
        lambda: (oa.Down(k) @ _scaled(c, oa.box(k * f)), _scaled(c, oa.box(f))),
        lambda: (oa.LinearUp(k), Scale(1 / k, oa.Conv(ones) @ oa.Conv(ones).T @ oa.Up(k))),
        lambda: ((ONE - S) @ _scaled(c, ones), _scaled(c, (ONE - oa.Shift(k)) @ Signal([1]))),
        lambda: ((ONE - Scale(exp(I * a), S)) @ oa.Conv(turn @ ones), ONE - Scale(exp(I * k * a), oa.Shift(k))),
        lambda: (oa.Conv(oa.Conv(q) @ _scaled(c, ones)), Scale(c, oa.Conv(ones) @ oa.Conv(q))),
    ]
    return rng.choice(makers)()


def _exact(c: Any) -> Any:
    if isinstance(c, float):
        return R(*c.as_integer_ratio())
    if isinstance(c, complex):
        return _exact(c.real) + I * _exact(c.imag)
    return R(c.numerator, c.denominator) if isinstance(c, (int, Fraction)) else c


# symbols with assumptions

EVEN, ODD = {"even": True, "positive": True}, {"odd": True, "positive": True}


def assumed_identity(rng: Rng) -> Sides:
    """An identity that holds for what is assumed of a symbol."""
    above_one = rng.choice([EVEN, {"prime": True}, {"composite": True}, {"odd": True, "prime": True}])
    n = sympy.Symbol("k", integer=True, **above_one)
    even, odd = sympy.Symbol("k", integer=True, **EVEN), sympy.Symbol("k", integer=True, **ODD)
    shift = sympy.Symbol("d", integer=True, **rng.choice([{"even": True}, {"even": True, "positive": True}]))
    odd_shift = sympy.Symbol("d", integer=True, odd=True)
    half = oa.Modulate(frequency=pi)
    s = rng.choice([1, -1])
    makers: list[Callable[[], Sides]] = [
        lambda: (oa.Down(n) @ oa.Shift(s) @ oa.Up(n), oa.Zero()),
        lambda: (ALTERNATE @ oa.Shift(shift), oa.Shift(shift) @ ALTERNATE),
        lambda: (ALTERNATE @ oa.Shift(odd_shift), Scale(-1, oa.Shift(odd_shift) @ ALTERNATE)),
        lambda: (oa.Down(even) @ half, oa.Down(even)),
        lambda: (half @ oa.Up(even), oa.Up(even)),
        lambda: (oa.Down(odd) @ half, half @ oa.Down(odd)),
        lambda: (oa.Down(odd) @ ALTERNATE, ALTERNATE @ oa.Down(odd)),
        lambda: (Scale(exp(I * pi * shift), oa.Shift(shift)), oa.Shift(shift)),
        lambda: (Scale(exp(I * pi * odd_shift), oa.Shift(odd_shift)), Scale(-1, oa.Shift(odd_shift))),
        lambda: (oa.Shift(shift / 2) @ oa.Shift(shift / 2), oa.Shift(shift)),
        lambda: (oa.Conv(oa.Shift(shift) @ q), oa.Shift(shift) @ oa.Conv(q)),
        lambda: (oa.Down(n) @ oa.Conv(oa.Up(n) @ q), oa.Conv(q) @ oa.Down(n)),
        lambda: (oa.Down(2) @ oa.Shift(shift) @ oa.Up(2), oa.Shift(shift / 2)),
        lambda: (oa.Down(2) @ oa.Shift(odd_shift) @ oa.Up(2), oa.Zero()),
        lambda: (half @ oa.Shift(shift), oa.Shift(shift) @ half),
        lambda: (oa.Up(odd) @ oa.Down(2), oa.Down(2) @ oa.Up(odd)),
        lambda: (oa.Conv(oa.box(n)) @ (ONE - S), ONE - oa.Shift(n)),
        lambda: (oa.Down(n) @ oa.Shift(s) @ oa.Conv(oa.Up(n) @ q) @ oa.Up(n), oa.Zero()),
    ]
    return rng.choice(makers)()


# several hypotheses


def given_identity(rng: Rng) -> tuple[Any, Any, tuple[Claim, ...]]:
    """An identity that hypotheses give."""
    c, M, s = coefficient(rng), rng.choice([2, 3, k]), rng.choice([1, 2, d])
    n = oa.factors("n")
    nyquist, orthonormal, even = Claim("nyquist", h, M), Claim("orthonormal", h, M), Claim("even", h)
    analysis = oa.Down(M) @ oa.Conv(h)
    coprime, twice = Claim("coprime", k, m), Claim("equal", m, 2 * k)
    half, image = oa.Modulate(frequency=pi), oa.Modulate(frequency=2 * pi * r / 3)
    makers: list[Callable[[], tuple[Any, Any, list[Claim]]]] = [
        lambda: (oa.Up(k) @ oa.Down(m * n), oa.Down(m * n) @ oa.Up(k), [coprime, Claim("coprime", k, n)]),
        lambda: (oa.Up(k) @ oa.Down(2 * m), oa.Down(2 * m) @ oa.Up(k), [coprime, Claim("coprime", k, 2)]),
        lambda: (_every(m) @ _every(k), _every(m), [Claim("divides", k, m)]),
        lambda: (oa.Down(k) @ oa.Shift(m) @ oa.Up(k), oa.Zero(), [Claim("not divides", k, m), Claim("coprime", m, 2)]),
        lambda: (oa.Down(k) @ oa.Shift(s) @ oa.Up(k), oa.Zero(), [Claim("not divides", k, s)]),
        lambda: (oa.Down(k) @ oa.Up(m), oa.Up(2), [twice]),
        lambda: (oa.Down(k) @ oa.Up(m) @ oa.Down(3), oa.Down(3) @ oa.Up(2), [twice, Claim("coprime", k, 3)]),
        lambda: (analysis @ oa.Up(M), ONE, [nyquist]),
        lambda: (oa.Down(M) @ oa.Conv(c * h) @ oa.Up(M), Scale(c, ONE), [nyquist]),
        lambda: (oa.Down(2 * M) @ oa.Conv(h) @ oa.Up(2 * M), ONE, [nyquist]),
        lambda: (oa.Down(M) @ oa.Conv(h).T @ oa.Up(M), ONE, [nyquist]),
        lambda: (oa.Sum(oa.Conv(image @ h), (r, 0, 3)), 3 * ONE, [Claim("nyquist", h, 3)]),
        lambda: (oa.Conv(h) + oa.Conv(half @ h), 2 * ONE, [Claim("nyquist", h, 2)]),
        lambda: (analysis @ analysis.H, ONE, [orthonormal]),
        lambda: (analysis @ analysis.H @ analysis, analysis, [orthonormal]),
        lambda: (oa.Down(k) @ half, oa.Down(k), [Claim("divides", 2, k)]),
        lambda: (half @ oa.Shift(k), Scale(-1, oa.Shift(k) @ half), [Claim("not divides", 2, k)]),
        lambda: (oa.Conv(h).T @ oa.Up(k) @ oa.Down(m), oa.Conv(h) @ oa.Down(m) @ oa.Up(k), [even, coprime]),
        lambda: (oa.Conv(h).T @ oa.Conv(p).T, oa.Conv(h) @ oa.Conv(p), [even, Claim("even", p)]),
        lambda: (oa.Down(k) @ oa.Shift(1) @ oa.Up(k), oa.Zero(), [Claim("divides", k, 2), Claim("not divides", k, 1)]),
        lambda: (oa.Up(k) @ oa.Conv(h), oa.Up(2) @ oa.Conv(h), [Claim("divides", k, 2), Claim("not divides", k, 1)]),
        lambda: (oa.Down(k) @ oa.Conv(h) @ oa.Up(m), oa.Up(n), [Claim("equal", m, k * n), Claim("nyquist", h, k)]),
        # of symbols that stand in scalars and taps alone
        lambda: (Scale(m, oa.Conv(q)), Scale(2 * k, oa.Conv(q)), [twice]),
        lambda: (oa.Conv([c, m]), oa.Conv([c, 2 * k]), [twice]),
        lambda: (Scale(exp(I * pi * k), oa.Down(3)), oa.Down(3), [Claim("divides", 2, k)]),
        lambda: (Scale(exp(2 * I * pi * m / k), analysis @ oa.Up(M)), ONE, [Claim("divides", k, m), nyquist]),
    ]  # fmt: skip
    lhs, rhs, claims = rng.choice(makers)()
    extra = [Claim("divides", k, m), Claim("coprime", k, 2), Claim("not divides", 2, m), Claim("divides", 2, k)]
    if rng.random() < 0.3:
        claims = [*claims, rng.choice(extra)]
    rng.shuffle(claims)
    return lhs, rhs, tuple(claims)


def _every(n: Any) -> Any:
    return oa.Up(n) @ oa.Down(n)


CONTRADICTIONS: list[Callable[[Rng], list[Claim]]] = [
    lambda rng: [Claim("divides", k, a := rng.choice([2, 6, 12])), Claim("not divides", k, a * rng.choice([1, 2, 3]))],
    lambda rng: [Claim("coprime", k, m), Claim("divides", 2, k), Claim("divides", rng.choice([2, 4]), m)],
    lambda rng: [Claim("equal", m, rng.choice([2, 3]) * k), Claim("not divides", k, m)],
    lambda rng: [Claim("equal", m, (a := rng.choice([2, 3, 5])) * k), Claim("coprime", a, m)],
    lambda rng: [Claim("divides", a := rng.choice([2, 3]), k), Claim("coprime", k, a * rng.choice([1, 2]))],
    lambda rng: [Claim("divides", 6, k), Claim("not divides", rng.choice([2, 3]), k)],
    lambda rng: [Claim("not divides", k, m), Claim("not divides", rng.choice([1, k]), k)],
    lambda rng: [Claim("divides", k, 4), Claim("not divides", k, 2), Claim("divides", k, 6)],
    lambda rng: [Claim("divides", k, m), Claim("divides", 3, k), Claim("not divides", 3, m)],
    lambda rng: [Claim("coprime", k, m), Claim("divides", k, m), Claim("divides", 2, k)],
    lambda rng: [Claim("equal", k, 2 * m), Claim("equal", m, 2 * k)],
]


# statements


def _statement(rng: Rng, sides: Sides, claims: tuple[Claim, ...] = ()) -> tuple[Any, ...]:
    lhs, rhs = sides
    if not hasattr(lhs, "channels") and rng.random() < 0.5:  # two signals: the convolutions with them, now and then
        lhs, rhs = oa.Conv(lhs), oa.Conv(rhs)
    if rng.random() < 0.15 and hasattr(lhs, "channels"):
        extra = rng.choice([oa.Conv(q), oa.Shift(2), oa.Up(2), oa.Flip()])
        lhs, rhs = compose((extra, lhs)), compose((extra, rhs))
    if rng.random() < 0.1 and hasattr(lhs, "channels"):
        c = rng.choice(FRACTIONS)
        lhs, rhs = add((Scale(c, lhs), S)), add((S, Scale(c, rhs)))
    if rng.random() < 0.5:
        lhs, rhs = (_rewritten(rng, side, rng.choice([0, 0, 1, 2]), RULES) for side in (lhs, rhs))
    equal = rng.random() < 0.5
    if not equal:
        rhs = somewhere(rng, rhs, [*MISSES, _miss_number, _miss_number], 1)[0]
    if rng.random() < 0.5:
        lhs, rhs = rhs, lhs
    named = tuple(claim for claim in claims if speaks_of(claim, lhs, rhs))
    equal = equal and len(named) == len(claims)
    return public(lhs), public(rhs), "equal" if equal else "miss", named, (lhs, rhs)


def _miss_number(rng: Rng, node: Any, ndim: int) -> Any:
    if isinstance(node, Scale) and not getattr(node.scalar, "free_symbols", ()):
        return Scale(nudged(rng, node.scalar), node.operator)
    return None


def boxes(rng: Rng) -> tuple[Any, ...]:
    """(lhs, rhs, hint, claims, meant) about boxes of symbolic length."""
    return _statement(rng, box_identity(rng))


def assumptions(rng: Rng) -> tuple[Any, ...]:
    """The same about symbols with assumptions."""
    return _statement_as_is(rng, assumed_identity(rng))


def _statement_as_is(rng: Rng, sides: Sides) -> tuple[Any, ...]:
    """Without rules, whose symbols are others; two such sides may be composed."""
    lhs, rhs = sides
    if rng.random() < 0.3:
        extra = rng.choice([oa.Conv(q), oa.Up(3), oa.Flip(), Scale(Fraction(1, 3), ONE)])
        lhs, rhs = compose((extra, lhs)), compose((extra, rhs))
    equal = rng.random() < 0.5
    if not equal:
        rhs = _missed(rng, rhs)
    return (lhs, rhs, "equal" if equal else "miss", (), (lhs, rhs))


def _missed(rng: Rng, side: Any) -> Any:
    """A near miss whose symbols are those that are there."""
    for _ in range(20):
        made = somewhere(rng, side, [*MISSES, _miss_number], 1)[0]
        if not any(s in (k, m) for node in walk(made) for s in _free_symbols(node)):
            return made
    return compose((S, side))


def hypotheses(rng: Rng) -> tuple[Any, ...]:
    """The same under several hypotheses."""
    lhs, rhs, claims = given_identity(rng)
    return _statement(rng, (lhs, rhs), claims)


def contradiction(rng: Rng) -> tuple[Any, ...]:
    """A statement under hypotheses of which nothing is an example; only a refusal is right."""
    claims = tuple(rng.choice(CONTRADICTIONS)(rng))
    symbols = [s for s in (k, m) if any(s in claim.symbols() for claim in claims)]
    lhs = compose(tuple(oa.Up(s) for s in symbols))
    rhs = rng.choice([lhs, oa.Zero(), compose((S, lhs))])
    return lhs, rhs, "contradiction", claims, (lhs, rhs)


# sums


def sum_identity(rng: Rng) -> Sides:
    """An identity about Σ_{r<k} with exact coefficients and angles."""
    c, a, number = coefficient(rng), angle(rng), rng.choice([2, 3, 4, 5])
    turn = oa.Modulate(frequency=a)
    images = oa.Modulate(frequency=2 * pi * r / number)
    signal = Signal([rng.choice(FRACTIONS) for _ in range(2)] + [Fraction(1, 7)])
    makers: list[Callable[[], Sides]] = [
        lambda: (oa.Sum(Scale(c, images), (r, 0, number)), Scale(_exact(c) * number, _every(number))),
        lambda: (oa.Sum(compose((oa.Shift(r), oa.Up(k), oa.Down(k), oa.Shift(-r), turn)), (r, 0, k)), turn),
        lambda: (oa.Sum(Scale(c, oa.Shift(r) @ oa.Up(k)), (r, 0, k)), Scale(c, oa.Repeat(k))),
        lambda: (oa.Sum(Scale(c, oa.Shift(number * r)), (r, 0, k)), oa.Conv(_scaled(c, oa.Up(number) @ oa.box(k)))),
        lambda: (oa.Sum(Scale(exp(2 * pi * I * r / number), oa.Shift(r)), (r, 0, number)),
                 oa.Conv(acted(oa.Modulate(frequency=2 * pi / number), Signal([1] * number)))),
        lambda: (oa.Sum(Applied(Scale(c, oa.Shift(r)), q), (r, 0, k)), oa.Conv(_scaled(c, oa.box(k))) @ q),
        lambda: (oa.Sum(Scale(c, oa.Conv(oa.Shift(r) @ q)), (r, 0, number)),
                 oa.Conv(Applied(Scale(c, oa.Conv([1] * number)), q))),
        lambda: (oa.Sum(compose((oa.Shift(r), oa.Conv(oa.Up(k) @ oa.Down(k) @ oa.Shift(-r) @ q), turn)), (r, 0, k)),
                 compose((oa.Conv(q), turn))),
        lambda: (oa.Sum(compose((images, oa.Conv(signal))), (r, 0, number)),
                 Scale(number, compose((_every(number), oa.Conv(signal))))),
        lambda: (oa.Sum(Scale(c, images @ oa.Shift(r)), (r, 0, number)),
                 add(tuple(Scale(c, oa.Modulate(frequency=2 * pi * j / number) @ oa.Shift(j)) for j in range(number)))),
    ]  # fmt: skip
    return rng.choice(makers)()


def sums(rng: Rng) -> tuple[Any, ...]:
    """Statements about sums with exact coefficients."""
    return _statement(rng, sum_identity(rng))
