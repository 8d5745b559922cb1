"""The guided tour: the headline identities derived, proved, drawn as matrices, and run on real data."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import numpy as np

from .algebra.decide.proof import Proof
from .algebra.decide.prove import prove
from .algebra.derive.derivation import derive
from .algebra.facts import coprime
from .data import load
from .engine import explain
from .expr.factors import factors
from .expr.multirate import Conv, Down, Up
from .expr.named import DilatedConv, Repeat, StridedConv, TransposedConv
from .expr.operators import Identity, LinearOperator
from .expr.signals import Signal, box, signals
from .nn import Conv as ConvLayer
from .nn import ConvTranspose, trace
from .show.notation.ascii import carries, in_ascii, say
from .show.notation.text import number_text

WIDTH = 78
I = Identity()  # noqa: E741  # the field's name


def main(out: TextIO | None = None) -> int:
    """Print the tour; the exit status is 1 if anything in it did not come out as announced."""
    tour = Tour(out or sys.stdout)
    for chapter in (_introduction, _forum, _sampling, _folding, _misprint, _matrices, _layers, _on_data):
        chapter(tour)
    tour.say()
    tour.say(f"{tour.proved} identities proved, {tour.refuted} refuted, {tour.runs} runs on real data agree."
             if tour.sound else "Something above did not come out as announced.")  # fmt: skip
    return 0 if tour.sound else 1


class Tour:
    """Prints, and keeps count of what was shown."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.proved = self.refuted = self.runs = 0
        self.sound = True
        self.unicode = carries(out, "↑ₖ∗ᵀ≠−─│")

    def say(self, text: str = "") -> None:
        """Print lines, in ASCII where the output cannot carry the notation."""
        say(text if self.unicode else in_ascii(text), self.out)

    def title(self, text: str) -> None:
        """Begin a chapter."""
        self.say(f"\n{text}\n{'─' * min(len(text), WIDTH)}")

    def theorem(self, words: str, lhs: Any, rhs: Any, given: Any = ()) -> Proof:
        """Prove an identity and show its derivation."""
        self.proved += 1
        return self._expect(words, prove(lhs, rhs, given), "proved")

    def refutation(self, words: str, lhs: Any, rhs: Any) -> Proof:
        """Refute a tempting falsehood and show its witness."""
        self.refuted += 1
        return self._expect(words, prove(lhs, rhs), "refuted")

    def _expect(self, words: str, proof: Proof, verdict: str) -> Proof:
        self.sound = self.sound and proof.verdict == verdict
        self.say(f"\n{words}")
        self.indented(str(proof))
        return proof

    def indented(self, text: str) -> None:
        """Print lines that belong to the words before them."""
        self.say("\n".join("  " + line for line in text.splitlines()))

    def run(self, words: str, lhs: LinearOperator, rhs: LinearOperator, data: np.ndarray) -> None:
        """Run both sides of a proved identity on data; they must agree to rounding."""
        proof = prove(lhs, rhs)
        left, right = lhs @ data, rhs @ data
        error = _relative_difference(left, right)
        agree = bool(proof) and error < 1e-12
        self.runs += 1
        self.sound = self.sound and agree
        self.say(f"\n{words}")
        for name, side in (("left", lhs), ("right", rhs)):
            cost = explain(side, data.shape).multiply_adds
            self.say(f"  {name:<6}{cost:>12,} multiply-adds   {_short(str(side))}")
        self.say(
            f"  {proof.verdict} equal; largest difference of the two runs, relative to the largest sample: {error:.0e}"
        )


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _relative_difference(left: Signal, right: Signal) -> float:
    low = tuple(map(min, left.starts, right.starts))
    high = tuple(map(max, left.stops, right.stops))
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    difference = np.max(np.abs(left[window].astype(float) - right[window].astype(float)))
    return float(difference / np.max(np.abs(left.values.astype(float))))


