"""What ``import opalgebra`` loads, and what it offers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest


def modules_after(statement: str, root: Path) -> set[str]:
    """The modules loaded after a statement in a fresh interpreter."""
    code = f"import sys; {statement}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def loaded_after(statement: str, root: Path) -> set[str]:
    """The top-level packages among them."""
    return {name.partition(".")[0] for name in modules_after(statement, root)}


def test_import_loads_nothing_heavy(root: Path) -> None:
    loaded = loaded_after("import opalgebra", root)
    assert "numpy" in loaded
    assert loaded & {"sympy", "numba", "scipy", "PIL", "matplotlib"} == set()


def test_import_loads_expressions_alone(root: Path) -> None:
    """What else there is, is imported when it is first used: `python -m benchmarks.imports` says what that saves."""
    loaded = {name.split(".")[1] for name in modules_after("import opalgebra", root) if name.startswith("opalgebra.")}
    assert loaded == {"_verbs", "errors", "expr", "parse", "scalar"}
    assert "opalgebra.algebra" in modules_after("from opalgebra import prove", root)


def test_what_is_imported_later_is_what_type_checkers_see(root: Path) -> None:
    import opalgebra

    tree = ast.parse((root / "opalgebra" / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {str(node.module): {a.name for a in node.names} for node in block.body if isinstance(node, ast.ImportFrom)}
    assert seen.pop("None") == {"nn", "show"}
    assert {module: set(names.split()) for module, names in opalgebra._LATER.items()} == seen


def test_every_public_name_is_offered_before_it_is_used(root: Path) -> None:
    code = "import opalgebra as oa; names = dir(oa); from opalgebra import *; assert set(oa.__all__) <= set(names)"
    check = "assert all(globals()[name] is getattr(oa, name) for name in oa.__all__)"
    assert "opalgebra.bound.compare.comparison" in modules_after(f"{code}; {check}", root)


def test_every_folder_is_there_at_once(root: Path) -> None:
    folders = ["algebra", "bound", "engine", "errors", "expr", "nn", "parse", "scalar", "show"]
    used = "; ".join(f"oa.{folder}.__name__" for folder in folders)
    assert {f"opalgebra.{folder}" for folder in folders} <= modules_after(f"import opalgebra as oa; {used}", root)


def test_names_that_a_repr_is_read_with_are_there_at_once(root: Path) -> None:
    code = "import opalgebra as oa; A = eval(repr(oa.Up(2) / 3), vars(oa).copy()); assert A == oa.Up(2) / 3"
    assert "opalgebra.parse" in modules_after(code, root)


def test_building_and_proving_with_numbers_loads_no_scipy(root: Path) -> None:
    statement = "import opalgebra as oa; assert oa.prove(oa.Down(2) @ oa.Up(2), oa.Identity())"
    assert loaded_after(statement, root) & {"numba", "scipy", "PIL"} == set()


def test_the_probe_sees_what_is_loaded(root: Path) -> None:
    assert "sympy" in loaded_after("import opalgebra, sympy", root)


@pytest.mark.parametrize("name", ["Conv", "Up", "Down", "Shift", "Flip", "Modulate", "Signal", "signals", "prove"])
def test_the_public_names_are_there(name: str) -> None:
    import opalgebra

    assert hasattr(opalgebra, name)


def test_version_has_a_single_source(root: Path) -> None:
    import opalgebra

    assert f"version: {opalgebra.__version__}" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"[{opalgebra.__version__}]" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
