"""What finders of laws are made of: numbers with symbols in one form, and words under a sum over an index.

A finder takes a node and yields (what takes its place, condition), where no pattern can say it.  Like a pattern it is
not trusted: each line that comes of it is proved equal to the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from ...expr import (
    Identity,
    Shift,
    Zero,
    apart,
    axes,
    symbols_in,
    transform,
)
from ...expr.operators import Compose, LinearOperator, Scale, compose
from ...expr.sums import IndexedSum
from ...scalar import exact, is_sympy, to_sympy
from ..facts import Hypothesis

Facts: TypeAlias = tuple[Hypothesis, ...]
Made: TypeAlias = Iterator[tuple[Any, str]]
Finder: TypeAlias = Callable[[Any, Facts], Made]
Word: TypeAlias = tuple[LinearOperator, ...]


def canonical_number(value: Any) -> Any:
    """A number with symbols written in one way: multiplied out, powers of one base put together."""
    if not is_sympy(value):
        return value
    import sympy

    expanded = sympy.expand(value)
    terms = [sympy.powsimp(term, combine="exp") for term in sympy.Add.make_args(expanded)]
    return exact(sympy.Add(*terms))


def at_index(node: Any, index: Any, value: Any) -> Any:
    """The node with a value in place of its index, numbers multiplied out; sums within may have the same index."""

    def change(entry: Any) -> Any:
        return canonical_number(entry.subs(index, value)) if index in entry.free_symbols else entry

    return transform(apart(node, {index, *symbols_in(value)}), lambda _: None, change)


def linear(entry: Any, index: Any) -> tuple[Any, Any] | None:
    """(a, b) with entry = a r + b; None for other functions of the index."""
    import sympy

    known = sympy.expand(to_sympy(entry))
    a = known.coeff(index, 1)
    b = sympy.expand(known - a * index)
    return None if index in b.free_symbols or index in a.free_symbols else (exact(a), exact(b))


# -- words under a sum -------------------------------------------------------------------------------------


def scaled(node: Any) -> tuple[Any, Any]:
    """(c, A) for c A, of c (d A) for the product."""
    scalar = 1
    while isinstance(node, Scale):
        scalar = node.scalar if scalar == 1 else exact(to_sympy(scalar) * to_sympy(node.scalar))
        node = node.operator
    return scalar, node


def times(scalar: Any, operator: Any) -> Any:
    """c A, without the number 1."""
    scalar = canonical_number(scalar)
    if scalar == 0:
        return Zero()
    inner, rest = scaled(operator)
    product = scalar if inner == 1 else canonical_number(to_sympy(scalar) * to_sympy(inner))
    return rest if product == 1 else Scale(product, rest)


def letters_of(operator: Any) -> Word:
    """The factors of a composition; none of the identity."""
    if isinstance(operator, Identity):
        return ()
    return operator.factors if isinstance(operator, Compose) else (operator,)


def depends(node: Any, index: Any) -> bool:
    return index in symbols_in(node)


def split(total: IndexedSum) -> tuple[Any, Word, Word, Word]:
    """(c, B, A, C) for a sum of words c B A C, of which A begins and ends with letters that have the index."""
    scalar, word = scaled(total.body)
    letters = letters_of(word)
    having = [i for i, letter in enumerate(letters) if depends(letter, total.index)]
    if not having:
        return scalar, letters, (), ()
    first, last = having[0], having[-1] + 1
    return scalar, letters[:first], letters[first:last], letters[last:]


def around(before: Word, made: Any, after: Word, scalar: Any = 1) -> Any:
    inner, rest = scaled(made)
    if isinstance(rest, Zero):
        return Zero()
    weight = to_sympy(scalar) * to_sympy(inner) if is_sympy(scalar) or is_sympy(inner) else scalar * inner
    return times(weight, compose((*before, *letters_of(rest), *after)))


def depends_number(value: Any, index: Any) -> bool:
    return is_sympy(value) and index in value.free_symbols


def delays(d: Any) -> Word:
    return (Shift(d),) if any(axes(d)) else ()


def without_delays(word: Any) -> Any:
    """c A without S⁰."""
    scalar, letters = scaled(word)
    kept = (x for x in letters_of(letters) if not (isinstance(x, Shift) and not any(axes(x.shift))))
    return times(scalar, compose(tuple(kept)))
