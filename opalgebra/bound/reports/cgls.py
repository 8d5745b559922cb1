"""``oa.cgls(F, y)``: least squares by conjugate gradients, on arrays of NumPy, CuPy and Dask alike."""

from __future__ import annotations

import warnings
from math import isfinite
from typing import Any

import numpy as np

from ...engine.arrays.device import beside, check_together, host, is_cupy, module_of
from ...engine.ways.compiled.threads import checked as checked_count
from ...errors import CoefficientError, DimensionError, OperandError
from ..arrays.dask_ import is_lazy
from ..operators.base import BoundOperator, as_array

MOST_STEPS = 1000


def cgls(
    F: BoundOperator, y: Any, damp: float = 0.0, *, x0: Any = None, tol: float = 1e-10, maxiter: int | None = None
) -> Any:
    """The x that minimises ‖F x − y‖² + damp² ‖x‖², by conjugate gradients on FᴴF + damp² I.

    The algorithm is CGLS (Hestenes and Stiefel 1952; Björck, *Numerical Methods for Least Squares Problems*, 7.4): each
    step applies F and Fᴴ once, in double precision.  It ends where the gradient or what is minimised has become small,

        ‖Fᴴ (y − F x) − damp² x‖ ≤ tol ‖Fᴴ y‖   or   ‖F x − y‖² + damp² ‖x‖² ≤ tol² ‖y‖²,

    and of a batch each array by itself.  From x₀ = 0 it goes to the smallest x of all that minimise.

    Parameters
    ----------
    F : BoundOperator
        Made by ``A.on(n)`` or ``layer.on(spatial_shape)``, or of such.
    y : array
        Shape (…, \\*dimsd), of NumPy, CuPy or Dask; of a batch all are solved at once.  On Dask arrays every step makes
        two passes over the chunks; five arrays are kept, where ``dask.persist`` keeps them.
    damp : float
        0 solves the plain least-squares problem.
    x0 : array, optional
        Where to begin, shape (…, \\*dims), of the kind of y; 0 by default.
    tol : float
        See above; at least 0.
    maxiter : int, optional
        The most steps.  By default 1000, and then a ``RuntimeWarning`` says if the end was not reached.

    Returns
    -------
    array
        Shape (…, \\*dims), of the kind of y and in its precision; of integers float64; complex where F or y is.

    Raises
    ------
    CoefficientError
        Where y or x0 holds NaN or infinity, or damp or tol is no number of at least 0.
    DimensionError
        Where the shape of y or x0 does not fit.
    OperandError
        Where F is not a bound operator, or an array is of a kind that F does not take.

    Examples
    --------
    >>> import numpy as np
    >>> import opalgebra as oa
    >>> F = (oa.Down(2) @ oa.Conv([1.0, 2.0, 1.0])).on(9)
    >>> x = oa.cgls(F, F(np.arange(9.0)))
    >>> bool(np.allclose(F(x), F(np.arange(9.0))))
    True
    """
    if not isinstance(F, BoundOperator) or F.is_family:
        raise OperandError(f"cgls takes a bound operator, such as A.on(1000), and was given a {type(F).__name__}")
    y = _checked(y, F.dimsd, "y")
    batch = y.shape[: y.ndim - len(F.dimsd)]
    if x0 is not None:
        x0 = _checked(x0, F.dims, "x0")
        _check_beside(y, x0, (*batch, *F.dims))
    damp, tol = checked_number(damp, "damp"), checked_number(tol, "tol")
    most = MOST_STEPS if maxiter is None else 0 if maxiter == 0 else checked_count(maxiter)
    with beside(y):
        run = _Run(F, y, damp, x0)
        ended = run.steps(tol, most)
        if not ended and maxiter is None:
            warnings.warn(
                f"cgls had not converged after {most} steps; give damp= for a badly conditioned operator, or maxiter= "
                "to stop on purpose",
                RuntimeWarning,
                stacklevel=2,
            )
        return run.x.astype(narrowed(y.dtype, run.x.dtype), copy=False)


