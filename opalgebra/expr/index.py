"""Arithmetic on indices, entry by entry: positions, shifts, and factors of one number of axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def plus(a: Iterable[Any], b: Iterable[Any]) -> tuple[Any, ...]:
    """n + m."""
    return tuple([i + j for i, j in zip(a, b, strict=True)])


def minus(a: Iterable[Any], b: Iterable[Any]) -> tuple[Any, ...]:
    """n − m."""
    return tuple([i - j for i, j in zip(a, b, strict=True)])


def times(a: Iterable[Any], b: Iterable[Any]) -> tuple[Any, ...]:
    """k n, a factor per axis."""
    return tuple([i * j for i, j in zip(a, b, strict=True)])


def dot(a: Iterable[Any], b: Iterable[Any]) -> Any:
    """Σ_i a_i b_i: a row of a matrix applied to an index."""
    return sum([i * j for i, j in zip(a, b, strict=True)])


def negated(index: Any) -> Any:
    """−n, of a tuple or of the one entry of one axis."""
    return tuple([-i for i in index]) if isinstance(index, tuple) else -index
