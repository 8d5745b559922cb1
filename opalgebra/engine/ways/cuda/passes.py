"""Filters taken apart for a device: taps of rank one as passes along the axes, long ones in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

import numpy as np

from ...arrays.window import Window
from ...filters.fir import Fir
from ...filters.remembered import remembered

TABLE_BYTES = 16 * 2**10  # of taps, in shared memory


def active_axes(fir: Fir, written: Window, read: Window) -> list[int]:
    """The axes on which something happens."""
    return [
        axis
        for axis, (start, taps, up, down) in enumerate(zip(fir.start, fir.shape, fir.up, fir.down, strict=True))
        if (start, taps, up, down) != (0, 1, 1, 1)
        or (written.starts[axis], written.shape[axis]) != (read.starts[axis], read.shape[axis])
    ]


def ends(fir: Fir, written: Window, read: Window) -> tuple[int, int]:
    """The first and the last axis that a kernel walks; taps of their own for each channel stand before them all."""
    active = active_axes(fir, written, read) or [len(fir.shape) - 1]
    return 0 if fir.mixes else active[0], active[-1]


def passes(fir: Fir, written: Window, read: Window) -> list[tuple[Fir, Window, Window]]:
    """One pass per axis where the taps are a product of sequences and that is less work, else one pass."""
    if fir.mixes:
        return [(fir, written, read)]
    return remembered(fir, "_passes", (written, read), lambda: _new_passes(fir, written, read))


def _new_passes(fir: Fir, written: Window, read: Window) -> list[tuple[Fir, Window, Window]]:
    active = active_axes(fir, written, read)
    terms = [terms_of(fir, axis) for axis in active]
    if len(active) < 2 or prod(terms) < 12 or prod(terms) < 2 * sum(terms):
        return [(fir, written, read)]
    factors = _rank_one(fir.taps)
    if factors is None:
        return [(fir, written, read)]
    made = fir.along(active, factors, written, read)
    rest = [i for i in range(len(fir.shape)) if i not in active]
    weight = prod(factors[i].reshape(-1)[0] for i in rest)
    first = made[0][0]
    made[0] = (replace(first, taps=first.taps * weight), *made[0][1:])
    return made


def _rank_one(taps: np.ndarray) -> list[np.ndarray] | None:
    """Sequences whose product the taps are, to the last bit or two; None where there are none."""
    if taps.dtype.kind in "iu":
        return None  # quotients of integers need not be integers
    pivot = np.unravel_index(np.argmax(np.abs(taps)), taps.shape)
    peak = taps[pivot]
    if peak == 0:
        return None
    found = []
    for axis in range(taps.ndim):
        line = taps[tuple(slice(None) if i == axis else p for i, p in enumerate(pivot))]
        found.append(line if axis == 0 else line / peak)
    product = found[0]
    for factor in found[1:]:
        product = np.multiply.outer(product, factor)
    close = np.abs(product - taps) <= 2 * taps.ndim * np.finfo(taps.dtype).eps * np.abs(taps)
    sizes = np.abs(np.concatenate(found))
    moderate = (sizes == 0) | ((sizes > 1e-30) & (sizes < 1e30))  # in single precision too
    return found if np.all(close) and np.all(moderate) else None


def pieces(fir: Fir) -> list[Fir]:
    """The filter as a sum of filters whose taps fit into shared memory, where that helps."""
    return remembered(fir, "_pieces", None, lambda: list(_cut(fir)))


def _cut(fir: Fir) -> Iterator[Fir]:
    most = TABLE_BYTES // fir.taps.dtype.itemsize
    lead = fir.taps.ndim - len(fir.shape)
    terms = [terms_of(fir, axis) for axis in range(len(fir.shape))]
    axis = int(np.argmax(terms))
    if prod(fir.shape) <= most or terms[axis] == 1:
        yield fir
        return
    half = (terms[axis] + 1) // 2 * fir.up[axis]
    for part, begin in zip(np.split(fir.taps, [half], lead + axis), (0, half), strict=True):
        start = tuple(j + begin if i == axis else j for i, j in enumerate(fir.start))
        yield from _cut(replace(fir, taps=part, start=start))


def terms_of(fir: Fir, axis: int) -> int:
    """Taps per phase: ⌈K/L⌉."""
    return -(-fir.shape[axis] // fir.up[axis])
