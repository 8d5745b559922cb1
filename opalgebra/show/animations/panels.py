"""The two drawings of convolution arithmetic, cell by cell: outputs that collect, and inputs that are sent out.

A panel has cells that stay where they are, and steps that change how some of them look: for one step (``now``), or
from that step on (``kept``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass
class Panel:
    """One drawing with all its steps."""

    view: str
    heading: str
    size: float
    width: float
    height: float
    cells: list[Cell]
    steps: list[Step]
    labels: list[tuple[float, float, str]]
    legend: list[tuple[str, str]]
    formula_at: float
    inputs: int  # the first cells
    flat: bool  # on one axis

    @property
    def legend_at(self) -> float:
        """Where the legend begins."""
        return self.formula_at + LINE * max(len(step.lines) for step in self.steps)

    @property
    def side(self) -> float:
        """Of a square."""
        return self.size - GAP

    @property
    def longest(self) -> int:
        """The length of the longest text that a cell has in any step."""
        texts = [cell.text for cell in self.cells] + [text for step in self.steps for _, _, text in step.kept]
        return max(1, *map(len, texts))

    def at(self, index: int) -> list[Cell]:
        """The cells as they look in a step."""
        cells = [Cell(c.x, c.y, c.state, c.text) for c in self.cells]
        for step in self.steps[: index + 1]:
            for place, state, text in step.kept:
                cells[place].state, cells[place].text = state, text
        for place, state, corner in self.steps[index].now:
            cells[place].state, cells[place].corner = state, corner
        return cells


def panels(scene: Scene, sums: Sums) -> list[Panel]:
    """Gather and scatter."""
    return [_gather(scene, sums), _scatter(scene, sums)]


# Where cells lie --------------------------------------------------------------------------------------------


class _Grid:
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


@dataclass
class _Layout:
    """Two grids, the one that is read in front."""

    ins: _Grid
    outs: _Grid
    size: float
    heading: str
    view: str

    def __post_init__(self) -> None:
        flat = len(self.ins.stage.shape) == 1
        top = MARGIN + 2 * LINE + 8
        if flat:
            inner = max(self.ins.width, self.outs.width)
            self.in_at, self.out_at = (float(MARGIN), float(top)), (float(MARGIN), top + self.ins.height + BELOW)
            bottom = self.out_at[1] + self.outs.height
        else:
            tall = max(self.ins.height, self.outs.height)
            inner = self.ins.width + BESIDE + self.outs.width
            self.in_at = (MARGIN, top + (tall - self.ins.height) / 2)
            self.out_at = (MARGIN + self.ins.width + BESIDE, top + (tall - self.outs.height) / 2)
            bottom = top + tall
        self.width, self.bottom, self.flat = max(inner + 2 * MARGIN, 330), bottom, flat

    def labels(self) -> list[tuple[float, float, str]]:
        """The names of the grids, and an arrow between them."""
        found = [(self.in_at[0], self.in_at[1] - 6, "input")]
        if self.flat:
            return [*found, (self.out_at[0], self.out_at[1] - 6, "output")]
        y = self.ins.height / 2 + self.in_at[1] + 8
        return [*found, (self.out_at[0], self.out_at[1] - 6, "output"), (self.out_at[0] - BESIDE / 2 - 9, y, "→")]

    def cells(self, in_states: dict[str, str], out_states: dict[str, str]) -> list[Cell]:
        """Those of the input, then those of the output."""
        return self.ins.cells(*self.in_at, in_states) + self.outs.cells(*self.out_at, out_states)

    def link(self, a: Cell, b: Cell) -> str:
        """A line from the lower edge of one cell to the upper edge of another."""
        half = (self.size - GAP) / 2
        number = svg.number
        return f"M{number(a.x + half)} {number(a.y + self.size - GAP)}L{number(b.x + half)} {number(b.y)}"

    def panel(self, cells: list[Cell], steps: list[Step], legend: list[tuple[str, str]]) -> Panel:
        """With the formula and the legend below."""
        across = int((self.width - 2 * MARGIN) / 7.6)
        for step in steps:
            step.lines = wrapped(step.formula, across, MOST_LINES)
        count = max(len(step.lines) for step in steps)
        rows = ceil(len(legend) / legend_columns(self.width))
        formula_at = self.bottom + 24
        height = formula_at + count * LINE + rows * LINE + MARGIN
        return Panel(
            self.view,
            self.heading,
            self.size,
            self.width,
            height,
            cells,
            steps,
            self.labels(),
            legend,
            formula_at,
            len(self.ins.positions),
            self.flat,
        )


def legend_columns(width: float) -> int:
    return max(1, int((width - 2 * MARGIN) // 150))


IN_STATES = {"sample": "sample", "between": "between", "outside": "outside"}
OUT_STATES = {"sample": "empty", "between": "left out", "outside": "outside"}


# Gather -----------------------------------------------------------------------------------------------------


def _gather(scene: Scene, sums: Sums) -> Panel:
    outs = Stage.of(scene.outs.planes, scene.outs.first, scene.outs.shape, (1,) * len(scene.outs.shape))
    size = _size(scene.ins, outs)
    spots = _aligned(outs, scene.ins, scene.windows) if scene.slides else None
    layout = _Layout(_Grid(scene.ins, size), _Grid(outs, size, spots), size, "gather: every output collects", "gather")
    cells = layout.cells(IN_STATES, OUT_STATES)
    for place, position in enumerate(layout.ins.positions):
        cells[place].text = _input_text(scene, sums, position)
    steps = _gather_steps(scene, sums, layout, cells)
    return layout.panel(cells, steps, _present(cells, steps, _gather_legend(scene)))


def _gather_steps(scene: Scene, sums: Sums, layout: _Layout, cells: list[Cell]) -> list[Step]:
    base, steps = len(layout.ins.positions), []
    for row, window in enumerate(scene.windows):
        out = base + layout.outs.place[layout.outs.positions[row]]
        terms = list(scene.rows[row].items())
        made = sums.outs[row] if sums.values is None else sums.shown_total(terms)
        step = Step(formula=sums.gathered(row), kept=[(out, "done", made)], now=[(out, "made", "")])
        for position, state, tap in _covered(scene, sums, row, window):
            place = layout.ins.place[position]
            step.now.append((place, state, "" if tap is None else short(tap)))
            if layout.flat and state != "covered":
                step.links += layout.link(cells[place], cells[out])
        steps.append(step)
    return steps


def _covered(scene: Scene, sums: Sums, row: int, window: Cells) -> list[tuple[Position, str, Any]]:
    """The cells of a window: those that are read, the largest of a maximum, and the others."""
    entries = scene.rows[row]
    largest = None
    if scene.is_max and sums.values is not None and entries:
        largest = max(entries, key=lambda place: (sums.values[place], -place))  # type: ignore[index]
    places = {scene.ins.at(sample): place for place, sample in enumerate(scene.ins.samples())}
    found = []
    for position, tap in window:
        place = places.get(position)
        found.append(
            (
                position,
                "largest" if place is not None and place == largest else _look(scene, entries, place, position, tap),
                tap,
            )
        )
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


def _present(cells: list[Cell], steps: list[Step], names: dict[str, str]) -> list[tuple[str, str]]:
    """The names of the states that occur."""
    present = {cell.state for cell in cells} | {state for step in steps for _, state, _ in step.now + step.kept}
    return [(state, name) for state, name in names.items() if state in present]


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
    ins = Stage.of(scene.ins.planes, scene.ins.first, scene.ins.shape, (1,) * len(scene.ins.shape))
    size = _size(ins, scene.outs)
    spots = _aligned(ins, scene.outs, scene.stamps) if scene.slides else None
    layout = _Layout(
        _Grid(ins, size, spots), _Grid(scene.outs, size), size, "scatter: every input is sent out", "scatter"
    )
    cells = layout.cells(IN_STATES, OUT_STATES)
    for place in range(len(layout.ins.positions)):
        cells[place].text = sums.input_text(place)
    steps = _scatter_steps(scene, sums, layout, cells)
    return layout.panel(cells, steps, _present(cells, steps, _scatter_legend(scene, sums)))


def _scatter_steps(scene: Scene, sums: Sums, layout: _Layout, cells: list[Cell]) -> list[Step]:
    base, steps = len(layout.ins.positions), []
    outputs = [scene.outs.at(sample) for sample in scene.outs.samples()]
    places = {position: row for row, position in enumerate(outputs)}
    received: list[list[tuple[int, Any]]] = [[] for _ in scene.rows]
    for column, stamp in enumerate(scene.stamps):
        step = Step(formula=sums.scattered(column), now=[(column, "read", "")])
        taps = dict(stamp)
        for row, weight in sums.columns[column].items():
            if not scene.is_max:
                taps[outputs[row]] = weight  # with what a boundary sends there
            received[row].append((column, weight))
        for position, tap in taps.items():
            place, at = base + layout.outs.place[position], places.get(position)
            meets = at is not None and column in scene.rows[at] and tap != 0
            step.now.append((place, "made" if meets else "lost", "" if tap is None else short(tap)))
            if at is not None and meets:
                text = str(len(received[at])) if sums.values is None else sums.shown_total(received[at])
                step.kept.append((place, "done", text))
                step.links += layout.link(cells[column], cells[place]) if layout.flat else ""
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
