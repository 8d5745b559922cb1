"""Filters whose taps are matrices between channels, as matrix products.

With g = gcd(L, M), L = g L', M = g M', the outputs n ≡ p (mod L') make a *phase*: all of them read the same taps, at
x_{M' i + d}.  So a phase is one matrix product: its taps side by side (outs × taps·ins), times the samples that they
read, one below the other.  The samples are gathered for a few rows of outputs at a time, which stay in the cache; what
im2col would hold at once never exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np

Span: TypeAlias = tuple[slice, slice]  # of the outputs that a tap adds to, of the samples that it reads
GATHERED = 2**19  # samples held at a time: 2 MiB in float32


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


def mix(y: np.ndarray, x: np.ndarray, taps: np.ndarray, parts: Sequence[Phase]) -> None:
    """Add the filtered x (…, groups, ins, \\*space) to y (…, groups, outs, \\*space); taps (groups, outs, ins, \\*K)."""
    ndim = taps.ndim - 3
    groups, outs, ins = taps.shape[:3]
    lead = y.shape[: y.ndim - ndim - 2]
    x = x.reshape(prod(lead), *x.shape[-ndim - 2 :])
    for phase in parts:
        columns = [taps[(slice(None), slice(None), slice(None), *at)] for at, _ in phase.taps]
        matrix = np.concatenate(columns, axis=2)
        for rows in _tiles(phase, ins * len(columns)):
            target = (slice(rows.start * phase.outputs[0].step + phase.outputs[0].start,
                            (rows.stop - 1) * phase.outputs[0].step + phase.outputs[0].start + 1,
                            phase.outputs[0].step), *phase.outputs[1:])  # fmt: skip
            shape = (rows.stop - rows.start, *phase.shape[1:])
            samples = np.empty((groups, len(columns), ins, *shape), dtype=x.dtype)
            for b, where in enumerate(np.ndindex(*lead)):
                _gather(samples, x[b], phase, rows)
                product = np.matmul(matrix, samples.reshape(groups, len(columns) * ins, prod(shape)))
                y[(*where, slice(None), slice(None), *target)] += product.reshape(groups, outs, *shape)


def _tiles(phase: Phase, height: int) -> Iterator[slice]:
    """Runs of rows along the first axis whose samples fit into what is held at a time."""
    most = max(1, GATHERED // max(1, height * prod(phase.shape[1:])))
    for start in range(0, phase.shape[0], most):
        yield slice(start, min(start + most, phase.shape[0]))


def _gather(samples: np.ndarray, x: np.ndarray, phase: Phase, rows: slice) -> None:
    """What the taps read for some rows of outputs, zero where they read outside."""
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
            samples[(slice(None), k, slice(None), *into)] = x[(slice(None), slice(None), read, *(s for _, s in others))]
