"""``x.plot(kind)``: what a person who works with signals looks at, as a figure of matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...algebra.banks.filterbank import FilterBank, Tree
from ...algebra.decide.proof import Proof
from ...algebra.derive.derivation import Derivation
from ...algebra.judge.witness import Witness
from ...bound.operators.base import BoundOperator
from ...bound.operators.windowed import Windowed
from ...bound.proofs.witness import BoundWitness
from ...engine.letters.explain import Explanation
from ...errors import FormalSignalError, OperandError
from ...expr import LinearOperator, Signal, SignalExpr
from ...nn.layer import Layer
from . import bank, cost, layer, matrix, proof, response, signal, taps
from .style import Theme, page


def plot(thing: Any, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
    """A figure of ``thing``; see :meth:`~opalgebra.LinearOperator.plot`.

    ========================  ======================================================================================
    of                        kinds, the default first, with their options
    ========================  ======================================================================================
    operator                  "response" (db=True, points=2048), "impulse" (count), "matrix" (rows, cols),
                              "polyphase", "cost" (cost)
    signal                    "samples"
    filter bank, tree         "response" (db, points), "matrix", "impulse", "polyphase" and "cost" of its operator
    operator on arrays        "matrix", "response" of the operator on ℤ^d, "cost"
    layer                     "weights" (pairs), "matrix" (channels, rows, cols), "response" (channels, db, points)
    proof, witness            "difference" (around)
    derivation, F.explain()   "cost"
    ========================  ======================================================================================

    Raises
    ------
    MissingDependency
        Where matplotlib is not installed.
    FormalSignalError
        Where a formal kernel or a symbolic factor stands where a curve needs numbers.
    OperandError
        For another kind, another option, or something that has no plot.

    Examples
    --------
    >>> import opalgebra as oa
    >>> figure = oa.Conv([1, 2, 1]).plot()
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['magnitude (dB)', 'phase (π rad)', 'group delay\\n(samples)']
    """
    kinds = _kinds(thing)
    wanted = next(iter(kinds)) if kind is None else kind
    if wanted not in kinds:
        listed = ", ".join(map(repr, kinds))
        raise OperandError(f"the kind of plot is {kind!r}; give one of {listed}")
    drawing = kinds[wanted]
    _check_options(wanted, drawing, options)
    with page(dark) as theme:
        return drawing(thing, theme, **options)


def _kinds(thing: Any) -> dict[str, Callable[..., Any]]:
    """The kinds of plot that something has, the default first."""
    for types, kinds in _TABLE:
        if isinstance(thing, types):
            return kinds
    if isinstance(thing, SignalExpr):
        raise FormalSignalError(
            f"{thing} stands for any signal and has no samples to draw; give numbers, Signal([1, 2, 1]), or symbolic "
            "taps, oa.signals('q', length=3)"
        )
    raise OperandError(
        f"a {type(thing).__name__} has no plot; give a signal, an operator, a filter bank, a layer or a proof"
    )


def _check_options(kind: str, drawing: Callable[..., Any], options: dict[str, Any]) -> None:
    from inspect import signature

    known = list(signature(drawing).parameters)[2:]
    if "options" not in known and (other := [name for name in options if name not in known]):
        raise OperandError(f"a plot of kind {kind!r} has no option {other[0]!r}; it has {', '.join(['dark', *known])}")


def _of_operator(drawing: Callable[..., Any]) -> Callable[..., Any]:
    """The drawing of an operator for what has one."""

    def draw(thing: Any, theme: Theme, **options: Any) -> Any:
        _check_options("of its operator", drawing, options)
        if isinstance(thing, BoundOperator) and not isinstance(thing, Windowed):
            raise OperandError(f"{thing} is no one operator on ℤ^d; plot its parts, or kind='matrix'")
        return drawing(thing.operator, theme, **options)

    return draw


_OPERATOR: dict[str, Callable[..., Any]] = {
    "response": response.response,
    "impulse": taps.impulse,
    "matrix": matrix.matrix,
    "polyphase": taps.components,
    "cost": cost.optimized,
}
_TABLE: tuple[tuple[Any, dict[str, Callable[..., Any]]], ...] = (
    (Signal, {"samples": signal.samples}),
    (LinearOperator, _OPERATOR),
    (
        FilterBank | Tree,
        {"response": bank.bank, **{k: _of_operator(f) for k, f in _OPERATOR.items() if k != "response"}},
    ),
    (BoundOperator, {"matrix": matrix.dense, "response": _of_operator(response.response), "cost": cost.stages}),
    (Layer, {"weights": layer.weights, "matrix": layer.layer_matrix, "response": layer.layer_response}),
    (Proof, {"difference": proof.refutation}),
    (Witness | BoundWitness, {"difference": proof.pair}),
    (Derivation, {"cost": cost.lines}),
    (Explanation, {"cost": cost.stages}),
)
