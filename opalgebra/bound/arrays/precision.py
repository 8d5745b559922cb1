"""Which dtype an operator computes in.

Floating data keeps its precision: a kernel of higher precision never changes it.  A complex kernel makes real
data complex, by NumPy's ``result_type`` where the kernel is an array, in the precision of the data where it is
a list.  Integers stay integers (int64, refused where they could overflow) while all taps are integers, and
become float64 otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.arrays.arithmetic import as_int64
from ...errors import OperandError
from ...expr import Character, Named, Node, Scale, Signal, walk
from ...scalar import is_sympy

_KINDS = "ifc"


@dataclass(frozen=True)
class Precision:
    """What the numbers in an operator ask for.

    Attributes
    ----------
    kind : {"i", "f", "c"}
        The widest kind among all of them.
    strong : tuple of dtype
        The dtypes of arrays among them, floating or complex; lists and Python numbers have none.
    fixed : dtype or None
        The dtype that ``dtype=`` asked for.
    """

    kind: str = "i"
    strong: tuple[Any, ...] = ()
    fixed: Any = None

    @classmethod
    def of(cls, roots: Iterable[Node], fixed: Any = None) -> Precision:
        """The precision of expressions."""
        kinds, strong = {"i"}, []
        for node in (node for root in roots for node in _written_out(root)):
            if isinstance(node, Signal):
                kinds.add(_kind_of_signal(node))
                if not node.is_exact and not node.weak and node.dtype.kind in "fc":
                    strong.append(node.dtype)
            elif isinstance(node, Character):
                kinds.add("c")
            elif isinstance(node, Scale):
                kinds.add(_kind_of_scalar(node.scalar))
        return cls(max(kinds, key=_KINDS.index), tuple(dict.fromkeys(strong)), check_dtype(fixed, kinds))

    @classmethod
    def of_array(cls, array: np.ndarray) -> Precision:
        """The precision of weights given as an array."""
        kind = "i" if array.dtype.kind in "iu" else array.dtype.kind
        return cls(kind, (array.dtype,) if kind in "fc" else ())

    @classmethod
    def of_scalar(cls, scalar: Any) -> Precision:
        """The precision of one factor."""
        return cls(_kind_of_scalar(scalar))

    @property
    def dtype(self) -> Any:
        """The dtype that SciPy's solvers are told."""
        if self.fixed is not None:
            return self.fixed
        return np.result_type(*(self.strong or (np.float64,)), *([np.complex64] if self.kind == "c" else []))

    def result(self, data: Any) -> Any:
        """The dtype of the result for data of a dtype."""
        if data.kind not in "iufc":
            raise OperandError(
                f"the array has dtype {data}; give integers, reals or complex numbers (exact entries: .matrix())"
            )
        data = data.newbyteorder("=")  # as for NumPy's own results
        integer = data.kind in "iu"
        if self.fixed is not None:
            return self.fixed if integer else np.result_type(self.fixed, data)
        if integer and self.kind == "i":
            return np.dtype(np.int64)
        if integer:
            return np.result_type(self.dtype, np.float64)
        if self.kind == "c" and data.kind == "f":
            strong = [dtype for dtype in self.strong if dtype.kind == "c"]
            return np.result_type(data, *(strong or [np.complex64]))
        return data


def _written_out(root: Node) -> Iterator[Node]:
    """All nodes, those that names stand for too: AvgPool(3) divides by 3."""
    for node in walk(root):
        yield node
        if isinstance(node, Named) and not node.blocks:  # the named blocks only shift and resample
            yield from _written_out(node.meaning)


def check_dtype(dtype: Any, kinds: set[str]) -> Any:
    """``dtype=`` as a NumPy dtype that can hold what is computed."""
    if dtype is None:
        return None
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise OperandError(f"dtype is {dtype!r}; give float32, float64, complex64 or complex128") from None
    if found.kind not in "fc" or found.itemsize < 4:
        raise OperandError(f"dtype is {found}; give float32, float64, complex64 or complex128")
    if "c" in kinds and found.kind != "c":
        raise OperandError(f"dtype is {found} and the operator has complex numbers; give complex64 or complex128")
    return found


def _kind_of_signal(signal: Signal) -> str:
    if signal.is_exact:
        return max((_kind_of_scalar(entry) for entry in signal.values.flat), key=_KINDS.index)
    return "i" if signal.dtype.kind in "iu" else signal.dtype.kind


def _kind_of_scalar(value: Any) -> str:
    if is_sympy(value):
        if value.is_Integer:
            return "i"
        return "f" if value.is_real or value.free_symbols else "c"
    if isinstance(value, (int, np.integer)):
        return "i"
    return "c" if isinstance(value, complex) else "f"


def computed_in(dtype: Any) -> Any:
    """The dtype that sums are made in: float16 is too narrow and rounded once at the end."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def as_data(x: Any, result: Any) -> np.ndarray:
    """The array in the precision of the result, real where it is real."""
    target = computed_in(result)
    if x.dtype.kind != "c" and target.kind == "c":
        target = np.finfo(target).dtype
    if target.kind == "i" and x.dtype.kind == "u" and x.dtype.itemsize == 8:
        return as_int64(x)
    return x.astype(target, copy=False)
