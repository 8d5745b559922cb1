"""The judge of operators on arrays: the matrix Crop · A · Extend, entry by entry from the definitions.

Row n of it is row n of A on ℤ^d, which :mod:`tests.judge` finds by brute force, times the matrix that continues
the array.  That matrix is what :func:`numpy.pad` makes of the identity; only "antisymmetric", which NumPy does not
have, is written out sample by sample.  Nothing here comes from the engines, the windows or the prover.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from opalgebra.expr import blocks, multirate, named, operators, signals, transform
from opalgebra.expr.factors import axes

from .judge import Judge, Vector, _plus, _times, phase_of, phases
from .judge_boxes import Index
from .judge_numbers import Gauss, is_zero

Spans = tuple[tuple[int, int], ...]  # (start, stop) per axis
PADS = {
    "zero": {"mode": "constant"},
    "wrap": {"mode": "wrap"},
    "symmetric": {"mode": "symmetric"},
    "reflect": {"mode": "reflect"},
    "edge": {"mode": "edge"},
    "antireflect": {"mode": "reflect", "reflect_type": "odd"},
}
BOUNDARIES = (*PADS, "antisymmetric")


# Continuing an array


@cache
def continuation(rule: str, n: int, before: int, after: int) -> np.ndarray:
    """Row i is what index i − before is made of: integers, shape (before + n + after, n)."""
    if rule != "antisymmetric":
        return np.pad(np.eye(n, dtype=np.int64), ((before, after), (0, 0)), **PADS[rule])
    rows = {i: np.eye(n, dtype=np.int64)[i] for i in range(n)}
    for i in range(1, max(before, after) + 1):
        rows[-i] = -rows[i - 1]
        rows[n - 1 + i] = -rows[n - i]
    return np.array([rows[i] for i in range(-before, n + after)])


def samples(rules: tuple[str, ...], sizes: Index, at: Index) -> Iterator[tuple[Index, int]]:
    """The samples, with weights, that the continued array has at an index; none where it is empty."""
    choices = []
    for rule, n, i in zip(rules, sizes, at, strict=True):
        if n == 0 or (rule == "zero" and not 0 <= i < n):
            return
        width = 16 + max(-i, i - n, 0) // 16 * 16  # few widths, so that few paddings are made
        row = continuation(rule, n, width, width)[i + width]
        choices.append([(int(j), int(row[j])) for j in np.flatnonzero(row)])
    for choice in product(*choices):
        yield tuple(j for j, _ in choice), int(np.prod([w for _, w in choice]))


# Operators with channels: one vector for each


def rows_of(judge: Judge, node: Any, channel: int, at: Index) -> list[Vector]:
    """Row ``at`` of an output channel: for every input channel, {index: entry}."""
    outs = node.channels[0] if node.channels else 1
    unit: list[Vector] = [{at: 1} if i == channel else {} for i in range(outs)]
    return backwards(judge, node, unit)


def backwards(judge: Judge, node: Any, y: list[Vector], conjugated: bool = False) -> list[Vector]:
    """Aᵀ y, or Aᴴ y, on channels."""
    kind = type(node)
    if kind is blocks.Block:
        return _of_block(judge, node, y, conjugated)
    if kind in (blocks.Polyphase, blocks.PixelShuffle):
        return _of_phases(judge, node, y)
    if not _has_blocks(node):
        turned = operators.Adjoint(node) if conjugated else operators.Transpose(node)
        return [judge.apply(turned, one) if one else {} for one in y]
    if kind is operators.Compose:
        for part in node.factors:
            y = backwards(judge, part, y, conjugated)
        return y
    if kind is operators.Power:
        for _ in range(node.exponent):
            y = backwards(judge, node.operator, y, conjugated)
        return y
    if kind is operators.Sum:
        return _added([backwards(judge, term, y, conjugated) for term in node.terms])
    if kind is operators.Scale:
        scalar = judge.number(node.scalar)
        scalar = scalar.conjugate() if conjugated else scalar
        return [{at: scalar * v for at, v in one.items()} for one in backwards(judge, node.operator, y, conjugated)]
    if kind is operators.Conj:
        return backwards(judge, node.operator, y, not conjugated)
    raise TypeError(f"the judge does not know {kind.__name__} of blocks")


def _has_blocks(node: Any) -> bool:
    return isinstance(node, (blocks.Block, blocks.Polyphase, blocks.PixelShuffle)) or any(
        _has_blocks(child) for child in node.children() if isinstance(child, operators.LinearOperator)
    )


def _of_block(judge: Judge, node: Any, y: list[Vector], conjugated: bool) -> list[Vector]:
    rows = iter(y)
    parts = [list(_taken(rows, height)) for height in node.heights]
    found: list[Vector] = []
    for j, width in enumerate(node.widths):
        empty: list[Vector] = [{} for _ in range(width)]
        terms = [
            backwards(judge, row[j], part, conjugated)
            for row, part in zip(node.rows, parts, strict=True)
            if type(row[j]) is not operators.Zero
        ]
        found += _added([empty, *terms])
    return found


def _taken(rows: Iterator[Vector], count: int) -> Iterator[Vector]:
    for _ in range(count):
        yield next(rows)


def _added(terms: list[list[Vector]]) -> list[Vector]:
    total: list[Vector] = [{} for _ in terms[0]]
    for term in terms:
        for vector, more in zip(total, term, strict=True):
            for at, value in more.items():
                vector[at] = vector.get(at, 0) + value
    return total


def _of_phases(judge: Judge, node: Any, y: list[Vector]) -> list[Vector]:
    """Polyphase puts x_{kn+r} at n of channel r, PixelShuffle takes it back."""
    k = judge.integers(node.factor)
    offsets = phases(k)
    if type(node) is blocks.Polyphase:
        pairs = zip(offsets, y, strict=True)
        return [{_plus(_times(n, k), r): v for r, one in pairs for n, v in one.items()}]
    found: list[Vector] = [{} for _ in offsets]
    for at, value in y[0].items():
        r, n = phase_of(at, k)
        found[offsets.index(r)][n] = value
    return found


# The matrix of a bound operator


def indices(spans: Spans) -> Iterable[Index]:
    """All indices of a window, in C order."""
    return product(*[range(a, b) for a, b in spans])


def exact_matrix(node: Any, sizes: Index, out: Spans, rules: tuple[str, ...]) -> np.ndarray:
    """Crop · A · Extend with exact entries; channels before the axes, as in the arrays."""
    judge = Judge(len(sizes))
    outs, ins = node.channels or (1, 1)
    places = {at: i for i, at in enumerate(product(*map(range, sizes)))}
    rows = []
    for channel in range(outs):
        for n in indices(out):
            row = np.zeros(ins * len(places), dtype=object)
            for j, vector in enumerate(rows_of(judge, node, channel, n)):
                for m, value in vector.items():
                    for source, weight in samples(rules, sizes, m):
                        row[j * len(places) + places[source]] += weight * value
            rows.append(row)
    return np.array(rows, dtype=object).reshape(len(rows), ins * len(places))


def as_numbers(exact: np.ndarray) -> np.ndarray:
    """Exact entries as complex numbers."""
    return np.array([_complex(v) for v in exact.flat], dtype=complex).reshape(exact.shape)


def _complex(value: Any) -> complex:
    return complex(float(value.re), float(value.im)) if isinstance(value, Gauss) else complex(value)


def same_exactly(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two matrices of exact numbers are equal."""
    return a.shape == b.shape and all(is_zero(x - y) for x, y in zip(a.flat, b.flat, strict=True))


