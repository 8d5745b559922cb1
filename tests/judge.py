"""A judge that shares no code with the prover or the engines: operators evaluated by brute force.

It reads the fields of the nodes and nothing else.  An impulse is pushed through an operator letter by
letter, straight from the definitions, with exact numbers (judge_numbers.py, judge_algebra.py).
A transpose is never pushed to the letters: the columns of a term are computed over a window that interval
arithmetic shows to be large enough, and that matrix is transposed.

Formal kernels and symbols are given values by the caller; :func:`differs` draws them at random.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import lcm
from typing import Any

from opalgebra.expr import blocks, characters, multirate, named, operators, signals, sums, walk

from . import judge_lattice as lattice
from .judge_algebra import exponential, plain, read, total, value
from .judge_boxes import Boxes, Index, Step, boxes_around, cells, merged, move
from .judge_lattice import Rows
from .judge_numbers import gauss, is_zero, ratio

Vector = dict[Index, Any]


def _add_to(vector: Vector, at: Index, value: Any) -> None:
    vector[at] = vector[at] + value if at in vector else value


def _drop_zeros(vector: Vector) -> Vector:
    return {at: value for at, value in vector.items() if not is_zero(value)}


class Judge:
    """Exact values of operators and signals on ℤ^d, by brute force.

    ``kernels`` gives the formal signals (name -> {index: value}) and the formal operators
    (name -> {(row, column): value}); ``symbols`` the SymPy symbols in factors, shifts, taps and scalars.
    """

    def __init__(
        self, ndim: int = 1, kernels: Mapping[str, Vector] | None = None, symbols: Mapping[Any, Any] | None = None
    ) -> None:
        self.ndim = ndim
        self.kernels = dict(kernels or {})
        self.symbols = {getattr(key, "name", key): value for key, value in (symbols or {}).items()}
        self._columns: dict[tuple[int, Index], Vector] = {}
        self._signals: dict[int, Vector] = {}
        self._inner: dict[int, list[Judge]] = {}
        self._alive: list[Any] = []  # ids are keys of the tables above, so what they name must not die

    # numbers

    def number(self, value: Any) -> Any:
        """A scalar or tap as an exact number; a float is the binary fraction that it stores."""
        if isinstance(value, (int, Fraction)):
            return value
        if hasattr(value, "free_symbols"):
            return read(value, self.symbols)
        if hasattr(value, "dtype") and value.dtype.kind in "iu":
            return int(value)
        if value.imag:
            return gauss(ratio(value.real), ratio(value.imag))
        return ratio(value.real)

    def integers(self, value: Any) -> Index:
        """A factor or shift as one int per axis; a matrix as its rows."""
        if hasattr(value, "rows"):
            return Rows(value.rows)
        entries = value if isinstance(value, tuple) else (value,)
        return tuple(e if isinstance(e, int) else int(self.number(e)) for e in entries)

    # signals

    def signal(self, node: Any) -> Vector:
        """The non-zero samples of a signal expression."""
        found = self._signals.get(id(node))
        if found is None:
            self._alive.append(node)
            found = self._signals[id(node)] = _drop_zeros(self._signal(node))
        return found

    def _signal(self, node: Any) -> Vector:
        if isinstance(node, signals.Signal):
            starts = node.starts
            cells_ = product(*[range(n) for n in node.values.shape])
            return {
                tuple(i + a for i, a in zip(at, starts, strict=True)): self.number(node.values[at]) for at in cells_
            }
        if isinstance(node, signals.FormalSignal):
            return self.kernels[node.name]
        if isinstance(node, signals.ConjSignal):
            return {at: value.conjugate() for at, value in self.signal(node.signal).items()}
        if isinstance(node, signals.Box):
            return dict.fromkeys(product(*[range(k) for k in self.integers(node.factor)]), 1)
        if isinstance(node, signals.Applied):
            return self.apply(node.operator, self.signal(node.signal))
        if isinstance(node, sums.IndexedSignalSum):
            found: Vector = {}
            for inner in self._each_index(node):
                for at, value in inner.signal(node.body).items():
                    _add_to(found, at, value)
            return found
        if isinstance(node, signals.SignalSum):
            total: Vector = {}
            for term in node.terms:
                for at, value in self.signal(term).items():
                    _add_to(total, at, value)
            return total
        raise TypeError(f"the judge does not know the signal {type(node).__name__}")

    def _each_index(self, node: Any) -> list[Judge]:
        """A judge for every value of the index of a sum, from 0 to its number of terms, which it does not reach."""
        made = self._inner.get(id(node))
        if made is None:
            self._alive.append(node)
            name, (stop,) = node.index.name, self.integers(node.stop)
            values = [{**self.symbols, name: value} for value in range(stop)]
            made = self._inner[id(node)] = [Judge(self.ndim, self.kernels, given) for given in values]
        return made

    # letters: where the impulse at m goes, and with which weight

    def letter(self, node: Any, m: Index) -> list[tuple[Index, Any]]:
        """The non-zero entries of column m of a letter or named composition, from its definition."""
        rule = LETTERS.get(type(node))
        if rule is None:
            raise TypeError(f"the judge does not know the operator {type(node).__name__}")
        return rule(self, node, m)

    def steps(self, node: Any) -> list[Step]:
        """How a letter moves the bounds of a window, for interval arithmetic."""
        return REACH[type(node)](self, node)

    def reach(self, node: Any, boxes: Boxes, forward: bool) -> Boxes:
        """Boxes that hold every output of inputs in ``boxes`` (or every input of outputs, backwards)."""
        kind = type(node)
        if not boxes or kind is operators.Zero:
            return []
        if kind is operators.Compose:
            for part in reversed(node.factors) if forward else node.factors:
                boxes = self.reach(part, boxes, forward)
            return boxes
        if kind is operators.Power:
            for _ in range(node.exponent):
                boxes = self.reach(node.operator, boxes, forward)
            return boxes
        if kind is sums.IndexedSum:
            found = [box for inner in self._each_index(node) for box in inner.reach(node.body, boxes, forward)]
            return merged(found)
        if kind is operators.Sum:
            return merged([box for term in node.terms for box in self.reach(term, boxes, forward)])
        if kind in (operators.Transpose, operators.Adjoint):
            return self.reach(node.operator, boxes, not forward)
        if kind in (operators.Scale, operators.Conj):
            return self.reach(node.operator, boxes, forward)
        if kind is operators.FormalOperator:
            return boxes_around(entry[0 if forward else 1] for entry in self.kernels[node.name])
        steps = self.steps(node)
        for step in steps if forward else reversed(steps):
            boxes = move(boxes, step, forward)
        return boxes

    # operators

    def apply(self, node: Any, x: Vector) -> Vector:
        """A x for a finitely supported x."""
        kind = type(node)
        if kind is operators.Compose:
            for part in reversed(node.factors):
                x = self.apply(part, x)
            return x
        if kind is operators.Power:
            for _ in range(node.exponent):
                x = self.apply(node.operator, x)
            return x
        y: Vector = {}
        if kind is sums.IndexedSum:
            for inner in self._each_index(node):
                for at, value in inner.apply(node.body, x).items():
                    _add_to(y, at, value)
        elif kind is operators.Sum:
            for term in node.terms:
                for at, value in self.apply(term, x).items():
                    _add_to(y, at, value)
        elif kind is operators.Scale:
            scalar = self.number(node.scalar)
            y = {at: scalar * value for at, value in self.apply(node.operator, x).items()}
        elif kind is operators.Conj:
            back = self.apply(node.operator, {at: value.conjugate() for at, value in x.items()})
            y = {at: value.conjugate() for at, value in back.items()}
        elif kind in (operators.Transpose, operators.Adjoint):
            y = self._transposed(node.operator, x, conjugate=kind is operators.Adjoint)
        elif kind is operators.FormalOperator:
            for (row, column), value in self.kernels[node.name].items():
                if column in x:
                    _add_to(y, row, value * x[column])
        else:
            for m, value in x.items():
                for n, weight in self.letter(node, m):
                    _add_to(y, n, weight * value)
        return _drop_zeros(y)

    def _transposed(self, node: Any, x: Vector, conjugate: bool) -> Vector:
        """Aᵀ x: every column of A that can meet x, multiplied with x."""
        y: Vector = {}
        if type(node) is sums.IndexedSum:
            for inner in self._each_index(node):
                for at, value in inner._transposed(node.body, x, conjugate).items():
                    _add_to(y, at, value)
            return y
        if type(node) is operators.Sum:  # term by term, since terms of different rates need different windows
            for term in node.terms:
                for at, value in self._transposed(term, x, conjugate).items():
                    _add_to(y, at, value)
            return y
        for m in cells(self.reach(node, boxes_around(x), forward=False)):
            total: Any = 0
            for n, value in self.column(node, m).items():
                if n in x:
                    total = total + (value.conjugate() if conjugate else value) * x[n]
            y[m] = total
        return y

    def column(self, node: Any, m: Index) -> Vector:
        """Column m of the matrix: the response to an impulse at m."""
        key = (id(node), m)
        found = self._columns.get(key)
        if found is None:
            self._alive.append(node)
            found = self._columns[key] = self.apply(node, {m: 1})
        return found

    def matrix(self, node: Any, rows: range, cols: range) -> list[list[Any]]:
        """The window rows × cols of a 1-D operator as nested lists."""
        columns = [self.column(node, (m,)) for m in cols]
        return [[column.get((n,), 0) for column in columns] for n in rows]

    def value(self, expression: Any, x: Any, index: Any) -> Any:
        """Sample ``index`` of A x (of the signal itself where the expression is one)."""
        at = index if isinstance(index, tuple) else (index,)
        if isinstance(expression, signals.SignalExpr):
            return self.signal(expression).get(at, 0)
        return self.apply(expression, self.signal(x)).get(at, 0)


def _plus(m: Index, d: Index) -> Index:
    return tuple(a + b for a, b in zip(m, d, strict=True))


def _times(m: Index, k: Index) -> Index:
    if isinstance(k, Rows):
        return lattice.times(k, m)
    return tuple(a * b for a, b in zip(m, k, strict=True))


def _over(m: Index, k: Index) -> Index | None:
    """m / k where k divides m on every axis, or M⁻¹ m where it is an index."""
    if isinstance(k, Rows):
        return lattice.over(k, m)
    if any(a % b for a, b in zip(m, k, strict=True)):
        return None
    return tuple(a // b for a, b in zip(m, k, strict=True))


def _minus(m: Index) -> Index:
    return tuple(-a for a in m)


def _conv(judge: Judge, node: Any, m: Index) -> Any:
    return [(_plus(m, d), w) for d, w in judge.signal(node.kernel).items()]


def _down(judge: Judge, node: Any, m: Index) -> Any:
    n = _over(m, judge.integers(node.factor))
    return [] if n is None else [(n, 1)]


def _modulate(judge: Judge, node: Any, m: Index) -> Any:
    sequence = node.sequence
    period = sequence.values.shape  # w_n for n = start … start + period − 1, continued periodically
    at = tuple((i - a) % p for i, a, p in zip(m, sequence.starts, period, strict=True))
    weight = judge.number(sequence.values[at])
    return [] if is_zero(weight) else [(m, weight)]


def _character(judge: Judge, node: Any, m: Index) -> Any:
    """e^{iωm}."""
    frequency = node.frequency if isinstance(node.frequency, tuple) else (node.frequency,)
    turned = (value(judge.number(w)) * gauss(0, n) for w, n in zip(frequency, m, strict=True))
    return [(m, plain(exponential(total(turned))))]


def _strided(judge: Judge, node: Any, m: Index) -> Any:
    k = judge.integers(node.factor)
    landed = [(_over(_plus(m, d), k), w) for d, w in judge.signal(node.kernel).items()]
    return [(n, w) for n, w in landed if n is not None]


def _dilated(judge: Judge, node: Any, m: Index) -> Any:
    k = judge.integers(node.factor)
    return [(_plus(m, _times(d, k)), w) for d, w in judge.signal(node.kernel).items()]


def _transposed_conv(judge: Judge, node: Any, m: Index) -> Any:
    start = _times(m, judge.integers(node.factor))
    return [(_plus(start, d), w) for d, w in judge.signal(node.kernel).items()]


def _repeat(judge: Judge, node: Any, m: Index) -> Any:
    k = judge.integers(node.factor)
    return [(_plus(_times(m, k), r), 1) for r in phases(k)]


def phases(k: Index) -> list[Index]:
    """The r with 0 ≤ r < k, or the integer points of M [0, 1)^d."""
    return lattice.cell(k) if isinstance(k, Rows) else list(product(*[range(size) for size in k]))


def _linear_up(judge: Judge, node: Any, m: Index) -> Any:
    k = judge.integers(node.factor)
    found = []
    for r in product(*[range(1 - size, size) for size in k]):
        weight = Fraction(1)
        for offset, size in zip(r, k, strict=True):
            weight *= 1 - Fraction(abs(offset), size)
        found.append((_plus(_times(m, k), r), weight))
    return found


def _avg_pool(judge: Judge, node: Any, m: Index) -> Any:
    k = judge.integers(node.factor)
    return [(phase_of(m, k)[1], Fraction(1, len(phases(k))))]


def phase_of(m: Index, k: Index) -> tuple[Index, Index]:
    """(r, n) with m = k n + r for a phase r."""
    n = lattice.floored(k, m) if isinstance(k, Rows) else tuple(a // size for a, size in zip(m, k, strict=True))
    return _plus(m, _minus(_times(n, k))), n


def _corr(judge: Judge, node: Any, m: Index) -> Any:
    return [(_plus(m, _minus(d)), w.conjugate()) for d, w in judge.signal(node.kernel).items()]


LETTERS: dict[type, Callable[[Judge, Any, Index], Any]] = {
    operators.Identity: lambda judge, node, m: [(m, 1)],
    operators.Zero: lambda judge, node, m: [],
    multirate.Conv: _conv,
    multirate.Up: lambda judge, node, m: [(_times(m, judge.integers(node.factor)), 1)],
    multirate.Down: _down,
    multirate.Shift: lambda judge, node, m: [(_plus(m, judge.integers(node.shift)), 1)],
    multirate.Flip: lambda judge, node, m: [(_minus(m), 1)],
    multirate.Modulate: _modulate,
    characters.Character: _character,
    named.StridedConv: _strided,
    named.DilatedConv: _dilated,
    named.TransposedConv: _transposed_conv,
    named.Repeat: _repeat,
    named.LinearUp: _linear_up,
    named.AvgPool: _avg_pool,
    named.Corr: _corr,
}


def _support(judge: Judge, node: Any) -> Boxes:
    return boxes_around(judge.signal(node.kernel))


def _boxed(low: Index, high: Index) -> Boxes:
    return [tuple(zip(low, high, strict=True))]


def _reach_dilated(judge: Judge, node: Any) -> list[Step]:
    return [("add", move(_support(judge, node), ("mul", judge.integers(node.factor)), True))]


def _reach_spread(judge: Judge, node: Any, sign: int) -> list[Step]:
    k = judge.integers(node.factor)
    if isinstance(k, Rows):
        return [("mul", k), ("add", boxes_around(lattice.cell(k)))]
    low = tuple(1 - size if sign < 0 else 0 for size in k)
    return [("mul", k), ("add", _boxed(low, tuple(size - 1 for size in k)))]


def _reach_pool(judge: Judge, node: Any) -> list[Step]:
    k = judge.integers(node.factor)
    if isinstance(k, Rows):
        return [("add", boxes_around(_minus(r) for r in lattice.cell(k))), ("div", k)]
    return [("add", _boxed(tuple(1 - size for size in k), (0,) * len(k))), ("div", k)]


def _reach_shift(judge: Judge, node: Any) -> list[Step]:
    s = judge.integers(node.shift)
    return [("add", _boxed(s, s))]


REACH: dict[type, Callable[[Judge, Any], list[Step]]] = {
    operators.Identity: lambda judge, node: [],
    multirate.Modulate: lambda judge, node: [],
    characters.Character: lambda judge, node: [],
    multirate.Conv: lambda judge, node: [("add", _support(judge, node))],
    multirate.Up: lambda judge, node: [("mul", judge.integers(node.factor))],
    multirate.Down: lambda judge, node: [("div", judge.integers(node.factor))],
    multirate.Shift: _reach_shift,
    multirate.Flip: lambda judge, node: [("neg", None)],
    named.StridedConv: lambda judge, node: [("add", _support(judge, node)), ("div", judge.integers(node.factor))],
    named.DilatedConv: _reach_dilated,
    named.TransposedConv: lambda judge, node: [("mul", judge.integers(node.factor)), ("add", _support(judge, node))],
    named.Repeat: lambda judge, node: _reach_spread(judge, node, 1),
    named.LinearUp: lambda judge, node: _reach_spread(judge, node, -1),
    named.AvgPool: _reach_pool,
    named.Corr: lambda judge, node: [("add", move(_support(judge, node), ("neg", None), True))],
}


# drawing values for what is formal, and comparing


def _modulus(node: Any) -> int:
    """A number that the period of the columns (or of the rows) of an operator divides."""
    kind = type(node)
    if kind is operators.Sum:
        return lcm(*[_modulus(term) for term in node.terms])
    if kind is operators.Compose:
        found = 1
        for part in node.factors:
            found *= _modulus(part)
        return found
    if kind is operators.Power:
        return int(_modulus(node.operator) ** node.exponent)
    if hasattr(node, "operator"):
        return _modulus(node.operator)
    if kind is sums.IndexedSum:
        return _modulus(node.body)
    if kind is blocks.Block:
        return lcm(*[_modulus(entry) for row in node.rows for entry in row])
    if kind is characters.Character:
        return 12
    if kind is multirate.Modulate:
        return lcm(*node.sequence.values.shape)
    value = getattr(node, "factor", 1)
    if hasattr(value, "rows"):
        return abs(lattice.det([list(row) for row in value.rows]))
    return lcm(*[k if isinstance(k, int) else 12 for k in (value if isinstance(value, tuple) else (value,))])


def _draw(rng: random.Random, real: bool) -> Any:
    value = rng.choice([-1, 1]) * rng.randint(1, 9999)
    return value if real else gauss(value, rng.randint(-9999, 9999))


def _tap_positions(rng: random.Random, ndim: int, sparse: bool) -> list[Index]:
    """Dense around 0 first; then also far away, where ↓k on a kernel looks."""
    if ndim > 1:
        near = list(product(range(-1, 3), repeat=ndim))
        return [(0,) * ndim, *rng.sample(near, 5)]
    if not sparse:
        return [(n,) for n in range(-2, 5)]
    far = rng.sample([-48, -36, -32, -24, -18, -16, -12, -8, 8, 12, 16, 18, 24, 32, 36, 48], 3)
    return [(n,) for n in {0, *rng.sample(range(-7, 8), 3), *far}]


def instance(lhs: Any, rhs: Any, rng: random.Random, ndim: int, sparse: bool = False) -> Judge:
    """A judge with random values for the formal kernels, operators and symbols of both sides."""
    kernels: dict[str, Vector] = {}
    symbols: dict[str, Any] = {}
    for root in (lhs, rhs):
        for node in walk(root):
            if isinstance(node, signals.FormalSignal):
                positions = _tap_positions(rng, ndim, sparse)
                kernels.setdefault(node.name, {at: _draw(rng, node.real) for at in positions})
            elif isinstance(node, operators.FormalOperator):
                pairs = [tuple(tuple(rng.randint(-3, 3) for _ in range(ndim)) for _ in "nm") for _ in range(12)]
                kernels.setdefault(node.name, {pair: _draw(rng, False) for pair in pairs})
            for symbol in _free_symbols(node):
                small = symbol.is_integer
                symbols.setdefault(symbol.name, rng.randint(1, 4) if small else _draw(rng, bool(symbol.is_real)))
    return Judge(ndim, kernels, symbols)


def _free_symbols(node: Any) -> Iterator[Any]:
    if isinstance(node, signals.Signal):
        values = list(node.values.flat) if node.is_exact else []
    else:
        found = [getattr(node, name, ()) for name in ("scalar", "factor", "shift", "stop", "frequency")]
        found = [value for value in found if not hasattr(value, "rows")]
        values = [entry for value in found for entry in (value if isinstance(value, tuple) else (value,))]
    for entry in values:
        yield from getattr(entry, "free_symbols", ())


def _same(a: Vector, b: Vector) -> bool:
    return all(is_zero(a.get(at, 0) - b.get(at, 0)) for at in a.keys() | b.keys())


def _random_input(rng: random.Random, centre: Index, radius: int, real: bool) -> Vector:
    box = tuple((c - radius, c + radius) for c in centre)
    return {at: _draw(rng, real) for at in sorted(cells([box]))}


def _windows(rng: random.Random, ndim: int, modulus: int, widest: int) -> list[tuple[Index, int]]:
    """(centre, radius) of the inputs to try: a whole period around 0 where it is not too long, and far away."""
    radius = max(8, min(widest, modulus // 2 + 1)) if ndim == 1 else min(6, max(3, modulus // 2 + 1))
    far = tuple(rng.choice([-1, 1]) * rng.randint(200, 2000) for _ in range(ndim))
    return [((0,) * ndim, radius), (far, 5 if ndim == 1 else 2)]


def differs(lhs: Any, rhs: Any, rng: random.Random) -> bool:
    """Whether two operators (or two signals) are found to differ.

    A difference is certain.  That none is found is evidence: the inputs are random numbers on a window that
    holds a whole period of both operators, on columns and, where the period is long, on rows as well; the
    formal kernels are random numbers too.  Two different operators agree on all of it with a chance of
    about 10⁻⁴ per number drawn, and many are drawn.
    """
    ndim = lhs.ndim or rhs.ndim or 1
    formal = any(
        isinstance(node, (signals.FormalSignal, operators.FormalOperator)) or any(_free_symbols(node))
        for root in (lhs, rhs)
        for node in walk(root)
    )
    for sparse in (False, True) if formal else (False,):
        judge = instance(lhs, rhs, rng, ndim, sparse)
        if isinstance(lhs, signals.SignalExpr):
            if not _same(judge.signal(lhs), judge.signal(rhs)):
                return True
            continue
        if _differ_for(judge, lhs, rhs, rng, widest=24 if sparse else 96):
            return True
    return False


def differ_on_columns(lhs: Any, rhs: Any, rng: random.Random) -> bool:
    """Whether two operators are found to differ on inputs near 0 and far away; no rows are looked at.

    Enough where a wrong map shows on many columns, and much quicker on several axes.
    """
    ndim = lhs.ndim or rhs.ndim or 1
    for sparse in (False, True):
        judge = instance(lhs, rhs, rng, ndim, sparse)
        far = tuple(rng.choice([-1, 1]) * rng.randint(50, 99) for _ in range(ndim))
        for centre in ((0,) * ndim, far):
            x = _random_input(rng, centre, 4 - ndim // 2 if ndim < 3 else 1, real=True)
            if not _same(judge.apply(lhs, x), judge.apply(rhs, x)):
                return True
    return False


def _differ_for(judge: Judge, lhs: Any, rhs: Any, rng: random.Random, widest: int) -> bool:
    modulus = lcm(_modulus(lhs), _modulus(rhs))
    rows = (operators.Transpose(lhs), operators.Transpose(rhs))
    for centre, radius in _windows(rng, judge.ndim, modulus, widest):
        x = _random_input(rng, centre, radius, real=rng.random() < 0.5)
        if not _same(judge.apply(lhs, x), judge.apply(rhs, x)):
            return True
    if modulus <= 2 * 96 and judge.ndim == 1:
        return False  # the first window held a whole period: every column has been looked at
    x = _random_input(rng, (0,) * judge.ndim, 8 if judge.ndim == 1 else 2, real=True)
    return not _same(judge.apply(rows[0], x), judge.apply(rows[1], x))
