"""Where everything in a block diagram lies: parts with sizes become shapes with places, and wires between them.

The same layout serves drawings in points and drawings in letters, which differ by their :class:`Metrics` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from .mesh import lay_mesh
from .parts import JOINT, Element, Frame, Mesh, Part, Series, Wires
from .places import Border, Distances, Laid, Link, Metrics, Point, Shape, Wire, distances, straightened, widest


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
                return lay_mesh(self.m, part, [self.lay(branch) for branch in part.branches], ins, outs)
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
        return result.settled()

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
