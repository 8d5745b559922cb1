"""Limits on time and depth: deep expressions are decided, and what takes too long says so."""

from __future__ import annotations

import pickle
import sys
import time

import pytest

import opalgebra as oa
from opalgebra import Conv, Identity, Shift
from opalgebra.algebra import budget
from opalgebra.errors import OperandError, Undecided
from opalgebra.expr import depth, substitute

q = oa.signals("q")
DEPTH = 5_000


def tower(step):
    node = Conv(q)
    for n in range(DEPTH):
        node = step(node, n)
    return node


TOWERS = {
    "transposed products": lambda x, n: (x @ Shift(1)).T,
    "scalars": lambda x, n: (2 if n % 2 else oa.exact("1/2")) * x,
    "transposes": lambda x, n: x.T,
    "powers": lambda x, n: x**1,
    "adjoints": lambda x, n: x.H if n % 2 else x.conj(),
    "products": lambda x, n: Shift(1) @ (x.T if n % 50 == 0 else x),
}


@pytest.mark.campaign(1)
@pytest.mark.parametrize("name", TOWERS)
def test_deep_expressions(name):
    deep, again = tower(TOWERS[name]), tower(TOWERS[name])
    limit = sys.getrecursionlimit()
    assert depth(deep) > 100
    assert deep == again
    assert hash(deep) == hash(again)
    assert pickle.loads(pickle.dumps(deep)) == deep
    assert substitute(deep, {"q": oa.Signal([1, 2])}) != deep
    assert str(deep)
    assert f"{deep:latex}"
    assert repr(deep)
    assert oa.prove(deep, deep @ Shift(0))
    assert oa.prove(deep, deep @ Shift(1)).verdict == "refuted"
    assert deep.simplify().equals(deep)
    assert sys.getrecursionlimit() == limit


BLOCK = oa.Block([[Conv(q), Shift(1)], [oa.Up(2), Identity()]])
UPPER = oa.Block([[Identity(), Shift(1)], [oa.Zero(), Identity()]])
DECIDED = {
    "blocks in blocks": (Conv(q), lambda x, n: oa.Block([[x]])),
    "transposed blocks": (Conv(q), lambda x, n: oa.Block([[x]]).T),
    "blocks, conjugated and scaled": (BLOCK, lambda x, n: (-x).conj() if n % 2 else x.H),
    "products of blocks in blocks": (Conv(q), lambda x, n: oa.Block([[Identity()]]) @ oa.Block([[x]])),
    "↑ and ↓ in turn": (Conv(q), lambda x, n: (oa.Up(2) if n % 2 else oa.Down(3)) @ x),
}
LONG = {  # what takes long is undecided in time
    "sums of products": (Conv(q), lambda x, n: Shift(1) @ x + Identity()),
    "sums, transposed": (Conv(q), lambda x, n: (x + Shift(n)).T),
    "↑ and ↓ in turn, transposed": (Conv(q), lambda x, n: ((oa.Up(2) if n % 2 else oa.Down(2)) @ x).T),
    "↑, formal kernels and ↓": (Conv(q), lambda x, n: (oa.Up(2), Conv(oa.signals("p")), oa.Down(2))[n % 3] @ x),
    "names": (Conv(q), lambda x, n: oa.StridedConv(x @ q, 2)),
    "kernels in kernels": (Conv(q), lambda x, n: Conv(x @ q)),
    "symbols": (Conv(q), lambda x, n: (x + oa.Up(oa.factors("k"))).T),
    "products of blocks": (BLOCK, lambda x, n: UPPER @ x),
}


def made(start, step):
    for n in range(DEPTH):
        start = step(start, n)
    return start


