"""Random statements with sampling matrices in two and three dimensions: true ones by hand-written rules, near misses.

A statement starts from a random word of letters.  The rules below are those of sampling lattices, written once more:
they share nothing with the package's catalogue.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

import opalgebra as oa

from .generate_exact import FRACTIONS
from .generate_numbers import signal_of
from .judge_lattice import Rows, cell, det, times

Rng = random.Random
Word = list[Any]


# Matrices


class Signed(random.Random):
    """Random numbers for statements in which most matrices have negative entries and determinants, on one axis too."""


def matrix(rng: Rng, ndim: int, largest: int) -> Rows:
    """A nonsingular matrix of small entries and a determinant up to ``largest``."""
    while True:
        rows = Rows(tuple(rng.choice([-2, -1, 0, 0, 1, 1, 2]) for _ in range(ndim)) for _ in range(ndim))
        found = det([list(row) for row in rows])
        if isinstance(rng, Signed) and found > 0 and rng.random() < 0.8:
            continue
        if 0 < abs(found) <= largest:
            return rows


def unimodular(rng: Rng, ndim: int) -> Rows:
    return matrix(rng, ndim, 1)


def product(a: Rows, b: Rows) -> Rows:
    columns = [times(a, column) for column in zip(*b, strict=True)]
    return Rows(zip(*columns, strict=True))


def diagonal(entries: tuple[int, ...]) -> Rows:
    return Rows(tuple(k if i == j else 0 for j in range(len(entries))) for i, k in enumerate(entries))


def rows_of(factor: Any, ndim: int) -> Rows:
    """The matrix of any factor."""
    if hasattr(factor, "rows"):
        return Rows(factor.rows)
    return diagonal(factor if isinstance(factor, tuple) else (factor,) * ndim)


def given(rng: Rng, rows: Rows) -> Any:
    """A matrix as a user may write it."""
    return rng.choice([rows, [list(row) for row in rows], np.array(rows)])


def shift(rng: Rng, ndim: int) -> tuple[int, ...]:
    return tuple(rng.randint(-2, 2) for _ in range(ndim))


def per_axis(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


# Words


def concrete(rng: Rng, ndim: int) -> oa.Signal:
    if isinstance(rng, Signed):
        entries = np.empty(2**ndim, dtype=object)
        entries[:] = [rng.choice([0, 1, -1, *FRACTIONS]) for _ in range(2**ndim)]
        return signal_of(entries.reshape((2,) * ndim), tuple(rng.randint(-1, 0) for _ in range(ndim)))
    values = np.array([rng.randint(-3, 3) for _ in range(2**ndim)]).reshape((2,) * ndim)
    if rng.random() < 0.3:
        values = values + 1j * np.array([rng.randint(-1, 1) for _ in range(2**ndim)]).reshape((2,) * ndim)
    return oa.Signal(values, start=tuple(rng.randint(-1, 0) for _ in range(ndim)))


def kernel(rng: Rng, ndim: int, formal: bool) -> Any:
    if not formal or rng.random() < 0.4:
        return concrete(rng, ndim)
    q = oa.signals(rng.choice("qqp"))
    return q if rng.random() < 0.6 else oa.Up(given(rng, matrix(rng, ndim, 2))) @ q


def letter(rng: Rng, ndim: int, formal: bool = True, largest: int = 4) -> Any:
    """One letter or named composition with a matrix, or one per axis beside these."""
    M = given(rng, matrix(rng, ndim, largest))
    plain = tuple(rng.choice([1, 1, 2]) for _ in range(ndim))
    makers: list[tuple[int, Callable[[], Any]]] = [
        (4, lambda: oa.Up(M)),
        (4, lambda: oa.Down(M)),
        (1, lambda: oa.Up(plain)),
        (1, lambda: oa.Down(plain)),
        (3, lambda: oa.Conv(kernel(rng, ndim, formal))),
        (2, lambda: oa.Shift(shift(rng, ndim))),
        (1, oa.Flip),
        (1, lambda: rng.choice([oa.StridedConv, oa.DilatedConv, oa.TransposedConv])(kernel(rng, ndim, formal), M)),
        (1, lambda: oa.Repeat(M)),
        (1, lambda: oa.Modulate(np.array([rng.randint(-2, 2) for _ in range(2**ndim)]).reshape((2,) * ndim))),
    ]
    return rng.choices([make for _, make in makers], [weight for weight, _ in makers])[0]()


def size_of(word: Word, ndim: int) -> int:
    size = 1
    for one in word:
        if hasattr(one, "factor"):
            size *= abs(det([list(row) for row in rows_of(one.factor, ndim)]))
    return size


def word(rng: Rng, ndim: int, formal: bool = True) -> Word:
    """One to four letters whose determinants multiply to something that brute force can walk through."""
    while True:
        made = [letter(rng, ndim, formal) for _ in range(rng.randint(1, 4 if ndim == 2 else 3))]
        if size_of(made, ndim) <= (16 if ndim == 2 else 6):
            return made


def composed(letters: Word) -> Any:
    made = letters[0] if letters else oa.Identity()
    for one in letters[1:]:
        made = made @ one
    return made


# True rules: what one letter, or two neighbours, may be written as


def _split(rng: Rng, one: Any, ndim: int) -> Word | None:
    """↑(AB) = ↑A ↑B and ↓(AB) = ↓B ↓A, with a unimodular factor taken out."""
    if not isinstance(one, (oa.Up, oa.Down)):
        return None
    M, U = rows_of(one.factor, ndim), unimodular(rng, ndim)
    if isinstance(one, oa.Up):
        return [oa.Up(product(M, U)), oa.Down(U)]
    return [oa.Up(U), oa.Down(product(M, U))]


def _turned(rng: Rng, one: Any, ndim: int) -> Word | None:
    if isinstance(one, oa.Up):
        return [oa.Down(one.factor).T]
    if isinstance(one, oa.Down):
        return [oa.Up(one.factor).H]
    return [one.T.T] if isinstance(one, oa.Shift) or (isinstance(one, oa.Conv) and ndim == 2) else None


def _as_matrix(rng: Rng, one: Any, ndim: int) -> Word | None:
    if isinstance(one, oa.Flip):
        return [oa.Up(diagonal((-1,) * ndim))]
    if isinstance(one, (oa.Up, oa.Down)) and isinstance(one.factor, tuple):
        return [type(one)(diagonal(one.factor))]
    return None


def _defined(rng: Rng, one: Any, ndim: int) -> Word | None:
    if isinstance(one, oa.StridedConv):
        return [oa.Down(one.factor), oa.Conv(one.kernel)]
    if isinstance(one, oa.TransposedConv):
        return [oa.Conv(one.kernel), oa.Up(one.factor)]
    if isinstance(one, oa.DilatedConv):
        return [oa.Conv(oa.Up(one.factor) @ one.kernel)]
    if isinstance(one, oa.Repeat):  # the sum over the cell
        return [_summed([[oa.Shift(r), oa.Up(one.factor)] for r in cell(rows_of(one.factor, ndim))])]
    return None


def _phases(rng: Rng, one: Any, ndim: int) -> Word | None:
    """A = A Σ_r S^r ↑M ↓M S^{−r} over the cell of M."""
    M = matrix(rng, ndim, 2)
    terms = [[oa.Shift(r), oa.Up(M), oa.Down(M), oa.Shift(tuple(-i for i in r))] for r in cell(M)]
    return [one, _summed(terms)]


def _summed(terms: list[Word]) -> Any:
    total = composed(terms[0])
    for term in terms[1:]:
        total = total + composed(term)
    return total


ONE = [_split, _turned, _as_matrix, _defined, _phases]


def _pair(rng: Rng, first: Any, second: Any, ndim: int) -> Word | None:
    """The noble identities, and shifts past a lattice."""
    if isinstance(second, oa.Down):
        M = rows_of(second.factor, ndim)
        if isinstance(first, oa.Conv):
            return [second, oa.Conv(oa.Up(second.factor) @ first.kernel)]
        if isinstance(first, oa.Shift):
            return [second, oa.Shift(times(M, per_axis(first.shift)))]
        if isinstance(first, oa.Down):
            return [oa.Down(product(M, rows_of(first.factor, ndim)))]
    if isinstance(first, oa.Up):
        M = rows_of(first.factor, ndim)
        if isinstance(second, oa.Conv):
            return [oa.Conv(oa.Up(first.factor) @ second.kernel), first]
        if isinstance(second, oa.Shift):
            return [oa.Shift(times(M, per_axis(second.shift))), first]
        if isinstance(second, oa.Up):
            return [oa.Up(product(M, rows_of(second.factor, ndim)))]
    if isinstance(first, oa.Flip) and isinstance(second, (oa.Up, oa.Down)):
        return [second, first]
    return None


def rewritten(rng: Rng, letters: Word, ndim: int, count: int) -> Word:
    """An equal word, a few rules away."""
    for _ in range(count):
        i = rng.randrange(len(letters))
        made = None
        if i + 1 < len(letters) and rng.random() < 0.6:
            made = _pair(rng, letters[i], letters[i + 1], ndim)
            if made is not None:
                letters = [*letters[:i], *made, *letters[i + 2 :]]
                continue
        made = rng.choice(ONE)(rng, letters[i], ndim)
        if made is not None:
            letters = [*letters[:i], *made, *letters[i + 1 :]]
    return letters


# Near misses


def missed(rng: Rng, letters: Word, ndim: int) -> Word:
    """One small thing changed: an entry of a matrix, two neighbours, a shift, a side of a product."""
    i = rng.randrange(len(letters))
    one = letters[i]
    if isinstance(one, (oa.Up, oa.Down)):
        rows = [list(row) for row in rows_of(one.factor, ndim)]
        choice = rng.random()
        if choice < 0.3:
            changed: Any = [list(column) for column in zip(*rows, strict=True)]
        elif choice < 0.5:
            changed = product(Rows(map(tuple, rows)), unimodular(rng, ndim))
        else:
            rows[rng.randrange(ndim)][rng.randrange(ndim)] += rng.choice([-1, 1])
            changed = rows
        if det([list(row) for row in changed]):
            return [*letters[:i], type(one)(changed), *letters[i + 1 :]]
    if isinstance(one, oa.Shift):
        moved = tuple(d + (j == 0) for j, d in enumerate(per_axis(one.shift)))
        return [*letters[:i], oa.Shift(moved), *letters[i + 1 :]]
    if i + 1 < len(letters):
        return [*letters[:i], letters[i + 1], one, *letters[i + 2 :]]
    return [*letters, oa.Shift((1, *(0,) * (ndim - 1)))]


def statement(seed: int) -> tuple[Any, Any, str]:
    """(lhs, rhs, hint): equal, or a near miss."""
    return random_pair(random.Random(f"lattice/{seed}"))


def random_pair(rng: Rng) -> tuple[Any, Any, str]:
    """(lhs, rhs, hint): equal, or a near miss."""
    ndim = 2 if rng.random() < 0.75 else 3
    if isinstance(rng, Signed):
        ndim = rng.choice([1, 2, 2, 2, 3])
    start = word(rng, ndim)
    other = rewritten(rng, start, ndim, rng.randint(1, 4))
    rest: Word = word(rng, ndim) if rng.random() < 0.2 and size_of(start, ndim) <= 6 else []
    hint = "equal" if rng.random() < 0.5 else "miss"
    if hint == "miss":
        other = missed(rng, other, ndim)
    lhs, rhs = composed(start), composed(other)
    return (lhs + composed(rest), composed(rest) + rhs, hint) if rest else (lhs, rhs, hint)