def _introduction(tour: Tour) -> None:
    tour.say("opalgebra: the operators of signal processing as objects.")
    tour.say("(q∗) is the convolution with q, ↑ₖ inserts k−1 zeros, ↓ₖ keeps every k-th sample.")
    tour.say("q, p, x stand for any finitely supported signals, k, a, b for any factors.")


def _forum(tour: Tour) -> None:
    k = factors("k")
    q, x = signals("q x")
    tour.title("What are deconvolutional layers?")
    tour.theorem("Upsampling is transposed downsampling.", Up(k), Down(k).T)
    tour.theorem("A strided convolution is a convolution, then ↓ₖ.", StridedConv(q, k), Down(k) @ Conv(q))
    tour.theorem("A dilated convolution has its kernel spread by ↑ₖ.", DilatedConv(q, k), Conv(Up(k) @ q))
    tour.theorem("A transposed convolution is ↑ₖ, then a convolution.", TransposedConv(q, k), Conv(q) @ Up(k))
    tour.say("\nWhy it is called transposed: the lines between are found, and each is checked:")
    chain = derive(Conv(q) @ (Up(k) @ x)).to((Down(k) @ Conv(q).T).T @ x)
    tour.indented(str(chain))
    tour.proved += 1
    tour.say(f"  in LaTeX: {Conv(q) @ Up(k):latex} = {(Down(k) @ Conv(q).T).T:latex}")


def _sampling(tour: Tour) -> None:
    k, a, b = factors("k a b")
    q = signals("q")
    tour.title("Multirate identities, for every factor and every kernel")
    tour.theorem("Noble identity, downsampling.", Down(k) @ Conv(Up(k) @ q), Conv(q) @ Down(k))
    tour.theorem("Noble identity, upsampling.", Conv(Up(k) @ q) @ Up(k), Up(k) @ Conv(q))
    tour.theorem("↓ₖ undoes ↑ₖ …", Down(k) @ Up(k), I)
    tour.refutation("… but ↑ₖ does not undo ↓ₖ.", Up(k) @ Down(k), I)
    tour.theorem("↑ₐ and ↓_b commute if a and b are coprime …", Up(a) @ Down(b), Down(b) @ Up(a), coprime(a, b))
    tour.refutation("… and not otherwise.", Up(4) @ Down(6), Down(6) @ Up(4))


def _folding(tour: Tour) -> None:
    k, q = factors("k"), signals("q")
    q3 = signals("q", length=3)
    tour.title("Repeat-upsampling and a convolution fold into one transposed convolution")
    folded = TransposedConv(Conv(q) @ box(k), k)
    tour.theorem("For every factor, with 1ₖ the box of k ones:", Conv(q) @ Repeat(k), folded)
    folded = TransposedConv(Conv(q3) @ [1, 1], 2)
    tour.theorem(
        "A 3-tap kernel after a repeat by 2 is a transposed convolution with 4 taps:", Conv(q3) @ Repeat(2), folded
    )


def _misprint(tour: Tour) -> None:
    k, q = factors("k"), signals("q")
    tour.title("A misprint found")
    tour.refutation("A popular answer ends its derivation with (↑ₖ (q∗)ᵀ)ᵀ. That is not (q∗) ↑ₖ:",
                    (Up(k) @ Conv(q).T).T, Conv(q) @ Up(k))  # fmt: skip


def _matrices(tour: Tour) -> None:
    q = signals("q", length=3, start=-1)
    tour.title("The matrices of that answer, for k = 2, q = (q₀ q₁ q₂) centred, 4 samples")
    named: list[tuple[str, Any]] = [
        ("(q∗)", Conv(q).matrix(4, 4)),
        ("↑₂", Up(2).matrix(4, 2)),
        ("↓₂", Down(2).matrix(2, 4)),
        ("(q∗) ↑₂", (Conv(q) @ Up(2)).matrix(4, 2)),
        ("(↓₂ (q∗)ᵀ)ᵀ", (Down(2) @ Conv(q).T).T.matrix(4, 2)),
        ("(↑₂ (q∗)ᵀ)ᵀ", (Up(2) @ Conv(q).T).T.matrix(4, 2)),
    ]
    for name, matrix in named:
        lines = _matrix_lines(matrix)
        middle = (len(lines) - 1) // 2
        tour.say()
        for i, line in enumerate(lines):
            tour.say(f"  {name + ' =' if i == middle else '':>16} {line}")


