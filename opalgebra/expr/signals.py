"""Signals: sequences on ℤ^d that are zero outside a finite window.

:class:`Signal` holds numbers (a NumPy array) or exact entries (SymPy).  The other classes are expressions
that stand for signals: formal ones, boxes of symbolic length, and operators applied to these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from .._verbs import verb
from ..errors import DimensionError, FactorTypeError, KernelError, OperandError, SizeError, WindowError
from ..scalar import check_scalar, to_sympy
from .arrays import Spread, as_array, as_start, exact_array, hash_of, only_python_numbers, same_numbers, tap_symbol
from .exactly import exactly, is_exact_arithmetic
from .factors import ByFactor, axes, factor, is_symbolic, ratio
from .index import minus, plus, times
from .node import Node, common_ndim
from .sampling import SamplingMatrix

MAX_BOX = 10**7  # samples
MAX_TAPS = 10**5  # symbols


class SignalExpr(Node):
    """Base class of everything that is a signal: numbers, formal signals, operators applied to them.

    >>> import opalgebra as oa
    >>> q, x = oa.signals("q x")
    >>> print(oa.Conv(q) @ x + 2 * x)
    (q∗) x + 2 x
    """

    def __add__(self, other: object) -> SignalExpr:
        if isinstance(other, int) and other == 0:  # so that sum() works
            return self
        if not isinstance(other, SignalExpr):
            kind = type(other).__name__
            raise OperandError(f"a signal and a {kind} were added; make it a signal first: Signal(values)")
        return add_signals((self, other))

    __radd__ = __add__

    def __neg__(self) -> SignalExpr:
        return self * -1

    def __sub__(self, other: object) -> SignalExpr:
        return self + (-other if isinstance(other, SignalExpr) else other)

    def __rsub__(self, other: object) -> SignalExpr:
        return -self + other

    def __mul__(self, scalar: object) -> SignalExpr:
        if isinstance(scalar, (Node, np.ndarray)):
            raise OperandError("signals are multiplied by scalars only; for a convolution write Conv(q) @ x")
        return (verb("identity")() * scalar) @ self

    __rmul__ = __mul__

    def __truediv__(self, scalar: object) -> SignalExpr:
        """x / c, sample by sample: integers become the fractions that they are, floats are divided as NumPy does."""
        return (verb("identity")() / scalar) @ self

    def __matmul__(self, other: object) -> Any:
        raise OperandError("a signal is not an operator; for the convolution with it write Conv(q) @ x")

    __rmatmul__ = __matmul__

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of the samples over their indices: stems, of two axes an image, of very long signals their range.

        FormalSignalError for formal signals; MissingDependency without matplotlib.

        >>> import opalgebra as oa
        >>> oa.Signal([1, 2, 1], start=-1).plot().axes[0].get_xlabel()
        'index n (samples), n = 0 dotted'
        """
        return verb("plot")(self, kind, dark=dark, **options)

    def conj(self) -> SignalExpr:
        """The complex conjugate, sample by sample."""
        return ConjSignal(self)

    @property
    def is_concrete(self) -> bool:
        """Whether the samples are known (numbers or symbolic taps), so that it can be computed with."""
        return False


