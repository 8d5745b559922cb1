"""The threads of NumPy's BLAS, which would take all processors whatever :func:`opalgebra.set_threads` says.

Where it is OpenBLAS, as in NumPy's wheels, large products are computed within :func:`on_one_thread`; whoever wants
more threads cuts the work into products, always the same, and shares these.  Other libraries keep their threads.
"""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

ALONE = 8_000  # multiply-adds of a product that OpenBLAS never shares among threads


@cache
def _functions() -> tuple[Any, Any] | None:
    """What asks for and what sets the number of threads; None where NumPy's BLAS is another."""
    for path in _loaded():
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads"):
            if hasattr(library, name.format("set")):
                return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


def _loaded() -> list[str]:
    """Where OpenBLAS lies: what NumPy has loaded where the system tells, else what its wheel brought along."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        lines = [line.split(maxsplit=5) for line in maps.read_text().splitlines() if "openblas" in line]
        return sorted({line[5] for line in lines if len(line) == 6}, key=lambda path: "scipy.libs" in path)
    root = Path(np.__file__).parent
    return [str(path) for place in (root.parent / "numpy.libs", root / ".dylibs") for path in place.glob("*openblas*")]


def on_one_thread(work: int) -> AbstractContextManager[None]:
    """Within it products of so many multiply-adds run on the thread that asks for them.

    >>> with on_one_thread(10**6):
    ...     y = np.ones((100, 100)) @ np.ones((100, 100))
    """
    return _FREE if work <= ALONE or _functions() is None else _ALONE


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """a @ b, without NumPy's warnings of infinities, which belong to the samples."""
    with np.errstate(all="ignore"):
        return np.matmul(a, b, out=out)


class _Alone:
    """The number belongs to the process: the first one in sets it, and the last one out puts it back."""

    def __init__(self) -> None:
        self.lock, self.within, self.before = Lock(), 0, 1

    def __enter__(self) -> None:
        get, put = _functions() or (int, int)
        with self.lock:
            if not self.within:
                self.before = get()
                put(1)
            self.within += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.within -= 1
            if not self.within:
                (_functions() or (int, int))[1](self.before)


_FREE, _ALONE = nullcontext(), _Alone()
