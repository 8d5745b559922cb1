"""Places: symbols, frames and wires of a block diagram where they lie, and the measures by which they are laid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from .parts import Element

Point: TypeAlias = tuple[float, float]
NOTHING = Element("", "")  # stands in dots, adders and joints


class Metrics:
    """Sizes in a unit of length; ``cell`` is 1 where places are cells that a shape fills, 0 where they are points."""

    cell: int
    gap: float  # between parts in series, room for an arrow
    lane: float  # between wires that run up and down
    row: float  # between branches
    apart: float  # between the ports of neighbouring branches, so that an adder fits between
    pitch: float  # between ports
    dots: float  # for a ⋮
    side: float  # between a frame and what is in it, left and right
    head: float  # above: its title
    foot: float  # below
    round: bool  # whether places are whole numbers
    size: Callable[[Element], tuple[float, float]]  # width and height of a symbol with one port on either side
    title: Callable[[str], float]  # width of the title of a frame
    node: Callable[[bool], tuple[float, float]]  # width and height of an adder, or of a branching dot

    def inset(self, element: Element) -> float:
        """How far a label reaches beyond its symbol, left and right."""
        return 0

    def middle(self, a: float, b: float) -> float:
        """Half-way between two places."""
        return (a + b) // 2 if self.round else (a + b) / 2


@dataclass(eq=False)
class Shape:
    """A symbol and its place."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    element: Element = NOTHING


@dataclass(eq=False)
class Border:
    """The frame around a part."""

    title: str
    x: float
    y: float
    width: float
    height: float


@dataclass(eq=False)
class Wire:
    """A line from one shape to another, straight between its points, along the axes."""

    start: Shape
    end: Shape
    points: list[Point]


class Link(NamedTuple):
    """Where a wire can be fastened."""

    x: float
    y: float
    shape: Shape


@dataclass(eq=False)
class Laid:
    """A part with places: its upper left corner is (0, 0) until it is moved."""

    width: float
    height: float
    ins: list[Link] = field(default_factory=list)
    outs: list[Link] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    borders: list[Border] = field(default_factory=list)
    dots: list[Point] = field(default_factory=list)  # the places of ⋮

    def move(self, dx: float, dy: float) -> Laid:
        """The same elsewhere."""
        things: list[Shape | Border] = [*self.shapes, *self.borders]
        for thing in things:
            thing.x, thing.y = thing.x + dx, thing.y + dy
        for wire in self.wires:
            wire.points = [(x + dx, y + dy) for x, y in wire.points]
        self.dots = [(x + dx, y + dy) for x, y in self.dots]
        self.ins, self.outs = (
            [Link(x + dx, y + dy, shape) for x, y, shape in links] for links in (self.ins, self.outs)
        )
        return self

    def settled(self) -> Laid:
        """Moved so that nothing lies above 0, with the height that it needs."""
        things: list[Shape | Border] = [*self.shapes, *self.borders]
        bends = [y for wire in self.wires for _, y in wire.points]
        top = min([thing.y for thing in things] + bends)
        self.height = max([thing.y + thing.height for thing in things] + bends) - top
        return self.move(0, -top)

    def take(self, other: Laid) -> None:
        """What is in another one as well."""
        self.shapes += other.shapes
        self.wires += other.wires
        self.borders += other.borders
        self.dots += other.dots


Distances: TypeAlias = tuple[float, ...]  # the least ones between neighbouring ports


def distances(links: Sequence[Link]) -> Distances:
    """Between neighbouring ports."""
    return tuple(b.y - a.y for a, b in pairwise(links))


def widest(*given: Distances) -> Distances:
    """The larger one of each; those of another number of ports are left out."""
    count = max(map(len, given))
    return tuple(max(column) for column in zip(*(d for d in given if len(d) == count), strict=True))


def straightened(points: Sequence[Point]) -> list[Point]:
    """The points at which a line turns, and its ends."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept.pop()
        kept.append(point)
    return kept if len(kept) > 1 else [points[0], points[-1]]
