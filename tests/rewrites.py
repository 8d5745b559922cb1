"""True rewritings for random statements: the laws of the algebra, written by hand and once more.

A rule takes random numbers, a node and the number of axes, and gives an equal node, or None where it does
not apply.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import gcd, lcm
from typing import Any

import numpy as np

from opalgebra.expr import walk
from opalgebra.expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from opalgebra.expr.named import AvgPool, Corr, DilatedConv, Named, Repeat, StridedConv, TransposedConv
from opalgebra.expr.node import Node
from opalgebra.expr.operators import (
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Scale,
    Sum,
    Transpose,
    Zero,
    add,
    compose,
)
from opalgebra.expr.signals import FormalSignal, Signal, SignalExpr

from .generate_numbers import Palette, exactly, shown, signal_of
from .judge import Judge

Rng = random.Random


def scalar(rng: Rng) -> Any:
    """An int, a fraction, a dyadic float or a Gaussian number."""
    if isinstance(rng, Palette):
        return rng.number()
    choice = rng.random()
    if choice < 0.4:
        return rng.choice([-3, -2, -1, 2, 3])
    if choice < 0.7:
        return Fraction(rng.choice([-3, -1, 1, 2, 5]), rng.choice([2, 3, 4]))
    if choice < 0.85:
        return rng.choice([0.5, -0.25, 1.5])
    return complex(rng.randint(-2, 2), rng.choice([-1, 1, 2]))


def factor(rng: Rng, ndim: int) -> Any:
    """A factor 1 … 4, or one per axis."""
    return pack(tuple(rng.choice([1, 2, 2, 3, 3, 4] if ndim == 1 else [1, 2, 3]) for _ in range(ndim)))


def shift(rng: Rng, ndim: int) -> Any:
    """A shift of a few samples per axis."""
    return pack(tuple(rng.randint(-4, 4) for _ in range(ndim)))


# factors per axis


def axes(value: Any) -> tuple[Any, ...]:
    """A factor or shift as a tuple."""
    return value if isinstance(value, tuple) else (value,)


def pack(values: tuple[Any, ...]) -> Any:
    """A tuple as a factor or shift: the bare number on one axis."""
    return values[0] if len(values) == 1 else values


def _each(rule: Callable[..., Any], *values: Any) -> Any:
    return pack(tuple(rule(*entries) for entries in zip(*[axes(v) for v in values], strict=True)))


def _all(rule: Callable[..., bool], *values: Any) -> bool:
    return all(rule(*entries) for entries in zip(*[axes(v) for v in values], strict=True))


# concrete kernels, computed here and not by the engines


def acted(operator_: LinearOperator, signal: SignalExpr) -> SignalExpr:
    """The signal A x: computed where x is concrete, an expression otherwise."""
    if any(isinstance(node, (FormalSignal, FormalOperator)) for root in (operator_, signal) for node in walk(root)):
        return operator_ @ signal
    judge = Judge(signal.ndim or 1)
    return _as_signal(judge.apply(operator_, judge.signal(signal)), signal.ndim or 1)


def _as_signal(samples: dict[tuple[int, ...], Any], ndim: int) -> Signal:
    if not samples:
        return Signal(np.zeros((1,) * ndim, dtype=int))
    low = tuple(min(axis) for axis in zip(*samples, strict=True))
    high = tuple(max(axis) for axis in zip(*samples, strict=True))
    values = np.full([b - a + 1 for a, b in zip(low, high, strict=True)], 0, dtype=object)
    for at, value in samples.items():
        values[tuple(n - a for n, a in zip(at, low, strict=True))] = value
    return signal_of(values, low)


def reindexed(modulation: Modulate, rules: list[Callable[[int], int]]) -> Modulate:
    """w'_n = w_{rule(n)} on each axis, for rules that respect the period."""
    w = modulation.sequence
    shape = w.values.shape
    values = np.empty_like(w.values)
    for at in product(*[range(p) for p in shape]):
        moved = (rule(n) for rule, n in zip(rules, at, strict=True))
        values[at] = w.values[tuple((n - a) % p for n, a, p in zip(moved, w.starts, shape, strict=True))]
    return Modulate(Signal(values))


