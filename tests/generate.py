"""Random statements lhs == rhs for the prover: half of them true by construction, half near misses.

A statement starts from a random operator.  True ones come from rewriting it by laws of the algebra, one
random place at a time; near misses take such a pair and change one small thing.  The laws are written
here by hand and once more, apart from the package's own table of laws; the judge has the last word.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from opalgebra.expr.calls import CALLS
from opalgebra.expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from opalgebra.expr.named import AvgPool, Corr, DilatedConv, LinearUp, Repeat, StridedConv, TransposedConv
from opalgebra.expr.node import Node, nodes_in
from opalgebra.expr.operators import (
    Adjoint,
    Compose,
    Conj,
    Identity,
    LinearOperator,
    Scale,
    Sum,
    Transpose,
    add,
    compose,
)
from opalgebra.expr.signals import Applied, FormalSignal, Signal, SignalExpr
from opalgebra.expr.tree import walk

from .generate_numbers import Palette, nudged, signal_of
from .rewrites import RULES, acted, axes, factor, pack, reindexed, scalar, shift

Rng = random.Random
STRIDED = [StridedConv, DilatedConv, TransposedConv]
LARGEST = 90  # nodes; a pair above this is not rewritten further


# numbers, kernels, letters


def _taps(rng: Rng, shape: tuple[int, ...]) -> Any:
    kind = rng.random()
    values = np.array([rng.randint(-3, 3) for _ in range(int(np.prod(shape)))]).reshape(shape)
    if kind < 0.6:
        return values
    if kind < 0.8:
        return values / 4
    return values + 1j * np.array([rng.randint(-2, 2) for _ in range(values.size)]).reshape(shape)


def kernel(rng: Rng, ndim: int, formal: bool = False) -> SignalExpr:
    """A concrete kernel of up to 4 taps per axis (unless all are ``formal``), a formal one, or an operator on one."""
    if isinstance(rng, Palette):
        return rng.kernel(ndim)
    choice = rng.uniform(0.45, 1) if formal else rng.random()
    if choice < 0.45:
        shape = tuple(rng.randint(1, 4 if ndim == 1 else 2) for _ in range(ndim))
        return Signal(_taps(rng, shape), start=tuple(rng.randint(-2, 1) for _ in range(ndim)))
    q = FormalSignal(rng.choice("qqp"))
    if choice < 0.8:
        return q
    acting = rng.choice([Up(factor(rng, ndim)), Flip(), Down(factor(rng, ndim)), Shift(shift(rng, ndim))])
    applied = acting @ q
    return applied.conj() if choice > 0.95 else applied


def _modulation(rng: Rng, ndim: int) -> LinearOperator:
    if isinstance(rng, Palette):
        return rng.modulation(ndim)
    shape = tuple(rng.randint(1, 4 if ndim == 1 else 2) for _ in range(ndim))
    return Modulate(Signal(_taps(rng, shape)))


WEIGHED = "Conv Up Down Shift Flip Modulate StridedConv DilatedConv TransposedConv Repeat AvgPool LinearUp Corr"
OTHER = "Identity Zero Polyphase PixelShuffle"
# Letters that nobody has weighed; where all are, two that are.
NEWEST = [made for name, made in CALLS.items() if name not in f"{WEIGHED} {OTHER}".split()] or [
    CALLS["Up"], CALLS["AvgPool"],
]  # fmt: skip


class Newest(random.Random):
    """Random numbers that draw the newest letters often, while those of others stay as they were."""


def _of_parts(rng: Rng, ndim: int, formal: bool, kind: Any, roles: tuple[str, ...]) -> LinearOperator:
    draw = {
        "signal": lambda: kernel(rng, ndim, formal),
        "factor": lambda: factor(rng, ndim),
        "shift": lambda: shift(rng, ndim),
    }
    made: LinearOperator = kind(*(draw[role]() for role in roles))
    return made


def letter(rng: Rng, ndim: int, formal: bool = False) -> LinearOperator:
    """One letter or named composition."""
    makers: list[tuple[int, Callable[[], LinearOperator]]] = [
        (6, lambda: Conv(kernel(rng, ndim, formal))),
        (5, lambda: Up(factor(rng, ndim))),
        (5, lambda: Down(factor(rng, ndim))),
        (3, lambda: Shift(shift(rng, ndim))),
        (2, Flip),
        (1, lambda: _modulation(rng, ndim)),
        (
            1,
            lambda: rng.choice([StridedConv, DilatedConv, TransposedConv])(
                kernel(rng, ndim, formal), factor(rng, ndim)
            ),
        ),
        (1, lambda: rng.choice([Repeat, AvgPool, LinearUp])(factor(rng, ndim))),
        (1, lambda: Corr(kernel(rng, ndim, formal))),
    ]
    if isinstance(rng, Newest):
        makers += [(9, lambda made=made: _of_parts(rng, ndim, formal, *made)) for made in NEWEST]
    if isinstance(rng, Palette):
        makers += [(weight, lambda make=make: make(ndim)) for weight, make in rng.letters]
    weights = [weight for weight, _ in makers]
    return rng.choices([make for _, make in makers], weights)[0]()


def _bounded(word: list[LinearOperator], limit: int) -> bool:
    """Whether the factors of a word multiply to something that brute force can walk through."""
    size = 1
    for operator in word:
        for node in walk(operator):
            size *= max(axes(getattr(node, "factor", 1)))
    return size <= limit


def word(rng: Rng, ndim: int, formal: bool = False) -> LinearOperator:
    """A composition of one to six letters, some of them transposed."""
    while True:
        count = rng.choice([1, 2, 2, 3, 3, 4, 5, 6] if ndim == 1 else [1, 2, 3])
        letters = [letter(rng, ndim, formal) for _ in range(count)]
        if _bounded(letters, 200 if ndim == 1 else 10):
            break
    decorated = [_decorate(rng, one) if rng.random() < 0.15 else one for one in letters]
    return compose(tuple(decorated))


def _decorate(rng: Rng, operator: LinearOperator) -> LinearOperator:
    return rng.choice([Transpose, Adjoint, Conj])(operator)


def operator(rng: Rng, ndim: int, formal: bool = False) -> LinearOperator:
    """A word, or a sum of a few; scaled, transposed, composed with a sum now and then."""
    terms = [word(rng, ndim, formal) for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3]))]
    scaled = [Scale(scalar(rng), term) if rng.random() < 0.25 else term for term in terms]
    made = add(tuple(scaled))
    if rng.random() < 0.2:
        made = _decorate(rng, made)
    if rng.random() < 0.1:
        made = compose((made, letter(rng, ndim)))
    return made


# near misses


def _miss_letter(rng: Rng, node: Node, ndim: int) -> Node | None:
    if isinstance(node, (Up, Down)):
        if rng.random() < 0.3:
            return (Down if isinstance(node, Up) else Up)(node.factor)
        return type(node)(_nudged(rng, node.factor, 1))
    if isinstance(node, (StridedConv, DilatedConv, TransposedConv)):
        return type(node)(node.kernel, _nudged(rng, node.factor, 1))
    if isinstance(node, (Repeat, AvgPool, LinearUp)):
        return type(node)(_nudged(rng, node.factor, 1))
    if isinstance(node, Shift):
        return Shift(_nudged(rng, node.shift, None))
    if isinstance(node, Flip):
        return Identity()
    if isinstance(node, Corr):
        return Transpose(Conv(node.kernel))
    return reindexed(node, [lambda n: n + 1] * ndim) if isinstance(node, Modulate) else None


def _nudged(rng: Rng, value: Any, least: int | None) -> Any:
    entries = list(axes(value))
    i = rng.randrange(len(entries))
    moved = entries[i] + rng.choice([-1, 1])
    entries[i] = moved if least is None or moved >= least else entries[i] + 1
    return pack(tuple(entries))


def _miss_kernel(rng: Rng, node: Node, ndim: int) -> Node | None:
    if isinstance(node, Signal) and isinstance(rng, Palette):
        return _nudged_signal(rng, node)
    if isinstance(node, Signal):
        values = np.array(node.values)
        at = tuple(rng.randrange(n) for n in values.shape)
        values[at] += rng.choice([-1, 1])
        return Signal(values, start=node.start)
    if isinstance(node, Conv):
        return Conv(rng.choice([acted(Flip(), node.kernel), node.kernel.conj()]))
    return FormalSignal("p" if node.name == "q" else "q") if isinstance(node, FormalSignal) else None


def _nudged_signal(rng: Palette, node: Signal) -> Signal:
    """One value changed, be it by very little, at any place, or all of them moved by one."""
    if rng.random() < 0.1:
        return Signal(node.values, start=tuple(n + 1 for n in node.starts))
    values = np.array(node.values, dtype=object)
    at = tuple(rng.randrange(n) for n in values.shape)
    values[at] = nudged(rng, node.values[at])
    return signal_of(values, node.starts)


def _miss_structure(rng: Rng, node: Node, ndim: int) -> Node | None:
    if isinstance(node, Compose):
        i = rng.randrange(len(node.factors) - 1)
        before, pair, after = node.factors[:i], node.factors[i : i + 2], node.factors[i + 2 :]
        return compose((*before, *rng.choice([pair[::-1], pair[:1], pair[1:]]), *after))
    if isinstance(node, Sum):
        i = rng.randrange(len(node.terms))
        return add(node.terms[:i] + node.terms[i + 1 :])
    if isinstance(node, Scale) and isinstance(rng, Palette):
        return Scale(nudged(rng, node.scalar), node.operator)
    if isinstance(node, Scale):
        return Scale(rng.choice([-node.scalar, node.scalar + 1, node.scalar.conjugate()]), node.operator)
    if isinstance(node, Adjoint):
        return Transpose(node.operator)
    return node.operator if isinstance(node, (Transpose, Conj)) else None


MISSES = [_miss_letter, _miss_kernel, _miss_structure]


# applying a rule somewhere in a tree


def _places(root: Node, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Node]]:
    yield path, root
    children = [] if isinstance(root, Signal) else nodes_in(root.parts())
    for i, child in enumerate(children):
        yield from _places(child, (*path, i))


def _with(root: Node, path: tuple[int, ...], new: Node) -> Any:
    if not path:
        return new
    parts, count = [], 0
    for part in root.parts():
        if isinstance(part, Node) or (isinstance(part, tuple) and part and isinstance(part[0], Node)):
            entries = part if isinstance(part, tuple) else (part,)
            changed = tuple(_with(e, path[1:], new) if count + i == path[0] else e for i, e in enumerate(entries))
            count += len(entries)
            part = changed if isinstance(part, tuple) else changed[0]
        parts.append(part)
    if isinstance(root, Applied) and isinstance(parts[1], (Signal, Applied)):
        return Applied(*parts)  # not computed yet: see public() of generate_exact.py
    return root.rebuilt(tuple(parts))


def somewhere(rng: Rng, root: Any, rules: list[Any], ndim: int) -> tuple[Any, str]:
    """The expression with one of ``rules`` applied at one random place, and the rule's name."""
    places = list(_places(root))
    for path, node in rng.sample(places, len(places)):
        for rule in rng.sample(rules, len(rules)):
            made = rule(rng, node, ndim)
            if made is not None:
                return _with(root, path, made), rule.__name__.lstrip("_")
    return root, "nothing"


