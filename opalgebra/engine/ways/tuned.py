"""Ways that were measured to be the fastest, by :func:`opalgebra.tune`: kept in a file for later runs and processes.

There is one file for each version of the package, processor and number of threads.  What it says is a hint: a way that
cannot serve is not taken, and a file that cannot be read is not used.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays.window import Window
from ..filters.fir import Fir
from .compiled.folder import directory
from .compiled.threads import get_threads

FORMAT = 1  # of the file

_changes = 0  # how often something was remembered in this process


@cache
def _processor() -> str:
    """The name of the processor, as far as the system tells it."""
    import platform

    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8", "replace").splitlines() if told.exists() else []
    models: list[str] = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "flags"))]
    return " ".join([platform.machine(), platform.processor(), *models[:2]])


def _header() -> dict[str, Any]:
    version = sys.modules[__name__.partition(".")[0]].__version__  # of the package, which stands above this room
    return {"format": FORMAT, "package": version, "processor": _processor(), "threads": get_threads()}


def path() -> Path:
    """The file for this version, processor and number of threads."""
    header = _header()
    name = sha256(repr(sorted(header.items())).encode()).hexdigest()[:16]
    return directory() / f"tuned-{header['package']}-{header['threads']}-{name}.json"


def key_of(action: Fir, written: Window, read: Window, batch: int, dtype: Any, kind: str) -> str:
    """What a measurement holds for: the shapes, the rates and which taps are zero, but not what taps are.

    ``kind`` is what is computed: "filter", "continued" beyond the array, or the "gradient" in the taps.
    """
    zeros = np.packbits(action.taps != 0).tobytes()
    zeros += b"".join(at.tobytes() for at in action.places or ())
    factors = None if action.factors is None else [taps.shape for taps in action.factors]
    parts = (action.taps.shape, action.taps.dtype.kind, action.start, action.up, action.down, action.mixes, factors)
    told = repr((parts, written, read, batch, np.dtype(dtype).str, kind)).encode()
    return sha256(told + zeros).hexdigest()[:32]


@cache
def _stored(file: Path, changes: int) -> dict[str, str]:
    """What a file says; nothing where there is none, or none that can be used."""
    if not file.exists():
        return {}
    import json

    try:
        told = json.loads(file.read_text("utf-8"))
        header, ways = told["header"], told["ways"]
        if header != _header() or not all(isinstance(text, str) for pair in ways.items() for text in pair):
            raise ValueError("it is of another version, processor or number of threads")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        warnings.warn(f"{file} is not used: {error}; oa.tune writes it anew", RuntimeWarning, stacklevel=2)
        return {}
    return dict(ways)


@cache
def _path_for(threads: int, chosen: str | None) -> Path:
    return path()


def known() -> dict[str, str]:
    """The names of ways by the keys of jobs, for the present number of threads."""
    return _stored(_path_for(get_threads(), os.environ.get("OPALGEBRA_CACHE")), _changes)


def changes() -> int:
    """How often this process has remembered something: what was prepared before then is no longer the fastest."""
    return _changes


def state() -> Any:
    """What choices depend on beside their jobs: None as long as nothing was measured."""
    return (get_threads(), _changes, os.environ.get("OPALGEBRA_CACHE")) if known() else None


def remember(ways: dict[str, str]) -> Path:
    """Add measurements to the file, which is returned: a whole new one takes the place of the old one."""
    import json
    from tempfile import NamedTemporaryFile

    global _changes
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"header": _header(), "ways": known() | ways}, indent=1)
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=file.name, delete=False) as made:
        made.write(text)
    os.replace(made.name, file)
    _changes += 1
    return file
