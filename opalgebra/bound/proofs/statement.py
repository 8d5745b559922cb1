"""Statements about operators on arrays of every size: sizes that are taken large at once, and small ones one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product
from math import gcd, prod
from typing import Any, NamedTuple

from ...algebra.decide.scope import Scope
from ...algebra.facts import (
    AboutFactors,
    AtMost,
    Coprime,
    Divides,
    Equal,
    Hypothesis,
    Less,
    NotDivides,
    Unequal,
    symbols_of,
)
from ...algebra.numbers.choose import ring_of
from ...algebra.numbers.ring import Ring
from ...errors import DimensionError, OpAlgebraError, SizeError, Undecided, WindowError
from ...expr import constants
from ..operators.base import BoundOperator
from ..operators.combine import Scaled, walk
from ..sizes.affine import Affine, Clock, Finer, value_of
from ..sizes.large import Sizes, matrix_of, shapes
from ..sizes.runs import gathered, is_zero
from ..sizes.sized import Family, at_sizes
from .entries import difference, roots
from .witness import SizeWitness, assigned

PERIODS = 2_000  # residues of all symbols together
SMALL_CASES = 20_000  # sizes that are decided one by one
BEYOND = 64  # periods after which the search for a witness ends


class Reach(NamedTuple):
    """From which sizes on a statement is decided at once, by how many residues; the sizes below are single cases."""

    first: dict[Any, int]
    periods: dict[Any, int]

    def __str__(self) -> str:
        large = " and ".join(
            f"{s} ≥ {n}" + (f" by residues mod {self.periods[s]}" if self.periods[s] > 1 else "")
            for s, n in self.first.items()
        )
        return f"{large} at once, smaller ones one by one"


def scope_of(*sides: BoundOperator, sizes: Iterable[Any] = ()) -> Scope:
    """The names of operators on arrays, of which hypotheses may speak."""
    return Scope(tuple(roots(*sides)), tuple(sizes))


class Statement:
    """Two sides and what is given, for any sizes."""

    def __init__(self, lhs: BoundOperator, rhs: BoundOperator, facts: tuple[Hypothesis, ...]) -> None:
        self.lhs, self.rhs, self.facts = lhs, rhs, facts
        found = {s for side in (lhs, rhs) if isinstance(side, Family) for s in side.symbols}
        self.symbols = sorted(found, key=lambda symbol: str(symbol.name))
        self.conditions = [fact for fact in facts if symbols_of([fact]) & found]
        self.names = scope_of(lhs, rhs, sizes=found)

    @property
    def scope(self) -> str:
        """For which sizes it is meant."""
        names = ", ".join(str(symbol.name) for symbol in self.symbols)
        given = "".join(f" with {condition}" for condition in self.conditions)
        return f"for every {names} ≥ 1{given}"

    def allowed(self, sizes: Sizes) -> bool:
        """Whether the hypotheses hold for these sizes."""
        return all(_holds(fact, sizes) for fact in self.conditions)

    def everywhere(self, test: Callable[[Sizes], bool]) -> Reach | None:
        """Where the test passes for all sizes that are allowed, from which size on it did so at once."""
        return _everywhere(self, test, {}, self.symbols)

    @cached_property
    def ring(self) -> Ring:
        """The numbers of both sides."""
        parts = [part for side in (self.lhs, self.rhs) for part in walk(side)]
        scalars = [part.scalar for part in parts if isinstance(part, Scaled)]
        return ring_of([*constants(*roots(self.lhs, self.rhs)), *scalars])

    def agree(self, sizes: Sizes) -> bool:
        """Whether the exact matrices agree."""
        left, right = (matrix_of(side, sizes, self.ring) for side in (self.lhs, self.rhs))
        return is_zero(gathered([*left.items(), *((place, -weight) for place, weight in right.items())]))

    def check_windows(self) -> None:
        """Raise where for some sizes the arrays have different shapes, or one side is not defined."""
        try:
            agree = self.everywhere(lambda sizes: shapes(self.lhs, sizes) == shapes(self.rhs, sizes))
            trouble: OpAlgebraError | None = None
        except (DimensionError, WindowError) as error:
            agree, trouble = None, error
        except Undecided as why:
            raise WindowError(
                f"the windows of {self.lhs} and {self.rhs} cannot be compared for all sizes: {why}"
            ) from None
        if agree is None:
            self._raise_at_smallest(trouble)

    def _raise_at_smallest(self, trouble: OpAlgebraError | None) -> None:
        hint = "; say in given= which sizes are meant, such as oa.divides(2, n), or bind for others, such as 2 * n"
        for sizes in self.in_order(BEYOND):
            at = f"for {assigned(sizes)}: "
            try:
                left, right = shapes(self.lhs, sizes), shapes(self.rhs, sizes)
            except (DimensionError, WindowError) as error:
                raise type(error)(f"{at}{error}{hint}") from None
            if left != right:
                raise DimensionError(
                    f"{at}the windows do not agree: {self.lhs} maps {left[0]} to {left[1]}, {self.rhs} maps {right[0]} "
                    f"to {right[1]} (channels first){hint}"
                )
        raise trouble or DimensionError(f"the windows of {self.lhs} and {self.rhs} do not agree for large sizes")

    def in_order(self, most: int) -> Iterator[dict[Any, int]]:
        """The sizes that are allowed, smallest first; of several symbols by their largest."""
        for largest in range(1, most + 1):
            for values in product(range(1, largest + 1), repeat=len(self.symbols)):
                sizes = dict(zip(self.symbols, values, strict=True))
                if (max(values, default=1) == largest) and self.allowed(sizes):
                    yield sizes
            if not self.symbols:
                return

    def witness(self, kernels: Mapping[str, Any] | None = None) -> SizeWitness | None:
        """The smallest sizes at which the two sides differ, with the first entry that does."""
        for sizes in self.in_order(self._enough()):
            try:
                if self.agree(sizes):
                    continue
                found, _ = difference(*(at_sizes(side, sizes) for side in (self.lhs, self.rhs)))
            except (Undecided, SizeError):
                return None
            if found is not None:
                return SizeWitness(found.column, found.index, found.lhs, found.rhs, dict(kernels or {}), sizes)
        return None

    def _enough(self) -> int:
        """A size up to which a difference shows, if there is one."""
        seen: list[Any] = []

        def test(sizes: Sizes) -> bool:
            seen[:] = [sizes]
            return self.agree(sizes)

        try:
            self.everywhere(test)
        except Undecided:
            return BEYOND // 4
        last = seen[0].values() if seen else ()
        return max((n.clock.first + BEYOND * n.clock.period if isinstance(n, Affine) else n for n in last), default=1)


def _everywhere(
    statement: Statement, test: Callable[[Sizes], bool], fixed: dict[Any, int], free: list[Any]
) -> Reach | None:
    if not free:
        passed = not statement.allowed(fixed) or test(fixed)
        return Reach({}, {}) if passed else None
    periods = dict.fromkeys(free, 1)
    while True:
        if prod(periods.values()) > PERIODS:
            raise Undecided(f"budget: more than {PERIODS} residues of {', '.join(map(str, free))}")
        try:
            first = _large(statement, test, fixed, periods)
            break
        except Finer as finer:
            periods[finer.symbol] *= finer.by
    if first is None:
        return None
    if sum(first.values()) > SMALL_CASES:
        raise Undecided(f"budget: more than {SMALL_CASES} small sizes to decide one by one")
    for symbol in free:
        rest = [other for other in free if other is not symbol]
        for value in range(1, first[symbol]):
            if _everywhere(statement, test, {**fixed, symbol: value}, rest) is None:
                return None
    return Reach(first, periods)


def _large(
    statement: Statement, test: Callable[[Sizes], bool], fixed: dict[Any, int], periods: dict[Any, int]
) -> dict[Any, int] | None:
    """The sizes from which on all comparisons stay, over all residues; None where the test fails."""
    first = dict.fromkeys(periods, 1)
    for residues in product(*(range(period) for period in periods.values())):
        clocks = {s: Clock(s, p, r) for (s, p), r in zip(periods.items(), residues, strict=True)}
        sizes = {**fixed, **{symbol: clock.size for symbol, clock in clocks.items()}}
        if statement.allowed(sizes) and not test(sizes):
            return None
        first = {symbol: max(first[symbol], clock.first) for symbol, clock in clocks.items()}
    return first


def _holds(fact: Hypothesis, sizes: Sizes) -> bool:
    """Whether a hypothesis about sizes holds; of large ones by their residue."""
    assert isinstance(fact, AboutFactors)
    if isinstance(fact, NotDivides):
        return not _holds(Divides(fact.a, fact.b), sizes)
    a, b = (value_of(side, dict(sizes)) for side in (fact.a, fact.b))
    if isinstance(fact, Equal | Unequal):
        return (bool(a <= b) and bool(b <= a)) == isinstance(fact, Equal)
    if isinstance(fact, Less | AtMost):
        return bool(a <= b) and (isinstance(fact, AtMost) or not bool(b <= a))
    if not isinstance(a, Affine) and not isinstance(b, Affine):
        return gcd(a, b) == 1 if isinstance(fact, Coprime) else b % a == 0
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise Undecided(f"{fact} is not decided for all sizes")
    if isinstance(fact, Divides):
        return b % a == 0 if isinstance(b, Affine) else bool(a <= b)
    number, size = (b, a) if isinstance(a, Affine) else (a, b)
    return gcd(size % number, number) == 1
