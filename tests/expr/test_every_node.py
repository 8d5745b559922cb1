"""Every kind of node goes through everything that can be done to a node; a new kind without an example fails."""

from __future__ import annotations

import pickle
import sys
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.algebra.judge.evaluate import Evaluator
from opalgebra.expr import factors, named, operators, signals, sums
from opalgebra.expr.node import Node
from opalgebra.parse import parse_expression
from tests.drawn import check_geometry

q, x = oa.signals("q x")
k = oa.factors("k")
h = oa.Signal([1, 2 + 1j, -3], start=-1)
A = oa.operators("A")
r, s = oa.integers("r s")

CONCRETE = [
    oa.Identity(),
    oa.Zero(),
    oa.Conv(h),
    oa.Up(3),
    oa.Down(2),
    oa.Shift(-2),
    oa.Flip(),
    oa.Modulate([1, 2j, -1]),
    oa.Down(2) @ oa.Conv(h) @ oa.Up(3),
    oa.Up(2) + oa.Conv(h),
    (1 + 2j) * oa.Conv(h),
    Fraction(1, 3) * oa.Down(2),
    oa.Conv(h) ** 2,
    oa.Conv(h).T,
    oa.Conv(h).H,
    oa.Conv(h).conj(),
    oa.StridedConv(h, 2),
    oa.DilatedConv(h, 2),
    oa.TransposedConv(h, 2),
    oa.Repeat(2),
    oa.LinearUp(3),
    oa.AvgPool(2),
    oa.Corr(h),
    oa.Modulate(sympy.pi / 2),
    oa.Sum(oa.Shift(r) @ oa.Up(3) @ oa.Conv(h) @ oa.Down(2) @ oa.Shift(-2 * r), (r, 0, 3)),
    oa.Sum(oa.Conv(oa.Down(2) @ oa.Shift(-r) @ h) @ oa.Down(2) @ oa.Shift(r), (r, 0, 2)),
    oa.Sum((r + 1) * oa.Sum(oa.Shift(r - s), (s, 0, 2)), (r, 0, 2)),
    oa.PixelShuffle(2) @ oa.Block([[oa.Conv(h), oa.Flip()], [0, 2j * oa.Identity()]]) @ oa.Polyphase(2),
]
QUINCUNX, HEXAGONAL = [[1, 1], [1, -1]], [[2, 1], [0, 2]]
g = oa.Signal([[1, 2 + 1j], [-3, 0]], start=(-1, 0))
PLANE = [
    oa.Up(QUINCUNX),
    oa.Down(HEXAGONAL),
    oa.Down([[-1, 0], [0, 2]]).T,
    oa.Down(QUINCUNX) @ oa.Conv(g) @ oa.Up((1, 2)),
    oa.Up(HEXAGONAL) @ oa.Down(QUINCUNX) + oa.Shift((1, -1)),
    oa.StridedConv(g, QUINCUNX),
    oa.DilatedConv(g, HEXAGONAL).H,
    oa.TransposedConv(g, QUINCUNX).conj(),
    oa.Repeat(HEXAGONAL),
    oa.AvgPool(QUINCUNX),
    oa.Sum(oa.Shift((r, -r)) @ oa.Up(QUINCUNX) @ oa.Modulate(frequency=(0, sympy.pi)), (r, 0, 3)),
    oa.PixelShuffle(QUINCUNX) @ oa.Block.diagonal(oa.Flip(), oa.Shift((1, 0))) @ oa.Polyphase(QUINCUNX),
]
BLOCKS = [
    oa.Polyphase(HEXAGONAL),
    oa.PixelShuffle(QUINCUNX),
    oa.Polyphase(3),
    oa.PixelShuffle(2),
    oa.Block([[oa.Conv(h), oa.Up(2), 0], [oa.Identity(), oa.Conv(q), 2 * oa.Shift(-1)]]),
    oa.Block.diagonal(oa.Polyphase(2), oa.Down(2)).H + oa.Block([[oa.Flip(), 0, 0], [0, 0, oa.Conv(h)]]),
    oa.Block([[oa.Identity(), oa.Conv(q)], [0, oa.Identity()]]) ** 2,
]
FORMAL = [
    A,
    oa.Conv(q),
    oa.Conv(q.conj()),
    oa.Conv(oa.Up(2) @ q),
    oa.Conv(q + oa.Shift(1) @ x),
    oa.Up(k),
    oa.Down(2 * k),
    oa.Repeat(k),
    oa.Conv(oa.box(k)),
    oa.Shift(oa.integers("d")),
    oa.Modulate(k * oa.reals("w") - sympy.pi / 3),
    oa.Sum(oa.Shift(r) @ oa.Up(k) @ oa.Down(k) @ oa.Shift(-r), (r, 0, k)),
    oa.Sum(oa.Sum(oa.Shift(r) @ oa.Conv(oa.Up(k) @ oa.Down(k) @ oa.Shift(-s) @ q), (s, 0, 3)), (r, 0, 2 * k)),
    oa.Conv(oa.Sum(oa.Shift(r) @ q, (r, 0, k))),
    oa.Conv(oa.signals("h", length=3)),
    oa.Down(QUINCUNX) @ oa.Conv(q),
    oa.Up(HEXAGONAL) @ oa.Up((k, k)),
    oa.Sum(oa.Shift((r, -r)) @ oa.Up(QUINCUNX) @ oa.Modulate(frequency=(oa.reals("w"), 1)), (r, 0, k)),
]
SIGNALS = [
    h, q, q.conj(), oa.box(k), oa.Up(2) @ q, q + x, oa.Sum(oa.Shift(2 * r) @ q, (r, 0, 3)), oa.signals("h", length=2),
    oa.Signal([sympy.sqrt(2)]),
]  # fmt: skip
EXAMPLES: list[Any] = [*CONCRETE, *PLANE, *BLOCKS, *FORMAL, *SIGNALS]


