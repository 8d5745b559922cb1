"""What textbooks prove: one table for each kind, true statements, near misses, and faults that they catch.

V: Vaidyanathan, Multirate Systems and Filter Banks; O: Oppenheim and Schafer, Discrete-Time Signal Processing;
S: Strang and Nguyen, Wavelets and Filter Banks.
"""

from __future__ import annotations

import random
from fractions import Fraction
from math import atan, pi
from typing import Any

import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Flip, LinearUp, Modulate, Shift, Up
from opalgebra.algebra.decide import affine, merging, parametrised, points, words
from opalgebra.algebra.numbers import reading, units
from opalgebra.errors import CertificateError

k, m, M, L, a, b, g = oa.factors("k m M L a b g")
r, s, d, j = oa.integers("r s d j")
q, p, h, x = oa.signals("q p h x")
w = oa.reals("w")
c = sympy.Symbol("c", real=True)
I, S = oa.Identity(), Shift(1)  # noqa: E741
exp, cos, PI, J = sympy.exp, sympy.cos, sympy.pi, sympy.I


def turn(frequency: Any) -> Any:
    return Modulate(frequency=frequency)


def box(n: Any) -> Any:
    return Conv(oa.box(n))


def total(body: Any, stop: Any, index: Any = r) -> Any:
    return oa.Sum(body, (index, 0, stop))


def every(n: Any) -> Any:
    return Up(n) @ Down(n)


def residues(at: Any) -> Any:
    return total(Shift(at) @ every(M) @ Shift(-at), M)


def power(base: Any) -> Any:
    return total(base**r * Shift(r), k)


prime = oa.coprime(L, M)
band, low, high = Down(M) @ Conv(q), Down(2) @ Conv(q), Down(2) @ Conv(p)
P = low.H @ low
mirror = Down(2) @ Conv(S @ Modulate([1, -1]) @ Flip() @ q.conj())
even_mirror = Down(2) @ Conv(Shift(2) @ Modulate([1, -1]) @ Flip() @ q.conj())
orthonormal, pair = oa.orthonormal(q, 2), oa.paraunitary([q, p], 2)
image = Conv(turn(2 * PI * r / M) @ q)
ny = oa.nyquist(h, M)