@pytest.mark.campaign(1)
@pytest.mark.parametrize("name", DECIDED)
def test_deep_towers_are_decided(name):
    deep, again = made(*DECIDED[name]), made(*DECIDED[name])
    assert deep == again
    assert pickle.loads(pickle.dumps(deep)) == deep
    size = 2 if name == "blocks, conjugated and scaled" else 1
    limit = sys.getrecursionlimit()
    assert oa.prove(deep, deep @ oa.Block.diagonal(*[Shift(0)] * size))
    assert oa.prove(deep, deep @ oa.Block.diagonal(*[Shift(1)] * size)).verdict == "refuted"
    assert sys.getrecursionlimit() == limit


@pytest.mark.campaign(1)
@pytest.mark.parametrize("name", LONG)
def test_deep_towers_end_in_time(name):
    deep = made(*LONG[name])
    assert str(deep)
    assert f"{deep:latex}"
    right = deep @ (Shift(0) if deep.channels in (None, (1, 1)) else oa.Block.diagonal(Shift(0), Shift(0)))
    begin = time.process_time()
    proof = oa.prove(deep, right, budget=2)
    assert time.process_time() - begin < 15
    assert proof or (proof.verdict == "undecided" and "budget" in proof.reason)


def test_sums_and_products_made_of_long_ones_know_their_axes_and_channels():
    left, right = oa.Up((2, 2)) @ Shift((1, 1)), oa.Down(2) @ Shift(1)
    for joined in (lambda a, b: a @ b, lambda a, b: a + b):
        with pytest.raises(oa.DimensionError, match="axes"):
            joined(left, right)
        with pytest.raises(oa.DimensionError):
            joined(BLOCK @ BLOCK, oa.Block.diagonal(Conv(q), Conv(q), Conv(q)) @ oa.Block.diagonal(*[Shift(1)] * 3))
    with pytest.raises(oa.DimensionError, match="as many channels as it takes"):
        (Identity() + Identity()) + oa.Polyphase(2)
    assert ((oa.Zero() + oa.Zero()) + oa.Polyphase(2)).channels == (2, 1)
    assert (left @ left).ndim == (left + left).ndim == 2


def test_kernels_within_kernels():
    kernel = q
    for n in range(DEPTH):
        kernel = oa.signals(f"p{n % 2}") + Shift(1) @ kernel if n % 500 == 0 else Shift(1) @ kernel
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    assert oa.prove(Conv(kernel), Conv(kernel) @ Shift(0))


def test_shared_parts_stay_shared_in_a_pickle():
    node = Identity() + Conv(q)
    for _ in range(60):
        node = (node.T + node).T
    assert len(pickle.dumps(node)) < 20_000


def test_a_time_limit_is_undecided_and_says_so(monkeypatch):
    monkeypatch.setattr(budget, "monotonic", iter(range(10**9)).__next__)
    proof = oa.prove(Conv(q) @ oa.Up(2), oa.Up(2) @ Conv(q), budget=1)
    assert proof.verdict == "undecided"
    assert "budget: the time limit has passed" in proof.reason
    assert oa.prove(Conv(q) @ oa.Up(2), oa.Up(2) @ Conv(q), budget=10**6).verdict == "refuted"


def test_a_long_decision_ends_in_time():
    left = sum((Shift(n) @ oa.Up(n + 1) @ oa.Down(n + 2) for n in range(1, 400)), start=Identity()) ** 3
    begin = time.monotonic()
    proof = oa.prove(left, left @ Shift(1), budget=1)
    assert time.monotonic() - begin < 20
    assert proof.verdict in ("undecided", "refuted")


def test_nested_limits_keep_the_first_to_come():
    with budget.limited(1e-9), budget.limited(100), pytest.raises(Undecided, match="time limit"):
        budget.check_time()
    budget.check_time()


@pytest.mark.parametrize("seconds", [0, -1, "1", None, True, float("nan")])
def test_a_budget_is_a_positive_number(seconds):
    with pytest.raises(OperandError, match="positive number of seconds"):
        oa.prove(Conv(q), Conv(q), budget=seconds)
