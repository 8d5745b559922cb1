"""The algebra: canonical forms, decision, laws, derivations."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """The checker of certificates at the address that it had before there were rooms."""
    if name == "checker":
        return import_module("opalgebra.algebra.certificates.checker")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
