"""What a signal may be made of: numbers as NumPy arrays, exact entries as object arrays of SymPy expressions.

Nothing is cast silently: a dtype that cannot hold the values, booleans among numbers, ragged rows and
integers beyond 64 bits beside floats are refused.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from operator import index
from typing import Any

import numpy as np

from ..errors import CoefficientError, DimensionError, KernelError, WindowError
from ..scalar import check_scalar, exact, is_sympy, to_sympy


def as_start(start: object, ndim: int, what: str = "start") -> tuple[int, ...]:
    """One int per axis."""
    start = start.tolist() if isinstance(start, np.ndarray) else start
    entries = tuple(start) if isinstance(start, (tuple, list)) else (start,) * ndim
    if len(entries) != ndim:
        raise DimensionError(f"{what} is {start!r} but the values have {ndim} axes; give one int per axis")
    try:
        if any(isinstance(entry, (bool, np.bool_)) for entry in entries):
            raise TypeError
        return tuple(index(entry) for entry in entries)  # type: ignore[arg-type]
    except TypeError:
        raise WindowError(f"{what} is {start!r}; give an int, or a tuple of ints, one per axis") from None


def only_python_numbers(values: object) -> bool:
    """Whether nested lists hold nothing but Python's own numbers."""
    if isinstance(values, (list, tuple)):
        return all(only_python_numbers(entry) for entry in values)
    return type(values) in (int, float, complex)


MASKED = "masked; its masked samples have no values: fill them first, such as x.filled(0)"


def has_mask(values: object) -> bool:
    """Whether an array, an array in a list, or Dask's idea of one is NumPy's masked kind, any sample masked or none."""
    if isinstance(values, (list, tuple)):
        return any(map(has_mask, values))
    return isinstance(getattr(values, "_meta", values), np.ma.MaskedArray)


def _flat(values: object) -> list[Any]:
    if isinstance(values, (list, tuple)):
        return [leaf for entry in values for leaf in _flat(entry)]
    return [values]


def _nested_shape(values: object) -> tuple[int, ...]:
    """Shape of nested lists, or KernelError where they are ragged."""
    if not isinstance(values, (list, tuple)):
        return ()
    shapes = {_nested_shape(entry) for entry in values}
    if len(shapes) > 1:
        raise KernelError("the values are ragged: rows of different lengths; give a rectangular array")
    return (len(values), *(shapes.pop() if shapes else ()))


