"""Machines: what is done for each letter of an operator, on whatever a machine works on.

:mod:`.unfold` takes an operator apart and hands each letter to a machine by its name.  One machine computes with
arrays, another moves windows, a third counts multiply-adds.  A machine says what differs: a method for every letter
that does something to what it works on, and the names of those that pass through.  Any other letter is refused, so
that a letter that a machine does not know is an error and never a wrong result.

=========  =====================================================
letter     y of x
=========  =====================================================
convolve   Σ_k q_{n−k} x_k, q a Signal
modulate   w_n x_n, w a Signal, periodic
character  e^{iωn} x_n, ω exact or a float that asks for floats
scale      c x_n
up         x_n at k n, k an int per axis, 0 elsewhere
down       x_{kn}
spread     x_n at M n, M a SamplingMatrix, 0 elsewhere
sample     x_{Mn}
shift      x_{n−s}, s an int per axis
flip       x_{−n}
zero       0
=========  =====================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Generic, NamedTuple, TypeVar

from ...errors import OperandError
from ...expr import Character, Conv, Down, Flip, Identity, LinearOperator, Modulate, Scale, Shift, Up, Zero

T = TypeVar("T")


class Letter(NamedTuple):
    """What those who only show a letter, or count, need to know of it."""

    operator: Callable[..., LinearOperator]  # that it is
    work: Callable[..., int] = lambda *given: 0  # multiply-adds per sample of y


LETTERS = {
    "convolve": Letter(Conv, lambda kernel: prod(kernel._shape)),
    "modulate": Letter(Modulate, lambda sequence: 1),
    "character": Letter(Character, lambda frequency: 1),
    "scale": Letter(lambda scalar: Scale(scalar, Identity()), lambda scalar: 1),
    "up": Letter(Up),
    "down": Letter(Down),
    "spread": Letter(Up),
    "sample": Letter(Down),
    "shift": Letter(Shift),
    "flip": Letter(Flip),
    "zero": Letter(Zero),
}

#: Letters that leave every sample at its index.
WEIGHTS = frozenset({"modulate", "character", "scale"})


class Machine(Generic[T]):
    """What works on T: for a letter that differs a method of its name, ``method(x, *given)``."""

    passes: frozenset[str] = frozenset()  # the letters that change nothing here

    def does(self, letter: str, x: T, *given: Any) -> T:
        """A letter, done to x.

        Raises
        ------
        OperandError
            For a letter that the machine has no rule for.
        """
        rule = getattr(self, letter, None)
        if rule is not None:
            made: T = rule(x, *given)
            return made
        if letter in self.passes:
            return x
        raise OperandError(f"{type(self).__name__} has no rule for the letter {letter!r}; give it a method {letter}")

    def total(self, terms: Sequence[T]) -> T:
        """The sum."""
        raise OperandError(f"{type(self).__name__} has no rule for sums; give it a method total")


class Channels(Machine[tuple[T, ...]]):
    """A machine on tuples: what ``machine`` does, channel by channel."""

    def __init__(self, machine: Machine[T]) -> None:
        self.machine = machine

    def does(self, letter: str, x: tuple[T, ...], *given: Any) -> tuple[T, ...]:
        """Every channel."""
        return tuple([self.machine.does(letter, channel, *given) for channel in x])

    def total(self, terms: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
        """The sum, channel by channel."""
        return tuple(self.machine.total(channels) for channels in zip(*terms, strict=True))
