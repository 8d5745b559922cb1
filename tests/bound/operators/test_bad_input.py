"""What operators on arrays refuse, and what they leave alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from tests.judge_bound import BOUNDARIES

A = oa.Conv([1, 2])
F = A.on(3)


def refused(error: type[Exception], *words: str) -> Any:
    """The error and the words of its message, in any order."""
    return pytest.raises(error, match="(?s)" + "".join(f"(?=.*{word})" for word in words))


# Binding


@pytest.mark.parametrize("n", [-1, True, 3.0, "3", None, (), (3.5,), [True], np.array([3]), sympy.Symbol("n"), {3}])
def test_sizes(n: Any) -> None:
    with refused(oa.WindowError, "size", "give an int >= 0"):
        A.on(n)


@pytest.mark.parametrize("n", [3, (3,), [3], np.int32(3), np.array(3), sympy.Integer(3)])
def test_sizes_that_are_ints(n: Any) -> None:
    assert A.on(n) == F


def test_ranks() -> None:
    with refused(oa.DimensionError, "2 axes", "acts on 1", "batch"):
        A.on((3, 3))
    with refused(oa.DimensionError, "1 axes", "acts on 2"):
        oa.Conv([[1, 2]]).on(3)
    assert oa.Identity().on((2, 3, 4)).dimsd == (2, 3, 4)  # I has any number of axes


@pytest.mark.parametrize("mode", ["Full", "", None, 1, ["full"]])
def test_modes(mode: Any) -> None:
    with refused(oa.WindowError, "mode", "'full'", "'same'", "'valid'"):
        A.on(3, mode=mode)


@pytest.mark.parametrize("boundary", ["constant", "", None, 0, ("edge", "edge"), ("edge", 1), {"edge"}])
def test_boundaries(boundary: Any) -> None:
    with refused(oa.WindowError, "boundary", "'antireflect'", "one per axis"):
        A.on(3, boundary=boundary)


@pytest.mark.parametrize("out", [(1, 2, 3), (1,), (), 2.0, True, "ab", (0, True), (0, 1.5), {1, 2}, slice(0, 3)])
def test_windows(out: Any) -> None:
    with refused(oa.WindowError, "out is", "start, stop"):
        A.on(3, out=out)


def test_windows_that_stop_before_they_start() -> None:
    for out in ((3, 1), -1, (0, -5)):
        with refused(oa.WindowError, "stops before it starts"):
            A.on(3, out=out)
    with refused(oa.WindowError, "stops before it starts"):
        oa.Conv([[1]]).on((3, 3), out=((0, 3), (2, 1)))
    with refused(oa.WindowError, "each of the 2 axes"):
        oa.Conv([[1]]).on((3, 3), out=3)


def test_out_and_mode() -> None:
    with refused(oa.WindowError, "both out=", "give one of them"):
        A.on(3, out=3, mode="valid")


def test_huge_windows_are_refused_before_any_work() -> None:
    with refused(oa.SizeError, "16,384.0 GiB", "available", "Dask"):
        A.on(3, out=2**41)(np.ones(3))
    with refused(oa.SizeError, "entries"):
        A.on(10**5).todense()


@pytest.mark.parametrize("dtype", ["int64", "float16", "U3", "nope", bool, object, 3])
def test_dtypes(dtype: Any) -> None:
    with refused(oa.OperandError, "dtype", "give float32"):
        A.on(3, dtype=dtype)
    with refused(oa.OperandError, "complex"):
        oa.Conv([1j]).on(3, dtype="float64")


def test_wrap_needs_its_divisibility() -> None:
    """Refused where a mode is to say which outputs are meant; with out= the reader says it."""
    B = oa.Down(2) @ A
    for mode in ("full", "same", "valid"):
        with refused(oa.WindowError, "wrap", "period 5", "↓2", "out="):
            B.on(5, mode=mode, boundary="wrap")
    assert B.on(5, out=4, boundary="wrap")([1, 2, 3, 4, 5]).tolist() == [11, 7, 13, 4]
    with refused(oa.WindowError, "wrap", "period 4", "weights"):
        oa.Modulate([1, 2, 3]).on(4, mode="same", boundary="wrap")
    assert (oa.Up(2) + oa.Identity()).on(3, boundary="wrap").dimsd == (5,)  # periods 6 and 3


@pytest.mark.parametrize("rule", [rule for rule in BOUNDARIES if rule != "zero"])
def test_an_empty_array_cannot_be_continued(rule: str) -> None:
    E = A.on(0, out=3, boundary=rule)
    for action in (lambda: E([]), lambda: E.T([1, 2, 3])):
        with refused(oa.WindowError, "empty array", "boundary='zero'"):
            action()
    assert A.on(0, boundary=rule)([]).shape == (0,)  # where nothing is read, nothing is missing
    assert A.on(0, out=3)([]).tolist() == [0, 0, 0]


# Arrays


class Foreign:
    """An array of another library: NumPy could read it, and would leave its device."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise AssertionError("converted without being asked")


