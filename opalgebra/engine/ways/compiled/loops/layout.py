"""What the plans and the compiled kernels agree on: the tables that a kernel reads.

A table is a class of named columns, all of them int64.  A plan holds its rows as they are, ``plan.last.width``; a
kernel gets them as an array of records, :func:`packed`, and reads ``last.width`` at a place in memory that is fixed
when it is compiled, which costs what an entry of an array costs.

Units: a *sample* is a number of x or y, an *entry* its real or its imaginary part, so that a complex sample has two.
Steps, runs and places count entries of the dtype that a kernel is compiled for, never bytes, if nothing else is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ....arrays.rules import CODES

VECTOR_BYTES = 64  # of a vector that is computed at once, a line of the caches
COMBS = (4, 2, 1)  # taps that go by together, each a vector after the one before
GROUP = 16  # taps that go by together where they are far apart

#: What arrays can be filtered.
DTYPES = frozenset(map(np.dtype, ("f4", "f8", "i8", "c8", "c16")))

ZERO = CODES["zero"]

#: Rows of the offsets ``at`` of a plan: a tap reads entry at[k] of x, of a patch, and of the last axis of x.
IN_X, IN_PATCH, IN_ROW = range(3)

LANES = 8  # transforms side by side
POINT = 2 * LANES  # numbers of one point of all of them
STAGE = 256  # samples of a series that are gathered or written at once
STAGE_STEP = STAGE + 8  # not a power of two: the lanes would meet in the same cache lines
STAGE_ENTRIES = LANES * STAGE_STEP
SIZES = tuple(2**k for k in range(9, 16))  # of transforms


class LeadingAxis(NamedTuple):
    """An axis before the last: output n = up·i + p reads rows down·i + offset of x, p its phase."""

    up: int  # L'
    down: int  # M'
    outputs: int  # samples of y
    inputs: int  # samples of x
    low: int  # the least offset, in rows; where taps mix channels, in steps of ``down`` rows
    reach: int  # how far the largest is from it
    x_step: int  # from row to row of x
    y_step: int  # the same of y
    patch_step: int  # from row to row of a patch, or from i to i + 1 where taps mix channels
    rule: int  # beyond the window
    tile: int = 0  # values of i in a tile, and
    tiles: int = 0  # how many tiles there are: where taps mix channels


class LastAxis(NamedTuple):
    """The last axis, in entries: y[ups·i + p] = Σ_k tap_k x[downs·(i + e_k) + q_k], and the tiles of a plan."""

    ups: int  # P, phases of y
    downs: int  # Q, phases of x
    outputs: int  # N, entries of a row of y
    samples: int  # K, samples of a row of x
    parts: int  # E, entries of a sample
    low: int  # the least e
    reach: int  # how far the largest is from it
    steps: int  # values of i
    width: int  # of them in a tile
    run: int  # from phase to phase in a patch
    rule: int  # beyond the window
    rows: int  # of the first axis in a tile
    columns: int  # tiles along this axis
    chunks: int  # tiles along the first axis; where taps mix channels, shares of the outputs of a tile
    patch: int  # size of a patch
    add: int = 0  # whether y is added to


class Row(NamedTuple):
    """What the taps along the last axis are like, in entries: what tiles are chosen by."""

    phases: int  # P, of y
    inputs: int  # Q, phases of x
    outputs: int  # N, entries of a row of y
    reach: int  # from the least e to the largest
    taps: int  # of all phases, real ones

    @property
    def steps(self) -> int:
        """The values of i."""
        return -(-self.outputs // self.phases)


class Channels(NamedTuple):
    """Where taps are matrices between channels."""

    groups: int
    ins: int  # channels of x of a group
    outs: int  # channels of y of a group
    x_batch: int  # from array to array of x
    y_batch: int  # the same of y
    x_channel: int  # from channel to channel of x
    y_channel: int  # the same of y
    patch_channel: int  # the same of a patch
    positions: int  # of a tile in the buffer of the outputs: from output to output


class OutputBlock(NamedTuple):
    """Outputs of a group that are summed together."""

    width: int  # how many there is room for
    before: int  # the room of the blocks before it
    first: int  # output of the group
    stop: int


class RowTiles(NamedTuple):
    """The tiles of two axes, one after the other."""

    chunk: int  # rows of y in a tile
    chunks: int  # tiles of an array
    pitch: int  # from row to row of those that are kept
    x_size: int  # from array to array of x
    y_size: int  # the same of y
    add: int = 0  # whether y is added to


class PhaseTiles(NamedTuple):
    """Tiles of many phases along one axis, in entries: y[ups·i + p] = Σ_k tap_k x[downs·i + s_k]."""

    ups: int  # P, phases of y
    downs: int  # Q
    outputs: int  # of a row of y
    samples: int  # of a row of x, and
    parts: int  # entries of one
    steps: int  # values of i
    width: int  # of them in a tile
    columns: int  # tiles along i
    rule: int  # beyond a row of x
    run: int = 0  # from row to row of a patch
    reach: int = 0  # values of i beyond those of a tile that its patch holds
    patch: int = 0  # size of a patch and its row of zeros
    add: int = 0  # whether y is added to


class Chunk(NamedTuple):
    """Phases that are neighbours, and what they read."""

    first: int  # phase
    phases: int  # how many
    low: int  # the least place s that they read
    rows: int  # how many places from there on
    group: int  # the first of their groups
    stop: int  # the one after the last


class Group(NamedTuple):
    """Phases that are summed together: rows of taps that each has for itself, and of taps at places they share."""

    first: int  # phase
    step: int  # from phase to phase
    chunk: int
    own: int  # rows own ≤ r < own_stop
    own_stop: int
    common: int  # rows common ≤ r < common_stop
    common_stop: int


class PhaseTaps(NamedTuple):
    """The taps of a phase: entry e is values[begin − jump · (e // unit) + e mod unit], and reads first + step · e."""

    begin: int
    first: int
    entries: int  # how many
    jump: int
    unit: int  # entries of a tap: 2 for complex ones
    step: int  # also from phase to phase of those that read the same places


class Transforms(NamedTuple):
    """An overlap-save along one axis."""

    size: int  # points of a transform
    taps: int  # of the longest filter between a phase of x and one of y
    ups: int  # phases of y
    downs: int  # phases of x
    inputs: int  # samples of a row of x
    outputs: int  # samples of a row of y
    beside: int  # rows that lie side by side: from sample to sample, in samples
    parts: int  # entries of a sample
    begin: int  # of the first block in its phase of x, in samples of the phase
    blocks: int  # of all rows
    rule: int = ZERO  # beyond a row


class Span(NamedTuple):
    """The outputs of a row that a tap of a sliding window serves."""

    first: int  # output
    outputs: int  # how many
    source: int  # the sample that the first output reads


class Shuffle(NamedTuple):
    """Rows of fine samples, whose phases are rows of coarse ones."""

    phases: int
    samples: int  # of a coarse row
    run: int  # from phase to phase
    size: int  # of the phases of a channel
    splits: int  # whether the fine rows are split, not made


class Argument(NamedTuple):
    """An argument of a loop."""

    dtype: np.dtype | None  # None: that of the entries, for which the loop is compiled
    ndim: int  # of an array in C order; 0 for a number
    is_given: bool = False  # with every call, or held by whoever calls


def entries_of(dtype: np.dtype) -> tuple[np.dtype, int, int]:
    """The dtype of the entries of samples, how many a sample has, and how many a vector holds."""
    real = np.dtype(dtype.type().real.dtype)
    return real, dtype.itemsize // real.itemsize, VECTOR_BYTES // real.itemsize


@cache
def record_of(table: Any) -> np.dtype:
    """The dtype of a row of a table, for the kernels."""
    return np.dtype([(name, np.int64) for name in table._fields], align=True)


def packed(table: Any, rows: Iterable[tuple[int, ...]]) -> np.ndarray:
    """The rows of a table as the kernels read them.

    >>> packed(Span, [Span(0, 9, 1)])["outputs"]
    array([9])
    """
    return np.array([tuple(row) for row in rows], record_of(table))


def both(table: Any, row: Any) -> tuple[np.ndarray, np.ndarray]:
    """One row as the kernels read it, for a result that is new, and for one that is added to.

    >>> [int(found["add"][0]) for found in both(RowTiles, RowTiles(1, 1, 1, 1, 1))]
    [0, 1]
    """
    return packed(table, [row._replace(add=0)]), packed(table, [row._replace(add=1)])
