"""The small language of the command line: Python expressions of operators, read and never evaluated.

Text is parsed by Python's own :mod:`ast` and the tree is walked against a whitelist.  What is not on the
list (other calls, attributes, subscripts, lambdas, names that start with an underscore, …) is a
:class:`~opalgebra.ParseError` that points at the place.  The limits below hold before anything is built,
so that hostile text fails at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from ..expr import LinearOperator, SignalExpr
from .grammar import COMPARISONS, CONDITIONS, callee
from .reader import Reader, read_exact

__all__ = ["exact", "parse_condition", "parse_expression", "parse_statement", "parse_value"]


def _sides(reader: Reader, parts: list[ast.expr]) -> list[Any]:
    built = [reader.build(part) for part in parts]
    for part, value in zip(parts, built, strict=True):
        if not isinstance(value, (LinearOperator, SignalExpr)):
            reader.fail(part, "an operator or a signal is expected here, such as Conv(q) @ Up(2)")
    return built


def parse_expression(text: str, let: Mapping[str, Any] = {}) -> LinearOperator | SignalExpr:
    """The operator or signal that ``text`` writes down; nothing is evaluated.

    Parameters
    ----------
    text : str
        A Python expression of the constructors, ``@ + - * / **``, ``.T .H .conj() .expand()``.  Unknown
        lower-case names are formal signals inside Conv and where a signal is applied to, positive integer
        symbols inside Up, Down, Repeat, AvgPool, LinearUp and box, integer symbols inside Shift.
    let : mapping of str to list, int, tuple, number or signal
        What names stand for; a list is a signal that starts at 0.

    Raises
    ------
    ParseError
        For text outside the language, longer than 10,000 characters or nested deeper than 100.
    OpAlgebraError
        What the constructors raise, such as FactorError for ``Up(0)``.

    Examples
    --------
    >>> parse_expression("Conv(q) @ Up(k)") == parse_expression("oa.Conv(signals('q')) @ oa.Up(factors('k'))")
    True
    """
    reader = Reader(text, let)
    if isinstance(reader.root, ast.Compare):
        reader.fail(reader.root, "a statement was given where one expression is expected; leave == and one side out")
    result: LinearOperator | SignalExpr = _sides(reader, [reader.root])[0]
    return result


def parse_statement(text: str, let: Mapping[str, Any] = {}) -> tuple[Any, Any]:
    """Both sides of ``left == right``; a name means the same on both.

    >>> left, right = parse_statement("Down(k) == Up(k).T")
    >>> left.factor == right.operator.factor
    True
    """
    reader = Reader(text, let)
    root = reader.root
    if not isinstance(root, ast.Compare):
        reader.fail(root, "a statement is expected: two expressions with == between them")
    if len(root.ops) != 1 or not isinstance(root.ops[0], ast.Eq):
        reader.fail(root.comparators[0], "a statement has exactly one == and no other comparison")
    left, right = _sides(reader, [root.left, root.comparators[0]])
    return left, right


def parse_condition(text: str, let: Mapping[str, Any] = {}) -> tuple[str, tuple[Any, ...]]:
    """The name and arguments of a side condition such as ``coprime(k, m)`` or ``even_symmetric(q)``.

    >>> parse_condition("coprime(3, 2)")
    ('coprime', (3, 2))
    >>> parse_condition("0 <= r < k")
    ('compared', ((0, '≤', r), (r, '<', k)))
    """
    reader = Reader(text, let, condition=True)
    call = reader.root
    if isinstance(call, ast.Compare):
        return "compared", tuple(_comparisons(reader, call))
    name = callee(call.func) if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or name not in CONDITIONS:
        reader.fail(call, "a condition is one of " + ", ".join(CONDITIONS) + ", such as coprime(k, m), or 0 <= r < k")
    roles = CONDITIONS[str(name)]
    if name == "symmetric":  # with its centre and its sign, or without
        roles = roles[: max(1, len(call.args))]
        options = {str(keyword.arg): reader.build(keyword.value) for keyword in call.keywords}
        arguments = tuple(reader.arguments(call, name, roles))
        default = dict(zip(("about", "sign"), (0, 1), strict=True)) if options else {}
        more = [options.get(key, value) for key, value in list(default.items())[len(arguments) - 1 :]]
        return name, (*arguments, *more)
    return str(name), tuple(reader.arguments(call, str(name), roles))


def _comparisons(reader: Reader, root: ast.Compare) -> Iterator[tuple[Any, str, Any]]:
    """(left, sign, right) of every comparison of a chain."""
    sides = [reader.build(part) for part in (root.left, *root.comparators)]
    for left, operator, right in zip(sides, root.ops, sides[1:], strict=False):
        if type(operator) not in COMPARISONS:
            reader.fail(root, "the comparisons of a condition are < <= > >= == !=")
        yield left, COMPARISONS[type(operator)], right


def parse_value(text: str) -> Any:
    """A value to bind a name to: an exact number, a list (a signal), a tuple (a factor per axis), ``Signal(…)``.

    >>> parse_value("[1, 2, 1]"), parse_value("(2, 3)"), parse_value("1/2")
    ([1, 2, 1], (2, 3), Fraction(1, 2))
    """
    reader = Reader(text, {}, literal=True)
    value = reader.build(reader.root)
    if isinstance(value, LinearOperator):
        reader.fail(reader.root, "an operator cannot be bound; give a number, a list, a tuple or Signal([…])")
    return value


def exact(text: str) -> Any:
    """The exact number, or nested list of exact numbers, that ``text`` writes down.

    Integers divide to fractions, ``sqrt cos sin exp conjugate pi I 1j`` and names give SymPy expressions,
    a single decimal stays the Python float that it is; arithmetic with decimals takes them for the binary
    fractions they are.  Nothing rounds.

    Raises
    ------
    ParseError
        For text that is not a number or a list of numbers; a SymPy symbol is made of every name.

    Examples
    --------
    >>> exact("1/3"), exact("[0.5, 6/3]"), exact("sqrt(2)/2")
    (Fraction(1, 3), [0.5, 2], sqrt(2)/2)
    """
    return read_exact(text)