PROVED: dict[str, tuple[Any, ...]] = {
    "angles: whole turns": (turn(2 * PI * d), I),
    "angles: ↓M forgets e^{2πijn/M}, V 4.1": (Down(M) @ turn(2 * PI * j / M), Down(M)),
    "angles: images of ↑M, V 4.1": (turn(2 * PI * j / M) @ Up(M), Up(M)),
    "angles: a period": (turn(2 * PI * (d + M) / M), turn(2 * PI * d / M)),
    "angles: half a turn": (turn(PI / M) @ Shift(M), -1 * (Shift(M) @ turn(PI / M))),
    "angles: a quarter": (turn(PI / (2 * M)) @ Shift(M), J * (Shift(M) @ turn(PI / (2 * M)))),
    "angles: two orders": (turn(2 * PI / L) @ turn(2 * PI / M), turn(2 * PI * (L + M) / (L * M))),
    "angles: ↓M of a finer one": (Down(M) @ turn(2 * PI * j / (L * M)), turn(2 * PI * j / L) @ Down(M)),
    "angles: alias sum, V 4.1.4": (every(M) @ Conv(h), 1 / M * total(turn(2 * PI * r / M) @ Conv(h), M)),
    "angles: images of a modulation": (total(turn(2 * PI * r / M + w), M), M * (every(M) @ turn(w))),
    "angles: images of a kernel": (total(Conv(turn(2 * PI * r / M) @ q), M), M * Conv(every(M) @ q)),
    "angles: another residue": (
        total(exp(2 * PI * J * r * s / M) * turn(2 * PI * r / M), M), M * (Shift(-s) @ every(M) @ Shift(s)),
    ),
    "angles: the DFT is inverted, O 8.5": (total(total(exp(2 * PI * J * r * s / M) * Shift(s), M), M, s), M * I),
    "angles: roots of unity add up to 0": (total(exp(2 * PI * J * r / M) * I, M), oa.Zero(), oa.not_divides(M, 1)),
    "angles: cosines": (total(cos(2 * PI * r / M) ** 2 * I, M), M / 2 * I, oa.not_divides(M, 2)),
    "angles: Goertzel, O 9.2": (
        (I - exp(2 * PI * J * j / M) * S) @ total(exp(2 * PI * J * j * r / M) * Shift(r), M), I - Shift(M),
    ),
    "angles: DFT bank, V 4.1.2": (
        Down(M) @ Conv(turn(2 * PI * j / M) @ h),
        total(exp(2 * PI * J * j * r / M) * (Conv(Down(M) @ Shift(-r) @ h) @ Down(M) @ Shift(r)), M),
    ),
    "angles: two axes": (
        total(Modulate(frequency=(2 * PI * r / M, 0)), M), M * (Up((M, 1)) @ Down((M, 1))),
    ),
    "angles: a comb in another order": (total(turn(2 * PI * r * L / M), M), M * every(M), prime),
    "ranges: telescoping": ((I - S) @ total(Shift(r), M), I - Shift(M)),
    "ranges: box doubling": (box(a * b), box(a) @ Conv(Up(a) @ oa.box(b))),
    "ranges: CIC, three stages": ((I - S) ** 3 @ box(k) ** 3, (I - Shift(k)) ** 3),
    "ranges: adjacent": (box(a) + Shift(a) @ box(b), box(b) + Shift(b) @ box(a)),
    "weights: Σ r": (total(r * I, k), k * (k - 1) / 2 * I),
    "weights: Σ r²": (total(r**2 * I, k), k * (k - 1) * (2 * k - 1) / 6 * I),
    "weights: Σ 2^r": (total(2**r * I, k), (2**k - 1) * I),
    "weights: Σ 2^{−r}": (total(sympy.Rational(1, 2) ** r * I, k), (2 - 2 * sympy.Rational(1, 2) ** k) * I),
    "weights: Σ c^r": (total(c**r * I, k), (1 - c**k) / (1 - c) * I),
    "weights: c^r S^r, O 3.1": ((I - c * S) @ power(c), I - c**k * Shift(k)),
    "weights: a negative base": ((I + 2 * S) @ power(-2), I - sympy.Integer(-2) ** k * Shift(k)),
    "weights: alternating": ((I + S) @ total((-1) ** r * Shift(r), 2 * k), I - Shift(2 * k)),
    "weights: Σ r S^r": ((I - S) @ total(r * Shift(r), k), S @ total(Shift(r), k) - k * Shift(k)),
    "weights: a triangle": (box(k) ** 2, total((r + 1) * Shift(r), k) + total((k - 1 - r) * Shift(r + k), k)),
    "weights: linear interpolation, O 4.6": (
        LinearUp(k), (total((k - r) / k * (Shift(r) + Shift(-r)), k) - I) @ Up(k),
    ),
    "weights: on signals": (total(r * (Shift(r) @ x), k), total(r * Shift(r), k) @ x),
    "weights: two indices": (total(total((r + s) * I, k, s), k), k**2 * (k - 1) * I),
    "coprime: r L": (residues(r * L), I, prime),
    "coprime: −r L": (residues(-r * L), I, prime),
    "coprime: r L + 1": (residues(r * L + 1), I, prime),
    "coprime: r (L + M)": (residues(r * (L + M)), I, prime),
    "coprime: 3 r": (residues(3 * r), I, oa.coprime(3, M)),
    "coprime: r (1 + M)": (residues(r * (1 + M)), I),
    "coprime: polyphase in another order": (
        Conv(q), total(Shift(r * L) @ Conv(every(M) @ Shift(-r * L) @ q), M), prime,
    ),
    "Nyquist: samples stay, V 4.6.1": (Down(M) @ Conv(h) @ Up(M) @ x, x, ny),
    "Nyquist: images, V 4.6.2": (total(Conv(turn(2 * PI * r / M) @ h), M), M * I, ny),
    "Nyquist: half-band": (Conv(h) + Conv(Modulate([1, -1]) @ h), 2 * I, oa.nyquist(h, 2)),
    "Nyquist: two stages": (
        Down(a * b) @ Conv(h) @ Conv(Up(a) @ p) @ Up(a * b), I, [oa.nyquist(h, a), oa.nyquist(p, b)],
    ),
    "Nyquist: modulated": (Down(M) @ Conv(turn(2 * PI * j / M) @ h) @ Up(M), I, ny),
    "orthonormal: frames": (low @ (low.H @ x), x, orthonormal),
    "orthonormal: P² = P": (P @ P, P, orthonormal),
    "orthonormal: P³ = P": (P**3, P, orthonormal),
    "orthonormal: (I − P) P": ((I - P) @ P, oa.Zero(), orthonormal),
    "orthonormal: pyramid": ((I - P) @ (I - P) + P, I, orthonormal),
    "orthonormal: detail": (low @ ((I - P) @ x), oa.Zero() @ x, orthonormal),
    "orthonormal: two levels": ((low @ low) @ (low @ low).H, I, orthonormal),
    "orthonormal: under a sum": (total(Shift(r) @ low @ low.H @ Shift(-r), 3), 3 * I, orthonormal),
    "orthonormal: every M": ((I - band.H @ band) @ band.H, oa.Zero(), oa.orthonormal(q, M)),
    "orthonormal: images": (total(image @ image.H, M), M * I, oa.orthonormal(q, M)),
    "orthonormal: power complementary, V 5.3": (
        Conv(q) @ Conv(q).H + Conv(Modulate([1, -1]) @ q) @ Conv(Modulate([1, -1]) @ q).H, 2 * I, orthonormal,
    ),
    "orthonormal: CQF, V 5.3.6": (low.H @ low + mirror.H @ mirror, I, orthonormal),
    "orthonormal: autocorrelation": (Down(2) @ (Conv(q) @ (Flip() @ q.conj())), oa.Signal([1]), orthonormal),
    "paraunitary: on signals": ((low.H @ low + high.H @ high) @ x, x, pair),
    "paraunitary: a tree, S 1.6": (
        low.H @ (low.H @ low + high.H @ high) @ low + high.H @ high, I, pair,
    ),
    "paraunitary: packets": (
        sum(((u @ v).H @ (u @ v) for u, v in ((low, high), (high, low), (high, high))), (low @ low).H @ (low @ low)),
        I, pair,
    ),
    "paraunitary: power": (Conv(q) @ Conv(q).H + Conv(p) @ Conv(p).H, 2 * I, pair),
    "paraunitary: no alias": (
        Conv(q).H @ Conv(Modulate([1, -1]) @ q) + Conv(p).H @ Conv(Modulate([1, -1]) @ p), oa.Zero(), pair,
    ),
    "divisions: a common factor": (Down(g * a) @ Shift(g * d) @ Up(g * b), Down(a) @ Shift(d) @ Up(b)),
    "divisions: one question twice": (
        Down(a) @ Shift(d) @ Up(b) @ Conv(q), Down(a) @ Conv(Up(b) @ q) @ Shift(d) @ Up(b),
    ),
    "divisions: transposed": ((Down(a) @ Shift(d) @ Up(b)).T, Down(b) @ Shift(-d) @ Up(a)),
    "divisions: reversed": (Down(a) @ Shift(d) @ Up(b) @ Flip(), Flip() @ Down(a) @ Shift(-d) @ Up(b)),
    "divisions: Bézout": (
        Down(M) @ Shift(M * d - L * j) @ Up(L), Shift(d) @ Up(L) @ Down(M) @ Shift(-j), prime,
    ),
}  # fmt: skip

