"""From the size of an input to the window of an output: full, same and valid, for numbers and for formulas.

An interval is a pair (start, stop) whose entries are ints or SymPy expressions; a window has one per axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any, TypeAlias

from ...engine.arrays.window import Window, image
from ...engine.letters.machine import WEIGHTS, Machine
from ...engine.letters.unfold import evaluate, window_of
from ...errors import WindowError
from ...expr import Conv, Identity, LinearOperator, SamplingMatrix, Signal, expand, parts_of, transform
from ...expr.grid import grid
from ...expr.index import times
from ...expr.operators import Zero
from ...scalar import is_sympy

Interval: TypeAlias = tuple[Any, Any]
Intervals: TypeAlias = tuple[Interval, ...]
Found: TypeAlias = Intervals | None


def floor_div(a: Any, b: int) -> Any:
    """⌊a/b⌋ of an int or a formula in integers.

    >>> floor_div(7, 2)
    3
    """
    if b == 1 or not is_sympy(a):
        return a // b if b != 1 else a
    import sympy

    return sympy.floor(sympy.expand(a) / b)


def ceil_div(a: Any, b: int) -> Any:
    """⌈a/b⌉, written as ⌊(a − 1)/b⌋ + 1."""
    return a if b == 1 else floor_div(a - 1, b) + 1


def larger(values: Sequence[Any]) -> Any:
    """The largest of ints or formulas."""
    return _extreme(values, max, "Max", lambda a, b: _is_at_most(b, a))


def smaller(values: Sequence[Any]) -> Any:
    """The smallest of ints or formulas.

    >>> import sympy
    >>> n = sympy.Symbol("n", integer=True)
    >>> smaller([floor_div(n - 1, 2) + 1, floor_div(n + 1, 2), n + 2])
    Min(n + 2, floor(n/2 - 1/2) + 1)
    """
    return _extreme(values, min, "Min", _is_at_most)


def _extreme(values: Sequence[Any], of_ints: Any, name: str, wins: Callable[[Any, Any], bool]) -> Any:
    if not any(map(is_sympy, values)):
        return of_ints(values)
    import sympy

    kept: list[Any] = []
    for value in dict.fromkeys(values):
        if not any(wins(other, value) for other in kept):
            kept = [other for other in kept if not wins(value, other)] + [value]
    return kept[0] if len(kept) == 1 else getattr(sympy, name)(*kept)


def _is_at_most(a: Any, b: Any) -> bool:
    """Whether a ≤ b follows from floor being monotone: ⌊u⌋ + c ≤ ⌊v⌋ + d where v + d − u − c is a number ≥ 0."""
    import sympy

    (u, floors_a), (v, floors_b) = _without_floor(a), _without_floor(b)
    distance = sympy.expand(v - u)
    return floors_a == floors_b and bool(distance.is_number and distance >= 0)


def _without_floor(value: Any) -> tuple[Any, int]:
    """⌊u⌋ + c as (u + c, 1), and any other formula as it is, with the number of its floors."""
    import sympy

    value = sympy.sympify(value)
    floors = value.atoms(sympy.floor)
    whole = len(floors) == 1 and (value - next(iter(floors))).is_number
    return (value.xreplace({f: f.args[0] for f in floors}), 1) if whole else (value, -len(floors))


class _Intervals(Machine[Found]):
    """The letters on intervals that agree for full and valid windows.

    None stands for a signal that is zero: nothing reaches it and it reads nothing.
    """

    passes = WEIGHTS

    def down(self, x: Found, factors: tuple[int, ...]) -> Found:
        """All n with k n inside."""
        return _each(x, factors, lambda a, b, k: (ceil_div(a, k), ceil_div(b, k)))

    def sample(self, x: Found, matrix: SamplingMatrix) -> Found:
        """A box around all n with M n inside, for real n and cut to whole ones."""
        if x is None:
            return None
        sign, size = (1 if matrix.determinant > 0 else -1), matrix.ratio
        rows = [tuple(sign * entry for entry in row) for row in matrix.adjugate]
        ends = image(rows, [(a, b - 1) for a, b in x])
        if any(_none(a, b) for a, b in x):
            return tuple((ceil_div(low, size),) * 2 for low, _ in ends)
        return tuple((ceil_div(low, size), floor_div(high, size) + 1) for low, high in ends)

    def shift(self, x: Found, shifts: tuple[int, ...]) -> Found:
        """Every index plus the shift."""
        return _each(x, shifts, lambda a, b, s: (a + s, b + s))

    def flip(self, x: Found) -> Found:
        """Every index negated."""
        return None if x is None else tuple((1 - b, 1 - a) for a, b in x)

    def zero(self, x: Found) -> Found:
        """Zero."""
        return None


def _each(x: Found, values: Sequence[Any], change: Callable[[Any, Any, Any], Interval]) -> Found:
    return None if x is None else tuple(change(a, b, value) for (a, b), value in zip(x, values, strict=True))


def _ends(kernel: Signal) -> list[tuple[int, int]]:
    return list(zip(window_of(kernel).starts, window_of(kernel).stops, strict=True))


class Reached(_Intervals):
    """Outputs between the first and the last that the input reaches; from nothing, nothing is reached."""

    def convolve(self, x: Found, kernel: Signal) -> Found:
        """n + t − 1 samples."""
        return _each(
            x, _ends(kernel), lambda a, b, ends: (a + ends[0], a + ends[0] if _none(a, b) else b + ends[1] - 1)
        )

    def up(self, x: Found, factors: tuple[int, ...]) -> Found:
        """k (n − 1) + 1 samples."""
        return _each(x, factors, lambda a, b, k: (k * a, k * a if _none(a, b) else k * (b - 1) + 1))

    def spread(self, x: Found, matrix: SamplingMatrix) -> Found:
        """The smallest box around all M n."""
        if x is None:
            return None
        if any(_none(a, b) for a, b in x):
            return tuple((a, a) for a in matrix @ tuple(a for a, _ in x))
        return tuple((low, high + 1) for low, high in image(matrix.rows, [(a, b - 1) for a, b in x]))

    def total(self, terms: Sequence[Found]) -> Found:
        """What any term reaches."""
        filled = [term for term in terms if term is not None and not any(_none(a, b) for a, b in term)]
        return _combined(filled or terms[:1], smaller, larger)


def _none(start: Any, stop: Any) -> bool:
    """Whether an interval is known to be empty."""
    return not is_sympy(stop - start) and bool(stop <= start)


class Inside(_Intervals):
    """Outputs all of whose inputs lie inside; between two samples of ↑k nothing is read."""

    def convolve(self, x: Found, kernel: Signal) -> Found:
        """n − t + 1 samples."""
        return _each(x, _ends(kernel), lambda a, b, ends: (a + ends[1] - 1, b + ends[0]))

    def up(self, x: Found, factors: tuple[int, ...]) -> Found:
        """From just after the last sample before the window to just before the first one after it."""
        return _each(x, factors, lambda a, b, k: (k * (a - 1) + 1, k * b))

    def spread(self, x: Found, matrix: SamplingMatrix) -> Found:
        """The outputs that read inside only are no box."""
        raise _no_box("valid", matrix, "make no box")

    sample = spread

    def total(self, terms: Sequence[Found]) -> Found:
        """What all terms can compute."""
        return _combined(terms, larger, smaller)


def _combined(terms: Sequence[Found], starts: Any, stops: Any) -> Found:
    present = [term for term in terms if term is not None]
    if not present:
        return None
    return tuple((starts([a for a, _ in axis]), stops([b for _, b in axis])) for axis in zip(*present, strict=True))


class Rate(Machine[tuple[Fraction, ...]]):
    """Outputs per input, per axis: ↑k multiplies it, ↓k divides it."""

    passes = WEIGHTS | {"convolve", "shift", "flip", "zero"}

    def up(self, x: tuple[Fraction, ...], factors: tuple[int, ...]) -> tuple[Fraction, ...]:
        """k outputs for one input."""
        return times(x, factors)

    def down(self, x: tuple[Fraction, ...], factors: tuple[int, ...]) -> tuple[Fraction, ...]:
        """One output for k inputs."""
        return tuple(rate / k for rate, k in zip(x, factors, strict=True))

    def spread(self, x: tuple[Fraction, ...], matrix: SamplingMatrix) -> tuple[Fraction, ...]:
        """A matrix has no rate per axis."""
        raise _no_box("same", matrix, "have no rate on each axis")

    sample = spread

    def total(self, terms: Sequence[tuple[Fraction, ...]]) -> tuple[Fraction, ...]:
        """All terms have one rate, or there is none."""
        if len(set(terms)) > 1:
            shown = ", ".join(" × ".join(map(str, term)) for term in dict.fromkeys(terms))
            raise WindowError(
                f"there are parts of the rates {shown}, so that 'same' has no meaning; give out=(start, stop)"
            )
        return terms[0]


class Period(Rate):
    """The period of a signal on its way, in periods of the input; every factor of ↓ must divide it."""

    def __init__(self, sizes: Sequence[Any]) -> None:
        self.sizes = sizes  # an axis that does not wrap has size 0, which everything divides

    def spread(self, x: tuple[Fraction, ...], matrix: SamplingMatrix) -> tuple[Fraction, ...]:
        """The output is periodic on a lattice, and on a box only where one is said."""
        raise WindowError(
            f"boundary='wrap' makes a periodic signal, and its image under the sampling matrix {matrix} has a period "
            "that is no box; say with out=((start, stop), (start, stop)) which outputs are meant"
        )

    sample = spread

    def modulate(self, x: tuple[Fraction, ...], sequence: Signal) -> tuple[Fraction, ...]:
        """The sequence must repeat within the period."""
        return self._divided(x, sequence.values.shape, "the period {} of the weights")

    def character(self, x: tuple[Fraction, ...], frequency: Any) -> tuple[Fraction, ...]:
        """A whole number of turns must fit into the period."""
        for size, rate, entry in zip(self.sizes, x, frequency, strict=True):
            turn, others = parts_of(entry)
            if others or (turn * size * rate).denominator != 1:
                raise self.refused(size, rate, f"the period of e^(i·{entry}·n)")
        return x

    def down(self, x: tuple[Fraction, ...], factors: tuple[int, ...]) -> tuple[Fraction, ...]:
        """One k-th of the period."""
        return super().down(self._divided(x, factors, "the factor of ↓{}"), factors)

    def total(self, terms: Sequence[tuple[Fraction, ...]]) -> tuple[Fraction, ...]:
        """The least common multiple."""
        return tuple(
            Fraction(lcm(*(r.numerator for r in axis)), gcd(*(r.denominator for r in axis)))
            for axis in zip(*terms, strict=True)
        )

    def _divided(self, x: tuple[Fraction, ...], by: Sequence[int], what: str) -> tuple[Fraction, ...]:
        for size, rate, k in zip(self.sizes, x, by, strict=True):
            if (size * rate.numerator) % (rate.denominator * k):
                raise self.refused(size, rate, what.format(k))
        return x

    def refused(self, size: Any, rate: Fraction, what: str) -> WindowError:
        """The error where a period is not a multiple of something."""
        return WindowError(
            f"boundary='wrap' makes a signal of period {size * rate}, which {what} does not divide, so that the output "
            "is not periodic; give a length that it divides, or say with out=(start, stop) which outputs are meant"
        )


def _no_box(mode: str, matrix: SamplingMatrix, why: str) -> WindowError:
    return WindowError(
        f"mode={mode!r} has no meaning for the sampling matrix {matrix}, whose outputs {why}; give "
        "out=((start, stop), (start, stop)), or mode='full' for the box around all outputs"
    )


def entries_of(operator: LinearOperator) -> list[LinearOperator]:
    """The plain operators that an operator is made of: itself, or the nonzero entries of its grid."""
    found = [entry for row in grid(operator) for entry in row if not isinstance(entry, Zero)]
    return found or [Zero()]


def _all(operator: LinearOperator, x: Any, machine: Any) -> list[Any]:
    return [evaluate(entry, x, machine) for entry in entries_of(operator)]


def reached(operator: LinearOperator, sizes: Sequence[Any]) -> Intervals:
    """The window of mode "full" for inputs 0 … size−1; of the entries of a block, one that holds all of theirs."""
    machine = Reached()
    found = machine.total(_all(operator, tuple((0, n) for n in sizes), machine))
    return found or ((0, 0),) * len(sizes)


def inside(operator: LinearOperator, sizes: Sequence[Any]) -> Intervals:
    """The window of mode "valid": outputs within reach that read only inside the input."""
    around = reached(operator, sizes)
    machine = Inside()
    return machine.total([around, *_all(operator, tuple((0, n) for n in sizes), machine)]) or around


def same(operator: LinearOperator, sizes: Sequence[Any]) -> Intervals:
    """The window of mode "same": 0 … ⌈n·L/M⌉ − 1; no kernel matters, so formal ones will do."""
    machine = Rate()
    rates = machine.total(_rates(operator, len(sizes), machine))
    return tuple((0, ceil_div(n * r.numerator, r.denominator)) for n, r in zip(sizes, rates, strict=True))


def check_period(
    operator: LinearOperator, sizes: Sequence[Any], boundary: Sequence[str], machine: type[Period] = Period
) -> None:
    """Raise :class:`~opalgebra.WindowError` where along an axis that wraps the output is not periodic."""
    if "wrap" in boundary:
        _rates(
            operator, len(sizes), machine([n if rule == "wrap" else 0 for n, rule in zip(sizes, boundary, strict=True)])
        )


def _rates(operator: LinearOperator, ndim: int, machine: Any) -> list[tuple[Fraction, ...]]:
    """What a machine makes of the entries; kernels move no rates and periods, and 1 stands in place of each."""
    found = []
    for entry in entries_of(operator):
        expanded: LinearOperator = expand(entry)
        bare = transform(expanded, lambda node: Identity() if isinstance(node, Conv) else None)
        found.append(evaluate(bare, (Fraction(1),) * ndim, machine))
    return found


def mode_window(operator: LinearOperator, sizes: Sequence[Any], mode: str) -> Window:
    """The window of a mode."""
    intervals = MODES[mode](operator, sizes)
    shape = tuple(max(0, b - a) if n else 0 for (a, b), n in zip(intervals, sizes, strict=True))
    return Window(tuple(a for a, _ in intervals), shape)


MODES: dict[str, Callable[[LinearOperator, Sequence[Any]], Intervals]] = {
    "full": reached,
    "same": same,
    "valid": inside,
}
