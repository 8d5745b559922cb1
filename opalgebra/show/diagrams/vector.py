"""Block diagrams as SVG, with the symbols of textbooks on multirate systems."""

from __future__ import annotations

from collections.abc import Callable
from math import hypot
from unicodedata import combining
from xml.sax.saxutils import escape

from .. import svg
from ..notation.text import SUBSCRIPTS, SUPERSCRIPTS
from .expressions import clipped
from .parts import ADDER, BOX, BUS, DOT, DOWN, END, GAIN, MORE, SOURCE, TIMES, UP, Element
from .places import Border, Laid, Metrics, Point, Shape, Wire

SIZE = 14  # of letters
SMALL = 12
SMALL_GLYPHS = {*SUBSCRIPTS.values(), *SUPERSCRIPTS.values()} - {","}
WIDE = set("mwMW→−+=…×ωπ")
TINT = {
    BOX: svg.PALETTE[0], UP: svg.PALETTE[2], DOWN: svg.PALETTE[5], GAIN: svg.PALETTE[1], TIMES: svg.PALETTE[3],
}  # fmt: skip
ARROW = 8  # length of an arrow head
RADIUS = 11  # of ⊕ and ⊗
LARGEST = 30  # radius up to which a symbol for ↑ and ↓ is a circle
HINT = 300  # characters of what a reader is told who points at a symbol
LINE = 17  # from one row of a small matrix to the next


def text_width(text: str, size: float = SIZE) -> float:
    """About how wide a text is; rather too wide than too narrow."""

    def one(character: str) -> float:
        if combining(character):
            return 0
        return 0.44 if character in SMALL_GLYPHS else 0.95 if character in WIDE else 0.64

    return size * sum(map(one, text))


class Points(Metrics):
    """Sizes in points of a screen."""

    cell = 0
    gap, lane, row, apart, pitch, dots, side, head, foot = 26, 26, 16, 52, 52, 26, 20, 28, 12
    round = False

    def size(self, element: Element) -> tuple[float, float]:
        """Width and height of a symbol with one port on either side."""
        wide = text_width(element.label)
        match element.kind:
            case "up" | "down":
                return _round_size(element)
            case "gain":
                return max(34, (text_width(element.label, SMALL) + 8) / 0.6), 34
            case "times":
                return max(2 * RADIUS, wide), 2 * RADIUS + 2 * (SIZE + 6)
            case "bus":
                return max(16, wide + 6), SIZE * 2 + 8
            case "end":
                return text_width(element.label) + 6, SIZE + 6
        return max(40, wide + 16), 36

    def inset(self, element: Element) -> float:
        """Labels of modulators stand below them and may be wider."""
        return (self.size(element)[0] - 2 * RADIUS) / 2 if element.kind == TIMES else 0

    def title(self, text: str) -> float:
        """Width of the title of a frame."""
        return text_width(text, SMALL) + 20

    def node(self, adder: bool) -> tuple[float, float]:
        """Width and height of an adder or a branching dot."""
        return (2 * RADIUS - 2, 2 * RADIUS - 2) if adder else (7, 7)


def _round_size(element: Element) -> tuple[float, float]:
    if element.rows:
        wide = text_width(element.label[0]) + 14 + sum(_columns(element))
        across = 2 * hypot(wide / 2, len(element.rows) * LINE / 2) + 4
        return across, across
    wide = max(36, text_width(element.label) + 14)
    return (wide, wide) if wide <= 2 * LARGEST else (wide, 36)


def _columns(element: Element) -> list[float]:
    """The widths of the columns of a small matrix."""
    return [max(text_width(entry) for entry in column) + 7 for column in zip(*element.rows, strict=True)]


def draw(laid: Laid) -> list[str]:
    """The elements of a drawing."""
    made = [_border(border) for border in laid.borders]
    for wire in laid.wires:
        made += _wire(wire)
    made += [_shape(shape) for shape in laid.shapes]
    made += [svg.circle(x, y + d, 1.6, fill=svg.INK, stroke="none") for x, y in laid.dots for d in (-7, 0, 7)]
    return made


def _border(border: Border) -> str:
    box = svg.rectangle(
        border.x, border.y, border.width, border.height, rx=8, stroke_dasharray="5 4", stroke_opacity=0.55,
        fill=svg.INK, fill_opacity=0.025,
    )  # fmt: skip
    title = svg.label(
        border.x + 10, border.y + 17, border.title, font_size=SMALL, text_anchor="start", fill_opacity=0.8
    )
    return box + title


def _wire(wire: Wire) -> list[str]:
    points = ends_of(wire)
    pointed = wire.end.kind not in (DOT, BUS)
    made = [svg.path(_shortened(points, ARROW - 2) if pointed else points, stroke_width=1.4)]
    if pointed:
        (x0, y0), (x1, y1) = points[-2], points[-1]
        dx, dy = _sign(x1 - x0), _sign(y1 - y0)
        back, side = (x1 - ARROW * dx, y1 - ARROW * dy), (3.6 * dy, 3.6 * dx)
        head = [(x1, y1), (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1]), (x1, y1)]
        made.append(svg.path(head, fill=svg.INK, stroke="none"))
    return made