# What the windows mean


def skeleton(node: Any) -> Any:
    """The operator with all taps, weights and scalars 1: its entries are positive where something is read."""

    def ones(part: Any) -> Any:
        if isinstance(part, signals.Signal):
            return signals.Signal(np.ones(part.values.shape, dtype=np.int64), start=part.start)
        return operators.Scale(1, skeleton(part.operator)) if isinstance(part, operators.Scale) else None

    return transform(node, ones)


def reads(judge: Judge, node: Any, n: Index) -> list[Index]:
    """The indices that output n reads, in any channel; ``node`` is a skeleton."""
    outs = node.channels[0] if node.channels else 1
    found = [vector for channel in range(outs) for vector in rows_of(judge, node, channel, n)]
    return sorted({m for vector in found for m, value in vector.items() if not is_zero(value)})


def within(at: Index, sizes: Index) -> bool:
    return all(0 <= i < n for i, n in zip(at, sizes, strict=True))


def valid_outputs(node: Any, sizes: Index, full: Spans) -> set[Index]:
    """The outputs of the full window that read only inside the input."""
    judge, bare = Judge(len(sizes)), skeleton(node)
    return {n for n in indices(full) if all(within(m, sizes) for m in reads(judge, bare, n))}


def rate(node: Any, axis: int) -> Any:
    """Outputs per input along an axis, of a word without sums and blocks."""
    from fractions import Fraction

    kind = type(node)
    if kind is operators.Compose:
        found = Fraction(1)
        for part in node.factors:
            found *= rate(part, axis)
        return found
    if kind is operators.Power:
        return rate(node.operator, axis) ** node.exponent
    if kind in (operators.Transpose, operators.Adjoint):
        return 1 / rate(node.operator, axis)
    if kind in (operators.Conj, operators.Scale):
        return rate(node.operator, axis)
    if kind in (multirate.Up, named.Repeat, named.LinearUp, named.TransposedConv):
        return Fraction(axes(node.factor)[axis])
    if kind in (multirate.Down, named.AvgPool, named.StridedConv):
        return Fraction(1, axes(node.factor)[axis])
    return Fraction(1)
