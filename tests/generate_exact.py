"""Random statements with exact numbers of all kinds: fractions, huge and tiny ones, algebraic and transcendental ones,
exact angles, and kernels of every dtype.

The rules are those of tests/rewrites.py; what is added here is about characters, about kernels that are not computed
yet (``Applied`` to known samples), and about one number written in two ways.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy

import opalgebra as oa
from opalgebra.expr.characters import Character
from opalgebra.expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from opalgebra.expr.named import AvgPool, LinearUp
from opalgebra.expr.node import Node
from opalgebra.expr.operators import (
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Scale,
    Transpose,
    compose,
)
from opalgebra.expr.signals import Applied, Box, FormalSignal, Signal, SignalExpr, SignalSum
from opalgebra.expr.tree import walk

from . import generate, generate_blocks
from .generate_numbers import Palette, exactly, in_sympy, shown, signal_of
from .judge import Judge, _free_symbols
from .judge_algebra import Value, value
from .judge_claims import Claim
from .judge_numbers import Gauss
from .rewrites import _as_signal, acted, axes, factor, pack, shift

Rng = random.Random
sqrt, pi, log, exp, R = sympy.sqrt, sympy.pi, sympy.log, sympy.exp, sympy.Rational
I = sympy.I  # noqa: E741
w, v = oa.reals("w v")

BIG = 2**53 + 1
FRACTIONS: list[Any] = [
    Fraction(1, 3), Fraction(-2, 7), 10**30, Fraction(10**200, 3), 1e-300, BIG, 2.0**53, 0.1, Fraction(1, 10**20), -1,
    2, 3, R(5, 6), complex(0.1, -2), 1 + Fraction(1, 10**20), 1 / 3, -(10**19), Fraction(3, 10**30),
]  # fmt: skip
ALGEBRAIC: list[Any] = [
    sqrt(2), -sqrt(3) / 2, (1 + sqrt(5)) / 2, exp(2 * pi * I / 3), exp(2 * pi * I / 5), exp(-I * pi / 4), sqrt(6),
    sympy.cos(2 * pi / 7), sympy.sin(pi / 5), sympy.cos(pi / 9), I, 1 + I, sympy.Integer(2) ** R(1, 3), 1 / sqrt(2),
    2 + sqrt(3), sqrt(2) * 10**30 + 1, 3, -1, Fraction(1, 3), exp(2 * pi * I / 7) / 3, sympy.sin(pi / 8),
]  # fmt: skip
CONSTANTS: list[Any] = [
    log(2), log(3), log(6), log(R(3, 2)), pi, pi / 2, sympy.E, exp(2), exp(-1), exp(R(1, 2)), sympy.cosh(1),
    sympy.sinh(1), exp(I), sympy.cos(1), sympy.sin(1), pi * log(2), 2, -1, Fraction(1, 3), 10**20 * log(2),
    sympy.cos(sqrt(2)),
]  # fmt: skip
ANGLES: list[Any] = [
    2 * pi / 3, pi / 4, -pi / 2, pi, 2 * pi / 5, 5 * pi / 6, pi / 6, -2 * pi / 7, 2 * pi / 9, w, -w, 2 * w,
    w + pi / 3, 2 * w - v,
    w / 2 + v, v - pi / 4, sympy.Integer(1), sqrt(2), R(1, 3), 1 + pi / 2,
]  # fmt: skip
CONCRETE_ANGLES = ANGLES[:9]


# palettes


class Exact(Palette):
    """Fractions, huge and tiny numbers."""

    numbers = FRACTIONS
    angles = CONCRETE_ANGLES
    formal: tuple[FormalSignal, ...] = (FormalSignal("q"), FormalSignal("q"), FormalSignal("p"))
    even: tuple[FormalSignal, ...] = ()

    def number(self) -> Any:
        return self.choice(self.numbers)

    def frequency(self, ndim: int) -> LinearOperator:
        found = tuple(self.choice([*self.angles, 0]) for _ in range(ndim))
        return Modulate(frequency=pack(found) if ndim > 1 else self.choice(self.angles))

    def modulation(self, ndim: int) -> LinearOperator:
        shape = tuple(self.randint(1, 4 if ndim == 1 else 2) for _ in range(ndim))
        return Modulate(self.samples(shape))

    def samples(self, shape: tuple[int, ...], start: Any = 0) -> Signal:
        """Known samples of any kind."""
        count = int(np.prod(shape))
        few = self.sample(self.numbers, min(2, len(self.numbers)))
        entries = [self.choice([*few, 0, 1, -2]) for _ in range(count)]
        array = np.empty(count, dtype=object)
        array[:] = entries
        start = start if isinstance(start, tuple) else (start,) * len(shape)
        return dressed(self, signal_of(array.reshape(shape), start))

    def known(self, ndim: int) -> SignalExpr:
        """Known samples, computed or not."""
        shape = tuple(self.randint(1, 4 if ndim == 1 else 2) for _ in range(ndim))
        made: SignalExpr = self.samples(shape, tuple(self.randint(-2, 1) for _ in range(ndim)))
        return Applied(self.acting(ndim), made) if self.random() < 0.35 else made

    def acting(self, ndim: int) -> LinearOperator:
        """A letter that is to be applied to known samples."""
        makers: list[Callable[[], LinearOperator]] = [
            lambda: Scale(self.number(), Identity()),
            lambda: Scale(self.number(), Shift(shift(self, ndim))),
            lambda: oa.Identity() + self.number() * Shift(shift(self, ndim)),
            lambda: Up(factor(self, ndim)),
            lambda: Down(factor(self, ndim)),
            lambda: Conv(self.samples((2,) * ndim)),
            lambda: Modulate(frequency=pack(tuple(self.choice(CONCRETE_ANGLES) for _ in range(ndim)))),
            Flip,
        ]
        return self.choice(makers)()

    def kernel(self, ndim: int) -> SignalExpr:
        choice = self.random()
        if choice < 0.55:
            return self.known(ndim)
        q = self.choice(self.formal)
        if choice < 0.8:
            return q
        acting = self.choice([Up(factor(self, ndim)), Flip(), Down(factor(self, ndim)), Shift(shift(self, ndim))])
        applied: SignalExpr = acting @ q
        return applied.conj() if choice > 0.95 else applied


class Algebraic(Exact):
    """Roots of integers and of unity, cosines of rational multiples of π."""

    numbers = ALGEBRAIC


class Constants(Exact):
    """Logarithms, exponentials, π."""

    numbers = CONSTANTS


class Angles(Exact):
    """Characters with rational multiples of π, plain numbers and symbols."""

    numbers = [*FRACTIONS[:2], 10**30, -1, 2, I, exp(2 * pi * I / 3), exp(I * pi / 4), exp(I * w)]  # noqa: RUF012
    angles = ANGLES

    def modulation(self, ndim: int) -> LinearOperator:
        return self.frequency(ndim)


class RealEven(Exact):
    """Kernels that are real, even, or both; the numbers are those of everyday."""

    numbers = [2, -1, Fraction(1, 3), complex(1, -1), 0.25]  # noqa: RUF012
    formal = (
        FormalSignal("q"), FormalSignal("r", real=True), FormalSignal("r", real=True), FormalSignal("e"),
        FormalSignal("e"), FormalSignal("s", real=True), FormalSignal("s", real=True),
    )  # fmt: skip
    even = (FormalSignal("e"), FormalSignal("s", real=True))

    def kernel(self, ndim: int) -> SignalExpr:
        return super().kernel(ndim) if self.random() < 0.3 else self.choice(self.formal)


class Formal(Exact):
    """Formal operators among the letters."""

    numbers = [2, -1, Fraction(1, 3), complex(1, -1), 0.25]  # noqa: RUF012


# dtypes

REAL = ["i1", "i2", "i4", "i8", "u1", "u8", "f2", "f4", "f8", "g", ">i4", ">i8", ">f4", ">f8", ">f2"]
COMPLEX = ["c8", "c16", "G", ">c16"]


def dressed(rng: Rng, signal: Signal) -> Signal:
    """The same numbers in another dtype that holds them, or as exact entries."""
    if signal.is_exact or rng.random() < 0.4:
        return signal
    dtype = rng.choice(COMPLEX if signal.values.dtype.kind == "c" or rng.random() < 0.1 else REAL)
    return in_dtype(signal, dtype) or signal


def in_dtype(signal: Signal, dtype: str) -> Signal | None:
    """The numbers in a dtype, where it holds them."""
    with np.errstate(all="ignore"):
        made = signal.values.astype(dtype)
    if not np.isfinite(made).all():
        return None
    same = all(exactly(a) == exactly(b) for a, b in zip(signal.values.flat, made.flat, strict=True))
    return Signal(made, start=signal.starts) if same else None


# rules for characters


def _angle(node: Any) -> Any:
    return node.frequency


def _scaled(node: Character, by: Callable[[Any, Any], Any], k: Any) -> LinearOperator:
    return Modulate(frequency=pack(tuple(by(a, b) for a, b in zip(axes(node.frequency), axes(k), strict=True))))


def _phase(node: Character, s: Any, sign: int) -> Any:
    """e^{± iωs}."""
    angle = sum(a * d for a, d in zip(axes(node.frequency), axes(s), strict=True))
    return exp(sign * I * sympy.expand(angle))


def _times(a: Any, b: Any) -> Any:
    return sympy.expand(a * b)


def _over(a: Any, b: Any) -> Any:
    return sympy.expand(sympy.sympify(a) / b)


def pair_characters(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    """What a character makes of its neighbours."""
    if isinstance(a, Character) and isinstance(b, Character):
        return (_scaled(a, lambda x, y: sympy.expand(x + y), b.frequency),)
    if isinstance(a, Character):
        return _after(rng, a, b)
    return _before(rng, a, b) if isinstance(b, Character) else None


def _after(rng: Rng, a: Character, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    match b:
        case Shift():
            return Scale(_phase(a, b.shift, 1), b), a
        case Up():
            return b, _scaled(a, _times, b.factor)
        case Down():
            return b, _scaled(a, _over, b.factor)
        case Conv():
            return Conv(acted(a, b.kernel)), a
        case Flip():
            return b, _scaled(a, _times, _minus(a))
        case Modulate():
            return b, a
    return None


def _before(rng: Rng, a: LinearOperator, b: Character) -> tuple[LinearOperator, ...] | None:
    match a:
        case Shift():
            return Scale(_phase(b, a.shift, -1), b), a
        case Down():
            return _scaled(b, _times, a.factor), a
        case Up():
            return _scaled(b, _over, a.factor), a
        case Conv():
            return b, Conv(acted(_scaled(b, _times, _minus(b)), a.kernel))
        case Flip():
            return _scaled(b, _times, _minus(b)), a
        case Modulate():
            return b, a
    return None


def _minus(node: Character) -> Any:
    return pack((-1,) * len(axes(node.frequency)))


def character_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A character as another, as two, or as the periodic sequence that it is."""
    if isinstance(node, (Transpose, Conj)) and isinstance(node.operator, Character):
        inside = node.operator
        return inside if isinstance(node, Transpose) else _scaled(inside, _times, _minus(inside))
    if not isinstance(node, Character):
        return None
    turns = [sympy.sympify(a) / (2 * pi) for a in axes(node.frequency)]
    if rng.random() < 0.4 and all(t.is_Rational and t.q <= 9 for t in turns):
        shape = tuple(int(t.q) for t in turns)
        samples = np.empty(shape, dtype=object)
        for at in product(*map(range, shape)):
            samples[at] = exp(2 * pi * I * sum(t * n for t, n in zip(turns, at, strict=True)))
        return Modulate(signal_of(samples, (0,) * len(shape)))
    other = tuple(rng.choice([*ANGLES[:4], 2 * pi, -2 * pi, w]) for _ in turns)
    rest = _scaled(node, lambda a, b: sympy.expand(a - b), pack(other))
    whole = all(sympy.sympify(a) in (2 * pi, -2 * pi) for a in other)
    return rest if whole else compose((rest, Modulate(frequency=pack(other))))


