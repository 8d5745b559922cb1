"""Blocks as HTML: tables and formulas in Unicode, that need no script, no style sheet and no network.

Colours are those of the page (``currentColor``), and formulas stand in ``code`` elements, so that MathJax of a notebook
leaves a dollar sign in a name alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from ..svg import FONT, INK
from .derivation import reason
from .document import Block, Cell, Display, Drawing, Formula, Lines, Strong, Table, Words, formula, written

MATH = f"font-family:{FONT};font-size:inherit;color:inherit;background:none;border:0;padding:0;white-space:nowrap"
BOX = "overflow-x:auto;max-width:100%"
RULE = f"border:0;border-bottom:1px solid {INK}"
CELL = "padding:.15em .7em;border:0;vertical-align:top;background:none"
MARKED = f"font-weight:bold;outline:2px solid {INK};outline-offset:-2px"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 {font}; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def html(blocks: Iterable[Block]) -> str:
    """A fragment for a notebook or a page.

    >>> shown = html([Table(("n", "left"), (("0", "<1>"),), right=(1,))])
    >>> "&lt;1&gt;</td>" in shown, "<1>" in shown
    (True, False)
    """
    return written(blocks, _HTML, "\n")


def page(blocks: Iterable[Block], title: str) -> str:
    """A whole document."""
    return PAGE.format(title=escape(title), font=FONT, body=html(blocks))


def _inline(cell: Cell) -> str:
    if isinstance(cell, Formula):
        return f'<code style="{MATH}">{escape(cell.text)}</code>'
    return f"<strong>{_plain(cell)}</strong>" if isinstance(cell, Strong) else _plain(cell)


def _plain(words: str) -> str:
    """Escaped words; those with a dollar sign are kept from MathJax."""
    return f'<code style="{MATH}">{escape(words)}</code>' if "$" in words or "\\" in words else escape(words)


def _table(table: Table) -> str:
    head = _row("th", table.head, table, f"{CELL};{RULE};font-weight:bold")
    body = "".join(
        _row("td", row, table, f"{CELL};{MARKED}" if at in table.marked else CELL) for at, row in enumerate(table.rows)
    )
    inner = f"<thead>{head}</thead><tbody>{body}</tbody>" if any(table.head) else f"<tbody>{body}</tbody>"
    return (
        f'<div style="{BOX}"><table style="border-collapse:collapse;color:inherit;margin:.5em 0">{inner}</table></div>'
    )


def _row(tag: str, cells: Iterable[Cell], table: Table, style: str) -> str:
    sides = (("left", "right")[column in table.right] for column in range(len(table.head)))
    shown = (
        f'<{tag} style="{style};text-align:{side}">{_inline(cell)}</{tag}>'
        for cell, side in zip(cells, sides, strict=True)
    )
    return f"<tr>{''.join(shown)}</tr>"


def _lines(lines: Lines) -> str:
    first, *rest = lines.steps
    if not rest:
        return _display(Display(formula(first.expression)))
    rows = [("=", formula(step.expression), reason(step)) for step in rest]
    return _table(Table(("", "", ""), (("", formula(first.expression), ""), *rows)))


def _display(block: Display) -> str:
    return f'<div style="{BOX};margin:.5em 0">{_inline(block.formula)}</div>'


_HTML: dict[type, Callable[[Any], str]] = {
    Words: lambda block: f'<p style="margin:.5em 0">{"".join(map(_inline, block.parts))}</p>',
    Display: _display,
    Lines: _lines,
    Table: _table,
    Drawing: lambda block: f'<div style="{BOX}">{block.svg}</div>',
}
