"""``A.on(n)`` for a symbol n: one bound operator for every size.

It has windows and sizes as formulas, it composes, and it can be proved equal to another one for all n
(:mod:`~opalgebra.bound.proofs.sizes`); ``F.at({n: 8})`` is the one that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn, TypeAlias

import numpy as np

from ..._verbs import verb
from ...engine.arrays.window import Window
from ...errors import DimensionError, OperandError, WindowError
from ...expr import LinearOperator, substitute, symbols_in
from ...scalar import is_sympy
from ..operators.arguments import check_boundary, check_mode
from ..operators.base import BoundOperator
from ..operators.between import BetweenWindows
from ..operators.combine import Product, Scaled, Total, Turned, rebuilt, walk
from ..operators.extent import MODES
from ..operators.windowed import on_sizes
from .affine import over, value_of

Interval: TypeAlias = tuple[Any, Any]
TRIED = range(1, 31)  # sizes with which windows of a product are compared before anything is proved


def symbols_of(*values: Any) -> list[Any]:
    """The symbols of formulas, by name."""
    found = {symbol for value in values if is_sympy(value) for symbol in value.free_symbols}
    return sorted(found, key=lambda symbol: symbol.name)


def on_symbols(operator: LinearOperator, n: Any, out: Any, mode: str, boundary: Any, dtype: Any, engine: str) -> Sized:
    """See :meth:`~opalgebra.LinearOperator.on`."""
    if engine != "auto":
        raise OperandError(f"engine={engine!r} was given for the size {n}; nothing runs before F.at(…): leave it out")
    sizes = tuple(n) if isinstance(n, (tuple, list)) else (n,)
    if operator.ndim not in (None, len(sizes)):
        raise DimensionError(f"the size {n} has {len(sizes)} axes and the operator acts on {operator.ndim}")
    rules = check_boundary(boundary, len(sizes))
    known = check_mode(mode, out)
    ends = None if out is None else _window(out, len(sizes))
    for axis, entry in enumerate(sizes):
        _check_axis(entry, *(ends[axis] if ends else ()))
    return Sized(operator, sizes, ends, known, rules, dtype)


def _window(out: Any, ndim: int) -> tuple[Interval, ...]:
    entries = (out,) if ndim == 1 else tuple(out) if isinstance(out, (tuple, list)) else (out,)
    pairs = tuple(tuple(entry) if isinstance(entry, (tuple, list)) else (0, entry) for entry in entries)
    if len(pairs) != ndim or any(len(pair) != 2 for pair in pairs):
        raise WindowError(f"out is {out!r}; give one int or (start, stop) for each of the {ndim} axes")
    return pairs


def _check_axis(*formulas: Any) -> None:
    """Formulas that can be decided, of one symbol that stands for every positive integer."""
    symbols = symbols_of(*formulas)
    if len(symbols) > 1:
        raise WindowError(f"the sizes {', '.join(map(str, formulas))} of one axis have several symbols; give one")
    for symbol in symbols:
        plain = type(symbol)(symbol.name, integer=True, positive=True)
        if symbol != plain:
            raise WindowError(
                f"the size has the symbol {symbol}, which is not assumed to be a positive integer and nothing else; "
                "give an int >= 0, or a formula in one symbol of oa.factors('n')"
            )
    for formula in formulas:
        if not is_sympy(formula) and (isinstance(formula, bool) or not isinstance(formula, (int, np.integer))):
            raise WindowError(f"the size is {formula!r}; give an int, or a formula in one symbol of oa.factors('n')")
        value_of(formula, dict.fromkeys(symbols, 1))
        if symbols and value_of(formula, dict.fromkeys(symbols, 10**6)) < 0 and formula is formulas[0]:
            raise WindowError(f"the size {formula} is negative for large {symbols[0]}")


class Family(BoundOperator):
    """What bound operators for all sizes have in common; nothing runs."""

    is_family = True
    _combined: ClassVar[dict[type, type]]

    @property
    def symbols(self) -> list[Any]:
        """The symbols in the sizes, by name."""
        return symbols_of(*(entry for part in leaves(self) for entry in part.formulas))

    def at(self, sizes: Mapping[Any, int]) -> BoundOperator:
        """The operator on arrays for one size: ``F.at({n: 8})``.

        >>> import numpy as np, opalgebra as oa
        >>> n = oa.factors("n")
        >>> oa.Conv([1, 1]).on(n).at({n: 3})(np.array([1, 2, 3]))
        array([1, 3, 5, 3])
        """
        values = dict(sizes)
        for symbol in self.symbols:
            if symbol not in values:
                raise OperandError(f"no number was given for {symbol}; give .at({{{symbol}: 8}}), or all that occur")
        for value in values.values():
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise OperandError(f"{value!r} was given for a size; give an int >= 1")
        return at_sizes(self, values)

    def _refused(self, *arguments: Any, **options: Any) -> NoReturn:
        names = ", ".join(f"{symbol}: …" for symbol in self.symbols)
        raise OperandError(
            f"{self} stands for every size, and runs for none; give numbers: F.at({{{names}}}), or prove it: "
            "oa.prove(F, G)"
        )

    __call__ = _act = _act_lazily = _exact = _refused
    matvec = rmatvec = matmat = rmatmat = todense = matrix = dottest = lstsq = explain = _refused


class Sized(Family, BetweenWindows):
    """An operator between windows whose ends are formulas; made by ``A.on(n, …)``."""

    def __init__(
        self,
        operator: LinearOperator,
        sizes: tuple[Any, ...],
        out: tuple[Interval, ...] | None,
        mode: str | None,
        boundary: tuple[str, ...],
        dtype: Any = None,
    ) -> None:
        self.sizes, self.out = sizes, out
        ends = out if mode is None else MODES[mode](operator, sizes)
        assert ends is not None
        window = Window(tuple(a for a, _ in ends), tuple(_length(a, b) for a, b in ends))
        super().__init__(operator, Window((0,) * len(sizes), sizes), window, mode, boundary, dtype)

    @property
    def formulas(self) -> tuple[Any, ...]:
        """Everything in which the size may occur."""
        return (*self.sizes, *(end for pair in self.out or () for end in pair))

    def bound(self, values: Mapping[Any, int]) -> BoundOperator:
        """The operator on arrays, for numbers in place of the symbols."""
        numbers = tuple(value_of(entry, dict(values)) for entry in self.sizes)
        operator = self.operator if symbols_in(self.operator).isdisjoint(values) else substitute(self.operator, values)
        out = tuple(tuple(value_of(end, dict(values)) for end in pair) for pair in self.out) if self.out else None
        window = out[0] if out and len(numbers) == 1 else out
        return on_sizes(operator, numbers, window, self.mode or "full", self.boundary, self.fixed)

    def out_size(self, n: Any) -> Any:
        """The size of the output for an input of size n, an int or a SymPy expression, in the same mode."""
        if self.mode is None:
            return self.out_window.shape if isinstance(n, (tuple, list)) else self.out_window.shape[0]
        several = isinstance(n, (tuple, list))
        entries = tuple(n) if several else (n,)
        if len(entries) != len(self.sizes):
            raise DimensionError(f"the size {n!r} does not have {len(self.sizes)} axes; give one per axis")
        made = tuple(_length(a, b) for a, b in MODES[self.mode](self.operator, entries))
        return made if several else made[0]

    @property
    def outputs(self) -> tuple[Interval, ...]:
        """The ends of the window of the output, as they were given."""
        return self.out or super().outputs

    def _code(self, number: Any) -> str:
        return _formula_code(number)

    def _latex(self, number: Any) -> str:
        return str(verb("latex")(number))

    def _key(self) -> tuple[Any, ...]:
        return self.operator, self.sizes, self.out, self.mode, self.boundary, self.precision


def _formula_code(formula: Any) -> str:
    """Python code that builds a formula again; ⌊·/k⌋ is // of SymPy, Max and Min are named."""
    import sympy

    if not is_sympy(formula) or formula.is_Symbol or formula.is_Integer:
        return str(verb("scalar_code")(formula))
    if formula.is_Add or formula.is_Mul:
        sign = " + " if formula.is_Add else "*"
        parts = sympy.Add.make_args(formula) if formula.is_Add else sympy.Mul.make_args(formula)
        shown = [f"({_formula_code(part)})" if part.is_Add else _formula_code(part) for part in parts]
        return sign.join(shown)
    if isinstance(formula, sympy.floor):
        whole, by = over(formula.args[0])
        return f"(({_formula_code(whole)}) // {by})"
    return f"sympy.{type(formula).__name__}({', '.join(map(_ratio_code, formula.args))})"


