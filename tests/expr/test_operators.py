"""Nodes: structure, equality, hash, pickle, and the operations that build them."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.expr import constants, expand, formal_parts, substitute, walk
from opalgebra.expr.named import Named
from opalgebra.expr.operators import Adjoint, Compose, Conj, Power, Scale, Sum, Transpose

Q, X = oa.signals("q x")
K = oa.factors("k")

EXAMPLES = [
    oa.Conv([1, 2, 1]), oa.Conv(oa.Signal([1, 2], start=-3)), oa.Conv([0.5]), oa.Conv([Fraction(1, 3)]), oa.Conv(Q),
    oa.Conv([[1, 2], [3, 4]]), oa.Conv(Q.conj()), oa.Conv(oa.Up(2) @ Q), oa.Up(2), oa.Up((2, 3)), oa.Up(K), oa.Down(2),
    oa.Shift(-1), oa.Shift(K), oa.Flip(), oa.Modulate([1, -1]), oa.Identity(), oa.Zero(), oa.operators("A"),
    oa.StridedConv(Q, 2), oa.DilatedConv(Q, K), oa.TransposedConv([1, 2], 2), oa.Repeat(3), oa.LinearUp(2),
    oa.AvgPool((2, 2)), oa.Corr(Q), 2 * oa.Up(2), sympy.sqrt(2) * oa.Up(2), oa.Up(2) + oa.Identity(),
    oa.Down(2) @ oa.Conv(Q), oa.Up(2).T, oa.Conv(Q).H, oa.Conv(Q).conj(), oa.Up(2) ** 3,
]  # fmt: skip


@pytest.mark.parametrize("A", EXAMPLES, ids=range(len(EXAMPLES)))
def test_equality_hash_pickle_and_copy(A):
    again = pickle.loads(pickle.dumps(A))
    assert again == A
    assert hash(again) == hash(A)
    assert (again != A) is False
    assert copy.copy(A) is A
    assert copy.deepcopy(A) is A
    assert [B for B in EXAMPLES if B == A] == [A]
    assert {A: 1}[again] == 1
    for name in ("anything", "ndim"):
        with pytest.raises(AttributeError):
            setattr(A, name, 1)
    with pytest.raises(AttributeError):
        del A.ndim


def test_equality_is_structural():
    assert oa.Conv([1, 2]) != oa.Conv([1.0, 2.0])
    assert oa.Conv([1, 2]) != oa.Conv(np.array([1, 2]))
    assert oa.Conv([1]) != oa.Conv([1, 0])
    assert 1 * oa.Up(2) != oa.Up(2)
    assert 1 * oa.Up(2) != 1.0 * oa.Up(2)
    assert oa.Up(2) != oa.Down(2)
    assert oa.Up(2) != oa.Up(2).T.T
    assert oa.Up(2) != 2
    assert oa.StridedConv(Q, 2) != oa.StridedConv(Q, 2).expand()


def test_constructors_never_simplify():
    A = oa.Up(2)
    assert isinstance(A.T, Transpose)
    assert isinstance(A.H, Adjoint)
    assert isinstance(A.conj(), Conj)
    assert isinstance(A**0, Power)
    assert isinstance(A - A, Sum)
    assert isinstance(0 * A, Scale)
    assert (A @ oa.Identity()).factors == (A, oa.Identity())


def test_sums_and_compositions_are_flat():
    A, B, C = oa.Up(2), oa.Down(2), oa.Flip()
    assert A @ (B @ C) == (A @ B) @ C == Compose((A, B, C))
    assert A + (B + C) == (A + B) + C == Sum((A, B, C))
    assert sum([A, B]) == A + B
    assert (A - B).terms == (A, -B)
    assert A @ B @ X == A @ (B @ X) == (A @ B)(X)


def test_scalars():
    A = oa.Up(2)
    assert A * 2 == 2 * A == Scale(2, A)
    assert Fraction(1, 2) * A == A / 2
    assert A / 0.5 == 2.0 * A
    assert np.float64(2) * A == 2.0 * A
    assert np.int64(2) * A == 2 * A
    assert (sympy.Symbol("c") * A).scalar == sympy.Symbol("c")
    for scalar in (np.nan, np.inf, True, np.bool_(True), "2", None, sympy.nan, sympy.oo, complex(0, np.inf), object()):
        with pytest.raises(oa.CoefficientError):
            A * scalar
        with pytest.raises(oa.CoefficientError):
            scalar * A
    for zero in (0, 0.0):
        with pytest.raises(oa.CoefficientError):
            A / zero


@pytest.mark.parametrize("exponent", [-1, 0.5, True, None, "2", sympy.Symbol("n")])
def test_bad_exponents(exponent):
    with pytest.raises(oa.CoefficientError):
        oa.Up(2) ** exponent


@pytest.mark.parametrize(
    "operation",
    [
        lambda A: A * A, lambda A: A + 1, lambda A: 1 + A, lambda A: A - 1, lambda A: 1 - A, lambda A: A @ 3,
        lambda A: 3 @ A, lambda A: A @ None, lambda A: A @ "abc", lambda A: np.ones(2) @ A, lambda A: [1] @ A,
        lambda A: np.ones(2) * A, lambda A: A * np.ones(2), lambda A: A * [1, 2], lambda A: A(A), lambda A: A + {1},
        lambda A: A * oa.Signal([1]), lambda A: oa.Conv(A), lambda A: oa.Modulate(A), lambda A: oa.Signal([1]) @ A,
    ],
)  # fmt: skip
def test_operations_that_are_refused(operation):
    with pytest.raises(oa.OperandError):
        operation(oa.Up(2))


@pytest.mark.parametrize(
    "build",
    [
        lambda: oa.Up(2) @ oa.Up((2, 2)),
        lambda: oa.Up(2) + oa.Conv([[1]]),
        lambda: oa.Up((2, 2)) @ [1, 2],
        lambda: oa.Up(2) @ np.ones((2, 2)),
        lambda: oa.StridedConv([1, 2], (2, 2)),
        lambda: oa.Shift((1, 2)) @ oa.Modulate([1, -1]),
    ],
)
def test_mixed_dimensions(build):
    with pytest.raises(oa.DimensionError, match="axes"):
        build()


def test_dimensions():
    assert oa.Up((2, 3)).ndim == 2
    assert (oa.Flip() @ oa.Up((2, 3))).ndim == 2
    assert oa.Flip().ndim is None
    assert oa.Conv(Q).ndim is None
    assert oa.Conv(oa.signals("h", ndim=2)).ndim == 2
    assert (oa.Identity() @ np.ones((2, 2))).ndim == 2


def test_a_formal_kernel_does_not_run_on_an_array():
    for A in (oa.Conv(Q), oa.Up(K), oa.Shift(K), oa.operators("A"), oa.Up(2) @ oa.Corr(Q)):
        for values in (np.ones(3), [1, 2], (1, 2)):
            with pytest.raises(oa.FormalSignalError, match="formal"):
                A @ values
    with pytest.raises(oa.KernelError):
        oa.Modulate(Q)


def test_depth_is_limited_by_memory_alone():
    def deep():
        A = oa.Up(2)
        for _ in range(20000):
            A = 2 * A
        return A

    assert deep() == deep()
    assert hash(deep()) == hash(deep())
    assert len(list(walk(deep()))) == 20001
    assert substitute(deep(), {"q": oa.Signal([1])}) == deep()


NAMED = [oa.StridedConv([1, 2], 2), oa.DilatedConv([1, 2], 2), oa.TransposedConv([1, 2j], 2), oa.Repeat(2),
         oa.LinearUp(2), oa.AvgPool(3), oa.Corr([1, 2j])]  # fmt: skip


@pytest.mark.parametrize("A", NAMED, ids=lambda A: type(A).__name__)
def test_named_operators_expand_to_what_they_do(A):
    expanded = A.expand()
    assert not any(isinstance(node, Named) for node in walk(expanded))
    assert expanded != A
    x = np.array([1.0, -2.0, 4.0, 8.0, 3.0])
    assert A @ x == expanded @ x
    assert (2 * A.T + oa.Repeat(2)).expand() == 2 * expanded.T + oa.Repeat(2).expand()


def test_named_operators_with_symbols():
    assert oa.StridedConv(Q, K).expand() == oa.Down(K) @ oa.Conv(Q)
    assert oa.TransposedConv(Q, K).expand() == oa.Conv(Q) @ oa.Up(K)
    assert oa.DilatedConv(Q, K).expand() == oa.Conv(oa.Up(K) @ Q)
    assert expand(oa.Repeat(K)) == oa.Conv(oa.box(K)) @ oa.Up(K)


def test_substitution_computes_what_it_can():
    A = oa.StridedConv(Q, K) @ oa.Shift(K - 1)
    assert sorted(formal_parts(A)) == ["k", "q"]
    made = substitute(A, {"q": oa.Signal([1, 2]), K: 3})
    assert made == oa.StridedConv([1, 2], 3) @ oa.Shift(2)
    assert formal_parts(made) == []
    assert substitute(oa.Conv(oa.Up(K) @ Q), {"q": oa.Signal([1, 2]), K: 2}).kernel == oa.Signal([1, 0, 2])


def test_constants():
    assert list(constants(3 * oa.Conv([1, 2]) + oa.Modulate([0.5]))) == [3, 1, 2, 0.5]


def test_formal_operators():
    A, B = oa.operators("A B")
    assert oa.operators("A") == A
    assert A != B
    for names in ("", "1", 3, None):
        with pytest.raises(oa.KernelError):
            oa.operators(names)
