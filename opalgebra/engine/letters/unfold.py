"""Operators as programs: what is done to a signal, letter by letter.

:func:`evaluate` takes a tree apart without recursion and hands each letter to a :class:`~.machine.Machine`.
Transposes and conjugates are pushed down to the letters here, so that machines never see them.  A block is run as it
is written, entry by entry, on tuples of values, one for every channel, and never multiplied out: a composition of
blocks runs one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any, NamedTuple, TypeAlias, TypeVar

from ...errors import DimensionError, FormalSignalError, OperandError, SizeError
from ...expr.blocks import Block, slices
from ...expr.characters import Character
from ...expr.contents import has_blocks
from ...expr.factors import axes, is_symbolic, per_axis
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.named import Named
from ...expr.operators import (
    PLAIN,
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Power,
    Scale,
    Sum,
    Transpose,
    Zero,
)
from ...expr.sampling import SamplingMatrix
from ...expr.signals import Signal, SignalExpr
from ...expr.spread import flipped
from ...scalar import conjugate
from ..arrays.window import Window
from .machine import Channels, Machine

T = TypeVar("T")
MAX_POWER = 10**6


class Mode(NamedTuple):
    """Which of A, Aᵀ, conj(A), Aᴴ is meant."""

    transposed: bool = False
    conjugated: bool = False


Action: TypeAlias = Callable[[Any, list[Any]], None]  # acts on a machine and its stack of values
Task: TypeAlias = "tuple[LinearOperator, Mode] | Action"


def evaluate(operator: LinearOperator, x: T, machine: Machine[T]) -> T:
    """Run ``operator``, of one channel, on ``x``; the tree may be as deep as memory allows."""
    if has_blocks(operator):
        if operator.channels != PLAIN:
            raise DimensionError(f"{operator} acts on several channels; apply it to a tuple of signals: A @ (x, y)")
        (y,) = evaluate_channels(operator, (x,), machine)
        return y
    return run(operator, x, machine)


def evaluate_channels(operator: LinearOperator, x: tuple[T, ...], machine: Machine[T]) -> tuple[T, ...]:
    """Run ``operator`` on a tuple of as many values as it has inputs; a tuple of its outputs."""
    return run(operator, x, Channels(machine))


def run(operator: LinearOperator, x: T, machine: Machine[T]) -> T:
    """Run ``operator`` letter by letter on what the machine works on."""
    values: list[T] = [x]
    work: list[Task] = [(operator, Mode())]
    while work:
        task = work.pop()
        if isinstance(task, tuple):
            work.extend(reversed(_unfold(*task)))
        else:
            task(machine, values)
    return values[0]


@singledispatch
def _unfold(node: LinearOperator, mode: Mode) -> list[Task]:
    """The tasks that a node stands for, first one first."""
    raise OperandError(f"operators of type {type(node).__name__} have no rule for running on arrays")


def _letter(name: str, *arguments: Any) -> list[Task]:
    def act(machine: Any, values: list[Any]) -> None:
        values[-1] = machine.does(name, values[-1], *arguments)

    return [act]


@_unfold.register
def _(node: Transpose, mode: Mode) -> list[Task]:
    return [(node.operator, Mode(not mode.transposed, mode.conjugated))]


@_unfold.register
def _(node: Adjoint, mode: Mode) -> list[Task]:
    return [(node.operator, Mode(not mode.transposed, not mode.conjugated))]


@_unfold.register
def _(node: Conj, mode: Mode) -> list[Task]:
    return [(node.operator, Mode(mode.transposed, not mode.conjugated))]


@_unfold.register
def _(node: Identity, mode: Mode) -> list[Task]:
    return []


@_unfold.register
def _(node: Zero, mode: Mode) -> list[Task]:
    return _letter("zero")


@_unfold.register
def _(node: FormalOperator, mode: Mode) -> list[Task]:
    raise formal_error(node.name)


@_unfold.register
def _(node: Compose, mode: Mode) -> list[Task]:
    ordered = node.factors if mode.transposed else node.factors[::-1]
    return [(factor, mode) for factor in ordered]


@_unfold.register
def _(node: Sum, mode: Mode) -> list[Task]:
    tasks: list[Task] = []
    terms = node.terms
    if node.channels is not None and node.channels[0] != node.channels[1]:  # Zero() has no other number of outputs
        terms = tuple(term for term in terms if not isinstance(term, Zero))
    for done, term in enumerate(terms):
        tasks += [_again(done + 1), (term, mode)]
    return [*tasks, _gather(len(terms))]


def _again(depth: int) -> Action:
    """Put the input, which lies below the results of the terms so far, on top of the stack."""

    def act(machine: Any, values: list[Any]) -> None:
        values.append(values[-depth])

    return act


def _gather(count: int) -> Action:
    """Replace the input and the results of its ``count`` terms by their sum."""

    def act(machine: Any, values: list[Any]) -> None:
        total = machine.total(values[-count:])
        del values[-count:]
        values[-1] = total

    return act


@_unfold.register
def _(node: Scale, mode: Mode) -> list[Task]:
    scalar = conjugate(node.scalar) if mode.conjugated else node.scalar
    return [(node.operator, mode), *_letter("scale", scalar)]


@_unfold.register
def _(node: Power, mode: Mode) -> list[Task]:
    if node.exponent > MAX_POWER:
        raise SizeError(
            f"the exponent {node.exponent} asks for that many applications, and at most {MAX_POWER} are run; "
            "simplify the operator first"
        )
    return [(node.operator, mode)] * node.exponent


@_unfold.register
def _(node: Named, mode: Mode) -> list[Task]:
    return [(node.meaning, mode)]


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
        values.append(machine.does("zero", values[-depth][:1]) * height)

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


@_unfold.register
def _(node: Conv, mode: Mode) -> list[Task]:
    kernel = concrete(node.kernel)
    kernel = kernel.conj() if mode.conjugated else kernel
    return _letter("convolve", flipped(kernel) if mode.transposed else kernel)


@_unfold.register
def _(node: Modulate, mode: Mode) -> list[Task]:
    return _letter("modulate", node.sequence.conj() if mode.conjugated else node.sequence)


@_unfold.register
def _(node: Character, mode: Mode) -> list[Task]:
    entries = axes(node.frequency)
    free = sorted(s.name for entry in entries for s in entry.free_symbols)
    if free:
        raise formal_error(*free)
    entries = tuple(-w for w in entries) if mode.conjugated else entries
    return _letter("character", tuple(map(float, entries)) if node.floating else entries)


@_unfold.register
def _(node: Up, mode: Mode) -> list[Task]:
    return _sampling(node.factor, not mode.transposed)


@_unfold.register
def _(node: Down, mode: Mode) -> list[Task]:
    return _sampling(node.factor, mode.transposed)


@_unfold.register
def _(node: Shift, mode: Mode) -> list[Task]:
    shifts = _ints(node.shift)
    return _letter("shift", tuple(-s for s in shifts) if mode.transposed else shifts)


@_unfold.register
def _(node: Flip, mode: Mode) -> list[Task]:
    return _letter("flip")


def _sampling(value: Any, up: bool) -> list[Task]:
    """↑ or ↓; by a diagonal matrix with positive entries axis by axis."""
    factors = None if is_symbolic(value) else per_axis(value)
    if factors is None and isinstance(value, SamplingMatrix):
        return _letter("spread" if up else "sample", value)
    return _letter("up" if up else "down", factors or _ints(value))


def _ints(value: Any) -> tuple[int, ...]:
    if is_symbolic(value):
        raise formal_error(str(value))
    return axes(value)


def concrete(kernel: SignalExpr) -> Signal:
    """The kernel, or :class:`~opalgebra.FormalSignalError` where its samples are not known."""
    if isinstance(kernel, Signal):
        return kernel
    raise formal_error(str(kernel))


def formal_error(*names: str) -> FormalSignalError:
    """The error for an operator that cannot be computed with."""
    return FormalSignalError(
        f"the operator has the formal part {', '.join(names)} and cannot run on numbers; "
        "give numbers instead, such as Conv([1, 2, 1]) or Up(2)"
    )


def window_of(signal: Signal) -> Window:
    """The window of a signal."""
    return Window(signal.starts, signal._shape)
