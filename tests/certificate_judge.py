"""What a certificate states, decided by brute force: rows applied to impulses, with kernels of a few taps.

It shares no code with the checker, the reader or the prover.  Numbers are residues modulo a prime in which t has a
root, or fractions where all are rational.  A statement that it finds false is false; one that it does not find false
has held for the kernels, the inputs and the values that were tried.
"""

from __future__ import annotations

import random
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import gcd
from typing import Any

Place = tuple[int, ...]  # the channel, then an index per axis
Vector = dict[Place, Any]
TOO_MANY = 4_000  # samples of one signal, or moves of one row, beyond which nothing is said
REACH = 10**6  # places beyond which nothing is said


class TooLarge(Exception):
    """Nothing is said about this certificate."""


@lru_cache(maxsize=512)
def modulus(minimal: tuple[int, ...], start: int) -> tuple[int, int]:
    """A prime and a root of the polynomial in its residues."""
    from sympy import nextprime
    from sympy.polys.domains import ZZ
    from sympy.polys.galoistools import gf_factor

    p = start
    for _ in range(400):
        p = int(nextprime(p))
        _, found = gf_factor([ZZ(c % p) for c in reversed(minimal)], p, ZZ)
        for factor, _ in found:
            if len(factor) == 2:
                return p, int(-factor[1] % p)
    raise TooLarge


