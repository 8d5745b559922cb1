"""Entries of an operator as a SymPy matrix."""

from __future__ import annotations

from itertools import product
from operator import index
from typing import Any

from ...errors import FormalSignalError, SizeError, WindowError
from ...expr import PLAIN, FormalSignal, LinearOperator, all_factor_symbols, constants, formal_names, grid, tap_symbol
from ...expr.sampling import SamplingMatrix
from ...scalar import to_sympy
from ..decide.canonical import Shape, canonical
from ..judge.evaluate import Evaluator, Sparse
from ..lattices.lattice import Vector
from ..numbers.choose import ring_of

ENTRY_LIMIT = 10_000_000


def window(value: Any, ndim: int) -> list[tuple[int, ...]]:
    """The indices of a window in C order: an int n, a pair (start, stop), or one of these per axis."""
    entries = [value] if ndim == 1 else list(value) if isinstance(value, (tuple, list)) else [value]
    if len(entries) != ndim:
        raise WindowError(f"the window {value!r} does not fit {ndim} axes; give one int or (start, stop) per axis")
    ranges = [_range(entry) for entry in entries]
    return list(product(*ranges))


def _range(entry: Any) -> range:
    pair = entry if isinstance(entry, (tuple, list)) else (0, entry)
    try:
        if len(pair) != 2 or any(isinstance(n, bool) for n in pair):
            raise TypeError
        start, stop = (index(n) for n in pair)
    except TypeError:
        raise WindowError(f"the window {entry!r} is not an int n or a pair (start, stop) of ints") from None
    if stop < start:
        raise WindowError(f"the window ({start}, {stop}) stops before it starts; give start <= stop")
    return range(start, stop)


def matrix(operator: LinearOperator, rows: Any, cols: Any) -> Any:
    """The window rows × cols of an operator; see :meth:`~opalgebra.LinearOperator.matrix`."""
    import sympy

    ndim = operator.ndim or 1
    if all_factor_symbols(operator):
        symbols = ", ".join(s.name for s in all_factor_symbols(operator))
        raise FormalSignalError(f"{operator} has the symbolic factor {symbols}; a matrix needs a number for it")
    out, into = window(rows, ndim), window(cols, ndim)
    outputs, inputs = operator.channels or PLAIN
    height, width = len(out) * outputs, len(into) * inputs
    if height * width > ENTRY_LIMIT:
        raise SizeError(f"the window has {height} × {width} entries; the limit is {ENTRY_LIMIT}")
    entries = [[_entries(entry, ndim, out, into) for entry in row] for row in grid(operator)]
    return sympy.Matrix.vstack(*(sympy.Matrix.hstack(*row) for row in entries))


def _entries(operator: LinearOperator, ndim: int, out: list[Any], into: list[Any]) -> Any:
    """The window of a plain operator."""
    import sympy

    evaluator = Evaluator(ndim, _symbolic_taps(operator, ndim, out, into))
    columns = [evaluator.act(operator, {m: 1}) for m in into]
    return sympy.Matrix(len(out), len(into), lambda i, j: to_sympy(columns[j].get(out[i], 0)))


def _symbolic_taps(operator: LinearOperator, ndim: int, out: list[Any], into: list[Any]) -> dict[str, Sparse]:
    """Formal kernels with as many symbols as entries of the window can depend on."""
    formal = formal_names(operator)
    if not formal:
        return {}
    if len(formal) > 1 or not all(isinstance(node, FormalSignal) for node in formal.values()):
        raise FormalSignalError(
            f"{operator} has the formal parts {', '.join(formal)}, so its entries are infinite sums; give taps: "
            "oa.signals('q', length=3)"
        )
    return _taps_of_one(operator, ndim, out, into, next(iter(formal)))


def _taps_of_one(operator: LinearOperator, ndim: int, out: list[Any], into: list[Any], name: str) -> dict[str, Sparse]:
    """One formal kernel, used once: an entry depends on one tap, which the coset of the operator names."""
    form = canonical(operator, ndim, ring_of(constants(operator)))
    if any(sum(label[0] == "signal" for label in shape.labels) > 1 for shape in form):
        raise FormalSignalError(
            f"{name} occurs more than once in {operator}, so its entries are infinite sums; give taps: "
            f"oa.signals('{name}', length=3)"
        )
    real = bool(getattr(formal_names(operator)[name], "real", False))
    taps = {
        tap
        for shape, intercepts in form.items() if len(shape.labels) == 2
        for intercept, n, m in product(intercepts, out, into)
        if (tap := _tap(shape, intercept, n, m)) is not None
    }  # fmt: skip
    return {name: {at: tap_symbol(name, at, real) for at in taps}}


def _tap(shape: Shape, intercept: Vector, n: Vector, m: Vector) -> Vector | None:
    """Solve denominator · n = slope · m + slope' · d + intercept for d."""
    ndim = len(n)
    of_input, of_tap = shape.slopes[:ndim], shape.slopes[ndim:]
    moved = [sum(slope[j] * i for slope, i in zip(of_input, m, strict=True)) for j in range(ndim)]
    wanted = [shape.denominator * i - a - b for i, a, b in zip(n, moved, intercept, strict=True)]
    return SamplingMatrix.from_columns(of_tap).solve(wanted)
