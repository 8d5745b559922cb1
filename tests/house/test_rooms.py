"""Rooms on floors: no circle of imports between files, and none between rooms."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from opalgebra._verbs import VERBS, verb
from tests.floors import floors, rooms, svg
from tests.imports import circles, graph, modules, reached


def test_no_circle_of_files_and_none_of_rooms(root: Path) -> None:
    assert circles(graph(root)) == []
    assert circles(rooms(graph(root))) == []


def test_every_file_of_the_algebra_stands_in_a_room(root: Path) -> None:
    flat = {name for name in modules(root) if name.count(".") == 2 and name.startswith("opalgebra.algebra.")}
    plain = {name for name in flat if modules(root)[name].name != "__init__.py"}
    assert plain == {"opalgebra.algebra.budget", "opalgebra.algebra.equations", "opalgebra.algebra.facts"}


def test_the_checker_of_certificates_reaches_nothing(root: Path) -> None:
    assert reached(graph(root), "opalgebra.algebra.certificates.checker") == set()


def test_lazy_and_type_only_imports_make_a_circle(tmp_path: Path) -> None:
    """The judge of circles can fail: one import inside a function and one for types alone close one."""
    package = tmp_path / "opalgebra" / "room"
    package.mkdir(parents=True)
    (tmp_path / "opalgebra" / "__init__.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "a.py").write_text("def late():\n    from .b import thing\n", encoding="utf-8")
    (package / "b.py").write_text("from . import c\n", encoding="utf-8")
    (package / "c.py").write_text("import opalgebra.room\nx = 1\n", encoding="utf-8")
    assert circles(graph(tmp_path)) == []
    (package / "c.py").write_text("if TYPE_CHECKING:\n    from ..room.a import late\n", encoding="utf-8")
    assert circles(graph(tmp_path)) == [["opalgebra.room.a", "opalgebra.room.b", "opalgebra.room.c"]]


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_leads_to_a_function(name: str) -> None:
    """No import tells of these roads upwards, so that no tool sees one that leads nowhere."""
    assert callable(verb(name))


def test_the_verbs_are_those_that_are_called(root: Path) -> None:
    trees = (ast.parse(path.read_text("utf-8")) for path in modules(root).values())
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    called = {node.args[0] for node in calls if isinstance(node.func, ast.Name) and node.func.id == "verb"}
    names = {node.value for node in called if isinstance(node, ast.Constant)}
    assert names | {"ascii"} == set(VERBS)  # the one of f"{A:ascii}", which is called by its variable name


def test_the_checker_keeps_its_address() -> None:
    from opalgebra import algebra
    from opalgebra.algebra.certificates import checker

    assert algebra.checker is checker
    with pytest.raises(AttributeError, match="no attribute"):
        algebra.nothing  # noqa: B018


def test_the_picture_shows_floors_and_circles() -> None:
    made = {"opalgebra.a.x": {"opalgebra.b.y"}, "opalgebra.b.y": {"opalgebra.c"}, "opalgebra.c": set()}
    assert floors({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a": 1, "b": 0, "c": 0, "d": 0}
    assert svg(made).count("<rect ") == 3
    assert svg(made).count("<path ") == 2
    assert 'class="circle"' not in svg(made)
    assert svg(made | {"opalgebra.c": {"opalgebra.b.y"}}).count('class="circle"') == 4  # two boxes, both ways
