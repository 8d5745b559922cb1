"""Where two operators on arrays differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._verbs import verb


@dataclass(frozen=True)
class BoundWitness:
    """Where two bound operators differ.

    Attributes
    ----------
    column : tuple of int
        The place, in an array of shape ``dims``, of the one sample 1 of the input.
    index : tuple of int
        The place in the output where the answers differ.
    lhs, rhs
        The exact values of both sides there.
    kernels : dict
        A signal for every formal name.
    """

    column: tuple[int, ...]
    index: tuple[int, ...]
    lhs: Any
    rhs: Any
    kernels: dict[str, Any]

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of the two values at the place where they differ."""
        return verb("plot")(self, kind, dark=dark, **options)

    def __str__(self) -> str:
        named = "".join(f"{name} = {kernel}, " for name, kernel in self.kernels.items())
        return (
            f"with {named}one sample 1 at {_place(self.column)}: at {_place(self.index)} the left side gives "
            f"{self.lhs}, the right side {self.rhs}"
        )

    def _repr_html_(self) -> str:
        return str(verb("html")(self))


def _place(at: tuple[int, ...]) -> str:
    return str(at[0] if len(at) == 1 else at)


@dataclass(frozen=True)
class SizeWitness(BoundWitness):
    """The smallest sizes for which two bound operators differ, and where.

    Attributes
    ----------
    sizes : dict
        A number for every symbol.
    """

    sizes: dict[Any, int]

    def __str__(self) -> str:
        return f"for {assigned(self.sizes)}, {super().__str__()}"


def assigned(sizes: Mapping[Any, Any]) -> str:
    """Symbols with their values, in words."""
    return ", ".join(f"{symbol} = {value}" for symbol, value in sizes.items())
