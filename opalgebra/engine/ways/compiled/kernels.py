"""The loops as plans call them: each for one dtype of entries, loaded where it was compiled before, else compiled.

A loop reads its arguments from two blocks of memory: a number, or of an array the address and the shape.  One block is
*held*, lists and tables of a plan, written down once; the other is *given* with every call, flat arrays.  So a
call is one call of C, which costs a microsecond and needs no Numba.

>>> y, x, places = np.zeros(2), np.array([1.0, 2.0, 3.0]), np.array([0, 1, 1])
>>> loop("samples._scatter", np.dtype(float)).holding()(0, 3, y, x, places)
>>> y
array([1., 5.])
"""

from __future__ import annotations

import gc
from ctypes import CFUNCTYPE, addressof, c_char, c_char_p, c_int32, c_int64, c_void_p
from functools import cache
from struct import Struct, pack
from typing import Any

import numpy as np

from . import stored
from .loops.layout import (
    Argument,
    Channels,
    Chunk,
    Group,
    LastAxis,
    LeadingAxis,
    OutputBlock,
    PhaseTaps,
    PhaseTiles,
    RowTiles,
    Shuffle,
    Span,
    Transforms,
    record_of,
)
from .runs import only_read

INDEX, DOUBLE = np.dtype(np.int64), np.dtype(np.float64)

#: Arguments that a plan holds: entries, indices, tables of them, numbers; and those that are given with every call.
ENTRIES, ENTRY = Argument(None, 1), Argument(None, 0)
INDICES, TABLE, NUMBER = Argument(INDEX, 1), Argument(INDEX, 2), Argument(INDEX, 0)
GIVEN, PLACES, WIDE = Argument(None, 1, True), Argument(INDEX, 1, True), Argument(DOUBLE, 1, True)


def _rows(table: Any) -> Argument:
    """The rows of a table of :mod:`.loops.layout`."""
    return Argument(record_of(table), 1)


AXES, LASTS, MIXES = _rows(LeadingAxis), _rows(LastAxis), _rows(Channels)
PHASES, GROUPS, CHUNKS, TILES = _rows(PhaseTaps), _rows(Group), _rows(Chunk), _rows(PhaseTiles)
_FILTERED, _COMBINED = (ENTRIES, TABLE, TABLE, LASTS), (ENTRIES, TABLE, INDICES, AXES)
_SEPARABLE = (GIVEN, GIVEN, *_FILTERED, *_COMBINED, ENTRY, _rows(RowTiles), GIVEN, PLACES)

#: The loops, by file and function of :mod:`.loops`, and their arguments but for the first and the last step.
LOOPS = {
    "tiles._tiles": (GIVEN, GIVEN, ENTRIES, TABLE, TABLE, GIVEN, AXES, LASTS, NUMBER, NUMBER),
    "tiles._each": (GIVEN, GIVEN, ENTRIES, INDICES, TABLE, LASTS),
    "far._far": (GIVEN, GIVEN, ENTRIES, TABLE, INDICES, GIVEN, AXES, LASTS, NUMBER, NUMBER),
    "phases._tiles": (GIVEN, GIVEN, ENTRIES, INDICES, ENTRIES, INDICES, GROUPS, CHUNKS, TILES, GIVEN),
    "phases._each": (GIVEN, GIVEN, ENTRIES, PHASES, TILES),
    "phases._lists": (ENTRIES, PHASES, GROUPS, CHUNKS, TILES, ENTRIES, INDICES, ENTRIES, INDICES),
    "rows._rows_first": _SEPARABLE,
    "rows._rows_last": _SEPARABLE,
    "transforms._groups": (
        GIVEN, GIVEN, Argument(DOUBLE, 2), Argument(DOUBLE, 1), WIDE, WIDE, _rows(Transforms), Argument(DOUBLE, 0),
        PLACES,
    ),
    "mixing._mixed": (
        GIVEN, GIVEN, ENTRIES, INDICES, INDICES, GIVEN, _rows(OutputBlock), TABLE, AXES, LASTS, MIXES,
    ),
    "mixing._unmixed": (
        GIVEN, GIVEN, GIVEN, INDICES, INDICES, GIVEN, TABLE, AXES, LASTS, MIXES, INDICES, NUMBER,
    ),
    "samples._maxima": (GIVEN, GIVEN, TABLE, _rows(Span), NUMBER, NUMBER, ENTRY),
    "samples._chosen": (GIVEN, PLACES, GIVEN, TABLE, _rows(Span), NUMBER, NUMBER, ENTRY),
    "samples._scatter": (GIVEN, GIVEN, PLACES),
    "samples._interleave": (GIVEN, GIVEN, INDICES, _rows(Shuffle)),
}  # fmt: skip

