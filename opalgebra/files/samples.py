"""What files hold: read by kind, and written beside their place, which they take once they are whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingDependency, OpAlgebraError
from . import npy, png, wav
from .errors import FileError, unreadable

WAV_DTYPES = ("uint8", "int16", "int32", "float32", "float64")


@dataclass(frozen=True)
class Samples:
    """What a file holds.

    ``values`` has the channels, if ``channels`` is true, on its last axis; ``start`` is the index of the
    first sample per axis; ``rate`` is in hertz.
    """

    values: np.ndarray
    start: tuple[int, ...]
    channels: bool = False
    rate: int | None = None
    dtype: np.dtype[Any] | None = None  # of the samples in the file that was read, where that file was wav or png


def kind_of(path: str) -> str:
    """The extension in lower case, or :class:`FileError` for one that is not read or written.

    >>> kind_of("music.WAV")
    '.wav'
    """
    kind = Path(path).suffix.lower()
    if kind not in KINDS:
        raise FileError(f"{path} ends in {kind or 'no extension'}; files are {', '.join(KINDS)}")
    return kind


def read(path: str) -> Samples:
    """The samples of a file; the first one has index 0 on every axis.

    Raises
    ------
    FileError
        For a file that is missing, damaged, or holds something else than numbers.
    MissingDependency
        For .png without Pillow.
    """
    kind = kind_of(path)
    if kind == ".png":
        _pillow()  # what is missing is told first
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileError(f"{path} is no regular file; give a file of samples")
    except (OSError, ValueError) as error:
        raise error if isinstance(error, FileError) else unreadable(path, error) from None
    return KINDS[kind][0](path)


def write(path: str, samples: Samples) -> None:
    """Write the samples; after an error, as where they do not fit the kind of file, what was there is there still."""
    writer = KINDS[kind_of(path)][1]
    try:
        _in_its_place(path, lambda file: writer(path, samples, file))
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        if isinstance(error, OpAlgebraError):
            raise
        raise FileError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _in_its_place(path: str, write_to: Callable[[Any], None]) -> None:
    """Write a file beside another, whose place it takes once it is whole; behind a link the file that is meant."""
    path = os.path.realpath(path)
    mode = os.stat(path).st_mode if os.path.exists(path) else None
    if mode is not None and not (stat.S_ISREG(mode) and os.access(path, os.W_OK)):
        raise FileError(f"{path} is no file that may be written; give another name")
    beside = os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.part")
    try:
        with open(beside, "xb") as file:
            write_to(file)
        if mode is not None:
            os.chmod(beside, stat.S_IMODE(mode))
        os.replace(beside, path)
    finally:
        with suppress(FileNotFoundError):  # where it was not made, or has taken its place
            os.unlink(beside)


def _read_npy(path: str) -> Samples:
    values = npy.read(path)
    return Samples(values, (0,) * values.ndim)


def _read_wav(path: str) -> Samples:
    rate, values = wav.read(path)
    return Samples(values, (0,), values.ndim == 2, rate, values.dtype)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependency("reading and writing .png needs Pillow: pip install 'opalgebra[image]'") from None
    return Image


def _read_png(path: str) -> Samples:
    try:
        parts = list(png.chunks(Path(path).read_bytes()))
        if parts[0][0] != b"IHDR":
            raise ValueError("its header is missing")
        head = png.header(parts[0][1])
        values = png.decoded(parts) if head.bits == 16 else _by_pillow(path)
    except (OSError, ValueError, SyntaxError) as error:
        raise unreadable(path, error) from None
    if values.shape != (head.height, head.width, png.CHANNELS[head.kind])[: values.ndim]:
        raise FileError(f"{path} cannot be read: Pillow makes {values.shape} of it, and its header says {head}")
    return Samples(values, (0, 0), values.ndim == 3, None, values.dtype)


def _by_pillow(path: str) -> np.ndarray:
    pillow = _pillow()
    try:
        with pillow.open(path, formats=["PNG"]) as image:
            return np.asarray(image)
    except pillow.DecompressionBombError as error:
        raise ValueError(str(error)) from None


def _write_npy(path: str, samples: Samples, file: Any) -> None:
    if samples.values.dtype.kind not in "iufc":
        raise FileError(f"{path} holds numbers of 64 bits, and the result has larger integers; scale the operator")
    np.save(file, samples.values, allow_pickle=False)


def _write_wav(path: str, samples: Samples, file: Any) -> None:
    from scipy.io import wavfile

    if len(samples.start) != 1:
        raise FileError(f"{path} needs one axis, and the result has {len(samples.start)}; write a .npy file")
    if samples.rate is None:
        raise FileError(f"{path} needs a sample rate, and the input has none; give it with --rate, in hertz")
    values = _as_wav(samples, path)
    if values.nbytes >= 2**32 - 64 or not 0 < samples.rate < 2**32 or values[:1].size >= 2**16:
        raise FileError(
            f"{path} holds less than 4 GiB in fewer than 65,536 channels at a rate below 2**32 hertz; the result has "
            f"{values.nbytes:,} bytes in {values[:1].size:,} channels at {samples.rate:,} hertz; write a .npy file"
        )
    wavfile.write(file, samples.rate, values)


def _write_png(path: str, samples: Samples, file: Any) -> None:
    values = samples.values
    if len(samples.start) != 2 or not values.size:
        raise FileError(f"{path} needs two axes and at least one pixel; the result has the shape {values.shape}")
    dtype = samples.dtype if samples.dtype is not None else values.dtype
    dtype = np.dtype(np.uint16 if dtype == np.uint16 else np.uint8)
    pillow, pixels = _pillow(), _as_integers(values, dtype, path)
    if dtype == np.uint16:
        file.write(png.encoded(pixels))
    else:
        pillow.fromarray(pixels).save(file, format="PNG")


def _as_wav(samples: Samples, path: str) -> np.ndarray:
    """The values in the dtype of the input file; floats stay as precise as they are, other integers are 32 bits."""
    values = samples.values
    dtype = values.dtype if samples.dtype is None else samples.dtype
    if dtype.kind == "f" and values.dtype.kind == "f":
        return values if values.dtype.name in WAV_DTYPES else values.astype(np.float64)
    if dtype.kind == "f":
        raise FileError(f"{path} holds real samples, and the result is {values.dtype}; write a .npy file")
    return _as_integers(values, dtype if dtype.name in WAV_DTYPES else np.dtype(np.int32), path)


def _as_integers(values: np.ndarray, dtype: np.dtype[Any], path: str) -> np.ndarray:
    """Rounded to the nearest integers, or FileError where they do not fit."""
    if values.dtype.kind == "c":
        raise FileError(f"{path} holds real samples, and the result is complex; write a .npy file")
    if values.dtype.kind == "O":
        raise FileError(f"{path} holds {dtype.name}, and the result has integers beyond 64 bits; scale the operator")
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise FileError(f"{path} holds integers, and the result has NaN or infinity; write a .npy file")
    rounded = np.rint(values) if values.dtype.kind == "f" else values
    info = np.iinfo(dtype)
    if rounded.size and (rounded.min() < info.min or rounded.max() > info.max):
        raise FileError(
            f"{path} holds {dtype.name}, {info.min} … {info.max}, and the result reaches from {rounded.min():g} to "
            f"{rounded.max():g}; nothing is clipped: scale the operator, such as (1/4) * (…), or write a .npy file"
        )
    return rounded.astype(dtype)


KINDS: dict[str, tuple[Callable[[str], Samples], Callable[[str, Samples, Any], None]]] = {
    ".npy": (_read_npy, _write_npy),
    ".wav": (_read_wav, _write_wav),
    ".png": (_read_png, _write_png),
}
