"""Laws by the terms of the field; suggestions for names that are not known."""

from __future__ import annotations

import pytest

import opalgebra as oa
from opalgebra.algebra.laws.aliases import ALIASES
from opalgebra.errors import UnknownLaw


@pytest.mark.parametrize("term", ALIASES)
def test_every_term_is_a_law(term: str) -> None:
    assert oa.laws[term].name == ALIASES[term]
    assert oa.laws[term.upper().replace(" ", "_")].name == ALIASES[term]
    assert oa.laws[ALIASES[term]] in oa.laws.find(term)


def test_terms_of_the_books() -> None:
    names = {
        "polyphase identity": "polyphase-identity", "parseval": "paraunitary-reconstruction", "cic": "cic",
        "Bézout": "down-shift-up", "lifting": "lifting-reconstruction", "noble identity": "noble-down",
    }  # fmt: skip
    assert {term: oa.laws[term].name for term in names} == names


def test_no_term_hides_a_law() -> None:
    assert not set(ALIASES) & set(oa.laws)
    assert all(oa.laws[name].name == name for name in oa.laws)


def test_unknown_names_have_suggestions() -> None:
    for name, close in {"parsival": "parseval", "bezouts": "bezout", "noble-dwn": "noble-down"}.items():
        with pytest.raises(UnknownLaw, match=f"did you mean .*'{close}'"):
            oa.laws[name]
    with pytest.raises(UnknownLaw, match="names them all"):
        oa.laws["xyzzy"]
    with pytest.raises(KeyError):
        oa.laws[3]  # type: ignore[index]


def test_find() -> None:
    assert [law.name for law in oa.laws.find("hogenauer")] == ["cic"]
    assert {"alias-components", "alias-cancellation"} <= {law.name for law in oa.laws.find("alias")}
    assert oa.laws.find("Crochiere")  # by its source
    assert oa.laws.find("xyzzy") == ()


def test_by_takes_terms() -> None:
    q, k = oa.signals("q"), oa.factors("k")
    d = oa.derive(oa.Down(k) @ oa.Conv(oa.Up(k) @ q)).by("noble identity")
    assert d.steps[-1].law == "noble-down"
    assert d.expression == oa.Conv(q) @ oa.Down(k)
