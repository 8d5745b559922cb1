"""How an array is continued beyond its ends: one table of linear rules, which all that continues an array reads.

The names are those of :func:`numpy.pad` and :func:`scipy.signal.upfirdn`; a b c d continues as

=============  =======================================================
zero           0 0 0 | a b c d | 0 0 0
wrap           b c d | a b c d | a b c
symmetric      c b a | a b c d | d c b
reflect        d c b | a b c d | c b a
edge           a a a | a b c d | d d d
antisymmetric  −c −b −a | a b c d | −d −c −b
antireflect    2a−d 2a−c 2a−b | a b c d | 2d−c 2d−b 2d−a
=============  =======================================================

Each is a matrix of small integers with at most four entries in a row, and goes on for ever.  With the period
p = lengths · n − 2 · skipped, let index t p + r, 0 ≤ r < p, stand in turn t; it is

    x_r + slope · t (x_{n−1} − x_0)                                         for r < n, forth,
    sign · x_{2n − 1 − skipped − r} + slope · ((t + 1) x_{n−1} − t x_0)     for r ≥ n, back,

and where p is 0, as for one sample that has nothing to reflect about, (sign + slope) times the nearest end.

Who reads the table: runs of slices (:mod:`.boundary`) and runs for all large sizes (``bound/sizes/runs.py``) the
columns; loops in Numba and CUDA, which find one sample for each index, the :attr:`~Rule.code`.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Rule(NamedTuple):
    """A row of the table.

    >>> RULES["reflect"].period(4), RULES["reflect"].last(4)
    (6, 6)
    """

    name: str
    lengths: int  # of the array in a period: 2 forth and back, 1 forth alone; 0 if an end goes on
    sign: int = 1  # of what is not the array itself
    skipped: int = 0  # 1 if the ends are not repeated
    slope: int = 0  # how often x_{n−1} − x_0 is added in each turn

    def period(self, n: Any) -> Any:
        """Of n samples; 0 where it is the nearest end that goes on."""
        return self.lengths * n - 2 * self.skipped

    def last(self, n: Any) -> Any:
        """What r and the sample that stands there on the way back add up to."""
        return 2 * n - 1 - self.skipped

    @property
    def end(self) -> int:
        """The weight of the nearest end where the period is 0."""
        return self.sign + self.slope

    @property
    def code(self) -> int:
        """The row in one number, for loops that find one sample for each index; "zero" is 0.

        Bits 0 and 1 are ``lengths``, bit 2 is ``skipped``, bit 3 is set where anything goes on and bit 4 where it is
        the negative.
        """
        return self.lengths | self.skipped << 2 | abs(self.sign) << 3 | (self.sign < 0) << 4


RULES = {
    rule.name: rule
    for rule in (
        Rule("zero", 0, sign=0),
        Rule("wrap", 1),
        Rule("symmetric", 2),
        Rule("reflect", 2, skipped=1),
        Rule("edge", 0),
        Rule("antisymmetric", 2, sign=-1),
        Rule("antireflect", 2, sign=-1, skipped=1, slope=2),
    )
}

#: Of the rules that make every index of one sample at most: what loops go by.
CODES = {rule.name: rule.code for rule in RULES.values() if not rule.slope}
