"""Convolutions of oneDNN by its C interface, where the package ``onednn-cpu-gomp`` is installed (extra ``onednn``).

A :class:`Primitive` is a convolution between arrays of one shape, in float32, on one thread: sums are then taken in the
same order whatever the number of threads, and OpenMP, which does not survive a fork, starts none.  Plain arrays are
read and written where they lie; where another layout suits better, copies in that layout go through scratch memory.
"""

from __future__ import annotations

import ctypes as c
import warnings
from collections.abc import Sequence
from functools import cache
from threading import local
from typing import Any, NamedTuple

import numpy as np

PACKAGE = "onednn-cpu-gomp"
MAJOR = 3  # of the interface
KEPT_BYTES = 2**24  # of scratch memory that a thread keeps
LINE = 64  # bytes to which it is aligned

# Of dnnl_types.h: constants that belong to the interface.
_CPU, _IN_ORDER, _F32, _ANY, _DIRECT, _STRICT, _USER = 1, 1, 3, 1, 1, 0, 1
_TRAINING, _INFERENCE, _NAME, _SCRATCH = 64, 96, 8, 136
_SRC, _DST, _WEIGHTS, _DIFF_SRC, _DIFF_DST, _DIFF_WEIGHTS, _SCRATCHPAD = 1, 17, 33, 129, 145, 161, 80
_Dims, _Handle = c.c_int64 * 12, c.c_void_p


class _Argument(c.Structure):
    _fields_ = [("arg", c.c_int), ("memory", _Handle)]


class Kind(NamedTuple):
    """A direction of a convolution: the large array, the weights and the small array in that order."""

    create: str  # the function that describes it
    queries: tuple[int, int, int]  # for the layouts that it wants
    arguments: tuple[int, int, int]
    result: int  # which of the three is computed


FORWARD = Kind("forward", (129, 131, 133), (_SRC, _WEIGHTS, _DST), 2)
BACKWARD = Kind("backward_data", (130, 131, 134), (_DIFF_SRC, _WEIGHTS, _DIFF_DST), 0)
GRADIENT = Kind("backward_weights", (129, 132, 134), (_SRC, _DIFF_WEIGHTS, _DIFF_DST), 1)


class Shapes(NamedTuple):
    """Of a convolution: the sizes of its three arrays, and where the taps lie, per axis."""

    large: tuple[int, ...]  # (batch, channels, \*space)
    weights: tuple[int, ...]  # ([groups,] channels of the small one, channels of the large one, \*kernel)
    small: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]  # zeros
    after: tuple[int, ...]


@cache
def library() -> Any:
    """The library, or None where it is not installed or cannot be loaded."""
    from importlib.metadata import PackageNotFoundError, files  # takes longer to import than all of this to run

    try:
        found = [file for file in files(PACKAGE) or () if file.name == f"libdnnl.so.{MAJOR}"]
    except PackageNotFoundError:
        return None
    try:
        return _declared(c.CDLL(str(found[0].locate())))
    except (IndexError, OSError, AttributeError) as error:
        warnings.warn(f"{PACKAGE} is installed and cannot be used: {error}", RuntimeWarning, stacklevel=2)
        return None


def available() -> bool:
    """Whether oneDNN is there."""
    return library() is not None


