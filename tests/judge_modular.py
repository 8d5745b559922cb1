"""The judge for a million statements: the definitions once more, on random numbers modulo a prime, in arrays.

A letter is a relation P n = Q m + d between an output n and an input m, with a weight for every d; read from the
other side it is the transposed letter, so that (AB)ᵀ = BᵀAᵀ is all that is known of transposes.  A number is a pair
of residues, for i ↦ ι and for i ↦ −ι with ι² = −1 modulo the prime, so that conjugation swaps the two.  Residues
that differ come from numbers that differ: a difference found is certain.

Like tests/judge.py, which checks it and is the slower and plainer of the two, it reads the fields of nodes, and
shares no code with the prover or the engines.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from opalgebra.expr import blocks, characters, multirate, named, operators, signals, sums, walk

from . import judge_lattice as lattice
from .judge import Judge, _free_symbols, _modulus, phases
from .judge import differs as exactly_differs
from .judge_algebra import FIELDS, exponential, value, vanishes
from .judge_lattice import Rows
from .judge_numbers import Gauss, TooLarge

FIELD = FIELDS[0]
PRIME = FIELD.prime  # products of residues fit an int64, sums of 2²² of them a float64
ROOT = FIELD.zeta(Fraction(1, 4))
LARGEST = 400_000  # products of weights and samples in one step
MOST_WORK = 6_000_000  # such products in all, for one statement at one set of values
PERIOD = 96  # the widest window around 0; longer periods are looked at from the rows as well


class Vector(NamedTuple):
    """A finitely supported sequence: indices (axes, count) and residues (2, count); no index twice."""

    at: np.ndarray
    values: np.ndarray

    def conj(self) -> Vector:
        return Vector(self.at, self.values[::-1])


class Relation(NamedTuple):
    """Entries at (n, m) with left n = right m + d, for the columns d of ``offsets`` and their ``weights``."""

    left: Any
    right: Any
    offsets: np.ndarray
    weights: np.ndarray


# numbers


_residues = FIELD.of


@lru_cache(maxsize=20_000)
def _number(value: Any, symbols: tuple[tuple[str, int], ...]) -> Any:
    return Judge(1, {}, dict(symbols)).number(value)


def powers(bases: tuple[int, int], exponents: np.ndarray) -> np.ndarray:
    """The powers of two residues, one in each row."""
    square = np.array(bases, dtype=np.int64)[:, None]
    rest = exponents % (PRIME - 1)
    if rest.size and (exponents < 0).any() and (-exponents).max() < 2**20 > exponents.max():  # few squarings
        inverse = np.array([[pow(b, -1, PRIME)] for b in bases], dtype=np.int64)
        square, rest = np.where(exponents < 0, inverse, square), abs(exponents)
    made = np.ones((2, exponents.size), dtype=np.int64)
    while rest.any():
        made = np.where(rest & 1, made * square % PRIME, made)
        square, rest = square * square % PRIME, rest >> 1
    return made


# vectors


def vector(samples: Mapping[Any, Any], ndim: int) -> Vector:
    """Exact samples by index."""
    at = np.array(list(samples), dtype=np.int64).reshape(len(samples), ndim).T
    return Vector(at, np.array([_residues(v) for v in samples.values()], dtype=np.int64).reshape(len(samples), 2).T)


def empty(ndim: int) -> Vector:
    return vector({}, ndim)


def collected(at: np.ndarray, values: np.ndarray) -> Vector:
    """Values at equal indices added, zeros left out."""
    if not at.shape[1]:
        return Vector(at, values)
    low = at.min(axis=1)
    sizes = at.max(axis=1) - low + 1
    cells = 1
    for size in sizes.tolist():
        cells *= size
    if cells >= 2**62:
        raise TooLarge
    place = at[0] - low[0]
    for axis in range(1, len(at)):
        place = place * sizes[axis] + (at[axis] - low[axis])
    if cells <= max(4 * place.size, 4096):
        kept = np.arange(cells)
    else:
        kept, place = np.unique(place, return_inverse=True)
    added = np.array([np.bincount(place, lane, kept.size) for lane in values]).astype(np.int64) % PRIME
    stay = added.any(axis=0)
    kept, added = kept[stay], added[:, stay]
    where = np.empty((len(at), kept.size), dtype=np.int64)
    for axis in range(len(at) - 1, 0, -1):
        kept, where[axis] = np.divmod(kept, sizes[axis])
    where[0] = kept
    where += low[:, None]
    return Vector(where, added)


def total(vectors: Iterable[Vector], ndim: int) -> Vector:
    """The sum."""
    found = [v for v in vectors if v.at.size]
    if len(found) < 2:
        return found[0] if found else empty(ndim)
    return collected(np.concatenate([v.at for v in found], axis=1), np.concatenate([v.values for v in found], axis=1))


def _times(k: Any, at: np.ndarray) -> np.ndarray:
    if k is None:
        return at
    return np.array(k, dtype=np.int64) @ at if isinstance(k, Rows) else at * np.array(k, dtype=np.int64)[:, None]


def _divided(k: Any, at: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices over k where they are whole."""
    if k is None:
        return at, values
    if isinstance(k, Rows):
        divisor, table = lattice.cofactors(k)
        quotient, rest = np.divmod(np.array(table, dtype=np.int64) @ at, divisor)
    else:
        quotient, rest = np.divmod(at, np.array(k, dtype=np.int64)[:, None])
    whole = ~rest.any(axis=0)
    return quotient[:, whole], values[:, whole]


