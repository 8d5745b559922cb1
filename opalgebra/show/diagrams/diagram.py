"""Block diagrams: signals flow from left to right through filters, samplers, delays, adders and branching dots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from ...errors import OperandError
from .. import svg
from . import letters, vector
from .layout import Layout, page
from .lines import lines_of, title_of
from .parts import Line, Part
from .places import Laid, Metrics

WIDE, HIGH = 1400.0, 1000.0  # points that a line of a drawing may take
WRAPPED = 820.0  # points beyond which a series goes on in another line
COLUMNS, ROWS = 100, 60  # the same for text
SYMBOLS = (48, 36, 26, 18, 12, 8, 5, 3, 1)  # how many are tried, until the drawing is small enough
MARGIN = 12.0


class Diagram:
    """A block diagram; made by ``A.diagram()``.

    ``str(d)`` and ``f"{d:ascii}"`` are drawings for a terminal of 100 columns, ``d.svg`` is the drawing as SVG, which a
    notebook shows, ``d.save("x.svg")`` and ``d.save("x.html")`` write it.  What is too large for a page is summarised:
    boxes then say how many operators they stand for.

    Examples
    --------
    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> print((oa.Down(2) @ oa.Conv(q) @ oa.Up(3)).diagram())
               ┌───┐
    x──▶(↑3)──▶│ q │──▶(↓2)──▶y
               └───┘
    """

    def __init__(self, lines: Sequence[Line], title: str) -> None:
        self.lines, self.title = tuple(lines), title

    @cached_property
    def svg(self) -> str:
        """The drawing as SVG text."""
        parts: list[str] = []
        top, width = MARGIN, 0.0
        for line, laid in zip(self.lines, self.laid, strict=True):
            if line.sign:
                parts.append(svg.label(MARGIN, top + 14, line.sign, text_anchor="start", font_style="italic"))
                width = max(width, vector.text_width(line.sign))
                top += 30
            parts.append(svg.element("g", *vector.draw(laid.move(MARGIN, top)), class_="diagram"))
            laid.move(-MARGIN, -top)
            width, top = max(width, laid.width), top + laid.height + 2 * MARGIN
        return svg.document(width + 2 * MARGIN, top - MARGIN, parts, self.title)

    @cached_property
    def laid(self) -> list[Laid]:
        """The lines with places for all their shapes, in points."""
        return [_fitted(line.part, vector.Points(), WRAPPED, WIDE, HIGH) for line in self.lines]

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg

    def _repr_html_(self) -> str:
        """The same within the page, so that lines have the colour of its text."""
        return self.svg

    def __str__(self) -> str:
        return self._text(letters.Cells(ascii=False))

    def __format__(self, spec: str) -> str:
        """``f"{d}"`` and ``f"{d:ascii}"``."""
        return self._text(letters.Cells(ascii=True)) if spec == "ascii" else format(str(self), spec)

    def __repr__(self) -> str:
        return f"<Diagram of {self.title}>"

    def _text(self, metrics: letters.Cells) -> str:
        blocks = []
        for line in self.lines:
            drawing = letters.draw(_fitted(line.part, metrics, COLUMNS, COLUMNS, ROWS), metrics)
            blocks.append("\n".join([metrics.written(line.sign), drawing] if line.sign else [drawing]))
        return "\n\n".join(blocks)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing as ``.svg``, or on a page of its own as ``.html``; OperandError for any other ending."""
        where = Path(path)
        if where.suffix not in (".svg", ".html"):
            raise OperandError(f"the diagram was to be saved as {where.name!r}; give a name that ends in .svg or .html")
        where.write_text(self.svg if where.suffix == ".svg" else self._page(), encoding="utf-8")

    def _page(self) -> str:
        title = escape(self.title)
        style = ":root{color-scheme:light dark}body{margin:2em;font-family:sans-serif}"
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
        return f"<!doctype html>\n<html>{head}<style>{style}</style><body>\n{self.svg}\n</body></html>\n"


def _fitted(part: Callable[[int], Part], metrics: Metrics, wrapped: float, width: float, height: float) -> Laid:
    """The drawing with as many symbols as the page has room for."""
    layout = Layout(metrics)
    laid = None
    for symbols in SYMBOLS:
        laid = page(layout, part(symbols), wrapped)
        if laid.width <= width and laid.height <= height:
            return laid
    assert laid is not None
    return laid


def diagram(thing: Any, depth: int | None = None) -> Diagram:
    """``thing.diagram(depth)``; :class:`~opalgebra.OperandError` for what has none."""
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise OperandError(f"the depth is {depth!r}; give an int >= 0, or leave it out to open all names")
    return Diagram(lines_of(thing, 10**6 if depth is None else depth), title_of(thing))
