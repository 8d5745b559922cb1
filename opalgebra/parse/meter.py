"""What an application in hostile text would cost, counted before anything is computed."""

from __future__ import annotations

from ..engine.arrays.window import Window
from ..engine.letters.explain import CostMachine
from ..engine.letters.unfold import evaluate_channels, window_of
from ..errors import SizeError
from ..expr import LinearOperator, Signal


class _Meter(CostMachine):
    def __init__(self, weight: int, left: int) -> None:
        super().__init__()
        self.weight, self.left = weight, left

    def _note(self, what: object, before: Window, after: Window, multiply_adds: int = 0) -> Window:
        self.left -= self.weight * (multiply_adds + after.size)
        if self.left < 0:
            raise SizeError("computing the signals of the expression takes too long; write smaller ones")
        return after


def spend(operator: LinearOperator, signal: Signal, weight: int, left: int) -> int:
    """What is left of a budget after an application; :class:`SizeError` where it does not last."""
    meter = _Meter(weight, left)
    _, inputs = operator.channels or (1, 1)
    if inputs == 1:  # else the application is refused
        evaluate_channels(operator, (window_of(signal),), meter)
    return meter.left
