"""Whether a function that anyone wrote acts on every sample alone, found out on a few samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.arrays.device import host, module_of
from ..errors import OperandError

COUNT = 6
CANNOT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)  # what functions of other shapes raise


def check_pointwise(call: Callable[[Any], Any], x: Any, y: Any, name: str, is_known: bool) -> None:
    """Raise :class:`OperandError` unless y = f(x) agrees with f of single samples, turned round and in other shapes.

    The samples are those of x, where these are not all equal: they lie where f is defined.  A function that depends on
    chance is refused as well, for it has no derivative.  ``is_known`` leaves all out but the samples of x.
    """
    flat = x.reshape(-1)
    if not flat.size:
        return
    places = np.linspace(0, flat.size - 1, COUNT).astype(int)
    with np.errstate(all="ignore"):
        _compare(host(y).reshape(-1)[places], _alone(call, flat[places], name), flat.dtype, name)
        if is_known:
            return
        probe = module_of(x).asarray(_distinct(host(flat)[places]))
        alone = _alone(call, probe, name)
        for order, shape in ((1, (COUNT,)), (-1, (COUNT,)), (1, (2, COUNT // 2)), (-1, (1, COUNT // 2, 2))):
            given = probe[::order].reshape(shape)
            _compare(_of(call, given, name).reshape(-1), alone[::order], probe.dtype, name)
        longer = module_of(x).concatenate([probe, probe[:1], probe])
        _compare(_of(call, longer, name)[: COUNT + 1], np.concatenate([alone, alone[:1]]), probe.dtype, name)


def _of(call: Callable[[Any], Any], x: Any, name: str) -> np.ndarray:
    try:
        return host(call(x))
    except CANNOT as error:
        if isinstance(error, OperandError):
            raise
        raise OperandError(
            f"the function of {name} must act on every sample alone, and of an array of shape {x.shape} it makes "
            f"{type(error).__name__}: {error}"
        ) from error


def _alone(call: Callable[[Any], Any], samples: Any, name: str) -> np.ndarray:
    return np.concatenate([_of(call, samples[i : i + 1], name) for i in range(len(samples))])


def _distinct(samples: np.ndarray) -> np.ndarray:
    """Six samples, four of which at least differ: where too few do, others between them and 0, or up to 1."""
    finite = samples[np.isfinite(samples)]
    found = np.unique(finite)
    if len(found) < COUNT - 2:
        largest = found[np.argmax(np.abs(found))] if len(found) and found.any() else found.dtype.type(1)
        if samples.dtype.kind in "iu":
            more = np.array([int(largest) * j // 8 for j in range(1, 8)] + [0, 1, 2, 3, 4])
        else:
            more = largest * np.arange(1, 8) / 8
        found = np.unique(np.concatenate([found, more.astype(samples.dtype)]))
    taken = found[np.linspace(0, len(found) - 1, COUNT).astype(int)]
    return taken[[2, 0, 4, 1, 5, 3]]  # sorted ones would hide a function that sorts


def _compare(found: np.ndarray, alone: np.ndarray, given: Any, name: str) -> None:
    """Equal up to the rounding of one and the same function on arrays of different lengths."""
    kind = np.result_type(found, alone)
    same = (found == alone) | ((found != found) & (alone != alone))
    if kind.kind in "fc":
        finite = np.abs(alone[np.isfinite(alone)])
        coarse = max(np.finfo(d).eps for d in (found.dtype, alone.dtype, given) if d.kind in "fc")
        same = same | (np.abs(found - alone) <= 64 * coarse * finite.max(initial=0))
    if not same.all():
        at = int(np.argmin(same))
        raise OperandError(
            f"the function of {name} gives {alone[at]} for a sample alone and {found[at]} for it among others; it must "
            "act on every sample alone, and not depend on chance"
        )
