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


BOUND = "Operators on arrays are on floors"
ROOMS, DECIDE = "The rooms of the algebra are on floors", "The decision is on floors"
EXPR = "The files of the expressions are on floors"
NN, FILES, PARSE = "The layers of networks are on floors", "Files are on floors", "The parser is on floors"
SHOW = "The rooms of show are on floors"
JUDGES = "The judges reach nothing of what they judge"


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("expr/tree.py", "def late():\n    from .signals import Signal", EXPR),
        ("expr/signals.py", "if TYPE_CHECKING:\n    from .operators import LinearOperator", EXPR),
        ("expr/contents.py", "from .blocks import Block", EXPR),
        ("algebra/numbers/ring.py", "from ..decide import walk", ROOMS),
        ("algebra/decide/blocks.py", "def late():\n    from ..derive.simplify import simplify", ROOMS),
        ("algebra/forms/matrix.py", "from ..certificates import checker", ROOMS),
        ("algebra/decide/decision.py", "def late():\n    from .prove import decide", DECIDE),
        ("algebra/decide/walk.py", "from .coset import Cosets", DECIDE),
        ("nn/layer.py", "def late():\n    from .chain import chain", NN),
        ("nn/gradient.py", "if TYPE_CHECKING:\n    from .conv import Convolution", NN),
        ("nn/pool.py", "from .shuffle import PixelShuffle\nfrom .conv import Conv", NN),
        ("files/npy.py", "from .samples import Samples", FILES),
        ("parse/grammar.py", "def late():\n    from .reader import Reader", PARSE),
        ("show/notation/text.py", "from ..pages.derivation import SIGNS", SHOW),
        ("show/animations/frames.py", "def late():\n    from ..plots.style import figure", SHOW),
        ("show/pages/cards.py", "if TYPE_CHECKING:\n    from ..diagrams.diagram import Diagram", SHOW),
        ("algebra/judge/evaluate.py", "from ..numbers.choose import ring_of", ROOMS),
        ("algebra/judge/replay.py", "if TYPE_CHECKING:\n    from ..decide.proof import Proof", JUDGES),
        ("algebra/facts.py", "def late():\n    from .decide.prove import prove", JUDGES),  # whom the judges import
        ("algebra/certificates/checker.py", "from ..laws.table import laws", JUDGES),
        ("algebra/numbers/tower.py", "def late():\n    from .reading import factors", "The numbers are on floors"),
        ("algebra/judge/evaluate.py", "from .witness import Names", "The judges are on floors"),
        ("algebra/certificates/cofactors.py", "from .writer import certificate", "The certificates are on floors"),
        ("algebra/laws/law.py", "def late():\n    from .table import laws", "The laws are on floors"),
        ("algebra/derive/rewrite.py", "from .simplify import simplify", "The derivations are on floors"),
        ("algebra/optimize/taps.py", "from .moves import moves", "The optimiser is on floors"),
        ("bound/arrays/dask_filters.py", "if TYPE_CHECKING:\n    from ..operators.windowed import Windowed", BOUND),
        ("bound/operators/base.py", "def late():\n    from ..proofs.prove import prove_bound", BOUND),
        ("bound/sizes/sized.py", "from ..reports.explain import explain", BOUND),
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
