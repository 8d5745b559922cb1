"""Programs: an operator on arrays as filters between windows, run forwards or transposed.

A *value* is an array on a window of indices, computed as a sum of *terms*, each of which is a filter
(:class:`~.fir.Fir`), a periodic weight or a sampling by a matrix (:class:`~.relabel.Relabel`) applied to an earlier
value.  :func:`compile_operator` writes an expression as such values; neighbouring letters become one filter where that
costs nothing, so that a strided convolution computes only the samples that are kept and a transposed one multiplies
no inserted zeros.  :class:`Program` places the values on windows, just large enough for what is asked of them.

Transposing a program reverses every arrow: each filter is replaced by its transpose, on the same windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..errors import FormalSignalError
from ..expr.operators import LinearOperator
from ..expr.sampling import SamplingMatrix
from ..expr.signals import Signal
from ..expr.traverse import formal_parts
from ..scalar import Scalar, exact, is_sympy
from . import compiled, cuda_
from .arithmetic import check_bound, evaluated
from .device import module_of
from .dispatch import Choice, choose, engine_for, plan
from .fir import Fir, Ints
from .relabel import Relabel
from .unfold import evaluate, formal_error
from .weights import Tone, Weight
from .window import Window, intersection, union

Action: TypeAlias = Fir | Weight | Relabel


class Term(NamedTuple):
    """An action on an earlier value."""

    source: Value
    action: Action


@dataclass(frozen=True, eq=False)
class Value:
    """The sum of its terms; the input of a program is the value that has none."""

    terms: tuple[Term, ...]
    is_input: bool = False
    channels: int | None = None  # the axis before the window's, where there is one


# From expressions to values ---------------------------------------------------------------------------------


class Compiler:
    """The letters on values; see :class:`~opalgebra.engine.unfold.Machine`."""

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim

    def convolve(self, x: Value, kernel: Signal) -> Value:
        """A filter; merged into a single tap that stands before it."""
        taps = numbers(kernel)
        return self._after(x, lambda fir: fir.is_single, lambda fir: fir.then_filter(taps, kernel.starts))

    def modulate(self, x: Value, sequence: Signal) -> Value:
        """A periodic weight."""
        return Value((Term(x, Weight(numbers(sequence), sequence.starts)),))

    def character(self, x: Value, frequency: Any) -> Value:
        """Weights that are computed for the window at hand."""
        return Value((Term(x, Tone(frequency)),))

    def scale(self, x: Value, scalar: Scalar) -> Value:
        """A single tap."""
        tap = np.asarray(number(scalar)).reshape((1,) * self.ndim)
        return self._after(x, lambda fir: fir.is_single, lambda fir: fir.then_filter(tap, (0,) * self.ndim))

    def up(self, x: Value, factors: Ints) -> Value:
        """Merged into a single tap."""
        return self._after(x, lambda fir: fir.is_single, lambda fir: fir.then_up(factors))

    def down(self, x: Value, factors: Ints) -> Value:
        """Always merged: the samples that it drops are never computed."""
        return self._after(x, lambda fir: True, lambda fir: fir.then_down(factors))

    def spread(self, x: Value, matrix: SamplingMatrix) -> Value:
        """A relabelling; zero stays zero."""
        return Value((Term(x, Relabel(matrix, spreads=True)),)) if x.terms or x.is_input else x

    def sample(self, x: Value, matrix: SamplingMatrix) -> Value:
        """A relabelling; zero stays zero."""
        return Value((Term(x, Relabel(matrix, spreads=False)),)) if x.terms or x.is_input else x

    def shift(self, x: Value, shifts: Ints) -> Value:
        """Always merged."""
        return self._after(x, lambda fir: True, lambda fir: fir.then_shift(shifts))

    def flip(self, x: Value) -> Value:
        """Always merged."""
        return self._after(x, lambda fir: True, lambda fir: fir.then_flip())

    def zero(self, x: Value) -> Value:
        """A sum of nothing."""
        return Value(())

    def total(self, terms: Sequence[Value]) -> Value:
        """All terms of all, added into one array."""
        found: list[Term] = []
        for value in terms:
            found += [Term(value, Fir.identity(self.ndim))] if value.is_input else value.terms
        return Value(tuple(found))

    def _after(self, x: Value, fits: Any, change: Any) -> Value:
        if not x.terms and not x.is_input:
            return x  # zero stays zero
        if len(x.terms) == 1:
            ((source, action),) = x.terms
            if isinstance(action, Fir) and fits(action):
                return Value((Term(source, change(action)),))
        return Value((Term(x, change(Fir.identity(self.ndim))),))


def numbers(signal: Signal) -> np.ndarray:
    """The samples as numbers: integers stay integers, exact entries become floats."""
    if not signal.is_exact:
        return signal.values
    return _numeric(signal.values)


def number(scalar: Scalar) -> Any:
    """A scalar as a number to compute with."""
    entry = np.empty((), dtype=object)
    entry[()] = scalar
    return _numeric(entry)[()] if is_sympy(scalar) or not isinstance(scalar, (int, float, complex)) else scalar


def _numeric(entries: np.ndarray) -> np.ndarray:
    symbols = {str(s) for entry in entries.flat if is_sympy(entry) for s in entry.free_symbols}
    if symbols:
        raise FormalSignalError(
            f"the operator has the symbol {', '.join(sorted(symbols))} and cannot run on numbers; "
            "its exact matrix is .matrix(), or give numbers for the symbols"
        )
    whole = [exact(entry) for entry in entries.flat]
    if all(isinstance(entry, int) and abs(entry) < 2**62 for entry in whole):
        return np.array(whole, dtype=np.int64).reshape(entries.shape)
    return evaluated(entries, np.dtype(np.float64)).array


Ends: TypeAlias = tuple[list[Value], list[Value]]


def compile_grid(entries: Sequence[Sequence[LinearOperator]], ndim: int) -> Ends:
    """The inputs and outputs of a grid of plain operators, a value for each channel.

    Where all entries are filters of the same rates that leave out no tap, one value with a channel axis stands
    for all inputs and one for all outputs.
    """
    formal = list(dict.fromkeys(name for row in entries for entry in row for name in formal_parts(entry)))
    if formal:
        raise formal_error(*formal)
    machine = Compiler(ndim)
    starts = [Value((), is_input=True) for _ in entries[0]]
    ends = [
        machine.total([evaluate(entry, start, machine) for entry, start in zip(row, starts, strict=True)])
        for row in entries
    ]
    if len(starts) * len(ends) > 1:
        fir = _merged(starts, ends, ndim)
        if fir is not None:
            start = Value((), is_input=True, channels=len(starts))
            return [start], [Value((Term(start, fir),), channels=len(ends))]
    return starts, ends


def _merged(starts: list[Value], ends: list[Value], ndim: int) -> Fir | None:
    """All filters between the channels as one whose taps are matrices; None where they do not fit together."""
    column = {start: j for j, start in enumerate(starts)}
    terms = [(i, term) for i, end in enumerate(ends) for term in end.terms]
    found = [(i, column[t.source], t.action) for i, t in terms if t.source in column and isinstance(t.action, Fir)]
    firs = [fir for _, _, fir in found]
    if len(found) < len(terms) or len({(fir.up, fir.down) for fir in firs}) != 1:
        return None
    first = [min(fir.start[a] for fir in firs) for a in range(ndim)]
    last = [max(fir.start[a] + fir.shape[a] for fir in firs) for a in range(ndim)]
    size = [b - a for a, b in zip(first, last, strict=True)]
    taps = np.zeros((len(ends), len(starts), *size), dtype=np.result_type(*(fir.taps for fir in firs)))
    for i, j, fir in found:
        place = [slice(s - a, s - a + n) for s, a, n in zip(fir.start, first, fir.shape, strict=True)]
        taps[i, j][tuple(place)] += fir.taps
    groups = _groups(taps)
    return None if groups is None else replace(firs[0], taps=groups, start=tuple(first), mixes=True)


def _groups(taps: np.ndarray) -> np.ndarray | None:
    """Taps (outs, ins, …) as (groups, outs, ins, …), with no zero at a tap that is used.

    A zero in a matrix product would carry a NaN to outputs that do not depend on it.
    """
    outs, ins = taps.shape[:2]
    for groups in range(gcd(outs, ins), 0, -1):
        if outs % groups or ins % groups:
            continue
        cut = taps.reshape(groups, outs // groups, groups, ins // groups, *taps.shape[2:])
        diagonal = np.stack([cut[g, :, g] for g in range(groups)])
        if np.count_nonzero(diagonal) < np.count_nonzero(taps):
            continue
        used = np.any(diagonal != 0, axis=(0, 1, 2))
        return diagonal if np.count_nonzero(diagonal) == np.count_nonzero(used) * outs * ins // groups else None
    return None


# Running ----------------------------------------------------------------------------------------------------


class Beyond(NamedTuple):
    """The window on which an input array lies, and the rules by which it continues beyond."""

    window: Window
    rules: tuple[str, ...]


@dataclass
class _Run:
    """One run of a program: the arrays so far, the batch, the dtype."""

    program: Program
    held: dict[Value, np.ndarray]
    lead: tuple[int, ...]
    dtype: Any
    engine: str
    beyond: Beyond | None
    xp: Any  # the module of the arrays

    def compute(self, value: Value, out: np.ndarray | None) -> np.ndarray:
        """The array of a value: the sum of its terms."""
        window = self.program.windows[value]
        space = window.shape if value.channels is None else (value.channels, *window.shape)
        shape = (*self.lead, *space)
        if self.dtype.kind == "i":
            check_bound(sum(action.check_integers(self.held[source]) for source, action in value.terms))
        choices = self.program.choices(value, prod(self.lead), self.dtype, self.engine, self.beyond)
        terms = list(zip(value.terms, choices, strict=True))
        result, is_new = out, True
        for (source, action), choice in terms:  # planned ones first: the first of them needs no zeros
            if choice.is_planned and isinstance(action, Fir):
                result = self._filtered(action, source, window, choice, result, shape, not is_new)
                is_new = False
        if is_new or result is None:
            result = _zeros(shape, self.dtype, out, self.xp)
        for (source, action), choice in terms:
            if not choice.is_planned:
                action.add_to(result, self.held[source], window, self.program.windows[source])
        return result

    def _filtered(
        self, fir: Fir, source: Value, written: Window, choice: Choice, y: Any, shape: tuple[int, ...], add: bool
    ) -> Any:
        """y, or a new array of the shape, after a filter has been written to it."""
        x = self.held[source]
        if not choice.is_on_device:
            x = x.astype(self.dtype, copy=False) if choice.is_compiled else x
            return self.program.planned(fir, source, written, self.dtype, choice, self.beyond).run(x, y, add=add)
        y = self.xp.empty(shape, self.dtype) if y is None else y
        read, rules = self.program.read_by(source, written, self.beyond)
        cuda_.add_to(fir, y, x, written, read, boundary=rules, add=add)
        return y


def _zeros(shape: tuple[int, ...], dtype: Any, out: np.ndarray | None, xp: Any) -> np.ndarray:
    if out is None:
        zeros: np.ndarray = xp.zeros(shape, dtype=dtype)
        return zeros
    out[...] = 0
    return out


class PlannedTerm(NamedTuple):
    """A term with the windows that it reads and writes, and how it is computed."""

    action: Action
    read: Window
    written: Window
    choice: Choice


class Program:
    """Values on windows.

    Parameters
    ----------
    inputs, outputs : sequences of (Value, Window)
        Several where an operator has channels that are computed one by one.
    """

    def __init__(self, inputs: Sequence[tuple[Value, Window]], outputs: Sequence[tuple[Value, Window]]) -> None:
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self.order = _in_order(self.outputs, self.inputs)
        self.windows = _windows(self.order, self.inputs, self.outputs)

    @cached_property
    def conjugated(self) -> Program:
        """The program of the conjugated operator."""
        made: dict[Value, Value] = {value: value for value, _ in self.inputs}
        for value in self.order:
            if value not in made:
                terms = tuple(Term(made[source], action.conjugated) for source, action in value.terms)
                made[value] = Value(terms, channels=value.channels)
        return _on_windows(self, self.inputs, [(made[v], w) for v, w in self.outputs], made)

    @cached_property
    def transposed(self) -> Program:
        """The program of the transpose: every arrow reversed, every window as it is."""
        ends = {value: Value((), is_input=True, channels=value.channels) for value, _ in self.outputs}
        flows: dict[Value, list[Term]] = {value: [] for value in self.order}
        made: dict[Value, Value] = {}
        for value in reversed(self.order):
            if value in ends and flows[value]:  # an output that later values read as well
                flows[value].append(Term(ends[value], Fir.identity(len(self.windows[value].starts))))
            alone = value in ends and not flows[value]
            made[value] = ends[value] if alone else Value(tuple(flows[value]), channels=value.channels)
            for source, action in value.terms:
                flows[source].append(Term(made[value], action.transposed))
        return _on_windows(self, [(ends[v], w) for v, w in self.outputs], [(made[v], w) for v, w in self.inputs], made)

    def run(
        self,
        arrays: Sequence[np.ndarray],
        dtype: Any,
        engine: str = "auto",
        beyond: Beyond | None = None,
        out: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """The outputs for input arrays whose trailing axes are the windows; leading axes are a batch.

        ``beyond`` says on which window the arrays really are and by which rules they continue; only programs that
        :meth:`reads_directly` take it.  ``out`` is written to where there is one output and it is computed at once.
        """
        held = {value: array for (value, _), array in zip(self.inputs, arrays, strict=True)}
        lead = self._lead(arrays[0]) if arrays else ()
        last = self._last_use
        xp = module_of(arrays[0]) if arrays else np
        run = _Run(self, held, lead, np.dtype(dtype), engine_for(xp, engine), beyond, xp)
        ends = [value for value, _ in self.outputs]
        for position, value in enumerate(self.order):
            if value not in held:
                held[value] = run.compute(value, out if len(ends) == 1 and value is ends[0] else None)
            for done in last.get(position, ()):
                del held[done]
        return [held[value] for value in ends]

    def choices(self, value: Value, batch: int, dtype: Any, engine: str, beyond: Beyond | None = None) -> list[Choice]:
        """How each term of a value is computed."""
        key = value, batch, dtype, engine, beyond
        kept: dict[Any, list[Choice]] = self.__dict__.setdefault("_choices", {})
        found = kept.get(key)
        if found is None:
            if len(kept) > 256:
                kept.clear()
            continues = [beyond is not None and source.is_input for source, _ in value.terms]
            found = kept[key] = [
                choose(action, self.windows[value], self._read(source, beyond), batch, dtype, engine, is_input)
                for (source, action), is_input in zip(value.terms, continues, strict=True)
            ]
        return found

    def planned(
        self, fir: Fir, source: Value, written: Window, dtype: Any, choice: Choice, beyond: Beyond | None
    ) -> Any:
        """What runs a filter in a way that is planned."""
        read, rules = self.read_by(source, written, beyond)
        return plan(fir, written, read, dtype, rules, choice.way)

    def read_by(self, source: Value, written: Window, beyond: Beyond | None) -> Beyond:
        """On which window a value is read, and by which rules it continues beyond."""
        if beyond is not None and source.is_input:
            return beyond
        return Beyond(self.windows[source], ("zero",) * len(written.starts))

    def whole(self, ndim: int, batch: int, dtype: Any, engine: str, beyond: Beyond | None = None) -> Any:
        """A function from the input of so many axes to the output, where one planned filter is all; else None."""
        if len(self.outputs) != 1 or len(self.order) != 2:
            return None
        ((value, window),) = self.outputs
        if len(value.terms) != 1:
            return None
        ((source, action),) = value.terms
        (choice,) = self.choices(value, batch, dtype, engine, beyond)
        if not choice.is_planned or not isinstance(action, Fir):
            return None
        planned = self.planned(action, source, window, dtype, choice, beyond)
        return planned.run if choice.is_compiled else planned.ready(ndim)

    def _read(self, source: Value, beyond: Beyond | None) -> Window:
        return beyond.window if beyond is not None and source.is_input else self.windows[source]

    def reads_directly(self, batch: int, dtype: Any, engine: str, beyond: Beyond) -> bool:
        """Whether every term that reads the input can continue it by itself, so that it need not be copied."""
        if not all(rule in compiled.MODES for rule in beyond.rules):
            return False
        return all(
            choice.continues
            for value in self.order
            for (source, _), choice in zip(value.terms, self.choices(value, batch, dtype, engine, beyond), strict=True)
            if source.is_input
        )

    def _lead(self, array: np.ndarray) -> tuple[int, ...]:
        value, window = self.inputs[0]
        return array.shape[: array.ndim - len(window.starts) - (value.channels is not None)]

    @cached_property
    def _last_use(self) -> dict[int, list[Value]]:
        """Which values are needed no more after each position, so that their memory is free again."""
        kept = {value for value, _ in self.outputs}
        last: dict[Value, int] = {}
        for position, value in enumerate(self.order):
            last.update({source: position for source, _ in value.terms})
        found: dict[int, list[Value]] = {}
        for value, position in last.items():
            if value not in kept:
                found.setdefault(position, []).append(value)
        return found

    @cached_property
    def most_held(self) -> int:
        """The most samples that a run holds at once, besides its inputs."""
        held = most = 0
        for position, value in enumerate(self.order):
            if not value.is_input:
                held += self._samples(value)
                most = max(most, held)
            held -= sum(self._samples(done) for done in self._last_use.get(position, ()) if not done.is_input)
        return most

    def _samples(self, value: Value) -> int:
        return self.windows[value].size * (value.channels or 1)

    def gain(self) -> float:
        """A bound of the outputs for inputs of at most 1."""
        gains = {value: 1.0 for value, _ in self.inputs}
        for value in self.order:
            if value not in gains:
                gains[value] = sum(gains[source] * action.gain for source, action in value.terms)
        return max(gains[value] for value, _ in self.outputs)

    def stages(self, dtype: Any, engine: str, beyond: Beyond | None = None) -> Iterator[PlannedTerm]:
        """Every term, in order, as it is computed for one array of a dtype."""
        for value in self.order:
            choices = self.choices(value, 1, np.dtype(dtype), engine, beyond)
            for (source, action), choice in zip(value.terms, choices, strict=True):
                yield PlannedTerm(action, self._read(source, beyond), self.windows[value], choice)


def window_read(starts: Sequence[Value], ends: Sequence[Value], out: Window) -> Window:
    """The part of the inputs that the outputs of a window read, however far the inputs go."""
    order = _in_order([(end, out) for end in ends], [(start, out) for start in starts])
    asked: dict[Value, list[Window]] = {value: [] for value in order}
    for end in ends:
        asked[end].append(out)
    for value in reversed(order):
        if asked[value]:
            window = union(asked[value])
            for source, action in value.terms:
                asked[source].append(action.reads(window))
    return union([out.emptied(), *(window for start in starts for window in asked[start])])


def window_reached(starts: Sequence[Value], ends: Sequence[Value], read: Window) -> Window:
    """The part of the outputs that the inputs of a window reach, however far the outputs go."""
    reach: dict[Value, Window] = dict.fromkeys(starts, read)
    for value in _in_order([(end, read) for end in ends], [(start, read) for start in starts]):
        if value not in reach:
            parts = (action.reaches(reach[source]) for source, action in value.terms)
            reach[value] = union([read.emptied(), *parts])
    return union([read.emptied(), *(reach[end] for end in ends)])


def _on_windows(old: Program, inputs: Any, outputs: Any, made: dict[Value, Value]) -> Program:
    """A program whose values take the windows of the values that they were made from."""
    program = object.__new__(Program)
    program.inputs, program.outputs = tuple(inputs), tuple(outputs)
    program.order = _in_order(program.outputs, program.inputs)
    program.windows = {made[value]: window for value, window in old.windows.items()} | dict(program.inputs)
    return program


def _in_order(outputs: Sequence[tuple[Value, Window]], inputs: Sequence[tuple[Value, Window]]) -> list[Value]:
    """All values, sources first."""
    done: dict[Value, None] = {value: None for value, _ in inputs}
    stack = [(value, False) for value, _ in reversed(outputs)]
    while stack:
        value, ready = stack.pop()
        if value in done:
            continue
        if ready:
            done[value] = None
            continue
        stack.append((value, True))
        stack.extend((source, False) for source, _ in value.terms)
    return list(done)


def _windows(order: list[Value], inputs: Any, outputs: Any) -> dict[Value, Window]:
    """What is asked of each value and can be other than zero."""
    fixed = dict(inputs)
    nowhere = outputs[0][1].emptied()
    reach: dict[Value, Window] = {}
    asked: dict[Value, list[Window]] = {value: [] for value in order}
    for value in order:
        if value in fixed:
            reach[value] = fixed[value]
        else:
            reach[value] = union([nowhere, *(action.reaches(reach[source]) for source, action in value.terms)])
    for value, window in outputs:
        asked[value].append(window)
    found: dict[Value, Window] = {**fixed, **dict(outputs)}
    for value in reversed(order):
        if value not in found:
            found[value] = intersection(union(asked[value]), reach[value])
        for source, action in value.terms:
            asked[source].append(action.reads(found[value]))
    return found