def _sympy_matrix(entries: np.ndarray) -> Any:
    import sympy

    return sympy.Matrix(entries.tolist())


def _matrix_lines(matrix: Any) -> list[str]:
    cells = [[number_text(entry) for entry in matrix.row(i)] for i in range(matrix.rows)]
    width = max(len(cell) for row in cells for cell in row)
    return ["│ " + "  ".join(cell.center(width) for cell in row) + " │" for row in cells]


def _layers(tour: Tour) -> None:
    k, (q, x) = factors("k"), signals("q x")
    tour.title("The same operators as layers, on arrays with ends")
    ones = np.ones((1, 1, 3, 3), dtype=int)
    layer = ConvTranspose(ones, stride=2, padding="same")
    found = layer([[[1, 2], [3, 4]]])[0]
    expected = [[1, 1, 3, 2], [1, 1, 3, 2], [4, 4, 10, 6], [3, 3, 7, 4]]
    tour.say("\nThe example of that thread: 3 × 3 ones, stride 2, padding 'same', applied to (1 2; 3 4):")
    tour.indented("\n".join(_matrix_lines(_sympy_matrix(found))))
    tour.sound = tour.sound and found.tolist() == expected
    taps = [[[1, 2, 3]]]
    tour.theorem(
        "As layers: a transposed convolution is the transpose of a strided one, ends included.",
        ConvTranspose(taps, stride=2).on(4), ConvLayer(taps, stride=2).on(9).T,
    )  # fmt: skip
    tour.say("\nWhich input feeds which output, for 3 taps and stride 2, one sample cropped at each end:")
    tour.indented(str(trace(ConvTranspose(taps, stride=2, padding=1), 3)).split("\n\n")[1])
    tour.theorem("The weights as the unknown: the weight gradient is the transpose of ↓ₖ (x∗), a dilated convolution.",
                 Down(k) @ (Conv(q) @ x), Down(k) @ (Conv(x) @ q))  # fmt: skip


def _on_data(tour: Tour) -> None:
    tour.title("The same expressions run: a photograph (512 × 512) and a temperature series (264)")
    photograph, series = load("camera").astype(float), load("nino")
    q = Signal([-1.0, 0.0, 9.0, 16.0, 9.0, 0.0, -1.0]) * (1 / 32)
    smooth, two = Signal(np.outer([1, 2, 1], [1, 2, 1]) / 16), (2, 2)
    sharpen = Signal([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    tour.run(
        "Series: smooth at the high rate, or at the low rate (noble identity).",
        Down(4) @ Conv(Up(4) @ q), Conv(q) @ Down(4), series,
    )  # fmt: skip
    tour.run(
        "Series: repeat and smooth, or one transposed convolution.",
        Conv([0.25, 0.5, 0.25]) @ Repeat(2), TransposedConv([0.25, 0.75, 0.75, 0.25], 2), series,
    )  # fmt: skip
    tour.run(
        "Photograph: smooth, keep every second pixel, sharpen; or one strided convolution.",
        Conv(sharpen) @ Down(two) @ Conv(smooth), StridedConv(Conv(smooth) @ (Up(two) @ sharpen), two), photograph,
    )  # fmt: skip
    tour.run(
        "Photograph: repeat pixels and smooth, or one transposed convolution.",
        Conv(smooth) @ Repeat(two), TransposedConv(Conv(smooth) @ [[1.0, 1.0], [1.0, 1.0]], two), photograph,
    )  # fmt: skip
