"""Walking and rebuilding trees: children, substitution, what an expression contains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from math import lcm
from typing import Any

import numpy as np

from ..errors import FactorError, OperandError
from ..scalar import is_sympy
from .characters import ORDER_LIMIT, Character, integer_symbols, parts_of, real_symbols
from .exactly import exactly
from .factors import axes
from .factors import symbols_in as factor_symbols
from .multirate import Conv, Modulate, Shift, _Sampling
from .named import Named, _Layer, _Resampler
from .node import Node, remembered
from .operators import PLAIN, Compose, FormalOperator, LinearOperator, Scale, Sum, add, compose
from .signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum, add_signals
from .sums import IndexedSignalSum, IndexedSum, sum_of_signals

UNNAMED = "\0"  # begins the names of indices that have none; no user can make it


def walk(root: Node) -> Iterator[Node]:
    """Every node of the tree, parents first; nodes that occur several times come several times."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children()))


def rebuild(node: Node, parts: tuple[Any, ...]) -> Any:
    """The node with other parts; sums, compositions and applications are flattened anew, and computed exactly."""
    if isinstance(node, Compose):
        return compose(parts[0])
    if isinstance(node, Sum):
        return add(parts[0])
    if isinstance(node, SignalSum):
        with exactly():
            return add_signals(parts[0])
    if isinstance(node, Applied):
        with exactly():
            return parts[0] @ parts[1]
    if isinstance(node, ConjSignal):
        return parts[0].conj()
    if isinstance(node, Box):
        from .signals import box

        return box(parts[0])
    if isinstance(node, IndexedSignalSum):
        with exactly():
            return sum_of_signals(*map(_not_empty, parts))
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
    _check_values(symbols)
    if has_sums(root):
        root = apart(root, {*symbols, *(s for value in values.values() for s in symbols_in(value))})

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


def _check_values(symbols: Mapping[Any, Any]) -> None:
    """A number that contradicts what a symbol is assumed to be would turn true statements into false ones."""
    for symbol, value in symbols.items():
        if isinstance(value, int) and value < 1 and symbol.is_positive:
            raise FactorError(f"{symbol} is positive, and {value} was put in its place; give a positive int")


def symbols_in(value: Any) -> set[Any]:
    """The SymPy symbols of a number, a factor or an expression."""
    if isinstance(value, Node):
        scalars = {s for c in constants(value) if is_sympy(c) for s in c.free_symbols}
        return {*free_symbols(value), *scalars}
    return value.free_symbols if is_sympy(value) else set()


def expand(root: Any) -> Any:
    """The tree with every named composition replaced by its definition; a sum over r < k where k is a number."""

    def replace(node: Node) -> Node | None:
        if isinstance(node, IndexedSum | IndexedSignalSum):
            return None if is_sympy(node.stop) else expand(node.definition())
        return expand(node.definition()) if isinstance(node, Named) else None

    return transform(root, replace)


# -- bound indices ----------------------------------------------------------------------------------------


def has_sums(root: Node) -> bool:
    """Whether sums over an index occur anywhere in the expression."""
    cached: bool | None = root.__dict__.get("_has_sums")
    if cached is None:
        cached = any(isinstance(node, IndexedSum | IndexedSignalSum) for node in walk(root))
        root.__dict__["_has_sums"] = cached
    return cached


def written_out(root: Any) -> Any:
    """The tree with every sum over r < k of known k written out term by term."""

    def replace(node: Node) -> Node | None:
        if isinstance(node, IndexedSum | IndexedSignalSum) and not is_sympy(node.stop):
            made: Node = node.definition()
            return made
        return None

    return transform(root, replace) if has_sums(root) else root


def apart(root: Any, avoid: set[Any]) -> Any:
    """The tree with other names for the bound indices that are among some symbols."""
    taken = {s.name for s in avoid} | {s.name for node in walk(root) for s in own_symbols(node)}

    def replace(node: Node) -> Node | None:
        if not isinstance(node, IndexedSum | IndexedSignalSum) or node.index not in avoid:
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
            heights[id(node)] = node, inner + isinstance(node, IndexedSum | IndexedSignalSum)
        return heights[id(node)][1]

    def replace(node: Node) -> Node | None:
        if not isinstance(node, IndexedSum | IndexedSignalSum):
            return None
        new = sympy.Symbol(f"{UNNAMED}{height(node)}", integer=True)
        return type(node)(substitute(node.body, {node.index: new}), new, node.stop)

    return transform(root, replace)


