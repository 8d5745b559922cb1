"""Operators on arrays, and layers, as parts of a block diagram.

What the windows do is written at the ends of the wires, or where operators are combined in the titles of frames.  Many
channels of a layer are one wire with a stroke through it and their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ...bound.operators.between import shown_rules
from ...bound.operators.combine import Product, Scaled, Total, Turned
from ...bound.operators.windowed import Windowed
from ...bound.sizes.sized import Sized
from ...expr import LinearOperator, is_block
from ...nn.chain import BoundChain, Chain
from ...nn.conv import Convolution, ConvTranspose
from ...nn.filter_layer import BoundLayer
from ...nn.layer import BatchedMap, Layer
from ...nn.pool import AvgPool, BoundMaxPool, MaxPool
from ...nn.resize import Upsample
from ...nn.sparse import Batched
from ...scalar import conjugate, is_sympy
from ..notation.text import index_text, number_text
from .expressions import Drawer, Room, Turn, clipped, shares
from .parts import BOX, BUS, DOWN, GAIN, MANY, UP, Element, Frame, Part, added, ended, parallel, series

BARE = 60  # characters of the name of a layer that has no drawing of its own
TITLE = 60


def of_arrays(thing: Any, symbols: int, names: int) -> Part:
    """The part of a bound operator, a map or a layer, between its ends."""
    room = Room(symbols, names)
    if isinstance(thing, Layer):
        return ended(_layer(thing, room), 1, 1, ("x", "y"))
    inner, before, after = _bound(thing, Turn(), room, True)
    ins, outs = (shape[0] if n > 1 else 1 for shape, n in ((thing.dims, inner.ins), (thing.dimsd, inner.outs)))
    return ended(inner, ins, outs, ("x", "y"), (before, after))


def _sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if shape else "1"


def _bound(thing: Any, turn: Turn, room: Room, whole: bool = False) -> tuple[Part, str, str]:
    """The part of an operator on arrays, and what is written at its input and its output."""
    if isinstance(thing, Turned):
        return _bound(thing.operator, turn.then(thing.transposed, thing.conjugated), room, whole)
    part = _part(thing, turn, room, whole)
    before, after = _window(thing)
    return (part, after, before) if turn.transposed else (part, before, after)


def _window(thing: Any) -> tuple[str, str]:
    """The windows of input and output, with the boundary and the mode."""
    match thing:
        case Product():
            return _ends(thing.factors[-1])[0], _ends(thing.factors[0])[1]
        case Windowed() | Sized():
            rules = "".join(f", {rule}" for rule in shown_rules(thing.boundary))
            return _sizes(thing.in_window.shape) + rules, _outputs(thing) + (f", {thing.mode}" if thing.mode else "")
    return _sizes(thing.dims), _sizes(thing.dimsd)


def _outputs(thing: Windowed | Sized) -> str:
    """A window that starts at 0 by its shape, another one by its ends: those that were given for it, if any were."""
    window, given = thing.out_window, thing.out if isinstance(thing, Sized) else None
    ends = given or tuple(zip(window.starts, window.stops, strict=True))
    if all(start == 0 for start, _ in ends):
        return _sizes(tuple(stop for _, stop in ends))
    return " × ".join(f"[{start}, {stop.expand() if is_sympy(stop) else stop})" for start, stop in ends)


def _ends(thing: Any) -> tuple[str, str]:
    """The same of an operator that may be turned."""
    if not isinstance(thing, Turned):
        return _window(thing)
    ends = _window(thing.operator)
    return ends[::-1] if thing.transposed else ends


def _part(thing: Any, turn: Turn, room: Room, whole: bool) -> Part:
    match thing:
        case BoundLayer():
            return _named(thing, turn, room)
        case Product() | BoundChain():
            parts = thing.factors if isinstance(thing, Product) else thing.maps
            return _product(parts, turn, room)
        case Total():
            share = max(1, room.symbols // len(thing.terms))
            return added([_framed(term, turn, room.inside(share)) for term in thing.terms])
        case Scaled():
            scalar = conjugate(thing.scalar) if turn.conjugated else thing.scalar
            inner = _framed(thing.operator, turn, room.inside(room.symbols - 1))
            label = clipped(number_text(scalar))
            gains = parallel(
                [Element(GAIN, label, hint=number_text(scalar))] * (inner.ins if turn.transposed else inner.outs),
                2 if max(inner.ins, inner.outs) > MANY else None,
            )
            return series(gains, inner) if turn.transposed else series(inner, gains)
        case Windowed() | Sized():
            part = Drawer().draw(thing.operator, turn, room)
            return part if whole else Frame(clipped(_title(thing, turn), TITLE), part)
    return _named(thing, turn, room)


def _title(thing: Any, turn: Turn) -> str:
    before, after = _window(thing)
    mark = {(True, False): "transposed: ", (True, True): "adjoint: ", (False, True): "conjugated: "}.get(turn, "")
    return f"{mark}{before} → {after}"


def _framed(thing: Any, turn: Turn, room: Room) -> Part:
    return _bound(thing, turn, room)[0]


def _product(parts: Any, turn: Turn, room: Room) -> Part:
    ordered = parts if turn.transposed else parts[::-1]
    given = shares([8] * len(ordered), room.symbols)
    drawn = [_framed(part, turn, room.inside(share)) for part, share in zip(ordered, given, strict=True)]
    several = any(part.ins > 1 or part.outs > 1 for part in drawn)
    if several and not all(a.outs == b.ins for a, b in pairwise(drawn)):
        drawn = [_named(part, turn, room) for part in ordered]
    return series(*drawn)


def _named(thing: Any, turn: Turn, room: Room) -> Part:
    """A map that is drawn as one box, or as its layer."""
    layer = thing.layer if isinstance(thing, BoundLayer | BoundMaxPool) else None
    if layer is not None and not any(turn):
        return _layer(layer, room)
    if isinstance(thing, Batched | BatchedMap):
        return Frame(f"for each of {_sizes(thing.lead)}", _framed(thing.inner, turn, room))
    name = _name(thing if layer is None else layer)
    return Element(BOX, name + _mark(turn), hint=repr(thing) + _mark(turn))


def _mark(turn: Turn) -> str:
    return {(True, False): "ᵀ", (True, True): "ᴴ", (False, True): "*"}.get(turn, "")


def _name(thing: Any) -> str:
    written = repr(thing)
    return written if len(written) <= BARE // 2 else type(thing).__name__


# Layers -----------------------------------------------------------------------------------------------------


def _layer(layer: Any, room: Room) -> Part:
    """A layer as the textbook draws its operator, in a frame that says what it is."""
    match layer:
        case Chain():
            share = max(1, room.symbols // len(layer.maps))
            return series(*(_of_chain(part, room.inside(share)) for part in reversed(layer.maps)))
        case Convolution():
            return _convolution(layer, room)
        case MaxPool() | AvgPool():
            return _pool(layer, room)
        case Upsample():
            up = Element(UP, "↑" + index_text(layer.factor))
            fill = Element(BOX, "hold" if layer.mode == "nearest" else layer.mode)
            return _opened(layer, f"Upsample, {layer.mode}", [up, fill], room)
    return Element(BOX, _name(layer), hint=repr(layer))


def _of_chain(part: Any, room: Room) -> Part:
    if isinstance(part, LinearOperator):
        return (
            Element(BOX, clipped(str(part), BARE // 2), hint=str(part))
            if is_block(part)
            else Drawer().draw(part, Turn(), room)
        )
    return _layer(part, room) if isinstance(part, Layer) else _framed(part, Turn(), room)


def _opened(layer: Any, title: str, parts: Sequence[Part], room: Room) -> Part:
    """The frame of a layer, or one box where names stay closed or there is no room."""
    if room.names < 1 or room.symbols < len(parts):
        return Element(BOX, title, hint=repr(layer))
    return Frame(title, series(*parts))


def _convolution(layer: Any, room: Room) -> Part:
    outs, ins = layer.channels
    groups = f", {layer.groups} groups" if layer.groups > 1 else ""
    title = f"{type(layer).__name__}, {ins} → {outs} channels{groups}"
    box = Element(BOX, f"{_by(layer.kernel)} taps{_dilation(layer)}", hint=repr(layer))
    filters = [Element(BUS, str(ins)), box, Element(BUS, str(outs))]
    if isinstance(layer, ConvTranspose):
        return _opened(layer, title, [*_stride(layer, UP, "↑"), *filters, *_padding(layer, "crop")], room)
    return _opened(layer, title, [*_padding(layer, "pad"), *filters, *_stride(layer, DOWN, "↓")], room)


def _per_axis(value: Any) -> tuple[Any, ...]:
    """One entry for all axes, or one for each."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _by(kernel: Any) -> str:
    return "×".join(map(str, _per_axis(kernel)))


