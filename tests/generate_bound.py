"""Random operators on arrays: trees with known taps, sizes, windows and boundaries."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import opalgebra as oa
from opalgebra.expr import walk

from .judge_bound import BOUNDARIES

Rng = random.Random
Operator = oa.LinearOperator


@dataclass(frozen=True)
class Sample:
    """What ``A.on(sizes, out=…, boundary=…)`` is asked."""

    operator: Operator
    sizes: tuple[int, ...]
    boundary: tuple[str, ...]

    @property
    def n(self) -> Any:
        """The size as a user writes it."""
        return self.sizes if len(self.sizes) > 1 else self.sizes[0]


# Letters


def taps(rng: Rng, shape: tuple[int, ...], kinds: str) -> Any:
    """Integers, quarters, complex integers, or exact fractions; now and then a zero."""
    values = np.array([rng.choice([-3, -2, -1, 0, 1, 2, 3]) for _ in range(int(np.prod(shape)))]).reshape(shape)
    kind = rng.choice(kinds)
    if kind == "f":
        return values / 4
    if kind == "c":
        return values + 1j * np.array([rng.randint(-2, 2) for _ in range(values.size)]).reshape(shape)
    if kind == "q":
        return np.vectorize(lambda v: Fraction(int(v), 3), otypes=[object])(values).tolist()  # exact ones come in lists
    return values


def kernel(rng: Rng, ndim: int, kinds: str) -> oa.Signal:
    """1 … 6 taps on one axis (longer than a short signal), fewer on several; the start may be negative."""
    longest = {1: 6, 2: 3}.get(ndim, 2)
    shape = tuple(rng.randint(1, longest) for _ in range(ndim))
    return oa.Signal(taps(rng, shape, kinds), start=tuple(rng.randint(-4, 2) for _ in range(ndim)))


def per_axis(rng: Rng, ndim: int, low: int, high: int) -> Any:
    entries = tuple(rng.randint(low, high) for _ in range(ndim))
    return entries[0] if ndim == 1 else entries


def letter(rng: Rng, ndim: int, kinds: str) -> Operator:
    """One letter or named composition."""
    k = per_axis(rng, ndim, 1, 3)
    makers: list[tuple[int, Callable[[], Operator]]] = [
        (6, lambda: oa.Conv(kernel(rng, ndim, kinds))),
        (4, lambda: oa.Up(k)),
        (4, lambda: oa.Down(k)),
        (3, lambda: oa.Shift(per_axis(rng, ndim, -3, 3))),
        (2, oa.Flip),
        (2, lambda: oa.Modulate(taps(rng, tuple(rng.randint(1, 3) for _ in range(ndim)), kinds))),
        (1, lambda: rng.choice([oa.StridedConv, oa.DilatedConv, oa.TransposedConv])(kernel(rng, ndim, kinds), k)),
        (1, lambda: oa.Repeat(k) if "q" not in kinds else rng.choice([oa.Repeat, oa.AvgPool, oa.LinearUp])(k)),
        (1, lambda: oa.Corr(kernel(rng, ndim, kinds))),
    ]
    return rng.choices([make for _, make in makers], [weight for weight, _ in makers])[0]()


def turned(rng: Rng, operator: Operator) -> Operator:
    return rng.choice([operator.T, operator.H, operator.conj()])


def word(rng: Rng, ndim: int, kinds: str) -> Operator:
    """A composition of a few letters whose factors stay small."""
    while True:
        letters = [letter(rng, ndim, kinds) for _ in range(rng.randint(1, 4 if ndim == 1 else 2))]
        size = 1
        for one in letters:
            for node in walk(one):
                factor = getattr(node, "factor", 1)
                size *= max(factor) if isinstance(factor, tuple) else factor
        if size <= 12:
            break
    made = turned(rng, letters[0]) if rng.random() < 0.2 else letters[0]
    for one in letters[1:]:
        made = made @ (turned(rng, one) if rng.random() < 0.2 else one)
    return made


def tree(rng: Rng, ndim: int, kinds: str = "ifcq") -> Operator:
    """A word, a sum of words of any rates, a power, a multiple, a transpose, a small block."""
    made = word(rng, ndim, kinds)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        made = made + word(rng, ndim, kinds)
    if rng.random() < 0.2:
        made = rng.choice([2, -1, Fraction(1, 3), 0.5, 2 - 1j] if "c" in kinds else [2, -3]) * made
    if rng.random() < 0.15:
        made = turned(rng, made)
    if rng.random() < 0.1:
        made = letter(rng, ndim, kinds) @ made
    if rng.random() < 0.07:
        made = (oa.Conv(kernel(rng, ndim, kinds)) @ oa.Shift(per_axis(rng, ndim, -1, 1))) ** 2
    return made


def block(rng: Rng, ndim: int, kinds: str = "ifcq") -> Operator:
    """A grid of words with zeros and identities, two of them in a row, or phases around a word."""
    outs, ins = rng.randint(1, 3), rng.randint(1, 3)
    if rng.random() < 0.25:
        k = per_axis(rng, ndim, 1, 2)
        inner = oa.Block.diagonal(*[word(rng, ndim, kinds) for _ in range(int(np.prod(k)))])
        return rng.choice([oa.PixelShuffle(k) @ inner, inner @ oa.Polyphase(k)])
    made = _grid(rng, ndim, kinds, outs, ins)
    if rng.random() < 0.3:
        made = _grid(rng, ndim, kinds, rng.randint(1, 2), outs) @ made
    if rng.random() < 0.2:
        made = made + _grid(rng, ndim, kinds, *(made.channels or (1, 1)))
    return 2 * made.conj() if rng.random() < 0.2 else made


def _grid(rng: Rng, ndim: int, kinds: str, outs: int, ins: int) -> Operator:
    if rng.random() < 0.3:  # filters of one shape and rate, which run as one
        k, shape = per_axis(rng, ndim, 1, 2), (2,) * ndim
        full = [[oa.Conv(1 + np.abs(taps(rng, shape, "i"))) for _ in range(ins)] for _ in range(outs)]
        return oa.Block([[oa.Down(k) @ entry for entry in row] for row in full])
    drawn = [[rng.choice([0, oa.Identity(), word(rng, ndim, kinds), word(rng, ndim, kinds)]) for _ in range(ins)]
             for _ in range(outs)]  # fmt: skip
    drawn[0][0] = word(rng, ndim, kinds)
    return oa.Block(drawn)


# Samples


def dims(rng: Rng) -> int:
    return rng.choices([1, 2, 3], [70, 22, 8])[0]


def sample(seed: int, kinds: str = "ifcq", blocks: bool = False) -> Sample:
    """The sample of a seed."""
    rng = random.Random(f"bound {seed} {kinds} {blocks}")
    ndim = dims(rng)
    operator = (block if blocks else tree)(rng, ndim, kinds)
    while operator.ndim not in (None, ndim) or (blocks and operator.channels is None):
        operator = (block if blocks else tree)(rng, ndim, kinds)
    sizes = tuple(rng.randint(1, {1: 9, 2: 4}.get(ndim, 3)) for _ in range(ndim))
    one = rng.choice(BOUNDARIES)
    mixed = tuple(rng.choice(BOUNDARIES) for _ in range(ndim)) if rng.random() < 0.3 else (one,) * ndim
    return Sample(operator, sizes, mixed)


def window(rng: Rng, full: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """A window by hand: around the full one, inside of it, empty, or far outside."""
    found = []
    kind = rng.choice(["around", "inside", "inside", "empty", "far"])
    for a, b in full:
        if kind == "empty":
            start = rng.randint(a - 2, b + 2)
            found.append((start, start))
        elif kind == "far":
            start = rng.choice([a - rng.randint(15, 40), b + rng.randint(10, 30)])
            found.append((start, start + rng.randint(0, 3)))
        else:
            pad = rng.randint(0, 3) if kind == "around" else -1
            found.append((a - pad, max(a - pad, b + pad)))
    return tuple(found)
