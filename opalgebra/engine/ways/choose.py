"""Which way of computing a term is taken, and why: a row of :data:`~.table.WAYS`.

The choice depends on the filter, the windows, the batch, the dtype and the place of the array alone, never on what ran
before, so that results are reproducible.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ...errors import OperandError
from ..arrays.window import Window
from ..filters.fir import Fir
from ..filters.remembered import remembered
from . import compiled, dense
from .table import WAYS
from .way import MIXING_WORK, Choice, Job, Way, spans

ENGINES = ("auto", "numpy", "numba", "fft")
PLANS_KEPT = 64  # of one filter: every block of a long array has windows of its own


def check_engine(engine: object) -> str:
    """One of :data:`ENGINES`."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise OperandError(f"the engine is {engine!r}; give one of {', '.join(map(repr, ENGINES))}")
    if engine in ("numba", "fft") and not compiled.available():
        raise OperandError(f"the engine {engine!r} needs Numba, which is not installed: pip install numba")
    return engine


def engine_for(xp: Any, engine: str) -> str:
    """ "cuda" for arrays of CuPy, for which the other names mean nothing."""
    if xp.__name__ == "numpy":
        return engine
    if engine != "auto":
        raise OperandError(f"the engine {engine!r} is for NumPy arrays, and the array is CuPy's; leave engine out")
    return "cuda"


def choose(
    action: Any, written: Window, read: Window, batch: int, dtype: Any, engine: str, continues: bool = False
) -> Choice:
    """The way for one term; ``continues`` says that it should read on beyond the window, as compiled code alone can."""
    job, priced = Job(action, written, read, batch, dtype, engine, continues), []
    for way in WAYS:
        why = way.suits(job)
        if why is None:
            continue
        if way.cost is None:
            return Choice(way, why)
        priced.append((way.cost, Choice(way, why)))
    return min(priced, key=lambda pair: pair[0](job))[1] if len(priced) > 1 else priced[0][1]


def planned(
    fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], way: Way, divisor: int = 1
) -> Any:
    """What runs a filter in a way that has plans, remembered with the filter."""
    assert way.plan is not None
    make = partial(way.plan, fir, written, read, dtype, rules, divisor)
    return remembered(fir, "_plans", (written, read, dtype, rules, way.name, divisor), make, PLANS_KEPT)


def gradient(numbers: Fir, out: tuple[int, ...], read: tuple[int, ...], batch: int, dtype: Any, work: int) -> Any:
    """What sums the gradient of a filter between channels, on windows that start at 0; None for matrix products.

    Every tap of the filter holds its number, from 1 on; ``work`` is how many multiply-adds there are.
    """
    windows = [Window((0,) * len(sizes), sizes) for sizes in (out, read)]
    if dtype not in compiled.DTYPES or dtype.kind == "c" or len(out) > compiled.MIXING_AXES:
        return None
    found = dense.gradient(numbers, *windows, batch, dtype)
    if found is not None or work < MIXING_WORK or not compiled.available():
        return found
    rates = numbers.start, numbers.up, numbers.down
    made = compiled.mixing_plan(numbers.taps, *rates, *map(spans, windows), dtype, "zero", numbers.places)
    return compiled.MixingGradient(made, int(numbers.taps.max()))
