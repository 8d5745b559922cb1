"""Plain evaluation from the definitions: the judge of witnesses and certificates.

A signal is a dict from index to exact number, and every operator does to it what its definition says.  None
of this knows lattices, cosets, laws, substitution or the engines: it shares no code with what it judges.  Symbols have
the values that they are given, looked up wherever a factor, a shift, a scalar or a tap is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import lcm
from typing import Any, TypeAlias

from ...errors import FormalSignalError
from ...expr import Adjoint, Block, Character, Compose, IndexedSignalSum, IndexedSum, Named, SamplingMatrix, axes
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.operators import Conj, FormalOperator, Identity, LinearOperator, Power, Scale, Sum, Transpose, Zero
from ...expr.signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum
from ...scalar import conjugate, exact, is_sympy, to_sympy
from ..budget import check_time
from .enclosure import differs, settled

Index: TypeAlias = tuple[int, ...]
Sparse: TypeAlias = dict[Index, Any]
Expression: TypeAlias = LinearOperator | SignalExpr


class Evaluator:
    """Evaluate expressions where formal names stand for given sparse signals (or sparse matrices).

    ``values`` has numbers for SymPy symbols.
    """

    def __init__(
        self, ndim: int, names: Mapping[str, Sparse] = {}, values: Mapping[Any, Any] = {}
    ) -> None:  # both are never written to
        self.ndim = ndim
        self.names = names
        self.values = values
        self._kernels: dict[int, tuple[SignalExpr, Sparse]] = {}  # an entry keeps its kernel alive, and so the id

    def signal(self, signal: SignalExpr) -> Sparse:
        """The nonzero samples of a signal."""
        match signal:
            case Signal():
                return _clean({at: self._number(v if signal.is_exact else v.item()) for at, v in signal.items()})
            case FormalSignal():
                return self._named(signal.name)
            case Box():
                return dict.fromkeys(product(*(range(self.integer(k)) for k in axes(signal.factor))), 1)
            case ConjSignal():
                return {at: conjugate(value) for at, value in self.signal(signal.signal).items()}
            case Applied():
                return self.act(signal.operator, self.signal(signal.signal))
            case SignalSum():
                return _add([self.signal(term) for term in signal.terms])
            case IndexedSignalSum():
                return _add([inside.signal(signal.body) for inside in self._inside(signal)])
        raise FormalSignalError(f"{signal} cannot be evaluated")

    def act(self, a: LinearOperator, x: Sparse, t: bool = False, c: bool = False) -> Sparse:
        """A x, with Aᵀ for A where ``t`` and its conjugate where ``c``."""
        (y,) = self.channels(a, [x], t, c)
        return y

    def channels(self, a: LinearOperator, xs: list[Sparse], t: bool = False, c: bool = False) -> list[Sparse]:
        """A (x_0, x_1, …) for blocks, by the rule y_i = Σ_j A_ij x_j; else A on every channel."""
        while isinstance(a, Transpose | Adjoint | Conj):
            t, c = t != isinstance(a, Transpose | Adjoint), c != isinstance(a, Adjoint | Conj)
            a = a.operator
        match a:
            case Identity():
                return xs
            case Zero():
                return [{} for _ in xs]
            case Block():
                return self._block(a, xs, t, c)
            case IndexedSum():
                return _total([inside.channels(a.body, xs, t, c) for inside in self._inside(a)], xs)
            case Named():
                return self.channels(a.definition(), xs, t, c)
            case Compose():
                for factor in a.factors if t else a.factors[::-1]:
                    xs = self.channels(factor, xs, t, c)
                return xs
            case Sum():
                return _total([self.channels(term, xs, t, c) for term in a.terms if not isinstance(term, Zero)], xs)
            case Scale():
                weight = self._number(a.scalar, c)
                return [_clean({n: weight * v for n, v in y.items()}) for y in self.channels(a.operator, xs, t, c)]
            case Power():
                for _ in range(a.exponent):
                    xs = self.channels(a.operator, xs, t, c)
                return xs
        return [self._letter(a, x, t, c) for x in xs]

    def _block(self, a: Block, xs: list[Sparse], t: bool, c: bool) -> list[Sparse]:
        heights, widths = (a.widths, a.heights) if t else (a.heights, a.widths)
        given = iter(xs)
        inputs = [[next(given) for _ in range(width)] for width in widths]
        outputs: list[Sparse] = []
        for i, height in enumerate(heights):
            sums: list[list[Sparse]] = [[] for _ in range(height)]
            for j, part in enumerate(inputs):
                entry = a.rows[j][i] if t else a.rows[i][j]
                if not isinstance(entry, Zero):
                    for channel, y in zip(sums, self.channels(entry, part, t, c), strict=True):
                        channel.append(y)
            outputs += [_add(channel) for channel in sums]
        return outputs

    def _letter(self, a: LinearOperator, x: Sparse, t: bool, c: bool) -> Sparse:
        match a:
            case Conv():
                return self._convolve(a, x, t, c)
            case Up() | Down():
                spread = isinstance(a, Up) != t
                if isinstance(a.factor, SamplingMatrix):
                    return _onto_lattice(x, a.factor.rows) if spread else _from_lattice(x, a.factor.rows)
                factor = tuple(self.integer(k) for k in axes(a.factor))
                return _spread(x, factor) if spread else _thin(x, factor)
            case Shift():
                by = tuple(-self.integer(s) if t else self.integer(s) for s in axes(a.shift))
                return {tuple(i + j for i, j in zip(n, by, strict=True)): v for n, v in x.items()}
            case Flip():
                return {tuple(-i for i in n): v for n, v in x.items()}
            case Modulate():
                w = a.sequence.conj() if c else a.sequence
                values, start, period = w.values, w.starts, w.values.shape
                at = {n: tuple((i - s) % p for i, s, p in zip(n, start, period, strict=True)) for n in x}
                entries = {n: values[at[n]] if w.is_exact else values[at[n]].item() for n in x}
                return _clean({n: self._number(entries[n]) * v for n, v in x.items()})
            case Character():
                frequency = tuple(self._number(w) for w in axes(a.frequency))
                return _clean({n: _power(frequency, n, c) * v for n, v in x.items()})
            case FormalOperator():
                return self._matrix(a.name, x, t, c)
        raise FormalSignalError(f"{a} cannot be evaluated")

    def _convolve(self, a: Conv, x: Sparse, t: bool, c: bool) -> Sparse:
        y: Sparse = {}
        for d, tap in self._kernel(a.kernel).items():
            check_time()
            weight = conjugate(tap) if c else tap
            for n, v in x.items():
                m = tuple(i - j if t else i + j for i, j in zip(n, d, strict=True))
                y[m] = y.get(m, 0) + weight * v
        return _clean(y)

    def _kernel(self, kernel: SignalExpr) -> Sparse:
        if id(kernel) not in self._kernels:
            self._kernels[id(kernel)] = (kernel, self.signal(kernel))
        return self._kernels[id(kernel)][1]

    def _matrix(self, name: str, x: Sparse, t: bool, c: bool) -> Sparse:
        """Entries of a formal operator are stored at (row, column) indices, one after the other."""
        y: Sparse = {}
        for at, entry in self._named(name).items():
            row, column = at[: self.ndim], at[self.ndim :]
            if t:
                row, column = column, row
            if column in x:
                y[row] = y.get(row, 0) + (conjugate(entry) if c else entry) * x[column]
        return _clean(y)

    def _inside(self, a: IndexedSum | IndexedSignalSum) -> list[Evaluator]:
        """The evaluators of the terms of Σ_{r<k}, one for every value of r."""
        return [Evaluator(self.ndim, self.names, {**self.values, a.index: r}) for r in range(self.integer(a.stop))]

    def _number(self, scalar: Any, conj: bool = False) -> Any:
        """The exact number that a scalar is, conjugated where asked for."""
        if is_sympy(scalar) and scalar.free_symbols:
            known = {s: to_sympy(self.values[s]) for s in scalar.free_symbols if s in self.values}
            scalar = scalar.xreplace(known) if known else scalar
        return exact(conjugate(scalar) if conj else scalar)

    def integer(self, value: Any) -> int:
        """The int that a factor or shift is; FormalSignalError where a symbol has no value."""
        found = self._number(value)
        if not isinstance(found, int):
            raise FormalSignalError(f"the factor or shift {value} is symbolic; evaluation needs a number for it")
        return found

    def _named(self, name: str) -> Sparse:
        if name not in self.names:
            raise FormalSignalError(f"{name} is formal; evaluation needs numbers for it")
        return self.names[name]


@lru_cache(maxsize=1 << 14)
def _power(frequency: tuple[Any, ...], n: Index, conj: bool) -> Any:
    """e^{iωn}, conjugated where asked for."""
    import sympy

    angle = sympy.sympify(sum(w * i for w, i in zip(frequency, n, strict=True)))
    return exact(sympy.exp(sympy.expand(-sympy.I * angle if conj else sympy.I * angle)))


def _spread(x: Sparse, factor: Index) -> Sparse:
    return {tuple(i * k for i, k in zip(n, factor, strict=True)): v for n, v in x.items()}


def _thin(x: Sparse, factor: Index) -> Sparse:
    kept = {n: v for n, v in x.items() if all(i % k == 0 for i, k in zip(n, factor, strict=True))}
    return {tuple(i // k for i, k in zip(n, factor, strict=True)): v for n, v in kept.items()}


def _onto_lattice(x: Sparse, rows: tuple[Index, ...]) -> Sparse:
    """The sample at n goes to M n."""
    return {tuple(sum(a * i for a, i in zip(row, n, strict=True)) for row in rows): v for n, v in x.items()}


def _from_lattice(x: Sparse, rows: tuple[Index, ...]) -> Sparse:
    """The sample at n goes to M⁻¹ n where that is an index."""
    table, whole = _inverse(rows)
    found: Sparse = {}
    for n, v in x.items():
        at = [divmod(sum(a * i for a, i in zip(row, n, strict=True)), whole) for row in table]
        if not any(rest for _, rest in at):
            found[tuple(quotient for quotient, _ in at)] = v
    return found


@lru_cache(maxsize=256)
def _inverse(rows: tuple[Index, ...]) -> tuple[tuple[Index, ...], int]:
    """The rows of M⁻¹ over a common denominator; Gauss and Jordan with fractions."""
    d = len(rows)
    table = [[Fraction(a) for a in row] + [Fraction(int(i == j)) for j in range(d)] for i, row in enumerate(rows)]
    for j in range(d):
        pivot = next(i for i in range(j, d) if table[i][j])
        table[j], table[pivot] = table[pivot], table[j]
        table[j] = [a / table[j][j] for a in table[j]]
        for i in range(d):
            if i != j:
                table[i] = [a - table[i][j] * b for a, b in zip(table[i], table[j], strict=True)]
    whole = lcm(*(a.denominator for row in table for a in row[d:]))
    return tuple(tuple(int(a * whole) for a in row[d:]) for row in table), whole


def _total(terms: list[list[Sparse]], xs: list[Sparse]) -> list[Sparse]:
    """The sum of terms channel by channel; of none 0 in every channel."""
    return [_add(list(channel)) for channel in zip(*(terms or [[{} for _ in xs]]), strict=True)]


def _add(terms: list[Sparse]) -> Sparse:
    y: Sparse = {}
    for term in terms:
        for n, v in term.items():
            y[n] = y.get(n, 0) + v
    return _clean(y)


def _clean(x: Sparse) -> Sparse:
    """Without zeros; SymPy sums are multiplied out so that a zero shows."""
    if any(is_sympy(v) for v in x.values()):
        x = {n: settled(v) if is_sympy(v) else v for n, v in x.items()}
    return {n: v for n, v in x.items() if v != 0}


__all__ = ["Evaluator", "Index", "Sparse", "differs"]
