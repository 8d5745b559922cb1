"""Plans: a FIR filter between two rates laid out as lists of (tap, offset) for the tiles.

    y_n = Σ_j h_j x_{(M n − j)/L}   over the taps j for which L divides M n − j,

from a window of x to a window of y.  With g = gcd(L, M), L = g L', M = g M' the output n = a + p + L' i (its *phase* is
p) reads x at M' i + d, where d depends on p and on the tap alone.  So every phase is a list of (tap, offset):

    y[P i + p] = Σ_k tap_k · x[Q (i + e_k) + q_k]

with P phases of output and Q phases of input along the last axis.  The real and imaginary part of a sample are more
phases: P = 2 L', Q = 2 M', and a complex tap is four real ones.  Axes before the last add to the offset.  A tap that is
zero is not in the list, so it reads nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd, prod
from typing import Any

import numpy as np

from ....errors import DimensionError, FactorError, KernelError, OperandError, WindowError
from ...arrays.rules import CODES
from . import layout
from .layout import COMBS, DTYPES, VECTOR_BYTES
from .threads import checked, get_threads, share

TILE_BYTES = 24 * 1024  # half of the first-level cache of today's cores
PATCH_BYTES = 512 * 1024  # several rows at once live in the second level
ROW_ENTRIES = 1024  # of x in one row of a tile of several rows
# A sample that is read or written costs as much as so many multiply-adds; below how many a second thread costs more
# than it saves (it takes some 20 µs to start; so much work some 180), and how many a piece of work has at least.
SAMPLE_COST, THREAD_WORK, PIECE_WORK = 16, 10_000_000, 2_000_000
INDEX_LIMIT = 2**62  # indices are int64


# Arrays -------------------------------------------------------------------------------------------------------------


class _Alias:
    """The memory of a read-only array, which the kernels only read, as one that may be written."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array  # keeps the memory alive
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def only_read(x: np.ndarray) -> np.ndarray:
    """x, in C order and aligned, for kernels that do not write to it."""
    x = np.require(x, requirements=["C", "ALIGNED", "ENSUREARRAY"])
    return x if x.flags.writeable else np.asarray(_Alias(x))


def as_input(x: np.ndarray, plan: Runs, y: np.ndarray | None) -> tuple[np.ndarray, tuple[int, ...]]:
    """x as the kernels read it, a copy where it is not contiguous or may overlap y, and the shape of its batch."""
    shape = plan.shape_in
    lead = x.shape[: x.ndim - len(shape)]
    if x.shape != lead + shape or x.dtype != plan.dtype:
        raise WindowError(
            f"the input is {x.dtype} of shape {x.shape}, expected {plan.dtype} of shape "
            f"(…, {', '.join(map(str, shape))}); cast it, or make a plan for it"
        )
    if y is None and not plan.reversed_axes and x.flags.carray:
        return x, lead
    if y is not None and np.may_share_memory(x, y):
        x = x.copy()
    if plan.reversed_axes:
        x = np.flip(x, tuple([axis - len(shape) for axis in plan.reversed_axes]))
    return only_read(x), lead


def as_output(y: np.ndarray | None, shape: tuple[int, ...], dtype: Any, add: bool) -> np.ndarray:
    """y, or a new array of its shape."""
    if y is None:
        return np.zeros(shape, dtype) if add else np.empty(shape, dtype)
    if y.shape != shape or y.dtype != dtype or not y.flags.carray:
        raise WindowError(
            f"the output is {y.dtype} of shape {y.shape}, expected a writable, contiguous {dtype} of shape {shape}; "
            f"leave it out to get a new one"
        )
    return y


# The plan -----------------------------------------------------------------------------------------------------------


