"""Random statements with symbols k, m in factors and shifts, sums over r < k, and hypotheses about them.

The true rules are the textbook ones for every k, written here once more; a near miss changes one small thing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import sympy

import opalgebra as oa
from opalgebra.expr import free_symbols, substitute, walk
from opalgebra.expr.node import Node
from opalgebra.expr.operators import Adjoint, Compose, Conj, Identity, LinearOperator, Scale, Transpose, add, compose
from opalgebra.expr.operators import Sum as Total
from opalgebra.expr.signals import Applied, FormalSignal, Signal
from opalgebra.expr.sums import IndexedSum

from .generate import somewhere
from .judge_claims import Claim, integer_symbols

Rng = random.Random
Pair = tuple[LinearOperator, ...]
k, m = oa.factors("k m")
q, p = oa.signals("q p")
FACTORS = [k, k, m, m, k * m, 2 * k, 2, 3]
INDICES = oa.integers("r s t u v w")
LARGEST = 60  # nodes


# letters and words


def _kernel(rng: Rng) -> Any:
    choice = rng.random()
    if choice < 0.5:
        return rng.choice([q, q, p])
    if choice < 0.7:
        return oa.Up(rng.choice(FACTORS)) @ q
    if choice < 0.8:
        return oa.Down(rng.choice([k, m, 2])) @ q
    return Signal([rng.randint(-3, 3) or 1 for _ in range(rng.randint(1, 3))], start=rng.randint(-2, 1))


def _shift(rng: Rng) -> Any:
    return rng.choice([1, -2, k, -k, m, k * m, k + 1, 2 * k - m])


def letter(rng: Rng) -> LinearOperator:
    """One letter or named composition."""
    f = rng.choice(FACTORS)
    makers: list[tuple[int, Callable[[], LinearOperator]]] = [
        (5, lambda: oa.Up(f)),
        (5, lambda: oa.Down(f)),
        (5, lambda: oa.Conv(_kernel(rng))),
        (2, lambda: oa.Shift(_shift(rng))),
        (1, oa.Flip),
        (1, lambda: oa.Repeat(f)),
        (1, lambda: oa.AvgPool(f)),
        (1, lambda: oa.Conv(oa.box(f))),
        (1, lambda: rng.choice([oa.StridedConv, oa.DilatedConv, oa.TransposedConv])(_kernel(rng), f)),
        (1, lambda: oa.Corr(_kernel(rng))),
    ]
    return rng.choices([make for _, make in makers], [weight for weight, _ in makers])[0]()


def word(rng: Rng) -> LinearOperator:
    """One to four letters, some of them transposed."""
    letters = [letter(rng) for _ in range(rng.choice([1, 2, 2, 3, 3, 4]))]
    wrapped = [rng.choice([Transpose, Adjoint, Conj])(one) if rng.random() < 0.1 else one for one in letters]
    return compose(tuple(wrapped))


def sum_of(rng: Rng) -> LinearOperator:
    """Σ_{r<k} of a word with r in its shifts."""
    r = INDICES[0]
    makers = [
        lambda: oa.Shift(rng.choice([r, -r, k * r, r + 1, k - 1 - r])),
        lambda: oa.Shift(rng.choice([r, -r])),
        lambda: oa.Up(rng.choice([k, k, m, 2])),
        lambda: oa.Down(rng.choice([k, k, m, 2])),
        lambda: oa.Conv(rng.choice([q, _part(q, k, rng.choice([r, -r, 1])), oa.Up(k) @ _part(q, k, r)])),
        lambda: oa.Conv(oa.Shift(r) @ Signal([1, 2])),
        oa.Flip,
    ]
    body = compose(tuple(rng.choice(makers)() for _ in range(rng.randint(1, 4))))
    return oa.Sum(body, (r, 0, rng.choice([k, k, m, 2 * k, 2])))


def _part(kernel: Any, factor: Any, r: Any) -> Any:
    return oa.Down(factor) @ oa.Shift(-r) @ kernel


# true rules


def _over(a: Any, b: Any) -> Any:
    """a / b where it is a factor for every k and m, else None."""
    ratio = sympy.sympify(a) / b
    return ratio if ratio.is_Integer or (sympy.fraction(ratio)[1] == 1 and ratio != 1) else None


def _resampled(a: Any, b: Any) -> Pair | None:
    if isinstance(a, (oa.Up, oa.Down)) and type(a) is type(b):
        return (type(a)(a.factor * b.factor),)
    if isinstance(a, oa.Down) and isinstance(b, oa.Up):
        if (up := _over(b.factor, a.factor)) is not None:
            return (oa.Up(up),)
        if (down := _over(a.factor, b.factor)) is not None:
            return (oa.Down(down),)
    return None


def _noble(a: Any, b: Any) -> Pair | None:
    if isinstance(a, oa.Conv) and isinstance(b, oa.Down):
        return b, oa.Conv(oa.Up(b.factor) @ a.kernel)
    if isinstance(a, oa.Up) and isinstance(b, oa.Conv):
        return oa.Conv(oa.Up(a.factor) @ b.kernel), a
    if isinstance(a, oa.Down) and isinstance(b, oa.Conv) and _is_up(b.kernel, a.factor):
        return oa.Conv(b.kernel.signal), a
    if isinstance(a, oa.Conv) and isinstance(b, oa.Up) and _is_up(a.kernel, b.factor):
        return b, oa.Conv(a.kernel.signal)
    return None


def _is_up(kernel: Any, factor: Any) -> bool:
    return isinstance(kernel, Applied) and isinstance(kernel.operator, oa.Up) and kernel.operator.factor == factor


def _shifted(a: Any, b: Any) -> Pair | None:
    if isinstance(a, oa.Shift) and isinstance(b, oa.Shift):
        return (oa.Shift(a.shift + b.shift),)
    if isinstance(a, oa.Shift) and isinstance(b, oa.Down):
        return b, oa.Shift(sympy.expand(a.shift * b.factor))
    if isinstance(a, oa.Up) and isinstance(b, oa.Shift):
        return oa.Shift(sympy.expand(b.shift * a.factor)), a
    if isinstance(a, oa.Flip):
        if isinstance(b, oa.Shift):
            return oa.Shift(-b.shift), a
        if isinstance(b, (oa.Up, oa.Down)):
            return b, a
        if isinstance(b, oa.Flip):
            return (Identity(),)
        return (oa.Conv(oa.Flip() @ b.kernel), a) if isinstance(b, oa.Conv) else None
    return (b, a) if {type(a), type(b)} <= {oa.Conv, oa.Shift} else None


def _convolved(a: Any, b: Any) -> Pair | None:
    if isinstance(a, oa.Conv) and isinstance(b, oa.Conv):
        return (oa.Conv(oa.Conv(a.kernel) @ b.kernel),)
    return None


def _phases(rng: Rng, a: Any, b: Any) -> Pair | None:
    """Polyphase forms of ↓ after and ↑ before a convolution."""
    for conv, other in ((a, b), (b, a)):
        if isinstance(conv, oa.Conv) and isinstance(other, oa.Up if conv is a else oa.Down):
            r = _fresh(conv)
            part = oa.Conv(_part(conv.kernel, other.factor, r))
            terms = (oa.Shift(r), other, part) if conv is a else (part, other, oa.Shift(r))
            return (oa.Sum(compose(terms), (r, 0, other.factor)),)
    return None


def _fresh(*nodes: Any) -> Any:
    taken = {symbol.name for node in nodes for symbol in free_symbols(node)}
    return next(r for r in INDICES if r.name not in taken)


def pair_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """Two neighbours of a composition written otherwise."""
    if not isinstance(node, Compose):
        return None
    rules = [_resampled, _noble, _shifted, _convolved, lambda a, b: _phases(rng, a, b)]
    for i in rng.sample(range(len(node.factors) - 1), len(node.factors) - 1):
        for rule in rng.sample(rules, len(rules)):
            made = rule(node.factors[i], node.factors[i + 1])
            if made is not None:
                return compose((*node.factors[:i], *made, *node.factors[i + 2 :]))
    return None


def define_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A name by its definition, a letter taken apart, a transpose pushed inwards."""
    match node:
        case oa.Repeat():
            return rng.choice([oa.Conv(oa.box(node.factor)) @ oa.Up(node.factor), _summed_repeat(node)])
        case oa.StridedConv():
            return oa.Down(node.factor) @ oa.Conv(node.kernel)
        case oa.TransposedConv():
            return oa.Conv(node.kernel) @ oa.Up(node.factor)
        case oa.DilatedConv():
            return oa.Conv(oa.Up(node.factor) @ node.kernel)
        case oa.Corr():
            return Adjoint(oa.Conv(node.kernel))
        case oa.Up() | oa.Down() if node.factor == k * m:
            return compose((type(node)(k), type(node)(m)))
        case Transpose() | Adjoint() | Conj():
            return _pushed(node)
        case oa.Conv() if rng.random() < 0.5:
            return _polyphase(rng, node)
    return None


