"""What the tests of block diagrams share: drawings read back as signal-flow graphs, and their geometry."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

from opalgebra.show.diagrams.diagram import Diagram
from opalgebra.show.diagrams.places import Laid, Shape

Sequence = dict[int, Any]  # samples by index, zero elsewhere
MINUS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉₋−", "0123456789-0123456789--")


def shifted(x: Sequence, s: int) -> Sequence:
    return {n + s: v for n, v in x.items()}


def added(*terms: Sequence) -> Sequence:
    total: Sequence = {}
    for term in terms:
        for n, v in term.items():
            total[n] = total.get(n, 0) + v
    return {n: v for n, v in total.items() if v}


def written(label: str) -> tuple[list[int], int]:
    """The samples and the start that are written in a box: (1 2 1)₋₁."""
    samples, start = re.fullmatch(r"\((.*)\)([₋₀-₉]*)", label).groups()
    return [int(sample.translate(MINUS)) for sample in samples.split()], int(start.translate(MINUS) or 0)


def convolved(x: Sequence, label: str) -> Sequence:
    values, first = written(label)
    return added(*({n + first + d: v * t for n, v in x.items()} for d, t in enumerate(values)))


def passed(kind: str, label: str, x: Sequence) -> Sequence:
    """What a symbol makes of its input, by what is written in it and nothing else."""
    if kind == "up":
        return {int(label[1:]) * n: v for n, v in x.items()}
    if kind == "down":
        return {n // int(label[1:]): v for n, v in x.items() if n % int(label[1:]) == 0}
    if kind == "gain":
        factor = Fraction(label.translate(MINUS))
        return {n: factor * v for n, v in x.items()}
    if kind == "times":
        values, first = written(label)
        return added({n: v * values[(n - first) % len(values)] for n, v in x.items()})
    if label == "0":
        return {}
    if label == "n → −n":
        return {-n: v for n, v in x.items()}
    if label.startswith("z"):
        return shifted(x, -int(label[1:].translate(MINUS) or 1))
    return convolved(x, label)


def run(laid: Laid, inputs: list[Sequence]) -> list[Sequence]:
    """The outputs of a drawing, read from its shapes and wires alone."""
    into: dict[int, list[Shape]] = {}
    for wire in laid.wires:
        into.setdefault(id(wire.end), []).append(wire.start)
    ends = [shape for shape in laid.shapes if shape.kind == "end"]
    sources = sorted((s for s in ends if id(s) not in into), key=lambda s: s.y)
    sinks = sorted((s for s in ends if id(s) in into), key=lambda s: s.y)
    known = {id(shape): x for shape, x in zip(sources, inputs, strict=True)}

    def value(shape: Shape) -> Sequence:
        if id(shape) not in known:
            before = [value(start) for start in into[id(shape)]]
            if shape.kind == "adder":
                known[id(shape)] = added(*before)
            elif shape.element is not None and shape.element.label == "0":
                known[id(shape)] = {}
            else:
                assert len(before) == 1, "only adders take several wires"
                x = before[0]
                plain = shape.kind in ("dot", "end")
                known[id(shape)] = x if plain else passed(shape.kind, shape.element.label, x)
        return known[id(shape)]

    return [value(sink) for sink in sinks]


def check_geometry(drawing: Diagram) -> None:
    """No shapes overlap, wires end at shapes, run through no others and do not run along one another."""
    for laid in drawing.laid:
        _shapes_apart(laid)
        for wire in laid.wires:
            for point, shape in ((wire.points[0], wire.start), (wire.points[-1], wire.end)):
                assert _within(shape, point, 0.01), (shape, point)
            assert all(x0 == x1 or y0 == y1 for (x0, y0), (x1, y1) in pairwise(wire.points)), wire.points
        _wires_apart(laid)
        for shape in (*laid.shapes, *laid.borders):
            assert -0.01 <= shape.y <= shape.y + shape.height <= laid.height + 0.01
            assert -0.01 <= shape.x <= shape.x + shape.width <= laid.width + 0.01


def _within(shape: Any, point: tuple[float, float], margin: float) -> bool:
    x, y = point
    inside = shape.x - margin <= x <= shape.x + shape.width + margin
    return inside and shape.y - margin <= y <= shape.y + shape.height + margin


def _shapes_apart(laid: Laid) -> None:
    shapes = sorted(laid.shapes, key=lambda s: s.x)
    for i, a in enumerate(shapes):
        for b in shapes[i + 1 :]:
            if b.x >= a.x + a.width:
                break
            assert b.y >= a.y + a.height or a.y >= b.y + b.height, (a, b)


def _wires_apart(laid: Laid) -> None:
    runs = [
        (wire, (min(p[0], q[0]), min(p[1], q[1]), max(p[0], q[0]), max(p[1], q[1])))
        for wire in laid.wires
        for p, q in pairwise(wire.points)
    ]
    for i, (a, (ax, ay, bx, by)) in enumerate(runs):
        for shape in laid.shapes:
            if shape not in (a.start, a.end):
                cross_x = min(bx, shape.x + shape.width) - max(ax, shape.x)
                cross_y = min(by, shape.y + shape.height) - max(ay, shape.y)
                assert cross_x <= 0.01 or cross_y <= -0.01 or (cross_x <= 0.01 < cross_y), (shape, a.points)
        for b, (cx, cy, dx, dy) in runs[i + 1 :]:
            if b is a:
                continue
            if ay == by == cy == dy:
                assert min(bx, dx) - max(ax, cx) <= 0.01, (a.points, b.points)
            if ax == bx == cx == dx:
                assert min(by, dy) - max(ay, cy) <= 0.01, (a.points, b.points)
