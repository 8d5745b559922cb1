"""Matrices as pictures: which tap of the kernel stands where, or what value."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any

import numpy as np

from ...algebra.forms.matrix import window
from ...algebra.forms.polyphase import periods
from ...algebra.judge.evaluate import Evaluator, Sparse
from ...bound.operators.base import BoundOperator, check_entries
from ...bound.operators.windowed import Windowed
from ...errors import DimensionError, FormalSignalError, WindowError
from ...expr import all_factor_symbols, formal_names, grid, substitute
from ...expr.multirate import Conv
from ...expr.operators import PLAIN, LinearOperator
from ...expr.signals import FormalSignal, Signal
from ...scalar import exact, is_sympy
from ..notation.latex import name_latex, number_latex
from .spectrum import AliasMap, settled
from .style import Theme, as_numbers, cell_axes, entitle, entry_text, figure, image

WRITTEN = 24  # rows and columns up to which entries are written
NAMED = 12  # taps that have a colour of their own
LEAST = 8  # columns of a window that nobody asked for
MOST = 40  # rows and columns of one


def matrix(operator: LinearOperator, theme: Theme, *, rows: Any = None, cols: Any = None) -> Any:
    """The window rows × cols of an operator, equal taps in equal colours."""
    rows, cols = windows_of(operator, rows, cols)
    entries = _exact_entries(operator.matrix(rows, cols), operator)
    ndim = operator.ndim or 1
    outputs, inputs = operator.channels or PLAIN
    sizes = len(window(rows, ndim)), len(window(cols, ndim))
    plain = ndim == 1 and (outputs, inputs) == PLAIN
    starts = tuple(window(w, 1)[0][0] if plain and window(w, 1) else 0 for w in (rows, cols))
    made, axes = _sheet(entries.shape)
    note = draw(axes, entries, starts, theme, _labels(operator, entries, starts) if plain else None)
    _borders(axes, (outputs, inputs), sizes, theme)
    flat = "" if ndim == 1 else ", in C order"
    axes.set(xlabel=f"input index{flat}", ylabel=f"output index{flat}")
    entitle(made, "Matrix of", operator, note)
    return made


def windows_of(operator: LinearOperator, rows: Any, cols: Any) -> tuple[Any, Any]:
    """The windows that were asked for; else some periods of the input, and the outputs that they reach."""
    if symbols := all_factor_symbols(operator):
        raise FormalSignalError(
            f"{operator} has the symbolic factor {', '.join(s.name for s in symbols)}; a matrix is drawn for numbers: "
            "build the operator with one, such as Up(2)"
        )
    if rows is not None and cols is not None:
        return rows, cols
    if (operator.ndim or 1) > 1 or operator.channels not in (None, PLAIN):
        raise WindowError(f"{operator} needs the windows of its picture: plot('matrix', rows=…, cols=…)")
    formal = formal_names(operator)
    if whole := [name for name, node in formal.items() if not isinstance(node, FormalSignal)]:
        raise FormalSignalError(f"{whole[0]} in {operator} is any operator, and has no entries to draw")
    known = substitute(operator, {name: Signal([1]) for name in formal})
    try:
        outputs, inputs = periods(known)
    except WindowError as why:
        raise WindowError(f"{why}; for a picture give windows: plot('matrix', rows=…, cols=…)") from None
    count = max(1, min(ceil(LEAST / inputs), MOST // max(inputs, outputs)))
    cols = (0, min(count * inputs, MOST)) if cols is None else cols
    return (_reached(operator, cols, count * outputs) if rows is None else rows), cols


def _reached(operator: LinearOperator, cols: Any, usual: int) -> tuple[int, int]:
    """The outputs that the columns reach; of formal kernels, which reach everywhere, some."""
    if formal_names(operator):
        return 0, min(usual, MOST)
    evaluator = Evaluator(1)
    at = [n for m in window(cols, 1) for (n,) in evaluator.act(operator, {m: 1})] or [0]
    return min(at), min(max(at) + 1, min(at) + MOST)


def _exact_entries(found: Any, operator: LinearOperator) -> np.ndarray:
    entries = np.zeros(found.shape, dtype=object)
    values: Sparse = {(i,): exact(value) for i, value in enumerate(found) if value != 0}
    for (i,), value in (values if _has_symbols(values.values()) else settled(operator, values)).items():
        entries.flat[i] = value
    return entries


def _has_symbols(values: Iterable[Any]) -> bool:
    return any(is_sympy(value) and value.free_symbols for value in values)


# What the entries are called --------------------------------------------------------------------------------


def _labels(operator: LinearOperator, entries: np.ndarray, starts: tuple[int, ...]) -> np.ndarray | None:
    """For every entry that is not 0 which tap it is: (order, name); None where one filter does not make them all."""
    if _has_symbols(entries.flat):
        return _by_symbol(entries)
    kernel = _only_kernel(operator)
    if kernel is not None:
        formal = FormalSignal("q")
        named = _replaced(operator, formal)
        try:
            size = [(a, a + n) for a, n in zip(starts, entries.shape, strict=True)]
            return _by_symbol(_exact_entries(named.matrix(*size), named), entries)
        except FormalSignalError:  # the kernel meets itself: an entry is no longer one tap
            pass
    return _by_filter(operator, entries, starts)


def _only_kernel(operator: LinearOperator) -> Conv | None:
    from ...expr import expand, walk

    found = [node for node in walk(expand(operator)) if isinstance(node, Conv)]
    return found[0] if len(found) == 1 and isinstance(found[0].kernel, Signal) else None


def _replaced(operator: LinearOperator, formal: FormalSignal) -> LinearOperator:
    from ...expr import expand, transform

    return transform(expand(operator), lambda node: Conv(formal) if isinstance(node, Conv) else None)


def _by_symbol(symbols: np.ndarray, entries: np.ndarray | None = None) -> np.ndarray:
    """The symbol of every entry that is not 0, in the order of their indices."""
    labels = np.full(symbols.shape, None, dtype=object)
    for at, value in np.ndenumerate(symbols):
        if value != 0 and (entries is None or entries[at] != 0):
            labels[at] = (_order(value), _text(value))
    return labels


def _order(value: Any) -> tuple[Any, ...]:
    """By the index of the tap where the entry is one, such as q_{-1}; sums come last."""
    symbols = getattr(value, "free_symbols", ())
    name, index = _tap(*symbols) if len(symbols) == 1 else (str(value), None)
    return (1, name, 0, str(value)) if index is None else (0, name, index, str(value))


def _tap(value: Any) -> tuple[str, int | None]:
    """q and −1 of the symbol q_-1; else the whole text."""
    name, _, index = str(value).rpartition("_")
    is_tap = bool(name) and getattr(value, "is_Symbol", False) and index.lstrip("-").isdigit()
    return (name, int(index)) if is_tap else (str(value), None)


def _by_filter(operator: LinearOperator, entries: np.ndarray, starts: tuple[int, ...]) -> np.ndarray | None:
    """The taps h_{Mn − Lj} of ↓M C_h ↑L."""
    try:
        found = AliasMap.of(operator)
    except (WindowError, FormalSignalError):  # sums of rates and reversals have no such filter; their values are shown
        return None
    if not found.is_resampler:
        return None
    labels = np.full(entries.shape, None, dtype=object)
    for i, j in np.argwhere(entries != 0).tolist():
        at = found.inputs * (i + starts[0]) - found.outputs * (j + starts[1])
        labels[i, j] = ((0, "h", at, ""), f"$h_{{{at}}}$")
    return labels


# Drawing ----------------------------------------------------------------------------------------------------


def _sheet(shape: tuple[int, ...]) -> tuple[Any, Any]:
    height, width = shape
    scale = min(0.42, 6.5 / max(height, width, 1)) if max(height, width) <= 3 * WRITTEN else 0
    size = (max(4.0, scale * width + 2.2), max(2.4, scale * height + 1.2)) if scale else (6.5, 5.5)
    made = figure(*size)
    return made, made.subplots()


def draw(axes: Any, entries: np.ndarray, starts: Any, theme: Theme, labels: np.ndarray | None = None) -> str:
    """The entries, by their taps where these are few, else by their values; gives what is to be said about it."""
    found = sorted({label for label in labels.flat if label is not None}) if labels is not None else []
    few = len(found) <= NAMED and max(entries.shape) <= 3 * WRITTEN
    if labels is not None and found and (few or _has_symbols(entries.flat)):
        (_by_taps if few else _by_index)(axes, entries, labels, found, starts, theme)
        return ""
    values = _numbers(entries)
    is_complex = values.dtype.kind == "c"
    values = np.abs(values) if is_complex else values
    note = image(axes, values, starts, theme, "magnitude" if is_complex else "value")
    if max(entries.shape) <= WRITTEN:
        _write(axes, entries, values, starts, theme)
    return note


def _numbers(entries: np.ndarray) -> np.ndarray:
    flat = entries.ravel().tolist()
    return as_numbers(flat).reshape(entries.shape) if entries.dtype == object else entries


def _by_taps(axes: Any, entries: np.ndarray, labels: np.ndarray, found: Any, starts: Any, theme: Theme) -> None:
    """A coloured, hatched cell for every entry that is not 0, its value in it, and what the colours mean."""
    from matplotlib.patches import Patch, Rectangle

    styles = {label: _cell(i, theme) for i, label in enumerate(found)}
    written = max(entries.shape) <= WRITTEN
    for (i, j), label in np.ndenumerate(labels):
        if label is not None:
            axes.add_patch(Rectangle((j + starts[1] - 0.5, i + starts[0] - 0.5), 1, 1, **styles[label]))
        if written:
            _say(axes, entries, (i, j), starts, theme.ink, 1.0 if label is not None else 0.35)
    _frame(axes, entries.shape, starts)
    handles = [Patch(label=label[1], **styles[label]) for label in found]
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), handlelength=1.6, handleheight=1.4)


def _by_index(axes: Any, entries: np.ndarray, labels: np.ndarray, found: Any, starts: Any, theme: Theme) -> None:
    """Many symbols: shades from the first tap to the last, and the entries in them where these are few."""
    order = {label: i for i, label in enumerate(found)}
    ranks = np.array([np.nan if label is None else order[label] for label in labels.flat]).reshape(labels.shape)
    extent = (starts[1] - 0.5, starts[1] + labels.shape[1] - 0.5, starts[0] + labels.shape[0] - 0.5, starts[0] - 0.5)
    drawn = axes.imshow(ranks, cmap="cividis", extent=extent, interpolation="nearest")
    _frame(axes, entries.shape, starts)
    ticks = sorted({round(k * (len(found) - 1) / 6) for k in range(7)})
    axes.figure.colorbar(drawn, ax=axes, shrink=0.85).set_ticks(ticks, labels=[found[k][1] for k in ticks])
    if max(entries.shape) > WRITTEN:
        return
    for (i, j), label in np.ndenumerate(labels):
        light = label is not None and order[label] > 0.55 * len(found)
        color = theme.ink if label is None else "#000000" if light else "#ffffff"
        _say(axes, entries, (i, j), starts, color, 0.35 if label is None else 1.0)


def _cell(i: int, theme: Theme) -> dict[str, Any]:
    hatches = ("", "///", "...", "xx", "\\\\\\", "++")
    count = len(theme.colors)
    hatch = hatches[(i + i // count) % len(hatches)]
    return {"facecolor": (theme.colors[i % count], 0.45), "edgecolor": (theme.ink, 0.4), "hatch": hatch, "lw": 0.5}


def _text(value: Any) -> str:
    if not is_sympy(value):
        return entry_text(value)
    name, index = _tap(value)
    letter = name_latex(name)
    whole = index is None or "_" in letter  # a letter takes one subscript
    return f"${number_latex(value)}$" if whole else f"${letter}_{{{index}}}$"


def _say(axes: Any, entries: np.ndarray, at: tuple[int, int], starts: Any, color: str, alpha: float) -> None:
    """An entry in the middle of its cell, in letters that all cells have room for."""
    size = float(min(10.0, max(5.0, 165 / max(*entries.shape, 1))))
    style = {"ha": "center", "va": "center", "fontsize": size, "color": color, "alpha": alpha}
    axes.text(at[1] + starts[1], at[0] + starts[0], _text(entries[at]), **style)


def _write(axes: Any, entries: np.ndarray, values: np.ndarray, starts: Any, theme: Theme) -> None:
    """Entries on an image, in the colour that stands out."""
    most, colors = float(np.max(np.abs(values), initial=0)) or 1.0, theme.signed()
    for (i, j), value in np.ndenumerate(entries):
        red, green, blue, _ = colors(0.5 + 0.5 * float(values[i, j]) / most)
        light = 0.3 * red + 0.59 * green + 0.11 * blue > 0.5
        color = "#000000" if light else "#ffffff"
        _say(axes, entries, (i, j), starts, color, 1.0 if value != 0 else 0.4)


def _frame(axes: Any, shape: tuple[int, ...], starts: Any) -> None:
    height, width = shape
    axes.set(xlim=(starts[1] - 0.5, starts[1] + width - 0.5), ylim=(starts[0] + height - 0.5, starts[0] - 0.5))
    axes.set_aspect("equal")
    cell_axes(axes)


def _borders(axes: Any, channels: tuple[int, int], sizes: tuple[int, int], theme: Theme) -> None:
    """Lines between channels."""
    for i in range(1, channels[0]):
        axes.axhline(i * sizes[0] - 0.5, color=theme.ink, linewidth=1.5)
    for j in range(1, channels[1]):
        axes.axvline(j * sizes[1] - 0.5, color=theme.ink, linewidth=1.5)


# Operators on arrays ----------------------------------------------------------------------------------------


def dense(operator: Any, theme: Theme) -> Any:
    """The matrix of a bound operator; framed where the rule of the boundary adds to what the inside gives."""
    if operator.is_family:
        raise WindowError(f"{operator} stands for every size; give one: .at({{n: 8}})")
    check_entries(operator.shape)
    if 0 in operator.shape:
        raise DimensionError(f"{operator} has the shape {operator.shape}, and so no entries to draw")
    formal = isinstance(operator, Windowed) and bool(formal_names(operator.operator))
    entries = _exact_entries(operator.matrix(), operator.operator) if formal else operator.todense()
    made, axes = _sheet(entries.shape)
    note = draw(axes, entries, (0, 0), theme, _by_symbol(entries) if formal else None)
    changed = None if formal else beyond(operator, entries)
    if changed is not None and changed.any():
        _mark(axes, changed, theme)
        note += f"— {int(changed.sum()):,} entries changed by the boundary, framed"
    if isinstance(operator, Windowed):
        _borders(axes, operator.channels or PLAIN, (operator.out_window.size, operator.in_window.size), theme)
    flat = ", in C order" if len(operator.dims) > 1 or len(operator.dimsd) > 1 else ""
    axes.set(xlabel=f"place in the input{flat}", ylabel=f"place in the output{flat}")
    entitle(made, f"{' × '.join(map(str, operator.shape))} matrix of", operator, note.strip())
    return made


def beyond(operator: BoundOperator, entries: np.ndarray) -> np.ndarray | None:
    """Which entries are others than those with zeros outside the array; None where there is no such rule."""
    if not isinstance(operator, Windowed) or set(operator.boundary) == {"zero"}:
        return None
    inside = Windowed(
        operator.operator, operator.in_window.shape, operator.out_window, None, ("zero",) * len(operator.boundary)
    )
    other = inside.todense()
    most = float(np.max(np.abs(entries), initial=0))
    rounding = 64 * np.finfo(entries.dtype).eps if entries.dtype.kind in "fc" else 0
    return np.asarray(np.abs(entries - other) > rounding * most)


def _mark(axes: Any, changed: np.ndarray, theme: Theme) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    cells = [Rectangle((j - 0.5, i - 0.5), 1, 1) for i, j in np.argwhere(changed)]
    width, alpha = (1.8, 1.0) if max(changed.shape) <= WRITTEN else (0.4, 0.5)
    style: dict[str, Any] = {"facecolor": "none", "edgecolor": theme.ink, "linewidth": width, "alpha": alpha}
    axes.add_collection(PatchCollection(cells, **style))


def one_entry(operator: LinearOperator, pair: Any) -> LinearOperator:
    """The entry of one pair of channels, (output, input)."""
    entries = grid(operator)
    try:
        i, j = pair
        if isinstance(i, bool) or isinstance(j, bool) or min(i, j) < 0:
            raise IndexError
        return entries[i][j]
    except (TypeError, ValueError, IndexError):
        raise DimensionError(
            f"the channels are {pair!r}; give (output, input) below ({len(entries)}, {len(entries[0])})"
        ) from None
