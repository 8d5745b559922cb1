"""What a bound operator does, step by step: the table that ``F.explain()`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ...engine.filters.fir import Fir
from ...engine.filters.relabel import Relabel
from ...engine.filters.weights import Quotient, Tone
from ...engine.letters.explain import Explanation, Stage
from ...engine.program.matrix import SMALL
from ...engine.program.program import Beyond, PlannedTerm
from ...engine.program.values import Action
from ...engine.ways.table import DIRECT
from ...errors import OperandError
from ..operators.base import BoundOperator
from ..operators.combine import Product, Scaled, Total, Turned
from ..operators.windowed import Windowed


@dataclass(frozen=True)
class RunStage(Stage):
    """A stage of a plan.

    Attributes
    ----------
    naive : int
        Multiply-adds of the stage as it is written: a convolution at the higher rate, inserted zeros multiplied and
        dropped samples computed.
    bytes : int
        Read and written, for one array.
    way, why : str
        How it is computed, and for what reason.
    """

    naive: int = 0
    bytes: int = 0
    way: str = "slices"
    why: str = ""


@dataclass(frozen=True)
class RunExplanation(Explanation):
    """The steps of a run for one array of the operator's dtype; ``print`` shows them as a table."""

    note: str = ""

    @property
    def naive(self) -> int:
        """Multiply-adds of the stages as they are written."""
        return sum(step.naive for step in self.steps)

    @property
    def bytes(self) -> int:
        """Bytes read and written by all stages."""
        return sum(step.bytes for step in self.steps)

    @property
    def steps(self) -> tuple[RunStage, ...]:
        """The stages."""
        return tuple(stage for stage in self.stages if isinstance(stage, RunStage))

    def rows(self) -> list[tuple[str, ...]]:
        """The table: its head, the steps, the total."""
        head = ("stage", "input", "output", "naive", "planned", "bytes", "computed by", "because")
        body = [
            (s.text, str(s.input), str(s.output), f"{s.naive:,}", f"{s.multiply_adds:,}", f"{s.bytes:,}", s.way, s.why)
            for s in self.steps
        ]
        total = ("total", "", "", f"{self.naive:,}", f"{self.multiply_adds:,}", f"{self.bytes:,}", "", "")
        return [head, *body, total]

    def __str__(self) -> str:
        table = self.rows()
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines = ["  ".join(_cell(c, i, widths[i]) for i, c in enumerate(row)).rstrip() for row in table]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], *([self.note] if self.note else [])])


def _cell(text: str, column: int, width: int) -> str:
    return text.rjust(width) if 3 <= column <= 5 else text.ljust(width)


def explain(operator: BoundOperator, device: str | None = None) -> RunExplanation:
    """See :meth:`~opalgebra.BoundOperator.explain`."""
    if device not in (None, "cuda"):
        raise OperandError(f"the device is {device!r}; give 'cuda', or leave it out for NumPy arrays")
    steps = tuple(stages(operator, False, device))
    inner = operator.operator if isinstance(operator, Turned) else operator
    small = device is None and isinstance(inner, Windowed) and inner.engine == "auto" and 0 < operator.size <= SMALL
    small = small and not (len(steps) == 1 and steps[0].way in DIRECT)
    note = "a small operator: floating data of its own dtype goes through its matrix" if small else ""
    return RunExplanation(steps, note)


