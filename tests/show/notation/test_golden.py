"""One expression of every kind in every notation, compared with the files in ``tests/golden``.

``python -m tests.show.notation.test_golden`` writes the files anew; read the difference before it is kept.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import sympy

import opalgebra as oa
from opalgebra.expr.factors import integers
from opalgebra.expr.signals import box
from opalgebra.show.notation.code import code
from opalgebra.show.notation.latex import latex
from opalgebra.show.notation.text import ascii_text, text
from opalgebra.show.pages import derivation
from opalgebra.show.pages.cards import proof_card
from opalgebra.show.pages.document import Lines
from opalgebra.show.pages.markdown import markdown

GOLDEN = Path(__file__).parents[2] / "golden"
NOTATIONS = {"text": text, "ascii": ascii_text, "latex": latex, "code": code}
DERIVATIONS = {
    "text": derivation.derivation_text,
    "latex": derivation.derivation_latex,
    "markdown": lambda steps: markdown([Lines(steps)]),
}
PROOFS = {
    "text": derivation.proof_text,
    "latex": derivation.proof_latex,
    "markdown": lambda proof: markdown(proof_card(proof)),
}


class Step(NamedTuple):
    expression: Any
    law: str
    condition: str


def expressions() -> list[Any]:
    p, q, x = oa.signals("p q x")
    k, m, L = oa.factors("k m L")
    d = integers("d")
    A, B = oa.operators("A B")
    Conv, Up, Down, Shift, Signal = oa.Conv, oa.Up, oa.Down, oa.Shift, oa.Signal
    return [
        Down(2) @ Conv(q) @ Up(3),
        (Down(k) @ Conv(q).T).T,
        Conv(q) @ Up(k) @ x,
        *[Conv(kernel) for kernel in (q.conj(), oa.signals("rate").conj(), Up(2) @ q, Conv(p) @ q, p + Shift(1) @ q)],
        Conv(Conv(p) @ Conv(x) @ q),
        Conv(Conv(p) @ Up(2) @ q),
        Conv(Conv(Conv(p) @ x) @ q),
        Conv([1, 2, 1]),
        Conv(Signal([1, 2, -1], start=-1)),
        Conv(Signal([0.25, 0.5, 1.0, 1 / 3], start=2, dtype="float32")),
        Conv([1, 2j, 1 - 2j, 1j]),
        Conv(Signal([Fraction(1, 3), sympy.sqrt(2) / 2, sympy.exp(sympy.I * sympy.pi / 3)])),
        Conv(oa.signals("q", length=3)),
        Conv(oa.signals("q", length=3)) @ oa.Modulate(oa.signals("w", length=2, start=1, real=True)),
        Conv(list(range(64))),
        Conv([[1, 2], [3, 4]]),
        Conv(Signal([[1, 2], [3, 4]], start=(-1, 0))),
        Conv([[1] * 5] * 5),
        Conv([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        *[Conv(box(factor)) for factor in (k, k * m, (2, L))],
        oa.Modulate([1, -1]),
        oa.Modulate(Signal([1, -1], start=1)).T,
        oa.StridedConv(q, 2),
        oa.DilatedConv(Conv(p) @ q, k * m),
        oa.TransposedConv([[1, 2]], (2, k)).T,
        oa.Corr(q.conj()) @ oa.Repeat(3) @ oa.AvgPool(k) @ oa.LinearUp(12),
        oa.AvgPool(k).expand(),
        x - 2 * q + p,
        x - Conv(q) @ x,
        -(x + q),
        Fraction(1, 3) * x,
        Signal([1, 2, 3], start=-1) + (Signal([4]) + x),
        Signal([1, 2, 3], start=-1),
        Signal([]),
        A + B - 2 * A,
        -A + B,
        A - (A + B),
        (A + B) @ B.T,
        2 * A @ B,
        2 * (A @ B),
        A @ (2 * B),
        A**3,
        (A @ B) ** 2,
        (A**2) ** 3,
        A.T.T,
        A.T**2,
        A.H,
        A.conj().H,
        (A @ B + A).conj(),
        *[Shift(s) for s in (0, 1, 2, -1, (1, -2), d, k * d, 2 * d - 1)],
        Shift(1).T @ Shift(-1).T,
        Shift(sympy.Symbol("T", integer=True)),
        *[Up(factor) for factor in ((2, 3), k * m, L, 2 * k**2, (2, k), 12)],
        Up(12).T @ oa.Flip() @ oa.Identity() @ oa.Zero(),
        *[c * A for c in (Fraction(1, 2), -Fraction(1, 2), 1j, -1j, 1 + 2j, 0.25, -1e-7, sympy.sqrt(2), 1 / k, k + 1)],
        *[Conv(oa.signals(name)) for name in ("q_1", "q1", "alpha", "my_kernel", "beta_2", "_", "q_")],
    ]


def documents() -> dict[str, str]:
    q, x = oa.signals("q x")
    k = oa.factors("k")
    steps = [
        Step(oa.Conv(q.conj()) @ oa.Up(k), "", ""),
        Step(oa.Conv(q.conj()) @ oa.Down(k).T, "up-is-down-transposed", ""),
        Step((oa.Down(k) @ oa.Conv(q.conj()).T).T, "transpose_product", "100% of k ≥ 1"),
    ]
    witness = SimpleNamespace(
        input=oa.Signal([0, 2, 1], start=-1),
        kernels={"q_1": oa.Signal([1], start=2), "x": oa.Signal([1, Fraction(1, 2)]), "A": {((0,), (1,)): 1}, "B": {}},
        factors={"k": 2},
        index=-3,
        lhs=Fraction(1, 2),
        rhs=sympy.sqrt(2) / 2,
    )
    plane = SimpleNamespace(
        input=oa.Signal([[0, 1]], start=(1, -1)), kernels={}, factors={}, index=(1, 0), lhs=0, rhs=1
    )
    none = SimpleNamespace(input=None, kernels={}, factors={}, index=0, lhs=0, rhs=1)
    up_down = {"lhs": oa.Up(2) @ oa.Down(2), "rhs": oa.Identity()}
    proofs = {
        "proved": SimpleNamespace(verdict="proved", lhs=steps[0].expression, rhs=steps[2].expression, reason="",
                                  steps=steps, witness=None, given=("gcd(k, 2) = 1",)),
        "same": SimpleNamespace(verdict="proved", lhs=x, rhs=x, reason="", steps=[Step(x, "", "")], witness=None),
        "refuted": SimpleNamespace(verdict="refuted", reason="", steps=[], witness=witness, **up_down),
        "refuted-2d": SimpleNamespace(verdict="refuted", reason="", steps=[], witness=plane, **up_down),
        "refuted-signals": SimpleNamespace(verdict="refuted", reason="", steps=[], witness=none, lhs=x, rhs=q),
        "undecided": SimpleNamespace(verdict="undecided", reason="is gcd(k, 2) = 1?", steps=[], witness=None,
                                     **up_down),
    }  # fmt: skip
    law = SimpleNamespace(name="noble-down", lhs=oa.Down(k) @ oa.Conv(oa.Up(k) @ q), rhs=oa.Conv(q) @ oa.Down(k),
                          conditions=("k ≥ 1",), source="Vaidyanathan 1993, section 4.2")  # fmt: skip
    found = {"law": derivation.law_text(law)}
    for form in PROOFS:
        found[f"derivation {form}"] = DERIVATIONS[form](steps)
        for name, proof in proofs.items():
            found[f"{name} {form}"] = PROOFS[form](proof)
    return found


def golden(name: str) -> str:
    if name == "documents":
        return "".join(f"==== {title}\n{document}\n\n" for title, document in documents().items())
    return "".join(f"{NOTATIONS[name](expression)}\n" for expression in expressions())


@pytest.mark.parametrize("name", [*NOTATIONS, "documents"])
def test_rendering_is_that_of_the_golden_file(name: str) -> None:
    assert golden(name) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_golden_files_tell_different_expressions_apart() -> None:
    lines = (GOLDEN / "code.txt").read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == len(lines) == len(expressions())


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for which in [*NOTATIONS, "documents"]:
        (GOLDEN / f"{which}.txt").write_text(golden(which), encoding="utf-8")
