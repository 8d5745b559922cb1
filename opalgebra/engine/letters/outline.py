"""What is known of a result before it is computed: its window, its dtype, and whether there is anything to plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import PLAIN, LinearOperator, SamplingMatrix, Signal
from ...expr.node import remembered
from ...scalar import Scalar, is_sympy
from ..arrays import arithmetic
from ..arrays.arithmetic import Numbers, Product
from ..arrays.window import Window, union
from ..filters.remembered import remembered as kept
from .machine import LETTERS, WEIGHTS, Machine
from .unfold import evaluate_channels, window_of


class Windows(Machine[Window]):
    """Where each letter takes a window: the smallest one that its structure allows."""

    passes = WEIGHTS

    def convolve(self, x: Window, kernel: Signal) -> Window:
        """n + t − 1 samples."""
        return x.convolved(window_of(kernel))

    def up(self, x: Window, factors: tuple[int, ...]) -> Window:
        """k (n − 1) + 1 samples."""
        return x.up(factors)

    def down(self, x: Window, factors: tuple[int, ...]) -> Window:
        """All n with k n inside."""
        return x.down(factors)

    def spread(self, x: Window, matrix: SamplingMatrix) -> Window:
        """The smallest box around all M n."""
        return x.spread(matrix)

    def sample(self, x: Window, matrix: SamplingMatrix) -> Window:
        """A box around all n with M n inside."""
        return x.sampled(matrix)

    def shift(self, x: Window, shifts: tuple[int, ...]) -> Window:
        """Every index plus the shift."""
        return x.shifted(shifts)

    def flip(self, x: Window) -> Window:
        """Every index negated."""
        return x.flipped()

    def zero(self, x: Window) -> Window:
        """No index at all."""
        return x.emptied()

    def total(self, terms: Sequence[Window]) -> Window:
        """The smallest window that holds all."""
        return union(terms)


class Sizes(Windows):
    """The same, refused where an array of numbers of so many bytes would be too large, before any is made."""

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize

    def does(self, letter: str, x: Window, *given: Any) -> Window:
        """A letter."""
        return self._checked(super().does(letter, x, *given))

    def total(self, terms: Sequence[Window]) -> Window:
        """The smallest window that holds all."""
        return self._checked(super().total(terms))

    def _checked(self, window: Window) -> Window:
        window.check_size(self.itemsize)
        return window


def check_sizes(operator: LinearOperator, signals: Sequence[Signal]) -> None:
    """Raise :class:`~opalgebra.SizeError` where a result or what lies on the way to it is too large for an array.

    >>> import opalgebra as oa
    >>> check_sizes(oa.Up(2) ** 60, [oa.Signal([1, 2, 3])])
    Traceback (most recent call last):
    opalgebra.errors.SizeError: ...
    """
    windows, itemsize = tuple(map(window_of, signals)), min(signal.dtype.itemsize for signal in signals)

    def fits() -> bool:
        evaluate_channels(operator, windows, Sizes(itemsize))
        return True

    kept(operator, "_fits", (windows, itemsize), fits, 16)


NOTHING = Product(lambda x, h: np.zeros(0, np.result_type(x, h)), lambda h: 0)
_TONE = Numbers(np.zeros(0, complex), weak=True)


class Dtypes(Machine[Numbers]):
    """The dtype of each result for arrays of numbers, as :class:`~.reference.ArrayMachine` makes it; of no samples.

    What has become exact stays exact here, though a sum with floats may make floats of it.
    """

    passes = frozenset(LETTERS) - WEIGHTS - {"convolve"}

    def convolve(self, x: Numbers, kernel: Signal) -> Numbers:
        """By an array in NumPy's common dtype, by Python numbers and integers in that of the data."""
        return arithmetic.multiply(NOTHING, x, arithmetic.settled(x, Numbers(kernel._given, kernel.weak)))

    def modulate(self, x: Numbers, sequence: Signal) -> Numbers:
        """The same."""
        period = arithmetic.settled(x, Numbers(sequence.values, sequence.weak))
        return arithmetic.multiply(NOTHING, x, Numbers(period.array[:0], period.weak))

    def character(self, x: Numbers, frequency: Any) -> Numbers:
        """Complex numbers of the precision of the data; exact ones where neither is a float."""
        if x.is_integer and not any(isinstance(w, float) for w in frequency):
            return Numbers(np.zeros(0, object), weak=False)
        return arithmetic.multiply(NOTHING, x, _TONE)

    def scale(self, x: Numbers, scalar: Scalar) -> Numbers:
        """Python numbers and fractions take the precision of the data."""
        if x.array.dtype.kind in "fc":
            return arithmetic.scaled(x, scalar)
        return arithmetic.multiply(NOTHING, x, arithmetic.settled(x, arithmetic.scalar_numbers(scalar)))

    def total(self, terms: Sequence[Numbers]) -> Numbers:
        """NumPy's common dtype."""
        if any(term.is_exact for term in terms):
            return next(term for term in terms if term.is_exact)
        return Numbers(np.zeros(0, arithmetic.sum_dtype(terms)), weak=False)


class _Passes(Machine[int]):
    """0 while letters only move or weigh samples, 1 when there are zeros between them, 2 or more for anything else."""

    passes = WEIGHTS | {"shift", "flip", "zero"}
    has_symbols = False  # whether a letter with symbols was met

    def does(self, letter: str, x: int, *given: Any) -> int:
        """A letter, and whether there are symbols in its numbers."""
        for thing in given:
            exact = isinstance(thing, Signal) and Numbers(thing._given, thing.weak).has_symbols
            self.has_symbols |= exact or bool(is_sympy(thing) and thing.free_symbols)
        return super().does(letter, x, *given)

    def convolve(self, x: int, kernel: Signal) -> int:
        """A sum."""
        return 2

    def up(self, x: int, factors: Any) -> int:
        """Zeros between samples."""
        return max(x, 1)

    def down(self, x: int, factors: Any) -> int:
        """Of what has zeros between its samples most is dropped."""
        return 2 * x

    spread, sample = up, down

    def total(self, terms: Sequence[int]) -> int:
        """A sum."""
        return 2


def stays_by_letters(operator: LinearOperator) -> bool:
    """Whether nothing is to be planned: samples move or are weighed, and no zeros dropped again, or there are symbols.

    >>> import opalgebra as oa
    >>> stays_by_letters(2 * oa.Up(3) @ oa.Shift(1)), stays_by_letters(oa.Down(2) @ oa.Up(3))
    (True, False)
    """
    return bool(remembered(operator, "_stays_by_letters", _stays, lambda node: []))


def _stays(operator: Any) -> bool:
    _, inputs = operator.channels or PLAIN
    machine = _Passes()
    return max(evaluate_channels(operator, (0,) * inputs, machine)) < 2 or machine.has_symbols
