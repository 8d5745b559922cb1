"""Products and factors of known kernels, without rounding and without a change of dtype.

A kernel keeps its kind: integers stay integers, floats floats, weak numbers weak, exact entries exact.  Where the
exact taps are no numbers of the kind, there is no result (None).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...expr import Signal, plus
from ...scalar import exact, is_sympy, to_sympy

Index: TypeAlias = tuple[int, ...]
PRODUCT_LIMIT = 1 << 16  # multiplications of one product
FACTOR_TAPS = 128  # taps of the longest kernel that is factored
FACTORS = 10  # irreducible factors of which all products are tried


class Kind(NamedTuple):
    """What a kernel is made of; ``dtype`` object means exact entries."""

    dtype: Any
    weak: bool


def kind_of(signal: Signal) -> Kind:
    """The kind of a kernel."""
    return Kind(np.dtype(np.int64) if signal.dtype.kind in "iu" else signal.dtype, signal.weak)


def common_kind(a: Kind, b: Kind) -> Kind | None:
    """The kind whose kernels act on every array as kernels of both kinds one after the other; None if there is none."""
    if a == b:
        return a
    if a.dtype.kind == "i" or b.dtype.kind == "i":
        other, whole = (b, a) if a.dtype.kind == "i" else (a, b)
        return other if whole.weak or not other.weak else None
    if a.weak != b.weak or "O" in (a.dtype.kind, b.dtype.kind):
        return None
    return Kind(np.result_type(a.dtype, b.dtype), a.weak)


def entries(values: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """An array of exact numbers."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def exact_taps(signal: Signal) -> np.ndarray:
    """The taps as exact numbers."""
    return entries([exact(value) for value in signal.values.ravel().tolist()], signal.values.shape)


def made(taps: np.ndarray, start: Index, kind: Kind) -> Signal | None:
    """The kernel with exact taps, of a kind; None where it does not hold them."""
    taps, start = trimmed(taps, start)
    if kind.dtype.kind == "O":
        return Signal._wrap(entries([to_sympy(value) for value in taps.flat], taps.shape), start)
    numbers = [_number(value, kind.dtype) for value in taps.flat]
    if any(value is None for value in numbers):
        return None
    return Signal._wrap(np.array(numbers, dtype=kind.dtype).reshape(taps.shape), start, kind.weak)


def trimmed(taps: np.ndarray, start: Index) -> tuple[np.ndarray, Index]:
    """Without zeros at the ends; one 0 where there is nothing else."""
    where = np.nonzero(taps != 0)
    if not len(where[0]):
        return taps[(slice(0, 1),) * taps.ndim], start
    low, high = [int(w.min()) for w in where], [int(w.max()) + 1 for w in where]
    return taps[tuple(map(slice, low, high))], plus(start, low)


def _number(value: Any, dtype: Any) -> Any:
    """The number of a dtype that is exactly ``value``, or None."""
    if dtype.kind == "i":
        return value if isinstance(value, int) and abs(value) < 2**62 else None
    if dtype.kind == "c":
        real, imag = to_sympy(value).as_real_imag()
        parts = [_number(exact(part), np.finfo(dtype).dtype) for part in (real, imag)]
        return None if None in parts else complex(*parts)
    if not isinstance(value, (int, Fraction)):
        return None
    try:
        number = dtype.type(float(value))
    except OverflowError:
        return None
    return number if np.isfinite(number) and exact(float(number)) == value else None


def product(p: Signal, q: Signal) -> Signal | None:
    """p ∗ q."""
    kind = common_kind(kind_of(p), kind_of(q))
    if kind is None or p.values.size * q.values.size > PRODUCT_LIMIT:
        return None
    taps = convolved(exact_taps(p), exact_taps(q))
    return made(taps, plus(p.starts, q.starts), kind)


