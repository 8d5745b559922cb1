"""Walking and rebuilding trees: children, substitution, what an expression contains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import OperandError
from ..scalar import is_sympy
from .factors import axes
from .multirate import Conv, Modulate, Shift, _Sampling
from .named import Named, _Layer, _Resampler
from .node import Node
from .operators import PLAIN, Compose, FormalOperator, LinearOperator, Scale, Sum, add, compose
from .signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum, add_signals


def walk(root: Node) -> Iterator[Node]:
    """Every node of the tree, parents first; nodes that occur several times come several times."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children()))


def rebuild(node: Node, parts: tuple[Any, ...]) -> Any:
    """The node with other parts; sums, compositions and applications are computed and flattened anew."""
    if isinstance(node, Compose):
        return compose(parts[0])
    if isinstance(node, Sum):
        return add(parts[0])
    if isinstance(node, SignalSum):
        return add_signals(parts[0])
    if isinstance(node, Applied):
        return parts[0] @ parts[1]
    if isinstance(node, ConjSignal):
        return parts[0].conj()
    if isinstance(node, Box):
        from .signals import box

        return box(parts[0])
    return type(node)(*map(_not_empty, parts))


def _not_empty(part: Any) -> Any:
    """A kernel that came out empty (↓2 of one sample at 1) as the zero that it is: one sample 0."""
    if isinstance(part, Signal) and part.values.size == 0:
        return Signal([0]) if part.ndim == 1 else Signal(np.zeros((1,) * part.values.ndim, dtype=np.int64))
    return part


def transform(
    root: Node,
    replace: Callable[[Node], Node | None],
    rescale: Callable[[Any], Any] | None = None,
    skip: Callable[[Node], bool] = lambda node: False,
) -> Any:
    """The tree with ``replace`` applied bottom-up (None leaves a node), values mapped by ``rescale``.

    Parts that ``skip`` accepts stay as they are.  No recursion, so that depth is limited by memory alone.
    """
    done: dict[int, Any] = {}
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in done:
            continue
        if skip(node):
            done[id(node)] = node
            continue
        if not ready and node.children():
            stack.append((node, True))
            stack.extend([(child, False) for child in node.children()])
            continue
        made: Any = node if isinstance(node, Signal) and rescale is None else _map_parts(node, done, rescale)
        replacement = replace(made)
        done[id(node)] = made if replacement is None else replacement
    return done[id(root)]


def _map_parts(node: Node, done: dict[int, Any], rescale: Callable[[Any], Any] | None) -> Any:
    if isinstance(node, Signal):
        return _map_signal(node, rescale) if rescale and node.is_exact else node

    def map_value(value: Any) -> Any:
        if isinstance(value, Node):
            return done[id(value)]
        if isinstance(value, tuple):
            return tuple(map_value(entry) for entry in value)
        return rescale(value) if rescale and is_sympy(value) else value

    before = node.parts()
    parts = tuple(map_value(value) for value in before)
    return node if all(a is b for a, b in zip(parts, before, strict=True)) else rebuild(node, parts)


def _map_signal(signal: Signal, rescale: Callable[[Any], Any]) -> Signal:
    from .arrays import exact_array

    leaves = [rescale(entry) for entry in signal.values.flat]
    return Signal._wrap(exact_array(leaves, signal.values.shape), signal.starts)


def substitute(root: Node, values: Mapping[Any, Any]) -> Any:
    """The tree with symbols replaced by numbers and formal signals or operators (by name) by others.

    Keys that are strings name formal signals and operators; other keys are SymPy symbols.
    """
    symbols = {key: value for key, value in values.items() if not isinstance(key, str)}

    def rescale(entry: Any) -> Any:
        from ..scalar import exact

        if not entry.free_symbols & symbols.keys():
            return entry
        return exact(entry.subs(symbols))

    def replace(node: Node) -> Node | None:
        if isinstance(node, (FormalSignal, FormalOperator)):
            found: Node | None = values.get(node.name)
            return found
        return None

    return transform(root, replace, rescale if symbols else None)


def expand(root: Any) -> Any:
    """The tree with every named composition replaced by its definition."""
    return transform(root, lambda node: expand(node.definition()) if isinstance(node, Named) else None)


def formal_parts(root: Node) -> list[str]:
    """What keeps the expression from being computed: formal signals and symbolic factors, by name."""
    cached: list[str] | None = root.__dict__.get("_formal")
    if cached is None:
        found: dict[str, None] = {}
        for node in walk(root):
            if isinstance(node, (FormalSignal, FormalOperator)):
                found[node.name] = None
            for symbol in factor_symbols(node):
                found[symbol.name] = None
        cached = root.__dict__["_formal"] = list(found)
    return cached


def is_block(operator: LinearOperator) -> bool:
    """Whether the operator itself acts on several channels, or is a grid, be it of one entry."""
    return operator.blocks or operator.channels not in (None, PLAIN)


def has_blocks(root: Node) -> bool:
    """Whether grids of operators occur anywhere in the expression, kernels included."""
    cached: bool | None = root.__dict__.get("_has_blocks")
    if cached is not None:
        return cached
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if "_has_blocks" in node.__dict__:
            continue
        if not ready:
            stack.append((node, True))
            stack.extend([(child, False) for child in node.children()])
            continue
        inner = any(child.__dict__["_has_blocks"] for child in node.children())
        node.__dict__["_has_blocks"] = inner or (isinstance(node, LinearOperator) and is_block(node))
    return bool(root.__dict__["_has_blocks"])


def depth(root: Node) -> int:
    """How many nodes lie below one another on the longest way down."""
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if "_depth" in node.__dict__:
            continue
        if ready:
            node.__dict__["_depth"] = 1 + max((child.__dict__["_depth"] for child in node.children()), default=0)
            continue
        stack.append((node, True))
        stack.extend([(child, False) for child in node.children()])
    return int(root.__dict__["_depth"])


def factor_symbols(node: Node) -> list[Any]:
    """The SymPy symbols in the factor or shift of this one node, sorted by name."""
    if isinstance(node, (_Sampling, _Layer, _Resampler, Box)):
        value = node.factor
    elif isinstance(node, Shift):
        value = node.shift
    else:
        return []
    found = {symbol for entry in axes(value) if is_sympy(entry) for symbol in entry.free_symbols}
    return sorted(found, key=lambda symbol: str(symbol.name))


def all_factor_symbols(*roots: Node) -> list[Any]:
    """The symbols in factors and shifts anywhere, sorted by name."""
    found = {symbol for root in roots for node in walk(root) for symbol in factor_symbols(node)}
    return sorted(found, key=lambda symbol: str(symbol.name))


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
        for node in walk(root):
            if isinstance(node, Signal):
                yield from (node.values.flat if node.is_exact else node.values.ravel().tolist())
            elif isinstance(node, Scale):
                yield node.scalar


__all__ = [
    "Conv", "LinearOperator", "Modulate", "SignalExpr", "all_factor_symbols", "constants", "depth", "expand",
    "factor_symbols", "formal_names", "formal_parts", "has_blocks", "is_block", "rebuild", "substitute", "transform",
    "walk",
]  # fmt: skip
