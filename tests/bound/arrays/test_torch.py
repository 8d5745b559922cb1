"""PyTorch tensors through bound operators and layers; not run where PyTorch is missing, and said so."""

from __future__ import annotations

import numpy as np
import pytest

import opalgebra as oa

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")


def tensor(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(0), requires_grad=True)


@pytest.mark.parametrize("taps", [[1.0, 2.0, -1.0], np.array([1 + 2j, 3.0, -1j])])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
@pytest.mark.parametrize("boundary", ["zero", "reflect", "antireflect"])
def test_gradients_of_first_and_second_order(taps, dtype, boundary):
    F = (oa.Down(2) @ oa.Conv(taps)).on(7, mode="same", boundary=boundary)
    x = tensor(2, 7, dtype=dtype)
    assert torch.equal(F(x).detach(), torch.from_numpy(F(x.detach().numpy())))
    assert torch.autograd.gradcheck(F, (x,))
    assert torch.autograd.gradgradcheck(F, (x,))


def test_a_layer_is_that_of_torch_with_its_gradient():
    w = tensor(4, 3, 3, 3).detach()
    x = tensor(2, 3, 8, 9)
    layer = oa.nn.Conv(w.numpy(), stride=2, padding=1)
    ours, theirs = layer(x), torch.nn.functional.conv2d(x, w, stride=2, padding=1)
    torch.testing.assert_close(ours, theirs)
    g = torch.ones_like(ours)
    torch.testing.assert_close(*(torch.autograd.grad(y, x, g)[0] for y in (ours, theirs)))


def test_dtypes_stay_and_the_input_is_not_modified():
    F = oa.Conv([1.0, 2.0]).on(5)
    x = torch.arange(5, dtype=torch.float32)
    y = F(x)
    assert y.dtype == torch.float32
    assert x.tolist() == [0, 1, 2, 3, 4]
    assert (F @ x).tolist() == y.tolist()
    y += 1
    assert x.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore:ComplexHalf support")
@pytest.mark.parametrize("kind", ["bfloat16", "float16", "complex32"])
def test_narrow_dtypes_are_computed_wider_and_rounded_once(kind):
    narrow = getattr(torch, kind)
    wide = torch.complex64 if kind == "complex32" else torch.float32
    w = tensor(4, 3, 3, dtype=torch.float32).detach()
    F = oa.nn.Conv(w.to(torch.bfloat16), stride=2).on(9)
    x = tensor(2, 3, 9, dtype=wide).detach().to(narrow).requires_grad_()
    y, exact = F(x), torch.from_numpy(F(x.detach().to(wide).numpy()))
    assert y.dtype == narrow
    assert torch.equal(y.detach().to(wide), exact.to(narrow).to(wide))
    g = torch.ones_like(y)
    (found,) = torch.autograd.grad(y, x, g)
    assert found.dtype == narrow
    assert torch.equal(found.to(wide), torch.from_numpy(F.H(g.to(wide).numpy())).to(narrow).to(wide))


def test_complex_weights_widen_narrow_tensors_and_integers_stay_integers():
    x = torch.ones(1, 5, dtype=torch.bfloat16)
    assert oa.nn.Conv(np.ones((1, 1, 3), np.complex64))(x).dtype == torch.complex64
    assert oa.nn.Conv(np.ones((1, 1, 3), np.int64))(x.to(torch.int8)).dtype == torch.int64


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "float8_e5m2", "bool"])
def test_dtypes_without_a_rule_are_refused(kind):
    x = torch.ones(1, 5).to(getattr(torch, kind))
    with pytest.raises(oa.OperandError, match="give integers, reals or complex numbers"):
        oa.nn.Conv(np.ones((1, 1, 3)))(x)


@pytest.mark.filterwarnings("ignore:Sparse")
def test_tensors_that_are_not_dense_are_refused():
    for x in (torch.eye(5).to_sparse(), torch.eye(5).to_sparse_csr(), torch.ones(5).to_mkldnn()):
        with pytest.raises(oa.OperandError, match="to_dense"):
            oa.Conv([1.0, 2.0]).on(5)(x)


def test_weights_that_require_a_gradient_are_refused():
    with pytest.raises(oa.OperandError, match="detach"):
        oa.nn.Conv(tensor(1, 1, 3))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_the_short_path_gives_what_the_graph_gives():
    F = oa.Conv([1.0, 2.0j]).on(5)
    x = tensor(5, dtype=torch.complex128)
    with torch.no_grad():
        without = F(x)
    assert not without.requires_grad
    assert torch.equal(without, F(x).detach())
    for view in (x.detach().conj(), x.detach().real, x.detach().conj().imag):  # read otherwise
        assert torch.equal(F(view), torch.from_numpy(F(view.resolve_conj().resolve_neg().numpy())))
    y = F(x.detach())
    assert F(y[:5]).requires_grad is False


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of PyTorch, about itself
def test_gradients_forwards_are_not_lost():
    F, forward = oa.Conv([1.0, 2.0]).on(5), torch.autograd.forward_ad
    with forward.dual_level(), pytest.raises((RuntimeError, NotImplementedError)):
        F(forward.make_dual(torch.ones(5), torch.ones(5)))
    with pytest.raises(RuntimeError):
        torch.func.vmap(F)(torch.ones(3, 5))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_what_is_refused():
    F = oa.Conv([1.0, 2.0]).on(5)
    with pytest.raises(oa.DimensionError):
        F(torch.zeros(4))
    with pytest.raises(oa.OperandError, match="on the CPU"):
        F(torch.zeros(5, device="meta"))
    with pytest.raises(oa.OperandError, match="on meta and holds no numbers"):
        oa.nn.Conv(torch.zeros(1, 1, 3, device="meta"))
    nested = torch.nested.nested_tensor([torch.zeros(5), torch.zeros(5)])
    for given in (F, oa.nn.AvgPool(2), oa.nn.Conv):
        with pytest.raises(oa.OperandError, match="nested"):
            given(nested)
    with pytest.raises(oa.OperandError, match="applied to a Tensor"):
        oa.nn.MaxPool(2)(torch.zeros(6))
