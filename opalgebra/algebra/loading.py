"""Proofs read from files: checked by :mod:`.checker`, and then decided once more."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

from ..errors import CertificateError
from ..expr.blocks import Block
from ..expr.factors import factors, integers
from ..expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ..expr.operators import Compose, FormalOperator, Identity, Scale, Sum, add, compose
from ..expr.signals import Box, FormalSignal, add_signals
from ..expr.traverse import substitute
from ..scalar import conjugate, exact, to_sympy
from . import checker
from .certificate import HALF
from .facts import Hypothesis, coprime, divides, even_symmetric
from .prove import Proof, Step, proved_about
from .scope import Scope
from .witness import compare, to_signal

MAX_WINDOW = 10**6  # samples of a kernel, zeros between its taps included


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
        text = raw.decode()
        checker.check(text)
        return _proof(json.loads(text))
    except (checker.Rejected, UnicodeDecodeError) as why:
        raise CertificateError(f"{path} is rejected: {why}; save the proof again with p.save(path)") from None


def _proof(data: dict[str, Any]) -> Proof:
    reader = _Reader(data)
    lhs, rhs = (reader.side(data[side]) for side in ("lhs", "rhs"))
    given = tuple(reader.hypotheses())
    scope = Scope((lhs, rhs))
    proof = proved_about(scope, lhs, rhs, given)
    if proof.verdict != data["verdict"]:
        raise CertificateError(f"the file says {data['verdict']}, and {lhs} = {rhs} is {proof.verdict}")
    if proof:
        steps = [Step(reader.side(e["expression"]), e["law"], e["condition"]) for e in data["lines"]]
        if not all(proved_about(scope, a.expression, b.expression, given) for a, b in pairwise(steps)):
            raise CertificateError("a line of the derivation could not be proved to follow from the one before it")
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
        wanted = {data["lhs"], data["rhs"], *(line["expression"] for line in data["lines"])}
        for i in reversed(range(len(self.rows))):
            if i in wanted:
                kind, a = self.rows[i]
                wanted.update({"compose": a, "sum": a, "transpose": [a], "conv": [a]}.get(kind, []))
        for i in sorted(wanted):
            self.made[i] = self._built(*self.rows[i])

    def _root(self) -> Any:
        """t as SymPy's root of its minimal polynomial: the one nearest to the value given."""
        import sympy

        if self.data["minimal"] == [0, 1]:
            return 0
        polynomial = sympy.Poly(self.data["minimal"][::-1], sympy.Symbol("t"))
        if not polynomial.is_irreducible:
            raise CertificateError("the minimal polynomial of the file is a product")
        near = complex(*(float(Fraction(*part)) for part in self.data["root"]))
        return min((sympy.rootof(polynomial, i, radicals=polynomial.degree() < 5) for i in range(polynomial.degree())),
                   key=lambda root: abs(complex(root.evalf(30)) - near))  # fmt: skip

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
        for at, value in listed:
            found[tuple(at)] = found.get(tuple(at), 0) + self.number(value)
        spans = [max(n) - min(n) + 1 for n in zip(*found, strict=True)]
        if prod(spans) > MAX_WINDOW:
            raise CertificateError(f"a kernel spans {prod(spans)} samples, more than {MAX_WINDOW}")
        return to_signal(found, self.ndim)

    def _is_route(self, i: int) -> bool:
        return self.rows[i][0] == "moves" and any(len(entry) > 3 for entry in self.rows[i][1])

    def side(self, i: int) -> Any:
        """The operator or the signal that a line speaks of."""
        kind, a = self.rows[i]
        if kind == "compose" and a and self._is_route(a[-1]):  # only on the channels that it takes
            return self.made[a[0]]
        return self._kernel(self.made[i]) if self.data["signals"] else self.made[i]

    def _built(self, kind: str, a: Any) -> Any:
        made = self.made
        match kind:
            case "moves":
                return None if any(len(entry) > 3 for entry in a) else self._letter(a)
            case "formal":
                return Scale(Fraction(1, 2), self._formal(a)) if HALF in a else self._formal(a)
            case "conv":
                return Conv(self._kernel(made[a]))
            case "transpose":
                return made[a].T
            case "sum":
                return self._sum(a)
        factors = [made[i] for i in a if not self._is_route(i)]
        match factors:
            case [Scale(scalar=number, operator=Identity()), first, *rest]:
                return Scale(number, compose((first, *rest)))
        return compose(tuple(factors))

    def _formal(self, written: str) -> Any:
        conjugated, plain = written.startswith("~"), written.lstrip("~")
        if self.names[plain] == "operator":
            return FormalOperator(plain).conj() if conjugated else FormalOperator(plain)
        signal = FormalSignal(plain.removeprefix(HALF), None, self.names[plain] == "real")
        return Conv(signal.conj() if conjugated else signal)

    def _letter(self, entries: list[Any]) -> Any:
        """The letter of the algebra that makes these moves."""
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
        if len(entries) > 1 or entries[0][:2] != [1, self.plain]:
            raise CertificateError(f"no letter makes the moves {str(entries)[:80]}")
        box = Conv(Box(self._axes([pair[2] for pair in entries[0][2]])))
        at = [pair[0] for pair in entries[0][2]]
        return self._moved(at) @ box if any(at) else box

    def _moved(self, at: list[Any]) -> Any:
        return Shift(self._axes(at)) if any(at) or self.ndim > 1 else Identity()

    def _convolved(self, taps: list[Any]) -> Any:
        if len(taps) == 1 and not any(taps[0][0]):
            return Scale(self.number(taps[0][1]), Identity())
        return Conv(self._samples(taps))

    def _modulation(self, entries: list[Any]) -> Any:
        periods = {tuple(p for _, p in source) for _, source, _ in entries}
        if len(periods) != 1:
            raise CertificateError("a sequence has several periods")
        period = periods.pop()
        taps = [(tuple(r for r, _ in source), weight) for weight, source, _ in entries]
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
        rows = [self.rows[i] for i in refs]
        if rows and all(kind == "compose" and len(a) == 3 and self._is_route(a[0]) for kind, a in rows):
            return self._block([a for _, a in rows])
        if len(rows) == 2 and rows[0][0] == "formal" and HALF in rows[0][1] and self._is_reversed(rows[1], refs[0]):
            return self._formal(rows[0][1])
        return add(tuple(self.made[i] for i in refs))

    def _is_reversed(self, row: list[Any], half: int) -> bool:
        """Whether a row is the reversal of another."""
        if row[0] != "conv" or self.rows[row[1]][0] != "compose":
            return False
        flip, *rest = self.rows[row[1]][1]
        return rest == [half] and self.rows[flip] == ["moves", [[1, self.plain, [[0, -1]] * self.ndim]]]

    def _block(self, entries: list[Any]) -> Any:
        """The grid of entries that stand between the channels of a column and those of a row."""
        ends = [
            [tuple(entry[at] for entry in self.rows[i][1]) for i, at in ((to, 4), (start, 3))]
            for to, _, start in entries
        ]
        grid = {(row, column): self.made[a] for (row, column), (_, a, _) in zip(ends, entries, strict=True)}
        rows, columns = (sorted({end[side] for end in ends}) for side in (0, 1))
        return Block([[grid[row, column] for column in columns] for row in rows])

    def hypotheses(self) -> list[Hypothesis]:
        """What was given."""
        kinds = {"coprime": coprime, "divides": divides}
        found: list[Hypothesis] = [kinds[kind](*(self.number(v) for v in sides)) for kind, *sides in self.data["given"]]
        even = [name for name in self.names if name.startswith(HALF)]
        return [*found, *(even_symmetric(self._formal(name).kernel) for name in even)]

    def witness(self, lhs: Any, rhs: Any, written: dict[str, Any]) -> Any:
        """The witness, evaluated again."""
        names = {s.lstrip(HALF): self._taps(s, moves) for s, moves in written["names"].items() if s[0] != "~"}
        at = {self.symbols[s]: v for s, v in written["symbols"].items() if self.data["symbols"].get(s) in checker.LEAST}
        left, right = (substitute(side, at) if at else side for side in (lhs, rhs))
        several = any(self._is_route(i) for i in range(len(self.rows)))
        channels = (written["index"][0], written["input"][0]) if several else None
        place = None if self.data["signals"] else tuple(written["input"][1:])
        found = compare(left, right, place, names, self.ndim, channels)
        if found is None:
            raise CertificateError("the sides agree at the witness of the file")
        return replace(found, factors={symbol.name: value for symbol, value in at.items()})

    def _taps(self, name: str, moves: list[Any]) -> dict[tuple[int, ...], Any]:
        """The samples of a kernel, or the entries of an operator."""
        operator = self.names[name] == "operator"
        found: dict[tuple[int, ...], Any] = {}
        for weight, source, target in moves:
            index = (*[s for s, _ in target], *([s for s, _ in source] if operator else []))
            for at in (index, tuple(-i for i in index)) if name.startswith(HALF) else (index,):
                found[at] = found.get(at, 0) + self.number(weight)
        if self.names[name] == "real" and any(conjugate(v) - v for v in found.values()):
            raise CertificateError(f"the witness has a complex {name}, which is real")
        return found


def _symbol(name: str, kind: str) -> Any:
    import sympy

    if kind in ("positive", "integer"):
        return factors(name) if kind == "positive" else integers(name)
    return sympy.Symbol(name, real=True) if kind == "real" else sympy.Symbol(name)
