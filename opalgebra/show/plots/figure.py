"""The figure of all plots: matplotlib's, which shows itself in a notebook without pyplot.

This module imports matplotlib, and is imported when the first figure is made.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib.figure import Figure

SHARP = 160  # dots per inch of the picture in a notebook, shown at half that size


class PlotFigure(Figure):
    """A :class:`matplotlib.figure.Figure`; where pyplot is in use, its formatter takes the place of the one here."""

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        file = BytesIO()
        self.savefig(file, format="png", dpi=SHARP)
        width, height = (self.get_size_inches() * SHARP / 2).astype(int).tolist()
        return file.getvalue(), {"width": width, "height": height}
