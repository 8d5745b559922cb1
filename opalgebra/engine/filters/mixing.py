"""Filters whose taps are matrices between channels, as matrix products.

With g = gcd(L, M), L = g L', M = g M', the outputs n ≡ p (mod L') make a *phase*: all of them read the same taps, at
x_{M' i + d}.  So a phase is one matrix product: its taps side by side (outs × taps·ins), times the samples that they
read, one below the other.  The samples are gathered for a few rows of outputs at a time, which stay in the cache; what
im2col would hold at once never exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ..arrays.device import is_cupy, module_of

Span: TypeAlias = tuple[slice, slice]  # of the outputs that a tap adds to, of the samples that it reads
GATHERED = 2**19  # samples held at a time: 2 MiB in float32
ON_DEVICE = 2**26  # on a device, where few large products pay


@dataclass(frozen=True)
class Phase:
    """The outputs of one phase, and the taps that add to them with the places that they read."""

    outputs: tuple[slice, ...]
    shape: tuple[int, ...]
    taps: list[tuple[tuple[int, ...], tuple[Span, ...]]]


def phases(places: Sequence[tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]]) -> list[Phase]:
    """The phases of (tap, slices of the output, slices of the input), as :class:`~.fir.Fir` lists them.

    Taps of one phase write with the same step from places that agree modulo the step.
    """
    groups: dict[tuple[tuple[int, int], ...], list[Any]] = {}
    for at, to, source in places:
        key = tuple((s.start % s.step, s.step) for s in to[1:])
        groups.setdefault(key, []).append((at, to[1:], source[1:]))
    return [_phase(key, members) for key, members in groups.items()]


def _phase(key: tuple[tuple[int, int], ...], members: list[Any]) -> Phase:
    axes = range(len(key))
    first = [min(to[a].start for _, to, _ in members) for a in axes]
    last = [max(to[a].start + (_count(to[a]) - 1) * to[a].step for _, to, _ in members) for a in axes]
    steps = [step for _, step in key]
    outputs = tuple(slice(first[a], last[a] + 1, steps[a]) for a in axes)
    taps = []
    for at, to, source in members:
        begin = [(to[a].start - first[a]) // steps[a] for a in axes]
        taps.append((at, tuple((slice(b, b + _count(to[a])), source[a]) for a, b in zip(axes, begin, strict=True))))
    return Phase(outputs, tuple(map(_count, outputs)), taps)


def _count(s: slice) -> int:
    return len(range(s.start, s.stop, s.step))


def mix(y: np.ndarray, x: np.ndarray, taps: np.ndarray, parts: Sequence[Phase], ndim: int) -> None:
    """Add the filtered x (…, groups, ins, \\*space) to y (…, groups, outs, \\*space).

    The taps have the shape (groups, outs, ins, \\*K), or of a list (groups, outs, ins, taps).
    """
    groups, outs = taps.shape[:2]
    x, y = (a if a.ndim == ndim + 3 else _one_batch_axis(a, ndim + 2) for a in (x, y))
    for phase in parts:
        columns = [taps[trailing(at)] for at, _ in phase.taps]
        matrix = np.concatenate(columns, axis=2)
        for batch, rows in _tiles(x, phase, groups * matrix.shape[2]):
            samples = gathered(x[batch], phase, rows)
            shape = samples.shape[3:]
            product = np.matmul(matrix, samples.reshape(groups, matrix.shape[2], prod(shape)))
            y[batch][trailing(_placed(phase, rows))] += np.moveaxis(product.reshape(groups, outs, *shape), 2, 0)


def unmix(y: np.ndarray, x: np.ndarray, taps: np.ndarray, parts: Sequence[Phase]) -> None:
    """Add to every tap the sum over batch and positions of y (batch, groups, outs, \\*space) times what it reads of x.

    This is the transpose of :func:`mix` in the taps: the weight gradient.
    """
    groups, outs, ins = taps.shape[:3]
    for phase in parts:
        for batch, rows in _tiles(x, phase, groups * ins * len(phase.taps)):
            samples = gathered(x[batch], phase, rows)
            given = np.moveaxis(y[batch][trailing(_placed(phase, rows))], 0, 2)
            count = prod(samples.shape[3:])
            columns = samples.reshape(groups, len(phase.taps) * ins, count).swapaxes(1, 2)
            found = np.matmul(given.reshape(groups, outs, count), columns).reshape(groups, outs, len(phase.taps), ins)
            for k, (at, _) in enumerate(phase.taps):
                taps[trailing(at)] += found[:, :, k]


def trailing(entries: Any) -> Any:
    """An index of the trailing axes."""
    return (..., *entries)


def _one_batch_axis(array: np.ndarray, kept: int) -> np.ndarray:
    """A view with all leading axes as one; arrays that are written to are contiguous in these."""
    lead = array.shape[: array.ndim - kept]
    view = array.reshape(prod(lead), *array.shape[array.ndim - kept :])
    assert np.may_share_memory(view, array) or not array.size
    return view


def _tiles(x: np.ndarray, phase: Phase, height: int) -> Iterator[tuple[slice, slice]]:
    """Runs of the batch and of rows along the first axis, whose samples fit into what is held at a time."""
    batch, held = len(x), ON_DEVICE if is_cupy(x) else GATHERED
    most = max(1, held // max(1, height * prod(phase.shape[1:])))
    several = max(1, most // phase.shape[0])
    for first in range(0, batch, several):
        for start in range(0, phase.shape[0], most):
            yield slice(first, min(first + several, batch)), slice(start, min(start + most, phase.shape[0]))


def _placed(phase: Phase, rows: slice) -> tuple[slice, ...]:
    """The outputs of some rows of a phase."""
    first, *others = phase.outputs
    begin = first.start + rows.start * first.step
    return (slice(begin, begin + (rows.stop - rows.start - 1) * first.step + 1, first.step), *others)


def gathered(x: np.ndarray, phase: Phase, rows: slice) -> np.ndarray:
    """What the taps read for some rows of outputs, zero outside: (groups, taps, ins, batch, \\*space)."""
    batch, groups, ins = x.shape[:3]
    at_once = _at_once(x, phase, rows) if is_cupy(x) else None
    if at_once is not None:
        return at_once
    shape = (groups, len(phase.taps), ins, batch, rows.stop - rows.start, *phase.shape[1:])
    samples = module_of(x).empty(shape, dtype=x.dtype)
    columns = np.moveaxis(x, 0, 2)
    for k, (_, spans) in enumerate(phase.taps):
        (to, source), *others = spans
        low, high = max(to.start, rows.start), min(to.stop, rows.stop)
        whole = (low, high) == (rows.start, rows.stop) and all(
            s.stop - s.start == n for (s, _), n in zip(others, phase.shape[1:], strict=True)
        )
        if not whole:
            samples[:, k] = 0
        if low < high:
            begin = source.start + (low - to.start) * source.step
            end = begin + (high - low - 1) * source.step + (1 if source.step > 0 else -1)
            read = slice(begin, end if end >= 0 else None, source.step)
            into = (slice(low - rows.start, high - rows.start), *(s for s, _ in others))
            samples[:, k][trailing(into)] = columns[trailing((read, *(s for _, s in others)))]
    return samples


def _at_once(x: Any, phase: Phase, rows: slice) -> Any:
    """The same by one copy of overlapping views, where the taps are a grid; on a device each copy is a launch."""
    grid = _grid(phase)
    if grid is None:
        return None
    first, apart, counts, steps = grid
    axes = range(len(counts))
    shape = (rows.stop - rows.start, *phase.shape[1:])
    begin = [first[a] + (rows.start * steps[a] if a == 0 else 0) for a in axes]
    corners = [
        [begin[a] + i + j for i in (0, apart[a] * (counts[a] - 1)) for j in (0, steps[a] * (shape[a] - 1))]
        for a in axes
    ]
    low, high = [min(c) for c in corners], [max(c) + 1 for c in corners]
    if any(lo >= n or hi <= 0 for lo, hi, n in zip(low, high, x.shape[3:], strict=True)):
        return None  # these rows read nothing
    inside = tuple(
        slice(min(max(lo, 0), n), max(min(hi, n), 0)) for lo, hi, n in zip(low, high, x.shape[3:], strict=True)
    )
    view = x[(..., *inside)]
    missing = [(s.start - lo, hi - s.stop) for s, lo, hi in zip(inside, low, high, strict=True)]
    xp = module_of(x)
    if any(map(any, missing)):
        view = xp.pad(view, [(0, 0)] * 3 + missing)
    view = view[(..., *(slice(b - lo, None) for b, lo in zip(begin, low, strict=True)))]
    batch, groups, ins = view.strides[:3]
    along = view.strides[3:]
    strides = (groups, *(s * d for s, d in zip(along, apart, strict=True)), ins, batch)
    strides = (*strides, *(s * d for s, d in zip(along, steps, strict=True)))
    sizes = (x.shape[1], *counts, x.shape[2], x.shape[0], *shape)
    seen = xp.lib.stride_tricks.as_strided(view, sizes, strides)
    return seen.reshape(x.shape[1], len(phase.taps), x.shape[2], x.shape[0], *shape)


def _grid(phase: Phase) -> tuple[list[int], list[int], list[int], list[int]] | None:
    """Per axis: where the first tap reads for output 0, how far taps are apart, how many, and the step of outputs."""
    axes = range(len(phase.shape))
    steps = [phase.taps[0][1][a][1].step for a in axes]
    reads = [tuple(source.start - to.start * source.step for to, source in spans) for _, spans in phase.taps]
    if any(source.step != steps[a] for _, spans in phase.taps for a, (_, source) in enumerate(spans)):
        return None
    places = [list(dict.fromkeys(read[a] for read in reads)) for a in axes]
    if reads != list(product(*places)):
        return None
    apart = [p[1] - p[0] if len(p) > 1 else 1 for p in places]
    if any(b - a != d for p, d in zip(places, apart, strict=True) for a, b in pairwise(p)):
        return None
    return [p[0] for p in places], apart, [len(p) for p in places], steps