class Runs(ABC):
    """What filters arrays of one dtype between windows, by loops of its own.

    Attributes
    ----------
    dtype, real : dtype
        Of the arrays, and of their real and imaginary parts.
    shape_in, shape_out : tuple of int
        The sizes of the windows.
    reversed_axes : tuple of int
        Axes along which x is read backwards.
    """

    dtype: np.dtype
    real: np.dtype
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    reversed_axes: tuple[int, ...]

    @cached_property
    @abstractmethod
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch."""

    @abstractmethod
    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        """Fill y from x, or add to it, both flat and real."""

    @cached_property
    def cost(self) -> int:
        """Multiply-adds that take as long as one run without a batch."""
        return self.multiply_adds + SAMPLE_COST * (prod(self.shape_in) + prod(self.shape_out))

    def run(
        self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None
    ) -> np.ndarray:
        """y, or y + the filtered x where ``add``.

        Parameters
        ----------
        x : ndarray
            Shape (…, \\*shape_in), of the plan's dtype; the leading axes are a batch.
        y : ndarray, optional
            Shape (…, \\*shape_out), contiguous; it is written and returned.
        add : bool
            Whether y is added to.
        threads : int, optional
            At most so many; by default :func:`get_threads`.  The result does not depend on it.

        Raises :class:`~opalgebra.WindowError` for another shape or dtype.

        >>> plan(np.ones(3), [0], [1], [1], [(0, 5)], [(0, 3)], float).run(np.ones(3))
        array([1., 2., 3., 2., 1.])
        """
        x, lead = as_input(x, self, y)
        y = as_output(y, lead + self.shape_out, self.dtype, add)
        batch = prod(lead)
        busy = self.cost * batch > THREAD_WORK
        most = checked(threads) if threads is not None else get_threads() if busy else 1
        if y.size:
            flat_x, flat_y = x.reshape(-1).view(self.real), np.asarray(y).reshape(-1).view(self.real)
            self._run(flat_x, flat_y, batch, add, most if busy else 1)
        return y


@dataclass(frozen=True, eq=False)
class Plan(Runs):
    """y_n = Σ_j h_j x_{(M n − j)/L} between two windows, ready to run on arrays of one dtype.

    Made by :func:`plan`.

    Attributes
    ----------
    dtype, real : dtype
        Of the arrays, and of their real and imaginary parts.
    shape_in, shape_out : tuple of int
        The sizes of the windows.
    reversed_axes : tuple of int
        Axes along which x is read backwards.
    taps, at, ptr : ndarray
        The lists: taps ptr[p, 0] ≤ k < ptr[p, 3] make phase p, at[0, k] is the offset in x, at[1, k] the one in a patch
        and at[2, k] the one of entries along the last axis.  From ptr[p, 0] on four at a time are a vector apart, from
        ptr[p, 1] on two, from ptr[p, 2] on there are single ones.
    axes, last : ndarray
        The tables of :mod:`.layout`.
    is_tiled : bool
        Whether vectors of outputs are computed together, or one sum after the other.
    """

    dtype: np.dtype
    real: np.dtype
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    reversed_axes: tuple[int, ...]
    taps: np.ndarray
    at: np.ndarray
    ptr: np.ndarray
    axes: np.ndarray
    last: np.ndarray
    is_tiled: bool

    @property
    def kind(self) -> str:
        """How it runs: ``"tiles"`` of vectors, or one of the ``"sums"`` after the other."""
        return "tiles" if self.is_tiled else "sums"

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch, taps that are zero left out."""
        last, ups, outs = self.last.tolist(), self.axes[:, layout.UP].tolist(), self.axes[:, layout.OUT].tolist()
        per_output = (self.ptr[:, -1] - self.ptr[:, 0]).reshape(*ups, last[layout.P])
        sizes, phases = [*outs, last[layout.N]], [*ups, last[layout.P]]
        for n, p in zip(reversed(sizes), reversed(phases), strict=True):
            per_output = per_output @ ((n - np.arange(p) + p - 1) // p)  # how many outputs have each phase
        return int(per_output)

    @cached_property
    def _code(self) -> Any:
        """The compiled loop, for the entries of this plan."""
        from .loops import tiles  # Numba takes a second to import

        return (tiles.tiles if self.is_tiled else tiles.each)(self.real)

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        """``last`` for a result that is new, and for one that is added to."""
        tables = self.last.copy(), self.last.copy()
        for add, table in enumerate(tables):
            table[layout.ADD] = add
        return tables

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        """How many tiles one array has, and the entries of scratch memory for a tile."""
        patch, width, phases, columns, chunks = self.last[
            [layout.PATCH, layout.WIDTH, layout.P, layout.COLUMNS, layout.CHUNKS]
        ].tolist()
        return columns * chunks, patch + phases * width

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        code, last, pieces = self._code, self._tables[add], self.cost * batch // PIECE_WORK
        if not self.is_tiled:
            each, at = code, self.at[2]
            share(lambda a, b, _: each(y, x, self.taps, at, self.ptr, last, a, b), y.size, threads, most=pieces)
            return
        strides = (x.size // batch, y.size // batch)
        count, scratch = self._sizes

        def part(first: int, stop: int, work: Any) -> None:
            code(y, x, self.taps, self.at, self.ptr, work, self.axes, last, strides, first, stop)

        share(part, batch * count, threads, lambda: np.empty(scratch, self.real), pieces)


def plan(
    taps: np.ndarray,
    start: Sequence[int],
    up: Sequence[int],
    down: Sequence[int],
    out: Sequence[tuple[int, int]],
    read: Sequence[tuple[int, int]],
    dtype: Any,
    rules: Sequence[str] | str = "zero",
) -> Plan:
    """The plan of y_n = Σ_j h_j x_{(M n − j)/L}, all arguments per axis.

    Parameters
    ----------
    taps : ndarray
        Shape (\\*K); complex for a complex dtype only, integers for an integer dtype only.
    start : sequence of int
        The j of the first tap.
    up, down : sequence of int
        L ≥ 1 and M ≠ 0; a negative M reads x backwards.
    out, read : sequence of (int, int)
        Start and size of the windows of y and x.
    dtype : dtype
        float32, float64, int64, complex64 or complex128, of x and y; sums are taken in it, and integers wrap around.
    rules : str or sequence of str
        A name of ``CODES``: how x goes on outside of its window.

    Raises :class:`~opalgebra.OperandError`, :class:`~opalgebra.KernelError`, :class:`~opalgebra.FactorError`,
    :class:`~opalgebra.DimensionError` and :class:`~opalgebra.WindowError` where an argument is none of these.

    >>> up2 = plan(np.array([1, 2, 1]), [-1], [2], [1], [(0, 5)], [(0, 3)], np.int64)
    >>> up2.run(np.array([1, 2, 3]))
    array([2, 3, 4, 5, 6])
    """
    dtype, rank = np.dtype(dtype), taps.ndim
    rules = (rules,) * rank if isinstance(rules, str) else tuple(rules)
    check(taps, dtype, start, up, down, out, read, rules)
    if taps.dtype.kind == "c" and not taps.imag.any():
        taps = taps.real
    where = np.nonzero(taps)
    flipped = tuple([axis for axis in range(rank) if down[axis] < 0])
    axes, reads = axes_of(where, start, up, down, out, read, rules)
    return _Builder(axes, taps[where][reads], dtype, flipped).build()


def check(taps: np.ndarray, dtype: np.dtype, start: Any, up: Any, down: Any, out: Any, read: Any, rules: Any) -> None:
    """Refuse what no plan can be made of."""
    if dtype not in DTYPES:
        names = ", ".join(sorted(map(str, DTYPES)))
        raise OperandError(f"arrays of {dtype} cannot be filtered; cast to one of {names}")
    if not np.can_cast(taps.dtype, dtype, "safe" if dtype.kind == "i" else "same_kind"):
        raise KernelError(f"taps of {taps.dtype} do not fit arrays of {dtype}; cast one of them")
    if not taps.ndim or any(len(given) != taps.ndim for given in (start, up, down, out, read, rules)):
        raise DimensionError(f"taps of {taps.ndim} axes; give at least one, and every other argument once per axis")
    if any(factor < 1 for factor in up) or not all(down):
        raise FactorError(f"the factors are L = {tuple(up)} and M = {tuple(down)}; expected L ≥ 1 and M ≠ 0")
    if any(size < 0 for _, size in (*out, *read)):
        raise WindowError(f"the windows are {tuple(out)} and {tuple(read)}; expected pairs (start, size), size ≥ 0")
    if unknown := set(rules) - set(CODES):
        raise WindowError(f"no rule {', '.join(map(repr, unknown))} for a boundary; expected one of {', '.join(CODES)}")
    if any(rule != "zero" and not size for rule, (_, size) in zip(rules, read, strict=True)):
        raise WindowError("an empty array cannot be continued; use the rule 'zero', or a longer array")
    for j, t, k, m, (a, n), (c, size) in zip(start, taps.shape, up, down, out, read, strict=True):
        reach = max(abs(m) * (abs(a) + n + k) + k * (abs(c) + size) + abs(j) + t, k * k)
        if reach >= INDEX_LIMIT:
            raise WindowError(f"indices reach {reach}, expected less than 2**62; use smaller factors or windows")


@dataclass(eq=False)
class _Axis:
    """One axis: L' and M', the sizes of y and x, the rule; per tap whether it reads, its phase p and its offset d."""

    up: int
    down: int
    outputs: int
    inputs: int
    rule: int
    reads: np.ndarray
    phase: np.ndarray
    offset: np.ndarray

    @property
    def range(self) -> tuple[int, int]:
        """The least offset, and how far the largest is from it."""
        return (int(self.offset.min()), int(np.ptp(self.offset))) if self.offset.size else (0, 0)


def axes_of(
    where: Sequence[np.ndarray], start: Any, up: Any, down: Any, out: Any, read: Any, rules: Sequence[str]
) -> tuple[list[_Axis], np.ndarray]:
    """The axes, for the taps at some places, and which of these read anything at all."""
    axes = [axis_of(start[r] + at, up[r], down[r], out[r], read[r], CODES[rules[r]]) for r, at in enumerate(where)]
    reads = np.logical_and.reduce([axis.reads for axis in axes])
    for axis in axes:
        axis.phase, axis.offset = axis.phase[reads], axis.offset[reads]
    return axes, reads


def axis_of(
    j: np.ndarray, up: int, down: int, out: tuple[int, int], read: tuple[int, int], rule: int = layout.ZERO
) -> _Axis:
    """An axis for the taps j."""
    (a, outputs), (c, inputs) = out, read
    if down < 0:  # x backwards: −j for j, and the window mirrored
        j, down, c = -j, -down, 1 - c - inputs
    g = gcd(up, down)
    reads, j, up, down = j % g == 0, j // g, up // g, down // g
    inverse = pow(down, -1, up) if up > 1 else 0
    phase = (j % up * inverse - a) % up
    offset = (down * (a + phase) - j) // up - c
    return _Axis(up, down, outputs, inputs, rule, reads, phase, offset)


# Its making ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Row:
    """The last axis in entries, of which a complex sample has two: P, Q, N, and per real tap its phase and offset."""

    phases: int
    inputs: int
    outputs: int
    phase: np.ndarray
    entry: np.ndarray
    taps: np.ndarray

    @property
    def e(self) -> np.ndarray:
        return self.entry // self.inputs

    @property
    def range(self) -> tuple[int, int]:
        """The least e, and how far the largest is from it."""
        return (int(self.e.min()), int(np.ptp(self.e))) if self.entry.size else (0, 0)

    @property
    def count(self) -> int:
        """The values of i."""
        return -(-self.outputs // self.phases)


def row_of(last: _Axis, taps: np.ndarray, parts: int) -> _Row:
    """The last axis in entries, for taps (numbers or matrices) along the first axis of an array."""
    # (taps, component of y, component of x)
    blocks = [(taps, p, p) for p in range(parts)]
    if taps.dtype.kind == "c":
        blocks = [(taps.real, 0, 0), (-taps.imag, 0, 1), (taps.imag, 1, 0), (taps.real, 1, 1)]
    elif last.up * last.down == 1:  # the components lie side by side and are filtered alike
        return _Row(1, 1, last.outputs * parts, last.phase, parts * last.offset, taps)
    return _Row(
        parts * last.up,
        parts * last.down,
        last.outputs * parts,
        np.concatenate([parts * last.phase + into for _, into, _ in blocks]),
        np.concatenate([parts * last.offset + source for _, _, source in blocks]),
        np.concatenate([part for part, _, _ in blocks]),
    )


class _Builder:
    """Chooses the tiles of a plan and lays the lists of taps out."""

    def __init__(self, axes: list[_Axis], taps: np.ndarray, dtype: np.dtype, flipped: tuple[int, ...]) -> None:
        self.axes, self.taps, self.dtype, self.flipped = axes, taps, dtype, flipped
        self.real = np.dtype(dtype.type().real.dtype)
        self.parts = dtype.itemsize // self.real.itemsize
        self.lanes = VECTOR_BYTES // self.real.itemsize

    def build(self) -> Plan:
        """The plan."""
        row = row_of(self.axes[-1], self.taps, self.parts)
        width = self._width(row)
        rows, held = self._rows(row, width)
        e_min, reach = row.range
        run = width + reach
        run += self.lanes if run % (4 * self.lanes) == 0 else 0  # a power of two apart: the same cache lines
        axes, patch = self._table(held, row.inputs * run)
        taps, at, ptr = self._lists(row, axes, run)
        front, last = self.axes[0], self.axes[-1]
        chunks = -(-front.outputs // rows) if len(self.axes) > 1 else 1
        columns = -(-row.count // width) if width else 0
        table = (row.phases, row.inputs, row.outputs, last.inputs, self.parts, e_min, reach, row.count, width, run,
                 last.rule, rows, columns, chunks, patch, 0)  # fmt: skip
        shape_in, shape_out = tuple([axis.inputs for axis in self.axes]), tuple([axis.outputs for axis in self.axes])
        is_tiled = len(self.axes) > 1 or not self._prefers_sums(row, run, width)
        return Plan(self.dtype, self.real, shape_in, shape_out, self.flipped, taps, at, ptr, axes,
                    np.array(table, np.int64), is_tiled)  # fmt: skip

    def _width(self, row: _Row) -> int:
        """How many i make a tile: whole blocks of eight vectors where the caches hold so much."""
        size, block, reach = self.real.itemsize, 8 * self.lanes, row.inputs * row.range[1]
        together = row.phases + row.inputs
        width = ROW_ENTRIES // row.inputs if len(self.axes) > 1 else (TILE_BYTES // size - reach) // together
        if width < block:  # many phases: better eight vectors in the second-level cache than few in the first
            width = min(block, (PATCH_BYTES // size - reach) // together)
        width = max(1, width // self.lanes) * self.lanes if width < block else width // block * block
        return min(width, -(-row.count // self.lanes) * self.lanes)

    def _rows(self, row: _Row, width: int) -> tuple[int, list[int]]:
        """How many outputs along the first axis make a tile, and the rows of x that it holds, per axis."""
        before = self.axes[:-1]
        held = [axis.down * ((axis.outputs - 1) // axis.up) + axis.range[1] + 1 for axis in before]
        if not before:
            return 1, held
        first, reach = before[0], before[0].range[1]
        plane = row.inputs * (width + row.range[1]) * prod(held[1:])
        fitting = PATCH_BYTES // self.real.itemsize // max(1, plane) - reach
        rows = max(1, min(max(fitting // first.down * first.up, reach), first.outputs))
        held[0] = first.down * -(-rows // first.up) + reach + 1
        return rows, held

    def _table(self, held: list[int], stride: int) -> tuple[np.ndarray, int]:
        """The table of the axes before the last, and the size of a patch."""
        table = np.zeros((len(held), layout.AXIS_ENTRIES), np.int64)
        x_step, y_step = self.axes[-1].inputs * self.parts, self.axes[-1].outputs * self.parts
        for r in reversed(range(len(held))):
            axis = self.axes[r]
            table[r] = (axis.up, axis.down, axis.outputs, axis.inputs, *axis.range, x_step, y_step, stride, axis.rule)
            x_step, y_step, stride = x_step * axis.inputs, y_step * axis.outputs, stride * held[r]
        return table, stride

    def _lists(self, row: _Row, axes: np.ndarray, run: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Taps, offsets and the bounds of each phase; the phases of the last axis go fastest, then those before."""
        e, repeat = row.e, row.taps.size // self.taps.size if self.taps.size else 1
        at = np.stack([e, row.entry % row.inputs * run + e - row.range[0], row.entry])
        phase, phases = row.phase.copy(), row.phases
        for r in reversed(range(len(axes))):
            axis, lead = self.axes[r], np.tile(self.axes[r].offset, repeat)
            at[0] += lead * axes[r, layout.X_STEP]
            at[1] += (lead - axes[r, layout.LOW]) * axes[r, layout.PATCH_STEP]
            phase += phases * np.tile(axis.phase, repeat)
            phases *= axis.up
        order = np.lexsort((at[1], phase))
        order = order[row.taps[order] != 0]  # a part of a complex tap that is zero reads nothing
        bounds = np.arange(phases)[:, None] * len(COMBS) + np.arange(len(COMBS) + 1)
        combs, comb = _combs(phase[order], at[:2, order], self.lanes)
        order, kind = order[combs], phase[order[combs]] * len(COMBS) + comb
        ptr = np.searchsorted(kind, bounds).astype(np.int64)
        return np.ascontiguousarray(row.taps[order].astype(self.real)), np.ascontiguousarray(at[:, order]), ptr

    def _prefers_sums(self, row: _Row, run: int, width: int) -> bool:
        """Whether vectors over i would be mostly empty, and their patch dearer than the sums themselves."""
        patch = row.inputs * run + row.phases * width
        is_wide = patch * self.real.itemsize > 2 * PATCH_BYTES  # a factor so large that most of a patch is not read
        columns = -(-row.count // width) if width else 0
        few = row.count < self.lanes or is_wide
        return few and 2 * row.count * row.taps.size < columns * (row.taps.size + patch)


def _combs(phase: np.ndarray, at: np.ndarray, lanes: int) -> tuple[np.ndarray, np.ndarray]:
    """Taps of each phase, sorted by at[1], in chains whose next one lies ``lanes`` further: first what fills combs of
    four, then of two, then the rest; and which of :data:`COMBS` each of them belongs to."""
    index = np.arange(phase.size)
    key = phase * (np.ptp(at[1]) + lanes + 1 if phase.size else 1) + at[1]
    after = np.searchsorted(key, key + lanes)
    after[after == phase.size] = 0
    is_next = (key[after] == key + lanes) & (at[0, after] == at[0] + lanes)
    root = index.copy()
    root[after[is_next]] = index[is_next]
    while (root[root] != root).any():
        root = root[root]
    depth = (at[1] - at[1, root]) // lanes
    rest = np.bincount(root, minlength=phase.size)[root]
    comb = np.full(phase.size, len(COMBS) - 1)
    done = np.zeros_like(rest)
    for number, size in enumerate(COMBS):
        fits = rest // size * size
        comb[(depth >= done) & (depth < done + fits)] = number
        done, rest = done + fits, rest - fits
    return (order := np.lexsort((depth, root, comb, phase))), comb[order]
