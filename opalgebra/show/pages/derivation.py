"""Derivations, laws and proofs, as one writes them by hand: one line per step, with the law named on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from unicodedata import combining

from ...algebra.decide.proof import Proof
from ...algebra.decide.remedies import remedy
from ...algebra.decide.rounded import rounding_hint
from ...algebra.derive.derivation import Derivation
from ...algebra.judge.witness import Witness
from ...algebra.laws.law import Law
from ...expr import Node, Signal
from ...scalar import exact
from ..notation.latex import (
    after_sign,
    index_latex,
    latex,
    name_latex,
    number_latex,
    related,
    signal_latex,
    words_latex,
)
from ..notation.text import index_text, name_text, number_text, start_text, text

WIDEST = 72  # columns beyond which one long line does not push the laws of the others to the right
SIGNS = {"proved": ("=", "="), "refuted": ("≠", r"\neq"), "undecided": ("≟", r"\overset{?}{=}")}


class Line(Protocol):
    """A line of a derivation: the expression, the law that leads to it ("" on the first), its condition."""

    @property
    def expression(self) -> Any:
        """An operator or a signal."""

    @property
    def law(self) -> str:
        """The name of the law."""

    @property
    def condition(self) -> str:
        """The side condition under which the law was used, or ""."""


def reason(step: Line) -> str:
    """The law of a line and its condition, as they stand beside it; "" for the first line."""
    return ", ".join(part for part in (step.law, step.condition) if part)


class _Notation(NamedTuple):
    """How the parts of a sentence look; the sentences are the same in text, LaTeX and Markdown."""

    expression: Any
    number: Any
    name: Any
    symbol: Any
    index: Any
    delta: Any
    math: str  # around every formula

    def formula(self, left: str, right: str) -> str:
        return f"{self.math}{left} = {right}{self.math}"


def _delta_text(index: Any) -> str:
    return "δ" + start_text(index)


def _delta_latex(index: Any) -> str:
    return rf"\delta_{{{index_latex(index)}}}"


_TEXT = _Notation(text, number_text, name_text, name_text, index_text, _delta_text, "")
_MARKDOWN = _Notation(latex, number_latex, signal_latex, name_latex, index_latex, _delta_latex, "$")


def derivation_text(steps: Sequence[Line]) -> str:
    """The lines of a derivation, the laws in one column; "" for no lines.

    >>> import opalgebra as oa
    >>> q = oa.signals("q")
    >>> print(derivation_text(_example(oa.Conv(q) @ oa.Up(2), (oa.Down(2) @ oa.Conv(q).T).T)))
    (q∗) ↑₂
      = (↓₂ (q∗)ᵀ)ᵀ    [transpose-product, k ≥ 1]
    """
    shown = [text(step.expression) for step in steps]
    column = max((_width(line) for line in shown[1:] if _width(line) <= WIDEST), default=0)
    lines = shown[:1]
    for step, line in zip(steps[1:], shown[1:], strict=True):
        padding = " " * (max(column - _width(line), 0) + 4)
        lines.append(f"  = {line}" + (f"{padding}[{reason(step)}]" if reason(step) else ""))
    return "\n".join(lines)


def _example(before: Node, after: Node) -> Sequence[Line]:
    """Two lines for the doctests of this module."""

    class Step(NamedTuple):
        expression: Any
        law: str
        condition: str

    return [Step(before, "", ""), Step(after, "transpose-product", "k ≥ 1")]


def _width(line: str) -> int:
    """Columns on a terminal: combining marks, such as the macron of q̄, take none."""
    return sum(not combining(character) for character in line)


def derivation_latex(steps: Sequence[Line]) -> str:
    r"""The lines of a derivation as an ``aligned`` environment, for mathematics mode.

    >>> import opalgebra as oa
    >>> print(derivation_latex(_example(oa.Up(2), oa.Down(2).T)))
    \begin{aligned}
    \uparrow_{2} &=\;\downarrow_{2}^{T} && \text{transpose-product, k ≥ 1}
    \end{aligned}
    """
    return _aligned(aligned_rows(steps, [latex(step.expression) for step in steps]))


def aligned_rows(steps: Sequence[Line], shown: Sequence[str]) -> list[str]:
    """The rows of a derivation whose signs and laws are aligned, for expressions that are shown so."""
    reasons = [f" && {words_latex(reason(step))}" if reason(step) else "" for step in steps]
    rows = [f"&={after_sign(line)}{why}" for line, why in zip(shown[1:], reasons[1:], strict=True)]
    return [f"{shown[0]} {rows[0]}", *rows[1:]] if rows else list(shown)


@text.register
def _(derivation: Derivation) -> str:
    return derivation_text(derivation.steps)


@latex.register
def _(derivation: Derivation) -> str:
    return derivation_latex(derivation.steps)


@latex.register
def _(law: Law) -> str:
    return related(latex(law.lhs), "=", latex(law.rhs))


def _aligned(lines: Iterable[str]) -> str:
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


@text.register(Law)
def law_text(law: Any) -> str:
    """A law on one line: name, both sides, conditions, and on the next its source.

    >>> import opalgebra as oa
    >>> from types import SimpleNamespace
    >>> sides = {"lhs": oa.Up(2), "rhs": oa.Down(2).T}
    >>> print(law_text(SimpleNamespace(name="up-is-down-transposed", conditions=(), source="definition", **sides)))
    up-is-down-transposed: ↑₂ = ↓₂ᵀ
        source: definition
    """
    conditions = f"    [{', '.join(law.conditions)}]" if law.conditions else ""
    source = f"\n    source: {law.source}" if law.source else ""
    return f"{law.name}: {text(law.lhs)} = {text(law.rhs)}{conditions}{source}"


@text.register(Proof)
def proof_text(proof: Any) -> str:
    """A proof with its derivation, a refutation with its witness, or what is missing.

    >>> import opalgebra as oa
    >>> from types import SimpleNamespace
    >>> sides = {"lhs": oa.Up(2) @ oa.Down(2), "rhs": oa.Identity()}
    >>> witness = SimpleNamespace(input=oa.Signal([1], start=1), kernels={}, factors={}, index=1, lhs=0, rhs=1)
    >>> print(proof_text(SimpleNamespace(verdict="refuted", reason="", witness=witness, steps=[], **sides)))
    refuted: ↑₂ ↓₂ ≠ I
      with x = δ₁ (one sample 1 at index 1): at n = 1 the left side gives 0, the right side 1
    """
    if proof.verdict == "proved" and len(proof.steps) > 1:
        return f"{derivation_text(proof.steps)}\nproved{given_text(proof)}"
    statement = f"{text(proof.lhs)} {SIGNS[proof.verdict][0]} {text(proof.rhs)}"
    lines = [f"{proof.verdict}{given_text(proof)}: {statement}"]
    if proof.witness is not None:
        lines.append("  " + witness_text(proof.witness))
    lines += [f"  {more}" for more in (rounding_hint(proof.witness), proof.reason, remedy(proof)) if more]
    return "\n".join(lines)


@text.register(Witness)
def witness_text(witness: Any) -> str:
    """An input, kernels and factors, and what both sides give."""
    return _witness(witness, _TEXT)


@latex.register(Proof)
def proof_latex(proof: Any) -> str:
    """The derivation, or both sides with ≠ and the values of the witness; LaTeX for mathematics mode."""
    if proof.verdict == "proved" and len(proof.steps) > 1:
        return derivation_latex(proof.steps)
    lines = [f"{latex(proof.lhs)} &{SIGNS[proof.verdict][1]}{after_sign(latex(proof.rhs))}"]
    witness = proof.witness
    if witness is not None:
        listed = ",\\ ".join(f"{left} = {right}" for left, right, _ in _circumstances(witness, _MARKDOWN))
        channels = getattr(witness, "channels", None)
        listed += rf"\ \text{{in channel {channels[1]}}}" if channels else ""
        where = rf"\text{{with }} {listed}:\ " if listed else ""
        values = rf"{number_latex(exact(witness.lhs))} \neq {number_latex(exact(witness.rhs))}"
        place = rf"\ \text{{of output channel {channels[0]}}}" if channels else ""
        lines.append(rf"&{where}{values}\ \text{{at }} n = {index_latex(witness.index)}{place}")
    lines += [f"&{words_latex(more)}" for more in (proof.reason, remedy(proof)) if more]
    return _aligned(lines)


def given_text(proof: Any) -> str:
    """The hypotheses of a proof as they follow its verdict, or ""."""
    given = ", ".join(str(hypothesis) for hypothesis in getattr(proof, "given", ()))
    return f", given {given}" if given else ""


def told(witness: Any) -> list[tuple[str, str]]:
    """The sentence about a witness in pieces, words and formulas in turn, each as text and as LaTeX."""
    mark = "\x1f"  # stands in no name
    said = (_witness(witness, notation._replace(math=mark)).split(mark) for notation in (_TEXT, _MARKDOWN))
    return list(zip(*said, strict=True))


def _witness(witness: Any, notation: _Notation) -> str:
    """The sentence that tells for which values both sides differ, and by what."""
    circumstances = ", ".join(
        notation.formula(left, right) + remark for left, right, remark in _circumstances(witness, notation)
    )
    math = notation.math
    left, right = (f"{math}{notation.number(exact(value))}{math}" for value in (witness.lhs, witness.rhs))
    where = notation.formula("n", notation.index(witness.index))
    channels = getattr(witness, "channels", None)
    where += f" of output channel {channels[0]}" if channels else ""
    values = f"at {where} the left side gives {left}, the right side {right}"
    return f"with {circumstances}: {values}" if circumstances else values


def _circumstances(witness: Any, notation: _Notation) -> list[tuple[str, str, str]]:
    """(name, value, remark) of the factors, the kernels and the input."""
    found = [(notation.symbol(name), notation.number(value), "") for name, value in witness.factors.items()]
    for name, kernel in witness.kernels.items():
        found.extend(_formal_value(name, kernel, notation))
    if witness.input is not None:
        taken = {*witness.kernels, *witness.factors}
        name = next(name for name in ("x", "u", "v", "input") if name not in taken or name == "input")
        value, remark = _signal_value(witness.input, notation)
        channels = getattr(witness, "channels", None)
        found.append((notation.name(name), value, remark + (f" in channel {channels[1]}" if channels else "")))
    return found


def _formal_value(name: str, value: Any, notation: _Notation) -> list[tuple[str, str, str]]:
    """The value of a formal signal, or the entries of a formal operator that are not zero."""
    if isinstance(value, Signal):
        return [(notation.name(name), *_signal_value(value, notation))]
    if not isinstance(value, Mapping):
        return [(notation.name(name), notation.expression(value), "")]
    label = notation.symbol(name)
    if not value:
        return [(label, "0", "")]
    return [
        (f"{label}[{', '.join(notation.index(_single(n)) for n in at)}]", notation.number(exact(entry)), "")
        for at, entry in value.items()
    ]


def _single(index: Any) -> Any:
    return index[0] if isinstance(index, tuple) and len(index) == 1 else index


def _signal_value(signal: Signal, notation: _Notation) -> tuple[str, str]:
    """A signal, and a remark that says what δ₁ is."""
    items = signal.items()
    if not items:
        return "0", ""
    if len(items) > 1 or exact(_plain(items[0][1])) != 1:
        return notation.expression(signal), ""
    index = _single(items[0][0])
    math = notation.math
    return notation.delta(index), f" (one sample 1 at index {math}{notation.index(index)}{math})"


def _plain(value: Any) -> Any:
    """A NumPy scalar as a Python number."""
    return value.item() if hasattr(value, "dtype") else value
