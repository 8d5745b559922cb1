"""Responses of several channels: blocks, filter banks and trees of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...algebra.banks.filterbank import FilterBank, Tree
from ...algebra.judge.evaluate import Evaluator
from ...errors import DimensionError, SizeError
from ...expr import Conv, LinearOperator, SignalExpr, formal_parts, grid
from .spectrum import AliasMap, check_known, check_points, frequencies, settled
from .style import FLOOR, Theme, as_numbers, beside, curve, decibels, entitle, figure, show_magnitudes

OVERLAID = 36  # channels in one set of axes
GRID = 8  # rows and columns of small plots
ALIASES = 6  # alias functions with a curve of their own
POINTS_2D = 256


def channels(operator: LinearOperator, theme: Theme, db: bool, points: int) -> Any:
    """|H| of every entry: in one set of axes where there is one input or one output, else in a grid."""
    if operator.ndim not in (None, 1):
        raise DimensionError(f"{operator} acts on {operator.ndim} axes; plot its entries one by one")
    entries = grid(operator)
    height, width = len(entries), len(entries[0])
    if 1 in (height, width):
        made = figure(7, 3.6)
        column = [entry for row in entries for entry in row]
        overlay(made.subplots(), column, "output" if width == 1 else "input", theme, db, points)
    else:
        if max(height, width) > GRID:
            raise SizeError(f"{operator} has {height} × {width} entries; at most {GRID} × {GRID} are drawn: plot one")
        made = figure(2 + 1.7 * width, 1.2 + 1.4 * height)
        _grid(made.subplots(height, width, squeeze=False, sharex=True, sharey=True), entries, theme, db, points)
    entitle(made, "Responses of", operator)
    return made


def _grid(rows: Any, entries: Any, theme: Theme, db: bool, points: int) -> None:
    for i, row in enumerate(entries):
        for j, entry in enumerate(row):
            axes = rows[i, j]
            _curves(axes, [entry], [""], theme, db, points)
            axes.set_title(f"output {i}, input {j}", fontsize=8)
            axes.label_outer()
    peak = max(float(np.max(line.get_ydata())) for axes in rows.flat for line in axes.lines)
    rows[0, 0].set_ylim(*((max(peak - FLOOR, -200), peak + 4) if db else (0, 1.05 * peak)))
    rows[-1, 0].set_xlabel("cycles/sample")


def overlay(axes: Any, entries: list[LinearOperator], side: str, theme: Theme, db: bool, points: int) -> None:
    """The filters of all entries, one curve each."""
    if len(entries) > OVERLAID:
        raise SizeError(f"there are {len(entries)} channels; at most {OVERLAID} are drawn: plot some of the entries")
    found = _curves(axes, entries, [f"{side} {i}" for i in range(len(entries))], theme, db, points)
    rates = {(max(m.outputs, m.inputs) > 1, m.outputs == 1, m.inputs == 1) for m in found}
    where = "at the output" if {r[2] for r in rates} == {True} and {r[1] for r in rates} != {True} else "at the input"
    if not all(m.outputs == 1 or m.inputs == 1 for m in found):
        where = "at the highest rate of each"
    axes.set_xlabel(f"frequency {where} (cycles/sample)")
    beside(axes, ncols=1 + len(entries) // 12)


def _curves(
    axes: Any, entries: list[LinearOperator], labels: list[str], theme: Theme, db: bool, points: int
) -> list[AliasMap]:
    maps = [AliasMap.of(entry) for entry in entries]
    taps = [found.filter for found in maps]
    real = all(h.is_real for h in taps)
    half = slice(points // 2, None) if real else slice(None)
    f, peak = frequencies(points)[half], 0.0
    for i, (h, label) in enumerate(zip(taps, labels, strict=True)):
        magnitude = np.abs(np.fft.fftshift(h.spectrum(points)))[half]
        peak = max(peak, float(magnitude.max()))
        zero = " (zero)" if not h.values.size else ""
        axes.plot(f, curve(magnitude, db), label=label + zero, **theme.line(i))
    show_magnitudes(axes, db, peak)
    axes.set_xlim(0 if real else -0.5, 0.5)
    return maps


# Filter banks -----------------------------------------------------------------------------------------------


def bank(bank: FilterBank | Tree, theme: Theme, *, db: bool = True, points: int = 2048) -> Any:
    """Analysis and synthesis filters, and what the whole does: its distortion and its aliasing functions."""
    points = check_points(points)
    operator = bank.operator
    check_known(operator, formal_parts(operator))
    if operator.ndim == 2 and isinstance(bank, FilterBank):
        return _bank_2d(bank, theme, db)
    if operator.ndim not in (None, 1):
        raise DimensionError(f"the bank acts on {operator.ndim} axes; banks on one and two axes are drawn")
    made = figure(7.6, 8)
    rows = made.subplots(3, 1)
    halves = ((rows[0], "Analysis", bank.analysis), (rows[1], "Synthesis", bank.synthesis))
    for axes, half, side in halves:
        entries = [entry for row in grid(side) for entry in row]
        overlay(axes, entries, "channel", theme, db, points)
        axes.set_title(f"{half} filters")
    _transfer(rows[2], AliasMap.of(operator), theme, db, points)
    entitle(made, _called(bank))
    return made


def _called(bank: FilterBank | Tree) -> str:
    inner, levels = (bank.bank, f", {bank.levels} levels") if isinstance(bank, Tree) else (bank, "")
    return f"Filter bank{' ' * bool(inner.name)}{inner.name}: {inner.channels} channels, k = {inner.factor}{levels}"


def _transfer(axes: Any, found: AliasMap, theme: Theme, db: bool, points: int) -> None:
    """|T_0|, and |T_k| for what comes from the frequency f + k/M."""
    f, components = frequencies(points), np.abs(found.components(points))
    peak = float(components.max())
    axes.plot(f, curve(components[0], db), label="$|T_0|$ distortion", linewidth=2, color=theme.colors[0])
    heard = [k for k in range(1, found.inputs) if components[k].max() > 0]
    for i, k in enumerate(heard[:ALIASES], 1):
        axes.plot(f, curve(components[k], db), label=f"$|T_{{{k}}}|$ from $f+{k}/{found.inputs}$", **theme.line(i))
    largest(axes, components, heard[ALIASES:], theme, db)
    show_magnitudes(axes, db, peak)
    if db:
        _include(axes, components[[0, *heard]].max(axis=1))
    axes.set(xlabel="frequency f (cycles/sample)", xlim=(-0.5, 0.5))
    axes.set_title("Synthesis after analysis: distortion" + (" and aliasing" if heard else "; aliasing is exactly 0"))
    beside(axes)


def largest(axes: Any, components: np.ndarray, rest: list[int], theme: Theme, db: bool) -> None:
    """One curve for the alias components that have none of their own: the largest of them."""
    if rest:
        most = curve(components[rest].max(axis=0), db)
        label = f"largest of the other {len(rest)}"
        axes.plot(frequencies(len(most)), most, color=theme.ink, linewidth=0.8, label=label)


def _include(axes: Any, peaks: np.ndarray) -> None:
    """Lower the axis to aliases that are small and not zero, such as those that rounded taps leave."""
    lowest = float(decibels(peaks.min()))
    low, high = axes.get_ylim()
    if np.isfinite(lowest) and lowest < low:
        axes.set_ylim(lowest - 0.1 * (high - lowest), high)


# Two axes ---------------------------------------------------------------------------------------------------


def magnitude_2d(at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """|H(f₀, f₁)| on a grid from −½ on."""
    folded = np.zeros((POINTS_2D, POINTS_2D), dtype=complex)
    np.add.at(folded, tuple((at % POINTS_2D).T), values)
    return np.asarray(np.fft.fftshift(np.abs(np.fft.fft2(folded))))


def show_2d(axes: Any, magnitude: np.ndarray, theme: Theme, db: bool) -> None:
    """The magnitude as an image."""
    peak = float(magnitude.max()) or 1.0
    shown = np.maximum(decibels(magnitude / peak), -60) if db else magnitude
    low, high = -0.5 - 0.5 / POINTS_2D, 0.5 - 0.5 / POINTS_2D
    limits = {"vmin": -60.0, "vmax": 0.0} if db else {"vmin": 0.0, "vmax": peak}
    drawn = axes.imshow(shown, cmap="cividis", extent=(low, high, high, low), **limits)
    axes.figure.colorbar(drawn, ax=axes, shrink=0.85, label="magnitude (dB below the peak)" if db else "magnitude")
    axes.set(xlabel="$f_1$ (cycles/sample)", ylabel="$f_0$ (cycles/sample)")
    axes.grid(False)


def _bank_2d(bank: FilterBank, theme: Theme, db: bool) -> Any:
    count = bank.channels
    if count > GRID:
        raise SizeError(f"the bank has {count} channels; at most {GRID} are drawn on two axes")
    made = figure(1 + 3.4 * count, 6.6)
    rows = made.subplots(2, count, squeeze=False)
    for row, half, filters in (
        (rows[0], "Analysis", bank.analysis_filters), (rows[1], "Synthesis", bank.synthesis_filters),
    ):  # fmt: skip
        for i, (axes, h) in enumerate(zip(row, filters, strict=True)):
            show_2d(axes, _of_signal(h), theme, db)
            axes.set_title(f"{half} filter {i}")
    entitle(made, _called(bank))
    return made


def _of_signal(h: SignalExpr) -> np.ndarray:
    entries = settled(Conv(h), Evaluator(2).signal(h))
    return magnitude_2d(np.array(list(entries)).reshape(-1, 2), as_numbers(list(entries.values())))
