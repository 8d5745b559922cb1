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
from ..expr.operators import FormalOperator, Scale, add, compose
from ..expr.signals import Box, FormalSignal, SignalExpr, add_signals
from ..expr.traverse import substitute
from ..scalar import conjugate, exact, to_sympy
from . import checker
from .facts import Hypothesis, coprime, divides, even_symmetric
from .prove import Proof, Step, prove
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
    lhs, rhs = reader.expressions[data["lhs"]], reader.expressions[data["rhs"]]
    given = tuple(reader.hypotheses())
    proof = prove(lhs, rhs, given)
    if proof.verdict != data["verdict"]:
        raise CertificateError(f"the file says {data['verdict']}, and {lhs} = {rhs} is {proof.verdict}")
    if proof:
        steps = [Step(reader.expressions[e["expression"]], e["law"], e["condition"]) for e in data["lines"]]
        if not all(prove(a.expression, b.expression, given) for a, b in pairwise(steps)):
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
        self.expressions: dict[int, Any] = {}
        wanted = {data["lhs"], data["rhs"], *(line["expression"] for line in data["lines"])}
        refs = checker.Checker(data).refs
        for i in reversed(range(len(self.rows))):
            if i in wanted:
                wanted.update(refs(*self.rows[i]))
        for i in sorted(wanted):
            self.expressions[i] = self._built(*self.rows[i])

    def _root(self) -> Any:
        """t as SymPy's root of its minimal polynomial: the one nearest to the value given."""
        import sympy

        field = self.data["field"]
        if field is None:
            return None
        polynomial = sympy.Poly([to_sympy(_rational(c)) for c in reversed(field["minimal"])], sympy.Symbol("t"))
        if not polynomial.is_irreducible:
            raise CertificateError("the minimal polynomial of the file is a product")
        near = complex(*(float(_rational(part)) for part in field["root"]))
        return min((sympy.rootof(polynomial, i, radicals=polynomial.degree() < 5) for i in range(polynomial.degree())),
                   key=lambda root: abs(complex(root.evalf(30)) - near))  # fmt: skip

    def number(self, value: Any) -> Any:
        """A number of the format, exactly."""
        import sympy

        if isinstance(value, dict) and "t" in value:
            return exact(sympy.expand(sum(to_sympy(_rational(c)) * self.t**i for i, c in enumerate(value["t"]))))
        if not isinstance(value, dict):
            return _rational(value)
        total: Any = sympy.Integer(0)
        for coefficient, powers in value["sum"]:
            term = to_sympy(self.number(coefficient))
            for name, exponent in powers.items():
                symbol = self.symbols[name.lstrip("~")]
                term *= (conjugate(symbol) if name.startswith("~") else symbol) ** exponent
            total += term
        return exact(total)

    def _axes(self, values: Any) -> Any:
        return tuple(self.number(v) for v in values) if self.ndim > 1 else self.number(values[0])

    def _samples(self, listed: Any) -> dict[tuple[int, ...], Any]:
        found: dict[tuple[int, ...], Any] = {}
        for at, value in listed:
            found[tuple(at)] = found.get(tuple(at), 0) + self.number(value)
        spans = [max(n) - min(n) + 1 for n in zip(*found, strict=True)]
        if prod(spans) > MAX_WINDOW:
            raise CertificateError(f"a kernel spans {prod(spans)} samples, more than {MAX_WINDOW}")
        return found

    def _built(self, kind: str, *a: Any) -> Any:
        made = self.expressions
        match kind:
            case "up":
                if a[0] == [-1] * self.ndim:
                    return Flip() if self.ndim == 1 else Flip() @ Shift((0,) * self.ndim)
                return Up(self._axes(a[0]))
            case "down" | "shift":
                return (Down if kind == "down" else Shift)(self._axes(a[0]))
            case "modulate":
                taps = self._samples(a[1])
                period = tuple(a[0])
                return Modulate(to_signal(taps | {n: taps.get(n, 0) for n in _corners(period)}, self.ndim))
            case "samples":
                return to_signal(self._samples(a[0]), self.ndim)
            case "formal":
                return FormalSignal(a[0], None, self.names[a[0]][1])
            case "operator":
                return FormalOperator(a[0])
            case "box":
                return Box(self._axes(a[0]))
            case "conv":
                return Conv(made[a[0]])
            case "apply":
                return made[a[0]] @ made[a[1]]
            case "compose":
                return compose(tuple(made[i] for i in a[0]))
            case "transpose":
                return made[a[0]].T
            case "conj":
                return made[a[0]].conj()
            case "block":
                return Block([[made[i] for i in row] for row in a[0]])
        terms = [made[i] if weight == 1 else self._scaled(self.number(weight), made[i]) for weight, i in a[0]]
        return add_signals(tuple(terms)) if terms and isinstance(terms[0], SignalExpr) else add(tuple(terms))

    def _scaled(self, weight: Any, term: Any) -> Any:
        return weight * term if isinstance(term, SignalExpr) else Scale(weight, term)

    def hypotheses(self) -> list[Hypothesis]:
        """What was given."""
        kinds = {"coprime": coprime, "divides": divides}
        found: list[Hypothesis] = [kinds[kind](*(self.number(v) for v in sides)) for kind, *sides in self.data["given"]]
        even = [name for name, (_, _, is_even) in self.names.items() if is_even]
        return [*found, *(even_symmetric(FormalSignal(name, None, self.names[name][1])) for name in even)]

    def witness(self, lhs: Any, rhs: Any, written: dict[str, Any]) -> Any:
        """The witness, evaluated again."""
        names: dict[str, Any] = {}
        for name, entries in written["names"].items():
            matrix = self.names[name][0] == "operator"
            rows = [[at + rest[0], *rest[1:]] if matrix else [at, *rest] for at, *rest in entries]
            names[name] = {tuple(at): self.number(v) for at, v in rows}
        at = {self.symbols[name]: value for name, value in written["symbols"].items()}
        left, right = (substitute(side, at) if at else side for side in (lhs, rhs))
        channels = tuple(written["channels"]) if (self.data["inputs"] or 1) > 1 or any(written["channels"]) else None
        place = None if written["input"] is None else tuple(written["input"])
        found = compare(left, right, place, names, self.ndim, channels)
        if found is None:
            raise CertificateError("the sides agree at the witness of the file")
        return replace(found, factors=dict(written["symbols"]))


def _corners(period: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [(0,) * len(period), tuple(p - 1 for p in period)]


def _rational(value: Any) -> Any:
    return exact(Fraction(*value)) if isinstance(value, list) else value


def _symbol(name: str, kind: str) -> Any:
    import sympy

    if kind in ("positive", "integer"):
        return factors(name) if kind == "positive" else integers(name)
    return sympy.Symbol(name, real=True) if kind == "real" else sympy.Symbol(name)
