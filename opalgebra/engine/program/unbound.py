"""``A @ x`` for arrays of numbers: the programs of bound operators, from the window of x to all that it reaches.

The letters say beforehand what comes out, its window and its dtype (:mod:`~..letters.outline`), so that both are those
of the definitions; the samples are computed by a program.  Exact and weak numbers stay with the definitions, and what
is as quick letter by letter: few integers, and large ones, which grow to any size there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from ...expr import PLAIN, LinearOperator, Signal
from ...expr.contents import has_blocks
from ..arrays.arithmetic import EXACT, Numbers, magnitude
from ..arrays.window import Window, place, union
from ..filters.fir import Fir
from ..filters.relabel import Relabel
from ..filters.remembered import remembered
from ..filters.weights import Weight
from ..letters.outline import Dtypes, Windows, stays_by_letters
from ..letters.reference import ReferenceEngine
from ..letters.unfold import evaluate_channels, window_of
from .matrix import ThroughMatrix, is_served, matrix_of
from .program import Program
from .shared import Compiled, as_written
from .values import Value, merged

Arrays: TypeAlias = list[np.ndarray]
NUMBERS: Final = "fdFD" + "bhilqBHILQ"  # dtypes that are planned for
FEW: Final = 64  # integers, below which they stay with the letters
MOST_PLANS: Final = 16  # of one operator
MOST_INDEX: Final = 2**60  # of a product of an index with the factors of a filter, which compiled code takes in 64 bits
NEGATIVE_ZERO: Final = {"f": -0.0, "c": complex(-0.0, -0.0)}  # to which −0.0 may be added
SPREAD: Final = 4  # how many zeros taps between channels may have for each tap of the filters that they come from


class PlannedEngine(ReferenceEngine):
    """Runs operators on floating samples by programs, and on others as their letters are defined."""

    name = "planned"

    def apply(self, operator: LinearOperator, signal: Signal, exact: bool = False) -> Signal:
        """A x; the input is read only."""
        plan = None if exact or operator.channels not in (None, PLAIN) else planned(operator, (signal,))
        return super().apply(operator, signal, exact) if plan is None else plan.run((signal,))[0]

    def apply_to_channels(
        self, operator: LinearOperator, signals: tuple[Signal, ...], exact: bool = False
    ) -> tuple[Signal, ...]:
        """A (x_0, x_1, …); the inputs are read only."""
        if not has_blocks(operator):  # on each channel alone
            return tuple([self.apply(operator, signal, exact) for signal in signals])
        plan = None if exact else planned(operator, signals)
        return super().apply_to_channels(operator, signals, exact) if plan is None else plan.run(signals)


class Output(NamedTuple):
    """What an output is: its window and its dtype."""

    window: Window
    dtype: Any


class Part(NamedTuple):
    """Outputs that are computed together: which ones, from which inputs, and by what."""

    outputs: tuple[int, ...]
    inputs: tuple[int, ...]
    growth: float
    run: Callable[[Arrays], Sequence[np.ndarray]]


class Plan(NamedTuple):
    """How the outputs of an operator are computed for inputs on known windows and of known dtypes."""

    outputs: tuple[Output, ...]
    parts: tuple[Part, ...]
    growth: float  # a bound of all numbers on the way, for inputs of at most 1

    def run(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """The outputs; inputs are read only."""
        made: list[Any] = [None] * len(self.outputs)
        with np.errstate(over="ignore", invalid="ignore"):
            for outputs, inputs, _, run in self.parts:
                for i, y in zip(outputs, run([signals[j].values for j in inputs]), strict=True):
                    made[i] = y
        return tuple(
            [
                Signal._wrap(np.zeros(window.shape, dtype) if y is None else y, window.starts)
                for y, (window, dtype) in zip(made, self.outputs, strict=True)
            ]
        )


def planned(operator: LinearOperator, signals: tuple[Signal, ...]) -> Plan | None:
    """The plan for signals, found again for equal operators; None where letter by letter is as good or needed."""
    integers = []
    for signal in signals:
        if signal.weak or signal.dtype.char not in NUMBERS or signal.values.size < 2:
            return None
        if signal.dtype.kind in "iu":
            integers.append(signal.values)
    if stays_by_letters(operator) or any(values.size < FEW for values in integers):
        return None
    kinds = _kinds(operator, tuple([signal.dtype for signal in signals]))
    if any(dtype.char not in NUMBERS for dtype in kinds):
        return None
    given = tuple([(signal.starts, signal.values.shape, signal.dtype) for signal in signals])
    compiled = as_written(operator, signals[0].values.ndim)
    (plan,) = remembered(compiled, "_plans", given, lambda: (_plan(operator, compiled, signals, kinds),), MOST_PLANS)
    found: Plan | None = plan
    if found is not None and any(magnitude(values) * found.growth >= EXACT for values in integers):
        return None
    return found


def _kinds(operator: LinearOperator, dtypes: tuple[Any, ...]) -> tuple[Any, ...]:
    """The dtypes of the outputs for inputs of some dtypes."""

    def make() -> tuple[Any, ...]:
        nothing = tuple([Numbers(np.zeros(0, dtype), weak=False) for dtype in dtypes])
        return tuple([numbers.array.dtype for numbers in evaluate_channels(operator, nothing, Dtypes())])

    found: tuple[Any, ...] = remembered(operator, "_kinds", dtypes, make, MOST_PLANS)
    return found


def _plan(
    operator: LinearOperator, compiled: Compiled, signals: tuple[Signal, ...], kinds: tuple[Any, ...]
) -> Plan | None:
    windows = tuple(map(window_of, signals))
    reached = evaluate_channels(operator, windows, Windows())
    outputs = tuple(map(Output, reached, kinds))
    together: dict[Any, list[int]] = {}
    for i, (window, dtype) in enumerate(outputs):
        window.check_size(max(8, dtype.itemsize))
        if window.size:
            together.setdefault((dtype, _is_single(compiled.ends[1][i])), []).append(i)
    given = [Output(window, signal.dtype) for window, signal in zip(windows, signals, strict=True)]
    parts = [_part(compiled, given, outputs, members) for members in together.values()]
    found = tuple([part for part in parts if part is not None])
    growth = max((part.growth for part in found), default=1.0)
    return Plan(outputs, found, growth) if len(found) == len(parts) else None


def _part(compiled: Compiled, given: list[Output], outputs: tuple[Output, ...], members: list[int]) -> Part | None:
    """How outputs of one dtype are computed; None where their program cannot run."""
    ends, dtype = compiled.ends, outputs[members[0]].dtype
    values, windows = [ends[1][i] for i in members], [outputs[i].window for i in members]
    read = _ancestors(values)
    inputs = [j for j, start in enumerate(ends[0]) if start in read]
    starts = [ends[0][j] for j in inputs]
    if len(given) == len(outputs) == 1:
        program = compiled.program(given[0].window, windows[0])  # which a bound operator may have as well
    else:
        program = Program([(ends[0][j], given[j].window) for j in inputs], list(zip(values, windows, strict=True)))
    if not _can_run(program, dtype):
        return None
    known = [given[j] for j in inputs]
    if _is_single(values[0]):
        run: Callable[[Arrays], Sequence[np.ndarray]] = partial(_moved, program, dtype)
    else:
        run = _mixed(starts, values, known, windows, dtype) or _ready(program, known, dtype)
    return Part(tuple(members), tuple(inputs), program.growth(), run)


def _ancestors(values: Sequence[Value]) -> set[Value]:
    """All values that some are made of."""
    found, stack = set(values), list(values)
    while stack:
        new = [source for source, _ in stack.pop().terms if source not in found]
        found.update(new)
        stack += new
    return found


def _can_run(program: Program, dtype: Any) -> bool:
    """Whether every way computes with these numbers and indices; windows that are too large are refused."""
    limit, most, factor = float(2**63 if dtype.kind in "iu" else np.finfo(dtype).max), 1, 1
    for window in program.windows.values():
        window.check_size(max(8, dtype.itemsize))
        most = max(most, *map(abs, window.starts), *map(abs, window.stops))
    for action in (action for value in program.order for _, action in value.terms):
        if isinstance(action, Fir):
            if action.taps.dtype.kind not in "iufc":
                return False  # integers of any size
            most = max(most, *map(abs, action.start), *action.shape)
            factor = max(factor, *action.up, *map(abs, action.down))
        elif type(action) is Weight and not np.all(np.abs(action.values) <= limit):
            return False  # refused only where it is read
    return most * factor**2 < MOST_INDEX


# Each sample of the output is one of the input -------------------------------------------------------------------


def _is_single(value: Value) -> bool:
    """Whether no step adds anything: the sign of a zero is then that of the product."""
    while not value.is_input:
        if len(value.terms) != 1:
            return False
        ((value, action),) = value.terms
        if isinstance(action, Fir) and (action.mixes or action.taps.size != 1):
            return False
    return True


def _moved(program: Program, dtype: Any, arrays: Arrays) -> Arrays:
    """The outputs, step by step, every sample written once."""
    kind = np.dtype(dtype.str.replace("u", "i"))  # bits that only move need no sign
    held = {value: _cast(x, kind) for (value, _), x in zip(program.inputs, arrays, strict=True)}
    for value in program.order:
        if value not in held:
            ((source, action),) = value.terms
            written, read = program.windows[value], program.windows[source]
            y = np.zeros(written.shape, kind)
            if isinstance(action, Relabel):
                action.move(y, np.ascontiguousarray(held[source]), written, read)
            else:
                if _has_sign(action, kind):
                    for to in action.touched(written, read):
                        y[to] = NEGATIVE_ZERO[kind.kind]
                action.add_to(y, held[source], written, read)
            held[value] = y
    return [held[value].view(dtype) for value, _ in program.outputs]


def _has_sign(action: Any, dtype: Any) -> bool:
    """Whether the sign of a zero comes out; a tap of which a part is zero adds nothing there."""
    if dtype.kind == "i":
        return False
    tap = action.taps_in(dtype).reshape(-1) if isinstance(action, Fir) else np.ones(1)
    return bool(np.all(tap.real != 0) and (tap.dtype.kind != "c" or np.all(tap.imag != 0)))


# Filters and sums ------------------------------------------------------------------------------------------------


def _cast(x: np.ndarray, dtype: Any) -> np.ndarray:
    """x in the precision of a dtype, real where it is real."""
    return x.astype(np.finfo(dtype).dtype if dtype.kind == "c" and x.dtype.kind != "c" else dtype, copy=False)


def _mixed(
    starts: list[Value], ends: list[Value], given: list[Output], windows: list[Window], dtype: Any
) -> Callable[[Arrays], Arrays] | None:
    """All filters between channels as one whose taps are matrices, where they fit together."""
    out, (first, *others) = union(windows), given
    pairs = [(i, source) for i, end in enumerate(ends) for source, _ in end.terms]
    if len(starts) * len(ends) == 1 or any(other != first for other in others) or len(set(pairs)) < len(pairs):
        return None
    if out.size * len(ends) > SPREAD * sum(window.size for window in windows):
        return None
    one = merged(starts, ends, len(out.starts), SPREAD)
    if one is None:
        return None
    program = Program([(one[0][0], first.window)], [(one[1][0], out)])
    places = [place(window, out) for window in windows]
    run = _ready(program, [first], dtype)

    def mix(arrays: Arrays) -> Arrays:
        (y,) = run([np.stack([_cast(x, dtype) for x in arrays])])
        return [channel[at] for channel, at in zip(y, places, strict=True)]

    return mix


def _ready(program: Program, given: list[Output], dtype: Any) -> Callable[[Arrays], Sequence[np.ndarray]]:
    """What runs a program: the one filter that it is, its matrix, or step by step."""

    def steps(arrays: Arrays) -> list[np.ndarray]:
        return program.run([_cast(x, dtype) for x in arrays], dtype)

    if dtype.kind in "iu" or any((known.dtype.kind == "c") != (dtype.kind == "c") for known in given):
        return steps
    (start, window), *others = program.inputs
    whole = None if others or start.channels else program.whole(len(window.shape), 1, dtype, "auto")
    if whole is not None:
        return lambda arrays: [whole(_cast(arrays[0], dtype))]
    return _by_matrix(program, dtype, steps) or steps


def _by_matrix(
    program: Program, dtype: Any, steps: Callable[[Arrays], list[np.ndarray]]
) -> Callable[[Arrays], Sequence[np.ndarray]] | None:
    """A small program of one input and output through its matrix."""
    if len(program.inputs) > 1 or len(program.outputs) > 1:
        return None
    shapes = [
        (*(() if v.channels is None else (v.channels,)), *w.shape) for v, w in (*program.inputs, *program.outputs)
    ]
    inputs, outputs = shapes
    if not (is_served(dtype, prod(inputs) * prod(outputs)) and program.is_tame(dtype)):
        return None
    inner, divisor = program.undivided
    matrix = matrix_of(lambda x: inner.run([x], dtype, "numpy")[0], inputs, prod(outputs), dtype)
    through = ThroughMatrix(matrix, divisor, inputs, outputs, lambda x: steps([x])[0])
    return lambda arrays: [through(_cast(arrays[0], dtype))]
