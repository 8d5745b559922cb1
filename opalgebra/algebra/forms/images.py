"""Where an operator takes the frequencies of its input from: (A x)^(p) = Σ c x^(p′), over the images p′ of p.

A frequency p is one angle per axis, an expression in the angles θ of the output.  Letter by letter, from the left: q∗
multiplies by q^(p), ↑M goes on at M p, ↓M at the (p − 2πk)/M, each with 1/M, S^s multiplies by e^{−isp}, a flip goes on
at −p, a modulation by e^{iωn} at p − ω.  How e^{ip} is written says ``unit``: as an exponential, or in powers of z.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from math import prod
from typing import Any, TypeAlias

from ...errors import FormalSignalError, SizeError
from ...expr import (
    Character,
    Compose,
    Identity,
    IndexedSignalSum,
    IndexedSum,
    LinearOperator,
    Named,
    Node,
    Power,
    SamplingMatrix,
    Scale,
    Sum,
    Zero,
    axes,
    fresh_index,
    ratio,
    remembered,
    substitute,
    walk,
)
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.operators import Adjoint, Conj, FormalOperator, Transpose
from ...expr.signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum
from ...scalar import conjugate, is_sympy, to_sympy
from ..budget import check_time
from ..numbers.choose import ring_of

Point: TypeAlias = tuple[Any, ...]  # one angle per axis
Binders: TypeAlias = tuple[tuple[Any, Any], ...]  # (k, M) for every index 0 <= k < M that a point depends on
Terms: TypeAlias = dict[tuple[Point, Binders], Any]  # coefficient by where x^ is taken

MAX_IMAGES = 10_000


class Images:
    """The transforms of one expression and of all that it is made of; ``unit`` is e^{ip} for an expression p in θ."""

    def __init__(self, root: Node, unit: Callable[[Any], Any], taken: Iterable[Any] = ()) -> None:
        self.unit = unit
        self.free = _free_symbols(root) | set(taken)
        self.names = {s.name for s in self.free} | {i.name for node in walk(root) for i in node.bound_symbols()}

    # signals ---------------------------------------------------------------------------------------------

    def signal(self, x: SignalExpr, p: Point, c: bool = False) -> Any:
        """x^(p) = Σ_n x_n e^{−ipn}, of the conjugate of x where ``c``."""
        from sympy import Add

        match x:
            case Signal():
                return self._known(x, p, c)
            case FormalSignal():
                return self._formal(x, p, c and not x.real)
            case Box():
                return prod(self._ones(k, angle) for k, angle in zip(axes(x.factor), p, strict=True))
            case ConjSignal():
                return self.signal(x.signal, p, not c)
            case Applied():
                return self.total(self.images(x.operator, p, c=c), lambda at: self.signal(x.signal, at, c))
            case SignalSum():
                return Add(*(self.signal(term, p, c) for term in x.terms))
            case IndexedSignalSum():
                body, index = self._apart(x, _names(p))
                return _summed(self.signal(body, p, c), index, x.stop)
        raise FormalSignalError(f"{x} has no transform that is known")

    def _known(self, x: Signal, p: Point, c: bool) -> Any:
        from sympy import Add

        samples = [(n, v if x.is_exact else to_sympy(v.item())) for n, v in x.items()]
        return Add(*((conjugate(to_sympy(v)) if c else to_sympy(v)) * self.delay(p, n) for n, v in samples))

    def _formal(self, x: FormalSignal, p: Point, c: bool) -> Any:
        """Q(e^{ip}); of the conjugate the conjugate of Q at the conjugate."""
        from sympy import Function

        place = [self.unit(angle) for angle in p]
        q = Function(function_name(x.name))
        return conjugate(q(*map(conjugate, place))) if c else q(*place)

    def _ones(self, count: Any, angle: Any) -> Any:
        from sympy import Add

        if not is_sympy(count):
            return Add(*(self.delay((angle,), (n,)) for n in range(count)))
        n = fresh_index("n", self.names | _names((angle,)))
        return _summed(self.delay((angle,), (n,)), n, count)

    def delay(self, p: Point, n: Iterable[Any]) -> Any:
        """e^{−ipn}."""
        return self.unit(reduced(-sum(angle * i for angle, i in zip(p, n, strict=True))))

    # operators -------------------------------------------------------------------------------------------

    def images(self, a: LinearOperator, p: Point, t: bool = False, c: bool = False) -> Terms:
        """(A x)^(p) as Σ coefficient · x^(p′); with Aᵀ for A where ``t`` and its conjugate where ``c``."""
        while isinstance(a, Transpose | Adjoint | Conj):
            t, c = t != isinstance(a, Transpose | Adjoint), c != isinstance(a, Adjoint | Conj)
            a = a.operator
        match a:
            case Identity():
                return {(p, ()): 1}
            case Zero():
                return {}
            case Compose():
                return self._chained(a.factors[::-1] if t else a.factors, p, t, c)
            case Power():
                return self._chained((a.operator,) * a.exponent, p, t, c)
            case Sum():
                return _merged((1, self.images(term, p, t, c)) for term in a.terms)
            case Scale():
                scalar = to_sympy(a.scalar)
                return _merged([(conjugate(scalar) if c else scalar, self.images(a.operator, p, t, c))])
            case IndexedSum() if is_sympy(a.stop):
                body, index = self._apart(a, _names(p))
                found = self.images(body, p, t, c).items()
                return _merged((1, {(at, (*binders, (index, a.stop))): w}) for (at, binders), w in found)
            case Named():
                return self.images(a.definition(), p, t, c)
        return self._letter(a, p, t, c)

    def _chained(self, factors: Iterable[LinearOperator], p: Point, t: bool, c: bool) -> Terms:
        """One factor after the other, from the left; frequencies that meet are taken together."""
        terms: Terms = {(p, ()): 1}
        for factor in factors:
            check_time()
            terms = _merged(self._further(factor, at, binders, w, t, c) for (at, binders), w in terms.items())
            if len(terms) > MAX_IMAGES:
                raise SizeError(f"the frequencies of the output come from over {MAX_IMAGES} of the input; take a part")
        return terms

    def _further(self, a: LinearOperator, p: Point, binders: Binders, w: Any, t: bool, c: bool) -> tuple[Any, Terms]:
        """The images of one term, below the indices that it has already."""
        return w, {(at, (*binders, *inner)): v for (at, inner), v in self.images(a, p, t, c).items()}

    def _letter(self, a: LinearOperator, p: Point, t: bool, c: bool) -> Terms:
        match a:
            case Conv():
                return {(p, ()): self.signal(a.kernel, _negative(p) if t else p, c)}
            case Shift():
                return {(p, ()): self.delay(_negative(p) if t else p, axes(a.shift))}
            case Flip():
                return {(_reduced(_negative(p)), ()): 1}
            case Up() | Down():
                return self._spread(a.factor, p) if isinstance(a, Up) != t else self._thinned(a.factor, p)
            case Character():
                sign = 1 if c else -1
                return {(_reduced(q + sign * w for q, w in zip(p, axes(a.frequency), strict=True)), ()): 1}
            case Modulate():
                return _periodic(a.sequence.conj() if c else a.sequence, p)
            case FormalOperator():
                raise FormalSignalError(f"{a} is any linear map; what it does to frequencies is not known")
        raise FormalSignalError(f"{a} has no transform that is known")

    def _spread(self, factor: Any, p: Point) -> Terms:
        """↑M: x^(Mᵀ p)."""
        rows = factor.columns if isinstance(factor, SamplingMatrix) else None
        scaled = (k * q for k, q in zip(axes(factor), p, strict=True)) if rows is None else _times(rows, p)
        return {(_reduced(scaled), ()): 1}

    def _thinned(self, factor: Any, p: Point) -> Terms:
        """↓M: |det M|⁻¹ Σ_k x^(M⁻ᵀ (p − 2πk)), over one k of each coset of Mᵀ ℤ^d."""
        from sympy import Rational, pi

        count = ratio(factor)
        number = int(to_sympy(count).as_coeff_Mul()[0])
        if number > MAX_IMAGES:
            raise SizeError(f"the frequencies of the output come from {number} of the input each; at most {MAX_IMAGES}")
        if isinstance(factor, SamplingMatrix):
            inverse = [
                [Rational(f.numerator, f.denominator) for f in column] for column in zip(*factor.inverse(), strict=True)
            ]
            shifted = ([q - 2 * pi * i for q, i in zip(p, k, strict=True)] for k in factor.T.cosets())
            return _merged((Rational(1, count), {(_reduced(_times(inverse, q)), ()): 1}) for q in shifted)
        steps, binders = self._steps(axes(factor), p)
        images = (
            _reduced((q - 2 * pi * i) / m for q, i, m in zip(p, k, axes(factor), strict=True)) for k in product(*steps)
        )
        return _merged((1 / to_sympy(count), {(at, binders): 1}) for at in images)

    def _steps(self, factor: Point, p: Point) -> tuple[list[Iterable[Any]], Binders]:
        """For every axis the 0 <= k < M: numbers, or one index."""
        taken, steps, binders = self.names | _names(p), list[Iterable[Any]](), list[tuple[Any, Any]]()
        for m in factor:
            if is_sympy(m):
                k = fresh_index("k", taken)
                taken, binders = taken | {k.name}, [*binders, (k, m)]
                steps.append((k,))
            else:
                steps.append(range(m))
        return steps, tuple(binders)

    def _apart(self, node: IndexedSum | IndexedSignalSum, taken: set[str]) -> tuple[Any, Any]:
        """What is summed and its index, by another name where its own means something else here."""
        if node.index not in self.free and node.index.name not in taken:
            return node.body, node.index
        index = fresh_index(node.index.name, self.names | taken)
        return substitute(node.body, {node.index: index}), index

    def total(self, terms: Terms, value: Callable[[Point], Any]) -> Any:
        """Σ coefficient · x^(p′), with x^ by ``value``."""
        from sympy import Add

        found = []
        for (at, binders), w in terms.items():
            outside, inside = to_sympy(w).as_independent(*(k for k, _ in binders), as_Add=False)
            inside = inside * value(at)
            for index, stop in reversed(binders):
                inside = _summed(inside, index, stop)
            found.append(outside * inside)
        return Add(*found)


# -- terms ------------------------------------------------------------------------------------------------


def _merged(weighted: Iterable[tuple[Any, Terms]]) -> Terms:
    """Σ w · terms.  An index that the frequency does not depend on is summed at once."""
    made: dict[tuple[Point, Binders], list[Any]] = {}
    for w, terms in weighted:
        for (at, binders), v in terms.items():
            symbols = set().union(*(angle.free_symbols for angle in at))
            value = w * v
            for index, stop in reversed(binders):
                if index not in symbols:
                    value = _summed(value, index, stop)
            kept = tuple((index, stop) for index, stop in binders if index in symbols)
            made.setdefault((at, kept), []).append(value)
    from sympy import Add

    return {key: value for key, values in made.items() if (value := Add(*values)) != 0}


def _summed(value: Any, index: Any, stop: Any) -> Any:
    """Σ_{0 <= index < stop} value."""
    from sympy import Add, Sum

    value = to_sympy(value)
    if index not in value.free_symbols:
        return stop * value
    if not is_sympy(stop):
        return Add(*(value.subs(index, i) for i in range(stop)))
    outside, inside = value.as_independent(index, as_Add=False)
    return outside * Sum(inside, (index, 0, stop - 1))


def _periodic(w: Signal, p: Point) -> Terms:
    """Multiplication by a periodic sequence: Σ_k W_k x^(p − 2πk/N), W_k = N⁻¹ Σ_n w_n e^{−2πikn/N}."""
    from sympy import I, Rational, exp, pi

    shape = w.values.shape
    if (count := prod(shape)) > MAX_IMAGES:
        raise SizeError(f"the sequence has {count} frequencies; at most {MAX_IMAGES} are listed")
    samples = [(n, to_sympy(v if w.is_exact else v.item())) for n, v in w.items()]
    ring = ring_of([*(v for _, v in samples), *(exp(2 * pi * I / size) for size in shape)])
    weights = [(n, ring.convert(v)) for n, v in samples]
    made: Terms = {}
    for k in product(*map(range, shape)):
        check_time()
        total = ring.convert(0)
        for n, v in weights:
            turn = sum(Rational(i * j, size) for i, j, size in zip(k, n, shape, strict=True)) % 1
            total = total + v * ring.convert(exp(-2 * pi * I * turn))
        if total:  # decided: the numbers of the ring are exact
            at = _reduced(q - 2 * pi * Rational(i, size) for q, i, size in zip(p, k, shape, strict=True))
            made[at, ()] = to_sympy(ring.to_scalar(ring.divide(total, count)))
    return made


# -- angles and names -------------------------------------------------------------------------------------


def reduced(angle: Any) -> Any:
    """An angle without multiples of 2π; rational multiples of π lie in (−π, π]."""
    from sympy import Add, expand, pi, sympify

    turn, kept = sympify(0), []
    for term in Add.make_args(expand(sympify(angle))):
        halves = term / pi
        if halves.is_Rational:
            turn += halves
        elif not (halves / 2).is_integer:
            kept.append(term)
    turn %= 2
    return Add(*kept, pi * (turn - 2 if turn > 1 else turn))


def _reduced(angles: Iterable[Any]) -> Point:
    return tuple(map(reduced, angles))


def _negative(p: Point) -> Point:
    return tuple(-angle for angle in p)


def _times(rows: Any, p: Iterable[Any]) -> list[Any]:
    p = list(p)
    return [sum(a * q for a, q in zip(row, p, strict=True)) for row in rows]


def _names(p: Point) -> set[str]:
    return {symbol.name for angle in p for symbol in angle.free_symbols}


def function_name(name: str) -> str:
    r"""Q for a signal q, as the books write transforms; \hat{Q} for a signal Q, so that no two share a name."""
    first = name[0].upper()
    one_to_one = first != name[0] and len(first) == 1 and first.lower() == name[0]
    return first + name[1:] if one_to_one else rf"\hat{{{name}}}"


def _free_symbols(root: Node) -> set[Any]:
    """The symbols of an expression, those in scalars and taps included, without bound indices."""
    return set(remembered(root, "_all_free", _free_here))


def _free_here(node: Node) -> frozenset[Any]:
    values: list[Any] = list(node.own_symbols())
    match node:
        case Signal() if node.is_exact:
            values += node.values.flat
        case Scale():
            values.append(node.scalar)
        case Character():
            values += axes(node.frequency)
    found = {s for value in values if is_sympy(value) for s in value.free_symbols}
    inner = {s for child in node.children() for s in child.__dict__["_all_free"]}
    return frozenset((found | inner) - node.bound_symbols())
