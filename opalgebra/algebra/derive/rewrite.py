"""Rewriting by named laws towards a normal form.

↓ goes to the left, ↑ and the flip to the right, convolutions and delays stay between; each line uses one law of
the catalogue, wherever it fits.  Which laws are used, and in which direction, their rows say (``normal``).
Nothing here is trusted: :mod:`.search` has every line checked by the decision procedure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from ...expr import (
    Adjoint,
    Character,
    Conv,
    Down,
    IndexedSignalSum,
    IndexedSum,
    Modulate,
    Named,
    Shift,
    Up,
    apart,
    symbols_in,
    transform,
)
from ...expr.factors import axes, is_one, is_symbolic
from ...expr.operators import Compose, Conj, Identity, LinearOperator, Power, Scale, Sum, Transpose, Zero, add, compose
from ...expr.sampling import SamplingMatrix
from ...expr.signals import Applied, ConjSignal, Signal, SignalSum
from ..budget import check_time
from ..decide.proof import Step
from ..facts import AboutFactors, Hypothesis
from ..judge.evaluate import Expression
from ..lattices.sampling import gcld
from ..laws.given import Given, as_rules, used
from ..laws.law import FORWARD, Law
from ..laws.match import divide, divide_shift, head_of, rewritten, said_of, shared_factor
from ..laws.table import laws
from .collecting import collect, spelled

Rewrite: TypeAlias = tuple[str, Any, str]  # law name, new expression, condition
Facts: TypeAlias = tuple[Hypothesis, ...]
Strategy: TypeAlias = Callable[[Any, Facts], Rewrite | None]  # what becomes of one node, or None
LINE_LIMIT = 150
SUM_LIMIT = 24  # terms of a sum over an index that are written out
KERNEL_LIMIT = 4096  # products of concrete kernels are computed up to this many multiplications


def normalise(expression: Expression, facts: Facts = (), without: str = "") -> list[Step]:
    """The lines from an expression to its normal form; as far as that goes without one of the laws."""
    unfolding = (_adjoint_unfolded,) if without and without != "adjoint" else ()
    first = (given_said, summed, without_wrapper, *unfolding, letter_named, given_used)
    strategies = (*first, _neighbours, _sums_apart, numbers_written, collect)
    return lines(expression, facts, strategies, without)


def lines(expression: Expression, facts: Facts, strategies: tuple[Strategy, ...], without: str = "") -> list[Step]:
    """Use the first law that fits anywhere, wherever it fits, and so on; earlier strategies go first."""
    steps, uses = [Step(expression, "", "")], Uses(facts, without)
    seen = {expression}
    while len(steps) < LINE_LIMIT:
        line = _next_line(steps[-1].expression, strategies, uses, steps[-1].law)
        if line is None or line[1] in seen:
            break
        law, new, condition = line
        if law not in NAMING:
            new = tidied(new)
        if new in seen:
            break
        seen.add(new)
        steps.append(Step(new, law, condition))
    return steps


NAMING = frozenset(("identity-left", "identity-right", "shift-zero", "scale-one", "character-zero", "identity-signal"))


def tidied(expression: Any) -> Any:
    """The expression without what a line of a lecture leaves out: S⁰, factors I and 1."""
    return transform(expression, _without_ones)


def _without_ones(node: Any) -> Any | None:
    if isinstance(node, Shift) and not any(axes(node.shift)):
        return Identity()
    if isinstance(node, Compose) and any(isinstance(factor, Identity) for factor in node.factors):
        return compose(tuple(factor for factor in node.factors if not isinstance(factor, Identity)))
    if isinstance(node, Scale) and node.scalar == 1:
        return node.operator
    if isinstance(node, Applied) and isinstance(node.operator, Identity):
        return node.signal
    return None


def _next_line(expression: Any, strategies: tuple[Strategy, ...], uses: Uses, last: str) -> Rewrite | None:
    """The next line by the first strategy that has one; of its laws, the one used last goes on."""
    for strategy in strategies:
        found = uses.within(expression, strategy)
        if found:
            law = last if any(use[0] == last for use in found) else found[0][0]
            conditions = dict.fromkeys(use[2] for use in found if use[0] == law and use[2])
            return law, uses.everywhere(expression, strategy, law), ", ".join(conditions)
    return None


class Uses:
    """Where laws can be used in the lines of one derivation; what no line changed is looked at once."""

    def __init__(self, facts: Facts, without: str = "") -> None:
        self.facts, self.without = facts, without
        self._at: dict[tuple[Strategy, int], tuple[Any, Rewrite | None]] = {}
        self._none_within: set[tuple[Strategy, int]] = set()

    def at(self, strategy: Strategy, node: Any) -> Rewrite | None:
        """What becomes of one node."""
        key = (strategy, id(node))  # the entry keeps its node alive, so that the id stays its own
        if key not in self._at:
            check_time()
            use = strategy(node, self.facts)
            self._at[key] = (node, None if use is not None and use[0] == self.without else use)
        return self._at[key][1]

    def within(self, root: Any, strategy: Strategy) -> list[Rewrite]:
        """The uses at all nodes of a tree, outermost first."""
        visited, stack = [], [root]
        while stack:
            node = stack.pop()
            if (strategy, id(node)) not in self._none_within:
                visited.append(node)
                stack.extend(reversed(node.children()))
        found = [use for node in visited if (use := self.at(strategy, node)) is not None]
        for node in reversed(visited):  # children before parents
            if self.at(strategy, node) is None and all(
                (strategy, id(child)) in self._none_within for child in node.children()
            ):
                self._none_within.add((strategy, id(node)))
        return found

    def everywhere(self, root: Any, strategy: Strategy, law: str) -> Any:
        """The tree with one law used wherever it fits, as often as it fits."""

        def replace(node: Any) -> Any | None:
            before = node
            for _ in range(LINE_LIMIT):
                use = None if isinstance(node, Signal) else self.at(strategy, node)
                if use is None or use[0] != law:
                    break
                node = use[1]
            return None if node is before else node

        return transform(root, replace, skip=lambda node: (strategy, id(node)) in self._none_within)


def by_law(law: Law, node: Any, reverse: bool, facts: Facts) -> Rewrite | None:
    """What the whole node becomes by a law."""
    pattern = law.patterns[reverse]
    found = None if pattern is None else rewritten(node, pattern, law.builder(reverse, facts), {})
    return None if found is None else (law.name, *found)


VALUES = (
    "sum-constant", "phase-sum", "character-sum", "roots-of-unity", "geometric-series", "arithmetic-series",
    "dft-inverse", "re-index", "sum-kernel", "sum-signal", "telescoping", "character-period",
)  # fmt: skip


def by_finder(names: tuple[str, ...], node: Any, facts: Facts) -> Rewrite | None:
    """What the whole node becomes by the first law that fits, of those that have finders."""
    for name in names:
        finder = laws[name].made
        for new, condition in said_of(node, finder, facts) if finder else ():
            return name, new, condition
    return None


def summed(node: Any, facts: Facts) -> Rewrite | None:
    """Sums over an index that have a value, before what stands beside them is multiplied into them."""
    fits = isinstance(node, IndexedSum | IndexedSignalSum | Compose | Character)
    return by_finder(VALUES, node, facts) if fits else None


def _sums_apart(node: Any, facts: Facts) -> Rewrite | None:
    """Σ (A + B) = Σ A + Σ B, and S^{r+1} under a sum by S^r."""
    return by_finder(("sum-sum", "sum-shifted"), node, facts) if isinstance(node, IndexedSum) else None


def numbers_written(node: Any, facts: Facts) -> Rewrite | None:
    """Numbers with symbols multiplied out, so that equal ones look alike."""
    if isinstance(node, Scale | Character):
        return by_finder(("euler", "arithmetic"), node, facts)
    if isinstance(node, Modulate | Compose):
        names = ("modulate-one", "modulate-product", "modulate-sign", "alternating-conv", "arithmetic")
        return by_finder(names, node, facts)
    return by_finder(("signal-sum", "zero-signal"), node, facts) if isinstance(node, Applied | SignalSum) else None


def given_used(node: Any, facts: Facts) -> Rewrite | None:
    """What is given about kernels, where one side of it stands as the rewriter writes it."""
    about = tuple(fact for fact in facts if not isinstance(fact, AboutFactors))
    return next(used(_rules(about), node), None) if about else None


def given_said(node: Any, facts: Facts) -> Rewrite | None:
    """What is given about kernels, where one side of it stands as it was said."""
    about = tuple(fact for fact in facts if not isinstance(fact, AboutFactors))
    return next(used(_said(about), node), None) if about else None


@lru_cache(maxsize=64)
def _rules(facts: Facts) -> list[Given]:
    return as_rules(facts, lambda side: normalise(side)[-1].expression)


_said = lru_cache(maxsize=64)(as_rules)


def by_row(node: Any, facts: Facts) -> Rewrite | None:
    """What the whole node becomes by the first law on the way to the normal form that fits."""
    uses = (by_law(law, node, reverse, facts) for law, reverse in laws.normal(head_of(node)))
    return next((use for use in uses if use is not None), None)


def without_wrapper(node: Any, facts: Facts) -> Rewrite | None:
    """Definitions written out, transposes and conjugates pushed to the letters, products over sums."""
    if isinstance(node, IndexedSum):
        fits = isinstance(node.stop, int) and node.stop <= SUM_LIMIT
        return ("sum-terms", node.definition(), "") if fits else None
    if isinstance(node, Named):
        defined = next((law.name for law, _ in laws.normal(head_of(node))), "definition")
        return defined, node.definition(), ""
    if isinstance(node, Power):
        return "power", compose((node.operator,) * node.exponent), ""
    if isinstance(node, Scale) and node.scalar == 1:
        return "scale-one", node.operator, ""
    if isinstance(node, Transpose | Adjoint | Conj | Scale):
        return _wrapper_pushed(node, facts)
    if isinstance(node, Compose):
        return _spread_out(node)
    return None


def _into_sum(before: tuple[Any, ...], factor: IndexedSum, after: tuple[Any, ...]) -> Rewrite:
    """B (Σ A_r) C = Σ B A_r C, with another name for r where B or C has it."""
    around = {symbol for other in (*before, *after) for symbol in symbols_in(other)}
    inner = apart(factor, around)
    new = IndexedSum(compose((*before, inner.body, *after)), inner.index, inner.stop)
    return "sum-left" if before else "sum-right", new, ""


def identity_gone(node: Any, facts: Facts) -> Rewrite | None:
    """Identities out of a composition."""
    if isinstance(node, Compose) and any(isinstance(factor, Identity) for factor in node.factors):
        return _spread_out(node)
    return None


def _wrapper_pushed(node: Any, facts: Facts) -> Rewrite | None:
    if isinstance(node.operator, IndexedSum):
        inner = apart(node.operator, symbols_in(node.scalar) if isinstance(node, Scale) else set())
        pushed = node.rebuilt((*node.parts()[:-1], inner.body))
        return f"sum-{type(node).__name__.lower()}", IndexedSum(pushed, inner.index, inner.stop), ""
    return by_row(node, facts)


def _adjoint_unfolded(node: Any, facts: Facts) -> Rewrite | None:
    """Aᴴ = Āᵀ, whatever A is."""
    return ("adjoint", Transpose(Conj(node.operator)), "") if isinstance(node, Adjoint) else None


def _spread_out(node: Compose) -> Rewrite | None:
    """Scalars out of a composition, sums out of it, identities away."""
    for i, factor in enumerate(node.factors):
        before, after = node.factors[:i], node.factors[i + 1 :]
        if isinstance(factor, Identity):
            return "identity-left" if after else "identity-right", compose((*before, *after)), ""
        if isinstance(factor, Zero):
            return "zero-left" if after else "zero-right", Zero(), ""
        if isinstance(factor, Scale):
            inner = compose((*before, factor.operator, *after))
            return "scale-right" if before else "scale-left", Scale(factor.scalar, inner), ""
        if isinstance(factor, IndexedSum):
            return _into_sum(before, factor, after)
        if isinstance(factor, Sum):
            terms = tuple(_between(before, term, after) for term in factor.terms)
            return "distribute-left" if before else "distribute-right", add(terms), ""
    return None


def _between(before: tuple[Any, ...], term: Any, after: tuple[Any, ...]) -> LinearOperator:
    """B A C; of −A the negative."""
    if before and isinstance(term, Scale) and term.scalar == -1:
        return Scale(-1, compose((*before, term.operator, *after)))
    return compose((*before, term, *after))


def letter_named(node: Any, facts: Facts) -> Rewrite | None:
    """Compound kernels taken apart, ↑1, ↓1, S⁰ and impulses named for what they are."""
    if isinstance(node, Up | Down):
        one = f"{'up' if isinstance(node, Up) else 'down'}-one", Identity(), ""
        return one if is_one(node.factor) else by_row(node, facts)
    if isinstance(node, Shift) and not any(axes(node.shift)):
        return "shift-zero", Identity(), ""
    if isinstance(node, Applied) and isinstance(node.operator, Identity):
        return "identity-signal", node.signal, ""
    if isinstance(node, ConjSignal) and isinstance(node.signal, Applied):
        return "conj-signal", Applied(node.signal.operator.conj(), node.signal.signal.conj()), ""
    if isinstance(node, Character) and not any(axes(node.frequency)):
        return "character-zero", Identity(), ""
    if isinstance(node, Modulate) and not node.sequence.items():
        return "modulate-zero", Zero(), ""
    if not isinstance(node, Conv):
        return None
    kernel = node.kernel
    if isinstance(kernel, Signal):
        return _impulse(kernel) if kernel.values.size <= 4 else None
    if isinstance(kernel, Applied) and (found := by_finder(("kernel-scale", "kernel-sum"), node, facts)) is not None:
        return found
    if isinstance(kernel, SignalSum):
        return "conv-sum", add(tuple(map(_signed_conv, kernel.terms))), ""
    return by_row(node, facts)


def _signed_conv(term: Any) -> LinearOperator:
    """C_q; C_{−q} as −C_q, and 0 for a kernel without samples."""
    if isinstance(term, Signal) and not term.values.size:
        return Zero()
    if isinstance(term, Applied) and isinstance(term.operator, Scale) and term.operator.scalar == -1:
        return Scale(-1, Conv(term.operator.operator @ term.signal))
    return Conv(term)


def _impulse(kernel: Signal) -> Rewrite | None:
    """A kernel of one tap is a multiple of a delay; one of no taps is zero."""
    items = kernel.items()
    if len(items) > 1:
        return None
    if not items:
        return "conv-zero", Zero(), ""
    ((at, value),) = items
    delay = Shift(at if len(at) > 1 else at[0])
    return "conv-impulse", delay if value == 1 else Scale(value if kernel.is_exact else value.item(), delay), ""


def _neighbours(node: Any, facts: Facts) -> Rewrite | None:
    """Neighbouring letters, in the order of the composition."""
    if isinstance(node, Compose):
        for i in range(len(node.factors) - 1):
            found = _run(node.factors[i:], facts)
            if found is not None:
                size, (law, new, condition) = found
                return law, compose((*node.factors[:i], new, *node.factors[i + size :])), condition
    return None


def _run(run: tuple[LinearOperator, ...], facts: Facts) -> tuple[int, Rewrite] | None:
    """How many letters are replaced, and by what."""
    first, second = run[:2]
    if isinstance(first, Down):
        shared = common_factor(run)
        if shared is not None:
            return shared
    for size in range(min(laws.longest, len(run)), 1, -1):
        found = by_row(compose(run[:size]), facts)
        if found is not None and not _is_wide(found[1]):
            return size, found
    if isinstance(first, Conv) and isinstance(second, Conv):
        found = _two_kernels(first, second)
        return None if found is None else (2, found)
    return None


def _is_wide(made: LinearOperator) -> bool:
    """Whether a law has spread a concrete kernel over a lattice so skew that nobody would write it down."""
    kernels = [x.kernel for x in made.factors if isinstance(x, Conv)] if isinstance(made, Compose) else []
    skew = any(isinstance(getattr(x, "factor", 1), SamplingMatrix) for x in getattr(made, "factors", ()))
    return skew and any(isinstance(kernel, Signal) and kernel.values.size > KERNEL_LIMIT for kernel in kernels)


def common_factor(run: tuple[LinearOperator, ...]) -> tuple[int, Rewrite] | None:
    """↓M … ↑L with gcd(M, L) = g > 1 and only convolutions with ↑g q and delays between."""
    size = next((i for i, letter in enumerate(run[1:], 1) if not isinstance(letter, Conv | Shift)), len(run))
    if size < 2 or size == len(run):
        return None
    down, between, up = run[0], run[1:size], run[size]
    if not isinstance(down, Down) or not isinstance(up, Up):
        return None
    g = _left_divisor(down.factor, up.factor)
    if g is None or is_one(g):
        return None
    thinned = [low for letter in between if (low := _thinned(letter, g)) is not None]
    if len(thinned) < len(between):
        return _unreachable(between, g, size)
    ends = [kind(divide(k, g)) for kind, k in ((Down, down.factor), (Up, up.factor))]
    left, right = ([] if is_one(end.factor) else [end] for end in ends)
    return size + 1, ("common-factor", compose((*left, *thinned, *right)), "")


def _left_divisor(M: Any, L: Any) -> Any | None:
    """The largest common factor that shows, a left divisor of matrices; None where there is none to speak of."""
    if not (isinstance(M, SamplingMatrix) or isinstance(L, SamplingMatrix)):
        shared = tuple(shared_factor(*pair) for pair in zip(axes(M), axes(L), strict=True))
        return shared if len(shared) > 1 else shared[0]
    if is_symbolic(M) or is_symbolic(L):
        return None
    common = gcld(M, L)
    return None if common.ratio == 1 else common


def _unreachable(between: tuple[LinearOperator, ...], g: Any, size: int) -> tuple[int, Rewrite] | None:
    """↓M S^d ↑L = 0 where g does not divide d."""
    if len(between) == 1 and isinstance(between[0], Shift) and not (is_symbolic(between[0].shift) or is_symbolic(g)):
        return size + 1, ("down-shift-up-zero", Zero(), "")
    return None


def _thinned(letter: LinearOperator, factor: Any) -> LinearOperator | None:
    """B of a letter A with A ↑g = ↑g B, or None where there is none at sight."""
    if isinstance(letter, Shift):
        shift = divide_shift(letter.shift, factor)
        return None if shift is None else Shift(shift)
    found = by_law(laws["noble-up"], compose((letter, Up(factor))), FORWARD, ())
    if found is not None:
        return found[1].factors[1]
    kernel = letter.kernel  # type: ignore[attr-defined]  # only Conv and Shift come here
    operators = kernel.operator.factors if isinstance(kernel, Applied) and isinstance(kernel.operator, Compose) else ()
    first = operators[0] if operators else getattr(kernel, "operator", None)
    if not isinstance(first, Up):
        return None
    rest = divide(first.factor, factor)
    return None if rest is None else Conv(compose((Up(rest), *operators[1:])) @ kernel.signal)


def _two_kernels(first: Conv, second: Conv) -> Rewrite | None:
    """Concrete kernels are multiplied out exactly; others are put in order."""
    p, q = first.kernel, second.kernel
    if isinstance(p, Signal) and isinstance(q, Signal):
        if p.values.size * q.values.size > KERNEL_LIMIT:
            return None
        return "conv-conv", Conv(_exact_product(p, q)), ""
    if _order(q) < _order(p):
        return "conv-commute", compose((second, first)), ""
    return None


def _order(kernel: Any) -> tuple[bool, str]:
    return isinstance(kernel, Signal), spelled(kernel)


def _exact_product(p: Signal, q: Signal) -> Signal:
    """p ∗ q without rounding."""
    from ..judge.evaluate import Evaluator
    from ..judge.witness import to_signal

    assert p.ndim is not None
    evaluator = Evaluator(p.ndim)
    return to_signal(evaluator.act(Conv(p), evaluator.signal(q)), p.ndim)
