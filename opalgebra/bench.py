"""Operators on arrays beside SciPy and NumPy, in one process: ``opalgebra bench``.

Nothing is timed before all ways have given the same numbers, and all of one row are timed in turn, so that what else
the machine does disturbs them alike.  Ratios travel between machines, times do not.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, exp, inf, log
from statistics import median
from typing import Any, TextIO, TypeAlias

import numpy as np

from .engine.ways.compiled.threads import get_threads
from .errors import OpAlgebraError, OperandError
from .expr import Conv, Down, Signal, Up
from .show.notation.ascii import say

Run: TypeAlias = Callable[[], Any]
Peer: TypeAlias = Callable[[np.ndarray, np.ndarray, bool], Run | None]
"""(taps, data, adjoint) → what computes the result, or None without such an adjoint; plans are made before."""

QUIET = 5e-3  # seconds before each measurement, in which idle threads of the last one stop spinning
SHORTEST = 1e-3  # seconds of one measurement; faster ways are called several times in it
OURS_AT_MOST, PEERS_AT_MOST = 4.0, 64.0  # rounding errors


class Disagreement(OpAlgebraError, ArithmeticError):
    """Two ways of computing the same gave different numbers."""


@dataclass(frozen=True)
class Task:
    """One map of arrays, as opalgebra and its peers compute it.

    Attributes
    ----------
    name : str
    bind : callable
        Taps → the bound operator.
    taps, data : tuple of int
        Shapes of the taps and of the input.
    peers : mapping of str to callable
        Name → (taps, data, adjoint) → a function without arguments.  The first one is the judge: run in float64 it says
        what is right.
    adjoint : bool
        Whether the adjoint is a task too.
    """

    name: str
    bind: Callable[[np.ndarray], Any]
    taps: tuple[int, ...]
    data: tuple[int, ...]
    peers: Mapping[str, Peer]
    adjoint: bool = True


@dataclass(frozen=True)
class Row:
    """What was measured for a task: seconds of opalgebra and of every peer, and the largest error.

    ``error`` is in rounding errors of the Σ|h||x| of the same sample, ``spread`` in those of the largest such sum: an
    FFT spreads the error of its largest samples over all.
    """

    task: Task
    dtype: str
    direction: str
    ours: float
    peers: Mapping[str, float] = field(default_factory=dict)
    error: float = 0.0
    spread: float = 0.0

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @property
    def best(self) -> str:
        """The fastest peer."""
        return min(self.peers, key=self.peers.__getitem__)

    @property
    def ratio(self) -> float:
        """How many times faster than the best peer; below 1 it is slower."""
        return self.peers[self.best] / self.ours


# Measuring ----------------------------------------------------------------------------------------------------


def medians(ways: Mapping[str, Run], repeats: int = 7, budget: float = 1.5) -> dict[str, float]:
    """Median seconds of a call of each way, all called in turn.

    Each way is called once beforehand; one that has used up its budget of seconds drops out.
    """
    calls = {name: max(1, ceil(SHORTEST / max(_seconds(run, 1), 1e-9))) for name, run in ways.items()}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, run in ways.items():
            if sum(found[name]) * calls[name] < budget:
                time.sleep(QUIET)
                found[name].append(_seconds(run, calls[name]) / calls[name])
    return {name: median(times) for name, times in found.items()}


def _seconds(run: Run, calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - begin


def rounding_errors(found: Any, exact: np.ndarray, scale: np.ndarray) -> float:
    """The largest |found − exact| in rounding errors ε Σ|h||x|, ``scale`` being Σ|h||x|; infinite where shapes differ.

    >>> rounding_errors(np.float32([1, 2 + 2**-22]), np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    1.0
    """
    found = np.asarray(found)
    if found.shape != exact.shape:
        return inf
    difference, room = np.abs(found - exact), float(np.finfo(found.dtype).eps) * scale
    if np.any(difference[room == 0] != 0):
        return inf
    return float(np.max(np.divide(difference, room, where=room > 0, out=np.zeros_like(room)), initial=0.0))


def compare(task: Task, dtype: str, adjoint: bool = False, repeats: int = 7) -> Row:
    """Check that all ways agree, then time them.

    Raises
    ------
    Disagreement
        Where a result is more than 4 rounding errors of the largest Σ|h||x| off, or a peer computes something else.
    """
    kind = np.dtype(dtype)
    wide = np.result_type(kind, np.float64)
    h, x = samples(task, kind, adjoint)
    exact, scale = judged(task, h.astype(wide), x.astype(wide), adjoint)
    bound = task.bind(h)
    bound = bound.H if adjoint else bound
    peers = {name: make(h, x, adjoint) for name, make in task.peers.items()}
    ways: dict[str, Run] = {"opalgebra": lambda: bound(x), **{name: run for name, run in peers.items() if run}}
    largest = np.full_like(scale, scale.max(initial=0))
    errors = {name: rounding_errors(run(), exact, largest) for name, run in ways.items()}
    ours = OURS_AT_MOST * (1 if kind != wide else 2)  # in double precision the judge rounds as well
    wrong = [name for name, found in errors.items() if not found <= (ours if name == "opalgebra" else PEERS_AT_MOST)]
    if wrong:
        found = ", ".join(f"{name} by {errors[name]:.3g} rounding errors" for name in wrong)
        raise Disagreement(f"{task.name}, {dtype}: not what {next(iter(task.peers))} computes in float64: {found}")
    times = medians(ways, repeats)
    error, spread = rounding_errors(bound(x), exact, scale), errors["opalgebra"]
    return Row(task, dtype, "adjoint" if adjoint else "forward", times.pop("opalgebra"), times, error, spread)


def judged(task: Task, h: np.ndarray, x: np.ndarray, adjoint: bool) -> tuple[np.ndarray, np.ndarray]:
    """What the first peer makes of h and x, and of their absolute values: Σ|h||x|."""
    judge = next(iter(task.peers.values()))
    exact, scale = judge(h, x, adjoint), judge(np.abs(h), np.abs(x), adjoint)
    if exact is None or scale is None:
        raise OperandError(f"{task.name}: the first peer judges and must be able to run what is asked")
    return np.asarray(exact()), np.asarray(scale())


def samples(task: Task, dtype: Any, adjoint: bool) -> tuple[np.ndarray, np.ndarray]:
    """Noise for the taps and for the data, which for the adjoint has the shape of the output."""
    rng = np.random.default_rng(0)

    def noise(shape: tuple[int, ...]) -> np.ndarray:
        x = rng.standard_normal(shape)
        return np.asarray(x + 1j * rng.standard_normal(shape) if dtype.kind == "c" else x).astype(dtype)

    h = noise(task.taps)
    if not adjoint:
        return h, noise(task.data)
    bound = task.bind(h)
    return h, noise((*task.data[: len(task.data) - len(bound.dims)], *bound.dimsd))


def geometric_mean(ratios: Sequence[float]) -> float:
    """exp of the mean of the logarithms.

    >>> round(geometric_mean([2, 8]), 12)
    4.0
    """
    return exp(sum(map(log, ratios)) / len(ratios))


# Filters between two rates, and SciPy's ways to run them ------------------------------------------------------------


def rates(taps: int, up: int, down: int, size: int, peers: Mapping[str, Peer] | None = None) -> Task:
    """↓M (h∗) ↑L on one axis, with the full output; the peers are SciPy's and those that are given."""
    one_rate = up == down == 1
    scipy: dict[str, Peer] = {"upfirdn": upfirdn(up, down, size), **({"oaconvolve": oaconvolve} if one_rate else {})}
    letters = "".join(f" {arrow}{k}" for arrow, k in (("↑", up), ("↓", down)) if k > 1)
    name = f"{taps} taps{letters}, {power(size)}"

    def bind(h: np.ndarray) -> Any:
        operator: Any = Conv(h)
        operator = operator @ Up(up) if up > 1 else operator
        return (Down(down) @ operator if down > 1 else operator).on(size)

    return Task(name, bind, (taps,), (size,), {**scipy, **(peers or {})})


def power(size: int) -> str:
    """A size, short where it is a power of two.

    >>> power(2**21), power(100)
    ('2²¹ samples', '100 samples')
    """
    exponent = size.bit_length() - 1
    is_power = size == 1 << exponent and exponent > 9
    digits = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"2{digits} samples" if is_power else f"{size:,} samples"


def upfirdn(up: int, down: int, size: int) -> Peer:
    """scipy.signal.upfirdn; its adjoint is upfirdn with the taps reversed and the rates exchanged, cut to the input."""

    def make(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
        from scipy.signal import upfirdn as run

        if not adjoint:
            return lambda: run(h, x, up, down)
        turned = np.concatenate([np.zeros(-(len(h) - 1) % up, h.dtype), h[::-1].conj()])
        first = (len(turned) - 1) // up
        return lambda: run(turned, x, down, up)[first : first + size]

    return make


def oaconvolve(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
    """scipy.signal.oaconvolve: overlap-add by FFT."""
    from scipy.signal import oaconvolve as run

    turned = h[::-1].conj()
    return (lambda: run(x, turned, mode="valid")) if adjoint else lambda: run(x, h)


def ndimage(rule: str) -> Peer:
    """scipy.ndimage.convolve with a centred kernel of odd size; its adjoint is the correlation, for zeros outside."""

    def make(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
        from scipy import ndimage

        run = ndimage.correlate if adjoint else ndimage.convolve
        return lambda: run(x, h, mode=rule)

    return make


def numpy_convolve(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
    """numpy.convolve, for one rate."""
    return (lambda: np.convolve(x, h[::-1].conj(), "valid")) if adjoint else (lambda: np.convolve(x, h))


def centred(taps: tuple[int, ...], data: tuple[int, ...], rule: str, peers: Mapping[str, Peer]) -> Task:
    """A centred kernel with as many outputs as inputs."""
    by = "×".join

    def bind(h: np.ndarray) -> Any:
        return Conv(Signal(h, start=tuple(-(n // 2) for n in taps))).on(data, mode="same", boundary=rule)

    name = f"{by(map(str, taps))} taps, {by(map(str, data))}" + (f", {rule}" if rule != "zero" else "")
    return Task(name, bind, taps, data, peers, adjoint=rule == "zero")


# The table ------------------------------------------------------------------------------------------------------------


def tasks(scale: int = 0) -> list[Task]:
    """What ``opalgebra bench`` runs, with 2^scale times fewer samples."""
    n, side = 2**18 >> scale, 512 >> scale // 2
    return [
        rates(31, 1, 1, n),
        rates(4, 2, 1, n),
        rates(32, 2, 1, n),
        rates(31, 1, 2, n),
        rates(61, 2, 3, n),
        rates(2560, 160, 147, n),
        rates(1023, 1, 1, n // 2),
        centred((7, 7), (side, side), "zero", {"ndimage.convolve": ndimage("constant")}),
        rates(5, 1, 1, 16, {"numpy.convolve": numpy_convolve}),
    ]


HEAD = ("what", "dtype", "direction", "opalgebra", "SciPy, NumPy", "the fastest of them", "ratio", "error")


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table."""
    ratio = f"{row.ratio:.3g}×" + ("" if row.ratio >= 1 else " slower")
    times = duration(row.ours), duration(row.peers[row.best])
    return (row.name, np.dtype(row.dtype).name, row.direction, *times, row.best, ratio, accuracy(row))


def accuracy(row: Row) -> str:
    """The error relative to the sum of the same sample, or with a star to the largest one where only that is small."""
    return f"{row.error:.1f}" if row.error <= OURS_AT_MOST else f"{row.spread:.1f}*"


def duration(seconds: float) -> str:
    """Seconds in a unit that suits them.

    >>> duration(0.0123), duration(4.5e-6), duration(12)
    ('12.3 ms', '4.5 µs', '12 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def columns(table: Sequence[Sequence[str]]) -> str:
    """Rows as columns of equal width, the first row as their head."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def main(out: TextIO | None = None, repeats: int = 5, scale: int = 0) -> int:
    """Print the table; the exit status is 1 where a result is wrong.

    Parameters
    ----------
    out : file, optional
        By default standard output.
    repeats : int
        Rounds of which the median is taken, at least 1.
    scale : int
        2^scale times fewer samples.
    """
    if repeats < 1:
        raise OperandError(f"the rounds are {repeats}; give an int of at least 1")
    out = out or sys.stdout
    rows = []
    for task in tasks(scale):
        for dtype in ("f4", "f8"):
            for adjoint in (False, True) if task.adjoint else (False,):
                try:
                    rows.append(compare(task, dtype, adjoint, repeats))
                except Disagreement as error:
                    say(f"opalgebra: {error}", sys.stderr)
                    return 1
    say(columns([HEAD, *map(cells, rows)]), out)
    mean, slower = geometric_mean([row.ratio for row in rows]), sum(row.ratio < 1 for row in rows)
    say(f"\nratio: time of the fastest of them / time of opalgebra with {get_threads()} threads; geometric mean "
        f"{mean:.3g}, {slower} of {len(rows)} slower.\nerror: in rounding errors of Σ|h||x|, those with * of the "
        "largest such sum, as with FFTs.\nTimes are medians of calls in turn; ratios travel between machines, times do "
        "not.", out)  # fmt: skip
    return 0
