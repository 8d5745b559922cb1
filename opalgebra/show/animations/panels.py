"""The two drawings of convolution arithmetic, cell by cell: outputs that collect, and inputs that are sent out.

A panel has cells that stay where they are, and steps that change how some of them look: for one step (``now``), or
from that step on (``kept``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil, sqrt
from typing import Any

from ...bound.operators.boundary import sources
from .. import svg
from .formulas import Sums, short, wrapped
from .sliding import Cells, Position, Scene, Stage

BLUE, ORANGE, GREEN, PINK, SKY, RED = svg.PALETTE
MARGIN, BESIDE, BELOW, LINE = 12, 46, 44, 18
MOST_LINES = 5
GAP = 3  # between cells

# Fill, its opacity, the opacity of the border, its width and its dashes: no two states differ in colour alone.
STATES: dict[str, tuple[str, float, float, float, str]] = {
    "sample": (BLUE, 0.24, 0.75, 1, ""),
    "between": ("none", 0, 0.4, 1, ""),
    "outside": ("none", 0, 0.55, 1, "3 3"),
    "empty": ("none", 0, 0.75, 1, ""),
    "left out": ("none", 0, 0.5, 1, "1 4"),
    "read": (ORANGE, 0.8, 1, 2.5, ""),
    "copied": (ORANGE, 0.8, 1, 2, "2 2"),
    "covered": (ORANGE, 0.3, 1, 2, "5 3"),
    "largest": (RED, 0.85, 1, 4, ""),
    "made": (GREEN, 0.8, 1, 2.5, ""),
    "lost": (GREEN, 0.25, 1, 2, "5 3"),
    "done": (GREEN, 0.24, 0.75, 1, ""),
}
NAMES = ("fill", "fill_opacity", "stroke_opacity", "stroke_width", "stroke_dasharray")


def attributes(state: str) -> dict[str, Any]:
    """The attributes of a rectangle in a state."""
    return {name: value for name, value in zip(NAMES, STATES[state], strict=True) if value != ""}


@dataclass
class Cell:
    """A square with a text in it, and a weight in its corner while the kernel covers it."""

    x: float
    y: float
    state: str
    text: str = ""
    corner: str = ""


@dataclass
class Step:
    """What changes: (cell, state, corner) for this step, (cell, state, text) from now on; links; and the formula."""

    now: list[tuple[int, str, str]] = field(default_factory=list)
    kept: list[tuple[int, str, str]] = field(default_factory=list)
    links: str = ""
    formula: str = ""
    lines: list[str] = field(default_factory=list)


def panels(scene: Scene, sums: Sums) -> list[Panel]:
    """Gather and scatter."""
    return [_gather(scene, sums), _scatter(scene, sums)]


# Where cells lie --------------------------------------------------------------------------------------------


class Grid:
    """The cells of a stage, from an upper left corner; ``spots`` are positions in units of cells."""

    def __init__(self, stage: Stage, size: float, spots: dict[Position, tuple[float, float]] | None = None) -> None:
        self.stage, self.size = stage, size
        self.positions = list(stage.positions())
        self.place = {position: i for i, position in enumerate(self.positions)}
        self.spots = spots or {position: self._spot(position) for position in self.positions}
        self.width = (max(x for x, _ in self.spots.values()) + 1) * size
        self.height = (max(y for _, y in self.spots.values()) + 1) * size

    def _spot(self, position: Position) -> tuple[float, float]:
        plane, *rest = position
        rest = [p - a for p, a in zip(rest, self.stage.starts, strict=True)]
        if len(rest) == 1:
            return rest[0], plane * 1.5
        across = ceil(sqrt(self.stage.planes))
        down, right = divmod(plane, across)
        return rest[1] + right * (self.stage.sides[1] + 0.6), rest[0] + down * (self.stage.sides[0] + 0.6)

    def cells(self, x: float, y: float, states: dict[str, str]) -> list[Cell]:
        """All cells, each in the state of its kind."""
        spots = ((self.spots[p], self.stage.kind(p)) for p in self.positions)
        return [Cell(x + a * self.size, y + b * self.size, states[kind]) for (a, b), kind in spots]


def _size(*stages: Stage) -> float:
    """Large cells where there are few."""
    widest = max(stage.sides[-1] for stage in stages)
    return 34 if widest <= 12 else 28 if widest <= 18 else 22


def _aligned(stage: Stage, other: Stage, met: list[Cells]) -> dict[Position, tuple[float, float]] | None:
    """On one axis: every sample of a stage above the middle of the cells of the other one that belong to it."""
    if len(stage.shape) > 1 or any(not cells for cells in met):
        return None
    spots = {}
    for sample, cells in zip(stage.samples(), met, strict=True):
        ends = [position[1] for position, _ in cells]
        spots[stage.at(sample)] = ((min(ends) + max(ends)) / 2 - other.starts[0], 0.0)
    return spots


IN_STATES = {"sample": "sample", "between": "between", "outside": "outside"}
OUT_STATES = {"sample": "empty", "between": "left out", "outside": "outside"}


@dataclass
class Panel:
    """One drawing with all its steps: two grids, first the one that is read, and the cells of both."""

    view: str
    heading: str
    ins: Grid
    outs: Grid
    steps: list[Step] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        ins, outs, top = self.ins, self.outs, MARGIN + 2 * LINE + 8
        self.flat, self.size, self.inputs = len(ins.stage.shape) == 1, ins.size, len(ins.positions)
        if self.flat:
            inner = max(ins.width, outs.width)
            self.in_at, self.out_at = (float(MARGIN), float(top)), (float(MARGIN), top + ins.height + BELOW)
            bottom = self.out_at[1] + outs.height
        else:
            tall = max(ins.height, outs.height)
            inner = ins.width + BESIDE + outs.width
            self.in_at = (MARGIN, top + (tall - ins.height) / 2)
            self.out_at = (MARGIN + ins.width + BESIDE, top + (tall - outs.height) / 2)
            bottom = top + tall
        self.width, self.formula_at = max(inner + 2 * MARGIN, 330), bottom + 24
        self.cells = ins.cells(*self.in_at, IN_STATES) + outs.cells(*self.out_at, OUT_STATES)

    def finished(self, steps: list[Step], names: dict[str, str]) -> Panel:
        """With its steps, whose formulas are broken at the width, and a legend of the states that occur."""
        for step in steps:
            step.lines = wrapped(step.formula, int((self.width - 2 * MARGIN) / 7.6), MOST_LINES)
        present = {cell.state for cell in self.cells} | {
            state for step in steps for _, state, _ in step.now + step.kept
        }
        self.steps, self.legend = steps, [(state, name) for state, name in names.items() if state in present]
        return self

    @property
    def legend_at(self) -> float:
        """Where the legend begins."""
        return self.formula_at + LINE * max(len(step.lines) for step in self.steps)

    @property
    def height(self) -> float:
        """With the formula and the legend below."""
        return self.legend_at + ceil(len(self.legend) / legend_columns(self.width)) * LINE + MARGIN

    @property
    def side(self) -> float:
        """Of a square."""
        return self.size - GAP

    @property
    def longest(self) -> int:
        """The length of the longest text that a cell has in any step."""
        texts = [cell.text for cell in self.cells] + [text for step in self.steps for _, _, text in step.kept]
        return max(1, *map(len, texts))

    @property
    def labels(self) -> list[tuple[float, float, str]]:
        """The names of the grids, and an arrow between them."""
        names = [(x, y - 6, name) for (x, y), name in ((self.in_at, "input"), (self.out_at, "output"))]
        middle = self.ins.height / 2 + self.in_at[1] + 8
        return names if self.flat else [*names, (self.out_at[0] - BESIDE / 2 - 9, middle, "→")]

    def at(self, index: int) -> list[Cell]:
        """The cells as they look in a step."""
        cells = [replace(cell) for cell in self.cells]
        for step in self.steps[: index + 1]:
            for place, state, text in step.kept:
                cells[place].state, cells[place].text = state, text
        for place, state, corner in self.steps[index].now:
            cells[place].state, cells[place].corner = state, corner
        return cells

    def link(self, a: Cell, b: Cell) -> str:
        """On one axis: a line from the lower edge of one cell to the upper edge of another."""
        half, number = self.side / 2, svg.number
        return (
            f"M{number(a.x + half)} {number(a.y + self.side)}L{number(b.x + half)} {number(b.y)}" if self.flat else ""
        )


def legend_columns(width: float) -> int:
    return max(1, int((width - 2 * MARGIN) // 150))


# Gather -----------------------------------------------------------------------------------------------------


def _gather(scene: Scene, sums: Sums) -> Panel:
    outs = scene.outs.plain
    size = _size(scene.ins, outs)
    spots = _aligned(outs, scene.ins, scene.windows) if scene.slides else None
    panel = Panel("gather", "gather: every output collects", Grid(scene.ins, size), Grid(outs, size, spots))
    for cell, position in zip(panel.cells, panel.ins.positions, strict=False):
        cell.text = _input_text(scene, sums, position)
    return panel.finished(_gather_steps(scene, sums, panel), _gather_legend(scene))


def _gather_steps(scene: Scene, sums: Sums, panel: Panel) -> list[Step]:
    cells, steps = panel.cells, []
    for row, window in enumerate(scene.windows):
        out = panel.inputs + row
        made = sums.outs[row] if sums.values is None else sums.shown_total(list(scene.rows[row].items()))
        step = Step(formula=sums.gathered(row), kept=[(out, "done", made)], now=[(out, "made", "")])
        for position, state, tap in _covered(scene, sums, row, window):
            place = panel.ins.place[position]
            step.now.append((place, state, "" if tap is None else short(tap)))
            step.links += panel.link(cells[place], cells[out]) if state != "covered" else ""
        steps.append(step)
    return steps


def _covered(scene: Scene, sums: Sums, row: int, window: Cells) -> list[tuple[Position, str, Any]]:
    """The cells of a window: those that are read, the largest of a maximum, and the others."""
    entries = scene.rows[row]
    largest = None
    if scene.is_max and sums.values is not None and entries:
        largest = max(entries, key=lambda place: (sums.values[place], -place))  # type: ignore[index]
    places, found = scene.ins.places, []
    for position, tap in window:
        place = places.get(position)
        is_largest = place is not None and place == largest
        found.append((position, "largest" if is_largest else _look(scene, entries, place, position, tap), tap))
    return found


def _look(scene: Scene, entries: dict[int, Any], place: int | None, position: Position, tap: Any) -> str:
    if place in entries and tap != 0:
        return "read"
    is_copied = scene.ins.kind(position) == "outside" and set(scene.rule) != {"zero"}
    on_samples = not any(p % s for p, s in zip(position[1:], scene.ins.spacing, strict=True))
    return "copied" if is_copied and on_samples and tap != 0 else "covered"


def _input_text(scene: Scene, sums: Sums, position: Position) -> str:
    """A sample, an inserted zero, or what the boundary puts there."""
    kind = scene.ins.kind(position)
    parts = [divmod(p, s) for p, s in zip(position[1:], scene.ins.spacing, strict=True)]
    if any(rest for _, rest in parts):
        return "0"
    if kind == "outside" and scene.is_max:
        return "−∞"
    met = [sources(*entry) for entry in zip(scene.rule, [i for i, _ in parts], scene.ins.shape, strict=True)]
    if not all(met):
        return "0"
    if any(len(entry) > 1 or entry[0][1] != 1 for entry in met):
        return ""
    place = position[0]
    for (i, _), n in zip([entry[0] for entry in met], scene.ins.shape, strict=True):
        place = place * n + i
    return sums.input_text(place)


def _gather_legend(scene: Scene) -> dict[str, str]:
    return {
        "sample": "input",
        "between": "inserted zero",
        "outside": _padding(scene),
        "read": "read now",
        "largest": "the largest",
        "copied": "read, a copy",
        "covered": "beside the input" if scene.is_max else "adds 0",
        "made": "output",
    }


def _padding(scene: Scene) -> str:
    return "padding −∞" if scene.is_max else "padding" if set(scene.rule) == {"zero"} else "ends continued"


# Scatter ----------------------------------------------------------------------------------------------------


def _scatter(scene: Scene, sums: Sums) -> Panel:
    ins = scene.ins.plain
    size = _size(ins, scene.outs)
    spots = _aligned(ins, scene.outs, scene.stamps) if scene.slides else None
    panel = Panel("scatter", "scatter: every input is sent out", Grid(ins, size, spots), Grid(scene.outs, size))
    for place in range(panel.inputs):
        panel.cells[place].text = sums.input_text(place)
    return panel.finished(_scatter_steps(scene, sums, panel), _scatter_legend(scene, sums))


def _scatter_steps(scene: Scene, sums: Sums, panel: Panel) -> list[Step]:
    cells, steps = panel.cells, []
    places = scene.outs.places
    outputs = list(places)
    received: list[list[tuple[int, Any]]] = [[] for _ in scene.rows]
    for column, stamp in enumerate(scene.stamps):
        step = Step(formula=sums.scattered(column), now=[(column, "read", "")])
        taps = dict(stamp)
        for row, weight in sums.columns[column].items():
            if not scene.is_max:
                taps[outputs[row]] = weight  # with what a boundary sends there
            received[row].append((column, weight))
        for position, tap in taps.items():
            place, at = panel.inputs + panel.outs.place[position], places.get(position)
            meets = at is not None and column in scene.rows[at] and tap != 0
            step.now.append((place, "made" if meets else "lost", "" if tap is None else short(tap)))
            if at is not None and meets:
                text = str(len(received[at])) if sums.values is None else sums.shown_total(received[at])
                step.kept.append((place, "done", text))
                step.links += panel.link(cells[column], cells[place])
        steps.append(step)
    return steps


def _scatter_legend(scene: Scene, sums: Sums) -> dict[str, str]:
    found = "maximum so far" if scene.is_max else "sum so far"
    return {
        "read": "sent now",
        "made": "reached now",
        "done": "inputs so far" if sums.values is None else found,
        "left out": "left out by ↓",
        "outside": "not an output",
        "lost": "lost",
    }
