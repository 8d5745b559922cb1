"""Operators and laws of one's own: nothing but a definition, and everything else follows."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.signal import upfirdn

import opalgebra as oa
from opalgebra.algebra.certificates import checker


@dataclass(frozen=True, eq=False, repr=False)
class BlurPool(oa.Named):
    factor: int

    def definition(self):
        return oa.Down(self.factor) @ oa.Conv([1, 2, 1])


@dataclass(frozen=True, eq=False, repr=False)
class Phases(oa.Named):
    factor: int

    def definition(self):
        return oa.Polyphase(self.factor) @ BlurPool(self.factor)


@dataclass(frozen=True, eq=False, repr=False)
class Nothing(oa.Named):
    factor: int


def blur_noble(name="blur-noble"):
    return oa.Law(
        name,
        "q:kernel",
        lambda q: (BlurPool(2) @ oa.Conv(oa.Up(2) @ q), oa.Conv(q) @ BlurPool(2)),
        "the noble identity",
        lambda q: (BlurPool(2) @ oa.Conv(q), oa.Conv(q) @ BlurPool(2)),
    )


def test_it_is_an_operator_like_any_other():
    A, x = BlurPool(2), np.arange(9.0)
    assert A == BlurPool(2) != BlurPool(3)
    assert hash(A) == hash(BlurPool(2))
    assert pickle.loads(pickle.dumps(A)) == A
    assert (str(A), repr(A), str(A.expand())) == ("BlurPool(2)", "BlurPool(2)", "↓₂ ((1 2 1)∗)")
    assert np.array_equal(A.on(9, out=6)(x), upfirdn([1, 2, 1], x, down=2))
    assert oa.prove(A.T, oa.Conv([1, 2, 1]).T @ oa.Up(2)).verdict == "proved"
    assert oa.prove(A, oa.Down(2)).verdict == "refuted"
    assert Phases(3).channels == (3, 1)
    assert Phases(3).ndim == 1


def test_its_proofs_name_the_definition_and_can_be_saved(tmp_path):
    p = oa.prove(BlurPool(2) @ oa.Conv([1, 0, 5]), oa.Conv([1, 5]) @ BlurPool(2))
    assert "definition" in [step.law for step in p.steps]
    p.save(tmp_path / "p.json")
    assert checker.main([str(tmp_path / "p.json")]) == 0


def test_a_definition_is_asked_for():
    with pytest.raises(NotImplementedError, match=r"Nothing needs a method definition\(\)"):
        Nothing(2)


def test_a_law_of_ones_own_is_proved_and_used():
    law, p = blur_noble(), oa.signals("p")
    assert law.prove().verdict == "proved"
    assert law.refute_near_miss().verdict == "refuted"
    d = oa.derive(BlurPool(2) @ oa.Conv(oa.Up(2) @ p) @ oa.Up(3)).by(law)
    assert d.expression == oa.Conv(p) @ BlurPool(2) @ oa.Up(3)
    assert d.steps[-1].law == "blur-noble"
    with pytest.raises(oa.LawDoesNotMatch, match="blur-noble"):
        oa.derive(oa.Up(2)).by(law)


def test_a_false_law_of_ones_own_gives_no_line():
    law = oa.Law("wrong", "q:kernel", blur_noble().near_miss, "nowhere", blur_noble().sides)
    assert law.prove().verdict == "refuted"
    with pytest.raises(oa.NotEqual, match="the law wrong gave a line that does not follow"):
        oa.derive(BlurPool(2) @ oa.Conv([1, 1])).by(law)
