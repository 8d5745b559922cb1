"""Convolutions of oneDNN: against the definition, with any number of threads; not run where it is missing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.engine.ways.dense import convolution, onednn, pytorch
from opalgebra.engine.ways.dense.convolution import Convolution, Gradient
from tests.engine.ways.dense.cases import Case, cases, close, defined_gradient, gradient_case

pytestmark = pytest.mark.skipif(not onednn.available(), reason="oneDNN is not installed: pip install '.[onednn]'")


def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many units as there can be."""
    monkeypatch.setattr(convolution, "UNIT", 1)
    monkeypatch.setattr(convolution, "THREADED", 0)


def plans(case: Case) -> list[Convolution]:
    """The filter on arrays as they lie, in blocks, and turned."""
    g = case.geometry
    if g is None:
        return []
    kinds = [(g, True), (g, False)] + ([(g.turned, False)] if g.gathers and set(g.stride) == {1} else [])
    found = []
    for shape, plain in kinds:
        try:
            found.append(Convolution(shape, plain, case.fir.taps_in(np.dtype(np.float32)), _defined(case)))
        except NotImplementedError as error:
            assert "oneDNN has" in str(error)  # noqa: PT017
    return found


def _defined(case: Case):
    return lambda y, x: case.fir.add_to(y, x, case.written, case.read)


@pytest.mark.campaign(25)
@pytest.mark.parametrize("units", ["few", "many"])
@pytest.mark.parametrize("seed", range(150))
def test_random_filters(seed: int, units: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if units == "many":
        small_units(monkeypatch)
    for case in cases(seed, most=70):
        wanted = case.defined(case.x)
        for plan in plans(case):
            found = plan.run(case.x, threads=3)
            assert close(found, wanted)
            assert all(np.array_equal(plan.run(case.x, threads=n), found) for n in (1, 2))
            given = np.ones_like(wanted)
            assert plan.run(case.x, given, add=True) is given
            assert np.array_equal(given, found + 1)
            assert plan.run(case.x, given) is given
            assert np.array_equal(given, found)
            empty = plan.run(case.x[:0])
            assert empty.shape == (0, *wanted.shape[1:])


@pytest.mark.campaign(15)
@pytest.mark.parametrize("seed", range(100))
def test_a_nan_goes_where_it_is_read_and_nowhere_else(seed: int) -> None:
    for case in cases(seed, most=40):
        x = case.x.copy()
        x.reshape(-1)[np.random.default_rng(seed).integers(0, x.size, 2)] = np.nan, np.inf
        wanted = case.defined(x)
        for plan in plans(case):
            found = plan.run(x)
            assert np.array_equal(np.isnan(found), np.isnan(wanted))
            assert np.array_equal(np.isinf(found), np.isinf(wanted))


@pytest.mark.campaign(15)
@pytest.mark.parametrize("units", ["few", "many"])
@pytest.mark.parametrize("seed", range(100))
def test_gradients_of_weights(seed: int, units: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if units == "many":
        small_units(monkeypatch)
    made, case, y = gradient_case(seed, 70)
    g, x = case.geometry, case.x
    if g is None:
        return
    wanted = defined_gradient(made, x, y)
    for plain in (True, False):
        try:
            plan = Gradient(g, plain, case.fir.taps)
        except NotImplementedError:
            continue
        found = plan.run(y, x, threads=3)
        assert all(np.array_equal(plan.run(y, x, threads=n), found) for n in (1, 2))
        assert close(made._joined(found), wanted)


def test_most_filters_are_served() -> None:
    """What the library refuses is not compared with anything above."""
    found = [(case.geometry is not None, len(plans(case)) > 0) for seed in range(40) for case in cases(seed, most=40)]
    assert sum(served for _, served in found) > 0.9 * sum(known for known, _ in found) > 20


def test_dense_layers_take_it() -> None:
    bound = oa.nn.Conv(np.ones((64, 64, 3, 3), np.float32), padding=1).on((32, 32))
    assert [step.way for step in bound.explain().steps] == ["oneDNN, blocked"]
    assert [step.way for step in bound.T.explain().steps] == ["oneDNN, blocked"]
    assert bound(np.ones((64, 32, 32), np.float32))[0, 1, 1] == 9 * 64


def test_without_it_tiles_take_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "library", lambda: None)
    monkeypatch.setattr(pytorch, "available", lambda: False)  # another test may have imported it
    bound = oa.nn.Conv(np.ones((64, 64, 3, 3), np.float32), padding=1).on((32, 32))
    assert [step.way for step in bound.explain().steps] == ["tiles"]


def test_threads_of_openmp_are_as_before() -> None:
    lib = onednn.library()
    before = lib.omp_get_max_threads()
    with onednn.OneThread():
        assert lib.omp_get_max_threads() == 1
    assert lib.omp_get_max_threads() == before


def test_a_child_that_was_forked_computes() -> None:
    """OpenMP's threads do not survive a fork; there are none."""
    code = (
        "import os, numpy as np, opalgebra as oa\n"
        "oa.set_threads(2)\n"
        "F = oa.nn.Conv(np.ones((64, 64, 3, 3), np.float32), padding=1).on((64, 64))\n"
        "x = np.ones((4, 64, 64, 64), np.float32)\n"
        "want = F(x)\n"
        "child = os.fork()\n"
        "same = np.array_equal(F(x), want)\n"
        "os._exit(not same) if child == 0 else None\n"
        "assert os.waitpid(child, 0)[1] == 0 and same\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)


def test_a_package_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "PACKAGE", "numpy")  # which is installed and has no such library
    with pytest.warns(RuntimeWarning, match="cannot be used"):
        assert onednn.library.__wrapped__() is None
    monkeypatch.setattr(onednn, "PACKAGE", "no-such-package")
    assert onednn.library.__wrapped__() is None
