"""Products and sums of samples: which dtype, how many bits, and when exactly.

Three kinds of numbers meet here.  *Strong* ones have the dtype of the array they came in; *weak* ones are
Python numbers, which take the precision of what they meet, as in NumPy 2; *exact* ones are SymPy
expressions.  Only floats make floats: integers meet fractions and exact angles as the numbers that they are, and an
exact number that meets floats acts as a weak one.  Integers are computed in int64 and refused where that could
overflow, which :func:`multiplied` and :func:`summed` then do with Python's.  A tap or factor that is zero reads
nothing, so a NaN in the data reaches only the outputs that depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...errors import CoefficientError, IntegerOverflow
from ...scalar import Scalar, check_scalar, exact, is_sympy, to_sympy
from .device import is_cupy, module_of

INT64_MAX = 2**63 - 1
TOO_LARGE = "a number is too large for the floats of the data; give exact data: SymPy entries"
_WEAK_ZERO: dict[str, Any] = {"i": 0, "u": 0, "f": 0.0, "c": 0j}
_LONG = (np.dtype(np.longdouble), np.dtype(np.clongdouble))


class Numbers(NamedTuple):
    """An array of numbers, and whether they are weak; object arrays hold exact entries."""

    array: np.ndarray
    weak: bool

    @property
    def is_exact(self) -> bool:
        """Whether the entries are exact."""
        return bool(self.array.dtype == object)

    @property
    def is_integer(self) -> bool:
        """Whether the dtype is an integer one."""
        return self.array.dtype.kind in "iu"

    @property
    def has_symbols(self) -> bool:
        """Whether an exact entry has a free symbol."""
        return self.is_exact and any(is_sympy(entry) and entry.free_symbols for entry in self.array.flat)


class Product(NamedTuple):
    """A bilinear operation on arrays, and its bound: |result| ≤ max|x| · gain(h) for integers."""

    compute: Callable[[np.ndarray, np.ndarray], np.ndarray]
    gain: Callable[[np.ndarray], int]


def multiply(product: Product, data: Numbers, kernel: Numbers) -> Numbers:
    """``product`` of data and a settled kernel, in the dtype that both call for."""
    if data.is_exact or kernel.is_exact:
        return Numbers(lower(product.compute(lift(data.array), lift(kernel.array))), weak=False)
    dtype, weak = product_dtype(data, kernel), data.weak and kernel.weak
    if dtype.kind == "i":
        x, h = as_int64(data.array), as_int64(kernel.array)
        check_bound(magnitude(x) * product.gain(h))
        return Numbers(product.compute(x, h), weak)
    return Numbers(_floating(product, data.array, kernel.array, dtype), weak)


def multiplied(product: Product, data: Numbers, kernel: Numbers) -> Numbers:
    """``product`` with a settled kernel on ℤ^d, where int64 is no more than the fast way to integers of any size."""
    try:
        return multiply(product, data, kernel)
    except IntegerOverflow:
        return integers(product.compute(lift(data.array), lift(kernel.array)), data.weak and kernel.weak)


def settled(data: Numbers, kernel: Numbers) -> Numbers:
    """The kernel for this data: exact numbers without symbols act as weak ones on floating data."""
    if not kernel.is_exact or data.is_exact or data.is_integer or kernel.has_symbols:
        return kernel
    return evaluated(kernel.array, data.array.dtype)


def product_dtype(data: Numbers, kernel: Numbers) -> Any:
    """The dtype of a product; an integer kernel never changes that of floating data.

    >>> product_dtype(Numbers(np.ones(3, "f4"), False), Numbers(np.ones(2), True))
    dtype('float32')
    """
    if kernel.is_integer and not data.is_integer:
        return data.array.dtype
    return sum_dtype((data, kernel))


def sum_dtype(terms: Sequence[Numbers]) -> Any:
    """NumPy's result type, weak terms counting as Python numbers; integers become int64."""
    strong = [term.array.dtype for term in terms if not term.weak]
    weak = [term.array.dtype for term in terms if term.weak]
    found = np.result_type(*strong, *(_WEAK_ZERO[d.kind] for d in weak)) if strong else np.result_type(*weak)
    return np.dtype(np.int64) if found.kind in "iu" or _mixes_integers_only(terms) else found


def _mixes_integers_only(terms: Sequence[Numbers]) -> bool:
    """NumPy makes int64 with uint64 a float64, which would round; these stay integers here."""
    return all(term.is_integer for term in terms)


