"""The layers are one-way, and the check that says so can fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# One process for all violations: it reads the whole package anew whenever a line comes in.
LINTER = """
import contextlib, io, json, sys
from importlinter.cli import lint_imports
for _ in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        code = lint_imports(no_cache=True, no_logo=True)
    print(json.dumps([code, " ".join(shown.getvalue().split())]), flush=True)
"""
Lint = Callable[[str, str], tuple[int, str]]


@pytest.fixture(scope="module")
def lint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lint]:
    """The linter's exit code and words on a copy of the package in which one file has one more line."""
    root, directory = Path(__file__).resolve().parents[2], tmp_path_factory.mktemp("copy")
    shutil.copytree(root / "opalgebra", directory / "opalgebra", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    shutil.copy(root / "pyproject.toml", directory)
    environment = {**os.environ, "PYTHONPATH": str(directory), "PYTHONIOENCODING": "utf-8"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    with subprocess.Popen([sys.executable, "-c", LINTER], cwd=directory, env=environment, **pipes) as process:

        def linted(module: str, line: str) -> tuple[int, str]:
            file = directory / "opalgebra" / module
            before = file.read_text("utf-8") if file.exists() else None
            file.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
            try:
                process.stdin.write("\n")
                process.stdin.flush()
                code, shown = json.loads(process.stdout.readline())
            finally:
                file.unlink() if before is None else file.write_text(before, encoding="utf-8")
            return code, shown

        yield linted
        process.stdin.close()


def test_every_layer_imports_downwards_only(lint: Lint) -> None:
    code, shown = lint("__init__.py", "")
    assert code == 0, shown
    assert "0 broken" in shown


@pytest.mark.parametrize(
    ("module", "line", "chain"),
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
def test_a_planted_upward_import_is_caught(lint: Lint, module: str, line: str, chain: str) -> None:
    code, shown = lint(module, line)
    assert code != 0
    assert chain in shown


BOUND = "Operators on arrays are on floors"
ROOMS, DECIDE = "The rooms of the algebra are on floors", "The decision is on floors"
EXPR = "The files of the expressions are on floors"
NN, FILES, PARSE = "The layers of networks are on floors", "Files are on floors", "The parser is on floors"
SHOW = "The rooms of show are on floors"
JUDGES = "The judges reach nothing of what they judge"
ENGINE, WAYS = "The rooms of the engine are on floors", "The ways of computing are on floors"
CUDA, COMPILED = "The filters on a device are on floors", "The compiled code is on floors"
LOOPS, INDEPENDENT = "The loops are on floors", "Compiled code knows nothing of filters"


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
        ("engine/filters/fir.py", "def late():\n    from ..ways.choose import choose", ENGINE),
        ("engine/letters/unfold.py", "from ..ways import compiled", ENGINE),
        ("engine/ways/short.py", "from .table import WAYS", WAYS),
        ("engine/ways/cuda/passes.py", "if TYPE_CHECKING:\n    from ..way import Job", WAYS),
        ("engine/ways/cuda/passes.py", "from .launch import add_to", CUDA),
        ("engine/ways/compiled/plans.py", "def late():\n    from .fourier import fir", COMPILED),
        ("engine/ways/compiled/kernels.py", "def late():\n    from .plans import Plan", COMPILED),
        ("engine/ways/compiled/loops/patches.py", "from .tiles import sums", LOOPS),
        ("engine/ways/compiled/threads.py", "from ...arrays.window import Window", INDEPENDENT),
    ],
)
def test_a_planted_import_between_rooms_is_caught(lint: Lint, module: str, line: str, contract: str) -> None:
    code, shown = lint(module, line)
    assert code != 0
    assert f"{contract} BROKEN" in shown


def test_a_module_outside_the_layers_is_caught(lint: Lint) -> None:
    code, shown = lint("stray.py", "")
    assert code != 0
    assert "stray" in shown
