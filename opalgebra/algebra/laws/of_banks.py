"""Rows of the catalogue about filter banks: laws 25 to 29 of multirate signal processing, and lifting."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...expr import Conv, Down, Flip, Identity, LinearOperator, Modulate, Up, axes, plain
from ...expr.signals import FormalSignal, Signal, signals
from ..banks.filterbank import filterbank
from ..banks.wavelets import lifting
from ..equations import Relation, paraunitary
from .law import Rule, Sides
from .sources import VAIDYANATHAN

SIGN = Modulate([1, -1])  # (−1)ⁿ
FIVE_THREE = filterbank(
    [Signal([-1, 2, 6, 2, -1], -2), Signal([-1, 2, -1], -2)],
    [Signal([1, 2, 1], -1), Signal([-1, -2, 6, -2, -1], -1)],
    2,
)


def band(h: Any, f: Any, k: Any) -> LinearOperator:
    """C_f ↑k ↓k C_h, one channel of a bank."""
    return Conv(f) @ Up(k) @ Down(k) @ Conv(h)


def alias_components(k: int, f: Any, h: Any) -> Sides:
    """C_f ↑k ↓k C_h = k⁻¹ Σ_l C_f C_{w^l h} w^l for w_n = e^{2πin/k}."""
    from ..numbers.algebraic import root_of_unity

    turns = [Modulate([root_of_unity(l * n, k) for n in range(k)]) for l in range(k)]  # noqa: E741
    parts = [Fraction(1, k) * (Conv(f) @ Conv(w @ h) @ w) for w in turns]
    return band(h, f, k), sum(parts[1:], start=parts[0])


def alias_cancellation(g: Any, h: Any) -> Sides:
    """f_0 = (−1)ⁿ h and f_1 = −(−1)ⁿ g for the analysis filters g and h."""
    lhs = band(g, SIGN @ h, 2) - band(h, SIGN @ g, 2)
    return 2 * lhs, Conv(SIGN @ h) @ Conv(g) - Conv(SIGN @ g) @ Conv(h)


def nyquist_filter(k: Any, g: Any) -> Any:
    """δ + g − ↑k ↓k g, which is every h with ↓k h = δ, for some g."""
    return Signal([1] if len(axes(k)) == 1 else [[1]]) + g - Up(k) @ Down(k) @ g


def _paraunitary(h: Any, g: Any) -> tuple[Relation, ...]:
    return (paraunitary([h, g], 2),) if isinstance(h, FormalSignal) and isinstance(g, FormalSignal) else ()


def _lifted(p: Any, u: Any) -> Sides:
    return plain(lifting(("predict", p), ("update", u)).operator), Identity()


def _lifted_wrongly(p: Any, u: Any) -> Sides:
    right, wrong = lifting(("predict", p), ("update", u)), lifting(("update", u), ("predict", p))
    return plain(wrong.synthesis @ right.analysis), Identity()


def _one_tap_off() -> LinearOperator:
    changed = [Signal([1, 2, 2], -1), FIVE_THREE.synthesis_filters[1]]
    return plain(filterbank(FIVE_THREE.analysis_filters, changed, 2).operator)


# Generic kernels are given where a side is no pattern that could be looked for in an expression.
BANKS = [
    Rule("alias-components", "k:factor f:kernel h:kernel", alias_components, f"{VAIDYANATHAN}, §5.4",
        lambda k, f, h: (band(h, f, k), Fraction(1, k) * (Conv(f) @ Conv(h))), generic={"k": 2}),
    Rule("alias-cancellation", "g:kernel h:kernel", alias_cancellation, f"{VAIDYANATHAN}, §5.1",
        lambda g, h: (2 * (band(g, SIGN @ h, 2) + band(h, SIGN @ g, 2)), alias_cancellation(g, h)[1]),
        generic={"g": signals("g")}),
    Rule("five-three-reconstruction", "q:kernel", lambda q: (plain(FIVE_THREE.operator) @ q, 16 * q),
        "Le Gall and Tabatabai, ICASSP (1988)", lambda q: (_one_tap_off() @ q, 16 * q), generic={"q": signals("q")}),
    Rule("lifting-reconstruction", "p:kernel u:kernel", _lifted,
        "Daubechies and Sweldens, J. Fourier Anal. Appl. 4 (1998)", _lifted_wrongly, generic={"p": signals("p")}),
    Rule("paraunitary-reconstruction", "h:kernel g:kernel",
        lambda h, g: (band(h, Flip() @ h.conj(), 2) + band(g, Flip() @ g.conj(), 2), Identity()),
        f"{VAIDYANATHAN}, §6.1", lambda h, g: (band(h, h.conj(), 2) + band(g, g.conj(), 2), Identity()),
        conditions=("h, g paraunitary for k = 2",), given=_paraunitary, generic={"h": signals("h")}),
    Rule("nyquist", "k:factor g:kernel", lambda k, g: (Down(k) @ Conv(nyquist_filter(k, g)) @ Up(k), Identity()),
        f"{VAIDYANATHAN}, §4.6", lambda k, g: (Down(k) @ Conv(Signal([1]) + g) @ Up(k), Identity()),
        generic={"g": signals("g")}),
]  # fmt: skip
