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
from ..expr.operators import Scale
from ..expr.sums import IndexedSum
from ..expr.traverse import order_of, root_of_unity, with_frequencies
from ..scalar import is_sympy

Label: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Spectrum:
    """The units with their denominators, and the order of the roots of unity; 0 where these are a unit too."""

    units: tuple[tuple[Any, int], ...] = ()
    order: int = 1

    @classmethod
    def of(cls, *roots: Any) -> Spectrum:
        """The spectrum of a statement."""
        order = order_of(*roots)
        made = cls((), order if order <= ORDER_LIMIT else 0)
        found: dict[Any, int] = {}
        for node in (node for root in roots for node in with_frequencies(root)):
            for atom, coefficient in made._atoms_in(node):
                found[atom] = lcm(found.get(atom, 1), _denominator(coefficient))
        return cls(tuple(sorted(found.items(), key=lambda item: str(item[0]))), made.order)

    def _atoms_in(self, node: Any) -> list[tuple[Any, Any]]:
        """What the frequencies of a node are made of, besides roots of unity."""
        angles: list[Any] = []
        if isinstance(node, Character):
            angles = list(axes(node.frequency))
        elif isinstance(node, Scale):
            angles = angles_in(node.scalar)
        return [item for angle in angles for item in self._parts(angle)[1].items()]

    def _parts(self, angle: Any) -> tuple[Fraction, dict[Any, Any]]:
        """The multiple of 2π that counts as a root of unity, and the atoms."""
        turn, atoms = parts_of(angle)
        if self.order or not turn:
            return turn, atoms
        from sympy import Rational, pi

        return Fraction(0), {**atoms, pi: atoms.get(pi, 0) + Rational(2 * turn.numerator, turn.denominator)}

    @property
    def labels(self) -> tuple[Label, ...]:
        """The slots that hold the exponents; they sort before all others."""
        return tuple(("", "phase", str(i)) for i in range(len(self.units)))

    @property
    def orders(self) -> tuple[int, ...]:
        """For every unit the power that is 1, where it is known to be a root of unity; else 0."""
        from sympy import pi

        return tuple(2 * d if atom == pi else 0 for atom, d in self.units)

    def of_scalar(self, scalar: Any, conj: bool) -> list[tuple[Any, tuple[Any, ...]]]:
        """A scalar as Σ coefficient · product of units: (coefficient, exponents)."""
        if not self.units or not is_sympy(scalar):
            return [(scalar, (0,) * len(self.units))]
        from sympy import Add, Mul, expand

        found = []
        for term in Add.make_args(expand(scalar)):
            angles = [a for f in Mul.make_args(term) if (a := angle_of(f)) is not None]
            rest = Mul(*(f for f in Mul.make_args(term) if angle_of(f) is None))
            atoms: dict[Any, Any] = {}
            for angle in angles:
                turn, parts = self._parts(angle)
                rest *= root_of_unity(turn.denominator) ** turn.numerator
                for atom, coefficient in parts.items():
                    atoms[atom] = atoms.get(atom, 0) + coefficient
            found.append((rest, tuple(_whole((-1 if conj else 1) * atoms.get(a, 0) * d) for a, d in self.units)))
        return found

    def powers(self, character: Character, conj: bool) -> list[tuple[Any, ...]]:
        """For every unit its exponent per axis: e^{iωn} is the product of unit^(exponent · n)."""
        sign = -1 if conj else 1
        atoms = [self._parts(entry)[1] for entry in axes(character.frequency)]
        return [tuple(_whole(sign * parts.get(atom, 0) * d) for parts in atoms) for atom, d in self.units]

    def turns(self, character: Character, conj: bool) -> tuple[Fraction, ...]:
        """The part of every frequency that is a rational multiple of 2π, divided by it."""
        found = [self._parts(entry)[0] for entry in axes(character.frequency)]
        return tuple((-t if conj else t) % 1 for t in found)


def angle_of(factor: Any) -> Any:
    """θ of a factor e^{iθ} with a real θ that has symbols; None of any other."""
    from sympy import I, exp, expand

    if not isinstance(factor, exp) or not factor.free_symbols:
        return None
    angle = expand(factor.exp / I)
    return angle if angle.is_real else None


def angles_in(scalar: Any) -> list[Any]:
    """The angles θ of all e^{iθ} that are factors of the terms of a scalar."""
    from sympy import Add, Mul, expand

    factors = [f for term in Add.make_args(expand(scalar)) for f in Mul.make_args(term)]
    return [angle for f in factors if (angle := angle_of(f)) is not None]


def is_orthogonality(operator: IndexedSum) -> bool:
    """Whether it is Σ_{j<k} e^{±2πijn/k}, on one axis."""
    if not isinstance(operator.body, Character) or operator.body.ndim != 1:
        return False
    from sympy import expand, pi

    whole = expand(operator.body.frequency * operator.stop / (2 * pi))
    return whole in (operator.index, -operator.index)


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
