"""Operators on arrays in the hands of SciPy's solvers, NumPy's operators, and least squares."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import linalg

import opalgebra as oa

DIRECT: list[Callable[[Any], Any]] = [lambda F: F, linalg.aslinearoperator]
IDS = ["direct", "aslinearoperator"]


def tall(dtype: str = "float64") -> tuple[Any, np.ndarray]:
    """A well-conditioned operator, (4, 5) to (5, 6) samples, with its matrix."""
    taps = np.array([[4, 1], [-1, 0.5]]) + (1j if dtype.startswith("c") else 0)
    F = oa.Conv(taps.astype(dtype)).on((4, 5), boundary="zero")
    return F, F.todense()


def square(dtype: str = "float64") -> tuple[Any, np.ndarray]:
    """A positive definite operator."""
    F, M = tall(dtype)
    return F.H @ F, M.conj().T @ M


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("wrap", DIRECT, ids=IDS)
def test_least_squares_solvers(wrap: Any, dtype: str) -> None:
    F, M = tall(dtype)
    y = np.random.default_rng(0).standard_normal(F.shape[0]).astype(dtype)
    expected = np.linalg.lstsq(M, y, rcond=None)[0]
    for solver in (linalg.lsqr, linalg.lsmr):
        assert np.allclose(solver(wrap(F), y, atol=1e-13, btol=1e-13)[0], expected, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("wrap", DIRECT, ids=IDS)
def test_square_solvers(wrap: Any, dtype: str) -> None:
    F, M = square(dtype)
    y = np.random.default_rng(1).standard_normal(F.shape[0]).astype(dtype)
    for solver in (linalg.cg, linalg.gmres):
        x, failed = solver(wrap(F), y, rtol=1e-12, maxiter=2000)
        assert not failed
        assert np.allclose(M @ x, y, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("wrap", DIRECT, ids=IDS)
def test_singular_values_and_eigenvalues(wrap: Any, dtype: str) -> None:
    F, M = tall(dtype)
    largest = np.linalg.svd(M, compute_uv=False)[:3]
    start = np.ones(min(F.shape))
    assert np.allclose(sorted(linalg.svds(wrap(F), k=3, v0=start)[1])[::-1], largest)
    G, N = square(dtype)
    top = np.linalg.eigvalsh(N)[-2:]
    assert np.allclose(sorted(linalg.eigsh(wrap(G), k=2, v0=np.ones(G.shape[0]))[0]), top)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_vectors_and_matrices(dtype: str) -> None:
    F, M = tall("complex128" if dtype.startswith("c") else "float64")
    m, n = F.shape
    assert (type(m), type(n)) == (int, int)
    assert (F.ndim, F.size) == (2, m * n)
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((n, 3)).astype(dtype), rng.standard_normal((m, 3)).astype(dtype)
    tolerance: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4} if dtype in ("float32", "complex64") else {}
    for i in range(3):
        for column in (x[:, i], x[:, i : i + 1]):
            assert np.allclose(F.matvec(column), M @ column, **tolerance)
            assert F.matvec(column).shape == (m, *column.shape[1:])
        for column in (y[:, i], y[:, i : i + 1]):
            assert np.allclose(F.rmatvec(column), M.conj().T @ column, **tolerance)
            assert F.rmatvec(column).shape == (n, *column.shape[1:])
    assert np.allclose(F.matmat(x), M @ x, **tolerance)
    assert np.allclose(F.rmatmat(y), M.conj().T @ y, **tolerance)
    assert F.matmat(x).dtype == F.rmatmat(y).dtype == dtype
    assert F.matmat(x[:, :0]).shape == (m, 0)
    assert np.allclose(F.transpose().todense(), M.T)
    assert np.allclose(F.adjoint().todense(), M.conj().T)


@pytest.mark.parametrize("shape", [(1,), (21,), (20, 2), (1, 20), ()])
def test_vectors_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    F, _ = tall()
    for method in (F.matvec, F.rmatvec):
        with pytest.raises(oa.DimensionError):
            method(np.ones(shape))


def test_a_vector_of_all_samples_is_taken_where_there_are_several_axes() -> None:
    F, M = tall()
    x = np.arange(20.0)
    assert np.allclose(F(x), M @ x)
    assert F(x.reshape(4, 5)).shape == (5, 6)


def test_arrays_on_either_side() -> None:
    """An array on the left is a row: x @ F = Fᵀ x; a number multiplies, in whatever shape it comes."""
    F = oa.Conv([1, 2.5]).on(3)
    M = F.todense()
    x, y = np.array([1.0, 2, 3]), np.array([1.0, 2, 3, 4])
    for made in (F @ x, F * x, F(x), F @ [1, 2, 3]):
        assert np.allclose(made, M @ x)
    for made in (y @ F, y * F, [1, 2, 3, 4] @ F):
        assert np.allclose(made, y @ M)
    for two in (2, 2.0, np.float64(2), np.float32(2), np.int64(2), np.array(2), np.array(2.0)):
        for G in (two * F, F * two):
            assert np.allclose(G.todense(), 2 * M)
            assert G.dims == F.dims
    batch = np.arange(6.0).reshape(2, 3)
    assert np.allclose(F @ batch, batch @ M.T)  # axes in front are a batch
    assert isinstance(np.float64(2) * F, oa.bound.operators.base.BoundOperator)


def test_scaled_and_added_inside_scipy() -> None:
    """aslinearoperator gives an operator that combines with SciPy's own."""
    F, M = tall()
    S = 2 * linalg.aslinearoperator(F) + linalg.aslinearoperator(M)
    x = np.ones(20)
    assert np.allclose(S @ x, 3 * M @ x)
    assert np.allclose(S.H @ np.ones(30), 3 * M.T @ np.ones(30))


