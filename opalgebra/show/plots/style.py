"""What all plots share: colours for paper and for dark pages, the figure itself, titles and numbers.

Nothing of pyplot is used, so that no backend is chosen, no window opens, and a figure is shown once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...engine.program.values import number
from ...errors import MissingDependency
from ...expr import Node
from ..notation.latex import latex
from ..svg import PALETTE

LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 1)))  # so that curves differ in print
MARKERS = ("o", "s", "^", "D", "v", "X")
BELOW = 1e4  # dB in place of −∞: no float is so small
FLOOR = 120.0  # dB below the peak that are shown
SHORT = 6  # characters of an exact number in a cell
PIXELS = 900  # rows and columns of an image from which it is decimated


@dataclass(frozen=True)
class Theme:
    """The colours of a page, and the settings of matplotlib that they make."""

    paper: str
    ink: str
    faint: str
    colors: tuple[str, ...]
    negative: str
    positive: str

    @property
    def settings(self) -> dict[str, Any]:
        """For ``matplotlib.rc_context``."""
        ink = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), self.ink)
        paper = dict.fromkeys(("figure.facecolor", "axes.facecolor", "legend.facecolor"), self.paper)
        plain = {"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True}
        sizes = {"font.size": 9.5, "axes.titlesize": 10, "figure.titlesize": 11, "legend.fontsize": 8.5}
        fonts = {"font.family": ["DejaVu Sans"], "mathtext.fontset": "dejavusans", "axes.titlelocation": "left"}
        grid = {"grid.color": self.faint, "grid.linewidth": 0.6, "axes.linewidth": 0.8, "lines.linewidth": 1.6}
        marks = {"hatch.color": self.faint, "hatch.linewidth": 0.8}
        legend = {"legend.framealpha": 0.9, "legend.edgecolor": "none"}
        return {**ink, **paper, **plain, **sizes, **fonts, **grid, **marks, **legend}

    def line(self, i: int) -> dict[str, Any]:
        """Colour and dashes of the i-th curve: no two of the first 36 share both."""
        count = len(self.colors)
        return {"color": self.colors[i % count], "linestyle": LINES[(i + i // count) % len(LINES)]}

    def marker(self, i: int) -> dict[str, Any]:
        """Colour and marker of the i-th set of stems."""
        count = len(self.colors)
        return {"color": self.colors[i % count], "marker": MARKERS[(i + i // count) % len(MARKERS)]}

    def signed(self) -> Any:
        """A map of colours for numbers around 0: zero is the paper, and in print negative numbers are the darker."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list("signed", [self.negative, self.paper, self.positive])


PAPER = Theme("#ffffff", "#1b1b1b", "#d9d9d9", PALETTE, "#003f6b", "#e69f00")
DARK = Theme(
    "#15181e", "#e6e6e6", "#3a3f48", ("#56b4e9", "#e69f00", "#2fbf95", "#e29ac4", "#f0e442", "#ff7f45"),
    "#56b4e9", "#e69f00",
)  # fmt: skip


@contextmanager
def page(dark: bool) -> Iterator[Theme]:
    """The theme, with matplotlib set to it for as long as the figure is drawn."""
    try:
        import matplotlib
    except ImportError:
        raise MissingDependency("plots need matplotlib: pip install 'opalgebra[plot]'") from None
    theme = DARK if dark else PAPER
    with matplotlib.rc_context(theme.settings):
        yield theme


def beside(axes: Any, **options: Any) -> None:
    """The legend at the right of the axes, where it covers no curve."""
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), **options)


def figure(width: float, height: float) -> Any:
    """An empty figure, in inches, that a notebook shows once."""
    from .figure import PlotFigure

    return PlotFigure(figsize=(width, height), layout="constrained")


# Text -------------------------------------------------------------------------------------------------------


def _formula(node: Any) -> str | None:
    """The expression for mathtext, where it reads it."""
    from matplotlib.mathtext import MathTextParser

    if not isinstance(node, Node):
        return None
    formula = f"${latex(node)}$"
    try:
        MathTextParser("path").parse(formula)
    except ValueError:  # what mathtext lacks, such as matrices
        return None
    return formula


def title(words: str, thing: Any, after: str, room: int) -> tuple[str, dict[str, Any]]:
    """Words and an expression between them, in so many characters; what is no formula is not read as one."""
    plain = "" if thing is None else " ".join(str(thing).split())
    gap = "\n" if after and len(words) + len(plain) + len(after) + 2 > room else " "
    left = max(room - len(words) - (len(after) if gap == " " else 0), 12)
    formula = _formula(thing) if 0 < len(plain) <= left else None
    if formula is None:
        shown = plain if len(plain) <= left else plain[: left - 1] + "…"
        return " ".join(filter(None, (words, shown))) + (gap + after if after else ""), {"parse_math": False}
    before, behind = (part.replace("$", r"\$") for part in (words, after))
    return f"{before} {formula}" + (gap + behind if behind else ""), {"parse_math": True}


def entitle(figure: Any, words: str, thing: Any = None, after: str = "") -> None:
    """The title of a whole figure."""
    text, options = title(words, thing, after, int(11 * figure.get_size_inches()[0]))
    figure.suptitle(text, x=0.01, ha="left", **options)


