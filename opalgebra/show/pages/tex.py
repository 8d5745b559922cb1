r"""LaTeX for pdfLaTeX with nothing but its basic fonts: seven bits, every sign a command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from unicodedata import normalize

from ..notation.ascii import BACK, HIGH, LOW, in_ascii
from ..notation.latex import BESIDE_TEXT, GREEK_SIGNS, related
from .derivation import aligned_rows, reason
from .document import Block, Cell, Display, Drawing, Formula, Lines, Strong, Table, Words, formula, written

WIDEST = 70  # characters of a line of mathematics that surely fits between the margins
DOCUMENT = r"""\documentclass[11pt,a4paper]{article}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage{array}
\allowdisplaybreaks
\emergencystretch=3em
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt plus 2pt}
\addtolength{\textwidth}{80pt}
\addtolength{\oddsidemargin}{-40pt}
\addtolength{\topmargin}{-40pt}
\addtolength{\textheight}{80pt}
\begin{document}
@
\end{document}
"""
SIGNS = {
    "↑": r"\uparrow", "↓": r"\downarrow", "∗": "*", "−": "-", "×": r"\times", "·": r"\cdot", "⋅": r"\cdot",
    "…": r"\ldots", "≠": r"\neq", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "≡": r"\equiv", "→": r"\to",
    "⇒": r"\Rightarrow", "ℤ": r"\mathbb{Z}", "√": r"\surd", "∈": r"\in", "∎": r"\square", "⌈": r"\lceil",
    "⌉": r"\rceil", "⌊": r"\lfloor", "⌋": r"\rfloor", "∤": r"\nmid", "∘": r"\circ", "⊕": r"\oplus", "⟨": r"\langle",
    "⟩": r"\rangle", "±": r"\pm", "ℓ": r"\ell", "∞": r"\infty", "≟": r"\overset{?}{=}", "ᵀ": "^{T}", "ᴴ": "^{H}",
    "′": "'", "✓": r"\checkmark", "µ": r"\mu",
    **{sign: f"\\{command}" for sign, command in GREEK_SIGNS.items()},
}  # fmt: skip
WORDS = {
    "§": r"\S{}", "—": "---", "–": "--", "“": "``", "”": "''", "’": "'", "‘": "`", "ß": r"\ss{}", "ø": r"\o{}",
    "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "æ": r"\ae{}", "Æ": r"\AE{}", "å": r"\aa{}", "Å": r"\AA{}",
}  # fmt: skip
ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0307": ".", "\u0308": '"',
           "\u030a": "r ", "\u030b": "H ", "\u030c": "v ", "\u0327": "c "}  # fmt: skip


def in_ascii_latex(latex: str) -> str:
    r"""The same LaTeX in seven bits, for text and for mathematics; letters without a command by their code point.

    >>> print(in_ascii_latex(r"\text{k ≥ 1, gcdᵏ, Gröbner}"))
    \text{k \ensuremath{\geq} 1, gcd\ensuremath{{}^{k}}, Gr\text{\"o}bner}
    """
    latex = re.sub(f"[{LOW}]+", lambda found: _script("_", found[0]), latex)
    latex = re.sub(f"[{HIGH}]+", lambda found: _script("^", found[0]), latex)
    latex = re.sub("(.)\u0304", lambda found: rf"\ensuremath{{\overline{{{found[1]}}}}}", latex)
    return "".join(sign if sign.isascii() else _command(sign) for sign in latex)


def _script(mark: str, run: str) -> str:
    return rf"\ensuremath{{{{}}{mark}{{{''.join(BACK[sign] for sign in run)}}}}}"


def _command(sign: str) -> str:
    if sign in SIGNS:
        return rf"\ensuremath{{{SIGNS[sign]}}}"
    if sign in WORDS:
        return rf"\text{{{WORDS[sign]}}}"
    parts = normalize("NFD", sign)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS:
        letter = {"i": r"\i", "j": r"\j"}.get(parts[0], parts[0])
        return rf"\text{{\{ACCENTS[parts[1]]}{letter}}}"
    return rf"\texttt{{U+{ord(sign):04X}}}"


def tex_document(blocks: Iterable[Block], title: str) -> str:
    """A document that pdfLaTeX compiles as it is; derivations go on over pages, and long lines over lines."""
    head = f"% {in_ascii(' '.join(title.splitlines()))}\n"
    return DOCUMENT.replace("@", head + in_ascii_latex(written(blocks, _TEX)))


def tex_words(words: str) -> str:
    r"""Plain words in a paragraph of LaTeX.

    >>> print(tex_words("50% of <q_1>"))
    50\ensuremath{\%} of \ensuremath{<}q\ensuremath{\_}1\ensuremath{>}
    """
    return "".join(rf"\ensuremath{{{BESIDE_TEXT[sign]}}}" if sign in BESIDE_TEXT else sign for sign in words)


def _inline(cell: Cell) -> str:
    if isinstance(cell, Formula):
        return f"${_breakable(cell.latex)}$"
    return rf"\textbf{{{tex_words(cell)}}}" if isinstance(cell, Strong) else tex_words(cell)


def _breakable(latex: str) -> str:
    """Mathematics of a paragraph, which may be broken between factors."""
    return latex.replace(r"\,", r"\,\allowbreak ")


def _display(block: Display) -> str:
    if len(block.formula.text) <= WIDEST:
        return f"\\begin{{gather*}}\n{block.formula.latex}\n\\end{{gather*}}"
    return _long("", block.formula, "")


def _lines(lines: Lines) -> str:
    first, *rest = [(formula(step.expression), reason(step)) for step in lines.steps]
    if not rest:
        return _display(Display(first[0]))
    if max(len(first[0].text) + len(shown.text) + len(why) for shown, why in rest) > WIDEST:
        return "\n\n".join([_long("", *first), *(_long("=", *line) for line in rest)])
    body = " \\\\\n".join(aligned_rows(lines.steps, [shown.latex for shown, _ in (first, *rest)]))
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _long(sign: str, shown: Formula, why: str) -> str:
    """A line of a derivation as a paragraph, its law at the right."""
    law = rf"\hspace*{{\fill}}\nolinebreak[1]\hspace*{{1em}}\hspace*{{\fill}}\mbox{{[{tex_words(why)}]}}" if why else ""
    mathematics = _breakable(related("", sign, shown.latex) if sign else shown.latex)
    return rf"{{\raggedright\hangindent=3em\hangafter=1 ${mathematics}${law}\par}}"


def _table(table: Table) -> str:
    sides = "".join("r" if column in table.right else "l" for column in range(len(table.head)))
    if _width(table) > WIDEST:
        sides = _columns(table)
    rows = [" & ".join(map(_inline, row)) for row in table.rows]
    rows = [rf"\(\blacktriangleright\)\ {row}" if at in table.marked else row for at, row in enumerate(rows)]
    titles = " & ".join(rf"\textbf{{{tex_words(title)}}}" for title in table.head)
    head = [rf"{titles} \\ \hline"] if any(table.head) else []
    body = "\n".join([*head, *(rf"{row} \\" for row in rows)])
    return f"\\begin{{center}}\\small\n\\begin{{tabular}}{{{sides}}}\n{body}\n\\end{{tabular}}\n\\end{{center}}"


def _lengths(table: Table) -> list[int]:
    """Characters of the widest cell of every column."""
    cells = zip(table.head, *table.rows, strict=True)
    return [max(len(cell.text if isinstance(cell, Formula) else cell) for cell in column) for column in cells]


def _width(table: Table) -> int:
    return sum(_lengths(table)) + 3 * len(table.head)


def _columns(table: Table) -> str:
    """Paragraph columns that share the width of the page as their widest cells do."""
    lengths = [max(8, min(length, WIDEST)) for length in _lengths(table)]
    shares = [0.95 * length / sum(lengths) - 0.02 for length in lengths]
    return "".join(rf">{{\raggedright\arraybackslash}}p{{{max(share, 0.04):.3f}\linewidth}}" for share in shares)


_TEX: dict[type, Callable[[Any], str]] = {
    Words: lambda block: "".join(map(_inline, block.parts)),
    Display: _display,
    Lines: _lines,
    Table: _table,
    Drawing: lambda block: f"\\begin{{verbatim}}\n{block.ascii}\n\\end{{verbatim}}",
}
