"""Expressions as values: what a program computes, before it is known on which windows.

A *value* is an array on a window of indices, computed as a sum of *terms*, each of which is a filter
(:class:`~.fir.Fir`), a periodic weight or a sampling by a matrix (:class:`~.relabel.Relabel`) applied to an earlier
value.  :func:`compile_grid` writes expressions as such values; neighbouring letters become one filter where that
costs nothing, so that a strided convolution computes only the samples that are kept and a transposed one multiplies
no inserted zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, inf, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...errors import FormalSignalError
from ...expr import LinearOperator, SamplingMatrix, Signal, formal_parts
from ...expr.spread import places
from ...scalar import Scalar, exact, is_sympy
from ..arrays.arithmetic import EXACT, evaluated, is_quotient, magnitude
from ..arrays.counting import LARGEST
from ..filters.fir import Fir, Ints, is_sparse
from ..filters.relabel import Relabel
from ..filters.weights import Quotient, Tone, Weight
from ..letters.machine import Machine
from ..letters.unfold import evaluate, formal_error

WHOLE, HUGE = 2**62, 2**1023  # from where whole numbers are floats, and from where they are none
LEAST = 2.0**-60  # of a product of taps, far from where numbers of single precision end

Action: TypeAlias = Fir | Weight | Quotient | Relabel


class Term(NamedTuple):
    """An action on an earlier value."""

    source: Value
    action: Action


@dataclass(frozen=True, eq=False)
class Value:
    """The sum of its terms; the input of a program is the value that has none."""

    terms: tuple[Term, ...]
    is_input: bool = False
    channels: int | None = None  # the axis before the window's, where there is one


class Compiler(Machine[Value]):
    """The letters on values."""

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim

    def convolve(self, x: Value, kernel: Signal) -> Value:
        """A filter; merged into a single tap that stands before it."""
        taps, apart = numbers(kernel), places(kernel)
        taps = taps if apart is None else taps.reshape(-1)
        return self._after(x, lambda fir: _is_safe(fir, taps), lambda fir: fir.then_filter(taps, kernel.starts, apart))

    def modulate(self, x: Value, sequence: Signal) -> Value:
        """A periodic weight."""
        return Value((Term(x, Weight(numbers(sequence), sequence.starts)),))

    def character(self, x: Value, frequency: Any) -> Value:
        """Weights that are computed for the window at hand."""
        return Value((Term(x, Tone(frequency)),))

    def scale(self, x: Value, scalar: Scalar) -> Value:
        """A single tap, and for a fraction a division at the end, which rounds once."""
        value = exact(scalar)
        if is_quotient(value) and isinstance(value, Fraction):
            y = x if value.numerator == 1 else self.scale(x, value.numerator)
            return quotient(y, value.denominator, self.ndim)
        tap = np.asarray(number(scalar)).reshape((1,) * self.ndim)
        return self._after(x, lambda fir: _is_safe(fir, tap), lambda fir: fir.then_filter(tap, (0,) * self.ndim))

    def up(self, x: Value, factors: Ints) -> Value:
        """Merged into a single tap."""
        return self._after(x, lambda fir: fir.is_single, lambda fir: fir.then_up(factors))

    def down(self, x: Value, factors: Ints) -> Value:
        """Always merged: the samples that it drops are never computed."""
        return self._after(x, lambda fir: True, lambda fir: fir.then_down(factors))

    def spread(self, x: Value, matrix: SamplingMatrix) -> Value:
        """A relabelling; zero stays zero."""
        return Value((Term(x, Relabel(matrix, spreads=True)),)) if x.terms or x.is_input else x

    def sample(self, x: Value, matrix: SamplingMatrix) -> Value:
        """A relabelling; zero stays zero."""
        return Value((Term(x, Relabel(matrix, spreads=False)),)) if x.terms or x.is_input else x

    def shift(self, x: Value, shifts: Ints) -> Value:
        """Always merged."""
        return self._after(x, lambda fir: True, lambda fir: fir.then_shift(shifts))

    def flip(self, x: Value) -> Value:
        """Always merged."""
        return self._after(x, lambda fir: True, lambda fir: fir.then_flip())

    def zero(self, x: Value) -> Value:
        """A sum of nothing."""
        return Value(())

    def total(self, terms: Sequence[Value]) -> Value:
        """All terms of all, added into one array."""
        found: list[Term] = []
        for value in terms:
            found += [Term(value, Fir.identity(self.ndim))] if value.is_input else value.terms
        return Value(tuple(found))

    def _after(self, x: Value, fits: Any, change: Any) -> Value:
        if not x.terms and not x.is_input:
            return x  # zero stays zero
        if len(x.terms) == 1:
            ((source, action),) = x.terms
            if isinstance(action, Quotient):  # divided once more is changed; the last thing that is done stays the last
                return quotient(self._after(source, fits, change), action.divisor, self.ndim)
            if isinstance(action, Fir) and fits(action):
                return Value((Term(source, change(action)),))
        return Value((Term(x, change(Fir.identity(self.ndim))),))


def _is_safe(fir: Fir, taps: np.ndarray) -> bool:
    """Whether a single tap may be multiplied into other taps: their products are far from where numbers end.

    Integers would be taken modulo 2^64, and floats become 0 or infinite where x is what makes up for it.
    """
    if not fir.is_single or not taps.size or object in (fir.taps.dtype, taps.dtype):
        return False
    weight = fir.taps.reshape(-1)[0]
    if weight == 1:
        return True
    if fir.taps.dtype.kind in "iu" and taps.dtype.kind in "iu":
        return abs(int(weight)) * magnitude(taps) < EXACT
    most = float(abs(taps).max())
    return bool(LEAST < abs(weight) < 1 / LEAST and (most == 0 or LEAST < most * abs(weight) < 1 / LEAST))


def quotient(x: Value, divisor: int, ndim: int) -> Value:
    """x / divisor; quotients of quotients are one."""
    if not x.terms and not x.is_input:
        return x  # zero stays zero
    if len(x.terms) == 1:
        ((source, action),) = x.terms
        if isinstance(action, Quotient) and action.divisor * divisor < EXACT:
            return Value((Term(source, Quotient(action.divisor * divisor, ndim)),), channels=x.channels)
    return Value((Term(x, Quotient(divisor, ndim)),), channels=x.channels)


def numbers(signal: Signal) -> np.ndarray:
    """The samples that are given, as numbers: integers stay integers, exact entries become floats."""
    if not signal.is_exact:
        return signal._given
    return _numeric(signal.values)


def number(scalar: Scalar) -> Any:
    """A scalar as a number to compute with."""
    if isinstance(scalar, float | complex):
        return scalar
    if isinstance(scalar, int):  # one that is too large for any float is refused where it meets one
        return float(scalar) if WHOLE <= abs(scalar) < HUGE else scalar
    entry = np.empty((), dtype=object)
    entry[()] = scalar
    return _numeric(entry)[()]


def _numeric(entries: np.ndarray) -> np.ndarray:
    symbols = {str(s) for entry in entries.flat if is_sympy(entry) for s in entry.free_symbols}
    if symbols:
        raise FormalSignalError(
            f"the operator has the symbol {', '.join(sorted(symbols))} and cannot run on numbers; "
            "its exact matrix is .matrix(), or give numbers for the symbols"
        )
    whole = [exact(entry) for entry in entries.flat]
    if all(isinstance(entry, int) and abs(entry) < WHOLE for entry in whole):
        return np.array(whole, dtype=np.int64).reshape(entries.shape)
    return evaluated(entries, np.dtype(np.float64)).array


MOST_PIECES = 64
NEAR = 1024  # samples that are rather read in vain than left out


def pieces(ends: Ends, shape: Ints) -> list[Ends]:
    """A chain of filters as a sum of chains, where taps lie further apart than what windows of a shape read.

    Then no chain reads what lies between.  Anything else, and what would become more than a few chains, stays whole.
    """
    (start, *others), (value, *more) = ends
    actions: list[Action] = []
    while len(value.terms) == 1 and not isinstance(value.terms[0].action, Quotient):
        actions.append(value.terms[0].action)
        value = value.terms[0].source
    if value is not start or others or more:
        return [ends]
    found: list[list[Action]] = [[]]
    channels = ends[1][0].channels
    for action in actions:
        parts: list[Action] = [action]
        if isinstance(action, Fir) and action.places is not None:
            rates = zip(shape, action.down, action.up, strict=True)
            parts = list(action.clusters(tuple([max(n, NEAR) * max(abs(m), k) for n, m, k in rates])))
        found = [[part, *after] for after in found for part in parts]
        if len(found) > MOST_PIECES:
            return [ends]
    return [([start], [_chained(start, chain, channels)]) for chain in found] if len(found) > 1 else [ends]


def _chained(value: Value, actions: Sequence[Action], channels: int | None) -> Value:
    """The value that some actions make of another, the first one of these first."""
    for action in actions:
        value = Value((Term(value, action),), channels=channels)
    return value


Ends: TypeAlias = tuple[list[Value], list[Value]]


def compile_grid(entries: Sequence[Sequence[LinearOperator]], ndim: int) -> Ends:
    """The inputs and outputs of a grid of plain operators, a value for each channel.

    Where all entries are filters of the same rates that leave out no tap, one value with a channel axis stands
    for all inputs and one for all outputs.
    """
    formal = list(dict.fromkeys(name for row in entries for entry in row for name in formal_parts(entry)))
    if formal:
        raise formal_error(*formal)
    machine = Compiler(ndim)
    starts = [Value((), is_input=True) for _ in entries[0]]
    ends = [
        machine.total([evaluate(entry, start, machine) for entry, start in zip(row, starts, strict=True)])
        for row in entries
    ]
    return (merged(starts, ends, ndim) if len(starts) * len(ends) > 1 else None) or (starts, ends)


def merged(starts: list[Value], ends: list[Value], ndim: int, spread: float = inf) -> Ends | None:
    """One value with a channel axis for all inputs and one for all outputs; None where the filters do not fit together.

    Nor where there would be more than ``spread`` taps for each tap that they have.
    """
    fir = _merged(starts, ends, ndim, spread)
    if fir is None:
        return None
    start = Value((), is_input=True, channels=len(starts))
    return [start], [Value((Term(start, fir),), channels=len(ends))]


def _merged(starts: list[Value], ends: list[Value], ndim: int, spread: float) -> Fir | None:
    column = {start: j for j, start in enumerate(starts)}
    terms = [(i, term) for i, end in enumerate(ends) for term in end.terms]
    found = [(i, column[t.source], t.action) for i, t in terms if t.source in column and isinstance(t.action, Fir)]
    firs = [fir for _, _, fir in found]
    if len(found) < len(terms) or len({(fir.up, fir.down) for fir in firs}) != 1:
        return None
    first = [min(fir.start[a] for fir in firs) for a in range(ndim)]
    last = [max(fir.start[a] + fir.shape[a] for fir in firs) for a in range(ndim)]
    size = [b - a for a, b in zip(first, last, strict=True)]
    dtype, used = np.result_type(*(fir.taps for fir in firs)), sum(fir.taps.size for fir in firs)
    if is_sparse(sum(len(fir.where[0]) for fir in firs), prod(size)):
        return _listed(
            [(i * len(starts) + j, fir) for i, j, fir in found], (len(ends), len(starts)), first, size, dtype
        )
    if prod((len(ends), len(starts), *size)) > spread * used:
        return None
    taps = np.zeros((len(ends), len(starts), *size), dtype)
    for i, j, fir in found:
        place = [slice(s - a, s - a + n) for s, a, n in zip(fir.start, first, fir.shape, strict=True)]
        taps[i, j][tuple(place)] += fir.taps
    groups = _groups(taps)
    return None if groups is None else replace(firs[0], taps=groups, start=tuple(first), mixes=True)


def _listed(
    found: Sequence[tuple[int, Fir]], channels: tuple[int, int], first: Sequence[int], size: Sequence[int], dtype: Any
) -> Fir | None:
    """The filters of some pairs of channels as one, its taps a list; places in a box of a size from ``first`` on."""
    exact = np.int64 if prod(size) < LARGEST else object
    every = [np.zeros(len(fir.where[0]), exact) for _, fir in found]
    for axis, n in enumerate(size):
        every = [
            at * n + (fir.where[axis] + fir.start[axis] - first[axis])
            for at, (_, fir) in zip(every, found, strict=True)
        ]
    ravelled, number = np.unique(np.concatenate(every), return_inverse=True)
    taps = np.zeros((prod(channels), len(ravelled)), dtype)
    for (pair, fir), at in zip(found, np.split(number, np.cumsum([len(at) for at in every])[:-1]), strict=True):
        np.add.at(taps[pair], at, fir.weights)
    groups = _groups(taps.reshape(*channels, -1))
    found_at: list[np.ndarray] = []
    for n in reversed(size):
        found_at.insert(0, (ravelled % n).astype(np.int64))
        ravelled = ravelled // n
    up, down = found[0][1].up, found[0][1].down
    return None if groups is None else Fir.listed(groups, found_at, tuple(first), up, down, mixes=True)


def _groups(taps: np.ndarray) -> np.ndarray | None:
    """Taps (outs, ins, …) as (groups, outs, ins, …), with no zero at a tap that is used.

    A zero in a matrix product would carry a NaN to outputs that do not depend on it.
    """
    outs, ins = taps.shape[:2]
    for groups in range(gcd(outs, ins), 0, -1):
        if outs % groups or ins % groups:
            continue
        cut = taps.reshape(groups, outs // groups, groups, ins // groups, *taps.shape[2:])
        diagonal = np.stack([cut[g, :, g] for g in range(groups)])
        if np.count_nonzero(diagonal) < np.count_nonzero(taps):
            continue
        used = np.any(diagonal != 0, axis=(0, 1, 2))
        return diagonal if np.count_nonzero(diagonal) == np.count_nonzero(used) * outs * ins // groups else None
    return None
