"""Bound operators on PyTorch tensors, with gradients: F x forwards, Fᴴ backwards.

PyTorch is not imported here; it is there already when a tensor arrives.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from ...errors import OperandError


def is_tensor(x: Any) -> bool:
    """Whether x is a PyTorch tensor, without importing PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def apply(operator: Any, x: Any) -> Any:
    """F x as a tensor; its gradient is Fᴴ applied to the gradient, as often as one differentiates.

    The tensor lies on the CPU; for complex ones PyTorch's convention of gradients is the adjoint.
    """
    if x.device.type != "cpu":
        raise OperandError(f"the tensor is on {x.device}; bound operators take tensors on the CPU: x.cpu()")
    return _function().apply(x, operator)


@cache
def _function() -> Any:
    import torch

    class Bound(torch.autograd.Function):  # type: ignore[misc]  # PyTorch is untyped here
        """A bound operator in the graph of PyTorch."""

        @staticmethod
        def forward(context: Any, x: Any, operator: Any) -> Any:
            context.operator, context.real = operator, not x.is_complex()
            given = x.detach().resolve_conj().resolve_neg().numpy()
            return torch.from_numpy(operator(given))

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            back = Bound.apply(gradient, context.operator.H)
            return (back.real if context.real and back.is_complex() else back), None

    return Bound
