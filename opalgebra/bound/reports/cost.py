"""What an operator costs per output sample, as it is written and as it is run: ``A.cost()``.

Every stage computes some samples for one sample of the output: ↓k asks for k of what stands behind it, ↑k for one
in k.  What is counted is the work of endless signals, so that no window and no boundary comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, prod
from typing import Any, NamedTuple, TypeAlias

from ..._verbs import verb
from ...algebra.optimize.optimize import size_of
from ...engine.filters.fir import Fir
from ...engine.filters.relabel import Relabel
from ...engine.filters.weights import Quotient, Tone, Weight
from ...engine.letters.machine import LETTERS, WEIGHTS, Machine
from ...engine.letters.unfold import evaluate_channels, formal_error
from ...engine.program.values import Action, Value, compile_grid
from ...expr import LinearOperator, SamplingMatrix, common_ndim, formal_parts, grid
from .explain import action_name

Rate: TypeAlias = tuple[Fraction, ...]  # samples of a stage per output sample, by axis
PER_SAMPLE = 32  # multiply-adds in the time that one more pass takes per sample; see benchmarks/optimize.py
_WIDEST = 44  # characters of a stage's text


class CostStage(NamedTuple):
    """A stage: what it does, how many samples it makes per output sample, and its multiply-adds for these."""

    what: Any  # in the lists of a Cost a text; before it is asked for, a letter or the actions of a value
    samples: Fraction
    multiply_adds: Fraction


class Cost:
    """Exact costs per output sample of an operator; ``print`` shows both lists of stages.

    Made by :meth:`~opalgebra.LinearOperator.cost`.
    """

    def __init__(self, operator: LinearOperator) -> None:
        self._operator = operator

    @cached_property
    def multiply_adds(self) -> Fraction:
        """Of the program that runs on arrays: dropped samples are not computed, and zero taps and inserted zeros not
        multiplied.  Moving samples is free."""
        return sum((stage.multiply_adds for stage in self._planned), Fraction())

    @cached_property
    def naive(self) -> Fraction:
        """Of the expression as it is written, each letter at its own rate, zeros multiplied."""
        return sum((stage.multiply_adds for stage in self._written), Fraction())

    @cached_property
    def memory(self) -> Fraction:
        """Samples that the program computes and keeps, the output among them; what it only moves is not counted."""
        return sum((stage.samples for stage in self._planned if stage.multiply_adds), Fraction())

    @cached_property
    def traffic(self) -> Fraction:
        """Samples that the stages of the program write, those that are only moved among them."""
        return sum((stage.samples for stage in self._planned), Fraction())

    @property
    def time(self) -> Fraction:
        """An estimate for large arrays: a sample written takes about as long as 32 multiply-adds."""
        return self.multiply_adds + PER_SAMPLE * self.traffic

    @cached_property
    def size(self) -> int:
        """Letters and other parts of the expression, and samples of its known kernels."""
        return size_of(self._operator)

    @cached_property
    def written(self) -> tuple[CostStage, ...]:
        """The letters, in the order in which they happen."""
        return tuple(stage._replace(what=_brief(str(stage.what))) for stage in self._written)

    @cached_property
    def planned(self) -> tuple[CostStage, ...]:
        """The stages of the program that runs on arrays."""
        return tuple(stage._replace(what=_brief(_text(stage.what))) for stage in self._planned)

    @cached_property
    def _written(self) -> list[CostStage]:
        return _written(self._operator)

    @cached_property
    def _planned(self) -> list[CostStage]:
        return _planned(self._operator)

    def __repr__(self) -> str:
        return f"<Cost: {self.multiply_adds} multiply-adds per output sample, {self.naive} as written>"

    def _rows(self) -> list[tuple[str, str, str]]:
        rows = [("as written", "samples", "multiply-adds")]
        rows += [(what, str(samples), str(count)) for what, samples, count in self.written]
        rows += [("total", "", str(self.naive)), ("as run", "samples", "multiply-adds")]
        rows += [(what, str(samples), str(count)) for what, samples, count in self.planned]
        return [*rows, ("total", "", str(self.multiply_adds))]

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [f"{a.ljust(widths[0])}  {b.rjust(widths[1])}  {c.rjust(widths[2])}" for a, b, c in rows]
        rule = "-" * len(lines[0])
        half = len(self.written) + 2
        return "\n".join([lines[0], rule, *lines[1:half], "", lines[half], rule, *lines[half + 1 :]])

    def _repr_html_(self) -> str:
        return str(verb("html")(self))

    def _repr_markdown_(self) -> str:
        return str(verb("markdown")(self))


def cost(operator: LinearOperator) -> Cost:
    """See :meth:`~opalgebra.LinearOperator.cost`."""
    formal = formal_parts(operator)
    if formal:
        raise formal_error(*formal)
    return Cost(operator)


# Graphs of stages ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Made:
    """Samples made from others: work per sample, and how many samples of each source a sample asks for."""

    what: Any  # a letter, the actions of a value, or a text
    work: Fraction
    sources: tuple[tuple[_Made, Rate], ...]
    width: int = 1  # channels
    is_input: bool = False


def _stages(order: Sequence[_Made], ends: Sequence[_Made], ndim: int) -> list[CostStage]:
    """The stages that the ends ask for; ``order`` has sources first."""
    outputs = sum(end.width for end in ends)
    asked: dict[_Made, Rate] = dict.fromkeys(ends, (Fraction(1),) * ndim)
    found = []
    for node in reversed(order):
        rate = asked.get(node)
        if rate is None or node.is_input:
            continue
        for source, ratio in node.sources:
            wanted = [a * b for a, b in zip(rate, ratio, strict=True)]
            asked[source] = tuple(map(max, wanted, asked.get(source, wanted)))
        samples = prod(rate, start=Fraction(1))
        found.append(CostStage(node.what, samples * node.width / outputs, samples * node.work / outputs))
    return found[::-1]


class _Read(Machine[Rate]):
    """Samples of x per sample of y, per axis."""

    passes = WEIGHTS | {"convolve", "shift", "flip", "zero"}

    def up(self, x: Rate, factors: tuple[int, ...]) -> Rate:
        """One in k."""
        return tuple(rate / k for rate, k in zip(x, factors, strict=True))

    def down(self, x: Rate, factors: tuple[int, ...]) -> Rate:
        """k."""
        return tuple(rate * k for rate, k in zip(x, factors, strict=True))

    def spread(self, x: Rate, matrix: SamplingMatrix) -> Rate:
        """One in |det M|."""
        return _by_determinant(matrix, True)

    def sample(self, x: Rate, matrix: SamplingMatrix) -> Rate:
        """|det M|."""
        return _by_determinant(matrix, False)


class _Letters(Machine[_Made]):
    """The letters as stages."""

    def __init__(self, ndim: int) -> None:
        self.one = (Fraction(1),) * ndim
        self.order: list[_Made] = []

    def _note(self, what: Any, work: int, sources: Sequence[_Made], ratio: Rate) -> _Made:
        made = _Made(what, Fraction(work), tuple((source, ratio) for source in sources))
        self.order.append(made)
        return made

    def does(self, letter: str, x: _Made, *given: Any) -> _Made:
        """What a letter asks for."""
        read, (operator, work) = _Read().does(letter, self.one, *given), LETTERS[letter]
        return self._note(operator(*given), work(*given), () if letter == "zero" else (x,), read)

    def total(self, terms: Sequence[_Made]) -> _Made:
        """One addition less than there are terms."""
        return self._note(f"sum of {len(terms)} terms", len(terms) - 1, terms, self.one)


def _brief(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _written(operator: LinearOperator) -> list[CostStage]:
    ndim = common_ndim(operator) or 1
    machine = _Letters(ndim)
    _, inputs = operator.channels or (1, 1)
    starts = tuple(_Made("input", Fraction(), (), is_input=True) for _ in range(inputs))
    ends = evaluate_channels(operator, starts, machine)
    return _stages(machine.order, ends, ndim)


def _planned(operator: LinearOperator) -> list[CostStage]:
    ndim = common_ndim(operator) or 1
    starts, ends = compile_grid(grid(operator), ndim)
    made = {start: _Made("input", Fraction(), (), start.channels or 1, is_input=True) for start in starts}
    stack = [*reversed(ends)]
    while stack:
        value = stack[-1]
        missing = [source for source, _ in value.terms if source not in made]
        if value in made or not missing:
            stack.pop()
            made.setdefault(value, _of_value(value, made))
        stack.extend(missing if value not in made else [])
    return _stages(list(made.values()), [made[end] for end in ends], ndim)


def _of_value(value: Value, made: dict[Value, _Made]) -> _Made:
    actions = [action for _, action in value.terms]
    moves = len(actions) == 1 and isinstance(actions[0], Fir) and actions[0].is_copy
    work = Fraction() if moves else sum(map(_work, actions), Fraction())
    sources = tuple((made[source], _ratio(action)) for source, action in value.terms)
    return _Made(actions, work, sources, value.channels or 1)


def _text(actions: Sequence[Action]) -> str:
    return " + ".join(map(action_name, actions)) or "0"


def _by_determinant(matrix: SamplingMatrix, spreads: bool) -> Rate:
    """The ratio of a matrix, which has none per axis, on the first one."""
    size = Fraction(abs(matrix.determinant))
    return (1 / size if spreads else size, *(Fraction(1),) * (matrix.ndim - 1))


def _ratio(action: Action) -> Rate:
    """How many samples are read per sample that is written."""
    if isinstance(action, Relabel):
        return _by_determinant(action.matrix, action.spreads)
    if isinstance(action, Tone):
        return (Fraction(1),) * len(action.frequency)
    if isinstance(action, Quotient):
        return (Fraction(1),) * action.ndim
    if isinstance(action, Weight):
        return (Fraction(1),) * action.values.ndim
    return tuple(Fraction(abs(m), k) for k, m in zip(action.up, action.down, strict=True))


def _work(action: Action) -> Fraction:
    """Multiply-adds per sample: tap j meets one output in L/gcd(L, M), or none where the gcd does not divide j."""
    if not isinstance(action, Fir):
        return Fraction(isinstance(action, (Weight, Quotient)))
    density = prod((Fraction(gcd(k, m), k) for k, m in zip(action.up, action.down, strict=True)), start=Fraction(1))
    return (prod(action.taps.shape[:3]) if action.mixes else 1) * action.reading * density
