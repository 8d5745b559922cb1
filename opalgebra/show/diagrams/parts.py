"""What a block diagram is made of, before anything has a place: an algebra of series, meshes and frames.

Signals flow from left to right.  Every part has input and output ports, numbered from the top; the ports of a part are
those of its channels, or a few of them where there are many (:func:`visible`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from ..notation.text import subscript

MANY = 6  # channels beyond which only the first two and the last are drawn
SHOWN = (0, 1, -1)

BOX, UP, DOWN, GAIN, TIMES, SOURCE, MORE, BUS = "box", "up", "down", "gain", "times", "source", "more", "bus"
DOT, ADDER, JOINT, END = "dot", "adder", "joint", "end"  # made by the layout, where wires meet and end

Port: TypeAlias = tuple[int, int]  # branch of a mesh, port of the branch
Ports: TypeAlias = tuple[tuple[Port, ...], ...]


def visible(count: int) -> tuple[int, ...]:
    """The channels that are drawn: all, or the first two and the last.

    >>> visible(3), visible(100)
    ((0, 1, 2), (0, 1, 99))
    """
    return tuple(range(count)) if count <= MANY else tuple(i % count for i in SHOWN)


@dataclass(frozen=True)
class Element:
    """One symbol: its kind, what is written in it, and what it stands for in full (``hint``).

    ``rows`` are the rows of a sampling matrix, which is written in two lines where there is room.
    """

    kind: str
    label: str
    ins: int = 1
    outs: int = 1
    hint: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    dots: bool = False  # whether channels between the last two ports are left out

    @classmethod
    def between(cls, kind: str, label: str, ins: int, outs: int, hint: str) -> Element:
        """A symbol between so many channels, of which some are drawn."""
        return cls(kind, label, len(visible(ins)), len(visible(outs)), hint, dots=max(ins, outs) > MANY)


@dataclass(frozen=True)
class Wires:
    """The identity: as many wires as there are ports."""

    count: int = 1

    @property
    def ins(self) -> int:
        """Input ports."""
        return self.count

    outs = ins


@dataclass(frozen=True)
class Series:
    """Parts one behind the other; the first one is at the input."""

    parts: tuple[Part, ...]

    @property
    def ins(self) -> int:
        """Input ports."""
        return self.parts[0].ins

    @property
    def outs(self) -> int:
        """Output ports."""
        return self.parts[-1].outs


@dataclass(frozen=True)
class Mesh:
    """Branches one below the other, with wires that branch before them and are added behind them.

    ``sources[i]`` are the ports of branches that input i goes to, ``sinks[i]`` those that are added to output i.  The
    branch ``gap`` stands below a ⋮, for those that are left out.
    """

    branches: tuple[Part, ...]
    sources: Ports
    sinks: Ports
    gap: int | None = None

    @property
    def ins(self) -> int:
        """Input ports."""
        return len(self.sources)

    @property
    def outs(self) -> int:
        """Output ports."""
        return len(self.sinks)

    def turned(self) -> Mesh:
        """With its wires reversed: what branched is added, what was added branches."""
        return replace(self, sources=self.sinks, sinks=self.sources)


@dataclass(frozen=True)
class Frame:
    """A part with a title around it."""

    title: str
    inner: Part

    @property
    def ins(self) -> int:
        """Input ports."""
        return self.inner.ins

    @property
    def outs(self) -> int:
        """Output ports."""
        return self.inner.outs


Part: TypeAlias = Element | Wires | Series | Mesh | Frame


class Line(NamedTuple):
    """One line of a diagram: what stands before it, and how it is drawn with room for so many symbols."""

    sign: str
    part: Callable[[int], Part]


def series(*parts: Part) -> Part:
    """Parts in series, flat; wires between other parts are left out."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Series) else (part,))]
    kept = [part for part in flat if not isinstance(part, Wires)] or flat[:1]
    return kept[0] if len(kept) == 1 else Series(tuple(kept))


def parallel(parts: list[Part], gap: int | None = None) -> Part:
    """Parts one below the other, each on ports of its own."""
    if len(parts) == 1:
        return parts[0]
    sources = tuple(((b, p),) for b, part in enumerate(parts) for p in range(part.ins))
    sinks = tuple(((b, p),) for b, part in enumerate(parts) for p in range(part.outs))
    return Mesh(tuple(parts), sources, sinks, gap)


def added(parts: list[Part], gap: int | None = None) -> Part:
    """Parts that share their inputs, and whose outputs are added port by port."""
    sources = tuple(tuple((b, p) for b in range(len(parts))) for p in range(parts[0].ins))
    sinks = tuple(tuple((b, p) for b in range(len(parts))) for p in range(parts[0].outs))
    return Mesh(tuple(parts), sources, sinks, gap)


def ended(part: Part, ins: int, outs: int, names: tuple[str, str], sizes: tuple[str, str] = ("", "")) -> Part:
    """The part with the names of its inputs and outputs, of so many channels, at its wires; sizes behind the first."""
    before = [_ends(ins, names[0], sizes[0], False)] if ins else []
    return series(*before, part, _ends(outs, names[1], sizes[1], True))


def _ends(count: int, name: str, size: str, last: bool) -> Part:
    labels = [name] if count == 1 else [name + subscript(str(i)) for i in visible(count)]
    labels[0] += f": {size}" if size else ""
    return parallel([Element(END, label, int(last), int(not last)) for label in labels], 2 if count > MANY else None)
