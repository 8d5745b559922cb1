"""The numbers of results: dtypes, integers of any size, NaN and infinity, exact numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import engine
from opalgebra.errors import IntegerOverflow
from tests.definitions import samples, spread

MOVES = [oa.Up(2), oa.Down(2), oa.Shift(1), oa.Flip(), oa.Up(2).T, oa.Shift(3).H, oa.Identity(), oa.Zero()]
DTYPES = ["u1", "i2", "i4", "i8", "u8", "f2", "f4", "f8", "g", "F", "D"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("A", MOVES, ids=lambda A: type(A).__name__)
def test_moving_samples_keeps_the_dtype(A, dtype):
    result = A @ np.ones(4, dtype)
    assert result.dtype == np.dtype(dtype)
    assert not result.weak


@pytest.mark.parametrize(
    ("kernel", "data", "result"),
    [
        ([1, 2], "u1", "i8"),
        ([1, 2], "f2", "f2"),
        ([1, 2], "f4", "f4"),
        ([1, 2], "F", "F"),
        ([0.5, 2], "u1", "f8"),
        ([0.5, 2], "i8", "f8"),
        ([0.5, 2], "u8", "f8"),
        ([0.5, 2], "f2", "f2"),
        ([0.5, 2], "f4", "f4"),
        ([0.5, 2], "g", "g"),
        ([0.5, 2], "F", "F"),
        ([1j, 2], "i4", "D"),
        ([1j, 2], "f4", "F"),
        ([1j, 2], "f8", "D"),
        (np.array([1, 2], "i4"), "u1", "i8"),
        (np.array([1, 2], "i4"), "f4", "f4"),
        (np.array([1, 2], "u8"), "i8", "i8"),
        (np.array([1, 2], "i8"), "F", "F"),
        (np.array([0.5, 2]), "f4", "f8"),
        (np.array([0.5, 2], "f4"), "f8", "f8"),
        (np.array([0.5, 2], "f4"), "u1", "f4"),
        (np.array([1j, 2], "F"), "f8", "D"),
        ([Fraction(1, 3), 2], "f4", "f4"),
        ([Fraction(1, 3), 2], "F", "F"),
        ([Fraction(1, 3), 2], "i4", "O"),
        ([sympy.sqrt(2), 2], "f4", "f4"),
        ([sympy.I, 2], "f4", "F"),
        ([sympy.Symbol("a"), 2], "f4", "O"),
    ],
)
def test_dtypes_of_products(kernel, data, result):
    x = np.ones(3, data)
    assert (oa.Conv(kernel) @ x).dtype == np.dtype(result)
    assert (oa.Modulate(kernel) @ x).dtype == np.dtype(result)


@pytest.mark.parametrize(
    ("scalar", "data", "result"),
    [
        (2, "u1", "i8"), (2, "f4", "f4"), (0.5, "f4", "f4"), (0.5, "i2", "f8"), (1j, "f4", "F"), (1j, "i4", "D"),
        (Fraction(1, 3), "f4", "f4"), (Fraction(1, 3), "i4", "O"), (sympy.sqrt(2), "f4", "f4"),
        (sympy.sqrt(2), "i4", "O"), (sympy.I, "f4", "F"), (sympy.Symbol("c"), "f8", "O"), (10**30, "f4", "f4"),
        (np.float64(0.5), "f4", "f4"),
    ],
)  # fmt: skip
def test_dtypes_of_scalar_multiples(scalar, data, result):
    assert ((scalar * oa.Identity()) @ np.ones(3, data)).dtype == np.dtype(result)


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        (np.ones(2, "u1"), np.ones(2, "u1"), "i8"),
        (np.ones(2, "i8"), np.ones(2, "u8"), "i8"),
        (np.ones(2, "f4"), np.ones(2, "f4"), "f4"),
        (np.ones(2, "f2"), np.ones(2, "f2"), "f2"),
        (np.ones(2, "f4"), [0.5], "f4"),
        (np.ones(2, "f4"), [1j], "F"),
        (np.ones(2, "f4"), np.ones(2), "f8"),
        (np.ones(2, "f4"), [Fraction(1, 3)], "f4"),
        (np.ones(2, "i8"), [Fraction(1, 3)], "O"),
        (np.ones(2, "f4"), [sympy.Symbol("a")], "O"),
    ],
)
def test_dtypes_of_sums(first, second, result):
    for pair in ((first, second), (second, first)):
        assert engine.add([oa.Signal(x) for x in pair]).dtype == np.dtype(result)


def test_weak_signals_stay_weak_only_among_themselves():
    assert (oa.Up(2) @ [1, 2, 3]).weak
    assert (oa.Conv([0.5, 1]) @ [1, 2, 3]).weak
    assert (Fraction(1, 2) * oa.Modulate([1, -1]) @ [1.0, 2, 3]).weak
    assert not (oa.Conv(np.array([1, 2])) @ [1, 2, 3]).weak
    assert not (oa.Conv([1, 2]) @ np.array([1, 2])).weak
    assert not engine.add([oa.Signal([1]), oa.Signal(np.array([1]))]).weak


def test_float16_is_rounded_once():
    total = oa.Conv([1, 1, 1]) @ oa.Signal(np.array([1, 2.0**-11, 2.0**-11], np.float16))
    assert total.dtype == np.float16
    assert total[2] == np.float16(1 + 2.0**-10)  # one sample at a time, float16 would lose both halves


def test_long_doubles_keep_their_digits():
    third = (oa.Conv([Fraction(1, 3)]) @ np.ones(1, np.longdouble))[0]
    assert third == np.longdouble(1) / 3


# Integers -------------------------------------------------------------------------------------------------------------


def test_integers_are_exact_up_to_the_last_bit():
    assert (oa.Conv([2**31, 1]) @ [2**31, 0])[0] == 2**62
    assert (oa.Conv([200, 200]) @ np.array([200, 200], np.uint8))[1] == 80000
    assert (-oa.Identity() @ np.array([200], np.uint8))[0] == -200


@pytest.mark.parametrize(
    ("operator", "values"),
    [
        (oa.Conv([2**32, 1]), [2**31, 2**31]),
        (oa.Conv([1]), np.array([2**63], "u8")),
        (oa.Modulate([2**40, 1]), [2**40]),
        (2**70 * oa.Identity(), [1]),
        (-1 * oa.Identity(), np.array([-(2**63)])),
        (10**5000 * oa.Identity(), [1]),
        (oa.Identity() + oa.Identity(), [2**62]),
        (oa.Conv([2, 2]) ** 40, [1]),
    ],
)
def test_integers_are_of_any_size(operator, values):
    exact = oa.Signal([sympy.Integer(int(n)) for n in values])
    assert operator @ oa.Signal(values) == operator @ exact
    with pytest.raises(IntegerOverflow, match="int64"):
        operator.on(len(values))(np.array(values))


def test_the_way_out_of_overflow_that_the_message_names_works():
    assert (oa.Conv([2**32, 1]) @ np.array([2.0**40]))[0] == 2.0**72
    assert (oa.Conv([2**32, 1]) @ [sympy.Integer(2**40)])[0] == 2**72


def test_uint64_beyond_int64_may_still_be_moved_and_filtered_as_float():
    x = np.array([2**63 + 1], "u8")
    assert (oa.Up(2) @ x)[0] == 2**63 + 1
    assert (oa.Conv([0.5]) @ x)[0] == 2.0**62


# NaN, infinity, large numbers -----------------------------------------------------------------------------------------


def test_a_nan_reaches_only_what_depends_on_it():
    x = np.arange(200.0)
    x[50] = np.nan
    result = oa.Conv([1.0, 2.0, 3.0]) @ x
    assert list(np.flatnonzero(np.isnan(result.values))) == [50, 51, 52]
    result = oa.Conv([1, 0, 0, 2]) @ x
    assert list(np.flatnonzero(np.isnan(result.values))) == [50, 53]
    image = np.ones((9, 9))
    image[4, 4] = np.inf
    result = oa.Conv([[1, 0], [0, 1]]) @ image
    assert [tuple(at) for at in np.argwhere(~np.isfinite(result.values))] == [(4, 4), (5, 5)]


def test_equal_operators_agree_on_nan():
    x = np.array([1, np.nan, 3, np.inf, 5])
    pairs = [
        (oa.Modulate([1, 0]), oa.Up(2) @ oa.Down(2)),
        (oa.DilatedConv([1, 2, 3], 2) @ oa.Up(2), oa.Up(2) @ oa.Conv([1, 2, 3])),
        (0 * oa.Identity(), oa.Zero()),
    ]
    for A, B in pairs:
        np.testing.assert_array_equal((A @ x)[0:20], (B @ x)[0:20])


def test_real_taps_do_not_mix_real_and_imaginary_parts():
    x = np.array([np.inf + 1j])
    assert (oa.Conv([2.0]) @ x)[0] == np.inf + 2j
    assert (2 * oa.Identity() @ x)[0] == np.inf + 2j


@pytest.mark.parametrize(
    ("operator", "data"),
    [
        (oa.Conv([1e300]), np.ones(2, "f4")),
        (1e300 * oa.Identity(), np.ones(2, "f4")),
        (oa.Modulate([Fraction(10**400, 3)]), np.ones(2)),
        (10**400 * oa.Identity(), np.ones(2)),
        (sympy.Function("f")(1) * oa.Identity(), np.ones(2)),
        (sympy.Symbol("c") * oa.Identity(), np.array([np.nan])),
    ],
)
def test_numbers_that_the_data_cannot_hold_are_refused(operator, data):
    with pytest.raises(oa.CoefficientError):
        operator @ data


@pytest.mark.parametrize("shape", [(70,), (7, 9), (3, 4, 5)])
def test_long_sparse_and_swapped_convolutions_agree_with_the_definition(shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    wide, sparse = rng.standard_normal([3 * n for n in shape]), np.zeros([3 * n for n in shape])
    sparse[(1,) * len(shape)], sparse[(-1,) * len(shape)] = 2.0, -1.0
    for kernel in (wide, sparse):
        expected = spread(samples(oa.Signal(kernel)), samples(oa.Signal(x)))
        result = (oa.Conv(kernel) @ x).values
        dense = np.zeros(result.shape)
        for at, value in expected.items():
            dense[at] = value
        np.testing.assert_allclose(result, dense, rtol=1e-12, atol=1e-12)


# Exact numbers --------------------------------------------------------------------------------------------------------


def test_exact_results_are_expanded():
    root = sympy.sqrt(2)
    result = oa.Conv([1 + root, 1]) @ oa.Signal([1 - root, 0])
    assert list(result.values) == [-1, 1 - root, 0]
    q = oa.signals("q", length=2)
    assert list((oa.Conv(q) @ [1, 2]).values) == [q[0], 2 * q[0] + q[1], 2 * q[1]]


def test_upsampled_exact_signals_have_sympy_zeros():
    result = oa.Up(2) @ oa.signals("q", length=2)
    assert [type(entry) for entry in result.values] == [sympy.Symbol, type(sympy.Integer(0)), sympy.Symbol]


def test_floats_are_exact_binary_fractions_for_exact_data():
    assert (oa.Conv([0.1]) @ [Fraction(1)])[0] == sympy.Rational(*(0.1).as_integer_ratio())


def test_small_and_nearly_real_exact_numbers_are_evaluated_rightly():
    tiny = Fraction(1, 10**60)
    assert (oa.Conv([tiny, sympy.sqrt(2)]) @ np.ones(1))[0] == 1e-60
    root = sympy.exp(sympy.I * sympy.pi / 7)
    assert (oa.Conv([root]) @ np.ones(1))[0] == pytest.approx(np.exp(1j * np.pi / 7), rel=1e-15)
    assert (oa.Conv([root + sympy.conjugate(root)]) @ np.ones(1, "f4")).dtype == np.float32


def test_the_dtype_does_not_depend_on_the_part_of_the_period_read():
    w = [1, sympy.I]
    assert (oa.Modulate(w) @ np.ones(1, "f4")).dtype == np.complex64
    assert (oa.Modulate([1, sympy.Symbol("a")]) @ np.ones(1, "f4")).is_exact
