"""Does every patch of a test bite? A test that patches is run once more for each of its patches, with it spoiled.

``python -m tests.bites`` (paths and options of pytest may follow) spoils what a patch puts in: a function raises when
it is called, a number when it is read, and anything else is not put in at all. A patch bites where some test then
fails. One that replaces what nobody reads, as happens when code moves away from its test, does not bite.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parent.parent


class Read(BaseException):
    """What was patched is read; no handler of errors may hide it."""


def _raises(*given: Any, **named: Any) -> Any:
    raise Read


def _unreadable() -> Any:
    names = "lt le gt ge eq ne bool index int add radd sub rsub mul rmul floordiv rfloordiv truediv rtruediv neg"
    methods = [f"__{name}__" for name in names.split(" ")]
    return type("Unreadable", (), {**dict.fromkeys(methods, _raises), "__hash__": object.__hash__})()


def spoiled(value: Any) -> Any:
    """What raises when it is used; nothing for what cannot be told."""
    if isinstance(value, bool | int | float):
        return _unreadable()
    return _raises if callable(value) and not isinstance(value, type) else None


Patch = tuple[str, str]  # where it stands, and what it replaces


@contextmanager
def watched(seen: list[Patch], spoil: Patch | None) -> Iterator[None]:
    """Every patch is noted; the one named is spoiled."""
    methods = {name: getattr(pytest.MonkeyPatch, name) for name in ("setattr", "setitem")}

    def watching(method: Callable[..., None]) -> Callable[..., None]:
        def put(self: pytest.MonkeyPatch, target: Any, name: Any, *value: Any, **options: Any) -> None:
            frame = sys._getframe(1)
            patch = (
                f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}",
                target if isinstance(target, str) else f"{_named(target)}.{name}",
            )
            seen.append(patch)
            arguments = [target, name, *value]
            if patch == spoil:
                arguments[-1] = spoiled(arguments[-1])
            if arguments[-1] is not None or patch != spoil:
                method(self, *arguments, **options)

        return put

    for name, method in methods.items():
        setattr(pytest.MonkeyPatch, name, watching(method))
    try:
        yield
    finally:
        for name, method in methods.items():
            setattr(pytest.MonkeyPatch, name, method)


def _named(target: Any) -> str:
    return getattr(target, "__name__", type(target).__name__)


class Bites:
    """The plugin: in which tests each patch stands, and whether one of them missed it."""

    def __init__(self) -> None:
        self.stands: dict[Patch, list[str]] = defaultdict(list)
        self.bite: set[Patch] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if _patches(item)]

    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        seen: list[Patch] = []
        passes = self._passes(item, nextitem, seen, None)
        for patch in dict.fromkeys(seen):
            self.stands[patch].append(item.nodeid)
            if passes and patch not in self.bite and not self._passes(item, nextitem, [], patch):
                self.bite.add(patch)
        return True

    @staticmethod
    def _passes(item: pytest.Item, nextitem: pytest.Item | None, seen: list[Patch], spoil: Patch | None) -> bool:
        item._initrequest()  # type: ignore[attr-defined]  # the fixtures anew, as pytest-rerunfailures has it
        with watched(seen, spoil):
            return all(report.passed for report in runtestprotocol(item, log=False, nextitem=nextitem))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(f"{len(self.stands)} patches, {len(self.bite)} bite")
        for (place, what), tests in self.stands.items():
            if (place, what) not in self.bite:
                terminalreporter.write_line(f"does not bite: {place} {what} in {tests[0]} (of {len(tests)})")


def _patches(item: pytest.Item) -> bool:
    """Whether a test takes a fixture that patches, or stands in a file that patches for a few lines."""
    is_fixture = not {"monkeypatch", "place"}.isdisjoint(getattr(item, "fixturenames", ()))
    return is_fixture or (item.path.suffix == ".py" and "MonkeyPatch.context" in item.path.read_text("utf-8"))


if __name__ == "__main__":
    pytest.main(["-n", "0", "-q", "-m", "", *(sys.argv[1:] or ["tests"])], plugins=[Bites()])
