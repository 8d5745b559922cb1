"""How the peers compute a task: PyTorch, PyLops, SigPy and more of SciPy, each as its users would write it.

A peer is a function (taps, data, adjoint) → what runs; see :data:`opalgebra.bench.Peer`.  The packages are optional
and imported when a peer is first prepared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

import opalgebra as oa
from opalgebra.bench import Peer, Run

OPTIONAL = {
    "torch": "PyTorch",
    "onnx": "onnx, of which ONNX Runtime needs models,",
    "onnxruntime": "ONNX Runtime",
    "pylops": "PyLops",
    "sigpy": "SigPy",
}
RESAMPLERS = {"soxr": "soxr", "samplerate": "libsamplerate", "torchaudio": "torchaudio"}
TORCH_TAPS = 128  # of longer filters its direct convolution takes seconds per call


def missing(of: Mapping[str, str] = OPTIONAL) -> list[str]:
    """The peers that are not installed, by name."""
    return [name for module, name in of.items() if find_spec(module) is None]


def installed(peers: Mapping[str, Peer]) -> dict[str, Peer]:
    """Those of the peers whose package is there; the first word of a peer's name is the package."""
    return {name: peer for name, peer in peers.items() if find_spec(re.split(r"\W", name)[0].lower()) is not None}


@contextmanager
def threads(count: int) -> Iterator[None]:
    """At most so many threads for all that is compared: opalgebra, SciPy's FFTs, BLAS, PyTorch."""
    import scipy.fft
    from threadpoolctl import threadpool_limits

    before = oa.get_threads()
    with ExitStack() as stack:
        stack.enter_context(scipy.fft.set_workers(count))
        stack.enter_context(threadpool_limits(count, user_api="blas"))
        stack.callback(oa.set_threads, before)
        oa.set_threads(count)
        if find_spec("torch") is not None:
            import torch

            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(count)
        yield


# PyTorch ----------------------------------------------------------------------------------------------------------


def torch_function(forward: Callable[[Any, Any], Any], batch: int = 0, size: Callable[..., Any] | None = None) -> Peer:
    """A function of (taps, x) in PyTorch, and autograd for its adjoint.

    ``batch`` axes of one entry are put in front of x and taken off the result, because convolutions there have axes of
    batch and channels; ``size`` gives the shape of the input for that of the output.
    """

    def make(h: np.ndarray, data: np.ndarray, adjoint: bool) -> Run:
        import torch

        lead = (None,) * batch
        taps, given = torch.from_numpy(np.ascontiguousarray(h)), torch.from_numpy(data)[lead]
        strip = (0,) * batch
        if not adjoint:
            return lambda: forward(taps, given)[strip]
        assert size is not None
        x = torch.zeros(size(*data.shape), dtype=given.dtype)[lead].requires_grad_()
        y = forward(taps, x)  # once: what is timed is the backward pass
        return lambda: torch.autograd.grad(y, x, given, retain_graph=True)[0][strip]

    return make


def torch_conv1d(down: int, size: int) -> dict[str, Peer]:
    """conv1d, a correlation: the taps are turned, and the input is padded to the full output."""

    def forward(h: Any, x: Any) -> Any:
        from torch.nn.functional import conv1d

        return conv1d(x, h.flip(0)[None, None], stride=down, padding=len(h) - 1)

    return installed({"torch conv1d": torch_function(forward, 2, lambda _: (size,))})


def torch_conv_transpose1d(up: int, size: int) -> dict[str, Peer]:
    """conv_transpose1d, whose output is the full one."""

    def forward(h: Any, x: Any) -> Any:
        from torch.nn.functional import conv_transpose1d

        return conv_transpose1d(x, h[None, None], stride=up)

    return installed({"torch conv_transpose1d": torch_function(forward, 2, lambda _: (size,))})


def torch_1d(taps: int, up: int, down: int, size: int) -> dict[str, Peer]:
    """Where PyTorch has the operation as one call."""
    if taps > TORCH_TAPS or min(up, down) > 1:
        return {}
    return torch_conv_transpose1d(up, size) if up > 1 else torch_conv1d(down, size)


