"""Samples in files: .npy, .wav and .png, read and written without a sample being changed on the way.

===== =================================== ==========================================================
file  read as                             written
===== =================================== ==========================================================
.npy  an array, one axis per axis         any numeric dtype, as it is
.wav  samples, channels; rate in hertz    uint8, int16, int32, float32, float64; the rate of the input
.png  rows, columns, channels             8 or 16 bits; greyscale, grey + alpha, RGB, RGBA
===== =================================== ==========================================================

A file whose header claims other sizes than there are is refused, and so is what would be read as other numbers than
it holds: palettes, compressed sound.  A result is written beside its target and takes its place at the end, so that
an error leaves what was there.
Files of integers take results rounded to the nearest integer; what lies outside their range is refused
and never clipped.  Channels are the last axis and an operator acts on each alone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..bound.arrays.precision import Precision
from ..errors import DimensionError, FormalSignalError, MissingDependency, OpAlgebraError
from ..expr import PLAIN, LinearOperator, Node, Scale, Signal, StridedMap, formal_parts, transform, walk
from ..expr.factors import ByFactor
from ..scalar import exact, is_sympy
from . import npy, png, wav
from .errors import FileError, unreadable

__all__ = ["FileError", "MissingDependency", "Samples", "kind_of", "read", "run", "write"]

KINDS = (".npy", ".wav", ".png")
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
    readers: dict[str, Callable[[str], Samples]] = {".npy": _read_npy, ".wav": _read_wav, ".png": _read_png}
    reader = readers[kind_of(path)]
    if kind_of(path) == ".png":
        _pillow()  # what is missing is told first
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileError(f"{path} is no regular file; give a file of samples")
    except (OSError, ValueError) as error:
        raise error if isinstance(error, FileError) else unreadable(path, error) from None
    return reader(path)


def write(path: str, samples: Samples) -> None:
    """Write the samples; after an error, as where they do not fit the kind of file, what was there is there still."""
    writers: dict[str, Callable[[str, Samples, Any], None]] = {
        ".npy": _write_npy,
        ".wav": _write_wav,
        ".png": _write_png,
    }
    writer = writers[kind_of(path)]
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


def run(
    operator: LinearOperator, source: str, target: str, rate: int | None = None, overwrite: bool = False
) -> tuple[Samples, list[str]]:
    """Apply an operator to a file and write the result to another; returns it with what is to be said.

    A .wav gets the rate of the input, or ``rate`` in hertz.  Exact taps and scalars become doubles first
    (integers stay integers), because files hold machine numbers.  The input is replaced only where ``overwrite`` says
    so, whatever names the two have.

    Raises
    ------
    FormalSignalError
        For an operator with formal kernels, symbolic factors or symbolic taps.
    FileError
        For files that cannot be read, or a target that cannot hold the result.
    """
    kind_of(target)
    if not overwrite and _is_same(source, target):
        raise FileError(f"{target} is the input; give another name, or say that it may be replaced: --overwrite")
    operator = machine_numbers(operator)
    samples = read(source)
    if samples.values.dtype.kind in "iu" and Precision.of((operator,)).kind != "i":
        samples = replace(samples, values=samples.values.astype(np.float64))
    result = apply(operator, samples)
    result = replace(result, rate=rate or result.rate)
    write(target, result)
    notes = []
    if kind_of(target) == ".wav" and rate is None and any(isinstance(n, ByFactor | StridedMap) for n in walk(operator)):
        notes.append(f"note: {target} keeps the rate of the input, {result.rate} Hz; set another with --rate")
    return result, notes


def _is_same(source: str, target: str) -> bool:
    try:
        return os.path.samefile(source, target)
    except (OSError, ValueError):
        return False  # one of them does not exist; reading and writing say what is wrong


def apply(operator: LinearOperator, samples: Samples) -> Samples:
    """The operator on each channel."""
    axes = len(samples.start)
    if operator.channels not in (None, PLAIN):
        outs, ins = operator.channels
        raise DimensionError(f"the operator makes {outs} signals of {ins}, and acts on each channel of a file alone")
    if operator.ndim not in (None, axes):
        raise DimensionError(
            f"the operator acts on {operator.ndim} axes and the file has {axes} (channels aside); "
            "give one factor per axis, such as Up((2, 2)), and kernels with as many axes"
        )
    if not samples.channels:
        signal: Signal = operator @ Signal(samples.values, samples.start)
        return replace(samples, values=signal.values, start=signal.starts)
    parts = [operator @ Signal(samples.values[..., c], samples.start) for c in range(samples.values.shape[-1])]
    return replace(samples, values=np.stack([part.values for part in parts], axis=-1), start=parts[0].starts)


def describe(path: str, samples: Samples) -> str:
    """One line on what was written, with the indices, which the file does not hold.

    >>> describe("out.npy", Samples(np.zeros(5), (-1,)))
    'wrote out.npy: 5 samples, indices -1 … 3'
    """
    shape = samples.values.shape[: len(samples.start)]
    counts = " × ".join(str(n) for n in shape)
    windows = " × ".join(f"{a} … {a + n - 1}" for a, n in zip(samples.start, shape, strict=True))
    channels = f", {samples.values.shape[-1]} channels" if samples.channels else ""
    where = f", indices {windows}" if all(shape) else ", an empty window"
    return f"wrote {path}: {counts} sample{'s' * (counts != '1')}{channels}{where}"


def machine_numbers(operator: LinearOperator) -> LinearOperator:
    """The operator with exact taps and scalars as ints, floats and complex numbers.

    >>> import opalgebra as oa
    >>> from fractions import Fraction
    >>> machine_numbers(oa.Conv([Fraction(1, 4), 1])).kernel.values
    array([0.25, 1.  ])
    """
    formal = formal_parts(operator)
    if formal:
        raise FormalSignalError(
            f"the operator has the formal part {', '.join(formal)} and cannot run on a file; bind it: "
            f"--let {formal[0]}=2 for a factor, --let {formal[0]}=[1,2,1] for a signal"
        )

    def numeric(node: Node) -> Node | None:
        if isinstance(node, Signal) and node.is_exact:
            return Signal(_nested(node.values), node.start)
        if isinstance(node, Scale) and is_sympy(node.scalar):
            return Scale(_machine(node.scalar), node.operator)
        return None

    changed: LinearOperator = transform(operator, numeric)
    return changed


def _nested(values: np.ndarray) -> list[Any]:
    return [_nested(row) if isinstance(row, np.ndarray) else _machine(row) for row in values]


def _machine(value: Any) -> int | float | complex:
    number = exact(value)
    if isinstance(number, int):
        return number
    if is_sympy(number):
        if number.free_symbols:
            raise FormalSignalError(f"{number} has no number; bind its names with --let, such as --let a=1/2")
        approximation = complex(number)
        return approximation if approximation.imag else approximation.real
    return float(number)


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
