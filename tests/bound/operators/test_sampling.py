"""Random operators with sampling matrices on arrays, against the judge's matrices."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import opalgebra as oa
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters import relabel
from tests.generate_lattice import composed, word
from tests.judge import Judge
from tests.judge_bound import BOUNDARIES, Spans, as_numbers, exact_matrix, same_exactly

QUINCUNX, HEXAGONAL = [[1, 1], [1, -1]], [[2, 1], [0, 2]]


def sample(seed: int) -> tuple[Any, tuple[int, ...], Spans, tuple[str, ...]]:
    """Operator, sizes, output window and boundary."""
    rng = random.Random(f"bound/{seed}")
    ndim = 2 if rng.random() < 0.8 else 3
    operator = composed(word(rng, ndim, formal=False))
    if rng.random() < 0.3:
        operator = operator + composed(word(rng, ndim, formal=False))
    if rng.random() < 0.3:
        operator = rng.choice([operator.T, operator.H, operator.conj()])
    sizes = tuple(rng.randint(1, 5 if ndim == 2 else 3) for _ in range(ndim))
    full = operator.on(sizes).out_window
    out = []
    for a, b in zip(full.starts, full.stops, strict=True):
        start = rng.randint(a - 1, max(a - 1, b - 2))
        out.append((start, start + rng.randint(1, 6 if ndim == 2 else 3)))
    boundary = tuple(rng.choice(["zero", "zero", *BOUNDARIES]) for _ in range(ndim))
    boundary = tuple("edge" if n == 1 and rule in ("reflect", "antireflect") else rule
                     for rule, n in zip(boundary, sizes, strict=True))  # fmt: skip
    return operator, sizes, tuple(out), boundary


@pytest.mark.campaign(20)
@pytest.mark.parametrize("seed", range(60))
def test_against_the_judge(seed: int) -> None:
    """F, its transpose, adjoint and conjugate as matrices, and the exact matrix exactly."""
    operator, sizes, out, boundary = sample(seed)
    F = operator.on(sizes, out=out, boundary=boundary)
    exact = exact_matrix(operator, sizes, out, boundary)
    dense = as_numbers(exact)
    for G, expected in ((F, dense), (F.T, dense.T), (F.H, dense.conj().T), (F.conj(), dense.conj())):
        for engine in (G, G if G is not F else operator.on(sizes, out=out, boundary=boundary, engine="numpy")):
            found = engine.todense()
            assert np.all(np.abs(found - expected) <= 1e-11 * max(1.0, np.abs(expected).max(initial=0)))
    judge = Judge(len(sizes))
    entries = np.array([judge.number(v) for v in F.matrix()], dtype=object).reshape(F.shape)
    assert same_exactly(entries, exact)
    again = eval(repr(F), dict(vars(oa)))
    assert again == F == pickle.loads(pickle.dumps(F))


@pytest.mark.parametrize("seed", range(200, 230))
def test_batches_dtypes_and_out(seed: int) -> None:
    operator, sizes, out, boundary = sample(seed)
    F = operator.on(sizes, out=out, boundary=boundary)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, 3, *sizes))
    given = x.copy()
    one_by_one = np.array([[F(x[i, j]) for j in range(3)] for i in range(2)])
    assert np.allclose(F(x), one_by_one, rtol=1e-13, atol=1e-13)
    assert np.array_equal(x, given)
    for dtype in ("float32", "float64", "complex64", "complex128"):
        assert F.dottest(dtype=dtype)
        assert F.T.dottest(dtype=dtype)
    y = np.empty_like(F(x))
    assert F(x, out=y) is y
    assert np.allclose(y, F(x), rtol=1e-13, atol=1e-13)
    strided = np.asfortranarray(x[0, 0])
    assert np.allclose(F(strided), F(x[0, 0]), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("seed", range(303, 325))
def test_full_is_what_the_operator_on_signals_gives_and_holds_all(seed: int) -> None:
    operator, sizes, _, _ = sample(seed)
    F = operator.on(sizes)
    x = np.random.default_rng(seed).integers(-9, 10, sizes)
    y = operator @ x
    assert y.starts == F.out_window.starts
    assert y.values.shape == F.out_window.shape
    assert np.allclose(F(x), np.array(y.values.tolist(), dtype=complex).reshape(y.values.shape))
    wide: Spans = tuple((a - 3, b + 3) for a, b in zip(F.out_window.starts, F.out_window.stops, strict=True))
    around = as_numbers(exact_matrix(operator, sizes, wide, ("zero",) * len(sizes)))
    inside = as_numbers(exact_matrix(operator, sizes, tuple((a + 3, b - 3) for a, b in wide), ("zero",) * len(sizes)))
    assert np.count_nonzero(around) == np.count_nonzero(inside)


@pytest.mark.parametrize("M", [QUINCUNX, HEXAGONAL, [[0, -3], [2, 1]], [[-1, 0], [0, 1]]])
def test_large_arrays_against_coordinates(M: list[list[int]]) -> None:
    """↓M on an array of real size reads what SciPy reads at the coordinates M n."""
    x = np.random.default_rng(0).standard_normal((211, 150))
    F = oa.Down(M).on(x.shape, boundary="symmetric", out=((-60, 70), (-55, 90)))
    n = np.stack(np.meshgrid(np.arange(-60, 70), np.arange(-55, 90), indexing="ij"))
    coordinates = np.tensordot(np.array(M), n, axes=1)
    expected = scipy.ndimage.map_coordinates(x, coordinates, order=0, mode="reflect")  # SciPy's name for symmetric
    assert np.array_equal(F(x), expected)
    G = oa.Up(M).on(x.shape)
    y = G(x)
    at = np.tensordot(np.array(M), np.indices(x.shape), axes=1)
    starts = np.array(G.out_window.starts)[:, None, None]
    assert np.array_equal(y[tuple(at - starts)], x)
    assert np.count_nonzero(y) == np.count_nonzero(x)


def test_a_diagonal_matrix_runs_as_a_tuple() -> None:
    plain, matrix = oa.Down((2, 3)).on((64, 60)), oa.Down([[2, 0], [0, 3]]).on((64, 60))
    assert plain.out_window == matrix.out_window
    assert [s.text for s in matrix.explain().steps] == [s.text for s in plain.explain().steps]
    for mode in ("same", "valid"):
        assert (
            oa.Down([[2, 0], [0, 3]]).on((64, 60), mode=mode).out_window
            == oa.Down((2, 3)).on((64, 60), mode=mode).out_window
        )
    assert oa.prove(plain, matrix)


def test_a_nan_stays_where_it_is_read() -> None:
    x = np.arange(30.0).reshape(5, 6)
    x[2, 2] = np.nan
    y = oa.Down(QUINCUNX).on((5, 6))(x)
    assert np.count_nonzero(np.isnan(y)) == 1
    up = (oa.Conv([[1, 0], [0, 2]]) @ oa.Up(QUINCUNX)).on((5, 6))
    assert np.count_nonzero(np.isnan(up(x))) == 2
    assert np.isfinite(
        oa.Down(QUINCUNX).on((5, 6))(np.where(np.arange(6) + np.arange(5)[:, None] == 3, np.nan, 1))
    ).all()


def test_integers_stay_integers() -> None:
    x = np.array([[2**60, -1], [3, 4]])
    assert oa.Up(QUINCUNX).on((2, 2))(x).dtype == np.int64
    assert oa.Up(QUINCUNX).on((2, 2))(x).max() == 2**60


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0), (1, 1)])
@pytest.mark.parametrize("A", [oa.Up(QUINCUNX), oa.Down(HEXAGONAL), oa.Conv([[1, 2]]) @ oa.Down(QUINCUNX)], ids=str)
def test_empty_arrays(A: Any, shape: tuple[int, int]) -> None:
    y, F = A @ oa.Signal(np.zeros(shape)), A.on(shape)
    assert y.starts == F.out_window.starts
    assert y.values.shape == F(np.zeros(shape)).shape == F.dimsd
    assert F.T(np.zeros(F.dimsd)).shape == shape


def test_exact_samples_move_as_they_are() -> None:
    import sympy

    y = oa.Up(QUINCUNX) @ oa.Signal([[sympy.sqrt(2), 1], [3, sympy.Rational(1, 2)]])
    assert (y[0, 0], y[1, -1], y[1, 1], y[2, 0]) == (sympy.sqrt(2), 1, 3, sympy.Rational(1, 2))
    assert sum(value != 0 for value in y.values.flat) == 4


def test_phases_as_channels() -> None:
    x = np.random.default_rng(0).standard_normal((6, 5))
    split = oa.Polyphase(HEXAGONAL).on((6, 5))
    assert split.dimsd[0] == 4
    assert split.dottest()
    back = oa.PixelShuffle(HEXAGONAL).on(split.out_window.shape)
    moved = back(split(x[None]))[0]  # index 0 of the phases stands at the start of their window
    offset = oa.SamplingMatrix(HEXAGONAL) @ split.out_window.starts
    signal = oa.Shift(offset) @ oa.Signal(moved, start=back.out_window.starts)
    assert signal == oa.Signal(x)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"mode": "same"}, "rate"), ({"mode": "valid"}, "no box"), ({"boundary": "wrap"}, "period")],
)
def test_modes_without_meaning_are_refused(options: dict[str, str], words: str) -> None:
    with pytest.raises(oa.WindowError, match=words) as info:
        (oa.Conv([[1, 2]]) @ oa.Down(QUINCUNX)).on((4, 4), **options)
    assert "out=" in str(info.value)


def test_the_box_for_a_size_that_is_a_symbol() -> None:
    import sympy

    n = sympy.Symbol("n", integer=True, positive=True)
    for operator in (oa.Up(HEXAGONAL), oa.Down(QUINCUNX), oa.Down(HEXAGONAL) @ oa.Up(QUINCUNX)):
        sizes = operator.on((5, 7)).out_size((n, n))
        for value in (1, 2, 5, 8):
            assert tuple(s.subs(n, value) for s in sizes) == operator.on((value, value)).out_window.shape


def test_explained() -> None:
    steps = (oa.Down(QUINCUNX) @ oa.Conv(np.ones((3, 3)))).on((40, 40)).explain().steps
    assert [step.way for step in steps][-1] == "gather"
    assert steps[-1].multiply_adds == 0
    assert "↓[[1, 1], [1, -1]]" in str((oa.Down(QUINCUNX)).on((40, 40)).explain())


def test_bound_operators_are_proved() -> None:
    q = oa.Signal([[1, 2], [3, 4]])
    noble = (oa.Down(QUINCUNX) @ oa.Conv(oa.Up(QUINCUNX) @ q)).on((9, 9), out=((0, 4), (0, 4)))
    assert oa.prove(noble, (oa.Conv(q) @ oa.Down(QUINCUNX)).on((9, 9), out=((0, 4), (0, 4))))
    false = oa.prove(noble, (oa.Conv(q) @ oa.Down(QUINCUNX)).on((9, 9), out=((0, 4), (0, 4)), boundary="edge"))
    assert false.verdict == "refuted"
    one, two = oa.Up(QUINCUNX).on((6, 6)), oa.Up(HEXAGONAL).on((6, 6), out=((0, 10), (0, 8)))
    assert oa.prove(one.T @ one, oa.Identity().on((6, 6))).verdict == "proved"
    assert oa.prove(two.T @ two, oa.Identity().on((6, 6))).verdict == "refuted"  # the window cuts samples off


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all samples but the last forgotten, the judge disagrees."""
    right = relabel.places
    monkeypatch.setattr(relabel, "places", lambda *windows: tuple(at[::-1][:1] for at in right(*windows)))
    found = 0
    for seed in range(16):
        operator, sizes, out, boundary = sample(seed)
        dense = as_numbers(exact_matrix(operator, sizes, out, boundary))
        F = operator.on(sizes, out=out, boundary=boundary)
        found += np.any(np.abs(F.todense() - dense) > 1e-9)
    assert found >= 3


def test_the_boxes_hold_the_images() -> None:
    rng = random.Random(5)
    for _ in range(200):
        M = oa.SamplingMatrix([[rng.choice([-3, -1, 1, 2]), rng.randint(-2, 2)], [0, rng.choice([-2, 1, 3])]])
        window = Window((rng.randint(-4, 4), rng.randint(-4, 4)), (rng.randint(1, 5), rng.randint(1, 5)))
        spread, sampled = window.spread(M), window.sampled(M)
        images = {M @ (a, b) for a in range(window.starts[0], window.stops[0])
                  for b in range(window.starts[1], window.stops[1])}  # fmt: skip
        assert [min(axis) for axis in zip(*images, strict=True)] == list(spread.starts)
        assert [max(axis) + 1 for axis in zip(*images, strict=True)] == list(spread.stops)
        for n in ((a, b) for a in range(-20, 21) for b in range(-20, 21)):
            if all(s <= i < t for i, s, t in zip(M @ n, window.starts, window.stops, strict=True)):
                assert all(s <= i < t for i, s, t in zip(n, sampled.starts, sampled.stops, strict=True))
