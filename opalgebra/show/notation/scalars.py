"""Python code for numbers and symbols, such that evaluating it gives the same number of the same type."""

from __future__ import annotations

import cmath
import re
from collections.abc import Callable, Mapping
from itertools import count
from keyword import iskeyword
from math import copysign, isfinite
from typing import Any
from unicodedata import normalize

import numpy as np

from ...errors import SizeError
from ...expr.calls import CALLS
from ...scalar import Scalar, exact
from .numbers import HUGE, kind

# Names that ``exact('…')`` reads as something other than a symbol.
_RESERVED = (
    "I pi E oo nan zoo oa sqrt cos sin exp conjugate exact box signals factors integers reals operators coprime "
    "divides equal not_divides even_symmetric Signal Sum"
)
RESERVED = frozenset({*_RESERVED.split(), *CALLS})
MAX_INTEGER = 10**18  # the largest int that ``exact`` reads
# What a symbol may be assumed to be, the shortest description first.
ASSUMPTIONS: tuple[dict[str, bool], ...] = (
    {},
    {"integer": True, "positive": True},
    {"integer": True},
    {"real": True},
    {"positive": True},
    {"nonnegative": True},
    {"integer": True, "nonnegative": True},
)


def integer_code(value: int) -> str:
    """An int; a huge one in hexadecimal, which Python reads and writes without a limit on digits."""
    return repr(value) if value.bit_length() <= HUGE else hex(value)


def float_code(value: Any) -> str:
    """A real NumPy or Python float as a literal that rounds to exactly this float in its own precision."""
    number = float(value)
    if not isfinite(number):
        return f"float('{number}')"
    short = re.sub(r"^-?\d+$", r"\g<0>.0", str(value))
    narrow = isinstance(value, np.floating) and type(value)(float(short)) == value
    return short if narrow else repr(number)


def complex_code(value: Any) -> str:
    """A complex number; ``complex(…)`` where a sum of two literals would lose the sign of a zero.

    >>> complex_code(1 + 2j), complex_code(complex(-0.0, 1))
    ('(1+2j)', 'complex(-0.0, 1.0)')
    """
    real, imaginary = value.real, value.imag
    negative_zero = any(part == 0 and copysign(1, part) < 0 for part in (real, imaginary))
    negative_zero = negative_zero or (real == 0 and copysign(1, imaginary) < 0)  # -2j is -(0+2j), with real part -0.0
    if negative_zero or not cmath.isfinite(value) or isinstance(value, np.complexfloating):
        return f"complex({float_code(real)}, {float_code(imaginary)})"
    return repr(value)


def scalar_code(value: Scalar) -> str:
    """A scalar as the factor in front of ``* A``.

    >>> from fractions import Fraction
    >>> scalar_code(-2), scalar_code(Fraction(1, 3)), scalar_code(Fraction(3))
    ('-2', "exact('1/3')", "(exact('1/2') * 6)")
    """
    return _CODES[kind(value)](value)


def _fraction_code(value: Any) -> str:
    """A :class:`~fractions.Fraction`; an ``exact`` text of an int is an int, and its ints are limited."""
    numerator, denominator = value.numerator, value.denominator
    if denominator == 1:
        return f"(exact('1/2') * {integer_code(2 * numerator)})"
    if max(abs(numerator), denominator) > MAX_INTEGER:
        return f"(exact('1/2') * {integer_code(2 * numerator)} / {integer_code(denominator)})"
    return f"exact('{numerator}/{denominator}')"


def symbolic_scalar_code(value: Any) -> str:
    """A SymPy scalar, in parentheses where it is more than a name or a call.

    >>> import sympy
    >>> symbolic_scalar_code(sympy.Symbol("c")), symbolic_scalar_code(sympy.sqrt(2))
    ("exact('c')", "exact('sqrt(2)')")
    """
    code = symbolic_code(value)
    return code if value.is_Symbol or re.fullmatch(r"exact\('[^']*'\)", code) else f"({code})"


_CODES: dict[str, Callable[[Any], str]] = {
    "int": integer_code,
    "float": float_code,
    "complex": complex_code,
    "fraction": _fraction_code,
    "exact": symbolic_scalar_code,
}


def symbolic_code(value: Any) -> str:
    """A SymPy expression.

    >>> import opalgebra as oa, sympy
    >>> k, q = oa.factors("k"), sympy.Symbol("q")
    >>> print(symbolic_code(2 * k), "|", symbolic_code(sympy.sqrt(2) * q), "|", symbolic_code(sympy.sqrt(k)))
    2*factors('k') | exact('sqrt(2)*q') | exact('sqrt(k)').xreplace({exact('k'): factors('k')})
    """
    if value.is_Integer:
        return integer_code(int(value))
    if value.is_Rational:
        return _fraction_code(exact(value))
    symbols, constants = sorted(value.free_symbols, key=str), _large(value) + _algebraic(value)
    special = [symbol for symbol in symbols if not is_plain(symbol)] + constants
    if not special:
        return f"exact({plain_text(value)!r})"
    if _is_arithmetic(value) and not constants:
        return _print(value, {**{symbol: symbol_code(symbol) for symbol in symbols}, "pi": "exact('pi')"})
    return _with_placeholders(value, special)


