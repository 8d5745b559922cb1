"""Every machine takes every letter and every kind of node, and refuses by name a letter that it does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import engine
from opalgebra.algebra.judge.evaluate import Evaluator
from opalgebra.algebra.numbers.choose import ring_of
from opalgebra.bound.compare.responses import Tracer, impulse
from opalgebra.bound.operators.extent import Inside, Period, Rate, Reached, _Intervals
from opalgebra.bound.reports import cost
from opalgebra.bound.sizes.large import _LargePeriod
from opalgebra.bound.sizes.runs import Letters, identity
from opalgebra.engine.arrays.arithmetic import Numbers
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.letters.explain import CostMachine
from opalgebra.engine.letters.machine import LETTERS, WEIGHTS, Channels, Machine
from opalgebra.engine.letters.outline import Dtypes, Sizes, Windows, _Passes
from opalgebra.engine.letters.reference import ArrayMachine, ExactMachine
from opalgebra.engine.letters.unfold import evaluate_channels, run
from opalgebra.engine.program.values import Compiler, Value
from opalgebra.errors import OpAlgebraError, OperandError, Undecided, WindowError
from opalgebra.expr import LinearOperator, SamplingMatrix, constants, formal_parts
from opalgebra.nn.analysis.checkerboard import _ConstantPeriod
from opalgebra.parse.meter import _Meter
from tests.expr.test_every_node import BLOCKS, CONCRETE, PLANE

NODES = [node for node in [*CONCRETE, *PLANE, *BLOCKS] if not formal_parts(node)]
RING = ring_of(value for node in NODES for value in constants(node))
SIZE = 12


def signal(d: int) -> oa.Signal:
    return oa.Signal(np.arange(1, 1 + SIZE**d).reshape((SIZE,) * d))


# Of every machine one, and what it works on, for d axes.
MACHINES: dict[type, Callable[[int], tuple[Machine[Any], Any]]] = {
    ArrayMachine: lambda d: (ArrayMachine(), signal(d)),
    ExactMachine: lambda d: (ExactMachine(), signal(d)),
    Channels: lambda d: (Channels(ArrayMachine()), (signal(d), signal(d))),
    CostMachine: lambda d: (CostMachine(), Window((0,) * d, (SIZE,) * d)),
    Windows: lambda d: (Windows(), Window((0,) * d, (SIZE,) * d)),
    Sizes: lambda d: (Sizes(8), Window((0,) * d, (SIZE,) * d)),
    Dtypes: lambda d: (Dtypes(), Numbers(np.zeros(0), weak=False)),
    _Passes: lambda d: (_Passes(), 0),
    _Meter: lambda d: (_Meter(1, 10**9), Window((0,) * d, (SIZE,) * d)),
    Compiler: lambda d: (Compiler(d), Value((), is_input=True)),
    Letters: lambda d: (Letters(RING), {((0, 0), (identity(0, SIZE),) * d): RING.one}),
    Tracer: lambda d: (Tracer(), impulse((0,) * d)),
    Reached: lambda d: (Reached(), ((0, SIZE),) * d),
    Inside: lambda d: (Inside(), ((0, SIZE),) * d),
    Rate: lambda d: (Rate(), (Fraction(1),) * d),
    Period: lambda d: (Period((SIZE,) * d), (Fraction(1),) * d),
    _LargePeriod: lambda d: (_LargePeriod((SIZE,) * d), (Fraction(1),) * d),
    _ConstantPeriod: lambda d: (_ConstantPeriod(), (1,) * d),
    cost._Read: lambda d: (cost._Read(), (Fraction(1),) * d),
    cost._Letters: lambda d: (cost._Letters(d), cost._Made("input", Fraction(), (), is_input=True)),
}
MATRIX = SamplingMatrix([[1, 1], [1, -1]])
GIVEN: dict[str, tuple[Any, ...]] = {
    "convolve": (oa.Signal([[1, 2], [3, 4]]),),
    "modulate": (oa.Signal([[1, -1]]),),
    "character": ((sympy.pi, 0),),
    "scale": (3,),
    "up": ((2, 3),),
    "down": ((2, 1),),
    "spread": (MATRIX,),
    "sample": (MATRIX,),
    "shift": ((1, -2),),
    "flip": (),
    "zero": (),
}


def below(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


def test_every_machine_is_among_them() -> None:
    ours = {kind for kind in below(Machine) if kind.__module__.startswith("opalgebra.")}
    assert ours - {_Intervals} == MACHINES.keys()


def test_every_letter_has_an_example() -> None:
    assert GIVEN.keys() == LETTERS.keys()
    assert LETTERS.keys() > WEIGHTS


def refusal(attempt: Callable[[], Any]) -> str:
    """What a machine says that does not follow an operator; "" where it does."""
    try:
        attempt()
    except (Undecided, WindowError, OperandError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("kind", MACHINES)
@pytest.mark.parametrize("letter", LETTERS)
def test_every_machine_takes_every_letter(kind: type, letter: str) -> None:
    machine, x = MACHINES[kind](2)
    assert "no rule" not in refusal(lambda: machine.does(letter, x, *GIVEN[letter]))


@pytest.mark.parametrize("kind", MACHINES)
@pytest.mark.parametrize("node", NODES, ids=str)
def test_every_machine_takes_every_kind_of_node(kind: type, node: LinearOperator) -> None:
    machine, x = MACHINES[kind](node.ndim or 1)
    inputs = (node.channels or (1, 1))[1]
    if kind is Channels:
        assert len(run(node, x[:1] * inputs, machine)) == (node.channels or (1, 1))[0]
    elif kind is not cost._Read:  # which meets single letters only
        assert "no rule" not in refusal(lambda: evaluate_channels(node, (x,) * inputs, machine))


@pytest.mark.parametrize("letter", sorted(WEIGHTS))
def test_weights_leave_every_sample_at_its_index(letter: str) -> None:
    y = ArrayMachine().does(letter, signal(2), *GIVEN[letter])
    assert y.starts == (0, 0)
    assert y.values.shape == (SIZE, SIZE)


# A letter that nobody knows ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Smear(LinearOperator):
    """A letter with neither rule nor definition."""

    factor: Any
    ndim = 1


SMEAR = Smear(2)
k = oa.factors("k")
WAYS: dict[str, Callable[[], Any]] = {
    "decided": lambda: oa.prove(SMEAR, oa.Identity()),
    "decided with symbols": lambda: oa.prove(SMEAR @ oa.Up(k), oa.Up(k) @ SMEAR),
    "decided in a block": lambda: oa.prove(
        oa.Block([[SMEAR, 0], [0, oa.Flip()]]), oa.Block([[oa.Flip(), 0], [0, oa.Flip()]])
    ),
    "judged": lambda: Evaluator(1).act(SMEAR, {(0,): 1}),
    "as a matrix": lambda: SMEAR.matrix((0, 3), (0, 3)),
    "simplified": lambda: (SMEAR @ oa.Flip()).simplify(),
    "inverted": lambda: SMEAR.inverse(),
    "run": lambda: SMEAR @ oa.Signal([1, 2, 3]),
    "run on channels": lambda: oa.Block([[SMEAR, oa.Identity()]]) @ ([1], [2]),
    "bound": lambda: SMEAR.on(5, out=5)(np.arange(5)),
    "bound by a mode": lambda: SMEAR.on(5, mode="valid"),
    "bound for all sizes": lambda: SMEAR.on(oa.factors("n")),
    "bound and periodic": lambda: SMEAR.on(6, boundary="wrap"),
    "compared": lambda: oa.compare(SMEAR.on(5, out=5), oa.Identity().on(5, out=5)),
    "costed": lambda: str(SMEAR.cost()),
    "explained": lambda: engine.explain(SMEAR, 5),
    "analysed": lambda: oa.checkerboard(SMEAR),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_letter_without_rules_is_refused_by_name(way: str) -> None:
    with pytest.raises(OpAlgebraError, match="Smear"):
        WAYS[way]()


@pytest.mark.parametrize("kind", MACHINES)
def test_a_machine_refuses_a_letter_that_it_has_no_rule_for(kind: type) -> None:
    """Where the rule in ``unfold`` is written, and that of the machine is not."""
    machine, x = MACHINES[kind](1)
    with pytest.raises(OperandError, match="has no rule for the letter 'smear'"):
        machine.does("smear", x, 2)
