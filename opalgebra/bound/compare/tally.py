"""The differences of two operators, tap by tap, held against what rounding can explain."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

from .responses import Cell, Index, Response, Responses, Sparse
from .rounding import CLOSE, Roundoff, root_above

NOTHING: Cell = (0, 0, 0)


class Ratio(NamedTuple):
    """An enclosure of |Δ| / (γ_n M)."""

    low: Fraction
    high: Fraction


NONE = Ratio(Fraction(0), Fraction(0))


@dataclass
class Tally:
    """What has been found; ``rows`` bounds the sums of |Δ| of output rows, by output and by class of rows."""

    roundoff: Roundoff
    period: Index = ()
    transposed: bool = False
    equal: bool = True  # exactly; where there are enclosures it is not known
    sure: bool = True
    worst: Ratio = NONE
    place: Any = None
    rows: dict[Hashable, dict[Hashable, dict[Hashable, Fraction]]] = field(default_factory=dict)

    def compare(
        self,
        left: Responses,
        right: Responses,
        output: Hashable,
        row: Callable[[Response, Index], Hashable],
        place: Any,
    ) -> None:
        """Two responses to one impulse: ``row`` names the class of rows that a tap is in."""
        sides = [{part.rate: part for part in side} for side in (left, right)]
        for rate in {**sides[0], **sides[1]}:
            a, b = (side.get(rate) for side in sides)
            for n, difference in self._differences(a, b, (rate, place)):
                known = a or b
                assert known is not None
                groups = self.rows.setdefault(output, {}).setdefault(rate, {})
                key = row(known, n)
                groups[key] = groups.get(key, Fraction(0)) + difference

    def _differences(self, a: Response | None, b: Response | None, place: Any) -> Iterator[tuple[Index, Fraction]]:
        """(index, a bound of |Δ|) for the taps that differ."""
        parts = [part for part in (a, b) if part is not None]
        bottom = lcm(*(part.denominator for part in parts))
        loose = max(part.loose for part in parts)
        if loose:
            self.sure = False
        both = [[{} if part is None else getattr(part, name) for part in (a, b)] for name in ("re", "im")]
        scales = [0 if part is None else bottom // part.denominator for part in (a, b)]
        extras = [0 if part is None else part.extra for part in (a, b)]
        is_real = not (both[1][0] or both[1][1])

        def cell(sides: list[Sparse], n: Index) -> Cell:
            """|Δ|, Σ|terms| of both, and the longer sum."""
            (v, m, s), (w, o, t) = (side.get(n, NOTHING) for side in sides)
            longest = max(s and s + extras[0], t and t + extras[1])
            return abs(v * scales[0] - w * scales[1]), m * scales[0] + o * scales[1], longest

        for n in dict.fromkeys(n for sides in both for side in sides for n in side):
            parts_here = [cell(sides, n) for sides in (both[:1] if is_real else both)]
            if loose or any(delta for delta, _, _ in parts_here):
                note = self._note if is_real and not loose else self._note_enclosed
                yield n, note(parts_here, bottom, loose, (*place, n))

    def _note(self, parts: list[Cell], bottom: int, loose: int, place: Any) -> Fraction:
        """Keep the largest ratio; |Δ|."""
        ((delta, size, longest),) = parts
        self.equal = False
        gamma = self.roundoff.gamma(longest)
        top, under = delta * gamma.denominator, gamma.numerator * size  # ints, because there are many taps
        if top * self.worst.low.denominator > self.worst.low.numerator * under:
            ratio = Fraction(top, under)
            self.worst, self.place = Ratio(ratio, max(ratio, self.worst.high)), place
        return Fraction(delta, bottom)

    def _note_enclosed(self, parts: list[Cell], bottom: int, loose: int, place: Any) -> Fraction:
        """The same for two parts, and where Δ and Σ|terms| are known to a radius, of so many numbers enclosed.

        What is tested of either part, |Δ_i| ≤ γ_n S_i, gives |Δ| ≤ γ_n √(S_re² + S_im²), and this is what is asked: a
        part that is 0 but for rounding, such as cos(π/2), is small against the other.
        """
        if any(delta for delta, _, _ in parts):
            self.equal = False
        gamma = self.roundoff.gamma(max(longest for _, _, longest in parts))
        low = high = least = most = Fraction(0)
        for delta, size, _ in parts:
            radius = Fraction(loose * size, bottom << (CLOSE - 2))
            d, s = Fraction(delta, bottom), Fraction(size, bottom)
            low, high = low + max(Fraction(0), d - radius) ** 2, high + (d + radius) ** 2
            least, most = least + (s - radius) ** 2, most + (s + radius) ** 2
        if not most:
            return Fraction(0)
        ratio = Ratio(_root(low / (gamma**2 * most)).low, _root(high / (gamma**2 * least)).high)
        if ratio.low > self.worst.low:
            self.place = place
        self.worst = Ratio(max(ratio.low, self.worst.low), max(ratio.high, self.worst.high))
        return root_above(high)

    @property
    def verdict(self) -> str:
        """Of taps that are enclosed, "equal" is never said."""
        if self.equal and self.sure:
            return "equal"
        if self.worst.high <= 1:
            return "equal up to rounding"
        return "different" if self.worst.low > 1 else "undecided"

    @property
    def bound(self) -> Fraction:
        """max over the outputs of a bound of Σ |Δ|: for one rate the largest row sum, else the sum over the rates."""
        sums = [sum((max(c.values()) for c in rates.values()), Fraction(0)) for rates in self.rows.values()]
        return max(sums, default=Fraction(0))


def _root(square: Fraction) -> Ratio:
    """An enclosure of a square root, on the same side of 1."""
    if not square:
        return NONE
    low, high = 1 / root_above(1 / square), root_above(square)
    if square <= 1:
        return Ratio(low, min(high, (1 + square) / 2))
    return Ratio(max(low, 2 * square / (1 + square)), high)
