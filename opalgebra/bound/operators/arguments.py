"""What ``A.on`` is told: sizes, windows, modes and boundaries, checked."""

from __future__ import annotations

from operator import index
from typing import Any

from ...engine.arrays.rules import RULES
from ...engine.arrays.window import Window
from ...errors import DimensionError, WindowError
from .extent import MODES


def as_sizes(n: Any, ndim: int | None) -> tuple[int, ...]:
    """One length ≥ 0 per axis."""
    entries = tuple(n) if isinstance(n, (tuple, list)) else (n,)
    try:
        if not entries or any(isinstance(entry, bool) for entry in entries):
            raise TypeError
        sizes = tuple(index(entry) for entry in entries)
    except TypeError:
        raise WindowError(f"the size is {n!r}; give an int >= 0, or a tuple of these, one per axis") from None
    if min(sizes) < 0:
        raise WindowError(f"the size {n!r} is negative; give an int >= 0, or a tuple of these, one per axis")
    if ndim not in (None, len(sizes)):
        raise DimensionError(
            f"the size {n!r} has {len(sizes)} axes and the operator acts on {ndim}; give one length per axis "
            "(further axes of an array in front of these are a batch)"
        )
    return sizes


def as_window(out: Any, ndim: int) -> Window:
    """``out=`` as a window: (start, stop) or an int for (0, out); one of these per axis where there are several."""
    entries = (out,) if ndim == 1 else tuple(out) if isinstance(out, (tuple, list)) else (out,)
    if len(entries) != ndim:
        raise WindowError(f"out is {out!r}; give one int or (start, stop) for each of the {ndim} axes")
    pairs = [entry if isinstance(entry, (tuple, list)) else (0, entry) for entry in entries]
    try:
        if any(len(pair) != 2 or any(isinstance(i, bool) for i in pair) for pair in pairs):
            raise TypeError
        ends = [(index(a), index(b)) for a, b in pairs]
    except TypeError:
        raise WindowError(f"out is {out!r}; give an int n for 0 … n−1, or a pair (start, stop) of ints") from None
    for start, stop in ends:
        if stop < start:
            raise WindowError(f"the window ({start}, {stop}) stops before it starts; give start <= stop")
    return Window(tuple(a for a, _ in ends), tuple(b - a for a, b in ends))


def check_boundary(name: object, ndim: int) -> tuple[str, ...]:
    """One name per axis."""
    given = tuple(name) if isinstance(name, (tuple, list)) else (name,) * ndim
    names = tuple([entry for entry in given if isinstance(entry, str) and entry in RULES])
    if not len(names) == len(given) == ndim:
        raise WindowError(
            f"the boundary is {name!r}; give one of {', '.join(map(repr, RULES))}, or a tuple of {ndim} of these, "
            "one per axis"
        )
    return names


def check_mode(mode: Any, out: Any) -> str | None:
    """The mode; None where the window is given instead."""
    if not isinstance(mode, str) or mode not in MODES:
        raise WindowError(f"the mode is {mode!r}; give one of {', '.join(map(repr, MODES))}, or out=(start, stop)")
    if out is not None and mode != "full":
        raise WindowError(f"both out={out!r} and mode={mode!r} were given; give one of them")
    return mode if out is None else None