def related(relation: Relation, x: Vector, turned: bool) -> Vector:
    """Σ over the entries of a letter, or of its transpose."""
    left, right, offsets, weights = relation
    if turned:
        left, right, offsets = right, left, -offsets
    count, taps = x.at.shape[1], offsets.shape[1]
    if count * taps > LARGEST:
        raise TooLarge
    at = _times(right, x.at)
    if taps == 1:
        at, values = _divided(left, at + offsets, x.values * weights % PRIME)
        return Vector(at, values)  # an injective map: no index twice
    at = (at[:, :, None] + offsets[:, None, :]).reshape(len(at), -1)
    values = (x.values[:, :, None] * weights[:, None, :] % PRIME).reshape(2, -1)
    return collected(*_divided(left, at, values))


def same(a: Vector, b: Vector) -> bool:
    """Whether two vectors are equal."""
    return not total([a, Vector(b.at, PRIME - b.values)], len(a.at)).values.any()


# operators and signals


class Modular:
    """Operators and signals at random, or given, kernels and symbols; vectors of channels in and out."""

    def __init__(
        self, ndim: int, kernels: Mapping[str, Vector], given: Mapping[str, int], work: list[int] | None = None
    ) -> None:
        self.ndim, self.kernels = ndim, kernels
        self.work = work or [MOST_WORK]  # what is left of it, shared by the judges of the terms of a sum
        self.given = tuple(sorted(given.items()))
        self._remembered: dict[int, Any] = {}
        self._alive: list[Any] = []  # ids are keys, so what they name must not die

    def number(self, value: Any) -> Any:
        """An exact number."""
        if isinstance(value, (int, Fraction)):
            return value
        if isinstance(value, np.generic):  # not remembered: comparing long doubles with SymPy's numbers never ends
            return Judge(1).number(value)
        return _number(value, self.given if hasattr(value, "free_symbols") else ())

    def integers(self, value: Any) -> Any:
        """A factor or shift as ints per axis; a matrix as its rows."""
        if hasattr(value, "rows"):
            return Rows(value.rows)
        return tuple(self.number(v) for v in (value if isinstance(value, tuple) else (value,)))

    def _once(self, node: Any, make: Callable[[Any], Any]) -> Any:
        found = self._remembered.get(id(node))
        if found is None:
            self._alive.append(node)
            found = self._remembered[id(node)] = make(node)
        return found

    def signal(self, node: Any) -> Vector:
        """The samples of a signal expression."""
        found: Vector = self._once(node, self._signal)
        return found

    def _signal(self, node: Any) -> Vector:
        kind = type(node)
        if kind is signals.Signal:
            samples = {}
            for at in product(*[range(n) for n in node.values.shape]):
                value = self.number(node.values[at].item() if hasattr(node.values[at], "dtype") else node.values[at])
                if value != 0:
                    samples[tuple(i + a for i, a in zip(at, node.starts, strict=True))] = value
            return vector(samples, self.ndim)
        if kind is signals.FormalSignal:
            return self.kernels.get(node.name, empty(self.ndim))  # a witness leaves out what its entry does not see
        if kind is signals.ConjSignal:
            return self.signal(node.signal).conj()
        if kind is signals.Box:
            return vector(dict.fromkeys(phases(self.integers(node.factor)), 1), self.ndim)
        if kind is signals.Applied:
            return self.apply(node.operator, [self.signal(node.signal)])[0]
        if kind is signals.SignalSum:
            return total(map(self.signal, node.terms), self.ndim)
        if kind is sums.IndexedSignalSum:
            return total((inner.signal(node.body) for inner in self._inner(node)), self.ndim)
        raise TypeError(f"the judge does not know the signal {kind.__name__}")

    def _inner(self, node: Any) -> list[Modular]:
        """A judge for every value of the index of a sum."""

        def make(node: Any) -> list[Modular]:
            (stop,) = self.integers(node.stop)
            given = dict(self.given)
            return [Modular(self.ndim, self.kernels, {**given, node.index.name: r}, self.work) for r in range(stop)]

        made: list[Modular] = self._once(node, make)
        return made

    def apply(self, node: Any, xs: list[Vector], turned: bool = False) -> list[Vector]:
        """A x, or Aᵀ x, for a vector in every channel."""
        rule = TREES.get(type(node))
        if rule is not None:
            return rule(self, node, xs, turned)
        if type(node) is multirate.Modulate:
            return [self._modulated(node, xs[0])]
        if type(node) is characters.Character:
            return [self._turned(node, xs[0])]
        if type(node) not in LETTERS:
            return [self._exactly(node, xs[0], turned)]
        relation = self._once(node, self._relation)
        self.work[0] -= xs[0].at.shape[1] * relation.offsets.shape[1]
        if self.work[0] < 0:
            raise TooLarge
        return [related(relation, xs[0], turned)]

    def _exactly(self, node: Any, x: Vector, turned: bool) -> Vector:
        """A letter that only the exact judge knows, put to it impulse by impulse."""
        self.work[0] -= 100 * x.at.shape[1]
        if self.work[0] < 0 or node.children():  # kernels are residues here
            raise TooLarge
        judge, y = Judge(self.ndim, {}, dict(self.given)), dict[Any, Any]()
        operator = operators.Transpose(node) if turned else node
        for n, sample in zip(x.at.T.tolist(), x.values.T, strict=True):
            for m, weight in judge.apply(operator, {tuple(n): 1}).items():
                y[m] = (y.get(m, 0) + sample * _residues(weight)) % PRIME
        y = {m: pair for m, pair in y.items() if pair.any()}
        at = np.array(list(y), dtype=np.int64).reshape(-1, self.ndim).T
        return Vector(at, np.array(list(y.values()), dtype=np.int64).reshape(-1, 2).T)

    def _relation(self, node: Any) -> Relation:
        return LETTERS[type(node)](self, node)

    def _modulated(self, node: Any, x: Vector) -> Vector:
        sequence = node.sequence
        shape = sequence.values.shape

        def make(node: Any) -> np.ndarray:
            entries = [self.number(v) for v in sequence.values.ravel().tolist()]
            return np.array([_residues(v) for v in entries], dtype=np.int64).T

        table = self._once(node, make)
        places = [(x.at[j] - sequence.starts[j]) % p for j, p in enumerate(shape)]
        values = x.values * table[:, np.ravel_multi_index(places, shape)] % PRIME
        kept = values.any(axis=0)
        return Vector(x.at[:, kept], values[:, kept])

    def _turned(self, node: Any, x: Vector) -> Vector:
        """e^{iωn} x_n: powers of the residues of e^{iω} and of its conjugate."""

        def make(node: Any) -> list[tuple[int, int]]:
            entries = node.frequency if isinstance(node.frequency, tuple) else (node.frequency,)
            return [FIELD.of(exponential(value(self.number(w)) * Gauss(0, 1))) for w in entries]

        values = x.values
        for axis, bases in enumerate(self._once(node, make)):
            values = values * powers(bases, x.at[axis]) % PRIME
        return Vector(x.at, values)

    def summed(self, terms: Iterable[list[Vector]]) -> list[Vector]:
        """The sum of answers, channel by channel; Zero() may answer with fewer."""
        answers = list(terms)
        channels = max(map(len, answers), default=1)
        return [total((a[i] for a in answers if i < len(a)), self.ndim) for i in range(channels)]


