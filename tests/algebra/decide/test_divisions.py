"""Divisions with remainder by symbols, factors taken one after the other, common steps: true, near misses, faults."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

import opalgebra as oa
from opalgebra import AvgPool, Conv, Down, Modulate, Repeat, Shift, Up
from opalgebra.algebra.decide import affine, hypotheses, merging, parametrised, points, remainders

k, m, M, L, N = oa.factors("k m M L N")
r, s, d = oa.integers("r s d")
q, p, h = oa.signals("q p h")
I, S = oa.Identity(), Shift(1)  # noqa: E741


half, turn3 = Modulate([1, -1]), Modulate(frequency=2 * sympy.pi / 3)


def box(n: Any) -> Any:
    return Conv(oa.box(n))


def residues(n: Any, back: Any = 0, stop: Any = None, index: Any = r) -> Any:
    """Σ_r S^r ↑n ↓n S^{−r−back}, which is I for back = 0."""
    return oa.Sum(Shift(index) @ Up(n) @ Down(n) @ Shift(-index - back), (index, 0, n if stop is None else stop))


def written(n: int, last: int) -> Any:
    """The same with its terms written one after the other."""
    terms = [Shift(i) @ Up(n) @ Down(n) @ Shift(-i) for i in range(n - 1)]
    return sum(terms, Shift(last) @ Up(n) @ Down(n) @ Shift(-last))


PROVED: dict[str, tuple[Any, ...]] = {
    "remainders: after ↑k": (residues(m) @ Up(k), Up(k)),
    "remainders: after ↓k ↑m": (Down(2 * k) @ residues(M) @ Up(m), Down(2 * k) @ Up(m)),
    "remainders: of each other": (residues(k) @ residues(m) @ residues(3), I),
    "remainders: one in another": (
        oa.Sum(Shift(r) @ Up(m) @ residues(k, index=s) @ Down(m) @ Shift(-r), (r, 0, m)), I,
    ),
    "remainders: in a kernel": (Conv(residues(m) @ (Up(k) @ q)), Conv(Up(k) @ q)),
    "remainders: of a box": (residues(m) @ Repeat(k) @ Conv(p), Repeat(k) @ Conv(p)),
    "remainders: shifted": (residues(m, d) @ Up(k) @ Shift(d), Shift(-d) @ Up(k) @ Shift(d)),
    "remainders: a strided convolution": (
        Down(M) @ Conv(q) @ Up(k),
        oa.Sum(Conv(Down(M) @ (Shift(-r) @ q)) @ Down(M) @ Shift(r) @ Up(k), (r, 0, M)),
    ),
    "factors: resamplers in a row": (
        Down(M) @ Conv(h) @ Up(L) @ Down(N) @ Conv(p) @ Up(k),
        Down(M * N) @ Conv(Up(N) @ h) @ Conv(Up(L) @ p) @ Up(L * k), oa.coprime(L, N),
    ),
    "steps: written out": (written(3, 2) @ Down(k), Down(k)),
    "steps: of two and of three": (written(2, 1) @ Down(m), written(3, 2) @ Down(m)),
    "steps: in a kernel": (Conv(written(2, 1) @ q) @ Up(k), Conv(q) @ Up(k)),
    "ranges: every m-th of a box": (Down(m) @ oa.box(k * m), oa.box(k)),
    "ranges: and another one": (Down(m) @ (Shift(-1) @ oa.box(k * m)), oa.box(k), oa.not_divides(m, 1)),
    "turns: of a box": (Modulate(frequency=2 * sympy.pi / 7) @ box(k),
                        Conv(Modulate(frequency=2 * sympy.pi / 7) @ oa.box(k)) @ Modulate(frequency=2 * sympy.pi / 7)),
    "turns: odd factors": (Down(k) @ half, half @ Down(k), oa.coprime(2, k)),
    "turns: even factors": (Down(k) @ half, Down(k), oa.divides(2, k)),
    "turns: odd shifts": (half @ Shift(k), -1 * (Shift(k) @ half), oa.not_divides(2, k)),
    "turns: odd shifts after ↑k": (half @ Shift(k) @ Up(k), -1 * (Shift(k) @ half @ Up(k)), oa.not_divides(2, k)),
    "few: a divisor of 2": (Up(k) @ Conv(h), Up(2) @ Conv(h), [oa.divides(k, 2), oa.not_divides(k, 1)]),
    "few: a shift below 4": (Down(4) @ Shift(d) @ Up(4), oa.Zero(), [d > 0, d < 4]),
    "few: a divisor of 6": (
        Down(k) @ Shift(d) @ Up(k), oa.Zero(), [oa.divides(k, 6), k >= 2, d >= 1, d < k],
    ),
    "ranges: on either side of a kernel": (
        Conv(p) @ Repeat(k), residues(3) @ (3 * Conv(p) - 2 * Conv(p)) @ Repeat(k),
    ),
    "ranges: means": (AvgPool(m) @ Repeat(k), residues(m) @ AvgPool(m) @ residues(k) @ Repeat(k)),
}  # fmt: skip
MISSES: dict[str, tuple[Any, ...]] = {
    "remainders: half of them": (residues(2 * m, stop=m) @ Up(k), Up(k)),
    "remainders: all of them twice": (residues(m, stop=2 * m) @ Up(k), Up(k)),
    "remainders: a delay": (residues(m, 1) @ Up(k), Up(k)),
    "remainders: twice the step": (oa.Sum(Shift(2 * r) @ Up(m) @ Down(m) @ Shift(-2 * r), (r, 0, m)) @ Up(k), Up(k)),
    "remainders: of another number": (
        oa.Sum(Shift(r) @ Up(m) @ Down(m) @ Shift(-r), (r, 0, L)) @ Up(k), Up(k),
    ),
    "remainders: the wrong phase": (
        Down(M) @ Conv(q) @ Up(k),
        oa.Sum(Conv(Down(M) @ (Shift(r) @ q)) @ Down(M) @ Shift(r) @ Up(k), (r, 0, M)),
    ),
    "factors: not coprime": (
        Down(M) @ Conv(h) @ Up(L) @ Down(N) @ Conv(p) @ Up(k),
        Down(M * N) @ Conv(Up(N) @ h) @ Conv(Up(L) @ p) @ Up(L * k),
    ),
    "steps: one twice": (written(3, 1) @ Up(k), Up(k)),
    "ranges: of a longer box": (Down(m) @ oa.box(2 * k * m), oa.box(k)),
    "turns: of a box": (Modulate(frequency=2 * sympy.pi / 7) @ box(k),
                        Conv(Modulate(frequency=2 * sympy.pi / 7) @ oa.box(k)) @ Modulate(frequency=sympy.pi / 7)),
    "turns: some factors": (Down(k) @ half, half @ Down(k)),
    "turns: even shifts": (half @ Shift(k), -1 * (Shift(k) @ half), oa.divides(2, k)),
    "turns: thirds": (turn3 @ Shift(k), sympy.exp(2 * sympy.pi * sympy.I / 3) * (Shift(k) @ turn3), oa.coprime(2, k)),
    "few: a divisor of 4": (Up(k) @ Conv(h), Up(2) @ Conv(h), [oa.divides(k, 4), oa.not_divides(k, 1)]),
    "few: a shift up to 4": (Down(4) @ Shift(d) @ Up(4), oa.Zero(), [d > 0, d <= 4]),
    "ranges: another kernel": (Conv(p) @ Repeat(k), residues(3) @ Conv(p) @ Conv(oa.box(k)) @ Up(m)),
}  # fmt: skip


@pytest.mark.parametrize("name", PROVED)
def test_proved(name: str) -> None:
    lhs, rhs, *given = PROVED[name]
    proof = oa.prove(lhs, rhs, *given)
    assert proof.verdict == "proved", proof.reason
    assert proof.check()


@pytest.mark.parametrize("name", MISSES)
def test_a_near_miss_is_refuted(name: str) -> None:
    lhs, rhs, *given = MISSES[name]
    proof = oa.prove(lhs, rhs, *given)
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


def test_a_sum_written_out_is_read_again(tmp_path: Any) -> None:
    """Certificates have sums of known length written out."""
    proof = oa.prove(residues(2) @ Down(m), Down(m))
    proof.save(tmp_path / "proof.json")
    assert oa.load_proof(tmp_path / "proof.json").verdict == "proved"


def _any_division(state: Any, slot: int) -> Any:
    equation = state.point[state.ndim * slot]
    if state.labels[slot - 1] != remainders.EQUATION:
        return None
    bounded = [r for r in equation if r in state.bounds and equation[r] in (1, -1)]
    free = [u for u in equation if u and u not in state.bounds]
    return (max(bounded), max(free), int(equation[max(bounded)].LC)) if bounded and free else None


_combined = points._along
FAULTS: list[tuple[str, Any, str, Any]] = [
    ("remainders", merging, "division", _any_division),
    ("factors", affine.Context, "are_coprime", lambda self, left, right: True),
    ("steps", points, "representatives", lambda unit, lattice: [(0,) * len(lattice)] * 3),
    ("ranges", points, "_along", lambda columns, target, context: _combined(columns, (0,) * len(target), context)
     or [context.poly(0)] * len(columns)),
    ("turns", affine.Context, "is_odd", lambda self, symbol: True),
    ("few", hypotheses, "FEW", 1),
    ("ranges", parametrised, "divides", lambda factor, other: False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "where", "name", "wrong"), FAULTS, ids=[f"{f[0]}, {f[2]}" for f in FAULTS])
def test_a_planted_fault_is_seen(kind: str, where: Any, name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A near miss of the kind is proved with it, or a true statement is not."""
    monkeypatch.setattr(where, name, wrong)
    missed = [n for n in MISSES if n.startswith(kind) and oa.prove(*MISSES[n]).verdict == "proved"]
    lost = [n for n in PROVED if n.startswith(kind) and oa.prove(*PROVED[n]).verdict != "proved"]
    assert missed or lost
