"""What a page about an object says, block by block; how it looks is the business of Markdown, HTML and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ...algebra.decide.proof import Step
from ...algebra.derive.derivation import Move
from ...algebra.laws.falsehoods import Falsehood
from ...errors import OperandError
from ...expr import Node
from ..notation.latex import after_sign, latex, related, words_latex
from ..notation.text import text
from .derivation import Line, reason


class Formula(NamedTuple):
    """Mathematics, in Unicode on one line and in LaTeX."""

    text: str
    latex: str


class Strong(str):
    """Words that stand out."""

    __slots__ = ()


Cell: TypeAlias = str | Formula


class Words(NamedTuple):
    """A paragraph."""

    parts: tuple[Cell, ...]


class Display(NamedTuple):
    """A formula on a line of its own."""

    formula: Formula


class Lines(NamedTuple):
    """A derivation."""

    steps: Sequence[Line]


class Table(NamedTuple):
    """Rows under a head; ``right`` are columns of numbers, and ``marked`` the rows that stand out."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[int, ...] = ()
    marked: tuple[int, ...] = ()


class Drawing(NamedTuple):
    """A picture as SVG, and what is written where SVG cannot be, in Unicode and in ASCII."""

    svg: str
    text: str
    ascii: str


Block: TypeAlias = Words | Display | Lines | Table | Drawing


def formula(thing: Any) -> Formula:
    """The two notations of an expression, a bound operator, or a line of a derivation with its law."""
    if isinstance(thing, Node):
        return Formula(text(thing), latex(thing))
    if not isinstance(thing, Step | Move):
        return Formula(str(thing), str(thing.latex()))
    why, shown = reason(thing), formula(thing.expression)
    if not why:
        return shown
    return Formula(f"= {shown.text}    [{why}]", rf"={after_sign(shown.latex)} \qquad {words_latex(why)}")


def equation(left: Formula, sign: tuple[str, str], right: Formula) -> Formula:
    """Left and right side with a sign, in both notations, between them."""
    return Formula(f"{left.text} {sign[0]} {right.text}", related(left.latex, sign[1], right.latex))


@latex.register(Step)
@latex.register(Move)
def _(step: Line) -> str:
    return formula(step).latex


@latex.register
def _(falsehood: Falsehood) -> str:
    left, right = map(formula, falsehood.sides())
    return related(left.latex, r"\neq", right.latex)


def by_pages(notation: Any, thing: Any) -> str:
    """What a notation writes of a thing that is no expression; the pages have registered it by now."""
    writer = notation.dispatch(type(thing))
    if writer is notation.dispatch(object):
        raise OperandError(f"a {type(thing).__name__} is not written in {notation.__name__}; register how")
    return str(writer(thing))


def words(*parts: Cell) -> Words:
    """A paragraph of these parts, without the empty ones."""
    return Words(tuple(part for part in parts if part))


def written(blocks: Iterable[Block], writers: dict[type, Callable[[Any], str]], between: str = "\n\n") -> str:
    """The blocks, each by the writer of its kind."""
    return between.join(writers[type(block)](block) for block in blocks)
