"""Check a proof that opalgebra has saved: ``python checker.py proof.json``; Python 3.11 is all that this file needs.

A word of moves takes an impulse at m, and taps at d₁, d₂, …, to an index that is affine in (m, d₁, …), where these meet
congruences modulo a period P that the steps tell.  So two expressions are equal iff they agree at one generic point of
every residue class modulo P.  Points are drawn from 2¹⁶⁰ periods, taps and symbols for numbers below 2¹²⁰, arithmetic
is exact: a false line passes with probability below 2⁻⁸⁰ (docs/certificates.md).  Symbols for ints are tried at
numbers, as the conclusion says.  A signal is known by the convolution with it; ~q, the conjugate of q, is a name.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from fractions import Fraction
from functools import reduce
from itertools import pairwise, product
from math import gcd, lcm, prod
from operator import add, or_
from random import SystemRandom
from typing import Any

FORMAT, VERSION, RANDOM = "opalgebra-proof", 2, SystemRandom()
MAX_BYTES, WORK, DEPTH, CASES = 4_000_000, 2_000_000, 40_000, 24  # of the file, of all steps, of calls; values tried
LEAST = {"positive": 1, "integer": -(10**9)}  # the kinds of symbols that stand for ints
GIVEN: dict[str, Any] = {"coprime": lambda a, b: gcd(a, b) == 1, "divides": lambda a, b: b % a == 0}


class Rejected(Exception):
    """What is wrong; ``status`` is 1 for a claim that does not hold, 64 for a file that cannot be checked."""

    def __init__(self, message: str, status: int = 64) -> None:
        super().__init__(message)
        self.status = status


def need(condition: Any, message: str, status: int = 64) -> None:
    if not condition:
        raise Rejected(message, status)


class Checker:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data, self.rows, self.names, self.symbols = data, data["nodes"], data["names"], data["symbols"]
        need(data["ndim"] in range(1, 9), "limit: 8 axes")
        need(all(kind in ("signal", "real", "operator") for kind in self.names.values()), "no kind of name")
        self.left, self.sampled, self.plain = WORK, False, [(0, 1)] * (1 + data["ndim"])
        self.letters: dict[int, Any] = {}  # of every row of moves: these
        self.measures: list[Any] = []  # of every row: periods, and how often its products hold each name
        self.degrees: dict[str, int] = {}
        self.formal: dict[str, Any] = {}  # of every name: the moves drawn for it
        self.grown: set[Any] = set()
        used = [c for kind, a in self.rows if kind == "moves" for entry in a for c in entry[3:]]
        self.channels, (*self.minimal, leading) = 1 + max(used, default=0), data["minimal"]
        monic = all(type(c) is int for c in self.minimal) and leading == 1
        need(monic and 1 <= len(self.minimal) <= 64, "the minimal polynomial is not monic, of degree 1 to 64")

    def spend(self, *numbers: Any, times: int = 1) -> None:
        """One budget of time and size: steps with long numbers cost more."""
        bits = sum([v.numerator.bit_length() + v.denominator.bit_length() for v in numbers])
        self.left -= times + (bits // 1_000) ** 2
        need(self.left >= 0, f"limit: the check takes more than {WORK} operations")

    def number(self, v: Any, values: dict[str, int]) -> Any:
        """(n, c) for every c tⁿ in an int, or in [[p, q, n, {symbol: exponent}], …]: p/q tⁿ times powers of symbols."""
        for p, q, n, powers in [(v, 1, 0, {})] if type(v) is int else v:
            need(type(p) is type(q) is int and 0 <= n < len(self.minimal), "a number is an int, or made of p/q tⁿ")
            need(all(abs(e) <= 64 for e in powers.values()), "limit: an exponent of a symbol above 64")
            need(powers.keys() <= values.keys(), "an int is expected, or a symbol for one")
            c = prod([Fraction(values[s]) ** e for s, e in powers.items()], start=Fraction(p, q))
            yield n, c.numerator if c.denominator == 1 else c

    def whole(self, v: Any) -> int:
        terms = list(self.number(v, self.counted))
        total = sum([c for _, c in terms])
        need(total.denominator == 1 and not any(n for n, _ in terms), "an int is expected")
        return int(total)

    # -- evaluation: a signal is a dict from (power of t, channel, n₁, n₂, …) to number -----------------------------

    def add(self, terms: Any) -> dict[Any, Any]:
        y: Counter[Any] = Counter()
        for n, v in terms:
            self.spend(*n, v)
            y[n] += v
        for e in range(max([n[0] for n in y], default=0), len(self.minimal) - 1, -1):  # tᴺ = −(m₀ + m₁ t + …)
            for n in [n for n in y if n[0] == e]:
                v = y.pop(n)
                for j, c in enumerate(self.minimal, e - len(self.minimal)):
                    y[j, *n[1:]] -= c * v
        return {n: v for n, v in y.items() if v}

    def act(self, i: int, x: dict[Any, Any], t: bool = False) -> dict[Any, Any]:
        """Row i, or its transpose where t, applied to x."""
        kind, a = self.rows[i]
        self.spend()
        if kind == "transpose":
            return self.act(a, x, not t)
        if kind == "compose":
            for j in a if t else a[::-1]:
                x = self.act(j, x, t)
            return x
        if kind == "sum":
            return self.add([term for j in a for term in self.act(j, x, t).items()])
        if kind == "formal" and self.names[a.lstrip("~")] == "operator":
            self.grow(a, x, t)
        return self.add(self.moved(self.moves(i), x, t))

    def moved(self, moves: Any, x: dict[Any, Any], t: bool) -> Any:
        """Every move (f, w, source, target) takes the samples at r + P j, times w tᶠ, to s + Q j."""
        for (e, *n), v in x.items():
            for f, w, *ends in moves:
                self.spend()
                j = [divmod(m - r, p) if p else (0, m - r) for m, (r, p) in zip(n, ends[t], strict=True)]
                if not any(rest for _, rest in j):
                    yield (e + f, *[s + q * k for (s, q), (k, _) in zip(ends[not t], j, strict=True)]), v * w

    def moves(self, i: int) -> Any:
        """The moves (n, c, source, target) of a row, each with a number c tⁿ and pairs (start, step) for all axes."""
        kind, a = self.rows[i]
        if kind == "formal":
            return self.formal[a]
        if i not in self.memo:  # a convolution by the response to an impulse at 0
            need(kind == "conv", f"{kind} is no kind of row")
            response = self.act(a, {(0,) * (1 + len(self.plain)): 1})
            self.memo[i] = [(e, v, self.plain, [(d, 1) for d in n]) for (e, *n), v in response.items()]
        return self.memo[i]

    def read(self, weight: Any, source: Any, target: Any, *route: int) -> Any:
        """[number, [[r, P], …], [[s, Q], …]], a pair per axis, or [s, Q, k] for k side by side; then channels."""
        channel = [(c, 0) for c in route] or [(0, 1), (0, 1)]
        ends = [[(self.whole(r), self.whole(p)) for r, p, *_ in end] for end in (source, target)]
        sizes = [self.whole(size[0]) if size else 1 for _, _, *size in target]
        for n, c in self.number(weight, self.values):
            self.spend(c, times=prod([max(1, abs(k)) for k in sizes]))
            for copy in product(*map(range, sizes)):
                to = [(s + i, q) for (s, q), i in zip(ends[1], copy, strict=True)]
                yield n, c, [channel[0], *ends[0]], [channel[1], *to]

    # -- points and taps at random -----------------------------------------------------------------------------------

    def points(self, copies: int, limit: int) -> list[Any]:
        """Generic points of every residue class; of a sample of these where there are too many."""
        if prod(self.period) * copies <= limit:
            classes: Any = [r for r in product(*map(range, self.period)) for _ in range(copies)]
        else:
            self.sampled, classes = True, [map(RANDOM.randrange, self.period) for _ in range(limit)]
        return [[r + p * RANDOM.randrange(2**160) for r, p in zip(at, self.period, strict=True)] for at in classes]

    def grow(self, name: str, x: dict[Any, Any], t: bool) -> None:
        """Draw the entries of a formal operator that x asks for, or of its transpose where t."""
        for _, _, *n in x:
            if name in self.degrees and (name, t, *n) not in self.grown:
                self.grown.add((name, t, *n))
                for m in self.points(self.degrees[name], self.limit):
                    ends = [[(0, 1), *[(i, 0) for i in at]] for at in ((m, n) if t else (n, m))]
                    self.formal[name].append((0, RANDOM.randrange(1, 2**120), *ends))

    def measure(self) -> None:
        """Of every row the periods of it and of its transpose, and how often its products hold each name."""
        self.letters, self.measures = {}, []
        for i, (kind, a) in enumerate(self.rows):
            refs = a if kind in ("compose", "sum") else [a] if kind in ("transpose", "conv") else []
            need(all(type(j) is int and 0 <= j < i for j in refs), "a row refers to a later one")
            parts = [self.measures[j] for j in refs]
            if kind == "moves":
                self.letters[i] = [move for entry in a for move in self.read(*entry)]
                parts = [(*[[p for _, p in end[1:]] for end in ends], Counter()) for _, _, *ends in self.letters[i]]
            join: Any = prod if kind == "compose" else lambda p: lcm(*p)
            here, back = ([join([part[t][n] for part in parts]) for n in range(len(self.plain) - 1)] for t in (0, 1))
            need(all(here + back), "a step is 0")
            names = Counter({a: 1} if kind == "formal" else {})
            names = reduce(add if kind == "compose" else or_, [part[2] for part in parts], names)
            self.spend(*here, *back, *names.values())
            turned = {"transpose": (back, here, names), "conv": (here, here, names)}
            self.measures.append(turned.get(kind, (here, back, names)))

    def agree(self, pair: tuple[int, int], share: int) -> bool:
        (p, _, d), (q, _, e) = (self.measures[i] for i in pair)
        self.period, self.degrees, floor = list(map(lcm, p, q)), d | e, self.left - share
        self.limit = max(4, int((share / 8) ** (1 / (1 + min(30, sum(self.degrees.values()))))))
        self.memo, self.grown, self.formal = dict(self.letters), set(), {}
        for name, copies in self.degrees.items():
            taps = [] if self.names[name.lstrip("~")] == "operator" else self.points(copies, self.limit)
            steps = [[(i, 1) for i in (0, *at)] for at in taps]
            self.formal[name] = [(0, RANDOM.randrange(1, 2**120), self.plain, to) for to in steps]
        for at in self.points(1, self.limit if self.degrees else max(4, share // 8)):
            for channel in range(self.channels):
                sides = [self.act(i, {(0, channel, *at): 1}) for i in pair]
                if sides[0] != sides[1]:
                    return False
                if self.left < floor:
                    self.sampled = True
                    return True
        return True

    # -- the claims ----------------------------------------------------------------------------------------------------

    def holds(self, counted: dict[str, int]) -> bool:
        """Whether the hypotheses hold at these values of the symbols, which are taken over."""
        self.counted = counted
        return all(GIVEN[kind](*map(self.whole, sides)) for kind, *sides in self.data["given"])

    def proof(self) -> str:
        """Every line equals the one before; a sentence that says for what."""
        least = {s: LEAST[kind] for s, kind in self.symbols.items() if kind in LEAST}
        grids = [[range(max(low, -top), top + 1) for low in least.values()] for top in range(1, CASES + 1)]
        top, grid = [(n, g) for n, g in enumerate(grids, 1) if n == 1 or prod(map(len, g)) <= CASES][-1]
        need(prod(map(len, grid)) < 1_000, f"limit: {len(grid)} symbols to count through")
        cases = [case for values in product(*grid) if self.holds(case := dict(zip(least, values, strict=True)))]
        need(cases, "no values of the symbols meet the hypotheses")
        lines = [line["expression"] for line in self.data["lines"]]
        for case in cases:
            drawn = {s: RANDOM.randrange(1, 2**120) for name in self.symbols for s in (name, "~" + name)}
            self.counted, self.values = case, drawn | case
            self.measure()
            for i, pair in enumerate(pairwise(lines), 2):
                same = self.agree(pair, WORK // (len(lines) * len(cases)))
                need(same, f"line {i} does not follow from line {i - 1}", 1)
        scope = [f"for all {', '.join(least)} up to {top} ({len(cases)} cases), not for all"] if least else []
        scope += ["at a sample of the residue classes"] if self.sampled else []
        return f"confirmed {', '.join(scope)}" if scope else "checked"

    def refutation(self, w: dict[str, Any]) -> str:
        """Both sides take the values of the witness, whose difference has an inverse."""
        self.values, self.degrees, into, index = w["symbols"], {}, (0, *w["input"]), tuple(w["index"])
        counted = {s: v for s, v in self.values.items() if self.symbols.get(s) in LEAST}
        fits = all(v >= LEAST[self.symbols[s]] for s, v in counted.items())
        need(fits and all(type(v) is int for v in self.values.values()), "a symbol is out of its range", 1)
        need(self.holds(counted), "the witness breaks a hypothesis", 1)
        self.measure()
        self.memo = self.letters
        self.formal = {s: [move for entry in taps for move in self.read(*entry)] for s, taps in w["names"].items()}
        for s, n, source, target in [(s, n, *ends) for s, found in self.formal.items() for n, _, *ends in found]:
            plain = source == self.plain and all(q == 1 for _, q in target)
            kind = self.names[s.lstrip("~")]
            need(plain or kind == "operator", f"{s} is no signal at the witness", 1)
            need(n == 0 or kind != "real", f"{s} is not real at the witness", 1)
        found = [self.act(self.data[side], {into: 1}) for side in ("lhs", "rhs")]
        sides = [self.add(((n[0],), v) for n, v in y.items() if n[1:] == index) for y in found]
        claimed = [self.add(((n,), c) for n, c in self.number(v, self.values)) for v in w["values"]]
        need(sides == claimed, "the witness gives other values", 1)
        apart = self.add([*sides[0].items(), *[(n, -v) for n, v in sides[1].items()]])
        inverse = list(self.number(w["inverse"], self.values))
        one = self.add(((m + n,), v * c) for (m,), v in apart.items() for n, c in inverse)
        need(one == {(0,): 1}, "the sides agree at the witness", 1)
        return "refuted"

    def conclusion(self) -> str:
        data, lines, mark = self.data, self.data["lines"], ""
        need(data["verdict"] in ("proved", "refuted"), "the verdict is neither proved nor refuted")
        if data["verdict"] == "proved":
            ends = lines and [lines[0]["expression"], lines[-1]["expression"]]
            need(ends == [data["lhs"], data["rhs"]], "the lines lead elsewhere", 1)
        found = self.proof() if data["verdict"] == "proved" else self.refutation(data["witness"])
        for i, part in enumerate([data, *lines]):
            mark = seal(mark, part)
            need(mark == part["seal"], f"{f'line {i}' if i else 'the statement'} was changed after it was sealed", 1)
        return found


def seal(previous: str, part: dict[str, Any]) -> str:
    """SHA-256 of what was sealed before and of this part."""
    sealed = {key: value for key, value in part.items() if key not in ("lines", "seal")}
    return hashlib.sha256((previous + json.dumps(sealed, sort_keys=True)).encode()).hexdigest()


def check(text: str) -> str:
    """The conclusion: "checked", "confirmed …" or "refuted"; :class:`Rejected` where the file does not hold."""
    need(len(text) <= MAX_BYTES, f"limit: a file of more than {MAX_BYTES} bytes")
    before = sys.getrecursionlimit()
    try:
        data = json.loads(text, parse_float=int, parse_constant=int)  # refuses both: all is exact
        need(data["format"] == FORMAT, f"the format is not {FORMAT}")
        need(data["version"] == VERSION, f"the version is {data['version']!r:.20}; this file reads version {VERSION}")
        sys.setrecursionlimit(DEPTH)
        return Checker(data).conclusion()
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Rejected(f"does not have the form of the format: {type(error).__name__}: {error}"[:300]) from None
    finally:
        sys.setrecursionlimit(before)


def main(argv: list[str]) -> int:
    """Exit status: 0 checked or refuted by its witness, 2 confirmed for instances only, 1 false, 64 not checkable."""
    try:
        need(len(argv) == 1, "usage: checker.py proof.json")
        with open(argv[0], "rb") as file:
            conclusion = check(file.read(MAX_BYTES + 1).decode())
    except (Rejected, OSError, UnicodeDecodeError) as error:
        print(f"rejected: {error}", file=sys.stderr)
        return getattr(error, "status", 64)
    print(conclusion)
    return 2 if conclusion.startswith("confirmed") else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
