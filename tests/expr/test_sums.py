"""Sums over an index: the node, its names, the proofs for every k, and a random check by the judge."""

from __future__ import annotations

import random

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Repeat, Shift, Signal, Sum, Up
from opalgebra.errors import FactorError, FactorTypeError, FormalSignalError, OperandError, ParseError, SizeError
from opalgebra.expr import all_factor_symbols, formal_parts, nameless, substitute
from opalgebra.expr.operators import compose
from opalgebra.expr.sums import IndexedSignalSum, IndexedSum
from opalgebra.parse import parse_expression
from tests import judge, judge_modular

k, m = oa.factors("k m")
r, s, t, d = oa.integers("r s t d")
q, p, x = oa.signals("q p x")
h = Signal([1, -2, 3, 5], start=-1)
I = Identity()  # noqa: E741


def part(q, r):
    return Down(k) @ Shift(-r) @ q


IDENTITY = Sum(Shift(r) @ Up(k) @ Down(k) @ Shift(-r), (r, 0, k))

PROVED = {
    "11": (IDENTITY, I),
    "11, the other way round": (Sum(Shift(-r) @ Up(k) @ Down(k) @ Shift(r), (r, 0, k)), I),
    "11, transposed": (IDENTITY.T, I),
    "11, squared": (IDENTITY**2, I),
    "11, conjugated": (IDENTITY.H.conj(), I),
    "11, from another start": (Sum(Shift(r + d) @ Up(k) @ Down(k) @ Shift(-r - d), (r, 0, k)), I),
    "11, backwards": (Sum(Shift(k - 1 - r) @ Up(k) @ Down(k) @ Shift(1 - k + r), (r, 0, k)), I),
    "11, in the plane": (
        Sum(Sum(Shift((r, s)) @ Up((k, m)) @ Down((k, m)) @ Shift((-r, -s)), (r, 0, k)), (s, 0, m)), I),
    "11, in two steps": (
        Sum(Sum(Shift(r + k * s) @ Up(k * m) @ Down(k * m) @ Shift(-r - k * s), (r, 0, k)), (s, 0, m)), I),
    "12": (Sum(Shift(r) @ Conv(Up(k) @ part(q, r)), (r, 0, k)), Conv(q)),
    "12, as a signal": (Sum(Shift(r) @ Up(k) @ part(q, r), (r, 0, k)), q),
    "12, as a kernel": (Conv(Sum(Shift(r) @ Up(k) @ part(q, r), (r, 0, k))), Conv(q)),
    "12, known taps": (Sum(Shift(r) @ Conv(Up(k) @ part(h, r)), (r, 0, k)), Conv(h)),
    "12, both kernels": (
        Sum(Shift(r) @ Conv(Up(k) @ part(q, r)), (r, 0, k)) @ Sum(Conv(Up(k) @ part(p, s)) @ Shift(s), (s, 0, k)),
        Conv(Conv(p) @ q)),
    "13": (Sum(Conv(part(q, r)) @ Down(k) @ Shift(r), (r, 0, k)), Down(k) @ Conv(q)),
    "14": (Sum(Shift(r) @ Up(k) @ Conv(part(q, r)), (r, 0, k)), Conv(q) @ Up(k)),
    "14, transposed": (Sum(Shift(r) @ Up(k) @ Conv(part(q, r)), (r, 0, k)).T, Down(k) @ Conv(q).T),
    "16": (Sum(Conv(part(p, s)) @ (Down(k) @ Shift(s - d) @ q), (s, 0, k)), Down(k) @ Shift(-d) @ Conv(p) @ q),
    "17": (Sum(Shift(r) @ Up(k) @ Conv(q) @ Down(k) @ Shift(-r), (r, 0, k)), Conv(Up(k) @ q)),
    "17, in the plane": (
        Sum(Sum(Shift((r, s)) @ Up((k, m)) @ Conv(q) @ Down((k, m)) @ Shift((-r, -s)), (r, 0, k)), (s, 0, m)),
        Conv(Up((k, m)) @ q)),
    "box": (Sum(Shift(r), (r, 0, k)), Conv(oa.box(k))),
    "box of boxes": (Sum(Sum(Shift(r + k * s), (s, 0, m)), (r, 0, k)), Conv(oa.box(k * m))),
    "repeat": (Sum(Shift(r) @ Up(k), (r, 0, k)), Repeat(k)),
    "nothing depends on it": (Sum(Up(m), (r, 0, k)), k * Up(m)),
    "known length": (Sum(Shift(r) @ Up(2) @ Down(2) @ Shift(-r), (r, 0, 2)) @ Up(2 * k), Up(2 * k)),
    "known length, known taps": (Sum(Shift(r), (r, 0, 2)) @ Up(2 * k), Conv([1, 1]) @ Up(2 * k)),
    "of a difference": (Sum(Shift(r) - Shift(r), (r, 0, k)), oa.Zero()),
    "scalar": (Sum(3 * Shift(r), (r, 0, k)), 3 * Conv(oa.box(k))),
}  # fmt: skip

