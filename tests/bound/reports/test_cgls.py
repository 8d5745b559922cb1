"""Least squares by conjugate gradients on arrays of NumPy, Dask and CuPy, and the other solvers' doors on them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.reports import cgls as cgls_
from tests.cuda_shim.fake_cupy import asnumpy
from tests.cuda_shim.places import cupy, place  # noqa: F401

RNG = np.random.default_rng(7)
F = (oa.Down(2) @ oa.Conv([1.0, 3.0, 1.0])).on((40,), boundary="symmetric")
MIXED = oa.Block([[oa.Conv([3.0, 1.0]), oa.Conv([1.0, 0.5])], [oa.Shift(1), oa.Conv([4.0, -1.0])]]).on(30)
TWO = (oa.Conv([[4.0, 1.0], [1.0, 0.5]])).on((9, 8))
COMPLEX = oa.Conv([3.0, 1j]).on(25)
OPERATORS = [F, MIXED, TWO, COMPLEX, F.H, F.H @ F + 2 * oa.Identity().on(40)]


def solved(A: Any, y: np.ndarray, damp: float) -> np.ndarray:
    """By the singular values of the matrix, array by array."""
    matrix = A.todense()
    rows = y.reshape(-1, A.shape[0])
    stacked = np.vstack([matrix, damp * np.eye(A.shape[1])])
    found = [np.linalg.lstsq(stacked, np.r_[row, np.zeros(A.shape[1])], rcond=None)[0] for row in rows]
    return np.stack(found).reshape(*y.shape[: y.ndim - len(A.dimsd)], *A.dims)


def noise(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    made = RNG.standard_normal(shape) + (1j * RNG.standard_normal(shape) if np.dtype(dtype).kind == "c" else 0)
    return made.astype(dtype)


@pytest.mark.parametrize("A", OPERATORS, ids=str)
@pytest.mark.parametrize("damp", [0, 0.3])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_the_regularised_solution(A: Any, damp: float, dtype: Any) -> None:
    y = noise(2, *A.dimsd, dtype=dtype)
    x = oa.cgls(A, y, damp)
    assert x.dtype == np.result_type(dtype, A.dtype)
    np.testing.assert_allclose(x, solved(A, y, damp), rtol=0, atol=1e-8)
    np.testing.assert_allclose(x, A.lstsq(y, damp), rtol=0, atol=1e-7)


def test_of_many_solutions_the_smallest() -> None:
    G = (oa.Down(3) @ oa.Conv([1.0, 2.0, 1.0])).on(30)
    y = noise(*G.dimsd)
    np.testing.assert_allclose(oa.cgls(G, y), np.linalg.pinv(G.todense()) @ y, atol=1e-8)
    x0 = noise(30)
    x = oa.cgls(G, y, x0=x0)
    np.testing.assert_allclose(G(x), G(oa.cgls(G, y)), atol=1e-8)
    inside = np.linalg.pinv(G.todense()) @ G.todense()
    np.testing.assert_allclose(x - inside @ x, x0 - inside @ x0, atol=1e-8)  # what no step changes


def test_each_array_of_a_batch_by_itself() -> None:
    """Of different sizes, one of them 0: as if it were alone."""
    y = noise(4, *F.dimsd) * np.array([1.0, 1e8, 0.0, 1e-8])[:, None]
    x = oa.cgls(F, y)
    for one, data in zip(x, y, strict=True):
        np.testing.assert_allclose(one, oa.cgls(F, data), rtol=0, atol=1e-9 * np.abs(data).max())
    assert not x[2].any()


@pytest.mark.parametrize(("dtype", "expected"), [("f4", "f4"), ("c8", "c8"), ("i4", "f8"), ("f2", "f2")])
def test_precision_is_that_of_the_data(dtype: str, expected: str) -> None:
    y = (10 * noise(*F.dimsd)).astype(dtype)
    x = oa.cgls(F, y)
    assert x.dtype == expected
    np.testing.assert_allclose(x, solved(F, y.astype("c16"), 0), rtol=2e-3, atol=2e-2 if dtype == "f2" else 1e-5)
    assert oa.cgls(COMPLEX, np.ones(26, "f4")).dtype == "c8"


def test_where_it_ends() -> None:
    """At the steps that are asked for, at x₀ where that solves, and by the rules that are written down."""
    y = noise(*F.dimsd)
    assert not oa.cgls(F, y, maxiter=0).any()
    back = F.H(y)
    np.testing.assert_allclose(oa.cgls(F, y, maxiter=1), back * (back @ back) / np.sum(F(back) ** 2), rtol=1e-12)
    x = oa.cgls(F, y)
    np.testing.assert_array_equal(oa.cgls(F, y, x0=x, tol=1e-6), x)
    for tol in (1e-2, 1e-5):
        z = oa.cgls(F, y, 0.1, tol=tol)
        gradient, residual = F.H(y - F(z)) - 0.01 * z, y - F(z)
        small = np.linalg.norm(gradient) <= tol * np.linalg.norm(back) * (1 + 1e-9)
        met = residual @ residual + 0.01 * (z @ z) <= tol**2 * (y @ y) * (1 + 1e-9)
        assert small or met
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        oa.cgls(F, y, maxiter=2)  # on purpose
    hard = oa.Conv([1.0, 2.0, 1.0]).on(3000, mode="same")
    with pytest.warns(RuntimeWarning, match="had not converged after 1000 steps"):
        oa.cgls(hard, noise(3000), tol=1e-14)


def test_what_is_empty() -> None:
    assert oa.cgls(oa.Conv([1.0]).on(3, out=0), np.ones(0)).tolist() == [0, 0, 0]
    assert oa.cgls(oa.Conv([1.0, 2.0]).on(0, out=2), np.ones(2)).shape == (0,)
    assert oa.cgls(F, np.ones((0, *F.dimsd))).shape == (0, 40)
    assert not oa.cgls(oa.Zero().on(5, out=5), np.ones(5)).any()


BAD: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    (np.ones(5), {}, oa.DimensionError, r"y has shape \(5,\), expected \(…, 21\)"),
    (np.full(21, np.nan), {}, oa.CoefficientError, "y holds NaN"),
    (np.full(21, np.inf), {}, oa.CoefficientError, "y holds NaN or infinity"),
    (np.ma.ones(21), {}, oa.OperandError, "masked"),
    (np.ones(21, bool), {}, oa.OperandError, "dtype bool"),
    (np.ones(21), {"damp": -1}, oa.CoefficientError, "damp is -1"),
    (np.ones(21), {"damp": 1j}, oa.CoefficientError, "damp is 1j"),
    (np.ones(21), {"damp": True}, oa.CoefficientError, "damp is True"),
    (np.ones(21), {"tol": np.nan}, oa.CoefficientError, "tol is nan"),
    (np.ones(21), {"tol": "1"}, oa.CoefficientError, "tol is '1'"),
    (np.ones(21), {"maxiter": -1}, oa.FactorError, "-1"),
    (np.ones(21), {"maxiter": 1.5}, oa.FactorTypeError, r"1\.5"),
    (np.ones(21), {"x0": np.ones(39)}, oa.DimensionError, r"x0 has shape \(39,\)"),
    (np.ones((2, 21)), {"x0": np.ones(40)}, oa.DimensionError, r"for this y it is \(2, 40\)"),
    (np.ones(21), {"x0": np.full(40, np.nan)}, oa.CoefficientError, "x0 holds NaN"),
]


@pytest.mark.parametrize(("y", "more", "error", "message"), BAD, ids=range(len(BAD)))
def test_bad_input(y: Any, more: dict[str, Any], error: type[Exception], message: str) -> None:
    assert F.dimsd == (21,)
    with pytest.raises(error, match=message):
        oa.cgls(F, y, **more)


def test_what_is_no_bound_operator() -> None:
    for operator in (oa.Conv([1.0]), oa.nn.MaxPool(2).on(4), np.eye(3)):
        with pytest.raises(oa.OperandError, match="cgls takes a bound operator"):
            oa.cgls(operator, np.ones(3))  # type: ignore[arg-type]


def test_a_gradient_with_the_wrong_sign_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    y = noise(*F.dimsd)
    made = cgls_._Run._scalars
    monkeypatch.setattr(cgls_._Run, "_scalars", lambda self, values, ndim: made(self, 0.9 * values, ndim))
    x = oa.cgls(F, y, maxiter=12)
    assert not np.allclose(x, solved(F, y, 0), atol=1e-8)


# On devices


@pytest.mark.parametrize("A", [F, TWO, COMPLEX], ids=str)
def test_on_a_device(A: Any, place: Any) -> None:  # noqa: F811
    place.may_wait = True
    y = noise(3, *A.dimsd)
    with place.on(1):
        given = place.asarray(y)
        x0 = place.asarray(np.zeros((3, *A.dims)))
    for found in (oa.cgls(A, given, 0.2), oa.cgls(A, given, 0.2, x0=x0)):
        assert found.device == given.device
        np.testing.assert_allclose(asnumpy(found), oa.cgls(A, y, 0.2), rtol=0, atol=1e-7)
    assert A.dottest(like=given)
    assert A.dottest(like=given, dtype=np.complex64)
    with pytest.raises(oa.OperandError, match=r"CUDA Device|on device"):
        oa.cgls(A, given, x0=np.zeros((3, *A.dims)))


# On Dask arrays


@pytest.mark.parametrize("A", OPERATORS, ids=str)
def test_in_chunks(A: Any) -> None:
    da = pytest.importorskip("dask.array")
    import dask

    y = noise(2, *A.dimsd)
    lazy = da.from_array(y, chunks=(1, *(max(1, n // 3) for n in A.dimsd)))
    with dask.config.set(scheduler="sync"):
        for damp in (0.5, 0):
            x = oa.cgls(A, lazy, damp)
            assert isinstance(x, da.Array)
            assert x.npartitions <= 60  # they do not become smaller from step to step
            np.testing.assert_allclose(x.compute(), oa.cgls(A, y, damp), rtol=0, atol=1e-8)
        z = A.lstsq(lazy, 0.5, tol=1e-12)
        np.testing.assert_allclose(z.compute(), A.lstsq(y, 0.5), rtol=0, atol=1e-8)
        again = oa.cgls(A, lazy, 0.5, x0=z, maxiter=5)
        np.testing.assert_allclose(again.compute(), z.compute(), rtol=0, atol=1e-8)
        assert A.dottest(like=da.zeros(A.dims, chunks=7))
        assert A.dottest(like=da.zeros(A.dims, chunks=7), dtype=np.complex64)


def test_an_adjoint_that_is_none_is_found_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    da = pytest.importorskip("dask.array")
    from opalgebra.bound.arrays.dask_filters import Folded

    like = da.zeros(40, chunks=7)
    assert F.dottest(like=like)
    monkeypatch.setattr(Folded, "_fold", lambda self, z, run, out: z if run == out else 0 * z)
    with pytest.raises((AssertionError, ValueError)):
        assert F.dottest(like=like)


def test_what_is_refused_in_chunks() -> None:
    da = pytest.importorskip("dask.array")
    y = da.ones(21, chunks=5)
    with pytest.raises(oa.OperandError, match="has no option atol"):
        F.lstsq(y, atol=1e-3)
    with pytest.raises(oa.OperandError, match="y is a Dask array and x0 none"):
        oa.cgls(F, y, x0=np.ones(40))
    with pytest.raises(oa.CoefficientError, match="NaN"):
        F.lstsq(y * np.nan)
    with pytest.raises(oa.DimensionError, match="the data has shape"):
        F.lstsq(da.ones(20, chunks=5))
    with pytest.raises(oa.DimensionError, match=r"like has shape \(20,\)"):
        F.dottest(like=da.ones(20, chunks=5))
