"""Check a proof that opalgebra has saved: ``python checker.py proof.json``; Python 3.11 is all that this file needs.

A word of letters takes an impulse at m and taps at d₁, d₂, … to an index that is affine in (m, d₁, …), where these
meet congruences modulo a period P that the factors tell: S^P moves whole steps on either side.  So two expressions are
equal iff they agree at one generic point of every residue class modulo P.  Points are drawn from 2¹⁰⁰, taps below 2⁶¹
(Schwartz–Zippel), arithmetic is exact: two rounds pass a false line with probability below 2⁻⁸⁰.  Factors that are
symbols are tried at numbers, which the conclusion says.  Laws are names for readers: sealed, not used.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from fractions import Fraction
from itertools import pairwise, product, zip_longest
from math import gcd, lcm, prod
from random import SystemRandom
from typing import Any, ClassVar

FORMAT, VERSION, RANDOM = "opalgebra-proof", 1, SystemRandom()
MAX_BYTES, MAX_NODES, MAX_DEPTH, MAX_DIGITS, MAX_BITS = 4_000_000, 100_000, 10_000, 4_000, 50_000
WORK, ROUNDS, CASES = 1_000_000, 2, 24  # operations in all; times that points are drawn; values of symbols
COUNTED = ("positive", "integer")  # the symbols that stand for ints
MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


class Rejected(Exception):
    """What is wrong; ``status`` is 1 for a claim that does not hold, 64 for a file that cannot be checked."""

    def __init__(self, message: str, status: int = 64) -> None:
        super().__init__(message)
        self.status = status


def need(condition: Any, message: str, status: int = 64) -> None:
    if not condition:
        raise Rejected(message, status)


class Alg:
    """An element of ℚ[t]/(m), the lowest coefficient first; the file gives m and the conjugate of t."""

    minimal: ClassVar[list[Any]] = []
    conjugates: ClassVar[list[Alg]] = []  # of 1, t, t², …
    root = 0j  # t, nearly

    def __init__(self, c: list[Any]) -> None:
        need(len(c) == len(self.minimal), "a number has one coefficient for each power of t")
        self.c = c

    def __add__(self, other: Any) -> Alg:
        d = other.c if isinstance(other, Alg) else [other] + [0] * (len(self.c) - 1)
        return Alg([a + b for a, b in zip(self.c, d, strict=True)])

    def __mul__(self, other: Any) -> Alg:
        n, r = len(self.c), [0] * (2 * len(self.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c if isinstance(other, Alg) else [other]):
                r[i + j] += a * b
        for top in range(2 * n - 2, n - 1, -1):  # tⁿ = −(m₀ + m₁ t + …)
            for j in range(n):
                r[top - n + j] -= r[top] * self.minimal[j]
        return Alg(r[:n])

    __radd__, __rmul__ = __add__, __mul__

    def __bool__(self) -> bool:
        return any(self.c)


def bits(v: Any) -> int:
    parts = v.c if isinstance(v, Alg) else [v]
    size: int = sum([p.numerator.bit_length() + p.denominator.bit_length() for p in parts])
    need(size <= MAX_BITS, f"limit: a number of more than {MAX_BITS} bits")
    return size


def rational(v: Any) -> Any:
    need(all(type(x) is int for x in (v if isinstance(v, list) else [v])), "a number is an int or [int, int]")
    return Fraction(*v) if isinstance(v, list) else v


def use_field(field: Any) -> None:
    """Take over m, and a root and a conjugate of t that fit it."""
    Alg.minimal = []
    if field is None:
        return
    m, bar, near = ([rational(v) for v in field[key]] for key in ("minimal", "conjugate", "root"))
    need(2 <= len(m) <= 65 and m[-1] == 1 and len(bar) == len(m) - 1, "the field does not have the form of the format")
    Alg.minimal, Alg.root, Alg.conjugates = m[:-1], complex(*map(float, near)), []
    power = Alg([1] + [0] * (len(bar) - 1))
    for _ in bar:
        Alg.conjugates.append(power)
        power = power * Alg(bar)
    zero = sum([x * c for x, c in zip(Alg.conjugates, m, strict=False)], power)
    fits = [(m, 0), (bar, Alg.root.conjugate())]
    terms = [([float(c) * Alg.root**i for i, c in enumerate(p)], v) for p, v in fits]
    close = all(abs(sum(found) - v) <= 1e-9 * sum(map(abs, found)) for found, v in terms)
    need(not zero and close, "the root and the conjugate of t do not fit its minimal polynomial", 1)


class Checker:
    def __init__(self, data: dict[str, Any]) -> None:
        self.nodes, self.ndim, self.symbols, self.given = (data[x] for x in ("nodes", "ndim", "symbols", "given"))
        self.formal, self.left, self.sampled, self.largest = data["names"], WORK, False, 0
        self.env: dict[Any, Any] = {}
        need(0 < len(self.nodes) <= MAX_NODES and self.ndim in range(1, 9), f"limit: {MAX_NODES} nodes, 8 axes")
        depths: list[int] = []
        for node in self.nodes:
            need(all(type(r) is int and 0 <= r < len(depths) for r in self.refs(*node)), "a node refers to a later one")
            depths.append(1 + max([depths[r] for r in self.refs(*node)], default=0))
        need(max(depths) <= MAX_DEPTH, f"limit: nested deeper than {MAX_DEPTH}")
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * max(depths) + 2_000))

    def refs(self, kind: str, *a: Any) -> list[int]:
        if kind in ("conv", "transpose", "conj", "apply"):
            return list(a)
        if kind == "block":
            return [r for row in a[0] for r in row]
        return [r for _, r in a[0]] if kind == "sum" else list(a[0]) if kind == "compose" else []

    def spend(self, cost: int) -> None:
        self.left -= cost
        need(self.left >= 0, f"limit: the check takes more than {WORK} operations")

    # -- evaluation from the definitions: signals are dicts from index to exact number --------------------------

    def value(self, v: Any, c: bool = False) -> Any:
        """A number, {"t": coefficients} or {"sum": [[number, {symbol: exponent}], …]}; its conjugate where c."""
        if isinstance(v, dict) and "t" in v:
            found = Alg([rational(x) for x in v["t"]])
            return sum([p * x for p, x in zip(Alg.conjugates, found.c, strict=True)], found * 0) if c else found
        if not isinstance(v, dict):
            return rational(v)
        total: Any = 0
        for number, powers in v["sum"]:
            term = self.value(number, c)
            for name, e in powers.items():
                need(type(e) is int and abs(e) <= 64, "limit: an exponent of a symbol above 64")
                base = self.env[name.lstrip("~")][c != name.startswith("~")]  # ~a is the conjugate of a
                term = term * (base**e if e >= 0 else Fraction(1, base**-e))
            total = total + term
        return total

    def whole(self, v: Any) -> int:
        """A factor, a shift or an index: an int, whatever the symbols in it."""
        names = [s.lstrip("~") for _, powers in v["sum"] for s in powers] if isinstance(v, dict) else []
        found = self.value(v)
        need(all(self.symbols[s] in COUNTED for s in names) and type(found) is int, "an int is expected")
        return int(found)

    def axes(self, v: Any) -> list[int]:
        need(len(v) == self.ndim, "one int per axis is expected")
        return [self.whole(x) for x in v]

    def add(self, terms: Any) -> dict[Any, Any]:
        y: dict[Any, Any] = {}
        for n, v in terms:
            self.spend(1 + (bits(v) + sum([bits(i) for i in n])) // 256)
            y[n] = y[n] + v if n in y else v
        return {n: v for n, v in y.items() if v}

    def samples(self, w: Any, c: bool = False) -> dict[Any, Any]:
        return self.add([(tuple(self.axes(n)), self.value(v, c)) for n, v in w])

    def signal(self, i: int, c: bool) -> dict[Any, Any]:
        if (i, c) not in self.memo:
            self.memo[i, c] = self.signal_of(i, c)
        return self.memo[i, c]

    def signal_of(self, i: int, c: bool) -> dict[Any, Any]:
        kind, *a = self.nodes[i]
        if kind == "samples":
            return self.samples(a[0], c)
        if kind == "box":
            self.spend(prod(map(abs, self.axes(a[0]))))
            return dict.fromkeys(product(*[range(k) for k in self.axes(a[0])]), 1)
        if kind == "apply":
            return [*self.act(a[0], [self.signal(a[1], c)], False, c), {}][0]
        if kind == "sum":
            terms = [(self.value(w, c), self.signal(j, c)) for w, j in a[0]]
            return self.add([(n, w * v) for w, x in terms for n, v in x.items()])
        need(kind in ("formal", "conj"), f"{kind} is no signal")
        return self.signal(a[0], not c) if kind == "conj" else self.names[a[0]][c]

    def act(self, i: int, xs: list[Any], t: bool = False, c: bool = False) -> list[Any]:
        """A (x₀, x₁, …), with the transpose where t and the conjugate where c; no channels are all zero."""
        kind, *a = self.nodes[i]
        self.spend(1)
        if kind in ("transpose", "conj"):
            return self.act(a[0], xs, t != (kind == "transpose"), c != (kind == "conj"))
        if kind == "compose":
            for j in a[0] if t else a[0][::-1]:
                xs = self.act(j, xs, t, c)
            return xs
        if kind == "sum":
            terms = [[(self.value(w, c), x) for x in self.act(j, xs, t, c)] for w, j in a[0]]
            rows = zip_longest(*terms, fillvalue=(0, {}))
            return [self.add([(n, w * v) for w, x in row for n, v in x.items()]) for row in rows]
        if not xs:
            return []
        if kind == "block":
            heights, widths = (a[2], a[1]) if t else (a[1], a[2])
            need(len(xs) == sum(widths), "the channels of a block do not fit")
            parts = [xs[sum(widths[:j]) : sum(widths[: j + 1])] for j in range(len(widths))]
            out: list[Any] = []
            for r, h in enumerate(heights):
                ys = [self.act(a[0][s][r] if t else a[0][r][s], part, t, c) for s, part in enumerate(parts)]
                need(all(len(y) in (0, h) for y in ys), "the channels of a block do not fit")
                out += [self.add([m for y in ys if y for m in y[j].items()]) for j in range(h)]
            return out
        need(len(xs) == 1, "a letter takes one channel")
        return [self.letter(kind, a, xs[0], t, c)]

    def letter(self, kind: str, a: list[Any], x: Any, t: bool, c: bool) -> dict[Any, Any]:
        if kind == "conv":
            taps, s = self.signal(a[0], c).items(), -1 if t else 1
            return self.add((tuple([i + s * j for i, j in zip(n, d, strict=True)]), v * w)
                            for n, v in x.items() for d, w in taps)  # fmt: skip
        if kind == "operator":
            return self.add((n, v * e[c]) for m, v in x.items() for n, e in self.entries(a[0], t, m).items())
        k = self.axes(a[0])
        if kind == "shift":
            return self.add(
                [(tuple([i - j if t else i + j for i, j in zip(n, k, strict=True)]), v) for n, v in x.items()]
            )
        need(kind in ("up", "down", "modulate") and 0 not in k, f"{kind} {k} is no operator")
        rests = [(n, tuple([i % j for i, j in zip(n, k, strict=True)]), v) for n, v in x.items()]
        if kind == "modulate":
            w = self.samples(a[1], c)
            return self.add([(n, v * w[r]) for n, r, v in rests if r in w])
        if (kind == "up") != t:
            return self.add([(tuple([i * j for i, j in zip(n, k, strict=True)]), v) for n, v in x.items()])
        return self.add([(tuple([i // j for i, j in zip(n, k, strict=True)]), v) for n, r, v in rests if not any(r)])

    def entries(self, name: str, t: bool, n: Any) -> Any:
        """The entries of a formal operator in a column, of its transpose where t; drawn when first asked for."""
        if self.fresh is not None and (name, t, n) not in self.grown:
            self.grown.add((name, t, n))
            for m in self.points(*self.fresh[name]):
                e = self.drawn()
                self.matrix.setdefault((name, t, n), {})[m] = self.matrix.setdefault((name, not t, m), {})[n] = e
        return self.matrix.get((name, t, n), {})

    # -- points, taps and symbols at random ----------------------------------------------------------------------

    def drawn(self, real: bool = False) -> tuple[int, int]:
        v = RANDOM.randrange(1, 2**61)
        return v, v if real else RANDOM.randrange(1, 2**61)  # a number and its conjugate are independent

    def points(self, period: list[int], copies: int, limit: int) -> list[Any]:
        """Generic points of every residue class; of a sample of these where there are too many."""
        if prod(period) * copies <= limit:
            chosen: Any = [r for r in product(*map(range, period)) for _ in range(copies)]
        else:
            self.sampled, chosen = True, [[RANDOM.randrange(p) for p in period] for _ in range(limit)]
        return [
            tuple([r + p * RANDOM.randrange(-(2**100), 2**100) for r, p in zip(at, period, strict=True)])
            for at in chosen
        ]

    def measured(self) -> list[Any]:
        """Of every node the periods per axis of itself and its transpose, and how often its products hold each name."""
        found: list[Any] = []
        for kind, *a in self.nodes:
            inner = [found[r] for r in self.refs(kind, *a)]
            serial, own = kind in ("compose", "apply", "conv"), [1] * self.ndim
            periods = [own] * 2
            for side in (0, 1) if inner else ():
                combined = zip(*[entry[side] for entry in inner], strict=True)
                periods[side] = [prod(p) if serial else lcm(*p) for p in combined]
            if kind in ("transpose", "conv", "apply"):  # kernels are not transposed
                periods = periods[::-1] if kind == "transpose" else [periods[0]] * 2
            if kind in ("up", "down", "modulate"):
                own = [abs(k) for k in self.axes(a[0])]
                periods = [[1] * self.ndim if kind == "up" else own, [1] * self.ndim if kind == "down" else own]
            degrees = Counter({a[0]: 1} if kind in ("formal", "operator") else {})
            for *_, other in inner:
                degrees = degrees + other if serial else degrees | other
            self.spend(1 + sum([bits(p) for p in [*periods[0], *periods[1], *degrees.values()]]) // 256)
            found.append((*periods, degrees))
        return found

    def agree(self, pair: tuple[int, int], measured: list[Any], inputs: Any, share: int) -> bool:
        (p, _, d), (q, _, e) = (measured[i] for i in pair)
        period, degrees, floor = list(map(lcm, p, q)), d | e, self.left - share
        limit = max(4, int((share / 8) ** (1 / (1 + min(30, sum(degrees.values()))))))
        self.memo: dict[Any, Any] = {}
        self.matrix: dict[Any, Any] = {}
        self.grown: set[Any] = set()
        self.names: dict[str, Any] = {}
        self.fresh: Any = {name: (period, degrees[name], limit) for name in degrees}
        for name in [name for name in degrees if self.formal[name][0] == "signal"]:
            taps = {at: self.drawn(self.formal[name][1]) for at in self.points(*self.fresh[name])}
            if self.formal[name][2]:  # even
                taps |= {tuple([-i for i in at]): v for at, v in taps.items()}
            self.names[name] = [{at: v[c] for at, v in taps.items()} for c in (0, 1)]
        if inputs is None:
            left, right = (self.signal(i, False) for i in pair)
            return not self.add([*left.items(), *((n, -1 * v) for n, v in right.items())])
        for at in self.points(period, 1, limit if degrees else share // 8):
            for j in range(inputs):
                xs: list[Any] = [{at: 1} if i == j else {} for i in range(inputs)]
                for left, right in zip_longest(*[self.act(i, xs) for i in pair], fillvalue={}):
                    if self.add([*left.items(), *((n, -1 * v) for n, v in right.items())]):
                        return False
            if self.left < floor:
                self.sampled = True
                break
        return True

    # -- the claims ------------------------------------------------------------------------------------------

    def holds(self) -> bool:
        values = [(kind, [self.whole(v) for v in sides]) for kind, *sides in self.given]
        need(all(kind in ("coprime", "divides") for kind, _ in values), "an unknown hypothesis")
        return all(gcd(a, b) == 1 if kind == "coprime" else b % a == 0 for kind, (a, b) in values)

    def drawn_symbols(self, values: dict[str, int]) -> None:
        least = {"positive": 1, "integer": -(10**9)}
        need(all(type(v) is int and v >= least[self.symbols[s]] for s, v in values.items()), "a symbol is out of range")
        self.env = {s: self.drawn(kind == "real") for s, kind in self.symbols.items()} | {
            s: (v, v) for s, v in values.items()
        }

    def cases(self) -> Any:
        """Values of the symbols that are counted through, up to ever larger bounds."""
        counted = [s for s, kind in self.symbols.items() if kind in COUNTED]
        done = 0
        for bound in range(1, CASES + 1 if counted else 2):
            ranges = [range(1 if self.symbols[s] == "positive" else -bound, bound + 1) for s in counted]
            if prod(map(len, ranges)) > CASES and bound > 1:
                return
            need(prod(map(len, ranges)) < 1_000, f"limit: {len(counted)} symbols to count through")
            for values in product(*ranges):
                if bound == 1 or bound in map(abs, values):
                    self.drawn_symbols(dict(zip(counted, values, strict=True)))
                    if self.holds():
                        done += 1
                        yield values
            self.largest = bound if counted and done else 0
        need(done, "no values of the symbols meet the hypotheses")

    def proof(self, lines: list[Any], inputs: Any) -> str:
        """Every line equals the one before; a sentence that says for what."""
        written, tried = [line["expression"] for line in lines], 0
        share = WORK // (
            ROUNDS * max(1, len(lines) - 1) * (CASES if set(self.symbols.values()) - {"real", "complex"} else 1)
        )
        for _ in self.cases():
            tried += 1
            measured = self.measured()
            for _ in range(ROUNDS):
                for i, pair in enumerate(pairwise(written), 2):
                    same = self.agree(pair, measured, inputs, share)
                    need(same, f"line {i} does not follow from line {i - 1}", 1)
        names = ", ".join([s for s, kind in self.symbols.items() if kind in COUNTED])
        scope = [f"for all {names} up to {self.largest} ({tried} cases), not for all"] if names else []
        scope += ["at a sample of the residue classes"] if self.sampled else []
        return f"confirmed {', '.join(scope)}" if scope else "checked"

    def refutation(self, w: dict[str, Any], pair: tuple[int, int], inputs: Any) -> str:
        """Both sides take the values of the witness, and these differ."""
        self.drawn_symbols(w["symbols"])
        need(self.holds(), "the witness breaks a hypothesis", 1)
        self.memo, self.matrix, self.fresh, self.names = {}, {}, None, {}
        for name, taps in w["names"].items():
            if self.formal[name][0] == "operator":
                for row, column, v in taps:
                    n, m, e = tuple(row), tuple(column), (self.value(v), self.value(v, True))
                    for key, at in (((name, False, m), n), ((name, True, n), m)):
                        self.matrix.setdefault(key, {})[at] = e
            else:
                self.names[name] = x, bar = [self.samples(taps, c) for c in (False, True)]
                need(not self.formal[name][1] or not self.add([*x.items(), *((n, -1 * v) for n, v in bar.items())]),
                     f"{name} is not real", 1)  # fmt: skip
                turned = ((tuple([-i for i in n]), -1 * v) for n, v in x.items())
                need(not self.formal[name][2] or not self.add([*x.items(), *turned]), f"{name} is not even", 1)
        out, into = w["channels"]
        xs: list[Any] = [{tuple(w["input"]): 1} if i == into else {} for i in range(inputs or 0)]
        sides = [[self.signal(i, False)] if inputs is None else self.act(i, xs) for i in pair]
        found = [(y[out] if out < len(y) else {}).get(tuple(w["index"]), 0) for y in sides]
        claimed = [self.value(v) for v in w["values"]]
        need(not any(a + -1 * b for a, b in zip(found, claimed, strict=True)), "the witness gives other values", 1)
        difference = found[0] + -1 * found[1]
        if isinstance(difference, Alg):
            terms = [float(x) * Alg.root**i for i, x in enumerate(difference.c)]
            need(abs(sum(terms)) > 1e-9 * sum(map(abs, terms)), "the values of the witness are too close to tell", 1)
        need(difference, "the sides agree at the witness", 1)
        return "refuted"


def seal(previous: str, part: Any) -> str:
    return hashlib.sha256((previous + json.dumps(part, sort_keys=True)).encode()).hexdigest()


def _int(text: str) -> int:
    need(len(text) <= MAX_DIGITS, f"limit: a number of more than {MAX_DIGITS} digits")
    return int(text)


def _refuse(text: str) -> None:
    raise Rejected(f"{text} is not exact; numbers are ints")


def check(text: str) -> str:
    """The conclusion: "checked", "confirmed …" or "refuted"; :class:`Rejected` where the file does not hold."""
    need(len(text) <= MAX_BYTES, f"limit: a file of more than {MAX_BYTES} bytes")
    before = sys.getrecursionlimit()
    try:
        data = json.loads(text, parse_int=_int, parse_float=_refuse, parse_constant=_refuse)
        need(data["format"] == FORMAT, f"the format is not {FORMAT}")
        need(data["version"] == VERSION, f"the version is {data['version']!r:.20}; this file reads version {VERSION}")
        return _conclusion(data)
    except MALFORMED as error:
        raise Rejected(
            f"the file does not have the form of the format: {type(error).__name__}: {error}"[:300]
        ) from None
    finally:
        sys.setrecursionlimit(before)


def _conclusion(data: dict[str, Any]) -> str:
    use_field(data["field"])
    checker, lines, sides, inputs = Checker(data), data["lines"], (data["lhs"], data["rhs"]), data["inputs"]
    need(inputs is None or (type(inputs) is int and 1 <= inputs <= 5_000), "inputs is null or a number of channels")
    need(data["verdict"] in ("proved", "refuted"), "the verdict is neither proved nor refuted")
    if data["verdict"] == "proved":
        need(lines and (lines[0]["expression"], lines[-1]["expression"]) == sides, "the lines lead elsewhere", 1)
        conclusion = checker.proof(lines, inputs)
    else:
        conclusion = checker.refutation(data["witness"], sides, inputs)
    mark = seal("", {key: value for key, value in data.items() if key not in ("lines", "seal")})
    need(mark == data["seal"], "the statement was changed after it was sealed", 1)
    for i, line in enumerate(lines, 1):
        mark = seal(mark, {key: value for key, value in line.items() if key != "seal"})
        need(mark == line["seal"], f"line {i} was changed after it was sealed", 1)
    return conclusion


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
