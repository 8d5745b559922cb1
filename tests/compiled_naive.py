"""Random filters between two rates, and what they give by the definition: every sum written out, in wider numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np

from opalgebra.engine.arrays.rules import CODES

DTYPES = [np.dtype(name) for name in ("f4", "f8", "c8", "c16", "i8")]
INEXACT = DTYPES[:4]

Pairs = list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Case:
    """The arguments of a filter, and an input for it."""

    taps: np.ndarray
    start: list[int]
    up: list[int]
    down: list[int]
    out: Pairs
    read: Pairs
    rules: list[str]
    x: np.ndarray

    @property
    def kernel(self) -> tuple[int, ...]:
        """How many taps there are, per axis."""
        return self.taps.shape

    @property
    def gain(self) -> float:
        """Σ|h|."""
        return float(np.abs(self.taps).sum())

    def made(self, make: Any) -> Any:
        """A plan or a transform, by the function that makes it."""
        return make(self.taps, self.start, self.up, self.down, self.out, self.read, self.x.dtype, self.rules)

    def expected(self) -> np.ndarray:
        """y_n = Σ_j h_j x_{(M n − j)/L}."""
        rank, dtype = self.taps.ndim, self.x.dtype
        wide = {"c": np.clongdouble, "f": np.longdouble, "i": np.int64}[dtype.kind]
        x, taps = self.x.astype(wide), self.taps.astype(wide)
        y = np.zeros(x.shape[: x.ndim - rank] + tuple(n for _, n in self.out), wide)
        axes = [self._reads(axis) for axis in range(rank)]
        for n in product(*(range(size) for _, size in self.out)):
            for terms in product(*(axis.get(i, []) for axis, i in zip(axes, n, strict=True))):
                tap = taps[tuple(t for t, _, _ in terms)]
                if tap:
                    sample = x[(..., *(k for _, k, _ in terms))]
                    y[(..., *n)] += tap * sample * prod(sign for _, _, sign in terms)
        return y

    def _reads(self, axis: int) -> dict[int, list[tuple[int, int, int]]]:
        """For each output: (tap, place in x, sign) of what it reads."""
        found: dict[int, list[tuple[int, int, int]]] = {}
        (a, size), (c, length) = self.out[axis], self.read[axis]
        for i, t in product(range(size), range(self.kernel[axis])):
            m, rest = divmod(self.down[axis] * (a + i) - self.start[axis] - t, self.up[axis])
            place = None if rest else continued(m - c, length, self.rules[axis])
            if place is not None:
                found.setdefault(i, []).append((t, *place))
        return found

    def agrees(self, y: np.ndarray) -> bool:
        """Whether y is the expected output, to a few roundings of the largest sum of magnitudes."""
        want = self.expected()
        if y.shape != want.shape or y.dtype != self.x.dtype:
            return False
        if y.dtype.kind == "i":
            return np.array_equal(y, want)
        scale = (self.gain + 1) * float(np.abs(self.x).max(initial=0) + 1)
        return bool((np.abs(y - want) <= 4 * np.finfo(y.dtype).eps * scale).all())

    def reach(self, at: np.ndarray) -> np.ndarray:
        """Which outputs depend on the inputs that ``at`` marks."""
        rules = [rule.removeprefix("anti") for rule in self.rules]
        marks = replace(self, taps=(self.taps != 0).astype(float), x=at.astype(float), rules=rules)
        return marks.expected() > 0


def continued(m: int, size: int, rule: str) -> tuple[int, int] | None:
    """The sample that stands at m, and its sign: found by walking, one fold after the other."""
    sign = 1
    while not 0 <= m < size:
        if rule == "zero":
            return None
        if rule == "edge":
            m = 0 if m < 0 else size - 1
        elif rule == "wrap":
            m += size if m < 0 else -size
        elif rule == "reflect":
            m = 0 if size == 1 else -m if m < 0 else 2 * (size - 1) - m
        else:
            m = -1 - m if m < 0 else 2 * size - 1 - m
            sign = -sign if rule == "antisymmetric" else sign
    return m, sign


def draw(rng: np.random.Generator, shape: Any, dtype: np.dtype) -> np.ndarray:
    """Random numbers of a dtype."""
    if dtype.kind == "i":
        return rng.integers(-50, 50, shape)
    values = rng.standard_normal(shape)
    return (values + 1j * rng.standard_normal(shape) if dtype.kind == "c" else values).astype(dtype)


def draw_case(rng: np.random.Generator, dtype: np.dtype, rank: int, long: bool = False) -> Case:
    """A random filter; ``long`` ones have hundreds of outputs and more phases."""

    def integers(low: int, high: int) -> list[int]:
        return rng.integers(low, high, rank).tolist()

    def sizes() -> list[int]:
        return integers(0 if rng.random() < 0.1 else 1, 700 if long else 9 if rank > 1 else 40)

    up = rng.choice([1, 1, 2, 3, 4, 6, 7] + [8, 10, 17] * long, rank).tolist()
    down = (rng.choice([1, 1, 2, 3, 4, 5, 9] + [8, 11, 16] * long, rank) * rng.choice([1, 1, 1, -1], rank)).tolist()
    real = np.dtype(dtype.type().real.dtype)
    shape = integers(0 if rng.random() < 0.05 else 1, 6 if rank > 1 else 20)
    taps = draw(rng, shape, dtype if rng.random() < 0.5 else real)
    if rng.random() < 0.3:
        taps[rng.random(taps.shape) < 0.5] = 0
    start, out, inputs = integers(-15, 15), list(zip(integers(-30, 30), sizes(), strict=True)), sizes()
    middles = [(m * (a + n // 2) - j) // k for j, k, m, (a, n) in zip(start, up, down, out, strict=True)]
    read = [(middle - int(rng.integers(-5, k + 5)), k) for middle, k in zip(middles, inputs, strict=True)]
    rules = [str(rng.choice(list(CODES))) if all(inputs) and rng.random() < 0.6 else "zero" for _ in range(rank)]
    lead = [2] if long else rng.integers(0 if rng.random() < 0.1 else 1, 3, int(rng.integers(0, 3))).tolist()
    return Case(taps, start, up, down, out, read, rules, draw(rng, (*lead, *inputs), dtype))


@dataclass(frozen=True, eq=False)
class Mixing(Case):
    """The same where taps (groups, outs, ins, \\*K) are matrices between channels: x is (…, groups · ins, \\*space)."""

    def expected(self) -> np.ndarray:
        """y_n = Σ_j H_j x_{(M n − j)/L}."""
        rank, (groups, outs, ins) = self.taps.ndim - 3, self.taps.shape[:3]
        wide = {"c": np.clongdouble, "f": np.longdouble, "i": np.int64}[self.x.dtype.kind]
        taps, lead = self.taps.astype(wide), self.x.shape[: -rank - 1]
        x = self.x.astype(wide).reshape(*lead, groups, ins, *self.x.shape[-rank:])
        y = np.zeros((*lead, groups, outs, *(n for _, n in self.out)), wide)
        axes = [self._reads(axis) for axis in range(rank)]
        for n in product(*(range(size) for _, size in self.out)):
            for terms in product(*(axis.get(i, []) for axis, i in zip(axes, n, strict=True))):
                matrix = taps[(..., *(t for t, _, _ in terms))] * prod(sign for _, _, sign in terms)
                if matrix.any():
                    y[(..., *n)] += (matrix * x[(..., *(k for _, k, _ in terms))][..., None, :]).sum(-1)
        return y.reshape(*lead, groups * outs, *y.shape[-rank:])

    @property
    def kernel(self) -> tuple[int, ...]:
        """How many taps there are, per axis."""
        return self.taps.shape[3:]

    @property
    def gain(self) -> float:
        """Σ|h|, of the output channel where it is largest."""
        return float(np.abs(self.taps).sum(axis=tuple(range(2, self.taps.ndim))).max(initial=0))


def draw_mixing(rng: np.random.Generator, dtype: np.dtype, rank: int, channels: int, side: int = 7) -> Mixing:
    """A random filter between at most so many channels."""
    case = draw_case(rng, dtype, rank)
    groups, outs, ins = 1, *rng.integers(1, channels + 1, 2).tolist()
    if rng.random() < 0.4:
        groups, outs, ins = rng.integers(1, 5), -(-outs // 4), -(-ins // 4)
    real = np.dtype(dtype.type().real.dtype)
    shape = rng.integers(1, 5, rank).tolist()
    taps = draw(rng, (groups, outs, ins, *shape), dtype if rng.random() < 0.5 else real)
    taps[..., rng.random(shape) < 0.2] = 0  # such as the taps between those of a dilated kernel
    up, down = rng.integers(1, 4, rank).tolist(), (rng.integers(1, 5, rank) * rng.choice([1, 1, 1, -1], rank)).tolist()
    out = [(a, min(n, side * k)) for (a, n), k in zip(case.out, up, strict=True)]
    sizes = [min(n, side * abs(m)) for (_, n), m in zip(case.read, down, strict=True)]
    middles = [(m * (a + n // 2) - j) // k for j, k, m, (a, n) in zip(case.start, up, down, out, strict=True)]
    read = [(middle - int(rng.integers(-3, n + 3)), n) for middle, n in zip(middles, sizes, strict=True)]
    x = draw(rng, (*case.x.shape[: case.x.ndim - rank], groups * ins, *sizes), dtype)
    return Mixing(taps, case.start, up, down, out, read, case.rules, x)