def stages(operator: BoundOperator, transposed: bool, device: str | None) -> Iterator[RunStage]:
    """The steps of F, or of its transpose, in the order in which they happen."""
    windows = (operator.in_window, operator.out_window)
    read, written = windows[::-1] if transposed else windows
    size = prod(operator.dims if transposed else operator.dimsd)
    item = np.dtype(operator.dtype).itemsize
    match operator:
        case Turned():
            yield from stages(operator.operator, transposed != operator.transposed, device)
        case Product():
            for factor in operator.factors if transposed else operator.factors[::-1]:
                yield from stages(factor, transposed, device)
        case Total():
            for term in operator.terms:
                yield from stages(term, transposed, device)
            count = len(operator.terms)
            adds = (count - 1) * size
            yield RunStage(f"sum of {count} terms", written, written, adds, adds, (count + 1) * size * item)
        case Scaled():
            yield from stages(operator.operator, transposed, device)
            yield RunStage(f"times {operator.scalar}", written, written, size, size, 2 * size * item)
        case Windowed():
            yield from _of_windowed(operator, transposed, item, device)
        case _:
            count = operator._multiply_adds()
            yield RunStage(operator._step, read, written, count, count, sum(operator.shape) * item)


def _of_windowed(operator: Windowed, transposed: bool, item: int, device: str | None) -> Iterator[RunStage]:
    dtype, engine, extension = operator.dtype, device or operator.engine, operator.extension
    if transposed:
        yield from (_step(term, item) for term in operator.program.transposed.stages(dtype, engine))
        if extension is not None:
            yield _edge(f"fold {_rules(operator)}", extension.window, operator.in_window, item, "slices")
        return
    beyond = Beyond(operator.in_window, operator.boundary)
    if extension is not None and operator.reads_directly(1, np.dtype(dtype), engine):
        yield from (_step(term, item, _rules(operator)) for term in operator.program.stages(dtype, engine, beyond))
        return
    if extension is not None:
        yield _edge(f"extend {_rules(operator)}", operator.in_window, extension.window, item, "copy")
    yield from (_step(term, item) for term in operator.program.stages(dtype, engine))


def _rules(operator: Windowed) -> str:
    return " × ".join(dict.fromkeys(operator.boundary))


def _edge(what: str, read: Any, written: Any, item: int, way: str) -> RunStage:
    return RunStage(what, read, written, 0, 0, (read.size + written.size) * item, way)


def _step(term: PlannedTerm, item: int, rules: str = "") -> RunStage:
    action, read, written, choice = term
    name = action_name(action) + (f", {rules}" if rules else "")
    channels = (1, 1)
    naive = 0 if isinstance(action, Relabel) else written.size
    if isinstance(action, Fir):
        naive *= prod(action.taps.shape[:3] if action.mixes else ()) * prod(action.shape) * prod(map(abs, action.down))
        channels = (
            (action.taps.shape[0] * action.taps.shape[2], prod(action.taps.shape[:2])) if action.mixes else (1, 1)
        )
    moved = (read.size * channels[0] + written.size * channels[1]) * item
    return RunStage(name, read, written, action.multiply_adds(written, read), naive, moved, choice.way.name, choice.why)


def action_name(action: Action) -> str:
    """What a filter, a resampling or a weighting does, in a few words."""
    if isinstance(action, Relabel):
        return f"{'↑' if action.spreads else '↓'}{action.matrix}"
    if isinstance(action, Quotient):
        return f"divided by {action.divisor:,}"
    if isinstance(action, Tone):
        return f"e^(i·{_by(action.frequency)}·n)"
    if not isinstance(action, Fir):
        return f"weights of period {_by(action.values.shape)}"
    taps = f"{_by(action.shape)} taps" if prod(action.shape) > 1 or action.mixes else ""
    if action.places is not None:
        taps = f"{action.taps.shape[-1]:,} taps within {_by(action.shape)}"
    mixed = "{0}×({2}→{1}) channels".format(*action.taps.shape[:3]) if action.mixes else ""
    ups, downs = (tuple(map(abs, factors)) for factors in (action.up, action.down))
    rates = [f"↑{_by(ups)}" if max(ups) > 1 else "", f"↓{_by(downs)}" if max(downs) > 1 else ""]
    turned = "reversed" if min(action.down) < 0 else ""
    return ", ".join(part for part in (taps, " ".join(filter(None, rates)), turned, mixed) if part) or "copy"


def _by(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))
