"""Witnesses: the smallest input, kernels and factors for which two sides differ.

Candidates are tried from small to large by plain evaluation, so what is shown has been computed from the
definitions.  If none of the small ones tells the sides apart, the canonical form of their difference says
where they differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, product
from typing import Any

from ...expr import Down, FormalOperator, LinearOperator, Modulate, SamplingMatrix, Up, axes, formal_names, walk
from ...expr.signals import FormalSignal
from ...scalar import is_sympy
from ..judge.evaluate import Index, Sparse
from ..judge.witness import Names, Witness, compare, conjugates, indices
from .canonical import Canonical, Shape, canonical_of
from .walk import INPUT

SMALL_CANDIDATES = 48


def small_names(formal: dict[str, FormalSignal | FormalOperator], ndim: int, complex_taps: bool) -> Iterator[Names]:
    """Small samples for all formal names, the simplest first."""
    options = [
        [(cost, name, s) for cost, s in _small_samples(node, ndim, complex_taps)] for name, node in formal.items()
    ]
    chosen = sorted(islice(product(*options), 4096), key=lambda choice: sum(cost for cost, _, _ in choice))
    for choice in chosen:
        yield {name: samples for _, name, samples in choice}


def _small_samples(node: FormalSignal | FormalOperator, ndim: int, complex_taps: bool) -> list[tuple[int, Sparse]]:
    def at(*n: int) -> Index:
        return (*n, *(0,) * (ndim - len(n)))

    if isinstance(node, FormalOperator):
        zero, one = at(0), at(1)
        return [
            (0, {(*zero, *zero): 1}),
            (1, {(*one, *zero): 1}),
            (2, {(*zero, *zero): 1, (*one, *zero): 2, (*zero, *one): 3, (*one, *one): 5}),
        ]
    samples: list[tuple[int, Sparse]] = [(0, {at(0): 1}), (1, {at(1): 1}), (3, {at(0): 1, at(1): 2})]
    samples += [(4, {at(2): 1}), (4, {at(-1): 1}), (6, {at(0): 1, at(1): 2, at(2): 3, at(3): 5})]
    if ndim > 1:
        samples.append((2, {(0, 1, *(0,) * (ndim - 2)): 1}))
        samples.append((5, {n: 1 + i for i, n in enumerate(product(range(2), repeat=ndim))}))
    if complex_taps and not node.real:
        import sympy

        samples.append((2, {at(0): sympy.I}))
        samples.append((5, {at(0): 1, at(1): sympy.I}))
    return samples


def find(lhs: Any, rhs: Any, ndim: int, walker: Any) -> Witness | None:
    """The smallest witness found for two sides that differ; None only where evaluation cannot tell them apart."""
    return find_small(lhs, rhs, ndim) or _from_difference(lhs, rhs, ndim, walker)


def find_small(lhs: Any, rhs: Any, ndim: int) -> Witness | None:
    """The first of the small candidates that tells two sides apart."""
    formal = formal_names(lhs, rhs)
    is_operator = isinstance(lhs, LinearOperator)
    for names in islice(small_names(formal, ndim, conjugates(lhs, rhs)), SMALL_CANDIDATES):
        for at in islice(indices(ndim), _reach(lhs, rhs)) if is_operator else [None]:
            witness = compare(lhs, rhs, at, names, ndim)
            if witness is not None:
                return witness
    return None


def _reach(lhs: Any, rhs: Any) -> int:
    """How many inputs to try: past the periods of small expressions."""
    period = 1
    for node in (*walk(lhs), *walk(rhs)):
        if isinstance(node, Up | Down):
            period = max(period, *periods_of(node.factor), 1)
        elif isinstance(node, Modulate):
            period = max(period, *node.sequence.values.shape)
    return min(2 * period + 3, 13)


def periods_of(factor: Any) -> list[int]:
    """Numbers of samples after which ↓ by a factor repeats itself, on one axis or another; symbols have none."""
    if isinstance(factor, SamplingMatrix):
        return [factor.exponent]
    return [k for k in axes(factor) if not is_sympy(k)]


def difference(lhs: Any, rhs: Any, walker: Any) -> Canonical:
    """The canonical form of lhs − rhs, in which equal families cancel before they are cut up."""
    minus = [s for state in walker.run(rhs) for s in state.scaled(-walker.ring.one)]
    return canonical_of(walker.merge([*walker.run(lhs), *minus]))


def _from_difference(lhs: Any, rhs: Any, ndim: int, walker: Any) -> Witness | None:
    """Walk to points at which the canonical form of lhs − rhs has weight, ever farther out."""
    where = difference(lhs, rhs, walker)
    formal = formal_names(lhs, rhs)
    for step in range(40):
        for at, names in _supports(where, ndim, step, formal):
            for scale in range(1, 4):
                scaled = {
                    name: {n: _weight(i, scale) for i, n in enumerate(sorted(taps))} for name, taps in names.items()
                }
                witness = compare(lhs, rhs, at, scaled, ndim)
                if witness is not None:
                    return witness
    return None


def _weight(position: int, scale: int) -> Any:
    if scale == 3:
        import sympy

        return position + 1 + sympy.I * (position + 2)
    return 1 if scale == 1 else Fraction(3 * position + 2)


def _supports(
    difference: Canonical, ndim: int, step: int, formal: dict[str, FormalSignal | FormalOperator]
) -> Iterator[tuple[Index | None, dict[str, set[Index]]]]:
    """Input index and tap indices of points that carry weight, ``step`` periods out."""
    for shape, intercepts in islice(difference.items(), 8):
        for intercept, (basis, weights) in islice(intercepts.items(), 4):
            for offset in islice(weights, 4):
                free = [o + step * (3 * step + 1 + i) * sum(row[i] for row in basis[: i + 1])
                        for i, o in enumerate(offset)] if step else list(offset)  # fmt: skip
                free = _on_lattice(free, offset, basis)
                yield _read(shape, intercept, free, ndim, formal)


def _on_lattice(wanted: list[int], offset: Index, basis: Any) -> list[int]:
    """The point of the coset nearest below the wanted one."""
    point = list(offset)
    for i, row in enumerate(basis):
        times = (wanted[i] - point[i]) // row[i]
        for j, v in enumerate(row):
            point[j] += times * v
    return point


def _read(
    shape: Shape, intercept: Index, free: list[int], ndim: int, formal: dict[str, FormalSignal | FormalOperator]
) -> tuple[Index | None, dict[str, set[Index]]]:
    coordinates: dict[int, int] = dict(zip(shape.columns, free, strict=True))
    size = ndim * (1 + len(shape.labels))
    others = [i for i in range(size) if i not in coordinates]
    for k, i in enumerate(others):
        total = sum(f * slope[k] for f, slope in zip(free, shape.slopes, strict=True)) + intercept[k]
        coordinates[i] = total // shape.denominator
    at: Index | None = None
    names: dict[str, set[Index]] = {name: set() for name in formal}
    rows: dict[str, Index] = {}
    for slot, label in enumerate(shape.labels):
        where = tuple(coordinates[ndim * slot + j] for j in range(ndim))
        if label == INPUT:
            at = where
        elif label[0] == "":
            continue  # the exponent of a unit follows from the others
        elif label[0] == "signal":
            names[label[1]].add(where)
        elif label[3] == "row":
            rows[label[1]] = where
        else:
            names[label[1]].add((*rows[label[1]], *where))
    for name, node in formal.items():
        if not names[name]:
            zero = (0,) * ndim
            names[name] = {(*zero, *zero) if isinstance(node, FormalOperator) else zero}
    return at, names
