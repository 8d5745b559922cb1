"""Hypotheses about factors: equations, divisibility, and what contradicts itself."""

from __future__ import annotations

from itertools import product

import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Identity, Shift, Up, Zero, coprime, divides, equal, not_divides
from opalgebra.algebra.decide.hypotheses import solved
from opalgebra.algebra.facts import holds, symbols_of
from opalgebra.errors import FactorError

k, m, n, a, b, g = oa.factors("k m n a b g")
d, e = oa.integers("d e")
q = oa.signals("q")
I = Identity()  # noqa: E741

PROVED = {
    "an equation": (Down(a) @ Up(k), Up(m), equal(k, a * m)),
    "the other way round": (Down(a) @ Up(k), Up(m), equal(a * m, k)),
    "with a number": (Down(2) @ Up(k), Up(m), equal(k, 2 * m)),
    "a square": (Down(a) @ Up(k), Up(a), equal(k, a**2)),
    "a chain of equations": (Down(a * b) @ Up(k), Up(n), equal(k, a * m), equal(m, b * n)),
    "two equations for one symbol": (Down(m) @ Up(n), I, equal(k, a * m), equal(k, a * n)),
    "a symbol that is 1": (Up(k), I, coprime(k, m), divides(k, m)),
    "k divides k m n": (Up(a), I, equal(k, a * m), equal(m, k)),
    "divides both ways": (Up(k), Up(m), divides(k, m), divides(m, k)),
    "a chain of divisors": (Up(k) @ Down(k) @ Up(n), Up(n), divides(k, m), divides(m, n)),
    "by coprimality": (Up(k) @ Down(k) @ Up(n), Up(n), equal(g, m * n), divides(k, g), coprime(k, m)),
    "3": (Down(n) @ Up(m), Up(a) @ Down(b), equal(m, g * a), equal(n, g * b), coprime(a, b)),
    "3, a power": (Down(g**2 * b) @ Up(g**2 * a), Up(a) @ Down(b), coprime(a, b)),
    "9": (Down(g * b) @ Shift(g * b * d - g * a * e) @ Up(g * a), Shift(d) @ Up(a) @ Down(b) @ Shift(-e),
          coprime(a, b)),
    "9, nothing": (Down(g * b) @ Shift(d) @ Up(g * a), Zero(), not_divides(g, d)),
    "9, nothing, moved by multiples": (Down(g * b) @ Shift(d + g * e) @ Up(g * a), Zero(), not_divides(g, d)),
    "9, nothing, with a kernel": (Down(g * b) @ Shift(d) @ Conv(Up(g) @ q) @ Up(g * a), Zero(), not_divides(g, d)),
    "9, nothing, a number": (Down(2 * b) @ Shift(d) @ Up(2 * a), Zero(), not_divides(2, d)),
}  # fmt: skip

REFUTED = {
    "another equation": (Down(a) @ Up(k), Up(m), equal(k, a * n)),
    "not the square": (Down(a) @ Up(k), Up(a), equal(k, a**3)),
    "not a chain": (Down(a * b) @ Up(k), Up(n), equal(k, a * m), equal(n, b * m)),
    "coprime to another": (Up(k * n) @ Up(m), Up(n) @ Up(m), coprime(k, m), divides(k, n)),
    "divides one way": (Up(k), Up(m), divides(k, m)),
    "not coprime": (Down(n) @ Up(m), Up(a) @ Down(b), equal(m, g * a), equal(n, g * b)),
    "9, reached": (Down(g * b) @ Shift(g * d) @ Up(g * a), Zero(), not_divides(g, d)),
    "9, another divisor": (Down(g * b) @ Shift(d) @ Up(g * a), Zero(), not_divides(a, d)),
    "9, wrong side": (Down(g * b) @ Shift(g * b * d - g * a * e) @ Up(g * a), Shift(e) @ Up(a) @ Down(b) @ Shift(-d),
                      coprime(a, b)),
    "k is 1, and the law fails there": (Up(k) @ Shift(1), Shift(2) @ Up(k), coprime(k, m), divides(k, m)),
}  # fmt: skip


