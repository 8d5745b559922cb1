"""Blocks: operators between tuples of signals; how they are built, changed and shown."""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass
from typing import Any

import pytest
import sympy

import opalgebra as oa
from opalgebra.expr.grid import grid, plain
from opalgebra.parse import parse_expression
from tests.dense_blocks import lifting

I = oa.Identity()  # noqa: E741  # the name that it has on paper
p, q, x, y = oa.signals("p q x y")
z = sympy.Symbol("z")
A, B, C, D = oa.Conv([1, 2]), oa.Up(2), oa.Shift(-1), oa.Down(3)


def test_sizes_are_those_of_the_entries() -> None:
    inner = oa.Block([[A, B], [C, A], [D, D]])
    block = oa.Block([[inner, I], [0, 2 * I]])
    assert inner.channels == (3, 2)
    assert block.channels == (6, 5)
    assert block.heights == (3, 3)
    assert block.widths == (2, 3)
    assert oa.Block.diagonal(inner, I, oa.Polyphase(2)).channels == (6, 4)
    assert grid(oa.Block([[oa.Block([[A], [B]]), oa.Block([[C], [D]])]])) == ((A, C), (B, D))
    assert (inner.T.channels, inner.H.channels, inner.conj().channels) == ((2, 3), (2, 3), (3, 2))
    assert (A.channels, I.channels, (2 * I).channels, (A @ I).channels) == ((1, 1), None, None, (1, 1))


def test_zero_numbers_of_any_kind_are_zeros() -> None:
    assert oa.Block([[0, 0.0, sympy.Integer(0), oa.Zero()]]).rows == ((oa.Zero(),) * 4,)


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([], oa.DimensionError, "empty"),
        ([[]], oa.DimensionError, "empty"),
        ([[A, B], [C]], oa.DimensionError, "[2, 1] entries"),
        ([A, B], oa.OperandError, "list of lists"),
        ([[A, 2]], oa.OperandError, "2 * Identity()"),
        ([[A, False]], oa.OperandError, "entry (0, 1)"),
        ([[q]], oa.OperandError, "Conv(q)"),
        ([[oa.Polyphase(2), A]], oa.DimensionError, "row 0"),
        ([[oa.PixelShuffle(2)], [A]], oa.DimensionError, "column 0"),
        ([[oa.Polyphase(2), I], [0, A]], oa.DimensionError, "row 0"),
        ([[oa.Up((2, 2)), A]], oa.DimensionError, "axes"),
    ],
)
def test_grids_that_do_not_fit_are_refused(rows: Any, error: type, words: str) -> None:
    with pytest.raises(error) as caught:
        oa.Block(rows)
    assert words in str(caught.value)


def test_channels_have_to_fit() -> None:
    column, row = oa.Polyphase(2), oa.PixelShuffle(2)
    assert (column @ row).channels == (2, 2)
    for build in (
        lambda: column @ column,
        lambda: row @ oa.Polyphase(3),
        lambda: column + row,
        lambda: column + A,
        lambda: column + I,
        lambda: column**2,
        lambda: oa.prove(column, row),
        lambda: oa.prove(column, I),
        lambda: column.equals(A),
    ):
        with pytest.raises(oa.DimensionError):
            build()
    assert oa.prove(column - column, oa.Zero())  # zeros fit any shape
    assert (column + oa.Zero()).equals(column)
    assert (column + oa.Zero()) @ [1, 2, 3] == column @ [1, 2, 3]
    assert row @ ([1], [2]) == (column + oa.Zero()).T @ ([1], [2])
    assert (column @ oa.Zero()).equals(oa.Zero())


def test_factors_of_phases_are_numbers() -> None:
    k = oa.factors("k")
    for kind in (oa.Polyphase, oa.PixelShuffle):
        with pytest.raises(oa.FactorTypeError, match="counts the channels"):
            kind(k)
        with pytest.raises(oa.FactorError):
            kind(0)
        with pytest.raises(oa.SizeError):
            kind((10**4, 10**4))


def test_nodes_are_frozen_compared_and_pickled() -> None:
    block = oa.Block([[A, 0], [B, oa.Conv(q)]])
    assert block == oa.Block(((A, oa.Zero()), (B, oa.Conv(q))))
    assert block != oa.Block([[A, B], [0, oa.Conv(q)]])
    assert hash(pickle.loads(pickle.dumps(block))) == hash(block)
    with pytest.raises(AttributeError):
        block.rows = ()  # type: ignore[misc]
    given = [[A, 0]]
    oa.Block(given)
    assert given == [[A, 0]]


