"""``A @ x`` by programs: the window, the dtype and, to rounding, the samples that the definitions give."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra.engine.arrays.arithmetic import Numbers
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.letters.outline import Dtypes, Windows
from opalgebra.engine.letters.reference import ArrayMachine, ReferenceEngine
from opalgebra.engine.program import matrix, shared, unbound
from opalgebra.engine.program.unbound import PlannedEngine, planned
from opalgebra.errors import OpAlgebraError
from opalgebra.expr.exactly import exactly
from tests import generate_bound

BY_LETTERS, BY_PROGRAMS = ReferenceEngine(), PlannedEngine()
DTYPES = "fdFD"
INTEGERS = "bBhHiIqQ"


@pytest.fixture
def fresh() -> Iterator[None]:
    """Nothing that was planned before, and nothing of what is planned here afterwards."""
    shared._KEPT.clear()
    yield
    shared._KEPT.clear()


def run(engine: ReferenceEngine, A: oa.LinearOperator, signals: tuple[oa.Signal, ...]) -> Any:
    """The outputs, or the error."""
    try:
        return engine.apply_to_channels(A, signals) if A.channels else (engine.apply(A, signals[0]),)
    except OpAlgebraError as error:
        return type(error)


def differences(A: oa.LinearOperator, signals: tuple[oa.Signal, ...]) -> list[str]:
    """What the two engines do not agree in."""
    wanted, found = run(BY_LETTERS, A, signals), run(BY_PROGRAMS, A, signals)
    if not isinstance(wanted, tuple) or not isinstance(found, tuple):
        return [] if wanted == found else [f"{wanted} and {found}"]
    return [what for pair in zip(wanted, found, strict=True) if (what := difference(*pair, signals))]


def difference(wanted: oa.Signal, found: oa.Signal, signals: tuple[oa.Signal, ...]) -> str:
    facts = [(y.starts, y.values.shape, y.dtype, y.weak) for y in (wanted, found)]
    if facts[0] != facts[1]:
        return f"{facts[0]} and {facts[1]}"
    a, b = wanted.values, found.values
    is_real = a.dtype.kind == "f"  # of complex numbers one part may be NaN or infinite
    if not np.array_equal(np.isfinite(a), np.isfinite(b)) or (is_real and np.any(np.isnan(a) != np.isnan(b))):
        return "not finite at other places"
    finite = np.isfinite(a)
    # The letters round to the dtype of the data at every step, a program to that of the result.
    unit = max(np.finfo(x.dtype).eps for x in signals)
    largest = max([*(_largest(x.values) for x in signals), _largest(a)])
    error = _largest(a[finite] - b[finite])
    return "" if error <= 64 * unit * largest else f"{error / unit / largest} roundings"


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0))


# Random expressions ---------------------------------------------------------------------------------------------------


def drawn(rng: random.Random, shape: tuple[int, ...], char: str, special: bool) -> np.ndarray:
    """Samples in any layout, some of them not finite."""
    numbers = np.random.default_rng(rng.getrandbits(32))
    x = numbers.standard_normal(shape) + (1j * numbers.standard_normal(shape) if char in "FD" else 0)
    x = x.astype(char)
    for _ in range(rng.randint(1, 3) if special and x.size else 0):
        x.flat[rng.randrange(x.size)] = rng.choice([np.nan, np.inf, -np.inf, 0.0])
    if rng.random() < 0.3:
        return np.asfortranarray(x)
    return x if rng.random() < 0.5 else np.repeat(x, 2, axis=-1)[..., ::2]


def case(seed: int) -> tuple[oa.LinearOperator, tuple[oa.Signal, ...]]:
    rng = random.Random(f"unbound {seed}")
    sample = generate_bound.sample(seed, rng.choice(["ifcq", "if", "i", "q"]), rng.random() < 0.3)
    ndim = len(sample.sizes)
    longest = ({1: 20_000, 2: 150, 3: 20} if rng.random() < 0.25 else {1: 40, 2: 9, 3: 4})[ndim]
    sizes, special, same = [rng.randint(1, longest) for _ in range(ndim)], rng.random() < 0.3, rng.random() < 0.5
    starts, char = [rng.randint(-5, 5) for _ in range(ndim)], rng.choice(DTYPES)
    signals = []
    for _ in range((sample.operator.channels or (1, 1))[1]):
        shape = tuple(n if same else max(0, n + rng.randint(-2, 2)) for n in sizes)
        at = tuple(a if same else a + rng.randint(-3, 3) for a in starts)
        kind = char if rng.random() < 0.8 else rng.choice(DTYPES)
        signals.append(oa.Signal._wrap(drawn(rng, shape, kind, special), at))
    return sample.operator, tuple(signals)


@pytest.mark.campaign(300)
@pytest.mark.parametrize("seed", range(3000))
def test_random_expressions(seed: int) -> None:
    A, signals = case(seed)
    assert differences(A, signals) == []


@pytest.mark.campaign(200)
@pytest.mark.parametrize("seed", range(2000))
def test_integers(seed: int) -> None:
    """Integers of any size, and floats where a kernel has them; some that nearly leave int64 on the way."""
    rng = random.Random(f"integers {seed}")
    A, signals = case(seed)
    many = any(x.values.size > 200 for x in signals)  # of which long ones would take long by letters
    numbers, top = np.random.default_rng(seed), rng.choice([8, 60, 100] if many else [8, 100, 2**30, 2**50, 2**62])
    given = []
    for x in signals:
        kind = np.iinfo(rng.choice(INTEGERS))
        values = numbers.integers(max(-top, kind.min), min(top, kind.max), x.values.shape, endpoint=True)
        given.append(oa.Signal._wrap(values.astype(kind.dtype), x.starts))
    if many and planned(A, tuple(given)) is None:
        return  # both go by letters, and that takes long with exact taps
    wanted, found = run(BY_LETTERS, A, tuple(given)), run(BY_PROGRAMS, A, tuple(given))
    for a, b in zip(wanted, found, strict=True):
        assert (a.starts, a.values.shape, a.dtype, a.weak) == (b.starts, b.values.shape, b.dtype, b.weak)
        if a.dtype.kind in "iuO":
            assert np.array_equal(a.values, b.values)
        else:
            largest = max(_largest(a.values), float(max(np.abs(x.values.astype(float)).max(initial=0) for x in given)))
            assert np.allclose(a.values, b.values, rtol=0, atol=64 * np.finfo(a.dtype).eps * largest)


def test_most_of_them_are_planned() -> None:
    cases = [case(seed) for seed in range(60)]
    assert sum(planned(A, signals) is not None for A, signals in cases) > 40


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "a tap": (
        Fir,
        "then_shift",
        lambda fir, s: replace(fir, start=tuple(a + n for a, n in zip(fir.start, s, strict=True))),
    ),
    "a window": (Windows, "shift", lambda machine, x, s: x),
    "a dtype": (Dtypes, "convolve", lambda machine, x, kernel: Numbers(x.array.astype("F"), False)),
    "a NaN": (matrix, "is_finite", lambda x: True),
}


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*FAULTS[fault])
    assert any(differences(*case(seed)) for seed in range(20_000, 20_400))


# What stays as it is defined ------------------------------------------------------------------------------------------


def test_exact_and_weak_numbers_and_few_integers_stay_with_the_letters() -> None:
    A = oa.Down(2) @ oa.Conv([1, 2, 1])
    exact, weak = oa.Signal([sympy.Rational(1, 2), 3]), oa.Signal([1.0, 2.0])
    for x in (exact, weak, oa.Signal(np.arange(5)), oa.Signal(np.ones(4, np.float16)), oa.Signal(np.ones(0))):
        assert planned(A, (x,)) is None
    assert planned(oa.Conv(oa.signals("q", length=3)), (oa.Signal(np.ones(4)),)) is None
    assert planned(oa.Conv(np.ones(3, np.longdouble)), (oa.Signal(np.ones(4)),)) is None
    assert planned(A, (oa.Signal(np.ones(4)),)) is not None


def test_inside_exactly_nothing_is_rounded() -> None:
    A, x = oa.Conv([0.1, 0.2]) + oa.Shift(1), oa.Signal(np.array([0.1, 0.3]))
    with exactly():
        y = A @ x
    assert y.is_exact
    assert y == BY_LETTERS.apply(A, x, True)


def test_taps_with_symbols_make_exact_samples() -> None:
    a = sympy.Symbol("a")
    y = (oa.Conv([a, 1]) + oa.Identity()) @ np.ones(3)
    assert y.is_exact


@pytest.mark.parametrize("char", DTYPES)
@pytest.mark.parametrize(
    "A", [oa.Shift(3), oa.Down(2) @ oa.Up(3), oa.Flip() @ oa.Up(2), oa.Down(3) @ (2 * oa.Up(2)),
          oa.Down(3) @ oa.Modulate([1, -1]) @ oa.Up(2), oa.Down(2) @ (oa.Up(2) / 3),
          oa.Polyphase(2) @ oa.Down(2) @ oa.Up(3)],
)  # fmt: skip
def test_what_adds_nothing_keeps_the_sign_of_zeros(A: oa.LinearOperator, char: str) -> None:
    x = (oa.Signal(np.array([-0.0, 1, -0.0, 0, -0.0, -2, 0.0, 5]).astype(char), start=-3),)
    for a, b in zip(run(BY_LETTERS, A, x), run(BY_PROGRAMS, A, x), strict=True):
        assert np.array_equal(a.values, b.values)
        assert np.array_equal(np.signbit(a.values.real), np.signbit(b.values.real))


@pytest.mark.parametrize("char", DTYPES)
def test_a_nan_stays_local_in_long_filters(char: str) -> None:
    x = np.ones(50_000, char)
    x[20_000] = np.nan
    x[30_000] = np.inf
    A = oa.Conv(oa.Signal(np.hanning(3001).tolist(), start=-1500))
    assert differences(A, (oa.Signal(x),)) == []


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: x[::-1, ::2], lambda x: x.T])
def test_inputs_are_never_modified_and_have_any_layout(layout: Any) -> None:
    base = np.random.default_rng(0).standard_normal((120, 120))
    x, kept = layout(base), base.copy()
    base.flags.writeable = False
    for A in (oa.Conv(np.ones((5, 5))), oa.Shift((1, 2)), oa.Identity(), oa.Down((2, 2)) @ oa.Up((3, 3))):
        y = A @ x
        assert y == BY_LETTERS.apply(A, oa.Signal(x)) or np.allclose(y, BY_LETTERS.apply(A, oa.Signal(x)))
        assert not np.may_share_memory(y.values, base)
        assert not y.values.flags.writeable
    assert np.array_equal(base, kept)


def test_results_have_no_memory_in_common() -> None:
    A = oa.Block([[oa.Conv([1.0, 2.0])], [oa.Identity()]])
    x = oa.Signal(np.arange(5.0))
    first, second = A @ x
    again, _ = A @ x
    assert not np.may_share_memory(first.values, again.values)
    assert second == x


def test_what_is_too_large_is_refused_before_work() -> None:
    for A in (oa.Conv([1.0, 2.0]) @ oa.Up(2**40), oa.Identity() + oa.Shift(10**12), oa.Conv([1.0]) @ oa.Up(10**12),
              oa.Block([[oa.Up(2**40)], [oa.Conv([1.0, 2.0])]])):  # fmt: skip
        with pytest.raises(oa.SizeError):
            A @ np.ones(3)
    for A in (oa.Up(2) ** 60, oa.Repeat(2) ** 40, oa.Conv([1, 2]) @ oa.Up(2) ** 60):  # letter by letter as well
        with patch.object(ArrayMachine, "up", None), pytest.raises(oa.SizeError):
            A @ [1, 2, 3]
    far = oa.Conv([1.0, 2.0]) @ oa.Shift(10**30) @ np.ones(3)
    assert (far.start, far.values.tolist()) == (10**30, [1, 3, 3, 2])
    near = oa.Block([[oa.Conv([1.0, 2.0])], [oa.Shift(10**12) @ oa.Conv([1.0, 2.0])]])
    assert [y.start for y in near @ np.ones(3)] == [0, 10**12]
    # What the letters would hold on the way, and a program does not, is no reason to refuse.
    assert (oa.Down(44_101) @ oa.Conv([1.0, 2.0]) @ oa.Up(44_100) @ np.ones(10**6)).values.size > 990_000


@pytest.mark.parametrize("factor", [10**30, -(2**64), sympy.Integer(10) ** 30])
@pytest.mark.parametrize("huge", [10**400, sympy.Integer(10) ** 400], ids=["int", "sympy"])
def test_whole_numbers_that_int64_does_not_hold(factor: Any, huge: Any) -> None:
    few, x = oa.Conv([1, 2]), np.arange(100)
    for A in (factor * few, oa.Conv([factor, 2 * factor]), few @ (factor * oa.Identity())):
        for y in (A.on(100)(x * 1.0), (A @ (x * 1.0)).values):
            assert np.allclose(y, float(factor) * few.on(100)(x), rtol=1e-15)
        assert A @ x == A @ oa.Signal(x.tolist())
        with pytest.raises(oa.IntegerOverflow):
            A.on(100)(x)
    for A in (huge * few, oa.Conv([huge, 1]), few @ (huge * oa.Identity())):
        assert A @ x == A @ oa.Signal(x.tolist())
        for F in (A.on(100), A.on(100).T, A.on(100, boundary="wrap")):
            with pytest.raises(oa.CoefficientError):
                F(np.ones(F.dims))
        with pytest.raises(oa.CoefficientError):
            A @ np.ones(100)


@pytest.mark.parametrize("char", DTYPES)
def test_factors_that_make_up_for_one_another(char: str) -> None:
    """Products of taps that leave int64, or the numbers of single precision, are not made beforehand."""
    large, one = 1e30 if char in "fF" else 1e250, oa.Identity()
    tiny = oa.Conv([1 / large, 1 / large])
    for factor, A in [(large, tiny @ (1 / large * one)), (large, large * tiny @ (1 / large * one)),
                      (large, 1 / large * oa.Conv([1 / large, 0.0])), (large, oa.Conv([1 / large]) ** 2),
                      (1, oa.Conv(np.array([2**40, 1])) @ (2**40 * one))]:  # fmt: skip
        x = np.full(4, factor, char)
        assert differences(A, (oa.Signal(x),)) == []
        assert np.allclose(A.on(4)(x), A @ x, rtol=1e-5, atol=0)


@pytest.mark.parametrize("char", DTYPES)
def test_numbers_too_large_for_the_data(char: str) -> None:
    for A in (oa.Conv([1e300, 1.0]), oa.Down(2) @ oa.Conv([1.0, 1.0]) @ oa.Modulate([1.0, 1e300, 1.0]),
              oa.Conv([1.0, 1.0]) @ oa.Modulate([1.0, 1.0, 1.0, 1.0, 1e300]), 10**30 * oa.Conv([1.0, 2.0]),
              2**63 * oa.Conv([1, 2])):  # fmt: skip
        assert differences(A, (oa.Signal(np.ones(4, char)),)) == []


# Planned once ---------------------------------------------------------------------------------------------------------


def test_equal_operators_share_their_plans() -> None:
    x = oa.Signal(np.ones(1000))

    def made() -> oa.LinearOperator:
        return oa.Down(2) @ oa.Conv(np.hanning(31))

    first, second = planned(made(), (x,)), planned(made(), (x,))
    assert first is second
    assert planned(made(), (oa.Signal(np.ones(1000, np.float32)),)) is not first
    assert planned(made(), (oa.Signal(np.ones(1000), start=1),)) is not first
    assert planned(oa.Down(2) @ oa.Conv(np.hanning(31).tolist()), (x,)) is not first  # weak numbers
    assert made().on(1000).program is made().on(1000).program


@pytest.mark.usefixtures("fresh")
def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(shared.MOST + 8):
        oa.Conv([1.0, n]) @ np.ones(8)
    assert len(shared._KEPT.made) == shared.MOST
    monkeypatch.setattr(shared, "MOST_TAPS", 100)
    for n in range(20):
        oa.Conv(np.ones(40 + n)) @ np.ones(8)
    assert len(shared._KEPT.made) == 1 + (40 + 19 + 40 + 18 <= 100)
    one = oa.Conv([1.0, 2.0])
    for n in range(unbound.MOST_PLANS + 4):
        one @ oa.Signal(np.ones(8), start=n)
    assert len(shared.as_written(one, 1).__dict__["_plans"]) <= unbound.MOST_PLANS


def test_threads_that_plan_at_once_agree() -> None:
    from concurrent.futures import ThreadPoolExecutor

    x = np.random.default_rng(0).standard_normal(3000)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: (oa.Down(3) @ oa.Conv(np.hanning(40 + n % 3)) @ x).values, range(48)))
    assert all(np.array_equal(found[n], found[n % 3]) for n in range(48))


def test_channels_with_dtypes_and_windows_of_their_own() -> None:
    A = oa.Block([[oa.Conv([1.0, 2.0]), oa.Shift(4)], [0, oa.Conv(np.ones(2))], [oa.Up(2), 0]])
    x, y = oa.Signal(np.ones(6, np.float32)), oa.Signal(np.ones(3, np.complex64), start=5)
    assert differences(A, (x, y)) == []
    assert [out.dtype for out in A @ (x, y)] == ["complex64", "complex128", "float32"]


def test_filters_between_channels_are_one() -> None:
    A = oa.Block([[oa.Down(2) @ oa.Conv(np.arange(1.0, 4) + i + j) for j in range(3)] for i in range(2)])
    signals = tuple(oa.Signal(np.random.default_rng(j).standard_normal(500)) for j in range(3))
    assert differences(A, signals) == []
    plan = planned(A, signals)
    assert plan is not None
    assert [len(part.outputs) for part in plan.parts] == [2]
