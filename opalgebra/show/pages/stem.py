"""A small picture of a signal: a stem for every sample, the index below."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...expr import Signal
from ..svg import PALETTE, circle, document, label, line, rectangle

MOST = 96  # stems; of more samples the largest of every few are drawn
HEIGHT, MARGIN = 96.0, 28.0


def can_be_drawn(signal: Signal) -> bool:
    """Whether the signal has one axis and its samples are finite numbers."""
    values = _numbers(signal)
    return values is not None and values.ndim == 1 and bool(values.size) and bool(np.all(np.isfinite(values)))


def _numbers(signal: Signal) -> np.ndarray | None:
    values = signal.values
    if values.dtype.kind != "O":
        return values
    if any(getattr(value, "free_symbols", ()) for value in values.flat):
        return None
    found = np.array([complex(value) for value in values.flat]).reshape(values.shape)
    return found if np.any(found.imag) else found.real


def stem(signal: Signal) -> str:
    """The SVG; real parts have dots, imaginary parts squares and dashed stems.

    >>> import opalgebra as oa
    >>> drawn = stem(oa.Signal([1, 2, 1], start=-1))
    >>> drawn.count("<circle"), "3 samples from index −1" in drawn
    (3, True)
    """
    values: Any = _numbers(signal)
    step = -(-values.size // MOST)
    places, shown = _thinned(values, step)
    width = max(160.0, min(640.0, 22.0 * len(places))) + 2 * MARGIN
    spread = max(float(np.abs(part).max()) for part in (shown.real, shown.imag)) or 1.0
    low = min(0.0, *(float(part.min()) for part in _parts(shown)))
    high = max(0.0, *(float(part.max()) for part in _parts(shown)))
    scale = HEIGHT / ((high - low) or spread)
    base = MARGIN / 2 + high * scale
    across = (width - 2 * MARGIN) / max(1, int(places[-1] - places[0]) + 1)
    columns = [MARGIN + across * (float(n - places[0]) + 0.5) for n in places]
    drawn = [line(MARGIN / 2, base, width - MARGIN / 2, base, stroke_width=1, opacity=0.6)]
    for part, marked in zip(_parts(shown), (_dot, _square), strict=False):
        drawn += [
            shape for x, value in zip(columns, part, strict=True) for shape in marked(x, base, base - value * scale)
        ]
    named = {0, len(places) - 1, *(at for at, n in enumerate(places) if signal.start + n == 0)}
    foot = HEIGHT + MARGIN / 2 + 20
    drawn += [label(columns[at], foot, _index(signal.start + int(places[at])), font_size=11) for at in sorted(named)]
    drawn.append(label(width / 2, foot + 18, caption(signal, step), font_size=11))
    return document(width, foot + 26, drawn, caption(signal, step))


def caption(signal: Signal, step: int) -> str:
    """How many samples there are, where they start, and what was left out."""
    count = signal.values.size
    said = f"{count:,} sample{'s' * (count != 1)} from index {_index(signal.start)}"
    return said + (f"; of every {step} the largest is drawn" if step > 1 else "")


def _index(n: Any) -> str:
    return str(n).replace("-", "−")


def _thinned(values: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and samples, of every ``step`` the largest."""
    if step == 1:
        return np.arange(values.size), values
    places = np.array([at + int(np.abs(values[at : at + step]).argmax()) for at in range(0, values.size, step)])
    return places, values[places]


def _parts(values: np.ndarray) -> list[np.ndarray]:
    return [values.real, values.imag] if np.iscomplexobj(values) else [values]


def _dot(x: float, base: float, y: float) -> list[str]:
    return [
        line(x, base, x, y, stroke=PALETTE[0], stroke_width=2),
        circle(x, y, 3.5, fill=PALETTE[0], stroke=PALETTE[0]),
    ]


def _square(x: float, base: float, y: float) -> list[str]:
    x += 4
    return [
        line(x, base, x, y, stroke=PALETTE[5], stroke_width=2, stroke_dasharray="3 2"),
        rectangle(x - 3, y - 3, 6, 6, stroke=PALETTE[5], stroke_width=1.5),
    ]
