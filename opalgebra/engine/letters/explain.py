"""What a run costs as the expression is written: windows and multiply-adds, letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

from ..._verbs import verb
from ...errors import DimensionError, WindowError
from ...expr import LinearOperator, formal_parts
from ..arrays.window import Window
from .machine import LETTERS
from .outline import Windows
from .unfold import evaluate_channels, formal_error

_WIDEST = 40  # characters of a stage's text


@dataclass(frozen=True)
class Stage:
    """One letter of a run: what it does, the windows it reads and writes, and its multiply-adds."""

    what: LinearOperator | str
    input: Window
    output: Window
    multiply_adds: int

    @property
    def text(self) -> str:
        """The letter as it is printed, shortened where a kernel is long."""
        text = str(self.what)
        return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


@dataclass(frozen=True)
class Explanation:
    """The stages of a run in the order in which they happen; ``print`` shows them as a table."""

    stages: tuple[Stage, ...]

    @property
    def multiply_adds(self) -> int:
        """Of all stages together."""
        return sum(stage.multiply_adds for stage in self.stages)

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of the multiply-adds of every stage."""
        return verb("plot")(self, kind, dark=dark, **options)

    def rows(self) -> list[tuple[str, ...]]:
        """The table: its head, the stages, the total."""
        head = ("stage", "input", "output", "multiply-adds")
        body = [(s.text, str(s.input), str(s.output), f"{s.multiply_adds:,}") for s in self.stages]
        return [head, *body, ("total", "", "", f"{self.multiply_adds:,}")]

    def _repr_html_(self) -> str:
        return str(verb("html")(self))

    def __str__(self) -> str:
        table = self.rows()
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        lines = [_line(row, widths) for row in table]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    left = (cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True))
    return "  ".join([*left, row[3].rjust(widths[3])])


def explain(operator: LinearOperator, shape: Any) -> Explanation:
    """Windows and multiply-adds of every letter of ``operator``, run as it is written.

    A convolution of T taps, zeros included, costs T times the length of its output; modulation and scaling
    one multiplication per sample; a sum of m terms m − 1 additions per sample; ↑, ↓, shifts and flips
    nothing.

    Parameters
    ----------
    operator : LinearOperator
        With numbers only; a formal kernel or symbolic factor raises :class:`~opalgebra.FormalSignalError`.
    shape : int or tuple of int
        Samples of the input, which starts at index 0, per axis; of several channels, of each.

    Examples
    --------
    >>> import opalgebra as oa
    >>> explain(oa.Down(2) @ oa.Conv([1, 2, 1]), 100).multiply_adds
    306
    """
    formal = formal_parts(operator)
    if formal:
        raise formal_error(*formal)
    sizes = _as_shape(shape)
    if operator.ndim not in (None, len(sizes)):
        raise DimensionError(
            f"the shape {shape!r} has {len(sizes)} axes and the operator acts on {operator.ndim}; "
            "give one length per axis"
        )
    counter = CostMachine()
    _, inputs = operator.channels or (1, 1)
    evaluate_channels(operator, (Window((0,) * len(sizes), sizes),) * inputs, counter)
    return Explanation(tuple(counter.stages))


def _as_shape(shape: Any) -> tuple[int, ...]:
    entries = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    try:
        if not entries or any(isinstance(entry, bool) or index(entry) < 0 for entry in entries):
            raise TypeError
        return tuple(index(entry) for entry in entries)
    except TypeError:
        raise WindowError(f"the shape is {shape!r}; give an int >= 0, or a tuple of these, one per axis") from None


class CostMachine(Windows):
    """Where each letter takes a window, noted with its multiply-adds."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []

    def _note(self, what: LinearOperator | str, before: Window, after: Window, multiply_adds: int = 0) -> Window:
        self.stages.append(Stage(what, before, after, multiply_adds))
        return after

    def does(self, letter: str, x: Window, *given: Any) -> Window:
        """A letter, and a stage of it."""
        after = super().does(letter, x, *given)
        return self._note(LETTERS[letter].operator(*given), x, after, LETTERS[letter].work(*given) * after.size)

    def total(self, terms: Sequence[Window]) -> Window:
        """One addition less than there are terms, per sample."""
        after = super().total(terms)
        return self._note(f"sum of {len(terms)} terms", after, after, (len(terms) - 1) * after.size)
