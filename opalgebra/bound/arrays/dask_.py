"""Bound operators on Dask arrays: for every block of the output one task, which reads what this block needs.

The output is cut where the chunks of the input end, at its own rate, and where a block would be larger than a chunk
may be.  Nothing is computed here, and nothing of the data is looked at: only shapes, chunks and the windows of the
operator.  What a block reads is found axis by axis.  Dask is not imported before an array of its kind arrives.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise, product
from math import ceil, isnan, prod
from typing import Any, TypeAlias

import numpy as np

from ...engine.arrays.boundary import Runs
from ...engine.arrays.device import beside, brought, is_cupy
from ...engine.arrays.window import Window, place
from ...engine.ways.compiled.threads import one_thread
from ...errors import OperandError
from ...expr import has_mask

Ints: TypeAlias = tuple[int, ...]
Box: TypeAlias = tuple[Runs, ...]
Met: TypeAlias = tuple[int, int, int]  # where a chunk begins, and the positions from which and to which it is read
Spans: TypeAlias = tuple[Met, ...]
Read: TypeAlias = tuple[Ints, Ints, Ints, dict[Ints, Spans]]  # of a block its place, its window, and what it reads
MASKED_BLOCKS = "masked; its masked samples have no values: fill them first, such as dask.array.ma.filled(x, 0)"
SHORT = 2**20  # a chunk of so many samples along one axis is not cut further, unless it is large in bytes

BAND = 2**24  # bytes of a block that are made at once
MOST_TWICE = 1.25  # so much is read at most for bands, where a block reads 1
LARGE = 2**23  # bytes of a chunk of which a small part is cut out, so that the rest can go


def is_lazy(x: Any) -> bool:
    """Whether x is a Dask array, without importing Dask."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(x, module.Array)


def checked(x: Any) -> Any:
    """A Dask array of numbers whose chunks are known, and not masked as far as Dask knows."""
    _check_samples(x._meta, x.dtype, "the Dask array")
    if any(isnan(size) for chunks in x.chunks for size in chunks):
        raise OperandError(f"the chunks of the Dask array are {x.chunks}; call x.compute_chunk_sizes() first")
    return x


def _check_samples(array: Any, dtype: Any, what: str) -> None:
    """Refuse by name what is no plain array of numbers."""
    if has_mask(array):
        raise OperandError(f"{what} is {MASKED_BLOCKS}")
    if not isinstance(array, np.ndarray) and not is_cupy(array):
        kind = type(array)
        raise OperandError(
            f"{what} holds {kind.__module__.partition('.')[0]}'s {kind.__name__}; give chunks of NumPy or CuPy, such "
            "as x.map_blocks(numpy.asarray)"
        )
    if dtype.kind not in "iufc":
        if dtype.names:
            raise OperandError(
                f"{what} has the fields {', '.join(dtype.names)}; give one of them: x[{dtype.names[0]!r}]"
            )
        raise OperandError(f"{what} has dtype {dtype}; give integers, reals or complex numbers")


@dataclass(frozen=True)
class Part:
    """What a block of the output reads at once: per axis the positions of the input; and what the job notes with it."""

    runs: Box
    note: Any = None

    @property
    def shape(self) -> Ints:
        """The shape of the array that the task is given, on the axes that are cut."""
        return tuple(sum(b - a for a, b in runs) for runs in self.runs)