MISSES: dict[str, tuple[Any, ...]] = {
    "angles: half turns": (turn(PI * d), I),
    "angles: another order": (turn(2 * PI * j / M) @ Up(L), Up(L)),
    "angles: half of one": (turn(PI * j / M) @ Up(M), Up(M)),
    "angles: M = 1": (total(exp(2 * PI * J * r / M) * I, M), oa.Zero()),
    "angles: M = 2": (total(cos(2 * PI * r / M) ** 2 * I, M), M / 2 * I),
    "angles: the DFT once more": (total(total(exp(2 * PI * J * r * s / M) * Shift(s), M), M, s), I),
    "angles: the other direction": (
        Down(M) @ Conv(turn(2 * PI * j / M) @ h),
        total(exp(-2 * PI * J * j * r / M) * (Conv(Down(M) @ Shift(-r) @ h) @ Down(M) @ Shift(r)), M),
    ),
    "angles: a comb of fewer lines": (total(turn(2 * PI * r * L / M), M), M * every(M)),
    "angles: an index in a unit": (total(turn(w * sympy.sqrt(r**2 + 1)), 2 * k),
                                   2 * total(turn(w * sympy.sqrt(r**2 + 1)), k)),
    "angles: an index in another function": (total(turn(cos(r)), 2 * k), 2 * total(turn(cos(r)), k)),
    "ranges: a range too short": ((I - S) @ total(Shift(r), M), I - Shift(M - 1)),
    "ranges: doubling the other": (box(a * b), box(a) @ Conv(Up(b) @ oa.box(b))),
    "weights: Σ r": (total(r * I, k), k * (k + 1) / 2 * I),
    "weights: a power": ((I - c * S) @ power(c), I - c**k * Shift(k - 1)),
    "weights: a triangle": (box(k) ** 2, total((r + 1) * Shift(r), k) + total((k - r) * Shift(r + k), k)),
    "weights: odd ends": ((I + S) @ total((-1) ** r * Shift(r), k), I - Shift(k)),
    "weights: reversed": (total((k - r) * Shift(r), k), total(r * Shift(k - 1 - r), k)),
    "coprime: not known": (residues(r * L), I),
    "coprime: a factor more": (residues(3 * r * L), I, prime),
    "Nyquist: squared": (Down(2) @ Conv(h) @ Conv(h) @ Up(2), I, oa.nyquist(h, 2)),
    "orthonormal: P is no identity": (P, I, orthonormal),
    "orthonormal: a band alone": (total(image @ image.H, M), I, oa.orthonormal(q, M)),
    "orthonormal: an even delay": (low.H @ low + even_mirror.H @ even_mirror, I, orthonormal),
    "divisions: no common factor": (Down(a) @ Shift(g * d) @ Up(g * b), Down(a) @ Shift(d) @ Up(b)),
    "divisions: the shift kept": ((Down(a) @ Shift(d) @ Up(b)).T, Down(b) @ Shift(d) @ Up(a)),
}  # fmt: skip


