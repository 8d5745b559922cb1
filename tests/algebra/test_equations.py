"""Equations as hypotheses: true statements of the books and near misses, contradictions, planted bugs, and a judge."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Modulate, Shift, Up, Zero
from opalgebra.algebra import equations
from opalgebra.algebra.decide import decision, examples, phases, prove, ranges, relations, symbolic
from opalgebra.algebra.equations import Equation, Symmetric
from opalgebra.algebra.facts import Equal
from opalgebra.errors import CertificateError, FactorError, HypothesisError, OperandError

from ..judge import Judge

I = Identity()  # noqa: E741
HALF = Fraction(1, 2)
h, g, p, q, x = oa.signals("h g p q x")
h0, h1, f0, f1 = oa.signals("h0 h1 f0 f1")
s, t = oa.signals("s t", real=True)
P = oa.operators("P")
a, b, L, M, k, m, n, r = oa.factors("a b L M k m n r")
d, e = oa.integers("d e")


def band(f: Any, h: Any, M: int = 2) -> Any:
    return Conv(f) @ Up(M) @ Down(M) @ Conv(h)


BANK = band(f0, h0) + band(f1, h1)
RECONSTRUCTS = oa.equation(BANK, I)
BIORTHOGONAL = [
    oa.equation(Down(2) @ Conv(h) @ Conv(f) @ Up(2), I if i == j else Zero())
    for i, h in enumerate((h0, h1))
    for j, f in enumerate((f0, f1))
]
PRODUCT = (oa.equation(p, Conv(h) @ g), oa.nyquist(p, 2))
LINEAR = oa.symmetric(q, about=3 * HALF)
ODD = oa.symmetric(q, about=3 * HALF, sign=-1)
TIGHT = oa.equation(Conv(h).H @ Conv(h) + Conv(g).H @ Conv(g), 2 * I)
BEZOUT = oa.equation(a * M - b * L, 1)
BLOCK = oa.Block([[Conv(h), Conv(g)], [Conv(p), Conv(q)]])
DETERMINANT = oa.equation(Conv(h) @ Conv(q) - Conv(g) @ Conv(p), I)
ADJUGATE = oa.Block([[Conv(q), -Conv(g)], [-Conv(p), Conv(h)]])

TRUE: dict[str, tuple[Any, Any, Any]] = {
    # Vetterli and Kovačević, Wavelets and Subband Coding, 3.2; Strang and Nguyen, 4.1
    "reconstruction gives biorthogonality": (Down(2) @ Conv(h0) @ Conv(f0) @ Up(2), I, RECONSTRUCTS),
    "and orthogonality across": (Down(2) @ Conv(h0) @ Conv(f1) @ Up(2), Zero(), RECONSTRUCTS),
    "biorthogonality gives reconstruction": (BANK, I, BIORTHOGONAL),
    "a projection": (band(f0, h0) @ band(f0, h0), band(f0, h0), BIORTHOGONAL),
    "a projection by one equation": (band(f0, h0) @ band(f0, h0), band(f0, h0), BIORTHOGONAL[0]),
    "the other projection": ((I - band(f0, h0)) @ (I - band(f0, h0)), I - band(f0, h0), BIORTHOGONAL[0]),
    "the bank of the transposes": (band(h0, f0).T + band(h1, f1).T, I, RECONSTRUCTS),
    "time reversed filters": (band(Flip() @ h0, Flip() @ f0) + band(Flip() @ h1, Flip() @ f1), I, BIORTHOGONAL),
    "on a signal": (BANK @ x, x, RECONSTRUCTS),
    "inside a word": (Up(3) @ BANK @ Flip(), Up(3) @ Flip(), RECONSTRUCTS),
    "a noble identity of it": (
        band(Up(3) @ f0, Up(3) @ h0, 6) + band(Up(3) @ f1, Up(3) @ h1, 6), Up(3) @ Down(3), RECONSTRUCTS),
    # Strang and Nguyen 4.1, 5.5: the product filter is half-band
    "product filter": (Down(2) @ Conv(h) @ Conv(g) @ Up(2), I, PRODUCT),
    "product filter, the other order": (Down(2) @ Conv(g) @ Conv(h) @ Up(2), I, PRODUCT),
    "product filter as operators": (
        Down(2) @ Conv(h) @ Conv(g) @ Up(2), I, [oa.equation(Conv(p), Conv(h) @ Conv(g)), oa.nyquist(p, 2)]),
    "half-band sum": (
        Conv(h) @ Conv(g) + Conv(Modulate([1, -1]) @ h) @ Conv(Modulate([1, -1]) @ g), 2 * I, PRODUCT),
    "half-band by its definition": (Down(2) @ Conv(q) @ Up(2), I, oa.equation(Down(2) @ q, oa.Signal([1]))),
    "spectral factor": (Down(2) @ Conv(h) @ Conv(h).H @ Up(2), I, [oa.equation(p, Conv(h).H @ h), oa.nyquist(p, 2)]),
    # Oppenheim and Schafer 5.7: linear phase of four types
    "type II": (Conv(q).T, Shift(-3) @ Conv(q), LINEAR),
    "type IV": (Conv(q).T, -Shift(-3) @ Conv(q), ODD),
    "type III": (Conv(q).T + Conv(q), Zero(), oa.symmetric(q, sign=-1)),
    "linear phase times linear phase": (
        Conv(h).T @ Conv(g).T, Shift(-5) @ Conv(h) @ Conv(g), [oa.symmetric(h, 3 * HALF), oa.symmetric(g, 1)]),
    "symmetric times antisymmetric": (
        (Conv(h) @ Conv(g)).T, -Shift(-4) @ Conv(h) @ Conv(g), [oa.symmetric(h, 3 * HALF), oa.symmetric(g, HALF, -1)]),
    "phases of an even length are mirror images": (
        Conv(Down(2) @ q).T, Shift(-1) @ Conv(Down(2) @ Shift(-1) @ q), LINEAR),
    "symmetric, of odd length N": (Conv(q).T, Shift(-2 * m) @ Conv(q), oa.symmetric(q, m)),
    "symmetric and half-band": (Down(2) @ Conv(q).T @ Up(2), I, [oa.symmetric(q), oa.nyquist(q, 2)]),
    "symmetric and orthonormal": (
        Down(2) @ Conv(s) @ Shift(-3) @ Conv(s) @ Up(2), I, [oa.symmetric(s, 3 * HALF), oa.orthonormal(s, 2)]),
    "on two axes": (Conv(q).T, Shift((-1, -2)) @ Conv(q), oa.symmetric(q, (HALF, 1))),
    # Mallat 5.1: tight frames
    "tight frame": (Conv(h).H @ Conv(h) @ Conv(p) + Conv(g).H @ Conv(g) @ Conv(p), 2 * Conv(p), TIGHT),
    "tight frame, adjoint filters": (Conv(h) @ Conv(h).H + Conv(g) @ Conv(g).H, 2 * I, TIGHT),
    "a projection P": (P @ P @ P, P, oa.equation(P @ P, P)),
    "its complement": ((I - P) @ (I - P), I - P, oa.equation(P @ P, P)),
    # Vaidyanathan 5.6: unimodular polyphase matrices
    "adjugate": (BLOCK @ ADJUGATE, oa.Block.diagonal(I, I), DETERMINANT),
    "a left inverse is a right inverse": (Conv(g) @ Conv(h), I, oa.equation(Conv(h) @ Conv(g), I)),
    "matrices too": (BLOCK @ ADJUGATE, oa.Block.diagonal(I, I), oa.equation(ADJUGATE @ BLOCK, oa.Block.diagonal(I, I))),
    # known taps
    "symbolic taps": (
        Conv(oa.signals("c", length=3)).T, Shift(-2) @ Conv(oa.signals("c", length=3)),
        oa.equation(Flip() @ oa.signals("c", length=3), Shift(-2) @ oa.signals("c", length=3))),
    # Vaidyanathan 4.2, rational decimation by a Bézout pair
    "Bézout": (Down(M) @ Shift(1) @ Up(L), Shift(a) @ Up(L) @ Down(M) @ Shift(-b), BEZOUT),
    "Bézout, by d": (Down(M) @ Shift(d) @ Up(L), Shift(a * d) @ Up(L) @ Down(M) @ Shift(-b * d), BEZOUT),
    "Bézout, a delay": (Shift(a * M) @ Shift(-b * L), Shift(1), BEZOUT),
    "Bézout, they commute": (Down(M) @ Up(L), Up(L) @ Down(M), BEZOUT),
    "neighbours are coprime": (Up(k) @ Down(m), Down(m) @ Up(k), oa.equation(k, m + 1)),
    "an equation of shifts": (Shift(d) @ Shift(-e), Shift(3), oa.equation(d, e + 3)),
    "a factor too": (Shift(k) @ Shift(-m) @ Up(k), Shift(1) @ Up(k), oa.equation(k, m + 1)),
    "equal is the same": (Down(a) @ Up(k), Up(m), oa.equation(k, a * m)),
    "SymPy's Eq": (Down(a) @ Up(k), Up(m), sympy.Eq(k, a * m)),
    "between two multiples": (Down(k) @ Shift(r) @ Up(k), Zero(), r < k),
    "from 1 to k − 1": (Down(k) @ Shift(d) @ Up(k), Zero(), [d > 0, d < k]),
    "from k + 1 to 2 k − 1": (Down(k) @ Shift(d) @ Up(k), Zero(), [d > k, d < 2 * k]),
    "negative": (Down(k) @ Shift(-d) @ Up(k), Zero(), sympy.And(d > 0, d < k)),
    "k above 1": (Down(k) @ Shift(1) @ Up(k), Zero(), k >= 2),
    "k not 1": (Down(k) @ Shift(1) @ Up(k), Zero(), sympy.Ne(k, 1)),
    "k above 99": (Down(k) @ Shift(70) @ Up(k), Zero(), k > 99),
    "a phase": (oa.Sum(Down(k) @ Shift(d - e) @ Up(k), (e, 0, k)), I, [d >= 0, d < k]),
}  # fmt: skip

FALSE: dict[str, tuple[Any, Any, Any]] = {
    "the other band": (band(f0, h0), I, RECONSTRUCTS),
    "another pair": (Down(2) @ Conv(h0) @ Conv(f1) @ Up(2), I, RECONSTRUCTS),
    "a bank with a delay": (BANK, Shift(1), BIORTHOGONAL),
    "one equation is missing": (BANK, I, BIORTHOGONAL[:3]),
    "filters exchanged": (band(h0, h0) + band(h1, h1), I, RECONSTRUCTS),
    "not half-band": (Down(2) @ Conv(h) @ Conv(h) @ Up(2), I, PRODUCT),
    "no other phase": (Down(2) @ Shift(1) @ Conv(h) @ Conv(g) @ Up(2), Zero(), PRODUCT),
    "a product filter is no impulse": (Conv(h) @ Conv(g), I, PRODUCT),
    "a wrong centre": (Conv(q).T, Shift(-2) @ Conv(q), LINEAR),
    "a wrong sign": (Conv(q).T, Shift(-3) @ Conv(q), ODD),
    "conjugates": (Conv(q).H, Shift(-3) @ Conv(q), LINEAR),
    "centres add up": (
        Conv(h).T @ Conv(g).T, Shift(-4) @ Conv(h) @ Conv(g), [oa.symmetric(h, 3 * HALF), oa.symmetric(g, 1)]),
    "another axis": (Conv(q).T, Shift((-2, -1)) @ Conv(q), oa.symmetric(q, (HALF, 1))),
    "a frame of another bound": (Conv(h).H @ Conv(h) + Conv(g).H @ Conv(g), I, TIGHT),
    "half a frame": (Conv(h).H @ Conv(h), I, TIGHT),
    "no determinant": (Conv(h) @ Conv(q), I, DETERMINANT),
    "Bézout, exchanged": (Down(M) @ Shift(1) @ Up(L), Shift(b) @ Up(L) @ Down(M) @ Shift(-a), BEZOUT),
    "Bézout, by 2": (Down(M) @ Shift(2) @ Up(L), Shift(a) @ Up(L) @ Down(M) @ Shift(-b), BEZOUT),
    "Bézout is not L − M": (Shift(L), Shift(M + 1), BEZOUT),
    "next but one": (Up(k) @ Down(m), Down(m) @ Up(k), oa.equation(k, m + 2)),
    "another equation of shifts": (Shift(d) @ Shift(-e), Shift(4), oa.equation(d, e + 3)),
    "k itself": (Down(k) @ Shift(r) @ Up(k), Zero(), r <= k),
    "0 too": (Down(k) @ Shift(d) @ Up(k), Zero(), [d >= 0, d < k]),
    "too far": (Down(k) @ Shift(d) @ Up(k), Zero(), [d > 0, d < 2 * k]),
    "k is 1": (Down(k) @ Shift(1) @ Up(k), Zero(), k >= 1),
    "k is 2": (Down(k) @ Shift(2) @ Up(k), Zero(), k >= 2),
    "another phase": (oa.Sum(Down(k) @ Shift(d - e) @ Up(k), (e, 0, k)), I, [d >= 0, d <= k]),
}  # fmt: skip
UNDECIDED = {"a projection P": (P, I, oa.equation(P @ P, P))}


@pytest.mark.parametrize("name", TRUE)
def test_true(name: str) -> None:
    lhs, rhs, given = TRUE[name]
    proof = oa.prove(lhs, rhs, given=given)
    assert proof.verdict == "proved", proof.reason
    assert proof.check()
    assert "given" in str(proof)
    assert oa.prove(lhs, rhs).verdict != "proved"  # the hypothesis is needed


@pytest.mark.parametrize("name", FALSE)
def test_false(name: str) -> None:
    lhs, rhs, given = FALSE[name]
    proof = oa.prove(lhs, rhs, given=given)
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


def test_what_has_no_witness_is_undecided() -> None:
    for lhs, rhs, given in UNDECIDED.values():
        assert oa.prove(lhs, rhs, given=given).verdict == "undecided"


# -- what is refused --------------------------------------------------------------------------------------


REFUSED: dict[str, tuple[type[Exception], Callable[[], Any]]] = {
    "an operator and a signal": (OperandError, lambda: oa.equation(Conv(h), g)),
    "no name": (OperandError, lambda: oa.equation(Up(2), Up(3))),
    "integers that differ": (FactorError, lambda: oa.equation(k, k + 1)),
    "numbers that differ": (FactorError, lambda: oa.equation(2, 3)),
    "fractions": (OperandError, lambda: oa.equation(k / 2, m)),
    "reals": (OperandError, lambda: oa.equation(oa.reals("w"), 1)),
    "a number and an operator": (OperandError, lambda: oa.equation(Conv(h), 1)),
    "one name for two things": (OperandError, lambda: oa.equation(Conv(oa.signals("s")), Conv(s))),
    "a quarter": (OperandError, lambda: oa.symmetric(q, about=Fraction(1, 4))),
    "no sign": (OperandError, lambda: oa.symmetric(q, sign=2)),
    "a known kernel": (OperandError, lambda: oa.symmetric(oa.Signal([1, 1]))),
    "two axes for one": (oa.DimensionError, lambda: oa.symmetric(oa.signals("y", ndim=1), (HALF, 1))),
    "a period of 0": (FactorError, lambda: oa.periodic("w", 0)),
    "a symbolic period": (FactorError, lambda: oa.periodic("w", k)),
    "trees compared": (OperandError, lambda: oa.prove(Up(k), Up(m), given=k == m)),
    "a relation between reals": (OperandError, lambda: oa.prove(Up(k), Up(m), given=oa.reals("w") < 2)),
    "either of two": (OperandError, lambda: oa.prove(Up(k), Up(m), given=sympy.Or(k < 2, m < 2))),
    "always false": (FactorError, lambda: oa.prove(Up(k), Up(m), given=k < 0)),
    "another factor": (HypothesisError, lambda: oa.prove(Up(k), Up(m), given=k < n)),
    "other kernels": (HypothesisError, lambda: oa.prove(Conv(q), Conv(p), given=oa.equation(Conv(h), Conv(g)))),
    "a signal that is a number": (HypothesisError, lambda: oa.prove(Conv(oa.signals("k")), I, given=k < m)),
    "a number that is a signal": (HypothesisError, lambda: oa.prove(Up(k), I, given=oa.symmetric(oa.signals("k")))),
    "a real kernel that is complex": (OperandError, lambda: oa.prove(Conv(s), I, given=oa.symmetric(oa.signals("s")))),
    "other assumptions": (OperandError, lambda: oa.prove(Up(k), Up(m), given=oa.integers("k") < m)),
}
CLASHES: dict[str, Any] = {
    "k < m < k": [k < m, m < k],
    "below 1": [k < m, m <= 1],
    "twice": [oa.equation(d, e + 1), oa.equation(e, d + 1)],
    "no integer between": [k < m, m < k + 1],
    "an odd number that is even": [oa.equation(2 * d, 2 * e + 1)],
    "unequal to itself": [oa.equation(k, m), sympy.Ne(k, m)],
    "Bézout with a common factor": [oa.equation(2 * k - 2 * m, 1)],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    error, call = REFUSED[name]
    with pytest.raises(error):
        call()


@pytest.mark.parametrize("name", CLASHES)
def test_contradictions_of_integers(name: str) -> None:
    lhs = Shift(d) @ Shift(e) @ Up(k) @ Up(m)
    with pytest.raises(FactorError, match="contradict"):
        oa.prove(lhs, I, given=CLASHES[name])


def test_contradictions_of_kernels() -> None:
    lies = [oa.nyquist(h, 2), oa.equation(Conv(h), Shift(1) @ Conv(Up(2) @ g))]
    with pytest.raises(OperandError, match="contradict"):
        oa.prove(Conv(h), Conv(g), given=lies)
    twice = [oa.symmetric(h, 0), oa.symmetric(h, 0, -1), oa.nyquist(h, 2)]  # h = 0, and 1 at 0
    with pytest.raises(OperandError, match="contradict"):
        oa.prove(Conv(h), Conv(h).T, given=twice)
    with pytest.raises(OperandError, match="contradict"):
        oa.prove(Conv(h), I, given=twice)


def test_of_a_contradiction_that_is_not_seen_nothing_follows() -> None:
    """A finite h with h∗h = δ + δ₁ there is not; no polynomial identity says so."""
    given = oa.equation(Conv(h) @ Conv(h), I + Shift(1))
    assert oa.prove(Conv(h) @ Conv(h) @ Conv(g), Conv(g) + Shift(1) @ Conv(g), given=given).verdict == "undecided"


def test_words() -> None:
    assert str(oa.symmetric(q)) == str(oa.even_symmetric(q)) == "q even"
    assert oa.symmetric(q) == oa.even_symmetric(q)
    assert str(oa.symmetric(q, sign=-1)) == "q odd"
    assert str(LINEAR) == "q symmetric about 3/2"
    assert str(oa.symmetric(q, (HALF, 1), -1)) == "q antisymmetric about 1/2, 1"
    assert str(oa.symmetric(q, (m - 1) / 2)) == "q symmetric about m/2 - 1/2"
    assert str(oa.equation(p, Conv(h) @ g)) == "p = (h∗) g"
    assert str(BEZOUT) == "L*b + M*a = 1" or str(BEZOUT) == "-L*b + M*a = 1"
    assert "mathbf" in oa.equation(p, Conv(h) @ g)._repr_latex_()
    assert isinstance(oa.equation(k, a * m), Equal)
    assert isinstance(oa.equation([1, 2], Conv(h) @ oa.Signal([1])), Equation)


def test_symmetric_about_a_symbol() -> None:
    """Linear phase of every length: h_{N−1−n} = h_n."""
    given = oa.symmetric(q, (m - 1) / 2)
    assert oa.prove(Conv(q).T, Shift(1 - m) @ Conv(q), given=given)
    assert oa.prove(Conv(q).T, Shift(m - 1) @ Conv(q), given=given).verdict == "refuted"


def test_periodic_weights() -> None:
    """Crochiere and Rabiner 3.3: a system of period M is a sum over its phases."""
    w = oa.periodic("w", 3)
    system = Conv(q) @ Modulate(w)
    terms = [v * Conv(q) @ Shift(i) @ Up(3) @ Down(3) @ Shift(-i) for i, v in enumerate(w.values)]
    assert oa.prove(system, terms[0] + terms[1] + terms[2])
    assert oa.prove(system @ Shift(3), Shift(3) @ system)
    assert oa.prove(system @ Shift(2), Shift(2) @ system).verdict == "refuted"
    assert oa.prove(Modulate(w) @ Modulate(oa.periodic("v", 3)), Modulate(oa.periodic("v", 3)) @ Modulate(w))


def test_certificates(tmp_path: Any) -> None:
    path = tmp_path / "p.json"
    for name in ("a projection P", "its complement", "a projection by one equation", "Bézout", "between two multiples"):
        lhs, rhs, given = TRUE[name]
        oa.prove(lhs, rhs, given=given).save(path)
        again = oa.load_proof(path)
        assert again.verdict == "proved"
        assert again.check()
    for name in ("a bank with a delay", "Bézout, by 2", "k itself", "not half-band"):
        lhs, rhs, given = FALSE[name]
        oa.prove(lhs, rhs, given=given).save(path)
        assert oa.load_proof(path).verdict == "refuted"
    for name in ("type II", "biorthogonality gives reconstruction"):
        lhs, rhs, given = TRUE[name]
        with pytest.raises(CertificateError, match=r"no place|no form"):
            oa.prove(lhs, rhs, given=given).save(path)


# -- planted bugs: only the replay stands between them and a wrong refutation -----------------------------


def _any_kernel_is_symmetric(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Symmetric, "solution", lambda fact: (fact.signal.name, fact.signal))


def _any_kernels_are_examples(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(relations, "assignments", lambda found, ndim: examples._candidates(found, ndim))
    patch.setattr(relations, "_in_phases", lambda *_: "")
    patch.setattr(relations, "rewritten", lambda *_: ("", []))


def _equations_are_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(prove, "as_relations", lambda facts: [])
    patch.setattr(equations.Equation, "solution", lambda fact: None)


def _relations_are_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decision, "solved", lambda facts, factors: type(_solved([]))())
    patch.setattr(decision, "models", lambda facts, symbols: _models((), symbols))
    patch.setattr(decision, "_fits", lambda *_: True)
    patch.setattr(decision, "_allowed", lambda *_: True)


_solved, _models = decision.solved, decision.models
BUGS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "any kernel is symmetric": (_any_kernel_is_symmetric, "type II"),
    "antisymmetric too": (_any_kernel_is_symmetric, "type IV"),
    "any kernels are examples": (_any_kernels_are_examples, "biorthogonality gives reconstruction"),
    "equations are dropped": (_equations_are_dropped, "tight frame"),
    "integers: an equation is dropped": (_relations_are_dropped, "Bézout"),
    "integers: a relation is dropped": (_relations_are_dropped, "between two multiples"),
    "integers: two are dropped": (_relations_are_dropped, "from 1 to k − 1"),
    "integers: k ≥ 2 is dropped": (_relations_are_dropped, "k above 1"),
    "integers: k ≠ 1 is dropped": (_relations_are_dropped, "k not 1"),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, statement = BUGS[name]
    lhs, rhs, given = TRUE[statement]
    with monkeypatch.context() as patch:
        plant(patch)
        assert oa.prove(lhs, rhs, given=given).verdict != "refuted"
        patch.setattr(prove, "holds_at", lambda *_: True)
        assert oa.prove(lhs, rhs, given=given).verdict == "refuted"  # without the replay


def _everything_is_in_the_ideal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(phases, "_in_ideal", lambda *_: True)


def _everything_is_implied(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ranges, "may_hold", lambda facts: len(facts) < 2)


def _equations_divide_what_they_do_not(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(symbolic.Parametrised, "_inverse", lambda self, coefficient, factor: self.context.poly(1))


FALSE_PROOFS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "everything is in the ideal": (_everything_is_in_the_ideal, "a bank with a delay"),
    "everything is implied": (_everything_is_implied, "k itself"),
    "everything has the inverse 1": (_equations_divide_what_they_do_not, "Bézout, by 2"),
}


@pytest.mark.parametrize("name", FALSE_PROOFS)
def test_a_false_proof_does_not_pass_its_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, statement = FALSE_PROOFS[name]
    lhs, rhs, given = FALSE[statement]
    with monkeypatch.context() as patch:
        plant(patch)
        proof = oa.prove(lhs, rhs, given=given)
        assert proof.verdict != "proved" or not proof.check()


# -- a judge that shares no code with the prover ----------------------------------------------------------


def _lifted(rng: random.Random) -> dict[str, dict[tuple[int], Any]]:
    """Filters of a bank that reconstructs, from lifting steps: E on the phases, and its inverse."""
    E = [[{0: 1}, {}], [{}, {0: 1}]]
    back = [[{0: 1}, {}], [{}, {0: 1}]]  # E⁻¹
    for _ in range(rng.randint(1, 3)):
        i, step = rng.randrange(2), {rng.randint(-1, 1): Fraction(rng.randint(-3, 3), rng.randint(1, 2))}
        j = 1 - i
        E[i] = [_sum(u, _product(step, v)) for u, v in zip(E[i], E[j], strict=True)]
        for row in back:
            row[j] = _sum(row[j], _product({n: -v for n, v in step.items()}, row[i]))
    names = {}
    for c in range(2):  # (↓2 h∗ x)_n = Σ_r Σ_e h_{2e−r} x_{2(n−e)+r}
        names[f"h{c}"] = {(2 * n - r,): v for r in range(2) for n, v in E[c][r].items() if v}
        names[f"f{c}"] = {(2 * n + r,): v for r in range(2) for n, v in back[r][c].items() if v}
    return names


def _sum(u: dict[int, Any], v: dict[int, Any]) -> dict[int, Any]:
    return {n: u.get(n, 0) + v.get(n, 0) for n in {**u, **v}}


def _product(u: dict[int, Any], v: dict[int, Any]) -> dict[int, Any]:
    total: dict[int, Any] = {}
    for (i, x), (j, y) in product(u.items(), v.items()):
        total[i + j] = total.get(i + j, 0) + x * y
    return total


def _differ(judge: Judge, lhs: Any, rhs: Any) -> bool:
    columns = (*range(-4, 5), 1000, 1001, 1002, 1003)
    return any(judge.column(lhs, (c,)) != judge.column(rhs, (c,)) for c in columns)


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.campaign(6)
def test_banks_against_the_judge(seed: int) -> None:
    """Words in the filters of a biorthogonal bank: what is proved holds for lifted banks, what is refuted does not."""
    rng = random.Random(seed)
    words = [I, BANK, band(f0, h0), band(f1, h1), band(f0, h1), Shift(2)]
    sums = [rng.choice(words) + rng.choice([1, -1, 2]) * rng.choice(words) @ rng.choice(words) for _ in range(2)]
    given = rng.choice([RECONSTRUCTS, BIORTHOGONAL])
    lhs, rhs = sums if rng.random() < 0.4 else (sums[0], sums[0] @ BANK)
    proof = oa.prove(lhs, rhs, given=given)
    listed = given if isinstance(given, list) else [given]
    if proof.verdict == "proved":
        for _ in range(3):
            names = _lifted(rng)
            judge = Judge(1, names)
            assert not any(_differ(judge, e.left, e.right) for e in listed)  # the bank is one
            assert not _differ(judge, lhs, rhs)
    elif proof.verdict == "refuted":
        judge = Judge(1, {name: dict(taps) for name, taps in proof.witness._names.items()})
        assert not any(_differ(judge, e.left, e.right) for e in listed)
        assert judge.value(lhs, proof.witness.input, proof.witness.index) == proof.witness.lhs
        assert judge.value(rhs, proof.witness.input, proof.witness.index) == proof.witness.rhs != proof.witness.lhs


COMPARED: dict[str, Callable[[int, int], bool]] = {
    "<": lambda u, v: u < v, "≤": lambda u, v: u <= v, "=": lambda u, v: u == v, "≠": lambda u, v: u != v,
}  # fmt: skip


def _linear(rng: random.Random) -> Any:
    return rng.choice([k, m, d, k + d, d - 1, 2 * m, sympy.Integer(rng.randint(-1, 5)), m - d, k * m])


@pytest.mark.parametrize("seed", range(400))
@pytest.mark.campaign(60)
def test_integers_against_the_judge(seed: int) -> None:
    from opalgebra.algebra.facts import compared

    rng = random.Random(seed)
    claims = []
    while len(claims) < rng.randint(1, 3):
        u, sign, v = _linear(rng), rng.choice([*COMPARED]), _linear(rng)
        if sympy.expand(u - v).free_symbols:
            claims.append((u, sign, v))
    shift = rng.choice([d, d - 1, k - d, sympy.Integer(1), m, 2 * d])
    lhs = rng.choice([Down(k) @ Shift(shift) @ Up(k), Down(k) @ Shift(shift) @ Up(m), Shift(shift) @ Up(k)])
    lhs = lhs @ Shift(d) @ Shift(-d) @ Up(m)
    rhs = rng.choice([Zero(), Shift(m) @ Up(k) @ Up(m), Down(k) @ Shift(shift) @ Up(m) @ Up(k), Up(m)])
    values = [dict(zip((k, m, d), at, strict=True)) for at in product(range(1, 6), range(1, 6), range(-5, 6))]
    allowed = [at for at in values if all(COMPARED[c](*(int(x.subs(at)) for x in (u, v))) for u, c, v in claims)]
    try:
        proof = oa.prove(lhs, rhs, given=[compared(u, c, v) for u, c, v in claims])
    except FactorError:
        assert not allowed
        return
    if proof.verdict == "proved":
        for at in rng.sample(allowed, min(8, len(allowed))):
            assert not _differ(Judge(1, {}, at), lhs, rhs)
    elif proof.verdict == "refuted":
        at = {s: proof.witness.factors[s.name] for s in (k, m, d)}
        assert at[k] > 0
        assert at[m] > 0
        assert all(COMPARED[c](*(int(x.subs(at)) for x in (u, v))) for u, c, v in claims)
        judge = Judge(1, {}, at)
        assert judge.value(lhs, proof.witness.input, proof.witness.index) == proof.witness.lhs
        assert judge.value(rhs, proof.witness.input, proof.witness.index) == proof.witness.rhs != proof.witness.lhs
