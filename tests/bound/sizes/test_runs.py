"""Matrices whose entries run along with the size: sums, products and zeros, by brute force."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Signal
from opalgebra.algebra.numbers.ring import RATIONALS
from opalgebra.bound.sizes.affine import Affine, Clock, Finer, quotient, value_of
from opalgebra.bound.sizes.large import matrix_of, shapes
from opalgebra.bound.sizes.runs import Run, is_zero, meet, normal
from tests import generate_bound
from tests.bound.sizes.test_sized import dense, holds_at, n
from tests.judge_bound import BOUNDARIES, same_exactly


def entries(run):
    return [(run.i + s * run.di, run.j + s * run.dj) for s in range(run.length)]


def test_products_of_runs_by_brute_force():
    rng = random.Random(3)
    hits = 0
    for _ in range(4000):
        steps = [(rng.randint(-3, 3), rng.randint(-3, 3)) for _ in range(2)]
        runs = [
            normal(Run(rng.randint(-6, 6), a, rng.randint(-6, 6), b, rng.randint(1, 6))) for a, b in steps if a or b
        ]
        if len(runs) < 2:
            continue
        x, y = runs
        expected: dict = {}
        for (i, at), (other, j) in product(entries(x), entries(y)):
            if at == other:
                expected[i, j] = expected.get((i, j), 0) + 1
        found: dict = {}
        for run, weight in meet(x, y):
            for place in entries(run):
                found[place] = found.get(place, 0) + weight
        assert found == expected
        hits += bool(expected)
    assert hits > 500


def test_zero_or_not_by_brute_force():
    rng = random.Random(5)
    verdicts = set()
    for _ in range(1500):
        pieces, total = {}, {}
        for _ in range(rng.randint(1, 3)):
            run = Run(
                rng.randint(0, 2), rng.choice([1, 2]), rng.randint(0, 2), rng.choice([0, 1, 2]), rng.randint(2, 5)
            )
            weight = rng.choice([1, -1])
            cut = rng.randint(1, run.length - 1) if rng.random() < 0.7 else None
            other = [run] if cut is None else [
                run._replace(length=cut),
                run._replace(i=run.i + cut * run.di, j=run.j + cut * run.dj, length=run.length - cut),
            ]  # fmt: skip
            for part, sign in [(run, 1), *((part, -1) for part in other if rng.random() < 0.95)]:
                place = ((0, 0), (normal(part),))
                pieces[place] = pieces.get(place, 0) + sign * weight
                for at in entries(part):
                    total[at] = total.get(at, 0) + sign * weight
        expected = not any(total.values())
        assert is_zero({place: weight for place, weight in pieces.items() if weight}) == expected
        verdicts.add(expected)
    assert verdicts == {True, False}


def test_large_numbers_are_the_numbers_from_the_start_of_the_clock_on():
    formulas = [
        sympy.floor(n / 3 + sympy.Rational(5, 3)),
        sympy.ceiling((2 * n - 7) / 4) + n,
        sympy.Max(3, n - 5, sympy.floor(n / 2)),
        sympy.Min(2 * n - 9, n + 4),
        sympy.Mod(n, 4) + n,
    ]
    for formula in formulas:
        for residue in range(12):
            clock = Clock(n, 12, residue)
            value = value_of(formula, {n: clock.size})
            for t in range(clock.start, clock.start + 5):
                at = 12 * t + residue
                assert (value.slope * t + value.const if isinstance(value, Affine) else value) == formula.subs(n, at)
                assert value_of(formula, {n: at}) == formula.subs(n, at)


def test_a_division_that_does_not_go_asks_for_a_longer_period():
    clock = Clock(n, 2, 1)
    with pytest.raises(Finer) as asked:
        clock.size // 6
    assert asked.value.by == 3
    assert quotient(3 * clock.size - 40, clock.size) == 2
    assert quotient(-1, clock.size) == -1
    with pytest.raises(oa.Undecided):
        quotient(clock.size, 3)


def at_size(pieces, into, out, t):
    """The matrix that pieces are for one t."""

    def number(value):
        return value.slope * t + value.const if isinstance(value, Affine) else value

    into, out = tuple(map(number, into)), tuple(map(number, out))
    made = np.zeros((int(np.prod(out)), int(np.prod(into))), dtype=object)
    for (channels, runs), weight in pieces.items():
        plain = [Run(number(r.i), r.di, number(r.j), r.dj, number(r.length)) for r in runs]
        assert all(run.length >= 1 for run in plain)
        for places in product(*map(entries, plain)):
            row = np.ravel_multi_index((channels[0], *(i for i, _ in places)), out)
            made[row, np.ravel_multi_index((channels[1], *(j for _, j in places)), into)] += weight
    return made


def families(side):
    """Clocks of all residues with shapes and pieces, for the shortest period that will do."""
    period = 1
    while period <= 36:
        try:
            found = []
            for residue in range(period):
                clock = Clock(n, period, residue)
                sizes = {n: clock.size}
                found.append((clock, *shapes(side, sizes), matrix_of(side, sizes, RATIONALS)))
            return found
        except Finer as finer:
            period *= finer.by
    return []


@pytest.mark.parametrize("seed", range(60))
def test_random_matrices_for_large_sizes(seed):
    """The pieces at the first sizes for which they are meant are the matrix of the judge: N is large enough."""
    rng = random.Random(f"sizes {seed}")
    ndim = rng.choice([1, 1, 1, 2])
    operator = (generate_bound.tree if rng.random() < 0.85 else generate_bound.block)(rng, ndim, "i")
    sizes = [rng.choice([n, n + 2, 2 * n, 3 * n + 1]), rng.choice([2, 3, n])][:ndim]
    rules = tuple(rng.choice(BOUNDARIES) for _ in range(ndim))
    out = [(rng.randint(-3, 1), size + rng.randint(1, 3)) for size in sizes]
    try:
        side = operator.on(sizes, out=out if ndim > 1 else out[0], boundary=rules)
        turned = side.T @ side if rng.random() < 0.3 else side
        found = families(turned)
    except (oa.DimensionError, oa.Undecided) as why:  # another number of axes, or entries that grow with the size
        pytest.skip(str(why))
    for clock, into, output, pieces in rng.sample(found, min(3, len(found))):
        for t in (clock.start, clock.start + 1):
            at = {n: clock.period * t + clock.residue}
            if at[n] <= 24 and turned.at(at).size <= 2_000:
                assert same_exactly(at_size(pieces, into, output, t), dense(turned, at)), at


@pytest.mark.campaign(12)
@pytest.mark.parametrize("seed", range(40))
def test_random_statements(seed):
    rng = random.Random(f"statement {seed}")

    def kernel():
        return Conv(Signal([rng.choice([-1, 1, 2]) for _ in range(rng.randint(1, 3))], start=rng.randint(-2, 1)))

    a, b, k = kernel(), kernel(), rng.choice([1, 2])
    rule = rng.choice(BOUNDARIES)
    inner = rng.choice([n, n + 1, n + 5])
    left = (Down(k) @ a).on(inner, out=sympy.floor(inner / k), boundary=rule) @ b.on(inner, out=inner, boundary=rule)
    right = (Down(k) @ a @ b).on(inner, out=sympy.floor(inner / k), boundary=rule)
    proof = oa.prove(left, right)
    assert proof.verdict != "undecided"
    assert proof.check()
    if proof:
        assert all(holds_at(left, right, {n: at}) for at in range(1, 16))
    else:
        at = proof.witness.sizes[n]
        assert not holds_at(left, right, {n: at})
        assert all(holds_at(left, right, {n: smaller}) for smaller in range(1, at))
