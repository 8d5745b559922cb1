"""The entries of two bound operators of one size compared: exact numbers, and canonical forms of formal kernels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from random import Random
from typing import Any

import numpy as np

from ...algebra.decide.canonical import ConcreteWalker, canonical_of
from ...algebra.decide.coset import Cosets
from ...algebra.facts import Hypothesis
from ...algebra.judge.evaluate import Evaluator, differs
from ...algebra.judge.witness import to_signal
from ...algebra.numbers.choose import ring_of
from ...algebra.numbers.ring import Ring
from ...errors import Undecided
from ...expr import FormalSignal, LinearOperator, all_factor_symbols, constants, formal_names, grid
from ...scalar import is_sympy
from ..operators.base import BoundOperator, Shape, check_entries
from ..operators.between import between_windows
from ..operators.combine import Combined, walk
from .lattice_form import LatticeForm, lattice_form
from .witness import BoundWitness

PAIR_LIMIT = 40_000  # entries whose canonical forms are compared


def roots(*operators: BoundOperator) -> Iterator[LinearOperator]:
    """The operators of the algebra that bound ones are made of."""
    return (part.operator for operator in operators for part in between_windows(operator))


def difference(lhs: BoundOperator, rhs: BoundOperator) -> tuple[BoundWitness | None, str]:
    """The first entry in which the exact matrices differ, and a reason where some entry cannot be told."""
    check_entries(lhs.shape)
    left, right = lhs._exact(), rhs._exact()
    open_question = ""
    for i, j in np.argwhere(left != right):
        a, b = left[i, j], right[i, j]
        if not (is_sympy(a) or is_sympy(b)) or differs(a, b):
            return _witness((lhs.dimsd, lhs.dims), int(i), int(j), a, b), ""
        if not _same_number(a, b):
            open_question = f"the entries {a} and {b} could neither be told apart nor shown equal"
    return None, open_question


def _same_number(a: Any, b: Any) -> bool:
    ring = ring_of([a, b])
    return bool(ring.convert(a) == ring.convert(b))


def _witness(shapes: tuple[Shape, Shape], i: int, j: int, a: Any, b: Any, kernels: Any = None) -> BoundWitness:
    """At row i and column j, for the shapes of output and input."""
    index, column = (tuple(map(int, np.unravel_index(at, shape))) for at, shape in zip((i, j), shapes, strict=True))
    return BoundWitness(column, index, a, b, kernels or {})


def replayed(lhs: BoundOperator, rhs: BoundOperator, witness: Any) -> bool:
    """The two entries once more; a side that can run is run, and must give the entry up to rounding."""
    at = (*np.atleast_1d(witness.index),), (*np.atleast_1d(witness.column),)
    i, j = int(np.ravel_multi_index(at[0], lhs.dimsd)), int(np.ravel_multi_index(at[1], lhs.dims))
    values = [_entries(side, witness.kernels)[i, j] for side in (lhs, rhs)]
    return values == [witness.lhs, witness.rhs] and bool(differs(*values))


def run_alike(lhs: BoundOperator, rhs: BoundOperator) -> bool:
    """Whether both, run on the unit vectors, agree up to rounding; entries with symbols are compared exactly."""
    check_entries(lhs.shape)
    symbolic = any(is_sympy(c) and c.free_symbols for c in constants(*roots(lhs, rhs)))
    if symbolic:
        return difference(lhs, rhs) == (None, "")
    left, right = lhs.todense(), rhs.todense()
    kinds = [np.dtype(part.dtype) for side in (lhs, rhs) for part in walk(side) if not isinstance(part, Combined)]
    coarse = max(np.finfo(kind).eps if kind.kind in "fc" else 0.0 for kind in kinds)
    rtol = max(1e-8, 32 * float(coarse))  # of weights in single precision no more digits agree
    return bool(np.allclose(left, right, rtol=rtol, atol=rtol / 100 * max(1.0, float(np.abs(left).max(initial=0)))))


# -- formal kernels -----------------------------------------------------------------------------------------


def formal_difference(forms: Any, facts: tuple[Hypothesis, ...]) -> tuple[str, BoundWitness | None, str]:
    """The verdict for formal kernels between windows, entry by entry, a witness, and a reason."""
    left, right = forms
    if left is None or right is None:
        raise Undecided("an operator with formal kernels is cut off on the way, and is not equal for every size")
    if facts or all_factor_symbols(left.operator, right.operator):
        raise Undecided("not equal on ℤ^d; between windows hypotheses and symbolic factors are not decided")
    if set(left.boundary) | set(right.boundary) != {"zero"}:
        raise Undecided("not equal on ℤ^d; beyond the ends a formal kernel reads the continued signal without end")
    names = formal_names(left.operator, right.operator)
    if not all(isinstance(node, FormalSignal) for node in names.values()):
        raise Undecided("not equal on ℤ^d; formal operators are not decided between windows")
    if not _differ(left, right):
        return "proved", None, ""
    witness = _kernels_that_differ(left, right, names)
    if witness is None:
        raise Undecided("no kernels were found that show the difference of the entries")
    return "refuted", witness, ""


def _differ(left: LatticeForm, right: LatticeForm) -> bool:
    """Whether some entry has another canonical form."""
    ring = ring_of(constants(left.operator, right.operator))
    grids = grid(left.operator), grid(right.operator)
    if prod(left.outputs) * prod(left.sizes) * len(grids[0]) * len(grids[0][0]) > PAIR_LIMIT:
        raise Undecided(f"budget: more than {PAIR_LIMIT} entries with formal kernels would be compared")
    for row_a, row_b in zip(*grids, strict=True):
        for a, b in zip(row_a, row_b, strict=True):
            for m in np.ndindex(*left.sizes):
                found = [_column(entry, m, ring) for entry in (a, b)]
                for n in np.ndindex(*left.outputs):
                    if _entry(found[0], n) != _entry(found[1], n):
                        return True
    return False


def _column(operator: LinearOperator, m: Shape, ring: Ring) -> list[Cosets]:
    walker = ConcreteWalker(len(m), ring)
    return list(walker.act(operator, [Cosets.taps(len(m), {m: ring.one})], False, False))


def _entry(column: list[Cosets], n: Shape) -> Any:
    """The canonical form of one entry: the part of a column at index n, a polynomial in the formal taps."""
    return canonical_of([state.at(n) for state in column])


def _kernels_that_differ(left: LatticeForm, right: LatticeForm, names: dict[str, Any]) -> BoundWitness | None:
    """Small integer kernels for which an entry differs; a nonzero polynomial has such values nearly everywhere."""
    rng = Random(20261122)
    ndim = len(left.sizes)
    for reach in (1, 2, 4, 8, 16):
        for _ in range(4):
            at = list(product(range(-reach, reach + 1), repeat=ndim))
            kernels = {name: {n: rng.choice((-2, -1, 1, 2, 3)) for n in at} for name in names}
            found = _matrices(left, kernels), _matrices(right, kernels)
            wrong = np.argwhere(found[0] != found[1])
            if len(wrong):
                i, j = map(int, wrong[0])
                signals = {name: to_signal(taps, ndim) for name, taps in kernels.items()}
                return _witness(_shapes(left), i, j, found[0][i, j], found[1][i, j], signals)
    return None


def _shapes(form: LatticeForm) -> tuple[Shape, Shape]:
    channels = form.operator.channels
    if channels in (None, (1, 1)):
        return form.outputs, form.sizes
    assert channels is not None
    return (channels[0], *form.outputs), (channels[1], *form.sizes)


def _matrices(form: LatticeForm, kernels: dict[str, Any]) -> np.ndarray:
    """All entries with numbers for the formal kernels, zero beyond the ends."""
    evaluator = Evaluator(len(form.sizes), kernels)
    return np.block([[_of_columns(entry, form, evaluator) for entry in row] for row in grid(form.operator)])


def _of_columns(entry: LinearOperator, form: LatticeForm, evaluator: Evaluator) -> np.ndarray:
    result = np.zeros((prod(form.outputs), prod(form.sizes)), dtype=object)
    for j, m in enumerate(np.ndindex(*form.sizes)):
        column = evaluator.act(entry, {m: 1})
        for i, n in enumerate(np.ndindex(*form.outputs)):
            result[i, j] = column.get(n, 0)
    return result


def _entries(operator: BoundOperator, kernels: dict[str, Any]) -> np.ndarray:
    """The exact matrix, with numbers for formal kernels."""
    if not kernels:
        return operator._exact()
    form = lattice_form(operator)
    assert form is not None
    return _matrices(form, {name: dict(signal.items()) for name, signal in kernels.items()})


def agree_at_random(lhs: BoundOperator, rhs: BoundOperator) -> bool:
    """Whether no kernels that are tried show a difference."""
    left, right = lattice_form(lhs), lattice_form(rhs)
    assert left is not None
    assert right is not None
    return _kernels_that_differ(left, right, formal_names(left.operator, right.operator)) is None
