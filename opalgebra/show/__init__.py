"""Rendering: expressions, derivations and proofs as text, LaTeX, Markdown, code and files; drawings and plots."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .animations.animation import Arithmetic, arithmetic
    from .pages.exports import export

__all__ = ["Arithmetic", "arithmetic", "export"]

_LATER = {"Arithmetic": "animations.animation", "arithmetic": "animations.animation", "export": "pages.exports"}


def __getattr__(name: str) -> Any:
    """What draws and exports, imported when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
    return value
