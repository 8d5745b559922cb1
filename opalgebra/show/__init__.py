"""Rendering: expressions, derivations and proofs as text, LaTeX, Markdown and code, and as files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .exports import export

__all__ = ["export"]

_LATER = {"export": "exports"}  # what is imported when it is first used, and from where


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
    return value
