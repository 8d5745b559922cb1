"""The structure of a rendering: what is written in which order, and where parentheses stand.

A node is turned into a :class:`Piece`: how tightly it binds, and a list of strings and holes for its
children.  :func:`layout` fills the holes with an explicit stack, so that depth is no limit, and adds
parentheses where a child binds more loosely than its place asks for.  How the strings look is the business
of a notation, a subclass of :class:`Renderer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import singledispatchmethod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...errors import OperandError, SizeError
from ...expr.blocks import Block
from ...expr.characters import Character
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
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
    Zero,
)
from ...expr.signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalSum
from ...expr.sums import IndexedSignalSum, IndexedSum
from ...scalar import Scalar, exact
from .numbers import float_text, integer_text, is_compound, is_minus_one, is_negative, kind, takes_minus

SUM, SCALED, PRODUCT, POSTFIX, ATOM = range(5)  # how tightly a piece binds, from loose to tight

LONG = 16  # samples from which a signal is summarised
LARGE = 8  # rows or columns of a block beyond which the middle is left out
LIMIT = 20_000  # characters from which an expression is summarised
LETTERS: dict[type[Node], str] = {Identity: "I", Zero: "0", Flip: "R"}


class Hole(NamedTuple):
    """The place of a child: the binding it needs, and whether it stands there as a kernel."""

    node: Node
    need: int = SUM
    kernel: bool = False


class Glue(str):
    """What separates siblings; it goes when the siblings are summarised."""

    __slots__ = ()


Part: TypeAlias = str | Hole


class Piece(NamedTuple):
    """A node written out one level deep."""

    level: int
    parts: list[Part]


def layout(root: Node, piece: Callable[[Hole], Piece], limit: int, ellipsis: str | None = "…") -> str:
    """The text of ``root``, written out piece by piece.

    Beyond ``limit`` characters children become the ellipsis, while what was opened is still closed.
    Without an ellipsis the text has to be complete, and :class:`~opalgebra.SizeError` is raised instead.
    """
    written: list[str] = []
    size = 0
    stack: list[Part] = [Hole(root)]
    while stack:
        part = stack.pop()
        full = size > limit
        if full and ellipsis is None:
            raise SizeError(f"the code has more than {limit} characters; shared parts are written out every time")
        if not isinstance(part, Hole):
            if not (full and isinstance(part, Glue)):
                written.append(part)
                size += len(part)
        elif not full:
            level, parts = piece(part)
            stack.extend(reversed(parts if level >= part.need else ["(", *parts, ")"]))
        elif ellipsis is not None and written[-1] != ellipsis:
            written.append(ellipsis)
    return "".join(written)


def joined(parts: Iterable[Part], glue: str) -> list[Part]:
    """The parts with glue between them."""
    result: list[Part] = []
    for part in parts:
        if result:
            result.append(Glue(glue))
        result.append(part)
    return result


def leading_chain(node: Node) -> tuple[Scalar | None, list[Hole]]:
    """A scaling, composition or application as a coefficient in front (or None) and what follows it.

    −1 and a coefficient behind it are written as one: A − 2 B, where the tree has −(2 B).
    """
    tail: list[Hole] = []
    if isinstance(node, Applied):
        tail = [Hole(node.signal, ATOM)]
        node = node.operator
    factors: tuple[Node, ...] = node.factors if isinstance(node, Compose) else (node,)
    first, rest = factors[0], [Hole(factor, POSTFIX) for factor in factors[1:]]
    if not isinstance(first, Scale):
        return None, [Hole(first, POSTFIX), *rest, *tail]
    scalar, operator = first.scalar, first.operator
    if not (tail and isinstance(operator, Identity)):
        if is_minus_one(scalar) and isinstance(operator, Scale) and takes_minus(operator.scalar):
            scalar, operator = -operator.scalar, operator.operator
        return scalar, [Hole(operator, PRODUCT), *rest, *tail]
    second = factors[1] if rest else None
    if is_minus_one(scalar) and isinstance(second, Scale) and takes_minus(second.scalar):
        scalar, rest = -second.scalar, rest[1:]
        if not isinstance(second.operator, Identity):
            rest = [Hole(second.operator, PRODUCT), *rest]
    return scalar, rest + tail


def _shown(count: int) -> list[int | None]:
    """The rows or columns that are written out, with None for those that are not."""
    if count <= LARGE:
        return list(range(count))
    return [*range(LARGE // 2), None, count - 1]


class Renderer:
    """Everything that the notations share; they differ in the glyphs below and in what is declared without a value."""

    glue = " "
    comma = ", "
    between = " "
    star = "∗"
    close_conv = "∗)"
    close_modulate = "]{start}·)"
    plus, minus = "+", "−"
    ellipsis = "…"
    up, down = "↑", "↓"
    transpose, adjoint = "ᵀ", "ᴴ"
    conj = ("conj(", ")")
    imaginary = "i"
    size = "; {count} {unit}"
    times = "×"
    block = ("[", "]")
    between_entries, between_rows = "  ", "; "
    dots = ("…", "…", "…")  # in a row, in a column, and where both are cut

    name: Callable[[str], str]  # of a formal signal
    operator_name: Callable[[str], str]
    index: Callable[[Any], str]  # a factor or shift on the line: 2, k, k m, (2,3)
    sampling: Callable[[str, Any], str]  # an arrow with its factor
    start: Callable[[Any], str]  # the index of the first sample, as it stands behind a signal
    box: Callable[[Any], str]  # the signal of k ones
    sum_sign: Callable[[Any, Any], str]  # of a sum over 0 ≤ index < stop
    character: Callable[[Any], str]  # the multiplication by e^{iωn}
    raised: Callable[[Any], str]  # an exponent
    symbolic: Callable[[Any], str]  # a SymPy expression

    def function_name(self, name: str) -> str:
        """The name of a named composition."""
        return name

    def fraction(self, numerator: str, denominator: str) -> str:
        """A fraction of two ints."""
        return f"{numerator}/{denominator}"

    def decimal(self, digits: str) -> str:
        """A float from its shortest decimal form."""
        return digits

    def render(self, node: Node) -> str:
        """The whole expression."""
        return layout(node, self.piece, LIMIT, self.ellipsis)

    def number(self, value: Any) -> str:
        """A scalar or a sample."""
        found = kind(value)
        if found == "int":
            return self._signed(self.decimal(integer_text(int(value))))
        if found == "fraction":
            numerator, denominator = integer_text(abs(value.numerator)), integer_text(value.denominator)
            fraction = numerator if value.denominator == 1 else self.fraction(numerator, denominator)
            return f"{self.minus}{fraction}" if value < 0 else fraction
        if found == "float":
            digits, cut = float_text(value)
            return self._signed(self.decimal(digits)) + (self.ellipsis if cut else "")
        if found == "complex":
            return self._complex(value)
        return self.number(exact(value)) if value.is_Rational else self.symbolic(value)

    def _signed(self, digits: str) -> str:
        return digits.replace("-", self.minus)

    def _complex(self, value: Any) -> str:
        real, imaginary = value.real, value.imag
        if imaginary == 0:
            return self.number(real)
        unit = "" if abs(imaginary) == 1 else self.number(abs(imaginary))
        sign = self.minus if imaginary < 0 else self.plus if real else ""
        return f"{self.number(real) if real else ''}{sign}{unit}{self.imaginary}"

    def entry(self, value: Any) -> str:
        """A sample inside a signal."""
        return self.number(value)

    def signal(self, signal: Signal, unit: str) -> str:
        """The samples of a signal and, where it is not 0, its start."""
        return f"({self._samples(signal.values, unit)}){self._start_of(signal)}"

    def _start_of(self, signal: Signal) -> str:
        return self.start(signal.start) if any(signal.starts) else ""

    def _samples(self, values: np.ndarray, unit: str) -> str:
        if values.size <= LONG:
            return self._rows(values) if values.size else ""
        shape = self.times.join(str(n) for n in values.shape)
        leading = [self.entry(value) for value in values.flat[:2]]
        last = [self.entry(values.flat[values.size - 1])] if values.ndim == 1 else []
        shown = self.between.join([*leading, self.ellipsis, *last])
        return shown + self.size.format(count=shape, unit=unit)

    def _rows(self, values: np.ndarray) -> str:
        if values.ndim == 1:
            return self.between.join(self.entry(value) for value in values)
        return (";" * (values.ndim - 1) + " ").join(self._rows(row) for row in values)

    def piece(self, hole: Hole) -> Piece:
        """The node of a hole, written out one level deep."""
        node = hole.node
        if isinstance(node, Signal):
            return Piece(ATOM, [self.signal(node, "taps" if hole.kernel else "samples")])
        if hole.kernel and isinstance(node, Applied):
            operator = node.operator
            factors = operator.factors if isinstance(operator, Compose) else (operator,)
            kernels = [factor.kernel for factor in factors if isinstance(factor, Conv)]
            if len(kernels) == len(factors):
                holes = [Hole(kernel, ATOM, kernel=True) for kernel in (*kernels, node.signal)]
                return Piece(PRODUCT, joined(holes, self.star))
        return self.emit(node)

    @singledispatchmethod
    def emit(self, node: Node) -> Piece:
        """The node written out one level deep."""
        raise OperandError(f"a {type(node).__name__} has no written form; register one in Renderer.emit")

    @emit.register(Compose)
    @emit.register(Scale)
    @emit.register(Applied)
    def _emit_chain(self, node: Compose | Scale | Applied) -> Piece:
        negative, piece = self._term(node)
        return Piece(piece.level, [self.minus, *piece.parts]) if negative else piece

    def _term(self, node: Node) -> tuple[bool, Piece]:
        """Whether a minus stands in front of a term, and the term without it."""
        if not isinstance(node, (Compose, Scale, Applied)):
            return False, Piece(SCALED, [Hole(node, SCALED)])
        scalar, holes = leading_chain(node)
        if scalar is None:
            return False, Piece(PRODUCT, joined(holes, self.glue))
        negative = is_negative(scalar)
        if is_minus_one(scalar):
            return True, Piece(SCALED, joined(holes, self.glue))
        text = self.number(-scalar if negative else scalar)
        coefficient: Part = f"({text})" if is_compound(scalar) else text
        return negative, Piece(SCALED, joined([coefficient, *holes], self.glue))

    @emit.register(Sum)
    @emit.register(SignalSum)
    def _emit_sum(self, node: Sum | SignalSum) -> Piece:
        parts: list[Part] = []
        for term in node.terms:
            negative, piece = self._term(term)
            if parts:
                parts.append(Glue(f" {self.minus if negative else self.plus} "))
            elif negative:
                parts.append(self.minus)
            parts.extend(piece.parts)
        return Piece(SUM, parts)

    @emit.register(IndexedSum)
    @emit.register(IndexedSignalSum)
    def _emit_indexed_sum(self, node: IndexedSum | IndexedSignalSum) -> Piece:
        negative, _ = self._term(node.body)
        body: list[Part] = ["(", Hole(node.body), ")"] if negative else [Hole(node.body, SCALED)]
        return Piece(SCALED, [self.sum_sign(node.index, node.stop), Glue(self.glue), *body])

    @emit.register(Identity)
    @emit.register(Zero)
    @emit.register(Flip)
    def _emit_letter(self, node: Node) -> Piece:
        return Piece(ATOM, [LETTERS[type(node)]])

    @emit.register
    def _emit_shift(self, node: Shift) -> Piece:
        return Piece(ATOM, ["S"]) if node.shift == 1 else Piece(POSTFIX, ["S" + self.raised(node.shift)])

    @emit.register(Up)
    @emit.register(Down)
    def _emit_sampling(self, node: Up | Down) -> Piece:
        return Piece(ATOM, [self.sampling(self.up if isinstance(node, Up) else self.down, node.factor)])

    @emit.register
    def _emit_conv(self, node: Conv) -> Piece:
        return Piece(ATOM, ["(", Hole(node.kernel, ATOM, kernel=True), self.close_conv])

    @emit.register
    def _emit_modulate(self, node: Modulate) -> Piece:
        sequence = node.sequence
        end = self.close_modulate.replace("{start}", self._start_of(sequence))
        return Piece(ATOM, ["([" + self._samples(sequence.values, "samples") + end])

    @emit.register
    def _emit_character(self, node: Character) -> Piece:
        return Piece(ATOM, [self.character(node.frequency)])

    @emit.register
    def _emit_block(self, node: Block) -> Piece:
        across, down, both = self.dots
        rows: list[list[Part]] = []
        for i in _shown(len(node.rows)):
            if i is None:
                rows.append([down if j is not None else both for j in _shown(len(node.rows[0]))])
            else:
                rows.append([Hole(node.rows[i][j]) if j is not None else across for j in _shown(len(node.rows[i]))])
        parts: list[Part] = []
        for row in rows:
            parts += [*([Glue(self.between_rows)] if parts else []), *joined(row, self.between_entries)]
        return Piece(ATOM, [self.block[0], *parts, self.block[1]])

    @emit.register
    def _emit_formal_operator(self, node: FormalOperator) -> Piece:
        return Piece(ATOM, [self.operator_name(node.name)])

    @emit.register
    def _emit_call(self, node: LinearOperator) -> Piece:
        """Operators without a sign of their own: their name, and in parentheses what they are made of."""
        arguments: list[Part] = [
            Hole(part, SUM, kernel=True) if isinstance(part, Node) else self.index(part) for part in node.parts()
        ]
        name = self.function_name(type(node).__name__)
        return Piece(ATOM, [f"{name}(", *joined(arguments, self.comma), ")"])

    @emit.register
    def _emit_power(self, node: Power) -> Piece:
        return Piece(POSTFIX, [Hole(node.operator, ATOM), self.raised(node.exponent)])

    @emit.register(Transpose)
    @emit.register(Adjoint)
    def _emit_turned(self, node: Transpose | Adjoint) -> Piece:
        mark = self.transpose if isinstance(node, Transpose) else self.adjoint
        return Piece(POSTFIX, [Hole(node.operator, ATOM), mark])

    @emit.register(Conj)
    @emit.register(ConjSignal)
    def _emit_conj(self, node: Conj | ConjSignal) -> Piece:
        return Piece(ATOM, [self.conj[0], *map(Hole, node.children()), self.conj[1]])

    @emit.register
    def _emit_formal_signal(self, node: FormalSignal) -> Piece:
        return Piece(ATOM, [self.name(node.name)])

    @emit.register
    def _emit_box(self, node: Box) -> Piece:
        return Piece(ATOM, [self.box(node.factor)])
