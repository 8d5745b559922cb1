"""Blocks are decided entry by entry, with the channels of a witness."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest
import sympy

import opalgebra as oa
from opalgebra.expr.grid import grid
from tests.dense_blocks import random_block

I = oa.Identity()  # noqa: E741  # the name that it has on paper
p, q, x = oa.signals("p q x")
A, B = oa.Conv([1, 2]), oa.Up(2)
FACTORS = [2, 3, (2, 2), (1, 3)]


def negated(r: Any) -> Any:
    return tuple(-n for n in r) if isinstance(r, tuple) else -r


def offsets(k: Any) -> list[Any]:
    return list(product(*map(range, k))) if isinstance(k, tuple) else list(range(k))


@pytest.mark.campaign(4)
@pytest.mark.parametrize("seed", range(12))
def test_random_blocks_are_proved_and_refuted(seed: int) -> None:
    rng = Random(100 + seed)
    outs, ins = rng.randint(1, 2), rng.randint(1, 2)
    operator, _ = random_block(rng, outs, ins, 2)
    simple = operator.simplify()
    proof = oa.prove(operator, simple)
    assert proof.verdict == "proved"
    assert proof.check()
    bump = oa.Block([[oa.Shift(7) if (i, j) == (outs - 1, 0) else 0 for j in range(ins)] for i in range(outs)])
    wrong = oa.prove(operator, simple + bump)
    assert wrong.verdict == "refuted"
    assert wrong.check()
    assert oa.prove(operator.T, operator.H).verdict == "proved"  # real taps


@pytest.mark.parametrize("k", FACTORS, ids=str)
def test_polyphase_and_pixel_shuffle_are_inverse_and_transposed(k: Any) -> None:
    split, join = oa.Polyphase(k), oa.PixelShuffle(k)
    for lhs, rhs in [(join @ split, I), (split @ join, I), (join, split.T), (join.H, split)]:
        proof = oa.prove(lhs, rhs)
        assert proof.verdict == "proved", str(proof)
        assert proof.check()
        assert proof.steps[0].expression == lhs
        assert proof.steps[-1].expression == rhs
        assert all(oa.prove(a.expression, b.expression) for a, b in zip(proof.steps, proof.steps[1:], strict=False))
    assert oa.prove(join @ split @ x, x)


@pytest.mark.parametrize("k", [2, 3, (2, 2)], ids=str)
def test_transposed_convolution_is_a_convolution_and_a_pixel_shuffle(k: Any) -> None:
    phases = [oa.Down(k) @ oa.Shift(negated(r)) @ q for r in offsets(k)]
    column = oa.Block([[oa.Conv(phase)] for phase in phases])
    proof = oa.prove(oa.Conv(q) @ oa.Up(k), oa.PixelShuffle(k) @ column)
    assert proof.verdict == "proved"
    assert proof.check()
    swapped = oa.Block([[oa.Conv(phase)] for phase in [phases[1], phases[0], *phases[2:]]])
    near_miss = oa.prove(oa.Conv(q) @ oa.Up(k), oa.PixelShuffle(k) @ swapped)
    assert near_miss.verdict == "refuted"
    assert near_miss.check()


@pytest.mark.parametrize("k", [2, 3])
def test_the_polyphase_matrix_of_a_product_is_the_product(k: int) -> None:
    def phases(kernel: Any) -> oa.LinearOperator:
        return oa.Polyphase(k) @ oa.Conv(kernel) @ oa.PixelShuffle(k)

    product_ = oa.Polyphase(k) @ oa.Conv(p) @ oa.Conv(q) @ oa.PixelShuffle(k)
    assert oa.prove(phases(p) @ phases(q), product_).check()
    concrete = [oa.Signal([1, 2, 3, 4]), oa.Signal([5, -1, 2])]
    both = oa.Polyphase(k) @ oa.Conv(concrete[0]) @ oa.Conv(concrete[1]) @ oa.PixelShuffle(k)
    matrices = [phases(kernel).polyphase() for kernel in concrete]
    assert (matrices[0] * matrices[1] - both.polyphase()).applyfunc(sympy.expand).is_zero_matrix


def test_the_polyphase_matrix_of_a_filter_is_pseudo_circulant() -> None:
    entry = [oa.Conv(oa.Down(2) @ oa.Shift(-r) @ q) for r in (0, 1)]
    circulant = oa.Block([[entry[0], oa.Shift(1) @ entry[1]], [entry[1], entry[0]]])
    proof = oa.prove(oa.Polyphase(2) @ oa.Conv(q) @ oa.PixelShuffle(2), circulant)
    assert proof.verdict == "proved"
    assert proof.check()
    near_miss = oa.prove(
        oa.Polyphase(2) @ oa.Conv(q) @ oa.PixelShuffle(2), oa.Block([[entry[0], entry[1]], [entry[1], entry[0]]])
    )
    assert near_miss.verdict == "refuted"
    assert near_miss.check()
    assert near_miss.witness is not None
    assert near_miss.witness.channels == (0, 1)


def test_transposes_adjoints_and_products_of_grids() -> None:
    a, b, c, d = oa.operators("a b c d")
    block = oa.Block([[a, b], [c, d]])
    assert oa.prove(block.T, oa.Block([[a.T, c.T], [b.T, d.T]])).check()
    assert oa.prove(block.H, oa.Block([[a.H, c.H], [b.H, d.H]])).check()
    assert oa.prove(block**2, oa.Block([[a @ a + b @ c, a @ b + b @ d], [c @ a + d @ c, c @ b + d @ d]])).check()
    assert oa.prove((block @ block).T, block.T @ block.T)
    assert oa.prove(block**0, I)
    wrong = oa.prove(block.T, oa.Block([[a.T, b.T], [c.T, d.T]]))
    assert wrong.verdict == "refuted"
    assert wrong.check()


def test_a_witness_names_the_channels() -> None:
    proof = oa.prove(oa.Polyphase(2) @ oa.PixelShuffle(2), oa.Block([[I, 0], [oa.Shift(1), I]]))
    witness = proof.witness
    assert witness is not None
    assert (witness.channels, witness.index, witness.lhs, witness.rhs) == ((1, 0), 1, 0, 1)
    assert "in channel 0: at n = 1 of output channel 1" in str(proof)
    assert r"\text{of output channel 1}" in proof.latex()
    assert "in channel 0" in proof._repr_markdown_()
    assert proof.check()


def test_a_certificate_of_other_channels_is_refused() -> None:
    """The replay is no formality: a witness moved to an entry that agrees is not accepted."""

    proof = oa.prove(oa.Block([[A, 0], [0, A]]), oa.Block([[A, 0], [0, B]]))
    assert proof.check()
    assert proof.witness is not None
    proof.witness = replace(proof.witness, channels=(0, 0))
    assert not proof.check()
    wrong = oa.prove(oa.Polyphase(2) @ oa.PixelShuffle(2), I)
    wrong.rhs = oa.Block([[I, 0], [0, oa.Shift(1)]])
    assert not wrong.check()


def test_one_witness_where_other_entries_have_other_names() -> None:
    k, m = oa.factors("k m")
    lhs = oa.Block([[oa.Conv(p) @ oa.Up(m), 0], [0, oa.Conv(q) @ oa.Up(k)]])
    rhs = oa.Block([[oa.Conv(p) @ oa.Up(m), 0], [0, oa.Up(k) @ oa.Conv(q)]])
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "refuted"
    assert proof.check()
    assert proof.witness is not None
    assert proof.witness.channels == (1, 1)
    assert set(proof.witness.factors) == {"k", "m"}


def test_symbolic_factors_and_hypotheses_within_entries() -> None:
    k, m = oa.factors("k m")
    lhs = oa.Block([[oa.Up(k) @ oa.Down(m), 0], [oa.Conv(q), I]])
    rhs = oa.Block([[oa.Down(m) @ oa.Up(k), 0], [oa.Conv(q), I]])
    assert oa.prove(lhs, rhs).verdict == "refuted"
    proof = oa.prove(lhs, rhs, given=oa.coprime(k, m))
    assert proof.verdict == "proved"
    assert proof.check()
    even = oa.Block([[oa.Conv(q).T, I]])
    assert oa.prove(even, oa.Block([[oa.Conv(q), I]]), given=oa.even_symmetric(q)).check()
    wrong = oa.prove(even, oa.Block([[oa.Conv(q), oa.Shift(1)]]), given=oa.even_symmetric(q))
    assert wrong.verdict == "refuted"
    assert wrong.check()


def test_entries_that_fit_any_number_of_axes_differ_on_those_of_the_block() -> None:
    lhs, rhs = oa.Block([[oa.Up((2, 2)), oa.Flip()]]), oa.Block([[oa.Up((2, 2)), I]])
    proof = oa.prove(lhs, rhs)
    assert proof.verdict == "refuted"
    assert proof.check()
    assert proof.witness is not None
    assert proof.witness.input is not None
    assert proof.witness.input.ndim == 2


def test_products_that_grow_large_are_simplified_on_the_way() -> None:
    block = oa.Block([[oa.Conv([1, 1]), oa.Shift(1)], [oa.Shift(2), oa.Conv([1, 2])]])
    with pytest.raises(oa.SizeError):
        grid(block**40)
    proof = oa.prove(block**40, block @ block**39)
    assert proof.verdict == "proved"
    assert proof.check()
    near_miss = oa.prove(block**40, (block.T @ block**39))
    assert near_miss.verdict == "refuted"
    assert near_miss.check()
    join = oa.PixelShuffle(2) @ (block**25).T @ oa.Polyphase(2)
    assert oa.prove(join, oa.PixelShuffle(2) @ block.T**25 @ oa.Polyphase(2))
    too_high = oa.prove(block**2000, block**1999 @ block)
    assert too_high.verdict == "undecided"
    assert "budget" in too_high.reason
    assert not too_high.check()
