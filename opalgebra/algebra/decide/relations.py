"""Hypotheses about kernels that are equations between operators: orthonormal, paraunitary, Nyquist.

Kernels of symbolic taps: the entries of the equations are polynomials in the taps, and a statement is proved iff the
difference of its sides lies in the ideal that they generate (not its radical), decided by a Gröbner basis.  Formal
kernels: the equations are used as rewrite rules on words, every use being checked by the prover without hypotheses.
A refutation is shown at kernels for which the hypotheses were proved.  What neither way settles is undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, product
from typing import Any, TypeAlias

import numpy as np

from ...errors import OperandError, Undecided
from ...expr import (
    Character,
    Conv,
    Down,
    Flip,
    FormalSignal,
    Modulate,
    Signal,
    SignalExpr,
    Up,
    axes,
    axis_count,
    exact_array,
    ratio,
)
from ...expr.contents import constants
from ...expr.operators import Identity, LinearOperator, Scale, Zero, add
from ...expr.sums import nameless
from ...expr.tree import all_factor_symbols, transform, walk
from ...scalar import to_sympy
from ..facts import Hypothesis, allowed, relations_of
from ..judge.evaluate import Evaluator
from .decision import Decision, answering, decide_plain, dimension, same_canonical
from .words import rewritten

Pair: TypeAlias = tuple[LinearOperator, LinearOperator]
Equal: TypeAlias = Callable[[Any, Any], bool]
Assignment: TypeAlias = dict[Any, Any]  # a Signal by formal name, a number by symbol

MAX_GENERATORS = 60
MOST_TURNS = 8  # of filters in a bank whose alias terms are used one by one
MAX_TAPS, MAX_VARIABLES = 10, 16  # beyond which a Gröbner basis takes minutes
TRIED = 200  # assignments of the pool


@dataclass(frozen=True)
class Relation(Hypothesis):
    """Equations between operators in some kernels."""

    words: str
    kernels: tuple[SignalExpr, ...]
    pairs: tuple[Pair, ...]
    factor: Any = 1

    def __str__(self) -> str:
        return self.words

    @property
    def consequences(self) -> list[Pair]:
        """Equations that follow."""
        return []

    @property
    def rate(self) -> Any:
        """How many samples there are for one that ↓ by the factor keeps."""
        return ratio(self.factor)

    @property
    def is_formal(self) -> bool:
        """Whether a kernel is formal, so that the equations are between infinitely many taps."""
        return any(isinstance(kernel, FormalSignal) for kernel in self.kernels)


@dataclass(frozen=True)
class Nyquist(Relation):
    """↓k h = δ."""

    def solution(self) -> tuple[str, SignalExpr] | None:
        """δ + h − ↑k ↓k h, which is such a kernel for every signal h, and h itself if h is one."""
        (kernel,) = self.kernels
        if not isinstance(kernel, FormalSignal):
            return None
        impulse = Signal(np.ones((1,) * axis_count(self.factor), dtype=np.int64))
        return kernel.name, impulse + kernel - Up(self.factor) @ (Down(self.factor) @ kernel)


class Orthonormal(Relation):
    """↓k C_q C_qᴴ ↑k = I."""

    @property
    def consequences(self) -> list[Pair]:
        """The autocorrelation, which is δ at the multiples of k."""
        (q,) = self.kernels
        return [(Conv(Up(self.factor) @ (Down(self.factor) @ (Conv(q) @ (Flip() @ q.conj())))), Identity())]


class Paraunitary(Relation):
    """Σ_i (↓k C_{h_i})ᴴ ↓k C_{h_i} = I."""

    @property
    def consequences(self) -> list[Pair]:
        """The sums of C_{h_i}ᴴ C_{h_i} are k, and with one h_i of each turned by 2πj/k they are 0.

        Modulations by 2πj/k with convolutions before them are independent, and these are k times their parts of Σ_i.
        """
        from sympy import Rational, pi

        count = len(self.kernels)
        found: list[Pair] = [(add(tuple(Conv(h).H @ Conv(h) for h in self.kernels)), Scale(count, Identity()))]
        for j in range(1, count if axis_count(self.factor) == 1 and count <= MOST_TURNS else 1):
            turn = Modulate([1, -1]) if count == 2 else Character(2 * pi * Rational(j, count))
            found.append((add(tuple(Conv(h).H @ Conv(turn @ h) for h in self.kernels)), Zero()))
        return found


def orthonormal(q: Any, k: Any) -> Relation:
    """The hypothesis ↓k C_q C_qᴴ ↑k = I: q is orthonormal to its shifts by multiples of k.

    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> A = oa.Down(2) @ oa.Conv(q)
    >>> oa.prove(A @ A.H @ A, A, given=oa.orthonormal(q, 2)).verdict
    'proved'
    """
    (kernel,) = _kernels([q], "orthonormal")
    pair = Down(k) @ Conv(kernel) @ Conv(kernel).H @ Up(k), Identity()
    return Orthonormal(f"{_name(kernel)} orthonormal for k = {k}", (kernel,), (pair,), Down(k).factor)


def paraunitary(hs: Sequence[Any], k: Any) -> Relation:
    """The hypothesis Σ_i (↓k C_{h_i})ᴴ ↓k C_{h_i} = I for as many filters as |det k|: they are paraunitary.

    The matrix is square, so ↓k C_{h_i} C_{h_j}ᴴ ↑k = δ_{ij} I follows and may be used.

    >>> import opalgebra as oa
    >>> h0, h1 = oa.signals("h0 h1")
    >>> bank = oa.filterbank([h0, h1], [oa.Flip() @ h0.conj(), oa.Flip() @ h1.conj()], 2)
    >>> bank.perfect_reconstruction(given=oa.paraunitary([h0, h1], 2)).verdict
    'proved'
    """
    kernels = _kernels(hs, "paraunitary")
    if len(kernels) != ratio(Down(k).factor):
        raise OperandError(f"{len(kernels)} filters and the factor {k} were given; give one filter per channel of k")
    bands = [Down(k) @ Conv(h) for h in kernels]
    first, *others = (band.H @ band for band in bands)
    pairs: list[Pair] = [(sum(others, start=first), Identity())]
    for i, a in enumerate(bands):
        pairs += [(a @ b.H, Identity() if i == j else Zero()) for j, b in enumerate(bands)]
    names = ", ".join(map(_name, kernels))
    return Paraunitary(f"{names} paraunitary for k = {k}", tuple(kernels), tuple(pairs), Down(k).factor)


def nyquist(h: Any, k: Any) -> Relation:
    """The hypothesis ↓k h = δ: h is 1 at 0 and 0 at all other multiples of k.

    >>> import opalgebra as oa
    >>> h = oa.signals("h")
    >>> oa.prove(oa.Down(3) @ oa.Conv(h) @ oa.Up(3), oa.Identity(), given=oa.nyquist(h, 3)).verdict
    'proved'
    """
    (kernel,) = _kernels([h], "nyquist")
    pair = Conv(Down(k) @ kernel), Identity()
    return Nyquist(f"{_name(kernel)} Nyquist for k = {k}", (kernel,), (pair,), Down(k).factor)


def _kernels(given: Any, what: str) -> list[SignalExpr]:
    kernels = list(given) if isinstance(given, (list, tuple)) else [given]
    for kernel in kernels:
        formal = isinstance(kernel, FormalSignal)
        if not formal and not (isinstance(kernel, Signal) and symbols_of_taps(kernel)):
            raise OperandError(
                f"{what} was said of {kernel}; give formal signals, or signals with symbolic taps: a concrete one can "
                "be tested"
            )
    return kernels


def symbols_of_taps(signal: Signal) -> list[Any]:
    return sorted({s for v in signal.values.flat for s in v.free_symbols}, key=str) if signal.is_exact else []


def _taps(kernel: SignalExpr) -> list[Any]:
    return symbols_of_taps(kernel) if isinstance(kernel, Signal) else []


def _name(kernel: SignalExpr) -> str:
    return kernel.name if isinstance(kernel, FormalSignal) else str(kernel)


# -- deciding ---------------------------------------------------------------------------------------------


@answering
def decide_given(lhs: Any, rhs: Any, facts: tuple[Hypothesis, ...]) -> Decision:
    """(verdict, reason, witness) of a statement without blocks; what is given may be equations between operators."""
    if relations := relations_of(facts):
        others = tuple(fact for fact in facts if fact not in relations)
        return _decide_under(nameless(lhs), nameless(rhs), relations, others)
    return decide_plain(lhs, rhs, facts)


def _decide_under(lhs: Any, rhs: Any, relations: Sequence[Relation], facts: tuple[Hypothesis, ...]) -> Decision:
    verdict, reason, _ = decide_plain(lhs, rhs, facts)
    if verdict == "proved":
        return verdict, reason, None
    how = _in_ideal(lhs, rhs, relations)  # which refuses hypotheses that contradict one another
    if how:
        return "proved", how, None
    how, _ = rewritten(lhs, rhs, relations, lambda a, b: decide_plain(a, b, facts)[0] == "proved")
    if how and any(True for _ in assignments(relations)):
        return "proved", how, None
    if how:
        return "undecided", "no kernels are known that satisfy all hypotheses, and of a contradiction all follows", None
    for found in assignments(relations):
        verdict, _, witness = decide_plain(at(lhs, found), at(rhs, found), facts)
        if verdict == "refuted" and witness is not None:
            return "refuted", "", _completed(witness, found)
    return "undecided", "neither do the hypotheses give it as they were used, nor was a counterexample found", None


# -- ideals of taps ---------------------------------------------------------------------------------------


def _in_ideal(lhs: Any, rhs: Any, relations: Sequence[Relation]) -> str:
    """How the difference lies in the ideal of the hypotheses about symbolic taps; "" where it does not."""
    from ..numbers.ring import sympy_algebra

    finite = [relation for relation in relations if not relation.is_formal]
    taps = {s for relation in finite for kernel in relation.kernels for s in _taps(kernel)}
    variables = len(taps) + sum(not s.is_real for s in taps)  # a complex tap comes with its conjugate
    if not finite or all_factor_symbols(lhs, rhs) or len(taps) > MAX_TAPS or variables > MAX_VARIABLES:
        return ""
    names = ", ".join(map(str, finite))
    with sympy_algebra(*taps):
        ring = _quotient(lhs, rhs, finite)
        return f"the difference of both sides lies in the ideal of: {names}" if same_canonical(lhs, rhs, ring) else ""


def _quotient(lhs: Any, rhs: Any, relations: Sequence[Relation]) -> Any:
    """Polynomials in the taps and their conjugates, modulo a Gröbner basis of the hypotheses."""
    import sympy

    from ..numbers.residues import RelationRing, numbers_in

    sides = [side for relation in relations for pair in relation.pairs for side in pair]
    values = [sympy.expand(to_sympy(v)) for v in constants(lhs, rhs, *sides)]
    if numbers_in(values):
        raise Undecided("hypotheses about symbolic taps beside numbers of algebraic() are not decided")
    equations = generators(relations)
    if len(equations) > MAX_GENERATORS:
        raise Undecided(f"budget: {len(equations)} equations between taps (limit {MAX_GENERATORS})")
    domain = _domain([*values, *equations])
    ordered = [domain.from_sympy(e) for e in equations]
    from sympy.polys.groebnertools import groebner

    basis = groebner([e for e in ordered if e], domain.ring)
    if any(e.is_ground for e in basis):
        raise OperandError(
            f"the hypotheses {', '.join(map(str, relations))} contradict one another; everything would follow"
        )
    return RelationRing(domain, basis)


def _domain(values: list[Any]) -> Any:
    import sympy

    from ..numbers.fields import numbers_of

    found = {v for value in values for v in value.atoms(sympy.Symbol, sympy.conjugate)}
    field = numbers_of([*values, sympy.Rational(1, 2)])
    if field.is_EX or not found:
        raise Undecided("the taps are no polynomials over a number field")
    return field.poly_ring(*sorted(found, key=str), order="grevlex")


def generators(relations: Sequence[Relation]) -> list[Any]:
    """The polynomials in the taps that the hypotheses set to 0, and their conjugates."""
    import sympy

    found: dict[Any, None] = {}
    for relation in relations:
        for left, right in relation.pairs:
            difference = left - right
            evaluator = Evaluator(dimension(difference))
            factors = [k for node in walk(difference) if isinstance(node, Down) for k in axes(node.factor)]
            period = max(map(int, factors), default=1)
            for index in product(range(period), repeat=dimension(difference)):
                for value in evaluator.act(difference, {index: 1}).values():
                    for equation in (to_sympy(value), sympy.conjugate(to_sympy(value))):
                        found[sympy.expand(equation)] = None
    return list(found)


# -- kernels that satisfy the hypotheses ------------------------------------------------------------------


def assignments(relations: Sequence[Relation]) -> Iterator[Assignment]:
    """Kernels, or values of taps, for which all hypotheses were proved, the simplest first."""
    for found in islice(_pool(relations), TRIED):
        pairs = (pair for relation in relations for pair in relation.pairs)
        if all(decide_plain(at(a, found), at(b, found), ())[0] == "proved" for a, b in pairs):
            yield found


def _pool(relations: Sequence[Relation]) -> Iterator[Assignment]:
    if any(side.ndim not in (None, 1) for relation in relations for pair in relation.pairs for side in pair):
        return  # the pool has one axis
    kernels = list(dict.fromkeys(kernel for relation in relations for kernel in relation.kernels))
    size = len(kernels)
    seeds = [*_signals(), *(h for bank in _bank_signals() for h in bank)]
    if size > 1:
        for bank in _bank_signals():
            if len(bank) == size:
                yield from _fitting(kernels, bank)
    for chosen in islice(product(seeds, repeat=size), 4 * TRIED):
        yield from _fitting(kernels, chosen)


def _fitting(kernels: Sequence[SignalExpr], chosen: Sequence[Signal]) -> Iterator[Assignment]:
    """The assignment, and one with signals moved to the window, where kernels of symbolic taps are long enough."""
    yield from _placed(kernels, chosen, False)
    if not all(isinstance(kernel, FormalSignal) for kernel in kernels):
        yield from _placed(kernels, chosen, True)


def _placed(kernels: Sequence[SignalExpr], chosen: Sequence[Signal], move: bool) -> Iterator[Assignment]:
    found: Assignment = {}
    for kernel, signal in zip(kernels, chosen, strict=True):
        if isinstance(kernel, FormalSignal):
            found[kernel.name] = signal
            continue
        assert isinstance(kernel, Signal)
        shift = kernel.start - signal.start if move else 0
        moved = {n + shift: v for (n,), v in Evaluator(1).signal(signal).items()}
        for n, entry in enumerate(kernel.values.flat):
            if not entry.is_Symbol:
                return
            found[entry] = to_sympy(moved.pop(n + kernel.start, 0))
            if not allowed(entry, found[entry]):
                return
        if moved:
            return
    yield found


def _signals() -> list[Signal]:
    quarter = Fraction(1, 4)
    return [
        Signal([1]), Signal([1], 1), Signal([1, 5]), Signal([2, 1, 3], -1), Signal([Fraction(3, 5), Fraction(4, 5)]),
        Signal([3 * quarter, 2 * quarter, 1, 2 * quarter, 3 * quarter], -2), Signal([1, 0, 0, 2]),
        Signal([1, 0, 0, 0, 7]), Signal([7, 1, 0, 3, 2], -1),
    ]  # fmt: skip


def _bank_signals() -> list[list[Signal]]:
    """Filters of paraunitary banks, of two and three channels."""
    cosine, sine = Fraction(3, 5), Fraction(4, 5)
    lattice = [  # two rotations with a delay between: orthonormal of four rational taps
        cosine * Fraction(5, 13), sine * Fraction(5, 13), -sine * Fraction(12, 13), cosine * Fraction(12, 13)
    ]  # fmt: skip
    pairs = [_orthonormal_pair(taps) for taps in ([cosine, sine], lattice)]
    delays = [[Signal([1], -i) for i in range(M)] for M in (2, 3, 4)]
    third = Fraction(1, 3)  # a reflection
    mirror = [Signal([int(i == n) - 2 * third for n in range(3)], -2) for i in range(3)]
    return [*delays, *pairs, mirror]


def _orthonormal_pair(taps: list[Any]) -> list[Signal]:
    """n ↦ g_{−n} and n ↦ (−1)ⁿ g_{N−1+n}, of an orthonormal lowpass g of an even number N of real taps."""
    high = [-tap if n % 2 else tap for n, tap in enumerate(reversed(taps))]
    return [Signal(taps[::-1], 1 - len(taps)), Signal(high[::-1], 1 - len(taps))]


def at(expression: Any, found: Assignment) -> Any:
    """The expression with kernels in place of formal names, and numbers in place of taps."""
    import sympy

    values = {s: v for s, v in found.items() if isinstance(s, sympy.Symbol)}

    def change(node: Any) -> Any:
        if isinstance(node, FormalSignal) and node.name in found:
            return found[node.name]
        if values and isinstance(node, Signal) and node.is_exact and any(v.free_symbols for v in node.values.flat):
            flat = [sympy.expand(v.subs(values)) for v in node.values.flat]
            return Signal._wrap(exact_array(flat, node.values.shape), node.starts)
        return None

    return transform(expression, change)


def _completed(witness: Any, found: Assignment) -> Any:
    """The witness with the kernels and taps that it was found for."""
    kernels = {name: signal for name, signal in found.items() if isinstance(name, str)}
    taps = {str(symbol): value for symbol, value in found.items() if not isinstance(symbol, str)}
    names = {name: Evaluator(signal.ndim).signal(signal) for name, signal in kernels.items()}
    return replace(
        witness,
        kernels={**witness.kernels, **kernels},
        factors={**witness.factors, **taps},
        _names={**witness._names, **names},
    )
