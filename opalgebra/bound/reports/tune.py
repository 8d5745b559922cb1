"""``oa.tune(F)``: measure the ways of computing a bound operator, and remember the fastest."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ...engine.filters.fir import Fir
from ...engine.program.program import Beyond, Program
from ...engine.ways import tuned
from ...engine.ways.measure import measured
from ...engine.ways.way import Job
from ...errors import OperandError
from ..arrays.precision import computed_in
from ..operators.arguments import as_sizes
from ..operators.base import BoundOperator
from ..operators.combine import walk
from ..operators.windowed import Windowed


def tune(F: BoundOperator, batch: Any = (), dtype: Any = None) -> dict[str, dict[str, float]]:
    """Measure each way of computing F x and Fᵀ y, and remember the fastest for this and later processes.

    Without it the way is chosen by a fixed rule of shapes.  What is remembered holds for filters of the same shape,
    windows, batch and dtype, for this version of the package, this processor and the present number of threads; it is
    written to a file below the directory ``OPALGEBRA_CACHE``, or that of the system for caches.  Results of different
    ways differ within rounding.

    Parameters
    ----------
    F : BoundOperator
        Made by ``A.on(n)`` or ``layer.on(spatial_shape)``, or of such; not modified.
    batch : int or tuple of int
        The leading axes of the arrays that F will be applied to.
    dtype : dtype, optional
        Of these arrays; by default that of F.

    Returns
    -------
    dict
        For each filter, as ``F.explain()`` names it, the seconds of every way.

    Raises
    ------
    OperandError
        Where F is not a bound operator, or the dtype is none that F takes.

    Examples
    --------
    >>> import opalgebra as oa
    >>> import os, tempfile
    >>> os.environ["OPALGEBRA_CACHE"] = tempfile.mkdtemp()  # to leave nothing behind here
    >>> F = oa.Conv([1.0] * 31).on(10_000)
    >>> times = oa.tune(F)
    >>> fastest = {min(ways, key=ways.get) for ways in times.values()}
    >>> {step.way for step in F.explain().steps} <= fastest
    True
    >>> del os.environ["OPALGEBRA_CACHE"]
    """
    if not isinstance(F, BoundOperator) or F.is_family:
        raise OperandError(f"tune takes a bound operator, such as A.on(1000), and was given a {type(F).__name__}")
    lead = (batch,) if isinstance(batch, int) else tuple(batch)
    count = prod(as_sizes(lead, len(lead))) if lead else 1
    kind = np.dtype(F.dtype if dtype is None else dtype)
    found: dict[str, dict[str, float]] = {}
    fastest: dict[str, str] = {}
    for job, rules in _jobs(F, count, kind):
        if job.key not in fastest and (times := measured(job, rules)):
            fastest[job.key] = min(times, key=lambda name: times[name])
            found[_named(job, found)] = times
    if fastest:
        tuned.remember(fastest)
        _forget(F)
    return found


def _jobs(F: BoundOperator, batch: int, dtype: np.dtype) -> Iterator[tuple[Job, tuple[str, ...]]]:
    """Every filter of F and of its transpose, with the rules by which it is continued."""
    for operator in walk(F):
        operator = getattr(operator, "inner", operator)  # the same for every index of leading axes
        if isinstance(operator, Windowed):
            made = computed_in(operator.precision.result(dtype))
            beyond = None
            if operator.extension is not None and operator.reads_directly(batch, made, operator.engine):
                beyond = Beyond(operator.in_window, operator.boundary)
            yield from _of_program(operator.program, batch, made, operator.engine, beyond)
            yield from _of_program(operator.program.transposed, batch, made, operator.engine, None)


def _of_program(program: Program, batch: int, dtype: Any, engine: str, beyond: Beyond | None) -> Iterator[Any]:
    for value in program.order:
        written = program.windows.get(value)
        for source, action in value.terms:
            if isinstance(action, Fir) and written is not None:
                read, rules = program.read_by(source, written, beyond)
                continues = beyond is not None and source.is_input
                yield Job(action, written, read, batch, dtype, engine, continues), rules


def _named(job: Job, others: Any) -> str:
    from .explain import action_name

    name = f"{action_name(job.action)}, {job.read} → {job.written}"
    return name if name not in others else f"{name} ({len(others)})"


def _forget(F: BoundOperator) -> None:
    """What F has prepared, since other ways are taken from now on."""
    for operator in (*walk(F), F):
        for one in (operator, *operator.__dict__.get("_turns", {}).values(), getattr(operator, "inner", operator)):
            one.__dict__.pop("_ready", None)
            one.__dict__.pop("_runs", None)
