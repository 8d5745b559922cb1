"""Expressions on one line: ``↓₂ (q∗) ↑₃`` in Unicode, ``down2 (q*) up3`` in ASCII."""

from __future__ import annotations

import re
from functools import cache, singledispatch
from typing import Any

from ..._verbs import verb
from ...expr import ConjSignal, FormalSignal, Node, SamplingMatrix, axes
from ...scalar import is_sympy
from .render import ATOM, Hole, Piece, Renderer, layout

SUBSCRIPTS = dict(zip("0123456789+-=()aehijklmnoprstuvx,", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ,", strict=True))
# capital letters are left out, because ᵀ and ᴴ mean transpose and adjoint
SUPERSCRIPTS = dict(
    zip("0123456789+-=()abcdefghijklmnoprstuvwxyz,", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ,", strict=True)
)
TOO_LONG = 60  # characters of a symbolic entry from which it is cut


@singledispatch
def text(thing: Any) -> str:
    """An expression in Unicode, on one line; very long ones are summarised with ``…``.

    Proofs, derivations and laws are written line by line: a class registers how, ``@text.register``, in a room above.

    >>> import opalgebra as oa
    >>> q, x = oa.signals("q x")
    >>> text(oa.Down(2) @ oa.Conv(q).T @ oa.Up(3) @ x)
    '↓₂ (q∗)ᵀ ↑₃ x'
    >>> text(oa.Conv(oa.Signal([1, 2, 1], start=-1)) - 2 * oa.Shift(-1))
    '((1 2 1)₋₁∗) − 2 S⁻¹'
    """
    return str(verb("pages")(text, thing))


@text.register
def _(node: Node) -> str:
    return _UNICODE.render(node)


def brief_text(node: Node, limit: int = 200) -> str:
    """The expression in Unicode, summarised from about ``limit`` characters on."""
    return layout(node, _UNICODE.piece, limit, _UNICODE.ellipsis)


def ascii_text(node: Node) -> str:
    """The expression in seven bits.

    >>> import opalgebra as oa
    >>> ascii_text((oa.Down(2) @ oa.Conv(oa.signals("q")).T @ oa.Shift(-1)).T)
    '(down2 (q*)^T S^-1)^T'
    """
    return _ASCII.render(node).encode("ascii", "backslashreplace").decode("ascii")


def number_text(value: Any) -> str:
    """A number in Unicode: ``1/3``, ``−2``, ``0.25``, ``√``-free SymPy text such as ``sqrt(2)/2``."""
    return _UNICODE.number(value)


def index_text(value: Any) -> str:
    """An index, factor or shift in Unicode: ``−1``, ``k``, ``(2,3)``."""
    return _UNICODE.index(value)


def start_text(value: Any) -> str:
    """An index as a subscript: ``₋₁``, ``₍₁,₀₎``."""
    return _UNICODE.start(value)


def exponential_text(frequency: Any) -> str:
    """The exponential e^{iωn} in Unicode."""
    return _UNICODE.exponential(frequency)


def exponent_text(value: Any) -> str:
    """An exponent in Unicode: ``⁻¹``, ``ᵏ⁻¹``, behind a ^ where a superscript is missing."""
    return _UNICODE.raised(value)


def name_text(name: str) -> str:
    """A name with numbers behind underscores as subscripts.

    >>> name_text("q_0"), name_text("q_0_1"), name_text("my_kernel")
    ('q₀', 'q₀,₁', 'my_kernel')
    """
    found = re.fullmatch(r"(.*[^\d_])((?:_[0-9]+)+)", name)
    if not found:
        return name
    return found[1] + "".join(SUBSCRIPTS[digit] for digit in found[2][1:].replace("_", ","))


def subscript(value: str) -> str:
    """A text in subscript characters, or behind an underscore where one is missing."""
    squeezed = re.sub(r"_([0-9])", r"\1", value)
    if all(character in SUBSCRIPTS for character in squeezed):
        return "".join(SUBSCRIPTS[character] for character in squeezed)
    return f"_{_grouped(value)}"


def _grouped(value: str) -> str:
    """A text in parentheses, unless it is one name or number or has parentheses around it."""
    value = value if not value.isidentifier() else name_text(value)
    alone = re.fullmatch(r"-?\w+|\[[^]]*\]", value) or (value[:1] == "(" and value.find(")") == len(value) - 1)
    return value if alone else f"({value})"


@cache
def _printer(unicode: bool) -> Any:
    """A SymPy printer that writes i for the imaginary unit, because I is the identity."""
    from sympy.printing.str import StrPrinter

    def symbol(self: Any, expression: Any) -> str:
        return name_text(expression.name) if unicode else str(expression.name)

    glyphs: dict[str, Any] = {"_print_Symbol": symbol, "_print_ImaginaryUnit": lambda self, expression: "i"}
    if unicode:
        glyphs["_print_Pi"] = lambda self, expression: "π"
    return type("Printer", (StrPrinter,), glyphs)({"order": None})


class _Text(Renderer):
    """The one-line notation in Unicode."""

    def name(self, name: str) -> str:
        return name_text(name)

    def operator_name(self, name: str) -> str:
        return name_text(name)

    def index(self, value: Any) -> str:
        return self._signed(self.raw_index(value))

    def raw_index(self, value: Any) -> str:
        """A factor or shift before it is raised or lowered; an ASCII minus, names as they are."""
        if isinstance(value, SamplingMatrix):
            return "[" + "; ".join(" ".join(map(self.raw_index, row)) for row in value.rows) + "]"
        if isinstance(value, tuple):
            return "(" + ",".join(self.raw_index(entry) for entry in value) + ")"
        if not is_sympy(value):
            return str(value) if abs(value).bit_length() <= 1000 else f"{value:#x}"
        shown = str(value).replace(" ", "").replace("**", "^")
        return shown.replace("*", " ")

    def sampling(self, arrow: str, factor: Any) -> str:
        return arrow + subscript(self.raw_index(factor))

    def start(self, start: Any) -> str:
        return subscript(self.raw_index(start))

    def box(self, factor: Any) -> str:
        return "1" + subscript(self.raw_index(factor))

    sigma = "Σ"

    def sum_sign(self, index: Any, stop: Any) -> str:
        return f"{self.sigma}_{{{self.index(index)}<{self.index(stop)}}}"

    dot = "·"

    def exponential(self, frequency: Any) -> str:
        """e^{iωn} itself, whose multiplication a character is."""
        entries = ",".join(f"{'(' * e.is_Add}{self.symbolic(e)}{')' * e.is_Add}" for e in axes(frequency))
        angle = f"({entries})" if isinstance(frequency, tuple) else entries
        return f"e^(i{self.dot}{angle}{self.dot}n)"

    def character(self, frequency: Any) -> str:
        return f"({self.exponential(frequency)}{self.dot})"

    def raised(self, value: Any) -> str:
        raw = self.raw_index(value)
        squeezed = raw if "_" not in raw else "_"
        if all(character in SUPERSCRIPTS for character in squeezed):
            return "".join(SUPERSCRIPTS[character] for character in squeezed)
        return "^" + self._signed(_grouped_exponent(raw))

    def symbolic(self, value: Any) -> str:
        return self._signed(self._sympy(value, unicode=True).replace("**", "^").replace("*", "·"))

    def _sympy(self, value: Any, unicode: bool) -> str:
        try:
            shown: str = _printer(unicode).doprint(value)
        except (ValueError, RecursionError):  # Python writes no decimal ints beyond 4,300 digits
            return self.ellipsis
        return shown if len(shown) <= TOO_LONG else shown[:TOO_LONG].rstrip(" *") + self.ellipsis

    def entry(self, value: Any) -> str:
        return self.number(value).replace(" ", "")

    def piece(self, hole: Hole) -> Piece:
        node = hole.node
        if isinstance(node, ConjSignal) and isinstance(node.signal, FormalSignal) and len(node.signal.name) == 1:
            return Piece(ATOM, [node.signal.name + "\N{COMBINING MACRON}"])
        return super().piece(hole)


def _grouped_exponent(raw: str) -> str:
    return f"({raw})" if raw in ("T", "H") else _grouped(raw)


class _Ascii(_Text):
    """The one-line notation in ASCII."""

    sigma = "sum"
    dot = "*"
    star = "*"
    close_conv = "*)"
    close_modulate = "]{start}.)"
    minus = "-"
    ellipsis = "..."
    up, down = "up", "down"
    transpose, adjoint = "^T", "^H"
    times = "x"
    dots = ("...", "...", "...")

    def name(self, name: str) -> str:
        return name

    operator_name = name

    def sampling(self, arrow: str, factor: Any) -> str:
        return f"{arrow}{factor}" if isinstance(factor, int) else f"{arrow}_{self._grouped(factor)}"

    def start(self, start: Any) -> str:
        return f"@{self._grouped(start)}"

    def box(self, factor: Any) -> str:
        return f"1_{self._grouped(factor)}"

    def raised(self, value: Any) -> str:
        raw = self.raw_index(value)
        return f"^({raw})" if raw in ("T", "H") else f"^{self._grouped(value)}"

    def _grouped(self, value: Any) -> str:
        raw = self.raw_index(value)
        return raw if raw.isidentifier() else _grouped(raw)

    def symbolic(self, value: Any) -> str:
        return self._sympy(value, unicode=False).replace("**", "^")

    def piece(self, hole: Hole) -> Piece:
        return Renderer.piece(self, hole)


_UNICODE = _Text()
_ASCII = _Ascii()
