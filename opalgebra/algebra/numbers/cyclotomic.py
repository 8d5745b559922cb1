"""The field of one root of unity, in which certificates write roots of unity and square roots.

Read back, its generator is known by its minimal polynomial: it is e^{2πik/n}, which the prover decides with.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd, lcm
from typing import Any

import sympy
from sympy.polys.domains import QQ
from sympy.polys.polyerrors import CoercionFailed

from .fields import DEGREE_LIMIT
from .reading import TowerRing, order_of_roots

ORDER_LIMIT = 1_000  # of roots of unity, for which fields are looked at
LARGEST_ORDER = 90  # beyond it the degree is above DEGREE_LIMIT
_x = sympy.Symbol("x")


class CyclotomicField:
    """ℚ(ζ) for ζ = e^{2πi/n}, as SymPy's field."""

    def __init__(self, ring: TowerRing, exponents: set[int]) -> None:
        """The smallest with these powers of the root of unity of the ring."""
        self.ring, self.step = ring, gcd(ring.tower.order, *exponents)
        self.order = ring.tower.order // self.step
        root = sympy.exp(2 * sympy.pi * sympy.I / self.order)
        self.minimal = sympy.cyclotomic_poly(self.order, _x, polys=True)
        self.domain = QQ.algebraic_field(sympy.AlgebraicNumber((self.minimal, root)))

    def element(self, value: Any) -> Any:
        """The element that a SymPy number is; CoercionFailed where it is not in the field."""
        listed = [QQ(0)] * self.order
        for (k, powers), c in self.ring.convert(value).normal().items():
            if powers or k % self.step:
                raise CoercionFailed(f"{value} is no sum of powers of a root of unity of order {self.order}")
            listed[-1 - k // self.step] += QQ(c.numerator, c.denominator)
        return self.domain(sympy.Poly(listed, _x, domain=QQ).rem(self.minimal).rep.to_list())


def cyclotomic_field(values: list[Any]) -> CyclotomicField | None:
    """The smallest field of a root of unity with all of the values, where one has; None for real radicals alone."""
    order = order_of_roots(values)
    if order == 1 or order > ORDER_LIMIT:
        return None
    small = TowerRing(order)
    for value in values:
        small.convert(value)
    roots = [8 if made.value == 2 else 4 * made.value for made in small.tower.generators if made.kind == "prime"]
    if (order := lcm(order, *roots)) > ORDER_LIMIT:
        return None
    ring = TowerRing(order)
    terms = [key for value in values for key in ring.convert(value).normal()]
    field = None if any(powers for _, powers in terms) else CyclotomicField(ring, {k for k, _ in terms})
    return None if field is None or field.domain.ext.minpoly.degree() > DEGREE_LIMIT else field


@lru_cache(maxsize=64)
def cyclotomic_order(minimal: tuple[int, ...]) -> int | None:
    """n where these coefficients, from low to high, are those of the minimal polynomial of e^{2πi/n}; else None.

    >>> cyclotomic_order((1, 0, 1)), cyclotomic_order((-2, 0, 1))
    (4, None)
    """
    degree = len(minimal) - 1
    for n in range(1, LARGEST_ORDER + 1):
        if sympy.totient(n) == degree and sympy.cyclotomic_poly(n, _x, polys=True).all_coeffs()[::-1] == list(minimal):
            return n
    return None
