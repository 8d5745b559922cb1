"""Square systems: a bank of as many channels as its factor that reconstructs is biorthogonal, and the other way round.

A_i = ↓k (C …) and B_j = (C …) ↑k with finitely many taps are matrices over the Laurent polynomials, a commutative
ring: for k of them Σ_i B_i A_i = c S^d says that A_i S^{−d} B_j = c δ_ij, and A_i B_j = c_i δ_ij for all i and j says
that Σ_i B_i A_i / c_i = I.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product
from typing import Any

from ...errors import Undecided
from ...expr.factors import is_symbolic, ratio
from ...expr.multirate import Conv, Down, Shift, Up
from ...expr.operators import Adjoint, Conj, Identity, LinearOperator, Scale, Transpose, Zero, add, compose
from ...scalar import exact, to_sympy
from ..equations import Deduced, Pair, Relation, kernels_of
from .words import Word, words

MOST = 8  # channels
TRIED = 400  # ways of taking a bank apart


def squares(relations: Sequence[Relation]) -> list[Relation]:
    """What follows from equations because a one-sided inverse of a square matrix is the inverse."""
    found: list[Relation] = []
    products: dict[tuple[Word, Word], Any] = {}
    for relation in relations:
        for a, b in relation.pairs:
            try:
                left, right = words(a), words(b)
            except Undecided:
                continue
            pairs = _across(left, right)
            if pairs:
                found.append(_deduced(relation.words, pairs))
            products |= _products(left, right)
    names = ", ".join(relation.words for relation in relations)
    return [*found, *(_deduced(names, [pair]) for pair in _sums(products))]


def _deduced(names: str, pairs: list[Pair]) -> Relation:
    return Deduced(names, kernels_of(side for pair in pairs for side in pair), tuple(pairs))


def _across(left: list[tuple[Any, Word]], right: list[tuple[Any, Word]]) -> list[Pair]:
    """A_i S^{−d} B_j = c δ_ij where a side says Σ_i B_i A_i = c S^d; none where it says something else."""
    moved = _moved(right)
    cut = [_cut(weight, word) for weight, word in left]
    if moved is None or None in cut or not 1 <= len(cut) <= MOST or not _is_square([c for c in cut if c], len(cut)):
        return []
    gain, back = moved
    found: list[Pair] = []
    for i, (_, a) in enumerate(c for c in cut if c):
        for j, (b, _) in enumerate(c for c in cut if c):
            found.append((compose((*a, *back, *b)), Scale(gain, Identity()) if i == j else Zero()))
    return found


def _moved(side: list[tuple[Any, Word]]) -> tuple[Any, Word] | None:
    """c and S^{−d} of c S^d, c ≠ 0."""
    if len(side) != 1:
        return None
    ((gain, word),) = side
    if not all(isinstance(letter, Shift) for letter in word) or not to_sympy(gain).is_nonzero:
        return None
    return gain, tuple(letter.T for letter in reversed(word))


def _cut(weight: Any, word: Word) -> tuple[Word, Word] | None:
    """B and A of a word B A, between ↑k and ↓k of the same k and convolutions otherwise."""
    at = [i for i, letter in enumerate(word) if not _is_convolution(letter)]
    if len(at) != 2 or not isinstance(word[at[0]], Up) or not isinstance(word[at[1]], Down):
        return None
    scaled = (Scale(weight, Identity()),) if weight != 1 else ()
    return (*scaled, *word[: at[1]]), word[at[1] :]


def _is_convolution(letter: LinearOperator) -> bool:
    while isinstance(letter, Adjoint | Transpose | Conj):
        letter = letter.operator
    return isinstance(letter, Conv | Shift)


def _rate(word: Word) -> Any:
    return next(letter.factor for letter in word if isinstance(letter, Up | Down))


def _is_square(cut: list[tuple[Word, Word]], count: int) -> bool:
    factors = [_rate(word) for pair in cut for word in pair]
    return all(f == factors[0] for f in factors) and not is_symbolic(factors[0]) and ratio(factors[0]) == count


def _products(left: list[tuple[Any, Word]], right: list[tuple[Any, Word]]) -> dict[tuple[Word, Word], Any]:
    """c by A and B where an equation says A B = c, in all ways of taking the word apart."""
    if len(left) != 1 or len(right) > 1 or any(word for _, word in right):
        return {}
    ((weight, word),) = left
    at = [i for i, letter in enumerate(word) if not _is_convolution(letter)]
    if at != [0, len(word) - 1] or not isinstance(word[0], Down) or not isinstance(word[-1], Up):
        return {}
    if word[0].factor != word[-1].factor or not to_sympy(weight).is_nonzero:
        return {}
    value = exact(to_sympy(right[0][0]) / to_sympy(weight)) if right else 0
    return {(word[:i], word[i:]): value for i in range(1, len(word))}


def _sums(products: dict[tuple[Word, Word], Any]) -> list[Pair]:
    """Σ_i B_i A_i / c_i = I where A_i B_j = c_i δ_ij for as many as k."""
    ends = [(pair, c) for pair, c in products.items() if c != 0 and to_sympy(c).is_nonzero]
    if not ends:
        return []
    count = ratio(_rate(ends[0][0][0])) if not is_symbolic(_rate(ends[0][0][0])) else 0
    if not 2 <= count <= MOST:
        return []
    for chosen in islice(_independent(ends, products, count), 1):
        terms = [Scale(exact(1 / to_sympy(c)), compose((*b, *a))) for (a, b), c in chosen]
        return [(add(tuple(terms)), Identity())]
    return []


def _independent(ends: list[Any], products: dict[tuple[Word, Word], Any], count: int) -> Any:
    """Sets of as many A_i and B_i with A_i B_j = 0 for i ≠ j."""
    tried = 0
    waiting: list[list[Any]] = [[]]
    while waiting and (tried := tried + 1) <= TRIED:
        chosen = waiting.pop()
        if len(chosen) == count:
            yield chosen
            continue
        start = ends.index(chosen[-1]) + 1 if chosen else 0
        for end in reversed(ends[start:]):
            crossed = product(chosen, [end])
            if all(products.get((a, d)) == 0 and products.get((c, b)) == 0 for ((a, b), _), ((c, d), _) in crossed):
                waiting.append([*chosen, end])
