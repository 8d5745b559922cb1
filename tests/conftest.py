"""What every test shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.cuda_shim.places import cupy, place

__all__ = ["cupy", "place"]  # fixtures, for the tests of CuPy arrays

# No deadline: the first example of a law pays for importing SymPy. Derandomised: a failure repeats.
settings.register_profile("house", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("house")


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent
