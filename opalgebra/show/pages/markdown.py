"""Blocks in Markdown, with LaTeX between dollar signs, as Jupyter and GitHub read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .derivation import derivation_latex
from .document import Block, Cell, Display, Drawing, Formula, Lines, Strong, Table, Words, written


def markdown(blocks: Iterable[Block]) -> str:
    r"""The blocks, one paragraph each; the laws of a derivation stand beside its lines.

    >>> import opalgebra as oa
    >>> print(markdown([Lines(oa.derive(oa.Up(2)).to(oa.Down(2).T).steps)]))
    $$
    \begin{aligned}
    \uparrow_{2} &=\;\downarrow_{2}^{T} && \text{down-transpose}
    \end{aligned}
    $$
    """
    return written(blocks, _MARKDOWN)


def _inline(cell: Cell) -> str:
    if isinstance(cell, Formula):
        return f"${cell.latex}$"
    return f"**{_escaped(cell)}**" if isinstance(cell, Strong) else _escaped(cell)


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
    Lines: lambda block: f"$$\n{derivation_latex(block.steps)}\n$$",
    Table: _table,
    Drawing: lambda block: f"```text\n{block.text}\n```",
}


def _escaped(words: str) -> str:
    """Plain words, of which Markdown changes nothing."""
    return "".join("\\" + character if character in "\\`*_{}[]<>|$#" else character for character in words)
