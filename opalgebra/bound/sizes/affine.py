"""Sizes as numbers a t + b for all large t: arithmetic in which every answer is exact from some t on.

The symbol n of a size is written n = P t + r, with t ≥ 0, one residue r at a time.  Sums and multiples of such numbers
are such numbers.  ⌊(a t + b)/c⌋ is one where c divides a; where it does not, :class:`Finer` asks for a multiple of P.
Of two of them one is the smaller for all large t, and the clock remembers from which t on.  So a calculation that ends
without :class:`Finer` is exact for every n = P t + r with t ≥ ``clock.start``.
"""

from __future__ import annotations

from functools import cmp_to_key
from math import gcd, lcm
from typing import Any, TypeAlias

from ...errors import Undecided, WindowError
from ...scalar import is_sympy

Number: TypeAlias = Any  # int | Affine


class Clock:
    """n = period · t + residue, and the t from which on all that was compared stays as it was found."""

    def __init__(self, symbol: Any, period: int, residue: int) -> None:
        self.symbol, self.period, self.residue = symbol, period, residue
        self.start = 0 if residue else 1  # n ≥ 1

    @property
    def size(self) -> Affine:
        """n itself."""
        return Affine(self, self.period, self.residue)

    @property
    def first(self) -> int:
        """The first n for which what was found is exact."""
        return self.period * self.start + self.residue


class Finer(Exception):
    """Ask for a multiple of the period of a clock."""

    def __init__(self, clock: Clock, by: int) -> None:
        super().__init__(f"{clock.symbol}: {by}")
        self.symbol, self.by = clock.symbol, by


class Affine:
    """a t + b with a ≠ 0; where a would be 0 the operations give an int.

    >>> n = Clock("n", 2, 1).size
    >>> n // 2, n - 2 * (n // 2), n + 1 > n
    (1t+0, 1, True)
    """

    __slots__ = ("clock", "const", "slope")

    def __init__(self, clock: Clock, slope: int, const: int) -> None:
        self.clock, self.slope, self.const = clock, slope, const

    def _of(self, slope: int, const: int) -> Number:
        return Affine(self.clock, slope, const) if slope else const

    def __repr__(self) -> str:
        return f"{self.slope}t{self.const:+}"

    def __eq__(self, other: object) -> bool:
        """Equal for every t."""
        return isinstance(other, Affine) and (self.clock, self.slope, self.const) == (
            other.clock,
            other.slope,
            other.const,
        )

    def __hash__(self) -> int:
        return hash((self.slope, self.const))

    def __add__(self, other: Number) -> Number:
        if isinstance(other, Affine):
            if other.clock is not self.clock:
                raise Undecided("sizes of two symbols meet on one axis")
            return self._of(self.slope + other.slope, self.const + other.const)
        return Affine(self.clock, self.slope, self.const + other)

    __radd__ = __add__

    def __neg__(self) -> Affine:
        return Affine(self.clock, -self.slope, -self.const)

    def __sub__(self, other: Number) -> Number:
        return self + (-other)

    def __rsub__(self, other: Number) -> Number:
        return -self + other

    def __mul__(self, other: int) -> Number:
        if isinstance(other, Affine):
            raise Undecided("a size is not linear in its symbol")
        return self._of(self.slope * other, self.const * other)

    __rmul__ = __mul__

    def __floordiv__(self, other: int) -> Number:
        self._divide(other)
        return self._of(self.slope // other, self.const // other)

    def __mod__(self, other: int) -> int:
        self._divide(other)
        return self.const % other

    def _divide(self, by: int) -> None:
        if self.slope % by:
            raise Finer(self.clock, abs(by) // gcd(self.slope, by))

    def __bool__(self) -> bool:
        return bool(self > 0 or self < 0)

    def __gt__(self, other: Number) -> bool:
        return self._above(other) > 0

    def __lt__(self, other: Number) -> bool:
        return self._above(other) < 0

    def _above(self, other: Number) -> int:
        rest = self - other
        return rest._sign() if isinstance(rest, Affine) else rest

    def __ge__(self, other: Number) -> bool:
        return not self < other

    def __le__(self, other: Number) -> bool:
        return not self > other

    def _sign(self) -> int:
        """1 or −1, from the first t on after which it stays so: the one after ⌊−b/a⌋."""
        self.clock.start = max(self.clock.start, -self.const // self.slope + 1)
        return 1 if self.slope > 0 else -1


def same(a: Number, b: Number) -> bool:
    """Whether two numbers are equal, for all large t."""
    return not a - b


def ordered(values: set[Number]) -> list[Number]:
    """In ascending order, for all large t."""
    return sorted(values, key=cmp_to_key(_compared))


def _compared(a: Number, b: Number) -> int:
    return -1 if a < b else 1 if a > b else 0


def quotient(a: Number, b: Number) -> int:
    """⌊a/b⌋ for b > 0 where it stays the same for all large t."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(b, int):
        raise Undecided("the turns of the boundary become more and more as the size grows")
    around = (a.slope if isinstance(a, Affine) else 0) // b.slope
    return around if around * b <= a else around - 1


def value_of(formula: Any, sizes: dict[Any, Number]) -> Number:
    """A formula in sums, integer multiples, ⌊·⌋, ⌈·⌉, Mod, Max and Min as a number.

    >>> import sympy
    >>> n = sympy.Symbol("n", integer=True, positive=True)
    >>> value_of(sympy.floor(n / 2 - sympy.Rational(1, 2)) + 1, {n: 7})
    4
    """
    import sympy

    if not is_sympy(formula) or formula.is_Integer:
        return int(formula)
    if formula in sizes:
        return sizes[formula]
    parts = formula.args
    if formula.is_Add:
        return sum(value_of(part, sizes) for part in parts)
    if formula.is_Mul and parts[0].is_Integer:
        return int(parts[0]) * value_of(sympy.Mul(*parts[1:]), sizes)
    if isinstance(formula, sympy.floor | sympy.ceiling):
        whole, by = over(parts[0])
        above = by - 1 if isinstance(formula, sympy.ceiling) else 0
        return (value_of(whole, sizes) + above) // by
    if isinstance(formula, sympy.Mod) and parts[1].is_Integer and parts[1] > 0:
        return value_of(parts[0], sizes) % int(parts[1])
    if isinstance(formula, sympy.Max | sympy.Min):
        values = [value_of(part, sizes) for part in parts]
        return max(values) if isinstance(formula, sympy.Max) else min(values)
    raise WindowError(
        f"the size {formula} is no formula that can be decided; give sums and integer multiples of a positive integer "
        "symbol, floor(·/k), ceiling(·/k), Max and Min of these"
    )


def over(formula: Any) -> tuple[Any, int]:
    """A formula with fractions as (one with integers, the number it is divided by)."""
    import sympy

    formula = sympy.expand(formula)
    by = lcm(*(int(c.q) for c in formula.as_coefficients_dict().values()))
    return sympy.expand(formula * by), by
