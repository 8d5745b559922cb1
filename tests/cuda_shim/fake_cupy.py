"""A module in CuPy's place, without a device: as strict as CuPy about NumPy arrays, with kernels run by the shim.

What waits for the device raises, unless a test allows it by ``cupy.may_wait``; what meets arrays of another device than
the current one raises as well.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse.linalg

from opalgebra.engine.ways.cuda.plan import Launch, Variant

# Functions of CuPy 14.2 with NumPy's meaning
FUNCTIONS = (
    *("abs", "all", "any", "broadcast_to", "concatenate", "conj", "isfinite", "matmul", "maximum", "moveaxis", "ndim"),
    *("pad", "select", "stack", "where"),
)
CREATING = ("arange", "empty", "full", "ones", "zeros")
WAITING = ("argwhere", "bincount", "flatnonzero", "nonzero")  # the shape of the result depends on the samples


class OnDevice:
    """``with x.device:``."""

    current: list[int] = [0]  # noqa: RUF012

    def __init__(self, id: int | None = None) -> None:
        self.id = self.current[-1] if id is None else id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnDevice) and other.id == self.id

    def __hash__(self) -> int:
        return self.id

    def __str__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def __enter__(self) -> OnDevice:
        self.current.append(self.id)
        return self

    def __exit__(self, *_: object) -> None:
        self.current.pop()

    def synchronize(self) -> None:
        """Nothing is under way."""

    compute_capability, mem_info = "00", (0, 0)

    @property
    def attributes(self) -> dict[str, int]:
        return {"MultiProcessorCount": 1, "MaxThreadsPerMultiProcessor": 32}


class Memory:
    """``cupy.cuda.MemoryPointer``."""

    def __init__(self, ptr: int, device_id: int) -> None:
        self.ptr, self.device_id = ptr, device_id

    def copy_from_device_async(self, other: Memory, size: int) -> None:
        """Not looked at."""


class Array:
    """``cupy.ndarray``: refuses to meet NumPy arrays; samples are read by kernels and by :func:`asnumpy` only."""

    __module__ = "cupy"
    fake: Fake

    def __init__(self, data: np.ndarray, on: int | None = None) -> None:
        self._data = data
        self.on = OnDevice.current[-1] if on is None else on

    # What is known on the host

    shape = property(lambda self: self._data.shape)
    dtype = property(lambda self: self._data.dtype)
    ndim = property(lambda self: self._data.ndim)
    size = property(lambda self: self._data.size)
    strides = property(lambda self: self._data.strides)
    nbytes = property(lambda self: self._data.nbytes)
    device = property(lambda self: OnDevice(self.on))

    @property
    def flags(self) -> Any:
        known = ("c_contiguous", "f_contiguous", "owndata")
        return types.SimpleNamespace(**{name: getattr(self._data.flags, name) for name in known})

    def __len__(self) -> int:
        return len(self._data)

    def __dlpack__(self, **more: Any) -> Any:
        return self._data.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # so that others take it for memory of the host, which it is

    @property
    def data(self) -> Any:
        """Its memory; what is copied is not looked at."""
        return Memory(self._data.ctypes.data, self.on)

    # Views

    def _view(self, data: np.ndarray) -> Array:
        return Array(data, self.on)

    T = property(lambda self: self._view(self._data.T))
    real = property(lambda self: self._view(self._data.real), lambda self, value: self._part("real", value))
    imag = property(lambda self: self._view(self._data.imag), lambda self, value: self._part("imag", value))

    def _part(self, name: str, value: Any) -> None:
        getattr(self._data, name)[...] = plain(value)

    def reshape(self, *shape: Any) -> Array:
        return self._view(self._data.reshape(*shape))

    def transpose(self, *axes: Any) -> Array:
        return self._view(self._data.transpose(*axes))

    def swapaxes(self, first: int, second: int) -> Array:
        return self._view(self._data.swapaxes(first, second))

    def squeeze(self) -> Array:
        return self._view(self._data.squeeze())

    def ravel(self) -> Array:
        return self._view(self._data.ravel())

    def view(self, dtype: Any = None) -> Array:
        return self._view(self._data.view() if dtype is None else self._data.view(dtype))

    def __iter__(self) -> Iterator[Array]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Array:
        return self._view(np.asarray(self._data[self._key(key)]))  # a number is an array of no axes

    def __setitem__(self, key: Any, value: Any) -> None:
        self._data[self._key(key)] = plain(value)

    def _key(self, key: Any) -> Any:
        entries = key if isinstance(key, tuple) else (key,)
        if any(isinstance(entry, Array) and entry.dtype.kind == "b" for entry in entries):
            self._wait()
        return tuple(map(plain, entries))

    # Copies

    def copy(self, order: Any = "C") -> Array:
        """On the current device, from whichever this one is on."""
        return Array(self._data.copy(order))

    def astype(
        self, dtype: Any, order: str = "K", casting: None = None, subok: None = None, copy: bool = True
    ) -> Array:
        if casting is not None or subok is not None:
            raise TypeError("casting and subok are not supported yet")
        if not copy and self.dtype == dtype:
            return self
        with np.errstate(over="ignore"):
            return Array(plain(self).astype(dtype, order=order))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Array:
        return wrapped(plain(self).sum(axis=axis, keepdims=keepdims))

    def max(self) -> Array:
        return wrapped(plain(self).max())

    def min(self) -> Array:
        return wrapped(plain(self).min())

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        if method != "__call__" or more:
            return NotImplemented
        return wrapped(quiet(ufunc)(*map(plain, inputs)))

    def __array_function__(self, function: Any, kinds: Any, given: Any, more: Any) -> Any:
        if set(kinds) != {Array} or not hasattr(self.fake, function.__name__):
            return NotImplemented
        return getattr(self.fake, function.__name__)(*given, **more)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    # What waits

    def _wait(self) -> None:
        self.fake.waits += 1
        if not self.fake.may_wait:
            raise TypeError("this waits for the device")

    def get(self) -> np.ndarray:
        self._wait()
        return self._data.copy()

    def item(self) -> Any:
        self._wait()
        return self._data.item()

    def tolist(self) -> Any:
        self._wait()
        return self._data.tolist()

    def tobytes(self) -> bytes:
        self._wait()
        return self._data.tobytes()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())


def _binary(function: Callable[..., Any], turned: bool) -> Any:
    def call(self: Array, other: Any) -> Any:
        if getattr(type(other), "__array_ufunc__", 0) is None:
            return NotImplemented
        pair = (other, self) if turned else (self, other)
        return wrapped(quiet(function)(*map(plain, pair)))

    return call


def _in_place(function: Callable[..., Any]) -> Any:
    def call(self: Array, other: Any) -> Array:
        data = plain(self)
        quiet(function)(data, plain(other), out=data)
        return self

    return call


for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "pow": np.power, "mod": np.mod,
    "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
}.items():  # fmt: skip
    setattr(Array, f"__{_name}__", _binary(_ufunc, False))
    setattr(Array, f"__r{_name}__", _binary(_ufunc, True))
    setattr(Array, f"__i{_name}__", _in_place(_ufunc))
for _name in ("lt", "le", "eq", "ne", "gt", "ge"):
    setattr(Array, f"__{_name}__", _binary(getattr(operator, _name), False))
for _name, _ufunc in {"neg": np.negative, "invert": np.invert, "abs": np.absolute}.items():
    setattr(Array, f"__{_name}__", lambda self, f=_ufunc: wrapped(f(plain(self))))


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """A device warns of nothing."""

    def call(*values: Any, **more: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*values, **more)

    return call


def plain(value: Any) -> Any:
    """The samples of an array, which must lie on the current device; numbers as they are; no arrays of NumPy."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    if not isinstance(value, Array):
        return value
    if value.on != OnDevice.current[-1]:
        raise RuntimeError(f"an array on device {value.on} was met on device {OnDevice.current[-1]}")
    return value._data


