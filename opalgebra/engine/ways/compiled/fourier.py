"""Which filters run by FFTs, and how."""

from __future__ import annotations

from typing import Any

from .boxes import Boxes, BoxFilter
from .overlap import Blocks, OverlapSave
from .phases import tiled
from .runs import Runs


def transforms_of(*given: Any) -> Blocks | Boxes | None:
    """The transforms that cost least for the arguments of :func:`tiled` but its rules, if any compute it.

    >>> import numpy as np
    >>> type(transforms_of(np.ones(500), [0], [1], [1], [(0, 9000)], [(0, 9000)], np.dtype(float))).__name__
    'Blocks'
    """
    found = [cut for cut in (Blocks.of(*given), Boxes.of(*given)) if cut is not None]
    return min(found, key=lambda cut: cut.work()) if found else None


def fir(*given: Any) -> Runs | OverlapSave | BoxFilter:
    """As :func:`tiled`, by FFTs where they are faster: long filters of inexact numbers.

    >>> import numpy as np
    >>> fir(np.ones(3), [0], [1], [1], [(0, 5)], [(0, 3)], float).kind
    'tiles'
    """
    direct = tiled(*given)
    cut = transforms_of(*given[:6], direct.dtype)
    return direct if cut is None or cut.work() > direct.multiply_adds else cut.made(direct)
