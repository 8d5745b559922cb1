"""Plans for changes of rate by factors such as 160/147 or 16000/16001: many phases, few outputs of each.

    y[P i + p] = Σ_k tap_k · x[Q i + s_k]   for the taps k of phase p

The tiles of :mod:`.plans` hold all P + Q phases, which overflows the first-level cache, and load a vector of x for
every tap.  Neighbouring phases read nearly the same places, so here groups of phases are summed together: a vector that
is loaded serves the whole group.  Where a phase has few outputs and few taps, lists cost more than the sums, and the
taps are read where they lie.

Which taps a phase has is known in closed form: of every g-th tap, g = gcd(L, M), L = g L', M = g M', output n reads
those that are M' n modulo L', at places of x that follow one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from ...arrays.rules import CODES
from .axes import Ints, Pairs, Places, check
from .kernels import Call, loop
from .loops.layout import ZERO, Chunk, Group, PhaseTaps, PhaseTiles, Row, both, entries_of, packed, record_of
from .plans import plan, prefers_sums
from .runs import PIECE_WORK, Runs, only_read
from .threads import share

VECTORS = 3  # of i in a tile
CHUNK_BYTES = 640 * 1024  # patch, sums and taps of a chunk share the second-level cache
#: From how many phases, taps of a phase and taps in all groups pay; how many phases must read the same places; which
#: part of the taps must not be 0; up to how many multiply-adds of a phase no lists are made (measured).
LEAST_PHASES, LEAST_LENGTH, LEAST_TAPS, ALIKE, FILLED, FEW = 16, 8, 2000, 8, 0.5, 48
IDLE = 8  # phases for each that has a tap, from where a list of the taps is faster than to go by all of them

#: Multiply-adds of a process that NumPy makes before a loop is compiled, in a tenth of that time.
UNCOMPILED_WORK = 2**23
_SPENT: Counter[np.dtype] = Counter()


@dataclass(frozen=True, eq=False)
class PhasePlan(Runs):
    """y_n = Σ_j h_j x_{(M n − j)/L} along one axis between two windows, for many phases.

    Made by :func:`tiled`.

    Attributes
    ----------
    dtype, real, shape_in, shape_out, reversed_axes
        As of :class:`~.runs.Runs`.
    values : ndarray
        Flat and real: every g-th tap; complex ones as what filters into real parts, then what into imaginary ones.
    phases : ndarray
        Records of :class:`~.layout.PhaseTaps`, one per phase: where its taps lie in ``values``, and what they read.
    tiles : PhaseTiles
        The axis and its tiles; the sizes of a patch are left out.
    is_tiled : bool
        Whether groups of phases are summed together, or one sum is taken after the other.
    """

    values: np.ndarray
    phases: np.ndarray
    tiles: PhaseTiles
    is_tiled: bool

    @property
    def kind(self) -> str:
        """How it runs: ``"tiles"`` of groups, or one of the ``"sums"`` after the other."""
        return "tiles" if self.is_tiled else "sums"

    @property
    def rules(self) -> list[int]:
        """How x goes on beyond its window, per axis: numbers of :mod:`.layout`."""
        return [self.tiles.rule]

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch, zeros between the taps included."""
        outputs, entries = self.tiles.outputs, self.phases["entries"]
        return int(entries @ ((outputs - np.arange(len(entries)) + len(entries) - 1) // len(entries)))

    @cached_property
    def _one_by_one(self) -> tuple[Call, ...]:
        """The loop sum by sum, for a result that is new, and for one that is added to."""
        code = loop("phases._each", self.real)
        return tuple(code.holding(self.values, self.phases, table) for table in both(PhaseTiles, self.tiles))

    @cached_property
    def _in_groups(self) -> tuple[tuple[Call, ...], int, int]:
        """The loop over groups of phases, for a result that is new, and for one that is added to; how many chunks there
        are; the memory of a thread."""
        from .loops.processor import PHASES  # llvmlite is imported when it is needed

        lists, tiles = _laid(self, PHASES)
        entries, code = tiles.patch + int(lists.chunks["phases"].max()) * tiles.width, loop("phases._tiles", self.real)
        return tuple(code.holding(*lists, table) for table in both(PhaseTiles, tiles)), len(lists.chunks), entries

    @cached_property
    def _is_served(self) -> bool:
        return self.tiles.rule == ZERO and int(self.phases["unit"].max(initial=1)) == 1

    def _by_numpy(self, work: int) -> bool:
        """Whether NumPy makes the sums, to the last bit those of the loop: it would take far longer to compile."""
        if _SPENT[self.real] + work > UNCOMPILED_WORK or not self._is_served:
            return False
        _SPENT[self.real] += work
        return True

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        pieces = self.work * batch // PIECE_WORK
        if not self.is_tiled:
            if self._by_numpy(batch * self.work):
                sums = _sums(x.reshape(batch, -1), self.values, self.phases, self.tiles)
                np.add(y, sums.reshape(-1), out=y) if add else np.copyto(y, sums.reshape(-1))
                return
            run = self._one_by_one[add]
            share(lambda first, stop, _: run(first, stop, y, x), y.size, threads, most=pieces)
            return
        calls, chunks, entries = self._in_groups

        def part(first: int, stop: int, work: np.ndarray) -> None:
            calls[add](first, stop, y, x, work)

        count = batch * chunks * self.tiles.columns
        share(part, count, threads, lambda: _aligned(entries, self.real), pieces)


def _sums(x: np.ndarray, values: np.ndarray, phases: np.ndarray, table: PhaseTiles) -> np.ndarray:
    """What ``loops.phases._each`` computes, in its order: four sums where a phase reads inside of x, else one."""
    total, n = table.samples * table.parts, np.arange(table.outputs)
    phase, shift = phases[n % table.ups], n // table.ups * table.downs
    place, count, step = shift + phase["first"], phase["entries"], phase["step"]
    is_inside = (place >= 0) & (place + step * (count - 1) < total)
    sums = np.zeros((4, len(x), len(n)), x.dtype)
    for e in range(int(count.max(initial=0))):
        at, source = phase["begin"] - phase["jump"] * e, place + step * e
        has = (e < count) & (source >= 0) & (source < total)
        tap = np.where(has, values[np.where(has, at, 0)], 0).astype(x.dtype, copy=False)
        term = tap * np.where(tap != 0, x[:, np.where(has, source, 0)], x.dtype.type(0))
        by_four = is_inside & (e < count // 4 * 4)
        if e % 4:
            sums[e % 4] += np.where(by_four, term, x.dtype.type(0))
            term = np.where(by_four, x.dtype.type(0), term)
        sums[0] += term
    return sums[0] + sums[1] + (sums[2] + sums[3])


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
    places: Places | None = None,
) -> Any:
    """As :func:`~.plans.plan`, in another order where there are many phases along one axis.

    >>> type(tiled(np.ones(9000), [0], [30], [29], [(0, 9000)], [(0, 9000)], np.dtype(float))).__name__
    'PhasePlan'
    """
    given = taps, start, up, down, out, read, dtype, rules
    may = places is None and taps.ndim == 1 and len(up) == 1 and 2 <= up[0] <= IDLE * taps.size
    return (_phase_plan(*given) if may else None) or plan(*given, places)


def _phase_plan(
    taps: np.ndarray, start: Ints, up: Ints, down: Ints, out: Pairs, read: Pairs, dtype: Any, rules: Any
) -> PhasePlan | None:
    """The plan by phases, where it pays."""
    dtype, rules = np.dtype(dtype), (rules,) if isinstance(rules, str) else tuple(rules)
    check(taps, taps.shape, dtype, start, up, down, out, read, rules)
    if taps.dtype.kind == "c" and not taps.imag.any():
        taps = taps.real
    real, parts, lanes = entries_of(dtype)
    (a, outputs), (c, inputs) = out[0], read[0]
    first, ups, downs = start[0], up[0], down[0]
    if is_turned := downs < 0:  # x backwards: −j for j, and the window mirrored
        taps, first, downs, c = taps[::-1], 1 - first - taps.size, -downs, 1 - c - inputs
    g = gcd(ups, downs)
    taps, first, ups, downs = taps[-first % g :: g], -(-first // g), ups // g, downs // g
    phases, last = min(ups, outputs), first + taps.size - 1
    least = max(LEAST_TAPS, LEAST_LENGTH * ups, ALIKE * downs)
    is_tiled = phases >= LEAST_PHASES and taps.size >= least
    if not is_tiled and (IDLE * taps.size < ups or outputs >= lanes * ups):
        return None
    used = int(np.count_nonzero(taps))
    if used < FILLED * taps.size or not outputs:
        return None
    if not is_tiled:
        low, high = -((last - downs * a) // ups) - c, (downs * (a + ups - 1) - first) // ups - c
        tap_parts = 2 if taps.dtype.kind == "c" else 1
        row = Row(parts * ups, parts * downs, parts * outputs, high // downs - low // downs, used * parts * tap_parts)
        if taps.size < LEAST_TAPS and not prefers_sums(row, dtype):
            return None
    n = downs * (a + np.arange(phases))
    j = last - (last - n) % ups  # the last tap of each phase reads the least place
    values, found = _entries(taps, real, parts, j - first, (n - j) // ups - c, (j - first) // ups + 1, ups)
    steps = -(-outputs // phases)
    width = min(VECTORS, -(-steps // lanes)) * lanes
    tiles = PhaseTiles(ups=parts * phases, downs=parts * downs, outputs=parts * outputs, samples=inputs, parts=parts,
                       steps=steps, width=width, columns=-(-steps // width), rule=CODES[rules[0]])  # fmt: skip
    is_tiled = is_tiled and steps * taps.size > FEW * ups
    return PhasePlan(dtype, real, (inputs,), (outputs,), (0,) if is_turned else (), values, found, tiles, is_tiled)


def _entries(
    taps: np.ndarray, real: np.dtype, parts: int, at: np.ndarray, place: np.ndarray, count: np.ndarray, ups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Values and phases in entries, for the samples' first tap, place and number of taps, ``ups`` apart."""
    found, part = np.zeros((len(at), parts), record_of(PhaseTaps)), np.arange(parts)
    if taps.dtype.kind == "c":  # of a real part re, −im in turn, of an imaginary one im, re
        values, unit, step = np.stack([taps.real, -taps.imag, taps.imag, taps.real], axis=-1), 2, 1
        values = values.reshape(-1, 2, 2).swapaxes(0, 1)
        begin, first = 2 * taps.size * part, 0 * part
    else:
        values, unit, step, begin, first = taps, 1, parts, 0 * part, part
    found["begin"], found["first"] = unit * at[:, None] + begin, parts * place[:, None] + first
    found["entries"], found["jump"], found["unit"], found["step"] = unit * count[:, None], unit * ups, unit, step
    return only_read(np.asarray(values, real)).reshape(-1), found.reshape(-1)


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
    groups, chunks, tiles = _groups(made, outs)
    own, common = _rows(made, groups, outs)
    taps, at = np.empty(own * outs, made.real), np.empty(own * outs, np.int64)
    found = Lists(taps, at, np.empty(common * outs, made.real), np.empty(common, np.int64), groups, chunks)
    tables = made.values, made.phases, groups, chunks, packed(PhaseTiles, [tiles])
    loop("phases._lists", made.real).holding(*tables, *found[:4])(0, len(groups))
    own, common = int(groups["own_stop"][-1]), int(groups["common_stop"][-1])
    sizes = own * outs, own * outs, common * outs, common
    return Lists._make([*(row[:size] for row, size in zip(found, sizes, strict=False)), groups, chunks]), tiles


def _groups(made: PhasePlan, outs: int) -> tuple[np.ndarray, np.ndarray, PhaseTiles]:
    """The groups, of which no rows are known yet, the chunks, and the tiles with the sizes of a patch."""
    phases, tiles = made.phases, made.tiles
    step, low = int(phases["step"][0]), phases["first"]
    high = low + step * (phases["entries"] - 1)
    cuts = _chunks(tiles, int((high - low).max()) + 1, outs * step, step, made.real.itemsize)
    lows = [int(low[a:b].min()) for a, b in cuts]
    spans = [int(high[a:b].max()) + 1 - least for (a, b), least in zip(cuts, lows, strict=True)]
    reach = (max(spans) - 1) // tiles.downs
    run, rows = tiles.width + reach, [min(span, tiles.downs) for span in spans]
    begins = [_begins(a, b, step, outs) for a, b in cuts]
    sizes = [len(found) for found in begins]
    groups = np.zeros(sum(sizes), record_of(Group))
    groups["first"], groups["step"] = np.concatenate(begins), step
    groups["chunk"] = np.repeat(np.arange(len(cuts)), sizes)
    ends = zip(cuts, lows, rows, sizes, np.cumsum(sizes), strict=True)
    chunks = packed(Chunk, [Chunk(a, b - a, least, held, end - n, end) for (a, b), least, held, n, end in ends])
    return groups, chunks, tiles._replace(run=run, reach=reach, patch=max(rows) * run + tiles.width)


def _rows(made: PhasePlan, groups: np.ndarray, outs: int) -> tuple[int, int]:
    """For how many rows of own and of common taps there must be room: one more than there may be."""
    step = int(made.phases["step"][0])
    members = made.phases[groups["first"] + step * np.arange(outs)[:, None]]
    first, stop = members["first"], members["first"] + step * members["entries"]
    common = np.maximum(stop.min(axis=0) - first.max(axis=0), 0) // step
    own = (stop.max(axis=0) - first.min(axis=0)) // step
    if np.count_nonzero(made.values) == made.values.size:  # else some of these may be read by a few
        own -= common
    return int(own.sum()) + 1, int(common.sum()) + 1


def _chunks(tiles: PhaseTiles, length: int, least: int, step: int, size: int) -> list[tuple[int, int]]:
    """The phases in pieces of about the same size, which the second-level cache holds if they need not be smaller."""
    pieces = 1

    def entries(phases: int) -> int:
        rows = min(phases * tiles.downs // tiles.ups + length, tiles.downs)
        return rows * tiles.width + phases * (tiles.width + length // step)

    most = tiles.ups // least
    while pieces < most and entries(tiles.ups // pieces) * size > CHUNK_BYTES:
        pieces = min(2 * pieces, most)
    return list(pairwise([tiles.ups * c // pieces // step * step for c in range(pieces + 1)]))


def _begins(first: int, stop: int, step: int, outs: int) -> np.ndarray:
    """The first phase of each group of a chunk; a last group overlaps the one before."""
    count = (stop - first) // step
    begins = np.minimum(np.arange(0, count, outs), count - outs)
    return np.concatenate([first + part + step * begins for part in range(step)])
