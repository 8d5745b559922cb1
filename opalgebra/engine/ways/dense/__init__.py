"""Dense work between channels, by libraries made for it: BLAS for matrix products, oneDNN for convolutions.

:func:`fastest` says which library computes a filter, by a fixed rule of shapes and of what is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.window import Window
from ...filters.fir import Fir
from ...filters.remembered import remembered
from . import costs, onednn, pytorch
from .columns import Columns, ColumnsGradient, gathers_small, is_small
from .convolution import Convolution, Gradient
from .costs import BLAS, BLOCKED, COLUMNS, PLAIN, TORCH
from .geometry import geometry
from .products import ProductGradient, product
from .pytorch import TorchConvolution, TorchGradient

NAMES = (BLAS, COLUMNS, PLAIN, BLOCKED, TORCH)
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
    if found is None or taps.dtype.kind != "f" or dtype.kind != "f":
        return None
    if name == COLUMNS:
        return Columns(found, taps) if is_small(found) else None
    if dtype != np.float32 or not _is_there(name):
        return None
    if name == BLOCKED and costs.is_better_turned(found):
        found = found.turned

    def otherwise(y: np.ndarray, x: np.ndarray) -> None:
        fir.add_to(y, x, written, read)

    try:
        if name == TORCH:
            return TorchConvolution(found, taps, otherwise)
        return Convolution(found, name == PLAIN, taps, otherwise)
    except NotImplementedError:
        return None


def _is_there(name: str) -> bool:
    """Whether a library of convolutions can be used."""
    return (pytorch if name == TORCH else onednn).available()


def fastest(fir: Fir, written: Window, read: Window, batch: int, dtype: np.dtype) -> str | None:
    """The way that should be fastest for a filter between channels; None for odd filters."""
    names = ordered(fir, written, read, batch, dtype)
    return next((n for n in names if n not in NAMES or made(n, fir, written, read, dtype) is not None), None)


def ordered(
    fir: Fir, written: Window, read: Window, batch: int, dtype: np.dtype, is_gradient: bool = False
) -> list[str]:
    """The names of ways for a filter between channels, the one that should be fastest first; empty for odd filters."""
    found = geometry(fir, written, read) if dtype.kind == "f" else None
    return [] if found is None else costs.ordered(found, batch, dtype, is_gradient)


def gradient(name: str, numbers: Fir, written: Window, read: Window, dtype: np.dtype) -> Any:
    """What sums the gradient of a filter in its taps, by a library; None where it has nothing for it.

    Every tap of the filter holds its number, from 1 on.
    """
    if name == BLAS:
        found = product(numbers, written, read, dtype)
        return None if found is None else ProductGradient(found)
    where = geometry(numbers, written, read)
    if name == COLUMNS:
        return None if where is None or not gathers_small(where) else ColumnsGradient(where, numbers.taps)
    if name not in NAMES or dtype != np.float32 or where is None or not _is_there(name):
        return None
    try:
        if name == TORCH:
            return TorchGradient(where, numbers.taps)
        return Gradient(where, name == PLAIN, numbers.taps)
    except NotImplementedError:
        return None
