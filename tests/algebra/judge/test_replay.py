"""What the prover says is replayed on another road: a prover with a planted bug is caught, wherever the bug is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Identity, Modulate, Shift, Signal, Up, Zero
from opalgebra.algebra.decide import affine, coset, decision, hypotheses, prove, refute, walk
from opalgebra.algebra.equations import Nyquist, Symmetric
from opalgebra.algebra.judge import enclosure, evaluate, replay
from opalgebra.algebra.judge.witness import Witness
from opalgebra.expr import signals, substitute, transform
from tests import imports

I = Identity()  # noqa: E741
k, m = oa.factors("k m")
q, h = oa.signals("q h")
r = oa.signals("r", real=True)
prime = sympy.Symbol("k", integer=True, positive=True, prime=True)

Plant = Callable[[pytest.MonkeyPatch], None]
Statement = tuple[Any, Any, tuple[Any, ...]]


@pytest.fixture(autouse=True)
def no_memory() -> Iterator[None]:
    """Canonical forms are remembered; those of a broken prover must not be, nor may they be taken from a sound one."""
    decision.canonical_form.cache_clear()
    yield
    decision.canonical_form.cache_clear()


def says_equal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decision, "same_canonical", lambda *_: True)


def says_different(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decision, "same_canonical", lambda *_: False)
    made = Witness(Signal([1]), {}, {}, 0, 1, 0, {})
    patch.setattr(decision, "find", lambda *_: made)


def rounds_when_it_substitutes(patch: pytest.MonkeyPatch) -> None:
    def rounded(root: Any, values: Any) -> Any:
        return transform(
            substitute(root, values),
            lambda node: Signal([complex(v) for v in node.values], node.start) if isinstance(node, Signal) else None,
        )

    patch.setattr(decision, "substitute", rounded)


def confuses_values(patch: pytest.MonkeyPatch) -> None:
    sound, sides = substitute, count()
    patch.setattr(
        decision, "substitute", lambda root, at: sound(root, {s: (1 + next(sides) % 2) * v for s, v in at.items()})
    )


def forgets_assumptions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decision, "allowed", lambda symbol, value: value > 0)
    patch.setattr(decision, "_fits", lambda *_: True)


def forgets_hypotheses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decision, "models", lambda facts, symbols: hypotheses.models((), symbols))


def takes_any_kernel_for_even(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Symmetric, "solution", lambda fact: (fact.signal.name, fact.signal))


def takes_any_kernel_for_nyquist(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Nyquist, "solution", lambda fact: (fact.kernels[0].name, fact.kernels[0]))


def takes_complex_taps_for_real(patch: pytest.MonkeyPatch) -> None:
    def imaginary(formal: Any, *_: Any) -> Iterator[Any]:
        yield {name: {(0,): sympy.I} for name in formal}

    patch.setattr(refute, "small_names", imaginary)
    patch.setattr(decision, "same_canonical", lambda *_: False)


def forgets_to_conjugate(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(walk.Walker, "signal", _without_conjugates(walk.Walker.signal))


def _without_conjugates(sound: Any) -> Any:
    return lambda self, signal, conj: sound(self, signal, False)


def takes_kernels_for_equal_that_round_alike(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signals, "same_numbers", lambda a, b: bool((a.astype(float) == b.astype(float)).all()))


def forgets_small_values(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(affine.Context, "require_larger", lambda *_: None)


def multiplies_by_zero(patch: pytest.MonkeyPatch) -> None:
    from opalgebra.algebra.decide import points

    patch.setattr(points, "_multiplied", lambda *_: [])


def shifts_twice(patch: pytest.MonkeyPatch) -> None:
    moved = coset.Cosets.shift
    patch.setattr(coset.Cosets, "shift", lambda self, amount: moved(self, tuple(2 * s for s in amount)))


# A statement with which each prover goes wrong: what is true must not be refuted, what is false not hold under check().
TONE, TURN = Modulate(2 * sympy.pi / 3), sympy.exp(2 * sympy.pi * sympy.I * k / 3)
OPEN = (Down(k) @ Up(3)) ** 2, Down(k**2) @ Up(9)  # equal, and not decided
BIG = [1.0] * 70 + [2.0**53]
CASES: dict[str, tuple[Plant, Statement, bool]] = {
    "says equal": (says_equal, (Conv(q).T, Conv(q), ()), False),
    "says different": (says_different, (Down(2) @ Up(2), I, ()), True),
    "rounds when it substitutes": (
        rounds_when_it_substitutes,
        (TONE @ Conv(oa.box(k)) + OPEN[0], Conv(TONE @ oa.box(k)) @ TONE + OPEN[1], ()),
        True,
    ),
    "confuses values": (
        confuses_values,
        (TONE @ Conv(oa.box(k)) + OPEN[0], Conv(TONE @ oa.box(k)) @ TONE + OPEN[1], ()),
        True,
    ),
    "forgets assumptions": (forgets_assumptions, (Down(prime) @ Shift(1) @ Up(prime), Zero(), ()), True),
    "forgets hypotheses": (
        forgets_hypotheses,
        ((1 + TURN + TURN**2) * Down(k), Zero(), (oa.not_divides(3, k),)),
        True,
    ),
    "any kernel is even": (takes_any_kernel_for_even, (Conv(q).T, Conv(q), (oa.even_symmetric(q),)), True),
    "any kernel is Nyquist": (takes_any_kernel_for_nyquist, (Down(2) @ Conv(h) @ Up(2), I, (oa.nyquist(h, 2),)), True),
    "complex taps are real": (takes_complex_taps_for_real, (Conv(r).H, Conv(r).T, ()), True),
    "forgets to conjugate": (forgets_to_conjugate, (Conv(q).H, Conv(q).T, ()), False),
    "kernels that round alike": (
        takes_kernels_for_equal_that_round_alike,
        (Conv([1] * 70 + [2**53 + 1]), Conv(BIG), ()),
        False,
    ),
    "forgets small values": (forgets_small_values, (Down(k) @ Shift(1) @ Up(k), Zero(), ()), False),
    "multiplies by zero": (multiplies_by_zero, (Shift(1) @ Conv(oa.box(k)), Conv(oa.box(k)), ()), False),
    "shifts twice": (shifts_twice, (Shift(1), Conv([0, 0, 1]), ()), False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_planted_bug_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, (lhs, rhs, given), true = CASES[name]
    with monkeypatch.context() as patch:
        plant(patch)
        broken = oa.prove(lhs, rhs, given=given)
        if true:
            assert broken.verdict != "refuted"
        else:
            assert broken.verdict == "proved"
            assert not broken.check()
    decision.canonical_form.cache_clear()
    assert oa.prove(lhs, rhs, given=given).verdict in (("proved", "undecided") if true else ("refuted", "undecided"))


WITHOUT_REPLAY = [name for name in CASES if CASES[name][2]]


@pytest.mark.parametrize("name", WITHOUT_REPLAY)
def test_without_the_replay_the_bug_would_be_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bugs do bite: only the replay stands between them and a wrong refutation."""
    plant, (lhs, rhs, given), _ = CASES[name]
    with monkeypatch.context() as patch:
        plant(patch)
        patch.setattr(prove, "holds_at", lambda *_: True)
        assert oa.prove(lhs, rhs, given=given).verdict == "refuted"


