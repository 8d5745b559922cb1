"""Real signals shipped with the package; sources and licences in ATTRIBUTION.md."""

from __future__ import annotations

from importlib.resources import files

import numpy as np


def load(name: str) -> np.ndarray:
    """``"camera"``: a photograph (512, 512), uint8; ``"nino"``: a temperature series (264,), float64."""
    with files(__package__).joinpath("real.npz").open("rb") as file, np.load(file) as arrays:
        array: np.ndarray = arrays[name]
    return array
