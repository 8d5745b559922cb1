"""Walking and rebuilding trees of nodes, whatever these are: a node says itself what it is made of and stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..scalar import is_sympy
from .node import Node, remembered


def walk(root: Node) -> Iterator[Node]:
    """Every node of the tree, parents first; nodes that occur several times come several times."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children()))


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

    def change(value: Any) -> Any:
        if isinstance(value, Node):
            return done[id(value)]
        if isinstance(value, tuple):
            return tuple(map(change, value))
        return rescale(value) if rescale and is_sympy(value) else value

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
        made: Any = node.mapped(change) if rescale or node.children() else node
        replacement = replace(made)
        done[id(node)] = made if replacement is None else replacement
    return done[id(root)]


def expand(root: Any) -> Any:
    """The tree with every named composition replaced by its definition; a sum over r < k where k is a number."""

    def replace(node: Node) -> Node | None:
        inner = node.opened()
        return None if inner is None else expand(inner)

    return transform(root, replace)


def depth(root: Node) -> int:
    """How many nodes lie below one another on the longest way down."""
    return int(remembered(root, "_depth", _depth_of))


def _depth_of(node: Node) -> int:
    return 1 + max((child.__dict__["_depth"] for child in node.children()), default=0)


def free_symbols(root: Node) -> frozenset[Any]:
    """The symbols in factors and shifts anywhere that no sum binds."""
    return remembered(root, "_free_symbols", _free_in)


def _free_in(node: Node) -> frozenset[Any]:
    found = {s for child in node.children() for s in child.__dict__["_free_symbols"]}
    return frozenset((found - node.bound_symbols()) | node.own_symbols())


def all_factor_symbols(*roots: Node) -> list[Any]:
    """The symbols in factors and shifts anywhere, sorted by name; without those that sums bind."""
    return _by_name({s for root in roots for s in free_symbols(root)})


def _by_name(symbols: set[Any]) -> list[Any]:
    return sorted(symbols, key=lambda symbol: str(symbol.name))


def formal_parts(root: Node) -> list[str]:
    """What keeps the expression from being computed: formal signals and symbolic factors, by name."""
    found: list[str] | None = root.__dict__.get("_formal")
    if found is None:
        free, names = free_symbols(root), dict[str, None]()
        for node in walk(root):
            own = [s.name for s in _by_name(node.own_symbols()) if s in free] if free else []
            names.update(dict.fromkeys(own + node.own_names()))
        found = root.__dict__["_formal"] = list(names)
    return found