def _floating(product: Product, x: np.ndarray, h: np.ndarray, dtype: Any) -> np.ndarray:
    wide = _wide(dtype)
    x, h = cast(x, wide), cast(h, wide)
    result: np.ndarray
    with np.errstate(over="ignore", invalid="ignore"):
        if (x.dtype.kind == "c") == (h.dtype.kind == "c"):
            result = product.compute(x, h).astype(dtype, copy=False)
            return result
        # Part by part, because NumPy's (inf + 0j) · 2 would be inf + nan j.
        pairs = ((x, h.real), (x, h.imag)) if h.dtype.kind == "c" else ((x.real, h), (x.imag, h))
        real, imag = (product.compute(*pair) for pair in pairs)
        result = module_of(real).empty(real.shape, dtype=dtype)
        result.real, result.imag = real, imag
        return result


def _wide(dtype: Any) -> Any:
    """The dtype computed in: float16 is too narrow for sums, and rounded once at the end."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def cast(array: np.ndarray, dtype: Any) -> np.ndarray:
    """``array`` in the precision of ``dtype``, real where it is real; never from finite to infinite."""
    if array.dtype == dtype:
        return array
    if array.dtype == object:  # whole numbers that neither int64 nor a float holds
        raise CoefficientError(TOO_LARGE)
    target = dtype if array.dtype.kind == "c" or dtype.kind != "c" else np.finfo(dtype).dtype
    kept: dict[str, Any] = {} if is_cupy(array) else {"casting": "same_kind"}  # a fraction never to an integer
    with np.errstate(over="ignore"):
        result: np.ndarray = array.astype(target, copy=False, **kept)
    if np.can_cast(array.dtype, target):
        return result
    lost = np.isfinite(array) & ~np.isfinite(result)
    if np.any(lost):
        raise CoefficientError(
            f"the number {array[lost][0]} is too large for {target}, the dtype of the data it meets; "
            "give data of dtype float64 or complex128"
        )
    return result


def magnitude(array: np.ndarray) -> int:
    """max |x|, as a Python int; of an array on a device, for which this waits."""
    return max(abs(int(array.max())), abs(int(array.min()))) if array.size else 0


def as_int64(array: np.ndarray) -> np.ndarray:
    """Integers as int64, or :class:`~opalgebra.IntegerOverflow`."""
    if array.dtype.kind == "u" and array.dtype.itemsize == 8:
        check_bound(magnitude(array))
    return array.astype(np.int64, copy=False)


def check_bound(bound: int) -> None:
    """Refuse integer arithmetic whose result may be as large as ``bound``."""
    if bound > INT64_MAX:
        raise IntegerOverflow(
            f"integers of {bound.bit_length() + 1} bits may arise, more than int64 holds; give float64 data, or "
            "run it on the lattice, where integers are of any size: A @ values"
        )


# Products ---------------------------------------------------------------------------------------------


def _convolution(x: np.ndarray, h: np.ndarray) -> np.ndarray:
    taps = np.argwhere(h != 0)
    whole = len(taps) == h.size or _all_finite(x)
    if x.ndim == 1 and x.size and whole and x.dtype != object and 8 * len(taps) >= h.size:
        return np.convolve(x, h)
    if x.size < len(taps) and _all_finite(x):
        x, h, taps = h, x, np.argwhere(x != 0)
    shape = [n + t - 1 if n and t else 0 for n, t in zip(x.shape, h.shape, strict=True)]
    result = np.zeros(shape, dtype=np.result_type(x, h))
    for tap in taps if x.size else ():
        at = tuple(tap)
        result[tuple(slice(a, a + n) for a, n in zip(at, x.shape, strict=True))] += np.multiply(x, h[at])
    return result


def _pointwise(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    if is_cupy(x):  # whether all are finite is not asked, because the answer would have to be waited for
        return _pointwise_on_device(x, w)
    result: np.ndarray = np.multiply(x, w)
    if not _all_finite(x):
        result[(w == 0) & ~np.isfinite(x)] = 0
    return result


def _pointwise_on_device(x: Any, w: Any) -> Any:
    if not is_cupy(w) and not w.ndim:
        return x * w[()] if w else module_of(x).zeros_like(x)
    product = x * w
    return module_of(x).where(w == 0, product.dtype.type(0), product)


def _all_finite(x: np.ndarray) -> bool:
    return x.dtype.kind not in "fc" or bool(np.all(np.isfinite(x)))


CONVOLUTION = Product(_convolution, lambda h: sum(abs(tap) for tap in h.ravel().tolist()))
POINTWISE = Product(_pointwise, magnitude)


EXACT = 2**53  # up to which whole numbers are floats


def is_quotient(scalar: Any) -> bool:
    """Whether a scalar is a fraction p/q of numbers that floats hold, and itself is none: x p / q rounds less often."""
    return (
        isinstance(scalar, Fraction)
        and scalar.denominator & (scalar.denominator - 1) != 0
        and max(abs(scalar.numerator), scalar.denominator) < EXACT
    )


def divided(x: Any, divisor: Any, dtype: Any, out: Any = None) -> Any:
    """x / divisor in a dtype, in place where ``out`` is x.

    Complex numbers part by part, because NumPy multiplies them by a rounded 1/divisor.
    """
    y = x.astype(dtype) if out is None else out
    if out is not None and out is not x:
        y[...] = x
    for part in (y.real, y.imag) if y.dtype.kind == "c" else (y,):
        part /= divisor
    return y


def scaled(data: Numbers, scalar: Scalar) -> Numbers:
    """c x for samples of an array: Python numbers and fractions are weak, SymPy ones exact."""
    if is_quotient(scalar) and not data.is_exact and isinstance(scalar, Fraction):
        y = scaled(data, float(scalar.numerator)) if scalar.numerator != 1 or data.is_integer else data
        wide = _wide(y.array.dtype)
        return Numbers(divided(y.array, scalar.denominator, wide).astype(y.array.dtype, copy=False), y.weak)
    if isinstance(scalar, Fraction) and data.is_integer:
        scalar = _real(scalar, long=False)
    if isinstance(scalar, int) and abs(scalar) > INT64_MAX and data.is_integer:
        check_bound(abs(scalar))
    return multiply(POINTWISE, data, settled(data, scalar_numbers(scalar)))


def scalar_numbers(scalar: Scalar) -> Numbers:
    """A scalar as what it is multiplied as: Python's own numbers are weak, others exact."""
    if isinstance(scalar, (float, complex)) or (isinstance(scalar, int) and abs(scalar) <= INT64_MAX):
        return Numbers(np.array(scalar), weak=True)
    entry = np.empty((), dtype=object)
    entry[()] = scalar
    return Numbers(entry, weak=False)


