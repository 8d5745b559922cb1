"""``oa.tune``: the fastest way is found, remembered, and chosen by later processes; results stay what they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import opalgebra as oa
from opalgebra.bound.reports import tune as module
from opalgebra.engine.ways import measure, tuned


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPALGEBRA_CACHE", str(tmp_path))
    monkeypatch.setattr(measure, "SECONDS", 0.0)
    return tmp_path


def prefer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this way were the fastest wherever it can be taken."""

    def measured(job, rules):
        times = measure.measured(job, rules)
        return {way: 0.0 if way == name else 1.0 for way in times}

    monkeypatch.setattr(module, "measured", measured)


def ways(F) -> list[str]:
    return [step.way for step in F.explain().steps]


@pytest.mark.parametrize("boundary", ["zero", "reflect"])
@pytest.mark.parametrize("name", ["slices", "tiles", "overlap-save"])
def test_the_fastest_is_taken_from_then_on(name, boundary, monkeypatch) -> None:
    A, x = oa.Conv(np.random.default_rng(0).standard_normal(100)), np.random.default_rng(1).standard_normal(4000)
    F = A.on(4000, mode="same", boundary=boundary)
    before, back = F(x), F.T(x)
    prefer(name, monkeypatch)
    times = oa.tune(F)
    assert all(name in found for found in times.values()) or boundary == "reflect"
    assert name in ways(F.T)
    assert np.abs(F(x) - before).max() < 1e-11
    assert np.abs(F.T(x) - back).max() < 1e-11
    assert ways(A.on(4000, mode="same", boundary=boundary)) == ways(F)  # made afterwards, and equal


def test_layers_and_what_is_made_of_operators(monkeypatch) -> None:
    prefer("products", monkeypatch)
    rng = np.random.default_rng(0)
    layer = oa.nn.Conv(rng.standard_normal((16, 8, 3, 3)).astype(np.float32), padding=1)
    F = layer.on((20, 20))
    x = rng.standard_normal((2, 8, 20, 20)).astype(np.float32)
    before = F(x)
    both = oa.nn.ConvTranspose(layer.weight, padding=1).on((20, 20)) @ F
    oa.tune(F, batch=2)
    assert np.abs(F(x) - before).max() < 1e-4
    assert F.program.choices(F.program.order[-1], 2, np.dtype(np.float32), "auto")[0].way.name == "products"
    assert len(oa.tune(both, batch=(2,))) >= 2


def test_a_later_process_takes_it(monkeypatch) -> None:
    prefer("slices", monkeypatch)
    oa.tune(oa.Conv(np.ones(31)).on(9000))
    code = (
        "import numpy as np, opalgebra as oa\n"
        "F = oa.Conv(np.ones(31)).on(9000)\n"
        "print(*[step.way for step in F.explain().steps], F(np.ones(9000))[100])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.split() == ["slices", "31.0"]


def test_integers_stay_exact(monkeypatch) -> None:
    prefer("slices", monkeypatch)
    F, x = oa.Conv([1, 2, 3]).on(40_000), np.arange(40_000)
    before = F(x)
    oa.tune(F, dtype=np.int64)
    assert np.array_equal(F(x), before)


def test_without_it_nothing_is_written(folder: Path) -> None:
    oa.Conv(np.ones(31)).on(9000)(np.ones(9000))
    assert list(folder.iterdir()) == []
    assert tuned.state() is None


def test_what_is_refused() -> None:
    with pytest.raises(oa.OperandError, match="bound operator"):
        oa.tune(oa.Conv([1, 2]))  # type: ignore[arg-type]
    with pytest.raises(oa.OpAlgebraError):
        oa.tune(oa.Conv([1, 2]).on(5), batch=-1)
    with pytest.raises(oa.OpAlgebraError):
        oa.tune(oa.Conv([1, 2]).on(5), dtype=bool)