def _declared(lib: Any) -> Any:
    """The library, its functions with the types of their arguments."""
    pointer = c.POINTER(_Handle)
    types: dict[str, tuple[Any, ...]] = {
        "engine_create": (pointer, c.c_int, c.c_size_t),
        "stream_create": (pointer, _Handle, c.c_uint),
        "primitive_attr_create": (pointer,),
        "primitive_attr_set_scratchpad_mode": (_Handle, c.c_int),
        "primitive_attr_set_fpmath_mode": (_Handle, c.c_int),
        "memory_desc_create_with_tag": (pointer, c.c_int, _Dims, c.c_int, c.c_int),
        "memory_desc_create_with_strides": (pointer, c.c_int, _Dims, c.c_int, _Dims),
        "memory_desc_destroy": (_Handle,),
        "memory_desc_equal": (_Handle, _Handle),
        "memory_desc_get_size": (_Handle,),
        "memory_create": (pointer, _Handle, _Handle, _Handle),
        "memory_set_data_handle": (_Handle, _Handle),
        "memory_destroy": (_Handle,),
        "reorder_primitive_desc_create": (pointer, _Handle, _Handle, _Handle, _Handle, _Handle),
        "primitive_desc_query": (_Handle, c.c_int, c.c_int, c.POINTER(c.c_char_p)),
        "primitive_desc_query_md": (_Handle, c.c_int, c.c_int),
        "primitive_desc_destroy": (_Handle,),
        "primitive_create": (pointer, _Handle),
        "primitive_destroy": (_Handle,),
        "primitive_execute": (_Handle, _Handle, c.c_int, c.POINTER(_Argument)),
    }
    around = (_Dims, _Dims, _Dims, _Dims)
    types["convolution_forward_primitive_desc_create"] = (
        pointer, _Handle, c.c_int, c.c_int, _Handle, _Handle, _Handle, _Handle, *around, _Handle
    )  # fmt: skip
    types["convolution_backward_data_primitive_desc_create"] = (
        pointer, _Handle, c.c_int, _Handle, _Handle, _Handle, *around, _Handle, _Handle
    )  # fmt: skip
    types["convolution_backward_weights_primitive_desc_create"] = (
        pointer, _Handle, c.c_int, _Handle, _Handle, _Handle, _Handle, *around, _Handle, _Handle
    )  # fmt: skip
    for name, arguments in types.items():
        getattr(lib, f"dnnl_{name}").argtypes = arguments
    lib.dnnl_memory_desc_get_size.restype = c.c_size_t
    lib.dnnl_primitive_desc_query_md.restype = _Handle
    lib.omp_get_max_threads, lib.omp_set_num_threads  # noqa: B018 (missing ones raise AttributeError)
    return lib


def _made(name: str, *arguments: Any) -> Any:
    """What a function of the library makes, which it writes to its first argument; None where it has none such."""
    result = _Handle()
    status = getattr(library(), f"dnnl_{name}")(c.byref(result), *arguments)
    return None if status else result


@cache
def _engine() -> Any:
    return _made("engine_create", _CPU, 0)


@cache
def _stream() -> Any:
    """Shared by all threads: work is done by the thread that calls, and a stream of the processor holds nothing."""
    return _made("stream_create", _engine(), _IN_ORDER)


@cache
def _attributes() -> Any:
    """Sums in float32 whatever the environment asks for, and scratch memory of ours."""
    made = _made("primitive_attr_create")
    library().dnnl_primitive_attr_set_scratchpad_mode(made, _USER)
    library().dnnl_primitive_attr_set_fpmath_mode(made, _STRICT)
    return made


class OneThread:
    """OpenMP, where this thread calls it, starts no other; afterwards it may start as many as before."""

    def __enter__(self) -> None:
        lib = library()
        self.before = lib.omp_get_max_threads()
        lib.omp_set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        library().omp_set_num_threads(self.before)


class _Handles:
    """What the library made for one primitive, destroyed with it."""

    def __init__(self) -> None:
        self._ends: list[tuple[Any, Any]] = []

    def keep(self, name: str, handle: Any) -> Any:
        """The handle, to be destroyed by the function of that name."""
        self._ends.append((getattr(library(), f"dnnl_{name}_destroy"), handle))
        return handle

    def __del__(self) -> None:
        for destroy, handle in reversed(self._ends):
            destroy(handle)


def _description(shape: Sequence[int], own: _Handles, plain: bool) -> Any:
    """Of an array in C order, or in whatever order suits."""
    sizes = _Dims(*shape)
    if not plain:
        return own.keep("memory_desc", _made("memory_desc_create_with_tag", len(shape), sizes, _F32, _ANY))
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    made = _made("memory_desc_create_with_strides", len(shape), sizes, _F32, _Dims(*strides))
    return own.keep("memory_desc", made)


