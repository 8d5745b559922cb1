"""The names at the ends of the wires."""

from __future__ import annotations

from ..notation.text import subscript
from .parts import END, MANY, Element, Part, parallel, series, visible


def ended(part: Part, ins: int, outs: int, names: tuple[str, str], sizes: tuple[str, str] = ("", "")) -> Part:
    """The part with the names of its inputs and outputs, of so many channels, at its wires; sizes behind the first."""
    before = [_ends(ins, names[0], sizes[0], False)] if ins else []
    return series(*before, part, _ends(outs, names[1], sizes[1], True))


def _ends(count: int, name: str, size: str, last: bool) -> Part:
    labels = [name] if count == 1 else [name + subscript(str(i)) for i in visible(count)]
    labels[0] += f": {size}" if size else ""
    return parallel([Element(END, label, int(last), int(not last)) for label in labels], 2 if count > MANY else None)
