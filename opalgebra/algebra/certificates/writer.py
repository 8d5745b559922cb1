"""Proofs as files: what :mod:`.checker`, which knows nothing of the prover, needs to check them by itself.

The format is JSON, described in ``docs/certificates.md``.  Expressions are rows of one table, children before
parents, so that nothing is nested however deep the expression is.  Named compositions are written out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations
from math import lcm, prod
from typing import Any

from ...errors import CertificateError, Undecided
from ...expr import PLAIN, Adjoint, Block, Compose, Conj, FormalOperator, Node, SamplingMatrix, axes, slices
from ...expr.contents import constants, formal_names, has_blocks
from ...expr.multirate import Conv, Down, Flip, Modulate, Shift, Up
from ...expr.operators import Identity, LinearOperator, Power, Scale, Sum, Transpose, Zero, common_channels
from ...expr.signals import Applied, Box, ConjSignal, FormalSignal, Signal, SignalExpr, SignalSum
from ...expr.tree import expand
from ...scalar import conjugate, exact, is_sympy, to_sympy
from ..decide.decision import dimension
from ..decide.proof import Proof, Step
from ..equations import Symmetric, relations_of
from ..facts import AtMost, Coprime, Divides, Equal, Less, NotDivides, Unequal
from ..numbers.fields import numbers_of
from . import checker
from .cofactors import cofactors

MAX_POWER = 10_000
ABOUT_FACTORS = {
    Coprime: "coprime", Divides: "divides", NotDivides: "not divides", Equal: "equal", Unequal: "unequal", Less: "less",
    AtMost: "at most",
}  # fmt: skip
WORDS = ("positive", "negative", "nonnegative", "nonpositive", "nonzero", "even", "odd", "prime", "composite")


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
    mark = ""
    for part in (data, *data["lines"]):
        part["seal"] = mark = checker.seal(mark, part)
    return data


class _Writer:
    """The rows of a proof."""

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        self.rows: list[list[Any]] = []
        self._at: dict[tuple[int, bool], int] = {}
        self._same: dict[str, int] = {}
        self.symbols: dict[str, str] = {}
        self.even = {fact.signal.name for fact in proof.given if isinstance(fact, Symmetric) and fact.is_even}
        steps = proof.steps or [Step(side, "", "") for side in (proof.lhs, proof.rhs)]
        if relations_of(proof.given) and proof.verdict == "proved":  # of which the cofactors are what is checked
            steps = [steps[0], Step(proof.rhs, "hypothesis", ", ".join(map(str, proof.given)))]
        self.ndim = dimension(proof.lhs, proof.rhs)
        self.plain = [[0, 1]] * self.ndim
        self.roots = [expand(expression) for expression, _, _ in steps]
        relations = relations_of(proof.given)
        self.equations = {id(r): [[expand(a), expand(b)] for a, b in r.pairs] for r in relations}
        uses = cofactors(proof) if relations and proof.verdict == "proved" else []
        factors = [expand(factor) for use in uses for factor in (use.left, use.right)]
        everything = [*self.roots, *factors, *(side for pairs in self.equations.values() for p in pairs for side in p)]
        self.formal = formal_names(*everything)
        self.numbers = _Numbers([*constants(*everything), *(u.weight for u in uses), *self._of_witness()], self.symbols)
        refs = self._on_inputs([self.row(root) for root in self.roots])
        written: list[dict[str, Any]] = [
            {"expression": r, "law": law, "condition": c} for r, (_, law, c) in zip(refs, steps, strict=True)
        ]
        if uses:
            ends = [self.row(factor) for factor in factors]
            ends[1::2] = self._on_inputs(ends[1::2])
            written[-1]["uses"] = [
                [self._place(use.relation), use.equation, self._number(use.weight), left, right]
                for use, left, right in zip(uses, ends[::2], ends[1::2], strict=True)
            ]
        self.data: dict[str, Any] = {
            "format": checker.FORMAT,
            "version": checker.VERSION,
            "verdict": proof.verdict,
            "ndim": self.ndim,
            "signals": isinstance(self.roots[0], SignalExpr),
            "lhs": refs[0],
            "rhs": refs[-1],
            "lines": written if proof.verdict == "proved" else [],
            "names": self._names(),
            "given": [self._hypothesis(f) for f in self._listed],
            "witness": self._witness(),
            "nodes": self.rows,
            "symbols": self.symbols,
            **self.numbers.field,
        }

    def _on_inputs(self, refs: list[int]) -> list[int]:
        """Blocks are compared on the channels that they take, since I would pass any others on."""
        if not any(has_blocks(root) for root in self.roots):
            return refs
        _, inputs = common_channels(*self.roots) or PLAIN
        only = self._route([(c, c) for c in range(inputs)])
        return [self._append(["compose", [ref, only]]) for ref in refs]

    def _names(self) -> dict[str, str]:
        """The kind of every name: of operators, signals, and real signals."""
        kinds = {name: "real" if getattr(node, "real", False) else "signal" for name, node in self.formal.items()}
        kinds |= {name: "operator" for name, node in self.formal.items() if isinstance(node, FormalOperator)}
        kinds |= {name: "real even" if kinds[name] == "real" else "even" for name in self.even & kinds.keys()}
        return kinds

    @property
    def _listed(self) -> list[Any]:
        """The hypotheses in the order of the file; that a kernel is even stands with its name."""
        return [fact for fact in self.proof.given if not _is_even(fact)]

    def _place(self, relation: Any) -> int:
        return next(n for n, fact in enumerate(self._listed) if fact is relation)

    def _name(self, node: Any, c: bool) -> str:
        conjugated = "~" if c and not getattr(node, "real", False) else ""
        return conjugated + str(node.name)

    def _hypothesis(self, fact: Any) -> list[Any]:
        if id(fact) in self.equations:
            pairs = [[self.row(side) for side in pair] for pair in self.equations[id(fact)]]
            return ["equations", *(list(sides) for sides in zip(*pairs, strict=True))]
        if type(fact) not in ABOUT_FACTORS:
            raise CertificateError(f"the hypothesis {fact} has no place in certificates of version {checker.VERSION}")
        return [ABOUT_FACTORS[type(fact)], *(self.numbers.write(value) for value in (fact.a, fact.b))]

    def _of_witness(self) -> list[Any]:
        import sympy

        witness = self.proof.witness
        if witness is None:
            return []
        taps = [v for samples in witness._names.values() for v in samples.values()]
        values = [witness.lhs, witness.rhs]
        turned = any(is_sympy(v) and v.has(sympy.conjugate) for v in values)  # where no real numbers tell them apart
        return [*values, *taps, *(v for v in witness.factors.values() if is_sympy(v)), *[sympy.I] * turned]

    def _witness(self) -> Any:
        witness = self.proof.witness
        if witness is None:
            return None
        names = {
            self._name(node, c): self._taps(node, c, witness._names.get(name, {}))
            for name, node in self.formal.items()
            for c in ((False, True) if not getattr(node, "real", False) else (False,))
        }
        out, into = witness.channels or (0, 0)
        index = witness.index if isinstance(witness.index, tuple) else (witness.index,)
        start = (0,) * self.ndim if witness.input is None else witness.input.starts
        symbols, inverse = self.numbers.apart(witness.lhs, witness.rhs, witness.factors)
        return {
            "input": [into, *start],
            "names": names,
            "symbols": symbols,
            "index": [out, *index],
            "values": [self.numbers.write(v) for v in (witness.lhs, witness.rhs)],
            "inverse": inverse,
        }

    def _taps(self, node: Any, c: bool, samples: dict[tuple[int, ...], Any]) -> list[Any]:
        """The moves that a name stands for at the witness."""
        values = {at: self._number(v, c) for at, v in samples.items()}
        if isinstance(node, FormalOperator):
            pairs = {at: [[[i, 0] for i in n] for n in (at[self.ndim :], at[: self.ndim])] for at in values}
            return [[v, *pairs[at]] for at, v in values.items()]
        return [self._tap(v, at) for at, v in values.items()]

    def _tap(self, value: Any, at: Iterable[Any]) -> list[Any]:
        return [value, self.plain, [[i, 1] for i in at]]

    def _route(self, pairs: Iterable[tuple[int, int]]) -> int:
        """Moves between channels: (from, to)."""
        return self._append(["moves", [[1, self.plain, self.plain, start, to] for start, to in pairs]])

    def row(self, root: Node) -> int:
        """The row of an expression, after those of its parts; conjugates are taken of the leaves."""
        stack: list[tuple[Node, bool, bool]] = [(root, False, False)]
        while stack:
            node, c, ready = stack.pop()
            if (id(node), c) in self._at:
                continue
            if ready:
                self._at[id(node), c] = self._written(node, c)
            else:
                stack.append((node, c, True))
                inner = c != isinstance(node, Adjoint | Conj | ConjSignal)
                stack.extend((child, inner, False) for child in node.children() if not isinstance(node, Modulate))
        return self._at[id(root), False]

    def _append(self, row: list[Any]) -> int:
        try:
            key = json.dumps(row)
        except ValueError:  # Python's limit of digits, which reading has as well
            raise CertificateError("a number has more digits than a certificate holds (some 4,000)") from None
        if key not in self._same:
            self._same[key] = len(self.rows)
            self.rows.append(row)
        return self._same[key]

    def _written(self, node: Any, c: bool) -> int:
        """The row of a node whose parts have rows."""
        if isinstance(node, Conj | ConjSignal | Adjoint):
            inner = self._at[id(node.children()[0]), not c]
            return self._append(["transpose", inner]) if isinstance(node, Adjoint) else inner
        parts = [] if isinstance(node, Modulate) else [self._at[id(child), c] for child in node.children()]
        match node:
            case Conv():
                return parts[0]
            case Block():
                return self._block(node, c)
            case Applied() | SignalSum():
                kind = "compose" if isinstance(node, Applied) else "sum"
                return self._append(["conv", self._append([kind, parts])])
            case Identity() | Compose() | Power():
                return self._append(["compose", parts * _times(node)])
            case Zero() | Sum():
                return self._append(["sum", parts])
            case Scale():
                scale = self._append(["moves", [self._tap(self._number(node.scalar, c), [0] * self.ndim)]])
                return self._append(["compose", [scale, *parts]])
            case Transpose():
                return self._append(["transpose", *parts])
            case FormalSignal() | FormalOperator():
                return self._append(["formal", self._name(node, c)])
        return self._append(["moves", self._moves(node, c)])

    def _moves(self, node: Any, c: bool) -> list[Any]:
        """A letter: what is at r + P j goes, times a number, to s + Q j."""
        match node:
            case Flip():
                return [[1, self.plain, [[0, -1]] * self.ndim]]
            case Box():
                return [[1, self.plain, [[0, 1, self._number(k)] for k in axes(node.factor)]]]
            case Up() | Down() if not isinstance(node.factor, SamplingMatrix):
                steps = [[0, self._number(k)] for k in axes(node.factor)]
                return [[1, self.plain, steps] if isinstance(node, Up) else [1, steps, self.plain]]
            case Shift():
                return [self._tap(1, [self._number(s) for s in axes(node.shift)])]
            case Signal():
                return [self._tap(self._number(v, c), n) for n, v in _taps(node)]
            case Modulate():
                period = node.sequence.values.shape
                taps = [([[i % p, p] for i, p in zip(n, period, strict=True)], v) for n, v in _taps(node.sequence)]
                return [[self._number(v, c), at, at] for at, v in taps]
        raise CertificateError(f"{node} has no place in certificates of version {checker.VERSION}")

    def _number(self, value: Any, c: bool = False) -> Any:
        return self.numbers.write(conjugate(value) if c else value)

    def _block(self, node: Block, c: bool) -> int:
        """The sum of the entries, each between the channels of its column and of its row."""
        rows, columns = slices(node.heights), slices(node.widths)
        return self._append(["sum", [
            self._append(["compose", [
                self._route((j, start + j) for j in range(stop - start)),
                self._at[id(entry), c],
                self._route((left + j, j) for j in range(right - left)),
            ]])
            for (start, stop), entries in zip(rows, node.rows, strict=True)
            for (left, right), entry in zip(columns, entries, strict=True)
        ]])  # fmt: skip


def _is_even(fact: Any) -> bool:
    return isinstance(fact, Symmetric) and fact.is_even


def _times(node: Any) -> int:
    """How often a product holds the rows of its parts."""
    exponent = node.exponent if isinstance(node, Power) else 1
    if exponent > MAX_POWER:
        raise CertificateError(f"a power of {exponent} is too high for a certificate (limit {MAX_POWER})")
    return int(exponent)


def _taps(signal: Signal) -> list[tuple[tuple[int, ...], Any]]:
    return [(at, value if signal.is_exact else value.item()) for at, value in signal.items()]


class _Numbers:
    """Numbers in the format: ints, fractions, elements of one number field, polynomials in symbols over these."""

    def __init__(self, values: Iterable[Any], symbols: dict[str, str]) -> None:
        self.symbols = symbols
        found = {c: None for v in values if is_sympy(exact(v)) for c, _ in self._terms(exact(v)) if is_sympy(exact(c))}
        self.irrational = list(found)

    @cached_property
    def _cyclotomic(self) -> Any:
        """The field of a root of unity, where that has all coefficients; with them it has their conjugates."""
        from ..numbers.cyclotomic import cyclotomic_field

        try:
            return cyclotomic_field([to_sympy(v) for v in self.irrational])
        except Undecided:
            return None

    @cached_property
    def _domain(self) -> Any:
        """The number field of all coefficients and their conjugates."""
        import sympy

        if self._cyclotomic is not None:
            return self._cyclotomic.domain
        wanted = [*self.irrational, *(conjugate(v) for v in self.irrational)]
        try:
            domain = numbers_of([sympy.expand(v) for v in wanted])
        except Undecided as why:
            raise CertificateError(f"certificates hold algebraic numbers of small degree: {why}") from None
        if not (domain.is_Algebraic or domain.is_QQ_I):
            shown = ", ".join(map(str, self.irrational[:4]))
            raise CertificateError(
                f"certificates hold algebraic numbers, and one of {shown} could not be shown to be one"
            )
        return domain.as_AlgebraicField() if domain.is_QQ_I else domain

    @property
    def field(self) -> dict[str, Any]:
        """The minimal polynomial of t, in ints, and its value as a complex number; t = 0 where all is rational."""
        if not self.irrational:
            return {"minimal": [0, 1], "root": [0, 0]}
        near = complex((self._domain.ext.as_expr() * self._clear).evalf(30))
        degree = len(self._modulus) - 1
        return {
            "minimal": [int(m * self._clear ** (degree - j)) for j, m in enumerate(self._modulus)],
            "root": [_rational(Fraction(part)) for part in (near.real, near.imag)],
        }

    @cached_property
    def _modulus(self) -> list[Fraction]:
        first, *others = map(_fraction, self._domain.mod.to_list())
        return [m / first for m in reversed(others)] + [Fraction(1)]

    @cached_property
    def _clear(self) -> int:
        """t is this multiple of SymPy's generator, so that it is an algebraic integer."""
        return lcm(*(m.denominator for m in self._modulus))

    def _in_field(self, value: Any) -> Any:
        import sympy

        if self._cyclotomic is not None:
            return self._cyclotomic.element(value)
        return self._domain.from_sympy(sympy.expand(value))

    def _element(self, value: Any) -> list[tuple[int, Fraction]]:
        """(n, c) of every term c tⁿ."""
        from sympy.polys.polyerrors import CoercionFailed

        if not is_sympy(exact(value)):
            return [(0, _fraction(exact(value)))]
        try:
            found = self._in_field(value).to_list()[::-1]
        except CoercionFailed:
            raise CertificateError(f"{value} is not in the number field of the other numbers") from None
        return [(n, _fraction(c) / self._clear**n) for n, c in enumerate(found) if c]

    def write(self, value: Any) -> Any:
        """A number of the format: an int, or terms [p, q, n, powers of symbols]."""
        value = exact(value)
        if isinstance(value, int):
            return value
        terms = [(value, {})] if isinstance(value, Fraction) else self._terms(value)
        written = [(n, x, powers) for c, powers in terms for n, x in self._element(c)]
        if len(written) == 1 and written[0][0] == 0 and written[0][1].denominator == 1 and not written[0][2]:
            return written[0][1].numerator
        return [[x.numerator, x.denominator, n, powers] for n, x, powers in written]

    def apart(self, lhs: Any, rhs: Any, at: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Numbers for all symbols at which two values differ, and one over their difference there."""
        difference = to_sympy(lhs) - to_sympy(rhs)
        terms = self._terms(difference)
        for first in range(2, 100):
            values = self._values(at, first)
            total = sum(to_sympy(c) * prod(to_sympy(values[s]) ** e for s, e in x.items()) for c, x in terms)
            element = self._in_field(to_sympy(total)) if self.irrational else exact(total)
            if element:
                return {s: self.write(v) for s, v in values.items()}, self._over(element)
        raise CertificateError(f"no small values were found at which {difference} is not 0")

    def _values(self, at: dict[str, Any], first: int) -> dict[str, Any]:
        """Values of all symbols, of their kinds; complex ones where the field has i."""
        import sympy

        found: dict[str, Any] = {}
        with_i = sympy.I in self.irrational
        for n, (name, kind) in enumerate(self.symbols.items(), 1):
            found[name] = at.get(name, first**n + n + (n * sympy.I if with_i and kind == "complex" else 0))
            if kind == "complex":
                found[f"~{name}"] = conjugate(found[name])
        return found

    def _over(self, element: Any) -> Any:
        if not self.irrational:
            return self.write(1 / Fraction(element))
        found = (self._domain.one / element).to_list()[::-1]
        return [
            [x.numerator, x.denominator, n, {}] for n, c in enumerate(found) for x in [_fraction(c) / self._clear**n]
        ]

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
        kind = _kind(inner)
        if kind is None:
            raise CertificateError(
                f"what is assumed of {inner} has no place in a certificate; symbols there are ints (positive, even, "
                "prime, …), real or complex"
            )
        self.symbols[inner.name] = kind
        return inner.name if base is inner else f"~{inner.name}"


@lru_cache(maxsize=64)
def _kind(symbol: Any) -> str | None:
    """The words of the format that say what is assumed of a symbol, as few as can be."""
    import sympy

    for kind, made in (("real", {"real": True}), ("complex", {}), ("integer", {"integer": True})):
        if symbol.assumptions0 == sympy.Symbol("s", **made).assumptions0:
            return kind
    for words in (words for size in (1, 2, 3) for words in combinations(WORDS, size)):
        try:
            like = sympy.Symbol("s", integer=True, **dict.fromkeys(words, True))
        except sympy.core.facts.InconsistentAssumptions:
            continue
        if symbol.assumptions0 == like.assumptions0:
            return " ".join(words)
    return None


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.numerator), int(value.denominator))


def _rational(number: Fraction) -> list[int]:
    return [number.numerator, number.denominator]
