"""Files: what is read is what they hold, or else refused; a failure leaves what was there."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile

from opalgebra import files
from opalgebra.cli import main
from opalgebra.files import FileError, Samples, png, read, write
from tests import fuzz_files
from tests.fuzz_files import chunk, sound

RNG = np.random.default_rng(0)


def saved(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def refused(path: str) -> bool:
    try:
        read(path)
    except FileError:
        return True
    return False


def run(*arguments: Any) -> int:
    return main(["run", *map(str, arguments)])


# Pictures -----------------------------------------------------------------------------------------------------------


def filtered(lines: np.ndarray, step: int, kinds: list[int]) -> bytes:
    """The rows of bytes with filters, written from the definition: every byte less what is guessed of it."""
    out = bytearray()
    for r, row in enumerate(lines.tolist()):
        kind = kinds[r % len(kinds)]
        out.append(kind)
        for i, value in enumerate(row):
            a = row[i - step] if i >= step else 0
            b = int(lines[r - 1, i]) if r else 0
            c = int(lines[r - 1, i - step]) if r and i >= step else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out.append((value - (0, a, b, (a + b) // 2, nearest)[kind]) % 256)
    return bytes(out)


def picture(values: np.ndarray, kind: int, kinds: Any = (0, 1, 2, 3, 4), interlaced: bool = False) -> bytes:
    """A PNG file of 8 or 16 bits."""
    rows, columns = values.shape[:2]
    bits, step = 8 * values.itemsize, values.itemsize * (values.shape[2] if values.ndim == 3 else 1)
    passes = png.ADAM7 if interlaced else ((0, 0, 1, 1),)
    raw = b""
    for row, column, down, across in passes:
        part = values[row::down, column::across]
        if part.size:
            lines = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">"))).view(np.uint8)
            raw += filtered(lines.reshape(part.shape[0], -1), step, list(kinds))
    head = struct.pack(">IIBBBBB", columns, rows, bits, kind, 0, 0, interlaced)
    return assembled([(b"IHDR", head), (b"tEXt", b"a\0b"), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")])


def assembled(parts: list[tuple[bytes, bytes]]) -> bytes:
    return png.SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (4, 2), (2, 3), (6, 4)])
def test_pictures_are_read_as_they_are(tmp_path, kind, channels, dtype, interlaced):
    """Every colour type, every filter, in every order of rows, of all small sizes."""
    pytest.importorskip("PIL")
    for rows in (1, 2, 5, 9):
        for columns in (1, 3, 8):
            shape = (rows, columns, channels) if channels > 1 else (rows, columns)
            values = RNG.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
            found = read(saved(tmp_path, "a.png", picture(values, kind, RNG.permutation(5), interlaced)))
            assert found.values.dtype == dtype
            assert np.array_equal(found.values, values)
            again = str(tmp_path / "b.png")
            write(again, found)
            assert read(again).values.dtype == dtype
            assert np.array_equal(read(again).values, values)


def test_plain_python_undoes_filters_as_well(tmp_path, monkeypatch):
    pytest.importorskip("PIL")
    monkeypatch.setattr(png, "_unfiltering", lambda: png._unfilter)
    values = RNG.integers(0, 65536, (7, 5, 3)).astype(np.uint16)
    assert np.array_equal(read(saved(tmp_path, "a.png", picture(values, 2))).values, values)


def test_pillow_reads_what_is_written_in_sixteen_bits(tmp_path):
    image = pytest.importorskip("PIL.Image")
    values = RNG.integers(0, 65536, (4, 6)).astype(np.uint16)
    write(str(tmp_path / "a.png"), Samples(values, (0, 0)))
    with image.open(tmp_path / "a.png") as found:
        assert np.array_equal(np.asarray(found).astype(np.uint16), values)
    colours = RNG.integers(0, 65536, (4, 6, 3)).astype(np.uint16)
    write(str(tmp_path / "a.png"), Samples(colours, (0, 0), True))
    with image.open(tmp_path / "a.png") as found:
        assert np.array_equal(np.asarray(found), colours >> 8)  # all that Pillow tells of it


def test_sixteen_bits_through_run(tmp_path):
    pytest.importorskip("PIL")
    values = RNG.integers(0, 30_000, (5, 6, 3)).astype(np.uint16)
    source, target = saved(tmp_path, "a.png", picture(values, 2)), tmp_path / "b.png"
    assert run("2 * Identity()", source, target) == 0
    assert np.array_equal(read(str(target)).values, 2 * values)
    assert run("3 * Identity()", source, target) == (64 if (values > 21845).any() else 0)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_and_palettes_are_refused(tmp_path, bits):
    """Pillow makes 255 of the largest sample; which is not what the file holds."""
    pytest.importorskip("PIL")
    head = struct.pack(">IIBBBBB", 8, 2, bits, 0, 0, 0, 0)
    body = zlib.compress(bytes(2 * (1 + bits)))
    plain = assembled([(b"IHDR", head), (b"IDAT", body), (b"IEND", b"")])
    head = struct.pack(">IIBBBBB", 8, 2, bits, 3, 0, 0, 0)
    palette = assembled([(b"IHDR", head), (b"PLTE", bytes(6)), (b"IDAT", body), (b"IEND", b"")])
    for data in (plain, palette):
        with pytest.raises(FileError, match="8 or 16 bits"):
            read(saved(tmp_path, "a.png", data))


def test_pictures_that_lie(tmp_path):
    pytest.importorskip("PIL")
    values = RNG.integers(0, 65536, (4, 6, 3)).astype(np.uint16)
    good = picture(values, 2)
    (_, head), text, (_, body), end = png.chunks(good)

    def with_header(*fields: int) -> bytes:
        return assembled([(b"IHDR", struct.pack(">IIBBBBB", *fields)), text, (b"IDAT", body), end])

    liars = [
        with_header(6, 5, 16, 2, 0, 0, 0), with_header(6, 3, 16, 2, 0, 0, 0), with_header(7, 4, 16, 2, 0, 0, 0),
        with_header(2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0), with_header(0, 4, 16, 2, 0, 0, 0),
        with_header(6, 4, 16, 6, 0, 0, 0), with_header(6, 4, 16, 2, 1, 0, 0), with_header(6, 4, 16, 2, 0, 0, 2),
        with_header(6, 4, 16, 5, 0, 0, 0), with_header(2**20, 2**20, 8, 2, 0, 0, 0),
        assembled([(b"IHDR", head), (b"IDAT", body[:-9]), end]), assembled([(b"IHDR", head), (b"IDAT", body)]),
        assembled([(b"IHDR", head), end]), assembled([(b"IDAT", body), (b"IHDR", head), end]), assembled([end]),
        good.replace(b"tEXta", b"tEXtb"), b"", good[:8],
        assembled([(b"IHDR", head), (b"IDAT", zlib.compress(b"\5" + bytes(147))), end]),
    ]  # fmt: skip
    for number, data in enumerate(liars):
        assert refused(saved(tmp_path, "a.png", data)), f"liar {number} was read"
    for stop in range(len(good)):
        with pytest.raises(FileError):
            read(saved(tmp_path, "a.png", good[:stop]))


# Sound --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(
    ("code", "bits", "dtype"),
    [(1, 8, "u1"), (1, 16, "i2"), (1, 24, "i4"), (1, 32, "i4"), (1, 64, "i8"), (3, 32, "f4"), (3, 64, "f8")],
)
def test_sound_is_read_as_it_is(tmp_path, code, bits, dtype, channels, order, extensible):
    """Every format; SciPy agrees where it reads the file."""
    for count in (0, 1, 3, 8):
        if dtype[0] == "f":
            values = RNG.standard_normal((count, channels)).astype(dtype)
        else:
            info = np.iinfo(dtype)
            values = RNG.integers(info.min, info.max, (count, channels), dtype, endpoint=True)
        if bits == 24:
            values &= -256
            wide = values.astype(f"{order}i4").view(np.uint8).reshape(-1, 4)
            data = wide[:, 1:].tobytes() if order == "<" else wide[:, :3].tobytes()
        else:
            data = values.astype(values.dtype.newbyteorder(order)).tobytes()
        path = saved(tmp_path, "a.wav", sound(data, code, channels, bits, order, extensible))
        found = read(path)
        assert (found.rate, found.values.dtype, found.channels) == (8000, np.dtype(dtype), channels > 1)
        assert np.array_equal(found.values, values if channels > 1 else values[:, 0])
        if count:
            rate, theirs = wavfile.read(path)
            assert rate == 8000
            assert np.array_equal(theirs, found.values)


def test_long_sound(tmp_path):
    """RF64, whose sizes have 64 bits."""
    plain = sound(np.arange(5, dtype="<i2").tobytes(), 1, 1, 16)
    sizes = struct.pack("<QQQI", len(plain) - 8 + 36, 10, 5, 0)
    body = plain[12:].replace(b"data" + struct.pack("<I", 10), b"data" + b"\xff" * 4)
    path = saved(tmp_path, "a.wav", b"RF64" + b"\xff" * 4 + b"WAVE" + chunk(b"ds64", sizes) + body)
    assert read(path).values.tolist() == [0, 1, 2, 3, 4]
    sizes = struct.pack("<QQQI", len(plain) - 8 + 36, 12, 6, 0)
    with pytest.raises(FileError, match="claims"):
        read(saved(tmp_path, "a.wav", b"RF64" + b"\xff" * 4 + b"WAVE" + chunk(b"ds64", sizes) + body))


def test_odd_chunks_are_padded(tmp_path):
    for data in (b"\x01", b"\x01\x02\x03"):
        whole = sound(data, 1, 1, 8)
        assert read(saved(tmp_path, "a.wav", whole)).values.tolist() == list(data)
        assert read(saved(tmp_path, "a.wav", whole[:-1])).values.tolist() == list(data)  # the padding is missing
        body = whole[8:] + chunk(b"LIST", b"more")
        more = saved(tmp_path, "a.wav", b"RIFF" + struct.pack("<I", len(body)) + body)
        assert read(more).values.tolist() == list(data)


@pytest.mark.parametrize("code", [0, 2, 6, 7, 0x11, 0x55, 0xFFFF])
def test_compressed_sound_is_refused(tmp_path, code):
    with pytest.raises(FileError, match=r"format 0x|known are"):
        read(saved(tmp_path, "a.wav", sound(bytes(8), code, 1, 8)))


def test_sound_that_lies(tmp_path):
    good = sound(np.arange(8, dtype="<i2").tobytes(), 1, 2, 16)
    at = good.index(b"data") + 4

    def claiming(size: int, whole: int | None = None) -> bytes:
        changed = good[:at] + struct.pack("<I", size) + good[at + 4 :]
        return changed if whole is None else changed[:4] + struct.pack("<I", whole) + changed[8:]

    fields = good.index(b"fmt ") + 8
    liars = [
        claiming(18), claiming(14), claiming(8), claiming(0), claiming(2**31 - 2), claiming(2**32 - 1, 2**32 - 1),
        claiming(16, 0), claiming(16, 2**32 - 1), claiming(16, len(good)), claiming(16, len(good) - 12),
        good + bytes(20), good[:-4], good[:-1], good[:20], good[:8], b"", b"RIFF", good.replace(b"WAVE", b"AVI "),
        good.replace(b"data", b"date"), good.replace(b"fmt ", b"fmd "), good.replace(b"fmt ", b"data"),
    ]  # fmt: skip
    for offset, form, value in (
        (0, "<H", 0), (2, "<H", 0), (2, "<H", 3), (4, "<I", 0), (12, "<H", 0), (12, "<H", 8), (14, "<H", 0),
        (14, "<H", 12), (14, "<H", 8), (14, "<H", 2000),
    ):  # fmt: skip
        changed = bytearray(good)
        struct.pack_into(form, changed, fields + offset, value)
        liars.append(bytes(changed))
    for number, data in enumerate(liars):
        assert refused(saved(tmp_path, "a.wav", data)), f"liar {number} was read"
    for stop in range(len(good)):
        with pytest.raises(FileError):
            read(saved(tmp_path, "a.wav", good[:stop]))


def test_sound_that_no_header_holds(tmp_path):
    for samples in (Samples(np.zeros((2, 70_000)), (0,), True, 8000), Samples(np.zeros(2), (0,), False, 2**32)):
        with pytest.raises(FileError, match="hertz"):
            write(str(tmp_path / "a.wav"), samples)
    assert os.listdir(tmp_path) == []


# Arrays -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "<i2", ">u4", "i1", "u8", "c8", ">c16"])
def test_arrays_are_read_as_they_are(tmp_path, dtype):
    for shape in ((3,), (0,), (2, 0), (2, 3, 4)):
        for order in "CF":
            values = np.asarray(RNG.integers(0, 99, shape).astype(dtype), order=order)  # type: ignore[call-overload]
            np.save(tmp_path / "a.npy", values)
            found = read(str(tmp_path / "a.npy")).values
            assert found.dtype == np.dtype(dtype).newbyteorder("=")
            assert np.array_equal(found, values)
            assert type(found) is np.ndarray
            assert found.flags.writeable


def test_arrays_that_lie(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(2, 3))
    good = (tmp_path / "a.npy").read_bytes()

    def with_header(text: str) -> bytes:
        body = text.ljust(117).encode() + b"\n"
        return good[:8] + struct.pack("<H", len(body)) + body + good[128:]

    usual = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"
    assert read(saved(tmp_path, "b.npy", with_header(usual))).values.shape == (2, 3)
    assert read(saved(tmp_path, "b.npy", with_header(usual.replace("3", "3L")))).values.shape == (2, 3)
    changes = [
        ("(2, 3)", "(2, 4)"), ("(2, 3)", "(2, 2)"), ("(2, 3)", "(10000000, 10000000)"), ("(2, 3)", "(-2, -3)"),
        ("(2, 3)", "(True, 6)"), ("(2, 3)", "[2, 3]"), ("(2, 3)", "()"), ("(2, 3)", "6"), ("<f8", "<f4"), ("<f8", "|O"),
        ("<f8", "<U2"), ("<f8", "<M8[s]"), ("<f8", "f4,f4"), ("'<f8'", "[('a', '<f8')]"), ("'<f8'", "1"),
        ("<f8", "nonsense"), ("False", "0"), ("'shape'", "'form'"), ("}", ""), ("}", "("),
        ("(2, 3)", "(2, __import__)"),
        ("(2, 3)", "(" * 60 + ")" * 60), ("(2, 3)", "(2,)*2"),
    ]  # fmt: skip
    for before, after in changes:
        assert refused(saved(tmp_path, "b.npy", with_header(usual.replace(before, after)))), f"{after} was read"
    for stop in range(len(good)):
        with pytest.raises(FileError):
            read(saved(tmp_path, "b.npy", good[:stop]))
    with pytest.raises(FileError, match="claims"):
        read(saved(tmp_path, "b.npy", good + good))
    np.savez(tmp_path / "c.npz", a=np.ones(3))
    with pytest.raises(FileError, match=r"numpy\.save"):
        read(saved(tmp_path, "b.npy", (tmp_path / "c.npz").read_bytes()))


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([_Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(FileError, match="numbers"):
        read(str(tmp_path / "a.npy"))
    import pickle

    with pytest.raises(FileError, match=r"numpy\.save"):
        read(saved(tmp_path, "b.npy", pickle.dumps(_Trap())))


class _Trap:
    def __reduce__(self) -> Any:
        return os.abort, ()


def test_damaged_at_random():
    found, seen = fuzz_files.faults(1500, 3)
    assert not found
    assert all(seen[f"{kind} {said}"] for kind in fuzz_files.MAKERS for said in ("read", "refused"))


def test_the_fuzz_sees_a_reader_that_raises(monkeypatch):
    monkeypatch.setattr(files.wav, "_chunks", lambda data: 1 / 0)
    found, _ = fuzz_files.faults(3, 1)
    assert found == ["1 .wav: ZeroDivisionError: division by zero"]
