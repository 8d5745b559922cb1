"""Expressions as parts of a block diagram.

An expression acts from right to left and a diagram flows from left to right, so that the last factor is drawn first.
A transpose is drawn by transposing the graph: every arrow is reversed, ↑ and ↓ change places, what branched is added,
and kernels are reversed.  The result is the mirror image of the diagram of the operator itself.

What has more symbols than there is room for is summarised: the largest parts become boxes that say how many operators
they hold, so that small parts beside them are still drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatchmethod
from typing import Any, NamedTuple

from ...errors import OperandError
from ...expr import LinearOperator
from ...expr.blocks import Block
from ...expr.characters import Character
from ...expr.factors import axes, is_symbolic, ratio
from ...expr.grid import channel_counts
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.named import Named
from ...expr.node import Node, remembered
from ...expr.operators import Adjoint, Compose, Conj, Identity, Power, Scale, Sum, Transpose, Zero
from ...expr.sampling import SamplingMatrix
from ...expr.signals import Applied, Signal, SignalExpr, SignalSum
from ...expr.sums import IndexedSignalSum, IndexedSum, substitute
from ...scalar import conjugate
from ..notation.numbers import is_minus_one, takes_minus
from ..notation.text import brief_text, exponent_text, exponential_text, index_text, number_text, subscript
from .parts import (
    BOX,
    DOWN,
    GAIN,
    MANY,
    MORE,
    SOURCE,
    TIMES,
    UP,
    Element,
    Frame,
    Mesh,
    Part,
    Wires,
    added,
    parallel,
    series,
    visible,
)

LABEL = 16  # characters of a label beyond which it is cut, or a kernel summarised
TAPS = 8  # samples of a kernel that are written out, where they fit
BRANCHES = 9  # branches of a mesh that are drawn one by one
FEWEST = 4  # symbols for which a part is drawn that does not fit
COPIES = 4  # of the operator of a power that are drawn
LEVELS = 24  # parts inside one another that are drawn
OPENED = 4096  # samples that one sample of a named operator may stand for, to be written out


class Turn(NamedTuple):
    """Whether an operator stands transposed, and whether conjugated."""

    transposed: bool = False
    conjugated: bool = False

    def then(self, transposed: bool, conjugated: bool) -> Turn:
        """Both turns, one after the other."""
        return Turn(self.transposed != transposed, self.conjugated != conjugated)

    def of(self, operator: LinearOperator) -> LinearOperator:
        """The operator, turned."""
        kinds: dict[Turn, Any] = {Turn(True, False): Transpose, Turn(True, True): Adjoint, Turn(False, True): Conj}
        return kinds[self](operator) if self in kinds else operator


class Room(NamedTuple):
    """How many symbols there is room for, how many names may be opened below one another, and how deep this is."""

    symbols: int
    names: int
    channels: int = 1
    level: int = 0

    def inside(self, symbols: int, channels: int | None = None) -> Room:
        """The room of a part of this one."""
        return Room(symbols, self.names, self.channels if channels is None else channels, self.level + 1)


def drawn(node: Node) -> int:
    """How many symbols a node has when nothing is summarised and no name opened.

    >>> import opalgebra as oa
    >>> drawn(oa.Down(2) @ oa.Conv([1, 2]) @ oa.Up(2) + 3 * oa.Flip())
    5
    """
    return int(remembered(node, "_drawn", _drawn_of, _inner))


def _inner(node: Node) -> Sequence[Node]:
    """The nodes that are drawn inside of one."""
    match node:
        case Block():
            return [entry for row in node.rows for entry in row if not isinstance(entry, Zero)]
        case IndexedSum() | IndexedSignalSum():
            return [node.body]
        case Compose() | Sum() | SignalSum() | Scale() | Power() | Transpose() | Adjoint() | Conj() | Applied():
            return node.children()
    return []


def _drawn_of(node: Node) -> int:
    total = sum(inner.__dict__["_drawn"] for inner in _inner(node)) or 1
    if isinstance(node, Power) and 0 < node.exponent <= COPIES:
        return total * node.exponent
    return total * 2 if isinstance(node, IndexedSum | IndexedSignalSum) else total + isinstance(node, Scale)


def shares(sizes: Sequence[int], room: int) -> list[int]:
    """Room for parts of these sizes: what is small gets what it needs, and the largest share what is left.

    No part gets fewer than it takes to show something of it, but 1 for a box that stands for it.  What nobody needs is
    left over for names to be opened, and every part may have it.

    >>> shares([1, 50, 3, 20], 24), shares([4, 5, 5, 4], 12), shares([1, 2], 5)
    ([1, 10, 3, 10], [6, 3, 3, 6], [3, 4])
    """
    given = [0] * len(sizes)
    left = room
    order = sorted(range(len(sizes)), key=lambda i: (sizes[i], i))
    for rank, i in enumerate(order):
        others = len(sizes) - rank - 1
        least = min(sizes[i], FEWEST)
        found = min(sizes[i], left // (others + 1))
        if found < least:
            found = least if least <= left - others else 1
        given[i] = max(1, found)
        left -= given[i]
    return [share + max(0, left) for share in given]


def clipped(label: str, most: int = LABEL) -> str:
    """A label that is cut where it is too long."""
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"


def more(count: int, ins: int = 1, outs: int = 1, hint: str = "") -> Element:
    """A box for operators that are not drawn."""
    return Element.between(MORE, f"… {count} operator{'s' * (count != 1)}", ins, outs, hint)


def no_signal(ins: int, outs: int) -> Element:
    """The zero operator between so many channels."""
    return Element.between(BOX, "0", ins, outs, "0")


def kernel_label(kernel: SignalExpr, unit: str = "taps") -> str:
    """The name of a kernel, its few taps, or how many it has."""
    if isinstance(kernel, Signal):
        size = "×".join(map(str, kernel.values.shape)) + " " + (unit if kernel.values.size != 1 else unit[:-1])
        written = brief_text(kernel) if 0 < kernel.values.size <= TAPS else size
        return written if len(written) <= LABEL else size
    return clipped(brief_text(kernel))


def delay_label(shift: Any) -> str:
    """z^{−s}; on several axes one z for each."""
    entries = axes(shift)
    if len(entries) == 1:
        return _power("z", -entries[0])
    moved = [_power("z" + index_subscript(i), -s) for i, s in enumerate(entries) if s != 0]
    return clipped(" ".join(moved)) if moved else "z" + exponent_text(0)


def index_subscript(i: int) -> str:
    """The subscript of an axis or channel."""
    return subscript(str(i))


def _power(letter: str, exponent: Any) -> str:
    return letter if exponent == 1 else clipped(letter + exponent_text(exponent))


class Drawer:
    """Expression → part, by kind of node."""

    def draw(self, node: Node, turn: Turn, room: Room) -> Part:
        """The part for a node; summarised where it does not fit."""
        while isinstance(node, Transpose | Adjoint | Conj):
            turn = turn.then(isinstance(node, Transpose | Adjoint), isinstance(node, Adjoint | Conj))
            node = node.operator
        if room.level > LEVELS or (drawn(node) > room.symbols and room.symbols < FEWEST):
            ins, outs = self._counts(node, turn, room)
            return more(drawn(node), ins, outs, brief_text(node))
        return self.emit(node, turn, room)

    def _counts(self, node: Node, turn: Turn, room: Room) -> tuple[int, int]:
        """Channels in and out, as they are drawn."""
        if not isinstance(node, LinearOperator):
            return 0, 1
        outs, ins = node.channels or (room.channels, room.channels)
        return (outs, ins) if turn.transposed else (ins, outs)

    def _element(self, kind: str, label: str, node: Node, turn: Turn, room: Room) -> Element:
        """One symbol with the ports of its node."""
        ins, outs = self._counts(node, turn, room)
        hint = brief_text(turn.of(node) if isinstance(node, LinearOperator) else node)
        return Element.between(kind, label, ins, outs, hint)

    def _each(self, make: Callable[[], Part], count: int) -> Part:
        """The same on every channel."""
        return parallel([make() for _ in visible(count)], 2 if count > MANY else None)

    @singledispatchmethod
    def emit(self, node: Node, turn: Turn, room: Room) -> Part:
        """The part for a node that fits."""
        raise OperandError(
            f"a {type(node).__name__} has no symbol in block diagrams; register one in opalgebra.show.diagrams"
        )

    @emit.register
    def _identity(self, node: Identity, turn: Turn, room: Room) -> Part:
        return Wires(len(visible(room.channels)))

    @emit.register
    def _zero(self, node: Zero, turn: Turn, room: Room) -> Part:
        return self._element(BOX, "0", node, turn, room)

    @emit.register
    def _box(self, node: LinearOperator, turn: Turn, room: Room) -> Part:
        """A formal operator, and whatever has no symbol of its own."""
        return self._element(BOX, clipped(brief_text(turn.of(node))), node, turn, room)

    @emit.register
    def _conv(self, node: Conv, turn: Turn, room: Room) -> Part:
        kernel = node.kernel.conj() if turn.conjugated else node.kernel
        if turn.transposed and not (isinstance(kernel, Signal) and kernel.values.size > TAPS):
            kernel = Flip() @ kernel
        return self._element(BOX, kernel_label(kernel), node, turn, room)

    @emit.register(Up)
    @emit.register(Down)
    def _sampling(self, node: Up | Down, turn: Turn, room: Room) -> Part:
        kind = UP if isinstance(node, Up) != turn.transposed else DOWN
        arrow = "↑" if kind == UP else "↓"
        label = arrow + clipped(index_text(node.factor), 2 * LABEL)
        rows: tuple[tuple[str, ...], ...] = ()
        if isinstance(node.factor, SamplingMatrix):
            rows = tuple(tuple(map(index_text, row)) for row in node.factor.rows)
        return Element(kind, label, hint=brief_text(turn.of(node)), rows=rows)

    @emit.register
    def _shift(self, node: Shift, turn: Turn, room: Room) -> Part:
        shift = tuple(-s for s in axes(node.shift)) if turn.transposed else node.shift
        return self._element(BOX, delay_label(shift), node, turn, room)

    @emit.register
    def _flip(self, node: Flip, turn: Turn, room: Room) -> Part:
        return self._element(BOX, "n → −n", node, turn, room)

    @emit.register
    def _modulate(self, node: Modulate, turn: Turn, room: Room) -> Part:
        sequence = node.sequence.conj() if turn.conjugated else node.sequence
        return self._element(TIMES, kernel_label(sequence, "samples"), node, turn, room)

    @emit.register
    def _character(self, node: Character, turn: Turn, room: Room) -> Part:
        frequencies = tuple(-w for w in axes(node.frequency)) if turn.conjugated else axes(node.frequency)
        label = exponential_text(Character(frequencies).frequency)
        return self._element(TIMES, clipped(label, 2 * LABEL), node, turn, room)

    @emit.register
    def _scale(self, node: Scale, turn: Turn, room: Room) -> Part:
        ins, outs = self._counts(node, turn, room)
        while is_minus_one(node.scalar) and isinstance(node.operator, Scale) and takes_minus(node.operator.scalar):
            node = Scale(-node.operator.scalar, node.operator.operator)  # −(2 A) is written −2 A
        scalar = conjugate(node.scalar) if turn.conjugated else node.scalar
        gain = Element(GAIN, clipped(number_text(scalar)), hint=number_text(scalar))
        gains = self._each(lambda: gain, ins if turn.transposed else outs)
        inner = self.draw(node.operator, turn, room.inside(room.symbols - 1, outs))
        return series(gains, inner) if turn.transposed else series(inner, gains)

    @emit.register
    def _power_of(self, node: Power, turn: Turn, room: Room) -> Part:
        if node.exponent == 0:
            return Wires(len(visible((node.channels or (room.channels,))[0])))
        inner = self.draw(node.operator, turn, room.inside(room.symbols))
        if node.exponent <= COPIES and drawn(node) <= room.symbols:
            return series(*[inner] * node.exponent)
        return Frame(f"{number_text(node.exponent)} times in series", inner)

    @emit.register
    def _compose(self, node: Compose, turn: Turn, room: Room) -> Part:
        factors = node.factors
        sizes = [room.channels] * len(factors) if node.channels is None else channel_counts(factors)
        order = range(len(factors)) if turn.transposed else range(len(factors) - 1, -1, -1)
        ordered = [(factors[i], sizes[i]) for i in order]
        most = max(2, min(room.symbols, 24))
        if len(ordered) <= most:
            return self._in_series(ordered, turn, room)
        head, tail = ((most - 1) // 2, most // 2)[:: -1 if turn.transposed else 1]
        middle = ordered[head : len(ordered) - tail]
        ends = (middle[0][0], middle[-1][0])
        ins = self._counts(ends[0], turn, room.inside(1, middle[0][1]))[0]
        outs = self._counts(ends[1], turn, room.inside(1, middle[-1][1]))[1]
        left = room._replace(symbols=room.symbols // 2)
        first = [self._in_series(ordered[:head], turn, left)] if head else []
        last = self._in_series(ordered[len(ordered) - tail :], turn, left)
        return series(*first, more(sum(drawn(factor) for factor, _ in middle), ins, outs), last)

    def _in_series(self, ordered: Sequence[tuple[LinearOperator, int]], turn: Turn, room: Room) -> Part:
        way = -1 if turn.transposed else 1  # the same for a transpose, so that it is the mirror image when summarised
        given = shares([drawn(factor) for factor, _ in ordered[::way]], room.symbols)[::way]
        return series(
            *(self.draw(factor, turn, room.inside(share, n)) for (factor, n), share in zip(ordered, given, strict=True))
        )

    @emit.register(Sum)
    @emit.register(SignalSum)
    def _sum(self, node: Sum | SignalSum, turn: Turn, room: Room) -> Part:
        ins, outs = self._counts(node, turn, room)
        terms: list[Any] = list(node.terms)
        most = max(2, min(BRANCHES, room.symbols))
        rest = terms[most - 2 : -1] if len(terms) > most else []
        kept = [*terms[: most - 2], terms[-1]] if rest else terms
        given = shares([drawn(term) for term in kept], room.symbols)
        branches = [
            Element.between(BOX, "0", ins, outs, "0")
            if isinstance(term, Zero)
            else self.draw(term, turn, room.inside(share, outs))
            for term, share in zip(kept, given, strict=True)
        ]
        if rest:
            branches.insert(-1, more(sum(map(drawn, rest)), ins, outs))
        return added(branches)

    @emit.register(IndexedSum)
    @emit.register(IndexedSignalSum)
    def _indexed(self, node: IndexedSum | IndexedSignalSum, turn: Turn, room: Room) -> Part:
        stop, index = node.stop, node.index
        known = not is_symbolic(stop)
        values = list(range(stop)) if known and stop <= 3 else [0, stop - 1]
        share = max(1, room.symbols // len(values))
        branches = [
            self.draw(substitute(node.body, {index: value}), turn, room.inside(share)) for value in values
        ] if drawn(node.body) <= share else [self.draw(node.body, turn, room.inside(share))]  # fmt: skip
        title = f"{index_text(index)} = 0 … {index_text(stop - 1)}"
        if len(branches) == 1:
            return Frame(f"sum over {title}", branches[0])
        return Frame(title, added(branches, gap=None if known and stop == len(branches) else 1))

    @emit.register
    def _block(self, node: Block, turn: Turn, room: Room) -> Part:
        entries = _entries(node)
        ins, outs = self._counts(node, turn, room)
        if entries is None or len(entries) > BRANCHES or max(drawn(node), FEWEST) > max(room.symbols, FEWEST):
            return more(drawn(node), ins, outs, brief_text(node))
        zeros = sum(isinstance(node.rows[i][j], Zero) for i, j in entries)  # not counted as operators
        given = shares([drawn(node.rows[i][j]) for i, j in entries], room.symbols + zeros)
        branches = tuple(
            self.draw(node.rows[i][j], turn, room.inside(share, max(node.heights[i], 1)))
            if not isinstance(node.rows[i][j], Zero)
            else no_signal(*(node.widths[j], node.heights[i])[:: -1 if turn.transposed else 1])
            for (i, j), share in zip(entries, given, strict=True)
        )
        mesh = _wired(node, entries, branches)
        return mesh.turned() if turn.transposed else mesh

    @emit.register
    def _named(self, node: Named, turn: Turn, room: Room) -> Part:
        title = brief_text(turn.of(node))
        size = ratio(node.factor) if hasattr(node, "factor") else 1
        if (
            room.names > 0
            and (is_symbolic(size) or size <= OPENED)
            and drawn(node.meaning) <= max(room.symbols, FEWEST)
        ):
            opened = Room(max(room.symbols, FEWEST), room.names - 1, room.channels, room.level + 1)
            return Frame(clipped(title, 3 * LABEL), self.draw(node.meaning, turn, opened))
        return self._element(BOX, clipped(title, 2 * LABEL), node, turn, room)

    @emit.register
    def _applied(self, node: Applied, turn: Turn, room: Room) -> Part:
        operator, signal = node.operator, node.signal
        given = shares([drawn(signal), drawn(operator)], room.symbols)
        return series(
            self.draw(signal, turn, room.inside(given[0])), self.draw(operator, turn, room.inside(given[1], 1))
        )

    @emit.register
    def _signal(self, node: SignalExpr, turn: Turn, room: Room) -> Part:
        return Element(SOURCE, kernel_label(node, "samples"), 0, 1, brief_text(node))


def _entries(node: Block) -> list[tuple[int, int]] | None:
    """The places of a block that are drawn, row by row; None where a drawing of a few would not tell which."""
    rows, columns = len(node.rows), len(node.rows[0])
    found = {(i, j) for i in range(rows) for j in range(columns) if not isinstance(node.rows[i][j], Zero)}
    found |= {(i, 0) for i in range(rows) if not any(a == i for a, _ in found)}
    found |= {(0, j) for j in range(columns) if not any(b == j for _, b in found)}
    if max(rows, columns) > MANY:
        single = set(node.heights) == set(node.widths) == {1}
        regular = 1 in (rows, columns) or (rows == columns and all(i == j for i, j in found))
        if not (single and regular):
            return None
        return sorted((i, j) for i, j in found if i in visible(rows) and j in visible(columns))
    few = sum(node.heights) <= MANY and sum(node.widths) <= MANY
    return sorted(found) if few else None


def _wired(node: Block, entries: Sequence[tuple[int, int]], branches: tuple[Part, ...]) -> Mesh:
    """The entries of a block that are drawn, with the wires from its inputs and those that are added to its outputs."""
    columns, rows = visible(len(node.rows[0])), visible(len(node.rows))
    sources, sinks = (
        tuple(
            tuple((b, p) for b, place in enumerate(entries) if place[axis] == line)
            for line in lines
            for p in range(channels[line])
        )
        for axis, lines, channels in ((1, columns, node.widths), (0, rows, node.heights))
    )
    return Mesh(branches, sources, sinks, gap=2 if max(len(node.rows), len(node.rows[0])) > MANY else None)
