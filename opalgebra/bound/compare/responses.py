"""Responses to an impulse with the sums that made them: exact values, Σ|terms| and numbers of terms.

On ℤ^d a word of letters moves the impulse at m to indices n = R m + c, where the matrix R (its *rate*) depends on the
word alone.  Taps of different rates meet in few places only, and are kept apart.  The response at m + p is the one at m
moved by R p, for all p that every letter on the way sees as a period: finitely many m decide.  See :mod:`.rounding` for
what is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm
from operator import add
from typing import Any, NamedTuple, TypeAlias

from ...algebra.budget import check_time
from ...engine.letters.machine import Machine
from ...engine.letters.unfold import run
from ...errors import Undecided
from ...expr import LinearOperator, SamplingMatrix, Signal, Zero, negated, parts_of, times
from ...scalar import Scalar, exact
from .rounding import Number, Taps, number

Index: TypeAlias = tuple[int, ...]
Cell: TypeAlias = tuple[int, int, int]  # numerators of the value and of Σ|terms|, and the number of terms
Sparse: TypeAlias = dict[Index, Cell]
Rate: TypeAlias = tuple[tuple[Any, ...], ...]  # ints, which are hashed fast, and fractions where they are not whole


class Response(NamedTuple):
    """Taps of one rate, over one denominator.

    ``factors`` is the most factors of a term that are rounded, ``loose`` how many of them are enclosures, ``period``
    what may be added to the index of the impulse, per axis.
    """

    rate: Rate
    denominator: int
    re: Sparse
    im: Sparse
    factors: int
    loose: int
    period: Index

    @property
    def extra(self) -> int:
        """n − t of the bound γ_n."""
        return max(self.factors, 2) - 2


Responses: TypeAlias = tuple[Response, ...]


def impulse(at: Index, ndim: int | None = None) -> Responses:
    """The number 1 at an index, whose trailing axes are those of ℤ^d."""
    ndim = len(at) if ndim is None else ndim
    return (Response(_identity(ndim), 1, {at: (1, 1, 1)}, {}, 0, 0, (1,) * ndim),)


def respond(operator: LinearOperator, at: Index, tracer: Tracer) -> Responses:
    """The response of a plain operator to the impulse at an index, one entry for each rate."""
    check_time()
    return () if isinstance(operator, Zero) else tracer.total([run(operator, impulse(at), tracer)])


@lru_cache(maxsize=16)
def _identity(ndim: int) -> Rate:
    return tuple(tuple(int(i == j) for j in range(ndim)) for i in range(ndim))


@lru_cache(maxsize=1024)
def _times(rows: tuple[tuple[Any, ...], ...], rate: Rate) -> Rate:
    size = range(len(rate))
    return tuple(tuple(exact(Fraction(sum(row[k] * rate[k][j] for k in size))) for j in size) for row in rows)


@lru_cache(maxsize=1024)
def _diagonal(entries: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(entry if i == j else 0 for j in range(len(entries))) for i, entry in enumerate(entries))


@lru_cache(maxsize=1024)
def _steps(rate: Rate, periods: Index) -> Index:
    """Per axis of the impulse, by how much it may move so that R p is a multiple of the periods."""
    axes = range(len(rate))
    return tuple(lcm(*(Fraction(rate[i][j], periods[i]).denominator for i in axes)) for j in axes)


class Tracer(Machine[Responses]):
    """The letters on responses; () is 0."""

    def __init__(self) -> None:
        self._taps: dict[int, tuple[Signal, Taps]] = {}  # an entry keeps its signal alive, and so the id
        self.cut: set[int] = set()  # axes along which an operator on arrays has cut off or continued something
        self.periods: list[Index] = []  # of what operators on arrays have made

    def taps(self, signal: Signal) -> Taps:
        """The taps of a known kernel, converted once."""
        if id(signal) not in self._taps:
            items = signal.items()
            plain = signal.is_exact
            self._taps[id(signal)] = signal, Taps.of((at, v if plain else _item(v)) for at, v in items)
        return self._taps[id(signal)][1]

    def convolve(self, x: Responses, kernel: Signal) -> Responses:
        """y_n = Σ_k q_{n−k} x_k."""
        return tuple(multiplied(part, self.taps(kernel), _spread) for part in x)

    def modulate(self, x: Responses, sequence: Signal) -> Responses:
        """y_n = w_n x_n, w periodic."""
        shape, taps = sequence.values.shape, self.taps(sequence)
        reduced = [{_mod(at, shape): (w, a) for at, w, a in side} for side in (taps.re, taps.im)]
        return tuple(_weighted(part, taps, reduced, shape) for part in x)

    def character(self, x: Responses, frequency: Any) -> Responses:
        """y_n = e^{iωn} x_n; ω/π rational, so that it is periodic."""
        parts = [parts_of(entry) for entry in frequency]
        if any(atoms for _, atoms in parts):
            raise Undecided("e^(iωn) has no period for this ω, so that no finite number of taps decides")
        turns = [turn for turn, _ in parts]
        return tuple(_turned(part, turns) for part in x)

    def scale(self, x: Responses, scalar: Scalar) -> Responses:
        """y_n = c x_n."""
        taps = Taps.of([((), scalar)])
        return tuple(multiplied(part, taps, lambda at, _: at) for part in x) if taps.re or taps.im else ()

    def up(self, x: Responses, factors: Index) -> Responses:
        """y_{kn} = x_n."""
        return tuple(_placed(part, lambda n: times(n, factors), _diagonal(factors)) for part in x)

    def down(self, x: Responses, factors: Index) -> Responses:
        """y_n = x_{kn}."""

        def to(n: Index) -> Index | None:
            found = [divmod(i, k) for i, k in zip(n, factors, strict=True)]
            return None if any(rest for _, rest in found) else tuple(quotient for quotient, _ in found)

        rows = _diagonal(tuple(Fraction(1, k) for k in factors))
        return tuple(_placed(part, to, rows) for part in x)

    def spread(self, x: Responses, matrix: SamplingMatrix) -> Responses:
        """y_{Mn} = x_n, 0 elsewhere."""

        def to(n: Index) -> Index:
            return tuple(sum(a * i for a, i in zip(row, n, strict=True)) for row in matrix.rows)

        return tuple(_placed(part, to, matrix.rows) for part in x)

    def sample(self, x: Responses, matrix: SamplingMatrix) -> Responses:
        """y_n = x_{Mn}."""
        return tuple(_placed(part, matrix.solve, matrix.inverse()) for part in x)

    def shift(self, x: Responses, shifts: Index) -> Responses:
        """y_n = x_{n−s}."""
        return tuple(moved(part, lambda n: tuple(map(add, n, shifts))) for part in x)

    def flip(self, x: Responses) -> Responses:
        """y_n = x_{−n}."""
        return tuple(_placed(part, negated, _diagonal((-1,) * len(part.rate))) for part in x)

    def zero(self, x: Responses) -> Responses:
        """y = 0."""
        return ()

    def total(self, terms: Sequence[Responses]) -> Responses:
        """The sum, rate by rate."""
        found: dict[Rate, list[Response]] = {}
        for term in terms:
            for part in term:
                found.setdefault(part.rate, []).append(part)
        return tuple(joined(parts) for parts in found.values())


def _item(value: Any) -> Any:
    """A Python number; long doubles as they are, which no Python float holds."""
    return value if value.dtype.char in "gG" else value.item()


def _mod(n: Iterable[int], period: Index) -> Index:
    return tuple(i % p for i, p in zip(n, period, strict=True))


def moved(part: Response, to: Callable[[Index], Index | None]) -> Response:
    """The taps at other places, one each; None stands for none."""
    sides = [{at: cell for n, cell in side.items() if (at := to(n)) is not None} for side in (part.re, part.im)]
    return part._replace(re=sides[0], im=sides[1])


def _placed(part: Response, to: Callable[[Index], Index | None], rows: Any) -> Response:
    """``moved`` by a linear map, which the rate follows."""
    rate = _times(tuple(map(tuple, rows)), part.rate)
    period = tuple(map(lcm, part.period, _steps(rate, (1,) * len(rate))))
    return moved(part, to)._replace(rate=rate, period=period)


Place: TypeAlias = Callable[[Index, Index], Index]


def _spread(n: Index, d: Index) -> Index:
    return tuple(map(add, n, d))


def multiplied(part: Response, taps: Taps, place: Place) -> Response:
    """Every tap of a response times every one of some taps, at the place that the two indices make."""
    re: Sparse = {}
    im: Sparse = {}
    _gather(re, part.re, taps.re, 1, place)
    if part.im or taps.im:
        _gather(re, part.im, taps.im, -1, place)
        _gather(im, part.re, taps.im, 1, place)
        _gather(im, part.im, taps.re, 1, place)
    return _weighed(part, taps, re, im)


def _weighed(part: Response, taps: Taps, re: Sparse, im: Sparse) -> Response:
    """What products with taps have made of a response."""
    denominator = part.denominator * taps.denominator
    factors, loose = part.factors + taps.weight, part.loose + taps.loose
    return part._replace(denominator=denominator, re=re, im=im, factors=factors, loose=loose)


def _gather(into: Sparse, x: Sparse, taps: list[tuple[Index, int, int]], sign: int, place: Place) -> None:
    for d, weight, size in taps:
        signed = sign * weight
        for n, (value, terms, count) in x.items():
            at = place(n, d)
            old = into.get(at)
            if old is None:
                into[at] = value * signed, terms * size, count
            else:
                into[at] = old[0] + value * signed, old[1] + terms * size, old[2] + count


def _weighted(part: Response, taps: Taps, sides: list[dict[Index, tuple[int, int]]], shape: Index) -> Response:
    """A response times a periodic sequence, which is given by residue."""
    re: Sparse = {}
    im: Sparse = {}
    for into, side, weights, sign in (
        (re, part.re, sides[0], 1), (re, part.im, sides[1], -1), (im, part.re, sides[1], 1), (im, part.im, sides[0], 1),
    ):  # fmt: skip
        for n, cell in side.items():
            weight = weights.get(_mod(n, shape))
            if weight:
                _gather(into, {n: cell}, [((), *weight)], sign, lambda at, _: at)
    return _weighed(part, taps, re, im)._replace(period=tuple(map(lcm, part.period, _steps(part.rate, shape))))


def _turned(part: Response, turns: list[Fraction]) -> Response:
    """A response times e^{2πi t·n}."""
    places = [*part.re, *(n for n in part.im if n not in part.re)]
    units = {n: _unit(sum((t * i for t, i in zip(turns, n, strict=True)), Fraction(0)) % 1) for n in places}
    shape = tuple(t.denominator for t in turns)
    bottom = lcm(*(p.denominator for c in units.values() for p in (c.re, c.im)))
    loose, weight = (max((getattr(c, name) for c in units.values()), default=0) for name in ("loose", "weight"))
    if max(shape) > 4:  # at other impulses there may be other roots of unity
        loose, weight = 1, 2
    taps = Taps(bottom, [], [], weight, loose)
    sides = [
        {
            _mod(n, shape): (w.numerator * (bottom // w.denominator), abs(w.numerator) * (bottom // w.denominator))
            for n, c in units.items()
            for w in [getattr(c, name)]
        }
        for name in ("re", "im")
    ]
    sides = [{n: w for n, w in side.items() if w[0]} for side in sides]
    return _weighted(part, taps, sides, shape)


@lru_cache(maxsize=1024)
def _unit(turn: Fraction) -> Number:
    """e^{2πi t}."""
    import sympy

    angle = 2 * sympy.pi * sympy.Rational(turn.numerator, turn.denominator)
    return number(sympy.cos(angle) + sympy.I * sympy.sin(angle))


def joined(parts: list[Response]) -> Response:
    """The sum of responses of one rate."""
    first, *rest = parts
    if not rest:
        return first
    bottom = lcm(*(part.denominator for part in parts))
    re: Sparse = {}
    im: Sparse = {}
    for part in parts:
        scale = bottom // part.denominator
        for into, side in ((re, part.re), (im, part.im)):
            _gather(into, side, [((), scale, scale)], 1, lambda at, _: at)
    return Response(
        first.rate,
        bottom,
        re,
        im,
        max(part.factors for part in parts),
        max(part.loose for part in parts),
        tuple(map(lcm, *(part.period for part in parts))),
    )