def test_large_blocks_are_quick() -> None:
    large = oa.Block([[oa.Conv([i, j, 1]) for j in range(64)] for i in range(64)])
    start = time.process_time()
    assert len(grid((2 * large).T)) == 64
    assert time.process_time() - start < 5


def test_towers_of_wrappers_need_no_stack() -> None:
    block = tower = oa.Block([[A, oa.Conv(q)], [0, I]])
    for _ in range(2000):
        tower = tower.T.conj().T.conj()
    assert len(grid(tower)) == 2
    assert (tower @ (x, y))[1] == y
    assert oa.prove(tower, block)


def test_named_blocks_of_others_are_written_out() -> None:

    from opalgebra.expr.named import Named

    @dataclass(frozen=True, eq=False, repr=False)
    class _Sides(Named):
        channels = (2, 1)
        ndim = 1

        def definition(self) -> oa.LinearOperator:
            return oa.Block([[oa.Shift(1)], [oa.Shift(-1)]])

    assert oa.prove(_Sides().T @ _Sides(), 2 * I).check()
    assert grid(oa.Block([[I, I]]) @ _Sides()) == ((oa.Shift(1) + oa.Shift(-1),),)


# -- what else is done to an expression -----------------------------------------------------------------------


def test_simplified_is_one_block_of_canonical_entries() -> None:
    assert (oa.Polyphase(2) @ oa.PixelShuffle(2)).simplify() == oa.Block([[I, 0], [0, I]])
    assert (oa.PixelShuffle(2) @ oa.Polyphase(2)).simplify() == I
    assert oa.Polyphase(3).T.simplify() == oa.PixelShuffle(3).simplify()
    k = oa.factors("k")
    assert oa.Block([[oa.Down(k) @ oa.Up(k), oa.Up(k).T]]).simplify() == oa.Block([[I, oa.Down(k)]])
    assert oa.Polyphase(2).expand() == oa.Block([[oa.Down(2)], [oa.Down(2) @ oa.Shift(-1)]])


