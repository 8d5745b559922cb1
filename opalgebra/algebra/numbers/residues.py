"""The ring of statements with numbers that are known by polynomial relations (:mod:`.algebraic`).

This module imports SymPy and is imported when such a statement is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy.polys.polyerrors import CoercionFailed

from ...errors import Undecided
from ...scalar import exact, to_sympy
from .algebraic import Algebraic
from .fields import numbers_of
from .ring import Ring


def numbers_in(values: Any) -> set[Any]:
    """The numbers of families in SymPy expressions."""
    return {atom for value in values for atom in value.atoms(Algebraic)}


class Residue:
    """A polynomial in generators and symbols; compared after reduction by the relations."""

    __slots__ = ("poly", "reduce")

    def __init__(self, poly: Any, reduce: Callable[[Any], Any]) -> None:
        self.poly, self.reduce = poly, reduce

    def __add__(self, other: Any) -> Residue:
        return Residue(self.poly + getattr(other, "poly", other), self.reduce)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Residue:
        return Residue(self.poly - getattr(other, "poly", other), self.reduce)

    def __mul__(self, other: Any) -> Residue:
        return Residue(self.poly * getattr(other, "poly", other), self.reduce)

    __rmul__ = __mul__

    def __neg__(self) -> Residue:
        return Residue(-self.poly, self.reduce)

    def normal(self) -> Any:
        """The polynomial, reduced."""
        self.poly = self.reduce(self.poly)
        return self.poly

    def __bool__(self) -> bool:
        return bool(self.normal())

    def __eq__(self, other: object) -> bool:
        return not (self - other)

    def __hash__(self) -> int:
        return hash(self.normal())


class RelationRing(Ring):
    """K[generators, symbols] modulo the relations, for the number field K of all other numbers.

    ``into`` has the polynomials that numbers are, ``back`` the numbers that generators are.
    """

    def __init__(
        self, domain: Any, relations: list[Any], into: Mapping[Any, Any] = {}, back: Mapping[Any, Any] = {}
    ) -> None:
        self.domain, self._relations, self._into, self._back = domain, relations, into, back
        self._cache: dict[Any, Residue] = {}
        self.one = Residue(domain.one, self._reduce)

    def _reduce(self, poly: Any) -> Any:
        return poly.rem(self._relations) if poly else poly

    def convert(self, value: Any) -> Residue:
        value = exact(value)
        if value not in self._cache:
            inner = sympy.expand(to_sympy(value).xreplace(self._into))
            self._cache[value] = Residue(self.domain.from_sympy(inner), self._reduce)
        return self._cache[value]

    def to_scalar(self, element: Residue) -> Any:
        return exact(sympy.expand(self.domain.to_sympy(element.normal()).xreplace(self._back)))

    def divide(self, element: Residue, number: int) -> Residue:
        return Residue(element.poly * self.domain.from_sympy(sympy.Rational(1, number)), self._reduce)


def relation_ring(values: list[Any]) -> RelationRing:
    """The ring of SymPy expressions with numbers of families in them."""
    numbers = numbers_in(values)
    families = sorted({number.family for number in numbers}, key=lambda family: family.name)
    into = {number: sympy.Dummy() for number in numbers}
    inner = [value.xreplace(into) for value in values]
    others = sorted({s for value in inner for s in value.free_symbols} - set(into.values()), key=str)
    field = numbers_of(inner)
    if field.is_EX:
        raise Undecided(
            f"no exact arithmetic serves {', '.join(sorted(map(str, numbers))[:3])} beside the other numbers"
        )
    domain = field.poly_ring(*(s for f in families for s in f.symbols), *others)
    polynomials = {number: number.family.expression(number.index) for number in numbers}
    back = {s: g for f in families for s, g in zip(f.symbols, f.generators(), strict=True)}
    ring = RelationRing(domain, [domain.from_sympy(r) for f in families for r in f.relations], polynomials, back)
    try:
        for value in values:
            ring.convert(value)
    except (CoercionFailed, ValueError, NotImplementedError):
        raise Undecided(
            f"{', '.join(sorted(map(str, numbers))[:3])} stand beside values that are no polynomials; give ints for "
            "symbolic factors"
        ) from None
    return ring