def _compose(judge: Modular, node: Any, xs: list[Vector], turned: bool) -> list[Vector]:
    for part in node.factors if turned else reversed(node.factors):
        xs = judge.apply(part, xs, turned)
    return xs


def _power(judge: Modular, node: Any, xs: list[Vector], turned: bool) -> list[Vector]:
    for _ in range(node.exponent):
        xs = judge.apply(node.operator, xs, turned)
    return xs


def _scale(judge: Modular, node: Any, xs: list[Vector], turned: bool) -> list[Vector]:
    weight = np.array(_residues(judge.number(node.scalar)), dtype=np.int64)[:, None]
    ys = judge.apply(node.operator, xs, turned)
    return [Vector(y.at, y.values * weight % PRIME) if weight.any() else empty(judge.ndim) for y in ys]


def _conjugated(judge: Modular, node: Any, xs: list[Vector], turned: bool) -> list[Vector]:
    return [y.conj() for y in judge.apply(node.operator, [x.conj() for x in xs], turned)]


def _block(judge: Modular, node: Any, xs: list[Vector], turned: bool) -> list[Vector]:
    sizes = (node.heights, node.widths) if turned else (node.widths, node.heights)
    into, out = ([sum(s[:i]) for i in range(len(s) + 1)] for s in sizes)
    ys: list[list[Vector]] = [[] for _ in range(out[-1])]
    for i, row in enumerate(node.rows):
        for j, entry in enumerate(row):
            a, b = (i, j) if turned else (j, i)
            if type(entry) is not operators.Zero:
                for c, y in enumerate(judge.apply(entry, xs[into[a] : into[a + 1]], turned)):
                    ys[out[b] + c].append(y)
    return [total(y, judge.ndim) for y in ys]


