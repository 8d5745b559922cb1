r"""LaTeX for pdfLaTeX with nothing but its basic fonts: seven bits, every sign a command."""

from __future__ import annotations

import re
from unicodedata import normalize

from .latex import GREEK_SIGNS
from .seven import BACK, HIGH, LOW

SIGNS = {
    "↑": r"\uparrow", "↓": r"\downarrow", "∗": "*", "−": "-", "×": r"\times", "·": r"\cdot", "⋅": r"\cdot",
    "…": r"\ldots", "≠": r"\neq", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "≡": r"\equiv", "→": r"\to",
    "⇒": r"\Rightarrow", "ℤ": r"\mathbb{Z}", "√": r"\surd", "∈": r"\in", "∎": r"\square", "⌈": r"\lceil",
    "⌉": r"\rceil", "⌊": r"\lfloor", "⌋": r"\rfloor", "∤": r"\nmid", "∘": r"\circ", "⊕": r"\oplus", "⟨": r"\langle",
    "⟩": r"\rangle", "±": r"\pm", "ℓ": r"\ell", "∞": r"\infty", "≟": r"\overset{?}{=}", "ᵀ": "^{T}", "ᴴ": "^{H}",
    "′": "'", "✓": r"\checkmark", "µ": r"\mu",
    **{sign: f"\\{command}" for sign, command in GREEK_SIGNS.items()},
}  # fmt: skip
WORDS = {"—": "---", "–": "--", "“": "``", "”": "''", "’": "'", "‘": "`", "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}",
         "ł": r"\l{}", "Ł": r"\L{}", "æ": r"\ae{}", "Æ": r"\AE{}", "å": r"\aa{}", "Å": r"\AA{}"}  # fmt: skip
ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0307": ".", "\u0308": '"',
           "\u030a": "r ", "\u030b": "H ", "\u030c": "v ", "\u0327": "c "}  # fmt: skip


def in_ascii_latex(latex: str) -> str:
    r"""The same LaTeX in seven bits, for text and for mathematics; letters without a command by their code point.

    >>> print(in_ascii_latex(r"\text{k ≥ 1, gcdᵏ, Gröbner}"))
    \text{k \ensuremath{\geq} 1, gcd\ensuremath{{}^{k}}, Gr\text{\"o}bner}
    """
    for run, mark in ((LOW, "_"), (HIGH, "^")):
        latex = re.sub(
            f"[{run}]+",
            lambda found, mark=mark: rf"\ensuremath{{{{}}{mark}{{{''.join(BACK[sign] for sign in found[0])}}}}}",
            latex,
        )
    latex = re.sub("(.)\u0304", lambda found: rf"\ensuremath{{\overline{{{found[1]}}}}}", latex)
    return "".join(sign if sign.isascii() else _command(sign) for sign in latex)


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
