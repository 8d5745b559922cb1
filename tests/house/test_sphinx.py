"""The Sphinx extension: identities are proved while pages are built, and what is false ends the build."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import opalgebra as oa
from opalgebra.parse import parse_expression

pytest.importorskip("sphinx", reason="Sphinx is not installed")

TRUE = """
Title
=====

.. identity:: Conv(q) @ Up(k) == (Down(k) @ Conv(q).T).T
   :steps:
   :name: transposed

By :eq:`transposed` and more.

.. identity:: Up(k) @ Down(m)
              == Down(m) @ Up(k)
   :given: coprime(k, m)

.. identity:: Conv(q) @ Conv(p) == Conv([1, 3, 3, 1])
   :let: q=[1, 2, 1]; p=[1, 1]

.. identity:: Up(k) @ Down(k) == Identity()
   :refuted:

.. derivation::
   :let: k=3

   Conv(q) @ Up(k)
   Conv(q) @ Down(k).T

   (Down(k) @ Conv(q).T).T

.. toctree::

   other
"""
OTHER = """
# Other

```{identity} Down(k) @ Conv(Up(k) @ α) == Conv(α) @ Down(k)
:name: noble
```

By {eq}`noble`.
"""


CONF = 'project = "p"\nextensions = ["opalgebra.sphinx"]\n'


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, which imports this checkout."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment)


def build(source: Path, builder: str, *options: str, conf: str = "") -> subprocess.CompletedProcess[str]:
    """A build as people run it."""
    (source / "conf.py").write_text(CONF + conf, encoding="utf-8")
    return python("-m", "sphinx", "-q", *options, "-b", builder, str(source), str(source / "_build" / builder))


def site(folder: Path, text: str, markdown: str | None = None) -> Path:
    (folder / "index.rst").write_text(text, encoding="utf-8")
    if markdown is not None:
        (folder / "other.md").write_text(markdown, encoding="utf-8")
    return folder


def test_what_is_true_is_built(tmp_path: Path) -> None:
    pytest.importorskip("myst_parser", reason="MyST is not installed")
    conf = 'extensions += ["myst_parser"]\n'
    done = build(site(tmp_path, TRUE, OTHER), "html", "-W", "-j", "2", conf=conf)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "_build/html/index.html").read_text(encoding="utf-8")
    shown = page.replace("&amp;", "&")
    for part in (r"\text{transpose-product}", r"\neq I", r"\text{(gcd(k, m) = 1)}", "(1, 3, 3, 1)", "down-transpose"):
        assert part in shown
    assert 'id="equation-transposed"' in page
    assert "equation-noble" in (tmp_path / "_build/html/other.html").read_text(encoding="utf-8")


@pytest.mark.long
def test_latex_is_built_from_the_pages_that_html_was_built_from(tmp_path: Path) -> None:
    source = site(tmp_path, TRUE.replace(".. toctree::\n\n   other", "") + "\n.. identity:: Conv(é) == Conv(é)\n")
    doctrees = ["-d", str(tmp_path / "_build/doctrees")]
    assert build(source, "html", "-W", *doctrees).returncode == 0
    done = build(source, "latex", "-W", *doctrees)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "_build/latex/p.tex").read_text(encoding="utf-8")
    assert re.findall(r"\\begin\{equation\*?\}(?:.|\n)*?\\end\{equation\*?\}", text)
    assert text.partition(r"\begin{document}")[2].isascii()
    assert r"\text{\'e}" in text
    page = (tmp_path / "_build/html/index.html").read_text(encoding="utf-8")
    assert "é" in page


def test_pdflatex_reads_what_is_built(tmp_path: Path) -> None:
    """The equations in a document of our own: the classes that Sphinx asks for are not in every installation."""
    pdflatex = shutil.which("pdflatex")
    if pdflatex is None:
        pytest.skip("pdflatex is not installed")
    assert build(site(tmp_path, TRUE.replace(".. toctree::\n\n   other", "")), "latex").returncode == 0
    text = (tmp_path / "_build/latex/p.tex").read_text(encoding="utf-8")
    equations = re.findall(r"\\begin\{equation\*?\}(?:.|\n)*?\\end\{equation\*?\}", text)
    assert len(equations) == 5
    head = "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n"
    (tmp_path / "own.tex").write_text(head + "\n".join(equations) + "\n\\end{document}\n", encoding="ascii")
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "own.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]


FALSE = [
    (".. identity:: Up(k) @ Down(k) == Identity()", 4, "left side gives 0, the right side 1"),
    (".. identity:: Up(2) == Down(2).T\n   :refuted:", 4, "was to be refuted"),
    (".. identity:: Up(2) @ Up(2)", 4, "exactly one ==|a statement is expected"),
    (".. identity:: Up(0) == Up(1)", 4, "factor"),
    (".. identity:: Conv(q) == Conv(q)\n   :let: q", 4, "is not NAME=VALUE"),
    (".. identity:: Up(k) == Up(k)\n   :given: k in m", 4, "comparisons of a condition are"),
    (".. identity:: __import__('os').system('true') == Up(2)", 4, "allowed are"),
    (".. derivation::\n\n   Conv(q) @ Up(2)\n   Conv(q) @ Down(2).T\n   Down(2) @ Conv(q)", 8, "does not follow"),
    (".. derivation::\n\n   Conv(q) @ Up(2)", 4, "two lines or more"),
    (".. derivation::\n\n   Conv(q) @ Up(2)\n\n   Conv(q) @", 8, "Conv"),
]


MANY = """
import contextlib, io, json, sys
from sphinx.cmd.build import build_main
found = []
for folder in sys.argv[1:]:
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = build_main(["-q", "-b", "html", folder, folder + "/_build"])
    found.append([status, said.getvalue()])
