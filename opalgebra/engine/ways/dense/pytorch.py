"""Convolutions of PyTorch on arrays of NumPy where they lie, where a program has imported it on Linux.

The work is cut into few units, each computed on one thread: the number of threads changes no bit.  PyTorch is not
imported here.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...arrays.arithmetic import put
from ..compiled.threads import get_threads
from .convolution import BLOCK, PARTS, Dense, Piece, Unit, cuts, in_order
from .costs import goes_to_onednn, torch
from .geometry import Geometry

SHARED = 300_000  # nanoseconds of work that threads share


@cache
def _threads() -> Any:
    """The library of PyTorch, by which its OpenMP and its MKL are asked; None where it has others."""
    place = Path(sys.modules["torch"].__file__ or "").parent / "lib" / "libtorch_cpu.so"
    if sys.platform != "linux" or not place.exists():
        return None
    library = ctypes.CDLL(str(place))
    usable = hasattr(library, "omp_set_num_threads") and hasattr(library, "MKL_Set_Num_Threads_Local")
    return library if usable else None


def available() -> bool:
    """Whether PyTorch is imported, and one thread of it can be asked for."""
    torch: Any = sys.modules.get("torch")
    is_whole = torch is not None and hasattr(torch, "convolution") and hasattr(torch, "ops")  # not while it is imported
    is_whole = is_whole and hasattr(torch._C, "_get_fp32_precision_getter")
    return is_whole and torch.backends.mkldnn.is_available() and _threads() is not None


def _is_plain(torch: Any) -> bool:
    """Whether nothing is set that would change what PyTorch computes, as for narrower numbers."""
    return not (
        torch.is_autocast_enabled("cpu")
        or torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
        or torch.get_float32_matmul_precision() != "highest"
        or torch._C._get_fp32_precision_getter("mkldnn", "conv") not in ("none", "ieee")
    )


class OneThread:
    """PyTorch, where this thread calls it, starts no other; afterwards it may start as many as before."""

    def __enter__(self) -> None:
        sys.modules["torch"].get_num_threads()  # which sets the number where a thread calls for the first time
        library = _threads()
        self.before = library.omp_get_max_threads()
        library.omp_set_num_threads(1)
        self.of_mkl = library.MKL_Set_Num_Threads_Local(1)  # 0 where this thread had no number of its own

    def __exit__(self, *_: object) -> None:
        library = _threads()
        library.omp_set_num_threads(self.before)
        library.MKL_Set_Num_Threads_Local(self.of_mkl)


class _Handed(Dense):
    """What filters and gradients share; see :class:`~.convolution.Dense`."""

    one_thread = OneThread

    def __init__(self, geometry: Geometry, gradient: bool = False) -> None:
        self.torch = sys.modules["torch"]
        g, axes = geometry, range(len(geometry.large))
        extents = [d * (k - 1) + 1 for d, k in zip(g.dilation, g.kernel, strict=True)]
        self.more = [g.large[i] + 2 * g.before[i] - extents[i] - g.stride[i] * (g.small[i] - 1) for i in axes]
        if any(not 0 <= n < s for n, s in zip(self.more, g.stride, strict=True)):
            raise NotImplementedError("PyTorch pads both ends alike")
        super().__init__(geometry, False, gradient)

    def primitive(self, unit: Unit) -> Any:
        """Nothing: PyTorch has code for all of them."""

    def _units(self, batch: int) -> list[Unit]:
        """Few units, each of which brings the weights in order: of arrays, of groups, or of the channels of one."""
        g, gradient = self.geometry, self.is_gradient
        cost = torch(g, batch, gradient)
        count = 1 if cost < SHARED else 2 if cost < 4 * SHARED else PARTS
        arrays, groups, narrow, wide = [(0, batch)], [(0, g.groups)], [(0, g.narrow)], [(0, g.wide)]
        if batch >= count and goes_to_onednn(g, batch // count, gradient):
            arrays = cuts(batch, count)
        elif g.groups >= count:
            groups = cuts(g.groups, count)
        elif gradient or g.gathers:
            narrow = cuts(g.narrow, min(count, g.narrow // BLOCK), BLOCK)
        else:
            wide = cuts(g.wide, min(count, g.wide // BLOCK), BLOCK)
        return [Unit(*cut) for cut in product(arrays, groups, narrow, wide)]

    @property
    def transposed(self) -> bool:
        """Whether the transpose of a convolution is computed."""
        return not self.geometry.gathers

    @property
    def _rates(self) -> tuple[list[int], list[int], list[int]]:
        g = self.geometry
        return list(g.stride), list(g.before), list(g.dilation)

    @property
    def _extra(self) -> list[int]:
        return self.more if self.transposed else [0] * len(self.more)

    def _tensor(self, x: np.ndarray) -> Any:
        return self.torch.from_numpy(x) if x.flags.writeable else self.torch.from_dlpack(x)


class TorchConvolution(_Handed):
    """y_n = Σ_j H_j x_{(M n − j)/L} where L = 1 or M = 1, in float32, by PyTorch.

    Parameters are those of :class:`~.convolution.Convolution`; NotImplementedError where both ends are padded unlike.
    """

    def __init__(self, geometry: Geometry, taps: np.ndarray, otherwise: Callable[..., None]) -> None:
        super().__init__(geometry)
        self.taps, self.otherwise = geometry.weights(taps), otherwise
        self.parts: dict[Any, Any] = {}
        self.rank = len(geometry.large) + 1
        self.shape_out = (geometry.groups * geometry.outs, *(geometry.small if geometry.gathers else geometry.large))

    def run(self, x: np.ndarray, y: np.ndarray | None = None, add: bool = False, threads: int | None = None) -> Any:
        """y, or y + the filtered x where ``add``; x has the shape (…, \\*shape_in)."""
        lead = x.shape[: x.ndim - self.rank]
        shape, batch = (*lead, *self.shape_out), prod(lead)
        made = self._made(in_order(x), batch, get_threads() if threads is None else threads) if batch else None
        if made is None or np.isnan(np.maximum.reduce(made, axis=None, initial=-np.inf)):
            made = np.zeros(shape, np.float32)
            self.otherwise(made, x)
        made = made.reshape(shape)
        return made if y is None else put(made, y, add)

    def _made(self, x: np.ndarray, batch: int, threads: int) -> np.ndarray | None:
        g, pieces = self.geometry, self.pieces(batch)
        if not _is_plain(self.torch):
            return None
        x = x.reshape(batch, g.groups, g.ins, *g.inputs)
        made = np.empty((batch, g.groups, g.outs, *self.shape_out[1:]), np.float32) if len(pieces) > 1 else None
        found = []

        def part(piece: Piece) -> None:
            unit = piece.unit
            data = x[slice(*unit.arrays), slice(*unit.groups)]  # all that a part of the outputs reads
            data = in_order(data).reshape(len(data), -1, *g.inputs)
            arguments = self._tensor(data), self._weights(unit), None, *self._rates
            y = self.torch.convolution(*arguments, self.transposed, self._extra, unit.sizes[1]).numpy()
            if made is None:
                found.append(y)
            else:
                to = made[piece.outputs]
                to[...] = y.reshape(to.shape)

        self.share(part, pieces, threads)
        return found[0] if made is None else made

    def _weights(self, unit: Unit) -> Any:
        key = unit[1:]
        if key not in self.parts:
            part = np.ascontiguousarray(self.taps[unit.weights])
            self.parts[key] = self._tensor(part.reshape(-1, *part.shape[2:]))
        return self.parts[key]


class TorchGradient(_Handed):
    """G_j[o, i] = Σ_n y[o, n] x[i, (M n − j)/L] in float32, by PyTorch; see :class:`~.convolution.Gradient`."""

    def __init__(self, geometry: Geometry, numbers: np.ndarray) -> None:
        super().__init__(geometry, gradient=True)
        self.put, self.count = geometry.numbered(numbers), int(numbers.max())

    def run(self, y: np.ndarray, x: np.ndarray, threads: int | None = None) -> np.ndarray:
        """The gradient (groups, outs, ins, taps); where PyTorch would round otherwise NaN, so that it is not taken."""
        g, pieces, batch = self.geometry, self.pieces(len(x)), len(x)
        if not x.size or not y.size:
            return np.zeros((g.groups, g.outs, g.ins, self.count), np.float32)
        if not _is_plain(self.torch):
            return np.full((g.groups, g.outs, g.ins, self.count), np.nan, np.float32)
        large, small = (in_order(x), in_order(y)) if g.gathers else (in_order(y), in_order(x))
        large = large.reshape(batch, g.groups, g.wide, *g.large)
        small = small.reshape(batch, g.groups, g.narrow, *g.small)
        width = pieces[0].unit.sizes[0]
        sums = np.empty((-(-batch // width), g.groups, g.narrow, g.wide, g.taps), np.float32)
        backward = self.torch.ops.aten.convolution_backward.default

        def part(piece: Piece) -> None:
            arrays, groups, narrow, _ = (slice(*span) for span in piece.unit)
            _, several, outs, ins = piece.unit.sizes
            a, b = in_order(small[arrays, groups, narrow]), in_order(large[arrays, groups])
            a, b = a.reshape(len(a), -1, *g.small), b.reshape(len(b), -1, *g.large)
            weights = self.torch.empty(several * outs, ins, *g.kernel)
            last = *self._rates, self.transposed, self._extra, several, [False, True, False]
            given = (b, a) if self.transposed else (a, b)
            found = backward(*map(self._tensor, given), weights, None, *last)[1].numpy()
            to = sums[piece.unit.arrays[0] // width][piece.unit.weights]
            to[...] = found.reshape(to.shape)

        self.share(part, pieces, get_threads() if threads is None else threads)
        total = sums[0]
        for more in sums[1:]:
            total += more
        total = self.put(total)
        return total if g.gathers else total.swapaxes(1, 2)
