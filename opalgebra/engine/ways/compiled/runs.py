"""What all plans share: which arrays they take, whether new ones are made, and when threads pay."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ....errors import WindowError
from ...arrays.rules import CODES
from .loops.layout import entries_of
from .threads import checked, get_threads

# A sample that is read or written costs as much as so many multiply-adds; below how many a second thread costs more
# than it saves (it takes some 20 µs to start; so much work some 180), and how many a piece of work has at least.
SAMPLE_COST, THREAD_WORK, PIECE_WORK = 16, 10_000_000, 2_000_000


class _Alias:
    """The memory of a read-only array, which the kernels only read, as one that may be written."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array  # keeps the memory alive
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def only_read(x: np.ndarray) -> np.ndarray:
    """x, in C order and aligned, for kernels that do not write to it."""
    x = np.require(x, requirements=["C", "ALIGNED", "ENSUREARRAY"])
    return x if x.flags.writeable else np.asarray(_Alias(x))


def as_input(x: np.ndarray, plan: Runs, y: np.ndarray | None) -> tuple[np.ndarray, tuple[int, ...]]:
    """x as the kernels read it, a copy where it is not contiguous or may overlap y, and the shape of its batch."""
    shape = plan.shape_in
    lead = x.shape[: x.ndim - len(shape)]
    if x.shape != lead + shape or x.dtype != plan.dtype:
        raise WindowError(
            f"the input is {x.dtype} of shape {x.shape}, expected {plan.dtype} of shape "
            f"(…, {', '.join(map(str, shape))}); cast it, or make a plan for it"
        )
    if y is None and not plan.reversed_axes and x.flags.carray:
        return x, lead
    if y is not None and np.may_share_memory(x, y):
        x = x.copy()
    if plan.reversed_axes:
        x = np.flip(x, tuple([axis - len(shape) for axis in plan.reversed_axes]))
    return only_read(x), lead


def as_output(y: np.ndarray | None, shape: tuple[int, ...], dtype: Any, add: bool) -> np.ndarray:
    """y, or a new array of its shape."""
    if y is None:
        return np.zeros(shape, dtype) if add else np.empty(shape, dtype)
    if y.shape != shape or y.dtype != dtype or not y.flags.carray:
        raise WindowError(
            f"the output is {y.dtype} of shape {y.shape}, expected a writable, contiguous {dtype} of shape {shape}; "
            f"leave it out to get a new one"
        )
    return y


@dataclass(frozen=True, eq=False)
class Runs(ABC):
    """What filters arrays of one dtype between windows, by loops of its own.

    Attributes
    ----------
    dtype, real : dtype
        Of the arrays, and of their real and imaginary parts.
    shape_in, shape_out : tuple of int
        The sizes of the windows.
    reversed_axes : tuple of int
        Axes along which x is read backwards.
    """

    dtype: np.dtype
    real: np.dtype
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    reversed_axes: tuple[int, ...]

    @cached_property
    @abstractmethod
    def multiply_adds(self) -> int:
        """Multiply-adds of real numbers in one run without a batch."""

    @abstractmethod
    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        """Fill y from x, or add to it, both flat and real."""

    @property
    @abstractmethod
    def rules(self) -> list[int]:
        """How x goes on beyond its window, per axis: numbers of :mod:`.layout`."""

    @cached_property
    def work(self) -> int:
        """Multiply-adds that take as long as one run without a batch."""
        return self.multiply_adds + SAMPLE_COST * (prod(self.shape_in) + prod(self.shape_out))

    def run(
        self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None
    ) -> np.ndarray:
        """y, or y + the filtered x where ``add``.

        Parameters
        ----------
        x : ndarray
            Shape (…, \\*shape_in), of the plan's dtype; the leading axes are a batch.
        y : ndarray, optional
            Shape (…, \\*shape_out), contiguous; it is written and returned.
        add : bool
            Whether y is added to.
        threads : int, optional
            At most so many; by default :func:`get_threads`.  The result does not depend on it.

        Raises :class:`~opalgebra.WindowError` for another shape or dtype.

        >>> from opalgebra.engine.ways.compiled import plan
        >>> plan(np.ones(3), [0], [1], [1], [(0, 5)], [(0, 3)], float).run(np.ones(3))
        array([1., 2., 3., 2., 1.])
        """
        x, lead = as_input(x, self, y)
        y = as_output(y, lead + self.shape_out, self.dtype, add)
        batch = prod(lead)
        busy = self.work * batch > THREAD_WORK
        most = checked(threads) if threads is not None else get_threads() if busy else 1
        if y.size:
            flat_x, flat_y = x.reshape(-1), np.asarray(y).reshape(-1)
            if self.real != self.dtype:
                flat_x, flat_y = flat_x.view(self.real), flat_y.view(self.real)
            self._run(flat_x, flat_y, batch, add, most if busy else 1)
        return y


@dataclass(frozen=True, eq=False)
class Later(Runs):
    """What is planned when it is first run: the sums that stand in where transforms give no finite numbers.

    Attributes
    ----------
    codes : list of int
        The rules.
    make : callable
        Gives the plan.
    """

    codes: list[int]
    make: Callable[[], Runs]

    @classmethod
    def of(cls, make: Callable[[], Runs], down: Any, out: Any, read: Any, dtype: np.dtype, rules: Any) -> Later:
        """For the arguments of a plan."""
        flipped = tuple([axis for axis, m in enumerate(down) if m < 0])
        shapes = tuple([n for _, n in read]), tuple([n for _, n in out])
        return cls(dtype, entries_of(dtype)[0], *shapes, flipped, [CODES[rule] for rule in rules], make)

    @property
    def rules(self) -> list[int]:
        """As of :class:`Runs`."""
        return self.codes

    @cached_property
    def made(self) -> Runs:
        """The plan."""
        return self.make()

    @cached_property
    def multiply_adds(self) -> int:
        """Of the plan."""
        return self.made.multiply_adds

    def _run(self, x: np.ndarray, y: np.ndarray, batch: int, add: bool, threads: int) -> None:
        self.made._run(x, y, batch, add, threads)