class Primitive:
    """One convolution on one thread.

    Parameters
    ----------
    kind : Kind
        What is computed from what.
    shapes : Shapes
    plain : bool
        Whether the large and the small array stay in C order; else in the order that suits best, and are copied.

    Raises
    ------
    NotImplementedError
        Where the library has no code for it but its reference, which is slow.
    """

    def __init__(self, kind: Kind, shapes: Shapes, plain: bool) -> None:
        self.kind, self.shapes, self.own = kind, shapes, _Handles()
        with OneThread():
            self.description = self._described(plain)
            name = c.c_char_p()
            library().dnnl_primitive_desc_query(self.description, _NAME, 0, c.byref(name))
            self.name = (name.value or b"").decode()
            if self.name.startswith("ref"):
                raise NotImplementedError(f"oneDNN has {self.name} alone for {shapes}")
            self.run = self.own.keep("primitive", _made("primitive_create", self.description))
            self.arrays = [_Array(self, which) for which in range(3)]
        self.pad = self.wanted(_SCRATCH)
        self.scratch = self._layout(library().dnnl_memory_desc_get_size(self.pad))

    def _described(self, plain: bool) -> Any:
        kind, shapes, own = self.kind, self.shapes, self.own
        large, small = (_description(shape, own, plain) for shape in (shapes.large, shapes.small))
        weights, create = _description(shapes.weights, own, False), "convolution_{}_primitive_desc_create"
        rates = shapes.stride, [d - 1 for d in shapes.dilation], shapes.before, shapes.after
        last = [*(_Dims(*values) for values in rates)]
        use = _INFERENCE if kind is FORWARD else _TRAINING
        bias: tuple[Any, ...] = (None,)
        made = _made(create.format("forward"), _engine(), use, _DIRECT, large, weights, *bias, small, *last,
                     _attributes())  # fmt: skip
        if kind is not FORWARD and made is not None:
            hint = own.keep("primitive_desc", made)
            arrays = large, weights, *(bias if kind is GRADIENT else ()), small
            made = _made(create.format(kind.create), _engine(), _DIRECT, *arrays, *last, hint, _attributes())
        if made is None:
            raise NotImplementedError(f"oneDNN has no {kind.create} for {shapes}")
        return own.keep("primitive_desc", made)

    def wanted(self, query: int) -> Any:
        """A layout that the primitive wants; it belongs to the description."""
        return _Handle(library().dnnl_primitive_desc_query_md(self.description, query, 0))

    def _layout(self, own: int) -> int:
        """Places in scratch memory for the arrays that are copied, and for the primitive itself; the bytes of all."""
        at = 0
        for array in self.arrays:
            if array.is_scratch:
                array.place, at = at, at + -(-array.bytes // LINE) * LINE
        self.place = at
        return at + own

    def reordered(self, weights: np.ndarray) -> np.ndarray:
        """Weights, in C order, in the layout that is wanted."""
        array = self.arrays[1]
        if array.copy is None:
            return weights
        made = _aligned(array.bytes)
        own = _Handles()
        ends = [own.keep("memory", _made("memory_create", layout, _engine(), data.ctypes.data))
                for layout, data in ((array.plain, weights), (array.wanted, made))]  # fmt: skip
        with OneThread():
            _do(array.copy, _arguments((_SRC, ends[0]), (_DST, ends[1])), 2)
        return made


class _Array:
    """One of the three arrays of a primitive: its plain layout, the one that is wanted, and what copies it."""

    def __init__(self, primitive: Primitive, which: int) -> None:
        lib, own, kind, shapes = library(), primitive.own, primitive.kind, primitive.shapes
        self.is_result = which == kind.result
        self.plain = _description((shapes.large, shapes.weights, shapes.small)[which], own, True)
        self.wanted = primitive.wanted(kind.queries[which])
        self.bytes: int = lib.dnnl_memory_desc_get_size(self.wanted)
        self.place, self.copy = 0, None
        if not lib.dnnl_memory_desc_equal(self.plain, self.wanted):
            ends = (self.wanted, self.plain) if self.is_result else (self.plain, self.wanted)
            described = _made("reorder_primitive_desc_create", ends[0], _engine(), ends[1], _engine(), None)
            self.copy = own.keep("primitive", _made("primitive_create", own.keep("primitive_desc", described)))
        self.is_scratch = self.copy is not None and (which != 1 or self.is_result)  # weights are copied once, for all


def _arguments(*pairs: tuple[int, Any]) -> Any:
    return (_Argument * len(pairs))(*(_Argument(*pair) for pair in pairs))


def _do(primitive: Any, arguments: Any, count: int) -> None:
    status = library().dnnl_primitive_execute(primitive, _stream(), count, arguments)
    if status:
        raise RuntimeError(f"oneDNN reports the status {status}")


class Executor:
    """A primitive with memory objects of its own, which one thread uses at a time.

    Parameters
    ----------
    primitive : Primitive
    weights : ndarray, optional
        What :meth:`Primitive.reordered` gave, where they are read.
    """

    def __init__(self, primitive: Primitive, weights: np.ndarray | None) -> None:
        self.primitive, self.own, arrays = primitive, _Handles(), primitive.arrays
        self.weights = weights  # whose address is all that the library knows
        self.set, self.at = library().dnnl_memory_set_data_handle, 0
        self.plain = [self._memory(array.plain) for array in arrays]
        self.inner = [self._memory(a.wanted) if a.copy else p for a, p in zip(arrays, self.plain, strict=True)]
        self.pad = self._memory(primitive.pad)
        if weights is not None:
            self.set(self.inner[1], weights.ctypes.data)
        pairs = [*zip(primitive.kind.arguments, self.inner, strict=True), (_SCRATCHPAD, self.pad)]
        steps = [(a, self._copying(i)) for i, a in enumerate(arrays) if a.is_scratch and not a.is_result]
        self.steps = [(a.copy, ends, 2) for a, ends in steps] + [(primitive.run, _arguments(*pairs), 4)]
        self.steps += [(a.copy, self._copying(i), 2) for i, a in enumerate(arrays) if a.is_scratch and a.is_result]

    def _memory(self, layout: Any) -> Any:
        return self.own.keep("memory", _made("memory_create", layout, _engine(), None))

    def _copying(self, which: int) -> Any:
        ends = [self.plain[which], self.inner[which]]
        source, to = reversed(ends) if self.primitive.arrays[which].is_result else ends
        return _arguments((_SRC, source), (_DST, to))

    def _place(self, memory: np.ndarray) -> None:
        """Use this scratch memory."""
        at = memory.ctypes.data
        if at == self.at:
            return
        for array, memory in zip(self.primitive.arrays, self.inner, strict=True):
            if array.is_scratch:
                self.set(memory, at + array.place)
        self.set(self.pad, at + self.primitive.place)
        self.at = at

    def __call__(self, large: int, small: int, weights: int | None = None) -> None:
        """Run on plain arrays at these addresses; within :class:`OneThread`."""
        size = self.primitive.scratch
        memory = _scratch(size) if size else None  # held until the end
        if memory is not None:
            self._place(memory)
        self.set(self.plain[0], large)
        self.set(self.plain[2], small)
        if weights is not None:
            self.set(self.plain[1], weights)
        for primitive, arguments, count in self.steps:
            _do(primitive, arguments, count)


class _Kept(local):
    """The scratch memory of a thread."""

    memory: np.ndarray | None = None


_kept = _Kept()


def _aligned(size: int) -> np.ndarray:
    """So many bytes from the beginning of a line on."""
    memory = np.empty(size + LINE, np.uint8)
    first = -memory.ctypes.data % LINE
    return memory[first : first + size]


def _scratch(size: int) -> np.ndarray:
    """Memory of this thread, until it asks for some again."""
    if _kept.memory is not None and len(_kept.memory) >= size:
        return _kept.memory
    made = _aligned(size)
    _kept.memory = made if size <= KEPT_BYTES else None
    return made
