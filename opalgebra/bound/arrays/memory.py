"""Whether a result fits into memory, asked before work starts."""

from __future__ import annotations

import os
from typing import Any

from ...engine.ways.compiled.threads import worker_here
from ...errors import SizeError

ASKED_FROM = 2**30  # bytes; what is smaller is not worth a question


def check_memory(size: int, what: object) -> None:
    """Raise :class:`~opalgebra.SizeError` where ``size`` bytes are more than can be had.

    In a task of ``distributed`` that is what its worker may still take: beyond it the worker would be killed.
    """
    worker = worker_here()
    limit = None if worker is None else _limit(worker)
    if size < (ASKED_FROM if limit is None else limit // 64):
        return
    free = available() if limit is None else min(limit - _taken(worker), available() or limit)
    if free is not None and size > free:
        where = "" if limit is None else f" to this worker, whose limit is {limit / 2**30:,.1f} GiB"
        more = "smaller chunks, or " if limit is not None else "a Dask array, which is computed in chunks, or "
        raise SizeError(
            f"{what} holds {size / 2**30:,.1f} GiB at once and {max(0, free) / 2**30:,.1f} GiB of memory are "
            f"available{where}; give {more}float32 data, or a shorter out=(start, stop)"
        )


def _limit(worker: Any) -> int | None:
    """The bytes at which a worker is ended, or that it was given; None where it has no limit."""
    manager = worker.memory_manager
    if not manager.memory_limit:
        return None
    from dask import config

    return int(manager.memory_limit * (config.get("distributed.worker.memory.terminate", 0.95) or 1))


def _taken(worker: Any) -> int:
    """The bytes that the process of a worker has, but for the results that it keeps: these it can write to disk."""
    return max(0, int(worker.monitor.get_process_memory()) - int(worker.state.nbytes))


def available() -> int | None:
    """The bytes that can be had without swapping; None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except FileNotFoundError:
        pass  # not Linux
    names = getattr(os, "sysconf_names", {})
    if not {"SC_AVPHYS_PAGES", "SC_PAGE_SIZE"} <= set(names):
        return None
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
