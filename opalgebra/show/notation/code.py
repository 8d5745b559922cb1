"""Python code that builds an expression again: what ``repr`` shows."""

from __future__ import annotations

import re
from functools import singledispatchmethod
from typing import Any

import numpy as np

from ...errors import OperandError
from ...expr.blocks import Block
from ...expr.characters import Character
from ...expr.factors import axes
from ...expr.node import Node
from ...expr.operators import (
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Power,
    Scale,
    Sum,
    Transpose,
)
from ...expr.sampling import SamplingMatrix
from ...expr.signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum
from ...expr.sums import IndexedSignalSum, IndexedSum
from ...scalar import is_sympy
from .numbers import is_minus_one
from .render import Hole, Part, Piece, joined, layout
from .scalars import complex_code, float_code, integer_code, is_readable, plain_text, scalar_code, symbolic_code

ADD, MUL, UNARY, POWER, ATOM = range(5)  # Python's precedence, from loose to tight

TURNED = {Transpose: ".T", Adjoint: ".H", Conj: ".conj()", ConjSignal: ".conj()"}
MAX_CODE = 100_000_000  # characters
MAX_EXACT = 8_000  # characters that one call of ``exact`` is given


def code(node: Node) -> str:
    """Python code in the bare names of the package that builds ``node`` again.

    Floats are written by their shortest exact form, arrays in full.  SymPy entries come back as SymPy
    evaluates them; a SymPy float in front of an operator comes back as the rational number that it is,
    and complex numbers wider than complex128 are read back rounded to it.

    Raises
    ------
    SizeError
        For more than 100 million characters, which only parts that are shared many times can reach.

    Examples
    --------
    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> code((oa.Down(2) @ oa.Conv(q).T).T - 2 * oa.Up(oa.factors("k")))
    "(Down(2) @ Conv(signals('q')).T).T - 2 * Up(factors('k'))"
    """
    return layout(node, _CODE.piece, MAX_CODE, ellipsis=None)


def value_code(value: Any) -> str:
    """A factor, a shift, or a tuple of these; a matrix as nested lists."""
    if isinstance(value, SamplingMatrix):
        return "[" + ", ".join("[" + ", ".join(map(integer_code, row)) + "]" for row in value.rows) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(value_code(entry) for entry in value) + ")"
    return symbolic_code(value) if is_sympy(value) else integer_code(value)


def signal_code(signal: Signal, bare: bool = False) -> str:
    """``Signal(…)``, or the mere list where ``bare`` allows it and nothing is lost."""
    start = f", start={signal.start}" if any(signal.starts) else ""
    if signal.is_exact:
        exact = ", exact=True" if all(entry.is_Integer for entry in signal.values.flat) else ""
        return _tap_code(signal) or f"Signal({_exact_code(signal.values)}{start}{exact})"
    rows = _rows(signal.values)
    if signal.weak and _default_dtype(signal.values) == signal.dtype:
        return rows if bare and not start and signal.values.size else f"Signal({rows}{start})"
    dtype = signal.dtype.name if signal.dtype.isnative else signal.dtype.str
    return f"Signal({rows}{start}, dtype={dtype!r})"


def _default_dtype(values: np.ndarray) -> Any:
    return np.asarray(values.tolist()).dtype


def _rows(values: np.ndarray) -> str:
    if values.dtype.char in "gG":  # wider than Python's floats: NumPy reads all digits from strings
        return _nested(values, lambda value: repr(str(value)))
    as_python = values.dtype.char in "dDlLqQiIhHbB"
    entry = {"c": complex_code, "f": float_code}.get(values.dtype.kind, repr)
    return _nested(values.tolist() if as_python else values, entry)


def _tap_code(signal: Signal) -> str | None:
    """``signals('q', length=3)`` where these are its taps."""
    from ...expr import tap_symbol

    values = signal.values
    first = values.flat[0] if values.size else None
    found = re.fullmatch(r"(.+?)" + "_0" * values.ndim, str(getattr(first, "name", "")))
    if first is None or not first.is_Symbol or not found or not found[1].isidentifier():
        return None
    real = bool(first.is_real)
    if any(values[at] != tap_symbol(found[1], at, real) for at in np.ndindex(*values.shape)):
        return None
    length = values.shape if values.ndim > 1 else len(values)
    start = f", start={signal.start}" if any(signal.starts) else ""
    return f"signals({found[1]!r}, length={length}{start}{', real=True' if real else ''})"


def _exact_code(values: np.ndarray) -> str:
    """The values of an exact signal."""
    if not all(entry.is_Integer for entry in values.flat) and all(is_readable(entry) for entry in values.flat):
        whole = _nested(values, plain_text)
        if len(whole) <= MAX_EXACT:
            return f"exact({whole!r})"
    return _nested(values, symbolic_code)


def _nested(values: Any, entry: Any) -> str:
    """An array, or lists of lists, by its entries."""
    if isinstance(values, (list, np.ndarray)):
        return "[" + ", ".join(_nested(row, entry) for row in values) + "]"
    return str(entry(values))


def _negated(node: Node) -> Node | None:
    """X of a term −X that Python's minus builds, or None."""
    if isinstance(node, Scale) and is_minus_one(node.scalar):
        return node.operator
    scalar = _signal_coefficient(node)
    return node.signal if isinstance(node, Applied) and is_minus_one(scalar) else None