def wrapped(value: Any) -> Array:
    return Array(np.asarray(value))


def on_arrays(function: Any) -> Any:
    def call(*values: Any, **more: Any) -> Any:
        result = quiet(function)(*map(plain, values), **{key: plain(value) for key, value in more.items()})
        if isinstance(result, tuple):
            return tuple(map(wrapped, result))
        return wrapped(result) if isinstance(result, (np.ndarray, np.generic)) else result

    return call


class Stream:
    """A stream that notes what it is told."""

    def __init__(self, ptr: int) -> None:
        self.ptr = ptr
        self.waited: list[int] = []
        self.capturing = False

    def is_capturing(self) -> bool:
        return self.capturing

    def record(self, stream: Any = None) -> int:
        return self.ptr

    def synchronize(self) -> None:
        """Nothing is under way."""

    def wait_event(self, event: int) -> None:
        self.waited.append(event)


class NewStream(Stream):
    """A stream that is entered, and captures calls by noting that it does."""

    def __init__(self, fake: Fake) -> None:
        super().__init__(99)
        self.fake = fake

    def __enter__(self) -> NewStream:
        self.before, self.fake.stream = self.fake.stream, self
        return self

    def __exit__(self, *_: object) -> None:
        self.fake.stream = self.before

    def begin_capture(self) -> None:
        self.capturing = True

    def end_capture(self) -> Any:
        self.capturing = False
        return types.SimpleNamespace(launch=lambda stream: None)


