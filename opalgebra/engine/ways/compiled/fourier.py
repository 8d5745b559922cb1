"""Which filters run by FFTs, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .boxes import Boxes, BoxFilter
from .overlap import Blocks, OverlapSave, Pairs
from .plans import Plan, plan


def transforms_of(
    taps: np.ndarray,
    start: Sequence[int],
    up: Sequence[int],
    down: Sequence[int],
    out: Pairs,
    read: Pairs,
    dtype: np.dtype,
) -> Blocks | Boxes | None:
    """The transforms that cost least for the arguments of :func:`plan`, if there are any that compute it.

    >>> type(transforms_of(np.ones(500), [0], [1], [1], [(0, 9000)], [(0, 9000)], np.dtype(float))).__name__
    'Blocks'
    """
    given = taps, start, up, down, out, read, dtype
    found = [cut for cut in (Blocks.of(*given), Boxes.of(*given)) if cut is not None]
    return min(found, key=lambda cut: cut.work()) if found else None


def fir(
    taps: np.ndarray,
    start: Sequence[int],
    up: Sequence[int],
    down: Sequence[int],
    out: Pairs,
    read: Pairs,
    dtype: Any,
    rules: Sequence[str] | str = "zero",
) -> Plan | OverlapSave | BoxFilter:
    """As :func:`plan`, by FFTs where they are faster: long filters of inexact numbers.

    >>> fir(np.ones(3), [0], [1], [1], [(0, 5)], [(0, 3)], float).kind
    'tiles'
    """
    direct = plan(taps, start, up, down, out, read, dtype, rules)
    cut = transforms_of(taps, start, up, down, out, read, direct.dtype)
    return direct if cut is None or cut.work() > direct.multiply_adds else cut.made(direct)
