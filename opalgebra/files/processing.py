"""An operator applied to a file, in machine numbers, channel by channel."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from ..bound.arrays.precision import Precision
from ..errors import DimensionError, FormalSignalError
from ..expr import PLAIN, LinearOperator, Node, Scale, Signal, formal_parts, transform, walk
from ..expr.multirate import Down, Up
from ..expr.named import AvgPool, DilatedConv, LinearUp, Repeat, StridedConv, TransposedConv
from ..scalar import exact, is_sympy
from .errors import FileError
from .samples import Samples, kind_of, read, write

RESAMPLING = (Up, Down, StridedConv, TransposedConv, DilatedConv, Repeat, LinearUp, AvgPool)


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
    if kind_of(target) == ".wav" and rate is None and any(isinstance(node, RESAMPLING) for node in walk(operator)):
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