def _scaled_modulation(modulation: Modulate, k: Any) -> Modulate:
    return reindexed(modulation, [lambda n, j=j: j * n for j in axes(k)])


def _shifted_modulation(modulation: Modulate, s: Any) -> Modulate:
    return reindexed(modulation, [lambda n, d=d: n - d for d in axes(s)])


def _product_modulation(a: Modulate, b: Modulate) -> Modulate:
    u, w = a.sequence, b.sequence
    shape = tuple(lcm(p, r) for p, r in zip(u.values.shape, w.values.shape, strict=True))
    values = np.full(shape, 0, dtype=object)
    for at in product(*[range(p) for p in shape]):
        one, other = (
            exactly(s.values[tuple((n - c) % p for n, c, p in zip(at, s.starts, s.values.shape, strict=True))])
            for s in (u, w)
        )
        values[at] = one * other
    return Modulate(signal_of(values, (0,) * values.ndim))


# true rewriting of two neighbours in a composition


def _pair_resampling(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    if isinstance(a, Up) and isinstance(b, Up):
        return (Up(_each(lambda x, y: x * y, a.factor, b.factor)),)
    if isinstance(a, Down) and isinstance(b, Down):
        return (Down(_each(lambda x, y: x * y, a.factor, b.factor)),)
    if isinstance(a, Down) and isinstance(b, Up):
        g = _each(gcd, a.factor, b.factor)
        divide = lambda x, y: x // y  # noqa: E731
        return Up(_each(divide, b.factor, g)), Down(_each(divide, a.factor, g))
    if isinstance(a, Up) and isinstance(b, Down) and _all(lambda x, y: gcd(x, y) == 1, a.factor, b.factor):
        return b, a
    return None


def _pair_noble(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    if isinstance(a, Conv) and isinstance(b, Down):
        return b, Conv(acted(Up(b.factor), a.kernel))
    if isinstance(a, Up) and isinstance(b, Conv):
        return Conv(acted(Up(a.factor), b.kernel)), a
    k = getattr(a, "factor", getattr(b, "factor", 1))
    residues = list(product(*[range(j) for j in axes(k)]))
    if len(residues) > 4:
        return None
    if isinstance(a, Down) and isinstance(b, Conv):
        return (add(tuple(compose((Conv(_part(b.kernel, k, r)), a, Shift(pack(r)))) for r in residues)),)
    if isinstance(a, Conv) and isinstance(b, Up):
        return (add(tuple(compose((Shift(pack(r)), b, Conv(_part(a.kernel, k, r)))) for r in residues)),)
    return None


def _part(q: SignalExpr, k: Any, r: tuple[int, ...]) -> SignalExpr:
    """The polyphase part q_r = ↓k S^{−r} q."""
    return acted(compose((Down(k), Shift(pack(tuple(-n for n in r))))), q)


def _pair_shift(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    times = lambda x, y: x * y  # noqa: E731
    if isinstance(a, Shift) and isinstance(b, Shift):
        return (Shift(_each(lambda x, y: x + y, a.shift, b.shift)),)
    if isinstance(a, Shift) and isinstance(b, Down):
        return b, Shift(_each(times, a.shift, b.factor))
    if isinstance(a, Up) and isinstance(b, Shift):
        return Shift(_each(times, b.shift, a.factor)), a
    if isinstance(a, Down) and isinstance(b, Shift) and _all(lambda s, k: s % k == 0, b.shift, a.factor):
        return Shift(_each(lambda s, k: s // k, b.shift, a.factor)), a
    if isinstance(a, Conv) and isinstance(b, Shift):
        return rng.choice([(b, a), (Conv(acted(b, a.kernel)),)])
    if isinstance(a, Shift) and isinstance(b, Conv):
        return rng.choice([(b, a), (Conv(acted(a, b.kernel)),)])
    return None


def _pair_flip(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    if isinstance(a, Flip) and isinstance(b, Flip):
        return (Identity(),)
    if not isinstance(a, Flip):
        return None
    if isinstance(b, (Up, Down)):
        return b, a
    if isinstance(b, Shift):
        return Shift(_each(lambda s: -s, b.shift)), a
    if isinstance(b, Conv):
        return Conv(acted(a, b.kernel)), a
    if isinstance(b, Modulate):
        return reindexed(b, [lambda n: -n] * b.sequence.ndim), a
    return None


def _pair_modulate(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    if isinstance(a, Modulate) and isinstance(b, Modulate):
        return (_product_modulation(a, b),)
    if isinstance(a, Shift) and isinstance(b, Modulate):
        return _shifted_modulation(b, a.shift), a
    if isinstance(a, Down) and isinstance(b, Modulate):
        return _scaled_modulation(b, a.factor), a
    if isinstance(a, Modulate) and isinstance(b, Up):
        return b, _scaled_modulation(a, b.factor)
    return None


def _pair_convolutions(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    if isinstance(a, Conv) and isinstance(b, Conv):
        return rng.choice([(b, a), (Conv(acted(a, b.kernel)),), (Conv(acted(b, a.kernel)),)])
    return None


def _pair_distribute(rng: Rng, a: LinearOperator, b: LinearOperator) -> tuple[LinearOperator, ...] | None:
    if isinstance(b, Sum):
        return (add(tuple(compose((a, term)) for term in b.terms)),)
    if isinstance(a, Sum):
        return (add(tuple(compose((term, b)) for term in a.terms)),)
    if isinstance(a, Scale):
        return (Scale(a.scalar, compose((a.operator, b))),)
    return (Scale(b.scalar, compose((a, b.operator))),) if isinstance(b, Scale) else None


PAIRS = [
    _pair_resampling,
    _pair_noble,
    _pair_shift,
    _pair_flip,
    _pair_modulate,
    _pair_convolutions,
    _pair_distribute,
]


def _compose_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    if not isinstance(node, Compose):
        return None
    pairs = [*PAIRS, *rng.pairs] if isinstance(rng, Palette) else PAIRS
    for i in rng.sample(range(len(node.factors) - 1), len(node.factors) - 1):
        for rule in rng.sample(pairs, len(pairs)):
            made = rule(rng, node.factors[i], node.factors[i + 1])
            if made is not None:
                return compose((*node.factors[:i], *made, *node.factors[i + 2 :]))
    return None


# true rewriting of one node


def _push_transpose(rng: Rng, node: Node, ndim: int) -> Node | None:
    if not isinstance(node, (Transpose, Adjoint, Conj)):
        return None
    wrap, inside = type(node), node.operator
    turns, conjugates = wrap is not Conj, wrap is not Transpose
    if isinstance(inside, Compose):
        parts = tuple(wrap(part) for part in inside.factors)
        return compose(parts[::-1] if turns else parts)
    if isinstance(inside, Sum):
        return add(tuple(wrap(term) for term in inside.terms))
    if isinstance(inside, Scale):
        return Scale(inside.scalar.conjugate() if conjugates else inside.scalar, wrap(inside.operator))
    if type(inside) is wrap:
        return inside.operator
    if isinstance(inside, (Flip, Identity, Zero)):
        return inside
    return _wrapped_letter(inside, turns, conjugates)


def _wrapped_letter(inside: LinearOperator, turns: bool, conjugates: bool) -> LinearOperator | None:
    if isinstance(inside, (Up, Down)):
        return (Down if isinstance(inside, Up) else Up)(inside.factor) if turns else inside
    if isinstance(inside, Shift):
        return Shift(_each(lambda s: -s, inside.shift)) if turns else inside
    if isinstance(inside, Modulate):
        return Modulate(inside.sequence.conj()) if conjugates else inside
    if isinstance(inside, Conv):
        q = inside.kernel.conj() if conjugates else inside.kernel
        return Conv(acted(Flip(), q) if turns else q)
    return None


def _define(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A named composition written out, by the definitions in the contract."""
    if isinstance(node, StridedConv):
        return compose((Down(node.factor), Conv(node.kernel)))
    if isinstance(node, TransposedConv):
        return compose((Conv(node.kernel), Up(node.factor)))
    if isinstance(node, DilatedConv):
        return Conv(acted(Up(node.factor), node.kernel))
    if isinstance(node, Corr):
        return Adjoint(Conv(node.kernel))
    if not isinstance(node, Named):
        return None
    k = node.factor
    ones = Signal(np.ones(axes(k), dtype=int))
    size = int(np.prod(axes(k)))
    if isinstance(node, Repeat):
        return compose((Conv(ones), Up(k)))
    if isinstance(node, AvgPool):
        return Scale(Fraction(1, size), compose((Down(k), Transpose(Conv(ones)))))
    return Scale(Fraction(1, size), compose((Conv(ones), Transpose(Conv(ones)), Up(k))))


def _split_letter(rng: Rng, node: Node, ndim: int) -> Node | None:
    if isinstance(node, (Up, Down)):
        parts = [
            (a, b)
            for a, b in product(product(range(1, 5), repeat=ndim), repeat=2)
            if all(x * y == k for x, y, k in zip(a, b, axes(node.factor), strict=True))
        ]
        if parts:
            a, b = rng.choice(parts)
            return compose((type(node)(pack(a)), type(node)(pack(b))))
    if isinstance(node, Shift):
        a = shift(rng, ndim)
        return compose((Shift(a), Shift(_each(lambda s, d: s - d, node.shift, a))))
    return None


def _split_convolution(rng: Rng, node: Node, ndim: int) -> Node | None:
    if not isinstance(node, Conv):
        return None
    if isinstance(node.kernel, Signal):
        samples = Judge(ndim).signal(node.kernel)
        if samples and len(samples) <= 4:
            return add(tuple(Scale(shown(w), Shift(pack(at))) for at, w in samples.items()))
    k = pack(tuple(rng.choice([1, 2, 3]) for _ in range(ndim)))
    residues = list(product(*[range(j) for j in axes(k)]))
    if len(residues) > 4:
        return None
    parts = [(r, Conv(acted(Up(k), _part(node.kernel, k, r)))) for r in residues]
    return add(tuple(compose((Shift(pack(r)), part)) for r, part in parts))


def _insert(rng: Rng, node: Node, ndim: int) -> Node | None:
    if not isinstance(node, LinearOperator):
        return None
    choice = rng.randrange(6)
    if choice == 0:
        wrap = rng.choice([Transpose, Adjoint, Conj])
        return wrap(wrap(node))
    if choice == 1:
        return compose((Flip(), Flip(), node))
    if choice == 2:
        k = factor(rng, ndim)
        return compose((Down(k), Up(k), node))
    if choice == 3:
        c = scalar(rng)
        return add((Scale(c, node), Scale(shown(1 - exactly(c)), node)))
    if choice == 4:
        s = shift(rng, ndim)
        return compose((Shift(s), Shift(_each(lambda d: -d, s)), node))
    return _blocks(rng, node, ndim)


def _blocks(rng: Rng, node: LinearOperator, ndim: int) -> Node | None:
    """I = Σ_r S^r ↑k ↓k S^{−r} in front of an operator that is one letter."""
    if isinstance(node, (Compose, Sum, Scale)):
        return None
    k = pack(tuple(rng.choice([1, 2, 3]) for _ in range(ndim)))
    residues = list(product(*[range(j) for j in axes(k)]))
    if len(residues) > 4:
        return None
    minus = [pack(tuple(-n for n in r)) for r in residues]
    blocks = [(Shift(pack(r)), Up(k), Down(k), Shift(m)) for r, m in zip(residues, minus, strict=True)]
    return add(tuple(compose((*block, node)) for block in blocks))


def _reorder(rng: Rng, node: Node, ndim: int) -> Node | None:
    if not isinstance(node, Sum):
        return None
    terms = list(node.terms)
    rng.shuffle(terms)
    return add(tuple(terms))


RULES = [_compose_rule, _compose_rule, _push_transpose, _define, _split_letter, _split_convolution, _insert, _reorder]
