"""The operators that code calls by name with kernels, factors and shifts alone, as the parser and ``repr`` do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from .named import Named
from .operators import LinearOperator

# What an argument of an operator is, by the name of its field.
_ROLES = {"kernel": "signal", "sequence": "signal", "factor": "factor", "shift": "shift"}


def _calls(base: type[Any]) -> Iterator[tuple[str, tuple[Any, tuple[str, ...]]]]:
    for made in base.__subclasses__():
        given = [field.name for field in fields(made)] if is_dataclass(made) else ["none"]
        of_ours = made.__module__.startswith(f"{__package__}.") and not made.__name__.startswith("_")
        is_base = getattr(made, "definition", None) is Named.definition
        if of_ours and not is_base and all(part in _ROLES for part in given):
            yield made.__name__, (made, tuple(_ROLES[part] for part in given))
        yield from _calls(made)


#: The class of each, and what its arguments are.
CALLS = dict(_calls(LinearOperator))
