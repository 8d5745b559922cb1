"""Banks of as many channels as their factor: one side gives the other, and near misses do not."""

from __future__ import annotations

import random
from typing import Any

import pytest

import opalgebra as oa
from opalgebra import Block, Conv, Down, Shift, Up
from opalgebra.algebra.decide import squares
from opalgebra.algebra.equations import Deduced

from ...judge import Judge

I, Z = oa.Identity(), oa.Zero()  # noqa: E741
x = oa.signals("x")
P, A, B = oa.operators("P A B")


def filters(count: int) -> tuple[Any, Any]:
    names = (" ".join(f"{name}{i}" for i in range(count)) for name in "hf")
    return tuple(map(oa.signals, names))  # type: ignore[return-value]


def down(h: Any, k: Any) -> Any:
    return Down(k) @ Conv(h)


def up(f: Any, k: Any) -> Any:
    return Conv(f) @ Up(k)


def bank(k: Any, count: int) -> Any:
    hs, fs = filters(count)
    first, *others = (up(f, k) @ down(h, k) for h, f in zip(hs, fs, strict=True))
    return sum(others, first)


def biorthogonal(k: Any, count: int) -> list[Any]:
    hs, fs = filters(count)
    return [oa.equation(down(h, k) @ up(f, k), I if i == j else Z) for i, h in enumerate(hs) for j, f in enumerate(fs)]


def across(k: Any, count: int, i: int, j: int) -> Any:
    hs, fs = filters(count)
    return down(hs[i], k) @ up(fs[j], k)


def block(k: int) -> tuple[Any, Any]:
    hs, fs = filters(k)
    return Block([[down(h, k)] for h in hs]), Block([[up(f, k) for f in fs]])


TRUE: dict[str, tuple[Any, Any, Any]] = {
    **{f"M = {k}: reconstruction gives biorthogonality": (across(k, k, 0, 0), I, oa.equation(bank(k, k), I))
       for k in (3, 4)},
    **{f"M = {k}: and orthogonality across": (across(k, k, 0, 1), Z, oa.equation(bank(k, k), I)) for k in (3, 4)},
    **{f"M = {k}: biorthogonality gives reconstruction": (bank(k, k), I, biorthogonal(k, k)) for k in (3, 4)},
    "a projection": (up(filters(3)[1][0], 3) @ across(3, 3, 0, 0) @ down(filters(3)[0][0], 3),
                     up(filters(3)[1][0], 3) @ down(filters(3)[0][0], 3), oa.equation(bank(3, 3), I)),
    "on a signal": (across(3, 3, 2, 2) @ x, x, oa.equation(bank(3, 3), I)),
    "with a delay": (down(filters(3)[0][0], 3) @ Shift(-1) @ up(filters(3)[1][0], 3), 2 * I,
                     oa.equation(bank(3, 3), 2 * Shift(1))),
    "two axes": (across((2, 1), 2, 0, 0), I, oa.equation(bank((2, 1), 2), I)),
    "blocks": (block(3)[0] @ block(3)[1], Block.diagonal(I, I, I), oa.equation(block(3)[1] @ block(3)[0], I)),
    "an equation of adjoints": (P.H @ P.H, P.H, oa.equation(P @ P, P)),
    "an inverse, transposed": (B.T @ A.T @ P, P, oa.equation(A @ B, I)),
    "a pair of gains": (Conv(A @ x).T, Conv(x).T, oa.equation(Conv(A @ x), Conv(x))),
}  # fmt: skip
FALSE: dict[str, tuple[Any, Any, Any]] = {
    "the other band": (across(3, 3, 0, 1), I, oa.equation(bank(3, 3), I)),
    "one equation is missing": (bank(3, 3), I, biorthogonal(3, 3)[:-1]),
    "too few channels": (bank(3, 2), I, biorthogonal(3, 2)),
    "the delay forgotten": (across(3, 3, 0, 0), I, oa.equation(bank(3, 3), Shift(1))),
}


@pytest.mark.parametrize("name", TRUE)
def test_true(name: str) -> None:
    lhs, rhs, given = TRUE[name]
    proof = oa.prove(lhs, rhs, given=given)
    assert proof.verdict == "proved", proof.reason


@pytest.mark.parametrize("name", FALSE)
def test_false(name: str) -> None:
    lhs, rhs, given = FALSE[name]
    proof = oa.prove(lhs, rhs, given=given)
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


def test_frames_have_no_other_side() -> None:
    """Of three channels with the factor 2, or letters that are no convolutions, nothing follows."""
    for given in (oa.equation(bank(2, 3), I), oa.equation(Conv(x) @ oa.Flip() @ Up(1) @ Down(1) @ Conv(x), I)):
        assert squares.squares([given]) == []
    h, f = filters(2)
    turned = up(f[0], 2) @ oa.Modulate([1, -1]) @ down(h[0], 2) + up(f[1], 2) @ down(h[1], 2)
    assert squares.squares([oa.equation(turned, I)]) == []


@pytest.mark.campaign(8)
@pytest.mark.parametrize("seed", range(40))
def test_what_is_deduced_holds_for_banks(seed: int) -> None:
    """Random banks of three channels that reconstruct: the judge finds what is deduced of them to hold."""
    rng = random.Random(seed)
    names = _random_bank(rng, 3)
    given = [oa.equation(bank(3, 3), I)] if rng.random() < 0.5 else biorthogonal(3, 3)
    (deduced, *_) = squares.squares(given)
    assert isinstance(deduced, Deduced)
    judge = Judge(1, names)
    for left, right in [pair for one in given for pair in one.pairs] + list(deduced.pairs):
        for at in (*range(-4, 5), 1000, 1001, 1002):
            assert judge.column(left, (at,)) == judge.column(right, (at,))


def _random_bank(rng: random.Random, k: int) -> dict[str, Any]:
    """Filters from a polyphase matrix of elementary steps, E ← (I + t z^e E_ij) E, and its inverse."""
    E = [[{0: int(i == j)} for j in range(k)] for i in range(k)]
    R = [[{0: int(i == j)} for j in range(k)] for i in range(k)]
    for _ in range(4):
        i, j = rng.sample(range(k), 2)
        t, e = rng.randint(-3, 3), rng.randint(-1, 1)
        for n in range(k):
            _add(E[i][n], E[j][n], t, e)
            _add(R[n][j], R[n][i], -t, e)
    hs = {f"h{i}": {(k * n - r,): v for r in range(k) for n, v in E[i][r].items() if v} for i in range(k)}
    fs = {f"f{i}": {(k * n + r,): v for r in range(k) for n, v in R[r][i].items() if v} for i in range(k)}
    return {**hs, **fs}


def _add(to: dict[int, int], other: dict[int, int], times: int, moved: int) -> None:
    for n, v in list(other.items()):
        to[n + moved] = to.get(n + moved, 0) + times * v


@pytest.mark.parametrize("name", ["_is_square", "_moved"])
def test_a_planted_fault_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"_is_square": lambda cut, count: True, "_moved": lambda side: (1, ())}
    monkeypatch.setattr(squares, name, wrong[name])
    h, f = filters(3)
    frame = oa.equation(up(f[0], 2) @ down(h[0], 2) + up(f[1], 2) @ down(h[1], 2) + up(f[2], 2) @ down(h[2], 2), I)
    delayed = FALSE["the delay forgotten"]
    proofs = [oa.prove(across(2, 3, 0, 1), Z, given=frame), oa.prove(*delayed[:2], given=delayed[2])]
    assert any(proof.verdict == "proved" for proof in proofs)
