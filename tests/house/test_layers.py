"""The layers are one-way, and the check that says so can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(directory), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-c", CHECK], cwd=directory, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of the package that a test may spoil."""
    shutil.copytree(root / "opalgebra", tmp_path / "opalgebra", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_layer_imports_downwards_only(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "shown"),
    [
        ("expr/node.py", "from opalgebra.algebra.decide import canonical", "opalgebra.expr.node -> opalgebra.algebra"),
        ("errors.py", "import opalgebra.scalar", "opalgebra.errors -> opalgebra.scalar"),
        ("algebra/facts.py", "from ..engine import apply", "opalgebra.algebra.facts -> opalgebra.engine"),
        ("_verbs.py", "from .errors import OpAlgebraError", "opalgebra._verbs -> opalgebra.errors"),
        (
            "engine/__init__.py",
            "def late():\n    from ..show.notation import text",
            "opalgebra.engine -> opalgebra.show",
        ),
        ("expr/node.py", "import opalgebra.parse", "opalgebra.expr.node -> opalgebra.parse"),
    ],
)
def test_a_planted_upward_import_is_caught(copy: Path, module: str, line: str, shown: str) -> None:
    with (copy / "opalgebra" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = lint(copy)
    assert result.returncode != 0
    assert shown in " ".join(result.stdout.split()), result.stdout


ROOMS, DECIDE = "The rooms of the algebra are on floors", "The decision is on floors"
JUDGES = "The judges reach nothing of what they judge"
ENGINE, WAYS = "The rooms of the engine are on floors", "The ways of computing are on floors"
CUDA, COMPILED = "The filters on a device are on floors", "The compiled code is on floors"
LOOPS, INDEPENDENT = "The loops are on floors", "Compiled code knows nothing of filters"


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("algebra/numbers/ring.py", "from ..decide import walk", ROOMS),
        ("algebra/decide/blocks.py", "def late():\n    from ..derive.simplify import simplify", ROOMS),
        ("algebra/forms/matrix.py", "from ..certificates import checker", ROOMS),
        ("algebra/decide/decision.py", "def late():\n    from .prove import decide", DECIDE),
        ("algebra/decide/walk.py", "from .coset import Cosets", DECIDE),
        ("algebra/judge/evaluate.py", "from ..numbers.choose import ring_of", ROOMS),
        ("algebra/judge/replay.py", "if TYPE_CHECKING:\n    from ..decide.proof import Proof", JUDGES),
        ("algebra/facts.py", "def late():\n    from .decide.prove import prove", JUDGES),  # whom the judges import
        ("algebra/certificates/checker.py", "from ..laws.table import laws", JUDGES),
        ("engine/filters/fir.py", "def late():\n    from ..ways.choose import choose", ENGINE),
        ("engine/letters/unfold.py", "from ..ways import compiled", ENGINE),
        ("engine/ways/short.py", "from .table import WAYS", WAYS),
        ("engine/ways/cuda/passes.py", "if TYPE_CHECKING:\n    from ..way import Job", WAYS),
        ("engine/ways/cuda/passes.py", "from .launch import add_to", CUDA),
        ("engine/ways/compiled/plans.py", "def late():\n    from .fourier import fir", COMPILED),
        ("engine/ways/compiled/loops/patches.py", "from .tiles import sums", LOOPS),
        ("engine/ways/compiled/threads.py", "from ...arrays.window import Window", INDEPENDENT),
    ],
)
def test_a_planted_import_between_rooms_is_caught(copy: Path, module: str, line: str, contract: str) -> None:
    with (copy / "opalgebra" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = lint(copy)
    assert result.returncode != 0
    assert f"{contract} BROKEN" in " ".join(result.stdout.split()), result.stdout


def test_a_module_outside_the_layers_is_caught(copy: Path) -> None:
    (copy / "opalgebra" / "stray.py").write_text("", encoding="utf-8")
    result = lint(copy)
    assert result.returncode != 0
    assert "stray" in result.stdout + result.stderr
