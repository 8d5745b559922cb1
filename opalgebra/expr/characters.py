"""Modulation by e^{iωn}: the characters of ℤ^d."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from ..errors import CoefficientError
from ..scalar import check_scalar, exact, to_sympy
from .factors import axes
from .operators import LinearOperator

Atoms: TypeAlias = dict[Any, Any]  # coefficient by SymPy expression: a frequency is Σ coefficient · expression

ORDER_LIMIT = 120  # roots of unity of higher order are only known by their order in proofs


@dataclass(frozen=True, eq=False, repr=False)
class Character(LinearOperator):
    """y_n = e^{iωn} x_n for a real ω (radians per sample), one per axis; made by :class:`~opalgebra.Modulate`.

    A frequency is exact, a float being the binary fraction that it stores; ``floating`` tells that one was given as a
    float, and so asks for floating-point values.
    """

    frequency: Any
    floating: bool = False

    def __post_init__(self) -> None:
        given = self.frequency
        listed = given if isinstance(given, (tuple, list)) else (given,)
        entries = tuple(map(_one_frequency, listed))
        if not entries:
            raise CoefficientError("the frequency is an empty tuple; give one frequency per axis")
        floating = self.floating or any(isinstance(w, (float, np.floating)) for w in listed)
        self._set(frequency=entries[0] if len(entries) == 1 else entries, ndim=len(entries), floating=floating)

    def own_symbols(self) -> set[Any]:
        return {s for entry in axes(self.frequency) for s in entry.free_symbols if s.is_integer}

    def own_names(self) -> list[str]:
        return sorted(s.name for s in real_symbols(self.frequency))


def _one_frequency(value: Any) -> Any:
    """A real SymPy expression; a float is the binary fraction that it stores."""
    number = to_sympy(exact(check_scalar(value, "the frequency")))
    if number.is_real is not True:
        raise CoefficientError(
            f"the frequency is {value}, which is not known to be real; make its symbols with oa.reals('w')"
        )
    return number


def reals(names: str) -> Any:
    """Real symbols, for frequencies and real scalars, as :func:`sympy.symbols` makes them.

    >>> import opalgebra as oa
    >>> w = oa.reals("w")
    >>> print(oa.Down(3) @ oa.Modulate(w), "=", oa.Modulate(3 * w) @ oa.Down(3))
    ↓₃ (e^(i·w·n)·) = (e^(i·3·w·n)·) ↓₃
    >>> (oa.Down(3) @ oa.Modulate(w)).equals(oa.Modulate(3 * w) @ oa.Down(3))
    True
    """
    import sympy

    return sympy.symbols(names, real=True)


def real_symbols(frequency: Any) -> set[Any]:
    """The symbols of a frequency that do not stand for integers."""
    return {s for entry in axes(frequency) for s in entry.free_symbols if not s.is_integer}


def parts_of(frequency: Any) -> tuple[Fraction, Atoms]:
    """(t, coefficients) with ω = 2π t + Σ coefficient · atom for the frequency of one axis.

    t is rational; a coefficient is a rational number, times integer symbols; an atom is free of both.
    """
    from sympy import Add, Mul, expand, pi

    turn, atoms = Fraction(0), dict[Any, Any]()
    for term in Add.make_args(expand(frequency)):
        number, rest = term.as_coeff_Mul()
        whole = [f for f in Mul.make_args(rest) if _is_integer_power(f)]
        atom = Mul(*(f for f in Mul.make_args(rest) if not _is_integer_power(f)))
        if atom == pi and not whole:
            turn += Fraction(int(number.p), 2 * int(number.q))
        elif number:
            atoms[atom] = atoms.get(atom, 0) + Mul(number, *whole)
    return turn % 1, {atom: c for atom, c in atoms.items() if c != 0}


def _is_integer_power(factor: Any) -> bool:
    base, exponent = factor.as_base_exp()
    return bool(base.is_Symbol and base.is_integer and exponent.is_Integer and exponent > 0)
