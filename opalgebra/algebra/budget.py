"""How long a decision may take, and how deep an expression may be nested."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic
from typing import Any

from ..errors import OperandError, Undecided
from ..expr import depth, has_blocks

DECISION = 300.0  # seconds for a decision, unless said otherwise
DERIVATION = 10.0  # seconds to look for named laws, before canonical forms have to do
MAX_DEPTH = 100_000  # nodes below one another that Python's stack is extended for
_deadline: ContextVar[float] = ContextVar("deadline", default=inf)


@contextmanager
def limited(seconds: Any) -> Iterator[None]:
    """A time limit for what is done inside; of nested limits the first to come holds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise OperandError(f"the budget is {seconds!r}; give a positive number of seconds, such as budget=60")
    token = _deadline.set(min(_deadline.get(), monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def check_time() -> None:
    """Raise :class:`Undecided` where the time limit has passed; called in every loop that may be long."""
    if monotonic() > _deadline.get():
        raise Undecided("budget: the time limit has passed; prove(…, budget=seconds) sets another")


@contextmanager
def room(*roots: Any, grids: bool = True) -> Iterator[None]:
    """Python's recursion limit raised to the depth of the expressions.

    Calls from Python to Python take no C stack; grids are computed by calls that do, and keep the usual limit, unless
    it is known that no ``grids`` are made.
    """
    before = sys.getrecursionlimit()
    deepest = max(min(depth(root), MAX_DEPTH) for root in roots)
    if deepest > 50 and not (grids and any(has_blocks(root) for root in roots)):
        sys.setrecursionlimit(max(before, 1_000 + 16 * deepest))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
