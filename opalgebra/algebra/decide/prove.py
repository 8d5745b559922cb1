"""prove: decide whether two expressions are equal, with a derivation or a witness to show for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import islice
from os import PathLike
from typing import Any, NamedTuple, TypeAlias

from ..._verbs import Drawn, verb
from ...errors import OperandError, SizeError, Undecided
from ...expr.exactly import exactly
from ...expr.operators import LinearOperator, common_channels
from ...expr.signals import Signal, SignalExpr, common_ndim
from ...expr.traverse import (
    all_factor_symbols,
    constants,
    formal_names,
    has_blocks,
    nameless,
    substitute,
    symbols_in,
    walk,
    written_out,
)
from ..budget import DECISION, check_time, limited, room
from ..facts import EvenSymmetric, Hypothesis, allowed, holds, hypotheses, symbols_of
from ..judge.evaluate import Evaluator
from ..judge.replay import holds_at
from ..numbers.ring import Ring, ring_of
from ..numbers.spectrum import Spectrum
from .canonical import Canonical, ConcreteWalker, TooMany, canonical
from .hypotheses import models, solved, with_parities
from .scope import Scope
from .witness import Witness, difference, find, find_small, to_signal

Expression: TypeAlias = LinearOperator | SignalExpr
HOLD_TAPS = 48  # kernels longer than this are first compared as if they were formal
SMALL_VALUES = 60  # substitutions tried to refute a statement with symbolic factors


class Step(NamedTuple):
    """One line of a derivation: the expression, the law that leads to it, and the law's condition.

    >>> import opalgebra as oa
    >>> p = oa.prove(oa.Down(2) @ oa.Up(2), oa.Identity())
    >>> p.steps[1].law, p.steps[1].expression
    ('down-up', Identity())
    """

    expression: Expression
    law: str
    condition: str

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {verb('step_formula')(self).latex}$"


class Proof(Drawn):
    """What is known about lhs = rhs; made by :func:`prove`.

    ``bool(p)`` is True only where equality is proved.

    >>> import opalgebra as oa
    >>> p = oa.prove(oa.Down(2) @ oa.Up(2), oa.Identity())
    >>> p.verdict, bool(p), p.check()
    ('proved', True, True)
    """

    def __init__(
        self,
        lhs: Expression,
        rhs: Expression,
        given: tuple[Hypothesis, ...],
        verdict: str,
        reason: str = "",
        witness: Witness | None = None,
    ) -> None:
        self.lhs, self.rhs, self.given = lhs, rhs, given
        self.verdict, self.reason, self.witness = verdict, reason, witness

    def __bool__(self) -> bool:
        return self.verdict == "proved"

    @cached_property
    @exactly()
    def steps(self) -> list[Step]:
        """The derivation from lhs to rhs (empty unless proved); the first line is lhs, by no law."""
        if self.verdict != "proved":
            return []
        if relations_of(self.given):
            return [Step(self.lhs, "", ""), Step(self.rhs, "hypothesis", ", ".join(map(str, self.given)))]
        from ..derive.search import derivation

        with room(self.lhs, self.rhs):
            return derivation(self.lhs, self.rhs, self.given)

    @exactly()
    def check(self) -> bool:
        """Replay the certificate by plain evaluation, which shares no code with the prover.

        A refutation is evaluated again at its witness.  A proof is tried, line by line, on impulses in
        every residue class and far apart, with random integer taps in place of formal kernels.
        """
        from ..certificates.certify import check

        with room(self.lhs, self.rhs):
            return check(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the certificate of a proof or a refutation, which ``opalgebra check`` and :func:`load_proof` read.

        The format is JSON; ``opalgebra/algebra/certificates/checker.py`` checks it without the rest of the package.

        Raises
        ------
        CertificateError
            Where nothing was decided, operators on arrays are compared, or numbers are not algebraic.
        """
        from ..certificates.writer import certificate

        text = certificate(self)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of both sides of a refuted statement near the sample in which they differ, ``around`` it on each
        side; OperandError where nothing is known to differ.
        """
        return verb("plot")(self, kind, dark=dark, **options)

    def __str__(self) -> str:
        return str(verb("proof_text")(self))

    def __repr__(self) -> str:
        return f"<Proof: {self.verdict}: {self.lhs} {'≠' if self.verdict == 'refuted' else '='} {self.rhs}>"

    def latex(self) -> str:
        """The derivation, or the difference, in LaTeX for mathematics mode."""
        return str(verb("proof_latex")(self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        return str(verb("proof_markdown")(self))


@exactly()
def prove(lhs: Any, rhs: Any, given: Hypothesis | Iterable[Hypothesis] = (), budget: float = DECISION) -> Proof:
    """Decide lhs = rhs for two operators, two signals or two bound operators.

    Parameters
    ----------
    lhs, rhs : LinearOperator, signal or BoundOperator
        With concrete factors the verdict is always "proved" or "refuted", whatever the kernels.  Blocks are
        compared entry by entry; powers of them above 1,000 are undecided.
    given : hypotheses, optional
        ``oa.coprime(k, m)``, ``oa.divides(k, m)``, ``oa.not_divides(k, d)``, ``oa.equal(k, a * m)``,
        ``oa.even_symmetric(q)``, ``oa.orthonormal(q, k)``, ``oa.paraunitary(hs, k)``, ``oa.nyquist(h, k)``; with the
        last three the verdict may be "undecided".  What is assumed of a SymPy symbol (even, odd, prime, composite)
        is given as well.  Every name of a hypothesis occurs in the statement, or is a factor in an ``equal`` or in two
        hypotheses that common names tie to the statement; of several kernels one does.
    budget : float
        Seconds after which the verdict is "undecided: budget"; very large statements alone take minutes.

    Returns
    -------
    Proof
        With ``verdict``, ``steps``, ``witness``, ``reason`` and ``check()``.

    Raises
    ------
    FactorError
        Where hypotheses contradict one another or what is assumed of symbols: everything would follow.
    HypothesisError
        Where hypotheses speak of names that the statement does not have, or has as another kind.

    Examples
    --------
    >>> import opalgebra as oa
    >>> k, q = oa.factors("k"), oa.signals("q")
    >>> print(oa.prove(oa.Down(k) @ oa.Conv(oa.Up(k) @ q), oa.Conv(q) @ oa.Down(k)))
    ↓ₖ ((↑ₖ q)∗)
      = (q∗) ↓ₖ    [noble-down]
    proved
    >>> p = oa.prove(oa.Up(2) @ oa.Down(2), oa.Identity())
    >>> p.verdict, p.witness.index, p.witness.lhs, p.witness.rhs
    ('refuted', 1, 0, 1)
    """
    if hasattr(lhs, "_prove_equal") or hasattr(rhs, "_prove_equal"):  # bound operators, from a layer above
        with limited(budget):
            decided: Proof = (lhs if hasattr(lhs, "_prove_equal") else rhs)._prove_equal(lhs, rhs, given)
        return decided
    return proved_about(Scope((_operand(lhs, "left"), _operand(rhs, "right"))), lhs, rhs, hypotheses(given), budget)


@exactly()
def proved_about(scope: Scope, lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...], budget: float = DECISION) -> Proof:
    """lhs = rhs decided as a part of something that has the names of the scope, of which hypotheses may speak."""
    lhs, rhs = _operand(lhs, "left"), _operand(rhs, "right")
    if isinstance(lhs, SignalExpr) != isinstance(rhs, SignalExpr):
        raise OperandError(f"an operator and a signal are compared: {lhs} and {rhs}; apply the operator with @ first")
    even = [fact.signal for fact in facts if isinstance(fact, EvenSymmetric)]
    common_ndim(lhs, rhs)
    if isinstance(lhs, LinearOperator):
        common_channels(lhs, rhs)
    formal_names(lhs, rhs, *even)  # refuses a name that stands for two things
    _check_symbols(all_factor_symbols(lhs, rhs))
    open_question = scope.check(facts)
    with limited(budget), room(lhs, rhs):
        verdict, reason, witness = _replayed(lhs, rhs, facts, decide(lhs, rhs, facts))
        if open_question and verdict == "proved" and decide(lhs, rhs, ())[0] != "proved":
            verdict, reason = "undecided", open_question
    return Proof(lhs, rhs, facts, verdict, reason, witness)


def _replayed(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...], decision: Decision) -> Decision:
    """A decision that refutes only what plain evaluation of the statement, as it was given, refutes too."""
    witness = decision[2]
    try:
        with room(lhs, rhs, grids=False):
            if witness is None or holds_at(lhs, rhs, facts, witness):
                return decision
    except Undecided as why:
        return "undecided", str(why), None
    return "undecided", "plain evaluation does not confirm the difference that was found", None


def _check_symbols(symbols: list[Any]) -> None:
    """Symbols of one name and different assumptions look alike and are not."""
    names = [symbol.name for symbol in symbols]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise OperandError(
            f"{', '.join(sorted(twice))} stands for two symbols with different assumptions; use one of them throughout"
        )


def _operand(value: Any, side: str) -> Expression:
    if isinstance(value, LinearOperator | SignalExpr):
        return value
    raise OperandError(
        f"the {side} side is {value!r} of type {type(value).__name__}; give operators or signals built from oa.Conv, "
        "oa.Up, oa.Down, …"
    )


def equals(lhs: Any, rhs: Any) -> bool:
    """True or False for a decided statement; raises :class:`Undecided` otherwise."""
    proof = prove(lhs, rhs)
    if proof.verdict == "undecided":
        raise Undecided(f"whether {lhs} equals {rhs} is undecided: {proof.reason}")
    return bool(proof)


Decision: TypeAlias = tuple[str, str, Witness | None]


def decide(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Decision:
    """(verdict, reason, witness)."""
    for fact in facts:
        found, rest = fact.solution(), tuple(other for other in facts if other != fact)
        if found is not None and not any(_speaks_of(relation, found[0]) for relation in relations_of(rest)):
            general = dict([found])
            verdict, reason, witness = decide(substitute(lhs, general), substitute(rhs, general), rest)
            if verdict == "proved" and relations_of((fact,)):
                reason = f"by the hypothesis {fact}, solved for {found[0]}"
            return verdict, reason, witness and _restored(witness, general, dimension(lhs, rhs))
    if any(isinstance(fact, EvenSymmetric) for fact in facts):
        return "undecided", "an even kernel under further equations is not decided", None
    try:
        lhs, rhs = nameless(lhs), nameless(rhs)
        if has_blocks(lhs) or has_blocks(rhs):
            from .blocks import decide_blocks

            return decide_blocks(lhs, rhs, facts)
        if relations := relations_of(facts):
            from .relations import decide_given

            return decide_given(lhs, rhs, relations, tuple(f for f in facts if f not in relations))
        if all_factor_symbols(lhs, rhs) or _speak_of_scalars(facts, lhs, rhs):
            return _decide_symbolic(lhs, rhs, facts)
        return _decide_concrete(lhs, rhs)
    except Undecided as why:
        return "undecided", str(why), None
    except SizeError as why:
        return "undecided", f"budget: {why}", None
    except RecursionError:
        return "undecided", "budget: the expression is nested too deeply", None


def _speak_of_scalars(facts: tuple[Hypothesis, ...], lhs: Expression, rhs: Expression) -> bool:
    """Whether a hypothesis is about a symbol that stands in scalars or taps: its values are not free there."""
    about = symbols_of(facts)
    return bool(about) and not about.isdisjoint(symbols_in(lhs) | symbols_in(rhs))


def _restored(witness: Witness, general: dict[str, SignalExpr], ndim: int) -> Witness:
    """A witness with the kernels that hypotheses speak of in place of the free ones that make them."""
    values = {s: witness.factors[s.name] for s in all_factor_symbols(*general.values()) if s.name in witness.factors}
    evaluator = Evaluator(ndim, witness._names, values)
    made = {name: evaluator.signal(signal) for name, signal in general.items() if name in witness._names}
    kernels = {**witness.kernels, **{name: to_signal(taps, ndim) for name, taps in made.items()}}
    return replace(witness, kernels=kernels, _names={**witness._names, **made})


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
    symbols = ", ".join(s.name for s in all_factor_symbols(lhs, rhs))
    advice = "a hypothesis may be missing, such as given=oa.coprime(k, m)"
    return "undecided", f"{reason}; small values of {symbols} show no difference; {advice}", None


def _walked_symbolically(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Decision | None:
    """Proved, or refuted at one of the small values that the walk set aside; None where nothing follows.

    The first way of walking that decides is taken.
    """
    from .affine import Context
    from .points import vanishes
    from .symbolic import SymbolicWalker

    given, mentioned = facts, all_factor_symbols(lhs, rhs)
    known = solved(facts)
    for symbol, value in known.replaced:
        lhs, rhs = (substitute(side, {symbol: value}) for side in (lhs, rhs))
    parities = with_parities(known, all_factor_symbols(lhs, rhs))
    for symbol, value in parities.replaced[len(known.replaced) :]:
        lhs, rhs = (substitute(side, {symbol: value}) for side in (lhs, rhs))
    known, facts = parities, tuple(parities.facts)
    symbols = all_factor_symbols(lhs, rhs)
    if not symbols:
        decision = _decide_concrete(lhs, rhs)
        return decision if decision[0] == "proved" else None  # a witness has values for the other symbols too
    ring = ring_of(constants(lhs, rhs), symbols)
    open_question: Undecided | None = None
    for left, right, held in _ways_to_walk(lhs, rhs):
        context = Context.of(symbols, facts)
        walker = SymbolicWalker(dimension(left, right), ring, context, held, Spectrum.of(left, right))
        try:
            minus = [s for state in walker.run(right) for s in state.scaled(-ring.one)]
            if vanishes([*walker.run(left), *minus], ring):
                witness = _small_counterexample(lhs, rhs, facts, context.thresholds)
                if witness is None:
                    return "proved", "", None
                found = _with_values(witness, known.replaced)
                if not _fits(found, {*mentioned, *symbols_of(given)}, given):
                    raise Undecided("it fails for some values, but not for any that are known to be allowed")
                return "refuted", "", found
        except Undecided as why:
            open_question = open_question or why
    if open_question is not None:
        raise open_question
    return None


def _ways_to_walk(lhs: Expression, rhs: Expression) -> Iterator[tuple[Expression, Expression, dict[Signal, str]]]:
    """Both sides with known taps held formal and not, sums of known length as one and written out."""
    signals = {n: None for e in (lhs, rhs) for n in walk(e) if isinstance(n, Signal)}
    if signals:
        yield lhs, rhs, {signal: str(i) for i, signal in enumerate(signals)}
    yield lhs, rhs, {}
    left, right = written_out(lhs), written_out(rhs)
    if left is not lhs or right is not rhs:
        yield left, right, {}


def _small_counterexample(
    lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...], thresholds: dict[Any, int]
) -> Witness | None:
    """The statement for every value of a symbol up to its threshold, one by one; None where all of these hold."""
    for symbol, largest in thresholds.items():
        for value in range(1, largest + 1):
            at = {symbol: value}
            alone = [fact for fact in facts if symbols_of([fact]) == {symbol}]
            if not (allowed(symbol, value) and all(holds(fact, at) for fact in alone)):
                continue
            left, right = substitute(lhs, at), substitute(rhs, at)
            verdict, _, witness = decide(left, right, _facts_at(facts, at))
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
    """The hypotheses that do not speak of symbols which have a value; without the others more is asked, not less."""
    return tuple(fact for fact in facts if not symbols_of([fact]) & at.keys())


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


def _speaks_of(relation: Any, name: str) -> bool:
    return any(getattr(kernel, "name", None) == name for kernel in relation.kernels)


def relations_of(facts: tuple[Hypothesis, ...]) -> list[Any]:
    """The hypotheses that are equations between operators."""
    return [fact for fact in facts if hasattr(fact, "pairs")]
