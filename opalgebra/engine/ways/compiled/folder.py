"""Where files lie that can be made again: what was measured, and what was compiled."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def directory() -> Path:
    """``OPALGEBRA_CACHE``, or the place of the system for what can be made again."""
    chosen = os.environ.get("OPALGEBRA_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "opalgebra"
