"""Functions of single samples: activations, and anything that NumPy or SymPy can compute."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ..bound.arrays.dask_ import elementwise, is_lazy
from ..bound.operators.base import BoundOperator, Shape, as_array, as_samples
from ..engine.arrays.device import beside, check_together, is_cupy, module_of
from ..errors import DimensionError, OperandError
from ..expr import MASKED, has_mask
from ..scalar import is_sympy
from .geometry import shape_of
from .layer import Arguments, BoundMap, Layer
from .pointwise_check import CANNOT, check_pointwise
from .sparse import Diagonal

Function: TypeAlias = Callable[[np.ndarray], Any]
SHAPES_TRIED = 256  # that are remembered


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(_real(x), x.dtype.type(0))


def _relu_slope(x: np.ndarray) -> np.ndarray:
    return (_real(x) > 0).astype(x.dtype)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    x = _floating(x)
    return (np.tanh(x / 2) + 1) / 2


def _sigmoid_slope(x: np.ndarray) -> np.ndarray:
    y = _sigmoid(x)
    return y * (1 - y)


def _tanh(x: np.ndarray) -> np.ndarray:
    return np.tanh(_floating(x))


def _tanh_slope(x: np.ndarray) -> np.ndarray:
    return 1 - _tanh(x) ** 2


def _abs(x: np.ndarray) -> np.ndarray:
    return np.abs(_floating(x))


def _abs_slope(x: np.ndarray) -> np.ndarray:
    return np.sign(_real(_floating(x)))


def _square(x: np.ndarray) -> np.ndarray:
    return _floating(x) ** 2


def _square_slope(x: np.ndarray) -> np.ndarray:
    return 2 * _floating(x)


def _exp(x: np.ndarray) -> np.ndarray:
    return np.exp(_floating(x))


NAMED: dict[str, tuple[Function, Function]] = {
    "relu": (_relu, _relu_slope),
    "tanh": (_tanh, _tanh_slope),
    "sigmoid": (_sigmoid, _sigmoid_slope),
    "abs": (_abs, _abs_slope),
    "square": (_square, _square_slope),
    "exp": (_exp, _exp),
}


def _floating(x: np.ndarray) -> np.ndarray:
    """Integers as float64."""
    return x.astype(np.float64) if x.dtype.kind in "iu" else x


def _real(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "c":
        raise OperandError("the function is not differentiable, or not defined, for complex numbers; give real data")
    return x


class Pointwise(Layer):
    """y_n = f(x_n), sample by sample; not linear in general.

    Parameters
    ----------
    f : str, SymPy expression in one symbol, SymPy Lambda, or callable
        One of "relu", "tanh", "sigmoid", "abs", "square", "exp"; an expression, whose derivative SymPy finds; or a
        function that maps an array to an array of the same shape.
    derivative : callable, optional
        f′, for a callable f; without it there is no Jacobian.

    Raises
    ------
    OperandError
        For another f; where a function gives an array of another shape, or a masked one; and where it, or the
        derivative, gives a sample among others another value than alone.  This is tried on a few samples when the
        function first meets a dtype or a shape.

    Notes
    -----
    ``Pointwise(f) @ F`` composes with bound operators and layers.  "relu" keeps integers, the other names and SymPy
    expressions make them float64; at 0 the derivatives of "relu" and "abs" are 0.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.Pointwise("relu")([-1.0, 2.0])
    array([0., 2.])
    >>> import sympy
    >>> oa.Pointwise(sympy.Symbol("t") ** 3).jacobian([1.0, 2.0]).todense()
    array([[ 3.,  0.],
           [ 0., 12.]])
    """

    is_linear = False
    keeps_shape = True
    ndim = None

    def __init__(self, f: Any, derivative: Any = None) -> None:
        named = isinstance(f, str) or is_sympy(f)
        if named and derivative is not None:
            raise OperandError(f"f is {f!r}, whose derivative is known; leave derivative= out")
        if derivative is not None and not callable(derivative):
            raise OperandError(f"the derivative is {derivative!r}; give a function of an array")
        value, slope = _functions(f, derivative)
        super().__init__(f=f, derivative=derivative, _value=value, _slope=slope)

    f: Any
    derivative: Any
    _value: Function
    _slope: Function | None

    def _arguments(self) -> Arguments:
        return (("f", self.f, None), ("derivative", self.derivative, None))

    def on(self, shape: Any) -> BoundPointwise:
        """The function on arrays of a shape, an int or a tuple of ints."""
        return BoundPointwise(self, shape_of(shape, str(self)))

    def _bind(self, sizes: Shape) -> BoundPointwise:
        return BoundPointwise(self, sizes)

    def _fit(self, shape: Shape) -> tuple[Shape, Shape]:
        return (), shape

    def __call__(self, x: Any) -> Any:
        """f of every sample."""
        x = as_array(x)
        if is_lazy(x):
            return elementwise(self, self(np.ones(1, x.dtype)).dtype, x)
        return self._sampled(self._value, x)

    def jacobian(self, x: Any) -> BoundOperator:
        """diag f′(x)."""
        if self._slope is None:
            raise OperandError(f"{self} has no derivative; give one: Pointwise(f, derivative=…)")
        return Diagonal(self._sampled(self._slope, as_samples(x)))

    def _sampled(self, function: Function, x: np.ndarray) -> np.ndarray:
        y = self._called(function, x)
        if function is self.f or function is self.derivative:
            self._try(function, x, y)
        return y

    def _try(self, function: Function, x: np.ndarray, y: np.ndarray) -> None:
        """Refuse a function that does not act on every sample alone; once for a dtype, and briefly for a shape."""
        tried: set[Any] = self.__dict__.setdefault("_tried", set())
        key = function is self.f, x.dtype, x.shape
        if key in tried or not x.size or (is_cupy(x) and key[:2] in tried):
            return
        if not (is_cupy(x) and self._passes_on_host(function, x.dtype)):
            with beside(x):
                check_pointwise(partial(self._called, function), x, y, str(self), key[:2] in tried)
        if len(tried) < SHAPES_TRIED:
            tried.update((key, key[:2]))

    def _passes_on_host(self, function: Function, dtype: Any) -> bool:
        """The trial without a look at what is on a device; False for a function of CuPy's arrays alone."""

        def call(x: np.ndarray) -> np.ndarray:
            return self._fitting(function(x.copy()), x)

        x = np.ones(1, dtype)
        try:
            y = call(x)
        except CANNOT:
            return False
        check_pointwise(call, x, y, str(self), False)
        return True

    def _called(self, function: Function, x: np.ndarray) -> np.ndarray:
        if is_cupy(x):
            with beside(x):
                y = function(x.copy() if function in (self.f, self.derivative) else x)
                check_together(x, "the array", y, f"what the function of {self} gave")
                return self._fitting(y, x)
        given = x.view()
        given.flags.writeable = False
        return self._fitting(function(given), x)

    def _fitting(self, y: Any, x: np.ndarray) -> np.ndarray:
        if has_mask(y):
            raise OperandError(f"what the function of {self} gave is {MASKED}")
        y = y if is_cupy(x) else np.asarray(y)
        if y.shape != x.shape:
            raise OperandError(
                f"the function of {self} gave an array of shape {y.shape} for one of shape {x.shape}; it must act on "
                "every sample alone"
            )
        return y.copy() if np.may_share_memory(x, y) else y

    def _sizes(self, sizes: Shape) -> Shape:
        return sizes

    def out_size(self, n: Any) -> Any:
        """The same."""
        return n


