"""Where everything in a block diagram lies: parts with sizes become shapes with places, and wires between them.

The same layout serves drawings in points and drawings in letters, which differ by their :class:`Metrics` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from .parts import JOINT, Element, Frame, Mesh, Part, Series, Wires

Point: TypeAlias = tuple[float, float]


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

    def size(self, element: Element) -> tuple[float, float]:
        """Width and height of a symbol with one port on either side."""
        raise NotImplementedError

    def inset(self, element: Element) -> float:
        """How far a label reaches beyond its symbol, left and right."""
        return 0

    def title(self, text: str) -> float:
        """Width of the title of a frame."""
        raise NotImplementedError

    def node(self, adder: bool) -> tuple[float, float]:
        """Width and height of an adder or a branching dot."""
        raise NotImplementedError

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
    element: Element | None = None


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


class Layout:
    """Parts → places."""

    def __init__(self, metrics: Metrics) -> None:
        self.m = metrics

    def lay(self, part: Part, ins: Distances = (), outs: Distances = ()) -> Laid:
        """A part with places; ``ins`` and ``outs`` are distances that its ports should have, or exceed."""
        match part:
            case Element():
                return self._element(part, ins, outs)
            case Wires():
                return self._wires(part, widest(ins, outs))
            case Series():
                return self._series(part, ins, outs)
            case Mesh():
                from .mesh import lay_mesh

                return lay_mesh(self, part, ins, outs)
            case Frame():
                return self._frame(part, ins, outs)

    def _ports(self, count: int, wanted: Distances, dots: bool) -> list[float]:
        """The places of ports below one another, the first at 0."""
        least = [self.m.pitch + (self.m.dots if dots and i == count - 2 else 0) for i in range(count - 1)]
        places = [0.0]
        for i in range(count - 1):
            places.append(places[-1] + max(least[i], wanted[i] if len(wanted) == count - 1 else 0))
        return places[:count]

    def _element(self, element: Element, ins: Distances, outs: Distances) -> Laid:
        width, height = self.m.size(element)
        sides = [self._ports(n, d, element.dots) for n, d in ((element.ins, ins), (element.outs, outs))]
        if len(sides[0]) == len(sides[1]) > 1:
            sides = [self._ports(len(sides[0]), widest(ins, outs), element.dots)] * 2
        tall = height + max((side[-1] for side in sides if side), default=0)
        inset = self.m.inset(element)
        shape = Shape(element.kind, inset, 0, width - 2 * inset, tall, element)
        links = []
        for side, x in zip(sides, (inset, width - inset - self.m.cell), strict=True):
            top = self.m.middle(0, tall - self.m.cell - (side[-1] if side else 0))
            links.append([Link(x, top + y, shape) for y in side])
        laid = Laid(width, tall, links[0], links[1], [shape])
        for ports, x in ((laid.ins, -self.m.gap / 2), (laid.outs, width + self.m.gap / 2)):
            if element.dots and len(ports) == 3:
                laid.dots.append((x // 1 if self.m.round else x, self.m.middle(ports[1].y, ports[2].y)))
        return laid

    def _wires(self, wires: Wires, wanted: Distances) -> Laid:
        places = self._ports(wires.count, wanted, False)
        joints = [Shape(JOINT, 0, y, 0, 0) for y in places]
        links = [Link(0, y, joint) for y, joint in zip(places, joints, strict=True)]
        return Laid(self.m.cell, places[-1] + self.m.cell, links, list(links), list(joints))

    def _frame(self, frame: Frame, ins: Distances, outs: Distances) -> Laid:
        inner = self.lay(frame.inner, ins, outs)
        width = max(inner.width + 2 * self.m.side, self.m.title(frame.title))
        inner.move(self.m.middle(0, width - inner.width), self.m.head)
        height = inner.height + self.m.head + self.m.foot
        laid = Laid(width, height, inner.ins, inner.outs, borders=[Border(frame.title, 0, 0, width, height)])
        laid.take(inner)
        return laid

    def _series(self, series: Series, ins: Distances, outs: Distances) -> Laid:
        """Neighbours get ports at the same distances, as far as they can, so that wires between them are straight."""
        parts = series.parts
        between: list[Distances] = [ins, *[()] * (len(parts) - 1), outs]
        laid: list[Laid] = []
        for _ in range(4):
            laid = [self.lay(part, between[i], between[i + 1]) for i, part in enumerate(parts)]
            wanted = [widest(distances(a.outs), distances(b.ins)) for a, b in pairwise(laid)]
            if wanted == between[1:-1]:
                break
            between = [ins, *wanted, outs]
        return self.chained(laid)

    def chained(self, laid: Sequence[Laid]) -> Laid:
        """Parts with places, put side by side and joined."""
        result = laid[0]
        for following in laid[1:]:
            following.move(0, result.outs[0].y - following.ins[0].y)
            gap = self.m.gap + self.m.lane * _lanes(
                [(a.y, b.y) for a, b in zip(result.outs, following.ins, strict=True)]
            )
            following.move(result.width + gap, 0)
            result.wires += list(self._joined(result, following))
            result.width += gap + following.width
            result.outs = following.outs
            result.take(following)
        return self.settled(result)

    def settled(self, laid: Laid) -> Laid:
        """Moved so that nothing lies above 0, with the height that it needs."""
        top, bottom = extent(laid)
        laid.move(0, -top)
        laid.height = bottom - top
        return laid

    def _joined(self, before: Laid, after: Laid) -> Iterator[Wire]:
        """Wires between neighbours; where heights differ each bends on a lane of its own, so that none cross."""
        pairs = list(zip(before.outs, after.ins, strict=True))
        down = [i for i, (a, b) in enumerate(pairs) if b.y > a.y]
        up = [i for i, (a, b) in enumerate(pairs) if b.y < a.y]
        lane = {i: n for n, i in enumerate(reversed(down))} | {i: n for n, i in enumerate(up)}
        x = before.width + self.m.gap // 2
        for i, (a, b) in enumerate(pairs):
            points: list[Point] = [(a.x, a.y)]
            if i in lane:
                bend = x + self.m.lane * lane[i]
                points += [(bend, a.y), (bend, b.y)]
            yield Wire(a.shape, b.shape, [*points, (b.x, b.y)])


def _lanes(heights: Sequence[tuple[float, float]]) -> int:
    return max(sum(b > a for a, b in heights), sum(b < a for a, b in heights))


def extent(laid: Laid) -> tuple[float, float]:
    """The uppermost and the lowest place that anything fills."""
    things: list[Shape | Border] = [*laid.shapes, *laid.borders]
    tops = [t.y for t in things] + [y for wire in laid.wires for _, y in wire.points]
    bottoms = [t.y + t.height for t in things] + [y for wire in laid.wires for _, y in wire.points]
    return min(tops), max(bottoms)


def without_joints(laid: Laid) -> Laid:
    """Wires that meet at a joint become one."""
    into = {wire.end: wire for wire in laid.wires if wire.end.kind == JOINT}
    merged: list[Wire] = []
    for wire in laid.wires:
        if wire.end.kind == JOINT:
            continue
        while wire.start.kind == JOINT:
            before = into[wire.start]
            wire = Wire(before.start, wire.end, [*before.points, *wire.points])
        wire.points = straightened(wire.points)
        merged.append(wire)
    laid.wires = merged
    laid.shapes = [shape for shape in laid.shapes if shape.kind != JOINT]
    return laid


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


def page(layout: Layout, part: Part, width: float) -> Laid:
    """A whole drawing: a series that is too wide goes on in further lines, where one wire alone passes."""
    laid = layout.lay(part)
    if laid.width > width and isinstance(part, Series):
        wrapped = _wrapped(layout, part, width)
        laid = wrapped if wrapped.width < 0.8 * laid.width else laid
    return without_joints(laid)


def _wrapped(layout: Layout, series: Series, width: float) -> Laid:
    lines: list[list[Part]] = [[]]
    room = width - 4 * layout.m.gap
    for i, part in enumerate(series.parts):
        line = lines[-1]
        inner = 1 < i < len(series.parts) - 1  # the names of the ends stay with what is beside them
        if inner and line[-1].outs == 1 == part.ins and layout.lay(Series((*line, part))).width > room:
            lines.append([])
        lines[-1].append(part)
    laid = [layout.lay(Series(tuple(line))) for line in lines]
    for row in laid[1:]:
        row.move(layout.m.gap, 0)
        row.width += layout.m.gap
    right = max(row.width for row in laid) + layout.m.gap
    result = laid[0]
    for row in laid[1:]:
        between = result.height + layout.m.row + layout.m.row // 2
        row.move(0, result.height + 3 * layout.m.row)
        out, entry = result.outs[0], row.ins[0]
        points = [(out.x, out.y), (right, out.y), (right, between), (0, between), (0, entry.y), (entry.x, entry.y)]
        result.wires.append(Wire(out.shape, entry.shape, points))
        result.height += 3 * layout.m.row + row.height
        result.outs = row.outs
        result.take(row)
    result.width = right + layout.m.cell
    return result
