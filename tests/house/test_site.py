"""The tools that make the site, on small sites of which the faults are known."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import opalgebra as oa

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


check_pages = loaded(DOCS / "check_pages.py")
themes = loaded(DOCS / "_ext" / "themes.py")
docstrings = loaded(DOCS / "_ext" / "docstrings.py")

needs_sphinx = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("sphinx", "myst_parser"))), reason="needs pip install '.[docs]'"
)
BROWSER = next(filter(None, map(shutil.which, check_pages.BROWSERS)), None)
needs_browser = pytest.mark.skipif(
    BROWSER is None or importlib.util.find_spec("websocket") is None, reason="needs Chromium and websocket-client"
)


# the catalogue


def test_every_law_is_on_one_page_of_the_catalogue() -> None:
    placed = [name for theme in themes.THEMES for name in theme.laws]
    assert sorted(placed) == sorted(oa.laws)


@needs_sphinx
def test_a_law_without_a_theme_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    from sphinx.errors import ExtensionError

    catalogue = loaded(DOCS / "_ext" / "catalogue.py")
    with pytest.raises(ExtensionError, match="new-law"):
        catalogue.check_themes(laws=[*oa.laws, "new-law"])


@needs_sphinx
def test_a_law_that_is_false_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    from sphinx.errors import ExtensionError

    catalogue = loaded(DOCS / "_ext" / "catalogue.py")
    false = oa.Law("false", "k:factor", lambda k: (oa.Up(k) @ oa.Down(k), oa.Identity()), "nowhere",
                   lambda k: (oa.Up(k), oa.Down(k)))  # fmt: skip
    with pytest.raises(ExtensionError, match="false is refuted"):
        catalogue.law_card(false)
    with pytest.raises(ExtensionError, match="is not"):
        catalogue.run_on_numbers(false)
    card = catalogue.law_card(oa.laws["noble-down"])
    assert card.startswith("(law-noble-down)=")
    assert "samples agree" in card
    assert "refuted" in card


CONF = f"""
import sys
sys.path[:0] = [{str(DOCS / "_ext")!r}, {str(ROOT)!r}]
extensions = ["myst_parser", "pages"]
nitpicky = True
def setup(app):
    import opalgebra
    from catalogue import CardRole
    app.add_role("law", CardRole("law", opalgebra.laws))
"""


def built(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "conf.py").write_text(CONF, "utf-8")
    (folder / "index.md").write_text(text, "utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(folder), str(folder / "_out")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.long
@needs_sphinx
def test_links_to_laws_are_checked(tmp_path: Path) -> None:
    card = "(law-noble-down)=\n## A card\n\n{law}`noble-down`\n"
    good = built(tmp_path, f"# A page\n\n{card}\n```{{pages}}\n\nmore/*\n```\n")
    assert good.returncode == 0, good.stderr
    assert 'href="#law-noble-down"' in (tmp_path / "_out" / "index.html").read_text("utf-8")
    wrong = built(tmp_path, "# A page\n\n{law}`noble-dwn`\n")
    assert wrong.returncode != 0
    assert "there is no law 'noble-dwn'" in wrong.stderr


# docstrings


def test_formulas_in_docstrings_are_not_markup() -> None:
    assert docstrings.escaped("y_n = Σ_k q_{n−k} x_k") == r"y_n = Σ_k q\_{n−k} x_k"
    assert docstrings.escaped("|x| and (q*) of ``a_`` and :class:`Up`") == r"\|x\| and (q\*) of ``a_`` and :class:`Up`"
    assert docstrings.escaped("**bold** stays") == "**bold** stays"


# the pages in a browser


PAGE = """<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"></head>
<body><article class="bd-article">{}</article></body></html>"""
GOOD = '<p id="a">Text, <a href="#a">here</a> and <a href="other.html">there</a>.</p>'
FAULTY = {
    "LaTeX as text": r"<p>\[ x \]</p>",
    "KaTeX cannot read": '<span class="katex-error">\\oops</span>',
    "mathematics not set": '<span class="math notranslate">x^2</span>',
    "image not loaded": '<img src="none.png">',
    "404": '<img src="none.png">',
    "pixels wider than the screen": '<div style="width: 3000px; background: red">wide</div>',
    "request to another machine": '<script src="http://elsewhere.invalid/x.js"></script>',
    "console: planted": '<script>console.error("planted")</script>',
    "error: ": "<script>undefined_function()</script>",
}


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text(PAGE.format("<p>There.</p>"), "utf-8")
    (tmp_path / "index.html").write_text(PAGE.format(GOOD), "utf-8")
    assert list(check_pages.links(tmp_path)) == []
    wrong = '<p id="b"></p><p id="b"></p><a href="none.html">x</a><a href="other.html#none">y</a>'
    (tmp_path / "index.html").write_text(PAGE.format(wrong), "utf-8")
    assert [fault for _, fault in check_pages.links(tmp_path)] == [
        "id given twice: b",
        "link to a file that does not exist: none.html",
        "link to an anchor that does not exist: other.html#none",
    ]


@needs_browser
def test_the_browser_sees_what_is_wrong(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE.format(GOOD), "utf-8")
    (site / "other.html").write_text(PAGE.format("<p>There.</p>"), "utf-8")
    for number, body in enumerate(FAULTY.values()):
        (site / f"faulty{number}.html").write_text(PAGE.format(body), "utf-8")
    found = check_pages.check(site, tmp_path / "shots", BROWSER)
    assert "index.html" not in found
    for number, fault in enumerate(FAULTY):
        assert any(fault in one for one in found[f"faulty{number}.html"]), (fault, found.get(f"faulty{number}.html"))
    assert len(list((tmp_path / "shots").glob("*.png"))) == 4 * (len(FAULTY) + 2)
