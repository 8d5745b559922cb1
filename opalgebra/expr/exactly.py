"""Where signals are computed in exact numbers alone.

An operator applied to known samples is computed at once, and where a user gave floats, in floats.  Inside a proof that
would round: there a float is the binary fraction that it stores.  Whatever decides, rewrites or replays a statement
runs :func:`exactly`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_exact: ContextVar[bool] = ContextVar("exact", default=False)


@contextmanager
def exactly() -> Iterator[None]:
    """Inside, ``A @ x`` and ``x + y`` of known samples are exact, floats among them being binary fractions.

    >>> import opalgebra as oa
    >>> with exactly():
    ...     (oa.Identity() + oa.exact("1/3") * oa.Identity()) @ oa.Signal([0.5])
    Signal(exact('[2/3]'))
    """
    token = _exact.set(True)
    try:
        yield
    finally:
        _exact.reset(token)


def is_exact_arithmetic() -> bool:
    """Whether samples are to be computed in exact numbers."""
    return _exact.get()
