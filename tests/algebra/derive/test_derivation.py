"""Derivations written by the user: lines that follow, lines that do not, laws that fit and laws that do not."""

from __future__ import annotations

import pytest

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Modulate, Repeat, Shift, Signal, Up
from opalgebra.algebra.laws.table import laws
from opalgebra.errors import LawDoesNotMatch, NotEqual, OpAlgebraError, OperandError, UnknownLaw

q, p, x = oa.signals("q p x")
k, m = oa.factors("k m")
I = Identity()  # noqa: E741
R = Flip()


def test_a_derivation_begins_with_its_first_line():
    start = Conv(q) @ Up(2)
    derivation = oa.derive(start)
    assert derivation.expression == start
    assert derivation.steps == [(start, "", "")]
    assert "1 line" in repr(derivation)


def test_lines_that_follow():
    lines = [Conv(q) @ Up(2), Conv(q) @ Down(2).T, (Down(2) @ Conv(q).T).T]
    derivation = oa.derive(lines[0]).to(lines[1]).to(lines[2], steps=False)
    assert [step.expression for step in derivation.steps] == lines
    assert derivation.steps[1].law == "down-transpose"
    assert derivation.expression == lines[-1]
    for step in derivation.steps[2:]:
        assert step.law
        assert all(name in laws for name in step.law.split(", "))


def test_to_and_by_chain():
    start = Down(k) @ Conv(Up(k) @ q) @ Up(k)
    derivation = oa.derive(start).by("noble-down").by("down-up")
    assert [step.law for step in derivation.steps] == ["", "noble-down", "down-up"]
    assert derivation.steps[1].expression == Conv(q) @ Down(k) @ Up(k)
    assert derivation.to(Conv(q)).expression == Conv(q)
    backwards = oa.derive(Conv(q) @ Down(k)).to((Conv(q) @ Down(k)).T.T).to(Conv(q) @ Down(k)).by("noble-down")
    assert backwards.expression == Down(k) @ Conv(Up(k) @ q)


def test_a_law_is_tried_from_left_to_right_first():
    assert oa.derive(Up(2).T).by("up-transpose").expression == Down(2)
    assert oa.derive(Down(2)).by("up-transpose").expression == Up(2).T
    assert oa.derive(Conv(q) @ Conv(p)).by("conv-commute").expression == Conv(p) @ Conv(q)


def test_a_law_is_used_at_the_first_place_where_it_fits():
    derivation = oa.derive(Down(2) @ Up(2) @ Down(3) @ Up(3)).by("down-up")
    assert derivation.expression == I @ Down(3) @ Up(3)
    assert oa.derive(3 * (R @ R).T + I).by("flip-flip").expression == 3 * I.T + I


def test_parameters_that_the_expression_does_not_tell():
    for factor in (1, 2, 5):
        derivation = oa.derive(Conv(q)).by("polyphase-conv", k=factor)
        assert derivation.expression == laws["polyphase-conv"].instance(k=factor)[1]
    assert (
        oa.derive(Down(3) @ Conv(q)).by("polyphase-strided").expression == (laws["polyphase-strided"].instance(k=3)[1])
    )
    assert oa.derive(Conv(Up(2) @ q)).by("space-to-batch", k=2).expression.terms[0] == Up(2) @ Conv(q) @ Down(2)


def test_signals_have_derivations():
    derivation = oa.derive(Down(2) @ (Up(2) @ x)).to(x)
    assert derivation.expression == x
    assert oa.derive(Conv(q) @ x).by("kernel-as-signal").expression == Conv(x) @ q


def test_hypotheses_hold_for_every_line():
    derivation = oa.derive(Up(k) @ Down(m), given=oa.coprime(k, m)).by("up-down-coprime")
    assert derivation.expression == Down(m) @ Up(k)
    assert "gcd" in derivation.steps[1].condition
    assert derivation.to(Up(k) @ Down(m)).expression == Up(k) @ Down(m)
    even = oa.derive(Conv(q).T, given=oa.even_symmetric(q)).to(Conv(q))
    assert even.expression == Conv(q)


def test_conditions_are_kept_beside_the_law():
    derivation = oa.derive(Up(2) @ Down(3)).by("up-down-coprime")
    assert "gcd" in derivation.steps[1].condition


# refusals


