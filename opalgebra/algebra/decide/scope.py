"""Of what hypotheses may speak: the names that the statement has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...errors import HypothesisError, OperandError
from ...expr import Character, all_factor_symbols, constants, formal_names, real_symbols, with_frequencies
from ...expr.signals import FormalSignal, Signal
from ...scalar import is_sympy
from ..equations import formal_in, sides_of
from ..facts import AboutFactors, Equal, Hypothesis, symbols_of
from .hypotheses import consistent


@dataclass(frozen=True)
class Scope:
    """The names of a statement: SymPy symbols, and formal signals and operators."""

    roots: tuple[Any, ...]  # expressions
    sizes: tuple[Any, ...] = ()  # symbols in the sizes of arrays

    @cached_property
    def factors(self) -> list[Any]:
        """The symbols in factors, shifts and sizes, sorted by name."""
        return sorted({*all_factor_symbols(*self.roots), *self.sizes}, key=lambda symbol: str(symbol.name))

    @cached_property
    def symbols(self) -> frozenset[Any]:
        """All symbols, those in coefficients, taps and frequencies too."""
        frequencies = (node for root in self.roots for node in with_frequencies(root) if isinstance(node, Character))
        others = {s for value in constants(*self.roots) if is_sympy(value) for s in value.free_symbols}
        return frozenset({*self.factors, *others, *(s for node in frequencies for s in real_symbols(node.frequency))})

    @cached_property
    def formal(self) -> dict[str, Any]:
        """Formal signals and operators by name."""
        return formal_names(*self.roots)

    def __str__(self) -> str:
        others = sorted(str(symbol) for symbol in self.symbols.difference(self.factors))
        signals = [name for name, node in sorted(self.formal.items()) if isinstance(node, FormalSignal)]
        kinds = {
            "factors or shifts": [str(symbol) for symbol in self.factors], "formal signals": signals,
            "formal operators": sorted(self.formal.keys() - set(signals)), "coefficients or frequencies": others,
        }  # fmt: skip
        listed = [f"the {kind} {', '.join(names)}" for kind, names in kinds.items() if names]
        return f"it has {'; '.join(listed) or 'none'}"

    # -- what hypotheses may be about -----------------------------------------------------------------

    def check(self, facts: tuple[Hypothesis, ...], waiting: bool = False) -> str:
        """Refuse hypotheses about other things, and such as contradict one another; the reason where that is open.

        Raises
        ------
        HypothesisError
            Where a name of a hypothesis is not one of the statement, or not of that kind.  Another symbol may stand in
            an ``equal``, or in two hypotheses, where a chain of hypotheses with common names leads to the statement;
            of a relation between kernels one kernel must.  With ``waiting`` those without such a chain are let be.
        OperandError
            Where a symbol of the same name has other assumptions.
        FactorError
            Where the hypotheses contradict one another.
        """
        if facts:
            for fact in facts:
                self._check_kinds(fact)
            self._check_names(facts, waiting)
        return consistent(facts, self.factors)

    def _check_kinds(self, fact: Hypothesis) -> None:
        mine = {symbol.name: symbol for symbol in self.symbols}
        for symbol in _symbols(fact):
            if symbol in self.symbols:
                continue
            if symbol.name in mine:
                raise OperandError(
                    f"{symbol} of the hypothesis {fact} and {symbol} of the statement are two symbols with different "
                    "assumptions; use one of them throughout"
                )
            if symbol.name in self.formal:
                kind = "signal" if isinstance(self.formal[symbol.name], FormalSignal) else "operator"
                raise HypothesisError(
                    f"the hypothesis {fact} speaks of a number {symbol}, and {symbol} of the statement is a formal "
                    f"{kind}; {self}"
                )
        for name in formal_in(fact):
            if name not in self.formal and name in mine:
                raise HypothesisError(
                    f"the hypothesis {fact} speaks of a signal {name}, and {name} of the statement is a number; {self}"
                )

    def _check_names(self, facts: tuple[Hypothesis, ...], waiting: bool) -> None:
        known = {*self.symbols, *self.formal}
        reached = _reached(facts, known)
        uses = Counter(name for fact in reached for name in {*_symbols(fact), *formal_in(fact)})
        free = {s for fact in reached if isinstance(fact, Equal) for s in symbols_of([fact])}
        for fact in facts:
            if fact in reached:
                lost = [n for n in _must_be_known(fact) if n not in known and n not in free and uses[n] < 2]
            else:
                lost = [] if waiting else [*_symbols(fact), *formal_in(fact)]
            if lost:
                raise HypothesisError(
                    f"the hypothesis {fact} speaks of {', '.join(map(str, lost))}, which the statement does not have; "
                    f"{self}; state the hypothesis about these"
                )


def _reached(facts: tuple[Hypothesis, ...], known: set[Any]) -> list[Hypothesis]:
    """The hypotheses that a chain of common names leads to the statement; those without names too."""
    names, left = set(known), list(facts)
    while ready := [fact for fact in left if not _links(fact) or names.intersection(_links(fact))]:
        names.update(*(_links(fact) for fact in ready))
        left = [fact for fact in left if fact not in ready]
    return [fact for fact in facts if fact not in left]


def _links(fact: Hypothesis) -> list[Any]:
    """The names that tie a hypothesis to others: of a relation between kernels its kernels."""
    kernels = getattr(fact, "kernels", None)
    return [n for kernel in kernels for n in _of_kernel(kernel)] if kernels else [*_symbols(fact), *formal_in(fact)]


def _must_be_known(fact: Hypothesis) -> list[Any]:
    """The names that have to occur elsewhere too; of a relation's kernels one was found to."""
    kernels = {n for kernel in getattr(fact, "kernels", ()) for n in _of_kernel(kernel)}
    return [name for name in (*_symbols(fact), *formal_in(fact)) if name not in kernels]


def _of_kernel(kernel: Any) -> list[Any]:
    return _sorted(_scalars([kernel])) if isinstance(kernel, Signal) else [kernel.name]


def _symbols(fact: Hypothesis) -> list[Any]:
    """The SymPy symbols of a hypothesis, sorted by name."""
    if isinstance(fact, AboutFactors):
        return _sorted(symbols_of([fact]))
    sides = sides_of(fact)
    return _sorted({*all_factor_symbols(*sides), *_scalars(sides)})


def _scalars(roots: Iterable[Any]) -> set[Any]:
    return {s for root in roots for value in constants(root) if is_sympy(value) for s in value.free_symbols}


def _sorted(symbols: set[Any]) -> list[Any]:
    return sorted(symbols, key=lambda symbol: str(symbol.name))
