"""Laws of sums over an index: what they are, how they are written otherwise, and how they meet products.

Every row has finders beside its sides: what is under a sum is no pattern.
"""

from __future__ import annotations

from typing import Any

import sympy

from ...expr import Character, Conv, Down, LinearUp, Modulate, Shift, Signal, Up, Zero, box
from ...expr.operators import Adjoint, Conj, Transpose
from ...expr.sums import Sum
from ...scalar import is_sympy
from ..facts import Coprime, coprime, not_divides
from . import letter_forms, sum_forms, sum_values
from .builders import I, letters, negative, not_empty
from .law import Rule, Sides
from .sources import CROCHIERE, LINEAR, OPPENHEIM, VAIDYANATHAN

r, s, t = sympy.symbols("r s t", integer=True)


def total(body: Any, stop: Any, index: Any = r) -> Any:
    """Σ over 0 ≤ r < k."""
    return Sum(body, (index, 0, stop))


def turn(at: Any, M: Any, over: Any = 0) -> Character:
    """e^{i(2π at/M + over)n}."""
    return Character(2 * sympy.pi * at / M + over)


def root(at: Any, M: Any) -> Any:
    """e^{2πi at/M}."""
    return sympy.exp(2 * sympy.pi * sympy.I * at / M)


def every(k: Any) -> Any:
    return Up(k) @ Down(k)


def phases(at: Any, M: Any) -> Any:
    """Σ of S^at ↑M ↓M S^{−at}."""
    return total(letters(Shift(at), Up(M), Down(M), Shift(negative(at))), M)


def _prime(L: Any, M: Any) -> tuple[Coprime, ...]:
    return (coprime(L, M),) if is_sympy(L) or is_sympy(M) else ()


def _combed(M: Any, d: Any, w: Any) -> Sides:
    lhs = total(root(r * d, M) * turn(r, M, w), M)
    return lhs, M * letters(Shift(negative(d)), Up(M), Down(M), Shift(d), Character(w))


def _fourier(M: Any, A: Any) -> Sides:
    return total(total(root(r * s, M) * (A @ Shift(s)), M, s), M), M * A


def _geometric(k: Any, m: Any) -> Sides:
    return (I - Shift(m)) @ total(Shift(r * m), k), I - Shift(k * m)


