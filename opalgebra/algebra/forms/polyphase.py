"""The polyphase matrix of an operator in z."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import Any

from ...errors import DimensionError, FormalSignalError, WindowError
from ...expr import LinearOperator, constants, formal_parts, grid, plain
from ...scalar import to_sympy
from ..decide.canonical import Canonical, Shape, canonical
from ..judge.evaluate import Evaluator
from ..lattices.lattice import index_of
from ..numbers.choose import ring_of
from ..numbers.spectrum import Spectrum

ENTRY_LIMIT = 100_000


def polyphase(operator: LinearOperator) -> Any:
    """The matrix P(z); see :meth:`~opalgebra.LinearOperator.polyphase`."""
    return polyphase_of(operator)[0]


def polyphase_of(operator: LinearOperator) -> tuple[Any, list[int], list[int]]:
    """P(z), and how many of its rows and columns every output and input channel has."""
    import sympy

    _check_axes(operator)
    entries = grid(operator)
    rates = {
        (i, j): _rates(entry, form)
        for i, row in enumerate(entries)
        for j, entry in enumerate(row)
        if (form := canonical(entry, 1, ring_of(constants(entry))))
    }
    heights, widths = _common_rates(operator, rates, len(entries), len(entries[0]))
    if sum(heights) * sum(widths) > ENTRY_LIMIT:
        raise WindowError(
            f"the polyphase matrix would be {sum(heights)} × {sum(widths)}; the limit is {ENTRY_LIMIT} entries"
        )
    blocks = [
        [_entry_matrix(entry, height, width) for entry, width in zip(row, widths, strict=True)]
        for row, height in zip(entries, heights, strict=True)
    ]
    return sympy.Matrix.vstack(*(sympy.Matrix.hstack(*row) for row in blocks)), heights, widths


def periods(operator: LinearOperator) -> tuple[int, int]:
    """L and M of an operator of one channel: moving the input by M samples moves the output by L; 1, 1 for zero.

    The smallest M for which there is an L.  Raises as :func:`polyphase` does.
    """
    _check_axes(operator)
    entry = plain(operator)
    form = canonical(entry, 1, ring_of(constants(entry)))
    return _rates(entry, form) if form else (1, 1)


def _entry_matrix(operator: LinearOperator, outputs: int, inputs: int) -> Any:
    """The polyphase matrix of a plain operator with these multiples of its periods."""
    import sympy

    z = sympy.Symbol("z")
    result = sympy.zeros(outputs, inputs)
    evaluator = Evaluator(1)
    for j in range(inputs):
        for (n,), value in evaluator.act(operator, {(j,): 1}).items():
            block, i = divmod(n, outputs)
            result[i, j] += to_sympy(value) * z**-block
    return result


def _check_axes(operator: LinearOperator) -> None:
    """Raise unless the operator has known taps and one axis."""
    formal = formal_parts(operator)
    if formal:
        raise FormalSignalError(
            f"{operator} has the formal part {', '.join(formal)}; a polyphase matrix needs numbers or symbolic taps: "
            f"oa.signals('{formal[0]}', length=3)"
        )
    if Spectrum.of(operator).units:
        raise FormalSignalError(f"{operator} multiplies by e^(iωn) of no short period; it has no polyphase matrix")
    if operator.ndim not in (None, 1):
        raise DimensionError(f"{operator} acts on {operator.ndim} axes; a polyphase matrix in z is for one")


def _common_rates(
    operator: LinearOperator, rates: dict[tuple[int, int], tuple[int, int]], outs: int, ins: int
) -> tuple[list[int], list[int]]:
    """Periods of all channels, the smallest that every entry repeats itself with; 1 where only zeros are."""
    periods: dict[tuple[str, int], int] = {}
    for first in rates:
        if ("out", first[0]) not in periods:
            relative = _connected(operator, rates, first[0])
            times = [relative[("out", i)] / rates[i, j][0] for i, j in rates if ("out", i) in relative]
            scale = Fraction(lcm(*(t.denominator for t in times)), gcd(*(t.numerator for t in times)))
            periods.update({channel: int(size * scale) for channel, size in relative.items()})
    return [periods.get(("out", i), 1) for i in range(outs)], [periods.get(("in", j), 1) for j in range(ins)]


def _connected(
    operator: LinearOperator, rates: dict[tuple[int, int], tuple[int, int]], start: int
) -> dict[tuple[str, int], Fraction]:
    """The periods of the channels that entries connect with an output, relative to that of the output."""
    relative = {("out", start): Fraction(1)}
    stack = [("out", start)]
    while stack:
        side, at = stack.pop()
        for (i, j), (outputs, inputs) in rates.items():
            if at != (i if side == "out" else j):
                continue
            ratio = Fraction(inputs, outputs)
            other = ("in", j) if side == "out" else ("out", i)
            size = relative[side, at] * ratio if side == "out" else relative[side, at] / ratio
            if other not in relative:
                relative[other] = size
                stack.append(other)
            elif relative[other] != size:
                raise WindowError(
                    f"the entries of {operator} run at rates that no period of its channels fits; take the polyphase "
                    "matrices of its entries"
                )
    return relative


def _rates(operator: LinearOperator, form: Canonical) -> tuple[int, int]:
    """The periods of output and input, L and M, of an operator that is not zero."""
    if len(form) > 1:
        rates = ", ".join(_rate(shape) for shape in form)
        raise WindowError(f"{operator} is a sum of the rates {rates}, which have no period in common; take its parts")
    ((shape, intercepts),) = form.items()
    ((slope,),) = shape.slopes
    if slope < 0:
        raise WindowError(f"{operator} reverses time; take it without the flip")
    period = shape.denominator
    for basis, _ in intercepts.values():
        period = lcm(period, index_of(basis))
    outputs = slope * period // shape.denominator
    if outputs * period > ENTRY_LIMIT:
        raise WindowError(f"the polyphase matrix would be {outputs} × {period}; the limit is {ENTRY_LIMIT} entries")
    return outputs, period


def _rate(shape: Shape) -> str:
    return f"{shape.slopes[0][0]}/{shape.denominator}"
