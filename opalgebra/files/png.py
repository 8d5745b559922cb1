"""PNG files: the header, and pictures of 16 bits per colour, which Pillow reads as 8 and does not write.

The filters of a row (W3C, Portable Network Graphics, section 9) are undone by compiled code where there is Numba.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # of the colour types without a palette
TYPES = {channels: kind for kind, channels in CHANNELS.items()}
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


class Header(NamedTuple):
    """What IHDR says."""

    width: int
    height: int
    bits: int
    kind: int
    compression: int
    filtering: int
    interlace: int


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and contents of every chunk up to IEND, or ValueError where one is damaged."""
    if data[:8] != SIGNATURE:
        raise ValueError("it does not begin as a PNG file")
    at, name = 8, b""
    while name != b"IEND":
        if len(data) - at < 12:
            raise ValueError("it ends before its last chunk")
        (size,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if len(data) - at - 12 < size:
            raise ValueError(f"its chunk {name!r} claims {size:,} bytes, and {len(data) - at - 12:,} are there")
        if struct.unpack_from(">I", data, at + 8 + size)[0] != zlib.crc32(name + body):
            raise ValueError(f"its chunk {name!r} is damaged")
        yield name, body
        at += 12 + size


def header(body: bytes) -> Header:
    """IHDR, or ValueError for a picture whose samples are not numbers of 8 or 16 bits."""
    if len(body) != 13:
        raise ValueError("its header is no PNG header")
    found = Header(*struct.unpack(">IIBBBBB", body))
    if not found.width or not found.height or found[4:6] != (0, 0) or found.interlace > 1:
        raise ValueError("its header is no PNG header")
    if found.kind not in CHANNELS or found.bits not in (8, 16):
        kind = "a palette" if found.kind == 3 else f"colour type {found.kind}"
        raise ValueError(f"it has {kind} and {found.bits} bits; convert it to greyscale or RGB of 8 or 16 bits")
    return found


def decoded(parts: list[tuple[bytes, bytes]]) -> np.ndarray:
    """The samples of 16 bits, of shape (rows, columns) or (rows, columns, channels)."""
    head = header(parts[0][1])
    channels = CHANNELS[head.kind]
    step = 2 * channels
    shapes = [
        (len(range(row, head.height, down)), len(range(column, head.width, across)))
        for row, column, down, across in (ADAM7 if head.interlace else ((0, 0, 1, 1),))
    ]
    sizes = [rows * (1 + step * columns) if columns else 0 for rows, columns in shapes]
    raw = _inflated(b"".join(body for name, body in parts if name == b"IDAT"), sum(sizes))
    values = np.zeros((head.height, head.width, channels), np.uint16)
    at = 0
    places = ADAM7 if head.interlace else ((0, 0, 1, 1),)
    for (row, column, down, across), (rows, columns), size in zip(places, shapes, sizes, strict=True):
        if size:
            lines = np.frombuffer(raw, np.uint8, size, at).reshape(rows, 1 + step * columns).copy()
            if lines[:, 0].max() > 4:
                raise ValueError("a row has a filter that PNG does not have")
            _unfiltering()(lines, step)
            values[row::down, column::across] = lines[:, 1:].copy().view(">u2").reshape(rows, columns, channels)
        at += size
    return values if channels > 1 else values[..., 0]


def _inflated(data: bytes, size: int) -> bytes:
    if size > 1032 * len(data) + 64:  # the most that the format can do
        raise ValueError(f"its header claims {size:,} bytes, and {len(data):,} compressed ones are there")
    machine = zlib.decompressobj()
    try:
        raw = machine.decompress(data, size + 1)
    except zlib.error as error:
        raise ValueError(f"its samples are damaged ({error})") from None
    if len(raw) != size or not machine.eof:
        raise ValueError(
            f"its header claims {size:,} bytes of samples, and there are {'more' if len(raw) > size else 'fewer'}"
        )
    return raw


def _unfilter(lines: Any, step: int) -> None:
    """Undo the filter of every row, in place; the first byte of a row names it."""
    for row in range(lines.shape[0]):
        kind = lines[row, 0]
        for i in range(1, lines.shape[1]):
            left = int(lines[row, i - step]) if i > step else 0
            up = int(lines[row - 1, i]) if row else 0
            corner = int(lines[row - 1, i - step]) if row and i > step else 0
            guess = 0
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = up
            elif kind == 3:
                guess = (left + up) // 2
            elif kind == 4:
                a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
                guess = left if a <= b and a <= c else up if b <= c else corner
            lines[row, i] = (int(lines[row, i]) + guess) & 255


@cache
def _unfiltering() -> Any:
    from ..engine.ways.compiled import available

    if not available():
        return _unfilter
    from numba import njit

    return njit(_unfilter)


def encoded(values: np.ndarray) -> bytes:
    """A picture of 16 bits, every row the difference to the row before."""
    rows, columns = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    flat = values.astype(">u2").reshape(rows, -1).view(np.uint8)
    lines = np.full((rows, 1 + flat.shape[1]), 2, np.uint8)
    lines[:, 1:] = flat
    lines[1:, 1:] -= flat[:-1]
    head = struct.pack(">IIBBBBB", columns, rows, 16, TYPES[channels], 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    return SIGNATURE + b"".join(packed)