FALSE = {
    "11, one sign": (Sum(Shift(-r) @ Up(k) @ Down(k) @ Shift(-r), (r, 0, k)), I),
    "11, one term less": (Sum(Shift(r) @ Up(k + 0) @ Down(k) @ Shift(-r), (r, 0, m)), I),
    "11, twice the terms": (Sum(Shift(r) @ Up(k) @ Down(k) @ Shift(-r), (r, 0, 2 * k)), I),
    "12, the wrong branch": (Sum(Shift(r) @ Conv(Up(k) @ part(q, r + 1)), (r, 0, k)), Conv(q)),
    "12, one branch": (Sum(Shift(r) @ Conv(Up(k) @ Down(k) @ q), (r, 0, k)), Conv(q)),
    "12, an impulse in every branch": (Sum(Shift(r) @ Conv(part(Signal([1]), r)), (r, 0, k)), Conv(oa.box(k))),
    "13": (Sum(Conv(part(q, r)) @ Down(k) @ Shift(-r), (r, 0, k)), Down(k) @ Conv(q)),
    "14": (Sum(Shift(-r) @ Up(k) @ Conv(part(q, r)), (r, 0, k)), Conv(q) @ Up(k)),
    "16": (Sum(Conv(part(p, s)) @ (Down(k) @ Shift(-s - d) @ q), (s, 0, k)), Down(k) @ Shift(-d) @ Conv(p) @ q),
    "17": (Sum(Shift(r) @ Up(k) @ Conv(q) @ Down(k) @ Shift(-r), (r, 0, k)), Conv(q)),
    "box, squares": (Sum(Shift(r * r), (r, 0, k)), Conv(oa.box(k))),
    "box, weights": (Sum(r * Shift(r), (r, 0, k)), Conv(oa.box(k))),
    "two of one name": (Sum(Sum(Shift(r), (r, 0, k)), (r, 0, m)), Sum(Sum(Shift(r + s), (s, 0, k)), (r, 0, m))),
}  # fmt: skip


@pytest.mark.campaign(10)
@pytest.mark.parametrize("name", PROVED)
def test_true_for_every_k(name):
    lhs, rhs = PROVED[name]
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "proved", proof.reason
    assert proof.check()
    rng = random.Random(name)
    for values in ((1, 1), (2, 3), (3, 2)):
        at = dict(zip((k, m), values, strict=True))
        assert not judge_modular.differs(substitute(lhs, at), substitute(rhs, at), rng)


@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted(name):
    proof = oa.prove(*FALSE[name])
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()
    at = {symbol: proof.witness.factors[symbol.name] for symbol in all_factor_symbols(*FALSE[name])}
    lhs, rhs = (substitute(side, at) for side in FALSE[name])
    assert oa.prove(lhs, rhs).verdict == "refuted"
    assert judge.differs(lhs, rhs, random.Random(name))