def rewritten(rng: Rng, root: Any, count: int, ndim: int) -> tuple[Any, list[str]]:
    """An equal expression, ``count`` random true rewritings away."""
    names = []
    rules = [*RULES, *rng.rules] if isinstance(rng, Palette) else RULES
    for _ in range(count):
        made, name = somewhere(rng, root, rules, ndim)
        if sum(1 for _ in walk(made)) <= LARGEST:
            root = made
            names.append(name)
    return root, names


def random_pair(rng: Rng, ndim: int = 0, formal: bool = False) -> tuple[Any, Any, str]:
    """A random statement (lhs, rhs, hint); the hint says how it was made: "equal: …" or "miss: …".

    ``ndim`` is 1 or 2, or 0 for mostly 1.  Where all kernels are ``formal``, some statements are about signals.
    """
    ndim = ndim or (1 if rng.random() < 0.85 else 2)
    start: Any = operator(rng, ndim, formal)
    while start.ndim not in (None, ndim):
        start = operator(rng, ndim, formal)
    if formal and rng.random() < 0.2:
        start = Applied(start, rng.choice([FormalSignal("q"), FormalSignal("x")]))
    lhs, _ = rewritten(rng, start, rng.choice([0, 0, 1, 2]), ndim)
    rhs, names = rewritten(rng, start, rng.randint(1, 5), ndim)
    if rng.random() < 0.5:
        return lhs, rhs, "equal: " + ", ".join(names)
    rhs, miss = somewhere(rng, rhs, MISSES, ndim)
    return lhs, rhs, f"miss: {miss}"
