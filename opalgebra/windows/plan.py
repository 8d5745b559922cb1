"""What a bound operator does, step by step: the table that ``F.explain()`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ..engine.cost import Explanation, Stage
from ..engine.fir import Fir
from ..engine.program import Action
from .bound import BoundOperator
from .combine import Product, Scaled, Total, Turned
from .windowed import Windowed


def explain(operator: BoundOperator) -> Explanation:
    """See :meth:`~opalgebra.BoundOperator.explain`."""
    return Explanation(tuple(stages(operator, False)))


def stages(operator: BoundOperator, transposed: bool) -> Iterator[Stage]:
    """The steps of F, or of its transpose, in the order in which they happen."""
    match operator:
        case Turned():
            yield from stages(operator.operator, transposed != operator.transposed)
        case Product():
            for factor in operator.factors if transposed else operator.factors[::-1]:
                yield from stages(factor, transposed)
        case Total():
            for term in operator.terms:
                yield from stages(term, transposed)
            written = operator.in_window if transposed else operator.out_window
            size = prod(operator.dims if transposed else operator.dimsd)
            what = f"sum of {len(operator.terms)} terms"
            yield Stage(what, written, written, (len(operator.terms) - 1) * size)
        case Scaled():
            yield from stages(operator.operator, transposed)
            written = operator.in_window if transposed else operator.out_window
            yield Stage(
                f"times {operator.scalar}", written, written, prod(operator.dims if transposed else operator.dimsd)
            )
        case Windowed():
            yield from _of_windowed(operator, transposed)
        case _:
            windows = (operator.in_window, operator.out_window)
            read, written = windows[::-1] if transposed else windows
            yield Stage(operator._step, read, written, operator._multiply_adds())


def _of_windowed(operator: Windowed, transposed: bool) -> Iterator[Stage]:
    program = operator.program.transposed if transposed else operator.program
    extension = operator.extension
    steps = [Stage(_name(action), read, written, count) for action, read, written, count in program.stages()]
    if extension is None:
        yield from steps
        return
    names = " × ".join(dict.fromkeys(operator.boundary))
    wide, narrow = extension.window, operator.in_window
    edge = Stage(f"fold {names}", wide, narrow, 0) if transposed else Stage(f"extend {names}", narrow, wide, 0)
    yield from [*steps, edge] if transposed else [edge, *steps]


def _name(action: Action) -> str:
    if not isinstance(action, Fir):
        return f"weights of period {_by(action.values.shape)}"
    taps = f"{_by(action.shape)} taps" if prod(action.shape) > 1 or action.mixes else ""
    mixed = "{} groups of {} from {} channels".format(*action.taps.shape[:3]) if action.mixes else ""
    ups, downs = (tuple(map(abs, factors)) for factors in (action.up, action.down))
    rates = [f"↑{_by(ups)}" if max(ups) > 1 else "", f"↓{_by(downs)}" if max(downs) > 1 else ""]
    turned = "reversed" if min(action.down) < 0 else ""
    return ", ".join(part for part in (taps, " ".join(filter(None, rates)), turned, mixed) if part) or "copy"


def _by(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))
