"""Checkerboard patterns: what an upsampling operator makes of a constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import gcd, lcm
from typing import Any

import numpy as np

from ..._verbs import verb
from ...algebra.judge.evaluate import Evaluator
from ...engine.letters.machine import Machine
from ...engine.letters.unfold import evaluate
from ...errors import FormalSignalError, OperandError
from ...expr import LinearOperator, SamplingMatrix, Signal, Zero, formal_parts, grid, parts_of
from ...expr.index import times
from ...scalar import check_scalar, exact, is_sympy, to_sympy
from ..conv import ConvTranspose
from ..geometry import Ints

MOST = 8  # channels whose sums are shown


@dataclass(frozen=True, eq=False)
class Checkerboard:
    """The answer of an operator to the constant 1, for each phase of the output.

    Attributes
    ----------
    exact : ndarray of object
        The exact sums, of shape (\\*phases), or (outputs, inputs, \\*phases) where there are channels.

    >>> import opalgebra as oa
    >>> oa.checkerboard(oa.Conv([1, 2, 3]) @ oa.Up(2)).sums
    array([4, 2])
    """

    exact: np.ndarray
    ndim: int

    @property
    def sums(self) -> np.ndarray:
        """The sums as numbers: integers, floats or complex, and SymPy expressions only where there are symbols."""
        return _lowered(self.exact)

    @property
    def is_free(self) -> bool:
        """Whether a constant stays constant: all phases of each channel have equal sums; decided exactly."""
        first = self._phases()[:, :1]
        return all(_is_zero(difference) for difference in (self._phases() - first).flat)

    @property
    def spread(self) -> Any:
        """The largest difference between two phases of one channel: 0 just where ``is_free``; of symbols a formula."""
        if _has_symbols(self.exact):
            import sympy

            pairs = [(to_sympy(a), to_sympy(b)) for row in self._phases() for a, b in combinations(row, 2)]
            return sympy.Max(0, *(sympy.Abs(sympy.expand(a - b)) for a, b in pairs))
        found: Any = 0
        for row in self._phases():
            if all(isinstance(entry, (int, Fraction)) for entry in row):
                found = max(found, max(row) - min(row))
            else:
                found = max(found, *(abs(complex(to_sympy(a - b))) for a in row for b in row))
        return found if isinstance(found, int) else float(found)

    def _phases(self) -> np.ndarray:
        shape = self.exact.shape
        return self.exact.reshape(int(np.prod(shape[: len(shape) - self.ndim])), -1)

    def __str__(self) -> str:
        head, rows, more = told(self)
        return "\n  ".join([head, *map("  ".join, rows), *more])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(verb("html")(self))


def told(found: Checkerboard) -> tuple[str, list[list[str]], list[str]]:
    """What is said of the sums: a headline, those of the first channels by phase, and how many more channels are."""
    phases, count = found._phases(), " × ".join(map(str, found.exact.shape[found.exact.ndim - found.ndim :]))
    differ = "" if found.is_free else f"a checkerboard: phases differ by up to {_shown([found.spread])[0]}"
    more = [f"… {len(phases) - MOST} more channels"] if len(phases) > MOST else []
    head = f"{differ or 'no checkerboard'}; the answer to a constant 1, by phase ({count})"
    return head, list(map(_shown, phases[:MOST])), more


def _shown(row: Any) -> list[str]:
    entries = _lowered(np.array(row, dtype=object))
    return [f"{entry:g}" if isinstance(entry, (float, complex)) else str(entry) for entry in entries]


def _has_symbols(entries: np.ndarray) -> bool:
    return any(is_sympy(entry) and entry.free_symbols for entry in entries.flat)


def _is_zero(value: Any) -> bool:
    if not is_sympy(value):
        return bool(value == 0)
    import sympy

    return bool(sympy.simplify(value) == 0)


def _lowered(entries: np.ndarray) -> np.ndarray:
    """Exact entries as the narrowest numbers that they are."""
    flat = list(entries.flat)
    if all(isinstance(entry, int) for entry in flat):
        return np.array(flat, dtype=np.int64 if all(abs(e) < 2**63 for e in flat) else object).reshape(entries.shape)
    if _has_symbols(entries):
        return entries
    kind = complex if any(is_sympy(entry) and not entry.is_real for entry in flat) else float
    return np.array([kind(entry) for entry in flat]).reshape(entries.shape)


def checkerboard(A: Any) -> Checkerboard:
    """The answer to a constant: Σ_j h_{kj+r} for each phase r of (h∗) ↑k.

    A transposed convolution whose k phases have different sums paints a pattern of period k on flat regions.

    Parameters
    ----------
    A : LinearOperator, layer, or bound layer
        With known taps; on any number of axes and channels.  Its operator on ℤ^d is looked at, without ends.

    Returns
    -------
    Checkerboard
        ``sums``, ``is_free``, ``spread``.

    Raises
    ------
    FormalSignalError
        For formal kernels or symbolic factors.

    Examples
    --------
    >>> import opalgebra as oa
    >>> oa.checkerboard(oa.TransposedConv([1, 1, 1], 2)).sums
    array([2, 1])
    >>> print(oa.checkerboard(oa.Conv([1, 2, 1]) @ oa.Repeat(2)))
    no checkerboard; the answer to a constant 1, by phase (2)
      4  4
    """
    if isinstance(A, ConvTranspose):
        return Checkerboard(_of_weights(A), A.ndim)
    operator = A if isinstance(A, LinearOperator) else getattr(A, "operator", None)
    if not isinstance(operator, LinearOperator):
        raise OperandError(f"{A!r} is no linear operator and no linear layer; give one, such as TransposedConv(q, 2)")
    formal = formal_parts(operator)
    if formal:
        raise FormalSignalError(
            f"{operator} has the formal part {', '.join(formal)}, whose sums are not known; give taps, such as "
            "Conv([1, 2, 1])"
        )
    return _of_operator(operator)


def _of_weights(layer: ConvTranspose) -> np.ndarray:
    """Taps of equal phase added up, exactly."""
    matrices = layer.matrices(layer.exact_weight)
    groups, outs, ins = matrices.shape[:3]
    sums = np.zeros((groups * outs, groups * ins, *layer.stride), dtype=object)
    lo = [axis.start() for axis in layer.axes]
    for j in np.ndindex(*layer.kernel):
        phase = [(i * d - p) % s for i, d, p, s in zip(j, layer.dilation, lo, layer.stride, strict=True)]
        taps = matrices[(..., *j)]
        for g, o, i in np.ndindex(groups, outs, ins):
            at = (g * outs + o, g * ins + i, *phase)
            sums[at] += exact(check_scalar(taps[g, o, i]))
    return sums


def _of_operator(operator: LinearOperator) -> Checkerboard:
    rows = grid(operator)
    ndim = operator.ndim or 1
    entries = [entry for row in rows for entry in row]
    periods = [() if isinstance(e, Zero) else evaluate(e, (1,) * ndim, _ConstantPeriod()) for e in entries]
    period = tuple(lcm(*(p[axis] for p in periods if p)) for axis in range(ndim))
    sums = np.empty((len(rows), len(rows[0]), *period), dtype=object)
    evaluator = Evaluator(ndim)
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            for n in np.ndindex(*period):
                read = {} if isinstance(entry, Zero) else evaluator.act(entry, {n: 1}, True)
                total = sum(read.values(), 0)
                sums[(i, j, *n)] = exact(total) if is_sympy(total) else total
    return Checkerboard(sums[0, 0] if sums.shape[:2] == (1, 1) else sums, ndim)


class _ConstantPeriod(Machine[Ints]):
    """A period of what an operator makes of a constant, per axis."""

    passes = frozenset({"convolve", "scale", "shift", "flip"})

    def modulate(self, x: Ints, sequence: Signal) -> Ints:
        """That of both."""
        return tuple(map(lcm, x, sequence.values.shape))

    def character(self, x: Ints, frequency: Any) -> Ints:
        """That of both, where there is one."""
        parts = [parts_of(entry) for entry in frequency]
        if any(others for _, others in parts):
            raise OperandError("the operator multiplies by e^(iωn) of no period, so that no pattern repeats")
        return tuple(lcm(p, turn.denominator) for p, (turn, _) in zip(x, parts, strict=True))

    def up(self, x: Ints, factors: Ints) -> Ints:
        """k times as long."""
        return times(x, factors)

    def down(self, x: Ints, factors: Ints) -> Ints:
        """p/gcd(p, k)."""
        return tuple(p // gcd(p, k) for p, k in zip(x, factors, strict=True))

    def spread(self, x: Ints, matrix: SamplingMatrix) -> Ints:
        """So many steps along an axis that all of M diag(p) ℤ^d is met."""
        return ((matrix @ SamplingMatrix.diagonal(x)).exponent,) * len(x)

    def sample(self, x: Ints, matrix: SamplingMatrix) -> Ints:
        """A multiple of all periods."""
        return (lcm(*x),) * len(x)

    def zero(self, x: Ints) -> Ints:
        """Zero is constant."""
        return (1,) * len(x)

    def total(self, terms: Sequence[Ints]) -> Ints:
        """A multiple of all."""
        return tuple(lcm(*axis) for axis in zip(*terms, strict=True))
