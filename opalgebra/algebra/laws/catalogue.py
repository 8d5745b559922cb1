"""The rows of the catalogue: laws 1–24 of multirate signal processing, and the structural ones.

To add a law, add a row to one of the files ``of_…``: its proof, its page, its numeric test and its near-miss test come
from it.  A sum over r < k is written out where k is a number, a tuple or a matrix.  A product of factors is written in
the order in which matrices need it.
"""

from __future__ import annotations

from .of_banks import BANKS
from .of_hypotheses import HYPOTHESES
from .of_letters import LETTERS
from .of_matrices import LATTICES
from .of_operators import STRUCTURE
from .of_sums import SUMS

ROWS = [*LETTERS, *LATTICES, *STRUCTURE, *SUMS, *BANKS, *HYPOTHESES]