def _phased(judge: Modular, node: Any, xs: list[Vector], split: bool) -> list[Vector]:
    """The phases x_{kn+r}, or signals put together from their phases."""
    k, one = judge.integers(node.factor), np.ones((2, 1), dtype=np.int64)
    offsets = [np.array(r, dtype=np.int64)[:, None] for r in phases(k)]
    if split:
        return [related(Relation(None, k, r, one), xs[0], True) for r in offsets]
    parts = zip(offsets, xs, strict=True)
    return [total((related(Relation(None, k, r, one), x, False) for r, x in parts), judge.ndim)]


def _formal_operator(judge: Modular, node: Any, xs: list[Vector], turned: bool) -> list[Vector]:
    table = judge.kernels[node.name]
    rows, columns = table.at[: judge.ndim], table.at[judge.ndim :]
    if turned:
        rows, columns = columns, rows
    samples = {tuple(at): i for i, at in enumerate(xs[0].at.T.tolist())}
    pairs = [(i, samples[tuple(at)]) for i, at in enumerate(columns.T.tolist()) if tuple(at) in samples]
    entries, inputs = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    return [collected(rows[:, entries], table.values[:, entries] * xs[0].values[:, inputs] % PRIME)]


TREES: dict[type, Callable[[Modular, Any, list[Vector], bool], list[Vector]]] = {
    operators.Identity: lambda judge, node, xs, turned: xs,
    operators.Zero: lambda judge, node, xs, turned: [empty(judge.ndim)],
    operators.Compose: _compose,
    operators.Power: _power,
    operators.Scale: _scale,
    operators.Sum: lambda judge, node, xs, turned: judge.summed(judge.apply(t, xs, turned) for t in node.terms),
    sums.IndexedSum: lambda judge, node, xs, turned: judge.summed(
        inner.apply(node.body, xs, turned) for inner in judge._inner(node)
    ),
    operators.Transpose: lambda judge, node, xs, turned: judge.apply(node.operator, xs, not turned),
    operators.Conj: _conjugated,
    operators.Adjoint: lambda judge, node, xs, turned: _conjugated(judge, node, xs, not turned),
    operators.FormalOperator: _formal_operator,
    blocks.Block: _block,
    blocks.Polyphase: lambda judge, node, xs, turned: _phased(judge, node, xs, not turned),
    blocks.PixelShuffle: lambda judge, node, xs, turned: _phased(judge, node, xs, turned),
}


