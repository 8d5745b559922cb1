r"""Expressions in LaTeX: ``\downarrow_{2}\,(\mathbf{q} *)\,\uparrow_{3}``."""

from __future__ import annotations

import re
from functools import singledispatch
from numbers import Number
from typing import Any

from ..._verbs import verb
from ...expr import Node, SamplingMatrix, axes
from ...scalar import is_sympy
from .render import Renderer

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK = frozenset(_GREEK.split())
SPECIAL = {"\\": r"\backslash ", "^": r"\wedge ", "~": r"\sim ", **{sign: f"\\{sign}" for sign in "{}_%$#& "}}
# Characters that cannot stand in \text{…} everywhere: MathJax reads no escapes there, OT1 fonts have no < and >.
BESIDE_TEXT = {**SPECIAL, "^": r"{}^{\wedge}", "<": "<", ">": ">", "|": r"\vert ", "−": "-"}
del BESIDE_TEXT[" "]
# Greek letters by their own sign; those without a command look like Latin ones
GREEK_SIGNS = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", _GREEK.split(), strict=True))
BESIDE_TEXT.update((sign, f"\\{command} ") for sign, command in GREEK_SIGNS.items())
_SCRIPT = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_ENDS_IN_ARROW = re.compile(rf"\\(?:up|down)arrow(?:_{_SCRIPT})?(?:\^{_SCRIPT})?$")
TOO_LONG = 400  # characters of a symbolic entry from which it is left out


@singledispatch
def latex(thing: Any) -> str:
    r"""An expression in LaTeX, for mathematics mode; very long ones are summarised with ``\ldots``.

    So are numbers, words and sampling matrices; proofs, derivations and laws register in a room above.

    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> print(latex(oa.Down(2) @ oa.Conv(q) @ oa.Up(3)))
    \downarrow_{2}\,(\mathbf{q} *)\,\uparrow_{3}
    >>> print(latex((oa.Down(2) @ oa.Conv(q).T).T))
    (\downarrow_{2}\,(\mathbf{q} *)^{T})^{T}
    """
    return index_latex(thing) if is_sympy(thing) else str(verb("pages")(latex, thing))


@latex.register
def _(node: Node) -> str:
    return _LATEX.render(node)


@latex.register(str)
def words_latex(words: str) -> str:
    r"""Plain words for mathematics mode: runs of ``\text{…}``, and between them what has a meaning in LaTeX.

    LaTeX, KaTeX and MathJax read the same from it.

    >>> print(words_latex("50% of q_1"))
    \text{50}\%\text{ of q}\_\text{1}
    """
    pieces = re.split(f"([{re.escape(''.join(BESIDE_TEXT))}])", " ".join(words.splitlines()))
    return "".join(BESIDE_TEXT.get(piece) or rf"\text{{{piece}}}" for piece in pieces if piece)


def related(left: str, sign: str, right: str) -> str:
    r"""Two sides with a sign between them; ↑ and ↓ are relations for LaTeX, which sets no space beside them.

    >>> print(related(r"\uparrow_{2}", "=", r"\downarrow_{2}^{T}"))
    \uparrow_{2}\;=\;\downarrow_{2}^{T}
    >>> print(related("S", "=", r"I + \uparrow_{2}\,\mathbf{x}"))
    S = I + \uparrow_{2}\,\mathbf{x}
    """
    before = r"\;" if _ENDS_IN_ARROW.search(left) else " " * bool(left)
    return f"{left}{before}{sign}{after_sign(right)}"


def after_sign(right: str) -> str:
    """What follows a sign, with the space before it."""
    return (r"\;" if right.startswith((r"\uparrow", r"\downarrow")) else " ") + right


def number_latex(value: Any) -> str:
    r"""A number in LaTeX: ``\frac{1}{3}``, ``-2``, ``0.25``."""
    return _LATEX.number(value)


@latex.register(Number)
def index_latex(value: Any) -> str:
    """An index, factor or shift in LaTeX: ``-1``, ``k``, ``(2, 3)``."""
    return _LATEX.index(value)


@latex.register
def matrix_latex(matrix: SamplingMatrix) -> str:
    r"""The rows in brackets.

    >>> import opalgebra as oa
    >>> print(matrix_latex(oa.SamplingMatrix([[1, 1], [1, -1]])))
    \begin{bmatrix} 1 & 1 \\ 1 & -1 \end{bmatrix}
    """
    rows = r" \\ ".join(" & ".join(map(number_latex, row)) for row in matrix.rows)
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


