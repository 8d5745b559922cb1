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
from .derivation import Line, derivation_markdown, escape_markdown, reason


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
    """The two notations of an expression or a bound operator."""
    return Formula(text(thing), latex(thing)) if isinstance(thing, Node) else Formula(str(thing), str(thing.latex()))


def equation(left: Formula, sign: tuple[str, str], right: Formula) -> Formula:
    """Left and right side with a sign, in both notations, between them."""
    return Formula(f"{left.text} {sign[0]} {right.text}", related(left.latex, sign[1], right.latex))


def step_formula(step: Line) -> Formula:
    """A line of a derivation, or a move, with its law."""
    why, shown = reason(step), formula(step.expression)
    if not why:
        return shown
    return Formula(f"= {shown.text}    [{why}]", rf"={after_sign(shown.latex)} \qquad {words_latex(why)}")


@latex.register(Step)
@latex.register(Move)
def _(step: Line) -> str:
    return step_formula(step).latex


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


def markdown(blocks: Iterable[Block]) -> str:
    """Markdown with LaTeX between dollar signs, as Jupyter and GitHub read it."""
    return written(blocks, _MARKDOWN)


def _inline(cell: Cell) -> str:
    if isinstance(cell, Formula):
        return f"${cell.latex}$"
    return f"**{escape_markdown(cell)}**" if isinstance(cell, Strong) else escape_markdown(cell)


def _in_table(cell: Cell) -> str:
    return f"${cell.latex.replace('|', chr(92) + 'vert ')}$" if isinstance(cell, Formula) else _inline(cell)


def _table(table: Table) -> str:
    rules = ("---:" if column in table.right else ":---" for column in range(len(table.head)))
    rows = [list(map(_in_table, table.head)), list(rules)]
    for at, row in enumerate(table.rows):
        cells = map(_in_table, row)
        rows.append([f"**{cell}**" if cell else "" for cell in cells] if at in table.marked else list(cells))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


_MARKDOWN: dict[type, Callable[[Any], str]] = {
    Words: lambda block: "".join(map(_inline, block.parts)),
    Display: lambda block: f"$$\n{block.formula.latex}\n$$",
    Lines: lambda block: derivation_markdown(block.steps),
    Table: _table,
    Drawing: lambda block: f"```text\n{block.text}\n```",
}
