"""Bound operators as operators on ℤ^d between windows, where they are such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ...engine.arrays.window import Window
from ...engine.program.program import window_read
from ...engine.program.values import compile_grid
from ...expr import Block, LinearOperator, Shift, formal_parts, grid
from ...scalar import is_sympy
from ..operators.base import BoundOperator, Shape
from ..operators.between import BetweenWindows
from ..operators.combine import Product, Scaled, Total, Turned
from ..operators.extent import reached


class LatticeForm(NamedTuple):
    """A bound operator as Crop ∘ A ∘ Extend, both windows starting at 0; ``starts`` are formulas that are left."""

    operator: LinearOperator
    boundary: tuple[str, ...]
    starts: tuple[Any, ...]
    sizes: Shape
    outputs: Shape


# Whether Crop A Extend Crop B Extend = Crop A B Extend, for the forms of A and of B and for the operators at the ends.
KeepsAll: TypeAlias = Callable[[LatticeForm, LatticeForm, BoundOperator, BoundOperator], bool]


def keeps_all(left: LatticeForm, right: LatticeForm, *ends: BoundOperator) -> bool:
    """Where A reads inside only or, with zeros around, B reaches no further; for known taps and structure."""
    if any(formal_parts(form.operator) for form in (left, right)):
        return False
    middle = right.outputs
    read = window_read(*compile_grid(grid(left.operator), len(middle)), Window((0,) * len(middle), left.outputs))
    if all(a >= 0 and b <= n for a, b, n in zip(read.starts, read.stops, middle, strict=True)):
        return True
    if set(left.boundary) | set(right.boundary) != {"zero"}:
        return False
    return all(a >= 0 and b <= n for (a, b), n in zip(reached(right.operator, right.sizes), middle, strict=True))


def lattice_form(operator: BoundOperator, keeps: KeepsAll = keeps_all) -> LatticeForm | None:
    """F as Crop ∘ A ∘ Extend, where it is of that form; None where what is cut off on the way matters."""
    match operator:
        case BetweenWindows():
            return _of_windows(operator)
        case Scaled():
            inner = lattice_form(operator.operator, keeps)
            return None if inner is None else inner._replace(operator=operator.scalar * inner.operator)
        case Total():
            return _of_total([lattice_form(term, keeps) for term in operator.terms])
        case Turned():
            return _of_turned(operator, lattice_form(operator.operator, keeps))
        case Product():
            return _of_product(operator, keeps)
    known = operator._as_windowed()
    return None if known is None else _of_windows(known)


def _of_windows(operator: BetweenWindows) -> LatticeForm:
    starts, inner = operator.out_window.starts, operator.operator
    formulas = starts if any(map(is_sympy, starts)) else ()
    if any(starts) and not formulas:
        inner = _each_output(Shift(tuple(-s for s in starts) if len(starts) > 1 else -starts[0]), inner)
    return LatticeForm(inner, operator.boundary, formulas, operator.in_window.shape, operator.out_window.shape)


def _each_output(letter: LinearOperator, operator: LinearOperator) -> LinearOperator:
    """The letter after every output channel."""
    outs = operator.channels[0] if operator.channels else 1
    return letter @ operator if outs == 1 else Block.diagonal(*(letter,) * outs) @ operator


def _of_total(forms: list[LatticeForm | None]) -> LatticeForm | None:
    """The windows of all terms are equal."""
    first, *rest = forms
    if first is None or any(form is None or form[1:3] != first[1:3] for form in rest):
        return None
    return first._replace(operator=sum((form.operator for form in rest if form), first.operator))


def _of_turned(operator: Turned, inner: LatticeForm | None) -> LatticeForm | None:
    if inner is None or not operator.transposed:
        return None if inner is None else inner._replace(operator=inner.operator.conj())
    if set(inner.boundary) != {"zero"} or inner.starts:
        return None  # the transpose of another boundary folds, which is no operator on ℤ^d
    turned = inner.operator.H if operator.conjugated else inner.operator.T
    return inner._replace(operator=turned, sizes=inner.outputs, outputs=inner.sizes)


def _of_product(operator: Product, keeps: KeepsAll) -> LatticeForm | None:
    """The composition, where nothing between two factors is cut off that is read, or continued that is not zero."""
    first = operator.factors[-1]
    result = lattice_form(first, keeps)
    for factor in operator.factors[-2::-1]:
        left = lattice_form(factor, keeps)
        if left is None or result is None or left.starts or result.starts or not keeps(left, result, factor, first):
            return None
        result = result._replace(operator=left.operator @ result.operator, outputs=left.outputs)
    return result
