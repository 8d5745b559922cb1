"""The walk with symbolic factors.

The index n and the slots are affine in integer parameters, with coefficients that are polynomials in the
factors.  A parameter is free, or bounded to [0, b).  ↓k asks whether k divides n; where that can be solved for
a parameter the walk goes on with fewer or other parameters, and where it cannot the statement is undecided.
Nothing is ever decided by trying values: small values only refute.  What a point weighs may depend on its parameters
(:mod:`.weights`).

What is concluded holds for all positive factors, except that "k does not divide the number c ≠ 0" is used
for k > |c|; such thresholds are kept, and the finitely many smaller k are decided one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import Undecided
from ...expr import Conv, IndexedSignalSum, IndexedSum, LinearOperator, axes, symbols_in, walk
from ...expr.signals import Applied, ConjSignal, Signal, SignalExpr, SignalSum
from ...scalar import conjugate, is_sympy
from ..numbers.ring import Ring
from ..numbers.spectrum import Spectrum
from .affine import (
    CONSTANT,
    Affine,
    Context,
    Poly,
)
from .parametrised import Parametrised
from .walk import Walker, taps


def _speaks_of(signal: SignalExpr, indices: Mapping[Any, Affine]) -> bool:
    return bool(indices) and not indices.keys().isdisjoint(symbols_in(signal))


class SymbolicWalker(Walker):
    """The walk for symbolic factors; all concrete kernels may be held formal."""

    def __init__(
        self, ndim: int, ring: Ring, context: Context, held: dict[Signal, str], spectrum: Spectrum | None = None
    ) -> None:
        super().__init__(ndim, ring.convert, spectrum)
        self.ring = ring
        self.context = context
        self.held = held

    def formal(self, label: tuple[str, ...]) -> Parametrised:
        one = self.context.poly(1)
        free: list[Affine] = [{self.context.fresh(): one} for _ in range(self.ndim)]
        return self._state((label,), free, free, {}, self.ring.one)

    def _state(self, labels: Any, index: Any, slots: Any, bounds: dict[int, Poly], weight: Any) -> Parametrised:
        """A state with the exponents of all units 0."""
        extras = self.spectrum.labels
        none: list[Affine] = [{}] * (self.ndim * len(extras))
        point = (*index, *none, *slots)
        return Parametrised(self.context, self.ndim, (*extras, *labels), point, bounds, weight)

    def concrete(self, signal: Signal, conj: bool) -> Any:
        return self.formal(("held", self.held[signal], "conj" if conj else ""))

    def signal(self, signal: Any, conj: bool) -> list[Any]:
        if isinstance(signal, Signal) and signal not in self.held:
            return [
                state.advanced(exponents) if any(exponents) else state
                for exponents, weights in self.by_exponents(taps(signal, conj)).items()
                for state in (self._tap(at, weight) for at, weight in weights.items())
            ]
        return super().signal(signal, conj)

    def _tap(self, at: tuple[int, ...], weight: Any) -> Parametrised:
        index: list[Affine] = [{CONSTANT: self.context.poly(n)} if n else {} for n in at]
        return self._state((), index, (), {}, weight)

    def _scaled(self, scalar: Any, states: list[Any], conj: bool) -> list[Any]:
        found = []
        for coefficient, exponents in self.spectrum.of_scalar(scalar, conj):
            turned = [s.advanced(exponents) for s in states] if any(exponents) else states
            weight = conjugate(coefficient) if conj else coefficient
            found += [s for state in turned for s in state.weighted(weight)]
        return found

    def indexed(self, operator: IndexedSum, states: list[Any], transpose: bool, conj: bool) -> list[Any]:
        """The index is one more bounded parameter."""
        inside = self._entered(operator, states)
        return [s.outside(operator.index) for s in self.act(operator.body, inside, transpose, conj)]

    def indexed_signal(self, signal: IndexedSignalSum, conj: bool) -> list[Any]:
        return self._onto([self._tap((0,) * self.ndim, self.ring.one)], signal, conj)

    def _entered(self, node: IndexedSum | IndexedSignalSum, states: list[Any]) -> list[Any]:
        taps = [c for n in walk(node.body) if isinstance(n, Signal) and n.is_exact for c in n.values.flat]
        if any(is_sympy(c) and node.index in c.free_symbols for c in taps):
            raise Undecided(f"a tap of the sum depends on its index, and the number of terms is {node.stop}")
        stop = self.context.poly(node.stop)
        return [state.within(node.index, stop) for state in states]

    def _letter(self, letter: LinearOperator, state: Any, transpose: bool, conj: bool) -> list[Any]:
        if isinstance(letter, Conv) and _speaks_of(letter.kernel, state.indices):
            after = self._onto([state.set_aside()], letter.kernel, conj)
            return [s.taken_up(-1 if transpose else 1) for s in after]
        return super()._letter(letter, state, transpose, conj)

    def _onto(self, states: list[Any], signal: SignalExpr, conj: bool) -> list[Any]:
        """States of index 0 moved by a signal, which may depend on the indices of the sums around it."""
        match signal:
            case IndexedSignalSum():
                inside = self._entered(signal, states)
                return [s.outside(signal.index) for s in self._onto(inside, signal.body, conj)]
            case _ if not any(_speaks_of(signal, state.indices) for state in states):
                return [s for state in states for k in self.signal(signal, conj) for s in state.convolve(k, 1)]
            case ConjSignal():
                return self._onto(states, signal.signal, not conj)
            case Applied():
                return self.act(signal.operator, self._onto(states, signal.signal, conj), False, conj)
            case SignalSum():
                return [s for term in signal.terms for s in self._onto(states, term, conj)]
        raise Undecided(f"the signal {signal} depends on the index of a sum")

    def box(self, factor: tuple[Any, ...]) -> Parametrised:
        one = self.context.poly(1)
        names = [self.context.fresh() for _ in factor]
        bounds = {p: self.context.poly(k) for p, k in zip(names, axes(factor), strict=True)}
        return self._state((), tuple({p: one} for p in names), (), bounds, self.ring.one)