class Fake(types.ModuleType):
    """``import cupy``."""

    ndarray = Array
    on = OnDevice

    def __init__(self, backend: Any) -> None:
        super().__init__("cupy")
        self.__version__ = "0"
        Array.fake = self
        self.backend = backend
        self.stream = Stream(0)
        self.entered: list[tuple[int, int]] = []  # devices and streams of other libraries
        self.waits, self.may_wait = 0, False
        self.cuda = types.SimpleNamespace(
            Device=OnDevice,
            runtime=types.SimpleNamespace(
                getDevice=lambda: OnDevice.current[-1],
                getDeviceProperties=lambda id: {"name": b"stand-in"},
                driverGetVersion=lambda: 0,
                runtimeGetVersion=lambda: 0,
                CUDARuntimeError=OSError,
            ),
            get_current_stream=lambda: self.stream,
            Event=lambda: Stream(0),
            Stream=self._new_stream,
            nvrtc=types.SimpleNamespace(getVersion=lambda: (13, 0)),
            ExternalStream=self._external,
            get_elapsed_time=lambda begin, end: 1.0,
        )
        for name in (*FUNCTIONS, *CREATING):
            setattr(self, name, on_arrays(getattr(np, name)))
        for name in WAITING:
            setattr(self, name, self._waiting(on_arrays(getattr(np, name))))
        transforms = {name: on_arrays(getattr(np.fft, name)) for name in ("fft", "ifft", "rfft", "irfft")}
        self.fft = types.SimpleNamespace(**transforms)
        tricks = types.SimpleNamespace(as_strided=on_arrays(np.lib.stride_tricks.as_strided))
        self.lib = types.SimpleNamespace(stride_tricks=tricks)
        self.add = types.SimpleNamespace(at=self._add_at)

    def get_default_memory_pool(self) -> Any:
        return types.SimpleNamespace(free_all_blocks=lambda: None)

    def _new_stream(self, non_blocking: bool) -> Any:
        return NewStream(self)

    @contextmanager
    def _external(self, ptr: int, device: int) -> Iterator[Stream]:
        kept, self.stream = self.stream, Stream(ptr)
        self.entered.append((device, ptr))
        yield self.stream
        self.stream = kept

    def from_dlpack(self, array: Any) -> Array:
        return Array(np.from_dlpack(array))

    def _waiting(self, function: Any) -> Any:
        def call(*values: Any, **more: Any) -> Any:
            values[0]._wait()
            return function(*values, **more)

        return call

    def _add_at(self, to: Array, key: Any, values: Array) -> None:
        if to.dtype.name not in ("int32", "uint32", "uint64", "float16", "float32", "float64"):
            raise TypeError(f"scatter_add does not support {to.dtype}")
        np.add.at(plain(to), plain(key), plain(values))

    def asarray(self, array: Any) -> Array:
        return array if isinstance(array, Array) else Array(np.array(array))

    def asnumpy(self, array: Array) -> np.ndarray:
        return array.get()

    def empty_like(self, array: Array, shape: Any = None) -> Array:
        return Array(np.empty_like(array._data, shape=shape))

    def zeros_like(self, array: Array, shape: Any = None, dtype: Any = None) -> Array:
        return Array(np.zeros_like(array._data, shape=shape, dtype=dtype))

    def ix_(self, *at: Array) -> Any:
        return tuple(map(wrapped, np.ix_(*map(plain, at))))

    def may_share_memory(self, first: Array, second: Array) -> bool:
        return np.may_share_memory(first._data, second._data)

    def RawKernel(self, code: str, name: str, options: tuple[str, ...]) -> Any:
        macros = tuple(tuple(option[2:].split("=")) for option in options[1:])

        def call(blocks: tuple[int], threads: tuple[int], arguments: tuple[Any, ...]) -> None:
            x, taps, y, *numbers = arguments
            assert all(type(number) is np.int64 for number in numbers)
            variant: Any = Variant(name, macros, threads[0])  # type: ignore[arg-type]
            launch = Launch(variant, tuple(map(int, numbers)), blocks[0])
            self.backend.launch(launch, plain(x), plain(taps), plain(y))

        return call


class Solvers(types.ModuleType):
    """``import cupyx.scipy.sparse.linalg``: SciPy's solver, whose operator sees arrays on the device."""

    class LinearOperator:
        def __init__(self, shape: tuple[int, int], matvec: Any, rmatvec: Any = None, dtype: Any = None) -> None:
            self.shape, self.matvec, self.rmatvec, self.dtype = shape, matvec, rmatvec, dtype

    def __init__(self) -> None:
        super().__init__("cupyx.scipy.sparse.linalg")

    def lsmr(
        self, A: Any, b: Array, x0: None = None, damp: float = 0.0, atol: float = 1e-6, btol: float = 1e-6,
        conlim: float = 1e8, maxiter: int | None = None,
    ) -> tuple[Any, ...]:  # fmt: skip
        def on_device(function: Any) -> Any:
            return lambda v: plain(function(wrapped(v)))

        host = scipy.sparse.linalg.LinearOperator(A.shape, on_device(A.matvec), on_device(A.rmatvec), dtype=A.dtype)
        x, *rest = scipy.sparse.linalg.lsmr(host, plain(b), damp, atol, btol, conlim, maxiter)
        return wrapped(x), *rest


def asnumpy(array: Any) -> np.ndarray:
    """A copy of what is on the device, here or on a real one."""
    return array._data.copy() if isinstance(array, Array) else array.get()
