"""The names that the tables of textbook statements are written in."""

from __future__ import annotations

from typing import Any

import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Modulate, Shift, Up

k, m, M, L, N, a, b, c, g = oa.factors("k m M L N a b c g")
r, s, d, e, j, n = oa.integers("r s d e j n")
q, p, h, f, x, y, u = oa.signals("q p h f x y u")
w, v = oa.reals("w v")
t = sympy.Symbol("t", real=True)
A, B = oa.operators("A B")
I, S, R, O = Identity(), Shift(1), Flip(), oa.Zero()  # noqa: E741
SIGN = Modulate([1, -1])
PI, J, exp, cos = sympy.pi, sympy.I, sympy.exp, sympy.cos


def turn(frequency: Any) -> Any:
    """e^{iωn}."""
    return Modulate(frequency=frequency)


def root(at: Any, order: Any) -> Any:
    """e^{2πi at/order}."""
    return exp(2 * PI * J * at / order)


def total(body: Any, stop: Any, index: Any = r) -> Any:
    """Σ over 0 ≤ r < k."""
    return oa.Sum(body, (index, 0, stop))


def every(factor: Any) -> Any:
    """↑k ↓k."""
    return Up(factor) @ Down(factor)


def box(length: Any) -> Any:
    """Convolution with ones."""
    return Conv(oa.box(length))


def phase(kernel: Any, factor: Any, at: Any) -> Any:
    """The polyphase part ↓k S^{−r} q."""
    return Down(factor) @ Shift(-at) @ kernel


def part(factor: Any, at: Any) -> Any:
    """What a polyphase bank does to one phase: S^r ↑k ↓k S^{−r}."""
    return Shift(at) @ every(factor) @ Shift(-at)


def coprime(one: Any, other: Any) -> Any:
    """gcd = 1."""
    return oa.coprime(one, other)