def exact_array(leaves: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """An object array of SymPy expressions."""
    array = np.empty(shape, dtype=object)
    for where, leaf in zip(np.ndindex(*shape), leaves, strict=True):
        try:
            array[where] = to_sympy(check_scalar(leaf, "an entry"))
        except CoefficientError as error:
            raise KernelError(str(error)) from None
    return array


def tap_symbol(name: str, at: tuple[int, ...], real: bool = False) -> Any:
    """The SymPy symbol for one tap: q_0, q_1, …, or q_{0,1} for several axes."""
    import sympy

    label = "_".join(str(n) for n in at)
    return sympy.Symbol(f"{name}_{label}", real=True if real else None)


def as_exact(array: np.ndarray) -> np.ndarray:
    """The entries as the ints, fractions and SymPy expressions that they are; NaN and infinities stay."""
    if array.dtype.kind in "iu":
        return array.astype(object)
    result = np.empty(array.shape, dtype=object)
    for where, entry in zip(np.ndindex(*array.shape), array.flat, strict=True):
        try:
            result[where] = exact(check_scalar(entry))
        except CoefficientError:
            result[where] = entry.item() if isinstance(entry, np.generic) else entry
    return result


def same_numbers(mine: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether arrays of one shape hold the same numbers, whatever their dtypes: 2⁵³ + 1 is not 2.0⁵³."""
    if mine.dtype == theirs.dtype or {mine.dtype.kind, theirs.dtype.kind} <= {"f", "c"}:  # the wider holds the other
        return bool(np.all(mine == theirs))
    if "O" not in (mine.dtype.kind, theirs.dtype.kind):
        if not np.all(mine == theirs):
            return False  # equal numbers are equal after rounding
        integers = [a for a in (mine, theirs) if a.dtype.kind in "iu"]
        if len(integers) == 2 or not np.any(np.abs(integers[0].astype(np.float64)) >= 2.0**53):
            return True  # nothing was rounded
    return bool(np.all(as_exact(mine) == as_exact(theirs)))


def hash_of(entry: Any) -> int:
    """A hash that is the same for equal numbers of any kind; all that are not real share one."""
    if is_sympy(entry):
        import sympy

        return 0 if entry.has(sympy.I) else hash(exact(entry))
    if entry != entry.real:
        return 0
    real = entry.real
    if isinstance(real, np.longdouble) and np.isfinite(real):  # whose own hash is that of the nearest double
        return hash(Fraction(*real.as_integer_ratio()))
    return hash(real.item())


def as_array(values: Any, dtype: Any) -> np.ndarray:
    """Numbers as a NumPy array, exact entries as an object array of SymPy expressions."""
    if has_mask(values):
        raise KernelError(f"the array of values is {MASKED}")
    if hasattr(values, "tolist") and (is_sympy(values) or type(values).__module__.startswith("sympy")):
        values = values.tolist()  # SymPy arrays and matrices
        if values and isinstance(values[0], list) and all(len(row) == 1 for row in values):
            values = [row[0] for row in values]  # a column vector is a 1-D signal
    array = _exact_values(values, dtype)
    if array is None:
        return _numbers(values, dtype)
    if dtype is not None:
        raise KernelError(f"the entries are exact and dtype={dtype!r} was given; leave it out, or give floats")
    return array


def _exact_values(values: Any, dtype: Any) -> np.ndarray | None:
    """The exact array that ``values`` call for by a SymPy or Fraction entry, or an integer beyond int64; else None."""
    if isinstance(values, (list, tuple)):
        shape, leaves = _nested_shape(values), _flat(values)
        if any(isinstance(leaf, (bool, np.bool_)) for leaf in leaves):
            raise KernelError("there is a boolean among the values; give 0 or 1 if numbers are meant")
        if any(is_sympy(leaf) or isinstance(leaf, Fraction) for leaf in leaves):
            return exact_array(leaves, shape)
        if dtype is None and _are_long_integers(leaves):
            return exact_array(leaves, shape)
    elif isinstance(values, np.ndarray) and values.dtype == object:
        if not all(is_sympy(entry) or type(entry) in (int, Fraction) for entry in values.flat):
            raise KernelError(
                "the values have object dtype; give a numeric array, or a list of int, Fraction or SymPy entries"
            )
        return exact_array(list(values.flat), values.shape)
    return None


def _are_long_integers(leaves: list[Any]) -> bool:
    """Whether all are integers, of which one is too large for int64."""
    whole = all(isinstance(leaf, (int, np.integer)) for leaf in leaves)
    return whole and not all(-(2**63) <= int(leaf) < 2**63 for leaf in leaves)


def _numbers(values: Any, dtype: Any) -> np.ndarray:
    try:
        target = None if dtype is None else np.dtype(dtype)
        wide = target is not None and target.char in "gG"  # NumPy reads all digits of these from strings
        array = np.asanyarray(values, dtype=target if wide else None)
        if has_mask(array):  # of a library that computes it on demand
            raise KernelError(f"the array of values is {MASKED}")
        array = np.asarray(array)
        target = array.dtype if target is None else target
    except (ValueError, TypeError, OverflowError) as error:
        raise KernelError(f"the values do not make a numeric array ({error})") from None
    for kind in (array.dtype, target):
        if kind.kind not in "iufc":
            raise KernelError(
                f"the values have dtype {kind}; give integers below 2**63, reals or complex numbers "
                "(booleans: cast them to int), or a list of SymPy entries"
            )
    if array.dtype.kind in "fc" and isinstance(values, (list, tuple)):
        check_large_integers(values)
    return _cast(array, target)


def check_large_integers(values: Any) -> None:
    """NumPy makes floats of integers that no integer dtype holds together."""
    leaves = _flat(values)
    integers = [leaf for leaf in leaves if isinstance(leaf, (int, np.integer))]
    large = [n for n in integers if int(float(n)) != n]
    if large or (leaves and len(integers) == len(leaves)):
        raise KernelError(
            f"the integer {max(large or integers)} and the other values fit no common dtype without rounding; "
            "give floats, or exact entries such as Fraction(n)"
        )


def _cast(array: np.ndarray, target: Any) -> np.ndarray:
    """``array`` as ``target``; floats may be rounded, but nothing else may change."""
    given = array.dtype
    if given == target:
        return array
    with np.errstate(all="ignore"):
        if array.dtype.kind == "c" and target.kind != "c":
            lossless = not np.any(array.imag)
            array = array.real
        else:
            lossless = True
        result: np.ndarray = array.astype(target)
        if target.kind in "iu":
            lossless = lossless and bool(np.all(result == array))
    if not lossless or np.any(np.isfinite(array) & ~np.isfinite(result)):
        raise KernelError(f"dtype {target} does not hold the values, which have dtype {given}")
    return result


def shape_apart(shape: tuple[int, ...], factors: tuple[int, ...]) -> tuple[int, ...]:
    """From the first to the last of samples that stand ``factors`` apart, per axis."""
    return tuple([k * (n - 1) + 1 for n, k in zip(shape, factors, strict=True)])


class Spread:
    """Samples that stand ``factors`` apart; equal where every bit is."""

    def __init__(self, given: np.ndarray, factors: tuple[int, ...]) -> None:
        self.given, self.factors = given, factors

    @property
    def shape(self) -> tuple[int, ...]:
        """From the first to the last."""
        return shape_apart(self.given.shape, self.factors) if self.given.size else self.given.shape

    @property
    def filled(self) -> np.ndarray:
        """With the zeros between them, read-only.

        >>> Spread(np.array([1, 2]), (3,)).filled
        array([1, 0, 0, 2])
        """
        values = np.zeros(self.shape, self.given.dtype)
        values[tuple([slice(None, None, k) for k in self.factors])] = self.given
        values.flags.writeable = False
        return values

    def trimmed(self, start: tuple[int, ...]) -> tuple[tuple[int, ...], Spread]:
        """The index of the first sample that is not 0, if all begin at ``start``, and those from it to the last one."""
        if self.given.ndim == 1 and self.given.size and self.given[0] != 0 and self.given[-1] != 0:
            return start, self  # which need not look at the others
        where: Any = np.nonzero(self.given)
        if not len(where[0]):
            return (), Spread(np.zeros((0,) * self.given.ndim), self.factors)
        low, high = [int(w.min()) for w in where], [int(w.max()) + 1 for w in where]
        first = tuple([a + k * n for a, k, n in zip(start, self.factors, low, strict=True)])
        return first, Spread(self.given[tuple(map(slice, low, high))], self.factors)

    def alike(self, other: Spread) -> tuple[np.ndarray, np.ndarray]:
        """Samples of both that stand equally far apart: those that are given, or all."""
        if self.factors == other.factors:
            return self.given, other.given
        return self.filled, other.filled

    def first(self, count: int) -> list[Any]:
        """So many samples, in C order; fewer where there are no more."""
        if set(self.factors) == {1}:
            return list(self.given.flat[:count])
        found = []
        for i in range(min(count, prod(self.shape))):
            at = [divmod(int(n), k) for n, k in zip(np.unravel_index(i, self.shape), self.factors, strict=True)]
            found.append(
                self.given.dtype.type(0) if any(rest for _, rest in at) else self.given[tuple([n for n, _ in at])]
            )
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spread) or self.shape != other.shape:
            return False
        mine, theirs = map(_content, self.alike(other))
        return bool(mine == theirs)

    __hash__ = None  # type: ignore[assignment]  # a signal hashes its sequence


def _content(samples: np.ndarray) -> Any:
    """What equal samples have in common; not all bytes of long doubles and of objects mean something."""
    return tuple(samples.flat) if samples.dtype.char in "gGO" else samples.tobytes()
