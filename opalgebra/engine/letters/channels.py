"""Blocks as programs: the letters on tuples of values, one for every channel.

A block is run as it is written, entry by entry, and never multiplied out: a composition of blocks runs one after
the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from ...expr import Block, LinearOperator, SamplingMatrix, Signal, Zero, slices
from ...scalar import Scalar
from .unfold import Action, Machine, Mode, Task, _unfold, run

T = TypeVar("T")


class Channels(Generic[T]):
    """A machine on tuples: what ``machine`` does, channel by channel."""

    def __init__(self, machine: Machine[T]) -> None:
        self.machine = machine

    def convolve(self, x: tuple[T, ...], kernel: Signal) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.convolve(channel, kernel) for channel in x)

    def modulate(self, x: tuple[T, ...], sequence: Signal) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.modulate(channel, sequence) for channel in x)

    def character(self, x: tuple[T, ...], frequency: Any) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.character(channel, frequency) for channel in x)

    def scale(self, x: tuple[T, ...], scalar: Scalar) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.scale(channel, scalar) for channel in x)

    def up(self, x: tuple[T, ...], factors: tuple[int, ...]) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.up(channel, factors) for channel in x)

    def down(self, x: tuple[T, ...], factors: tuple[int, ...]) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.down(channel, factors) for channel in x)

    def spread(self, x: tuple[T, ...], matrix: SamplingMatrix) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.spread(channel, matrix) for channel in x)

    def sample(self, x: tuple[T, ...], matrix: SamplingMatrix) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.sample(channel, matrix) for channel in x)

    def shift(self, x: tuple[T, ...], shifts: tuple[int, ...]) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.shift(channel, shifts) for channel in x)

    def flip(self, x: tuple[T, ...]) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.flip(channel) for channel in x)

    def zero(self, x: tuple[T, ...]) -> tuple[T, ...]:
        """Every channel."""
        return tuple(self.machine.zero(channel) for channel in x)

    def total(self, terms: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
        """The sum, channel by channel."""
        return tuple(self.machine.total(channels) for channels in zip(*terms, strict=True))


def evaluate_channels(operator: LinearOperator, x: tuple[T, ...], machine: Machine[T]) -> tuple[T, ...]:
    """Run ``operator`` on a tuple of as many values as it has inputs; a tuple of its outputs."""
    return run(operator, x, Channels(machine))


@_unfold.register
def _(node: Block, mode: Mode) -> list[Task]:
    rows, heights, widths = node.rows, node.heights, node.widths
    if mode.transposed:
        rows, heights, widths = tuple(zip(*rows, strict=True)), widths, heights
    tasks: list[Task] = []
    for done, (row, height) in enumerate(zip(rows, heights, strict=True)):
        tasks += _row(row, height, slices(widths), done, mode)
    return [*tasks, _stack(len(rows))]


def _row(
    row: Sequence[LinearOperator], height: int, places: list[tuple[int, int]], below: int, mode: Mode
) -> list[Task]:
    """The outputs of one row on top of the stack; those of ``below`` rows lie between them and the input."""
    tasks: list[Task] = []
    entries = [(entry, place) for entry, place in zip(row, places, strict=True) if not isinstance(entry, Zero)]
    for done, (entry, (start, stop)) in enumerate(entries):
        tasks += [_select(below + done + 1, start, stop), (entry, mode)]
    if not entries:
        return [_nothing(below + 1, height)]
    return [*tasks, _sum(len(entries))] if len(entries) > 1 else tasks


def _select(depth: int, start: int, stop: int) -> Action:
    """Put some channels of the input, ``depth`` below the top, on top of the stack."""

    def act(machine: Any, values: list[Any]) -> None:
        values.append(values[-depth][start:stop])

    return act


def _nothing(depth: int, height: int) -> Action:
    """Zeros on ``height`` channels."""

    def act(machine: Any, values: list[Any]) -> None:
        values.append(machine.zero(values[-depth][:1]) * height)

    return act


def _sum(count: int) -> Action:
    def act(machine: Any, values: list[Any]) -> None:
        total = machine.total(values[-count:])
        values[-count:] = [total]

    return act


def _stack(count: int) -> Action:
    """Replace the input and the outputs of ``count`` rows by all outputs one under the other."""

    def act(machine: Any, values: list[Any]) -> None:
        outputs = tuple(channel for row in values[-count:] for channel in row)
        values[-count - 1 :] = [outputs]

    return act
