"""What a thing has made, kept with it for the windows and dtypes that it meets again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays.device import is_cupy, uploaded


@dataclass(frozen=True, eq=False)
class Kept:
    """Numbers, or a slice, that are sent to a device once."""

    values: Any

    def beside(self, x: Any) -> Any:
        """The numbers where x lies."""
        return uploaded(self, self.values) if is_cupy(x) and isinstance(self.values, np.ndarray) else self.values


def remembered(thing: Any, name: str, key: Hashable, make: Callable[[], Any], most: int = 1) -> Any:
    """``make()``, or what it gave for this key before; with the ``most`` + 1st key all others are forgotten.

    Several threads may ask at once: nothing is read back from what another of them may have cleared.

    >>> from types import SimpleNamespace
    >>> thing = SimpleNamespace()
    >>> remembered(thing, "_halves", 3, lambda: 1.5), remembered(thing, "_halves", 3, lambda: 0.0)
    (1.5, 1.5)
    """
    kept: dict[Hashable, Any] = thing.__dict__.setdefault(name, {})
    found = kept.get(key)
    if found is None:
        found = make()
        if len(kept) >= most:
            kept.clear()
        kept[key] = found
    return found
