"""Lattices against brute force: every answer is compared with a count of points in a small box."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from opalgebra.algebra.lattices.lattice import echelon, hermite, index_of, intersection, reduce, representatives

RADIUS = 6
small = st.integers(-6, 6)


def vectors(size, most=4):
    return st.lists(st.tuples(*[small] * size), min_size=1, max_size=most).map(tuple)


@st.composite
def lattices(draw, size):
    """A Hermite basis of full rank, by its pivots and what stands to their right."""
    rows = [(*(0,) * i, draw(st.integers(1, 4)), *(draw(small) for _ in range(size - i - 1))) for i in range(size)]
    return hermite(tuple(rows))[0]


def determinant(rows):
    if not rows:
        return 1
    return sum(
        (-1) ** j * rows[0][j] * determinant([[*row[:j], *row[j + 1 :]] for row in rows[1:]]) for j in range(len(rows))
    )


def is_member(vector, basis):
    """Whether a vector is in a full-rank lattice, by Cramer's rule: the coordinates are ratios of determinants."""
    whole = determinant(basis)
    return all(determinant([*basis[:i], vector, *basis[i + 1 :]]) % whole == 0 for i in range(len(basis)))


def box(size, radius=RADIUS):
    return product(range(-radius, radius + 1), repeat=size)


@given(vectors(2))
def test_hermite_spans_the_same_lattice(rows):
    basis, columns = hermite(rows)
    assert len(basis) == len(columns)
    assert all(not any(reduce(row, basis, columns)) for row in rows)
    # and every basis vector is an integer combination of the rows: their 2×2 minors have the same gcd
    for row in basis:
        again, _ = hermite((*rows, row))
        assert again == basis


@given(vectors(3))
def test_hermite_has_the_form(rows):
    basis, columns = hermite(rows)
    assert list(columns) == sorted(set(columns))
    for i, (row, column) in enumerate(zip(basis, columns, strict=True)):
        assert not any(row[:column])
        assert row[column] > 0
        assert all(0 <= above[column] < row[column] for above in basis[:i])


@given(vectors(3), st.randoms(use_true_random=False))
def test_hermite_does_not_depend_on_the_generators(rows, rng):
    unimodular = [list(row) for row in rows]
    for i in range(1, len(unimodular)):
        factor = rng.randint(-3, 3)
        unimodular[i] = [a + factor * b for a, b in zip(unimodular[i], unimodular[i - 1], strict=True)]
    unimodular = [[-v for v in row] if rng.random() < 0.5 else row for row in unimodular]
    rng.shuffle(unimodular)
    assert hermite(tuple(map(tuple, unimodular))) == hermite(rows)


@settings(max_examples=50)
@given(lattices(2))
def test_index_counts_cosets(basis):
    classes = {reduce(v, basis, (0, 1)) for v in box(2, 12)}
    assert len(classes) == index_of(basis) == abs(determinant(basis))


@given(lattices(2), st.tuples(small, small), st.tuples(small, small))
def test_reduce_tells_cosets_apart(basis, v, w):
    a, b = reduce(v, basis, (0, 1)), reduce(w, basis, (0, 1))
    difference = tuple(x - y for x, y in zip(v, w, strict=True))
    assert (a == b) == is_member(difference, basis)
    assert is_member(tuple(x - y for x, y in zip(v, a, strict=True)), basis)
    assert all(0 <= x < row[i] for i, (x, row) in enumerate(zip(a, basis, strict=True)))


@settings(max_examples=40)
@given(lattices(2), lattices(2))
def test_intersection_of_two_axes(left, right):
    common = intersection(left, right)
    assert hermite(common)[0] == common
    for v in box(2):
        assert is_member(v, common) == (is_member(v, left) and is_member(v, right))


@settings(max_examples=12)
@given(lattices(3), lattices(3))
def test_intersection_of_three_axes(left, right):
    common = intersection(left, right)
    for v in box(3, 3):
        assert is_member(v, common) == (is_member(v, left) and is_member(v, right))


@settings(max_examples=40)
@given(lattices(2), lattices(2))
def test_representatives_cut_a_lattice_into_cosets(left, right):
    fine = intersection(left, right)
    found = list(representatives(left, fine))
    assert len(found) * index_of(left) == index_of(fine)
    assert all(is_member(v, left) for v in found)
    assert len({reduce(v, fine, (0, 1)) for v in found}) == len(found)


@given(vectors(3, 5), st.integers(1, 2))
def test_echelon_splits_off_what_vanishes(rows, count):
    pivots, rest = echelon(rows, count)
    assert all(not any(row[:count]) for row in rest)
    assert all(row[column] > 0 and not any(row[:column]) for column, row in pivots)
    together = tuple(tuple(row) for row in [*(row for _, row in pivots), *rest])
    assert hermite(together) == hermite(rows)


def test_numbers_beyond_64_bits():
    large = 10**40
    basis, columns = hermite(((large, 1), (large + 2, 1)))
    assert basis == ((2, 0), (0, 1))
    assert reduce((large + 1, 7), basis, columns) == (1, 0)
    assert index_of(intersection(((large,),), ((large + 1,),))) == large * (large + 1)


def test_no_vectors():
    assert hermite(()) == ((), ())
    assert hermite(((0, 0),)) == ((), ())
    assert reduce((3, 4), (), ()) == (3, 4)
