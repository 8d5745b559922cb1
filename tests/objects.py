"""One of each thing that a user gets and a notebook shows, with the kinds of display that it must have."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

import opalgebra as oa

q, x = oa.signals("q x")
k, m, n = oa.factors("k m n")
F = oa.Conv([1, 2, 1]).on(32, mode="same", boundary="wrap")
TRANSPOSED = oa.prove(oa.Conv(q) @ oa.Up(k), (oa.Down(k) @ oa.Conv(q).T).T)
REFUTED = oa.prove(oa.Up(k) @ oa.Conv(q), oa.Conv(q) @ oa.Up(k))
MOVES = oa.derive(oa.Down(2) @ oa.Conv(q).T).moves()
HARD = "x%{$#}\\_^~&<|>\"'"  # a symbol of SymPy may be called anything

SHOWN: dict[str, tuple[Any, set[str]]] = {
    "operator": (oa.Down(2) @ oa.Conv(q), {"latex"}),
    "named": (oa.StridedConv(q, 2), {"latex"}),
    "block": (oa.Block([[oa.Conv(q), oa.Up(2)]]), {"latex"}),
    "polyphase": (oa.Polyphase(3), {"latex"}),
    "sum": (oa.laws["polyphase-conv"].rhs, {"latex"}),
    "optimized": ((oa.Conv([1, 2, 1]) @ oa.Repeat(2)).optimize(), {"latex"}),
    "signal": (oa.Signal([1, 2, -1], start=-1), {"latex", "html"}),
    "complex signal": (oa.Signal([1, 2j, -1 + 1j]), {"latex", "html"}),
    "zero signal": (oa.Signal([0, 0]), {"latex", "html"}),
    "long signal": (oa.Signal(np.sin(np.arange(1000) / 30), start=-20), {"latex", "html"}),
    "exact signal": (oa.Signal([sympy.sqrt(2), sympy.Rational(1, 3)]), {"latex", "html"}),
    "image": (oa.Signal([[1, 2], [3, 4]]), {"latex"}),
    "symbolic signal": (oa.signals("h", length=3), {"latex"}),
    "formal signal": (q, {"latex"}),
    "empty signal": (oa.Signal([]), {"latex"}),
    "proof": (TRANSPOSED, {"latex", "markdown"}),
    "refutation": (REFUTED, {"latex", "markdown"}),
    "refutation in the plane": (oa.prove(oa.Up((2, 2)) @ oa.Down((2, 2)), oa.Identity()), {"latex", "markdown"}),
    "refuted blocks": (oa.falsehoods["alias-free"].refute(), {"latex", "markdown"}),
    "bound refutation": (oa.falsehoods["flip-then-slice"].refute(), {"latex", "markdown"}),
    "bound proof": (oa.prove(F, F.T.T), {"latex", "markdown"}),
    "proof for all sizes": (oa.prove(oa.Conv([1, 1]).on(n), oa.Conv([1, 1]).on(n)), {"latex", "markdown"}),
    "derivation": (oa.derive(oa.Conv(q) @ oa.Up(2)).to((oa.Down(2) @ oa.Conv(q).T).T), {"latex", "markdown"}),
    "step": (TRANSPOSED.steps[1], {"latex"}),
    "moves": (MOVES, {"html"}),
    "move": (MOVES[0], {"latex"}),
    "law": (oa.laws["noble-down"], {"latex", "markdown"}),
    "laws": (oa.laws, {"html"}),
    "falsehood": (oa.falsehoods["up-down"], {"latex", "markdown"}),
    "bound falsehood": (oa.falsehoods["flip-then-slice"], {"latex", "markdown"}),
    "falsehoods": (oa.falsehoods, {"html"}),
    "witness": (REFUTED.witness, {"html"}),
    "bound witness": (oa.falsehoods["flip-then-slice"].refute().witness, {"html"}),
    "hypothesis": (oa.coprime(k, m), {"latex"}),
    "filter bank": (oa.wavelet("haar"), {"latex", "html"}),
    "tree": (oa.wavelet("haar").tree(2), {"html"}),
    "cost": ((oa.Down(2) @ oa.Conv([1, 2, 1])).cost(), {"html", "markdown"}),
    "bound": (F, {"latex"}),
    "transposed": (F.T, {"latex"}),
    "bound for all sizes": (oa.Conv([1, 1]).on(n), {"latex"}),
    "plan": (F.explain(), {"html"}),
    "layer": (oa.nn.Conv([[[1, 2, 3]]], padding=1), {"html"}),
    "pool": (oa.nn.MaxPool(2), {"html"}),
    "chain": (oa.nn.MaxPool(2) @ oa.nn.Upsample(2), {"html"}),
    "bound layer": (oa.nn.Conv([[[1, 2, 3]]], padding=1).on(8), {"latex"}),
    "bound pool": (oa.nn.MaxPool(2).on(8), {"html"}),
    "permutation": (oa.nn.PixelShuffle(2).on((4, 4)), {"latex"}),
    "checkerboard": (oa.checkerboard(oa.nn.ConvTranspose([[[1, 2, 3]]], 2)), {"html"}),
    "trace": (oa.nn.trace(oa.nn.Conv([[[1, 2, 3]]], padding=1), 5), {"html"}),
    "large trace": (oa.nn.trace(oa.nn.Conv([[[1, 2, 3]]], padding=1), 50), {"html"}),
    "sampling matrix": (oa.SamplingMatrix([[1, 1], [1, -1]]), {"latex"}),
    "hard names": (
        oa.Conv(oa.signals("日é"))
        @ oa.Up(sympy.Symbol(HARD, integer=True, positive=True))
        @ oa.Conv(oa.signals("α_β")),
        {"latex"},
    ),
}


def hard_law(name: str) -> Any:
    """Two equal lines in which a name with special characters stands, in its expressions and as its condition."""
    symbol = sympy.Symbol(name, integer=True, positive=True)
    return oa.prove(oa.Up(symbol) @ oa.Down(3), oa.Down(3) @ oa.Up(symbol), given=oa.coprime(symbol, 3))
