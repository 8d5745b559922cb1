"""How a loop becomes machine code: for one list of arguments, which it reads from memory."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, int64, intp, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from .layout import Argument

#: Nothing counts references, for no loop makes arrays: that would need Numba where the code runs.  A call with arrays
#: costs 0.1 µs, as much as a short row, so that parts are inlined.
PLAIN = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
jit, part_of = njit(**PLAIN), njit(inline="always", **PLAIN)

#: What a library of machine code may call, because every process has it.
KNOWN = frozenset(["memcpy", "memmove", "memset", "bzero", "memset_pattern16"])


def arguments(held: Any, given: Any) -> tuple[Any, ...]:
    """The arguments of a loop, from the blocks at these two addresses: each loop is compiled with its own reading."""
    raise NotImplementedError


def machine_code(
    name: str, real: np.dtype, wanted: tuple[Argument, ...], checks: bool = True
) -> tuple[str, bytes, bool]:
    """A function of one of the files here for these arguments, whose numbers are of a dtype: the symbol to call, an
    object file that defines it, and whether that needs nothing of Numba.

    It takes the addresses of two blocks, of the arguments that are held and that are given, and the first and the last
    step.  A loop that never divides by 0 need not check for it, which would keep it from becoming vectors.
    """
    file, _, function = name.partition(".")
    loop = getattr(import_module(f".{file}", __package__), function)
    known = {**loop.__globals__, "arguments": _reading(real, wanted)}
    made = njit(error_model="python" if checks else "numpy", **PLAIN)(FunctionType(loop.__code__, known, function))
    made.compile(types.void(intp, intp, int64, int64))
    (result,) = made.overloads.values()
    _, _, (content, _) = result.library.serialize_using_object_code()
    module = result.library._final_module
    outside = {value.name for value in (*module.functions, *module.global_variables) if value.is_declaration}
    return result.fndesc.llvm_func_name, content, all(n.startswith("llvm.") or n in KNOWN for n in outside)


def _reading(real: np.dtype, wanted: tuple[Argument, ...]) -> Callable[..., Any]:
    """A function of two addresses: the arguments, from the words that stand there."""
    kinds = [_kind(argument, real) for argument in wanted]

    @intrinsic
    def read(_: Any, held: Any, given: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, addresses: Any) -> Any:
            blocks = [_Words(context, builder, address) for address in addresses]
            found = [blocks[argument.is_given].value(kind) for argument, kind in zip(wanted, kinds, strict=True)]
            return context.make_tuple(builder, signature.return_type, found)

        return types.Tuple(kinds)(held, given), code

    return read


def _kind(argument: Argument, real: np.dtype) -> Any:
    """Numba's type of an argument."""
    number = from_dtype(real if argument.dtype is None else argument.dtype)
    return types.Array(number, argument.ndim, "C") if argument.ndim else number


class _Words:
    """The words from an address on, one after the other."""

    def __init__(self, context: Any, builder: Any, address: Any) -> None:
        self.context, self.builder, self.address = context, builder, address

    def number(self, kind: Any) -> Any:
        """The next number, of at most a word."""
        pointer = self.builder.inttoptr(self.address, self.context.get_data_type(kind).as_pointer())
        found = self.context.unpack_value(self.builder, kind, pointer)
        self.address = self.builder.add(self.address, ir.Constant(self.address.type, 8))
        return found

    def value(self, kind: Any) -> Any:
        """The next argument: a number, or an array as its address and its shape."""
        if not isinstance(kind, types.Array):
            return self.number(kind)
        address, *shape = (self.number(int64) for _ in range(1 + kind.ndim))
        return _array(self.context, self.builder, kind, address, shape)


@intrinsic
def on_stack(_: Any, count: Any) -> Any:
    """A few indices, as an array that is gone when the function returns."""

    def code(context: Any, builder: Any, signature: Any, counts: Any) -> Any:
        memory = builder.alloca(ir.IntType(64), size=counts[0])
        address = builder.ptrtoint(memory, counts[0].type)
        return _array(context, builder, signature.return_type, address, list(counts))

    return types.Array(int64, 1, "C")(intp), code


def _array(context: Any, builder: Any, kind: Any, address: Any, shape: list[Any]) -> Any:
    """An array in C order, which nobody owns."""
    size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    steps = [ir.Constant(address.type, size)]  # and the bytes of the whole
    for count in shape[::-1]:
        steps.insert(0, builder.mul(steps[0], count))
    array = context.make_array(kind)(context, builder)
    array.meminfo, array.parent = (cgutils.get_null_value(field.type) for field in (array.meminfo, array.parent))
    array.itemsize = steps[-1]
    array.nitems = builder.sdiv(steps[0], array.itemsize)
    array.data = builder.inttoptr(address, array.data.type)
    array.shape, array.strides = cgutils.pack_array(builder, shape), cgutils.pack_array(builder, steps[1:])
    return array._getvalue()
