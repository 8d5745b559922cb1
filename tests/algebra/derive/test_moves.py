"""What a line can become: by every law on its own side, and the dozen that is listed."""

from __future__ import annotations

import pytest

import opalgebra as oa
from opalgebra import Conv, Down, Shift, Up
from opalgebra.errors import LawDoesNotMatch
from opalgebra.expr import nameless

k, m, a = oa.factors("k m a")
q, h = oa.signals("q h")
r = oa.integers("r")
TOLD = {"polyphase-identity", "polyphase-conv"}  # whose left side does not have k
low = Down(2) @ Conv(q)


@pytest.mark.parametrize("name", list(oa.laws))
def test_every_law_writes_its_right_side_below_its_left(name: str) -> None:
    law = oa.laws[name]
    values = {"k": k} if name in TOLD else {}
    line = oa.derive(law.lhs, given=law.hypotheses()).by(name, **values)
    assert nameless(line.expression) == nameless(law.rhs)
    assert line.steps[-1].law == name


@pytest.mark.parametrize("name", ["nyquist-samples", "given", "substitute", "up-down-coprime", "re-index"])
def test_no_law_is_used_without_its_hypothesis(name: str) -> None:
    with pytest.raises(LawDoesNotMatch):
        oa.derive(oa.laws[name].lhs).by(name)


def test_a_dozen_at_most_and_each_once() -> None:
    for line in (Down(k) @ Conv(Up(k) @ q) @ Up(m), low @ low.H @ low, Conv(q) @ Conv(h) @ Shift(2) @ Up(4)):
        moves = oa.derive(line).moves()
        assert 0 < len(moves) <= 12
        assert len({nameless(move.expression) for move in moves}) == len(moves)


def test_what_hypotheses_offer_comes_first() -> None:
    assert oa.derive(low @ low.H @ low, given=oa.orthonormal(q, 2)).moves()[0].law == "given"
    assert oa.derive(Down(a) @ Up(k), given=oa.equal(k, a * m)).moves()[0].law == "substitute"
    coprime = oa.derive(Up(k) @ Down(m) @ Conv(q), given=oa.coprime(k, m)).moves()[0]
    assert (coprime.law, coprime.condition) == ("up-down-coprime", "gcd(k, m) = 1")


def test_what_shortens_comes_before_what_only_writes_otherwise() -> None:
    laws = [move.law for move in oa.derive(Down(k) @ Up(k) @ Conv(q) @ Shift(1)).moves()]
    assert laws.index("down-up") == 0
    assert "up-transpose" not in laws or laws.index("up-transpose") > laws.index("conv-shift")


def test_sums_have_moves() -> None:
    line = oa.Sum(Shift(r) @ Up(k) @ Down(k) @ Shift(-r), (r, 0, k))
    laws = [move.law for move in oa.derive(line).moves()]
    assert laws[0] == "phase-sum"
    assert "sum-reversed" in laws