def plain_text(value: Any) -> str:
    """The text of a SymPy expression that :func:`is_readable`, as ``exact`` reads it."""
    return _print(value, {})


def is_readable(value: Any) -> bool:
    """Whether ``exact`` reads the text of a SymPy expression as it is: all symbols plain, no large ints."""
    return all(is_plain(symbol) for symbol in value.free_symbols) and not _large(value) and not _algebraic(value)


def _algebraic(value: Any) -> list[Any]:
    """The numbers of :func:`~opalgebra.algebraic` in a SymPy expression."""
    import sympy

    return sorted((atom for atom in value.atoms(sympy.NumberSymbol) if hasattr(atom, "code")), key=str)


def _large(value: Any) -> list[Any]:
    """The rationals in a SymPy expression that ``exact`` does not read."""
    import sympy

    found = {n for n in value.atoms(sympy.Rational) if max(abs(n.p), n.q) > MAX_INTEGER}
    return sorted(found, key=lambda n: (int(n.p), int(n.q)))


def is_plain(symbol: Any) -> bool:
    """Whether ``exact`` makes this very symbol from its name: no assumptions, and a name it can read."""
    import sympy

    name = str(symbol.name)
    return bool(symbol == sympy.Symbol(name)) and _is_readable(name)


def _is_readable(name: str) -> bool:
    # Python normalises identifiers, so that other characters would come back as another name
    readable = name.isidentifier() and not iskeyword(name) and not name.startswith("_")
    return readable and name not in RESERVED and normalize("NFKC", name) == name


def symbol_code(symbol: Any) -> str:
    """A symbol with its assumptions.

    >>> import opalgebra as oa, sympy
    >>> print(symbol_code(oa.factors("k")), "|", symbol_code(sympy.Symbol("w", positive=True)))
    factors('k') | exact('w').func('w', positive=True)
    """
    import sympy

    name = str(symbol.name)
    if is_plain(symbol):
        return f"exact('{name}')"
    fits = [given for given in ASSUMPTIONS if sympy.Symbol(name, **given) == symbol]
    given = fits[0] if fits else dict(symbol.assumptions0)
    maker = {("integer", "positive"): "factors", ("integer",): "integers", ("real",): "reals"}.get(tuple(given))
    if maker and name.isidentifier():
        return f"{maker}({name!r})"
    keywords = "".join(f", {key}={flag}" for key, flag in given.items())
    return f"exact('{name if _is_readable(name) else 'x'}').func({name!r}{keywords})"


def _is_arithmetic(value: Any) -> bool:
    """Whether Python's + * / ** on symbols and ints build it, without ints alone on both sides of a /."""
    import sympy

    if value.is_Add:
        return all(not (term.is_Rational and not term.is_Integer) and _is_arithmetic(term) for term in value.args)
    if value.is_Mul:
        return all(factor.is_Rational or _is_arithmetic(factor) for factor in value.args)
    if value.is_Pow:
        return bool(value.exp.is_Integer and not value.base.is_Number) and _is_arithmetic(value.base)
    return bool(value.is_Symbol or value.is_Integer or value is sympy.pi)


def _with_placeholders(value: Any, special: list[Any]) -> str:
    """The expression with plain symbols, and the replacement by those with assumptions and by large numbers."""
    import sympy

    taken = {str(symbol.name) for symbol in value.free_symbols}
    names: dict[Any, str] = {}
    for part in special:
        name = str(getattr(part, "name", ""))
        if not _is_readable(name) or sum(name == symbol.name for symbol in value.free_symbols) > 1:
            name = next(name for name in (f"s{n}" for n in count(1)) if name not in taken)
        taken.add(name)
        names[part] = name
    pairs = ", ".join(f"exact('{name}'): {_part_code(part)}" for part, name in names.items())
    shown = value.xreplace({part: sympy.Symbol(name) for part, name in names.items() if not part.is_Symbol})
    return f"exact({_print(shown, names)!r}).xreplace({{{pairs}}})"


def _part_code(part: Any) -> str:
    if hasattr(part, "code"):
        return str(part.code)
    return symbol_code(part) if part.is_Symbol else symbolic_scalar_code(part)


def _print(value: Any, names: Mapping[Any, str]) -> str:
    """The text of an expression with these names for symbols, and for π where it has one."""
    from sympy.printing.str import StrPrinter

    overrides = {
        "_print_Symbol": lambda self, symbol: names.get(symbol, symbol.name),
        "_print_Pi": lambda self, expression: names.get("pi", "pi"),
        "_print_Exp1": lambda self, expression: "exp(1)",
    }
    try:
        shown: str = type("Printer", (StrPrinter,), overrides)().doprint(value)
    except (ValueError, RecursionError) as error:  # Python writes no decimal ints beyond 4,300 digits
        raise SizeError(f"a SymPy entry is too long or too deep to be written out ({error})") from None
    return shown