ABSTRACT = (
    oa.LinearOperator, operators.Wrapped, operators.Turned, signals.SignalExpr, factors.ByFactor,
    named.Named, named.StridedMap, named.Resampler, sums.Indexed,
)  # fmt: skip


def final_kinds(base: type) -> set[type]:
    """The package's classes below a base of which users make objects: no leading underscore, no abstract base."""
    below = {kind for child in base.__subclasses__() for kind in (child, *final_kinds(child))}
    return {kind for kind in below if not kind.__name__.startswith("_") and kind not in ABSTRACT and is_ours(kind)}


def is_ours(kind: type) -> bool:
    """Whether it is defined by the package, and not by a test or an example."""
    return kind.__module__.startswith("opalgebra.") and vars(sys.modules[kind.__module__]).get(kind.__name__) is kind


def test_every_kind_has_an_example():
    seen: set[type] = set()
    for example in EXAMPLES:
        stack: list[Node] = [example]
        while stack:
            node = stack.pop()
            seen.add(type(node))
            stack.extend(node.children())
    assert final_kinds(Node) - seen == set()
    assert operators.FormalOperator in seen


@pytest.mark.parametrize("node", EXAMPLES, ids=str)
def test_shown_read_and_kept(node):
    assert str(node)
    assert f"{node:ascii}".isascii()
    latex = f"{node:latex}"
    assert latex.count("{") == latex.count("}")
    assert sympy.latex(node) == latex
    assert sympy.pretty(node, use_unicode=True) == str(node)
    assert eval(repr(node), vars(oa)) == node
    assert parse_expression(repr(node)) == node
    again = pickle.loads(pickle.dumps(node))
    assert again == node
    assert hash(again) == hash(node)


@pytest.mark.parametrize("node", EXAMPLES, ids=str)
def test_drawn(node):
    for thing in (node, node.T, node.H) if isinstance(node, oa.LinearOperator) else (node,):
        drawing = thing.diagram()
        check_geometry(drawing)
        ElementTree.fromstring(drawing.svg)
        assert str(drawing)
        assert f"{drawing:ascii}".isascii()