@pytest.mark.parametrize(
    "x",
    [
        np.ones(3, bool), np.array(["a", "b", "c"]), np.ones(3, object), np.zeros(3, "M8[s]"), np.ma.ones(3),
        np.zeros(3, [("a", "f8")]), Foreign(), None, "abc", {1, 2, 3}, [[1, 2], [3]], [1, 2, 2**80], [None] * 3,
        [True, False, True], iter([1, 2, 3]), oa.Signal([1, 2, 3]),
    ],
    ids=lambda x: type(x).__name__,  # the same in every process
)  # fmt: skip
def test_what_is_not_an_array_of_numbers(x: Any) -> None:
    for action in (F, F.matvec, F.T, F.lstsq, lambda x: F @ x):
        with pytest.raises(oa.OperandError):
            action(x)


@pytest.mark.parametrize("shape", [(), (0,), (2,), (4,), (3, 1), (3, 2), (1, 3, 4)])
def test_wrong_trailing_shapes(shape: tuple[int, ...]) -> None:
    with refused(oa.DimensionError, "shape", "3", "batch"):
        F(np.ones(shape))


def test_kinds_of_arrays_that_are_fine() -> None:
    x = np.arange(1.0, 13).reshape(4, 3)
    expected = F(x.copy())
    frozen = x.copy()
    frozen.flags.writeable = False
    views = [
        frozen,
        np.asfortranarray(x),
        np.repeat(x, 2, axis=1)[:, ::2],
        x[::-1][::-1],
        np.broadcast_to(x, (1, 4, 3)),
    ]
    for view in views:
        assert np.array_equal(F(view).reshape(4, 4), expected)
        assert np.array_equal(F.T(F(view)).reshape(4, 3), F.T(expected))
    for dtype in (">f8", ">f4", ">i4", "f2", "i1", "u8", "g", ">c8"):
        y = F(x.astype(dtype))
        assert np.array_equal(y.astype(complex), expected)
        assert y.dtype.isnative
        assert y.dtype == (np.int64 if np.dtype(dtype).kind in "iu" else np.dtype(dtype).newbyteorder("="))
    assert type(F(x.view(np.memmap))) is np.ndarray  # of a subclass, the plain array


@pytest.mark.parametrize("rule", BOUNDARIES)
def test_inputs_are_never_modified_and_never_shared(rule: str) -> None:
    for B in (oa.Identity(), A, oa.Flip(), oa.Modulate([0, 2]), 2 * A + oa.Shift(1), oa.Zero()):
        G = B.on(3, out=(-2, 5), boundary=rule)
        for H, n in ((G, 3), (G.T, 7), (G.H @ G, 3), (-G, 3), (G + G, 3)):
            x = np.arange(1.0, n + 1)
            y = H(x)
            assert not np.shares_memory(x, y)
            y[...] = -1
            assert np.array_equal(x, np.arange(1.0, n + 1))


def test_integers_that_may_overflow() -> None:
    large = np.array([2**62, 2**62, 2**62])
    edge = oa.Identity().on(3, out=(-2, 5), boundary="edge")
    for action in (
        lambda: A.on(3)(large),
        lambda: A.on(3, mode="same").T(large),
        lambda: edge.T(np.full(7, 2**62)),
        lambda: oa.Identity().on(3, out=(-2, 5), boundary="antireflect")(large),
        lambda: (oa.Identity().on(3) + oa.Identity().on(3))(large),
        lambda: (2 * oa.Identity().on(3))(large),
        lambda: oa.Modulate([4]).on(3)(large),
        lambda: oa.Identity().on(3)(np.full(3, 2**63, dtype=np.uint64)),
    ):
        with refused(oa.IntegerOverflow, "int64"):
            action()
    assert edge(large).tolist() == [2**62] * 7


def test_numbers_too_large_for_the_precision_of_the_data() -> None:
    x = np.ones(3, np.float32)
    for B in (oa.Conv([1e300]), oa.Modulate([1e300])):
        with refused(oa.CoefficientError, "float32"):
            B.on(3)(x)
        assert B.on(3)(x.astype(float)).tolist() == [1e300] * 3


# NaN and infinity: only where they reach


