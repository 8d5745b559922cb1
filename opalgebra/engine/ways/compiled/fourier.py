"""Which filters run by FFTs, and how."""

from __future__ import annotations

from math import log2
from typing import Any

import numpy as np

from .boxes import COSTS, Boxes, BoxFilter
from .loops.layout import LANES, SIZES
from .overlap import PRODUCT_COST, STEP_COST, Blocks, OverlapSave
from .phases import tiled
from .runs import Runs


def transforms_of(*given: Any) -> Blocks | Boxes | None:
    """The transforms that cost least for the arguments of :func:`tiled` but its rules, if any compute it.

    >>> type(transforms_of(np.ones(500), [0], [1], [1], [(0, 9000)], [(0, 9000)], np.dtype(float))).__name__
    'Blocks'
    """
    found = [cut for cut in (Blocks.of(*given), Boxes.of(*given)) if cut is not None]
    return min(found, key=lambda cut: cut.work()) if found else None


def least_transforms(outputs: int, dtype: np.dtype) -> int:
    """Work that no transforms for so many outputs go below, so that they need not be laid out.

    >>> least_transforms(1024, np.dtype(float)) < transforms_of(
    ...     np.ones(64), [0], [1], [1], [(0, 1024)], [(0, 1024)], np.dtype(float)
    ... ).work()
    True
    """
    blocks = LANES * SIZES[0] * (2 * STEP_COST * log2(SIZES[0]) + PRODUCT_COST)
    return int(min(blocks, outputs * (log2(max(outputs, 1)) + 1) * COSTS.get(dtype.char, 0)))


def fir(*given: Any) -> Runs | OverlapSave | BoxFilter:
    """As :func:`tiled`, by FFTs where they are faster: long filters of inexact numbers.

    >>> fir(np.ones(3), [0], [1], [1], [(0, 5)], [(0, 3)], float).kind
    'tiles'
    """
    direct = tiled(*given)
    cut = transforms_of(*given[:6], direct.dtype)
    return direct if cut is None or cut.work() > direct.multiply_adds else cut.made(direct)