SUMS = [
    Rule("sum-left", "A:operator B:operator k:factor",
        lambda A, B, k: (A @ total(Shift(r) @ B, k), total(A @ Shift(r) @ B, k)), LINEAR,
        lambda A, B, k: (A @ total(Shift(r) @ B, k), total(Shift(r) @ A @ B, k)),
        made=sum_forms.into_sum(True), unmade=sum_forms.out_of_sum(True)),
    Rule("sum-right", "A:operator B:operator k:factor",
        lambda A, B, k: (total(A @ Shift(r), k) @ B, total(A @ Shift(r) @ B, k)), LINEAR,
        lambda A, B, k: (total(A @ Shift(r), k) @ B, total(A @ B @ Shift(r), k)),
        made=sum_forms.into_sum(False), unmade=sum_forms.out_of_sum(False)),
    Rule("sum-scale", "c:scalar A:operator k:factor",
        lambda c, A, k: (c * total(A @ Shift(r), k), total(c * (A @ Shift(r)), k)), LINEAR,
        lambda c, A, k: (c * total(A @ Shift(r), k), total(A @ Shift(r), k)),
        made=sum_forms.scaled_sum, unmade=sum_forms.out_of_scaled_sum),
    Rule("sum-sum", "A:operator B:operator k:factor",
        lambda A, B, k: (total(A @ Shift(r) + Shift(r) @ B, k), total(A @ Shift(r), k) + total(Shift(r) @ B, k)),
        LINEAR, lambda A, B, k: (total(A @ Shift(r) + Shift(r) @ B, k), total(A @ Shift(r), k) + Shift(1) @ B),
        made=sum_forms.sums_split),
    Rule("sum-transpose", "A:operator k:factor",
        lambda A, k: (total(A @ Shift(r), k).T, total((A @ Shift(r)).T, k)), LINEAR,
        lambda A, k: (total(A @ Shift(r), k).T, total(A @ Shift(r), k)), made=sum_forms.wrapped_sum(Transpose)),
    Rule("sum-adjoint", "A:operator k:factor",
        lambda A, k: (total(A @ Shift(r), k).H, total((A @ Shift(r)).H, k)), LINEAR,
        lambda A, k: (total(A @ Shift(r), k).H, total((A @ Shift(r)).T, k)), made=sum_forms.wrapped_sum(Adjoint)),
    Rule("sum-conj", "A:operator k:factor",
        lambda A, k: (total(A @ Shift(r), k).conj(), total((A @ Shift(r)).conj(), k)), LINEAR,
        lambda A, k: (total(A @ Shift(r), k).conj(), total(A @ Shift(r), k)), made=sum_forms.wrapped_sum(Conj)),
    Rule("sum-signal", "A:operator q:kernel k:factor",
        lambda A, q, k: (total(A @ Shift(r) @ q, k), total(A @ Shift(r), k) @ q), LINEAR,
        lambda A, q, k: (total(A @ Shift(r) @ q, k), A @ q),
        made=sum_forms.applied_sum, unmade=sum_forms.summed_application),
    Rule("sum-kernel", "A:operator q:kernel k:factor",
        lambda A, q, k: (total(Conv(A @ Shift(r) @ q), k), Conv(total(A @ Shift(r), k) @ q)), LINEAR,
        lambda A, q, k: (total(Conv(A @ Shift(r) @ q), k), Conv(A @ q)), made=sum_values.kernels_summed),
    Rule("sum-constant", "A:operator k:factor", lambda A, k: (total(A, k), k * A), LINEAR,
        lambda A, k: (total(A, k), (k + 1) * A), made=sum_values.constant_sum),
    Rule("sum-exchange", "A:operator B:operator a:factor b:factor",
        lambda A, B, a, b: (total(total(Shift(r) @ A @ Shift(s) @ B, b, s), a),
                            total(total(Shift(r) @ A @ Shift(s) @ B, a), b, s)), LINEAR,
        lambda A, B, a, b: (total(total(Shift(r) @ A @ Shift(s) @ B, b, s), a),
                            total(total(Shift(r) @ A @ Shift(s) @ B, b), a, s)), made=sum_forms.exchanged),
    Rule("sum-split", "A:operator B:operator a:factor b:factor",
        lambda A, B, a, b: (total(A @ Shift(r) @ B, a * b), total(total(A @ Shift(s + a * t) @ B, b, t), a, s)),
        f"{CROCHIERE}, ch. 2",
        lambda A, B, a, b: (total(A @ Shift(r) @ B, a * b), total(total(A @ Shift(s + b * t) @ B, b, t), a, s)),
        made=sum_forms.parted),
    Rule("sum-reversed", "A:operator B:operator k:factor",
        lambda A, B, k: (total(A @ Shift(r) @ B, k), total(A @ Shift(k - 1 - r) @ B, k)), LINEAR,
        lambda A, B, k: (total(A @ Shift(r) @ B, k), total(A @ Shift(k - r) @ B, k)), made=sum_forms.reversed_index),
    Rule("sum-shifted", "A:operator k:factor",
        lambda A, k: (total(Shift(r + 1) @ A, k), total(Shift(r) @ A, k) + Shift(k) @ A - A), LINEAR,
        lambda A, k: (total(Shift(r + 1) @ A, k), total(Shift(r) @ A, k) + Shift(k) @ A), made=sum_forms.lowered),
    Rule("re-index", "L:factor M:factor", lambda L, M: (phases(L * r, M), phases(r, M)),
        f"{VAIDYANATHAN}, §4.2 (r ↦ Lr permutes ℤ/M)", lambda L, M: (phases(L * r, M), phases(r, M)),
        conditions=("gcd(L, M) = 1",), needs=letter_forms.coprime_numbers, given=_prime, made=sum_forms.reindexed),
    Rule("phase-sum", "k:factor A:operator B:operator",
        lambda k, A, B: (total(letters(A, Shift(r), Up(k), Down(k), Shift(-r), B), k), A @ B),
        f"{VAIDYANATHAN}, §4.3", lambda k, A, B: (total(letters(A, Shift(r), Up(k), Down(k), Shift(r), B), k), A @ B),
        made=sum_values.phases_gathered),
    Rule("character-sum", "M:factor d:shift w:frequency", _combed, f"{VAIDYANATHAN}, §4.1; {OPPENHEIM}, §8.1",
        lambda M, d, w: (_combed(M, d, w)[0], _combed(M, negative(d), w)[1]), made=sum_values.characters_summed),
    Rule("roots-of-unity", "M:factor d:shift A:operator", lambda M, d, A: (total(root(r * d, M) * A, M), Zero()),
        f"{OPPENHEIM}, §8.1", lambda M, d, A: (total(root(r * d, M) * A, M), Zero()),
        conditions=("M ∤ d",), needs=lambda M, d: bool(d % M), given=lambda M, d: (not_divides(M, d),),
        made=sum_values.series("roots-of-unity")),
    Rule("dft-inverse", "M:factor A:operator", _fourier, f"{OPPENHEIM}, §8.5",
        lambda M, A: (_fourier(M, A)[0], A), made=sum_values.fourier_inverted),
    Rule("arithmetic-series", "k:factor A:operator", lambda k, A: (total(r * A, k), k * (k - 1) / 2 * A), LINEAR,
        lambda k, A: (total(r * A, k), k * (k + 1) / 2 * A), made=sum_values.series("arithmetic-series")),
    Rule("geometric-series", "k:factor A:operator", lambda k, A: (total(2**r * A, k), (2**k - 1) * A), LINEAR,
        lambda k, A: (total(2**r * A, k), 2**k * A), made=sum_values.series("geometric-series")),
    Rule("telescoping", "k:factor m:factor", _geometric, f"{OPPENHEIM}, §3.1; Hogenauer (1981)",
        lambda k, m: (_geometric(k, m)[0], I - Shift((k - 1) * m)), made=sum_values.telescoped),
    Rule("define-box", "k:factor", lambda k: (Conv(box(k)), total(Shift(r), k)), f"{CROCHIERE}, ch. 2",
        lambda k: (Conv(box(k)), total(Shift(r + 1), k)), made=letter_forms.box_as_sum),
    Rule("cic", "k:factor", lambda k: ((I - Shift(1)) @ Conv(box(k)), I - Shift(k)),
        "Hogenauer, IEEE Trans. ASSP 29 (1981)", lambda k: ((I - Shift(1)) @ Conv(box(k)), I - Shift(k - 1))),
    Rule("box-product", "a:factor b:factor", lambda a, b: (Conv(box(a)) @ Conv(Up(a) @ box(b)), Conv(box(a * b))),
        f"{CROCHIERE}, ch. 2", lambda a, b: (Conv(box(a)) @ Conv(Up(b) @ box(b)), Conv(box(a * b)))),
    Rule("box-adjacent", "a:factor b:factor",
        lambda a, b: (Conv(box(a)) + Shift(a) @ Conv(box(b)), Conv(box(b)) + Shift(b) @ Conv(box(a))),
        "two runs of ones, one behind the other",
        lambda a, b: (Conv(box(a)) + Shift(a) @ Conv(box(b)), Conv(box(b)) + Shift(a) @ Conv(box(a)))),
    Rule("triangle", "k:factor",
        lambda k: (Conv(box(k)) @ Conv(box(k)), total((r + 1) * Shift(r), k) + total((k - 1 - r) * Shift(r + k), k)),
        f"{OPPENHEIM}, §4.6",
        lambda k: (Conv(box(k)) @ Conv(box(k)), total((r + 1) * Shift(r), k) + total((k - r) * Shift(r + k), k))),
    Rule("linear-triangle", "k:factor",
        lambda k: (LinearUp(k), (total((k - r) / k * (Shift(r) + Shift(-r)), k) - I) @ Up(k)), f"{OPPENHEIM}, §4.6",
        lambda k: (LinearUp(k), total((k - r) / k * (Shift(r) + Shift(-r)), k) @ Up(k))),
    Rule("character-period", "d:shift w:frequency", lambda d, w: (Character(w + 2 * sympy.pi * d), Character(w)),
        f"{OPPENHEIM}, §2.1", lambda d, w: (Character(w + sympy.pi * d), Character(w)),
        made=letter_forms.without_turns),
    Rule("character-zero", "", lambda: (Character(0), I), LINEAR, lambda: (Character(1), I)),
    Rule("arithmetic", "k:factor A:operator", lambda k, A: ((k + 1) ** 2 * A, (k**2 + 2 * k + 1) * A),
        "numbers are computed", lambda k, A: ((k + 1) ** 2 * A, (k**2 + 1) * A), made=letter_forms.computed),
    Rule("euler", "w:frequency A:operator",
        lambda w, A: (sympy.cos(w) * A, (sympy.exp(sympy.I * w) + sympy.exp(-sympy.I * w)) / 2 * A),
        f"{OPPENHEIM}, §2.1", lambda w, A: (sympy.cos(w) * A, sympy.exp(sympy.I * w) * A),
        made=letter_forms.by_exponentials),
    Rule("kernel-scale", "c:scalar A:operator q:kernel", lambda c, A, q: (Conv((c * A) @ q), c * Conv(A @ q)), LINEAR,
        lambda c, A, q: (Conv((c * A) @ q), Conv(A @ q)), made=letter_forms.out_of_kernel),
    Rule("kernel-sum", "A:operator B:operator q:kernel",
        lambda A, B, q: (Conv((A + B) @ q), Conv(A @ q) + Conv(B @ q)), LINEAR,
        lambda A, B, q: (Conv((A + B) @ q), Conv(A @ q) + B), made=letter_forms.kernel_parts),
    Rule("even-samples", "", lambda: (I + Modulate([1, -1]), 2 * every(2)), f"{VAIDYANATHAN}, §4.1",
        lambda: (I - Modulate([1, -1]), 2 * every(2))),
    Rule("even-part", "q:kernel", lambda q: (Conv(q) + Conv(Modulate([1, -1]) @ q), 2 * Conv(not_empty(every(2) @ q))),
        f"{VAIDYANATHAN}, §4.1", lambda q: (Conv(q) - Conv(Modulate([1, -1]) @ q), 2 * Conv(every(2) @ q))),
    Rule("linearity", "b:scalar c:scalar A:operator B:operator C:operator",
        lambda b, c, A, B, C: (A @ (b * B + c * C), b * (A @ B) + c * (A @ C)), LINEAR,
        lambda b, c, A, B, C: (A @ (b * B + c * C), b * (A @ B) + c * C)),
    Rule("modulate-one", "c:scalar", lambda c: (Modulate(Signal([c])), c * I), LINEAR,
        lambda c: (Modulate(Signal([c])), I), made=letter_forms.constant_sequence),
    Rule("modulate-sign", "", lambda: (Modulate([-1, 1]), -1 * Modulate([1, -1])), LINEAR,
        lambda: (Modulate([-1, 1]), Modulate([1, -1])), made=letter_forms.sign_out),
    Rule("modulate-product", "", lambda: (Modulate([1, 2]) @ Modulate([1, -1]), Modulate([1, -2])), LINEAR,
        lambda: (Modulate([1, 2]) @ Modulate([1, -1]), Modulate([1, 2])), made=letter_forms.sequences_multiplied),
    Rule("alternating-conv", "q:kernel",
        lambda q: (Modulate([1, -1]) @ Conv(q), Conv(Modulate([1, -1]) @ q) @ Modulate([1, -1])), f"{OPPENHEIM}, §2.1",
        lambda q: (Modulate([1, -1]) @ Conv(q), Conv(q) @ Modulate([1, -1])), made=letter_forms.sign_through),
    Rule("signal-sum", "A:operator p:kernel q:kernel", lambda A, p, q: (A @ (p + q), A @ p + A @ q), LINEAR,
        lambda A, p, q: (A @ (p + q), A @ p + q), made=letter_forms.application_parted),
    Rule("zero-signal", "p:kernel q:kernel", lambda p, q: (p + Zero() @ q, p), LINEAR,
        lambda p, q: (p + Zero() @ q, p + q), made=letter_forms.zeros_dropped),
    Rule("operator-sum", "A:operator B:operator q:kernel", lambda A, B, q: ((A + B) @ q, A @ q + B @ q), LINEAR,
        lambda A, B, q: ((A + B) @ q, A @ q + q), made=letter_forms.operators_parted),
    Rule("power-product", "p:kernel q:kernel",
        lambda p, q: (Conv(p) ** 2 @ Conv(q) ** 2, (Conv(p) @ Conv(q)) ** 2), LINEAR,
        lambda p, q: (Conv(p) ** 2 @ Conv(q) ** 2, (Conv(p) @ Conv(q)) ** 3), made=letter_forms.powers_joined),
]  # fmt: skip