def _summed_repeat(node: Any) -> LinearOperator:
    r = INDICES[3]
    return oa.Sum(oa.Shift(r) @ oa.Up(node.factor), (r, 0, node.factor))


def _polyphase(rng: Rng, node: Any) -> Node:
    r, f = _fresh(node), rng.choice([k, m, 2])
    return oa.Sum(oa.Shift(r) @ oa.Conv(oa.Up(f) @ _part(node.kernel, f, r)), (r, 0, f))


def _pushed(node: Any) -> Node | None:
    inside, turns = node.operator, not isinstance(node, Conj)
    if isinstance(inside, Compose):
        parts = tuple(type(node)(part) for part in inside.factors)
        return compose(parts[::-1] if turns else parts)
    if isinstance(inside, (oa.Up, oa.Down)):
        return (oa.Down if isinstance(inside, oa.Up) else oa.Up)(inside.factor) if turns else inside
    if isinstance(inside, IndexedSum):
        return IndexedSum(type(node)(inside.body), inside.index, inside.stop)
    if isinstance(inside, oa.Conv) and isinstance(node, Transpose):
        return oa.Conv(oa.Flip() @ inside.kernel)
    return inside.operator if type(inside) is type(node) else None


def insert_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """Something that is the identity put in front."""
    if not isinstance(node, LinearOperator):
        return None
    f, s = rng.choice(FACTORS), _shift(rng)
    choice = rng.randrange(5)
    if choice == 0:
        return compose((oa.Down(f), oa.Up(f), node))
    if choice == 1:
        return compose((oa.Shift(s), oa.Shift(-s), node))
    if choice == 2:
        wrap = rng.choice([Transpose, Adjoint, Conj])
        return wrap(wrap(node))
    if choice == 3:
        c = rng.choice([-1, 2, 3])
        return add((Scale(c, node), Scale(1 - c, node)))
    r = _fresh(node)
    return compose((oa.Sum(oa.Shift(r) @ oa.Up(f) @ oa.Down(f) @ oa.Shift(-r), (r, 0, f)), node))


