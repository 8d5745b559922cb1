"""Sums over an index: Σ_{r<k} A_r, for operators and for signals.

The index is bound: its name means nothing outside, and substitution goes round it.  ``A + B + …`` is another node,
:class:`~opalgebra.expr.operators.Sum`, which has its terms written out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import FactorError, FactorTypeError, FormalSignalError, OperandError, SizeError
from ..scalar import exact, is_sympy
from .characters import Character
from .exactly import exactly
from .factors import Factor, factor, is_symbolic
from .factors import symbols_in as factor_symbols
from .multirate import Shift
from .named import Named
from .node import Node, remembered, short
from .operators import FormalOperator, LinearOperator, Scale, add
from .sampling import SamplingMatrix
from .signals import FormalSignal, Signal, SignalExpr, add_signals
from .tree import formal_parts, free_symbols, transform, walk

MAX_TERMS = 100_000
UNNAMED = "\0"  # begins the names of indices that have none; no user can make it


@dataclass(frozen=True, eq=False, repr=False)
class Indexed(Node):
    """A sum over an index, be it of operators or of signals."""

    body: Any
    index: Any
    stop: Factor

    def __post_init__(self) -> None:
        self._set(stop=_checked(self.body, self.index, self.stop), ndim=self.body.ndim)

    def definition(self) -> Any:
        """The sum written out, for a concrete k."""
        raise NotImplementedError

    def opened(self) -> Node | None:
        return None if is_sympy(self.stop) else self.definition()

    def own_symbols(self) -> set[Any]:
        return factor_symbols(self.stop)

    def bound_symbols(self) -> set[Any]:
        return {self.index}


class IndexedSum(Indexed, Named):
    """Σ_{r<k} A_r for operators; made by :func:`Sum`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(channels=self.body.channels)

    def definition(self) -> LinearOperator:
        """A_0 + A_1 + … + A_{k−1}, for a concrete k."""
        return add(tuple(_terms(self)))


class IndexedSignalSum(Indexed, SignalExpr):
    """Σ_{r<k} x_r for signals; made by :func:`Sum`."""

    def rebuilt(self, parts: tuple[Any, ...]) -> SignalExpr:
        body, index, stop = parts
        with exactly():
            return sum_of_signals(body.nonempty(), index, stop)

    def definition(self) -> SignalExpr:
        """x_0 + x_1 + … + x_{k−1}, for a concrete k."""
        return add_signals(tuple(_terms(self)))


def Sum(expression: Any, limits: Any) -> Any:  # the name of the mathematical object, as in SymPy
    """Σ_{r<k} A_r = A_0 + A_1 + … + A_{k−1}: the index runs through 0 ≤ r < k, without k.

    Parameters
    ----------
    expression : LinearOperator or signal
        What is summed; r may stand in shifts, scalars and kernels, not in factors.
    limits : (r, 0, k)
        The index, a symbol of ``oa.integers``, and its half-open range: k is a positive int or a symbolic factor.
        (SymPy's own ``Sum`` counts k as well.)  The name of the index means nothing outside of the sum.

    Returns
    -------
    LinearOperator or signal
        With an int k it runs on arrays and is decided like the sum written out, which ``.expand()`` gives.  A sum
        of known signals is computed at once.

    Raises
    ------
    FactorError, FactorTypeError
        k is no factor, r no integer symbol, r stands in a factor, or the range does not start at 0.

    Examples
    --------
    >>> import opalgebra as oa
    >>> k, r = oa.factors("k"), oa.integers("r")
    >>> A = oa.Sum(oa.Shift(r) @ oa.Up(k) @ oa.Down(k) @ oa.Shift(-r), (r, 0, k))
    >>> print(A)
    Σ_{r<k} Sʳ ↑ₖ ↓ₖ S⁻ʳ
    >>> A.equals(oa.Identity())
    True
    """
    if not isinstance(expression, LinearOperator | SignalExpr):
        raise OperandError(f"{expression!r} is summed; give an operator or a signal built from oa.Conv, oa.Up, …")
    if not isinstance(limits, tuple | list) or len(limits) != 3:
        raise OperandError(f"the limits are {limits!r}; give (r, 0, k) for the sum over 0 <= r < k")
    index, start, stop = limits
    if isinstance(start, bool) or start != 0:
        raise FactorError(f"the sum starts at {start}; it runs from 0: shift the index, as in Shift(r + 1)")
    if isinstance(expression, LinearOperator):
        return IndexedSum(expression, index, stop)
    return sum_of_signals(expression, index, stop)


def sum_of_signals(body: SignalExpr, index: Any, stop: Any) -> SignalExpr:
    """The sum as a node; computed where all of its terms are known."""
    made = IndexedSignalSum(body, index, stop)
    return made if formal_parts(made) else made.definition()


def _checked(body: Any, index: Any, stop: Any) -> Factor:
    """The number of terms as a factor, once index and range are seen to fit."""
    _check_index(index)
    number = factor(stop)
    if isinstance(number, tuple | SamplingMatrix):
        raise FactorError(f"the sum runs to {number}; give one factor, and one sum for each axis")
    if is_sympy(number) and index in number.free_symbols:
        raise FactorError(f"the sum over {index} runs to {number}; its end depends on its own index")
    for node in walk(body):
        if index in node.own_symbols() and not isinstance(node, Shift | Character):
            raise FactorError(f"the index {index} stands in the factor of {short(node)}; it may stand in shifts only")
    return number


