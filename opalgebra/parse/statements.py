"""Statements with what they take for granted, as text: ``--let`` and ``--given`` of the command line, and the like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..algebra import facts
from ..errors import ParseError
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


def hypotheses(conditions: Iterable[str], let: Mapping[str, Any]) -> tuple[Any, ...]:
    """The hypotheses that conditions such as ``coprime(k, m)`` write down.

    >>> [str(fact) for fact in hypotheses(["coprime(k, m)"], {})]
    ['gcd(k, m) = 1']
    """
    read = [parse_condition(text, let) for text in conditions]
    return tuple(getattr(facts, name)(*arguments) for name, arguments in read)
