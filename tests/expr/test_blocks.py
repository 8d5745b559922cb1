"""Blocks: operators between tuples of signals."""

from __future__ import annotations

import pickle
import time
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.engine import explain
from opalgebra.expr import grid, plain
from opalgebra.parse import parse_expression

I = oa.Identity()  # noqa: E741  # the name that it has on paper
p, q, x, y = oa.signals("p q x y")
z = sympy.Symbol("z")
A, B, C, D = oa.Conv([1, 2]), oa.Up(2), oa.Shift(-1), oa.Down(3)
FACTORS = [2, 3, (2, 2), (1, 3)]


def negated(r: Any) -> Any:
    return tuple(-n for n in r) if isinstance(r, tuple) else -r


def offsets(k: Any) -> list[Any]:
    return list(product(*map(range, k))) if isinstance(k, tuple) else list(range(k))


def lifting(below: bool, kernel: Any) -> oa.Block:
    step = oa.Conv(kernel)
    return oa.Block([[I, 0], [step, I]] if below else [[I, step], [0, I]])


# -- brute force: dense matrices on the indices −REACH … REACH of one axis --------------------------------

REACH = 90
INDICES = range(-REACH, REACH + 1)


def letter(operator: oa.LinearOperator) -> np.ndarray:
    """The entries A[n, m] of one letter, from its definition."""

    def entry(n: int, m: int) -> int:
        match operator:
            case oa.Identity():
                return int(n == m)
            case oa.Conv():
                return int(operator.kernel[n - m])
            case oa.Up():
                return int(n == operator.factor * m)
            case oa.Down():
                return int(operator.factor * n == m)
            case oa.Shift():
                return int(n == m + operator.shift)
            case oa.Flip():
                return int(n == -m)
        raise AssertionError(operator)

    return np.array([[entry(n, m) for m in INDICES] for n in INDICES], dtype=object)


LETTERS = [oa.Conv([1, -2, 3]), oa.Up(2), oa.Down(2), oa.Shift(1), oa.Shift(-2), oa.Flip(), I]
DENSE = {op: letter(op) for op in LETTERS}
NOTHING = np.zeros((len(INDICES),) * 2, dtype=object)


def random_block(rng: Random, outs: int, ins: int, depth: int) -> tuple[oa.LinearOperator, np.ndarray]:
    """A random expression of blocks, and its dense matrix put together independently of the package."""
    kind = rng.choice(["grid", "product", "sum", "scaled", "turned"]) if depth else "grid"
    if kind == "grid":
        rows = [[rng.choice([*LETTERS, 0]) for _ in range(ins)] for _ in range(outs)]
        if all(entry == 0 or isinstance(entry, oa.Identity) for row in rows for entry in row):
            rows[0][0] = oa.Shift(1)
        return oa.Block(rows), np.block([[DENSE.get(e, NOTHING) if e != 0 else NOTHING for e in row] for row in rows])
    if kind == "product":
        middle = rng.randint(1, 2)
        (a, left), (b, right) = random_block(rng, outs, middle, depth - 1), random_block(rng, middle, ins, depth - 1)
        return a @ b, left.dot(right)
    if kind == "sum":
        (a, left), (b, right) = random_block(rng, outs, ins, depth - 1), random_block(rng, outs, ins, 0)
        return a + b, left + right
    if kind == "scaled":
        a, dense = random_block(rng, outs, ins, depth - 1)
        return -3 * a, -3 * dense
    a, dense = random_block(rng, ins, outs, depth - 1)
    return a.T, dense.T


def channels(outputs: Any, count: int) -> list[oa.Signal]:
    return [outputs] if count == 1 else list(outputs)


@pytest.mark.parametrize("seed", range(30))
def test_random_blocks_run_as_dense_matrices_say(seed: int) -> None:
    rng = Random(seed)
    outs, ins = rng.randint(1, 3), rng.randint(1, 3)
    operator, dense = random_block(rng, outs, ins, 2)
    inputs = [oa.Signal([rng.randint(-4, 4) for _ in range(3)], start=-1) for _ in range(ins)]
    stacked = np.concatenate([signal[-REACH : REACH + 1] for signal in inputs])
    expected = dense.dot(stacked).reshape(outs, -1)
    found = channels(operator @ tuple(inputs), outs)
    expanded = channels(oa.Block(grid(operator, ins)) @ tuple(inputs), outs)
    for row, signal, other in zip(expected, found, expanded, strict=True):
        assert signal[-REACH : REACH + 1].tolist() == row.tolist()
        assert signal == other


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


