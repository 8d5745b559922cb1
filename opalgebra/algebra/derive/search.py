"""Derivations: from one side to the other by named laws, every line checked.

One law at one place is tried first.  Then both sides are rewritten towards the normal form of :mod:`.rewrite` and
joined where they meet.  No line is shown that the decision procedure has not proved equal to the one before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeAlias

from ...errors import Undecided
from ...expr import (
    Block,
    Conv,
    Down,
    IndexedSum,
    SamplingMatrix,
    Shift,
    Signal,
    Up,
    axes,
    is_symbolic,
    ratio,
)
from ...expr.contents import constants, has_blocks
from ...expr.operators import Compose, Identity, Scale, Sum, Zero, add, compose
from ...expr.sums import nameless
from ...expr.tree import all_factor_symbols, walk
from ...scalar import exact, is_sympy
from ..budget import DERIVATION, check_time, limited
from ..decide.blocks import grids, one_channel, without_blocks_in
from ..decide.decision import same_canonical
from ..decide.proof import Step
from ..decide.prove import decide
from ..equations import relations_of
from ..facts import Hypothesis
from ..judge.evaluate import Evaluator, Expression
from ..laws.given import put_in, values
from ..laws.law import BACKWARD, FORWARD, Law
from ..laws.table import laws
from ..numbers.choose import ring_of
from ..numbers.ring import Ring
from .collecting import LINEAR, spelled
from .meeting import meeting
from .rewrite import Facts, identity_gone, letter_named, lines, normalise

SHORT = 8  # lines up to which a derivation is better than one law that says the same


def derivation(lhs: Expression, rhs: Expression, facts: Facts) -> list[Step]:
    """The lines from lhs to rhs, each checked; one line by comparison of canonical forms where no laws lead there."""
    if has_blocks(lhs) or has_blocks(rhs):
        return block_derivation(lhs, rhs, facts)
    with limited(DERIVATION):
        steps = _by_laws(lhs, rhs, facts)
        steps = _by_values(lhs, rhs, facts) if steps is None else steps
    if steps is not None:
        return steps
    if lhs == rhs:
        return [Step(lhs, "", "")]
    law, condition = ("hypothesis", ", ".join(map(str, facts))) if relations_of(facts) else ("canonical-form", "")
    return [Step(lhs, "", ""), Step(rhs, law, condition)]


def _by_values(lhs: Expression, rhs: Expression, facts: Facts) -> list[Step] | None:
    """Lines that begin and end with what is given for factors, such as k = a m."""
    put = list(values(facts))
    sides: list[Any] = [lhs, rhs]
    for symbol, value, _ in put:
        sides = [None if side is None else put_in(side, symbol, value) for side in sides]
    if not put or any(side is None for side in sides):
        return None
    middle = [Step(lhs, "", "")] if sides[0] == sides[1] else _by_laws(sides[0], sides[1], facts)
    if middle is None:
        return None
    condition = ", ".join(dict.fromkeys(said for _, _, said in put))
    steps = [Step(lhs, "", "")]
    steps += [Step(sides[0], "substitute", condition)] if sides[0] != lhs else []
    steps += middle[1:]
    steps += [Step(rhs, "substitute", condition)] if sides[1] != rhs else []
    return steps if lines_hold(steps, facts) else None


def _by_laws(lhs: Expression, rhs: Expression, facts: Facts) -> list[Step] | None:
    try:
        steps = _single_law(lhs, rhs, facts) or _joined(lhs, rhs, facts) or _tidied(lhs, rhs, facts)
        if steps is None or len(steps) > SHORT:
            met = meeting(lhs, rhs, facts)
            steps = met if steps is None or (met is not None and len(met) < len(steps)) else steps
    except Undecided:  # the time is over
        return None
    if steps is None:
        return None
    steps = told_shortly(_seen_apart(steps), SHORT)
    if not lines_hold(steps, facts):
        return None
    restated = len(steps) == 2 and steps[1].law not in laws.basic
    return (_elementary(lhs, rhs, facts, steps[1].law) or steps) if restated else steps


def _elementary(lhs: Expression, rhs: Expression, facts: Facts, law: str) -> list[Step] | None:
    """Few lines that do without the one law that says it all; None where none are found."""
    try:
        steps = _joined(lhs, rhs, facts, law)
    except Undecided:  # the time is over
        return None
    steps = None if steps is None else _seen_apart(steps)
    if steps is None or len(steps) > SHORT or any(step.law == law for step in steps):
        return None
    return steps if lines_hold(steps, facts) else None


def told_shortly(steps: list[Step], lines: int) -> list[Step]:
    """The lines, where there are too many with those in a row that only multiply out as one."""
    if len(steps) <= lines:
        return steps
    result: list[Step] = []
    for step in steps:
        if result and step.law in LINEAR and result[-1].law in LINEAR:
            result.pop()
            step = Step(step.expression, "linearity", "")
        result.append(step)
    return _adjoints_told(result)


def _alike(one: Any, other: Any) -> bool:
    """Whether they print alike, up to the order of terms."""
    return str(one) == str(other) or _same_terms(one, other)


def _seen_apart(steps: list[Step]) -> list[Step]:
    """The lines without those that print like the one before, up to the order of terms; both ends stay."""
    result = steps[:1]
    for step in steps[1:]:
        if not _alike(step.expression, result[-1].expression):
            result.append(step)
        elif len(result) > 1:
            result[-1] = Step(step.expression, result[-1].law, result[-1].condition)
    if result[-1].expression != steps[-1].expression:  # all lines print like the first
        result.append(steps[-1])
    return result


TOLD = {  # laws in a row that one law says
    frozenset(("adjoint-product", "conv-adjoint", "down-adjoint")): "strided-adjoint",
    frozenset(("transpose-product", "conv-transpose", "down-transpose")): "strided-transpose",
}


def _adjoints_told(steps: list[Step]) -> list[Step]:
    """The lines with three in a row as the one law of strided convolutions that they are."""
    result: list[Step] = []
    for step in steps:
        result.append(step)
        law = TOLD.get(frozenset(s.law for s in result[-3:]))
        if law is not None:
            result[-3:] = [Step(step.expression, law, "")]
    return result


def lines_hold(steps: list[Step], facts: Facts) -> bool:
    """Whether the decision procedure proves every line equal to the one before."""
    written = [step.expression for step in steps]
    try:
        ring = None if facts or any(all_factor_symbols(line) for line in written) else ring_of(constants(*written))
        return all(_line_holds(*_without_common_terms(a, b), ring, facts) for a, b in pairwise(written))
    except Undecided:
        return False


def _line_holds(before: Expression, after: Expression, ring: Ring | None, facts: Facts) -> bool:
    return same_canonical(before, after, ring) if ring else decide(before, after, facts)[0] == "proved"


def _without_common_terms(lhs: Any, rhs: Any) -> tuple[Any, Any]:
    """Both sides without the terms that stand on either: what is left is equal iff they are."""
    if not (isinstance(lhs, Sum) and isinstance(rhs, Sum)):
        return lhs, rhs
    left, right = Counter(lhs.terms), Counter(rhs.terms)
    return add(tuple((left - right).elements())), add(tuple((right - left).elements()))


def _single_law(lhs: Expression, rhs: Expression, facts: Facts, of_sums: bool = False) -> list[Step] | None:
    """One law at one place, in either direction; a sum's number of terms is tried for a law's missing k.

    With ``of_sums`` only the laws whose side is a sum over r < k are tried.
    """
    if lhs == rhs:
        return [Step(lhs, "", "")]
    present = [{type(node) for node in walk(side)} for side in (lhs, rhs)]
    for law in laws.telling:
        check_time()
        for reverse in (FORWARD, BACKWARD) if law.summed or not of_sums else ():
            for start, goal, types in ((lhs, rhs, present[0]), (rhs, lhs, present[1])):
                if law.may_fit(reverse, types):
                    for new, condition in _uses(law, start, goal, reverse, facts):
                        if nameless(new) == nameless(goal) or _same_terms(new, goal):
                            return [Step(lhs, "", ""), Step(rhs, law.name, condition)]
    return None


def _uses(law: Law, start: Expression, goal: Expression, reverse: bool, facts: Facts) -> Iterator[tuple[Any, str]]:
    counts = _counts(goal) if law.summed else []
    for known in [{"k": k} for k in counts] or [{}]:
        yield from law.uses(start, reverse, facts, known)


def _counts(goal: Expression) -> list[Any]:
    """What a sum over 0 ≤ r < k may have for k; nothing where the goal is no sum.

    The ends of nested sums over indices; of terms written out their number, and factors of as many cosets that occur.
    """
    stops = []
    node: Any = goal
    while isinstance(node, IndexedSum):
        stops.append(node.stop)
        node = node.body
    if stops:
        return [stops[0] if len(stops) == 1 else tuple(stops)]
    if not isinstance(goal, Sum):
        return []
    count = len(goal.terms)
    factors = (node.factor for node in walk(goal.terms[-1]) if isinstance(node, Down | Up))
    several = [k for k in factors if isinstance(k, tuple | SamplingMatrix) and not is_symbolic(k) and ratio(k) == count]
    return [count, *dict.fromkeys(several)]


def _tidied(lhs: Expression, rhs: Expression, facts: Facts) -> list[Step] | None:
    """One law between both sides once letters that do nothing are gone."""
    left, right = (lines(side, facts, (letter_named, identity_gone)) for side in (lhs, rhs))
    if len(left) == len(right) == 1:
        return None  # nothing to tidy: tried before
    middle = _single_law(left[-1].expression, right[-1].expression, facts)
    return None if middle is None else _through(left, middle[1:], right)


def _backwards(steps: list[Step], last: int) -> list[Step]:
    """The lines from line ``last`` back to the first."""
    return [Step(steps[m - 1].expression, steps[m].law, steps[m].condition) for m in range(last, 0, -1)]


def _through(left: list[Step], middle: list[Step], right: list[Step]) -> list[Step]:
    """All of the left lines, the middle ones, and the right lines from the last to the first."""
    return merged([*left, *middle, *_backwards(right, len(right) - 1)])


def _same_terms(left: Any, right: Any) -> bool:
    return isinstance(left, Sum) and isinstance(right, Sum) and Counter(left.terms) == Counter(right.terms)


def _joined(lhs: Expression, rhs: Expression, facts: Facts, without: str = "") -> list[Step] | None:
    """Both sides to normal form, joined at the first expression that they share.

    Where it is to be done without a law, named laws have to lead there: collecting taps says less.
    """
    left, right = normalise(lhs, facts, without), normalise(rhs, facts, without)
    where = {nameless(step.expression): i for i, step in enumerate(right)}
    for i, step in enumerate(left):
        j = where.get(nameless(step.expression))
        if j is not None:
            return merged([*left[: i + 1], *_backwards(right, j)])
    middle = _single_law(left[-1].expression, right[-1].expression, facts, of_sums=True)
    if middle is not None:
        return _through(left, middle[1:], right)
    if not without and linear_key(left[-1].expression) == linear_key(right[-1].expression):
        return _through(left, [Step(right[-1].expression, "collect-terms", "")], right)
    return None


def merged(steps: list[Step]) -> list[Step]:
    """Neighbouring lines by one law become one line."""
    result: list[Step] = []
    for i, step in enumerate(steps):
        follows = i + 1 < len(steps) and steps[i + 1].law == step.law and step.law
        if not follows:
            result.append(step)
    return result


LinearKey: TypeAlias = dict[tuple[Any, ...], dict[tuple[int, ...], Any]]


def linear_key(expression: Any) -> LinearKey:
    """A sum of words as the exact taps of its concrete kernels, by all that is not a concrete kernel.

    Two normal forms with one key differ in how scalars, delays and taps are distributed over their terms.
    """
    key: LinearKey = {}
    for term in expression.terms if isinstance(expression, Sum) else (expression,):
        scalar, word = (term.scalar, term.operator) if isinstance(term, Scale) else (1, term)
        if isinstance(word, Zero):
            continue
        signature, taps = _segment(word.factors if isinstance(word, Compose) else (word,))
        total = key.setdefault(signature, {})
        for at, value in taps.items():
            total[at] = total.get(at, 0) + exact(scalar) * value
    exactly = {
        signature: {at: v for at, value in taps.items() if (v := _expanded(value)) != 0}
        for signature, taps in key.items()
    }
    return {signature: taps for signature, taps in exactly.items() if taps}


def _expanded(value: Any) -> Any:
    return exact(value.expand()) if is_sympy(value) else value


def _segment(letters: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[tuple[int, ...], Any]]:
    """The first run of convolutions and delays behind a ↓: its concrete part, and the rest as a signature."""
    begin = 1 if isinstance(letters[0], Down) else 0
    end = next((i for i in range(begin, len(letters)) if not isinstance(letters[i], Conv | Shift)), len(letters))
    known = [x for x in letters[begin:end] if not _is_formal(x)]
    others = [x for x in letters[begin:end] if _is_formal(x)]
    ndim = next((x.ndim for x in letters if x.ndim is not None), 1) or 1
    taps = Evaluator(ndim).act(compose(tuple(known)), {(0,) * ndim: 1})
    rest = tuple(_exact_letter(x) for x in letters[end:] if not isinstance(x, Identity))
    return (letters[:begin], tuple(sorted(others, key=spelled)), rest), taps


def _is_formal(letter: Any) -> bool:
    return not isinstance(letter.kernel, Signal) if isinstance(letter, Conv) else any(map(is_sympy, axes(letter.shift)))


def _exact_letter(letter: Any) -> Any:
    """A letter, with the exact taps in place of a concrete kernel."""
    if isinstance(letter, Conv) and isinstance(letter.kernel, Signal):
        return frozenset(Evaluator(letter.kernel.ndim or 1).signal(letter.kernel).items())
    return letter


def block_derivation(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]) -> list[Step]:
    """lhs, its one grid, the grid of rhs, and rhs; of one channel, the derivation between what the grids hold."""
    if lhs == rhs:
        return [Step(lhs, "", "")]
    if one_channel(lhs, rhs):
        middle = derivation(without_blocks_in(lhs), without_blocks_in(rhs), facts)
    else:
        left, right = (Block(entries) for entries in grids(lhs, rhs))
        middle = [Step(left, "", "")] + ([Step(right, "entry by entry", "")] if left != right else [])
    first, last = middle[0].expression, middle[-1].expression
    start = [Step(lhs, "", "")] + ([Step(first, _expansion(lhs), "")] if first != lhs else [])
    return [*start, *middle[1:], *([Step(rhs, _expansion(rhs), "")] if last != rhs else [])]


def _expansion(side: Expression) -> str:
    return "block-identity" if isinstance(side, Identity) else "block-product"
