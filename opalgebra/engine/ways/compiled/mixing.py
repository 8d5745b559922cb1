"""Plans for filters whose taps are matrices between channels.

    y_n = Σ_j H_j x_{(M n − j)/L}   over the taps j for which L divides M n − j,

on one to three axes, for several groups of channels.  As in :mod:`.plans` every phase of the outputs is a list of taps
and offsets; here an entry of the list is a tap and an input channel, with a column of outputs that are summed together.

A plane of a patch is a phase of the inputs with all that lies between the first tap and the last; of taps that are a
list, and far apart, it is what one tap reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ....errors import DimensionError
from ...arrays.rules import CODES
from .axes import (
    AxisTaps,
    Ints,
    Pairs,
    Places,
    RowTaps,
    axes_of,
    check,
    extent_of,
    last_axis,
    leading_axes,
    row_of,
    used,
)
from .kernels import Call, loop
from .loops.layout import Channels, LastAxis, LeadingAxis, OutputBlock, entries_of, packed
from .plans import PATCH_BYTES, TILE_BYTES
from .runs import Runs
from .threads import share

AXES = 3  # at most so many
STEPS = 4  # per thread at least, where the outputs can be shared among steps


@dataclass(frozen=True, eq=False)
class MixingPlan(Runs):
    """y_n = Σ_j H_j x_{(M n − j)/L} between two windows, ready to run on arrays of one dtype.

    Made by :func:`mixing_plan`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.runs.Runs`, with the channels before the sizes of a window.
    matrices : ndarray
        Shape (taps, groups, outs, ins), real; ptr[p] ≤ k < ptr[p + 1] make phase p.
    at, ptr : ndarray
        The offset in a patch for every tap and input, and where the lists of the phases begin.
    pairs : ndarray
        The phases of x along the first two of three axes that any tap reads; or of every tap, where each has a plane of
        its own, the rows that it reads, and the entries along the last axis.
    axes : tuple of LeadingAxis
        The two axes before the last.
    last : LastAxis
        The last one, and the tiles.
    mix : Channels
        The channels.
    """

    matrices: np.ndarray
    at: np.ndarray
    ptr: np.ndarray
    pairs: np.ndarray
    axes: tuple[LeadingAxis, ...]
    last: LastAxis
    mix: Channels

    @property
    def kind(self) -> str:
        """How it runs: ``"tiles"``."""
        return "tiles"

    @property
    def rules(self) -> list[int]:
        """How x goes on beyond its window, per axis: numbers of :mod:`.layout`."""
        return [*(axis.rule for axis in self.axes), self.last.rule]

    @cached_property
    def multiply_adds(self) -> int:
        """About as many multiply-adds of real numbers in one run without a batch."""
        phases = len(self.ptr) - 1
        return self.matrices.size * prod(self.shape_out[1:]) * (self.dtype.itemsize // self.real.itemsize) // phases

    @cached_property
    def tiles(self) -> int:
        """Tiles of a group of one array."""
        return self.axes[0].tiles * self.axes[1].tiles * self.last.columns

    def tables(self, chunks: int, add: bool) -> tuple[np.ndarray, ...]:
        """``axes``, ``last`` and ``mix`` for the kernels, for so many shares of the outputs of a tile."""
        axes, last, mix = self._tables
        last = last.copy()
        last["chunks"], last["add"] = chunks, add
        return axes, last, mix

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return packed(LeadingAxis, self.axes), packed(LastAxis, [self.last]), packed(Channels, [self.mix])

    @cached_property
    def _blocks(self) -> tuple[np.ndarray, int, np.ndarray]:
        """Blocks of outputs, the widest, and the taps in the order of the sums."""
        from .loops.processor import OUTPUTS  # llvmlite is imported when it is needed

        count, groups, outs, ins = self.matrices.shape
        blocks, columns, before, low = [], [], 0, 0
        while low < outs:
            width = min((n for n in OUTPUTS if n >= outs - low), default=OUTPUTS[0])
            high = min(low + width, outs)
            blocks.append(OutputBlock(width, before, low, high))
            part = np.zeros((groups, count, ins, width), self.real)
            part[..., : high - low] = self.matrices[:, :, low:high].transpose(1, 0, 3, 2)
            columns.append(part.reshape(groups, -1))
            low, before = high, before + width
        return packed(OutputBlock, blocks), max(b.width for b in blocks), np.concatenate(columns, axis=1).reshape(-1)

    @cached_property
    def _calls(self) -> dict[tuple[int, bool], Call]:
        return {}

    def _call(self, chunks: int, add: bool) -> Call:
        """The compiled loop, for so many shares of the outputs of a tile, for a new result or one that is added to."""
        found = self._calls.get((chunks, add))
        if found is None:
            blocks, _, taps = self._blocks
            lists = taps, self.at, self.ptr, blocks, self.pairs
            found = loop("mixing._mixed", self.real).holding(*lists, *self.tables(chunks, add))
            self._calls[chunks, add] = found
        return found

    def scratch(self, width: int) -> int:
        """Entries of memory for a tile: a patch, and sums of so many outputs."""
        return self.last.patch + (len(self.ptr) - 1) * width * self.mix.positions

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        blocks, widest, _ = self._blocks
        tiles = batch * self.mix.groups * self.tiles
        chunks = min(len(blocks), -(-STEPS * threads // tiles) if threads > 1 else 1)
        scratch, run = self.scratch(widest), self._call(chunks, add)

        def part(first: int, stop: int, work: Any) -> None:
            run(first, stop, y, x, work)

        # zeros: what stands behind the last plane is read and not stored, and must be no slow denormal numbers
        share(part, tiles * chunks, threads, lambda: np.zeros(scratch, self.real))


def mixing_plan(
    taps: np.ndarray,
    start: Ints,
    up: Ints,
    down: Ints,
    out: Pairs,
    read: Pairs,
    dtype: Any,
    rules: Sequence[str] | str = "zero",
    places: Places | None = None,
) -> MixingPlan:
    """The plan of y_n = Σ_j H_j x_{(M n − j)/L}: arguments and errors of :func:`.plans.plan`.

    The taps have the shape (groups, outs, ins, \\*K), x and y (…, groups · ins, \\*space) and (…, groups · outs,
    \\*space).

    >>> swap = np.array([[[[0.0], [1.0]], [[1.0], [0.0]]]])
    >>> mixing_plan(swap, [0], [1], [1], [(0, 3)], [(0, 3)], float).run(np.array([[1.0, 2, 3], [4, 5, 6]]))
    array([[4., 5., 6.],
           [1., 2., 3.]])
    """
    dtype, shape = np.dtype(dtype), extent_of(taps, places, 3)
    rank = len(shape)
    if taps.ndim < 3 or rank > AXES or not all(taps.shape[:3]):
        raise DimensionError(
            f"taps of shape {taps.shape}; expected (groups, outs, ins, *K), none of them 0, on at most {AXES} axes"
        )
    rules = (rules,) * rank if isinstance(rules, str) else tuple(rules)
    check(taps, shape, dtype, start, up, down, out, read, rules)
    if taps.dtype.kind == "c" and not taps.imag.any():
        taps = taps.real
    where, values = used(taps, places, 3)
    axes, reads = axes_of(where, start, up, down, out, read, rules)
    matrices = np.moveaxis(values[..., reads], -1, 0)
    alone = [
        AxisTaps(1, 1, 1, 1, CODES["zero"], reads, *np.zeros((2, len(matrices)), np.int64)) for _ in range(AXES - rank)
    ]
    flipped = tuple([axis + 1 for axis in range(rank) if down[axis] < 0])
    groups, outs, ins = taps.shape[:3]
    shapes = (groups * ins, *(axis.inputs for axis in axes)), (groups * outs, *(axis.outputs for axis in axes))
    builder = _MixingBuilder(alone + axes, matrices, dtype)
    if places is not None:
        builder = min(builder, builder.apart(), key=lambda made: made.gathered)
    return builder.build(*shapes, flipped)


class _MixingBuilder:
    """Chooses the tiles of a plan and lays the lists of taps out."""

    def __init__(self, axes: list[AxisTaps], matrices: np.ndarray, dtype: np.dtype) -> None:
        self.axes, self.dtype, self.groups = axes, dtype, matrices.shape[1]
        self.real, self.parts, self.lanes = entries_of(dtype)
        self.row: RowTaps = row_of(axes[-1], matrices, self.parts)
        self.repeat = len(self.row.taps) // max(1, len(matrices))
        self.counts = [*(-(-axis.outputs // axis.up) for axis in axes[:-1]), self.row.steps]
        self.phases = axes[0].up * axes[1].up * self.row.phases
        lead = [np.tile(axis.offset % axis.down, self.repeat) for axis in axes[:-1]]
        self.pairs, pair = np.unique(np.stack(lead, axis=1), axis=0, return_inverse=True)
        self.plane, self.planes = pair.reshape(-1) * self.row.inputs + self.row.entry % self.row.inputs, self.row.inputs
        self.e = [*(np.tile(axis.offset // axis.down, self.repeat) for axis in axes[:-1]), self.row.e]
        self.spans = [(int(e.min()), int(np.ptp(e))) if e.size else (0, 0) for e in self.e]

    def apart(self) -> _MixingBuilder:
        """The same with a plane for every place that taps read."""
        made = copy(self)
        reads = [*(np.tile(axis.offset, self.repeat) for axis in self.axes[:-1]), self.row.entry]
        made.pairs, plane = np.unique(np.stack(reads, axis=1), axis=0, return_inverse=True)
        made.plane, made.planes = plane.reshape(-1), 1
        made.e, made.spans = [np.zeros_like(e) for e in self.e], [(0, 0)] * AXES
        return made

    @property
    def gathered(self) -> float:
        """Samples of a patch for every position of a tile."""
        tile = self._tile(*self.row.taps.shape[2:])
        size = prod(n + reach for n, (_, reach) in zip(tile, self.spans, strict=True))
        return max(1, len(self.pairs)) * self.planes * size / prod(tile)

    def build(self, shape_in: tuple[int, ...], shape_out: tuple[int, ...], flipped: tuple[int, ...]) -> MixingPlan:
        """The plan."""
        outs, ins = self.row.taps.shape[2:]
        tile = self._tile(outs, ins)
        rows = [n + reach for n, (_, reach) in zip(tile, self.spans, strict=True)]
        plane, channel, patch = self._patch(rows, ins)
        run = -(-((tile[0] - 1) * rows[1] * rows[2] + (tile[1] - 1) * rows[2] + tile[2]) // self.lanes) * self.lanes
        x_size, y_size = prod(shape_in[1:]) * self.parts, prod(shape_out[1:]) * self.parts
        tiles = {"width": tile[-1], "run": plane, "rows": 0, "chunks": 1, "patch": patch}
        tiles["columns"] = -(-self.row.steps // tile[-1])
        last = last_axis(self.row, self.axes[-1], self.parts, self.spans[-1], **tiles)
        batches = shape_in[0] * x_size, shape_out[0] * y_size
        mix = Channels(self.groups, ins, outs, *batches, x_size, y_size, patch_channel=channel, positions=run)
        lists = self._lists(rows, plane, channel)
        return MixingPlan(self.dtype, self.real, shape_in, shape_out, flipped, *lists, self.pairs.astype(np.int64),
                          self._axes(tile, rows), last, mix)  # fmt: skip

    def _tile(self, outs: int, ins: int) -> list[int]:
        """How many i make a tile, per axis, so that patch and buffer stay in a cache: rows are shared out at last."""
        planes, columns = ins * max(1, len(self.pairs)) * self.planes, min(outs, 8) * self.phases
        budget = (TILE_BYTES if ins == 1 else PATCH_BYTES) // self.real.itemsize
        tile = [max(1, n) for n in self.counts]

        def entries(axis: int, size: int) -> int:
            cut = [size if r == axis else n for r, n in enumerate(tile)]
            return planes * prod(n + m for n, (_, m) in zip(cut, self.spans, strict=True)) + columns * prod(cut)

        for axis in range(AXES):
            fixed, step = entries(axis, 0), entries(axis, 1) - entries(axis, 0)
            least = min(tile[axis], 8 * self.lanes) if axis == AXES - 1 else 1
            pieces = -(-tile[axis] // max(least, (budget - fixed) // step))
            tile[axis] = -(-tile[axis] // pieces)
        return tile

    def _patch(self, rows: list[int], ins: int) -> tuple[int, int, int]:
        """Entries from plane to plane, from channel to channel, and of all of it.

        Neither step is a power of two, which would put all planes into the same lines of a cache.
        """
        plane = self._odd(prod(rows))
        channel = self._odd(plane * max(1, len(self.pairs)) * self.planes)
        return plane, channel, ins * channel + self.lanes

    def _odd(self, entries: int) -> int:
        return (-(-entries // self.lanes) | 1) * self.lanes

    def _axes(self, tile: list[int], rows: list[int]) -> tuple[LeadingAxis, ...]:
        """The two axes before the last."""
        steps = [prod(rows[r + 1 :]) for r in range(AXES - 1)]
        found = leading_axes(self.axes, self.spans[:-1], self.parts, steps)
        cuts = zip(found, tile[:-1], self.counts[:-1], strict=True)
        return tuple([axis._replace(tile=size, tiles=-(-count // size)) for axis, size, count in cuts])

    def _lists(self, rows: list[int], plane: int, channel: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Matrices, offsets and the bounds of each phase; the phases of the last axis go fastest."""
        row, e = self.row, [e - low for e, (low, _) in zip(self.e, self.spans, strict=True)]
        at = self.plane * plane
        at += (e[0] * rows[1] + e[1]) * rows[2] + e[2]
        first, second = (np.tile(axis.phase, self.repeat) for axis in self.axes[:-1])
        phase = (first * self.axes[1].up + second) * row.phases + row.phase
        order = np.lexsort((at, phase))
        order = order[np.any(row.taps[order] != 0, axis=(1, 2, 3))]  # a part of complex taps that is zero reads nothing
        ins = row.taps.shape[3]
        ptr = np.searchsorted(phase[order], np.arange(self.phases + 1)) * ins
        offsets = at[order][:, None] + channel * np.arange(ins)
        return row.taps[order].astype(self.real), offsets.reshape(-1).astype(np.int64), ptr.astype(np.int64)
