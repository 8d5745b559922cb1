"""Chains, sums and multiples of jobs as one job, so that a block of their result is one task.

What lies between two jobs of a chain is made in the task, as much of it as the block reads; neighbouring blocks make
what both read twice.  Where that would be much, the jobs are run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise, product
from math import ceil, prod
from typing import Any

import numpy as np

from ...engine.arrays.boundary import Runs, joined
from ...engine.arrays.window import Window
from .dask_ import Box, Ints, Job, Part, Source, cut, edges_of

MOST_REPEATED = 1.25  # of what lies between two jobs, so much is made at most


class Chained(Job):
    """One job after another; the inputs are those of the inner one."""

    def __init__(self, outer: Job, inner: Job) -> None:
        self.outer, self.inner = outer, inner
        self.window, self.made = outer.window, outer.made
        self.origin, self.mixed = inner.origin, inner.mixed
        self.rates = tuple(a * b for a, b in zip(outer.rates, inner.rates, strict=True))
        self.is_separable = outer.is_separable and inner.is_separable

    def key(self) -> Any:
        return [(type(job).__name__, job.key()) for job in (self.outer, self.inner)]

    def parts(self, out: Window) -> list[Part]:
        return self.outer.parts(out)

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        return self.outer.run(out, parts, arrays)

    def block(self, out: Window, source: Source) -> Any:
        return self.outer.block(out, lambda part: self._made(part, source))

    def _made(self, part: Part, source: Source) -> Any:
        """What lies between, at the positions of a part."""
        boxes = list(product(*part.runs)) or [((0, 0),) * len(part.runs)]
        pieces = [self.inner.block(self._window(box), source) for box in boxes]
        if len(pieces) == 1 and pieces[0].shape[pieces[0].ndim - len(part.shape) :] == part.shape:
            return pieces[0]
        lead = pieces[0].shape[: pieces[0].ndim - len(part.shape)]
        whole = np.empty_like(pieces[0], shape=(*lead, *part.shape))
        if whole.size:
            for place, piece in zip(product(*map(_places, part.runs)), pieces, strict=True):
                whole[(..., *place)] = piece
        return whole

    def _window(self, box: Sequence[tuple[int, int]]) -> Window:
        starts = tuple(a + first for (a, _), first in zip(box, self.inner.window.starts, strict=True))
        return Window(starts, tuple(b - a for a, b in box))

    def boxes(self, out: Window) -> list[Box]:
        """What the inner job reads for all that the outer one does."""
        between = [self._window(box) for runs in self.outer.boxes(out) for box in product(*runs)]
        return [box for window in between for box in self.inner.boxes(window)]

    def along(self, axis: int, start: int, stop: int) -> tuple[Runs, ...]:
        """The same along one axis."""
        first = self.inner.window.starts[axis]
        found: list[Runs] = []
        for runs in self.outer.along(axis, start, stop):
            read = [self.inner.along(axis, first + a, first + b) for a, b in runs or ((0, 0),)]
            found += [joined(run for one in box for run in one) for box in zip(*read, strict=True)]
        return tuple(found)

    def cuts(self, axis: int, positions: Sequence[int]) -> list[int]:
        """The cuts between the two, cut once more."""
        first, size = self.inner.window.starts[axis], self.inner.window.shape[axis]
        between = sorted(n - first for n in self.inner.cuts(axis, positions))
        return self.outer.cuts(axis, [c for c in between if 0 < c < size])

    @property
    def widest(self) -> Fraction:
        """The larger one of both."""
        return max(self.outer.widest, self.inner.widest * prod(map(abs, self.outer.rates), start=Fraction(1)))

    def for_blocks(self, shape: Ints) -> None:
        self.outer.for_blocks(shape)
        self.inner.for_blocks(tuple(ceil(n * abs(rate)) for n, rate in zip(shape, self.outer.rates, strict=True)))

    def repeats(self, spans: list[list[tuple[int, int]]]) -> float:
        """How often what lies between is made, or what lies before that."""
        between = [self._read(axis, rows) for axis, rows in enumerate(spans)]
        made = [sum(b - a for a, b in rows) for rows in between]
        here = prod(n / max(1, size) for n, size in zip(made, self.inner.window.shape, strict=True))
        return max(here, self.inner.repeats(between))

    def _read(self, axis: int, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The spans between that spans of the outputs read."""
        first = self.inner.window.starts[axis]
        return [
            (first + a, first + b)
            for start, stop in spans
            for runs in self.outer.along(axis, start, stop)
            for a, b in runs
        ]


