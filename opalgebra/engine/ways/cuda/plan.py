"""Launches of the kernels of ``tiles.cuh``: which variant is compiled for a filter, and with which arguments.

A block makes a tile of outputs along the last filtered axis.  Its size follows from what fits into shared memory;
where nothing fits, or most samples of a tile would be read in vain, every output is computed by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import gcd, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

MAX_AXES = 3
SHARED_BYTES = 48 * 2**10  # what every device gives a block without being asked
PLANE_BYTES = 40 * 2**10  # of a tile with several rows, so that three or four blocks fit beside each other
THREAD_BYTES = 128  # of a span, for each thread: more would leave too few threads
NARROW = 2**30  # below it indices have 32 bits
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
    """The CUDA source of the kernels, numbers and indices first.

    >>> "fir_tiled" in source()
    True
    """
    from importlib.resources import files

    parts = (files(__package__).joinpath(f"{name}.cuh") for name in ("numbers", "tiles"))
    return "".join(part.read_text(encoding="utf-8") for part in parts)


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
    numbers = (outer, y_outer, x_outer, inner, members, *(number for axis in filled for number in axis))
    shape = _tile(filled, len(axes), inner, [dtype.itemsize for dtype in dtypes], zeros, sparse)
    common: list[tuple[str, int | str]] = [("REAL", REALS[real_of(dtypes[2]).str[1:]])]
    common += [(f"{name}_COMPLEX", int(dtype.kind == "c")) for name, dtype in zip("XHY", dtypes, strict=True)]
    common += [("ADD", int(add)), ("ZEROS", int(zeros)), ("SPARSE", int(sparse)), ("AXES", len(axes))]
    common += [("WIDE", int(_is_wide(filled, numbers[:5], 1 if shape is None else shape.outputs)))]
    outputs = outer * prod(axis.outs for axis in filled) * inner
    if shape is None:
        return Launch(Variant("fir_direct", tuple(common), 256), numbers, -(-outputs // 256))
    main, lines = filled[-1], outer * filled[0].outs * -(-filled[1].outs // max(1, shape.lanes))
    blocks = lines * -(-main.outs // shape.outputs) * -(-inner // shape.inner)
    return Launch(Variant("fir_tiled", (*common, *_macros(shape, filled)), shape.threads), numbers, blocks)


def _macros(shape: _Tile, filled: Sequence[Axis]) -> Macros:
    """What a tile is compiled for."""
    before, main = filled[-2:]
    made = [("UP", main.up), ("DOWN", main.down), ("TERMS", shape.terms), ("ROWS", shape.rows)]
    made += [("GROUPS", shape.groups), ("VECTOR", shape.vector), ("INNER", shape.inner), ("THREADS", shape.threads)]
    made += [("UNIT", int(shape.inner == 1 and main.x_stride == main.y_stride == 1)), ("LANES", shape.lanes)]
    if shape.lanes:
        made += [("UP1", before.up), ("DOWN1", before.down), ("TERMS1", terms_along(before))]
    return (*made, ("BLOCKS", shape.blocks))


def terms_along(axis: Axis) -> int:
    """Taps per phase: ⌈K/L⌉."""
    return -(-axis.taps // axis.up)


def _is_wide(axes: Sequence[Axis], steps: Sequence[int], tile: int) -> bool:
    """Whether some index of a launch might need more than 31 bits; with one bit to spare, for sums of two."""
    outer, y_outer, x_outer, inner, members = steps
    reached = max(
        outer * abs(x_outer) + inner + sum(a.ins * abs(a.x_stride) for a in axes),
        outer * abs(y_outer) + inner + sum((a.outs + tile) * abs(a.y_stride) for a in axes),
        outer * inner * prod(a.outs for a in axes),
        members * prod(a.taps + a.up for a in axes),
        *(abs(a.offset) + abs(a.down) * (a.outs + tile) + a.up * (a.ins + 2) + a.taps for a in axes),
    )
    return reached >= NARROW


@dataclass(frozen=True)
class _Tile:
    """What a block makes in one step; ``lanes`` rows of outputs side by side, or 0: row by row of taps."""

    up: int
    down: int
    terms: int
    rows: int
    groups: int
    vector: int
    inner: int
    together: int = 4  # blocks of eight warps on a multiprocessor
    lanes: int = 0
    lines: int = 1  # rows of samples that are held

    @property
    def phases(self) -> int:
        return self.up // gcd(self.up, self.down)

    @property
    def outputs(self) -> int:
        """Along the axis."""
        return self.phases * self.groups * self.vector

    @property
    def threads(self) -> int:
        return -(-self.phases * self.groups * self.inner * max(1, self.lanes) // 32) * 32

    @property
    def blocks(self) -> int:
        """How many a multiprocessor should hold: registers are shared out for that."""
        return max(1, self.together * 8 * 32 // self.threads) if self.threads > 32 else 24

    def shared_bytes(self, sizes: Sequence[int]) -> int:
        """Taps, samples and staged outputs, with what keeps them apart: at most what the kernel takes."""
        span = -(-abs(self.down) * (self.outputs - 1) // self.up) + self.terms
        staged = max(1, self.lanes) * (self.outputs + 4) * max(sizes) if self.inner == 1 and self.up < 32 else 0
        quads = max(1, 16 // sizes[1])
        taps = self.rows * self.phases * (-(-self.terms // quads) | 1) * quads * sizes[1]
        stride = abs(self.down) // gcd(self.up, self.down)
        folded = stride % 2 == 0 and self.phases == 1 and self.inner < 32
        apart = (16 if folded else 1) * 32 if folded or self.lanes else 8
        return taps + self.lines * (span + apart) * self.inner * sizes[0] + staged


def _tile(
    axes: Sequence[Axis], count: int, inner: int, sizes: Sequence[int], zeros: bool, sparse: bool
) -> _Tile | None:
    """The tile of the last axis; None where it would not fit, or load many samples that nothing reads."""
    before, axis = axes[-2:]
    terms, common = terms_along(axis), gcd(axis.up, axis.down)
    phases, stride = axis.up // common, abs(axis.down) // common
    width = min(32, 1 << (inner - 1).bit_length())
    if stride > 8 * phases * terms or phases * width > 512 or max(axis.up, abs(axis.down)) >= 2**31:
        return None
    rows, vector = prod(a.taps for a in axes[:-1]), _vector(count, stride / phases, sizes)
    few = stride <= phases * (1 if zeros else 3)  # samples between the outputs of a thread, which it holds
    together = 2 if count == MAX_AXES else 4 if count == 1 and few else 3
    made = _Tile(axis.up, axis.down, terms, rows, 1, vector, width, together)
    plane = _plane(before, axis, made, sizes) if count > 1 and inner == 1 and not sparse else None
    if plane is not None:
        return plane
    groups = _power(256 // (phases * width))
    if phases * groups * vector >= 2 * axis.outs:
        groups = _power(32 // (phases * width))  # a warp: two sizes are enough, and each is compiled
    shapes = [replace(made, groups=g, vector=v) for v in (vector, 1) for g in _halves(groups)]
    return next((shape for shape in shapes if shape.shared_bytes(sizes) <= SHARED_BYTES), None)


def _vector(count: int, samples: float, sizes: Sequence[int]) -> int:
    """Outputs of a thread, each of which moves on by ``samples``: an odd number, fewer where these are many."""
    vector = _VECTOR[max(sizes)] - (2 if count == MAX_AXES else 0)
    while vector > 1 and samples * vector * sizes[0] > THREAD_BYTES:
        vector -= 2
    return vector


def _plane(before: Axis, axis: Axis, made: _Tile, sizes: Sequence[int]) -> _Tile | None:
    """The tile with several rows of outputs, whose samples are loaded once for all; None where that does not pay."""
    phases, tall = made.phases, terms_along(before)
    if axis.up >= 32 or phases > 32 or before.outs < 2 or max(before.up, abs(before.down)) > 64 or tall > 64:
        return None
    vector, groups = min(_widths(axis, phases, made.vector), key=lambda width: _cost(axis.outs, phases, *width))
    made = replace(made, vector=vector, groups=groups)
    lanes = -(-before.outs // -(-before.outs // (256 // (phases * groups))))
    while lanes > 1:
        lines = -(-abs(before.down) * (lanes - 1) // before.up) + tall
        shape = replace(made, lanes=lanes, lines=lines)
        if shape.shared_bytes(sizes) <= PLANE_BYTES:
            return shape if lines < lanes * tall else None
        lanes //= 2
    return None


def _widths(axis: Axis, phases: int, vector: int) -> Iterator[tuple[int, int]]:
    """Outputs of a thread, more where it reads few samples for each, and threads of a phase beside one another."""
    more = vector == _VECTOR[4] and abs(axis.down) <= axis.up
    for several in (vector, vector + 2, vector + 4, vector + 6) if more else (vector,):
        for groups in range(1, max(1, 32 // phases) + 1):
            yield several, groups


def _cost(outs: int, phases: int, vector: int, groups: int) -> float:
    """Of a row: the outputs of all its tiles, and what a thread and a tile take besides, which was counted."""
    tiles = -(-outs // (phases * groups * vector))
    return tiles * (phases * groups * (vector + 5) + 8)


def _power(count: int) -> int:
    """The largest power of two that is not larger; 1 for 0."""
    return 1 << max(1, count).bit_length() - 1


def _halves(count: int) -> Iterator[int]:
    while count:
        yield count
        count //= 2
