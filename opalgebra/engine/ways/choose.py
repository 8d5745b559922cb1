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
from . import compiled, dense, tuned
from .dense.costs import PRODUCTS, TILES
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
    fastest = _measured(job)
    if fastest is not None:
        return Choice(fastest, "measured by oa.tune")
    for way in WAYS:
        why = way.suits(job)
        if why is None:
            continue
        if way.cost is None:
            return Choice(way, why)
        priced.append((way.cost, Choice(way, why)))
    return min(priced, key=lambda pair: pair[0](job))[1] if len(priced) > 1 else priced[0][1]


def candidates(job: Job) -> list[Way]:
    """The ways that can compute a job, whether or not they suit it."""
    able = [way for way in WAYS if (way.serves(job) if way.serves else way.suits(job) is not None)]
    return [way for way in able if way.continues or not job.continues]


def _measured(job: Job) -> Way | None:
    """The way that was found to be the fastest, where one was and it can compute the job."""
    ways = tuned.known() if job.is_filter and job.engine == "auto" else {}
    if not ways:
        return None
    name = ways.get(job.key)
    return next((way for way in candidates(job) if way.name == name), None) if name else None


def planned(
    fir: Fir, written: Window, read: Window, dtype: Any, rules: tuple[str, ...], way: Way, divisor: int = 1
) -> Any:
    """What runs a filter in a way that has plans, remembered with the filter."""
    assert way.plan is not None
    make = partial(way.plan, fir, written, read, dtype, rules, divisor)
    return remembered(fir, "_plans", (written, read, dtype, rules, way.name, divisor), make, PLANS_KEPT)


def gradient(numbers: Fir, out: tuple[int, ...], read: tuple[int, ...], batch: int, dtype: Any) -> Any:
    """What sums the gradient of a filter between channels, on windows that start at 0; None for matrix products.

    Every tap of the filter holds its number, from 1 on.
    """
    windows = Window((0,) * len(out), out), Window((0,) * len(read), read)
    work = batch * numbers.multiply_adds(*windows)
    names = dense.ordered(numbers, *windows, batch, dtype, is_gradient=True)
    for name in names or [TILES if work >= MIXING_WORK else PRODUCTS]:
        made = gradient_by(name, numbers, *windows, dtype)
        if made is not None or name == PRODUCTS:
            return made
    return None


def gradient_by(name: str, numbers: Fir, written: Window, read: Window, dtype: Any) -> Any:
    """The same in a way of a name; None where there is none for it."""
    if name != TILES:
        return dense.gradient(name, numbers, written, read, dtype)
    served = dtype in compiled.DTYPES and dtype.kind != "c" and len(numbers.start) <= compiled.MIXING_AXES
    if not served or not compiled.available():
        return None
    rates = numbers.start, numbers.up, numbers.down
    made = compiled.mixing_plan(numbers.taps, *rates, spans(written), spans(read), dtype, "zero", numbers.places)
    return compiled.MixingGradient(made, int(numbers.taps.max()))
