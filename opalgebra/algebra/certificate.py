"""Proofs as files: what :mod:`.checker`, which knows nothing of the prover, needs to check them by itself.

The format is JSON, described in ``docs/certificates.md``.  Expressions are rows of one table, children before
parents, so that nothing is nested however deep the expression is.  Named compositions are written out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import CertificateError
from ..expr.blocks import Block
from ..expr.factors import axes
from ..expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ..expr.node import Node
from ..expr.operators import (
    PLAIN,
    Adjoint,
    Compose,
    Conj,
    FormalOperator,
    Identity,
    LinearOperator,
    Power,
    Scale,
    Sum,
    Transpose,
    Zero,
    common_channels,
)
from ..expr.signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum
from ..expr.traverse import constants, expand, formal_names
from ..scalar import conjugate, exact, is_sympy, to_sympy
from . import checker
from .facts import Coprime, Divides, EvenSymmetric

if TYPE_CHECKING:
    from .prove import Proof

MAX_POWER = 10_000


def certificate(proof: Proof) -> str:
    """The certificate of a proof or a refutation, as JSON; checked before it is returned.

    Raises
    ------
    CertificateError
        Where nothing was decided, operators on arrays are compared, or numbers are not algebraic.
    """
    if not isinstance(proof.lhs, LinearOperator | SignalExpr):
        raise CertificateError(
            "operators on arrays have no certificate; save the proof on ℤ^d, which is p.on_lattice where there is one"
        )
    if proof.verdict == "undecided":
        raise CertificateError(f"nothing was decided, so there is nothing to check: {proof.reason}")
    text = json.dumps(_sealed(_Writer(proof).data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        checker.check(text)
    except checker.Rejected as why:
        raise CertificateError(f"the certificate would not pass its check: {why}") from None
    return text


def _sealed(data: dict[str, Any]) -> dict[str, Any]:
    mark = checker.seal("", {key: value for key, value in data.items() if key != "lines"})
    data["seal"] = mark
    for line in data["lines"]:
        line["seal"] = mark = checker.seal(mark, dict(line))
    return data


class _Writer:
    """The rows of a proof."""

    def __init__(self, proof: Proof) -> None:
        from .prove import Step, dimension

        self.proof = proof
        self.rows: list[list[Any]] = []
        self._at: dict[int, int] = {}
        self._same: dict[str, int] = {}
        self.symbols: dict[str, str] = {}
        steps = proof.steps or [Step(side, "", "") for side in (proof.lhs, proof.rhs)]
        self.ndim = dimension(proof.lhs, proof.rhs)
        self.roots = [expand(expression) for expression, _, _ in steps]
        self.numbers = _Numbers([*constants(*self.roots), *self._of_witness()], self.symbols)
        refs = [self.row(root) for root in self.roots]
        written = [{"expression": r, "law": law, "condition": c} for r, (_, law, c) in zip(refs, steps, strict=True)]
        self.data: dict[str, Any] = {
            "format": checker.FORMAT,
            "version": checker.VERSION,
            "verdict": proof.verdict,
            "ndim": self.ndim,
            "inputs": _inputs(self.roots),
            "lhs": refs[0],
            "rhs": refs[-1],
            "lines": written if proof.verdict == "proved" else [],
            "names": self._names(),
            "given": [self._hypothesis(f) for f in proof.given if not isinstance(f, EvenSymmetric)],
            "witness": self._witness(),
            "nodes": self.rows,
            "symbols": self.symbols,
            "field": self.numbers.field,
        }

    def _names(self) -> dict[str, list[Any]]:
        even = {fact.signal.name for fact in self.proof.given if isinstance(fact, EvenSymmetric)}
        return {
            name: ["operator" if isinstance(node, FormalOperator) else "signal", bool(getattr(node, "real", False)),
                   name in even]
            for name, node in formal_names(*self.roots).items()
        }  # fmt: skip

    def _hypothesis(self, fact: Any) -> list[Any]:
        kind = {Coprime: "coprime", Divides: "divides"}[type(fact)]
        return [kind, *(self.numbers.write(value) for value in (fact.a, fact.b))]

    def _of_witness(self) -> list[Any]:
        witness = self.proof.witness
        taps = [] if witness is None else [v for samples in witness._names.values() for v in samples.values()]
        return taps if witness is None else [witness.lhs, witness.rhs, *taps]

    def _witness(self) -> Any:
        witness = self.proof.witness
        if witness is None:
            return None
        names: dict[str, list[Any]] = {}
        for name, node in formal_names(*self.roots).items():
            samples = witness._names.get(name, {}).items()
            if isinstance(node, FormalOperator):
                split = self.ndim
                names[name] = [[list(at[:split]), list(at[split:]), self.numbers.write(v)] for at, v in samples]
            else:
                names[name] = [[list(at), self.numbers.write(v)] for at, v in samples]
        return {
            "input": None if witness.input is None else list(witness.input.starts),
            "channels": list(witness.channels or (0, 0)),
            "names": names,
            "symbols": {s: int(v) for s, v in witness.factors.items() if s in self.symbols},
            "index": list(witness.index) if isinstance(witness.index, tuple) else [witness.index],
            "values": [self.numbers.write(v) for v in (witness.lhs, witness.rhs)],
        }

    def row(self, root: Node) -> int:
        """The row of an expression, after those of its parts."""
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in self._at:
                continue
            if ready:
                self._at[id(node)] = self._append(self._written(node))
            else:
                stack.append((node, True))
                stack.extend((child, False) for child in node.children() if not isinstance(node, Modulate))
        return self._at[id(root)]

    def _append(self, row: list[Any]) -> int:
        key = json.dumps(row)
        if key not in self._same:
            self._same[key] = len(self.rows)
            self.rows.append(row)
        return self._same[key]

    def _ref(self, node: Node) -> int:
        return self._at[id(node)]

    def _written(self, node: Any) -> list[Any]:
        number = self.numbers.write
        match node:
            case Identity() | Zero():
                return ["compose" if isinstance(node, Identity) else "sum", []]
            case Flip():
                return ["up", [-1] * self.ndim]
            case Up() | Down() | Box():
                return [type(node).__name__.lower(), [number(k) for k in axes(node.factor)]]
            case Shift():
                return ["shift", [number(s) for s in axes(node.shift)]]
            case Modulate():
                period = node.sequence.values.shape
                taps = [(tuple(i % p for i, p in zip(n, period, strict=True)), v) for n, v in _taps(node.sequence)]
                return ["modulate", list(period), [[list(n), number(v)] for n, v in taps]]
            case Signal():
                return ["samples", [[list(n), number(v)] for n, v in _taps(node)]]
            case FormalSignal() | FormalOperator():
                return ["operator" if isinstance(node, FormalOperator) else "formal", node.name]
            case Applied():
                return ["apply", self._ref(node.operator), self._ref(node.signal)]
            case SignalSum() | Sum():
                return ["sum", [[1, self._ref(term)] for term in node.terms]]
            case Scale():
                return ["sum", [[number(node.scalar), self._ref(node.operator)]]]
            case Compose():
                return ["compose", [self._ref(factor) for factor in node.factors]]
            case Power():
                if node.exponent > MAX_POWER:
                    raise CertificateError(
                        f"a power of {node.exponent} is too high for a certificate (limit {MAX_POWER})"
                    )
                return ["compose", [self._ref(node.operator)] * node.exponent]
            case Adjoint():
                return ["conj", self._append(["transpose", self._ref(node.operator)])]
            case Block():
                rows = [[self._ref(entry) for entry in row] for row in node.rows]
                return ["block", rows, list(node.heights), list(node.widths)]
        parts = {Transpose: "transpose", Conj: "conj", ConjSignal: "conj", Conv: "conv"}
        if type(node) not in parts:
            raise CertificateError(f"{type(node).__name__} has no place in certificates of version {checker.VERSION}")
        return [parts[type(node)], self._ref(node.children()[0])]


def _inputs(lines: list[Any]) -> int | None:
    return None if isinstance(lines[0], SignalExpr) else (common_channels(*lines) or PLAIN)[1]


def _taps(signal: Signal) -> list[tuple[tuple[int, ...], Any]]:
    return [(at, value if signal.is_exact else value.item()) for at, value in signal.items()]


class _Numbers:
    """Numbers in the format: ints, fractions, elements of one number field, polynomials in symbols over these."""

    def __init__(self, values: Iterable[Any], symbols: dict[str, str]) -> None:
        self.symbols = symbols
        found = {c: None for v in values if is_sympy(exact(v)) for c, _ in self._terms(exact(v)) if is_sympy(exact(c))}
        self.irrational = list(found)

    @cached_property
    def _domain(self) -> Any:
        """The number field of all coefficients and their conjugates."""
        import sympy
        from sympy.polys.constructor import construct_domain

        wanted = [*self.irrational, *(conjugate(v) for v in self.irrational)]
        domain, _ = construct_domain([sympy.expand(v) for v in wanted], extension=True, field=True)
        if not (domain.is_Algebraic or domain.is_QQ_I):
            shown = ", ".join(map(str, self.irrational[:4]))
            raise CertificateError(
                f"certificates hold algebraic numbers, and one of {shown} could not be shown to be one"
            )
        return domain.as_AlgebraicField() if domain.is_QQ_I else domain

    @property
    def field(self) -> Any:
        """The minimal polynomial of t, its conjugate, and its value as a complex number."""
        if not self.irrational:
            return None
        t = self._domain.ext.as_expr()
        near = complex(t.evalf(30))
        return {
            "minimal": [_rational(c) for c in reversed(self._domain.mod.to_list())],
            "conjugate": self._element(conjugate(t)),
            "root": [_rational(Fraction(part)) for part in (near.real, near.imag)],
        }

    def _element(self, value: Any) -> list[Any]:
        import sympy
        from sympy.polys.polyerrors import CoercionFailed

        try:
            found = self._domain.from_sympy(sympy.expand(value)).to_list()[::-1]
        except CoercionFailed:
            raise CertificateError(f"{value} is not in the number field of the other numbers") from None
        return [_rational(c) for c in found] + [0] * (len(self._domain.mod.to_list()) - 1 - len(found))

    def write(self, value: Any) -> Any:
        """A number of the format."""
        value = exact(value)
        if isinstance(value, int | Fraction):
            return _rational(value)
        terms = [(exact(c), powers) for c, powers in self._terms(value)]
        written = [[_rational(c) if not is_sympy(c) else {"t": self._element(c)}, powers] for c, powers in terms]
        return written[0][0] if len(written) == 1 and not written[0][1] else {"sum": written}

    def _terms(self, value: Any) -> list[tuple[Any, dict[str, int]]]:
        """Number and powers of symbols of every term."""
        import sympy

        found = []
        for term in sympy.Add.make_args(sympy.expand(to_sympy(value))):
            powers: dict[str, int] = {}
            numbers = []
            for factor in sympy.Mul.make_args(term):
                base, exponent = factor.as_base_exp()
                if not factor.free_symbols:
                    numbers.append(factor)
                    continue
                name = self._symbol(base, value)
                if not exponent.is_Integer:
                    raise CertificateError(f"{value} is not a polynomial in its symbols")
                powers[name] = powers.get(name, 0) + int(exponent)
            found.append((sympy.Mul(*numbers), powers))
        return found

    def _symbol(self, base: Any, value: Any) -> str:
        """The name of a symbol, with ~ before it for its conjugate."""
        import sympy

        inner = base.args[0] if isinstance(base, sympy.conjugate) else base
        if not inner.is_Symbol:
            raise CertificateError(f"{value} is not a polynomial in its symbols")
        assumed = {key: value for key, value in inner.assumptions0.items() if key not in ("zero", "nonzero")}
        plain = {
            "positive": sympy.Symbol("s", integer=True, positive=True),
            "integer": sympy.Symbol("s", integer=True),
            "real": sympy.Symbol("s", real=True),
            "complex": sympy.Symbol("s"),
        }
        kinds = [
            kind
            for kind, symbol in plain.items()
            if assumed == {key: value for key, value in symbol.assumptions0.items() if key not in ("zero", "nonzero")}
        ]
        if not kinds:
            raise CertificateError(
                f"what is assumed of {inner} has no place in a certificate; symbols there are positive ints, ints, "
                "real or complex"
            )
        self.symbols[inner.name] = kinds[0]
        return inner.name if base is inner else f"~{inner.name}"


def _rational(value: Any) -> Any:
    number = Fraction(int(value.numerator), int(value.denominator))
    return number.numerator if number.denominator == 1 else [number.numerator, number.denominator]