# rules for numbers and known samples


def respelled(number: Any) -> Any:
    """A number in another writing: sums of exponentials, or of logarithms of primes."""
    return in_sympy(value(exactly(number)))


def number_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A coefficient, or the samples of a signal, written otherwise."""
    if isinstance(node, Scale):
        return Scale(respelled(node.scalar), node.operator)
    if not isinstance(node, Signal) or node.values.size == 0:
        return None
    if rng.random() < 0.5 and not node.is_exact:
        made = dressed(rng, node)
        return None if made is node else made
    entries = np.empty(node.values.shape, dtype=object)
    for at in np.ndindex(*entries.shape):
        entries[at] = respelled(node.values[at])
    return Signal(entries.tolist(), start=node.starts)


def applied_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """Known samples computed here, at once or in two steps."""
    if isinstance(node, SignalSum):
        return SignalSum(node.terms[::-1])
    if not isinstance(node, Applied) or not isinstance(node.signal, (Signal, Applied)):
        return None
    if isinstance(node.operator, Compose) and rng.random() < 0.5:
        i = rng.randrange(1, len(node.operator.factors))
        before, after = (compose(part) for part in (node.operator.factors[:i], node.operator.factors[i:]))
        return Applied(before, acted(after, node.signal))
    return acted(node.operator, node.signal)


def kernel_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """What even and real kernels allow: e even, s even and real, r real."""
    if not isinstance(node, (Conv, Transpose, Conj)):
        return None
    if isinstance(node, Conv):
        even = isinstance(node.kernel, FormalSignal) and node.kernel.name in "es"
        return Conv(Flip() @ node.kernel) if even else None
    inside = node.operator
    if not isinstance(inside, Conv) or not isinstance(inside.kernel, FormalSignal):
        return None
    names = "es" if isinstance(node, Transpose) else "rs"
    return inside if inside.kernel.name in names else None


Exact.pairs = [pair_characters]
Exact.rules = [character_rule, number_rule, applied_rule, applied_rule]
Exact.letters = []
Angles.letters = [(8, lambda ndim: _PALETTE[-1].frequency(ndim))]
RealEven.rules = [*Exact.rules, kernel_rule, kernel_rule]
Formal.letters = [(8, lambda ndim: _formal_operator(_PALETTE[-1]))]
_PALETTE: list[Any] = []  # the palette in use: letters are made for a number of axes alone


def _formal_operator(rng: Rng) -> LinearOperator:
    made = FormalOperator(rng.choice("AAB"))
    return rng.choice([made, made, Transpose(made), Adjoint(made), Conj(made)])


def miss_formal(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A formal operator for another, or turned otherwise."""
    if isinstance(node, FormalOperator):
        return FormalOperator("B" if node.name == "A" else "A")
    if isinstance(node, (Transpose, Adjoint, Conj)) and isinstance(node.operator, FormalOperator):
        return rng.choice([kind for kind in (Transpose, Adjoint, Conj) if not isinstance(node, kind)])(node.operator)
    return None


