"""The reference engine: every letter computed with NumPy as its formula says, with no transform.

It is the engine that the others are compared with.  Sums of products are direct, so that integers are
exact and a NaN stays local.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import LinearOperator, SamplingMatrix, Signal
from ...expr.spread import flipped, spread
from ...scalar import Scalar, exact
from ..arrays import arithmetic
from ..arrays.arithmetic import CONVOLUTION, POINTWISE, Numbers
from ..arrays.tone import tone_signal
from ..arrays.window import Window, place, union
from ..filters.relabel import Relabel
from .machine import Machine
from .outline import check_sizes
from .unfold import evaluate, evaluate_channels, window_of


class ReferenceEngine:
    """Runs operators on NumPy arrays, numeric or exact."""

    name = "numpy"

    def supports(self, array: Any) -> bool:
        """Whether the engine computes with arrays of this kind."""
        return isinstance(array, np.ndarray)

    def apply(self, operator: LinearOperator, signal: Signal, exact: bool = False) -> Signal:
        """A x; the input is read only."""
        check_sizes(operator, (signal,))
        return evaluate(operator, signal, _machine(exact))

    def apply_to_channels(
        self, operator: LinearOperator, signals: tuple[Signal, ...], exact: bool = False
    ) -> tuple[Signal, ...]:
        """A (x_0, x_1, …); the inputs are read only."""
        check_sizes(operator, signals)
        return evaluate_channels(operator, signals, _machine(exact))

    def add(self, terms: Sequence[Signal], exact: bool = False) -> Signal:
        """The sum of signals on the union of their windows."""
        return _machine(exact).total(terms)


class ArrayMachine(Machine[Signal]):
    """The letters on signals."""

    def read(self, signal: Signal) -> Numbers:
        """The samples of a signal as what they are computed with."""
        return Numbers(signal.values, signal.weak)

    def convolve(self, x: Signal, kernel: Signal) -> Signal:
        """y_n = Σ_k q_{n−k} x_k."""
        window = window_of(x).convolved(window_of(kernel))
        window.check_size(max(8, x.dtype.itemsize, kernel.dtype.itemsize))
        data = self.read(x)
        return _made(arithmetic.multiplied(CONVOLUTION, data, arithmetic.settled(data, self.read(kernel))), window)

    def modulate(self, x: Signal, sequence: Signal) -> Signal:
        """y_n = w_n x_n, w periodic."""
        indices = [
            ((a - b) % m + np.arange(n)) % m
            for a, n, b, m in zip(x.starts, x.values.shape, sequence.starts, sequence.values.shape, strict=True)
        ]
        # Settled over the whole period: the dtype must not depend on which part of it is read.
        period = arithmetic.settled(self.read(x), self.read(sequence))
        factors = Numbers(period.array[np.ix_(*indices)], period.weak)
        return _made(arithmetic.multiplied(POINTWISE, self.read(x), factors), window_of(x))

    def character(self, x: Signal, frequency: Any) -> Signal:
        """y_n = e^{iωn} x_n: on the window of x any sequence is one period."""
        window = window_of(x) if x.values.size else Window(x.starts, (1,) * len(x.starts))
        floating = any(isinstance(w, float) for w in frequency) or self.read(x).array.dtype.kind in "fc"
        return self.modulate(x, tone_signal(frequency, window, not floating))

    def scale(self, x: Signal, scalar: Scalar) -> Signal:
        """y_n = c x_n."""
        data = self.read(x)
        if data.array.dtype.kind in "fc":
            return _made(arithmetic.scaled(data, scalar), window_of(x))
        factor = arithmetic.settled(data, arithmetic.scalar_numbers(scalar))
        return _made(arithmetic.multiplied(POINTWISE, data, factor), window_of(x))

    def up(self, x: Signal, factors: tuple[int, ...]) -> Signal:
        """y_{kn} = x_n, zeros between."""
        if all(k == 1 for k in factors):
            return x
        window = window_of(x).up(factors)
        window.check_size(x.dtype.itemsize)
        if (waiting := spread(x, factors)) is not None:
            return waiting
        result = arithmetic.zeros(window.shape, x.dtype)
        result[tuple(slice(None, None, k) for k in factors)] = x.values
        return Signal._wrap(result, window.starts, x.weak)

    def down(self, x: Signal, factors: tuple[int, ...]) -> Signal:
        """y_n = x_{kn}."""
        window = window_of(x).down(factors)
        reads = tuple(
            slice(k * first - start, None, k) if size else slice(0)
            for k, first, start, size in zip(factors, window.starts, x.starts, window.shape, strict=True)
        )
        return Signal._wrap(np.ascontiguousarray(x.values[reads]), window.starts, x.weak)

    def spread(self, x: Signal, matrix: SamplingMatrix) -> Signal:
        """y_{Mn} = x_n, zeros between."""
        return _relabelled(Relabel(matrix, spreads=True), x)

    def sample(self, x: Signal, matrix: SamplingMatrix) -> Signal:
        """y_n = x_{Mn}; zeros at the corners of the box whose M n lies outside."""
        return _relabelled(Relabel(matrix, spreads=False), x)

    def shift(self, x: Signal, shifts: tuple[int, ...]) -> Signal:
        """y_n = x_{n−s}."""
        return Signal._wrap(x.values, window_of(x).shifted(shifts).starts, x.weak)

    def flip(self, x: Signal) -> Signal:
        """y_n = x_{−n}."""
        mirrored = flipped(x)
        return Signal._wrap(np.ascontiguousarray(mirrored.values), mirrored.starts, x.weak)

    def zero(self, x: Signal) -> Signal:
        """y = 0, on an empty window."""
        window = window_of(x).emptied()
        return Signal._wrap(np.zeros(window.shape, dtype=x.dtype), window.starts, x.weak)

    def total(self, terms: Sequence[Signal]) -> Signal:
        """The sum, on the union of the windows."""
        window = union([window_of(term) for term in terms])
        window.check_size(max(8, *(term.dtype.itemsize for term in terms)))
        placed = [(self.read(term), place(window_of(term), window)) for term in terms]
        return _made(arithmetic.summed(placed, window.shape), window)


def _relabelled(action: Relabel, x: Signal) -> Signal:
    window = action.reaches(window_of(x))
    window.check_size(max(8, x.dtype.itemsize))  # a place of the table takes 8 bytes
    result = arithmetic.zeros(window.shape, x.dtype)
    action.move(result, x.values, window, window_of(x))
    return Signal._wrap(result, window.starts, x.weak)


def _made(numbers: Numbers, window: Window) -> Signal:
    return Signal._wrap(numbers.array, window.starts, numbers.weak)


class ExactMachine(ArrayMachine):
    """The same on exact numbers alone, a float being the binary fraction that it stores: nothing is rounded."""

    def read(self, signal: Signal) -> Numbers:
        """The samples, which are integers or exact."""
        if signal.dtype.kind in "fc":
            return Numbers(arithmetic.lower(arithmetic.lift(signal.values)), weak=False)
        return Numbers(signal.values, signal.weak)

    def character(self, x: Signal, frequency: Any) -> Signal:
        """y_n = e^{iωn} x_n."""
        return super().character(x, tuple(map(exact, frequency)))

    def scale(self, x: Signal, scalar: Scalar) -> Signal:
        """y_n = c x_n."""
        return super().scale(x, exact(scalar))


_ARRAYS, _EXACT = ArrayMachine(), ExactMachine()


def _machine(exact: bool) -> ArrayMachine:
    return _EXACT if exact else _ARRAYS
