"""Dense work between channels, by libraries made for it: BLAS for matrix products, oneDNN for convolutions.

:func:`fastest` says which library computes a filter, by a fixed rule of shapes and of what is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.window import Window
from ...filters.fir import Fir
from ...filters.remembered import remembered
from . import costs, onednn
from .convolution import Convolution, Gradient
from .geometry import geometry
from .products import product

BLAS, PLAIN, BLOCKED = "matrix product", "oneDNN", "oneDNN, blocked"
NAMES = (BLAS, PLAIN, BLOCKED)
KEPT = 64  # plans of one filter


def made(name: str, fir: Fir, written: Window, read: Window, dtype: np.dtype) -> Any:
    """The plan of a filter between channels by a library, or None where it has none for it."""
    key = name, written, read, dtype
    return remembered(fir, "_dense", key, lambda: (_made(name, fir, written, read, dtype),), KEPT)[0]


def _made(name: str, fir: Fir, written: Window, read: Window, dtype: np.dtype) -> Any:
    if name == BLAS:
        return product(fir, written, read, dtype)
    found = geometry(fir, written, read)
    taps = fir.taps_in(dtype)
    if dtype != np.float32 or taps.dtype.kind != "f" or found is None or not onednn.available():
        return None
    try:
        return Convolution(found, name == PLAIN, taps, lambda y, x: fir.add_to(y, x, written, read))
    except NotImplementedError:
        return None


def fastest(fir: Fir, written: Window, read: Window, batch: int, dtype: np.dtype) -> str | None:
    """The library that should compute a filter between channels; None where our own code does it better."""
    found = geometry(fir, written, read)
    if found is None or dtype.kind != "f":
        return None
    for name in costs.ordered(found, batch, dtype):
        if name not in NAMES or made(name, fir, written, read, dtype) is not None:
            return name if name in NAMES else None
    return None


def gradient(numbers: Fir, written: Window, read: Window, batch: int, dtype: np.dtype) -> Gradient | None:
    """The gradient of a filter in its taps by oneDNN, where that is fastest; every tap holds its number, from 1 on."""
    found = geometry(numbers, written, read)
    if found is None or dtype != np.float32 or not onednn.available():
        return None
    for name in costs.ordered(found, batch, dtype, gradient=True):
        if name not in (PLAIN, BLOCKED):
            return None
        try:
            return Gradient(found, name == PLAIN, numbers.taps)
        except NotImplementedError:
            continue
    return None
