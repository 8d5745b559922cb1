"""Where an array lies: NumPy's on the host, CuPy's on a device.

CuPy is not imported here; it is there already when one of its arrays arrives.  Work is queued on CuPy's current
stream, and nothing here waits for it but :func:`host`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ...errors import OperandError


def is_cupy(array: Any) -> bool:
    """Whether an array is CuPy's, found out without importing it.

    >>> is_cupy(np.zeros(3))
    False
    """
    cupy = sys.modules.get("cupy")
    return cupy is not None and isinstance(array, getattr(cupy, "ndarray", ()))


def module_of(array: Any) -> Any:
    """NumPy or CuPy."""
    return sys.modules["cupy"] if is_cupy(array) else np


def beside(array: Any) -> AbstractContextManager[Any]:
    """Within it, new arrays lie where this one does."""
    return array.device if is_cupy(array) else nullcontext()


def brought(array: Any) -> Any:
    """The array where new arrays lie now: as it is, or from another device a copy that waits there for what made it."""
    if not is_cupy(array):
        return array
    cupy = sys.modules["cupy"]
    if array.device == cupy.cuda.Device():
        return array
    with array.device:
        ready = cupy.cuda.get_current_stream().record()
    cupy.cuda.get_current_stream().wait_event(ready)
    return array.copy()


def host(array: Any) -> np.ndarray:
    """A copy on the host of what is on a device; an array of NumPy as it is."""
    found: np.ndarray = array.get() if is_cupy(array) else array
    return found


def place_of(array: Any) -> str:
    """Where an array lies, in words."""
    return str(array.device) if is_cupy(array) else "the host"


def check_together(first: Any, what: str, second: Any, other: str) -> None:
    """Refuse arrays that lie in different places, because neither is moved silently."""
    places = place_of(first), place_of(second)
    if places[0] != places[1]:
        raise OperandError(
            f"{what} is on {places[0]} and {other} on {places[1]}; move one to where the other is: cupy.asarray(x) or "
            "cupy.asnumpy(x)"
        )


def uploaded(owner: Any, array: np.ndarray) -> Any:
    """Numbers of ``owner`` on the current device, sent there once and kept with it."""
    return made_there(owner, array.dtype, lambda: sys.modules["cupy"].asarray(array))


def made_there(owner: Any, name: Any, make: Callable[[], Any]) -> Any:
    """What ``make`` gives on the current device, made there once and kept with ``owner`` by a name.

    A later stream waits on the device until it is made; the host does not.
    """
    import cupy

    kept = owner.__dict__.setdefault("_on_device", {})
    stream = cupy.cuda.get_current_stream()
    key = cupy.cuda.Device().id, name
    if key not in kept:
        kept[key] = make(), stream.record(), stream.ptr
    made, ready, made_on = kept[key]
    if stream.ptr != made_on:
        stream.wait_event(ready)
    return made
