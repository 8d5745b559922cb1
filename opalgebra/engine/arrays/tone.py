"""e^{iωn} on a window, to full accuracy however far from 0.

ω/2π is taken to a fixed point of so many bits that its product with an index keeps 64 bits behind the point.  That
is reduced in exact integers at every 1,024th index and for the first 1,024 steps; the other values are products of
two of these.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import Any

import numpy as np

from ...expr import Signal, axes
from ...scalar import exact as exactly
from ...scalar import to_sympy
from .window import Window

BLOCK = 1024
FRACTION_BITS = 64  # kept of the phase, in turns, behind the point


def tone(frequency: Any, window: Window) -> np.ndarray:
    """The complex128 values e^{iωn} on a window, ω one number per axis."""
    return reduce(outer, along_axes(frequency, window))


def along_axes(frequency: Any, window: Window) -> list[np.ndarray]:
    """The values along every axis, of which those on the window are products."""
    return [_along(w, a, n) for w, a, n in zip(axes(frequency), window.starts, window.shape, strict=True)]


def outer(a: Any, b: Any) -> Any:
    """a_m b_n, on arrays of one kind."""
    return a[..., None] * b


def tone_signal(frequency: Any, window: Window, exact: bool) -> Signal:
    """The same as a signal on the window; with SymPy entries where they are to be exact."""
    if not exact:
        return Signal._wrap(tone(frequency, window), window.starts, weak=True)
    from sympy import I, exp, expand, pi

    from .arithmetic import collected

    turns = [expand(w / (2 * pi)) for w in axes(frequency)]
    turns = [exactly(turn) for turn in turns] if all(turn.is_Rational for turn in turns) else turns
    values, known = np.empty(window.shape, dtype=object), dict[Any, Any]()
    for at in np.ndindex(*window.shape):
        turn = sum(t * (a + i) for t, a, i in zip(turns, window.starts, at, strict=True)) % 1
        if turn not in known:  # a rational multiple of 2π comes back
            known[turn] = to_sympy(collected(exp(expand(2 * pi * I * to_sympy(turn)))))
        values[at] = known[turn]
    return Signal._wrap(values, window.starts)


@lru_cache(maxsize=16)
def _along(frequency: Any, start: int, size: int) -> np.ndarray:
    bits = FRACTION_BITS + max(abs(start), abs(start + size), 1).bit_length()
    turns = _fixed_point(frequency, bits)
    steps = min(BLOCK, max(size, 1))
    fine = _values([turns * i for i in range(steps)], bits)
    coarse = _values([turns * n for n in range(start, start + max(size, 1), steps)], bits)
    values = np.multiply.outer(coarse, fine).ravel()[:size]
    values.flags.writeable = False
    return values


@lru_cache(maxsize=64)
def _fixed_point(frequency: Any, bits: int) -> int:
    """ω/2π times 2^bits, rounded."""
    from sympy import Integer, Rational, expand, pi

    turns = expand(to_sympy(frequency) / (2 * pi)) * Integer(2) ** bits
    if turns.is_Rational:
        return int(turns + Rational(1, 2)) if turns >= 0 else -int(Rational(1, 2) - turns)
    digits = len(str(int(abs(turns.evalf(20))))) + 10  # before the point and behind it
    return int(turns.evalf(digits).round())


def _values(phases: list[int], bits: int) -> np.ndarray:
    """e^{2πi t} for the t that are whole numbers of 2^−bits, taken to [−1/2, 1/2)."""
    whole, half = 1 << bits, 1 << (bits - 1)
    angles = np.array([((p + half) % whole - half) / whole for p in phases])
    return np.exp(2j * np.pi * angles)
