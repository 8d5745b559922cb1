"""Sums over channels, filter banks, wavelets and comb filters: what holds, and a near miss beside it.

(left side, right side, a right side that is wrong, *hypotheses); books as in :mod:`.rates`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import opalgebra as oa
from opalgebra import Conv, Down, LinearUp, Shift, Up

from .letters import (
    PI,
    SIGN,
    A,
    B,
    I,
    J,
    L,
    M,
    O,
    R,
    S,
    a,
    b,
    box,
    coprime,
    cos,
    d,
    every,
    exp,
    f,
    h,
    j,
    k,
    m,
    p,
    part,
    q,
    r,
    root,
    s,
    t,
    total,
    turn,
    w,
    x,
    y,
)  # fmt: skip

low, high = Down(2) @ Conv(q), Down(2) @ Conv(p)
band = Down(M) @ Conv(q)
P, Q = low.H @ low, high.H @ high
orthonormal, every_m = oa.orthonormal(q, 2), oa.orthonormal(q, M)
pair, nyquist, half = oa.paraunitary([q, p], 2), oa.nyquist(h, M), oa.nyquist(h, 2)
third = Fraction(1, 2)
bior = oa.equation(Down(2) @ Conv(q) @ Conv(p) @ Up(2), I)

BANKS: dict[str, tuple[Any, ...]] = {
    "K3 orthonormal rows": (low @ low.H, I, O, orthonormal),
    "K3 a frame coefficient": (low @ (low.H @ x), x, O @ x, orthonormal),
    "K3 projection": (P @ P, P, I, orthonormal),
    "K3 projection, three times": (P**3, P, I, orthonormal),
    "K3 complement": ((I - P) @ P, O, P, orthonormal),
    "K3 complement on the other side": (P @ (I - P), O, P, orthonormal),
    "K3 complement is a projection": ((I - P) @ (I - P), I - P, I + P, orthonormal),
    "K3 reflection": ((I - 2 * P) @ (I - 2 * P), I, I - P, orthonormal),
    "K3 details have no average": (low @ ((I - P) @ x), O @ x, low @ x, orthonormal),
    "K3 analysis of a projection": (low @ P, low, P, orthonormal),
    "K3 synthesis of a projection": (P @ low.H, low.H, low, orthonormal),
    "K3 two levels": ((low @ low) @ (low @ low).H, I, O, orthonormal),
    "K3 two levels, one undone": (low @ low @ low.H, low, I, orthonormal),
    "K3 self-adjoint projection": (P.H, P, low),
    "K3 M channels": (band @ band.H, I, O, every_m),
    "K3 M channels, projection": (band.H @ band @ band.H @ band, band.H @ band, band @ band.H, every_m),
    "K3 M channels, complement": ((I - band.H @ band) @ band.H, O, band.H, every_m),
    "K3 shifted frame": (Shift(d) @ low @ low.H @ Shift(-d), I, Shift(d), orthonormal),
    "K3 autocorrelation": (Down(2) @ (Conv(q) @ (R @ q.conj())), oa.Signal([1]), oa.Signal([2]), orthonormal),
    "V5 power symmetric": (
        Conv(q) @ Conv(q).H + Conv(SIGN @ q) @ Conv(SIGN @ q).H, 2 * I, I, orthonormal),
    "V6 perfect reconstruction": (P + Q, I, P - Q, pair),
    "V6 reconstruction of a signal": ((P + Q) @ x, x, P @ x, pair),
    "V6 channels are orthogonal": (low @ high.H, O, I, pair),
    "V6 channels are orthogonal, other order": (high @ low.H, O, I, pair),
    "V6 each channel is orthonormal": (high @ high.H, I, O, pair),
    "V6 orthogonal projections": (P @ Q, O, P, pair),
    "V6 complement is the other channel": (I - P, Q, P, pair),
    "V6 power complementary": (Conv(q).H @ Conv(q) + Conv(p).H @ Conv(p), 2 * I, I, pair),
    "V6 no alias": (Conv(q).H @ Conv(SIGN @ q) + Conv(p).H @ Conv(SIGN @ p), O, I, pair),
    "V6 a tree of two": (low.H @ (P + Q) @ low + Q, I, O, pair),
    "V6 a full tree": (low.H @ (P + Q) @ low + high.H @ (P + Q) @ high, I, O, pair),
    "V6 a tree of three": (low.H @ (low.H @ (P + Q) @ low + Q) @ low + Q, I, O, pair),
    "V6 analysis of synthesis": (low @ (low.H @ x + high.H @ y), x, y, pair),
    "V4 Nyquist samples": (Down(M) @ Conv(h) @ Up(M), I, O, nyquist),
    "V4 Nyquist samples of a signal": (Down(M) @ Conv(h) @ Up(M) @ x, x, O @ x, nyquist),
    "V4 Nyquist images": (total(Conv(turn(2 * PI * r / M) @ h), M), M * I, I, nyquist),
    "V4 half-band sum": (Conv(h) + Conv(SIGN @ h), 2 * I, I, half),
    "V4 Nyquist, modulated": (Down(M) @ Conv(turn(2 * PI * j / M) @ h) @ Up(M), I, O, nyquist),
    "V4 Nyquist, kernel": (Conv(Down(M) @ h), I, O, nyquist),
    "V4 Nyquist, then a filter": (Conv(f) @ Down(M) @ Conv(h) @ Up(M), Conv(f), I, nyquist),
    "V4 Nyquist, delayed by the rate": (Down(M) @ Conv(Shift(M) @ h) @ Up(M), S, I, nyquist),
    "S4 biorthogonal": (Down(2) @ Conv(q) @ Conv(p) @ Up(2), I, O, bior),
    "S4 biorthogonal projection": (
        Conv(p) @ Up(2) @ Down(2) @ Conv(q) @ Conv(p) @ Up(2), Conv(p) @ Up(2), Conv(q) @ Up(2), bior),
    "S4 a product filter": (
        Down(2) @ Conv(q) @ Conv(p) @ Up(2), I, O, [oa.equation(h, Conv(q) @ p), half]),
    "S4 a kernel that is given": (
        Conv(h) @ Up(2), Conv(f) @ Conv(y) @ Up(2), Conv(f) @ Up(2), oa.equation(h, Conv(f) @ y)),
    "S4 QMF without alias": (
        Conv(h) @ Conv(SIGN @ f) - Conv(SIGN @ f) @ Conv(h), O, I),
    "S4 alias of a QMF bank": (
        Conv(SIGN @ f) @ every(2) @ Conv(h) - Conv(SIGN @ h) @ every(2) @ Conv(f),
        Fraction(1, 2) * (Conv(SIGN @ f) @ Conv(h) - Conv(SIGN @ h) @ Conv(f)), O),
    "S6 lifting step": ((I + Conv(p)) @ (I - Conv(p)), I - Conv(p) @ Conv(p), I),
    "S6 lifting undone": (Conv(p) + (I - Conv(p)), I, Conv(p)),
    "O8 roots of unity": (total(root(r, M) * I, M), O, I, oa.not_divides(M, 1)),
    "O8 roots of unity, a multiple": (total(root(r * d, M) * A, M), O, A, oa.not_divides(M, d)),
    "O8 roots of unity, whole turns": (total(root(r * M, M) * A, M), M * A, A),
    "O8 inverse DFT": (total(total(root(r * s, M) * Shift(s), M), M, s), M * I, I),
    "O8 inverse DFT of products": (total(total(root(r * s, M) * (A @ Shift(s) @ B), M), M, s), M * (A @ B), A @ B),
    "O8 one residue": (
        total(root(r * d, M) * turn(2 * PI * r / M), M), M * part(M, -d), M * part(M, d)),
    "O8 a modulated comb": (total(turn(2 * PI * r / M + w), M), M * (every(M) @ turn(w)), every(M) @ turn(w)),
    "O8 a comb in another order": (total(turn(2 * PI * r * L / M), M), M * every(M), every(M), coprime(L, M)),
    "O8 a comb backwards": (total(turn(-2 * PI * r / M), M), M * every(M), every(M)),
    "O8 images of a kernel": (total(Conv(turn(2 * PI * r / M) @ q), M), M * Conv(every(M) @ q), Conv(every(M) @ q)),
    "O9 Goertzel": (
        (I - root(j, M) * S) @ total(root(j * r, M) * Shift(r), M), I - Shift(M), I - Shift(M - 1)),
    "O3 geometric sequence": ((I - t * S) @ total(t**r * Shift(r), k), I - t**k * Shift(k), I - t**k * S),
    "O3 geometric sequence of twos": (
        (I - 2 * S) @ total(2**r * Shift(r), k), I - 2**k * Shift(k), I - 2**k * S),
    "O3 alternating": ((I + S) @ total((-1) ** r * Shift(r), 2 * k), I - Shift(2 * k), I + Shift(2 * k)),
    "O3 telescoping": ((I - S) @ total(Shift(r), M), I - Shift(M), I - Shift(M + 1)),
    "O3 telescoping, sparse": ((I - Shift(m)) @ total(Shift(m * r), M), I - Shift(m * M), I - Shift(M)),
    "O3 telescoping, the other order": (total(Shift(r), M) @ (I - S), I - Shift(M), I - S),
    "O3 telescoping of advances": ((I - Shift(-1)) @ total(Shift(-r), M), I - Shift(-M), I - Shift(M)),
    "O3 sum of twos": (total(2**r * I, k), (2**k - 1) * I, 2**k * I),
    "O3 sum of halves": (total(2 * I * third, k), k * I, 2 * k * I),
    "O3 sum of indices": (total(r * I, k), k * (k - 1) / 2 * I, k * (k + 1) / 2 * I),
    "O3 sum of squares": (total(r**2 * I, k), k * (k - 1) * (2 * k - 1) / 6 * I, k**3 / 3 * I),
    "O3 sum of odd numbers": (total((2 * r + 1) * I, k), k**2 * I, k * I),
    "O3 sum of powers": (total(t**r * I, k), (1 - t**k) / (1 - t) * I, (1 - t ** (k + 1)) / (1 - t) * I),
    "O3 sum of cosines": (total(cos(2 * PI * r / M) * I, M), O, I, oa.not_divides(M, 1)),
    "O3 sum of squared cosines": (total(cos(2 * PI * r / M) ** 2 * I, M), M / 2 * I, M * I, oa.not_divides(M, 2)),
    "C2 CIC, one stage": ((I - S) @ box(M), I - Shift(M), I - S),
    "C2 CIC, two stages": ((I - S) ** 2 @ box(M) ** 2, (I - Shift(M)) ** 2, I - Shift(M)),
    "C2 CIC, three stages": ((I - S) ** 3 @ box(M) ** 3, (I - Shift(M)) ** 3, (I - Shift(M)) ** 2),
    "C2 CIC comb after decimation": (Down(M) @ (I - Shift(M)), (I - S) @ Down(M), (I - Shift(M)) @ Down(M)),
    "C2 CIC comb before expansion": ((I - Shift(M)) @ Up(M), Up(M) @ (I - S), Up(M) @ (I - Shift(M))),
    "C2 CIC, decimated": (Down(M) @ (I - S) @ box(M), (I - S) @ Down(M), (I - Shift(M)) @ Down(M)),
    "C2 runs side by side": (box(a) + Shift(a) @ box(b), box(b) + Shift(b) @ box(a), box(b) + Shift(a) @ box(a)),
    "C2 boxes commute": (box(a) @ box(b), box(b) @ box(a), box(a) @ box(a)),
    "C2 a triangle": (
        box(k) ** 2, total((r + 1) * Shift(r), k) + total((k - 1 - r) * Shift(r + k), k),
        total((r + 1) * Shift(r), k) + total((k - r) * Shift(r + k), k)),
    "O4 linear interpolation": (
        LinearUp(k), (total((k - r) / k * (Shift(r) + Shift(-r)), k) - I) @ Up(k),
        total((k - r) / k * (Shift(r) + Shift(-r)), k) @ Up(k)),
    "V4 permuted phases": (total(part(M, r * L), M), I, every(M), coprime(L, M)),
    "V4 phases backwards": (total(part(M, -r), M), I, every(M)),
    "V4 phases from one": (total(part(M, r + 1), M), I, every(M)),
    "V4 phases, twice as far": (total(part(M, 2 * r), M), I, every(M), coprime(2, M)),
    "V4 phases around a product": (total(A @ part(M, r) @ B, M), A @ B, every(M)),
    "V4 permuted polyphase": (
        Conv(q), total(Shift(r * L) @ Conv(every(M) @ Shift(-r * L) @ q), M),
        Conv(every(M) @ Shift(L) @ q), coprime(L, M)),
    "V4 phases of a signal": (total(part(M, r) @ x, M), x, every(M) @ x),
    "V4 phases of a phase": (total(part(a, r), a) @ total(part(b, s), b, s), I, O),
    "V4 two indices": (total(total(Shift(r) @ A @ Shift(s), b, s), a), total(total(Shift(r) @ A @ Shift(s), a), b, s),
                       total(total(Shift(r) @ A @ Shift(s), b), a, s)),
    "V4 index in two digits": (
        total(Shift(r), a * b), total(total(Shift(s + a * r), b), a, s), total(total(Shift(s + b * r), b), a, s)),
    "V4 index backwards": (total(Shift(r) @ A, M), total(Shift(M - 1 - r) @ A, M), total(Shift(M - r) @ A, M)),
    "V4 a sum and a product": (
        A @ total(Shift(r) @ B, M), total(A @ Shift(r) @ B, M), total(A @ B @ Shift(r), M)),
    "V4 a sum, transposed": (total(Shift(r) @ A, M).T, total(A.T @ Shift(-r), M), total(A.T @ Shift(r), M)),
    "V4 a sum of sums": (total(Shift(r) + A, M), total(Shift(r), M) + M * A, total(Shift(r), M) + A),
    "V4 a sum that is constant": (total(A, M), M * A, A),
    "V4 a sum of multiples": (3 * total(Shift(r) @ A, M), total(3 * (Shift(r) @ A), M), total(Shift(r) @ A, M)),
    "V4 a DFT bank of one filter": (
        total(Conv(turn(2 * PI * r / M) @ q) @ B, M), M * (Conv(every(M) @ q) @ B), Conv(every(M) @ q) @ B),
    "V4 interpolated filter, images": (
        Conv(turn(2 * PI * j / M) @ (Up(M) @ q)), Conv(Up(M) @ q), Conv(turn(PI * j / M) @ (Up(M) @ q))),
    "F4 two-channel Haar": (
        Conv([1, 1]) @ every(2) @ Conv(R @ [1, 1]) + Conv([1, -1]) @ every(2) @ Conv(R @ [1, -1]), 2 * I, I),
    "F4 Haar filters": (Conv([1, 1]) @ Conv([1, -1]), Conv([1, 0, -1]), Conv([1, 0, 1])),
    "F4 Haar energy": (
        Conv([1, 1]) @ Conv([1, 1]).T + Conv([1, -1]) @ Conv([1, -1]).T, 4 * I, 2 * I),
    "F4 lazy bank": (every(2) + S @ every(2) @ Shift(-1), I, every(2)),
    "F4 lazy bank of M": (total(Shift(r) @ Up(M) @ (Down(M) @ Shift(-r)), M), I, O),
    "F4 quarter turn": (turn(PI / (2 * M)) @ Shift(M), J * (Shift(M) @ turn(PI / (2 * M))), Shift(M)),
    "F4 half turn": (turn(PI / M) @ Shift(M), -1 * (Shift(M) @ turn(PI / M)), Shift(M) @ turn(PI / M)),
    "P10 linear phase": (
        Conv(h).T, Shift(-2) @ Conv(h), Shift(2) @ Conv(h), oa.symmetric(h, about=1)),
    "P10 linear phase, half a sample": (
        Conv(h).T, Shift(-3) @ Conv(h), Conv(h), oa.symmetric(h, about=Fraction(3, 2))),
    "P10 antisymmetric": (
        Conv(h).T, -1 * (Shift(-3) @ Conv(h)), Shift(-3) @ Conv(h), oa.symmetric(h, about=Fraction(3, 2), sign=-1)),
    "P10 reversal of a symmetric filter": (R @ Conv(h), Conv(h) @ R, -1 * (Conv(h) @ R), oa.even_symmetric(h)),
    "P11 phases of an exponential": (
        Down(M) @ Shift(-d) @ turn(w), exp(J * w * d) * (turn(M * w) @ Down(M) @ Shift(-d)),
        turn(M * w) @ Down(M) @ Shift(-d)),
}  # fmt: skip
