"""Which samples feed an output, and which outputs a sample reaches: the gather and the scatter view of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, TypeAlias

from ..._verbs import verb
from ...errors import DimensionError, OperandError, SizeError
from ..geometry import Reads, shape_of
from ..layer import Layer

Pairs: TypeAlias = tuple[tuple[Any, Any], ...]
ENTRY_LIMIT = 1_000_000


@dataclass(frozen=True)
class AxisTrace:
    """One axis: for each output the pairs (position read, tap); positions outside 0 … n−1 are padding."""

    n: int
    reads: Reads

    def rows(self) -> list[list[str]]:
        """Outputs as rows, positions as columns, the tap w_j where one is read; padding in parentheses."""
        positions = sorted({i for row in self.reads for i, _ in row} | set(range(self.n)))
        head = [f"x{i}" if 0 <= i < self.n else f"({i})" for i in positions]
        rows = [["", *head]]
        for m, row in enumerate(self.reads):
            found: dict[int, list[str]] = {}
            for i, j in row:
                found.setdefault(i, []).append(f"w{j}")
            rows.append([f"y{m}", *("+".join(found.get(i, ["·"])) for i in positions)])
        return rows

    def table(self) -> str:
        """The rows, as text."""
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "\n".join(lines)


@dataclass(frozen=True)
class Trace:
    """What :func:`trace` finds: the axes of a layer, each on its own, because the geometry is separable.

    Attributes
    ----------
    layer : Layer
    axes : tuple of AxisTrace

    >>> import opalgebra as oa
    >>> oa.nn.trace(oa.nn.Conv([[[1, 2]]], stride=2), 4).gather
    {0: ((0, 0), (1, 1)), 1: ((2, 0), (3, 1))}
    """

    layer: Layer
    axes: tuple[AxisTrace, ...]

    @cached_property
    def gather(self) -> dict[Any, Pairs]:
        """For each output the pairs (sample, tap) that it is made of; ints on one axis, tuples on several."""
        return {m: tuple((i, j) for i, j in pairs if self._is_inside(i)) for m, pairs in self._outputs()}

    @cached_property
    def padding(self) -> dict[Any, Pairs]:
        """For each output that reads padding the pairs (position outside the input, tap)."""
        found = {m: tuple((i, j) for i, j in pairs if not self._is_inside(i)) for m, pairs in self._outputs()}
        return {m: pairs for m, pairs in found.items() if pairs}

    @cached_property
    def scatter(self) -> dict[Any, Pairs]:
        """For each sample the pairs (output, tap) that it reaches."""
        inputs = [(i if len(i) > 1 else i[0]) for i in product(*(range(axis.n) for axis in self.axes))]
        found: dict[Any, list[tuple[Any, Any]]] = {i: [] for i in inputs}
        for m, pairs in self.gather.items():
            for i, j in pairs:
                found[i].append((m, j))
        return {i: tuple(pairs) for i, pairs in found.items()}

    def _repr_html_(self) -> str:
        return str(verb("html")(self))

    def _outputs(self) -> Iterator[tuple[Any, list[tuple[Any, Any]]]]:
        count = prod(len(axis.reads) * max((len(row) for row in axis.reads), default=1) for axis in self.axes)
        if count > ENTRY_LIMIT:
            raise SizeError(
                f"the trace has {count} entries, more than {ENTRY_LIMIT}; trace a smaller input, or one axis"
            )
        if len(self.axes) == 1:
            yield from ((m, list(row)) for m, row in enumerate(self.axes[0].reads))
            return
        for m in product(*(range(len(axis.reads)) for axis in self.axes)):
            rows = [axis.reads[at] for axis, at in zip(self.axes, m, strict=True)]
            yield m, [tuple(zip(*pairs, strict=True)) for pairs in product(*rows)]  # type: ignore[misc]

    def _is_inside(self, i: Any) -> bool:
        at = i if isinstance(i, tuple) else (i,)
        return all(0 <= entry < axis.n for entry, axis in zip(at, self.axes, strict=True))

    def table(self) -> str:
        """For each axis the taps, outputs as rows and positions as columns; padding in parentheses."""
        if len(self.axes) == 1:
            return self.axes[0].table()
        return "\n\n".join(f"axis {number}\n{axis.table()}" for number, axis in enumerate(self.axes))

    def __str__(self) -> str:
        sizes = " × ".join(f"{axis.n}" for axis in self.axes), " × ".join(f"{len(axis.reads)}" for axis in self.axes)
        lines = [f"{self.layer}: {sizes[0]} → {sizes[1]}", "", self.table()]
        if len(self.axes) == 1:
            lines += ["", *(f"x{i} → {_joined(pairs, 'y')}" for i, pairs in self.scatter.items())]
            lines += ["", *(f"y{m} ← {_joined(pairs, 'x')}" for m, pairs in self.gather.items())]
        return "\n".join(lines)


def _joined(pairs: Pairs, name: str) -> str:
    return ", ".join(f"{name}{i} (w{j})" for i, j in pairs) or "nothing"


def trace(layer: Layer, n: int | Sequence[int]) -> Trace:
    """Which samples feed each output with which tap, and which outputs each sample reaches.

    Parameters
    ----------
    layer : Conv, ConvTranspose, AvgPool, MaxPool or Upsample
    n : int or tuple of int
        The spatial size of the input.

    Returns
    -------
    Trace
        ``gather``, ``scatter`` and ``padding``, dictionaries; ``table()``; ``str`` shows all views.

    Examples
    --------
    >>> import opalgebra as oa
    >>> t = oa.nn.trace(oa.nn.Conv([[[1, 2, 3]]], stride=2, padding=1), 4)
    >>> print(t.table())
        (-1)  x0  x1  x2  x3
    y0    w0  w1  w2   ·   ·
    y1     ·   ·  w0  w1  w2
    >>> t.scatter[1]
    ((0, 2), (1, 0))
    >>> print(oa.nn.trace(oa.nn.ConvTranspose([[[1, 2, 3]]], stride=2), 2).table())
        x0  x1
    y0  w0   ·
    y1  w1   ·
    y2  w2  w0
    y3   ·  w1
    y4   ·  w2
    """
    if not isinstance(layer, Layer) or not layer.has_taps:
        raise OperandError(f"{layer!r} has no taps to trace; give a convolution, a pool or an Upsample")
    sizes = shape_of(n, str(layer))
    if layer.ndim not in (None, len(sizes)):
        raise DimensionError(f"the size {n!r} has {len(sizes)} axes and {layer} acts on {layer.ndim}")
    axes = zip(sizes, layer._axes(len(sizes)), strict=True)
    return Trace(layer, tuple(AxisTrace(size, axis.reads(size)) for size, axis in axes))
