"""Numbers for random statements: what a kind is made of, and exact numbers written as users may write them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from opalgebra.expr.operators import LinearOperator
from opalgebra.expr.signals import Signal, SignalExpr

from .judge import Judge
from .judge_algebra import Value
from .judge_numbers import Gauss

PLAIN_JUDGE = Judge(1)


class Palette(random.Random):
    """Random numbers, with the coefficients, kernels and letters of a kind of statement, and its rules."""

    pairs: ClassVar[list[Any]] = []  # rules for two neighbours, beside those of rewrites.py
    rules: ClassVar[list[Any]] = []  # rules for one node
    letters: ClassVar[list[tuple[int, Callable[[int], LinearOperator]]]] = []  # (weight, maker from the number of axes)

    def number(self) -> Any:
        """A coefficient."""
        raise NotImplementedError

    def kernel(self, ndim: int) -> SignalExpr:
        """A kernel."""
        raise NotImplementedError

    def modulation(self, ndim: int) -> LinearOperator:
        """A modulation."""
        raise NotImplementedError


def exactly(value: Any) -> Any:
    """The exact number that a scalar or a sample is."""
    return PLAIN_JUDGE.number(value)


def shown(number: Any) -> Any:
    """An exact number as a user may write it: an int, a fraction, an exact complex number, or an expression."""
    if isinstance(number, (int, Fraction)):
        return int(number) if number == int(number) else number
    if isinstance(number, Gauss):
        parts = number.re, number.im
        return complex(*parts) if all(map(_is_float, parts)) else in_sympy(number)
    return in_sympy(number)


def _is_float(number: Any) -> bool:
    try:
        return float(number) == number
    except OverflowError:
        return False


def in_sympy(number: Any) -> Any:
    """An exact number as a SymPy expression; roots of unity as exponentials, which is how the judge thinks of them."""
    import sympy

    if isinstance(number, Value):
        terms = [_monomial(turn, powers) * in_sympy(c) for (turn, powers), c in number.terms.items()]
        return sympy.Add(*terms)
    if isinstance(number, Gauss):
        return in_sympy(number.re) + sympy.I * in_sympy(number.im)
    return sympy.Rational(number.numerator, number.denominator)


def _monomial(turn: Fraction, powers: Any) -> Any:
    import sympy

    made = sympy.exp(2 * sympy.pi * sympy.I * in_sympy(turn))
    for atom, exponent in sorted(powers, key=str):
        e = in_sympy(exponent)
        match atom:
            case ("root", p):
                made *= sympy.Integer(p) ** e
            case ("unit", inside):
                made *= sympy.exp(sympy.I * e * _monomial(Fraction(0), inside))
            case ("exp", inside):
                made *= sympy.exp(e * _monomial(Fraction(0), inside))
            case ("pi",):
                made *= sympy.pi**e
            case ("log", p):
                made *= sympy.log(p) ** e
            case ("symbol", name, real, conjugated):
                symbol = sympy.Symbol(name, real=True if real else None)
                made *= (sympy.conjugate(symbol) if conjugated else symbol) ** e
            case ("inverse", terms):
                made *= in_sympy(Value(dict(terms))) ** -e
    return made


def signal_of(values: np.ndarray, start: tuple[int, ...]) -> Signal:
    """A signal of numbers of any kind: of NumPy's where these hold them exactly, else of exact entries."""
    written = [shown(v) if isinstance(v, (Gauss, Value, Fraction)) else v for v in values.ravel()]
    plain = [float(v) if isinstance(v, Fraction) and _is_float(v) else v for v in written]
    if _fits(plain):
        plain = plain if all(isinstance(v, int) for v in plain) else [complex(v) if isinstance(v, complex) else float(v)
                                                                      for v in plain]  # fmt: skip
        return Signal(np.array(plain).reshape(values.shape), start=start)
    import sympy

    entries = np.empty(len(written), dtype=object)
    entries[:] = [sympy.Integer(v) if isinstance(v, int) else v for v in written]
    return Signal(entries.reshape(values.shape).tolist(), start=start)


def _fits(values: list[Any]) -> bool:
    if not all(isinstance(v, (int, float, complex)) for v in values):
        return False
    if all(isinstance(v, int) for v in values):
        return all(abs(v) < 2**62 for v in values)
    return all(_is_float(v) for v in values if isinstance(v, int))


def nudged(rng: random.Random, value: Any) -> Any:
    """A number that is another one, often by very little; now and then it is the same, written otherwise."""
    exact = exactly(value)
    tiny = Fraction(1, 10**20)
    choice = rng.randrange(7)
    if choice == 0 and isinstance(value, (float, np.floating)):
        return float(np.nextafter(np.float64(value), np.inf)) if math.isfinite(value) else value
    if choice in (0, 1):
        return shown(exact * (1 + tiny))
    if choice == 2:
        return shown(exact + tiny)
    if choice == 3:
        return shown(exact * -1)
    if choice == 4:
        return shown(exact + rng.choice([-1, 1]))
    if choice == 5:
        return shown(exact * Gauss(1, tiny))
    return shown(exact if isinstance(exact, (int, Fraction)) else exact.conjugate())