# Sums -------------------------------------------------------------------------------------------------

Placed: TypeAlias = tuple[Numbers, tuple[slice, ...]]


def summed(terms: Sequence[Placed], shape: tuple[int, ...]) -> Numbers:
    """The same on ℤ^d, where int64 is no more than the fast way to integers of any size."""
    try:
        return total(terms, shape)
    except IntegerOverflow:
        lifted, places = [lift(term.array) for term, _ in terms], [place for _, place in terms]
        return integers(_accumulate(lifted, places, shape, object), all(term.weak for term, _ in terms))


def total(terms: Sequence[Placed], shape: tuple[int, ...]) -> Numbers:
    """The sum of arrays, each placed somewhere in an array of zeros of the given shape."""
    numbers = [term for term, _ in terms]
    places = [place for _, place in terms]
    floating = [term for term in numbers if not term.is_exact and not term.is_integer]
    if any(term.is_exact for term in numbers) and (not floating or any(term.has_symbols for term in numbers)):
        return Numbers(lower(_accumulate([lift(term.array) for term in numbers], places, shape, object)), weak=False)
    if any(term.is_exact for term in numbers):
        target = sum_dtype([term for term in numbers if not term.is_exact])
        numbers = [evaluated(term.array, target) if term.is_exact else term for term in numbers]
    dtype, weak = sum_dtype(numbers), all(term.weak for term in numbers)
    if dtype.kind == "i":
        integers = [as_int64(term.array) for term in numbers]
        check_bound(sum(magnitude(array) for array in integers))
        return Numbers(_accumulate(integers, places, shape, dtype), weak)
    wide = _wide(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        result = _accumulate([cast(term.array, wide) for term in numbers], places, shape, wide)
        return Numbers(result.astype(dtype, copy=False), weak)


def _accumulate(arrays: Sequence[np.ndarray], places: Sequence[Any], shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    result = np.zeros(shape, dtype=dtype)
    for array, place in zip(arrays, places, strict=True):
        if array.size:
            result[place] += array
    return result


# Exact numbers ----------------------------------------------------------------------------------------


def integers(array: np.ndarray, weak: bool) -> Numbers:
    """Python's integers as int64 where all of them fit, else as exact entries."""
    if magnitude(array) <= INT64_MAX:
        return Numbers(array.astype(np.int64), weak)
    return Numbers(lower(array), weak=False)


def lift(array: np.ndarray) -> np.ndarray:
    """The entries as the ints, fractions and SymPy expressions they are, which NumPy can loop over."""
    if array.dtype.kind in "iu":
        return array.astype(object)
    result = np.empty(array.shape, dtype=object)
    for at, entry in zip(np.ndindex(array.shape), array.flat, strict=True):
        result[at] = exact(check_scalar(entry, "a sample that is to be exact"))
    return result


def lower(array: np.ndarray) -> np.ndarray:
    """The entries as expanded SymPy expressions, units e^{iπt} of which are written in one way."""
    result, made = np.empty(array.shape, dtype=object), dict[Any, Any]()
    for at, entry in zip(np.ndindex(array.shape), array.flat, strict=True):
        if entry not in made:  # samples repeat themselves, and SymPy's numbers take long to make
            made[entry] = _written(entry) if is_sympy(entry) else to_sympy(entry)
        result[at] = made[entry]
    return result


def _written(value: Any) -> Any:
    number, unit = value.as_coeff_Mul()
    if number.is_Rational and _is_unit(unit):
        return value  # as it comes out of a modulation of numbers
    return collected(value.expand())


@lru_cache(maxsize=1024)
def _is_unit(value: Any) -> bool:
    """Whether it is 1, i, or e^{iπt} with 0 < t < 1 as :func:`collected` writes it."""
    from sympy import I, S, exp, pi

    return value in (S.One, I) or (
        isinstance(value, exp) and (value.exp / (I * pi)).is_Rational and value == collected(value)
    )


def collected(value: Any) -> Any:
    """The terms with their signs, powers of i and e^{iπt} multiplied out: ±|c| e^{iπt} with 0 <= t < 1."""
    from sympy import Add, I, Mul, Rational, exp, pi

    if not value.has(exp):
        return value
    terms = []
    for term in Add.make_args(value):
        number, factors = term.as_coeff_mul()
        turns = [(f, Rational(1, 2) if f is I else f.exp / (I * pi) if isinstance(f, exp) else None) for f in factors]
        units = {f: t for f, t in turns if t is not None and t.is_Rational}
        half = sum(units.values(), Rational(0)) % 2
        rest = Mul(*(f for f in factors if f not in units))
        terms.append((-number if half >= 1 else number) * rest * exp(I * pi * (half % 1)))
    return Add(*terms)


def evaluated(entries: np.ndarray, dtype: Any) -> Numbers:
    """Exact numbers without symbols as weak floats or complex numbers, for data of ``dtype``."""
    long = dtype in _LONG
    parts = [_parts(entry, long) for entry in entries.flat]
    if all(imag == 0 for _, imag in parts):
        values = np.array([real for real, _ in parts])
    else:
        values = np.array([real for real, _ in parts]) + 1j * np.array([imag for _, imag in parts])
    return Numbers(values.reshape(entries.shape), weak=True)


def _parts(entry: Scalar, long: bool) -> tuple[Any, Any]:
    """The real and imaginary part as floats, or as long doubles."""
    value = exact(entry)
    if not is_sympy(value):
        return _real(value, long), 0
    pair = (value, to_sympy(0)) if value.is_real else value.as_real_imag()
    real, imag = (part.evalf(40) for part in pair)
    if not (real.is_comparable and imag.is_comparable):
        raise CoefficientError(f"{entry} cannot be evaluated to a number; give numbers, or exact data")
    if value.is_real is None and abs(imag) < abs(real) * 1e-30:
        imag = 0  # numerical noise of the evaluation
    return _real(real, long), _real(imag, long)


def _real(value: Any, long: bool) -> Any:
    try:
        number = np.longdouble(str(to_sympy(value).evalf(40))) if long else float(value)
        if not np.isfinite(number):
            raise OverflowError
    except OverflowError:
        raise CoefficientError(TOO_LARGE) from None
    return number


def zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros of any dtype, SymPy zeros where it is object."""
    result = np.zeros(shape, dtype=dtype)
    if result.dtype.kind == "O":
        result[...] = to_sympy(0)
    return result


def put(found: np.ndarray, y: np.ndarray, add: bool) -> np.ndarray:
    """y with what was found written into it, or added to it."""
    if add:
        y += found
    else:
        y[...] = found
    return y