Source: TypeAlias = Callable[[Part], Any]  # the samples of a part, in one array


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
    is_separable : bool
        Whether what is read along one axis does not depend on the outputs along the others.
    """

    window: Window
    origin: Ints
    rates: tuple[Fraction, ...]
    mixed: Ints = ()
    made: Ints = ()
    is_separable = True

    @abstractmethod
    def key(self) -> Any:
        """What tells it from other jobs."""

    @abstractmethod
    def parts(self, out: Window) -> list[Part]:
        """What the outputs of a window read."""

    @abstractmethod
    def run(self, out: Window, parts: list[Part], arrays: list[Any]) -> Any:
        """The outputs of a window from the arrays of its parts."""

    def block(self, out: Window, source: Source) -> Any:
        """The outputs of a window."""
        parts = self.parts(out)
        return self.run(out, parts, [source(part) for part in parts])

    def boxes(self, out: Window) -> list[Box]:
        """All that is read for a window, as boxes of positions."""
        return [part.runs for part in self.parts(out)]

    def along(self, axis: int, start: int, stop: int) -> tuple[Runs, ...]:
        """What is read along one axis for some outputs of it, for every box; of separable jobs alone."""
        return tuple(part.runs[axis] for part in self.parts(with_axis(self.window, axis, start, stop)))

    def cuts(self, axis: int, positions: Sequence[int]) -> list[int]:
        """Before which outputs to cut where chunks of the input begin at some positions."""
        rate, origin = self.rates[axis], self.origin[axis]
        up, down = rate.denominator, abs(rate.numerator)
        ends = [origin + c for c in positions]
        return [-(-c * up // down) if rate > 0 else -c * up // down + 1 for c in ends]

    @property
    def widest(self) -> Fraction:
        """How many samples are made for each output, on the way to it too."""
        return Fraction(prod(self.made))

    def for_blocks(self, shape: Ints) -> None:  # noqa: B027 - most jobs need not know
        """Told once, before anything is read: about how large the blocks are."""

    def repeats(self, spans: list[list[tuple[int, int]]]) -> float:
        """How often each sample on the way is made at most, on the average, where blocks are made of spans per axis."""
        return 1.0


def with_axis(window: Window, axis: int, start: int, stop: int) -> Window:
    """The window with other ends along one axis."""
    starts, shape = list(window.starts), list(window.shape)
    starts[axis], shape[axis] = start, stop - start
    return Window(tuple(starts), tuple(shape))


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
    edges = edges_of(x, job, dtype)
    job.for_blocks(tuple(max(_sizes(edge), default=0) for edge in edges))
    name = f"bound-{tokenize(type(job).__name__, job.key(), x.name)}"
    like = meta_from_array(x._meta, dtype=x.dtype)
    graph = {(f"{name}-job", 0): _Held(job, like)}
    graph.update(_tasks(x, job, edges, lead, name))
    chunks = (*x.chunks[:lead], *((n,) for n in job.made), *map(_sizes, edges))
    return Array(HighLevelGraph.from_collections(name, graph, dependencies=[x]), name, chunks, meta=meta)


def _tasks(x: Any, job: Job, edges: list[list[int]], lead: int, name: str) -> Iterator[tuple[Any, Any]]:
    """Keys and tasks."""
    from dask._task_spec import Task, TaskRef

    held, between = TaskRef((f"{name}-job", 0)), (0,) * len(job.mixed)
    sizes = x.chunks[x.ndim - len(edges) :]
    is_large = prod(max(chunks, default=0) for chunks in x.chunks) * x.dtype.itemsize >= LARGE
    batches = [
        (at, tuple(chunks[i] for chunks, i in zip(x.chunks[:lead], at, strict=True)))
        for at in np.ndindex(*x.numblocks[:lead])
    ]
    blocks: Iterable[Read] = _blocks(job, edges, [[0, *accumulate(chunks)] for chunks in sizes])
    cut_out: dict[Ints, dict[Spans, int]] = {}
    if is_large:
        blocks = list(blocks)
        cut_out = _edges_read(blocks, sizes)
    for at, starts, shape, read in blocks:
        begins = [_begin(spans, cut_out.get(block, {}).get(spans)) for block, spans in read.items()]
        parts = [f"{name}-edges" if type(begin) is _Edge else x.name for begin in begins]
        whole = [block for block, part in zip(read, parts, strict=True) if part == x.name and block in cut_out]
        for batch, rows in batches:
            key = (name, *batch, *(0,) * len(job.made), *at)
            given = [TaskRef((part, *batch, *between, *block)) for part, block in zip(parts, read, strict=True)]
            before = [TaskRef((f"{name}-edges", *batch, *between, *block)) for block in whole]  # so that it can go then
            yield key, Task(key, _computed, held, starts, shape, rows, begins, *given, *before)
    for block, kept in cut_out.items():
        places = [[slice(a - begin, b - begin) for begin, a, b in spans] for spans in kept]
        for batch, _ in batches:
            at = (*batch, *between, *block)
            yield (f"{name}-edges", *at), Task((f"{name}-edges", *at), _edges_cut, TaskRef((x.name, *at)), places)


@dataclass(frozen=True)
class _Edge:
    """Which of the parts that are cut out of a chunk, and where it begins."""

    number: int
    begin: Ints


def _begin(spans: Sequence[Met], edge: int | None) -> Ints | _Edge:
    """Where what a task is given begins: a chunk, or a part of it."""
    if edge is None:
        return tuple([begin for begin, _, _ in spans])
    return _Edge(edge, tuple([a for _, a, _ in spans]))


def _edges_read(blocks: Iterable[Read], sizes: Sequence[Ints]) -> dict[Ints, dict[Spans, int]]:
    """Of every chunk the small parts that are read by other blocks, which are cut out at once, with their numbers."""
    found: dict[Ints, dict[Spans, int]] = {}
    for _, _, _, read in blocks:
        for block, spans in read.items():
            if _is_edge(spans, [chunks[i] for chunks, i in zip(sizes, block, strict=True)]):
                parts = found.setdefault(block, {})
                parts.setdefault(spans, len(parts))
    return found


def _is_edge(spans: Sequence[Met], sizes: Sequence[int]) -> bool:
    """Whether little is read of a chunk: it need not stay until the block is made."""
    return 4 * prod([b - a for _, a, b in spans]) <= prod(sizes)


def _blocks(job: Job, edges: list[list[int]], bounds: list[list[int]]) -> Iterator[Read]:
    """For every block its place, its window, and of each chunk that it reads what it reads along every axis."""
    per_axis = [
        [(a, b - a, [_met(runs, ends) for runs in job.along(axis, a, b)] if job.is_separable else []) for a, b in spans]
        for axis, (spans, ends) in enumerate(zip(map(pairwise, edges), bounds, strict=True))
    ]
    for at in np.ndindex(*map(len, per_axis)):
        row = [axis[i] for axis, i in zip(per_axis, at, strict=True)]
        starts, shape = tuple([a for a, _, _ in row]), tuple([n for _, n, _ in row])
        if job.is_separable and row:
            boxes = list(zip(*(met for _, _, met in row), strict=True))
        else:
            boxes = [tuple(map(_met, box, bounds)) for box in job.boxes(Window(starts, shape))]
        read: dict[Ints, Spans] = {}
        for box in boxes:
            for block, spans in zip(product(*box), product(*(axis.values() for axis in box)), strict=True):
                read[block] = tuple(map(_both, read[block], spans)) if block in read else spans
        yield at, starts, shape, read


def _both(one: Met, other: Met) -> Met:
    return one[0], min(one[1], other[1]), max(one[2], other[2])


def _met(runs: Runs, bounds: list[int]) -> dict[int, Met]:
    """The chunks along an axis that some runs meet, with where each begins and the span that is read of it."""
    found: dict[int, Met] = {}
    for a, b in runs:
        block = bisect_right(bounds, a) - 1
        while a < b:
            begin, end = bounds[block], bounds[block + 1]
            if end > begin:
                met = begin, max(a, begin), min(b, end)
                found[block] = _both(found[block], met) if block in found else met
            a, block = end, block + 1
    return found


# Where the output is cut ---------------------------------------------------------------------------------------------


def _sizes(edges: Sequence[int]) -> Ints:
    return tuple(b - a for a, b in pairwise(edges))


def edges_of(x: Any, job: Job, dtype: Any) -> list[list[int]]:
    """Where the blocks of the output begin and end: where those of the input do, and in pieces that are not larger."""
    ndim = len(job.window.shape)
    chunks = x.chunks[x.ndim - ndim :]
    edges = [_edges(job, axis, sizes) for axis, sizes in enumerate(chunks)]
    others = prod(max(sizes, default=0) for sizes in x.chunks[: x.ndim - ndim - len(job.mixed)])
    largest = prod(max(sizes, default=0) for sizes in x.chunks) * x.dtype.itemsize
    most = max(largest, _chunk_limit()) // max(1, ceil(others * job.widest) * np.dtype(dtype).itemsize)
    sizes = [max(_sizes(edge), default=0) for edge in edges]
    while prod(sizes) > max(1, most):  # halves along the longest axis, so that a block stays as near to a cube as it is
        axis = sizes.index(max(sizes))
        sizes[axis] = -(-sizes[axis] // 2)
        edges[axis] = _pieces(edges[axis], sizes[axis])
    return edges


def _chunk_limit() -> int:
    """The bytes that Dask is told to make chunks of at most."""
    from dask import config
    from dask.utils import parse_bytes

    return int(parse_bytes(config.get("array.chunk-size", "128MiB")))


def _edges(job: Job, axis: int, chunks: Ints) -> list[int]:
    start, size, rate = job.window.starts[axis], job.window.shape[axis], job.rates[axis]
    found = set(job.cuts(axis, list(accumulate(chunks[:-1]))))
    edges = [start, *sorted(n for n in found if start < n < start + size), start + size]
    return _pieces(edges, max(2 * ceil(max(chunks, default=0) / abs(rate)), SHORT))


def _pieces(edges: list[int], most: int) -> list[int]:
    """The same, and cut in pieces of about one size where one would be longer than ``most``."""
    made = edges[:1]
    for a, b in pairwise(edges):
        pieces = max(1, -(-(b - a) // most))
        made += [a + (b - a) * i // pieces for i in range(1, pieces + 1)]
    return made


# In a task -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Held:
    """The job with an empty array of the kind of the input."""

    job: Job
    like: Any


def _edges_cut(block: Any, parts: list[list[slice]]) -> list[Any]:
    """Copies of parts of a chunk."""
    _check_block(block)
    with beside(block):
        return [block[(..., *part)].copy() for part in parts]


def _computed(held: _Held, starts: Ints, shape: Ints, lead: Ints, begins: list[Any], *given: Any) -> Any:
    """One block of the output; on the device where most of what it reads is."""
    pairs = zip(begins, given, strict=False)  # what comes after these had to be there before
    blocks = [one[begin.number] if type(begin) is _Edge else one for begin, one in pairs]
    for block in blocks:
        _check_block(block)
    places = [begin.begin if type(begin) is _Edge else begin for begin in begins]
    source = _Given(held, lead, list(zip(places, blocks, strict=True)))
    with one_thread(), beside(max(blocks, key=lambda block: block.size, default=held.like)):
        return _in_bands(held, Window(starts, shape), source, BAND // held.like.dtype.itemsize)


def _in_bands(held: _Held, out: Window, given: _Given, most: int) -> Any:
    """A large block band by band, so that little is held besides it; at once where bands would read much twice."""
    made = prod(given.lead) * prod(held.job.made)
    count = -(-out.size * made // max(1, most))
    axis = next((axis for axis, n in enumerate(out.shape) if n >= 2 * count), None)
    if count < 2 or axis is None:
        return held.job.block(out, given)
    start, size = out.starts[axis], out.shape[axis]
    ends = [start + size * i // count for i in range(count + 1)]
    bands = [with_axis(out, axis, a, b) for a, b in pairwise(ends)]
    if sum(_read(held.job, band) for band in bands) > MOST_TWICE * _read(held.job, out):
        return _in_bands(held, out, given, 2 * most)
    whole: Any = None
    for band in bands:
        block = held.job.block(band, given)
        if whole is None:
            lead = block.shape[: block.ndim - len(out.shape)]
            whole = np.empty_like(block, shape=(*lead, *out.shape))
        whole[(..., *place(band, out))] = block
    return whole


def _read(job: Job, out: Window) -> int:
    """How many samples are read for a window."""
    return sum(prod(sum(b - a for a, b in runs) for runs in box) for box in job.boxes(out))


def _check_block(block: Any) -> None:
    """Dask is told what a function gives, and believes it."""
    _check_samples(block, getattr(block, "dtype", np.dtype(object)), "a block of the Dask array")


@dataclass(frozen=True)
class _Given:
    """What a task is given of the input: arrays, and the positions at which they begin."""

    held: _Held
    lead: Ints
    blocks: list[tuple[Ints, Any]]

    def __call__(self, part: Part) -> Any:
        """The samples of a part: the pieces put together; a single one as it is."""
        places = [(block, source, to) for begin, block in self.blocks for source, to in _places(part, begin, block)]
        if sum(prod(t.stop - t.start for t in to) for _, _, to in places) != prod(part.shape):
            raise RuntimeError(
                f"the positions {part.runs} are not all in the chunks at {[at for at, _ in self.blocks]}"
            )
        if len(places) == 1:
            ((block, source, _),) = places
            return brought(block[(..., *source)])
        whole = np.empty_like(self.held.like, shape=(*self.lead, *self.held.job.mixed, *part.shape))
        for block, source, to in places:
            whole[(..., *to)] = brought(block[(..., *source)])
        return whole


def _places(part: Part, begin: Ints, block: Any) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """What of an array belongs to a part, and where it goes."""
    shape = block.shape[block.ndim - len(begin) :]
    axes = [list(_along(runs, a, a + n)) for runs, a, n in zip(part.runs, begin, shape, strict=True)]
    for met in product(*axes):
        yield tuple([source for source, _ in met]), tuple([to for _, to in met])


def _along(runs: Runs, start: int, stop: int) -> Iterator[tuple[slice, slice]]:
    to = 0
    for a, b in runs:
        first, last = max(a, start), min(b, stop)
        if first < last:
            yield slice(first - start, last - start), slice(to + first - a, to + last - a)
        to += b - a


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
