"""What ``import opalgebra`` loads, and what it offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def loaded_after(statement: str, root: Path) -> set[str]:
    """The top-level packages loaded after a statement in a fresh interpreter."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_import_loads_nothing_heavy(root: Path) -> None:
    loaded = loaded_after("import opalgebra", root)
    assert "numpy" in loaded
    assert loaded & {"sympy", "numba", "scipy", "PIL", "matplotlib"} == set()


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
