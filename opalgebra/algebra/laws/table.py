"""Tables of rows by name, made on first use: ``oa.laws`` is one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from ..._verbs import verb
from ...errors import UnknownLaw
from ...expr import Adjoint, FormalOperator
from .aliases import ALIASES, NAMED, spelled_alike
from .law import WAYS, Law, Rule
from .match import Head, head_of

Row = TypeVar("Row")
ByHead: TypeAlias = dict[Head, tuple[tuple[Law, bool], ...]]


class Table(Mapping[str, Row]):
    """Rows by name, made on first use, so that SymPy is not loaded before."""

    kind = "row"  # in one word, and ``name`` for what holds them
    name = "rows"

    @cached_property
    @abstractmethod
    def _rows(self) -> dict[str, Row]:
        """The rows."""

    def __getitem__(self, name: str) -> Row:
        if name not in self._rows:
            name = self._by_term(name)
        if name not in self._rows:
            close = get_close_matches(str(name), self._terms(), n=3)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"list(oa.{self.name}) names them all"
            raise UnknownLaw(f"there is no {self.kind} {name!r}; {hint}")
        return self._rows[name]

    def _by_term(self, name: Any) -> Any:
        """The row that has another name."""
        return name

    def _terms(self) -> list[str]:
        """The names that may be meant."""
        return list(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<{len(self)} {self.name}: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        return str(verb("html")(self))


class Catalogue(Table[Law]):
    """The laws by name.

    >>> import opalgebra as oa
    >>> print(oa.laws["noble-up"].statement)
    ((↑ₖ q)∗) ↑ₖ = ↑ₖ (q∗)
    >>> oa.laws["polyphase decomposition"].name, oa.laws["Bézout"].name
    ('polyphase-conv', 'down-shift-up')
    >>> len(oa.laws) > 100
    True
    """

    kind, name = "law", "laws"

    def __init__(self, rows: Iterable[Law] = ()) -> None:
        self._given = tuple(rows)

    @cached_property
    def _rows(self) -> dict[str, Law]:
        from .catalogue import ROWS

        return {row.name: row for row in self._given or ROWS}

    def _by_term(self, name: Any) -> Any:
        """The law of a standard term: "polyphase identity", "parseval", "cic"."""
        if not isinstance(name, str):
            return name
        term = spelled_alike(name)
        return NAMED.get(term) or next((law for law in self._rows if spelled_alike(law) == term), name)

    def _terms(self) -> list[str]:
        return [*self._rows, *ALIASES]

    def find(self, word: str) -> tuple[Law, ...]:
        """The laws in whose name, standard terms, conditions, statement or source a word occurs; close ones if none.

        >>> import opalgebra as oa
        >>> [law.name for law in oa.laws.find("noble")]
        ['noble-down', 'noble-up']
        >>> [law.name for law in oa.laws.find("bezout")]
        ['down-shift-up']
        """
        term = spelled_alike(word)
        terms: dict[str, list[str]] = {}
        for alias, law in ALIASES.items():
            terms.setdefault(law, []).append(alias)
        names = [row for row in self.values() if term in spelled_alike(" ".join((row.name, *terms.get(row.name, ()))))]
        if names:
            return tuple(names)
        said = (row for row in self.values() if term in spelled_alike(" ".join((row.source, *row.conditions))))
        found = tuple(said)
        close = get_close_matches(word, self._terms(), n=5)
        return found or tuple({row.name: row for row in (self[name] for name in close)}.values())

    def normal(self, head: Head) -> tuple[tuple[Law, bool], ...]:
        """The laws that lead to the normal form from a part with this head, each with whether it is reversed."""
        found = self._normal.get(head)
        return self._normal.get((head[0], FormalOperator), ()) if found is None else found

    def tried(self, head: Head) -> tuple[tuple[Law, bool], ...]:
        """The laws that the optimiser tries on a part with this head."""
        return self._tried.get(head, ())

    @cached_property
    def _normal(self) -> ByHead:
        return _indexed((law, WAYS[law.normal]) for law in self.values() if isinstance(law, Rule))

    @cached_property
    def _tried(self) -> ByHead:
        return _indexed((law, WAYS[law.tried]) for law in self.values() if isinstance(law, Rule))

    @cached_property
    def longest(self) -> int:
        """Head of the longest run that one of these laws is about."""
        return max(len(head) - 1 for head in (*self._normal, *self._tried))

    @cached_property
    def basic(self) -> frozenset[str]:
        """The laws that others are derived from; those of Aᴴ follow from those of transposes and conjugates."""
        rows = (uses for head, uses in self._normal.items() if head[0] is not Adjoint)
        return frozenset(law.name for uses in rows for law, _ in uses)

    @cached_property
    def telling(self) -> tuple[Law, ...]:
        """The laws worth trying as the one step between two expressions: not those of the bare structure."""
        from .of_operators import STRUCTURE

        return tuple(law for law in self.values() if law not in STRUCTURE)


def _indexed(laws: Iterable[tuple[Law, tuple[bool, ...]]]) -> ByHead:
    """The laws by the head of the side that they are used on."""
    found: dict[Head, list[tuple[Law, bool]]] = {}
    for law, ways in laws:
        for reverse in ways:
            found.setdefault(head_of(law.instance()[reverse]), []).append((law, reverse))
    return {head: tuple(uses) for head, uses in found.items()}


laws = Catalogue()