# what is put to the prover


def public(node: Any) -> Any:
    """The expression as a user makes it: operators applied to known samples are computed by the package."""
    if isinstance(node, (Applied, SignalSum)) and _rounds(node):
        return _here(node)
    if isinstance(node, Applied):
        made = public(node.operator) @ public(node.signal)
        return (
            Signal(np.zeros((1,) * made.ndim, dtype=int)) if isinstance(made, Signal) and not made.values.size else made
        )
    if isinstance(node, Signal):
        return node
    if isinstance(node, SignalSum):
        return sum(map(public, node.terms[1:]), start=public(node.terms[0]))
    parts = node.parts()
    made_parts = tuple(_public_part(part) for part in parts)
    return node if all(a is b for a, b in zip(parts, made_parts, strict=True)) else node.rebuilt(made_parts)


def _rounds(node: Any) -> bool:
    """Whether known samples would be computed with floats that may round, as they may where floats were given."""
    if any(_is_formal(part) for part in walk(node)):
        return False
    numbers = [v for part in walk(node) for v in _numbers(part)]
    return any(isinstance(v, (float, complex, np.inexact)) for v in numbers) and not all(map(_is_small, numbers))


def _is_formal(node: Any) -> bool:
    return isinstance(node, (FormalSignal, FormalOperator, Box)) or any(_free_symbols(node))


