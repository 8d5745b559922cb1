"""Objects as files: LaTeX documents, Markdown, SVG and HTML pages."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ...algebra.laws.table import Table as Catalogue
from ...errors import OperandError
from .cards import card, cards
from .document import Block, Drawing
from .html import page
from .markdown import markdown
from .tex import tex_document


def export(thing: Any, path: str | PathLike[str]) -> Path:
    """Write what an object shows to a file, of the kind that the suffix names; an existing file is replaced.

    Parameters
    ----------
    thing : expression, signal, proof, derivation, law, falsehood, catalogue, diagram, …
        Of a law its card: statement, condition, source, derivation, near miss and witness.  Of ``oa.laws`` and
        ``oa.falsehoods`` all cards.
    path : str or path
        ``.tex``, a whole document in ASCII that pdfLaTeX compiles with amsmath and amssymb; ``.md``, Markdown with
        LaTeX between dollar signs; ``.svg``, for diagrams and for signals on one axis; ``.html``, a page by itself,
        with formulas in Unicode.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    OperandError
        For another suffix, a thing that has no page, and SVG of what is not drawn.

    Examples
    --------
    >>> import opalgebra as oa, tempfile
    >>> from opalgebra.show import export
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(oa.laws["noble-down"], f"{folder}/noble.tex")
    ...     print(written.read_text().splitlines()[0])
    \\documentclass[11pt,a4paper]{article}
    """
    target = Path(fspath(path))
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        raise OperandError(f"the path is {str(target)!r}; files end in {', '.join(WRITERS)}")
    blocks = cards(thing.values()) if isinstance(thing, Catalogue) else card(thing)
    target.write_text(writer(blocks, _title(thing)), encoding="utf-8", newline="\n")
    return target


def _title(thing: Any) -> str:
    return str(getattr(thing, "name", "") or type(thing).__name__)


def _markdown(blocks: list[Block], title: str) -> str:
    return markdown(blocks) + "\n"


def _svg(blocks: list[Block], title: str) -> str:
    drawn = [block.svg for block in blocks if isinstance(block, Drawing)]
    if len(drawn) != 1:
        raise OperandError(
            f"{title} is not drawn; SVG is for diagrams, such as export(A.diagram(), path), and for signals of numbers "
            "on one axis"
        )
    return drawn[0] + "\n"


WRITERS: dict[str, Callable[[list[Block], str], str]] = {
    ".tex": tex_document,
    ".md": _markdown,
    ".svg": _svg,
    ".html": page,
}
