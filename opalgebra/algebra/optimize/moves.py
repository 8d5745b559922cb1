"""Moves of the optimiser: what one part of an expression may become, by which laws.

A move is its lines, (law, new part): mostly one, several where those between cost more than both ends.  Nothing
here is trusted: :mod:`.optimize` has every line checked by the decision procedure.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import gcd
from typing import Any, TypeAlias

import numpy as np

from ...expr import Conv, Down, Named, Node, SamplingMatrix, Shift, Signal, Up, axes, is_symbolic, transform
from ...expr.operators import Compose, Identity, LinearOperator, Power, Scale, Sum, Zero, add, compose
from ..derive.collecting import collect
from ..derive.rewrite import by_law, common_factor, identity_gone, letter_named, without_wrapper
from ..laws.law import FORWARD
from ..laws.match import Spot, head_of, inner
from ..laws.table import laws
from .taps import comb, common_kind, compressed, exact_taps, kind_of, made, outer, product, scaled, sparse_factors
from .taps import total as total_of

Lines: TypeAlias = list[tuple[str, LinearOperator]]
Letters: TypeAlias = tuple[LinearOperator, ...]
POWER_LIMIT = 16  # factors of a power that is written out
PHASES = 16  # terms of the largest sum over phases


def spots(root: LinearOperator) -> Iterator[Spot]:
    """Every operator within an operator, outermost first, with the way to put another in its place."""
    stack: list[Spot] = [(root, lambda new: new)]
    while stack:
        node, put = stack.pop()
        yield node, put
        inside = [spot for spot in inner(node, put) if isinstance(spot[0], LinearOperator)]
        stack.extend(reversed(inside))


def tidy(root: LinearOperator) -> tuple[str, LinearOperator] | None:
    """Zeros and identities out of compositions and sums, everywhere; None where there are none."""
    used: list[str] = []

    def replace(node: Node) -> Node | None:
        found = _tidied(node)
        if found is not None:
            used.append(found[0])
        return found and found[1]

    new: LinearOperator = transform(root, replace)
    return (", ".join(dict.fromkeys(used)), new) if used else None


def _tidied(node: Any) -> tuple[str, LinearOperator] | None:
    if isinstance(node, Scale) and (node.scalar == 1 or isinstance(node.operator, Zero)):
        return "scale-one" if node.scalar == 1 else "collect-terms", node.operator
    if isinstance(node, Sum) and any(isinstance(term, Zero) for term in node.terms):
        return "collect-terms", add(tuple(term for term in node.terms if not isinstance(term, Zero)))
    if isinstance(node, Compose) and any(isinstance(letter, Zero) for letter in node.factors):
        return "zero-left", Zero()
    if isinstance(node, Compose) and any(isinstance(letter, Identity) for letter in node.factors):
        return "identity-left", compose(tuple(x for x in node.factors if not isinstance(x, Identity)))
    return None


def moves(node: Any, phases: bool) -> Iterator[Lines]:
    """What a part may become, with sums over phases or without."""
    if (isinstance(node, Power) and node.exponent > POWER_LIMIT) or (isinstance(node, Named) and node.blocks):
        return  # phases are shortest by their name
    for strategy in (without_wrapper, letter_named, identity_gone):
        found = strategy(node, ())
        if found is not None:
            yield [found[:2]]
    if isinstance(node, Compose):
        yield from _of_word(node.factors, phases)
        return
    yield from _of_part(node, phases)
    if isinstance(node, Sum):
        yield from _of_sum(node)
    elif isinstance(node, Scale):
        yield from _of_scale(node)
    elif isinstance(node, Conv):
        yield from _of_kernel(node)
        if phases:
            yield from _dilated(node)


# Compositions ---------------------------------------------------------------------------------------------------


def _of_word(letters: Letters, phases: bool) -> Iterator[Lines]:
    for i in range(len(letters)):
        for size in range(2, min(laws.longest, len(letters) - i) + 1):
            run = letters[i : i + size]
            for move in chain(_of_part(compose(run), phases), _around(run)):
                yield [(law, compose((*letters[:i], new, *letters[i + size :]))) for law, new in move]
        shared = common_factor(letters[i:]) if isinstance(letters[i], Down) and len(letters) > i + 1 else None
        if shared is not None:
            taken, (law, new, _) = shared
            yield [(law, compose((*letters[:i], new, *letters[i + taken :])))]


def _of_part(part: Any, phases: bool) -> Iterator[Lines]:
    """What a letter or a run of letters becomes by one law."""
    letters = part.factors if isinstance(part, Compose) else (part,)
    on_taps = any(isinstance(letter, Conv) for letter in letters) and all(map(_is_known, letters))
    for law, reverse in laws.tried(head_of(part)):
        if on_taps and (law.name, reverse) in _OF_TAPS:
            yield from _OF_TAPS[law.name, reverse](*letters)
        elif not law.summed or (phases and all(map(_has_few_phases, letters))):
            found = by_law(law, part, reverse, ())
            if found is not None:
                yield [found[:2]]


def _is_known(letter: Any) -> bool:
    """Whether a letter has known taps, or one factor per axis."""
    if isinstance(letter, Conv):
        return isinstance(letter.kernel, Signal)
    return not isinstance(getattr(letter, "factor", 1), SamplingMatrix)


def _has_few_phases(letter: LinearOperator) -> bool:
    return not isinstance(letter, Up | Down) or (isinstance(letter.factor, int) and 1 < letter.factor <= PHASES)


def _product(first: Any, second: Any) -> Iterator[Lines]:
    """Two known kernels multiplied out."""
    merged = product(first.kernel, second.kernel)
    if merged is not None:
        yield [("conv-conv", Conv(merged))]


def _around(run: Letters) -> Iterator[Lines]:
    """C_p ↓k C_q = ↓k C_{↑k p} C_q and C_p ↑k C_q = C_p C_{↑k q} ↑k, with the kernels multiplied out."""
    match run:
        case Conv() as first, Down() as down, Conv() as last:
            yield from _through(first.kernel, down, last.kernel, "noble-down", lambda kernel: down @ kernel)
        case Conv() as first, Up() as up, Conv() as last:
            yield from _through(last.kernel, up, first.kernel, "noble-up", lambda kernel: kernel @ up)


def _through(moved: Any, sampling: Any, other: Any, law: str, place: Any) -> Iterator[Lines]:
    """One kernel moved to the side of the higher rate, and multiplied with the kernel there."""
    known = isinstance(moved, Signal) and isinstance(other, Signal) and not is_symbolic(sampling.factor)
    if known or not isinstance(moved, Signal):
        wide = Up(sampling.factor) @ moved
        first, second = (wide, other) if law == "noble-down" else (other, wide)
        merged = product(first, second) if known else Conv(first) @ second
        if merged is not None:
            yield [(law, place(Conv(first) @ Conv(second))), ("conv-conv", place(Conv(merged)))]


def _noble_down(down: Any, conv: Any) -> Iterator[Lines]:
    """↓k C_q = ↓m C_r ↓g S^s where q = S^s ↑g r and k = m g."""
    found = None if is_symbolic(down.factor) else _combed(conv.kernel, axes(down.factor))
    if found is not None:
        start, step, rest, kernel = found
        letters = (*_sampling(Down, rest), *_kernel(kernel), Down(_entry(step)), *_delay(start))
        yield [("noble-down", compose(letters))]


def _noble_up(conv: Any, up: Any) -> Iterator[Lines]:
    """C_q ↑k = S^s ↑g C_r ↑m where q = S^s ↑g r and k = g m."""
    found = None if is_symbolic(up.factor) else _combed(conv.kernel, axes(up.factor))
    if found is not None:
        start, step, rest, kernel = found
        letters = (*_delay(start), Up(_entry(step)), *_kernel(kernel), *_sampling(Up, rest))
        yield [("noble-up", compose(letters))]


def _combed(kernel: Signal, factor: tuple[int, ...]) -> tuple[Any, Any, Any, Signal] | None:
    """(s, g, k/g, r) with the kernel S^s ↑g r and g the largest that divides k; None where g = 1."""
    if not kernel.items():
        return None  # no taps, no comb
    start, steps = comb(kernel)
    step = tuple(gcd(k, g) for k, g in zip(factor, steps, strict=True))
    if set(step) == {1}:
        return None
    rest = tuple(k // g for k, g in zip(factor, step, strict=True))
    return start, step, rest, compressed(kernel, start, step)


def _entry(value: tuple[int, ...]) -> Any:
    return value[0] if len(value) == 1 else value


def _sampling(kind: Any, factor: tuple[int, ...]) -> Letters:
    return (kind(_entry(factor)),) if any(k != 1 for k in factor) else ()


def _delay(start: tuple[int, ...]) -> Letters:
    return (Shift(_entry(start)),) if any(start) else ()


def _kernel(kernel: Signal) -> Letters:
    """The convolution, unless its kernel is the unit impulse of no other dtype than the data has."""
    one = kernel.values.size == 1 and bool(kernel.values.flat[0] == 1) and kernel.dtype.kind == "i" and kernel.weak
    return () if one and not any(kernel.starts) else (Conv(kernel),)


def _down_conv_up(down: Any, conv: Any, up: Any) -> Iterator[Lines]:
    """↓M C_q ↑L = ↓(M/g) C_{↓g q} ↑(L/g)."""
    if is_symbolic(down.factor) or is_symbolic(up.factor):
        return
    pairs = list(zip(axes(down.factor), axes(up.factor), strict=True))
    common = tuple(gcd(*pair) for pair in pairs)
    if set(common) == {1}:
        return
    low, high = (tuple(pair[i] // g for pair, g in zip(pairs, common, strict=True)) for i in (0, 1))
    thinned, start = Down(_entry(common)) @ conv.kernel, (0,) * len(common)
    if not thinned.values.size:
        thinned = made(np.zeros((1,) * len(common), dtype=object), start, kind_of(conv.kernel))
    between = Conv(thinned)
    after = compose((*_sampling(Down, low), between, *_sampling(Up, high)))
    shared = _entry(common)
    parted = compose((*_sampling(Down, low), Down(shared), conv, Up(shared), *_sampling(Up, high)))
    lines = [("up-up", parted)] if any(k != 1 for k in (*low, *high)) else []
    yield [*lines, ("down-conv-up", after)]


# Laws on known kernels, which stay of their kind, and of which several may be used at once.
_OF_TAPS: dict[tuple[str, bool], Any] = {
    ("conv-conv", FORWARD): _product, ("noble-down", FORWARD): _noble_down, ("noble-up", FORWARD): _noble_up,
    ("down-conv-up", FORWARD): _down_conv_up,
}  # fmt: skip


# Kernels --------------------------------------------------------------------------------------------------------


def _of_kernel(conv: Conv) -> Iterator[Lines]:
    """Known kernels taken apart: an axis of its own, sparse factors; zeros at the ends cut off."""
    kernel = conv.kernel
    if not isinstance(kernel, Signal):
        return
    pair = outer(kernel) if kernel.values.ndim > 1 else sparse_factors(kernel)
    if pair is not None:
        yield [("conv-conv", Conv(pair[0]) @ Conv(pair[1]))]
    short = made(exact_taps(kernel), kernel.starts, kind_of(kernel))
    if short is not None and short.values.size < kernel.values.size:
        yield [("collect-terms", Conv(short))]


def _dilated(conv: Conv) -> Iterator[Lines]:
    """Σ_r S^r ↑k C_q ↓k S^{−r} for a kernel ↑k q."""
    kernel: Any = conv.kernel
    if isinstance(kernel, Signal):
        start, step = comb(kernel)
        if len(step) > 1 or not 1 < step[0] <= PHASES or any(start):
            return
        factor, small = step[0], compressed(kernel, start, step)
    else:
        up = getattr(kernel, "operator", None)
        if not isinstance(up, Up) or not isinstance(up.factor, int) or not 1 < up.factor <= PHASES:
            return
        factor, small = up.factor, kernel.signal
    terms = [compose((*_delay((r,)), Up(factor), Conv(small), Down(factor), *_delay((-r,)))) for r in range(factor)]
    yield [("space-to-batch", add(tuple(terms)))]


def _of_scale(node: Scale) -> Iterator[Lines]:
    """c A with the factor in the taps of one of its convolutions."""
    letters = node.operator.factors if isinstance(node.operator, Compose) else (node.operator,)
    for i, letter in enumerate(letters):
        if isinstance(letter, Conv) and isinstance(letter.kernel, Signal):
            kernel = scaled(node.scalar, letter.kernel)
            if kernel is not None:
                yield [("collect-terms", compose((*letters[:i], Conv(kernel), *letters[i + 1 :])))]


# Sums -----------------------------------------------------------------------------------------------------------


def _of_sum(node: Sum) -> Iterator[Lines]:
    collected = collect(node, ())
    if collected is not None:
        yield [collected[:2]]
    yield from _of_filters(node)
    for last in (True, False):
        groups: dict[LinearOperator, list[int]] = {}
        words = [_word(term) for term in node.terms]
        for i, (_, letters) in enumerate(words):
            groups.setdefault(letters[-1] if last else letters[0], []).append(i)
        for letter, at in groups.items():
            if len(at) > 1 and not isinstance(letter, Identity):
                yield [("distribute-right" if last else "distribute-left", _factored(node, words, at, letter, last))]


def _word(term: LinearOperator) -> tuple[Any, Letters]:
    scalar, operator = (term.scalar, term.operator) if isinstance(term, Scale) else (1, term)
    return scalar, operator.factors if isinstance(operator, Compose) else (operator,)


def _factored(node: Sum, words: list[tuple[Any, Letters]], at: list[int], letter: Any, last: bool) -> LinearOperator:
    """The sum with a letter that some terms begin or end with written once."""
    rest = [(words[i][0], words[i][1][:-1] if last else words[i][1][1:]) for i in at]
    inside = add(tuple(compose(letters) if c == 1 else Scale(c, compose(letters)) for c, letters in rest))
    new = inside @ letter if last else letter @ inside
    others = [term for i, term in enumerate(node.terms) if i not in at]
    terms = others[: at[0]], others[at[0] :]
    return add((*terms[0], new, *terms[1]))


def _of_filters(node: Sum) -> Iterator[Lines]:
    """Terms that are known filters, added tap by tap."""
    kernels = {i: kernel for i, term in enumerate(node.terms) if (kernel := _taps_of(term, node.ndim)) is not None}
    if len(kernels) < 2:
        return
    merged = total_of(_of_one_kind(list(kernels.values())))
    if merged is not None:
        others = tuple(term for i, term in enumerate(node.terms) if i not in kernels)
        yield [("conv-sum", add((*others, Conv(merged))))]


def _of_one_kind(kernels: list[Signal]) -> list[Signal]:
    """Weak integer kernels as kernels of the kind that the others have."""
    kind = kind_of(kernels[0])
    for kernel in kernels[1:]:
        both = common_kind(kind, kind_of(kernel))
        if both is None:
            return kernels
        kind = both
    turned = [made(exact_taps(kernel), kernel.starts, kind) for kernel in kernels]
    return [kernel for kernel in turned if kernel is not None] if None not in turned else kernels


def _taps_of(term: LinearOperator, ndim: int | None) -> Signal | None:
    """The kernel of c C_q, c S^d or c I."""
    scalar, letters = _word(term)
    if len(letters) > 1:
        return None
    (letter,) = letters
    if isinstance(letter, Conv) and isinstance(letter.kernel, Signal):
        return letter.kernel if scalar == 1 else scaled(scalar, letter.kernel)
    at = axes(letter.shift) if isinstance(letter, Shift) else (0,) * (ndim or 1)
    if not isinstance(letter, Identity | Shift) or (isinstance(letter, Shift) and is_symbolic(letter.shift)):
        return None
    one = Signal([scalar])
    return Signal._wrap(one.values.reshape((1,) * len(at)), at, one.weak)
