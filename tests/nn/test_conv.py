"""Conv and ConvTranspose against loops over samples, and as operators."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import nn
from opalgebra.engine.ways import tuned
from opalgebra.nn.layer import BOUND_KEPT
from tests import nn_oracles as oracles


def random_case(seed: int, transposed: bool, skip: int = 0) -> tuple[Any, np.ndarray, Any]:
    """A layer of one to three axes, an input, and the arguments of its oracle."""
    rng = np.random.default_rng([seed, skip] if skip else seed)
    ndim = int(rng.integers(1, 4))
    groups = int(rng.integers(1, 4))
    a, b = (int(n) for n in rng.integers(1, 3, 2))
    kernel, stride, dilation = (tuple(int(n) for n in rng.integers(1, 4, ndim)) for _ in range(3))
    pads = [tuple(int(n) for n in rng.integers(-2, 4, 2)) for _ in range(ndim)]
    sizes = tuple(int(n) for n in rng.integers(1, 7 if ndim == 1 else 5, ndim))
    w = _random(rng, (groups * a, b, *kernel), seed)
    kind = nn.ConvTranspose if transposed else nn.Conv
    layer = kind(w, stride, pads, dilation=dilation, groups=groups)
    x = _random(rng, (2, layer.channels[1], *sizes), seed // 2)
    return layer, x, (w, stride, pads, dilation, groups)


def case_with_outputs(seed: int, transposed: bool) -> tuple[Any, np.ndarray]:
    """The first layer and input of a seed that have an output."""
    for skip in range(50):
        layer, x, arguments = random_case(seed, transposed, skip)
        oracle = oracles.conv_transpose if transposed else oracles.conv
        if oracle(x, *arguments).size:
            return layer, x
    raise AssertionError(f"no case for seed {seed}")


def _random(rng: Any, shape: Any, seed: int) -> np.ndarray:
    values = rng.standard_normal(shape)
    return np.asarray(values + 1j * rng.standard_normal(shape) if seed % 5 == 0 else values)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_agrees_with_the_loops(seed: int, transposed: bool) -> None:
    layer, x, (w, *rest) = random_case(seed, transposed)
    oracle = oracles.conv_transpose if transposed else oracles.conv
    expected = oracle(x, w, *rest)
    if not expected.size:
        with pytest.raises(oa.WindowError, match="no outputs"):
            layer(x)
        return
    found = layer(x)
    assert found.shape == expected.shape
    assert found.shape[2:] == layer.out_size(x.shape[2:])
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_adjoint_matrix_and_weight_gradient(seed: int, transposed: bool) -> None:
    layer, x = case_with_outputs(seed, transposed)
    bound = layer.on(x.shape[2:])
    assert bound.dottest(dtype=np.complex128)
    if bound.size <= 20_000 and bound.size:
        np.testing.assert_allclose(np.array(bound.matrix().evalf(), dtype=complex), bound.todense(), atol=1e-12)
    weights = layer.grad_weight(x)
    assert weights.dims == layer.weight.shape
    assert weights.dimsd == layer(x).shape
    np.testing.assert_allclose(weights(layer.weight), layer(x), atol=1e-12)
    assert weights.dottest(dtype=np.complex128)
    if 0 < weights.size <= 20_000:
        np.testing.assert_allclose(np.array(weights.matrix().evalf(), dtype=complex), weights.todense(), atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_operator_is_the_layer_between_windows(seed: int) -> None:
    """On ℤ^d and bound to the same windows: proved, and for another size of padding refuted."""
    layer, x = case_with_outputs(seed, seed % 2 == 0)
    bound = layer.on(x.shape[2:])
    if layer.channels == (1, 1):
        return
    sizes = bound.dimsd[1:]
    again = layer.operator.on(x.shape[2:], out=sizes if len(sizes) > 1 else sizes[0])
    np.testing.assert_allclose(again(x), layer(x), atol=1e-12)
    assert oa.prove(bound, again).verdict == "proved"


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 3, 2), (2, 1, 2, 3), (1, 2, 2, 1, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolution_is_the_transpose(shape: tuple[int, ...], groups: int) -> None:
    rng = np.random.default_rng(len(shape))
    w = rng.integers(-3, 4, (shape[0] * groups, *shape[1:]))
    ndim = len(shape) - 2
    arguments = {"stride": (2, 3, 1)[:ndim], "padding": (1, 0, 2)[:ndim], "dilation": (1, 2, 1)[:ndim]}
    conv, transpose = nn.Conv(w, groups=groups, **arguments), nn.ConvTranspose(w, groups=groups, **arguments)
    assert oa.prove(transpose.operator, conv.operator.T).verdict == "proved"
    other = nn.ConvTranspose(w + (w == w.max()), groups=groups, **arguments)
    refuted = oa.prove(other.operator, conv.operator.T)
    assert refuted.verdict == "refuted"
    assert refuted.check()


def test_transpose_as_arrays_where_the_sizes_meet() -> None:
    w = np.arange(6).reshape(1, 2, 3)
    conv, transpose = nn.Conv(w, 2, 1), nn.ConvTranspose(w, 2, 1)
    assert oa.prove(transpose.on(4), conv.on(7).T).verdict == "proved"
    assert oa.prove(nn.ConvTranspose(w, 2, 1, 1).on(4), conv.on(8).T).verdict == "proved"


def test_operator_shows_a_flipped_kernel_and_no_trivial_letters() -> None:
    assert str(nn.Conv([[[1, 2, 3]]]).operator) == "((3 2 1)₋₂∗)"
    assert str(nn.Conv([[[1, 2]]], 2, 1, 2).operator) == "↓₂ S ((2 0 1)₋₂∗)"
    assert str(nn.ConvTranspose([[[1, 2]]], 2, 1).operator) == "S⁻¹ ((1 2)∗) ↑₂"
    assert nn.Conv(np.ones((2, 1, 3)), groups=2).operator.rows[0][1] == oa.Zero()


def test_weight_gradient_of_a_strided_convolution_is_a_dilated_one() -> None:
    """For every kernel and input: y = ↓k C_q x is linear in q, and the transpose of q ↦ y is C_xᵀ ↑k."""
    q, x = oa.signals("q x")
    for k in (2, 3):
        down, up = oa.Down(k), oa.Up(k)
        assert oa.prove(down @ oa.Conv(q) @ x, down @ oa.Conv(x) @ q).verdict == "proved"
        assert oa.prove((down @ oa.Conv(x)).T, oa.Conv(x).T @ up).verdict == "proved"
        assert oa.prove(oa.Conv(up @ q) @ x, oa.Conv(x) @ up @ q).verdict == "proved"
        assert oa.prove((down @ oa.Conv(x)).T, up @ oa.Conv(x).T).verdict == "refuted"


def test_weight_gradient_computed_as_a_dilated_convolution() -> None:
    """∂w of a layer of stride s is the correlation of x with the output gradient, spread by s."""
    rng = np.random.default_rng(3)
    x, gy = rng.standard_normal((1, 11)), rng.standard_normal((1, 4))
    layer = nn.Conv(rng.standard_normal((1, 1, 5)), stride=2)
    dilated = nn.Conv(gy[:, None], dilation=2)
    np.testing.assert_allclose(layer.grad_weight(x).T(gy)[0], dilated(x), atol=1e-12)


@pytest.mark.parametrize(("n", "k", "s", "d"), [(5, 3, 1, 1), (5, 2, 2, 1), (7, 4, 3, 2), (1, 5, 2, 1), (6, 1, 4, 1)])
def test_same_follows_tensorflow(n: int, k: int, s: int, d: int) -> None:
    total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
    w, x = np.arange(1.0, k + 1).reshape(1, 1, k), np.arange(1.0, n + 1).reshape(1, 1, n)
    layer = nn.Conv(w, s, "same", d)
    pads = [(total // 2, total - total // 2)]
    np.testing.assert_allclose(layer(x), oracles.conv(x, w, (s,), pads, (d,)))
    assert layer.out_size(n) == -(-n // s) == layer(x).shape[-1]
    crop = d * (k - 1) + 1 - s
    lo = max(crop, 0) // 2
    transpose = nn.ConvTranspose(w, s, "same", dilation=d)
    np.testing.assert_allclose(transpose(x), oracles.conv_transpose(x, w, (s,), [(lo, crop - lo)], (d,)))
    assert transpose.out_size(n) == n * s == transpose(x).shape[-1]


def test_same_with_a_stride_has_an_operator_for_each_size() -> None:
    layer = nn.Conv(np.ones((1, 1, 3)), 2, "same")
    with pytest.raises(oa.WindowError, match=r"on\(n\)\.operator"):
        _ = layer.operator
    assert str(layer.on(5).operator) != str(layer.on(6).operator)
    assert nn.Conv(np.ones((1, 1, 2)), 2, "same").operator == nn.Conv(np.ones((1, 1, 2)), 2).operator


def test_sizes_as_formulas() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    layer = nn.Conv(np.ones((1, 1, 3)), 2, 1, 2)
    assert layer.out_size(n) == sympy.floor((n + 2 - 2 * 2 - 1) / sympy.Integer(2)) + 1
    assert nn.Conv(np.ones((1, 1, 3)), padding=1).out_size(n) == n
    assert nn.ConvTranspose(np.ones((1, 1, 3)), 2, 1, 1).out_size(n) == 2 * n
    assert nn.Conv(np.ones((1, 1, 3)), 2, "same").out_size(n) == sympy.floor((n - 1) / sympy.Integer(2)) + 1
    assert nn.Conv(np.ones((1, 1, 3, 2)), (2, 1)).out_size((9, n)) == (4, n - 1)
    for size in range(3, 9):
        assert layer.out_size(n).subs(n, size) == layer.out_size(size)
    for size in range(3):
        with pytest.raises(oa.WindowError, match="no outputs"):
            layer.out_size(size)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(
    ("layer", "enough"),
    [
        (lambda k: nn.Conv(np.ones((2, 1, *k))), 5),
        (lambda k: nn.Conv(np.ones((2, 1, *k)), 3), 5),
        (lambda k: nn.Conv(np.ones((2, 1, *k)), padding=[(1, -2)] * len(k)), 6),
        (lambda k: nn.ConvTranspose(np.ones((1, 1, *k)), padding=[(4, 4)] * len(k)), 5),
        (lambda k: nn.AvgPool(k), 5),
        (lambda k: nn.AvgPool(k, 1), 5),
        (lambda k: nn.MaxPool(k), 5),
        (lambda k: nn.MaxPool(k, 1), 5),
        (lambda k: nn.MaxPool(tuple(3 if n == 5 else 1 for n in k), 1, dilation=2), 5),
    ],
)
def test_sizes_below_one_are_refused_on_every_axis(layer: Any, enough: int, axis: int) -> None:
    """As PyTorch refuses them: at once, whatever the batch, applied, bound, and asked for the size."""
    kernel = tuple(5 if other == axis else 1 for other in range(axis + 1))
    made = layer(kernel)
    if isinstance(made, nn.ConvTranspose):
        made = nn.ConvTranspose(np.ones((1, 1, *kernel)), padding=[(0, 0)] * axis + [(4, 4)])
    if isinstance(made, nn.Conv) and made.padding != ((0, 0),) * (axis + 1):
        made = nn.Conv(np.ones((2, 1, *kernel)), padding=[(0, 0)] * axis + [(1, -2)])
    for n in range(1, 8):
        sizes = (3,) * axis + (n,)
        if n >= enough:
            assert 0 not in made.out_size(sizes)
            assert made(np.ones((1, *sizes))).size
            continue
        for attempt in (
            lambda sizes=sizes: made.out_size(sizes),
            lambda sizes=sizes: made.on(sizes),
            lambda sizes=sizes: made(np.ones((1, *sizes))),
            lambda sizes=sizes: made(np.ones((0, 1, *sizes))),
        ):
            with pytest.raises(oa.WindowError, match="no outputs"):
                attempt()


def layers_and_functions(functional: Any, tensor: Any, n: int, k: int, s: int, p: int, d: int) -> list[Any]:
    """Pairs of a layer and a function of PyTorch."""
    w = np.ones((1, 1, k))
    pairs = [
        (nn.Conv(w, s, p, d), lambda x: functional.conv1d(x, tensor(w), None, s, p, d)),
        (nn.ConvTranspose(w, s, p, 0, d), lambda x: functional.conv_transpose1d(x, tensor(w), None, s, p, 0, 1, d)),
    ]
    if 2 * p <= k:  # PyTorch's own limit on the padding of pools
        pairs += [
            (nn.MaxPool(k, s, p, d), lambda x: functional.max_pool1d(x, k, s, p, d)),
            (nn.MaxPool(k, s, p, d, True), lambda x: functional.max_pool1d(x, k, s, p, d, True)),
            (nn.AvgPool(k, s, p), lambda x: functional.avg_pool1d(x, k, s, p)),
            (nn.AvgPool(k, s, p, 1, True), lambda x: functional.avg_pool1d(x, k, s, p, True)),
        ]
    return pairs


def test_sizes_are_refused_where_pytorch_refuses_them() -> None:
    torch = pytest.importorskip("torch")
    for case in np.random.default_rng(5).integers([1, 1, 1, 0, 1], [6, 7, 5, 4, 4], (300, 5)).tolist():
        x = np.ones((1, 1, case[0]))
        for layer, function in layers_and_functions(torch.nn.functional, torch.tensor, *case):
            try:
                expected = tuple(function(torch.tensor(x)).shape)
            except RuntimeError:
                with pytest.raises(oa.WindowError, match="no outputs"):
                    layer(x)
            else:
                assert layer(x).shape == expected, (layer, case)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128])
def test_data_keeps_its_precision(dtype: Any) -> None:
    x = np.arange(12).reshape(2, 6).astype(dtype)
    layer = nn.Conv(np.ones((1, 2, 3)))
    assert layer(x).dtype == dtype
    assert layer.on(6).H(layer(x)).dtype == dtype
    assert layer.grad_weight(x)(layer.weight).dtype == np.result_type(np.float64, dtype)
    assert layer.grad_weight(x).T(layer(x)).dtype == dtype


def test_integers_stay_exact_and_real_data_meets_complex_weights() -> None:
    assert nn.Conv(np.array([[[1, 2]]]))(np.array([[2**40, 1, 5]])).dtype == np.int64
    assert nn.Conv(np.array([[[1.0, 2]]]))(np.array([[1, 2, 3]])).dtype == np.float64
    assert nn.Conv(np.array([[[1j, 2]]], "c8"))(np.ones((1, 3), "f4")).dtype == np.complex64
    with pytest.raises(oa.IntegerOverflow):
        nn.Conv(np.array([[[4, 4]]]))(np.array([[2**61, 2**61]]))
    with pytest.raises(oa.IntegerOverflow):
        nn.Conv(np.array([[[4, 4]]])).grad_weight(np.array([[2**61, 2**61]])).T(np.array([[4]]))


def test_inputs_are_read_and_never_written() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 8, 6, 4)).transpose(0, 3, 1, 2)[:, ::2, ::-1]
    x.flags.writeable = False
    w = rng.standard_normal((4, 2, 3, 3))
    layer = nn.Conv(w, padding=1)
    before, weights = x.copy(), w.copy()
    np.testing.assert_allclose(layer(x), layer(np.ascontiguousarray(x)))
    y = layer(x)
    y.flags.writeable = False
    layer.on(x.shape[2:]).H(y)
    layer.grad_weight(x).H(y)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(w, weights)
    w[:] = 0  # the layer has a copy
    np.testing.assert_array_equal(layer.weight, weights)
    assert not layer.weight.flags.writeable


def test_nan_stays_where_it_reaches() -> None:
    x = np.zeros((2, 6))
    x[0, 3] = np.nan
    y = nn.Conv(np.array([[[1.0, 0, 1], [1, 1, 1]], [[0, 0, 0], [1, 1, 1]]]))(x)
    assert np.isnan(y).tolist() == [[False, True, False, True], [False] * 4]
    assert np.isnan(nn.Conv(np.array([[[1.0, 0, 1]], [[1, 1, 1]]]), groups=2)(x)).sum() == 2
    back = nn.Conv(np.array([[[1.0, 0, 1], [1, 1, 1]]])).on(6).T([[np.nan, 0.0, 0.0, 0.0]])
    assert np.isnan(back).tolist() == [[True, False, True, False, False, False], [True] * 3 + [False] * 3]


def test_batches_of_any_rank() -> None:
    layer = nn.ConvTranspose(np.arange(6.0).reshape(2, 1, 3), 2)
    x = np.arange(48.0).reshape(2, 3, 2, 4)
    assert layer(x).shape == (2, 3, 1, 9)
    np.testing.assert_array_equal(layer(x)[1, 2], layer(x[1, 2]))
    assert layer(np.zeros((0, 2, 4))).shape == (0, 1, 9)
    G = layer.grad_weight(x)
    many = np.arange(12.0).reshape(2, 2, 1, 3)
    np.testing.assert_array_equal(G(many)[1], G(many[1]))
    np.testing.assert_allclose(G.T(G(many))[0], G.T(G(many[0])))


def test_values_compare_hash_and_pickle() -> None:
    w = np.arange(6.0).reshape(1, 2, 3)
    layer = nn.Conv(w, stride=2, padding=[(1, 0)])
    assert layer == nn.Conv(w.copy(), 2, [(1, 0)])
    assert hash(layer) == hash(nn.Conv(w, 2, [(1, 0)]))
    assert layer != nn.Conv(w, 2)
    assert layer != nn.Conv(w + 1, 2, [(1, 0)])
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert layer.on(5) == nn.Conv(w, 2, [(1, 0)]).on(5)
    assert repr(layer) == "Conv(<1×2×3 float64>, stride=2, padding=[(1, 0)])"
    assert repr(nn.Conv(w, padding=0).on(7)) == "Conv(<1×2×3 float64>).on(7)"
    with pytest.raises(AttributeError, match="frozen"):
        layer.stride = 3


W = np.ones((2, 3, 3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Conv(np.ones((3, 3))), oa.KernelError, "C_out, C_in/groups"),
        (lambda: nn.Conv(np.ones((0, 1, 3))), oa.KernelError, "empty"),
        (lambda: nn.Conv([[[np.nan]]]), oa.KernelError, "NaN"),
        (lambda: nn.Conv([[["a"]]]), oa.KernelError, "dtype"),
        (lambda: nn.Conv([[[1, 2], [1]]]), oa.KernelError, "array"),
        (lambda: nn.Conv(W, stride=0), oa.FactorError, "stride is 0"),
        (lambda: nn.Conv(W, stride=1.5), oa.FactorTypeError, "1.5"),
        (lambda: nn.Conv(W, stride=True), oa.FactorTypeError, "True"),
        (lambda: nn.Conv(W, dilation=-1), oa.FactorError, "dilation is -1"),
        (lambda: nn.Conv(W, stride=(1, 2)), oa.DimensionError, "2 axes"),
        (lambda: nn.Conv(W, padding=(1, 2)), oa.DimensionError, r"\[\(before, after\)\]"),
        (lambda: nn.Conv(W, padding="full"), oa.WindowError, "'same', 'valid'"),
        (lambda: nn.Conv(W, padding=0.5), oa.WindowError, "0.5"),
        (lambda: nn.Conv(W, padding=[(1, 2, 3)]), oa.WindowError, "pairs"),
        (lambda: nn.Conv(W, groups=0), oa.FactorError, "groups is 0"),
        (lambda: nn.Conv(np.ones((3, 1, 3)), groups=2), oa.DimensionError, "do not divide"),
        (lambda: nn.ConvTranspose(np.ones((3, 1, 3)), groups=2), oa.DimensionError, "do not divide"),
        (lambda: nn.ConvTranspose(W, 2, output_padding=2), oa.WindowError, "0 to 1"),
        (lambda: nn.ConvTranspose(W, 2, output_padding=-1), oa.WindowError, "output_padding"),
        (lambda: nn.ConvTranspose(W, 2, "same", output_padding=1), oa.WindowError, "one of them"),
        (lambda: nn.Conv(W)(np.ones((2, 8))), oa.DimensionError, "2 channels.*takes 3"),
        (lambda: nn.Conv(W)(np.ones(8)), oa.DimensionError, "channels and 1 spatial"),
        (lambda: nn.Conv(W).on((8, 8)), oa.DimensionError, "2 axes"),
        (lambda: nn.Conv(W).on(-1), oa.WindowError, "negative"),
        (lambda: nn.Conv(W).on(sympy.Symbol("n")), oa.WindowError, "out_size"),
        (lambda: nn.Conv(W).on(8)(np.ones((3, 9))), oa.DimensionError, "takes"),
        (lambda: nn.Conv(W)(np.ones((3, 8), bool)), oa.OperandError, "bool"),
        (lambda: nn.Conv(W)(np.ones((3, 8), object)), oa.OperandError, "object"),
        (lambda: nn.Conv(W).T, oa.OperandError, r"on\(spatial_shape\)\.T"),
        (lambda: nn.Conv(W).out_size((3, 4)), oa.DimensionError, "one per axis"),
        (lambda: np.ones((3, 8)) @ nn.Conv(W), oa.OperandError, "layer @ x"),
        (lambda: nn.Conv(W).grad_weight(np.ones((2, 8))), oa.DimensionError, "channels"),
    ],
)
def test_bad_input_says_what_to_do(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        make()
    assert isinstance(caught.value, oa.OpAlgebraError)


def test_a_layer_remembers_a_few_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = nn.Conv(np.arange(6.0).reshape(1, 2, 3), padding=1)
    for n in [*range(3, 12), *range(3, 12)]:
        x = np.arange(2.0 * n).reshape(2, n)
        assert np.array_equal(layer(x), layer.on(n)(x))
        assert 0 < len(layer.__dict__["_bounds"]) <= BOUND_KEPT
    bound = layer._bound((9,))
    assert layer._bound((9,)) is bound
    monkeypatch.setattr(tuned, "_changes", tuned.changes() + 1)
    assert layer._bound((9,)) is not bound  # another way may be the fastest from now on
    again = pickle.loads(pickle.dumps(layer))
    assert again == layer
    assert "_bounds" not in again.__dict__
