"""optimize: the cheapest equal expression that a search by named laws finds.

Best first: the cheapest expression known is taken, and every move of :mod:`.moves` tried at every place of it.  The
order and the budget are fixed, so that the result depends on the expression and the cost alone.  A result is kept only
where the decision procedure proves every line of the way to it, and where it has the dtype of the original on arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count, pairwise
from typing import Any, TypeAlias

import numpy as np

from ..._verbs import verb
from ...errors import DimensionError, OpAlgebraError, OperandError, Undecided
from ...expr import PLAIN, FormalOperator, LinearOperator, Modulate, Node, Power, Signal, common_ndim
from ...expr.contents import constants, formal_names, has_blocks
from ...expr.sums import substitute
from ...expr.tree import all_factor_symbols, transform, walk
from ...scalar import is_sympy
from ..decide.proof import Step
from ..decide.prove import decide
from ..derive.rewrite import normalise
from ..derive.search import derivation, lines_hold, merged
from ..derive.simplify import simplify
from .moves import POWER_LIMIT, Lines, moves, spots, tidy
from .taps import common_kind, exact_taps, kind_of, made

CostFunction: TypeAlias = Callable[[LinearOperator], Any]
TIES = ("multiply_adds", "memory", "size", "naive")  # the order in which ties are broken
NAMES = (*TIES, "time")
BUDGET = 500  # expressions that one search looks at
PATIENCE = 120  # of them, how many after the last that was cheaper than all before
ROUNDS = 12  # searches, each from the best of the one before
GREATEST = 400  # parts of the largest expression that is looked at
TAPS = 256  # samples of the known kernels of an expression that is written in canonical form
LENGTHS = (5, 16)  # taps that stand in for a formal kernel: a short one and a long one
CANONICAL = "canonical-form"  # what a line is called that no law leads to
PRIMES = ((2, 3, 5, 7, 11), (5, 2, 7, 3, 13))  # factors that stand in for symbols


def size_of(expression: Node) -> int:
    """Parts of an expression, a known kernel counted by its samples."""
    return sum(node.values.size if isinstance(node, Signal) else 1 for node in walk(expression))


def optimize(operator: LinearOperator, cost: str | CostFunction | None = None) -> LinearOperator:
    """A' = A at the least cost that the search finds; A itself where nothing is cheaper.

    Parameters
    ----------
    operator : LinearOperator
    cost : str or callable, optional
        What to make small: "multiply_adds" (default), "memory", "size" or "naive", as ``A.cost()`` counts them, the
        others breaking ties in that order; "time", its estimate for large arrays; or a function of an expression
        whose values compare.  Formal kernels and symbolic factors are measured at a short and a long kernel and at
        two sets of factors; what comes is cheaper for one of them and dearer for none.

    Notes
    -----
    Floats are the binary fractions that they store.  Kernels are multiplied or factored only where every tap of the
    result is a float again; sums of products are then taken in another order, and a result on a floating array may
    differ from that of A by rounding.  The dtype on arrays stays.

    Raises
    ------
    OperandError
        For a cost of another name.

    Examples
    --------
    >>> import opalgebra as oa
    >>> print(optimize(oa.Conv([1, 2, 1]) @ oa.Repeat(2)))
    ((1 3 3 1)∗) ↑₂
    """
    result: Any = optimized(operator, cost)[-1].expression
    return result


def optimized(operator: LinearOperator, cost: str | CostFunction | None = None) -> list[Step]:
    """The lines from an operator to the cheapest equal one found; the first is the operator, by no law."""
    measure = Measure.of(operator, cost)
    steps = [Step(operator, "", "")]
    if any(isinstance(node, Signal) and node.dtype.char in "gG" for node in walk(operator)):
        return steps  # long doubles have no exact numbers that the prover reads
    for _ in range(ROUNDS):
        last: Any = steps[-1].expression
        found = _search(last, measure)
        if found is None:
            break
        steps += found
    return steps


class Measure:
    """Costs of expressions; those with formal parts are measured with several kernels and factors in their place."""

    def __init__(self, cost: CostFunction, stand_ins: tuple[dict[Any, Any], ...], phases: bool) -> None:
        self.cost, self.stand_ins = cost, stand_ins
        self.phases = phases  # whether sums over phases can be cheaper: the program has no use for them

    @classmethod
    def of(cls, operator: LinearOperator, cost: str | CostFunction | None) -> Measure:
        """The measure by a name, or by a function of the expression."""
        if callable(cost):
            function = cost
            return cls(lambda expression: (function(expression), size_of(expression)), ({},), True)
        name = NAMES[0] if cost is None else cost
        if name not in NAMES:
            raise OperandError(
                f"the cost is {cost!r}; give one of {', '.join(map(repr, NAMES))}, or a function of an expression"
            )
        order = (name, *(other for other in TIES if other != name))

        def measured(expression: LinearOperator) -> tuple[Any, ...]:
            found = verb("cost")(expression)
            return tuple(getattr(found, entry) for entry in order)

        return cls(measured, _stand_ins(operator), name == "naive")

    def __call__(self, expression: LinearOperator) -> tuple[Any, ...]:
        """One cost for every set of stand-ins."""
        return tuple(self.cost(substitute(expression, values) if values else expression) for values in self.stand_ins)


def _cheaper(new: tuple[Any, ...], old: tuple[Any, ...]) -> bool:
    """Cheaper for one set of stand-ins, and dearer for none."""
    return all(a <= b for a, b in zip(new, old, strict=True)) and any(a < b for a, b in zip(new, old, strict=True))


def _stand_ins(operator: LinearOperator) -> tuple[dict[Any, Any], ...]:
    """Numbers for all that is formal: kernels of ones, primes for symbols, weights for any operator."""
    factors = all_factor_symbols(operator)
    others = {s for value in constants(operator) if is_sympy(value) for s in value.free_symbols} - set(factors)
    symbols = [*factors, *sorted(others, key=str)]
    names, ndim = formal_names(operator), common_ndim(operator) or 1
    if not symbols and not names:
        return ({},)
    found = []
    for length, primes in zip(LENGTHS, PRIMES, strict=True):
        kernel = Signal(np.ones((length if ndim == 1 else length // 2 + 1,) * ndim, dtype=np.int64).tolist())
        weights = Modulate(np.full((2,) * ndim, 3).tolist())
        values: dict[Any, Any] = {s: primes[i % len(primes)] + 30 * (i // len(primes)) for i, s in enumerate(symbols)}
        values |= {name: weights if isinstance(node, FormalOperator) else kernel for name, node in names.items()}
        found.append(values)
    return tuple(found)


# The search -----------------------------------------------------------------------------------------------------


class _Search:
    """One search: every expression seen, with the one before it and the lines between."""

    def __init__(self, start: LinearOperator, measure: Measure) -> None:
        self.start, self.measure = start, measure
        self.before: dict[LinearOperator, tuple[LinearOperator, Lines] | None] = {start: None}
        self.cost = measure(start)
        self.cheaper: list[tuple[Any, LinearOperator]] = []  # with what they cost
        self._queue: list[tuple[Any, int, LinearOperator]] = [(self.cost, 0, start)]
        self._number = count(1)
        self._best, self._seen_at_best = self.cost, 0

    def run(self) -> None:
        """Try moves, from the cheapest expression on, until the budget is spent."""
        for new in _canonical(self.start):
            self._look(self.start, [(CANONICAL, new)])
        while self._queue and not self._is_spent:
            _, _, expression = heappop(self._queue)
            for move in _everywhere(expression, self.measure.phases):
                self._look(expression, move)
                if self._is_spent:
                    break

    @property
    def _is_spent(self) -> bool:
        return len(self.before) >= min(BUDGET, self._seen_at_best + PATIENCE)

    def _look(self, expression: LinearOperator, move: Lines) -> None:
        tidied = tidy(move[-1][1])
        move = move if tidied is None else [*move, tidied]
        new = move[-1][1]
        if new in self.before or not self._fits(new):
            return
        self.before[new] = expression, move
        try:
            cost = self.measure(new)
        except OpAlgebraError:  # such as integers beyond 64 bits: nothing that can run
            return
        if _cheaper(cost, self.cost):
            self.cheaper.append((cost, new))
        if cost < self._best:
            self._best, self._seen_at_best = cost, len(self.before)
        heappush(self._queue, (cost, next(self._number), new))

    def _fits(self, new: LinearOperator) -> bool:
        """Whether an expression is small enough and acts on the channels of the first."""
        wanted = self.start.channels
        same = new.channels == wanted or (new.channels is None and wanted == PLAIN)
        return same and sum(1 for _ in walk(new)) <= GREATEST

    def lines_to(self, expression: LinearOperator) -> list[Step]:
        """The lines from the first expression to one that was seen."""
        lines: list[Step] = []
        while (found := self.before[expression]) is not None:
            expression, move = found
            lines = [*(Step(new, law, "") for law, new in move), *lines]
        return merged([Step(self.start, "", ""), *lines])


def _search(start: LinearOperator, measure: Measure) -> list[Step] | None:
    """The lines after ``start`` to the cheapest expression that holds; None where nothing is cheaper."""
    if sum(1 for _ in walk(start)) > GREATEST:
        return None
    search = _Search(start, measure)
    search.run()
    for _, found in sorted(search.cheaper, key=lambda entry: entry[0]):
        lines = search.lines_to(found)
        if _same_dtypes(start, found, measure) and _hold(lines):
            return merged(_by_named_laws(lines))[1:]
    return None


def _by_named_laws(lines: list[Step]) -> list[Step]:
    """The lines with the way to a canonical form written out where laws lead there."""
    result = lines[:1]
    for line in lines[1:]:
        result += derivation(result[-1].expression, line.expression, ())[1:] if line.law == CANONICAL else [line]
    return result


def _hold(lines: list[Step]) -> bool:
    """Whether every line is proved equal to the one before."""
    if not any(has_blocks(line.expression) for line in lines):
        return lines_hold(lines, ())
    try:
        return all(decide(a.expression, b.expression, ())[0] == "proved" for a, b in pairwise(lines))
    except Undecided:
        return False


@lru_cache(maxsize=4096)
def _moves_of(node: LinearOperator, phases: bool) -> tuple[Lines, ...]:
    return tuple(moves(node, phases))


def _everywhere(expression: LinearOperator, phases: bool) -> Iterator[Lines]:
    """Every move at every place, as lines of the whole expression."""
    for node, put in spots(expression):
        for move in _moves_of(node, phases):
            try:
                lines = [(law, put(part)) for law, part in move]
            except DimensionError:  # a part without channels of its own, in a place that has several
                continue
            yield lines


def _canonical(operator: LinearOperator) -> Iterator[LinearOperator]:
    """The canonical expression and the normal form, with kernels of the kind that the operator has."""
    taps = sum(node.values.size for node in walk(operator) if isinstance(node, Signal))
    if taps > TAPS or any(isinstance(node, Power) and node.exponent > POWER_LIMIT for node in walk(operator)):
        return
    forms: list[LinearOperator] = []
    with suppress(Undecided):  # too many terms
        forms.append(simplify(operator))
    if not has_blocks(operator):
        forms.append(normalise(operator)[-1].expression)  # type: ignore[arg-type]  # of an operator, an operator
    for form in forms:
        turned = _of_kind(form, operator)
        if turned is not None:
            yield turned


def _of_kind(form: LinearOperator, operator: LinearOperator) -> LinearOperator | None:
    """The canonical form is made of exact taps; here with taps of the kind that the operator has."""
    kinds = list(dict.fromkeys(kind_of(node) for node in walk(operator) if isinstance(node, Signal)))
    if all(kind.dtype.kind not in "fc" for kind in kinds):
        return form
    kind = kinds.pop()
    for other in kinds:
        both = common_kind(kind, other)
        if both is None:
            return None
        kind = both
    fits = True

    def replace(node: Node) -> Node | None:
        nonlocal fits
        if not isinstance(node, Signal):
            return None
        turned = made(exact_taps(node), node.starts, kind)
        fits = fits and turned is not None
        return turned

    turned: LinearOperator = transform(form, replace)
    return turned if fits else None


# What must stay on arrays ---------------------------------------------------------------------------------------

DTYPES = ("i8", "f4", "f8", "c8", "c16")


def _same_dtypes(before: LinearOperator, after: LinearOperator, measure: Measure) -> bool:
    """Whether both give arrays of the same dtypes."""
    values = (measure.stand_ins if any(measure.stand_ins) else _stand_ins(before))[0]
    return _dtypes(substitute(before, values)) == _dtypes(substitute(after, values))


def _dtypes(operator: LinearOperator) -> list[Any]:
    """The dtypes, or the error, for one sample of every dtype in every channel, bound and on ℤ^d."""
    one = (1,) * (common_ndim(operator) or 1)
    _, inputs = operator.channels or PLAIN
    bound = verb("on")(operator, one)
    found: list[Any] = []
    for dtype in DTYPES:
        data = (Signal(np.ones(one, dtype=dtype)),) * inputs
        try:
            outputs = verb("apply_to_channels")(operator, data)
            found.append([bound._result(np.dtype(dtype)), *(output.dtype for output in outputs)])
        except OpAlgebraError as error:
            found.append(type(error))
    return found
