"""The decision by canonical forms: statements without blocks, under hypotheses about factors alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, wraps
from itertools import islice
from typing import Any, TypeAlias

from ...errors import SizeError, Undecided
from ...expr import (
    Character,
    Modulate,
    all_factor_symbols,
    constants,
    nameless,
    substitute,
    symbols_in,
    transform,
    walk,
    written_out,
)
from ...expr.node import common_ndim
from ...expr.signals import Signal
from ...scalar import is_sympy
from ..budget import check_time
from ..facts import Hypothesis, allowed, holds, symbols_of
from ..judge.evaluate import Expression
from ..judge.witness import Witness
from ..numbers.choose import ring_of
from ..numbers.ring import Ring
from ..numbers.spectrum import Spectrum
from .canonical import Canonical, ConcreteWalker, TooMany, canonical
from .hypotheses import few_values, models, solved, with_parities, with_value
from .ranges import COMPARED
from .refute import difference, find, find_small

Decision: TypeAlias = tuple[str, str, Witness | None]
Way: TypeAlias = Callable[[Any, Any, tuple[Hypothesis, ...]], Decision]

HOLD_TAPS = 48  # kernels longer than this are first compared as if they were formal
SMALL_VALUES = 60  # substitutions tried to refute a statement with symbolic factors


def answering(way: Way) -> Way:
    """A way of deciding for which what is raised is an answer: undecided, and why."""

    @wraps(way)
    def answer(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]) -> Decision:
        try:
            return way(lhs, rhs, facts)
        except Undecided as why:
            return "undecided", str(why), None
        except SizeError as why:
            return "undecided", f"budget: {why}", None
        except RecursionError:
            return "undecided", "budget: the expression is nested too deeply", None

    return answer


@answering
def decide_plain(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Decision:
    """(verdict, reason, witness) of a statement without blocks, under hypotheses about factors alone."""
    lhs, rhs = nameless(lhs), nameless(rhs)
    if all_factor_symbols(lhs, rhs) or _speak_of_scalars(facts, lhs, rhs):
        return _decide_symbolic(lhs, rhs, facts)
    return _decide_concrete(lhs, rhs)


def _speak_of_scalars(facts: tuple[Hypothesis, ...], lhs: Expression, rhs: Expression) -> bool:
    """Whether a hypothesis is about a symbol that stands in scalars or taps: its values are not free there."""
    about = symbols_of(facts)
    return bool(about) and not about.isdisjoint(symbols_in(lhs) | symbols_in(rhs))


# -- concrete factors -----------------------------------------------------------------------------------


def dimension(*expressions: Expression) -> int:
    """The number of axes to decide in; expressions that fit any are decided in one, and hold in all."""
    return common_ndim(*expressions) or 1


@lru_cache(maxsize=256)
def canonical_form(
    expression: Expression, ndim: int, ring: Ring, held: tuple[Signal, ...], spectrum: Spectrum
) -> Canonical:
    """The canonical form, remembered."""
    return canonical(expression, ndim, ring, held, spectrum)


def same_canonical(lhs: Expression, rhs: Expression, ring: Ring, held: tuple[Signal, ...] = ()) -> bool:
    """Whether the canonical forms agree."""
    ndim, spectrum = dimension(lhs, rhs), Spectrum.of(lhs, rhs)
    return canonical_form(lhs, ndim, ring, held, spectrum) == canonical_form(rhs, ndim, ring, held, spectrum)


def long_kernels(*expressions: Expression) -> tuple[Signal, ...]:
    """The concrete kernels that are worth comparing as formal ones first."""
    found = {n: None for e in expressions for n in walk(e) if isinstance(n, Signal) and n.values.size > HOLD_TAPS}
    return tuple(found)


def _same_map(lhs: Expression, rhs: Expression, ring: Ring) -> bool:
    """Whether both sides are equal; where their forms are too large, the form of the difference may not be."""
    held = long_kernels(lhs, rhs)
    try:
        if held and same_canonical(lhs, rhs, ring, held):
            return True
    except TooMany:
        pass  # with the taps written out there may be fewer orders
    try:
        return same_canonical(lhs, rhs, ring)
    except TooMany:
        return not difference(lhs, rhs, _walker(lhs, rhs, ring))


def _walker(lhs: Expression, rhs: Expression, ring: Ring) -> ConcreteWalker:
    return ConcreteWalker(dimension(lhs, rhs), ring, spectrum=Spectrum.of(lhs, rhs))


def _decide_concrete(lhs: Expression, rhs: Expression) -> Decision:
    lhs, rhs = written_out(lhs), written_out(rhs)
    ring = ring_of(constants(lhs, rhs))
    try:
        if lhs == rhs or _same_map(lhs, rhs, ring):
            return "proved", "", None
    except TooMany:
        witness = find_small(lhs, rhs, dimension(lhs, rhs))
        if witness is None:
            raise
        return "refuted", "", witness
    witness = find(lhs, rhs, dimension(lhs, rhs), _walker(lhs, rhs, ring))
    if witness is None:
        return "undecided", "the sides differ formally, but their values could not be told apart numerically", None
    return "refuted", "", witness


# -- symbolic factors -----------------------------------------------------------------------------------


def _decide_symbolic(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Decision:
    try:
        if lhs == rhs:
            return "proved", "", None
        decision = _walked_symbolically(lhs, rhs, facts)
        if decision is not None:
            return decision
        reason = "the two sides do not cancel term by term for every value of the symbols"
    except Undecided as why:
        reason = str(why)
    witness = _refuted_by_small_values(lhs, rhs, facts)
    if witness is not None:
        return "refuted", "", witness
    if _holds_for_few(lhs, rhs, facts):
        return "proved", "", None
    symbols = ", ".join(s.name for s in all_factor_symbols(lhs, rhs))
    advice = "a hypothesis may be missing, such as given=oa.coprime(k, m)"
    return "undecided", f"{reason}; small values of {symbols} show no difference; {advice}", None


def _holds_for_few(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> bool:
    """Whether hypotheses leave few values of a symbol, and the statement is proved for each."""
    for symbol in all_factor_symbols(lhs, rhs):
        values = few_values(symbol, facts)
        if values:
            return all(_holds_at(lhs, rhs, facts, symbol, value) for value in values)
    return False


def _holds_at(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...], symbol: Any, value: int) -> bool:
    put = [with_value(fact, symbol, value) if symbol in symbols_of([fact]) else fact for fact in facts]
    if not all(symbols_of([fact]) or holds(fact, {}) for fact in put):
        return True  # the hypotheses rule it out
    left = tuple(fact for fact in put if symbols_of([fact]))
    return decide_plain(substitute(lhs, {symbol: value}), substitute(rhs, {symbol: value}), left)[0] == "proved"


def _walked_symbolically(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Decision | None:
    """Proved, or refuted at one of the small values that the walk set aside; None where nothing follows.

    The first way of walking that decides is taken.
    """
    from .points import vanishes

    given, mentioned = facts, all_factor_symbols(lhs, rhs)
    known = solved(facts, factor_symbols(lhs, rhs))
    for symbol, value in known.replaced:
        lhs, rhs = (substitute(side, {symbol: value}) for side in (lhs, rhs))
    parities = with_parities(known, all_factor_symbols(lhs, rhs), factor_symbols(lhs, rhs))
    for symbol, value in parities.replaced[len(known.replaced) :]:
        lhs, rhs = (substitute(side, {symbol: value}) for side in (lhs, rhs))
    known, facts = parities, tuple(parities.facts)
    symbols = all_factor_symbols(lhs, rhs)
    if not symbols:
        decision = _decide_concrete(lhs, rhs)
        return decision if decision[0] == "proved" else None  # a witness has values for the other symbols too
    spoken = symbols_of(fact for fact in facts if isinstance(fact, COMPARED))
    symbols = sorted({*symbols, *spoken}, key=lambda symbol: str(symbol.name))
    open_question: Undecided | None = None
    for left, right, held, turns in _ways_to_walk(lhs, rhs):
        try:
            walker = _symbolic_walker(left, right, held, symbols, facts, turns)
            ring, context = walker.ring, walker.context
            minus = [s for state in walker.run(right) for s in state.scaled(-ring.one)]
            if vanishes([*walker.run(left), *minus], ring):
                witness = _small_counterexample(lhs, rhs, facts, context.thresholds)
                if witness is None:
                    return "proved", "", None
                found = _with_values(witness, known.replaced)
                if not _fits(found, {*mentioned, *symbols_of(given)}, given):
                    raise Undecided("it fails for some values, but not for any that are known to be allowed")
                return "refuted", "", found
            open_question = open_question or next(map(Undecided, context.questions), None)
        except Undecided as why:
            open_question = open_question or why
    if open_question is not None:
        raise open_question
    return None


def _symbolic_walker(
    lhs: Expression, rhs: Expression, held: dict[Signal, str], symbols: list[Any], facts: Any, turns: bool = False
) -> Any:
    """The walker for a statement, with the ring and the units of its numbers, of which turns may be one."""
    from ..numbers.units import Units
    from .affine import Context
    from .symbolic import SymbolicWalker

    units = Units.of(lhs, rhs, always=turns)
    free = {b for b, _ in units.bases if b.is_Symbol}
    ring = ring_of(units.coefficients(lhs, rhs), [*symbols, *sorted(free - set(symbols), key=str)])
    context = Context.of([*symbols, *units.integers(lhs, rhs, known=symbols)], facts)
    context.ring, context.bases = ring, units.powers_of_numbers
    context.whole = None if units.turn is None else context.poly(units.order_of_turn)
    return SymbolicWalker(dimension(lhs, rhs), ring, context, held, units)


def factor_symbols(*sides: Expression) -> set[Any]:
    """The symbols in sampling factors, lengths of boxes and numbers of terms, where no sum may stand."""
    values = [getattr(node, what, ()) for side in sides for node in walk(side) for what in ("factor", "stop")]
    flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,)) if is_sympy(v)]
    return {symbol for value in flat for symbol in value.free_symbols}


Ways: TypeAlias = Iterator[tuple[Expression, Expression, dict[Signal, str], bool]]


def _ways_to_walk(lhs: Expression, rhs: Expression) -> Ways:
    """Both sides with known taps held formal and not, sums of known length as one and written out.

    Then once more with the powers of roots of unity counted, in the place of one state per residue.
    """
    signals = {n: None for e in (lhs, rhs) for n in walk(e) if isinstance(n, Signal)}
    if signals:
        yield lhs, rhs, {signal: str(i) for i, signal in enumerate(signals)}, False
    yield lhs, rhs, {}, False
    left, right = written_out(lhs), written_out(rhs)
    if left is not lhs or right is not rhs:
        yield left, right, {}, False
    left, right = transform(lhs, _alternating), transform(rhs, _alternating)
    if any(isinstance(node, Character) for side in (left, right) for node in walk(side)):
        yield left, right, {}, True


def _alternating(node: Any) -> Any:
    """(−1)ⁿ as a frequency."""
    if isinstance(node, Modulate) and list(node.sequence.values.flat) == [1, -1] and node.sequence.starts == (0,):
        from sympy import pi

        return Character(pi)
    return None


def _small_counterexample(
    lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...], thresholds: dict[Any, int]
) -> Witness | None:
    """The statement for every value of a symbol up to its threshold, one by one; None where all of these hold."""
    for symbol, largest in thresholds.items():
        for value in sorted(range(1, largest + 1), key=lambda value: (value == 1, value)):  # 1 teaches least
            at = {symbol: value}
            alone = [fact for fact in facts if symbols_of([fact]) == {symbol}]
            if not (allowed(symbol, value) and all(holds(fact, at) for fact in alone)):
                continue
            left, right = substitute(lhs, at), substitute(rhs, at)
            verdict, _, witness = decide_plain(left, right, _facts_at(facts, at))
            if witness is not None and not symbol.is_Dummy and _allowed(facts, {**_values(witness, left, right), **at}):
                return replace(witness, factors={**witness.factors, symbol.name: value})
            if verdict != "proved":
                raise Undecided(f"it holds for {symbol.name} > {largest}, but is {verdict} for {symbol.name} = {value}")
    return None


def _values(witness: Witness, *sides: Expression) -> dict[Any, int]:
    return {symbol: witness.factors[symbol.name] for symbol in all_factor_symbols(*sides)}


def _allowed(facts: tuple[Hypothesis, ...], values: dict[Any, int]) -> bool:
    """Whether hypotheses hold at values; one about symbols without a value does not count as holding."""
    return all(symbols_of([fact]) <= values.keys() and holds(fact, values) for fact in facts)


def _fits(witness: Witness, symbols: set[Any], facts: tuple[Hypothesis, ...]) -> bool:
    """Whether the values of a witness are allowed for their symbols, and satisfy hypotheses."""
    values = {symbol: witness.factors[symbol.name] for symbol in symbols if symbol.name in witness.factors}
    return len(values) == len(symbols) and all(allowed(s, v) for s, v in values.items()) and _allowed(facts, values)


def _facts_at(facts: tuple[Hypothesis, ...], at: dict[Any, int]) -> tuple[Hypothesis, ...]:
    """The hypotheses that do not speak of symbols which have a value, and comparisons with these values put in.

    Without the others more is asked, not less.
    """
    kept = [fact for fact in facts if not symbols_of([fact]) & at.keys()]
    left = [
        fact for fact in facts if isinstance(fact, COMPARED) and fact not in kept and symbols_of([fact]) - at.keys()
    ]
    return (*kept, *(with_value(fact, symbol, value) for fact in left for symbol, value in at.items()))


def _with_values(witness: Witness, replaced: list[tuple[Any, Any]]) -> Witness:
    """The witness with values for the symbols that hypotheses replaced by others."""
    factors = dict(witness.factors)
    for symbol, value in reversed(replaced):
        missing = sorted(s.name for s in getattr(value, "free_symbols", ()) if s.name not in factors)
        if missing:
            raise Undecided(f"it fails for some values, but nothing is known about {missing[0]}")
        at = {s: factors[s.name] for s in getattr(value, "free_symbols", ())}
        factors[symbol.name] = int(value.subs(at)) if at else int(value)
    return replace(witness, factors=factors)


def _refuted_by_small_values(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Witness | None:
    """A witness among small values of the symbols that are left once the hypotheses are solved."""
    mentioned = sorted({*all_factor_symbols(lhs, rhs), *symbols_of(facts)}, key=lambda s: str(s.name))
    for at in islice(models(facts, mentioned), SMALL_VALUES):
        check_time()
        left, right = (substitute(side, {s: at[s] for s in mentioned}) for side in (lhs, rhs))
        try:
            verdict, _, witness = _decide_concrete(left, right)
        except Undecided:
            continue
        if verdict == "refuted" and witness is not None:
            return replace(witness, factors={s.name: at[s] for s in mentioned})
    return None
