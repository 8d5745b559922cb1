"""RIFF, RIFX and RF64 files of PCM or floating samples, read as they are or refused.

Every size that a header claims is compared with what is there: a file that was cut off, or to which something was
added, is not the signal that its header speaks of.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from .errors import unreadable

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
TAIL = {  # of a GUID that begins with a format code, by the order of bytes
    "<": bytes.fromhex("00001000800000aa00389b71"),
    ">": bytes.fromhex("00000010800000aa00389b71"),
}
UNKNOWN = 0xFFFFFFFF  # of RF64, whose sizes of 64 bits are in a chunk of their own


@dataclass(frozen=True)
class Format:
    """What the chunk "fmt " says."""

    code: int
    channels: int
    rate: int
    align: int
    bits: int


def read(path: str) -> tuple[int, np.ndarray]:
    """The rate in hertz, and samples of shape (n,) or (n, channels); 24 bits as int32 times 256, as SciPy does."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        order, chunks = _chunks(data)
        form = _format(chunks, order)
        return form.rate, _samples(chunks, form, order)
    except ValueError as error:
        raise unreadable(path, error) from None


def _chunks(data: bytes) -> tuple[str, dict[bytes, memoryview]]:
    """The byte order, and every chunk by its name; of names that occur twice the first, if it matters twice refused."""
    head = data[:4]
    if len(data) < 12 or head not in (b"RIFF", b"RIFX", b"RF64") or data[8:12] != b"WAVE":
        raise ValueError("it is no RIFF file of type WAVE")
    order = ">" if head == b"RIFX" else "<"
    (claimed,) = struct.unpack_from(order + "I", data, 4)
    wide = _sizes64(data) if head == b"RF64" else None
    whole = wide[0] if wide and claimed == UNKNOWN else claimed
    if not len(data) - 9 <= whole <= len(data) - 7:  # a last padding byte may be counted or missing
        raise ValueError(f"the header claims {whole:,} bytes after the first 8, and there are {len(data) - 8:,}")
    chunks: dict[bytes, memoryview] = {}
    at = 12
    while len(data) - at > 1:
        if len(data) - at < 8:
            raise ValueError(f"{len(data) - at} bytes after the last chunk are no chunk")
        name = data[at : at + 4]
        (size,) = struct.unpack_from(order + "I", data, at + 4)
        size = wide[1] if wide and name == b"data" and size == UNKNOWN else size
        at += 8
        if size > len(data) - at:
            raise ValueError(f"the chunk {name!r} claims {size:,} bytes, and {len(data) - at:,} are there")
        if name in chunks and name in (b"data", b"fmt "):
            raise ValueError(f"there are two chunks {name!r}")
        if name == b"data" and b"fmt " not in chunks:
            raise ValueError("the data stand before their format")
        if not all(32 <= byte < 127 for byte in name):
            raise ValueError(f"a chunk is named {name!r}; what stands before it is longer or shorter than it claims")
        chunks.setdefault(name, memoryview(data)[at : at + size])
        at += size + size % 2
    return order, chunks


def _sizes64(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"ds64" or len(data) < 48:
        raise ValueError("an RF64 file begins with a chunk ds64")
    whole, samples = struct.unpack_from("<QQ", data, 20)
    return whole, samples


def _format(chunks: dict[bytes, memoryview], order: str) -> Format:
    found = chunks.get(b"fmt ", memoryview(b""))
    if len(found) < 16 or b"data" not in chunks:
        raise ValueError("it has no format or no data")
    code, channels, rate, _, align, bits = struct.unpack_from(order + "HHIIHH", found)
    if code == EXTENSIBLE:
        if bytes(found[28:40]) != TAIL[order]:
            raise ValueError("its extensible format is none that is known")
        (code,) = struct.unpack_from(order + "I", found, 24)
    if not channels or not rate:
        raise ValueError(f"it has {channels} channels at {rate} samples per second")
    if (code, bits) not in {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (PCM, 64), (FLOAT, 32), (FLOAT, 64)}:
        kind = {PCM: "PCM", FLOAT: "floating"}.get(code, f"format {code:#06x}")
        raise ValueError(
            f"its samples are {kind} of {bits} bits; known are PCM of 8, 16, 24, 32 and 64, and floats of 32 and 64"
        )
    if align * 8 != channels * bits:
        raise ValueError(f"{channels} channels of {bits} bits do not make blocks of {align} bytes, which it claims")
    return Format(code, channels, rate, align, bits)


def _samples(chunks: dict[bytes, memoryview], form: Format, order: str) -> np.ndarray:
    data = chunks[b"data"]
    if len(data) % form.align:
        raise ValueError(f"{len(data):,} bytes of data are no multiple of the {form.align} of one sample per channel")
    if form.code == PCM and form.bits == 24:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, slice(1, 4) if order == "<" else slice(0, 3)] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        values = wide.reshape(-1).view(f"{order}i4")
    else:
        kind = "f" if form.code == FLOAT else "u" if form.bits == 8 else "i"
        values = np.frombuffer(data, f"{order}{kind}{form.bits // 8}")
    values = values.astype(values.dtype.newbyteorder("="))
    return values.reshape(-1, form.channels) if form.channels > 1 else values