class Signal(SignalExpr):
    """A sequence that holds ``values`` from index ``start`` on and is zero elsewhere.

    Parameters
    ----------
    values : list, numpy.ndarray, or nested list of SymPy entries
        The samples, one axis per dimension.  Python numbers are *weak*: a kernel ``[0.25, 0.5, 0.25]``
        takes the precision of the array that it meets, as Python scalars do in NumPy; an array keeps
        its dtype.  SymPy and :class:`~fractions.Fraction` entries make an exact signal.
    start : int or tuple of int
        Index of the first sample, one per axis (samples).
    dtype : numpy dtype, optional
        Makes the numbers strong, of this dtype.
    exact : bool
        Keeps the numbers exactly as SymPy entries, floats as the binary fractions that they are.

    Notes
    -----
    ``==`` compares sequences: the same value at every index, exact entries as SymPy writes them (whether other forms
    are equal is a question for :func:`~opalgebra.prove`).  ``s[n]`` and ``s[a:b]`` take absolute
    indices and give zero outside the window.

    Examples
    --------
    >>> import opalgebra as oa
    >>> s = oa.Signal([1, 2, 3], start=-1)
    >>> int(s[-1]), int(s[5]), s[0:4]
    (1, 0, array([2, 3, 0, 0]))
    >>> s == oa.Signal([0, 1, 2, 3], start=-2)
    True
    """

    def __init__(self, values: Any, start: Any = 0, dtype: Any = None, *, exact: bool = False) -> None:
        if isinstance(values, Signal):
            raise OperandError("the values are a Signal already; shift it with Shift(s) @ signal")
        if isinstance(values, Node):
            raise OperandError(f"the values are {values}; give numbers or SymPy entries")
        array = as_array(values, dtype)
        if exact and array.dtype != object:
            array = exact_array(array.ravel().tolist(), array.shape)
        if array.ndim == 0:
            raise KernelError(f"the values are the single number {values!r}; give a list such as [{values!r}]")
        # A private copy of the numbers, in the byte order of the machine, so that equal ones have equal bytes.
        array = array.view() if array.dtype == object else np.array(array, dtype=array.dtype.newbyteorder("="))
        array.flags.writeable = False
        weak = dtype is None and array.dtype != object and only_python_numbers(values)
        self._set(_values=array, _start=as_start(start, array.ndim), weak=weak, ndim=array.ndim)

    @classmethod
    def _wrap(
        cls, array: np.ndarray, start: tuple[int, ...], weak: bool = False, factors: tuple[int, ...] | None = None
    ) -> Signal:
        """A signal around an array that nobody else writes to, its samples so far apart; used by the engines."""
        signal = object.__new__(cls)
        array.flags.writeable = False
        given = {"_values": array} if factors is None else {"_kept": array, "_factors": factors}
        signal.__dict__.update(given, _start=start, weak=weak, ndim=array.ndim)
        return signal

    _factors: tuple[int, ...] | None = None  # how far apart the samples stand that are kept: see :mod:`.spread`
    _kept: np.ndarray
    _start: tuple[int, ...]
    weak: bool

    @cached_property
    def _values(self) -> np.ndarray:
        return self._spread.filled

    @property
    def values(self) -> np.ndarray:
        """The samples of the window, read-only."""
        return self._values

    @property
    def start(self) -> Any:
        """Index of the first sample: an int, or a tuple for several axes."""
        return self._start[0] if self.ndim == 1 else self._start

    @property
    def stop(self) -> Any:
        """Index after the last sample: an int, or a tuple for several axes."""
        return self.stops[0] if self.ndim == 1 else self.stops

    @property
    def starts(self) -> tuple[int, ...]:
        """First index per axis, always a tuple."""
        return self._start

    @property
    def stops(self) -> tuple[int, ...]:
        """Index after the last per axis, always a tuple."""
        return plus(self._start, self._shape)

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of the samples (object for exact ones)."""
        return self._given.dtype

    @property
    def is_exact(self) -> bool:
        """Whether the samples are SymPy expressions."""
        return bool(self.dtype == object)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._values.shape if self._factors is None else self._spread.shape

    @property
    def _spread(self) -> Spread:
        return Spread(self._given, self._factors or (1,) * len(self._start))

    @property
    def _given(self) -> np.ndarray:
        return self._values if self._factors is None else self._kept

    @property
    def is_concrete(self) -> bool:
        return True

    def parts(self) -> tuple[Any, ...]:
        return self._values, self._start, self.weak

    def children(self) -> list[Node]:
        return []

    def key(self) -> tuple[Any, ...]:
        """Structure, for use as a kernel: window, dtype and values, not merely the sequence."""
        return self.dtype.str, self._shape, self._spread, self._start, self.weak

    def mapped(self, change: Callable[[Any], Any]) -> Signal:
        return self._by_entry(change) if self.is_exact else self

    def _by_entry(self, change: Callable[[Any], Any]) -> Signal:
        return Signal._wrap(exact_array([change(x) for x in self._values.flat], self._values.shape), self._start)

    def nonempty(self) -> Signal:
        if self._given.size:
            return self
        return Signal([0]) if self.ndim == 1 else Signal(np.zeros((1,) * self._values.ndim, dtype=np.int64))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_signal, (np.array(self._given), self._start, self.weak, self._factors)

    def __truediv__(self, scalar: object) -> SignalExpr:
        number = check_scalar(scalar)
        floats = self.dtype.kind in "fc" or (isinstance(number, float) and not self.is_exact)
        if number == 0 or is_exact_arithmetic() or not floats or not isinstance(number, int | float):
            return super().__truediv__(scalar)
        with np.errstate(over="ignore", invalid="ignore"):
            return Signal._wrap(self._values / number, self._start, self.weak)

    def items(self) -> list[tuple[tuple[int, ...], Any]]:
        """(index, value) of the samples that are not zero."""
        where: Any = np.argwhere(self._given != 0) if self._given.size else []
        return [(plus(times(map(int, at), self._spread.factors), self._start), self._given[tuple(at)]) for at in where]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Signal) or self.ndim != other.ndim:
            return False
        (start, mine), (other_start, theirs) = [signal._spread.trimmed(signal._start) for signal in (self, other)]
        return start == other_start and mine.shape == theirs.shape and same_numbers(*mine.alike(theirs))

    def __hash__(self) -> int:
        cached: int | None = self.__dict__.get("_sequence_hash")
        if cached is None:
            start, given = self._spread.trimmed(self._start)
            cached = self.__dict__["_sequence_hash"] = hash((start, given.shape, *map(hash_of, given.first(8))))
        return cached

    def __iter__(self) -> Iterator[Any]:
        """The samples of the window, in order."""
        return iter(self._values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False and dtype not in (None, self._values.dtype):
            raise ValueError("a copy is needed for another dtype")
        return np.array(self._values, dtype=dtype, copy=True) if copy else np.asarray(self._values, dtype=dtype)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, where: Any) -> Any:
        where = where if isinstance(where, tuple) else (where,)
        if len(where) != self.ndim:
            raise DimensionError(f"{len(where)} indices were given for a signal with {self.ndim} axes")
        if all(not isinstance(entry, slice) for entry in where):
            return self._sample(where)
        index_sets = [self._axis_indices(entry, axis) for axis, entry in enumerate(where)]
        if prod(len(indices) for indices in index_sets) > 2**31:
            raise SizeError(f"the slice {where} has more than {2**31} samples; take shorter pieces")
        result = np.zeros([len(indices) for indices in index_sets], dtype=self._values.dtype)
        if result.dtype == object:
            result[...] = to_sympy(0)
        inside = [
            [(i, n - a) for i, n in enumerate(indices) if 0 <= n - a < size]
            for indices, a, size in zip(index_sets, self._start, self._values.shape, strict=True)
        ]
        if all(inside):
            target = np.ix_(*[[i for i, _ in pairs] for pairs in inside])
            source = np.ix_(*[[n for _, n in pairs] for pairs in inside])
            result[target] = self._values[source]
        drop = tuple(0 if not isinstance(entry, slice) else slice(None) for entry in where)
        return result[drop]

    def _sample(self, where: tuple[Any, ...]) -> Any:
        at = minus(as_start(where, len(where)), self._start)
        if all(0 <= n < size for n, size in zip(at, self._values.shape, strict=True)):
            return self._values[at]
        return to_sympy(0) if self.is_exact else self._values.dtype.type(0)

    def _axis_indices(self, entry: Any, axis: int) -> range:
        if not isinstance(entry, slice):
            n = as_start(entry, 1)[0]
            return range(n, n + 1)
        given = (entry.start, entry.stop, entry.step)
        usual = (self._start[axis], self.stops[axis], 1)
        first, last, step = as_start([u if g is None else g for g, u in zip(given, usual, strict=True)], 3, "the slice")
        if step < 1:
            raise WindowError(f"a slice step of {step} was given; use a positive step, and Flip() to reverse")
        return range(first, last, step)

    def conj(self) -> Signal:
        """The complex conjugate, sample by sample."""
        if self.is_exact:
            return self._by_entry(lambda entry: entry.conjugate())
        return Signal._wrap(np.conj(self._values), self._start, self.weak)

    def _repr_html_(self) -> str | None:
        """The samples with a picture; None where LaTeX says all that there is."""
        found: str | None = verb("html")(self)
        return found


_restore_signal = Signal._wrap  # the name in pickles


@dataclass(frozen=True, eq=False, repr=False)
class FormalSignal(SignalExpr):
    """*Any* finitely supported signal; made by :func:`signals`."""

    name: str
    ndim: int | None = None
    real: bool = False

    def own_names(self) -> list[str]:
        return [self.name]

    def conj(self) -> SignalExpr:
        return self if self.real else ConjSignal(self)


@dataclass(frozen=True, eq=False, repr=False)
class Box(ByFactor, SignalExpr):
    """1_k, the signal of k ones at 0 … k−1, for a symbolic k; made by :func:`box`."""

    def rebuilt(self, parts: tuple[Any, ...]) -> SignalExpr:
        return box(parts[0])

    def conj(self) -> SignalExpr:
        return self


@dataclass(frozen=True, eq=False, repr=False)
class ConjSignal(SignalExpr):
    """The complex conjugate of a formal signal."""

    signal: SignalExpr

    def __post_init__(self) -> None:
        self._set(ndim=self.signal.ndim)

    def rebuilt(self, parts: tuple[Any, ...]) -> Any:
        return parts[0].conj()

    def conj(self) -> SignalExpr:
        return self.signal


@dataclass(frozen=True, eq=False, repr=False)
class Applied(SignalExpr):
    """A x for an operator A and a signal x that cannot be computed yet; written ``A @ x``."""

    operator: Any  # a LinearOperator, whose class is made of signals
    signal: SignalExpr

    def __post_init__(self) -> None:
        self._set(ndim=common_ndim(self.operator, self.signal))

    def rebuilt(self, parts: tuple[Any, ...]) -> Any:
        with exactly():
            return parts[0] @ parts[1]


@dataclass(frozen=True, eq=False, repr=False)
class SignalSum(SignalExpr):
    """x + y for signals of which one is formal."""

    terms: tuple[SignalExpr, ...]

    def __post_init__(self) -> None:
        self._set(ndim=common_ndim(*self.terms))

    def rebuilt(self, parts: tuple[Any, ...]) -> SignalExpr:
        with exactly():
            return add_signals(parts[0])


def add_signals(terms: tuple[SignalExpr, ...]) -> SignalExpr:
    """The sum, computed where all terms are concrete; one signal is itself."""
    if len(terms) == 1:
        return terms[0]
    if all(isinstance(term, Signal) for term in terms):
        common_ndim(*terms)
        return verb("add")(terms)
    flat: list[SignalExpr] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, SignalSum) else (term,))
    return SignalSum(tuple(flat))


def box(k: Any) -> SignalExpr:
    """1_k: k ones at indices 0 … k−1, per axis for a tuple; :class:`~opalgebra.SizeError` above 10⁷ of them.

    1_M for a matrix M: a one at each representative of the cosets of M ℤ^d, see :func:`~opalgebra.cosets`.

    >>> import opalgebra as oa
    >>> oa.box(3) == oa.Signal([1, 1, 1])
    True
    """
    k = factor(k)
    if is_symbolic(k):
        return Box(k)
    if (size := ratio(k)) > MAX_BOX:
        raise SizeError(f"{size} ones were asked for, and a box holds at most {MAX_BOX}; use a smaller factor")
    if isinstance(k, SamplingMatrix):
        return _cell(k)
    return Signal._wrap(np.ones(axes(k), dtype=np.int64), (0,) * len(axes(k)), weak=True)


def _cell(matrix: SamplingMatrix) -> Signal:
    """A one at each integer point of M [0, 1)^d."""
    points = np.array(matrix.cosets())
    low, high = points.min(axis=0), points.max(axis=0)
    if prod((high - low + 1).tolist()) > MAX_BOX:
        raise SizeError(f"the cell of {matrix} lies in a box of over {MAX_BOX} samples; use a smaller matrix")
    values = np.zeros(high - low + 1, dtype=np.int64)
    values[tuple((points - low).T)] = 1
    return Signal._wrap(values, tuple(low.tolist()), weak=True)


def signals(names: str, *, length: Any = None, start: Any = 0, ndim: int | None = None, real: bool = False) -> Any:
    """Formal signals, or signals with symbolic taps.

    Parameters
    ----------
    names : str
        Names separated by blanks or commas, as in :func:`sympy.symbols`.
    length : int or tuple of int, optional
        Without it the signals are formal: any finitely supported signal.  With it they have this many
        symbolic taps q_0, q_1, …
    start : int or tuple of int
        Index of tap q_0 (samples), with ``length`` only.
    ndim : int, optional
        Number of axes of a formal signal; left out, it fits any.
    real : bool
        Whether the samples are real; complex by default.

    Examples
    --------
    >>> import opalgebra as oa
    >>> q, x = oa.signals("q x")
    >>> print(oa.Conv(q) @ oa.Up(2) @ x)
    (q∗) ↑₂ x
    >>> oa.signals("q", length=3).values
    array([q_0, q_1, q_2], dtype=object)
    """
    if not isinstance(names, str) or not names.replace(",", " ").split():
        raise OperandError(f"the names are {names!r}; give a string such as 'q x'")
    listed = names.replace(",", " ").split()
    for name in listed:
        if not name.isidentifier():
            raise OperandError(f"{name!r} is not a name; use letters, digits and underscores, such as 'q_1'")
    made = [
        FormalSignal(name, ndim, real) if length is None else _symbolic_taps(name, length, start, real)
        for name in listed
    ]
    several = len(listed) > 1 or names.rstrip().endswith(",")
    return tuple(made) if several else made[0]


def _symbolic_taps(name: str, length: Any, start: Any, real: bool) -> Signal:
    shape = tuple(factor(n) for n in length) if isinstance(length, (tuple, list)) else (factor(length),)
    if any(isinstance(n, (tuple, SamplingMatrix)) for n in shape):
        raise FactorTypeError(f"the length is {length}; give an int, or a tuple of ints, one per axis")
    if is_symbolic(shape):
        raise FactorTypeError(f"the length is {length}; give an int, or leave it out: then q is of any length")
    if prod(shape) > MAX_TAPS:
        raise SizeError(
            f"{prod(shape)} symbolic taps were asked for, and at most {MAX_TAPS} are made; leave the length out"
        )
    taps = [tap_symbol(name, at, real) for at in np.ndindex(*shape)]
    return Signal._wrap(exact_array(taps, shape), as_start(start, len(shape)))
