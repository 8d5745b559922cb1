"""A filter whose launches are known beforehand, for arrays of one shape and place: nothing is planned or allocated.

What lies between two passes is written into arrays that are kept for one stream, on which runs follow one another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from ...filters.fir import Fir
from .fourier import suits_fourier
from .launch import OnDevice, _backend, _launch, is_wide
from .passes import ends, passes, pieces
from .plan import MAX_AXES


@dataclass(frozen=True)
class Launching:
    """One launch: which of the arrays it reads and writes, and everything else that it is given."""

    queue: Callable[..., None]
    blocks: tuple[int]
    threads: tuple[int]
    source: int
    taps: Any
    target: int
    numbers: tuple[Any, ...]


class Ready:
    """y = the filtered x, as often as wanted; ``shape`` and ``dtype`` are those of y."""

    def __init__(self, launches: list[Launching], between: list[Any], y: Any) -> None:
        self.launches, self.between = launches, between
        self.shape, self.dtype = y.shape, y.dtype
        self._turn = Lock()

    def __call__(self, x: Any, y: Any) -> None:
        """Queue the launches; x and y lie as those that they were planned for."""
        if not self.between:
            (only, *more) = self.launches
            only.queue(only.blocks, only.threads, (x, only.taps, y, *only.numbers))
            if more:
                self._queue([x, y], more)
            return
        with self._turn:  # the passes of two threads must not mix on their way to the stream
            self._queue([x, y, *self.between], self.launches)

    def _queue(self, arrays: list[Any], launches: list[Launching]) -> None:
        for one in launches:
            one.queue(one.blocks, one.threads, (arrays[one.source], one.taps, arrays[one.target], *one.numbers))


def ready(plan: OnDevice, x: Any, y: Any) -> Ready | None:
    """What runs a filter on arrays like these, on their device and the current stream; None where it is more."""
    fir, read, written = plan.fir, plan.read, plan.written
    if not y.size or not x.size or not _is_launches(fir, plan):
        return None
    filled, backend = fir.filled, _backend(x.device.id)
    steps = passes(filled, written, read)
    arrays, launches = [x, y], list[Launching]()
    at = 0
    for step, to, origin in steps:
        if set(plan.rules) == {"zero"} and suits_fourier(step, y.dtype, to, origin):
            return None
        target = 1 if step is steps[-1][0] else len(arrays)
        if target > 1:
            kind = np.result_type(arrays[at].dtype, step.taps_in(y.dtype).dtype)
            arrays.append(backend.empty((*x.shape[: x.ndim - len(to.shape)], *to.shape), kind))
        for number, piece in enumerate(pieces(step)):
            samples, outputs = arrays[at], arrays[target]
            job, given, into = _launch(piece, outputs, samples, to, origin, plan.rules, number > 0, False)
            if given is not samples or into is not outputs or not job.blocks:
                return None
            taps = backend.constant(piece, np.ascontiguousarray(piece.taps_in(y.dtype)))
            queue, blocks, threads, numbers = backend.prepared(job)
            launches.append(Launching(queue, blocks, threads, at, taps, target, numbers))
        at = target
    return Ready(launches, arrays[2:], y)


def _is_launches(fir: Fir, plan: OnDevice) -> bool:
    """Whether a filter is launches of kernels alone, and no products of matrices."""
    first, last = ends(fir, plan.written, plan.read)
    alone = not fir.mixes or fir.taps.shape[1:3] == (1, 1)
    return last - first < MAX_AXES and not is_wide(fir) and alone
