"""Work in pieces that several threads take, one after the other.

The threads are Python's: compiled code and FFTs run without the interpreter's lock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from threading import Lock, local
from typing import TYPE_CHECKING, Any

from ....errors import FactorError, FactorTypeError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

PIECES = 8  # per thread, so that a thread that is held up leaves its share to the others

_chosen: int | None = None
_here = local()  # how many tasks of a scheduler this thread is in


def cpus() -> int:
    """How many processors this process may use.

    >>> cpus() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked(threads: Any) -> int:
    """The number itself, if it is an int ≥ 1."""
    if isinstance(threads, bool) or not hasattr(type(threads), "__index__"):
        raise FactorTypeError(f"the number of threads is {threads!r}; give an int of at least 1")
    number = int(threads.__index__())
    if number < 1:
        raise FactorError(f"the number of threads is {number}; give an int of at least 1")
    return number


def set_threads(threads: int) -> None:
    """At most n threads for every filter from now on, in this process; results do not depend on n.

    It holds within the tasks of Dask too, of which each takes one thread where nothing was set; on a cluster
    ``client.run(oa.set_threads, n)`` tells the workers.
    Threads beyond the number of processors are not started.  Raises :class:`~opalgebra.FactorError` unless n is an
    int ≥ 1.

    >>> set_threads(1)
    >>> get_threads()
    1
    >>> set_threads(cpus())
    """
    global _chosen
    _chosen = checked(threads)


def get_threads() -> int:
    """The n of :func:`set_threads`, by default the number of processors that this process may use; in a task of Dask 1.

    >>> import opalgebra as oa
    >>> oa.get_threads() >= 1
    True
    """
    return _chosen or (1 if _in_a_task() else cpus())


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it the default is one thread: others run tasks of the same scheduler."""
    _here.tasks = getattr(_here, "tasks", 0) + 1
    try:
        yield
    finally:
        _here.tasks -= 1


def _in_a_task() -> bool:
    """Whether a scheduler shares the processors out: within :func:`one_thread`, or in a task of ``distributed``."""
    return getattr(_here, "tasks", 0) > 0 or worker_here() is not None


def worker_here() -> Any:
    """The worker of ``distributed`` whose task this is, or None; found out without importing it."""
    module = sys.modules.get("distributed")
    if module is None:
        return None
    try:
        return module.get_worker()
    except ValueError:  # what it says where no task runs
        return None


@lru_cache(maxsize=1)
def _pool(_process: int) -> ThreadPoolExecutor:
    """The helpers of this process: after a fork the child has none of its parent's threads and starts its own."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max(1, cpus() - 1), thread_name_prefix="opalgebra")


def _cuts(steps: int, pieces: int) -> list[tuple[int, int]]:
    """0 … steps in pieces of about the same size."""
    return list(pairwise([steps * i // pieces for i in range(pieces + 1)]))


def share(
    part: Callable[[int, int, Any], None],
    steps: int,
    threads: int,
    work: Callable[[], Any] = lambda: None,
    most: int | None = None,
) -> None:
    """part(first, stop, work()) over all steps, in pieces that idle threads take; the caller is one of them.

    ``work()`` is called once per thread, for memory that its pieces reuse.  There are at most ``most`` pieces:
    each costs some microseconds, and small ones would be dearer than what they hold.
    """
    if threads <= 1 or steps < 2:
        part(0, steps, work())
        return
    pieces = min(steps, PIECES * threads, PIECES * threads if most is None else max(most, threads))
    queue, lock = iter(_cuts(steps, pieces)), Lock()

    def worker() -> None:
        scratch = work()
        while True:
            with lock:
                piece = next(queue, None)
            if piece is None:
                return
            part(*piece, scratch)

    helpers = [_pool(os.getpid()).submit(worker) for _ in range(min(threads, pieces) - 1)]
    try:
        worker()
    finally:  # an error here must not leave threads behind that still write
        running = [helper for helper in helpers if not helper.cancel()]
        for helper in running:
            helper.result()