@pytest.mark.parametrize("operator", [*CONCRETE, *PLANE, *BLOCKS, *FORMAL], ids=str)
def test_proved_equal_to_itself_written_otherwise(operator):
    assert oa.prove(operator.T.T, operator).verdict == "proved"
    assert oa.prove(operator.H, operator.conj().T).verdict == "proved"
    assert oa.prove(operator - operator, oa.Zero()).verdict == "proved"
    simple = operator.simplify()
    assert oa.prove(simple, operator).verdict == "proved"
    assert simple.simplify() == simple


@pytest.mark.parametrize("operator", CONCRETE, ids=str)
def test_runs_as_its_definition_says(operator):
    rng = np.random.default_rng(3)
    signal = oa.Signal(rng.integers(-5, 5, 9) + 1j * rng.integers(-5, 5, 9), start=-3)
    evaluator = Evaluator(1)
    expected = evaluator.act(operator, evaluator.signal(signal))
    result = operator @ signal
    got = {at: value for at, value in result.items() if abs(value) > 1e-12}
    assert got.keys() == expected.keys()
    assert all(abs(complex(expected[at]) - value) < 1e-9 for at, value in got.items())


@pytest.mark.parametrize("operator", PLANE, ids=str)
def test_runs_on_the_plane_as_its_definition_says(operator):
    rng = np.random.default_rng(3)
    signal = oa.Signal(rng.integers(-5, 5, (4, 5)) + 1j * rng.integers(-5, 5, (4, 5)), start=(-2, 1))
    for turned in (operator, operator.T, operator.H):
        evaluator = Evaluator(2)
        expected = evaluator.act(turned, evaluator.signal(signal))
        got = {at: value for at, value in (turned @ signal).items() if abs(value) > 1e-12}
        assert got.keys() == expected.keys()
        assert all(abs(complex(expected[at]) - value) < 1e-9 for at, value in got.items())


@pytest.mark.parametrize("operator", PLANE, ids=str)
def test_matrix_on_the_plane_is_the_operator(operator):
    rows, columns = ((-2, 3), (-3, 2)), ((-1, 2), (0, 2))
    matrix = operator.matrix(rows, columns)
    for column, at in enumerate(np.ndindex(3, 2)):
        response = operator @ oa.Signal([[1]], start=(at[0] - 1, at[1]))
        for row, n in enumerate(np.ndindex(5, 5)):
            assert abs(complex(matrix[row, column]) - complex(response[n[0] - 2, n[1] - 3])) < 1e-12


@pytest.mark.parametrize("operator", CONCRETE, ids=str)
def test_linear_and_adjoint(operator):
    rng = np.random.default_rng(4)
    a, b = (oa.Signal(rng.normal(size=8) + 1j * rng.normal(size=8), start=-2) for _ in range(2))
    both = operator @ (a + 2j * b)
    apart = operator @ a + 2j * (operator @ b)
    window = slice(-60, 60)
    assert np.allclose(both[window], apart[window])
    # ⟨A a, y⟩ = ⟨a, Aᴴ y⟩ for a y as wide as A a
    y = oa.Signal(rng.normal(size=120) + 1j * rng.normal(size=120), start=-60)
    left = np.vdot((operator @ a)[window], y[window])
    right = np.vdot(a[window], (operator.H @ y)[window])
    assert np.isclose(left, right)


@pytest.mark.parametrize("operator", CONCRETE, ids=str)
def test_matrix_is_the_operator(operator):
    matrix = operator.matrix((-4, 5), (-3, 3))
    for column, at in enumerate(range(-3, 3)):
        response = operator @ oa.Signal([1], start=at)
        for row, n in enumerate(range(-4, 5)):
            assert abs(complex(matrix[row, column]) - complex(response[n])) < 1e-12