def test_the_name_of_an_index_means_nothing():
    a, b = (Sum(Shift(i) @ Up(k) @ Conv(part(q, i)), (i, 0, k)) for i in (r, s))
    assert a != b
    assert nameless(a) == nameless(b)
    assert oa.prove(a, b).verdict == "proved"
    assert oa.prove(Sum(Shift(r) @ Shift(s), (s, 0, 2)), Sum(Shift(s) @ Shift(r), (r, 0, 2))).verdict == "refuted"
    crossed = Sum(Sum(Shift(r + 2 * s), (r, 0, k)), (s, 0, m))
    assert oa.prove(crossed, Sum(Sum(Shift(s + 2 * r), (s, 0, k)), (r, 0, m)))
    assert not oa.prove(crossed, Sum(Sum(Shift(s + 2 * r), (r, 0, k)), (s, 0, m)))


def test_free_and_bound():
    a = Shift(r) @ Sum(Shift(r) @ Up(k), (r, 0, m))
    assert all_factor_symbols(a) == [k, m, r]
    assert formal_parts(a.factors[1]) == ["m", "k"]
    inner = Sum(Shift(r + d), (r, 0, 3))
    assert all_factor_symbols(inner) == [d]
    moved = substitute(inner, {d: r})  # r is free in what takes the place of d
    assert all_factor_symbols(moved) == [r]
    assert moved.index != r
    assert substitute(moved, {r: 10}).definition() == Shift(10) + Shift(11) + Shift(12)
    assert nameless(substitute(inner, {r: 5})) == nameless(inner)
    named = substitute(Sum(Shift(r) @ Conv(x), (r, 0, 3)), {"x": Shift(r) @ q})
    assert all_factor_symbols(named) == [r]
    assert oa.prove(substitute(named, {r: 1}), Sum(Shift(s + 1) @ Conv(q), (s, 0, 3)))
    scaled = substitute(Sum(sympy.Symbol("c") * Shift(r), (r, 0, 2)), {sympy.Symbol("c"): r})
    assert substitute(scaled, {r: 7}).equals(7 * Shift(0) + 7 * Shift(1))


def test_scalars_that_depend_on_the_index():
    weights = Sum(sympy.sqrt(r) * Shift(r), (r, 0, 3))
    assert weights.equals(Shift(1) + sympy.sqrt(2) * Shift(2))
    assert Sum(r * Shift(r), (r, 0, 4)) @ [1, 0, 0, 0, 1] == Signal([0, 1, 2, 3, 0, 1, 2, 3])
    assert oa.prove(Sum(r * Shift(r), (r, 0, k)), Sum(r * Shift(r), (r, 0, k)).T.T).verdict != "refuted"


def test_known_sums_are_sums_of_their_terms():
    A = Sum(Shift(r) @ Up(3) @ Conv(Down(3) @ Shift(-r) @ h), (r, 0, 3))
    data = np.arange(7)
    assert A @ data == Conv(h) @ Up(3) @ data
    assert A.equals(Conv(h) @ Up(3))
    assert A.matrix(6, 3) == (Conv(h) @ Up(3)).matrix(6, 3)
    assert A.expand() == A.definition().expand()
    assert A.simplify() == (Conv(h) @ Up(3)).simplify()
    bound = A.on(7)
    assert np.array_equal(bound(data), (Conv(h) @ Up(3)).on(7)(data))
    assert bound.dottest()
    assert (A.T @ A).polyphase() == (Down(3) @ Conv(h).T @ Conv(h) @ Up(3)).polyphase()
    assert oa.derive(A).to(Conv(h) @ Up(3))
    steps = oa.prove(Sum(Shift(r), (r, 0, 3)), I + Shift(1) + Shift(2)).steps
    assert "sum-terms" in [step.law for step in steps]


