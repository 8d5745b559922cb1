"""Tables of rows by name, made on first use: ``oa.laws`` is one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import TypeVar

from ..._verbs import verb
from ...errors import UnknownLaw
from .law import Law

Row = TypeVar("Row")


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
            close = get_close_matches(str(name), self._rows, n=3)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"list(oa.{self.name}) names them all"
            raise UnknownLaw(f"there is no {self.kind} {name!r}; {hint}")
        return self._rows[name]

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
    >>> len(oa.laws) > 100
    True
    """

    kind, name = "law", "laws"

    @cached_property
    def _rows(self) -> dict[str, Law]:
        from .catalogue import ROWS

        return {row.name: row for row in ROWS}


laws = Catalogue()