def _functions(f: Any, derivative: Any) -> tuple[Function, Function | None]:
    if isinstance(f, str):
        if f not in NAMED:
            raise OperandError(f"the function {f!r} is not known; give one of {', '.join(map(repr, NAMED))}")
        return NAMED[f]
    if is_sympy(f):
        return _from_sympy(f)
    if not callable(f):
        raise OperandError(f"f is {f!r}; give a name, a SymPy expression or a function of an array")
    return f, derivative


def _from_sympy(f: Any) -> tuple[Function, Function | None]:
    """An expression and its derivative as functions of arrays."""
    import sympy

    symbols = list(f.signature) if isinstance(f, sympy.Lambda) else sorted(getattr(f, "free_symbols", ()), key=str)
    body = f.expr if isinstance(f, sympy.Lambda) else f
    if len(symbols) != 1 or not isinstance(body, sympy.Expr):
        raise DimensionError(f"f is {f} with the symbols {symbols}; give an expression in one symbol")
    x = sympy.Dummy("x", real=True)  # of a real argument |x| has the derivative sign(x)
    body = body.subs(symbols[0], x)
    slope = body.diff(x)
    known = not slope.has(sympy.Derivative, sympy.Subs)
    return _lambdified(x, body), _lambdified(x, slope) if known else None


def _lambdified(x: Any, body: Any) -> Function:
    import sympy

    compute = sympy.lambdify(x, body, "numpy")
    if body.has(x):
        return lambda array: compute(_floating(array))
    kind = type(compute(0))
    return lambda array: module_of(array).full(
        array.shape, compute(0), dtype=np.result_type(_floating(array).dtype, kind)
    )


class BoundPointwise(BoundMap):
    """A function of every sample, on arrays of one shape."""

    layer: Pointwise

    def _apply(self, x: np.ndarray) -> np.ndarray:
        result: np.ndarray = self.layer(x)
        return result

    def _apply_lazily(self, x: Any) -> Any:
        return self.layer(x)

    def _jacobian(self, x: np.ndarray) -> BoundOperator:
        return self.layer.jacobian(x)
