"""What every node shares: it is frozen, compared and hashed by structure, pickled by its fields.

A subclass is a frozen dataclass; its fields are child nodes, plain hashable values, or tuples of these.
Nothing here recurses, so that depth is limited by memory and not by Python's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from typing import Any, NamedTuple, Self

from .._verbs import Drawn, verb
from ..errors import DimensionError


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))


class Node(Drawn):
    """A frozen tree node; ``==`` is structural."""

    __array_ufunc__ = None  # so that NumPy defers: ``array @ A`` and ``array * A`` reach A's reflected method
    ndim: int | None

    def parts(self) -> tuple[Any, ...]:
        """The values that make the node what it is, in the order of its constructor."""
        found: tuple[Any, ...] | None = self.__dict__.get("_parts")
        if found is None:
            kind: Any = type(self)
            found = self.__dict__["_parts"] = tuple([getattr(self, name) for name in _field_names(kind)])
        return found

    def children(self) -> list[Node]:
        """The nodes among the parts; the samples of a signal are no nodes."""
        found: list[Node] | None = self.__dict__.get("_children")
        if found is None:
            found = self.__dict__["_children"] = nodes_in(self.parts())
        return found

    def rebuilt(self, parts: tuple[Any, ...]) -> Any:
        """The node with other parts, a kernel that came out empty among them as the zero that it is.

        Sums, compositions and applications are flattened anew, and computed exactly.
        """
        return type(self)(*[part.nonempty() if isinstance(part, Node) else part for part in parts])

    def mapped(self, change: Callable[[Any], Any]) -> Any:
        """The node with ``change`` of each of its parts; itself where that is the part."""
        parts = self.parts()
        changed = tuple(map(change, parts))
        return self if all(a is b for a, b in zip(changed, parts, strict=True)) else self.rebuilt(changed)

    def nonempty(self) -> Node:
        """The node; a signal with no samples (↓2 of one sample at 1) as the zero that it is: one sample 0."""
        return self

    def opened(self) -> Node | None:
        """What the node is a name for, one step written out; None where it is none."""
        return None

    def own_symbols(self) -> set[Any]:
        """The SymPy symbols in the factor or shift of this one node; not the index that a sum binds."""
        return set()

    def own_names(self) -> list[str]:
        """What else keeps this one node from being computed, by name: it is formal, or has a real symbol."""
        return []

    def bound_symbols(self) -> set[Any]:
        """The symbols that mean nothing outside of this node: the index of a sum."""
        return set()

    def key(self) -> tuple[Any, ...]:
        """What equality and hash look at; the parts, unless these are not hashable."""
        return self.parts()

    @classmethod
    def _checked(cls, **values: Any) -> Self:
        """A node of values that are known to fit, normalised already."""
        made = object.__new__(cls)
        made.__dict__.update(values)
        return made

    def _set(self, **values: Any) -> None:
        """Store a normalised value while the node is being built; nodes are frozen afterwards."""
        self.__dict__.update(values)
        for stale in ("_parts", "_children", "_hash"):
            self.__dict__.pop(stale, None)

    def __setattr__(self, name: str, value: object) -> None:  # dataclasses guard their own fields only
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be deleted")

    def __hash__(self) -> int:
        cached: int | None = self.__dict__.get("_hash")
        if cached is None:
            cached = self.__dict__["_hash"] = _hash(self)
        return cached

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and _same(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_rows, (_rows(self),)

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Node:
        return self

    def __repr__(self) -> str:
        return str(verb("code")(self))

    def __str__(self) -> str:
        return str(verb("text")(self))

    def __format__(self, spec: str) -> str:
        """``f"{A}"``, ``f"{A:ascii}"``, ``f"{A:latex}"``."""
        if spec in ("ascii", "latex"):
            return str(verb(spec)(self))
        return format(str(self), spec)

    def _repr_latex_(self) -> str:
        """LaTeX for a notebook."""
        return f"$\\displaystyle {verb('latex')(self)}$"

    def _latex(self, printer: Any) -> str:
        """Called by ``sympy.latex``."""
        return str(verb("latex")(self))

    def _pretty(self, printer: Any) -> Any:
        """Called by ``sympy.pretty``."""
        return verb("pretty_form")(self, printer)

    def _sympystr(self, printer: Any) -> str:
        """Called by ``sympy.sstr``."""
        return str(self)


def remembered(
    root: Node, name: str, make: Callable[[Node], Any], below: Callable[[Node], Iterable[Node]] | None = None
) -> Any:
    """``make(node)`` of every node, children first and without recursion, kept with it under ``name``.

    ``below`` says which nodes ``make`` needs; by default the children.
    """
    if name in root.__dict__:
        return root.__dict__[name]
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if name in node.__dict__:
            continue
        if ready:
            node.__dict__[name] = make(node)
            continue
        stack.append((node, True))
        stack.extend([(child, False) for child in (below(node) if below else node.children())])
    return root.__dict__[name]


def _hash(root: Node) -> int:
    """The hash, of deep trees too."""
    return int(remembered(root, "_hash", _hash_of, _hashed_here))


def _hash_of(node: Node) -> int:
    return hash((type(node).__name__, node.key()))


def _hashed_here(node: Node) -> list[Node]:
    """The children without a hash of their own: a signal hashes its samples by itself."""
    return [child for child in node.children() if type(child).__hash__ is Node.__hash__]


class _Row(NamedTuple):
    """A node that an earlier row of a pickle makes."""

    at: int


def _rows(root: Node) -> list[tuple[type, Any]]:
    """Class and parts of every node, children first, so that pickling does not recurse."""
    rows: list[tuple[type, Any]] = []
    at: dict[int, _Row] = {}

    def flat(value: Any) -> Any:
        if isinstance(value, Node):
            return at.get(id(value), value)  # a node that pickles in its own way stays itself
        return tuple([flat(entry) for entry in value]) if isinstance(value, tuple) else value

    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in at or type(node).__reduce__ is not Node.__reduce__:
            continue
        if ready:
            rows.append((type(node), flat(node.parts())))
            at[id(node)] = _Row(len(rows) - 1)
        else:
            stack.append((node, True))
            stack.extend([(child, False) for child in node.children()])
    return rows


def _from_rows(rows: list[tuple[type, Any]]) -> Any:
    made: list[Any] = []

    def whole(value: Any) -> Any:
        if isinstance(value, _Row):
            return made[value.at]
        return tuple([whole(entry) for entry in value]) if isinstance(value, tuple) else value

    for kind, parts in rows:
        made.append(kind(*whole(parts)))
    return made[-1]


def nodes_in(values: tuple[Any, ...]) -> list[Node]:
    """The nodes among ``values`` and in tuples among them."""
    found: list[Node] = []
    for value in values:
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(nodes_in(value))
    return found


def _same(left: Any, right: Any) -> bool:
    stack = [(left, right)]
    while stack:
        a, b = stack.pop()
        if a is b:
            continue
        if isinstance(a, Node):
            if type(a) is not type(b) or hash(a) != hash(b):
                return False
            stack.append((a.key(), b.key()))
        elif isinstance(a, tuple):
            if not isinstance(b, tuple) or len(a) != len(b):
                return False
            stack.extend(zip(a, b, strict=True))
        elif type(a) is not type(b) or not bool(a == b):
            return False
    return True


def common_ndim(*nodes: Any) -> int | None:
    """The number of axes that all nodes share; None where every one fits any number."""
    found: int | None = None
    first: Any = None
    for node in nodes:
        if node.ndim is None:
            continue
        if found is None:
            found, first = node.ndim, node
        elif node.ndim != found:
            raise DimensionError(
                f"{short(first)} acts on {found} axes and {short(node)} on {node.ndim}; an expression needs the "
                "same number of axes throughout (an int factor is for one axis: give a tuple, one per axis)"
            )
    return found


def short(node: Any) -> str:
    """The node, or what else is shown, in at most 60 signs: for messages."""
    text = str(node)
    return text if len(text) <= 60 else text[:57] + "…"
