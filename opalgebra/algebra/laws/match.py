"""Matching one side of a law against parts of an expression.

A pattern is a side of the law, built from placeholders.  Matching collects bindings loosely and then builds
the side again from them: it matches iff that gives exactly the part of the expression, so a mistake here can
only miss a match, not invent one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import gcd
from typing import Any, TypeAlias

from ...errors import DimensionError, OpAlgebraError
from ...expr import Block, IndexedSum, Named, Node, SamplingMatrix, as_sampling, axes, axis_count, is_symbolic
from ...expr.factors import factor as as_factor
from ...expr.multirate import Conv, Down, Flip, Up
from ...expr.operators import Compose, FormalOperator, LinearOperator, Sum, add, compose
from ...expr.signals import Applied, ConjSignal, FormalSignal, Signal, SignalExpr
from ...expr.sums import Indexed, apart, has_sums
from ...scalar import is_sympy
from ..budget import check_time

Bindings: TypeAlias = dict[str, Any]
Head: TypeAlias = tuple[type, ...]
Spot: TypeAlias = tuple[Node, Callable[[Any], Any]]
MARK = "\0"  # begins the name of a placeholder, and of nothing a user can make


def parameter(name: str, kind: str) -> Any:
    """A parameter of a law, or with :data:`MARK` before its name what stands for it in a pattern."""
    import sympy

    if kind in ("kernel", "operator"):
        return (FormalSignal if kind == "kernel" else FormalOperator)(name)
    assumed = {"factor": {"integer": True, "positive": True}, "frequency": {"real": True}, "shift": {"integer": True}}
    return sympy.Symbol(name, **assumed.get("factor" if kind == "matrix" else kind, {}))


def head_of(node: Any) -> Head:
    """What laws are found by: the letters of a composition, or a node and what it is made of."""
    if isinstance(node, Compose):
        return (Compose, *map(type, node.factors))
    inner = getattr(node, "operator", None)
    if isinstance(node, Conv):
        inner = getattr(node.kernel, "operator", node.kernel)
        inner = inner.factors[0] if isinstance(inner, Compose) else inner
    return (type(node),) if inner is None else (type(node), type(inner))


@lru_cache(maxsize=1024)
def classes_in(pattern: Any) -> frozenset[type]:
    """The classes of nodes that must occur where a pattern fits; those of kernels may hide in a concrete kernel."""
    found, stack = set(), [pattern]
    while stack:
        node = stack.pop()
        if not isinstance(node, FormalOperator | SignalExpr):
            found.add(type(node))
            stack.extend(node.children())
    return frozenset(found)


def places(root: Any, length: int) -> Iterator[Spot]:
    """Every part of an expression with the way to put another in its place, outermost first.

    In a composition, runs of ``length`` factors count as parts.
    """
    stack: list[Spot] = [(root, lambda new: new)]
    while stack:
        node, put = stack.pop()
        if isinstance(node, Compose):
            yield from _runs(node, put, length)
        elif length == 1 or not isinstance(node, LinearOperator):
            yield node, put
        stack.extend(reversed(list(inner(node, put))))


@lru_cache(maxsize=64)
def all_places(root: Any, length: int) -> tuple[Spot, ...]:
    """The places of an expression, remembered while law after law is tried on it."""
    return tuple(places(root, length))


def _runs(node: Compose, put: Callable[[Any], Any], length: int) -> Iterator[Spot]:
    for i in range(len(node.factors) - length + 1) if length > 1 else ():

        def put_run(new: Any, i: int = i) -> Any:
            return put(compose((*node.factors[:i], new, *node.factors[i + length :])))

        yield compose(node.factors[i : i + length]), put_run


def inner(node: Node, put: Callable[[Any], Any]) -> Iterator[Spot]:
    """The children of a node with the way to put others in their place."""
    if isinstance(node, Signal | FormalSignal | FormalOperator | Named) and not isinstance(node, IndexedSum):
        return
    if isinstance(node, Block):
        yield from _entries(node, put)
        return
    parts = node.parts()
    for i, part in enumerate(parts):
        members = part if isinstance(part, tuple) else (part,)
        for j, member in enumerate(members):
            if isinstance(member, Node):

                def put_member(new: Any, i: int = i, j: int = j, part: Any = part) -> Any:
                    changed = (*part[:j], new, *part[j + 1 :]) if isinstance(part, tuple) else new
                    return put(node.rebuilt((*parts[:i], changed, *parts[i + 1 :])))

                yield member, put_member


def _entries(block: Block, put: Callable[[Any], Any]) -> Iterator[Spot]:
    for i, row in enumerate(block.rows):
        for j, entry in enumerate(row):

            def put_entry(new: Any, i: int = i, j: int = j, row: Any = row) -> Any:
                changed = (*row[:j], new, *row[j + 1 :])
                return put(Block((*block.rows[:i], changed, *block.rows[i + 1 :])))

            yield entry, put_entry


Finder: TypeAlias = Callable[[Any, Any], Iterator[tuple[Any, str]]]  # node, facts ↦ what takes its place, condition


def found_in(root: Any, finder: Finder, facts: Any) -> Iterator[tuple[Any, str]]:
    """The expressions that come of one use of a finder, outermost first; whole compositions are nodes too."""
    stack: list[Spot] = [(root, lambda new: new)]
    while stack:
        node, put = stack.pop()
        check_time()
        for new, condition in said_of(node, finder, facts):
            yield put(new), condition
        stack.extend(reversed(list(inner(node, put))))


def said_of(node: Any, finder: Finder, facts: Any) -> Iterator[tuple[Any, str]]:
    """What a finder makes of a node; sums within a sum have other indices then, Σ_r Σ_r A_r being Σ_r Σ_s A_s."""
    if isinstance(node, Indexed) and has_sums(node.body):
        node = type(node)(apart(node.body, {node.index}), node.index, node.stop)
    return finder(node, facts)


def run_length(pattern: Any) -> int:
    """How many factors of a composition a pattern takes."""
    return len(pattern.factors) if isinstance(pattern, Compose) else 1


class Matcher:
    """Match one node against one pattern."""

    def __init__(self, known: Bindings) -> None:
        self.bound: Bindings = dict(known)
        self.later: list[tuple[Any, Any]] = []

    def match(self, pattern: Any, node: Any) -> bool:
        """Whether the node fits; bindings are collected on the way."""
        return self._fits(pattern, node) and self._settle()

    def _bind(self, name: str, value: Any) -> bool:
        known = self.bound.setdefault(name, value)
        return known is value or bool(known == value)

    def _fits(self, pattern: Any, node: Any) -> bool:
        if isinstance(pattern, FormalSignal | FormalOperator) and pattern.name.startswith(MARK):
            kind = SignalExpr if isinstance(pattern, FormalSignal) else LinearOperator
            return isinstance(node, kind) and self._bind(pattern.name[1:], node)
        if isinstance(pattern, ConjSignal) and isinstance(node, SignalExpr) and not isinstance(node, ConjSignal):
            return self._fits(pattern.signal, node.conj())
        if isinstance(pattern, Applied) and isinstance(node, SignalExpr):
            return self._fits_applied(pattern, node)
        if type(pattern) is not type(node):
            return False
        if isinstance(pattern, Signal):
            return bool(pattern == node)
        if isinstance(pattern, Compose | Sum):
            return self._fits_members(pattern, node)
        return all(self._fits_part(p, n) for p, n in zip(pattern.parts(), node.parts(), strict=True))

    def _fits_members(self, pattern: Compose | Sum, node: Any) -> bool:
        """Factors or terms one by one; a last formal operator takes all that is left."""
        (wanted,), (given,) = pattern.parts(), node.parts()
        if len(given) > len(wanted) and isinstance(wanted[-1], FormalOperator):
            rest = given[len(wanted) - 1 :]
            given = (*given[: len(wanted) - 1], compose(rest) if isinstance(pattern, Compose) else add(rest))
        return len(wanted) == len(given) and all(map(self._fits, wanted, given))

    def _fits_part(self, pattern: Any, part: Any) -> bool:
        if isinstance(pattern, Node):
            return isinstance(part, Node) and self._fits(pattern, part)
        if is_sympy(pattern) and any(s.name.startswith(MARK) for s in pattern.free_symbols):
            if pattern.is_Symbol:
                return self._bind(pattern.name[1:], part)
            self.later.append((pattern, part))
            return True
        if isinstance(pattern, tuple) and any(isinstance(p, Node) for p in pattern):
            return len(pattern) == len(part) and all(map(self._fits_part, pattern, part))
        return bool(pattern == part)

    def _fits_applied(self, pattern: Applied, node: SignalExpr) -> bool:
        """A pattern A q also fits A (B x), with q = B x, and a concrete kernel that is in the range of A."""
        if isinstance(node, Signal):
            self.later.append((pattern, node))
            return True
        if not isinstance(node, Applied):
            return False
        wanted = run_length(pattern.operator)
        factors = node.operator.factors if isinstance(node.operator, Compose) else (node.operator,)
        if len(factors) < wanted:
            return False
        rest = factors[wanted:]
        inner = Applied(compose(rest), node.signal) if rest else node.signal
        return self._fits(pattern.operator, compose(factors[:wanted])) and self._fits(pattern.signal, inner)

    def _settle(self) -> bool:
        """Solve what could not be bound at first sight, once more is known."""
        for pattern, part in self.later:
            if isinstance(pattern, Applied):
                if not self._settle_signal(pattern, part):
                    return False
            elif not self._settle_product(pattern, part):
                return False
        return True

    def _settle_product(self, pattern: Any, value: Any) -> bool:
        """a·b = value with one of a, b unknown: divide."""
        unknown = [s for s in pattern.free_symbols if s.name[1:] not in self.bound]
        if len(unknown) != 1 or not pattern.is_Mul:
            return not unknown  # the final comparison decides
        for symbol in pattern.free_symbols - set(unknown):
            by = self.bound[symbol.name[1:]]
            value = divide(value, by) if unknown[0].is_positive else divide_shift(value, by)
            if value is None:
                return False
        return self._bind(unknown[0].name[1:], value)

    def _settle_signal(self, pattern: Applied, signal: Signal) -> bool:
        """A q = s for a known s: q = A⁻¹ s where A is an upsampling or a flip."""
        operators = pattern.operator.factors if isinstance(pattern.operator, Compose) else (pattern.operator,)
        inner: Any = signal
        for operator in operators:
            if isinstance(operator, Flip):
                inner = Flip() @ inner
            elif isinstance(operator, Up) and is_sympy(operator.factor) and operator.factor.is_Symbol:
                factor = self.bound.get(operator.factor.name[1:])
                if factor is None or is_symbolic(factor) or axis_count(factor) != inner.ndim:
                    return False
                inner = Down(factor) @ inner
                if inner.values.size == 0:
                    return False
            else:
                return False
        return self._fits(pattern.signal, inner)


def divide_shift(value: Any, by: Any) -> Any:
    """The d with by · d = value, for a shift; None where there is none."""
    if not isinstance(by, SamplingMatrix):
        return divide(value, by)
    if is_symbolic(value) or axis_count(value) != by.ndim:
        return None
    found = by.solve(axes(value))
    return None if found is None else found[0] if len(found) == 1 else found


def shared_factor(a: Any, b: Any) -> Any:
    """A common factor of two factors of one axis, the largest that their symbols show."""
    if not (is_sympy(a) or is_sympy(b)):
        return gcd(a, b)
    import sympy

    return as_factor(sympy.gcd(a, b))


def divide(value: Any, by: Any) -> Any:
    """value / by per axis where that is exact, by⁻¹ value for matrices, else None."""
    if isinstance(value, SamplingMatrix) or isinstance(by, SamplingMatrix):
        if is_symbolic(value) or is_symbolic(by) or axis_count(value) != axis_count(by):
            return None
        return as_sampling(by).left_quotient(as_sampling(value))
    quotients = []
    if len(axes(value)) != len(axes(by)):
        return None
    for v, b in zip(axes(value), axes(by), strict=True):
        if is_sympy(v) or is_sympy(b):
            import sympy

            quotient = sympy.cancel(sympy.sympify(v) / b)
            if not quotient.is_polynomial() or not quotient.is_integer:
                return None
            quotients.append(int(quotient) if quotient.is_Integer else quotient)
        elif v % b:
            return None
        else:
            quotients.append(v // b)
    return quotients[0] if len(quotients) == 1 else tuple(quotients)


Build: TypeAlias = Callable[[Bindings], tuple[Any, Any, str] | None]


def rewrites(root: Any, pattern: Any, build: Build, known: Bindings) -> Iterator[tuple[Any, str]]:
    """The expressions that come of replacing one occurrence of ``pattern``, each with the condition it rests on.

    ``build`` makes both sides from bindings: what is matched must be its first, the second takes its place.
    """
    wanted = type(pattern)
    for node, put in all_places(root, run_length(pattern)):
        check_time()
        if isinstance(node, wanted) or (isinstance(pattern, FormalOperator) and isinstance(node, LinearOperator)):
            found = rewritten(node, pattern, build, known)
            if found is not None:
                new, condition = found
                try:
                    whole = put(new)
                except DimensionError:  # a formal part fits any number of axes, its context may not
                    continue
                yield whole, condition


def rewritten(node: Any, pattern: Any, build: Build, known: Bindings) -> tuple[Any, str] | None:
    """What a whole node becomes and under which condition, or None where it does not match."""
    if not _heads_fit(pattern, node):
        return None
    matcher = Matcher(known)
    if not matcher.match(pattern, node):
        return None
    try:
        sides = build(matcher.bound)
    except OpAlgebraError:  # bindings that no side can be built from, such as a factor 0
        return None
    return sides[1:] if sides is not None and sides[0] == node else None


def _heads_fit(pattern: Any, node: Any) -> bool:
    """A cheap first look at the letters."""
    if not isinstance(pattern, Compose):
        return True
    return all(
        type(p) is type(n) or isinstance(p, FormalOperator) for p, n in zip(pattern.factors, node.factors, strict=True)
    )
