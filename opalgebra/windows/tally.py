"""The differences of two operators, tap by tap, held against what rounding can explain."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

from .responses import Cell, Index, Response, Responses
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
        found: dict[Index, list[Fraction]] = {}
        for name in ("re", "im"):
            cells = [{} if part is None else getattr(part, name) for part in (a, b)]
            scales = [0 if part is None else bottom // part.denominator for part in (a, b)]
            extras = [0 if part is None else part.extra for part in (a, b)]
            for n in cells[0] | cells[1]:
                (v, m, s), (w, o, t) = (side.get(n, NOTHING) for side in cells)
                delta = v * scales[0] - w * scales[1]
                if not delta and not loose:
                    continue
                longest = max(s and s + extras[0], t and t + extras[1])
                size = m * scales[0] + o * scales[1]
                high = self._note(abs(delta), size, bottom, longest, loose, (*place, n))
                found.setdefault(n, []).append(high)
        for n, sizes in found.items():
            yield n, sizes[0] if len(sizes) == 1 else root_above(sum((s * s for s in sizes), Fraction(0)))

    def _note(self, delta: int, size: int, bottom: int, longest: int, loose: int, place: Any) -> Fraction:
        """Keep the largest ratio; a bound of |Δ|."""
        if delta:
            self.equal = False
        if loose:
            return self._note_enclosed(Fraction(delta, bottom), Fraction(size, bottom), longest, loose, place)
        gamma = self.roundoff.gamma(longest)
        top, under = delta * gamma.denominator, gamma.numerator * size  # ints, because there are many taps
        if top * self.worst.low.denominator > self.worst.low.numerator * under:
            ratio = Fraction(top, under)
            self.worst, self.place = Ratio(ratio, max(ratio, self.worst.high)), place
        return Fraction(delta, bottom)

    def _note_enclosed(self, delta: Fraction, size: Fraction, longest: int, loose: int, place: Any) -> Fraction:
        """The same where Δ and Σ|terms| are known to a radius, of so many numbers that are enclosed."""
        gamma, radius = self.roundoff.gamma(longest), size * loose / (1 << (CLOSE - 2))
        low, high = max(Fraction(0), delta - radius), delta + radius
        ratio = Ratio(low / (gamma * (size + radius)), high / (gamma * (size - radius)))
        if ratio.low > self.worst.low:
            self.place = place
        self.worst = Ratio(max(ratio.low, self.worst.low), max(ratio.high, self.worst.high))
        return high

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