def _numbers(node: Any) -> list[Any]:
    if isinstance(node, Signal):
        return list(node.values.flat)
    if isinstance(node, (Character, AvgPool, LinearUp)):
        return [pi]
    return [node.scalar] if isinstance(node, Scale) else []


def _is_small(number: Any) -> bool:
    exact = exactly(number)
    parts = [
        Fraction(p)
        for p in ((exact.re, exact.im) if isinstance(exact, Gauss) else (exact,))
        if not isinstance(p, Value)
    ]
    return bool(parts) and all(abs(p) < 1024 and 1024 % p.denominator == 0 for p in parts)


def _here(node: Any) -> Signal:
    """Known samples computed by the judge."""
    if isinstance(node, Applied):
        return acted(node.operator, node.signal)  # type: ignore[return-value]
    return _as_signal(Judge(node.ndim or 1).signal(node), node.ndim or 1)


def _public_part(part: Any) -> Any:
    if isinstance(part, Node):
        return public(part)
    if isinstance(part, tuple) and any(isinstance(entry, Node) for entry in part):
        made = tuple(map(_public_part, part))
        return part if all(a is b for a, b in zip(part, made, strict=True)) else made
    return part


# statements


def pair(rng: Rng, kind: type[Exact], ndim: int = 0, most: int = 4) -> tuple[Any, Any, str]:
    """(lhs, rhs, hint) before anything is computed: equal, or a near miss."""
    palette = kind(rng.getrandbits(64))
    _PALETTE[:] = [palette]
    ndim = ndim or (1 if palette.random() < 0.85 else 2)
    start = _start(palette, ndim)
    lhs, _ = generate.rewritten(palette, start, palette.choice([0, 0, 1]), ndim)
    rhs, names = generate.rewritten(palette, start, palette.randint(1, most), ndim)
    if palette.random() < 0.5:
        return lhs, rhs, "equal: " + ", ".join(names)
    rhs, miss = generate.somewhere(palette, rhs, MISSES, ndim)
    return lhs, rhs, f"miss: {miss}"