def _places(runs: Runs) -> list[slice]:
    """Where runs are, one after the other."""
    found, to = [], 0
    for a, b in runs:
        found.append(slice(to, to + b - a))
        to += b - a
    return found


class Gathered(Job):
    """A function of what some jobs make of the same inputs: their sum, or a multiple."""

    def __init__(self, function: Callable[..., Any], key: Any, jobs: Sequence[Job]) -> None:
        self.function, self.name, self.jobs = function, key, tuple(jobs)
        first = self.jobs[0]
        self.window, self.made, self.mixed = first.window, first.made, first.mixed
        self.origin, self.rates = first.origin, first.rates
        self.is_separable = all(job.is_separable for job in self.jobs)

    def key(self) -> Any:
        return self.name, [(type(job).__name__, job.key()) for job in self.jobs]

    def parts(self, out: Window) -> list[Part]:
        return [part for job in self.jobs for part in job.parts(out)]

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        raise NotImplementedError  # every job is given its own parts

    def block(self, out: Window, source: Source) -> Any:
        return self.function(*(job.block(out, source) for job in self.jobs))

    def boxes(self, out: Window) -> list[Box]:
        return [box for job in self.jobs for box in job.boxes(out)]

    def along(self, axis: int, start: int, stop: int) -> tuple[Runs, ...]:
        return tuple(runs for job in self.jobs for runs in job.along(axis, start, stop))

    def cuts(self, axis: int, positions: Sequence[int]) -> list[int]:
        return self.jobs[0].cuts(axis, positions)

    @property
    def widest(self) -> Fraction:
        """All that are added are there at once."""
        return max(*(job.widest for job in self.jobs), Fraction(0))

    def for_blocks(self, shape: Ints) -> None:
        for job in self.jobs:
            job.for_blocks(shape)

    def repeats(self, spans: list[list[tuple[int, int]]]) -> float:
        return max(job.repeats(spans) for job in self.jobs)


def gathered(function: Callable[..., Any], key: Any, jobs: Sequence[Job | None]) -> Job | None:
    """The jobs as one, where all are cut along the same axes; else None."""
    found = [job for job in jobs if job is not None]
    alike = {(len(job.window.shape), job.mixed, job.made) for job in found}
    return Gathered(function, key, found) if len(found) == len(jobs) and len(alike) == 1 else None


def chained(jobs: Sequence[Job | None]) -> Job | None:
    """The jobs, the first one of them first, as one where what lies between two has one form; else None."""
    made = jobs[0]
    for job in jobs[1:]:
        if job is None or made is None or not _fit(job, made):
            return None
        made = Chained(job, made)
    return made


def longest_chain(x: Any, jobs: Sequence[Job | None], dtypes: Sequence[Any]) -> tuple[int, Job | None]:
    """How many of the jobs, the first one of them first, one task for every block does, and their chain.

    None where it is the first one alone, which may be made of others.
    """
    made, count = jobs[0], 1
    for job, dtype in zip(jobs[1:], dtypes[1:], strict=True):
        longer = chained([made, job])
        if longer is None or not _is_worth_it(x, longer, dtype):
            break
        made, count = longer, count + 1
    return count, made if count > 1 else None


def _fit(outer: Job, inner: Job) -> bool:
    return len(outer.window.shape) == len(inner.window.shape) and outer.mixed == inner.made


def in_one(x: Any, job: Job | None, dtype: Any) -> Any:
    """The job on a Dask array; None where there is none, or where too much would be made several times."""
    if job is None or not _is_worth_it(x, job, dtype):
        return None
    return cut(x, job, dtype)


def _is_worth_it(x: Any, job: Job, dtype: Any) -> bool:
    if not any(isinstance(one, Chained) for one in _all(job)):
        return True
    if not job.is_separable:
        return False
    spans = [list(pairwise(edge)) for edge in edges_of(x, job, dtype)]
    return job.repeats(spans) <= MOST_REPEATED


def _all(job: Job) -> list[Job]:
    """The job and all that it is made of."""
    inner = [job.outer, job.inner] if isinstance(job, Chained) else job.jobs if isinstance(job, Gathered) else ()
    return [job, *(one for part in inner for one in _all(part))]
