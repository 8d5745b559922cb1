"""What a launch of the kernels means, evaluated by NumPy from its integers: quick where the shim would compile."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from opalgebra.engine.arrays.rules import CODES
from opalgebra.engine.ways.cuda.plan import Axis, Launch

from ..judge_bound import continuation

NAMES = {code: name for name, code in CODES.items()}


def met(axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    """(outputs, taps): the sample that each tap meets, and its sign; 0 where it meets none."""
    q = axis.down * np.arange(axis.outs)[:, None] + axis.offset - np.arange(axis.taps)
    at = q // axis.up
    if NAMES[axis.mode] == "zero" or not axis.ins:
        is_inside = (at >= 0) & (at < axis.ins) & (q % axis.up == 0)
        return np.where(is_inside, at, 0), is_inside.astype(np.int64)
    before, after = max(0, -int(at.min())), max(0, int(at.max()) + 1 - axis.ins)
    rows = continuation(NAMES[axis.mode], axis.ins, before, after)
    return np.abs(rows).argmax(axis=1)[at + before], rows.sum(axis=1)[at + before] * (q % axis.up == 0)


def times(taps: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Real numbers with real ones, where either is real; a zero reads nothing."""
    if taps.dtype.kind == "c" and x.dtype.kind != "c":
        return times(taps.real, x) + 1j * times(taps.imag, x)
    if x.dtype.kind == "c" and taps.dtype.kind != "c":
        return times(taps, x.real) + 1j * times(taps, x.imag)
    return np.where(taps == 0, x.dtype.type(0), taps * x)


class Launched:
    """In the place of a backend's ``launch``."""

    def __init__(self) -> None:
        self.launched: list[Launch] = []

    def launch(self, launch: Launch, x: np.ndarray, taps: np.ndarray, y: np.ndarray) -> None:
        self.launched.append(launch)
        outer, y_outer, x_outer, inner, members, *rest = launch.numbers
        axes = [Axis(*rest[9 * k : 9 * k + 9]) for k in range(3)]
        samples, signs = zip(*map(met, axes), strict=True)
        given = self._seen(x, outer, x_outer, [axis.ins for axis in axes], [a.x_stride for a in axes], inner)
        target = self._seen(y, outer, y_outer, [axis.outs for axis in axes], [a.y_stride for a in axes], inner)
        weights = taps.reshape(members, *(axis.taps for axis in axes))[np.arange(outer) % members]
        total = np.zeros(target.shape, np.result_type(x, taps))
        with np.errstate(all="ignore"):
            for t in product(*(range(axis.taps) for axis in axes)) if x.size else ():
                sign = np.multiply.outer(np.multiply.outer(signs[0][:, t[0]], signs[1][:, t[1]]), signs[2][:, t[2]])
                read = given[np.ix_(range(outer), *(s[:, j] for s, j in zip(samples, t, strict=True)), range(inner))]
                weight = weights[:, *t][:, None, None, None, None] * sign[:, :, :, None].astype(x.real.dtype)
                total += times(weight, read)
        target[...] = total + (target if dict(launch.variant.macros)["ADD"] in (1, "1") else 0)

    @staticmethod
    def _seen(array: np.ndarray, outer: int, step: int, sizes: list[int], strides: list[int], inner: int) -> Any:
        bytes_ = [n * array.itemsize for n in (step, *strides, 1)]
        return np.lib.stride_tricks.as_strided(array, (outer, *sizes, inner), bytes_)
