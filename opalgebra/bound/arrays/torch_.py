"""Bound operators on PyTorch tensors, with gradients: F x forwards, Fᴴ backwards.

PyTorch is not imported here; it is there already when a tensor arrives.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from ...errors import OperandError
from .dlpack import on_device


def is_tensor(x: Any) -> bool:
    """Whether x is a PyTorch tensor, without importing PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def apply(operator: Any, x: Any) -> Any:
    """F x as a tensor; its gradient is Fᴴ applied to the gradient, as often as one differentiates.

    The tensor lies on the CPU or on a CUDA device; for complex ones PyTorch's convention of gradients is the adjoint.
    bfloat16 and complex32, which NumPy does not have, are computed in the next wider dtype and rounded once, as
    float16 is.
    """
    if x.device.type not in ("cpu", "cuda"):
        raise OperandError(f"the tensor is on {x.device}; give one on the CPU or on a CUDA device: x.cpu()")
    wide = _computed_in(x)
    if wide is None:
        return _function().apply(x, operator)
    y = _function().apply(x.to(wide), operator)
    return y.to(x.dtype) if y.dtype == wide else y


def as_numpy(x: Any) -> Any:
    """The numbers of a tensor, in a dtype of NumPy that holds them; anything else as it is."""
    if not is_tensor(x):
        return x
    if x.requires_grad:
        raise OperandError("the tensor requires a gradient, which these numbers do not pass on; give x.detach()")
    x = x.cpu()
    wide = _computed_in(x)
    return (x if wide is None else x.to(wide)).resolve_conj().resolve_neg().numpy()


def _computed_in(x: Any) -> Any:
    """The next wider dtype where NumPy has none of the name; None where it has."""
    import torch

    if x.layout != torch.strided:
        raise OperandError(f"the tensor has the layout {x.layout}; give a dense one: x.to_dense()")
    wide = {torch.bfloat16: torch.float32, torch.complex32: torch.complex64}.get(x.dtype)
    if wide is None and x.dtype not in _of_numpy():
        raise OperandError(f"the tensor has dtype {x.dtype}; give integers, reals or complex numbers, as x.float()")
    return wide


@cache
def _of_numpy() -> frozenset[Any]:
    """The dtypes that tensors and arrays of NumPy have in common."""
    import torch

    names = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
    return frozenset(getattr(torch, name) for name in names.split() if hasattr(torch, name))


def _computed(operator: Any, x: Any) -> Any:
    """F x of a plain tensor; on a device on the stream on which PyTorch is."""
    import torch

    device = _device(x)
    if device is None:
        return torch.from_numpy(operator(x.numpy()))
    return on_device(operator, x, device, torch.cuda.current_stream(device).cuda_stream, torch.utils.dlpack.from_dlpack)


def _device(x: Any) -> int | None:
    """The number of the CUDA device of a tensor; None for the CPU."""
    return None if x.device.type == "cpu" else x.device.index


@cache
def _function() -> Any:
    import torch

    class Bound(torch.autograd.Function):  # type: ignore[misc]  # PyTorch is untyped here
        """A bound operator in the graph of PyTorch."""

        @staticmethod
        def forward(context: Any, x: Any, operator: Any) -> Any:
            context.operator, context.real = operator, not x.is_complex()
            return _computed(operator, x.detach().resolve_conj().resolve_neg())

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            back = Bound.apply(gradient, context.operator.H)
            return (back.real if context.real and back.is_complex() else back), None

    return Bound