def test_blocks_of_sums_and_sums_of_blocks():
    inner = oa.Block([[Shift(r), Identity()], [0, Conv(q)]])
    total = Sum(inner, (r, 0, 3))
    assert total.channels == (2, 2)
    assert oa.prove(total, oa.Block([[Sum(Shift(r), (r, 0, 3)), 3 * I], [0, 3 * Conv(q)]]))
    every = Sum(inner, (r, 0, k))
    assert oa.prove(every, oa.Block([[Conv(oa.box(k)), k * I], [0, k * Conv(q)]]))
    assert oa.prove(every, oa.Block([[Conv(oa.box(k)), I], [0, k * Conv(q)]])).verdict == "refuted"
    assert (Sum(oa.Block([[Shift(r), Flip()]]), (r, 0, 2)) @ ([1], [2])) == Signal([5, 1])


def test_signals():
    assert Sum(Shift(r) @ Signal([1, 2]), (r, 0, 3)) == Signal([1, 3, 3, 2])
    formal = Sum(Shift(r) @ q, (r, 0, 3))
    assert isinstance(formal, IndexedSignalSum)
    assert substitute(formal, {"q": Signal([1, 2])}) == Signal([1, 3, 3, 2])
    assert oa.prove(formal, Conv(oa.box(3)) @ q)
    assert oa.prove(formal.conj(), Conv(oa.box(3)) @ q.conj())
    with pytest.raises(FormalSignalError, match="k terms"):
        Sum(Shift(r) @ q, (r, 0, k)).definition()


def test_how_it_is_written():
    assert str(IDENTITY) == "Σ_{r<k} Sʳ ↑ₖ ↓ₖ S⁻ʳ"
    assert f"{IDENTITY:ascii}" == "sum_{r<k} S^r up_k down_k S^-r"
    assert f"{Sum(Shift(r), (r, 0, 3)):latex}" == r"\sum_{r=0}^{2}\,S^{r}"
    assert f"{IDENTITY:latex}".startswith(r"\sum_{r=0}^{k - 1}\,S^{r}")
    assert str(Up(2) @ Sum(Shift(r) + I, (r, 0, k)) - 2 * Sum(-Shift(r), (r, 0, k))) == (
        "↑₂ (Σ_{r<k} (Sʳ + I)) − 2 (Σ_{r<k} (−Sʳ))"
    )
    text = "Sum(Shift(r) @ Up(k) @ Down(k) @ Shift(-r), (r, 0, k))"
    assert parse_expression(text) == IDENTITY
    assert parse_expression(f"oa.{text}") == IDENTITY
    for wrong in ("Sum(Shift(r), (r, 0))", "Sum(Shift(r), r)", "Sum(3, (r, 0, k))", "Sum(Shift(r), (r, 0, 5000))",
                  "Sum(Sum(Shift(r) @ q, (r, 0, 50)), (s, 0, 50))"):  # fmt: skip
        with pytest.raises((ParseError, OperandError)):
            parse_expression(wrong)


@pytest.mark.parametrize(
    ("body", "limits", "error", "words"),
    [
        (Up(k), (k, 0, 3), FactorTypeError, "oa.integers"),
        (Shift(r), (sympy.Symbol("r"), 0, 3), FactorTypeError, "oa.integers"),
        (Shift(r), (r + 1, 0, 3), FactorTypeError, "oa.integers"),
        (Shift(r), ("r", 0, 3), FactorTypeError, "oa.integers"),
        (Shift(r), (r, 1, 3), FactorError, "shift the index"),
        (Shift(r), (r, 0, 0), FactorError, "positive"),
        (Shift(r), (r, 0, 2.5), FactorTypeError, "2.5"),
        (Shift(r), (r, 0, (2, 3)), FactorError, "each axis"),
        (Shift(r), (r, 0), OperandError, r"\(r, 0, k\)"),
        (3, (r, 0, 3), OperandError, "operator or a signal"),
    ],
)
def test_what_is_no_sum(body, limits, error, words):
    with pytest.raises(error, match=words):
        Sum(body, limits)


