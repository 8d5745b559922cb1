"""``A.on(n)``: an operator of the algebra between two windows.

F = Crop ∘ A ∘ Extend: the array, with index 0 at its first sample, is continued beyond its ends by the rule of
the boundary, A acts on ℤ^d, and the outputs of one window are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property, reduce
from itertools import product
from math import ceil, prod
from operator import add
from typing import Any

import numpy as np

from ...algebra.forms.matrix import matrix
from ...algebra.judge.evaluate import Evaluator
from ...engine.arrays.arithmetic import check_bound, magnitude
from ...engine.arrays.device import module_of
from ...engine.arrays.rules import CODES
from ...engine.arrays.window import Window
from ...engine.filters.remembered import remembered
from ...engine.program.matrix import SMALL, ThroughMatrix, is_served, matrix_of
from ...engine.program.program import Beyond, Program, window_read
from ...engine.program.shared import Compiled, multiplied_out
from ...engine.program.values import Ends, pieces
from ...engine.ways.choose import check_engine, engine_for
from ...engine.ways.tuned import state
from ...errors import DimensionError, OperandError
from ...expr import LinearOperator, Node, Signal, formal_parts, grid
from ...expr.node import remembered as in_tree
from ...scalar import exact, is_sympy
from ..arrays.dask_ import Job
from ..arrays.dask_filters import job_of
from ..arrays.memory import check_memory
from ..arrays.precision import as_data, computed_in
from .arguments import as_sizes, as_window, check_boundary, check_mode
from .base import BoundOperator, Shape
from .between import BetweenWindows
from .boundary import Extension, sources
from .extent import MODES, check_period, mode_window

SHARED, FEW_SAMPLES = 32, 2**16  # operators that are kept for equal ones; samples of their windows and kernels
_shared: dict[Any, Windowed] = {}


def on_sizes(
    operator: LinearOperator, n: Any, out: Any, mode: str, boundary: Any, dtype: Any, engine: str = "auto"
) -> Windowed:
    """See :meth:`~opalgebra.LinearOperator.on`; for numbers.  Equal operators share one object where it is small."""
    sizes = as_sizes(n, operator.ndim)
    rules = check_boundary(boundary, len(sizes))
    known = check_mode(mode, out)
    window = as_window(out, len(sizes)) if known is None else None
    if dtype is not None or prod(sizes) + _samples(operator) > FEW_SAMPLES:
        return _on_sizes(operator, sizes, window, known, rules, dtype, engine)
    key = operator, sizes, window, known, rules, engine, state()
    found = _shared.get(key)
    if found is None:
        found = _on_sizes(operator, sizes, window, known, rules, dtype, engine)
        if found.out_window.size <= FEW_SAMPLES:
            if len(_shared) >= SHARED:
                _shared.clear()
            _shared[key] = found
    return found


def _on_sizes(
    operator: LinearOperator,
    sizes: Shape,
    window: Window | None,
    mode: str | None,
    rules: tuple[str, ...],
    dtype: Any,
    engine: str,
) -> Windowed:
    if window is None:
        assert mode is not None
        check_period(operator, sizes, rules)
        window = mode_window(operator, sizes, mode)
    return Windowed(operator, sizes, window, mode, rules, dtype, engine)


def _samples(operator: LinearOperator) -> int:
    """Of all kernels and sequences together."""
    return int(in_tree(operator, "_samples", _count_samples))


def _count_samples(node: Node) -> int:
    own = prod(node._shape) if isinstance(node, Signal) else 0
    return own + sum(child.__dict__["_samples"] for child in node.children())


class Windowed(BetweenWindows):
    """An operator bound to the windows of its input and output; made by ``A.on(n, …)``."""

    def __init__(
        self,
        operator: LinearOperator,
        sizes: Shape,
        out_window: Window,
        mode: str | None,
        boundary: tuple[str, ...],
        dtype: Any = None,
        engine: str = "auto",
    ) -> None:
        self.engine = check_engine(engine)
        super().__init__(operator, Window((0,) * len(sizes), sizes), out_window, mode, boundary, dtype)

    @cached_property
    def _compiled(self) -> Compiled:
        """The operator as values, which equal ones share."""
        return multiplied_out(self.operator, len(self.in_window.shape))

    @property
    def _ends(self) -> Ends:
        """The values of the inputs and of the outputs, one for each channel."""
        return self._compiled.ends

    def pieces(self, shape: Shape) -> list[Windowed]:
        """Operators whose sum it is: none reads between taps that are further apart than windows of a shape."""
        return remembered(self, "_pieces", shape, lambda: self._new_pieces(shape), most=8)

    def _new_pieces(self, shape: Shape) -> list[Windowed]:
        found = pieces(self._ends, shape)
        return [self] if len(found) == 1 else [self._piece(ends) for ends in found]

    def _piece(self, ends: Ends) -> Windowed:
        piece = copy(self)
        for name in self._made:
            piece.__dict__.pop(name, None)
        piece.__dict__["_compiled"] = Compiled(ends)
        return piece

    @property
    def _own_pieces(self) -> list[Windowed]:
        """Those for its own windows."""
        return self.pieces(tuple(map(max, self.in_window.shape, self.out_window.shape)))

    @cached_property
    def extension(self) -> Extension | None:
        """How the array is continued; None where nothing outside it is read or is other than zero."""
        if set(self.boundary) == {"zero"}:
            return None
        extension = Extension(self.boundary, self.in_window.shape, window_read(*self._ends, self.out_window))
        return None if extension.is_identity else extension

    @cached_property
    def program(self) -> Program:
        """The filters, on their windows."""
        read = self.in_window if self.extension is None else self.extension.window
        return self._compiled.program(read, self.out_window)

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool, out: np.ndarray | None = None) -> np.ndarray:
        if out is None and type(x) is np.ndarray:
            run = self._prepared(x.shape, x.dtype, transposed, conjugated)
            if run is not None:
                return np.asarray(run(x))
        return self._computed(x, transposed, conjugated, out)

    def _prepared(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        key = shape, dtype, transposed, conjugated
        found = self._runs.get(key)
        if found is None:
            found = self._prepare(*key)
            if len(self._runs) > 64:
                self._runs.clear()
            self._runs[key] = found
        return found[0]

    @cached_property
    def _runs(self) -> dict[Any, tuple[Any]]:
        return {}

    def _prepare(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> tuple[Any]:
        """See :meth:`_prepared`: the one filter that the program is, or the matrix of a small operator."""
        if dtype.kind not in "fc" or dtype != self.precision.result(dtype) or dtype != computed_in(dtype):
            return (None,)
        mixes = self.channels and self.program.inputs[0][0].channels is not None  # all channels are one array
        if (mixes or not self.channels) and self.extension is None:
            program = self.program.conjugated if conjugated else self.program
            batch = prod(shape) // max(1, prod(self.dimsd if transposed else self.dims))
            whole = (program.transposed if transposed else program).whole(len(shape), batch, dtype, self.engine)
            if whole is not None:
                return (whole,)
        return (self._small(dtype, transposed, conjugated) if prod(shape) <= SMALL else None,)

    def _only_filter(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        """The one filter that the program is for arrays of CuPy; None where it is more."""
        if dtype.kind not in "fc" or dtype != self.precision.result(dtype) or dtype != computed_in(dtype):
            return None
        if self.engine != "auto" or (self.channels and self.program.inputs[0][0].channels is None):
            return None
        batch = prod(shape) // max(1, prod(self.dimsd if transposed else self.dims))
        beyond = None
        if self.extension is not None:
            if transposed or not self.reads_directly(batch, dtype, "cuda"):
                return None
            beyond = Beyond(self.in_window, self.boundary)
        program = self.program.conjugated if conjugated else self.program
        found = (program.transposed if transposed else program).alone(batch, dtype, "cuda", beyond)
        return found[0] if found is not None and found[2] == 1 else None

    def _computed(self, x: np.ndarray, transposed: bool, conjugated: bool, out: np.ndarray | None) -> np.ndarray:
        """Through the program."""
        result = self.precision.result(x.dtype)
        data, dtype = as_data(x, result), computed_in(result)
        if self.extension is not None and len(self._own_pieces) > 1 and not self._continues(x, transposed, dtype):
            return self._in_pieces(data, dtype, transposed, conjugated, out)
        program = self.program.conjugated if conjugated else self.program
        given = out if out is not None and out.dtype == dtype and out.flags.c_contiguous else None
        if transposed:
            y = self._run(program.transposed, data, dtype, given if self.extension is None else None)
            y = y if self.extension is None else self.extension.fold(y)
        else:
            y = self._forward(program, data, dtype, given)
        if out is None or y is out:
            return y.astype(result, copy=False)
        out[...] = y
        return out

    def _continues(self, x: np.ndarray, transposed: bool, dtype: Any) -> bool:
        engine = engine_for(module_of(x), self.engine)
        return not transposed and self.reads_directly(x.size // max(1, self.in_window.size), dtype, engine)

    def _in_pieces(
        self, x: np.ndarray, dtype: Any, transposed: bool, conjugated: bool, out: np.ndarray | None
    ) -> np.ndarray:
        """The sum of the pieces, so that no more of a continued array is made than is read."""
        if dtype.kind == "i":
            check_bound(magnitude(x) * ceil(sum(piece._gain() for piece in self._own_pieces)))
        made = [piece._computed(x, transposed, conjugated, None) for piece in self._own_pieces]
        y = reduce(add, made)
        if out is None:
            return y
        out[...] = y
        return out

    def _forward(self, program: Program, x: np.ndarray, dtype: Any, out: np.ndarray | None) -> np.ndarray:
        if self.extension is None:
            return self._run(program, x, dtype, out)
        if self._continues(x, False, dtype):
            return self._run(program, x, dtype, out, Beyond(self.in_window, self.boundary))
        return self._run(program, self.extension.apply(x), dtype, out)

    def reads_directly(self, batch: int, dtype: Any, engine: str) -> bool:
        """Whether the filters continue the array by themselves, so that no longer copy of it is made."""
        beyond = Beyond(self.in_window, self.boundary)
        return not self.channels and self.program.reads_directly(batch, dtype, engine, beyond)

    def _run(
        self, program: Program, x: np.ndarray, dtype: Any, out: np.ndarray | None = None, beyond: Beyond | None = None
    ) -> np.ndarray:
        if not self.channels or program.inputs[0][0].channels is not None:
            return program.run([x], dtype, self.engine, beyond, out)[0]
        axis = x.ndim - len(self.in_window.shape) - 1
        made = program.run(list(np.moveaxis(x, axis, 0)), dtype, self.engine)
        return np.stack(made, axis)

    def _small(self, dtype: Any, transposed: bool, conjugated: bool) -> ThroughMatrix | None:
        """A small operator for data of a dtype by its matrix; else None."""
        if self.engine != "auto" or not is_served(dtype, self.size) or not self.program.is_tame(dtype):
            return None
        return remembered(
            self,
            "_matrices",
            (dtype, transposed, conjugated),
            lambda: self._through_matrix(dtype, transposed, conjugated),
            most=16,
        )

    def _through_matrix(self, dtype: Any, transposed: bool, conjugated: bool) -> ThroughMatrix:
        before, after = (self.dimsd, self.dims) if transposed else (self.dims, self.dimsd)
        by_slices = self._by_slices(not transposed)
        matrix = matrix_of(lambda x: by_slices._computed(x, transposed, conjugated, None), before, prod(after), dtype)
        divisor = 1 if transposed else self.program.undivided[1]
        return ThroughMatrix(matrix, divisor, before, after, lambda x: self._computed(x, transposed, conjugated, None))

    def _by_slices(self, undivided: bool) -> Windowed:
        """The same without compiled code, which would take longer to load than a small matrix to make.

        ``undivided`` leaves a division at the end out: the entries of sums are exact, those of means are rounded.
        """
        other = copy(self)
        other.engine = "numpy"
        program = self.program.undivided[0] if undivided else self.program
        other.__dict__.update(program=program, extension=self.extension)
        return other

    _made = BoundOperator._made | {"program", "_compiled", "extension", "_matrices", "_runs", "_pieces"}

    def _between(self, x: Any, read: Window, out: Window, transposed: bool, conjugated: bool) -> Any:
        """The outputs of a window from the continued inputs of another; of Fᵀ, the inputs from the outputs."""
        program = self._compiled.program(read, out)
        program = program.conjugated if conjugated else program
        program = program.transposed if transposed else program
        result = self.precision.result(x.dtype)
        if isinstance(x, np.ndarray):
            batch = prod(x.shape[: x.ndim - len(self.dims)])
            check_memory(batch * program.most_held * computed_in(result).itemsize, self)
        return self._run(program, as_data(x, result), computed_in(result))

    def _job(self, transposed: bool, conjugated: bool) -> Job:
        return job_of(self, transposed, conjugated)

    def _held(self, transposed: bool) -> int:
        if self.extension is not None and len(self._own_pieces) > 1:
            return max(piece._held(transposed) for piece in self._own_pieces) + prod(
                self.dims if transposed else self.dimsd
            )
        program = self.program.transposed if transposed else self.program
        copied = self.extension is not None and (transposed or not all(rule in CODES for rule in self.boundary))
        return program.most_held + (self.extension.window.size if copied and self.extension else 0)

    def _act_into(self, x: np.ndarray, out: np.ndarray) -> None:
        self._act(x, False, False, out)

    def _gain(self) -> float:
        return self.program.gain() * (1.0 if self.extension is None else self.extension.gain())

    # Exact entries ----------------------------------------------------------------------------------------

    def _exact(self) -> np.ndarray:
        entries = grid(self.operator)
        of_entry = self._exact_of_formal if formal_parts(self.operator) else self._exact_of
        return np.block([[of_entry(entry) for entry in row] for row in entries])

    def _exact_of(self, operator: LinearOperator) -> np.ndarray:
        """Row by row: what output n reads on ℤ^d, and which samples these indices are continued from."""
        sizes = self.in_window.shape
        evaluator = Evaluator(len(sizes))
        entries = np.zeros((self.out_window.size, self.in_window.size), dtype=object)
        for row, n in enumerate(product(*map(range, self.out_window.starts, self.out_window.stops))):
            for m, value in evaluator.act(operator, {n: 1}, True).items():
                for column, weight in self._samples(m):
                    entries[row, column] += weight * value
        return entries

    def _samples(self, m: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        """The samples that x_m is made of, by their place in the flattened array, and their weights."""
        sizes = self.in_window.shape
        per_axis = [sources(*entry) for entry in zip(self.boundary, m, sizes, strict=True)]
        for choice in product(*per_axis):
            place = weight = 0
            for (i, _), n in zip(choice, sizes, strict=True):
                place = place * n + i
            weight = int(np.prod([w for _, w in choice]))
            yield place, weight

    def _exact_of_formal(self, operator: LinearOperator) -> np.ndarray:
        if set(self.boundary) != {"zero"}:
            raise OperandError(
                f"{operator} has the formal part {', '.join(formal_parts(operator))}; with the boundary "
                f"{self.boundary[0]!r} an entry would be an infinite sum; give taps: oa.signals('q', length=3)"
            )
        window = self.out_window
        rows = list(zip(window.starts, window.stops, strict=True))
        columns = [(0, n) for n in self.in_window.shape]
        found = matrix(operator, *((rows[0], columns[0]) if len(rows) == 1 else (rows, columns)))
        entries = np.empty(found.shape, dtype=object)
        for at in np.ndindex(*found.shape):
            entries[at] = exact(found[at])
        return entries

    # Sizes, and what is shown -----------------------------------------------------------------------------

    def out_size(self, n: Any) -> Any:
        """The size of the output for an input of size n, in the same mode.

        Parameters
        ----------
        n : int or SymPy expression, or a tuple of these, one per axis

        Returns
        -------
        int or SymPy expression, or a tuple of these
            A formula assumes that it is not negative; a number is never below 0.

        Examples
        --------
        >>> import opalgebra as oa
        >>> import sympy
        >>> (oa.Down(2) @ oa.Conv([1, 2, 1])).on(8, mode="valid").out_size(sympy.Symbol("n"))
        floor(n/2 - 1/2)
        """
        several = isinstance(n, (tuple, list))
        entries = [entry if is_sympy(entry) else as_sizes(entry, 1)[0] for entry in (n if several else (n,))]
        if len(entries) != len(self.in_window.shape):
            raise DimensionError(f"the size {n!r} does not have {len(self.in_window.shape)} axes; give one per axis")
        sizes = self._sizes(entries)
        return sizes if several else sizes[0]

    def _sizes(self, entries: Sequence[Any]) -> tuple[Any, ...]:
        if self.mode is None:
            return self.out_window.shape
        return tuple(size_of(interval) for interval in MODES[self.mode](self.operator, entries))

    def _key(self) -> tuple[Any, ...]:
        return self.operator, self.in_window, self.out_window, self.boundary, self.precision, self.engine


def size_of(interval: tuple[Any, Any]) -> Any:
    """stop − start, as a number or an expanded formula."""
    start, stop = interval
    length = stop - start
    if is_sympy(length):
        import sympy

        return sympy.expand(length)
    return max(0, length)
