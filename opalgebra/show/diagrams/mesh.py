"""Branches one below the other: where their wires branch and are added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .parts import ADDER, DOT, JOINT, Mesh, Ports
from .places import Distances, Laid, Link, Metrics, Point, Shape, Wire, widest


class Trunk(NamedTuple):
    """A wire that runs up and down: of which port, from where it is entered, and to which places."""

    port: int
    entry: float
    ends: tuple[float, ...]


def lay_mesh(m: Metrics, mesh: Mesh, branches: Sequence[Laid], ins: Distances, outs: Distances) -> Laid:
    """A mesh with places, from its branches with theirs.

    A port that goes to one branch is the port of that branch.  Any other one gets a trunk: a line up and down, from
    which the branches go off.  A dot stands where three lines meet; behind the branches an adder.
    """
    crossing = [any(_order(ports) is None for ports in (mesh.sources, mesh.sinks))]
    _stack(m, mesh, branches, _wanted(mesh, ins, outs), crossing[0])
    inside = max(branch.width for branch in branches)
    laid = Laid(inside, 0)
    shared = [any(len(ends) > 1 for ends in ports) for ports in (mesh.sources, mesh.sinks)]
    for branch in branches:  # towards the side where each has a wire of its own, so that samplers stand in a column
        free = inside - branch.width
        branch.move(m.middle(0, free) if shared[0] == shared[1] else free if shared[0] else 0, 0)
        laid.take(branch)
    if mesh.gap is not None:
        above, below = branches[mesh.gap - 1], branches[mesh.gap]
        laid.dots.append((m.middle(0, inside), m.middle(_last(above), _first(below))))
    for outgoing, ports in ((True, mesh.sinks), (False, mesh.sources)):  # the latter moves all to the right
        ends = [[(b.outs if outgoing else b.ins)[p] for b, p in ((branches[n], p) for n, p in port)] for port in ports]
        _fasten(m, laid, ends, outgoing, _order(ports))
    return laid.settled()


def _first(branch: Laid) -> float:
    return min((link.y for link in (*branch.ins, *branch.outs)), default=0)


def _last(branch: Laid) -> float:
    return max((link.y for link in (*branch.ins, *branch.outs)), default=0)


def _wanted(mesh: Mesh, ins: Distances, outs: Distances) -> Distances:
    """Distances between branches, where each has one port of its own on the side that asks."""
    asked = [
        wanted
        for wanted, ports in ((ins, mesh.sources), (outs, mesh.sinks))
        if ports == tuple(((b, 0),) for b in range(len(mesh.branches)))
    ]
    return widest(*asked, ()) if asked else ()


def _stack(m: Metrics, mesh: Mesh, branches: Sequence[Laid], wanted: Distances, crossing: bool) -> None:
    bottom, port, low = 0.0, 0.0, 0.0
    for i, branch in enumerate(branches):
        top = bottom + (m.row if i else 0) + (m.dots if i == mesh.gap else 0) + (2 * m.row if i and crossing else 0)
        first = _first(branch)
        if i:
            top = max(top, low + m.apart - first)
        if i and len(wanted) == len(branches) - 1:
            top = max(top, port + wanted[i - 1] - first)
        branch.move(0, top)
        bottom, port, low = top + branch.height, top + first, _last(branch)


def _order(ports: Ports) -> list[int] | None:
    """For every port one of its own places at which it can be entered, from top to bottom; None where none fit.

    A place is the number of the end among all of them, from the top.
    """
    places = sorted(end for ends in ports for end in ends)
    chosen: list[int] = []
    for i, ends in enumerate(ports):
        ranks = sorted(places.index(end) for end in ends)
        later = [rank for rank in ranks if not chosen or rank > chosen[-1]]
        if not later:
            return None
        ideal = i * (len(places) - 1) / max(1, len(ports) - 1)
        fits = [rank for rank in later if _feasible(ports[i + 1 :], places, rank)]
        if not fits:
            return None
        chosen.append(min(fits, key=lambda rank: (abs(rank - ideal), rank)))
    return chosen


def _feasible(ports: Ports, places: Sequence[tuple[int, int]], last: int) -> bool:
    """Whether the ports that are left can be entered below a place."""
    for ends in ports:
        later = [rank for rank in map(places.index, ends) if rank > last]
        if not later:
            return False
        last = min(later)
    return True


def _fasten(
    m: Metrics, laid: Laid, ends: Sequence[Sequence[Link]], outgoing: bool, order: Sequence[int] | None
) -> None:
    """The ports of one side of a mesh, with the trunks that lead to its branches."""
    heights = sorted(link.y for links in ends for link in links)
    entries = _entries(m, ends, heights, order)
    trunks = [
        Trunk(i, entry, tuple(sorted(link.y for link in links)))
        for i, (links, entry) in enumerate(zip(ends, entries, strict=True))
        if len(links) > 1 or entry != links[0].y
    ]
    lanes = _lanes(trunks)
    room = m.lane * max(lanes.values(), default=-1) + m.lane + m.gap if trunks else 0
    if not outgoing:
        laid.move(room, 0)
        ends = [[Link(link.x + room, link.y, link.shape) for link in links] for links in ends]
    inner = laid.width if outgoing else room
    links = [group[0] for group in ends]
    for trunk in trunks:
        at = m.gap // 2 + m.lane * lanes[trunk.port] + (m.lane // 2)
        x = inner + at if outgoing else inner - at - m.cell
        edge = inner + room - m.cell if outgoing else 0
        links[trunk.port] = _trunk(m, laid, trunk, ends[trunk.port], x, edge, outgoing)
    laid.width += room
    if outgoing:
        laid.outs = links
    else:
        laid.ins = links


def _entries(
    m: Metrics, ends: Sequence[Sequence[Link]], heights: Sequence[float], order: Sequence[int] | None
) -> list[float]:
    """The heights at which ports are entered."""
    if len(ends) == 1:
        return [m.middle(*heights) if len(heights) == 2 else heights[(len(heights) - 1) // 2]]
    if order is not None:
        return [heights[rank] for rank in order]
    slots = [m.middle(a, b) for a, b in zip(heights, [*heights[1:], heights[-1] + 2 * m.pitch], strict=True)]
    step = len(slots) / len(ends)
    return [slots[int(i * step)] for i in range(len(ends))]


def _lanes(trunks: Sequence[Trunk]) -> dict[int, int]:
    """Lanes side by side, so that trunks on one lane do not touch."""
    taken: list[float] = []
    lanes: dict[int, int] = {}
    for trunk in sorted(trunks, key=lambda t: min(t.entry, *t.ends)):
        low, high = min(trunk.entry, *trunk.ends), max(trunk.entry, *trunk.ends)
        lane = next((n for n, end in enumerate(taken) if end < low), len(taken))
        taken[lane : lane + 1] = [high]
        lanes[trunk.port] = lane
    return lanes


def _trunk(m: Metrics, laid: Laid, trunk: Trunk, ends: Sequence[Link], x: float, edge: float, outgoing: bool) -> Link:
    """The lines of one trunk, and the port at its entry."""
    by_height = {link.y: link for link in ends}
    stops = sorted({trunk.entry, *by_height})
    nodes: dict[float, Shape] = {}
    for i, y in enumerate(stops):
        if (y in by_height) + (y == trunk.entry) + (i > 0) + (i < len(stops) - 1) > 2:
            width, height = m.node(outgoing)
            nodes[y] = Shape(ADDER if outgoing else DOT, x - width // 2 if m.cell else x - width / 2,
                             y if m.cell else y - height / 2, width, height)  # fmt: skip
    laid.shapes += nodes.values()
    entry = Link(x, trunk.entry, nodes[trunk.entry]) if trunk.entry in nodes else Link(
        edge, trunk.entry, Shape(JOINT, edge, trunk.entry, 0, 0)
    )  # fmt: skip
    if trunk.entry not in nodes:
        laid.shapes.append(entry.shape)
    for start, end, points in _lines(stops, by_height, nodes, entry, x):
        laid.wires.append(Wire(end, start, points[::-1]) if outgoing else Wire(start, end, points))
    return entry


def _lines(
    stops: Sequence[float], ends: dict[float, Link], nodes: dict[float, Shape], entry: Link, x: float
) -> list[tuple[Shape, Shape, list[Point]]]:
    """The lines from the entry outwards: to the branches beside a node, and on to the next node or corner."""
    lines: list[tuple[Shape, Shape, list[Point]]] = []
    at = stops.index(entry.y)
    for y, shape in nodes.items():
        if y in ends:
            lines.append((shape, ends[y].shape, [(x, y), (ends[y].x, y)]))
    for run in (stops[at::-1], stops[at:]):
        last, points = entry.shape, [(entry.x, entry.y), (x, entry.y)]
        for y in run[1:]:
            points.append((x, y))
            if y in nodes:
                lines.append((last, nodes[y], points))
                last, points = nodes[y], [(x, y)]
            else:
                lines.append((last, ends[y].shape, [*points, (ends[y].x, y)]))
    return lines
