"""Files of numpy.save, read without a guess: header and length have to agree, and nothing is ever unpickled."""

from __future__ import annotations

import ast
import re
import struct
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from .errors import unreadable

LENGTH = {1: "<H", 2: "<I", 3: "<I"}  # of the header, by the version of the format
LONGEST = 10_000  # characters of a header; those of numbers have about 120
BAD_TEXT = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)  # what Python finds wrong with a literal


def read(path: str) -> np.ndarray:
    """The array, in C order and in the machine's order of bytes."""
    try:
        with open(path, "rb") as file:
            dtype, is_fortran, shape = _header(file)
            size, found = prod(shape) * dtype.itemsize, Path(path).stat().st_size - file.tell()
            if size != found:
                raise ValueError(f"its header claims {size:,} bytes of shape {shape}, and {found:,} are there")
            values = np.fromfile(file, dtype, prod(shape)).reshape(shape, order="F" if is_fortran else "C")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    return np.array(values, dtype=dtype.newbyteorder("="), order="C")


def _header(file: Any) -> tuple[np.dtype, bool, tuple[int, ...]]:
    magic = file.read(8)
    if len(magic) < 8 or magic[:6] != b"\x93NUMPY" or magic[6] not in LENGTH:
        raise ValueError("it is no file of numpy.save")
    form = LENGTH[magic[6]]
    length = file.read(struct.calcsize(form))
    if len(length) < struct.calcsize(form) or struct.unpack(form, length)[0] > LONGEST:
        raise ValueError("its header is damaged")
    (size,) = struct.unpack(form, length)
    text = file.read(size)
    try:
        fields = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text.decode("utf8" if magic[6] == 3 else "latin1")).strip())
        if len(text) < size or set(fields) != {"descr", "fortran_order", "shape"}:
            raise ValueError
        descr, is_fortran, shape = fields["descr"], fields["fortran_order"], fields["shape"]
        is_shape = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
        if not is_shape or len(shape) > 32 or type(is_fortran) is not bool:
            raise ValueError
        dtype = np.dtype(descr if isinstance(descr, str) else "V")
    except BAD_TEXT:
        raise ValueError("its header is damaged") from None
    if dtype.kind not in "iufc" or not shape:
        raise ValueError(
            f"it does not hold an array of numbers, but {descr!r} of shape {shape}; save one with numpy.save"
        )
    return dtype, is_fortran, shape