def test_a_nan_reaches_what_reads_it() -> None:
    q = oa.Signal([1, 0, 2])
    x = np.array([1.0, np.nan, 3, 4, 5])
    G = oa.Conv(q).on(5)
    assert np.isnan(G(x)).tolist() == [False, True, False, True, False, False, False]
    y = np.arange(7.0)
    y[3] = np.nan
    assert np.isnan(G.T(y)).tolist() == [False, True, False, True, False]
    assert np.isnan((oa.Down(2) @ oa.Identity()).on(5)(x)).tolist() == [False, False, False]
    assert np.isnan(oa.Modulate([1, 0]).on(5)(x)).tolist() == [False] * 5
    assert np.isnan(oa.Modulate([1, 0]).on(5).H(x)).tolist() == [False] * 5
    assert np.isnan(oa.Zero().on(5, out=5)(x)).tolist() == [False] * 5


def test_a_nan_reaches_what_is_continued_from_it() -> None:
    x = np.array([1.0, 2, np.nan])
    for rule, where in (("edge", [4, 5, 6]), ("wrap", [1, 4]), ("reflect", [0, 4]), ("symmetric", [4, 5])):
        y = oa.Identity().on(3, out=(-2, 5), boundary=rule)(x)
        assert np.flatnonzero(np.isnan(y)).tolist() == where
    back = oa.Identity().on(3, out=(-2, 5), boundary="edge").T(np.array([np.nan, 1, 1, 1, 1, 1, 1]))
    assert np.isnan(back).tolist() == [True, False, False]


def test_a_nan_in_one_channel_stays_out_of_the_others() -> None:
    G = oa.Block([[oa.Conv([1, 2]), 0], [oa.Conv([1, 1]), oa.Conv([3, 1])]]).on(3)
    x = np.ones((2, 3))
    x[1, 0] = np.nan
    assert np.isnan(G(x)).any(axis=1).tolist() == [False, True]
    assert np.isnan(G.T(np.array([[1.0] * 4, [np.nan] + [1.0] * 3]))).any(axis=1).tolist() == [True, True]


def test_infinity_times_a_real_tap_has_no_imaginary_part() -> None:
    """NumPy's (∞ + 0i) · 2 is ∞ + NaN i; here as in A @ x."""
    x = np.array([np.inf + 0j, 1, 2])
    for B in (oa.Conv([2.0, 3.0]), oa.Modulate([2.0, 3.0])):
        assert np.array_equal(B.on(3)(x), (B @ x).values)
        assert not np.isnan(B.on(3)(x)).any()
    B = oa.Conv([1j, 2 + 1j])
    assert np.array_equal(B.on(3)(x.real), (B @ x.real).values)


# Combining


def test_windows_that_do_not_fit() -> None:
    with refused(oa.DimensionError, "do not fit", r"\(4,\)", r"\(3,\)", "out="):
        F @ F
    with refused(oa.DimensionError, "do not fit", "out="):
        F + A.on(4)
    with refused(oa.DimensionError, "do not fit", r"\[0, 4\)", r"\[1, 5\)", "out="):
        F + (oa.Shift(1) @ A).on(3)  # of the same shape, but other outputs


def test_wrong_operands() -> None:
    for action in (
        lambda: F + 1, lambda: 1 + F, lambda: F + np.ones((4, 3)), lambda: F - 1, lambda: F / 0, lambda: F / F,
        lambda: F**0, lambda: F**-1, lambda: F**1.5, lambda: F**True, lambda: F @ "x", lambda: F * "x",
        lambda: F + A, lambda: A @ F, lambda: F @ A,
    ):  # fmt: skip
        with pytest.raises(oa.OpAlgebraError):
            action()
    for number in (np.nan, np.inf, True, None):
        with pytest.raises(oa.OpAlgebraError):
            F * number


# What has no numbers


def test_formal_kernels() -> None:
    q = oa.signals("q")
    G = oa.Conv(q).on(3, out=3)
    assert G.matrix()[2, 0].name == "q_2"
    for action in (lambda: G([1, 2, 3]), lambda: G.T([1, 2, 3]), lambda: oa.Conv(q).on(3), G.todense):
        with refused(oa.FormalSignalError, "q", "give numbers"):
            action()
    assert oa.Conv(q).on(3, mode="same").shape == (3, 3)


def test_symbolic_taps_have_a_matrix_and_do_not_run() -> None:
    q = oa.signals("q", length=2)
    G = oa.Conv(q).on(2, boundary="antireflect", out=3)
    a, b = q.values
    assert G.matrix() == sympy.Matrix([[a + 2 * b, -b], [b, a], [-a, 2 * a + b]])
    assert G.T.matrix() == G.matrix().T
    assert (2 * G).matrix() == 2 * G.matrix()
    c = sympy.Symbol("c")
    for action in (lambda: G([1, 2]), lambda: G.T([1, 2, 3]), lambda: (c * F)([1, 2, 3]), G.todense):
        with refused(oa.FormalSignalError, "symbol", ".matrix"):
            action()
    assert (c * F).matrix() == c * F.matrix()


def test_symbolic_factors() -> None:
    with refused(oa.FormalSignalError, "k"):
        oa.Up(oa.factors("k")).on(3)
