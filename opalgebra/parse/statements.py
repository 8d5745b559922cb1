"""Statements with what they take for granted, as text: ``--let`` and ``--given`` of the command line, and the like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..algebra import equations, facts
from ..errors import ParseError
from ..expr import all_factor_symbols, formal_names
from . import parse_condition, parse_value


def bindings(entries: Iterable[str], option: str) -> dict[str, Any]:
    """What the names of entries such as ``q=[1,2,1]`` stand for; ``option`` is what the entries were given to.

    >>> bindings(["q=[1, 2, 1]", "k=2"], "--let")
    {'q': [1, 2, 1], 'k': 2}
    """
    bound: dict[str, Any] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ParseError(f"{option} {entry} is not NAME=VALUE; write {option} q=[1,2,1]")
        if name in bound:
            raise ParseError(f"{option} binds {name} twice; give each name one value")
        bound[name] = parse_value(value)
    return bound


def hypotheses(conditions: Iterable[str], let: Mapping[str, Any], *sides: Any) -> tuple[Any, ...]:
    """The hypotheses that conditions such as ``coprime(k, m)`` write down; names of the statement mean the same there.

    >>> [str(fact) for fact in hypotheses(["coprime(k, m)"], {})]
    ['gcd(k, m) = 1']
    """
    symbols = {str(s.name): s for s in all_factor_symbols(*sides)}
    known = {name: what for name, what in (symbols | formal_names(*sides)).items() if name.isidentifier()}
    read = [parse_condition(text, {**known, **let}) for text in conditions]
    return tuple(fact for name, arguments in read for fact in _made(name, arguments))


def _made(name: str, arguments: tuple[Any, ...]) -> list[Any]:
    if name == "compared":
        return [equations.equation(a, b) if sign == "=" else facts.compared(a, sign, b) for a, sign, b in arguments]
    return [getattr(facts if hasattr(facts, name) else equations, name)(*arguments)]
