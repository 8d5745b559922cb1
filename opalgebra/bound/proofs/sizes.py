"""F = G for all sizes n.

First on ℤ^d: where the operators are equal there and the windows agree, F = G.  Otherwise by pieces.

**Theorem.**  Let the taps and the factors be known, and let the ends of all windows be formulas of one symbol per axis
in +, integer multiples, ⌊·/k⌋, max and min.  There are P and N such that for n = P t + r ≥ N, for each residue r, the
exact matrix of F − G is a sum Σ wᵢ [piece i] in which all ends are linear in t (:mod:`..sizes.runs`), and
it is 0 for all these n if every weight is 0 once the pieces are cut into disjoint ones; else it is not 0 for large n.

*Proof.*  The matrix is computed from the definitions with ends a t + b in place of ints.  Every operation on ends is a
sum, an integer multiple, a division of a t + b by a number that divides a — P is made so —, or the question for the
sign of a t + b.  The answer to the last is the same for all t ≥ max(0, ⌊−b/a⌋ + 1), and N is the least size above all
these bounds.  So for n ≥ N the calculation with ints takes the same course and gives the same pieces.  What is said
of the weights is shown in :func:`~opalgebra.bound.sizes.runs.is_zero`; a refutation does not rest on it, since it is
replayed for one n.  ∎

The finitely many n < N are decided one by one, by the same calculation with ints.  Of several symbols, one for each
axis, all are taken large first; then each of the small values of each is put in, and the others are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import product
from math import gcd, prod
from random import Random
from typing import Any, NamedTuple

import numpy as np

from ...algebra.decide.proof import Proof, Step
from ...algebra.decide.prove import proved_about
from ...algebra.facts import (
    AboutFactors,
    Coprime,
    Divides,
    Equal,
    EvenSymmetric,
    Hypothesis,
    NotDivides,
    hypotheses,
    symbols_of,
)
from ...algebra.judge.evaluate import Evaluator
from ...algebra.judge.replay import judged
from ...algebra.numbers.choose import ring_of
from ...algebra.numbers.ring import Ring
from ...errors import DimensionError, OpAlgebraError, SizeError, Undecided, WindowError
from ...expr import constants, formal_names, formal_parts, negated, substitute, symbols_in
from ...expr.multirate import Shift
from ...expr.operators import LinearOperator
from ...expr.signals import FormalSignal, Signal
from ...scalar import is_sympy
from ..operators.base import BoundOperator
from ..operators.combine import Product, Scaled, Total, Turned
from ..operators.windowed import Windowed
from ..sizes.affine import Affine, Clock, Finer, value_of
from ..sizes.large import Sizes, ends, matrix_of, operators, scalars, shapes, stays_inside
from ..sizes.runs import gathered, is_zero
from ..sizes.sized import Family, Sized, leaves, rebuilt
from .proof import BoundProof, BoundWitness, _difference, _each_output, _replayed, scope_of

PERIODS = 2_000  # residues of all symbols together
SMALL_CASES = 20_000  # sizes that are decided one by one
BEYOND = 64  # periods after which the search for a witness ends
REPLAYED = 2_500  # entries of the matrices with which a proof is checked


@dataclass(frozen=True)
class SizeWitness(BoundWitness):
    """The smallest sizes for which two bound operators differ, and where.

    Attributes
    ----------
    sizes : dict
        A number for every symbol.
    """

    sizes: dict[Any, int]

    def __str__(self) -> str:
        return f"for {_assigned(self.sizes)}, {super().__str__()}"


def _assigned(sizes: Mapping[Any, Any]) -> str:
    return ", ".join(f"{symbol} = {value}" for symbol, value in sizes.items())


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


class SizesProof(BoundProof):
    """What is known about F = G for operators on arrays of every size."""

    reach: Reach | None = None

    @cached_property
    def steps(self) -> list[Step]:
        """F and G, with the reason."""
        if self.verdict != "proved":
            return []
        lines = self.on_lattice.steps[1:-1] if self.on_lattice is not None else []
        return [Step(self.lhs, "", ""), *lines, Step(self.rhs, "crop and extend", self.scope)]

    def check(self) -> bool:
        """Replay: a refutation at its witness, a proof by the exact matrices of small sizes, entry by entry."""
        if self.verdict == "refuted":
            witness: Any = self.witness
            sides = [_at(_with(side, witness.kernels), witness.sizes) for side in (self.lhs, self.rhs)]
            plain = BoundWitness(witness.column, witness.index, witness.lhs, witness.rhs, {})
            return _replayed(sides[0], sides[1], plain)
        if self.verdict != "proved" or (self.on_lattice is not None and not self.on_lattice.check()):
            return False
        if self.on_lattice is not None and self.given:
            return True  # entries may be equal only where the hypotheses hold
        return bool(_formal(self.lhs, self.rhs)) or all(
            _difference(*pair) == (None, "") for pair in _small_pairs(self.lhs, self.rhs, self.given)
        )


def prove_sizes(lhs: BoundOperator, rhs: BoundOperator, given: Hypothesis | Iterable[Hypothesis] = ()) -> SizesProof:
    """Decide F = G for all sizes; see :func:`opalgebra.prove`.

    Raises
    ------
    DimensionError, WindowError
        Where for some size that is allowed the arrays have different shapes, or one side is not defined.
    """
    facts = hypotheses(given)
    statement = _Statement(lhs, rhs, facts)
    if open_question := statement.names.check(facts):
        return _proof(lhs, rhs, facts, "undecided", open_question)
    for fact in statement.conditions:
        if not symbols_of([fact]) <= {*statement.symbols}:
            return _proof(lhs, rhs, facts, "undecided", f"{fact} speaks of sizes and of other symbols at once")
    statement.check_windows()
    proof = _on_lattice(statement)
    if proof is not None and proof.verdict == "proved":
        found = _proof(lhs, rhs, facts, "proved")
        found.on_lattice, found.scope = proof, f"{statement.scope}: equal on ℤ^d, between equal windows"
        return found
    others = symbols_of(facts) - {*statement.symbols}
    if any(others & symbols_in(root) for side in (lhs, rhs) for root in operators(side)):
        return _proof(lhs, rhs, facts, "undecided", "not equal on ℤ^d; hypotheses about scalars are not decided here")
    names = _formal(lhs, rhs)
    return _with_formal(lhs, rhs, facts, names) if names else _by_pieces(statement)


def _proof(lhs: Any, rhs: Any, facts: Any, verdict: str, reason: str = "", witness: Any = None) -> SizesProof:
    return SizesProof(lhs, rhs, facts, verdict, reason, witness)


def _by_pieces(statement: _Statement) -> SizesProof:
    lhs, rhs, facts = statement.lhs, statement.rhs, statement.facts
    reason = ""
    try:
        reach = statement.everywhere(statement.agree)
    except Undecided as why:
        reach, reason = None, str(why)
    if reach is not None:
        found = _proof(lhs, rhs, facts, "proved")
        found.reach, found.scope = reach, f"{statement.scope}: {reach}"
        return found
    witness = statement.witness()
    if witness is None:
        return _proof(lhs, rhs, facts, "undecided", reason or "no size was found at which the two sides differ")
    return _proof(lhs, rhs, facts, "refuted", witness=witness)


def _with_formal(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...], names: dict[str, Any]) -> SizesProof:
    """Not equal on ℤ^d: kernels for which the two sides differ at some size, or undecided."""
    reason = "not equal on ℤ^d, and what formal kernels read beyond the ends is not decided for all sizes"
    for kernels in _kernels(names, len(leaves(lhs)[0].sizes), facts):
        try:
            sides = _with(lhs, kernels), _with(rhs, kernels)
            witness = _Statement(*sides, facts).witness(tuple(kernels.items()))
        except OpAlgebraError as why:
            return _proof(lhs, rhs, facts, "undecided", str(why))
        if witness is not None:
            return _proof(lhs, rhs, facts, "refuted", witness=witness)
    return _proof(lhs, rhs, facts, "undecided", reason)


# -- statements about all sizes --------------------------------------------------------------------------------


class _Statement:
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
        roots = [root for side in (self.lhs, self.rhs) for root in operators(side)]
        return ring_of([*constants(*roots), *(c for side in (self.lhs, self.rhs) for c in scalars(side))])

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
        for sizes in self._in_order(BEYOND):
            at = f"for {_assigned(sizes)}: "
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

    def _in_order(self, most: int) -> Iterator[dict[Any, int]]:
        """The sizes that are allowed, smallest first; of several symbols by their largest."""
        for largest in range(1, most + 1):
            for values in product(range(1, largest + 1), repeat=len(self.symbols)):
                sizes = dict(zip(self.symbols, values, strict=True))
                if (max(values, default=1) == largest) and self.allowed(sizes):
                    yield sizes
            if not self.symbols:
                return

    def witness(self, kernels: tuple[tuple[str, Any], ...] = ()) -> SizeWitness | None:
        """The smallest sizes at which the two sides differ, with the first entry that does."""
        for sizes in self._in_order(self._enough()):
            try:
                if self.agree(sizes):
                    continue
                found, _ = _difference(*(_at(side, sizes) for side in (self.lhs, self.rhs)))
            except (Undecided, SizeError):
                return None
            if found is not None:
                return SizeWitness(found.column, found.index, found.lhs, found.rhs, dict(kernels), sizes)
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
    statement: _Statement, test: Callable[[Sizes], bool], fixed: dict[Any, int], free: list[Any]
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
    statement: _Statement, test: Callable[[Sizes], bool], fixed: dict[Any, int], periods: dict[Any, int]
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
    if isinstance(fact, Equal):
        return bool(a <= b) and bool(b <= a)
    if not isinstance(a, Affine) and not isinstance(b, Affine):
        return gcd(a, b) == 1 if isinstance(fact, Coprime) else b % a == 0
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise Undecided(f"{fact} is not decided for all sizes")
    if isinstance(fact, Divides):
        return b % a == 0 if isinstance(b, Affine) else bool(a <= b)
    number, size = (b, a) if isinstance(a, Affine) else (a, b)
    return gcd(size % number, number) == 1


# -- on ℤ^d ----------------------------------------------------------------------------------------------------


class _Form(NamedTuple):
    """F as Crop ∘ A ∘ Extend; outputs counted from 0, or from formulas that were left as they are."""

    operator: LinearOperator
    boundary: tuple[str, ...]
    starts: tuple[Any, ...]


def _on_lattice(statement: _Statement) -> Proof | None:
    """The proof on ℤ^d, where both sides are between windows that are known to agree."""
    forms = _form(statement.lhs, statement), _form(statement.rhs, statement)
    if forms[0] is None or forms[1] is None or forms[0][1:] != forms[1][1:]:
        return None
    parts = [*leaves(statement.lhs), *leaves(statement.rhs)]
    if statement.everywhere(lambda sizes: all(_starts_as_shown(part, sizes) for part in parts)) is None:
        return None
    return proved_about(statement.names, forms[0].operator, forms[1].operator, statement.facts)


def _starts_as_shown(part: Sized, sizes: Sizes) -> bool:
    """Whether the outputs start where the formula says, which takes it that no window on the way is empty."""
    shown = [value_of(start, dict(sizes)) for start in part.out_window.starts]
    return list(ends(part, sizes)[1][0]) == shown


def _form(operator: BoundOperator, statement: _Statement) -> _Form | None:
    match operator:
        case Sized() | Windowed():
            return _form_of_windows(operator)
        case Scaled():
            inner = _form(operator.operator, statement)
            return None if inner is None else inner._replace(operator=operator.scalar * inner.operator)
        case Total():
            return _form_of_total([_form(term, statement) for term in operator.terms])
        case Turned():
            return _form_of_turned(operator, statement)
        case Product():
            return _form_of_product(operator, statement)
    return None


def _form_of_product(operator: Product, statement: _Statement) -> _Form | None:
    """The composition, where for no size anything is cut off between the factors that is read, or continued."""
    result = _form(operator.factors[-1], statement)
    for at in range(len(operator.factors) - 2, -1, -1):
        left = _form(operator.factors[at], statement)
        if left is None or result is None or left.starts or result.starts:
            return None
        if not _keeps_all(left, result, operator.factors[at], operator.factors[-1], statement):
            return None
        result = result._replace(operator=left.operator @ result.operator)
    return result


def _keeps_all(left: _Form, right: _Form, last: BoundOperator, first: BoundOperator, statement: _Statement) -> bool:
    """Whether Crop A Extend Crop B Extend = Crop A B Extend, from what A reads or, with zeros around, B reaches."""

    def middle_and(sizes: Sizes) -> tuple[Any, Any, Any]:
        (_, *into), (_, *out) = shapes(first, sizes)[0], shapes(last, sizes)[1]
        return into, shapes(last, sizes)[0][1:], out

    def reads_inside(sizes: Sizes) -> bool:
        _, middle, out = middle_and(sizes)
        return stays_inside(left.operator.T, out, middle)

    def reaches_inside(sizes: Sizes) -> bool:
        into, middle, _ = middle_and(sizes)
        return stays_inside(right.operator, into, middle)

    zeros = set(left.boundary) | set(right.boundary) == {"zero"}
    read = not formal_parts(left.operator) and statement.everywhere(reads_inside) is not None
    return read or (zeros and not formal_parts(right.operator) and statement.everywhere(reaches_inside) is not None)


def _form_of_windows(operator: Sized | Windowed) -> _Form:
    starts = operator.out_window.starts
    if any(map(is_sympy, starts)):
        return _Form(operator.operator, operator.boundary, starts)
    back = Shift(negated(starts))
    inner = _each_output(back, operator.operator) if any(starts) else operator.operator
    return _Form(inner, operator.boundary, ())


def _form_of_total(forms: list[_Form | None]) -> _Form | None:
    first = forms[0]
    if first is None or any(form is None or form[1:] != first[1:] for form in forms):
        return None
    return first._replace(operator=sum((form.operator for form in forms[1:] if form), first.operator))


def _form_of_turned(operator: Turned, statement: _Statement) -> _Form | None:
    inner = _form(operator.operator, statement)
    if inner is None or not operator.transposed:
        return None if inner is None else inner._replace(operator=inner.operator.conj())
    if set(inner.boundary) != {"zero"} or inner.starts:
        return None  # the transpose of another boundary folds, which is no operator on ℤ^d
    return inner._replace(operator=inner.operator.H if operator.conjugated else inner.operator.T)


# -- numbers for symbols, kernels for names --------------------------------------------------------------------


def _at(operator: BoundOperator, sizes: Mapping[Any, int]) -> BoundOperator:
    return rebuilt(operator, lambda part: part.bound(sizes))


def _with(operator: BoundOperator, kernels: Mapping[str, Any]) -> BoundOperator:
    """With signals in place of the formal kernels."""

    def change(part: Sized) -> Sized:
        inner = substitute(part.operator, kernels)
        return Sized(inner, part.sizes, part.out, part.mode, part.boundary, part.fixed)

    return rebuilt(operator, change) if kernels else operator


def _formal(*sides: BoundOperator) -> dict[str, Any]:
    """What is formal in them, by name: kernels, operators, and factors under their own names."""
    roots = [root for side in sides for root in operators(side)]
    parts = [part for root in roots for part in formal_parts(root)]
    return {**dict.fromkeys(parts), **formal_names(*roots)} if parts else {}


def _kernels(names: dict[str, Any], ndim: int, facts: tuple[Hypothesis, ...]) -> Iterator[dict[str, Any]]:
    """Small kernels for formal names that are signals, of which the hypotheses hold; even ones where that is given."""
    if not all(isinstance(node, FormalSignal) for node in names.values()):
        return
    rng = Random(20261122)
    even = {fact.signal.name for fact in facts if isinstance(fact, EvenSymmetric)}
    for reach in (1, 1, 3, 8):
        kernels = {}
        for name in names:
            taps = [rng.choice((-2, -1, 1, 2, 3)) for _ in range(2 * reach + 1)]
            taps = [*taps[:reach], *taps[reach::-1]] if name in even else taps
            values = reduce(np.multiply.outer, [np.array(taps)] * ndim)
            kernels[name] = Signal(values, start=(-reach,) * ndim)
        evaluator = Evaluator(ndim, {name: Evaluator(ndim).signal(kernel) for name, kernel in kernels.items()})
        if all(judged(fact, evaluator) for fact in facts if not isinstance(fact, AboutFactors)):
            yield kernels


def _small_pairs(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]) -> Iterator[tuple[BoundOperator, BoundOperator]]:
    """Both sides for small sizes, as long as their matrices are small."""
    statement = _Statement(lhs, rhs, facts)
    for sizes in statement._in_order(40 if len(statement.symbols) == 1 else 6):
        pair = _at(lhs, sizes), _at(rhs, sizes)
        if pair[0].size <= REPLAYED:
            yield pair
