"""What a statement supposes, told once more: hypotheses and the assumptions of symbols, by their definitions.

A :class:`Claim` makes the package's hypothesis, says whether it holds at some values, and makes kernels that satisfy
it; none of the package's own reasoning about hypotheses is used.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, product
from math import gcd
from typing import Any, NamedTuple

import sympy

import opalgebra as oa
from opalgebra.expr import sums, walk

from .judge import _free_symbols
from .judge_algebra import read
from .judge_numbers import is_zero

Samples = dict[int, Any]  # of a kernel on one axis: a residue or an exact number by index
RANGE = 13  # values of symbols that are tried


class Claim(NamedTuple):
    """A hypothesis: "coprime", "divides", "not divides", "equal" of a and b; "even" of a kernel; "nyquist" and
    "orthonormal" of a kernel and a factor."""

    kind: str
    a: Any
    b: Any = None

    def given(self) -> Any:
        """The package's hypothesis."""
        makers: dict[str, Callable[..., Any]] = {
            "coprime": oa.coprime, "divides": oa.divides, "not divides": oa.not_divides, "equal": oa.equal,
            "even": oa.even_symmetric, "nyquist": oa.nyquist, "orthonormal": oa.orthonormal,
        }  # fmt: skip
        return makers[self.kind](self.a) if self.b is None else makers[self.kind](self.a, self.b)

    @property
    def is_about_factors(self) -> bool:
        return self.kind in ("coprime", "divides", "not divides", "equal")

    def symbols(self) -> set[Any]:
        """The symbols that it speaks of."""
        return {s for side in (self.a, self.b) for s in getattr(side, "free_symbols", ())}

    def holds(self, at: Mapping[str, int]) -> bool:
        """Whether a claim about factors holds at values of all its symbols."""
        if not self.is_about_factors:
            return True
        a, b = (read(sympy.sympify(side), at) for side in (self.a, self.b))
        if self.kind == "coprime":
            return gcd(a, b) == 1
        if self.kind == "equal":
            return bool(a == b)
        return (b % a == 0) == (self.kind == "divides")

    def imposed(self, q: Samples, at: Mapping[str, int], rng: random.Random, prime: int) -> Samples:
        """A kernel made from another one so that the claim holds; residues, on one axis."""
        if self.kind == "even":
            return {n: (q.get(n, 0) + q.get(-n, 0)) % prime for n in {*q, *(-n for n in q)}}
        k = read(sympy.sympify(self.b), at)
        if self.kind == "nyquist":
            return {**{n: v for n, v in q.items() if n % k}, 0: 1}
        return _orthonormal(k, rng, prime)

    def violated(self, q: Mapping[int, Any], at: Mapping[str, int]) -> bool:
        """Whether known samples contradict a claim about a kernel."""
        if self.kind == "even":
            return not all(is_zero(q.get(-n, 0) - v) for n, v in q.items())
        k = read(sympy.sympify(self.b), at)
        if self.kind == "nyquist":
            return not all(is_zero(v - (n == 0)) for n, v in {0: 0, **q}.items() if n % k == 0)
        lags = {0, *(n - m for n in q for m in q if (n - m) % k == 0)}
        return not all(is_zero(_correlation(q, s) - (s == 0)) for s in lags)


def _correlation(q: Mapping[int, Any], s: int) -> Any:
    found: Any = 0
    for n, v in q.items():
        if n - s in q:
            found = found + v * _conjugate(q[n - s])
    return found


def _conjugate(value: Any) -> Any:
    return value.conjugate() if hasattr(value, "conjugate") else value


def _orthonormal(k: int, rng: random.Random, prime: int) -> Samples:
    """A row of a product of reflections and delays: Σ_n q_{n + ks} q_n is 1 for s = 0 and 0 for all other s."""
    row = [{0: 1}, *({} for _ in range(k - 1))]
    for _ in range(rng.randint(1, 2) if k > 1 else 0):
        v = [rng.randint(-5, 5) or 1 for _ in range(k)]
        weight = 2 * pow(sum(x * x for x in v), -1, prime)
        along: Samples = {}
        for p, x in zip(row, v, strict=True):
            for n, c in p.items():
                along[n] = (along.get(n, 0) + c * x) % prime
        row = [
            {n: (p.get(n, 0) - weight * x * along.get(n, 0)) % prime for n in {*p, *along}}
            for p, x in zip(row, v, strict=True)
        ]
        late = rng.randrange(k)
        row[late] = {n + 1: c for n, c in row[late].items()}
    moved = rng.randint(-2, 2)
    return {k * n + r + moved: c for r, p in enumerate(row) for n, c in p.items() if c}


# symbols


def _is_prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))


PROPERTIES: dict[str, Callable[[int], bool]] = {
    "positive": lambda n: n > 0,
    "negative": lambda n: n < 0,
    "nonnegative": lambda n: n >= 0,
    "nonpositive": lambda n: n <= 0,
    "zero": lambda n: n == 0,
    "nonzero": lambda n: n != 0,
    "even": lambda n: n % 2 == 0,
    "odd": lambda n: n % 2 == 1,
    "prime": _is_prime,
    "composite": lambda n: n > 3 and not _is_prime(n),
}


def allowed(symbol: Any, number: int) -> bool:
    """Whether an integer is what SymPy was told that a symbol is."""
    told = symbol.assumptions0
    return all(holds(number) == told[name] for name, holds in PROPERTIES.items() if name in told)


def integer_symbols(*roots: Any) -> dict[str, Any]:
    """The free integer symbols by name."""
    bound = {n.index for root in roots for n in walk(root) if isinstance(n, sums.IndexedSum | sums.IndexedSignalSum)}
    found = {s for root in roots for node in walk(root) for s in _free_symbols(node)}
    return {s.name: s for s in sorted(found, key=str) if s.is_integer and s not in bound}


def values(roots: Iterable[Any], claims: Iterable[Claim], rng: random.Random, count: int) -> list[dict[str, int]]:
    """Small values at which all assumptions and claims hold: the smallest, and others drawn."""
    claims = list(claims)
    symbols = integer_symbols(*roots)
    for claim in claims:
        symbols |= {s.name: s for s in claim.symbols()}
    found = list(islice(_all_values(symbols, claims), 80))
    return found[:1] + rng.sample(found[1:], min(count, len(found) - 1)) if found else []


def _all_values(symbols: Mapping[str, Any], claims: list[Claim]) -> Iterator[dict[str, int]]:
    options = [
        sorted((n for n in range(-4, RANGE) if allowed(symbol, n)), key=lambda n: (abs(n), n))[
            : 10 if len(symbols) < 3 else 6
        ]
        for symbol in symbols.values()
    ]
    for chosen in sorted(product(*options), key=lambda entries: sum(map(abs, entries))):
        at = dict(zip(symbols, chosen, strict=True))
        if all(claim.holds(at) for claim in claims):
            yield at
