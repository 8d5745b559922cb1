"""The engines against the definitions, written out once more with dictionaries index → value."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra import engine
from opalgebra.engine.letters.unfold import _unfold
from opalgebra.errors import IntegerOverflow
from opalgebra.expr import operators as ops
from opalgebra.expr.operators import LinearOperator

# The definitions --------------------------------------------------------------------------------------


def per_axis(value, ndim):
    return value if isinstance(value, tuple) else (value,) * ndim


def collect(pairs):
    result = {}
    for index, value in pairs:
        result[index] = result.get(index, 0) + value
    return {index: value for index, value in result.items() if value != 0}


def samples(signal):
    return {index: value if signal.is_exact else value.item() for index, value in signal.items()}


def spread(kernel, x):
    """Σ_k q_{n−k} x_k for dictionaries."""
    return collect(
        (tuple(i + j for i, j in zip(a, b, strict=True)), p * v) for a, p in kernel.items() for b, v in x.items()
    )


def sampled(x, factors):
    return {
        tuple(n // k for n, k in zip(index, factors, strict=True)): value
        for index, value in x.items()
        if all(n % k == 0 for n, k in zip(index, factors, strict=True))
    }


def stretched(x, factors):
    return {tuple(n * k for n, k in zip(index, factors, strict=True)): value for index, value in x.items()}


def conjugated(x):
    return {index: value.conjugate() for index, value in x.items()}


def box(factors):
    return dict.fromkeys(itertools.product(*(range(k) for k in factors)), 1)


def mirrored(x):
    return {tuple(-n for n in index): value for index, value in x.items()}


def brute(node, x, ndim):
    """node x by the definition, for dictionaries."""
    kind = type(node).__name__
    if kind in ("Up", "Down", "Repeat", "LinearUp", "AvgPool", "StridedConv", "DilatedConv", "TransposedConv"):
        factors = per_axis(node.factor, ndim)
        size = int(np.prod(factors))
    match kind:
        case "Identity":
            return dict(x)
        case "Zero":
            return {}
        case "Conv":
            return spread(samples(node.kernel), x)
        case "Corr":
            return spread(mirrored(conjugated(samples(node.kernel))), x)
        case "Up":
            return stretched(x, factors)
        case "Down":
            return sampled(x, factors)
        case "Shift":
            return spread({per_axis(node.shift, ndim): 1}, x)
        case "Flip":
            return mirrored(x)
        case "Modulate":
            return modulated(node.sequence, x)
        case "Scale":
            return collect((n, node.scalar * v) for n, v in brute(node.operator, x, ndim).items())
        case "Sum":
            return collect(pair for term in node.terms for pair in brute(term, x, ndim).items())
        case "Compose":
            for factor in reversed(node.factors):
                x = brute(factor, x, ndim)
            return x
        case "Power":
            for _ in range(node.exponent):
                x = brute(node.operator, x, ndim)
            return x
        case "Transpose":
            return transposed(node.operator, x, ndim)
        case "Adjoint":
            return conjugated(transposed(node.operator, conjugated(x), ndim))
        case "Conj":
            return conjugated(brute(node.operator, conjugated(x), ndim))
        case "StridedConv":
            return sampled(spread(samples(node.kernel), x), factors)
        case "DilatedConv":
            return spread(stretched(samples(node.kernel), factors), x)
        case "TransposedConv":
            return spread(samples(node.kernel), stretched(x, factors))
        case "Repeat":
            return spread(box(factors), stretched(x, factors))
        case "LinearUp":
            triangle = spread(box(factors), mirrored(box(factors)))
            return {n: v / size for n, v in spread(triangle, stretched(x, factors)).items()}
        case "AvgPool":
            return {n: v / size for n, v in sampled(spread(mirrored(box(factors)), x), factors).items()}
    raise AssertionError(f"no definition of {kind}")


def modulated(sequence, x):
    first, shape = sequence.starts, sequence.values.shape

    def factor(index):
        return sequence.values[tuple((n - a) % m for n, a, m in zip(index, first, shape, strict=True))].item()

    return collect((index, factor(index) * value) for index, value in x.items())


def reach(node, extent):
    """A bound of |m| for all m from which ``node`` reaches an index of at most ``extent``."""
    match type(node).__name__:
        case "Conv" | "Corr":
            return extent + max(abs(n) for n in (*node.kernel.starts, *node.kernel.stops))
        case "Down":
            return extent * max(per_axis(node.factor, 1))
        case "Shift":
            return extent + max(abs(s) for s in per_axis(node.shift, 1))
        case "Compose":
            for factor in node.factors:
                extent = reach(factor, extent)
            return extent
        case "Scale":
            return reach(node.operator, extent)
        case "Sum":
            return max(reach(term, extent) for term in node.terms)
    return extent


def transposed(node, y, ndim):
    """(Aᵀ y)_m = Σ_n A[n, m] y_n, from the columns A δ_m."""
    extent = reach(node, max((abs(n) for index in y for n in index), default=0))
    indices = itertools.product(range(-extent, extent + 1), repeat=ndim)
    columns = ((m, brute(node, {m: 1}, ndim)) for m in indices)
    return collect((m, value * y[n]) for m, column in columns for n, value in column.items() if n in y)


def assert_same(signal, expected):
    found = samples(signal)
    for index in found.keys() | expected.keys():
        assert found.get(index, 0) == pytest.approx(expected.get(index, 0), rel=1e-12, abs=1e-12), index


# Random operators and signals -------------------------------------------------------------------------

small = st.integers(-3, 3)
gaussian = st.builds(complex, small, small)
starts = st.integers(-3, 3)


def arrays(ndim, entries, longest):
    shapes = st.tuples(*[st.integers(1, longest)] * ndim)
    return shapes.flatmap(
        lambda shape: st.lists(entries, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
            lambda leaves: np.array(leaves).reshape(shape)
        )
    )


def signal_strategy(ndim, longest=4):
    entries = st.one_of(arrays(ndim, small, longest), arrays(ndim, gaussian, longest))
    return st.builds(oa.Signal, entries, st.tuples(*[starts] * ndim))


def letters(ndim):
    factors = st.tuples(*[st.integers(1, 3 if ndim == 1 else 2)] * ndim)
    return st.one_of(
        st.builds(oa.Conv, signal_strategy(ndim, 3)),
        st.builds(oa.Corr, signal_strategy(ndim, 2)),
        st.builds(oa.Up, factors),
        st.builds(oa.Down, factors),
        st.builds(oa.Shift, st.tuples(*[starts] * ndim)),
        st.just(oa.Flip()),
        st.builds(oa.Modulate, signal_strategy(ndim, 3)),
        st.just(oa.Identity()),
        st.just(oa.Zero()),
    )


def words(ndim):
    word = st.lists(letters(ndim), min_size=1, max_size=3).map(lambda made: ops.compose(tuple(made)))
    scaled = st.builds(lambda c, A: c * A, gaussian, word)
    return st.one_of(word, scaled, st.builds(lambda A, B: A + B, word, word))


def trees(ndim):
    named = st.one_of(
        st.builds(oa.Repeat, st.tuples(*[st.integers(1, 2)] * ndim)),
        st.builds(oa.LinearUp, st.tuples(*[st.integers(1, 2)] * ndim)),
        st.builds(oa.AvgPool, st.tuples(*[st.integers(1, 2)] * ndim)),
        *[
            st.builds(layer, signal_strategy(ndim, 2), st.tuples(*[st.integers(1, 2)] * ndim))
            for layer in (oa.StridedConv, oa.DilatedConv, oa.TransposedConv)
        ],
    )
    wrapped = st.builds(
        lambda A, how: how(A), words(ndim), st.sampled_from([ops.Transpose, ops.Adjoint, ops.Conj, lambda A: A**2])
    )
    leaf = st.one_of(words(ndim), named, wrapped) if ndim == 1 else st.one_of(words(ndim), named)
    return st.one_of(leaf, st.builds(lambda A, B: A @ B, leaf, leaf), st.builds(lambda A, B: A - B, leaf, leaf))


relaxed = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


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


# Windows ----------------------------------------------------------------------------------------------


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


# dtypes -----------------------------------------------------------------------------------------------

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


# Integers ---------------------------------------------------------------------------------------------


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


# NaN, infinity, large numbers -------------------------------------------------------------------------


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


# Exact numbers ----------------------------------------------------------------------------------------


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


# Inputs, depth and size -------------------------------------------------------------------------------


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
    [oa.Up(10**12), oa.Up(2) ** 60, oa.Identity() + oa.Shift(10**12), oa.Identity() ** 10**9,
     oa.Conv(oa.Signal([1, 2])) @ oa.Up(2**40)],
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

    engine.ENGINES.insert(0, Louder())
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


# Costs ------------------------------------------------------------------------------------------------


def test_costs_of_each_letter():
    A = oa.Down(2) @ (3 * oa.Conv([1, 0, 1])) @ oa.Modulate([1, -1]) @ oa.Up(2) @ oa.Shift(4) @ oa.Flip()
    stages = engine.explain(A, 5).stages
    assert [type(stage.what).__name__ for stage in stages] == [
        "Flip", "Shift", "Up", "Modulate", "Conv", "Scale", "Down",
    ]  # fmt: skip
    assert [stage.multiply_adds for stage in stages] == [0, 0, 0, 9, 33, 11, 0]
    assert [stage.input.starts for stage in stages[1:]] == [stage.output.starts for stage in stages[:-1]]
    result = A @ np.ones(5)
    assert (stages[-1].output.starts, stages[-1].output.stops) == (result.starts, result.stops)


def test_costs_of_sums_transposes_and_names():
    sums = oa.Conv([1, 2]) + oa.Shift(1) + oa.Zero()
    assert engine.explain(sums, 10).multiply_adds == 2 * 11 + 2 * 11
    q = [1, 2, 3]
    forward, polyphase = oa.StridedConv(q, 2), oa.Conv([1, 3]) @ oa.Down(2) + oa.Conv([2]) @ oa.Down(2) @ oa.Shift(1)
    assert engine.explain(forward, 100).multiply_adds == 3 * 102
    assert engine.explain(polyphase, 100).multiply_adds == 2 * 51 + 1 * 50 + 51
    assert engine.explain(forward.T, 100).multiply_adds == 3 * (199 + 2)


def test_the_costs_of_large_inputs_are_counted_without_computing():
    assert engine.explain(oa.Conv(np.ones((3, 3))) @ oa.Up((1000, 1000)), (10**6, 10**6)).multiply_adds > 10**18


@relaxed
@given(trees(2), signal_strategy(2, 3))
def test_explained_windows_are_the_windows_computed(A, x):
    stages = engine.explain(A, x.values.shape).stages
    result = A @ oa.Signal(x.values)
    if stages:
        assert (stages[-1].output.starts, stages[-1].output.shape) == (result.starts, result.values.shape)


def test_the_table_is_aligned_and_ends_with_the_total():
    lines = str(engine.explain(oa.Down(2) @ oa.Conv(list(range(1, 60))), 100)).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "input" in lines[0]
    assert "[0, 158)" in lines[2]
    assert "…" in lines[2]
    assert lines[-1].split() == ["total", f"{59 * 158:,}"]


@pytest.mark.parametrize("shape", [-1, 1.5, True, "3", (2, -1), (), None])
def test_bad_shapes(shape):
    with pytest.raises(oa.WindowError):
        engine.explain(oa.Identity(), shape)


def test_shapes_must_fit_the_operator():
    with pytest.raises(oa.DimensionError):
        engine.explain(oa.Up((2, 2)), 10)
    with pytest.raises(oa.DimensionError):
        engine.apply(oa.Up((2, 2)), oa.Signal([1]))
