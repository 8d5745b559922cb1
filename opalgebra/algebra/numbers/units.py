"""The units of a statement with symbolic factors: what has exponents that depend on factors and on indices of sums.

They are e^{iω} for frequencies ω, as in :mod:`.spectrum`, and c^{…} for bases c.  One is a root of unity,
ζ = e^{iπ/(d D)} with a number d and a monomial D in the factors, of which every e^{2πi j/M} in the statement is a
power: its exponents count modulo 2 d D.  All others are free, so that what is concluded holds for all values of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from ...errors import Undecided
from ...expr import Character, Signal, axes, constants, root_of_unity, walk
from ...expr.operators import Scale
from ...expr.sums import UNNAMED, Indexed
from ...scalar import conjugate, exact, is_sympy, to_sympy
from .reading import factors as prime_factors
from .spectrum import Spectrum, angle_of, denominator, normal_parts, terms_of, whole


@dataclass(frozen=True)
class Units(Spectrum):
    """The spectrum of a statement with symbols: ``units`` of the slots, and the root of unity.

    The exponents of a scalar or a character are those of the slots, then that of ζ where there is one.
    """

    bases: tuple[tuple[Any, int], ...] = ()  # c with the common denominator of its exponents; after the units
    turn: tuple[int, Any] | None = None  # (d, D)
    indices: frozenset[Any] = frozenset()

    @classmethod
    def of(cls, *roots: Any, always: bool = False) -> Units:
        """The units of a statement, ``always`` with ζ: then roots of unity that are numbers are its powers too."""
        nodes = [node for root in roots for node in walk(root)]
        indices = frozenset(node.index for node in nodes if isinstance(node, Indexed))
        frequencies = [entry for node in nodes if isinstance(node, Character) for entry in axes(node.frequency)]
        factors = [factor for value in values_in(nodes, roots) if is_sympy(value) for factor in _factors(value)]
        angles = [angle for factor in factors for angle in _angles(factor)]
        parts = [*map(normal_parts, frequencies), *((t, a) for t, a in map(normal_parts, angles))]
        order = Spectrum.of(*roots).order
        turn = _turn_of(parts, always=always or order == 0)
        found = _denominators(parts[: len(frequencies)], parts[len(frequencies) :], turn)
        units = tuple(sorted(found.items(), key=lambda item: str(item[0])))
        return cls(units, order if turn is None else 0, _bases(factors), turn, indices)._checked()

    def _checked(self) -> Units:
        """A unit that changes with the index of a sum is no unit."""
        for atom, _ in (*self.units, *self.bases):
            if self.indices and self.indices & atom.free_symbols:
                raise Undecided(
                    f"a frequency or a base depends on the index of a sum in another way than by powers: {atom}"
                )
        return self

    @property
    def none(self) -> tuple[int, ...]:
        return (0,) * (len(self.units) + len(self.bases) + (self.turn is not None))

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """The slots that hold the exponents; they sort before all others."""
        return tuple(("", "phase", str(i)) for i in range(len(self.units) + len(self.bases)))

    @property
    def order_of_turn(self) -> Any:
        """2 d D; None where there is no ζ."""
        return None if self.turn is None else 2 * self.turn[0] * self.turn[1]

    def _exponents(self, turn: Fraction, atoms: dict[Any, Any], sign: int) -> tuple[Any, ...]:
        """The exponents of e^{i(2π turn + Σ c · atom)}, whose atoms are all known."""
        listed = [whole(sign * atoms.get(atom, 0) * d) for atom, d in self.units] + [0] * len(self.bases)
        if self.turn is None:
            return tuple(listed)
        d, monomial = self.turn
        total = 2 * to_sympy(turn) * monomial * d
        for atom, c in atoms.items():
            if (below := _below(atom)) is not None:
                total += c * d * monomial / below
        return (*listed, whole(sign * total))

    def of_scalar(self, scalar: Any, conj: bool) -> list[tuple[Any, tuple[Any, ...]]]:
        none = self.none
        if not none or not is_sympy(scalar):
            return [(scalar, none)]
        from sympy import Mul

        found = []
        for term in terms_of(scalar):
            rest, exponents = list[Any](), none
            for factor in Mul.make_args(term):
                more = self._of_factor(factor, conj)
                if more is None:
                    rest.append(factor)
                else:
                    rest.append(more[0])
                    exponents = tuple(whole(a + b) for a, b in zip(exponents, more[1], strict=True))
            found.append((Mul(*rest), exponents))
        return found

    def _of_factor(self, factor: Any, conj: bool) -> tuple[Any, tuple[Any, ...]] | None:
        """A factor as a coefficient times powers of units; None where it is a coefficient."""
        from sympy import I, Mul, exp, pi

        powers = dict(_powers(factor))
        if powers:
            known = {conjugate(base) if conj else base: exponent for base, exponent in powers.items()}
            turned = self._exponents(*normal_parts(pi * powers.get(-1, 0)), -1 if conj else 1)
            of_bases = [0] * len(self.units) + [known.get(b, 0) * d for b, d in self.bases] + [0]
            return 1, tuple(whole(a + b) for a, b in zip(turned, of_bases, strict=False))
        angle = _angle(factor)
        if angle is None:
            return None
        turn, atoms = normal_parts(angle)
        known = dict(self.units)
        mine = {a: c for a, c in atoms.items() if a in known or (self.turn is not None and _below(a) is not None)}
        if not mine and (self.turn is None or not turn):
            return None
        others = exp(Mul(I, sum(c * atom for atom, c in atoms.items() if atom not in mine)))
        if self.turn is None:
            others, turn = others * root_of_unity(turn.denominator) ** turn.numerator, Fraction(0)
        return others, self._exponents(turn, mine, -1 if conj else 1)

    def powers(self, character: Character, conj: bool) -> list[tuple[Any, ...]]:
        sign = -1 if conj else 1
        parts = [normal_parts(entry) for entry in axes(character.frequency)]
        known = dict(self.units)
        for _, atoms in parts:
            if any(a not in known and (self.turn is None or _below(a) is None) for a in atoms):
                raise Undecided(f"the frequency {character.frequency} has parts that are not known")
        per_axis = [self._exponents(Fraction(0) if self.turn is None else t, atoms, sign) for t, atoms in parts]
        return [tuple(exponents) for exponents in zip(*per_axis, strict=True)]

    @property
    def powers_of_numbers(self) -> tuple[tuple[int, Any, int], ...]:
        """(slot, c, d) of the bases c whose known powers are numbers of the ring."""
        first = 1 + len(self.units)
        return tuple((first + i, b, d) for i, (b, d) in enumerate(self.bases) if b.is_Symbol or b.is_Rational)

    def integers(self, *roots: Any, known: list[Any]) -> list[Any]:
        """The integer symbols that stand in numbers alone, where exponents may have them."""
        values = values_in([node for root in roots for node in walk(root)], roots) if self.none else []
        found = {s for value in values if is_sympy(value) for s in value.free_symbols if s.is_integer}
        return sorted(found.difference(known, self.indices), key=str)

    def coefficients(self, *roots: Any) -> list[Any]:
        """The numbers that a ring for the statement has to have."""
        found: list[Any] = [b for b, _ in self.bases if b.is_Symbol or b.is_Rational]
        found += [root_of_unity(self.order)] if self.order > 1 else []
        for value in values_in([node for root in roots for node in walk(root)], roots):
            for coefficient, _ in self.of_scalar(value, False):
                used = sorted(self.indices & coefficient.free_symbols, key=str) if is_sympy(coefficient) else []
                found += polynomial_in(coefficient, used).coeffs() if used else [coefficient]
        return found

    def turns(self, character: Character, conj: bool) -> tuple[Fraction, ...]:
        if self.turn is not None:
            return (Fraction(0),) * len(axes(character.frequency))
        return super().turns(character, conj)


def values_in(nodes: Iterable[Any], roots: Iterable[Any]) -> list[Any]:
    """The numbers of an expression, with and without sums of known length written out."""
    found: dict[Any, None] = {}
    for node in nodes:
        if isinstance(node, Scale):
            found[node.scalar] = None
        elif isinstance(node, Signal) and node.is_exact:
            found.update(dict.fromkeys(node.values.flat))
    return [*found, *constants(*roots)]


def polynomial_in(value: Any, symbols: list[Any]) -> Any:
    """A scalar as a polynomial in indices of sums."""
    from sympy import Poly, PolynomialError

    try:
        return Poly(value, *symbols)
    except PolynomialError:
        names = ", ".join(str(s).strip(UNNAMED) for s in symbols)
        raise Undecided(f"a scalar of the sum is no polynomial in its index {names} and no power of it") from None


def _factors(value: Any) -> list[Any]:
    from sympy import Mul

    return [factor for term in terms_of(value) for factor in Mul.make_args(term)]


def _angle(factor: Any) -> Any:
    """θ of a factor e^{iθ}, such as i."""
    from sympy import I, pi

    return pi / 2 if factor is I else angle_of(factor)


def _below(atom: Any) -> Any:
    """The monomial m of positive integers in an atom π/m; None of any other atom."""
    from sympy import Mul, fraction, pi

    above, below = fraction(atom / pi)
    parts = [part.as_base_exp() for part in Mul.make_args(below)] if below != 1 else []
    if above != 1 or not all(b.is_Symbol and b.is_integer and b.is_positive and e.is_Integer for b, e in parts):
        return None
    return below


def _turn_of(parts: list[tuple[Fraction, dict[Any, Any]]], always: bool) -> tuple[int, Any] | None:
    """(d, D) where a multiple of π has a symbol in it, or always; else None."""
    import sympy

    found = [(below, c) for _, atoms in parts for a, c in atoms.items() if (below := _below(a)) is not None]
    if not found and not always:
        return None
    exponents: dict[Any, int] = {}
    for below, _ in found:
        for base, e in (part.as_base_exp() for part in sympy.Mul.make_args(below) if below != 1):
            exponents[base] = max(exponents.get(base, 0), int(e))
    d = lcm(*(denominator(c) for _, c in found), *((2 * t).denominator for t, _ in parts))
    return d, sympy.Mul(*(b**e for b, e in exponents.items()))


def _denominators(
    frequencies: list[tuple[Fraction, dict[Any, Any]]], angles: list[tuple[Fraction, dict[Any, Any]]], turn: Any
) -> dict[Any, int]:
    """The units: atoms of frequencies and of angles with symbols in their coefficients, with common denominators."""
    found: dict[Any, int] = {}
    for among, certain in ((frequencies, True), (angles, False)):
        for _, atoms in among:
            for atom, c in atoms.items():
                if turn is not None and _below(atom) is not None:
                    continue
                if certain or atom in found or c.free_symbols:
                    found[atom] = lcm(found.get(atom, 1), denominator(c))
    for _, atoms in angles:  # once more, for those that a later angle made a unit
        for atom, c in atoms.items():
            if atom in found:
                found[atom] = lcm(found[atom], denominator(c))
    return found


def _powers(factor: Any) -> list[tuple[Any, Any]]:
    """(c, exponent) whose product is a power with integer symbols alone in its exponent; none of any other factor.

    Of a rational the bases are primes, and −1.  Of what may be negative, a root is on either side of the cut, and no
    power of one unit.
    """
    if not factor.is_Pow or not factor.exp.free_symbols:
        return []
    base, exponent = factor.args
    if not all(s.is_integer for s in exponent.free_symbols) or not exponent.is_polynomial(*exponent.free_symbols):
        return []
    if not base.is_positive and denominator(exponent) != 1:
        return []
    if not base.is_Rational:
        return [(base, exponent)]
    signs = [(to_sympy(-1), exponent)] if base.is_negative else []
    return [*signs, *((to_sympy(p), e * exponent) for p, e in prime_factors(abs(exact(base))))]


def _angles(factor: Any) -> list[Any]:
    """The angles of a factor that is a power of units."""
    from sympy import pi

    powers = _powers(factor)
    angle = _angle(factor) if not powers else None
    return [pi * exponent for base, exponent in powers if base == -1] + ([] if angle is None else [angle])


def _bases(factors: list[Any]) -> tuple[tuple[Any, int], ...]:
    """The bases of powers with symbolic exponents, and their conjugates."""
    found: dict[Any, int] = {}
    for c, exponent in (power for factor in factors for power in _powers(factor) if power[0] != -1):
        for base in (c, conjugate(c)):
            found[base] = lcm(found.get(base, 1), denominator(exponent))
    return tuple(sorted(found.items(), key=lambda item: str(item[0])))
