"""The frequencies of a statement, as powers of few units.

e^{iωn} with ω = 2π t + Σ cⱼ aⱼ is a root of unity to the power n, times powers of the units e^{i aⱼ / dⱼ}, where dⱼ
is the common denominator of the aⱼ in the statement.  The units count as free: what holds for free units holds for
all, and for symbols distinct powers are independent.  The exponent of a unit is one more coordinate of the walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, TypeAlias

from ..expr.characters import ORDER_LIMIT, Character, parts_of
from ..expr.factors import axes
from ..expr.traverse import walk, written_out

Label: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Spectrum:
    """The units, sorted, and their denominators."""

    units: tuple[tuple[Any, int], ...] = ()

    @classmethod
    def of(cls, *roots: Any) -> Spectrum:
        """The units of some expressions."""
        found: dict[Any, int] = {}
        for node in (node for root in roots for node in walk(written_out(root))):
            if isinstance(node, Character):
                for entry in axes(node.frequency):
                    for atom, coefficient in _free_parts(entry)[1].items():
                        found[atom] = lcm(found.get(atom, 1), _denominator(coefficient))
        return cls(tuple(sorted(found.items(), key=lambda item: str(item[0]))))

    @property
    def labels(self) -> tuple[Label, ...]:
        """The slots that hold the exponents; they sort before all others."""
        return tuple(("", "phase", str(i)) for i in range(len(self.units)))

    def powers(self, character: Character, conj: bool) -> list[tuple[Any, ...]]:
        """For every unit its exponent per axis: e^{iωn} is the product of unit^(exponent · n)."""
        sign = -1 if conj else 1
        atoms = [_free_parts(entry)[1] for entry in axes(character.frequency)]
        return [tuple(_whole(sign * parts.get(atom, 0) * d) for parts in atoms) for atom, d in self.units]


def turns(character: Character, conj: bool) -> tuple[Fraction, ...]:
    """The part of every frequency that is a rational multiple of 2π, divided by it."""
    found = [_free_parts(entry)[0] for entry in axes(character.frequency)]
    return tuple((-t if conj else t) % 1 for t in found)


def _free_parts(entry: Any) -> tuple[Fraction, dict[Any, Any]]:
    turn, atoms = parts_of(entry)
    if turn.denominator <= ORDER_LIMIT:
        return turn, atoms
    from sympy import Rational, pi

    return Fraction(0), {**atoms, pi: atoms.get(pi, 0) + Rational(2 * turn.numerator, turn.denominator)}


def _denominator(coefficient: Any) -> int:
    from sympy import denom

    return (
        int(denom(coefficient.as_coeff_Mul()[0]))
        if not coefficient.is_Add
        else lcm(*(_denominator(term) for term in coefficient.args))
    )


def _whole(value: Any) -> Any:
    """An int where it is one, else a polynomial in integer symbols."""
    from sympy import expand, sympify

    value = expand(sympify(value))
    return int(value) if value.is_Integer else value