def test_the_index_keeps_out_of_factors():
    n = sympy.Symbol("n", integer=True, nonnegative=True)
    assert isinstance(Sum(Shift(n), (n, 0, k)), IndexedSum)
    with pytest.raises(FactorTypeError):
        Sum(Up(r), (r, 0, k))


def test_too_many_terms():
    many = Sum(Shift(r), (r, 0, 10**9))
    with pytest.raises(SizeError, match="at most"):
        many @ [1]
    assert oa.prove(many, I).verdict == "undecided"


def test_zero_in_the_place_of_a_factor_is_refused():
    with pytest.raises(FactorError, match="positive"):
        substitute(Shift(k), {k: 0})
    with pytest.raises(FactorError):
        oa.laws["noble-down"].prove(k=0)


# random statements: proved for every k means true for small ones, and a sum means its terms

LETTERS = [
    lambda rng: Shift(rng.choice([r, -r, k * r, r + 1, k - 1 - r, -k])), lambda rng: Shift(rng.choice([r, -r])),
    lambda rng: Up(rng.choice([k, m, 2])), lambda rng: Down(rng.choice([k, m, 2])), lambda rng: Up(k),
    lambda rng: Down(k), lambda rng: Conv(q), lambda rng: Conv(part(q, rng.choice([r, -r, 1]))),
    lambda rng: Conv(Up(k) @ part(q, r)), lambda rng: Conv(Shift(r) @ Signal([1, 2])), lambda rng: Flip(),
]  # fmt: skip


def random_sum(rng):
    body = compose(tuple(rng.choice(LETTERS)(rng) for _ in range(rng.randint(1, 4))))
    total = Sum(body, (r, 0, rng.choice([k, k, m, 2 * k, 2])))
    return rng.choice([total, total, total.T, Sum(body + Shift(r), (r, 0, k))])


def close_to(rng, total):
    """Another form of a sum, true for some changes and false for others."""
    kind = rng.randrange(6)
    if kind == 0:
        return total.T.T @ IDENTITY
    if kind == 1 and isinstance(total, IndexedSum):
        stop = total.stop
        return Sum(substitute(total.body, {r: stop - 1 - s}), (s, 0, stop))  # from the other end
    if kind == 2 and isinstance(total, IndexedSum):
        return Sum(substitute(total.body, {r: s}), (s, 0, total.stop))
    if kind == 3 and isinstance(total, IndexedSum):
        return Sum(substitute(total.body, {r: r + 1}), (r, 0, total.stop))  # false for most
    if kind == 4 and isinstance(total, IndexedSum):
        return Sum(Flip() @ total.body, (r, 0, total.stop)).T.T @ Flip()  # false for most
    return Flip() @ Flip() @ total


def test_what_is_proved_of_sums_holds_for_small_values():
    rng, drawn = random.Random(31), random.Random(32)  # what is judged does not change what comes next
    verdicts = {"proved": 0, "refuted": 0, "undecided": 0}
    for _ in range(70):
        lhs = random_sum(rng)
        rhs = close_to(rng, lhs)
        proof = oa.prove(lhs, rhs)
        verdicts[proof.verdict] += 1
        if proof.verdict == "refuted":
            assert proof.check(), (lhs, rhs)
        if proof.verdict == "proved":
            for values in ((1, 1), (2, 1), (3, 2)):
                at = dict(zip((k, m), values, strict=True))
                assert not judge_modular.differs(substitute(lhs, at), substitute(rhs, at), drawn), (lhs, rhs, at)
    assert verdicts["proved"] > 35
    assert verdicts["refuted"] > 8
    assert verdicts["undecided"] < 8, verdicts
