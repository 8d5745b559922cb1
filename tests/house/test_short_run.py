"""The short run meets every public name and every law, although long campaigns are left out of it."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest

import opalgebra as oa
from tests import api

OF_EVERY_LAW = ("test_every_law_is_proved", "test_every_near_miss_is_refuted")


def objects(tree: ast.AST, names: dict[str, Any]) -> Iterator[Any]:
    """What the names in a piece of code stand for; of ``a.b`` both."""
    for node in ast.walk(tree):
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in names:
            value = names[node.id]
            for part in reversed(parts):
                value = getattr(value, part, None)
            yield value


def not_met(items: Iterable[pytest.Item]) -> list[str]:
    """The public names without an example of their own among these tests, and that stand in none of them.

    Nor in the tables and helpers beside them in their files.
    """
    found: set[int] = set()
    examples: set[str] = set()
    tests: dict[ModuleType, set[str]] = defaultdict(set)
    for item in items:
        if isinstance(item, pytest.DoctestItem):
            examples.add(item.dtest.name)
            code = "".join(example.source for example in item.dtest.examples)
            found.update(map(id, objects(ast.parse(code), {**vars(oa), "oa": oa, "nn": oa.nn})))
        elif isinstance(item, pytest.Function):
            tests[item.module].add(item.originalname)
    for module, chosen in tests.items():
        for node in ast.parse(inspect.getsource(module)).body:
            is_other = isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and node.name not in chosen
            found.update(() if is_other else map(id, objects(node, vars(module))))
    return [name for name, value in api.public().items() if id(value) not in found and _place(value) not in examples]


def _place(value: Any) -> str:
    """The name under which doctests know an object."""
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


def laws_not_met(items: Iterable[pytest.Item]) -> list[str]:
    """The laws that these tests do not both prove and, a little changed, refute."""
    of_laws = [item for item in items if isinstance(item, pytest.Function) and item.originalname in OF_EVERY_LAW]
    seen = {(item.originalname, item.callspec.params["name"]) for item in of_laws}
    return [name for name in oa.laws if any((test, name) not in seen for test in OF_EVERY_LAW)]


def test_every_public_name_and_every_law_is_met(request: pytest.FixtureRequest) -> None:
    if request.config.args != request.config.getini("testpaths") or request.config.option.keyword:
        pytest.skip("not all tests are collected: `pytest` alone does so")
    items = request.session.items
    assert not any(item.get_closest_marker("long") for item in items)
    assert not_met(items) == []
    assert laws_not_met(items) == []


def test_what_is_left_out_is_seen(request: pytest.FixtureRequest) -> None:
    assert not_met(request.session.items[:0]) == list(api.public())
    assert laws_not_met(request.session.items[:0]) == list(oa.laws)
    alone = not_met([request.node])
    assert not {"opalgebra.laws", "opalgebra.nn"} & set(alone)  # which stand in this file
    assert {"opalgebra.wavelet", "opalgebra.nn.Conv", "opalgebra.SizeError"} <= set(alone)
