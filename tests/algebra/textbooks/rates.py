"""Decimators, interpolators and their interconnections: what holds, and a near miss beside it.

(left side, right side, a right side that is wrong, *hypotheses); the name begins with the book.
V: Vaidyanathan, Multirate Systems and Filter Banks; O: Oppenheim and Schafer, Discrete-Time Signal Processing;
K: Vetterli and Kovačević, Wavelets and Subband Coding; S: Strang and Nguyen, Wavelets and Filter Banks;
C: Crochiere and Rabiner, Multirate Digital Signal Processing; F: Fliege, Multirate Digital Signal Processing;
P: Proakis and Manolakis, Digital Signal Processing.  Chapters are given, no equation numbers.
"""

from __future__ import annotations

from typing import Any

import opalgebra as oa
from opalgebra import AvgPool, Conv, DilatedConv, Down, LinearUp, Repeat, Shift, StridedConv, TransposedConv, Up

from .letters import (
    PI,
    SIGN,
    A,
    B,
    I,
    J,
    L,
    M,
    N,
    O,
    R,
    S,
    a,
    b,
    box,
    c,
    coprime,
    d,
    e,
    every,
    exp,
    f,
    g,
    h,
    j,
    k,
    m,
    n,
    p,
    part,
    phase,
    q,
    r,
    s,
    total,
    turn,
    v,
    w,
    x,
    y,
)  # fmt: skip

