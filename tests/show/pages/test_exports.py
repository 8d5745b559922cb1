"""Files that are written: LaTeX that compiles, Markdown, pages and pictures."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import sympy

import opalgebra as oa
from opalgebra.show import export
from opalgebra.show.pages.tex import in_ascii_latex
from tests.objects import SHOWN, hard_law
from tests.show.pages.test_cards import NAMES, read

q, p = oa.signals("q p")
LONG = oa.prove(
    sum((oa.Shift(r) @ oa.Up(40) @ oa.Down(40) @ oa.Shift(-r) for r in range(40)), start=oa.Conv(q) - oa.Conv(q)),
    oa.Identity(),
)
WRAPPED: Any = oa.Down(6) @ oa.Conv(q) @ oa.Up(4) @ oa.Conv(p) @ oa.Down(3)


class Drawn:
    """Like a diagram."""

    svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'

    def __str__(self) -> str:
        return "x ──→ ↓₂"

    def __format__(self, spec: str) -> str:
        return "x --> down2" if spec == "ascii" else str(self)


def many_lines(count: int) -> oa.Derivation:
    """A derivation of so many lines."""
    derivation = oa.derive(WRAPPED)
    for at in range(count - 1):
        derivation.to(WRAPPED.T.T if at % 2 == 0 else WRAPPED)
    return derivation


@pytest.fixture(scope="module")
def compile_tex() -> Any:
    pdflatex = shutil.which("pdflatex")
    if pdflatex is None:
        pytest.skip("pdflatex is not installed")

    def run(path: Path) -> str:
        done = subprocess.run(
            [pdflatex, "-interaction=nonstopmode", "-halt-on-error", path.name],
            cwd=path.parent, capture_output=True, text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        assert done.returncode == 0, "\n".join(
            line for line in done.stdout.splitlines() if line.startswith(("!", "l."))
        )
        assert "Missing character" not in path.with_suffix(".log").read_text(encoding="latin-1")
        return done.stdout

    return run


@pytest.mark.campaign(17)
@pytest.mark.parametrize("name", SHOWN)
def test_every_object_is_written(name: str, tmp_path: Path) -> None:
    thing, _ = SHOWN[name]
    for suffix in (".tex", ".md", ".html"):
        path = export(thing, tmp_path / f"thing{suffix}")
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n")
        if suffix == ".tex":
            assert text.isascii()
            assert text.startswith(r"\documentclass")
        elif suffix == ".html":
            page = read(text.removeprefix("<!DOCTYPE html>\n"))
            assert "script" not in page.seen


def test_every_object_compiles(tmp_path: Path, compile_tex: Any) -> None:
    """All in one document: the bodies of the documents of all objects, and of names with special characters."""
    things = [thing for name, (thing, _) in SHOWN.items() if name not in ("laws", "falsehoods")]
    things += [hard_law(name) for name in NAMES]
    texts = [export(thing, tmp_path / "one.tex").read_text(encoding="utf-8") for thing in things]
    head, _, _ = texts[0].partition(r"\begin{document}")
    assert {text.partition(r"\begin{document}")[0] for text in texts} == {head}
    bodies = [text.partition(r"\begin{document}")[2].replace("\\end{document}\n", "") for text in texts]
    whole = tmp_path / "all.tex"
    whole.write_text(head + "\\begin{document}\n" + "\n\n".join(bodies) + "\n\\end{document}\n", encoding="ascii")
    compile_tex(whole)


def test_the_whole_catalogue_compiles(tmp_path: Path, compile_tex: Any) -> None:
    for name, table in (("laws", oa.laws), ("falsehoods", oa.falsehoods)):
        path = export(table, tmp_path / f"{name}.tex")
        text = path.read_text(encoding="utf-8")
        assert all(rf"\textbf{{{row}}}" in text for row in table)
        said = compile_tex(path)
        wide = [float(found) for found in re.findall(r"Overfull \\hbox \((\d+\.\d+)pt", said)]
        assert max(wide, default=0) < 20


def test_derivations_break_over_pages_and_lines(tmp_path: Path, compile_tex: Any) -> None:
    said = compile_tex(export(many_lines(120), tmp_path / "many.tex"))
    assert int(re.search(r"\((\d+) pages", said)[1]) >= 2
    assert "Overfull" not in said
    for name, proof in (("long", LONG), ("wide", oa.derive(LONG.lhs).to(LONG.lhs.T.T))):
        assert "Overfull" not in compile_tex(export(proof, tmp_path / f"{name}.tex"))


def test_a_law_has_all_of_its_card(tmp_path: Path) -> None:
    law = oa.laws["up-down-coprime"]
    for suffix in (".tex", ".md", ".html"):
        text = export(law, tmp_path / f"law{suffix}").read_text(encoding="utf-8")
        for part in ("up-down-coprime", "gcd(L, M) = 1", "Vaidyanathan", "proved", "refuted", "the left side gives"):
            assert part in text


def test_pictures(tmp_path: Path) -> None:
    diagram = Drawn()
    for thing in (diagram, oa.Signal([1, 2, 3])):
        assert ElementTree.parse(export(thing, tmp_path / "picture.svg")).getroot().tag.endswith("svg")
    for suffix, part in ((".html", "<svg"), (".md", "x ──→ ↓₂"), (".tex", "x --> down2")):
        assert part in export(diagram, tmp_path / f"picture{suffix}").read_text(encoding="utf-8")
    for thing in (oa.Up(2), oa.laws, oa.Signal([[1]])):
        with pytest.raises(oa.OpAlgebraError, match=r"is not drawn; SVG is for diagrams"):
            export(thing, tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    export(oa.Up(2), path)
    assert export(oa.Down(3), str(path)) == path
    assert path.read_text(encoding="utf-8") == "$$\n\\downarrow_{3}\n$$\n"


@pytest.mark.parametrize("name", ["x", "x.pdf", "x.tex.gz", ""])
def test_other_suffixes_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(oa.OpAlgebraError, match=r"files end in \.tex, \.md, \.svg, \.html"):
        export(oa.Up(2), tmp_path / name)


def test_what_has_no_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(oa.OpAlgebraError, match="int has no page"):
        export(3, tmp_path / "x.md")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "plain"),
    [("k ≥ 1", r"k \ensuremath{\geq} 1"), ("↓₂", r"\ensuremath{\downarrow}\ensuremath{{}_{2}}"), ("é", r"\text{\'e}"),
     ("日", r"\texttt{U+65E5}"), ("ℤᵈ", r"\ensuremath{\mathbb{Z}}\ensuremath{{}^{d}}"), ("α", r"\ensuremath{\alpha}"),
     ("q̄", r"\ensuremath{\overline{q}}"), ("plain_{2}", "plain_{2}")],
)  # fmt: skip
def test_seven_bits(given: str, plain: str) -> None:
    assert in_ascii_latex(given) == plain


def test_sums_of_symbols(tmp_path: Path, compile_tex: Any) -> None:
    taps = oa.Signal([sympy.Symbol("a_1") ** 2, sympy.Abs(sympy.Symbol("50%")), sympy.sqrt(2) / 3])
    compile_tex(export(oa.Conv(taps), tmp_path / "taps.tex"))