class Rows:
    """The rows of a certificate at values of its symbols and kernels; with p = 0 numbers are fractions."""

    def __init__(self, data: Any, symbols: dict[str, Any], kernels: dict[str, Vector], p: int = 0, t: int = 0) -> None:
        self.data, self.symbols, self.kernels, self.p, self.t = data, symbols, kernels, p, t
        self.letters: dict[int, list[Any]] = {}

    def number(self, v: Any) -> Any:
        if isinstance(v, int):
            return v % self.p if self.p else Fraction(v)
        total: Any = 0
        for numerator, denominator, n, powers in v:
            term = self.ratio(numerator, denominator) * (self.t**n if n else 1)
            for name, exponent in powers.items():
                term = term * self.power(self.symbols[name], exponent)
            total += term
        return total % self.p if self.p else Fraction(total)

    def ratio(self, a: int, b: int) -> Any:
        if not self.p:
            return Fraction(a, b)
        if b % self.p == 0:
            raise TooLarge
        return a * pow(b, -1, self.p)

    def power(self, base: Any, exponent: int) -> Any:
        if not self.p:
            if not base and exponent < 0:
                raise TooLarge
            return Fraction(base) ** exponent
        if exponent < 0 and base % self.p == 0:
            raise TooLarge
        return pow(base, exponent, self.p)

    def step(self, v: Any) -> int:
        """An int, exactly: powers of ints times rationals."""
        if isinstance(v, int):
            return v
        total = Fraction(0)
        for a, b, _, powers in v:
            term = Fraction(a, b)
            for name, exponent in powers.items():
                if not self.symbols[name] and exponent < 0:
                    raise TooLarge
                term *= Fraction(self.symbols[name]) ** exponent
            total += term
        if total.denominator != 1:
            raise TooLarge
        return int(total)

    def letter(self, i: int) -> list[Any]:
        """(weight, channels, [(r, P, s, Q, size) per axis]) of every move."""
        if i not in self.letters:
            made = []
            for weight, source, target, *route in self.data["nodes"][i][1]:
                axes = [(self.step(r), self.step(p), self.step(s), self.step(q), self.step(k[0]) if k else 1)
                        for (r, p), (s, q, *k) in zip(source, target, strict=True)]  # fmt: skip
                made.append((self.number(weight), route, axes))
            self.letters[i] = made
        return self.letters[i]

    def apply(self, i: int, x: Vector, turned: bool = False) -> Vector:
        """Row i, or its transpose, on x."""
        kind, a = self.data["nodes"][i]
        if kind == "transpose":
            return self.apply(a, x, not turned)
        if kind == "compose":
            for j in a if turned else reversed(a):
                x = self.apply(j, x, turned)
            return x
        found: list[tuple[Place, Any]] = []
        if kind == "sum":
            for j in a:
                found += self.apply(j, x, turned).items()
        elif kind == "conv":
            response = self.apply(a, {(0,) * (1 + self.data["ndim"]): 1})
            found = list(convolved({n[1:]: v for n, v in response.items()}, x, turned))
        elif kind == "formal" and self.data["names"][a.lstrip("~")] != "operator":
            found = list(convolved(self.kernels[a], x, turned))
        elif kind == "formal":
            for entry, v in self.kernels[a].items():
                half = len(entry) // 2
                row, column = entry[:half], entry[half:]
                to, start = (column, row) if turned else (row, column)
                found += [((c, *to), v * w) for (c, *n), w in x.items() if tuple(n) == start]
        else:
            for place, w in x.items():
                for move in self.letter(i):
                    found += self.moved(move, place, w, turned)
        return self.total(found)

    def total(self, found: list[tuple[Place, Any]]) -> Vector:
        y: Vector = {}
        for n, v in found:
            y[n] = (y.get(n, 0) + v) % self.p if self.p else y.get(n, 0) + v
        if len(y) > TOO_MANY or any(abs(v) > REACH for n in y for v in n):
            raise TooLarge
        return {n: v for n, v in y.items() if v}

    def moved(self, move: Any, place: Place, w: Any, turned: bool) -> list[tuple[Place, Any]]:
        weight, route, axes = move
        channel = place[0]
        if not weight:
            return []
        if route:
            start, to = route[::-1] if turned else route
            if channel != start:
                return []
            channel = to
        options = []
        for n, (r, p, s, q, size) in zip(place[1:], axes, strict=True):
            if size > TOO_MANY:
                raise TooLarge
            one = []
            for k in range(size):  # copy k goes to s + k + Q j
                (a, b), (c, d) = ((s + k, q), (r, p)) if turned else ((r, p), (s + k, q))
                if (n - a) % b == 0:
                    one.append(c + d * ((n - a) // b))
            options.append(one)
        return [((channel, *to), weight * w) for to in product(*options)]


def convolved(taps: dict[Place, Any], x: Vector, turned: bool) -> Any:
    for (c, *n), w in x.items():
        for d, v in taps.items():
            yield (c, *[a - b if turned else a + b for a, b in zip(n, d, strict=True)]), v * w


# -- values ---------------------------------------------------------------------------------------------


def suits(kind: str, v: int) -> bool:
    """Whether an int is what a kind of symbol says."""
    from sympy import isprime

    said = {
        "integer": True, "positive": v > 0, "negative": v < 0, "nonzero": v != 0, "nonnegative": v >= 0,
        "nonpositive": v <= 0, "even": not v & 1, "odd": bool(v & 1), "prime": bool(isprime(v)),
        "composite": v > 3 and not isprime(v),
    }  # fmt: skip
    return all(said[word] for word in kind.split())


def meets(data: Any, symbols: dict[str, Any]) -> bool:
    """Whether the hypotheses about factors hold."""
    rows = Rows(data, symbols, {})
    for kind, a, b in data["given"]:
        if kind == "equations":
            continue
        x, y = rows.step(a), rows.step(b)
        multiple = y == 0 if x == 0 else y // x * x == y
        if not {"coprime": gcd(x, y) == 1, "equal": x == y, "divides": multiple, "not divides": not multiple}[kind]:
            return False
    return True


def is_counted(kind: str) -> bool:
    return kind not in ("real", "complex")


def choices(data: Any, top: int, rng: random.Random) -> list[dict[str, int]]:
    """A few values of the symbols for ints that fit, up to a bound."""
    counted = {s: [v for v in range(-top, top + 1) if suits(kind, v)] for s, kind in data["symbols"].items()
               if is_counted(kind)}  # fmt: skip
    tries = [{s: rng.choice(v) for s, v in counted.items()} for _ in range(60)] if all(counted.values()) else []
    return [case for case in tries if meets(data, case)][:5]


def drawn(data: Any, rng: random.Random, p: int, reach: int) -> dict[str, Vector]:
    """Random kernels of a few taps, of their kinds."""
    n, found = data["ndim"], dict[str, Vector]()
    for name, kind in data["names"].items():
        for key in (name, "~" + name):
            box = list(product(range(-reach, reach + 1), repeat=2 * n if kind == "operator" else n))
            taps = {at: rng.randrange(1, p) for at in rng.sample(box, min(len(box), 6))}
            for at, v in list(taps.items()) if "even" in kind else []:
                taps[at] = taps[tuple(-i for i in at)] = v
            found[key] = taps
        if "real" in kind:
            found["~" + name] = found[name]
    return found


def pool(data: Any, rng: random.Random, p: int) -> list[dict[str, Vector]]:
    """Kernels that may satisfy equations: delays, rotations, Nyquist filters."""

    def over(a: int, b: int) -> int:
        return a * pow(b, -1, p) % p

    c, s = over(3, 5), over(4, 5)
    seeds = [[{(0,): 1}, {(-1,): 1}], [{(0,): c, (1,): s}, {(0,): -s % p, (1,): c}], [{(0,): 1}, {(1,): 1}],
             [{(0,): c, (1,): s}, {(0,): s, (1,): -c % p}],
             [{(0,): 1, **{(i,): rng.randrange(p) for i in (-5, -1, 1, 5, 7)}}] * 2]  # fmt: skip
    names = [name for name, kind in data["names"].items() if kind != "operator"]
    found = []
    for seed in seeds:
        for turn in (False, True):
            made = drawn(data, rng, p, 1)
            for name, taps in zip(names, (seed[::-1] if turn else seed) * len(names), strict=False):
                made[name] = made["~" + name] = taps
            found.append(made)
    return found


# -- what is stated -------------------------------------------------------------------------------------


def fault(data: Any, conclusion: str, rng: random.Random) -> str:
    """How what a certificate states is false; empty where that is not seen."""
    if data["verdict"] == "refuted":
        return refutation_fault(data, rng)
    p, t = modulus(tuple(data["minimal"]), 2**31 + rng.randrange(10**4))
    counted = [s for s, kind in data["symbols"].items() if is_counted(kind)]
    top = int(conclusion.split(" up to ")[1].split()[0]) if counted else 0
    for case in choices(data, top, rng) if counted else [{}]:
        others = {key: rng.randrange(1, p) for s, kind in data["symbols"].items() if not is_counted(kind)
                  for key in (s, "~" + s)}  # fmt: skip
        kernels = drawn(data, rng, p, 3)
        bound = any(kind == "equations" for kind, *_ in data["given"])
        for made in pool(data, rng, p) if bound else [kernels]:
            rows = Rows(data, case | others, made, p, t)
            if bound and not equations_hold(rows):
                continue
            if differ(rows, data["lhs"], data["rhs"], data["signals"], 12):
                return f"the sides differ at {case}"
    return ""


def channels_of(data: Any) -> int:
    used = [c for kind, a in data["nodes"] if kind == "moves" for entry in a for c in entry[3:]]
    return 1 + max(used, default=0)


def differ(rows: Rows, a: int, b: int, signals: bool, width: int) -> bool:
    """Whether two rows differ on an impulse near 0; signals are what rows make of the one at 0."""
    n = rows.data["ndim"]
    reach = width if n == 1 else 3 if n == 2 else 1
    places = [(0,) * n] if signals else list(product(range(-reach, reach + 1), repeat=n))
    if len(places) * channels_of(rows.data) > TOO_MANY:
        raise TooLarge
    return any(rows.apply(a, {(c, *at): 1}) != rows.apply(b, {(c, *at): 1})
               for at in places for c in range(channels_of(rows.data)))  # fmt: skip


def equations_hold(rows: Rows) -> bool:
    return not any(differ(rows, a, b, False, 6) for kind, left, right in rows.data["given"] if kind == "equations"
                   for a, b in zip(left, right, strict=True))  # fmt: skip


def places_of(taps: Any) -> list[tuple[Place, Any]]:
    """(place, number) of taps, (row and column, number) of the entries of an operator."""
    return [(tuple(s for s, q in target) + tuple(r for r, p in source if p == 0), v) for v, source, target in taps]


def near(data: Any, v: Any) -> complex:
    """A number of the format without symbols, as a complex one."""
    re, im = (part if isinstance(part, int) else part[0] / part[1] for part in data["root"])
    t = complex(re, im)
    return complex(v) if isinstance(v, int) else sum(a / b * t**n for a, b, n, _ in v)


def refutation_fault(data: Any, rng: random.Random) -> str:
    w, names, symbols = data["witness"], data["names"], data["symbols"]
    p, t = modulus(tuple(data["minimal"]), 2**31 + rng.randrange(10**4))
    plain = Rows(data, {}, {}, p, t)
    for s, kind in symbols.items():
        v, other = w["symbols"][s], w["symbols"].get("~" + s, w["symbols"][s])
        if abs(near(data, v).conjugate() - near(data, other)) > 1e-6 * (1 + abs(near(data, v))):
            return f"~{s} is not the conjugate of {s}"
        if is_counted(kind) and not (isinstance(v, int) and suits(kind, v)):
            return f"{s} is no {kind}"
        if kind == "real" and abs(near(data, v).imag) > 1e-9:
            return f"{s} is not real"
    counted = {s: w["symbols"][s] for s, kind in symbols.items() if is_counted(kind)}
    if not meets(data, counted):
        return "a hypothesis about factors does not hold"
    values = {s: v if s in counted else plain.number(v) for s, v in w["symbols"].items()}
    values |= {"~" + s: values[s] for s in symbols if "~" + s not in values}
    kernels = {}
    for name, kind in names.items():
        for key in (name, "~" + name):
            kernels[key] = {at: plain.number(v) for at, v in places_of(w["names"].get(key, w["names"][name]))}
        taps, turned = ({at: near(data, v) for at, v in places_of(w["names"].get(key, w["names"][name]))}
                        for key in (name, "~" + name))  # fmt: skip
        for at in taps.keys() | turned.keys():
            if abs(taps.get(at, 0).conjugate() - turned.get(at, 0)) > 1e-6 * (1 + abs(taps.get(at, 0))):
                return f"~{name} is not the conjugate of {name}"
            if "real" in kind and abs(taps.get(at, 0).imag) > 1e-9:
                return f"{name} is not real"
            if "even" in kind and abs(taps.get(at, 0) - taps.get(tuple(-i for i in at), 0)) > 1e-9:
                return f"{name} is not even"
    rows = Rows(data, values, kernels, p, t)
    if not equations_hold(rows):
        return "an equation of the hypotheses does not hold"
    if data["signals"] and any(w["input"]):
        return "signals have no input"
    if max(w["input"][0], w["index"][0]) >= channels_of(data):
        return "there is no such channel"
    found = [rows.apply(data[side], {tuple(w["input"]): 1}).get(tuple(w["index"]), 0) for side in ("lhs", "rhs")]
    if found[0] == found[1]:
        return "both sides have one value"
    if found != [rows.number(v) for v in w["values"]]:
        return "the sides have other values than the witness tells"
    return ""
