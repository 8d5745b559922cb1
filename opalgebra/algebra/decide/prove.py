"""prove: decide whether two expressions are equal, with a derivation or a witness to show for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...errors import OperandError, Undecided
from ...expr import SignalExpr, all_factor_symbols, common_ndim, formal_names, has_blocks, nameless, substitute
from ...expr.exactly import exactly
from ...expr.operators import LinearOperator, common_channels
from ..budget import DECISION, limited, room
from ..equations import Symmetric, as_relations, sides_of, solved_for_kernels
from ..facts import AboutFactors, Hypothesis, hypotheses
from ..judge.evaluate import Evaluator, Expression
from ..judge.replay import holds_at
from ..judge.witness import Witness, to_signal
from .decision import Decision, answering, decide_plain, dimension
from .proof import Proof
from .scope import Scope


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
        ``oa.symmetric(q, about=, sign=)``, ``oa.orthonormal(q, k)``, ``oa.paraunitary(hs, k)``, ``oa.nyquist(h, k)``,
        ``oa.equation(A, B)``, SymPy relations such as ``r < k``; with equations the verdict may be "undecided".  What
        is assumed of a SymPy symbol (even, odd, prime, composite) is given as well.  Every name of a hypothesis occurs
        in the statement, or is a factor in an ``equal`` or in two hypotheses that common names tie to the statement; of
        several kernels one does.
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
    return proved_about(Scope((operand(lhs, "left"), operand(rhs, "right"))), lhs, rhs, hypotheses(given), budget)


@exactly()
def proved_about(scope: Scope, lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...], budget: float = DECISION) -> Proof:
    """lhs = rhs decided as a part of something that has the names of the scope, of which hypotheses may speak."""
    lhs, rhs = operand(lhs, "left"), operand(rhs, "right")
    if isinstance(lhs, SignalExpr) != isinstance(rhs, SignalExpr):
        raise OperandError(f"an operator and a signal are compared: {lhs} and {rhs}; apply the operator with @ first")
    common_ndim(lhs, rhs)
    if isinstance(lhs, LinearOperator):
        common_channels(lhs, rhs)
    formal_names(lhs, rhs, *(side for fact in facts for side in sides_of(fact)))  # refuses one name for two things
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


def operand(value: Any, side: str) -> Expression:
    """A side of a statement, or :class:`OperandError` for what is none."""
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


def decide(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Decision:
    """(verdict, reason, witness)."""
    solved, left = solved_for_kernels(facts) if facts else ([], ())
    for _, general in solved:
        lhs, rhs = substitute(lhs, general), substitute(rhs, general)
    relations = as_relations(left)
    verdict, reason, witness = _by_what_there_is(
        lhs, rhs, (*(fact for fact in left if isinstance(fact, AboutFactors)), *relations)
    )
    used = [f"{fact}, solved for {name}" for fact, g in solved if not isinstance(fact, Symmetric) for name in g]
    if verdict == "proved" and used:
        reason = "; ".join(filter(None, [f"by the hypothesis {' and '.join(used)}", reason]))
    for _, general in reversed(solved):
        witness = witness and _restored(witness, general, dimension(lhs, rhs))
    return verdict, reason, witness


@answering
def _by_what_there_is(lhs: Expression, rhs: Expression, facts: tuple[Hypothesis, ...]) -> Decision:
    """A statement with blocks or without, once what is given is solved."""
    if has_blocks(lhs) or has_blocks(rhs):
        from .blocks import decide_blocks  # needed for few statements

        return decide_blocks(nameless(lhs), nameless(rhs), facts)
    if any(not isinstance(fact, AboutFactors) for fact in facts):
        from .relations import decide_given  # likewise

        return decide_given(lhs, rhs, facts)
    return decide_plain(lhs, rhs, facts)


def _restored(witness: Witness, general: dict[str, SignalExpr], ndim: int) -> Witness:
    """A witness with the kernels that hypotheses speak of in place of the free ones that make them."""
    values = {s: witness.factors[s.name] for s in all_factor_symbols(*general.values()) if s.name in witness.factors}
    none: dict[str, Any] = {name: {} for name in formal_names(*general.values())}
    evaluator = Evaluator(ndim, {**none, **witness._names}, values)
    made = {name: evaluator.signal(signal) for name, signal in general.items()}
    kernels = {**witness.kernels, **{name: to_signal(taps, ndim) for name, taps in made.items()}}
    return replace(witness, kernels=kernels, _names={**witness._names, **made})
