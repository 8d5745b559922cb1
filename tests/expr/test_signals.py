"""Signals: what they are made of, indices, equality, and what they refuse."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.expr.signals import Applied, Box, ConjSignal, SignalSum

X = oa.Signal([1, 2, 3], start=-1)
GRID = oa.Signal(np.arange(6).reshape(2, 3), start=(1, -1))


def test_window_and_values():
    assert (X.start, X.stop, X.ndim, len(X)) == (-1, 2, 1, 3)
    assert (GRID.start, GRID.stop, GRID.ndim) == ((1, -1), (3, 2), 2)
    assert (X.starts, X.stops) == ((-1,), (2,))
    assert X.is_concrete
    assert list(X) == [1, 2, 3]
    np.testing.assert_array_equal(np.asarray(X), [1, 2, 3])
    assert np.asarray(X, dtype=np.float32).dtype == np.float32
    assert np.array(X).flags.writeable


def test_indices_are_absolute_and_zero_outside():
    assert [int(X[n]) for n in range(-3, 4)] == [0, 0, 1, 2, 3, 0, 0]
    np.testing.assert_array_equal(X[-3:4], [0, 0, 1, 2, 3, 0, 0])
    np.testing.assert_array_equal(X[-5:5:2], [0, 0, 1, 3, 0])
    np.testing.assert_array_equal(X[:], [1, 2, 3])
    assert X[5:2].shape == (0,)
    assert X[10**30] == 0
    assert X[np.int64(1)] == 3


def test_indices_on_two_axes():
    assert GRID[2, 1] == 5
    assert GRID[0, 0] == 0
    np.testing.assert_array_equal(GRID[0:3, -2:1], [[0, 0, 0], [0, 0, 1], [0, 3, 4]])
    np.testing.assert_array_equal(GRID[1, :], [0, 1, 2])
    np.testing.assert_array_equal(GRID[9, :], [0, 0, 0])


def test_exact_signals_are_zero_outside_too():
    q = oa.signals("q", length=2)
    assert q[7] is sympy.Integer(0)
    assert list(q[-1:3]) == [0, sympy.Symbol("q_0"), sympy.Symbol("q_1"), 0]
    assert all(isinstance(entry, sympy.Expr) for entry in q[-1:3])


@pytest.mark.parametrize("where", [1.5, True, "a", None, [0, 1], ..., slice(0, 1.5), slice(0, 3, -1), slice(0, 3, 0)])
def test_bad_indices(where):
    with pytest.raises(oa.WindowError):
        X[where]


def test_indices_of_the_wrong_number_and_slices_too_long():
    with pytest.raises(oa.DimensionError):
        X[0, 0]
    with pytest.raises(oa.DimensionError):
        GRID[0]
    with pytest.raises(oa.SizeError):
        X[0 : 10**12]


def test_the_kinds_of_entries():
    assert oa.Signal([1, 2]).weak
    assert oa.Signal([[1, 2.5], [3, 1j]]).weak
    assert not oa.Signal([1, 2], dtype="f4").weak
    assert not oa.Signal(np.array([1, 2])).weak
    assert not oa.Signal([np.float32(1)]).weak
    for values in ([Fraction(1, 3), 1], [sympy.pi], sympy.Matrix([1, 2]), sympy.Array([1, 2]),
                   np.array([sympy.pi], dtype=object)):  # fmt: skip
        signal = oa.Signal(values)
        assert signal.is_exact
        assert signal.ndim == 1
        assert all(isinstance(entry, sympy.Expr) for entry in signal.values)
    assert oa.Signal(sympy.Matrix([[1, 2], [3, 4]])).ndim == 2


def test_numbers_are_private_and_read_only():
    array = np.array([1.0, 2.0])
    s = oa.Signal(array)
    array[0] = 9
    assert s[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        s.values[0] = 5
    with pytest.raises(AttributeError, match="frozen"):
        s.weak = False


BAD_VALUES = [
    [[1, 2], [3]], [1, [2]], np.array([1, None], dtype=object), np.array([1, 2.5], dtype=object), "abc", ["a"], None,
    [None], {1, 2}, True, [True], [1, True], [Fraction(1), True], np.array([True]), 3, np.array(3.0), [2**70, 0.5],
    [2**60 + 1, 0.5], [2**63 + 1, -1.0], np.array(["2020"], dtype="M8[D]"), sympy.Symbol("a"), [sympy.nan], [sympy.oo],
    [sympy.zoo], [Fraction(1, 2), float("nan")],
]  # fmt: skip


@pytest.mark.parametrize("values", BAD_VALUES, ids=repr)
def test_bad_values(values):
    with pytest.raises(oa.KernelError):
        oa.Signal(values)
    with pytest.raises(oa.KernelError):
        oa.Conv(values)


@pytest.mark.parametrize("values", [[], [[]], [np.nan], [1, np.inf], [1, -np.inf], [complex(0, np.nan)],
                                    np.zeros((2, 0))])  # fmt: skip
def test_bad_kernels_that_are_good_signals(values):
    assert oa.Signal(values).values.size == np.size(values)
    with pytest.raises(oa.KernelError):
        oa.Conv(values)
    with pytest.raises(oa.KernelError):
        oa.Modulate(values)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.5], int), ([-1], "u1"), (np.array([-1]), "u1"), (np.array([300]), "u1"), (np.array([1j]), float),
        ([1e300], "f4"), ([np.nan], int), ([1], bool), ([1], "U3"), ([1], object), ([1], "nonsense"),
        ([Fraction(1, 2)], float),
    ],
)  # fmt: skip
def test_a_dtype_that_does_not_hold_the_values(values, dtype):
    with pytest.raises(oa.KernelError):
        oa.Signal(values, dtype=dtype)


@pytest.mark.parametrize(
    ("values", "dtype"), [([1.0, 2.0], int), ([1], "f2"), (np.array([2 + 0j]), float), ([0.1], "f4"), ([np.inf], "f4")]
)
def test_a_dtype_that_holds_the_values(values, dtype):
    s = oa.Signal(values, dtype=dtype)
    assert s.dtype == np.dtype(dtype)
    assert s[0] == pytest.approx(values[0], rel=1e-6)


@pytest.mark.parametrize("start", [1.5, "a", True, None, (1.5,), [True]])
def test_bad_starts(start):
    with pytest.raises(oa.WindowError):
        oa.Signal([1], start=start)


def test_starts_of_the_wrong_number_and_of_any_kind():
    with pytest.raises(oa.DimensionError):
        oa.Signal([1], start=(1, 2))
    for start in (3, (3,), [3], np.int32(3), np.array(3), np.array([3])):
        assert oa.Signal([1], start=start).start == 3
    assert oa.Signal([[1]], start=3).start == (3, 3)


def test_a_signal_of_a_signal_is_refused():
    for values in (X, oa.signals("q"), oa.Up(2)):
        with pytest.raises(oa.OperandError):
            oa.Signal(values)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (X, oa.Signal([0, 1, 2, 3, 0, 0], start=-2)),
        (X, oa.Signal([1.0, 2.0, 3.0], start=-1)),
        (X, oa.Signal([Fraction(1), 2, 3], start=-1)),
        (oa.Signal([0.5]), oa.Signal([Fraction(1, 2)])),
        (oa.Signal([0.5 + 2j]), oa.Signal([sympy.Rational(1, 2) + 2 * sympy.I])),
        (oa.Signal(np.zeros((2, 3))), oa.Signal(np.zeros((4, 5)), start=(7, 7))),
        (oa.Signal([]), oa.Signal([0, 0])),
        (oa.Signal([1 + 0j]), oa.Signal([1])),
    ],
)
def test_equal_sequences_are_equal_and_hash_alike(left, right):
    assert left == right
    assert hash(left) == hash(right)


@pytest.mark.parametrize(
    "other",
    [
        oa.Signal([1, 2, 3]),
        oa.Signal([1, 2, 4], start=-1),
        oa.Signal([1, 2, 3, 4], start=-1),
        oa.Signal([[1, 2, 3]], start=(0, -1)),
        oa.signals("q", length=3, start=-1),
        [1, 2, 3],
        oa.signals("x"),
    ],
)
def test_different_sequences_differ(other):
    assert other != X
    assert (other == X) is False


def test_tenths_of_two_precisions_differ_and_nan_equals_nothing():
    assert oa.Signal([0.1]) != oa.Signal([0.1], dtype="f4")
    assert oa.Signal([0.1]) != oa.Signal([Fraction(1, 10)])
    nan = oa.Signal([np.nan])
    assert nan != oa.Signal([np.nan])
    assert nan != oa.Signal([Fraction(1)])
    assert hash(nan) == hash(nan)


def test_arithmetic():
    assert X + oa.Signal([10], start=4) == oa.Signal([1, 2, 3, 0, 0, 10], start=-1)
    assert oa.Signal([0]) == X - X
    assert oa.Signal([-1, -2, -3], start=-1) == -X
    assert 2 * X == X + X == X * 2
    assert sum([X, X]) == 2 * X
    assert (oa.Signal([1 + 2j])).conj() == oa.Signal([1 - 2j])
    assert oa.signals("q", length=1).conj()[0] == sympy.conjugate(sympy.Symbol("q_0"))
    assert (sympy.Symbol("c") * X)[0] == 2 * sympy.Symbol("c")


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x * x, lambda x: x @ x, lambda x: x + 1, lambda x: 1 + x, lambda x: x - 1, lambda x: 1 - x,
        lambda x: x + np.ones(3), lambda x: np.ones(3) + x, lambda x: np.ones(3) * x, lambda x: x * np.ones(3),
        lambda x: np.ones(3) @ x, lambda x: [1] @ x,
    ],
)  # fmt: skip
def test_operations_that_are_refused(operation):
    for x in (X, oa.signals("x")):
        with pytest.raises(oa.OperandError):
            operation(x)


def test_bad_scalars_and_mixed_axes():
    for scalar in (np.nan, np.inf, True, "a", None):
        with pytest.raises(oa.CoefficientError):
            X * scalar
    with pytest.raises(oa.DimensionError):
        X + GRID


@pytest.mark.parametrize("s", [X, GRID, oa.Signal([0.5], dtype="f2"), oa.Signal([Fraction(1, 3)], start=9),
                               oa.signals("q", length=(2, 2))])  # fmt: skip
def test_pickle_and_copy(s):
    again = pickle.loads(pickle.dumps(s))
    assert again == s
    assert (again.weak, again.dtype, again.starts) == (s.weak, s.dtype, s.starts)
    assert not again.values.flags.writeable
    assert copy.copy(s) is s
    assert copy.deepcopy(s) is s


# Formal signals ---------------------------------------------------------------------------------------


def test_names():
    q, x = oa.signals("q x")
    assert (q.name, x.name) == ("q", "x")
    assert oa.signals("q") == q
    assert oa.signals("q, x") == (q, x)
    assert oa.signals("q,") == (q,)
    assert q != x
    assert q != oa.signals("q", real=True)
    assert not q.is_concrete


@pytest.mark.parametrize("names", ["", " , ", "1q", "q+x", 3, None])
def test_bad_names(names):
    with pytest.raises(oa.OperandError):
        oa.signals(names)


def test_symbolic_taps():
    q = oa.signals("q", length=3, start=-1)
    assert list(q.values) == list(sympy.symbols("q_0 q_1 q_2"))
    assert q.start == -1
    assert oa.signals("q", length=(2, 2)).values[0, 1] == sympy.Symbol("q_0_1")
    assert oa.signals("r", length=1, real=True)[0].is_real
    for length in (0, -1, 1.5, True, "3", oa.factors("k")):
        with pytest.raises(oa.FactorError):
            oa.signals("q", length=length)
    with pytest.raises(oa.SizeError):
        oa.signals("q", length=10**12)


def test_conjugates_of_formal_signals():
    q = oa.signals("q")
    assert q.conj() == ConjSignal(q)
    assert q.conj().conj() == q
    r = oa.signals("r", real=True)
    assert r.conj() == r
    assert oa.box(oa.factors("k")).conj() == oa.box(oa.factors("k"))


def test_boxes():
    assert oa.box(3) == oa.Signal([1, 1, 1])
    assert oa.box((2, 3)) == oa.Signal(np.ones((2, 3)))
    assert isinstance(oa.box(oa.factors("k")), Box)
    with pytest.raises(oa.SizeError):
        oa.box(10**12)
    with pytest.raises(oa.FactorError):
        oa.box(0)


def test_what_cannot_be_computed_yet_is_kept():
    x = oa.signals("x")
    kept = oa.Up(2) @ x
    assert isinstance(kept, Applied)
    assert oa.Down(3) @ kept == Applied(oa.Down(3) @ oa.Up(2), x)
    total = x + X + kept
    assert isinstance(total, SignalSum)
    assert total.terms == (x, X, kept)
    assert 2 * x == Applied(2 * oa.Identity(), x)
