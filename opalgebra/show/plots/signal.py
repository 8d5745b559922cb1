"""Signals as stems, images and envelopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.program.values import numbers
from ...errors import DimensionError, FormalSignalError
from ...expr import Signal
from ...scalar import is_sympy
from ..notation.latex import number_latex
from .style import Theme, entitle, figure, image, index_axis

STEMS = 400  # samples of which each has a stem
BINS = 1200  # pairs of a minimum and a maximum that are drawn of more samples
LABELS = 24  # symbolic samples


def samples(signal: Signal, theme: Theme) -> Any:
    """Stems of one axis, an image of two."""
    if signal.ndim not in (1, 2):
        raise DimensionError(f"the signal has {signal.ndim} axes; one and two are drawn: give a slice of it")
    if symbols := _symbols(signal):
        return _symbolic(signal, theme, symbols)
    values = numbers(signal)
    return _stems(signal, values, theme) if signal.ndim == 1 else _images(signal, values, theme)


def _symbols(signal: Signal) -> list[str]:
    if not signal.is_exact:
        return []
    return sorted({str(s) for entry in signal.values.flat if is_sympy(entry) for s in entry.free_symbols})


def window_text(start: int, stop: int) -> str:
    """The indices of a window in words."""
    return "empty" if stop == start else f"n = {start} … {stop - 1}".replace("-", "−")


def parts_of(values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Real and imaginary part where there is one, with their names."""
    if values.dtype.kind != "c":
        return [("", np.asarray(values, dtype=float))]
    return [("real part", values.real.astype(float)), ("imaginary part", values.imag.astype(float))]


def _stems(signal: Signal, values: np.ndarray, theme: Theme) -> Any:
    made = figure(7, 3.2)
    axes = made.subplots()
    parts = parts_of(values)
    words = []
    broken = int(np.count_nonzero(~np.isfinite(values)))
    if broken:
        words.append(f"{broken} samples are not finite and left out")
    if len(values) <= STEMS:
        n = np.arange(signal.start, signal.stop)
        for i, (label, part) in enumerate(parts):
            stems(axes, n + 0.16 * i, part, theme, i, label)
    else:
        words.append(envelopes(axes, signal.start, parts, theme))
    finish(axes, theme, signal.start, signal.stop)
    if len(parts) > 1:
        axes.legend()
    entitle(made, "\n".join([f"Signal, {window_text(signal.start, signal.stop)}", *words]))
    return made


def stems(axes: Any, n: np.ndarray, values: np.ndarray, theme: Theme, i: int = 0, label: str = "") -> None:
    """A line and a marker for every sample; those that are not finite have none."""
    style = theme.marker(i)
    axes.vlines(n, 0, values, color=style["color"], linewidth=1.2)
    size = 6 if len(n) <= 80 else 3
    axes.plot(n, values, linestyle="none", markersize=size, label=label or None, **style)


def all_stems(axes: Any, start: int, values: np.ndarray, theme: Theme, first: int, step: int = 1) -> None:
    """Stems of complex values from an index on; of real ones no imaginary part is drawn."""
    n = np.arange(start, start + len(values))
    for at, (label, part) in enumerate(parts_of(values if np.any(values.imag) else values.real)):
        stems(axes, n + 0.16 * at, part, theme, first + step * at, label)
        if label:
            axes.legend(loc="upper right")


def envelope(values: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """How many samples a bin has, and the minimum and maximum of every bin; what is NaN does not count."""
    width = -(-len(values) // BINS)
    edges = np.arange(0, len(values), width)
    known = np.where(np.isfinite(values), values, np.nan)
    return width, np.fmin.reduceat(known, edges), np.fmax.reduceat(known, edges)


def envelopes(axes: Any, start: int, parts: list[tuple[str, np.ndarray]], theme: Theme) -> str:
    """The range of every bin of samples; gives the words that say so."""
    width = 1
    for i, (label, part) in enumerate(parts):
        width, low, high = envelope(part)
        n = start + np.arange(len(low)) * width
        color = theme.colors[i]
        axes.fill_between(n, low, high, step="post", color=color, alpha=0.45, linewidth=0, label=label or None)
        for values in (low, high):
            axes.step(n, values, where="post", color=color, linewidth=0.7, linestyle=("-", "--")[i])
    return f"{len(parts[0][1]):,} samples: minimum and maximum of every {width}"


def finish(axes: Any, theme: Theme, start: int, stop: int) -> None:
    """The base line, the index axis, and a mark at n = 0 where it lies in sight."""
    axes.axhline(0, color=theme.ink, linewidth=0.8)
    size = max(stop - start, 1)
    near = start - size <= 0 <= stop + size
    low, high = (min(start, 0), max(stop, 1)) if near else (start, stop)
    margin = max(0.6, 0.02 * (high - low))
    axes.set_xlim(low - margin, high - 1 + margin)
    if near:
        axes.axvline(0, color=theme.ink, linewidth=0.9, linestyle=":")
    axes.set_xlabel("index n (samples)" + (", n = 0 dotted" if near else ""))
    axes.set_ylabel("value")
    index_axis(axes.xaxis)


def _symbolic(signal: Signal, theme: Theme, symbols: list[str]) -> Any:
    """Open marks of equal height, each with its entry: what is known is where a tap is, not how large."""
    shown = ", ".join(symbols[:4])
    if signal.ndim != 1 or len(signal.values) > LABELS:
        raise FormalSignalError(
            f"the signal has the symbols {shown}, and up to {LABELS} of them on one axis are drawn; give numbers: "
            "Signal([1, 2, 1])"
        )
    made = figure(7, 2.6)
    axes = made.subplots()
    n = np.arange(signal.start, signal.stop)
    for place, entry in zip(n.tolist(), signal.values.tolist(), strict=True):
        if entry == 0:
            axes.plot(place, 0, "o", color=theme.ink, markersize=4)
            continue
        axes.vlines(place, 0, 1, color=theme.colors[0], linestyle="--", linewidth=1.2)
        axes.plot(place, 1, "o", markerfacecolor=theme.paper, color=theme.colors[0], markersize=7)
        axes.annotate(f"${number_latex(entry)}$", (place, 1), (0, 7), textcoords="offset points", ha="center")
    finish(axes, theme, signal.start, signal.stop)
    axes.set_ylim(0, 1.5)
    axes.set_yticks([])
    axes.set_ylabel("not to scale")
    entitle(made, "Symbolic signal,", None, window_text(signal.start, signal.stop))
    return made


def _images(signal: Signal, values: np.ndarray, theme: Theme) -> Any:
    parts = parts_of(values)
    made = figure(5.2 * len(parts), 4.2)
    notes = []
    for axes, (label, part) in zip(made.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        notes.append(image(axes, part, signal.starts, theme))
        axes.set(xlabel="index n₁ (samples)", ylabel="index n₀ (samples)", title=label)
    entitle(made, f"Signal of {' × '.join(map(str, values.shape))} samples", None, notes[0])
    return made
