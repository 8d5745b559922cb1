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


def sizes_of(x: Any) -> tuple[int, ...]:
    """The shape of a tensor, which one that is nested has not."""
    if x.is_nested:
        raise OperandError("the tensor is nested; give one tensor after the other: for part in x.unbind()")
    return tuple(x.shape)


def apply(operator: Any, x: Any) -> Any:
    """F x as a tensor; its gradient is Fᴴ applied to the gradient, as often as one differentiates.

    The tensor lies on the CPU or on a CUDA device; for complex ones PyTorch's convention of gradients is the adjoint.
    bfloat16 and complex32, which NumPy does not have, are computed in the next wider dtype and rounded once, as
    float16 is.
    """
    if not x.is_cpu and x.device.type != "cuda":
        raise OperandError(f"the tensor is on {x.device}; give one on the CPU or on a CUDA device: x.cpu()")
    torch, bound, forward = _torch()
    wide = _computed_in(x)
    given = x if wide == x.dtype else x.to(wide)
    if (x.requires_grad and torch.is_grad_enabled()) or forward._current_level >= 0:
        y = bound.apply(given, operator)
    else:
        y = _computed(operator, given)
    return y.to(x.dtype) if y.dtype == wide else y  # which is y itself where nothing was widened


def as_numpy(x: Any) -> Any:
    """The numbers of a tensor, in a dtype of NumPy that holds them; anything else as it is."""
    if not is_tensor(x):
        return x
    if x.requires_grad:
        raise OperandError("the tensor requires a gradient, which these numbers do not pass on; give x.detach()")
    if x.device.type == "meta":
        raise OperandError("the tensor is on meta and holds no numbers; give one on the CPU")
    x = x.cpu()
    return _samples(x.to(_computed_in(x)))


def _samples(x: Any) -> Any:
    """The samples of a tensor, where they lie unless they are conjugated or negated when they are read."""
    x = x.detach() if x.requires_grad else x
    return (x.resolve_conj().resolve_neg() if x.is_conj() or x.is_neg() else x).numpy()


def _computed_in(x: Any) -> Any:
    """The dtype of a tensor where NumPy has it too, else the next wider one."""
    sizes_of(x)
    dense, kinds = _kinds()
    if x.layout != dense:
        raise OperandError(f"the tensor has the layout {x.layout}; give a dense one: x.to_dense()")
    if x.dtype not in kinds:
        raise OperandError(f"the tensor has dtype {x.dtype}; give integers, reals or complex numbers, as x.float()")
    return kinds[x.dtype]


@cache
def _kinds() -> tuple[Any, dict[Any, Any]]:
    """The layout of tensors that are taken, and for each of their dtypes the one that NumPy computes in."""
    import torch

    names = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
    shared = {getattr(torch, name): getattr(torch, name) for name in names.split() if hasattr(torch, name)}
    return torch.strided, shared | {torch.bfloat16: torch.float32, torch.complex32: torch.complex64}


def _computed(operator: Any, x: Any) -> Any:
    """F x outside the graph; on a device on the stream on which PyTorch is."""
    import torch

    device = _device(x)
    if device is None:
        return torch.from_numpy(operator(_samples(x)))
    x = x.detach().resolve_conj().resolve_neg()
    return on_device(operator, x, device, torch.cuda.current_stream(device).cuda_stream, torch.utils.dlpack.from_dlpack)


def _device(x: Any) -> int | None:
    """The number of the CUDA device of a tensor; None for the CPU."""
    return None if x.is_cpu else x.device.index


@cache
def _torch() -> tuple[Any, Any, Any]:
    """PyTorch, a bound operator in its graph, and its gradients forwards, which are refused there."""
    import torch
    from torch.autograd import forward_ad

    class Bound(torch.autograd.Function):  # type: ignore[misc]  # PyTorch is untyped here
        """A bound operator in the graph of PyTorch."""

        @staticmethod
        def forward(context: Any, x: Any, operator: Any) -> Any:
            context.operator, context.real = operator, not x.is_complex()
            return _computed(operator, x)

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            back = Bound.apply(gradient, context.operator.H)
            return (back.real if context.real and back.is_complex() else back), None

    return torch, Bound, forward_ad