RATES: dict[str, tuple[Any, ...]] = {
    "V4 keep after insert": (Down(M) @ Up(M), I, S),
    "V4 insert after keep, twice": (every(M) @ every(M), every(M), I),
    "V4 keep, insert, keep": (Down(M) @ every(M), Down(M), Up(M)),
    "V4 insert, keep, insert": (every(M) @ Up(M), Up(M), Down(M)),
    "V4 coprime rates commute": (Up(L) @ Down(M), Down(M) @ Up(L), Up(M) @ Down(L), coprime(L, M)),
    "V4 coprime rates in a chain": (
        Down(M) @ Up(L) @ Down(N), Up(L) @ Down(M * N), Up(M) @ Down(L * N), coprime(L, M)),
    "V4 two decimators": (Down(a) @ Down(b), Down(a * b), Down(a)),
    "V4 three decimators": (Down(a) @ Down(b) @ Down(c), Down(a * b * c), Down(a * b)),
    "V4 two expanders": (Up(a) @ Up(b), Up(a * b), Up(b)),
    "V4 common factor of rates": (Down(g * a) @ Up(g * b), Up(b) @ Down(a), Up(a) @ Down(b), coprime(a, b)),
    "V4 rates that divide": (Down(M * N) @ Up(M), Down(N), Up(N)),
    "V4 rates that divide, up": (Down(M) @ Up(M * N), Up(N), Down(N)),
    "V4 noble, decimator": (Down(M) @ Conv(Up(M) @ h), Conv(h) @ Down(M), Conv(h) @ Up(M)),
    "V4 noble, expander": (Conv(Up(L) @ h) @ Up(L), Up(L) @ Conv(h), Conv(h) @ Up(L)),
    "V4 noble, cascade": (
        Down(a) @ Conv(Up(a) @ h) @ Down(b) @ Conv(Up(b) @ f), Conv(h) @ Down(a * b) @ Conv(Up(b) @ f),
        Conv(f) @ Down(a * b) @ Conv(Up(b) @ h)),
    "V4 noble in both directions": (
        Up(L) @ Conv(h) @ Down(M), Conv(Up(L) @ h) @ Up(L) @ Down(M), Conv(Up(M) @ h) @ Up(L) @ Down(M)),
    "V4 filter between expander and decimator": (Down(M) @ Conv(h) @ Up(M), Conv(Down(M) @ h), Conv(h)),
    "V4 delay through a decimator": (Down(M) @ Shift(M * d), Shift(d) @ Down(M), Shift(-d) @ Down(M)),
    "V4 delay through an expander": (Shift(L * d) @ Up(L), Up(L) @ Shift(d), Up(L) @ Shift(2 * d)),
    "V4 delay of one between": (Down(2) @ S @ Up(2), O, I),
    "V4 delay of one between three": (Down(3) @ S @ Up(3), O, S),
    "V4 delay below the rate": (Down(M) @ Shift(d) @ Up(M), O, I, oa.not_divides(M, d)),
    "V4 fractional delay chain": (Down(M) @ Shift(M) @ Up(M), S, Shift(M)),
    "V4 identity from a delay chain": (total(part(M, r), M), I, every(M)),
    "V4 identity from an advance chain": (total(Shift(-r) @ every(M) @ Shift(r), M), I, M * I),
    "V4 phases in the other order": (total(Shift(M - 1 - r) @ every(M) @ Shift(-(M - 1 - r)), M), I, O),
    "V4 commutator, two": (every(2) + S @ every(2) @ Shift(-1), I, S),
    "V4 commutator, two, delayed": (S @ every(2) + every(2) @ S, S, I),
    "V4 delay chain of the polyphase bank": (
        total(Shift(M - 1 - r) @ Up(M) @ Down(M) @ Shift(r), M), Shift(M - 1), Shift(M)),
    "V4 polyphase, type 1": (
        Conv(h), total(Shift(r) @ Conv(Up(M) @ phase(h, M, r)), M), total(Shift(r) @ Conv(phase(h, M, r)), M)),
    "V4 polyphase decimator": (
        Down(M) @ Conv(h), total(Conv(phase(h, M, r)) @ Down(M) @ Shift(r), M),
        total(Conv(phase(h, M, r)) @ Down(M) @ Shift(-r), M)),
    "V4 polyphase interpolator": (
        Conv(h) @ Up(L), total(Shift(r) @ Up(L) @ Conv(phase(h, L, r)), L),
        total(Shift(-r) @ Up(L) @ Conv(phase(h, L, r)), L)),
    "V4 polyphase of two": (
        Conv(h), Conv(Up(2) @ Down(2) @ h) + S @ Conv(Up(2) @ phase(h, 2, 1)),
        Conv(Up(2) @ Down(2) @ h) + Conv(Up(2) @ phase(h, 2, 1))),
    "V4 spectrum of the comb": (every(M), 1 / M * total(turn(2 * PI * r / M), M), total(turn(2 * PI * r / M), M)),
    "V4 comb of two": (2 * every(2), I + SIGN, I - SIGN),
    "V4 alias sum": (every(M) @ Conv(h), 1 / M * total(turn(2 * PI * r / M) @ Conv(h), M),
                     1 / M * total(turn(2 * PI * r / L) @ Conv(h), M)),
    "V4 images of an expander": (turn(2 * PI * j / M) @ Up(M), Up(M), turn(PI * j / M) @ Up(M)),
    "V4 aliases of a decimator": (Down(M) @ turn(2 * PI * j / M), Down(M), Down(M) @ turn(PI * j / M)),
    "V4 frequency is stretched": (Down(M) @ turn(w), turn(M * w) @ Down(M), turn(w / M) @ Down(M)),
    "V4 frequency is compressed": (turn(w) @ Up(M), Up(M) @ turn(M * w), Up(M) @ turn(w)),
    "V4 even part": (Conv(h) + Conv(SIGN @ h), 2 * Conv(every(2) @ h), Conv(every(2) @ h)),
    "V4 uniform DFT analysis bank": (
        Conv(turn(w) @ h), turn(w) @ Conv(h) @ turn(-w), turn(-w) @ Conv(h) @ turn(w)),
    "V4 modulated filter, decimated": (
        Down(M) @ Conv(turn(2 * PI * j / M) @ h) @ Up(M), Conv(Down(M) @ h), Conv(Down(M) @ turn(PI * j / M) @ h)),
    "V4 product of two decimation filters": (
        Down(a) @ Conv(p) @ Down(b) @ Conv(q), Down(a * b) @ Conv(Conv(Up(b) @ p) @ q),
        Down(a * b) @ Conv(Conv(Up(a) @ p) @ q)),
    "V4 product of two interpolation filters": (
        Conv(p) @ Up(a) @ Conv(q) @ Up(b), Conv(Conv(p) @ (Up(a) @ q)) @ Up(a * b),
        Conv(Conv(p) @ (Up(b) @ q)) @ Up(a * b)),
    "O4 decimation by two stages of interpolated filters": (
        Down(a) @ Conv(p) @ Down(b), Down(a * b) @ Conv(Up(b) @ p), Down(a * b) @ Conv(Up(a) @ p)),
    "O4 expander, transposed": (Up(L).T, Down(L), Up(L)),
    "O4 compressor and expander, adjoint": ((Down(M) @ Conv(h)).H, Conv(R @ h.conj()) @ Up(M), Conv(R @ h) @ Up(M)),
    "O4 expander before a filter, adjoint": ((Conv(h) @ Up(M)).H, Down(M) @ Conv(R @ h.conj()), Down(M) @ Conv(h)),
    "O4 rational rate": (
        Down(M) @ Conv(Up(M) @ h) @ Up(L), Conv(h) @ Down(M) @ Up(L), Conv(Up(L) @ h) @ Down(M) @ Up(L)),
    "O4 linear interpolator": (2 * LinearUp(2), (2 * I + S + Shift(-1)) @ Up(2), (I + S + Shift(-1)) @ Up(2)),
    "O2 convolution commutes": (Conv(p) @ Conv(q), Conv(q) @ Conv(p), Conv(p) @ Conv(p)),
    "O2 convolution is associative": (Conv(p) @ (Conv(q) @ x), Conv(Conv(p) @ q) @ x, Conv(p + q) @ x),
    "O2 convolution distributes": (Conv(p + q), Conv(p) + Conv(q), Conv(p) - Conv(q)),
    "O2 time invariance": (Conv(h) @ Shift(d), Shift(d) @ Conv(h), Shift(-d) @ Conv(h)),
    "O2 delays add": (Shift(d) @ Shift(e), Shift(d + e), Shift(d - e)),
    "O2 a delayed kernel": (Conv(Shift(d) @ h), Shift(d) @ Conv(h), Conv(h)),
    "O2 reversal of a convolution": (R @ Conv(h), Conv(R @ h) @ R, Conv(h) @ R),
    "O2 reversal twice": (R @ R, I, R),
    "O2 reversal and delay": (R @ Shift(d), Shift(-d) @ R, Shift(d) @ R),
    "O2 reversal of products": (R @ Conv(p) @ Conv(q) @ R, Conv(R @ p) @ Conv(R @ q), Conv(R @ p) @ Conv(q)),
    "O2 frequency shift": (turn(w) @ Conv(h), Conv(turn(w) @ h) @ turn(w), Conv(h) @ turn(w)),
    "O2 delay of an exponential": (
        turn(w) @ Shift(d), exp(J * w * d) * (Shift(d) @ turn(w)),
        exp(-J * w * d) * (Shift(d) @ turn(w))),
    "O2 exponentials multiply": (turn(w) @ turn(v), turn(w + v), turn(w - v)),
    "O2 a period of exponentials": (turn(w + 2 * PI * n), turn(w), turn(w + PI * n)),
    "O2 whole turns": (turn(2 * PI * n), I, SIGN),
    "O2 alternating sign squared": (SIGN @ SIGN, I, SIGN),
    "O2 highpass from lowpass": (SIGN @ Conv(h) @ SIGN, Conv(SIGN @ h), Conv(h)),
    "O2 alternating delays": (SIGN @ S, -1 * (S @ SIGN), S @ SIGN),
    "O2 alternating, even delay": (SIGN @ Shift(2), Shift(2) @ SIGN, -1 * (Shift(2) @ SIGN)),
    "K2 decimated alternation": (Down(2) @ SIGN, Down(2), -1 * Down(2)),
    "K2 alternation of expanded": (SIGN @ Up(2), Up(2), -1 * Up(2)),
    "K2 alternation of odd samples": (Down(2) @ Shift(-1) @ SIGN, -1 * (Down(2) @ Shift(-1)), Down(2) @ Shift(-1)),
    "K2 expander is an isometry": (Up(M).H @ Up(M), I, Up(M).H),
    "K2 expander and decimator, adjoint": (every(M).H, every(M), Down(M)),
    "K2 transpose of a product": ((A @ B).T, B.T @ A.T, A.T @ B.T),
    "K2 adjoint of a product": ((A @ B).H, B.H @ A.H, A.H @ B.H),
    "K2 adjoint twice": (A.H.H, A, A.H),
    "K2 adjoint of a sum": ((A + B).H, A.H + B.H, A.H + B),
    "K2 adjoint of a multiple": ((2 * J * A).H, -2 * J * A.H, 2 * J * A.H),
    "K2 flip and rates": (R @ Down(M) @ R, Down(M), Down(M) @ R),
    "K2 flip and expander": (R @ Up(M) @ R, Up(M), R @ Up(M)),
    "K2 correlation": (Conv(h).T, Conv(R @ h), Conv(h)),
    "K2 adjoint of a filter": (Conv(h).H, Conv(R @ h.conj()), Conv(R @ h)),
    "K2 square of a complement": ((I - every(M)) @ (I - every(M)), I - every(M), every(M)),
    "K2 a projection and its complement": (every(M) @ (I - every(M)), O, every(M)),
    "K2 phases are orthogonal": (every(2) @ part(2, 1), O, every(2)),
    "K2 phase projections": (part(M, d) @ part(M, d), part(M, d), every(M)),
    "S3 downsampling loses": (Down(2) @ (I - every(2)), O, Down(2)),
    "S3 odd samples are lost": (Down(2) @ S @ every(2), O, Down(2)),
    "S3 filter then keep": (Down(2) @ Conv(Up(2) @ h), Conv(h) @ Down(2), Conv(Up(2) @ h) @ Down(2)),
    "S3 two phases of a filter": (
        Down(2) @ Conv(h), Conv(Down(2) @ h) @ Down(2) + Conv(phase(h, 2, 1)) @ Down(2) @ S,
        Conv(Down(2) @ h) @ Down(2) + Conv(phase(h, 2, 1)) @ Down(2)),
    "S3 two phases of a synthesis filter": (
        Conv(h) @ Up(2), Up(2) @ Conv(Down(2) @ h) + S @ Up(2) @ Conv(phase(h, 2, 1)),
        Up(2) @ Conv(Down(2) @ h) + Up(2) @ Conv(phase(h, 2, 1))),
    "S3 averages and differences": (
        (I + S) @ (I - S), I - Shift(2), I + Shift(2)),
    "S3 square of an average": ((I + S) @ (I + S), I + 2 * S + Shift(2), I + Shift(2)),
    "S3 cube of an average": ((I + S) ** 3, I + 3 * S + 3 * Shift(2) + Shift(3), I + S + Shift(2) + Shift(3)),
    "S3 binomial kernels": (Conv([1, 1]) @ Conv([1, 1]), Conv([1, 2, 1]), Conv([1, 1, 1])),
    "S3 a trous": (Conv([1, 1]) @ Conv(Up(2) @ [1, 1]), Conv([1, 1, 1, 1]), Conv([1, 2, 1])),
    "C2 sample and hold": (Repeat(M), box(M) @ Up(M), Up(M)),
    "C2 hold, then keep": (Down(M) @ Repeat(M), I, S),
    "C2 holds multiply": (Repeat(a) @ Repeat(b), Repeat(a * b), Repeat(a)),
    "C2 mean of held samples": (AvgPool(M) @ Repeat(M), I, M * I),
    "C2 filter on held samples": (Repeat(M) @ Conv(h), Conv(Up(M) @ h) @ Repeat(M), Conv(h) @ Repeat(M)),
    "C2 boxes in two stages": (box(a * b), box(a) @ Conv(Up(a) @ oa.box(b)),
                               box(a) @ Conv(Up(b) @ oa.box(b))),
    "C2 holding a difference": ((I - S) @ box(M), I - Shift(M), I - S),
    "C2 box as a sum of delays": (box(M), total(Shift(r), M), total(Shift(r + 1), M)),
    "C2 multistage interpolation": (
        Conv(p) @ Up(a) @ Conv(q) @ Up(b), Conv(p) @ Conv(Up(a) @ q) @ Up(a * b), Conv(p) @ Conv(q) @ Up(a * b)),
    "C2 multistage decimation": (
        Down(b) @ Conv(q) @ Down(a) @ Conv(p), Down(a * b) @ Conv(Up(a) @ q) @ Conv(p),
        Down(a * b) @ Conv(q) @ Conv(p)),
    "C2 rate change by L over M, transposed": (
        (Down(M) @ Conv(h) @ Up(L)).T, Down(L) @ Conv(R @ h) @ Up(M), Down(L) @ Conv(h) @ Up(M)),
    "C2 rate change, transposed twice": ((Down(M) @ Conv(h) @ Up(L)).T.T, Down(M) @ Conv(h) @ Up(L), Up(L)),
    "C2 up to a common rate and back": (Down(L) @ Conv(Up(L) @ h) @ Up(L), Conv(h), Conv(Up(L) @ h)),
    "C2 time-varying resampler, one phase": (
        Down(M) @ Shift(M * d) @ Conv(h) @ Up(L), Shift(d) @ Down(M) @ Conv(h) @ Up(L),
        Down(M) @ Conv(h) @ Up(L) @ Shift(d)),
    "C2 periodically time-varying in": (
        Down(M) @ Conv(h) @ Up(L) @ Shift(M * d), Shift(L * d) @ Down(M) @ Conv(h) @ Up(L),
        Shift(d) @ Down(M) @ Conv(h) @ Up(L)),
    "F2 strided, transposed": (StridedConv(h, M).T, TransposedConv(R @ h, M), TransposedConv(h, M)),
    "F2 transposed, strided": (TransposedConv(h, M), StridedConv(R @ h, M).T, StridedConv(h, M).T),
    "F2 dilated filters": (Down(M) @ DilatedConv(h, M), Conv(h) @ Down(M), DilatedConv(h, M) @ Down(M)),
    "F2 dilated between rates": (DilatedConv(h, M) @ Up(M), Up(M) @ Conv(h), Conv(h) @ Up(M)),
    "F2 dilated by space to batch": (
        Conv(Up(M) @ h), total(Shift(r) @ Up(M) @ Conv(h) @ Down(M) @ Shift(-r), M),
        total(Shift(r) @ Up(M) @ Conv(h) @ Down(M), M)),
    "F2 decimated delay by its rest": (
        Down(M) @ Shift(M * d + s), Shift(d) @ Down(M) @ Shift(s), Shift(d) @ Down(M)),
    "F2 expander delayed by its rest": (Shift(M * d + s) @ Up(M), Shift(s) @ Up(M) @ Shift(d), Up(M) @ Shift(d)),
    "P11 decimate a product rate": (Down(a * b) @ Up(b), Down(a), Up(a)),
    "P11 interpolate and decimate": (Down(M) @ Conv(h) @ Up(M) @ x, Conv(Down(M) @ h) @ x, Conv(h) @ x),
    "P11 on signals": (Down(M) @ (Conv(Up(M) @ h) @ x), Conv(h) @ (Down(M) @ x), Conv(Up(M) @ h) @ (Down(M) @ x)),
    "P11 expanded product": (Up(M) @ (Conv(x) @ y), Conv(Up(M) @ x) @ (Up(M) @ y), Conv(x) @ (Up(M) @ y)),
    "P11 sum of expanded signals": (Up(M) @ (x + y), Up(M) @ x + Up(M) @ y, Up(M) @ x),
    "P11 symmetric filter": (Conv(h).T, Conv(h), -1 * Conv(h), oa.even_symmetric(h)),
    "P11 symmetric filter, decimated": (
        (Down(M) @ Conv(h)).T, Conv(h) @ Up(M), -1 * (Conv(h) @ Up(M)), oa.even_symmetric(h)),
    "P11 rate given as a product": (
        Down(M) @ Up(k), Up(m), Down(m), oa.equal(k, M * m)),
    "P11 rates given as products": (
        Down(M) @ Up(L), Up(b) @ Down(a), Up(a) @ Down(b),
        [oa.equal(M, g * a), oa.equal(L, g * b), coprime(a, b)]),
}  # fmt: skip