def name(axes: Any, words: str, thing: Any = None, after: str = "") -> None:
    """The title of one set of axes, which are as wide as the figure or side by side."""
    columns = axes.get_subplotspec().get_gridspec().ncols
    text, options = title(words, thing, after, int(11 * axes.figure.get_size_inches()[0] / columns))
    axes.set_title(text, **options)


def entry_text(value: Any) -> str:
    """An entry of a matrix in few characters.

    >>> entry_text(Fraction(1, 3)), entry_text(-2), entry_text(0.123456)
    ('1/3', '−2', '0.123')
    """
    text = str(value) if isinstance(value, (int, Fraction)) else ""
    if not 0 < len(text) <= SHORT:
        number = complex(as_number(value))
        real, imag = f"{number.real:.3g}", f"{number.imag:.2g}i"
        text = real if not number.imag else imag if not number.real else f"{number.real:.2g}{number.imag:+.2g}i"
    return text.replace("-", "−")


def as_number(value: Any) -> float | complex:
    """An exact number as a float, or as a complex number; FormalSignalError where it has symbols."""
    if isinstance(value, (int, float, Fraction)):
        return float(value)
    found = complex(number(value))
    return found if found.imag else found.real


def as_numbers(values: Sequence[Any]) -> np.ndarray:
    """The same for several, as one array of float64 or complex128."""
    found = [as_number(value) for value in values]
    return np.array(found, dtype=complex if any(isinstance(v, complex) for v in found) else float)


# Axes -------------------------------------------------------------------------------------------------------


def decibels(magnitude: np.ndarray) -> np.ndarray:
    """20 log₁₀, with −∞ for zero."""
    with np.errstate(divide="ignore"):
        return np.asarray(20 * np.log10(magnitude))


def show_magnitudes(axes: Any, db: bool, peak: float) -> None:
    """The label and the limits of a magnitude; ``peak`` is the largest one."""
    axes.set_ylabel("magnitude (dB)" if db else "magnitude")
    if not db or peak == 0:
        axes.set_ylim(*((-1, 1) if db else (0, 1.05 * peak or 1)))
        if peak == 0:
            axes.text(0.5, 0.5, "0 at every frequency", transform=axes.transAxes, ha="center", va="center")
        return
    top = float(decibels(np.array(peak)))
    lowest = min((float(np.nanmin(y)) for line in axes.lines if (y := _finite(line.get_ydata())).size), default=top)
    bottom = max(lowest, top - FLOOR)
    room = max(3.0, 0.06 * (top - bottom))
    axes.set_ylim(bottom - room, top + room)


def _finite(values: Any) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    return found[np.isfinite(found)]


def curve(magnitude: np.ndarray, db: bool) -> np.ndarray:
    """A magnitude as it is drawn: zeros in dB lie far below what is shown, and never are gaps."""
    return np.maximum(decibels(magnitude), -BELOW) if db else magnitude


def index_axis(axis: Any) -> None:
    """Ticks at integers."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    axis.set_major_locator(MaxNLocator(integer=True, nbins=12, min_n_ticks=1))
    axis.set_major_formatter(ScalarFormatter(useOffset=False))
    axis.get_major_formatter().set_scientific(False)


def cell_axes(axes: Any) -> None:
    """Ticks at integers and no grid, for cells of rows and columns."""
    axes.grid(False)
    index_axis(axes.xaxis)
    index_axis(axes.yaxis)


def image(
    axes: Any, values: np.ndarray, starts: Sequence[int], theme: Theme, unit: str = "value", most: float = 0.0
) -> str:
    """Rows and columns as an image whose colours are centred at 0 and go as far as the largest, or as ``most``.

    Draws a bar as well, and says in words if the image was decimated.
    """
    stops = [a + n for a, n in zip(starts, values.shape, strict=True)]
    shown, blocks = decimated(values)
    most = most or float(np.max(np.abs(shown[np.isfinite(shown)]), initial=0)) or 1.0
    extent = (starts[1] - 0.5, stops[1] - 0.5, stops[0] - 0.5, starts[0] - 0.5)
    height, width = values.shape
    aspect = "equal" if max(height, width) <= 6 * min(height, width) else "auto"
    drawn = axes.imshow(
        shown, cmap=theme.signed(), vmin=-most, vmax=most, extent=extent, aspect=aspect, interpolation="nearest"
    )
    axes.figure.colorbar(drawn, ax=axes, label=unit, shrink=0.85)
    cell_axes(axes)
    return "" if blocks == (1, 1) else f"(each pixel is the largest of {blocks[0]} × {blocks[1]} entries)"


def decimated(values: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Of every block of rows and columns the entry of largest magnitude, and the size of the blocks."""
    blocks = tuple(-(-n // PIXELS) for n in values.shape)
    if blocks == (1, 1):
        return values, (1, 1)
    pads = [(0, -n % b) for n, b in zip(values.shape, blocks, strict=True)]
    padded = np.pad(values, pads)
    cut = padded.reshape(padded.shape[0] // blocks[0], blocks[0], -1, blocks[1]).swapaxes(1, 2)
    flat = cut.reshape(*cut.shape[:2], -1)
    at = np.argmax(np.abs(flat), axis=2)
    return np.take_along_axis(flat, at[..., None], axis=2)[..., 0], (blocks[0], blocks[1])