def test_check_of_a_refutation_looks_at_every_part_of_the_witness() -> None:
    proof = oa.prove(Down(k) @ Conv(q), Conv(q) @ Down(k), given=oa.coprime(k, 2))
    assert proof.verdict == "refuted"
    found = proof.witness
    assert found is not None
    assert proof.check()
    wrong = [
        replace(found, lhs=found.lhs + 1), replace(found, rhs=found.rhs + 1), replace(found, lhs=found.rhs),
        replace(found, factors={"k": 2}), replace(found, factors={"k": 1}), replace(found, factors={"k": -3}),
        replace(found, input=Signal([1], start=1000)), replace(found, _names={"q": {(0,): 0}}),
    ]  # fmt: skip
    for forged in wrong:
        again = oa.Proof(proof.lhs, proof.rhs, proof.given, "refuted", "", forged)
        assert not again.check(), forged


def test_verdict_check_and_save_agree(tmp_path: Path) -> None:
    statements: list[Statement] = [
        (Down(k) @ Conv(Up(k) @ q), Conv(q) @ Down(k), ()), (Conv(q).T, Conv(q), ()), (Conv(r).H, Conv(r).T, ()),
        (Up(k) @ Down(m), Down(m) @ Up(k), ()), (Up(k) @ Down(m), Down(m) @ Up(k), (oa.coprime(k, m),)),
        (Conv(q).T, Conv(q), (oa.even_symmetric(q),)), (Conv(oa.exact("[1/3, 1]")), Conv([1 / 3, 1]), ()),
    ]  # fmt: skip
    for number, (lhs, rhs, given) in enumerate(statements):
        proof = oa.prove(lhs, rhs, given=given)
        assert proof.verdict in ("proved", "refuted")
        assert proof.check()
        proof.save(tmp_path / f"{number}.json")
        again = oa.load_proof(tmp_path / f"{number}.json")
        assert again.verdict == proof.verdict
        assert again.check()


def test_the_evaluator_reaches_nothing_of_the_prover(root: Path) -> None:
    graph = imports.graph(root)
    reached = {name for name in imports.reached(graph, evaluate.__name__) if name.startswith("opalgebra.algebra")}
    assert reached == {enclosure.__name__, "opalgebra.algebra.budget"}
    source = Path(replay.__file__).read_text("utf-8")
    for name in ("substitute", "allowed", "holds(", "solved", "canonical", "decide"):
        assert name not in source, name
