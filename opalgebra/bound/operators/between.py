"""What operators between windows have in common, whether the ends of these are numbers or formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..._verbs import verb
from ...engine.arrays.window import Window
from ...expr import Compose, LinearOperator, Power, Scale, Sum
from ...scalar import is_sympy
from ..arrays.precision import Precision
from .base import BoundOperator, Shape
from .combine import walk
from .extent import Intervals


class BetweenWindows(BoundOperator):
    """Crop ∘ A ∘ Extend."""

    engine = "auto"
    depends_on_size = False  # whether the operator would be another one for another size of the input

    def __init__(
        self,
        operator: LinearOperator,
        in_window: Window,
        out_window: Window,
        mode: str | None,
        boundary: tuple[str, ...],
        dtype: Any = None,
    ) -> None:
        self.operator, self.mode, self.boundary, self.fixed = operator, mode, boundary, dtype
        self.in_window, self.out_window = in_window, out_window
        self.channels = operator.channels if operator.channels not in (None, (1, 1)) else None
        self.precision = Precision.of((operator,), dtype)

    @property
    def dims(self) -> Shape:
        """Shape of the input."""
        return (*self.channels[1:], *self.in_window.shape) if self.channels else self.in_window.shape

    @property
    def dimsd(self) -> Shape:
        """Shape of the output; formulas are never below 0."""
        return (*self.channels[:1], *self.out_window.shape) if self.channels else self.out_window.shape

    @property
    def dtype(self) -> Any:
        """The dtype that solvers are told."""
        return self.precision.dtype

    @property
    def outputs(self) -> Intervals:
        """The ends of the window of the output, per axis."""
        return tuple(zip(self.out_window.starts, self.out_window.stops, strict=True))

    def _code(self, number: Any) -> str:
        return repr(number)

    def _latex(self, number: Any) -> str:
        return str(number)

    def __repr__(self) -> str:
        code = self._code
        shown = [_listed(list(map(code, self.in_window.shape)))]
        if self.mode is None:
            shown.append(f"out={_listed([f'({code(a)}, {code(b)})' for a, b in self.outputs])}")
        elif self.mode != "full":
            shown.append(f"mode={self.mode!r}")
        rules = set(self.boundary)
        if rules != {"zero"}:
            shown.append(f"boundary={self.boundary[0 if len(rules) == 1 else slice(None)]!r}")
        if self.fixed is not None:
            shown.append(f"dtype={np.dtype(self.fixed).name!r}")
        if self.engine != "auto":
            shown.append(f"engine={self.engine!r}")
        several = isinstance(self.operator, (Compose, Sum, Scale, Power))
        return f"({self.operator!r}).on({', '.join(shown)})" if several else f"{self.operator!r}.on({', '.join(shown)})"

    def _windows(self, shown: Callable[[Any], str], arrow: str) -> str:
        inputs = tuple((0, size) for size in self.in_window.shape)
        return f"{_window(inputs, shown)} {arrow} {_window(self.outputs, shown)}"

    def __str__(self) -> str:
        rules = "".join(f", {rule}" for rule in shown_rules(self.boundary))
        return f"{self.operator} on {self._windows(str, '→')}{rules}"

    def latex(self) -> str:
        """A between brackets, with its windows below and its boundary above."""
        rules = ", ".join(shown_rules(self.boundary))
        above = rf"^{{\text{{{rules}}}}}" if rules else ""
        below = self._windows(self._latex, r"\to").replace("×", r"\times")
        return rf"\left[{verb('latex')(self.operator)}\right]_{{{below}}}{above}"


def between_windows(operator: BoundOperator) -> Iterator[BetweenWindows]:
    """The operators between windows that a bound one is made of, those among them that have another name too."""
    for part in walk(operator):
        form = part if isinstance(part, BetweenWindows) else part._as_windowed()
        if form is not None:
            yield form


def shown_rules(boundary: Sequence[str]) -> list[str]:
    """The rules other than zero, each once."""
    return [rule for rule in dict.fromkeys(boundary) if rule != "zero"]


def _listed(shown: list[str]) -> str:
    """One entry as it is, several as a tuple."""
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _window(ends: Intervals, shown: Callable[[Any], str]) -> str:
    """A window that starts at 0 by its shape, another one by its ends."""
    if any(start != 0 for start, _ in ends):
        return " × ".join(f"[{shown(a)}, {shown(b.expand() if is_sympy(b) else b)})" for a, b in ends)
    return " × ".join(shown(b) for _, b in ends)
