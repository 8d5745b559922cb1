"""Random statements about blocks: products of operator matrices and polyphase splittings, equal or near misses.

A side is a chain of factors: grids of operators, and Polyphase(k) or PixelShuffle(k), kept by name.  The rules are
those of matrices, and the definition of phases; entries are rewritten by the rules of tests/rewrites.py.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import opalgebra as oa
from opalgebra.expr.operators import Scale, Sum, Transpose, Zero, add, compose

from .generate import MISSES, kernel, rewritten, somewhere, word
from .generate_numbers import exactly, shown
from .rewrites import _part, scalar

Rng = random.Random
Grid = list[list[Any]]
Chain = list[Any]  # of grids and of named blocks
ZERO = Zero()


# chains


def _entry(rng: Rng) -> Any:
    choice = rng.random()
    if choice < 0.2:
        return ZERO
    if choice < 0.3:
        return oa.Shift(rng.randint(-3, 3))
    if choice < 0.4:
        return oa.Conv(kernel(rng, 1))
    while True:  # short words: a product of grids multiplies their lengths
        made = word(rng, 1)
        if not hasattr(made, "factors") or len(made.factors) <= 3:
            return made


def _grid(rng: Rng, outs: int, ins: int) -> Grid:
    rows = [[_entry(rng) for _ in range(ins)] for _ in range(outs)]
    for i in range(outs):  # a row or column of zeros alone would not say how many channels it has
        if all(entry is ZERO for entry in rows[i]):
            rows[i][rng.randrange(ins)] = oa.Shift(rng.randint(-2, 2))
    for j in range(ins):
        if all(row[j] is ZERO for row in rows):
            rows[rng.randrange(outs)][j] = oa.Conv(kernel(rng, 1))
    return rows


def chain(rng: Rng) -> Chain:
    """One to three factors; where one channel meets k, a polyphase splitting stands between now and then."""
    sizes = [rng.choice([1, 1, 2, 2, 3]) for _ in range(rng.choice([2, 2, 3]))]
    if max(sizes) == 1 and len(sizes) == 2:
        sizes[0] = 2
    return [_factor(rng, outs, ins) for outs, ins in pairwise(sizes)]


def _factor(rng: Rng, outs: int, ins: int) -> Any:
    if min(outs, ins) == 1 and max(outs, ins) > 1 and rng.random() < 0.4:
        return oa.Polyphase(outs) if ins == 1 else oa.PixelShuffle(ins)
    return _grid(rng, outs, ins)


def built(links: Chain) -> Any:
    """The expression."""
    parts = [oa.Block(link) if isinstance(link, list) else link for link in links]
    return compose(tuple(parts))


def _size(link: Any) -> tuple[int, int]:
    return (len(link), len(link[0])) if isinstance(link, list) else link.channels


# true rules


def _written_out(rng: Rng, links: Chain) -> Chain | None:
    """A name by the definition of its phases: x_{kn+r}, or their interleaving."""
    places = [i for i, link in enumerate(links) if isinstance(link, (oa.Polyphase, oa.PixelShuffle))]
    if not places:
        return None
    i = rng.choice(places)
    k = links[i].factor
    if isinstance(links[i], oa.Polyphase):
        grid = [[oa.Down(k) @ oa.Shift(-r)] for r in range(k)]
    else:
        grid = [[oa.Shift(r) @ oa.Up(k) for r in range(k)]]
    return [*links[:i], grid, *links[i + 1 :]]


def _multiplied(rng: Rng, links: Chain) -> Chain | None:
    """Two neighbouring grids as one: Σ_k A_ik B_kj."""
    places = [i for i in range(len(links) - 1) if isinstance(links[i], list) and isinstance(links[i + 1], list)]
    if not places:
        return None
    i = rng.choice(places)
    left, right = links[i], links[i + 1]
    grid = [[_dot(row, [other[j] for other in right]) for j in range(len(right[0]))] for row in left]
    return [*links[:i], grid, *links[i + 2 :]]


def _dot(row: list[Any], column: list[Any]) -> Any:
    terms = [compose((a, b)) for a, b in zip(row, column, strict=True) if a is not ZERO and b is not ZERO]
    return add(tuple(terms)) if terms else ZERO


def _split_phases(rng: Rng, links: Chain) -> Chain | None:
    """I = PixelShuffle(k) Polyphase(k) on one channel, and the other way round on k."""
    i = rng.randrange(len(links) + 1)
    size = _size(links[i])[0] if i < len(links) else _size(links[-1])[1]
    if size == 1:
        k = rng.choice([2, 3])
        return [*links[:i], oa.PixelShuffle(k), oa.Polyphase(k), *links[i:]]
    return [*links[:i], oa.Polyphase(size), oa.PixelShuffle(size), *links[i:]]


def _circulant(rng: Rng, links: Chain) -> Chain | None:
    """(q∗) PixelShuffle(k) = PixelShuffle(k) C, and Polyphase(k) (q∗) = C Polyphase(k): C is pseudo-circulant.

    C_rc is the convolution with the phase r − c of q.
    """
    k = rng.choice([2, 3])
    q = kernel(rng, 1)
    grid = [[oa.Conv(_part(q, k, (r - c,))) for c in range(k)] for r in range(k)]
    if _size(links[0])[0] == 1:
        return [[[oa.Conv(q)]], *links, "=", oa.PixelShuffle(k), grid, oa.Polyphase(k), *links]
    if _size(links[-1])[1] == 1:
        return [*links, [[oa.Conv(q)]], "=", *links, oa.PixelShuffle(k), grid, oa.Polyphase(k)]
    return None


def _permuted(rng: Rng, links: Chain) -> Chain | None:
    """The channels between two grids in another order."""
    places = [i for i in range(len(links) - 1) if isinstance(links[i], list) and isinstance(links[i + 1], list)]
    if not places:
        return None
    i = rng.choice(places)
    order = list(range(len(links[i + 1])))
    rng.shuffle(order)
    left = [[row[j] for j in order] for row in links[i]]
    return [*links[:i], left, [links[i + 1][j] for j in order], *links[i + 2 :]]


def _turned(rng: Rng, links: Chain) -> Chain | None:
    """A = (Aᵀ)ᵀ with the grid of the transposed entries inside."""
    i = rng.randrange(len(links))
    if isinstance(links[i], _Wrapped):
        return None
    if not isinstance(links[i], list):
        k = links[i].factor
        other = oa.PixelShuffle(k) if isinstance(links[i], oa.Polyphase) else oa.Polyphase(k)
        return [*links[:i], _Wrapped(Transpose(other)), *links[i + 1 :]]
    grid = [[ZERO if entry is ZERO else Transpose(entry) for entry in column] for column in zip(*links[i], strict=True)]
    return [*links[:i], _Wrapped(Transpose(oa.Block(grid))), *links[i + 1 :]]


def _halved(rng: Rng, links: Chain) -> Chain | None:
    """A = c A + (1 − c) A, or a sum of two grids with zeros."""
    places = [i for i, link in enumerate(links) if isinstance(link, list)]
    if not places:
        return None
    i = rng.choice(places)
    block = oa.Block(links[i])
    if rng.random() < 0.4:
        c = scalar(rng)
        return [*links[:i], _Wrapped(Sum((Scale(c, block), Scale(shown(1 - exactly(c)), block)))), *links[i + 1 :]]
    first = [[entry if rng.random() < 0.5 else ZERO for entry in row] for row in links[i]]
    second = [
        [ZERO if a is entry else entry for a, entry in zip(row, old, strict=True)]
        for row, old in zip(first, links[i], strict=True)
    ]
    if any(entry is not ZERO for row in first for entry in row) and any(e is not ZERO for row in second for e in row):
        outs, ins = _size(links[i])
        if all(_full(grid) for grid in (first, second)) or (outs, ins) == (1, 1):
            return [*links[:i], _Wrapped(Sum((oa.Block(first), oa.Block(second)))), *links[i + 1 :]]
    return None


def _full(grid: Grid) -> bool:
    """Whether every row and column has an entry that says how many channels it has."""
    return all(any(e is not ZERO for e in line) for lines in (grid, zip(*grid, strict=True)) for line in lines)


class _Wrapped:
    """An expression in a chain that no rule opens."""

    def __init__(self, operator: Any) -> None:
        self.operator, self.channels = operator, operator.channels


def _entries_rewritten(rng: Rng, links: Chain) -> Chain | None:
    places = [(i, j, c) for i, j, c in _entries(links) if links[i][j][c] is not ZERO]
    if not places:
        return None
    i, j, c = rng.choice(places)
    made, _ = rewritten(rng, links[i][j][c], rng.randint(1, 2), 1)
    return _replaced(links, i, j, c, made)


def _entries(links: Chain) -> list[tuple[int, int, int]]:
    grids = [(i, link) for i, link in enumerate(links) if isinstance(link, list)]
    return [(i, j, c) for i, grid in grids for j in range(len(grid)) for c in range(len(grid[0]))]


def _replaced(links: Chain, i: int, j: int, c: int, entry: Any) -> Chain:
    grid = [list(row) for row in links[i]]
    grid[j][c] = entry
    return [*links[:i], grid, *links[i + 1 :]]


RULES = [_written_out, _multiplied, _split_phases, _permuted, _turned, _halved, _entries_rewritten]


# near misses


def _missed(rng: Rng, links: Chain) -> Chain:
    """One small thing changed: an entry, two rows or columns, a transpose, two phases."""
    places = _entries(links)
    choice = rng.random()
    names = [i for i, link in enumerate(links) if isinstance(link, (oa.Polyphase, oa.PixelShuffle))]
    if names and (choice < 0.2 or not places):
        i = rng.choice(names)
        written = _written_out(rng, [links[i]])
        grid = written[0] if written else links[i]
        return [*links[:i], grid[::-1] if len(grid) > 1 else [grid[0][::-1]], *links[i + 1 :]]
    if not places:
        return [*links, [[oa.Shift(1)]]] if _size(links[-1])[1] == 1 else links[:-1] + links[-1:]
    i, j, c = rng.choice(places)
    grid = links[i]
    if choice < 0.3 and len(grid) > 1:
        return [*links[:i], [*grid[1:], grid[0]], *links[i + 1 :]]
    if choice < 0.4 and len(grid) == len(grid[0]):
        return [*links[:i], [list(column) for column in zip(*grid, strict=True)], *links[i + 1 :]]
    if grid[j][c] is ZERO:
        return _replaced(links, i, j, c, oa.Shift(1))
    return _replaced(links, i, j, c, somewhere(rng, grid[j][c], MISSES, 1)[0])


def random_pair(rng: Rng) -> tuple[Any, Any, str]:
    """(lhs, rhs, hint): equal, or a near miss."""
    left = chain(rng)
    right = left
    if rng.random() < 0.25 and (made := _circulant(rng, left)):
        cut = made.index("=")
        left, right = made[:cut], made[cut + 1 :]
    for _ in range(rng.randint(1, 4)):
        made = rng.choice(RULES)(rng, right)
        if made is not None and _letters(made) <= 60:
            right = made
    hint = "equal" if rng.random() < 0.5 else "miss"
    if hint == "miss":
        right = _missed(rng, right)
    return built(_opened(left)), built(_opened(right)), hint


def _letters(links: Chain) -> int:
    grids = [link for link in links if isinstance(link, list)]
    return sum(len(str(entry)) // 4 + 1 for grid in grids for row in grid for entry in row)


def _opened(links: Chain) -> Chain:
    return [link.operator if isinstance(link, _Wrapped) else link for link in links]