# -- construction -----------------------------------------------------------------------------------------


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
    start = time.perf_counter()
    assert len(grid((2 * large).T)) == 64
    assert time.perf_counter() - start < 1


def test_towers_of_wrappers_need_no_stack() -> None:
    block = tower = oa.Block([[A, oa.Conv(q)], [0, I]])
    for _ in range(2000):
        tower = tower.T.conj().T.conj()
    assert len(grid(tower)) == 2
    assert (tower @ (x, y))[1] == y
    assert oa.prove(tower, block)


def test_named_blocks_of_others_are_written_out() -> None:
    from dataclasses import dataclass

    from opalgebra.expr.named import Named

    @dataclass(frozen=True, eq=False, repr=False)
    class _Sides(Named):
        channels = (2, 1)
        ndim = 1

        def definition(self) -> oa.LinearOperator:
            return oa.Block([[oa.Shift(1)], [oa.Shift(-1)]])

    assert oa.prove(_Sides().T @ _Sides(), 2 * I).check()
    assert grid(oa.Block([[I, I]]) @ _Sides()) == ((oa.Shift(1) + oa.Shift(-1),),)


# -- application ------------------------------------------------------------------------------------------


def test_applied_to_tuples_arrays_and_formal_signals() -> None:
    block = oa.Block([[I, oa.Shift(1)], [0, oa.Down(2)]])
    first, second = block @ ([1, 2, 3], [10, 20, 30])
    assert (first, second) == (oa.Signal([1, 12, 23, 30]), oa.Signal([10, 30]))
    assert block @ np.array([[1, 2, 3], [10, 20, 30]]) == (first, second)
    assert block([oa.Signal([1, 2, 3]), np.array([10, 20, 30])]) == (first, second)
    assert block @ (x, y) == (x + oa.Shift(1) @ y, oa.Down(2) @ y)
    assert block @ (x, [1, 2, 3]) == (x + oa.Signal([1, 2, 3], start=1), oa.Signal([1, 3]))
    assert (block @ block) @ ([1], [5]) == block @ (block @ ([1], [5]))
    assert oa.Polyphase(2) @ x == (oa.Down(2) @ x, oa.Down(2) @ oa.Shift(-1) @ x)
    assert oa.Polyphase(2) @ [1, 2, 3] == oa.Polyphase(2) @ (oa.Signal([1, 2, 3]),)
    assert I @ (x, oa.Signal([1])) == (x, oa.Signal([1]))
    assert oa.Block([[0, 0]]) @ ([1], [2]) == oa.Signal([0])


def test_one_output_is_a_signal_and_dtypes_are_kept() -> None:
    halves = oa.Polyphase((2, 2)) @ np.arange(12, dtype=np.float32).reshape(3, 4)
    assert [half.dtype for half in halves] == [np.float32] * 4
    image = oa.PixelShuffle((2, 2)) @ halves
    assert isinstance(image, oa.Signal)
    assert image.dtype == np.float32
    assert np.array_equal(image.values, np.arange(12).reshape(3, 4))


@pytest.mark.parametrize(
    "given", [([1, 2],), ([1], [2], [3]), np.ones((3, 4)), np.ones(4), oa.Signal([1, 2]), (x,), x, []]
)
def test_a_wrong_number_of_channels_is_refused(given: Any) -> None:
    with pytest.raises(oa.DimensionError, match="channels"):
        oa.Block([[A, B], [C, D]]) @ given


def test_other_operands_are_refused() -> None:
    with pytest.raises(oa.OperandError):
        oa.Polyphase(2).T @ 3
    with pytest.raises(oa.FormalSignalError):
        oa.Block([[oa.Conv(q), I]]) @ ([1], [2])
    with pytest.raises(oa.DimensionError):
        oa.Block([[oa.Up((2, 2)), I]]) @ ([1], [2])
    with pytest.raises(oa.DimensionError):
        A @ (x, y)


def test_explained_letter_by_letter() -> None:
    assert explain(oa.Block([[oa.Conv([1, 2, 1]), oa.Conv([1, 1])]]), 10).multiply_adds == 3 * 12 + 2 * 11 + 12
    assert explain(oa.Polyphase(2), 10).multiply_adds == 0


# -- theorems ---------------------------------------------------------------------------------------------


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
    from dataclasses import replace

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


# -- what else is done to an expression -------------------------------------------------------------------


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


# -- looks ------------------------------------------------------------------------------------------------


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


