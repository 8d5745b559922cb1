"""Laws of what is given: hypotheses of factors and kernels, and what follows from those that have a name."""

from __future__ import annotations

from typing import Any

from ...expr import Conv, Down, Flip, FormalOperator, FormalSignal, Identity, Modulate, Up, Zero
from ..equations import Relation, Symmetric, equation, nyquist, orthonormal, paraunitary, symmetric
from ..facts import Hypothesis, equal
from . import given
from .law import Rule, Sides
from .sources import VAIDYANATHAN

SIGN = Modulate([1, -1])


def _equation(A: Any, B: Any) -> tuple[Hypothesis, ...]:
    return (equation(A, B),) if isinstance(A, FormalOperator) and isinstance(B, FormalOperator) else ()


def _even(q: Any) -> tuple[Symmetric, ...]:
    return (symmetric(q),) if isinstance(q, FormalSignal) else ()


def _orthonormal(q: Any) -> tuple[Relation, ...]:
    return (orthonormal(q, 2),) if isinstance(q, FormalSignal) else ()


def _pair(h: Any, g: Any) -> tuple[Relation, ...]:
    return (paraunitary([h, g], 2),) if isinstance(h, FormalSignal) and isinstance(g, FormalSignal) else ()


def _nyquist(h: Any) -> tuple[Relation, ...]:
    return (nyquist(h, 2),) if isinstance(h, FormalSignal) else ()


def _energy(h: Any, g: Any) -> Sides:
    return Conv(h).H @ Conv(h) + Conv(g).H @ Conv(g), 2 * Identity()


def _symmetric_power(q: Any) -> Sides:
    return Conv(q) @ Conv(q).H + Conv(SIGN @ q) @ Conv(SIGN @ q).H, 2 * Identity()


def _alias(h: Any, g: Any) -> Sides:
    return Conv(h).H @ Conv(SIGN @ h) + Conv(g).H @ Conv(SIGN @ g), Zero()


HYPOTHESES = [
    Rule("substitute", "k:factor a:factor m:factor", lambda k, a, m: (Down(k), Down(a * m)), "a hypothesis k = a m",
        lambda k, a, m: (Down(k), Down(a)), conditions=("k = a m",), needs=lambda k, a, m: k == a * m,
        given=lambda k, a, m: (equal(k, a * m),), made=given.substituted),
    Rule("given", "A:operator B:operator", lambda A, B: (A, B), "a hypothesis A = B", lambda A, B: (A, 2 * B),
        conditions=("A = B",), needs=lambda A, B: A == B, given=_equation,
        made=given.used_as("given"), unmade=given.used_as("given", back=True)),
    Rule("symmetric", "q:kernel", lambda q: (Conv(Flip() @ q), Conv(q)), f"{VAIDYANATHAN}, §2.4",
        lambda q: (Conv(Flip() @ q), -Conv(q)), conditions=("q even",), needs=lambda q: q == Flip() @ q,
        given=_even,
        made=given.used_as("symmetric"), unmade=given.used_as("symmetric", back=True)),
    Rule("nyquist-samples", "h:kernel", lambda h: (Down(2) @ Conv(h) @ Up(2), Identity()), f"{VAIDYANATHAN}, §4.6",
        lambda h: (Conv(h), Identity()), conditions=("h Nyquist for k = 2",), given=_nyquist,
        made=given.used_as("nyquist-samples")),
    Rule("autocorrelation", "q:kernel",
        lambda q: (Conv(Up(2) @ (Down(2) @ (Conv(q) @ (Flip() @ q.conj())))), Identity()), f"{VAIDYANATHAN}, §6.2",
        lambda q: (Conv(q) @ Conv(q).H, Identity()), conditions=("q orthonormal for k = 2",), given=_orthonormal,
        made=given.used_as("autocorrelation")),
    Rule("power-symmetric", "q:kernel", _symmetric_power, f"{VAIDYANATHAN}, §5.3",
        lambda q: (_symmetric_power(q)[0], Identity()), conditions=("q orthonormal for k = 2",), given=_orthonormal,
        made=given.used_as("power-symmetric")),
    Rule("power-complementary", "h:kernel g:kernel", _energy, f"{VAIDYANATHAN}, §6.2",
        lambda h, g: (_energy(h, g)[0], Identity()), conditions=("h, g paraunitary for k = 2",), given=_pair,
        made=given.used_as("power-complementary")),
    Rule("alias-free", "h:kernel g:kernel", _alias, f"{VAIDYANATHAN}, §6.2",
        lambda h, g: (_alias(h, g)[0], Identity()), conditions=("h, g paraunitary for k = 2",), given=_pair,
        made=given.used_as("alias-free")),
]  # fmt: skip
