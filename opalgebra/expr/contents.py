"""What an expression contains: blocks, constants, characters, what is formal."""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm
from typing import Any

from ..errors import OperandError
from ..scalar import is_sympy
from .characters import ORDER_LIMIT, Character, parts_of
from .factors import axes
from .node import Node, remembered
from .operators import PLAIN, FormalOperator, LinearOperator, Scale
from .signals import FormalSignal
from .sums import scalars, written_out
from .tree import walk


def is_block(operator: LinearOperator) -> bool:
    """Whether the operator itself acts on several channels, or is a grid, be it of one entry."""
    return operator.blocks or operator.channels not in (None, PLAIN)


def has_blocks(root: Node) -> bool:
    """Whether grids of operators occur anywhere in the expression, kernels included."""
    return bool(remembered(root, "_has_blocks", _blocks_in))


def _blocks_in(node: Node) -> bool:
    inner = any(child.__dict__["_has_blocks"] for child in node.children())
    return inner or (isinstance(node, LinearOperator) and is_block(node))


def formal_names(*roots: Node) -> dict[str, FormalSignal | FormalOperator]:
    """The formal signals and operators of some expressions by name.

    One name stands for one thing: :class:`~opalgebra.OperandError` where a real and a complex signal, or a
    signal and an operator, share it.
    """
    found: dict[str, FormalSignal | FormalOperator] = {}
    for root in roots:
        for node in walk(root):
            if isinstance(node, (FormalSignal, FormalOperator)):
                known = found.setdefault(node.name, node)
                if known is not node and _kind(known) != _kind(node):
                    raise OperandError(
                        f"{node.name} is {_kind(known)} and {_kind(node)} in one statement; give them different names"
                    )
    return found


def _kind(node: FormalSignal | FormalOperator) -> str:
    if isinstance(node, FormalOperator):
        return "a formal operator"
    return "a real formal signal" if node.real else "a complex formal signal"


def constants(*roots: Node) -> Iterator[Any]:
    """Every scalar of the expressions: coefficients, taps, entries of periodic sequences."""
    for root in roots:
        yield from scalars(root)
    order = order_of(*roots)
    if 1 < order <= ORDER_LIMIT:
        yield root_of_unity(order)


def order_of(*roots: Node) -> int:
    """The least common order of the roots of unity among the values of characters."""
    nodes = (node for root in roots for node in with_frequencies(root) if isinstance(node, Character))
    return lcm(*(parts_of(entry)[0].denominator for node in nodes for entry in axes(node.frequency)))


def with_frequencies(root: Node) -> tuple[Node, ...]:
    """The characters of an expression, and its multiples by SymPy scalars; found once."""
    found: tuple[Node, ...] | None = root.__dict__.get("_with_frequencies")
    if found is None:
        nodes = walk(written_out(root))
        found = tuple(n for n in nodes if isinstance(n, Character) or (isinstance(n, Scale) and is_sympy(n.scalar)))
        root.__dict__["_with_frequencies"] = found
    return found


def root_of_unity(order: int) -> Any:
    """e^{2πi/N}."""
    from sympy import I, exp, pi

    return exp(2 * pi * I / order)
