"""Rendering: expressions, derivations and proofs as text, LaTeX, Markdown, code and files; drawings and plots."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .animation import Arithmetic, arithmetic
    from .exports import export

__all__ = ["Arithmetic", "arithmetic", "export"]

_LATER = {"Arithmetic": "animation", "arithmetic": "animation", "export": "exports"}  # imported when first used


def __getattr__(name: str) -> Any:
    """What draws and exports, imported when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
    return value
