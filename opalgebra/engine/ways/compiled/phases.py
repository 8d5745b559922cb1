"""Plans for changes of rate by factors such as 160/147 or 16000/16001: many phases, few outputs of each.

    y[P i + p] = Σ_k tap_k · x[Q i + s_k]   for the taps k of phase p

The tiles of :mod:`.plans` hold all P + Q phases, which overflows the first-level cache, and load a vector of x for
every tap.  Neighbouring phases read nearly the same places, so here groups of phases are summed together: a vector that
is loaded serves the whole group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .axes import Ints, Pairs, RowTaps, axes_of, check, row_of
from .layout import Chunk, Group, PhaseTiles, entries_of, packed
from .plans import Plan, plan
from .runs import PIECE_WORK, Runs
from .threads import share

VECTORS = 3  # of i in a tile
CHUNK_BYTES = 512 * 1024  # patch, sums and taps of a chunk share the second-level cache
#: From how many phases, taps of a phase and taps in all groups pay; how many phases must read the same places; which
#: part of the places between the first and the last of a phase must have taps (measured).
LEAST_PHASES, LEAST_LENGTH, LEAST_TAPS, ALIKE, FILLED = 16, 8, 2000, 8, 0.5


@dataclass(frozen=True, eq=False)
class PhasePlan(Runs):
    """y_n = Σ_j h_j x_{(M n − j)/L} along one axis between two windows, for many phases.

    Made by :func:`tiled`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.runs.Runs`.
    table : ndarray
        Shape (P, K): the tap of phase p at the place first[p] + k, 0 where there is none.
    first : ndarray
        Shape (P,): the least place that each phase reads.
    step : int
        From phase to phase of a group: 2 where real taps filter real and imaginary parts.
    tiles : PhaseTiles
        The axis and its tiles; the sizes of a patch are left out.
    """

    table: np.ndarray
    first: np.ndarray
    step: int
    tiles: PhaseTiles

    @property
    def kind(self) -> str:
        """How it runs: ``"tiles"``."""
        return "tiles"

    @property
    def rules(self) -> list[int]:
        """How x goes on beyond its window, per axis: numbers of :mod:`.layout`."""
        return [self.tiles.rule]

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch, taps that are zero left out."""
        outputs, phases = self.tiles.outputs, self.tiles.ups
        return int(np.count_nonzero(self.table, axis=1) @ ((outputs - np.arange(phases) + phases - 1) // phases))

    @cached_property
    def _ready(self) -> tuple[Any, Lists, tuple[np.ndarray, np.ndarray], int]:
        """The compiled loop; its lists; the tiles of a result that is new and of one that is added to; the memory of
        a thread."""
        from .loops import phases  # Numba takes a second to import

        lists, tiles = _laid(self, phases.PHASES)
        new, added = (packed(PhaseTiles, [tiles._replace(add=add)]) for add in (0, 1))
        entries = tiles.patch + int(lists.chunks["phases"].max()) * tiles.width
        return phases.tiles(self.real), lists, (new, added), entries

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        code, lists, tables, entries = self._ready

        def part(first: int, stop: int, work: Any) -> None:
            code(y, x, *lists, tables[add], work, first, stop)

        count = batch * len(lists.chunks) * self.tiles.columns
        share(part, count, threads, lambda: _aligned(entries, self.real), self.work * batch // PIECE_WORK)


def _aligned(entries: int, real: np.dtype) -> np.ndarray:
    """Memory from the start of a cache line on."""
    held = np.empty(entries + 64 // real.itemsize, real)
    return held[-held.ctypes.data % 64 // real.itemsize :][:entries]


def tiled(
    taps: np.ndarray,
    start: Ints,
    up: Ints,
    down: Ints,
    out: Pairs,
    read: Pairs,
    dtype: Any,
    rules: Sequence[str] | str = "zero",
) -> Plan | PhasePlan:
    """As :func:`~.plans.plan`, by groups of phases where there are many along one axis.

    >>> type(tiled(np.ones(9000), [0], [30], [29], [(0, 9000)], [(0, 9000)], np.dtype(float))).__name__
    'PhasePlan'
    """
    given = taps, start, up, down, out, read, dtype, rules
    may = taps.ndim == 1 and taps.size >= LEAST_TAPS and up[0] >= LEAST_PHASES
    return (_phase_plan(*given) if may else None) or plan(*given)


def _phase_plan(
    taps: np.ndarray, start: Ints, up: Ints, down: Ints, out: Pairs, read: Pairs, dtype: Any, rules: Any
) -> PhasePlan | None:
    """The plan by groups, where these pay."""
    dtype, rules = np.dtype(dtype), (rules,) if isinstance(rules, str) else tuple(rules)
    check(taps, dtype, start, up, down, out, read, rules)
    if taps.dtype.kind == "c" and not taps.imag.any():
        taps = taps.real
    real, parts, lanes = entries_of(dtype)
    where = np.nonzero(taps)
    (axis,), reads = axes_of(where, start, up, down, out, read, rules)
    row = row_of(axis, taps[where][reads], parts)
    step = 1 if taps.dtype.kind == "c" else parts
    if row.phases < LEAST_PHASES * step or row.steps < 1:
        return None
    if (found := _table(row, real, step)) is None:
        return None
    width = min(VECTORS, -(-row.steps // lanes)) * lanes
    tiles = PhaseTiles(ups=row.phases, downs=row.inputs, outputs=row.outputs, samples=axis.inputs, parts=parts,
                       steps=row.steps, width=width, columns=-(-row.steps // width), rule=axis.rule)  # fmt: skip
    flipped = (0,) if down[0] < 0 else ()
    return PhasePlan(dtype, real, (axis.inputs,), (axis.outputs,), flipped, *found, step, tiles)


def _table(row: RowTaps, real: np.dtype, step: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The taps as a table of phases, and the least place of each; None where groups would not pay."""
    nowhere = np.iinfo(np.int64).max
    first = np.full(row.phases, nowhere)
    np.minimum.at(first, row.phase, row.entry)
    if row.taps.size < LEAST_TAPS or (first == nowhere).any():
        return None
    k = row.entry - first[row.phase]
    length = int(k.max()) + 1
    is_filled = row.taps.size * step >= FILLED * row.phases * length
    if length < LEAST_LENGTH * step or not is_filled or length * row.phases < ALIKE * step * row.inputs:
        return None
    table = np.zeros((row.phases, length), real)
    table[row.phase, k] = row.taps
    return table, first


# What the kernels read ------------------------------------------------------------------------------------------------


class Lists(NamedTuple):
    """Taps and places of all groups, and the tables of groups and of chunks."""

    own_taps: np.ndarray
    own_at: np.ndarray
    common_taps: np.ndarray
    common_at: np.ndarray
    groups: np.ndarray
    chunks: np.ndarray


def _laid(made: PhasePlan, outs: int) -> tuple[Lists, PhaseTiles]:
    """The lists for groups of so many phases, and the tiles with the sizes of a patch."""
    cuts, length, tiles = _chunks(made, outs), made.table.shape[1], made.tiles
    lows = [int(made.first[a:b].min()) for a, b in cuts]
    spans = [int(made.first[a:b].max()) + length - low for (a, b), low in zip(cuts, lows, strict=True)]
    reach = (max(spans) - 1) // tiles.downs
    run, rows = tiles.width + reach, [min(span, tiles.downs) for span in spans]
    zeros = max(rows) * run
    chunks: list[Chunk] = []
    groups: list[Group] = []
    lists, owns, commons = [], 0, 0
    for (a, b), low, held in zip(cuts, lows, rows, strict=True):
        members = _members(a, b, made.step, outs)
        own, common, *found = _chunk_lists(made, members, low, run, zeros)
        own_ends, common_ends = owns + np.cumsum(own), commons + np.cumsum(common)
        chunks.append(Chunk(a, b - a, low, held, len(groups), len(groups) + len(members)))
        bounds = zip(own_ends - own, own_ends, common_ends - common, common_ends, strict=True)
        groups += [Group(to - a, made.step, *four) for to, four in zip(members[:, 0], bounds, strict=True)]
        owns, commons = int(own_ends[-1]), int(common_ends[-1])
        lists.append(found)
    taps = [np.concatenate(parts).reshape(-1) for parts in zip(*lists, strict=True)]
    sizes = tiles._replace(run=run, reach=reach, patch=zeros + tiles.width)
    return Lists._make([*taps, packed(Group, groups), packed(Chunk, chunks)]), sizes


def _chunks(made: PhasePlan, outs: int) -> list[tuple[int, int]]:
    """The phases in pieces of about the same size, which the second-level cache holds if groups are not larger."""
    tiles, length, pieces = made.tiles, made.table.shape[1], 1

    def entries(phases: int) -> int:
        rows = min(phases * tiles.downs // tiles.ups + length, tiles.downs)
        return rows * tiles.width + phases * (tiles.width + length)

    while entries(tiles.ups // pieces) * made.real.itemsize > CHUNK_BYTES:
        pieces *= 2
    pieces = min(pieces, tiles.ups // (outs * made.step))
    cuts = [tiles.ups * c // pieces // made.step * made.step for c in range(pieces + 1)]
    return list(pairwise(cuts))


def _members(first: int, stop: int, step: int, outs: int) -> np.ndarray:
    """The phases of each group of a chunk; a last group overlaps the one before."""
    found = []
    for part in range(first, first + step):
        count = len(range(part, stop, step))
        begins = np.minimum(np.arange(0, count, outs), count - outs)
        found.append(part + step * (begins[:, None] + np.arange(outs)))
    return np.concatenate(found)


def _chunk_lists(made: PhasePlan, members: np.ndarray, low: int, run: int, zeros: int) -> tuple[np.ndarray, ...]:
    """Of the groups of a chunk how long both lists are; own taps and places, one per phase in turn; common ones."""
    firsts, length = made.first[members], made.table.shape[1]
    least = firsts.min(axis=1, keepdims=True)
    apart = firsts - least
    k = np.arange(int(apart.max()) + length)[:, None] - apart[:, None, :]  # (groups, places, phases)
    inside = (k >= 0) & (k < length)
    taps = np.where(inside, made.table[members[:, None, :], np.where(inside, k, 0)], 0)
    place = least - low + np.arange(k.shape[1])
    at = place % made.tiles.downs * run + place // made.tiles.downs
    has = taps != 0
    shared = has.all(axis=2)
    own = has & ~shared[:, :, None]
    rows = own.sum(axis=1).max(axis=1)
    rank = own.cumsum(axis=1) - 1 + (np.cumsum(rows) - rows)[:, None, None]
    g, r, o = np.nonzero(own)
    own_taps = np.zeros((int(rows.sum()), members.shape[1]), made.real)
    own_at = np.full(own_taps.shape, zeros)
    own_taps[rank[g, r, o], o], own_at[rank[g, r, o], o] = taps[g, r, o], at[g, r]
    return rows, shared.sum(axis=1), own_taps, own_at, taps[shared], at[shared]
