"""Statements about blocks: decided entry by entry."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

from ..._verbs import verb
from ...errors import SizeError, Undecided
from ...expr import MAX_POWER, PLAIN, Block, Grid, Shift, SignalExpr, common_ndim, fitted, grid, plain, without_blocks
from ...expr.operators import Adjoint, Compose, Conj, LinearOperator, Power, Scale, Sum, Transpose, add, common_channels
from ...expr.tree import all_factor_symbols
from ..budget import DECISION, limited, room
from ..facts import Hypothesis, symbols_of
from ..judge.witness import Witness
from .decision import Decision, answering
from .hypotheses import models
from .relations import decide_given
from .written import canonical_expression, has_canonical_expression


@answering
def decide_blocks(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]) -> Decision:
    """Proved where all entries are; refuted by the first entry that is; undecided by the first that is."""
    if lhs == rhs:
        return "proved", "", None
    if one_channel(lhs, rhs):
        left, right = without_blocks_in(lhs), without_blocks_in(rhs)
        with room(left, right):
            return decide_given(left, right, facts)
    open_question: Decision | None = None
    for channels, left, right in _pairs(lhs, rhs):
        with room(left, right):
            verdict, reason, witness = decide_given(left, right, facts)
        if witness is not None:
            found = _of_entry(witness, channels, lhs, rhs, facts)
            if found is not None:
                return verdict, reason, found
            verdict, reason = "undecided", "the entries differ, but no values of the other symbols were found"
        if verdict != "proved" and open_question is None:
            out, into = channels
            open_question = verdict, f"in the entry of output {out} and input {into}: {reason}", None
    return open_question or ("proved", "", None)


def one_channel(lhs: Any, rhs: Any) -> bool:
    """Whether both sides are signals, or operators of one channel."""
    return isinstance(lhs, SignalExpr) or common_channels(lhs, rhs) in (None, PLAIN)


def without_blocks_in(side: Any) -> Any:
    """A side of one channel without the blocks within it."""
    if not isinstance(side, SignalExpr):
        return _entries(side, *PLAIN)[0][0]
    try:
        return without_blocks(side)
    except SizeError as why:
        raise Undecided(f"budget: {why}") from None


def grids(lhs: LinearOperator, rhs: LinearOperator) -> tuple[Grid, Grid]:
    """Both sides as grids of one size."""
    outs, ins = common_channels(lhs, rhs) or PLAIN
    return _entries(lhs, outs, ins), _entries(rhs, outs, ins)


def _entries(side: LinearOperator, outs: int, ins: int) -> Grid:
    """The grid; where products grow too large, one simplified after every product."""
    try:
        return fitted(side, outs, ins)
    except (SizeError, RecursionError):
        return fitted(_in_steps(side), outs, ins)


def _shorter(operator: LinearOperator) -> LinearOperator:
    """An equal operator of canonical entries; those that have no canonical expression are shortened by laws."""
    if operator.channels not in (None, PLAIN):
        return Block([[_shorter(entry) for entry in row] for row in grid(operator)])
    entry = plain(operator)
    if not has_canonical_expression(entry):
        return verb("simplify")(entry)
    with room(entry), limited(DECISION):
        return canonical_expression(entry)


def _in_steps(operator: LinearOperator) -> LinearOperator:
    match operator:
        case Compose():
            factors = [_in_steps(factor) for factor in operator.factors]
        case Power():
            if operator.exponent > MAX_POWER:
                raise Undecided(f"budget: blocks to the power {operator.exponent} (limit {MAX_POWER})")
            factors = [_in_steps(operator.operator)] * operator.exponent
        case Sum():
            return _shorter(add(tuple(map(_in_steps, operator.terms))))
        case Scale():
            return _shorter(Scale(operator.scalar, _in_steps(operator.operator)))
        case Transpose() | Adjoint() | Conj():
            return _shorter(type(operator)(_in_steps(operator.operator)))
        case _:
            return _shorter(operator)
    return reduce(lambda left, right: _shorter(left @ right), factors)


def _pairs(lhs: LinearOperator, rhs: LinearOperator) -> list[tuple[tuple[int, int], LinearOperator, LinearOperator]]:
    """(output and input channel, left entry, right entry) of the entries that are not the same tree."""
    ndim = common_ndim(lhs, rhs) or 1
    found = []
    for i, (lefts, rights) in enumerate(zip(*grids(lhs, rhs), strict=True)):
        for j, (left, right) in enumerate(zip(lefts, rights, strict=True)):
            if left != right:
                found.append(((i, j), _on_axes(left, ndim), _on_axes(right, ndim)))
    return found


def _on_axes(entry: LinearOperator, ndim: int) -> LinearOperator:
    """An entry that fits any number of axes, on as many as the block has: a witness is then one of these."""
    return entry if entry.ndim == ndim or ndim == 1 else entry @ Shift((0,) * ndim)


def _of_entry(
    witness: Witness, channels: tuple[int, int], lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]
) -> Witness | None:
    """The witness of one entry as one of the whole, with some value that is allowed for the symbols of other entries.

    None where no values are found that satisfy hypotheses.
    """
    symbols = {*all_factor_symbols(lhs, rhs), *symbols_of(facts)}
    fixed = {symbol: witness.factors[symbol.name] for symbol in symbols if symbol.name in witness.factors}
    found = next(models(facts, symbols, fixed), None)
    if found is None:
        return None
    factors = {symbol.name: found[symbol] for symbol in sorted(symbols, key=lambda s: str(s.name))}
    return replace(witness, factors={**factors, **witness.factors}, channels=channels)
