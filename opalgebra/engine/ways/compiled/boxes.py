"""Long filters at one rate along any axes by real FFTs of overlapping boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import log2, prod
from typing import Any, TypeAlias

import numpy as np

from ...arrays.rules import RULES
from .axes import Ints, Pairs, Places, extent_of
from .loops import layout
from .overlap import ByTransforms
from .runs import Runs
from .threads import share

#: Multiply-adds of a direct filter that take as long as a point and a doubling of the box (measured), in double and in
#: single precision; all transforms are of double precision.
COSTS = {"d": 36, "D": 36, "f": 75, "F": 75}
BOX_POINTS = 2**19  # to cut larger boxes keeps them in the caches, as long as little of them is computed twice

BoxPlaces: TypeAlias = tuple[Any, np.ndarray | None, int, int]
"""Along one axis: which samples of x are read (a slice or indices), their signs, where in the box, and how many."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """How windows of y are cut into boxes for y_n = Σ_j h_j x_{n−j}.

    Attributes
    ----------
    taps, shape, places : ndarray, tuple of int, and tuple of ndarray or None
        The taps, from the first to the last per axis, and where they stand if they are a list.
    begin : tuple of int
        The first sample of x that the first output reads, per axis, counted from the first one of x.
    inputs, outputs : tuple of int
        The sizes of x and y.
    steps, sizes : tuple of int
        Outputs of a box, and points of its transform.
    dtype : dtype
        Of x and y.
    """

    taps: np.ndarray
    shape: tuple[int, ...]
    places: Places | None
    begin: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    steps: tuple[int, ...]
    sizes: tuple[int, ...]
    dtype: np.dtype

    @classmethod
    def of(
        cls,
        taps: np.ndarray,
        start: Ints,
        up: Ints,
        down: Ints,
        out: Pairs,
        read: Pairs,
        dtype: np.dtype,
        places: Places | None = None,
    ) -> Boxes | None:
        """For the arguments of :func:`plan`; None for integers, or where a rate changes."""
        if dtype.kind == "i" or any(factor != 1 for factor in (*up, *down)) or not taps.size:
            return None
        shape = extent_of(taps, places)
        begin = tuple([a - j - (k - 1) - c for (a, _), j, k, (c, _) in zip(out, start, shape, read, strict=True)])
        outputs = tuple([n for _, n in out])
        steps = _steps(outputs, shape)
        sizes = tuple([_fast(step, k) for step, k in zip(steps, shape, strict=True)])
        return cls(taps, shape, places, begin, tuple([n for _, n in read]), outputs, steps, sizes, dtype)

    @property
    def dense(self) -> np.ndarray:
        """The taps with the zeros between them, in double precision at least."""
        dense = np.zeros(self.shape, np.result_type(self.taps, np.float64))
        dense[... if self.places is None else tuple(self.places)] = self.taps
        return dense

    @property
    def number(self) -> tuple[int, ...]:
        """How many boxes there are, per axis."""
        return tuple([-(-n // step) for n, step in zip(self.outputs, self.steps, strict=True)])

    def work(self, batch: int = 1) -> int:
        """The multiply-adds of a direct filter that take as long."""
        points = prod(self.sizes) * (2 if self.dtype.kind == "c" else 1)
        return round(batch * prod(self.number) * points * (log2(points) + 1) * COSTS[self.dtype.char])

    def made(self, direct: Runs) -> BoxFilter:
        """Ready to run, for the plan of the same filter."""
        return BoxFilter(direct, self)


def _fast(step: int, taps: int) -> int:
    """The least 2^a 3^b 5^c that holds a box: ``scipy.fft.next_fast_len``, for SciPy takes long to import."""
    size = step + taps - 1
    best = 1 << (size - 1).bit_length()
    five = 1
    while five < best:
        odd = five
        while odd < best:
            best = min(best, odd << (-(-size // odd) - 1).bit_length())
            odd *= 3
        five *= 5
    return best


def _steps(outputs: tuple[int, ...], taps: tuple[int, ...]) -> tuple[int, ...]:
    """The outputs of a box: the longest axis is halved while that gains more than is computed twice."""
    steps = [max(1, n) for n in outputs]
    while prod(step + k - 1 for step, k in zip(steps, taps, strict=True)) > BOX_POINTS:
        axis = max(range(len(steps)), key=lambda axis: steps[axis] / taps[axis])
        if steps[axis] < 6 * taps[axis]:
            break
        steps[axis] = -(-steps[axis] // 2)
    return tuple(steps)


@dataclass(frozen=True, eq=False)
class BoxFilter(ByTransforms):
    """y_n = Σ_j h_j x_{n−j} on any number of axes by real FFTs of overlapping boxes.

    Transforms are made in double precision; what is said of errors and of numbers that are not finite at
    :class:`OverlapSave` holds here.

    Attributes
    ----------
    boxes : Boxes
        How y is cut.
    """

    boxes: Boxes

    @property
    def multiply_adds(self) -> int:
        """As many of real numbers in one run without a batch take as long."""
        return self.boxes.work()

    @cached_property
    def spectrum(self) -> np.ndarray:
        """The transform of the taps."""
        return self._forward(self.boxes.dense)

    def _run(self, x: np.ndarray, y: np.ndarray, threads: int) -> bool:
        """Fill y; whether all is finite."""
        boxes, finite = self.boxes, []
        places = [self._places(axis) for axis in range(len(boxes.sizes))]
        all_boxes = [(b, *box) for b in range(len(x)) for box in product(*map(range, boxes.number))]
        self.spectrum  # noqa: B018  made once, before there are threads

        def part(first: int, stop: int, _: Any) -> None:
            for b, *box in all_boxes[first:stop]:
                along = [places[axis][i] for axis, i in enumerate(box)]
                finite.append(self._box(x[b], y[b], box, along))

        share(part, len(all_boxes), threads)
        return all(finite)

    def _box(self, x: np.ndarray, y: np.ndarray, box: Sequence[int], along: list[BoxPlaces]) -> bool:
        boxes, kind = self.boxes, np.complex128 if self.boxes.dtype.kind == "c" else np.float64
        held = np.zeros(boxes.sizes, kind)
        inside = tuple([slice(at, at + count) for _, _, at, count in along])
        for axis, (index, _, _, _) in enumerate(along):
            x = x[(slice(None),) * axis + (index,)]
        held[inside] = x
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is computed again
            for axis, (_, sign, _, _) in enumerate(along):
                if sign is not None:
                    held[inside] *= sign.reshape(-1, *[1] * (len(along) - axis - 1))
            spectrum = self._forward(held)
            spectrum *= self.spectrum
            made = self._inverse(spectrum)
            starts = [i * step for i, step in zip(box, boxes.steps, strict=True)]
            to = tuple([slice(a, a + step) for a, step in zip(starts, boxes.steps, strict=True)])
            counts = [min(step, n - a) for step, n, a in zip(boxes.steps, boxes.outputs, starts, strict=True)]
            valid = tuple([slice(k - 1, k - 1 + n) for k, n in zip(boxes.shape, counts, strict=True)])
            y[to] = made[valid]
        return bool(np.isfinite(y[to]).all())

    def _forward(self, x: np.ndarray) -> np.ndarray:
        from scipy import fft

        return np.asarray((fft.fftn if self.boxes.dtype.kind == "c" else fft.rfftn)(x, self.boxes.sizes))

    def _inverse(self, spectrum: np.ndarray) -> np.ndarray:
        from scipy import fft

        inverse = fft.ifftn if self.boxes.dtype.kind == "c" else fft.irfftn
        return np.asarray(inverse(spectrum, self.boxes.sizes, overwrite_x=True))

    def _places(self, axis: int) -> list[BoxPlaces]:
        """What each of the boxes along an axis reads."""
        boxes, reach = self.boxes, self.boxes.shape[axis] - 1
        starts = [boxes.begin[axis] + i * boxes.steps[axis] for i in range(boxes.number[axis])]
        return [_folded(a, boxes.steps[axis] + reach, boxes.inputs[axis], self.direct.rules[axis]) for a in starts]


def _folded(start: int, count: int, size: int, rule: int) -> BoxPlaces:
    """Which samples of ``size`` stand at start … start + count, as the kernels fold them."""
    low, high = max(0, -start), max(0, min(count, size - start))
    if rule == layout.ZERO or (low, high) == (0, count):
        found = max(0, high - low)
        return slice(start + low, start + low + found), None, min(low, count), found
    m = np.arange(start, start + count)
    row = next(row for row in RULES.values() if row.code == rule)
    period = row.period(size)
    m = m % period if period else m
    beyond = (m < 0) | (m >= size)
    index = np.where(beyond, row.last(size) - m if period else np.clip(m, 0, size - 1), m)
    return index, (np.where(beyond, -1.0, 1.0) if row.sign < 0 else None), 0, count
