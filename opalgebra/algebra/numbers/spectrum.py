"""The frequencies of a statement, as powers of few units.

e^{iωn} with ω = 2π t + Σ cⱼ aⱼ is a root of unity to the power n, times powers of the units e^{i aⱼ / dⱼ}, where dⱼ
is the common denominator of the cⱼ in the statement, its scalars and taps included.  The units count as free: what
holds for free units holds for all.  For symbols distinct powers are independent, and so they are for algebraic numbers
aⱼ that are independent over ℚ (Lindemann and Weierstrass).  The exponent of a unit is one more coordinate of the walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any, TypeAlias

from ...errors import Undecided
from ...expr import ORDER_LIMIT, Character, axes, constants, order_of, parts_of, root_of_unity, with_frequencies
from ...scalar import is_sympy, to_sympy
from .ring import multiplied_out

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
        made = cls((), order if order <= ORDER_LIMIT and not (order > 1 and _has_symbolic_turns(roots)) else 0)
        found: dict[Any, int] = {}
        for node in (n for root in roots for n in with_frequencies(root) if isinstance(n, Character)):
            for entry in axes(node.frequency):
                for atom, coefficient in made._parts(entry)[1].items():
                    found[atom] = lcm(found.get(atom, 1), denominator(coefficient))
        if found:
            for angle in (a for value in constants(*roots) if is_sympy(value) for a in angles_in(value)):
                for atom, coefficient in made._parts(angle)[1].items():
                    if atom in found:
                        found[atom] = lcm(found[atom], denominator(coefficient))
        return cls(tuple(sorted(found.items(), key=lambda item: str(item[0]))), made.order)

    def _parts(self, angle: Any) -> tuple[Fraction, dict[Any, Any]]:
        """The multiple of 2π that counts as a root of unity, and the atoms."""
        turn, atoms = normal_parts(angle)
        if self.order or not turn:
            return turn, atoms
        from sympy import Rational, pi

        return Fraction(0), {**atoms, pi: atoms.get(pi, 0) + Rational(2 * turn.numerator, turn.denominator)}

    @property
    def none(self) -> tuple[int, ...]:
        """The exponents of 1."""
        return (0,) * len(self.units)

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
            return [(scalar, self.none)]
        from sympy import I, Mul, exp

        found = []
        for term in terms_of(scalar):
            rest: list[Any] = []
            atoms: dict[Any, Any] = {}
            for factor in Mul.make_args(term):
                angle = angle_of(factor)
                turn, parts = (Fraction(0), {}) if angle is None else self._parts(angle)
                mine = {atom: c for atom, c in parts.items() if atom in dict(self.units)}
                if not mine:
                    rest.append(factor)
                    continue
                others = Mul(I, sum(c * atom for atom, c in parts.items() if atom not in mine))
                rest += [root_of_unity(turn.denominator) ** turn.numerator, exp(others)]
                for atom, coefficient in mine.items():
                    atoms[atom] = atoms.get(atom, 0) + coefficient
            exponents = tuple(whole((-1 if conj else 1) * atoms.get(a, 0) * d) for a, d in self.units)
            found.append((Mul(*rest), exponents))
        return found

    def powers(self, character: Character, conj: bool) -> list[tuple[Any, ...]]:
        """For every unit its exponent per axis: e^{iωn} is the product of unit^(exponent · n)."""
        sign = -1 if conj else 1
        atoms = [self._parts(entry)[1] for entry in axes(character.frequency)]
        known = {atom for atom, _ in self.units}
        if any(parts.keys() - known for parts in atoms):  # the index of a sum stands in it, which is walked as one
            raise Undecided(f"the frequency {character.frequency} depends on the index of a sum")
        return [tuple(whole(sign * parts.get(atom, 0) * d) for parts in atoms) for atom, d in self.units]

    def turns(self, character: Character, conj: bool) -> tuple[Fraction, ...]:
        """The part of every frequency that is a rational multiple of 2π, divided by it."""
        found = [self._parts(entry)[0] for entry in axes(character.frequency)]
        return tuple((-t if conj else t) % 1 for t in found)


def angle_of(factor: Any) -> Any:
    """θ of a factor e^{iθ} with a real θ; None of any other."""
    from sympy import I, exp, expand, log, pi

    if isinstance(factor, exp):
        angle = expand(factor.exp / I)
    elif factor.is_Pow and factor.base.is_positive and factor.base.is_number and not factor.exp.is_Rational:
        angle = expand(factor.exp * log(factor.base) / I)  # SymPy writes e^{i log 2} as 2^i
    elif factor.is_Pow and factor.base == -1 and factor.exp.is_Rational:
        angle = pi * factor.exp
    else:
        return None
    return angle if angle.is_real else None


def angles_in(scalar: Any) -> list[Any]:
    """The angles θ of all e^{iθ} that are factors of the terms of a scalar."""
    from sympy import Mul

    factors = [f for term in terms_of(scalar) for f in Mul.make_args(term)]
    return [angle for f in factors if (angle := angle_of(f)) is not None]


def terms_of(scalar: Any) -> tuple[Any, ...]:
    """The terms of a scalar that is multiplied out, with exponentials in place of cosines and sines."""
    from sympy import Add

    terms: tuple[Any, ...] = Add.make_args(multiplied_out(_exponential(scalar)))
    return terms


def _exponential(value: Any) -> Any:
    """Cosines and sines written with exponentials; not those within the arguments of other functions."""
    from sympy import I, cos, exp, sin

    if isinstance(value, cos | sin):
        forward, backward = exp(I * value.args[0]), exp(-I * value.args[0])
        return (forward + backward) / 2 if isinstance(value, cos) else (forward - backward) / (2 * I)
    if value.is_Add or value.is_Mul or (value.is_Pow and value.exp.is_Integer):
        return value.func(*map(_exponential, value.args))
    return value


@lru_cache(maxsize=1024)
def normal_parts(angle: Any) -> tuple[Fraction, dict[Any, Any]]:
    """As :func:`parts_of`, with numbers among the atoms independent over ℚ as far as their normal form knows."""
    turn, atoms = _without_whole_turns(*parts_of(angle))
    numbers = {a: c for a, c in atoms.items() if a.is_number and c.is_Rational and not _is_plain(a)}
    if not numbers:
        return turn, atoms
    from sympy import pi

    from .reading import TowerRing, order_of_roots

    value = sum(c * a for a, c in atoms.items() if a.is_number and c.is_Rational)
    ring = TowerRing(order_of_roots([value]))
    found = {a: c for a, c in atoms.items() if not (a.is_number and c.is_Rational)}
    for monomial, c in ring.monomials(value):
        if monomial == pi:
            turn = (turn + Fraction(c) / 2) % 1
        else:
            found[monomial] = found.get(monomial, 0) + to_sympy(c)
    return turn, found


def _without_whole_turns(turn: Fraction, atoms: dict[Any, Any]) -> tuple[Fraction, dict[Any, Any]]:
    """Without multiples of 2π by integer symbols."""
    from sympy import Add, expand, pi

    if pi not in atoms:
        return turn, atoms
    terms = (term.as_coeff_Mul() for term in Add.make_args(expand(atoms[pi])))
    rest = Add(*(number * monomial for number, monomial in terms if number % 2))
    return turn, {atom: c for atom, c in {**atoms, pi: rest}.items() if c != 0}


def _has_symbolic_turns(roots: Any) -> bool:
    """Whether scalars have multiples of π by symbols in their angles: what depends on these is no root of unity."""
    from sympy import pi

    angles = (a for value in constants(*roots) if is_sympy(value) and value.free_symbols for a in angles_in(value))
    return any(pi in parts_of(angle)[1] for angle in angles)


def _is_plain(atom: Any) -> bool:
    """1, or the square root of a number without square factors, as SymPy leaves them."""
    return bool(atom == 1 or (atom.is_Pow and atom.base.is_Integer and atom.base > 0 and atom.exp.is_Rational
                              and atom.exp.q == 2))  # fmt: skip


def denominator(coefficient: Any) -> int:
    from sympy import denom

    return (
        int(denom(coefficient.as_coeff_Mul()[0]))
        if not coefficient.is_Add
        else lcm(*(denominator(term) for term in coefficient.args))
    )


def whole(value: Any) -> Any:
    """An int where it is one, else a polynomial in integer symbols."""
    from sympy import expand, sympify

    value = expand(sympify(value))
    return int(value) if value.is_Integer else value
