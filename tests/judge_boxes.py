"""Windows for the judge: which outputs an operator can reach, by interval arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from .judge_lattice import Rows, around

Index = tuple[int, ...]
Box = tuple[tuple[int, int], ...]  # inclusive (low, high) per axis
Boxes = list[Box]


def boxes_around(indices: Iterable[Index]) -> Boxes:
    """Boxes that hold the indices: the runs of neighbours on one axis, one box on several."""
    indices = list(indices)
    if indices and len(indices[0]) == 1:
        return merged([((n, n),) for (n,) in indices])
    columns = list(zip(*indices, strict=True))
    return [tuple((min(column), max(column)) for column in columns)] if columns else []


def merged(boxes: Boxes) -> Boxes:
    """The same indices in fewer boxes: on one axis, touching intervals are joined."""
    if len(boxes) < 2 or len(boxes[0]) > 1:
        return list(dict.fromkeys(boxes))
    found: list[tuple[int, int]] = []
    for ((low, high),) in sorted(boxes):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return [(interval,) for interval in found]


def cells(boxes: Boxes) -> set[Index]:
    """The indices in the boxes."""
    return {at for box in boxes for at in product(*[range(low, high + 1) for low, high in box])}


Step = tuple[str, Any]  # ("add", boxes) | ("mul", factors) | ("div", factors) | ("neg", None)
INVERSE = {"mul": "div", "div": "mul", "neg": "neg"}


def move(boxes: Boxes, step: Step, forward: bool) -> Boxes:
    """Where a step takes the boxes; backwards, where it may come from."""
    kind, value = step
    if kind == "add":
        moved = [_offset(box, by, forward) for box in boxes for by in value]
    else:
        moved = [_rescaled(box, kind if forward else INVERSE[kind], value) for box in boxes]
    return merged([box for box in moved if all(low <= high for low, high in box)])


def _offset(box: Box, by: Box, forward: bool) -> Box:
    if forward:
        return tuple((low + a, high + b) for (low, high), (a, b) in zip(box, by, strict=True))
    return tuple((low - b, high - a) for (low, high), (a, b) in zip(box, by, strict=True))


def _rescaled(box: Box, kind: str, value: Any) -> Box:
    if isinstance(value, Rows):
        return around(value, box, kind == "mul")
    if kind == "neg":
        return tuple((-high, -low) for low, high in box)
    if kind == "mul":
        return tuple((low * k, high * k) for (low, high), k in zip(box, value, strict=True))
    return tuple((-(-low // k), high // k) for (low, high), k in zip(box, value, strict=True))