def convolved(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The full convolution of exact taps."""
    short, long = sorted((p, q), key=lambda taps: taps.size)
    result = np.zeros([a + b - 1 for a, b in zip(p.shape, q.shape, strict=True)], dtype=object)
    for at in np.argwhere(short != 0).tolist():
        place = tuple(slice(i, i + n) for i, n in zip(at, long.shape, strict=True))
        result[place] += short[tuple(at)] * long
    return entries([exact(v.expand()) if is_sympy(v) else v for v in result.flat], result.shape)


def scaled(scalar: Any, q: Signal) -> Signal | None:
    """c q, of the kind that c and q call for."""
    one = Signal([scalar])
    at_zero = Signal._wrap(one.values.reshape((1,) * q.values.ndim), (0,) * q.values.ndim, one.weak)
    return product(at_zero, q)


def total(kernels: list[Signal]) -> Signal | None:
    """The sum of kernels of one kind."""
    kinds = {kind_of(kernel) for kernel in kernels}
    if len(kinds) > 1:
        return None
    start = tuple(map(min, zip(*(kernel.starts for kernel in kernels), strict=True)))
    stop = tuple(map(max, zip(*(kernel.stops for kernel in kernels), strict=True)))
    if prod(b - a for a, b in zip(start, stop, strict=True)) > PRODUCT_LIMIT:
        return None
    taps = np.zeros([b - a for a, b in zip(start, stop, strict=True)], dtype=object)
    for kernel in kernels:
        place = tuple(slice(a - s, b - s) for a, b, s in zip(kernel.starts, kernel.stops, start, strict=True))
        taps[place] += exact_taps(kernel)
    return made(taps, start, kinds.pop())


def comb(q: Signal) -> tuple[Index, Index]:
    """(s, g): every tap that is not zero stands at s plus a multiple of g, per axis; g = 0 for one place only."""
    places = np.argwhere(q.values != 0)
    if not len(places):
        return (0,) * q.values.ndim, (0,) * q.values.ndim
    first = places.min(axis=0)
    steps = tuple(gcd(*(places[:, axis] - first[axis]).tolist()) for axis in range(q.values.ndim))
    return plus(first.tolist(), q.starts), steps


def compressed(q: Signal, start: Index, step: Index) -> Signal:
    """r with q = S^s ↑g r."""
    places = tuple(slice(s - a, None, g) for s, a, g in zip(start, q.starts, step, strict=True))
    taps = np.array(q.values[places])
    where = np.argwhere(taps != 0)
    ends = where.max(axis=0) + 1 if len(where) else (1,) * taps.ndim
    return Signal._wrap(np.array(taps[tuple(slice(0, int(n)) for n in ends)]), (0,) * taps.ndim, q.weak)


# Factors --------------------------------------------------------------------------------------------------------


def _whole(taps: np.ndarray) -> tuple[np.ndarray, Fraction] | None:
    """Coprime ints and the number that they are multiplied by; None for taps that are not rational."""
    if not all(isinstance(value, (int, Fraction)) for value in taps.flat) or not np.any(taps != 0):
        return None
    bottom = lcm(*(Fraction(value).denominator for value in taps.flat))
    numbers = np.array([int(value * bottom) for value in taps.flat], dtype=object).reshape(taps.shape)
    content = gcd(*numbers.flat)
    return numbers // content, Fraction(content, bottom)


def outer(q: Signal) -> tuple[Signal, Signal] | None:
    """Two kernels on different axes whose product is q: the first axis that splits off; None for no such axis."""
    taps = exact_taps(q)
    whole = _whole(taps)
    if whole is None:
        return None
    numbers, scale = whole
    for axis in range(taps.ndim):
        rows = np.moveaxis(numbers, axis, 0)
        if rows.shape[0] == 1 or rows[0].size == 1:
            continue
        pair = _rank_one(rows.reshape(rows.shape[0], -1))
        if pair is not None:
            column = pair[0].reshape([-1 if a == axis else 1 for a in range(taps.ndim)])
            rest = np.moveaxis(pair[1].reshape((1, *rows.shape[1:])), 0, axis)
            return _both(column, rest, scale, q.starts, axis, kind_of(q))
    return None


def _rank_one(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """c, r of ints with matrix = c rᵀ."""
    i = int(np.argmax(np.any(matrix != 0, axis=1)))
    row = matrix[i] // gcd(*matrix[i])
    j = int(np.argmax(row != 0))
    column = np.array([Fraction(value, row[j]) for value in matrix[:, j]], dtype=object)
    if not np.array_equal(np.multiply.outer(column, row), matrix):
        return None
    return np.array([exact(value) for value in column], dtype=object), row


def _both(
    left: np.ndarray, right: np.ndarray, scale: Fraction, start: Index, axis: int, kind: Kind
) -> tuple[Signal, Signal] | None:
    """Both factors as kernels of a kind, the scale in one of them."""
    starts = [tuple(s if (a == axis) == own else 0 for a, s in enumerate(start)) for own in (True, False)]
    for first, second in ((scale, 1), (1, scale), *_shared(scale)):
        pair = made(_times(left, first), starts[0], kind), made(_times(right, second), starts[1], kind)
        if pair[0] is not None and pair[1] is not None:
            return pair[0], pair[1]
    return None


def _times(taps: np.ndarray, scale: Any) -> np.ndarray:
    return entries([exact(Fraction(scale * value)) for value in taps.flat], taps.shape)


def _shared(scale: Fraction) -> list[tuple[Fraction, Fraction]]:
    """An integer scale split into two factors of like size."""
    if scale.denominator != 1 or abs(scale) > 10**6:
        return []
    low = next(k for k in range(int(abs(scale) ** 0.5), 0, -1) if int(scale) % k == 0)
    return [(Fraction(low), scale / low)]


def sparse_factors(q: Signal) -> tuple[Signal, Signal] | None:
    """p, r on one axis with p ∗ r = q and together fewer taps than q: the fewest that its irreducible factors make."""
    if q.values.ndim != 1 or not 4 <= q.values.size <= FACTOR_TAPS:
        return None
    taps, start = trimmed(exact_taps(q), q.starts)
    whole = _whole(taps)
    if whole is None:
        return None
    found = _fewest(tuple(whole[0]))
    if found is None:
        return None
    left, right = (np.array(part, dtype=object) for part in found)
    return _both(left, right, whole[1] * Fraction(whole[0][0], left[0] * right[0]), start, 0, kind_of(q))


@lru_cache(maxsize=512)
def _fewest(numbers: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    import sympy

    polynomial = sympy.Poly(list(numbers), sympy.Symbol("z"))
    factors = [tuple(map(int, f.all_coeffs())) for f, power in polynomial.factor_list()[1] for _ in range(power)]
    if not 2 <= len(factors) <= FACTORS:
        return None
    products: list[np.ndarray] = [np.array([1], dtype=object)]
    for mask in range(1, 1 << len(factors)):
        low = (mask & -mask).bit_length() - 1
        products.append(np.convolve(products[mask & (mask - 1)], np.array(factors[low], dtype=object)))
    counts = [int(np.count_nonzero(taps)) for taps in products]
    full = len(products) - 1
    best = min(range(1, full), key=lambda mask: (counts[mask] + counts[full ^ mask], mask))
    if counts[best] + counts[full ^ best] >= sum(map(bool, numbers)):
        return None
    return tuple(products[best]), tuple(products[full ^ best])
