"""What each output reads and each input sends, for drawings of convolution arithmetic.

Weights come from the exact matrix of the bound operator, taps from what the operator does to ℤ^d; where the layer has
a kernel with zeros in it, or padding that nothing reads, its parameters add these cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ...algebra.judge.evaluate import Evaluator
from ...bound.operators.arguments import as_sizes
from ...bound.operators.boundary import sources
from ...bound.operators.extent import mode_window
from ...bound.operators.windowed import Windowed
from ...errors import DimensionError, FormalSignalError, OperandError, SizeError, WindowError
from ...expr import LinearOperator, Signal, Zero, formal_parts, grid, minus, times, walk
from ...nn.conv import Conv, ConvTranspose
from ...nn.geometry import Scattering, Sliding, shape_of
from ...nn.layer import Layer
from ...nn.pool import AvgPool, MaxPool
from ...nn.resize import Upsample
from ...nn.shuffle import PixelShuffle, PixelUnshuffle
from .rates import Ints, Rates, rates

LAYERS = (Conv, ConvTranspose, AvgPool, MaxPool, Upsample, PixelShuffle, PixelUnshuffle)
MOST_CELLS = 1024  # of one grid
MOST_ON_A_SIDE = 64
MOST_READ = 20_000  # cells of all windows together

Position: TypeAlias = tuple[int, ...]  # the plane (channel), then one per axis
Cells: TypeAlias = list[tuple[Position, Any]]  # positions with the tap there, None where it is no fixed number


@dataclass(frozen=True)
class Stage:
    """A grid of cells: sample i lies at position spacing · i, between the samples and around them are further cells."""

    planes: int
    first: Ints
    shape: Ints
    spacing: Ints
    starts: Ints
    stops: Ints

    @classmethod
    def of(cls, planes: int, first: Ints, shape: Ints, spacing: Ints) -> Stage:
        """The grid that ends with its samples."""
        starts = times(first, spacing)
        stops = tuple((a + n - 1) * s + 1 for a, n, s in zip(first, shape, spacing, strict=True))
        return cls(planes, first, shape, spacing, starts, stops)

    @classmethod
    def side_by_side(cls, planes: int, shape: Ints, first: Ints | None = None) -> Stage:
        """The grid of samples with nothing between them, from index 0 on if nothing else is said."""
        return cls.of(planes, first or (0,) * len(shape), shape, (1,) * len(shape))

    @property
    def plain(self) -> Stage:
        """The samples alone, side by side."""
        return self.side_by_side(self.planes, self.shape, self.first)

    def holding(self, starts: Ints, stops: Ints) -> Stage:
        """Grown to hold a box of positions as well."""
        return replace(self, starts=tuple(map(min, self.starts, starts)), stops=tuple(map(max, self.stops, stops)))

    def holding_all(self, cells: list[Cells]) -> Stage:
        """Grown to hold cells."""
        met = [position[1:] for entry in cells for position, _ in entry]
        if not met:
            return self
        low, high = np.min(met, axis=0), np.max(met, axis=0)
        return self.holding(tuple(map(int, low)), tuple(int(entry) + 1 for entry in high))

    @property
    def sides(self) -> Ints:
        """Cells per axis."""
        return minus(self.stops, self.starts)

    def positions(self) -> Iterator[Position]:
        """All cells, in C order."""
        return product(range(self.planes), *map(range, self.starts, self.stops))

    def samples(self) -> list[Position]:
        """The indices (plane, \\*index) of all samples, in C order."""
        ends = (a + n for a, n in zip(self.first, self.shape, strict=True))
        return list(product(range(self.planes), *map(range, self.first, ends)))

    def at(self, sample: Position) -> Position:
        """Where a sample lies."""
        return (sample[0], *(i * s for i, s in zip(sample[1:], self.spacing, strict=True)))

    @property
    def places(self) -> dict[Position, int]:
        """The place of every sample in C order, by where it lies."""
        return {self.at(sample): place for place, sample in enumerate(self.samples())}

    def kind(self, position: Position) -> str:
        """``"sample"``, ``"between"`` (an inserted zero, or an output that is left out), or ``"outside"``."""
        parts = [divmod(p, s) for p, s in zip(position[1:], self.spacing, strict=True)]
        ends = zip(parts, self.first, self.shape, strict=True)
        if not all(a <= i <= a + n - 1 - (rest > 0) for (i, rest), a, n in ends):
            return "outside"
        return "between" if any(rest for _, rest in parts) else "sample"


@dataclass(frozen=True)
class Scene:
    """A map of small arrays with everything that a drawing of it shows.

    ``rows[i]`` has the inputs that output i reads, by their places in ``ins.samples()``, and their exact weights; for a
    maximum all weights are 1.  ``windows[i]`` are the cells of ``ins`` that output i looks at, ``stamps[j]`` the cells
    of ``outs`` that input j is sent to.
    """

    title: str
    note: str
    ins: Stage
    outs: Stage
    rows: list[dict[int, Any]]
    windows: list[Cells]
    stamps: list[Cells]
    rule: tuple[str, ...]
    is_max: bool = False
    slides: bool = False  # whether there is one kernel that moves

    @property
    def columns(self) -> list[dict[int, Any]]:
        """The outputs that every input is sent to, with the weights."""
        found: list[dict[int, Any]] = [{} for _ in self.ins.samples()]
        for row, entries in enumerate(self.rows):
            for column, weight in entries.items():
                found[column][row] = weight
        return found


def scene(thing: Any, n: Any, channels: tuple[int, int] = (0, 0)) -> Scene:
    """What ``arithmetic`` draws of a layer or an operator on n samples."""
    channels = _checked_channels(channels)
    if isinstance(thing, LAYERS):
        return _of_layer(thing, n, channels)
    if isinstance(thing, LinearOperator):
        return _of_operator(thing, n, channels)
    if isinstance(thing, Layer):
        raise OperandError(
            f"{thing} has no one kernel that slides; give a single Conv, ConvTranspose, pool, Upsample or shuffle"
        )
    raise OperandError(
        f"convolution arithmetic of a {type(thing).__name__} was asked for; give a layer, such as "
        "oa.nn.Conv(weight, stride=2), or an operator, such as Conv([1, 2, 1]) @ Up(2)"
    )


def _checked_channels(channels: Any) -> tuple[int, int]:
    is_pair = isinstance(channels, (tuple, list)) and len(channels) == 2
    if not is_pair or any(isinstance(c, bool) or not isinstance(c, (int, np.integer)) or c < 0 for c in channels):
        raise DimensionError(f"channels is {channels!r}; give a pair (output, input) of ints from 0")
    return int(channels[0]), int(channels[1])


def _pick(channels: tuple[int, int], counts: tuple[int, int], what: object) -> str:
    """A note that says which channels are shown; refused where there are none of that number."""
    if any(c >= count for c, count in zip(channels, counts, strict=True)):
        raise DimensionError(
            f"channels={channels} was given, and {what} has {counts[0]} output and {counts[1]} input channels; give "
            "(output, input), counted from 0"
        )
    if counts == (1, 1):
        return ""
    return f"output channel {channels[0]} of {counts[0]}, what it takes from input channel {channels[1]} of {counts[1]}"


def _sizes(n: Any, ndim: int | None, what: str) -> Ints:
    sizes = shape_of(n, what) if isinstance(n, (tuple, list)) else shape_of(n, what) * (ndim or 1)
    sizes = as_sizes(sizes, ndim)
    if len(sizes) > 2:
        raise DimensionError(f"{what} on {len(sizes)} axes was given; drawings have one or two")
    if min(sizes) < 1:
        raise WindowError(f"the size is {n!r}; give at least one sample per axis")
    check_room(sizes, "the input")
    return sizes


def check_room(sides: Ints, what: str) -> None:
    """Refuse grids that are too large to look at."""
    if max(sides) > MOST_ON_A_SIDE or prod(sides) > MOST_CELLS:
        shown = " × ".join(map(str, sides))
        raise SizeError(
            f"{what} has {shown} cells, and a drawing at most {MOST_CELLS}, {MOST_ON_A_SIDE} on a side; the arithmetic "
            "is the same for few samples: give a smaller n"
        )


def _no_outputs(what: str, sizes: Ints) -> WindowError:
    shown = " × ".join(map(str, sizes))
    return WindowError(f"{what} has no outputs on {shown} samples, so that there is nothing to draw; give a larger n")


# Layers -----------------------------------------------------------------------------------------------------


def _of_layer(layer: Any, n: Any, channels: tuple[int, int]) -> Scene:
    sizes = _sizes(n, layer.ndim, str(layer))
    layer, note = _one_pair(layer, channels)
    out = layer._sizes(sizes)
    if not all(out):
        raise _no_outputs(str(layer), sizes)
    check_room(out, "the output")
    if isinstance(layer, (PixelShuffle, PixelUnshuffle)):
        return _of_shuffle(layer, sizes, note)
    ins, outs = Stage.side_by_side(1, sizes), Stage.side_by_side(1, out)
    made = Scene(_title(layer, sizes, out), note, ins, outs, [], [], [], ("zero",) * len(sizes))
    axes = _axes(layer, len(sizes))
    for axis in axes:
        check_room((axis.extent,), "the kernel")
    if isinstance(layer, MaxPool):
        taps = dict.fromkeys(_offsets(axes, sizes))
        rates_ = Rates((1,) * len(sizes), tuple(axis.stride for axis in axes))
        made = _spread(replace(made, is_max=True, rows=_chosen_from(layer, sizes)), rates_, taps)
    else:
        made = _of_word(made, layer._operator(sizes), layer.boundary, layer.on(sizes)._exact(), _offsets(axes, sizes))
    return _with_padding(made, axes, sizes)


def _one_pair(layer: Any, channels: tuple[int, int]) -> tuple[Any, str]:
    """The layer between one input and one output channel, and a note on which these are."""
    if isinstance(layer, (Conv, ConvTranspose)):
        return _one_kernel(layer, channels)
    if isinstance(layer, PixelShuffle):
        note = _pick(channels, (layer.channels, 1), layer)
        return PixelShuffle(layer.factor), note.partition(",")[0]
    if isinstance(layer, PixelUnshuffle):
        note = _pick(channels, (1, layer.channels), layer)
        return PixelUnshuffle(layer.factor), note.partition("from ")[2]
    _pick(channels, (1, 1), layer)
    return layer, ""


def _one_kernel(layer: Conv | ConvTranspose, channels: tuple[int, int]) -> tuple[Any, str]:
    (o, i), (outs, ins) = channels, layer.channels
    note = _pick(channels, layer.channels, layer)
    group, o_in_group = divmod(o, outs // layer.groups)
    other, i_in_group = divmod(i, ins // layer.groups)
    if group != other:
        raise OperandError(
            f"output channel {o} of {layer} is in group {group} and input channel {i} in group {other}: nothing goes "
            "from one to the other; give two channels of one group"
        )
    a, b = (o, i_in_group) if isinstance(layer, Conv) else (i, o_in_group)
    values = {name: value for name, value, _ in layer._arguments()}
    return type(layer)(**values | {"weight": layer.weight[a : a + 1, b : b + 1], "groups": 1}), note


def _title(layer: Layer, sizes: Ints, out: Ints) -> str:
    shown = [" × ".join(map(str, entry)) for entry in (sizes, out)]
    return f"{layer}: {shown[0]} → {shown[1]}"


def _axes(layer: Any, ndim: int) -> tuple[Any, ...]:
    """The geometry of the kernel, where the layer has one."""
    if isinstance(layer, (Conv, ConvTranspose)):
        return layer.axes
    return layer.axes(ndim) if isinstance(layer, (AvgPool, MaxPool)) else ()


def _offsets(axes: tuple[Any, ...], sizes: Ints) -> list[Position]:
    """The taps of the kernel, those that are zero as well."""
    if not axes:
        return []
    per_axis = [
        [j * axis.dilation - axis.pads(n)[0] for j in range(axis.kernel)]
        if isinstance(axis, Sliding)
        else [axis.start() - j * axis.dilation for j in range(axis.kernel)]
        for axis, n in zip(axes, sizes, strict=True)
    ]
    return list(product(*per_axis))


def _with_padding(made: Scene, axes: tuple[Any, ...], sizes: Ints) -> Scene:
    """The padding of a convolution, also where no window reads it; what a transposed convolution crops."""
    if axes and all(isinstance(axis, Sliding) for axis in axes):
        pads = [axis.pads(n) for axis, n in zip(axes, sizes, strict=True)]
        stops = tuple(n + hi for n, (_, hi) in zip(sizes, pads, strict=True))
        made = replace(made, ins=made.ins.holding(tuple(-lo for lo, _ in pads), stops))
    if axes and all(isinstance(axis, Scattering) for axis in axes):
        starts = tuple(-axis.start() for axis in axes)
        stops = tuple(a + (n - 1) * axis.stride + axis.extent for a, n, axis in zip(starts, sizes, axes, strict=True))
        made = replace(made, outs=made.outs.holding(starts, stops))
    return _checked_room(made)


def _chosen_from(layer: MaxPool, sizes: Ints) -> list[dict[int, Any]]:
    """What each maximum is taken of: a 1 among zeros is the maximum of just the windows that hold it."""
    count = prod(sizes)
    meets = layer.on(sizes)(np.eye(count, dtype=np.int64).reshape(count, *sizes)).reshape(count, -1)
    return [{int(column): 1 for column in np.flatnonzero(row == 1)} for row in meets.T]


def _of_shuffle(layer: Any, sizes: Ints, note: str) -> Scene:
    bound = layer.on(sizes)
    ins, outs = (Stage.side_by_side(shape[0], shape[1:]) for shape in (bound.dims, bound.dimsd))
    for stage, what in ((ins, "the input"), (outs, "the output")):
        check_room((stage.planes, prod(stage.sides)), what)
    made = Scene(
        _title(layer, sizes, bound.dimsd[1:]), note, ins, outs, _sparse(bound._exact()), [], [], ("zero",) * len(sizes)
    )
    return _as_they_lie(made)


# Operators on ℤ^d -------------------------------------------------------------------------------------------


def _of_operator(operator: LinearOperator, n: Any, channels: tuple[int, int]) -> Scene:
    formal = formal_parts(operator)
    if formal:
        raise FormalSignalError(
            f"{operator} has the formal part {', '.join(formal)}, whose samples are not known; give taps, such as "
            "Conv([1, 2, 1]), and ints as factors"
        )
    _check_kernels(operator)
    note = _pick(channels, operator.channels or (1, 1), operator)
    sizes = _sizes(n, operator.ndim, str(operator))
    entry = grid(operator)[channels[0]][channels[1]]
    if isinstance(entry, Zero):
        raise OperandError(f"nothing goes from input {channels[1]} to output {channels[0]} of {operator}; give others")
    window = mode_window(entry, sizes, "full")
    if not window.size:
        raise _no_outputs(str(operator), sizes)
    check_room(window.shape, "the output")
    ins, outs = Stage.side_by_side(1, sizes), Stage.side_by_side(1, window.shape, window.starts)
    title = f"{operator}: {' × '.join(map(str, sizes))} → {' × '.join(map(str, window.shape))}"
    made = Scene(title, note, ins, outs, [], [], [], ("zero",) * len(sizes))
    bound = Windowed(entry, sizes, window, None, made.rule)
    return _checked_room(_of_word(made, entry, "zero", bound._exact(), []))


def _check_kernels(operator: LinearOperator) -> None:
    """Long kernels are refused before anything is computed from them."""
    for node in walk(operator):
        if isinstance(node, Signal) and node.values.size:
            check_room(node.values.shape, f"the kernel of {operator}")


def _of_word(made: Scene, operator: LinearOperator, boundary: str, matrix: np.ndarray, kernel: list[Position]) -> Scene:
    """A linear scene from the operator on ℤ^d, its exact matrix, and the taps that its kernel also has."""
    ndim = len(made.ins.shape)
    made = replace(made, rows=_sparse(matrix), rule=(boundary,) * ndim)
    evaluator = Evaluator(ndim)
    reads = [evaluator.act(operator, {n[1:]: 1}, True) for n in made.outs.samples()]
    found = rates(operator, ndim)
    taps = _taps(reads, made.outs.samples(), found) if found else None
    if found is None or taps is None:
        return _as_they_lie(made)
    for offset in kernel:
        taps.setdefault(offset, 0)
    return _labelled(_spread(made, found, taps), reads)


def _sparse(matrix: np.ndarray) -> list[dict[int, Any]]:
    return [{int(column): row[column] for column in np.flatnonzero(row != 0)} for row in matrix]


def _taps(reads: list[Any], outputs: list[Position], found: Rates) -> dict[Position, Any] | None:
    """The weight of every offset o = L m − M n; None where it is not the same for all n."""
    taps: dict[Position, Any] = {}
    for n, read in zip(outputs, reads, strict=True):
        for m, weight in read.items():
            offset = tuple(p * i - q * j for p, q, i, j in zip(found.up, found.down, m, n[1:], strict=True))
            if taps.setdefault(offset, weight) != weight:
                return None
    return taps


def _spread(made: Scene, found: Rates, taps: dict[Position, Any]) -> Scene:
    """Windows on the spread input, stamps on the outputs before every |M|-th is kept."""
    ins, outs = replace(made.ins, spacing=found.up), replace(made.outs, spacing=tuple(map(abs, found.down)))
    ins, outs = (Stage.of(s.planes, s.first, s.shape, s.spacing) for s in (ins, outs))
    if len(taps) * (len(ins.samples()) + len(outs.samples())) > MOST_READ:
        raise SizeError(f"{made.title} reads {len(taps)} samples for every output, too many to draw; give a smaller n")
    signs = tuple(1 if q > 0 else -1 for q in found.down)
    windows = _kernel_at(outs, found.down, taps, (1,) * len(signs))
    stamps = _kernel_at(ins, tuple(s * p for s, p in zip(signs, found.up, strict=True)), taps, tuple(-s for s in signs))
    ins, outs = ins.holding_all(windows), outs.holding_all(stamps)
    return replace(made, ins=ins, outs=outs, windows=windows, stamps=stamps, slides=True)


def _kernel_at(stage: Stage, steps: Ints, taps: dict[Position, Any], signs: Ints) -> list[Cells]:
    """For every sample n of a grid the cells where the taps o lie: steps · n + signs · o."""

    def cell(n: Position, offset: Position) -> Position:
        return (n[0], *(a * i + s * o for a, i, s, o in zip(steps, n[1:], signs, offset, strict=True)))

    return [[(cell(n, offset), tap) for offset, tap in taps.items()] for n in stage.samples()]


def _labelled(made: Scene, reads: list[Any]) -> Scene:
    """Taps are shown where they add up to the exact matrix; otherwise the entries of the matrix are."""
    sizes = made.ins.shape
    for row, read in zip(made.rows, reads, strict=True):
        total: dict[int, Any] = defaultdict(int)
        for m, weight in read.items():
            for choice in product(*map(sources, made.rule, m, sizes)):
                place = int(np.ravel_multi_index(tuple(i for i, _ in choice), sizes))
                total[place] += weight * prod(w for _, w in choice)
        if {place: weight for place, weight in total.items() if weight != 0} != row:
            return _by_matrix(made)
    return made


def _by_matrix(made: Scene) -> Scene:
    return replace(
        made, windows=_weights(made.rows, made.windows, made.ins), stamps=_weights(made.columns, made.stamps, made.outs)
    )


def _weights(entries: list[dict[int, Any]], met: list[Cells], stage: Stage) -> list[Cells]:
    """The cells that are met with the entries of the matrix in place of taps, None beside the samples."""
    places = stage.places
    return [
        [(position, row.get(places.get(position, -1))) for position, _ in cells]
        for row, cells in zip(entries, met, strict=True)
    ]


def _as_they_lie(made: Scene) -> Scene:
    """Cells are samples, and a window is what is read."""
    ins, outs = made.ins.samples(), made.outs.samples()
    return replace(
        made,
        windows=[[(ins[place], weight) for place, weight in row.items()] for row in made.rows],
        stamps=[[(outs[place], weight) for place, weight in column.items()] for column in made.columns],
    )


def _checked_room(made: Scene) -> Scene:
    check_room(made.ins.sides, "the input with its padding and inserted zeros")
    check_room(made.outs.sides, "the output with what is cropped")
    return made