@pytest.mark.parametrize("name", PROVED)
def test_proved_by_hypotheses(name):
    lhs, rhs, *given = PROVED[name]
    proof = oa.prove(lhs, rhs, given=tuple(given))
    assert proof.verdict == "proved", proof.reason
    assert proof.check()
    assert not any(is_proved(lhs, rhs, given[:i] + given[i + 1 :]) for i in range(len(given)))


def is_proved(lhs, rhs, given):
    """Whether fewer hypotheses suffice; what is left of them may speak of names that nothing ties to the statement."""
    try:
        return bool(oa.prove(lhs, rhs, given=tuple(given)))
    except oa.HypothesisError:
        return False


@pytest.mark.parametrize("name", REFUTED)
def test_refuted_where_hypotheses_hold(name):
    lhs, rhs, *given = REFUTED[name]
    proof = oa.prove(lhs, rhs, given=tuple(given))
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()
    at = {s: proof.witness.factors[s.name] for s in symbols_of(given)}
    assert all(holds(fact, at) for fact in given), at


CONTRADICTIONS = [
    (coprime(2, k), divides(2, k)),
    (coprime(k, m), equal(k, 2 * a), equal(m, 2 * b)),
    (equal(k, 2 * m), equal(m, 3 * k)),
    (equal(k, 2), equal(k, 3)),
    (divides(k, m), not_divides(k, m)),
    (divides(6, k), not_divides(2, k)),
    (equal(k, 5), divides(2, k)),
    (coprime(k, 4), equal(k, 6)),
    (divides(2 * k, m), divides(m, k)),
]


@pytest.mark.parametrize("given", CONTRADICTIONS, ids=lambda g: ", ".join(map(str, g)))
def test_contradictions_are_refused(given):
    with pytest.raises(FactorError, match="contradict"):
        oa.prove(Up(k), Up(m), given=given)
    symbols = sorted(
        {s for f in given for v in (f.a, f.b) if hasattr(v, "free_symbols") for s in v.free_symbols}, key=str
    )
    for values in product(range(1, 13), repeat=len(symbols)):  # it is one indeed
        assert not all(holds(fact, dict(zip(symbols, values, strict=True))) for fact in given)


@pytest.mark.parametrize(
    "make",
    [lambda: coprime(2 * a, 2 * b), lambda: coprime(4, 6), lambda: coprime(k, k), lambda: divides(3, 4),
     lambda: not_divides(k, k * d), lambda: not_divides(2, 4), lambda: not_divides(k, 0), lambda: not_divides(1, d),
     lambda: equal(a * k, b * m), lambda: equal(k, k * m), lambda: equal(2, 3), lambda: equal(k, 0),
     lambda: equal((2, k), 2)],
)  # fmt: skip
def test_what_cannot_be_assumed(make):
    with pytest.raises(FactorError):
        make()


def test_no_hypothesis_is_lost_or_made_up():
    """Values satisfy hypotheses iff they come from values for what is left once these are solved."""
    small = range(1, 7)
    for given in ((divides(k, m),), (equal(k, a * m), coprime(a, m)), (divides(k, m), divides(m, k)),
                  (coprime(k, m), divides(k, m)), (divides(k, m), equal(m, 6))):  # fmt: skip
        symbols = sorted(symbols_of(given), key=str)
        wanted = {values for values in product(small, repeat=len(symbols))
                  if all(holds(f, dict(zip(symbols, values, strict=True))) for f in given)}  # fmt: skip
        found = solved(given)
        expressions = [sympy.sympify(s) for s in symbols]
        for symbol, value in found.replaced:
            expressions = [x.subs(symbol, value) for x in expressions]
        left = sorted({s for x in expressions for s in x.free_symbols}, key=str)
        made = set()
        for values in product(small, repeat=len(left)):
            at = dict(zip(left, values, strict=True))
            if all(holds(f, at) for f in found.facts):
                made.add(tuple(int(x.subs(at)) for x in expressions))
        assert {values for values in made if max(values) < 7} == wanted, given


def test_the_command_line_knows_them():
    from opalgebra.parse import parse_condition

    assert parse_condition("equal(k, a * m)") == ("equal", (k, a * m))
    assert parse_condition("not_divides(g, d)") == ("not_divides", (g, d))