@pytest.mark.parametrize("name", PROVED)
def test_proved(name: str) -> None:
    lhs, rhs, *given = PROVED[name]
    proof = oa.prove(lhs, rhs, *given)
    assert proof.verdict == "proved", proof.reason


@pytest.mark.campaign(30)
@pytest.mark.parametrize("name", PROVED)
def test_a_proof_is_replayed(name: str) -> None:
    lhs, rhs, *given = PROVED[name]
    assert oa.prove(lhs, rhs, *given).check()


@pytest.mark.parametrize("name", MISSES)
def test_a_near_miss_is_refuted(name: str) -> None:
    lhs, rhs, *given = MISSES[name]
    proof = oa.prove(lhs, rhs, *given)
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


def test_what_depends_on_an_index_otherwise_is_left_open() -> None:
    body = turn(cos(r))
    proof = oa.prove(total(body, k) @ total(body, k), total(body @ body, k))
    assert proof.verdict != "proved"
    one = oa.prove(total(sympy.sqrt(r + 1) * Shift(r), k), total(sympy.sqrt(k - r) * Shift(k - 1 - r), k))
    assert one.verdict == "undecided"
    assert "no polynomial in its index" in one.reason


# certificates of equations


def test_uses_on_operators_have_a_certificate(tmp_path: Any) -> None:
    proof = oa.prove((I - P) @ P + P**3, P, orthonormal)
    proof.save(tmp_path / "proof.json")
    assert oa.load_proof(tmp_path / "proof.json").verdict == "proved"


@pytest.mark.parametrize("name", ["orthonormal: frames", "orthonormal: under a sum", "orthonormal: CQF, V 5.3.6"])
def test_other_uses_are_refused_by_the_writer(name: str, tmp_path: Any) -> None:
    lhs, rhs, *given = PROVED[name]
    with pytest.raises(CertificateError, match="has no form in a certificate"):
        oa.prove(lhs, rhs, *given).save(tmp_path / "proof.json")


# numbers


def test_angles_of_gaussian_primes() -> None:
    rng = random.Random(5)
    for _ in range(300):
        value = Fraction(rng.randint(-400, 400), rng.randint(1, 400))
        found = reading.angle_by_primes(value)
        assert found is not None
        quarters, parts = found
        assert abs(quarters * pi / 4 + sum(e * atan(v / u) for (u, v), e in parts) - atan(value)) < 1e-9


