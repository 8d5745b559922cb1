"""Hundreds of random operators on arrays against the judge's matrices, for all boundaries, modes and windows."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.expr import operators, walk
from tests.generate_bound import Sample, sample, window
from tests.judge import Judge
from tests.judge_bound import (
    Spans,
    as_numbers,
    exact_matrix,
    indices,
    rate,
    reads,
    same_exactly,
    skeleton,
    valid_outputs,
)

PLAIN = [(seed, False) for seed in range(300)]
BLOCKS = [(seed, True) for seed in range(80)]
DTYPES = ("float32", "float64", "complex64", "complex128")


def spans(F: Any) -> Spans:
    return tuple(zip(F.out_window.starts, F.out_window.stops, strict=True))


def as_out(w: Spans) -> Any:
    return w if len(w) > 1 else w[0]


def bound(s: Sample, seed: int) -> tuple[Any, Spans]:
    """The sample on a window: by hand, or that of a mode where the mode has one."""
    rng = random.Random(seed)
    mode = rng.choice(["out", "out", "full", "same", "valid"])
    if mode != "out":
        # several rates have no "same", and a length that a factor does not divide cannot wrap
        excused = ("there are parts of the rates",) * (mode == "same") + ("boundary='wrap'",) * ("wrap" in s.boundary)
        try:
            F = s.operator.on(s.n, mode=mode, boundary=s.boundary)
            return F, spans(F)
        except oa.WindowError as error:
            if not str(error).startswith(excused):
                raise
    w = window(rng, spans(s.operator.on(s.n)))
    return s.operator.on(s.n, out=as_out(w), boundary=s.boundary), w


def random_array(rng: np.random.Generator, shape: tuple[int, ...], dtype: str = "complex128") -> np.ndarray:
    x = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return (x if np.dtype(dtype).kind == "c" else x.real).astype(dtype)


def close(a: np.ndarray, b: np.ndarray, eps: float = 1e-11) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= eps * max(1.0, np.abs(b).max(initial=0))))


@pytest.mark.campaign(80)
@pytest.mark.parametrize(("seed", "blocks"), PLAIN + BLOCKS)
def test_against_the_judge(seed: int, blocks: bool) -> None:
    """F, its transpose, adjoint and conjugate as matrices, and the exact matrix exactly."""
    s = sample(seed, blocks=blocks)
    F, w = bound(s, seed)
    exact = exact_matrix(s.operator, s.sizes, w, s.boundary)
    dense = as_numbers(exact)
    assert F.shape == dense.shape
    for G, expected in ((F, dense), (F.T, dense.T), (F.H, dense.conj().T), (F.conj(), dense.conj())):
        assert close(G.todense(), expected)
    judge = Judge()
    entries = np.array([judge.number(v) for v in F.matrix()], dtype=object).reshape(F.shape)
    assert same_exactly(entries, exact)


@pytest.mark.campaign(40)
@pytest.mark.parametrize(("seed", "blocks"), [(seed, False) for seed in range(1000, 1120)])
def test_full_is_what_the_operator_on_signals_gives(seed: int, blocks: bool) -> None:
    s = sample(seed)
    F = s.operator.on(s.n)
    rng = np.random.default_rng(seed)
    for x in (rng.integers(-9, 9, s.sizes), rng.standard_normal(s.sizes)):
        y = s.operator @ x
        assert (y.start if len(s.sizes) > 1 else (y.start,)) == F.out_window.starts
        assert close(F(x), np.array(y.values.tolist(), dtype=complex).reshape(y.values.shape))


@pytest.mark.campaign(40)
@pytest.mark.parametrize("seed", range(2000, 2120))
def test_full_holds_all_and_valid_reads_inside(seed: int) -> None:
    s = sample(seed)
    full = spans(s.operator.on(s.n))
    wide: Spans = tuple((a - 4, b + 4) for a, b in full)
    rules = ("zero",) * len(s.sizes)
    around = exact_matrix(s.operator, s.sizes, wide, rules)
    for n, row in zip(indices(wide), around, strict=True):
        if any(row):
            assert all(a <= i < b for i, (a, b) in zip(n, full, strict=True))
    window = spans(s.operator.on(s.n, mode="valid"))
    found, truth = set(indices(window)), valid_outputs(s.operator, s.sizes, full)
    assert found <= truth
    if len(s.sizes) == 1 and not any(isinstance(node, operators.Sum) for node in walk(s.operator)):
        ((start, stop),) = window
        if found:  # no longer run of valid outputs, though single ones beyond it may read nothing
            assert not {(start - 1,), (stop,)} & truth
        else:
            judge, bare = Judge(), skeleton(s.operator)
            assert not any(reads(judge, bare, n) for n in truth)


@pytest.mark.campaign(20)
@pytest.mark.parametrize("seed", range(3000, 3060))
def test_same_has_the_rate(seed: int) -> None:
    s = sample(seed)
    if any(isinstance(node, operators.Sum) for node in walk(s.operator)):
        return
    out = s.operator.on(s.n, mode="same").out_window
    assert out.starts == (0,) * len(s.sizes)
    for axis, n in enumerate(s.sizes):
        r = rate(s.operator, axis)
        assert out.shape[axis] == -(-n * r.numerator // r.denominator)


@pytest.mark.campaign(40)
@pytest.mark.parametrize(("seed", "blocks"), PLAIN[:120:2] + BLOCKS[:40:2])
def test_linear_batched_and_adjoint(seed: int, blocks: bool) -> None:
    s = sample(4000 + seed, blocks=blocks)
    F, _ = bound(s, seed)
    rng = np.random.default_rng(seed)
    x, y = random_array(rng, (2, 3, *F.dims)), random_array(rng, (2, 3, *F.dims))
    given = x.copy()
    assert close(F(2 * x - 1j * y), 2 * F(x) - 1j * F(y), 1e-10)
    assert np.array_equal(x, given)
    one_by_one = np.array([[F(x[i, j]) for j in range(3)] for i in range(2)]).reshape(2, 3, *F.dimsd)
    assert close(F(x), one_by_one, 1e-13)
    back = F.H(F(x))
    assert back.shape == x.shape
    for dtype in DTYPES:
        assert F.dottest(dtype=dtype)
        assert F.T.dottest(dtype=dtype)


@pytest.mark.campaign(15)
@pytest.mark.parametrize("seed", range(60))
def test_combinations_are_those_of_the_matrices(seed: int) -> None:
    """Products, sums, multiples, powers and transposes of bound operators, in numbers and exactly."""
    rng = random.Random(seed)
    s, t = sample(5000 + seed, "ifc"), None
    F, w = bound(s, seed)
    ndim = len(s.sizes)
    for other in range(9000 + 50 * seed, 9050 + 50 * seed):
        t = sample(other, "ifc")
        if len(t.sizes) == ndim and t.operator.ndim in (None, ndim):
            break
    assert t is not None
    if t.operator.ndim not in (None, ndim) or not all(b > a for a, b in w):
        return
    sizes, rules = tuple(b - a for a, b in w), tuple(r if r != "wrap" else "edge" for r in t.boundary)
    G = t.operator.on(sizes if ndim > 1 else sizes[0], boundary=rules)
    P = t.operator.on(s.n, out=as_out(w), boundary=t.boundary[0])
    A, B, C = F.todense(), G.todense(), P.todense()
    c = rng.choice([2, -0.5, 1 - 2j])
    pairs = [
        (G @ F, B @ A), (F + P, A + C), (F - c * P, A - c * C), (-F / 2, -A / 2), ((G @ F).T, (B @ A).T),
        ((F + P).H, (A + C).conj().T), (F.H @ P, A.conj().T @ C), ((c * F).conj(), (c * A).conj()),
        ((F.T @ P) ** 2, np.linalg.matrix_power(A.T @ C, 2)), (sum([F, P, F]), 2 * A + C),
    ]  # fmt: skip
    for made, expected in pairs:
        assert close(made.todense(), expected, 1e-10)
        assert close(np.array(made.matrix().evalf(20).tolist(), dtype=complex).reshape(made.shape), expected, 1e-10)
        assert close(made.H.todense(), expected.conj().T, 1e-10)


@pytest.mark.campaign(40)
@pytest.mark.parametrize(("seed", "blocks"), PLAIN[:60] + BLOCKS[:20])
def test_read_back(seed: int, blocks: bool) -> None:
    """repr and pickle give an equal operator with an equal hash, of the combinations as well."""
    F, _ = bound(sample(seed, blocks=blocks), seed)
    for G in (F, F.T, F.H, 2 * F, F.conj() - F / 3, F @ F.H, (0.5 * (F.T @ F)) ** 2, -1 * -F, 2 * (F @ F.T)):
        for again in (eval(repr(G), dict(vars(oa))), pickle.loads(pickle.dumps(G))):
            assert again == G
            assert hash(again) == hash(G)
    assert F != 2 * F
    assert len({F, F.T.T, 1 * F}) == 2  # equality is that of trees


# Tests of the tests: the judge must see small faults


@pytest.mark.parametrize("seed", range(20))
def test_the_judge_sees_a_wrong_tap_a_wrong_start_and_a_wrong_boundary(seed: int) -> None:
    rng = random.Random(seed)
    q = np.array([rng.randint(1, 5) for _ in range(4)])
    n, out = rng.randint(3, 6), (-3, 10)

    def dense(q: Any, start: int, rule: str, out: Any = out) -> np.ndarray:
        return as_numbers(exact_matrix(oa.Conv(oa.Signal(q, start=start)), (n,), (out,), (rule,)))

    F = oa.Conv(oa.Signal(q, start=-1)).on(n, out=out, boundary="symmetric").todense()
    assert close(F, dense(q, -1, "symmetric"))
    wrong = q.copy()
    wrong[rng.randrange(4)] += 1
    faults = [
        dense(wrong, -1, "symmetric"), dense(q, 0, "symmetric"), dense(q, -1, "antisymmetric"),
        dense(q, -1, "reflect"), dense(q, -1, "symmetric", (-2, 11)),
    ]  # fmt: skip
    assert not any(close(F, fault) for fault in faults)
    assert not close(F, dense(q, -1, "symmetric", (-3, 9)))


def test_a_planted_fault_in_the_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every transposed filter one sample late, the judge disagrees nearly always."""
    from functools import cached_property

    from opalgebra.engine.filters.fir import Fir

    right = Fir.transposed.func

    def late(self: Fir) -> Fir:
        return right(self).then_shift((1,) * len(self.up))

    planted = cached_property(late)
    planted.__set_name__(Fir, "transposed")
    found = total = 0
    with monkeypatch.context() as patch:
        patch.setattr(Fir, "transposed", planted)
        for seed in range(40):
            s = sample(seed)
            w = spans(s.operator.on(s.n))
            dense = as_numbers(exact_matrix(s.operator, s.sizes, w, s.boundary))
            if np.any(dense):
                total += 1
                F = s.operator.on(s.n, out=as_out(w), boundary=s.boundary)
                found += not close(F.T.todense(), dense.T)
    assert found >= 0.8 * total > 0
