"""Running operators on arrays.

Arrays of numbers go through planned programs (:mod:`.program.unbound`), as bound operators do; exact numbers letter by
letter, as these are defined.

An *engine* says by ``supports`` which arrays it computes with, and does so in ``apply`` and ``add``.  The
first one in :data:`ENGINES` that supports the samples is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..errors import DimensionError, FormalSignalError, OperandError
from ..expr import LinearOperator, Signal, SignalExpr, common_ndim, formal_parts, is_exact_arithmetic
from .letters.explain import Explanation, explain
from .letters.reference import ReferenceEngine as ReferenceEngine
from .letters.unfold import formal_error
from .program.unbound import PlannedEngine

__all__ = ["ENGINES", "Engine", "Explanation", "add", "apply", "apply_to_channels", "explain"]


class Engine(Protocol):
    """What an engine offers."""

    name: str

    def supports(self, array: Any) -> bool:
        """Whether the engine computes with arrays of this kind."""

    def apply(self, operator: LinearOperator, signal: Signal, exact: bool) -> Signal:
        """A x for a concrete operator and signal; in exact numbers alone where asked for."""

    def apply_to_channels(
        self, operator: LinearOperator, signals: tuple[Signal, ...], exact: bool
    ) -> tuple[Signal, ...]:
        """A (x_0, x_1, …) for a concrete operator with as many inputs."""

    def add(self, terms: Sequence[Signal], exact: bool) -> Signal:
        """The sum of concrete signals."""


ENGINES: list[Engine] = [PlannedEngine()]


def apply(operator: LinearOperator, signal: SignalExpr) -> Signal:
    """A x, computed: the samples on the smallest window that the structure of A allows.

    Parameters
    ----------
    operator : LinearOperator
        With numbers or symbolic taps; formal kernels and symbolic factors raise
        :class:`~opalgebra.FormalSignalError`.
    signal : Signal
        Numeric or exact samples, any number of axes; never modified.

    Returns
    -------
    Signal
        ↑, ↓, shifts and flips keep the dtype.  Products and sums follow NumPy's promotion, with Python
        numbers weak and integer kernels never changing floating data.  Integers stay integers of any size, and beside
        fractions and exact angles exact numbers: only floats make floats.  A result too large to hold
        raises :class:`~opalgebra.SizeError` before any work is done.  A NaN stays where it is read; where every
        sample comes from one, zeros keep their sign.

    Examples
    --------
    >>> import opalgebra as oa
    >>> s = apply(oa.Down(2) @ oa.Conv([1, 2, 1]), oa.Signal([1, 0, 0, 1], start=1))
    >>> s.start, s.values
    (1, array([2, 1, 1]))
    """
    formal = formal_parts(operator)
    if formal:
        raise formal_error(*formal)
    known = _known(signal)
    common_ndim(operator, known)
    return _engine_for(known.values).apply(operator, known, is_exact_arithmetic())


def apply_to_channels(operator: LinearOperator, signals: Sequence[SignalExpr]) -> tuple[Signal, ...]:
    """A (x_0, x_1, …), computed: a tuple of outputs, each with the dtype and window that :func:`apply` would give.

    Examples
    --------
    >>> import opalgebra as oa
    >>> apply_to_channels(oa.Polyphase(2), [oa.Signal([1, 2, 3])])
    (Signal([1, 3]), Signal([2]))
    """
    formal = formal_parts(operator)
    if formal:
        raise formal_error(*formal)
    known = tuple(_known(signal) for signal in signals)
    _, inputs = operator.channels or (len(known), len(known))
    if len(known) != inputs:
        raise DimensionError(f"{operator} takes {inputs} channels, and {len(known)} signals were given")
    common_ndim(operator, *known)
    engine = _engine_for(*(signal.values for signal in known))
    return engine.apply_to_channels(operator, known, is_exact_arithmetic())


def add(terms: Sequence[SignalExpr]) -> Signal:
    """The sum of concrete signals, on the union of their windows.

    The dtype is NumPy's for sums of arrays; weak signals count as Python numbers.

    Examples
    --------
    >>> import opalgebra as oa
    >>> add((oa.Signal([1, 2]), oa.Signal([10], start=3))).values
    array([ 1,  2,  0, 10])
    """
    known = [_known(term) for term in terms]
    if not known:
        raise OperandError("a sum of no signals was asked for; give at least one, for its number of axes")
    common_ndim(*known)
    return _engine_for(*(term.values for term in known)).add(known, is_exact_arithmetic())


def _known(signal: SignalExpr) -> Signal:
    if isinstance(signal, Signal):
        return signal
    raise FormalSignalError(f"{signal} is a formal signal; give numbers, such as Signal([1, 2, 3])")


def _engine_for(*arrays: Any) -> Engine:
    for engine in ENGINES:
        if all(engine.supports(array) for array in arrays):
            return engine
    kinds = ", ".join(sorted({type(array).__name__ for array in arrays}))
    raise OperandError(f"no engine computes with {kinds}; give NumPy arrays, or lists of numbers")
