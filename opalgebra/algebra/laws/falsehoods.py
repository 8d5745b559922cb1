"""Tempting falsehoods: data.  Each is refuted by a witness, and the smallest one found is small.

Those about arrays are statements of bound operators: a builder binds its sides itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ..decide.proof import Proof
from ..decide.prove import prove
from .law import Sides, Stated
from .table import Table


@dataclass(frozen=True)
class Falsehood(Stated):
    """An equation that is often believed and does not hold.

    Attributes
    ----------
    name, why : str
        Its name, and why it tempts.
    sides : callable
        Makes both sides.
    reach : int
        The sample 1 of the smallest witness stands at most so far from 0.
    taps : int
        The kernels of the smallest witness together have at most so many taps.
    """

    name: str
    sides: Callable[[], Sides]
    why: str
    reach: int
    taps: int = 0

    sign = r"\neq"

    def _both(self) -> Sides:
        return self.sides()

    def refute(self) -> Proof:
        """The refutation, with its witness.

        >>> import opalgebra as oa
        >>> print(oa.falsehoods["up-down"].refute())
        refuted: ↑ₖ ↓ₖ ≠ I
          with k = 2, x = δ₁ (one sample 1 at index 1): at n = 1 the left side gives 0, the right side 1
        """
        return prove(*self.sides())

    def __str__(self) -> str:
        return f"{self.name}: {self.statement} (false)\n    tempting: {self.why}"


def _rows() -> list[Falsehood]:
    from ...expr.blocks import Block
    from ...expr.factors import factors
    from ...expr.multirate import Conv, Down, Flip, Shift, Up
    from ...expr.named import AvgPool, Repeat
    from ...expr.operators import Identity
    from ...expr.sampling import SamplingMatrix
    from ...expr.signals import Signal, signals
    from .builders import branches, delay, letters

    identity, flip = Identity(), Flip()
    q, x = signals("q x")
    k = factors("k")
    blur = Signal([1, 2, 1], start=-1)
    low, high = Conv([1, 2, 1]), Conv([1, -2, 1])
    imaginary = Conv(Signal([1, 1j]))
    commuting, triangular = SamplingMatrix([[2, 0], [0, 2]]), SamplingMatrix([[1, 1], [0, 2]])
    quincunx = SamplingMatrix([[1, 1], [1, -1]])
    return [
        Falsehood("up-down", lambda: (Up(k) @ Down(k), identity), "↓k ↑k = I holds", 1),
        Falsehood("down-of-conv", lambda: (Down(k) @ (Conv(q) @ x), Conv(Down(k) @ q) @ (Down(k) @ x)),
                  "sampling looks like a homomorphism", 0, 4),
        Falsehood("up-of-conv", lambda: (Up(k) @ (Conv(q) @ x), Conv(q) @ (Up(k) @ x)),
                  "↑k (q∗x) = (↑k q)∗(↑k x) holds, and the second ↑k is easily lost", 0, 4),
        Falsehood("down-shift", lambda: (Down(k) @ Shift(1), Shift(1) @ Down(k)), "↓k Sᵏ = S ↓k holds", 1),
        Falsehood("strided-transpose", lambda: ((Down(k) @ Conv(q)).T, Conv(q) @ Up(k)),
                  "the reversal of the kernel is forgotten", 1, 2),
        Falsehood("transposed-by-up", lambda: ((Up(k) @ Conv(q).T).T, Conv(q) @ Up(k)),
                  "printed in a popular answer, whose own matrices use ↓k", 1, 2),
        Falsehood("repeat-down", lambda: (Repeat(2) @ Down(3), Down(3) @ Repeat(2)),
                  "↑a and ↓b commute for coprime a and b", 2),
        Falsehood("conv-repeat", lambda: (Conv(q) @ Repeat(k), Repeat(k) @ Conv(q)),
                  "blurring before or after enlarging looks the same", 1, 2),
        Falsehood("polyphase-sign", lambda: (
                  branches(3, lambda r: letters(delay(-r), Up(3), Down(3), delay(-r))), identity),
                  "the delays of Σ Sʳ ↑k ↓k S⁻ʳ = I get one sign", 1),
        Falsehood("flip-then-slice", lambda: ((Down(2) @ Shift(3) @ flip).on(4, out=2),
                                              (Shift(1) @ flip @ Down(2)).on(4, out=2)),
                  "x[::-1][::k] is x[::k][::-1] where k divides N − 1", 3),
        Falsehood("same-padding", lambda: (Conv(blur).on(3, mode="same") @ Conv(blur).on(3, mode="same"),
                                           (Conv(Conv(blur) @ blur)).on(3, mode="same")),
                  "convolutions on ℤ compose to the convolution with p∗q", 2),
        Falsehood("up-down-common-factor", lambda: (Up(4) @ Down(6), Down(6) @ Up(4)),
                  "↑L ↓M = ↓M ↑L holds for coprime L and M", 3),
        Falsehood("up-down-commuting", lambda: (Up(commuting) @ Down(triangular), Down(triangular) @ Up(commuting)),
                  "LM = ML is taken to be enough for ↑L ↓M = ↓M ↑L", 2),
        Falsehood("down-down-order", lambda: (Down(quincunx) @ Down(triangular), Down(quincunx @ triangular)),
                  "↓a ↓b = ↓(ab) holds for numbers; ↓A ↓B = ↓(BA)", 2),
        Falsehood("circular-noble", lambda: (
                  (Down(2) @ Conv(Up(2) @ Signal([1, 1]))).on(5, out=3, boundary="wrap"),
                  Conv([1, 1]).on(3, out=3, boundary="wrap") @ Down(2).on(5, out=3)),
                  "the noble identity holds on ℤ, and on circles whose length k divides", 4),
        Falsehood("alias-free", lambda: (
                  Block([[low @ Up(2), -high @ Up(2)]]) @ Block([[Down(2) @ low], [Down(2) @ high]]),
                  Block([[4 * Shift(1)]])),
                  "aliasing cancels, but what is left is a filter and not a delay", 0),
        Falsehood("conj-of-transpose", lambda: (imaginary.T.conj(), imaginary.H.T),
                  "one of the two wrappers is taken for the other", 0),
        Falsehood("mean-undone", lambda: (Repeat(2) @ AvgPool(2), identity), "AvgPool(k) Repeat(k) = I holds", 1),
    ]  # fmt: skip


class Falsehoods(Table[Falsehood]):
    """The falsehoods by name.

    >>> import opalgebra as oa
    >>> print(oa.falsehoods["down-shift"].statement)
    ↓ₖ S = S ↓ₖ
    """

    kind, name = "falsehood", "falsehoods"

    @cached_property
    def _rows(self) -> dict[str, Falsehood]:
        return {row.name: row for row in _rows()}


falsehoods = Falsehoods()