print(json.dumps(found))
"""


def test_what_is_false_ends_the_build(tmp_path: Path) -> None:
    """All in one process, as it takes longer to start one than to build."""
    folders = []
    for at, (text, _, _) in enumerate(FALSE):
        folder = tmp_path / str(at)
        folder.mkdir()
        (site(folder, f"T\n=\n\n{text}\n") / "conf.py").write_text(CONF, encoding="utf-8")
        folders.append(str(folder))
    done = python("-c", MANY, *folders)
    assert done.returncode == 0, done.stderr
    for (text, line, message), (status, said) in zip(FALSE, json.loads(done.stdout.splitlines()[-1]), strict=True):
        assert status != 0, text
        assert f"index.rst:{line}: " in said, said
        assert re.search(message, said), said


def test_what_is_undecided_ends_the_build(tmp_path: Path) -> None:
    conf = (
        "import opalgebra.sphinx as extension\n"
        "from opalgebra.algebra.decide.proof import Proof\n"
        "extension.prove = lambda left, right, given: Proof(left, right, given, 'undecided', 'k is symbolic')\n"
    )
    done = build(site(tmp_path, "T\n=\n\n.. identity:: Up(2) == Up(2)\n"), "html", conf=conf)
    assert done.returncode != 0
    assert "k is symbolic" in done.stderr


def test_a_false_identity_in_markdown_ends_the_build(tmp_path: Path) -> None:
    pytest.importorskip("myst_parser", reason="MyST is not installed")
    text = "# T\n\nwords\n\n```{identity} Up(k) == Down(k)\n```\n"
    (tmp_path / "index.md").write_text(text, encoding="utf-8")
    done = build(tmp_path, "html", conf='extensions += ["myst_parser"]\n')
    assert done.returncode != 0
    assert "index.md:5: identity:" in done.stderr


STAND_IN = """
from opalgebra.expr.operators import LinearOperator

class Drawn:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" id="drawn"></svg>'
    def __str__(self):
        return "x ──→ ↓₂"
    def __format__(self, spec):
        return "x --> down2" if spec == "ascii" else str(self)

LinearOperator.diagram = lambda self, depth=None: Drawn()
"""


def test_diagrams(tmp_path: Path) -> None:
    """With a stand-in for the drawing itself."""
    source = site(tmp_path, "T\n=\n\n.. diagram:: Down(2) @ Conv(q)\n   :depth: 1\n")
    for builder in ("html", "latex", "text"):
        done = build(source, builder, "-W", conf=STAND_IN)
        assert done.returncode == 0, done.stderr
    page = (tmp_path / "_build/html/index.html").read_text(encoding="utf-8")
    assert 'id="drawn"' in page
    assert "──" not in page
    assert "x ──→ ↓₂" in (tmp_path / "_build/text/index.txt").read_text(encoding="utf-8")
    text = (tmp_path / "_build/latex/p.tex").read_text(encoding="utf-8").partition(r"\begin{document}")[2]
    assert "down2" in text
    assert "──" not in text


def test_diagrams_as_they_are_drawn(tmp_path: Path) -> None:
    if not hasattr(oa.Up(2), "diagram"):
        pytest.skip("operators have no diagrams")
    done = build(site(tmp_path, "T\n=\n\n.. diagram:: Down(2) @ Conv(q)\n"), "html", "-W")
    assert done.returncode == 0, done.stderr
    assert parse_expression("Down(2) @ Conv(q)").diagram().svg in (tmp_path / "_build/html/index.html").read_text(
        encoding="utf-8"
    )