#: Those that never divide by 0, and need not ask.
UNCHECKED = frozenset(["rows._rows_first", "rows._rows_last"])

#: Those of filters on one axis and two, of resampling, of long filters, and of layers.
USUAL = (
    "tiles._tiles", "tiles._each", "phases._tiles", "phases._each", "phases._lists", "rows._rows_first",
    "rows._rows_last", "transforms._groups", "mixing._mixed",
)  # fmt: skip

_NOTHING = (c_int64 * 2)()  # where a loop says that it returns nothing, and
_FAILED = addressof(_NOTHING) + 8  # what went wrong
_memory: Any = (c_char * 0).from_buffer  # of any size
_CALLED = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_char_p, c_char_p, c_int64, c_int64)  # without Python's lock


class Loop:
    """A loop for entries of a dtype."""

    def __init__(self, name: str, real: np.dtype) -> None:
        self.real, self.arguments, key = real, LOOPS[name], f"{name}-{real}"
        code = stored.kept(key) if stored.lends_all() else None
        if code is None:
            symbol, content, is_whole = _compiled(name, real)
            code = stored.Code(symbol, content)
            if is_whole:
                stored.keep(key, code)
        self._engine, address = stored.loaded(code)
        self.entry = _CALLED(address)

    def holding(self, *values: Any) -> Call:
        """The loop with the arguments that are not given with every call; arrays must stay as they are."""
        return Call(self, values)

    def words(self, argument: Argument, value: Any) -> bytes:
        """A number, or the address and the shape of an array, which must be one as expected."""
        dtype = self.real if argument.dtype is None else argument.dtype
        if not argument.ndim:
            return np.array(value, dtype).tobytes().ljust(8, b"\0")
        if value.dtype != dtype or value.ndim != argument.ndim:
            raise TypeError(f"a loop was called with {value.dtype}[{value.ndim}] for {dtype}[{argument.ndim}]")
        return pack(f"={1 + argument.ndim}q", addressof(_memory(value)), *value.shape)


class Call:
    """A loop that holds all arguments but those that are given."""

    def __init__(self, loop: Loop, values: tuple[Any, ...]) -> None:
        held = [argument for argument in loop.arguments if not argument.is_given]
        kept = [only_read(v) if a.ndim and not v.flags.carray else v for a, v in zip(held, values, strict=True)]
        self._loop, self._entry, self._kept = loop, loop.entry, kept  # whose memory the loop reads
        self._given = [argument.dtype or loop.real for argument in loop.arguments if argument.is_given]
        self._block = b"".join(map(loop.words, held, kept))
        self._pack = Struct(f"={2 * len(self._given)}q").pack

    def __call__(self, first: int, stop: int, *given: np.ndarray) -> None:
        """Run the steps first ≤ t < stop; what is given are arrays that are contiguous and writable, read as flat."""
        kinds = [value.dtype for value in given]
        if kinds != self._given:
            raise TypeError(f"a loop was called with {kinds} for {self._given}")
        words: list[int] = []
        for value in given:
            words += (addressof(_memory(value)), value.size)
        if self._entry(_NOTHING, _FAILED, self._block, self._pack(*words), first, stop):
            raise ArithmeticError("a compiled loop divided by 0")


def _compiled(name: str, real: np.dtype) -> tuple[str, bytes, bool]:
    """What :func:`~.loops.machine.machine_code` makes, without a search for garbage, a sixth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        from .loops.machine import machine_code

        return machine_code(name, real, LOOPS[name], name not in UNCHECKED)
    finally:
        if collects:
            gc.enable()


@cache
def loop(name: str, real: np.dtype) -> Loop:
    """The loop of this name for entries of a dtype: loaded, or compiled and kept."""
    return Loop(name, real)


def usual() -> None:
    """Load, or compile and keep, what is usual."""
    for real in (np.dtype(np.float32), DOUBLE):
        for name in USUAL:
            loop(name, real)