NUMBERS = {
    "Machin": (4 * sympy.atan(sympy.Rational(1, 5)) - sympy.atan(sympy.Rational(1, 239)), PI / 4),
    "Euler": (sympy.atan(sympy.Rational(1, 2)) + sympy.atan(sympy.Rational(1, 3)), PI / 4),
    "double angle": (sympy.sin(2 * sympy.atan(sympy.Rational(1, 2))), sympy.Rational(4, 5)),
    "asin and acos": (sympy.asin(sympy.Rational(3, 5)) + sympy.acos(sympy.Rational(3, 5)), PI / 2),
    "asinh": (sympy.asinh(sympy.Rational(3, 4)), sympy.log(2)),
    "acosh": (sympy.acosh(2), sympy.log(2 + sympy.sqrt(3))),
    "atanh": (sympy.atanh(sympy.Rational(1, 3)), sympy.log(2) / 2),
    "orders 7 and 5 beside √2": (
        (exp(2 * PI * J / 7) + exp(2 * PI * J / 5) + sympy.sqrt(2)) ** 2,
        sympy.expand((exp(2 * PI * J / 7) + exp(2 * PI * J / 5) + sympy.sqrt(2)) ** 2),
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_equal_numbers(name: str) -> None:
    left, right = NUMBERS[name]
    assert oa.prove(left * Up(2), right * Up(2)).verdict == "proved"
    assert oa.prove(left * Up(2), (right + sympy.Rational(1, 1000)) * Up(2)).verdict == "refuted"


def _equal_functions(rng: random.Random) -> tuple[Any, Any]:
    u, v = (sympy.Rational(rng.randint(1, 9), rng.randint(1, 9)) for _ in range(2))
    at, root = sympy.atan, sympy.sqrt(u**2 + 1)
    pairs = [
        (at(u) + at(1 / u), PI / 2),
        (at(u) - at(v), at((u - v) / (1 + u * v))),
        (sympy.sin(2 * at(u)), 2 * u / (1 + u**2)),
        (cos(at(u) + at(v)), (1 - u * v) / (root * sympy.sqrt(v**2 + 1))),
        (sympy.asin(u / (u + 1)) + sympy.acos(u / (u + 1)), PI / 2),
        (sympy.asinh((u**2 - 1) / (2 * u)), sympy.log(u)),
        (sympy.atanh(u / (u + 1)), sympy.log(2 * u + 1) / 2),
    ]
    return rng.choice(pairs)


@pytest.mark.parametrize("seed", range(40))
def test_inverse_functions_of_random_numbers(seed: int) -> None:
    """What is proved agrees in 60 digits; half of the pairs are spoiled by very little."""
    rng = random.Random(seed)
    left, right = _equal_functions(rng)
    spoil = rng.choice([0, sympy.Rational(1, 10**9)])
    verdict = oa.prove(left * Up(2), (right + spoil) * Up(2)).verdict
    assert verdict == ("refuted" if spoil else "proved")
    assert (abs(sympy.N(left - right - spoil, 60)) < 10**-50) == (verdict == "proved")


# faults


def _any_proved(kind: str) -> bool:
    return any(oa.prove(*MISSES[name]).verdict == "proved" for name in MISSES if name.startswith(kind))


def _all_proved(kind: str) -> bool:
    return all(oa.prove(*PROVED[name]).verdict == "proved" for name in PROVED if name.startswith(kind))


_differences = points._differences
FAULTS: list[tuple[str, Any, str, Any]] = [
    ("coprime", affine.Context, "coprime_part", lambda self, content, other: content),
    ("angles", units.Units, "_checked", lambda self: self),
    ("angles", units, "_below", lambda atom: None),
    ("angles", parametrised, "reduced", lambda phase, context: (1, {})),
    ("weights", points, "_differences", lambda *arguments: _differences(*arguments)[:-1]),
    ("weights", merging, "summed", lambda f, p, bound, ring: {(): ring.convert((bound * (bound + 1)).as_expr() / 2)}),
    ("divisions", points, "EQUATION", ("none",)),
    ("orthonormal", words, "_times", lambda u, v: 1),
    ("paraunitary", words, "add", lambda terms: terms[0] if terms else oa.Zero()),
]


@pytest.mark.parametrize(("kind", "where", "name", "wrong"), FAULTS, ids=[f"{f[0]}, {f[2]}" for f in FAULTS])
def test_a_planted_fault_is_seen(kind: str, where: Any, name: str, wrong: Any, monkeypatch: Any) -> None:
    """Some near miss of the kind is proved with it, or some true statement is not."""
    assert _all_proved(kind)
    monkeypatch.setattr(where, name, wrong)
    assert _any_proved(kind) or not _all_proved(kind)
