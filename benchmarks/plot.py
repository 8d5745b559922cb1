"""How running times grow with the taps and with the size, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opalgebra.bench import Row

COLOURS = {"opalgebra": "#c1272d", "upfirdn": "#1f5f99", "oaconvolve": "#3c8d40", "torch conv1d": "#8a6d3b"}
LEAD = "opalgebra"


def draw(taps: Sequence[Sequence[Row]], sizes: Sequence[Sequence[Row]], path: Path) -> None:
    """Two panels, logarithmic on both axes: seconds by taps at one size, and by size at one number of taps."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "opalgebra", "font.family": "sans-serif"})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9.5, 4), layout="constrained", sharey=False)
    panel(panels[0], [rows[-1] for rows in taps], "taps")
    panel(panels[1], [rows[-1] for rows in sizes], "samples")
    panels[0].set_title(f"{taps[0][-1].name.split(', ')[1]}, float32", fontsize=10)
    panels[1].set_title(f"{sizes[0][-1].name.split(', ')[0]}, float32", fontsize=10)
    panels[1].legend(frameon=False, fontsize=9)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)
    pyplot.close(figure)


def panel(axes: Any, rows: Sequence[Row], by: str) -> None:
    """One line for each way of computing."""
    for name in dict.fromkeys([LEAD, *(name for row in rows for name in row.peers)]):
        times = [(row, row.ours if name == LEAD else row.peers.get(name)) for row in rows]
        points = [((row.task.taps if by == "taps" else row.task.data)[0], 1e3 * t) for row, t in times if t is not None]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, color=COLOURS.get(name), label=name,
                  linewidth=2.2 if name == LEAD else 1.2)  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=by, ylabel="milliseconds")
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
