"""The pages: their examples run (pytest collects them as doctests), and their links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE = {"_build", "_static", "catalogue"}  # not pages that people wrote
WRITTEN = [page for page in sorted((ROOT / "docs").rglob("*.md")) if MADE.isdisjoint(page.relative_to(ROOT).parts)]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *WRITTEN]
FENCE = re.compile(r"^```([^`\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def fences(text: str) -> list[tuple[str, str]]:
    """Language and contents of every block of code."""
    return FENCE.findall(text)


def not_run(text: str) -> list[str]:
    """Blocks of Python that no doctest runs, and examples in other blocks."""
    return [block for language, block in fences(text) if (language == "python") != block.startswith(">>> ")]


def headings(text: str) -> set[str]:
    """The anchors that a page has."""
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path, text: str) -> list[str]:
    """Links to files, or to headings of pages, that do not exist."""
    found = []
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in headings(target.read_text(encoding="utf-8"))):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_is_a_doctest_and_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(fences(text))
    assert not_run(text) == []
    assert broken_links(page, text) == []


def test_pytest_collects_the_pages() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert {"README.md", "docs"} <= set(options["testpaths"])
    assert "--doctest-glob=*.md" in options["addopts"]


def test_the_checks_see_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "# A title\n\n```python\nx = 1\n```\n\n```\n>>> 1\n```\n\n[a](other.md) [b](page.md#a-title) [c](#none)\n"
    page.write_text(text, encoding="utf-8")
    assert not_run(text) == ["x = 1\n", ">>> 1\n"]
    assert broken_links(page, text) == ["other.md", "#none"]


@pytest.mark.parametrize("page", [page for page in PAGES if ">>>" in page.read_text(encoding="utf-8")])
def test_examples_show_what_they_use(page: Path) -> None:
    """A page starts from nothing: its first example imports."""
    examples = [block for language, block in fences(page.read_text(encoding="utf-8")) if language == "python"]
    assert re.match(r">>> (import|from) ", examples[0])