def sum_rule(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A sum from its other end, under another name, or with a factor pulled in; terms in another order."""
    if isinstance(node, Total):
        return add(node.terms[::-1])
    if isinstance(node, Compose):
        for i, part in enumerate(node.factors[1:], 1):
            before = node.factors[i - 1]
            if isinstance(part, IndexedSum) and part.index not in free_symbols(before):
                inside = IndexedSum(compose((before, part.body)), part.index, part.stop)
                return compose((*node.factors[: i - 1], inside, *node.factors[i + 1 :]))
    if not isinstance(node, IndexedSum):
        return None
    other = rng.choice([node.stop - 1 - node.index, node.index])
    r = _fresh(node)
    body = substitute(node.body, {node.index: sympy.sympify(other).xreplace({node.index: r})})
    return IndexedSum(body, r, node.stop)


RULES = [pair_rule, pair_rule, define_rule, insert_rule, sum_rule]


# near misses


def miss_letter(rng: Rng, node: Node, ndim: int) -> Node | None:
    """A factor, a shift, a kernel or a bound changed."""
    match node:
        case oa.Up() | oa.Down():
            if rng.random() < 0.3:
                return (oa.Down if isinstance(node, oa.Up) else oa.Up)(node.factor)
            return type(node)(_other_factor(rng, node.factor))
        case oa.Repeat() | oa.AvgPool():
            return type(node)(_other_factor(rng, node.factor))
        case oa.Shift():
            return oa.Shift(node.shift + rng.choice([1, -1, k]))
        case oa.Flip():
            return Identity()
        case oa.Conv():
            return oa.Conv(rng.choice([oa.Flip() @ node.kernel, oa.Up(2) @ node.kernel, node.kernel.conj()]))
        case IndexedSum():
            changed = [(oa.Shift(node.index) @ node.body, node.stop), (node.body, _other_factor(rng, node.stop))]
            body, stop = rng.choice(changed)
            return IndexedSum(body, node.index, stop)
        case FormalSignal():
            return p if node.name == "q" else q
    return None


def _other_factor(rng: Rng, value: Any) -> Any:
    return rng.choice([f for f in FACTORS if f != value])


def miss_structure(rng: Rng, node: Node, ndim: int) -> Node | None:
    """Neighbours swapped, a letter or a term left out, an adjoint for a transpose."""
    if isinstance(node, Compose):
        i = rng.randrange(len(node.factors) - 1)
        a, b = node.factors[i : i + 2]
        return compose((*node.factors[:i], *rng.choice([(b, a), (b, a), (a,), (b,)]), *node.factors[i + 2 :]))
    if isinstance(node, Total):
        return add(node.terms[1:])
    return node.operator if isinstance(node, (Transpose, Conj)) else None


MISSES = [miss_letter, miss_structure, miss_structure]


# hypotheses


def _given(rng: Rng) -> Claim:
    return rng.choice([
        Claim("coprime", k, m), Claim("coprime", k, 2), Claim("coprime", k, 2 * m), Claim("divides", k, m),
        Claim("divides", 2, k), Claim("not divides", 2, k), Claim("equal", m, 2 * k), Claim("equal", k, 2 * m),
        Claim("even", q),
    ])  # fmt: skip


def under(claim: Claim) -> list[Any]:
    """The rules that a hypothesis adds."""

    def rule(rng: Rng, node: Node, ndim: int) -> Node | None:
        if claim.kind == "even":
            turned = isinstance(node, oa.Conv) and node.kernel == claim.a
            return oa.Conv(oa.Flip() @ claim.a) if turned else None
        if claim.kind == "equal":
            known = isinstance(node, (oa.Up, oa.Down)) and node.factor == claim.a
            return type(node)(claim.b) if known else None
        if claim.kind == "coprime" and isinstance(node, Compose):
            for i, (a, b) in enumerate(zip(node.factors, node.factors[1:], strict=False)):
                ends = {type(a), type(b)} == {oa.Up, oa.Down}
                if ends and {a.factor, b.factor} == {claim.a, claim.b}:
                    return compose((*node.factors[:i], b, a, *node.factors[i + 2 :]))
        return None

    return [rule] * 3


# statements


def _size(node: Any) -> int:
    return sum(1 for _ in walk(node))


def _rewritten(rng: Rng, root: Any, count: int, rules: list[Any]) -> Any:
    for _ in range(count):
        made, _ = somewhere(rng, root, rules, 1)
        if _size(made) <= LARGEST:
            root = made
    return root


def _start(rng: Rng, fact: Any, sums: bool) -> LinearOperator:
    if sums:
        return compose((sum_of(rng), letter(rng))) if rng.random() < 0.2 else sum_of(rng)
    if fact is not None and fact.kind == "coprime" and rng.random() < 0.7:
        pair = [oa.Up(fact.a), oa.Down(fact.b)]
        rng.shuffle(pair)
        return compose((*([letter(rng)] if rng.random() < 0.5 else []), *pair))
    return word(rng)


def random_pair(rng: Rng, sums: bool = False, hypotheses: bool = False) -> tuple[Any, Any, str, tuple[Claim, ...]]:
    """(lhs, rhs, hint, claims): equal, or a near miss; what is claimed speaks of names of the statement."""
    while True:
        made = _any_pair(rng, sums, hypotheses)
        if all(speaks_of(claim, *made[:2]) for claim in made[3]):
            return made


def _any_pair(rng: Rng, sums: bool, hypotheses: bool) -> tuple[Any, Any, str, tuple[Claim, ...]]:
    fact = _given(rng) if hypotheses else None
    rules = RULES + (under(fact) if fact else [])
    start = _start(rng, fact, sums)
    if sums and rng.random() < 0.3:
        start = rng.choice([Transpose, Adjoint, Conj])(start)
    lhs = _rewritten(rng, start, rng.choice([0, 0, 1]), RULES)
    rhs = _rewritten(rng, start, rng.randint(1, 4), rules)
    equal = rng.random() < 0.5
    if not equal:
        rhs = somewhere(rng, rhs, MISSES, 1)[0]
    return lhs, rhs, "equal" if equal else "miss", (fact,) if fact else ()


def speaks_of(claim: Claim, *sides: Any) -> bool:
    """Whether all names of a claim occur in a statement."""
    names = {node.name for side in sides for node in walk(side) if isinstance(node, FormalSignal)}
    symbols = set(integer_symbols(*sides).values())
    return claim.symbols() <= symbols and (claim.is_about_factors or claim.a.name in names)
