"""Pointwise functions, compositions, and the chain rule."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import nn

X = np.array([-1.5, -0.25, 0.5, 2.0])
EXPECTED: dict[str, Any] = {
    "relu": lambda x: np.where(x > 0, x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "abs": np.abs,
    "square": np.square,
    "exp": np.exp,
}


def slope(f: Any, x: np.ndarray, h: float = 1e-6) -> np.ndarray:
    return np.asarray((f(x + h) - f(x - h)) / (2 * h))


def finite_jacobian(f: Any, x: np.ndarray, h: float = 1e-6) -> np.ndarray:
    columns = [(f(x + h * e) - f(x - h * e)).ravel() / (2 * h) for e in np.eye(x.size).reshape(-1, *x.shape)]
    return np.array(columns).T


@pytest.mark.parametrize("name", EXPECTED)
def test_named_functions_and_their_derivatives(name: str) -> None:
    f = oa.Pointwise(name)
    np.testing.assert_allclose(f(X), EXPECTED[name](X), rtol=1e-14)
    np.testing.assert_allclose(f.jacobian(X).todense(), np.diag(slope(EXPECTED[name], X)), atol=1e-8)
    assert f(X.astype("f4")).dtype == f.jacobian(X.astype("f4"))(X.astype("f4")).dtype == np.float32
    assert f(np.arange(4)).dtype == (np.int64 if name == "relu" else np.float64)
    assert np.isnan(f(np.array([np.nan, 1.0]))).tolist() == [True, False]


def test_sigmoid_does_not_overflow() -> None:
    assert oa.Pointwise("sigmoid")(np.array([-1e4, 1e4])).tolist() == [0, 1]


def test_sympy_expressions_know_their_derivative() -> None:
    t = sympy.Symbol("t")
    for expression, f in [
        (t**3 - 2 * t, lambda x: x**3 - 2 * x),
        (sympy.Lambda(t, sympy.sin(t)), np.sin),
        (sympy.Abs(t), np.abs),
    ]:
        layer = oa.Pointwise(expression)
        np.testing.assert_allclose(layer(X), f(X))
        np.testing.assert_allclose(layer.jacobian(X).todense(), np.diag(slope(f, X)), atol=1e-7)
    assert oa.Pointwise(2 * t)(np.arange(3, dtype="f4")).dtype == np.float32
    assert oa.Pointwise(sympy.Lambda(t, sympy.Integer(3)))(X).tolist() == [3.0] * 4
    assert oa.Pointwise(2 * t).jacobian(X)(X).tolist() == (2 * X).tolist()


def test_functions_need_their_derivative() -> None:
    with pytest.raises(oa.OperandError, match="derivative=…"):
        oa.Pointwise(np.cos).jacobian(X)
    layer = oa.Pointwise(np.sin, derivative=np.cos)
    np.testing.assert_allclose(layer.jacobian(X)(np.ones(4)), np.cos(X))
    with pytest.raises(oa.OperandError, match="every sample alone"):
        oa.Pointwise(np.sum)(X)

    def writes(x: np.ndarray) -> np.ndarray:
        x[0] = 0
        return x

    with pytest.raises(ValueError, match="read-only"):
        oa.Pointwise(writes)(X.copy())


def test_jacobian_of_a_network_by_the_chain_rule() -> None:
    rng = np.random.default_rng(0)
    conv = nn.Conv(rng.standard_normal((3, 2, 3)), padding=1)
    back = nn.ConvTranspose(rng.standard_normal((3, 1, 4)), 2, 1)
    net = oa.Pointwise("sigmoid") @ back @ nn.MaxPool(2) @ oa.Pointwise("tanh") @ conv
    x = rng.standard_normal((2, 8))
    steps = [conv, oa.Pointwise("tanh"), nn.MaxPool(2), back, oa.Pointwise("sigmoid")]
    y = x
    for step in steps:
        y = step(y)
    np.testing.assert_array_equal(net(x), y)
    np.testing.assert_allclose(net.jacobian(x).todense(), finite_jacobian(net, x), atol=1e-7)
    assert net.jacobian(x).dottest()
    bound = net.on(8)
    assert (bound.dims, bound.dimsd) == ((2, 8), (1, 8))
    np.testing.assert_array_equal(bound(x), y)
    batch = rng.standard_normal((3, 2, 8))
    np.testing.assert_allclose(bound(batch)[1], bound(batch[1]), rtol=1e-14)
    gradient = bound.jacobian(batch).T(np.ones((3, 1, 8)))
    np.testing.assert_allclose(gradient[2], bound.jacobian(batch[2]).T(np.ones((1, 8))), atol=1e-14)
    assert net.out_size(8) == 8


def test_a_bound_neighbour_fixes_the_shape() -> None:
    F = oa.Conv([1, 2, 1]).on(6, mode="same")
    after, before = oa.Pointwise("relu") @ F, F @ oa.Pointwise("relu")
    assert (after.dims, after.dimsd, before.dims, before.dimsd) == ((6,),) * 4
    x = np.array([1.0, -2, 3, -4, 5, -6])
    np.testing.assert_array_equal(before(x), F(np.maximum(x, 0)))
    np.testing.assert_array_equal(after(x), np.maximum(F(x), 0))
    np.testing.assert_array_equal(before.jacobian(x).todense(), F.todense() * (x > 0))
    pooled = nn.MaxPool(2) @ F
    np.testing.assert_array_equal(pooled(x), F(x).reshape(3, 2).max(1))
    again = oa.Conv([1, 1]).on(3) @ pooled
    assert (again.dims, again.dimsd) == ((6,), (4,))
    x = np.random.default_rng(0).standard_normal(6)  # no ties
    np.testing.assert_allclose(again.jacobian(x).todense(), finite_jacobian(again, x), atol=1e-7)


def test_linear_compositions_are_linear() -> None:
    rng = np.random.default_rng(1)
    net = nn.AvgPool((2, 2)) @ nn.Conv(rng.standard_normal((3, 2, 3, 3))) @ nn.PixelUnshuffle((2, 1))
    bound = net.on((8, 6))
    assert isinstance(bound, oa.BoundOperator)
    x = rng.standard_normal((1, 8, 6))
    np.testing.assert_array_equal(bound(x), net(x))
    assert bound.dottest()
    assert net.is_linear
    linear = nn.ConvTranspose([[[1, 2, 3]]], 2) @ nn.Conv([[[1, 1]]])
    assert oa.prove(linear.operator, oa.Conv([1, 2, 3]) @ oa.Up(2) @ oa.Conv(oa.Signal([1, 1], -1))).verdict == "proved"


def test_operators_of_the_algebra_take_part() -> None:
    net = oa.Pointwise("relu") @ oa.Conv([1, -1])
    x = np.array([3.0, 1.0, 2.0])
    assert net(x).tolist() == [3, 0, 1, 0]
    assert net.on(3)(x).tolist() == [3, 0, 1, 0]
    assert net.out_size(3) == 4
    assert net.out_size(sympy.Symbol("n")) == sympy.Symbol("n") + 1
    with pytest.raises(oa.DimensionError, match=r"A\.on\(shape\)"):
        (oa.Pointwise("relu") @ oa.Flip())(np.ones((2, 3)))
    np.testing.assert_array_equal(net.jacobian(x).todense(), np.diag([1.0, 0, 1, 0]) @ oa.Conv([1, -1]).on(3).todense())


def test_an_int_serves_for_every_axis_of_a_composition() -> None:
    rng = np.random.default_rng(3)
    conv = nn.Conv(rng.integers(-3, 4, (2, 3, 3, 3)), padding=1)
    x = rng.standard_normal((2, 3, 4, 6))
    for factor in (2, (2, 2)):
        before, after = conv @ nn.Upsample(factor), nn.MaxPool(factor) @ conv
        for net, parts in ((before, (nn.Upsample((2, 2)), conv)), (after, (conv, nn.MaxPool((2, 2))))):
            bound = net.on((4, 6))
            expected = parts[1](parts[0](x))
            np.testing.assert_array_equal(net(x), expected)
            np.testing.assert_array_equal(bound(x), expected)
            np.testing.assert_array_equal((parts[1] @ parts[0].on((4, 6)) if net is after else bound)(x), expected)
            assert (bound.dims, bound.dimsd) == ((3, 4, 6), expected.shape[1:])
            assert net.out_size((4, 6)) == expected.shape[2:]
            assert net.has_channels
            assert net.ndim == 2
    folded = nn.fold_upsample(nn.Upsample(2), conv)
    assert oa.prove((conv @ nn.Upsample(2)).operator, folded.operator).verdict == "proved"
    assert oa.prove((conv @ nn.Upsample(2)).on((2, 3)), folded.on((2, 3))).verdict == "proved"
    assert (nn.AvgPool(2) @ nn.Upsample(3)).on((4, 2)).dimsd == (6, 3)


def test_channels_of_a_composition_are_those_of_the_first_part_that_mixes_them() -> None:
    conv = nn.Conv([[[1, 2, 3], [0, 1, 0]]])
    x = np.arange(18).reshape(2, 9)
    net = conv @ oa.Down(2)
    np.testing.assert_array_equal(net.on(9)(x), conv(x[:, ::2]))
    np.testing.assert_array_equal((nn.PixelUnshuffle(2) @ nn.AvgPool(2)).on(8).dims, (1, 8))
    fixed = conv.on(8) @ nn.Upsample(2)
    assert fixed.on(4).dims == (2, 4)
    phases = oa.Polyphase(2) @ nn.Upsample(2)
    assert (phases.on(4).dims, phases.on(4).dimsd) == ((1, 4), (2, 4))
    np.testing.assert_array_equal((oa.Pointwise("relu") @ phases)([[1, -2, 3]]), [[1, 0, 3]] * 2)
    assert not (nn.AvgPool(2) @ nn.Upsample(2)).has_channels
    with pytest.raises(oa.DimensionError, match="without the channels"):
        net.on((2, 9))


def test_what_is_not_linear_says_so() -> None:
    f = oa.Pointwise("relu")
    net = f @ nn.Conv([[[1.0, 2.0]]])
    for what in (f, net, f.on(3), net.on(3)):
        for name in ("T", "H"):
            with pytest.raises(oa.OperandError, match="not linear"):
                getattr(what, name)
    with pytest.raises(oa.OperandError, match="not linear"):
        _ = net.operator
    with pytest.raises(oa.DimensionError, match="do not fit"):
        oa.Conv([1, 1]).on(9) @ (nn.MaxPool(2) @ oa.Conv([1, 1]).on(4))
    with pytest.raises(oa.DimensionError, match="channels"):
        (nn.Conv(np.ones((1, 2, 1))) @ nn.Conv(np.ones((3, 1, 1)))).on(4)


def test_values_compare_and_pickle() -> None:
    net = nn.MaxPool(2) @ oa.Pointwise("relu") @ nn.Conv([[[1.0, 2.0]]])
    assert pickle.loads(pickle.dumps(net)) == net
    assert net == nn.MaxPool(2) @ (oa.Pointwise("relu") @ nn.Conv([[[1.0, 2.0]]]))
    assert net != nn.MaxPool(3) @ oa.Pointwise("relu") @ nn.Conv([[[1.0, 2.0]]])
    assert repr(net) == "MaxPool(2) @ Pointwise('relu') @ Conv(<1×1×2 float64>)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: oa.Pointwise("gelu"), "'relu'"),
        (lambda: oa.Pointwise(3), "a name, a SymPy expression or a function"),
        (lambda: oa.Pointwise("relu", derivative=np.cos), "leave derivative"),
        (lambda: oa.Pointwise(np.sin, derivative=3), "function of an array"),
        (lambda: oa.Pointwise(sympy.Symbol("a") + sympy.Symbol("b")), "one symbol"),
        (lambda: oa.Pointwise("relu")(np.ones(2, complex)), "complex"),
        (lambda: oa.Pointwise("relu")(np.array(["a"])), "dtype"),
        (lambda: oa.Pointwise("relu") + 1, "not linear; add and scale the arrays"),
        (lambda: 2 * nn.Upsample(2), r"add and scale layer\.on"),
        (lambda: oa.prove(nn.Upsample(2), nn.Upsample(2)), r"prove layer\.on"),
        (lambda: oa.prove(oa.Repeat(2), nn.MaxPool(2)), "proofs are about linear operators"),
        (lambda: oa.prove(nn.Upsample(2).on(3), nn.Upsample(2)), "bind both"),
        (lambda: nn.Conv([[[1]]]) @ nn.Conv([[[[1]]]]), "compose layers of as many"),
        (lambda: nn.AvgPool(2) @ (oa.Identity().on((4, 4)) @ oa.Identity().on((4, 4))), "give a tuple"),
    ],
)
def test_bad_input_says_what_to_do(make: Any, message: str) -> None:
    with pytest.raises((oa.OpAlgebraError, TypeError), match=message):
        make()


def test_the_operator_of_a_composition() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(-3, 4, (2, 3, 2)), rng.integers(-3, 4, (1, 2, 3))
    net = nn.Conv(b) @ nn.Upsample(2) @ nn.Conv(a)
    expected = nn.Conv(b).operator @ oa.Block.diagonal(oa.Repeat(2), oa.Repeat(2)) @ nn.Conv(a).operator
    assert net.operator == expected
    assert oa.prove((nn.AvgPool(2) @ nn.Upsample(2)).operator, oa.Identity()).verdict == "proved"
    with pytest.raises(oa.OperandError, match="bound to a size"):
        _ = (oa.Conv([1, 2]).on(3) @ nn.AvgPool(2)).operator


def test_results_are_arrays_of_their_own() -> None:
    x = np.arange(4.0)
    for layer in (oa.Pointwise(lambda t: t), nn.Upsample(1), nn.MaxPool(1), nn.AvgPool(1), nn.Upsample(1, "linear")):
        y = layer(x)
        y[...] = -1
        assert x.tolist() == [0, 1, 2, 3]
