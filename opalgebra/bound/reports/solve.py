"""Least squares: true deconvolution, by the iterative solvers of SciPy and CuPy, on Dask arrays by our own."""

from __future__ import annotations

import warnings
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from ...engine.arrays.device import is_cupy, module_of
from ...errors import CoefficientError, DimensionError, OperandError
from ..arrays.dask_ import is_lazy
from ..operators.base import BoundOperator
from .cgls import cgls, checked_number, narrowed


def lstsq(operator: BoundOperator, y: np.ndarray, damp: float, options: dict[str, Any]) -> np.ndarray:
    """See :meth:`~opalgebra.BoundOperator.lstsq`; for an array on a device by CuPy's solver, there.

    A batch is one problem with a block-diagonal matrix, whose solution is that of its blocks; so the solver
    calls the operator once per step, whatever the batch.
    """
    damp = checked_number(damp, "damp")
    dimsd = operator.dimsd
    if y.shape[y.ndim - len(dimsd) :] != dimsd or y.ndim < len(dimsd):
        raise DimensionError(f"the data has shape {y.shape}, expected (…, {', '.join(map(str, dimsd))})")
    if is_lazy(y):
        return _by_cgls(operator, y, damp, options)
    if not bool(np.all(np.isfinite(y))):
        raise CoefficientError("the data holds NaN or infinity; a least-squares fit has no meaning for it")
    batch = y.shape[: y.ndim - len(dimsd)]
    adjoint = operator.H
    kind = np.result_type(operator.dtype, y.dtype, np.float64)
    xp, solvers = module_of(y), _solvers(y)
    many = solvers.LinearOperator(
        (y.size, prod(batch) * operator.shape[1]),
        matvec=lambda v: operator(v.reshape(*batch, *operator.dims)).reshape(-1),
        rmatvec=lambda v: adjoint(v.reshape(y.shape)).reshape(-1),
        dtype=kind,
    )
    if not y.size or not many.shape[1]:
        return xp.zeros((*batch, *operator.dims), dtype=kind)
    given = {"atol": 1e-12, "btol": 1e-12, "conlim": 0, "maxiter": 4 * max(many.shape) + 100, **options}
    x, reason, steps, *_ = solvers.lsmr(many, y.reshape(-1).astype(kind, copy=False), damp=float(damp), **given)
    if reason == 7 and "maxiter" not in options:
        warnings.warn(
            f"the solver had not converged after {steps} steps; give damp= for a badly conditioned operator, or "
            "maxiter= to stop earlier on purpose",
            RuntimeWarning,
            stacklevel=3,
        )
    found: np.ndarray = xp.asarray(x).reshape(*batch, *operator.dims).astype(narrowed(y.dtype, kind), copy=False)
    return found


def _by_cgls(operator: BoundOperator, y: Any, damp: float, options: dict[str, Any]) -> Any:
    """On a Dask array, chunk by chunk."""
    if unknown := sorted(options.keys() - {"tol", "maxiter", "x0"}):
        raise OperandError(
            f"on Dask arrays lstsq runs cgls, which has no option {', '.join(unknown)}; give tol or maxiter"
        )
    return cgls(operator, y, damp, **options)


def _solvers(y: np.ndarray) -> Any:
    """The module of solvers for an array."""
    return import_module("cupyx.scipy.sparse.linalg" if is_cupy(y) else "scipy.sparse.linalg")