# -- inverses ---------------------------------------------------------------------------------------------

HALF = sympy.sqrt(2) / 2
HAAR = oa.Block([[HALF * I, HALF * I], [HALF * I, -HALF * I]])
INVERTIBLE = [
    I,
    oa.Shift(3),
    oa.Shift(oa.integers("d")),
    oa.Flip(),
    oa.Conv(oa.Signal([0, 4], start=-3)),
    -2 * oa.Shift(1),
    sympy.Symbol("c", nonzero=True) * I,
    oa.Modulate([1, -1]),
    oa.Modulate([1, 2, 4j]),
    (oa.Flip() @ oa.Conv([5]) @ oa.Shift(1)) ** 2,
    oa.Shift(2).T,
    (2j * oa.Shift(2)).H,
    oa.Corr([3]),
    oa.Down(2) @ oa.Up(2),
    oa.Polyphase(3),
    oa.PixelShuffle((2, 2)),
    oa.Block([[oa.Up(2), oa.Shift(1) @ oa.Up(2)]]),
    lifting(False, p),
    lifting(True, q) @ lifting(False, p) @ oa.Block.diagonal(oa.Shift(1), 2 * I),
    oa.PixelShuffle(2) @ lifting(True, [1, 1]) @ lifting(False, [-1, 3]) @ oa.Polyphase(2),
    (oa.PixelShuffle(2) @ lifting(True, [1, 1]) @ lifting(False, [-1, 3]) @ oa.Polyphase(2)).simplify(),
    (lifting(True, [1, 2]) @ lifting(False, [3, 4])).simplify(),
    oa.Block([[oa.Conv([1, 1]), oa.Shift(1)], [oa.Conv([2, 1]), oa.Conv([1, 1])]]),
    HAAR,
    HAAR @ oa.Polyphase(2),
    oa.Block([[oa.Conv([[1, 2], [3, 4]]), I], [I, 0]]),
]


@pytest.mark.parametrize("operator", INVERTIBLE, ids=str)
def test_inverses_on_both_sides(operator: oa.LinearOperator) -> None:
    found = operator.inverse()
    assert oa.prove(found @ operator, I).verdict == "proved"
    assert oa.prove(operator @ found, I).verdict == "proved"
    assert oa.prove(found.inverse(), operator).verdict == "proved"


def test_an_inverse_undoes_what_was_done() -> None:
    bank = oa.PixelShuffle(2) @ lifting(True, [1, -3]) @ lifting(False, [2, 5]) @ oa.Polyphase(2)
    signal = oa.Signal([3, 1, 4, 1, 5, 9, 2, 6], start=-3)
    assert bank.inverse() @ (bank @ signal) == signal
    assert HAAR.simplify().inverse().simplify() == HAAR.T.simplify()


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        (oa.Up(2), "↑₂ has the left inverse ↓₂ but is not onto: ↑₂ ↓₂ ≠ I"),
        (oa.Down(2), "not one-to-one"),
        (oa.Up(oa.factors("k")), "unless every factor is 1"),
        (oa.Conv([1, 2, 1]), "its transfer function 1 + 2z⁻¹ + z⁻² is no monomial"),
        (oa.Conv([1, -1, sympy.Rational(1, 2)]), "1 − z⁻¹ + (1/2)z⁻²"),
        (oa.Conv([[1, 2]]), "no finite inverse"),
        (oa.Conv(q), "depends on q"),
        (oa.Zero(), "every signal with 0"),
        (0 * I, "coefficient is 0"),
        (sympy.Symbol("a") * I, "may be 0"),
        (oa.Modulate([1, 0]), "coefficient is 0"),
        (oa.Repeat(2), "not onto"),
        (oa.AvgPool(2), "not one-to-one"),
        (oa.Block([[I, I]]), "not one-to-one"),
        (oa.Block([[I, I], [I, I]]), "is 0"),
        (I + oa.Shift(1), "1 + z⁻¹"),
        (I - I, "is 0"),
        (I + oa.Flip(), "rates"),
        (oa.operators("A"), "depends on A"),
        (oa.PixelShuffle(2) @ oa.Block([[A, 0], [0, I]]) @ oa.Polyphase(2), "1 + 2z⁻¹, no monomial"),
    ],
    ids=str,
)
def test_no_inverse_says_why(operator: oa.LinearOperator, words: str) -> None:
    with pytest.raises(oa.NoInverse) as caught:
        operator.inverse()
    assert words in str(caught.value)
    assert isinstance(caught.value, ValueError)
