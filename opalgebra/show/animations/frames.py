"""One step of convolution arithmetic as a drawing, and as text."""

from __future__ import annotations

from html import escape

from .. import svg
from .panels import LINE, MARGIN, STATES, Cell, Panel, Step, attributes, legend_columns

TEXT_AT, CORNER_AT = 0.77, (2.5, 9.5)  # the baselines of a text, as a part of the cell, and of a corner


def heading(x: float, y: float, text: str, size: float = 12, **style: object) -> str:
    """A line that starts at x."""
    return svg.label(x, y, text, text_anchor="start", font_size=size, **style)


def fitting(text: str, room: float, most: float) -> float | None:
    """The size of letters for a text in a cell; None where it would be too small to read."""
    size = min(most, room / (0.62 * max(1, len(text))))
    return round(size, 1) if text and size >= 6 else None


def text_size(text: str, side: float) -> float | None:
    """The size of the letters in the middle of a cell; zeros are small."""
    return fitting(text, side - 3, 9.5 if text in ("0", "−∞") else 12.5)


def corner_size(text: str, side: float) -> float | None:
    """The size of a weight in the corner."""
    return fitting(text, side - 4, 8.5)


def drawing(panel: Panel, index: int, with_legend: bool = True) -> list[str]:
    """The elements of a panel in a step."""
    step = panel.steps[index]
    cells = panel.at(index)
    head = heading(MARGIN, MARGIN + 8, panel.heading, 13, font_weight="bold")
    labels = [heading(x, y, name, 18 if name == "→" else 11) for x, y, name in panel.labels]
    links = svg.element("path", d=step.links, stroke=svg.INK, stroke_opacity=0.6, fill="none", class_="links")
    squares = svg.element("g", *squares_drawing(cells, panel.side), class_="squares")
    texts = svg.element("g", *texts_drawing(cells, panel.side), class_="texts")
    formula = svg.element("g", *formula_drawing(panel, step), class_="formula")
    legend = legend_drawing(panel) if with_legend else []
    return [head, *labels, links, squares, texts, formula, *legend]


def squares_drawing(cells: list[Cell], side: float) -> list[str]:
    """One path for all squares that look the same."""
    paths: dict[str, list[str]] = {state: [] for state in STATES}
    for cell in cells:
        paths[cell.state].append(f"M{svg.number(cell.x)} {svg.number(cell.y)}h{side:g}v{side:g}h-{side:g}z")
    style = {"stroke": svg.INK, "stroke_linejoin": "round"}
    return [
        svg.element("path", d="".join(found), **style, **attributes(state)) for state, found in paths.items() if found
    ]


def texts_drawing(cells: list[Cell], side: float) -> list[str]:
    """What stands in the cells, and the weights in their corners, where they are large enough to read."""
    middle: dict[float, list[str]] = {}
    corner: dict[float, list[str]] = {}
    for cell in cells:
        if size := text_size(cell.text, side):
            middle.setdefault(size, []).append(_text(cell.x + side / 2, cell.y + TEXT_AT * side, cell.text))
        if size := corner_size(cell.corner, side):
            corner.setdefault(size, []).append(_text(cell.x + CORNER_AT[0], cell.y + CORNER_AT[1], cell.corner))
    style = {"fill": svg.INK}
    groups = [svg.element("g", *found, font_size=size, text_anchor="middle", **style) for size, found in middle.items()]
    bold = {**style, "font_weight": "bold"}
    return groups + [svg.element("g", *found, font_size=size, **bold) for size, found in corner.items()]


def _text(x: float, y: float, text: str) -> str:
    return svg.element("text", escape(text), x=x, y=y)


def formula_drawing(panel: Panel, step: Step) -> list[str]:
    """The lines of the formula."""
    count = max(len(other.lines) for other in panel.steps)
    lines = step.lines + [""] * (count - len(step.lines))
    return [heading(MARGIN, panel.formula_at + i * LINE, line, 13) for i, line in enumerate(lines)]


def legend_drawing(panel: Panel) -> list[str]:
    """What the states mean."""
    columns = legend_columns(panel.width)
    drawn = []
    for i, (state, name) in enumerate(panel.legend):
        x, y = MARGIN + i % columns * 150, panel.legend_at + i // columns * LINE
        drawn += [*squares_drawing([Cell(x, y, state)], 12), heading(x + 18, y + 10, name, 11)]
    return drawn


# Text -------------------------------------------------------------------------------------------------------


BRACKETS, PARENTHESES = ("[", "]"), ("(", ")")
MARKS = {
    **dict.fromkeys(("read", "made"), BRACKETS),
    "largest": ("<", ">"),
    **dict.fromkeys(("copied", "covered", "lost"), PARENTHESES),
}


def text(panel: Panel, index: int) -> str:
    """A step for a terminal: what is read in brackets, what the kernel covers in parentheses, and the formula."""
    cells, step = panel.at(index), panel.steps[index]
    ins, outs = (_text_rows(part, panel) for part in (cells[: panel.inputs], cells[panel.inputs :]))
    if panel.flat:
        rows = [*ins, *outs]
    else:
        width, height = max(map(len, ins)), max(len(ins), len(outs))
        ins, outs = (_centred(part, height) for part in (ins, outs))
        arrows = [" → " if i == height // 2 else "   " for i in range(height)]
        rows = [f"{a.ljust(width)}{arrow}{b}" for a, arrow, b in zip(ins, arrows, outs, strict=True)]
    return "\n".join([f"step {index + 1} of {len(panel.steps)}", *(row.rstrip() for row in rows), step.formula])


def _text_rows(cells: list[Cell], panel: Panel) -> list[str]:
    """A grid row by row."""
    rows: dict[float, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.y, []).append(cell)
    widest, first = panel.longest, min(cell.x for cell in cells)
    offset = round((first - MARGIN) / panel.size) if len(rows) == 1 else 0
    found = []
    for _, row in sorted(rows.items()):
        shown = ""
        for cell in sorted(row, key=lambda cell: cell.x):
            before, after = MARKS.get(cell.state, (" ", " "))
            at = offset + round((cell.x - first) / panel.size)
            empty = "·" if cell.state in ("empty", "made", "read") else " "
            shown = shown.ljust(at * (widest + 2)) + before + (cell.text or empty).center(widest) + after
        found.append(shown)
    return found


def _centred(rows: list[str], height: int) -> list[str]:
    above = (height - len(rows)) // 2
    return [""] * above + rows + [""] * (height - len(rows) - above)
