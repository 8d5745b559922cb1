"""What is planned once for all operators that are equal: their values, and programs on the windows that they meet.

Filters keep their plans (:func:`~.ways.choose.planned`), so that whoever runs an equal operator, bound or on ℤ^d,
finds them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Final
from weakref import ref

from ...expr import PLAIN, LinearOperator, grid
from ...expr.contents import has_blocks
from ..arrays.window import Window
from ..filters.fir import Fir
from ..filters.remembered import remembered
from ..letters.unfold import evaluate_channels
from .program import Program
from .values import Compiler, Ends, Value, compile_grid

MOST: Final = 32  # operators that are kept
MOST_TAPS: Final = 2**22  # that all of them have together; those of the last one may be more
MOST_PROGRAMS: Final = 16  # of one operator


class Compiled:
    """An operator as values; ``key`` says which one, and how it was compiled."""

    def __init__(self, ends: Ends, key: Any = None) -> None:
        self.ends, self.key = ends, key
        self.taps = _taps(ends)

    def program(self, read: Window, out: Window) -> Program:
        """The program whose inputs all lie on one window, and its outputs on one."""
        starts, ends = self.ends
        return remembered(
            self,
            "_programs",
            (read, out),
            lambda: Program([(start, read) for start in starts], [(end, out) for end in ends]),
            MOST_PROGRAMS,
        )


def _taps(ends: Ends) -> int:
    """How many numbers the filters hold."""
    seen, stack = set(ends[1]), list(ends[1])
    found = 0
    while stack:
        for source, action in stack.pop().terms:
            found += action.taps.size if isinstance(action, Fir) else 0
            if source not in seen:
                seen.add(source)
                stack.append(source)
    return found


class _Kept:
    """What was asked for last, by the operator and how it is compiled."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.made: OrderedDict[Any, Compiled] = OrderedDict()
        self.taps = 0  # of all of them

    def get(self, key: Any) -> Compiled | None:
        """What is kept under the key."""
        with self.lock:
            return self.made.get(key)

    def put(self, made: Compiled) -> Compiled:
        """What is kept under its key from now on: what another thread has put there meanwhile, if it has."""
        with self.lock:
            found = self.made.get(made.key)
            if found is not None:
                self.made.move_to_end(made.key)
                return found
            self.made[made.key] = made
            self.taps += made.taps
            while len(self.made) > 1 and (len(self.made) > MOST or self.taps > MOST_TAPS):
                self.taps -= self.made.popitem(last=False)[1].taps
            return made

    def clear(self) -> None:
        """Forget all."""
        with self.lock:
            self.made.clear()
            self.taps = 0


_KEPT = _Kept()


def multiplied_out(operator: LinearOperator, ndim: int) -> Compiled:
    """An operator as one grid of filters, see :func:`~.values.compile_grid`; the same for equal operators."""
    return _compiled(operator, ndim, lambda: compile_grid(grid(operator), ndim), has_blocks(operator))


def as_written(operator: LinearOperator, ndim: int) -> Compiled:
    """The same with blocks that run one after the other; each output is a value of its own."""
    if not has_blocks(operator):
        return multiplied_out(operator, ndim)
    return _compiled(operator, ndim, lambda: _in_stages(operator, ndim), False)


def _compiled(operator: LinearOperator, ndim: int, make: Callable[[], Ends], as_grid: bool) -> Compiled:
    known: dict[Any, ref[Compiled]] = operator.__dict__.setdefault("_compiled", {})
    here = known.get((ndim, as_grid))
    found = here() if here else None
    if found is None:
        key = operator, ndim, as_grid
        found = _KEPT.get(key) or Compiled(make(), key)
        known[ndim, as_grid] = ref(found)
    return _KEPT.put(found)


def _in_stages(operator: LinearOperator, ndim: int) -> Ends:
    machine = Compiler(ndim)
    _, inputs = operator.channels or PLAIN
    starts = [Value((), is_input=True) for _ in range(inputs)]
    return starts, [machine.total([end]) for end in evaluate_channels(operator, tuple(starts), machine)]
