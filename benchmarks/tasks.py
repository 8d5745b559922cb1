"""What is compared: filters on one axis and on several, layers, and single calls on small arrays, in sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import opalgebra as oa
from opalgebra.bench import Peer, Run, Task, centred, ndimage, numpy_convolve, power, rates, upfirdn

from . import peers

Shape: TypeAlias = tuple[int, ...]

SHAPES = ((31, 1, 1), (4, 2, 1), (32, 2, 1), (31, 1, 2), (61, 2, 3), (2560, 160, 147), (1023, 1, 1))


class Section(NamedTuple):
    """Tasks of one kind, and the dtypes in which they are compared."""

    name: str
    title: str
    dtypes: tuple[str, ...]
    tasks: list[Task]


def sections(scale: int = 0) -> list[Section]:
    """All that is compared, with 2^scale times fewer samples."""
    both, single = ("f4", "f8"), ("f4",)
    return [
        Section("rates", "Filters between two rates", both, [on_one_axis(*shape, 2**21 >> scale) for shape in SHAPES]),
        Section("complex", "The same, complex", ("c8", "c16"), [
            rates(*shape, 2**20 >> scale) for shape in ((31, 1, 1), (32, 2, 1), (31, 1, 2))
        ]),
        Section("resample", "scipy.signal.resample_poly", both, [
            resample(160, 147, 2561, 2**20 >> scale), resample(2, 1, 41, 2**20 >> scale)
        ]),
        Section("libraries", "Libraries of linear operators", ("f8",), libraries(2**20 >> scale, 1024 >> scale // 2)),
        Section("axes", "One of two axes", both, one_of_two(2048 >> scale // 2)),
        Section("images", "Several axes", both, images(scale)),
        Section("bilinear", "Bilinear ×2, half-pixel centres", single, [
            bilinear(side >> scale // 2) for side in (64, 256, 1024, 4096)
        ]),
        Section("layers", "Layers", single, layers(64 >> scale // 2)),
        Section("calls", "Sixteen samples", ("f8",), calls()),
        Section("sizes", "One filter, many sizes", single, [
            on_one_axis(31, 1, 1, 2**k, adjoint=False) for k in range(4, 25 - scale, 2)
        ]),
        Section("short", "Short arrays", both, [*short(64), *short(1024)]),
        Section("taps", "One size, many filters", single, [
            on_one_axis(n, 1, 1, 2**19 >> scale, adjoint=False) for n in (3, 7, 15, 31, 63, 127, 191, 255, 511, 1023)
        ]),
    ]  # fmt: skip


def short(size: int) -> list[Task]:
    """One filter at several rates, and on a batch."""
    one = rates(31, 1, 1, size, {"numpy.convolve": numpy_convolve})
    batch = replace(one, name=f"31 taps, 32 × {power(size)}", data=(32, size), peers={"upfirdn": upfirdn(1, 1, size)})
    tasks = [one, batch, rates(31, 2, 1, size), rates(31, 1, 2, size), rates(61, 2, 3, size)]
    return [replace(task, adjoint=False) for task in tasks]


def on_one_axis(taps: int, up: int, down: int, size: int, adjoint: bool = True) -> Task:
    """A filter between two rates against SciPy and PyTorch."""
    task = rates(taps, up, down, size, peers.torch_1d(taps, up, down, size))
    return task if adjoint else replace(task, adjoint=False)


def resample(up: int, down: int, taps: int, size: int) -> Task:
    """resample_poly with taps of its caller, which it multiplies by ``up`` and centres."""

    def bind(h: np.ndarray) -> Any:
        kernel = oa.Signal(h * h.dtype.type(up), start=-(taps // 2))
        return (oa.Down(down) @ oa.Conv(kernel) @ oa.Up(up)).on(size, mode="same")

    def peer(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
        from scipy.signal import resample_poly

        return lambda: resample_poly(x, up, down, window=h)

    name = f"{taps} taps ↑{up} ↓{down}, {power(size)}, centred"
    return Task(name, bind, (taps,), (size,), {"resample_poly": peer}, adjoint=False)


def libraries(size: int, side: int) -> list[Task]:
    """PyLops and SigPy, forward and adjoint."""

    def same(h: np.ndarray) -> Any:
        return (oa.Down(2) @ oa.Conv(oa.Signal(h, start=-(len(h) // 2)))).on(size, mode="same")

    def full(h: np.ndarray) -> Any:
        return (oa.Down(2) @ oa.Conv(h)).on(size)

    operators = peers.installed({"PyLops": peers.pylops_down(2, size), "SigPy": peers.sigpy_down(2, size)})
    strided = peers.installed({"SigPy, strides": peers.sigpy_strided(2, size)})
    plane = peers.installed({f"PyLops, {way}": peers.pylops_2d((side, side), way) for way in ("direct", "fft")})
    what = f"31 taps ↓2, {power(size)}"
    return [
        Task(f"{what}, centred", same, (31,), (size,), {"numpy.convolve": peers.numpy_down(2), **operators}),
        Task(what, full, (31,), (size,), {"upfirdn": upfirdn(1, 2, size), **strided}),
        centred((7, 7), (side, side), "zero", {"ndimage": ndimage("constant"), **plane}),
    ]


def one_of_two(side: int) -> list[Task]:
    """31 taps along the first axis, and along the last one for a batch."""

    def filtered(axis: int) -> Peer:
        def make(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
            from scipy.signal import upfirdn as run

            return lambda: run(h, x, axis=axis)

        return make

    def by_fft(axis: int) -> Peer:
        def make(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
            kernel = h[:, None] if axis == 0 else h[None]
            from scipy.signal import oaconvolve as run

            return lambda: run(x, kernel, axes=axis)

        return make

    def ways(axis: int) -> dict[str, Peer]:
        return {"upfirdn": filtered(axis), "oaconvolve": by_fft(axis)}

    def first(h: np.ndarray) -> Any:
        return oa.Conv(h[:, None]).on((side, side))

    def last(h: np.ndarray) -> Any:
        return oa.Conv(h).on(2 * side)

    return [
        Task(f"31 taps on the first axis of {side}×{side}", first, (31,), (side, side), ways(0), adjoint=False),
        Task(f"31 taps on a batch, {side // 2}×{2 * side}", last, (31,), (side // 2, 2 * side), ways(1), adjoint=False),
    ]


def images(scale: int) -> list[Task]:
    """Kernels that do not separate, against ndimage, PyTorch and FFTs."""
    less = scale // 2

    def plane(n: int, side: int) -> Task:
        torch = peers.torch_function(peers.torch_same2d, 2, lambda *sizes: sizes)
        others = peers.installed({"torch conv2d": torch})
        others |= {"oaconvolve": same_by_fft} if side > 64 else {}
        return centred((n, n), (side, side), "zero", {"ndimage": ndimage("constant"), **others})

    volume = 128 >> less
    return [
        *[plane(n, side >> less) for n, side in ((7, 64), (7, 256), (7, 2048), (3, 2048), (7, 4096))],
        centred((5, 5), (1024 >> less,) * 2, "reflect", {"ndimage": ndimage("mirror")}),
        centred((3, 3, 3), (volume,) * 3, "zero", {"ndimage": ndimage("constant")}),
    ]


def same_by_fft(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run:
    """scipy.signal.oaconvolve with as many outputs as inputs."""
    from scipy.signal import oaconvolve as run

    kernel = np.flip(h).conj() if adjoint else h
    return lambda: run(x, kernel, mode="same")


def bilinear(side: int) -> Task:
    """Upsampling as image models have it, against PyTorch and ndimage."""

    def zoom(h: np.ndarray, x: np.ndarray, adjoint: bool) -> Run | None:
        from scipy import ndimage

        return None if adjoint else lambda: ndimage.zoom(x, 2, order=1, mode="nearest", grid_mode=True)

    def interpolate(h: Any, x: Any) -> Any:
        from torch.nn.functional import interpolate

        return interpolate(x, scale_factor=2, mode="bilinear")

    def bind(h: np.ndarray) -> Any:
        return oa.nn.Upsample((2, 2), "linear").on((side, side))

    torch = peers.torch_function(interpolate, 2, lambda *sizes: tuple(n // 2 for n in sizes))
    ways = peers.installed({"torch interpolate": torch})
    return Task(f"bilinear ×2 of {side}×{side}", bind, (), (side, side), {**ways, "ndimage.zoom": zoom}, bool(ways))


def layers(side: int) -> list[Task]:
    """Layers of 64 channels and a batch of 4, against ONNX Runtime and PyTorch, whose backward pass is the adjoint."""
    import opalgebra.nn as nn

    small, large = (4, 64, side, side), (4, 64, 2 * side, 2 * side)

    def task(
        name: str,
        layer: Callable[[Any], Any],
        taps: Shape,
        data: Shape,
        call: str,
        node: dict[str, Any],
        **options: Any,
    ) -> Task:
        def forward(h: Any, x: Any) -> Any:
            import torch

            return getattr(torch.nn.functional, call)(x, *([h] if taps else []), **options)

        def bind(h: np.ndarray) -> Any:
            return layer(h) if call == "max_pool2d" else layer(h).on(data[2:])

        ways = peers.installed({f"torch {call}": peers.torch_function(forward, 0, lambda *_: data)})
        ways |= peers.onnx_layer(shape=data, **node) if ways else {}  # which PyTorch judges
        return Task(f"{name}, {by_sizes(data)}", bind, taps, data, ways, adjoint=call != "max_pool2d")

    def conv(h: np.ndarray) -> Any:
        return nn.Conv(h, padding=1)

    def strided(h: np.ndarray) -> Any:
        return nn.Conv(h, stride=2, padding=1)

    def depthwise(h: np.ndarray) -> Any:
        return nn.Conv(h, padding=1, groups=64)

    def transposed(h: np.ndarray) -> Any:
        return nn.ConvTranspose(h, stride=2, padding=1)

    square, half, twice = (64, 64, 3, 3), {"stride": 2, "padding": 1}, {"scale_factor": 2}
    ones, two = {"kind": "Conv", "pads": [1] * 4}, {"kernel_shape": [2, 2], "strides": [2, 2]}
    back = {"kind": "ConvTranspose", "strides": [2, 2], "pads": [1] * 4}
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    resize, shuffle = {"kind": "Resize", "scales": [2, 2], **nearest}, {"kind": "DepthToSpace", "mode": "CRD"}
    average, most = ({"kind": kind, **two} for kind in ("AveragePool", "MaxPool"))
    return [
        task("ConvTranspose 4×4 stride 2, 64→64", transposed, (64, 64, 4, 4), small, "conv_transpose2d", back, **half),
        task("Conv 3×3 stride 2, 64→64", strided, square, small, "conv2d", {**ones, "strides": [2, 2]}, **half),
        task("Conv 3×3, 64→64", conv, square, small, "conv2d", ones, padding=1),
        task("Conv 3×3, depthwise", depthwise, (64, 1, 3, 3), large, "conv2d", {**ones, "group": 64}, padding=1,
             groups=64),
        weight_gradient(small),
        task("AvgPool 2×2", lambda _: nn.AvgPool((2, 2)), (), large, "avg_pool2d", average, kernel_size=2),
        task("MaxPool 2×2", lambda _: nn.MaxPool((2, 2)), (), large, "max_pool2d", most, kernel_size=2),
        task("Upsample ×2 nearest", lambda _: nn.Upsample((2, 2)), (), small, "interpolate", resize, **twice),
        task("PixelShuffle 2", lambda _: nn.PixelShuffle((2, 2), 16), (), large, "pixel_shuffle",
             {**shuffle, "blocksize": 2}, upscale_factor=2),
    ]  # fmt: skip


def by_sizes(shape: Shape) -> str:
    return "×".join(map(str, shape))


def weight_gradient(data: Shape) -> Task:
    """The gradient of a layer's taps: given is the layer's input, the data is the gradient of its output."""

    def bind(x: np.ndarray) -> Any:
        layer = oa.nn.Conv(np.zeros((64, 64, 3, 3), x.dtype), padding=1)
        return lambda gradient: layer.grad_weight(x).T(gradient)

    def peer(x: np.ndarray, gradient: np.ndarray, adjoint: bool) -> Run:
        import torch

        given, back = torch.from_numpy(x), torch.from_numpy(gradient)
        return lambda: torch.nn.grad.conv2d_weight(given, (64, 64, 3, 3), back, padding=1)

    name = f"weight gradient of Conv 3×3, 64→64, {by_sizes(data)}"
    return Task(name, bind, data, data, peers.installed({"torch conv2d_weight": peer}), adjoint=False)


def calls() -> list[Task]:
    """What a call costs where there is next to nothing to compute."""

    def same(h: np.ndarray) -> Any:
        return oa.Conv(oa.Signal(h, start=-2)).on(16, mode="same")

    matvec = peers.installed({"PyLops": peers.pylops_down(1, 16)})
    return [
        rates(5, 1, 1, 16, {"numpy.convolve": numpy_convolve}),
        rates(4, 2, 1, 16),
        rates(7, 1, 2, 16),
        Task("5 taps, 16 samples, centred", same, (5,), (16,), {"numpy.convolve": peers.numpy_down(1), **matvec}),
    ]
