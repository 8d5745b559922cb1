"""The gradient of a filter between channels in its taps, as sums of products over all positions and arrays.

    G_j[o, i] = Σ_n y[o, n] x[i, (M n − j)/L]

It has the tiles, patches and lists of the filter; only the roles of y and the taps are exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .kernels import Call, loop
from .mixing import STEPS, MixingPlan
from .runs import THREAD_WORK, as_input, only_read
from .threads import checked, get_threads, share

PARTS = 8  # of the tiles, summed one by one and then together: as many whatever the threads
PART_ENTRIES = 2**22  # of all parts of the gradient


@dataclass(frozen=True, eq=False)
class MixingGradient:
    """G_j[o, i] = Σ_n y[o, n] x[i, (M n − j)/L], for the real dtypes.

    Attributes
    ----------
    plan : MixingPlan
        Of the filter, where the entries of tap number k are all k + 1.
    count : int
        The number of taps.
    """

    plan: MixingPlan
    count: int

    @cached_property
    def _lists(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each phase its offsets, near ones together, in whole blocks; and the taps and inputs that they are of."""
        from .loops.processor import DOT_TAPS  # llvmlite is imported when it is needed

        plan, ins = self.plan, self.plan.matrices.shape[3]
        numbers = plan.matrices[:, 0, 0, 0].astype(np.int64) - 1
        owners = (numbers[:, None] + self.count * np.arange(ins)).reshape(-1)  # by input and tap
        at, found, ptr = [], [], [0]
        for first, stop in zip(plan.ptr[:-1].tolist(), plan.ptr[1:].tolist(), strict=True):
            order = first + np.argsort(plan.at[first:stop], kind="stable")
            more = -len(order) % DOT_TAPS  # computed and not used
            at.append(np.concatenate([plan.at[order], np.zeros(more, np.int64)]))
            found.append(np.concatenate([owners[order], np.full(more, -1)]))
            ptr.append(ptr[-1] + len(at[-1]))
        return np.concatenate(at), np.array(ptr, np.int64), np.concatenate(found)

    @cached_property
    def _calls(self) -> dict[tuple[int, int, int], Call]:
        """The compiled loop, for the tiles, parts and chunks of a batch."""
        return {}

    def run(self, y: np.ndarray, x: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The gradient (groups, outs, ins, taps) for y (batch, groups · outs, \\*space) and x (batch, groups · ins, …).

        Where the result is not finite, a NaN may have reached taps that do not read it: compute it otherwise.

        >>> from opalgebra.engine.ways.compiled import mixing_plan
        >>> ones = np.arange(1.0, 3).reshape(1, 1, 1, 2)
        >>> plan = mixing_plan(ones, [0], [1], [1], [(0, 3)], [(0, 3)], float)
        >>> MixingGradient(plan, 2).run(np.array([[[1.0, 1, 1]]]), np.array([[[1.0, 2, 3]]]))
        array([[[[6., 3.]]]])
        """
        plan = self.plan
        x, _ = as_input(x, plan, None)
        y = only_read(y.astype(plan.dtype, copy=False))
        groups, outs, ins = plan.matrices.shape[1:]
        at, ptr, owners = self._lists
        most = get_threads() if threads is None else checked(threads)
        busy = plan.work * len(x) > THREAD_WORK
        found = self._found(y.reshape(-1), x.reshape(-1), len(x), at, ptr, most if busy else 1)
        kept = owners >= 0
        result = np.zeros((groups, outs, ins * self.count), plan.dtype)
        result[..., owners[kept]] = found[:, :outs, kept]
        return result.reshape(groups, outs, ins, self.count)

    def _found(self, y: np.ndarray, x: np.ndarray, batch: int, at: Any, ptr: Any, threads: int) -> np.ndarray:
        """The sums (groups, outs, entries of the lists), outputs and entries in whole blocks."""
        from .loops.processor import DOT_OUTPUTS

        plan = self.plan
        groups, outs = plan.matrices.shape[1:3]
        width = DOT_OUTPUTS if outs > 1 else 1
        blocks = -(-outs // width)
        tiles = batch * plan.tiles
        entries = groups * blocks * width * len(at)
        parts = max(1, min(PARTS, tiles, PART_ENTRIES // max(1, entries)))
        chunks = min(blocks, -(-STEPS * threads // (parts * groups)) if threads > 1 else 1)
        found = np.zeros((parts, groups, blocks * width, len(at)), plan.dtype)
        run = self._calls.get((tiles, parts, chunks))
        if run is None:
            cuts = np.array([tiles * i // parts for i in range(parts + 1)], np.int64)
            lists = at, ptr, plan.pairs, *plan.tables(chunks, False), cuts, width
            run = self._calls[tiles, parts, chunks] = loop("mixing._unmixed", plan.real).holding(*lists)
        scratch = plan.last.patch + (len(ptr) - 1) * width * plan.mix.positions

        def part(first: int, stop: int, work: Any) -> None:
            run(first, stop, found.reshape(-1), y, x, work)

        if y.size and x.size:
            share(part, parts * groups * chunks, threads, lambda: np.zeros(scratch, plan.real))
        return found.sum(axis=0)
