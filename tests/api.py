"""What a user may call: every public name with its signature, its members and the examples of its docstrings.

``python -m tests.api`` writes it to ``tests/golden/api.txt``. A test compares that file with the package, so a change
of the public interface is this one command, and is seen in the difference of the file.
"""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden" / "api.txt"
Examples = tuple[tuple[str, str], ...]  # what is typed and what is shown
MODULES = ["opalgebra", "opalgebra.nn", "opalgebra.show", "opalgebra.engine"]
# What Python calls by itself to make, copy and change an object; a dataclass has more of them in later versions.
MAKING = frozenset([
    "__class__", "__class_getitem__", "__copy__", "__deepcopy__", "__delattr__", "__dict__", "__getattr__",
    "__getattribute__", "__getstate__", "__init__", "__init_subclass__", "__new__", "__post_init__", "__reduce__",
    "__reduce_ex__", "__replace__", "__setattr__", "__setstate__", "__subclasshook__", "__weakref__",
])  # fmt: skip


def public() -> dict[str, Any]:
    """Every public object by its full name."""
    modules = {module: import_module(module) for module in MODULES}
    return {f"{name}.{one}": getattr(module, one) for name, module in modules.items() for one in sorted(module.__all__)}


def lines() -> Iterator[str]:
    """The file, line by line."""
    return (line for name, value in public().items() for line in _object(name, value))


def _object(name: str, value: Any) -> Iterator[str]:
    if inspect.ismodule(value):
        yield f"module {name}"
    elif inspect.isclass(value):
        yield f"class {name}{_signature(value)} of ({', '.join(_bases(value))})"
    elif callable(value) and not hasattr(type(value), "__iter__"):
        yield f"{name}{_signature(value)}"
    else:
        yield f"{name}: {type(value).__name__}{_keys(value)}"
    yield from _shown(_examples(value if inspect.ismodule(value) or callable(value) else type(value)))
    if inspect.isclass(value):
        inherited = {described for base in value.__mro__[1:] if base in _classes() for described in _members(base)}
        for head, examples in _members(value):
            if (head, examples) not in inherited:
                yield head
                yield from (f"    {line}" for line in _shown(examples))


def _keys(value: Any) -> str:
    return f" of {', '.join(sorted(value))}" if hasattr(value, "keys") else ""


def _bases(cls: type) -> list[str]:
    """The classes that ``except`` and ``isinstance`` may name: the public ones and Python's."""
    return [base.__name__ for base in cls.__mro__[1:-1] if base in _classes() or base.__module__ == "builtins"]


@cache
def _classes() -> frozenset[Any]:
    return frozenset(filter(inspect.isclass, public().values()))


@cache
def _members(cls: type) -> tuple[tuple[str, Examples], ...]:
    """What the package's own classes give it, sorted: the line of each, and its examples."""
    owners = [base for base in cls.__mro__ if base.__module__.startswith("opalgebra")]
    names = {name for owner in owners for name in vars(owner) if _is_public(name) and _is_member(vars(owner)[name])}
    members = {name: inspect.getattr_static(cls, name) for name in sorted(names)}
    return tuple((_head(name, value), _examples(_function(value))) for name, value in members.items())


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith(("__", "_repr_")) and name.endswith("_") and name not in MAKING)


def _is_member(value: Any) -> bool:
    return inspect.isroutine(value) or inspect.isdatadescriptor(value) or hasattr(value, "func")


def _head(name: str, value: Any) -> str:
    """A method with its arguments, a property with the type of its value."""
    function = _function(value)
    if not inspect.isroutine(function):
        return f"    .{name}"
    is_method = function is value or hasattr(value, "__func__")
    return f"    .{name}{_signature(function) if is_method else _signature(function).replace('(self)', '')}"


def _function(value: Any) -> Any:
    return getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)


def _signature(value: Callable[..., Any]) -> str:
    try:
        return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(value)))
    except ValueError:  # Python's own exceptions have none
        return "(…)"


def _examples(value: Any) -> Examples:
    found = doctest.DocTestParser().get_examples(inspect.getdoc(value) or "")
    return tuple((example.source, example.want) for example in found)


def _shown(examples: Examples) -> Iterator[str]:
    for source, want in examples:
        first, *rest = source.splitlines()
        lines = (f">>> {first}", *(f"... {line}" for line in rest), *want.splitlines())
        yield from (f"    {line}" for line in lines)


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(lines()) + "\n", encoding="utf-8")
