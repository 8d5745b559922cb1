"""Tempting falsehoods: each is refuted, by a witness that is small and that replays."""

from __future__ import annotations

import pytest

import opalgebra as oa
from opalgebra.algebra.laws.falsehoods import Falsehood
from opalgebra.errors import UnknownLaw

NAMES = list(oa.falsehoods)


@pytest.mark.parametrize("name", NAMES)
def test_every_falsehood_is_refuted_by_a_small_witness(name):
    row = oa.falsehoods[name]
    proof = row.refute()
    assert proof.verdict == "refuted"
    assert proof.check()
    witness = proof.witness
    assert witness.lhs != witness.rhs
    where = witness.column if hasattr(witness, "column") else witness.input.starts if witness.input else (0,)
    assert max(map(abs, where)) <= row.reach
    assert sum(kernel.values.size for kernel in witness.kernels.values()) <= row.taps
    assert all(value <= 2 for value in getattr(witness, "factors", {}).values())


@pytest.mark.parametrize("name", NAMES)
def test_every_falsehood_is_shown(name):
    row = oa.falsehoods[name]
    assert row.name == name
    assert " = " in row.statement
    assert row.why in str(row)


def test_the_falsehoods_are_a_mapping():
    assert len(oa.falsehoods) == len(NAMES) == len(set(NAMES)) == 18
    assert "up-down" in oa.falsehoods
    assert "18 falsehoods" in repr(oa.falsehoods)
    with pytest.raises(UnknownLaw, match="did you mean 'up-down'"):
        oa.falsehoods["up-dwn"]


def test_the_test_can_fail():
    """A true statement among them would be found out."""
    true = Falsehood("true", lambda: (oa.Down(2) @ oa.Up(2), oa.Identity()), "it holds", 0)
    assert true.refute().verdict == "proved"


def test_what_makes_them_false_is_needed():
    """Beside three of them: with the condition that is missing, the statement holds."""
    backwards = oa.Flip()
    assert oa.prove((oa.Down(2) @ oa.Shift(4) @ backwards).on(5), (oa.Shift(2) @ backwards @ oa.Down(2)).on(5))
    circle = oa.Conv([1, 1]).on(3, out=3, boundary="wrap") @ oa.Down(2).on(6, out=3)
    assert oa.prove((oa.Down(2) @ oa.Conv([1, 0, 1])).on(6, out=3, boundary="wrap"), circle)
    assert oa.prove(oa.Up(4) @ oa.Down(9), oa.Down(9) @ oa.Up(4))