class _Run:
    """The arrays of one run; scalars are arrays on the host, one for each array of the batch."""

    def __init__(self, F: BoundOperator, y: Any, damp: float, x0: Any) -> None:
        self.F, self.adjoint, self.damp2 = F, F.H, damp**2
        self.ndim, self.ndim_out = len(F.dims), len(F.dimsd)
        kind = np.result_type(F.dtype, y.dtype, np.float64, *([] if x0 is None else [x0.dtype]))
        y = y.astype(kind, copy=False)
        back = self.adjoint(y)
        if x0 is None:
            self.x, self.r, self.s = np.zeros_like(back), y, back
        else:
            self.x = _like(x0.astype(kind, copy=False), back)
            self.r = _like(y - F(self.x), y)
            self.s = _like(self.adjoint(self.r), back) - self.damp2 * self.x
        self.y2, self.back2 = self._numbers(self._squares(y, self.ndim_out), self._squares(back, self.ndim))
        if not np.all(np.isfinite(self.y2)) or not np.all(np.isfinite(self.back2)):
            raise CoefficientError("y holds NaN or infinity, or its squares do; a fit has no meaning for it")
        self.p = self.s
        self._measure()
        if not np.all(np.isfinite(self.gamma)):
            raise CoefficientError("x0 holds NaN or infinity; begin with finite numbers")

    def steps(self, tol: float, most: int) -> bool:
        """Whether the end was reached within so many steps."""
        for step in range(most + 1):
            done = (self.gamma <= tol**2 * self.back2) | (self.cost <= tol**2 * self.y2)
            if np.all(done) or step == most:
                return bool(np.all(done))
            if not self._step(done):
                return False
        return False

    def _step(self, done: np.ndarray) -> bool:
        """One step of those that are not done; False if none goes on, because F p is 0 in rounded numbers."""
        q = _like(self.F(self.p), self.r)
        found = self._squares(q, self.ndim_out) + self.damp2 * self._squares(self.p, self.ndim)
        self.p, q, found = _persisted(self.p, q, found)
        (delta,) = self._numbers(found)
        moves = ~done & (delta > 0)
        before = self.gamma
        alpha = np.divide(before, delta, out=np.zeros_like(before), where=moves)
        self.x = self.x + self._scalars(alpha, self.ndim) * self.p
        self.r = self.r - self._scalars(alpha, self.ndim_out) * q
        self.s = _like(self.adjoint(self.r), self.x) - self.damp2 * self.x
        self._measure()
        beta = np.divide(self.gamma, before, out=np.zeros_like(before), where=moves)
        self.p = self.s + self._scalars(beta, self.ndim) * self.p
        return bool(np.any(moves))

    def _measure(self) -> None:
        """The squares of the gradient, and what is minimised."""
        lazy = self._squares(self.s, self.ndim), self._squares(self.r, self.ndim_out), self._squares(self.x, self.ndim)
        self.x, self.r, self.s, *kept = _persisted(self.x, self.r, self.s, *lazy)
        self.gamma, residual, size = self._numbers(*kept)
        self.cost = residual + self.damp2 * size

    def _squares(self, array: Any, ndim: int) -> Any:
        """The sum of |v|² over the last axes."""
        axes = tuple(range(array.ndim - ndim, array.ndim))
        found = array.real * array.real
        return (found + array.imag * array.imag if array.dtype.kind == "c" else found).sum(axis=axes)

    def _numbers(self, *arrays: Any) -> list[np.ndarray]:
        if any(map(is_lazy, arrays)):
            import dask

            arrays = dask.compute(*arrays)
        return [np.asarray(host(array)) for array in arrays]

    def _scalars(self, values: np.ndarray, ndim: int) -> Any:
        """One number for each array of the batch, to multiply arrays with ``ndim`` further axes."""
        if not values.ndim:
            return float(values)
        shaped = values.reshape(*values.shape, *(1,) * ndim)
        return module_of(self.x).asarray(shaped) if is_cupy(self.x) else shaped


def _persisted(*arrays: Any) -> Any:
    """Dask arrays computed, in their chunks, where Dask keeps results; others are there already."""
    if not any(map(is_lazy, arrays)):
        return arrays
    import dask

    return dask.persist(*arrays)


def _like(array: Any, other: Any) -> Any:
    """A Dask array in the chunks of another one, so that these do not become smaller from step to step."""
    return array.rechunk(other.chunks) if is_lazy(array) else array


def _checked(array: Any, shape: tuple[int, ...], what: str) -> Any:
    array = as_array(array)
    if array.ndim < len(shape) or array.shape[array.ndim - len(shape) :] != shape:
        raise DimensionError(f"{what} has shape {array.shape}, expected (…, {', '.join(map(str, shape))})")
    return array


def _check_beside(y: Any, x0: Any, shape: tuple[int, ...]) -> None:
    if x0.shape != shape:
        raise DimensionError(f"x0 has shape {x0.shape}; for this y it is {shape}")
    if is_lazy(y) != is_lazy(x0):
        kinds = ("a Dask array" if is_lazy(array) else "none" for array in (y, x0))
        raise OperandError(f"y is {next(kinds)} and x0 {next(kinds)}; give both as arrays of one kind")
    if not is_lazy(y):
        check_together(y, "y", x0, "x0")


def checked_number(value: Any, what: str) -> float:
    """A finite real number of at least 0."""
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not is_number or not (isfinite(value) and value >= 0):
        raise CoefficientError(f"{what} is {value!r}; give a number >= 0")
    return float(value)


def narrowed(data: Any, computed: Any) -> Any:
    """The dtype of a solution: the precision of the data, complex where it was computed so."""
    precision = data if data.kind in "fc" else np.dtype(np.float64)
    return np.result_type(precision, np.complex64) if computed.kind == "c" else precision
