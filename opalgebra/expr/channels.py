"""Operators applied to several signals at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._verbs import verb
from ..errors import DimensionError, FormalSignalError
from .grid import grid
from .node import common_ndim, short
from .operators import Identity, LinearOperator, Zero
from .signals import Signal, SignalExpr, add_signals
from .tree import formal_parts


def act_on_channels(operator: LinearOperator, given: Any) -> Any:
    """A (x_0, x_1, …): a tuple of signals, or the one signal of an operator with one output.

    ``given`` is a tuple or list of as many signals or arrays as A has inputs, an array with the channels on its
    first axis, or for one input the signal itself.
    """
    inputs = _inputs(operator, given)
    common_ndim(operator, *inputs)
    formal = formal_parts(operator)
    if not formal and all(isinstance(x, Signal) for x in inputs):
        outputs: tuple[SignalExpr, ...] = verb("apply_to_channels")(operator, inputs)
    elif formal and not any(
        isinstance(x, SignalExpr) for x in (given if isinstance(given, (list, tuple)) else [given])
    ):
        raise FormalSignalError(
            f"{short(operator)} has the formal part {', '.join(formal)} and cannot run on arrays; give numbers: "
            "Conv([1, 2, 1]), Up(2), or put formal signals in place of the arrays"
        )
    else:
        outputs = tuple(_row_applied(row, inputs) for row in grid(operator, len(inputs)))
    return outputs[0] if len(outputs) == 1 else outputs


def _row_applied(row: tuple[LinearOperator, ...], inputs: tuple[SignalExpr, ...]) -> SignalExpr:
    terms: list[SignalExpr] = [
        x if isinstance(a, Identity) else a @ x for a, x in zip(row, inputs, strict=True) if not isinstance(a, Zero)
    ] or [Zero() @ inputs[0]]
    return terms[0] if len(terms) == 1 else add_signals(tuple(terms))


def _inputs(operator: LinearOperator, given: Any) -> tuple[SignalExpr, ...]:
    several = isinstance(given, (list, tuple)) and any(isinstance(x, SignalExpr) for x in given)
    expected = len(given) if operator.channels is None else operator.channels[1]
    if isinstance(given, SignalExpr) or (expected == 1 and not several):
        entries: list[Any] = [given]
    elif isinstance(given, np.ndarray) and given.ndim < 2:
        raise DimensionError(
            f"an array of shape {given.shape} was given for {expected} channels; give one of shape ({expected}, n), "
            f"or a tuple of {expected} signals"
        )
    else:
        entries = list(given)
    if len(entries) != expected:
        what = f"{len(entries)} signal{'s' * (len(entries) != 1)}"
        raise DimensionError(
            f"{short(operator)} takes {expected} channels, and {what} was given: pass a tuple of {expected}"
        )
    return tuple(x if isinstance(x, SignalExpr) else Signal(x) for x in entries)
