"""Printing where the terminal may not carry the notation: any text of ours in seven bits."""

from __future__ import annotations

import re
from typing import TextIO

from .text import SUBSCRIPTS, SUPERSCRIPTS

GLYPHS = {
    "↑": "up", "↓": "down", "∗": "*", "−": "-", "×": "x", "·": "*", "⋅": "*", "…": "...", "≠": "!=", "≤": "<=",
    "≥": ">=", "≈": "~", "≡": "==", "→": "->", "⇒": "=>", "ℤ": "Z", "Σ": "sum", "π": "pi", "√": "sqrt", "∈": "in",
    "—": "-", "–": "-", "“": '"', "”": '"', "’": "'", "\u0304": "^c", "ᵀ": "^T", "ᴴ": "^H", "δ": "delta", "∎": "[]",
    "⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")", "─": "-", "│": "|", "✓": "ok",
}  # fmt: skip
LOW, HIGH = ("".join(glyph for glyph in table.values() if glyph != ",") for table in (SUBSCRIPTS, SUPERSCRIPTS))
BACK = {glyph: plain for table in (SUBSCRIPTS, SUPERSCRIPTS) for plain, glyph in table.items()}


def say(text: str, file: TextIO) -> None:
    """Print in the encoding of the file, in ASCII where that cannot carry the notation."""
    print(text if carries(file, text) else in_ascii(text), file=file)


def carries(file: TextIO, text: str) -> bool:
    """Whether the encoding of a file has all characters of a text."""
    try:
        text.encode(getattr(file, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def in_ascii(text: str) -> str:
    """The notation in seven bits, as the ASCII rendering writes it.

    >>> in_ascii("(↓₂ (q∗)ᵀ)ᵀ ≠ S⁻¹ ↑ₖ")
    '(down2 (q*)^T)^T != S^-1 up_k'
    >>> in_ascii("Sᵏ⁻¹")
    'S^(k-1)'
    """
    text = re.sub(f"(?<=[↑↓])[{LOW}]+", lambda run: _plain(run[0], arrow=True), text)
    text = re.sub(f"[{LOW}]+", lambda run: "_" + _plain(run[0]), text)
    text = re.sub(f"[{HIGH}]+", lambda run: "^" + _raised(_plain(run[0])), text)
    text = "".join(GLYPHS.get(character, character) for character in text)
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _plain(run: str, arrow: bool = False) -> str:
    plain = "".join(BACK[character] for character in run)
    return f"_{plain}" if arrow and not plain.isdigit() else plain


def _raised(plain: str) -> str:
    """An exponent, in parentheses where it would otherwise end too early."""
    return plain if re.fullmatch(r"-?\w+|\(.*\)", plain) else f"({plain})"
