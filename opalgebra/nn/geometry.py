"""Where sliding windows lie: kernels, strides, dilations and paddings per axis, and the sizes that follow.

Window m of a convolution reads x at m s + j d − lo for the taps 0 ≤ j < k; a transposed convolution writes there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any, TypeAlias

from ..bound.operators.arguments import as_sizes
from ..bound.operators.extent import ceil_div, floor_div, smaller
from ..engine.arrays.window import Window
from ..errors import DimensionError, FactorError, FactorTypeError, WindowError
from ..scalar import is_sympy

Ints: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]
Reads: TypeAlias = tuple[tuple[Pair, ...], ...]  # for each output the pairs (position, tap)


def at_zero(shape: Ints) -> Window:
    """The window of an array whose first sample has index 0 on every axis."""
    return Window((0,) * len(shape), shape)


def _whole(value: Any) -> int:
    """An int, or TypeError."""
    if isinstance(value, bool):
        raise TypeError
    return index(value)


def positive(value: object, what: str) -> int:
    """An int ≥ 1."""
    try:
        number = _whole(value)
    except TypeError:
        raise FactorTypeError(f"{what} is {value!r}; give an int >= 1") from None
    if number < 1:
        raise FactorError(f"{what} is {number}; give an int >= 1")
    return number


def per_axis(value: Any, what: str) -> int | Ints:
    """An int ≥ 1 for every axis, or a tuple with one for each."""
    if not isinstance(value, (tuple, list)):
        return positive(value, what)
    if not value:
        raise DimensionError(f"{what} is empty; give an int, or a tuple with one int per axis")
    return tuple(positive(entry, what) for entry in value)


def parse_padding(padding: Any) -> Any:
    """``"same"``, an int, or one (before, after) per axis."""
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise WindowError(f"the padding is {padding!r}; give 'same', 'valid', or numbers of samples")
        return "same" if padding == "same" else 0
    if not isinstance(padding, (tuple, list)):
        return _samples(padding, padding)
    if not padding:
        raise DimensionError("the padding is empty; give an int, or one entry per axis")
    return tuple(_pair(entry, padding) for entry in padding)


def _pair(entry: Any, padding: Any) -> Pair:
    if not isinstance(entry, (tuple, list)):
        both = _samples(entry, padding)
        return both, both
    if len(entry) != 2:
        raise WindowError(f"the padding {padding!r} has the entry {entry!r}; give pairs (before, after)")
    return _samples(entry[0], padding), _samples(entry[1], padding)


def _samples(value: Any, padding: Any) -> int:
    try:
        return _whole(value)
    except TypeError:
        raise WindowError(
            f"the padding is {padding!r}; give an int, one int per axis, a list of pairs (before, after), 'same' or "
            "'valid'"
        ) from None


def parsed(**given: Any) -> dict[str, Any]:
    """Parameters as they are kept: the padding, and ints ≥ 1, for every axis or one for each."""
    return {
        name: parse_padding(value) if name == "padding" else per_axis(value, f"the {name}")
        for name, value in given.items()
    }


def axes_of(ndim: int | None, **values: Any) -> int | None:
    """How many axes the parameters are given for; None where all are ints that serve for any number."""
    for what, value in values.items():
        if isinstance(value, tuple):
            if ndim not in (None, len(value)):
                hint = "; [(before, after)] pads one axis unevenly" if what == "padding" else ""
                shown = shown_padding(value) if what == "padding" else value
                raise DimensionError(f"the {what} {shown!r} is for {len(value)} axes, expected {ndim}{hint}")
            ndim = len(value)
    return ndim


def spread(value: Any, ndim: int) -> tuple[Any, ...]:
    """The entries per axis, also of one that serves for all."""
    return value if isinstance(value, tuple) else (value,) * ndim


def pads_of(padding: Any, ndim: int) -> tuple[Pair | None, ...]:
    """(before, after) on every axis; None where the padding is "same"."""
    entries = spread(None if padding == "same" else padding, ndim)
    return tuple((entry, entry) if isinstance(entry, int) else entry for entry in entries)


def shown_padding(padding: Any) -> Any:
    """The padding in its shortest form."""
    if not isinstance(padding, tuple) or any(a != b for a, b in padding):
        return list(padding) if isinstance(padding, tuple) else padding
    entries = tuple(a for a, _ in padding)
    return entries[0] if len(set(entries)) == 1 else entries


@dataclass(frozen=True)
class _Taps:
    kernel: int
    stride: int
    dilation: int
    pad: Pair | None

    @property
    def extent(self) -> int:
        """From the first tap to the last: d (k − 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1


@dataclass(frozen=True)
class Sliding(_Taps):
    """One axis of a convolution or a pool: window m reads x at m s + j d − lo.

    ``pad`` is (lo, hi), or None for "same": as many windows as ⌈n/s⌉, an odd sample of padding at the end.
    """

    ceil: bool = False

    def pads(self, n: int) -> Pair:
        """(before, after) for an input of n samples."""
        if self.pad is not None:
            return self.pad
        total = max((ceil_div(n, self.stride) - 1) * self.stride + self.extent - n, 0)
        return total // 2, total - total // 2

    def start(self) -> int:
        """The padding before the first sample, where it is the same for every n."""
        if self.depends_on_size:
            most, least = self.pads(1)[0], self.pads(self.stride)[0]
            raise WindowError(
                f"padding='same' with stride {self.stride} pads {least} to {most} samples in front, depending on the "
                "size of the input; ask layer.on(n).operator, or give the padding in numbers"
            )
        return self.pads(1)[0]

    @property
    def depends_on_size(self) -> bool:
        """Whether inputs of different sizes are padded differently in front."""
        return self.pads(1)[0] != self.pads(self.stride)[0]

    def size(self, n: Any) -> Any:
        """⌊(n + lo + hi − d (k − 1) − 1)/s⌋ + 1; refused where no window fits, as PyTorch does."""
        if self.pad is None:
            return ceil_div(n, self.stride)
        lo, hi = self.pad
        room = n + lo + hi - self.extent
        found = (self._ceil_steps(n, room) if self.ceil else floor_div(room, self.stride)) + 1
        if not is_sympy(found) and found < 1:
            kernel = f"{self.kernel} taps" + f", {self.extent} with dilation {self.dilation}" * (self.dilation > 1)
            raise WindowError(
                f"the kernel ({kernel}) is larger than the padded input ({n} + {lo} + {hi} samples): there are no "
                f"outputs, the size would be {found}; give a longer input, more padding, or a shorter kernel"
            )
        return found

    def reads_padding_only(self, n: int) -> bool:
        """Whether there is a window that meets no sample of n: the windows that tap j serves are a run of them."""
        met = (self.meet(j, n) for j in range(self.kernel))
        done, size = 0, self.size(n)
        for start, stop in sorted((pair[0].start, pair[0].stop) for pair in met if pair):
            if start > done:
                return True
            done = max(done, stop)
        return bool(done < size)

    def _ceil_steps(self, n: Any, room: Any) -> Any:
        """⌈room/s⌉, but no window starts after the last sample."""
        steps = ceil_div(room, self.stride)
        lo, hi = self.pad or (0, 0)
        if hi + self.stride <= self.extent:
            return steps
        return smaller([steps, floor_div(n + lo - 1, self.stride)])

    def meet(self, j: int, n: int) -> tuple[slice, slice] | None:
        """The windows whose tap j meets a sample, and these samples."""
        return meet(j * self.dilation - self.pads(n)[0], self.stride, n, self.size(n))

    def reads(self, n: int) -> Reads:
        """For each output what it reads; positions outside 0 … n−1 are padding."""
        first = range(-self.pads(n)[0], self.size(n) * self.stride - self.pads(n)[0], self.stride)
        return tuple(tuple((at + j * self.dilation, j) for j in range(self.kernel)) for at in first)


@dataclass(frozen=True)
class Scattering(_Taps):
    """One axis of a transposed convolution: sample i writes at i s + j d − lo.

    ``pad`` is what is cropped of the full output, or None for "same": n s outputs, an odd sample cropped at the end.
    """

    extra: int = 0

    def crops(self) -> Pair:
        """(before, after), the output padding subtracted; negative where zeros are appended."""
        if self.pad is not None:
            return self.pad[0], self.pad[1] - self.extra
        total = self.extent - self.stride
        lo = max(total, 0) // 2
        return lo, total - lo

    def start(self) -> int:
        """What is cropped before the first output."""
        return self.crops()[0]

    def size(self, n: Any) -> Any:
        """(n − 1) s + d (k − 1) + 1 − lo − hi, refused below 1, as PyTorch does; of no samples, 0."""
        lo, hi = self.crops()
        found = (n - 1) * self.stride + self.extent - lo - hi
        if is_sympy(found):
            import sympy

            return sympy.expand(found)
        if n and found < 1:
            raise WindowError(
                f"the full output has {found + lo + hi} samples, of which the padding crops {lo} and {hi}: there are "
                f"no outputs, the size would be {found}; give less padding or a longer input"
            )
        return found if n else 0

    def meet(self, j: int, n: int) -> tuple[slice, slice] | None:
        """The outputs that tap j writes, and the samples that it reads."""
        found = meet(j * self.dilation - self.start(), self.stride, self.size(n), n)
        return found and found[::-1]

    def reads(self, n: int) -> Reads:
        """For each output what it reads."""
        return tuple(tuple(pair for pair in self._met(m) if 0 <= pair[0] < n) for m in range(self.size(n)))

    def _met(self, m: int) -> list[Pair]:
        """The samples of an input without ends that write at output m, with their taps."""
        met = [(divmod(m + self.start() - j * self.dilation, self.stride), j) for j in range(self.kernel)]
        return sorted((i, j) for (i, rest), j in met if not rest)


Axis: TypeAlias = Sliding | Scattering


def meet(offset: int, stride: int, fine: int, coarse: int) -> tuple[slice, slice] | None:
    """The 0 ≤ m < coarse with 0 ≤ m·stride + offset < fine, and these positions, as slices of equal length."""
    first = max(0, -(offset // stride))
    last = min(coarse - 1, (fine - 1 - offset) // stride)
    if first > last:
        return None
    return slice(first, last + 1, 1), slice(first * stride + offset, last * stride + offset + 1, stride)


def shape_of(shape: Any, what: str) -> Ints:
    """A spatial shape, an int for one axis."""
    if any(is_sympy(entry) for entry in (shape if isinstance(shape, (tuple, list)) else (shape,))):
        raise WindowError(f"the shape {shape!r} has symbols and {what} is bound to numbers; sizes: layer.out_size(n)")
    return as_sizes(shape, None)


def sizes_by(change: Callable[[tuple[Any, ...]], tuple[Any, ...]], ndim: int | None, n: Any) -> Any:
    """``change`` of sizes, ints or formulas; of a single n, one per axis where there are several axes."""
    several = isinstance(n, (tuple, list))
    entries = tuple(n) if several else (n,) * (ndim or 1)
    if ndim not in (None, len(entries)):
        raise DimensionError(f"the size {n!r} has {len(entries)} axes and the layer {ndim}; give one per axis")
    found = change(tuple(entry if is_sympy(entry) else as_sizes(entry, 1)[0] for entry in entries))
    return found if several or len(found) > 1 else found[0]