def _factor(values: Any) -> str:
    entries = _per_axis(values)
    return index_text(entries[0] if len(set(entries)) == 1 else entries)


def _dilation(layer: Any) -> str:
    return f", dilated by {_factor(layer.dilation)}" if max(_per_axis(layer.dilation)) > 1 else ""


def _stride(layer: Any, kind: str, arrow: str) -> list[Element]:
    """The sampler of a layer, if it has one."""
    return [Element(kind, arrow + _factor(layer.stride))] if max(_per_axis(layer.stride)) > 1 else []


def _padding(layer: Any, word: str) -> list[Element]:
    """What is done at the ends, in words, if anything is."""
    if layer.padding == "same":
        return [Element(BOX, f"{word} to same")]
    pairs = [pair if isinstance(pair, tuple) else (pair, pair) for pair in _per_axis(layer.padding)]
    if not any(any(pair) for pair in pairs):
        return []
    shown = [index_text(a) if a == b else f"({index_text(a)}, {index_text(b)})" for a, b in pairs]
    return [Element(BOX, f"{word} {shown[0] if len(set(shown)) == 1 else ', '.join(shown)}")]


def _pool(layer: Any, room: Room) -> Part:
    word = "max" if isinstance(layer, MaxPool) else "mean"
    box = Element(BOX, f"{word} of {_by(layer.kernel)}{_dilation(layer)}", hint=repr(layer))
    return _opened(layer, type(layer).__name__, [*_padding(layer, "pad"), box, *_stride(layer, DOWN, "↓")], room)
