"""``A.on(n)`` for a symbol n: one bound operator for every size.

It has windows and sizes as formulas, it composes, and it can be proved equal to another one for all n
(:mod:`~opalgebra.bound.proofs.sizes`); ``F.at({n: 8})`` is the one that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np

from ..._verbs import verb
from ...engine.arrays.window import Window
from ...errors import DimensionError, OperandError, WindowError
from ...expr import LinearOperator, substitute, symbols_in
from ...scalar import is_sympy
from ..arrays.precision import Precision
from ..operators.base import BoundOperator
from ..operators.boundary import check_boundary
from ..operators.combine import Product, Scaled, Total, Turned, added, composed, multiplied, turn
from ..operators.extent import MODES
from ..operators.windowed import entries_of, on, on_code, on_latex, shown_rules
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
    if not isinstance(mode, str) or mode not in MODES:
        raise WindowError(f"the mode is {mode!r}; give one of {', '.join(map(repr, MODES))}, or out=(start, stop)")
    if out is not None and mode != "full":
        raise WindowError(f"both out={out!r} and mode={mode!r} were given; give one of them")
    ends = None if out is None else _window(out, len(sizes))
    for axis, entry in enumerate(sizes):
        _check_axis(entry, *(ends[axis] if ends else ()))
    return Sized(operator, sizes, ends, mode if out is None else None, rules, dtype)


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
        return rebuilt(self, lambda part: part.bound(values))

    def _refused(self, *arguments: Any, **options: Any) -> NoReturn:
        names = ", ".join(f"{symbol}: …" for symbol in self.symbols)
        raise OperandError(
            f"{self} stands for every size, and runs for none; give numbers: F.at({{{names}}}), or prove it: "
            "oa.prove(F, G)"
        )

    __call__ = _act = _act_lazily = _exact = _refused
    matvec = rmatvec = matmat = rmatmat = todense = matrix = dottest = lstsq = explain = _refused


class Sized(Family):
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
        self.operator, self.sizes, self.out, self.mode = operator, sizes, out, mode
        self.boundary, self.fixed = boundary, dtype
        ends = out if mode is None else MODES[mode](entries_of(operator), sizes)
        assert ends is not None
        self.in_window = Window((0,) * len(sizes), sizes)
        self.out_window = Window(tuple(a for a, _ in ends), tuple(_length(a, b) for a, b in ends))
        self.channels = operator.channels if operator.channels not in (None, (1, 1)) else None
        self.precision = Precision.of((operator,), dtype)

    @property
    def formulas(self) -> tuple[Any, ...]:
        """Everything in which the size may occur."""
        return (*self.sizes, *(end for pair in self.out or () for end in pair))

    @property
    def dims(self) -> Any:
        """Shape of the input, as formulas."""
        return (*self.channels[1:], *self.sizes) if self.channels else self.sizes

    @property
    def dimsd(self) -> Any:
        """Shape of the output, as formulas that are never below 0."""
        return (*self.channels[:1], *self.out_window.shape) if self.channels else self.out_window.shape

    @property
    def dtype(self) -> Any:
        """The dtype that solvers are told."""
        return self.precision.dtype

    def bound(self, values: Mapping[Any, int]) -> BoundOperator:
        """The operator on arrays, for numbers in place of the symbols."""
        numbers = tuple(value_of(entry, dict(values)) for entry in self.sizes)
        operator = self.operator if symbols_in(self.operator).isdisjoint(values) else substitute(self.operator, values)
        out = tuple(tuple(value_of(end, dict(values)) for end in pair) for pair in self.out) if self.out else None
        one = len(numbers) == 1
        return on(
            operator,
            numbers,
            out[0] if out and one else out,
            self.mode or "full",
            self.boundary,
            self.fixed,
        )

    def out_size(self, n: Any) -> Any:
        """The size of the output for an input of size n, an int or a SymPy expression, in the same mode."""
        if self.mode is None:
            return self.out_window.shape if isinstance(n, (tuple, list)) else self.out_window.shape[0]
        several = isinstance(n, (tuple, list))
        entries = tuple(n) if several else (n,)
        if len(entries) != len(self.sizes):
            raise DimensionError(f"the size {n!r} does not have {len(self.sizes)} axes; give one per axis")
        made = tuple(_length(a, b) for a, b in MODES[self.mode](entries_of(self.operator), entries))
        return made if several else made[0]

    def __repr__(self) -> str:
        code = _formula_code
        sizes = [code(entry) for entry in self.sizes]
        shown = [sizes[0] if len(sizes) == 1 else f"({', '.join(sizes)})"]
        if self.out is not None:
            pairs = [f"({code(a)}, {code(b)})" for a, b in self.out]
            shown.append(f"out={pairs[0] if len(pairs) == 1 else '(' + ', '.join(pairs) + ')'}")
        elif self.mode != "full":
            shown.append(f"mode={self.mode!r}")
        return on_code(self.operator, shown, self.boundary, self.fixed, "auto")

    def __str__(self) -> str:
        rules = "".join(f", {rule}" for rule in shown_rules(self.boundary))
        return f"{self.operator} on {_shown(self._inputs, str)} → {_shown(self._outputs, str)}{rules}"

    def latex(self) -> str:
        """A between brackets, with its windows below and its boundary above."""
        index = verb("latex")
        windows = rf"{_shown(self._inputs, index)} \to {_shown(self._outputs, index)}"
        return on_latex(self.operator, windows, self.boundary)

    @property
    def _inputs(self) -> tuple[Interval, ...]:
        return tuple((0, size) for size in self.sizes)

    @property
    def _outputs(self) -> tuple[Interval, ...]:
        return self.out or tuple(zip(self.out_window.starts, self.out_window.stops, strict=True))

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


def _shown(ends: Sequence[Interval], show: Callable[[Any], str]) -> str:
    """A window that starts at 0 by its shape, another one by its ends."""
    import sympy

    if any(start != 0 for start, _ in ends):
        return " × ".join(f"[{show(a)}, {show(sympy.expand(b))})" for a, b in ends)
    return " × ".join(show(b) for _, b in ends)


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


def leaves(operator: BoundOperator) -> list[Any]:
    """The operators between windows, with sizes or formulas, that a bound one is made of."""
    match operator:
        case Turned() | Scaled():
            return leaves(operator.operator)
        case Product():
            return [leaf for factor in operator.factors for leaf in leaves(factor)]
        case Total():
            return [leaf for term in operator.terms for leaf in leaves(term)]
    return [operator] if isinstance(operator, Sized) else []


def rebuilt(operator: BoundOperator, change: Callable[[Sized], BoundOperator]) -> BoundOperator:
    """The operator with something else in place of every one between windows with formulas."""
    match operator:
        case Sized():
            return change(operator)
        case Turned():
            return turn(rebuilt(operator.operator, change), operator.transposed, operator.conjugated)
        case Scaled():
            return multiplied(operator.scalar, rebuilt(operator.operator, change))
        case Product():
            return composed(*(rebuilt(factor, change) for factor in operator.factors))
        case Total():
            return added(*(rebuilt(term, change) for term in operator.terms))
    return operator
