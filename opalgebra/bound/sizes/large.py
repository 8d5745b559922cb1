"""Windows and exact matrices of bound operators for sizes that may be large numbers a t + b.

The rules are those of concrete sizes: the functions of :mod:`..operators.extent` run on such numbers as they do
on ints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

from ...algebra.numbers.choose import ring_of
from ...algebra.numbers.ring import Ring
from ...engine.letters.unfold import evaluate
from ...errors import DimensionError, OperandError, WindowError
from ...expr import LinearOperator, Zero, constants, grid
from ...scalar import conjugate
from ..operators.base import BoundOperator
from ..operators.between import BetweenWindows
from ..operators.combine import Product, Scaled, Total, Turned
from ..operators.extent import Period, Rate, check_period, mode_window
from .affine import Number, value_of
from .runs import Letters, Pieces, Run, continued, gathered, normal, times, transposed
from .sized import Sized

Sizes: TypeAlias = Mapping[Any, Number]
Ends: TypeAlias = tuple[tuple[Number, ...], tuple[Number, ...]]  # starts, shape


def shapes(operator: BoundOperator, sizes: Sizes) -> tuple[Any, Any]:
    """The shapes of input and output, with channels; raises where it is not defined."""
    (into, inputs), (out, outputs) = _windows(operator, sizes)
    return (into, *inputs[1]), (out, *outputs[1])


def _windows(operator: BoundOperator, sizes: Sizes) -> tuple[tuple[int, Ends], tuple[int, Ends]]:
    """Channels and window of input and output."""
    match operator:
        case BetweenWindows():
            outs, ins = operator.channels or (1, 1)
            inputs, outputs = ends(operator, sizes)
            return (ins, inputs), (outs, outputs)
        case Turned():
            inner = _windows(operator.operator, sizes)
            return inner[::-1] if operator.transposed else inner
        case Scaled():
            return _windows(operator.operator, sizes)
        case Product():
            parts = [_windows(factor, sizes) for factor in operator.factors]
            for (before, _), (_, after) in pairwise(parts):
                if (before[0], *before[1][1]) != (after[0], *after[1][1]):
                    raise DimensionError(
                        f"the windows in {operator} do not fit: one factor takes {before[1][1]}, the next gives "
                        f"{after[1][1]}"
                    )
            return parts[-1][0], parts[0][1]
        case Total():
            parts = [_windows(term, sizes) for term in operator.terms]
            if any(part != parts[0] for part in parts):
                raise DimensionError(f"the windows of the terms of {operator} do not agree")
            return parts[0]
    raise OperandError(f"{operator} is no operator of the algebra between windows, and is not decided for all sizes")


def ends(operator: BetweenWindows, sizes: Sizes) -> tuple[Ends, Ends]:
    """The windows, by the rules of concrete ones."""
    if not isinstance(operator, Sized):
        a, b = operator.in_window, operator.out_window
        return (a.starts, a.shape), (b.starts, b.shape)
    numbers = dict(sizes)
    shape = tuple(value_of(entry, numbers) for entry in operator.sizes)
    for formula, n in zip(operator.sizes, shape, strict=True):
        if n < 0:
            raise WindowError(f"the size {formula} is negative")
    inputs = (0,) * len(shape), shape
    if operator.mode is None:
        assert operator.out is not None
        given = [(value_of(a, numbers), value_of(b, numbers)) for a, b in operator.out]
        for (a, b), pair in zip(given, operator.out, strict=True):
            if b < a:
                raise WindowError(f"the window {pair} stops before it starts")
        return inputs, (tuple(a for a, _ in given), tuple(b - a for a, b in given))
    check_period(operator.operator, shape, operator.boundary, _LargePeriod)
    window = mode_window(operator.operator, shape, operator.mode)
    return inputs, (window.starts, window.shape)


class _LargePeriod(Period):
    """The period of a signal whose size may be large."""

    spread = sample = Rate.spread

    def character(self, x: tuple[Fraction, ...], frequency: Any) -> tuple[Fraction, ...]:
        """Its period divides some sizes only."""
        raise WindowError(
            "boundary='wrap' needs a period, and e^(iωn) has one for some sizes only; give out=(start, stop)"
        )

    def refused(self, size: Number, rate: Fraction, what: str) -> WindowError:
        """The error where a period is not a multiple of something."""
        return WindowError(f"boundary='wrap' makes a signal of a period that {what} does not divide")


def matrix_of(operator: BoundOperator, sizes: Sizes, ring: Ring, conjugated: bool = False) -> Pieces:
    """The exact matrix, or its conjugate, with indices counted from the starts of the windows."""
    match operator:
        case BetweenWindows():
            return _of_windows(operator, sizes, ring, conjugated)
        case Turned():
            inner = matrix_of(operator.operator, sizes, ring, conjugated != operator.conjugated)
            return transposed(inner) if operator.transposed else inner
        case Scaled():
            factor = ring.convert(conjugate(operator.scalar) if conjugated else operator.scalar)
            inner = matrix_of(operator.operator, sizes, ring, conjugated)
            return gathered((place, weight * factor) for place, weight in inner.items())
        case Product():
            result = matrix_of(operator.factors[-1], sizes, ring, conjugated)
            for part in operator.factors[-2::-1]:
                result = times(matrix_of(part, sizes, ring, conjugated), result)
            return result
        case Total():
            parts = [matrix_of(term, sizes, ring, conjugated) for term in operator.terms]
            return gathered(piece for part in parts for piece in part.items())
    raise OperandError(f"{operator} is no operator of the algebra between windows")


def _of_windows(operator: BetweenWindows, sizes: Sizes, ring: Ring, conjugated: bool) -> Pieces:
    (_, shape), (starts, counts) = ends(operator, sizes)
    rows = [normal(Run(0, 1, start, 1, n)) for start, n in zip(starts, counts, strict=True)]
    filled = tuple(run for run in rows if run is not None)
    if len(filled) < len(rows):
        return {}
    letters = Letters(ring)
    found: list[Any] = []
    for out, entries in enumerate(grid(operator.operator)):
        for into, entry in enumerate(entries):
            if not isinstance(entry, Zero):
                turned = entry.H if conjugated else entry.T
                read: Pieces = evaluate(turned, {((out, into), filled): ring.one}, letters)
                found += continued(read, operator.boundary, shape).items()
    return gathered(found)


def stays_inside(operator: LinearOperator, into: Sequence[Number], out: Sequence[Number]) -> bool:
    """Whether from inputs 0 … into − 1 only outputs 0 … out − 1 are reached; taps that cancel are taken as they are."""
    filled = [normal(Run(0, 1, 0, 1, n)) for n in into]
    runs = tuple(run for run in filled if run is not None)
    if len(runs) < len(filled):
        return True
    letters = Letters(ring_of(constants(operator)))
    for row in grid(operator):
        for entry in row:
            made: Pieces = (
                {} if isinstance(entry, Zero) else evaluate(entry, {((0, 0), runs): letters.ring.one}, letters)
            )
            for _, reached in made:
                if not all(_inside(run, n) for run, n in zip(reached, out, strict=True)):
                    return False
    return True


def _inside(run: Run, n: Number) -> bool:
    ends = run.j, run.j + run.dj * (run.length - 1)
    return bool(min(ends) >= 0 and max(ends) < n)
