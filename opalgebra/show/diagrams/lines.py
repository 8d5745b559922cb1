"""What a diagram of anything consists of: lines of parts, with the ends of their wires named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...algebra.banks.filterbank import FilterBank, Tree
from ...algebra.decide.proof import Proof, Step
from ...algebra.derive.derivation import Derivation
from ...algebra.laws.law import Law
from ...bound.operators.base import BoundOperator
from ...errors import OperandError
from ...expr import FormalOperator, FormalSignal, LinearOperator, Node, remembered
from ..pages.derivation import SIGNS
from .expressions import Drawer, Room, Turn, clipped
from .parts import Frame, Line, Part, Series, ended

LINES = 12  # of a derivation that are drawn
TITLE = 200  # characters
NAMES = (("x", "y"), ("u", "v"), ("s", "t"), ("in", "out"))


def lines_of(thing: Any, names: int) -> list[Line]:
    """The lines of a diagram of anything that can be drawn."""
    match thing:
        case Derivation():
            return _derived(thing.steps, names)
        case Proof() if thing.verdict == "proved":
            return _derived(thing.steps, names)
        case Proof():
            sign = SIGNS[thing.verdict][0]
            return [_line("", thing.lhs, names), _line(f"{sign}   ({thing.verdict})", thing.rhs, names)]
        case Law():
            return [_line("", thing.lhs, names), _line(f"=   {thing.name}", thing.rhs, names)]
    return [_line("", thing, names)]


def title_of(thing: Any) -> str:
    """What a drawing shows, in words of one line."""
    shown = str(thing).splitlines()
    return clipped(shown[0], TITLE) if shown else type(thing).__name__


def _derived(steps: Sequence[Step], names: int) -> list[Line]:
    lines = [_line(_reason(step) if i else "", step.expression, names) for i, step in enumerate(steps)]
    rest = len(lines) - LINES
    if rest <= 0:
        return lines
    first, last = lines[: LINES // 2], lines[len(lines) - LINES // 2 :]
    left_out = f"…   {rest} lines are not drawn;   {last[0].sign}"
    return [*first, Line(left_out, last[0].part), *last[1:]]


def _reason(step: Step) -> str:
    condition = f",  {step.condition}" if step.condition else ""
    return f"=   {step.law}{condition}" if step.law else "="


def _line(sign: str, thing: Any, names: int) -> Line:
    thing = thing.operator if isinstance(thing, Tree) else thing
    part = _drawn_by(thing)
    return Line(sign, lambda symbols: part(thing, symbols, names))


def _drawn_by(thing: Any) -> Callable[[Any, int, int], Part]:
    """What makes the part of anything that is drawn on one line, with room for so many symbols and names."""
    if isinstance(thing, Node):
        return _of_node
    if isinstance(thing, FilterBank):
        return _of_bank
    from ...nn.layer import Composable  # which loads the layers, and with them much that operators do not need

    if isinstance(thing, BoundOperator | Composable):
        from .arrays import of_arrays

        return of_arrays
    raise OperandError(
        f"a {type(thing).__name__} has no block diagram; give an operator, a signal, a filter bank, a layer, "
        "an operator on arrays, a proof or a derivation"
    )


def _of_node(node: Node, symbols: int, names: int) -> Part:
    part = Drawer().draw(node, Turn(), Room(symbols, names))
    if isinstance(node, LinearOperator):
        outs, ins = node.channels or (1, 1)
        return ended(part, ins, outs, ends_of(node))
    return ended(part, 0, 1, ends_of(node))


def ends_of(node: Node) -> tuple[str, str]:
    """Names for input and output that nothing in the expression has."""
    taken = remembered(node, "_names", _names_of)
    return next((pair for pair in NAMES if not taken & {*pair}), NAMES[-1])


def _names_of(node: Node) -> frozenset[str]:
    """The names of formal signals and operators in an expression, whose parts may be shared."""
    own = {node.name} if isinstance(node, FormalSignal | FormalOperator) else set()
    return frozenset(own.union(*(child.__dict__["_names"] for child in node.children())))


def _of_bank(bank: FilterBank, symbols: int, names: int) -> Part:
    drawer = Drawer()
    halves = [drawer.draw(half, Turn(), Room(symbols // 2, names)) for half in (bank.analysis, bank.synthesis)]
    named = [Frame(title, half) for title, half in zip(("analysis", "synthesis"), halves, strict=True)]
    return ended(Series(tuple(named)), 1, 1, ends_of(bank.operator))