def _signal_coefficient(node: Node) -> Any:
    """c of a signal c x, which Python's ``c * x`` builds; None for other nodes."""
    if not isinstance(node, Applied) or isinstance(node.signal, (Applied, Signal)):
        return None
    operator = node.operator
    return operator.scalar if isinstance(operator, Scale) and isinstance(operator.operator, Identity) else None


def _call(name: str, *arguments: Part) -> Piece:
    return Piece(ATOM, [f"{name}(", *joined(arguments, ", "), ")"])


def _scaled(scalar: Any, node: Node) -> Piece:
    if is_minus_one(scalar):
        return Piece(UNARY, ["-", Hole(node, POWER)])
    return Piece(MUL, [scalar_code(scalar), " * ", Hole(node, POWER)])


class _Code:
    """One level of code for every node; Python's operators are left-associative, as compositions are flat."""

    def piece(self, hole: Hole) -> Piece:
        """The node of a hole; a plain list for a kernel where that is enough."""
        if isinstance(hole.node, Signal):
            return Piece(ATOM, [signal_code(hole.node, bare=hole.kernel)])
        return self.emit(hole.node)

    @singledispatchmethod
    def emit(self, node: Node) -> Piece:
        """The node written out one level deep."""
        raise OperandError(f"a {type(node).__name__} has no code; register one in opalgebra.show.notation.code")

    @emit.register
    def _emit_call(self, node: LinearOperator) -> Piece:
        arguments: list[Part] = [
            Hole(part, kernel=True) if isinstance(part, SignalExpr) else value_code(part) for part in node.parts()
        ]
        return _call(type(node).__name__, *arguments)

    @emit.register(IndexedSum)
    @emit.register(IndexedSignalSum)
    def _emit_indexed_sum(self, node: IndexedSum | IndexedSignalSum) -> Piece:
        limits = f"({symbolic_code(node.index)}, 0, {value_code(node.stop)})"
        return _call("Sum", Hole(node.body), limits)

    @emit.register
    def _emit_character(self, node: Character) -> Piece:
        frequency = tuple(map(float, axes(node.frequency))) if node.floating else node.frequency
        if node.floating and len(frequency) == 1:
            return _call("Modulate", f"frequency={scalar_code(frequency[0])}")
        named = isinstance(frequency, tuple) or frequency.is_Rational
        return _call("Modulate", ("frequency=" if named else "") + value_code(frequency))

    @emit.register
    def _emit_block(self, node: Block) -> Piece:
        rows: list[Part] = []
        for at, row in enumerate(node.rows):
            rows += [", [" if at else "[", *joined([Hole(entry) for entry in row], ", "), "]"]
        return Piece(ATOM, ["Block([", *rows, "])"])

    @emit.register
    def _emit_formal_operator(self, node: FormalOperator) -> Piece:
        ndim = "" if node.ndim is None else f", ndim={node.ndim}"
        return _call("operators", f"{node.name!r}{ndim}")

    @emit.register
    def _emit_formal_signal(self, node: FormalSignal) -> Piece:
        ndim = "" if node.ndim is None else f", ndim={node.ndim}"
        return _call("signals", f"{node.name!r}{ndim}{', real=True' if node.real else ''}")

    @emit.register
    def _emit_box(self, node: Box) -> Piece:
        return _call("box", value_code(node.factor))

    @emit.register
    def _emit_compose(self, node: Compose) -> Piece:
        first, *rest = node.factors
        return Piece(MUL, joined([Hole(first, MUL), *(Hole(factor, POWER) for factor in rest)], " @ "))

    @emit.register
    def _emit_scale(self, node: Scale) -> Piece:
        return _scaled(node.scalar, node.operator)

    @emit.register
    def _emit_applied(self, node: Applied) -> Piece:
        scalar = _signal_coefficient(node)
        if scalar is not None:
            return _scaled(scalar, node.signal)
        return Piece(MUL, [Hole(node.operator, MUL), " @ ", Hole(node.signal, POWER)])

    @emit.register(Sum)
    @emit.register(SignalSum)
    def _emit_sum(self, node: Sum | SignalSum) -> Piece:
        parts: list[Part] = []
        closing = 0
        for at, term in enumerate(node.terms):
            negated = _negated(term)
            if not parts:
                parts.append(Hole(term, MUL))
            elif at == closing + 1 and isinstance(term, Signal) and isinstance(node.terms[at - 1], Signal):
                closing += 1  # S + (T + x), because S + T would be computed
                parts += [" + (", Hole(term, MUL)]
            elif negated is None:
                parts += [" + ", Hole(term, MUL)]
            else:
                parts += [" - ", Hole(negated, MUL)]
        return Piece(ADD, [*parts, ")" * closing])

    @emit.register
    def _emit_power(self, node: Power) -> Piece:
        return Piece(POWER, [Hole(node.operator, ATOM), f"**{integer_code(node.exponent)}"])

    @emit.register(Transpose)
    @emit.register(Adjoint)
    @emit.register(Conj)
    @emit.register(ConjSignal)
    def _emit_turned(self, node: Node) -> Piece:
        (inner,) = node.children()
        return Piece(ATOM, [Hole(inner, ATOM), TURNED[type(node)]])


_CODE = _Code()
