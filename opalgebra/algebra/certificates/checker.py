"""Check a proof that opalgebra has saved: ``python checker.py proof.json``; Python 3.11 is all that this file needs.

A word of moves takes an impulse at m, and taps at d₁, d₂, …, to an index that is affine in (m, d₁, …), where these meet
congruences modulo a period P that the steps tell.  So two expressions are equal iff they agree at one generic point of
every residue class modulo P.  Points are drawn from 2¹⁶⁰ periods, taps and symbols for numbers below 2¹²⁰, arithmetic
is exact: a false line passes with probability below 2⁻⁸⁰ (docs/certificates.md).  Symbols for ints are tried at
numbers, as the conclusion says.  A signal is what its row makes of an impulse at 0; ~q, the conjugate of q, is a name.

:class:`Form` refuses whatever is not exactly of the format, :class:`Checker` decides what has this form.  All work is
paid from one budget before it is done.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise, product
from math import gcd, lcm, prod
from random import SystemRandom
from typing import Any

FORMAT, VERSION, RANDOM = "opalgebra-proof", 2, SystemRandom()
MAX_BYTES, NESTED, DIGITS = 4_000_000, 24, 4_300  # of the file, of its brackets, of an int in it
WORK, BITS, PERIOD, OFTEN = 2_000_000, 200_000, 16_384, 1_000_000  # operations; bits of a number, of a period; a name
DEPTH, CASES, LABELS, CHANNELS = 8_000, 24, 500, 4_096  # of rows; values tried; names or symbols, and channels

KEYS = {"format", "version", "verdict", "ndim", "signals", "nodes", "lhs", "rhs", "lines", "witness", "names",
        "symbols", "given", "minimal", "root", "seal"}  # fmt: skip
ANYTHING: Any = lambda v, what: None  # noqa: E731
VERDICTS, NAMED = ("proved", "refuted"), ("signal", "real", "even", "real even", "operator")


def is_prime(v: int) -> bool:
    need(v < 10**6, "limit: a prime or composite number above a million")
    return v > 1 and all(v % d for d in range(2, int(v**0.5) + 1))


WORDS: dict[str, Any] = {  # what is assumed of the symbols that stand for ints
    "integer": lambda v: True, "positive": lambda v: v > 0, "negative": lambda v: v < 0, "nonzero": lambda v: v != 0,
    "nonnegative": lambda v: v >= 0, "nonpositive": lambda v: v <= 0, "even": lambda v: v % 2 == 0,
    "odd": lambda v: v % 2 == 1, "prime": is_prime, "composite": lambda v: v > 3 and not is_prime(v),
}  # fmt: skip
GIVEN: dict[str, Any] = {
    "coprime": lambda a, b: gcd(a, b) == 1, "equal": lambda a, b: a == b, "unequal": lambda a, b: a != b,
    "less": lambda a, b: a < b, "at most": lambda a, b: a <= b,
    "divides": lambda a, b: b % a == 0 if a else b == 0, "not divides": lambda a, b: b % a != 0 if a else b != 0,
}  # fmt: skip


class Rejected(Exception):
    """What is wrong; ``status`` is 1 for a claim that does not hold, 64 for a file that cannot be checked."""

    def __init__(self, message: str, status: int = 64) -> None:
        super().__init__(message)
        self.status = status


def need(condition: Any, message: str, status: int = 64) -> None:
    if not condition:
        raise Rejected(message, status)


def form(condition: Any, message: str) -> None:
    need(condition, f"not a certificate: {message}")


# -- reading: JSON without its freedoms, and the exact form ----------------------------------------------------------


def read(raw: bytes | str) -> Any:
    """The JSON of a file: no key twice, no floats, nothing after it, no number or nesting beyond its limit."""
    need(len(raw) <= MAX_BYTES, f"limit: a file of more than {MAX_BYTES} bytes")
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        depth = 0
        for mark in re.finditer(r'"(?:[^"\\]|\\.)*+"?|[][{}]', text, re.DOTALL):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark[0], 0)
            need(depth <= NESTED, f"limit: brackets nested more than {NESTED} deep")
        return json.loads(
            text, parse_int=_int, parse_float=_no_int, parse_constant=_no_int, object_pairs_hook=_distinct
        )
    except UnicodeDecodeError:
        raise Rejected("not a certificate: the file is no text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise Rejected(f"not a certificate: no JSON: {error}") from None


def _int(text: str) -> int:
    form(text != "-0", "-0 is no int")
    need(len(text) <= DIGITS, f"limit: an int of more than {DIGITS} digits")
    return int(text)


def _no_int(text: str) -> int:
    raise Rejected(f"not a certificate: {text:.20} is no int, and all numbers are ints")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    form(len(found) == len(pairs), "a key occurs twice")
    return found


def fits(v: Any, shape: Any, what: str) -> None:
    """A dict has these keys, those with ? perhaps; [shape] is a list, a tuple of shapes a list of that length."""
    if callable(shape):
        shape(v, what)
    elif isinstance(shape, dict):
        form(type(v) is dict, f"{what} is no object")
        known = {key.removesuffix("?"): inner for key, inner in shape.items()}
        missing = [key for key in shape if key not in v and key[-1:] != "?"]
        form(not missing, f"{what} lacks {', '.join(missing):.80}")
        for key, inner in v.items():
            form(key in known, f"{what} has the key {key!a:.40}, which the format has not")
            fits(inner, known[key], f"{key!a:.40} of {what}")
    else:
        form(type(v) is list, f"{what} is no list")
        form(type(shape) is list or len(v) == len(shape), f"{what} has {len(v)} entries, and not {len(shape)}")
        for inner, part in zip(v, shape * len(v) if type(shape) is list else shape, strict=True):
            fits(inner, part, what)


def whole(low: int = -(2**99_999), stop: int = 2**99_999) -> Any:
    def shape(v: Any, what: str) -> None:
        form(type(v) is int, f"{what} holds {str(v)[:40]!a}, where an int is expected")
        form(low <= v < stop, f"{what} holds an int that is out of its range")

    return shape


def one_of(*values: Any) -> Any:
    def shape(v: Any, what: str) -> None:
        form(
            any(type(v) is type(value) and v == value for value in values),
            f"{what}: {str(v)[:40]!a} is none of {values}",
        )

    return shape


def text(v: Any, what: str) -> None:
    form(type(v) is str and len(v) <= 10_000 and v.isprintable(), f"{what} is no printable text")


def number(allowed: set[str], degree: int) -> Any:
    """An int, or [[p, q, n, {symbol: exponent}], …]: the sum of p/q tⁿ times powers of symbols."""

    def powers(v: Any, what: str) -> None:
        form(type(v) is dict and v.keys() <= allowed, f"{what}: an int is expected, or one of {sorted(allowed)!a:.80}")
        form(all(type(e) is int and e for e in v.values()), f"{what}: an exponent is no int, or 0")
        need(all(abs(e) <= 64 for e in v.values()), "limit: an exponent of a symbol above 64")

    terms = [(whole(), whole(1), whole(0, degree), powers)]
    return lambda v, what: None if type(v) is int else fits(v, terms, f"a number of {what}")


class Form:
    """Every key, type, length and index of the format; what has this form has one meaning."""

    def __init__(self, data: Any) -> None:
        form(type(data) is dict and data.get("format") == FORMAT, f"the format is not {FORMAT}")
        version = data.get("version")
        need(type(version) is int and version == VERSION, f"the version is {version!a:.20}; this file reads {VERSION}")
        self.data, n = data, data.get("ndim")
        fits(data, dict.fromkeys(KEYS, ANYTHING) | {
            "ndim": whole(1, 9), "signals": one_of(True, False), "minimal": [whole()], "verdict": one_of(*VERDICTS),
            "root": (self.fraction, self.fraction), "names": self.labels, "symbols": self.labels, "seal": text,
        }, "the file")  # fmt: skip
        self.names, self.symbols, degree = data["names"], data["symbols"], len(data["minimal"]) - 1
        form(1 <= degree <= 64 and data["minimal"][-1] == 1, "minimal is not monic, of degree 1 to 64")
        form(self.is_root(*data["root"]), "root is no root of minimal")
        form(all(kind in NAMED for kind in self.names.values()), f"a name is none of {NAMED}")
        for kind in self.symbols.values():
            words = kind.split(" ")
            known = kind in ("real", "complex") or all(word in WORDS for word in words)
            form(known and len(words) == len(set(words)), f"{kind!a:.40} is no kind of symbol")
        counted = {s for s, kind in self.symbols.items() if kind not in ("real", "complex")}
        every = {*self.symbols, *("~" + s for s, kind in self.symbols.items() if kind == "complex")}
        self.step, self.number, self.constant = number(counted, 1), number(every, degree), number(set(), degree)
        self.plain, self.steps = ((one_of(0), one_of(1)),) * n, ((self.step, self.step),) * n
        self.every, self.counted, self.routed = every, counted, list[bool]()
        fits(data["nodes"], [self.row], "a row")
        self.ref = whole(0, len(self.routed))
        fits(data["lhs"], self.ref, "lhs")
        fits(data["rhs"], self.ref, "rhs")
        form(not (data["signals"] and any(self.routed)), "signals have no channels")
        fits(data["given"], [self.hypothesis], "given")
        need(len(data["given"]) <= 100, "limit: 100 hypotheses")
        proved = data["verdict"] == "proved"
        fits(data["witness"], one_of(None) if proved else self.witness(), "the witness")
        use = (whole(0, len(data["given"])), whole(0), self.number, self.ref, self.ref)
        line = {"expression": self.ref, "law": text, "condition": text, "seal": text, "uses?": [use]}
        fits(data["lines"], [line] if proved else (), "a line")
        if proved:
            ends = [line["expression"] for line in data["lines"]] or [None]
            need([ends[0], ends[-1]] == [data["lhs"], data["rhs"]], "the lines lead elsewhere", 1)
            form(not data["lines"][0].get("uses"), "the first line follows from none")

    def labels(self, v: Any, what: str) -> None:
        form(type(v) is dict and all(type(kind) is str for kind in v.values()), f"{what} are no object of kinds")
        need(len(v) <= LABELS, f"limit: {LABELS} names or symbols")
        plain = all(0 < len(s) <= 200 and s.isprintable() and not {"~", "?"} & {*s} for s in v)
        form(plain, f"one of {what} is empty, too long, not printable, or has ~ or ? in it")

    def fraction(self, v: Any, what: str) -> None:
        fits([v, 1] if type(v) is int else v, (whole(-(2**1100), 2**1100), whole(1, 2**1100)), what)

    def is_root(self, *root: Any) -> bool:
        """Whether the polynomial has a root as near as six digits: one is within N |m / m'| of every point."""
        parts = [(v, 1) if type(v) is int else v for v in root]
        q = lcm(*(over for _, over in parts))
        a, b = (p * (q // over) for p, over in parts)
        m, slope, scale = (1, 0), (0, 0), 1  # times powers of q
        for c in self.data["minimal"][-2::-1]:
            slope = (slope[0] * a - slope[1] * b + m[0], slope[0] * b + slope[1] * a + m[1])
            scale *= q
            m = (m[0] * a - m[1] * b + c * scale, m[0] * b + m[1] * a)
        far = ((len(self.data["minimal"]) - 1) * 10**6) ** 2 * (m[0] ** 2 + m[1] ** 2)
        return far <= (slope[0] ** 2 + slope[1] ** 2) * max(q * q, a * a + b * b)

    def name(self, v: Any, what: str) -> None:
        form(type(v) is str and v.removeprefix("~") in self.names, f"{what} has no name of the file")
        form(v in self.names or "real" not in self.names[v[1:]], f"{v[1:]} is real, and has no conjugate beside it")

    def row(self, v: Any, what: str) -> None:
        earlier, what = whole(0, len(self.routed)), f"row {len(self.routed)}"
        fits(v, (one_of("moves", "formal", "conv", "transpose", "compose", "sum"), ANYTHING), what)
        kind, a = v
        shapes = {"moves": [self.move], "formal": self.name, "conv": earlier, "transpose": earlier}
        fits(a, shapes.get(kind, [earlier]), what)
        if kind == "moves":
            routed = any(len(entry) == 5 for entry in a)
        else:
            routed = any(self.routed[j] for j in ([a] if type(a) is int else a) if kind != "formal")
        form(not (routed and kind == "conv"), "a kernel has no channels")
        self.routed.append(routed)

    def move(self, v: Any, what: str) -> None:
        form(type(v) is list and len(v) in (3, 5), f"{what} has a move without three parts, or five")
        channel = whole(0, CHANNELS)
        fits(v, (self.number, self.steps, (self.pair,) * self.data["ndim"], channel, channel)[: len(v)], what)

    def pair(self, v: Any, what: str) -> None:
        fits(v, (self.step,) * 3 if type(v) is list and len(v) == 3 else (self.step,) * 2, what)

    def hypothesis(self, v: Any, what: str) -> None:
        fits(v, (one_of("equations", *GIVEN), ANYTHING, ANYTHING), what)
        kind, a, b = v
        fits([a, b], [[self.ref]] if kind == "equations" else [self.step], what)
        form(kind in GIVEN or len(a) == len(b), f"{what} has an equation with one side")

    def witness(self) -> Any:
        """The shape of a witness."""
        n, kinds = self.data["ndim"], self.names
        place = (whole(0, CHANNELS), *[whole()] * n)
        free = ((whole(), one_of(0)),) * n
        entry, tap = (self.constant, free, free), (self.constant, self.plain, ((whole(), one_of(1)),) * n)
        shapes = {s: [entry if kind == "operator" else tap] for s, kind in kinds.items()}
        return {
            "input": place, "index": place, "values": (self.number, self.number), "inverse": self.number,
            "names": shapes | {f"~{s}?": shapes[s] for s, kind in kinds.items() if "real" not in kind},
            "symbols": {s if s in self.symbols else f"{s}?": whole() if s in self.counted else self.constant
                        for s in self.every},
        }  # fmt: skip


# -- deciding --------------------------------------------------------------------------------------------------------


def size(v: Any) -> int:
    return int(v.numerator.bit_length() + v.denominator.bit_length())


def minus(x: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return [(n, -v) for n, v in x.items()]


def is_rational(x: dict[Any, Any]) -> bool:
    return x.keys() <= {(0,)}


class Checker:
    """What a file of the right form says, evaluated; numbers are dicts from (power of t,) to rationals."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data, self.names, self.symbols, self.rows = data, data["names"], data["symbols"], [*data["nodes"]]
        self.left, self.sampled, self.plain = WORK, False, [(0, 1)] * (1 + data["ndim"])
        self.minimal = data["minimal"][:-1]
        self.letters: dict[int, Any] = {}  # of every row of moves: these
        self.memo: dict[int, Any] = {}  # of every row of moves and every convolution: its moves
        self.measures: list[Any] = []  # of every row: periods, how often its products hold each name, depth
        self.degrees: dict[str, int] = {}
        self.formal: dict[str, Any] = {}  # of every name: the moves drawn for it
        self.grown: set[Any] = set()
        self.counted = {s for s, kind in self.symbols.items() if kind not in ("real", "complex")}
        used = [c for kind, a in self.rows if kind == "moves" for entry in a for c in entry[3:]]
        self.channels = 1 + max(used, default=0)
        self.equations = [list(zip(a, b, strict=True)) if kind == "equations" else [] for kind, a, b in data["given"]]
        need(all(map(self.speaks, self.equations)), "an equation is given that speaks of no name")
        rows, uses = ([line.get(key, ()) for line in data["lines"]] for key in ("expression", "uses"))
        self.pairs = [(self.with_uses(a, use), b) for (a, b), use in zip(pairwise(rows), uses[1:], strict=False)]

    def spend(self, times: int = 1, bits: int = 0) -> None:
        """The one budget of time and memory, paid before the work: long numbers cost more."""
        need(bits <= BITS, f"limit: a number of more than {BITS} bits")
        self.left -= times * (1 + (bits // 1_000) ** 2)
        need(self.left >= 0, f"limit: the check takes more than {WORK} operations")

    def speaks(self, pairs: list[Any]) -> bool:
        """Whether an equation that is given is about some kernel or operator; no other is a hypothesis."""
        left, seen = [i for pair in pairs for i in pair], set[int]()
        while left:
            if (i := left.pop()) not in seen:
                seen.add(i)
                kind, a = self.rows[i]
                if kind == "formal":
                    return True
                left += a if kind in ("compose", "sum") else [a] if kind in ("transpose", "conv") else []
        return not pairs

    def with_uses(self, row: int, uses: Any) -> int:
        """A row plus weight · left (A − B) right for every use of an equation A = B that is given."""
        terms, plain = [row], [[0, 1]] * self.data["ndim"]
        for fact, equation, weight, left, right in uses:
            self.spend(20)
            form(equation < len(self.equations[fact]), "a hypothesis has fewer equations")
            for sign, side in zip((1, -1), self.equations[fact][equation], strict=True):
                scales = [["moves", [[c, plain, plain]]] for c in (sign, weight)]
                self.rows += [*scales, ["compose", [len(self.rows), len(self.rows) + 1, left, side, right]]]
                terms.append(len(self.rows) - 1)
        self.rows += [["sum", terms]] * bool(uses)
        return len(self.rows) - 1 if uses else row

    # -- numbers ------------------------------------------------------------------------------------------------------

    def add(self, terms: Iterable[Any]) -> dict[Any, Any]:
        y: dict[Any, Any] = {}
        for n, v in terms:
            self.spend(bits=size(v) + size(y[n]) if n in y else 0)
            y[n] = y[n] + v if n in y else v
        degree = len(self.minimal)
        for e in range(max([n[0] for n in y], default=0), degree - 1, -1):  # tᴺ = −(m₀ + m₁ t + …)
            self.spend(len(y))
            for n in [n for n in y if n[0] == e]:
                v = y.pop(n)
                for j, c in enumerate(self.minimal, e - degree):
                    at = (j, *n[1:])
                    self.spend(bits=size(c) + size(v) + size(y.get(at, 0)))
                    y[at] = y.get(at, 0) - c * v
        return {n: v for n, v in y.items() if v}

    def by(self, v: Any, w: Any) -> Any:
        self.spend(bits=size(v) + size(w))
        return v * w

    def times(self, x: dict[Any, Any], y: dict[Any, Any]) -> dict[Any, Any]:
        return self.add([((m + n,), self.by(v, w)) for (m,), v in x.items() for (n,), w in y.items()])

    def power(self, s: str, e: int) -> dict[Any, Any]:
        """A symbol to an exponent; one over a complex number is its conjugate over its square."""
        x = self.values[s]
        need(x or e > 0, f"{s} is 0, and is divided by", 1)
        if is_rational(x):
            self.spend(bits=size(x.get((0,), 0)) * abs(e))
            return {(0,): Fraction(x.get((0,), 0)) ** e} if x else {}
        if e < 0:
            other = self.values[s[1:] if s[0] == "~" else "~" + s]
            square = self.times(x, other).get((0,), 0)
            need(square, f"{s} is 0 at a root, and is divided by", 1)
            x = {n: v / square for n, v in other.items()}
        y = x
        for _ in range(abs(e) - 1):
            y = self.times(y, x)
        return y

    def number(self, v: Any) -> dict[Any, Any]:
        """An int, or [[p, q, n, {symbol: exponent}], …]: the sum of p/q tⁿ times powers of symbols."""
        self.spend()
        if type(v) is int:
            return {(0,): v} if v else {}
        total: list[Any] = []
        for p, q, n, powers in v:
            x = {(n,): Fraction(p, q)}
            for s, e in powers.items():
                x = self.times(x, self.power(s, e))
            total += x.items()
        return {n: c.numerator if c.denominator == 1 else c for n, c in self.add(total).items()}

    def whole(self, v: Any) -> int:
        if type(v) is int:
            return v
        x = self.number(v)
        c = x.get((0,), 0)
        need(is_rational(x) and c.denominator == 1, "an int is expected")
        return int(c)

    # -- evaluation: a signal is a dict from (power of t, channel, n₁, n₂, …) to number -------------------------------

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
            terms: list[Any] = []
            for j in a:
                terms += self.act(j, x, t).items()
            return self.add(terms)
        if kind == "formal" and self.names[a.removeprefix("~")] == "operator":
            self.grow(a, x, t)
        return self.add(self.moved(self.moves(i), x, t))

    def moved(self, moves: Any, x: dict[Any, Any], t: bool) -> Iterator[Any]:
        """Every move (f, w, source, target) takes the samples at r + P j, times w tᶠ, to s + Q j."""
        for (e, *n), v in x.items():
            self.spend(len(moves) * (1 + sum(map(int.bit_length, n)) // 512))
            for f, w, *ends in moves:
                j = [divmod(m - r, p) if p else (0, m - r) for m, (r, p) in zip(n, ends[t], strict=True)]
                if not any(rest for _, rest in j):
                    to = [s + q * k for (s, q), (k, _) in zip(ends[not t], j, strict=True)]
                    yield (e + f, *to), self.by(v, w)

    def moves(self, i: int) -> Any:
        """The moves (n, c, source, target) of a row, each with a number c tⁿ and pairs (start, step) for all axes."""
        kind, a = self.rows[i]
        if kind == "formal":
            return self.formal.get(a, [])
        if i not in self.memo:  # a convolution by the response to an impulse at 0
            response = self.act(a, {(0,) * (1 + len(self.plain)): 1})
            self.spend(4 * len(response))
            self.memo[i] = [(e, v, self.plain, [(d, 1) for d in n]) for (e, *n), v in response.items()]
        return self.memo[i]

    def letter(self, weight: Any, source: Any, target: Any, *route: int) -> Iterator[Any]:
        """[number, [[r, P], …], [[s, Q], …]], a pair per axis, or [s, Q, k] for k side by side; then channels."""
        channel = [(c, 0) for c in route] or [(0, 1), (0, 1)]
        ends = [[(self.whole(r), self.whole(p)) for r, p, *_ in end] for end in (source, target)]
        sizes = [self.whole(most[0]) if most else 1 for _, _, *most in target]
        for (n,), c in self.number(weight).items():
            self.spend(4 * prod([max(1, abs(k)) for k in sizes]))
            for copy in product(*map(range, sizes)):
                to = [(s + i, q) for (s, q), i in zip(ends[1], copy, strict=True)]
                yield n, c, [channel[0], *ends[0]], [channel[1], *to]

    # -- points and taps at random -----------------------------------------------------------------------------------

    def points(self, copies: int, limit: int) -> list[Any]:
        """Generic points of every residue class; of a sample of these where there are too many."""
        if prod(self.period) * copies <= limit:
            classes: Any = [r for r in product(*map(range, self.period)) for _ in range(copies)]
        else:
            self.sampled, classes = True, [[RANDOM.randrange(p) for p in self.period] for _ in range(limit)]
        self.spend(len(classes) * len(self.period), max(p.bit_length() for p in self.period))
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
        """Of every row the periods of it and of its transpose, how often its products hold each name, its depth."""
        self.letters, self.measures = {}, []
        for i, (kind, a) in enumerate(self.rows):
            refs = Counter(a if kind in ("compose", "sum") else [a] if kind in ("transpose", "conv") else [])
            here, back, names, depth = [1] * self.data["ndim"], [1] * self.data["ndim"], dict[str, int](), 0
            if kind == "moves":
                self.letters[i] = [move for entry in a for move in self.letter(*entry)]
                for _, _, *ends in self.letters[i]:
                    for periods, end in zip((here, back), ends, strict=True):
                        self.join(periods, [p for _, p in end[1:]], 0)
            if kind == "formal":
                names = {a: 1}
            for j, often in refs.items():
                self.join(here, self.measures[j][0], often * (kind == "compose"))
                self.join(back, self.measures[j][1], often * (kind == "compose"))
                self.spend(1 + 4 * len(self.measures[j][2]))
                for s, n in self.measures[j][2].items():
                    names[s] = names.get(s, 0) + n * often if kind == "compose" else max(n, names.get(s, 0))
                depth = max(depth, 1 + self.measures[j][3])
            need(depth <= DEPTH, f"limit: rows nested more than {DEPTH} deep")
            need(max(names.values(), default=0) <= OFTEN, f"limit: a product that holds a name {OFTEN} times")
            turned = {"transpose": (back, here), "conv": (here, here)}
            self.measures.append((*turned.get(kind, (here, back)), names, depth))

    def join(self, periods: list[int], others: list[int], often: int) -> None:
        """Products of periods along a word, where other ones come often, and least common multiples of sums."""
        for n, p in enumerate(others):
            if p != 1:
                bits = periods[n].bit_length() + p.bit_length() * max(1, often)
                need(p, "a step is 0")
                need(bits <= 2 * PERIOD, f"limit: a period of more than {PERIOD} bits")
                self.spend(2, bits)
                periods[n] = periods[n] * p**often if often else lcm(periods[n], p)
                need(periods[n].bit_length() <= PERIOD, f"limit: a period of more than {PERIOD} bits")

    def draw(self, share: int) -> None:
        """Formal kernels with as many taps in every class as a product holds them."""
        self.limit = max(4, int((share / 8) ** (1 / (1 + min(30, sum(self.degrees.values()))))))
        self.memo, self.grown, self.formal = dict(self.letters), set(), {}
        for name, copies in self.degrees.items():
            kind = self.names[name.removeprefix("~")]
            self.formal[name] = moves = []
            for at in self.points(copies, self.limit) if kind != "operator" else []:
                tap = RANDOM.randrange(1, 2**120)
                for place in (at, [-n for n in at]) if "even" in kind else (at,):
                    moves.append((0, tap, self.plain, [(0, 1), *[(n, 1) for n in place]]))

    def agree(self, pair: tuple[int, int], share: int, signals: bool, fixed: bool = False) -> bool:
        """Whether two rows agree on generic kernels, or where fixed on those at hand; signals on an impulse at 0."""
        (p, _, d, _), (q, _, e, _) = (self.measures[i] for i in pair)
        floor = self.left - share
        self.spend(50)
        self.period = list(map(lcm, p, q))
        if not fixed:
            self.degrees = {s: max(d.get(s, 0), e.get(s, 0)) for s in d | e}
            self.draw(share)
        limit = self.limit if self.degrees else max(4, share // 8)
        for at in [[0] * len(self.period)] if signals else self.points(1, limit):
            for channel in range(self.channels):
                sides = [self.act(i, {(0, channel, *at): 1}) for i in pair]
                if sides[0] != sides[1]:
                    return False
                if self.left < floor:
                    self.sampled = True
                    return True
        return True

    # -- the claims ----------------------------------------------------------------------------------------------------

    def fits(self, s: str, v: int) -> bool:
        return all(WORDS[word](v) for word in self.symbols[s].split(" "))

    def holds(self) -> bool:
        """Whether the hypotheses about factors hold at the values at hand."""
        facts = [fact for fact in self.data["given"] if fact[0] in GIVEN]
        return all(GIVEN[kind](*map(self.whole, sides)) for kind, *sides in facts)

    def cases(self) -> tuple[int, list[dict[str, Any]]]:
        """The largest bound of the symbols for ints below which there are few cases, and those that may be."""
        found: tuple[int, list[dict[str, Any]]] = (0, [])
        for top in range(1, CASES + 1):
            grid = [[v for v in range(-top, top + 1) if self.fits(s, v)] for s in sorted(self.counted)]
            number = prod(map(len, grid))
            if found[1] and number > CASES:
                break
            need(number < 1_000, f"limit: {len(grid)} symbols to count through")
            tried = [dict(zip(sorted(self.counted), values, strict=True)) for values in product(*grid)]
            found = top, [case for case in tried if self.take(case).holds()]
        need(found[1], "no values of the symbols meet the hypotheses")
        return found

    def take(self, case: dict[str, int]) -> Checker:
        """Values of the symbols for ints, and random ones of the others."""
        self.values = {s: {(0,): RANDOM.randrange(1, 2**120)} for name in self.symbols for s in (name, "~" + name)}
        self.values |= {s: {(0,): v} if v else {} for s, v in case.items()}
        return self

    def proof(self) -> str:
        """Every line equals the one before; a sentence that says for what."""
        top, cases = self.cases()
        for case in cases:
            self.take(case)
            self.measure()
            for i, pair in enumerate(self.pairs, 2):
                same = self.agree(pair, WORK // (len(self.pairs) + 1) // len(cases), self.data["signals"])
                need(same, f"line {i} does not follow from line {i - 1}", 1)
        scope = [f"for all {', '.join(sorted(self.counted)):.200} up to {top} ({len(cases)} cases), not for all"]
        scope = scope * bool(self.counted) + ["at a sample of the residue classes"] * self.sampled
        return f"confirmed {', '.join(scope)}" if scope else "checked"

    def kernel(self, name: str, taps: Any) -> dict[Any, Any]:
        """The taps of a name at the witness: (row, and column of an operator) to number."""
        at = [tuple(v for end in ends[::-1] for v, _ in end) for _, *ends in taps]
        need(len(set(at)) == len(at), f"two taps of {name} have one place", 1)
        return dict(zip(at, [self.number(weight) for weight, *_ in taps], strict=True))

    def are_conjugate(self, x: dict[Any, Any], y: dict[Any, Any]) -> bool:
        """x + y rational and (x − y)² ≤ 0 rational: then x = r + √−s and y = r − √−s, whatever root t is."""
        both, apart = self.add([*x.items(), *y.items()]), self.add([*x.items(), *minus(y)])
        square = self.times(apart, apart)
        return is_rational(both) and is_rational(square) and square.get((0,), 0) <= 0

    def choose(self, w: dict[str, Any]) -> None:
        """Take over the values of a witness, each of which fits what its name or symbol stands for."""
        self.values = {s: self.number(v) for s, v in w["symbols"].items()}
        for s in self.symbols:
            other = self.values.setdefault("~" + s, self.values[s])
            need(self.are_conjugate(self.values[s], other), f"~{s} is not the conjugate of {s} at the witness", 1)
            need(self.symbols[s] == "complex" or is_rational(self.values[s]), f"{s} is not real at the witness", 1)
            need(s not in self.counted or self.fits(s, w["symbols"][s]), "a symbol is out of its range", 1)
        for s, kind in self.names.items():
            taps = self.kernel(s, w["names"][s])
            turned = self.kernel("~" + s, w["names"].get("~" + s, w["names"][s]))
            need("real" not in kind or all(map(is_rational, taps.values())), f"{s} is not real at the witness", 1)
            for n in taps.keys() | turned.keys():
                conjugate = self.are_conjugate(taps.get(n, {}), turned.get(n, {}))
                need(conjugate, f"~{s} is not the conjugate of {s} at the witness", 1)
                mirrored = taps.get(tuple([-i for i in n]), {}) == taps.get(n, {})
                need("even" not in kind or mirrored, f"{s} is not even at the witness", 1)
            for name, found in ((s, taps), ("~" + s, turned)):
                self.formal[name] = [(e, c, *self.ends(kind, at)) for at, v in found.items() for (e,), c in v.items()]

    def ends(self, kind: str, at: tuple[int, ...]) -> list[Any]:
        """Source and target of a tap."""
        if kind != "operator":
            return [self.plain, [(0, 1), *[(i, 1) for i in at[: self.data["ndim"]]]]]
        row, column = at[: self.data["ndim"]], at[self.data["ndim"] :]
        return [[(0, 1), *[(i, 0) for i in end]] for end in (column, row)]

    def refutation(self, w: dict[str, Any]) -> str:
        """Both sides take the values of the witness, whose difference has an inverse."""
        into, index = (0, *w["input"]), tuple(w["index"])
        need(max(into[1], index[0]) < self.channels, "the witness names a channel that the sides have not", 1)
        need(not (self.data["signals"] and any(into)), "signals have no input", 1)
        self.choose(w)
        need(self.holds(), "the witness breaks a hypothesis", 1)
        self.measure()
        self.memo = dict(self.letters)
        for pair in [pair for pairs in self.equations for pair in pairs]:
            need(self.agree(pair, WORK // 4, False, fixed=True), "the witness breaks a hypothesis", 1)
            need(not self.sampled, "limit: a hypothesis has too many residue classes")
        found = [self.act(self.data[side], {into: 1}) for side in ("lhs", "rhs")]
        sides = [self.add(((n[0],), v) for n, v in y.items() if n[1:] == index) for y in found]
        need(sides == [self.number(v) for v in w["values"]], "the witness gives other values", 1)
        apart = self.add([*sides[0].items(), *minus(sides[1])])
        need(self.times(apart, self.number(w["inverse"])) == {(0,): 1}, "the sides agree at the witness", 1)
        return "the refutation holds"

    def conclusion(self) -> str:
        found = self.proof() if self.data["verdict"] == "proved" else self.refutation(self.data["witness"])
        mark = ""
        for i, part in enumerate([self.data, *self.data["lines"]]):
            mark = seal(mark, part)
            need(mark == part["seal"], f"{f'line {i}' if i else 'the statement'} was changed after it was sealed", 1)
        return found


def seal(previous: str, part: dict[str, Any]) -> str:
    """SHA-256 of what was sealed before and of this part."""
    sealed = {key: value for key, value in part.items() if key not in ("lines", "seal")}
    return hashlib.sha256((previous + json.dumps(sealed, sort_keys=True)).encode()).hexdigest()


def load(raw: bytes | str) -> tuple[dict[str, Any], str]:
    """What a file holds, and the conclusion; :class:`Rejected` where it is no certificate or does not hold."""
    data = read(raw)
    Form(data)
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(max(before, 4 * DEPTH + 1_000))
        return data, Checker(data).conclusion()
    finally:
        sys.setrecursionlimit(before)


def check(raw: bytes | str) -> str:
    """The conclusion: "checked", "confirmed …" or "the refutation holds"; :class:`Rejected` for all other files."""
    return load(raw)[1]


def main(argv: list[str]) -> int:
    """Exit status: 0 it holds, 2 confirmed for instances only, 1 it does not hold, 64 it cannot be checked."""
    try:
        need(len(argv) == 1, "usage: checker.py proof.json")
        with open(argv[0], "rb") as file:
            conclusion = check(file.read(MAX_BYTES + 1))
    except (Rejected, OSError) as error:
        print(f"rejected: {error}", file=sys.stderr)
        return getattr(error, "status", 64)
    print(conclusion)
    return 2 if conclusion.startswith("confirmed") else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