# letters: P n = Q m + d


def _plain(judge: Modular, left: Any = None, right: Any = None, shift: Any = None) -> Relation:
    offset = np.array(shift or (0,) * judge.ndim, dtype=np.int64)[:, None]
    return Relation(left, right, offset, np.ones((2, 1), dtype=np.int64))


def _kernel(judge: Modular, node: Any, left: Any = None, right: Any = None) -> Relation:
    return Relation(left, right, *judge.signal(node.kernel))


def _dilated(judge: Modular, node: Any) -> Relation:
    at, weights = judge.signal(node.kernel)
    return Relation(None, None, _times(judge.integers(node.factor), at), weights)


def _corr(judge: Modular, node: Any) -> Relation:
    at, weights = judge.signal(node.kernel).conj()
    return Relation(None, None, -at, weights)


def _spread(judge: Modular, node: Any, sign: int, weight: Any) -> Relation:
    """n = k m + r, or k n = m − r, over the phases r."""
    k = judge.integers(node.factor)
    offsets = np.array(phases(k), dtype=np.int64).T
    weights = np.array([_residues(weight(len(offsets[0])))] * len(offsets[0]), dtype=np.int64).T
    return Relation(None, k, offsets, weights) if sign > 0 else Relation(k, None, -offsets, weights)


def _linear_up(judge: Modular, node: Any) -> Relation:
    k = judge.integers(node.factor)
    hat = {}
    for r in product(*[range(1 - size, size) for size in k]):
        hat[r] = Fraction(1)
        for offset, size in zip(r, k, strict=True):
            hat[r] *= 1 - Fraction(abs(offset), size)
    return Relation(None, k, *vector(hat, judge.ndim))


LETTERS: dict[type, Callable[[Modular, Any], Relation]] = {
    multirate.Conv: _kernel,
    multirate.Up: lambda judge, node: _plain(judge, right=judge.integers(node.factor)),
    multirate.Down: lambda judge, node: _plain(judge, left=judge.integers(node.factor)),
    multirate.Shift: lambda judge, node: _plain(judge, shift=judge.integers(node.shift)),
    multirate.Flip: lambda judge, node: _plain(judge, right=(-1,) * judge.ndim),
    named.StridedConv: lambda judge, node: _kernel(judge, node, left=judge.integers(node.factor)),
    named.DilatedConv: _dilated,
    named.TransposedConv: lambda judge, node: _kernel(judge, node, right=judge.integers(node.factor)),
    named.Repeat: lambda judge, node: _spread(judge, node, 1, lambda count: 1),
    named.AvgPool: lambda judge, node: _spread(judge, node, -1, lambda count: Fraction(1, count)),
    named.LinearUp: _linear_up,
    named.Corr: _corr,
}


# drawing, and comparing


