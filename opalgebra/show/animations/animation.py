"""Convolution arithmetic as pictures that move: which samples an output reads, and where an input is sent."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from ...errors import OperandError
from .. import svg
from .formulas import Sums
from .frames import drawing, heading, text
from .panels import LINE, MARGIN, Panel, panels
from .sliding import Scene, scene
from .widget import fragment

VIEWS = ("gather", "scatter", "both")
STRIP = 4  # frames of a filmstrip
TEXT_STEPS = 12  # steps that str() shows


def arithmetic(
    layer: Any, n: Any, view: str = "both", channels: tuple[int, int] = (0, 0), values: Any = None
) -> Arithmetic:
    """The sliding kernel of a layer or operator on n samples, step by step.

    y_m = Σ_i A_{mi} x_i, once as the sum that every output collects, once as what every input is sent to.

    Parameters
    ----------
    layer : layer or LinearOperator
        Conv, ConvTranspose, AvgPool, MaxPool, Upsample, PixelShuffle or PixelUnshuffle of ``oa.nn``, or an operator on
        ℤ or ℤ² with known taps and factors, whose input is zero outside its n samples.
    n : int or tuple of int
        Samples of the input; an int stands for every axis of the layer.
    view : {"both", "gather", "scatter"}
    channels : (int, int)
        The output and the input channel that are shown, where there are several.
    values : array, optional
        The input, of shape n: numbers stand in the cells then, and the formula is worked out.  For a pixel shuffle
        (channels, \\*n).

    Returns
    -------
    Arithmetic
        A widget in a notebook; ``frames()``, ``save("x.html")``, ``print``.

    Raises
    ------
    FormalSignalError
        For formal kernels and symbolic factors.
    DimensionError, WindowError
        For more than two axes, sizes below 1, and layers without outputs on n samples.
    SizeError
        Where grids have more than 1,024 cells, or 64 on a side.
    OperandError
        For layers without a sliding kernel.

    Notes
    -----
    The weights are the entries of the exact matrix of ``layer.on(n)``.

    Examples
    --------
    >>> import opalgebra as oa
    >>> frames = oa.show.arithmetic(oa.Conv([1, 2, 1]) @ oa.Up(2), 3, values=[5, 3, 4])
    >>> len(frames), frames.formulas()[2]
    (7, 'y₂ = 1·x₀ + 1·x₁ = 1·5 + 1·3 = 8')
    """
    if view not in VIEWS:
        raise OperandError(f"the view is {view!r}; give one of {', '.join(map(repr, VIEWS))}")
    return Arithmetic(scene(layer, n, channels), view, values)


class Arithmetic:
    """The steps of a layer on a small input; made by :func:`arithmetic`.

    ``len(a)`` is the number of steps: outputs under "gather", inputs under "scatter", the larger of both under "both".
    """

    def __init__(self, scene: Scene, view: str, values: Any = None) -> None:
        self.scene, self.view = scene, view
        self.panels = [p for p in panels(scene, Sums(scene, values)) if view in (p.view, "both")]

    def __len__(self) -> int:
        return max(len(panel.steps) for panel in self.panels)

    def _step(self, panel: Panel, i: int) -> int:
        """The step of a panel in frame i: all panels end together."""
        own = len(panel.steps)
        return max(0, (i + 1) * own // len(self) - 1) if own < len(self) else i

    def _index(self, i: int) -> int:
        if not -len(self) <= i < len(self):
            raise IndexError(f"frame {i} of {len(self)} was asked for")
        return i % len(self)

    def formulas(self) -> list[str]:
        """The formulas of all steps of the first view."""
        return [step.formula for step in self.panels[0].steps]

    def frame(self, i: int) -> str:
        """Step i as SVG text."""
        i = self._index(i)
        drawn, height = self._placed([i])
        return self._document(drawn, height, f"step {i + 1} of {len(self)}")

    def _placed(self, steps: list[int]) -> tuple[list[str], float]:
        """Steps one below the other, the panels of each side by side, and their height; one legend at the end."""
        drawn, y = [], float(LINE)
        for i in steps:
            x, is_last = 0.0, i == steps[-1]
            for panel in self.panels:
                move = f"translate({svg.number(x)} {svg.number(y)})"
                drawn.append(svg.element("g", *drawing(panel, self._step(panel, i), is_last), transform=move))
                x += panel.width
            y += max(panel.height if is_last else panel.legend_at for panel in self.panels)
        return drawn, y

    def _document(self, drawn: list[str], height: float, what: str) -> str:
        title = "; ".join(part for part in (self.scene.title, self.scene.note) if part)
        width = sum(panel.width for panel in self.panels)
        return svg.document(width, height, [heading(MARGIN, LINE, title), *drawn], f"{title}, {what}")

    def frames(self) -> list[str]:
        """All steps as SVG texts."""
        return [self.frame(i) for i in range(len(self))]

    def strip(self) -> list[int]:
        """The steps of a filmstrip: the first, the last, and some between."""
        count = min(STRIP, len(self))
        return [round(i * (len(self) - 1) / max(1, count - 1)) for i in range(count)]

    def filmstrip(self) -> str:
        """Some steps in one SVG, one below the other."""
        return self._document(*self._placed(self.strip()), "some steps")

    def save(self, path: Any) -> None:
        """Write "x.html" (a page with the widget), "x.svg" (a filmstrip), or a folder with one SVG per step."""
        path = Path(path)
        if path.suffix == ".html":
            path.write_text(self._page(), encoding="utf-8")
        elif path.suffix == ".svg":
            path.write_text(self.filmstrip(), encoding="utf-8")
        elif path.suffix:
            raise OperandError(f"the file {path.name!r} was given; give a name that ends in .html or .svg, or a folder")
        else:
            path.mkdir(parents=True, exist_ok=True)
            for i, frame in enumerate(self.frames()):
                (path / f"step-{i:04d}.svg").write_text(frame, encoding="utf-8")

    def _page(self) -> str:
        title = escape(self.scene.title)
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/><title>{title}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
            "<style>:root{color-scheme:light dark}body{margin:1rem}</style></head>\n"
            f"<body>{self._repr_html_()}</body></html>\n"
        )

    def _repr_html_(self) -> str:
        """One fragment of HTML for notebooks and pages."""
        return fragment(self.scene, self.panels, self.filmstrip())

    def __str__(self) -> str:
        panel = self.panels[0]
        shown = [text(panel, i) for i in range(min(len(panel.steps), TEXT_STEPS))]
        more = len(panel.steps) - len(shown)
        rest = [f"… {more} more steps"] if more else []
        return "\n\n".join([self.scene.title + (f"\n{self.scene.note}" if self.scene.note else ""), *shown, *rest])

    def __repr__(self) -> str:
        return f"<{self.scene.title}, {len(self)} steps>"
