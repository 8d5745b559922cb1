"""How a kernel becomes machine code: for one list of argument types, with a name that says all that it depends on."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.resources import files
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import binding
from numba import from_dtype, int64, njit, types

from ....arrays import rules
from .layout import record_of

jit = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
part_of = njit(inline="always")  # a call with arrays costs 0.1 µs, as much as a short row

#: Whether there are 32 registers of 64 bytes, or as few as 16 of 32.
HAS_LARGE_REGISTERS = bool(binding.get_host_cpu_features().get("avx512f"))

INDICES, TABLE = int64[::1], int64[:, ::1]  # types of arguments: lists and tables of indices


@cache
def _version() -> str:
    """A number for what compiled code depends on: the text of all kernels and of the rules, and the processor.

    Numba's cache looks at one file alone and numbers its own files without a lock.  So the name of a cached function
    says all that it depends on, and one name never stands for two things that two processes could mix up.
    """
    here = files(__package__)
    texts = {file.name: file.read_bytes() for file in here.iterdir() if file.name.endswith(".py")}
    texts["rules"] = files(rules.__package__).joinpath("rules.py").read_bytes()
    processor = binding.get_host_cpu_name(), HAS_LARGE_REGISTERS
    return f"{zlib.crc32(repr((sorted(texts.items()), processor)).encode()):08x}"


def machine_code(
    function: Callable[..., Any],
    dtype: np.dtype,
    *arguments: Any,
    result: Any = types.void,
    counts: bool = True,
    checks: bool = True,
) -> Any:
    """The function compiled for these arguments only, whose numbers are of a dtype; others are refused, not converted.

    One that makes no arrays need not count references, which costs more than a short row; nor need one that never
    divides by 0 ask for it, which would keep its loops from becoming vectors.
    """
    named = FunctionType(function.__code__, function.__globals__, function.__name__)
    named.__module__ = function.__module__
    named.__qualname__ = f"{function.__name__}_{dtype}_{_version()}"
    model = "python" if checks else "numpy"
    compiled = njit(nogil=True, no_cfunc_wrapper=True, _nrt=counts, error_model=model)(named)
    with suppress(RuntimeError):  # no directory to write to: compiled in every process
        compiled.enable_caching()
    compiled.compile(result(*arguments))
    compiled.disable_compile()
    return compiled


def numbers(dtype: np.dtype) -> Any:
    """The type of an argument: contiguous numbers of a dtype."""
    return from_dtype(dtype)[::1]


def rows_of(table: Any) -> Any:
    """The type of an argument: the rows of a table of :mod:`.layout`."""
    return from_dtype(record_of(table))[::1]
