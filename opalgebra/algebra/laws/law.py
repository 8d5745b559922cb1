"""The catalogue of laws: data.

A row says everything about a law: its name, its sides as a function of its parameters, its conditions, its
source, and a near miss.  Statement, proof, rewriting, rendering and tests all come from the row.  Letters as in
the literature: k, a, b, L, M factors; p, q kernels; d shifts; R the flip; S the delay; A, B any operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from inspect import signature
from typing import Any, TypeAlias

from ..._verbs import Drawn, verb
from ...errors import DimensionError, UnknownLaw
from ...expr import FormalOperator, FormalSignal, SamplingMatrix, factor, is_symbolic, nameless
from ...scalar import is_sympy
from ..decide.proof import Proof
from ..decide.prove import prove
from ..facts import Coprime, Hypothesis
from .match import (
    MARK,
    Bindings,
    Build,
    Finder,
    all_places,
    classes_in,
    found_in,
    parameter,
    rewrites,
    run_length,
)

Sides: TypeAlias = tuple[Any, Any]
FORWARD, BACKWARD = False, True
WAYS = {"": (), "→": (FORWARD,), "←": (BACKWARD,), "↔": (FORWARD, BACKWARD)}


class Stated:
    """What has two sides and a sign between them."""

    sign = "="  # in LaTeX

    def _both(self) -> Sides:
        raise NotImplementedError

    @property
    def lhs(self) -> Any:
        """The left side, of a law for generic parameters."""
        return self._both()[0]

    @property
    def rhs(self) -> Any:
        """The right side, of a law for generic parameters."""
        return self._both()[1]

    @property
    def statement(self) -> str:
        """``lhs = rhs`` in Unicode; of a falsehood what is false."""
        return "{} = {}".format(*self._both())

    def latex(self) -> str:
        """Both sides in LaTeX, of a falsehood with ≠ between them."""
        return str(verb("latex")(self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        return str(verb("markdown")(self))


@dataclass(frozen=True)
class Law(Stated, Drawn):
    """An identity with a name.

    Attributes
    ----------
    name, conditions, source
        Its name, its side conditions in words, and where it is found in the literature.
    parameters : str
        Names and kinds, such as ``"k:factor q:kernel"``.
    sides : callable
        Both sides for given parameters.
    """

    name: str
    parameters: str
    sides: Callable[..., Sides]
    source: str
    near_miss: Callable[..., Sides]
    conditions: tuple[str, ...] = ()
    needs: Callable[..., bool] | None = None  # the condition, for concrete parameters
    given: Callable[..., tuple[Hypothesis, ...]] | None = None
    generic: Mapping[str, Any] = field(default_factory=dict)  # parameters that must be concrete
    summed: bool = False  # whether the right side is a sum over r < k, which no pattern can express
    pattern: Callable[..., Any] | None = None  # what to look for, where the left side itself cannot serve
    bind: Callable[[Bindings], Bindings | None] | None = None  # the law's parameters from those of the pattern
    made: Finder | None = None  # what becomes of a node from left to right, where no pattern can say it
    unmade: Finder | None = None  # and from right to left

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Kind by parameter name: factor, matrix, kernel, shift, frequency, operator, scalar, sequence."""
        return dict(entry.split(":") for entry in self.parameters.split())

    @cached_property
    def _generic(self) -> dict[str, Any]:
        return {name: self.generic.get(name, parameter(name, kind)) for name, kind in self.kinds.items()}

    def __str__(self) -> str:
        return str(verb("text")(self))

    def _both(self) -> Sides:
        return self.sides(**self._generic)

    def instance(self, **values: Any) -> Sides:
        """Both sides for some parameters given and the others generic."""
        self._check_names(values)
        return self.sides(**{**self._generic, **self._read(values)})

    def _read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as they stand in expressions: nested lists given for a factor are a matrix."""
        sampling = ("factor", "matrix")
        return {name: factor(value) if self.kinds[name] in sampling else value for name, value in values.items()}

    def _check_names(self, values: Mapping[str, Any]) -> None:
        unknown = values.keys() - self.kinds.keys()
        if unknown:
            raise UnknownLaw(f"{self.name} has no parameter {', '.join(unknown)}; it has {', '.join(self.kinds)}")

    def hypotheses(self, **values: Any) -> tuple[Hypothesis, ...]:
        """The conditions as hypotheses for the prover."""
        parameters = {**self._generic, **self._read(values)}
        return () if self.given is None else self.given(**{n: parameters[n] for n in _names_of(self.given)})

    def prove(self, **values: Any) -> Proof:
        """Prove the law for generic parameters, or for those given.

        >>> import opalgebra as oa
        >>> oa.laws["noble-down"].prove().verdict, oa.laws["polyphase-conv"].prove(k=5).verdict
        ('proved', 'proved')
        """
        return prove(*self.instance(**values), given=self.hypotheses(**values))

    def refute_near_miss(self) -> Proof:
        """The proof attempt for a tempting variant of the law that is false."""
        return prove(*self.near_miss(**{n: self._generic[n] for n in _names_of(self.near_miss)}))

    def apply(self, expression: Any, facts: tuple[Hypothesis, ...] = (), **values: Any) -> Iterator[Any]:
        """The expressions that one use of the law makes, left to right first, then right to left."""
        for reverse in (False, True):
            for new, _ in self.every_use(expression, reverse, facts, values):
                yield new

    def uses(
        self,
        expression: Any,
        reverse: bool,
        facts: tuple[Hypothesis, ...] = (),
        values: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Any, str]]:
        """The expressions that come of one use of the law in one direction, each with its condition."""
        self._check_names(values or {})
        pattern, finder = self.patterns[reverse], self.finder(reverse)
        if finder is not None:
            yield from found_in(expression, finder, facts)
        if pattern is not None:
            yield from rewrites(expression, pattern, self.builder(reverse, facts), self._read(values or {}))

    def every_use(
        self,
        expression: Any,
        reverse: bool,
        facts: tuple[Hypothesis, ...] = (),
        values: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Any, str]]:
        """The uses, and where there are none those of its side as it is written, for the parameters in ``values``."""
        found = False
        for use in self.uses(expression, reverse, facts, values):
            found = True
            yield use
        if not found:
            yield from self._as_written(expression, reverse, facts, values or {})

    def _as_written(
        self, expression: Any, reverse: bool, facts: tuple[Hypothesis, ...], values: Mapping[str, Any]
    ) -> Iterator[tuple[Any, str]]:
        if self.summed and self.pattern is not None and "k" not in values:
            return  # its left side does not tell the number of terms
        sides, wanted = self.instance(**values), self.hypotheses(**values)
        if not all(_known(fact, facts) for fact in wanted) or isinstance(sides[reverse], FormalOperator | FormalSignal):
            return
        side = nameless(sides[reverse])
        for node, put in all_places(expression, run_length(side)):
            if nameless(node) == side:
                try:
                    whole = put(sides[not reverse])
                except DimensionError:  # a side of matrices fits its own number of axes, its context may have another
                    continue
                yield whole, ", ".join(map(str, wanted))

    def finder(self, reverse: bool) -> Finder | None:
        """What says it where no pattern can."""
        return self.unmade if reverse else self.made

    def may_fit(self, reverse: bool, types: set[type]) -> bool:
        """Whether it may be used on what has nodes of these classes."""
        pattern = self.patterns[reverse]
        return self.finder(reverse) is not None or (pattern is not None and classes_in(pattern) <= types)

    def builder(self, reverse: bool, facts: tuple[Hypothesis, ...]) -> Build:
        """From bindings to (what was matched, what takes its place, condition); None where a condition fails."""

        def build(bound: Bindings) -> tuple[Any, Any, str] | None:
            if self.bind is not None:
                completed = self.bind(bound)
                if completed is None:
                    return None
                bound = completed
            if bound.keys() != self.kinds.keys() or not self._holds(bound, facts):
                return None
            lhs, rhs = self.sides(**bound)
            condition = self._condition(bound)
            return (rhs, lhs, condition) if reverse else (lhs, rhs, condition)

        return build

    def _condition(self, bound: Bindings) -> str:
        """The conditions, spelled with the parameters in use where these are scalars."""
        if self.given is None or any(isinstance(value, tuple | SamplingMatrix) for value in bound.values()):
            return ", ".join(self.conditions)
        return ", ".join(map(str, self.given(**{n: bound[n] for n in _names_of(self.given)})))

    @cached_property
    def patterns(self) -> tuple[Any, Any]:
        """Both sides with placeholders; None for a side that no pattern can express."""
        if self.pattern is not None:
            return self.pattern(**{n: parameter(MARK + n, self._kind(n)) for n in _names_of(self.pattern)}), None
        if self.generic or self.summed or self.made or self.unmade:
            return None, None
        return self.sides(**{name: parameter(MARK + name, kind) for name, kind in self.kinds.items()})

    def _kind(self, name: str) -> str:
        """The kind of a name that only the pattern may use: A is any operator, other letters are factors."""
        return self.kinds.get(name, "operator" if name == "A" else "factor")

    def _holds(self, bound: Bindings, facts: tuple[Hypothesis, ...]) -> bool:
        if self.needs is None:
            return True
        values = {n: bound[n] for n in _names_of(self.needs)}
        if not any(map(is_symbolic, values.values())):
            return self.needs(**values)
        wanted = self.given(**{n: bound[n] for n in _names_of(self.given)}) if self.given else ()
        return bool(wanted) and all(_known(fact, facts) for fact in wanted)


@dataclass(frozen=True)
class Rule(Law):
    """A law of the catalogue, with the directions in which it is used without being called by name.

    Attributes
    ----------
    normal : str
        The way to the normal form of the rewriter: → or ←.
    tried : str
        The ways that the optimiser tries, which keeps what costs less: →, ← or ↔.
    """

    normal: str = ""
    tried: str = ""


def _known(fact: Hypothesis, facts: tuple[Hypothesis, ...]) -> bool:
    if isinstance(fact, Coprime):
        if not (is_sympy(fact.a) or is_sympy(fact.b)) or 1 in (fact.a, fact.b):
            return True  # numbers that are not coprime make no hypothesis
        return fact in facts or Coprime(fact.b, fact.a) in facts
    return fact in facts


@lru_cache(maxsize=1024)
def _names_of(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(signature(function).parameters)
