"""Between which rates a word works: L m = M n + o for the taps o, if it has one such form.

Read from right to left, such a word spreads first and keeps every |M|-th index last; a flip makes M negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from ...expr import expand, times
from ...expr.factors import axes
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.node import remembered
from ...expr.operators import Adjoint, Compose, Conj, Identity, LinearOperator, Power, Scale, Sum, Transpose, Zero
from ...expr.sampling import SamplingMatrix

Ints = tuple[int, ...]
MOST = 64  # factors of a power that are multiplied out


@dataclass(frozen=True)
class Rates:
    """L and M per axis."""

    up: Ints
    down: Ints

    def after(self, first: Rates | None) -> Rates | None:
        """Those of this one after another one; None where ↑ stands left of ↓, because samples in between are lost."""
        if first is None or any(p > 1 and abs(q) > 1 for p, q in zip(self.up, first.down, strict=True)):
            return None
        return Rates(times(self.up, first.up), times(self.down, first.down))

    @property
    def transposed(self) -> Rates:
        """|M| n = σ L m + o."""
        signs = [1 if q > 0 else -1 for q in self.down]
        return Rates(tuple(map(abs, self.down)), times(self.up, tuple(signs)))


def rates(operator: LinearOperator, ndim: int) -> Rates | None:
    """The rates of a plain operator without symbols; None if it has no single ones.

    >>> import opalgebra as oa
    >>> rates(oa.Down(3) @ oa.Conv([1, 2]) @ oa.Up(2), 1)
    Rates(up=(2,), down=(3,))
    >>> rates(oa.Up(2) @ oa.Down(2), 1) is None
    True
    """
    found: Rates | None = remembered(expand(operator), f"_rates{ndim}", lambda node: _rates(node, ndim), _operators)
    return found


def _operators(node: Any) -> list[Any]:
    return [child for child in node.children() if isinstance(child, LinearOperator)]


def _rates(node: Any, ndim: int) -> Rates | None:
    """Those of one node, from those of its children."""
    one = (1,) * ndim
    inner = [child.__dict__[f"_rates{ndim}"] for child in _operators(node)]
    match node:
        case Up() if not isinstance(node.factor, SamplingMatrix):
            return Rates(axes(node.factor), one)
        case Down() if not isinstance(node.factor, SamplingMatrix):
            return Rates(one, axes(node.factor))
        case Flip():
            return Rates(one, (-1,) * ndim)
        case Conv() | Shift() | Identity() | Modulate() | Zero():
            return Rates(one, one)
        case Compose():
            return _composed(inner, ndim)
        case Power():
            return _composed(inner * node.exponent, ndim) if node.exponent <= MOST else None
        case Sum():
            return inner[0] if len(set(inner)) == 1 else None
        case Scale() | Conj():
            return inner[0]
        case Transpose() | Adjoint():
            return inner[0] and inner[0].transposed
    return None


def _composed(factors: list[Rates | None], ndim: int) -> Rates | None:
    total: Rates | None = Rates((1,) * ndim, (1,) * ndim)
    for factor in reversed(factors):
        total = factor and factor.after(total)
        if total is None or prod(total.up) > 2**40:
            return None
    return total
