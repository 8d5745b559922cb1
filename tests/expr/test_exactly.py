"""Exact stays exact: at every door, in every substitution inside a proof, and as keys of caches."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra import Conv, Down, Identity, Modulate, Shift, Signal, Up
from opalgebra.expr import substitute
from opalgebra.expr.exactly import exactly
from opalgebra.scalar import exact

I, S = Identity(), Shift(1)  # noqa: E741
k = oa.factors("k")
j = oa.integers("j")
h = oa.signals("h")
THIRD = Fraction(1, 3)
PI = sympy.pi


def entries(signal: Signal) -> list[Any]:
    return [exact(v if signal.is_exact else v.item()) for v in signal.values]


# -- doors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "values"),
    [
        (THIRD * Signal([3, 6, 1]), [1, 2, THIRD]),
        (Signal([1, 2]) * THIRD, [THIRD, 2 * THIRD]),
        (THIRD * Signal(np.array([3, 1], dtype=np.uint8)), [1, THIRD]),
        (Signal([1, 2]) / 2, [Fraction(1, 2), 1]),
        (Signal([1, 2]) / 3, [THIRD, 2 * THIRD]),
        (Signal([6, 3]) / Fraction(3, 2), [4, 2]),
        (10**30 * Signal([1, -2]), [10**30, -2 * 10**30]),
        (Conv([2**62, 1]) @ Signal([2, 3]), [2**63, 2 + 3 * 2**62, 3]),
        (Signal([2**62]) + Signal([2**62]), [2**63]),
        ((I + Fraction(1, 10**20) * I) @ Signal([1]), [1 + Fraction(1, 10**20)]),
        (oa.AvgPool(3) @ [1, 1, 1, 1], [1, THIRD]),
        (Signal([10**30, -1]), [10**30, -1]),
        (Signal(np.array([10**30, Fraction(1, 2)], dtype=object)), [10**30, Fraction(1, 2)]),
        (Modulate(PI) @ Signal([1, 1]), [1, -1]),
        (Modulate(PI / 2) @ Signal([1, 1, 1]), [1, sympy.I, -1]),
        ((Modulate(2 * PI / 3) ** 3) @ Signal([5, 7, 9]), [5, 7, 9]),
        (oa.Sum(THIRD * (Shift(j) @ Signal([1])), (j, 0, 3)), [THIRD] * 3),
    ],
    ids=str,
)
def test_integers_and_exact_numbers_give_exact_numbers(made: Signal, values: list[Any]) -> None:
    at = {n - made.start: exact(v if made.is_exact else v.item()) for (n,), v in made.items()}
    assert [at.get(n, 0) for n in range(len(values))] == values


@pytest.mark.parametrize(
    ("made", "dtype"),
    [
        (THIRD * Signal([3.0, 6.0]), "f8"),
        (THIRD * Signal(np.ones(2, "f4")), "f4"),
        (0.5 * Signal([1, 2]), "f8"),
        (Signal([1, 2]) / 2.0, "f8"),
        (Signal([1, 2]) / 3.0, "f8"),
        (Signal(np.ones(2, "f4")) / 3, "f4"),
        (Modulate(frequency=0.5) @ Signal([1, 2]), "c16"),
        (Modulate(PI / 3) @ Signal([1.0, 2.0]), "c16"),
        (oa.AvgPool(3) @ [1.0, 1.0], "f8"),
    ],
    ids=str,
)
def test_only_floats_make_floats(made: Signal, dtype: str) -> None:
    assert made.dtype == np.dtype(dtype)


def test_floats_are_divided_as_numpy_divides_them() -> None:
    x = np.random.default_rng(0).standard_normal(200)
    for divisor in (3, 7.0, -0.1, 49):
        np.testing.assert_array_equal((Signal(x) / divisor).values, x / divisor)
    assert (oa.signals("q") / 2) == Fraction(1, 2) * oa.signals("q")
    for zero in (0, 0.0):
        with pytest.raises(oa.CoefficientError, match="by 0"):
            Signal([1]) / zero
        with pytest.raises(oa.CoefficientError, match="by 0"):
            Signal([1.0]) / zero


def test_a_float_frequency_is_kept_as_one() -> None:
    A = Modulate(frequency=0.3)
    assert repr(A) == "Modulate(frequency=0.3)"
    assert eval(repr(A), vars(oa)) == A == pickle.loads(pickle.dumps(A))
    assert oa.prove(A, Modulate(frequency=exact(0.3))).verdict == "proved"
    assert oa.prove(A, Modulate(frequency=Fraction(3, 10))).verdict == "refuted"
    np.testing.assert_array_equal((A @ [1, 1]).values, (A @ [1.0, 1.0]).values)


# -- statements -------------------------------------------------------------------------------------------

TRUE = {
    "a box over its length telescopes": lambda: ((I - S) @ Conv((1 / k) * oa.box(k)), (1 / k) * (I - Shift(k)), ()),
    "a large box telescopes": lambda: ((I - S) @ Conv(10**30 * oa.box(k)), 10**30 * (I - Shift(k)), ()),
    "a box of thirds": lambda: (Conv(THIRD * oa.box(k)) @ (I - S), THIRD * (I - Shift(k)), ()),
    "two boxes telescope twice": lambda: ((I - S) ** 2 @ Conv(oa.box(k)) ** 2, (I - Shift(k)) ** 2, ()),
    "a box is the geometric sum": lambda: (oa.Sum(Shift(j), (j, 0, k)), Conv(oa.box(k)), ()),
    "one more term": lambda: (Conv(oa.box(k)) + Shift(k), I + S @ Conv(oa.box(k)), ()),
    "a third of a Nyquist filter": lambda: (Down(4) @ Conv(THIRD * h) @ Up(4), THIRD * I, oa.nyquist(h, 2)),
    "an undecimated DFT bank": lambda: (
        oa.Sum(Conv(Modulate(2 * PI * j / 3) @ h), (j, 0, 3)), 3 * I, oa.nyquist(h, 3),
    ),
    "an even Nyquist filter": lambda: (
        Down(2) @ Conv(h).T @ Up(2), I, (oa.nyquist(h, 2), oa.even_symmetric(h)),
    ),
    "Nyquist for every factor": lambda: (Down(k) @ Conv(h) @ Up(k), I, oa.nyquist(h, k)),
    "spectral inversion": lambda: (Conv(Modulate(PI) @ Signal([1, 1])), Conv([1, -1]), ()),
    "a third of a signal": lambda: (3 * (THIRD * Signal([1, 2])), Signal([1, 2]), ()),
    "a modulated box of known length": lambda: (
        Modulate(2 * PI / 3) @ Conv(oa.box(2)), Conv(Modulate(2 * PI / 3) @ oa.box(2)) @ Modulate(2 * PI / 3), (),
    ),
}  # fmt: skip
FALSE = {
    "a tiny change": lambda: ((I + Fraction(1, 10**20) * I) @ Signal([1]), Signal([1]), ()),
    "a tiny change of a large box": lambda: ((I - S) @ Conv(10**30 * oa.box(k)), (10**30 + 1) * (I - Shift(k)), ()),
    "a box that telescopes too far": lambda: ((I - S) @ Conv(oa.box(k)), I - Shift(k + 1), ()),
    "a third is no float": lambda: (THIRD * I, (1 / 3) * I, ()),
    "twice telescoped is not once": lambda: ((I - S) @ Conv(oa.box(k)) ** 2, (I - Shift(k)) ** 2, ()),
    "Nyquist for 3 is not for 2": lambda: (Down(2) @ Conv(h) @ Up(2), I, oa.nyquist(h, 3)),
    "a DFT bank with a wrong gain": lambda: (
        oa.Sum(Conv(Modulate(2 * PI * j / 3) @ h), (j, 0, 3)), 2 * I, oa.nyquist(h, 3),
    ),
    "a Nyquist filter is not even": lambda: (Conv(h).T, Conv(h), oa.nyquist(h, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_true_with_exact_numbers(name: str) -> None:
    lhs, rhs, facts = TRUE[name]()
    proof = oa.prove(lhs, rhs, given=facts)
    assert proof.verdict == "proved", proof.reason
    assert proof.check()


@pytest.mark.parametrize("name", FALSE)
def test_false_with_exact_numbers(name: str) -> None:
    lhs, rhs, facts = FALSE[name]()
    proof = oa.prove(lhs, rhs, given=facts)
    assert proof.verdict == "refuted", proof.reason
    assert proof.check()


@pytest.mark.parametrize("turn", [2 * PI / 3, PI / 5, PI / 7])
@pytest.mark.parametrize("scale", [1, THIRD, 10**30])
def test_modulated_boxes_are_never_refuted_by_rounding(turn: Any, scale: Any) -> None:
    M, B = Modulate(turn), scale * oa.box(k)
    assert oa.prove(M @ Conv(B), Conv(M @ B) @ M).verdict != "refuted"
    assert oa.prove(M @ Conv(B), Conv(M.conj() @ B) @ M).verdict != "proved"


@given(
    st.lists(st.sampled_from([1, 3, Fraction(1, 3), Fraction(-2, 7), 0.1, 1e-300, 2.0**53]), min_size=1),
    st.sampled_from([1, Fraction(1, 3), -(10**30), 0.1, 1e300]),
    st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_substitution_never_rounds(taps: list[Any], scale: Any, shift: int) -> None:
    """A x with a symbol in its place is, once the symbol has a value, what fractions say."""
    signal = Signal(taps)
    s = oa.integers("s")
    x = scale * ((I + Fraction(1, 7) * Shift(s)) @ signal)
    found = substitute(x, {s: shift})
    wanted: dict[int, Any] = {}
    for n, tap in enumerate(entries(signal)):
        for at, weight in ((n, Fraction(1)), (n + shift, Fraction(1, 7))):
            wanted[at] = wanted.get(at, 0) + exact(scale) * weight * tap
    assert {n: exact(v) for (n,), v in found.items()} == {n: v for n, v in wanted.items() if v}


def test_inside_a_proof_floats_are_binary_fractions() -> None:
    tenth = Signal([0.1])
    with exactly():
        assert entries(Conv([0.1, 0.2]) @ tenth) == [exact(0.1) * exact(0.1), exact(0.2) * exact(0.1)]
        assert entries(tenth + Signal([0.2])) == [exact(0.1) + exact(0.2)]
        assert entries(tenth / 3) == [exact(0.1) / 3]
    assert (Conv([0.1, 0.2]) @ tenth).dtype == np.float64


# -- keys -------------------------------------------------------------------------------------------------

BIG = 2**53 + 1
NUMBERS: list[Any] = [
    [BIG], [float(BIG)], [0], [0.0], [-0.0], [1], [1.0], [1 + 0j], [1j], [Fraction(1, 3)], [1 / 3], [np.float32(1 / 3)],
    [sympy.Rational(1, 3)], [sympy.Integer(BIG)], [10**30], [1e30], [2**63], [2.0**63], [-(2**63)], [float("nan")],
    np.array([1], "i1"), np.array([BIG], "u8"), np.array([2**63], "u8"), np.array([1.0], ">f8"), np.array([1], ">i4"),
    np.array([1 / 3], "g"), np.array([1], "g") / 3, np.array([float(BIG)], "g") + 0, np.array([BIG], "g"),
    np.array([0.1], "f2"), np.array([1 + 1j], "F"), [sympy.sqrt(2)], [2**0.5], [sympy.I], [0.5, 0], [0, 0.5],
]  # fmt: skip


def _true_value(signal: Signal) -> dict[int, Any]:
    """What the samples are, by fractions of Python alone."""
    found = {}
    for n, value in enumerate(signal.values):
        if isinstance(value, np.generic) and value.dtype.kind in "fc":
            if value != value:
                return {n: object()}
            parts = [Fraction(*part.as_integer_ratio()) for part in (value.real, value.imag)]
            value = parts[0] if not parts[1] else parts[0] + sympy.I * sympy.Rational(parts[1])
        elif isinstance(value, np.generic):
            value = int(value)
        if value != 0:
            found[n + signal.start] = value
    return found


@pytest.mark.parametrize("length", [1, 70])
@pytest.mark.parametrize("place", ["first", "last"])
def test_signals_are_equal_as_keys_iff_their_numbers_are(length: int, place: str) -> None:
    def padded(values: Any) -> Any:
        ones = np.ones(length - 1, dtype=np.asarray(values).dtype) if isinstance(values, np.ndarray) else None
        if ones is not None:
            return np.concatenate([ones, values] if place == "last" else [values, ones])
        return [1] * (length - 1) + values if place == "last" else values + [1] * (length - 1)

    signals = []
    for values in NUMBERS:
        try:
            signals.append(Signal(padded(values)))
        except oa.KernelError:  # an int beside floats that no dtype holds
            assert length > 1 or isinstance(values, list)
    for a, b in product(signals, repeat=2):
        same = _true_value(a) == _true_value(b) if a is not b else not np.any(np.asarray(a.values != a.values))
        assert (a == b) == same, (a, b)
        if same:
            assert hash(a) == hash(b), (a, b)


def test_equal_bytes_make_equal_kernels() -> None:
    assert Conv(np.array([1.0, 2], ">f8")) == Conv(np.array([1.0, 2], "<f8"))
    one = np.empty(2, "g")
    one.view(np.uint8)[:] = 255  # padding bytes of long doubles that mean nothing
    one[:] = 1
    assert Conv(one) == Conv(np.ones(2, "g"))
    assert hash(Conv(one)) == hash(Conv(np.ones(2, "g")))


@pytest.mark.parametrize("size", [1, 63, 64, 65, 80, 500])
def test_kernels_that_rounding_makes_equal_are_told_apart(size: int) -> None:
    for at in {0, size // 2, size - 1}:
        a, b = np.ones(size, dtype=np.int64), np.ones(size)
        a[at], b[at] = BIG, float(BIG)
        assert oa.prove(Conv(a), Conv(b)).verdict == "refuted"
        a[at] -= 1
        assert oa.prove(Conv(a), Conv(b)).verdict == "proved"


# -- hypotheses about symbols that stand in scalars alone -------------------------------------------------------

m = oa.factors("m")
SCALARS: list[tuple[Any, Any, Any, str]] = [
    (k * I, 4 * I, oa.equal(k, 4), "proved"), (k * I, 5 * I, oa.equal(k, 4), "refuted"),
    (k * I, 4 * I, oa.divides(k, 4), "refuted"), (k * I, 4 * I, oa.coprime(k, 4), "refuted"),
    (Conv([k, 1]), Conv([4, 1]), oa.equal(k, 4), "proved"), (k * Signal([1]), Signal([4]), oa.equal(k, 4), "proved"),
    (sympy.exp(sympy.I * PI * k) * I, I, oa.divides(2, k), "proved"),
    (sympy.exp(sympy.I * PI * k) * I, I, oa.not_divides(2, k), "refuted"),
    (k * Up(m), 4 * Up(m), oa.equal(k, 4), "proved"), (k * Up(m), 4 * Up(m), oa.divides(k, 4), "refuted"),
    (k * Conv(h), 4 * Conv(h), (oa.equal(k, 4), oa.even_symmetric(h)), "proved"),
    (oa.Block([[k * I, S]]), oa.Block([[4 * I, S]]), oa.equal(k, 4), "proved"),
    ((k * I).on(4), (4 * I).on(4), oa.equal(k, 4), "proved"),
    ((k * I).on(4), (4 * I).on(4), oa.divides(k, 4), "undecided"),
    ((m * I).on(m), I.on(m), (), "refuted"), ((m * I).on(m), I.on(m), oa.divides(m, 1), "proved"),
]  # fmt: skip


@pytest.mark.parametrize(("lhs", "rhs", "facts", "verdict"), SCALARS, ids=lambda value: str(value)[:40])
def test_hypotheses_are_not_forgotten_where_a_symbol_is_a_scalar(lhs: Any, rhs: Any, facts: Any, verdict: str) -> None:
    proof = oa.prove(lhs, rhs, given=facts)
    assert proof.verdict == verdict, proof.reason
    assert proof.check() == (verdict != "undecided")
    if verdict == "refuted":
        assert str(k) not in str(proof.witness.lhs)  # the values that show it are values