def _start(palette: Exact, ndim: int) -> Any:
    while True:
        made: Any = generate.operator(palette, ndim)
        if made.ndim in (None, ndim):
            break
    choice = palette.random()
    if choice < 0.3:
        made = Applied(made, palette.known(ndim))
    elif choice < 0.35:
        made = SignalSum((Applied(made, palette.known(ndim)), palette.known(ndim)))
    return made


def miss_angle(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A character turned a little otherwise."""
    if not isinstance(node, Character):
        return None
    by = rng.choice([pi, pi / 60, -2 * w, R(1, 10**20)])
    return _scaled(node, lambda a, b: a + b, pack((by, *(0,) * (len(axes(node.frequency)) - 1))))


MISSES = [*generate.MISSES, miss_angle, miss_formal]


def random_pair(rng: Rng, kind: type[Exact]) -> tuple[Any, ...]:
    """(lhs, rhs, hint, claims, meant): what is put to the prover, and what the judge is to judge."""
    lhs, rhs, hint = pair(rng, kind)
    claims = tuple(Claim("even", q) for q in kind.even if _occurs(q, lhs) or _occurs(q, rhs))
    return public(lhs), public(rhs), hint, claims, (lhs, rhs)


def blocks_pair(rng: Rng) -> tuple[Any, ...]:
    """The same about blocks."""
    lhs, rhs, hint = generate_blocks.random_pair(Exact(rng.getrandbits(64)))
    return public(lhs), public(rhs), hint, (), (lhs, rhs)


def _occurs(q: FormalSignal, side: Any) -> bool:
    return any(isinstance(node, FormalSignal) and node.name == q.name for node in walk(side))


# kernels of all lengths and dtypes


def long_pair(rng: Rng) -> tuple[Any, ...]:
    """One sequence in two dtypes, or two that differ in one place by as little as may be."""
    palette = Exact(rng.getrandbits(64))
    a = _sequence(palette)
    equal = rng.random() < 0.5
    b = a if equal else _changed(palette, a)
    one, other = (_padded(rng, dressed(rng, s)) for s in (a, b))
    lhs, rhs = _around(palette, one, other)
    if rng.random() < 0.5:
        lhs, rhs = rhs, lhs
    return public(lhs), public(rhs), "equal: dtype" if equal else "miss: dtype", (), (lhs, rhs)


def _sequence(rng: Exact) -> Signal:
    size = rng.choice([1, 2, 5, 40, 63, 64, 65, 66, 80, 130])
    families: list[list[Any]] = [
        [0, 1, -1, 2, 3], [2**53, 2**53 + 1, 2**53 + 2], [2**53 + 1, 2**62 - 1, -(2**60)], [0.1, 0.25, -0.0, 1.0],
        [float(np.float32(0.1)), 0.1], [1e-300, 2.0**-1074, 1.0], [float(2**53), 1.0], [1j, 1 + 2j, 0.5], [0, 0, 0, 1],
        [Fraction(1, 3), 1, 0.1], [2**64, 1, 2**53 + 1], [float(np.float16(0.1)), 1.0],
    ]  # fmt: skip
    family = rng.choice(families)
    values = np.empty(size, dtype=object)
    values[:] = [rng.choice(family) for _ in range(size)]
    return signal_of(values, (rng.randint(-3, 3),))


def _changed(rng: Exact, a: Signal) -> Signal:
    values = np.array(a.values, dtype=object)
    at = rng.choice([0, len(values) - 1, rng.randrange(len(values))])
    exact = exactly(values[at])
    steps = [exact + 1, exact - 1, exact * (1 + Fraction(1, 2**52)), -exact if exact else 1]
    changed = rng.choice(steps) if exact != 0 else rng.choice([1, Fraction(1, 2**1074)])
    values[at] = shown(changed)
    return signal_of(values, a.starts)


def _padded(rng: Rng, a: Signal) -> Signal:
    """Zeros around, which change no sequence."""
    if rng.random() < 0.6:
        return a
    before, after = rng.randint(0, 3), rng.randint(0, 3)
    if a.is_exact:
        zero = [sympy.Integer(0)]
        return Signal([*zero * before, *a.values.tolist(), *zero * after], start=a.start - before)
    return Signal(np.pad(a.values, (before, after)), start=a.start - before)


def _around(rng: Exact, a: Signal, b: Signal) -> tuple[Any, Any]:
    """Two sides that are equal where both sequences are."""
    c, k, s = rng.number(), rng.choice([1, 2, 3]), rng.randint(-3, 3)
    other = rng.samples((2,))
    makers: list[Callable[[], tuple[Any, Any]]] = [
        lambda: (Conv(a), Conv(b)),
        lambda: (a, b),
        lambda: (Conv(a) @ Down(k), Down(k) @ Conv(acted(Up(k), b))),
        lambda: (compose((Conv(a), Conv(other))), compose((Conv(other), Conv(b)))),
        lambda: (Conv(a) - Conv(b), oa.Zero()),
        lambda: (Scale(c, Conv(a)), Conv(acted(Scale(c, Identity()), b))),
        lambda: (Applied(Scale(c, Shift(s)), a), acted(Scale(c, Shift(s)), b)),
        lambda: (Applied(Conv(other), a), acted(Conv(b), other)),
        lambda: (Applied(Conv(other), a), Applied(Conv(b), other)),
        lambda: (Conv(a) + Conv(a), Scale(2, Conv(b))),
        lambda: (Conv(a).T, Conv(acted(Flip(), b))),
        lambda: (Conv(a) + Conv(b), Conv(b) + Conv(a)),
    ]
    if len(a.values) == len(b.values) and a.starts == b.starts:
        makers.append(lambda: (Modulate(a), Modulate(b)))
    return rng.choice(makers)()
