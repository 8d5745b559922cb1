"""Bound operators on Dask arrays: for every block of the output one task, which reads what this block needs.

The output is cut where the chunks of the input end, at its own rate, so that a task holds about as much as a chunk.
Nothing is computed here, and nothing of the data is looked at: only shapes, chunks and the windows of the operator.
Dask is not imported before an array of its kind arrives.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise, product
from math import ceil, floor, isnan
from typing import Any, TypeAlias

import numpy as np

from ...engine.arrays.boundary import Runs
from ...engine.arrays.window import Window
from ...errors import OperandError
from ...expr import has_mask

Ints: TypeAlias = tuple[int, ...]
MASKED_BLOCKS = "masked; its masked samples have no values: fill them first, such as dask.array.ma.filled(x, 0)"
SHORT = 2**20  # a chunk of so many samples along one axis is not cut further


def is_lazy(x: Any) -> bool:
    """Whether x is a Dask array, without importing Dask."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(x, module.Array)


def checked(x: Any) -> Any:
    """A Dask array of numbers whose chunks are known, and not masked as far as Dask knows."""
    if has_mask(x):
        raise OperandError(f"the Dask array is {MASKED_BLOCKS}")
    if x.dtype.kind not in "iufc":
        raise OperandError(f"the array has dtype {x.dtype}; give integers, reals or complex numbers")
    if any(isnan(size) for chunks in x.chunks for size in chunks):
        raise OperandError(f"the chunks of the Dask array are {x.chunks}; call x.compute_chunk_sizes() first")
    return x


@dataclass(frozen=True)
class Part:
    """What a block of the output reads at once: per axis the positions of the input; and what the job notes with it."""

    runs: tuple[Runs, ...]
    note: Any = None

    @property
    def shape(self) -> Ints:
        """The shape of the array that the task is given, on the axes that are cut."""
        return tuple(sum(b - a for a, b in runs) for runs in self.runs)


class Job(ABC):
    """How blocks of the output are computed; it travels to the workers once.

    Attributes
    ----------
    window : Window
        The outputs.
    origin : tuple of int
        The index of position 0 of the input, per axis.
    rates : tuple of Fraction
        How far the input goes on for each output, per axis; negative where it is read backwards.
    mixed, made : tuple of int
        The axes between the batch and those that are cut, of the input and of the output.
    """

    window: Window
    origin: Ints
    rates: tuple[Fraction, ...]
    mixed: Ints = ()
    made: Ints = ()

    @abstractmethod
    def key(self) -> Any:
        """What tells it from other jobs."""

    @abstractmethod
    def parts(self, out: Window) -> list[Part]:
        """What the outputs of a window read."""

    @abstractmethod
    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        """The outputs of a window from the arrays of its parts."""


def cut(x: Any, job: Job, dtype: Any) -> Any:
    """The job on a Dask array (…, \\*mixed, \\*cut), as one of dtype ``dtype``."""
    from dask.array import Array
    from dask.array.utils import meta_from_array
    from dask.base import tokenize
    from dask.highlevelgraph import HighLevelGraph

    ndim, held = len(job.window.shape), len(job.mixed)
    lead = x.ndim - ndim - held
    x = x.rechunk(dict.fromkeys(range(lead, lead + held), -1))
    meta = meta_from_array(x._meta, ndim=lead + len(job.made) + ndim, dtype=dtype)
    edges = [_edges(job, axis, x.chunks[lead + held + axis]) for axis in range(ndim)]
    name = f"bound-{tokenize(type(job).__name__, job.key(), x.name)}"
    graph: dict[Any, Any] = {(f"{name}-job", 0): _Held(job, meta_from_array(x._meta, dtype=x.dtype))}
    for at, step in _steps(job, edges, x.chunks[lead + held :]):
        keys = [[(x.name, (0,) * held, source) for source in step.sources(i)] for i in range(len(step.parts))]
        for batch in np.ndindex(*x.numblocks[:lead]):
            sizes = tuple(chunks[i] for chunks, i in zip(x.chunks[:lead], batch, strict=True))
            blocks = [[(name_, *batch, *zero, *source) for name_, zero, source in row] for row in keys]
            graph[(name, *batch, *(0,) * len(job.made), *at)] = (step, (f"{name}-job", 0), sizes, blocks)
    chunks = (*x.chunks[:lead], *((n,) for n in job.made), *(_sizes(edge) for edge in edges))
    return Array(HighLevelGraph.from_collections(name, graph, dependencies=[x]), name, chunks, meta=meta)


def _sizes(edges: Sequence[int]) -> Ints:
    return tuple(b - a for a, b in pairwise(edges))


