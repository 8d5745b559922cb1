"""Launches of the kernels of ``fir.cuh``: which variant is compiled for a filter, and with which arguments.

A block makes a tile of outputs along the last filtered axis.  Its size follows from what fits into shared memory;
where nothing fits, or most samples of a tile would be read in vain, every output is computed by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

MAX_AXES = 3
SHARED_BYTES = 48 * 2**10  # what every device gives a block without being asked
REALS = {"f4": "float", "f8": "double", "i8": "long long"}
_VECTOR = {4: 7, 8: 5, 16: 3}  # odd: neighbouring threads then read different banks

Macros: TypeAlias = tuple[tuple[str, "int | str"], ...]


class Axis(NamedTuple):
    """One axis of a launch, as ``struct axis`` has it; the strides count entries."""

    up: int
    down: int
    offset: int
    taps: int
    outs: int
    ins: int
    mode: int
    y_stride: int
    x_stride: int


_NO_AXIS = Axis(1, 1, 0, 1, 1, 1, 0, 0, 0)


class Variant(NamedTuple):
    """A kernel compiled for its macros, and the threads of its blocks."""

    name: str
    macros: Macros
    threads: int


class Launch(NamedTuple):
    """A variant, its integer arguments, and how many blocks have something to do."""

    variant: Variant
    numbers: tuple[int, ...]
    blocks: int


def source() -> str:
    """The CUDA source of the kernels.

    >>> "fir_tiled" in source()
    True
    """
    from importlib.resources import files

    return files(__package__).joinpath("fir.cuh").read_text(encoding="utf-8")


def real_of(dtype: Any) -> Any:
    """The dtype of the parts of a complex number, or the dtype itself."""
    return np.finfo(dtype).dtype if dtype.kind == "c" else dtype


def options(variant: Variant) -> tuple[str, ...]:
    """The compiler's options for a variant."""
    return ("-std=c++17", *(f"-D{name}={value}" for name, value in variant.macros))


def launch_of(
    axes: Sequence[Axis],
    outer: int,
    y_outer: int,
    x_outer: int,
    inner: int,
    members: int,
    dtypes: Sequence[Any],
    *,
    add: bool = False,
    zeros: bool = True,
    sparse: bool = False,
) -> Launch:
    """The kernel for up to three axes, the last of which is walked in tiles where these fit into shared memory.

    ``dtypes`` are those of the samples, the taps and the outputs.

    >>> axis = Axis(2, 1, 0, 4, 2000, 1000, 0, 1, 1)
    >>> launch_of([axis], 1, 0, 0, 1, 1, [np.dtype("f4")] * 3).variant.name
    'fir_tiled'
    """
    filled = [_NO_AXIS] * (MAX_AXES - len(axes)) + list(axes)
    common: list[tuple[str, int | str]] = [("REAL", REALS[real_of(dtypes[2]).str[1:]])]
    common += [(f"{name}_COMPLEX", int(dtype.kind == "c")) for name, dtype in zip("XHY", dtypes, strict=True)]
    common += [("ADD", int(add)), ("ZEROS", int(zeros)), ("SPARSE", int(sparse)), ("AXES", len(axes))]
    numbers = (outer, y_outer, x_outer, inner, members, *(number for axis in filled for number in axis))
    rows, main = prod(axis.taps for axis in filled[:-1]), filled[-1]
    shape = _tile(main, rows, inner, [dtype.itemsize for dtype in dtypes])
    outputs = outer * prod(axis.outs for axis in filled) * inner
    if shape is None:
        return Launch(Variant("fir_direct", tuple(common), 256), numbers, -(-outputs // 256))
    tiled = [("UP", main.up), ("DOWN", main.down), ("TERMS", shape.terms), ("ROWS", rows), ("GROUPS", shape.groups)]
    tiled += [("VECTOR", shape.vector), ("INNER", shape.inner), ("THREADS", shape.threads)]
    lines = outer * filled[0].outs * filled[1].outs
    blocks = lines * -(-main.outs // shape.outputs) * -(-inner // shape.inner)
    return Launch(Variant("fir_tiled", (*common, *tiled), shape.threads), numbers, blocks)


@dataclass(frozen=True)
class _Tile:
    """What a block makes in one step."""

    up: int
    down: int
    terms: int
    groups: int
    vector: int
    inner: int

    @property
    def phases(self) -> int:
        return self.up // gcd(self.up, self.down)

    @property
    def outputs(self) -> int:
        return self.phases * self.groups * self.vector

    @property
    def threads(self) -> int:
        return -(-self.phases * self.groups * self.inner // 32) * 32

    def shared_bytes(self, rows: int, sizes: Sequence[int]) -> int:
        """Taps, samples and staged outputs."""
        span = -(-abs(self.down) * (self.outputs - 1) // self.up) + self.terms
        staged = self.outputs * max(sizes) if self.inner == 1 and self.up < 32 else 0
        return rows * self.phases * (self.terms | 1) * sizes[1] + span * self.inner * sizes[0] + staged


def _tile(axis: Axis, rows: int, inner: int, sizes: Sequence[int]) -> _Tile | None:
    """The tile of an axis; None where it would not fit, or load many samples that nothing reads."""
    terms, common = -(-axis.taps // axis.up), gcd(axis.up, axis.down)
    phases, stride = axis.up // common, abs(axis.down) // common
    width = min(32, 1 << (inner - 1).bit_length())
    if stride > 8 * phases * terms or phases * width > 512 or max(axis.up, abs(axis.down)) >= 2**31:
        return None
    groups = _power(256 // (phases * width))
    vector = _VECTOR[max(sizes)]
    if phases * groups * vector >= 2 * axis.outs:
        groups = _power(32 // (phases * width))  # a warp: two sizes are enough, and each is compiled
    shapes = [_Tile(axis.up, axis.down, terms, g, v, width) for v in (vector, 1) for g in _halves(groups)]
    return next((shape for shape in shapes if shape.shared_bytes(rows, sizes) <= SHARED_BYTES), None)


def _power(count: int) -> int:
    """The largest power of two that is not larger; 1 for 0."""
    return 1 << max(1, count).bit_length() - 1


def _halves(count: int) -> Iterator[int]:
    while count:
        yield count
        count //= 2
