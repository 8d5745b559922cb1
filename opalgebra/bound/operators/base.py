"""Operators on arrays: the base class, and how they combine.

A :class:`BoundOperator` is a linear map from arrays of shape ``dims`` to arrays of shape ``dimsd``, of the shape
that :mod:`scipy.sparse.linalg` expects, with any leading axes as a batch.  A subclass says how it acts, how its
transpose acts, and what its exact entries are; everything else is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ..._verbs import Drawn, verb
from ...engine.arrays.device import beside, is_cupy
from ...engine.arrays.window import Window
from ...errors import DimensionError, OperandError, SizeError
from ...expr import MASKED, LinearOperator, check_large_integers, has_mask
from ...scalar import check_scalar, exact, is_sympy, to_sympy
from ..arrays.dask_ import Job, checked, is_lazy, whole
from ..arrays.dask_chains import in_one
from ..arrays.devices import elsewhere
from ..arrays.memory import ASKED_FROM, check_memory
from ..arrays.outputs import SHORT, check_output, may_copy

Shape: TypeAlias = tuple[int, ...]
ENTRY_LIMIT = 10_000_000


class BoundOperator(Drawn, ABC):
    """A linear map of arrays.

    ``F(x)`` and ``F @ x`` apply it to an array whose trailing axes are ``dims``; leading axes are a batch.
    ``F @ G``, ``F + G``, ``F - G``, ``-F`` and ``2 * F`` combine, ``F.T`` and ``F.H`` are the exact transpose and
    adjoint.  ``*`` with an array is the product, as for SciPy's operators.

    Attributes
    ----------
    dims, dimsd : tuple of int
        Shapes of the input (the domain's data) and of the output.
    shape : (int, int)
        Their sizes, output first, as of a matrix.
    dtype : dtype
        What SciPy's solvers are told; data keeps its own precision.
    """

    __array_ufunc__ = None  # so that NumPy defers: ``array @ F`` and ``array * F`` reach the methods here
    in_window: Window
    out_window: Window
    is_family = False  # whether it stands for all sizes, and runs for none
    _combined: ClassVar[Mapping[type, type]] = {}  # of a family its own kinds of products, sums, …
    _step = "copy"  # what a run does, in the table of explain()

    @property
    @abstractmethod
    def dims(self) -> Shape:
        """Shape of the input."""

    @property
    @abstractmethod
    def dimsd(self) -> Shape:
        """Shape of the output."""

    @property
    @abstractmethod
    def dtype(self) -> Any:
        """The dtype that solvers are told."""

    @abstractmethod
    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        """F, Fᵀ, conj(F) or Fᴴ on arrays of the right trailing shape."""

    def _act_lazily(self, x: Any, transposed: bool, conjugated: bool) -> Any:
        """The same on Dask arrays."""
        job = self._job(transposed, conjugated)
        made = in_one(x, job, self._result(x.dtype))
        if made is None:
            made = whole(self, x, transposed, conjugated)
        return made

    def _job(self, transposed: bool, conjugated: bool) -> Job | None:
        """What a block of the output reads and how it is computed; None where any output may read any sample."""
        return None

    def _held(self, transposed: bool) -> int:
        """The most samples that a run of F, or of its transpose, holds at once besides its input."""
        return prod(self.dims if transposed else self.dimsd)

    @abstractmethod
    def _exact(self) -> np.ndarray:
        """The exact entries as an object array of shape ``shape``."""

    def _result(self, data: Any) -> Any:
        """The dtype of the result for data of a dtype."""
        return self.precision.result(data)

    precision: Any

    def _gain(self) -> float:
        """A bound of |F x| for |x| ≤ 1: the sum of the absolute values of all taps that meet in one output."""
        return 1.0

    def _multiply_adds(self) -> int:
        """Multiply-adds of one run, of the transpose as well; of maps that only move samples none."""
        return 0

    # Applying ---------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        """Sizes of output and input."""
        return prod(self.dimsd), prod(self.dims)

    @property
    def size(self) -> int:
        """How many entries the matrix would have."""
        return prod(self.shape)

    ndim = 2

    def __call__(self, x: Any, out: np.ndarray | None = None) -> Any:
        """F x.

        Parameters
        ----------
        x : array of NumPy or CuPy
            Shape (…, \\*dims); a vector of ``shape[1]`` samples is taken as well where ``dims`` has several axes,
            and gives a vector.
        out : ndarray, optional
            Where to write the result: its shape and dtype, writable, no memory in common with x.

        Returns
        -------
        ndarray
            Shape (…, \\*dimsd).  For a CuPy array one on the same device, queued on the current stream; for a PyTorch
            tensor or an array of JAX the same, through which gradients flow; for a Dask array one that is not computed
            yet, in blocks that end where those of x do.

        Raises
        ------
        SizeError
            Where the result and what is held on the way to it are larger than the memory that is free.
        """
        if type(x) is np.ndarray:
            run = self._ready.get((x.shape, x.dtype))
            if run is not None:
                if out is None:
                    return run(x)
                if may_copy(x, out) and out.dtype == (y := run(x)).dtype and out.shape == y.shape:
                    out[...] = y
                    return out
        elif not isinstance(x, np.ndarray) and (found := elsewhere(self, x, out)) is not None:
            return found
        x = as_array(x)
        if x.shape[x.ndim - len(self.dims) :] == self.dims and x.ndim >= len(self.dims):
            return self._first(x) if out is None else self._into(x, out)
        if x.ndim == 1 and len(self.dims) > 1 and x.size == self.shape[1] and out is None:
            return self._applied(x, self.dims).reshape(-1)
        raise DimensionError(
            f"the array has shape {x.shape}, and the operator takes {_trailing(self.dims)} (leading axes are a batch)"
        )

    def _first(self, x: Any) -> Any:
        """F x, and the next time without checks for arrays of the same shape and dtype, if these are small."""
        run = self._run_of(x)
        return self._applied(x) if run is None else run(x)

    def _run_of(self, x: Any) -> Any:
        """What runs for arrays of this shape and dtype, and is kept for them; None where it must be checked first."""
        run = self._prepared(x.shape, x.dtype, False, False) if type(x) is np.ndarray else None
        if run is None or self._held_for(x) >= ASKED_FROM:
            return None
        if len(self._ready) > 64:
            self._ready.clear()
        self._ready[x.shape, x.dtype] = run
        return run

    @cached_property
    def _ready(self) -> dict[Any, Any]:
        """What runs for arrays of a shape and dtype that have been checked."""
        return {}

    def _prepared(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        """A function that does what ``_act`` does for arrays of NumPy of a shape and dtype; None if none is quicker."""
        return None

    def _only_filter(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        """The one filter that does what ``_act`` does for arrays of CuPy like these; None where it is more."""
        return None

    _made: frozenset[str] = frozenset({"_ready", "_turns", "_captured"})

    def __getstate__(self) -> dict[str, Any]:
        """Without what a first run makes again."""
        return {name: value for name, value in self.__dict__.items() if name not in self._made}

    def _applied(self, x: Any, shape: Shape | None = None) -> Any:
        """F x, of x in another shape where one is given; where x lies, because CuPy allocates on the current device."""
        x = x if shape is None else x.reshape(shape)
        if isinstance(x, np.ndarray):
            self._check_memory(x)
            return self._act(x, False, False)
        if is_lazy(x):
            return self._act_lazily(x, False, False)
        with beside(x):
            return self._act(x, False, False)

    def _held_for(self, x: np.ndarray) -> int:
        """Bytes of the widest dtype for the input and for what is held at once."""
        return (prod(x.shape[: x.ndim - len(self.dims)]) * self._held(False) + x.size) * 32

    def _check_memory(self, x: np.ndarray) -> None:
        """Refuse a run that holds more than there is: the result, what is made on the way, and a copy if x is cast."""
        most = self._held_for(x)
        if most < ASKED_FROM:
            return
        result = self._result(x.dtype)
        check_memory((most // 32 - (x.size if result == x.dtype else 0)) * result.itemsize, self)

    def _into(self, x: np.ndarray, out: Any) -> np.ndarray:
        shape = (*x.shape[: x.ndim - len(self.dims)], *self.dimsd)
        check_output(x, out, shape, None if is_lazy(x) else self._result(x.dtype))
        if x.size <= SHORT:
            self._run_of(x)  # for the next time
        with beside(x):
            self._act_into(x, out)
        return out

    def _act_into(self, x: np.ndarray, out: np.ndarray) -> None:
        out[...] = self._act(x, False, False)

    def matvec(self, x: Any) -> np.ndarray:
        """F x for a vector of shape (N,) or (N, 1), flattened in C order."""
        return self._flat(x)

    def rmatvec(self, y: Any) -> np.ndarray:
        """Fᴴ y for a vector of shape (M,) or (M, 1)."""
        return self.H._flat(y)

    def matmat(self, x: Any) -> np.ndarray:
        """F X for a matrix of shape (N, K), column by column; computed as one batch."""
        return self._columns(x)

    def rmatmat(self, y: Any) -> np.ndarray:
        """Fᴴ Y for a matrix of shape (M, K)."""
        return self.H._columns(y)

    def _flat(self, x: Any) -> np.ndarray:
        if type(x) is np.ndarray and x.shape == self.dims and x.ndim == 1:
            found: np.ndarray = self(x)
            return found.reshape(-1)
        x = as_samples(x)
        n = self.shape[1]
        if x.shape not in ((n,), (n, 1)):
            raise DimensionError(f"the vector has shape {x.shape}, expected ({n},) or ({n}, 1)")
        return self._applied(x, self.dims).reshape(-1, *x.shape[1:])

    def _columns(self, x: Any) -> np.ndarray:
        x = as_samples(x)
        n = self.shape[1]
        if x.ndim != 2 or x.shape[0] != n:
            raise DimensionError(f"the matrix has shape {x.shape}, expected ({n}, K)")
        return self._applied(x.T, (x.shape[1], *self.dims)).reshape(x.shape[1], self.shape[0]).T

    # Combining --------------------------------------------------------------------------------------------

    @property
    def T(self) -> BoundOperator:
        """The exact transpose."""
        return self._turned(True, False)

    @property
    def H(self) -> BoundOperator:
        """The exact adjoint."""
        return self._turned(True, True)

    def transpose(self) -> BoundOperator:
        """``F.T``, under SciPy's name."""
        return self.T

    def adjoint(self) -> BoundOperator:
        """``F.H``, under SciPy's name."""
        return self.H

    def conj(self) -> BoundOperator:
        """The operator with conjugated entries."""
        return self._turned(False, True)

    def _turned(self, transposed: bool, conjugated: bool) -> BoundOperator:
        """Made once, since it remembers what its calls have prepared."""
        kept: dict[Any, BoundOperator] = self.__dict__.setdefault("_turns", {})
        if (transposed, conjugated) not in kept:
            kept[transposed, conjugated] = verb("turned")(self, transposed, conjugated)
        return kept[transposed, conjugated]

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, BoundOperator):
            return verb("composed")(self, other)
        if hasattr(other, "_after_bound"):  # a map that is not linear composes by its own rule
            return other._after_bound(self)
        if isinstance(other, LinearOperator):
            raise OperandError(f"{other} acts on ℤ^d; bind it to a size first: F @ A.on(n)")
        return self(other)

    def dot(self, other: Any) -> Any:
        """``F @ other``, under SciPy's name."""
        return self @ other

    def __rmatmul__(self, other: Any) -> Any:
        """x @ F: the row action, Fᵀ on the trailing axes of x."""
        return self.T(other)

    def __mul__(self, other: Any) -> Any:
        return self._scaled(other) if _is_scalar(other) else self @ other

    def __rmul__(self, other: Any) -> Any:
        return self._scaled(other) if _is_scalar(other) else other @ self

    def _scaled(self, scalar: Any) -> BoundOperator:
        return verb("multiplied")(check_scalar(scalar), self)

    def __truediv__(self, scalar: Any) -> BoundOperator:
        if not _is_scalar(scalar) or check_scalar(scalar) == 0:
            raise OperandError(f"a bound operator was divided by {scalar!r}; give a number other than 0")
        divisor = exact(check_scalar(scalar))
        return verb("multiplied")(Fraction(1) / divisor if isinstance(divisor, int) else 1 / divisor, self)

    def __neg__(self) -> BoundOperator:
        return verb("multiplied")(-1, self)

    def __add__(self, other: Any) -> BoundOperator:
        if isinstance(other, int) and other == 0:  # so that sum() works
            return self
        if not isinstance(other, BoundOperator):
            raise OperandError(f"a bound operator and a {type(other).__name__} were added; give a bound operator")
        return verb("added")(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> BoundOperator:
        if not isinstance(other, BoundOperator):
            raise OperandError(f"a {type(other).__name__} was subtracted from a bound operator; give a bound operator")
        return self + (-other)

    def __pow__(self, exponent: int) -> BoundOperator:
        if isinstance(exponent, bool) or not isinstance(exponent, int) or exponent < 1:
            raise OperandError(f"the exponent is {exponent!r}; give an int >= 1")
        return verb("composed")(*(self,) * exponent) if exponent > 1 else self

    # Matrices and solving ---------------------------------------------------------------------------------

    def todense(self) -> np.ndarray:
        """The matrix as an array of shape ``shape``, computed by applying F to every unit vector."""
        check_entries(self.shape)
        return self.matmat(np.eye(self.shape[1], dtype=self.dtype))

    def matrix(self) -> Any:
        """The exact matrix, in SymPy; computed from the definitions and not by running F."""
        import sympy

        check_entries(self.shape)
        entries = self._exact()
        return sympy.Matrix(*self.shape, lambda i, j: to_sympy(entries[i, j]))

    def dottest(self, *, dtype: Any = None, seed: int = 0, rtol: float | None = None, like: Any = None) -> bool:
        """Whether ⟨F x, y⟩ = ⟨x, Fᴴ y⟩ for random x and y, up to rounding.

        Parameters
        ----------
        dtype : dtype, optional
            Of x and y; by default that of the operator.
        seed : int
        rtol : float, optional
            Relative to ‖x‖ ‖y‖ Σ|taps|, what could be added up where nothing cancels; by default 8 √N rounding errors,
            N = max(shape).
        like : array, optional
            Of which kind x is: a CuPy array, or a Dask array of shape ``dims`` for its chunks; no sample is read.
        """
        return bool(verb("dottest")(self, dtype, seed, rtol, like))

    def lstsq(self, y: Any, damp: float = 0.0, **options: Any) -> Any:
        """The x that minimises ‖F x − y‖² + damp² ‖x‖², the smallest one where several do.

        Parameters
        ----------
        y : array
            Shape (…, \\*dimsd); all of a batch are solved at once.
        damp : float
            0 solves the plain least-squares problem.
        options
            Passed on to :func:`scipy.sparse.linalg.lsmr` (``atol``, ``btol``, ``maxiter``, …), or to that of CuPy; for
            a Dask array to :func:`opalgebra.cgls` (``tol``, ``maxiter``).
        """
        y = as_array(y)
        with beside(y):
            return verb("lstsq")(self, y, damp, options)

    def explain(self, device: str | None = None) -> Any:
        """The steps of a run with their windows and multiply-adds; ``print`` shows a table.

        ``device="cuda"`` tells what is done with CuPy arrays; no device is needed for that.
        """
        return verb("explain_bound")(self, device)

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure: "matrix", with what the boundary adds framed; "response" on ℤ^d; "cost", stage by stage."""
        return verb("plot")(self, kind, dark=dark, **options)

    def out_size(self, n: Any) -> Any:
        """The size of the output for an input of size n, an int or a SymPy expression, in the same mode."""
        raise OperandError(f"{self} has no rule for other sizes; ask the operators that it is made of")

    @staticmethod
    def _prove_equal(lhs: Any, rhs: Any, given: Any) -> Any:
        """Called by :func:`opalgebra.prove`."""
        return verb("prove_bound")(lhs, rhs, given)

    def _as_windowed(self) -> Any:
        """The same as an operator of the algebra between windows, where it is one by another name; else None."""
        return None

    def _stored(self) -> BoundOperator:
        """The operator of the numbers that are stored; called by :func:`opalgebra.compare`."""
        return self

    def latex(self) -> str:
        """LaTeX for mathematics mode."""
        return str(verb("latex")(str(self)))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BoundOperator) and type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._key()))

    @abstractmethod
    def _key(self) -> tuple[Any, ...]:
        """What structural equality looks at."""


def _is_scalar(value: Any) -> bool:
    return (np.ndim(value) == 0 and isinstance(value, (np.ndarray, np.generic))) or is_sympy(value) or (
        not hasattr(value, "__len__") and not hasattr(value, "__array__") and not isinstance(value, BoundOperator)
        and not hasattr(value, "_after_bound")
    )  # fmt: skip


def as_array(x: Any) -> Any:
    """Samples as :func:`as_samples` takes them, or a Dask array of numbers."""
    return checked(x) if is_lazy(x) else as_samples(x)


def as_samples(x: Any) -> np.ndarray:
    """An array of numbers, of NumPy or CuPy, as it is, a list as an array; other libraries are not guessed at."""
    if has_mask(x):
        raise OperandError(f"the array is {MASKED}")
    if isinstance(x, (list, tuple, np.generic, int, float, complex)):
        x = _listed(x)
    if is_lazy(x):
        raise OperandError("this reads a whole array at once, and takes no Dask arrays; give x.compute()")
    on_device = is_cupy(x)
    if not isinstance(x, np.ndarray) and not on_device:
        raise OperandError(
            f"a bound operator was applied to a {type(x).__name__}; give a NumPy array, such as numpy.asarray(x), "
            "or one of CuPy"
        )
    if x.dtype.kind not in "iufc":
        raise OperandError(
            f"the array has dtype {x.dtype}; give integers, reals or complex numbers (booleans: cast them to int; "
            "bfloat16 and narrower: cast them to float32; exact entries: use .matrix())"
        )
    return x if on_device else np.asarray(x)  # of a subclass, the plain array


def _listed(x: Any) -> np.ndarray:
    try:
        array = np.asarray(x)
    except ValueError:
        raise OperandError("the list is ragged; give rows of equal length, or a NumPy array") from None
    if array.dtype.kind in "fc":
        check_large_integers(x)
    return array


def _trailing(dims: Shape) -> str:
    return f"(…, {', '.join(map(str, dims))})"


def check_entries(shape: tuple[int, int]) -> None:
    """Refuse a matrix that is too large to hold."""
    if prod(shape) > ENTRY_LIMIT:
        raise SizeError(f"the matrix has {shape[0]} × {shape[1]} entries; the limit is {ENTRY_LIMIT}")