def _edges(job: Job, axis: int, chunks: Ints) -> list[int]:
    """Where the blocks of the output begin and end: where those of the input do, and in pieces that are not longer."""
    start, size, rate = job.window.starts[axis], job.window.shape[axis], job.rates[axis]
    ends = [job.origin[axis] + c for c in accumulate(chunks[:-1])]
    found = {ceil(c / rate) if rate > 0 else floor(c / rate) + 1 for c in ends}
    edges = [start, *sorted(n for n in found if start < n < start + size), start + size]
    most = max(2 * ceil(max(chunks, default=0) / abs(rate)), SHORT)
    made = [start]
    for a, b in pairwise(edges):
        pieces = max(1, -(-(b - a) // most))
        made += [a + (b - a) * i // pieces for i in range(1, pieces + 1)]
    return made


@dataclass(frozen=True)
class _Held:
    """The job with an empty array of the kind of the input."""

    job: Job
    like: Any


@dataclass(frozen=True)
class _Place:
    """Where a piece of a chunk goes: the block, its slices, and those of the array that is gathered."""

    block: Ints
    source: tuple[slice, ...]
    target: tuple[slice, ...]


@dataclass(frozen=True)
class _Step:
    """The task of one block of the output; the same for all blocks of the batch."""

    window: Window
    parts: list[Part]
    places: list[list[_Place]]

    def sources(self, part: int) -> list[Ints]:
        """The blocks of the input that a part reads."""
        return [place.block for place in self.places[part]]

    def __call__(self, held: _Held, lead: Ints, blocks: list[list[Any]]) -> Any:
        arrays = [
            _gathered(part.shape, places, given, held, tuple(lead))
            for part, places, given in zip(self.parts, self.places, blocks, strict=True)
        ]
        return held.job.run(self.window, self.parts, arrays)


def _gathered(shape: Ints, places: list[_Place], blocks: list[Any], held: _Held, lead: Ints) -> Any:
    """The pieces put together; a single one as it is."""
    if any(map(has_mask, blocks)):  # Dask is told what a function gives, and believes it
        raise OperandError(f"a block of the Dask array is {MASKED_BLOCKS}")
    if len(places) == 1:
        return blocks[0][(..., *places[0].source)]
    whole = np.empty_like(held.like, shape=(*lead, *held.job.mixed, *shape))
    for place, block in zip(places, blocks, strict=True):
        whole[(..., *place.target)] = block[(..., *place.source)]
    return whole


def _steps(job: Job, edges: list[list[int]], chunks: tuple[Ints, ...]) -> Iterator[tuple[Ints, _Step]]:
    bounds = [[0, *accumulate(sizes)] for sizes in chunks]
    for at in np.ndindex(*(len(edge) - 1 for edge in edges)):
        starts = tuple(edge[i] for edge, i in zip(edges, at, strict=True))
        shape = tuple(edge[i + 1] - edge[i] for edge, i in zip(edges, at, strict=True))
        window = Window(starts, shape)
        parts = job.parts(window)
        yield at, _Step(window, parts, [_places(part, bounds) for part in parts])


def _places(part: Part, bounds: list[list[int]]) -> list[_Place]:
    per_axis = [list(_along(runs, ends)) for runs, ends in zip(part.runs, bounds, strict=True)]
    return [
        _Place(tuple(p[0] for p in place), tuple(p[1] for p in place), tuple(p[2] for p in place))
        for place in product(*per_axis)
    ]


def _along(runs: Runs, bounds: list[int]) -> Iterator[tuple[int, slice, slice]]:
    """For each chunk that a run meets: its number, the positions in it, and where they go."""
    to = 0
    for a, b in runs:
        block = bisect_right(bounds, a) - 1
        while a < b:
            stop = min(b, bounds[block + 1])
            if stop > a:
                yield block, slice(a - bounds[block], stop - bounds[block]), slice(to, to + stop - a)
            to, a, block = to + stop - a, stop, block + 1


# Operators that are not cut -----------------------------------------------------------------------------------------


def whole(operator: Any, x: Any, transposed: bool, conjugated: bool) -> Any:
    """An operator each of whose outputs may read any sample: its axes have to be one chunk, the batch is cut."""
    before, after = (operator.dimsd, operator.dims) if transposed else (operator.dims, operator.dimsd)
    job = _Whole(operator, before, after, transposed, conjugated)
    if any(len(chunks) > 1 for chunks in x.chunks[x.ndim - len(before) :]):
        axes = ", ".join(f"{axis - len(before)}: -1" for axis in range(len(before)))
        raise OperandError(
            f"{operator} cannot be cut into blocks, and the Dask array has the chunks {x.chunks}; make its axes one "
            f"chunk, if they fit into memory: x.rechunk({{{axes}}})"
        )
    return cut(x, job, operator._result(x.dtype))


class _Whole(Job):
    """All axes at once."""

    window = Window((), ())
    origin = ()
    rates = ()

    def __init__(self, operator: Any, before: Ints, after: Ints, transposed: bool, conjugated: bool) -> None:
        self.operator, self.mixed, self.made = operator, before, after
        self.turned = transposed, conjugated

    def key(self) -> Any:
        return self.operator, self.turned

    def parts(self, out: Window) -> list[Part]:
        return [Part(())]

    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        return self.operator._act(arrays[0], *self.turned)


def elementwise(function: Callable[..., Any], dtype: Any, *arrays: Any) -> Any:
    """A function of samples at one place, of arrays of one shape."""
    from dask.array.core import elemwise

    return elemwise(function, *arrays, dtype=dtype)
