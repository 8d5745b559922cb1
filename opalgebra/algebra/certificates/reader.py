"""Proofs read from files: checked by :mod:`.checker`, and then decided once more."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import gcd, prod
from pathlib import Path
from typing import Any

from ...errors import CertificateError, OpAlgebraError
from ...expr import Block, Conv, Down, Flip, Modulate, Shift, Up, substitute, walk
from ...expr.factors import factors, integers, ratio
from ...expr.operators import PLAIN, Compose, FormalOperator, Identity, Scale, Sum, add, common_channels, compose
from ...expr.signals import Box, FormalSignal, Signal, add_signals
from ...scalar import conjugate, exact, to_sympy
from ..decide.decision import dimension
from ..decide.examples import at
from ..decide.proof import Proof, Step
from ..decide.prove import prove, proved_about
from ..decide.scope import Scope
from ..equations import (
    Relation,
    equation,
    even_symmetric,
    kernels_of,
    nyquist,
    orthonormal,
    paraunitary,
    symbols_of_taps,
)
from ..facts import Hypothesis
from ..judge.evaluate import Evaluator, differs
from ..judge.witness import Witness, answers, to_signal
from . import checker
from .writer import ABOUT_FACTORS

MAX_WINDOW = 10**6  # samples of a kernel, zeros between its taps included
MAX_DEGREE, MAX_COEFFICIENT = 24, 2**200  # of minimal polynomials, whose roots SymPy finds without a limit of time


def load_proof(path: str | Path) -> Proof:
    """The proof in a file that ``p.save(path)`` has written.

    The file is checked, the statement is decided again, and the lines of the derivation are checked again: what is
    returned is as sound as what :func:`~opalgebra.prove` returns.  Kernels come back exact, and named compositions
    written out.

    Raises
    ------
    CertificateError
        Where the file is no certificate, or what it claims does not hold.
    OSError
        Where the file cannot be read.

    Examples
    --------
    >>> import opalgebra as oa, tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "noble.json")
    ...     oa.laws["down-up"].prove().save(path)
    ...     print(oa.load_proof(path))
    ↓ₖ ↑ₖ
      = I    [down-up]
    proved
    """
    with open(path, "rb") as file:
        raw = file.read(checker.MAX_BYTES + 1)
    try:
        data, _ = checker.load(raw)
        return _proof(data)
    except checker.Rejected as why:
        raise CertificateError(f"{path} is rejected: {why}; save the proof again with p.save(path)") from None
    except OpAlgebraError as why:
        raise CertificateError(f"{path} is rejected: {why}") from why


def _proof(data: dict[str, Any]) -> Proof:
    reader = _Reader(data)
    lines = data["lines"]
    refs = [line["expression"] for line in lines] or [data["lhs"], data["rhs"]]
    sides = reader.sides(refs)
    lhs, rhs = sides[0], sides[-1]
    given = tuple(reader.hypotheses())
    scope = Scope((lhs, rhs))
    proof = proved_about(scope, lhs, rhs, given)
    if proof.verdict != data["verdict"]:
        raise CertificateError(f"the file says {data['verdict']}, and {lhs} = {rhs} is {proof.verdict}")
    if proof:
        if not all(proved_about(scope, a, b, given) for a, b in pairwise(sides)):
            raise CertificateError("a line of the derivation could not be proved to follow from the one before it")
        steps = [Step(side, line["law"], line["condition"]) for side, line in zip(sides, lines, strict=True)]
        proof.__dict__["steps"] = steps
        return proof
    return Proof(lhs, rhs, given, "refuted", "", reader.witness(lhs, rhs, data["witness"]))


class _Reader:
    """The expressions in the rows of a certificate that has passed its check."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data, self.rows, self.names, self.ndim = data, data["nodes"], data["names"], data["ndim"]
        self.symbols = {name: _symbol(name, kind) for name, kind in data["symbols"].items()}
        self.t = self._root()
        self.plain = [[0, 1]] * self.ndim
        self.made: dict[int, Any] = {}
        equations = [i for kind, *sides in data["given"] if kind == "equations" for side in sides for i in side]
        wanted = {data["lhs"], data["rhs"], *equations, *(line["expression"] for line in data["lines"])}
        for i in reversed(range(len(self.rows))):
            if i in wanted:
                kind, a = self.rows[i]
                wanted.update({"compose": a, "sum": a, "transpose": [a], "conv": [a]}.get(kind, []))
        for i in sorted(wanted):
            self.made[i] = self._built(*self.rows[i])

    def _root(self) -> Any:
        """t as a root of unity, or SymPy's root of its minimal polynomial: the one nearest to the value given."""
        import sympy

        from ..numbers.cyclotomic import cyclotomic_order

        if self.data["minimal"] == [0, 1]:
            return 0
        if len(self.data["minimal"]) > MAX_DEGREE + 1 or max(map(abs, self.data["minimal"])) > MAX_COEFFICIENT:
            raise CertificateError(f"a field of a degree above {MAX_DEGREE}, or with large coefficients, is not read")
        polynomial = sympy.Poly(self.data["minimal"][::-1], sympy.Symbol("t"))
        if not polynomial.is_irreducible:
            raise CertificateError("the minimal polynomial of the file is a product")
        near = complex(*(float(part if isinstance(part, int) else Fraction(*part)) for part in self.data["root"]))
        if (n := cyclotomic_order(tuple(self.data["minimal"]))) is not None:
            roots = [sympy.exp(2 * sympy.pi * sympy.I * sympy.Rational(k, n)) for k in range(n) if gcd(k, n) == 1]
        elif polynomial.degree() < 5:
            roots = [sympy.rootof(polynomial, i, radicals=True) for i in range(polynomial.degree())]
        else:
            roots = _zeros_near(polynomial, near)
        return min(roots, key=lambda root: abs(complex(root.evalf(30)) - near))

    def number(self, value: Any) -> Any:
        """A number of the format, exactly."""
        import sympy

        if isinstance(value, int):
            return value
        total: Any = sympy.Integer(0)
        for p, q, n, powers in value:
            term = to_sympy(Fraction(p, q)) * self.t**n
            for name, exponent in powers.items():
                symbol = self.symbols[name.lstrip("~")]
                term *= (conjugate(symbol) if name.startswith("~") else symbol) ** exponent
            total += term
        return exact(sympy.expand(total))

    def _axes(self, values: Any) -> Any:
        return tuple(self.number(v) for v in values) if self.ndim > 1 else self.number(values[0])

    def _samples(self, listed: Any) -> Any:
        found: dict[tuple[int, ...], Any] = {}
        if not all(isinstance(v, int) for place, _ in listed for v in place):
            raise CertificateError("taps at places that are symbols make no letter")
        for place, value in listed:
            found[tuple(place)] = found.get(tuple(place), 0) + self.number(value)
        spans = [max(n) - min(n) + 1 for n in zip(*found, strict=True)]
        if prod(spans) > MAX_WINDOW:
            raise CertificateError(f"a kernel spans {prod(spans)} samples, more than {MAX_WINDOW}")
        return to_signal(found, self.ndim)

    def _route(self, i: int) -> list[tuple[int, int]] | None:
        """The channels that a row moves samples between, (from, to), where it does nothing else."""
        kind, a = self.rows[i]
        if kind != "moves" or not a or not all(e[:3] == [1, self.plain, self.plain] and len(e) == 5 for e in a):
            return None
        return [(start, to) for *_, start, to in a]

    def sides(self, refs: list[int]) -> list[Any]:
        """The operators or the signals that lines speak of; of blocks, on the channels that they take."""
        if self.data["signals"]:
            return [self._kernel(self._plain(i)) for i in refs]
        if not any(len(entry) == 5 for kind, a in self.rows if kind == "moves" for entry in a):
            return [self._plain(i) for i in refs]
        only = {tuple(self._route(a[1]) or ()) for kind, a in map(self.rows.__getitem__, refs)
                if kind == "compose" and len(a) == 2}  # fmt: skip
        sides = [self._plain(a[0]) for kind, a in map(self.rows.__getitem__, refs) if kind == "compose" and len(a) == 2]
        inputs = (common_channels(*sides) or PLAIN)[1] if len(sides) == len(refs) else 0
        if only != {tuple((c, c) for c in range(inputs))}:
            raise CertificateError("the sides are no blocks on the channels that they take")
        return sides

    def _plain(self, i: int) -> Any:
        """What was made of a row that stands by itself."""
        if self.made[i] is None:
            raise CertificateError(f"row {i} moves samples between channels, and is no part of a block")
        return self.made[i]

    def _built(self, kind: str, a: Any) -> Any:
        match kind:
            case "moves":
                return None if any(len(entry) == 5 for entry in a) else self._letter(a)
            case "formal":
                return self._formal(a)
            case "conv":
                return Conv(self._kernel(self._plain(a)))
            case "transpose":
                return self._plain(a).T
            case "sum":
                return self._sum(a)
        if any(self.made[i] is None for i in a):
            return None  # an entry of a block
        match [self.made[i] for i in a]:
            case [Scale(scalar=number, operator=Identity()), first, *rest]:
                return Scale(number, compose((first, *rest)))
            case factors:
                return compose(tuple(factors))

    def _formal(self, written: str) -> Any:
        conjugated, plain = written.startswith("~"), written.lstrip("~")
        if self.names[plain] == "operator":
            return FormalOperator(plain).conj() if conjugated else FormalOperator(plain)
        signal = self._signal(plain)
        return Conv(signal.conj() if conjugated else signal)

    def _signal(self, name: str) -> FormalSignal:
        return FormalSignal(name, None, "real" in self.names[name])

    def _letter(self, entries: list[Any]) -> Any:
        """The letter of the algebra that makes these moves, and no others."""
        if any(len(pair) > 2 for _, _, target in entries for pair in target):
            return self._box(entries)
        if all(source == self.plain and all(q == 1 for _, q in target) for _, source, target in entries):
            taps = [([s for s, _ in target], weight) for weight, _, target in entries]
            return self._moved(taps[0][0]) if len(taps) == 1 and taps[0][1] == 1 else self._convolved(taps)
        if all(source == target for _, source, target in entries):
            return self._modulation(entries)
        weight, source, target = entries[0]
        if len(entries) == 1 and weight == 1 and not any(r for r, _ in (*source, *target)):
            if source == self.plain and target == [[0, -1]] * self.ndim:
                return Flip() if self.ndim == 1 else Flip() @ Shift((0,) * self.ndim)
            if self.plain in (source, target):
                return (Up if source == self.plain else Down)(
                    self._axes([q for _, q in (target if source == self.plain else source)])
                )
        raise CertificateError(f"no letter makes the moves {str(entries)[:80]}")

    def _box(self, entries: list[Any]) -> Any:
        pairs = entries[0][2]
        if (
            len(entries) > 1
            or entries[0][:2] != [1, self.plain]
            or not all(p[1:2] == [1] and len(p) == 3 for p in pairs)
        ):
            raise CertificateError(f"no letter makes the moves {str(entries)[:80]}")
        box = Conv(Box(self._axes([pair[2] for pair in pairs])))
        place = [pair[0] for pair in pairs]
        return self._moved(place) @ box if any(place) else box

    def _moved(self, place: list[Any]) -> Any:
        return Shift(self._axes(place)) if any(place) or self.ndim > 1 else Identity()

    def _convolved(self, taps: list[Any]) -> Any:
        if len(taps) == 1 and not any(taps[0][0]):
            return Scale(self.number(taps[0][1]), Identity())
        return Conv(self._samples(taps))

    def _modulation(self, entries: list[Any]) -> Any:
        periods = [[p for _, p in source] for _, source, _ in entries]
        period = periods[0]
        if not all(p == period for p in periods) or not all(isinstance(p, int) and p > 0 for p in period):
            raise CertificateError("a sequence has several periods, or one that is no positive int")
        places = [[r for r, _ in source] for _, source, _ in entries]
        if not all(isinstance(r, int) for place in places for r in place):
            raise CertificateError("a sequence has values at places that are symbols")
        taps = [(tuple(r % p for r, p in zip(place, period, strict=True)), weight)
                for place, (weight, *_) in zip(places, entries, strict=True)]  # fmt: skip
        corners = [((0,) * self.ndim, 0), (tuple(p - 1 for p in period), 0)]
        return Modulate(self._samples([*taps, *corners]))

    def _kernel(self, operator: Any) -> Any:
        """The signal with which an operator convolves."""
        match operator:
            case Conv():
                return operator.kernel
            case Compose(factors=(*first, last)):
                return compose(tuple(first)) @ self._kernel(last)
            case Sum(terms=terms):
                return add_signals(tuple(self._kernel(term) for term in terms))
            case Scale(scalar=number, operator=inner):
                return number * self._kernel(inner)
        return operator @ to_signal({(0,) * self.ndim: 1}, self.ndim)

    def _sum(self, refs: list[int]) -> Any:
        if any(self.made[i] is None for i in refs):
            return self._block([self.rows[i] for i in refs])
        return add(tuple(self.made[i] for i in refs))

    def _block(self, rows: list[list[Any]]) -> Any:
        """The grid of entries that stand between the channels of a column and those of a row, all of them once."""
        grid: dict[tuple[int, int], Any] = {}
        heights, widths = dict[int, int](), dict[int, int]()  # by the first channel
        for kind, a in rows:
            to, start = (self._route(a[0]), self._route(a[2])) if kind == "compose" and len(a) == 3 else (None, None)
            if to is None or start is None:
                raise CertificateError("a sum with channels is no block")
            row, column = to[0][1], start[0][0]
            if to != [(j, row + j) for j in range(len(to))] or start != [(column + j, j) for j in range(len(start))]:
                raise CertificateError("the channels of a block are in no order")
            sizes = heights.setdefault(row, len(to)), widths.setdefault(column, len(start))
            if (row, column) in grid or sizes != (len(to), len(start)):
                raise CertificateError("an entry of a block stands twice, or on other channels than those beside it")
            grid[row, column] = self._plain(a[1])
        lines = [[grid.get((row, column)) for column in sorted(widths)] for row in sorted(heights)]
        block = None if any(entry is None for line in lines for entry in line) else Block(lines)
        if block is None or any(
            size != {sum(made[:n]): length for n, length in enumerate(made)}
            for size, made in ((heights, block.heights), (widths, block.widths))
        ):
            raise CertificateError("the entries of a block do not fill its channels")
        return block

    def hypotheses(self) -> list[Hypothesis]:
        """What was given."""
        kinds = {name: kind for kind, name in ABOUT_FACTORS.items()}
        found: list[Hypothesis] = []
        for kind, a, b in self.data["given"]:
            if kind == "equations":
                found.append(self._relation([(self._plain(i), self._plain(j)) for i, j in zip(a, b, strict=True)]))
            else:
                found.append(kinds[kind](self.number(a), self.number(b)))
        even = [name for name, kind in self.names.items() if "even" in kind]
        return [*found, *(even_symmetric(self._signal(name)) for name in even)]

    def _relation(self, pairs: list[tuple[Any, Any]]) -> Hypothesis:
        """The relation with these equations: one with a name where that says the same, otherwise these as they are."""
        nodes = [node for pair in pairs for side in pair for node in walk(side)]
        kernels = dict.fromkeys(
            n for n in nodes if isinstance(n, FormalSignal) or (isinstance(n, Signal) and symbols_of_taps(n))
        )
        factors = dict.fromkeys(node.factor for node in nodes if isinstance(node, Down))
        for k in factors:
            for made in _candidates(list(kernels), k):
                if _same(made.pairs, pairs):
                    return made
        if len(pairs) == 1:
            left, right = pairs[0]
            both = isinstance(left, Conv) and isinstance(right, Conv)
            return equation(*((left.kernel, right.kernel) if both else (left, right)))
        words = ", ".join(f"{a} = {b}" for a, b in pairs)
        return Relation(words, kernels_of(side for pair in pairs for side in pair), tuple(pairs))

    def witness(self, lhs: Any, rhs: Any, written: dict[str, Any]) -> Any:
        """The witness of the file, evaluated again."""
        names = {s: self._taps(s, moves) for s, moves in written["names"].items() if s[0] != "~"}
        symbols = {s: self.number(v) for s, v in written["symbols"].items() if s[0] != "~"}
        counted = {self.symbols[s]: v for s, v in symbols.items() if self.data["symbols"][s] not in ("real", "complex")}
        left, right = (substitute(side, counted) if counted else side for side in (lhs, rhs))
        bound = any(kind == "equations" for kind, *_ in self.data["given"])
        chosen = {self.symbols[s]: to_sympy(v) for s, v in symbols.items()}
        if bound:  # hypotheses about taps hold at these values of theirs
            left, right = (at(side, chosen) for side in (left, right))
        (out, *index), (into, *place) = written["index"], written["input"]
        plain = self.data["signals"] or common_channels(left, right) in (None, PLAIN)
        channels = None if plain else (out, into)
        place = None if self.data["signals"] else tuple(place)
        found = answers(left, right, place, Evaluator(dimension(left, right), names), channels)
        values = [_at(self.number(v), chosen) for v in written["values"]]
        left, right = shown = [side.get(tuple(index), 0) for side in found]
        if any(differs(_at(a, chosen), b) for a, b in zip(shown, values, strict=True)) or not differs(*shown):
            raise CertificateError("the sides have other values at the witness of the file")
        signals = {s: to_signal(taps, self.ndim) if self.names[s] != "operator" else taps for s, taps in names.items()}
        return Witness(
            None if place is None else to_signal({place: 1}, self.ndim), signals,
            symbols if bound else {symbol.name: value for symbol, value in counted.items()},
            index[0] if self.ndim == 1 else tuple(index), left, right, names, channels,
        )  # fmt: skip

    def _taps(self, name: str, moves: list[Any]) -> dict[tuple[int, ...], Any]:
        """The samples of a kernel, or the entries of an operator, each (row, column)."""
        operator = self.names[name] == "operator"
        return {
            (*[s for s, _ in target], *([s for s, _ in source] if operator else [])): self.number(weight)
            for weight, source, target in moves
        }