def _check_index(index: Any) -> None:
    import sympy

    whole = [{"integer": True}, {"integer": True, "nonnegative": True}]
    if not isinstance(index, sympy.Symbol) or index not in [sympy.Symbol(index.name, **given) for given in whole]:
        raise FactorTypeError(f"the index is {index!r}; give an integer symbol of either sign: oa.integers('r')")


def _terms(node: Indexed) -> list[Any]:
    if is_symbolic(node.stop):
        raise FormalSignalError(f"{short(node)} has {node.stop} terms; give a number for {node.stop} to write it out")
    if node.stop > MAX_TERMS:
        raise SizeError(f"the sum has {node.stop} terms; at most {MAX_TERMS} are written out")
    return [substitute(node.body, {node.index: r}).nonempty() for r in range(node.stop)]


def scalars(root: Node) -> Iterator[Any]:
    """The coefficients, taps, and entries of periodic sequences of an expression, sums of known length written out."""
    for node in walk(written_out(root)):
        if isinstance(node, Signal):
            yield from (node.values.flat if node.is_exact else node.values.ravel().tolist())
        elif isinstance(node, Scale):
            yield node.scalar


# -- bound indices ----------------------------------------------------------------------------------------


def symbols_in(value: Any) -> set[Any]:
    """The SymPy symbols of a number, a factor or an expression."""
    if isinstance(value, Node):
        return {*free_symbols(value), *(s for c in scalars(value) if is_sympy(c) for s in c.free_symbols)}
    return value.free_symbols if is_sympy(value) else set()


def substitute(root: Node, values: Mapping[Any, Any]) -> Any:
    """The tree with symbols replaced by numbers and formal signals or operators (by name) by others.

    Keys that are strings name formal signals and operators; other keys are SymPy symbols.
    """
    symbols = {key: value for key, value in values.items() if not isinstance(key, str)}
    _check_values(symbols)
    if has_sums(root):
        root = apart(root, {*symbols, *(s for value in values.values() for s in symbols_in(value))})

    def rescale(entry: Any) -> Any:
        return exact(entry.subs(symbols)) if entry.free_symbols & symbols.keys() else entry

    def replace(node: Node) -> Node | None:
        return values.get(node.name) if isinstance(node, FormalSignal | FormalOperator) else None

    return transform(root, replace, rescale if symbols else None)


def _check_values(symbols: Mapping[Any, Any]) -> None:
    """A number that contradicts what a symbol is assumed to be would turn true statements into false ones."""
    for symbol, value in symbols.items():
        if isinstance(value, int) and value < 1 and symbol.is_positive:
            raise FactorError(f"{symbol} is positive, and {value} was put in its place; give a positive int")


def has_sums(root: Node) -> bool:
    """Whether sums over an index occur anywhere in the expression."""
    return remembered(root, "_has_sums", _sums_in)


def _sums_in(node: Node) -> bool:
    return isinstance(node, Indexed) or any(child.__dict__["_has_sums"] for child in node.children())


def written_out(root: Any) -> Any:
    """The tree with every sum over r < k of known k written out term by term."""

    def replace(node: Node) -> Node | None:
        return node.opened() if isinstance(node, Indexed) else None

    return transform(root, replace) if has_sums(root) else root


def apart(root: Any, avoid: set[Any]) -> Any:
    """The tree with other names for the bound indices that are among some symbols."""
    taken = {s.name for s in avoid} | {s.name for node in walk(root) for s in node.own_symbols()}

    def replace(node: Node) -> Node | None:
        if not isinstance(node, Indexed) or node.index not in avoid:
            return None
        new = fresh_index(node.index.name, taken)
        taken.add(new.name)
        return type(node)(substitute(node.body, {node.index: new}), new, node.stop)

    return transform(root, replace)


def fresh_index(name: str, taken: Collection[str]) -> Any:
    """An integer symbol named like ``name``, which none of the names taken is: r, r_1, r_2, …"""
    import sympy

    names = (name, *(f"{name}_{i}" for i in range(1, len(taken) + 1)))
    return sympy.Symbol(next(n for n in names if n not in taken), integer=True)


def nameless(root: Any) -> Any:
    """The tree with bound indices named by how many sums they hold: equal for sums that differ in names only."""
    import sympy

    if not has_sums(root):
        return root
    heights: dict[int, tuple[Node, int]] = {}

    def height(node: Node) -> int:
        if id(node) not in heights:
            inner = max((height(child) for child in node.children()), default=0)
            heights[id(node)] = node, inner + isinstance(node, Indexed)
        return heights[id(node)][1]

    def replace(node: Node) -> Node | None:
        if not isinstance(node, Indexed):
            return None
        new = sympy.Symbol(f"{UNNAMED}{height(node)}", integer=True)
        return type(node)(substitute(node.body, {node.index: new}), new, node.stop)

    return transform(root, replace)
