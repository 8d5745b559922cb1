"""Weights that depend on the parameters of the symbolic walk.

A point weighs weight · f(t) · ζ^{g(t)}: f is a polynomial in the parameters with coefficients of the ring, g one whose
coefficients are polynomials in the factors, and ζ = e^{2πi/P} for a monomial P = 2 d Π kᵉ in the factors.  Both are
dicts from monomials, sorted tuples of parameters, to coefficients; () is the constant term.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from ..numbers.ring import Ring
from .affine import CONSTANT, Affine, Context, Poly, divisible

Monomial: TypeAlias = tuple[int, ...]
Function: TypeAlias = dict[Monomial, Any]


def lifted(affine: Affine) -> Function:
    """An affine expression as a function of the parameters."""
    return {() if p == CONSTANT else (p,): c for p, c in affine.items()}


def in_ring(affine: Affine, ring: Ring) -> Function:
    """The same with coefficients of the ring."""
    return {monomial: ring.convert(c.as_expr()) for monomial, c in lifted(affine).items()}


def total(left: Function, right: Function) -> Function:
    """left + right."""
    made = dict(left)
    for monomial, c in right.items():
        made[monomial] = made[monomial] + c if monomial in made else c
    return {monomial: c for monomial, c in made.items() if c}


def product(left: Function, right: Function) -> Function:
    """left · right."""
    made: Function = {}
    for a, c in left.items():
        for b, d in right.items():
            monomial = tuple(sorted((*a, *b)))
            made[monomial] = made[monomial] + c * d if monomial in made else c * d
    return {monomial: c for monomial, c in made.items() if c}


def put(function: Function, values: Mapping[int, Function]) -> Function:
    """The function with others in the place of parameters."""
    if not any(p in values for monomial in function for p in monomial):
        return function
    made: Function = {}
    for monomial, c in function.items():
        term: Function = {tuple(p for p in monomial if p not in values): c}
        for p in monomial:
            if p in values:
                term = product(term, values[p])
        made = total(made, term)
    return made


def renamed(function: Function, names: Mapping[int, int]) -> Function:
    """The function of other parameters."""
    return {tuple(sorted(names.get(p, p) for p in monomial)): c for monomial, c in function.items()}


def depends_on(function: Function, parameter: int) -> bool:
    """Whether a parameter stands in the function."""
    return any(parameter in monomial for monomial in function)


def by_power(function: Function, parameter: int) -> dict[int, Function]:
    """The coefficients of the powers of one parameter."""
    made: dict[int, Function] = {}
    for monomial, c in function.items():
        rest = tuple(p for p in monomial if p != parameter)
        made.setdefault(len(monomial) - len(rest), {})[rest] = c
    return made


def reduced(turn: Function, context: Context) -> tuple[int, Function]:
    """An exponent of ζ modulo P, and the sign of the half turn that was taken from it."""
    if not turn or context.whole is None:
        return 1, turn
    whole, sign, kept = context.whole, 1, dict[Monomial, Any]()
    order, ones = int(whole.LC), context.polynomials.term_new(whole.LM, 1)
    odd = [context.is_odd(symbol) for symbol in context.polynomials.symbols] if order % 2 == 0 else []
    for monomial, poly in turn.items():
        counted: dict[Any, int] = {}
        for powers, c in poly.terms():
            if odd and divisible((powers, 0), ones) and 2 * (int(c) % order) == order:  # odd times half a turn is one
                powers = tuple(w if o else e for e, w, o in zip(powers, whole.LM, odd, strict=True))
            counted[powers] = counted.get(powers, 0) + int(c)
        terms = {}
        for powers, c in counted.items():
            left = c % order if divisible((powers, 0), ones) else c
            if not monomial and powers == whole.LM and 2 * left >= order:
                sign, left = -1, left - order // 2
            if left:
                terms[powers] = context.polynomials.domain(left)
        if terms:
            kept[monomial] = context.polynomials.from_dict(terms)
    return sign, kept


def summed(function: Function, parameter: int, bound: Poly, ring: Ring) -> Function:
    """Σ over 0 ≤ r < bound of a function of r, by Bernoulli's polynomials."""
    made: Function = {}
    for power, rest in by_power(function, parameter).items():
        made = total(made, product(rest, {(): ring.convert(_power_sum(power, bound.as_expr()))}))
    return made


@lru_cache(maxsize=256)
def _power_sum(power: int, bound: Any) -> Any:
    """0^power + 1^power + … + (bound − 1)^power, with 0⁰ = 1."""
    from sympy import Dummy, bernoulli, expand

    x = Dummy()
    antidifference = bernoulli(power + 1, x) / (power + 1)
    return expand(antidifference.subs(x, bound) - antidifference.subs(x, 0))