def _zeros_near(polynomial: Any, near: complex) -> list[Any]:
    """The zeros whose boxes a value lies in or next to; of a real value the real ones, which take less time to find."""
    import sympy

    degree, reals = polynomial.degree(), polynomial.count_roots()
    listed = range(reals) if near.imag == 0 and reals else range(degree)
    found = {}
    for zero in (sympy.rootof(polynomial, i, radicals=False) for i in listed):
        scale, plain = zero.as_coeff_Mul()  # SymPy takes a factor out of the zeros of some polynomials
        box = plain._get_interval()
        ends = (box.a, box.b, 0, 0) if zero.is_real else (box.ax, box.bx, box.ay, box.by)
        left, right, low, high = (float(scale) * float(end) for end in ends)  # the factor is positive
        found[zero] = max(left - near.real, near.real - right, low - near.imag, near.imag - high, 0.0)
    return [zero for zero, distance in found.items() if distance <= min(found.values()) + 1e-9]


def _at(value: Any, chosen: dict[Any, Any]) -> Any:
    """A number at values of its symbols."""
    return exact(to_sympy(value).subs(chosen).expand())


def _same(some: Any, others: Any) -> bool:
    """Whether equations have equal sides, pair by pair."""
    return len(some) == len(others) and all(
        prove(a, b).verdict == "proved" for left, right in zip(some, others, strict=True)
        for a, b in zip(left, right, strict=True)
    )  # fmt: skip


def _candidates(kernels: list[Any], k: Any) -> Iterator[Relation]:
    for q in kernels:
        for kind in (nyquist, orthonormal):
            yield kind(q, k)
    if len(kernels) == ratio(k):
        yield paraunitary(kernels, k)


def _symbol(name: str, kind: str) -> Any:
    import sympy

    if kind in ("positive", "integer"):
        return factors(name) if kind == "positive" else integers(name)
    if kind not in ("real", "complex"):
        return sympy.Symbol(name, **dict.fromkeys(("integer", *kind.split(" ")), True))
    return sympy.Symbol(name, real=True) if kind == "real" else sympy.Symbol(name)
