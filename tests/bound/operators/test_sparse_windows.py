"""Taps that lie far apart, on windows of any place and size: what the letters give by their definitions."""

from __future__ import annotations

from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opalgebra as oa
from opalgebra.engine.filters import fir
from opalgebra.engine.letters.reference import ReferenceEngine
from opalgebra.engine.program import shared
from opalgebra.expr import spread

Places = tuple[tuple[int, ...], ...]
INDEX: dict[str, Any] = {
    "wrap": lambda m, n: m % n,
    "edge": lambda m, n: np.clip(m, 0, n - 1),
    "symmetric": lambda m, n: np.minimum(m % (2 * n), 2 * n - 1 - m % (2 * n)),
    "reflect": lambda m, n: np.abs((m + n - 1) % max(1, 2 * n - 2) - (n - 1)) if n > 1 else 0 * m,
}


class Case(NamedTuple):
    """↓M ∘ Conv ∘ ↑L on a window, and samples."""

    taps: dict[tuple[int, ...], int]
    apart: int
    up: tuple[int, ...]
    down: tuple[int, ...]
    out: tuple[tuple[int, int], ...]
    rule: str
    x: np.ndarray

    @property
    def kernel(self) -> oa.Signal:
        """The taps, ``apart`` from one another along each axis, as a signal of numbers."""
        places = np.array(list(self.taps)) * self.apart
        low = places.min(axis=0)
        values = np.zeros(tuple(np.ptp(places, axis=0) + 1), self.x.dtype if self.x.dtype.kind == "i" else "f8")
        for place, tap in zip(places, self.taps.values(), strict=True):
            values[tuple(place - low)] = tap
        return oa.Signal(values, tuple(low.tolist()))

    def operator(self, kernel: Any) -> oa.LinearOperator:
        """With this kernel."""
        return oa.Down(self.down) @ oa.Conv(kernel) @ oa.Up(self.up)

    def by_letters(self) -> np.ndarray:
        """The outputs of the window, each letter by its definition, of samples that go on as the rule says."""
        kernel, x, starts = self.kernel, self.x, []
        for axis, ((a, b), k, m) in enumerate(zip(self.out, self.up, self.down, strict=True)):
            first = (m * a - kernel.stops[axis]) // k - 1
            index = np.arange(first, (m * b - kernel.starts[axis]) // k + 2)
            n = self.x.shape[axis]
            held = np.take(x, INDEX.get(self.rule, INDEX["edge"])(index, n), axis)
            if self.rule == "zero":
                outside = [slice(None)] * x.ndim
                outside[axis] = (index < 0) | (index >= n)  # type: ignore[call-overload]
                held[tuple(outside)] = 0
            x, starts = held, [*starts, first]
        y = ReferenceEngine().apply(self.operator(kernel), oa.Signal(x, tuple(starts)))
        return np.asarray(y[tuple(slice(a, b) for a, b in self.out)] if len(self.out) > 1 else y[slice(*self.out[0])])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ndim = draw(st.integers(1, 2))
    far, size = (600, 70) if ndim == 1 else (30, 12)
    per_axis = lambda low, high: st.tuples(*[st.integers(low, high)] * ndim)  # noqa: E731
    taps = draw(st.dictionaries(per_axis(-far, far), st.integers(1, 5), min_size=1, max_size=5))
    dtype = np.dtype(draw(st.sampled_from(["f4", "f8", "c8", "i8"])))
    numbers = np.random.default_rng(draw(st.integers(0, 99)))
    x = numbers.integers(-9, 10, draw(per_axis(1, size))).astype(dtype)
    out = tuple((a, a + n) for a, n in zip(draw(per_axis(-2 * size, far)), draw(per_axis(1, size)), strict=True))
    rule = draw(st.sampled_from(["zero", *INDEX]))
    return Case(taps, draw(st.integers(1, 4)), draw(per_axis(1, 4)), draw(per_axis(1, 5)), out, rule, x)


def found(case: Case, kernel: Any, engine: str = "auto") -> tuple[Any, np.ndarray]:
    """The bound operator and its outputs."""
    out = case.out if len(case.out) > 1 else case.out[0]
    F = case.operator(kernel).on(case.x.shape, out=out, boundary=case.rule, engine=engine)
    return F, F(case.x)


def close(a: np.ndarray, b: np.ndarray, case: Case) -> bool:
    most = 9 * sum(case.taps.values())
    eps = 0 if case.x.dtype.kind == "i" else 20 * np.finfo(case.x.dtype).eps * most
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= eps))


def check(case: Case) -> None:
    """Every way to the outputs, and the transpose."""
    kernel, want = case.kernel, case.by_letters()
    factors = (case.apart,) * len(case.up)
    low = [min(place[a] for place in case.taps) for a in range(len(case.up))]
    dense = np.zeros([max(p[a] for p in case.taps) - low[a] + 1 for a in range(len(low))], kernel.dtype)
    for place, tap in case.taps.items():
        dense[tuple(p - a for p, a in zip(place, low, strict=True))] = tap
    with patch.object(spread, "LARGE", 8):
        waiting = oa.Up(factors) @ oa.Signal(dense, tuple(low))
    for given_as in (kernel, waiting):
        for engine in ("auto", "numpy", "numba"):
            F, y = found(case, given_as, engine)
            assert close(y, want, case), (given_as is waiting, engine)
            if case.x.dtype.kind != "c":
                assert abs(np.vdot(y, y) - np.vdot(F.T(y), case.x)) <= 1e-4 * (1 + np.vdot(y, y))
    unbound = case.operator(waiting) @ oa.Signal(case.x)
    assert unbound == ReferenceEngine().apply(case.operator(kernel), oa.Signal(case.x))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_far_taps(case: Case) -> None:
    check(case)


@pytest.mark.long
@settings(max_examples=1500, deadline=None)
@given(cases())
def test_many_far_taps(case: Case) -> None:
    check(case)


def test_a_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of taps whose last place is off by one."""
    case = Case({(0,): 1, (500,): 2}, 2, (1,), (1,), ((900, 1010),), "zero", np.arange(1.0, 60))
    check(case)
    plain = fir.Fir.listed.__func__  # type: ignore[attr-defined]

    def listed(cls: Any, taps: np.ndarray, places: Any, start: Any, *rest: Any) -> Any:
        return plain(cls, taps, [at + (at == at.max()) for at in places], start, *rest)

    shared._KEPT.clear()
    monkeypatch.setattr(fir.Fir, "listed", classmethod(listed))
    with pytest.raises(AssertionError):
        check(case._replace(x=np.arange(2.0, 60)))
