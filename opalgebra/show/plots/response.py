"""What an operator does to frequencies: responses, alias components, and where each frequency goes."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from ...algebra.decide.prove import equals
from ...algebra.judge.evaluate import Evaluator
from ...errors import DimensionError, WindowError
from ...expr import PLAIN, LinearOperator, Shift, formal_parts, plain
from .bank import channels, largest, magnitude_2d, show_2d
from .spectrum import AliasMap, check_known, check_points, frequencies, group_delay, phase
from .style import Theme, as_numbers, beside, curve, decibels, entitle, figure, name, show_magnitudes

CURVES = 8  # alias components with a curve of their own; the others are drawn as their maximum
LINES = 24  # rates from which the map of frequencies is left out
BANDS = 40  # images from which the bands are left out


def response(operator: LinearOperator, theme: Theme, *, db: bool = True, points: int = 2048) -> Any:
    """Magnitude, phase and group delay of a filter; of a change of rate its filter, its aliases and their map."""
    check_known(operator, formal_parts(operator))
    points = check_points(points)
    if operator.channels not in (None, PLAIN):
        return channels(operator, theme, db, points)
    if operator.ndim not in (None, 1):
        return _of_images(operator, theme, db)
    found = AliasMap.of(operator)
    return _of_filter(operator, found, theme, db, points) if found.is_filter else _of_rates(
        operator, found, theme, db, points
    )  # fmt: skip


def _of_filter(operator: LinearOperator, found: AliasMap, theme: Theme, db: bool, points: int) -> Any:
    taps = found.filter
    f, half = frequencies(points), slice(points // 2, None) if taps.is_real else slice(None)
    magnitude = np.abs(np.fft.fftshift(taps.spectrum(points)))
    made = figure(7, 6)
    rows = made.subplots(3, 1, sharex=True, height_ratios=(2, 1, 1))
    draw = {"color": theme.colors[0]}
    rows[0].plot(f[half], curve(magnitude, db)[half], **draw)
    show_magnitudes(rows[0], db, float(magnitude.max()))
    rows[1].plot(f[half], phase(taps, points)[half] / pi, **draw)
    rows[1].set_ylabel("phase (π rad)")
    delay = np.fft.fftshift(group_delay(taps, points))[half]
    rows[2].plot(f[half], delay, **draw)
    rows[2].set_ylabel("group delay\n(samples)")
    _widen(rows[2], delay)
    rows[2].set_xlabel("frequency (cycles/sample)")
    rows[2].set_xlim(0 if taps.is_real else -0.5, 0.5)
    entitle(made, "Frequency response of", operator)
    return made


def _widen(axes: Any, values: np.ndarray) -> None:
    """Limits around what most frequencies have: next to a zero of H the delay goes far beyond it."""
    known = values[np.isfinite(values)]
    if not known.size:
        return
    low, high = np.quantile(known, (0.02, 0.98))
    room = max(1.0, 0.5 * (high - low))
    axes.set_ylim(low - room, high + room)


# Changes of rate --------------------------------------------------------------------------------------------


def _of_rates(operator: LinearOperator, found: AliasMap, theme: Theme, db: bool, points: int) -> Any:
    with_map = max(found.outputs, found.inputs) <= LINES
    wanted = (("filter", found.is_resampler), ("aliases", found.inputs > 1), ("map", with_map))
    panels = [panel for panel, drawn in wanted if drawn]
    made = figure(7.4, 3.1 * len(panels))
    rows = dict(zip(panels, made.subplots(len(panels), 1, squeeze=False)[:, 0], strict=True))
    components = np.abs(found.components(points))
    if found.is_resampler:
        _filter_between(rows["filter"], found, theme, db, points)
    if found.inputs > 1:
        _aliases(rows["aliases"], found, components, theme, db)
    if with_map:
        _bifrequency(rows["map"], found, components, theme)
    words = f"L/M = {found.outputs}/{found.inputs}" if found.is_resampler else (
        f"repeats itself every {found.inputs} inputs, {found.outputs} outputs"
    )  # fmt: skip
    entitle(made, "Response of", operator, f"({words})")
    return made


def _filter_between(axes: Any, found: AliasMap, theme: Theme, db: bool, points: int) -> None:
    """|H| at the rate between ↑L and ↓M, with the images that ↑L makes and the bands that ↓M folds."""
    f, magnitude = frequencies(points), np.abs(np.fft.fftshift(found.filter.spectrum(points)))
    axes.plot(f, curve(magnitude, db), color=theme.colors[0], label="|H|", zorder=3)
    show_magnitudes(axes, db, float(magnitude.max()))
    _images(axes, found.outputs, theme)
    _folded(axes, found.inputs, theme)
    axes.set(xlabel=f"frequency at {_rate(found)} (cycles/sample)", xlim=(-0.5, 0.5))
    beside(axes)
    name(axes, "The one filter H of ↓M H ↑L" if found.outputs * found.inputs > 1 else "The filter")


def _rate(found: AliasMap) -> str:
    between = {(True, False): "the input rate", (False, True): "the output rate"}
    return between.get((found.outputs == 1, found.inputs == 1), f"{found.outputs} times the input rate")


def _images(axes: Any, factor: int, theme: Theme) -> None:
    """The copies of the input spectrum, as triangles that lean on their lower frequencies, and their borders."""
    if not 1 < factor <= BANDS:
        return
    bottom, top = axes.get_ylim()
    base, height = bottom, 0.3 * (top - bottom)
    for k in range(-(factor // 2) - 1, factor // 2 + 2):
        x = np.array([k - 0.5, k - 0.12, k + 0.5]) / factor
        kept = {"label": "images of the\ninput spectrum"} if k == 0 else {}
        axes.fill(x, [base, base + height, base], color=theme.colors[4], alpha=0.55 if k == 0 else 0.28, lw=0, **kept)
        if factor <= 12 and abs(k) / factor <= 0.5:
            place = min(max(k / factor, -0.485), 0.485)
            axes.text(place, base + 0.03 * (top - bottom), f"{k}".replace("-", "−"), ha="center", fontsize=8)
    for sign in (-1, 1):
        axes.axvline(sign / (2 * factor), color=theme.ink, linestyle="--", linewidth=1,
                     label="half the input rate" if sign > 0 else None)  # fmt: skip
    axes.set_ylim(bottom, top)


def _folded(axes: Any, factor: int, theme: Theme) -> None:
    """What lies beyond half the output rate, and is folded onto what lies within."""
    if factor == 1:
        return
    edge = 1 / (2 * factor)
    for sign in (-1, 1):
        axes.axvspan(*sorted((sign * edge, sign * 0.5)), facecolor="none", edgecolor=theme.faint, hatch="//", lw=0,
                     label="folded by ↓M" if sign > 0 else None, zorder=0)  # fmt: skip
        axes.axvline(sign * edge, color=theme.colors[5], linewidth=1.2, linestyle=":",
                     label="half the output rate" if sign > 0 else None)  # fmt: skip


def _aliases(axes: Any, found: AliasMap, components: np.ndarray, theme: Theme, db: bool) -> None:
    """|A_k(f)|: a curve for the largest ones, the maximum of the others."""
    f = frequencies(components.shape[1])
    peaks = components.max(axis=1)
    peak = float(peaks.max())
    shown = sorted(np.argsort(-peaks, kind="stable")[:CURVES].tolist())
    for i, k in enumerate(shown):
        axes.plot(f, curve(components[k], db), label=f"$k={k}${_faintness(peaks[k], peak)}", **theme.line(i))
    largest(axes, components, [k for k in range(found.inputs) if k not in shown], theme, db)
    show_magnitudes(axes, db, peak)
    axes.set(xlabel="frequency f at the output (cycles/sample)", xlim=(-0.5, 0.5))
    beside(axes)
    ratio = _fraction(found)
    axes.set_title(f"Alias components: $Y(f)=\\sum_k A_k(f)\\,X({ratio})$")


def _fraction(found: AliasMap) -> str:
    top = ("f" if found.outputs == 1 else f"{found.outputs}f") + (" + k" if found.inputs > 1 else "")
    return top if found.inputs == 1 else f"({top})/{found.inputs}"


def _faintness(own: float, peak: float) -> str:
    """What is said of a component that no picture shows."""
    if own == 0:
        return ": 0"
    return ": rounding only" if own < 1e-14 * peak else ""


def _bifrequency(axes: Any, found: AliasMap, components: np.ndarray, theme: Theme) -> None:
    """The lines Mν = Lf mod 1 on which something of the input comes out, the darker the more."""
    from matplotlib.collections import LineCollection

    f = frequencies(components.shape[1])
    peak = float(components.max()) or 1.0
    drawn = None
    for k in range(found.inputs):
        v = found.input_frequency(k, f)
        gain = np.maximum(decibels(components[k] / peak), -60)
        ends = np.stack([np.stack([v, f], 1)[:-1], np.stack([v, f], 1)[1:]], 1)
        whole = np.abs(np.diff(v)) < 0.5  # not across the border of the band
        strong = whole & (gain[:-1] > -60)
        drawn = LineCollection(ends[strong], cmap=_by_gain(theme), linewidths=3.2, capstyle="butt")
        drawn.set_array(gain[:-1][strong])
        drawn.set_clim(-60, 0)
        axes.add_collection(drawn)
    axes.set(xlim=(-0.5, 0.5), ylim=(-0.5, 0.5), xlabel="frequency ν at the input (cycles/sample)")
    axes.set_ylabel("f at the output")
    bar = axes.inset_axes((1.03, 0, 0.03, 1))
    axes.figure.colorbar(drawn, cax=bar, label="gain (dB below the peak)")
    axes.set_title("Where the frequencies go: Mν = Lf mod 1")


def _by_gain(theme: Theme) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("gain", [theme.faint, theme.colors[0], theme.ink])


# Two axes ---------------------------------------------------------------------------------------------------


def _of_images(operator: LinearOperator, theme: Theme, db: bool) -> Any:
    """|H(f₀, f₁)| of a filter on two axes."""
    if operator.ndim != 2:
        raise DimensionError(f"{operator} acts on {operator.ndim} axes; responses are drawn for one and two")
    for step in ((1, 0), (0, 1)):
        if not equals(operator @ Shift(step), Shift(step) @ operator):
            raise WindowError(
                f"{operator} changes the rate, and on two axes responses are drawn of filters; plot the filter alone, "
                "or use kind='impulse' or 'matrix'"
            )
    entries = Evaluator(2).act(plain(operator), {(0, 0): 1})
    magnitude = magnitude_2d(np.array(list(entries)).reshape(-1, 2), as_numbers(list(entries.values())))
    made = figure(5, 4.2)
    show_2d(made.subplots(), magnitude, theme, db)
    entitle(made, "Frequency response of", operator)
    return made