def name_latex(name: str, plain: str = "{}", words: str = r"\mathrm{{{}}}", greek: str = "{}") -> str:
    r"""A name, safe for LaTeX: Greek names as letters, what follows an underscore or is a number as subscript.

    >>> name_latex("k"), name_latex("k_1"), name_latex("omega"), name_latex("my_rate")
    ('k', 'k_{1}', '\\omega', '\\mathrm{my}_{\\mathrm{rate}}')
    """
    found = re.fullmatch(r"([^\W\d_]+?)_?([0-9]+(?:_[0-9]+)*)", name)
    base, _, rest = (found[1], "_", found[2].replace("_", ",")) if found else name.partition("_")
    if not base or (base != name and not rest.strip("_")):
        base, rest = name, ""
    base = GREEK_SIGNS.get(base, base)
    style = greek if base in GREEK else plain if len(base) == 1 else words
    safe = f"\\{base}" if base in GREEK else _escape(base)
    if not rest:
        return style.format(safe)
    lowered = rest if found else name_latex(rest) if rest.isalnum() else rf"\mathrm{{{_escape(rest)}}}"
    return f"{style.format(safe)}_{{{lowered}}}"


def signal_latex(name: str) -> str:
    """The name of a formal signal: bold."""
    return name_latex(name, r"\mathbf{{{}}}", r"\mathbf{{{}}}", r"\boldsymbol{{{}}}")


def _escape(name: str) -> str:
    signs = (GREEK_SIGNS.get(character, character) for character in name)
    return "".join(f"\\{sign} " if len(sign) > 1 else _escaped(sign) for sign in signs)


def _escaped(character: str) -> str:
    return SPECIAL.get(character) or (character if character.isascii() else rf"\text{{{character}}}")


class _Latex(Renderer):
    """The notation in LaTeX."""

    glue = r"\,"
    between = ", "
    star = " * "
    close_conv = " *)"
    close_modulate = r"]{start}\cdot)"
    minus = "-"
    ellipsis = r"\ldots "
    up, down = r"\uparrow", r"\downarrow"
    transpose, adjoint = "^{T}", "^{H}"
    conj = (r"\overline{", "}")
    imaginary = r"\mathrm{i}"
    size = r";\ {count}\ \text{{{unit}}}"
    times = r" \times "
    block = (r"\begin{bmatrix} ", r" \end{bmatrix}")
    between_entries, between_rows = " & ", r" \\ "
    dots = (r"\cdots", r"\vdots", r"\ddots")

    def name(self, name: str) -> str:
        return signal_latex(name)

    def operator_name(self, name: str) -> str:
        return name_latex(name)

    def function_name(self, name: str) -> str:
        return rf"\mathrm{{{name}}}"

    def index(self, value: Any) -> str:
        if isinstance(value, tuple):
            return "(" + ", ".join(self.index(entry) for entry in value) + ")"
        if isinstance(value, SamplingMatrix):
            rows = r" \\ ".join(" & ".join(map(self.number, row)) for row in value.rows)
            return rf"\left[\begin{{smallmatrix}} {rows} \end{{smallmatrix}}\right]"
        return self.symbolic(value) if is_sympy(value) else self.number(value)

    def sampling(self, arrow: str, factor: Any) -> str:
        return f"{arrow}_{{{self.index(factor)}}}"

    def start(self, start: Any) -> str:
        return f"_{{{self.index(start)}}}"

    def box(self, factor: Any) -> str:
        return rf"\mathbf{{1}}_{{{self.index(factor)}}}"

    def sum_sign(self, index: Any, stop: Any) -> str:
        last = self.index(stop - 1)
        return rf"\sum_{{{self.index(index)}=0}}^{{{last}}}"

    def character(self, frequency: Any) -> str:
        entries = [self.symbolic(entry) for entry in axes(frequency)]
        compound = isinstance(frequency, tuple) or frequency.is_Add
        angle = rf"\left({', '.join(entries)}\right)" if compound else entries[0]
        return rf"(\mathrm{{e}}^{{\mathrm{{i}}\,{angle}\,n}}\cdot)"

    def raised(self, value: Any) -> str:
        shown = self.index(value)
        return f"^{{({shown})}}" if shown in ("T", "H") else f"^{{{shown}}}"

    def fraction(self, numerator: str, denominator: str) -> str:
        return rf"\frac{{{numerator}}}{{{denominator}}}"

    def decimal(self, digits: str) -> str:
        special = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}
        mantissa, mark, exponent = digits.partition("e")
        if digits in special or not mark:
            return special.get(digits, digits)
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"

    def symbolic(self, value: Any) -> str:
        import sympy

        names = {symbol: name_latex(symbol.name) for symbol in value.free_symbols}
        try:
            shown: str = sympy.latex(value, symbol_names=names)
        except (ValueError, RecursionError):  # Python writes no decimal ints beyond 4,300 digits
            return self.ellipsis
        return shown if len(shown) <= TOO_LONG else self.ellipsis


_LATEX = _Latex()
