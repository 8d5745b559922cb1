"""Answers to impulses, and polyphase components."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ...algebra.forms.polyphase import polyphase
from ...algebra.judge.evaluate import Evaluator
from ...errors import DimensionError, SizeError, WindowError
from ...expr import PLAIN, LinearOperator, formal_parts, plain
from ...scalar import exact, is_sympy
from .signal import all_stems, finish, parts_of, stems
from .spectrum import AliasMap, check_known, settled
from .style import Theme, as_numbers, cell_axes, entitle, figure, image, index_axis

IMPULSES = 6  # answers that are drawn where nobody asked for more
COMPONENTS = 6  # rows and columns of small plots
ENTRIES = 64  # symbolic entries of a table


def impulse(operator: LinearOperator, theme: Theme, *, count: int | None = None) -> Any:
    """The answers to impulses at 0 … count−1; by default one for every phase, as many as the input's period."""
    check_known(operator, formal_parts(operator))
    if operator.channels not in (None, PLAIN):
        raise DimensionError(f"{operator} acts on several channels; plot one entry of it, or kind='matrix'")
    entry, ndim = plain(operator), operator.ndim or 1
    if ndim > 2:
        raise DimensionError(f"{operator} acts on {ndim} axes; answers are drawn on one and two")
    count, period = _count(entry, ndim, count)
    places = [(j, *(0,) * (ndim - 1)) for j in range(count)]
    answers = [settled(entry, Evaluator(ndim).act(entry, {at: 1})) for at in places]
    made = _answers_1d(answers, theme) if ndim == 1 else _answers_2d(answers, places, theme)
    entitle(made, "Answers to impulses of", operator, f"({count} of {period} phases)" if period > count else "")
    return made


def _count(entry: LinearOperator, ndim: int, count: Any) -> tuple[int, int]:
    period = AliasMap.of(entry).inputs if ndim == 1 and count is None else 1
    count = min(period, IMPULSES) if count is None else count
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 24:
        raise WindowError(f"the count of impulses is {count!r}; give an int from 1 to 24")
    return count, period


def _answers_1d(answers: list[Any], theme: Theme) -> Any:
    """One row for every impulse, on one index axis."""
    made = figure(7, 1.1 + 1.15 * len(answers))
    rows = made.subplots(len(answers), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    indices = [n for answer in answers for (n,) in answer] or [0]
    start, stop = min(indices), max(indices) + 1
    for j, (axes, answer) in enumerate(zip(rows, answers, strict=True)):
        values = np.zeros(stop - start, dtype=complex)
        values[[n - start for (n,) in answer]] = as_numbers(list(answer.values()))
        all_stems(axes, start, values, theme, j)
        finish(axes, theme, start, stop)
        axes.set_ylabel(f"impulse\nat {j}")
        axes.label_outer()
    return made


def _answers_2d(answers: list[Any], places: list[tuple[int, ...]], theme: Theme) -> Any:
    from ...algebra.judge.witness import to_signal

    made = figure(1 + 3.6 * len(answers), 3.6)
    for axes, answer, at in zip(made.subplots(1, len(answers), squeeze=False)[0], answers, places, strict=True):
        signal = to_signal(answer, 2)
        values = as_numbers(list(map(exact, signal.values.ravel().tolist()))).reshape(signal.values.shape)
        image(axes, np.abs(values) if values.dtype.kind == "c" else values, signal.starts, theme)
        axes.set(title=f"impulse at {at}", xlabel="index n₁ (samples)", ylabel="index n₀ (samples)")
    return made


# Polyphase --------------------------------------------------------------------------------------------------


def components(operator: LinearOperator, theme: Theme) -> Any:
    """Small plots of P_ij[t]; a table of P_ij(z) where taps are symbols."""
    found = polyphase(operator)
    rows = [[_coefficients(found[i, j]) for j in range(found.cols)] for i in range(found.rows)]
    symbolic = any(is_sympy(v) and v.free_symbols for row in rows for entry in row for v in entry.values())
    size = "" if max(found.shape) <= COMPONENTS else f"(the first of {found.rows} × {found.cols})"
    first = [row[:COMPONENTS] for row in rows[:COMPONENTS]]
    made = _table(found) if symbolic else _small_plots(first, theme)
    entitle(made, "Polyphase components of", operator, "" if symbolic else size)
    return made


def _coefficients(entry: Any) -> dict[int, Any]:
    """P[t] of Σ_t P[t] z^{−t}."""
    import sympy

    z = sympy.Symbol("z")
    found: dict[int, Any] = {}
    for term in sympy.Add.make_args(sympy.expand(entry)):
        value, power = term.as_independent(z)
        t = -int(power.as_base_exp()[1]) if power != 1 else 0
        if value != 0:
            found[t] = exact(found.get(t, 0) + value)
    return found


def _small_plots(rows: list[list[dict[int, Any]]], theme: Theme) -> Any:
    height, width = len(rows), len(rows[0])
    made = figure(1.5 + max(1.7 * width, 3), 1 + 1.3 * height)
    indices = [t for row in rows for entry in row for t in entry] or [0]
    start, stop = min(indices), max(indices) + 1
    grid = made.subplots(height, width, squeeze=False, sharex=True, sharey=True)
    for i, j in np.ndindex(height, width):
        axes, entry = grid[i, j], rows[i][j]
        values = as_numbers([entry.get(t, Fraction(0)) for t in range(start, stop)])
        for part, (_, numbers) in enumerate(parts_of(values)):
            stems(axes, np.arange(start, stop) + 0.16 * part, numbers, theme, part)
        axes.axhline(0, color=theme.ink, linewidth=0.8)
        axes.set_title(f"$P_{{{i},{j}}}$", fontsize=9)
        index_axis(axes.xaxis)
    made.supxlabel("delay t (samples of the slow rate)", fontsize=9)
    made.supylabel("$P_{ij}[t]$", fontsize=9)
    return made


def _table(found: Any) -> Any:
    import sympy

    if found.rows * found.cols > ENTRIES:
        raise SizeError(f"the polyphase matrix has {found.rows} × {found.cols} entries; at most {ENTRIES} are written")
    texts = [[f"${sympy.latex(found[i, j])}$" for j in range(found.cols)] for i in range(found.rows)]
    widest = max(len(text) for row in texts for text in row)
    made = figure(max(4.0, 0.1 * widest * found.cols + 1), 1.4 + 0.7 * found.rows)
    axes = made.subplots()
    axes.set(xlim=(-0.5, found.cols - 0.5), ylim=(found.rows - 0.5, -0.5), xlabel="input phase j")
    axes.set_ylabel("output phase i")
    cell_axes(axes)
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            axes.text(j, i, text, ha="center", va="center", fontsize=14)
    return made