@pytest.mark.parametrize(
    ("line", "goal"),
    [
        (Up(2) @ Down(2), I), (Conv(q) @ Up(k), (Up(k) @ Conv(q).T).T), (Conv(q).H, Conv(q).T),
        (Down(k) @ Shift(1), Shift(1) @ Down(k)), (Up(2) @ (Down(2) @ x), x), (Up(k) @ Down(m), Down(m) @ Up(k)),
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_does_not_follow(line, goal):
    derivation = oa.derive(line)
    with pytest.raises(NotEqual) as raised:
        derivation.to(goal)
    proof = raised.value.proof
    assert proof.verdict == "refuted"
    assert proof.check()
    assert "follow" in str(raised.value)
    assert "refuted" in str(raised.value)
    assert derivation.steps == [(line, "", "")]  # nothing was written
    assert isinstance(raised.value, ValueError)


def test_a_line_that_is_undecided_is_not_written():
    derivation = oa.derive((Down(k) @ Up(m)) ** 2)
    with pytest.raises(NotEqual) as raised:
        derivation.to(Down(k**2) @ Up(m**2))
    assert raised.value.proof.verdict == "undecided"
    assert len(derivation.steps) == 1


def test_unknown_laws():
    with pytest.raises(UnknownLaw, match="did you mean 'noble-"):
        oa.derive(Up(2)).by("noble-upp")
    with pytest.raises(KeyError):
        oa.derive(Up(2)).by("")


@pytest.mark.parametrize(
    ("expression", "law"),
    [
        (Up(2) @ Down(2), "down-up"), (Conv(q), "noble-down"), (Up(4) @ Down(6), "up-down-coprime"),
        (Up(k) @ Down(m), "up-down-coprime"), (Down(2) @ Conv([1, 1]), "noble-down"), (Down(2) @ Up(3), "down-up"),
        (Repeat(2), "repeat-repeat"), (Conv(q), "polyphase-conv"), (Modulate([1, -1]), "modulate-down"),
    ],
    ids=str,
)  # fmt: skip
def test_laws_that_do_not_match(expression, law):
    derivation = oa.derive(expression)
    with pytest.raises(LawDoesNotMatch) as raised:
        derivation.by(law)
    assert law in str(raised.value)
    assert str(expression) in str(raised.value)
    assert all(condition in str(raised.value) for condition in laws[law].conditions)
    assert len(derivation.steps) == 1


def test_parameters_that_do_not_fit():
    with pytest.raises(OpAlgebraError):
        oa.derive(Conv(q)).by("polyphase-conv", k=0)
    with pytest.raises(OpAlgebraError):
        oa.derive(Conv(q)).by("polyphase-conv", r=2)
    with pytest.raises(OpAlgebraError):
        oa.derive(Down(2) @ Conv(q)).by("polyphase-strided", k=3)


@pytest.mark.parametrize("start", [3, None, "Up(2)", [1, 2], k])
def test_a_derivation_begins_at_an_operator_or_a_signal(start):
    with pytest.raises(OperandError):
        oa.derive(start)
    with pytest.raises(OperandError):
        oa.derive(Up(2)).to(start)


def test_a_false_law_gives_no_line(monkeypatch):
    law = laws["flip-conv"]
    monkeypatch.setitem(law.__dict__, "sides", lambda q: (R @ Conv(q), Conv(q) @ R))
    monkeypatch.delitem(law.__dict__, "patterns", raising=False)
    derivation = oa.derive(R @ Conv(q))
    try:
        with pytest.raises(NotEqual, match="flip-conv") as raised:
            derivation.by("flip-conv")
    finally:
        law.__dict__.pop("patterns", None)
    assert raised.value.proof.verdict == "refuted"
    assert len(derivation.steps) == 1


# how it looks


def test_derivations_render():
    derivation = oa.derive(Conv(q) @ Up(2)).to(Conv(q) @ Down(2).T)
    text = str(derivation)
    assert text.splitlines()[0] == str(Conv(q) @ Up(2))
    assert "[down-transpose]" in text
    assert "aligned" in derivation.latex()
    assert derivation._repr_latex_().startswith("$")
    assert "down-transpose" in derivation._repr_markdown_()
    assert "2 lines" in repr(derivation)


def test_concrete_signals():
    s = Signal([1, 2, 3])
    assert oa.derive(Up(2) @ x + s).to(s + Up(2) @ x).expression == s + Up(2) @ x


# moves


def test_moves_are_the_lines_that_laws_give():
    derivation = oa.derive(Down(k) @ Conv(Up(k) @ q) @ Up(k) @ Down(3) @ Up(3))
    moves = derivation.moves()
    names = [move.law for move in moves]
    assert {"noble-down", "noble-up", "down-up"} <= set(names)
    assert "noble-transposed" not in names
    for move in moves:
        assert move.expression != derivation.expression
        assert oa.prove(derivation.expression, move.expression)
    (line,) = [move for move in moves if move.law == "down-up"]
    assert line.expression == Down(k) @ Conv(Up(k) @ q) @ Up(k) @ I
    assert str(line).startswith("down-up: ")
    assert oa.derive(Up(k) @ Down(m), given=oa.coprime(k, m)).moves()[0].condition == "gcd(k, m) = 1"
    assert "up-down-coprime" not in [move.law for move in oa.derive(Up(k) @ Down(m)).moves()]


def test_a_law_is_used_at_a_later_place():
    start = Down(2) @ Up(2) @ Down(3) @ Up(3)
    places = [move for move in oa.derive(start).moves() if move.law == "down-up"]
    assert [move.place for move in places] == [0, 1]
    for move in places:
        assert oa.derive(start).by("down-up", place=move.place).expression == move.expression
    assert oa.derive(start).by("down-up", place=1).expression == Down(2) @ Up(2) @ I
    with pytest.raises(LawDoesNotMatch, match=r"at place 2; laws that fit: .*down-up"):
        oa.derive(start).by("down-up", place=2)


def test_a_line_is_taken_back():
    derivation = oa.derive(Down(2) @ Up(2)).by("down-up")
    assert derivation.undo().expression == Down(2) @ Up(2)
    assert derivation.undo().undo().steps == [(Down(2) @ Up(2), "", "")]
    assert derivation.by("down-up").expression == I


def test_the_lines_between_are_found():
    start, goal = Down(2) @ Conv(Up(2) @ q) @ Conv(Up(2) @ p) @ Up(2), Conv(Conv(q) @ p)
    short, long = oa.derive(start).to(goal, steps=False), oa.derive(start).to(goal)
    assert len(short.steps) == 2
    assert len(long.steps) > 2
    assert long.expression == goal
    assert all(step.law in laws for step in long.steps[1:])
    assert ", ".join(dict.fromkeys(step.law for step in long.steps[1:])) == short.steps[1].law
    for before, after in zip(long.steps, long.steps[1:], strict=False):
        assert oa.prove(before.expression, after.expression)


def test_laws_that_do_not_fit_name_those_that_do():
    with pytest.raises(LawDoesNotMatch, match=r"laws that fit: .*conv-transpose"):
        oa.derive(Conv(q).T).by("noble-down")


CHAIN = ["down-transpose", "transpose-twice", "transpose-product"]


@pytest.mark.parametrize(
    ("kernel", "factor"),
    [(q, k), (q, 3), (Signal([1, 2, 3]), 2), (q, (2, m)), (Signal([[1, 2], [3, 4]]), (2, 3)), (q, [[1, 1], [1, -1]])],
    ids=str,
)
@pytest.mark.parametrize("signal", [False, True])
def test_the_chain_of_the_transposed_convolution(kernel, factor, signal):
    """(q∗)↑k = (q∗)↓kᵀ = (q∗)ᵀᵀ↓kᵀ = (↓k (q∗)ᵀ)ᵀ, written line by line and found by itself."""
    C, down, up = Conv(kernel), Down(factor), Up(factor)
    lines = [C @ up, C @ down.T, C.T.T @ down.T, (down @ C.T).T]
    if signal:
        lines = [line @ x for line in lines]
    derivation = oa.derive(lines[0])
    for line in lines[1:]:
        derivation.to(line)
    assert [step.law for step in derivation.steps[1:]] == CHAIN
    proof = oa.prove(lines[0], lines[-1])
    assert [step.expression for step in proof.steps] == lines
    assert [step.law for step in proof.steps[1:]] == CHAIN
    assert oa.derive(lines[0]).to(lines[-1]).steps == proof.steps
    assert [step.law for step in oa.prove(lines[-1], lines[0]).steps[1:]] == CHAIN[::-1]
    assert proof.check()


def test_moves_are_a_line_each_and_a_table_in_notebooks():
    moves = oa.derive(Down(2) @ Up(2) @ Conv(q).T).moves()
    assert str(moves).splitlines() == [str(move) for move in moves] == repr(moves).splitlines()
    assert moves._repr_html_().count("<tr") == len(moves) + 1
    assert len(moves) > 3


def test_undo_takes_back_what_one_call_wrote():
    d = oa.derive(oa.TransposedConv(q, 2)).by("define-transposed")
    d.to((Down(2) @ Conv(q).T).T)
    assert len(d.steps) > 3
    assert len(d.undo().steps) == 2
    assert len(d.undo().undo().steps) == 1