def test_matrices_are_channel_major() -> None:
    block = oa.Block([[oa.Conv([1, 2]), oa.Shift(1)]])
    assert block.matrix(3, 2) == sympy.Matrix([[1, 0, 0, 0], [2, 1, 1, 0], [0, 2, 0, 1]])
    assert oa.Polyphase(2).matrix(2, 4) == sympy.Matrix([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    formal = oa.Block([[oa.Conv(p)], [oa.Conv(q)]]).matrix(2, 1)
    assert formal == sympy.Matrix(sympy.symbols("p_0 p_1 q_0 q_1"))
    assert oa.Block([[I, oa.Up((2, 2))]]).matrix((1, 2), (1, 2)) == sympy.Matrix([[1, 0, 1, 0], [0, 1, 0, 0]])


def test_polyphase_matrices_of_blocks() -> None:
    assert oa.Polyphase(3).polyphase() == sympy.eye(3)
    assert lifting(False, [1, 1]).polyphase() == sympy.Matrix([[1, 1 + 1 / z], [0, 1]])
    assert oa.Block.diagonal(oa.Down(2), oa.Up(2)).polyphase() == sympy.Matrix([[1, 0, 0], [0, 0, 1], [0, 0, 0]])
    assert oa.Block([[0, I]]).polyphase() == sympy.Matrix([[0, 1]])
    with pytest.raises(oa.WindowError, match="rates"):
        oa.Block([[I, I], [I, oa.Down(2)]]).polyphase()
    with pytest.raises(oa.FormalSignalError):
        oa.Block([[oa.Conv(q)]]).polyphase()
    with pytest.raises(oa.DimensionError):
        oa.Polyphase((2, 2)).polyphase()


def test_to_sympy_is_a_matrix() -> None:
    shown = (oa.Block([[A, 0], [I, 2 * B]]) @ oa.Block([[I], [I]])).to_sympy()
    assert isinstance(shown, sympy.MatrixBase)
    assert shown.shape == (2, 1)
    assert shown[0] == sympy.Symbol("((1 2)∗)", commutative=False)
    assert (oa.PixelShuffle(1) @ oa.Polyphase(1)).to_sympy() == sympy.Symbol("↑₁", commutative=False) * sympy.Symbol(
        "↓₁", commutative=False
    )


def test_substituted_and_written_by_laws() -> None:
    from opalgebra.expr import substitute

    block = oa.Block([[oa.Conv(q), 0], [I, oa.Conv(p)]])
    assert substitute(block, {"q": oa.Signal([1, 2])}).rows[0][0] == oa.Conv([1, 2])
    k = oa.factors("k")
    lines = oa.derive(oa.Block([[oa.Down(k) @ oa.Conv(oa.Up(k) @ q), I]])).by("noble-down")
    assert lines.expression == oa.Block([[oa.Conv(q) @ oa.Down(k), I]])
    split = oa.derive(oa.PixelShuffle(2) @ oa.Polyphase(2)).to(I)
    assert [step.law for step in split.steps][1:] == ["block-product", "polyphase-identity"]
    with pytest.raises(oa.NotEqual):
        oa.derive(oa.PixelShuffle(2) @ oa.Polyphase(2)).to(oa.Shift(1))


def test_plain_is_for_one_channel() -> None:
    assert plain(oa.PixelShuffle(2) @ oa.Block([[A], [0]])) == oa.Up(2) @ A
    with pytest.raises(oa.DimensionError):
        plain(oa.Polyphase(2))


def test_blocks_within_kernels_are_seen() -> None:
    kernel = (oa.PixelShuffle(2) @ oa.Polyphase(2)) @ q
    assert oa.prove(oa.Conv(kernel), oa.Conv(q)).check()
    assert oa.prove(oa.Conv(kernel), oa.Conv(p)).verdict == "refuted"
    assert oa.Conv(kernel).simplify() == oa.Conv(q)


# -- looks ----------------------------------------------------------------------------------------------------


def test_text_latex_and_code() -> None:
    block = oa.Block([[oa.Conv(q), oa.Up(2) + I], [0, oa.Down(2)]])
    assert str(block) == "[(q∗)  ↑₂ + I; 0  ↓₂]"
    assert str(oa.Shift(1) @ oa.PixelShuffle(2) @ block @ oa.Polyphase(2)) == (
        "S PixelShuffle(2) [(q∗)  ↑₂ + I; 0  ↓₂] Polyphase(2)"
    )
    assert str(oa.Block([[A], [B]])) == "[((1 2)∗); ↑₂]"
    assert f"{block:latex}" == (
        r"\begin{bmatrix} (\mathbf{q} *) & \uparrow_{2} + I \\ 0 & \downarrow_{2} \end{bmatrix}"
    )
    assert repr(block) == "Block([[Conv(signals('q')), Up(2) + Identity()], [Zero(), Down(2)]])"
    assert str(2 * block.T) == "2 [(q∗)  ↑₂ + I; 0  ↓₂]ᵀ"


def test_the_middle_of_large_blocks_is_left_out() -> None:
    large = oa.Block([[oa.Shift(100 * i + j) for j in range(9)] for i in range(9)])
    text, latex = str(large), f"{large:latex}"
    assert text.count(";") == 5
    assert "S⁴" not in text.split(";")[0].split("  ")
    assert text.endswith("S⁸⁰³  …  S⁸⁰⁸]")
    assert all(dots in latex for dots in (r"\cdots", r"\vdots", r"\ddots"))
    assert "…" not in str(oa.Block([[oa.Shift(j + 1) for j in range(8)]]))
    assert f"{large:ascii}".isascii()
    assert parse_expression(repr(large)) == large


@pytest.mark.parametrize(
    "text",
    [
        "Block([[q, 0]])",
        "Block([Up(2)])",
        "Block(q)",
        "Block([[1]])",
        "Block()",
        "Block([[Up(2)]], 2)",
        "[Up(2)]",
        "Polyphase(2) @ x",
        "Polyphase(2, 3)",
        "Conv([Up(2)])",
    ],
)
def test_text_that_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(oa.ParseError):
        parse_expression(text)


def test_text_that_does_not_fit_says_so() -> None:
    for text in ("Polyphase(2) @ Polyphase(2)", "Block([[Up(2), 0]]) @ x", "PixelShuffle(2) @ [1, 2]", "Block([[]])"):
        with pytest.raises(oa.DimensionError):
            parse_expression(text)
    read = parse_expression("PixelShuffle(2) @ Block([[Conv(q), 0], [0, Up(k) @ Down(k)]]) @ Polyphase(2)")
    assert read.channels == (1, 1)