def _drawn(rng: random.Random, places: Iterable[Any], ndim: int, real: bool) -> Vector:
    at = np.array(sorted(set(places)), dtype=np.int64).reshape(-1, ndim).T
    lanes, count = (1 if real else 2), at.shape[1]
    values = np.frombuffer(rng.randbytes(8 * lanes * count), dtype=np.uint64).reshape(lanes, count) % (PRIME - 1) + 1
    return Vector(at, np.concatenate([values] * (2 if real else 1)).astype(np.int64))


def _taps(rng: random.Random, ndim: int) -> Iterator[Any]:
    """Where a formal kernel has taps: around 0, and some far away, where ↓k on a kernel looks."""
    yield (0,) * ndim
    if ndim > 1:
        yield from rng.sample(list(product(range(-1, 3), repeat=ndim)), 6)
        yield from (tuple(rng.choice([-6, -4, -3, 0, 0, 3, 4, 6, 12]) for _ in range(ndim)) for _ in range(4))
        return
    yield from ((n,) for n in range(-2, 5))
    yield from ((n,) for n in rng.sample([-48, -36, -32, -24, -18, -16, -12, -9, 8, 9, 12, 16, 18, 24, 32, 36, 48], 3))
    yield from ((n,) for n in rng.sample(range(-8, 9), 2))


def drawn(
    lhs: Any,
    rhs: Any,
    rng: random.Random,
    ndim: int,
    given: Mapping[str, int],
    even: Collection[str] = (),
    claims: Collection[Any] = (),
) -> Modular:
    """A judge with random samples for the formal kernels and operators of both sides; some kernels may be ``even``.

    The kernels satisfy the ``claims`` about them (:class:`tests.judge_claims.Claim`), of which those are on one axis.
    """
    kernels: dict[str, Vector] = {}
    for node in (*walk(lhs), *walk(rhs)):
        if type(node) is signals.FormalSignal and node.name not in kernels:
            one = _drawn(rng, _taps(rng, ndim), ndim, node.real)
            kernels[node.name] = total([one, Vector(-one.at, one.values)], ndim) if node.name in even else one
        elif type(node) is operators.FormalOperator and node.name not in kernels:
            pairs = [tuple(rng.randint(-3, 3) for _ in range(2 * ndim)) for _ in range(14)]
            kernels[node.name] = _drawn(rng, pairs, 2 * ndim, False)
    for claim in claims:
        if not claim.is_about_factors and (ndim == 1 or claim.kind == "even"):
            name = claim.a.name
            if ndim > 1:
                kernels[name] = total([kernels[name], Vector(-kernels[name].at, kernels[name].values)], ndim)
                continue
            lanes = [
                dict(zip(kernels[name].at[0].tolist(), lane, strict=True)) for lane in kernels[name].values.tolist()
            ]
            state = rng.getstate()
            made = []
            for lane in lanes:  # the same draws for both lanes: a drawn kernel is real
                rng.setstate(state)
                made.append(claim.imposed(lane, given, rng, PRIME))
            at = sorted({*made[0], *made[1]})
            table = [[lane.get(n, 0) for n in at] for lane in made]
            kernels[name] = Vector(np.array([at], dtype=np.int64), np.array(table, dtype=np.int64))
    return Modular(ndim, kernels, given)


def _window(centre: tuple[int, ...], radius: int) -> Iterator[tuple[int, ...]]:
    yield from product(*[range(c - radius, c + radius + 1) for c in centre])


def _inputs(rng: random.Random, ndim: int, radius: int, channels: int) -> list[Vector]:
    """Random numbers around 0, on a window far away, and at single places farther out."""
    far = tuple(rng.choice([-1, 1]) * rng.randint(200, 2000) for _ in range(ndim))
    places = [*_window((0,) * ndim, radius), *_window(far, (6, 2, 1)[ndim - 1])]
    places += [tuple(rng.randint(-9999, 9999) for _ in range(ndim)) for _ in range(8)]
    return [_drawn(rng, places, ndim, False) for _ in range(channels)]


def _agree(a: list[Vector], b: list[Vector], ndim: int) -> bool:
    size = max(len(a), len(b))
    a, b = (side + [empty(ndim)] * (size - len(side)) for side in (a, b))
    return all(map(same, a, b))


