"""The loops as plans call them: what they take, and that none of them needs Numba where it runs."""

from __future__ import annotations

import inspect
import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from opalgebra.engine.ways.compiled import kernels
from opalgebra.engine.ways.compiled.loops import machine, samples
from opalgebra.engine.ways.compiled.loops.machine import arguments

DOUBLE = kernels.DOUBLE


def test_the_table_has_all_loops() -> None:
    written = set()
    for name in ("far", "mixing", "phases", "rows", "samples", "tiles", "transforms"):
        module = import_module(f"opalgebra.engine.ways.compiled.loops.{name}")
        for key, value in vars(module).items():
            if inspect.isfunction(value) and "arguments(held, given)" in inspect.getsource(value):
                written.add(f"{name}.{key}")
    assert written == set(kernels.LOOPS)
    assert kernels.UNCHECKED | set(kernels.USUAL) <= written


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.long) for name in kernels.LOOPS])
def test_no_loop_needs_numba_where_it_runs(name: str) -> None:
    real = kernels.INDEX if name.startswith("samples") else DOUBLE
    assert machine.machine_code(name, real, kernels.LOOPS[name])[2]


def _with_libm(held: Any, given: Any, first: int, stop: int) -> None:
    y, x, places = arguments(held, given)
    for n in range(first, stop):
        y[places[n]] = math.erf(x[n])


def test_what_compiled_code_calls_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = kernels.LOOPS["samples._scatter"]
    assert machine.machine_code("samples._scatter", DOUBLE, wanted)[2]
    monkeypatch.setattr(samples, "_scatter", _with_libm)
    assert not machine.machine_code("samples._scatter", DOUBLE, wanted)[2]


def _divided(held: Any, given: Any, first: int, stop: int) -> None:
    y, _, places = arguments(held, given)
    for n in range(first, stop):
        y[n] = 1 // places[n]


def test_a_division_by_zero_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("OPALGEBRA_CACHE", str(tmp_path))
    monkeypatch.setattr(samples, "_scatter", _divided)
    run, y = kernels.Loop("samples._scatter", DOUBLE).holding(), np.zeros(2)
    run(0, 2, y, y, np.array([1, 2]))
    with pytest.raises(ArithmeticError, match="divided by 0"):
        run(0, 2, y, y, np.array([1, 0]))


@pytest.mark.parametrize("wrong", [np.ones(3, "f4"), np.ones(6)[::2], np.broadcast_to(1.0, 3), [1.0, 1.0, 1.0]])
def test_a_loop_takes_no_other_arrays(wrong: Any) -> None:
    run, y, places = kernels.loop("samples._scatter", DOUBLE).holding(), np.zeros(3), np.arange(3)
    with pytest.raises((TypeError, AttributeError, BufferError, ValueError)):
        run(0, 3, y, wrong, places)
    with pytest.raises(TypeError, match="was called with"):
        run(0, 3, y, y)
    assert not y.any()


def test_a_loop_holds_no_other_arrays() -> None:
    held = np.zeros(4), np.zeros(2, np.int64), np.zeros((1, 4), np.int64), np.zeros(1, kernels.LASTS.dtype)
    each = kernels.loop("tiles._each", DOUBLE)
    each.holding(*held)
    for place, wrong in enumerate([np.zeros(4, "f4"), np.zeros(2), np.zeros(4, np.int64), np.zeros(1, np.int64)]):
        with pytest.raises(TypeError, match="was called with"):
            each.holding(*held[:place], wrong, *held[place + 1 :])
    with pytest.raises(ValueError, match="zip"):
        each.holding(*held[:3])
