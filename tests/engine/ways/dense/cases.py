"""Random filters between channels, and what they are by their definition."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import opalgebra as oa
from opalgebra.engine.arrays.window import Window
from opalgebra.engine.filters.fir import Fir
from opalgebra.engine.filters.mixing import phases, unmix
from opalgebra.engine.ways.dense.geometry import Geometry, geometry


class Case(NamedTuple):
    """A filter between windows, one direction of a layer, and an array that it takes."""

    fir: Fir
    written: Window
    read: Window
    x: np.ndarray

    @property
    def geometry(self) -> Geometry | None:
        """The convolution that it is."""
        return geometry(self.fir, self.written, self.read)

    def defined(self, x: np.ndarray) -> np.ndarray:
        """The filtered x, tap by tap."""
        groups, outs = self.fir.taps.shape[:2]
        y = np.zeros((len(x), groups * outs, *self.written.shape), x.dtype)
        self.fir.add_to(y, x, self.written, self.read)
        return y


def layer(rng: np.random.Generator, most: int = 40) -> Any:
    """A random layer, with the sizes of its input."""
    while True:
        axes, transposed = int(rng.integers(1, 4)), bool(rng.integers(2))
        groups = int(rng.choice([1, 1, 2, 3, 8]))
        outs, ins = (groups * int(rng.integers(1, 1 + max(1, most // groups))) for _ in range(2))
        kernel = tuple(map(int, rng.integers(1, 5, axes)))
        stride, dilation = (tuple(map(int, rng.integers(1, 4, axes))) for _ in range(2))
        pads = [tuple(map(int, rng.integers(0, 4, 2))) for _ in range(axes)]
        shape = (ins, outs // groups, *kernel) if transposed else (outs, ins // groups, *kernel)
        kind = oa.nn.ConvTranspose if transposed else oa.nn.Conv
        made = kind(rng.standard_normal(shape).astype(np.float32), stride, pads, dilation=dilation, groups=groups)
        sizes = tuple(map(int, rng.integers(3, 12, axes)))
        try:
            bound = made.on(sizes)
        except oa.WindowError:  # shorter than its kernel
            continue
        if all(bound.out_window.shape):
            return made, bound


def cases(seed: int, batch: int = 3, most: int = 40) -> list[Case]:
    """Both directions of a random layer."""
    rng = np.random.default_rng(seed)
    _, bound = layer(rng, most)
    found = []
    for program in (bound.program, bound.program.transposed):
        ((value, written),) = program.outputs
        ((source, fir),) = value.terms
        groups, _, ins = fir.taps.shape[:3]
        x = rng.standard_normal((batch, groups * ins, *program.windows[source].shape)).astype(np.float32)
        found.append(Case(fir, written, program.windows[source], x))
    return found


def close(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether they agree but for rounding."""
    return bool(np.abs(found - wanted).max(initial=0) <= 2e-5 * max(1.0, np.abs(wanted).max(initial=0)))


def gradient_case(seed: int, most: int) -> tuple[Any, Case, np.ndarray]:
    """A random layer, the filter whose taps are the numbers of its weights with an input, and a gradient."""
    rng = np.random.default_rng(seed)
    made, bound = layer(rng, most)
    x, y = (rng.standard_normal((3, *shape)).astype(np.float32) for shape in (bound.dims, bound.dimsd))
    numbers = np.arange(1, np.prod(made.kernel) + 1, dtype=np.float32).reshape(made.kernel)
    shape = (*made.matrices(made.weight).shape[:3], *made.kernel)
    fir = made._fir(np.broadcast_to(numbers, shape), bound.in_window.shape)
    return made, Case(fir, bound.out_window, bound.in_window, x), y


def defined_gradient(made, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By one product per tap, in double precision."""
    operator = made.grad_weight(x.astype(np.float64))
    groups, outs, ins = made.matrices(made.weight).shape[:3]
    found = np.zeros((groups, outs, ins, *made.kernel))
    space = y.shape[2:]
    given = y.astype(np.float64).reshape(len(y), groups, outs, *space)
    unmix(given, operator._grouped(operator.x), found, phases(list(operator._places())))
    return made._joined(found)