def ends_of(wire: Wire) -> list[Point]:
    """The points of a wire, from the rim of a dot or adder and to the rim of one."""
    points = list(wire.points)
    if wire.start.kind == ADDER:
        points = _shortened(points[::-1], wire.start.width / 2)[::-1]
    return _shortened(points, wire.end.width / 2) if wire.end.kind == ADDER else points


def _shortened(points: list[Point], length: float) -> list[Point]:
    (x0, y0), (x1, y1) = points[-2], points[-1]
    return [*points[:-1], (x1 - length * _sign(x1 - x0), y1 - length * _sign(y1 - y0))]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _shape(shape: Shape) -> str:
    made = DRAWN[shape.kind](shape)
    hint = shape.element.hint if shape.element.hint != shape.element.label else ""
    named = svg.element("title", escape(clipped(hint, HINT))) if hint else ""
    return svg.element("g", named, *made, class_=shape.kind)


def _middle(shape: Shape) -> Point:
    return shape.x + shape.width / 2, shape.y + shape.height / 2


def _written(shape: Shape) -> str:
    x, y = _middle(shape)
    return svg.label(x, y + SIZE * 0.35, shape.element.label)


def _style(kind: str) -> dict[str, object]:
    tint = TINT.get(kind)
    return {"stroke_width": 1.4} | ({"fill": tint, "fill_opacity": 0.16} if tint else {})


def _box(shape: Shape) -> list[str]:
    dashes = {"stroke_dasharray": "2 3"} if shape.kind == MORE else {}
    rounding = {"rx": 6} if shape.kind == SOURCE else {}
    style = {**_style(shape.kind), **dashes, **rounding}
    return [svg.rectangle(shape.x, shape.y, shape.width, shape.height, **style), _written(shape)]


def _round(shape: Shape) -> list[str]:
    x, y = _middle(shape)
    style = _style(shape.kind)
    if shape.width == shape.height:
        outline = svg.circle(x, y, shape.width / 2, **style)
    else:
        outline = svg.rectangle(shape.x, shape.y, shape.width, shape.height, rx=shape.height / 2, **style)
    return [outline, *(_matrix(shape) if shape.element.rows else [_written(shape)])]


def _matrix(shape: Shape) -> list[str]:
    """An arrow and the rows of a small matrix between brackets."""
    element = shape.element
    (x, y), columns = _middle(shape), _columns(element)
    arrow, tall = text_width(element.label[0]), len(element.rows) * LINE
    left = x - (arrow + 14 + sum(columns)) / 2
    made = [svg.label(left + arrow / 2, y + SIZE * 0.35, element.label[0])]
    start = left + arrow + 7
    stop = start + sum(columns)
    top, bottom = y - tall / 2, y + tall / 2
    for edge, inward in ((start - 2, 4), (stop + 2, -4)):
        made.append(svg.path([(edge + inward, top), (edge, top), (edge, bottom), (edge + inward, bottom)]))
    for i, row in enumerate(element.rows):
        at = start
        for entry, column in zip(row, columns, strict=True):
            made.append(svg.label(at + column / 2, y + (i - (len(element.rows) - 1) / 2) * LINE + SIZE * 0.35, entry))
            at += column
    return made


def _gain(shape: Shape) -> list[str]:
    x, y = shape.x, shape.y
    corners = [(x, y), (x + shape.width, y + shape.height / 2), (x, y + shape.height), (x, y)]
    wide = text_width(shape.element.label, SMALL)
    at = x + 4 + wide / 2
    label = svg.label(at, y + shape.height / 2 + SMALL * 0.35, shape.element.label, font_size=SMALL)
    return [svg.path(corners, **_style(GAIN)), label]


def _circled(shape: Shape, turned: bool) -> list[str]:
    x, y = _middle(shape)
    r = min(shape.width, shape.height) / 2
    arm = r * 0.68 if turned else r * 0.6
    ends = ((arm, arm), (arm, -arm)) if turned else ((arm, 0), (0, arm))
    lines = [svg.line(x - a, y - b, x + a, y + b, stroke_width=1.4) for a, b in ends]
    return [svg.circle(x, y, r, **_style(shape.kind)), *lines]


def _times(shape: Shape) -> list[str]:
    x, y = _middle(shape)
    return [*_circled(Shape(TIMES, x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS), True),
            svg.label(x, y + RADIUS + SIZE + 1, shape.element.label)]  # fmt: skip


def _dot(shape: Shape) -> list[str]:
    return [svg.circle(*_middle(shape), shape.width / 2, fill=svg.INK, stroke="none")]


def _bus(shape: Shape) -> list[str]:
    """A wire with a stroke through it, and how many signals it stands for."""
    x, y = _middle(shape)
    return [svg.line(shape.x, y, shape.x + shape.width, y, stroke_width=1.4),
            svg.line(x - 4, y + 7, x + 4, y - 7),
            svg.label(x, y - 10, shape.element.label, font_size=SMALL)]  # fmt: skip


DRAWN: dict[str, Callable[[Shape], list[str]]] = {
    BOX: _box, SOURCE: _box, MORE: _box, UP: _round, DOWN: _round, GAIN: _gain, TIMES: _times, BUS: _bus, DOT: _dot,
    ADDER: lambda shape: _circled(shape, False), END: lambda shape: [_written(shape)],
}  # fmt: skip
