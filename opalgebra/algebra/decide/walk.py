"""Walking an expression: the rules by which operators act, whatever a state of the walk is.

The concrete walk (:mod:`.coset`) and the one with symbolic factors (:mod:`.symbolic`) share this traversal; a
state supplies ``up``, ``down``, ``shift``, ``flip``, ``modulate``, ``turn``, ``convolve``, ``formal_operator`` and
``scaled``, each returning a list of states.  Transposition, adjoints and conjugation are two flags here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import product
from typing import Any

from ...errors import OperandError, Undecided
from ...expr import Adjoint, Character, Compose, Named, SamplingMatrix, axes, has_blocks, plain, root_of_unity
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.operators import Conj, FormalOperator, Identity, LinearOperator, Power, Scale, Sum, Transpose, Zero
from ...expr.signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum
from ...expr.sums import IndexedSignalSum, IndexedSum
from ...scalar import Scalar, conjugate
from ..budget import check_time
from ..numbers.spectrum import Spectrum

POWER_LIMIT = 100_000  # factors of one power that are walked through
INPUT = ("input",)  # the label of the slot that an operator's argument takes


class Walker(ABC):
    """A walk over expressions of ``ndim`` axes with coefficients of one ring."""

    def __init__(self, ndim: int, convert: Callable[[Scalar], Any], spectrum: Spectrum | None = None) -> None:
        self.ndim = ndim
        self.convert = convert
        self.spectrum = spectrum or Spectrum()
        self._kernels: dict[tuple[SignalExpr, bool], list[Any]] = {}

    @abstractmethod
    def formal(self, label: tuple[str, ...]) -> Any:
        """The state of a formal signal."""

    @abstractmethod
    def concrete(self, signal: Signal, conj: bool) -> Any:
        """The state of a signal whose samples are known."""

    @abstractmethod
    def box(self, factor: tuple[Any, ...]) -> Any:
        """The state of 1_k with a symbolic k."""

    def merge(self, states: list[Any]) -> list[Any]:
        """Collect equal states of a sum; a walk may leave them as they are."""
        return states

    def run(self, expression: LinearOperator | SignalExpr) -> list[Any]:
        """The states of a signal, or of A x for an operator A and a formal input x."""
        if isinstance(expression, SignalExpr):
            return self.signal(expression, False)
        return self.act(expression, [self.formal(INPUT)], False, False)

    def signal(self, signal: SignalExpr, conj: bool) -> list[Any]:
        """The states of a signal expression."""
        found = self._kernels.get((signal, conj))
        if found is None:
            found = self._kernels[signal, conj] = self._signal(signal, conj)
        return found

    def _signal(self, signal: SignalExpr, conj: bool) -> list[Any]:
        match signal:
            case Signal():
                return [self.concrete(signal, conj)]
            case FormalSignal():
                return [self.formal(("signal", signal.name, "conj" if conj and not signal.real else ""))]
            case Box():
                return [self.box(axes(signal.factor))]
            case ConjSignal():
                return self.signal(signal.signal, not conj)
            case Applied():
                return self.act(signal.operator, self.signal(signal.signal, conj), False, conj)
            case SignalSum():
                return self.merge([state for term in signal.terms for state in self.signal(term, conj)])
            case IndexedSignalSum():
                return self.indexed_signal(signal, conj)
        raise OperandError(f"{type(signal).__name__} is not a signal that can be walked")

    def indexed_signal(self, signal: IndexedSignalSum, conj: bool) -> list[Any]:
        """The states of Σ_{r<k} x_r."""
        return self.signal(signal.definition(), conj)

    def indexed(self, operator: IndexedSum, states: list[Any], transpose: bool, conj: bool) -> list[Any]:
        """The states after Σ_{r<k} A_r."""
        return self.act(operator.definition(), states, transpose, conj)

    def act(self, operator: LinearOperator, states: list[Any], transpose: bool, conj: bool) -> list[Any]:
        """The states after an operator, its transpose, its conjugate or its adjoint."""
        check_time()
        if has_blocks(operator):
            operator = plain(operator)
        operator, transpose, conj, states = self._unwrap(operator, states, transpose, conj)
        match operator:
            case Identity():
                return states
            case Zero():
                return []
            case Compose():
                for factor in operator.factors if transpose else reversed(operator.factors):
                    states = self.act(factor, states, transpose, conj)
                return states
            case IndexedSum():
                return self.indexed(operator, states, transpose, conj)
            case Sum():
                return self.merge([s for term in operator.terms for s in self.act(term, states, transpose, conj)])
            case Power():
                if operator.exponent > POWER_LIMIT:
                    raise Undecided(f"budget: the power {operator.exponent} of an operator (limit {POWER_LIMIT})")
                for _ in range(operator.exponent):
                    states = self.act(operator.operator, states, transpose, conj)
                return states
        return [after for state in states for after in self._letter(operator, state, transpose, conj)]

    def _unwrap(
        self, operator: LinearOperator, states: list[Any], transpose: bool, conj: bool
    ) -> tuple[LinearOperator, bool, bool, list[Any]]:
        """Peel wrappers off in a loop, so that a tower of transposes needs no stack."""
        while True:
            match operator:
                case Transpose():
                    transpose, operator = not transpose, operator.operator
                case Adjoint():
                    transpose, conj, operator = not transpose, not conj, operator.operator
                case Conj():
                    conj, operator = not conj, operator.operator
                case Scale():
                    states = self._scaled(operator.scalar, states, conj)
                    operator = operator.operator
                case Named() if not isinstance(operator, IndexedSum):
                    operator = operator.definition()
                case _:
                    return operator, transpose, conj, states

    def _scaled(self, scalar: Scalar, states: list[Any], conj: bool) -> list[Any]:
        """c times the states; a factor e^{iθ} of c moves the exponents of the units."""
        found = []
        for coefficient, exponents in self.spectrum.of_scalar(scalar, conj):
            weight = self.convert(conjugate(coefficient) if conj else coefficient)
            turned = [s.advanced(exponents) for s in states] if any(exponents) else states
            found += [s for state in turned for s in state.scaled(weight)] if weight else []
        return found

    def _letter(self, letter: LinearOperator, state: Any, transpose: bool, conj: bool) -> list[Any]:
        match letter:
            case Conv():
                sign = -1 if transpose else 1
                return [s for k in self.signal(letter.kernel, conj) for s in state.convolve(k, sign)]
            case Up() | Down():
                go_up = isinstance(letter, Up) != transpose
                factor = letter.factor if isinstance(letter.factor, SamplingMatrix) else axes(letter.factor)
                return list(state.up(factor) if go_up else state.down(factor))
            case Shift():
                return list(state.shift(tuple(-s if transpose else s for s in axes(letter.shift))))
            case Flip():
                return list(state.flip())
            case Modulate():
                return self._modulated(letter.sequence, state, conj)
            case Character():
                return self._turned(letter, state, conj)
            case FormalOperator():
                row, column = (("operator", letter.name, "conj" if conj else "", side) for side in ("row", "column"))
                return list(state.formal_operator(*((column, row) if transpose else (row, column))))
        raise OperandError(f"{type(letter).__name__} is not an operator that can be walked")

    def _turned(self, character: Character, state: Any, conj: bool) -> list[Any]:
        """Exponents of the free units, and a periodic sequence of roots of unity."""
        states: list[Any] = state.turn(self.spectrum.powers(character, conj))
        fractions = self.spectrum.turns(character, conj)
        if not any(fractions):
            return states
        powers = [self.convert(1)]
        for _ in range(1, self.spectrum.order):
            powers.append(powers[-1] * self.convert(root_of_unity(self.spectrum.order)))
        period = tuple(t.denominator for t in fractions)
        steps = [t.numerator * (self.spectrum.order // t.denominator) for t in fractions]
        weights = {
            n: powers[sum(i * step for i, step in zip(n, steps, strict=True)) % self.spectrum.order]
            for n in product(*map(range, period))
        }
        return [s for turned in states for s in turned.modulate(period, weights)]

    def _modulated(self, sequence: Signal, state: Any, conj: bool) -> list[Any]:
        """Weights by residue, for a periodic sequence; units in its values move the exponents."""
        period = sequence.values.shape
        values = {tuple(n % p for n, p in zip(at, period, strict=True)): v for at, v in taps(sequence, conj).items()}
        found: list[Any] = []
        for exponents, weights in self.by_exponents(values).items():
            made = state.modulate(period, weights)
            found += [s.advanced(exponents) for s in made] if any(exponents) else made
        return found

    def by_exponents(self, values: dict[tuple[int, ...], Any]) -> dict[tuple[Any, ...], dict[tuple[int, ...], Any]]:
        """Exact values by place as Σ weight · units: the weights by place, for all exponents of units that occur."""
        if not self.spectrum.none:
            return {(): {at: self.convert(value) for at, value in values.items()}}
        found: dict[tuple[Any, ...], dict[tuple[int, ...], Any]] = {}
        for at, value in values.items():
            for coefficient, exponents in self.spectrum.of_scalar(value, False):
                weights, weight = found.setdefault(exponents, {}), self.convert(coefficient)
                weights[at] = weights[at] + weight if at in weights else weight
        return found or {self.spectrum.none: {}}


def taps(signal: Signal, conj: bool) -> dict[tuple[int, ...], Any]:
    """The nonzero samples of a concrete signal by index."""
    return {
        at: conjugate(value) if conj else value
        for at, entry in signal.items()
        for value in [entry if signal.is_exact else entry.item()]
    }