# Least squares


@pytest.mark.parametrize("damp", [0.0, 0.3, 10])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_lstsq_is_the_regularised_solution(damp: float, dtype: str) -> None:
    F, M = tall(dtype)
    rng = np.random.default_rng(3)
    y = rng.standard_normal((5, 6)) + (1j * rng.standard_normal((5, 6)) if dtype == "complex128" else 0)
    n = M.shape[1]
    stacked, data = np.vstack([M, damp * np.eye(n)]), np.concatenate([y.ravel(), np.zeros(n)])
    x = F.lstsq(y, damp=damp)
    assert x.shape == (4, 5)
    assert x.dtype == dtype
    assert np.allclose(x.ravel(), np.linalg.lstsq(stacked, data, rcond=None)[0], atol=1e-9)


def test_lstsq_of_a_batch_is_that_of_each() -> None:
    F, _ = tall()
    y = np.random.default_rng(4).standard_normal((2, 3, 5, 6))
    given = y.copy()
    x = F.lstsq(y)
    assert x.shape == (2, 3, 4, 5)
    assert np.array_equal(y, given)
    for at in np.ndindex(2, 3):
        assert np.allclose(x[at], F.lstsq(y[at]), atol=1e-9)


def test_lstsq_gives_the_smallest_of_many_solutions() -> None:
    """Downsampling loses samples, a wide operator has a null space: the answer is that of the pseudo-inverse."""
    for F in (
        (oa.Down(2) @ oa.Conv([1, 1])).on(9),
        oa.Conv([1, -1]).on(6, mode="same", boundary="wrap"),
        (oa.Up(2) @ oa.Down(2)).on(7),
    ):
        y = np.random.default_rng(5).standard_normal(F.dimsd)
        assert np.allclose(F.lstsq(y), np.linalg.pinv(F.todense()) @ y, atol=1e-9)


def test_lstsq_keeps_single_precision() -> None:
    F, M = tall()
    y = np.random.default_rng(6).standard_normal((5, 6)).astype(np.float32)
    x = F.lstsq(y)
    assert x.dtype == np.float32
    assert np.allclose(x.ravel(), np.linalg.lstsq(M, y.ravel(), rcond=None)[0], atol=1e-4)
    assert F.lstsq(np.ones((5, 6), int)).dtype == np.float64
    assert F.lstsq(y.astype(np.complex64)).dtype == np.complex64


def test_lstsq_through_combinations_and_transposes() -> None:
    F, M = tall()
    for G, N in ((F.T, M.T), (2 * F, 2 * M), (F.T @ F, M.T @ M), (F + F, 2 * M)):
        y = np.random.default_rng(7).standard_normal(G.dimsd)
        assert np.allclose(G.lstsq(y).ravel(), np.linalg.pinv(N) @ y.ravel(), atol=1e-8)


def test_lstsq_says_when_it_has_not_converged() -> None:
    F = oa.Conv([1, 2, 1]).on(400, mode="same")  # its smallest singular value is of the size of 10⁻⁴
    y = np.random.default_rng(8).standard_normal(400)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.lstsq(y, maxiter=3)  # on purpose
        F.lstsq(y, damp=0.1)
    G = (oa.Conv([1, 2, 1]) ** 6).on(60, mode="same")
    with pytest.warns(RuntimeWarning, match="not converged"):
        G.lstsq(y[:60])


def test_lstsq_of_nothing() -> None:
    F = oa.Conv([1, 2]).on(3, out=(5, 5))
    assert F.lstsq(np.ones(0)).tolist() == [0, 0, 0]
    assert oa.Conv([1, 2]).on(0, out=2).lstsq([1, 2]).shape == (0,)


@pytest.mark.parametrize("damp", [-1, np.nan, np.inf, "1", None, True, 1j])
def test_lstsq_refuses_a_wrong_damp(damp: Any) -> None:
    with pytest.raises(oa.CoefficientError, match="damp"):
        tall()[0].lstsq(np.ones((5, 6)), damp=damp)


@pytest.mark.parametrize("y", [np.ones(30), np.ones((6, 5)), np.ones(()), np.full((5, 6), np.nan)])
def test_lstsq_refuses_data_that_does_not_fit(y: np.ndarray) -> None:
    with pytest.raises(oa.OpAlgebraError):
        tall()[0].lstsq(y)