def differ(
    lhs: Any,
    rhs: Any,
    rng: random.Random,
    given: Mapping[str, int] | None = None,
    *,
    even: Collection[str] = (),
    claims: Collection[Any] = (),
    likely: bool = False,
) -> bool:
    """Whether two operators (or two signals) are found to differ at these values of their symbols.

    A difference is certain.  That none is found is evidence: the input is random on a window that holds a whole
    period of both operators where it is not too long, on one far away and beyond; where the period is longer, or
    there are several axes, so is an input of the transposes.  Where a difference is ``likely``, a small window is
    tried first.

    Raises
    ------
    TooLarge
        Where that would take too long.
    """
    ndim, given = lhs.ndim or rhs.ndim or 1, given or {}
    judge = drawn(lhs, rhs, rng, ndim, given, even, claims)
    if isinstance(lhs, signals.SignalExpr):
        return not same(judge.signal(lhs), judge.signal(rhs))
    outs, ins = lhs.channels or rhs.channels or (1, 1)
    period = lcm(_modulus(lhs), _modulus(rhs)) if ndim == 1 else 0
    radius = max(6, min(PERIOD, period // 2 + 1)) if ndim == 1 else (4, 1)[ndim - 2]
    for size in (6, radius) if likely and radius > 12 else (radius,):
        xs = _inputs(rng, ndim, size, ins)
        if not _agree(judge.apply(lhs, xs), judge.apply(rhs, xs), ndim):
            return True
    if ndim == 1 and not given and period <= 2 * PERIOD:
        return False  # every column has been looked at
    xs = _inputs(rng, ndim, (8, 3, 1)[ndim - 1], outs)
    return not _agree(judge.apply(lhs, xs, True), judge.apply(rhs, xs, True), ndim)


def differs(lhs: Any, rhs: Any, rng: random.Random) -> bool:
    """As :func:`tests.judge.differs`, and much quicker; what is too large here is put to the exact judge."""
    symbols = {symbol for root in (lhs, rhs) for node in walk(root) for symbol in _free_symbols(node)}
    given = {s.name: rng.randint(1, 4 if s.is_integer else 9999) for s in sorted(symbols, key=str)}
    try:
        return differ(lhs, rhs, rng, given)
    except TooLarge:
        return exactly_differs(lhs, rhs, rng)


def witness_fault(lhs: Any, rhs: Any, witness: Any) -> str:
    """What is wrong with a witness, as far as residues tell; empty if it stands."""
    ndim = lhs.ndim or rhs.ndim or 1
    exact = Judge(ndim)
    kernels = {name: _taps_of(exact, value, ndim) for name, value in witness.kernels.items()}
    judge = Modular(ndim, kernels, witness.factors)
    out, into = witness.channels or (0, 0)
    for side, expression, claimed in (("left", lhs, witness.lhs), ("right", rhs, witness.rhs)):
        if isinstance(expression, signals.SignalExpr):
            y = judge.signal(expression)
        else:
            xs = [empty(ndim)] * (expression.channels or (1, into + 1))[1]
            xs[into] = judge.signal(witness.input)
            ys = judge.apply(expression, xs)
            y = ys[out] if out < len(ys) else empty(ndim)
        index = witness.index if isinstance(witness.index, tuple) else (witness.index,)
        here = (y.at == np.array(index)[:, None]).all(axis=0)
        found = tuple(y.values[:, here][:, 0].tolist()) if here.any() else (0, 0)
        if found != _residues(exact.number(claimed)):
            return f"the witness claims {claimed} on the {side}, the judge finds another value"
    if vanishes(value(exact.number(witness.lhs)) - exact.number(witness.rhs)):
        return f"both values of the witness are {witness.lhs}"
    return ""


def _taps_of(exact: Judge, value: Any, ndim: int) -> Vector:
    if isinstance(value, signals.Signal):
        return vector(exact.signal(value), ndim)
    return vector({at: exact.number(v) for at, v in value.items()}, len(next(iter(value), (0,) * 2 * ndim)))
