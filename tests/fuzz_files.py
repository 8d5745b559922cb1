"""Files damaged at random: ``python -m tests.fuzz_files --count 5000 --seed 1``.

A reader may refuse a file or read it; it must not raise anything of its own libraries, and of a file that was cut off
it must not make an array.  The exit status is 1 if there was any fault; each is printed with its number.
"""

from __future__ import annotations

import argparse
import io
import struct
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from opalgebra import OpAlgebraError
from opalgebra.files import Samples, read, write

Maker = Callable[[np.random.Generator], bytes]


def npy(rng: np.random.Generator) -> bytes:
    """An array in C or Fortran order, of any dtype and byte order, some of dtypes that are refused."""
    dtype = rng.choice(["f4", "f8", ">f8", "<i2", ">u4", "i1", "c16", "f2", "O", "U3", "i4,f8", "?"])
    shape = tuple(int(n) for n in rng.integers(0, 5, int(rng.integers(0, 4))))
    array = np.zeros(shape, dtype) if dtype in ("O", "U3", "i4,f8") else rng.integers(0, 2, shape).astype(dtype)
    file = io.BytesIO()
    np.save(file, np.asfortranarray(array) if rng.random() < 0.3 else array, allow_pickle=True)
    return file.getvalue()


def chunk(name: bytes, body: bytes, order: str = "<") -> bytes:
    """A RIFF chunk with its padding."""
    return name + struct.pack(order + "I", len(body)) + body + b"\0" * (len(body) % 2)


def sound(
    samples: bytes, code: int, channels: int, bits: int, order: str = "<", extensible: bool = False, rate: int = 8000
) -> bytes:
    """A WAVE file from the bytes of its samples."""
    align = channels * bits // 8
    head = struct.pack(order + "HHIIHH", 0xFFFE if extensible else code, channels, rate, rate * align, align, bits)
    if extensible:
        tail = bytes.fromhex("00001000800000aa00389b71" if order == "<" else "00000010800000aa00389b71")
        head += struct.pack(order + "HHII", 22, bits, 0, code) + tail
    body = b"WAVE" + chunk(b"fmt ", head, order) + chunk(b"LIST", b"abc", order) + chunk(b"data", samples, order)
    return (b"RIFX" if order == ">" else b"RIFF") + struct.pack(order + "I", len(body)) + body


def wav(rng: np.random.Generator) -> bytes:
    """Sound of a known format, of either byte order."""
    code, bits = [(1, 8), (1, 16), (1, 24), (1, 32), (1, 64), (3, 32), (3, 64)][int(rng.integers(7))]
    channels, count = (int(n) for n in rng.integers(1, 5, 2))
    samples = rng.integers(0, 256, channels * count * bits // 8, dtype=np.uint8).tobytes()
    return sound(samples, code, channels, bits, "<>"[int(rng.integers(2))], bool(rng.integers(2)))


def picture(rng: np.random.Generator) -> bytes:
    """A picture of 8 or 16 bits."""
    shape = (*(int(n) for n in rng.integers(1, 6, 2)), *((int(rng.integers(2, 5)),) if rng.random() < 0.7 else ()))
    dtype = rng.choice([np.uint8, np.uint16])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.png"
        write(path, Samples(rng.integers(0, 256, shape).astype(dtype), (0, 0), len(shape) == 3))
        return Path(path).read_bytes()


MAKERS: dict[str, Maker] = {".npy": npy, ".wav": wav, ".png": picture}


def damaged(data: bytes, rng: np.random.Generator) -> tuple[bytes, bool]:
    """The file with some bytes changed, left out or added, or cut off; and whether it was only cut off."""
    kind = int(rng.integers(5))
    if kind == 0:
        at = int(rng.integers(len(data)))
        return data[:at], at < len(data) - 1  # the last byte may be padding
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(changed)))
        if kind in (1, 2):
            changed[at] = int(rng.choice([0, 1, 127, 255, int(rng.integers(256))]))
        elif kind == 3:
            del changed[at : at + int(rng.integers(1, 5))]
        else:
            changed[at:at] = rng.integers(0, 256, int(rng.integers(1, 5)), dtype=np.uint8).tobytes()
        if not changed:
            break
    return bytes(changed), False


def with_checksums(data: bytes) -> bytes:
    """A picture whose checksums are right again, so that damage reaches what stands behind them."""
    import zlib

    at, parts = 8, [data[:8]]
    while len(data) - at >= 12:
        (size,) = struct.unpack_from(">I", data, at)
        if size > len(data) - at - 12:
            break
        body = data[at + 4 : at + 8 + size]
        parts.append(data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + size
    return b"".join([*parts, data[at:]])


def outcome(path: Path, data: bytes, cut: bool) -> str:
    """What came of a file: "read", "refused", or what is wrong."""
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Reading `.npy`")  # NumPy's about Python 2
        try:
            found: Any = read(str(path)).values
        except OpAlgebraError:
            return "refused"
        except Exception as error:  # every other one is what is looked for
            return f"{type(error).__name__}: {error}"
    return f"made {found.shape} of a file that was cut off" if cut else "read"


def faults(count: int, seed: int) -> tuple[list[str], Counter[str]]:
    """The faults of so many files, and how many were read and refused."""
    found, seen = [], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            kind = list(MAKERS)[number % len(MAKERS)]
            data, cut = damaged(MAKERS[kind](rng), rng)
            if kind == ".png" and rng.random() < 0.7:
                data = with_checksums(data)
            said = outcome(Path(folder) / f"a{kind}", data, cut)
            seen[f"{kind} {said if said in ('read', 'refused') else 'fault'}"] += 1
            if said not in ("read", "refused"):
                found.append(f"{number} {kind}: {said}")
    return found, seen


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found, seen = faults(options.count, options.seed)
    print(*found, dict(sorted(seen.items())), sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
