"""Matrices of operators: every entry against the judge, NumPy and the definitions."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
import sympy
from sympy import Matrix

import opalgebra as oa
from opalgebra import AvgPool, Conv, Corr, Down, Flip, Identity, Modulate, Repeat, Shift, StridedConv, Up, Zero
from opalgebra.errors import FormalSignalError, SizeError, WindowError
from tests.generate import word
from tests.judge import Judge

q, p = oa.signals("q p")
k = oa.factors("k")
I = Identity()  # noqa: E741
a, b = sympy.symbols("a b")


def tap(n):
    return sympy.Symbol(f"q_{n}")


def test_letters():
    assert Up(2).matrix(4, 2) == Matrix([[1, 0], [0, 0], [0, 1], [0, 0]])
    assert Down(2).matrix(2, 4) == Matrix([[1, 0, 0, 0], [0, 0, 1, 0]])
    assert Shift(1).matrix(3, 3) == Matrix([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    assert Flip().matrix((-1, 2), (-1, 2)) == Matrix([[0, 0, 1], [0, 1, 0], [1, 0, 0]])
    assert Modulate([1, -1]).matrix(3, 3) == sympy.diag(1, -1, 1)
    assert I.matrix(2, 2) == sympy.eye(2)
    assert Zero().matrix(2, 3) == sympy.zeros(2, 3)
    assert Repeat(2).matrix(4, 2) == Matrix([[1, 0], [1, 0], [0, 1], [0, 1]])
    assert AvgPool(2).matrix(2, 4) == Matrix([[1, 1, 0, 0], [0, 0, 1, 1]]) / 2


def test_a_convolution_is_a_toeplitz_matrix():
    kernel = [3, 1, 4, 1, 5]
    found = np.array(Conv(kernel).matrix(8, 4).tolist(), dtype=int)
    wanted = np.array([[kernel[n - m] if 0 <= n - m < 5 else 0 for m in range(4)] for n in range(8)])
    assert np.array_equal(found, wanted)
    x = np.array([2, 7, 1, 8])
    assert np.array_equal(found @ x, np.convolve(kernel, x))
    correlation = np.array(Corr(kernel).matrix((-4, 4), 4).tolist(), dtype=int)
    assert np.array_equal(correlation @ x, np.correlate(x, kernel, mode="full"))


def test_formal_kernels_have_entries_q_n_minus_m():
    found = Conv(q).matrix((-2, 3), (1, 4))
    assert found == Matrix(5, 3, lambda row, column: tap((row - 2) - (column + 1)))
    strided = StridedConv(q, 2).matrix(3, 4)
    assert strided == Matrix(3, 4, lambda row, column: tap(2 * row - column))
    transposed = (Conv(q) @ Up(2)).matrix(4, 3)
    assert transposed == Matrix(4, 3, lambda row, column: tap(row - 2 * column))
    noble = Conv(Up(2) @ q).matrix(4, 4)
    assert noble == Matrix(4, 4, lambda row, column: tap((row - column) // 2) if (row - column) % 2 == 0 else 0)
    thinned = Conv(Down(2) @ q).matrix(3, 3)
    assert thinned == Matrix(3, 3, lambda row, column: tap(2 * (row - column)))


def test_formal_kernels_transposed_and_conjugated():
    assert Conv(q).T.matrix(3, 3) == Conv(q).matrix(3, 3).T
    conjugated = Conv(q).H.matrix(3, 3)
    assert conjugated == Conv(q).matrix(3, 3).applyfunc(sympy.conjugate).T
    real = Conv(oa.signals("q", real=True))
    assert real.H.matrix(3, 3) == real.T.matrix(3, 3)


def test_formal_kernels_beside_known_ones():
    found = (Conv([1, 2]) @ Conv(q)).matrix(3, 3)
    assert found == Matrix(3, 3, lambda row, column: tap(row - column) + 2 * tap(row - column - 1))
    found = (I + 3 * Conv(q) @ Flip()).matrix(2, 2)
    assert found == sympy.eye(2) + 3 * Matrix(2, 2, lambda row, column: tap(row + column))


def test_products_of_matrices_are_matrices_of_products():
    """On windows that hold all that the middle can reach."""
    left, right = Down(2) @ Conv([1, 2, 3]), Conv([5, -1]) @ Up(3)
    middle = (-20, 40)
    assert left.matrix((-3, 6), middle) * right.matrix(middle, (-2, 5)) == (left @ right).matrix((-3, 6), (-2, 5))


def test_the_matrices_of_the_headline():
    """The operator, its double transpose, and the misprint that has ↑ for ↓."""
    operator = Conv(q) @ Up(2)
    assert operator.matrix(4, 3) == (Down(2) @ Conv(q).T).T.matrix(4, 3)
    assert operator.matrix(4, 3) == (Down(2) @ Conv(q).T).matrix(3, 4).T
    assert operator.matrix(4, 3) != (Up(2) @ Conv(q).T).T.matrix(4, 3)


def test_exact_entries():
    assert Conv([0.5, 0.25]).matrix(2, 2) == Matrix([[1, 0], [sympy.Rational(1, 2), 1]]) / 2
    assert Conv([a, sympy.sqrt(2)]).matrix(2, 2) == Matrix([[a, 0], [sympy.sqrt(2), a]])
    assert Conv([1j, 2]).H.matrix(2, 2) == Matrix([[-sympy.I, 2], [0, -sympy.I]])
    assert ((a + b) * I).matrix(1, 1)[0] == a + b
    assert Conv(oa.signals("h", length=2)).matrix(3, 1) == Matrix([sympy.Symbol("h_0"), sympy.Symbol("h_1"), 0])


@pytest.mark.parametrize("seed", range(20))
def test_random_operators_against_the_judge(seed):
    rng = random.Random(seed)
    while True:
        expression = word(rng, 1)
        if expression.ndim in (None, 1) and not any(name in str(expression) for name in "qp"):
            break
    rows, cols = (-4, 5), (-3, 6)
    wanted = Judge(1).matrix(expression, range(*rows), range(*cols))
    found = expression.matrix(rows, cols)
    assert found.shape == (9, 9)
    for (i, row), j in product(enumerate(wanted), range(9)):
        value = row[j]._sympy_() if hasattr(row[j], "_sympy_") else sympy.sympify(row[j])
        assert sympy.expand(found[i, j] - value) == 0


# several axes


def test_windows_of_several_axes_are_flattened_in_c_order():
    rows, cols = ((0, 4), 2), (2, (0, 2))
    found = Up((2, 1)).matrix(rows, cols)
    points_out = list(product(range(4), range(2)))
    points_in = list(product(range(2), range(2)))
    wanted = Matrix(8, 4, lambda i, j: int(points_out[i] == (2 * points_in[j][0], points_in[j][1])))
    assert found == wanted


def test_a_kernel_in_the_plane():
    found = Conv([[1, 2], [3, 5]]).matrix((2, 2), (2, 2))
    kernel = {(0, 0): 1, (0, 1): 2, (1, 0): 3, (1, 1): 5}
    points = list(product(range(2), repeat=2))
    difference = [[(n[0] - m[0], n[1] - m[1]) for m in points] for n in points]
    assert found == Matrix([[kernel.get(at, 0) for at in row] for row in difference])


def test_a_formal_kernel_in_the_plane():
    found = (Down((2, 1)) @ Conv(q)).matrix((2, (1, 3)), (1, 2))
    points = list(product(range(2), range(1, 3)))
    assert found == Matrix(4, 2, lambda i, j: sympy.Symbol(f"q_{2 * points[i][0]}_{points[i][1] - j}"))


# refusals


@pytest.mark.parametrize(
    "window", [1.5, "3", None, (1, 2, 3), (3, 1), -1, True, (0, 2.0), (True, 3), [1], ((0, 1), (0, 1))], ids=repr
)
def test_windows_that_are_none(window):
    with pytest.raises(WindowError):
        Up(2).matrix(window, 2)
    with pytest.raises(WindowError):
        Up(2).matrix(2, window)


@pytest.mark.parametrize("window", [3, (3,), (1, 2, 3), ((0, 1), "a")], ids=repr)
def test_windows_of_several_axes_that_are_none(window):
    with pytest.raises(WindowError):
        Up((2, 2)).matrix(window, (2, 2))


def test_empty_windows():
    assert Up(2).matrix(0, 3).shape == (0, 3)
    assert Up(2).matrix((5, 5), 0).shape == (0, 0)


def test_symbolic_factors_have_no_matrix():
    for operator in (Up(k), Shift(k), Repeat(k), Conv(Up(k) @ q)):
        with pytest.raises(FormalSignalError, match="k"):
            operator.matrix(2, 2)


@pytest.mark.parametrize(
    "operator",
    [Conv(q) @ Conv(p), Conv(q) @ Conv(q), oa.operators("A"), oa.operators("A") @ Conv(q), Conv(q) @ Conv(Up(2) @ q)],
    ids=str,
)
def test_entries_that_are_infinite_sums(operator):
    with pytest.raises(FormalSignalError, match="infinite sums"):
        operator.matrix(2, 2)


def test_matrices_too_large_are_refused():
    with pytest.raises(SizeError, match="entries"):
        I.matrix(10**4, 10**4)


def test_large_indices_are_fine():
    assert Up(10**6).matrix((10**18, 10**18 + 1), (10**12, 10**12 + 1)) == Matrix([[1]])
