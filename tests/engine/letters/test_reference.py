"""The engine of definitions: every operator does what its definition says."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given

import opalgebra as oa
from opalgebra import engine
from opalgebra.engine.letters.unfold import _unfold
from opalgebra.expr.operators import LinearOperator
from tests.definitions import assert_same, brute, relaxed, samples, signal_strategy, trees


@relaxed
@given(trees(1), signal_strategy(1, 5))
def test_trees_do_what_the_definitions_say(A, x):
    assert_same(A @ x, brute(A, samples(x), 1))


@relaxed
@given(trees(2), signal_strategy(2, 3))
def test_trees_on_two_axes_do_what_the_definitions_say(A, x):
    assert_same(A @ x, brute(A, samples(x), 2))


@relaxed
@given(trees(1), trees(1), signal_strategy(1, 4))
def test_applying_a_composition_is_applying_twice(A, B, x):
    assert (A @ B) @ x == A @ (B @ x)
    assert (A + B) @ x == A @ x + B @ x


@relaxed
@given(trees(2), signal_strategy(2, 3), signal_strategy(2, 3))
def test_the_transpose_and_adjoint_satisfy_their_inner_products(A, x, y):
    def inner(u, v):
        u, v = samples(u), samples(v)
        return complex(sum(value * v.get(index, 0) for index, value in u.items()))

    assert inner(A @ x, y) == pytest.approx(inner(x, A.T @ y), rel=1e-9, abs=1e-9)
    assert inner(A @ x, y.conj()) == pytest.approx(inner(x, (A.H @ y).conj()), rel=1e-9, abs=1e-9)


@relaxed
@given(trees(1), signal_strategy(1, 4))
def test_exact_samples_give_the_same_numbers(A, x):
    exact = oa.Signal(np.array([sympy.sympify(v.item()) for v in x.values], dtype=object), x.start)
    result = A @ exact
    assert result.is_exact
    assert all(isinstance(entry, sympy.Expr) for entry in result.values)
    plain = A @ x
    low, high = min(plain.start, result.start) - 1, max(plain.stop, result.stop) + 1
    for n in range(low, high):
        assert complex(result[n]) == pytest.approx(complex(plain[n]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_a_transpose_of_every_letter_from_its_columns(ndim):
    rng = np.random.default_rng(ndim)
    kernel = oa.Signal(rng.integers(-3, 4, (2,) * ndim) + 1j * rng.integers(-3, 4, (2,) * ndim), -1)
    x = oa.Signal(rng.integers(-3, 4, (3,) * ndim), -1)
    for A in (oa.Conv(kernel), oa.Modulate(kernel), oa.Up((2,) * ndim), oa.Down((2,) * ndim), oa.Flip(),
              oa.Shift((1,) * ndim), oa.Corr(kernel)):  # fmt: skip
        assert_same(A.T @ x, brute(A.T, samples(x), ndim))
        assert_same(A.H @ x, brute(A.H, samples(x), ndim))


# Windows --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "start", "stop"),
    [
        (oa.Conv([1, 2, 1]), -2, 4),
        (oa.Conv(oa.Signal([1, 2, 1], start=-5)), -7, -1),
        (oa.Up(3), -6, 4),
        (oa.Down(2), -1, 1),
        (oa.Down(5), 0, 1),
        (oa.Shift(-4), -6, -2),
        (oa.Flip(), -1, 3),
        (oa.Modulate([1, -1]), -2, 2),
        (oa.Down(2) + oa.Shift(7), -1, 9),
        (oa.Zero() + oa.Shift(7), 5, 9),
        (oa.Up(3).T, 0, 1),
        (oa.Conv([1, 2, 1]).T, -4, 2),
    ],
)
def test_windows_are_the_smallest_that_the_structure_allows(operator, start, stop):
    result = operator @ oa.Signal([1, 2, 3, 4], start=-2)
    assert (result.start, result.stop) == (start, stop)


def test_down_may_leave_nothing():
    result = oa.Down(10) @ oa.Signal([1, 2], start=3)
    assert result.values.shape == (0,)
    assert result.start == 1
    assert result == oa.Signal([0])


@pytest.mark.parametrize("A", [oa.Up(2), oa.Down(2), oa.Conv([1, 2]), oa.Flip(), oa.Modulate([1, 2]), 2 * oa.Shift(1),
                               oa.Up(2) + oa.Shift(3)])  # fmt: skip
def test_the_empty_signal_stays_empty(A):
    assert (A @ np.zeros(0, dtype=int)).values.shape == (0,)
    assert (A @ np.zeros(0, dtype=int)).dtype == np.int64


def test_zero_keeps_dtype_and_start():
    result = oa.Zero() @ oa.Signal(np.ones((2, 3), np.float32), start=(4, 5))
    assert (result.values.shape, result.starts, result.dtype) == ((0, 0), (4, 5), np.float32)


# Inputs, depth and size -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("A", [oa.Conv([1, 2, 3]), oa.Up(2), oa.Down(2), oa.Flip(), oa.Modulate([1, 2]),
                               2 * oa.Shift(1), oa.Identity() + oa.Shift(1)])  # fmt: skip
def test_inputs_are_read_only_and_of_any_layout(A):
    base = np.arange(12.0)
    base.flags.writeable = False
    strided = base[::-2]
    result = A @ strided
    assert result == A @ np.ascontiguousarray(strided)
    np.testing.assert_array_equal(base, np.arange(12.0))
    assert not result.values.flags.writeable
    grid = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    kernel = oa.Conv([[1, 2], [3, 4]])
    assert kernel @ grid == kernel @ np.ascontiguousarray(grid)


def test_the_caller_may_go_on_writing_to_its_array():
    x = np.array([1, 2, 3])
    s = oa.Identity() @ x
    x[0] = 100
    assert s[0] == 1


def test_depth_is_not_limited_by_the_stack():
    A = oa.Up(2)
    for _ in range(5000):
        A = A.T
    assert oa.Signal([1, 0, 2]) == A @ [1, 2]
    for _ in range(5001):
        A = (1 * A).T @ oa.Identity()
    assert oa.Signal([1, 2]) == A @ [1, 0, 2]


@pytest.mark.parametrize(
    "operator",
    [oa.Up(10**12), pytest.param(oa.Up(2) ** 60, marks=pytest.mark.long), oa.Identity() + oa.Shift(10**12),
     oa.Identity() ** 10**9, oa.Conv(oa.Signal([1, 2])) @ oa.Up(2**40)],
)  # fmt: skip
def test_what_cannot_be_held_is_refused_at_once(operator):
    with pytest.raises(oa.SizeError):
        operator @ [1, 2, 3]


def test_far_starts_cost_nothing():
    result = oa.Modulate([1, -1, 5]) @ oa.Shift(10**30 + 1) @ [1, 2]
    assert result.start == 10**30 + 1
    assert list(result.values) == [5, 2]  # 10³⁰ + 1 is 2 modulo 3


def test_formal_parts_are_refused():
    q, k = oa.signals("q"), oa.factors("k")
    for A in (oa.Conv(q), oa.Up(k), oa.Shift(k), oa.operators("A"), oa.Repeat(k), oa.StridedConv(q, 2)):
        with pytest.raises(oa.FormalSignalError, match="formal"):
            A @ np.ones(3)
        with pytest.raises(oa.FormalSignalError, match="formal"):
            engine.apply(A, oa.Signal([1, 2]))
        with pytest.raises(oa.FormalSignalError):
            engine.explain(A, 10)
    with pytest.raises(oa.FormalSignalError):
        engine.apply(oa.Up(2), q)


def test_engines_plug_in():
    class Louder(engine.ReferenceEngine):
        name = "louder"

        def supports(self, array):
            return array.dtype == np.int16

        def apply(self, operator, signal, exact):
            return oa.Signal([42])

    louder: engine.Engine = Louder()
    engine.ENGINES.insert(0, louder)
    try:
        assert oa.Up(2) @ np.ones(2, np.int16) == oa.Signal([42])
        assert oa.Up(2) @ np.ones(2, np.int32) == oa.Signal([1, 0, 1])
    finally:
        del engine.ENGINES[0]
    with pytest.raises(oa.OperandError, match="no signals"):
        engine.add([])


def final_nodes(base=LinearOperator):
    for cls in base.__subclasses__():
        yield from final_nodes(cls)
        if not cls.__subclasses__() and cls.__module__.startswith("opalgebra."):
            yield cls


def test_every_node_has_a_rule():
    missing = [cls.__name__ for cls in final_nodes() if _unfold.dispatch(cls) is _unfold.dispatch(object)]
    assert missing == []

    class Unknown(LinearOperator):
        ndim = None

        def parts(self):
            return ()

    with pytest.raises(oa.OperandError, match="Unknown"):
        engine.apply(Unknown(), oa.Signal([1]))