def _ratio_code(formula: Any) -> str:
    """The same for a formula with fractions, such as that in ⌈·⌉."""
    whole, by = over(formula)
    return _formula_code(formula) if by == 1 else f"({_formula_code(whole)}) / {by}"


def _length(start: Any, stop: Any) -> Any:
    """How many indices, never below 0."""
    if not is_sympy(stop - start):
        return max(0, stop - start)
    import sympy

    return sympy.Max(0, sympy.expand(stop - start))


# Combined -------------------------------------------------------------------------------------------------


class SizedTurned(Family, Turned):
    """Fᵀ, Fᴴ or conj(F)."""


class SizedScaled(Family, Scaled):
    """c F."""


class SizedProduct(Family, Product):
    """F G …; whether the windows fit for every size is looked at when something is proved."""

    def _check(self, left: BoundOperator, right: BoundOperator) -> None:
        _check_fit(left, right, left.dims, right.dimsd, "the input of the left one and the output of the right one")


class SizedTotal(Family, Total):
    """F + G + …"""

    def _check(self, first: BoundOperator, term: BoundOperator) -> None:
        _check_fit(first, term, (*first.dims, *first.dimsd), (*term.dims, *term.dimsd), "the arrays")


def _check_fit(a: BoundOperator, b: BoundOperator, left: Sequence[Any], right: Sequence[Any], what: str) -> None:
    """Refuse what fits for no size that is tried."""
    symbols = symbols_of(*left, *right)
    tried = [dict.fromkeys(symbols, n) for n in TRIED]
    fits = len(left) == len(right) and (
        len(symbols) > 1
        or any(all(value_of(x, v) == value_of(y, v) for x, y in zip(left, right, strict=True)) for v in tried)
    )
    if not fits:
        raise DimensionError(
            f"the windows do not fit: of {a} and {b}, {what} have the sizes {tuple(left)} and {tuple(right)}, which "
            f"are different for every n up to {TRIED[-1]}; bind one with other sizes, such as A.on(B.on(n).dimsd)"
        )


# What a family makes of its products, sums, … in place of those that run.
Family._combined = {Turned: SizedTurned, Scaled: SizedScaled, Product: SizedProduct, Total: SizedTotal}


def leaves(operator: BoundOperator) -> list[Sized]:
    """The operators between windows with formulas that a bound one is made of."""
    return [part for part in walk(operator) if isinstance(part, Sized)]


def at_sizes(operator: BoundOperator, sizes: Mapping[Any, int]) -> BoundOperator:
    """The operator with numbers for symbols."""
    return for_formulas(operator, lambda part: part.bound(sizes))


def for_formulas(operator: BoundOperator, change: Callable[[Sized], BoundOperator]) -> BoundOperator:
    """The operator with something else in place of every one between windows with formulas."""
    return rebuilt(operator, lambda part: change(part) if isinstance(part, Sized) else part)
