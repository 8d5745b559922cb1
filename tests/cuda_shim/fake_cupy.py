"""A module in CuPy's place, without a device: as strict as CuPy about NumPy arrays, with kernels run by the shim."""

from __future__ import annotations

import ctypes
import types
from typing import Any

import numpy as np

from opalgebra.engine.cuda_plan import Launch, Variant

from .shim import Programs, ShimBackend


class OnDevice:
    """``with x.device:``."""

    def __init__(self, id: int) -> None:
        self.id = id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnDevice) and other.id == self.id

    def __hash__(self) -> int:
        return self.id

    def __str__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def __enter__(self) -> OnDevice:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    @property
    def attributes(self) -> dict[str, int]:
        return {"MultiProcessorCount": 1, "MaxThreadsPerMultiProcessor": 32}


class Array(np.ndarray):
    """Refuses to meet NumPy arrays, and NumPy's functions; samples are read by kernels and by :func:`asnumpy` only."""

    on = 0

    @property
    def device(self) -> OnDevice:
        return OnDevice(self.on)

    def __getitem__(self, key: Any) -> Any:
        return wrapped(super().__getitem__(key))  # a number is an array of no axes

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        given = (*inputs, *more.get("out", ()))
        if any(type(value) is np.ndarray for value in given):
            raise TypeError("Unsupported type <class 'numpy.ndarray'>")
        more = {key: tuple(map(plain, value)) if key == "out" else value for key, value in more.items()}
        result = getattr(ufunc, method)(*map(plain, inputs), **more)
        return given[-1] if "out" in more else wrapped(result)

    def __array_function__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a NumPy function was called with a CuPy array")

    def _refused(self, *_: Any) -> Any:
        raise TypeError("this waits for the device")

    __float__ = __int__ = __bool__ = item = tolist = _refused


def plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Array) else value


def wrapped(value: Any) -> Any:
    return np.asarray(value).view(Array)


def on_arrays(function: Any) -> Any:
    def call(*values: Any, **more: Any) -> Any:
        return wrapped(function(*map(plain, values), **more))

    return call


class Stream:
    """A stream that notes what it is told."""

    def __init__(self, ptr: int) -> None:
        self.ptr = ptr
        self.waited: list[int] = []

    def record(self) -> int:
        return self.ptr

    def wait_event(self, event: int) -> None:
        self.waited.append(event)


class Fake(types.ModuleType):
    """``import cupy``."""

    def __init__(self, programs: Programs) -> None:
        super().__init__("cupy")
        self.backend = ShimBackend(programs, order=2)
        self.stream = Stream(0)
        self.cuda = types.SimpleNamespace(Device=OnDevice, get_current_stream=lambda: self.stream)
        for name in ("isfinite", "where", "moveaxis", "pad", "matmul", "zeros", "empty"):
            setattr(self, name, on_arrays(getattr(np, name)))
        for name in ("fft", "ifft", "rfft", "irfft"):
            setattr(self, name + "_", on_arrays(getattr(np.fft, name)))
        self.fft = types.SimpleNamespace(fft=self.fft_, ifft=self.ifft_, rfft=self.rfft_, irfft=self.irfft_)
        tricks = types.SimpleNamespace(as_strided=on_arrays(np.lib.stride_tricks.as_strided))
        self.lib = types.SimpleNamespace(stride_tricks=tricks)

    def asarray(self, array: np.ndarray) -> Array:
        return array.copy().view(Array)

    def RawKernel(self, code: str, name: str, options: tuple[str, ...]) -> Any:
        macros = tuple(tuple(option[2:].split("=")) for option in options[1:])

        def call(blocks: tuple[int], threads: tuple[int], arguments: tuple[Any, ...]) -> None:
            x, taps, y, *numbers = arguments
            assert all(type(number) is np.int64 for number in numbers)
            variant: Any = Variant(name, macros, threads[0])  # type: ignore[arg-type]
            launch = Launch(variant, tuple(map(int, numbers)), blocks[0])
            self.backend.launch(launch, plain(x), plain(taps), plain(y))

        return call


def asnumpy(array: Array) -> np.ndarray:
    """A copy of what is on the device."""
    data = ctypes.string_at(array.ctypes.data, array.nbytes) if array.flags.c_contiguous else plain(array).tobytes()
    return np.frombuffer(data, array.dtype).reshape(array.shape)
