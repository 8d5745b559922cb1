"""Whether a result fits into memory, asked before work starts."""

from __future__ import annotations

import os

from ...errors import SizeError

ASKED_FROM = 2**30  # bytes; what is smaller is not worth a question


def check_memory(size: int, what: object) -> None:
    """Raise :class:`~opalgebra.SizeError` where ``size`` bytes are more than can be had."""
    if size < ASKED_FROM:
        return
    free = available()
    if free is not None and size > free:
        raise SizeError(
            f"{what} holds {size / 2**30:,.1f} GiB at once and {free / 2**30:,.1f} GiB of memory are available; give a "
            "Dask array, which is computed in chunks, or float32 data, or a shorter out=(start, stop)"
        )


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
