"""Sums of floats without an error: the rounded sum, and what is missing from it as further floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..expr import as_exact


def two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(s, e) with s the rounded a + b and s + e = a + b exactly (Knuth); of complex numbers part by part.

    >>> two_sum(np.float32(1), np.float32(2**-30))
    (np.float32(1.0), np.float32(9.313226e-10))
    """
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


class Expansion:
    """Arrays of one shape and dtype whose sum is exact: the first is the rounded sum, as ``+=`` makes it."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.levels = [np.zeros(shape, dtype=dtype)]

    def add(self, place: Any, terms: np.ndarray) -> None:
        """Add terms at a place; what a level loses to rounding goes to the next."""
        with np.errstate(over="ignore", invalid="ignore"):  # of sums that overflow the weight is refused
            for level in self.levels:
                if level.dtype.kind in "iu":
                    level[place] += terms
                    return
                level[place], terms = two_sum(level[place], terms)
                if not np.any(terms):
                    return
        self.levels.append(np.zeros_like(self.levels[0]))
        self.levels[-1][place] = terms

    @property
    def rest(self) -> np.ndarray | None:
        """What the rounded sum misses, as (levels, \\*shape); None where it misses nothing."""
        more = [level for level in self.levels[1:] if np.any(level)]
        return np.stack(more) if more else None


def exact_sum(weight: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """weight + Σ rest exactly: in double precision where that holds it, else as exact numbers."""
    wide = np.dtype(np.complex128 if weight.dtype.kind == "c" else np.float64)
    if weight.dtype.itemsize <= wide.itemsize:
        total, lost = weight.astype(wide), False
        for level in rest:
            total, error = two_sum(total, level.astype(wide))
            lost = lost or bool(np.any(error))
        if not lost:
            return total
    return sum((as_exact(level) for level in rest), as_exact(weight))
