"""The judge modulo a prime: what the exact judge says, residue by residue, and broken on purpose."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.expr import walk
from opalgebra.expr.multirate import Conv, Down, Flip, Shift, Up
from opalgebra.expr.named import LinearUp, Repeat
from opalgebra.expr.operators import Adjoint, Identity, LinearOperator, Transpose, operators
from opalgebra.expr.signals import signals
from tests import judge_modular
from tests.house.test_judge import FALSE, TRUE
from tests.judge import Judge
from tests.judge_modular import LETTERS, PRIME, ROOT, Modular, TooLarge, Vector, _residues, differ, empty, same, vector
from tests.judge_numbers import Gauss
from tests.statements import rng_for, statement

q, p = signals("q p")
KERNELS = {"q": {-1: 2, 0: 3, 2: Gauss(1, 5)}, "p": {-4: Fraction(1, 3), 0: -1, 12: 7}, "x": {0: 1, 5: -2}}


def both(ndim: int) -> tuple[Judge, Modular]:
    """The two judges with the same kernels."""
    exact = {name: {(n, *(1,) * (ndim - 1)): v for n, v in taps.items()} for name, taps in KERNELS.items()}
    return Judge(ndim, exact), Modular(ndim, {name: vector(taps, ndim) for name, taps in exact.items()}, {})


def samples(x: Vector) -> dict[tuple[int, ...], tuple[int, int]]:
    return dict(zip(map(tuple, x.at.T.tolist()), map(tuple, x.values.T.tolist()), strict=True))


def residues(exact: dict[Any, Any]) -> dict[Any, tuple[int, int]]:
    return {at: _residues(value) for at, value in exact.items() if _residues(value) != (0, 0)}


@pytest.mark.parametrize("letter", [oa.Up(2), oa.Down(3), oa.AvgPool(2), oa.Shift(-2), oa.Flip()], ids=str)
def test_a_letter_without_a_rule_is_put_to_the_exact_judge(letter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = vector({(n,): Gauss(n * n + 1, n) for n in range(-5, 6)}, 1)
    expected = [Modular(1, {}, {}).apply(letter, [x], turned) for turned in (False, True)]
    monkeypatch.delitem(LETTERS, type(letter))
    found = [Modular(1, {}, {}).apply(letter, [x], turned) for turned in (False, True)]
    assert [samples(y) for (y,) in found] == [samples(y) for (y,) in expected]


@pytest.mark.parametrize(("kind", "count"), [("1-D", 40), ("2-D", 25), ("lattices", 25), ("formal kernels", 25)])
def test_both_judges_say_the_same(kind: str, count: int) -> None:
    seen: set[type] = set()
    for number in range(count):
        A = statement(41, number, kind).lhs
        ndim = A.ndim or 1
        exact, modular = both(ndim)
        if not isinstance(A, LinearOperator):
            assert samples(modular.signal(A)) == residues(exact.signal(A))
            continue
        rng = rng_for(41, number)
        x = {tuple(rng.randint(-6, 6) for _ in range(ndim)): value for value in (1, Fraction(-2, 3), Gauss(2, 1))}
        assert samples(modular.apply(A, [vector(x, ndim)])[0]) == residues(exact.apply(A, x)), number
        if ndim == 1 or number < 8:
            turned = samples(modular.apply(A, [vector(x, ndim)], True)[0])
            assert turned == residues(exact.apply(Transpose(A), x)), number
        seen |= {type(node) for node in walk(A)}
    if kind == "1-D":
        assert seen >= set(LETTERS) - {LinearUp}


def test_blocks_against_their_entries() -> None:
    A, B = Conv([1, 2, 1j]), Down(2) @ Shift(1)
    block = oa.Block([[A, B], [0, Identity()], [Up(3), A]])
    exact, modular = both(1)
    x, y = {(0,): 2, (3,): 5}, {(1,): 1, (4,): -3}
    out = modular.apply(block, [vector(x, 1), vector(y, 1)])
    first = dict(exact.apply(A, x))  # A x + B y
    for at, value in exact.apply(B, y).items():
        first[at] = first.get(at, 0) + value
    assert samples(out[0]) == residues(first)
    assert samples(out[1]) == residues(y)
    back = modular.apply(Transpose(block), [vector(x, 1), vector(y, 1), empty(1)])
    assert samples(back[0]) == residues(exact.apply(Transpose(A), x))
    phases = modular.apply(oa.Polyphase(2), [vector({(n,): n + 1 for n in range(5)}, 1)])
    assert [sorted(samples(r).items()) for r in phases] == [
        [((n,), (v, v)) for n, v in enumerate(half)] for half in ([1, 3, 5], [2, 4])
    ]
    assert same(modular.apply(oa.PixelShuffle(2), phases)[0], vector({(n,): n + 1 for n in range(5)}, 1))


@pytest.mark.parametrize("pair", TRUE, ids=range(len(TRUE)))
def test_true_identities_never_differ(pair: Any) -> None:
    assert not any(differ(*pair, random.Random(seed)) for seed in range(3))


@pytest.mark.parametrize("pair", FALSE, ids=range(len(FALSE)))
def test_false_identities_are_caught(pair: Any) -> None:
    assert all(differ(*pair, random.Random(seed), likely=likely) for seed in range(3) for likely in (False, True))


def test_numbers() -> None:
    assert sympy.isprime(PRIME)
    assert ROOT * ROOT % PRIME == PRIME - 1
    half = _residues(Fraction(1, 2))
    assert half[0] == half[1]
    assert half[0] * 2 % PRIME == 1
    up, down = _residues(Gauss(2, 3))
    assert up * down % PRIME == 13  # (2 + 3i)(2 − 3i)
    assert _residues(Gauss(2, -3)) == (down, up)


def test_symbols_sums_and_formal_operators() -> None:
    k, m = oa.factors("k m")
    r = oa.integers("r")
    rng = random.Random(0)
    for at in ({"k": 2, "m": 3}, {"k": 4, "m": 1}):
        assert not differ(Up(k) @ Up(m), Up(k * m), rng, at)
        assert not differ(oa.Sum(Shift(r) @ Up(k) @ Down(k) @ Shift(-r), (r, 0, k)), Identity(), rng, at)
        assert differ(oa.Sum(Shift(r) @ Up(k) @ Down(k) @ Shift(r), (r, 0, k)), Identity(), rng, at)
    a, b = operators("A B")
    assert not differ((a @ b).T, b.T @ a.T, rng)
    assert differ((a @ b).T, a.T @ b.T, rng)
    assert not differ(Conv(q), Conv(Flip() @ q), rng, even=["q"])
    assert differ(Conv(q), Conv(Flip() @ q), rng)
    assert differ(Adjoint(Conv(q)), Transpose(Conv(q)), rng)


def test_what_is_too_large_is_said() -> None:
    with pytest.raises(TooLarge):
        differ(Repeat(9000) @ Repeat(9000), Identity(), random.Random(0))
    with pytest.raises(TooLarge):
        differ(Up((3**20, 3**20)) + Shift((1, 0)), Identity(), random.Random(0))


@pytest.mark.parametrize("letter", [Conv, Up, Down, Shift, Flip])
def test_a_broken_letter_is_noticed(letter: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself, broken on purpose: with all outputs of one letter moved by a sample, laws fail."""
    right = LETTERS[letter]
    wrong = lambda judge, node: right(judge, node)._replace(offsets=right(judge, node).offsets + 1)  # noqa: E731
    monkeypatch.setitem(LETTERS, letter, wrong)
    assert any(differ(*pair, random.Random(0)) for pair in TRUE)


def test_a_broken_transpose_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    related = judge_modular.related
    monkeypatch.setattr(judge_modular, "related", lambda relation, x, turned: related(relation, x, False))
    assert differ(Conv(q) @ Up(2), (Down(2) @ Conv(q).T).T, random.Random(0))


def test_indices_far_apart_are_kept_apart() -> None:
    far = {(10**9, -(10**9)): 1, (-(10**9), 10**9): 2, (0, 0): 3}
    x = vector(far, 2)
    both_ = judge_modular.total([x, x], 2)
    assert samples(both_) == {at: (2 * v, 2 * v) for at, v in far.items()}
    assert np.array_equal(judge_modular.total([x, Vector(x.at, PRIME - x.values)], 2).at, np.empty((2, 0)))
