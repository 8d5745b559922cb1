"""Programs: the values of an operator (:mod:`.values`) on windows of arrays, run forwards or transposed.

:class:`Program` places the values on windows, just large enough for what is asked of them.  Transposing a program
reverses every arrow: each filter is replaced by its transpose, on the same windows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2, prod
from typing import Any, NamedTuple

import numpy as np

from ..arrays.arithmetic import check_bound, divided
from ..arrays.device import module_of
from ..arrays.rules import CODES
from ..arrays.window import Window, intersection, union
from ..filters.fir import Fir
from ..filters.remembered import remembered
from ..filters.weights import Quotient
from ..ways.choose import choose, engine_for, planned
from ..ways.tuned import state
from ..ways.way import Choice, Way
from .values import Action, Term, Value


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
        """The array of a value: the sum of its terms, divided where that is all that is done with it."""
        window = self.program.windows[value]
        if value in self.program.divided:
            return self.held[value.terms[0].source]  # where it was divided
        space = window.shape if value.channels is None else (value.channels, *window.shape)
        shape = (*self.lead, *space)
        if self.dtype.kind == "i":
            check_bound(sum(action.check_integers(self.held[source]) for source, action in value.terms))
        choices = self.program.choices(value, prod(self.lead), self.dtype, self.engine, self.beyond)
        terms = list(zip(value.terms, choices, strict=True))
        result, is_new = out, True
        divisor = self.program.divisors.get(value, 1)
        within = divisor if len(terms) == 1 and terms[0][1].way.divides else 1
        for (source, action), choice in terms:  # planned ones first: the first of them needs no zeros
            if choice.way.plan is not None:
                x = self.held[source]
                made = self.program.planned(action, source, window, self.dtype, choice.way, self.beyond, within)
                result = made.run(x.astype(self.dtype, copy=False) if choice.way.casts else x, result, add=not is_new)
                is_new = False
        only = value.terms[0] if len(terms) == 1 else None
        if only is not None and isinstance(only.action, Quotient) and self.program.windows[only.source] == window:
            return divided(self.held[only.source], only.action.divisor, self.dtype, result)  # no zeros to add to
        if is_new or result is None:
            result = _zeros(shape, self.dtype, out, self.xp)
        for (source, action), choice in terms:
            if choice.way.plan is None:
                action.add_to(result, self.held[source], window, self.program.windows[source])
        return result if divisor == within else divided(result, divisor, self.dtype, result)


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
    def divisors(self) -> dict[Value, int]:
        """Values that are read once, to be divided: this is done in place, or on the way to where they are written."""
        uses = Counter(source for value in self.order for source, _ in value.terms)
        ends = {value for value, _ in self.outputs}
        found = {}
        for value in self.order:
            if len(value.terms) == 1:
                ((source, action),) = value.terms
                alone = uses[source] == 1 and source not in ends and not source.is_input
                if isinstance(action, Quotient) and alone and self.windows[source] == self.windows[value]:
                    found[source] = action.divisor
        return found

    @cached_property
    def divided(self) -> set[Value]:
        """The quotients of these."""
        return {value for value in self.order if value.terms and value.terms[0].source in self.divisors}

    @cached_property
    def undivided(self) -> tuple[Program, int]:
        """The program without a division that comes last, and its divisor."""
        ((value, window),) = self.outputs[:1]
        if len(self.outputs) > 1 or value not in self.divided:
            return self, 1
        source = value.terms[0].source
        made = _on_windows(self, self.inputs, [(source, window)], {kept: kept for kept in self.windows})
        del made.windows[value]
        return made, self.divisors[source]

    @property
    def ends_separably(self) -> bool:
        """Whether the output is one filter whose taps are an outer product."""
        terms = self.outputs[0][0].terms
        return len(terms) == 1 and isinstance(terms[0].action, Fir) and terms[0].action.factors is not None

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
        """The program of the transpose: every arrow reversed, every window as it is.

        A division at the end stays there where a filter can make it on the way.
        """
        inner, divisor = self.undivided
        if divisor > 1 and len(self.inputs) == 1 and inner.ends_separably:
            turned = inner.transposed
            ((value, window),) = turned.outputs
            whole = Value((Term(value, Quotient(divisor, len(window.starts))),), channels=value.channels)
            return _on_windows(turned, turned.inputs, [(whole, window)], {kept: kept for kept in turned.windows})
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
        written = {ends[0], *(t.source for t in ends[0].terms if ends[0] in self.divided)} if len(ends) == 1 else set()
        for position, value in enumerate(self.order):
            if value not in held:
                held[value] = run.compute(value, out if value in written else None)
            for done in last.get(position, ()):
                del held[done]
        return [held[value] for value in ends]

    def choices(self, value: Value, batch: int, dtype: Any, engine: str, beyond: Beyond | None = None) -> list[Choice]:
        """How each term of a value is computed."""

        def make() -> list[Choice]:
            continues = [beyond is not None and source.is_input for source, _ in value.terms]
            return [
                choose(
                    action,
                    self.windows[value],
                    self.read_by(source, self.windows[value], beyond).window,
                    batch,
                    dtype,
                    engine,
                    is_input,
                )
                for (source, action), is_input in zip(value.terms, continues, strict=True)
            ]

        key = value, batch, dtype, engine, beyond, state()
        return remembered(self, "_choices", key, make, 256 + 4 * len(self.order))

    def planned(
        self, fir: Any, source: Value, written: Window, dtype: Any, way: Way, beyond: Beyond | None, divisor: int = 1
    ) -> Any:
        """What runs a filter in a way that has plans."""
        read, rules = self.read_by(source, written, beyond)
        return planned(fir, written, read, dtype, rules, way, divisor)

    def read_by(self, source: Value, written: Window, beyond: Beyond | None) -> Beyond:
        """On which window a value is read, and by which rules it continues beyond."""
        if beyond is not None and source.is_input:
            return beyond
        return Beyond(self.windows[source], ("zero",) * len(written.starts))

    def whole(self, ndim: int, batch: int, dtype: Any, engine: str, beyond: Beyond | None = None) -> Any:
        """A function from the input of so many axes to the output, where one planned filter is all; else None.

        A division after it is made as well.
        """
        found = self.alone(batch, dtype, engine, beyond)
        if found is None:
            return None
        planned, is_direct, divisor = found
        run = planned.ready(ndim) if is_direct else planned.run
        return run if divisor == 1 else _then_divided(run, divisor)

    def alone(self, batch: int, dtype: Any, engine: str, beyond: Beyond | None = None) -> Any:
        """The planned filter that is all there is, whether it makes its output at once, and by what is divided then."""
        inner, divisor = self.undivided if len(self.outputs) == 1 else (self, 1)
        if len(self.outputs) != 1 or len(inner.order) != 2:
            return None
        ((value, window),) = inner.outputs
        if len(value.terms) != 1:
            return None
        ((source, action),) = value.terms
        (choice,) = self.choices(value, batch, dtype, engine, beyond)
        if choice.way.plan is None:
            return None
        within = divisor if choice.way.divides else 1
        planned = self.planned(action, source, window, dtype, choice.way, beyond, within)
        return planned, choice.way.is_direct, divisor if divisor != within else 1

    def reads_directly(self, batch: int, dtype: Any, engine: str, beyond: Beyond) -> bool:
        """Whether every term that reads the input can continue it by itself, so that it need not be copied."""
        if not all(rule in CODES for rule in beyond.rules):
            return False
        return all(
            choice.way.continues
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
            if not value.is_input and value not in self.divided:  # a quotient takes the place of its dividend
                held += self._samples(value)
                most = max(most, held)
            done = [v for v in self._last_use.get(position, ()) if not v.is_input and v not in self.divisors]
            held -= sum(map(self._samples, done))
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

    def growth(self) -> float:
        """A bound of all values on the way, for inputs of at most 1."""
        reach = {value: 1.0 for value, _ in self.inputs}
        for value in self.order:
            if value not in reach:
                reach[value] = sum(reach[source] * max(1.0, action.gain) for source, action in value.terms)
        return max(reach.values())

    def is_tame(self, dtype: Any) -> bool:
        """Whether no product of taps along a path comes near to where numbers of a dtype end.

        A matrix multiplies these before x, which may be what makes up for a tiny one.
        """
        reach = {value: 0.0 for value, _ in self.inputs}
        for value in self.order:
            if value not in reach:
                reach[value] = max(
                    (reach[source] + abs(log2(action.gain or 1.0)) for source, action in value.terms), default=0.0
                )
        return max(reach.values()) < np.finfo(dtype).maxexp / 2

    def stages(self, dtype: Any, engine: str, beyond: Beyond | None = None) -> Iterator[PlannedTerm]:
        """Every term, in order, as it is computed for one array of a dtype."""
        for value in self.order:
            choices = self.choices(value, 1, np.dtype(dtype), engine, beyond)
            for (source, action), choice in zip(value.terms, choices, strict=True):
                yield PlannedTerm(
                    action, self.read_by(source, self.windows[value], beyond).window, self.windows[value], choice
                )


def _then_divided(run: Callable[[np.ndarray], np.ndarray], divisor: int) -> Callable[[np.ndarray], np.ndarray]:
    """The function, its result divided in place."""

    def both(x: np.ndarray) -> np.ndarray:
        y = run(x)
        if y.dtype.kind == "c":
            return divided(y, divisor, y.dtype, y)
        return np.true_divide(y, divisor, y)

    return both


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
    order = _in_order([(end, read) for end in ends], [(start, read) for start in starts])
    reach = _reach(order, dict.fromkeys(starts, read), read.emptied())
    return union([read.emptied(), *(reach[end] for end in ends)])


def _reach(order: Sequence[Value], known: dict[Value, Window], nowhere: Window) -> dict[Value, Window]:
    """Where each value can be other than zero, for what the inputs are on."""
    reach = dict(known)
    for value in order:
        if value not in reach:
            reach[value] = union([nowhere, *(action.reaches(reach[source]) for source, action in value.terms)])
    return reach


def _on_windows(old: Program, inputs: Any, outputs: Any, made: dict[Value, Value]) -> Program:
    """A program whose values take the windows of the values that they were made from."""
    program = object.__new__(Program)
    program.inputs, program.outputs = tuple(inputs), tuple(outputs)
    program.order = _in_order(program.outputs, program.inputs)
    program.windows = {made[value]: window for value, window in old.windows.items()}
    program.windows |= dict(program.inputs) | dict(program.outputs)
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
    reach = _reach(order, fixed, outputs[0][1].emptied())
    asked: dict[Value, list[Window]] = {value: [] for value in order}
    for value, window in outputs:
        asked[value].append(window)
    found: dict[Value, Window] = {**fixed, **dict(outputs)}
    uses = Counter(source for value in order for source, _ in value.terms)
    for value in reversed(order):
        if value not in found:
            found[value] = intersection(union(asked[value]), reach[value])
        for source, action in value.terms:
            asked[source].append(action.reads(found[value]))
            if isinstance(action, Quotient) and len(value.terms) == uses[source] == 1:
                found.setdefault(source, found[value])  # where it is divided in place
    return found
