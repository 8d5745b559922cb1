"""Block diagrams as text: boxes and lines of Unicode, or of seven bits."""

from __future__ import annotations

from itertools import pairwise
from unicodedata import combining

from ..notation.ascii import in_ascii
from .parts import ADDER, BOX, BUS, DOT, DOWN, GAIN, MORE, SOURCE, TIMES, UP, Element
from .places import Border, Laid, Metrics, Point, Shape, Wire

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
LINES = {
    NORTH: "│", SOUTH: "│", NORTH | SOUTH: "│", EAST: "─", WEST: "─", EAST | WEST: "─", EAST | SOUTH: "┌",
    WEST | SOUTH: "┐", EAST | NORTH: "└", WEST | NORTH: "┘", NORTH | SOUTH | EAST: "├", NORTH | SOUTH | WEST: "┤",
    EAST | WEST | SOUTH: "┬", EAST | WEST | NORTH: "┴", NORTH | EAST | SOUTH | WEST: "┼",
}  # fmt: skip
PLAIN = {NORTH: "|", SOUTH: "|", NORTH | SOUTH: "|", EAST: "-", WEST: "-", EAST | WEST: "-"}
HEADS = {EAST: "▶", WEST: "◀", NORTH: "▲", SOUTH: "▼"}
PLAIN_HEADS = {EAST: ">", WEST: "<", NORTH: "^", SOUTH: "v"}
EDGES = {(False, False): "─│", (False, True): "╌╎", (True, False): "-|", (True, True): ".:"}  # by ascii, dashed
BRACKETS = {UP: "({})", DOWN: "({})", GAIN: "(×{})", TIMES: "⊗{}", BUS: "/{}/"}
BOXES = (BOX, SOURCE, MORE)


def length(text: str) -> int:
    """Columns that a text takes: characters that combine with the one before take none."""
    return sum(not combining(character) for character in text)


class Cells(Metrics):
    """Sizes in cells of a terminal."""

    cell = 1
    gap, lane, row, apart, pitch, dots, side, head, foot = 3, 4, 1, 4, 4, 2, 3, 1, 1
    round = True

    def __init__(self, ascii: bool) -> None:
        self.ascii = ascii

    def written(self, text: str) -> str:
        """A text in the letters that there are."""
        return in_ascii(text.replace("⊗", "(x)")) if self.ascii else text

    def inside(self, element: Element) -> str:
        """What stands in the middle row of a symbol."""
        return self.written(BRACKETS.get(element.kind, "{}").format(element.label))

    def size(self, element: Element) -> tuple[float, float]:
        """Columns and rows of a symbol with one port on either side."""
        wide = length(self.inside(element))
        return (wide + 4, 3) if element.kind in BOXES else (wide, 1)

    def title(self, text: str) -> float:
        """Columns of a frame with a title."""
        return length(self.written(text)) + 6

    def node(self, adder: bool) -> tuple[float, float]:
        """Columns and rows of an adder or a branching dot."""
        return (3 if adder and self.ascii else 1), 1


class Canvas:
    """Cells with one character each; lines that meet are joined."""

    def __init__(self, metrics: Cells) -> None:
        self.m = metrics
        self.cells: dict[tuple[int, int], str] = {}
        self.under: dict[tuple[int, int], str] = {}  # what wires may cross
        self.lines: dict[tuple[int, int], int] = {}

    def put(self, x: float, y: float, text: str) -> None:
        """A text from a cell on to the right."""
        at = int(x)
        for character in text:
            if combining(character):
                self.cells[at - 1, int(y)] += character
            else:
                self.cells[at, int(y)] = character
                at += 1

    def rectangle(self, thing: Shape | Border, dashed: bool = False) -> None:
        """The edges of a box."""
        x, y, width, height = (int(v) for v in (thing.x, thing.y, thing.width, thing.height))
        corners = "++++" if self.m.ascii else "┌┐└┘"
        across, down = tuple(EDGES[self.m.ascii, dashed])
        self.put(x, y, corners[0] + across * (width - 2) + corners[1])
        for row in range(y + 1, y + height - 1):
            self.put(x, row, down)
            self.put(x + width - 1, row, down)
        self.put(x, y + height - 1, corners[2] + across * (width - 2) + corners[3])

    def wire(self, wire: Wire) -> None:
        """A line, cell by cell, with its head before the shape where it ends."""
        cells = [(int(x), int(y)) for x, y in wire.points]
        path = [cells[0]]
        for x, y in cells[1:]:
            while path[-1] != (x, y):
                px, py = path[-1]
                path.append((px + (x > px) - (x < px), py + (y > py) - (y < py)))
        path = [cell for cell in path if not _covers(wire.start, cell)]
        if wire.end.kind not in (DOT, BUS):
            path = [cell for cell in path if not _covers(wire.end, cell)]
        for a, b in pairwise(path):
            self.lines[a] = self.lines.get(a, 0) | _way(a, b)
            self.lines[b] = self.lines.get(b, 0) | _way(b, a)
        if path and wire.end.kind not in (DOT, BUS):
            self.put(*path[-1], (PLAIN_HEADS if self.m.ascii else HEADS)[_way(*wire.points[-2:])])

    def shape(self, shape: Shape) -> None:
        """A symbol."""
        if shape.kind == DOT:
            self.put(shape.x, shape.y, "o" if self.m.ascii else "●")
        elif shape.kind == ADDER:
            self.put(shape.x, shape.y, "(+)" if self.m.ascii else "⊕")
        else:
            inside = self.m.inside(shape.element)
            if shape.kind in BOXES:
                self.rectangle(shape, shape.kind == MORE)
                self.put(shape.x + 2, shape.y + (shape.height - 1) // 2, inside)
            else:
                self.put(shape.x, shape.y, inside)

    def text(self) -> str:
        """The rows, without blanks at their ends."""
        glyphs = PLAIN if self.m.ascii else LINES
        drawn = {at: glyphs.get(mask, "+") for at, mask in self.lines.items()}
        drawn = self.under | drawn | self.cells
        if not drawn:
            return ""
        last, left = max(y for _, y in drawn), min(x for x, _ in drawn)
        top = min(y for _, y in drawn)
        rows = []
        for y in range(top, last + 1):
            right = max((x for x, row in drawn if row == y), default=left - 1)
            rows.append("".join(drawn.get((x, y), " ") for x in range(left, right + 1)).rstrip())
        return "\n".join(rows)


def _way(a: Point, b: Point) -> int:
    """Where b lies, seen from a."""
    return EAST if b[0] > a[0] else WEST if b[0] < a[0] else SOUTH if b[1] > a[1] else NORTH


def _covers(shape: Shape, cell: tuple[int, int]) -> bool:
    x, y = cell
    return shape.x <= x < shape.x + shape.width and shape.y <= y < shape.y + shape.height


def draw(laid: Laid, metrics: Cells) -> str:
    """A drawing as text."""
    canvas = Canvas(metrics)
    for border in laid.borders:
        canvas.rectangle(border, True)
        canvas.put(border.x + 2, border.y, f" {metrics.written(border.title)} ")
    canvas.under, canvas.cells = canvas.cells, {}
    for wire in laid.wires:
        canvas.wire(wire)
    for shape in laid.shapes:
        canvas.shape(shape)
    for x, y in laid.dots:
        canvas.put(x, y, ":" if metrics.ascii else "⋮")
    return canvas.text()
