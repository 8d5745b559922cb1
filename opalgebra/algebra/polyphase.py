"""The polyphase matrix of an operator in z."""

from __future__ import annotations

from math import lcm
from typing import Any

from ..errors import DimensionError, FormalSignalError, WindowError
from ..expr.operators import LinearOperator
from ..expr.traverse import constants, formal_parts
from ..scalar import to_sympy
from .canonical import Shape, canonical
from .evaluate import Evaluator
from .lattice import index_of
from .ring import ring_of

ENTRY_LIMIT = 100_000


def polyphase(operator: LinearOperator) -> Any:
    """The matrix P(z); see :meth:`~opalgebra.LinearOperator.polyphase`."""
    import sympy

    outputs, inputs = _rates(operator)
    z = sympy.Symbol("z")
    result = sympy.zeros(outputs, inputs)
    evaluator = Evaluator(1)
    for j in range(inputs):
        for (n,), value in evaluator.act(operator, {(j,): 1}).items():
            block, i = divmod(n, outputs)
            result[i, j] += to_sympy(value) * z**-block
    return result


def _rates(operator: LinearOperator) -> tuple[int, int]:
    """The periods of output and input, L and M."""
    formal = formal_parts(operator)
    if formal:
        raise FormalSignalError(
            f"{operator} has the formal part {', '.join(formal)}; a polyphase matrix needs numbers or symbolic taps: "
            f"oa.signals('{formal[0]}', length=3)"
        )
    if operator.ndim not in (None, 1):
        raise DimensionError(f"{operator} acts on {operator.ndim} axes; a polyphase matrix in z is for one")
    form = canonical(operator, 1, ring_of(constants(operator)))
    if not form:
        return 1, 1
    if len(form) > 1:
        rates = ", ".join(_rate(shape) for shape in form)
        raise WindowError(f"{operator} is a sum of the rates {rates}; take the polyphase matrices of its parts")
    ((shape, intercepts),) = form.items()
    ((slope,),) = shape.slopes
    if slope < 0:
        raise WindowError(f"{operator} reverses time; take the polyphase matrix without the flip")
    period = shape.denominator
    for basis, _ in intercepts.values():
        period = lcm(period, index_of(basis))
    outputs = slope * period // shape.denominator
    if outputs * period > ENTRY_LIMIT:
        raise WindowError(f"the polyphase matrix would be {outputs} × {period}; the limit is {ENTRY_LIMIT} entries")
    return outputs, period


def _rate(shape: Shape) -> str:
    return f"{shape.slopes[0][0]}/{shape.denominator}"
