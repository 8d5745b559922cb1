"""What is proved of operators on arrays.

Two bound operators are first read as operators on ℤ^d between windows.  If these are equal on ℤ^d and the
windows and boundaries agree, the bound ones are equal for every size.  Otherwise the sizes at hand decide: with
known taps the exact matrices are compared, with formal kernels the canonical forms of all entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from random import Random
from typing import Any, NamedTuple

import numpy as np

from ..._verbs import verb
from ...algebra.decide.canonical import ConcreteWalker, canonical_of
from ...algebra.decide.coset import Cosets
from ...algebra.decide.proof import Proof, Step
from ...algebra.decide.prove import proved_about
from ...algebra.decide.rounded import rounding_hint
from ...algebra.decide.scope import Scope
from ...algebra.facts import Hypothesis, hypotheses, symbols_of
from ...algebra.judge.evaluate import Evaluator, differs
from ...algebra.judge.witness import to_signal
from ...algebra.numbers.choose import ring_of
from ...algebra.numbers.ring import Ring
from ...engine.arrays.window import Window
from ...errors import DimensionError, OperandError, Undecided
from ...expr import all_factor_symbols, constants, formal_names, formal_parts, grid, negated, symbols_in
from ...expr.multirate import Shift
from ...expr.operators import LinearOperator
from ...expr.signals import FormalSignal
from ...scalar import is_sympy
from ..operators.base import BoundOperator, check_entries
from ..operators.combine import Product, Scaled, Total, Turned
from ..operators.windowed import Windowed, indices
from ..sizes.large import operators

PAIR_LIMIT = 40_000  # entries whose canonical forms are compared


class Lattice(NamedTuple):
    """A bound operator as Crop ∘ A ∘ Extend, both windows starting at 0."""

    operator: LinearOperator
    sizes: tuple[int, ...]
    outputs: tuple[int, ...]
    boundary: tuple[str, ...]


@dataclass(frozen=True)
class BoundWitness:
    """Where two bound operators differ.

    Attributes
    ----------
    column : tuple of int
        The place, in an array of shape ``dims``, of the one sample 1 of the input.
    index : tuple of int
        The place in the output where the answers differ.
    lhs, rhs
        The exact values of both sides there.
    kernels : dict
        A signal for every formal name.
    """

    column: tuple[int, ...]
    index: tuple[int, ...]
    lhs: Any
    rhs: Any
    kernels: dict[str, Any]

    def plot(self, kind: str | None = None, *, dark: bool = False, **options: Any) -> Any:
        """A figure of the two values at the place where they differ."""
        return verb("plot")(self, kind, dark=dark, **options)

    def __str__(self) -> str:
        named = "".join(f"{name} = {kernel}, " for name, kernel in self.kernels.items())
        return (
            f"with {named}one sample 1 at {_place(self.column)}: at {_place(self.index)} the left side gives "
            f"{self.lhs}, the right side {self.rhs}"
        )

    def _repr_html_(self) -> str:
        return str(verb("html")(self))


def _place(at: tuple[int, ...]) -> str:
    return str(at[0] if len(at) == 1 else at)


class BoundProof(Proof):
    """What is known about F = G for operators on arrays.

    ``on_lattice`` is the proof on ℤ^d where there is one: then F = G for every size.  ``scope`` says how far the
    verdict reaches.
    """

    lhs: Any
    rhs: Any
    on_lattice: Proof | None = None
    scope: str = ""

    @cached_property
    def steps(self) -> list[Step]:
        """F, the lines of the derivation on ℤ^d bound to the same windows, and G."""
        if self.verdict != "proved":
            return []
        if self.on_lattice is None:
            return [Step(self.lhs, "", ""), Step(self.rhs, "equal entries", self.scope)]
        form = _lattice(self.lhs)
        lines = [Step(self.lhs, "", "")]
        for line in self.on_lattice.steps if form is not None else []:
            assert form is not None
            assert isinstance(line.expression, LinearOperator)
            window = Window((0,) * len(form.outputs), form.outputs)
            bound: Any = Windowed(line.expression, form.sizes, window, None, form.boundary)
            lines.append(Step(bound, line.law or "crop and extend", line.condition))
        return [*lines, Step(self.rhs, "crop and extend", self.scope)]

    def check(self) -> bool:
        """Replay: a proof on ℤ^d by plain evaluation, and both sides, where they can run, on every unit vector."""
        if self.verdict == "refuted":
            return self.witness is not None and _replayed(self.lhs, self.rhs, self.witness)
        if self.verdict != "proved" or (self.on_lattice is not None and not self.on_lattice.check()):
            return False
        if self.on_lattice is not None and self.given:
            return True  # entries may be equal only where the hypotheses hold
        if _formal(self.lhs) or _formal(self.rhs):
            return self.on_lattice is not None or _agree_at_random(self.lhs, self.rhs)
        return _run_alike(self.lhs, self.rhs)

    def __str__(self) -> str:
        sign = {"proved": "=", "refuted": "≠"}.get(self.verdict, "≟")
        lines = [f"{self.verdict}: {self.lhs} {sign} {self.rhs}"]
        lines += [f"  {text}" for text in (self.witness, rounding_hint(self.witness), self.scope, self.reason) if text]
        if self.on_lattice is not None:
            lines += [f"  {line}" for line in str(self.on_lattice).splitlines()]
        return "\n".join(lines)

    def latex(self) -> str:
        """Both sides, and the derivation on ℤ^d where there is one, in LaTeX for mathematics mode."""
        sign = {"proved": "=", "refuted": r"\neq"}.get(self.verdict, r"\overset{?}{=}")
        return rf"{self.lhs.latex()} {sign} {self.rhs.latex()}"

    def _repr_markdown_(self) -> str:
        return str(verb("markdown")(self))


def prove_bound(lhs: BoundOperator, rhs: Any, given: Hypothesis | Iterable[Hypothesis] = ()) -> BoundProof:
    """Decide F = G; see :func:`opalgebra.prove`.

    Raises
    ------
    DimensionError
        Where the arrays have different shapes.
    """
    if not isinstance(lhs, BoundOperator) or not isinstance(rhs, BoundOperator):
        raise OperandError(
            f"an operator on arrays is compared with another kind: {lhs} and {rhs}; bind both: A.on(n), B.on(n)"
        )
    if lhs.is_family or rhs.is_family:
        from .sizes import prove_sizes

        return prove_sizes(lhs, rhs, given)
    if (lhs.dims, lhs.dimsd) != (rhs.dims, rhs.dimsd):
        raise DimensionError(
            f"the windows do not agree: {lhs} maps {lhs.dims} to {lhs.dimsd}, {rhs} maps {rhs.dims} to {rhs.dimsd}; "
            "bind both with the same sizes"
        )
    facts = hypotheses(given)
    scope = scope_of(lhs, rhs)
    if open_question := scope.check(facts):
        return _proof(lhs, rhs, facts, "undecided", open_question)
    forms = _lattice(lhs), _lattice(rhs)
    if forms[0] is not None and forms[1] is not None and forms[0][1:] == forms[1][1:]:
        proof = proved_about(scope, forms[0].operator, forms[1].operator, facts)
        if proof.verdict == "proved":
            found = _proof(lhs, rhs, facts, "proved")
            fixed = any(root.depends_on_size for side in (lhs, rhs) for root in _windowed(side))
            reach = f"for the sizes {lhs.dims} → {lhs.dimsd}" if fixed else "for every size"
            found.on_lattice, found.scope = proof, f"{reach}: equal on ℤ^d, between equal windows"
            return found
    return _decided_here(lhs, rhs, forms, facts)


def scope_of(*sides: BoundOperator, sizes: Iterable[Any] = ()) -> Scope:
    """The names of operators on arrays, of which hypotheses may speak."""
    return Scope(tuple(root for side in sides for root in operators(side)), tuple(sizes))


def _proof(lhs: Any, rhs: Any, facts: Any, verdict: str, reason: str = "", witness: Any = None) -> BoundProof:
    return BoundProof(lhs, rhs, facts, verdict, reason, witness)


def _decided_here(lhs: Any, rhs: Any, forms: tuple[Lattice | None, Lattice | None], facts: Any) -> BoundProof:
    sizes = f"for the sizes {lhs.dims} → {lhs.dimsd}"
    if not (_formal(lhs) or _formal(rhs)):
        witness, open_question = _difference(lhs, rhs)
        if witness is None and open_question:
            return _proof(lhs, rhs, facts, "undecided", open_question)
        if witness is not None and not symbols_of(facts).isdisjoint(_symbols(lhs, rhs)):
            return _proof(lhs, rhs, facts, "undecided", "not equal on ℤ^d; between windows hypotheses are not decided")
    else:
        try:
            verdict, witness = _formal_difference(forms, facts)
        except Undecided as why:
            return _proof(lhs, rhs, facts, "undecided", str(why))
        if verdict == "undecided":
            return _proof(lhs, rhs, facts, verdict, "no kernels were found that show the difference of the entries")
    found = _proof(lhs, rhs, facts, "proved" if witness is None else "refuted", witness=witness)
    found.scope = sizes
    return found


# -- known taps ---------------------------------------------------------------------------------------------


def _difference(lhs: BoundOperator, rhs: BoundOperator) -> tuple[BoundWitness | None, str]:
    """The first entry in which the exact matrices differ, and a reason where some entry cannot be told."""
    check_entries(lhs.shape)
    left, right = lhs._exact(), rhs._exact()
    open_question = ""
    for i, j in np.argwhere(left != right):
        a, b = left[i, j], right[i, j]
        if not (is_sympy(a) or is_sympy(b)) or differs(a, b):
            return _witness(lhs, int(i), int(j), a, b), ""
        if not _same_number(a, b):
            open_question = f"the entries {a} and {b} could neither be told apart nor shown equal"
    return None, open_question


def _same_number(a: Any, b: Any) -> bool:
    ring = ring_of([a, b])
    return bool(ring.convert(a) == ring.convert(b))


def _witness(operator: BoundOperator, i: int, j: int, a: Any, b: Any, kernels: Any = None) -> BoundWitness:
    column = tuple(int(n) for n in np.unravel_index(j, operator.dims))
    index = tuple(int(n) for n in np.unravel_index(i, operator.dimsd))
    return BoundWitness(column, index, a, b, kernels or {})


def _replayed(lhs: BoundOperator, rhs: BoundOperator, witness: Any) -> bool:
    """The two entries once more; a side that can run is run, and must give the entry up to rounding."""
    at = (*np.atleast_1d(witness.index),), (*np.atleast_1d(witness.column),)
    i, j = int(np.ravel_multi_index(at[0], lhs.dimsd)), int(np.ravel_multi_index(at[1], lhs.dims))
    values = [_entries(side, witness.kernels)[i, j] for side in (lhs, rhs)]
    return values == [witness.lhs, witness.rhs] and bool(differs(*values))


def _run_alike(lhs: BoundOperator, rhs: BoundOperator) -> bool:
    """Whether both, run on the unit vectors, agree up to rounding; entries with symbols are compared exactly."""
    check_entries(lhs.shape)
    symbolic = any(is_sympy(c) and c.free_symbols for c in _constants(lhs, rhs))
    if symbolic:
        return _difference(lhs, rhs) == (None, "")
    left, right = lhs.todense(), rhs.todense()
    kinds = [np.dtype(leaf.dtype) for side in (lhs, rhs) for leaf in _leaves(side)]
    coarse = max(np.finfo(kind).eps if kind.kind in "fc" else 0.0 for kind in kinds)
    rtol = max(1e-8, 32 * float(coarse))  # of weights in single precision no more digits agree
    return bool(np.allclose(left, right, rtol=rtol, atol=rtol / 100 * max(1.0, float(np.abs(left).max(initial=0)))))


# -- bound operators as operators on ℤ^d ----------------------------------------------------------------------


def _lattice(operator: Any) -> Lattice | None:
    """F as Crop ∘ A ∘ Extend, where it is of that form; None where what is cut off on the way matters."""
    match operator:
        case Windowed():
            return _of_windowed(operator)
        case Scaled():
            inner = _lattice(operator.operator)
            return None if inner is None else inner._replace(operator=operator.scalar * inner.operator)
        case Total():
            return _of_total([_lattice(term) for term in operator.terms])
        case Turned():
            return _of_turned(operator)
        case Product():
            return _of_product(operator)
    form = operator._as_windowed()
    return None if form is None else _of_windowed(form)


def _of_windowed(operator: Windowed) -> Lattice:
    starts = operator.out_window.starts
    back = Shift(negated(starts))
    inner = _each_output(back, operator.operator) if any(starts) else operator.operator
    return Lattice(inner, operator.in_window.shape, operator.out_window.shape, operator.boundary)


def _each_output(letter: LinearOperator, operator: LinearOperator) -> LinearOperator:
    """The letter after every output channel."""
    from ...expr.blocks import Block

    outs = operator.channels[0] if operator.channels else 1
    return letter @ operator if outs == 1 else Block.diagonal(*(letter,) * outs) @ operator


def _of_total(forms: list[Lattice | None]) -> Lattice | None:
    first = forms[0]
    if first is None or any(form is None or form[1:] != first[1:] for form in forms):
        return None
    total = sum((form.operator for form in forms[1:] if form), first.operator)
    return first._replace(operator=total)


def _of_turned(operator: Turned) -> Lattice | None:
    inner = _lattice(operator.operator)
    if inner is None:
        return None
    if not operator.transposed:
        return inner._replace(operator=inner.operator.conj())
    if set(inner.boundary) != {"zero"}:
        return None  # the transpose folds, which is no operator on ℤ^d
    turned = inner.operator.H if operator.conjugated else inner.operator.T
    return Lattice(turned, inner.outputs, inner.sizes, inner.boundary)


def _of_product(operator: Product) -> Lattice | None:
    """Two factors are one where nothing between them is cut off that is read, or continued that is not zero."""
    result = _lattice(operator.factors[-1])
    for factor in operator.factors[-2::-1]:
        left = _lattice(factor)
        if left is None or result is None or not _keeps_all(left, result):
            return None
        result = Lattice(left.operator @ result.operator, result.sizes, left.outputs, result.boundary)
    return result


def _keeps_all(left: Lattice, right: Lattice) -> bool:
    """Whether Crop A Extend Crop B Extend = Crop A B Extend, for known taps and structure."""
    if any(formal_parts(form.operator) for form in (left, right)):
        return False
    from ...engine.program.program import window_read
    from ...engine.program.values import compile_grid
    from ..operators.extent import reached
    from ..operators.windowed import entries_of

    middle = right.outputs
    read = window_read(*compile_grid(grid(left.operator), len(middle)), Window((0,) * len(middle), left.outputs))
    if all(a >= 0 and b <= n for a, b, n in zip(read.starts, read.stops, middle, strict=True)):
        return True  # the left factor reads inside only
    if set(left.boundary) != {"zero"} or set(right.boundary) != {"zero"}:
        return False
    around = reached(entries_of(right.operator), right.sizes)
    return all(a >= 0 and b <= n for (a, b), n in zip(around, middle, strict=True))


# -- formal kernels -----------------------------------------------------------------------------------------


def _leaves(operator: Any) -> Iterator[BoundOperator]:
    """The operators that are no sum, product, multiple or transpose of others."""
    match operator:
        case Turned() | Scaled():
            yield from _leaves(operator.operator)
        case Product():
            for factor in operator.factors:
                yield from _leaves(factor)
        case Total():
            for term in operator.terms:
                yield from _leaves(term)
        case _:
            yield operator


def _windowed(operator: Any) -> Iterator[Windowed]:
    """The operators between windows that a bound one is made of."""
    for leaf in _leaves(operator):
        form = leaf if isinstance(leaf, Windowed) else leaf._as_windowed()
        if form is not None:
            yield form


def _roots(operator: Any) -> Iterator[LinearOperator]:
    """The operators of the algebra among them."""
    return (windowed.operator for windowed in _windowed(operator))


def _formal(operator: BoundOperator) -> bool:
    return any(formal_parts(root) for root in _roots(operator))


def _constants(*operators: BoundOperator) -> Iterator[Any]:
    return constants(*(root for operator in operators for root in _roots(operator)))


def _symbols(*operators: BoundOperator) -> set[Any]:
    return {s for operator in operators for root in _roots(operator) for s in symbols_in(root)}


def _formal_difference(forms: Any, facts: tuple[Hypothesis, ...]) -> tuple[str, BoundWitness | None]:
    """(verdict, witness) for formal kernels between windows, entry by entry."""
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
    different = _differing_entry(left, right)
    if different is None:
        return "proved", None
    witness = _kernels_that_differ(left, right, names)
    return ("refuted", witness) if witness else ("undecided", None)


def _differing_entry(left: Lattice, right: Lattice) -> tuple[Any, Any] | None:
    ring = ring_of(constants(left.operator, right.operator))
    windows = [Window((0,) * len(shape), shape) for shape in (left.outputs, left.sizes)]
    grids = grid(left.operator), grid(right.operator)
    if windows[0].size * windows[1].size * len(grids[0]) * len(grids[0][0]) > PAIR_LIMIT:
        raise Undecided(f"budget: more than {PAIR_LIMIT} entries with formal kernels would be compared")
    for row_a, row_b in zip(*grids, strict=True):
        for a, b in zip(row_a, row_b, strict=True):
            for m in indices(windows[1]):
                found = [_column(entry, m, ring) for entry in (a, b)]
                for n in indices(windows[0]):
                    if _entry(found[0], n) != _entry(found[1], n):
                        return n, m
    return None


def _column(operator: LinearOperator, m: tuple[int, ...], ring: Ring) -> list[Cosets]:
    walker = ConcreteWalker(len(m), ring)
    return list(walker.act(operator, [Cosets.taps(len(m), {m: ring.one})], False, False))


def _entry(column: list[Cosets], n: tuple[int, ...]) -> Any:
    """The canonical form of one entry: the part of a column at index n, a polynomial in the formal taps."""
    return canonical_of([state.at(n) for state in column])


def _kernels_that_differ(left: Lattice, right: Lattice, names: dict[str, Any]) -> BoundWitness | None:
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
                shapes = _shapes(left)
                column = tuple(int(n) for n in np.unravel_index(j, shapes[1]))
                index = tuple(int(n) for n in np.unravel_index(i, shapes[0]))
                return BoundWitness(column, index, found[0][i, j], found[1][i, j], signals)
    return None


def _shapes(form: Lattice) -> tuple[tuple[int, ...], tuple[int, ...]]:
    channels = form.operator.channels
    if channels in (None, (1, 1)):
        return form.outputs, form.sizes
    assert channels is not None
    return (channels[0], *form.outputs), (channels[1], *form.sizes)


def _matrices(form: Lattice, kernels: dict[str, Any]) -> np.ndarray:
    """All entries with numbers for the formal kernels, zero beyond the ends."""
    window, sizes = Window((0,) * len(form.outputs), form.outputs), Window((0,) * len(form.sizes), form.sizes)
    evaluator = Evaluator(len(form.sizes), kernels)
    blocks = []
    for row in grid(form.operator):
        columns = [[evaluator.act(entry, {m: 1}) for m in indices(sizes)] for entry in row]
        blocks.append([_of_columns(column, window) for column in columns])
    return np.block(blocks)


def _of_columns(columns: list[Any], window: Window) -> np.ndarray:
    result = np.zeros((window.size, len(columns)), dtype=object)
    for j, column in enumerate(columns):
        for i, n in enumerate(indices(window)):
            result[i, j] = column.get(n, 0)
    return result


def _entries(operator: BoundOperator, kernels: dict[str, Any]) -> np.ndarray:
    """The exact matrix, with numbers for formal kernels."""
    if not kernels:
        return operator._exact()
    form = _lattice(operator)
    assert form is not None
    return _matrices(form, {name: dict(signal.items()) for name, signal in kernels.items()})


def _agree_at_random(lhs: BoundOperator, rhs: BoundOperator) -> bool:
    left, right = _lattice(lhs), _lattice(rhs)
    assert left is not None
    assert right is not None
    return _kernels_that_differ(left, right, formal_names(left.operator, right.operator)) is None