def torch_same2d(h: Any, x: Any) -> Any:
    """conv2d with a centred kernel of odd size and zeros outside."""
    from torch.nn.functional import conv2d

    return conv2d(x, h.flip(0, 1)[None, None], padding=tuple(n // 2 for n in h.shape))


# ONNX Runtime -------------------------------------------------------------------------------------------------------


def onnx_layer(kind: str, shape: tuple[int, ...], opset: int = 17, **attributes: Any) -> dict[str, Peer]:
    """One node of ONNX from x (and taps, which are constant) to y, forward only; nothing where it is not installed."""

    def make(h: np.ndarray, data: np.ndarray, adjoint: bool) -> Run | None:
        if adjoint:
            return None
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = oa.get_threads()
        model = onnx_model(kind, h, shape, opset, attributes)
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"x": data})[0]

    is_there = all(find_spec(module) is not None for module in ("onnx", "onnxruntime"))
    return {f"ONNX Runtime {kind}": make} if is_there else {}


def onnx_model(kind: str, h: np.ndarray, shape: tuple[int, ...], opset: int, attributes: Mapping[str, Any]) -> bytes:
    """The bytes of a model of one node, in float32; the taps, or else the factors of a Resize, are constants."""
    from onnx import TensorProto, helper, numpy_helper

    given = dict(attributes)
    constants = {"h": h} if h.size > 1 else {}
    if kind == "Resize":
        constants = {"": None, "scales": np.array([1, 1, *given.pop("scales")], np.float32)}
    node = helper.make_node(kind, ["x", *constants], ["y"], **given)
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in (("x", shape), ("y", None))
    ]
    held = [numpy_helper.from_array(value, name) for name, value in constants.items() if value is not None]
    graph = helper.make_graph([node], kind, values[:1], values[1:], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return bytes(model.SerializeToString())


# PyLops and SigPy ---------------------------------------------------------------------------------------------------


def linear_operator(build: Callable[[np.ndarray], Any]) -> Peer:
    """An operator of a library with ``A(x)`` or ``A @ x``, and ``A.H``."""

    def make(h: np.ndarray, data: np.ndarray, adjoint: bool) -> Run:
        operator = build(h)
        operator = operator.H if adjoint else operator
        return lambda: operator @ data if hasattr(operator, "matvec") else operator(data)

    return make


def pylops_down(down: int, size: int) -> Peer:
    """A centred filter, then every ``down``-th sample."""

    def build(h: np.ndarray) -> Any:
        import pylops

        chosen = pylops.Restriction(size, np.arange(0, size, down), dtype=h.dtype)
        kernel = pylops.signalprocessing.Convolve1D(size, h, offset=len(h) // 2, dtype=h.dtype)
        return chosen @ kernel if down > 1 else kernel

    return linear_operator(build)


def pylops_2d(shape: tuple[int, int], method: str) -> Peer:
    """A centred kernel on two axes."""

    def build(h: np.ndarray) -> Any:
        import pylops

        offset = tuple(n // 2 for n in h.shape)
        return pylops.signalprocessing.Convolve2D(shape, h, offset=offset, method=method, dtype=h.dtype)

    return linear_operator(build)


def sigpy_down(down: int, size: int) -> Peer:
    """A filter with its full output and its samples cut to those of a centred one, every ``down``-th kept."""

    def build(h: np.ndarray) -> Any:
        import sigpy

        full = sigpy.linop.ConvolveData((size,), h, mode="full")
        kept = sigpy.linop.Downsample(full.oshape, (down,), shift=(len(h) // 2,))
        cut = sigpy.linop.Resize((-(-size // down),), kept.oshape, ishift=(0,), oshift=(0,))
        return cut * kept * full

    return linear_operator(build)


def sigpy_strided(down: int, size: int) -> Peer:
    """ConvolveData with strides, the full output."""

    def build(h: np.ndarray) -> Any:
        import sigpy

        return sigpy.linop.ConvolveData((size,), h, mode="full", strides=(down,))

    return linear_operator(build)


def numpy_down(down: int) -> Peer:
    """numpy.convolve at every sample, of which every ``down``-th is kept; its adjoint fills in zeros."""

    def make(h: np.ndarray, data: np.ndarray, adjoint: bool) -> Run:
        if not adjoint:
            return lambda: np.convolve(data, h, "same")[::down]
        turned = h[::-1].conj()

        def back() -> np.ndarray:
            filled = np.zeros(len(data) * down, data.dtype)
            filled[::down] = data
            return np.convolve(filled, turned, "same")

        return back

    return make