def formal_parts(root: Node) -> list[str]:
    """What keeps the expression from being computed: formal signals and symbolic factors, by name."""
    cached: list[str] | None = root.__dict__.get("_formal")
    if cached is None:
        found: dict[str, None] = {}
        free = free_symbols(root)
        for node in walk(root):
            if isinstance(node, (FormalSignal, FormalOperator)):
                found[node.name] = None
            for symbol in own_symbols(node):
                if symbol in free:
                    found[symbol.name] = None
            if isinstance(node, Character):
                found.update(dict.fromkeys(sorted(s.name for s in real_symbols(node.frequency))))
        cached = root.__dict__["_formal"] = list(found)
    return cached


def is_block(operator: LinearOperator) -> bool:
    """Whether the operator itself acts on several channels, or is a grid, be it of one entry."""
    return operator.blocks or operator.channels not in (None, PLAIN)


def has_blocks(root: Node) -> bool:
    """Whether grids of operators occur anywhere in the expression, kernels included."""
    return bool(remembered(root, "_has_blocks", _blocks_in))


def _blocks_in(node: Node) -> bool:
    inner = any(child.__dict__["_has_blocks"] for child in node.children())
    return inner or (isinstance(node, LinearOperator) and is_block(node))


def depth(root: Node) -> int:
    """How many nodes lie below one another on the longest way down."""
    return int(remembered(root, "_depth", _depth_of))


def _depth_of(node: Node) -> int:
    return 1 + max((child.__dict__["_depth"] for child in node.children()), default=0)


def factors_of(node: Node) -> Any:
    """The factor of this one node, or the number of terms of its sum; 1 where it has none."""
    if isinstance(node, (_Sampling, _Layer, _Resampler, Box)):
        return node.factor
    return node.stop if isinstance(node, IndexedSum | IndexedSignalSum) else 1


def own_symbols(node: Node) -> list[Any]:
    """The SymPy symbols in the factor or shift of this one node, sorted by name; not the index that a sum binds."""
    if isinstance(node, Character):
        return sorted(integer_symbols(node.frequency), key=lambda symbol: str(symbol.name))
    found = factor_symbols(node.shift if isinstance(node, Shift) else factors_of(node))
    return sorted(found, key=lambda symbol: str(symbol.name))


def free_symbols(root: Node) -> frozenset[Any]:
    """The symbols in factors and shifts anywhere that no sum binds."""
    result: frozenset[Any] = remembered(root, "_free_symbols", _free_in)
    return result


def _free_in(node: Node) -> frozenset[Any]:
    found = {s for child in node.children() for s in child.__dict__["_free_symbols"]}
    if isinstance(node, IndexedSum | IndexedSignalSum):
        found.discard(node.index)
    return frozenset({*found, *own_symbols(node)})


def all_factor_symbols(*roots: Node) -> list[Any]:
    """The symbols in factors and shifts anywhere, sorted by name; without those that sums bind."""
    return sorted({s for root in roots for s in free_symbols(root)}, key=lambda symbol: str(symbol.name))


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
        for node in walk(written_out(root)):
            if isinstance(node, Signal):
                yield from (node.values.flat if node.is_exact else node.values.ravel().tolist())
            elif isinstance(node, Scale):
                yield node.scalar
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


__all__ = [
    "Conv", "LinearOperator", "Modulate", "SignalExpr", "all_factor_symbols", "apart", "constants", "depth", "expand",
    "factors_of", "formal_names", "formal_parts", "free_symbols", "fresh_index", "has_blocks", "has_sums", "is_block",
    "nameless", "order_of", "own_symbols", "rebuild", "root_of_unity", "substitute", "symbols_in", "transform", "walk",
    "with_frequencies", "written_out",
]  # fmt: skip
