"""One row is enough: with it in the catalogue, derivations and the optimiser use a law, and without it they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Repeat, Shift, Up
from opalgebra.algebra.derive import rewrite, search
from opalgebra.algebra.derive.rewrite import normalise
from opalgebra.algebra.laws.catalogue import ROWS
from opalgebra.algebra.laws.law import Law, Rule
from opalgebra.algebra.laws.match import head_of
from opalgebra.algebra.laws.table import Catalogue, laws
from opalgebra.algebra.optimize import moves, optimize

R = Flip()
q, p = oa.signals("q p")
k = oa.factors("k")


def row(name: str, sides: Callable[..., object], **more: str) -> Law:
    return Rule(name, "k:factor", sides, "this test", lambda k: (Up(k), Down(k)), **more)


TURNED = row("flip-up-flip", lambda k: (R @ Up(k) @ R, Up(k)), normal="→", tried="→")
TURNED_DOWN = row("down-flipped", lambda k: (Down(k), R @ Down(k) @ R), normal="←", tried="←")
REPEATED = row("flip-repeat", lambda k: (R @ Repeat(k), Shift(1 - k) @ Repeat(k) @ R))


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put a copy of the catalogue with more rows in the place of the catalogue."""

    def put(*rows: Law) -> None:
        copy = Catalogue([*ROWS, *rows])
        for module in (rewrite, search, moves):
            monkeypatch.setattr(module, "laws", copy)
        optimize._moves_of.cache_clear()

    yield put
    optimize._moves_of.cache_clear()


def used(lhs: object, rhs: object) -> list[str]:
    return [step.law for step in oa.prove(lhs, rhs).steps]


@pytest.mark.parametrize(
    ("law", "word", "short"),
    [(TURNED, R @ Up(k) @ R @ Conv(q), Up(k) @ Conv(q)), (TURNED_DOWN, Conv(q) @ R @ Down(k) @ R, Conv(q) @ Down(k))],
    ids=["→", "←"],
)
def test_a_row_is_used_by_derivations_and_by_the_optimiser(law: Law, word, short, use) -> None:
    assert law.prove()
    before = used(word, short), [step.law for step in optimize.optimized(word)], [s.law for s in normalise(word)]
    assert all(law.name not in names for names in before)
    use(law)
    assert law.name in [step.law for step in normalise(word)]
    assert used(word, short) == ["", law.name]
    steps = optimize.optimized(word)
    assert law.name in [step.law for step in steps]
    assert steps[-1].expression == optimize.optimized(short)[-1].expression


def test_a_row_without_directions_is_the_one_step_between_two_expressions(use) -> None:
    assert REPEATED.prove()
    sides = Conv(p) @ R @ Repeat(3), Conv(p) @ Shift(-2) @ Repeat(3) @ R
    assert "flip-repeat" not in used(*sides)
    use(REPEATED)
    assert "flip-repeat" in [law.name for law in search.laws.telling]
    assert used(R @ Repeat(k), Shift(1 - k) @ Repeat(k) @ R)[1:] != []
    assert search._single_law(*sides, ())[-1].law == "flip-repeat"


def test_a_false_row_gives_no_false_line(use) -> None:
    use(row("up-down-gone", lambda k: (Up(k) @ Down(k), Identity()), normal="→", tried="→"))
    word = Up(2) @ Down(2) @ Conv(q)
    assert "up-down-gone" in [step.law for step in normalise(word)]  # it is there to be used
    assert oa.prove(word, Conv(q)).verdict == "refuted"
    assert all(step.law != "up-down-gone" for step in optimize.optimized(word))
    assert oa.prove(word, optimize.optimized(word)[-1].expression)


def test_laws_are_found_by_their_letters() -> None:
    assert [law.name for law, _ in laws.normal(head_of(Down(4) @ Up(6)))][:2] == ["down-up", "down-up-gcd"]
    assert [law.name for law, _ in laws.normal(head_of(Conv(q).T))] == ["conv-transpose"]
    assert [law.name for law, _ in laws.normal(head_of(Repeat(2).H))] == ["adjoint"]  # of any operator
    assert laws.normal(head_of(Repeat(2).T)) == ()
    assert ("repeat-conv", True) in [(law.name, back) for law, back in laws.tried(head_of(Conv(q) @ Repeat(2)))]


@pytest.mark.parametrize("name", list(laws))
def test_a_way_leads_from_a_side_that_can_be_looked_for(name: str) -> None:
    law = laws[name]
    assert isinstance(law, Rule)
    ways = {"→": (0,), "←": (1,), "↔": (0, 1), "": ()}
    assert all(law.patterns[side] is not None for mark in (law.normal, law.tried) for side in ways[mark])
    assert law.normal != "↔"  # one way to the normal form: with both the rewriter would go in circles
