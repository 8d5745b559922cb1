"""Arithmetic on indices keeps one number of axes."""

from __future__ import annotations

import pytest

import opalgebra as oa
from opalgebra.expr.index import dot, minus, negated, plus, times


def test_entry_by_entry() -> None:
    k = oa.factors("k")
    assert plus((1, k), (2, 3)) == (3, k + 3)
    assert minus((1, 5), [4, k]) == (-3, 5 - k)
    assert times((2, 3), (k, -1)) == (2 * k, -3)
    assert dot((2, 3), (5, -1)) == 7
    assert dot((), ()) == 0


def test_of_one_axis_or_several() -> None:
    assert negated(3) == -3
    assert negated((3, -1)) == (-3, 1)


@pytest.mark.parametrize("combine", [plus, minus, times, dot])
def test_as_many_axes_on_both_sides(combine: object) -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        combine((1, 2), (1,))  # type: ignore[operator]
