"""The arithmetic of one step as a line of text: y₃ = 2·x₁ + 1·x₂ = 2·5 + 1·3 = 13."""

from __future__ import annotations

from fractions import Fraction
from string import ascii_lowercase
from typing import Any

import numpy as np

from ...errors import DimensionError, OperandError
from ...expr import as_exact
from ...scalar import is_sympy
from ..notation.numbers import is_compound, is_negative
from ..notation.text import number_text, subscript
from .sliding import Position, Scene, Stage

ARROW = "\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}"
LONG = 7  # characters from which a fraction is rounded


def short(value: Any) -> str:
    """A number that fits a cell: exact where that is short, rounded to three digits otherwise.

    >>> from fractions import Fraction
    >>> short(Fraction(1, 3)), short(Fraction(0.1)), short(-2)
    ('1/3', '0.1', '−2')
    """
    shown = number_text(value)
    if len(shown) <= LONG or (is_sympy(value) and value.free_symbols):
        return shown
    if is_sympy(value) and not value.is_real:
        return shown if len(shown) <= 2 * LONG else shown[: 2 * LONG] + "…"
    return f"{float(value):.3g}".replace("-", "−")


def is_rounded(value: Any) -> bool:
    """Whether :func:`short` leaves something off; a float is what its digits stand for.

    >>> from fractions import Fraction
    >>> is_rounded(Fraction(0.1)), is_rounded(Fraction(0.1) + Fraction(0.2)), is_rounded(Fraction(1, 3))
    (False, True, False)
    """
    shown = short(value)
    if shown == number_text(value):
        return "…" in shown
    return not isinstance(value, Fraction) or Fraction(float(shown.replace("−", "-"))) != value


def name_of(stage: Stage, sample: Position, letter: str) -> str:
    """x₃, or x₁₂ on two axes; the letters a, b, … for several channels."""
    first = ascii_lowercase[sample[0]] if 1 < stage.planes <= 23 else letter
    first = f"{letter}⁽{number_text(sample[0])}⁾" if stage.planes > 23 else first
    digits = "".join(map(str, sample[1:]))
    return first + subscript(digits if len(digits) == len(sample) - 1 else ",".join(map(str, sample[1:])))


def exact_values(values: Any, scene: Scene) -> list[Any] | None:
    """The samples of the input as exact numbers, in C order."""
    if values is None:
        return None
    stage = scene.ins
    try:
        array = np.asarray(values)
    except ValueError:
        raise OperandError("the values are ragged; give rows of equal length") from None
    shapes = [(stage.planes, *stage.shape)] + [stage.shape] * (stage.planes == 1)
    if array.shape not in shapes:
        raise DimensionError(f"the values have shape {array.shape}, expected {shapes[-1]}")
    found = list(as_exact(array).flat)
    for value in found:
        if isinstance(value, (bool, np.bool_)) or not (isinstance(value, (int, Fraction)) or is_sympy(value)):
            raise OperandError(f"the values hold {value!r}; give finite numbers")
    if scene.is_max and any(is_sympy(value) for value in found):
        raise OperandError("a maximum of symbols or complex numbers was asked for; give real numbers")
    return found


class Sums:
    """Formulas and sums of a scene, with numbers where there are values."""

    def __init__(self, scene: Scene, values: Any) -> None:
        self.scene, self.values = scene, exact_values(values, scene)
        self.ins = [name_of(scene.ins, at, "x") for at in scene.ins.samples()]
        self.outs = [name_of(scene.outs, at, "y") for at in scene.outs.samples()]
        self.columns = scene.columns

    def total(self, terms: list[tuple[int, Any]]) -> Any:
        """The sum, or the maximum, of some inputs times weights; −∞ of none is None."""
        assert self.values is not None
        if self.scene.is_max:
            return max((self.values[place] for place, _ in terms), default=None)
        total = sum((weight * self.values[place] for place, weight in terms), 0)
        return total.expand() if is_sympy(total) else total

    def shown_total(self, terms: list[tuple[int, Any]]) -> str:
        """That as text."""
        found = self.total(terms)
        return "−∞" if found is None else short(found)

    def input_text(self, place: int) -> str:
        """What stands in the cell of an input."""
        return self.ins[place] if self.values is None else short(self.values[place])

    def gathered(self, row: int) -> str:
        """y₃ = 2·x₁ + 1·x₂."""
        terms = list(self.scene.rows[row].items())
        met = [weight for _, weight in terms]
        parts = [self.outs[row], self._combined(terms, self.ins)]
        if self.values is not None and terms:
            met += [*(self.values[place] for place, _ in terms), self.total(terms)]
            parts += [self._combined(terms, [_enclosed(value) for value in self.values]), self.shown_total(terms)]
        return (" ≈ " if any(map(is_rounded, met)) else " = ").join(parts)

    def _combined(self, terms: list[tuple[int, Any]], names: list[str]) -> str:
        if self.scene.is_max:
            return f"max({', '.join(names[place] for place, _ in terms)})" if terms else "−∞"
        if not terms:
            return "0"
        weights = {weight for _, weight in terms}
        if len(weights) == 1 and len(terms) > 2:
            weight, inner = weights.pop(), " + ".join(names[place] for place, _ in terms)
            return inner if weight == 1 else f"{_enclosed(weight)}·({inner})"
        return _sum([(weight, names[place]) for place, weight in terms])

    def scattered(self, column: int) -> str:
        """x₁ → 1·y₁, 2·y₂ as arrows."""
        entries = self.columns[column].items()
        name = self.ins[column] if self.values is None else f"{self.ins[column]} = {self.input_text(column)}"
        if not entries:
            return f"{name} reaches no output"
        if self.scene.is_max:
            return f"{name} takes part in {', '.join(self.outs[row] for row, _ in entries)}"
        sent = (f"{_enclosed(weight)}·{self.ins[column]}{ARROW}{self.outs[row]}" for row, weight in entries)
        return f"{name}: {', '.join(sent)}"


def _enclosed(value: Any) -> str:
    shown = short(value)
    return f"({shown})" if is_negative(value) or is_compound(value) else shown


def _sum(terms: list[tuple[Any, str]]) -> str:
    parts: list[str] = []
    for weight, name in terms:
        minus = is_negative(weight)
        size = short(-weight if minus else weight)
        size = f"({size})" if is_compound(weight) and not minus else size
        parts.append((("−" if minus else "") if not parts else (" − " if minus else " + ")) + f"{size}·{name}")
    return "".join(parts)


def wrapped(formula: str, width: int, most: int) -> list[str]:
    """The formula on at most so many lines of a width, broken at spaces.

    >>> wrapped("y = a + b + c", 6, 2)
    ['y = a', '+ b +…']
    """
    lines = [""]
    for word in formula.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: width - 1] + "…"]
    return lines
